//! What is committed, read from the write-ahead log in the order in which it was: see [`Tail`].
//!
//! Called by the writer, which says when something was committed and asks before the log may start over, and by
//! whoever ships what was read (`backup::ship`). Nobody waits for whoever ships: what they haven't taken when the log
//! has to start over is kept here, up to a limit. Invariants: what [`Tail::take`] gives is without a gap, and ends
//! with a whole transaction or goes on with the rest of it; where there would be a gap it says [`Taken::Lost`], until
//! somebody begins anew.
//!
//! The log can't start over by itself, nor by another process, because the writer holds a snapshot that needs it
//! (`sqlite::Pin`). It lets go of that only when everything was read, and sees afterwards whether another process has
//! written meanwhile.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::sqlite::LongRead;
use super::times::{Times, times_file};
use super::wal::{self, End, Place};
use super::{Database, StoreOptions, WriteTx};
use crate::base::limits::{SHIP_KEPT_MAX_BYTES, SHIP_PIECE_MAX_BYTES};
use crate::base::{Error, Result, Timestamp};

/// A transaction of which the writer knows nothing after so long is one of another process.
const FOREIGN_AFTER: Duration = Duration::from_millis(400);

/// A run of frames.
#[derive(Debug)]
pub struct Piece {
    /// The pages, each with its number (four bytes, the highest first) before it.
    pub pages: Vec<u8>,
    /// The transactions that end in it.
    pub commits: Vec<Commit>,
    /// Where it ends.
    pub end: Place,
}

/// A transaction in a [`Piece`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Pages of the piece up to the end of the transaction.
    pub pages: u32,
    /// How many pages the database has from then on.
    pub db_pages: u32,
    /// When it was committed, in milliseconds since the Unix epoch. Those of other processes have the time at which
    /// they were found; those of a program that was killed, the time at which the log was written last.
    pub at_ms: i64,
}

/// What comes next.
pub enum Taken {
    /// Nothing yet.
    Nothing,
    /// Some frames.
    Piece(Piece),
    /// A snapshot: everything that came before is in it, and nothing else. With its place, if there is a log.
    Snapshot(Snapshot),
    /// Frames are gone that nobody has read. There is nothing more until somebody begins anew.
    Lost,
}

/// The state of the database between two pieces. As long as it is held, the log can't start over.
pub struct Snapshot {
    /// Up to where the log is in it; `None` if there was none.
    pub place: Option<Place>,
    /// When it was taken.
    pub at: Timestamp,
    read: LongRead,
    _held: Arc<()>,
}

impl Snapshot {
    /// Copies it into a new file, which isn't synced to disk.
    ///
    /// # Errors
    /// 503 if that isn't possible.
    pub fn copy_to(self, file: &Path) -> Result<()> {
        self.read.copy_to(file, &mut |_, _| ())
    }
}

enum Kept {
    Piece(Piece),
    Snapshot(Snapshot),
}

/// The log of a database, as its reader goes along it.
pub struct Tail {
    data_file: PathBuf,
    log_file: PathBuf,
    state: Mutex<State>,
    /// By itself, so that the writer never waits for a reader.
    times: Times,
    clock: fn() -> Timestamp,
    /// Where the log ended before this program, and when it was written last then.
    found_end: Option<Place>,
    found_ms: i64,
    /// Counts snapshots.
    held: Arc<()>,
}

#[derive(Default)]
struct State {
    has_begun: bool,
    is_lost: bool,
    /// Up to where frames were read; `None` as long as there is no log.
    place: Option<Place>,
    /// The ends of further transactions.
    ends: VecDeque<End>,
    /// Whether another log in the place of this one is its successor.
    may_restart: bool,
    /// Up to this frame, the log was there before this program; when its transactions were committed, as far as that
    /// is known.
    found_frames: u64,
    found: HashMap<u64, i64>,
    /// A transaction that the writer hasn't noted, and since when it is known.
    foreign: Option<(u64, Instant, i64)>,
    /// Up to this frame, some were taken for those of another process; a note of one that comes late is of no use.
    unnoted_frames: u64,
    /// What was read already.
    kept: VecDeque<Kept>,
    kept_bytes: usize,
}

