//! Where entries wait until they are written: bounded by number and size, and never in anybody's way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::RequestLog;
use super::allowance::Allowance;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Entries from which they should be written at once.
    pub enough: usize,
    /// Entries that may wait; what comes on top is dropped.
    pub entries: usize,
    /// The same in bytes, about.
    pub bytes: usize,
    /// Entries of a second about what went well, and as many about what failed; others are dropped.
    pub per_second: u64,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits.
    Waits,
    /// It waits, and there are enough to be written now.
    Enough,
    /// There was no room for it.
    Dropped,
}

/// What was taken out at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// In the order in which they came.
    pub entries: Vec<RequestLog>,
    /// How many were dropped since the batch before.
    pub dropped: u64,
}

/// The queue.
pub struct Queue {
    bounds: Bounds,
    waiting: Mutex<Waiting>,
    successes: Allowance,
    failures: Allowance,
    dropped_ever: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    batch: Batch,
    bytes: usize,
}

impl Queue {
    /// An empty one.
    pub fn new(bounds: Bounds) -> Queue {
        let allowance = || Allowance::new(bounds.per_second);
        let (successes, failures) = (allowance(), allowance());
        Queue { bounds, waiting: Mutex::default(), successes, failures, dropped_ever: AtomicU64::new(0) }
    }

    /// Whether there is to be an entry about something; otherwise it counts as dropped. Asked before the entry is made,
    /// so that what isn't kept costs next to nothing.
    pub fn admits(&self, failed: bool) -> bool {
        let is_admitted = if failed { self.failures.take() } else { self.successes.take() };
        if !is_admitted {
            self.lost(1);
        }
        is_admitted
    }

    /// Adds an entry if there is room. Takes no longer than that, whatever becomes of those that wait.
    pub fn push(&self, entry: RequestLog) -> Pushed {
        let size_bytes = entry.size_bytes();
        let mut waiting = self.lock();
        let Waiting { batch, bytes } = &mut *waiting;
        if batch.entries.len() >= self.bounds.entries || *bytes + size_bytes > self.bounds.bytes {
            batch.dropped += 1;
            self.dropped_ever.fetch_add(1, Ordering::Relaxed);
            return Pushed::Dropped;
        }
        *bytes += size_bytes;
        batch.entries.push(entry);
        if batch.entries.len() >= self.bounds.enough { Pushed::Enough } else { Pushed::Waits }
    }

    /// Takes out all that wait.
    pub fn take(&self) -> Batch {
        std::mem::take(&mut *self.lock()).batch
    }

    /// Notes that `count` entries that were taken out could not be written.
    pub fn lost(&self, count: u64) {
        self.lock().batch.dropped += count;
        self.dropped_ever.fetch_add(count, Ordering::Relaxed);
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.lock().batch.entries.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were dropped or lost since the program started.
    pub fn dropped_ever(&self) -> u64 {
        self.dropped_ever.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(url: &str) -> RequestLog {
        RequestLog::new("GET", url)
    }

    fn urls(batch: &Batch) -> Vec<&str> {
        batch.entries.iter().map(|entry| entry.url.as_str()).collect()
    }

    #[test]
    fn a_full_queue_drops_and_counts() {
        let queue = Queue::new(Bounds { enough: 2, entries: 3, bytes: 1 << 20, per_second: 9 });
        let pushed: Vec<Pushed> = ["/a", "/b", "/c", "/d", "/e"].map(|url| queue.push(entry(url))).to_vec();
        use Pushed::{Dropped, Enough, Waits};
        assert_eq!(pushed, [Waits, Enough, Enough, Dropped, Dropped]);
        assert_eq!((queue.len(), queue.dropped_ever()), (3, 2));
        let batch = queue.take();
        assert_eq!((urls(&batch), batch.dropped), (vec!["/a", "/b", "/c"], 2));
        assert_eq!(queue.push(entry("/f")), Waits);
        let batch = queue.take();
        assert_eq!((urls(&batch), batch.dropped), (vec!["/f"], 0));
        assert_eq!((queue.is_empty(), queue.dropped_ever()), (true, 2));
    }

    #[test]
    fn failures_have_an_allowance_of_their_own() {
        let queue = Queue::new(Bounds { enough: 2, entries: 3, bytes: 1 << 20, per_second: 0 });
        assert!(!queue.admits(false) && !queue.admits(true));
        assert_eq!((queue.take().dropped, queue.dropped_ever()), (2, 2));
        let queue = Queue::new(Bounds { enough: 2, entries: 3, bytes: 1 << 20, per_second: 1 });
        assert!(queue.admits(false) && queue.admits(true));
    }

    #[test]
    fn large_entries_are_bounded_too() {
        let queue = Queue::new(Bounds { enough: 100, entries: 100, bytes: 5000, per_second: 9 });
        let large = "x".repeat(2000);
        assert_eq!(queue.push(entry(&large)), Pushed::Waits);
        assert_eq!(queue.push(entry(&large)), Pushed::Waits);
        assert_eq!(queue.push(entry(&large)), Pushed::Dropped);
        queue.take();
        assert_eq!(queue.push(entry(&large)), Pushed::Waits);
    }

    #[test]
    fn what_could_not_be_written_is_told_with_the_next_batch() {
        let queue = Queue::new(Bounds { enough: 2, entries: 3, bytes: 1 << 20, per_second: 9 });
        queue.lost(5);
        assert_eq!((queue.take().dropped, queue.take().dropped, queue.dropped_ever()), (5, 0, 5));
    }
}
