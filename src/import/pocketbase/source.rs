//! The foreign folder, opened without a trace.
//!
//! A database that was closed properly is read where it is, in a mode of SQLite that takes no lock and makes no file.
//! If a write-ahead log or a rollback journal lies beside it, there are changes that only both together show; then both
//! are copied to a folder of ours and the copy is opened. Invariants: nothing in the source is written, created or
//! locked; a source that somebody has open, or that changes while it is read, is refused.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result, SqlValueRef};
use crate::query::dialect::Dialect;
use crate::query::whole;
use crate::store::{DatabaseCopy, ReadTx};

const DATA: &str = "data.db";
/// What may lie beside a database that wasn't closed properly.
const LOGS: [&str; 2] = ["data.db-wal", "data.db-journal"];

/// The state of a file by which a change is noticed; `None` if it isn't there.
type State = Option<(u64, SystemTime)>;

/// An opened source.
pub struct Source {
    folder: PathBuf,
    database: DatabaseCopy,
    /// The stored columns of each table, by lower-case names, as they are written.
    tables: HashMap<String, HashMap<String, String>>,
    watched: Vec<(PathBuf, State)>,
}

impl Source {
    /// Opens the database of `folder`; if it has to be copied, then to `work`.
    ///
    /// # Errors
    /// 400 if it isn't one; 503 while PocketBase has it open.
    pub fn open(folder: &Path, work: &Path, progress: &dyn Progress) -> Result<Source> {
        super::check_folder(folder)?;
        let data = folder.join(DATA);
        if is_open_elsewhere(&[&data, &folder.join("data.db-shm")]) {
            return Err(in_use(folder));
        }
        let names = [DATA].into_iter().chain(LOGS);
        let watched: Vec<_> = names.map(|name| folder.join(name)).map(|path| (path.clone(), state(&path))).collect();
        let logs: Vec<&str> = LOGS.into_iter().filter(|name| has_content(&folder.join(name))).collect();
        let database = if logs.is_empty() {
            DatabaseCopy::open_as_it_stands(&data)
        } else {
            progress.begin("Copying", Unit::Bytes, 0);
            for name in [DATA].into_iter().chain(logs) {
                copy(&folder.join(name), &work.join(name))?;
            }
            DatabaseCopy::open(&work.join(DATA))
        };
        let database = database.map_err(|error| unreadable(folder, &error.log_text()))?;
        let tables = database.read(tables).map_err(|error| unreadable(folder, &error.log_text()))?;
        let source = Source { folder: folder.to_owned(), database, tables, watched };
        source.check_unchanged()?;
        source.check_kind()?;
        Ok(source)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How a table of this name writes the names of its columns, by lower-case names; `None` if there is no such table.
    pub fn columns(&self, table: &str) -> Option<&HashMap<String, String>> {
        self.tables.get(&table.to_ascii_lowercase())
    }

    /// Runs `job` on the database.
    ///
    /// # Errors
    /// Those of `job`.
    pub fn read<T>(&self, job: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.database.read(job)
    }

    /// Reads all of it, looking for damage.
    ///
    /// # Errors
    /// 400 if there is any.
    pub fn check(&self) -> Result<()> {
        match self.database.damage()? {
            None => Ok(()),
            Some(complaint) => Err(Error::invalid(format!(
                "The database {} is damaged ({complaint}). Nothing was imported. Save what can be read of it with: \
                 sqlite3 data.db .recover | sqlite3 recovered.db",
                self.folder.join(DATA).display()
            ))),
        }
    }

    /// Whether it is still what it was when it was opened.
    ///
    /// # Errors
    /// 503 if it isn't.
    pub fn check_unchanged(&self) -> Result<()> {
        match self.watched.iter().all(|(path, before)| state(path) == *before) {
            true => Ok(()),
            false => Err(in_use(&self.folder)),
        }
    }

    /// Versions before 0.23 describe collections in another way.
    fn check_kind(&self) -> Result<()> {
        let place = self.folder.display();
        match self.columns("_collections") {
            None => Err(Error::invalid(format!("{place} isn't a data folder of PocketBase: it has no collections."))),
            Some(columns) if !columns.contains_key("fields") => Err(Error::invalid(format!(
                "{place} was made by a version of PocketBase before 0.23. Start PocketBase 0.23 or newer on a copy of \
                 it once, stop it, and import that."
            ))),
            Some(_) => Ok(()),
        }
    }
}

fn tables(tx: &ReadTx<'_>) -> Result<HashMap<String, HashMap<String, String>>> {
    let mut tables: HashMap<String, HashMap<String, String>> = HashMap::new();
    tx.rows(&whole::tables(Dialect::Sqlite), |row| {
        if let (SqlValueRef::Text(table), SqlValueRef::Text(column)) = (row.get_foreign(0)?, row.get_foreign(1)?) {
            let columns = tables.entry(table.to_ascii_lowercase()).or_default();
            columns.insert(column.to_ascii_lowercase(), column.to_owned());
        }
        Ok(())
    })?;
    Ok(tables)
}

fn state(path: &Path) -> State {
    let known = fs::symlink_metadata(path).ok()?;
    Some((known.len(), known.modified().unwrap_or(SystemTime::UNIX_EPOCH)))
}

fn has_content(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|known| known.len() > 0)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let is_plain = fs::symlink_metadata(from).is_ok_and(|known| known.is_file());
    if !is_plain {
        return Err(Error::invalid(format!("{} isn't a plain file.", from.display())));
    }
    fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| Error::unavailable(format!("{} can't be copied: {error}.", from.display())).caused_by(error))
}