impl State {
    /// Up to where there are whole transactions.
    fn known(&self) -> Option<Place> {
        self.ends.back().map(|end| end.place).or(self.place)
    }

    /// How many of the next frames make a piece: whole transactions, unless already the first one is too large.
    fn next_count(&self, place: Place, max_bytes: usize) -> u64 {
        let max = (max_bytes / (place.page_bytes() as usize + 4)).max(1) as u64;
        let fitting = self.ends.iter().map(|end| end.place.frames - place.frames).take_while(|count| *count <= max);
        match (fitting.last(), self.ends.is_empty()) {
            (_, true) => 0,
            (Some(count), _) => count,
            (None, _) => max,
        }
    }
}

/// What can be read of the log.
enum Read {
    Nothing,
    Piece(Piece),
    Lost,
}

impl Tail {
    /// Of the database that is opened so; to be made before it is.
    pub(super) fn new(options: &StoreOptions) -> Tail {
        let name = Database::Data.file_name();
        let file = |end: &str| options.data_dir.join(format!("{name}{end}"));
        let (data_file, log_file) = (file(""), file("-wal"));
        let written = fs::metadata(&log_file).and_then(|known| known.modified());
        let found_ms = written.map_or_else(|_| Timestamp::now(), Timestamp::from_system_time).unix_millis();
        let (times, clock) = (Times::new(&log_file, times_file(&options.data_dir)), options.clock);
        let mut tail = Tail {
            data_file,
            log_file,
            state: Mutex::default(),
            times,
            clock,
            found_end: None,
            found_ms,
            held: Arc::default(),
        };
        // Without it, the times of what is there are those at which it is found.
        tail.found_end = tail.end().ok().flatten();
        tail
    }

    /// Goes on at a place where somebody has stopped earlier; whether it is still there.
    ///
    /// # Errors
    /// 503 if the log can't be read.
    pub fn resume(&self, place: Place) -> Result<bool> {
        let mut state = self.lock();
        if state.has_begun || state.is_lost {
            return Ok(false);
        }
        let Some(mut log) = self.open().map_err(unread)? else { return Ok(false) };
        if !wal::has(&mut log, &place).map_err(unread)? {
            return Ok(false);
        }
        let found_frames = self.found_end.filter(|end| end.is_in_log_of(&place)).map_or(0, |end| end.frames);
        let found = self.times.of_log(&place);
        *state =
            State { has_begun: true, place: Some(place), may_restart: true, found_frames, found, ..State::default() };
        Ok(true)
    }

    /// Begins anew: what was kept is gone, and what comes next is a snapshot. To be called inside of a transaction, so
    /// that nobody else commits meanwhile.
    ///
    /// # Errors
    /// 503 if the log or the database can't be read.
    pub fn begin(&self, _: &mut WriteTx<'_>) -> Result<()> {
        let mut state = self.lock();
        let mut begun = State { has_begun: true, may_restart: true, ..State::default() };
        begun.place = self.end().map_err(unread)?;
        begun.kept.push_back(Kept::Snapshot(self.snapshot(begun.place)?));
        self.times.recent().clear();
        *state = begun;
        Ok(())
    }

    /// Has a snapshot taken between two pieces; whether that was possible. To be called as [`Tail::begin`].
    ///
    /// # Errors
    /// 503 if the log or the database can't be read.
    pub fn add_snapshot(&self, _: &mut WriteTx<'_>) -> Result<bool> {
        let mut state = self.lock();
        if state.is_lost || !state.has_begun || !self.read_all(&mut state)? {
            return Ok(false);
        }
        let snapshot = self.snapshot(state.place)?;
        state.kept.push_back(Kept::Snapshot(snapshot));
        Ok(true)
    }

