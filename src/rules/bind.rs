//! The values of [`Bind`]s: what a plan left open, filled in from one request.
//!
//! Called by `records` and `auth` for every statement. Never fails: whatever a request lacks is NULL.

use serde_json::{Map, Value as Json};

use super::plan::{Bind, Part};
use super::shape::LiteralValue;
use crate::base::json::write_number;
use crate::base::{SqlValue, Timestamp};
use crate::domain::{Collection, Principal, Record, RequestInfo, Value};

/// Everything that a plan may ask for.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The literals of the client's filter, by slot.
    pub literals: &'a [LiteralValue],
    /// Values given by the service.
    pub arguments: &'a [SqlValue],
    /// The request.
    pub request: &'a RequestInfo,
    /// Who asks.
    pub principal: &'a Principal,
    /// What was submitted, on create and update.
    pub submitted: Option<&'a Submitted<'a>>,
    /// The record about to be created.
    pub candidate: Option<&'a Record>,
    /// The time of the transaction.
    pub now: Timestamp,
}

/// A request body after modifiers were applied and values normalised.
pub struct Submitted<'a> {
    /// Whose fields these are.
    pub collection: &'a Collection,
    /// One entry per field; `None` where the key was absent (or not the caller's to set).
    pub values: Vec<Option<Value>>,
    /// The body as it came, for keys that are no fields.
    pub raw: &'a Map<String, Json>,
}

impl Env<'_> {
    /// The value of a bind.
    pub fn value(&self, bind: &Bind) -> SqlValue {
        match bind {
            Bind::Const(value) => value.clone(),
            Bind::Literal(slot) => match self.literals.get(*slot) {
                Some(LiteralValue::Text(text)) => SqlValue::Text(text.clone()),
                Some(LiteralValue::Number(number)) => SqlValue::Real(*number),
                None => SqlValue::Null,
            },
            Bind::Argument(at) => self.arguments.get(*at).cloned().unwrap_or(SqlValue::Null),
            Bind::Candidate(at) => self.candidate.map_or(SqlValue::Null, |record| record.at(*at).to_sql()),
            Bind::Macro(found) => found.value(self.now),
            Bind::Context => SqlValue::from(self.request.context.name()),
            Bind::Method => SqlValue::from(self.request.method.as_str()),
            Bind::Query(key) => SqlValue::from(self.request.query(key)),
            Bind::Header(key) => SqlValue::from(self.request.header(key)),
            Bind::Auth(at, path) => self.auth(*at, path),
            Bind::AuthCollectionId => SqlValue::from(self.principal.record().map(|r| r.collection().id.as_str())),
            Bind::AuthCollectionName => SqlValue::from(self.principal.record().map(|r| r.collection().name.as_str())),
            Bind::Body(key, path) => self.body(key, path),
            Bind::Submitted(at) => self
                .submitted
                .and_then(|submitted| submitted.values.get(*at)?.as_ref())
                .map_or(SqlValue::Null, Value::to_sql),
            Bind::IsSet(part, key) => SqlValue::from(self.is_set(*part, key)),
            Bind::Length(inner) => length(self.value(inner)),
            Bind::Lower(inner) => match self.value(inner) {
                SqlValue::Text(text) => SqlValue::Text(text.to_ascii_lowercase()),
                other => other,
            },
            Bind::Pattern(inner) => match self.value(inner) {
                SqlValue::Null => SqlValue::Null,
                SqlValue::Text(text) => SqlValue::Text(like_pattern(&text)),
                SqlValue::Integer(number) => SqlValue::Text(format!("%{number}%")),
                SqlValue::Real(number) => {
                    let mut text = String::from("%");
                    write_number(&mut text, number);
                    text.push('%');
                    SqlValue::Text(text)
                }
            },
            Bind::OrEmpty(inner) => match self.value(inner) {
                SqlValue::Null => SqlValue::from(""),
                other => other,
            },
        }
    }

    fn auth(&self, at: usize, path: &[String]) -> SqlValue {
        match self.principal.record() {
            Some(record) => inside(record.at(at), path),
            None => SqlValue::Null,
        }
    }

    fn body(&self, key: &str, path: &[String]) -> SqlValue {
        let Some(submitted) = self.submitted else { return SqlValue::Null };
        match submitted.collection.position(key) {
            Some(at) if !path.is_empty() && submitted.collection.fields[at].as_file().is_some() => {
                submitted.values[at].as_ref().map_or(SqlValue::Null, |value| self.about_upload(value, path))
            }
            Some(at) => submitted.values[at].as_ref().map_or(SqlValue::Null, |value| inside(value, path)),
            None => submitted.raw.get(key).map_or(SqlValue::Null, |json| pick(json, path)),
        }
    }

    /// What is known of a submitted file that has just arrived: `f.size`, or `f.1.size` where there may be several.
    fn about_upload(&self, value: &Value, path: &[String]) -> SqlValue {
        let (at, what) = match path {
            [what] if matches!(value, Value::Text(_)) => (0, what),
            [at, what] => match at.parse::<usize>() {
                Ok(at) => (at, what),
                Err(_) => return SqlValue::Null,
            },
            _ => return SqlValue::Null,
        };
        let upload = value.elements().get(at).and_then(|name| self.request.upload(name));
        match (upload, what.as_str()) {
            (Some(upload), "size") => SqlValue::Real(upload.size_bytes as f64),
            (Some(upload), "name") => SqlValue::from(upload.name.as_str()),
            (Some(upload), "originalName") => SqlValue::from(upload.original_name.as_str()),
            _ => SqlValue::Null,
        }
    }

    fn is_set(&self, part: Part, key: &str) -> bool {
        match part {
            Part::Query => self.request.query(key).is_some(),
            Part::Headers => self.request.header(key).is_some(),
            Part::Body => self.submitted.is_some_and(|submitted| match submitted.collection.position(key) {
                Some(at) => submitted.values[at].is_some(),
                None => submitted.raw.contains_key(key),
            }),
        }
    }
}

