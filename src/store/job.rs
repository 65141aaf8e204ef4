//! A caller's closure on its way through a queue, and the way of its answer back.
//!
//! Called by [`Store`](super::Store), which makes jobs, and by the reader and writer threads, which run them knowing
//! neither closure nor answer type. Invariants: a job is answered at most once; a job whose caller was told that it
//! waited too long never runs; a panic in a job is an error for its caller only.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::{Span, info_span};

use crate::base::spans::TARGET;
use crate::base::{Error, Result};
use crate::store::figures::count;
use crate::store::{ReadTx, WriteTx};

const WAITING: u8 = 0;
const STARTED: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Decides, once, whether a job starts or its caller stops waiting for that.
#[derive(Default)]
pub(super) struct Ticket(AtomicU8);

impl Ticket {
    /// Whether the job may start; afterwards the caller can't give up any more.
    fn start(&self) -> bool {
        self.leave(STARTED)
    }

    /// Whether the caller may give up; afterwards the job can't start any more.
    fn give_up(&self) -> bool {
        self.leave(GIVEN_UP)
    }

    fn leave(&self, to: u8) -> bool {
        self.0.compare_exchange(WAITING, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The answer, or an error if the job hasn't started after `limit`, which is counted.
    pub async fn wait<T>(
        &self,
        mut answer: oneshot::Receiver<Result<T>>,
        limit: Duration,
        refused: &AtomicU64,
    ) -> Result<T> {
        let received = match tokio::time::timeout(limit, &mut answer).await {
            Ok(received) => received,
            Err(_) if self.give_up() => {
                count(refused);
                return Err(waited_too_long());
            }
            Err(_) => answer.await,
        };
        received.unwrap_or_else(|_| Err(stopped()))
    }

    /// As [`Ticket::wait`], for callers outside of an asynchronous runtime.
    pub fn wait_blocking<T>(
        &self,
        answer: mpsc::Receiver<Result<T>>,
        limit: Duration,
        refused: &AtomicU64,
    ) -> Result<T> {
        let received = match answer.recv_timeout(limit) {
            Ok(received) => return received,
            Err(mpsc::RecvTimeoutError::Timeout) if self.give_up() => {
                count(refused);
                return Err(waited_too_long());
            }
            Err(mpsc::RecvTimeoutError::Timeout) => answer.recv(),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(mpsc::RecvError),
        };
        received.unwrap_or_else(|_| Err(stopped()))
    }
}

/// Where an answer goes.
pub(super) trait Reply<T>: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Sends the answer; it is dropped if nobody waits.
    fn send(self, answer: Result<T>);
}

impl<T: Send> Reply<T> for oneshot::Sender<Result<T>> {
    fn is_abandoned(&self) -> bool {
        self.is_closed()
    }

    fn send(self, answer: Result<T>) {
        // An answer that nobody waits for any more is of no use.
        let _ = oneshot::Sender::send(self, answer);
    }
}

impl<T: Send> Reply<T> for mpsc::SyncSender<Result<T>> {
    fn is_abandoned(&self) -> bool {
        false
    }

    fn send(self, answer: Result<T>) {
        // As above.
        let _ = mpsc::SyncSender::send(&self, answer);
    }
}

/// A read as the reader threads see it.
pub(super) trait ReadJob: Send {
    /// Whether it may start now. To be called once.
    fn start(&self) -> bool;
    /// How long it has been in the queue.
    fn waited(&self) -> Duration;
    /// A span below the one that it was made in, if traces are gathered.
    fn span(&self) -> Span;
    /// Runs it, perhaps not for the first time, and keeps the answer.
    fn run(&mut self, tx: &ReadTx<'_>);
    /// Sends the kept answer.
    fn answer(self: Box<Self>);
    /// Sends `error` instead of an answer.
    fn refuse(self: Box<Self>, error: Error);
}

/// A write as the writer thread sees it.
pub(super) trait WriteJob: Send {
    /// Whether it may start now. To be called once.
    fn start(&self) -> bool;
    /// How long it has been in the queue.
    fn waited(&self) -> Duration;
    /// As that of a read.
    fn span(&self) -> Span;
    /// How long it may run, if it is to have a group of its own.
    fn limit_alone(&self) -> Option<Duration>;
    /// Runs it, keeps the answer and says whether it is a success.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool;
    /// Whether the kept answer is a success.
    fn succeeded(&self) -> bool;
    /// Sends the kept answer.
    fn answer(self: Box<Self>);
    /// Sends `error` instead of an answer.
    fn refuse(self: Box<Self>, error: Error);
}

struct Job<T, F, R> {
    ticket: Arc<Ticket>,
    submitted: Instant,
    made_in: Span,
    limit_alone: Option<Duration>,
    run: Option<F>,
    kept: Option<Result<T>>,
    reply: R,
}

impl<T, F, R: Reply<T>> Job<T, F, R> {
    fn new(limit_alone: Option<Duration>, run: F, reply: R) -> Self {
        let (submitted, made_in) = (Instant::now(), Span::current());
        Job { ticket: Arc::default(), submitted, made_in, limit_alone, run: Some(run), kept: None, reply }
    }

