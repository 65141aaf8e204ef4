//! Backups: what is in them, how they are made, tested and brought back.
//!
//! Called by the app and, before the store is opened, by whatever opens a data folder ([`swap`]). A backup is a zip
//! archive with the databases, the files of records if they are kept in the local folder, and a manifest that names
//! every entry with its size and SHA-256. It is made ([`create()`]) of copies under a temporary name, and has its own
//! name only once it is complete and on disk. It is tested ([`mod@test`]) by being unpacked and checked as for a
//! restoration. [`prepare`](prepare::prepare) unpacks one beside the data, and [`swap`] puts it in the place of the
//! data when the program starts next. A [`snapshot`] is what is kept of the databases before an upgrade changes them.
//!
//! Invariants: memory doesn't grow with the size of anything, only with the number of entries, which is bounded;
//! nothing that an archive says of itself is believed before it was checked; nothing of an archive is written outside
//! of the temporary folder that it is unpacked to. Everything here blocks. Not here: who may do what, when backups are
//! made, and the restart. Continuous backup ([`ship`]) is by itself.

mod archive;
pub mod create;
mod directory;
pub mod folder;
mod manifest;
pub mod names;
pub mod prepare;
mod shelf;
pub mod ship;
pub mod snapshot;
pub mod swap;
pub mod test;
mod unpack;

pub use archive::Archive;
pub use create::{Source, create};
pub use folder::{Busy, Check, Folder, Item};
pub use shelf::{AtHand, Shelf};

use std::fs;
use std::io;
use std::path::Path;

use crate::base::Error;
use crate::store::Database;

/// The database in an archive, and in the data folder.
const DATA: &str = Database::Data.file_name();
/// The database of logs, the same.
const LOGS: &str = Database::Logs.file_name();
/// The files of records, the same.
const STORAGE: &str = "storage";
/// What is in an archive.
const MANIFEST: &str = "manifest.json";
/// How much is read and written at a time.
const PIECE_BYTES: usize = 128 << 10;

/// Removes a folder with everything in it, if it is there.
fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// 503 for what can't be written.
fn unwritten(error: io::Error) -> Error {
    Error::unavailable("The backup can't be written: the disk may be full.").caused_by(error)
}

/// 503 for what can't be read.
fn unread(error: io::Error) -> Error {
    Error::unavailable("The backup can't be read at the moment.").caused_by(error)
}
