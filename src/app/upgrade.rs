//! Upgrades: the state of an earlier version is kept before the data is brought up to date, and can be returned to.
//!
//! Called when a data folder is opened, and by `holdall rollback`. Invariants: nobody else uses the data from before
//! its state is kept until it is up to date; if that fails, nothing has changed.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::App;
use crate::backup::snapshot::{self, Reason, Snapshot, State};
use crate::backup::swap::{self, InUse, Settled};
use crate::base::{Error, Result};
use crate::files::ledger;
use crate::query::dialect::Dialect;
use crate::settings::Config;
use crate::store::{self, Database, DatabaseCopy, Outdated};

/// How long an upgrade waits for somebody who uses the data: another program that has just ended, or does the same.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// An upgrade that is about to happen.
pub(super) struct Upgrade {
    from: Outdated,
    kept: Option<Snapshot>,
    /// Nobody else may use the data meanwhile.
    alone: InUse,
}

impl Upgrade {
    /// Keeps the state of an earlier version; `None` if the data is up to date.
    pub fn prepare(config: &Config) -> Result<Option<Upgrade>> {
        let Some((from, alone)) = outdated_and_alone(config)? else { return Ok(None) };
        tracing::info!(
            "the data is of Holdall {}, data version {}, and is brought to that of Holdall {}",
            from.program,
            from.data_version,
            env!("CARGO_PKG_VERSION")
        );
        let state = State { program: from.program.clone(), data_version: from.data_version };
        let kept = match config.snapshot_keep {
            0 => None,
            _ => Some(snapshot::before_upgrade(&config.data_dir, &state)?),
        };
        Ok(Some(Upgrade { from, kept, alone }))
    }

    /// The data is up to date: others may use it again.
    pub fn finish(self, config: &Config) -> Result<InUse> {
        if let Some(kept) = &self.kept {
            let (name, program) = (&kept.name, &self.from.program);
            tracing::info!("the state of Holdall {program} is kept as {name}; `holdall rollback` returns to it");
            if let Err(error) = snapshot::rotate(&config.data_dir, config.snapshot_keep) {
                tracing::warn!("old snapshots couldn't be removed: {}", error.log_text());
            }
        }
        self.alone.share()
    }

    /// The data couldn't be brought up to date. If it is what it was, nothing has to be kept: a server that is started
    /// again and again would fill the disk.
    pub fn give_up(self, config: &Config) {
        let Some(kept) = &self.kept else { return };
        if !matches!(store::outdated(&config.data_dir), Ok(Some(found)) if found == self.from) {
            tracing::warn!("the upgrade has failed midway; the state before is kept as {}", kept.name);
        } else if let Err(error) = snapshot::remove(&config.data_dir, &kept.name) {
            tracing::warn!("a snapshot that isn't needed couldn't be removed: {}", error.log_text());
        }
    }
}

