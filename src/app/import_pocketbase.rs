//! Taking over a data folder of PocketBase, as a whole or not at all.
//!
//! Everything is made in the folder for restorations (`backup::swap`) of a data folder that is empty, and takes its
//! place as a restored state does: by an order that the next opening carries out. So whatever happens before that
//! leaves an empty data folder, and whatever happens after it leaves all of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::App;
use super::backup_work::blocking;
use super::logs::DIALECT;
use crate::backup::swap;
use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result, Secret};
use crate::collections::load_schema;
use crate::files::{Spool, Storage};
use crate::import::pocketbase::{self, Kind, Origin, Report, Source, Target};
use crate::query::dialect::Dialect;
use crate::settings::stored::{Change, Stored};
use crate::settings::{Bucket, Config, S3Addressing};
use crate::store::{Store, StoreOptions};

/// What may be in a data folder that counts as empty: what a lock, an import that was broken off, or the file system
/// itself has left.
const MAY_BE_THERE: [&str; 3] = [".lock", ".restore", "lost+found"];
/// The store has one user, who may take as long as it takes.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// The part of the settings that says where files are.
const FILES_PART: &str = "s3";

/// What PocketBase says where nobody has said anything: the address would lead nowhere, and the names are nobody's.
const THEIR_DEFAULTS: [(&str, &str, &str); 4] = [
    ("meta", "appName", "Acme"),
    ("meta", "appURL", "http://localhost:8090"),
    ("meta", "senderName", "Support"),
    ("meta", "senderAddress", "support@example.com"),
];
/// Parts that are taken as a whole or not at all.
const WHOLE_PARTS: [&str; 2] = ["smtp", "backups.s3"];

/// What is to be taken over, and how.
#[derive(Clone, Debug, Default)]
pub struct PocketBaseImport {
    /// The folder, which is called `pb_data` unless somebody has named it otherwise.
    pub folder: PathBuf,
    /// What opens the settings, if they are encrypted.
    pub key: Option<Secret>,
    /// Leaves the settings out.
    pub without_settings: bool,
    /// Fetches files from the bucket that the settings name.
    pub fetch_files: bool,
}

impl App {
    /// Takes over a data folder of PocketBase into the data folder of `config`, which must be empty.
    ///
    /// # Errors
    /// 400 if one isn't a data folder of PocketBase or the other isn't empty; 503 while somebody uses one of them.
    /// Nothing was taken then. What couldn't be taken of the rest is no error but in the report.
    pub async fn import_pocketbase(
        config: &Config,
        request: PocketBaseImport,
        progress: Arc<dyn Progress>,
    ) -> Result<Report> {
        let (config, runtime) = (config.clone(), tokio::runtime::Handle::current());
        blocking(move || {
            Storage::check(&config)?;
            pocketbase::check_folder(&request.folder)?;
            check_empty(&config.data_dir)?;
            let alone = swap::alone(&config.data_dir)?;
            let room = swap::make_room(&config.data_dir)?;
            let made = make(&config, &room, &request, runtime, &*progress);
            let ordered = made.and_then(|report| swap::order_all(&config.data_dir).map(|()| report));
            drop(alone);
            let report = ordered.inspect_err(|_| swap::discard(&config.data_dir))?;
            match App::open_settled(&config)? {
                (app, true) => app.close(),
                (app, false) => {
                    app.close();
                    return Err(Error::unavailable("What was imported couldn't be put in place."));
                }
            }
            Ok(report)
        })
        .await
    }
}

/// Makes the data in a folder of its own.
fn make(
    config: &Config,
    room: &Path,
    request: &PocketBaseImport,
    runtime: tokio::runtime::Handle,
    progress: &dyn Progress,
) -> Result<Report> {
    let work = room.join("source");
    fs::create_dir_all(&work)
        .map_err(|error| Error::unavailable(format!("{} can't be made.", work.display())).caused_by(error))?;
    let source = Source::open(&request.folder, &work, progress)?;
    let settings = match request.without_settings {
        true => None,
        false => pocketbase::read_settings(&source, request.key.as_ref())?,
    };
    let (origin, bucket) = origin(config, &request.folder, settings.as_ref(), request.fetch_files)?;
    let place = Config { data_dir: room.to_owned(), ..config.clone() };
    let options = StoreOptions { wait_timeout: PATIENCE, statement_timeout: PATIENCE, ..StoreOptions::new(room) };
    let store = Store::open(options, load_schema)?;
    let made = (|| {
        let (spool, storage) = (Spool::open(room)?, Storage::open(&place)?);
        let target = Target { store: &store, spool: &spool, storage: &storage, dialect: Dialect::Sqlite, runtime };
        let mut report = pocketbase::take(&source, &origin, &target, progress)?;
        if let (Origin::Elsewhere, Some(bucket)) = (&origin, &bucket) {
            let text = format!(
                "The files are in the bucket {:?} at {:?} and weren't fetched. To fetch them, write --fetch-files.",
                bucket.name, bucket.endpoint
            );
            report.note(Kind::Lost, "", "", "settings.s3", text);
        }
        if let Some(settings) = &settings {
            progress.begin("Settings", Unit::Items, 0);
            take_settings(&store, config, settings, &mut report)?;
        }
        Ok(report)
    })();
    store.close();
    made
}

