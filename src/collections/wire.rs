//! Collections as clients see them: key order, no secrets.
//!
//! Called by the edges for answers and by export. Not here: reading what clients send (see [`super::merge`]).

use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::base::json::{write_json, write_str};
use crate::domain::{Collection, CollectionKind, Schema};

/// The order in which the keys of options are served, over all levels; keys that aren't listed follow by name.
const OPTION_KEYS: [&str; 42] = [
    "authRule",
    "manageRule",
    "authAlert",
    "oauth2",
    "passwordAuth",
    "mfa",
    "otp",
    "authToken",
    "passwordResetToken",
    "emailChangeToken",
    "verificationToken",
    "fileToken",
    "verificationTemplate",
    "resetPasswordTemplate",
    "confirmEmailChangeTemplate",
    "sessions",
    "providers",
    "mappedFields",
    "enabled",
    "duration",
    "length",
    "rule",
    "identityFields",
    "emailTemplate",
    "subject",
    "body",
    "id",
    "pkce",
    "name",
    "username",
    "avatarURL",
    "clientId",
    "authURL",
    "tokenURL",
    "userInfoURL",
    "displayName",
    "extra",
    "secret",
    "clientSecret",
    "idleDuration",
    "maxDuration",
    "endOnChange",
];

/// The JSON text of a collection, without secrets.
pub fn to_json(collection: &Collection) -> String {
    let mut out = String::with_capacity(1024);
    write_collection(&mut out, collection);
    out
}

/// All collections as a JSON array that import takes, without secrets.
pub fn export(schema: &Schema) -> String {
    let mut out = String::from("[");
    for (at, collection) in schema.collections().iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_collection(&mut out, collection);
    }
    out.push(']');
    out
}

fn write_collection(out: &mut String, collection: &Collection) {
    let rules = &collection.rules;
    out.push('{');
    text_member(out, "id", &collection.id);
    let rules = [
        ("listRule", &rules.list),
        ("viewRule", &rules.view),
        ("createRule", &rules.create),
        ("updateRule", &rules.update),
        ("deleteRule", &rules.delete),
    ];
    for (name, rule) in rules {
        match rule {
            Some(rule) => text_member(out, name, rule),
            None => member(out, name, &Json::Null),
        }
    }
    text_member(out, "name", &collection.name);
    text_member(out, "type", collection.kind.name());
    member(out, "fields", &collection.fields.iter().map(|field| field.to_json()).collect());
    member(out, "indexes", &Json::from(collection.indexes.clone()));
    text_member(out, "created", &collection.created);
    text_member(out, "updated", &collection.updated);
    member(out, "system", &Json::Bool(collection.system));
    match &collection.kind {
        CollectionKind::Base => {}
        CollectionKind::View(query) => text_member(out, "viewQuery", query),
        CollectionKind::Auth(options) => {
            out.push(',');
            write_members(out, &options.public_json());
        }
    }
    out.push('}');
}

fn key(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    write_str(out, name);
    out.push(':');
}

fn text_member(out: &mut String, name: &str, text: &str) {
    key(out, name);
    write_str(out, text);
}

fn member(out: &mut String, name: &str, value: &Json) {
    key(out, name);
    write_json(out, value);
}

fn write_members(out: &mut String, map: &serde_json::Map<String, Json>) {
    let rank = |key: &str| OPTION_KEYS.iter().position(|known| *known == key).unwrap_or(OPTION_KEYS.len());
    let mut members: Vec<_> = map.iter().collect();
    members.sort_by(|(a, _), (b, _)| match rank(a).cmp(&rank(b)) {
        Ordering::Equal => a.cmp(b),
        other => other,
    });
    for (at, (name, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_str(out, name);
        out.push(':');
        // What a provider has besides its options is served as an object even if there is nothing.
        if name == "extra" && value.is_null() { out.push_str("{}") } else { write_option(out, value) }
    }
}

fn write_option(out: &mut String, value: &Json) {
    match value {
        Json::Object(map) => {
            out.push('{');
            write_members(out, map);
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_option(out, item);
            }
            out.push(']');
        }
        other => write_json(out, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::blank;

    #[test]
    fn keys_come_in_the_documented_order_and_without_secrets() {
        let mut users = blank::collection("auth");
        if let CollectionKind::Auth(options) = &mut users.kind {
            options.auth_token.secret = crate::base::Secret::new("hush-hush");
        }
        let text = to_json(&users);
        let places: Vec<_> = [
            "\"id\":", "\"listRule\":", "\"deleteRule\":", "\"name\":", "\"type\":", "\"fields\":", "\"indexes\":",
            "\"created\":", "\"updated\":", "\"system\":false,\"authRule\":", "\"manageRule\":",
            "\"authAlert\":{\"enabled\":true,\"emailTemplate\":{\"subject\":", "\"oauth2\":{\"providers\":[],\"mappedFields\":{\"id\":\"\",\"name\":\"\",\"username\":\"\",\"avatarURL\":\"\"},\"enabled\":false}",
            "\"passwordAuth\":{\"enabled\":true,\"identityFields\":[\"email\"]}", "\"mfa\":{\"enabled\":false,\"duration\":600,\"rule\":\"\"}",
            "\"otp\":{\"enabled\":false,\"duration\":180,\"length\":8,\"emailTemplate\":", "\"authToken\":{\"duration\":432000}",
            "\"fileToken\":{\"duration\":180}", "\"confirmEmailChangeTemplate\":{\"subject\":",
        ]
        .iter()
        .map(|part| text.find(part).unwrap_or_else(|| panic!("{part} in {text}")))
        .collect();
        assert!(places.is_sorted_by(|a, b| a < b || places[0] == *a), "{places:?}");
        assert!(!text.contains("hush") && !text.contains("\"secret\""));
    }
}
