//! Distributions that are counted on the way of requests: how many values fell below each of some bounds.
//!
//! Used by whatever has something to measure; shown by the metrics. To count a value costs three additions and no lock.
//! Values are whole numbers, of durations the microseconds. Not here: what a distribution is called.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds for durations within the program, in microseconds: from a tenth of a millisecond to ten seconds.
pub const DURATION_BOUNDS: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];

/// See the module.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One more than there are bounds: the last one is for what lies above all of them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a [`Histogram`] has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Bounds, each with the number of values up to it and above the one before.
    pub buckets: Vec<(u64, u64)>,
    /// Values above all bounds.
    pub above: u64,
    /// All values added up.
    pub sum: u64,
}

impl Histogram {
    /// An empty one with these bounds, which ascend.
    pub fn new(bounds: &'static [u64]) -> Histogram {
        Histogram { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    /// An empty one for durations within the program.
    pub fn of_durations() -> Histogram {
        Histogram::new(DURATION_BOUNDS)
    }

    /// Counts a value.
    pub fn note(&self, value: u64) {
        let at = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        self.counts[at].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a duration.
    pub fn note_duration(&self, duration: Duration) {
        self.note(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// What was counted so far. What is counted meanwhile may be in it or not.
    pub fn distribution(&self) -> Distribution {
        let count = |at: usize| self.counts[at].load(Ordering::Relaxed);
        Distribution {
            buckets: self.bounds.iter().enumerate().map(|(at, bound)| (*bound, count(at))).collect(),
            above: count(self.bounds.len()),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

impl Distribution {
    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum::<u64>() + self.above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_under_the_first_bound_that_they_fit() {
        let histogram = Histogram::new(&[1, 10, 100]);
        assert_eq!(histogram.distribution().count(), 0);
        for value in [0, 1, 2, 10, 11, 101, 5000] {
            histogram.note(value);
        }
        let expect = Distribution { buckets: vec![(1, 2), (10, 2), (100, 1)], above: 2, sum: 5125 };
        assert_eq!(histogram.distribution(), expect);
        assert_eq!(expect.count(), 7);
    }

    #[test]
    fn durations_are_counted_in_microseconds() {
        let histogram = Histogram::of_durations();
        histogram.note_duration(Duration::from_millis(3));
        histogram.note_duration(Duration::MAX);
        let counted = histogram.distribution();
        assert_eq!(counted.buckets.iter().find(|(_, count)| *count > 0), Some(&(5_000, 1)));
        assert_eq!(counted.above, 1);
    }
}
