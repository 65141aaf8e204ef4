//! One record: a collection and a value for each of its fields, in the fields' order.

use std::sync::Arc;

use crate::domain::{Collection, Field, Value};

/// A record. Invariant: `values` has one entry per field of the collection, in the same order.
#[derive(Clone, Debug)]
pub struct Record {
    collection: Arc<Collection>,
    values: Vec<Value>,
}

impl Record {
    /// A record of `collection` with the given values.
    ///
    /// # Panics
    /// If there isn't exactly one value per field, which is a programmer's error.
    pub fn new(collection: Arc<Collection>, values: Vec<Value>) -> Record {
        assert_eq!(collection.fields.len(), values.len(), "one value per field");
        Record { collection, values }
    }

    /// A record that was never set: zero values only.
    pub fn blank(collection: Arc<Collection>) -> Record {
        let values = collection.fields.iter().map(|field| field.zero()).collect();
        Record { collection, values }
    }

    /// The same record as a later form of its collection has it: values of fields that are still there, by the ids of
    /// the fields, and what a field holds that was never set for all others.
    pub fn in_form_of(&self, collection: &Arc<Collection>) -> Record {
        if Arc::ptr_eq(collection, &self.collection) {
            return self.clone();
        }
        let kept = |field: &Field| {
            let old = self.collection.fields.iter().position(|old| old.id == field.id)?;
            let former = &self.collection.fields[old];
            let fits = former.storage() == field.storage() && (field.nullable || !former.nullable);
            fits.then(|| self.values[old].clone())
        };
        let values = collection.fields.iter().map(|field| kept(field).unwrap_or_else(|| field.zero())).collect();
        Record { collection: collection.clone(), values }
    }

    /// About how many bytes it takes in memory.
    pub fn size_bytes(&self) -> usize {
        let texts = self.values.iter().map(|value| match value {
            Value::Text(text) | Value::Json(text) => text.len(),
            Value::List(items) => items.iter().map(|item| item.len() + size_of::<String>()).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Point { .. } => 0,
        });
        size_of::<Record>() + self.values.len() * size_of::<Value>() + texts.sum::<usize>()
    }

    /// The collection.
    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// The id; empty before one was given.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The values, in the order of the fields.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value at a field's position.
    pub fn at(&self, position: usize) -> &Value {
        &self.values[position]
    }

    /// Replaces the value at a field's position.
    pub fn set_at(&mut self, position: usize, value: Value) {
        self.values[position] = value;
    }

    /// The value of a field by name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.collection.position(name).map(|position| &self.values[position])
    }

    /// Replaces the value of a field by name; a name that isn't a field is ignored.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Some(position) = self.collection.position(name) {
            self.values[position] = value;
        }
    }

    /// The text of a text-like field; `""` if there is no such field.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", Value::as_text)
    }

    /// The truth of a `bool` field; false if there is no such field.
    pub fn truth(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Bool(true)))
    }
}
