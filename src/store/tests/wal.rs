//! The write-ahead log stays bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const SOFT_BYTES: u64 = 64 << 10;
const HARD_BYTES: u64 = 128 << 10;
/// What one of the writes below can add: its pages and those of the tables' trees.
const GROUP_BYTES: u64 = 64 << 10;

fn open_small(statement_timeout: Duration) -> (Store, TempDir) {
    open(|options| {
        options.wal_soft_limit_bytes = SOFT_BYTES;
        options.wal_hard_limit_bytes = HARD_BYTES;
        options.statement_timeout = statement_timeout;
    })
}

/// Writes `count` rows of 8 KiB and gives the largest size of the log on the way.
fn load(store: &Store, count: usize) -> u64 {
    let write = |at: usize| {
        store.write_blocking(move |tx| insert(tx, &format!("{at}{}", "x".repeat(8 << 10)))).expect("ids differ");
        store.stats().wal_bytes
    };
    (0..count).map(write).max().unwrap_or(0)
}

#[test]
fn without_readers_it_stays_near_the_soft_limit() {
    let (store, folder) = open_small(Duration::from_secs(60));
    let largest = load(&store, 200);
    assert!(largest <= SOFT_BYTES + GROUP_BYTES, "{largest}");
    let file_bytes = std::fs::metadata(folder.path().join("data.db-wal")).expect("the log is there").len();
    assert!(file_bytes <= HARD_BYTES + GROUP_BYTES, "{file_bytes}");
}

#[test]
fn with_long_readers_it_stays_near_twice_the_hard_limit() {
    let (store, _folder) = open_small(Duration::from_millis(200));
    let done = Arc::new(AtomicBool::new(false));
    let (reading, is_reading) = mpsc::channel();
    let reader = {
        let (store, done) = (store.clone(), done.clone());
        thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let reading = reading.clone();
                let job = move |tx: &ReadTx<'_>| {
                    tx.exists(&sql("SELECT 1 FROM t"))?;
                    reading.send(()).map_err(Error::internal)?;
                    tx.rows(&sql(ENDLESS), |_| Ok(()))
                };
                expect_kind(store.read_blocking(job), ErrorKind::Timeout);
            }
        })
    };
    is_reading.recv().expect("it reads");
    let largest = load(&store, 60);
    done.store(true, Ordering::Relaxed);
    reader.join().expect("its reads are only interrupted");
    assert!(largest > SOFT_BYTES, "the reader was in the way: {largest}");
    assert!(largest <= 2 * HARD_BYTES + SOFT_BYTES + GROUP_BYTES, "{largest}");
    assert_eq!(ids(&store).len(), 60);
}
