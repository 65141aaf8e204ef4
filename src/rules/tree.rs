//! The tree of a filter or rule as it was written, with the place of every part.
//!
//! Made by [`mod@super::parse`], printed by [`mod@super::print`], given a meaning by the resolver. Invariants: chains
//! are flat and have at least two items (an `All` holds no `All`, an `Any` no `Any`); literals are numbered in the
//! order in which they appear. Not here: which fields exist and what a name means.

use super::token::Span;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// One comparison.
    Compare(Compare),
    /// All of these (`&&`).
    All(Vec<Expr>),
    /// At least one of these (`||`).
    Any(Vec<Expr>),
}

/// `left op right`.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    /// The operand before the operator.
    pub left: Operand,
    /// The operator, without its `?`.
    pub op: Op,
    /// Whether the operator was written with `?`: one matching related value is enough.
    pub any: bool,
    /// The operand after the operator.
    pub right: Operand,
    /// From the start of the left to the end of the right operand.
    pub span: Span,
}

/// The comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=`
    Eq,
    /// `!=`
    NotEq,
    /// `>`
    Gt,
    /// `>=`
    Gte,
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `~`
    Like,
    /// `!~`
    NotLike,
}

impl Op {
    /// How the operator is written.
    pub fn text(self) -> &'static str {
        match self {
            Op::Eq => "=",
            Op::NotEq => "!=",
            Op::Gt => ">",
            Op::Gte => ">=",
            Op::Lt => "<",
            Op::Lte => "<=",
            Op::Like => "~",
            Op::NotLike => "!~",
        }
    }

    /// The operator that is written like this.
    pub fn from_text(text: &str) -> Option<Op> {
        Some(match text {
            "=" => Op::Eq,
            "!=" => Op::NotEq,
            ">" => Op::Gt,
            ">=" => Op::Gte,
            "<" => Op::Lt,
            "<=" => Op::Lte,
            "~" => Op::Like,
            "!~" => Op::NotLike,
            _ => return None,
        })
    }
}

/// One side of a comparison or one argument of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A name: a field path, a keyword such as `null`, or a macro such as `@now`.
    Path(Path),
    /// A text literal.
    Text(Literal<String>),
    /// A number literal.
    Number(Literal<f64>),
    /// A function call.
    Function(Call),
}

impl Operand {
    /// Where the operand stands.
    pub fn span(&self) -> &Span {
        match self {
            Operand::Path(path) => &path.span,
            Operand::Text(literal) => &literal.span,
            Operand::Number(literal) => &literal.span,
            Operand::Function(call) => &call.span,
        }
    }
}

/// A literal value.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal<T> {
    /// The value, escapes taken away.
    pub value: T,
    /// The how-many-th literal of the whole filter it is, from 0, texts and numbers counted together.
    pub slot: usize,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A dotted name with an optional modifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The parts between the points, none empty. An alias (`@collection.name:alias.field`) stays in its segment.
    pub segments: Vec<String>,
    /// What stands after the first `:` of the last segment.
    pub modifier: Option<String>,
    /// Where it stands.
    pub span: Span,
}

impl Path {
    /// Splits a name as the tokenizer yields it.
    pub(super) fn new(name: &str, span: Span) -> Path {
        let (parents, last) = match name.rsplit_once('.') {
            Some((parents, last)) => (Some(parents), last),
            None => (None, name),
        };
        let (last, modifier) = match last.split_once(':') {
            Some((last, modifier)) => (last, Some(modifier.to_owned())),
            None => (last, None),
        };
        let parents = parents.into_iter().flat_map(|parents| parents.split('.'));
        Path { segments: parents.chain([last]).map(str::to_owned).collect(), modifier, span }
    }

    /// The name, if it is a single segment without a modifier: how keywords and macros look.
    pub fn plain_name(&self) -> Option<&str> {
        match (self.segments.as_slice(), &self.modifier) {
            ([only], None) => Some(only),
            _ => None,
        }
    }

    /// Whether this is the keyword `word`, in any letter case.
    pub fn is(&self, word: &str) -> bool {
        self.plain_name().is_some_and(|name| name.eq_ignore_ascii_case(word))
    }
}

/// A function call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name before the parenthesis, as it was written.
    pub name: String,
    /// The arguments.
    pub args: Vec<Operand>,
    /// From the name to the closing parenthesis.
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, segments: &[&str], modifier: Option<&str>) {
        let path = Path::new(name, 0..name.len());
        assert_eq!(path.segments, segments, "{name}");
        assert_eq!(path.modifier.as_deref(), modifier, "{name}");
    }

    #[test]
    fn paths_split_at_points_and_only_the_last_segment_has_a_modifier() {
        check("a", &["a"], None);
        check("a.b:length", &["a", "b"], Some("length"));
        check("list.0.x", &["list", "0", "x"], None);
        check("@collection.posts:other.title:lower", &["@collection", "posts:other", "title"], Some("lower"));
        check("a:b:c", &["a"], Some("b:c"));
    }

    #[test]
    fn keywords_have_any_letter_case_and_nothing_else() {
        let is_null = |name: &str| Path::new(name, 0..name.len()).is("null");
        assert!(is_null("null") && is_null("NULL") && is_null("Null"));
        assert!(!is_null("null.a") && !is_null("null:lower") && !is_null("nul"));
    }
}

