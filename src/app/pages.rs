//! What hosted pages ask besides what every edge asks.

use std::sync::Arc;

use super::App;
use crate::auth::{sessions, token};
use crate::base::Secret;
use crate::domain::Collection;

impl App {
    /// What people know this server as.
    pub fn app_name(&self) -> String {
        self.live().config.app_name.clone()
    }

    /// The folder of the pages' theme; empty if there is none.
    pub fn theme_dir(&self) -> String {
        self.live().config.theme_dir.clone()
    }

    /// The collection with this id or name, if somebody can sign in to it.
    pub fn auth_collection(&self, id_or_name: &str) -> Option<Arc<Collection>> {
        self.0.store.schema().find(id_or_name).filter(|collection| collection.is_auth()).cloned()
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
