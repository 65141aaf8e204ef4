//! `date`: a point in time, UTC, kept as `YYYY-MM-DD HH:MM:SS.mmmZ`.
//!
//! Many notations are read; what is none of them is the zero value, and so is the first instant of year 1, which
//! stands for "no date" in other programs.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::checks::is_present;
use super::{Field, Kind, OptionSite, Storage};
use crate::base::clock::format_utc;
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Stands for "no date".
const ZERO_TIME: &str = "0001-01-01 00:00:00.000Z";

/// Options of a `date` field. The bounds don't have to be in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DateOptions {
    /// Earliest date; empty is no bound.
    #[serde(deserialize_with = "deserialize_bound")]
    pub min: String,
    /// Latest date; empty is no bound.
    #[serde(deserialize_with = "deserialize_bound")]
    pub max: String,
}

/// Bounds are normalised as values are.
fn deserialize_bound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|text| parse_date(&text).unwrap_or_default())
}

impl Kind for DateOptions {
    fn storage(&self) -> Storage {
        Storage::Text
    }

    fn zero(&self) -> Value {
        Value::Text(String::new())
    }

    fn coerce(&self, input: &Json) -> Value {
        Value::Text(input.as_str().and_then(parse_date).unwrap_or_default())
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        if !is_present(field, value)? {
            return Ok(());
        }
        // The form sorts like time itself.
        let date = value.as_text();
        if !self.min.is_empty() && date < self.min.as_str() {
            return Err(FieldError::new(
                "validation_min_greater_equal_than_required",
                format!("This can't be before {}.", self.min),
            )
            .with("threshold", rfc3339(&self.min)));
        }
        if !self.max.is_empty() && date > self.max.as_str() {
            return Err(FieldError::new(
                "validation_max_less_equal_than_required",
                format!("This can't be after {}.", self.max),
            )
            .with("threshold", rfc3339(&self.max)));
        }
        Ok(())
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        FieldErrors::new()
    }
}

/// A date in the interface's form, without needless zeros, as error parameters show it.
fn rfc3339(canonical: &str) -> String {
    let text = canonical.replace(' ', "T");
    let digits = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    // Zeros of the seconds belong to them.
    let end = digits.len().max("YYYY-MM-DDTHH:MM:SS".len());
    format!("{}Z", &text[..end])
}

/// Reads any notation that date fields accept and gives the interface's form, or `None`.
pub fn parse_date(text: &str) -> Option<String> {
    let canonical = if is_canonical(text) {
        text.to_owned()
    } else {
        format_utc(parse_iso(text).or_else(|| parse_named(text)).filter(|at| at.year() >= 0)?)
    };
    (canonical != ZERO_TIME).then_some(canonical)
}

/// Whether `text` is in the interface's form already, and a real date.
fn is_canonical(text: &str) -> bool {
    let shape = b"dddd-dd-dd dd:dd:dd.dddZ";
    text.len() == shape.len()
        && text.bytes().zip(shape).all(|(byte, like)| if *like == b'd' { byte.is_ascii_digit() } else { byte == *like })
        && iso_date(&text[..10]).is_some()
        && clock_time(&text[11..19]).is_some()
}

/// `YYYY-MM-DD`, alone or followed by `T` or a space, the time, any fraction, and perhaps a zone.
fn parse_iso(text: &str) -> Option<DateTime> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = iso_date(date)?;
    if rest.is_empty() {
        return Some(date.to_datetime(Time::midnight()));
    }
    let (time, zone) = rest.strip_prefix(['T', ' '])?.split_at_checked(8)?;
    let time = clock_time(time)?;
    let (millisecond, zone) = match zone.strip_prefix(['.', ',']) {
        Some(fraction) => fraction_of_second(fraction)?,
        None => (0, zone),
    };
    let time = time.with().millisecond(millisecond).build().ok()?;
    in_utc(date.to_datetime(time), iso_zone_seconds(zone)?)
}

/// The milliseconds that a fraction means, and what follows its digits; extra precision is cut off.
fn fraction_of_second(text: &str) -> Option<(i16, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, rest) = text.split_at(count);
    if fraction.is_empty() {
        return None;
    }
    Some((digits(&format!("{fraction:0<3}")[..3], 3)?, rest))
}

/// Nothing, `Z`, an offset, or an offset behind a space, which may be followed by a name that says nothing new.
fn iso_zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z") {
        return Some(0);
    }
    let Some(spaced) = zone.strip_prefix(' ') else { return offset_seconds(zone) };
    match spaced.split_once(' ') {
        Some((offset, name)) if is_zone_name(name) => offset_seconds(offset),
        Some(_) => None,
        None => offset_seconds(spaced),
    }
}

