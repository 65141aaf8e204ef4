//! API keys: secrets for programs, with a name, a scope and an end, of which only the hash is stored.
//!
//! Called by the app for every request with a token that looks like a key, and for `/api/keys`. A key is
//! `holdall_` + its id + `_` + 43 letters and digits + a checksum of 10 digits over all of that, so that scanners for
//! leaked secrets can tell one from other text. Invariant: like a session, a key is tied to its owner's token key and
//! the collection's secret for auth tokens; whatever ends tokens ends keys. Not here: what a scope lets through
//! (`records::access`), what clients send (`key_form`).

use std::sync::Arc;

use super::key_form::KeyForm;
use super::sessions::owned_by;
use super::{digest, token};
use crate::base::limits::API_KEYS_MAX;
use crate::base::{Error, Result, Secret, SqlValue, ids};
use crate::domain::{Event, KeyScope, Record, TokenKind};
use crate::query::table::{Direction, Set, Table, Where};
use crate::records::{self, Cx, Find};
use crate::store::{ReadTx, Row, WriteTx};

const KEYS: Table = Table::new("_apiKeys");
const COLUMNS: [&str; 9] =
    ["id", "collectionRef", "recordRef", "name", "keyHash", "scope", "created", "lastUsed", "expires"];

/// What every key begins with.
pub const PREFIX: &str = "holdall_";
const SECRET_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 10;

/// A key as it is stored.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Key {
    pub id: String,
    pub collection_id: String,
    pub record_id: String,
    pub name: String,
    /// What it may do; `None` for whatever its owner may.
    pub scope: Option<Arc<KeyScope>>,
    pub created: String,
    /// Empty until then.
    pub last_used: String,
    /// Empty for never.
    pub expires: String,
    key_hash: String,
}

/// The key that a token is, with its owner, if both are still good.
pub fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, text: &str) -> Result<Option<(Key, Record)>> {
    if !is_well_formed(text) {
        return Ok(None);
    }
    let Some(key) = first(tx, cx, &[Where::Is("tokenHash", digest::sha256(text).into())])? else { return Ok(None) };
    if is_expired(tx, &key) {
        return Ok(None);
    }
    Ok(owner(tx, cx, &key)?.map(|record| (key, record)))
}

/// The key with this id, without looking whether it is still good.
pub fn by_id(tx: &ReadTx<'_>, cx: &Cx<'_>, id: &str) -> Result<Option<Key>> {
    first(tx, cx, &[Where::Is("id", id.into())])
}

/// The keys with this name, whoever they belong to and whether they are still good or not.
pub fn by_name(tx: &ReadTx<'_>, cx: &Cx<'_>, name: &str) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    tx.rows(&KEYS.select(cx.plans.dialect(), &COLUMNS, &[Where::Is("name", name.into())]), |row| {
        keys.push(key(row)?);
        Ok(())
    })?;
    Ok(keys)
}

/// Whether a key's time is up.
pub fn is_expired(tx: &ReadTx<'_>, key: &Key) -> bool {
    !key.expires.is_empty() && key.expires <= tx.now().to_string()
}

/// The account that a key acts for, if the key hasn't ended with what the account was signed in with.
pub fn owner(tx: &ReadTx<'_>, cx: &Cx<'_>, key: &Key) -> Result<Option<Record>> {
    let Some(collection) = tx.schema().by_id(&key.collection_id).filter(|collection| collection.is_auth()).cloned()
    else {
        return Ok(None);
    };
    match records::find(tx, cx, &collection, Find::Id, SqlValue::from(key.record_id.as_str()))? {
        Some(record) if token::key_hash(&record, TokenKind::Auth)? == key.key_hash => Ok(Some(record)),
        _ => Ok(None),
    }
}

