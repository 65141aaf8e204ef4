//! Testing a backup: it is unpacked and checked as for a restoration.
//!
//! Called after a backup was made or sent, and before one takes the place of the data. Only the databases are written,
//! to a temporary folder; the files are read through.

use std::collections::HashMap;
use std::path::Path;

use super::archive::Archive;
use super::manifest::{Files, Manifest, file_entry_name};
use super::unpack::Written;
use super::{DATA, LOGS};
use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result};
use crate::files::ledger;
use crate::query::dialect::Dialect;
use crate::store::{Database, DatabaseCopy, LoadSchema};

/// Test-restores an archive, with `work` as the folder for it.
///
/// # Errors
/// 400 that says what is wrong with the archive; 503 if it can't be read, or `work` not be written.
pub fn test(archive: &Path, work: &Path, load: LoadSchema, progress: &dyn Progress) -> Result<()> {
    let mut archive = Archive::open(archive)?;
    archive.unpack(work, Written::Databases, progress)?;
    databases(work, &archive.manifest, load, progress)
}

/// Checks databases that were unpacked, and that they name the files of the manifest and no others.
pub(super) fn databases(folder: &Path, manifest: &Manifest, load: LoadSchema, progress: &dyn Progress) -> Result<()> {
    progress.begin("Checking", Unit::Bytes, 0);
    let data = open(&folder.join(DATA), Database::Data)?;
    if data.version()? != manifest.data_version {
        return Err(Error::invalid("The backup's database isn't of the version that its manifest says."));
    }
    data.schema(load).map_err(|error| wrong(DATA, &error.log_text()))?;
    let logs = folder.join(LOGS);
    if logs.exists() {
        open(&logs, Database::Logs)?;
    }
    files(&data, manifest)
}

/// Opens a database and looks at all of it. An error that says that it is damaged is one of the archive, not of ours.
fn open(file: &Path, kind: Database) -> Result<DatabaseCopy> {
    let name = if kind == Database::Data { DATA } else { LOGS };
    let opened = DatabaseCopy::open(file).and_then(|copy| Ok((copy.complaint(kind)?, copy)));
    match opened {
        Ok((None, copy)) => Ok(copy),
        Ok((Some(complaint), _)) => Err(wrong(name, &complaint)),
        Err(error) => Err(wrong(name, &error.log_text())),
    }
}

fn wrong(name: &str, complaint: &str) -> Error {
    Error::invalid(format!("The backup's {name} isn't usable: {complaint}."))
}

/// Whether every file that a record names is in the archive, as it was when it came, and nothing else.
fn files(data: &DatabaseCopy, manifest: &Manifest) -> Result<()> {
    let mut listed: HashMap<&str, (u64, &str)> = manifest
        .entries
        .iter()
        .filter(|entry| entry.name != DATA && entry.name != LOGS)
        .map(|entry| (entry.name.as_str(), (entry.size_bytes, entry.sha256.as_str())))
        .collect();
    if manifest.files == Files::Included {
        data.read(|tx| {
            ledger::each_live(tx, Dialect::Sqlite, |file| {
                let name = file_entry_name(&file.key());
                match listed.remove(name.as_str()) {
                    Some(found) if found == (file.size_bytes, file.sha256.as_str()) => Ok(()),
                    Some(_) => Err(Error::invalid(format!("A file isn't what it was when it came: {name}."))),
                    None => Err(Error::invalid(format!("A file that a record names isn't in the backup: {name}."))),
                }
            })
        })?;
    }
    match listed.keys().next() {
        None => Ok(()),
        Some(name) => Err(Error::invalid(format!("The backup has a file that no record names: {name}."))),
    }
}
