//! `json`: any JSON value, kept as compact text.
//!
//! A value that arrives as part of a JSON body is written anew with sorted keys. A string that contains JSON is taken
//! as that JSON, digit by digit, which is how large integers and an order of keys are kept.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::checks::{check_count, is_present};
use super::{Field, Kind, OptionSite, Storage};
use crate::base::json::{write_json, write_raw};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// What `maxSize` means when it is 0, in bytes.
pub const DEFAULT_MAX_SIZE_BYTES: i64 = 1 << 20;

/// Options of a `json` field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JsonOptions {
    /// Most bytes of the JSON text; 0 is [`DEFAULT_MAX_SIZE_BYTES`].
    pub max_size: i64,
}

impl JsonOptions {
    /// Most bytes of a value.
    pub fn max_size_bytes(&self) -> i64 {
        if self.max_size == 0 { DEFAULT_MAX_SIZE_BYTES } else { self.max_size }
    }
}

impl Kind for JsonOptions {
    fn storage(&self) -> Storage {
        Storage::Json
    }

    fn zero(&self) -> Value {
        Value::Null
    }

    fn coerce(&self, input: &Json) -> Value {
        let mut text = String::new();
        match input {
            Json::String(raw) if is_json(raw) => write_raw(&mut text, raw),
            other => write_json(&mut text, other),
        }
        if text == "null" { Value::Null } else { Value::Json(text) }
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        is_present(field, value)?;
        let Value::Json(text) = value else { return Ok(()) };
        if repeats_a_key(text) {
            return Err(FieldError::new("validation_invalid_json", "A key is there twice in one object."));
        }
        let max = self.max_size_bytes();
        if i64::try_from(text.len()).is_ok_and(|size| size > max) {
            return Err(FieldError::new("validation_json_size_limit", format!("Use no more than {max} bytes."))
                .with("maxSize", max));
        }
        Ok(())
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.check("maxSize", check_count(self.max_size));
        errors
    }
}

/// Whether a string is meant as JSON: one of the three words, or valid JSON from its first character on.
fn is_json(text: &str) -> bool {
    matches!(text, "true" | "false" | "null")
        || (text.starts_with(|c: char| c.is_ascii_digit() || "-\"[{".contains(c))
            && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

/// Whether an object in valid JSON has a key twice: readers disagree on which of the two values counts.
fn repeats_a_key(text: &str) -> bool {
    // Only text that was taken as it is can have repeated keys, and then two keys at least.
    let has_two_keys = text.matches("\":").nth(1).is_some();
    let is_repeat = |error: serde_json::Error| error.to_string().starts_with(REPEATED_KEY);
    has_two_keys && serde_json::from_str::<DistinctKeys>(text).is_err_and(is_repeat)
}

/// What [`DistinctKeys`] fails with.
const REPEATED_KEY: &str = "a repeated key";

/// JSON that is read only to see whether all objects have distinct keys.
struct DistinctKeys;

impl<'de> Deserialize<'de> for DistinctKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DistinctKeys)
    }
}

impl<'de> Visitor<'de> for DistinctKeys {
    type Value = DistinctKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated keys")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<DistinctKeys>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            members.next_value::<DistinctKeys>()?;
            if !seen.insert(key) {
                return Err(A::Error::custom(REPEATED_KEY));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values};
    use super::*;
    use crate::base::limits::SAFE_INTEGER_MAX;
    use serde_json::json;

    fn check(input: Json, expect: &str) {
        let found = match JsonOptions::default().coerce(&input) {
            Value::Json(text) => text,
            Value::Null => "null".to_owned(),
            other => panic!("{other:?} isn't a value of a json field"),
        };
        assert_eq!(found, expect, "{input}");
        assert!(serde_json::from_str::<Json>(&found).is_ok(), "{found}");
    }

    #[test]
    fn values_are_written_with_sorted_keys() {
        check(json!({"b": 1, "a": {"d": 1.0, "c": "<&>"}}), r#"{"a":{"c":"<&>","d":1},"b":1}"#);
        check(json!(12_345_678_901_234_567_890_u64), "12345678901234567000");
        check(json!([1, 1.5, 1e21, 1e-7, true, false, null, "\"\n"]), r#"[1,1.5,1e+21,1e-7,true,false,null,"\"\n"]"#);
        check(json!(0), "0");
        check(json!(null), "null");
        check(json!({"a\"": []}), r#"{"a\"":[]}"#);
    }

    #[test]
    fn strings_of_json_are_taken_as_they_are() {
        for (text, expect) in [
            ("true", "true"),
            ("false", "false"),
            ("null", "null"),
            (r#"{"b":1,"a":2}"#, r#"{"b":1,"a":2}"#),
            ("12345678901234567890", "12345678901234567890"),
            ("-1", "-1"),
            ("1.50", "1.50"),
            ("\"x\"", "\"x\""),
            ("[1, 2 ]", "[1,2]"),
            ("{\"a\" : \"b \\\" \\\\\" , \"c\":\t1}\n", "{\"a\":\"b \\\" \\\\\",\"c\":1}"),
        ] {
            check(json!(text), expect);
        }
    }

    #[test]
    fn other_strings_become_json_strings() {
        for text in [
            "",
            " 1",
            " {\"a\":1}",
            "01",
            "{bad",
            "abc",
            "-",
            "\"a",
            "1 2",
            "[1,2] x",
            "null ",
            "tru",
            "NaN",
            "\n[1]",
            "+1",
        ] {
            check(json!(text), &json!(text).to_string());
        }
    }

    #[test]
    fn required_means_not_empty() {
        let required = || Some(("validation_required", json!(null)));
        check_values(
            json!({"type": "json", "required": true}),
            &[
                (json!(null), required()),
                (json!(""), required()),
                (json!([]), required()),
                (json!({}), required()),
                (json!("null"), required()),
                (json!("{ }"), required()),
                (json!("\"\""), required()),
                (json!(0), None),
                (json!(false), None),
                (json!(" "), None),
            ],
        );
    }

    #[test]
    fn a_key_may_be_there_only_once() {
        let repeated = || Some(("validation_invalid_json", json!(null)));
        check_values(
            json!({"type": "json"}),
            &[
                (json!(r#"{"a":1,"a":2}"#), repeated()),
                (json!(r#"[{"b":{"a":1, "\u0061" : 2}}]"#), repeated()),
                (json!(r#"{"a":{"a":1},"b":[{"a":1},{"a":1e999}],"c":"\"a\":\"a\":"}"#), None),
            ],
        );
    }

    #[test]
    fn the_size_is_that_of_the_text() {
        let limit = || Some(("validation_json_size_limit", json!({"maxSize": 20})));
        check_values(
            json!({"type": "json", "maxSize": 20}),
            &[
                (json!("<".repeat(18)), None),
                (json!("a".repeat(19)), limit()),
                (json!([1, 1, 1, 1, 1, 1, 1, 1, 1]), None),
                (json!({"a": "b".repeat(20)}), limit()),
                (json!(null), None),
            ],
        );
        let high = json!(["validation_max_less_equal_than_required", {"threshold": SAFE_INTEGER_MAX}]);
        check_options(&[
            (json!({"type": "json", "maxSize": 1}), json!({})),
            (json!({"type": "json", "maxSize": SAFE_INTEGER_MAX + 1}), json!({"maxSize": high})),
            (
                json!({"type": "json", "maxSize": -1}),
                json!({"maxSize": ["validation_min_greater_equal_than_required", {"threshold": 0}]}),
            ),
        ]);
    }
}
