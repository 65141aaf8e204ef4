//! When transactions were committed, noted beside the write-ahead log, which doesn't say it.
//!
//! Called by [`Tail`](super::Tail). In memory they are for whoever ships the log. In a file they are for the next run
//! of the program, should this one be killed before it has shipped everything; without them, for instance after a
//! power cut, the log's own time has to do. From the file, [`first_commit_after`] tells another process how much isn't
//! shipped. Invariants: a note names the log and the place in it, so one that is out
//! of date is never taken for another; writing never fails a commit.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Database;
use super::wal::{self, Place};

/// Two salts, frames, time, and a checksum over them.
const NOTE_BYTES: usize = 28;
/// A file of this size makes room for another; of two, the older one goes.
const FILE_MAX_BYTES: u64 = 1 << 20;

/// See the module.
pub struct Times {
    log_file: PathBuf,
    file: PathBuf,
    recent: Mutex<VecDeque<(u64, i64)>>,
    writer: Mutex<Writer>,
}

#[derive(Default)]
struct Writer {
    log: Option<File>,
    file: Option<File>,
    size_bytes: u64,
    has_failed: bool,
}

/// A note in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note {
    /// The salts of the log.
    salts: [u8; 8],
    frames: u64,
    at_ms: i64,
}

/// When the first commit that is noted of a database was made after this time, both in milliseconds since the Unix
/// epoch.
pub fn first_commit_after(data_dir: &Path, at_ms: i64) -> Option<i64> {
    let notes = files(&times_file(data_dir)).into_iter().flat_map(|file| notes(&file));
    notes.map(|note| note.at_ms).filter(|noted| *noted > at_ms).min()
}

/// The file in a data folder.
pub(super) fn times_file(data_dir: &Path) -> PathBuf {
    data_dir.join(format!("{}-times", Database::Data.file_name()))
}

impl Times {
    /// For this log; nothing is written before the first note.
    pub fn new(log_file: &Path, file: PathBuf) -> Times {
        Times { log_file: log_file.to_owned(), file, recent: Mutex::default(), writer: Mutex::default() }
    }

    /// Notes that the log has so many frames, and the time.
    pub fn note(&self, frames: u64, at_ms: i64) {
        // In the file first: as soon as it is known in memory, it may be shipped.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writer.note(&self.log_file, &self.file, frames, at_ms)
            && !std::mem::replace(&mut writer.has_failed, true)
        {
            tracing::warn!(%error, "the times of commits can't be noted");
        }
        drop(writer);
        self.recent().push_back((frames, at_ms));
    }

    /// Those of this run that nobody has taken yet, in their order.
    pub fn recent(&self) -> MutexGuard<'_, VecDeque<(u64, i64)>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is noted of a log, by frames.
    pub fn of_log(&self, place: &Place) -> HashMap<u64, i64> {
        let notes = files(&self.file).into_iter().flat_map(|file| notes(&file));
        notes.filter(|note| note.salts == place.salt_bytes()).map(|note| (note.frames, note.at_ms)).collect()
    }
}

impl Writer {
    fn note(&mut self, log_file: &Path, file: &Path, frames: u64, at_ms: i64) -> io::Result<()> {
        if self.log.is_none() {
            self.log = Some(File::open(log_file)?);
        }
        let Some(log) = &mut self.log else { return Ok(()) };
        let Some(place) = wal::beginning(log)? else { return Ok(()) };
        if self.file.is_none() || self.size_bytes >= FILE_MAX_BYTES {
            if self.size_bytes >= FILE_MAX_BYTES {
                fs::rename(file, old(file))?;
            }
            let opened = File::options().create(true).append(true).open(file)?;
            self.size_bytes = opened.metadata()?.len();
            self.file = Some(opened);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(&Note { salts: place.salt_bytes(), frames, at_ms }.encode())?;
        self.size_bytes += NOTE_BYTES as u64;
        Ok(())
    }
}

impl Note {
    fn encode(&self) -> [u8; NOTE_BYTES] {
        let mut bytes = [0; NOTE_BYTES];
        bytes[..8].copy_from_slice(&self.salts);
        bytes[8..16].copy_from_slice(&self.frames.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.at_ms.to_le_bytes());
        let sum = crc32fast::hash(&bytes[..24]);
        bytes[24..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// `None` for one that isn't whole.
    fn decode(mut bytes: &[u8]) -> Option<Note> {
        let whole = bytes;
        let (mut salts, mut frames, mut at_ms) = ([0; 8], [0; 8], [0; 8]);
        for part in [&mut salts, &mut frames, &mut at_ms] {
            bytes.read_exact(part).ok()?;
        }
        let note = Note { salts, frames: u64::from_le_bytes(frames), at_ms: i64::from_le_bytes(at_ms) };
        (note.encode() == whole).then_some(note)
    }
}

/// The two files with notes, the older one first.
fn files(file: &Path) -> [PathBuf; 2] {
    [old(file), file.to_owned()]
}

fn old(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-old");
    PathBuf::from(name)
}

/// What is noted in a file; nothing if it isn't there.
fn notes(file: &Path) -> Vec<Note> {
    let bytes = fs::read(file).unwrap_or_default();
    bytes.chunks_exact(NOTE_BYTES).filter_map(Note::decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_commit_after_a_time_is_found_in_both_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(first_commit_after(folder.path(), 0), None, "there are no files");
        let note = |at_ms| Note { salts: [7; 8], frames: 1, at_ms }.encode();
        let file = times_file(folder.path());
        let broken = &note(15)[..NOTE_BYTES - 1];
        fs::write(old(&file), [note(10), note(20)].concat()).expect("the folder is ours");
        fs::write(&file, [&note(30)[..], &note(25), broken].concat()).expect("the folder is ours");
        for (after, expect) in [(0, Some(10)), (10, Some(20)), (20, Some(25)), (25, Some(30)), (30, None)] {
            assert_eq!(first_commit_after(folder.path(), after), expect, "{after}");
        }
    }
}
