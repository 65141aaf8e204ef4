//! A small database in memory, for the reference evaluator and the generators of random cases.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Everything that a filter can look at.
#[derive(Clone, Debug)]
pub struct World {
    pub collections: Vec<MemCollection>,
}

/// A collection with its rows. Every collection has a text field `id` besides its `fields`.
#[derive(Clone, Debug)]
pub struct MemCollection {
    pub name: String,
    pub fields: Vec<(String, MemKind)>,
    pub rows: Vec<MemRow>,
}

/// A record. A field that is missing has its zero value.
pub type MemRow = BTreeMap<String, MemValue>;

/// The kind of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum MemKind {
    Text,
    Number,
    Bool,
    Date,
    Json,
    Select { multi: bool },
    Relation { target: String, multi: bool },
}

/// The value of a field, as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub enum MemValue {
    /// Of text, date, single select and single relation fields.
    Text(String),
    Number(f64),
    Bool(bool),
    Json(Json),
    /// Of multiple select and relation fields.
    List(Vec<String>),
}

impl MemValue {
    /// The form in which a client sends it. json goes as JSON text, because a plain `"1"` would be read as the number.
    pub fn to_json(&self) -> Json {
        match self {
            MemValue::Text(text) => Json::from(text.as_str()),
            MemValue::Number(number) => Json::from(*number),
            MemValue::Bool(truth) => Json::from(*truth),
            MemValue::Json(json) => Json::from(json.to_string()),
            MemValue::List(items) => Json::from(items.clone()),
        }
    }
}

impl World {
    /// The collection of this name.
    pub fn find(&self, name: &str) -> Option<&MemCollection> {
        self.collections.iter().find(|collection| collection.name == name)
    }
}

impl MemCollection {
    /// The kind of a field; `None` if there is no such field.
    pub fn kind(&self, field: &str) -> Option<MemKind> {
        if field == "id" {
            return Some(MemKind::Text);
        }
        self.fields.iter().find(|(name, _)| name == field).map(|(_, kind)| kind.clone())
    }
}