/// The bound form of a field's value, or of a part of it.
fn inside(value: &Value, path: &[String]) -> SqlValue {
    match value {
        Value::Json(_) => pick(&value.to_json(), path),
        Value::Point { .. } if !path.is_empty() => pick(&value.to_json(), path),
        other => other.to_sql(),
    }
}

/// What is found at `path`; arrays and objects become their JSON text, as SQL's JSON functions give them.
fn pick(json: &Json, path: &[String]) -> SqlValue {
    let mut at = json;
    for segment in path {
        let next = match at {
            Json::Object(map) => map.get(segment),
            Json::Array(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        match next {
            Some(found) => at = found,
            None => return SqlValue::Null,
        }
    }
    match at {
        Json::Null => SqlValue::Null,
        Json::Bool(truth) => SqlValue::from(*truth),
        Json::Number(number) => SqlValue::Real(number.as_f64().unwrap_or(0.0)),
        Json::String(text) => SqlValue::from(text.as_str()),
        Json::Array(_) | Json::Object(_) => SqlValue::Text(at.to_string()),
    }
}

fn length(value: SqlValue) -> SqlValue {
    match value {
        SqlValue::Text(text) if text.starts_with('[') => {
            SqlValue::Integer(serde_json::from_str::<Vec<Json>>(&text).map_or(1, |items| items.len() as i64))
        }
        SqlValue::Text(text) => SqlValue::Integer(i64::from(!text.is_empty())),
        _ => SqlValue::Integer(0),
    }
}

/// A pattern for LIKE with `\` as its escape: `text` as it is if it has an unescaped `%`, otherwise a contains-match
/// in which every wildcard stands for itself.
fn like_pattern(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    escaped.push('%');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '%' => return text.to_owned(),
            '_' => escaped.push_str("\\_"),
            '\\' => match chars.next_if(|next| matches!(next, '%' | '_' | '\\')) {
                Some(next) => escaped.extend(['\\', next]),
                None => escaped.push_str("\\\\"),
            },
            _ => escaped.push(c),
        }
    }
    escaped.push('%');
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_anywhere_unless_they_say_where() {
        for (text, expect) in
            [("a", "%a%"), ("a%", "a%"), ("a_b", "%a\\_b%"), ("50\\%", "%50\\%%"), ("a\\b", "%a\\\\b%"), ("", "%%")]
        {
            assert_eq!(like_pattern(text), expect, "{text}");
        }
    }

    #[test]
    fn json_parts_come_out_as_their_own_type() {
        let json = serde_json::json!({"a": [1, {"b": true}], "t": "x"});
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(pick(&json, &path("a.0")), SqlValue::Real(1.0));
        assert_eq!(pick(&json, &path("a.1.b")), SqlValue::Integer(1));
        assert_eq!(pick(&json, &path("t")), SqlValue::from("x"));
        assert_eq!(pick(&json, &path("t.x")), SqlValue::Null);
        assert_eq!(pick(&json, &path("a")), SqlValue::from("[1,{\"b\":true}]"));
    }
}
