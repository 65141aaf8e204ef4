//! Statements that whoever owns the server has typed: questions, and changes of rows.
//!
//! Called by transactions for [`ReadTx::ask`](crate::store::ReadTx::ask) and
//! [`WriteTx::change_rows`](crate::store::WriteTx::change_rows). Invariants: SQLite's authorizer sees every step of a
//! typed statement before it runs, so none can end the transaction that it runs in, set a pragma, reach another file,
//! change a definition, or write to the program's own tables; the deadline and the settings of the connection hold as
//! for all others. Not here: who may type statements.

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Statement};

use super::Connection;
use super::deadline::Cancel;
use crate::base::{Error, ErrorKind, Result};

/// Pragmas that tell something and change nothing, whatever they are given.
const TELLING_PRAGMAS: &[&str] = &[
    "collation_list",
    "compile_options",
    "database_list",
    "foreign_key_list",
    "freelist_count",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "page_count",
    "page_size",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// The result of the last question among typed statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SqlTable {
    /// Its columns.
    pub columns: Vec<SqlColumn>,
    /// Its rows: every value as text, or `None` for NULL; bytes as hexadecimal digits.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there are more rows than were wanted.
    pub is_cut: bool,
}

/// A column of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// The type that it was declared with; empty for what is computed.
    pub declared: String,
}

/// What typed statements may do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    Ask,
    ChangeRows,
}

/// Lets only what is allowed through, until it goes.
struct Guard<'c>(&'c rusqlite::Connection);

impl<'c> Guard<'c> {
    fn new(inner: &'c rusqlite::Connection, may: May) -> rusqlite::Result<Guard<'c>> {
        inner.authorizer(Some(move |asked: AuthContext<'_>| judge(may, asked.action)))?;
        Ok(Guard(inner))
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.authorizer(None::<fn(AuthContext<'_>) -> Authorization>) {
            // The connection would refuse whatever comes next, so nothing can go wrong unseen.
            tracing::error!(%error, "a connection can't be freed of the console's limits");
        }
    }
}

fn judge(may: May, action: AuthAction<'_>) -> Authorization {
    let is_allowed = match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Function { .. } | AuthAction::Recursive => true,
        AuthAction::Pragma { pragma_name, .. } => TELLING_PRAGMAS.contains(&pragma_name.to_ascii_lowercase().as_str()),
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => may == May::ChangeRows && !is_of_the_program(table_name),
        _ => false,
    };
    if is_allowed { Authorization::Allow } else { Authorization::Deny }
}

/// The names of tables that aren't a collection's own begin like this; `_superusers` and the like have rules of their
/// own, which only the services know.
fn is_of_the_program(table: &str) -> bool {
    table.starts_with('_') || table.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"))
}

impl Connection {
    /// See [`ReadTx::ask`](crate::store::ReadTx::ask).
    pub fn ask(&self, sql: &str, explain: bool, rows_max: usize, cancel: &Cancel) -> Result<SqlTable> {
        self.typed(sql, May::Ask, cancel, |statement, found| {
            *found = if explain { self.explained(statement, rows_max)? } else { table(statement, rows_max)? };
            Ok(())
        })
    }

    /// See [`WriteTx::change_rows`](crate::store::WriteTx::change_rows).
    pub fn change_rows(&self, sql: &str, cancel: &Cancel) -> Result<u64> {
        self.typed(sql, May::ChangeRows, cancel, |statement, changed: &mut u64| {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            drop(rows);
            *changed += if statement.readonly() { 0 } else { self.raw().changes() };
            Ok(())
        })
    }

    /// Runs one typed statement after the other.
    fn typed<T: Default>(
        &self,
        sql: &str,
        may: May,
        cancel: &Cancel,
        mut each: impl FnMut(&mut Statement<'_>, &mut T) -> rusqlite::Result<()>,
    ) -> Result<T> {
        let _watch = self.watch(cancel);
        let mut run = || -> rusqlite::Result<T> {
            let _guard = Guard::new(self.raw(), may)?;
            let (mut batch, mut found) = (Batch::new(self.raw(), sql), T::default());
            while let Some(mut statement) = batch.next()? {
                each(&mut statement, &mut found)?;
            }
            Ok(found)
        };
        let outcome = self.check_ready().and_then(|()| run().map_err(|error| self.explain_failure(error)));
        // Also if it was done just before: what was cancelled changes nothing.
        if cancel.is_cancelled() { Err(Error::invalid("The statement was cancelled.")) } else { outcome }
    }

    fn explained(&self, statement: &Statement<'_>, rows_max: usize) -> rusqlite::Result<SqlTable> {
        let sql = statement.expanded_sql().unwrap_or_default();
        table(&mut self.raw().prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?, rows_max)
    }

    /// What was wrong with a typed statement is told as SQLite says it; whose disk is full hears of that as always.
    fn explain_failure(&self, error: rusqlite::Error) -> Error {
        let said = match &error {
            rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        let is_refused = error.sqlite_error_code() == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied);
        let translated = self.fail(error);
        match translated.kind() {
            _ if is_refused => Error::invalid(format!(
                "The console doesn't do that ({said}): it asks, and, where that is allowed, changes rows of \
                 collections; it changes no definitions, no pragmas and none of the program's own tables."
            )),
            ErrorKind::Internal | ErrorKind::Invalid => Error::invalid(format!("The database says: {said}.")),
            _ => translated,
        }
    }
}

fn table(statement: &mut Statement<'_>, rows_max: usize) -> rusqlite::Result<SqlTable> {
    let columns: Vec<SqlColumn> = statement
        .columns()
        .iter()
        .map(|column| SqlColumn {
            name: column.name().to_owned(),
            declared: column.decl_type().unwrap_or_default().to_owned(),
        })
        .collect();
    let mut found = SqlTable { columns, ..SqlTable::default() };
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if found.rows.len() == rows_max {
            found.is_cut = true;
            break;
        }
        let cells = (0..found.columns.len()).map(|at| row.get_ref(at).map(text)).collect::<rusqlite::Result<_>>()?;
        found.rows.push(cells);
    }
    Ok(found)
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}
