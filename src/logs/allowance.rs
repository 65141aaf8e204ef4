//! How much is noted in a second: on a busy server, noting every request would cost more than answering it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The bits of the state that count; those above name the second.
const COUNT_BITS: u32 = 24;

/// An allowance that is there anew in each second.
pub(super) struct Allowance {
    per_second: u64,
    begun: Instant,
    /// The second, and how much of its allowance is used.
    state: AtomicU64,
}

impl Allowance {
    /// With nothing used. More than 2²⁴ in a second can't be counted.
    pub fn new(per_second: u64) -> Allowance {
        let per_second = per_second.min((1 << COUNT_BITS) - 1);
        Allowance { per_second, begun: Instant::now(), state: AtomicU64::new(0) }
    }

    /// Whether one more fits; if so, it is counted.
    pub fn take(&self) -> bool {
        self.take_in(self.begun.elapsed().as_secs())
    }

    fn take_in(&self, second: u64) -> bool {
        let used = |state: u64| if state >> COUNT_BITS == second { state & ((1 << COUNT_BITS) - 1) } else { 0 };
        let one_more = |state| (used(state) < self.per_second).then(|| second << COUNT_BITS | (used(state) + 1));
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_allowance() {
        let allowance = Allowance::new(3);
        let taken = |second, times| (0..times).filter(|_| allowance.take_in(second)).count();
        assert_eq!([taken(0, 2), taken(0, 2), taken(1, 1), taken(1, 9), taken(7, 9)], [2, 1, 1, 2, 3]);
        assert!(!Allowance::new(0).take_in(0));
        let most = Allowance::new(u64::MAX);
        assert!(most.take_in(u64::from(u32::MAX)) && most.take_in(u64::from(u32::MAX)));
    }
}
