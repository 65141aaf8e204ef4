//! Views: their fields follow from their queries.
//!
//! Called when a view is saved and, for all views, whenever any collection was. A column that is taken unchanged from
//! a collection copies that field; SQLite itself says which those are. Invariants: what is hidden in a collection is
//! hidden in every view too, also inside of expressions, and where it isn't certain where a column comes from, the
//! worst is assumed; no view reads the program's own tables.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::merge::Body;
use super::view_secrets::Secrets;
use super::view_strings::mend_texts;
use super::{blank, storage, validate};
use crate::base::ids::{SECRET_ALPHABET, random_text};
use crate::base::limits::VIEW_QUERY_MAX_CHARS;
use crate::base::{Error, FieldError, Result, SqlValueRef, json as json_text};
use crate::domain::sql_lex::{Kind, Lexeme};
use crate::domain::{Collection, CollectionKind, Field, FieldKind, Schema, Value};
use crate::query::ddl::view::{self, Output, ViewQuery, Yields};
use crate::store::{ColumnInfo, ReadTx, SqlFault, WriteTx};

/// What a query yields.
pub struct Derived {
    /// One field per column.
    pub fields: Vec<Field>,
    /// Whether ids have to be made text.
    pub casts_id: bool,
}

/// Why a query can't be a view's, and the fields as far as they could be told.
pub struct Refusal {
    /// In words.
    pub reason: String,
    /// Perhaps without `id`; empty if nothing is known.
    pub fields: Vec<Field>,
}

impl Refusal {
    fn new(reason: impl Into<String>) -> Refusal {
        Refusal { reason: reason.into(), fields: Vec::new() }
    }
}

/// Reads a query that doesn't mention any of the program's own tables. SQLite takes a text for a table's name, too,
/// where one must stand.
fn parse(text: &str) -> std::result::Result<ViewQuery, String> {
    let query = ViewQuery::parse(text)?;
    let is_internal = |lexeme: &&Lexeme| {
        let can_be_name = lexeme.is_name() || lexeme.kind == Kind::Text;
        can_be_name && validate::is_internal_name(&lexeme.text.to_ascii_lowercase())
    };
    match query.lexemes.iter().find(is_internal) {
        Some(lexeme) => Err(format!("{} isn't a collection but belongs to the server", lexeme.text)),
        None => Ok(query),
    }
}

/// Derives the fields of a query, keeping the ids of `known` fields that stay the same.
pub fn derive(
    tx: &ReadTx<'_>,
    schema: &Schema,
    query: &ViewQuery,
    known: &[Field],
) -> Result<Result<Derived, Refusal>> {
    let columns = match tx.columns(&query.text) {
        Ok(columns) => columns,
        Err(error) => match error.cause::<SqlFault>() {
            Some(fault) => return Ok(Err(Refusal::new(fault.0.clone()))),
            None => return Err(error),
        },
    };
    let secrets = Secrets::of(schema, query);
    let outputs = query.outputs.as_deref().filter(|outputs| outputs.len() == columns.len());
    let mut derived = Derived { fields: Vec::with_capacity(columns.len()), casts_id: false };
    for (at, column) in columns.iter().enumerate() {
        let output = outputs.map(|outputs| &outputs[at]);
        let (mut field, reveals) = derive_field(schema, query, column, output, &secrets);
        if column.name == "id" {
            if reveals {
                return Ok(Err(Refusal::new("the id can't be taken from a hidden field")));
            }
            derived.casts_id = column.decl_type.as_deref().is_none_or(|t| !t.eq_ignore_ascii_case("text"));
        }
        field.hidden |= reveals;
        if let Some(same) = known.iter().find(|same| is_same(same, &field)) {
            field.id.clone_from(&same.id);
        }
        derived.fields.push(field);
    }
    if !derived.fields.iter().any(|field| field.name == "id") {
        let reason = "there must be a column called id, for example `(ROW_NUMBER() OVER ()) AS id`".to_owned();
        return Ok(Err(Refusal { reason, fields: derived.fields }));
    }
    Ok(Ok(derived))
}

/// Equal but for the id.
fn is_same(a: &Field, b: &Field) -> bool {
    Field { id: String::new(), ..a.clone() } == Field { id: String::new(), ..b.clone() }
}

