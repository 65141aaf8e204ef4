//! What a store counts while it runs, and how it shows that.
//!
//! Written by the threads and by whoever hands them jobs, without locks; read by [`Store::stats`] and
//! [`Store::times`]. Counters begin at zero when the store is opened.
//!
//! [`Store::stats`]: super::Store::stats
//! [`Store::times`]: super::Store::times

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::base::histogram::{Distribution, Histogram};

/// Bounds for the number of jobs in a group.
const GROUP_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// The counters of a store.
pub(super) struct Figures {
    pub groups: AtomicU64,
    pub commits: AtomicU64,
    pub lost_groups: AtomicU64,
    pub writes: AtomicU64,
    pub largest_group: AtomicU64,
    pub wal_bytes: AtomicU64,
    pub checkpoints: AtomicU64,
    pub failed_checkpoints: AtomicU64,
    pub readers_busy: AtomicUsize,
    pub reads_refused: AtomicU64,
    pub writes_refused: AtomicU64,
    pub read_wait: Histogram,
    pub read_run: Histogram,
    pub write_wait: Histogram,
    pub commit: Histogram,
    pub group_size: Histogram,
}

impl Figures {
    pub fn new() -> Figures {
        let zero = || AtomicU64::new(0);
        Figures {
            groups: zero(),
            commits: zero(),
            lost_groups: zero(),
            writes: zero(),
            largest_group: zero(),
            wal_bytes: zero(),
            checkpoints: zero(),
            failed_checkpoints: zero(),
            readers_busy: AtomicUsize::new(0),
            reads_refused: zero(),
            writes_refused: zero(),
            read_wait: Histogram::of_durations(),
            read_run: Histogram::of_durations(),
            write_wait: Histogram::of_durations(),
            commit: Histogram::of_durations(),
            group_size: Histogram::new(GROUP_BOUNDS),
        }
    }

    /// The distributions so far.
    pub fn times(&self) -> StoreTimes {
        StoreTimes {
            read_wait: self.read_wait.distribution(),
            read_run: self.read_run.distribution(),
            write_wait: self.write_wait.distribution(),
            commit: self.commit.distribution(),
            group_size: self.group_size.distribution(),
        }
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Figures of a running store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Reads that wait for a thread.
    pub reads_waiting: usize,
    /// Writes that wait for the writer.
    pub writes_waiting: usize,
    /// Reads that were refused, because too many waited or they had waited too long.
    pub reads_refused: u64,
    /// Writes, likewise.
    pub writes_refused: u64,
    /// Threads that read.
    pub readers: usize,
    /// Those that have something to do at this moment.
    pub readers_busy: usize,
    /// Groups that were begun.
    pub groups: u64,
    /// Groups that were committed.
    pub commits: u64,
    /// Groups that could not be committed.
    pub lost_groups: u64,
    /// Jobs that were committed.
    pub writes: u64,
    /// Jobs in the largest group that was committed.
    pub largest_group: u64,
    /// Size of the write-ahead log after the latest commit or checkpoint, in bytes in use.
    pub wal_bytes: u64,
    /// How often the write-ahead log was copied into the database, or as much of it as readers allowed.
    pub checkpoints: u64,
    /// How often that failed.
    pub failed_checkpoints: u64,
    /// Statements that took longer than they should.
    pub slow_statements: u64,
}

/// How long things took in a running store, in microseconds, and how large groups were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreTimes {
    /// How long reads waited for a thread.
    pub read_wait: Distribution,
    /// How long they ran.
    pub read_run: Distribution,
    /// How long writes waited for the writer.
    pub write_wait: Distribution,
    /// How long commits took.
    pub commit: Distribution,
    /// Jobs in groups that were committed; not a duration.
    pub group_size: Distribution,
}
