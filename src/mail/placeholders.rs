//! `{PLACEHOLDERS}` of the templates that collections have for their mails.
//!
//! Called by `letterhead`. There is no logic in these templates, and what has been put in is never looked at again, so
//! neither a template nor a value can do more than say something. Invariants: in bodies every value is escaped for
//! HTML; values of hidden fields, passwords and token keys are never put in.

use crate::domain::{FieldKind, Record, Value};

/// The part of a placeholder's name before that of a field.
const RECORD: &str = "RECORD:";

/// `text` with everything in braces replaced for which there is a value; what isn't known stays as it is.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let name = from[1..].find(['{', '}']).map(|end| &from[1..=end]);
        let closed = name.filter(|name| from[1 + name.len()..].starts_with('}'));
        match closed.and_then(|name| Some((name.len() + 2, value(name)?))) {
            Some((length, value)) => {
                out.push_str(&value);
                rest = &from[length..];
            }
            None => {
                out.push('{');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What a placeholder stands for: one of `facts`, or a field of `record`.
pub fn value_of(name: &str, facts: &[(&str, &str)], record: &Record) -> Option<String> {
    match name.strip_prefix(RECORD) {
        Some(field) => field_text(record, field),
        None => facts.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    }
}

fn field_text(record: &Record, name: &str) -> Option<String> {
    let field = record.collection().field(name)?;
    if field.hidden || name == "tokenKey" || matches!(field.kind, FieldKind::Password(_)) {
        return None;
    }
    Some(match record.get(name)? {
        Value::Text(text) => text.clone(),
        other if other.is_null() => String::new(),
        other => other.to_json_text(),
    })
}

/// `text` with everything escaped that means something in HTML.
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// `text` on one line: whatever could end a line, or is a control character, becomes a space.
pub fn one_line(text: &str) -> String {
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if ends_line(c) { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_filled_in_once() {
        let value = |name: &str| match name {
            "A" => Some("{B}".to_owned()),
            "B" => Some("b".to_owned()),
            _ => None,
        };
        for (text, expect) in [
            ("{A}{B}", "{B}b"),
            ("x{B}y{B}", "xbyb"),
            ("{C} {B", "{C} {B"),
            ("{{B}}", "{b}"),
            ("{{ 7 * 7 }} {% raw %}", "{{ 7 * 7 }} {% raw %}"),
            ("{é{B}", "{éb"),
            ("}{", "}{"),
            ("", ""),
        ] {
            assert_eq!(fill(text, value), expect, "{text:?}");
        }
    }

    #[test]
    fn nothing_gets_out_of_its_line_or_its_text() {
        assert_eq!(one_line("a\r\nBcc: b\u{2028}c\u{85}\u{0}"), "a  Bcc: b c");
        assert_eq!(escape_html("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
    }
}
