//! Statements that take long: each is told of once in a while, with its plan, so that whoever runs the program finds
//! the index that is missing.
//!
//! Called by [`Connection`](super::Connection) after each statement. Invariants: the values of a statement, which
//! belong to people, are never told; what is remembered, and how often something is told, is bounded. Not here: the
//! clock and the plan, which are the connection's.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::store::figures::count;

/// How long a statement that was told of isn't told of again.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// How many statements are remembered as told; beyond that, further ones wait until some are forgotten.
const REMEMBERED: usize = 200;

/// The statements of a store that took too long.
pub(in crate::store) struct SlowStatements {
    /// From which time on they are told of; `None` for never.
    limit: Option<Duration>,
    seen: AtomicU64,
    told: Mutex<HashMap<u64, Told>>,
    hasher: RandomState,
}

struct Told {
    at: Instant,
    /// How often it was slow since then.
    since: u64,
}

impl SlowStatements {
    /// With a limit of zero, none is slow.
    pub fn new(limit: Duration) -> SlowStatements {
        let limit = Some(limit).filter(|limit| !limit.is_zero());
        SlowStatements { limit, seen: AtomicU64::new(0), told: Mutex::default(), hasher: RandomState::new() }
    }

    /// The moment from which a statement's time counts, if anybody wants to know.
    pub fn begin(&self) -> Option<Instant> {
        self.limit.map(|_| Instant::now())
    }

    /// How long a statement took, if that is too long.
    pub fn excess(&self, begun: Option<Instant>) -> Option<Duration> {
        let took = begun?.elapsed();
        (took >= self.limit?).then(|| {
            count(&self.seen);
            took
        })
    }

    /// Whether a slow statement is to be told of now; if so, how often it was slow without being told since the last
    /// time.
    pub fn admit(&self, sql: &str) -> Option<u64> {
        self.admit_at(Instant::now(), self.hasher.hash_one(sql))
    }

    fn admit_at(&self, now: Instant, statement: u64) -> Option<u64> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = told.get_mut(&statement) {
            if now.saturating_duration_since(known.at) < TOLD_EVERY {
                known.since += 1;
                return None;
            }
            known.at = now;
            return Some(std::mem::take(&mut known.since));
        }
        if told.len() >= REMEMBERED {
            told.retain(|_, known| now.saturating_duration_since(known.at) < TOLD_EVERY);
        }
        if told.len() >= REMEMBERED {
            return None;
        }
        told.insert(statement, Told { at: now, since: 0 });
        Some(0)
    }

    /// How many statements took too long so far.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_told_of_once_in_a_while() {
        let (slow, start) = (SlowStatements::new(Duration::from_millis(1)), Instant::now());
        assert_eq!(slow.admit_at(start, 1), Some(0));
        assert_eq!(slow.admit_at(start + TOLD_EVERY / 2, 1), None);
        assert_eq!(slow.admit_at(start + TOLD_EVERY / 2, 2), Some(0), "another one has nothing to do with it");
        assert_eq!(slow.admit_at(start + TOLD_EVERY, 1), Some(1), "and says how often it was slow meanwhile");
        assert_eq!(slow.admit_at(start + TOLD_EVERY * 2, 1), Some(0));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (slow, start) = (SlowStatements::new(Duration::from_millis(1)), Instant::now());
        let told = |at| (0..1000).filter(|statement| slow.admit_at(at, *statement).is_some()).count();
        assert_eq!(told(start), REMEMBERED);
        assert_eq!(told(start), 0);
        assert!(slow.admit_at(start + TOLD_EVERY, 5000).is_some(), "the others are forgotten by then");
    }

    #[test]
    fn nothing_is_slow_without_a_limit() {
        let never = SlowStatements::new(Duration::ZERO);
        assert!(never.begin().is_none());
        assert!(never.excess(Some(Instant::now())).is_none());
        let always = SlowStatements::new(Duration::from_nanos(1));
        let begun = always.begin();
        while begun.is_some_and(|begun| begun.elapsed().is_zero()) {}
        assert!(always.excess(begun).is_some());
        assert_eq!((always.seen(), never.seen()), (1, 0));
    }
}
