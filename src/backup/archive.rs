//! An archive that somebody wants to be unpacked, and what has to be right about it before that begins.
//!
//! Called for testing and for restoring. Invariant: once an [`Archive`] is open, its entries are those of its manifest,
//! in this order, each a plain file in a place where a backup has one, and together they are no larger than the
//! archive can honestly be. Not here: whether the content is right, which shows when it is unpacked.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::read::ZipFileEntry;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::directory::Directory;
use super::manifest::{Files, Manifest, is_entry_name};
use super::{DATA, MANIFEST, unread};
use crate::base::limits::{BACKUP_MANIFEST_MAX_BYTES, BACKUP_MAX_RATIO, BACKUP_RATIO_FREE_BYTES};
use crate::base::{Error, Result};

/// The database of logs in backups of PocketBase; none of ours has it.
const POCKETBASE_LOGS: &str = "auxiliary.db";
/// The kinds of files that a Unix mode tells apart, and the plain ones.
const KIND_OF_FILE: u32 = 0o170_000;
const PLAIN_FILE: u32 = 0o100_000;

/// See the module.
pub struct Archive {
    pub(super) zip: ZipArchive<BufReader<File>>,
    pub(super) manifest: Manifest,
}

impl Archive {
    /// Opens an archive and checks it as far as that is possible without unpacking it.
    ///
    /// # Errors
    /// 400 that says what is wrong with it; 503 if it can't be read.
    pub fn open(file: &Path) -> Result<Archive> {
        let mut file = BufReader::new(File::open(file).map_err(unread)?);
        let directory = Directory::find(&mut file)?;
        let archive_bytes = file.get_ref().metadata().map_err(unread)?.len();
        let mut zip = ZipArchive::new(file).map_err(damaged)?;
        if zip.has_duplicate_names() || zip.len() as u64 != directory.entries {
            return Err(Error::invalid("The backup has an entry twice."));
        }
        check_entries(&mut zip, archive_bytes)?;
        let manifest = Manifest::read(zip.by_name(MANIFEST).map_err(damaged)?)?;
        check_manifest(&zip, &manifest)?;
        Ok(Archive { zip, manifest })
    }

    /// Whether the files of records are in it, if there were any.
    pub fn has_files(&self) -> bool {
        self.manifest.files == Files::Included
    }

    /// Everything in it, in bytes.
    pub(super) fn unpacked_bytes(&self) -> u64 {
        self.manifest.entries.iter().map(|entry| entry.size_bytes).fold(0, u64::saturating_add)
    }
}

/// What the directory says of the entries.
fn check_entries(zip: &mut ZipArchive<BufReader<File>>, archive_bytes: u64) -> Result<()> {
    let has = |name: &str| zip.index_for_name_raw(name.as_bytes()).is_some();
    if !has(MANIFEST) {
        return Err(Error::invalid(match has(DATA) && has(POCKETBASE_LOGS) {
            true => {
                "This is a backup of PocketBase, which can't be restored here. To bring its data over, unpack it and \
                 use `holdall import pocketbase`."
            }
            false => "This isn't a backup of this program: it has no manifest.",
        }));
    }
    let mut total_bytes = 0_u64;
    for at in 0..zip.len() {
        let entry = zip.by_index_data(at).map_err(damaged)?;
        check_entry(&entry)?;
        total_bytes = total_bytes.saturating_add(entry.size());
    }
    if total_bytes > BACKUP_RATIO_FREE_BYTES.max(archive_bytes.saturating_mul(BACKUP_MAX_RATIO)) {
        return Err(Error::invalid("The backup would unpack to far more than it can hold."));
    }
    if zip.has_overlapping_entries().map_err(damaged)? {
        return Err(Error::invalid("Entries of the backup overlap."));
    }
    // What stands before each entry says the same as the directory, and there is no entry besides.
    zip.validate_header_consistency().map_err(damaged)
}

fn check_entry(entry: &ZipFileEntry<'_>) -> Result<()> {
    let name = name(entry);
    let refused = |why: &str| Err(Error::invalid(format!("The backup has {why}: {name:?}.")));
    let kind = entry.unix_mode().unwrap_or(0) & KIND_OF_FILE;
    if name != MANIFEST && !is_entry_name(name) {
        return refused("an entry that none has");
    }
    if entry.is_dir() || !matches!(kind, 0 | PLAIN_FILE) {
        return refused("an entry that is no plain file");
    }
    if entry.encrypted() || !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return refused("an entry in a form that none has");
    }
    if name == MANIFEST && entry.size() > BACKUP_MANIFEST_MAX_BYTES {
        return refused("a manifest that is too large");
    }
    Ok(())
}

/// The name of an entry; one that isn't UTF-8 is none of ours, and neither is the empty one.
fn name<'e>(entry: &'e ZipFileEntry<'_>) -> &'e str {
    std::str::from_utf8(entry.name_raw()).unwrap_or_default()
}

/// Whether the entries are those of the manifest.
fn check_manifest(zip: &ZipArchive<BufReader<File>>, manifest: &Manifest) -> Result<()> {
    let differ = |name: &str| Error::invalid(format!("The backup isn't what its manifest says, in the entry {name}."));
    let mut listed = manifest.entries.iter();
    for at in 0..zip.len() {
        let entry = zip.by_index_data(at).map_err(damaged)?;
        let name = name(&entry);
        if name == MANIFEST {
            continue;
        }
        if !listed.next().is_some_and(|listed| listed.name == name && listed.size_bytes == entry.size()) {
            return Err(differ(name));
        }
    }
    listed.next().map_or(Ok(()), |missing| Err(differ(&missing.name)))
}

/// 400 for an archive that can't be read as one.
pub(super) fn damaged(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::InvalidData => unread(error),
        error => Error::invalid("The backup is damaged.").caused_by(error),
    }
}
