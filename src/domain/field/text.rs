//! `text`: short text, and the `id` of every collection.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::{check_count, check_range, invalid_format, is_present};
use super::{Field, FieldKind, Kind, Modifier, OptionSite, Storage, coerce, pattern};
use crate::base::limits::SAFE_INTEGER_MAX;
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

pub use super::pattern::{ID_AUTOGENERATE_PATTERN, ID_PATTERN, TOKEN_KEY_AUTOGENERATE_PATTERN};

/// What `max` means when it is 0, in characters.
pub const DEFAULT_MAX_CHARS: i64 = 5000;

/// How many samples of an autogenerate pattern are tried before it is accepted.
const AUTOGENERATE_SAMPLES: usize = 10;

/// Characters that ids can't have whatever their pattern is: ids end up in paths, file names and filters.
const FORBIDDEN_ID_CHARS: &str = "./\\|\"'`<>:?*%$\0\t\r\n ";

/// Options of a `text` field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TextOptions {
    /// Fewest characters of a value that isn't empty; 0 is no bound.
    pub min: i64,
    /// Most characters; 0 is [`DEFAULT_MAX_CHARS`].
    pub max: i64,
    /// A regular expression that values must match somewhere; empty is none.
    pub pattern: String,
    /// A regular expression from which an empty value is made on create; empty is none.
    pub autogenerate_pattern: String,
    /// Only for the field `id`.
    pub primary_key: bool,
}

impl TextOptions {
    /// New random text after [`TextOptions::autogenerate_pattern`]; `None` if there is no such pattern.
    pub fn autogenerate(&self) -> Option<String> {
        pattern::generate(&self.autogenerate_pattern)
    }

    /// Whether ids are of the default characters, which don't differ by letter case alone.
    pub fn has_default_id_pattern(&self) -> bool {
        self.pattern == ID_PATTERN
    }

    /// The checks that text other than `""` must pass.
    fn check_text(&self, text: &str) -> Result<(), FieldError> {
        check_length(text, self.min, if self.max == 0 { DEFAULT_MAX_CHARS } else { self.max })?;
        if !self.pattern.is_empty() && !pattern::matches(&self.pattern, text) {
            return Err(invalid_format());
        }
        if self.primary_key && !self.has_default_id_pattern() {
            return check_id(text);
        }
        Ok(())
    }

    fn check_primary_key(&self, field: &Field, site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if field.name != "id" {
            errors.add("name", FieldError::new("validation_in_invalid", "The primary key must be named id."));
        }
        let is_primary = |field: &&Field| matches!(&field.kind, FieldKind::Text(text) if text.primary_key);
        if site.collection.fields.iter().filter(is_primary).count() > 1 {
            let error = FieldError::new("validation_unsupported_composite_pk", "There can be only one primary key.");
            errors.add("primaryKey", error);
        }
        if self.pattern.is_empty() {
            errors.add("pattern", FieldError::required());
        }
        if !field.required {
            errors.add("required", FieldError::required());
        }
        if field.hidden {
            errors.add("hidden", FieldError::new("validation_empty", "The primary key can't be hidden."));
        }
        errors
    }

    fn check_autogenerate_pattern(&self) -> Result<(), FieldError> {
        if self.autogenerate_pattern.is_empty() {
            return Ok(());
        }
        pattern::check(&self.autogenerate_pattern)?;
        for _ in 0..AUTOGENERATE_SAMPLES {
            let sample = self.autogenerate().ok_or_else(|| {
                FieldError::new(
                    "validation_invalid_autogenerate_pattern",
                    "No text can be generated from this pattern.",
                )
            })?;
            if !sample.is_empty() && self.check_text(&sample).is_err() {
                return Err(FieldError::new(
                    "validation_invalid_autogenerate_pattern_value",
                    "This generates text that the other options refuse.",
                ));
            }
        }
        Ok(())
    }
}

impl Kind for TextOptions {
    fn storage(&self) -> Storage {
        Storage::Text
    }

    fn zero(&self) -> Value {
        Value::Text(String::new())
    }

    fn coerce(&self, input: &Json) -> Value {
        Value::Text(coerce::text(input))
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        if self.primary_key && value.is_zero() {
            return Err(FieldError::required());
        }
        if is_present(field, value)? { self.check_text(value.as_text()) } else { Ok(()) }
    }

