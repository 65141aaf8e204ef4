//! The work on backups, which takes long: making, testing and restoring, on threads that may wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use serde_json::Map;

use super::App;
use crate::auth::letters;
use crate::backup::folder::FilesLock;
use crate::backup::{self, Archive, AtHand, Busy, Item, Shelf, Source, names, prepare, swap};
use crate::base::progress::{Progress, Silent};
use crate::base::{Error, ErrorKind, Result};
use crate::collections::load_schema;
use crate::settings::Config;

/// Runs what waits for the disk where that holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(job).await.map_err(Error::internal)?
}

/// An archive that is to be restored, and the right to do so.
pub(super) struct Opened {
    pub archive: Archive,
    pub at_hand: AtHand,
    pub busy: Busy,
}

impl App {
    /// Makes a backup. Once begun, it is made even if nobody waits any more.
    pub(super) async fn make_backup(&self, name: String, busy: Busy, progress: Arc<dyn Progress>) -> Result<()> {
        let services = self.0.clone();
        blocking(move || {
            let live = services.live.get();
            let source = Source { store: &services.store, storage: &live.storage };
            backup::create(&live.shelf, &busy, &name, &source, &*progress)
        })
        .await
    }

    /// Tests a backup and notes what came of it; `None` if it is gone.
    pub(super) async fn test_backup(&self, name: String, progress: Arc<dyn Progress>) -> Result<Option<Item>> {
        let _turn = self.0.backups.testing.lock().await;
        let shelf = self.live().shelf.clone();
        blocking(move || test(&shelf, &name, &*progress)).await
    }

    /// The same in the background.
    pub(super) async fn test_quietly(self, name: String) {
        if let Err(error) = self.test_backup(name.clone(), Arc::new(Silent)).await {
            tracing::warn!(name, "a backup couldn't be tested: {}", error.log_text());
        }
    }

    /// Tests the backups that weren't tested yet: those that came while the program didn't run, or just before its end.
    pub(super) async fn test_backups(self) {
        let Ok(items) = self.backups().await else { return };
        for item in items.into_iter().filter(|item| item.verified.is_none()) {
            self.clone().test_quietly(item.key).await;
        }
    }

    /// Removes what earlier runs haven't finished.
    pub(super) fn tidy_backups(&self) {
        if let Err(error) = self.live().shelf.folder().remove_leftovers() {
            tracing::warn!("what is left of a backup couldn't be removed: {}", error.log_text());
        }
        if let Ok(_busy) = self.live().shelf.folder().busy() {
            swap::discard(&self.live().config.data_dir);
        }
    }

    /// Lets files be removed, once no backup needs them; `None` if none ever does, because they are in a bucket.
    pub(super) async fn release_files(&self) -> Result<Option<FilesLock>> {
        if !self.live().storage.is_local() {
            return Ok(None);
        }
        let shelf = self.live().shelf.clone();
        blocking(move || shelf.folder().release_files()).await.map(Some)
    }

    /// Restores an archive up to the restart.
    pub(super) async fn restore(self, name: String, opened: Opened) -> Result<()> {
        let Opened { archive, at_hand, busy } = opened;
        let data_dir = self.live().config.data_dir.clone();
        let prepared = blocking(move || {
            let prepared = prepare::prepare(&data_dir, &busy, archive, load_schema, &Silent);
            drop(at_hand);
            prepared.map(|()| busy)
        });
        let prepared = prepared.await;
        let mut restoring = self.0.backups.restoring.lock().unwrap_or_else(PoisonError::into_inner);
        match prepared {
            Ok(busy) => {
                tracing::info!(name, "the backup was unpacked and is right; the program starts anew with it");
                // Until the end of this run nobody else may begin.
                *restoring = Some((name, Some(busy)));
                self.0.backups.restart.send_replace(true);
                Ok(())
            }
            Err(error) => {
                tracing::error!(name, "the backup wasn't restored, and nothing has changed: {}", error.log_text());
                *restoring = None;
                Err(error)
            }
        }
    }

    /// Waits until the program has to start anew.
    pub async fn restart_wanted(&self) {
        // It can't end while this holds the sender.
        let _ = self.0.backups.restart.subscribe().wait_for(|is_wanted| *is_wanted).await;
    }

    /// Whether the program has to start anew.
    pub fn wants_restart(&self) -> bool {
        *self.0.backups.restart.borrow()
    }

