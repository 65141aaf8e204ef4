//! `number`: a 64-bit float.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;

use super::checks::is_present;
use super::{Field, Kind, Modifier, OptionSite, Storage, coerce};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;
use crate::domain::value::number_json;

/// Options of a `number` field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NumberOptions {
    /// Least value other than 0.
    #[serde(serialize_with = "serialize_bound")]
    pub min: Option<f64>,
    /// Greatest value other than 0.
    #[serde(serialize_with = "serialize_bound")]
    pub max: Option<f64>,
    /// Refuses fractions.
    pub only_int: bool,
}

/// Whole bounds are written without a fraction.
fn serialize_bound<S: Serializer>(bound: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    bound.map(number_json).serialize(serializer)
}

/// Numbers from here on are no 64-bit integers, so clients couldn't keep them as whole numbers.
const LARGEST_WHOLE: f64 = 9_223_372_036_854_775_808.0;

impl NumberOptions {
    fn check_number(&self, number: f64) -> Result<(), FieldError> {
        if !number.is_finite() {
            return Err(FieldError::new("validation_not_a_number", "This isn't a number."));
        }
        self.check_whole(number)?;
        self.check_min(number)?;
        match self.max {
            Some(max) if number > max => {
                Err(FieldError::new("validation_max_number_constraint", format!("This can't be greater than {max}."))
                    .with("max", number_json(max)))
            }
            _ => Ok(()),
        }
    }

    fn check_whole(&self, number: f64) -> Result<(), FieldError> {
        if self.only_int && (number.fract() != 0.0 || number.abs() >= LARGEST_WHOLE) {
            return Err(FieldError::new("validation_only_int_constraint", "Only whole numbers are allowed."));
        }
        Ok(())
    }

    fn check_min(&self, number: f64) -> Result<(), FieldError> {
        match self.min {
            Some(min) if number < min => {
                Err(FieldError::new("validation_min_number_constraint", format!("This can't be less than {min}."))
                    .with("min", number_json(min)))
            }
            _ => Ok(()),
        }
    }
}

impl Kind for NumberOptions {
    fn storage(&self) -> Storage {
        Storage::Number
    }

    fn zero(&self) -> Value {
        Value::Number(0.0)
    }

    fn coerce(&self, input: &Json) -> Value {
        Value::Number(coerce::number(input))
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        match value {
            Value::Number(number) if is_present(field, value)? => self.check_number(*number),
            other => is_present(field, other).map(|_| ()),
        }
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if let Some(min) = self.min {
            errors.check("min", self.check_whole(min));
        }
        if let Some(max) = self.max {
            errors.check("max", self.check_whole(max));
            // Here 0 is a bound like any other.
            errors.check("max", self.check_min(max));
        }
        errors
    }

    fn modify(&self, current: &Value, modifier: Modifier, operand: &Json) -> Option<Value> {
        let Value::Number(current) = current else {
            // NULL of a nullable field counts as 0.
            return self.modify(&self.zero(), modifier, operand);
        };
        match modifier {
            Modifier::Append => Some(Value::Number(current + coerce::number(operand))),
            Modifier::Remove => Some(Value::Number(current - coerce::number(operand))),
            Modifier::Prepend | Modifier::Autogenerate => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values, field};
    use super::*;
    use serde_json::json;

    #[test]
    fn zero_skips_the_bounds() {
        check_values(
            json!({"type": "number", "min": 2, "max": 5, "onlyInt": true}),
            &[
                (json!(0), None),
                (json!("abc"), None),
                (json!(2), None),
                (json!(5.0), None),
                (json!(1), Some(("validation_min_number_constraint", json!({"min": 2})))),
                (json!(6), Some(("validation_max_number_constraint", json!({"max": 5})))),
                (json!(2.5), Some(("validation_only_int_constraint", json!(null)))),
            ],
        );
        check_values(
            json!({"type": "number", "min": 1}),
            &[(json!(0), None), (json!(0.5), Some(("validation_min_number_constraint", json!({"min": 1}))))],
        );
        check_values(
            json!({"type": "number", "required": true}),
            &[(json!(1), None), (json!(0), Some(("validation_required", json!(null))))],
        );
    }

    #[test]
    fn words_for_no_number_are_refused() {
        let refused = || Some(("validation_not_a_number", json!(null)));
        check_values(
            json!({"type": "number"}),
            &[
                (json!("NaN"), refused()),
                (json!("nan"), refused()),
                (json!("Infinity"), refused()),
                (json!("-inf"), refused()),
                (json!("1e400"), None),
            ],
        );
    }

    #[test]
    fn bounds_fit_each_other() {
        let min = |min: f64| json!(["validation_min_number_constraint", {"min": number_json(min)}]);
        check_options(&[
            (json!({"type": "number", "min": -5, "max": -3.5}), json!({})),
            (json!({"type": "number", "min": 3, "max": 3}), json!({})),
            (json!({"type": "number", "min": 5, "max": 3}), json!({"max": min(5.0)})),
            (json!({"type": "number", "min": 1, "max": 0}), json!({"max": min(1.0)})),
            (json!({"type": "number", "min": 0, "max": -1}), json!({"max": min(0.0)})),
            (
                json!({"type": "number", "min": 1.5, "max": 2.5, "onlyInt": true}),
                json!({"min": "validation_only_int_constraint", "max": "validation_only_int_constraint"}),
            ),
        ]);
    }

    #[test]
    fn bounds_are_numbers_or_null() {
        let options = |definition: Json| field(definition).to_json();
        let set = options(json!({"type": "number", "min": 1, "max": 2.5}));
        assert_eq!((&set["min"], &set["max"], &set["onlyInt"]), (&json!(1), &json!(2.5), &json!(false)));
        let unset = options(json!({"type": "number", "min": null}));
        assert_eq!((&unset["min"], &unset["max"]), (&json!(null), &json!(null)));
    }

    #[test]
    fn modifiers_add_and_subtract() {
        let options = NumberOptions::default();
        for (modifier, operand, expect) in [
            (Modifier::Append, json!("3"), Some(8.0)),
            (Modifier::Append, json!("x"), Some(5.0)),
            (Modifier::Append, json!(true), Some(6.0)),
            (Modifier::Append, json!(null), Some(5.0)),
            (Modifier::Remove, json!(2.5), Some(2.5)),
            (Modifier::Remove, json!([1]), Some(5.0)),
            (Modifier::Prepend, json!(1), None),
            (Modifier::Autogenerate, json!(1), None),
        ] {
            assert_eq!(options.modify(&Value::Number(5.0), modifier, &operand), expect.map(Value::Number));
        }
        assert_eq!(options.modify(&Value::Null, Modifier::Append, &json!(2)), Some(Value::Number(2.0)));
    }
}
