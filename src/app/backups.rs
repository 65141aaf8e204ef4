//! Backups, for superusers and for whoever runs the program.
//!
//! Not here: the work itself (`backup`), which `backup_work` starts.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value as Json};
use tokio::sync::watch;

use super::backup_work::{Opened, blocking};
use super::{App, Caller, ContentSource};
use crate::auth::token;
use crate::backup::folder::missing;
use crate::backup::{Archive, Busy, Item, names};
use crate::base::progress::{Progress, Silent};
use crate::base::{Error, FieldError, Result, Timestamp};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Credential, Principal, RequestInfo, Upload};
use crate::records::{Cx, access};
use crate::store::ReadTx;

/// The media type of an archive.
const ZIP: &str = "application/zip";

/// What the program knows of its backups while it runs; where they are follows from the settings.
#[derive(Default)]
pub(super) struct Backups {
    /// The backup that is being restored, and the right to do so, which is kept until the restart.
    pub restoring: Mutex<Option<(String, Option<Busy>)>>,
    /// One test at a time.
    pub testing: tokio::sync::Mutex<()>,
    /// Whether the program has to start anew.
    pub restart: watch::Sender<bool>,
}

impl Backups {
    fn is_restoring(&self, name: &str) -> bool {
        let restoring = self.restoring.lock().unwrap_or_else(PoisonError::into_inner);
        restoring.as_ref().is_some_and(|(other, _)| other == name)
    }
}

/// A backup as the interface shows it, in its order. What stands behind `size` is ours.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupItem {
    /// When it was written, in the interface's date form.
    pub modified: String,
    /// Its name.
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// Whether it could be restored when that was tried; `None` while it wasn't tried yet.
    pub verified: Option<bool>,
    /// When that was tried; empty if it wasn't.
    pub verified_at: String,
    /// Why it couldn't be; empty if it could, or wasn't tried.
    #[serde(rename = "error")]
    pub reason: String,
}

impl From<Item> for BackupItem {
    fn from(item: Item) -> BackupItem {
        let (verified, verified_at, reason) = match item.check {
            Some(check) => (Some(check.is_good), check.at, check.reason),
            None => (None, String::new(), String::new()),
        };
        let (key, size, modified) = (item.key, item.size_bytes, item.modified.to_string());
        BackupItem { key, size, modified, verified, verified_at, reason }
    }
}

/// An archive that somebody may have.
#[derive(Clone, Debug)]
pub struct BackupFile {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub source: ContentSource,
    /// In bytes.
    pub size_bytes: u64,
    /// When it was written.
    pub modified: Timestamp,
}

impl App {
    /// Whether the caller may look after backups. What takes everything away, brings other data in or lets it out isn't
    /// for API keys, `by_key` says otherwise.
    ///
    /// # Errors
    /// 401 and 403 for anybody else.
    pub async fn require_backups(&self, caller: &Caller, by_key: bool) -> Result<()> {
        let caller = Arc::new(caller.clone());
        match by_key {
            true => self.read(caller, |_, cx| access::require_superuser(cx.principal)).await,
            false => self.require_superuser_in_person(caller).await,
        }
    }

    /// All backups, as JSON.
    ///
    /// # Errors
    /// 503 if the folder can't be read.
    pub async fn list_backups(&self) -> Result<String> {
        serde_json::to_string(&self.backups().await?).map_err(Error::internal)
    }

    /// All backups by name.
    ///
    /// # Errors
    /// 503 if the folder can't be read.
    pub async fn backups(&self) -> Result<Vec<BackupItem>> {
        let shelf = self.live().shelf.clone();
        let items = blocking(move || shelf.list()).await?;
        Ok(items.into_iter().map(BackupItem::from).collect())
    }

    /// Makes a backup with the name in `body`, or one of our choice; it is made even if nobody waits any more, and
    /// tested afterwards.
    ///
    /// # Errors
    /// 400 with the code of `name`, or if another one is being made or restored; 503 if it can't be made.
    pub async fn create_backup(&self, body: &Map<String, Json>) -> Result<()> {
        let busy = self.live().shelf.folder().busy()?;
        let given = match body.get("name") {
            None | Some(Json::Null) => "",
            Some(Json::String(name)) => name.as_str(),
            Some(_) => return Err(Error::invalid("The name of a backup must be a text.")),
        };
        let name = self.backup_name(given, false)?;
        let app = self.clone();
        let making = tokio::spawn(async move {
            app.make_backup(name.clone(), busy, Arc::new(Silent)).await?;
            app.spawn(app.clone().test_quietly(name));
            Ok(())
        });
        making.await.map_err(Error::internal)?
    }

    /// A name that was given, if it may be, or one of our choice.
    pub(super) fn backup_name(&self, given: &str, is_scheduled: bool) -> Result<String> {
        if given.is_empty() {
            return Ok(names::automatic(&self.live().config.app_name, Timestamp::now(), is_scheduled));
        }
        names::check_given(given).map(|()| given.to_owned())
    }

