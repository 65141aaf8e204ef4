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
//! While somebody ships the log ([`Tail`]), it starts over only when everything in it was read. Reading the rest is
//! the writer's own work then, and has to find room in memory; so nobody waits for who ships. Where there is no room,
//! the log grows up to twice the hard limit and starts over all the same.
//!
//! An attempt that fails is repeated only when the log has grown by the soft limit again: attempts cost a sync each.

use std::cell::Cell;
use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::hooks::Wal;

use super::connection::{Role, configure, flags, keep_log};
use super::error;
use crate::base::{Error, Result};
use crate::store::{Database, StoreOptions, Tail};

/// How long the writer waits for readers above the hard limit, and how long one attempt takes at most. A longer wait
/// is a row of attempts: a single one watches the lock of the reader that it has met at its start, and starves if
/// other readers take over that lock.
const SHORT_WAIT: Duration = Duration::from_millis(20);
/// What readers may need on top of their deadline to let go.
const SLACK: Duration = Duration::from_millis(500);

thread_local! {
    /// Pages in the log after the latest commit of this thread's connection; SQLite's hook can't carry anything else.
    static PAGES: Cell<u64> = const { Cell::new(0) };
    /// Whether anything was committed since this was last looked at.
    static HAS_GROWN: Cell<bool> = const { Cell::new(false) };
}

/// Has the size of the log noted after each commit of this connection, on the thread that commits.
pub(super) fn watch(connection: &rusqlite::Connection) {
    fn note(_: &Wal, pages: c_int) -> rusqlite::Result<()> {
        PAGES.set(pages.try_into().unwrap_or(0));
        HAS_GROWN.set(true);
        Ok(())
    }
    connection.wal_hook(Some(note));
}

/// A snapshot that is held for no other purpose than that the write-ahead log can't start over, whoever wants that:
/// this process or another one.
pub(super) struct Pin {
    connection: rusqlite::Connection,
    tail: Arc<Tail>,
}

impl Pin {
    /// Holds one of the database in `file`.
    pub fn hold(file: &Path, tail: Arc<Tail>) -> Result<Pin> {
        let open = || {
            let connection = rusqlite::Connection::open_with_flags(file, flags())?;
            configure(&connection, Role::Reader, SHORT_WAIT)?;
            keep_log(&connection)?;
            Ok(connection)
        };
        let pin = Pin { connection: open().map_err(|error| error::translate(&error))?, tail };
        pin.set()?;
        Ok(pin)
    }

    fn set(&self) -> Result<()> {
        let set = self.connection.execute_batch("BEGIN").and_then(|()| {
            // The transaction has no snapshot before it has read something.
            self.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        });
        set.map_err(|error| error::translate(&error))
    }

    fn let_go(&self) -> Result<()> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.connection.execute_batch("COMMIT").map_err(|error| error::translate(&error))
    }

    /// Lets `work` copy the log, after which it may start over, if everything in it was read; `None` if it wasn't, and
    /// not `whatever` that costs.
    fn around(
        &self,
        writer: &rusqlite::Connection,
        whatever: bool,
        work: impl FnOnce() -> Result<Run>,
    ) -> Result<Option<Run>> {
        let before = data_version(writer)?;
        if !self.tail.catch_up() {
            if !whatever {
                return Ok(None);
            }
            self.tail.lose("the write-ahead log has reached its limit, and couldn't be shipped");
        }
        self.let_go()?;
        let run = work();
        let again = self.set();
        if again.is_err() || data_version(writer)? != before {
            self.tail.lose("another program has written while the write-ahead log started over");
        } else {
            self.tail.allow_restart(run.as_ref().ok().map(|run| run.frames).filter(|frames| *frames > 0));
        }
        again.and(run).map(Some)
    }
}

/// Changes when another connection commits.
fn data_version(connection: &rusqlite::Connection) -> Result<i64> {
    let version = connection.pragma_query_value(None, "data_version", |row| row.get(0));
    version.map_err(|error| error::translate(&error))
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
    /// day long a sync after each of them. A log that is shipped had better stay the same for long: after a crash, who
    /// ships it can go on with it.
    works_when_idle: bool,
    /// Whether there were commits since the latest attempt while idle.
    is_fresh: bool,
    /// Attempts that went well, and those that didn't.
    attempts: Cell<(u64, u64)>,
    /// What keeps the log, if somebody reads it.
    pin: Option<Pin>,
}

