//! Collections as rows of `_collections`. The text of this form includes secrets, so it never leaves the database.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::base::{Error, Result, SqlValue, SqlValueRef};
use crate::domain::{Collection, CollectionKind, Field, Rules, Schema};
use crate::query::ddl::catalog;
use crate::store::{ReadTx, Row, WriteTx};

/// Reads all collections, oldest first.
///
/// # Errors
/// Internal if a row isn't what `save` writes.
pub fn load_schema(tx: &ReadTx<'_>) -> Result<Schema> {
    let mut collections = Vec::new();
    tx.rows(&catalog::select_all(), |row| {
        collections.push(Arc::new(read(row)?));
        Ok(())
    })?;
    Ok(Schema::new(collections))
}

/// Stores a collection, over the row with its id if there is one.
pub(super) fn save(tx: &mut WriteTx<'_>, collection: &Collection) -> Result<()> {
    tx.execute(&catalog::upsert(row_values(collection))).map(|_| ())
}

fn row_values(collection: &Collection) -> [SqlValue; catalog::COLUMNS.len()] {
    let fields: Json = collection.fields.iter().map(|field| field.to_json()).collect();
    let options = match &collection.kind {
        CollectionKind::Base => Json::Object(Map::new()),
        CollectionKind::View(query) => serde_json::json!({ "viewQuery": query }),
        CollectionKind::Auth(options) => super::blank::auth_options_json(options),
    };
    let rules = &collection.rules;
    [
        collection.id.as_str().into(),
        collection.system.into(),
        collection.kind.name().into(),
        collection.name.as_str().into(),
        fields.to_string().into(),
        Json::from(collection.indexes.clone()).to_string().into(),
        rules.list.clone().into(),
        rules.view.clone().into(),
        rules.create.clone().into(),
        rules.update.clone().into(),
        rules.delete.clone().into(),
        options.to_string().into(),
        collection.created.as_str().into(),
        collection.updated.as_str().into(),
    ]
}

fn read(row: &Row<'_>) -> Result<Collection> {
    let options: Json = parse(&text(row, 11)?)?;
    let kind = match text(row, 2)?.as_str() {
        "auth" => CollectionKind::Auth(serde_json::from_value(options).map_err(Error::internal)?),
        "view" => CollectionKind::View(options["viewQuery"].as_str().unwrap_or_default().to_owned()),
        _ => CollectionKind::Base,
    };
    let definitions: Vec<Map<String, Json>> = serde_json::from_str(&text(row, 4)?).map_err(Error::internal)?;
    let fields = definitions.iter().map(Field::from_json).collect::<Result<_, _>>().map_err(Error::internal)?;
    Ok(Collection {
        id: text(row, 0)?,
        name: text(row, 3)?,
        kind,
        system: matches!(row.get(1)?, SqlValueRef::Integer(1)),
        rules: Rules {
            list: rule(row, 6)?,
            view: rule(row, 7)?,
            create: rule(row, 8)?,
            update: rule(row, 9)?,
            delete: rule(row, 10)?,
        },
        fields,
        indexes: serde_json::from_str(&text(row, 5)?).map_err(Error::internal)?,
        created: text(row, 12)?,
        updated: text(row, 13)?,
    })
}

fn parse(text: &str) -> Result<Json> {
    serde_json::from_str(text).map_err(Error::internal)
}

fn text(row: &Row<'_>, at: usize) -> Result<String> {
    Ok(rule(row, at)?.unwrap_or_default())
}

fn rule(row: &Row<'_>, at: usize) -> Result<Option<String>> {
    Ok(match row.get(at)? {
        SqlValueRef::Text(text) => Some(text.to_owned()),
        _ => None,
    })
}
