//! SQL text cut into lexemes, as far as indexes and view queries need it: to find identifiers, statement ends and
//! unbalanced parentheses without understanding the statement.
//!
//! Called by [`super::index`], `query::ddl::view` and the rename logic of the collections service. Invariant: what
//! SQLite would take as a name, a string or a comment is never taken as something else.

use std::ops::Range;

/// What a lexeme is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bare word: keyword or identifier.
    Word,
    /// An identifier in `"…"`, `` `…` `` or `[…]`.
    Quoted,
    /// A string in `'…'`.
    Text,
    /// A number.
    Number,
    /// Any other single character.
    Sign(char),
}

/// A piece of SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexeme {
    /// What it is.
    pub kind: Kind,
    /// The word, the name or string without quotes, or the text as it is.
    pub text: String,
    /// Its bytes in the source.
    pub span: Range<usize>,
}

impl Lexeme {
    /// Whether it is this bare word in any letter case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this sign.
    pub fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    /// Whether it can be an identifier.
    pub fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    /// Whether it can be this identifier; SQLite ignores letter case in names.
    pub fn names(&self, name: &str) -> bool {
        self.is_name() && self.text.eq_ignore_ascii_case(name)
    }
}

/// Cuts `sql`; comments and white space are left out. `None` if a quote or comment is never closed, a parenthesis is
/// unbalanced, or there is a NUL.
pub fn lex(sql: &str) -> Option<Vec<Lexeme>> {
    let mut lexemes = Vec::new();
    let mut at = 0;
    let mut depth = 0_usize;
    while let Some(c) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let end = if c == '\0' {
            return None;
        } else if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            at += comment.find("*/")? + 4;
            continue;
        } else if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if matches!(c, '\'' | '"' | '`' | '[') {
            let (text, length) = quoted(rest, if c == '[' { ']' } else { c })?;
            let kind = if c == '\'' { Kind::Text } else { Kind::Quoted };
            lexemes.push(Lexeme { kind, text, span: at..at + length });
            at += length;
            continue;
        } else if is_word_char(c) || c == '.' && rest[1..].starts_with(|d: char| d.is_ascii_digit()) {
            let number = c.is_ascii_digit() || c == '.';
            let length = rest.find(|d: char| !(is_word_char(d) || number && d == '.')).unwrap_or(rest.len());
            lexemes.push(Lexeme {
                kind: if number { Kind::Number } else { Kind::Word },
                text: rest[..length].to_owned(),
                span: at..at + length,
            });
            at += length;
            continue;
        } else {
            at + c.len_utf8()
        };
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        lexemes.push(Lexeme { kind: Kind::Sign(c), text: c.to_string(), span: at..end });
        at = end;
    }
    (depth == 0).then_some(lexemes)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// The text between quotes, doubled quotes made single, and the length in the source with quotes.
fn quoted(rest: &str, close: char) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let c = rest.get(at..)?.chars().next()?;
        at += c.len_utf8();
        if c == '\0' {
            return None;
        }
        if c == close {
            if close == ']' || !rest[at..].starts_with(close) {
                return Some((text, at));
            }
            at += c.len_utf8();
        }
        text.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expect: Option<&[&str]>) {
        let found = lex(sql).map(|lexemes| lexemes.into_iter().map(|lexeme| lexeme.text).collect::<Vec<_>>());
        assert_eq!(
            found.as_deref(),
            expect.map(|e| e.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).as_deref(),
            "{sql}"
        );
    }

    #[test]
    fn pieces() {
        check("select a.b, 1.5", Some(&["select", "a", ".", "b", ",", "1.5"]));
        check("\"a\"\"b\" `c``d` [e f] 'g''h'", Some(&["a\"b", "c`d", "e f", "g'h"]));
        check("a -- b ; c\n d /* e ; */ f", Some(&["a", "d", "f"]));
        check("é_1", Some(&["é_1"]));
        check("", Some(&[]));
    }

    #[test]
    fn what_is_never_closed_is_refused() {
        for sql in ["'a", "\"a", "[a", "`a", "/* a", "(a", "a)", "a)(", "a\0b", "'a\0'"] {
            check(sql, None);
        }
    }
}
