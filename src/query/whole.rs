//! Statements that read a table from its first row to its last: for what goes out of the program as a whole, and for
//! what comes from another program's database.
//!
//! Called by `records` and `import`. Names of tables and columns are those of our own definitions, also where the
//! database is somebody else's: what isn't called as a definition says isn't read.

use sea_query::{Cond, Expr, ExprTrait, Order, Query, SqliteQueryBuilder};

use super::dialect::Dialect;
use super::ident::Ident;
use super::mutate::statement;
use crate::base::Statement;
use crate::domain::{Collection, Field};

/// The given columns of all rows of a collection, in the order in which they were inserted; those of a view as they
/// come.
pub fn rows(dialect: Dialect, collection: &Collection, fields: &[&Field]) -> Statement {
    let mut select = Query::select();
    select.columns(fields.iter().map(|field| Ident::column(field))).from(Ident::table(collection));
    if !collection.is_view() {
        match dialect {
            Dialect::Sqlite => select.order_by(Ident::fixed("_rowid_"), Order::Asc),
        };
    }
    match dialect {
        Dialect::Sqlite => statement(select.build(SqliteQueryBuilder)),
    }
}

/// How many rows a collection has.
pub fn count(dialect: Dialect, collection: &Collection) -> Statement {
    let mut select = Query::select();
    select.expr(Expr::cust("count(*)")).from(Ident::table(collection));
    match dialect {
        Dialect::Sqlite => statement(select.build(SqliteQueryBuilder)),
    }
}

/// The names of all plain tables with the names of their stored columns: what a view or a virtual table shows, or what
/// is computed, isn't among them.
pub fn tables(dialect: Dialect) -> Statement {
    let column = |table: &'static str, name: &'static str| Expr::col((Ident::fixed(table), Ident::fixed(name)));
    let mut select = Query::select();
    select
        .expr(column("t", "name"))
        .expr(column("c", "name"))
        .from_as(Ident::fixed("sqlite_master"), Ident::fixed("t"))
        .from_function(
            sea_query::Func::cust(Ident::fixed("pragma_table_xinfo")).arg(column("t", "name")),
            Ident::fixed("c"),
        )
        .cond_where(
            Cond::all()
                .add(column("t", "type").eq("table"))
                .add(column("t", "sql").like("create table%"))
                .add(column("c", "hidden").eq(0_i64)),
        );
    match dialect {
        Dialect::Sqlite => statement(select.build(SqliteQueryBuilder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::bool::BoolOptions;
    use crate::domain::{CollectionKind, FieldKind, Rules};

    #[test]
    fn names_are_quoted_and_rows_come_in_order() {
        let mut collection = Collection {
            id: "c".into(),
            name: "pets".into(),
            kind: CollectionKind::Base,
            system: false,
            rules: Rules::default(),
            fields: vec![Field::new("kind", FieldKind::Bool(BoolOptions::default()))],
            indexes: Vec::new(),
            created: String::new(),
            updated: String::new(),
        };
        let sql = |collection: &Collection| rows(Dialect::Sqlite, collection, &[&collection.fields[0]]).sql.to_string();
        assert_eq!(sql(&collection), r#"SELECT "kind" FROM "pets" ORDER BY "_rowid_" ASC"#);
        assert_eq!(&*count(Dialect::Sqlite, &collection).sql, r#"SELECT count(*) FROM "pets""#);
        // What the values become is the statement's business, too: a kind of number that it doesn't know would be NULL.
        assert_eq!(tables(Dialect::Sqlite).params, ["table".into(), "create table%".into(), 0.into()]);
        collection.kind = CollectionKind::View(String::new());
        assert_eq!(sql(&collection), r#"SELECT "kind" FROM "pets""#);
    }
}
