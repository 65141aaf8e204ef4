//! The threads that read.
//!
//! Each holds a connection of the pool for as long as it works well, and takes jobs from one bounded queue. r2d2
//! opens, configures and replaces the connections.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use r2d2::{ManageConnection, NopErrorHandler, Pool, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;

use super::connection::{Connection, Role, configure, flags, keep_log};
use super::slow::SlowStatements;
use crate::base::{Error, Result};
use crate::domain::Schema;
use crate::store::job::{ReadJob, panic_text};
use crate::store::{ReadSender, ReadTx, Shared, spawn};

/// How long to try to open a connection, at start and in place of one that broke.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);

/// A queue of reads; `None` ends the thread that takes it.
type Queue = Receiver<Option<Box<dyn ReadJob>>>;

/// Opens the connections and starts a thread for each.
pub(in crate::store) fn start_readers(file: &Path, shared: &Arc<Shared>) -> Result<(ReadSender, Vec<JoinHandle<()>>)> {
    let (wait, keeps_log) = (shared.options.wait_timeout, shared.options.keeps_log);
    let opener = SqliteConnectionManager::file(file).with_flags(flags()).with_init(move |connection| {
        configure(connection, Role::Reader, wait)?;
        if keeps_log { keep_log(connection) } else { Ok(()) }
    });
    let count = shared.options.readers.max(1);
    let pool = Pool::builder()
        .max_size(u32::try_from(count).unwrap_or(u32::MAX))
        .test_on_check_out(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .connection_timeout(OPEN_TIMEOUT)
        .error_handler(Box::new(NopErrorHandler))
        .build(Manager(opener, shared.slow.clone()))
        .map_err(unreachable)?;
    let (sender, queue) = bounded(shared.options.queue_length.max(1));
    let threads = (0..count)
        .map(|at| {
            let reader = Reader {
                connection: Some(pool.get().map_err(unreachable)?),
                pool: pool.clone(),
                shared: shared.clone(),
                queue: queue.clone(),
            };
            spawn(format!("{}-read-{at}", shared.options.database.thread_prefix()), move || reader.run())
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((sender, threads))
}

fn unreachable(error: r2d2::Error) -> Error {
    Error::unavailable("The database can't be opened at the moment.").caused_by(error)
}

/// Tells r2d2 how to open a connection and when to throw one away.
struct Manager(SqliteConnectionManager, Arc<SlowStatements>);

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Connection> {
        Ok(Connection::new(self.0.connect()?)?.telling(&self.1))
    }

    fn is_valid(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.raw().query_row("SELECT 1", [], |_| Ok(()))
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        !is_usable(connection)
    }
}

fn is_usable(connection: &Connection) -> bool {
    !connection.is_broken() && !connection.in_transaction()
}

struct Reader {
    connection: Option<PooledConnection<Manager>>,
    pool: Pool<Manager>,
    shared: Arc<Shared>,
    queue: Queue,
}

impl Reader {
    fn run(mut self) {
        while let Ok(Some(job)) = self.queue.recv() {
            // Jobs catch their own panics. This is for those in dropping what a job has left behind.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.serve(job))) {
                tracing::error!("{}", panic_text(&*panic));
                self.connection = None;
            }
        }
    }

    fn serve(&mut self, mut job: Box<dyn ReadJob>) {
        if !job.start() {
            return;
        }
        let figures = &self.shared.figures;
        figures.read_wait.note_duration(job.waited());
        figures.readers_busy.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let span = job.span();
        let outcome = span.in_scope(|| self.run_job(&mut *job));
        drop(span);
        let figures = &self.shared.figures;
        figures.read_run.note_duration(begun.elapsed());
        figures.readers_busy.fetch_sub(1, Ordering::Relaxed);
        match outcome {
            Ok(()) => job.answer(),
            Err(error) => job.refuse(error),
        }
    }

    fn run_job(&mut self, job: &mut dyn ReadJob) -> Result<()> {
        let connection = match self.connection.take() {
            Some(connection) if is_usable(&connection) => connection,
            // Dropping a broken one makes room for another; the pool asks `Manager::has_broken`.
            broken => {
                drop(broken);
                self.pool.get().map_err(unreachable)?
            }
        };
        let connection = self.connection.insert(connection);
        connection.set_deadline(self.shared.options.statement_timeout);
        let outcome = run_consistently(connection, &self.shared, job);
        connection.lift_deadline();
        outcome
    }
}

/// Runs `job` with a schema and a snapshot that belong together; `snapshot.rs` says why they do.
fn run_consistently(connection: &Connection, shared: &Shared, job: &mut dyn ReadJob) -> Result<()> {
    if let Some(mark) = shared.schema.mark() {
        let schema = shared.schema.load();
        connection.begin_read()?;
        run_and_end(connection, schema, job)?;
        if shared.schema.unchanged_since(mark) {
            return Ok(());
        }
    }
    let gate = shared.schema.hold();
    let schema = shared.schema.load();
    connection.begin_read()?;
    let taken = connection.take_snapshot();
    drop(gate);
    if let Err(error) = taken {
        return connection.end_read().and(Err(error));
    }
    run_and_end(connection, schema, job)
}

fn run_and_end(connection: &Connection, schema: Arc<Schema>, job: &mut dyn ReadJob) -> Result<()> {
    job.run(&ReadTx::new(connection, schema));
    connection.end_read()
}
