//! The regular expressions of field options: matching text, and making random text that matches.
//!
//! Clients write them in RE2's syntax, where `\w`, `\d`, `\s` and `\b` are ASCII and a bracket inside a class is
//! plain text; the `regex` crate reads some of this differently, so patterns are rewritten before they are compiled.
//! Called by `text` and `password`. Compiled patterns are kept, a bounded number of them, for the whole process.

use std::sync::{Arc, LazyLock};

use moka::sync::Cache;
use rand::RngExt;
use regex::Regex;

use crate::base::{FieldError, ids};

/// The pattern of the usual `id` field; matched and generated without an expression.
pub const ID_PATTERN: &str = "^[a-z0-9]+$";
/// What the usual `id` field generates.
pub const ID_AUTOGENERATE_PATTERN: &str = "[a-z0-9]{15}";
/// What the field `tokenKey` generates.
pub const TOKEN_KEY_AUTOGENERATE_PATTERN: &str = "[a-zA-Z0-9]{50}";

/// How many compiled patterns of either sort are kept.
const KEPT_MAX: u64 = 1000;
/// How often `*` and `+` repeat at most in generated text.
const GENERATED_REPEAT_MAX: u32 = 6;
/// RE2's bound of counted repetitions.
const COUNTED_REPEAT_MAX: u32 = 1000;

static MATCHERS: LazyLock<Cache<String, Arc<Regex>>> = LazyLock::new(|| Cache::new(KEPT_MAX));
static GENERATORS: LazyLock<Cache<String, Arc<rand_regex::Regex>>> = LazyLock::new(|| Cache::new(KEPT_MAX));

/// Refuses what isn't a regular expression; an empty text is none at all and passes.
///
/// # Errors
/// `validation_invalid_regex`.
pub(super) fn check(pattern: &str) -> Result<(), FieldError> {
    if pattern.is_empty() || matcher(pattern).is_some() {
        return Ok(());
    }
    Err(FieldError::new("validation_invalid_regex", "This isn't a regular expression that can be used."))
}

/// Whether `pattern` matches somewhere in `text`. A pattern that isn't one matches nothing.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if pattern == ID_PATTERN {
        return !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    }
    matcher(pattern).is_some_and(|regex| regex.is_match(text))
}

/// Random text that matches `pattern`; `None` if there is no pattern, or none from which text can be made (one with
/// anchors or word boundaries).
pub(super) fn generate(pattern: &str) -> Option<String> {
    match pattern {
        "" => None,
        ID_AUTOGENERATE_PATTERN => Some(ids::record_id()),
        TOKEN_KEY_AUTOGENERATE_PATTERN => Some(ids::secret()),
        _ => {
            let generator = GENERATORS.optionally_get_with_by_ref(pattern, || {
                // The matcher's size limit also keeps nested repetitions from generating endless text.
                matcher(pattern)?;
                let rewritten = Rewriter::new(pattern, Purpose::Generate).rewrite()?;
                rand_regex::Regex::compile(&rewritten, GENERATED_REPEAT_MAX).ok().map(Arc::new)
            })?;
            Some(rand::rng().sample(generator.as_ref()))
        }
    }
}

fn matcher(pattern: &str) -> Option<Arc<Regex>> {
    MATCHERS.optionally_get_with_by_ref(pattern, || {
        let rewritten = Rewriter::new(pattern, Purpose::Match).rewrite()?;
        Regex::new(&rewritten).ok().map(Arc::new)
    })
}

/// What a rewritten pattern is for.
#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    Match,
    /// "Anything" and "anything but" mean visible ASCII here: nobody wants random text of all of Unicode.
    Generate,
}

/// What stood before the place where a repetition may stand.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Atom,
    Repetition,
    LazyRepetition,
}

/// Rewrites RE2 syntax for the `regex` crate, in one pass.
struct Rewriter<'a> {
    rest: &'a str,
    out: String,
    purpose: Purpose,
    before: Before,
}

impl<'a> Rewriter<'a> {
    fn new(pattern: &'a str, purpose: Purpose) -> Self {
        Rewriter { rest: pattern, out: String::with_capacity(pattern.len() * 2), purpose, before: Before::Atom }
    }

