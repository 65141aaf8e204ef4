//! A whole database as SQL text that the `sqlite3` shell, or any other program with SQLite in it, makes the same
//! database of.
//!
//! Called through `DatabaseCopy::dump`. Invariants: every value comes out as it is, whatever is in it; rows pass one
//! by one, in the order in which they were inserted. Not here: what the tables mean.

use std::io::Write;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::error;
use crate::base::{Error, Result};
use crate::domain::index::quote;

/// Between two reports of progress.
const ROWS_PER_REPORT: u64 = 1000;
/// Whole numbers up to this size are written with one digit behind the point, which says all there is.
const PLAIN_MAX: f64 = 1e15;

/// Writes the database; `progress` is told how many rows are done.
pub(super) fn dump(connection: &Connection, out: &mut dyn Write, progress: &mut dyn FnMut(u64)) -> Result<()> {
    let number = |name: &str| -> Result<i64> {
        connection.pragma_query_value(None, name, |row| row.get(0)).map_err(|error| error::translate(&error))
    };
    let (application_id, version) = (number("application_id")?, number("user_version")?);
    put(out, "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n")?;
    put(out, &format!("PRAGMA application_id={application_id};\nPRAGMA user_version={version};\n"))?;
    let mut done = 0;
    for (name, sql) in objects(connection, "m.type = 'table'")? {
        put(out, &format!("{sql};\n"))?;
        dump_table(connection, &name, out, &mut done, progress)?;
    }
    for (_, sql) in objects(connection, "m.type IN ('index', 'trigger', 'view')")? {
        put(out, &format!("{sql};\n"))?;
    }
    progress(done);
    put(out, "COMMIT;\n")
}

/// Names and definitions; SQLite's own tables aren't among them, nor the indexes that it makes by itself.
fn objects(connection: &Connection, condition: &str) -> Result<Vec<(String, String)>> {
    let sql = format!(
        "SELECT m.name, m.sql FROM sqlite_schema AS m WHERE {condition} AND m.sql IS NOT NULL \
         AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.rowid"
    );
    let read = || {
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|error| error::translate(&error))
}

fn dump_table(
    connection: &Connection,
    name: &str,
    out: &mut dyn Write,
    done: &mut u64,
    progress: &mut dyn FnMut(u64),
) -> Result<()> {
    let table = quote(name);
    let mut run = || -> rusqlite::Result<Result<()>> {
        let keyed = "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1";
        let has_rowids = !connection.query_row(keyed, [name], |row| row.get::<_, bool>(0))?;
        let order = if has_rowids { " ORDER BY rowid" } else { "" };
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}{order}"))?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut line = String::new();
        while let Some(row) = rows.next()? {
            line.clear();
            line.push_str("INSERT INTO ");
            line.push_str(&table);
            line.push_str(" VALUES(");
            for at in 0..columns {
                if at > 0 {
                    line.push(',');
                }
                write_value(&mut line, row.get_ref(at)?);
            }
            line.push_str(");\n");
            if let Err(error) = put(out, &line) {
                return Ok(Err(error));
            }
            *done += 1;
            if (*done).is_multiple_of(ROWS_PER_REPORT) {
                progress(*done);
            }
        }
        Ok(Ok(()))
    };
    run().map_err(|error| error::translate(&error))?
}

fn write_value(line: &mut String, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => line.push_str("NULL"),
        ValueRef::Integer(number) => line.push_str(&number.to_string()),
        ValueRef::Real(number) if number.is_infinite() => line.push_str(if number > 0.0 { "9e999" } else { "-9e999" }),
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < PLAIN_MAX => {
            line.push_str(&format!("{number:.1}"));
        }
        // As many digits as tell every float from its neighbours, however they are read.
        ValueRef::Real(number) => line.push_str(&format!("{number:.16e}")),
        ValueRef::Text(bytes) => write_text(line, bytes),
        ValueRef::Blob(bytes) => write_hex(line, bytes),
    }
}

/// A text in quotes. The shell ends texts at a NUL and drops a return at the end of a line, so those go as bytes.
fn write_text(line: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(['\0', '\r']) => {
            line.push('\'');
            for (at, piece) in text.split('\'').enumerate() {
                if at > 0 {
                    line.push_str("''");
                }
                line.push_str(piece);
            }
            line.push('\'');
        }
        _ => {
            line.push_str("CAST(");
            write_hex(line, bytes);
            line.push_str(" AS TEXT)");
        }
    }
}

fn write_hex(line: &mut String, bytes: &[u8]) {
    line.push_str("X'");
    for byte in bytes {
        line.push_str(&format!("{byte:02x}"));
    }
    line.push('\'');
}

fn put(out: &mut dyn Write, text: &str) -> Result<()> {
    out.write_all(text.as_bytes())
        .map_err(|error| Error::unavailable("The SQL can't be written: the disk may be full.").caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dumped_makes_the_same_database() {
        let source = Connection::open_in_memory().expect("it can be opened");
        source
            .execute_batch(
                "PRAGMA application_id = 7; PRAGMA user_version = 3;
                 CREATE TABLE \"odd \"\" name\" (a, b REAL, c BLOB);
                 CREATE TABLE keyed (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
                 CREATE UNIQUE INDEX i ON keyed (v);
                 CREATE VIEW w AS SELECT k FROM keyed;",
            )
            .expect("right");
        let texts =
            ["", "it's", "a\nb", "a\r\nb", "\0", "a\0b", ".quit", ";", "é\u{1f600}", "--", "\n.read x\n/\ngo\n"];
        for text in texts {
            source.execute("INSERT INTO \"odd \"\" name\" VALUES (?1, NULL, ?2)", (text, text.as_bytes())).expect("ok");
        }
        for number in [0.1, -0.0, 1.0, 1e15, 1e300, 5e-324, f64::MAX, 1.0 / 3.0, f64::INFINITY, f64::NEG_INFINITY] {
            source.execute("INSERT INTO \"odd \"\" name\" VALUES (?1, ?1, ?1)", [number]).expect("ok");
        }
        source.execute("INSERT INTO keyed VALUES ('b', 9223372036854775807), ('a', NULL)", []).expect("ok");
        let (mut text, mut reported) = (Vec::new(), 0);
        dump(&source, &mut text, &mut |rows| reported = rows).expect("it can be dumped");
        assert_eq!(reported, texts.len() as u64 + 10 + 2);
        let copy = Connection::open_in_memory().expect("it can be opened");
        copy.execute_batch(&String::from_utf8(text).expect("UTF-8")).expect("it is SQL");
        for sql in [
            "SELECT a, b, c, typeof(a) FROM \"odd \"\" name\" ORDER BY rowid",
            "SELECT * FROM keyed",
            "SELECT * FROM w",
            "SELECT type, name, sql FROM sqlite_schema ORDER BY name",
            "PRAGMA application_id",
            "PRAGMA user_version",
        ] {
            let rows = |connection: &Connection| -> Vec<Vec<rusqlite::types::Value>> {
                let mut statement = connection.prepare(sql).expect("right");
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect()).expect("right");
                rows.map(|row| row.expect("a row")).collect()
            };
            assert_eq!(rows(&copy), rows(&source), "{sql}");
        }
    }
}
