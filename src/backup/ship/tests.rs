//! What is shipped and brought back, with a real store and a folder as the target.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use super::plan::{self, Plan};
use super::restore::Restoration;
use super::{Options, Restored, Shipper, Target, Wanted};
use crate::backup::DATA;
use crate::base::progress::Silent;
use crate::base::{Error, ErrorKind, Result, SqlValue, Statement, Timestamp};
use crate::domain::Schema;
use crate::settings::Location;
use crate::store::{DatabaseCopy, ReadTx, Store, StoreOptions};

fn empty_schema(_: &ReadTx<'_>) -> Result<Schema> {
    Ok(Schema::new(Vec::new()))
}

/// A store that is shipped to a folder beside it.
struct World {
    folder: TempDir,
    store: Option<Store>,
    shipper: Option<Shipper>,
    clock: fn() -> Timestamp,
}

impl World {
    fn new(clock: fn() -> Timestamp) -> World {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut world = World { folder, store: None, shipper: None, clock };
        world.start();
        let table = "CREATE TABLE t (id TEXT PRIMARY KEY) STRICT";
        world.store().write_blocking(move |tx| tx.execute_batch(table)).expect("it can be made");
        world
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("target")
    }

    fn target(&self) -> Target {
        Target::open(&Location::Folder(self.place())).expect("it can be opened")
    }

    fn start(&mut self) {
        self.start_with(8760, 8760);
    }

    fn start_with(&mut self, snapshot_hours: i64, retention_hours: i64) {
        self.stop();
        let mut options = StoreOptions::new(self.data());
        (options.readers, options.keeps_log, options.clock) = (1, true, self.clock);
        options.wal_soft_limit_bytes = 16 << 10;
        let store = Store::open(options, empty_schema).expect("it can be opened");
        let target = self.target();
        let options = Options { target, retention_hours, snapshot_hours, has_files: false, load: empty_schema };
        self.shipper = Some(Shipper::new(options, &store, &self.data()).expect("it keeps its log"));
        self.store = Some(store);
    }

    fn stop(&mut self) {
        self.shipper = None;
        if let Some(store) = self.store.take() {
            store.close();
        }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("it is open")
    }

    fn shipper(&self) -> &Shipper {
        self.shipper.as_ref().expect("it runs")
    }

    fn write(&self, id: &str) {
        let statement = Statement::new("INSERT INTO t (id) VALUES (?1)", vec![SqlValue::from(id)]);
        self.store().write_blocking(move |tx| tx.execute(&statement)).expect("it is written");
    }

    /// Ships, until the first snapshot is there and good.
    async fn ship(&self) {
        self.shipper().round().await.expect("it can be shipped");
        self.until_good(1).await;
    }

    async fn until_good(&self, count: usize) {
        loop {
            let generations = self.target().generations().await.expect("it can be read");
            if generations.iter().map(|generation| generation.good.len()).sum::<usize>() >= count {
                return;
            }
            let state = self.shipper().state();
            assert_eq!((state.error.as_str(), state.snapshot_error.as_str()), ("", ""));
            tokio::task::yield_now().await;
        }
    }

    /// The rows of a moment.
    async fn restore(&self, wanted: Wanted, up_to_gap: bool) -> Result<(Vec<String>, Restored)> {
        let target = self.target();
        let generations = target.generations().await?;
        let plan: Plan = plan::find(&generations, wanted)?;
        let segments = generations.into_iter().find(|found| found.name == plan.generation).expect("it is one of them");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let restoration = Restoration { target: &target, wanted, up_to_gap, progress: &Silent };
        let (restored, _) = restoration.materialize(&plan, &segments.segments, folder.path()).await?;
        Ok((rows(&folder.path().join(DATA)), restored))
    }

    async fn rows_at(&self, at_ms: i64) -> String {
        self.restore(Wanted::At(at_ms), false).await.expect("it can be restored").0.join(" ")
    }

    async fn latest(&self) -> String {
        self.restore(Wanted::Latest, false).await.expect("it can be restored").0.join(" ")
    }

    /// The objects whose names end so.
    fn objects(&self, end: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for folder in fs::read_dir(self.place()).expect("it is there") {
            let folder = folder.expect("it can be read").path();
            let files = fs::read_dir(folder).expect("it is a folder").map(|file| file.expect("it can be read").path());
            found.extend(files.filter(|file| file.to_string_lossy().ends_with(end)));
        }
        found.sort();
        found
    }
}

