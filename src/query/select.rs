//! Plans made into SELECT statements.
//!
//! A plan's joins never touch the outer row set: all conditions that share joined rows go together into one
//! `EXISTS (SELECT 1 … LEFT JOIN …)`, conditions without joins stay outside where indexes serve them. So a row can't
//! appear twice, nothing needs DISTINCT, and the order of rows is the table's own.

use std::collections::{BTreeSet, HashMap};

use sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, SimpleExpr, TableRef};

use super::compiled::{Compiled, Slots};
use super::dialect::Dialect;
use super::ident::Ident;
use crate::domain::{Collection, Field, Storage};
use crate::rules::plan::*;
use crate::rules::tree::Op;

/// The alias of the tested row.
const ROW: &str = "t";

/// What a SELECT over a collection consists of, besides its columns.
#[derive(Default)]
pub struct Parts<'p> {
    /// Plans that must all hold: a rule, a filter.
    pub plans: Vec<&'p Plan>,
    /// The order.
    pub sort: Option<&'p SortPlan>,
    /// A condition that comes from the service rather than from a rule.
    pub only: Option<Only>,
    /// The page, as binds of LIMIT and OFFSET.
    pub page: Option<(Bind, Bind)>,
}

/// Conditions that services set.
#[derive(Clone, Debug)]
pub enum Only {
    /// The record with this id.
    Id(Bind),
    /// Records whose id is an element of this JSON array.
    Ids(Bind),
    /// Records of which the field at this position equals the value.
    FieldIs(usize, Bind),
    /// The same, ASCII letters matching in any case.
    FieldIsNoCase(usize, Bind),
    /// Records whose list at this position contains the value.
    FieldHas(usize, Bind),
    /// Records that come after a cursor: one value per sort key, then the row number.
    After(Vec<Bind>),
}

/// Selects the columns at `columns`, and after them the sort keys and row number if `with_keys`.
pub fn rows(
    dialect: Dialect,
    collection: &Collection,
    columns: &[usize],
    parts: &Parts<'_>,
    with_keys: bool,
) -> Compiled {
    let mut lower = Lower::new(dialect);
    let mut select = lower.select_from(collection, parts);
    for position in columns {
        select.expr(lower.root_column(collection, *position));
    }
    lower.order(&mut select, collection, parts, with_keys);
    if let Some((limit, offset)) = &parts.page {
        select.limit(lower.slots.number(limit.clone()));
        select.offset(lower.slots.number(offset.clone()));
    }
    Compiled::of_select(dialect, &select, &lower.slots)
}

/// Counts, no further than `cap` if given.
pub fn count(dialect: Dialect, collection: &Collection, parts: &Parts<'_>, cap: Option<Bind>) -> Compiled {
    let mut lower = Lower::new(dialect);
    let mut select = lower.select_from(collection, parts);
    match cap {
        None => {
            select.expr(Expr::col(sea_query::Asterisk).count());
        }
        Some(cap) => {
            select.expr(Expr::cust("1"));
            select.limit(lower.slots.number(cap));
            let inner = select;
            select = Query::select();
            select.expr(Expr::col(sea_query::Asterisk).count()).from_subquery(inner, Alias::new("counted"));
        }
    }
    Compiled::of_select(dialect, &select, &lower.slots)
}

/// Tests `plan` on a record that isn't stored: the row is made of [`Bind::Candidate`] values with the types that
/// their columns would have. Yields a row if it holds.
pub fn candidate(dialect: Dialect, plan: &Plan) -> Compiled {
    let mut lower = Lower::new(dialect);
    let collection = plan.collection();
    let mut select = Query::select();
    select.expr(Expr::cust("1"));
    let mut used = BTreeSet::new();
    root_columns_of_plan(plan, &mut used);
    if !used.is_empty() {
        let mut row = Query::select();
        for position in used {
            let field = &collection.fields[position];
            let value = lower.bind(Bind::Candidate(position));
            let affinity = match field.storage() {
                Storage::Number => "REAL",
                Storage::Bool => "INTEGER",
                _ => "TEXT",
            };
            row.expr_as(value.cast_as(Alias::new(affinity)), Ident::column(field));
        }
        select.from_subquery(row, Alias::new(ROW));
    }
    for condition in lower.plan(plan, Alias::new(ROW)) {
        select.and_where(condition);
    }
    select.limit(lower.slots.number(Bind::Const(crate::base::SqlValue::Integer(1))));
    Compiled::of_select(dialect, &select, &lower.slots)
}

