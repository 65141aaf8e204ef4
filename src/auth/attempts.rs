//! How often the second step of one sign-in was tried in vain: after a few times it has to begin again with the first.
//!
//! Besides this, `throttle` slows down whoever guesses at one account's factors in many sign-ins. An attempt is counted
//! before it is looked at, so that many at once don't get past the bound. In memory, by ids that the server has made.

use std::time::Duration;

use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::base::limits::{SECOND_STEP_MAX_FAILURES, SECOND_STEPS_COUNTED, SECOND_STEPS_COUNTED_SECONDS};

/// Attempts by the id of the sign-in.
pub struct Attempts(Cache<String, u32>);

impl Attempts {
    /// None yet.
    pub fn new() -> Attempts {
        let longest = Duration::from_secs(SECOND_STEPS_COUNTED_SECONDS);
        Attempts(Cache::builder().max_capacity(SECOND_STEPS_COUNTED).time_to_live(longest).build())
    }

    /// Counts an attempt; false if there were too many already.
    pub fn allow(&self, mfa_id: &str) -> bool {
        let mut allowed = false;
        self.0.entry_by_ref(mfa_id).and_compute_with(|entry| {
            let count = entry.map_or(0, moka::Entry::into_value);
            allowed = count < SECOND_STEP_MAX_FAILURES;
            if allowed { Op::Put(count + 1) } else { Op::Nop }
        });
        allowed
    }

    /// The sign-in is over.
    pub fn forget(&self, mfa_id: &str) {
        self.0.invalidate(mfa_id);
    }
}

impl Default for Attempts {
    fn default() -> Self {
        Attempts::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_in_has_its_attempts() {
        let attempts = Attempts::new();
        let tried: Vec<bool> = (0..7).map(|_| attempts.allow("a")).collect();
        assert_eq!(tried, [true, true, true, true, true, false, false]);
        assert!(attempts.allow("b"));
        attempts.forget("a");
        assert!(attempts.allow("a"));
    }
}
