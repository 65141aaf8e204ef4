//! The data folder on disk: `data.db`, `logs.db`, `storage/`, `backups/`.
//!
//! Called by [`Store::open`](super::Store::open). Invariants: a folder that we create is open to its owner only; a
//! file that isn't ours, is damaged or is newer than the program is left as it is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::base::{Error, Result, private};
use crate::store::{Database, migrations, sqlite};

/// Creates what is missing, checks what is there, and gives the path of the database file. Whoever opens the data has
/// the logs checked as well: a server that could not log is to be refused before anything is done.
pub(super) fn prepare(data_dir: &Path, database: Database) -> Result<PathBuf> {
    create(data_dir)?;
    let file = data_dir.join(database.file_name());
    sqlite::inspect(&file, migrations::newest_version(database))?;
    if database == Database::Data {
        let logs_file = data_dir.join(Database::Logs.file_name());
        sqlite::inspect(&logs_file, migrations::newest_version(Database::Logs))?;
        create(&data_dir.join("storage"))?;
        create(&data_dir.join("backups"))?;
    }
    Ok(file)
}

fn create(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    private::make_folder(folder).and_then(|()| sync_entry(folder)).map_err(|error| {
        Error::unavailable(format!("The folder {} can't be created: {error}", folder.display())).caused_by(error)
    })
}

/// Makes sure that the folder's entry in its parent survives a power cut, as the data in it has to.
fn sync_entry(folder: &Path) -> std::io::Result<()> {
    match fs::canonicalize(folder)?.parent() {
        Some(parent) if cfg!(unix) => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}
