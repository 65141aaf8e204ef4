//! The minutes of the clock, each of which comes once.

use std::time::Duration;

use crate::base::Timestamp;

const MINUTE_MS: i64 = 60_000;

/// Remembers which minute came last. A clock that is set back doesn't bring the same minutes again, unless it is set
/// back so far that waiting for them would be worse. One that is set ahead, and a machine that was asleep, bring those
/// in between all at once, up to a day.
pub struct Minutes {
    last: i64,
}

/// Minutes that have come, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    first: i64,
    last: i64,
}

impl Span {
    /// One minute.
    #[cfg(test)]
    pub fn one(at: Timestamp) -> Span {
        Span { first: number(at), last: number(at) }
    }

    /// The start of each of them.
    pub fn minutes(self) -> impl Iterator<Item = Timestamp> {
        (self.first..=self.last).filter_map(|minute| Timestamp::from_unix_seconds(minute * 60))
    }
}

/// How far back a clock may be set before its time is taken as it is.
const SET_BACK_MAX_MINUTES: i64 = 10;
/// Of the minutes that were left out, so many of the latest are made up for.
const LEFT_OUT_MAX: i64 = 24 * 60;

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

    /// The minute that is running at `now`, if it is a new one, with those that were left out before it.
    pub fn turn(&mut self, now: Timestamp) -> Option<Span> {
        let minute = number(now);
        let is_past = minute <= self.last && minute > self.last - SET_BACK_MAX_MINUTES;
        if is_past {
            return None;
        }
        let first = if minute > self.last { (self.last + 1).max(minute - LEFT_OUT_MAX + 1) } else { minute };
        self.last = minute;
        Some(Span { first, last: minute })
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
            ("10:01:00", Some(("10:01:00", "10:01:00"))),
            ("10:01:00.001", None),
            ("10:02:03", Some(("10:02:00", "10:02:00"))),
            // Asleep, or set ahead.
            ("11:00:00", Some(("10:03:00", "11:00:00"))),
            // Set back a little, and then as usual.
            ("10:55:00", None),
            ("11:00:59", None),
            ("11:01:00", Some(("11:01:00", "11:01:00"))),
            // Set back far.
            ("08:00:10", Some(("08:00:00", "08:00:00"))),
            ("08:01:00", Some(("08:01:00", "08:01:00"))),
        ] {
            let expect = expect.map(|(first, last)| Span { first: number(at(first)), last: number(at(last)) });
            assert_eq!(minutes.turn(at(now)), expect, "{now}");
        }
    }

    #[test]
    fn what_is_due_once_a_day_runs_once_a_day_however_the_clock_jumps() {
        let daily = crate::jobs::Expression::parse("0 3 * * *").expect("an expression");
        let mut minutes = Minutes::new(at("02:30:00"));
        let mut runs = 0;
        for (now, expect) in [
            ("02:59:50", 0),
            // Over it by some seconds, back, and on again.
            ("03:00:05", 1),
            ("02:59:58", 1),
            ("03:00:00", 1),
            ("03:00:30", 1),
            ("03:01:00", 1),
            ("03:02:00", 1),
            ("02:58:00", 1),
            ("03:05:00", 1),
        ] {
            let span = minutes.turn(at(now));
            runs += usize::from(span.is_some_and(|span| span.minutes().any(|minute| daily.is_due(minute))));
            assert_eq!(runs, expect, "{now}");
        }
        // From before it to behind it in one step; and by a month, which makes up for one day.
        let mut minutes = Minutes::new(at("02:59:59"));
        let is_due = |span: Option<Span>| span.is_some_and(|span| span.minutes().any(|minute| daily.is_due(minute)));
        assert!(is_due(minutes.turn(at("03:40:00"))));
        let later = Timestamp::parse("2026-02-03 02:00:00Z").expect("a time");
        let span = minutes.turn(later).expect("it is a new minute");
        assert_eq!(span.minutes().count(), 24 * 60);
        assert!(is_due(Some(span)));
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
