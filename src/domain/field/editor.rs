//! `editor`: formatted text, kept exactly as it was sent.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::{check_count, is_present};
use super::{Field, Kind, OptionSite, Storage, coerce};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// What `maxSize` means when it is 0, in bytes.
pub const DEFAULT_MAX_SIZE_BYTES: i64 = 5 << 20;

/// Options of an `editor` field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EditorOptions {
    /// Most bytes; 0 is [`DEFAULT_MAX_SIZE_BYTES`].
    pub max_size: i64,
    /// A hint to dashboards: make links absolute or leave them relative.
    #[serde(rename = "convertURLs")]
    pub convert_urls: bool,
}

impl EditorOptions {
    /// Most bytes of a value.
    pub fn max_size_bytes(&self) -> i64 {
        if self.max_size == 0 { DEFAULT_MAX_SIZE_BYTES } else { self.max_size }
    }
}

impl Kind for EditorOptions {
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
        let max = self.max_size_bytes();
        if is_present(field, value)? && i64::try_from(value.as_text().len()).is_ok_and(|size| size > max) {
            return Err(FieldError::new("validation_content_size_limit", format!("Use no more than {max} bytes."))
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

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values, field};
    use super::*;
    use crate::base::limits::SAFE_INTEGER_MAX;
    use serde_json::json;

    #[test]
    fn content_has_a_size_in_bytes() {
        let limit = |max: i64| Some(("validation_content_size_limit", json!({"maxSize": max})));
        check_values(
            json!({"type": "editor", "maxSize": 4}),
            &[(json!("éé"), None), (json!("ééé"), limit(4)), (json!(true), None), (json!([]), None)],
        );
        let default = DEFAULT_MAX_SIZE_BYTES as usize;
        check_values(
            json!({"type": "editor"}),
            &[(json!("x".repeat(default)), None), (json!("x".repeat(default + 1)), limit(5_242_880))],
        );
        check_values(
            json!({"type": "editor", "required": true}),
            &[(json!(" "), None), (json!(""), Some(("validation_required", json!(null))))],
        );
    }

    #[test]
    fn nothing_is_sanitised() {
        let text = "<script>alert(1)</script> \u{0}";
        assert_eq!(field(json!({"type": "editor"})).coerce(&json!(text)), Value::Text(text.into()));
    }

    #[test]
    fn sizes_are_safe_integers() {
        check_options(&[
            (json!({"type": "editor", "maxSize": 1, "convertURLs": true}), json!({})),
            (
                json!({"type": "editor", "maxSize": -1}),
                json!({"maxSize": ["validation_min_greater_equal_than_required", {"threshold": 0}]}),
            ),
            (
                json!({"type": "editor", "maxSize": SAFE_INTEGER_MAX + 1}),
                json!({"maxSize": ["validation_max_less_equal_than_required", {"threshold": SAFE_INTEGER_MAX}]}),
            ),
        ]);
    }
}
