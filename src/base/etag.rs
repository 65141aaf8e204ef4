//! Entity tags (RFC 9110, 8.8.3): short names of what a client has seen of something.
//!
//! Always weak: two answers with the same tag say the same, but need not be the same bytes. Called by `records`, which
//! tags records and compares `If-Match`, and by `web`, which sends tags and compares `If-None-Match`.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};

/// The tag of a text.
///
/// It is the standard library's SipHash without a key. Whoever can choose the text could make two with one tag, and
/// would mislead only whoever compares what they wrote. Another version of the program may give other tags; whoever
/// holds one from before then only finds that it doesn't match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag(u64);

impl Etag {
    /// The tag of `text`.
    pub fn of(text: &str) -> Etag {
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        Etag(hasher.finish())
    }

    /// Whether a list of tags names this one, or any (`*`).
    pub fn is_named_in(self, list: &str) -> bool {
        let own = format!("{:016x}", self.0);
        names(list).any(|name| name.is_any() || name.text == own)
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{:016x}\"", self.0)
    }
}

/// One entry of a list of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The text, without `W/` and quotes.
    pub text: &'a str,
    /// Whether it stood in quotes.
    pub quoted: bool,
}

impl Name<'_> {
    /// Whether it stands for whatever there is.
    pub fn is_any(self) -> bool {
        self.text == "*" && !self.quoted
    }
}

/// The entries of a list such as `W/"a", "b", c`. Commas in quotes don't separate. An empty list has none.
pub fn names(list: &str) -> impl Iterator<Item = Name<'_>> {
    let mut in_quotes = false;
    let separates = move |c: char| {
        in_quotes ^= c == '"';
        c == ',' && !in_quotes
    };
    list.split(separates).map(str::trim).filter(|entry| !entry.is_empty()).map(|entry| {
        let tag = entry.strip_prefix("W/").unwrap_or(entry);
        match tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(text) => Name { text, quoted: true },
            None => Name { text: entry, quoted: false },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart() {
        for (list, expect) in [
            ("", &[][..]),
            (" , ", &[]),
            ("*", &[("*", false)]),
            ("\"*\"", &[("*", true)]),
            ("W/\"a\"", &[("a", true)]),
            ("\"a,b\" , W/\"c\",d", &[("a,b", true), ("c", true), ("d", false)]),
            ("2026-01-02 03:04:05.678Z", &[("2026-01-02 03:04:05.678Z", false)]),
            ("\"open", &[("\"open", false)]),
            ("W/a", &[("W/a", false)]),
            ("\"", &[("\"", false)]),
        ] {
            let found: Vec<_> = names(list).map(|name| (name.text, name.quoted)).collect();
            assert_eq!(found, expect, "{list}");
        }
    }

    #[test]
    fn a_tag_finds_itself_in_lists() {
        let (tag, other) = (Etag::of("a"), Etag::of("b"));
        assert_ne!(tag, other);
        let text = tag.to_string();
        assert!(text.starts_with("W/\"") && text.ends_with('"') && text.len() == 20, "{text}");
        for (list, expect) in [
            (text.clone(), true),
            (text.trim_start_matches("W/").to_owned(), true),
            (format!("{other}, {tag}"), true),
            ("*".to_owned(), true),
            ("\"*\"".to_owned(), false),
            (other.to_string(), false),
            (String::new(), false),
        ] {
            assert_eq!(tag.is_named_in(&list), expect, "{list}");
        }
    }
}