fn in_use(folder: &Path) -> Error {
    Error::unavailable(format!(
        "PocketBase, or another program, uses {}. Stop it first: what is written meanwhile would be missing.",
        folder.display()
    ))
}

fn unreadable(folder: &Path, reason: &str) -> Error {
    Error::invalid(format!("{} can't be read as a database: {reason}", folder.join(DATA).display()))
}

/// Whether a program holds one of SQLite's locks on one of the files, as far as the system tells: Linux lists all
/// locks, and asking it changes nothing, unlike trying to take the lock. Elsewhere it shows only if the file changes.
fn is_open_elsewhere(files: &[&Path]) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let Ok(locks) = fs::read_to_string("/proc/locks") else { return false };
        let inodes: Vec<u64> = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|m| m.ino()).collect();
        locks.lines().any(|line| holds_lock(line, &inodes))
    }
    #[cfg(not(unix))]
    {
        let _ = files;
        false
    }
}

/// `1: POSIX  ADVISORY  READ 1234 08:01:131 128 128`: the inode, and the bytes that are locked.
#[cfg(unix)]
fn holds_lock(line: &str, inodes: &[u64]) -> bool {
    /// The bytes that SQLite locks in a database, and in the index of its log.
    const RANGES: [std::ops::RangeInclusive<u64>; 2] = [0x4000_0000..=0x4000_0200, 120..=128];
    let words: Vec<&str> = line.split_whitespace().collect();
    let [.., place, first, _] = words[..] else { return false };
    let inode = place.rsplit(':').next().and_then(|inode| inode.parse().ok());
    let first: Option<u64> = first.parse().ok();
    inode.is_some_and(|inode| inodes.contains(&inode))
        && first.is_some_and(|first| RANGES.iter().any(|range| range.contains(&first)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn locks_of_sqlite_are_told_from_others() {
        for (line, expect) in [
            ("1: POSIX  ADVISORY  READ  1234 08:01:131 128 128", true),
            ("2: POSIX  ADVISORY  READ  1234 08:01:131 1073741826 1073742335", true),
            ("3: OFDLCK ADVISORY  WRITE -1 00:2f:131 1073741824 1073741824", true),
            ("4: -> POSIX ADVISORY WRITE 9 08:01:131 120 120", true),
            ("1: POSIX  ADVISORY  READ  1234 08:01:132 128 128", false),
            ("1: FLOCK  ADVISORY  WRITE 1234 08:01:131 0 EOF", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(holds_lock(line, &[131]), expect, "{line}");
        }
    }
}
