//! What goes on while the server runs: round after round, what was committed is put into the target.
//!
//! Started by the app. A round takes what the store has read of its log until there is nothing more. What can't be put
//! into the target stays here and is tried again; meanwhile the log keeps what follows, as long as it may. Snapshots
//! are copied, packed and put there beside that, each by a task of its own, and tried out by [`super::restore`].
//! Invariant: segments go in the order of their numbers, and one only after the one before it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turn;
use tokio::task::spawn_blocking;

use super::names::{self, SegmentName, SnapshotName};
use super::plan::Plan;
use super::prune::{self, Retention};
use super::restore::{Restoration, Wanted, examine};
use super::segment::Segment;
use super::snapshot::{self, Note};
use super::target::{Generation, Target};
use crate::backup::{DATA, remove_folder, unwritten};
use crate::base::progress::Silent;
use crate::base::{Error, ErrorKind, Result, Timestamp, fault, ids};
use crate::store::{LoadSchema, Place, Snapshot, Store, Tail, Taken};

/// Where snapshots are made and tried out, within the data folder.
const WORK: &str = ".ship";
/// How long the writer may be kept for the beginning of a snapshot, which takes milliseconds.
const BEGIN_MAX: Duration = Duration::from_secs(10);
/// How long to wait before what couldn't be done is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// How continuous backup fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShippingState {
    /// What belongs together at present; empty before anything was shipped.
    pub generation: String,
    /// Everything that was committed up to then is in the target, since this program was started.
    pub shipped_until: Option<Timestamp>,
    /// How many milliseconds ago that was; since the start, if there is no such time.
    pub lag_ms: i64,
    /// Segments that were shipped since the start.
    pub segments: u64,
    /// Their size.
    pub bytes: u64,
    /// How often frames were lost and a new generation was begun since the start.
    pub gaps: u64,
    /// Why the latest round failed; empty if it didn't.
    pub error: String,
    /// Why the latest snapshot couldn't be made, or isn't good; empty if that isn't so.
    pub snapshot_error: String,
    /// When the latest snapshot was tried out and was good, since the start.
    pub verified_at: Option<Timestamp>,
}

/// What it takes.
pub struct Options {
    /// Where to.
    pub target: Target,
    /// For so long there are snapshots and segments.
    pub retention_hours: i64,
    /// How many hours lie between snapshots.
    pub snapshot_hours: i64,
    /// Whether files of records are shipped.
    pub has_files: bool,
    /// Reads the collections of a database.
    pub load: LoadSchema,
}

/// See the module. Clones share it.
#[derive(Clone)]
pub struct Shipper(Arc<Inner>);

struct Inner {
    options: Options,
    store: Store,
    tail: Arc<Tail>,
    work: PathBuf,
    line: Turn<Line>,
    state: Mutex<ShippingState>,
    started: Timestamp,
    /// The number of the present generation, by which work for an earlier one sees that it is of no use any more.
    generation: AtomicU64,
    /// One snapshot at a time.
    snapshots: Turn<()>,
    /// What the next round has to do because of a snapshot that is of no use.
    redo: AtomicU8,
}

/// See [`Inner::redo`]: nothing, another snapshot, another generation.
const NOTHING: u8 = 0;
const SNAPSHOT: u8 = 1;
const GENERATION: u8 = 2;

/// Where the next segment goes.
#[derive(Default)]
struct Line {
    generation: Option<String>,
    next: u64,
    /// One that was taken and isn't there yet.
    unsent: Option<(SegmentName, Vec<u8>)>,
    /// The latest snapshot, in work or done: its segment and its time.
    snapshot: Option<(u64, Timestamp)>,
}

