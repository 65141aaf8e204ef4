//! Fields: what every kind has in common, and the table of kinds. One file per kind.
//!
//! A kind decides what its options mean, how untrusted input becomes a [`Value`], and which values it refuses.
//! Not here: checks that need the database (does a related record exist, is a value unique); `records` makes those.

pub mod autodate;
pub mod bool;
pub mod checks;
mod coerce;
pub mod date;
mod domains;
pub mod editor;
pub mod email;
pub mod file;
pub mod geo_point;
pub mod json;
pub mod number;
pub mod password;
mod pattern;
pub mod relation;
pub mod select;
pub mod text;
pub mod url;

pub use coerce::elements;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::base::{FieldError, FieldErrors, ids};
use crate::domain::{Collection, Schema, Value};

/// How a kind's values are laid out in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Text, `''` when not set.
    Text,
    /// A float, `0` when not set.
    Number,
    /// 0 or 1.
    Bool,
    /// A JSON array of strings as text, `'[]'` when not set.
    List,
    /// Any JSON as text, or NULL.
    Json,
    /// `{"lon":…,"lat":…}` as text.
    Point,
}

/// A change relative to the stored value, written as a mark on the key: `field+`, `+field`, `field-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `field+`: add to a number, append to a list.
    Append,
    /// `+field`: prepend to a list.
    Prepend,
    /// `field-`: subtract from a number, remove from a list.
    Remove,
    /// `field:autogenerate`: the given text followed by a generated one.
    Autogenerate,
}

/// What surrounds a field while its options are checked.
pub struct OptionSite<'a> {
    /// The collection that is about to be saved, with all its new fields.
    pub collection: &'a Collection,
    /// The field as it was stored, if it was.
    pub old: Option<&'a Field>,
    /// All other collections, as they will be.
    pub schema: &'a Schema,
}

/// What each kind of field can do. Implemented once per kind, in that kind's file.
pub trait Kind {
    /// How values are stored.
    fn storage(&self) -> Storage;

    /// The value of a field that was never set.
    fn zero(&self) -> Value;

    /// Makes untrusted JSON a value of this kind; what can't be understood becomes the zero value.
    fn coerce(&self, input: &Json) -> Value;

    /// Refuses values that break the kind's options. Never called with [`Value::Null`] of a nullable field.
    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError>;

    /// Refuses options that make no sense. Paths are relative to the field (`max`, `values`).
    fn check_options(&self, field: &Field, site: &OptionSite<'_>) -> FieldErrors;

    /// The value that results from `modifier` with `operand`, or `None` when this kind has no such modifier (the key
    /// is then an unknown key and is ignored).
    fn modify(&self, _current: &Value, _modifier: Modifier, _operand: &Json) -> Option<Value> {
        None
    }

    /// Whether the field holds several values.
    fn is_multiple(&self) -> bool {
        false
    }
}

/// The kinds, each with its options. Serialised with the kind's name under `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum FieldKind {
    Text(text::TextOptions),
    Editor(editor::EditorOptions),
    Number(number::NumberOptions),
    Bool(bool::BoolOptions),
    Email(email::EmailOptions),
    Url(url::UrlOptions),
    Date(date::DateOptions),
    Autodate(autodate::AutodateOptions),
    Select(select::SelectOptions),
    File(file::FileOptions),
    Relation(relation::RelationOptions),
    Json(json::JsonOptions),
    Password(password::PasswordOptions),
    GeoPoint(geo_point::GeoPointOptions),
}

impl FieldKind {
    /// The kind's behaviour.
    pub fn behaviour(&self) -> &dyn Kind {
        match self {
            FieldKind::Text(kind) => kind,
            FieldKind::Editor(kind) => kind,
            FieldKind::Number(kind) => kind,
            FieldKind::Bool(kind) => kind,
            FieldKind::Email(kind) => kind,
            FieldKind::Url(kind) => kind,
            FieldKind::Date(kind) => kind,
            FieldKind::Autodate(kind) => kind,
            FieldKind::Select(kind) => kind,
            FieldKind::File(kind) => kind,
            FieldKind::Relation(kind) => kind,
            FieldKind::Json(kind) => kind,
            FieldKind::Password(kind) => kind,
            FieldKind::GeoPoint(kind) => kind,
        }
    }

    /// The name under `type`.
    pub fn type_name(&self) -> &'static str {
        match self {
            FieldKind::Text(_) => "text",
            FieldKind::Editor(_) => "editor",
            FieldKind::Number(_) => "number",
            FieldKind::Bool(_) => "bool",
            FieldKind::Email(_) => "email",
            FieldKind::Url(_) => "url",
            FieldKind::Date(_) => "date",
            FieldKind::Autodate(_) => "autodate",
            FieldKind::Select(_) => "select",
            FieldKind::File(_) => "file",
            FieldKind::Relation(_) => "relation",
            FieldKind::Json(_) => "json",
            FieldKind::Password(_) => "password",
            FieldKind::GeoPoint(_) => "geoPoint",
        }
    }
}

