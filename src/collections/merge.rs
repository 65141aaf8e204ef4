//! What a client sent, laid over a stored or blank collection.
//!
//! Called for create, update and import. Keys are matched in any letter case, absent keys leave what is there, `null`
//! is the zero value; `fields` replaces the list, OAuth2 providers merge by name. Not here: what follows from the merge
//! by itself (see [`super::normalize`]) and whether the result may be saved (see [`super::validate`]).

use serde_json::{Map, Value as Json};

use super::blank::auth_options_json;
use crate::base::{Error, Result};
use crate::domain::{Collection, CollectionKind, Field, Rules};

/// Keys of options whose zero value is `null`.
const NULLABLE_KEYS: [&str; 4] = ["authRule", "manageRule", "pkce", "extra"];

/// A body with its keys in one letter case.
pub struct Body<'a>(Vec<(String, &'a Json)>);

impl<'a> Body<'a> {
    /// Wraps a JSON object.
    pub fn new(map: &'a Map<String, Json>) -> Body<'a> {
        Body(map.iter().map(|(key, value)| (key.to_ascii_lowercase(), value)).collect())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a Json> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| *value)
    }

    /// Whether the key was sent.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The text of a key; `null` is empty.
    pub fn text(&self, key: &str) -> Result<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Json::Null) => Ok(Some(String::new())),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(malformed(&format!("{key} must be a text"))),
        }
    }

    fn truth(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Json::Null) => Ok(Some(false)),
            Some(Json::Bool(truth)) => Ok(Some(*truth)),
            Some(_) => Err(malformed(&format!("{key} must be true or false"))),
        }
    }

    fn rule(&self, key: &str, target: &mut Option<String>) -> Result<()> {
        match self.get(key) {
            None => {}
            Some(Json::Null) => *target = None,
            Some(Json::String(text)) => *target = Some(text.clone()),
            Some(_) => return Err(malformed(&format!("{key} must be a text or null"))),
        }
        Ok(())
    }

    /// The definitions under `fields`, if sent.
    pub fn fields(&self) -> Result<Option<Vec<Field>>> {
        match self.get("fields") {
            None => Ok(None),
            Some(Json::Null) => Ok(Some(Vec::new())),
            Some(Json::Array(items)) => items.iter().map(read_field).collect::<Result<_>>().map(Some),
            Some(_) => Err(malformed("fields must be a list")),
        }
    }

    fn indexes(&self) -> Result<Option<Vec<String>>> {
        match self.get("indexes") {
            None => Ok(None),
            Some(Json::Null) => Ok(Some(Vec::new())),
            Some(Json::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Json::String(text) => Ok(text.clone()),
                    Json::Null => Ok(String::new()),
                    _ => Err(malformed("indexes must be a list of texts")),
                })
                .collect::<Result<_>>()
                .map(Some),
            Some(_) => Err(malformed("indexes must be a list")),
        }
    }
}

/// 400 with an empty `data`, for bodies of the wrong shape.
pub fn malformed(what: &str) -> Error {
    Error::invalid(format!("The body doesn't have the expected form: {what}"))
}

/// Lays `body` over `target`. The type, the id and the dates are the caller's business.
///
/// # Errors
/// 400 with empty `data` if something has the wrong JSON type or a field's type is unknown.
pub fn merge(target: &mut Collection, body: &Body<'_>) -> Result<()> {
    if let Some(name) = body.text("name")? {
        target.name = name;
    }
    if let Some(system) = body.truth("system")? {
        target.system = system;
    }
    let Rules { list, view, create, update, delete } = &mut target.rules;
    for (key, rule) in
        [("listRule", list), ("viewRule", view), ("createRule", create), ("updateRule", update), ("deleteRule", delete)]
    {
        body.rule(key, rule)?;
    }
    if let Some(fields) = body.fields()?
        && !target.is_view()
    {
        target.fields = field_list(fields);
    }
    if let Some(indexes) = body.indexes()? {
        target.indexes = indexes;
    }
    match &mut target.kind {
        CollectionKind::Base => {}
        CollectionKind::View(query) => {
            if let Some(sent) = body.text("viewQuery")? {
                *query = sent;
            }
        }
        CollectionKind::Auth(options) => {
            let mut merged = auth_options_json(options);
            if let Json::Object(known) = &mut merged {
                for (key, value) in known.iter_mut() {
                    if let Some(sent) = body.get(key) {
                        merge_option(key, value, sent)?;
                    }
                }
            }
            *options = serde_json::from_value(merged).map_err(|error| malformed(&error.to_string()))?;
        }
    }
    Ok(())
}

