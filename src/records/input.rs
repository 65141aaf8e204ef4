//! A request body made values: modifiers resolved, types normalised, what the caller may not set left out.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::domain::field::elements;
use crate::domain::{Collection, Field, FieldKind, Modifier, Principal, Record, RequestInfo, Value};
use crate::rules::Submitted;

/// What the body and its files set, relative to `current`. Unknown keys are ignored; hidden fields are left out for
/// everybody but superusers, except an auth record's password.
pub fn submitted<'a>(
    collection: &'a Collection,
    current: &Record,
    request: &'a RequestInfo,
    principal: &Principal,
) -> Submitted<'a> {
    let values = collection
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| match is_settable(collection, field, principal) {
            true => value_of(field, current.at(at), request),
            false => None,
        })
        .collect();
    Submitted { collection, values, raw: &request.body }
}

/// Whether what the principal sends for this field counts.
pub fn is_settable(collection: &Collection, field: &Field, principal: &Principal) -> bool {
    let visible = !field.hidden || principal.is_superuser() || (collection.is_auth() && field.name == "password");
    visible && !matches!(field.kind, FieldKind::Autodate(_))
}

/// The value of one field: the plain key if there is one, then its modifiers, those with shorter keys first.
fn value_of(field: &Field, current: &Value, request: &RequestInfo) -> Option<Value> {
    let name = &field.name;
    let mut value = sent(field, name, request).map(|json| field.coerce(&json));
    for (key, modifier) in [
        (format!("+{name}"), Modifier::Prepend),
        (format!("{name}+"), Modifier::Append),
        (format!("{name}-"), Modifier::Remove),
        (format!("{name}:autogenerate"), Modifier::Autogenerate),
    ] {
        if let Some(operand) = sent(field, &key, request) {
            let from = value.as_ref().unwrap_or(current);
            value = field.kind.behaviour().modify(from, modifier, &operand).or(value);
        }
    }
    value
}

/// What was sent under a key: for files, the names in the body followed by those of the uploads.
fn sent<'r>(field: &Field, key: &str, request: &'r RequestInfo) -> Option<Cow<'r, Json>> {
    let in_body = request.body.get(key);
    if field.as_file().is_none() || request.uploads.is_empty() {
        return in_body.map(Cow::Borrowed);
    }
    let arrived: Vec<String> = request.uploads(key).map(|upload| upload.name.clone()).collect();
    if arrived.is_empty() {
        return in_body.map(Cow::Borrowed);
    }
    let kept = in_body.map(elements).unwrap_or_default();
    Some(Cow::Owned(Json::from([kept, arrived].concat())))
}
