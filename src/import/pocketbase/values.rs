//! Our values of theirs: by what is stored, not by what a column is declared as.
//!
//! Databases that were upgraded from old versions hold bare strings in lists, empty texts in numbers, NULL anywhere.
//! What means the same here is taken without a word; what can't is the closest value that there is, and said.

use serde_json::Value as Json;

use crate::base::SqlValueRef;
use crate::base::json::write_number;
use crate::domain::field::date::parse_date;
use crate::domain::field::elements;
use crate::domain::{Field, FieldKind, Storage, Value};

/// Whole numbers up to this size are the same as floats.
const EXACT_MAX: u64 = 1 << 53;

/// A value, and why it isn't what was stored, if it isn't.
pub type Read = (Value, Option<String>);

/// The value that `field` has for what is stored.
pub fn read(field: &Field, stored: SqlValueRef<'_>) -> Read {
    let (text, spoiled) = text_of(stored);
    let (value, changed) = match &field.kind {
        FieldKind::Date(_) | FieldKind::Autodate(_) => date(&text),
        FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_) => (several(field, &text), None),
        _ => match field.storage() {
            Storage::Text => (Value::Text(text), None),
            Storage::Number => number(stored, &text),
            Storage::Bool => truth(stored, &text),
            Storage::Json => (json(stored, text), None),
            Storage::Point => point(&text),
            Storage::List => (several(field, &text), None),
        },
    };
    (value, changed.or(spoiled))
}

/// What is stored, as text; NULL is empty. Bytes that aren't UTF-8 can't be kept.
fn text_of(stored: SqlValueRef<'_>) -> (String, Option<String>) {
    match stored {
        SqlValueRef::Null => (String::new(), None),
        SqlValueRef::Text(text) => (text.to_owned(), None),
        SqlValueRef::Integer(number) => (number.to_string(), None),
        SqlValueRef::Real(number) => {
            let mut text = String::new();
            write_number(&mut text, number);
            (text, None)
        }
        SqlValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => {
                let why = "It isn't UTF-8; what can't be read of it is a replacement character now.";
                (String::from_utf8_lossy(bytes).into_owned(), Some(why.to_owned()))
            }
        },
    }
}

fn date(text: &str) -> Read {
    match parse_date(text) {
        Some(date) => (Value::Text(date), None),
        // The first instant of year 1 stands for "no date", too.
        None if text.is_empty() || text.starts_with("0001-01-01") => (Value::Text(String::new()), None),
        None => (Value::Text(String::new()), Some(format!("{} isn't a date; it is empty now.", quoted(text)))),
    }
}

/// One or several; a list that became single-valued counts by its last element.
fn several(field: &Field, text: &str) -> Value {
    let mut all = elements(&Json::from(text));
    match field.is_multiple() {
        true => Value::List(all),
        false => Value::Text(all.pop().unwrap_or_default()),
    }
}

fn number(stored: SqlValueRef<'_>, text: &str) -> Read {
    let number = match stored {
        SqlValueRef::Integer(number) if number.unsigned_abs() <= EXACT_MAX => number as f64,
        SqlValueRef::Integer(number) => {
            let (near, mut shown) = (number as f64, String::new());
            write_number(&mut shown, near);
            let why = format!("{number} has more digits than a number can have; it is {shown} now.");
            return (Value::Number(near), (near as i128 != i128::from(number)).then_some(why));
        }
        SqlValueRef::Real(number) => number,
        SqlValueRef::Null => 0.0,
        SqlValueRef::Text(_) | SqlValueRef::Blob(_) if text.trim().is_empty() => 0.0,
        SqlValueRef::Text(_) | SqlValueRef::Blob(_) => text.trim().parse().unwrap_or(f64::NAN),
    };
    match number.is_finite() {
        true => (Value::Number(number), None),
        false => (Value::Number(0.0), Some(format!("{} isn't a number; it is 0 now.", quoted(text)))),
    }
}

fn truth(stored: SqlValueRef<'_>, text: &str) -> Read {
    let known = match stored {
        SqlValueRef::Integer(number) => Some(number != 0),
        SqlValueRef::Real(number) => Some(number != 0.0),
        _ => match text.trim().to_ascii_lowercase().as_str() {
            "" | "0" | "f" | "false" => Some(false),
            "1" | "t" | "true" => Some(true),
            _ => None,
        },
    };
    let why = || format!("{} is neither true nor false; it is false now.", quoted(text));
    (Value::Bool(known.unwrap_or(false)), known.is_none().then(why))
}

/// What isn't JSON is a JSON string, as PocketBase has it.
fn json(stored: SqlValueRef<'_>, text: String) -> Value {
    let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    let text = match stored {
        SqlValueRef::Null => return Value::Null,
        _ if text.trim().is_empty() => return Value::Null,
        _ if is_json() => {
            let mut compact = String::with_capacity(text.len());
            crate::base::json::write_raw(&mut compact, &text);
            compact
        }
        _ => Json::from(text).to_string(),
    };
    if text == "null" { Value::Null } else { Value::Json(text) }
}

