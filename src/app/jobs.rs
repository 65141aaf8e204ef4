//! The program's own jobs, and the doors by which superusers see and start them.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Map;

use super::{App, Caller};
use crate::auth::{keys, one_time_code, second_factor, sessions};
use crate::base::{Error, Result};
use crate::jobs::{Expression, JobState, Run};
use crate::mail::outbox;
use crate::records::{Cx, access};
use crate::settings::Config;
use crate::store::WriteTx;

const BACKUP_JOB: &str = "__pbAutoBackup__";
/// How long a database may look at its tables while writers wait.
const OPTIMIZE_MAX: Duration = Duration::from_secs(5);

/// Deletes what has had its time.
type CleanUp = fn(&mut WriteTx<'_>, &Cx<'_>) -> Result<()>;

/// A job as the interface shows it, in its order. What stands behind `expression` is ours.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownJob {
    id: String,
    expression: String,
    is_running: bool,
    /// The last ones, the newest first.
    runs: Vec<ShownRun>,
}

#[derive(Serialize)]
struct ShownRun {
    started: String,
    /// In milliseconds.
    duration: u64,
    /// Why it failed; empty if it went well.
    error: String,
}

impl From<JobState> for ShownJob {
    fn from(job: JobState) -> ShownJob {
        let runs = job.runs.into_iter().map(ShownRun::from).collect();
        ShownJob { id: job.id, expression: job.expression, is_running: job.is_running, runs }
    }
}

impl From<Run> for ShownRun {
    fn from(run: Run) -> ShownRun {
        let duration = u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX);
        ShownRun { started: run.started.to_string(), duration, error: run.error.unwrap_or_default() }
    }
}

impl App {
    /// Whether what the configuration says of jobs can be used.
    ///
    /// # Errors
    /// 400 if `backup_cron` isn't an expression.
    pub fn check_jobs(config: &Config) -> Result<()> {
        match config.backup_cron.as_str() {
            "" => Ok(()),
            text => match Expression::parse(text) {
                Ok(_) => Ok(()),
                Err(message) => Err(Error::invalid(format!("backup_cron: {message}"))),
            },
        }
    }

    /// Registers the program's own jobs.
    pub(super) fn register_jobs(&self) -> Result<()> {
        self.register_backup_job()?;
        self.register_job("__pbDBOptimize__", "0 0 * * *", App::optimize)?;
        self.register_job("__pbMFACleanup__", "0 * * * *", |app| app.clean_up(second_factor::forget_expired))?;
        self.register_job("__pbOTPCleanup__", "0 * * * *", |app| app.clean_up(one_time_code::forget_expired))?;
        self.register_job("__pbLogsCleanup__", "0 */6 * * *", App::clean_up_logs)?;
        // What PocketBase doesn't have.
        self.register_job("__holdallCleanup__", "0 * * * *", |app| async move {
            app.clone().clean_up(forget_expired).await?;
            app.sweep_old_uploads().await
        })
    }

    /// Registers the job that makes backups, or takes it away, as the settings say.
    ///
    /// # Errors
    /// 400 for an expression that isn't one.
    pub(super) fn register_backup_job(&self) -> Result<()> {
        match self.live().config.backup_cron.as_str() {
            "" => self.0.jobs.remove(BACKUP_JOB),
            cron => self.register_job(BACKUP_JOB, cron, |app| async move { app.auto_backup().await })?,
        }
        Ok(())
    }

    /// Registers a job that works with the program; its id begins with two underscores if it is the program's own.
    ///
    /// # Errors
    /// 400 for an expression that isn't one.
    pub(super) fn register_job<F>(
        &self,
        id: &str,
        expression: &str,
        run: impl Fn(App) -> F + Send + Sync + 'static,
    ) -> Result<()>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        // The program owns its jobs, so they must not own the program.
        let services = Arc::downgrade(&self.0);
        self.0.jobs.register(id, expression, move || {
            let running = services.upgrade().map(|services| run(App(services)));
            async move {
                match running {
                    Some(running) => running.await,
                    None => Ok(()),
                }
            }
        })
    }

    /// Runs a job now and waits for its end. For whoever runs the program.
    ///
    /// # Errors
    /// 404 if there is no such job; its own.
    pub async fn run_job(&self, id: &str) -> Result<()> {
        self.0.jobs.run(id).await
    }

    /// All jobs with their last runs, the newest first. For superusers, who can read the same reasons in the log.
    ///
    /// # Errors
    /// 401, 403.
    pub async fn list_jobs(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), |_, cx| access::require_superuser(cx.principal)).await?;
        let shown: Vec<ShownJob> = self.0.jobs.list().into_iter().map(ShownJob::from).collect();
        serde_json::to_string(&shown).map_err(Error::internal)
    }

    /// Starts a job. For superusers.
    ///
    /// # Errors
    /// 401, 403; 404 if there is no such job.
    pub async fn start_job(&self, caller: Caller, id: String) -> Result<()> {
        self.read(Arc::new(caller), |_, cx| access::require_superuser(cx.principal)).await?;
        self.0.jobs.start(&id)
    }

    async fn clean_up(self, what: CleanUp) -> Result<()> {
        self.write_as_owner(Map::new(), what).await
    }

    async fn optimize(self) -> Result<()> {
        self.commit_alone(OPTIMIZE_MAX, |tx| tx.optimize()).await?;
        self.optimize_logs(OPTIMIZE_MAX).await
    }
}

fn forget_expired(tx: &mut WriteTx<'_>, cx: &Cx<'_>) -> Result<()> {
    sessions::forget_expired(tx, cx)?;
    keys::forget_expired(tx, cx)?;
    outbox::forget_old(tx, cx.plans.dialect())
}