/// Aliases of the sources that are in reach.
type Scope = HashMap<SourceId, Alias>;

/// Lowers plans to expressions of the statement builder.
struct Lower {
    dialect: Dialect,
    slots: Slots,
    aliases: usize,
}

impl Lower {
    fn new(dialect: Dialect) -> Self {
        Lower { dialect, slots: Slots::default(), aliases: 0 }
    }

    fn bind(&mut self, bind: Bind) -> SimpleExpr {
        Expr::val(self.slots.number(bind))
    }

    fn alias(&mut self) -> Alias {
        self.aliases += 1;
        Alias::new(format!("j{}", self.aliases))
    }

    fn root_column(&self, collection: &Collection, position: usize) -> SimpleExpr {
        Expr::col((Alias::new(ROW), Ident::column(&collection.fields[position])))
    }

    /// `FROM collection AS t WHERE …`, without columns and order.
    fn select_from(&mut self, collection: &Collection, parts: &Parts<'_>) -> SelectStatement {
        let mut select = Query::select();
        select.from_as(Ident::table(collection), Alias::new(ROW));
        if let Some(only) = &parts.only {
            let condition = self.only(collection, only, parts.sort);
            select.and_where(condition);
        }
        for plan in &parts.plans {
            for condition in self.plan(plan, Alias::new(ROW)) {
                select.and_where(condition);
            }
        }
        if let Some(sort) = parts.sort {
            for condition in self.plan(&sort.plan, Alias::new(ROW)) {
                select.and_where(condition);
            }
        }
        select
    }

    fn only(&mut self, collection: &Collection, only: &Only, sort: Option<&SortPlan>) -> SimpleExpr {
        let id = collection.position("id").expect("every collection has an id");
        match only {
            Only::Id(bind) => self.root_column(collection, id).eq(self.bind(bind.clone())),
            Only::Ids(bind) => {
                let elements = self.elements_of(bind.clone());
                self.root_column(collection, id).in_subquery(elements)
            }
            Only::FieldIs(at, bind) => self.root_column(collection, *at).eq(self.bind(bind.clone())),
            Only::FieldIsNoCase(at, bind) => {
                let value = self.bind(bind.clone());
                Expr::cust_with_exprs("(? = ? COLLATE NOCASE)", [self.root_column(collection, *at), value])
            }
            Only::FieldHas(at, bind) => {
                let value = self.bind(bind.clone());
                let alias = self.alias();
                let mut elements = Query::select();
                elements
                    .expr(Expr::col((alias.clone(), Alias::new(self.dialect.element_column()))))
                    .from_function(self.dialect.elements(self.root_column(collection, *at)), alias);
                value.in_subquery(elements)
            }
            Only::After(binds) => self.after(collection, binds, sort),
        }
    }

    fn elements_of(&mut self, list: Bind) -> SelectStatement {
        let alias = self.alias();
        let list = self.bind(list);
        let mut elements = Query::select();
        elements
            .expr(Expr::col((alias.clone(), Alias::new(self.dialect.element_column()))))
            .from_function(self.dialect.elements(list), alias);
        elements
    }

