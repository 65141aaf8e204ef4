//! The value of one field of one record, and its two outer forms: SQL and JSON.

use serde_json::Value as Json;

use crate::base::json;
use crate::base::{SqlValue, SqlValueRef};
use crate::domain::Storage;

/// A field's value after normalisation.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL: only nullable fields have it, and `json` fields, where it stands for JSON `null`.
    Null,
    /// Of `bool` fields.
    Bool(bool),
    /// Of `number` fields. Not finite only between coercion and validation.
    Number(f64),
    /// Of text-like fields and of single `select`, `relation` and `file` fields; empty is "not set".
    Text(String),
    /// Of `select`, `relation` and `file` fields that take several; without duplicates, in order.
    List(Vec<String>),
    /// Of `json` fields: compact, valid JSON text.
    Json(String),
    /// Of `geoPoint` fields, in degrees.
    Point {
        /// Longitude, −180…180.
        lon: f64,
        /// Latitude, −90…90.
        lat: f64,
    },
}

impl Value {
    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    /// Whether this is what a field holds that was never set.
    pub fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(truth) => !truth,
            Value::Number(number) => *number == 0.0,
            Value::Text(text) => text.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Json(text) => matches!(text.as_str(), "null" | "\"\"" | "[]" | "{}"),
            Value::Point { lon, lat } => *lon == 0.0 && *lat == 0.0,
        }
    }

    /// The text of a text-like value, otherwise `""`.
    pub fn as_text(&self) -> &str {
        match self {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// The elements of a single or multiple `select`, `relation` or `file` value; an empty single value has none.
    pub fn elements(&self) -> &[String] {
        match self {
            Value::List(items) => items,
            Value::Text(text) if !text.is_empty() => std::slice::from_ref(text),
            _ => &[],
        }
    }

    /// The form in which the store keeps it.
    pub fn to_sql(&self) -> SqlValue {
        match self {
            Value::Null => SqlValue::Null,
            Value::Bool(truth) => SqlValue::from(*truth),
            Value::Number(number) => SqlValue::Real(*number),
            Value::Text(text) | Value::Json(text) => SqlValue::Text(text.clone()),
            Value::List(_) | Value::Point { .. } => SqlValue::Text(self.to_json_text()),
        }
    }

    /// Reads what the store holds for a field of this `storage`. Never fails: what doesn't fit (a column of a view,
    /// a row written by another program) is converted as far as it makes sense, otherwise it is the zero value.
    pub fn from_sql(storage: Storage, nullable: bool, stored: SqlValueRef<'_>) -> Value {
        if matches!(stored, SqlValueRef::Null) && nullable {
            return Value::Null;
        }
        match storage {
            Storage::Text => Value::Text(text_of(stored)),
            Storage::Number => Value::Number(number_of(stored)),
            Storage::Bool => Value::Bool(number_of(stored) != 0.0),
            Storage::List => Value::List(match stored {
                SqlValueRef::Text(text) if text.starts_with('[') => serde_json::from_str(text).unwrap_or_default(),
                SqlValueRef::Null | SqlValueRef::Text("") => Vec::new(),
                other => vec![text_of(other)],
            }),
            Storage::Json => match stored {
                SqlValueRef::Null => Value::Null,
                SqlValueRef::Text(text) => Value::Json(valid_json(text)),
                other => Value::Json(number_text(number_of(other))),
            },
            Storage::Point => {
                let text = text_of(stored);
                let point: Json = serde_json::from_str(&text).unwrap_or_default();
                let part = |name: &str| point.get(name).and_then(Json::as_f64).unwrap_or(0.0);
                Value::Point { lon: part("lon"), lat: part("lat") }
            }
        }
    }

    /// Appends the JSON form to `out`.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Number(number) => json::write_number(out, *number),
            Value::Text(text) => json::write_str(out, text),
            Value::Json(text) => json::write_raw(out, text),
            Value::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    json::write_str(out, item);
                }
                out.push(']');
            }
            Value::Point { lon, lat } => {
                out.push_str("{\"lon\":");
                json::write_number(out, *lon);
                out.push_str(",\"lat\":");
                json::write_number(out, *lat);
                out.push('}');
            }
        }
    }

    /// The value as a JSON tree.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Number(number) => number_json(*number),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::from(items.clone()),
            Value::Json(text) => serde_json::from_str(text).unwrap_or_default(),
            Value::Point { lon, lat } => serde_json::json!({"lon": number_json(*lon), "lat": number_json(*lat)}),
        }
    }

    /// The value as compact JSON text that SQL's JSON functions read.
    pub fn to_json_text(&self) -> String {
        match self {
            Value::Json(text) => text.clone(),
            other => {
                let mut text = String::new();
                other.write_json(&mut text);
                text
            }
        }
    }
}

/// A JSON number; integers without a fraction.
pub fn number_json(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() < 9e15 { Json::from(number as i64) } else { Json::from(number) }
}

fn text_of(stored: SqlValueRef<'_>) -> String {
    match stored {
        SqlValueRef::Text(text) => text.to_owned(),
        SqlValueRef::Integer(number) => number.to_string(),
        SqlValueRef::Real(number) => number_text(number),
        SqlValueRef::Null | SqlValueRef::Blob(_) => String::new(),
    }
}

fn number_of(stored: SqlValueRef<'_>) -> f64 {
    match stored {
        SqlValueRef::Integer(number) => number as f64,
        SqlValueRef::Real(number) => number,
        SqlValueRef::Text(text) => text.trim().parse().unwrap_or(0.0),
        SqlValueRef::Null | SqlValueRef::Blob(_) => 0.0,
    }
}

fn number_text(number: f64) -> String {
    let mut text = String::new();
    json::write_number(&mut text, number);
    text
}

/// JSON text as it is; any other text (a view's plain column) as a JSON string.
fn valid_json(text: &str) -> String {
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        text.to_owned()
    } else {
        Json::from(text).to_string()
    }
}
