//! JSON text as the interface wants it: nothing escaped in strings but what JSON demands, numbers in their shortest
//! form with an exponent from 1e21 up and below 1e-6.
//!
//! So the text is JSON and nothing else: whoever puts it into HTML has to escape it for HTML.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// Appends `text` as a JSON string with quotes.
pub fn write_str(out: &mut String, text: &str) {
    out.push('"');
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape: &str = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..=0x1f => {
                out.push_str(&text[start..at]);
                let _ = write!(out, "\\u{byte:04x}");
                start = at + 1;
                continue;
            }
            _ => continue,
        };
        out.push_str(&text[start..at]);
        out.push_str(escape);
        start = at + 1;
    }
    out.push_str(&text[start..]);
    out.push('"');
}

/// Appends a number; NaN and infinities, which JSON lacks, become `0`.
pub fn write_number(out: &mut String, number: f64) {
    let size = number.abs();
    if !number.is_finite() || size == 0.0 {
        out.push('0');
    } else if size < 9e15 && number.fract() == 0.0 {
        let _ = write!(out, "{}", number as i64);
    } else if !(1e-6..1e21).contains(&size) {
        // Rust prints 1e21 and 1e-7; the interface wants 1e+21 and 1e-7.
        let text = format!("{number:e}");
        match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => {
                let _ = write!(out, "{digits}e+{power}");
            }
            _ => out.push_str(&text),
        }
    } else {
        let _ = write!(out, "{number}");
    }
}

/// Appends a JSON value; object keys come in the order of the map (sorted).
pub fn write_json(out: &mut String, value: &Json) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(number) => write_number(out, number.as_f64().unwrap_or(0.0)),
        Json::String(text) => write_str(out, text),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Json::Object(map) => {
            out.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_str(out, key);
                out.push(':');
                write_json(out, item);
            }
            out.push('}');
        }
    }
}

/// Appends JSON text that is already valid, dropping white space between tokens; key order and digits stay as they
/// are.
pub fn write_raw(out: &mut String, raw: &str) {
    let (mut in_string, mut escaped) = (false, false);
    for c in raw.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            ' ' | '\t' | '\n' | '\r' if !in_string => continue,
            _ => {}
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> String {
        let mut out = String::new();
        write_str(&mut out, text);
        out
    }

    fn number(value: f64) -> String {
        let mut out = String::new();
        write_number(&mut out, value);
        out
    }

    #[test]
    fn strings_escape_only_what_must_be() {
        assert_eq!(
            string("a<b>&\u{2028}\u{2029}\"\\\n\u{1}\u{7f}é€"),
            "\"a<b>&\u{2028}\u{2029}\\\"\\\\\\n\\u0001\u{7f}é€\""
        );
    }

    #[test]
    fn numbers_take_the_shortest_form() {
        for (value, expect) in [
            (1.0, "1"),
            (-1.5, "-1.5"),
            (1e21, "1e+21"),
            (1e-7, "1e-7"),
            (1e20, "100000000000000000000"),
            (0.000001, "0.000001"),
            (-0.0, "0"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(number(value), expect);
        }
    }

    #[test]
    fn raw_text_keeps_order_and_digits() {
        let mut out = String::new();
        write_raw(&mut out, "{ \"b\" : 12345678901234567890, \"a\": \"x \\\" < \\\\\" }");
        assert_eq!(out, "{\"b\":12345678901234567890,\"a\":\"x \\\" < \\\\\"}");
    }
}
