//! Values and comparisons as SQLite and the rules on NULL make them, written down a second time and slowly.

use std::cmp::Ordering;

use holdall::rules::Op;
use serde_json::Value as Json;

/// A value as SQLite sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Sql {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

/// What SQLite does to the other side of a comparison before it compares.
#[derive(Clone, Copy, PartialEq)]
pub enum Affinity {
    None,
    Text,
    Numeric,
}

/// How `=` and `!=` treat an operand's NULL.
#[derive(Clone, Copy, PartialEq)]
pub enum Nulls {
    /// A literal that is neither empty nor null.
    Known,
    /// `''` or `null`.
    Empty,
    /// A column: NULL counts as empty text.
    AsEmpty,
    /// json: NULL equals only NULL.
    Strict,
}

/// A value with what decides how it is compared.
pub struct Side {
    pub value: Sql,
    pub affinity: Affinity,
    pub nulls: Nulls,
    /// Whether it was written as text or number literal: only those are escaped and wrapped for `~`.
    pub literal: bool,
}

/// Compares by the rules of the filter language; `None` is SQL's unknown.
pub fn compare(op: Op, left: &Side, right: &Side) -> Option<bool> {
    let order = || order(&left.value, left.affinity, &right.value, right.affinity);
    match op {
        Op::Eq => equal(left, right),
        Op::NotEq => not_equal(left, right),
        Op::Gt => order().map(Ordering::is_gt),
        Op::Gte => order().map(Ordering::is_ge),
        Op::Lt => order().map(Ordering::is_lt),
        Op::Lte => order().map(Ordering::is_le),
        Op::Like => like(left, right),
        Op::NotLike => like(left, right).map(|found| !found),
    }
}

fn equal(left: &Side, right: &Side) -> Option<bool> {
    if left.nulls == Nulls::Known || right.nulls == Nulls::Known {
        let strict = left.nulls == Nulls::Strict || right.nulls == Nulls::Strict;
        let (left, right) = (empty_if_literal(left, strict), empty_if_literal(right, strict));
        let order = order(&left.0, left.1, &right.0, right.1).map(Ordering::is_eq);
        // json values are compared with IS, which always knows.
        return if strict { Some(order.unwrap_or(false)) } else { order };
    }
    Some(!differs(left, right))
}

fn not_equal(left: &Side, right: &Side) -> Option<bool> {
    if left.nulls == Nulls::Known || right.nulls == Nulls::Known {
        // NULL is different from every value.
        return Some(!equal(left, right).unwrap_or(false));
    }
    Some(differs(left, right))
}

/// Neither side is a literal with a value, so NULL has a meaning that is always known.
fn differs(left: &Side, right: &Side) -> bool {
    if left.nulls == Nulls::Strict || right.nulls == Nulls::Strict {
        return match order(&left.value, left.affinity, &right.value, right.affinity) {
            Some(order) => order.is_ne(),
            None => left.value != right.value,
        };
    }
    match (left.nulls, right.nulls) {
        (Nulls::Empty, Nulls::Empty) => false,
        (Nulls::Empty, _) => !is_empty(&right.value),
        (_, Nulls::Empty) => !is_empty(&left.value),
        // Two columns: without their types' conversions.
        _ => {
            let known = |value: &Sql| if *value == Sql::Null { Sql::Text(String::new()) } else { value.clone() };
            order(&known(&left.value), Affinity::None, &known(&right.value), Affinity::None) != Some(Ordering::Equal)
        }
    }
}

/// `null` next to a literal with a value counts as empty text; next to json it stays NULL.
fn empty_if_literal(side: &Side, strict: bool) -> (Sql, Affinity) {
    match side.nulls {
        Nulls::Empty if !strict => (Sql::Text(String::new()), Affinity::None),
        _ => (side.value.clone(), side.affinity),
    }
}

fn is_empty(value: &Sql) -> bool {
    *value == Sql::Null || *value == Sql::Text(String::new())
}

