//! What hosted pages and the dashboard ask besides what every edge asks.

use std::sync::Arc;

use super::{App, Caller};
use crate::auth::{sessions, token};
use crate::base::{Result, Secret};
use crate::domain::{Collection, Credential, Schema};

impl App {
    /// What people know this server as.
    pub fn app_name(&self) -> String {
        self.live().config.app_name.clone()
    }

    /// The colour of the dashboard, as `#` and six hexadecimal digits.
    pub fn accent_color(&self) -> String {
        self.live().config.accent_color.clone()
    }

    /// Whether the dashboard is to hide what changes collections and settings.
    pub fn hides_controls(&self) -> bool {
        self.live().config.hide_controls
    }

    /// The folder of the pages' theme; empty if there is none.
    pub fn theme_dir(&self) -> String {
        self.live().config.theme_dir.clone()
    }

    /// The collection with this id or name, if somebody can sign in to it.
    pub fn auth_collection(&self, id_or_name: &str) -> Option<Arc<Collection>> {
        self.0.store.schema().find(id_or_name).filter(|collection| collection.is_auth()).cloned()
    }

    /// The e-mail address of the superuser whose session a caller carries; `None` for everybody else, whatever else
    /// they carry.
    ///
    /// # Errors
    /// 403 for superusers who come from elsewhere than they may.
    pub async fn superuser_in_session(&self, caller: &Caller) -> Result<Option<String>> {
        self.read(Arc::new(caller.clone()), |_, cx| {
            let in_session = matches!(cx.credential, Credential::Session(_));
            let record = cx.principal.record().filter(|_| in_session && cx.principal.is_superuser());
            Ok(record.map(|record| record.text("email").to_owned()))
        })
        .await
    }

    /// All collections, as they are now.
    pub fn schema(&self) -> Arc<Schema> {
        self.0.store.schema()
    }

    /// The token that forms carry which belong to this cookie: see [`sessions::csrf_token`].
    pub fn csrf_token(&self, cookie: &Secret) -> String {
        sessions::csrf_token(cookie)
    }

    /// Whether two secrets are the same, in a time that doesn't tell where they differ.
    pub fn same_secret(&self, a: &str, b: &str) -> bool {
        token::same(a, b)
    }
}
