//! The query of a view: is it one SELECT, what do its columns look like, and the statements that make and try it.
//!
//! Called by the collections service. Invariant: a query that [`ViewQuery::parse`] takes is a single SELECT or WITH
//! statement, so wrapping it in `CREATE VIEW` can't do anything else.

use sea_query::{Alias, Expr, Query, SqliteQueryBuilder};
use sqlparser::ast::{
    DataType, Expr as SqlExpr, Query as SqlQuery, Select, SelectItem, SetExpr, Statement as Sql, TableFactor,
};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use super::{plain, sqlite};
use crate::base::{Statement, limits};
use crate::domain::Collection;
use crate::domain::index::quote;
use crate::domain::sql_lex::{Lexeme, lex};
use crate::query::Ident;

/// What an expression in the list of a SELECT yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yields {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Text.
    Text,
    /// 0 or 1.
    Bool,
    /// Nothing in particular.
    Unknown,
}

/// One output column as it is written.
#[derive(Clone, Debug)]
pub struct Output {
    /// What kind of values it yields.
    pub yields: Yields,
    /// The lexemes of the expression.
    pub expression: Vec<Lexeme>,
}

/// A query that is one SELECT.
#[derive(Clone, Debug)]
pub struct ViewQuery {
    /// The text without surrounding white space and semicolons.
    pub text: String,
    /// All of its lexemes.
    pub lexemes: Vec<Lexeme>,
    /// Its output columns; `None` if the query is too unusual to be understood.
    pub outputs: Option<Vec<Output>>,
    /// Whether rows come only from tables by name: no sub-select or table function in FROM, no WITH.
    pub is_flat: bool,
    /// Whether several SELECTs are combined anywhere in it.
    pub is_compound: bool,
}

impl ViewQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// Says why it can't be the query of a view.
    pub fn parse(text: &str) -> Result<ViewQuery, &'static str> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == ';');
        let lexemes = lex(text).ok_or("a quote, comment or parenthesis is never closed")?;
        if lexemes.iter().any(|lexeme| lexeme.is_sign(';')) {
            return Err("only one statement is allowed");
        }
        if lexemes.iter().any(|lexeme| lexeme.is_sign('?') || lexeme.is_sign('@') || lexeme.is_sign(':')) {
            return Err("placeholders aren't allowed");
        }
        if !lexemes.first().is_some_and(|first| first.is_word("select") || first.is_word("with")) {
            return Err("the query must be a SELECT");
        }
        let query = parse_query(text);
        let select = query.as_ref().and_then(|query| top_select(query));
        let starred = lexemes.windows(2).any(|pair| pair[0].is_word("select") && pair[1].is_sign('*'));
        if select.map_or(starred, has_wildcard) {
            return Err("name the columns instead of *");
        }
        let is_compound = lexemes.iter().any(|l| l.is_word("union") || l.is_word("intersect") || l.is_word("except"));
        if is_compound && query.is_some() && select.is_none() {
            return Err("the query must be a single SELECT");
        }
        let is_flat = query.as_ref().is_some_and(|query| query.with.is_none()) && select.is_some_and(reads_tables_only);
        let outputs = select.map(|select| select.projection.iter().map(output).collect());
        Ok(ViewQuery { text: text.to_owned(), lexemes, outputs, is_flat, is_compound })
    }

    /// The query as a sub-select with a line break before the parenthesis, because it may end in a comment.
    fn wrapped(&self) -> String {
        format!("({}\n)", self.text)
    }

    /// `CREATE VIEW`; ids that aren't text become text.
    pub fn create(&self, collection: &Collection, casts_id: bool) -> Statement {
        let mut select = Query::select();
        if casts_id {
            for field in &collection.fields {
                let column = Ident::column(field);
                if field.name == "id" {
                    select.expr_as(sqlite::cast_text(Expr::col(column)), Alias::new("id"));
                } else {
                    select.column(column);
                }
            }
        } else {
            select.expr(Expr::cust("*"));
        }
        let name = quote(&collection.name);
        plain(format!("CREATE VIEW {name} AS {} FROM {}", select.to_string(SqliteQueryBuilder), self.wrapped()))
    }

    /// The first rows.
    pub fn sample(&self) -> Statement {
        plain(format!("SELECT * FROM {} LIMIT {}", self.wrapped(), limits::VIEW_SAMPLE_ROWS))
    }
}

