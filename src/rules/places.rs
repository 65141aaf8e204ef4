//! Where the parts of a filter or rule stand in its text: for those who show which of them decided.
//!
//! Called by `records`. A comparison knows its place from the parser; the place of a chain follows from its items and
//! the parentheses around them, so that every place is a text that can be read by itself.

use super::token::{Span, TokenKind, Tokenizer};
use super::tree::Expr;

/// The places of parentheses in a text.
pub struct Places {
    /// Where each pair opens and where it ends.
    pairs: Vec<(usize, usize)>,
}

impl Places {
    /// Those of a text that has been parsed.
    pub fn of(text: &str) -> Places {
        let (mut open, mut pairs) = (Vec::new(), Vec::new());
        for token in Tokenizer::new(text).flatten() {
            match token.kind {
                TokenKind::Open | TokenKind::Call(_) => open.push(token.span.start),
                TokenKind::Close => pairs.extend(open.pop().map(|start| (start, token.span.end))),
                _ => {}
            }
        }
        Places { pairs }
    }

    /// Where `expr`, a part of the text, stands.
    pub fn place(&self, expr: &Expr) -> Span {
        let (first, last) = match expr {
            Expr::Compare(compare) => return compare.span.clone(),
            Expr::All(items) | Expr::Any(items) => (items.first(), items.last()),
        };
        let (Some(first), Some(last)) = (first, last) else { return 0..0 };
        let mut span = self.place(first).start..self.place(last).end;
        // A pair that has one end inside belongs wholly to it. Pairs are listed inner ones first, and each step can
        // only take in pairs further out, so that one pass is enough.
        for (start, end) in &self.pairs {
            if span.contains(start) != (span.start < *end && *end <= span.end) {
                span = span.start.min(*start)..span.end.max(*end);
            }
        }
        span
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::parse;

    /// The texts of all chains and comparisons, outermost first.
    fn check(text: &str, expect: &[&str]) {
        fn walk<'t>(text: &'t str, places: &Places, expr: &Expr, out: &mut Vec<&'t str>) {
            out.push(&text[places.place(expr)]);
            if let Expr::All(items) | Expr::Any(items) = expr {
                items.iter().for_each(|item| walk(text, places, item, out));
            }
        }
        let expr = parse(text).unwrap_or_else(|error| panic!("{}", error.render(text)));
        let mut found = Vec::new();
        walk(text, &Places::of(text), &expr, &mut found);
        assert_eq!(found, expect, "{text}");
        for part in found {
            parse(part).unwrap_or_else(|error| panic!("{}", error.render(part)));
        }
    }

    #[test]
    fn every_part_has_a_place_that_can_be_read_by_itself() {
        check("a = 1", &["a = 1"]);
        check("a=1 && b=2", &["a=1 && b=2", "a=1", "b=2"]);
        check("(a=1 || b=2) && c=3", &["(a=1 || b=2) && c=3", "a=1 || b=2", "a=1", "b=2", "c=3"]);
        check("c=3 && ((a=1) || b=2)", &["c=3 && ((a=1) || b=2)", "c=3", "(a=1) || b=2", "a=1", "b=2"]);
        check("((a=1 && (b=2 && c=3)))", &["a=1 && (b=2 && c=3)", "a=1", "b=2", "c=3"]);
        check("f(a) = 1 || ')' = g(b, c)", &["f(a) = 1 || ')' = g(b, c)", "f(a) = 1", "')' = g(b, c)"]);
        check("a=1 // (\n && (b=2 || c='é')", &["a=1 // (\n && (b=2 || c='é')", "a=1", "b=2 || c='é'", "b=2", "c='é'"]);
    }
}
