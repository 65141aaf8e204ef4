//! Bringing a moment back: a snapshot, the segments behind it, and the files that its records name.
//!
//! Called by the app, for a restoration without a server, and to find out whether what was shipped is any good.
//! Invariant: what comes out is the state after one commit, checked page by page, or nothing does.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use tokio::task::spawn_blocking;

use super::names::{self, SegmentName, SnapshotName};
use super::plan::{self, Plan};
use super::segment::Segment;
use super::snapshot::{self, Note};
use super::target::Target;
use crate::backup::{DATA, STORAGE, swap, unwritten};
use crate::base::progress::{Progress, Unit};
use crate::base::{Error, ErrorKind, Result, Timestamp, fault};
use crate::files::{Hash, StoredFile, ledger, sync_folder};
use crate::query::dialect::Dialect;
use crate::store::{Commit, Database, DatabaseCopy, LoadSchema};

/// Which moment somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The latest that is there.
    Latest,
    /// The state at a time, in milliseconds since the Unix epoch.
    At(i64),
}

impl Wanted {
    pub(super) fn until_ms(self) -> i64 {
        match self {
            Wanted::Latest => i64::MAX,
            Wanted::At(at_ms) => at_ms,
        }
    }
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// When the last commit was made that is in it.
    pub at: Timestamp,
    /// What is missing or damaged behind it, if it ends there because of that.
    pub gap: Option<String>,
    /// Nothing is known of the time from then to this one, which is before the time that was asked for.
    pub unknown_until: Option<Timestamp>,
    /// Files that records name and that weren't shipped yet, by their keys.
    pub missing_files: Vec<String>,
    /// Whether files of records are in a bucket, and so aren't part of what was shipped.
    pub has_files: bool,
}

/// A request to restore.
pub struct Restoration<'r> {
    /// From where.
    pub target: &'r Target,
    /// Which moment.
    pub wanted: Wanted,
    /// Whether a moment before what is missing or damaged will do.
    pub up_to_gap: bool,
    /// Who wants to know how far it has come.
    pub progress: &'r dyn Progress,
}

/// How far the segments have led.
struct Replayed {
    commit: Option<Commit>,
    gap: Option<Error>,
    /// The segment with the last whole transaction, if another one had begun behind it.
    torn_behind: Option<Option<SegmentName>>,
}

