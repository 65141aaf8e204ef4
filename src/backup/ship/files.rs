//! Files of records on their way to the target.
//!
//! Started by the app, which says which files have come. What is shipped of the database never waits for them: a large
//! file would hold everything up. So a moment may be there before the last of its files is; [`super::restore`] says
//! which are missing. At the start, and after that every six hours, the target is compared with the database: files
//! that are missing there are shipped, and those that no record names any more are noted, to go after the retention.

use std::collections::HashSet;
use std::sync::Mutex as StdMutex;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::sync::Notify;

use super::names::{FILES, REMOVED};
use super::prune::{Retention, prune_files};
use super::target::Target;
use crate::base::{Result, Timestamp};
use crate::files::{Storage, ledger};
use crate::query::dialect::Dialect;
use crate::store::Store;

/// How often the target is compared with the database.
const COMPARED_EVERY: Duration = Duration::from_secs(6 * 3600);
/// How long to wait after a failure.
const AGAIN: Duration = Duration::from_secs(30);

/// Files that are to be shipped, by their keys.
#[derive(Default)]
pub struct FileLine {
    waiting: StdMutex<Vec<String>>,
    woken: Notify,
}

impl FileLine {
    /// A file is in the storage.
    pub fn add(&self, key: String) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        self.woken.notify_one();
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ships files for as long as the program runs.
    pub async fn run_forever(&self, target: &Target, store: &Store, storage: &Storage, retention_hours: i64) {
        loop {
            let rest = match self.compare(target, store, storage, retention_hours).await {
                Ok(()) => COMPARED_EVERY,
                Err(error) => {
                    tracing::warn!("files can't be shipped, and will be as soon as possible: {}", error.log_text());
                    AGAIN
                }
            };
            let compared_again = tokio::time::sleep(rest);
            tokio::pin!(compared_again);
            loop {
                tokio::select! {
                    () = &mut compared_again => break,
                    () = self.woken.notified() => {}
                }
                if let Err(error) = self.ship_waiting(target, storage).await {
                    tracing::warn!("files can't be shipped, and will be as soon as possible: {}", error.log_text());
                    tokio::time::sleep(AGAIN).await;
                    break;
                }
            }
        }
    }

    async fn ship_waiting(&self, target: &Target, storage: &Storage) -> Result<()> {
        for key in self.take() {
            ship(target, storage, &key).await?;
        }
        Ok(())
    }

    /// Ships what is missing, and notes what isn't named any more.
    async fn compare(&self, target: &Target, store: &Store, storage: &Storage, retention_hours: i64) -> Result<()> {
        // Those that wait are in the storage, and will be found.
        drop(self.take());
        let mut shipped = HashSet::new();
        let mut there = target.storage().list(Some(FILES))?;
        while let Some(object) = there.try_next().await? {
            shipped.extend(object.key.split_once('/').map(|(_, key)| key.to_owned()));
        }
        let live = store.read(live_keys).await?;
        for key in live.difference(&shipped) {
            ship(target, storage, key).await?;
        }
        let mut noted = HashSet::new();
        let mut notes = target.storage().list(Some(REMOVED))?;
        while let Some(object) = notes.try_next().await? {
            noted.extend(object.key.split_once('/').map(|(_, key)| key.to_owned()));
        }
        for key in shipped.difference(&live) {
            if !noted.contains(key) {
                target.put(&format!("{REMOVED}/{key}"), b"removed\n".to_vec()).await?;
            }
        }
        for key in noted.intersection(&live) {
            // It was shipped before its record was written.
            target.storage().remove(&format!("{REMOVED}/{key}")).await?;
        }
        prune_files(target, Retention { now: Timestamp::now(), hours: retention_hours }).await
    }
}

fn live_keys(tx: &crate::store::ReadTx<'_>) -> Result<HashSet<String>> {
    let mut keys = HashSet::new();
    ledger::each_live(tx, Dialect::Sqlite, |file| {
        keys.insert(file.key());
        Ok(())
    })?;
    Ok(keys)
}

/// Ships a file, unless it is gone.
async fn ship(target: &Target, storage: &Storage, key: &str) -> Result<()> {
    match storage.local_path(key)? {
        Some(path) if path.exists() => {
            let shipped = target.storage().put_copy(&format!("{FILES}/{key}"), &path).await;
            // It may have gone at just this moment.
            if path.exists() { shipped } else { Ok(()) }
        }
        _ => Ok(()),
    }
}
