//! The numbered steps that make and change the program's own tables.
//!
//! Called by [`Store::open`](super::Store::open). Invariants: a step that was released is never edited; all missing
//! steps run in one transaction, so a data folder is at one version or another and never between; the version is
//! `PRAGMA user_version` of the file. Not here: tables of collections, which the schema describes.

use crate::base::{Result, Statement};
use crate::store::Database;
use crate::store::sqlite::Connection;

/// The version of this program, noted in data folders.
pub(super) const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Steps of `data.db` in order; the first one is number 1.
const DATA_STEPS: &[&str] = &[
    include_str!("../../migrations/0001_init.sql"),
    include_str!("../../migrations/0002_accounts.sql"),
    include_str!("../../migrations/0003_files.sql"),
    include_str!("../../migrations/0004_uploads.sql"),
];

/// Steps of `logs.db`, likewise.
const LOGS_STEPS: &[&str] = &[include_str!("../../migrations/logs_0001_init.sql")];

fn steps(database: Database) -> &'static [&'static str] {
    match database {
        Database::Data => DATA_STEPS,
        Database::Logs => LOGS_STEPS,
    }
}

/// The number of the newest step that this program knows.
pub(super) fn newest_version(database: Database) -> i64 {
    steps(database).len() as i64
}

/// Brings a database to the newest version.
pub(super) fn run(connection: &Connection, database: Database) -> Result<()> {
    connection.begin_write()?;
    let outcome = run_missing(connection, database).and_then(|()| connection.commit());
    if outcome.is_err() && connection.in_transaction() {
        connection.rollback()?;
    }
    outcome
}

fn run_missing(connection: &Connection, database: Database) -> Result<()> {
    // Read inside the transaction: another process may have been faster.
    let version = usize::try_from(connection.pragma("user_version")?).unwrap_or(0);
    let missing = steps(database).get(version..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        connection.execute_batch(step)?;
    }
    connection.set_pragma("user_version", newest_version(database))?;
    if database == Database::Logs {
        return Ok(());
    }
    let note = Statement::new(
        "INSERT INTO _holdall_meta (key, value) VALUES ('program_version', ?1) \
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        vec![PROGRAM_VERSION.into()],
    );
    connection.execute(&note).map(|_| ())
}
