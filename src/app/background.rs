//! What the program does by itself while it serves: once in a while, and after requests.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Handle;

use super::App;
use super::owner::owner;
use crate::auth::{keys, one_time_code, second_factor, sessions};
use crate::base::Result;
use crate::domain::RequestInfo;
use crate::mail::outbox;

/// How often rows are deleted that have had their time.
const CLEAN_UP_EVERY: Duration = Duration::from_secs(3600);

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
            self.spawn(async move {
                loop {
                    tokio::time::sleep(CLEAN_UP_EVERY).await;
                    if let Err(error) = app.clean_up().await {
                        tracing::warn!("the clean-up failed: {}", error.log_text());
                    }
                }
            });
        }
    }

    /// Runs `work` in the background, if there is any.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = self.0.background.0.get() {
            runtime.spawn(work);
        }
    }

    /// Deletes what has had its time.
    ///
    /// # Errors
    /// What keeps the store from writing.
    pub async fn clean_up(&self) -> Result<()> {
        let services = self.0.clone();
        self.commit(move |tx| {
            let (owner, request) = (owner(tx)?, RequestInfo::default());
            let cx = owner.cx(&request, &services.plans);
            sessions::forget_expired(tx, &cx)?;
            keys::forget_expired(tx, &cx)?;
            one_time_code::forget_expired(tx, &cx)?;
            second_factor::forget_expired(tx, &cx)?;
            outbox::forget_old(tx, cx.plans.dialect())
        })
        .await?;
        self.sweep_old_uploads().await
    }
}
