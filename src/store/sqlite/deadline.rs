//! How long the statements of a job may run.
//!
//! SQLite calls [`Deadline::is_over`] every thousand or so steps of a statement and interrupts it when the answer is
//! yes. [`Connection`](super::Connection) asks too before each statement, so that many quick ones end as well.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const NEVER: u64 = u64::MAX;

/// A point in time that can be moved; shared by a connection and its progress handler, which run on one thread.
pub(super) struct Deadline {
    origin: Instant,
    nanos: AtomicU64,
}

impl Deadline {
    /// No deadline for now.
    pub fn new() -> Deadline {
        Deadline { origin: Instant::now(), nanos: AtomicU64::new(NEVER) }
    }

    /// Sets it to `limit` from now.
    pub fn arm(&self, limit: Duration) {
        let nanos = u64::try_from(self.origin.elapsed().saturating_add(limit).as_nanos()).unwrap_or(NEVER);
        self.nanos.store(nanos, Ordering::Relaxed);
    }

    /// Lifts it and gives what [`Deadline::restore`] needs.
    pub fn lift(&self) -> u64 {
        self.nanos.swap(NEVER, Ordering::Relaxed)
    }

    /// Sets what [`Deadline::lift`] has lifted.
    pub fn restore(&self, nanos: u64) {
        self.nanos.store(nanos, Ordering::Relaxed);
    }

    /// Whether it has passed.
    pub fn is_over(&self) -> bool {
        let nanos = self.nanos.load(Ordering::Relaxed);
        nanos != NEVER && self.origin.elapsed().as_nanos() >= u128::from(nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_only_while_it_is_set() {
        let deadline = Deadline::new();
        assert!(!deadline.is_over());
        deadline.arm(Duration::ZERO);
        assert!(deadline.is_over());
        let lifted = deadline.lift();
        assert!(!deadline.is_over());
        deadline.restore(lifted);
        assert!(deadline.is_over());
        deadline.arm(Duration::from_secs(3600));
        assert!(!deadline.is_over());
        deadline.arm(Duration::MAX / 2);
        assert!(!deadline.is_over());
    }
}