    /// Only below a request: what the program does by itself would be traces without an end.
    fn below_request(&self, span: impl FnOnce() -> Span) -> Span {
        if self.made_in.is_disabled() { Span::none() } else { span() }
    }

    fn waited_micros(&self) -> u64 {
        u64::try_from(self.submitted.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn finish(self) {
        self.reply.send(self.kept.unwrap_or_else(|| Err(not_saved())));
    }
}

/// Makes a read of a closure.
pub(super) fn read<T, F, R>(run: F, reply: R) -> (Box<dyn ReadJob>, Arc<Ticket>)
where
    T: Send + 'static,
    F: Fn(&ReadTx<'_>) -> Result<T> + Send + 'static,
    R: Reply<T> + 'static,
{
    let job = Job::new(None, run, reply);
    let ticket = job.ticket.clone();
    (Box::new(job), ticket)
}

/// Makes a write of a closure, with a group of its own if `limit_alone` says for how long.
pub(super) fn write<T, F, R>(limit_alone: Option<Duration>, run: F, reply: R) -> (Box<dyn WriteJob>, Arc<Ticket>)
where
    T: Send + 'static,
    F: FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    R: Reply<T> + 'static,
{
    let job = Job::new(limit_alone, run, reply);
    let ticket = job.ticket.clone();
    (Box::new(job), ticket)
}

impl<T, F, R> ReadJob for Job<T, F, R>
where
    T: Send,
    F: Fn(&ReadTx<'_>) -> Result<T> + Send,
    R: Reply<T>,
{
    fn start(&self) -> bool {
        // A read that nobody waits for has no effect, so it isn't worth running.
        !self.reply.is_abandoned() && self.ticket.start()
    }

    fn waited(&self) -> Duration {
        self.submitted.elapsed()
    }

    fn span(&self) -> Span {
        self.below_request(
            || info_span!(target: TARGET, parent: &self.made_in, "database read", waited_us = self.waited_micros()),
        )
    }

    fn run(&mut self, tx: &ReadTx<'_>) {
        let run = self.run.as_ref();
        self.kept = run.map(|run| catch(|| run(tx)));
    }

    fn answer(self: Box<Self>) {
        self.finish();
    }

    fn refuse(self: Box<Self>, error: Error) {
        self.reply.send(Err(error));
    }
}

impl<T, F, R> WriteJob for Job<T, F, R>
where
    T: Send,
    F: FnOnce(&mut WriteTx<'_>) -> Result<T> + Send,
    R: Reply<T>,
{
    fn start(&self) -> bool {
        // A write runs even when its caller has gone: a client that hangs up after sending still meant it.
        self.ticket.start()
    }

    fn waited(&self) -> Duration {
        self.submitted.elapsed()
    }

    fn span(&self) -> Span {
        self.below_request(
            || info_span!(target: TARGET, parent: &self.made_in, "database write", waited_us = self.waited_micros()),
        )
    }

    fn limit_alone(&self) -> Option<Duration> {
        self.limit_alone
    }

    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool {
        self.kept = self.run.take().map(|run| catch(|| run(tx)));
        self.succeeded()
    }

    fn succeeded(&self) -> bool {
        matches!(self.kept, Some(Ok(_)))
    }

    fn answer(self: Box<Self>) {
        self.finish();
    }

    fn refuse(self: Box<Self>, error: Error) {
        self.reply.send(Err(error));
    }
}

/// Runs a closure and makes an error of its panic.
fn catch<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(Error::internal(panic_text(&*panic))))
}

/// What a panic said, for the log.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a job panicked: {}", said.unwrap_or("(no text)"))
}

/// 503 for a job that found no room in its queue.
pub(super) fn queue_full() -> Error {
    Error::unavailable("There is too much to do at the moment; please try again in a little while.")
}

/// 503 for a job whose turn didn't come in time.
fn waited_too_long() -> Error {
    Error::unavailable("This had to wait too long for its turn and was not carried out; please try again.")
}

/// 503 for a job whose transaction is gone.
pub(super) fn not_saved() -> Error {
    Error::unavailable("This could not be saved and has had no effect; please try again.")
}

/// 503 for a job that came too late.
pub(super) fn stopped() -> Error {
    Error::unavailable("The server is shutting down.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_either_started_or_given_up() {
        let ticket = Ticket::default();
        assert!(ticket.start());
        assert!(!ticket.give_up());
        let ticket = Ticket::default();
        assert!(ticket.give_up());
        assert!(!ticket.start());
    }

    #[test]
    fn panics_become_internal_errors_with_their_text_for_the_log_only() {
        let error = catch::<()>(|| panic!("number {}", 7)).expect_err("it panics");
        assert_eq!(error.kind(), crate::base::ErrorKind::Internal);
        assert!(error.log_text().contains("number 7"), "{}", error.log_text());
        assert!(!error.message().contains("number"));
    }
}
