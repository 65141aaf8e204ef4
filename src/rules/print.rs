//! The canonical text of a tree.
//!
//! Used where a rule is rewritten (a renamed field or collection) and in logs. Invariant: parsing the text gives the
//! same tree again, apart from the places. Only the parentheses that the tree needs are written; comments are lost.

use std::fmt::{self, Display, Formatter, Write as _};

use super::tree::{Call, Compare, Expr, Operand, Path};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (items, join) = match self {
            Expr::Compare(compare) => return compare.fmt(f),
            Expr::All(items) => (items, " && "),
            Expr::Any(items) => (items, " || "),
        };
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                f.write_str(join)?;
            }
            // `&&` binds tighter, so only an `||` chain inside an `&&` chain needs parentheses.
            match (self, item) {
                (Expr::All(_), Expr::Any(_)) => write!(f, "({item})")?,
                _ => item.fmt(f)?,
            }
        }
        Ok(())
    }
}

impl Display for Compare {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let any = if self.any { "?" } else { "" };
        write!(f, "{} {any}{} {}", self.left, self.op.text(), self.right)
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Path(path) => path.fmt(f),
            Operand::Text(literal) => write_text(f, &literal.value),
            // Rust writes numbers without an exponent and with as many digits as reading them back needs.
            Operand::Number(literal) => write!(f, "{}", literal.value),
            Operand::Function(call) => call.fmt(f),
        }
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.segments.iter().enumerate() {
            if at > 0 {
                f.write_char('.')?;
            }
            f.write_str(segment)?;
        }
        match &self.modifier {
            Some(modifier) => write!(f, ":{modifier}"),
            None => Ok(()),
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (at, arg) in self.args.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            arg.fmt(f)?;
        }
        f.write_char(')')
    }
}

/// A text literal in single quotes. Line breaks are escaped too, so that a filter stays on one line of a log.
fn write_text(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\\' | '\'' => write!(f, "\\{c}")?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('\'')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::rules::parse;
    use crate::rules::tree::testing::{exprs, without_spans};

    fn check(text: &str, expect: &str) {
        assert_eq!(parse(text).expect(text).to_string(), expect, "{text}");
    }

    #[test]
    fn canonical_text() {
        check("a=1", "a = 1");
        check("((a ?!~ \"it's\"))", "a ?!~ 'it\\'s'");
        check("a=1&&(b=2||c=3)||d=4", "a = 1 && (b = 2 || c = 3) || d = 4");
        check("(a=1&&b=2)||c=3", "a = 1 && b = 2 || c = 3");
        check("a=1&&(b=2&&(c=3))", "a = 1 && b = 2 && c = 3");
        check("f( 'a' ,b:lower,-0.50, ) > g()", "f('a', b:lower, -0.5) > g()");
        check("a = 'x\ny' // why\n", "a = 'x\\ny'");
    }

    proptest! {
        #[test]
        fn parsing_the_printed_tree_gives_the_tree(expr in exprs()) {
            let text = expr.to_string();
            let parsed = parse(&text);
            prop_assert!(parsed.is_ok(), "{text}: {parsed:?}");
            prop_assert_eq!(parsed.map(without_spans), Ok(expr), "{}", text);
        }
    }
}
