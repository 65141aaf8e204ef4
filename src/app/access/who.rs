//! Whose request is simulated: a guest, an account, or an API key with its scope.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::app::identity::Identity;
use crate::auth::keys;
use crate::base::{Error, FieldError, Result, SqlValue};
use crate::domain::{Credential, Principal};
use crate::records::{self, Cx, Find};
use crate::store::ReadTx;

/// Somebody, with what is to be told of them.
pub struct Somebody {
    pub identity: Identity,
    /// As JSON.
    pub told: Json,
    /// What should be known of them besides.
    pub note: Option<&'static str>,
}

impl Somebody {
    /// Whom `who` names: `{"type":"guest"}`, `{"type":"record","collection":…,"id":…}` or `{"type":"key","key":…}`. No
    /// `who` is a guest.
    ///
    /// # Errors
    /// 400 with what is wrong with `who`.
    pub fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, who: Option<&Json>) -> Result<Somebody> {
        let nothing = Map::new();
        let who = match who {
            None | Some(Json::Null) => &nothing,
            Some(Json::Object(who)) => who,
            Some(_) => return Err(refused("This must be an object with a type.")),
        };
        let text = |name: &str| who.get(name).and_then(Json::as_str).unwrap_or_default();
        match text("type") {
            "" | "guest" => Ok(Somebody::guest()),
            "record" => Somebody::account(tx, cx, text("collection"), text("id")),
            "key" => Somebody::key(tx, cx, text("key")),
            _ => Err(refused("The type must be guest, record or key.")),
        }
    }

    fn guest() -> Somebody {
        Somebody { identity: Identity::GUEST, told: json!({"type": "guest"}), note: None }
    }

    fn account(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, id: &str) -> Result<Somebody> {
        let collection = tx.schema().find(collection).filter(|found| found.is_auth());
        let collection = collection.ok_or_else(|| refused("There is no auth collection of this name."))?;
        let record = records::find(tx, cx, collection, Find::Id, SqlValue::from(id))?;
        let record = record.ok_or_else(|| refused("There is no account with this id."))?;
        let told = json!({
            "type": "record", "collection": collection.name, "id": id, "email": record.text("email"),
        });
        let note = match records::satisfies_auth_rule(tx, cx, &record)? {
            true => None,
            false => Some("The account doesn't satisfy the auth rule of its collection, so it can't sign in anew."),
        };
        let principal = Principal::Record(Arc::new(record));
        Ok(Somebody { identity: Identity { principal, credential: Credential::Token }, told, note })
    }

    fn key(tx: &ReadTx<'_>, cx: &Cx<'_>, id_or_name: &str) -> Result<Somebody> {
        let key = match keys::by_id(tx, cx, id_or_name)? {
            Some(key) => key,
            None => {
                let mut named = keys::by_name(tx, cx, id_or_name)?;
                match named.len() {
                    0 => return Err(refused("There is no API key with this id or name.")),
                    1 => named.remove(0),
                    _ => return Err(refused("Several API keys have this name; give the id of one of them.")),
                }
            }
        };
        let mut told = json!({"type": "key", "id": key.id, "name": key.name, "scope": key.scope.as_deref()});
        let Some(owner) = keys::owner(tx, cx, &key)? else {
            let note = Some("The key has ended with what its owner was signed in with, so it counts for nothing.");
            return Ok(Somebody { told, note, ..Somebody::guest() });
        };
        told["collection"] = owner.collection().name.as_str().into();
        told["owner"] = owner.id().into();
        told["email"] = owner.text("email").into();
        if keys::is_expired(tx, &key) {
            let note = Some("The key's time is up, so it counts for nothing.");
            return Ok(Somebody { told, note, ..Somebody::guest() });
        }
        let owner = Arc::new(owner);
        let principal = match key.scope {
            Some(scope) => Principal::Scoped(owner, scope),
            None => Principal::Record(owner),
        };
        Ok(Somebody { identity: Identity { principal, credential: Credential::Key(key.id) }, told, note: None })
    }
}

fn refused(message: &'static str) -> Error {
    Error::field("who", FieldError::invalid(message))
}
