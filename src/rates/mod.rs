//! How many requests clients may send: which limit counts a request, and how many are left.
//!
//! Called by the app for each request while limits are on. Windows are fixed: the first request begins one, and with
//! its end all is forgotten. Invariants: clients are told apart by their addresses alone (with IPv6, by the network of
//! 64 bits), never by anything that they choose; what is remembered is bounded. Not here: who is let through without
//! being counted, and guesses at passwords (`auth::throttle`).

use std::time::{Duration, Instant};

use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::settings::RateLimit;

/// How many windows are remembered; those beyond push out others.
const REMEMBERED: u64 = 200_000;
/// Seconds that a window is remembered at least.
const LEAST_SECONDS: i64 = 60;

/// A request, as limits look at it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// In capitals.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// If it is about a collection: which, and the route that takes it.
    pub collection: Option<Target<'a>>,
    /// What the route does, as limits name it: `list`, `auth` …; the most precise first.
    pub tags: &'a [&'a str],
    /// Whether somebody is signed in.
    pub signed_in: bool,
}

/// What a request to a collection is counted by.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Target<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub route: &'a str,
}

/// What is left to a client after a request was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The limit's label.
    pub label: String,
    /// Requests within a window.
    pub limit: u64,
    /// The window's length.
    pub window: Duration,
    /// Requests that are left in it; `None` if this one was too many.
    pub left: Option<u64>,
    /// When it ends.
    pub resets_in: Duration,
}

/// The limits, and what was counted.
pub struct Limiter {
    limits: Vec<RateLimit>,
    windows: Cache<String, Window>,
}

#[derive(Clone, Copy)]
struct Window {
    begun: Instant,
    requests: u64,
}

impl Limiter {
    /// Begins to count.
    pub fn new(limits: &[RateLimit]) -> Limiter {
        let longest = limits.iter().map(|limit| limit.duration).max().unwrap_or_default().max(LEAST_SECONDS);
        let windows =
            Cache::builder().max_capacity(REMEMBERED).time_to_idle(Duration::from_secs(longest.unsigned_abs())).build();
        Limiter { limits: limits.to_vec(), windows }
    }

    /// Counts a request of the client that `client` stands for; `None` if no limit is about it.
    pub fn count(&self, client: &str, asked: &Asked<'_>) -> Option<Quota> {
        self.count_at(Instant::now(), client, asked)
    }

    fn count_at(&self, now: Instant, client: &str, asked: &Asked<'_>) -> Option<Quota> {
        let limit = self.find(asked)?;
        let window = Duration::from_secs(limit.duration.unsigned_abs());
        let mut counted = Window { begun: now, requests: 0 };
        self.windows.entry(key(client, asked, limit)).and_compute_with(|entry| {
            if let Some(entry) = entry {
                let known = *entry.value();
                if now.saturating_duration_since(known.begun) < window {
                    counted = known;
                }
            }
            counted.requests = counted.requests.saturating_add(1);
            Op::Put(counted)
        });
        let max = limit.max_requests.unsigned_abs();
        Some(Quota {
            label: limit.label.clone(),
            limit: max,
            window,
            left: max.checked_sub(counted.requests),
            resets_in: (counted.begun + window).saturating_duration_since(now),
        })
    }

    /// The limit that counts a request: the first label that fits, of the most precise ones first, and that has a limit
    /// for those who ask.
    fn find(&self, asked: &Asked<'_>) -> Option<&RateLimit> {
        self.labels(asked).into_iter().find_map(|label| {
            let mut with_label = self.limits.iter().filter(|limit| limit.label == label);
            with_label.find(|limit| limit.audience.includes(asked.signed_in))
        })
    }

    /// The labels that could count a request.
    fn labels(&self, asked: &Asked<'_>) -> Vec<String> {
        let mut labels = Vec::new();
        if let Some(target) = &asked.collection {
            labels.extend(asked.tags.iter().map(|tag| format!("{}:{tag}", target.name)));
            labels.push(target.name.to_owned());
            labels.extend(asked.tags.iter().map(|tag| format!("*:{tag}")));
        }
        let with_method = format!("{} {}", asked.method, asked.path);
        for start in [with_method.as_str(), asked.path] {
            labels.push(start.to_owned());
            let mut prefixes: Vec<&str> =
                self.limits.iter().map(|limit| limit.label.as_str()).filter(|label| is_prefix(label, start)).collect();
            prefixes.sort_by_key(|label| std::cmp::Reverse(label.len()));
            labels.extend(prefixes.into_iter().map(str::to_owned));
        }
        labels
    }
}

