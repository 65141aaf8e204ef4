//! The tokenizer of the filter language: text to tokens with byte spans, and the error that points at a span.
//!
//! Called by [`mod@super::parse`] and [`mod@super::shape`]. It runs for every request with a filter, so it looks at
//! bytes and borrows from the source wherever a text literal has no escapes. Invariant: everything that makes a single
//! token invalid is refused here, so both callers refuse the same inputs. Not here: what a name means.

use std::borrow::Cow;
use std::iter::FusedIterator;
use std::ops::Range;

use super::tree::Op;

/// Where something stands in the source, in bytes.
pub type Span = Range<usize>;

/// Why a filter, rule or sort expression was refused, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// A sentence for people, without position.
    pub message: String,
    /// The bytes of the source that it is about; empty at the end of the source.
    pub span: Span,
}

impl ParseError {
    /// An error about `span`.
    pub fn new(message: impl Into<String>, span: Span) -> Self {
        ParseError { message: message.into(), span }
    }

    /// The message with its position, the line of `source` that it is about, and carets below the place.
    pub fn render(&self, source: &str) -> String {
        let start = floor_boundary(source, self.span.start);
        let end = floor_boundary(source, self.span.end).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let number = source[..line_start].matches('\n').count() + 1;
        let before = &source[line_start..start];
        let column = before.chars().count() + 1;
        let marked = source[start..end.min(line_end)].chars().count().max(1);
        // One character of padding for each character before the place, so that the carets line up.
        let shown: String = source[line_start..line_end].chars().map(printable).collect();
        let message = &self.message;
        format!(
            "line {number}, column {column}: {message}\n  {shown}\n  {}{}",
            " ".repeat(column - 1),
            "^".repeat(marked)
        )
    }
}

/// The nearest character boundary at or before `at`.
fn floor_boundary(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Control characters would move the cursor or change the terminal, so they are shown as blanks.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// One token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Token<'src> {
    /// What it is.
    pub kind: TokenKind<'src>,
    /// Its bytes in the source.
    pub span: Span,
}