/// The field of a column, and whether it would reveal something hidden.
fn derive_field(
    schema: &Schema,
    query: &ViewQuery,
    column: &ColumnInfo,
    output: Option<&Output>,
    secrets: &Secrets,
) -> (Field, bool) {
    let origin = if query.is_compound { None } else { find_origin(schema, column) };
    let reveals = match &origin {
        Some((_, field)) => field.hidden,
        None => secrets.touched_by(query, output),
    };
    let name = column.name.as_str();
    if name == "id" {
        return (plain_id(), reveals);
    }
    let field = match (output.map_or(Yields::Unknown, |output| output.yields), origin) {
        (Yields::Integer, _) => named(name, json!({"type": "number", "onlyInt": true})),
        (Yields::Number, _) => named(name, json!({"type": "number"})),
        (Yields::Text, _) => named(name, json!({"type": "text"})),
        (Yields::Bool, _) => named(name, json!({"type": "bool"})),
        (Yields::Unknown, Some((collection, field))) if is_id(field) => {
            named(name, json!({"type": "relation", "maxSelect": 1, "collectionId": collection.id}))
        }
        (Yields::Unknown, Some((_, field))) => copy(name, field),
        (Yields::Unknown, None) => named(name, json!({"type": "json", "maxSize": 1})),
    };
    (field, reveals)
}

fn find_origin<'a>(schema: &'a Schema, column: &ColumnInfo) -> Option<(&'a Arc<Collection>, &'a Field)> {
    let (table, name) = (column.origin_table.as_deref()?, column.origin_column.as_deref()?);
    let collection = schema.collections().iter().find(|c| !c.is_view() && c.name.eq_ignore_ascii_case(table))?;
    let field = collection.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
    Some((collection, field))
}

fn is_id(field: &Field) -> bool {
    matches!(&field.kind, FieldKind::Text(text) if text.primary_key)
}

fn named(name: &str, mut definition: Json) -> Field {
    definition["name"] = name.into();
    blank::field(definition)
}

fn plain_id() -> Field {
    blank::field(json!({
        "type": "text", "name": "id", "system": true, "required": true, "primaryKey": true, "pattern": "^[a-z0-9]+$",
    }))
}

fn copy(name: &str, field: &Field) -> Field {
    let id = format!("_clone_{}", random_text(SECRET_ALPHABET, 4));
    Field { id, name: name.to_owned(), default: None, ..field.clone() }
}

