//! The one thread that writes.
//!
//! The module header of `store` says what a group is and what its members may rely on; here is how. Invariants: no
//! job is answered before the commit of its group; no job of a group whose transaction is lost is acknowledged; the
//! schema is published in step with the commit that changes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::checkpoint::{Checkpointer, Pin};
use super::connection::{Connection, Savepoint};
use super::past::Pasts;
use crate::base::{Error, ErrorKind, Result};
use crate::domain::{Event, Schema};
use crate::store::figures::count;
use crate::store::job::{WriteJob, not_saved, panic_text};
use crate::store::{Before, LoadSchema, ReadTx, Shared, WriteSender, WriteTx, spawn};

/// How often an idle writer looks for commits of other processes.
const IDLE_CHECK: Duration = Duration::from_millis(250);

type Job = Box<dyn WriteJob>;

/// Loads the schema for the first time, with the number by which later foreign commits are noticed.
pub(in crate::store) fn load_first_schema(connection: &Connection, load: LoadSchema) -> Result<(Schema, i64)> {
    connection.begin_read()?;
    let data_version = connection.pragma("data_version");
    let schema = load(&ReadTx::new(connection, Arc::new(Schema::new(Vec::new()))));
    connection.end_read()?;
    Ok((schema?, data_version?))
}

/// Starts the thread.
pub(in crate::store) fn start_writer(
    connection: Connection,
    data_version: i64,
    file: &Path,
    shared: &Arc<Shared>,
) -> Result<(WriteSender, JoinHandle<()>)> {
    let page_bytes = u64::try_from(connection.pragma("page_size")?).unwrap_or(0);
    let usual_wait = Duration::from_millis(u64::try_from(connection.pragma("busy_timeout")?).unwrap_or(0));
    let (sender, queue) = bounded(shared.options.queue_length.max(1));
    let shared = shared.clone();
    let name = format!("{}-write", shared.options.database.thread_prefix());
    let pasts = Pasts::new(file, &shared.options, &shared.slow);
    let tail = shared.tail.clone().map(|tail| Pin::hold(file, tail)).transpose()?;
    let start = move || {
        let checkpointer = Checkpointer::new(page_bytes, usual_wait, &shared.options, tail);
        Writer { connection, queue, shared, data_version, checkpointer, pasts, stopping: false, held: None }.run();
    };
    Ok((sender, spawn(name, start)?))
}

/// Calls the witness, whose panics are logged and harm nobody.
fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(call));
    outcome.inspect_err(|panic| tracing::error!("a witness of commits: {}", panic_text(&**panic))).ok()
}

struct Writer {
    connection: Connection,
    queue: Receiver<Option<Job>>,
    shared: Arc<Shared>,
    data_version: i64,
    checkpointer: Checkpointer,
    pasts: Pasts,
    stopping: bool,
    /// A job that waits for the end of the present group, because it has one of its own.
    held: Option<Job>,
}

/// What the members of a group leave behind.
struct Group {
    members: Vec<Job>,
    /// The schema after the last of them.
    schema: Arc<Schema>,
    /// What those that succeeded have announced.
    events: Vec<Event>,
}

/// How a group's transaction has fared so far.
enum Fate {
    /// It can be committed.
    Open,
    /// SQLite has ended it, while the last member ran.
    Lost,
}

impl Writer {
    fn run(mut self) {
        while !self.stopping {
            if let Some(job) = self.held.take() {
                self.guard(|writer| writer.run_group(job));
                continue;
            }
            match self.queue.recv_timeout(IDLE_CHECK) {
                Ok(Some(job)) => self.guard(|writer| writer.run_group(job)),
                Ok(None) | Err(RecvTimeoutError::Disconnected) => self.stopping = true,
                Err(RecvTimeoutError::Timeout) => self.guard(Writer::idle),
            }
        }
        // Jobs that came in just before the store was closed.
        while let Some(job) = self.next_waiting() {
            self.guard(|writer| writer.run_group(job));
        }
        self.checkpointer.finish(self.connection.raw());
    }

