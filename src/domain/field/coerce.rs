//! How untrusted JSON becomes text, a number or a list of elements: the parts that several kinds share.
//!
//! Called by the kinds' `coerce` and `modify`. Nothing here fails: what can't be understood is empty or 0.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::Modifier;
use crate::domain::Value;

/// The text of a scalar; numbers in full decimal notation. Null, arrays and objects are empty.
pub(super) fn text(input: &Json) -> String {
    match input {
        Json::String(text) => text.clone(),
        // Through a float, as every number of a JSON body: large integers lose digits the same way everywhere.
        Json::Number(number) => number.as_f64().unwrap_or(0.0).to_string(),
        Json::Bool(truth) => truth.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
    }
}

/// The number that a scalar means, otherwise 0. Words such as `NaN` become non-finite numbers, which `check` refuses.
pub(super) fn number(input: &Json) -> f64 {
    match input {
        Json::Number(number) => number.as_f64().unwrap_or(0.0),
        Json::Bool(truth) => f64::from(u8::from(*truth)),
        Json::String(text) => number_from_text(text).unwrap_or(0.0),
        Json::Null | Json::Array(_) | Json::Object(_) => 0.0,
    }
}

/// Decimal notation with an optional exponent; single underscores may stand between digits.
fn number_from_text(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let underscores_are_sound =
        (0..bytes.len()).all(|at| bytes[at] != b'_' || (is_digit(at.checked_sub(1)) && is_digit(Some(at + 1))));
    if !underscores_are_sound {
        return None;
    }
    let number: f64 = text.replace('_', "").parse().ok()?;
    // A finite notation that overflows is not understood; the words for infinity are, and get refused later.
    let overflowed = number.is_infinite() && bytes.iter().any(u8::is_ascii_digit);
    (!overflowed).then_some(number)
}

/// The elements that an input names: one for a scalar, several for an array or the text of a JSON array of strings;
/// empty ones and repetitions are dropped.
pub fn elements(input: &Json) -> Vec<String> {
    let given = match input {
        Json::Array(items) => items.iter().map(text).collect(),
        Json::String(text) if text.contains('[') => match serde_json::from_str::<Vec<Option<String>>>(text) {
            Ok(items) => items.into_iter().flatten().collect(),
            Err(_) => vec![text.clone()],
        },
        scalar => vec![text(scalar)],
    };
    distinct(given)
}

/// The value of a field with these elements. A single-valued field keeps the last.
pub(super) fn from_elements(mut elements: Vec<String>, multiple: bool) -> Value {
    if multiple { Value::List(elements) } else { Value::Text(elements.pop().unwrap_or_default()) }
}

/// Applies a list modifier to a `select`, `relation` or `file` value.
pub(super) fn modify_elements(current: &Value, modifier: Modifier, operand: &Json, multiple: bool) -> Option<Value> {
    let current = current.elements().to_vec();
    let operand = elements(operand);
    let changed = match modifier {
        Modifier::Append => [current, operand].concat(),
        Modifier::Prepend => [operand, current].concat(),
        Modifier::Remove => {
            let removed: HashSet<String> = operand.into_iter().collect();
            current.into_iter().filter(|element| !removed.contains(element)).collect()
        }
        Modifier::Autogenerate => return None,
    };
    Some(from_elements(distinct(changed), multiple))
}

