//! The data folder on disk: `data.db`, `logs.db`, `storage/`, `backups/`.
//!
//! Called by [`Store::open`](super::Store::open). Invariants: a folder that we create is open to its owner only; a
//! file that isn't ours, is damaged or is newer than the program is left as it is.

use std::fs::{self, DirBuilder, File};
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};
use crate::store::migrations;
use crate::store::sqlite;

/// Creates what is missing, checks what is there, and gives the path of the database file.
pub(super) fn prepare(data_dir: &Path) -> Result<PathBuf> {
    create(data_dir)?;
    let data_file = data_dir.join("data.db");
    let logs_file = data_dir.join("logs.db");
    sqlite::inspect(&data_file, migrations::newest_data_version())?;
    sqlite::inspect(&logs_file, migrations::NEWEST_LOGS_VERSION)?;
    create(&data_dir.join("storage"))?;
    create(&data_dir.join("backups"))?;
    sqlite::create_logs(&logs_file).map_err(|error| sqlite::explain(&logs_file, error))?;
    Ok(data_file)
}

fn create(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).and_then(|()| sync_entry(folder)).map_err(|error| {
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