/// Derives the fields and tries the query on some rows, whose ids must be there and differ.
pub fn try_query(tx: &ReadTx<'_>, schema: &Schema, text: &str, known: &[Field]) -> Result<Result<Derived, Refusal>> {
    let query = match parse(text) {
        Ok(query) => query,
        Err(reason) => return Ok(Err(Refusal::new(reason))),
    };
    let derived = match derive(tx, schema, &query, known)? {
        Ok(derived) => derived,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let at = derived.fields.iter().position(|field| field.name == "id").unwrap_or_default();
    let mut ids = HashSet::new();
    let mut wrong = None;
    let outcome = tx.rows(&query.sample(), |row| {
        let id = match Value::from_sql(crate::domain::Storage::Text, false, row.get(at)?) {
            Value::Text(id) => id,
            _ => String::new(),
        };
        if id.is_empty() {
            wrong = Some("a row has no id");
        } else if !ids.insert(id) {
            wrong = Some("two rows have the same id");
        }
        Ok(())
    });
    match (outcome, wrong) {
        (Err(error), _) => match error.cause::<SqlFault>() {
            Some(fault) => Ok(Err(Refusal { reason: fault.0.clone(), fields: derived.fields })),
            None => Err(error),
        },
        (Ok(()), Some(reason)) => Ok(Err(Refusal { reason: reason.to_owned(), fields: derived.fields })),
        (Ok(()), None) => Ok(Ok(derived)),
    }
}

/// The error for a query that can't be a view's.
pub fn invalid_query(reason: &str) -> FieldError {
    FieldError::new("validation_invalid_view_query", format!("The query can't be used: {reason}"))
}

/// Tries the `query` in a body without saving anything: `{"fields": […], "sample": […]}`. Hidden columns are left out
/// of the sample.
///
/// # Errors
/// 400: `query` is empty or too long, or (with empty `data`) it is no text or can't be a view's.
pub fn dry_run_view(tx: &ReadTx<'_>, body: &Map<String, Json>) -> Result<String> {
    let query = Body::new(body).text("query")?.unwrap_or_default();
    if query.is_empty() {
        return Err(Error::field("query", FieldError::required()));
    }
    if query.chars().count() > VIEW_QUERY_MAX_CHARS {
        let message = format!("Use at most {VIEW_QUERY_MAX_CHARS} characters.");
        return Err(Error::field("query", FieldError::too_long(message, VIEW_QUERY_MAX_CHARS)));
    }
    let query = mend_texts(tx, &query)?;
    let derived = try_query(tx, tx.schema(), &query, &[])?.map_err(|refusal| refuse(refusal.reason))?;
    let parsed = ViewQuery::parse(&query).map_err(|reason| refuse(reason.to_owned()))?;
    let name = format!("temp_view_{}", random_text(SECRET_ALPHABET, 5));
    let mut sample = Vec::new();
    tx.rows(&parsed.sample(), |row| {
        let mut record = Map::new();
        record.insert("collectionId".into(), name.clone().into());
        record.insert("collectionName".into(), name.clone().into());
        for (at, field) in derived.fields.iter().enumerate().filter(|(_, field)| !field.hidden) {
            let stored: SqlValueRef<'_> = row.get(at)?;
            record.insert(field.name.clone(), Value::from_sql(field.storage(), field.nullable, stored).to_json());
        }
        sample.push(Json::Object(record));
        Ok(())
    })?;
    let fields: Json = derived.fields.iter().map(|field| field.to_json()).collect();
    let mut out = String::new();
    json_text::write_json(&mut out, &json!({ "fields": fields, "sample": sample }));
    Ok(out)
}

fn refuse(reason: String) -> Error {
    Error::invalid(format!("The query can't be used for a view: {reason}"))
}

/// Drops the SQL views of all view collections, so that tables can change under them.
pub fn drop_all(tx: &mut WriteTx<'_>, schema: &Schema) -> Result<()> {
    schema.collections().iter().filter(|c| c.is_view()).try_for_each(|c| tx.execute(&view::drop_view(c)).map(|_| ()))
}

/// Makes the SQL views of all view collections, each after those that it builds on. One that no longer works is made
/// all the same and stays out of order until it is mended, or the collection that it misses comes back.
pub fn create_all(tx: &mut WriteTx<'_>, schema: &Schema) -> Result<()> {
    let mut waiting: Vec<&Arc<Collection>> = schema.collections().iter().filter(|c| c.is_view()).collect();
    loop {
        let before = waiting.len();
        let mut left = Vec::new();
        for collection in waiting {
            match derive_stored(tx, schema, collection)? {
                Some((query, derived)) => create(tx, collection, &query, derived.casts_id)?,
                None => left.push(collection),
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        if left.len() == before {
            for collection in left {
                if let Some(query) = query_of(collection) {
                    create(tx, collection, &query, false)?;
                }
            }
            return Ok(());
        }
        waiting = left;
    }
}

/// Makes the SQL view of one view collection.
pub fn create(tx: &mut WriteTx<'_>, collection: &Collection, query: &ViewQuery, casts_id: bool) -> Result<()> {
    tx.execute(&query.create(collection, casts_id)).map(|_| ())
}

fn query_of(collection: &Collection) -> Option<ViewQuery> {
    match &collection.kind {
        CollectionKind::View(text) => parse(text).ok(),
        _ => None,
    }
}

fn derive_stored(tx: &ReadTx<'_>, schema: &Schema, collection: &Collection) -> Result<Option<(ViewQuery, Derived)>> {
    let Some(query) = query_of(collection) else { return Ok(None) };
    Ok(derive(tx, schema, &query, &collection.fields)?.ok().map(|derived| (query, derived)))
}

/// Derives all views anew after a change and stores those whose fields differ. Views that no longer work keep their
/// fields; that is logged.
pub fn refresh(tx: &mut WriteTx<'_>, mut schema: Schema) -> Result<Schema> {
    for collection in schema.collections().to_vec().into_iter().filter(|c| c.is_view()) {
        match derive_stored(tx, &schema, &collection)? {
            None => tracing::warn!(view = collection.name, "the query of this view no longer works"),
            Some((_, derived)) if derived.fields != collection.fields => {
                let mut changed = (*collection).clone();
                changed.fields = derived.fields;
                changed.updated = tx.now().to_string();
                storage::save(tx, &changed)?;
                schema = schema.with(Arc::new(changed));
            }
            Some(_) => {}
        }
    }
    Ok(schema)
}

/// The names of the views that work.
pub fn working(tx: &ReadTx<'_>, schema: &Schema) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for collection in schema.collections().iter().filter(|c| c.is_view()) {
        match tx.columns(&view::probe(collection)) {
            Ok(_) => names.push(collection.name.clone()),
            Err(error) if error.cause::<SqlFault>().is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}
