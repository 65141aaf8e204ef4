//! Slows down those who guess: after some failures for one account, or from one address, further attempts have to wait.
//!
//! Called by everything that checks a secret which could be guessed, before the check, so that a wait also saves its
//! work. Invariants: an attempt counts as failed from its beginning, so that many at once can't outrun the count; a
//! refused one costs and changes nothing, so that nobody can keep a wait going for ever; nothing that a client may
//! choose (headers, cookies, letter case, the rest of an IPv6 address) gives it a new count. Counts are in memory, are
//! bounded, and are forgotten after a while and at a restart.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::ops::compute::Op;
use moka::sync::Cache;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::digest;
use crate::base::{Error, Result, client_network};

/// The wait after the first failure that is one too many; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// In this time, one by one, as many failures are forgotten as go without a wait. So a place from which many people
/// sign in, and mistype now and then, isn't slowed down for good.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
/// How many accounts, and how many addresses, are remembered; those beyond push out others.
const REMEMBERED: u64 = 100_000;

/// How many attempts at one account are made at the same time.
const AT_ONCE: usize = 4;
/// How many accounts can be told apart for that; those beyond share.
const TURNSTILES: u64 = 1024;

/// What failures are counted for separately: knowing one secret must not give new attempts at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Step {
    Password,
    OneTimeCode,
    SecondFactor,
    /// Something that has mail sent. There is no success, so every request counts.
    MailRequest,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Password => "password",
            Step::OneTimeCode => "code",
            Step::SecondFactor => "factor",
            Step::MailRequest => "mail",
        }
    }
}

/// The counts. Clones share them.
#[derive(Clone)]
pub struct Throttle {
    accounts: Counts,
    addresses: Counts,
    /// Each account goes through one of them; which one nobody can tell from outside.
    turns: Arc<Vec<Semaphore>>,
    hasher: RandomState,
    refused: Arc<AtomicU64>,
}

/// An attempt that may be made. Unless it is said to have succeeded it stays a failure.
#[must_use = "an attempt that nobody says has succeeded counts as failed"]
pub struct Attempt {
    throttle: Throttle,
    account: String,
    address: String,
    in_address: Counted,
}

impl Throttle {
    /// Lets through so many failures without a wait.
    pub fn new(per_account: u32, per_address: u32) -> Throttle {
        let at_once = AT_ONCE.min(per_account.max(1) as usize);
        Throttle {
            accounts: Counts::new(per_account),
            addresses: Counts::new(per_address),
            turns: Arc::new((0..TURNSTILES).map(|_| Semaphore::new(at_once)).collect()),
            hasher: RandomState::new(),
            refused: Arc::default(),
        }
    }

    /// Waits until fewer than `AT_ONCE` others try to get into the account. Since an attempt counts as failed until
    /// it has succeeded, many right ones at the same moment would keep each other out otherwise.
    ///
    /// # Errors
    /// Internal if the program is about to end.
    pub async fn turn(&self, account: &str) -> Result<SemaphorePermit<'_>> {
        let at = usize::try_from(self.hasher.hash_one(account) % TURNSTILES).unwrap_or_default();
        self.turns[at].acquire().await.map_err(Error::internal)
    }

    /// Begins an attempt at an account's secret. `account` says which, in a form that is the same however the client
    /// writes it: a record's id, or what [`identity_key`] makes of an identity.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn attempt(&self, step: Step, account: &str, client_ip: IpAddr) -> Result<Attempt> {
        let attempt = self.attempt_at(Instant::now(), step, account, client_ip);
        if attempt.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        attempt
    }

    /// How many attempts had to wait since the program started.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn attempt_at(&self, now: Instant, step: Step, account: &str, client_ip: IpAddr) -> Result<Attempt> {
        // Asking for mail is no guess: an office that does it often must not be kept from signing in.
        let address = match step {
            Step::MailRequest => format!("{} {}", step.name(), address_key(client_ip)),
            _ => address_key(client_ip),
        };
        let account = digest::sha256(&format!("{} {account}", step.name()));
        let in_address = self.addresses.add(&address, now)?;
        if let Err(refused) = self.accounts.add(&account, now) {
            // Nothing was tried: the address isn't to blame, others may share it.
            self.addresses.take_back(&address, in_address);
            return Err(refused);
        }
        Ok(Attempt { throttle: self.clone(), account, address, in_address })
    }
}

