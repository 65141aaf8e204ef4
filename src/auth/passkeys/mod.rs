//! Passkeys (WebAuthn level 2): registering them and signing in with them.
//!
//! Called by the app. A passkey needs user verification (a finger, a face, a PIN), so it is two factors by itself and
//! opens an account without a password; or it is the second step after one. Not here: proofs that somebody may register
//! or remove one (`factors`).

mod relying_party;
mod rows;

use serde_json::{Value as Json, json};
use webauthn_rs::prelude::{Passkey, PublicKeyCredential, Uuid};

use crate::base::limits::PASSKEYS_MAX;
use crate::base::{Error, Result, SqlValue, ids};
use crate::domain::{Collection, Record};
use crate::records::{self, Cx, Find};
use crate::store::{ReadTx, WriteTx};

pub use relying_party::{Login, RelyingParty};
pub use rows::{Row, all, edit, find, remove, remove_all};

/// A passkey as its owner sees it.
pub fn shown(row: &Row) -> Json {
    json!({
        "id": row.id,
        "name": row.name,
        "secondFactor": row.second_factor,
        "created": row.created,
        "lastUsed": row.last_used,
    })
}

/// Asks the account's browser to make a passkey: `{"ceremony":…,"publicKey":…}`.
///
/// # Errors
/// 400 if the account has too many already, or there can't be passkeys at this server's address.
pub fn begin_registration(tx: &ReadTx<'_>, cx: &Cx<'_>, party: &RelyingParty, record: &Record) -> Result<String> {
    let rows = all(tx, cx, record)?;
    if rows.len() >= PASSKEYS_MAX {
        return Err(Error::invalid(format!("An account may have {PASSKEYS_MAX} passkeys.")));
    }
    // One handle for all passkeys of an account, so that an authenticator keeps one of them; random, so that nobody
    // learns from a passkey whose it is.
    let user_handle = match rows.first() {
        Some(row) => Uuid::parse_str(&row.user_handle).map_err(Error::internal)?,
        None => Uuid::new_v4(),
    };
    let existing = rows.iter().map(credential_of).collect::<Result<Vec<Passkey>>>()?;
    let name = [record.text("email"), record.id()].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let account = (record.collection().id.clone(), record.id().to_owned());
    party.begin_registration(account, user_handle, name, &existing).map(|options| options.to_string())
}

/// Stores the passkey that a browser has made for this account.
///
/// # Errors
/// 400 if it isn't what the ceremony asked for, or was asked of another account.
pub fn end_registration(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    party: &RelyingParty,
    record: &Record,
    sent: (&str, &Json),
    (name, second_factor): (&str, bool),
) -> Result<Row> {
    let (registration, passkey) = party.end_registration(sent.0, sent.1)?;
    let (collection_id, record_id) = registration.account;
    if (collection_id.as_str(), record_id.as_str()) != (record.collection().id.as_str(), record.id()) {
        return Err(relying_party::refused());
    }
    let row = Row {
        id: ids::record_id(),
        collection_id,
        record_id,
        user_handle: registration.user_handle.to_string(),
        credential: serde_json::to_string(&passkey).map_err(Error::internal)?,
        name: name.to_owned(),
        second_factor,
        created: tx.now().to_string(),
        last_used: String::new(),
    };
    rows::insert(tx, cx, &row, &encoded(passkey.cred_id()))?;
    Ok(row)
}

/// Asks a browser to sign in: as the account whose second step this is, or as whoever has a passkey.
///
/// # Errors
/// 400 if there can't be passkeys at this server's address, or the account has none.
pub fn begin_login(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    party: &RelyingParty,
    collection: &Collection,
    second_step: Option<(String, &Record)>,
) -> Result<String> {
    let (mfa_id, allowed) = match second_step {
        None => (None, Vec::new()),
        Some((mfa_id, record)) => {
            let allowed = all(tx, cx, record)?.iter().map(credential_of).collect::<Result<Vec<Passkey>>>()?;
            if allowed.is_empty() {
                return Err(Error::invalid("This account has no passkeys."));
            }
            (Some(mfa_id), allowed)
        }
    };
    party.begin_login(collection.id.clone(), mfa_id, &allowed).map(|options| options.to_string())
}

/// The account that a passkey opens, if it has signed what `login` asked for.
///
/// # Errors
/// 400 if it hasn't, or isn't a passkey of this collection; nothing tells which.
pub fn end_login(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    party: &RelyingParty,
    collection_id: &str,
    login: Login,
    credential: &Json,
) -> Result<Record> {
    let mut credential = credential.clone();
    if let Some(response) = credential.get_mut("response").and_then(Json::as_object_mut) {
        // Browsers leave it out where the library wants a null.
        response.entry("userHandle").or_insert(Json::Null);
    }
    let credential: PublicKeyCredential = serde_json::from_value(credential).map_err(|_| relying_party::refused())?;
    let row = rows::of_credential(tx, cx, &encoded(credential.get_credential_id()))?
        .filter(|row| row.collection_id == collection_id && login.collection_id == collection_id)
        .ok_or_else(relying_party::refused)?;
    // The handle names the account. It may be missing only where the account is known already.
    let handle = credential.get_user_unique_id().map(|handle| Uuid::from_slice(handle).ok().map(|id| id.to_string()));
    match handle {
        None if login.mfa_id.is_some() => {}
        Some(Some(handle)) if handle == row.user_handle => {}
        _ => return Err(relying_party::refused()),
    }
    let passkey = party.check(login, &credential, credential_of(&row)?)?;
    rows::used(tx, cx, &row.id, serde_json::to_string(&passkey).map_err(Error::internal)?)?;
    let collection = tx.schema().by_id(collection_id).ok_or_else(relying_party::refused)?.clone();
    let record = records::find(tx, cx, &collection, Find::Id, SqlValue::from(row.record_id))?;
    record.ok_or_else(relying_party::refused)
}

fn credential_of(row: &Row) -> Result<Passkey> {
    serde_json::from_str(&row.credential).map_err(Error::internal)
}

/// An id of a credential as it is stored.
fn encoded(id: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id)
}
