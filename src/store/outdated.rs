//! Data folders that an earlier version has left, looked at before they are opened and brought up to date.
//!
//! Called by the app, which keeps their state before [`Store::open`](super::Store::open) changes it, and by whatever
//! returns to it. Invariants: nothing is changed here; what can't be read counts as up to date, because opening it says
//! best what is wrong with it. Not here: the migrations, and where copies go.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::sqlite::{self, Standing};
use super::{Database, migrations};
use crate::base::Result;

/// Where a database file notes the version of its tables, and how much of the file has to be read for that.
const VERSION_AT: usize = 60;
const HEAD_BYTES: usize = 64;

/// What an earlier version has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// The version of the program that wrote it last.
    pub program: String,
    /// The number of the newest migration of its `data.db`.
    pub data_version: i64,
    /// The same of its `logs.db`, if there is one.
    pub logs_version: Option<i64>,
}

/// Looks whether opening this data folder would bring it to a newer version. For a folder that is up to date, that
/// takes no more than reading a few bytes.
///
/// # Errors
/// What keeps a database that looks outdated from being opened: it is damaged, foreign, or newer after all.
pub fn outdated(data_dir: &Path) -> Result<Option<Outdated>> {
    let databases = [Database::Data, Database::Logs];
    let file = |database: Database| data_dir.join(database.file_name());
    let looks_old = |database: Database| {
        noted_version(&file(database)).is_some_and(|version| version < migrations::newest_version(database))
    };
    if !databases.into_iter().any(looks_old) {
        return Ok(None);
    }
    // What was changed last may still lie in the write-ahead log, so that the file itself says too little.
    let stand = |database| sqlite::inspect(&file(database), migrations::newest_version(database));
    let [data, logs] = [stand(Database::Data)?, stand(Database::Logs)?];
    let is_old = |standing: &Option<Standing>, database| {
        standing.as_ref().is_some_and(|standing| standing.version < migrations::newest_version(database))
    };
    match data {
        // Without any table there is nothing to keep.
        Some(Standing { version: 0, .. }) | None => Ok(None),
        Some(_) if !is_old(&data, Database::Data) && !is_old(&logs, Database::Logs) => Ok(None),
        Some(Standing { version, program }) => Ok(Some(Outdated {
            program: program.unwrap_or_else(|| "unknown".to_owned()),
            data_version: version,
            logs_version: logs.map(|logs| logs.version),
        })),
    }
}

/// What a database file says of its version; `None` for what isn't one.
fn noted_version(file: &Path) -> Option<i64> {
    let mut head = [0; HEAD_BYTES];
    File::open(file).and_then(|mut opened| opened.read_exact(&mut head)).ok()?;
    let bytes = head[VERSION_AT..].first_chunk::<4>()?;
    Some(i64::from(i32::from_be_bytes(*bytes)))
}

/// Copies a database that nobody has open, as one file; whether there is one.
///
/// # Errors
/// 503 if it can't be read, or the copy not be written.
pub fn copy_closed(data_dir: &Path, database: Database, to: &Path) -> Result<bool> {
    let from = data_dir.join(database.file_name());
    if !from.exists() {
        return Ok(false);
    }
    sqlite::copy(&from, to, &mut |_, _| ()).map(|()| true)
}

/// The number of the newest migration of `database` that this program knows.
pub fn newest_version(database: Database) -> i64 {
    migrations::newest_version(database)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{Store, StoreOptions};

    /// A data folder as this program makes it, then with another version noted in `data.db`.
    fn folder(version: i64) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let load = |_: &crate::store::ReadTx<'_>| Ok(crate::domain::Schema::new(Vec::new()));
        Store::open(StoreOptions::new(folder.path()), load).expect("it can be made").close();
        let options = StoreOptions::new(folder.path());
        let connection = open(folder.path(), &options);
        connection.set_pragma("user_version", version).expect("it can be noted");
        folder
    }

    fn open(folder: &Path, options: &StoreOptions) -> sqlite::Connection {
        let slow = Arc::new(sqlite::SlowStatements::new(options.slow_statement));
        sqlite::open_writer(&folder.join("data.db"), options, &slow).expect("it can be opened")
    }

    #[test]
    fn only_what_is_older_is_outdated() {
        let newest = newest_version(Database::Data);
        for (version, expect) in [(newest, None), (newest - 1, Some(newest - 1)), (1, Some(1)), (0, None)] {
            let folder = folder(version);
            let found = outdated(folder.path()).expect("it can be read");
            assert_eq!(found.map(|found| found.data_version), expect, "{version}");
        }
        let nothing = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(outdated(nothing.path()).expect("nothing is there"), None);
        std::fs::write(nothing.path().join("data.db"), "no database").expect("it can be written");
        assert_eq!(outdated(nothing.path()).expect("opening it will complain"), None);
    }

    #[test]
    fn a_version_that_is_only_in_the_log_counts() {
        let folder = folder(1);
        let options = StoreOptions::new(folder.path());
        let connection = open(folder.path(), &options);
        connection.set_pragma("user_version", newest_version(Database::Data)).expect("it can be noted");
        assert_eq!(noted_version(&folder.path().join("data.db")), Some(1), "the file itself says so still");
        assert_eq!(outdated(folder.path()).expect("it can be read"), None);
        drop(connection);
    }

    #[test]
    fn a_copy_is_the_whole_database() {
        let folder = folder(1);
        let copy = folder.path().join("copy.db");
        assert!(copy_closed(folder.path(), Database::Data, &copy).expect("it can be copied"));
        assert_eq!(noted_version(&copy), Some(1));
        assert!(!copy_closed(folder.path(), Database::Logs, &copy).expect("there is none"));
    }
}