/// The notations with names of months: RFC 1123, 822 and 850, those of C, Unix and Ruby, and `02 Jan 2006`.
fn parse_named(text: &str) -> Option<DateTime> {
    if text.trim() != text {
        return None;
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words[..] {
        [day, month, year] => Some(named_date(day, month, year)?.to_datetime(Time::midnight())),
        [day, month, year, time, zone] if time.len() == 5 => {
            let time = clock_time(&format!("{time}:00"))?;
            in_utc(named_date(day, month, short_year(year)?.as_str())?.to_datetime(time), zone_seconds(zone)?)
        }
        [weekday, day, month, year, time, zone] if weekday.ends_with(',') => {
            weekday_named(weekday.trim_end_matches(','), 3)?;
            in_utc(named_date(day, month, year)?.to_datetime(clock_time(time)?), zone_seconds(zone)?)
        }
        [weekday, date, time, zone] if weekday.ends_with(',') => {
            weekday_named(weekday.trim_end_matches(','), usize::MAX)?;
            let (day, rest) = date.split_once('-')?;
            let (month, year) = rest.split_once('-')?;
            let date = named_date(day, month, short_year(year)?.as_str())?;
            in_utc(date.to_datetime(clock_time(time)?), zone_seconds(zone)?)
        }
        [weekday, month, day, time, year] => {
            weekday_named(weekday, 3)?;
            Some(named_date(&format!("{day:0>2}"), month, year)?.to_datetime(clock_time(time)?))
        }
        [weekday, month, day, time, zone, year] => {
            weekday_named(weekday, 3)?;
            let date = named_date(&format!("{day:0>2}"), month, year)?;
            in_utc(date.to_datetime(clock_time(time)?), zone_seconds(zone)?)
        }
        _ => None,
    }
}

/// Exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn iso_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    civil_date(digits(year, 4)?, digits(month, 2)?, digits(day, 2)?)
}

fn named_date(day: &str, month: &str, year: &str) -> Option<Date> {
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    civil_date(digits(year, 4)?, i16::try_from(month + 1).ok()?, digits(day, 2)?)
}

fn civil_date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Two digits of a year mean 1969 to 2068.
fn short_year(year: &str) -> Option<String> {
    let number = digits(year, 2)?;
    Some((if number >= 69 { 1900 + number } else { 2000 + number }).to_string())
}

/// `HH:MM:SS`; no leap seconds, no hour 24.
fn clock_time(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let mut part = || parts.next().and_then(|part| digits(part, 2)).and_then(|number| i8::try_from(number).ok());
    let (hour, minute, second) = (part()?, part()?, part()?);
    if parts.next().is_some() { None } else { Time::new(hour, minute, second, 0).ok() }
}

/// Any weekday, whether or not it is the right one; its name in full or cut to `chars`.
fn weekday_named(text: &str, chars: usize) -> Option<&'static str> {
    WEEKDAYS.into_iter().find(|name| name[..chars.min(name.len())].eq_ignore_ascii_case(text))
}

/// An offset, or a name, which is taken for UTC: names are ambiguous.
fn zone_seconds(zone: &str) -> Option<i64> {
    if is_zone_name(zone) { Some(0) } else { offset_seconds(zone) }
}

