//! What only SQLite understands in the definition of tables: type names, STRICT, zero values, conversions.
//!
//! A second database gets a sibling of this file.

use sea_query::{Expr, ExprTrait, Query, SqliteQueryBuilder};

use super::plain;
use crate::base::Statement;
use crate::domain::{Field, FieldKind, Storage};
use crate::query::Ident;

/// Follows the columns of `CREATE TABLE`.
pub(super) const TABLE_OPTIONS: &str = "STRICT";

/// The declared type of a column.
pub(super) fn type_name(storage: Storage) -> &'static str {
    match storage {
        Storage::Number => "REAL",
        Storage::Bool => "INTEGER",
        Storage::Text | Storage::List | Storage::Json | Storage::Point => "TEXT",
    }
}

/// Whether this is the field `id`.
pub(super) fn is_primary_key(field: &Field) -> bool {
    matches!(&field.kind, FieldKind::Text(text) if text.primary_key)
}

/// Rows that other programs insert get an id, too.
pub(super) fn generated_id() -> Expr {
    Expr::cust("'r'||lower(hex(randomblob(7)))")
}

/// The value of a column that was never set.
pub(super) fn zero(storage: Storage) -> Expr {
    match storage {
        Storage::Text => Expr::val(""),
        Storage::Number | Storage::Bool => Expr::val(0),
        Storage::List => Expr::val("[]"),
        Storage::Json => Expr::val(None::<String>),
        Storage::Point => Expr::val(r#"{"lon":0,"lat":0}"#),
    }
}

/// `UPDATE table SET to = …from…`: a text becomes a list of one, a list its last element, NULL the zero value where
/// NULL is no longer allowed.
pub(super) fn copy_converted(table: &Ident, from: &Ident, to: &Ident, before: &Field, after: &Field) -> Statement {
    let source = || Expr::col(from);
    let value = match (before.storage(), after.storage()) {
        (Storage::Text, Storage::List) => Expr::cust_with_exprs(
            "CASE WHEN ? IS NULL THEN NULL WHEN ? = '' THEN '[]' ELSE json_array(?) END",
            [source(), source(), source()],
        ),
        (Storage::List, Storage::Text) => Expr::cust_with_exprs(
            "CASE WHEN ? IS NULL THEN NULL WHEN json_valid(?) THEN COALESCE(json_extract(?, '$[#-1]'), '') ELSE ? END",
            [source(), source(), source(), source()],
        ),
        _ => source(),
    };
    let value = if after.nullable || after.storage() == Storage::Json {
        value
    } else {
        Expr::cust_with_exprs("COALESCE(?, ?)", [value, zero(after.storage())])
    };
    plain(Query::update().table(table).value(to, value).to_string(SqliteQueryBuilder))
}

/// `value` cast to text.
pub(super) fn cast_text(value: Expr) -> Expr {
    value.cast_as("TEXT")
}
