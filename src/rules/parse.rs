//! The parser: the text of a filter, rule or sort expression to its tree.
//!
//! Called when a filter's shape isn't known yet and when rules are saved. Recursive, but only as deep as
//! [`limits::FILTER_MAX_DEPTH`] and [`limits::FUNCTION_MAX_DEPTH`] allow, so no input can exhaust the stack. Not here:
//! the limit on a client filter's length (the edge knows who sent it) and anything that needs the schema.

use super::token::{ParseError, Span, Token, TokenKind, Tokenizer};
use super::tree::{Call, Compare, Expr, Literal, Op, Operand, Path};
use crate::base::limits;

/// Parses a filter or rule. `&&` binds tighter than `||`. Blank text and text of only comments is an error.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(text)?;
    let expr = parser.any_of(0)?;
    match parser.ahead.take() {
        None => Ok(expr),
        Some(Token { kind: TokenKind::Close, span }) => {
            Err(ParseError::new("nothing is open that `)` could close", span))
        }
        Some(token) => Err(ParseError::new("expected `&&`, `||` or the end", token.span)),
    }
}

/// One item of a sort expression.
#[derive(Clone, Debug, PartialEq)]
pub struct SortItem {
    /// What to sort by: a field path, `@random` or `@rowid`.
    pub path: Path,
    /// Whether it was written with `-`.
    pub descending: bool,
}

/// Parses a sort expression: items between commas, each with an optional `+` or `-`. Empty text has no items; an
/// empty item is an error.
pub fn parse_sort(text: &str) -> Result<Vec<SortItem>, ParseError> {
    let mut items = Vec::new();
    if text.is_empty() {
        return Ok(items);
    }
    let mut start = 0;
    for piece in text.split(',') {
        if items.len() == limits::SORT_MAX_ITEMS {
            let message = format!("a sort expression has at most {} items", limits::SORT_MAX_ITEMS);
            return Err(ParseError::new(message, start..text.len()));
        }
        items.push(sort_item(piece, start)?);
        start += piece.len() + 1;
    }
    Ok(items)
}

/// `piece` is one item with its blanks, `start` where it stands.
fn sort_item(piece: &str, start: usize) -> Result<SortItem, ParseError> {
    let item = piece.trim();
    let start = start + (piece.len() - piece.trim_start().len());
    let descending = item.starts_with('-');
    let name = item.strip_prefix(['-', '+']).unwrap_or(item);
    let span = start + (item.len() - name.len())..start + item.len();
    if name.is_empty() {
        return Err(ParseError::new("expected the name of a field to sort by", span));
    }
    if name.len() > limits::SORT_ITEM_MAX_BYTES {
        let message = format!("a name to sort by has at most {} bytes", limits::SORT_ITEM_MAX_BYTES);
        return Err(ParseError::new(message, span));
    }
    match Tokenizer::new(name).next() {
        // The name must be the whole item: no second token, no blanks or comments inside.
        Some(Ok(Token { kind: TokenKind::Name(found), .. })) if found == name => {
            Ok(SortItem { path: Path::new(name, span), descending })
        }
        _ => Err(ParseError::new(format!("`{name}` is not a name to sort by"), span)),
    }
}

struct Parser<'src> {
    tokens: Tokenizer<'src>,
    ahead: Option<Token<'src>>,
    end: usize,
    comparisons: usize,
    literals: usize,
}

impl<'src> Parser<'src> {
    fn new(text: &'src str) -> Result<Self, ParseError> {
        let mut tokens = Tokenizer::new(text);
        let ahead = tokens.next().transpose()?;
        Ok(Parser { tokens, ahead, end: text.len(), comparisons: 0, literals: 0 })
    }

