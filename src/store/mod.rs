//! The only place where SQL runs: [`Store::read`] and [`Store::write`] take a closure, run it on a thread of their
//! own inside a transaction and give back its answer.
//!
//! Called by every service. Statements come from `query` (and, for the program's own tables, from the services).
//! Not here: what a statement means, who may run it, what a collection is.
//!
//! # Writing
//!
//! One thread owns the connection that writes. It takes whatever waits, runs each job in a savepoint inside one
//! transaction, commits once with `synchronous=FULL` and only then answers. So a write is on disk when it is
//! acknowledged, and the price of that is shared by all writes that came at the same time.
//!
//! * A job that fails or panics is undone alone.
//! * If the commit fails, or SQLite ends the transaction by itself (no room, I/O error, an interrupted change), no
//!   job of the group is acknowledged: each gets a 503 and nothing of it is stored.
//! * A job that isn't started after [`StoreOptions::wait_timeout`] gets a 503 and never runs; one that runs longer
//!   than [`StoreOptions::statement_timeout`] is interrupted (408). An interrupted *change* costs the jobs that came
//!   before it in the same group their transaction too (SQLite ends it), which is why a group takes jobs for a few
//!   milliseconds only; an interrupted query inside a write costs nobody else anything.
//! * A job that may take long has a group of its own ([`Store::write_alone`]) and a time limit of its own.
//!
//! # Reading
//!
//! Each reader thread holds a connection that can't write and runs each job in one snapshot. The schema that the job
//! sees always belongs to that snapshot, although readers take no lock: `snapshot.rs` says how. It is why a read is
//! an `Fn`: when a schema change is committed meanwhile, it runs once more.
//!
//! # Who is told
//!
//! What transactions have announced is handed to the store's [`Witness`] by the writer, in the order in which they ran,
//! after the commit and before anybody is answered. So nothing is lost when a caller doesn't wait for its answer, and
//! nobody learns of an old state after a new one.
//!
//! # Several processes
//!
//! The command line may write while the server runs. The writer looks for foreign commits before each group and four
//! times a second when idle, and loads the schema anew when there were any. Until then, readers may meet the new
//! tables with the old schema.
//!
//! A job must never wait for another job of the same store: the writer is one thread.

mod figures;
mod folder;
mod job;
mod migrations;
mod options;
mod outdated;
mod snapshot;
mod sqlite;
mod tail;
#[cfg(test)]
mod tests;
mod times;
mod tx;
mod wal;
mod witness;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError};
use tokio::sync::oneshot;

use crate::base::{Error, Result};
use crate::domain::Schema;
use figures::{Figures, count};
use job::{ReadJob, WriteJob};
use snapshot::PublishedSchema;

pub use figures::{StoreStats, StoreTimes};
pub use options::{Database, StoreOptions};
pub use outdated::{Outdated, copy_closed, newest_version, outdated};
pub use sqlite::{Cancel, DatabaseCopy, Past, Quick, Row, SqlColumn, SqlTable, version as sqlite_version};
pub use tail::{Commit, Piece, Snapshot, Tail, Taken};
pub use times::first_commit_after;
pub use tx::{ColumnInfo, ReadTx, WriteTx};
pub use wal::Place;
pub use witness::{Before, Witness};

/// Reads all collections; given to [`Store::open`] by the layer that knows how they are stored.
pub type LoadSchema = fn(&ReadTx<'_>) -> Result<Schema>;

/// A value exists already where it may only exist once. The cause of an [`ErrorKind::Invalid`] error.
///
/// [`ErrorKind::Invalid`]: crate::base::ErrorKind::Invalid
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueViolation {
    /// The table, where the database names it.
    pub table: Option<String>,
    /// The columns that are unique together; empty for an index over expressions.
    pub columns: Vec<String>,
    /// The index, where the database names that instead of columns.
    pub index: Option<String>,
}

impl fmt::Display for UniqueViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table.as_deref().unwrap_or("?");
        match &self.index {
            Some(index) => write!(f, "not unique by index {index}"),
            None => write!(f, "not unique in {table}: {}", self.columns.join(", ")),
        }
    }
}

impl std::error::Error for UniqueViolation {}

/// The database's own text about a fault in a statement (syntax, no such column) or in a value that a constraint
/// refuses. The cause of an error; whoever knows where the statement came from decides what the client sees of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlFault(pub String);

impl fmt::Display for SqlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SqlFault {}

/// A database with its threads. Clones share them; the threads end with [`Store::close`] or with the last clone.
#[derive(Clone)]
pub struct Store {
    handle: Arc<Handle>,
}

