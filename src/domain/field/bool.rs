//! `bool`: true or false. A required one must be true.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::is_present;
use super::{Field, Kind, OptionSite, Storage};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// Options of a `bool` field: none of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BoolOptions {}

impl Kind for BoolOptions {
    fn storage(&self) -> Storage {
        Storage::Bool
    }

    fn zero(&self) -> Value {
        Value::Bool(false)
    }

    fn coerce(&self, input: &Json) -> Value {
        Value::Bool(match input {
            Json::Bool(truth) => *truth,
            Json::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
            Json::String(text) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"),
            Json::Null | Json::Array(_) | Json::Object(_) => false,
        })
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        is_present(field, value).map(|_| ())
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        FieldErrors::new()
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values};
    use super::*;
    use serde_json::json;

    #[test]
    fn few_words_are_true() {
        for input in [
            json!(true),
            json!(1),
            json!(-0.5),
            json!("1"),
            json!("t"),
            json!("T"),
            json!("true"),
            json!("TRUE"),
            json!("True"),
        ] {
            assert_eq!(BoolOptions {}.coerce(&input), Value::Bool(true), "{input}");
        }
        for input in [
            json!(false),
            json!(0),
            json!("0"),
            json!("tRUE"),
            json!("yes"),
            json!("on"),
            json!(" true"),
            json!(""),
            json!([true]),
            json!({}),
        ] {
            assert_eq!(BoolOptions {}.coerce(&input), Value::Bool(false), "{input}");
        }
    }

    #[test]
    fn required_means_true() {
        check_values(json!({"type": "bool"}), &[(json!(false), None)]);
        let definition = json!({"type": "bool", "required": true});
        check_values(
            definition.clone(),
            &[(json!(true), None), (json!(null), Some(("validation_required", json!(null))))],
        );
        check_options(&[(definition, json!({}))]);
    }
}
