//! Points in time, in the interface's text form `YYYY-MM-DD HH:MM:SS.mmmZ`.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A point in time, UTC, with millisecond precision in its text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// As HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
    pub fn http_date(self) -> String {
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        // It fails for years before 0 only.
        printer.timestamp_to_rfc9110_string(&self.0).unwrap_or_default()
    }

    /// The time that a header names, in the form of [`Timestamp::http_date`].
    pub fn parse_http_date(text: &str) -> Option<Self> {
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok().map(Timestamp)
    }

    /// The time now, cut to milliseconds.
    pub fn now() -> Self {
        let now = jiff::Timestamp::now();
        Timestamp(jiff::Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now))
    }

    /// The point `seconds` after the Unix epoch.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        jiff::Timestamp::from_second(seconds).ok().map(Timestamp)
    }

    /// The point `millis` milliseconds after the Unix epoch.
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(millis).ok().map(Timestamp)
    }

    /// The time of a file, cut to milliseconds; what can't be represented is the Unix epoch.
    pub fn from_system_time(time: std::time::SystemTime) -> Self {
        let millis = jiff::Timestamp::try_from(time).map_or(0, |at| at.as_millisecond());
        Timestamp(jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// Reads the interface's form, or any other that RFC 3339 allows.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Timestamp)
    }

    /// Wraps a [`jiff::Timestamp`].
    pub fn from_jiff(timestamp: jiff::Timestamp) -> Self {
        Timestamp(timestamp)
    }

    /// The point that is `seconds` later, or earlier if negative; what can't be represented is the point itself.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.0.checked_add(jiff::SignedDuration::from_secs(seconds)).map_or(self, Timestamp)
    }

    /// Seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// Milliseconds since the Unix epoch.
    pub fn unix_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The calendar date and clock time in UTC.
    pub fn utc(self) -> DateTime {
        TimeZone::UTC.to_datetime(self.0)
    }
}

/// Date and time in the interface's form; extra precision is cut off.
pub fn format_utc(at: DateTime) -> String {
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_utc(self.utc()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_interface_form() {
        let at = Timestamp::from_unix_seconds(1_700_000_000).expect("in range");
        assert_eq!(at.to_string(), "2023-11-14 22:13:20.000Z");
    }
}
