//! Jobs: what the program does at certain times, or when a superuser says so.
//!
//! Called by the app, which registers the jobs and runs the clock. Invariants: a job never runs twice at the same time;
//! a panic ends one run and nothing else; a minute comes once, however the machine's clock is moved. Not here: what the
//! jobs do.

mod expression;
mod minutes;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::{Error, FieldError, Result, Timestamp};

pub use expression::Expression;
use minutes::{Minutes, Span};

/// How ids of the program's own jobs begin.
const OWN_PREFIX: &str = "__";
/// So many of a job's last runs are remembered.
const RUNS_KEPT: usize = 10;

type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// All jobs.
#[derive(Default)]
pub struct Jobs(Mutex<Vec<Job>>);

#[derive(Clone)]
struct Job {
    id: String,
    expression: Expression,
    run: Arc<dyn Fn() -> Running + Send + Sync>,
    is_running: Arc<AtomicBool>,
    history: Arc<Mutex<History>>,
}

/// How the runs of a job have ended.
#[derive(Default)]
struct History {
    successes: u64,
    failures: u64,
    last_success: Option<Timestamp>,
    /// The last runs, the newest first.
    runs: VecDeque<Run>,
}

/// A run of a job that has ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// A job, and what is known of its runs since the program started.
#[derive(Clone, Debug)]
pub struct JobState {
    /// Its name.
    pub id: String,
    /// When it runs, as it was written.
    pub expression: String,
    /// Whether it runs at this moment.
    pub is_running: bool,
    /// Runs that went well.
    pub successes: u64,
    /// Runs that failed.
    pub failures: u64,
    /// When it last went well.
    pub last_success: Option<Timestamp>,
    /// The last runs, the newest first.
    pub runs: Vec<Run>,
}

impl Jobs {
    /// Adds a job, in the place of the one with the same id if there is one.
    ///
    /// # Errors
    /// 400 for an expression that isn't one.
    pub fn register<R, F>(&self, id: &str, expression: &str, run: R) -> Result<()>
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let expression = Expression::parse(expression)
            .map_err(|message| Error::field("expression", FieldError::new("validation_invalid_cron", message)))?;
        let run: Arc<dyn Fn() -> Running + Send + Sync> = Arc::new(move || -> Running { Box::pin(run()) });
        let mut jobs = self.lock();
        match jobs.iter_mut().find(|job| job.id == id) {
            // A run of the old one keeps the new one from running beside it.
            Some(job) => (job.expression, job.run) = (expression, run),
            None => jobs.push(Job {
                id: id.to_owned(),
                expression,
                run,
                is_running: Arc::default(),
                history: Arc::default(),
            }),
        }
        Ok(())
    }

    /// Takes a job away; a run of it goes on to its end.
    pub fn remove(&self, id: &str) {
        self.lock().retain(|job| job.id != id);
    }

    /// All jobs and how they have fared: those of users first, then the program's own, otherwise in the order in which
    /// they came.
    pub fn list(&self) -> Vec<JobState> {
        let mut states: Vec<JobState> = self.lock().iter().map(Job::state).collect();
        states.sort_by_key(|job| job.id.starts_with(OWN_PREFIX));
        states
    }

    /// Runs a job and waits for its end; does nothing if it is running already.
    ///
    /// # Errors
    /// 404 if there is no such job; its own error; 500 for a panic.
    pub async fn run(&self, id: &str) -> Result<()> {
        let job = self.lock().iter().find(|job| job.id == id).cloned();
        job.ok_or_else(Error::not_found)?.run().await
    }

    /// Starts a job and doesn't wait for its end.
    ///
    /// # Errors
    /// 404 if there is no such job.
    pub fn start(&self, id: &str) -> Result<()> {
        let job = self.lock().iter().find(|job| job.id == id).cloned();
        job.ok_or_else(Error::not_found)?.start();
        Ok(())
    }

    /// Starts whatever is due, minute for minute, for as long as the program runs.
    pub async fn run_forever(&self) {
        let mut minutes = Minutes::new(Timestamp::now());
        loop {
            tokio::time::sleep(Minutes::until_next(Timestamp::now())).await;
            if let Some(span) = minutes.turn(Timestamp::now()) {
                self.start_due(span);
            }
        }
    }

    /// Starts the jobs that are due in some of these minutes, each of them once.
    fn start_due(&self, span: Span) {
        let is_due = |job: &&Job| span.minutes().any(|minute| job.expression.is_due(minute));
        let due: Vec<Job> = self.lock().iter().filter(is_due).cloned().collect();
        due.into_iter().for_each(Job::start);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn state(&self) -> JobState {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        JobState {
            id: self.id.clone(),
            expression: self.expression.text().to_owned(),
            is_running: self.is_running.load(Ordering::Relaxed),
            successes: history.successes,
            failures: history.failures,
            last_success: history.last_success,
            runs: history.runs.iter().cloned().collect(),
        }
    }

    fn start(self) {
        tokio::spawn(async move {
            if let Err(error) = self.run().await {
                tracing::warn!(job = %self.id, "a job failed: {}", error.log_text());
            }
        });
    }

    async fn run(&self) -> Result<()> {
        let Some(turn) = Turn::take(&self.is_running) else {
            tracing::debug!(job = %self.id, "a job is still running and isn't started again");
            return Ok(());
        };
        let (run, history) = (self.run.clone(), self.history.clone());
        // A task of its own: it catches panics, and goes on if whoever waits for it goes away.
        let task = tokio::spawn(async move {
            // In this order: a run is noted before another one may begin.
            let _turn = turn;
            let mut noting = Noting::begin(history);
            let outcome = run().await;
            noting.error = outcome.as_ref().err().map(Error::log_text);
            outcome
        });
        task.await.unwrap_or_else(|panic| Err(Error::internal(format!("a job panicked: {panic}"))))
    }
}

