//! Form fields (multipart and urlencoded) turned into the JSON object that a JSON body would have been.
//!
//! Pure; called by `body`. Text becomes a boolean or a number where it looks exactly like one, repeated names become
//! arrays, and `@jsonPayload` holds what a form can't express.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Number, Value as Json};

use crate::base::limits::SAFE_INTEGER_MAX;
use crate::base::{Error, Result};
use crate::web::json::parse_object;

/// The name whose values are JSON objects, merged over everything else.
const JSON_PAYLOAD: &str = "@jsonPayload";

/// What text in a form stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormText {
    /// Booleans and numbers where it looks like them: bodies whose fields have types, such as records.
    Inferred,
    /// Always text: fixed bodies such as a login, where `123456` may be a password.
    Verbatim,
}

/// The object made of `pairs`.
pub fn to_object(pairs: Vec<(String, String)>, text: FormText) -> Result<Map<String, Json>> {
    let mut values: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    let mut payloads: Vec<Map<String, Json>> = Vec::new();
    for (name, value) in pairs {
        if name == JSON_PAYLOAD {
            payloads.push(parse_object(value.as_bytes(), true)?);
            continue;
        }
        let value = match text {
            FormText::Inferred => infer(value),
            FormText::Verbatim => Json::String(value),
        };
        values.entry(name).or_default().push(value);
    }
    let mut object: Map<String, Json> = values
        .into_iter()
        .map(|(name, mut values)| match values.len() {
            1 => (name, values.remove(0)),
            _ => (name, Json::Array(values)),
        })
        .collect();
    for payload in payloads {
        object.extend(payload);
    }
    Ok(object)
}

/// A boolean or a number if `text` is exactly how one is written, otherwise the text.
fn infer(text: String) -> Json {
    match text.as_str() {
        "true" => return Json::Bool(true),
        "false" => return Json::Bool(false),
        _ => {}
    }
    match number(&text) {
        Some(number) => Json::Number(number),
        None => Json::String(text),
    }
}

/// `1`, `-1`, `1.5`, but not `01`, `1.0`, `1e3` or more digits than a float keeps: those would come back changed.
fn number(text: &str) -> Option<Number> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'-');
    if !plain || !starts {
        return None;
    }
    let float: f64 = text.parse().ok()?;
    if !float.is_finite() || float.to_string() != text {
        return None;
    }
    if float.fract() == 0.0 && float.abs() <= SAFE_INTEGER_MAX as f64 {
        return Some(Number::from(float as i64));
    }
    Number::from_f64(float)
}

/// The pairs of an urlencoded body; unlike in a query string, what isn't valid is refused.
pub fn parse_urlencoded(body: &[u8]) -> Result<Vec<(String, String)>> {
    let body = std::str::from_utf8(body).map_err(|_| malformed())?;
    body.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String> {
    decode_percent(&text.replace('+', " "))
}

/// Text without its percent-encoding; escapes that aren't whole, what isn't UTF-8, and NUL are refused.
pub fn decode_percent(text: &str) -> Result<String> {
    let escapes_are_whole = text
        .split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit));
    if !escapes_are_whole {
        return Err(malformed());
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| malformed())?.into_owned();
    checked(decoded)
}

/// Text without NUL, which neither databases nor the tools around them handle reliably.
pub fn checked(text: String) -> Result<String> {
    if text.contains('\0') { Err(malformed()) } else { Ok(text) }
}

fn malformed() -> Error {
    Error::invalid("The form in the body isn't well-formed.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(body: &str) -> Option<Json> {
        let pairs = parse_urlencoded(body.as_bytes()).ok()?;
        to_object(pairs, FormText::Inferred).ok().map(Json::Object)
    }

    #[test]
    fn text_becomes_a_value_only_if_it_is_written_exactly_like_one() {
        for (text, expect) in [
            ("true", json!(true)),
            ("false", json!(false)),
            ("TRUE", json!("TRUE")),
            ("null", json!("null")),
            ("", json!("")),
            ("1", json!(1)),
            ("-1", json!(-1)),
            ("1.5", json!(1.5)),
            ("0.5", json!(0.5)),
            ("0.0000001", json!(1e-7)),
            ("-0", json!(0)),
            ("01", json!("01")),
            ("1.0", json!("1.0")),
            ("1e3", json!("1e3")),
            (".5", json!(".5")),
            ("+1", json!("+1")),
            ("-", json!("-")),
            ("1-1", json!("1-1")),
            ("1.2.3", json!("1.2.3")),
            ("[1]", json!("[1]")),
            ("9007199254740993", json!("9007199254740993")),
            ("123456789012345678901", json!("123456789012345678901")),
            ("١", json!("١")),
        ] {
            assert_eq!(infer(text.to_owned()), expect, "{text:?}");
        }
    }

    #[test]
    fn pairs_become_an_object() {
        for (body, expect) in [
            ("", Some(json!({}))),
            ("a=1&b=x+y%20z&c", Some(json!({"a": 1, "b": "x y z", "c": ""}))),
            ("a=1&a=x&a=true", Some(json!({"a": [1, "x", true]}))),
            ("t=3&@jsonPayload={\"t\":\"2\",\"u\":[1]}", Some(json!({"t": "2", "u": [1]}))),
            ("@jsonPayload={\"j\":5}&j=7&%40jsonPayload={\"j\":6}", Some(json!({"j": 6}))),
            ("a=1&@jsonPayload=null", Some(json!({"a": 1}))),
            ("@jsonPayload=[1]", None),
            ("@jsonPayload={} x", None),
            ("@jsonPayload=", None),
            ("a=%zz", None),
            ("a=%f", None),
            ("a=%ff", None),
            ("a=%00", None),
            ("%", None),
        ] {
            assert_eq!(object(body), expect, "{body:?}");
        }
    }

    #[test]
    fn verbatim_text_stays_text() {
        let pairs = vec![("password".to_owned(), "123456".to_owned()), ("x".to_owned(), "true".to_owned())];
        let object = to_object(pairs, FormText::Verbatim).expect("nothing is wrong with it");
        assert_eq!(Json::Object(object), json!({"password": "123456", "x": "true"}));
    }
}
