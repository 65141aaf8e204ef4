//! How long a connection may do what it does: what has been asked on it, what was heard of it, and when it is overdue.
//!
//! A connection either has requests that are being answered, and then only bodies and the socket are watched
//! (`body.rs`, `guarded.rs`); or it has none. Then, with HTTP/1, the head of the next one must be there soon after its
//! first byte, and soon after the connection has begun; and a connection on which nothing happens is closed after a
//! longer time. That is known without looking at the bytes. What arrives over HTTP/2 may be something else than a
//! request, and so gives no more time and takes none.
//!
//! Looking at the clock is all that a request costs: one task per connection looks now and then whether it is overdue.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::settings::Config;

/// The configured times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) body: Duration,
    pub(super) write: Duration,
}

impl Limits {
    pub(super) fn new(config: &Config) -> Limits {
        Limits {
            head: Duration::from_secs(config.client_head_seconds),
            idle: Duration::from_secs(config.client_idle_seconds),
            body: Duration::from_secs(config.client_body_seconds),
            write: Duration::from_secs(config.client_write_seconds),
        }
    }

    /// When there is little room left, those who ask for nothing have less time.
    pub(super) fn crowded(self) -> Limits {
        Limits { head: self.head / 4, idle: self.idle / 4, ..self }
    }
}

/// What a connection is doing. Clones share it.
#[derive(Clone)]
pub(super) struct Pulse(Arc<Inner>);

struct Inner {
    begun: Instant,
    /// Whether what arrives while nothing is being answered is the head of a request.
    hears_heads: AtomicBool,
    asked: AtomicU32,
    /// Milliseconds from the begin of the connection to the end of the last answer.
    quiet_since: AtomicU64,
    /// The same to the first byte of a head, or [`NONE`].
    head_since: AtomicU64,
    is_writing: AtomicBool,
    /// Of HTTP/2: the requests, by number, whose answer's last piece hasn't gone yet, and since when it should.
    stuck: Mutex<HashMap<u64, u64>>,
    next: AtomicU64,
}

const NONE: u64 = u64::MAX;

impl Pulse {
    /// A connection begins, and its first head is due.
    pub(super) fn new() -> Pulse {
        Pulse(Arc::new(Inner {
            begun: Instant::now(),
            hears_heads: AtomicBool::new(true),
            asked: AtomicU32::new(0),
            quiet_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            is_writing: AtomicBool::new(false),
            stuck: Mutex::default(),
            next: AtomicU64::new(0),
        }))
    }

    /// The connection speaks HTTP/2 from now on.
    pub(super) fn hears_no_heads(&self) {
        self.0.hears_heads.store(false, Ordering::Relaxed);
        self.0.head_since.store(NONE, Ordering::Relaxed);
    }

