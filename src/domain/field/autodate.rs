//! `autodate`: a date that the server sets by itself. What clients send is dropped by `records`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::date::parse_date;
use super::{Field, FieldKind, Kind, OptionSite, Storage};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// Options of an `autodate` field; at least one of them is true.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AutodateOptions {
    /// Set when a record is created.
    pub on_create: bool,
    /// Set with every update.
    pub on_update: bool,
}

impl Kind for AutodateOptions {
    fn storage(&self) -> Storage {
        Storage::Text
    }

    fn zero(&self) -> Value {
        Value::Text(String::new())
    }

    fn coerce(&self, input: &Json) -> Value {
        Value::Text(input.as_str().and_then(parse_date).unwrap_or_default())
    }

    fn check(&self, _field: &Field, _value: &Value) -> Result<(), FieldError> {
        Ok(())
    }

    fn check_options(&self, _field: &Field, site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if !self.on_create && !self.on_update {
            errors.add("onCreate", FieldError::required());
            errors.add("onUpdate", FieldError::required());
        }
        if let Some(Field { system: true, kind: FieldKind::Autodate(old), .. }) = site.old {
            for (name, changed) in
                [("onCreate", old.on_create != self.on_create), ("onUpdate", old.on_update != self.on_update)]
            {
                if changed {
                    let error = FieldError::new("validation_values_mismatch", "System fields keep this as it is.");
                    errors.add(name, error);
                }
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, field, option_errors_of};
    use super::*;
    use crate::domain::CollectionKind;
    use serde_json::json;

    #[test]
    fn one_of_the_options_is_set() {
        check_options(&[
            (json!({"type": "autodate", "onCreate": true}), json!({})),
            (json!({"type": "autodate", "onUpdate": true}), json!({})),
            (
                json!({"type": "autodate"}),
                json!({"onCreate": "validation_required", "onUpdate": "validation_required"}),
            ),
        ]);
    }

    #[test]
    fn system_fields_keep_their_options() {
        let old = |system: bool| field(json!({"type": "autodate", "system": system, "onCreate": true}));
        let new = field(json!({"type": "autodate", "system": true, "onCreate": true, "onUpdate": true}));
        let errors = |old: &Field| option_errors_of(&new, Some(old), CollectionKind::Base);
        assert_eq!(errors(&old(true)), json!({"onUpdate": "validation_values_mismatch"}));
        assert_eq!(errors(&old(false)), json!({}));
    }

    #[test]
    fn it_is_never_required_and_has_no_help() {
        let field = field(json!({"type": "autodate", "onUpdate": true, "required": true, "help": "x"}));
        assert_eq!(field.check(&field.zero()), Ok(()));
        let served = field.to_json();
        assert!(served.get("required").is_none() && served.get("help").is_none());
    }

    #[test]
    fn stored_dates_are_read_as_dates() {
        let options = AutodateOptions::default();
        assert_eq!(options.coerce(&json!("2022-01-02")), Value::Text("2022-01-02 00:00:00.000Z".into()));
        assert_eq!(options.coerce(&json!(1)), Value::Text(String::new()));
    }
}