    /// Rows that stand behind the cursor in the order of the keys, ties by row number. NULL is the smallest value.
    fn after(&mut self, collection: &Collection, binds: &[Bind], sort: Option<&SortPlan>) -> SimpleExpr {
        let keys = self.keys(collection, sort);
        let mut later = Expr::val(false);
        for at in (0..keys.len()).rev() {
            let (key, descending) = keys[at].clone();
            let value = self.bind(binds[at].clone());
            let behind = if descending {
                Expr::cust_with_exprs(
                    "(? < ? OR (? IS NULL AND ? IS NOT NULL))",
                    [key.clone(), value.clone(), key.clone(), value.clone()],
                )
            } else {
                Expr::cust_with_exprs(
                    "(? > ? OR (? IS NOT NULL AND ? IS NULL))",
                    [key.clone(), value.clone(), key.clone(), value.clone()],
                )
            };
            later = if at + 1 == keys.len() {
                behind
            } else {
                behind.or(self.dialect.is_same(key, value, false).and(later))
            };
        }
        later
    }

    /// The sort keys with their directions, ending with the row number (or the id in a view).
    fn keys(&mut self, collection: &Collection, sort: Option<&SortPlan>) -> Vec<(SimpleExpr, bool)> {
        let mut keys = Vec::new();
        let mut descending = false;
        if let Some(sort) = sort {
            for key in &sort.keys {
                descending = key.descending;
                if let SortBy::Value(operand) = &key.by {
                    let scope = Scope::from([(ROOT, Alias::new(ROW))]);
                    keys.push((self.sort_value(&sort.plan, operand, &scope), key.descending));
                }
            }
        }
        let last = match collection.is_view() {
            true => self.root_column(collection, collection.position("id").unwrap_or_default()),
            false => self.dialect.row_number(Alias::new(ROW)),
        };
        keys.push((last, descending));
        keys
    }

    fn order(&mut self, select: &mut SelectStatement, collection: &Collection, parts: &Parts<'_>, with_keys: bool) {
        let order = |descending| if descending { Order::Desc } else { Order::Asc };
        if with_keys {
            for (key, descending) in self.keys(collection, parts.sort) {
                select.expr(key.clone()).order_by_expr(key, order(descending));
            }
            return;
        }
        let Some(sort) = parts.sort else { return };
        for key in &sort.keys {
            let by = match &key.by {
                SortBy::Random => self.dialect.random(),
                SortBy::RowId => self.dialect.row_number(Alias::new(ROW)),
                SortBy::Value(operand) => {
                    let scope = Scope::from([(ROOT, Alias::new(ROW))]);
                    self.sort_value(&sort.plan, operand, &scope)
                }
            };
            select.order_by_expr(by, order(key.descending));
        }
    }

    /// The value of a sort key: of the row itself, or by a sub-select of any one joined row. What the caller may not
    /// see (an e-mail) sorts as empty, so that the order doesn't tell it.
    fn sort_value(&mut self, plan: &Plan, operand: &Operand, scope: &Scope) -> SimpleExpr {
        let mut used = BTreeSet::new();
        sources_of_scalar(plan, &operand.scalar, &mut used);
        if let Some(source) = operand.visible_on {
            add_with_parents(plan, source, &mut used);
        }
        if used.is_empty() {
            return self.visible_scalar(plan, operand, scope);
        }
        let mut inner = scope.clone();
        let mut select = self.joined(plan, &used, &mut inner);
        let value = self.visible_scalar(plan, operand, &inner);
        select.expr(value);
        for source in &used {
            if let Some(guard) = self.guard(plan, *source, &inner) {
                select.and_where(guard);
            }
        }
        select.limit(self.slots.number(Bind::Const(crate::base::SqlValue::Integer(1))));
        SimpleExpr::SubQuery(None, Box::new(select.into()))
    }

    fn visible_scalar(&mut self, plan: &Plan, operand: &Operand, scope: &Scope) -> SimpleExpr {
        let value = self.scalar(plan, &operand.scalar, scope);
        match operand.visible_on {
            None => value,
            Some(source) => {
                let visible = self.email_visible(plan, source, scope);
                Expr::case(visible, value).finally(Expr::cust("''")).into()
            }
        }
    }