/// A run that is noted when it ends, however it does.
struct Noting {
    history: Arc<Mutex<History>>,
    started: Timestamp,
    clock: Instant,
    /// Why it failed: a panic unless something else is said.
    error: Option<String>,
}

impl Noting {
    fn begin(history: Arc<Mutex<History>>) -> Noting {
        Noting { history, started: Timestamp::now(), clock: Instant::now(), error: Some("It panicked.".to_owned()) }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.error {
            None => {
                history.successes += 1;
                history.last_success = Some(Timestamp::now());
            }
            Some(_) => history.failures += 1,
        }
        history.runs.truncate(RUNS_KEPT - 1);
        let (took, error) = (self.clock.elapsed(), self.error.take());
        history.runs.push_front(Run { started: self.started, took, error });
    }
}

/// The right to run a job, given back at the end whatever that is.
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(is_running: &Arc<AtomicBool>) -> Option<Turn> {
        let free = is_running.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire).is_ok();
        free.then(|| Turn(is_running.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use tokio::sync::{Notify, oneshot};

    use super::*;
    use crate::base::ErrorKind;

    fn ids(jobs: &Jobs) -> Vec<String> {
        jobs.list().into_iter().map(|job| job.id).collect()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn jobs_of_users_come_first_and_the_same_id_replaces() {
        let jobs = Jobs::default();
        for id in ["__own", "one", "__other", "two"] {
            jobs.register(id, "@hourly", || async { Ok(()) }).expect("a valid expression");
        }
        jobs.register("__own", "* * * * *", || async { Ok(()) }).expect("a valid expression");
        assert_eq!(ids(&jobs), ["one", "two", "__own", "__other"]);
        assert_eq!(jobs.list()[2].expression, "* * * * *");
        assert_eq!(jobs.list()[0].expression, "@hourly", "the expression is shown as it was written");
        jobs.remove("one");
        assert_eq!(ids(&jobs), ["two", "__own", "__other"]);
        let refused = jobs.register("bad", "* * *", || async { Ok(()) }).expect_err("it is no expression");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        assert_eq!(ids(&jobs).len(), 3);
    }

    #[tokio::test]
    async fn runs_are_counted_however_they_end() {
        let jobs = Jobs::default();
        jobs.register("good", "@hourly", || async { Ok(()) }).expect("a valid expression");
        jobs.register("bad", "@hourly", || async { Err(Error::not_found()) }).expect("a valid expression");
        jobs.register("worse", "@hourly", || async { panic!("on purpose") }).expect("a valid expression");
        for id in ["good", "good", "bad", "worse"] {
            let _ = jobs.run(id).await;
        }
        let counts: Vec<(u64, u64)> = jobs.list().iter().map(|job| (job.successes, job.failures)).collect();
        assert_eq!(counts, [(2, 0), (0, 1), (0, 1)]);
        let reasons: Vec<Option<String>> = jobs.list().iter().map(|job| job.runs[0].error.clone()).collect();
        assert_eq!(reasons, [None, Some("There is nothing here.".to_owned()), Some("It panicked.".to_owned())]);
        for _ in 0..RUNS_KEPT {
            let _ = jobs.run("good").await;
        }
        assert_eq!(jobs.list()[0].runs.len(), RUNS_KEPT, "old runs are forgotten");
        let known: Vec<bool> = jobs.list().iter().map(|job| job.last_success.is_some()).collect();
        assert_eq!(known, [true, false, false]);
    }

    #[tokio::test]
    async fn what_is_due_runs_and_nothing_else() {
        let jobs = Jobs::default();
        let (told, mut ran) = tokio::sync::mpsc::unbounded_channel();
        for (id, expression) in [("minute", "* * * * *"), ("noon", "0 12 * * *"), ("never", "0 0 31 2 *")] {
            let told = told.clone();
            let run = move || {
                told.send(id).expect("the test listens");
                async { Ok(()) }
            };
            jobs.register(id, expression, run).expect("a valid expression");
        }
        jobs.start_due(Span::one(at("2026-01-01 11:59:00Z")));
        assert_eq!(ran.recv().await, Some("minute"));
        jobs.start_due(Span::one(at("2026-01-01 12:00:00Z")));
        let mut both = [ran.recv().await, ran.recv().await];
        both.sort();
        assert_eq!(both, [Some("minute"), Some("noon")]);
        assert!(ran.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_job_never_runs_beside_itself() {
        let jobs = Jobs::default();
        let (started, ended) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let (count, end) = (started.clone(), ended.clone());
        let run = move || {
            let (count, end) = (count.clone(), end.clone());
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                end.notified().await;
                Ok(())
            }
        };
        jobs.register("slow", "* * * * *", run).expect("a valid expression");
        jobs.start("slow").expect("it is there");
        while started.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        jobs.run("slow").await.expect("it runs already, so this does nothing");
        assert_eq!(started.load(Ordering::SeqCst), 1);
        ended.notify_one();
        // Its turn has ended when a new run begins, which this one is once the flag is free.
        ended.notify_one();
        while started.load(Ordering::SeqCst) == 1 {
            jobs.run("slow").await.expect("nothing fails");
            tokio::task::yield_now().await;
        }
        assert_eq!(started.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn failures_and_panics_end_one_run() {
        let jobs = Jobs::default();
        let count = Arc::new(AtomicU32::new(0));
        let counted = count.clone();
        let run = move || {
            let turn = counted.fetch_add(1, Ordering::SeqCst);
            assert!(turn != 0, "the first run panics before it begins");
            async move {
                assert!(turn != 1, "the second one while it runs");
                if turn == 2 { Err(Error::unavailable("The third one fails.")) } else { Ok(()) }
            }
        };
        jobs.register("bad", "* * * * *", run).expect("a valid expression");
        let mut kinds = Vec::new();
        for _ in 0..3 {
            kinds.push(jobs.run("bad").await.expect_err("it fails").kind());
        }
        assert_eq!(kinds, [ErrorKind::Internal, ErrorKind::Internal, ErrorKind::Unavailable]);
        jobs.run("bad").await.expect("the fourth run succeeds");
        assert_eq!(jobs.run("unknown").await.expect_err("it isn't there").kind(), ErrorKind::NotFound);
        assert_eq!(jobs.start("unknown").expect_err("it isn't there").kind(), ErrorKind::NotFound);
        // A oneshot whose sender the job drops tells that a run of a removed job still ends.
        let (held, released) = oneshot::channel::<()>();
        let held = Mutex::new(Some(held));
        let run = move || {
            drop(held.lock().expect("no holder panics").take());
            async { Ok(()) }
        };
        jobs.register("once", "@daily", run).expect("a valid expression");
        jobs.start("once").expect("it is there");
        jobs.remove("once");
        assert!(released.await.is_err());
    }
}