/// Whether a label stands for all paths below it, of which this is one.
fn is_prefix(label: &str, path: &str) -> bool {
    label.ends_with('/') && path.starts_with(label)
}

/// Where a request is counted. Requests to a collection are counted for each route apart, others for each limit.
fn key(client: &str, asked: &Asked<'_>, limit: &RateLimit) -> String {
    let audience = limit.audience.as_str();
    match &asked.collection {
        Some(target) => format!("{client} {} {} {audience}", target.id, target.route),
        None => format!("{client} {} {audience}", limit.label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limits: &[&str]) -> Limiter {
        let limits: Vec<RateLimit> = limits.iter().map(|text| text.parse().expect("a limit")).collect();
        Limiter::new(&limits)
    }

    fn plain<'a>(method: &'a str, path: &'a str) -> Asked<'a> {
        Asked { method, path, collection: None, tags: &[], signed_in: false }
    }

    fn list(name: &str) -> Asked<'_> {
        let target = Target { id: name, name, route: "GET records" };
        Asked { collection: Some(target), tags: &["list"], ..plain("GET", "/api/collections/x/records") }
    }

    fn label(limiter: &Limiter, asked: &Asked<'_>) -> Option<String> {
        limiter.find(asked).map(|limit| format!("{} {}", limit.label, limit.audience.as_str()).trim().to_owned())
    }

    #[test]
    fn the_most_precise_label_counts() {
        let all = ["/api/ 1/1", "GET /api/ 1/1", "/api/x 1/1", "*:list 1/1", "posts:list 1/1", "users 1/1"];
        let limiter = limiter(&all);
        for (asked, expect) in [
            (list("posts"), Some("posts:list")),
            (list("users"), Some("users")),
            (list("other"), Some("*:list")),
            (plain("GET", "/api/y"), Some("GET /api/")),
            (plain("POST", "/api/y"), Some("/api/")),
            (plain("POST", "/api/x"), Some("/api/x")),
            (plain("POST", "/api"), None),
            (plain("GET", "/"), None),
        ] {
            assert_eq!(label(&limiter, &asked).as_deref(), expect, "{asked:?}");
        }
    }

    #[test]
    fn of_several_prefixes_the_longest_counts() {
        let limiter = limiter(&["/ 1/1", "/api/ 1/1", "/api/files/ 1/1"]);
        assert_eq!(label(&limiter, &plain("GET", "/api/files/a")).as_deref(), Some("/api/files/"));
        assert_eq!(label(&limiter, &plain("GET", "/other")).as_deref(), Some("/"));
    }

    #[test]
    fn audiences_fall_through() {
        let limiter = limiter(&["*:list @auth 1/1", "/api/ @guest 1/1"]);
        assert_eq!(label(&limiter, &list("a")).as_deref(), Some("/api/ @guest"));
        let signed_in = Asked { signed_in: true, ..list("a") };
        assert_eq!(label(&limiter, &signed_in).as_deref(), Some("*:list @auth"));
        assert_eq!(label(&limiter, &Asked { signed_in: true, ..plain("GET", "/api/x") }), None);
    }

    #[test]
    fn windows_are_fixed_and_end() {
        let (limiter, begin) = (limiter(&["/api/ 2/10"]), Instant::now());
        let left = |seconds, client: &str| {
            let now = begin + Duration::from_secs(seconds);
            let quota = limiter.count_at(now, client, &plain("GET", "/api/x")).expect("a limit");
            (quota.left, quota.resets_in.as_secs())
        };
        assert_eq!(left(0, "a"), (Some(1), 10));
        assert_eq!(left(4, "a"), (Some(0), 6));
        assert_eq!(left(9, "a"), (None, 1));
        assert_eq!(left(9, "b"), (Some(1), 10), "others are counted apart");
        assert_eq!(left(10, "a"), (Some(1), 10), "the next window");
    }

    #[test]
    fn routes_of_collections_are_counted_apart() {
        let limiter = limiter(&["/api/ 1/10"]);
        let left = |asked: Asked<'_>| limiter.count("a", &asked).expect("a limit").left;
        assert_eq!(left(list("a")), Some(0));
        assert_eq!(left(list("a")), None);
        assert_eq!(left(list("b")), Some(0));
        assert_eq!(left(plain("GET", "/api/x")), Some(0));
        assert_eq!(left(plain("GET", "/api/y")), None, "paths below one prefix share it");
    }
}
