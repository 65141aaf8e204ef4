//! Values on their way into statements and out of rows.

use rusqlite::types::{Null, ValueRef};

use crate::base::{Error, Result, SqlValue, SqlValueRef};

/// A row of a result, valid until the next one is asked for.
pub struct Row<'r> {
    row: &'r rusqlite::Row<'r>,
}

impl<'r> Row<'r> {
    pub(super) fn new(row: &'r rusqlite::Row<'r>) -> Row<'r> {
        Row { row }
    }

    /// The value in the column at `at`, counted from 0. Text that isn't UTF-8 is an error, as is a column that isn't
    /// there.
    pub fn get(&self, at: usize) -> Result<SqlValueRef<'_>> {
        Ok(match self.row.get_ref(at).map_err(Error::internal)? {
            ValueRef::Null => SqlValueRef::Null,
            ValueRef::Integer(number) => SqlValueRef::Integer(number),
            ValueRef::Real(number) => SqlValueRef::Real(number),
            ValueRef::Text(bytes) => SqlValueRef::Text(std::str::from_utf8(bytes).map_err(Error::internal)?),
            ValueRef::Blob(bytes) => SqlValueRef::Blob(bytes),
        })
    }

    /// The same for databases of other programs: text that isn't UTF-8 comes as the bytes that it is.
    ///
    /// # Errors
    /// For a column that isn't there.
    pub fn get_foreign(&self, at: usize) -> Result<SqlValueRef<'_>> {
        match self.row.get_ref(at).map_err(Error::internal)? {
            ValueRef::Text(bytes) => Ok(match std::str::from_utf8(bytes) {
                Ok(text) => SqlValueRef::Text(text),
                Err(_) => SqlValueRef::Blob(bytes),
            }),
            _ => self.get(at),
        }
    }

    /// The text in the column at `at`.
    ///
    /// # Errors
    /// As [`Row::get`], and for anything that isn't text: columns of the program's own tables are what they are.
    pub fn text(&self, at: usize) -> Result<&str> {
        match self.get(at)? {
            SqlValueRef::Text(text) => Ok(text),
            _ => Err(self.unexpected(at, "text")),
        }
    }

    /// The whole number in the column at `at`.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn integer(&self, at: usize) -> Result<i64> {
        match self.get(at)? {
            SqlValueRef::Integer(number) => Ok(number),
            _ => Err(self.unexpected(at, "a whole number")),
        }
    }

    fn unexpected(&self, at: usize, expected: &str) -> Error {
        Error::internal(format!("the column {} isn't {expected}", self.name(at).unwrap_or("of a row")))
    }

    /// How many columns there are.
    #[allow(clippy::len_without_is_empty, reason = "a row has at least one column")]
    pub fn len(&self) -> usize {
        self.row.as_ref().column_count()
    }

    /// The name of the column at `at`.
    pub fn name(&self, at: usize) -> Result<&str> {
        self.row.as_ref().column_name(at).map_err(Error::internal)
    }
}

/// Binds one value per placeholder.
pub(super) fn bind(statement: &mut rusqlite::Statement<'_>, params: &[SqlValue]) -> rusqlite::Result<()> {
    let expected = statement.parameter_count();
    if expected != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), expected));
    }
    for (at, value) in (1..).zip(params) {
        match value {
            SqlValue::Null => statement.raw_bind_parameter(at, Null)?,
            SqlValue::Integer(number) => statement.raw_bind_parameter(at, number)?,
            SqlValue::Real(number) => statement.raw_bind_parameter(at, number)?,
            SqlValue::Text(text) => statement.raw_bind_parameter(at, text.as_str())?,
        }
    }
    Ok(())
}
