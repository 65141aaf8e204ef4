//! How long the statements of a job may run.
//!
//! SQLite calls [`Deadline::is_over`] every thousand or so steps of a statement and interrupts it when the answer is
//! yes. [`Connection`](super::Connection) asks too before each statement, so that many quick ones end as well.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const NEVER: u64 = u64::MAX;

/// Ends typed statements before their time, from any thread, also before they have begun. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends them.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has ended them.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A point in time that can be moved; shared by a connection and its progress handler, which run on one thread.
pub(super) struct Deadline {
    origin: Instant,
    nanos: AtomicU64,
    cancel: Mutex<Option<Cancel>>,
}

/// While it is there, the [`Cancel`] that it was made with counts.
pub(super) struct Watch<'d>(&'d Deadline);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

impl Deadline {
    /// No deadline for now.
    pub fn new() -> Deadline {
        Deadline { origin: Instant::now(), nanos: AtomicU64::new(NEVER), cancel: Mutex::new(None) }
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

    /// Lets `cancel` end it, too, until what is given back goes.
    pub fn watch(&self, cancel: &Cancel) -> Watch<'_> {
        *self.lock() = Some(cancel.clone());
        Watch(self)
    }

    /// Whether it has passed, or was cancelled.
    pub fn is_over(&self) -> bool {
        let nanos = self.nanos.load(Ordering::Relaxed);
        let has_passed = nanos != NEVER && self.origin.elapsed().as_nanos() >= u128::from(nanos);
        has_passed || self.lock().as_ref().is_some_and(Cancel::is_cancelled)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Cancel>> {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (deadline, cancel) = (Deadline::new(), Cancel::default());
        let watch = deadline.watch(&cancel);
        assert!(!deadline.is_over());
        cancel.clone().cancel();
        assert!(deadline.is_over());
        drop(watch);
        assert!(!deadline.is_over());
        let _watch = deadline.watch(&cancel);
        assert!(deadline.is_over());
    }
}