fn rows(file: &Path) -> Vec<String> {
    super::restore::examine(file, empty_schema).expect("it is sound");
    let copy = DatabaseCopy::open(file).expect("it can be opened");
    let mut ids = Vec::new();
    let query = Statement::new("SELECT id FROM t ORDER BY rowid", Vec::new());
    let read = |tx: &ReadTx<'_>| {
        tx.rows(&query, |row| {
            ids.push(row.text(0)?.to_owned());
            Ok(())
        })
    };
    copy.read(read).expect("it can be read");
    ids
}

static JUMPING: AtomicI64 = AtomicI64::new(1_000_000);

#[tokio::test]
async fn any_moment_comes_back_also_if_the_clock_jumps() {
    fn clock() -> Timestamp {
        Timestamp::from_unix_millis(JUMPING.load(Ordering::SeqCst)).expect("a time")
    }
    let world = World::new(clock);
    world.ship().await;
    for (at_ms, id, is_shipped) in [
        (2_000_000, "a", true),
        (2_000_500, "b", false),
        (2_001_000, "c", true),
        // An hour ahead, and back again.
        (5_601_000, "d", true),
        (2_002_000, "e", false),
        (2_003_000, "f", true),
        // Back by a minute.
        (1_943_000, "g", true),
        (2_004_000, "h", true),
    ] {
        JUMPING.store(at_ms, Ordering::SeqCst);
        world.write(id);
        if is_shipped {
            world.shipper().round().await.expect("it can be shipped");
        }
    }
    for (at_ms, expect) in [
        (1_000_000, ""),
        (1_942_999, ""),
        // Everything before it in order, as it was committed at a time that was earlier.
        (1_943_000, "a b c d e f g"),
        (2_000_499, "a b c d e f g"),
        (2_003_999, "a b c d e f g"),
        (2_004_000, "a b c d e f g h"),
        (9_000_000, "a b c d e f g h"),
    ] {
        assert_eq!(world.rows_at(at_ms).await, expect, "{at_ms}");
    }
    let error = world.restore(Wanted::At(999_999), false).await.expect_err("it is before the first");
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

static ORDERLY: AtomicI64 = AtomicI64::new(1_000_000);

fn orderly() -> Timestamp {
    Timestamp::from_unix_millis(ORDERLY.fetch_add(1000, Ordering::SeqCst)).expect("a time")
}

#[tokio::test]
async fn each_commit_is_a_moment() {
    let world = World::new(orderly);
    world.ship().await;
    let mut expected = Vec::new();
    for at in 0..20 {
        world.write(&format!("{at}"));
        // The clock goes on with every look at it.
        expected.push((ORDERLY.load(Ordering::SeqCst) - 1, world_rows(at)));
        if at % 3 == 0 {
            world.shipper().round().await.expect("it can be shipped");
        }
    }
    world.shipper().round().await.expect("it can be shipped");
    for (at_ms, expect) in expected {
        assert_eq!(world.rows_at(at_ms).await, expect);
    }
}

fn world_rows(last: usize) -> String {
    (0..=last).map(|at| at.to_string()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn what_is_missing_or_altered_is_named_and_the_moment_before_it_is_there_for_who_wants_it() {
    let world = World::new(Timestamp::now);
    world.ship().await;
    for id in ["a", "b", "c"] {
        world.write(id);
        world.shipper().round().await.expect("it can be shipped");
    }
    let segments = world.objects(".seg");
    let [.., second, third] = &segments[..] else { panic!("{segments:?}") };
    let whole = fs::read(second).expect("it is there");
    for damaged in [None, Some(whole[..whole.len() / 2].to_vec()), Some([&whole[..50], b"x", &whole[51..]].concat())] {
        match &damaged {
            Some(bytes) => fs::write(second, bytes).expect("it can be written"),
            None => fs::remove_file(second).expect("it is there"),
        }
        let error = world.restore(Wanted::Latest, false).await.expect_err("it isn't whole");
        let text = error.message().to_owned();
        assert!(text.contains("--up-to-gap"), "{text}");
        assert!(text.contains(if damaged.is_some() { "damaged" } else { "missing" }), "{text}");
        let (ids, restored) = world.restore(Wanted::Latest, true).await.expect("there is something before it");
        assert_eq!((ids.join(" ").as_str(), restored.gap.is_some()), ("a", true));
    }
    fs::write(second, &whole).expect("it can be written");
    assert_eq!(world.latest().await, "a b c");
    fs::remove_file(third).expect("it is there");
    assert_eq!(world.latest().await, "a b", "the last one, and nobody can know that there was another");
    let [snapshot] = &world.objects(".db.gz")[..] else { panic!("one snapshot") };
    let mut bytes = fs::read(snapshot).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(snapshot, bytes).expect("it can be written");
    let error = world.restore(Wanted::Latest, true).await.expect_err("there is nothing to begin with");
    assert!(error.message().contains("damaged"), "{}", error.message());
}

#[tokio::test]
async fn old_segments_go_once_a_good_snapshot_makes_them_needless() {
    let mut world = World::new(Timestamp::now);
    world.ship().await;
    world.start_with(0, 8760);
    for (at, id) in ["a", "b", "c"].into_iter().enumerate() {
        world.write(id);
        // The first round ships it and asks for a snapshot, the second one takes that.
        world.shipper().round().await.expect("it can be shipped");
        world.shipper().round().await.expect("it can be shipped");
        world.until_good(at + 2).await;
        assert_eq!(world.latest().await, world_ids(at));
    }
    assert_eq!(world.target().generations().await.expect("it can be read").len(), 1, "it went on after the restart");
    assert!(world.objects(".seg").len() >= 3);
    // With no retention at all.
    world.start_with(0, 0);
    world.write("d");
    world.shipper().round().await.expect("it can be shipped");
    world.shipper().round().await.expect("it can be shipped");
    loop {
        if world.objects(".good").len() == 1 && world.objects(".db.gz").len() == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(world.objects(".seg").len(), 0);
    assert_eq!(world.latest().await, "a b c d");
    world.write("e");
    world.shipper().round().await.expect("it can be shipped");
    assert_eq!(world.latest().await, "a b c d e");
}

fn world_ids(last: usize) -> &'static str {
    ["a", "a b", "a b c"][last]
}

#[tokio::test]
async fn a_target_that_fails_costs_nothing_but_time() {
    let world = World::new(Timestamp::now);
    world.ship().await;
    world.write("a");
    world.shipper().round().await.expect("it can be shipped");
    let aside = world.folder.path().join("aside");
    fs::rename(world.place(), &aside).expect("it can be moved");
    fs::write(world.place(), "no folder").expect("it can be written");
    for id in ["b", "c", "d"] {
        world.write(id);
        let error: Error = world.shipper().round().await.expect_err("nothing can be written there");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    fs::remove_file(world.place()).expect("it is ours");
    fs::rename(&aside, world.place()).expect("it can be moved");
    world.shipper().round().await.expect("it can be shipped");
    assert_eq!(world.latest().await, "a b c d");
    let state = world.shipper().state();
    assert_eq!((state.gaps, state.error.as_str()), (0, ""));
    assert!(state.shipped_until.is_some() && state.segments >= 2 && state.bytes > 0);
}

#[tokio::test]
async fn another_program_that_empties_the_log_begins_another_generation() {
    let mut world = World::new(Timestamp::now);
    world.ship().await;
    world.write("a");
    world.shipper().round().await.expect("it can be shipped");
    world.stop();
    let store = Store::open(StoreOptions::new(world.data()), empty_schema).expect("it can be opened");
    let statement = Statement::new("INSERT INTO t (id) VALUES ('unseen')", Vec::new());
    store.write_blocking(move |tx| tx.execute(&statement)).expect("it is written");
    store.close();
    drop(store);
    world.start();
    world.shipper().round().await.expect("it can be shipped");
    world.until_good(2).await;
    world.write("b");
    world.shipper().round().await.expect("it can be shipped");
    assert_eq!(world.latest().await, "a unseen b");
    let generations = world.target().generations().await.expect("it can be read");
    let stretches = super::stretches(&generations);
    assert_eq!(stretches.len(), 2);
    let (ids, restored) = world.restore(Wanted::At(stretches[1].from - 1), false).await.expect("it can be restored");
    assert_eq!((ids.join(" ").as_str(), restored.unknown_until.is_some()), ("a", true));
}
