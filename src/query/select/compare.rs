//! Comparisons and the values that they compare.

use sea_query::{Expr, ExprTrait, Func, SimpleExpr};

use super::lower::{Lower, Scope, column};
use crate::domain::Storage;
use crate::rules::plan::*;
use crate::rules::tree::Op;

/// One side of a comparison and the joined rows that it looks at.
#[derive(Clone, Copy)]
struct Side<'a> {
    operand: &'a Operand,
    plan: &'a Plan,
    scope: &'a Scope,
}

impl Side<'_> {
    fn scalar(&self, lower: &mut Lower) -> SimpleExpr {
        lower.scalar(self.plan, &self.operand.scalar, self.scope)
    }

    /// The value for `=` and `!=`. Where a column that holds JSON is equated with a text, the database may put the
    /// text in its place everywhere, also where JSON is wanted: that must not happen.
    fn equated(&self, lower: &mut Lower) -> SimpleExpr {
        let value = self.scalar(lower);
        match self.storage() {
            Some(Storage::List | Storage::Point) => lower.dialect.as_it_is(value),
            _ => value,
        }
    }

    /// How the column behind it is stored, if it is one.
    fn storage(&self) -> Option<Storage> {
        storage_of(self.plan, &self.operand.scalar)
    }

    fn is_bind(&self) -> bool {
        matches!(self.operand.scalar, Scalar::Bind(_))
    }

    /// Whether it is neither NULL nor empty text: a value from outside that can't be, or the row's id.
    fn is_never_empty(&self) -> bool {
        match self.operand.scalar {
            Scalar::Bind(_) => self.operand.nulls == Nulls::Never,
            Scalar::Column(ROOT, position) => {
                let collection = self.plan.collection();
                !collection.is_view() && collection.position("id") == Some(position)
            }
            _ => false,
        }
    }

    /// The value with empty text in place of NULL.
    fn or_empty(&self, lower: &mut Lower) -> SimpleExpr {
        match (&self.operand.scalar, self.operand.nulls) {
            (Scalar::Bind(bind), Nulls::AsEmpty) => lower.bind(Bind::OrEmpty(Box::new(bind.clone()))),
            (_, Nulls::AsEmpty) => self.equated(lower).if_null(Expr::cust("''")),
            _ => self.equated(lower),
        }
    }
}

impl Lower {
    /// A comparison; `left` and `right` are where the operands' joined rows are found.
    pub(super) fn comparison(
        &mut self,
        plan: &Plan,
        comparison: &Comparison,
        left: &Scope,
        right: &Scope,
    ) -> SimpleExpr {
        let l = Side { operand: &comparison.left, plan, scope: left };
        let r = Side { operand: &comparison.right, plan, scope: right };
        match comparison.op {
            Op::Eq => self.equality(l, r, false),
            Op::NotEq => self.equality(l, r, true),
            Op::Like => self.like(l, r, false),
            Op::NotLike => self.like(l, r, true),
            Op::Gt => l.scalar(self).gt(r.scalar(self)),
            Op::Gte => l.scalar(self).gte(r.scalar(self)),
            Op::Lt => l.scalar(self).lt(r.scalar(self)),
            Op::Lte => l.scalar(self).lte(r.scalar(self)),
        }
    }

    fn like(&mut self, l: Side<'_>, r: Side<'_>, negated: bool) -> SimpleExpr {
        let text = self.text(l.plan, &l.operand.scalar, l.scope);
        let pattern = self.text(r.plan, &r.operand.scalar, r.scope);
        // What isn't known beforehand is looked for as it is.
        let pattern = if r.is_bind() { pattern } else { Expr::cust_with_exprs("('%' || ? || '%')", [pattern]) };
        self.dialect.like(text, pattern, negated)
    }

    /// `=` and `!=` with the meaning of NULL that [`Nulls`] describes.
    fn equality(&mut self, l: Side<'_>, r: Side<'_>, negated: bool) -> SimpleExpr {
        use Nulls::{AsEmpty, Empty, Never, Strict};
        match (l.operand.nulls, r.operand.nulls) {
            (Empty(_), Empty(_)) => Expr::cust(if negated { "0" } else { "1" }),
            (Empty(literal), _) => self.emptiness(r, literal, negated),
            (_, Empty(literal)) => self.emptiness(l, literal, negated),
            (Strict, _) | (_, Strict) => {
                let (a, b) = (l.scalar(self), r.scalar(self));
                self.dialect.is_same(a, b, negated)
            }
            (AsEmpty, Never) if r.is_never_empty() && !differ_in_type(l, r) => self.with_value(l, r, negated),
            (Never, AsEmpty) if l.is_never_empty() && !differ_in_type(l, r) => self.with_value(r, l, negated),
            (AsEmpty, AsEmpty) if r.is_bind() && !l.is_bind() => self.with_request_value(l, r, negated),
            (AsEmpty, AsEmpty) if l.is_bind() && !r.is_bind() => self.with_request_value(r, l, negated),
            _ => {
                let (mut a, mut b) = (l.or_empty(self), r.or_empty(self));
                if differ_in_type(l, r) {
                    (a, b) = (self.dialect.as_it_is(a), self.dialect.as_it_is(b));
                }
                if negated { a.ne(b) } else { a.eq(b) }
            }
        }
    }

