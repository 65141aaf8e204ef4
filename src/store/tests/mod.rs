//! What the rest of the program relies on, tested from outside of the threads.
//!
//! Nothing here sleeps: jobs are held by channels, and [`wait_until`] watches for what has to happen.

mod copies;
mod deadlines;
mod failures;
mod files;
mod groups;
mod schema;
mod statements;
mod tail;
mod wal;

use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::base::{Error, ErrorKind, Result, SqlValue, SqlValueRef, Statement};
use crate::domain::Schema;
use crate::store::{ReadTx, Store, StoreOptions, WriteTx};

/// A query that never ends by itself.
const ENDLESS: &str =
    "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT 'id', x FROM c WHERE x < 0";

fn empty_schema(_: &ReadTx<'_>) -> Result<Schema> {
    Ok(Schema::new(Vec::new()))
}

/// A store in `folder` with options for tests: groups aren't cut short by a slow machine.
fn open_in(folder: &Path, change: impl FnOnce(&mut StoreOptions)) -> Result<Store> {
    let mut options = StoreOptions::new(folder);
    options.readers = 2;
    options.group_time = Duration::from_secs(3600);
    options.wait_timeout = Duration::from_secs(60);
    options.statement_timeout = Duration::from_secs(60);
    change(&mut options);
    Store::open(options, empty_schema)
}

/// A store in a folder of its own with the table `t`.
fn open(change: impl FnOnce(&mut StoreOptions)) -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open_in(folder.path(), change).expect("an empty folder can be opened");
    store
        .write_blocking(|tx| tx.execute_batch("CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER) STRICT"))
        .expect("a table can be made");
    (store, folder)
}

fn sql(text: &str) -> Statement {
    Statement::new(text, Vec::new())
}

fn insert(tx: &mut WriteTx<'_>, id: &str) -> Result<()> {
    let statement = Statement::new("INSERT INTO t (id, n) VALUES (?1, 0)", vec![SqlValue::from(id)]);
    tx.execute(&statement).map(|_| ())
}

/// All ids of `t`, in order.
fn ids(store: &Store) -> Vec<String> {
    let list = |tx: &ReadTx<'_>| {
        let mut ids = Vec::new();
        tx.rows(&sql("SELECT id FROM t ORDER BY id"), |row| {
            ids.push(text(row.get(0)?));
            Ok(())
        })?;
        Ok(ids)
    };
    store.read_blocking(list).expect("the table can be read")
}

fn text(value: SqlValueRef<'_>) -> String {
    match value {
        SqlValueRef::Text(text) => text.to_owned(),
        other => panic!("{other:?} is no text"),
    }
}

fn number(tx: &ReadTx<'_>, query: &str) -> Result<i64> {
    let found = tx.first(&sql(query), |row| match row.get(0)? {
        SqlValueRef::Integer(number) => Ok(number),
        other => Err(Error::internal(format!("{other:?} is no number"))),
    })?;
    Ok(found.expect("the query has a row"))
}

#[track_caller]
fn expect_kind<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind) -> Error {
    let error = result.expect_err("this must fail");
    assert_eq!(error.kind(), kind, "{}", error.log_text());
    error
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited too long until {what}");
        thread::yield_now();
    }
}

/// A write on a thread of its own, so that several can wait at once.
fn write_aside<T: Send + 'static>(
    store: &Store,
    job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
) -> JoinHandle<Result<T>> {
    let store = store.clone();
    thread::spawn(move || store.write_blocking(job))
}

/// The same for a job with a group of its own.
fn write_alone_aside<T: Send + 'static>(
    store: &Store,
    limit: Duration,
    job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
) -> JoinHandle<Result<T>> {
    let store = store.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    thread::spawn(move || runtime.block_on(store.write_alone(limit, job)))
}

/// Puts writes into the queue one after the other, in this order.
struct Line {
    store: Store,
    release: mpsc::Sender<()>,
    held: JoinHandle<Result<()>>,
}

impl Line {
    /// Keeps the writer busy until [`Line::release`].
    fn new(store: &Store) -> Line {
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let held = write_aside(store, move |_| {
            started.send(()).expect("the test waits");
            released.recv().expect("the test releases");
            Ok(())
        });
        has_started.recv().expect("the writer starts the job");
        Line { store: store.clone(), release, held }
    }

    fn add<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> JoinHandle<Result<T>> {
        self.wait_for(|| write_aside(&self.store, job))
    }

    fn add_alone<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> JoinHandle<Result<T>> {
        self.wait_for(|| write_alone_aside(&self.store, limit, job))
    }

    fn wait_for<T>(&self, add: impl FnOnce() -> JoinHandle<Result<T>>) -> JoinHandle<Result<T>> {
        let before = self.store.stats().writes_waiting;
        let added = add();
        wait_until("the job waits", || self.store.stats().writes_waiting > before);
        added
    }

    /// Lets the writer go on and gives the answer of the job that held it.
    fn release(self) -> Result<()> {
        self.release.send(()).expect("the job waits");
        answer(self.held)
    }
}

fn answer<T>(thread: JoinHandle<Result<T>>) -> Result<T> {
    thread.join().expect("callers don't panic")
}