    /// Jobs catch their own panics. This is for any other, so that the thread outlives it.
    fn guard(&mut self, work: impl FnOnce(&mut Writer)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            tracing::error!("{}", panic_text(&*panic));
            self.connection.lift_deadline();
            self.roll_back();
        }
    }

    /// The next job that waits, if there is one.
    fn next_waiting(&mut self) -> Option<Job> {
        if self.held.is_some() {
            return self.held.take();
        }
        match self.queue.try_recv() {
            Ok(Some(job)) => Some(job),
            Ok(None) => {
                self.stopping = true;
                None
            }
            Err(_) => None,
        }
    }

    /// Runs `first` and whatever else waits in one transaction, commits, and answers all.
    fn run_group(&mut self, first: Job) {
        if !first.start() {
            return;
        }
        count(&self.shared.figures.groups);
        if let Err(error) = self.begin() {
            self.roll_back();
            return first.refuse(error);
        }
        let schema = self.shared.schema.load();
        let mut group = Group { members: Vec::with_capacity(16), schema, events: Vec::new() };
        match self.run_members(first, &mut group) {
            Fate::Open => {
                let before = self.before(&group.events);
                match self.commit(&group.schema) {
                    Ok(()) => {
                        self.tell(group.events, before);
                        self.acknowledge(group.members);
                    }
                    Err(error) => self.disappoint(group.members, None, &error),
                }
            }
            Fate::Lost => {
                let culprit = group.members.pop();
                let error = Error::internal("SQLite has ended the transaction of a group");
                self.disappoint(group.members, culprit, &error);
            }
        }
    }

    /// The state before this group, if the witness needs it to judge what has happened.
    fn before(&mut self, events: &[Event]) -> Before {
        let witness = self.shared.witness.get().filter(|_| !events.is_empty());
        if !witness.is_some_and(|witness| guarded(|| witness.wants_past(events)).unwrap_or(false)) {
            return Before::Unasked;
        }
        self.pasts.take(self.shared.schema.load()).map_or(Before::Lost, |past| Before::Kept(Box::new(past)))
    }

    /// Tells the witness what has happened.
    fn tell(&self, events: Vec<Event>, before: Before) {
        if let Some(witness) = self.shared.witness.get().filter(|_| !events.is_empty()) {
            guarded(|| witness.committed(events, before));
        }
    }

    fn begin(&mut self) -> Result<()> {
        self.connection.begin_write()?;
        self.take_over_foreign_changes()
    }

    /// Runs jobs until none waits or the group is large or old enough.
    fn run_members(&mut self, first: Job, group: &mut Group) -> Fate {
        let started = Instant::now();
        let alone = first.limit_alone().is_some();
        let mut next = Some(first);
        while let Some(mut job) = next {
            let fate = self.run_member(&mut *job, group);
            group.members.push(job);
            if let Fate::Lost = fate {
                return Fate::Lost;
            }
            let options = &self.shared.options;
            let has_room = !alone && group.members.len() < options.group_max && started.elapsed() < options.group_time;
            next = if has_room { self.next_startable() } else { None };
        }
        Fate::Open
    }

    /// The next job that waits and whose caller does too, unless it is one with a group of its own.
    fn next_startable(&mut self) -> Option<Job> {
        while let Some(job) = self.next_waiting() {
            if job.limit_alone().is_some() {
                self.held = Some(job);
                return None;
            }
            if job.start() {
                return Some(job);
            }
        }
        None
    }

    /// Runs one job in a savepoint, which is undone if the job fails.
    fn run_member(&self, job: &mut dyn WriteJob, group: &mut Group) -> Fate {
        if self.connection.save(Savepoint::Job).is_err() {
            return Fate::Lost;
        }
        self.shared.figures.write_wait.note_duration(job.waited());
        let wants_records = self.shared.witness.get().and_then(|witness| guarded(|| witness.wants_records()));
        let mut tx = WriteTx::new(&self.connection, group.schema.clone(), wants_records.unwrap_or(false));
        self.connection.set_deadline(job.limit_alone().unwrap_or(self.shared.options.statement_timeout));
        let succeeded = job.span().in_scope(|| job.run(&mut tx));
        self.connection.lift_deadline();
        if !self.connection.in_transaction() {
            return Fate::Lost;
        }
        let ended = if succeeded {
            let (schema, mut events) = tx.into_parts();
            group.schema = schema;
            group.events.append(&mut events);
            self.connection.release(Savepoint::Job)
        } else {
            self.connection.undo(Savepoint::Job)
        };
        if ended.is_ok() { Fate::Open } else { Fate::Lost }
    }

    /// Commits, and publishes `schema` if it is another one than before.
    fn commit(&self, schema: &Arc<Schema>) -> Result<()> {
        let begun = Instant::now();
        if Arc::ptr_eq(schema, &self.shared.schema.load()) {
            self.connection.commit()?;
        } else {
            let publication = self.shared.schema.begin();
            self.connection.commit()?;
            publication.finish(schema.clone());
        }
        self.shared.figures.commit.note_duration(begun.elapsed());
        Ok(())
    }

    fn acknowledge(&mut self, members: Vec<Job>) {
        self.checkpointer.note_commit();
        let stored = members.iter().filter(|job| job.succeeded()).count() as u64;
        let figures = &self.shared.figures;
        count(&figures.commits);
        figures.writes.fetch_add(stored, Ordering::Relaxed);
        figures.largest_group.fetch_max(members.len() as u64, Ordering::Relaxed);
        figures.group_size.note(members.len() as u64);
        figures.wal_bytes.store(self.checkpointer.wal_bytes(), Ordering::Relaxed);
        members.into_iter().for_each(|job| job.answer());
        let is_copied = || {
            let is_held = self.shared.tail.as_ref().is_some_and(|tail| tail.is_held());
            is_held || self.shared.copies.load(Ordering::Acquire) > 0
        };
        self.checkpointer.after_commit(self.connection.raw(), &is_copied);
        self.note_checkpoints();
    }

    fn note_checkpoints(&self) {
        let figures = &self.shared.figures;
        let (done, failed) = self.checkpointer.attempts();
        figures.checkpoints.store(done, Ordering::Relaxed);
        figures.failed_checkpoints.store(failed, Ordering::Relaxed);
        figures.wal_bytes.store(self.checkpointer.wal_bytes(), Ordering::Relaxed);
    }

    /// Tells all members that nothing was stored, also those that had failed by themselves: what they had failed of
    /// may be gone with the rest. Only the culprit keeps its own error, which says more.
    fn disappoint(&mut self, members: Vec<Job>, culprit: Option<Job>, error: &Error) {
        // One that was interrupted alone is told so, and has harmed nobody.
        if !(members.is_empty() && culprit.as_ref().is_some_and(|job| job.limit_alone().is_some())) {
            count(&self.shared.figures.lost_groups);
            tracing::error!(error = %error.log_text(), members = members.len(), "a group of writes was not committed");
        }
        self.roll_back();
        let refusal = || match error.kind() {
            ErrorKind::Unavailable => Error::unavailable(error.message()),
            _ => not_saved(),
        };
        members.into_iter().for_each(|job| job.refuse(refusal().caused_by(error.log_text())));
        match culprit {
            Some(job) if job.succeeded() => job.refuse(refusal()),
            Some(job) => job.answer(),
            None => {}
        }
    }

    fn roll_back(&self) {
        if self.connection.in_transaction()
            && let Err(error) = self.connection.rollback()
        {
            tracing::error!(error = %error.log_text(), "a transaction could not be rolled back");
        }
    }

    fn idle(&mut self) {
        let looked = self.connection.begin_read().and_then(|()| {
            let looked = self.take_over_foreign_changes();
            self.connection.end_read().and(looked)
        });
        if let Err(error) = looked {
            tracing::error!(error = %error.log_text(), "changes by another process could not be taken over");
        }
        self.checkpointer.when_idle(self.connection.raw());
        self.note_checkpoints();
    }

    /// Loads and publishes the schema if another process has committed anything. Runs inside a transaction.
    fn take_over_foreign_changes(&mut self) -> Result<()> {
        let data_version = self.connection.pragma("data_version")?;
        if data_version == self.data_version {
            return Ok(());
        }
        let schema = (self.shared.load_schema)(&ReadTx::new(&self.connection, self.shared.schema.load()))?;
        self.shared.schema.begin().finish(Arc::new(schema));
        self.data_version = data_version;
        Ok(())
    }
}
