//! What the program does by itself while it serves: what is started with it, and after requests. What it does at
//! certain times are jobs (`jobs.rs`).

use std::sync::OnceLock;

use tokio::runtime::Handle;

use super::App;

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
            let app = self.clone();
            self.spawn(self.clone().deliver_forever());
            self.spawn(self.clone().remove_files_forever());
            self.spawn(self.clone().tell_forever());
            self.spawn(self.clone().write_logs_forever());
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