impl Attempt {
    /// The secret was right: the account starts afresh, and the address has one failure less, as if this one had not
    /// been counted. It doesn't start afresh too, or whoever has one account could guess at all others.
    pub fn succeeded(self) {
        self.throttle.accounts.0.invalidate(&self.account);
        self.throttle.addresses.take_back(&self.address, self.in_address);
    }
}

/// The key of an account that is known only by what somebody typed.
///
/// Accounts that exist are counted under the same key as those that don't: with a record's id, several ways to name one
/// account would share a count, and sharing it would tell that it exists.
pub fn identity_key(collection_id: &str, identity: &str) -> String {
    format!("{collection_id} {}", identity.trim().to_lowercase())
}

/// The client that an address stands for, as text: see [`client_network`].
pub fn address_key(ip: IpAddr) -> String {
    client_network(ip).to_string()
}

/// Failures by key, and how many of them are free.
#[derive(Clone)]
struct Counts(Cache<String, Failures>, u32);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    /// When the last one was.
    last: Instant,
    /// Up to when they have been forgotten one by one.
    forgotten: Instant,
}

/// How an attempt was counted: when, and when the one before it was.
#[derive(Clone, Copy)]
struct Counted {
    at: Instant,
    before: Instant,
}

impl Counts {
    fn new(free: u32) -> Counts {
        // Nobody gets far beyond what is free, so that in twice the time all is forgotten anyway.
        Counts(Cache::builder().max_capacity(REMEMBERED).time_to_live(2 * FORGOTTEN_AFTER).build(), free)
    }

    /// Counts one more, unless there is a wait.
    fn add(&self, key: &str, now: Instant) -> Result<Counted> {
        let (mut wait, mut before) = (Duration::ZERO, now);
        self.0.entry_by_ref(key).and_compute_with(|entry| {
            let none = Failures { count: 0, last: now, forgotten: now };
            let mut failures = entry.map_or(none, |entry| entry.into_value().fade(self.1, now));
            wait = failures.wait(self.1, now);
            if !wait.is_zero() {
                return Op::Nop;
            }
            before = failures.last;
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
            Op::Put(failures)
        });
        match wait.is_zero() {
            true => Ok(Counted { at: now, before }),
            false => Err(Error::too_many_requests("There were too many failed attempts.", wait)),
        }
    }

    /// As if an attempt had never been.
    fn take_back(&self, key: &str, counted: Counted) {
        self.0.entry_by_ref(key).and_compute_with(|entry| match entry.map(moka::Entry::into_value) {
            Some(mut failures) if failures.count > 1 => {
                failures.count -= 1;
                if failures.last == counted.at {
                    failures.last = counted.before;
                }
                Op::Put(failures)
            }
            Some(_) => Op::Remove,
            None => Op::Nop,
        });
    }
}

impl Failures {
    /// What is left of them now.
    fn fade(mut self, free: u32, now: Instant) -> Failures {
        let each = FORGOTTEN_AFTER / free.max(1);
        let times = now.saturating_duration_since(self.forgotten).as_nanos() / each.as_nanos().max(1);
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        self.count = self.count.saturating_sub(times);
        self.forgotten = if self.count == 0 { now } else { self.forgotten + each * times };
        self
    }

    fn wait(self, free: u32, now: Instant) -> Duration {
        let Some(too_many) = self.count.checked_sub(free) else { return Duration::ZERO };
        let whole = FIRST_WAIT.saturating_mul(1_u32.checked_shl(too_many).unwrap_or(u32::MAX)).min(LONGEST_WAIT);
        (self.last + whole).saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// Fails until there is a wait, and returns how often that was possible.
    fn failures(throttle: &Throttle, now: Instant, account: &str, ip: IpAddr) -> usize {
        (0..1000).take_while(|_| throttle.attempt_at(now, Step::Password, account, ip).is_ok()).count()
    }

    #[test]
    fn each_failure_beyond_the_limit_doubles_the_wait_up_to_the_longest() {
        let (throttle, mut now) = (Throttle::new(3, 1000), Instant::now());
        assert_eq!(failures(&throttle, now, "ada", HERE), 3);
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let just_before = now + Duration::from_secs(seconds) - Duration::from_millis(1);
            assert_eq!(failures(&throttle, just_before, "ada", HERE), 0, "{seconds}");
            now += Duration::from_secs(seconds);
            assert_eq!(failures(&throttle, now, "ada", HERE), 1, "{seconds}");
        }
        assert_eq!(failures(&throttle, now, "bob", HERE), 3, "other accounts don't wait");
    }