    /// Takes in an archive that was sent.
    ///
    /// # Errors
    /// 400 with the code of `file`; 503 if it can't be kept.
    pub async fn take_backup(&self, upload: Option<Arc<Upload>>) -> Result<()> {
        let name = self.keep_backup(upload, None).await?;
        self.spawn(self.clone().test_quietly(name));
        Ok(())
    }

    /// Puts an archive that was sent on the shelf, untested, and says under which name: the one given, or its own.
    pub(super) async fn keep_backup(&self, upload: Option<Arc<Upload>>, given: Option<String>) -> Result<String> {
        let upload = upload.ok_or_else(|| Error::field("file", FieldError::required()))?;
        if !upload.is_of_type(ZIP) {
            let fault = FieldError::new("validation_invalid_mime_type", "This isn't a zip archive.");
            return Err(Error::field("file", fault));
        }
        let name = given.unwrap_or_else(|| upload.original_name.clone());
        names::check_sent(&name)?;
        let (shelf, placed) = (self.live().shelf.clone(), name.clone());
        blocking(move || shelf.take(upload.spool.path(), &placed)).await?;
        Ok(name)
    }

    /// The archive with this name, for whoever shows a superuser's token for files in the query; nothing else counts,
    /// and no token that an API key has asked for.
    ///
    /// # Errors
    /// 403 and 404.
    pub async fn find_backup(&self, client_ip: IpAddr, request: RequestInfo, name: &str) -> Result<BackupFile> {
        let app = self.clone();
        let check = move |tx: &ReadTx<'_>| {
            let plans = &app.0.plans;
            let guest = Cx { principal: &Principal::Guest, credential: &Credential::None, request: &request, plans };
            match token::file_bearer(tx, &guest)? {
                Some((record, claims)) if record.collection().id == SUPERUSERS_ID && !claims.by_key => {
                    app.check_superuser_ip(client_ip)
                }
                _ => Err(Error::forbidden("A backup needs a superuser's token for files in the address.")),
            }
        };
        self.0.store.read(check).await?;
        let (shelf, wanted) = (self.live().shelf.clone(), name.to_owned());
        let found = blocking(move || Ok((shelf.item(&wanted)?, shelf.local_path(&wanted)))).await?;
        let (Some(item), path) = found else { return Err(Error::not_found()) };
        let source = path.map_or_else(|| ContentSource::Archive(item.key.clone()), ContentSource::File);
        Ok(BackupFile { name: item.key, source, size_bytes: item.size_bytes, modified: item.modified })
    }

    /// Deletes a backup.
    ///
    /// # Errors
    /// 400 if there is none with this name, or it is being restored.
    pub async fn delete_backup(&self, name: String) -> Result<()> {
        if self.0.backups.is_restoring(&name) {
            return Err(Error::invalid("This backup is being restored."));
        }
        let shelf = self.live().shelf.clone();
        blocking(move || shelf.remove(&name)).await
    }

    /// Begins to restore a backup. What can be seen of it at once is checked first; the rest goes on in the background,
    /// and in the end the program starts anew.
    ///
    /// # Errors
    /// 400 if there is none with this name, it can't be restored, or another one is being made or restored.
    pub async fn restore_backup(&self, name: String) -> Result<()> {
        let opened = self.open_to_restore(&name).await?;
        let app = self.clone();
        self.spawn(async move {
            // How it went is in the log, and seen by whether the program starts anew.
            let _ = app.restore(name, opened).await;
        });
        Ok(())
    }

    /// The same, waiting until it is certain that the program starts anew with it.
    pub(super) async fn restore_backup_and_wait(&self, name: String) -> Result<()> {
        let opened = self.open_to_restore(&name).await?;
        self.clone().restore(name, opened).await
    }

    async fn open_to_restore(&self, name: &str) -> Result<Opened> {
        let busy = self.live().shelf.folder().busy()?;
        let (shelf, wanted) = (self.live().shelf.clone(), name.to_owned());
        let opened = blocking(move || {
            let at_hand = shelf.at_hand(&wanted)?.ok_or_else(missing)?;
            Ok((Archive::open(&at_hand.path)?, at_hand))
        });
        let (archive, at_hand) = opened.await?;
        *self.0.backups.restoring.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.to_owned(), None));
        Ok(Opened { archive, at_hand, busy })
    }

    /// Makes a backup for whoever runs the program, tests it, and says what came of that.
    ///
    /// # Errors
    /// As [`App::create_backup`].
    pub async fn create_backup_as_owner(&self, name: &str, progress: Arc<dyn Progress>) -> Result<BackupItem> {
        let busy = self.live().shelf.folder().busy()?;
        let name = self.backup_name(name, false)?;
        self.make_backup(name.clone(), busy, progress.clone()).await?;
        self.verify_backup(&name, progress).await
    }

    /// Tests a backup and says what came of it.
    ///
    /// # Errors
    /// 400 if there is none with this name; 503 if it can't be tested.
    pub async fn verify_backup(&self, name: &str, progress: Arc<dyn Progress>) -> Result<BackupItem> {
        self.test_backup(name.to_owned(), progress).await?.map(BackupItem::from).ok_or_else(missing)
    }
}
