//! Copies of a database: making one while it is in use, and reading one that nobody else has.
//!
//! Called by [`Store::copy_to`](crate::store::Store::copy_to) and by the service for backups. Invariants: a copy shows
//! one state of the database, however long it takes and whoever writes meanwhile; a copy that is read isn't changed,
//! and nothing appears beside it. Not here: what belongs into a backup besides.

use std::ffi::c_int;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;

use super::APPLICATION_ID;
use super::connection::{Connection, Role, configure, flags, keep_log};
use super::error::{self, Damage};
use super::inspect::{open_as_it_stands, open_to_look};
use crate::base::{ErrorKind, Result};
use crate::domain::Schema;
use crate::store::{Database, LoadSchema, ReadTx, migrations};

/// Pages that are copied between two reports of progress.
const PAGES_PER_STEP: c_int = 256;
/// How long to wait for a lock that another process holds.
const WAIT: Duration = Duration::from_secs(5);
/// Faults of a damaged file that are listed.
const COMPLAINTS_MAX: usize = 5;

/// Copies a database into a new file; `progress` is told bytes that are done, and of how many.
pub(in crate::store) fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    LongRead::begin(from)?.copy_to(to, progress)
}

/// One state of a database, kept for as long as somebody needs it.
pub(in crate::store) struct LongRead {
    source: rusqlite::Connection,
}

impl LongRead {
    /// What every new reader of the file would see at this moment.
    pub fn begin(file: &Path) -> Result<LongRead> {
        let begin = || -> rusqlite::Result<LongRead> {
            let source = rusqlite::Connection::open_with_flags(file, flags())?;
            configure(&source, Role::Reader, WAIT)?;
            // There are others that are open. Should they go first, the log isn't this one's to take away.
            keep_log(&source)?;
            source.execute_batch("BEGIN")?;
            source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(LongRead { source })
        };
        begin().map_err(|error| error::translate(&error))
    }

    /// Copies it into a new file. One snapshot for all steps: without it, a commit in between would make the copy begin
    /// anew.
    pub fn copy_to(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let mut run = || -> rusqlite::Result<()> {
            let page_bytes: i64 = self.source.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let mut target = rusqlite::Connection::open_with_flags(to, flags() | OpenFlags::SQLITE_OPEN_CREATE)?;
            // Whoever wants the copy on disk syncs what is made of it; one that isn't finished is thrown away.
            target.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
            target.pragma_update(None, "synchronous", "OFF")?;
            let backup = Backup::new(&self.source, &mut target)?;
            loop {
                let step = backup.step(PAGES_PER_STEP)?;
                let (pages, left) = (backup.progress().pagecount, backup.progress().remaining);
                let bytes = |pages: c_int| i64::from(pages).saturating_mul(page_bytes).unsigned_abs();
                progress(bytes(pages.saturating_sub(left)), bytes(pages));
                match step {
                    StepResult::Done => return Ok(()),
                    StepResult::More => {}
                    // Nobody else knows the copy, and readers of a write-ahead log are locked out by nobody.
                    _ => return Err(rusqlite::Error::SqliteFailure(busy(), None)),
                }
            }
        };
        run().map_err(|error| error::translate(&error))
    }
}

fn busy() -> rusqlite::ffi::Error {
    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY)
}

/// What a quick look at a database has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quick {
    /// Nothing is wrong with it.
    Sound,
    /// This is.
    Unsound(String),
    /// There was no time to look at all of it.
    Unfinished,
}

/// A database file that is only read, and that nobody changes meanwhile.
pub struct DatabaseCopy {
    connection: Connection,
}

impl DatabaseCopy {
    /// Opens a copy, whatever it may be: see [`DatabaseCopy::complaint`].
    ///
    /// # Errors
    /// What keeps it from being opened.
    pub fn open(file: &Path) -> Result<DatabaseCopy> {
        DatabaseCopy::of(open_to_look(file))
    }

    /// The same for a file that nothing may appear beside, whatever lies there already: a log beside it isn't read.
    ///
    /// # Errors
    /// What keeps it from being opened.
    pub fn open_as_it_stands(file: &Path) -> Result<DatabaseCopy> {
        DatabaseCopy::of(open_as_it_stands(file))
    }

    fn of(opened: rusqlite::Result<rusqlite::Connection>) -> Result<DatabaseCopy> {
        let open = || {
            let inner = opened?;
            configure(&inner, Role::Reader, WAIT)?;
            Connection::new(inner)
        };
        open().map(|connection| DatabaseCopy { connection }).map_err(|error| error::translate(&error))
    }

    /// The same for a database that may be in use, and whose write-ahead log stays as it is.
    ///
    /// # Errors
    /// What keeps it from being opened.
    pub fn look(file: &Path) -> Result<DatabaseCopy> {
        let copy = DatabaseCopy::open(file)?;
        let kept = copy.connection.raw().set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        kept.map(|_| copy).map_err(|error| error::translate(&error))
    }

