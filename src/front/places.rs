//! How many connections there may be: from one address, and from everybody together.
//!
//! Who comes when there are too many is not answered but closed at once, which costs least. That is counted, and told
//! in the log once a minute at most. Also here: how many files the system lets the program have open, which decides how
//! many connections that can be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::limits::{CONNECTIONS_MAX_BY_DEFAULT, FILES_BESIDE_CONNECTIONS};
use crate::base::{IpRange, client_network};
use crate::monitor::{Family, Value};
use crate::settings::Config;

/// A client's connection, the one to the server for its request, and the server's end of that.
const FILES_PER_CONNECTION: u64 = 3;
/// How often the log tells of those who were turned away.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// See the module. Clones share it.
#[derive(Clone)]
pub(super) struct Places(Arc<Inner>);

struct Inner {
    max: usize,
    per_address: usize,
    exempt: Vec<IpRange>,
    taken: Mutex<Taken>,
    /// Since the log told of it last.
    turned_away: AtomicU64,
    turned_away_ever: AtomicU64,
    told: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    pub(super) fn new(config: &Config) -> Places {
        let max = match config.connections_max {
            0 => affordable(),
            max => max,
        };
        Places::of(max, config.connections_per_address, config.connections_exempt.clone())
    }

    fn of(max: usize, per_address: usize, exempt: Vec<IpRange>) -> Places {
        let (taken, told) = (Mutex::default(), Mutex::default());
        Places(Arc::new(Inner {
            max,
            per_address,
            exempt,
            taken,
            turned_away: AtomicU64::new(0),
            turned_away_ever: AtomicU64::new(0),
            told,
        }))
    }

    /// How many there are altogether.
    pub(super) fn max(&self) -> usize {
        self.0.max
    }

    /// A place for a connection from `peer`, if there is one.
    pub(super) fn take(&self, peer: IpAddr) -> Option<Place> {
        let address = client_network(peer);
        let counts = !IpRange::any_contains(&self.0.exempt, peer);
        let mut taken = self.taken();
        let of_address = taken.by_address.get(&address).copied().unwrap_or(0);
        if taken.total >= self.0.max || (counts && of_address >= self.0.per_address) {
            drop(taken);
            self.turn_away(peer);
            return None;
        }
        taken.total += 1;
        *taken.by_address.entry(address).or_insert(0) += 1;
        Some(Place { places: self.clone(), address })
    }

    /// Figures of this moment.
    pub(super) fn figures(&self) -> Vec<Family> {
        let taken = self.taken();
        let gauge = |number: usize| Value::Gauge(number as f64);
        let turned_away = Value::Counter(self.0.turned_away_ever.load(Ordering::Relaxed));
        vec![
            Family::new("holdall_front_connections", "Connections of clients").with(&[], gauge(taken.total)),
            Family::new("holdall_front_connections_max", "As many may be open").with(&[], gauge(self.0.max)),
            Family::new("holdall_front_addresses", "Where they come from").with(&[], gauge(taken.by_address.len())),
            Family::new("holdall_front_turned_away", "Connections that were too many").with(&[], turned_away),
        ]
    }

    /// Whether there is so little room left that nobody should be waited for for long.
    pub(super) fn is_crowded(&self) -> bool {
        self.taken().total > self.0.max / 4 * 3
    }

    fn turn_away(&self, peer: IpAddr) {
        self.0.turned_away.fetch_add(1, Ordering::Relaxed);
        self.0.turned_away_ever.fetch_add(1, Ordering::Relaxed);
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= TOLD_EVERY) {
            *told = Some(Instant::now());
            let connections = self.0.turned_away.swap(0, Ordering::Relaxed);
            tracing::warn!(connections, %peer, "there are too many connections, and further ones were closed");
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.total -= 1;
        if let Some(count) = taken.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// How many connections the limit of open files allows, once it is as high as the system lets it be.
fn affordable() -> usize {
    let files = raise_open_files().saturating_sub(FILES_BESIDE_CONNECTIONS) / FILES_PER_CONNECTION;
    usize::try_from(files).unwrap_or(usize::MAX).clamp(1, CONNECTIONS_MAX_BY_DEFAULT)
}

/// Raises the limit of open files to what the system allows; gives what is in force then.
#[cfg(unix)]
pub fn raise_open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let in_force = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    in_force.unwrap_or(u64::MAX)
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub fn raise_open_files() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn ranges(texts: &[&str]) -> Vec<IpRange> {
        texts.iter().map(|text| text.parse().expect("a range")).collect()
    }

    #[test]
    fn one_address_has_so_many_places_and_everybody_so_many() {
        let places = Places::of(4, 2, ranges(&["127.0.0.1", "10.0.0.0/8"]));
        let (one, two) = (places.take(ip("192.0.2.1")), places.take(ip("192.0.2.1")));
        assert!(one.is_some() && two.is_some());
        assert!(places.take(ip("192.0.2.1")).is_none());
        let held = [places.take(ip("192.0.2.2")), places.take(ip("192.0.2.3"))];
        assert!(held.iter().all(Option::is_some) && places.take(ip("192.0.2.4")).is_none());
        drop(one);
        assert!(places.take(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn a_proxy_s_connections_count_for_everybody_only() {
        let places = Places::of(5, 1, ranges(&["127.0.0.1", "10.0.0.0/8"]));
        let held: Vec<_> = ["127.0.0.1", "127.0.0.1", "10.1.2.3", "10.1.2.3"].map(|text| places.take(ip(text))).into();
        assert!(held.iter().all(Option::is_some) && places.is_crowded());
        let last = places.take(ip("127.0.0.2"));
        assert!(last.is_some() && places.take(ip("127.0.0.1")).is_none());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let places = Places::of(10, 1, Vec::new());
        let held = places.take(ip("2001:db8::1"));
        assert!(places.take(ip("2001:db8::2")).is_none() && places.take(ip("2001:db8:0:1::1")).is_some());
        drop(held);
        assert!(places.take(ip("2001:db8::2")).is_some());
    }

    #[test]
    fn ipv4_addresses_are_told_apart_in_the_form_of_ipv6_too() {
        let places = Places::of(10, 1, Vec::new());
        let _held = places.take(ip("::ffff:192.0.2.1"));
        assert!(places.take(ip("192.0.2.1")).is_none() && places.take(ip("::ffff:192.0.2.2")).is_some());
    }
}
