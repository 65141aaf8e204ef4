//! Statements compiled once per shape and kept: the key holds everything that decides the text of a statement, the
//! values come from each request.
//!
//! Invariant: the schema's generation is part of every key, so a statement never outlives the schema that it was
//! compiled against.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use super::body::Layout;
use crate::base::limits::EXPAND_BACK_MAX;
use crate::base::{Error, Result};
use crate::domain::{Collection, Principal, RuleKind, Schema};
use crate::query::compiled::Compiled;
use crate::query::dialect::Dialect;
use crate::query::select::{self, Only, Parts};
use crate::rules::plan::{Bind, Plan, SortPlan, Trust};
use crate::rules::{self, Expr, Scope};

/// How many compiled statements are kept.
const KEPT_PLANS: u64 = 10_000;

/// [`Bind::Argument`] positions of the statements made here.
pub mod argument {
    /// LIMIT of a page.
    pub const LIMIT: usize = 0;
    /// OFFSET of a page.
    pub const OFFSET: usize = 1;
    /// The first value of a cursor.
    pub const CURSOR: usize = 2;
    /// The id, the JSON array of ids, or the value that a record is looked up by.
    pub const KEY: usize = 0;
}

/// The statements of a list.
pub struct ListPlan {
    /// The page of rows: the layout's columns, then the sort keys if there's a cursor.
    pub rows: Compiled,
    /// The number of all rows.
    pub count: Compiled,
    /// The same, with a cap as first argument.
    pub capped_count: Compiled,
    /// How rows become JSON.
    pub layout: Arc<Layout>,
}

/// What decides the statements of a list.
pub struct ListShape<'a> {
    /// The rule, if one applies.
    pub rule: Option<&'a str>,
    /// The filter, with its key.
    pub filter: Option<(&'a str, &'a str)>,
    /// The sort expression.
    pub sort: Option<&'a str>,
    /// How many values the cursor has; `Some(0)` is the first page of a cursor.
    pub cursor: Option<usize>,
}

impl ListShape<'_> {
    /// No rule, no filter, no order.
    pub const EVERYTHING: ListShape<'static> = ListShape { rule: None, filter: None, sort: None, cursor: None };
}

/// The cache of compiled statements.
pub struct Plans {
    dialect: Dialect,
    lists: Cache<String, Arc<ListPlan>>,
    ones: Cache<String, Arc<Compiled>>,
    layouts: Cache<String, Arc<Layout>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// Figures of this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanFigures {
    /// How often a statement was there since the program started.
    pub hits: u64,
    /// How often it had to be compiled.
    pub misses: u64,
    /// Statements that are kept; about.
    pub kept: u64,
}

