//! Texts in double quotes in the queries of views.
//!
//! In SQL double quotes are for names. PocketBase's SQLite takes a name that it doesn't know for a text, so queries
//! that come from there may say `status = "done"`. Our database never does that, because a column that goes missing
//! would silently become a constant. Instead, such a text is given the quotes that texts have when the query is saved:
//! the query goes on to work, and whoever mistyped a name sees it in what was saved. Called before a query is tried.

use crate::base::Result;
use crate::domain::sql_lex::{Lexeme, lex};
use crate::query::ddl::view::ViewQuery;
use crate::store::{ReadTx, SqlFault};

/// The query with the names in double quotes that the database doesn't know made texts. What can't be mended, or can't
/// be a view's query at all, stays as it is.
pub fn mend_texts(tx: &ReadTx<'_>, query: &str) -> Result<String> {
    let mut mended = query.to_owned();
    while let Ok(parsed) = ViewQuery::parse(&mended) {
        let error = match tx.columns(&parsed.text) {
            Ok(_) => break,
            Err(error) => error,
        };
        let Some(fault) = error.cause::<SqlFault>() else { return Err(error) };
        match unknown_name(&fault.0).and_then(|name| as_text(&mended, name)) {
            Some(next) => mended = next,
            None => break,
        }
    }
    Ok(mended)
}

/// The name in double quotes that SQLite says could be meant as a text.
fn unknown_name(fault: &str) -> Option<&str> {
    let (_, rest) = fault.split_once("no such column: \"")?;
    rest.split_once("\" - should this be a string literal").map(|(name, _)| name)
}

/// `query` with `"name"` as `'name'` wherever it stands alone; `None` if that is nowhere.
fn as_text(query: &str, name: &str) -> Option<String> {
    let lexemes = lex(query)?;
    let is_point = |at: Option<usize>| at.and_then(|at| lexemes.get(at)).is_some_and(|lexeme| lexeme.is_sign('.'));
    let is_it = |at: usize, lexeme: &Lexeme| {
        let alone = !is_point(at.checked_sub(1)) && !is_point(Some(at + 1));
        alone && lexeme.text == name && query[lexeme.span.clone()].starts_with('"')
    };
    let mut out = query.to_owned();
    for (_, lexeme) in lexemes.iter().enumerate().rev().filter(|(at, lexeme)| is_it(*at, lexeme)) {
        out.replace_range(lexeme.span.clone(), &format!("'{}'", name.replace('\'', "''")));
    }
    (out != query).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_stand_alone_become_texts() {
        for (query, name, expect) in [
            ("select a from b where c = \"d\"", "d", Some("select a from b where c = 'd'")),
            ("select \"d\", \"d\" from b", "d", Some("select 'd', 'd' from b")),
            ("select \"it's\" as x", "it's", Some("select 'it''s' as x")),
            ("select `d`, [d], 'd', d from b", "d", None),
            ("select b.\"d\", \"d\".e from b", "d", None),
            ("select \"D\" from b", "d", None),
        ] {
            assert_eq!(as_text(query, name).as_deref(), expect, "{query}");
        }
    }
}
