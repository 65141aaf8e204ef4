//! The statements that make and change the tables, columns, indexes and views of collections.
//!
//! Called by the collections service only. Pure: whoever calls runs the statements in order in one transaction, with
//! the indexes and views that touch the table dropped before and made again after. Invariants: one plain STRICT rowid
//! table per collection, one column per field; identifiers come from the schema, which was validated before. What
//! only SQLite understands is in `ddl::sqlite`. Not here: the rows of `_collections` (see [`catalog`]), the text of
//! indexes (see [`crate::domain::index`]) and of views (see [`view`]).

pub mod catalog;
mod sqlite;
pub mod view;

use sea_query::{ColumnDef, DynIden, SqliteQueryBuilder, Table};

use crate::base::Statement;
use crate::domain::index::{Index, quote};
use crate::domain::{Collection, Field, Storage};
use crate::query::Ident;

/// `CREATE TABLE` for a collection that is not a view.
pub fn create_table(collection: &Collection) -> Statement {
    let mut table = Table::create();
    table.table(Ident::table(collection)).extra(sqlite::TABLE_OPTIONS);
    for field in &collection.fields {
        table.col(column(Ident::column(field), field));
    }
    plain(table.build(SqliteQueryBuilder))
}

/// `DROP TABLE` of a collection that is not a view.
pub fn drop_table(collection: &Collection) -> Statement {
    plain(Table::drop().table(Ident::table(collection)).build(SqliteQueryBuilder))
}

/// What makes the columns of `old`'s table those of `new`: drops, conversions, renames and additions, in that order.
/// Fields are matched by id. The table keeps `old`'s name; renaming the table is a statement of its own. Empty if no
/// column changes.
pub fn alter_columns(old: &Collection, new: &Collection) -> Vec<Statement> {
    let table = Ident::table(old);
    let pairs: Vec<(&Field, &Field)> =
        new.fields.iter().filter_map(|field| Some((by_id(old, &field.id)?, field))).collect();
    let mut steps = Vec::new();
    for field in old.fields.iter().filter(|field| by_id(new, &field.id).is_none()) {
        steps.push(alter(&table, |t| t.drop_column(Ident::column(field))));
    }
    for (number, (before, after)) in pairs.iter().enumerate() {
        if shape(before) != shape(after) {
            steps.extend(convert_column(&table, before, after, &Ident::alias("_converted_", number)));
        }
    }
    steps.extend(rename_columns(&table, &pairs));
    for field in new.fields.iter().filter(|field| by_id(old, &field.id).is_none()) {
        let mut definition = column(Ident::column(field), field);
        steps.push(alter(&table, |t| t.add_column(&mut definition)));
    }
    steps
}

/// Renames a table to a name that no table has during the change; `number` tells several apart.
pub fn park_table(old: &Collection, number: usize) -> Statement {
    plain(Table::rename().table(Ident::table(old), parked(number)).build(SqliteQueryBuilder))
}

/// Gives a table that was parked under `number` its new name.
pub fn unpark_table(number: usize, new: &Collection) -> Statement {
    plain(Table::rename().table(parked(number), Ident::table(new)).build(SqliteQueryBuilder))
}

fn parked(number: usize) -> Ident {
    Ident::alias("_parked_", number)
}

fn by_id<'a>(collection: &'a Collection, id: &str) -> Option<&'a Field> {
    collection.fields.iter().find(|field| field.id == id)
}

/// What the definition of a column follows from.
fn shape(field: &Field) -> (Storage, bool) {
    (field.storage(), field.nullable)
}

fn column(name: Ident, field: &Field) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.custom(sqlite::type_name(field.storage()));
    if sqlite::is_primary_key(field) {
        column.primary_key().not_null().default(sqlite::generated_id());
    } else if !field.nullable && field.storage() != Storage::Json {
        column.not_null().default(sqlite::zero(field.storage()));
    }
    column
}

/// A column can't change its type or its NOT NULL in place, so a second one takes the converted values and then the
/// name.
fn convert_column(table: &Ident, before: &Field, after: &Field, scratch: &Ident) -> Vec<Statement> {
    let name = Ident::column(before);
    let mut definition = column(scratch.clone(), after);
    vec![
        alter(table, |t| t.add_column(&mut definition)),
        sqlite::copy_converted(table, &name, scratch, before, after),
        alter(table, |t| t.drop_column(name.clone())),
        alter(table, |t| t.rename_column(scratch.clone(), name.clone())),
    ]
}

/// Renames go through scratch names, so that names can be swapped and change only in letter case.
fn rename_columns(table: &Ident, pairs: &[(&Field, &Field)]) -> Vec<Statement> {
    let renamed: Vec<_> = pairs.iter().filter(|(before, after)| before.name != after.name).collect();
    let scratch = |number| Ident::alias("_renamed_", number);
    let away = renamed
        .iter()
        .enumerate()
        .map(|(number, (before, _))| alter(table, |t| t.rename_column(Ident::column(before), scratch(number))));
    let back = renamed
        .iter()
        .enumerate()
        .map(|(number, (_, after))| alter(table, |t| t.rename_column(scratch(number), Ident::column(after))));
    away.chain(back).collect()
}

fn alter(
    table: &Ident,
    change: impl FnOnce(&mut sea_query::TableAlterStatement) -> &mut sea_query::TableAlterStatement,
) -> Statement {
    let mut statement = Table::alter();
    change(statement.table(DynIden::from(table)));
    plain(statement.build(SqliteQueryBuilder))
}

/// A statement without values.
/// Makes an index on a collection's table.
pub fn create_index(index: &Index, collection: &Collection) -> Statement {
    plain(index.for_table(&collection.name))
}

/// Drops an index by its name, if it is there.
pub fn drop_index(index: &Index) -> Statement {
    plain(format!("DROP INDEX IF EXISTS {}", quote(&index.name)))
}

fn plain(sql: String) -> Statement {
    Statement::new(sql, Vec::new())
}

#[cfg(test)]
#[path = "ddl/tests.rs"]
mod tests;