fn read_field(definition: &Json) -> Result<Field> {
    match definition {
        Json::Object(map) => Field::from_json(map).map_err(|error| malformed(&error)),
        _ => Err(malformed("a field must be an object")),
    }
}

/// Gives every field an id. A field with the id of an earlier one takes its place; one without an id takes the place
/// of an earlier one of the same name.
fn field_list(sent: Vec<Field>) -> Vec<Field> {
    let mut list: Vec<Field> = Vec::with_capacity(sent.len());
    let reserved: Vec<String> = sent.iter().map(|field| field.id.clone()).collect();
    for mut field in sent {
        if field.id.is_empty() {
            if let Some(earlier) = list.iter_mut().find(|earlier| earlier.name == field.name && !field.name.is_empty())
            {
                field.id = earlier.id.clone();
                *earlier = field;
                continue;
            }
            let taken = |id: &str| list.iter().any(|f| f.id == id) || reserved.iter().any(|r| r == id);
            field.id = free_id(&Field::generated_id(field.kind.type_name(), &field.name), taken);
        } else if let Some(earlier) = list.iter_mut().find(|earlier| earlier.id == field.id) {
            *earlier = field;
            continue;
        }
        list.push(field);
    }
    list
}

/// `id`, or else the first of `id2`, `id3`, … that isn't taken.
pub fn free_id(id: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut candidate = id.to_owned();
    let mut number = 2;
    while taken(&candidate) {
        candidate = format!("{id}{number}");
        number += 1;
    }
    candidate
}

/// Lays `sent` over the option `key`, whose present value shows its shape.
fn merge_option(key: &str, target: &mut Json, sent: &Json) -> Result<()> {
    if sent.is_null() {
        *target = if NULLABLE_KEYS.contains(&key) { Json::Null } else { zero_of(target) };
        return Ok(());
    }
    match (&mut *target, sent) {
        // What is in `extra` belongs to the client as a whole.
        _ if key == "extra" => *target = sent.clone(),
        (Json::Object(known), Json::Object(map)) => {
            let body = Body::new(map);
            for (name, value) in known.iter_mut() {
                if let Some(sent) = body.get(name) {
                    merge_option(name, value, sent)?;
                }
            }
        }
        (Json::Object(_), _) => return Err(malformed(&format!("{key} must be an object"))),
        (Json::Array(stored), Json::Array(items)) if key == "providers" => {
            let blank = serde_json::to_value(crate::domain::collection::OAuth2Provider::default()).unwrap_or_default();
            let mut merged = Vec::with_capacity(items.len());
            for item in items {
                // By name, not by place: a secret must never end up with another provider.
                let name = item.as_object().map(Body::new).and_then(|body| body.get("name")).and_then(Json::as_str);
                let same = stored.iter().find(|stored| name.is_some() && stored["name"].as_str() == name);
                let mut provider = same.unwrap_or(&blank).clone();
                merge_option("provider", &mut provider, item)?;
                merged.push(provider);
            }
            *target = Json::Array(merged);
        }
        _ => *target = sent.clone(),
    }
    Ok(())
}

