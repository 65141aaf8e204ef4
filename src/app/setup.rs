//! The one-time link by which whoever started the server makes the first superuser.
//!
//! The token exists in memory only and is printed on the terminal, so a stranger can't claim the server. It ends
//! after [`LIFETIME`], with its first use, and as soon as there is a superuser from elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{App, superusers};
use crate::auth::token;
use crate::base::{Error, Result, Secret, ids};
use crate::domain::Upload;

/// How long the link works.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The token, while there is one.
#[derive(Default)]
pub(super) struct SetupLink(Mutex<Option<(Secret, Instant)>>);

impl SetupLink {
    fn current(&self) -> Option<Secret> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guard.as_ref().filter(|(_, since)| since.elapsed() < LIFETIME).map(|(token, _)| token.clone())
    }

    fn set(&self, token: Option<Secret>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = token.map(|token| (token, Instant::now()));
    }
}

impl App {
    /// Makes a token if there is no superuser yet.
    pub(super) fn offer_setup(&self) -> Result<()> {
        if self.count_superusers_blocking()? == 0 {
            self.0.setup.set(Some(Secret::new(ids::secret())));
        }
        Ok(())
    }

    /// The token of the set-up link, while it works.
    pub fn setup_link_token(&self) -> Option<String> {
        self.0.setup.current().map(|token| token.expose().to_owned())
    }

    /// Whether `token` is the one of the set-up link, and the link still works. The database is asked only about the
    /// right token, so guessing costs us nothing.
    ///
    /// # Errors
    /// What keeps the store from answering.
    pub async fn setup_link_works(&self, token: &str) -> Result<bool> {
        let right = self.0.setup.current().is_some_and(|current| token::same(current.expose(), token));
        Ok(right && superusers::list(self).await?.is_empty())
    }

    /// Makes the first superuser.
    ///
    /// # Errors
    /// 404 if the token isn't right, doesn't work any more, or there is a superuser already; 400 with the codes of
    /// `email` and `password`.
    pub async fn claim_server(&self, token: String, email: String, password: Secret) -> Result<()> {
        if !self.setup_link_works(&token).await? {
            return Err(Error::not_found());
        }
        self.create_first_superuser(email, password).await?;
        self.0.setup.set(None);
        Ok(())
    }

    /// Begins with what another server had: restores an archive that was sent, after which the program starts anew. An
    /// archive that can't be restored isn't kept.
    ///
    /// # Errors
    /// 404 if the token isn't right, doesn't work any more, or there is a superuser already; 400 with the code of
    /// `file`, or if the archive can't be restored.
    pub async fn start_from_backup(&self, token: &str, upload: Option<Arc<Upload>>) -> Result<()> {
        if !self.setup_link_works(token).await? {
            return Err(Error::not_found());
        }
        let app = self.clone();
        // It goes on to its end if whoever waits for it goes away. The archive gets a name of ours: nobody could remove
        // another one of the same name.
        let restoring = tokio::spawn(async move {
            let name = app.keep_backup(upload, Some(app.backup_name("", false)?)).await?;
            let restored = app.restore_backup_and_wait(name.clone()).await;
            if restored.is_ok() {
                app.0.setup.set(None);
            } else if let Err(error) = app.delete_backup(name.clone()).await {
                tracing::warn!(name, "a backup that can't be restored wasn't removed: {}", error.log_text());
            }
            restored
        });
        restoring.await.map_err(Error::internal)?
    }
}