impl Checkpointer {
    /// The policy of `options` for a file with pages of `page_bytes`.
    pub fn new(page_bytes: u64, usual_wait: Duration, options: &StoreOptions, pin: Option<Pin>) -> Checkpointer {
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
            works_when_idle: options.database == Database::Data && !options.keeps_log,
            is_fresh: false,
            attempts: Cell::default(),
            pin,
        }
    }

    /// To be called after each commit, before anybody learns of it.
    pub fn note_commit(&self) {
        if HAS_GROWN.take()
            && let Some(pin) = &self.pin
        {
            pin.tail.note_commit(PAGES.get());
        }
    }

    /// The size of the log in use, in bytes.
    pub fn wal_bytes(&self) -> u64 {
        PAGES.get() * self.page_bytes
    }

    /// How often the log was copied, or as much of it as readers allowed, and how often that failed.
    pub fn attempts(&self) -> (u64, u64) {
        self.attempts.get()
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
        let is_far_above = pages >= 2 * self.hard_pages;
        let attempt = if pages < self.hard_pages || is_copied() {
            self.copy(connection).map(|()| false)
        } else {
            let wait = if is_far_above { self.readers_gone_after } else { SHORT_WAIT };
            self.empty(connection, wait, is_far_above, is_copied)
        };
        match attempt {
            Ok(true) => {}
            Ok(false) => self.next_at = pages + self.soft_pages,
            Err(error) => {
                self.next_at = pages + self.soft_pages;
                tracing::warn!(error = %error.log_text(), "the write-ahead log could not be copied into the database");
            }
        }
        if is_far_above && !is_copied() && PAGES.get() != 0 {
            tracing::warn!(pages, "the write-ahead log is far above its limit: another process keeps reading");
        }
    }

    /// To be called when nobody writes: takes the log's content over while it costs nobody time.
    pub fn when_idle(&mut self, connection: &rusqlite::Connection) {
        if std::mem::take(&mut self.is_fresh)
            && self.works_when_idle
            && let Err(error) = self.copy(connection)
        {
            tracing::warn!(error = %error.log_text(), "the write-ahead log could not be copied into the database");
        }
    }

    /// Empties the log before the connection is closed, unless it is to stay.
    pub fn finish(&mut self, connection: &rusqlite::Connection) {
        if self.pin.is_some() {
            return;
        }
        if let Err(error) = self.empty(connection, SHORT_WAIT, false, &|| false) {
            tracing::warn!(error = %error.log_text(), "the write-ahead log could not be emptied");
        }
    }

    /// Copies what can be copied without waiting for anybody.
    fn copy(&self, connection: &rusqlite::Connection) -> Result<()> {
        let copy = || self.run(connection, "PASSIVE");
        match &self.pin {
            Some(pin) => pin.around(connection, false, copy).map(|_| ()),
            None => copy().map(|_| ()),
        }
    }

    /// Waits up to `wait` for readers, but not for a copy that begins meanwhile, and empties the log; says whether that
    /// was possible. `whatever` isn't shipped yet is lost only if that is said.
    fn empty(
        &mut self,
        connection: &rusqlite::Connection,
        wait: Duration,
        whatever: bool,
        is_copied: &dyn Fn() -> bool,
    ) -> Result<bool> {
        let started = Instant::now();
        connection.busy_timeout(SHORT_WAIT).map_err(Error::internal)?;
        let truncate = || loop {
            match self.run(connection, "TRUNCATE") {
                Ok(Run { is_free: false, .. }) if started.elapsed() < wait && !is_copied() => {}
                outcome => break outcome,
            }
        };
        let outcome = match &self.pin {
            Some(pin) => pin.around(connection, whatever, truncate),
            None => truncate().map(Some),
        };
        connection.busy_timeout(self.usual_wait).map_err(Error::internal)?;
        let is_empty = outcome?.is_some_and(|run| run.is_free);
        if is_empty {
            PAGES.set(0);
            self.seen = 0;
            self.next_at = self.soft_pages;
        }
        Ok(is_empty)
    }

    /// Runs a checkpoint, and counts it.
    fn run(&self, connection: &rusqlite::Connection, mode: &str) -> Result<Run> {
        let run = run(connection, mode);
        let (well, badly) = self.attempts.get();
        self.attempts.set(if run.is_ok() { (well + 1, badly) } else { (well, badly + 1) });
        run
    }
}

/// What came of a checkpoint.
struct Run {
    /// Whether nobody was in its way.
    is_free: bool,
    /// How many frames the log has after it.
    frames: u64,
}

/// Runs a checkpoint.
fn run(connection: &rusqlite::Connection, mode: &str) -> Result<Run> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let (busy, frames) = connection
        .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], read)
        .map_err(|error| error::translate(&error))?;
    Ok(Run { is_free: busy == 0, frames: u64::try_from(frames).unwrap_or(0) })
}