/// One field of a collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Stable identity across renames, 1–100 characters.
    pub id: String,
    /// Name of the key in JSON and of the column.
    pub name: String,
    /// Can't be renamed or removed.
    pub system: bool,
    /// Only superusers see, write and filter it.
    pub hidden: bool,
    /// A hint to dashboards.
    pub presentable: bool,
    /// Text shown beside the field in dashboards, at most 300 characters.
    pub help: String,
    /// Zero values are refused. Always false for `autodate`.
    pub required: bool,
    /// NULL is a value of its own (ours, off by default).
    pub nullable: bool,
    /// What a record gets on create when the key is absent (ours, none by default).
    pub default: Option<Json>,
    /// The kind and its options.
    pub kind: FieldKind,
}

impl Field {
    /// A plain field of `kind`; its id follows from type and name.
    pub fn new(name: &str, kind: FieldKind) -> Field {
        Field {
            id: Field::generated_id(kind.type_name(), name),
            name: name.to_owned(),
            system: false,
            hidden: false,
            presentable: false,
            help: String::new(),
            required: false,
            nullable: false,
            default: None,
            kind,
        }
    }

    /// The id that a field gets when none is given: the type followed by the CRC-32 of the name.
    pub fn generated_id(type_name: &str, name: &str) -> String {
        format!("{type_name}{}", ids::checksum(name))
    }

    /// Reads a definition as clients send it and as it is stored. An empty or missing `id` stays empty.
    ///
    /// # Errors
    /// Says which key is malformed, or that the type is unknown.
    pub fn from_json(definition: &Map<String, Json>) -> Result<Field, String> {
        // An explicit null means "not given", as everywhere in the interface.
        let given: Map<String, Json> = definition
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let common: Common = serde_json::from_value(Json::Object(given.clone())).map_err(|error| error.to_string())?;
        let kind: FieldKind = serde_json::from_value(Json::Object(given)).map_err(|error| error.to_string())?;
        let required = common.required && !matches!(kind, FieldKind::Autodate(_));
        Ok(Field {
            id: common.id,
            name: common.name,
            system: common.system,
            hidden: common.hidden,
            presentable: common.presentable,
            help: common.help,
            required,
            nullable: common.nullable,
            default: common.default,
            kind,
        })
    }

    /// The definition as it is served and stored, keys sorted.
    pub fn to_json(&self) -> Json {
        let mut map = match serde_json::to_value(&self.kind) {
            Ok(Json::Object(map)) => map,
            _ => Map::new(),
        };
        map.insert("id".into(), self.id.clone().into());
        map.insert("name".into(), self.name.clone().into());
        map.insert("system".into(), self.system.into());
        map.insert("hidden".into(), self.hidden.into());
        map.insert("presentable".into(), self.presentable.into());
        if !matches!(self.kind, FieldKind::Autodate(_)) {
            map.insert("help".into(), self.help.clone().into());
            map.insert("required".into(), self.required.into());
        }
        if self.nullable {
            map.insert("nullable".into(), true.into());
        }
        if let Some(default) = &self.default {
            map.insert("default".into(), default.clone());
        }
        Json::Object(map)
    }

    /// How the values are stored.
    pub fn storage(&self) -> Storage {
        self.kind.behaviour().storage()
    }

    /// Whether the field holds several values.
    pub fn is_multiple(&self) -> bool {
        self.kind.behaviour().is_multiple()
    }

    /// The value of a record on which the field was never set: NULL if the field is nullable.
    pub fn zero(&self) -> Value {
        if self.nullable { Value::Null } else { self.kind.behaviour().zero() }
    }

    /// What a new record gets when the key is absent.
    pub fn initial(&self) -> Value {
        match &self.default {
            Some(default) => self.coerce(default),
            None => self.zero(),
        }
    }

    /// Makes untrusted JSON a value of this field.
    pub fn coerce(&self, input: &Json) -> Value {
        if input.is_null() { self.zero() } else { self.kind.behaviour().coerce(input) }
    }

    /// Refuses values that the field's options don't allow.
    ///
    /// # Errors
    /// The code and parameters of the interface for this kind.
    pub fn check(&self, value: &Value) -> Result<(), FieldError> {
        if self.nullable && *value == Value::Null {
            return Ok(());
        }
        self.kind.behaviour().check(self, value)
    }

    /// The options of a field for files, if this is one.
    pub fn as_file(&self) -> Option<&file::FileOptions> {
        match &self.kind {
            FieldKind::File(options) => Some(options),
            _ => None,
        }
    }

    /// The relation options, if this is a relation.
    pub fn as_relation(&self) -> Option<&relation::RelationOptions> {
        match &self.kind {
            FieldKind::Relation(options) => Some(options),
            _ => None,
        }
    }
}

/// The keys that all kinds share.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Common {
    id: String,
    name: String,
    system: bool,
    hidden: bool,
    presentable: bool,
    help: String,
    required: bool,
    nullable: bool,
    default: Option<Json>,
}