/// What the store and its threads share.
struct Shared {
    options: StoreOptions,
    load_schema: LoadSchema,
    schema: PublishedSchema,
    witness: OnceLock<Box<dyn Witness>>,
    closing: AtomicBool,
    figures: Figures,
    slow: Arc<sqlite::SlowStatements>,
    /// Copies that are being made of the database.
    copies: AtomicU64,
    /// Who reads the write-ahead log, if anybody may.
    tail: Option<Arc<Tail>>,
}

/// The entrances of the queues. `None` in a queue tells one thread to stop.
type ReadSender = Sender<Option<Box<dyn ReadJob>>>;
type WriteSender = Sender<Option<Box<dyn WriteJob>>>;

/// What clones of a [`Store`] share. The threads don't, so the last clone to go can end them.
struct Handle {
    shared: Arc<Shared>,
    reads: ReadSender,
    writes: WriteSender,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    readers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the data folder, creating whatever is missing of it, brings it to the newest version, loads the schema
    /// and starts the threads. Fails, and changes nothing, if the database is damaged, foreign or newer.
    pub fn open(options: StoreOptions, load_schema: LoadSchema) -> Result<Store> {
        let data_file = folder::prepare(&options.data_dir, options.database)?;
        let slow = Arc::new(sqlite::SlowStatements::new(options.slow_statement));
        let tail = options.keeps_log.then(|| Arc::new(Tail::new(&options)));
        let start = || {
            let connection = sqlite::open_writer(&data_file, &options, &slow)?;
            migrations::run(&connection, options.database)?;
            let (schema, data_version) = sqlite::load_first_schema(&connection, load_schema)?;
            Ok((connection, schema, data_version))
        };
        let (connection, schema, data_version) = start().map_err(|error| sqlite::explain(&data_file, error))?;
        let shared = Arc::new(Shared {
            schema: PublishedSchema::new(Arc::new(schema)),
            options,
            load_schema,
            witness: OnceLock::new(),
            closing: AtomicBool::new(false),
            figures: Figures::new(),
            slow,
            copies: AtomicU64::new(0),
            tail,
        });
        let (reads, readers) = sqlite::start_readers(&data_file, &shared)?;
        let (writes, writer) = sqlite::start_writer(connection, data_version, &data_file, &shared)?;
        let threads = Mutex::new(Threads { readers, writer: Some(writer) });
        Ok(Store { handle: Arc::new(Handle { shared, reads, writes, threads }) })
    }

    /// Says who is told of what transactions announce. There is one; a second one is ignored.
    pub fn set_witness(&self, witness: Box<dyn Witness>) {
        // The first one stays.
        let _ = self.handle.shared.witness.set(witness);
    }

    /// The schema of the latest commit. Inside of a job, [`ReadTx::schema`] is the one to use.
    pub fn schema(&self) -> Arc<Schema> {
        self.handle.shared.schema.load()
    }

