//! API keys on the wire: what clients send to make one, and what they get to see.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::account::{self, Named};
use super::keys::{self, Key};
use crate::base::limits::API_KEY_NAME_MAX_CHARS;
use crate::base::{Error, FieldError, FieldErrors, Result, Timestamp};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{KeyScope, Schema, Verb};
use crate::records::Cx;
use crate::store::{ReadTx, WriteTx};

/// What a key is to be.
#[derive(Debug)]
pub struct KeyForm {
    /// What people call it.
    pub name: String,
    /// What it may do; `None` for whatever its owner may.
    pub scope: Option<KeyScope>,
    /// When it ends, in the interface's date form; empty for never.
    pub expires: String,
}

/// A key as its owner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    collection_id: &'a str,
    record_id: &'a str,
    scope: Option<BTreeMap<&'a str, &'a BTreeSet<Verb>>>,
    created: &'a str,
    last_used: &'a str,
    expires: &'a str,
    /// The key itself, in the answer that makes it and in no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// Makes a key from the caller's body, for them or, if they are a superuser, for the account that it names.
///
/// # Errors
/// As [`account::find`]; 400 with the codes of `name`, `scope`, `expires`.
pub fn create(tx: &mut WriteTx<'_>, cx: &Cx<'_>) -> Result<String> {
    let record = account::find(tx, cx, Named::of(cx.request)?.as_ref())?;
    let form = KeyForm::read(&cx.request.body, tx.schema(), tx.now())?;
    if form.scope.as_ref().is_some_and(KeyScope::allows_metrics) && record.collection().id != SUPERUSERS_ID {
        let error = FieldError::invalid("Only keys of superusers can see the program's figures.");
        return Err(Error::field(&format!("scope.{}", KeyScope::METRICS), error));
    }
    let (key, text) = keys::create(tx, cx, &record, form)?;
    json(&shown(tx, &key, Some(text.expose())))
}

