//! Statements over the program's own table `_collections`, in which the collections are stored, and over the names
//! that SQLite knows.
//!
//! Called by the collections service only.

use sea_query::{Cond, Expr, ExprTrait, Func, OnConflict, Order, Query, SimpleExpr, SqliteQueryBuilder};

use crate::base::{SqlValue, Statement};
use crate::query::Ident;

/// The columns in the order in which [`select_all`] reads and [`upsert`] takes them.
pub const COLUMNS: [&str; 14] = [
    "id",
    "system",
    "type",
    "name",
    "fields",
    "indexes",
    "listRule",
    "viewRule",
    "createRule",
    "updateRule",
    "deleteRule",
    "options",
    "created",
    "updated",
];

const TABLE: &str = "_collections";

/// All collections, oldest first.
pub fn select_all() -> Statement {
    let mut query = Query::select();
    query.columns(COLUMNS.map(Ident::fixed)).from(Ident::fixed(TABLE)).order_by(Ident::fixed("rowid"), Order::Asc);
    Statement::new(query.to_string(SqliteQueryBuilder), Vec::new())
}

/// Stores a collection, given the values of [`COLUMNS`].
pub fn upsert(values: [SqlValue; COLUMNS.len()]) -> Statement {
    let placeholders: Vec<SimpleExpr> = COLUMNS.iter().map(|_| Expr::cust("?")).collect();
    let mut query = Query::insert();
    query.into_table(Ident::fixed(TABLE)).columns(COLUMNS.map(Ident::fixed)).values_panic(placeholders).on_conflict(
        OnConflict::column(Ident::fixed("id"))
            .update_columns(COLUMNS[1..].iter().map(|name| Ident::fixed(name)))
            .to_owned(),
    );
    Statement::new(query.to_string(SqliteQueryBuilder), values.to_vec())
}

/// Forgets a collection.
pub fn delete(id: &str) -> Statement {
    let mut query = Query::delete();
    query.from_table(Ident::fixed(TABLE)).and_where(Expr::col(Ident::fixed("id")).eq(Expr::cust("?")));
    Statement::new(query.to_string(SqliteQueryBuilder), vec![id.into()])
}

/// Deletes the rows of a system table that belong to records of a collection.
pub fn delete_references(table: &'static str, collection_id: &str) -> Statement {
    let mut query = Query::delete();
    query.from_table(Ident::fixed(table)).and_where(Expr::col(Ident::fixed("collectionRef")).eq(Expr::cust("?")));
    Statement::new(query.to_string(SqliteQueryBuilder), vec![collection_id.into()])
}

/// Whether a table, index or view of this name exists, in any letter case.
pub fn name_exists(name: &str) -> Statement {
    let mut query = Query::select();
    let lower = Func::lower(Expr::col(Ident::fixed("name")));
    query
        .expr(Expr::cust("1"))
        .from(Ident::fixed("sqlite_master"))
        .cond_where(Cond::all().add(Expr::from(lower).eq(Expr::cust("?"))));
    Statement::new(query.to_string(SqliteQueryBuilder), vec![name.to_ascii_lowercase().into()])
}
