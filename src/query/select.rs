//! Plans made into SELECT statements.
//!
//! Called by `records`. A plan's joins never touch the outer row set: conditions that share joined rows go together
//! into one `EXISTS (SELECT 1 … LEFT JOIN …)`, conditions without joins stay outside where indexes serve them. So a
//! row can't appear twice, nothing needs DISTINCT, and the order of rows is the table's own.
//!
//! Read in this order: here the statements and their order, in `lower` conditions and joins, in `compare` the
//! comparisons and values, in `uses` which joined rows a condition looks at.

mod compare;
mod lower;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::BTreeSet;

use sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr};

use super::compiled::Compiled;
use super::dialect::Dialect;
use super::ident::Ident;
use crate::base::SqlValue;
use crate::domain::{Collection, Storage};
use crate::rules::plan::*;
use lower::{Lower, ROW, Scope};
use uses::root_columns_of_plan;

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
    /// Records that come after a cursor: one value per sort key, then the id.
    After(Vec<Bind>),
}

/// Selects the columns at `columns`, and after them the sort keys and the id if `with_keys`.
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

/// Counts the rows of each hour of the time at `position`, the earliest hour first. Hours without rows are left out.
pub fn count_by_hour(dialect: Dialect, collection: &Collection, parts: &Parts<'_>, position: usize) -> Compiled {
    let mut lower = Lower::new(dialect);
    let mut select = lower.select_from(collection, parts);
    let hour = dialect.hour(lower.root_column(collection, position));
    select.expr(hour.clone()).expr(Expr::col(sea_query::Asterisk).count());
    select.add_group_by([hour.clone()]).order_by_expr(hour, Order::Asc);
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
    select.limit(lower.slots.number(Bind::Const(SqlValue::Integer(1))));
    Compiled::of_select(dialect, &select, &lower.slots)
}

/// A key that rows are ordered by.
struct Key {
    value: SimpleExpr,
    descending: bool,
    /// Whether it is NULL for some rows.
    nullable: bool,
}

impl Lower {
    fn root_column(&self, collection: &Collection, position: usize) -> SimpleExpr {
        Expr::col((Alias::new(ROW), Ident::column(&collection.fields[position])))
    }

    /// `FROM collection AS t WHERE …`, without columns and order.
    fn select_from(&mut self, collection: &Collection, parts: &Parts<'_>) -> SelectStatement {
        let mut select = Query::select();
        select.from_as(Ident::table(collection), Alias::new(ROW));
        if let Some(only) = &parts.only {
            for condition in self.only(collection, only, parts.sort) {
                select.and_where(condition);
            }
        }
        for plan in &parts.plans {
            for condition in self.plan(plan, Alias::new(ROW)) {
                select.and_where(condition);
            }
        }
        select
    }

    fn only(&mut self, collection: &Collection, only: &Only, sort: Option<&SortPlan>) -> Vec<SimpleExpr> {
        let id = collection.position("id").expect("every collection has an id");
        vec![match only {
            Only::Id(bind) => self.root_column(collection, id).eq(self.bind(bind.clone())),
            Only::Ids(bind) => {
                let list = self.bind(bind.clone());
                let elements = self.elements_of(list);
                self.root_column(collection, id).in_subquery(elements)
            }
            Only::FieldIs(at, bind) => self.root_column(collection, *at).eq(self.bind(bind.clone())),
            Only::FieldIsNoCase(at, bind) => {
                let value = self.bind(bind.clone());
                self.dialect.is_same_letters(self.root_column(collection, *at), value)
            }
            Only::FieldHas(at, bind) => {
                let value = self.bind(bind.clone());
                let list = self.dialect.list(self.root_column(collection, *at), collection.is_view());
                let elements = self.elements_of(list);
                value.in_subquery(elements)
            }
            Only::After(binds) => return self.after(collection, binds, sort),
        }]
    }

