//! What a job gets to work with: a transaction with its schema and its time.
//!
//! Called by every service and by the edges through [`Store::read`](super::Store::read) and
//! [`Store::write`](super::Store::write). Invariants: all statements of a [`ReadTx`] see one snapshot of the
//! database, and that snapshot belongs to [`ReadTx::schema`]; [`ReadTx::now`] stands still; nothing of a [`WriteTx`]
//! stays when its job fails. Once SQLite has ended a transaction by itself, every further statement of it is
//! refused, so that nothing can be written outside of a transaction. Not here: how transactions begin and end.

use std::ops::Deref;
use std::sync::Arc;

use crate::base::{Result, Statement, Timestamp};
use crate::domain::{Event, Schema};
use crate::store::sqlite::{Connection, Savepoint};
use crate::store::{Cancel, Row, SqlTable};

/// A column of a query's result, as far as the database knows where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name in the result.
    pub name: String,
    /// The table that it is taken from unchanged, if it is; never a view.
    pub origin_table: Option<String>,
    /// The column of `origin_table`.
    pub origin_column: Option<String>,
    /// The type that the origin was declared with.
    pub decl_type: Option<String>,
}

/// A transaction that reads.
pub struct ReadTx<'c> {
    connection: &'c Connection,
    schema: Arc<Schema>,
    now: Timestamp,
}

impl<'c> ReadTx<'c> {
    pub(super) fn new(connection: &'c Connection, schema: Arc<Schema>) -> ReadTx<'c> {
        ReadTx { connection, schema, now: Timestamp::now() }
    }

    /// The schema that this transaction sees.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The time of this transaction, the same whenever it is asked for.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Calls `each` with every row of the result, until it fails.
    pub fn rows(&self, statement: &Statement, each: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        self.connection.rows(statement, each)
    }

    /// Maps the first row of the result, if there is one.
    pub fn first<T>(&self, statement: &Statement, map: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        self.connection.first(statement, map)
    }

    /// Whether the result has any row.
    pub fn exists(&self, statement: &Statement) -> Result<bool> {
        Ok(self.first(statement, |_| Ok(()))?.is_some())
    }

    /// How large the database is, without the pages that are free.
    pub fn used_bytes(&self) -> Result<u64> {
        self.connection.used_bytes()
    }

    /// Runs statements that somebody has typed and that only ask; the table is that of the last one, with at most
    /// `rows_max` rows. With `explain` it is how SQLite would go about that one.
    ///
    /// # Errors
    /// 400 with what the database says; for everything that isn't a question; if it is cancelled.
    pub fn ask(&self, sql: &str, explain: bool, rows_max: usize, cancel: &Cancel) -> Result<SqlTable> {
        self.connection.ask(sql, explain, rows_max, cancel)
    }

    /// The columns that the one query in `sql` would give, without running it. Anything but a single statement that
    /// only reads is an error with the cause [`SqlFault`](super::SqlFault).
    pub fn columns(&self, sql: &str) -> Result<Vec<ColumnInfo>> {
        self.connection.columns(sql)
    }
}

/// A transaction that writes. It can do whatever a [`ReadTx`] can, and sees its own changes.
pub struct WriteTx<'c> {
    read: ReadTx<'c>,
    events: Vec<Event>,
    wants_records: bool,
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &ReadTx<'c> {
        &self.read
    }
}

impl<'c> WriteTx<'c> {
    pub(super) fn new(connection: &'c Connection, schema: Arc<Schema>, wants_records: bool) -> WriteTx<'c> {
        WriteTx { read: ReadTx::new(connection, schema), events: Vec::new(), wants_records }
    }

    /// Whether somebody wants to hear of every record that changes ([`Event::RecordChanged`]).
    pub fn wants_records(&self) -> bool {
        self.wants_records
    }

    /// Runs a statement that changes something and says how many rows it changed. A statement with `RETURNING` is
    /// run by [`ReadTx::rows`] or [`ReadTx::first`].
    pub fn execute(&mut self, statement: &Statement) -> Result<usize> {
        self.read.connection.execute(statement)
    }

    /// Runs statements without values one after the other; for definitions of tables, indexes and views.
    pub fn execute_batch(&mut self, sql: &str) -> Result<()> {
        self.read.connection.execute_batch(sql)
    }

    /// Runs statements that somebody has typed and that change rows of collections; says how many.
    ///
    /// # Errors
    /// 400 with what the database says; for everything else than questions and changes of such rows; if it is
    /// cancelled.
    pub fn change_rows(&mut self, sql: &str, cancel: &Cancel) -> Result<u64> {
        self.read.connection.change_rows(sql, cancel)
    }

    /// Has the database look at its tables, as far as that seems worth it, so that it plans queries well.
    pub fn optimize(&mut self) -> Result<()> {
        self.execute_batch("PRAGMA optimize")
    }

    /// Makes `schema` the one that goes with the changes of this transaction: later statements of this job see it at
    /// once, later jobs of the group when this job succeeds, everybody when it is committed.
    pub fn set_schema(&mut self, schema: Arc<Schema>) {
        self.read.schema = schema;
    }

    /// Notes something that the rest of the program is to learn when this transaction is on disk.
    pub fn announce(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Runs `part` so that, if it fails, its changes are undone and those before it stay.
    pub fn nested<T>(&mut self, part: impl FnOnce(&mut WriteTx<'c>) -> Result<T>) -> Result<T> {
        let connection = self.read.connection;
        let schema = self.read.schema.clone();
        let announced = self.events.len();
        connection.save(Savepoint::Part)?;
        match part(self) {
            Ok(value) => connection.release(Savepoint::Part).map(|()| value),
            Err(error) => {
                self.read.schema = schema;
                self.events.truncate(announced);
                // When the transaction is gone as a whole there is nothing left to undo, and `error` says more.
                if connection.in_transaction() {
                    connection.undo(Savepoint::Part)?;
                }
                Err(error)
            }
        }
    }

    pub(super) fn into_parts(self) -> (Arc<Schema>, Vec<Event>) {
        (self.read.schema, self.events)
    }

    /// Runs `part` and undoes its changes whatever comes of it: to learn what it would do.
    ///
    /// # Errors
    /// Those of `part`.
    pub fn rehearse<T>(&mut self, part: impl FnOnce(&mut WriteTx<'c>) -> Result<T>) -> Result<T> {
        let (connection, schema, announced) = (self.read.connection, self.read.schema.clone(), self.events.len());
        connection.save(Savepoint::Part)?;
        let outcome = part(self);
        self.read.schema = schema;
        self.events.truncate(announced);
        if connection.in_transaction() {
            connection.undo(Savepoint::Part)?;
        }
        outcome
    }

    /// How much was announced so far.
    #[cfg(test)]
    pub(super) fn announced(&self) -> usize {
        self.events.len()
    }

    /// The connection itself, for tests that make it fail.
    #[cfg(test)]
    pub(super) fn connection(&self) -> &'c Connection {
        self.read.connection
    }
}
