//! Checks that concern every kind: the keys that all fields share, required values, ranges of option numbers.
//!
//! Called by the kinds and by `collections`. Not here: checks across fields (duplicate names, a changed type).

use crate::base::limits::SAFE_INTEGER_MAX;
use crate::base::{FieldError, FieldErrors};
use crate::domain::{Field, Value};

const NAME_MAX_CHARS: usize = 100;
const ID_MAX_CHARS: usize = 100;
const HELP_MAX_CHARS: usize = 300;

/// Names that mean something else in records or in the filter language; other letter cases are free.
const RESERVED_NAMES: [&str; 7] = ["null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand"];

/// Body keys of auth records that aren't fields.
const AUTH_RESERVED_NAMES: [&str; 2] = ["passwordConfirm", "oldPassword"];

/// Checks the keys that all kinds share; paths are relative to the field.
pub fn check_common(field: &Field) -> FieldErrors {
    let mut errors = FieldErrors::new();
    errors.check("id", check_id(&field.id));
    errors.check("name", check_name(&field.name));
    errors.check("help", check_length(&field.help, HELP_MAX_CHARS));
    errors
}

/// Refuses names that only auth collections reserve.
///
/// # Errors
/// `validation_reserved_field_name`.
pub fn check_auth_reserved(name: &str) -> Result<(), FieldError> {
    if AUTH_RESERVED_NAMES.contains(&name) {
        return Err(FieldError::new(
            "validation_reserved_field_name",
            "Auth collections use this name for themselves.",
        ));
    }
    Ok(())
}

fn check_id(id: &str) -> Result<(), FieldError> {
    if id.is_empty() {
        return Err(FieldError::required());
    }
    check_length(id, ID_MAX_CHARS)
}

fn check_name(name: &str) -> Result<(), FieldError> {
    if name.is_empty() {
        return Err(FieldError::required());
    }
    check_length(name, NAME_MAX_CHARS)?;
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(FieldError::new("validation_match_invalid", "Use letters, digits and underscores only."));
    }
    if RESERVED_NAMES.contains(&name) {
        return Err(FieldError::new("validation_not_in_invalid", "This name is reserved."));
    }
    if name.to_ascii_lowercase().contains("_via_") {
        return Err(FieldError::new("validation_found_via", "Names can't contain _via_, which marks back-relations."));
    }
    Ok(())
}

fn check_length(text: &str, max: usize) -> Result<(), FieldError> {
    if text.chars().count() > max {
        return Err(FieldError::new("validation_length_out_of_range", format!("Use 1 to {max} characters."))
            .with("min", 1)
            .with("max", max));
    }
    Ok(())
}

/// Whether there is a value to check further: a zero value is refused if the field is required, else it's fine.
pub(super) fn is_present(field: &Field, value: &Value) -> Result<bool, FieldError> {
    match (value.is_zero(), field.required) {
        (true, true) => Err(FieldError::required()),
        (zero, _) => Ok(!zero),
    }
}

/// Refuses an option outside `min..=max`; 0 always means "not set" and passes.
pub(super) fn check_range(number: i64, min: i64, max: i64) -> Result<(), FieldError> {
    if number != 0 && number < min {
        return Err(below(min));
    }
    if number > max {
        return Err(FieldError::new(
            "validation_max_less_equal_than_required",
            format!("This can't be greater than {max}."),
        )
        .with("threshold", max));
    }
    Ok(())
}

/// Refuses an option that is less than `min`.
pub(super) fn below(min: i64) -> FieldError {
    FieldError::new("validation_min_greater_equal_than_required", format!("This can't be less than {min}."))
        .with("threshold", min)
}

/// Refuses a size or count that is negative or that JSON clients can't keep exactly.
pub(super) fn check_count(number: i64) -> Result<(), FieldError> {
    check_range(number, 0, SAFE_INTEGER_MAX)
}

/// The error for text that a field's pattern doesn't match.
pub(super) fn invalid_format() -> FieldError {
    FieldError::new("validation_invalid_format", "This doesn't have the expected format.")
}

/// The error for a list with more elements than `max`.
pub(super) fn too_many_values(max: i64) -> FieldError {
    FieldError::new("validation_too_many_values", format!("Choose no more than {max}.")).with("maxSelect", max)
}

#[cfg(test)]
pub(super) mod testing {
    //! What the tests of all kinds share.

    use std::sync::Arc;

    use serde_json::{Map, Value as Json, json};

    use super::super::OptionSite;
    use crate::base::FieldError;
    use crate::domain::{Collection, CollectionKind, Field, Rules, Schema};

    /// A field named `f` from its JSON definition; what isn't in it has its default.
    pub fn field(mut definition: Json) -> Field {
        let map: &mut Map<String, Json> = definition.as_object_mut().expect("an object");
        map.entry("name").or_insert(json!("f"));
        Field::from_json(map).expect("a field definition")
    }