    /// Takes the token ahead.
    fn take(&mut self) -> Result<Option<Token<'src>>, ParseError> {
        let next = self.tokens.next().transpose()?;
        Ok(std::mem::replace(&mut self.ahead, next))
    }

    /// Takes the token ahead if it is `kind`.
    fn take_if(&mut self, kind: &TokenKind<'_>) -> Result<Option<Span>, ParseError> {
        match &self.ahead {
            Some(token) if token.kind == *kind => Ok(self.take()?.map(|token| token.span)),
            _ => Ok(None),
        }
    }

    /// The place of the token ahead, or of the end.
    fn here(&self) -> Span {
        self.ahead.as_ref().map_or(self.end..self.end, |token| token.span.clone())
    }

    fn any_of(&mut self, depth: usize) -> Result<Expr, ParseError> {
        let mut items = Vec::new();
        loop {
            match self.all_of(depth)? {
                Expr::Any(inner) => items.extend(inner),
                other => items.push(other),
            }
            if self.take_if(&TokenKind::Or)?.is_none() {
                return Ok(single_or(items, Expr::Any));
            }
        }
    }

    fn all_of(&mut self, depth: usize) -> Result<Expr, ParseError> {
        let mut items = Vec::new();
        loop {
            match self.item(depth)? {
                Expr::All(inner) => items.extend(inner),
                other => items.push(other),
            }
            if self.take_if(&TokenKind::And)?.is_none() {
                return Ok(single_or(items, Expr::All));
            }
        }
    }

    /// A comparison or a group in parentheses; `depth` groups are open.
    fn item(&mut self, depth: usize) -> Result<Expr, ParseError> {
        let Some(open) = self.take_if(&TokenKind::Open)? else {
            return self.compare().map(Expr::Compare);
        };
        if depth == limits::FILTER_MAX_DEPTH {
            let message = format!("parentheses nest at most {} deep", limits::FILTER_MAX_DEPTH);
            return Err(ParseError::new(message, open));
        }
        let expr = self.any_of(depth + 1)?;
        if self.take_if(&TokenKind::Close)?.is_some() {
            return Ok(expr);
        }
        match &self.ahead {
            None => Err(ParseError::new("this parenthesis is never closed", open)),
            Some(token) => Err(ParseError::new("expected `&&`, `||` or `)`", token.span.clone())),
        }
    }

    fn compare(&mut self) -> Result<Compare, ParseError> {
        let left = self.operand(0)?;
        let (op, any) = self.operator()?;
        let right = self.operand(0)?;
        let span = left.span().start..right.span().end;
        self.comparisons += 1;
        if self.comparisons > limits::FILTER_MAX_COMPARISONS {
            let message = format!("a filter has at most {} comparisons", limits::FILTER_MAX_COMPARISONS);
            return Err(ParseError::new(message, span));
        }
        Ok(Compare { left, op, any, right, span })
    }

    fn operator(&mut self) -> Result<(Op, bool), ParseError> {
        match &self.ahead {
            Some(Token { kind: TokenKind::Compare { op, any }, .. }) => {
                let found = (*op, *any);
                self.take()?;
                Ok(found)
            }
            _ => Err(ParseError::new("expected a comparison such as `= 'text'`", self.here())),
        }
    }

    /// An operand, or an argument inside `depth` calls.
    fn operand(&mut self, depth: usize) -> Result<Operand, ParseError> {
        let here = self.here();
        let found = match self.take()? {
            None => None,
            Some(Token { kind, span }) => match kind {
                TokenKind::Name(name) => Some(Operand::Path(Path::new(name, span))),
                TokenKind::Text(value) => {
                    Some(Operand::Text(Literal { value: value.into_owned(), slot: self.slot(), span }))
                }
                TokenKind::Number(value) => Some(Operand::Number(Literal { value, slot: self.slot(), span })),
                TokenKind::Call(name) => Some(Operand::Function(self.call(name, span, depth)?)),
                _ => None,
            },
        };
        found.ok_or_else(|| ParseError::new("expected a field, a text in quotes, a number or a function", here))
    }

    fn slot(&mut self) -> usize {
        self.literals += 1;
        self.literals - 1
    }

    /// The arguments and the closing parenthesis of a call whose name and opening parenthesis are `opening`.
    fn call(&mut self, name: &str, opening: Span, depth: usize) -> Result<Call, ParseError> {
        if depth == limits::FUNCTION_MAX_DEPTH {
            let message = format!("function calls nest at most {} deep", limits::FUNCTION_MAX_DEPTH);
            return Err(ParseError::new(message, opening));
        }
        let mut args = Vec::new();
        loop {
            if let Some(close) = self.take_if(&TokenKind::Close)? {
                return Ok(Call { name: name.to_owned(), args, span: opening.start..close.end });
            }
            args.push(self.operand(depth + 1)?);
            // A comma may follow the last argument, too.
            if self.take_if(&TokenKind::Comma)?.is_none()
                && self.ahead.as_ref().map(|t| &t.kind) != Some(&TokenKind::Close)
            {
                return Err(ParseError::new(format!("expected `,` or `)` in the call of `{name}`"), self.here()));
            }
        }
    }
}

