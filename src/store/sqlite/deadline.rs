//! How long the statements of a job may run.
//!
//! SQLite calls [`Deadline::is_over`] every thousand or so steps of a statement and interrupts it when the answer is
//! yes. [`Connection`](super::Connection) asks too before each statement, so that many quick ones end as well.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const NEVER: u64 = u64::MAX;

/// Ends typed statements before their time, from any thread, also before they have begun. Clones are one.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Mutex<Cancelling>>);

#[derive(Default)]
struct Cancelling {
    is_cancelled: bool,
    /// That of what runs now.
    deadline: Option<Arc<Deadline>>,
}

/// What runs until it goes.
pub(super) struct Watch<'c>(&'c Cancel);

impl Cancel {
    /// Ends them.
    pub fn cancel(&self) {
        let mut cancelling = self.lock();
        cancelling.is_cancelled = true;
        if let Some(deadline) = &cancelling.deadline {
            deadline.pass();
        }
    }

    /// Whether somebody has ended them.
    pub fn is_cancelled(&self) -> bool {
        self.lock().is_cancelled
    }

    /// From now on, and until what is given back goes, ending them is moving this deadline to now.
    pub(super) fn watch(&self, deadline: &Arc<Deadline>) -> Watch<'_> {
        let mut cancelling = self.lock();
        if cancelling.is_cancelled {
            deadline.pass();
        }
        cancelling.deadline = Some(deadline.clone());
        Watch(self)
    }

    fn lock(&self) -> MutexGuard<'_, Cancelling> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.lock().deadline = None;
    }
}

/// A point in time that can be moved; shared by a connection, its progress handler, and whoever may cancel.
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

    /// Sets it to now.
    pub fn pass(&self) {
        self.nanos.store(0, Ordering::Relaxed);
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

    #[test]
    fn is_cancelled_only_while_somebody_watches() {
        let (deadline, cancel) = (Arc::new(Deadline::new()), Cancel::default());
        deadline.arm(Duration::from_secs(3600));
        let watch = cancel.watch(&deadline);
        assert!(!deadline.is_over());
        cancel.clone().cancel();
        assert!(deadline.is_over() && cancel.is_cancelled());
        drop(watch);
        deadline.arm(Duration::from_secs(3600));
        cancel.cancel();
        assert!(!deadline.is_over());
        let _watch = cancel.watch(&deadline);
        assert!(deadline.is_over());
    }
}