    /// Something has arrived.
    pub(super) fn heard(&self) {
        let inner = &self.0;
        if inner.hears_heads.load(Ordering::Relaxed) && !self.is_asked() {
            // Only the first byte of a head counts.
            let now = self.now();
            let _ = inner.head_since.compare_exchange(NONE, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Whether the client leaves unread what is written to it.
    pub(super) fn writes(&self, is_writing: bool) {
        self.0.is_writing.store(is_writing, Ordering::Relaxed);
    }

    /// A request has begun; it is being answered until the result is dropped.
    pub(super) fn ask(&self) -> Asked {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        self.0.head_since.store(NONE, Ordering::Relaxed);
        Asked { pulse: self.clone(), number: self.0.next.fetch_add(1, Ordering::Relaxed) }
    }

    /// Whether a request is being answered.
    pub(super) fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed) > 0
    }

    /// How long the connection may go on as it is; `None` if it may not.
    pub(super) fn rest(&self, limits: &Limits) -> Option<Duration> {
        // A shorter time may begin meanwhile.
        let look_again = limits.head / 2;
        let left = match self.due(limits) {
            Some(due) => due.checked_sub(self.0.begun.elapsed())?,
            None => look_again,
        };
        (!left.is_zero() || look_again.is_zero()).then(|| left.min(look_again))
    }

    /// When it is overdue, counted from its begin; `None` if there is no such time.
    fn due(&self, limits: &Limits) -> Option<Duration> {
        let inner = &self.0;
        if self.is_asked() {
            // What is being answered may take as long as it likes. Only of HTTP/2 there is something in here, where
            // `guarded` doesn't see who takes nothing.
            return locked(&inner.stuck).values().min().map(|since| Duration::from_millis(*since) + limits.write);
        }
        if inner.is_writing.load(Ordering::Relaxed) {
            return None;
        }
        let quiet = Duration::from_millis(inner.quiet_since.load(Ordering::Relaxed)) + limits.idle;
        match inner.head_since.load(Ordering::Relaxed) {
            NONE => Some(quiet),
            head => Some(quiet.min(Duration::from_millis(head) + limits.head)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(NONE - 1)
    }
}

/// A request that is being answered.
pub(super) struct Asked {
    pulse: Pulse,
    number: u64,
}

impl Asked {
    /// A piece of its answer was handed out, or the next one is asked for.
    pub(super) fn handed_out(&self, handed_out: bool) {
        let inner = &self.pulse.0;
        if inner.hears_heads.load(Ordering::Relaxed) {
            return;
        }
        let mut stuck = locked(&inner.stuck);
        match handed_out {
            true => stuck.insert(self.number, self.pulse.now()),
            false => stuck.remove(&self.number),
        };
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.handed_out(false);
        let inner = &self.pulse.0;
        inner.quiet_since.store(self.pulse.now(), Ordering::Relaxed);
        inner.asked.fetch_sub(1, Ordering::Relaxed);
    }
}

fn locked(stuck: &Mutex<HashMap<u64, u64>>) -> MutexGuard<'_, HashMap<u64, u64>> {
    stuck.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    /// Over at once.
    const NOW: Duration = Duration::ZERO;

    fn is_overdue(pulse: &Pulse, head: Duration, idle: Duration) -> bool {
        pulse.due(&Limits { head, idle, body: LONG, write: NOW }).is_some_and(|due| due < LONG)
    }

    #[test]
    fn the_first_head_is_due_from_the_begin_on() {
        let pulse = Pulse::new();
        assert!(is_overdue(&pulse, NOW, LONG));
        assert!(!is_overdue(&pulse, LONG, LONG));
    }

    #[test]
    fn a_later_head_is_due_once_it_has_begun() {
        let pulse = Pulse::new();
        drop(pulse.ask());
        assert!(!is_overdue(&pulse, NOW, LONG), "nothing has arrived");
        pulse.heard();
        assert!(is_overdue(&pulse, NOW, LONG));
        let asked = pulse.ask();
        assert!(!is_overdue(&pulse, NOW, NOW), "it is being answered");
        pulse.heard();
        drop(asked);
        assert!(!is_overdue(&pulse, NOW, LONG), "what was heard belonged to the request before");
        assert!(is_overdue(&pulse, LONG, NOW));
    }

    #[test]
    fn what_arrives_over_http2_gives_no_time() {
        let pulse = Pulse::new();
        pulse.hears_no_heads();
        pulse.heard();
        assert!(!is_overdue(&pulse, NOW, LONG));
        assert!(is_overdue(&pulse, LONG, NOW));
    }

    #[test]
    fn one_stream_of_which_the_client_takes_nothing_is_enough_to_be_overdue() {
        let pulse = Pulse::new();
        pulse.hears_no_heads();
        let (one, other) = (pulse.ask(), pulse.ask());
        assert!(!is_overdue(&pulse, LONG, LONG), "there is nothing to take");
        one.handed_out(true);
        other.handed_out(true);
        other.handed_out(false);
        assert!(is_overdue(&pulse, LONG, LONG));
        drop(one);
        assert!(!is_overdue(&pulse, LONG, LONG));
    }

    #[test]
    fn whoever_still_reads_is_not_idle() {
        let pulse = Pulse::new();
        drop(pulse.ask());
        pulse.writes(true);
        assert!(!is_overdue(&pulse, NOW, NOW));
        pulse.writes(false);
        assert!(is_overdue(&pulse, LONG, NOW));
    }

    #[test]
    fn whoever_is_overdue_has_no_rest() {
        let (pulse, second) = (Pulse::new(), Duration::from_secs(1));
        let limits = |idle| Limits { head: second, idle, body: LONG, write: LONG };
        drop(pulse.ask());
        assert_eq!(pulse.rest(&limits(NOW)), None);
        assert_eq!(pulse.rest(&limits(LONG)), Some(second / 2));
    }
}