impl Plans {
    /// An empty cache of statements for `dialect`.
    pub fn new(dialect: Dialect) -> Plans {
        Plans {
            dialect,
            lists: Cache::new(KEPT_PLANS),
            ones: Cache::new(KEPT_PLANS),
            layouts: Cache::new(KEPT_PLANS),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// How well it serves.
    pub fn figures(&self) -> PlanFigures {
        PlanFigures {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            kept: self.lists.entry_count() + self.ones.entry_count(),
        }
    }

    /// What is kept under a key; counted.
    fn known<T: Clone + Send + Sync + 'static>(&self, kept: &Cache<String, T>, key: &str) -> Option<T> {
        let found = kept.get(key);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// The database that statements are made for.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The statements that list `collection` for `principal`.
    ///
    /// # Errors
    /// 400 for a filter, sort expression or rule that can't be resolved.
    pub fn list(
        &self,
        schema: &Schema,
        collection: &Arc<Collection>,
        principal: &Principal,
        shape: &ListShape<'_>,
    ) -> Result<Arc<ListPlan>> {
        let mut key = key(schema, collection, principal);
        let (filter_key, sort) = (shape.filter.map_or("", |(key, _)| key), shape.sort.unwrap_or_default());
        // No filter's key has a NUL, so nothing in one part can pass for the beginning of another. The key of a filter
        // of blanks is empty, so whether there is one counts too.
        let given = (shape.rule.is_some(), shape.filter.is_some());
        let _ = write!(key, "{given:?}|{:?}|{filter_key}\0{sort}", shape.cursor);
        if let Some(plan) = self.known(&self.lists, &key) {
            return Ok(plan);
        }
        let plan = Arc::new(self.compile_list(schema, collection, principal, shape)?);
        self.lists.insert(key, plan.clone());
        Ok(plan)
    }

    fn compile_list(
        &self,
        schema: &Schema,
        collection: &Arc<Collection>,
        principal: &Principal,
        shape: &ListShape<'_>,
    ) -> Result<ListPlan> {
        let resolver = Resolving { schema, collection, principal };
        let rule = shape.rule.map(|text| resolver.rule(RuleKind::List, text)).transpose()?;
        let filter = shape.filter.map(|(_, text)| resolver.filter(text)).transpose()?;
        let sort = shape.sort.map(|text| resolver.sort(text)).transpose()?;
        let layout = self.layout(schema, collection, principal);
        let mut parts = Parts { plans: rule.iter().chain(&filter).collect(), sort: sort.as_ref(), ..Parts::default() };
        let count = select::count(self.dialect, collection, &parts, None);
        let capped_count = select::count(self.dialect, collection, &parts, Some(Bind::Argument(argument::LIMIT)));
        parts.page = Some((Bind::Argument(argument::LIMIT), Bind::Argument(argument::OFFSET)));
        if let Some(values) = shape.cursor.filter(|values| *values > 0) {
            parts.only = Some(Only::After((0..values).map(|at| Bind::Argument(argument::CURSOR + at)).collect()));
        }
        let rows = select::rows(self.dialect, collection, &layout.columns, &parts, shape.cursor.is_some());
        Ok(ListPlan { rows, count, capped_count, layout })
    }

    /// The statement that finds one record, or several by id, all columns in field order, under `rule`.
    ///
    /// # Errors
    /// 400 if the rule can't be resolved; callers that must not tell rules apart from records turn it into 404.
    pub fn find(
        &self,
        schema: &Schema,
        collection: &Arc<Collection>,
        principal: &Principal,
        by: Find,
        rule: Option<(RuleKind, &str)>,
    ) -> Result<Arc<Compiled>> {
        let mut key = key(schema, collection, principal);
        // The kind names the rule: its text can't change within a generation.
        let _ = write!(key, "{by:?}|{:?}", rule.map(|(kind, _)| kind));
        if let Some(found) = self.known(&self.ones, &key) {
            return Ok(found);
        }
        let resolver = Resolving { schema, collection, principal };
        let rule = rule.map(|(kind, text)| resolver.rule(kind, text)).transpose()?;
        let value = Bind::Argument(argument::KEY);
        let only = match by {
            Find::Id => Only::Id(value),
            Find::Ids => Only::Ids(value),
            Find::Equal(field) => Only::FieldIs(field, value),
            Find::EqualNoCase(field) => Only::FieldIsNoCase(field, value),
            Find::Has(field) | Find::FirstHas(field) => Only::FieldHas(field, value),
            Find::FirstEqual(field) => Only::FieldIs(field, value),
        };
        let all: Vec<usize> = (0..collection.fields.len()).collect();
        let mut parts = Parts { plans: rule.iter().collect(), only: Some(only), ..Parts::default() };
        if matches!(by, Find::FirstEqual(_) | Find::FirstHas(_)) {
            parts.page = Some((Bind::Const((EXPAND_BACK_MAX as i64).into()), Bind::Const(0.into())));
        }
        let found = Arc::new(select::rows(self.dialect, collection, &all, &parts, false));
        self.ones.insert(key, found.clone());
        Ok(found)
    }

    /// The statement that tests `rule` on a record that isn't stored yet.
    ///
    /// # Errors
    /// 400 if the rule can't be resolved.
    pub fn candidate(
        &self,
        schema: &Schema,
        collection: &Arc<Collection>,
        principal: &Principal,
        rule: (RuleKind, &str),
    ) -> Result<Arc<Compiled>> {
        let mut key = key(schema, collection, principal);
        let _ = write!(key, "candidate|{:?}", rule.0);
        if let Some(found) = self.known(&self.ones, &key) {
            return Ok(found);
        }
        let plan = Resolving { schema, collection, principal }.rule(rule.0, rule.1)?;
        let found = Arc::new(select::candidate(self.dialect, &plan));
        self.ones.insert(key, found.clone());
        Ok(found)
    }

    /// A rule, or a part of one, by itself, with the statement that tests it. Nothing of it is kept: whoever asks why a
    /// rule holds is no request that others follow.
    ///
    /// # Errors
    /// What can't be resolved, and where.
    pub fn part(
        &self,
        schema: &Schema,
        collection: &Arc<Collection>,
        principal: &Principal,
        (kind, expr): (RuleKind, &Expr),
        on: PartOn,
    ) -> Result<(Plan, Compiled), rules::ParseError> {
        let plan = rules::resolve(Resolving { schema, collection, principal }.scope(Trust::Rule(kind)), expr)?;
        let parts = Parts { plans: vec![&plan], ..Parts::default() };
        let compiled = match on {
            PartOn::Candidate => select::candidate(self.dialect, &plan),
            PartOn::Every => select::count(self.dialect, collection, &parts, None),
            PartOn::Some => select::count(self.dialect, collection, &parts, Some(Bind::Argument(argument::LIMIT))),
            PartOn::Stored => {
                let parts = Parts { only: Some(Only::Id(Bind::Argument(argument::KEY))), ..parts };
                select::rows(self.dialect, collection, &[], &parts, true)
            }
        };
        Ok((plan, compiled))
    }

    /// The statement that tests a filter on a record as it is in memory; `filter` is its key and its text.
    ///
    /// # Errors
    /// 400 if the filter can't be resolved.
    pub fn candidate_filter(
        &self,
        schema: &Schema,
        collection: &Arc<Collection>,
        principal: &Principal,
        filter: (&str, &str),
    ) -> Result<Arc<Compiled>> {
        let mut key = key(schema, collection, principal);
        // No key of another kind has a NUL.
        let _ = write!(key, "candidate\0{}", filter.0);
        if let Some(found) = self.known(&self.ones, &key) {
            return Ok(found);
        }
        let plan = Resolving { schema, collection, principal }.filter(filter.1)?;
        let found = Arc::new(select::candidate(self.dialect, &plan));
        self.ones.insert(key, found.clone());
        Ok(found)
    }

    /// The statement that counts the rows of each hour of the time at `position`; `filter` is its key and its text.
    ///
    /// # Errors
    /// 400 if the filter can't be resolved.
    pub fn count_by_hour(
        &self,
        schema: &Schema,
        collection: &Arc<Collection>,
        principal: &Principal,
        filter: Option<(&str, &str)>,
        position: usize,
    ) -> Result<Arc<Compiled>> {
        let mut key = key(schema, collection, principal);
        // As above; and whether there is a filter counts, because that of one of blanks is empty.
        let _ = write!(key, "hours\0{position}\0{:?}", filter.map(|(key, _)| key));
        if let Some(found) = self.known(&self.ones, &key) {
            return Ok(found);
        }
        let resolver = Resolving { schema, collection, principal };
        let filter = filter.map(|(_, text)| resolver.filter(text)).transpose()?;
        let parts = Parts { plans: filter.iter().collect(), ..Parts::default() };
        let found = Arc::new(select::count_by_hour(self.dialect, collection, &parts, position));
        self.ones.insert(key, found.clone());
        Ok(found)
    }

    /// How records of `collection` become JSON for `principal`.
    pub fn layout(&self, schema: &Schema, collection: &Arc<Collection>, principal: &Principal) -> Arc<Layout> {
        let superuser = principal.is_superuser();
        let key = format!("{}|{}|{superuser}", schema.generation(), collection.id);
        self.layouts.get_with(key, || Arc::new(Layout::new(collection, superuser)))
    }
}

/// What a part of a rule is tested on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartOn {
    /// A record that isn't stored: the statement yields a row if the part holds.
    Candidate,
    /// The stored record with the id that is argument `argument::KEY`: the same.
    Stored,
    /// All records: the statement yields for how many the part holds.
    Every,
    /// The same, no further than argument `argument::LIMIT` says.
    Some,
}

/// By what a record is looked up; the value is argument `argument::KEY`.
#[derive(Clone, Copy, Debug)]
pub enum Find {
    /// By id.
    Id,
    /// By the ids in a JSON array.
    Ids,
    /// By the value of the field at this position.
    Equal(usize),
    /// The same in any letter case.
    EqualNoCase(usize),
    /// By an element of the list at this position.
    Has(usize),
    /// As `Equal`, no more than [`EXPAND_BACK_MAX`] of them.
    FirstEqual(usize),
    /// As `Has`, no more than [`EXPAND_BACK_MAX`] of them.
    FirstHas(usize),
}

/// What all keys start with: schema, collection, and as much of the principal as resolution looks at.
fn key(schema: &Schema, collection: &Collection, principal: &Principal) -> String {
    let auth = principal.record().map_or("", |record| record.collection().id.as_str());
    let mut key = String::with_capacity(128);
    let _ = write!(key, "{}|{}|{auth}|", schema.generation(), collection.id);
    if let Principal::Scoped(_, scope) = principal {
        let _ = write!(key, "{scope:?}|");
    }
    key
}

struct Resolving<'a> {
    schema: &'a Schema,
    collection: &'a Arc<Collection>,
    principal: &'a Principal,
}

