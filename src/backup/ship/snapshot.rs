//! Snapshots: a copy of the whole database, packed, with a note that says what it is.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::altered;
use super::names::SnapshotName;
use super::target::Target;
use crate::backup::{PIECE_BYTES, unread, unwritten};
use crate::base::{Error, Result};
use crate::files::Hash;
use crate::store::{Place, Snapshot};

/// A note has no more bytes than this.
const NOTE_MAX_BYTES: usize = 64 << 10;

/// What is known of a snapshot.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// The version of the program that has made it.
    pub program: String,
    /// The size of the database.
    pub size_bytes: u64,
    /// Of the database.
    pub sha256: String,
    /// Up to where the log is in it, as [`Place`] is printed; empty if there was none.
    pub place: String,
    /// Whether files of records are shipped, or are in a bucket of their own.
    pub has_files: bool,
}

impl Note {
    /// Up to where the log is in it.
    pub fn place(&self) -> Option<Place> {
        Place::parse(&self.place)
    }

    /// Reads the one of a snapshot.
    ///
    /// # Errors
    /// 400 if it isn't what it was; 503 if it can't be read.
    pub async fn read(target: &Target, generation: &str, name: SnapshotName) -> Result<Note> {
        let key = name.note_key(generation);
        let bytes = target.storage().bytes(&key, NOTE_MAX_BYTES).await?;
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| altered(&key))
    }
}

/// Copies and packs a snapshot into `packed`, by way of a copy beside it.
///
/// # Errors
/// 503 if it can't be read or written.
pub fn pack(snapshot: Snapshot, has_files: bool, packed: &Path) -> Result<Note> {
    let place = snapshot.place.map_or_else(String::new, |place| place.to_string());
    let copy = packed.with_extension("copy");
    snapshot.copy_to(&copy)?;
    let mut from = File::open(&copy).map_err(unread)?;
    let mut packer = GzEncoder::new(File::create(packed).map_err(unwritten)?, Compression::fast());
    let (size_bytes, sha256) = pump(&mut from, &mut packer)?;
    packer.finish().map_err(unwritten)?;
    fs::remove_file(&copy).map_err(unwritten)?;
    Ok(Note { program: env!("CARGO_PKG_VERSION").to_owned(), size_bytes, sha256, place, has_files })
}

/// Unpacks one into a new file.
///
/// # Errors
/// 400 if it isn't what it was; 503 if the file can't be written.
pub fn unpack(packed: &Path, note: &Note, key: &str, file: &Path) -> Result<()> {
    let packed = BufReader::with_capacity(PIECE_BYTES, File::open(packed).map_err(unread)?);
    // No more than it should have, however much it would unpack to.
    let mut unpacked = GzDecoder::new(packed).take(note.size_bytes.saturating_add(1));
    let mut to = File::options().write(true).create_new(true).open(file).map_err(unwritten)?;
    match pump(&mut unpacked, &mut to) {
        Ok((size_bytes, sha256)) if size_bytes == note.size_bytes && sha256 == note.sha256 => Ok(()),
        Ok(_) => Err(altered(key)),
        Err(error) if error.kind() == crate::base::ErrorKind::Invalid => Err(altered(key)),
        Err(error) => Err(error),
    }
}

/// Copies everything; its size and SHA-256.
fn pump(from: &mut impl Read, to: &mut impl Write) -> Result<(u64, String)> {
    let (mut hash, mut size_bytes, mut piece) = (Hash::new(), 0, vec![0; PIECE_BYTES]);
    loop {
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok((size_bytes, hash.hex())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // What can't be unpacked was altered.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
                ) =>
            {
                return Err(Error::invalid("It can't be unpacked.").caused_by(error));
            }
            Err(error) => return Err(unread(error)),
        };
        hash.update(&piece[..count]);
        to.write_all(&piece[..count]).map_err(unwritten)?;
        size_bytes += count as u64;
    }
}
