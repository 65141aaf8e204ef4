//! A connection with its settings, its deadline and the statements that the rest of the store needs.
//!
//! Called by transactions and by the threads. Invariants: every statement of a job runs inside a transaction or not
//! at all; statements that begin or end transactions are never interrupted; prepared statements are kept by text.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{CachedStatement, OpenFlags};

use super::deadline::{Cancel, Deadline, Watch};
use super::slow::SlowStatements;
use super::{APPLICATION_ID, Row, bind, error, functions};
use crate::base::{Error, Result, Statement};
use crate::store::job::not_saved;
use crate::store::{ColumnInfo, Database, SqlFault, StoreOptions};

/// Statements that each connection keeps prepared.
const PREPARED_STATEMENTS: usize = 256;
/// Page cache of the writer, whose pages are spread by random ids, and of each reader.
const WRITER_CACHE_KIB: u32 = 8192;
const READER_CACHE_KIB: u32 = 2048;
/// Steps of SQLite's machine between two looks at the clock: some ten microseconds.
const STEPS_PER_CHECK: i32 = 1000;
/// How long to wait for a lock that another process holds.
const BUSY_TIMEOUT_MAX: Duration = Duration::from_secs(5);

/// How long it may take to find out how a slow statement was run, and how much is told of that.
const PLAN_MAX: Duration = Duration::from_millis(100);
const PLAN_STEPS_MAX: usize = 50;
/// How much of a slow statement is told, in characters.
const SQL_TOLD_MAX_CHARS: usize = 2000;

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Reader,
    Writer,
}

/// The names of savepoints. A job has one of its own, so that undoing it also undoes the parts that a panic left open.
#[derive(Clone, Copy)]
pub(in crate::store) enum Savepoint {
    /// A whole job of a group.
    Job,
    /// A part of a job.
    Part,
}

/// A connection to the database file, used by one thread.
pub(in crate::store) struct Connection {
    inner: rusqlite::Connection,
    deadline: Arc<Deadline>,
    broken: Cell<bool>,
    /// Where statements are told of that took too long, if anywhere.
    slow: Option<Arc<SlowStatements>>,
}

/// Opens the writer's connection and puts the file into WAL mode.
pub(in crate::store) fn open_writer(
    file: &Path,
    options: &StoreOptions,
    slow: &Arc<SlowStatements>,
) -> Result<Connection> {
    let open = || {
        let inner = rusqlite::Connection::open_with_flags(file, flags() | OpenFlags::SQLITE_OPEN_CREATE)?;
        configure(&inner, Role::Writer, options.wait_timeout)?;
        use_wal(&inner)?;
        if options.keeps_log {
            keep_log(&inner)?;
        }
        let kept_bytes = i64::try_from(options.wal_soft_limit_bytes).unwrap_or(i64::MAX);
        inner.pragma_update_and_check(None, "journal_size_limit", kept_bytes, |_| Ok(()))?;
        if options.database == Database::Logs {
            // The file stays whole, whatever happens; only what was written last may be lost with the power.
            inner.pragma_update(None, "synchronous", "NORMAL")?;
        }
        super::checkpoint::watch(&inner);
        Ok(Connection::new(inner)?.telling(slow))
    };
    open().map_err(|error| error::translate(&error))
}

/// How files are opened: no URIs in names, no mutex for what only one thread uses.
pub(super) fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn use_wal(inner: &rusqlite::Connection) -> rusqlite::Result<()> {
    if inner.pragma_query_value::<i64, _>(None, "application_id", |row| row.get(0))? != APPLICATION_ID {
        inner.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    inner.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
}

/// Has the write-ahead log stay when this connection is closed, even if it is the last one.
pub(super) fn keep_log(inner: &rusqlite::Connection) -> rusqlite::Result<()> {
    inner.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(|_| ())
}

/// The settings of every connection.
pub(super) fn configure(inner: &rusqlite::Connection, role: Role, wait: Duration) -> rusqlite::Result<()> {
    for (setting, on) in [
        // Relations are ours to enforce: their rules depend on the schema and on who asks.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        // "no_such_column" is an error, not the text no_such_column.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        // Without this every new value bound to an indexed comparison has its kept statement planned anew.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        inner.set_db_config(setting, on)?;
    }
    inner.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    inner.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    inner.busy_timeout(wait.min(BUSY_TIMEOUT_MAX))?;
    let (cache_kib, query_only) = match role {
        Role::Reader => (READER_CACHE_KIB, "ON"),
        Role::Writer => (WRITER_CACHE_KIB, "OFF"),
    };
    functions::register(inner)?;
    inner.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; \
         PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -{cache_kib}; PRAGMA query_only = {query_only};"
    ))
}

impl Connection {
    /// Takes over a configured connection.
    pub(super) fn new(inner: rusqlite::Connection) -> rusqlite::Result<Connection> {
        let deadline = Arc::new(Deadline::new());
        let watched = deadline.clone();
        inner.progress_handler(STEPS_PER_CHECK, Some(move || watched.is_over()))?;
        Ok(Connection { inner, deadline, broken: Cell::new(false), slow: None })
    }

