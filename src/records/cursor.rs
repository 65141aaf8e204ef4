//! Paging by position instead of by number: stable while records are inserted and deleted.
//!
//! The token is the sort key values and the id of the last record of a page, in base64url, together with a
//! checksum of what was listed. It tells only what the page already showed, so it isn't secret, and it is checked as
//! any other input.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use crate::base::ids::checksum;
use crate::base::{Error, Result, SqlValue};
use crate::domain::{Collection, Principal};
use crate::rules;
use crate::store::Row;

/// A position in a sorted list.
pub struct Cursor {
    /// The values of the keys, then the id; empty at the start of the list.
    pub values: Vec<SqlValue>,
    keys: usize,
    /// Identifies collection and sort expression, so that a token isn't used with another list.
    list: String,
}

impl Cursor {
    /// Reads a token; `""` is the start of the list.
    ///
    /// # Errors
    /// 400 if the token isn't one of this list, or if the list is sorted by something that has no position: chance,
    /// or a value of another record. Row numbers are positions for superusers only: a token with one would tell
    /// others how many records there are that they can't see.
    pub fn parse(text: &str, collection: &Collection, sort: Option<&str>, principal: &Principal) -> Result<Cursor> {
        let items = sort.map_or(Ok(Vec::new()), rules::parse_sort).unwrap_or_default();
        let has_position = |item: &rules::SortItem| match item.path.segments.as_slice() {
            [name] if item.path.modifier.is_none() => {
                collection.position(name).is_some() || (name == "@rowid" && principal.is_superuser())
            }
            _ => false,
        };
        if !items.iter().all(has_position) {
            return Err(Error::invalid("A cursor needs a list that is sorted by the collection's own fields."));
        }
        let keys = items.len() + 1;
        let list = checksum(&format!("{}|{}", collection.id, sort.unwrap_or_default()));
        let values = if text.is_empty() { Vec::new() } else { decode(text, &list, keys)? };
        Ok(Cursor { values, keys, list })
    }

    /// Takes the position of a row, whose keys start at column `first`.
    pub fn read(&mut self, row: &Row<'_>, first: usize) -> Result<()> {
        self.values.clear();
        for at in first..first + self.keys {
            self.values.push(row.get(at)?.to_owned());
        }
        Ok(())
    }

    /// The token of the position that was read last.
    pub fn next(&self) -> String {
        let mut parts = vec![Json::from(self.list.clone())];
        parts.extend(self.values.iter().map(|value| match value {
            SqlValue::Null => Json::Null,
            SqlValue::Integer(number) => Json::from(*number),
            SqlValue::Real(number) => Json::from(*number),
            SqlValue::Text(text) => Json::from(text.clone()),
        }));
        URL_SAFE_NO_PAD.encode(Json::from(parts).to_string())
    }
}

fn decode(text: &str, list: &str, keys: usize) -> Result<Vec<SqlValue>> {
    let parse = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let parts: Vec<Json> = serde_json::from_slice(&bytes).ok()?;
        let (first, values) = parts.split_first()?;
        (first.as_str() == Some(list) && values.len() == keys)
            .then(|| values.iter().map(sql_value).collect::<Option<Vec<_>>>())?
    };
    parse().ok_or_else(|| Error::invalid("This cursor doesn't belong to this list."))
}

fn sql_value(json: &Json) -> Option<SqlValue> {
    match json {
        Json::Null => Some(SqlValue::Null),
        Json::String(text) => Some(SqlValue::from(text.as_str())),
        Json::Number(number) => number.as_i64().map(SqlValue::Integer).or_else(|| number.as_f64().map(SqlValue::Real)),
        _ => None,
    }
}