/// SQLite's order after its conversions; `None` if a side is NULL.
fn order(left: &Sql, left_affinity: Affinity, right: &Sql, right_affinity: Affinity) -> Option<Ordering> {
    let convert = |value: &Sql, own: Affinity, other: Affinity| match (other, own) {
        (Affinity::Numeric, Affinity::Text | Affinity::None) => numeric(value),
        (Affinity::Text, Affinity::None) => to_text(value).map_or(Sql::Null, Sql::Text),
        _ => value.clone(),
    };
    let (left, right) = (convert(left, left_affinity, right_affinity), convert(right, right_affinity, left_affinity));
    match (&left, &right) {
        (Sql::Null, _) | (_, Sql::Null) => None,
        (Sql::Text(left), Sql::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Sql::Text(_), _) => Some(Ordering::Greater),
        (_, Sql::Text(_)) => Some(Ordering::Less),
        (left, right) => as_real(left).partial_cmp(&as_real(right)),
    }
}

fn as_real(value: &Sql) -> f64 {
    match value {
        Sql::Int(number) => *number as f64,
        Sql::Real(number) => *number,
        Sql::Null | Sql::Text(_) => 0.0,
    }
}

/// Text that looks like a number becomes that number.
fn numeric(value: &Sql) -> Sql {
    match value {
        Sql::Text(text)
            if text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E' | b' ')) =>
        {
            text.trim().parse().map_or_else(|_| value.clone(), Sql::Real)
        }
        other => other.clone(),
    }
}

/// The value as text, as SQLite converts it; NULL has none.
pub fn to_text(value: &Sql) -> Option<String> {
    match value {
        Sql::Null => None,
        Sql::Int(number) => Some(number.to_string()),
        Sql::Real(number) => Some(real_text(*number)),
        Sql::Text(text) => Some(text.clone()),
    }
}

/// SQLite shows a real number always with a fraction.
fn real_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.1}") } else { number.to_string() }
}

fn like(left: &Side, right: &Side) -> Option<bool> {
    let text = to_text(&left.value)?;
    let pattern = match &right.value {
        // A number literal is written into the pattern as it is in the filter, without `.0`.
        Sql::Real(number) if right.literal => format!("%{number}%"),
        Sql::Text(pattern) if right.literal => literal_pattern(pattern),
        value => format!("%{}%", to_text(value)?),
    };
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    Some(like_matches(&pattern, &text))
}

/// A literal with a bare `%` is a pattern; any other is looked for as it stands.
fn literal_pattern(literal: &str) -> String {
    let mut escaped = String::new();
    let mut is_pattern = false;
    let mut chars = literal.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('\\', Some(next @ ('%' | '_' | '\\'))) => {
                escaped.extend([c, next]);
                chars.next();
            }
            ('%' | '_' | '\\', _) => {
                is_pattern |= c == '%';
                escaped.extend(['\\', c]);
            }
            _ => escaped.push(c),
        }
    }
    if is_pattern { literal.to_owned() } else { format!("%{escaped}%") }
}

fn like_matches(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skip| like_matches(rest, &text[skip..])),
        ['_', rest @ ..] => !text.is_empty() && like_matches(rest, &text[1..]),
        ['\\', escaped, rest @ ..] => text.first() == Some(escaped) && like_matches(rest, &text[1..]),
        // A backslash that escapes nothing matches nothing.
        ['\\'] => false,
        [c, rest @ ..] => {
            text.first().is_some_and(|first| first.eq_ignore_ascii_case(c)) && like_matches(rest, &text[1..])
        }
    }
}

/// A stored number: its text has a fraction only if the number has one.
pub fn number_value(number: f64) -> Sql {
    if number.fract() == 0.0 && number.abs() < 9e15 { Sql::Int(number as i64) } else { Sql::Real(number) }
}

/// A value inside json as `json_extract` gives it.
pub fn json_value(json: &Json) -> Sql {
    match json {
        Json::Null => Sql::Null,
        Json::Bool(truth) => Sql::Int((*truth).into()),
        Json::Number(number) => number.as_i64().map_or_else(|| Sql::Real(number.as_f64().unwrap_or(0.0)), Sql::Int),
        Json::String(text) => Sql::Text(text.clone()),
        Json::Array(_) | Json::Object(_) => Sql::Text(json.to_string()),
    }
}
