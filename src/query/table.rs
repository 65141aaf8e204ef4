//! Statements over the program's own tables, which aren't collections: sessions, keys, mails and the like.
//!
//! Called by the services that own these tables. Names of tables and columns are written in the program; values are
//! bound. Not here: records (`mutate`, `select`), the catalogue of collections (`ddl::catalog`).

use sea_query::{Cond, Expr, ExprTrait, Func, OnConflict, Order, Query, SqliteQueryBuilder};

use super::dialect::Dialect;
use super::ident::Ident;
use super::mutate::{builder_value, statement};
use crate::base::{SqlValue, Statement};

/// A table of the program by its name.
#[derive(Clone, Copy, Debug)]
pub struct Table(&'static str);

/// A condition on one column. Several conditions must all hold.
#[derive(Clone, Debug)]
pub enum Where {
    /// The column has this value.
    Is(&'static str, SqlValue),
    /// The column has another value.
    IsNot(&'static str, SqlValue),
    /// The column is less than this value; for texts that is their order, which for dates is their time.
    Below(&'static str, SqlValue),
    /// The column is this value or less.
    UpTo(&'static str, SqlValue),
    /// The column is more than this value.
    Above(&'static str, SqlValue),
}

/// A column with a value.
pub type Set = (&'static str, SqlValue);

impl Table {
    /// The table with this name.
    pub const fn new(name: &'static str) -> Table {
        Table(name)
    }

    /// Inserts one row.
    pub fn insert(self, dialect: Dialect, row: Vec<Set>) -> Statement {
        self.insert_or_replace(dialect, row, &[])
    }

    /// Inserts one row, over the row that has the same values in the columns `key`, if there is one.
    pub fn insert_or_replace(self, dialect: Dialect, row: Vec<Set>, key: &[&'static str]) -> Statement {
        let mut insert = Query::insert();
        insert.into_table(Ident::fixed(self.0)).columns(row.iter().map(|(column, _)| Ident::fixed(column)));
        if !key.is_empty() {
            let others = row.iter().map(|(column, _)| *column).filter(|column| !key.contains(column));
            insert.on_conflict(
                OnConflict::columns(key.iter().map(|column| Ident::fixed(column)))
                    .update_columns(others.map(Ident::fixed))
                    .to_owned(),
            );
        }
        insert.values_panic(row.into_iter().map(|(_, value)| Expr::val(builder_value(value))));
        match dialect {
            Dialect::Sqlite => statement(insert.build(SqliteQueryBuilder)),
        }
    }

    /// The given columns of all rows that fit.
    pub fn select(self, dialect: Dialect, columns: &[&'static str], conditions: &[Where]) -> Statement {
        self.page(dialect, columns, conditions, None, None)
    }

    /// As [`Table::select`], in ascending or descending order of a column, no more than `limit` rows.
    pub fn page(
        self,
        dialect: Dialect,
        columns: &[&'static str],
        conditions: &[Where],
        order: Option<(&'static str, Direction)>,
        limit: Option<u64>,
    ) -> Statement {
        let mut select = Query::select();
        select.columns(columns.iter().map(|column| Ident::fixed(column))).from(Ident::fixed(self.0));
        if !conditions.is_empty() {
            select.cond_where(all(conditions));
        }
        if let Some((column, direction)) = order {
            select.order_by(Ident::fixed(column), direction.order());
        }
        if let Some(limit) = limit {
            select.limit(limit);
        }
        match dialect {
            Dialect::Sqlite => statement(select.build(SqliteQueryBuilder)),
        }
    }

    /// `limit` rows from the one at `offset`, in the given order.
    pub fn slice(
        self,
        dialect: Dialect,
        columns: &[&'static str],
        order: &[(&'static str, Direction)],
        limit: u64,
        offset: u64,
    ) -> Statement {
        let mut select = Query::select();
        select.columns(columns.iter().map(|column| Ident::fixed(column))).from(Ident::fixed(self.0));
        for (column, direction) in order {
            select.order_by(Ident::fixed(column), direction.order());
        }
        select.limit(limit).offset(offset);
        match dialect {
            Dialect::Sqlite => statement(select.build(SqliteQueryBuilder)),
        }
    }

    /// The number of rows that fit.
    pub fn count(self, dialect: Dialect, conditions: &[Where]) -> Statement {
        let mut select = Query::select();
        select.expr(Expr::cust("count(*)")).from(Ident::fixed(self.0));
        if !conditions.is_empty() {
            select.cond_where(all(conditions));
        }
        match dialect {
            Dialect::Sqlite => statement(select.build(SqliteQueryBuilder)),
        }
    }

    /// The sum of a column of numbers over the rows that fit; NULL if there are none.
    pub fn sum(self, dialect: Dialect, column: &'static str, conditions: &[Where]) -> Statement {
        let mut select = Query::select();
        select.expr(Func::sum(Expr::col(Ident::fixed(column)))).from(Ident::fixed(self.0));
        if !conditions.is_empty() {
            select.cond_where(all(conditions));
        }
        match dialect {
            Dialect::Sqlite => statement(select.build(SqliteQueryBuilder)),
        }
    }

    /// Changes the rows that fit.
    pub fn update(self, dialect: Dialect, changes: Vec<Set>, conditions: &[Where]) -> Statement {
        let mut update = Query::update();
        update.table(Ident::fixed(self.0)).cond_where(all(conditions));
        for (column, value) in changes {
            update.value(Ident::fixed(column), Expr::val(builder_value(value)));
        }
        match dialect {
            Dialect::Sqlite => statement(update.build(SqliteQueryBuilder)),
        }
    }

    /// Deletes the rows that fit; all of them if there is no condition.
    pub fn delete(self, dialect: Dialect, conditions: &[Where]) -> Statement {
        let mut delete = Query::delete();
        delete.from_table(Ident::fixed(self.0));
        if !conditions.is_empty() {
            delete.cond_where(all(conditions));
        }
        match dialect {
            Dialect::Sqlite => statement(delete.build(SqliteQueryBuilder)),
        }
    }
}

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Small values first.
    Ascending,
    /// Large values first.
    Descending,
}

impl Direction {
    fn order(self) -> Order {
        match self {
            Direction::Ascending => Order::Asc,
            Direction::Descending => Order::Desc,
        }
    }
}

fn all(conditions: &[Where]) -> Cond {
    conditions.iter().fold(Cond::all(), |cond, condition| {
        let column = |name: &'static str| Expr::col(Ident::fixed(name));
        let value = |value: &SqlValue| Expr::val(builder_value(value.clone()));
        cond.add(match condition {
            Where::Is(name, wanted) => column(name).eq(value(wanted)),
            Where::IsNot(name, unwanted) => column(name).ne(value(unwanted)),
            Where::Below(name, bound) => column(name).lt(value(bound)),
            Where::UpTo(name, bound) => column(name).lte(value(bound)),
            Where::Above(name, bound) => column(name).gt(value(bound)),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PETS: Table = Table::new("_pets");

    #[test]
    fn values_are_bound_and_names_quoted() {
        let sqlite = Dialect::Sqlite;
        let conditions = [Where::Is("name", "Rex".into()), Where::Below("born", "2020".into())];
        for (made, sql, values) in [
            (
                PETS.insert(sqlite, vec![("id", 1.into()), ("name", "Rex".into())]),
                r#"INSERT INTO "_pets" ("id", "name") VALUES (?, ?)"#,
                2,
            ),
            (
                PETS.insert_or_replace(sqlite, vec![("id", 1.into()), ("name", "Rex".into())], &["id"]),
                r#"INSERT INTO "_pets" ("id", "name") VALUES (?, ?) ON CONFLICT ("id") DO UPDATE SET "name" = "excluded"."name""#,
                2,
            ),
            (
                PETS.page(sqlite, &["id"], &conditions, Some(("born", Direction::Descending)), Some(5)),
                r#"SELECT "id" FROM "_pets" WHERE "name" = ? AND "born" < ? ORDER BY "born" DESC LIMIT ?"#,
                3,
            ),
            (
                PETS.update(sqlite, vec![("name", "Max".into())], &[Where::IsNot("id", 1.into())]),
                r#"UPDATE "_pets" SET "name" = ? WHERE "id" <> ?"#,
                2,
            ),
            (PETS.delete(sqlite, &[Where::UpTo("born", "2000".into())]), r#"DELETE FROM "_pets" WHERE "born" <= ?"#, 1),
            (PETS.delete(sqlite, &[Where::Above("born", "2000".into())]), r#"DELETE FROM "_pets" WHERE "born" > ?"#, 1),
            (PETS.delete(sqlite, &[]), r#"DELETE FROM "_pets""#, 0),
            (
                PETS.slice(sqlite, &["id"], &[("born", Direction::Descending), ("id", Direction::Ascending)], 5, 10),
                r#"SELECT "id" FROM "_pets" ORDER BY "born" DESC, "id" ASC LIMIT ? OFFSET ?"#,
                2,
            ),
            (PETS.count(sqlite, &conditions), r#"SELECT count(*) FROM "_pets" WHERE "name" = ? AND "born" < ?"#, 2),
            (
                PETS.sum(sqlite, "legs", &conditions),
                r#"SELECT SUM("legs") FROM "_pets" WHERE "name" = ? AND "born" < ?"#,
                2,
            ),
            (PETS.sum(sqlite, "legs", &[]), r#"SELECT SUM("legs") FROM "_pets""#, 0),
            (PETS.select(sqlite, &["id", "name"], &[]), r#"SELECT "id", "name" FROM "_pets""#, 0),
        ] {
            assert_eq!((&*made.sql, made.params.len()), (sql, values));
        }
    }
}