    /// The rewritten pattern; `None` where RE2 refuses and the `regex` crate wouldn't.
    fn rewrite(mut self) -> Option<String> {
        while let Some(c) = self.next() {
            match c {
                '*' | '+' | '?' => {
                    self.repetition(c)?;
                    continue;
                }
                '{' => match counted_repetition(self.rest) {
                    Some(length) => {
                        let (count, rest) = self.rest.split_at(length);
                        let within = count.split(['}', ',']).all(|n| n.parse().unwrap_or(0) <= COUNTED_REPEAT_MAX);
                        if self.before != Before::Atom || !within {
                            return None;
                        }
                        self.rest = rest;
                        self.out.push('{');
                        self.out.push_str(count);
                        self.before = Before::Repetition;
                        continue;
                    }
                    None => self.out.push_str("\\{"),
                },
                '\\' => self.escape()?,
                '[' => self.class()?,
                '.' if self.purpose == Purpose::Generate => self.out.push_str("[0-9A-Za-z]"),
                '(' => {
                    self.out.push('(');
                    if self.rest.starts_with('?') {
                        self.next();
                        self.out.push('?');
                    }
                }
                other => self.out.push(other),
            }
            self.before = Before::Atom;
        }
        Some(self.out)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// A repetition of a repetition is an error in RE2, apart from the `?` that makes one lazy.
    fn repetition(&mut self, mark: char) -> Option<()> {
        self.before = match (self.before, mark) {
            (Before::Atom, _) => Before::Repetition,
            (Before::Repetition, '?') => Before::LazyRepetition,
            _ => return None,
        };
        self.out.push(mark);
        Some(())
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            'Q' => {
                let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.out.push_str(&regex::escape(literal));
                self.rest = rest;
            }
            c @ ('d' | 'w' | 's') => {
                let members = perl_members(c);
                self.out.extend(["[", members, "]"]);
            }
            c @ ('D' | 'W' | 'S') => self.negated(perl_members(c.to_ascii_lowercase())),
            'b' if self.purpose == Purpose::Match => self.out.push_str("(?-u:\\b)"),
            'B' if self.purpose == Purpose::Match => self.out.push_str("(?-u:\\B)"),
            'C' => return None,
            // To the `regex` crate, escaped angle brackets are word boundaries.
            c @ ('<' | '>') => self.out.push(c),
            c => self.out.extend(['\\', c]),
        }
        self.braced_argument();
        Some(())
    }

    /// Copies the argument of `\p{…}` and `\x{…}`, which isn't a repetition.
    fn braced_argument(&mut self) {
        let takes_argument = ["\\p", "\\P", "\\x"].iter().any(|escape| self.out.ends_with(escape));
        if takes_argument && self.rest.starts_with('{') {
            let end = self.rest.find('}').map_or(self.rest.len(), |at| at + 1);
            self.out.push_str(&self.rest[..end]);
            self.rest = &self.rest[end..];
        }
    }

    fn class(&mut self) -> Option<()> {
        let is_negated = self.rest.starts_with('^');
        if is_negated {
            self.next();
        }
        let mut members = String::new();
        loop {
            let c = self.next()?;
            match c {
                ']' if !members.is_empty() => break,
                ']' => members.push_str("\\]"),
                '[' => match named_class(self.rest) {
                    Some(length) => {
                        members.push('[');
                        members.push_str(&self.rest[..length]);
                        self.rest = &self.rest[length..];
                    }
                    None => members.push_str("\\["),
                },
                '&' | '~' | '^' => members.extend(['\\', c]),
                '-' if members.ends_with('-') => members.push_str("\\-"),
                '\\' => match self.next()? {
                    c @ ('d' | 'w' | 's') => members.push_str(perl_members(c)),
                    c @ ('D' | 'W' | 'S') => {
                        members.extend(["[^", perl_members(c.to_ascii_lowercase()), "]"]);
                    }
                    c @ ('<' | '>') => members.push(c),
                    c => members.extend(['\\', c]),
                },
                c => members.push(c),
            }
        }
        if is_negated {
            self.negated(&members);
        } else {
            self.out.extend(["[", &members, "]"]);
        }
        Some(())
    }

    fn negated(&mut self, members: &str) {
        match self.purpose {
            Purpose::Match => self.out.extend(["[^", members, "]"]),
            Purpose::Generate => self.out.extend(["[[^", members, "]&&[!-~]]"]),
        }
    }
}

