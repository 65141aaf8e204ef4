//! The values that go into and come out of SQL statements, the same for every dialect.

/// A value bound to a placeholder of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// SQL NULL.
    Null,
    /// A 64-bit integer; booleans are 0 and 1.
    Integer(i64),
    /// A 64-bit float.
    Real(f64),
    /// UTF-8 text.
    Text(String),
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        SqlValue::Text(text.to_owned())
    }
}

impl From<String> for SqlValue {
    fn from(text: String) -> Self {
        SqlValue::Text(text)
    }
}

impl From<i64> for SqlValue {
    fn from(number: i64) -> Self {
        SqlValue::Integer(number)
    }
}

impl From<f64> for SqlValue {
    fn from(number: f64) -> Self {
        SqlValue::Real(number)
    }
}

impl From<bool> for SqlValue {
    fn from(truth: bool) -> Self {
        SqlValue::Integer(truth.into())
    }
}

impl<T: Into<SqlValue>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(SqlValue::Null, Into::into)
    }
}

/// A value in a result row, borrowed for as long as the row is current.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SqlValueRef<'row> {
    /// SQL NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A 64-bit float.
    Real(f64),
    /// Text. Bytes that aren't UTF-8 are reported by the store as an error, never passed on.
    Text(&'row str),
    /// Bytes.
    Blob(&'row [u8]),
}

impl SqlValueRef<'_> {
    /// The same value without the borrow; bytes become lower-case hexadecimal text.
    pub fn to_owned(self) -> SqlValue {
        match self {
            SqlValueRef::Null => SqlValue::Null,
            SqlValueRef::Integer(number) => SqlValue::Integer(number),
            SqlValueRef::Real(number) => SqlValue::Real(number),
            SqlValueRef::Text(text) => SqlValue::Text(text.to_owned()),
            SqlValueRef::Blob(bytes) => SqlValue::Text(bytes.iter().map(|b| format!("{b:02x}")).collect()),
        }
    }
}

/// A statement for one dialect with its values; identifiers in it come from the schema, everything else is bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The text with placeholders; shared, because plans are kept and reused.
    pub sql: std::sync::Arc<str>,
    /// One value per placeholder, in order.
    pub params: Vec<SqlValue>,
}

impl Statement {
    /// A statement of `sql` with `params`.
    pub fn new(sql: impl Into<std::sync::Arc<str>>, params: Vec<SqlValue>) -> Self {
        Statement { sql: sql.into(), params }
    }
}
