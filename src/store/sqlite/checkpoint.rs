//! Keeps the write-ahead log bounded.
//!
//! Called by the writer after it has answered a group, and when it is idle. SQLite's own checkpoints are off: they
//! would run inside a commit that somebody waits for, and a reader that never lets go lets the log grow for ever.
//! The policy, by the size of the log in use:
//!
//! * above the soft limit: copy into the database file what no reader needs, waiting for nobody;
//! * above the hard limit: wait a moment for readers, so that the log can be emptied;
//! * above twice the hard limit: wait for them as long as it takes, which their deadline bounds. Writes queue up
//!   meanwhile and are refused when that takes too long. So the log is bounded by twice the hard limit and what one
//!   group can add.
//!
//! While a backup copies the database, which needs one state of it for as long as that takes, the log grows by what is
//! written meanwhile; nobody waits for that.
//!
//! An attempt that fails is repeated only when the log has grown by the soft limit again: attempts cost a sync each.

use std::cell::Cell;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use rusqlite::hooks::Wal;

use crate::base::{Error, Result};
use crate::store::{Database, StoreOptions};

/// How long the writer waits for readers above the hard limit, and how long one attempt takes at most. A longer wait
/// is a row of attempts: a single one watches the lock of the reader that it has met at its start, and starves if
/// other readers take over that lock.
const SHORT_WAIT: Duration = Duration::from_millis(20);
/// What readers may need on top of their deadline to let go.
const SLACK: Duration = Duration::from_millis(500);

thread_local! {
    /// Pages in the log after the latest commit of this thread's connection; SQLite's hook can't carry anything else.
    static PAGES: Cell<u64> = const { Cell::new(0) };
}

/// Has the size of the log noted after each commit of this connection, on the thread that commits.
pub(super) fn watch(connection: &rusqlite::Connection) {
    fn note(_: &Wal, pages: c_int) -> rusqlite::Result<()> {
        PAGES.set(pages.try_into().unwrap_or(0));
        Ok(())
    }
    connection.wal_hook(Some(note));
}

/// The policy with its memory of earlier attempts. It belongs to the writer's thread.
pub(super) struct Checkpointer {
    page_bytes: u64,
    soft_pages: u64,
    hard_pages: u64,
    /// How long it takes at most until no reader is in the way.
    readers_gone_after: Duration,
    /// How long statements wait for locks otherwise.
    usual_wait: Duration,
    /// The size at which an attempt is worth its cost again.
    next_at: u64,
    /// The size after the latest commit.
    seen: u64,
    /// Whether a moment without writes is used. It spares later commits the work, and costs a file that is written all
    /// day long a sync after each of them.
    works_when_idle: bool,
    /// Whether there were commits since the latest attempt while idle.
    is_fresh: bool,
    /// Attempts that went well, and those that didn't.
    attempts: (u64, u64),
}

impl Checkpointer {
    /// The policy of `options` for a file with pages of `page_bytes`.
    pub fn new(page_bytes: u64, usual_wait: Duration, options: &StoreOptions) -> Checkpointer {
        let page_bytes = page_bytes.max(512);
        let soft_pages = (options.wal_soft_limit_bytes / page_bytes).max(1);
        Checkpointer {
            page_bytes,
            soft_pages,
            hard_pages: (options.wal_hard_limit_bytes / page_bytes).max(soft_pages),
            // Those that hold old pages, then those that began before the last page was copied.
            readers_gone_after: options.statement_timeout.saturating_mul(2).saturating_add(SLACK),
            usual_wait,
            next_at: soft_pages,
            seen: 0,
            works_when_idle: options.database == Database::Data,
            is_fresh: false,
            attempts: (0, 0),
        }
    }

    /// The size of the log in use, in bytes.
    pub fn wal_bytes(&self) -> u64 {
        PAGES.get() * self.page_bytes
    }

    /// How often the log was copied, or as much of it as readers allowed, and how often that failed.
    pub fn attempts(&self) -> (u64, u64) {
        self.attempts
    }

    /// To be called after each commit, outside of any transaction. While the database `is_copied`, a reader is known to
    /// stay for long, and nobody waits for it.
    pub fn after_commit(&mut self, connection: &rusqlite::Connection, is_copied: &dyn Fn() -> bool) {
        let pages = PAGES.get();
        if pages < self.seen {
            // The log has started over.
            self.next_at = self.soft_pages;
        }
        self.seen = pages;
        self.is_fresh = true;
        if pages < self.next_at {
            return;
        }
        let attempt = if pages < self.hard_pages || is_copied() {
            self.run(connection, "PASSIVE").map(|_| false)
        } else {
            let wait = if pages < 2 * self.hard_pages { SHORT_WAIT } else { self.readers_gone_after };
            self.empty(connection, wait, is_copied)
        };
        match attempt {
            Ok(true) => {}
            Ok(false) => self.next_at = pages + self.soft_pages,
            Err(error) => {
                self.next_at = pages + self.soft_pages;
                tracing::warn!(error = %error.log_text(), "the write-ahead log could not be copied into the database");
            }
        }
        if pages >= 2 * self.hard_pages && !is_copied() && PAGES.get() != 0 {
            tracing::warn!(pages, "the write-ahead log is far above its limit: another process keeps reading");
        }
    }

    /// To be called when nobody writes: takes the log's content over while it costs nobody time.
    pub fn when_idle(&mut self, connection: &rusqlite::Connection) {
        if std::mem::take(&mut self.is_fresh)
            && self.works_when_idle
            && let Err(error) = self.run(connection, "PASSIVE")
        {
            tracing::warn!(error = %error.log_text(), "the write-ahead log could not be copied into the database");
        }
    }

    /// Empties the log before the connection is closed.
    pub fn finish(&mut self, connection: &rusqlite::Connection) {
        if let Err(error) = self.empty(connection, SHORT_WAIT, &|| false) {
            tracing::warn!(error = %error.log_text(), "the write-ahead log could not be emptied");
        }
    }

    /// Waits up to `wait` for readers, but not for a copy that begins meanwhile, and empties the log; says whether that
    /// was possible.
    fn empty(
        &mut self,
        connection: &rusqlite::Connection,
        wait: Duration,
        is_copied: &dyn Fn() -> bool,
    ) -> Result<bool> {
        let started = Instant::now();
        connection.busy_timeout(SHORT_WAIT).map_err(Error::internal)?;
        let outcome = loop {
            match self.run(connection, "TRUNCATE") {
                Ok(false) if started.elapsed() < wait && !is_copied() => {}
                outcome => break outcome,
            }
        };
        connection.busy_timeout(self.usual_wait).map_err(Error::internal)?;
        let is_empty = outcome?;
        if is_empty {
            PAGES.set(0);
            self.seen = 0;
            self.next_at = self.soft_pages;
        }
        Ok(is_empty)
    }

    /// Runs a checkpoint and says whether nobody was in its way.
    fn run(&mut self, connection: &rusqlite::Connection, mode: &str) -> Result<bool> {
        let busy = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get::<_, i64>(0));
        match &busy {
            Ok(_) => self.attempts.0 += 1,
            Err(_) => self.attempts.1 += 1,
        }
        busy.map(|busy| busy == 0).map_err(|error| super::error::translate(&error))
    }
}