    #[test]
    fn the_refusal_says_how_long_to_wait() {
        let (throttle, now) = (Throttle::new(1, 1000), Instant::now());
        assert_eq!(failures(&throttle, now, "ada", HERE), 1);
        let refused = throttle.attempt_at(now, Step::Password, "ada", HERE).err().expect("there is a wait");
        assert_eq!((refused.kind().status(), refused.retry_after_seconds()), (429, Some(1)));
    }

    #[test]
    fn success_clears_the_account_and_gives_the_address_one_back() {
        let (throttle, now) = (Throttle::new(2, 4), Instant::now());
        let attempt = |account| throttle.attempt_at(now, Step::Password, account, HERE);
        let _ = attempt("ada");
        attempt("ada").expect("no wait yet").succeeded();
        assert_eq!(failures(&throttle, now, "ada", HERE), 2, "starts afresh");
        // Ada's three failures are still the address's.
        assert_eq!(failures(&throttle, now, "bob", HERE), 1);
    }

    #[test]
    fn failures_are_forgotten_one_by_one() {
        let (throttle, start) = (Throttle::new(2, 1000), Instant::now());
        let at = |minutes: u64| start + Duration::from_secs(minutes * 60);
        for (minutes, possible) in [(0, 2), (30, 1), (59, 1), (60, 1), (180, 2), (1200, 2)] {
            assert_eq!(failures(&throttle, at(minutes), "ada", HERE), possible, "{minutes}");
        }
    }

    #[test]
    fn an_address_at_its_limit_does_not_wait_for_those_who_get_in() {
        let (throttle, start) = (Throttle::new(1000, 3), Instant::now());
        assert_eq!(failures(&throttle, start, "ada", HERE), 3);
        for seconds in 1..10 {
            let attempt = throttle.attempt_at(start + Duration::from_secs(seconds), Step::Password, "bob", HERE);
            attempt.expect("the wait is over").succeeded();
        }
        let just_after = start + Duration::from_secs(9);
        throttle.attempt_at(just_after, Step::Password, "bob", HERE).expect("nobody has failed").succeeded();
    }

    #[test]
    fn attempts_that_are_refused_for_the_account_do_not_count_for_the_address() {
        let (throttle, now) = (Throttle::new(2, 4), Instant::now());
        assert_eq!(failures(&throttle, now, "ada", HERE), 2);
        for _ in 0..10 {
            assert_eq!(failures(&throttle, now, "ada", HERE), 0);
        }
        assert_eq!(failures(&throttle, now, "bob", HERE), 2);
    }

    #[test]
    fn steps_are_counted_apart() {
        let (throttle, now) = (Throttle::new(2, 1000), Instant::now());
        assert_eq!(failures(&throttle, now, "ada", HERE), 2);
        throttle.attempt_at(now, Step::SecondFactor, "ada", HERE).expect("no failure there").succeeded();
        assert_eq!(failures(&throttle, now, "ada", HERE), 0);
    }

    #[test]
    fn guesses_of_all_kinds_count_for_the_address_and_requests_for_mail_apart() {
        let (throttle, now) = (Throttle::new(1000, 3), Instant::now());
        let attempt = |step, account| throttle.attempt_at(now, step, account, HERE).is_ok();
        assert!((0..3).all(|_| attempt(Step::MailRequest, "ada")));
        assert!(!attempt(Step::MailRequest, "bob"));
        assert!(attempt(Step::Password, "a") && attempt(Step::OneTimeCode, "b") && attempt(Step::SecondFactor, "c"));
        assert!(!attempt(Step::Password, "d"));
    }

    #[test]
    fn addresses_of_one_customer_are_one_address() {
        for (one, other, same) in [
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7", "203.0.113.8", false),
            ("203.0.113.7", "::ffff:203.0.113.7", true),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ] {
            assert_eq!(address_key(ip(one)) == address_key(ip(other)), same, "{one} {other}");
        }
    }

    #[test]
    fn identities_are_one_however_they_are_written() {
        assert_eq!(identity_key("c", "Ada@X.test "), identity_key("c", "ada@x.test"));
        assert_ne!(identity_key("c", "ada"), identity_key("d", "ada"));
    }
}
