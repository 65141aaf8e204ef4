//! What follows from a merge by itself: system fields and their flags, generated secrets, forced options, indexes.
//!
//! Called between [`super::merge`] and [`super::validate`]. Never fails: what can't be put right is left for
//! validation.

use super::merge::free_id;
use super::{blank, indexes};
use crate::base::{Secret, ids};
use crate::domain::principal::SUPERUSERS;
use crate::domain::{AuthOptions, Collection, CollectionKind, Field, FieldKind};

/// Puts `collection`, which is about to take the place of `old`, in order.
pub fn normalize(collection: &mut Collection, old: Option<&Collection>) {
    if !collection.is_view() {
        force_id_field(&mut collection.fields);
    }
    if collection.is_auth() {
        force_auth_fields(&mut collection.fields);
    }
    let names: Vec<String> = collection.fields.iter().map(|field| field.name.clone()).collect();
    let is_superusers = collection.name == SUPERUSERS;
    if let CollectionKind::Auth(options) = &mut collection.kind {
        if is_superusers {
            force_superuser_options(options);
        }
        complete_options(options, old.and_then(Collection::auth), &names);
    }
    indexes::normalize(collection);
}

/// Every stored collection has a text field `id`; if it isn't among `fields`, the default one comes first.
fn force_id_field(fields: &mut Vec<Field>) {
    let default = blank::id_field();
    let found = fields.iter_mut().find(|field| field.name == "id" && matches!(field.kind, FieldKind::Text(_)));
    if let Some(id) = found {
        (id.system, id.required, id.hidden) = (true, true, false);
        if let FieldKind::Text(text) = &mut id.kind {
            text.primary_key = true;
            if text.pattern.is_empty() {
                text.pattern = "^[a-z0-9]+$".to_owned();
            }
        }
    } else if !fields.iter().any(|field| field.id == default.id) {
        fields.insert(0, default);
    }
}

/// Adds the system fields that are missing, puts them in place of fields that have their names but another type, and
/// forces the flags that can't be chosen.
fn force_auth_fields(fields: &mut Vec<Field>) {
    for default in blank::auth_fields() {
        match fields.iter().position(|field| field.name == default.name) {
            None => {
                let id = free_id(&default.id, |id| fields.iter().any(|field| field.id == id));
                fields.push(Field { id, ..default });
            }
            Some(at) if fields[at].kind.type_name() != default.kind.type_name() => {
                fields[at] = Field { id: fields[at].id.clone(), ..default };
            }
            Some(at) => {
                let field = &mut fields[at];
                field.system = true;
                if default.hidden {
                    (field.hidden, field.required) = (true, true);
                } else if default.name == "email" {
                    field.hidden = false;
                }
            }
        }
    }
}

/// Superusers sign in with passwords and nothing weaker.
fn force_superuser_options(options: &mut AuthOptions) {
    options.oauth2.enabled = false;
    options.oauth2.providers.clear();
    options.password_auth.enabled = true;
    if options.otp.enabled {
        options.mfa.enabled = true;
    }
}

fn complete_options(options: &mut AuthOptions, old: Option<&AuthOptions>, fields: &[String]) {
    let mapped = &mut options.oauth2.mapped_fields;
    for name in [&mut mapped.id, &mut mapped.name, &mut mapped.username, &mut mapped.avatar_url] {
        if !fields.contains(name) {
            name.clear();
        }
    }
    match old {
        None => {
            for token in options.tokens_mut() {
                if token.secret.is_empty() {
                    token.secret = Secret::new(ids::secret());
                }
            }
        }
        Some(old) => {
            // Whoever was let in under another rule has to sign in again.
            let text = |rule: &Option<String>| rule.clone().unwrap_or_default();
            let rule_changed = text(&old.auth_rule) != text(&options.auth_rule);
            if rule_changed && old.auth_token.secret == options.auth_token.secret {
                options.auth_token.secret = Secret::new(ids::secret());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::merge::{Body, merge};
    use serde_json::{Value as Json, json};

    fn normalized(type_name: &str, old: Option<&Collection>, body: Json) -> Collection {
        let mut made = old.cloned().unwrap_or_else(|| blank::collection(type_name));
        merge(&mut made, &Body::new(body.as_object().expect("an object"))).expect("mergeable");
        normalize(&mut made, old);
        made
    }

    fn names(collection: &Collection) -> Vec<&str> {
        collection.fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn system_fields_come_back_with_their_flags() {
        let made = normalized("base", None, json!({"fields": [{"name": "x", "type": "text"}]}));
        assert_eq!(names(&made), ["id", "x"]);
        let made = normalized(
            "auth",
            None,
            json!({"fields": [
                {"name": "tokenKey", "type": "text", "required": false, "min": 10},
                {"name": "email", "type": "email", "hidden": true},
                {"name": "id", "type": "text", "max": 5, "hidden": true}]}),
        );
        assert_eq!(names(&made), ["tokenKey", "email", "id", "password", "emailVisibility", "verified"]);
        let impostor = normalized("auth", None, json!({"fields": [{"name": "email", "type": "text", "id": "x"}]}));
        let email = &impostor.fields[1];
        assert_eq!((email.id.as_str(), email.kind.type_name(), email.system), ("x", "email", true));
        let squatter =
            normalized("auth", None, json!({"fields": [{"name": "p", "type": "password", "id": "password901924565"}]}));
        let ids: Vec<_> = squatter.fields.iter().filter(|f| f.kind.type_name() == "password").map(|f| &f.id).collect();
        assert_eq!(ids, ["password901924565", "password9019245652"]);
        let (key, email, id) = (&made.fields[0], &made.fields[1], &made.fields[2]);
        assert!(key.system && key.hidden && key.required && matches!(&key.kind, FieldKind::Text(t) if t.min == 10));
        assert!(email.system && !email.hidden && !email.required);
        assert!(id.system && id.required && !id.hidden);
        assert!(matches!(&id.kind, FieldKind::Text(t) if t.primary_key && t.pattern == "^[a-z0-9]+$" && t.max == 5));
    }

    #[test]
    fn secrets_are_generated_once_and_renewed_with_the_auth_rule() {
        let secret = |c: &Collection| c.auth().expect("auth").auth_token.secret.expose().to_owned();
        let first = normalized("auth", None, json!({}));
        assert_eq!(secret(&first).len(), 50);
        assert_eq!(secret(&normalized("auth", Some(&first), json!({"name": "x"}))), secret(&first));
        assert_eq!(secret(&normalized("auth", Some(&first), json!({"authRule": null}))), secret(&first));
        assert_ne!(secret(&normalized("auth", Some(&first), json!({"authRule": "verified = true"}))), secret(&first));
        let given = "s".repeat(40);
        let body = json!({"authRule": "verified = true", "authToken": {"secret": given}});
        assert_eq!(secret(&normalized("auth", Some(&first), body)), given);
    }

    #[test]
    fn superusers_stay_strict_and_mapped_fields_exist() {
        let body = json!({"name": "_superusers", "otp": {"enabled": true}, "passwordAuth": {"enabled": false},
            "oauth2": {"enabled": true, "providers": [{"name": "google"}], "mappedFields": {"name": "nope", "id": "email"}}});
        let made = normalized("auth", None, body);
        let auth = made.auth().expect("auth");
        assert!(
            auth.mfa.enabled && auth.password_auth.enabled && !auth.oauth2.enabled && auth.oauth2.providers.is_empty()
        );
        assert_eq!((auth.oauth2.mapped_fields.name.as_str(), auth.oauth2.mapped_fields.id.as_str()), ("", "email"));
    }
}