/// The keys of an account that haven't ended with it, also those whose time is up, the newest first.
pub fn list(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Vec<Key>> {
    let [collection, owner] = owned_by(record);
    let current = Where::Is("keyHash", token::key_hash(record, TokenKind::Auth)?.into());
    let order = Some(("created", Direction::Descending));
    let mut keys = Vec::new();
    tx.rows(&KEYS.page(cx.plans.dialect(), &COLUMNS, &[collection, owner, current], order, None), |row| {
        keys.push(key(row)?);
        Ok(())
    })?;
    Ok(keys)
}

/// Makes a key for an account and returns it with its text, which nobody can get again.
///
/// # Errors
/// 400 if the account has as many keys as it may have.
pub fn create(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, form: KeyForm) -> Result<(Key, Secret)> {
    forget_ended(tx, cx, record)?;
    if list(tx, cx, record)?.len() >= API_KEYS_MAX {
        return Err(Error::invalid(format!("An account may have {API_KEYS_MAX} API keys; delete one of them first.")));
    }
    let id = ids::record_id();
    let text = made(&id);
    let scope = match &form.scope {
        None => "null".to_owned(),
        Some(scope) => serde_json::to_string(scope).map_err(Error::internal)?,
    };
    let row: Vec<Set> = vec![
        ("id", id.as_str().into()),
        ("collectionRef", record.collection().id.as_str().into()),
        ("recordRef", record.id().into()),
        ("name", form.name.into()),
        ("tokenHash", digest::sha256(text.expose()).into()),
        ("keyHash", token::key_hash(record, TokenKind::Auth)?.into()),
        ("scope", scope.into()),
        ("created", tx.now().to_string().into()),
        ("lastUsed", "".into()),
        ("expires", form.expires.into()),
    ];
    tx.execute(&KEYS.insert(cx.plans.dialect(), row))?;
    let key = by_id(tx, cx, &id)?.ok_or_else(|| Error::internal("an API key isn't there after it was made"))?;
    Ok((key, text))
}

/// Gives a key another name.
pub fn rename(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str, name: String) -> Result<()> {
    let changes = vec![("name", name.into())];
    tx.execute(&KEYS.update(cx.plans.dialect(), changes, &[Where::Is("id", id.into())])).map(|_| ())
}

/// Ends a key.
pub fn end(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str) -> Result<()> {
    if tx.execute(&KEYS.delete(cx.plans.dialect(), &[Where::Is("id", id.into())]))? > 0 {
        tx.announce(Event::KeyEnded { id: id.to_owned() });
    }
    Ok(())
}

/// Notes that a key is used.
pub fn touch(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str) -> Result<()> {
    let changes = vec![("lastUsed", tx.now().to_string().into())];
    tx.execute(&KEYS.update(cx.plans.dialect(), changes, &[Where::Is("id", id.into())])).map(|_| ())
}

/// Deletes the rows of keys whose time is up.
pub fn forget_expired(tx: &mut WriteTx<'_>, cx: &Cx<'_>) -> Result<()> {
    let conditions = [Where::IsNot("expires", "".into()), Where::UpTo("expires", tx.now().to_string().into())];
    tx.execute(&KEYS.delete(cx.plans.dialect(), &conditions)).map(|_| ())
}

/// Deletes the rows of an account's keys that have ended with its former token key.
pub fn forget_ended(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<()> {
    let [collection, owner] = owned_by(record);
    let former = Where::IsNot("keyHash", token::key_hash(record, TokenKind::Auth)?.into());
    tx.execute(&KEYS.delete(cx.plans.dialect(), &[collection, owner, former])).map(|_| ())
}

/// A new key's text.
fn made(id: &str) -> Secret {
    let body = format!("{PREFIX}{id}_{}", ids::random_text(ids::SECRET_ALPHABET, SECRET_CHARS));
    let checksum = checksum(&body);
    Secret::new(body + &checksum)
}

/// Whether a text can be a key at all; most of what can't needs no look at the database.
fn is_well_formed(text: &str) -> bool {
    let end = text.len().saturating_sub(CHECKSUM_CHARS);
    text.starts_with(PREFIX)
        && text.is_ascii()
        && text.len() == PREFIX.len() + ids::RECORD_ID_CHARS + 1 + SECRET_CHARS + CHECKSUM_CHARS
        && checksum(&text[..end]) == text[end..]
}

fn checksum(text: &str) -> String {
    format!("{:0>CHECKSUM_CHARS$}", ids::checksum(text))
}

fn first(tx: &ReadTx<'_>, cx: &Cx<'_>, conditions: &[Where]) -> Result<Option<Key>> {
    tx.first(&KEYS.select(cx.plans.dialect(), &COLUMNS, conditions), key)
}

fn key(row: &Row<'_>) -> Result<Key> {
    let text = |at: usize| row.text(at).map(str::to_owned);
    // A scope that can't be read must not pass for none.
    let scope: Option<KeyScope> = serde_json::from_str(&text(5)?).map_err(Error::internal)?;
    Ok(Key {
        id: text(0)?,
        collection_id: text(1)?,
        record_id: text(2)?,
        name: text(3)?,
        key_hash: text(4)?,
        scope: scope.map(Arc::new),
        created: text(6)?,
        last_used: text(7)?,
        expires: text(8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_documented_form() {
        let key = made("abcdefghijklm12");
        let key = key.expose();
        assert!(key.starts_with("holdall_abcdefghijklm12_"), "{key}");
        let (secret, checksum) = key["holdall_abcdefghijklm12_".len()..].split_at(43);
        assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{key}");
        assert!(checksum.len() == 10 && checksum.bytes().all(|byte| byte.is_ascii_digit()), "{key}");
        assert!(is_well_formed(key));
        for other in [
            &key[1..],
            &key[..key.len() - 1],
            &key.replace("holdall_a", "holdall_b"),
            "holdall_",
            "",
            &key.replace("holdall", "h\u{f6}ldal"),
        ] {
            assert!(!is_well_formed(other), "{other}");
        }
    }
}
