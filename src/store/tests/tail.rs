//! The write-ahead log as it is shipped: what was read, put together again, is the database.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::base::Timestamp;
use crate::store::wal::{self, End, Place};
use crate::store::{Commit, Piece, Tail, Taken};

/// A store whose log is kept, and starts over as often as can be.
fn open_kept(folder: &Path) -> (Store, Arc<Tail>) {
    open_with(folder, 4096)
}

/// One whose log starts over when it has this size.
fn open_with(folder: &Path, wal_soft_limit_bytes: u64) -> (Store, Arc<Tail>) {
    let store = open_in(folder, |options| {
        options.keeps_log = true;
        options.wal_soft_limit_bytes = wal_soft_limit_bytes;
    });
    let store = store.expect("it can be opened");
    let tail = store.tail().expect("its log is kept");
    (store, tail)
}

fn begin(store: &Store, tail: &Arc<Tail>) {
    let tail = tail.clone();
    store.write_blocking(move |tx| tail.begin(tx)).expect("it can begin");
}

fn new(folder: &Path) -> (Store, Arc<Tail>) {
    make_table(open_kept(folder))
}

fn make_table((store, tail): (Store, Arc<Tail>)) -> (Store, Arc<Tail>) {
    store
        .write_blocking(|tx| tx.execute_batch("CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER) STRICT"))
        .expect("made");
    (store, tail)
}

/// A copy of the database, made of what was read.
#[derive(Default)]
struct Replica {
    bytes: Vec<u8>,
    commits: Vec<Commit>,
    ends: Vec<Place>,
    snapshots: usize,
    gaps: usize,
}

impl Replica {
    fn apply(&mut self, piece: &Piece) {
        let page_bytes = piece.end.page_bytes() as usize;
        for entry in piece.pages.chunks_exact(page_bytes + 4) {
            let number = u32::from_be_bytes(entry[..4].try_into().expect("four bytes")) as usize;
            if self.bytes.len() < number * page_bytes {
                self.bytes.resize(number * page_bytes, 0);
            }
            self.bytes[(number - 1) * page_bytes..number * page_bytes].copy_from_slice(&entry[4..]);
        }
        if let Some(commit) = piece.commits.last() {
            self.bytes.resize(commit.db_pages as usize * page_bytes, 0);
        }
        self.commits.extend(&piece.commits);
        self.ends.push(piece.end);
    }

    /// Takes until there is nothing more.
    fn follow(&mut self, store: &Store, tail: &Arc<Tail>, folder: &Path) {
        loop {
            match tail.take().expect("it can be read") {
                Taken::Nothing => return,
                Taken::Piece(piece) => self.apply(&piece),
                Taken::Snapshot(snapshot) => {
                    let file = folder.join("snapshot");
                    let _ = fs::remove_file(&file);
                    snapshot.copy_to(&file).expect("it can be copied");
                    let copied = fs::read(&file).expect("it is there");
                    if self.snapshots > 0 && self.gaps == 0 {
                        assert!(same(&copied, &self.bytes), "the snapshot isn't what came before it");
                    }
                    self.bytes = copied;
                    self.snapshots += 1;
                }
                Taken::Lost => {
                    self.gaps += 1;
                    begin(store, tail);
                }
            }
        }
    }

    /// The same until everything is there that is committed by now.
    #[track_caller]
    fn expect_all(&mut self, store: &Store, tail: &Arc<Tail>, folder: &Path) {
        self.follow(store, tail, folder);
        let file = folder.join("copy");
        let _ = fs::remove_file(&file);
        store.copy_to(&file, &mut |_, _| ()).expect("it can be copied");
        assert!(same(&fs::read(&file).expect("it is there"), &self.bytes), "what was read isn't the database");
    }

    fn logs(&self) -> usize {
        let mut count = usize::from(!self.ends.is_empty());
        count += self.ends.windows(2).filter(|pair| !pair[0].is_in_log_of(&pair[1])).count();
        count
    }
}

/// Whether two databases are the same but for what copying changes: counters in the first page.
fn same(one: &[u8], other: &[u8]) -> bool {
    let plain = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        for at in (18..20).chain(24..28).chain(40..44).chain(92..100) {
            bytes[at] = 0;
        }
        bytes
    };
    plain(one) == plain(other)
}

fn write_some(store: &Store, name: &str, count: usize) {
    for at in 0..count {
        let id = format!("{name}-{at}-{}", "x".repeat(at % 50 * 20));
        store.write_blocking(move |tx| insert(tx, &id)).expect("it is written");
    }
}

