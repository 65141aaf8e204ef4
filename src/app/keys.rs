//! API keys: making, listing, renaming and ending them, by callers and by whoever runs the program.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{App, Caller, superusers};
use crate::auth::key_form;
use crate::auth::keys::{self, Key};
use crate::base::{Error, ErrorKind, Result, Secret, SqlValue};
use crate::domain::principal::SUPERUSERS;
use crate::records::{self, Find};

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

/// An API key of a superuser, for whoever runs the program.
pub struct OwnedKey {
    /// The superuser's address.
    pub email: String,
    /// The key, without its secret.
    pub key: Key,
}

impl App {
    /// Makes an API key for the superuser with this address and returns its text. `form` is as for
    /// [`key_form::create`].
    ///
    /// # Errors
    /// 404 if there is no such superuser; 400 with the codes of the form.
    pub async fn create_superuser_key(&self, email: &str, mut form: Map<String, Json>) -> Result<Secret> {
        let id = superusers::find_id(self, email).await?.ok_or_else(|| superusers::unknown(email))?;
        form.insert("collection".to_owned(), SUPERUSERS.into());
        form.insert("record".to_owned(), id.into());
        let made = self.write_as_owner(form, key_form::create).await?;
        let made: Json = serde_json::from_str(&made).map_err(Error::internal)?;
        Ok(Secret::new(made["key"].as_str().unwrap_or_default()))
    }

    /// The API keys of all superusers.
    pub async fn superuser_keys(&self) -> Result<Vec<OwnedKey>> {
        self.read_as_owner(Map::new(), |tx, cx| {
            let collection = records::find_collection(tx.schema(), SUPERUSERS)?;
            let mut owned = Vec::new();
            for seen in records::every(tx, cx, collection)? {
                // What is seen of a record lacks the token key, which tells live keys from others.
                let Some(record) = records::find(tx, cx, collection, Find::Id, SqlValue::from(seen.id()))? else {
                    continue;
                };
                let keys = keys::list(tx, cx, &record)?.into_iter();
                owned.extend(keys.map(|key| OwnedKey { email: record.text("email").to_owned(), key }));
            }
            Ok(owned)
        })
        .await
    }

    /// Ends an API key, whoever it belongs to.
    ///
    /// # Errors
    /// 404 if there is no such key.
    pub async fn revoke_key(&self, id: String) -> Result<()> {
        self.write_as_owner(Map::new(), move |tx, cx| {
            key_form::end(tx, cx, &id).map_err(|error| match error.kind() {
                ErrorKind::NotFound => {
                    Error::new(ErrorKind::NotFound, format!("There is no API key with the id {id}."))
                }
                _ => error,
            })
        })
        .await
    }
}