fn outdated_and_alone(config: &Config) -> Result<Option<(Outdated, InUse)>> {
    let (began, mut has_waited) = (Instant::now(), false);
    loop {
        let Some(found) = store::outdated(&config.data_dir)? else { return Ok(None) };
        if let Some(alone) = swap::try_alone(&config.data_dir)? {
            // Somebody else may have done it between the look and the lock.
            return Ok(store::outdated(&config.data_dir)?.map(|from| (from, alone)));
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::unavailable(format!(
                "The data is of Holdall {}, and has to be brought up to date, but another program uses it. Stop that \
                 first.",
                found.program
            )));
        }
        if !std::mem::replace(&mut has_waited, true) {
            tracing::info!("waiting for another program that uses the data folder");
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Refuses data of an earlier version, for whoever only looks at it.
pub(super) fn refuse_outdated(config: &Config) -> Result<()> {
    store::outdated(&config.data_dir)?.map_or(Ok(()), |found| {
        Err(Error::unavailable(format!(
            "The data is of Holdall {}. The next start of the server brings it up to date; then try again.",
            found.program
        )))
    })
}

/// What a rollback has done.
#[derive(Clone, Debug)]
pub struct Rollback {
    /// What was returned to.
    pub to: Snapshot,
    /// The name of the snapshot that has the state before.
    pub kept_as: String,
    /// How the files of records have changed since; `None` if the newer state can't be read.
    pub files: Option<FilesSince>,
    /// Whether this program would bring the data up to date again.
    pub is_outdated: bool,
}

/// Files of records, which stay as they are while the databases return to an earlier state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilesSince {
    /// They are there, and no record names them any more.
    pub added: usize,
    /// A record names them, and they may be gone.
    pub removed: usize,
}

impl App {
    /// The snapshots of a data folder, oldest first.
    ///
    /// # Errors
    /// 503 if they can't be read.
    pub fn snapshots(config: &Config) -> Result<Vec<Snapshot>> {
        snapshot::list(&config.data_dir)
    }

    /// Returns to a snapshot: to the one of this name, or else to the newest one that was made before an upgrade. The
    /// databases are replaced as a whole or not at all. They aren't opened, so that an earlier version can do that.
    ///
    /// # Errors
    /// 400 if there is no such snapshot, or it can't be used; 503 while somebody uses the data folder.
    pub fn rollback(config: &Config, name: Option<&str>) -> Result<Rollback> {
        let data_dir = &config.data_dir;
        let to = App::find_snapshot(config, name)?;
        let alone = swap::alone(data_dir)?;
        let new = swap::make_room(data_dir)?;
        let prepared = snapshot::unpack(data_dir, &to, &new).and_then(|()| {
            let files = files_since(&new, data_dir);
            let kept = snapshot::before_rollback(data_dir, &state(config)?)?;
            swap::order_all(data_dir).map(|()| (files, kept))
        });
        let (files, kept) = prepared.inspect_err(|_| swap::discard(data_dir))?;
        drop(alone);
        if swap::settle(data_dir)? == Settled::Undone {
            return Err(Error::unavailable("The snapshot couldn't be put in place, and the state before is back."));
        }
        swap::finish(data_dir);
        let is_outdated = store::outdated(data_dir)?.is_some();
        Ok(Rollback { to, kept_as: kept.name, files, is_outdated })
    }

    /// The snapshot that [`App::rollback`] would return to.
    ///
    /// # Errors
    /// 400 if there is none; 503 if they can't be read.
    pub fn find_snapshot(config: &Config, name: Option<&str>) -> Result<Snapshot> {
        let mut all = snapshot::list(&config.data_dir)?;
        let found = match name {
            Some(name) => all.iter().position(|snapshot| snapshot.name == name),
            None => all.iter().rposition(|snapshot| snapshot.manifest.reason == Reason::Upgrade),
        };
        let missing = || match name {
            Some(name) => Error::invalid(format!("There is no snapshot called {name}.")),
            None => Error::invalid("There is no snapshot: no upgrade has changed this data yet."),
        };
        found.map(|at| all.swap_remove(at)).ok_or_else(missing)
    }
}

/// What the data folder has now, as far as it can be read: it may be what somebody returns from because it can't.
fn state(config: &Config) -> Result<State> {
    let file = config.data_dir.join(Database::Data.file_name());
    let data_version = DatabaseCopy::open(&file).and_then(|copy| copy.version()).unwrap_or(0);
    let program = DatabaseCopy::open(&file).and_then(|copy| copy.program()).ok().flatten();
    Ok(State { program: program.unwrap_or_else(|| "unknown".to_owned()), data_version })
}

/// How the files that records name differ between two folders of databases.
fn files_since(before: &Path, after: &Path) -> Option<FilesSince> {
    let live = |folder: &Path| -> Result<HashSet<String>> {
        let copy = DatabaseCopy::open(&folder.join(Database::Data.file_name()))?;
        let mut keys = HashSet::new();
        copy.read(|tx| {
            ledger::each_live(tx, Dialect::Sqlite, |file| {
                keys.insert(file.key());
                Ok(())
            })
        })?;
        Ok(keys)
    };
    // A version from before there were files has no table of them.
    let (before, after) = (live(before).unwrap_or_default(), live(after).ok()?);
    Some(FilesSince { added: after.difference(&before).count(), removed: before.difference(&after).count() })
}