/// Where the files of the source are.
fn origin(
    config: &Config,
    folder: &Path,
    settings: Option<&Json>,
    fetch: bool,
) -> Result<(Origin, Option<pocketbase::Bucket>)> {
    let Some(bucket) = settings.and_then(pocketbase::bucket_of) else {
        return Ok((Origin::Folder(folder.to_owned()), None));
    };
    // Nobody is talked to only because a database says so.
    if !fetch {
        return Ok((Origin::Elsewhere, Some(bucket)));
    }
    let endpoint = match bucket.endpoint.contains("://") {
        true => bucket.endpoint.clone(),
        false => format!("https://{}", bucket.endpoint),
    };
    let theirs = Bucket {
        name: bucket.name.clone(),
        prefix: String::new(),
        endpoint: Some(endpoint.clone()),
        region: bucket.region.clone(),
        access_key: bucket.access_key.clone(),
        secret_key: bucket.secret.clone(),
        addressing: if bucket.path_style { S3Addressing::Path } else { S3Addressing::Host },
    };
    let same_place = |a: &str, b: &str| a.trim_end_matches('/').eq_ignore_ascii_case(b.trim_end_matches('/'));
    let stays = config.s3_bucket == bucket.name
        && config.s3_endpoint.as_deref().is_some_and(|ours| same_place(ours, &endpoint));
    Ok((Origin::Bucket { storage: Storage::bucket(&theirs)?, stays }, Some(bucket)))
}

/// The one place where settings of PocketBase become ours. What can't be taken is left as the configuration has it, and
/// noted. Where files are kept follows from what has become of the files, so that part isn't taken.
fn take_settings(store: &Store, config: &Config, settings: &Json, report: &mut Report) -> Result<()> {
    report.settings = pocketbase::listed_settings(settings);
    let mut stored = Stored::default();
    let mut settings = settings.clone();
    for (part, name, default) in THEIR_DEFAULTS {
        if settings[part][name] == default
            && let Some(part) = settings[part].as_object_mut()
        {
            part.remove(name);
        }
    }
    for (part, value) in settings.as_object().into_iter().flatten() {
        if part == FILES_PART {
            let text = "Where files are kept isn't taken over: it is as the configuration says.";
            report.note(Kind::Info, "", "", "settings.s3", text);
        } else {
            stored = with_part(stored, config, part, value, report)?;
        }
    }
    let config = config.clone();
    let written = store.write_blocking(move |tx| stored.save(tx, DIALECT, &config, &Stored::default()).map(|_| ()));
    written.map(|()| report.note(Kind::Info, "", "", "settings", "The settings are taken over."))
}

/// `stored` with the settings at `path`: with all of them, or else with those that are right by themselves.
fn with_part(stored: Stored, config: &Config, path: &str, value: &Json, report: &mut Report) -> Result<Stored> {
    let changed =
        stored.change(config, &at(path, value.clone())).and_then(Change::accept).and_then(|(next, in_force)| {
            // What keeps a server from starting is nothing to take over.
            App::check_mail(&in_force.config)?;
            App::check_jobs(&in_force.config)?;
            Ok(next)
        });
    let error = match changed {
        Ok(next) => return Ok(next),
        Err(error) => error,
    };
    match value {
        // Never by halves, or one server's password would be sent to another.
        Json::Object(parts) if !WHOLE_PARTS.contains(&path) => {
            parts.iter().try_fold(stored, |stored, (name, value)| {
                with_part(stored, config, &format!("{path}.{name}"), value, report)
            })
        }
        _ => {
            report.note(Kind::Changed, "", "", &format!("settings.{path}"), format!("Not taken: {}", error.message()));
            Ok(stored)
        }
    }
}

/// A value at a dotted path.
fn at(path: &str, value: Json) -> Map<String, Json> {
    match path.split_once('.') {
        None => Map::from_iter([(path.to_owned(), value)]),
        Some((head, rest)) => Map::from_iter([(head.to_owned(), Json::Object(at(rest, value)))]),
    }
}

/// Nothing is ever imported over something.
fn check_empty(data_dir: &Path) -> Result<()> {
    let entries = match fs::read_dir(data_dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| {
            Error::unavailable(format!("The folder {} can't be read.", data_dir.display())).caused_by(error)
        })?,
    };
    for entry in entries {
        let name = entry.map_err(Error::internal)?.file_name();
        if !MAY_BE_THERE.iter().any(|known| name == *known) {
            return Err(Error::invalid(format!(
                "The data folder {} isn't empty: {} is in it. Choose another one with --data; an import never goes \
                 over what is there.",
                data_dir.display(),
                name.to_string_lossy()
            )));
        }
    }
    Ok(())
}
