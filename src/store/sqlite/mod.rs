//! SQLite: connections, the threads that hold them, and what its errors mean.
//!
//! Called by `store` only; the one place that knows rusqlite. Not here: jobs and their answers, the schema lock.

mod bind;
mod checkpoint;
mod connection;
mod console;
mod copy;
mod deadline;
mod dump;
mod error;
mod functions;
mod inspect;
mod past;
mod readers;
mod slow;
mod writer;

pub use bind::Row;
pub(super) use connection::{Connection, Savepoint, open_writer};
pub use console::{SqlColumn, SqlTable};
pub use copy::{DatabaseCopy, Quick};
pub(super) use copy::{LongRead, copy};
pub use deadline::Cancel;
pub(super) use inspect::{Standing, explain, inspect};
pub use past::Past;
pub(super) use readers::start_readers;
pub(super) use slow::SlowStatements;
pub(super) use writer::{load_first_schema, start_writer};

/// The version of SQLite that is built in.
pub fn version() -> &'static str {
    rusqlite::version()
}

/// Marks database files as ours in their header: "HLDL".
const APPLICATION_ID: i64 = 0x484c_444c;