    /// Against a value that is never empty NULL needs no stand-in: it isn't equal, and "not equal" holds.
    fn with_value(&mut self, side: Side<'_>, value: Side<'_>, negated: bool) -> SimpleExpr {
        let (a, b) = (side.equated(self), value.scalar(self));
        if negated { self.dialect.is_same(a, b, true) } else { a.eq(b) }
    }

    /// Against a value of the request, which may be empty: then NULL counts as empty, too.
    fn with_request_value(&mut self, side: Side<'_>, value: Side<'_>, negated: bool) -> SimpleExpr {
        let column = side.equated(self);
        let both_empty = column.clone().is_null().and(value.or_empty(self).eq(Expr::cust("''")));
        let value = value.or_empty(self);
        match negated {
            true => self.dialect.is_same(column, value, true).and(both_empty.not()),
            false => column.eq(value).or(both_empty),
        }
    }

    /// A comparison with `''` or `null`.
    fn emptiness(&mut self, side: Side<'_>, literal: EmptyLiteral, negated: bool) -> SimpleExpr {
        let value = side.equated(self);
        let empty = Expr::cust("''");
        match (side.operand.nulls, literal) {
            (Nulls::Strict, EmptyLiteral::Null) if negated => value.is_not_null(),
            (Nulls::Strict, EmptyLiteral::Null) => value.is_null(),
            (Nulls::Strict, EmptyLiteral::Text) => self.dialect.is_same(value, empty, negated),
            (Nulls::Never, _) if negated => value.ne(empty),
            (Nulls::Never, _) => value.eq(empty),
            (_, _) if negated => value.clone().ne(empty).and(value.is_not_null()),
            (_, _) => value.clone().eq(empty).or(value.is_null()),
        }
    }

    /// The value where text is wanted: numbers as people write them.
    fn text(&mut self, plan: &Plan, scalar: &Scalar, scope: &Scope) -> SimpleExpr {
        let value = self.scalar(plan, scalar, scope);
        match storage_of(plan, scalar) {
            Some(Storage::Number) => self.dialect.number_text(value),
            _ => value,
        }
    }

    pub(super) fn scalar(&mut self, plan: &Plan, scalar: &Scalar, scope: &Scope) -> SimpleExpr {
        let in_view = |source: &SourceId| plan.sources[*source].collection.is_view();
        match scalar {
            Scalar::Bind(bind) => self.bind(bind.clone()),
            Scalar::Column(source, position) => column(plan, *source, *position, scope),
            Scalar::OnlyElement(source, position) => self.dialect.as_it_is(column(plan, *source, *position, scope)),
            Scalar::JsonPath(source, position, segments) => {
                let path = self.bind(Bind::Const(self.dialect.json_path(segments).into()));
                self.dialect.json_value(column(plan, *source, *position, scope), path, in_view(source))
            }
            Scalar::Element(source) => self.element(*source, scope),
            Scalar::ListLength(source, position) => {
                let list = self.dialect.list(column(plan, *source, *position, scope), in_view(source));
                self.dialect.list_length(list)
            }
            Scalar::SingleLength(source, position) => {
                let value = column(plan, *source, *position, scope);
                Expr::cust_with_exprs("(coalesce(?, '') <> '')", [value])
            }
            Scalar::Lower(inner) => {
                let inner = self.text(plan, inner, scope);
                Func::lower(inner).into()
            }
            Scalar::Changed { submitted, value, field } => {
                let submitted = self.bind(submitted.clone());
                let value = self.bind(value.clone());
                let differs = self.dialect.is_same(column(plan, ROOT, *field, scope), value, true);
                Expr::cust_with_exprs("(? AND ?)", [submitted, differs])
            }
            Scalar::GeoDistance(args) => {
                let [lon_a, lat_a, lon_b, lat_b] = args.as_ref();
                let args = [lon_a, lat_a, lon_b, lat_b].map(|arg| self.scalar(plan, arg, scope));
                self.dialect.geo_distance(args)
            }
            Scalar::Strftime(args) => {
                let args = args.iter().map(|arg| self.scalar(plan, arg, scope)).collect();
                self.dialect.strftime(args)
            }
        }
    }
}

/// Whether the database would convert one to the other. Values of rows are compared as they are stored; only a value
/// from outside takes the type of a column.
fn differ_in_type(l: Side<'_>, r: Side<'_>) -> bool {
    let numeric = |side: Side<'_>| side.storage().map(|storage| matches!(storage, Storage::Number | Storage::Bool));
    !l.is_bind() && !r.is_bind() && numeric(l) != numeric(r)
}

/// How the column behind a scalar is stored, if it is one.
fn storage_of(plan: &Plan, scalar: &Scalar) -> Option<Storage> {
    match scalar {
        Scalar::Column(source, position) => Some(plan.sources[*source].collection.fields[*position].storage()),
        _ => None,
    }
}