fn point(text: &str) -> Read {
    let parsed: Option<Json> = serde_json::from_str(text).ok();
    let part = |name: &str| parsed.as_ref().and_then(|point| point.get(name)).and_then(Json::as_f64);
    match (part("lon"), part("lat")) {
        (Some(lon), Some(lat)) => (Value::Point { lon, lat }, None),
        _ => {
            let why = format!("{} isn't a place; it is 0, 0 now.", quoted(text));
            let is_nothing = text.is_empty() || text == "null" || text == "{}";
            (Value::Point { lon: 0.0, lat: 0.0 }, (!is_nothing).then_some(why))
        }
    }
}

/// A value as a note shows it.
fn quoted(text: &str) -> String {
    const SHOWN_CHARS: usize = 40;
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    let rest = if text.chars().nth(SHOWN_CHARS).is_some() { "…" } else { "" };
    format!("{shown:?}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(definition: Json) -> Field {
        let mut map = definition.as_object().expect("an object").clone();
        map.insert("name".to_owned(), "f".into());
        Field::from_json(&map).expect("a field")
    }

    #[track_caller]
    fn check(definition: Json, stored: SqlValueRef<'_>, expect: Json, is_changed: bool) {
        let (value, why) = read(&field(definition.clone()), stored);
        assert_eq!((value.to_json(), why.is_some()), (expect, is_changed), "{definition} of {stored:?}: {why:?}");
    }

    use SqlValueRef::{Blob, Integer, Null, Real, Text};

    #[test]
    fn texts_and_dates() {
        let (text, date) = (json!({"type": "text"}), json!({"type": "date"}));
        for (kind, stored, expect, is_changed) in [
            (&text, Text("a\0b"), "a\0b", false),
            (&text, Null, "", false),
            (&text, Integer(-7), "-7", false),
            (&text, Real(1.5), "1.5", false),
            (&text, Blob(b"abc"), "abc", false),
            (&text, Blob(b"a\xffc"), "a\u{fffd}c", true),
            (&date, Text("2022-10-01 12:00:00.000Z"), "2022-10-01 12:00:00.000Z", false),
            (&date, Text("2022-10-01T12:00:00Z"), "2022-10-01 12:00:00.000Z", false),
            (&date, Text("2022-10-01"), "2022-10-01 00:00:00.000Z", false),
            (&date, Null, "", false),
            (&date, Text("0001-01-01 00:00:00.000Z"), "", false),
            (&date, Text("soon"), "", true),
        ] {
            check(kind.clone(), stored, json!(expect), is_changed);
        }
    }

    #[test]
    fn lists_and_single_values() {
        let many = json!({"type": "select", "values": ["a", "b"], "maxSelect": 2});
        let one = json!({"type": "select", "values": ["a", "b"], "maxSelect": 1});
        for (stored, as_many, as_one) in [
            (Text(r#"["a","b"]"#), json!(["a", "b"]), "b"),
            (Text("a"), json!(["a"]), "a"),
            (Text(""), json!([]), ""),
            (Text("[]"), json!([]), ""),
            (Text("null"), json!(["null"]), "null"),
            (Null, json!([]), ""),
            (Text(r#"["a","a",""]"#), json!(["a"]), "a"),
            (Text("[broken"), json!(["[broken"]), "[broken"),
            (Integer(5), json!(["5"]), "5"),
        ] {
            check(many.clone(), stored, as_many, false);
            check(one.clone(), stored, json!(as_one), false);
        }
    }

    #[test]
    fn numbers_and_truths() {
        let (number, truth) = (json!({"type": "number"}), json!({"type": "bool"}));
        for (stored, expect, is_changed) in [
            (Integer(3), json!(3), false),
            (Real(-0.5), json!(-0.5), false),
            (Null, json!(0), false),
            (Text(""), json!(0), false),
            (Text(" 12.5 "), json!(12.5), false),
            (Text("abc"), json!(0), true),
            (Real(f64::INFINITY), json!(0), true),
            (Integer(9_007_199_254_740_993), json!(9_007_199_254_740_992_f64), true),
            (Integer(1 << 60), json!(1_152_921_504_606_846_976_f64), false),
        ] {
            check(number.clone(), stored, expect, is_changed);
        }
        for (stored, expect, is_changed) in [
            (Integer(1), true, false),
            (Integer(0), false, false),
            (Null, false, false),
            (Text("TRUE"), true, false),
            (Text("false"), false, false),
            (Text("perhaps"), false, true),
        ] {
            check(truth.clone(), stored, json!(expect), is_changed);
        }
    }

    #[test]
    fn json_and_places() {
        let (any, place) = (json!({"type": "json"}), json!({"type": "geoPoint"}));
        for (stored, expect) in [
            (Text(r#" {"b": 1, "a": [1, 2]} "#), json!({"b": 1, "a": [1, 2]})),
            (Text("null"), json!(null)),
            (Text(""), json!(null)),
            (Null, json!(null)),
            (Text("plain"), json!("plain")),
            (Text("\"x\""), json!("x")),
            (Integer(5), json!(5)),
        ] {
            check(any.clone(), stored, expect, false);
        }
        let digits = read(&field(any), Text("12345678901234567890123")).0;
        assert_eq!(digits, Value::Json("12345678901234567890123".to_owned()), "digit by digit");
        check(place.clone(), Text(r#"{"lat":2,"lon":1.5}"#), json!({"lon": 1.5, "lat": 2}), false);
        check(place.clone(), Text(""), json!({"lon": 0, "lat": 0}), false);
        check(place, Text("here"), json!({"lon": 0, "lat": 0}), true);
    }
}
