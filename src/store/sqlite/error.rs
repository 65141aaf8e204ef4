//! What SQLite's errors mean to the rest of the program, by extended result code.
//!
//! The table is explicit and whatever it doesn't list is internal. SQLite's own text only ever becomes a cause.

use std::fmt;

use rusqlite::ffi;

use crate::base::{Error, ErrorKind};
use crate::store::job::not_saved;
use crate::store::{SqlFault, UniqueViolation};

/// The cause of errors that say that the file is damaged, with SQLite's text.
#[derive(Debug)]
pub(super) struct Damage(pub String);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the database file is damaged: {}", self.0)
    }
}

impl std::error::Error for Damage {}

/// The extended result code and the text of an error; codes of rusqlite's own errors are `None`.
fn parts(error: &rusqlite::Error) -> (Option<i32>, String) {
    match error {
        rusqlite::Error::SqliteFailure(code, Some(text)) => (Some(code.extended_code), text.clone()),
        rusqlite::Error::SqlInputError { error, msg, .. } => (Some(error.extended_code), msg.clone()),
        other => (other.sqlite_extended_error_code(), other.to_string()),
    }
}

/// The program's error for one of SQLite.
pub(super) fn translate(error: &rusqlite::Error) -> Error {
    let (code, text) = parts(error);
    match code {
        Some(code) => by_code(code, text),
        // The statement itself is wrong: two statements in one, a NUL byte, a change where a query is expected.
        None => Error::internal(SqlFault(text)),
    }
}

/// Whether a connection that has met this error should not be used again.
pub(super) fn spoils_connection(error: &rusqlite::Error) -> bool {
    matches!(parts(error).0.map(|code| code & 0xff), Some(ffi::SQLITE_IOERR | ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB))
}

fn by_code(code: i32, text: String) -> Error {
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            Error::invalid("A value must be unique, but it exists already.").caused_by(unique_violation(&text))
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL
        | ffi::SQLITE_CONSTRAINT_CHECK
        | ffi::SQLITE_CONSTRAINT_DATATYPE
        | ffi::SQLITE_CONSTRAINT_FOREIGNKEY
        | ffi::SQLITE_CONSTRAINT_TRIGGER
        | ffi::SQLITE_MISMATCH => Error::invalid("The database doesn't accept a value.").caused_by(SqlFault(text)),
        ffi::SQLITE_TOOBIG => {
            Error::new(ErrorKind::TooLarge, "A value is too large to be stored.").caused_by(SqlFault(text))
        }
        ffi::SQLITE_INTERRUPT => timeout().caused_by(text),
        ffi::SQLITE_FULL => Error::unavailable("There is no room on disk; nothing was saved.").caused_by(text),
        // A fault in the statement. Ours, unless whoever knows where it came from says otherwise.
        ffi::SQLITE_ERROR => Error::internal(SqlFault(text)),
        ffi::SQLITE_READONLY_RECOVERY
        | ffi::SQLITE_READONLY_CANTLOCK
        | ffi::SQLITE_READONLY_ROLLBACK
        | ffi::SQLITE_READONLY_DBMOVED
        | ffi::SQLITE_READONLY_CANTINIT
        | ffi::SQLITE_READONLY_DIRECTORY => {
            Error::unavailable("The database can't be written at the moment.").caused_by(text)
        }
        _ => by_family(code, text),
    }
}

/// Codes whose extended forms differ only in detail for the log.
fn by_family(code: i32, text: String) -> Error {
    match code & 0xff {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL | ffi::SQLITE_SCHEMA => {
            Error::unavailable("The database is in use by another process; please try again.").caused_by(text)
        }
        ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN => {
            Error::unavailable("The database can't be reached on disk at the moment.")
                .caused_by(format!("{text} (SQLite code {code})"))
        }
        ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Error::internal(Damage(text)),
        ffi::SQLITE_NOMEM => Error::unavailable("There isn't enough memory at the moment.").caused_by(text),
        ffi::SQLITE_ABORT => not_saved().caused_by(text),
        _ => Error::internal(format!("{text} (SQLite code {code})")),
    }
}

/// 408 for a job that has run too long.
pub(super) fn timeout() -> Error {
    Error::new(ErrorKind::Timeout, "This took too long and was stopped.")
}

/// Reads `UNIQUE constraint failed: table.column, table.column` and `UNIQUE constraint failed: index 'name'`.
fn unique_violation(text: &str) -> UniqueViolation {
    let mut violation = UniqueViolation { table: None, columns: Vec::new(), index: None };
    let Some((_, list)) = text.split_once("failed: ") else {
        return violation;
    };
    if let Some(name) = list.strip_prefix("index '") {
        violation.index = Some(name.trim_end_matches('\'').to_owned());
        return violation;
    }
    for (table, column) in list.split(", ").filter_map(|item| item.rsplit_once('.')) {
        violation.table.get_or_insert_with(|| table.to_owned());
        violation.columns.push(column.to_owned());
    }
    violation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_kinds() {
        for (code, kind) in [
            (ffi::SQLITE_CONSTRAINT_UNIQUE, ErrorKind::Invalid),
            (ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ErrorKind::Invalid),
            (ffi::SQLITE_CONSTRAINT_NOTNULL, ErrorKind::Invalid),
            (ffi::SQLITE_CONSTRAINT_COMMITHOOK, ErrorKind::Internal),
            (ffi::SQLITE_TOOBIG, ErrorKind::TooLarge),
            (ffi::SQLITE_INTERRUPT, ErrorKind::Timeout),
            (ffi::SQLITE_FULL, ErrorKind::Unavailable),
            (ffi::SQLITE_BUSY, ErrorKind::Unavailable),
            (ffi::SQLITE_BUSY_SNAPSHOT, ErrorKind::Unavailable),
            (ffi::SQLITE_IOERR_FSYNC, ErrorKind::Unavailable),
            (ffi::SQLITE_NOMEM, ErrorKind::Unavailable),
            (ffi::SQLITE_ABORT_ROLLBACK, ErrorKind::Unavailable),
            (ffi::SQLITE_READONLY_DBMOVED, ErrorKind::Unavailable),
            (ffi::SQLITE_READONLY, ErrorKind::Internal),
            (ffi::SQLITE_CORRUPT, ErrorKind::Internal),
            (ffi::SQLITE_CORRUPT_INDEX, ErrorKind::Internal),
            (ffi::SQLITE_NOTADB, ErrorKind::Internal),
            (ffi::SQLITE_ERROR, ErrorKind::Internal),
            (ffi::SQLITE_MISUSE, ErrorKind::Internal),
            (99, ErrorKind::Internal),
        ] {
            let error = by_code(code, "what SQLite says".to_owned());
            assert_eq!(error.kind(), kind, "code {code}");
            assert!(!error.message().contains("SQLite"), "code {code} shows SQLite's text: {}", error.message());
        }
    }

    #[test]
    fn unique_violations_name_columns_or_the_index() {
        let check = |text: &str, table: Option<&str>, columns: &[&str], index: Option<&str>| {
            let expect = UniqueViolation {
                table: table.map(str::to_owned),
                columns: columns.iter().map(|&c| c.to_owned()).collect(),
                index: index.map(str::to_owned),
            };
            assert_eq!(unique_violation(text), expect, "{text}");
        };
        check("UNIQUE constraint failed: users.email", Some("users"), &["email"], None);
        check("UNIQUE constraint failed: t.a, t.b", Some("t"), &["a", "b"], None);
        check("UNIQUE constraint failed: index 'idx_lower'", None, &[], Some("idx_lower"));
        check("something new", None, &[], None);
    }
}
