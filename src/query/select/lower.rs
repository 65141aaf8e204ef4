//! Conditions and the joins that they look through.

use std::collections::{BTreeSet, HashMap};

use sea_query::{Alias, Expr, ExprTrait, JoinType, Query, SelectStatement, SimpleExpr, TableRef};

use super::uses::{is_multi, sources_of, sources_of_operand};
use crate::domain::{Collection, Field};
use crate::query::Ident;
use crate::query::compiled::Slots;
use crate::query::dialect::Dialect;
use crate::rules::plan::*;

/// The alias of the tested row.
pub(super) const ROW: &str = "t";

/// Aliases of the sources that are in reach.
pub(super) type Scope = HashMap<SourceId, Alias>;

/// Lowers plans to expressions of the statement builder.
pub(super) struct Lower {
    pub(super) dialect: Dialect,
    pub(super) slots: Slots,
    aliases: usize,
}

impl Lower {
    pub(super) fn new(dialect: Dialect) -> Self {
        Lower { dialect, slots: Slots::default(), aliases: 0 }
    }

    pub(super) fn bind(&mut self, bind: Bind) -> SimpleExpr {
        Expr::val(self.slots.number(bind))
    }

    fn alias(&mut self) -> Alias {
        self.aliases += 1;
        Alias::new(format!("j{}", self.aliases))
    }

    /// All conditions of a plan for the row under `root`, ready to be AND-ed.
    pub(super) fn plan(&mut self, plan: &Plan, root: Alias) -> Vec<SimpleExpr> {
        let scope = Scope::from([(ROOT, root)]);
        let conditions: Vec<&Condition> = plan.conditions.iter().collect();
        self.conjunction(plan, &conditions, &scope)
    }

    /// Conditions that share a joined source belong together: they speak of the same joined row. All others stand for
    /// themselves.
    fn conjunction(&mut self, plan: &Plan, conditions: &[&Condition], scope: &Scope) -> Vec<SimpleExpr> {
        let (plain, groups) = grouped(plan, conditions);
        let mut lowered: Vec<_> = plain.into_iter().map(|condition| self.condition(plan, condition, scope)).collect();
        for group in groups {
            lowered.push(match group.conditions.as_slice() {
                [Condition::Any(parts)] => self.disjunction(plan, parts, scope),
                _ => self.exists(plan, &group, scope, |a, b| a.and(b)),
            });
        }
        lowered
    }

    /// "Some joined row satisfies a or b" is "some satisfies a, or some satisfies b": each needs only the joins of its
    /// own, and what needs none is decided without looking further.
    fn disjunction(&mut self, plan: &Plan, parts: &[Condition], scope: &Scope) -> SimpleExpr {
        let parts: Vec<&Condition> = parts.iter().collect();
        let (plain, groups) = grouped(plan, &parts);
        let mut lowered: Vec<_> = plain.into_iter().map(|condition| self.condition(plan, condition, scope)).collect();
        for group in groups {
            lowered.push(match group.conditions.as_slice() {
                [Condition::All(parts)] => {
                    let parts: Vec<&Condition> = parts.iter().collect();
                    all(self.conjunction(plan, &parts, scope))
                }
                _ => self.exists(plan, &group, scope, |a, b| a.or(b)),
            });
        }
        lowered.into_iter().reduce(|a, b| a.or(b)).unwrap_or_else(|| Expr::cust("1"))
    }

    /// Whether some joined row satisfies the conditions of `group`, joined by `join`.
    fn exists(
        &mut self,
        plan: &Plan,
        group: &Group<'_>,
        scope: &Scope,
        join: impl Fn(SimpleExpr, SimpleExpr) -> SimpleExpr,
    ) -> SimpleExpr {
        let mut inner = scope.clone();
        let mut select = self.joined(plan, &group.sources, &mut inner);
        select.expr(Expr::cust("1"));
        let conditions: Vec<_> = group.conditions.iter().map(|part| self.condition(plan, part, &inner)).collect();
        if let Some(condition) = conditions.into_iter().reduce(join) {
            select.and_where(condition);
        }
        Expr::exists(select)
    }

    /// `FROM (one row) LEFT JOIN …` over the sources in `used`; their aliases are added to `scope`.
    pub(super) fn joined(&mut self, plan: &Plan, used: &BTreeSet<SourceId>, scope: &mut Scope) -> SelectStatement {
        let mut select = Query::select();
        let mut one = Query::select();
        one.expr(Expr::cust("1"));
        self.aliases += 1;
        select.from_subquery(one, Alias::new(format!("one{}", self.aliases)));
        self.join_into(&mut select, plan, used, scope);
        select
    }

    fn join_into(&mut self, select: &mut SelectStatement, plan: &Plan, used: &BTreeSet<SourceId>, scope: &mut Scope) {
        for id in used {
            let source = &plan.sources[*id];
            let alias = self.alias();
            scope.insert(*id, alias.clone());
            let on = match &source.kind {
                SourceKind::Root => continue,
                SourceKind::Every => Expr::cust("1"),
                SourceKind::Each(origin) => {
                    let list = self.list(plan, origin, scope);
                    let elements = TableRef::FunctionCall(self.dialect.elements(list), alias.into());
                    select.join(JoinType::LeftJoin, elements, Expr::cust("1"));
                    continue;
                }
                SourceKind::Related(origin) => {
                    let value = self.origin(plan, origin, scope);
                    Expr::col((alias.clone(), Ident::column(id_field(&source.collection)))).eq(value)
                }
                SourceKind::Referring { origin, field, list } => {
                    let target = self.origin(plan, origin, scope);
                    let relation = Expr::col((alias.clone(), Ident::column(&source.collection.fields[*field])));
                    match list {
                        false => relation.eq(target),
                        true => {
                            let elements = self.dialect.list(relation, source.collection.is_view());
                            target.in_subquery(self.elements_of(elements))
                        }
                    }
                }
            };
            let on = self.guarded(plan, *id, alias.clone(), on);
            select.join_as(JoinType::LeftJoin, Ident::table(&source.collection), alias, on);
        }
    }

