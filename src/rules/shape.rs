//! The shape of a filter: its text with the literals taken out.
//!
//! Plans are compiled once per shape, so `room = 'a'` and `room = 'b'` share one. One pass of the tokenizer, no tree:
//! this runs for every request with a filter. Invariant: the key is itself a filter text whose tree is that of the
//! source but for the values of literals (not their type, not whether they are empty), so equal keys mean equal
//! plans. The reverse isn't promised: redundant parentheses give another key. The key holds no user's data and may be
//! logged.

use super::token::{ParseError, Token, TokenKind, Tokenizer};

/// A filter split into what decides its plan and what is bound to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// The tokens with marks in place of literals: `'?'` a text, `''` an empty text, `0` a number.
    pub key: String,
    /// The literals in the order of their slots.
    pub literals: Vec<LiteralValue>,
}

/// The value of a literal.
#[derive(Clone, Debug, PartialEq)]
pub enum LiteralValue {
    /// Of a text literal, escapes taken away.
    Text(String),
    /// Of a number literal.
    Number(f64),
}

/// Takes the literals out of a filter. Refuses only what has an invalid token; whether the tokens make a filter is
/// known when the key's plan is compiled.
pub fn shape(text: &str) -> Result<Shape, ParseError> {
    let mut shape = Shape { key: String::with_capacity(text.len() + 8), literals: Vec::new() };
    for token in Tokenizer::new(text) {
        let Token { kind, .. } = token?;
        // Whatever could merge with the token after it is followed by a blank: `> =` must not become `>=`.
        match kind {
            TokenKind::Name(name) => push(&mut shape.key, &[name, " "]),
            TokenKind::Call(name) => push(&mut shape.key, &[name, "("]),
            TokenKind::Compare { op, any } => push(&mut shape.key, &[if any { "?" } else { "" }, op.text(), " "]),
            TokenKind::And => shape.key.push_str("&& "),
            TokenKind::Or => shape.key.push_str("|| "),
            TokenKind::Open => shape.key.push('('),
            TokenKind::Close => shape.key.push(')'),
            TokenKind::Comma => shape.key.push(','),
            TokenKind::Text(value) => {
                shape.key.push_str(if value.is_empty() { "''" } else { "'?'" });
                shape.literals.push(LiteralValue::Text(value.into_owned()));
            }
            TokenKind::Number(value) => {
                shape.key.push_str("0 ");
                shape.literals.push(LiteralValue::Number(value));
            }
        }
    }
    Ok(shape)
}

fn push(key: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| key.push_str(part));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::tree::testing::{each_operand, exprs, without_spans};
    use crate::rules::tree::{Expr, Operand};
    use crate::rules::{parse, parse_sort};

    fn check(text: &str, key: &str, literals: &[LiteralValue]) {
        let found = shape(text).expect(text);
        assert_eq!(found.key, key, "{text}");
        assert_eq!(found.literals, literals, "{text}");
    }

    fn text(value: &str) -> LiteralValue {
        LiteralValue::Text(value.to_owned())
    }

    #[test]
    fn literals_become_marks() {
        check("room='a'", "room = '?'", &[text("a")]);
        check("room  =\"b\" // c", "room = '?'", &[text("b")]);
        check("a=''&&b?>-1.5", "a = ''&& b ?> 0 ", &[text(""), LiteralValue::Number(-1.5)]);
        check("f('%Y',a) != (", "f('?',a )!= (", &[text("%Y")]);
        check("@now > '\\n'", "@now > '?'", &[text("\n")]);
    }

    #[test]
    fn what_must_not_share_a_plan_has_different_keys() {
        for (one, other) in [
            ("a=''", "a='x'"),
            ("a='1'", "a=1"),
            ("a> =1", "a>=1"),
            ("f(a)=1", "f (a)=1"),
            ("a=1 2", "a=12"),
            ("a b=1", "ab=1"),
        ] {
            assert_ne!(shape(one).expect(one).key, shape(other).expect(other).key, "{one} and {other}");
        }
    }

    /// The tree without places, every literal replaced by what its mark in the key stands for.
    fn skeleton(mut expr: Expr) -> Expr {
        each_operand(&mut expr, &mut |operand| match operand {
            Operand::Text(literal) if !literal.value.is_empty() => literal.value = "?".to_owned(),
            Operand::Number(literal) => literal.value = 0.0,
            _ => {}
        });
        without_spans(expr)
    }

    /// The literals of a tree by their slots.
    fn literals(mut expr: Expr) -> Vec<(usize, LiteralValue)> {
        let mut found = Vec::new();
        each_operand(&mut expr, &mut |operand| match operand {
            Operand::Text(literal) => found.push((literal.slot, LiteralValue::Text(literal.value.clone()))),
            Operand::Number(literal) => found.push((literal.slot, LiteralValue::Number(literal.value))),
            _ => {}
        });
        found
    }

    /// A key is a filter with the tree of its source. So sources with equal keys have equal trees.
    fn assert_key_stands_for(source: &str) -> Result<(), TestCaseError> {
        let Ok(found) = shape(source) else {
            prop_assert!(parse(source).is_err(), "{source:?} has an invalid token, but was parsed");
            return Ok(());
        };
        let again = shape(&found.key);
        prop_assert_eq!(again.map(|again| again.key), Ok(found.key.clone()), "{:?}", source);
        let (tree, key_tree) = (parse(source), parse(&found.key));
        prop_assert_eq!(tree.is_ok(), key_tree.is_ok(), "{:?} and its key {:?}", source, found.key);
        if let (Ok(tree), Ok(key_tree)) = (tree, key_tree) {
            let by_slot: Vec<_> = found.literals.into_iter().enumerate().collect();
            prop_assert_eq!(literals(tree.clone()), by_slot, "{:?}", source);
            prop_assert_eq!(skeleton(tree), skeleton(key_tree), "{:?}", source);
        }
        Ok(())
    }

    /// Loose parts of filters: most sequences are nonsense, many are nearly right.
    fn parts() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "a", "b.c", "f", "(", ")", "=", ">", "!=", "?", "?=", "~", "&&", "||", "&", ",", "1", "-", "2.5", ".",
            "''", "'x'", "\"y\"", "'", "\\", " ", "\n", "//", "@now", ":length", "null", "\r", "é",
        ]);
        prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_key_stands_for_its_filter(expr in exprs()) {
            assert_key_stands_for(&expr.to_string())?;
        }

        #[test]
        fn a_key_stands_for_its_parts(source in parts()) {
            assert_key_stands_for(&source)?;
        }

        #[test]
        fn no_text_makes_it_panic(source in any::<String>(), bytes in any::<Vec<u8>>()) {
            assert_key_stands_for(&source)?;
            assert_key_stands_for(&String::from_utf8_lossy(&bytes))?;
            let _ = parse_sort(&source);
        }

        #[test]
        fn errors_can_always_be_shown(source in parts()) {
            let errors = [parse(&source).err(), parse_sort(&source).err()];
            for error in errors.into_iter().flatten() {
                prop_assert!(error.span.start <= error.span.end && error.span.end <= source.len());
                prop_assert!(error.render(&source).contains('^'));
            }
        }
    }
}