    /// All conditions of a plan for the row under `root`, ready to be AND-ed.
    fn plan(&mut self, plan: &Plan, root: Alias) -> Vec<SimpleExpr> {
        let scope = Scope::from([(ROOT, root)]);
        let mut plain = Vec::new();
        // Conjuncts that share a joined source belong together: they speak of the same joined row.
        let mut groups: Vec<(BTreeSet<SourceId>, Vec<&Condition>)> = Vec::new();
        for condition in &plan.conditions {
            let mut used = BTreeSet::new();
            sources_of(plan, condition, &mut used);
            if used.is_empty() {
                plain.push(self.condition(plan, condition, &scope));
                continue;
            }
            let mut conditions = vec![condition];
            groups.retain_mut(|(theirs, others)| {
                if theirs.is_disjoint(&used) {
                    return true;
                }
                used.append(theirs);
                conditions.append(others);
                false
            });
            groups.push((used, conditions));
        }
        // Sources that only a sort key uses still have their guards.
        for source in 1..plan.sources.len() {
            if plan.sources[source].guard.is_some() && !groups.iter().any(|(used, _)| used.contains(&source)) {
                let mut used = BTreeSet::new();
                add_with_parents(plan, source, &mut used);
                groups.push((used, Vec::new()));
            }
        }
        for (used, conditions) in groups {
            plain.push(self.exists(plan, &used, &conditions, &scope));
        }
        plain
    }

    fn exists(
        &mut self,
        plan: &Plan,
        used: &BTreeSet<SourceId>,
        conditions: &[&Condition],
        scope: &Scope,
    ) -> SimpleExpr {
        let mut inner = scope.clone();
        let mut select = self.joined(plan, used, &mut inner);
        select.expr(Expr::cust("1"));
        for condition in conditions {
            let condition = self.condition(plan, condition, &inner);
            select.and_where(condition);
        }
        for source in used {
            if let Some(guard) = self.guard(plan, *source, &inner) {
                select.and_where(guard);
            }
        }
        Expr::exists(select)
    }

    /// `FROM (one row) LEFT JOIN …` over the sources in `used`; their aliases are added to `scope`.
    fn joined(&mut self, plan: &Plan, used: &BTreeSet<SourceId>, scope: &mut Scope) -> SelectStatement {
        let mut select = Query::select();
        let mut one = Query::select();
        one.expr(Expr::cust("1"));
        select.from_subquery(one, self.alias());
        self.join_into(&mut select, plan, used, scope);
        select
    }

    fn join_into(&mut self, select: &mut SelectStatement, plan: &Plan, used: &BTreeSet<SourceId>, scope: &mut Scope) {
        for id in used {
            let source = &plan.sources[*id];
            let alias = self.alias();
            scope.insert(*id, alias.clone());
            match &source.kind {
                SourceKind::Root => {}
                SourceKind::Every => {
                    select.join_as(JoinType::LeftJoin, Ident::table(&source.collection), alias, Expr::cust("1"));
                }
                SourceKind::Each(origin) => {
                    let list = self.origin(plan, origin, scope);
                    self.join_elements(select, list, alias);
                }
                SourceKind::Related(origin) => {
                    let value = self.origin(plan, origin, scope);
                    let id = Expr::col((alias.clone(), Ident::column(id_field(&source.collection))));
                    select.join_as(JoinType::LeftJoin, Ident::table(&source.collection), alias, id.eq(value));
                }
                SourceKind::Referring { origin, field, list } => {
                    let target = self.origin(plan, origin, scope);
                    let relation = Expr::col((alias.clone(), Ident::column(&source.collection.fields[*field])));
                    let on = match list {
                        false => relation.eq(target),
                        true => {
                            let each = self.alias();
                            let mut elements = Query::select();
                            elements
                                .expr(Expr::col((each.clone(), Alias::new(self.dialect.element_column()))))
                                .from_function(self.dialect.elements(relation), each);
                            target.in_subquery(elements)
                        }
                    };
                    select.join_as(JoinType::LeftJoin, Ident::table(&source.collection), alias, on);
                }
            }
        }
    }

