//! The numbered steps that make and change the program's own tables.
//!
//! Called by [`Store::open`](super::Store::open). Invariants: a step that was released is never edited; all missing
//! steps run in one transaction, so a data folder is at one version or another and never between; the version is
//! `PRAGMA user_version` of the file. Not here: tables of collections, which the schema describes.

use crate::base::{Result, Statement};
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

/// The number of the newest step that this program knows for `data.db`.
pub(super) fn newest_data_version() -> i64 {
    DATA_STEPS.len() as i64
}

/// `logs.db` has no tables yet.
pub(super) const NEWEST_LOGS_VERSION: i64 = 0;

/// Brings `data.db` to the newest version.
pub(super) fn run(connection: &Connection) -> Result<()> {
    connection.begin_write()?;
    let outcome = run_missing(connection).and_then(|()| connection.commit());
    if outcome.is_err() && connection.in_transaction() {
        connection.rollback()?;
    }
    outcome
}

fn run_missing(connection: &Connection) -> Result<()> {
    // Read inside the transaction: another process may have been faster.
    let version = usize::try_from(connection.pragma("user_version")?).unwrap_or(0);
    let missing = DATA_STEPS.get(version..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        connection.execute_batch(step)?;
    }
    connection.set_pragma("user_version", newest_data_version())?;
    let note = Statement::new(
        "INSERT INTO _holdall_meta (key, value) VALUES ('program_version', ?1) \
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        vec![PROGRAM_VERSION.into()],
    );
    connection.execute(&note).map(|_| ())
}
