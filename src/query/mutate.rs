//! INSERT, UPDATE and DELETE of records.

use sea_query::{Expr, ExprTrait, Query, SqliteQueryBuilder, Value, Values};

use super::dialect::Dialect;
use super::ident::{FixedIdent, Ident};
use crate::base::{SqlValue, Statement};
use crate::domain::{Collection, Record};

/// Inserts a whole record.
pub fn insert(dialect: Dialect, record: &Record) -> Statement {
    let mut insert = Query::insert();
    insert.into_table(Ident::table(record.collection()));
    insert.columns(record.collection().fields.iter().map(Ident::column));
    insert.values_panic(record.values().iter().map(|value| Expr::val(builder_value(value.to_sql()))));
    match dialect {
        Dialect::Sqlite => statement(insert.build(SqliteQueryBuilder)),
    }
}

/// Writes the fields at `positions` of a record that is stored under its id.
pub fn update(dialect: Dialect, record: &Record, positions: &[usize]) -> Statement {
    let collection = record.collection();
    let mut update = Query::update();
    update.table(Ident::table(collection));
    for position in positions {
        let value = builder_value(record.at(*position).to_sql());
        update.value(Ident::column(&collection.fields[*position]), Expr::val(value));
    }
    update.and_where(Expr::col(id_column(collection)).eq(record.id()));
    match dialect {
        Dialect::Sqlite => statement(update.build(SqliteQueryBuilder)),
    }
}

/// Deletes the record with this id.
pub fn delete(dialect: Dialect, collection: &Collection, id: &str) -> Statement {
    let mut delete = Query::delete();
    delete.from_table(Ident::table(collection));
    delete.and_where(Expr::col(id_column(collection)).eq(id));
    match dialect {
        Dialect::Sqlite => statement(delete.build(SqliteQueryBuilder)),
    }
}

/// Deletes the rows of a system collection that refer to a record: `collectionRef` and `recordRef`.
pub fn delete_references(dialect: Dialect, table: FixedIdent, collection_id: &str, record_id: &str) -> Statement {
    let mut delete = Query::delete();
    delete.from_table(table);
    delete.and_where(Expr::col(Ident::fixed("collectionRef")).eq(collection_id));
    delete.and_where(Expr::col(Ident::fixed("recordRef")).eq(record_id));
    match dialect {
        Dialect::Sqlite => statement(delete.build(SqliteQueryBuilder)),
    }
}

fn id_column(collection: &Collection) -> Ident {
    Ident::column(collection.field("id").expect("every collection has an id"))
}

pub(super) fn statement((sql, values): (String, Values)) -> Statement {
    Statement::new(sql, values.0.into_iter().map(from_builder).collect())
}

pub(super) fn builder_value(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::String(None),
        SqlValue::Integer(number) => Value::BigInt(Some(number)),
        SqlValue::Real(number) => Value::Double(Some(number)),
        SqlValue::Text(text) => Value::String(Some(text)),
    }
}

fn from_builder(value: Value) -> SqlValue {
    match value {
        Value::BigInt(number) => SqlValue::from(number),
        Value::BigUnsigned(number) => SqlValue::from(number.map(|n| i64::try_from(n).unwrap_or(i64::MAX))),
        Value::Double(number) => SqlValue::from(number),
        Value::String(text) => SqlValue::from(text),
        _ => SqlValue::Null,
    }
}