/// The only item itself, or a chain of all of them.
fn single_or(mut items: Vec<Expr>, chain: fn(Vec<Expr>) -> Expr) -> Expr {
    match items.len() {
        1 => items.remove(0),
        _ => chain(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expect` is the canonical text.
    fn check(text: &str, expect: &str) {
        match parse(text) {
            Ok(expr) => assert_eq!(expr.to_string(), expect, "{text}"),
            Err(error) => panic!("{}", error.render(text)),
        }
    }

    /// `at` is the text at the error's place.
    fn refuse(text: &str, at: &str) {
        match parse(text) {
            Ok(expr) => panic!("{text:?} was read as {expr}"),
            Err(error) => assert_eq!(&text[error.span.clone()], at, "{text:?}: {error}"),
        }
    }

    #[test]
    fn every_operator_with_and_without_any() {
        for op in ["=", "!=", ">", ">=", "<", "<=", "~", "!~"] {
            check(&format!("a{op}b"), &format!("a {op} b"));
            check(&format!("a?{op}'b'"), &format!("a ?{op} 'b'"));
        }
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let expr = parse("k='nl'||v='ab'&&k='zz'").expect("valid");
        let Expr::Any(items) = expr else { panic!("{expr} is not an || chain") };
        assert!(matches!(items.as_slice(), [Expr::Compare(_), Expr::All(inner)] if inner.len() == 2));
    }

    #[test]
    fn chains_are_flat() {
        let expr = parse("a=1 && (b=2 && (c=3 && d=4)) && (e=5)").expect("valid");
        let Expr::All(items) = expr else { panic!("{expr} is not an && chain") };
        assert_eq!(items.len(), 5);
    }

    #[test]
    fn the_examples_of_the_reference() {
        for text in [
            "'a' = 'a'",
            "1 = 1",
            "@now > '2020'",
            "'' = null",
            "null != ''",
            "tags.name ?= 'red' && tags.name ?= 'green'",
            "tags ~ 'ID1' && tags ~ 'ID2'",
            "c_via_post.msg ?= 'c1'",
            "tags:length = 0",
            "title:foo = 'x'",
            "list.0.x = 1",
            "@request.body.a:isset = true",
            "@collection.posts:other.title = title",
            "strftime('%Y', 'invalid') = ''",
            "geoDistance(point.lon, point.lat, 1, -2.5) < 10",
            "a = TRUE",
        ] {
            check(text, text);
        }
        check("v='a\\nb'", "v = 'a\\nb'");
        check("v='a\\b'", "v = 'a\\\\b'");
        check("v='a\\\\b'", "v = 'a\\\\b'");
        check("a=1//x\n&& //y\n b=2 // z", "a = 1 && b = 2");
        check("strftime( // format\n'%Y' ,\n created , )='2024'", "strftime('%Y', created) = '2024'");
        check("f(g(h(1)))=f()", "f(g(h(1))) = f()");
    }

    #[test]
    fn refused_inputs() {
        for blank in ["", " \n\t", "// only a comment", "\n//a\n//b"] {
            refuse(blank, "");
        }
        for (text, at) in [
            ("active", ""),
            ("!active", "!"),
            ("not a = 1", "a"),
            ("a = 1 and b = 2", "and"),
            ("a = 1 b = 2", "b"),
            ("a == 1", "=="),
            ("a = 1 & b = 2", "&"),
            ("`a` = 1", "`"),
            ("a = 'x", "'x"),
            ("()", ")"),
            ("(a = 1", "("),
            ("a = 1)", ")"),
            ("(a = 1))", ")"),
            ("(a = 1)(b = 2)", "("),
            ("a = (1)", "("),
            ("a = 1 &&", ""),
            ("&& a = 1", "&&"),
            ("a = 1 || || b = 2", "||"),
            ("a =", ""),
            ("= 1", "="),
            ("a = 1 = 2", "="),
            ("a = 1, b = 2", ","),
            ("/* x */ a = 1", "/"),
            ("a = 1\r\n", "\r"),
            ("a = 1e5", "1e5"),
            ("a = .5", "."),
            ("a = 5.", "5."),
            ("a = +1", "+"),
            ("a = - 1", "-"),
            ("a. = 1", "a."),
            ("a[0] = 1", "["),
            ("f (1) = 1", "("),
            ("f(1 2) = 1", "2"),
            ("f(,) = 1", ","),
            ("f(1,,2) = 1", ","),
            ("f((1)) = 1", "("),
            ("f(a = 1) = 1", "="),
            ("f(1 = 1", "="),
            ("f(1", ""),
            ("f() && a = 1", "&&"),
            ("f(g(h(i()))) = 1", "i("),
        ] {
            refuse(text, at);
        }
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let comparisons = |count: usize| vec!["a=1"; count].join("||");
        assert!(parse(&comparisons(limits::FILTER_MAX_COMPARISONS)).is_ok());
        assert!(parse(&comparisons(limits::FILTER_MAX_COMPARISONS + 1)).is_err());
        let nested = |depth: usize| format!("{}a=1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(limits::FILTER_MAX_DEPTH)).is_ok());
        assert!(parse(&nested(limits::FILTER_MAX_DEPTH + 1)).is_err());
        assert!(parse(&"(".repeat(1_000_000)).is_err());
        assert!(parse(&"f(".repeat(1_000_000)).is_err());
    }

    #[test]
    fn literals_are_numbered_in_order() {
        let expr = parse("'a' = 1 && f('b', g(2), x) = '' || 3 = y").expect("valid");
        let text = format!("{expr:?}");
        let slots: Vec<&str> = text.split("slot: ").skip(1).map(|rest| &rest[..1]).collect();
        assert_eq!(slots, ["0", "1", "2", "3", "4", "5"]);
    }

    #[test]
    fn comparisons_know_their_place() {
        let text = "a = 1 && (f(b) ?~ 'é')";
        let Ok(Expr::All(items)) = parse(text) else { panic!("{text} is an && chain") };
        let spans: Vec<&str> = items
            .iter()
            .map(|item| match item {
                Expr::Compare(compare) => &text[compare.span.clone()],
                _ => "not a comparison",
            })
            .collect();
        assert_eq!(spans, ["a = 1", "f(b) ?~ 'é'"]);
    }

    fn check_sort(text: &str, expect: &[&str]) {
        let items = parse_sort(text).unwrap_or_else(|error| panic!("{}", error.render(text)));
        let found: Vec<String> =
            items.iter().map(|item| format!("{}{}", if item.descending { "-" } else { "" }, item.path)).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn sort_expressions() {
        check_sort("", &[]);
        check_sort("a", &["a"]);
        check_sort("-created, +rel.name:lower ,@random", &["-created", "rel.name:lower", "@random"]);
        check_sort(" a,-b", &["a", "-b"]);
        let longest = "n".repeat(limits::SORT_ITEM_MAX_BYTES);
        check_sort(&format!("-{longest}"), &[&format!("-{longest}")]);
        check_sort(&["n"; limits::SORT_MAX_ITEMS].join(","), &["n"; limits::SORT_MAX_ITEMS]);
    }

    #[test]
    fn refused_sort_expressions() {
        for (text, at) in [
            (" ", ""),
            ("n,", ""),
            (",n", ""),
            ("a,,b", ""),
            ("--n", "-n"),
            ("+-n", "-n"),
            ("-", ""),
            ("- n", " n"),
            ("a b", "a b"),
            ("a//b", "a//b"),
            ("f(a)", "f(a)"),
            ("1", "1"),
            ("'a'", "'a'"),
            ("a.", "a."),
            ("é", "é"),
        ] {
            match parse_sort(text) {
                Ok(items) => panic!("{text:?} was read as {items:?}"),
                Err(error) => assert_eq!(&text[error.span.clone()], at, "{text:?}: {error}"),
            }
        }
        assert!(parse_sort(&["n"; limits::SORT_MAX_ITEMS + 1].join(",")).is_err());
        assert!(parse_sort(&"n".repeat(limits::SORT_ITEM_MAX_BYTES + 1)).is_err());
    }
}
