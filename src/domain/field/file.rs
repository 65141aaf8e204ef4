//! `file`: names of stored files.
//!
//! A value holds names only. Which of them are files that have just arrived is known to the request (`uploads`);
//! whether the others are there is checked against the stored record (`records::validate`).

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::{check_count, is_present};
use super::{Field, Kind, Modifier, OptionSite, Storage, coerce};
use crate::base::{FieldError, FieldErrors};
use crate::domain::{Upload, Value};

/// What `maxSize` means when it is 0, in bytes.
pub const DEFAULT_MAX_SIZE_BYTES: i64 = 5 << 20;

/// Options of a `file` field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FileOptions {
    /// Most files of a record; with 0 and 1 the field is single-valued.
    pub max_select: i64,
    /// Most bytes of one file; 0 is [`DEFAULT_MAX_SIZE_BYTES`].
    pub max_size: i64,
    /// The only media types that files may have; empty is any.
    pub mime_types: Vec<String>,
    /// Needs a token to be downloaded.
    pub protected: bool,
    /// Sizes of previews: `100x50`, `0x50`, `100x0`, with `t`, `b` or `f` behind.
    pub thumbs: Vec<String>,
}

impl FileOptions {
    /// Most bytes of one file.
    pub fn max_size_bytes(&self) -> i64 {
        if self.max_size == 0 { DEFAULT_MAX_SIZE_BYTES } else { self.max_size }
    }

    /// Refuses a file that is too large or of another type than the field takes.
    ///
    /// # Errors
    /// `validation_file_size_limit`, `validation_invalid_mime_type`.
    pub fn check_upload(&self, upload: &Upload) -> Result<(), FieldError> {
        let max = self.max_size_bytes();
        if upload.cut_off || upload.size_bytes > max.unsigned_abs() {
            let message = format!("{} has more than the {max} bytes that a file may have.", upload.original_name);
            return Err(FieldError::new("validation_file_size_limit", message)
                .with("file", upload.original_name.as_str())
                .with("maxSize", max));
        }
        if !self.mime_types.is_empty() && !self.mime_types.iter().any(|allowed| upload.is_of_type(allowed)) {
            let allowed = self.mime_types.join(", ");
            let message = format!("{} is of none of the types that are taken: {allowed}.", upload.original_name);
            return Err(FieldError::new("validation_invalid_mime_type", message));
        }
        Ok(())
    }
}

impl Kind for FileOptions {
    fn storage(&self) -> Storage {
        if self.is_multiple() { Storage::List } else { Storage::Text }
    }

    fn zero(&self) -> Value {
        coerce::from_elements(Vec::new(), self.is_multiple())
    }

    fn coerce(&self, input: &Json) -> Value {
        coerce::from_elements(coerce::elements(input), self.is_multiple())
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        is_present(field, value)?;
        let max = self.max_select.max(1);
        if i64::try_from(value.elements().len()).is_ok_and(|count| count > max) {
            return Err(FieldError::new("validation_too_many_files", format!("Use no more than {max} files."))
                .with("maxSelect", max));
        }
        Ok(())
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.check("maxSelect", check_count(self.max_select));
        errors.check("maxSize", check_count(self.max_size));
        for (at, size) in self.thumbs.iter().enumerate() {
            errors.check(&format!("thumbs.{at}"), check_thumb(size));
        }
        errors
    }

    fn modify(&self, current: &Value, modifier: Modifier, operand: &Json) -> Option<Value> {
        coerce::modify_elements(current, modifier, operand, self.is_multiple())
    }

    fn is_multiple(&self) -> bool {
        self.max_select > 1
    }
}