    /// The number of the newest migration that this program knows.
    pub fn newest_version(database: Database) -> i64 {
        migrations::newest_version(database)
    }

    /// What is wrong with a file of whatever program, if it is damaged. That takes as long as reading all of it.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn damage(&self) -> Result<Option<String>> {
        let found = self.texts("PRAGMA quick_check(5)")?;
        Ok((found != ["ok"]).then(|| found.join("; ")))
    }

    /// The number of its newest migration.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn version(&self) -> Result<i64> {
        self.connection.pragma("user_version")
    }

    /// The version of the program that wrote it last, if it says so.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn program(&self) -> Result<Option<String>> {
        let sql = "SELECT value FROM _holdall_meta WHERE key = 'program_version'";
        self.texts(sql).map(|found| found.into_iter().next())
    }

    /// What is wrong with it, if anything is: it isn't one of ours, it is newer than this program, or it is damaged
    /// anywhere. That takes as long as reading all of it.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn complaint(&self, database: Database) -> Result<Option<String>> {
        if self.connection.pragma("application_id")? != APPLICATION_ID {
            return Ok(Some("it is a database of another program".to_owned()));
        }
        let (version, newest_version) = (self.version()?, migrations::newest_version(database));
        if version > newest_version {
            let text = format!("its data version is {version}, and this program knows only {newest_version}");
            return Ok(Some(text));
        }
        let integrity = self.texts("PRAGMA integrity_check(5)")?;
        if integrity != ["ok"] {
            return Ok(Some(integrity.join("; ")));
        }
        let orphans = self.texts("PRAGMA foreign_key_check")?;
        Ok((!orphans.is_empty()).then(|| format!("rows refer to others that aren't there, in: {}", orphans.join(", "))))
    }

    /// What is wrong with it, as far as can be said of it within `limit` and without comparing indexes with tables.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn quick_complaint(&self, limit: Duration) -> Result<Quick> {
        if self.connection.pragma("application_id")? != APPLICATION_ID {
            return Ok(Quick::Unsound("it is a database of another program".to_owned()));
        }
        self.connection.set_deadline(limit);
        let looked = self.texts("PRAGMA quick_check(5)").and_then(|said| match said == ["ok"] {
            true => self.texts("PRAGMA foreign_key_check").map(|orphans| (Vec::new(), orphans)),
            false => Ok((said, Vec::new())),
        });
        self.connection.lift_deadline();
        match looked {
            Ok((complaints, orphans)) if complaints.is_empty() && orphans.is_empty() => Ok(Quick::Sound),
            Ok((complaints, orphans)) if orphans.is_empty() => Ok(Quick::Unsound(complaints.join("; "))),
            Ok((_, orphans)) => {
                Ok(Quick::Unsound(format!("rows refer to others that aren't there, in: {}", orphans.join(", "))))
            }
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(Quick::Unfinished),
            Err(error) => match error.cause::<Damage>() {
                Some(Damage(complaint)) => Ok(Quick::Unsound(complaint.clone())),
                None => Err(error),
            },
        }
    }

    /// The collections in it.
    ///
    /// # Errors
    /// What keeps it from being read, or understood.
    pub fn schema(&self, load: LoadSchema) -> Result<Arc<Schema>> {
        self.read_with(Arc::new(Schema::new(Vec::new())), load).map(Arc::new)
    }

    /// Runs `job` on the calling thread, without a limit in time. The transaction knows no collections.
    ///
    /// # Errors
    /// Those of `job`.
    pub fn read<T>(&self, job: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.read_with(Arc::new(Schema::new(Vec::new())), job)
    }

    /// Writes all of it as SQL text; `progress` is told how many rows are done.
    ///
    /// # Errors
    /// What keeps it from being read; 503 if the text can't be written.
    pub fn dump(&self, out: &mut dyn Write, progress: &mut dyn FnMut(u64)) -> Result<()> {
        self.connection.begin_read()?;
        let outcome = super::dump::dump(self.connection.raw(), out, progress);
        self.connection.end_read()?;
        outcome
    }

    /// The same, with the collections in `schema`.
    ///
    /// # Errors
    /// Those of `job`.
    pub fn read_with<T>(&self, schema: Arc<Schema>, job: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.connection.begin_read()?;
        let outcome = job(&ReadTx::new(&self.connection, schema));
        self.connection.end_read()?;
        outcome
    }

    /// The first column of a few rows.
    fn texts(&self, sql: &str) -> Result<Vec<String>> {
        let read = || {
            let mut statement = self.connection.raw().prepare(sql)?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            rows.take(COMPLAINTS_MAX).collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| error::translate(&error))
    }
}