    /// What comes next.
    ///
    /// # Errors
    /// 503 if the log can't be read.
    pub fn take(&self) -> Result<Taken> {
        let mut state = self.lock();
        match state.kept.pop_front() {
            Some(Kept::Piece(piece)) => {
                state.kept_bytes -= piece.pages.len();
                return Ok(Taken::Piece(piece));
            }
            Some(Kept::Snapshot(snapshot)) => return Ok(Taken::Snapshot(snapshot)),
            None if state.is_lost => return Ok(Taken::Lost),
            None if !state.has_begun => return Ok(Taken::Nothing),
            None => {}
        }
        Ok(match self.read(&mut state, false)? {
            Read::Nothing => Taken::Nothing,
            Read::Piece(piece) => Taken::Piece(piece),
            Read::Lost => Taken::Lost,
        })
    }

    /// The time by the clock that commits are noted by.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Notes a commit of the writer, with the frames of the log after it.
    pub(super) fn note_commit(&self, frames: u64) {
        self.times.note(frames, (self.clock)().unix_millis());
    }

    /// Reads and keeps what nobody has taken yet, so that the log can start over; whether there was room for it.
    pub(super) fn catch_up(&self) -> bool {
        let mut state = self.lock();
        if state.is_lost {
            return true;
        }
        let read = if state.has_begun { self.read_all(&mut state) } else { Ok(false) };
        read.unwrap_or_else(|error| {
            tracing::warn!(error = %error.log_text(), "the write-ahead log can't be read");
            false
        })
    }

    /// The log may start over from now on: all of its `frames` were read. (Without a number there are none any more.)
    pub(super) fn allow_restart(&self, frames: Option<u64>) {
        let mut state = self.lock();
        let read = state.place.map_or(0, |place| place.frames);
        if frames.is_some_and(|frames| frames != read) && !state.is_lost && state.has_begun {
            self.lost(&mut state, "the write-ahead log isn't what it was when it was read");
        }
        (state.may_restart, state.unnoted_frames) = (true, 0);
        self.times.recent().clear();
    }

    /// The log starts over, or has done so, and not all of it was read.
    pub(super) fn lose(&self, why: &str) {
        let mut state = self.lock();
        if state.has_begun {
            self.lost(&mut state, why);
        }
        self.times.recent().clear();
    }

    /// Whether a snapshot is held, so that there is no sense in waiting for the log to become empty.
    pub(super) fn is_held(&self) -> bool {
        Arc::strong_count(&self.held) > 1
    }

    fn snapshot(&self, place: Option<Place>) -> Result<Snapshot> {
        let read = LongRead::begin(&self.data_file)?;
        Ok(Snapshot { place, at: (self.clock)(), read, _held: self.held.clone() })
    }

    /// Reads all there is into memory; whether there is room for it.
    fn read_all(&self, state: &mut State) -> Result<bool> {
        while state.kept_bytes <= SHIP_KEPT_MAX_BYTES {
            match self.read(state, true)? {
                Read::Nothing => return Ok(true),
                Read::Lost => return Ok(false),
                Read::Piece(piece) => {
                    state.kept_bytes += piece.pages.len();
                    state.kept.push_back(Kept::Piece(piece));
                }
            }
        }
        Ok(false)
    }

    /// The place behind the last transaction of the log.
    fn end(&self) -> io::Result<Option<Place>> {
        let Some(mut log) = self.open()? else { return Ok(None) };
        let Some(mut place) = wal::beginning(&mut log)? else { return Ok(None) };
        wal::scan(&mut log, place, |end| place = end.place)?;
        Ok(Some(place))
    }

