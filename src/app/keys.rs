//! API keys: making, listing, renaming and ending them.

use std::sync::Arc;

use super::{App, Caller};
use crate::auth::key_form;
use crate::base::Result;

impl App {
    /// Makes an API key from the caller's body: see [`key_form::create`].
    pub async fn create_key(&self, caller: Caller) -> Result<String> {
        self.write(Arc::new(caller), key_form::create).await
    }

    /// The API keys of the caller, or of the account that the query names: see [`key_form::list`].
    pub async fn list_keys(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), key_form::list).await
    }

    /// Gives an API key the name in the caller's body: see [`key_form::rename`].
    pub async fn rename_key(&self, caller: Caller, id: String) -> Result<String> {
        self.write(Arc::new(caller), move |tx, cx| key_form::rename(tx, cx, &id)).await
    }

    /// Ends an API key: see [`key_form::end`].
    pub async fn end_key(&self, caller: Caller, id: String) -> Result<()> {
        self.write(Arc::new(caller), move |tx, cx| key_form::end(tx, cx, &id)).await
    }
}