    fn join_elements(&self, select: &mut SelectStatement, list: SimpleExpr, alias: Alias) {
        let elements = TableRef::FunctionCall(self.dialect.elements(list), alias.into());
        select.join(JoinType::LeftJoin, elements, Expr::cust("1"));
    }

    fn origin(&mut self, plan: &Plan, origin: &Origin, scope: &Scope) -> SimpleExpr {
        match origin {
            Origin::Column(source, position) => column(plan, *source, *position, scope),
            Origin::Element(source) => self.element(*source, scope),
            Origin::Bind(bind) => self.bind(bind.clone()),
        }
    }

    fn element(&self, source: SourceId, scope: &Scope) -> SimpleExpr {
        Expr::col((scope[&source].clone(), Alias::new(self.dialect.element_column())))
    }

    /// The list rule of a joined collection for the joined row, or that there is no joined row.
    fn guard(&mut self, plan: &Plan, source: SourceId, scope: &Scope) -> Option<SimpleExpr> {
        let guard = plan.sources[source].guard.as_ref()?;
        let alias = scope.get(&source)?.clone();
        let absent = Expr::col((alias.clone(), Ident::column(id_field(&plan.sources[source].collection)))).is_null();
        let rule = self.plan(guard, alias).into_iter().reduce(|a, b| a.and(b))?;
        Some(absent.or(rule))
    }

    fn condition(&mut self, plan: &Plan, condition: &Condition, scope: &Scope) -> SimpleExpr {
        match condition {
            Condition::All(parts) => self.fold(plan, parts, scope, |a, b| a.and(b)),
            Condition::Any(parts) => self.fold(plan, parts, scope, |a, b| a.or(b)),
            Condition::Compare(comparison) => {
                let direct = self.comparison(plan, comparison, scope, scope);
                let direct = self.with_visibility(plan, comparison, scope, scope, direct);
                if comparison.any || !is_multi(plan, comparison) {
                    return direct;
                }
                direct.and(self.no_violation(plan, comparison, scope))
            }
        }
    }

    fn fold(
        &mut self,
        plan: &Plan,
        parts: &[Condition],
        scope: &Scope,
        join: impl Fn(SimpleExpr, SimpleExpr) -> SimpleExpr,
    ) -> SimpleExpr {
        let parts: Vec<SimpleExpr> = parts.iter().map(|part| self.condition(plan, part, scope)).collect();
        parts.into_iter().reduce(join).unwrap_or_else(|| Expr::cust("1"))
    }

    /// No joined row, and no pair of them, for which the comparison is definitely false: the "all" of plain
    /// operators. Rows that the caller may not list don't count, so that they can't be told from absent ones.
    fn no_violation(&mut self, plan: &Plan, comparison: &Comparison, scope: &Scope) -> SimpleExpr {
        let outer = Scope::from([(ROOT, scope[&ROOT].clone())]);
        let mut select: Option<SelectStatement> = None;
        let mut sides = Vec::with_capacity(2);
        let mut guards = Vec::new();
        for operand in [&comparison.left, &comparison.right] {
            let mut used = BTreeSet::new();
            sources_of_operand(plan, operand, &mut used);
            let mut inner = outer.clone();
            if !used.is_empty() {
                match &mut select {
                    None => select = Some(self.joined(plan, &used, &mut inner)),
                    Some(select) => self.join_into(select, plan, &used, &mut inner),
                }
                for source in &used {
                    guards.extend(self.guard(plan, *source, &inner));
                }
            }
            sides.push(inner);
        }
        let Some(mut select) = select else { return Expr::cust("1") };
        select.expr(Expr::cust("1"));
        let holds = self.comparison(plan, comparison, &sides[0], &sides[1]);
        let violated = self.with_visibility(plan, comparison, &sides[0], &sides[1], holds.not());
        select.and_where(violated);
        for guard in guards {
            select.and_where(guard);
        }
        Expr::exists(select).not()
    }

