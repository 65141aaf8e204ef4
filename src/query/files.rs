//! Statements that compare the files which the program knows of with the records that name them.

use sea_query::{Cond, Expr, ExprTrait, Order, Query, SqliteQueryBuilder};

use super::dialect::Dialect;
use super::ident::Ident;
use super::mutate::statement;
use crate::base::Statement;
use crate::domain::{Collection, Field};

/// Ids and values of a field for files of the records that have one, in the order of the ids from behind `after`.
pub fn held_names(dialect: Dialect, collection: &Collection, field: &Field, after: &str, limit: u64) -> Statement {
    let column = || Expr::col(Ident::column(field));
    let mut select = Query::select();
    select
        .column(Ident::fixed("id"))
        .column(Ident::column(field))
        .from(Ident::table(collection))
        .and_where(Expr::col(Ident::fixed("id")).gt(after))
        .and_where(column().is_not_null())
        .and_where(column().is_not_in(["", "[]"]))
        .order_by(Ident::fixed("id"), Order::Asc)
        .limit(limit);
    match dialect {
        Dialect::Sqlite => statement(select.build(SqliteQueryBuilder)),
    }
}

/// Gives the rows of `_files` of a single-valued field another state where no record's field holds their names any
/// more. `states` are the one that they have and the one that they get.
pub fn doom_unnamed(
    dialect: Dialect,
    collection: &Collection,
    field: &Field,
    states: [&str; 2],
    due: &str,
) -> Statement {
    let files = |column: &'static str| Expr::col((Ident::fixed("_files"), Ident::fixed(column)));
    let mut named = Query::select();
    named.expr(Expr::val(1)).from(Ident::table(collection)).cond_where(
        Cond::all()
            .add(Expr::col((Ident::table(collection), Ident::fixed("id"))).eq(files("recordId")))
            .add(Expr::col((Ident::table(collection), Ident::column(field))).eq(files("name"))),
    );
    let mut update = Query::update();
    update
        .table(Ident::fixed("_files"))
        .value(Ident::fixed("state"), states[1])
        .value(Ident::fixed("due"), due)
        .cond_where(
            Cond::all()
                .add(files("collectionId").eq(collection.id.as_str()))
                .add(files("fieldId").eq(field.id.as_str()))
                .add(files("state").eq(states[0]))
                .add(Expr::exists(named).not()),
        );
    match dialect {
        Dialect::Sqlite => statement(update.build(SqliteQueryBuilder)),
    }
}
