//! The minutes of the clock, each of which comes once.

use std::time::Duration;

use crate::base::Timestamp;

const MINUTE_MS: i64 = 60_000;

/// Remembers which minute came last. A clock that is set back doesn't bring the same minutes again, unless it is set
/// back so far that waiting for them would be worse; one that is set ahead leaves out those in between.
pub struct Minutes {
    last: i64,
}

/// How far back a clock may be set before its time is taken as it is.
const SET_BACK_MAX_MINUTES: i64 = 10;

impl Minutes {
    /// The minute that is running at `now` counts as past.
    pub fn new(now: Timestamp) -> Minutes {
        Minutes { last: number(now) }
    }

    /// How long it is until the next minute begins.
    pub fn until_next(now: Timestamp) -> Duration {
        let past = now.unix_millis().rem_euclid(MINUTE_MS);
        Duration::from_millis((MINUTE_MS - past).unsigned_abs())
    }

    /// The start of the minute that is running at `now`, if it is a new one.
    pub fn turn(&mut self, now: Timestamp) -> Option<Timestamp> {
        let minute = number(now);
        let is_past = minute <= self.last && minute > self.last - SET_BACK_MAX_MINUTES;
        if is_past {
            return None;
        }
        self.last = minute;
        Timestamp::from_unix_seconds(minute * 60)
    }
}

fn number(now: Timestamp) -> i64 {
    now.unix_millis().div_euclid(MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-01-01 {text}Z")).expect("a time")
    }

    #[test]
    fn every_minute_comes_once() {
        let mut minutes = Minutes::new(at("10:00:30"));
        for (now, expect) in [
            // Woken too early.
            ("10:00:59.999", None),
            ("10:01:00", Some("10:01:00")),
            ("10:01:00.001", None),
            ("10:02:03", Some("10:02:00")),
            // Asleep, or set ahead.
            ("11:00:00", Some("11:00:00")),
            // Set back a little, and then as usual.
            ("10:55:00", None),
            ("11:00:59", None),
            ("11:01:00", Some("11:01:00")),
            // Set back far.
            ("08:00:10", Some("08:00:00")),
            ("08:01:00", Some("08:01:00")),
        ] {
            assert_eq!(minutes.turn(at(now)), expect.map(at), "{now}");
        }
    }

    #[test]
    fn waiting_ends_with_the_minute() {
        for (now, millis) in [("10:00:00", 60_000), ("10:00:00.001", 59_999), ("10:00:59.999", 1)] {
            assert_eq!(Minutes::until_next(at(now)), Duration::from_millis(millis), "{now}");
        }
        let before_1970 = Timestamp::from_unix_seconds(-1).expect("a time");
        assert_eq!(Minutes::until_next(before_1970), Duration::from_secs(1));
    }
}