/// The elements that aren't empty, each at its first place.
fn distinct(elements: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::with_capacity(elements.len());
    elements.into_iter().filter(|element| !element.is_empty() && seen.insert(element.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_become_text() {
        for (input, expect) in [
            (json!("  a "), "  a "),
            (json!(1), "1"),
            (json!(1.5), "1.5"),
            (json!(1e21), "1000000000000000000000"),
            (json!(1e-7), "0.0000001"),
            (json!(12_345_678_901_234_567_890_u64), "12345678901234567000"),
            (json!(true), "true"),
            (json!(false), "false"),
            (json!(null), ""),
            (json!(["a"]), ""),
            (json!({"a": 1}), ""),
        ] {
            assert_eq!(text(&input), expect, "{input}");
        }
    }

    #[test]
    fn scalars_become_numbers() {
        for (input, expect) in [
            (json!(1.5), 1.5),
            (json!(true), 1.0),
            (json!(false), 0.0),
            (json!("12"), 12.0),
            (json!("1e3"), 1000.0),
            (json!("010"), 10.0),
            (json!("1_000"), 1000.0),
            (json!("1_000.5"), 1000.5),
            (json!("+3"), 3.0),
            (json!(".5"), 0.5),
            (json!("5."), 5.0),
            (json!("1__0"), 0.0),
            (json!("_1"), 0.0),
            (json!("1_"), 0.0),
            (json!("0x10"), 0.0),
            (json!(" 1"), 0.0),
            (json!("1 "), 0.0),
            (json!("1e400"), 0.0),
            (json!("abc"), 0.0),
            (json!(""), 0.0),
            (json!(null), 0.0),
            (json!([1]), 0.0),
            (json!({"a": 1}), 0.0),
        ] {
            assert_eq!(number(&input), expect, "{input}");
        }
        assert!(number(&json!("NaN")).is_nan());
        assert!(number(&json!("-Infinity")).is_infinite());
    }

    #[test]
    fn lists_come_in_many_forms() {
        for (input, expect) in [
            (json!("a"), vec!["a"]),
            (json!(1), vec!["1"]),
            (json!(null), vec![]),
            (json!(""), vec![]),
            (json!([]), vec![]),
            (json!({"a": 1}), vec![]),
            (json!(["b", "a", "b", ""]), vec!["b", "a"]),
            (json!([1, true, null, ["x"]]), vec!["1", "true"]),
            (json!("[\"a\",\"b\"]"), vec!["a", "b"]),
            (json!(" [\"a\"]"), vec!["a"]),
            (json!("[null,\"a\"]"), vec!["a"]),
            (json!("[]"), vec![]),
            (json!("[1]"), vec!["[1]"]),
            (json!("[\"a\""), vec!["[\"a\""]),
            (json!("[x"), vec!["[x"]),
        ] {
            assert_eq!(elements(&input), expect, "{input}");
        }
    }

    #[test]
    fn modifiers_change_lists() {
        let list = |items: &[&str]| Value::List(items.iter().map(ToString::to_string).collect());
        for (current, modifier, operand, expect) in [
            (list(&["a", "b"]), Modifier::Append, json!("c"), list(&["a", "b", "c"])),
            (list(&["a", "b"]), Modifier::Append, json!(["a", "c"]), list(&["a", "b", "c"])),
            (list(&["a", "b"]), Modifier::Append, json!(null), list(&["a", "b"])),
            (list(&["a", "b"]), Modifier::Prepend, json!(["c", "b"]), list(&["c", "b", "a"])),
            (list(&["a", "b"]), Modifier::Remove, json!("x"), list(&["a", "b"])),
            (list(&["a", "b"]), Modifier::Remove, json!("[\"a\",\"b\"]"), list(&[])),
        ] {
            assert_eq!(modify_elements(&current, modifier, &operand, true), Some(expect));
        }
        assert_eq!(modify_elements(&list(&[]), Modifier::Autogenerate, &json!("a"), true), None);
    }

    #[test]
    fn single_values_keep_the_last_element() {
        let single = |text: &str| Value::Text(text.to_owned());
        for (current, modifier, operand, expect) in [
            ("a", Modifier::Append, json!("b"), "b"),
            ("a", Modifier::Append, json!(["b", "c"]), "c"),
            ("a", Modifier::Append, json!(""), "a"),
            ("a", Modifier::Prepend, json!("b"), "a"),
            ("", Modifier::Prepend, json!("b"), "b"),
            ("a", Modifier::Remove, json!("a"), ""),
            ("a", Modifier::Remove, json!("b"), "a"),
        ] {
            assert_eq!(modify_elements(&single(current), modifier, &operand, false), Some(single(expect)));
        }
    }
}