impl Restoration<'_> {
    /// Has everything ready beside the data, and orders it to be put in its place.
    ///
    /// # Errors
    /// 400 for a moment that isn't there, or what isn't as it was; 503 if something can't be read or written.
    pub async fn prepare(&self, data_dir: &Path, load: LoadSchema) -> Result<Restored> {
        let new = swap::make_room(data_dir)?;
        let prepared = self.fill(&new, load).await;
        if prepared.is_err() {
            swap::discard(data_dir);
        }
        let restored = prepared?;
        fault::point("moment unpacked");
        // The logs aren't part of it and stay.
        swap::order(data_dir, &[DATA])?;
        fault::point("moment ordered");
        Ok(restored)
    }

    async fn fill(&self, new: &Path, load: LoadSchema) -> Result<Restored> {
        let generations = self.target.generations().await?;
        let plan = plan::find(&generations, self.wanted)?;
        let segments = generations.into_iter().find(|generation| generation.name == plan.generation);
        let segments = segments.map(|generation| generation.segments).unwrap_or_default();
        let (mut restored, note) = self.materialize(&plan, &segments, new).await?;
        self.progress.begin("Checking", Unit::Bytes, 0);
        let (file, check) = (new.join(DATA), load);
        spawn_blocking(move || examine(&file, check)).await.map_err(Error::internal)??;
        if note.has_files {
            restored.missing_files = self.fetch_files(new).await?;
        }
        restored.has_files = note.has_files;
        sync_folder(new).map_err(unwritten)?;
        Ok(restored)
    }

    /// Puts the database of a plan together in a folder.
    pub(super) async fn materialize(
        &self,
        plan: &Plan,
        segments: &[SegmentName],
        folder: &Path,
    ) -> Result<(Restored, Note)> {
        let mut refused = Error::invalid("There is no copy of the whole database to begin with.");
        for snapshot in &plan.snapshots {
            match self.build(plan, *snapshot, segments, folder).await {
                Err(error) if error.kind() == ErrorKind::Invalid => {
                    tracing::warn!("one copy of the database can't be used: {}", error.log_text());
                    // The complaint about the newest one says most.
                    refused = if plan.snapshots.first() == Some(snapshot) { error } else { refused };
                    let _ = fs::remove_file(folder.join(DATA));
                }
                built => return built,
            }
        }
        Err(refused)
    }

    async fn build(
        &self,
        plan: &Plan,
        snapshot: SnapshotName,
        segments: &[SegmentName],
        folder: &Path,
    ) -> Result<(Restored, Note)> {
        let file = folder.join(DATA);
        let note = self.unpack(&plan.generation, snapshot, folder).await?;
        let mut last = plan.last;
        let mut replayed = self.replay(&plan.generation, snapshot, segments, last, &file).await?;
        let gap = replayed.gap.take().map(|error| error.message().to_owned());
        if let Some(before) = replayed.torn_behind.take() {
            // Once more, and no further than to the end of the last whole transaction.
            fs::remove_file(&file).map_err(unwritten)?;
            self.unpack(&plan.generation, snapshot, folder).await?;
            last = before;
            replayed = self.replay(&plan.generation, snapshot, segments, last, &file).await?;
        }
        let at_ms = replayed.commit.map_or(snapshot.at_ms, |commit| commit.at_ms);
        let at = plan::time(at_ms).ok_or_else(|| Error::internal("a time is out of range"))?;
        let unknown_until = plan.unknown_until.filter(|_| self.wanted.until_ms() > at_ms);
        Ok((Restored { at, gap, unknown_until, missing_files: Vec::new(), has_files: false }, note))
    }

    async fn unpack(&self, generation: &str, snapshot: SnapshotName, folder: &Path) -> Result<Note> {
        let note = Note::read(self.target, generation, snapshot).await?;
        let (key, packed, file) = (snapshot.data_key(generation), folder.join("packed"), folder.join(DATA));
        self.progress.begin("Unpacking", Unit::Bytes, note.size_bytes);
        let fetched = self.target.fetch(&key, &packed).await;
        let unpacked = match fetched {
            Ok(true) => {
                let (from, note, to) = (packed.clone(), note.clone(), file);
                spawn_blocking(move || snapshot::unpack(&from, &note, &key, &to)).await.map_err(Error::internal)?
            }
            Ok(false) => Err(Error::invalid(format!("The copy is incomplete: {key} is missing."))),
            Err(error) => Err(error),
        };
        let removed = fs::remove_file(&packed);
        unpacked.and_then(|()| removed.map_err(unwritten)).map(|()| note)
    }

    /// Applies the segments behind a snapshot, up to the moment.
    async fn replay(
        &self,
        generation: &str,
        snapshot: SnapshotName,
        segments: &[SegmentName],
        last: Option<SegmentName>,
        file: &Path,
    ) -> Result<Replayed> {
        let end = last.map_or(snapshot.number, |last| last.number);
        let mut replayed = Replayed { commit: None, gap: None, torn_behind: None };
        let (mut is_torn, mut whole, mut page_bytes) = (false, None, 0);
        self.progress.begin("Replaying", Unit::Items, 0);
        for number in snapshot.number + 1..=end {
            let name = segments.iter().copied().find(|segment| segment.number == number);
            let read = match name {
                Some(name) => self.target.segment(generation, name).await.map(|segment| (name, segment)),
                None => Err(Error::invalid(format!(
                    "The copy is incomplete: the segment {number} of {generation} is missing."
                ))),
            };
            let (name, segment) = match read {
                Err(error) if error.kind() == ErrorKind::Invalid && self.up_to_gap => {
                    replayed.gap = Some(error);
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Invalid => {
                    let text = format!("{} With --up-to-gap, the moment before it is restored.", error.message());
                    return Err(Error::unavailable(text).caused_by(error.log_text()));
                }
                read => read?,
            };
            let until_ms = if number == end { self.wanted.until_ms() } else { i64::MAX };
            let commit = segment.last_commit(until_ms);
            let (to, pages) = (file.to_owned(), commit.filter(|_| number == end).map(|commit| commit.pages));
            page_bytes = u64::from(segment.page_bytes());
            let written = spawn_blocking(move || apply(&segment, pages, &to)).await.map_err(Error::internal)??;
            is_torn = commit.is_none_or(|commit| written > commit.pages);
            if let Some(commit) = commit {
                (replayed.commit, whole) = (Some(commit), Some(name));
            }
            self.progress.reached(number - snapshot.number);
        }
        if let Some(commit) = replayed.commit {
            // Only now: a transaction that isn't through may have made it larger again.
            let file = File::options().write(true).open(file).map_err(unwritten)?;
            let cut = file.set_len(u64::from(commit.db_pages) * page_bytes).and_then(|()| file.sync_all());
            cut.map_err(unwritten)?;
        }
        replayed.torn_behind = is_torn.then_some(whole);
        Ok(replayed)
    }

    /// Fetches the files that the restored records name; the keys of those that aren't there.
    async fn fetch_files(&self, new: &Path) -> Result<Vec<String>> {
        let mut files = Vec::new();
        DatabaseCopy::open(&new.join(DATA))?.read(|tx| {
            ledger::each_live(tx, Dialect::Sqlite, |file| {
                files.push(file);
                Ok(())
            })
        })?;
        // Also if there are none: those that are there now don't belong to the restored records.
        fs::create_dir_all(new.join(STORAGE)).map_err(unwritten)?;
        self.progress.begin("Unpacking", Unit::Bytes, files.iter().map(|file| file.size_bytes).sum());
        let (mut missing, mut done_bytes) = (Vec::new(), 0);
        for file in files {
            if !self.fetch_file(new, &file).await? {
                missing.push(file.key());
            }
            done_bytes += file.size_bytes;
            self.progress.reached(done_bytes);
        }
        Ok(missing)
    }

    async fn fetch_file(&self, new: &Path, file: &StoredFile) -> Result<bool> {
        let path = new.join(STORAGE).join(file.key());
        fs::create_dir_all(path.parent().unwrap_or(new)).map_err(unwritten)?;
        if !self.target.fetch(&format!("{}/{}", names::FILES, file.key()), &path).await? {
            return Ok(false);
        }
        let read = path.clone();
        let sum = spawn_blocking(move || Hash::of_file(&read)).await.map_err(Error::internal)?.map_err(unwritten)?;
        if sum != file.sha256 {
            fs::remove_file(&path).map_err(unwritten)?;
            return Ok(false);
        }
        Ok(true)
    }
}

/// Writes pages of a segment to their places, all of them or so many; how many these were.
fn apply(segment: &Segment, pages: Option<u32>, file: &Path) -> Result<u32> {
    let mut file = File::options().write(true).open(file).map_err(unwritten)?;
    let mut written = 0;
    for (number, page) in segment.pages(pages) {
        let at = u64::from(number).saturating_sub(1) * u64::from(segment.page_bytes());
        file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(page)).map_err(unwritten)?;
        written += 1;
    }
    Ok(written)
}

/// Looks at all of a database.
pub(super) fn examine(file: &Path, load: LoadSchema) -> Result<()> {
    let wrong = |complaint: String| Error::invalid(format!("The restored database isn't usable: {complaint}."));
    let copy = DatabaseCopy::open(file).map_err(|error| wrong(error.log_text()))?;
    match copy.complaint(Database::Data) {
        Ok(None) => {}
        Ok(Some(complaint)) => return Err(wrong(complaint)),
        Err(error) => return Err(wrong(error.log_text())),
    }
    copy.schema(load).map(|_| ()).map_err(|error| wrong(error.log_text()))
}