    /// Makes a backup by schedule, tests it, and removes the oldest of those that were made so, but for the newest
    /// `backup_keep` and the newest one that is known to be good. Nothing is removed unless the new one is good. All
    /// superusers get a mail if it fails.
    ///
    /// # Errors
    /// 400 if another backup is being made or restored; 503 if none can be made, or the new one is no good.
    pub async fn auto_backup(&self) -> Result<()> {
        let made = self.make_scheduled().await;
        if let Err(error) = &made {
            let (app, reason) = (self.clone(), error.log_text());
            let told = self.write_as_owner(Map::new(), move |tx, cx| {
                letters::queue_backup_failure(tx, cx, &app.live().letterhead, &reason)
            });
            if let Err(error) = told.await {
                tracing::warn!("nobody was told of a backup that has failed: {}", error.log_text());
            }
        }
        made
    }

    async fn make_scheduled(&self) -> Result<()> {
        let busy = self.live().shelf.folder().busy()?;
        let name = self.backup_name("", true)?;
        self.make_backup(name.clone(), busy, Arc::new(Silent)).await?;
        let made = self.verify_backup(&name, Arc::new(Silent)).await?;
        if made.verified != Some(true) {
            let reason = made.reason;
            return Err(Error::unavailable(format!("The backup {name} can't be restored: {reason}")));
        }
        let (shelf, keep) = (self.live().shelf.clone(), self.live().config.backup_keep);
        blocking(move || rotate(&shelf, keep)).await
    }

    /// Restores an archive without a server: a backup of this data folder by its name, or any file. Nobody else may
    /// use the data folder. The app is the restored one.
    ///
    /// # Errors
    /// 400 if there is no such archive, or it can't be restored; 503 while somebody uses the data folder.
    pub fn restore_offline(config: &Config, archive: &str, progress: &dyn Progress) -> Result<App> {
        let shelf = Shelf::open(config)?;
        let at_hand = shelf.at_hand(archive)?;
        let path = at_hand.as_ref().map_or_else(|| Path::new(archive), |at_hand| at_hand.path.as_path());
        if !path.is_file() {
            return Err(Error::invalid(format!("There is no backup and no file called {archive}.")));
        }
        let opened = Archive::open(path)?;
        let alone = swap::alone(&config.data_dir)?;
        let busy = shelf.folder().busy()?;
        prepare::prepare(&config.data_dir, &busy, opened, load_schema, progress)?;
        drop((at_hand, alone, busy));
        match App::open_settled(config)? {
            (app, true) => Ok(app),
            (app, false) => {
                app.close();
                Err(Error::unavailable("The backup couldn't be put in place, and the state before is back."))
            }
        }
    }
}

/// Tests a backup. Whatever the archive makes of those who read it, it is the archive's fault.
fn test(shelf: &Shelf, name: &str, progress: &dyn Progress) -> Result<Option<Item>> {
    // In this order: should another one take its name meanwhile, the note is of neither.
    let Some(item) = shelf.item(name)? else { return Ok(None) };
    let Some(at_hand) = shelf.at_hand(name)? else { return Ok(None) };
    let work = shelf.folder().new_work()?;
    let run = || backup::test::test(&at_hand.path, work.path(), load_schema, progress);
    let tested = catch_unwind(AssertUnwindSafe(run));
    let reason = match tested.unwrap_or_else(|_| Err(Error::invalid("The backup can't be read."))) {
        Ok(()) => {
            tracing::info!(name, "the backup was tested and is good");
            None
        }
        Err(error) if error.kind() == ErrorKind::Invalid => {
            tracing::error!(name, "the backup can't be restored: {}", error.log_text());
            Some(error.log_text())
        }
        Err(error) => return Err(error),
    };
    shelf.note(&item, reason)?;
    shelf.item(name)
}

/// Removes all but the newest `keep` of the backups that were made by schedule, and the newest good one.
fn rotate(shelf: &Shelf, keep: usize) -> Result<()> {
    let mut items = shelf.list()?;
    items.retain(|item| names::is_scheduled(&item.key));
    items.sort_by(|a, b| (b.modified, &b.key).cmp(&(a.modified, &a.key)));
    let newest_good = items.iter().position(|item| item.check.as_ref().is_some_and(|check| check.is_good));
    let surplus = items.iter().enumerate().skip(keep).filter(|(at, _)| Some(*at) != newest_good);
    for (_, item) in surplus {
        shelf.remove(&item.key)?;
        tracing::info!(name = item.key, "an old backup was removed");
    }
    Ok(())
}
