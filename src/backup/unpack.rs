//! Unpacking an archive into a temporary folder, with every byte checked against the manifest.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::archive::{Archive, damaged};
use super::manifest::Entry;
use super::{DATA, LOGS, MANIFEST, PIECE_BYTES, unwritten};
use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result};
use crate::files::{Hash, sync_folder};

/// What is written. Whatever isn't is read and checked all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The databases, for a test.
    Databases,
    /// Everything, synced to disk.
    Everything,
}

impl Archive {
    /// Unpacks into a folder, which is there and empty.
    ///
    /// # Errors
    /// 400 that names the entry that isn't as it should be; 503 if the folder can't be written.
    pub fn unpack(&mut self, to: &Path, written: Written, progress: &dyn Progress) -> Result<()> {
        progress.begin("Unpacking", Unit::Bytes, self.unpacked_bytes());
        let mut done_bytes = 0;
        let mut listed = self.manifest.entries.iter();
        for at in 0..self.zip.len() {
            let mut packed = self.zip.by_index(at).map_err(damaged)?;
            if packed.name_raw() == MANIFEST.as_bytes() {
                continue;
            }
            let entry = listed.next().ok_or_else(|| Error::internal("a manifest was checked and isn't right"))?;
            let is_database = entry.name == DATA || entry.name == LOGS;
            let target = match written {
                Written::Databases if !is_database => None,
                _ => Some(create(to, &entry.name)?),
            };
            let reached = |bytes| progress.reached(done_bytes + bytes);
            unpack_entry(&mut packed, entry, target, written, &reached)?;
            done_bytes += entry.size_bytes;
        }
        if written == Written::Everything { sync_below(to).map_err(unwritten) } else { Ok(()) }
    }
}

/// A new file for an entry. The name was checked: it leads nowhere else.
fn create(to: &Path, name: &str) -> Result<File> {
    let path = to.join(name);
    fs::create_dir_all(path.parent().unwrap_or(to)).map_err(unwritten)?;
    File::options().write(true).create_new(true).open(path).map_err(unwritten)
}

fn unpack_entry(
    packed: &mut impl Read,
    entry: &Entry,
    mut target: Option<File>,
    written: Written,
    reached: &dyn Fn(u64),
) -> Result<()> {
    let wrong = |cause: Option<io::Error>| {
        let error = Error::invalid(format!("The backup is damaged in the entry {}.", entry.name));
        match cause {
            Some(cause) => error.caused_by(cause),
            None => error,
        }
    };
    let (mut hash, mut size_bytes, mut piece) = (Hash::new(), 0_u64, vec![0; PIECE_BYTES]);
    loop {
        let count = match packed.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(wrong(Some(error))),
        };
        size_bytes += count as u64;
        // Before it is written: a stream may go on for ever, whatever its size is said to be.
        if size_bytes > entry.size_bytes {
            return Err(wrong(None));
        }
        hash.update(&piece[..count]);
        if let Some(file) = &mut target {
            file.write_all(&piece[..count]).map_err(unwritten)?;
        }
        reached(size_bytes);
    }
    if size_bytes != entry.size_bytes || hash.hex() != entry.sha256 {
        return Err(wrong(None));
    }
    match target {
        Some(file) if written == Written::Everything => file.sync_all().map_err(unwritten),
        _ => Ok(()),
    }
}

/// Makes sure that all names below a folder are on disk.
fn sync_below(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_below(&entry.path())?;
        }
    }
    sync_folder(folder)
}
