//! A look at a database file before anything is done to it.
//!
//! Called by [`Store::open`](crate::store::Store::open). Refuses what is damaged, foreign or newer than this
//! program, with a message that says what to do. Invariant: the file is only read.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rusqlite::OpenFlags;

use super::APPLICATION_ID;
use super::connection::{Role, configure, flags, keep_log};
use super::error::{self, Damage};
use crate::base::{Error, Result};
use crate::store::migrations::PROGRAM_VERSION;

/// What every SQLite file starts with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Up to this size, a file is checked page by page: that takes some ten milliseconds.
const CHECK_MAX_BYTES: u64 = 16 << 20;

/// How far a database has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Standing {
    /// The number of its newest migration.
    pub version: i64,
    /// The version of the program that has brought it there, if it says so.
    pub program: Option<String>,
}

/// Fails unless `file` is missing, empty, or a sound database of ours whose version is at most `newest_version`.
/// Says how far it has come, unless there is nothing in it.
pub(in crate::store) fn inspect(file: &Path, newest_version: i64) -> Result<Option<Standing>> {
    let Some(size_bytes) = read_header(file)? else {
        return Ok(None);
    };
    let probe = || -> rusqlite::Result<Probe> {
        let connection = open_to_look(file)?;
        configure(&connection, Role::Reader, Duration::from_secs(5))?;
        // Closing must not copy a write-ahead log into a file that turns out to be damaged.
        keep_log(&connection)?;
        Probe::read(&connection, size_bytes)
    };
    let probe = probe().map_err(|error| explain(file, error::translate(&error)))?;
    probe.judge(file, newest_version).map(Some)
}

/// Opens `file` without leaving a trace. If there is a write-ahead log beside it, the file may be in use or has to be
/// read together with the log, so that it is opened as usual. Otherwise it is taken as it stands: SQLite would make a
/// log and an index of it only to read.
pub(super) fn open_to_look(file: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    if Path::new(&log).exists() {
        return rusqlite::Connection::open_with_flags(file, flags());
    }
    open_as_it_stands(file)
}

/// Opens `file` without looking at what lies beside it, and without a lock or any trace: nobody may change it
/// meanwhile.
pub(super) fn open_as_it_stands(file: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let mut uri = String::from("file:");
    for &byte in file.as_os_str().as_encoded_bytes() {
        match plain(byte) {
            true => uri.push(char::from(byte)),
            false => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    rusqlite::Connection::open_with_flags(uri, read_only)
}

/// An error met while opening `file`, with a message for whoever starts the program.
pub(in crate::store) fn explain(file: &Path, error: Error) -> Error {
    match error.cause::<Damage>() {
        Some(Damage(complaint)) => damaged(file, complaint),
        None => Error::unavailable(format!(
            "The database file {} can't be used. Make sure that this user may read and write it and its folder, that \
             no other program holds it, and that there is room on disk",
            file.display()
        ))
        .caused_by(error.log_text()),
    }
}

/// The size of the file, or `None` if there is nothing in it yet.
fn read_header(file: &Path) -> Result<Option<u64>> {
    let unreadable = |error: std::io::Error| {
        Error::unavailable(format!("The file {} can't be read: {error}", file.display())).caused_by(error)
    };
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let size_bytes = opened.metadata().map_err(unreadable)?.len();
    if size_bytes == 0 {
        return Ok(None);
    }
    let mut header = Vec::with_capacity(MAGIC.len());
    opened.by_ref().take(MAGIC.len() as u64).read_to_end(&mut header).map_err(unreadable)?;
    if header == MAGIC { Ok(Some(size_bytes)) } else { Err(damaged(file, "it doesn't start as a database does")) }
}

/// What a file says about itself.
struct Probe {
    application_id: i64,
    version: i64,
    objects: i64,
    program_version: Option<String>,
    complaint: Option<String>,
}

impl Probe {
    fn read(connection: &rusqlite::Connection, size_bytes: u64) -> rusqlite::Result<Probe> {
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let noted = number("SELECT count(*) FROM sqlite_schema WHERE name = '_holdall_meta'")? > 0;
        let note = || {
            let sql = "SELECT max(value) FROM _holdall_meta WHERE key = 'program_version'";
            connection.query_row(sql, [], |row| row.get(0))
        };
        let check = || connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        Ok(Probe {
            application_id: number("PRAGMA application_id")?,
            version: number("PRAGMA user_version")?,
            objects: number("SELECT count(*) FROM sqlite_schema")?,
            program_version: if noted { note()? } else { None },
            complaint: if size_bytes <= CHECK_MAX_BYTES { Some(check()?).filter(|said| said != "ok") } else { None },
        })
    }

    fn judge(self, file: &Path, newest_version: i64) -> Result<Standing> {
        let file_name = file.display();
        if let Some(complaint) = self.complaint {
            return Err(damaged(file, &complaint));
        }
        if self.application_id != APPLICATION_ID && self.objects > 0 {
            return Err(Error::unavailable(format!(
                "The file {file_name} is a database of another program. Nothing was changed. Choose another data \
                 folder."
            )));
        }
        if self.version > newest_version {
            let by = self.program_version.unwrap_or_else(|| "a newer version".to_owned());
            return Err(Error::unavailable(format!(
                "The file {file_name} was made by Holdall {by} (data version {}), but this is Holdall \
                 {PROGRAM_VERSION} (data version {newest_version}). Nothing was changed. Start it with Holdall \
                 {by} or newer, return to the state before its upgrade with `holdall rollback`, or restore a backup \
                 that this version has made.",
                self.version
            )));
        }
        Ok(Standing { version: self.version, program: self.program_version })
    }
}

/// The message for a file that can't be used any more.
fn damaged(file: &Path, complaint: &str) -> Error {
    let name = file.display();
    Error::unavailable(format!(
        "The database file {name} is damaged or no database ({complaint}). Nothing was changed. Restore a backup, or \
         copy the file away and save what can be read of it with: sqlite3 {name} .recover | sqlite3 recovered.db"
    ))
}