    fn with_visibility(
        &mut self,
        plan: &Plan,
        comparison: &Comparison,
        left: &Scope,
        right: &Scope,
        condition: SimpleExpr,
    ) -> SimpleExpr {
        let mut condition = condition;
        for (operand, scope) in [(&comparison.left, left), (&comparison.right, right)] {
            if let Some(source) = operand.visible_on {
                condition = condition.and(self.email_visible(plan, source, scope));
            }
        }
        condition
    }

    fn email_visible(&self, plan: &Plan, source: SourceId, scope: &Scope) -> SimpleExpr {
        match plan.sources[source].collection.position("emailVisibility") {
            Some(position) => column(plan, source, position, scope).eq(Expr::cust("1")),
            None => Expr::cust("0"),
        }
    }

    fn comparison(&mut self, plan: &Plan, comparison: &Comparison, left: &Scope, right: &Scope) -> SimpleExpr {
        let (l, r) = (&comparison.left, &comparison.right);
        match comparison.op {
            Op::Eq => self.equality(plan, l, r, left, right, false),
            Op::NotEq => self.equality(plan, l, r, left, right, true),
            Op::Like | Op::NotLike => {
                let text = self.text(plan, &l.scalar, left);
                let pattern = self.text(plan, &r.scalar, right);
                let pattern = match r.scalar {
                    Scalar::Bind(_) => pattern,
                    // A column on the right is looked for as it is.
                    _ => Expr::cust_with_exprs("('%' || ? || '%')", [pattern]),
                };
                self.dialect.like(text, pattern, comparison.op == Op::NotLike)
            }
            Op::Gt => self.scalar(plan, &l.scalar, left).gt(self.scalar(plan, &r.scalar, right)),
            Op::Gte => self.scalar(plan, &l.scalar, left).gte(self.scalar(plan, &r.scalar, right)),
            Op::Lt => self.scalar(plan, &l.scalar, left).lt(self.scalar(plan, &r.scalar, right)),
            Op::Lte => self.scalar(plan, &l.scalar, left).lte(self.scalar(plan, &r.scalar, right)),
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

    /// `=` and `!=` with the meaning of NULL that [`Nulls`] describes.
    fn equality(
        &mut self,
        plan: &Plan,
        l: &Operand,
        r: &Operand,
        left: &Scope,
        right: &Scope,
        negated: bool,
    ) -> SimpleExpr {
        use Nulls::{AsEmpty, Empty, Never, Strict};
        match (l.nulls, r.nulls) {
            (Empty(_), Empty(_)) => Expr::cust(if negated { "0" } else { "1" }),
            (Empty(literal), _) => self.emptiness(plan, r, right, literal, negated),
            (_, Empty(literal)) => self.emptiness(plan, l, left, literal, negated),
            (Strict, _) | (_, Strict) => {
                let (a, b) = (self.scalar(plan, &l.scalar, left), self.scalar(plan, &r.scalar, right));
                self.dialect.is_same(a, b, negated)
            }
            // Columns of different types are never converted to each other.
            (Never, Never) if storage_of(plan, &l.scalar) != storage_of(plan, &r.scalar) && both_columns(l, r) => {
                let (a, b) = (self.scalar(plan, &l.scalar, left), self.scalar(plan, &r.scalar, right));
                let (a, b) = (a.if_null(Expr::cust("''")), b.if_null(Expr::cust("''")));
                if negated { a.ne(b) } else { a.eq(b) }
            }
            (Never, Never) => {
                let (a, b) = (self.scalar(plan, &l.scalar, left), self.scalar(plan, &r.scalar, right));
                if negated { a.ne(b) } else { a.eq(b) }
            }
            // Against a literal that isn't empty NULL needs no stand-in: it isn't equal, and "not equal" holds.
            (AsEmpty, Never) if is_constant(&r.scalar) => self.against_constant(plan, l, r, left, right, negated),
            (Never, AsEmpty) if is_constant(&l.scalar) => self.against_constant(plan, l, r, left, right, negated),
            _ => {
                let (a, b) = (self.or_empty(plan, l, left), self.or_empty(plan, r, right));
                if negated { a.ne(b) } else { a.eq(b) }
            }
        }
    }

    fn against_constant(
        &mut self,
        plan: &Plan,
        l: &Operand,
        r: &Operand,
        left: &Scope,
        right: &Scope,
        negated: bool,
    ) -> SimpleExpr {
        let (a, b) = (self.scalar(plan, &l.scalar, left), self.scalar(plan, &r.scalar, right));
        if negated { self.dialect.is_same(a, b, true) } else { a.eq(b) }
    }

    /// A comparison with `''` or `null`.
    fn emptiness(
        &mut self,
        plan: &Plan,
        operand: &Operand,
        scope: &Scope,
        literal: EmptyLiteral,
        negated: bool,
    ) -> SimpleExpr {
        let value = self.scalar(plan, &operand.scalar, scope);
        match (operand.nulls, literal) {
            (Nulls::Strict, EmptyLiteral::Null) if negated => value.is_not_null(),
            (Nulls::Strict, EmptyLiteral::Null) => value.is_null(),
            (Nulls::Strict, EmptyLiteral::Text) => self.dialect.is_same(value, Expr::cust("''"), negated),
            (Nulls::Never, _) if negated => value.ne(Expr::cust("''")),
            (Nulls::Never, _) => value.eq(Expr::cust("''")),
            (_, _) if negated => value.clone().ne(Expr::cust("''")).and(value.is_not_null()),
            (_, _) => value.clone().eq(Expr::cust("''")).or(value.is_null()),
        }
    }

    /// The value with empty text in place of NULL.
    fn or_empty(&mut self, plan: &Plan, operand: &Operand, scope: &Scope) -> SimpleExpr {
        match (&operand.scalar, operand.nulls) {
            (Scalar::Bind(bind), Nulls::AsEmpty) => self.bind(Bind::OrEmpty(Box::new(bind.clone()))),
            (scalar, Nulls::AsEmpty) => self.scalar(plan, scalar, scope).if_null(Expr::cust("''")),
            (scalar, _) => self.scalar(plan, scalar, scope),
        }
    }

    fn scalar(&mut self, plan: &Plan, scalar: &Scalar, scope: &Scope) -> SimpleExpr {
        match scalar {
            Scalar::Bind(bind) => self.bind(bind.clone()),
            Scalar::Column(source, position) => column(plan, *source, *position, scope),
            Scalar::JsonPath(source, position, segments) => {
                let path = self.bind(Bind::Const(self.dialect.json_path(segments).into()));
                let in_view = plan.sources[*source].collection.is_view();
                self.dialect.json_value(column(plan, *source, *position, scope), path, in_view)
            }
            Scalar::Element(source) => self.element(*source, scope),
            Scalar::ListLength(source, position) => self.dialect.list_length(column(plan, *source, *position, scope)),
            Scalar::SingleLength(source, position) => {
                let value = column(plan, *source, *position, scope);
                Expr::cust_with_exprs("(coalesce(?, '') <> '')", [value])
            }
            Scalar::Lower(inner) => {
                let inner = self.text(plan, inner, scope);
                sea_query::Func::lower(inner).into()
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

fn column(plan: &Plan, source: SourceId, position: usize, scope: &Scope) -> SimpleExpr {
    Expr::col((scope[&source].clone(), Ident::column(&plan.sources[source].collection.fields[position])))
}

/// How the column behind a scalar is stored, if it is one.
fn storage_of(plan: &Plan, scalar: &Scalar) -> Option<Storage> {
    match scalar {
        Scalar::Column(source, position) => Some(plan.sources[*source].collection.fields[*position].storage()),
        _ => None,
    }
}

fn both_columns(l: &Operand, r: &Operand) -> bool {
    matches!((&l.scalar, &r.scalar), (Scalar::Column(..), Scalar::Column(..)))
}

fn id_field(collection: &Collection) -> &Field {
    collection.field("id").expect("every collection has an id")
}

fn is_constant(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::Bind(Bind::Const(_) | Bind::Literal(_) | Bind::Macro(_)))
}

fn is_multi(plan: &Plan, comparison: &Comparison) -> bool {
    let mut used = BTreeSet::new();
    sources_of_operand(plan, &comparison.left, &mut used);
    sources_of_operand(plan, &comparison.right, &mut used);
    used.iter().any(|source| plan.sources[*source].multi)
}

/// Adds the joined sources that a condition uses, with those they hang on.
fn sources_of(plan: &Plan, condition: &Condition, used: &mut BTreeSet<SourceId>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| sources_of(plan, part, used)),
        Condition::Compare(comparison) => {
            sources_of_operand(plan, &comparison.left, used);
            sources_of_operand(plan, &comparison.right, used);
        }
    }
}

fn sources_of_operand(plan: &Plan, operand: &Operand, used: &mut BTreeSet<SourceId>) {
    sources_of_scalar(plan, &operand.scalar, used);
    if let Some(source) = operand.visible_on {
        add_with_parents(plan, source, used);
    }
}

fn sources_of_scalar(plan: &Plan, scalar: &Scalar, used: &mut BTreeSet<SourceId>) {
    for_each_column(scalar, &mut |source, _| add_with_parents(plan, source, used));
}

fn add_with_parents(plan: &Plan, source: SourceId, used: &mut BTreeSet<SourceId>) {
    let mut next = Some(source);
    while let Some(at) = next.filter(|at| *at != ROOT) {
        used.insert(at);
        next = plan.sources[at].kind.parent();
    }
}

/// Calls `see` with the source, and the column if there is one, of every part of `scalar` that reads rows.
fn for_each_column(scalar: &Scalar, see: &mut dyn FnMut(SourceId, Option<usize>)) {
    match scalar {
        Scalar::Bind(_) => {}
        Scalar::Column(source, position)
        | Scalar::JsonPath(source, position, _)
        | Scalar::ListLength(source, position)
        | Scalar::SingleLength(source, position) => see(*source, Some(*position)),
        Scalar::Element(source) => see(*source, None),
        Scalar::Changed { field, .. } => see(ROOT, Some(*field)),
        Scalar::Lower(inner) => for_each_column(inner, see),
        Scalar::GeoDistance(args) => args.iter().for_each(|arg| for_each_column(arg, see)),
        Scalar::Strftime(args) => args.iter().for_each(|arg| for_each_column(arg, see)),
    }
}

/// Adds the columns of the tested row that a plan reads.
fn root_columns_of_plan(plan: &Plan, used: &mut BTreeSet<usize>) {
    for source in &plan.sources {
        match &source.kind {
            SourceKind::Each(Origin::Column(ROOT, position))
            | SourceKind::Related(Origin::Column(ROOT, position))
            | SourceKind::Referring { origin: Origin::Column(ROOT, position), .. } => {
                used.insert(*position);
            }
            _ => {}
        }
    }
    plan.conditions.iter().for_each(|condition| root_columns_of(condition, used));
}

fn root_columns_of(condition: &Condition, used: &mut BTreeSet<usize>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| root_columns_of(part, used)),
        Condition::Compare(comparison) => {
            for operand in [&comparison.left, &comparison.right] {
                for_each_column(&operand.scalar, &mut |source, position| {
                    if let (ROOT, Some(position)) = (source, position) {
                        used.insert(position);
                    }
                });
            }
        }
    }
}
