//! The rows of `_collections`, each as the JSON in which clients get a collection, with its secrets.

use serde_json::{Map, Value as Json};

use super::Source;
use super::report::{Kind, Report};
use crate::base::limits::IMPORT_DEFINITIONS_MAX;
use crate::base::{Error, Result, SqlValueRef};
use crate::query::dialect::Dialect;
use crate::query::table::{Direction, Table};

const COLLECTIONS: Table = Table::new("_collections");

/// The columns that are read; what isn't there counts as NULL.
const COLUMNS: [&str; 14] = [
    "id",
    "system",
    "type",
    "name",
    "fields",
    "indexes",
    "options",
    "listRule",
    "viewRule",
    "createRule",
    "updateRule",
    "deleteRule",
    "created",
    "updated",
];

/// The definitions in the order in which they were made.
///
/// # Errors
/// What keeps them from being read.
pub fn read(source: &Source, report: &mut Report) -> Result<Vec<Map<String, Json>>> {
    let known = source.columns("_collections").ok_or_else(|| Error::internal("there are no collections"))?;
    let present: Vec<&'static str> =
        COLUMNS.into_iter().filter(|column| known.contains_key(&column.to_ascii_lowercase())).collect();
    let order = [("rowid", Direction::Ascending)];
    let statement = COLLECTIONS.slice(Dialect::Sqlite, &present, &order, IMPORT_DEFINITIONS_MAX + 1, 0);
    let mut items = Vec::new();
    source.read(|tx| {
        tx.rows(&statement, |row| {
            let mut item = Map::new();
            for (at, column) in present.iter().enumerate() {
                add(&mut item, column, row.get_foreign(at)?, report);
            }
            items.push(item);
            Ok(())
        })
    })?;
    if items.len() as u64 > IMPORT_DEFINITIONS_MAX {
        return Err(Error::invalid(format!("There are more than {IMPORT_DEFINITIONS_MAX} collections.")));
    }
    Ok(items)
}

/// Adds what a column says. The options stand beside the rest, as clients get them.
fn add(item: &mut Map<String, Json>, column: &str, stored: SqlValueRef<'_>, report: &mut Report) {
    let name = item.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    let text = match stored {
        SqlValueRef::Text(text) => Some(text),
        SqlValueRef::Blob(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };
    match column {
        "system" => {
            let is_system = matches!(stored, SqlValueRef::Integer(number) if number != 0);
            item.insert(column.to_owned(), is_system.into());
        }
        "fields" | "indexes" | "options" => {
            let parsed: Json = match text.map(serde_json::from_str) {
                Some(Ok(parsed)) => parsed,
                _ => {
                    report.note(Kind::Lost, &name, "", column, "It isn't JSON.");
                    Json::Null
                }
            };
            match parsed {
                Json::Object(options) if column == "options" => {
                    // They never stand for what has a column of its own.
                    item.extend(options.into_iter().filter(|(key, _)| !COLUMNS.contains(&key.as_str())));
                }
                _ if column == "options" => {}
                other => drop(item.insert(column.to_owned(), other)),
            }
        }
        _ => drop(item.insert(column.to_owned(), text.map_or(Json::Null, Json::from))),
    }
}
