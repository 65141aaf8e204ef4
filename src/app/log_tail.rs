//! Follows the log of requests from another process than the server's.

use super::logs::{DIALECT, open_store};
use super::upgrade::refuse_outdated;
use crate::base::{Error, Result};
use crate::logs::{self, Stored};
use crate::settings::Config;
use crate::store::Store;

/// How many entries are read at once.
const AT_ONCE: u64 = 500;

/// A reader of the log with its place in it.
pub struct LogTail {
    store: Store,
    min_level: i64,
    seq: i64,
}

impl LogTail {
    /// Opens the log of the data folder that `config` names.
    ///
    /// # Errors
    /// 404 if there is no such folder; what keeps the database from being opened.
    pub fn open(config: &Config, min_level: i64) -> Result<LogTail> {
        // Opening would make the folder, and whoever looks at a log wants to look at one that is there.
        if !config.data_dir.is_dir() {
            return Err(Error::invalid(format!("There is no data folder {}.", config.data_dir.display())));
        }
        // Bringing it up to date is the server's business, which keeps the state before.
        refuse_outdated(config)?;
        Ok(LogTail { store: open_store(config)?, min_level, seq: 0 })
    }

    /// The latest `count` entries, the oldest of them first. What comes after them is [`LogTail::new_entries`].
    ///
    /// # Errors
    /// What keeps the database from being read.
    pub async fn latest(&mut self, count: u64) -> Result<Vec<Stored>> {
        let min_level = self.min_level;
        let look = self.store.read(move |tx| {
            let last = logs::latest(tx, DIALECT, i64::MIN, 1)?;
            Ok((logs::latest(tx, DIALECT, min_level, count)?, last.first().map_or(0, |entry| entry.seq)))
        });
        let (found, seq) = look.await?;
        self.seq = seq;
        Ok(found)
    }

    /// What was written since the last look, the oldest first.
    ///
    /// # Errors
    /// As [`LogTail::latest`].
    pub async fn new_entries(&mut self) -> Result<Vec<Stored>> {
        let (seq, min_level) = (self.seq, self.min_level);
        let found = self.store.read(move |tx| logs::since(tx, DIALECT, seq, min_level, AT_ONCE)).await?;
        self.seq = found.last().map_or(seq, |entry| entry.seq);
        Ok(found)
    }

    /// Ends the threads behind it.
    pub fn close(&self) {
        self.store.close();
    }
}
