//! When a job is due: `minute hour day month weekday`, in UTC.
//!
//! The grammar is PocketBase's, which no library has exactly: numbers only, weekdays from 0 (Sunday) to 6, and all
//! five parts must fit, day and weekday too. So expressions mean here what they mean there.

use std::fmt;

use crate::base::Timestamp;

/// The parts of an expression: name, least and greatest value.
const PARTS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6)];

/// Short ways to write expressions.
const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// An expression that is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    text: String,
    /// One set of values per part, as bits.
    sets: [u64; 5],
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Expression, String> {
        let long = MACROS.iter().find(|(name, _)| *name == text).map_or(text, |(_, long)| long);
        let parts: Vec<&str> = long.split(' ').collect();
        let parts: [&str; 5] = parts.try_into().map_err(|_| {
            let names = PARTS.map(|(name, ..)| name).join(" ");
            format!("A cron expression has five parts with one space between ({names}), or is one of {}.", macros())
        })?;
        let mut sets = [0; 5];
        for (at, part) in parts.into_iter().enumerate() {
            sets[at] = set(part, at)?;
        }
        Ok(Expression { text: text.to_owned(), sets })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the minute of `at` fits.
    pub fn is_due(&self, at: Timestamp) -> bool {
        let now = at.utc();
        let weekday = now.date().weekday().to_sunday_zero_offset();
        let values = [now.minute(), now.hour(), now.day(), now.month(), weekday];
        self.sets.iter().zip(values).all(|(set, value)| set & (1u64 << value) != 0)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn macros() -> String {
    MACROS.map(|(name, _)| name).join(", ")
}

/// The values that one part stands for: a list of `*`, `a`, `a-b`, and the first and last of these with a step.
fn set(part: &str, at: usize) -> Result<u64, String> {
    let (name, least, greatest) = PARTS[at];
    let mut set = 0;
    for item in part.split(',') {
        let (range, step) = match item.split_once('/') {
            None => (item, 1),
            // A step of more than the greatest value would be a mistake.
            Some((range, step)) => (range, number(step, name, 1, greatest)?),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, greatest),
            Some((from, to)) => (number(from, name, least, greatest)?, number(to, name, least, greatest)?),
            None if step != 1 => return Err(format!("The {name} {item:?} has a step, which needs `*` or a range.")),
            None => {
                let only = number(range, name, least, greatest)?;
                (only, only)
            }
        };
        if from > to {
            return Err(format!("The {name} {item:?} ends before it begins."));
        }
        set |= (from..=to).step_by(step as usize).fold(0, |set, value| set | 1 << value);
    }
    Ok(set)
}

fn number(text: &str, name: &str, least: u32, greatest: u32) -> Result<u32, String> {
    let value = text.parse().ok().filter(|value| (least..=greatest).contains(value));
    value.ok_or_else(|| format!("The {name} has {text:?} where a number from {least} to {greatest} is expected."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(expression: &str, at: &str) -> bool {
        let expression = Expression::parse(expression).expect(expression);
        expression.is_due(Timestamp::parse(&format!("{at}:30Z")).expect("a time"))
    }

    /// What one part stands for.
    fn values(part: &str, at: usize) -> Vec<u32> {
        let set = set(part, at).expect(part);
        (0..64).filter(|value| set & (1 << value) != 0).collect()
    }

    #[test]
    fn parts_are_lists_of_ranges_with_steps() {
        let every_minute: Vec<u32> = (0..60).collect();
        for (part, at, expect) in [
            ("*", 0, &every_minute[..]),
            ("*/1", 0, &every_minute[..]),
            ("0", 0, &[0]),
            ("59", 0, &[59]),
            ("05", 0, &[5]),
            ("*/15", 0, &[0, 15, 30, 45]),
            ("*/59", 0, &[0, 59]),
            ("10-20/5", 0, &[10, 15, 20]),
            ("10-21/5", 0, &[10, 15, 20]),
            ("7-7", 0, &[7]),
            ("5/1", 0, &[5]),
            ("1,5,5,3", 0, &[1, 3, 5]),
            ("1-3,10-30/10,59", 0, &[1, 2, 3, 10, 20, 30, 59]),
            ("*/2,1", 4, &[0, 1, 2, 4, 6]),
            ("*/5", 2, &[1, 6, 11, 16, 21, 26, 31]),
            ("*/4", 3, &[1, 5, 9]),
            ("0-6", 4, &[0, 1, 2, 3, 4, 5, 6]),
            ("23", 1, &[23]),
        ] {
            assert_eq!(values(part, at), expect, "{part} at {at}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            " ",
            "*",
            "* * * *",
            "* * * * * *",
            " * * * * *",
            "* * * * * ",
            "*  * * * *",
            "*\t* * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 0 *",
            "* * * 13 *",
            "* * * * 7",
            "-1 * * * *",
            "1- * * * *",
            "-5 * * * *",
            "5-1 * * * *",
            "1-2-3 * * * *",
            "1-60 * * * *",
            "*/0 * * * *",
            "*/60 * * * *",
            "*/ * * * *",
            "*/2/3 * * * *",
            "/2 * * * *",
            "5/2 * * * *",
            "*/-1 * * * *",
            ", * * * *",
            "1, * * * *",
            ",1 * * * *",
            "*-5 * * * *",
            "** * * * *",
            "a * * * *",
            "1.5 * * * *",
            "99999999999 * * * *",
            "٣ * * * *",
            "* * * jan *",
            "* * * * mon",
            "* * L * *",
            "* * ? * *",
            "* * * * 1#2",
            "@",
            "@never",
            "@Hourly",
            "@hourly ",
            "@reboot",
            "@every 1h",
        ] {
            assert!(Expression::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn all_five_parts_must_fit() {
        for (expression, at, expect) in [
            ("* * * * *", "2026-11-26 03:21", true),
            ("21 3 26 11 4", "2026-11-26 03:21", true),
            ("20 3 26 11 4", "2026-11-26 03:21", false),
            ("21 4 26 11 4", "2026-11-26 03:21", false),
            ("21 3 25 11 4", "2026-11-26 03:21", false),
            ("21 3 26 12 4", "2026-11-26 03:21", false),
            // A Thursday: day and weekday must both fit, unlike in other crons.
            ("21 3 26 11 5", "2026-11-26 03:21", false),
            ("0 0 * * 0", "2026-11-29 00:00", true),
            ("0 0 * * 0", "2026-11-28 00:00", false),
            ("0 0 29 2 *", "2028-02-29 00:00", true),
            ("0 */6 * * *", "2026-11-26 18:00", true),
            ("0 */6 * * *", "2026-11-26 19:00", false),
        ] {
            assert_eq!(due(expression, at), expect, "{expression} at {at}");
        }
    }

    #[test]
    fn macros_are_short_for_expressions() {
        for (name, fits, fails) in [
            ("@yearly", "2026-01-01 00:00", "2026-02-01 00:00"),
            ("@annually", "2026-01-01 00:00", "2026-01-02 00:00"),
            ("@monthly", "2026-02-01 00:00", "2026-02-02 00:00"),
            ("@weekly", "2026-11-29 00:00", "2026-11-30 00:00"),
            ("@daily", "2026-11-30 00:00", "2026-11-30 01:00"),
            ("@midnight", "2026-11-30 00:00", "2026-11-30 00:01"),
            ("@hourly", "2026-11-30 07:00", "2026-11-30 07:01"),
        ] {
            assert!(due(name, fits) && !due(name, fails), "{name}");
            assert_eq!(Expression::parse(name).expect("it is one").text(), name);
        }
    }

    #[test]
    fn messages_say_where_the_mistake_is() {
        for (text, part) in [("61 * * * *", "minute"), ("* * * * 9", "weekday"), ("* 5/2 * * *", "hour")] {
            let message = Expression::parse(text).expect_err(text);
            assert!(message.contains(&format!("The {part} ")), "{message}");
        }
    }
}