#[test]
fn what_is_read_is_the_database_however_often_the_log_starts_over() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (store, tail) = new(folder.path());
    begin(&store, &tail);
    let mut replica = Replica::default();
    for round in 0..10 {
        write_some(&store, &format!("r{round}"), 30);
        if round % 3 == 1 {
            let tail = tail.clone();
            assert!(store.write_blocking(move |tx| tail.add_snapshot(tx)).expect("it can be taken"));
        }
        replica.expect_all(&store, &tail, other.path());
    }
    store.write_blocking(|tx| tx.execute(&sql("DELETE FROM t WHERE id LIKE 'r3%'"))).expect("they are deleted");
    replica.expect_all(&store, &tail, other.path());
    assert_eq!((replica.gaps, replica.snapshots), (0, 4));
    assert!(replica.logs() > 5, "the log has started over {} times", replica.logs());
    assert!(replica.commits.is_sorted_by_key(|commit| commit.at_ms));
}

#[test]
fn a_large_transaction_comes_in_pieces_and_ends_whole() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (store, tail) = new(folder.path());
    begin(&store, &tail);
    let mut replica = Replica::default();
    let fill = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 6000) \
                INSERT INTO t SELECT hex(randomblob(2000)), x FROM c";
    store.write_blocking(move |tx| tx.execute(&sql(fill))).expect("they are written");
    write_some(&store, "after", 3);
    replica.expect_all(&store, &tail, other.path());
    assert!(replica.ends.len() > 2, "{} pieces", replica.ends.len());
    assert_eq!(replica.gaps, 0);
}

#[test]
fn what_another_process_writes_is_read_too() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (store, tail) = new(folder.path());
    begin(&store, &tail);
    let mut replica = Replica::default();
    write_some(&store, "ours", 5);
    replica.expect_all(&store, &tail, other.path());
    let (second, _) = open_kept(folder.path());
    write_some(&second, "theirs", 5);
    second.close();
    let started = Instant::now();
    while replica.commits.len() < 10 {
        assert!(started.elapsed() < Duration::from_secs(30), "{} commits were read", replica.commits.len());
        replica.follow(&store, &tail, other.path());
    }
    write_some(&store, "again", 5);
    replica.expect_all(&store, &tail, other.path());
    assert_eq!(replica.gaps, 0);
}

#[test]
fn where_nobody_ships_the_hard_limit_wins_and_the_gap_is_known() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open_in(folder.path(), |options| {
        options.keeps_log = true;
        options.wal_soft_limit_bytes = 1 << 20;
        options.wal_hard_limit_bytes = 2 << 20;
    });
    let store = store.expect("it can be opened");
    let tail = store.tail().expect("its log is kept");
    store
        .write_blocking(|tx| tx.execute_batch("CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER) STRICT"))
        .expect("made");
    begin(&store, &tail);
    let mut replica = Replica::default();
    replica.expect_all(&store, &tail, other.path());
    // As much as may wait, and the log itself.
    let fill = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) \
                INSERT INTO t SELECT hex(randomblob(2000)), x FROM c";
    let mut largest = 0;
    for _ in 0..24 {
        store.write_blocking(move |tx| tx.execute(&sql(fill))).expect("it is written");
        largest = largest.max(store.stats().wal_bytes);
    }
    assert!(largest < 20 << 20, "the log had {largest} bytes");
    replica.expect_all(&store, &tail, other.path());
    assert_eq!((replica.gaps, replica.snapshots), (1, 2));
    write_some(&store, "after", 5);
    replica.expect_all(&store, &tail, other.path());
    assert_eq!(replica.gaps, 1);
}

