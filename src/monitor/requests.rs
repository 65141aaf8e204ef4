//! Requests that were answered, by route, method and status, and how long that took by route.
//!
//! A route is what the program has mounted, never what a client has sent, so that there are no more of them than the
//! program has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::base::histogram::{Distribution, Histogram};

/// Bounds for what a client waits for, in microseconds.
const BOUNDS: &[u64] = &[
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
];
/// Combinations of method and status that are told apart for a route; there are fewer unless something is very wrong.
const ANSWERS_MAX: usize = 200;

/// See the module.
#[derive(Default)]
pub struct Requests(RwLock<HashMap<String, Arc<Route>>>);

struct Route {
    answers: RwLock<Vec<Counter>>,
    time: Histogram,
}

struct Counter {
    method: &'static str,
    status: u16,
    count: AtomicU64,
}

/// What was counted for a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteFigures {
    /// As it is mounted.
    pub route: String,
    /// How requests were answered.
    pub answers: Vec<Answered>,
    /// How long it took until the answer began, in microseconds.
    pub time: Distribution,
}

/// Requests with the same outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Answered {
    pub method: &'static str,
    pub status: u16,
    pub count: u64,
}

impl Requests {
    /// Counts one.
    pub fn note(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(route).cloned();
        let route = known.unwrap_or_else(|| {
            let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
            routes.entry(route.to_owned()).or_insert_with(|| Arc::new(Route::new())).clone()
        });
        route.time.note_duration(took);
        route.count(method, status);
    }

    /// What was counted so far, by route.
    pub fn figures(&self) -> Vec<RouteFigures> {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut figures: Vec<RouteFigures> = routes.iter().map(|(name, route)| route.figures(name)).collect();
        drop(routes);
        figures.sort_by(|a, b| a.route.cmp(&b.route));
        figures
    }
}

impl Route {
    fn new() -> Route {
        Route { answers: RwLock::default(), time: Histogram::new(BOUNDS) }
    }

    fn count(&self, method: &'static str, status: u16) {
        let find = |answers: &[Counter]| {
            let found = answers.iter().find(|answer| answer.status == status && answer.method == method);
            found.map(|answer| answer.count.fetch_add(1, Ordering::Relaxed)).is_some()
        };
        if find(&self.answers.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        // Another one may have been faster.
        if !find(&answers) && answers.len() < ANSWERS_MAX {
            answers.push(Counter { method, status, count: AtomicU64::new(1) });
        }
    }

    fn figures(&self, name: &str) -> RouteFigures {
        let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        let answered = |answer: &Counter| Answered {
            method: answer.method,
            status: answer.status,
            count: answer.count.load(Ordering::Relaxed),
        };
        let mut answers: Vec<Answered> = answers.iter().map(answered).collect();
        answers.sort_by_key(|answer| (answer.method, answer.status));
        RouteFigures { route: name.to_owned(), answers, time: self.time.distribution() }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn requests_are_counted_by_route_method_and_status() {
        let requests = Requests::default();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for at in 0..300 {
                        let status = if at % 3 == 0 { 404 } else { 200 };
                        requests.note("/b", if at % 2 == 0 { "GET" } else { "POST" }, status, Duration::from_millis(2));
                    }
                    requests.note("/a", "GET", 200, Duration::ZERO);
                });
            }
        });
        let figures = requests.figures();
        assert_eq!(figures.iter().map(|figures| figures.route.as_str()).collect::<Vec<_>>(), ["/a", "/b"]);
        let counts = figures[1].answers.iter().map(|a| (a.method, a.status, a.count)).collect::<Vec<_>>();
        assert_eq!(counts, [("GET", 200, 400), ("GET", 404, 200), ("POST", 200, 400), ("POST", 404, 200)]);
        assert_eq!((figures[1].time.count(), figures[1].time.sum), (1200, 2_400_000));
    }

    #[test]
    fn statuses_are_bounded() {
        let requests = Requests::default();
        (0..1000).for_each(|status| requests.note("", "GET", status, Duration::ZERO));
        assert_eq!(requests.figures()[0].answers.len(), ANSWERS_MAX);
    }
}