    fn check_options(&self, field: &Field, site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if self.primary_key {
            errors.merge(self.check_primary_key(field, site));
        }
        errors.check("min", check_count(self.min));
        errors.check("max", check_range(self.max, self.min.max(0), SAFE_INTEGER_MAX));
        errors.check("pattern", pattern::check(&self.pattern));
        errors.check("autogeneratePattern", self.check_autogenerate_pattern());
        errors
    }

    fn modify(&self, _current: &Value, modifier: Modifier, operand: &Json) -> Option<Value> {
        if modifier != Modifier::Autogenerate {
            return None;
        }
        Some(Value::Text(coerce::text(operand) + &self.autogenerate().unwrap_or_default()))
    }
}

/// Counts characters, not bytes.
fn check_length(text: &str, min: i64, max: i64) -> Result<(), FieldError> {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if length < min {
        return Err(FieldError::new("validation_min_text_constraint", format!("Use at least {min} characters."))
            .with("min", min));
    }
    if length > max {
        return Err(FieldError::new("validation_max_text_constraint", format!("Use no more than {max} characters."))
            .with("max", max));
    }
    Ok(())
}

/// What ids of custom patterns must not be: unsafe in a path or a filter, or the name of a device on Windows.
fn check_id(id: &str) -> Result<(), FieldError> {
    if let Some(c) = FORBIDDEN_ID_CHARS.chars().find(|c| id.contains(*c)) {
        return Err(FieldError::new("validation_forbidden_pk_character", format!("Ids can't contain {c:?}."))
            .with("ch", c.to_string()));
    }
    let upper = id.to_ascii_uppercase();
    let is_port = upper
        .strip_prefix("COM")
        .or_else(|| upper.strip_prefix("LPT"))
        .is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']));
    if is_port || ["CON", "PRN", "AUX", "NUL"].contains(&upper.as_str()) {
        return Err(FieldError::new("validation_reserved_pk", format!("{upper} is reserved.")).with("reserved", upper));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values, collection, field, refusal};
    use super::*;
    use crate::domain::{CollectionKind, Schema};
    use serde_json::json;

    #[test]
    fn text_has_a_length_in_characters() {
        check_values(
            json!({"type": "text", "min": 2, "max": 3}),
            &[
                (json!(""), None),
                (json!("é"), Some(("validation_min_text_constraint", json!({"min": 2})))),
                (json!("👍👍👍"), None),
                (json!("éééé"), Some(("validation_max_text_constraint", json!({"max": 3})))),
                (json!(1234), Some(("validation_max_text_constraint", json!({"max": 3})))),
            ],
        );
        check_values(
            json!({"type": "text"}),
            &[
                (json!("x".repeat(5000)), None),
                (json!("x".repeat(5001)), Some(("validation_max_text_constraint", json!({"max": 5000})))),
            ],
        );
    }

    #[test]
    fn text_may_be_required_and_have_a_pattern() {
        let required = Some(("validation_required", json!(null)));
        check_values(
            json!({"type": "text", "required": true}),
            &[
                (json!(" "), None),
                (json!(""), required.clone()),
                (json!(null), required.clone()),
                (json!([]), required),
            ],
        );
        check_values(
            json!({"type": "text", "pattern": "b"}),
            &[(json!("abc"), None), (json!(""), None), (json!("c"), Some(("validation_invalid_format", json!(null))))],
        );
    }

    #[test]
    fn default_ids_have_fifteen_characters() {
        let id = json!({"type": "text", "name": "id", "primaryKey": true, "required": true, "min": 15, "max": 15,
                        "pattern": ID_PATTERN});
        check_values(
            id,
            &[
                (json!("abcdefghijklmn1"), None),
                (json!("a".repeat(14)), Some(("validation_min_text_constraint", json!({"min": 15})))),
                (json!("a".repeat(16)), Some(("validation_max_text_constraint", json!({"max": 15})))),
                (json!("abcdefghijklmnO"), Some(("validation_invalid_format", json!(null)))),
                (json!(""), Some(("validation_required", json!(null)))),
            ],
        );
    }

    #[test]
    fn ids_of_custom_patterns_have_forbidden_characters_and_words() {
        let id = field(json!({"type": "text", "name": "id", "primaryKey": true, "pattern": "^[^z]+$"}));
        for c in FORBIDDEN_ID_CHARS.chars() {
            let expect = Some(("validation_forbidden_pk_character", json!({"ch": c.to_string()})));
            assert_eq!(refusal(&id, &json!(format!("a{c}"))), expect);
        }
        for (word, reserved) in
            [("con", "CON"), ("PRN", "PRN"), ("aux", "AUX"), ("nul", "NUL"), ("com1", "COM1"), ("Lpt9", "LPT9")]
        {
            assert_eq!(refusal(&id, &json!(word)), Some(("validation_reserved_pk", json!({"reserved": reserved}))));
        }
        for free in ["com0", "COM10", "com", "é", "~", "a&b", "a,b"] {
            assert_eq!(refusal(&id, &json!(free)), None, "{free}");
        }
        assert_eq!(refusal(&id, &json!("z/")), Some(("validation_invalid_format", json!(null))));
        assert_eq!(refusal(&id, &json!("")), Some(("validation_required", json!(null))));
    }

    #[test]
    fn options_fit_each_other() {
        let low = |threshold: i64| json!(["validation_min_greater_equal_than_required", {"threshold": threshold}]);
        let high = json!(["validation_max_less_equal_than_required", {"threshold": SAFE_INTEGER_MAX}]);
        let value = "validation_invalid_autogenerate_pattern_value";
        check_options(&[
            (json!({"type": "text", "min": 5, "autogeneratePattern": "[a-z]{5}", "pattern": "^[a-z]+$"}), json!({})),
            (json!({"type": "text", "min": -1}), json!({"min": low(0)})),
            (json!({"type": "text", "max": -1}), json!({"max": low(0)})),
            (json!({"type": "text", "min": 5, "max": 3}), json!({"max": low(5)})),
            (json!({"type": "text", "min": SAFE_INTEGER_MAX + 1}), json!({"min": high})),
            (json!({"type": "text", "max": SAFE_INTEGER_MAX + 1}), json!({"max": high})),
            (json!({"type": "text", "pattern": "("}), json!({"pattern": "validation_invalid_regex"})),
            (
                json!({"type": "text", "autogeneratePattern": "("}),
                json!({"autogeneratePattern": "validation_invalid_regex"}),
            ),
            (
                json!({"type": "text", "autogeneratePattern": "^a$"}),
                json!({"autogeneratePattern": "validation_invalid_autogenerate_pattern"}),
            ),
            (
                json!({"type": "text", "autogeneratePattern": "[a-z]{5}", "min": 6}),
                json!({"autogeneratePattern": value}),
            ),
            (
                json!({"type": "text", "autogeneratePattern": "[a-z]{5}", "max": 4}),
                json!({"autogeneratePattern": value}),
            ),
            (
                json!({"type": "text", "autogeneratePattern": "[a-z]{5}", "pattern": "^[0-9]+$"}),
                json!({"autogeneratePattern": value}),
            ),
            (
                json!({"type": "text", "primaryKey": true, "hidden": true}),
                json!({"name": "validation_in_invalid", "pattern": "validation_required",
                       "required": "validation_required", "hidden": "validation_empty"}),
            ),
            (json!({"type": "text", "name": "id", "primaryKey": true, "required": true, "pattern": "a"}), json!({})),
        ]);
    }

    #[test]
    fn two_primary_keys_are_refused() {
        let id = field(json!({"type": "text", "name": "id", "primaryKey": true, "required": true, "pattern": "a"}));
        let own = collection("own", CollectionKind::Base, vec![id.clone(), id.clone()]);
        let schema = Schema::new(Vec::new());
        let site = OptionSite { collection: &own, old: None, schema: &schema };
        let errors = id.kind.behaviour().check_options(&id, &site);
        assert_eq!(errors.code("primaryKey"), Some("validation_unsupported_composite_pk"));
    }

    #[test]
    fn autogenerate_is_a_modifier() {
        let options = TextOptions { autogenerate_pattern: "[0-9]{3}".into(), ..TextOptions::default() };
        let current = Value::Text("old".into());
        for (operand, prefix) in [(json!("y"), "y"), (json!(""), ""), (json!(5), "5"), (json!(null), "")] {
            let made = options.modify(&current, Modifier::Autogenerate, &operand).expect("text has this modifier");
            assert!(made.as_text().starts_with(prefix) && made.as_text().len() == prefix.len() + 3, "{made:?}");
        }
        let plain = TextOptions::default();
        assert_eq!(plain.modify(&current, Modifier::Autogenerate, &json!("y")), Some(Value::Text("y".into())));
        for modifier in [Modifier::Append, Modifier::Prepend, Modifier::Remove] {
            assert_eq!(plain.modify(&current, modifier, &json!("y")), None);
        }
    }
}
