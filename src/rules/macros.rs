//! The macros of the filter language: names that stand for a value taken from the clock when a filter runs.
//!
//! Called by the resolver (is this name a macro?) and when parameters are bound (its value now). All in UTC.

use jiff::civil::{DateTime, Time};

use crate::base::clock::format_utc;
use crate::base::{SqlValue, Timestamp};

/// A macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Macro {
    /// `@now`: the current time.
    Now,
    /// `@yesterday`: 24 hours ago.
    Yesterday,
    /// `@tomorrow`: in 24 hours.
    Tomorrow,
    /// `@todayStart`: today 00:00:00.000.
    TodayStart,
    /// `@todayEnd`: today 23:59:59.999.
    TodayEnd,
    /// `@monthStart`: the first instant of this month.
    MonthStart,
    /// `@monthEnd`: the last millisecond of this month.
    MonthEnd,
    /// `@yearStart`: the first instant of this year.
    YearStart,
    /// `@yearEnd`: the last millisecond of this year.
    YearEnd,
    /// `@second`: 0-59.
    Second,
    /// `@minute`: 0-59.
    Minute,
    /// `@hour`: 0-23.
    Hour,
    /// `@day`: day of the month, 1-31.
    Day,
    /// `@month`: 1-12.
    Month,
    /// `@weekday`: 0-6, Sunday is 0.
    Weekday,
    /// `@year`
    Year,
}

/// The macro of this name, `@` included. Letter case counts.
pub fn lookup(name: &str) -> Option<Macro> {
    Some(match name.strip_prefix('@')? {
        "now" => Macro::Now,
        "yesterday" => Macro::Yesterday,
        "tomorrow" => Macro::Tomorrow,
        "todayStart" => Macro::TodayStart,
        "todayEnd" => Macro::TodayEnd,
        "monthStart" => Macro::MonthStart,
        "monthEnd" => Macro::MonthEnd,
        "yearStart" => Macro::YearStart,
        "yearEnd" => Macro::YearEnd,
        "second" => Macro::Second,
        "minute" => Macro::Minute,
        "hour" => Macro::Hour,
        "day" => Macro::Day,
        "month" => Macro::Month,
        "weekday" => Macro::Weekday,
        "year" => Macro::Year,
        _ => return None,
    })
}

impl Macro {
    /// Its value at `now`: text in the interface's date form, or a number.
    pub fn value(self, now: Timestamp) -> SqlValue {
        let at = now.utc();
        match self {
            Macro::Now => date(at),
            Macro::Yesterday => date(at.yesterday().unwrap_or(at)),
            Macro::Tomorrow => date(at.tomorrow().unwrap_or(at)),
            Macro::TodayStart => date(at.start_of_day()),
            Macro::TodayEnd => date(last_millisecond(at)),
            Macro::MonthStart => date(at.first_of_month().start_of_day()),
            Macro::MonthEnd => date(last_millisecond(at.last_of_month())),
            Macro::YearStart => date(at.first_of_year().start_of_day()),
            Macro::YearEnd => date(last_millisecond(at.last_of_year())),
            Macro::Second => number(at.second()),
            Macro::Minute => number(at.minute()),
            Macro::Hour => number(at.hour()),
            Macro::Day => number(at.day()),
            Macro::Month => number(at.month()),
            Macro::Weekday => number(at.weekday().to_sunday_zero_offset()),
            Macro::Year => number(at.year()),
        }
    }
}

fn date(at: DateTime) -> SqlValue {
    SqlValue::Text(format_utc(at))
}

/// An integer, unlike number literals: a text field that holds `2024` equals `@year`.
fn number(value: impl Into<i64>) -> SqlValue {
    SqlValue::Integer(value.into())
}

fn last_millisecond(day: DateTime) -> DateTime {
    day.date().to_datetime(Time::constant(23, 59, 59, 999_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-02-29 is a leap day and a Thursday; 2023-12-31 a Sunday at the end of everything.
    fn check(name: &str, now: &str, expect: impl Into<SqlValue>) {
        let now: jiff::Timestamp = now.parse().expect("a time");
        let found = lookup(name).expect(name).value(Timestamp::from_jiff(now));
        assert_eq!(found, expect.into(), "{name} at {now}");
    }

    #[test]
    fn dates() {
        let leap = "2024-02-29T12:34:56.789Z";
        check("@now", leap, "2024-02-29 12:34:56.789Z");
        check("@yesterday", leap, "2024-02-28 12:34:56.789Z");
        check("@tomorrow", leap, "2024-03-01 12:34:56.789Z");
        check("@todayStart", leap, "2024-02-29 00:00:00.000Z");
        check("@todayEnd", leap, "2024-02-29 23:59:59.999Z");
        check("@monthStart", leap, "2024-02-01 00:00:00.000Z");
        check("@monthEnd", leap, "2024-02-29 23:59:59.999Z");
        check("@yearStart", leap, "2024-01-01 00:00:00.000Z");
        check("@yearEnd", leap, "2024-12-31 23:59:59.999Z");
        check("@tomorrow", "2023-12-31T23:59:59.999Z", "2024-01-01 23:59:59.999Z");
        check("@monthEnd", "2023-02-01T00:00:00Z", "2023-02-28 23:59:59.999Z");
    }

    #[test]
    fn numbers() {
        let leap = "2024-02-29T12:34:56.789Z";
        for (name, expect) in [
            ("@second", 56_i64),
            ("@minute", 34),
            ("@hour", 12),
            ("@day", 29),
            ("@month", 2),
            ("@weekday", 4),
            ("@year", 2024),
        ] {
            check(name, leap, expect);
        }
        check("@weekday", "2023-12-31T00:00:00Z", 0);
    }

    #[test]
    fn other_names_are_not_macros() {
        for name in ["now", "@Now", "@now.x", "@", "", "@todaystart", "@random", "@rowid"] {
            assert_eq!(lookup(name), None, "{name}");
        }
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for now in [jiff::Timestamp::MIN, jiff::Timestamp::MAX] {
            for name in ["@yesterday", "@tomorrow", "@monthEnd", "@yearStart"] {
                lookup(name).expect(name).value(Timestamp::from_jiff(now));
            }
        }
    }
}