    /// The same, telling of statements that take too long.
    pub(super) fn telling(self, slow: &Arc<SlowStatements>) -> Connection {
        Connection { slow: Some(slow.clone()), ..self }
    }

    /// Lets the statements that follow run for `limit` altogether.
    pub(super) fn set_deadline(&self, limit: Duration) {
        self.deadline.arm(limit);
    }

    /// Lets `cancel` end the statements that follow, until what is given back goes.
    pub(super) fn watch<'c>(&self, cancel: &'c Cancel) -> Watch<'c> {
        cancel.watch(&self.deadline)
    }

    /// Lets the statements that follow run for ever.
    pub(super) fn lift_deadline(&self) {
        self.deadline.lift();
    }

    /// Whether it has met an error after which it should be replaced.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// Whether a transaction is open; SQLite ends one by itself after some errors.
    pub fn in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }

    /// Begins a transaction that reads. The snapshot is taken by the first statement.
    pub(super) fn begin_read(&self) -> Result<()> {
        self.control("BEGIN")
    }

    /// Takes the snapshot of a transaction that was begun.
    pub(super) fn take_snapshot(&self) -> Result<()> {
        let mut statement =
            self.inner.prepare_cached("SELECT 1 FROM sqlite_schema LIMIT 1").map_err(|e| self.fail(e))?;
        statement.raw_query().next().map_err(|e| self.fail(e)).map(|_| ())
    }

    /// Ends a transaction that has only read.
    pub(super) fn end_read(&self) -> Result<()> {
        if self.in_transaction() { self.control("COMMIT") } else { Ok(()) }
    }

    /// Begins a transaction that writes, waiting for another process to finish its own.
    pub fn begin_write(&self) -> Result<()> {
        self.control("BEGIN IMMEDIATE")
    }

    /// Commits; when this is through, the changes are on disk.
    pub fn commit(&self) -> Result<()> {
        self.control("COMMIT")
    }

    /// Undoes the whole transaction.
    pub fn rollback(&self) -> Result<()> {
        self.control("ROLLBACK")
    }

    /// Begins a stretch of a transaction that can be undone alone. Stretches nest.
    pub fn save(&self, point: Savepoint) -> Result<()> {
        self.control(match point {
            Savepoint::Job => "SAVEPOINT job",
            Savepoint::Part => "SAVEPOINT part",
        })
    }

    /// Ends the innermost stretch of that name, and all inside it, and keeps their changes.
    pub fn release(&self, point: Savepoint) -> Result<()> {
        self.control(match point {
            Savepoint::Job => "RELEASE job",
            Savepoint::Part => "RELEASE part",
        })
    }

    /// Ends the innermost stretch of that name, and all inside it, without their changes.
    pub fn undo(&self, point: Savepoint) -> Result<()> {
        self.control(match point {
            Savepoint::Job => "ROLLBACK TO job",
            Savepoint::Part => "ROLLBACK TO part",
        })?;
        self.release(point)
    }

    /// Runs a statement that begins or ends something. Such a statement is quick, and must not be interrupted because
    /// the job before it has used up its time.
    fn control(&self, sql: &str) -> Result<()> {
        let lifted = self.deadline.lift();
        let outcome = self.inner.prepare_cached(sql).and_then(|mut statement| statement.raw_execute());
        self.deadline.restore(lifted);
        outcome.map(|_| ()).map_err(|e| self.fail(e))
    }

    /// See [`ReadTx::rows`](crate::store::ReadTx::rows).
    pub fn rows(&self, statement: &Statement, mut each: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        let mut count = 0;
        self.timed(&statement.sql, || {
            let mut run = || {
                let mut prepared = self.prepare(statement)?;
                let mut rows = prepared.raw_query();
                while let Some(row) = rows.next().map_err(|e| self.fail(e))? {
                    count += 1;
                    each(&Row::new(row))?;
                }
                Ok(())
            };
            (run(), count)
        })
    }

    /// See [`ReadTx::first`](crate::store::ReadTx::first).
    pub fn first<T>(&self, statement: &Statement, map: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        self.timed(&statement.sql, || {
            let run = || {
                let mut prepared = self.prepare(statement)?;
                let mut rows = prepared.raw_query();
                rows.next().map_err(|e| self.fail(e))?.map(|row| map(&Row::new(row))).transpose()
            };
            let found = run();
            let count = usize::from(matches!(found, Ok(Some(_))));
            (found, count)
        })
    }

    /// See [`WriteTx::execute`](crate::store::WriteTx::execute).
    pub fn execute(&self, statement: &Statement) -> Result<usize> {
        self.timed(&statement.sql, || {
            let changed =
                self.prepare(statement).and_then(|mut prepared| prepared.raw_execute().map_err(|e| self.fail(e)));
            let count = *changed.as_ref().unwrap_or(&0);
            (changed, count)
        })
    }

    /// See [`WriteTx::execute_batch`](crate::store::WriteTx::execute_batch).
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        self.timed(sql, || {
            (self.check_ready().and_then(|()| self.inner.execute_batch(sql).map_err(|e| self.fail(e))), 0)
        })
    }

    /// Runs a statement, and tells of it if that takes too long: from its preparation to its last row, with what is
    /// done with each. `run` also says how many rows there were.
    fn timed<T>(&self, sql: &str, run: impl FnOnce() -> (Result<T>, usize)) -> Result<T> {
        let Some(slow) = &self.slow else { return run().0 };
        let begun = slow.begin();
        let (outcome, rows) = run();
        if let Some(took) = slow.excess(begun)
            && let Some(untold) = slow.admit(sql)
        {
            let (plan, sql) = (self.plan(sql), shortened(sql));
            let millis = took.as_millis();
            tracing::warn!(millis, rows, untold, %plan, %sql, "a statement took long");
        }
        outcome
    }

    /// How SQLite goes about a query or a change, in one line; empty for what has no plan. It costs no more than
    /// preparing the statement.
    fn plan(&self, sql: &str) -> String {
        let lifted = self.deadline.lift();
        self.deadline.arm(PLAN_MAX);
        let explain = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.inner.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let mut rows = statement.raw_query();
            let mut steps = Vec::new();
            while let (Some(row), true) = (rows.next()?, steps.len() < PLAN_STEPS_MAX) {
                steps.push(row.get(3)?);
            }
            Ok(steps)
        };
        let steps = explain();
        self.deadline.restore(lifted);
        // What can't be explained, such as several statements at once, is told of without a plan.
        steps.unwrap_or_default().join("; ")
    }

    /// See [`ReadTx::columns`](crate::store::ReadTx::columns).
    pub fn columns(&self, sql: &str) -> Result<Vec<ColumnInfo>> {
        self.check_ready()?;
        let statement = self.inner.prepare(sql).map_err(|e| self.fail(e))?;
        if statement.column_count() == 0 || !statement.readonly() {
            return Err(Error::internal(SqlFault("not a query".to_owned())));
        }
        let declared = statement.columns();
        let origins = statement.columns_with_metadata();
        let infos = declared.iter().zip(&origins).map(|(column, origin)| ColumnInfo {
            name: column.name().to_owned(),
            origin_table: origin.table_name().map(str::to_owned),
            origin_column: origin.origin_name().map(str::to_owned),
            decl_type: column.decl_type().map(str::to_owned),
        });
        Ok(infos.collect())
    }

    /// The value of a pragma that is a number.
    pub fn pragma(&self, name: &str) -> Result<i64> {
        let read = |mut statement: CachedStatement<'_>| statement.query_row([], |row| row.get(0));
        self.inner.prepare_cached(&format!("PRAGMA {name}")).and_then(read).map_err(|e| self.fail(e))
    }

    /// Sets a pragma that is a number and answers nothing.
    pub fn set_pragma(&self, name: &str, value: i64) -> Result<()> {
        self.inner.pragma_update(None, name, value).map_err(|e| self.fail(e))
    }

    /// The size of the pages in use.
    pub fn used_bytes(&self) -> Result<u64> {
        let pages = self.pragma("page_count")? - self.pragma("freelist_count")?;
        Ok(pages.unsigned_abs() * self.pragma("page_size")?.unsigned_abs())
    }

    /// Rusqlite's connection, for what only the writer does.
    pub(super) fn raw(&self) -> &rusqlite::Connection {
        &self.inner
    }

    /// A fault for tests: the next commit fails.
    #[cfg(test)]
    pub fn refuse_next_commit(&self) {
        let mut refuse = true;
        self.inner.commit_hook(Some(move || std::mem::take(&mut refuse))).expect("the connection is ours");
    }

    fn prepare(&self, statement: &Statement) -> Result<CachedStatement<'_>> {
        self.check_ready()?;
        let mut prepared = self.inner.prepare_cached(&statement.sql).map_err(|e| self.fail(e))?;
        bind::bind(&mut prepared, &statement.params).map_err(|e| self.fail(e))?;
        Ok(prepared)
    }

    /// Refuses statements that come too late, or whose transaction is gone: each would be one of its own.
    pub(super) fn check_ready(&self) -> Result<()> {
        if self.deadline.is_over() {
            Err(error::timeout())
        } else if self.inner.is_autocommit() {
            Err(not_saved().caused_by("a statement came after the end of its transaction"))
        } else {
            Ok(())
        }
    }

    pub(super) fn fail(&self, error: rusqlite::Error) -> Error {
        if error::spoils_connection(&error) {
            self.broken.set(true);
            tracing::error!(%error, "the database file can't be read or written as it should be");
        }
        error::translate(&error)
    }
}

/// The beginning of a statement, on one line.
fn shortened(sql: &str) -> String {
    let mut words = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(SQL_TOLD_MAX_CHARS) {
        words.truncate(end);
        words.push_str("...");
    }
    words
}
