//! `select`: one or several of a fixed list of values.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::{check_range, is_present, too_many_values};
use super::{Field, Kind, Modifier, OptionSite, Storage, coerce};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// Options of a `select` field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SelectOptions {
    /// What can be chosen.
    pub values: Vec<String>,
    /// Most values of a record; with 0 and 1 the field is single-valued.
    pub max_select: i64,
}

impl Kind for SelectOptions {
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
        if !is_present(field, value)? {
            return Ok(());
        }
        let chosen = value.elements();
        let max = self.max_select.max(1);
        if i64::try_from(chosen.len()).is_ok_and(|count| count > max) {
            return Err(too_many_values(max));
        }
        match chosen.iter().find(|element| !self.values.contains(element)) {
            Some(unknown) => {
                Err(FieldError::invalid("This isn't one of the values to choose from.").with("value", unknown.as_str()))
            }
            None => Ok(()),
        }
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if self.values.is_empty() {
            errors.add("values", FieldError::required());
        }
        let count = i64::try_from(self.values.len()).unwrap_or(i64::MAX).max(1);
        errors.check("maxSelect", check_range(self.max_select, 0, count));
        errors
    }

    fn modify(&self, current: &Value, modifier: Modifier, operand: &Json) -> Option<Value> {
        coerce::modify_elements(current, modifier, operand, self.is_multiple())
    }

    fn is_multiple(&self) -> bool {
        self.max_select > 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values, field};
    use super::*;
    use serde_json::json;

    #[test]
    fn single_values_are_one_of_the_list() {
        let definition = json!({"type": "select", "values": ["a", "b", "1", "true"]});
        let unknown = |value: &str| Some(("validation_invalid_value", json!({"value": value})));
        check_values(
            definition.clone(),
            &[
                (json!("a"), None),
                (json!(""), None),
                (json!(1), None),
                (json!(true), None),
                (json!("x"), unknown("x")),
                (json!(1.5), unknown("1.5")),
                (json!(["x", "a"]), None),
                (json!(["a", "x"]), unknown("x")),
            ],
        );
        let field = field(definition);
        for (input, expect) in
            [(json!(["a", "b"]), "b"), (json!("[\"b\",\"a\"]"), "a"), (json!([]), ""), (json!(null), "")]
        {
            assert_eq!(field.coerce(&input), Value::Text(expect.into()), "{input}");
        }
    }

    #[test]
    fn multiple_values_have_a_bound() {
        let definition = json!({"type": "select", "values": ["a", "b", "c"], "maxSelect": 2});
        let too_many = || Some(("validation_too_many_values", json!({"maxSelect": 2})));
        check_values(
            definition.clone(),
            &[
                (json!(["a", "b", "a"]), None),
                (json!("[\"a\",\"b\"]"), None),
                (json!([]), None),
                (json!(["a", "b", "c"]), too_many()),
                (json!(["x", "y", "z"]), too_many()),
                (json!(["a", "x"]), Some(("validation_invalid_value", json!({"value": "x"})))),
            ],
        );
        assert_eq!(field(definition.clone()).zero(), Value::List(Vec::new()));
        assert_eq!(field(definition).storage(), Storage::List);
    }

    #[test]
    fn required_means_at_least_one() {
        for max in [1, 2] {
            let required = || Some(("validation_required", json!(null)));
            check_values(
                json!({"type": "select", "values": ["a", "b"], "maxSelect": max, "required": true}),
                &[(json!(""), required()), (json!([]), required()), (json!(null), required()), (json!("a"), None)],
            );
        }
    }

    #[test]
    fn there_is_something_to_choose() {
        let high = |threshold: i64| json!(["validation_max_less_equal_than_required", {"threshold": threshold}]);
        check_options(&[
            (json!({"type": "select", "values": ["a", "b"], "maxSelect": 2}), json!({})),
            (json!({"type": "select"}), json!({"values": "validation_required"})),
            (
                json!({"type": "select", "values": [], "maxSelect": 2}),
                json!({"values": "validation_required", "maxSelect": high(1)}),
            ),
            (json!({"type": "select", "values": ["a", "b"], "maxSelect": 3}), json!({"maxSelect": high(2)})),
            (
                json!({"type": "select", "values": ["a"], "maxSelect": -1}),
                json!({"maxSelect": ["validation_min_greater_equal_than_required", {"threshold": 0}]}),
            ),
        ]);
    }

    #[test]
    fn modifiers_follow_the_number_of_values() {
        let single = SelectOptions { values: vec!["a".into(), "b".into()], max_select: 1 };
        let multiple = SelectOptions { max_select: 2, ..single.clone() };
        let a = Value::Text("a".into());
        assert_eq!(single.modify(&a, Modifier::Append, &json!("b")), Some(Value::Text("b".into())));
        let list = Value::List(vec!["a".into()]);
        assert_eq!(
            multiple.modify(&list, Modifier::Prepend, &json!("b")),
            Some(Value::List(vec!["b".into(), "a".into()]))
        );
    }
}