    /// A join condition that passes over rows which the caller can't list, so that they can't be told from rows that
    /// don't exist.
    fn guarded(&mut self, plan: &Plan, source: SourceId, alias: Alias, on: SimpleExpr) -> SimpleExpr {
        match &plan.sources[source].guard {
            None => on,
            Some(rule) => self.plan(rule, alias).into_iter().fold(on, |on, condition| on.and(condition)),
        }
    }

    /// `SELECT value FROM (the elements of a JSON array)`.
    pub(super) fn elements_of(&mut self, list: SimpleExpr) -> SelectStatement {
        let alias = self.alias();
        let mut elements = Query::select();
        elements
            .expr(Expr::col((alias.clone(), Alias::new(self.dialect.element_column()))))
            .from_function(self.dialect.elements(list), alias);
        elements
    }

    fn origin(&mut self, plan: &Plan, origin: &Origin, scope: &Scope) -> SimpleExpr {
        match origin {
            Origin::Column(source, position) => column(plan, *source, *position, scope),
            Origin::Element(source) => self.element(*source, scope),
            Origin::Bind(bind) => self.bind(bind.clone()),
        }
    }

    fn list(&mut self, plan: &Plan, origin: &Origin, scope: &Scope) -> SimpleExpr {
        let list = self.origin(plan, origin, scope);
        match origin {
            Origin::Column(source, _) => self.dialect.list(list, plan.sources[*source].collection.is_view()),
            _ => list,
        }
    }

    pub(super) fn element(&self, source: SourceId, scope: &Scope) -> SimpleExpr {
        Expr::col((scope[&source].clone(), Alias::new(self.dialect.element_column())))
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
    /// operators. Values that the caller may not see don't count.
    fn no_violation(&mut self, plan: &Plan, comparison: &Comparison, scope: &Scope) -> SimpleExpr {
        let outer = Scope::from([(ROOT, scope[&ROOT].clone())]);
        let mut select: Option<SelectStatement> = None;
        let mut sides = Vec::with_capacity(2);
        for operand in [&comparison.left, &comparison.right] {
            let mut used = BTreeSet::new();
            sources_of_operand(plan, operand, &mut used);
            let mut inner = outer.clone();
            if !used.is_empty() {
                match &mut select {
                    None => select = Some(self.joined(plan, &used, &mut inner)),
                    Some(select) => self.join_into(select, plan, &used, &mut inner),
                }
            }
            sides.push(inner);
        }
        let Some(mut select) = select else { return Expr::cust("1") };
        select.expr(Expr::cust("1"));
        let holds = self.comparison(plan, comparison, &sides[0], &sides[1]);
        let violated = self.with_visibility(plan, comparison, &sides[0], &sides[1], holds.not());
        select.and_where(violated);
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

    pub(super) fn email_visible(&self, plan: &Plan, source: SourceId, scope: &Scope) -> SimpleExpr {
        match plan.sources[source].collection.position("emailVisibility") {
            Some(position) => column(plan, source, position, scope).eq(Expr::cust("1")),
            None => Expr::cust("0"),
        }
    }
}

/// Conditions that look at the same joined rows.
struct Group<'p> {
    sources: BTreeSet<SourceId>,
    conditions: Vec<&'p Condition>,
}

/// Parts the conditions into those without joins and groups of which no two share a joined source.
fn grouped<'p>(plan: &Plan, conditions: &[&'p Condition]) -> (Vec<&'p Condition>, Vec<Group<'p>>) {
    let mut plain = Vec::new();
    let mut groups: Vec<Group<'p>> = Vec::new();
    for condition in conditions {
        let mut sources = BTreeSet::new();
        sources_of(plan, condition, &mut sources);
        if sources.is_empty() {
            plain.push(*condition);
            continue;
        }
        let (sharing, apart) = groups.into_iter().partition(|group| !group.sources.is_disjoint(&sources));
        groups = apart;
        let sharing: Vec<Group<'p>> = sharing;
        let mut merged = Group { sources, conditions: Vec::new() };
        for mut group in sharing {
            merged.sources.append(&mut group.sources);
            merged.conditions.append(&mut group.conditions);
        }
        merged.conditions.push(condition);
        groups.push(merged);
    }
    (plain, groups)
}

fn all(conditions: Vec<SimpleExpr>) -> SimpleExpr {
    conditions.into_iter().reduce(|a, b| a.and(b)).unwrap_or_else(|| Expr::cust("1"))
}

pub(super) fn column(plan: &Plan, source: SourceId, position: usize, scope: &Scope) -> SimpleExpr {
    Expr::col((scope[&source].clone(), Ident::column(&plan.sources[source].collection.fields[position])))
}

fn id_field(collection: &Collection) -> &Field {
    collection.field("id").expect("every collection has an id")
}