/// The keys of an account, without their secrets.
///
/// # Errors
/// As [`account::find`].
pub fn list(tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<String> {
    let record = account::find(tx, cx, Named::of(cx.request)?.as_ref())?;
    let keys = keys::list(tx, cx, &record)?;
    let items: Vec<Shown<'_>> = keys.iter().map(|key| shown(tx, key, None)).collect();
    Ok(format!("{{\"items\":{}}}", json(&items)?))
}

/// Gives a key the name in the caller's body.
///
/// # Errors
/// 401, 403; 404 if the caller has no such key; 400 with the code of `name`.
pub fn rename(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str) -> Result<String> {
    find_own(tx, cx, id)?;
    let mut errors = FieldErrors::new();
    let name = read_name(&cx.request.body, &mut errors);
    errors.into_result("The API key can't be changed.")?;
    keys::rename(tx, cx, id, name)?;
    let key = keys::by_id(tx, cx, id)?.ok_or_else(Error::not_found)?;
    json(&shown(tx, &key, None))
}

/// Ends a key.
///
/// # Errors
/// 401, 403; 404 if the caller has no such key.
pub fn end(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str) -> Result<()> {
    find_own(tx, cx, id)?;
    keys::end(tx, cx, id)
}

/// What a key may do, collections by their names.
pub fn scope_json(tx: &ReadTx<'_>, scope: Option<&KeyScope>) -> Result<String> {
    json(&scope.map(|scope| named(tx.schema(), scope)))
}

/// One of the caller's keys; superusers find everybody's.
///
/// # Errors
/// 401 for guests, 403 with an API key, 404.
fn find_own(tx: &ReadTx<'_>, cx: &Cx<'_>, id: &str) -> Result<Key> {
    account::find(tx, cx, None)?;
    let own = |key: &Key| cx.principal.is_superuser() || cx.principal.is(&key.collection_id, &key.record_id);
    keys::by_id(tx, cx, id)?.filter(own).ok_or_else(Error::not_found)
}

fn shown<'a>(tx: &'a ReadTx<'_>, key: &'a Key, text: Option<&'a str>) -> Shown<'a> {
    Shown {
        id: &key.id,
        name: &key.name,
        collection_id: &key.collection_id,
        record_id: &key.record_id,
        scope: key.scope.as_deref().map(|scope| named(tx.schema(), scope)),
        created: &key.created,
        last_used: &key.last_used,
        expires: &key.expires,
        key: text,
    }
}

/// Collections are stored by id, so that they may be renamed, and shown by name. Those that are gone keep their ids.
fn named<'a>(schema: &'a Schema, scope: &'a KeyScope) -> BTreeMap<&'a str, &'a BTreeSet<Verb>> {
    let name = |id: &'a str| schema.by_id(id).map_or(id, |collection| collection.name.as_str());
    scope.0.iter().map(|(id, verbs)| (name(id), verbs)).collect()
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

impl KeyForm {
    /// Reads the body that makes a key.
    ///
    /// # Errors
    /// 400 with the codes of `name`, `scope`, `expires`.
    pub fn read(body: &Map<String, Json>, schema: &Schema, now: Timestamp) -> Result<KeyForm> {
        let mut errors = FieldErrors::new();
        let form = KeyForm {
            name: read_name(body, &mut errors),
            scope: read_scope(body.get("scope"), schema, &mut errors),
            expires: read_expires(body.get("expires"), now, &mut errors),
        };
        errors.into_result("The API key can't be made.")?;
        Ok(form)
    }
}

fn read_name(body: &Map<String, Json>, errors: &mut FieldErrors) -> String {
    let name = body.get("name").and_then(Json::as_str).unwrap_or_default().trim();
    if name.is_empty() {
        errors.add("name", FieldError::required());
    } else if name.chars().count() > API_KEY_NAME_MAX_CHARS {
        let message = format!("Use at most {API_KEY_NAME_MAX_CHARS} characters.");
        let error = FieldError::new("validation_length_out_of_range", message);
        errors.add("name", error.with("min", 1).with("max", API_KEY_NAME_MAX_CHARS));
    }
    name.to_owned()
}

/// A scope has to be there, if only as `null`: a key that may do everything is never made by leaving something out.
fn read_scope(sent: Option<&Json>, schema: &Schema, errors: &mut FieldErrors) -> Option<KeyScope> {
    let mut scope = KeyScope::default();
    match sent {
        Some(Json::Null) => return None,
        Some(Json::Object(collections)) if !collections.is_empty() => {
            for (name, verbs) in collections {
                match read_entry(name, verbs, schema) {
                    Ok((id, verbs)) => scope.0.entry(id).or_default().extend(verbs),
                    Err(error) => errors.add(&format!("scope.{name}"), error),
                }
            }
        }
        None | Some(Json::Object(_)) => errors.add("scope", FieldError::required()),
        Some(_) => errors.add("scope", FieldError::invalid("This must be an object or null.")),
    }
    Some(scope)
}

fn read_entry(name: &str, verbs: &Json, schema: &Schema) -> std::result::Result<(String, BTreeSet<Verb>), FieldError> {
    let id = match name {
        KeyScope::EVERY | KeyScope::METRICS => name.to_owned(),
        _ => match schema.find(name) {
            Some(collection) => collection.id.clone(),
            None => return Err(FieldError::invalid("There is no such collection.")),
        },
    };
    let verbs: BTreeSet<Verb> = serde_json::from_value(verbs.clone())
        .map_err(|_| FieldError::invalid("Use a list of list, view, create, update and delete."))?;
    if name == KeyScope::METRICS && verbs.iter().any(|verb| *verb != Verb::View) {
        return Err(FieldError::invalid("The program's figures can only be viewed."));
    }
    if verbs.is_empty() { Err(FieldError::required()) } else { Ok((id, verbs)) }
}

fn read_expires(sent: Option<&Json>, now: Timestamp, errors: &mut FieldErrors) -> String {
    match sent {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) if text.is_empty() => String::new(),
        Some(Json::String(text)) => match Timestamp::parse(text) {
            Some(at) if at > now => at.to_string(),
            Some(_) => {
                errors.add("expires", FieldError::invalid("This is over already."));
                String::new()
            }
            None => {
                errors.add("expires", FieldError::invalid("This must be a date, such as 2030-01-31 12:00:00.000Z."));
                String::new()
            }
        },
        Some(_) => {
            errors.add("expires", FieldError::invalid("This must be a date."));
            String::new()
        }
    }
}