/// Two numbers with `x` between, perhaps a letter; not both can be left open.
fn check_thumb(size: &str) -> Result<(), FieldError> {
    let figures = size.strip_suffix(['t', 'b', 'f']).unwrap_or(size);
    if figures == "0x0" {
        return Err(FieldError::new("validation_not_in_invalid", "One of the two sides must be given."));
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match figures.split_once('x') {
        Some((width, height)) if is_number(width) && is_number(height) => Ok(()),
        None if size.is_empty() => Ok(()),
        _ => Err(FieldError::new("validation_match_invalid", "This isn't a size such as 100x50.")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values, field};
    use super::*;
    use crate::base::limits::SAFE_INTEGER_MAX;
    use serde_json::json;

    #[test]
    fn names_are_kept_and_counted() {
        let several = json!({"type": "file", "maxSelect": 2});
        check_values(
            several.clone(),
            &[
                (json!(["a.png", "b.png"]), None),
                (json!(["a", "b", "c"]), Some(("validation_too_many_files", json!({"maxSelect": 2})))),
            ],
        );
        assert_eq!(field(several).coerce(&json!("a.png")), Value::List(vec!["a.png".into()]));
        let single = field(json!({"type": "file", "required": true}));
        assert_eq!(single.coerce(&json!("a.png")), Value::Text("a.png".into()));
        assert_eq!(single.check(&single.zero()), Err(FieldError::required()));
    }

    #[test]
    fn modifiers_add_and_remove_names() {
        let several = FileOptions { max_select: 3, ..FileOptions::default() };
        let list = |names: &[&str]| Value::List(names.iter().map(|name| (*name).to_owned()).collect());
        for (modifier, operand, expect) in [
            (Modifier::Append, json!("c"), list(&["a", "b", "c"])),
            (Modifier::Prepend, json!(["c"]), list(&["c", "a", "b"])),
            (Modifier::Remove, json!(["a", "x"]), list(&["b"])),
        ] {
            assert_eq!(several.modify(&list(&["a", "b"]), modifier, &operand), Some(expect));
        }
        let text = |name: &str| Value::Text(name.to_owned());
        for (modifier, operand, expect) in
            [(Modifier::Append, "b", "b"), (Modifier::Prepend, "b", "a"), (Modifier::Remove, "a", "")]
        {
            assert_eq!(FileOptions::default().modify(&text("a"), modifier, &json!(operand)), Some(text(expect)));
        }
    }

    #[test]
    fn options_are_checked() {
        let low = json!(["validation_min_greater_equal_than_required", {"threshold": 0}]);
        let high = json!(["validation_max_less_equal_than_required", {"threshold": SAFE_INTEGER_MAX}]);
        let (bad, open) = ("validation_match_invalid", "validation_not_in_invalid");
        let sizes = ["100x100", "0x50", "50x0", "1x1t", "1x1b", "1x1f", ""];
        check_options(&[
            (json!({"type": "file", "thumbs": sizes, "mimeTypes": ["x"]}), json!({})),
            (json!({"type": "file", "maxSize": -1, "maxSelect": -1}), json!({"maxSize": low, "maxSelect": low})),
            (json!({"type": "file", "maxSize": SAFE_INTEGER_MAX + 1}), json!({"maxSize": high})),
            (json!({"type": "file", "maxSelect": SAFE_INTEGER_MAX + 1}), json!({"maxSelect": high})),
            (
                json!({"type": "file", "thumbs": ["0x0", "0x0t", "a", "100x100x", "1x", "x1", "1x1z"]}),
                json!({"thumbs": {"0": open, "1": open, "2": bad, "3": bad, "4": bad, "5": bad, "6": bad}}),
            ),
        ]);
    }

    #[test]
    fn all_options_are_served() {
        let served = field(json!({"type": "file", "mimeTypes": null})).to_json();
        for (name, expect) in [
            ("maxSelect", json!(0)),
            ("maxSize", json!(0)),
            ("mimeTypes", json!([])),
            ("thumbs", json!([])),
            ("protected", json!(false)),
        ] {
            assert_eq!(served[name], expect, "{name}");
        }
        assert_eq!(FileOptions::default().max_size_bytes(), DEFAULT_MAX_SIZE_BYTES);
    }
}