/// The kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind<'src> {
    /// An identifier: a path, a keyword or a macro.
    Name(&'src str),
    /// An identifier directly followed by `(`; the parenthesis belongs to the token.
    Call(&'src str),
    /// A text literal, quotes and escapes taken away.
    Text(Cow<'src, str>),
    /// A number literal; always finite.
    Number(f64),
    /// A comparison operator; `any` if it was written with `?`.
    Compare {
        /// The operator without `?`.
        op: Op,
        /// Whether `?` stood before it.
        any: bool,
    },
    /// `&&`
    And,
    /// `||`
    Or,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
}

/// Yields the tokens of a source, white space and comments left out; after an error it yields nothing more.
pub struct Tokenizer<'src> {
    source: &'src str,
    bytes: &'src [u8],
    at: usize,
}

impl<'src> Tokenizer<'src> {
    /// A tokenizer at the start of `source`.
    pub fn new(source: &'src str) -> Self {
        Tokenizer { source, bytes: source.as_bytes(), at: 0 }
    }

    fn peek(&self, offset: usize) -> Option<u8> {
        self.bytes.get(self.at + offset).copied()
    }

    /// Moves on while `accept` holds and returns where it stopped.
    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) -> usize {
        while self.peek(0).is_some_and(&accept) {
            self.at += 1;
        }
        self.at
    }

    /// Skips blanks and `//` comments.
    fn skip_blanks(&mut self) {
        loop {
            self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
            if self.peek(0) != Some(b'/') || self.peek(1) != Some(b'/') {
                return;
            }
            self.skip_while(|byte| byte != b'\n');
        }
    }

    fn scan(&mut self, first: u8) -> Result<TokenKind<'src>, ParseError> {
        match first {
            b'(' => Ok(self.single(TokenKind::Open)),
            b')' => Ok(self.single(TokenKind::Close)),
            b',' => Ok(self.single(TokenKind::Comma)),
            b'\'' | b'"' => self.text(first),
            b'-' | b'0'..=b'9' => self.number(),
            b'=' | b'!' | b'<' | b'>' | b'~' | b'?' => self.comparison(),
            b'&' | b'|' => self.join(first),
            _ if starts_name(first) => self.name(),
            _ => Err(self.unexpected(first)),
        }
    }

    fn single(&mut self, kind: TokenKind<'src>) -> TokenKind<'src> {
        self.at += 1;
        kind
    }

    fn name(&mut self) -> Result<TokenKind<'src>, ParseError> {
        let start = self.at;
        self.at += 1;
        let end = self.skip_while(continues_name);
        let name = &self.source[start..end];
        let malformed = name.ends_with(['.', ':', '@', '#']) || name.contains("..") || name.contains(".:");
        if malformed {
            return Err(ParseError::new(format!("`{name}` is not a complete name"), start..end));
        }
        if self.peek(0) == Some(b'(') {
            self.at += 1;
            return Ok(TokenKind::Call(name));
        }
        Ok(TokenKind::Name(name))
    }

    fn number(&mut self) -> Result<TokenKind<'src>, ParseError> {
        let start = self.at;
        self.at += usize::from(self.bytes[start] == b'-');
        let digits = self.at;
        let mut whole = self.skip_while(|byte| byte.is_ascii_digit()) > digits;
        if whole && self.peek(0) == Some(b'.') {
            self.at += 1;
            let fraction = self.at;
            whole = self.skip_while(|byte| byte.is_ascii_digit()) > fraction;
        }
        // A number that runs into a name or a second point (`1e5`, `1.2.3`) is one wrong number, not two tokens.
        let number_end = self.at;
        let end = self.skip_while(|byte| continues_name(byte) || starts_name(byte));
        let text = &self.source[start..end];
        match text.parse::<f64>() {
            Ok(value) if whole && end == number_end && value.is_finite() => Ok(TokenKind::Number(value)),
            Ok(value) if whole && end == number_end => {
                debug_assert!(value.is_infinite(), "digits never spell NaN");
                Err(ParseError::new("this number is too large", start..end))
            }
            _ => Err(ParseError::new(format!("`{text}` is not a number; write 12, -3 or 0.5"), start..end)),
        }
    }

    fn text(&mut self, quote: u8) -> Result<TokenKind<'src>, ParseError> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            match self.peek(0) {
                None => return Err(ParseError::new("this text has no closing quote", start..self.at)),
                Some(b'\\') => {
                    escaped = true;
                    // The next byte belongs to the pair; if it starts a longer character, the rest can't be a quote.
                    self.at = (self.at + 2).min(self.bytes.len());
                }
                Some(byte) => {
                    self.at += 1;
                    if byte == quote {
                        break;
                    }
                }
            }
        }
        let content = &self.source[start + 1..self.at - 1];
        Ok(TokenKind::Text(if escaped { Cow::Owned(unescape(content)) } else { Cow::Borrowed(content) }))
    }

    fn comparison(&mut self) -> Result<TokenKind<'src>, ParseError> {
        let start = self.at;
        let end = self.skip_while(|byte| matches!(byte, b'=' | b'!' | b'<' | b'>' | b'~' | b'?'));
        let run = &self.source[start..end];
        let (any, plain) = match run.strip_prefix('?') {
            Some(rest) => (true, rest),
            None => (false, run),
        };
        match Op::from_text(plain) {
            Some(op) => Ok(TokenKind::Compare { op, any }),
            None if plain == "==" => Err(ParseError::new("write a single `=` to compare", start..end)),
            None => Err(ParseError::new(format!("`{run}` is not an operator"), start..end)),
        }
    }

    fn join(&mut self, first: u8) -> Result<TokenKind<'src>, ParseError> {
        let start = self.at;
        let end = self.skip_while(|byte| byte == first);
        match &self.source[start..end] {
            "&&" => Ok(TokenKind::And),
            "||" => Ok(TokenKind::Or),
            run => Err(ParseError::new(format!("`{run}` is not an operator; write `&&` or `||`"), start..end)),
        }
    }

    fn unexpected(&self, first: u8) -> ParseError {
        let rest = &self.source[self.at..];
        let found = rest.chars().next().unwrap_or_default();
        let message = match first {
            b'\r' => "a carriage return may stand only inside quotes".to_owned(),
            b'/' if rest.starts_with("/*") => "comments start with `//` and end with the line".to_owned(),
            b'+' => "a number has no `+` before it".to_owned(),
            _ => format!("the character {found:?} has no meaning here"),
        };
        ParseError::new(message, self.at..self.at + found.len_utf8())
    }
}

impl<'src> Iterator for Tokenizer<'src> {
    type Item = Result<Token<'src>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_blanks();
        let first = self.peek(0)?;
        let start = self.at;
        match self.scan(first) {
            Ok(kind) => Some(Ok(Token { kind, span: start..self.at })),
            Err(error) => {
                self.at = self.bytes.len();
                Some(Err(error))
            }
        }
    }
}

impl FusedIterator for Tokenizer<'_> {}

fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@' | b'#')
}

fn continues_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':')
}

