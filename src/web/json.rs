//! JSON bodies, read so that nothing in them can be understood in two ways.
//!
//! Pure; called by `body` and `form`. Refused are names that an object has twice (programs differ in which one counts,
//! so a check made before us may have seen the other) and NUL (which cuts text short in databases and tools).

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value as Json};

use crate::base::{Error, Result};

/// The first JSON value of `text` as an object, `null` being an empty one. `whole` refuses anything after it; a body
/// may have such a tail, which is ignored.
pub(super) fn parse_object(text: &[u8], whole: bool) -> Result<Map<String, Json>> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let Clear(value) = Clear::deserialize(&mut reader).map_err(malformed)?;
    if whole {
        reader.end().map_err(malformed)?;
    }
    match value {
        Json::Object(object) => Ok(object),
        Json::Null => Ok(Map::new()),
        _ => Err(Error::invalid("The body must be a JSON object.")),
    }
}

fn malformed(error: serde_json::Error) -> Error {
    match error.classify() {
        // Only what `Clear` refuses is of this category, in words that are fit for the client.
        Category::Data => Error::invalid(format!("The JSON in the body has {error}.")),
        _ => Error::invalid("The JSON in the body isn't well-formed or nests too deep."),
    }
}

/// A JSON value that means the same to everybody.
struct Clear(Json);

impl<'de> Deserialize<'de> for Clear {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ClearVisitor).map(Clear)
    }
}

struct ClearVisitor;

impl<'de> Visitor<'de> for ClearVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> std::result::Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Json, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Json, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> std::result::Result<Json, E> {
        without_nul(text).map(Json::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(Clear(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let key = without_nul(key)?;
            if object.contains_key(&key) {
                return Err(de::Error::custom("an object with the same name twice"));
            }
            let Clear(value) = entries.next_value()?;
            object.insert(key, value);
        }
        Ok(Json::Object(object))
    }
}

fn without_nul<E: de::Error>(text: String) -> std::result::Result<String, E> {
    if text.contains('\0') { Err(E::custom("text with a NUL character in it")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_bodies_are_objects() {
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        for (text, expect) in [
            (r#"{"a":1}"#.to_owned(), Some(json!({"a": 1}))),
            (r#"{"a":[null,true,-1,1.5,"ä",{}]}"#.to_owned(), Some(json!({"a": [null, true, -1, 1.5, "ä", {}]}))),
            (r#"{"a":18446744073709551615}"#.to_owned(), Some(json!({"a": u64::MAX}))),
            (r#"{"a":{"b":1},"b":1}"#.to_owned(), Some(json!({"a": {"b": 1}, "b": 1}))),
            (r#"{"a":1,"a":2}"#.to_owned(), None),
            (r#"{"a":1,"\u0061":1}"#.to_owned(), None),
            (r#"{"a":[{"b":1,"b":1}]}"#.to_owned(), None),
            (r#"{"a":1} trailing"#.to_owned(), Some(json!({"a": 1}))),
            ("null".to_owned(), Some(json!({}))),
            ("".to_owned(), None),
            ("  ".to_owned(), None),
            ("[1,2]".to_owned(), None),
            ("1".to_owned(), None),
            (r#"{""#.to_owned(), None),
            (r#"{"a":1e999}"#.to_owned(), None),
            (r#"{"a":"\ud800"}"#.to_owned(), None),
            ("{\"a\":\"\0\"}".to_owned(), None),
            (r#"{"a":["\u0000"]}"#.to_owned(), None),
            (r#"{"\u0000":1}"#.to_owned(), None),
            (r#"{"a":"\\u0000"}"#.to_owned(), Some(json!({"a": "\\u0000"}))),
            (deep(2_000_000), None),
        ] {
            let result = parse_object(text.as_bytes(), false).ok().map(Json::Object);
            assert_eq!(result, expect, "{}", text.chars().take(40).collect::<String>());
        }
        assert!(parse_object(deep(100).as_bytes(), false).is_ok());
        assert!(parse_object(b"{\"a\":\"\xff\"}", false).is_err());
        assert!(parse_object(b"{} x", true).is_err());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expect) in [
            (r#"{"a":1,"a":2}"#, "The JSON in the body has an object with the same name twice at line 1 column 10."),
            (r#"{"a":"#, "The JSON in the body isn't well-formed or nests too deep."),
            ("[]", "The body must be a JSON object."),
        ] {
            let error = parse_object(text.as_bytes(), false).expect_err("it is wrong");
            assert_eq!(error.to_string(), expect, "{text}");
        }
    }
}