#[test]
fn the_next_run_goes_on_where_this_one_has_stopped() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (store, tail) = make_table(open_with(folder.path(), 64 << 20));
    begin(&store, &tail);
    let mut replica = Replica::default();
    write_some(&store, "one", 5);
    replica.expect_all(&store, &tail, other.path());
    let place = *replica.ends.last().expect("something was read");
    let parsed = Place::parse(&place.to_string()).expect("it is a place");
    assert_eq!(parsed, place);
    write_some(&store, "unread", 3);
    store.close();
    drop((store, tail));

    let (store, tail) = open_with(folder.path(), 64 << 20);
    assert!(tail.resume(place).expect("it can be read"));
    assert!(!tail.resume(place).expect("it can be read"), "it goes on already");
    let known = replica.commits.len();
    write_some(&store, "two", 5);
    replica.expect_all(&store, &tail, other.path());
    assert_eq!((replica.gaps, replica.snapshots), (0, 1));
    // Those that were left have the time that was noted, not that of the new start.
    assert_eq!(replica.commits.len(), known + 8);
    assert!(replica.commits.is_sorted_by_key(|commit| commit.at_ms));
    let place = *replica.ends.last().expect("something was read");
    store.close();
    drop((store, tail));

    // Somebody who doesn't know that it is shipped empties the log.
    let store = open_in(folder.path(), |_| {}).expect("it can be opened");
    store.close();
    drop(store);
    let (_store, tail) = open_kept(folder.path());
    assert!(!tail.resume(place).expect("it can be read"));
}

static CLOCK: AtomicI64 = AtomicI64::new(0);

#[test]
fn a_commit_has_the_time_of_its_clock_wherever_that_jumps() {
    fn clock() -> Timestamp {
        Timestamp::from_unix_millis(CLOCK.load(Ordering::SeqCst)).expect("a time")
    }
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open_in(folder.path(), |options| {
        options.keeps_log = true;
        options.clock = clock;
    });
    let store = store.expect("it can be opened");
    let tail = store.tail().expect("its log is kept");
    store
        .write_blocking(|tx| tx.execute_batch("CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER) STRICT"))
        .expect("made");
    begin(&store, &tail);
    let mut replica = Replica::default();
    let jumps = [1000, 9000, 500, 700, 100_000];
    for at_ms in jumps {
        CLOCK.store(at_ms, Ordering::SeqCst);
        write_some(&store, &at_ms.to_string(), 1);
    }
    replica.expect_all(&store, &tail, other.path());
    let times: Vec<i64> = replica.commits.iter().map(|commit| commit.at_ms).collect();
    assert_eq!(times, jumps);
}

fn ends_of(bytes: &[u8], file: &Path) -> Vec<End> {
    fs::write(file, bytes).expect("it can be written");
    let mut log = File::open(file).expect("it is there");
    let mut ends = Vec::new();
    if let Some(start) = wal::beginning(&mut log).expect("it can be read") {
        wal::scan(&mut log, start, |end| ends.push(end)).expect("it can be read");
    }
    ends
}

#[test]
fn only_whole_transactions_of_this_log_are_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _tail) = new(folder.path());
    let before = fs::read(folder.path().join("data.db-wal")).expect("there is a log");
    write_some(&store, "x", 4);
    let whole = fs::read(folder.path().join("data.db-wal")).expect("there is a log");
    let file = folder.path().join("log");
    let ends = ends_of(&whole, &file);
    assert!(ends.len() >= 5, "{ends:?}");
    let frame = |number: u64| 32 + (number as usize) * (24 + 4096);
    // Cut off anywhere in a frame, only what ends before it is there.
    for end in &ends {
        for length in [frame(end.place.frames) - 1, frame(end.place.frames) - 4096, frame(end.place.frames) - 4119] {
            let expect = ends.iter().filter(|other| other.place.frames < end.place.frames).count();
            assert_eq!(ends_of(&whole[..length], &file).len(), expect);
        }
    }
    // A bit that is another one: in the salts, in the checksum, in the page.
    let second = frame(ends[1].place.frames);
    for at in [second + 8, second + 12, second + 17, second + 24, second + 4000] {
        let mut altered = whole.clone();
        altered[at] ^= 4;
        assert_eq!(ends_of(&altered, &file).len(), 2, "at {at}");
    }
    for at in 0..32 {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        assert_eq!(ends_of(&altered, &file), [], "at {at}");
    }
    // What an earlier use of the file has left behind isn't taken for something new.
    let mut left = whole.clone();
    left.extend_from_slice(&before[32..]);
    assert_eq!(ends_of(&left, &file), ends);
    for place in ends.iter().map(|end| end.place) {
        let mut log = File::open(&file).expect("it is there");
        assert!(wal::has(&mut log, &place).expect("it can be read"));
        let mut other = place;
        other.frames += 1;
        assert!(!wal::has(&mut log, &other).expect("it can be read"));
    }
    assert_eq!(Place::parse("1.2.3"), None);
    assert_eq!(Place::parse("1.0.0.0.0.3.0"), None, "no size of a page");
}