impl Shipper {
    /// For this store, which has to keep its log.
    ///
    /// # Errors
    /// 500 if it doesn't.
    pub fn new(options: Options, store: &Store, data_dir: &Path) -> Result<Shipper> {
        let tail = store.tail().ok_or_else(|| Error::internal("the store doesn't keep its log"))?;
        Ok(Shipper(Arc::new(Inner {
            options,
            store: store.clone(),
            tail: tail.clone(),
            work: data_dir.join(WORK),
            line: Turn::default(),
            state: Mutex::default(),
            started: tail.now(),
            generation: AtomicU64::new(0),
            snapshots: Turn::default(),
            redo: AtomicU8::new(NOTHING),
        })))
    }

    /// How it fares.
    pub fn state(&self) -> ShippingState {
        let mut state = self.lock().clone();
        let since = state.shipped_until.unwrap_or(self.0.started);
        state.lag_ms = (self.0.tail.now().unix_millis() - since.unix_millis()).max(0);
        state
    }

    /// Ships, for as long as the program runs.
    pub async fn run_forever(self, interval: Duration) {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.round().await {
                if self.lock().error.is_empty() {
                    tracing::warn!("changes can't be shipped, and will be as soon as possible: {}", error.log_text());
                }
                self.lock().error = error.log_text();
                tokio::time::sleep(AGAIN.min(interval * 10)).await;
            }
        }
    }

    /// Ships everything that was committed before this was called.
    ///
    /// # Errors
    /// 503 if something can't be read or put into the target.
    pub async fn round(&self) -> Result<()> {
        let began = self.0.tail.now();
        let mut line = self.0.line.lock().await;
        if line.generation.is_none() {
            self.resume(&mut line).await?;
        }
        if self.0.redo.compare_exchange(GENERATION, NOTHING, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.begin(&mut line).await?;
        }
        self.send(&mut line).await?;
        loop {
            let tail = self.0.tail.clone();
            match spawn_blocking(move || tail.take()).await.map_err(Error::internal)?? {
                Taken::Nothing => break,
                Taken::Lost => {
                    self.begin(&mut line).await?;
                    self.lock().gaps += 1;
                }
                Taken::Snapshot(snapshot) => self.start_snapshot(&mut line, snapshot),
                Taken::Piece(piece) => {
                    let number = line.next;
                    let encoded = spawn_blocking(move || Segment::encode(number, &piece));
                    line.unsent = Some(encoded.await.map_err(Error::internal)??);
                    line.next += 1;
                    self.send(&mut line).await?;
                }
            }
        }
        self.add_snapshot(&mut line).await?;
        let mut state = self.lock();
        if !std::mem::take(&mut state.error).is_empty() {
            tracing::info!("changes are shipped again");
        }
        state.shipped_until = Some(began);
        Ok(())
    }

    /// The same before the program ends, when a snapshot that is in work had better be ready, too.
    ///
    /// # Errors
    /// As [`Shipper::round`].
    pub async fn finish(&self) -> Result<()> {
        self.round().await?;
        drop(self.0.snapshots.lock().await);
        Ok(())
    }

    /// Puts the segment that isn't there yet into the target.
    async fn send(&self, line: &mut Line) -> Result<()> {
        let (Some((name, bytes)), Some(generation)) = (&line.unsent, &line.generation) else { return Ok(()) };
        fault::point("segment begun");
        self.0.options.target.put(&name.key(generation), bytes.clone()).await?;
        fault::point("segment shipped");
        let mut state = self.lock();
        (state.segments, state.bytes) = (state.segments + 1, state.bytes + bytes.len() as u64);
        drop(state);
        line.unsent = None;
        Ok(())
    }

    /// Goes on where an earlier run of the program has stopped, or else begins a new generation.
    async fn resume(&self, line: &mut Line) -> Result<()> {
        let generations = self.0.options.target.generations().await?;
        if let Some(last) = generations.last()
            && let Some((place, snapshot)) = self.end_of(last).await?
        {
            let tail = self.0.tail.clone();
            if spawn_blocking(move || tail.resume(place)).await.map_err(Error::internal)?? {
                let number = last.segments.last().map_or(snapshot.number, |last| last.number);
                tracing::debug!(generation = last.name, number, "shipping goes on");
                let at = Timestamp::from_unix_millis(snapshot.at_ms).unwrap_or(self.0.started);
                line.next = number.max(snapshot.number) + 1;
                line.snapshot = Some((snapshot.number, at));
                self.enter(line, last.name.clone());
                return Ok(());
            }
        }
        self.begin_behind(line, &generations).await
    }

    /// Where in the log a generation ends, and its latest snapshot; `None` if it is of no use.
    async fn end_of(&self, generation: &Generation) -> Result<Option<(Place, SnapshotName)>> {
        let (target, name) = (&self.0.options.target, &generation.name);
        let Some(snapshot) = generation.snapshots.last().copied() else { return Ok(None) };
        let behind = generation.segments.last().filter(|last| last.number > snapshot.number);
        let place = match behind {
            Some(last) => target.segment(name, *last).await.map(|segment| segment.end()),
            None => Note::read(target, name, snapshot).await.map(|note| note.place()),
        };
        match place {
            Ok(place) => Ok(place.map(|place| (place, snapshot))),
            Err(error) if error.kind() == ErrorKind::Invalid => {
                tracing::warn!("what was shipped last is damaged: {}", error.log_text());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn begin(&self, line: &mut Line) -> Result<()> {
        let generations = self.0.options.target.generations().await?;
        self.begin_behind(line, &generations).await
    }

    async fn begin_behind(&self, line: &mut Line, generations: &[Generation]) -> Result<()> {
        let newest = generations.last().and_then(|last| names::generation_number(&last.name)).unwrap_or(0);
        let tail = self.0.tail.clone();
        self.0.store.write_alone(BEGIN_MAX, move |tx| tail.begin(tx)).await?;
        *line = Line { next: 1, ..Line::default() };
        self.enter(line, names::generation(newest + 1));
        Ok(())
    }

    fn enter(&self, line: &mut Line, name: String) {
        let number = names::generation_number(&name).unwrap_or(0);
        self.0.generation.store(number, Ordering::Release);
        tracing::info!(generation = name, "changes are shipped");
        self.lock().generation.clone_from(&name);
        line.generation = Some(name);
    }

    /// Has a snapshot taken if it is time for one and there is anything new.
    async fn add_snapshot(&self, line: &mut Line) -> Result<()> {
        let Some((number, at)) = line.snapshot else { return Ok(()) };
        let due = at.plus_seconds(self.0.options.snapshot_hours.saturating_mul(3600));
        let now = self.0.tail.now();
        // A clock that was set back far must not keep it off for ever.
        let is_due = now >= due || now < at.plus_seconds(-3600);
        let has_failed = self.0.redo.load(Ordering::Acquire) == SNAPSHOT;
        let wants_one = has_failed || (is_due && line.next > number + 1);
        if !wants_one || self.0.snapshots.try_lock().is_err() {
            return Ok(());
        }
        self.0.redo.store(NOTHING, Ordering::Release);
        let tail = self.0.tail.clone();
        self.0.store.write_alone(BEGIN_MAX, move |tx| tail.add_snapshot(tx)).await.map(|_| ())
    }

    /// Lets a task make something of a snapshot.
    fn start_snapshot(&self, line: &mut Line, snapshot: Snapshot) {
        let Some(generation) = line.generation.clone() else { return };
        let name = SnapshotName { number: line.next - 1, at_ms: snapshot.at.unix_millis() };
        line.snapshot = Some((name.number, snapshot.at));
        let shipper = self.clone();
        tokio::spawn(async move {
            let _turn = shipper.0.snapshots.lock().await;
            let done = shipper.make_snapshot(&generation, name, snapshot).await;
            let Err(error) = done else { return shipper.lock().snapshot_error.clear() };
            tracing::error!("a copy of the database wasn't shipped as it should be: {}", error.log_text());
            shipper.lock().snapshot_error = error.log_text();
            tokio::time::sleep(AGAIN).await;
            // What isn't good can't be mended by what comes behind it.
            let redo = if error.kind() == ErrorKind::Invalid { GENERATION } else { SNAPSHOT };
            shipper.0.redo.store(redo, Ordering::Release);
        });
    }

    async fn make_snapshot(&self, generation: &str, name: SnapshotName, snapshot: Snapshot) -> Result<()> {
        let work = Work::new(&self.0.work)?;
        let (packed, has_files) = (work.0.join("snapshot"), self.0.options.has_files);
        let to = packed.clone();
        let packing = spawn_blocking(move || snapshot::pack(snapshot, has_files, &to));
        let note = serde_json::to_vec(&packing.await.map_err(Error::internal)??).map_err(Error::internal)?;
        let storage = self.0.options.target.storage();
        while let Err(error) = storage.put_copy(&name.data_key(generation), &packed).await {
            if Some(self.0.generation.load(Ordering::Acquire)) != names::generation_number(generation) {
                return Ok(());
            }
            self.lock().snapshot_error = error.log_text();
            tokio::time::sleep(AGAIN).await;
        }
        fs::remove_file(&packed).map_err(unwritten)?;
        fault::point("snapshot shipped");
        self.0.options.target.put(&name.note_key(generation), note).await?;
        fault::point("snapshot noted");
        self.try_out(generation, name, &work.0).await?;
        self.lock().verified_at = Some(self.0.tail.now());
        let hours = self.0.options.retention_hours;
        prune::prune(&self.0.options.target, Retention { now: self.0.tail.now(), hours }).await
    }

    /// Restores what was shipped: the segments up to the snapshot, if there is an earlier one, and the snapshot itself.
    async fn try_out(&self, generation: &str, name: SnapshotName, work: &Path) -> Result<()> {
        let target = &self.0.options.target;
        let found = target.generations().await?.into_iter().find(|found| found.name == generation);
        let found = found.ok_or_else(|| Error::internal("a generation is gone"))?;
        let last = found.segments.iter().copied().find(|segment| segment.number == name.number);
        let earlier: Vec<SnapshotName> =
            found.snapshots.iter().rev().filter(|snapshot| snapshot.number < name.number).copied().collect();
        let of_it = Plan { generation: generation.to_owned(), snapshots: vec![name], last: None, unknown_until: None };
        let through = Plan { snapshots: earlier, last, ..of_it.clone() };
        for plan in [through, of_it] {
            if plan.snapshots.is_empty() {
                continue;
            }
            let wanted = Wanted::Latest;
            let restoration = Restoration { target, wanted, up_to_gap: false, progress: &Silent };
            restoration.materialize(&plan, &found.segments, work).await?;
            let (file, load) = (work.join(DATA), self.0.options.load);
            let examined = file.clone();
            spawn_blocking(move || examine(&examined, load)).await.map_err(Error::internal)??;
            fs::remove_file(file).map_err(unwritten)?;
        }
        tracing::info!(generation, number = name.number, "what was shipped could be restored");
        target.put(&name.good_key(generation), b"good\n".to_vec()).await
    }

    /// Removes what earlier runs of the program haven't finished. For its start, before anything is shipped.
    pub fn remove_leftovers(&self) {
        if let Err(error) = remove_folder(&self.0.work) {
            tracing::warn!(%error, "what is left of a copy of the database can't be removed yet");
        }
        self.0.options.target.storage().remove_leftovers();
    }

    fn lock(&self) -> MutexGuard<'_, ShippingState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A folder that goes when it is dropped.
struct Work(PathBuf);

impl Work {
    fn new(within: &Path) -> Result<Work> {
        let path = within.join(ids::record_id());
        crate::backup::folder::make(&path)?;
        Ok(Work(path))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What is left goes at the next start.
        let _ = fs::remove_dir_all(&self.0);
    }
}
