//! Bounds around one-time codes that live in memory: how often somebody may guess, and what an address that nobody has
//! is told.
//!
//! Somebody who asks for a code with an unknown address gets an id all the same. For these ids the same bounds hold as
//! for real ones (so many at a time, so many guesses), or the difference would tell who has an account.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::{Cache, CacheBuilder};

use crate::auth::one_time_code::LIVE_MAX;
use crate::auth::throttle::address_key;
use crate::base::{Error, ErrorKind, Result, Timestamp};

/// Guesses that somebody has within [`GUESS_WINDOW`], for one account and from one address.
const GUESSES_MAX: u32 = 5;
const GUESS_WINDOW: Duration = Duration::from_secs(180);
/// How many counters and unknown addresses are remembered; beyond that, the oldest are forgotten.
const REMEMBERED: u64 = 100_000;
/// Longest life of a code that a collection can set.
const CODE_LIFE_MAX: Duration = Duration::from_secs(86_400);

/// Ids that were given out for one unknown address, with the time of each, the newest last.
type Given = Arc<Mutex<Vec<(String, Timestamp)>>>;

/// What is remembered.
pub(super) struct Codes {
    guesses: Cache<String, Arc<AtomicU32>>,
    given: Cache<String, Given>,
    /// The key of the address that an id was given out for.
    nobody: Cache<String, String>,
}

impl Codes {
    pub fn new() -> Codes {
        Codes::with_room_for(REMEMBERED)
    }

    /// What is new always gets in and what wasn't used for longest goes. The cache's usual policy keeps out what wasn't
    /// asked for often: in a full cache, guesses wouldn't be counted at all.
    fn with_room_for(count: u64) -> Codes {
        Codes {
            guesses: cache(count).time_to_live(GUESS_WINDOW).build(),
            given: cache(count).time_to_idle(CODE_LIFE_MAX).build(),
            nobody: cache(count).time_to_live(CODE_LIFE_MAX).build(),
        }
    }

    /// Counts a guess at a code of `account`.
    ///
    /// # Errors
    /// 429 if there were too many.
    pub fn count_guess(&self, account: &str, from: IpAddr) -> Result<()> {
        let counter = self.guesses.get_with(format!("{account}|{}", address_key(from)), Arc::default);
        match counter.fetch_add(1, Ordering::Relaxed) {
            ..GUESSES_MAX => Ok(()),
            _ => Err(Error::new(ErrorKind::TooManyRequests, "Too many attempts; wait a few minutes.")),
        }
    }

    /// The id that somebody gets who asks with an address that nobody has: `id`, or the last one if there are enough.
    pub fn give_to_nobody(&self, account: &str, id: String, duration_seconds: i64, now: Timestamp) -> String {
        let given = self.given.get_with(account.to_owned(), Arc::default);
        let mut given = given.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|(_, at)| at.plus_seconds(duration_seconds) > now);
        match given.last() {
            Some((last, _)) if given.len() >= LIVE_MAX => last.clone(),
            _ => {
                given.push((id.clone(), now));
                self.nobody.insert(id.clone(), account.to_owned());
                id
            }
        }
    }

    /// How many ids that would still work were given out for an address that nobody has.
    pub fn live_of_nobody(&self, account: &str, duration_seconds: i64, now: Timestamp) -> usize {
        let Some(given) = self.given.get(account) else { return 0 };
        let given = given.lock().unwrap_or_else(PoisonError::into_inner);
        given.iter().filter(|(_, at)| at.plus_seconds(duration_seconds) > now).count()
    }

    /// The address that this id was given out for, if nobody has that and the id would still work.
    pub fn account_of_nobody(&self, id: &str, duration_seconds: i64, now: Timestamp) -> Option<String> {
        let address = self.nobody.get(id)?;
        let given = self.given.get(&address)?;
        let given = given.lock().unwrap_or_else(PoisonError::into_inner);
        given.iter().any(|(other, at)| other == id && at.plus_seconds(duration_seconds) > now).then_some(address)
    }
}

fn cache<T: Clone + Send + Sync + 'static>(count: u64) -> CacheBuilder<String, T, Cache<String, T>> {
    Cache::builder().max_capacity(count).eviction_policy(EvictionPolicy::lru())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_counted_and_ids_known_however_many_there_are() {
        let codes = Codes::with_room_for(8);
        let ip = IpAddr::from([192, 0, 2, 1]);
        let now = Timestamp::from_unix_seconds(1_000_000).expect("in range");
        let settle = || {
            codes.guesses.run_pending_tasks();
            codes.given.run_pending_tasks();
            codes.nobody.run_pending_tasks();
        };
        for at in 0..100 {
            let account = at.to_string();
            for _ in 0..GUESSES_MAX {
                codes.count_guess(&account, ip).expect("within the bound");
                settle();
            }
            assert!(codes.count_guess(&account, ip).is_err(), "{at}");
            let id = codes.give_to_nobody(&account, format!("id{at}"), 60, now);
            settle();
            assert_eq!(codes.account_of_nobody(&id, 60, now).as_ref(), Some(&account));
            assert!(codes.guesses.entry_count() <= 8 && codes.given.entry_count() <= 8, "{at}");
        }
    }

    #[test]
    fn guesses_are_counted_by_account_and_network() {
        let codes = Codes::new();
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        for _ in 0..GUESSES_MAX {
            codes.count_guess("ada", ip("2001:db8::1")).expect("within the bound");
        }
        for (account, from, allowed) in [
            ("ada", "2001:db8::1", false),
            ("ada", "2001:db8::ffff", false),
            ("ada", "2001:db8:0:1::1", true),
            ("bob", "2001:db8::1", true),
        ] {
            assert_eq!(codes.count_guess(account, ip(from)).is_ok(), allowed, "{account} {from}");
        }
    }

    #[test]
    fn nobody_gets_ids_as_somebody_would() {
        let codes = Codes::new();
        let now = Timestamp::from_unix_seconds(1_000_000).expect("in range");
        let given: Vec<String> = (0..12).map(|at| codes.give_to_nobody("x", at.to_string(), 60, now)).collect();
        assert_eq!(given[9..], ["9", "9", "9"], "the tenth is the last");
        assert_eq!(codes.live_of_nobody("x", 60, now), LIVE_MAX);
        assert_eq!(codes.account_of_nobody("3", 60, now).as_deref(), Some("x"));
        assert_eq!(codes.account_of_nobody("10", 60, now), None);
        assert_eq!(codes.account_of_nobody("3", 60, now.plus_seconds(60)), None, "its time is up");
        assert_eq!(codes.give_to_nobody("x", "new".to_owned(), 60, now.plus_seconds(60)), "new");
    }
}