impl<'a> Resolving<'a> {
    fn scope(&self, trust: Trust) -> Scope<'a> {
        let auth = self.principal.record().map(|record| record.collection());
        let key = match self.principal {
            Principal::Scoped(_, scope) => Some(&**scope),
            _ => None,
        };
        Scope { schema: self.schema, collection: self.collection, trust, auth, key }
    }

    fn client(&self) -> Trust {
        if self.principal.is_superuser() { Trust::Superuser } else { Trust::Client }
    }

    fn rule(&self, kind: RuleKind, text: &str) -> Result<Plan> {
        let fault = |error: rules::ParseError| {
            let collection = &self.collection.name;
            tracing::warn!(%collection, rule = ?kind, "a rule can't be used: {}", error.render(text));
            Error::invalid("A rule of this collection can't be used; its owner finds the reason in the log.")
        };
        let tree = rules::parse(text).map_err(fault)?;
        rules::resolve(self.scope(Trust::Rule(kind)), &tree).map_err(fault)
    }

    fn filter(&self, text: &str) -> Result<Plan> {
        let fault = |error: rules::ParseError| Error::invalid(format!("The filter isn't valid: {}", error.message));
        let tree = rules::parse(text).map_err(fault)?;
        rules::resolve(self.scope(self.client()), &tree).map_err(fault)
    }

    fn sort(&self, text: &str) -> Result<SortPlan> {
        let fault =
            |error: rules::ParseError| Error::invalid(format!("The sort expression isn't valid: {}", error.message));
        let items = rules::parse_sort(text).map_err(fault)?;
        rules::resolve_sort(self.scope(self.client()), &items).map_err(fault)
    }
}
