//! A request body made values: modifiers resolved, types normalised, what the caller may not set left out.

use serde_json::{Map, Value as Json};

use crate::domain::{Collection, Field, FieldKind, Modifier, Principal, Record, Value};
use crate::rules::Submitted;

/// What the body sets, relative to `current`. Unknown keys are ignored; hidden fields are left out for everybody but
/// superusers, except an auth record's password.
pub fn submitted<'a>(
    collection: &'a Collection,
    current: &Record,
    body: &'a Map<String, Json>,
    principal: &Principal,
) -> Submitted<'a> {
    let superuser = principal.is_superuser();
    let values = collection
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let settable = !field.hidden || superuser || (collection.is_auth() && field.name == "password");
            match settable && !matches!(field.kind, FieldKind::Autodate(_)) {
                true => value_of(field, current.at(at), body),
                false => None,
            }
        })
        .collect();
    Submitted { collection, values, raw: body }
}

/// The value of one field: the plain key if there is one, then its modifiers, those with shorter keys first.
fn value_of(field: &Field, current: &Value, body: &Map<String, Json>) -> Option<Value> {
    let name = &field.name;
    let mut value = body.get(name).map(|json| field.coerce(json));
    for (key, modifier) in [
        (format!("+{name}"), Modifier::Prepend),
        (format!("{name}+"), Modifier::Append),
        (format!("{name}-"), Modifier::Remove),
        (format!("{name}:autogenerate"), Modifier::Autogenerate),
    ] {
        if let Some(operand) = body.get(&key) {
            let from = value.as_ref().unwrap_or(current);
            value = field.kind.behaviour().modify(from, modifier, operand).or(value);
        }
    }
    value
}