/// What the property tests of this layer share: random trees, and trees without their spans.
#[cfg(test)]
pub(super) mod testing {
    use proptest::prelude::*;

    use super::*;

    /// Trees that the parser could have made, spans all `0..0`.
    pub fn exprs() -> impl Strategy<Value = Expr> {
        let compare = (operands(), ops(), any::<bool>(), operands())
            .prop_map(|(left, op, any, right)| Expr::Compare(Compare { left, op, any, right, span: 0..0 }));
        let tree = compare.prop_recursive(4, 24, 4, |inner| {
            (prop::collection::vec(inner, 2..4), any::<bool>()).prop_map(|(items, all)| chain(items, all))
        });
        tree.prop_map(|mut expr| {
            let mut next = 0;
            each_operand(&mut expr, &mut |operand| number_slot(operand, &mut next));
            expr
        })
    }

    /// A flat chain, as the parser makes it.
    fn chain(items: Vec<Expr>, all: bool) -> Expr {
        let mut flat = Vec::new();
        for item in items {
            match item {
                Expr::All(inner) if all => flat.extend(inner),
                Expr::Any(inner) if !all => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if all { Expr::All(flat) } else { Expr::Any(flat) }
    }

    pub fn ops() -> impl Strategy<Value = Op> {
        prop::sample::select(vec![Op::Eq, Op::NotEq, Op::Gt, Op::Gte, Op::Lt, Op::Lte, Op::Like, Op::NotLike])
    }

    fn operands() -> impl Strategy<Value = Operand> {
        let path = "[@_#]?[a-z][a-zA-Z0-9_]{0,3}(:[a-z]{1,2})?(\\.[a-z0-9_]{1,3}){0,2}(:[a-z]{1,3})?"
            .prop_map(|name: String| Operand::Path(Path::new(&name, 0..0)));
        let number = prop_oneof![any::<f64>(), Just(-0.0), (-5i32..5).prop_map(f64::from)]
            .prop_filter("only finite numbers can be written", |number| number.is_finite())
            .prop_map(|value| Operand::Number(Literal { value, slot: 0, span: 0..0 }));
        let text = prop_oneof![any::<String>(), "[\\\\nrt'\" \n\r\t%x]{0,6}", Just(String::new())]
            .prop_map(|value| Operand::Text(Literal { value, slot: 0, span: 0..0 }));
        prop_oneof![3 => path, 1 => number, 2 => text].prop_recursive(3, 6, 3, |inner| {
            ("[a-z][a-zA-Z]{0,4}", prop::collection::vec(inner, 0..3))
                .prop_map(|(name, args)| Operand::Function(Call { name, args, span: 0..0 }))
        })
    }

    fn number_slot(operand: &mut Operand, next: &mut usize) {
        let slot = match operand {
            Operand::Text(literal) => &mut literal.slot,
            Operand::Number(literal) => &mut literal.slot,
            _ => return,
        };
        *slot = *next;
        *next += 1;
    }

    /// Calls `visit` for every operand and argument, in the order in which they are written.
    pub fn each_operand(expr: &mut Expr, visit: &mut impl FnMut(&mut Operand)) {
        fn within(operand: &mut Operand, visit: &mut impl FnMut(&mut Operand)) {
            visit(operand);
            if let Operand::Function(call) = operand {
                call.args.iter_mut().for_each(|arg| within(arg, visit));
            }
        }
        match expr {
            Expr::Compare(compare) => {
                within(&mut compare.left, visit);
                within(&mut compare.right, visit);
            }
            Expr::All(items) | Expr::Any(items) => items.iter_mut().for_each(|item| each_operand(item, visit)),
        }
    }

    /// The tree with every span `0..0`.
    pub fn without_spans(mut expr: Expr) -> Expr {
        fn forget(expr: &mut Expr) {
            match expr {
                Expr::Compare(compare) => compare.span = 0..0,
                Expr::All(items) | Expr::Any(items) => items.iter_mut().for_each(forget),
            }
        }
        forget(&mut expr);
        each_operand(&mut expr, &mut |operand| match operand {
            Operand::Path(path) => path.span = 0..0,
            Operand::Text(literal) => literal.span = 0..0,
            Operand::Number(literal) => literal.span = 0..0,
            Operand::Function(call) => call.span = 0..0,
        });
        expr
    }
}