/// Decodes the six escapes; every other pair stays as it is, backslash included.
fn unescape(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut chars = content.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(quoted @ ('\\' | '\'' | '"')) => out.push(quoted),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expect` is the debug form of the kinds, or the start of the error's message.
    fn check(source: &str, expect: &str) {
        let tokens: Result<Vec<_>, _> = Tokenizer::new(source).collect();
        match tokens {
            Ok(tokens) => {
                let kinds: Vec<String> = tokens.iter().map(|token| format!("{:?}", token.kind)).collect();
                assert_eq!(kinds.join(" "), expect, "{source:?}");
            }
            Err(error) => assert!(error.message.starts_with(expect), "{source:?}: {error}, not {expect:?}"),
        }
    }

    #[test]
    fn names_and_calls() {
        check("a_1.b:length", "Name(\"a_1.b:length\")");
        check("@request.auth.id #x _", "Name(\"@request.auth.id\") Name(\"#x\") Name(\"_\")");
        check("f(a) f (", "Call(\"f\") Name(\"a\") Close Name(\"f\") Open");
        for wrong in ["a.", "a:", "a..b", "a.:length", "@", "#"] {
            check(wrong, "`");
        }
        check("é", "the character 'é'");
        check("`a`", "the character '`'");
        check("a[0]", "the character '['");
    }

    #[test]
    fn numbers() {
        check("1 -2 0.5 -0.25 007", "Number(1.0) Number(-2.0) Number(0.5) Number(-0.25) Number(7.0)");
        for wrong in ["1e5", "1.", "1.2.3", "- 1", "-", "1a", "1_000", "--1", "1.a", "0x10"] {
            check(wrong, "`");
        }
        check(".5", "the character '.'");
        check("+1", "a number has no `+`");
        check(&"9".repeat(400), "this number is too large");
    }

    #[test]
    fn texts() {
        check("'a' \"b'\" ''", "Text(\"a\") Text(\"b'\") Text(\"\")");
        check(r#"'\n\r\t\\\'\"'"#, r#"Text("\n\r\t\\'\"")"#);
        check(r"'\u0041 \0 \x41 a\b \é'", r#"Text("\\u0041 \\0 \\x41 a\\b \\é")"#);
        check("'a\r\nb'", r#"Text("a\r\nb")"#);
        check("'// no comment'", "Text(\"// no comment\")");
        for wrong in ["'a", "\"a'", r"'a\'", "'", r"'\", r"'\é"] {
            check(wrong, "this text has no closing quote");
        }
    }

    #[test]
    fn operators() {
        check(
            "= != > >= < <= ~ !~",
            &"= != > >= < <= ~ !~".split(' ').map(|op| debug_op(op, false)).collect::<Vec<_>>().join(" "),
        );
        check(
            "?= ?!= ?> ?>= ?< ?<= ?~ ?!~",
            &"= != > >= < <= ~ !~".split(' ').map(|op| debug_op(op, true)).collect::<Vec<_>>().join(" "),
        );
        check("&&||", "And Or");
        check("==", "write a single");
        for wrong in ["=!", "!", "?", "??=", "=>", "<>", "&", "|", "&&&", "|||"] {
            check(wrong, "`");
        }
    }

    fn debug_op(op: &str, any: bool) -> String {
        format!("{:?}", TokenKind::Compare { op: Op::from_text(op).expect("an operator"), any })
    }

    #[test]
    fn blanks_and_comments() {
        check(" \t\n// a = 'b\n a // end", "Name(\"a\")");
        check("//", "");
        check("a\r", "a carriage return");
        check("/* a */", "comments start with");
        check("a / b", "the character '/'");
    }

    #[test]
    fn spans_are_byte_ranges() {
        let spans: Vec<Span> = Tokenizer::new("é").map(|token| token.expect_err("refused").span).collect();
        assert_eq!(spans, vec![0..2]);
        let spans: Vec<Span> = Tokenizer::new("a >= 'é' f(").map(|token| token.expect("accepted").span).collect();
        assert_eq!(spans, vec![0..1, 2..4, 5..9, 10..12]);
    }

    #[test]
    fn errors_show_the_place() {
        let source = "a = 1 &&\né = = 2\nb = 3";
        let error = ParseError::new("expected a value", 14..15);
        assert_eq!(error.render(source), "line 2, column 5: expected a value\n  é = = 2\n      ^");
        let at_end = ParseError::new("incomplete", source.len()..source.len());
        assert_eq!(at_end.render(source), "line 3, column 6: incomplete\n  b = 3\n       ^");
        let over_the_end = ParseError::new("text", 9..999);
        assert_eq!(over_the_end.render(source), "line 2, column 1: text\n  é = = 2\n  ^^^^^^^");
    }
}