    fn open(&self) -> io::Result<Option<File>> {
        match File::open(&self.log_file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Reads on. `everything` is for the writer's thread, which has noted all its commits.
    fn read(&self, state: &mut State, everything: bool) -> Result<Read> {
        // Before the log is looked at: what was noted by now stands in it.
        let noted = {
            let mut recent = self.times.recent();
            while recent.front().is_some_and(|(frames, _)| *frames <= state.unnoted_frames) {
                recent.pop_front();
            }
            recent.back().map(|(frames, _)| *frames)
        };
        let Some(mut log) = self.open().map_err(unread)? else { return Ok(Read::Nothing) };
        let Some(start) = wal::beginning(&mut log).map_err(unread)? else { return Ok(Read::Nothing) };
        let place = match state.place {
            Some(place) if place.is_in_log_of(&start) => place,
            _ if !state.may_restart => return Ok(self.lost(state, "another program has replaced the write-ahead log")),
            _ => {
                (state.found_frames, state.unnoted_frames, state.foreign) = (0, 0, None);
                state.found.clear();
                state.ends.clear();
                *state.place.insert(start)
            }
        };
        self.look_ahead(state, &mut log, everything)?;
        let known = state.known().unwrap_or(place);
        if noted.is_some_and(|noted| noted <= place.frames || noted > known.frames) {
            return Ok(self.lost(state, "the write-ahead log isn't what it was when it was read"));
        }
        let count = state.next_count(place, SHIP_PIECE_MAX_BYTES);
        if count == 0 {
            return Ok(Read::Nothing);
        }
        // As long as not all of it was read, it can't start over.
        state.may_restart = false;
        let Some((pages, end)) = wal::pages(&mut log, place, count).map_err(unread)? else {
            return Ok(self.lost(state, "the write-ahead log has changed while it was read"));
        };
        state.place = Some(end);
        let commits = self.commits(state, place, end);
        Ok(Read::Piece(Piece { pages, commits, end }))
    }

    /// Looks for transactions that weren't seen yet. One that the writer is about to note is left for later, because
    /// only the writer knows its time.
    fn look_ahead(&self, state: &mut State, log: &mut File, everything: bool) -> Result<()> {
        let Some(known) = state.known() else { return Ok(()) };
        let mut ends = Vec::new();
        wal::scan(log, known, |end| ends.push(end)).map_err(unread)?;
        let noted = self.times.recent().back().map_or(0, |(frames, _)| *frames).max(state.found_frames);
        let unnoted = ends.last().map(|end| end.place.frames).filter(|frames| *frames > noted && !everything);
        let limit = match (unnoted, state.foreign) {
            (None, _) => u64::MAX,
            (Some(_), Some((frames, since, _))) if since.elapsed() >= FOREIGN_AFTER => frames.max(noted),
            (Some(frames), known) => {
                let known = known.filter(|(frames, ..)| *frames > noted);
                state.foreign = known.or_else(|| Some((frames, Instant::now(), (self.clock)().unix_millis())));
                noted
            }
        };
        state.ends.extend(ends.into_iter().filter(|end| end.place.frames <= limit));
        Ok(())
    }

    /// The transactions that end between two places, with their times.
    fn commits(&self, state: &mut State, from: Place, to: Place) -> Vec<Commit> {
        let mut marks = self.times.recent();
        let mut commits = Vec::new();
        while let Some(end) = state.ends.front().copied().filter(|end| end.place.frames <= to.frames) {
            state.ends.pop_front();
            let mut noted = None;
            while let Some((frames, at_ms)) = marks.front().copied().filter(|(frames, _)| *frames <= end.place.frames) {
                noted = Some(at_ms).filter(|_| frames == end.place.frames);
                marks.pop_front();
            }
            if noted.is_none() {
                state.unnoted_frames = end.place.frames;
            }
            let guessed = || match state.foreign {
                _ if end.place.frames <= state.found_frames => {
                    state.found.get(&end.place.frames).copied().unwrap_or(self.found_ms)
                }
                Some((frames, _, at_ms)) if frames >= end.place.frames => at_ms,
                _ => (self.clock)().unix_millis(),
            };
            let pages = u32::try_from(end.place.frames - from.frames).unwrap_or(u32::MAX);
            commits.push(Commit { pages, db_pages: end.db_pages, at_ms: noted.unwrap_or_else(guessed) });
        }
        state.foreign = state.foreign.filter(|(frames, ..)| *frames > to.frames);
        commits
    }

    fn lost(&self, state: &mut State, why: &str) -> Read {
        if !std::mem::replace(&mut state.is_lost, true) {
            tracing::warn!("continuous backup has a gap, and begins anew: {why}");
        }
        Read::Lost
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 503 for a log that can't be read.
fn unread(error: io::Error) -> Error {
    Error::unavailable("The write-ahead log can't be read at the moment.").caused_by(error)
}