fn is_zone_name(zone: &str) -> bool {
    (3..=5).contains(&zone.len()) && zone.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// `±hhmm` or `±hh:mm`.
fn offset_seconds(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match text[1..].split_once(':') {
        Some(parts) => parts,
        None => text[1..].split_at_checked(2)?,
    };
    let (hours, minutes) = (i64::from(digits(hours, 2)?), i64::from(digits(minutes, 2)?));
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn in_utc(local: DateTime, offset_seconds: i64) -> Option<DateTime> {
    local.checked_sub(SignedDuration::from_secs(offset_seconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values, field};
    use super::*;
    use serde_json::json;

    fn check(text: &str, expect: &str) {
        assert_eq!(parse_date(text).unwrap_or_default(), expect, "{text:?}");
    }

    #[test]
    fn iso_notations_become_the_canonical_form() {
        for (text, expect) in [
            ("2022-01-02 03:04:05.123Z", "2022-01-02 03:04:05.123Z"),
            ("2022-01-02", "2022-01-02 00:00:00.000Z"),
            ("2022-01-02T03:04:05Z", "2022-01-02 03:04:05.000Z"),
            ("2022-01-02 03:04:05", "2022-01-02 03:04:05.000Z"),
            ("2022-01-02 03:04:05.5", "2022-01-02 03:04:05.500Z"),
            ("2022-01-02T03:04:05,123Z", "2022-01-02 03:04:05.123Z"),
            ("2022-01-02T03:04:05.123456789123Z", "2022-01-02 03:04:05.123Z"),
            ("2022-01-02T03:04:05.9999+02:00", "2022-01-02 01:04:05.999Z"),
            ("2022-01-02 03:04:05.1-05:30", "2022-01-02 08:34:05.100Z"),
            ("2022-01-02T03:04:05+0200", "2022-01-02 01:04:05.000Z"),
            ("2022-01-02 03:04:05 -0700", "2022-01-02 10:04:05.000Z"),
            ("2022-01-02 03:04:05 -07:00", "2022-01-02 10:04:05.000Z"),
            ("2022-01-02 03:04:05 +0000 UTC", "2022-01-02 03:04:05.000Z"),
            ("2022-01-02 03:04:05.5 +0100 CET", "2022-01-02 02:04:05.500Z"),
            ("1969-12-31 23:59:59.999Z", "1969-12-31 23:59:59.999Z"),
            ("2023-01-02T03:04:05.123+02:00", "2023-01-02 01:04:05.123Z"),
            ("0001-01-02", "0001-01-02 00:00:00.000Z"),
            ("0001-01-01 00:00:00.001Z", "0001-01-01 00:00:00.001Z"),
            ("0001-01-01T00:00:00+01:00", "0000-12-31 23:00:00.000Z"),
            ("9999-12-31 23:59:59.999Z", "9999-12-31 23:59:59.999Z"),
        ] {
            check(text, expect);
        }
    }

    #[test]
    fn notations_with_names_are_read() {
        for text in [
            "Mon, 02 Jan 2006 15:04:05 MST",
            "Tue, 02 Jan 2006 15:04:05 GMT",
            "Monday, 02-Jan-06 15:04:05 MST",
            "Mon Jan  2 15:04:05 2006",
            "Mon Jan 2 15:04:05 2006",
            "Mon Jan  2 15:04:05 MST 2006",
        ] {
            check(text, "2006-01-02 15:04:05.000Z");
        }
        check("Mon, 02 Jan 2006 15:04:05 -0700", "2006-01-02 22:04:05.000Z");
        check("Mon Jan 02 15:04:05 -0700 2006", "2006-01-02 22:04:05.000Z");
        check("02 Jan 06 15:04 MST", "2006-01-02 15:04:00.000Z");
        check("02 Jan 06 15:04 -0700", "2006-01-02 22:04:00.000Z");
        check("02 Jan 69 15:04 MST", "1969-01-02 15:04:00.000Z");
        check("02 Jan 2006", "2006-01-02 00:00:00.000Z");
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "now",
            "2022",
            "2022-01",
            "2022-1-2",
            "2022-13-01",
            "2022-02-30",
            "20220102",
            "1672531200",
            "1672531200.5",
            "2022-01-02 03:04",
            "2022-01-02T03:04Z",
            "2022-01-02 3:4:5",
            "2022-01-02 24:00:00Z",
            "2022-01-02 23:59:60Z",
            "2022-13-02 03:04:05.123Z",
            "2022-01-02 25:04:05.123Z",
            "2022-01-02 03:04:05z",
            "2022-01-02t03:04:05Z",
            " 2022-01-02",
            "2022-01-02 ",
            "2022/01/02",
            "01/02/2022",
            "0001-01-01",
            "0001-01-01 00:00:00.000Z",
            "10000-01-01",
            "-001-01-01",
            "2022-01-02 03:04:05.Z",
            "2022-01-02 03:04:05.123 Z",
            "2022-01-02T03:04:05+25:00",
            "2022-01-02T03:04:05+02",
            "2022-01-02 03:04:05 UTC",
            "2022-01-02 03:04:05 PM",
            "2 Jan 2006",
            "02 January 2006",
            "January 2, 2006",
            "02-Jan-2006",
            "Mon, 02-Jan-06 15:04:05 MST",
            "mon, 02 jan 2006 15:04:05 mst",
            "Mon, 2 Jan 2006 15:04:05 -0700",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
            "2022-01-0é",
            "é022-01-02",
            "2022-01-02é03:04:05",
            "2022-01-02T03:04:05+é",
        ] {
            check(text, "");
        }
    }

    #[test]
    fn only_text_is_a_date() {
        for input in [json!(1_672_531_200), json!(true), json!({}), json!(["2022-01-02"])] {
            assert_eq!(DateOptions::default().coerce(&input), Value::Text(String::new()), "{input}");
        }
    }

    #[test]
    fn bounds_are_inclusive() {
        check_values(
            json!({"type": "date", "min": "2022-01-02 03:04:05.120Z", "max": "2022-06-10"}),
            &[
                (json!(""), None),
                (json!("2022-01-02 03:04:05.120Z"), None),
                (json!("2022-06-10"), None),
                (
                    json!("2022-01-01"),
                    Some((
                        "validation_min_greater_equal_than_required",
                        json!({"threshold": "2022-01-02T03:04:05.12Z"}),
                    )),
                ),
                (
                    json!("2022-06-10 00:00:00.001Z"),
                    Some(("validation_max_less_equal_than_required", json!({"threshold": "2022-06-10T00:00:00Z"}))),
                ),
            ],
        );
        check_values(
            json!({"type": "date", "required": true}),
            &[
                (json!("x"), Some(("validation_required", json!(null)))),
                (json!(1), Some(("validation_required", json!(null)))),
            ],
        );
    }

    #[test]
    fn bounds_are_normalised_and_need_no_order() {
        let definition = json!({"type": "date", "min": "2022-01-02T00:00:00+02:00", "max": "2020-01-01"});
        check_options(&[(definition.clone(), json!({}))]);
        let served = field(definition).to_json();
        assert_eq!(served["min"], json!("2022-01-01 22:00:00.000Z"));
        assert_eq!(served["max"], json!("2020-01-01 00:00:00.000Z"));
        assert_eq!(field(json!({"type": "date", "min": "abc"})).to_json()["min"], json!(""));
    }
}