    /// The code and parameters with which a field refuses an input, or `None`.
    pub fn refusal(field: &Field, input: &Json) -> Option<(&'static str, Json)> {
        let error: FieldError = field.check(&field.coerce(input)).err()?;
        Some((error.code, error.params.map_or(Json::Null, Json::Object)))
    }

    /// Asserts that a field takes or refuses (with this code and parameters) each input.
    pub fn check_values(definition: Json, cases: &[(Json, Option<(&'static str, Json)>)]) {
        let field = field(definition);
        for (input, expect) in cases {
            assert_eq!(refusal(&field, input), *expect, "{input}");
        }
    }

    /// A base or view collection with these fields.
    pub fn collection(id: &str, kind: CollectionKind, fields: Vec<Field>) -> Collection {
        Collection {
            id: id.to_owned(),
            name: id.to_owned(),
            kind,
            system: false,
            rules: Rules::default(),
            fields,
            indexes: Vec::new(),
            created: String::new(),
            updated: String::new(),
        }
    }

    /// The option errors of a field as JSON, messages left out, in a base collection called `own`, beside a base
    /// collection called `posts` and a view called `report`.
    pub fn option_errors_of(field: &Field, old: Option<&Field>, own: CollectionKind) -> Json {
        let own = collection("own", own, vec![field.clone()]);
        let posts = collection("posts", CollectionKind::Base, Vec::new());
        let report = collection("report", CollectionKind::View(String::new()), Vec::new());
        let schema = Schema::new(vec![Arc::new(posts), Arc::new(report)]);
        let site = OptionSite { collection: &own, old, schema: &schema };
        let errors = field.kind.behaviour().check_options(field, &site);
        bare(serde_json::to_value(errors).expect("errors serialise"))
    }

    /// Asserts the option errors of each definition; see [`bare`] for their form.
    pub fn check_options(cases: &[(Json, Json)]) {
        for (definition, expect) in cases {
            let found = option_errors_of(&field(definition.clone()), None, CollectionKind::Base);
            assert_eq!(found, *expect, "{definition}");
        }
    }

    /// Errors without messages: a code alone is a string, one with parameters a pair.
    fn bare(errors: Json) -> Json {
        let Json::Object(mut map) = errors else { return errors };
        if let (Some(code @ Json::String(_)), true) = (map.get("code").cloned(), map.contains_key("message")) {
            return match map.remove("params") {
                Some(params) => json!([code, params]),
                None => code,
            };
        }
        Json::Object(map.into_iter().map(|(name, node)| (name, bare(node))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_words_that_nothing_else_uses() {
        for (name, expect) in [
            ("a", None),
            ("1a", None),
            ("NULL", None),
            ("_ROWID_", None),
            ("rowid", None),
            (&*"a".repeat(100), None),
            (&*"a".repeat(101), Some("validation_length_out_of_range")),
            ("", Some("validation_required")),
            ("a b", Some("validation_match_invalid")),
            ("a-b", Some("validation_match_invalid")),
            ("a\"b", Some("validation_match_invalid")),
            ("é", Some("validation_match_invalid")),
            ("null", Some("validation_not_in_invalid")),
            ("true", Some("validation_not_in_invalid")),
            ("false", Some("validation_not_in_invalid")),
            ("_rowid_", Some("validation_not_in_invalid")),
            ("collectionId", Some("validation_not_in_invalid")),
            ("collectionName", Some("validation_not_in_invalid")),
            ("expand", Some("validation_not_in_invalid")),
            ("a_via_b", Some("validation_found_via")),
            ("a_VIA_b", Some("validation_found_via")),
        ] {
            let field = testing::field(json!({"type": "bool", "id": "x", "name": name}));
            assert_eq!(check_common(&field).code("name"), expect, "{name}");
        }
    }

    #[test]
    fn ids_and_help_have_bounds() {
        let errors =
            |id: &str, help: String| check_common(&testing::field(json!({"type": "bool", "id": id, "help": help})));
        assert!(errors("a b/é", "é".repeat(300)).is_empty());
        assert_eq!(errors("", String::new()).code("id"), Some("validation_required"));
        assert_eq!(errors(&"x".repeat(101), String::new()).code("id"), Some("validation_length_out_of_range"));
        assert_eq!(errors("x", "h".repeat(301)).code("help"), Some("validation_length_out_of_range"));
    }

    #[test]
    fn auth_collections_reserve_two_more_names() {
        assert!(check_auth_reserved("passwordConfirm").is_err());
        assert!(check_auth_reserved("oldPassword").is_err());
        assert!(check_auth_reserved("oldpassword").is_ok());
    }
}