/// The zero value in the shape of `value`.
fn zero_of(value: &Json) -> Json {
    match value {
        Json::Null => Json::Null,
        Json::Bool(_) => Json::Bool(false),
        Json::Number(_) => Json::from(0),
        Json::String(_) => Json::String(String::new()),
        Json::Array(_) => Json::Array(Vec::new()),
        Json::Object(map) => map
            .iter()
            .map(|(key, value)| {
                (key.clone(), if NULLABLE_KEYS.contains(&key.as_str()) { Json::Null } else { zero_of(value) })
            })
            .collect::<Map<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::blank;
    use serde_json::json;

    fn merged(type_name: &str, bodies: &[Json]) -> Result<Collection> {
        let mut target = blank::collection(type_name);
        for body in bodies {
            merge(&mut target, &Body::new(body.as_object().expect("an object")))?;
        }
        Ok(target)
    }

    fn check(bodies: &[Json], expect: impl FnOnce(&Collection) -> bool) {
        let collection = merged("auth", bodies).expect("mergeable");
        assert!(expect(&collection), "{bodies:?} gave {}", auth_options_json(collection.auth().expect("auth")));
    }

    #[test]
    fn absent_keys_stay_and_letter_case_does_not_matter() {
        check(&[json!({"NAME": "a", "MFA": {"Enabled": true}})], |c| {
            let mfa = &c.auth().expect("auth").mfa;
            c.name == "a" && mfa.enabled && mfa.duration == 600
        });
        check(&[json!({"listRule": "", "viewRule": "id != ''"}), json!({"viewRule": null})], |c| {
            c.rules.list.as_deref() == Some("") && c.rules.view.is_none()
        });
    }

    #[test]
    fn providers_merge_by_name() {
        let first = json!({"oauth2": {"providers": [
            {"name": "google", "clientId": "g", "clientSecret": "gs", "extra": {"a": 1}}, {"name": "github", "clientId": "h", "clientSecret": "hs"}]}});
        let swapped = json!({"oauth2": {"providers": [{"name": "github"}, {"name": "google"}, {"name": "box"}]}});
        check(&[first.clone(), swapped], |c| {
            let providers = &c.auth().expect("auth").oauth2.providers;
            let secrets: Vec<_> = providers.iter().map(|p| (p.name.as_str(), p.client_secret.expose())).collect();
            secrets == [("github", "hs"), ("google", "gs"), ("box", "")]
        });
        check(&[first.clone(), json!({"oauth2": {"providers": [{"NAME": "google", "extra": {"b": 2}}]}})], |c| {
            let providers = &c.auth().expect("auth").oauth2.providers;
            providers.len() == 1 && json!(providers[0].extra) == json!({"b": 2}) && providers[0].client_id == "g"
        });
        check(&[first, json!({"oauth2": null})], |c| c.auth().expect("auth").oauth2.providers.is_empty());
    }

    #[test]
    fn null_is_the_zero_value() {
        check(&[json!({"authToken": null, "authRule": null, "passwordAuth": {"identityFields": null}})], |c| {
            let auth = c.auth().expect("auth");
            auth.auth_token.duration == 0 && auth.auth_rule.is_none() && auth.password_auth.identity_fields.is_empty()
        });
    }

    #[test]
    fn wrong_types_are_malformed() {
        for body in [
            json!({"name": 5}),
            json!({"listRule": 5}),
            json!({"fields": "x"}),
            json!({"fields": {}}),
            json!({"fields": [5]}),
            json!({"fields": [{"name": "x", "type": "foo"}]}),
            json!({"fields": [{"name": "x"}]}),
            json!({"indexes": [5]}),
            json!({"indexes": 5}),
            json!({"system": "x"}),
            json!({"authToken": 5}),
            json!({"authToken": {"duration": "x"}}),
            json!({"oauth2": {"providers": [5]}}),
            json!({"mfa": []}),
            json!({"passwordAuth": {"identityFields": [1]}}),
            json!({"fields": [{"name": "x", "type": "text", "max": "q"}]}),
            json!({"authRule": 5}),
        ] {
            let error = merged("auth", std::slice::from_ref(&body)).expect_err(&body.to_string());
            assert!(error.fields().is_empty() && error.kind() == crate::base::ErrorKind::Invalid, "{body}");
        }
    }

    #[test]
    fn fields_get_ids_and_replace_each_other() {
        let names = |fields: Json| -> Vec<(String, String)> {
            let collection = merged("base", &[json!({ "fields": fields })]).expect("mergeable");
            collection.fields.into_iter().map(|field| (field.id, field.name)).collect()
        };
        let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        assert_eq!(names(json!([{"name": "x", "type": "text"}])), [pair("text2363233923", "x")]);
        assert_eq!(
            names(json!([{"name": "x", "type": "text"}, {"name": "x", "type": "number"}])),
            [pair("text2363233923", "x")]
        );
        assert_eq!(
            names(json!([{"name": "y", "type": "text", "id": "text2363233923"}, {"name": "x", "type": "text"}])),
            [pair("text2363233923", "y"), pair("text23632339232", "x")]
        );
        assert_eq!(
            names(json!([{"name": "a", "type": "text", "id": "q"}, {"name": "b", "type": "bool", "id": "q"}])),
            [pair("q", "b")]
        );
        assert_eq!(names(json!(null)), []);
    }
}