/// `DROP VIEW`, if it is there.
pub fn drop_view(collection: &Collection) -> Statement {
    plain(format!("DROP VIEW IF EXISTS {}", quote(&collection.name)))
}

/// Reads the rows of a view that exists, to see whether it still works.
pub fn probe(collection: &Collection) -> String {
    format!("SELECT * FROM {}", quote(&collection.name))
}

fn parse_query(text: &str) -> Option<Box<SqlQuery>> {
    let mut statements = Parser::parse_sql(&SQLiteDialect {}, text).ok()?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Sql::Query(query)), true) => Some(query),
        _ => None,
    }
}

fn top_select(query: &SqlQuery) -> Option<&Select> {
    match &*query.body {
        SetExpr::Select(select) => Some(select),
        _ => None,
    }
}

fn has_wildcard(select: &Select) -> bool {
    select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)))
}

fn reads_tables_only(select: &Select) -> bool {
    select.from.iter().all(|from| {
        std::iter::once(&from.relation)
            .chain(from.joins.iter().map(|join| &join.relation))
            .all(|factor| matches!(factor, TableFactor::Table { args: None, .. }))
    })
}

fn output(item: &SelectItem) -> Output {
    let expression = match item {
        SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => expression,
        _ => return Output { yields: Yields::Unknown, expression: Vec::new() },
    };
    Output { yields: yields(expression), expression: lex(&expression.to_string()).unwrap_or_default() }
}

fn yields(expression: &SqlExpr) -> Yields {
    match expression {
        SqlExpr::Function(function) => match function.name.to_string().to_ascii_lowercase().as_str() {
            "count" => Yields::Integer,
            "total" => Yields::Number,
            _ => Yields::Unknown,
        },
        SqlExpr::Cast { data_type, .. } => match data_type {
            DataType::Real | DataType::Decimal(_) | DataType::Numeric(_) => Yields::Number,
            DataType::Int(_) | DataType::Integer(_) => Yields::Integer,
            DataType::Text => Yields::Text,
            DataType::Bool | DataType::Boolean => Yields::Bool,
            _ => Yields::Unknown,
        },
        SqlExpr::Nested(inner) => yields(inner),
        _ => Yields::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sql: &str) -> Vec<Yields> {
        let query = ViewQuery::parse(sql).expect(sql);
        query.outputs.expect(sql).into_iter().map(|output| output.yields).collect()
    }

    #[test]
    fn expressions_yield() {
        assert_eq!(
            kinds(
                "select id, count(*) c, total(n), sum(n), cast(n as int), cast(n as real) x, cast(a as text), cast(b as bool), 1+1, (count(id)) from a"
            ),
            [
                Yields::Unknown,
                Yields::Integer,
                Yields::Number,
                Yields::Unknown,
                Yields::Integer,
                Yields::Number,
                Yields::Text,
                Yields::Bool,
                Yields::Unknown,
                Yields::Integer
            ]
        );
    }

    #[test]
    fn only_one_select_is_taken() {
        for sql in [
            "",
            "  ;",
            "values (1)",
            "delete from a",
            "select 1; select 2",
            "select * from a",
            "select a.* from a",
            "with x as (select 1) select * from x",
            "select 1) union (select 2",
            "select id from a union select id from b",
            "select '",
            "select \0",
            "insert into a values (1)",
            "pragma table_info(a)",
            "select ?1 as id",
            "attach 'x' as y",
            "/* x",
            "explain select 1",
            "create view a as select 1",
        ] {
            assert!(ViewQuery::parse(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn where_rows_come_from() {
        let flat = |sql: &str| ViewQuery::parse(sql).expect(sql).is_flat;
        assert!(flat("select id from a, b as c left join d on d.x = c.y"));
        assert!(!flat("select id from (select id from a)"));
        assert!(!flat("select id from a, json_each(a.b)"));
        assert!(!flat("with a as (select 1 as id) select id from a"));
    }

    #[test]
    fn a_trailing_comment_does_not_swallow_the_parenthesis() {
        let query = ViewQuery::parse(" select 1 as id -- one ").expect("a query");
        assert_eq!(&*query.sample().sql, "SELECT * FROM (select 1 as id -- one\n) LIMIT 10");
    }
}