    /// Rows that stand behind the cursor in the order of the keys, ties by id. NULL is the smallest value.
    fn after(&mut self, collection: &Collection, binds: &[Bind], sort: Option<&SortPlan>) -> Vec<SimpleExpr> {
        let keys = self.keys(collection, sort);
        let mut conditions = Vec::new();
        if let (Some(key), Some(bind)) = (keys.first().filter(|key| !key.nullable && keys.len() > 1), binds.first()) {
            // Follows from what comes below, but in this form an index finds the place.
            let value = self.bind(bind.clone());
            conditions.push(if key.descending { key.value.clone().lte(value) } else { key.value.clone().gte(value) });
        }
        let mut later = None;
        for (key, bind) in keys.iter().zip(binds).rev() {
            let value = self.bind(bind.clone());
            let behind = behind(key, value.clone());
            later = Some(match later {
                None => behind,
                Some(later) => behind.or(self.dialect.is_same(key.value.clone(), value, false).and(later)),
            });
        }
        conditions.extend(later);
        conditions
    }

    /// The sort keys with their directions, ending with the id.
    fn keys(&mut self, collection: &Collection, sort: Option<&SortPlan>) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut descending = false;
        if let Some(sort) = sort {
            for key in &sort.keys {
                descending = key.descending;
                let (value, nullable) = match &key.by {
                    SortBy::Value(operand) => (self.sort_value(&sort.plan, operand), operand.nulls != Nulls::Never),
                    SortBy::RowId => (self.dialect.row_number(Alias::new(ROW)), false),
                    // Chance has no position: `records::cursor` lets nobody ask.
                    SortBy::Random => continue,
                };
                keys.push(Key { value, descending, nullable });
            }
        }
        // The id rather than the row number, which would tell how many records there were that the caller can't see.
        let id = self.root_column(collection, collection.position("id").unwrap_or_default());
        keys.push(Key { value: id, descending, nullable: false });
        keys
    }

    fn order(&mut self, select: &mut SelectStatement, collection: &Collection, parts: &Parts<'_>, with_keys: bool) {
        let order = |descending| if descending { Order::Desc } else { Order::Asc };
        if with_keys {
            for key in self.keys(collection, parts.sort) {
                select.expr(key.value.clone()).order_by_expr(key.value, order(key.descending));
            }
            return;
        }
        let Some(sort) = parts.sort else { return };
        for key in &sort.keys {
            let by = match &key.by {
                SortBy::Random => self.dialect.random(),
                SortBy::RowId => self.dialect.row_number(Alias::new(ROW)),
                SortBy::Value(operand) => self.sort_value(&sort.plan, operand),
            };
            select.order_by_expr(by, order(key.descending));
        }
    }

    /// The value of a sort key: of the row itself, or by a sub-select of any one joined row. What the caller may not
    /// see (an e-mail) sorts as empty, so that the order doesn't tell it.
    fn sort_value(&mut self, plan: &Plan, operand: &Operand) -> SimpleExpr {
        let scope = Scope::from([(ROOT, Alias::new(ROW))]);
        let mut used = BTreeSet::new();
        uses::sources_of_operand(plan, operand, &mut used);
        if used.is_empty() {
            return self.visible_scalar(plan, operand, &scope);
        }
        let mut inner = scope;
        let mut select = self.joined(plan, &used, &mut inner);
        let value = self.visible_scalar(plan, operand, &inner);
        select.expr(value);
        select.limit(self.slots.number(Bind::Const(SqlValue::Integer(1))));
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
}

/// Whether a row's key stands behind `value`.
fn behind(key: &Key, value: SimpleExpr) -> SimpleExpr {
    let of_row = key.value.clone();
    match (key.descending, key.nullable) {
        (true, false) => of_row.lt(value),
        (false, false) => of_row.gt(value),
        (true, true) => {
            let null = of_row.clone().is_null().and(value.clone().is_not_null());
            of_row.lt(value).or(null)
        }
        (false, true) => {
            let null = of_row.clone().is_not_null().and(value.clone().is_null());
            of_row.gt(value).or(null)
        }
    }
}
