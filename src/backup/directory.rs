//! A look at the end of an archive, before anything else of it is read: where its directory is, and how much is in it.
//!
//! Called by [`Archive::open`](super::Archive::open). The reader of archives takes the whole directory into memory, and
//! searches for one wherever it may be. So three numbers are read here first: how many entries there are, where the
//! directory begins and where it ends. An archive that is cut off or has something behind it has no directory where it
//! has to be. (APPNOTE 6.3.10, sections 4.3.14 to 4.3.16.)

use std::io::{self, Read, Seek, SeekFrom};

use super::unread;
use crate::base::limits::{BACKUP_ENTRY_NAME_MAX_BYTES, BACKUP_MAX_ENTRIES};
use crate::base::{Error, Result};

/// The end of an archive without a comment.
const END_BYTES: u64 = 22;
const END: [u8; 4] = *b"PK\x05\x06";
/// What stands before it in a large archive, and where that points to.
const LOCATOR_BYTES: u64 = 20;
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LARGE_END_BYTES: u64 = 56;
const LARGE_END: [u8; 4] = *b"PK\x06\x06";
/// What an entry takes in the directory without its name, and with the longest name and extra fields.
const ENTRY_BYTES: u64 = 46;
const ENTRY_MAX_BYTES: u64 = ENTRY_BYTES + BACKUP_ENTRY_NAME_MAX_BYTES as u64 + 256;

/// What is known of an archive's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directory {
    /// How many entries it has.
    pub entries: u64,
    /// Where it begins.
    start: u64,
}

impl Directory {
    /// Finds the directory of an archive.
    ///
    /// # Errors
    /// 400 if there is none where it has to be, or it is too large.
    pub fn find(archive: &mut (impl Read + Seek)) -> Result<Directory> {
        let size_bytes = archive.seek(SeekFrom::End(0)).map_err(unread)?;
        let Some(end_at) = size_bytes.checked_sub(END_BYTES) else { return Err(incomplete()) };
        let end: [u8; END_BYTES as usize] = read_at(archive, end_at)?;
        if end[..4] != END || end[20..] != [0, 0] {
            return Err(incomplete());
        }
        let small = Directory { entries: u64::from(u16_at(&end, 10)), start: u64::from(u32_at(&end, 16)) };
        let size = u64::from(u32_at(&end, 12));
        let is_large =
            small.entries == u64::from(u16::MAX) || small.start == u64::from(u32::MAX) || size == u64::from(u32::MAX);
        let (found, size, ends_at) = match is_large {
            false => (small, size, end_at),
            true => Directory::find_large(archive, end_at)?,
        };
        if found.start.checked_add(size) != Some(ends_at) {
            return Err(incomplete());
        }
        if found.entries > BACKUP_MAX_ENTRIES || size > found.entries.saturating_mul(ENTRY_MAX_BYTES) {
            return Err(Error::invalid("The backup has too many entries."));
        }
        Ok(found)
    }

    /// The same for an archive with more or larger entries than the first form of archives allows: with the size of
    /// the directory, and where it has to end.
    fn find_large(archive: &mut (impl Read + Seek), end_at: u64) -> Result<(Directory, u64, u64)> {
        let Some(locator_at) = end_at.checked_sub(LOCATOR_BYTES) else { return Err(incomplete()) };
        let locator: [u8; LOCATOR_BYTES as usize] = read_at(archive, locator_at)?;
        let large_at = u64_at(&locator, 8);
        if locator[..4] != LOCATOR || large_at.checked_add(LARGE_END_BYTES) != Some(locator_at) {
            return Err(incomplete());
        }
        let large: [u8; LARGE_END_BYTES as usize] = read_at(archive, large_at)?;
        if large[..4] != LARGE_END {
            return Err(incomplete());
        }
        Ok((Directory { entries: u64_at(&large, 32), start: u64_at(&large, 48) }, u64_at(&large, 40), large_at))
    }
}

fn incomplete() -> Error {
    Error::invalid("This isn't a complete zip archive.")
}

fn read_at<const N: usize>(archive: &mut (impl Read + Seek), at: u64) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let read = archive.seek(SeekFrom::Start(at)).and_then(|_| archive.read_exact(&mut bytes));
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(incomplete()),
        read => read.map(|()| bytes).map_err(unread),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// The end of an archive with so many entries in a directory of so many bytes that begins at 10.
    fn archive(entries: u16, directory_bytes: u32) -> Vec<u8> {
        let mut bytes = vec![0; 10 + directory_bytes as usize];
        bytes.extend(END);
        bytes.extend([0; 4]);
        bytes.extend(entries.to_le_bytes());
        bytes.extend(entries.to_le_bytes());
        bytes.extend(directory_bytes.to_le_bytes());
        bytes.extend(10_u32.to_le_bytes());
        bytes.extend([0; 2]);
        bytes
    }

    /// The same in the large form.
    fn large_archive(entries: u64, directory_bytes: u64) -> Vec<u8> {
        let mut bytes = vec![0; 10 + usize::try_from(directory_bytes).expect("it is small")];
        let large_at = bytes.len() as u64;
        bytes.extend(LARGE_END);
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend([0; 12]);
        for number in [entries, entries, directory_bytes, 10] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(LOCATOR);
        bytes.extend([0; 4]);
        bytes.extend(large_at.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(END);
        bytes.extend([0; 4]);
        bytes.extend([0xff; 12]);
        bytes.extend([0; 2]);
        bytes
    }

    fn find(bytes: &[u8]) -> Result<Directory> {
        Directory::find(&mut Cursor::new(bytes))
    }

    #[test]
    fn both_forms_say_how_much_there_is() {
        for bytes in [archive(2, 92), large_archive(2, 92)] {
            assert_eq!(find(&bytes).expect("it is complete"), Directory { entries: 2, start: 10 });
        }
        assert_eq!(find(&archive(0, 0)).expect("it is complete").entries, 0);
    }

    #[test]
    fn what_is_cut_off_or_has_more_behind_it_is_no_archive() {
        for whole in [archive(2, 92), large_archive(2, 92)] {
            for length in 0..whole.len() {
                find(&whole[..length]).expect_err("it is cut off");
            }
            find(&[&whole[..], b"x"].concat()).expect_err("it goes on");
            find(&[&b"x"[..], &whole].concat()).expect_err("it doesn't begin at its beginning");
        }
    }

    #[test]
    fn a_directory_is_as_large_as_its_entries_may_be() {
        let error = find(&large_archive(BACKUP_MAX_ENTRIES + 1, 92)).expect_err("too many");
        assert!(error.message().contains("too many"), "{}", error.message());
        find(&archive(1, 100_000)).expect_err("no entry is so large");
    }
}
