//! What the program does by itself while it serves: what is started with it, and after requests. What it does at
//! certain times are jobs (`jobs.rs`).

use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::App;
use crate::base::{Result, Timestamp};

/// How long a worker rests when there is nothing to do and nothing to wait for.
const REST: Duration = Duration::from_secs(3600);
/// How long it rests after a round that failed.
const REST_AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// The runtime that background work runs on, once the program serves.
#[derive(Default)]
pub(super) struct Background(OnceLock<Handle>);

impl App {
    /// Starts the background work on the current runtime. Without this, as on the command line, there is none.
    pub fn start_background(&self) {
        if self.0.background.0.set(Handle::current()).is_ok() {
            if let Err(error) = self.0.spool.remove_leftovers() {
                tracing::warn!("what arrived before couldn't be removed: {}", error.log_text());
            }
            self.tidy_backups();
            let app = self.clone();
            self.spawn(self.clone().deliver_forever());
            self.spawn(self.clone().remove_files_forever());
            self.spawn(self.clone().tell_forever());
            self.spawn(self.clone().write_logs_forever());
            self.spawn(self.clone().test_backups());
            self.spawn(self.clone().watch_settings());
            self.spawn(self.clone().ship_forever());
            self.spawn(async move {
                // The configuration may have changed since the last run of the program.
                if let Err(error) = app.clone().clean_up_logs().await {
                    tracing::warn!("the log of requests couldn't be cleaned up: {}", error.log_text());
                }
                app.0.jobs.run_forever().await;
            });
        }
    }

    /// Runs `work` in the background, if there is any.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = self.0.background.0.get() {
            runtime.spawn(work);
        }
    }
}

/// Does a worker's rounds for as long as the program runs: whenever it is woken, and when the moment comes that the
/// last round has named. `what` they do is for the log.
pub(super) async fn work_forever<F>(what: &str, woken: &Notify, round: impl Fn() -> F)
where
    F: Future<Output = Result<Option<Timestamp>>> + Send + 'static,
{
    loop {
        // A task of its own, so that a panic ends one round and not the worker.
        let rest = match tokio::spawn(round()).await {
            Ok(Ok(next)) => next.map_or(REST, until),
            Ok(Err(error)) => {
                tracing::warn!("{what} has to wait: {}", error.log_text());
                REST_AFTER_TROUBLE
            }
            Err(panic) => {
                tracing::error!("{what} failed: {panic}");
                REST_AFTER_TROUBLE
            }
        };
        tokio::select! {
            () = woken.notified() => {}
            () = tokio::time::sleep(rest.min(REST)) => {}
        }
    }
}

fn until(due: Timestamp) -> Duration {
    let millis = due.unix_millis() - Timestamp::now().unix_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