    /// Runs `job` in a snapshot of the database. It may run twice, so it must not have effects elsewhere.
    pub async fn read<T: Send + 'static>(&self, job: impl Fn(&ReadTx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let (job, ticket) = job::read(job, reply);
        let refused = &self.handle.shared.figures.reads_refused;
        self.handle.submit(&self.handle.reads, job, refused)?;
        ticket.wait(answer, self.handle.shared.options.wait_timeout, refused).await
    }

    /// How long a job may run before it is interrupted.
    pub fn statement_timeout(&self) -> Duration {
        self.handle.shared.options.statement_timeout
    }

    /// Runs `job` in a transaction; the answer comes when it is on disk. The job runs even if the returned future is
    /// dropped meanwhile.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.submit_write(None, job).await
    }

    /// As [`Store::write`], in a group of its own, for a job that may take longer than others: it is interrupted after
    /// `limit`, and nobody else pays for that.
    pub async fn write_alone<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.submit_write(Some(limit), job).await
    }

    async fn submit_write<T: Send + 'static>(
        &self,
        limit_alone: Option<Duration>,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let (job, ticket) = job::write(limit_alone, job, reply);
        let refused = &self.handle.shared.figures.writes_refused;
        self.handle.submit(&self.handle.writes, job, refused)?;
        ticket.wait(answer, self.handle.shared.options.wait_timeout, refused).await
    }

    /// As [`Store::read`], for the command line, start-up and tests. It blocks the calling thread.
    pub fn read_blocking<T: Send + 'static>(
        &self,
        job: impl Fn(&ReadTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = mpsc::sync_channel(1);
        let (job, ticket) = job::read(job, reply);
        let refused = &self.handle.shared.figures.reads_refused;
        self.handle.submit(&self.handle.reads, job, refused)?;
        ticket.wait_blocking(answer, self.handle.shared.options.wait_timeout, refused)
    }

    /// As [`Store::write`], for the command line, start-up and tests. It blocks the calling thread.
    pub fn write_blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = mpsc::sync_channel(1);
        let (job, ticket) = job::write(None, job, reply);
        let refused = &self.handle.shared.figures.writes_refused;
        self.handle.submit(&self.handle.writes, job, refused)?;
        ticket.wait_blocking(answer, self.handle.shared.options.wait_timeout, refused)
    }

    /// Copies the database as it is at this moment into a new file, on the calling thread, while everybody reads and
    /// writes as usual; `progress` is told bytes that are done, and of how many. Until it is through, the write-ahead
    /// log grows by what is written. The copy isn't synced to disk.
    ///
    /// # Errors
    /// 503 if the copy can't be written or the database can't be read.
    pub fn copy_to(&self, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let shared = &self.handle.shared;
        let _copying = Copying::begin(&shared.copies);
        sqlite::copy(&shared.options.data_dir.join(Database::Data.file_name()), file, progress)
    }

    /// The same for the database of logs; whether there is one.
    ///
    /// # Errors
    /// As [`Store::copy_to`].
    pub fn copy_logs_to(&self, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<bool> {
        let logs = self.handle.shared.options.data_dir.join(Database::Logs.file_name());
        if !logs.exists() {
            return Ok(false);
        }
        sqlite::copy(&logs, file, progress).map(|()| true)
    }

    /// The write-ahead log for whoever ships it, if the store was opened so.
    pub fn tail(&self) -> Option<Arc<Tail>> {
        self.handle.shared.tail.clone()
    }

    /// Refuses new jobs, finishes those that wait, empties the write-ahead log into the database file (unless it is to
    /// stay) and ends the threads. It blocks until then; calling it again does nothing.
    pub fn close(&self) {
        self.handle.close();
    }

    /// Figures of this moment.
    pub fn stats(&self) -> StoreStats {
        let Shared { figures, slow, options, .. } = &*self.handle.shared;
        let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreStats {
            reads_waiting: self.handle.reads.len(),
            writes_waiting: self.handle.writes.len(),
            reads_refused: now(&figures.reads_refused),
            writes_refused: now(&figures.writes_refused),
            readers: options.readers.max(1),
            readers_busy: figures.readers_busy.load(Ordering::Relaxed),
            groups: now(&figures.groups),
            commits: now(&figures.commits),
            lost_groups: now(&figures.lost_groups),
            writes: now(&figures.writes),
            largest_group: now(&figures.largest_group),
            wal_bytes: now(&figures.wal_bytes),
            checkpoints: now(&figures.checkpoints),
            failed_checkpoints: now(&figures.failed_checkpoints),
            slow_statements: slow.seen(),
        }
    }

    /// How long things took so far.
    pub fn times(&self) -> StoreTimes {
        self.handle.shared.figures.times()
    }
}

impl Handle {
    /// Puts a job into its queue; one for which there is no room is counted.
    fn submit<J>(&self, queue: &Sender<Option<J>>, job: J, counter: &AtomicU64) -> Result<()> {
        if self.shared.closing.load(Ordering::Acquire) {
            return Err(job::stopped());
        }
        queue.try_send(Some(job)).map_err(|refused| match refused {
            TrySendError::Full(_) => {
                count(counter);
                job::queue_full()
            }
            TrySendError::Disconnected(_) => job::stopped(),
        })
    }

    fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        // Readers go first: as long as one has a snapshot, the writer can't empty the log.
        let readers = std::mem::take(&mut threads.readers);
        for _ in &readers {
            // Sending fails only when all threads have ended already.
            let _ = self.reads.send(None);
        }
        readers.into_iter().for_each(join);
        if let Some(writer) = threads.writer.take() {
            // As above.
            let _ = self.writes.send(None);
            join(writer);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

/// A copy that is being made, counted until it is dropped.
struct Copying<'c>(&'c AtomicU64);

impl Copying<'_> {
    fn begin(copies: &AtomicU64) -> Copying<'_> {
        copies.fetch_add(1, Ordering::AcqRel);
        Copying(copies)
    }
}

impl Drop for Copying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits for a thread, unless it is this one: the last clone of a store may be dropped inside of a job.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != thread::current().id() && thread.join().is_err() {
        tracing::error!("a thread of the store has ended with a panic");
    }
}

/// Starts a named thread.
fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    thread::Builder::new().name(name).spawn(run).map_err(Error::internal)
}
