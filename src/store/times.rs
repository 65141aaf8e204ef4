//! When transactions were committed, noted beside the write-ahead log, which doesn't say it.
//!
//! Called by [`Tail`](super::Tail). In memory they are for whoever ships the log. In a file they are for the next run
//! of the program, should this one be killed before it has shipped everything; without them, for instance after a
//! power cut, the log's own time has to do. Invariants: a note names the log and the place in it, so one that is out
//! of date is never taken for another; writing never fails a commit.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
        let mut found = HashMap::new();
        for file in [old(&self.file), self.file.clone()] {
            let Ok(bytes) = fs::read(file) else { continue };
            found.extend(bytes.chunks_exact(NOTE_BYTES).filter_map(|note| read(note, place)));
        }
        found
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
        file.write_all(&note(&place, frames, at_ms))?;
        self.size_bytes += NOTE_BYTES as u64;
        Ok(())
    }
}

fn old(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-old");
    PathBuf::from(name)
}

fn note(place: &Place, frames: u64, at_ms: i64) -> [u8; NOTE_BYTES] {
    let mut note = [0; NOTE_BYTES];
    note[..8].copy_from_slice(&place.salt_bytes());
    note[8..16].copy_from_slice(&frames.to_le_bytes());
    note[16..24].copy_from_slice(&at_ms.to_le_bytes());
    let sum = crc32fast::hash(&note[..24]);
    note[24..].copy_from_slice(&sum.to_le_bytes());
    note
}

fn read(mut bytes: &[u8], place: &Place) -> Option<(u64, i64)> {
    let whole = bytes;
    let (mut salts, mut frames, mut at_ms) = ([0; 8], [0; 8], [0; 8]);
    for part in [&mut salts, &mut frames, &mut at_ms] {
        bytes.read_exact(part).ok()?;
    }
    let (frames, at_ms) = (u64::from_le_bytes(frames), i64::from_le_bytes(at_ms));
    (salts == place.salt_bytes() && note(place, frames, at_ms) == whole).then_some((frames, at_ms))
}