/// The ASCII members of `\d`, `\w` and `\s`.
fn perl_members(class: char) -> &'static str {
    match class {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        _ => "\\t\\n\\f\\r\\x20",
    }
}

/// The length of `n}`, `n,}` or `n,m}` at the start of `rest`; a brace before anything else is plain text.
fn counted_repetition(rest: &str) -> Option<usize> {
    let end = rest.find('}')?;
    let (least, most) = rest[..end].split_once(',').unwrap_or((&rest[..end], ""));
    let is_count = !least.is_empty() && [least, most].iter().all(|n| n.bytes().all(|byte| byte.is_ascii_digit()));
    is_count.then_some(end + 1)
}

/// The length of `:name:]` at the start of `rest`.
fn named_class(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix(':')?;
    let end = name.find(":]")?;
    name[..end].bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'^').then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_re2() {
        for (pattern, text, expect) in [
            (ID_PATTERN, "a1", true),
            (ID_PATTERN, "", false),
            (ID_PATTERN, "A1", false),
            (ID_PATTERN, "a1\n", false),
            ("b", "abc", true),
            ("^b", "abc", false),
            (r"^\w+$", "a_1", true),
            (r"^\w+$", "é", false),
            (r"^\W$", "é", true),
            (r"^\d+$", "٣", false),
            (r"^[\w.]+$", "a.b", true),
            (r"^[\D]$", "é", true),
            (r"^\S$", "\u{a0}", true),
            (r"\bé", "é", false),
            (r"a\B", "ab", true),
            ("a{", "a{", true),
            ("^{x}$", "{x}", true),
            ("^a{,2}$", "a{,2}", true),
            ("^a{2,3}$", "aaa", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            ("^[[a]+$", "[a", true),
            ("^[a&&b]+$", "a&b", true),
            ("^[]a]+$", "]a", true),
            ("^[^]a]+$", "b", true),
            ("^[^]a]+$", "]", false),
            ("^[[:alpha:]]+$", "ab", true),
            (r"^\<\>$", "<>", true),
            (r"^[\<\>]+$", "<>", true),
            (r"^\x{41}\p{Lu}$", "AÉ", true),
            (r"^\pL+$", "é", true),
            ("(?i)^AB$", "ab", true),
            ("^(?P<x>a|b)*?$", "abab", true),
            ("^a+?b?$", "aab", true),
            (r"^\w+@[\w-]+\.\w{2,}$", "a@b-c.de", true),
        ] {
            assert_eq!(matches(pattern, text), expect, "{pattern} {text:?}");
        }
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for pattern in [
            "(",
            "a**",
            "a*??",
            "a{2}{3}",
            "a{1001}",
            "a(?=b)",
            r"(a)\1",
            "[a",
            "[z-a]",
            "*",
            r"\",
            r"\C",
            "(a{1000}){1000}",
        ] {
            assert_eq!(check(pattern).map_err(|error| error.code), Err("validation_invalid_regex"), "{pattern}");
            assert!(!matches(pattern, "a"), "{pattern}");
            assert_eq!(generate(pattern), None, "{pattern}");
        }
        assert_eq!(check(""), Ok(()));
    }

    #[test]
    fn generated_text_matches_and_is_visible_ascii() {
        for pattern in [
            ID_AUTOGENERATE_PATTERN,
            TOKEN_KEY_AUTOGENERATE_PATTERN,
            "[a-z]{5}",
            ".{40}",
            r"\w+",
            r"[^a]{30}",
            r"\d{4}-\d\d",
            r"\W{9}",
            r"[\w.]{20}",
            "(foo|ba[rz]){2}x*y?z+",
            r"\Qa.b\E[0-9]",
        ] {
            for _ in 0..20 {
                let text = generate(pattern).expect("text can be made");
                assert!(matches(&format!("^(?:{pattern})$"), &text), "{pattern} {text:?}");
                assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{pattern} {text:?}");
            }
        }
        assert_ne!(generate(".{40}"), generate(".{40}"));
    }

    #[test]
    fn nothing_is_generated_from_positions() {
        for pattern in ["", "^[a-z]{5}$", r"a\b", "(?m)^a"] {
            assert_eq!(generate(pattern), None, "{pattern}");
        }
    }
}
