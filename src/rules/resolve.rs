//! Tree and schema made into a [`Plan`]: every name is looked up, every join found, every permission to mention
//! something checked.
//!
//! Called by `records` and by whoever saves a rule. Invariant: a plan for [`Trust::Client`] mentions no hidden field,
//! no collection that the client can't list or that an API key's scope leaves out, and carries the list rule of every
//! collection that it joins as a guard.
//! Resolution is an allow-list over the schema: a name that isn't found there is an error, whatever it looks like.

mod request;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::macros;
use super::plan::*;
use super::token::ParseError;
use super::tree::{Call, Compare, Expr, Literal, Op, Operand as Term, Path};
use super::{SortItem, parse};
use crate::base::SqlValue;
use crate::base::limits::FILTER_MAX_HOPS;
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Collection, Field, FieldKind, KeyScope, RuleKind, Schema, Verb};

/// What surrounds an expression.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// All collections.
    pub schema: &'a Schema,
    /// The collection whose rows are tested.
    pub collection: &'a Arc<Collection>,
    /// What the expression is for.
    pub trust: Trust,
    /// The collection of whoever asks; `None` is a guest.
    pub auth: Option<&'a Arc<Collection>>,
    /// What the API key may do by which they ask, if it may not do everything that its owner may.
    pub key: Option<&'a KeyScope>,
}

/// Resolves a filter or rule.
///
/// # Errors
/// The first name, modifier or function that doesn't exist or may not be used here, with its place.
pub fn resolve(scope: Scope<'_>, expr: &Expr) -> Result<Plan, ParseError> {
    let mut resolver = Resolver::new(scope);
    let condition = resolver.condition(expr)?;
    let conditions = match condition {
        Condition::All(conditions) => conditions,
        other => vec![other],
    };
    Ok(Plan { sources: resolver.sources, conditions })
}

/// Resolves a sort expression.
///
/// # Errors
/// As [`resolve`]; also for whatever isn't a field, `@random` or `@rowid`.
pub fn resolve_sort(scope: Scope<'_>, items: &[SortItem]) -> Result<SortPlan, ParseError> {
    let mut resolver = Resolver::new(scope);
    let mut keys = Vec::with_capacity(items.len());
    for item in items {
        keys.push(SortKey { by: resolver.sort_by(&item.path)?, descending: item.descending });
    }
    Ok(SortPlan { plan: Plan { sources: resolver.sources, conditions: Vec::new() }, keys })
}

/// Whether `text` is a valid rule of `collection`: syntax, and every name in it.
///
/// # Errors
/// What is wrong and where.
pub fn check_rule(schema: &Schema, collection: &Collection, text: &str) -> Result<(), ParseError> {
    let collection = Arc::new(collection.clone());
    let scope = Scope { schema, collection: &collection, trust: Trust::Rule(RuleKind::List), auth: None, key: None };
    resolve(scope, &parse(text)?).map(|_| ())
}

struct Resolver<'a> {
    scope: Scope<'a>,
    sources: Vec<Source>,
    /// Sources by the path that leads to them, so that equal prefixes share one.
    by_path: HashMap<String, SourceId>,
}

/// A field path on its way from a source to its last segment.
struct Walk<'p> {
    source: SourceId,
    segments: &'p [String],
    modifier: Option<&'p str>,
    hops: usize,
    span: Range<usize>,
    /// The text of the path so far, which names shared sources.
    prefix: String,
}

impl<'a> Resolver<'a> {
    fn new(scope: Scope<'a>) -> Self {
        let root = Source { kind: SourceKind::Root, collection: scope.collection.clone(), multi: false, guard: None };
        Resolver { scope, sources: vec![root], by_path: HashMap::new() }
    }

    fn condition(&mut self, expr: &Expr) -> Result<Condition, ParseError> {
        Ok(match expr {
            Expr::All(parts) => Condition::All(self.conditions(parts)?),
            Expr::Any(parts) => Condition::Any(self.conditions(parts)?),
            Expr::Compare(compare) => Condition::Compare(Box::new(self.comparison(compare)?)),
        })
    }

    fn conditions(&mut self, parts: &[Expr]) -> Result<Vec<Condition>, ParseError> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    fn comparison(&mut self, compare: &Compare) -> Result<Comparison, ParseError> {
        let left = self.operand(&compare.left)?;
        let mut right = self.operand(&compare.right)?;
        if matches!(compare.op, Op::Like | Op::NotLike)
            && let Scalar::Bind(bind) = right.scalar
        {
            right.scalar = Scalar::Bind(Bind::Pattern(Box::new(bind)));
        }
        // A distance isn't a value of one path, so "all" has no meaning for it.
        let distance = |operand: &Operand| matches!(operand.scalar, Scalar::GeoDistance(_));
        let any = compare.any || distance(&left) || distance(&right);
        Ok(Comparison { op: compare.op, any, left, right })
    }

    fn operand(&mut self, term: &Term) -> Result<Operand, ParseError> {
        match term {
            Term::Text(literal) => Ok(self.text_literal(literal)),
            Term::Number(literal) => Ok(self.literal(literal.slot, SqlValue::Real(literal.value), Nulls::Never)),
            Term::Path(path) => self.path(path),
            Term::Function(call) => self.function(call),
        }
    }

    fn text_literal(&self, literal: &Literal<String>) -> Operand {
        let nulls = if literal.value.is_empty() { Nulls::Empty(EmptyLiteral::Text) } else { Nulls::Never };
        self.literal(literal.slot, SqlValue::Text(literal.value.clone()), nulls)
    }

    /// Rules keep their literals; a client's filter leaves slots, so that its plan fits every filter of its shape.
    fn literal(&self, slot: usize, value: SqlValue, nulls: Nulls) -> Operand {
        let bind = match self.scope.trust {
            Trust::Rule(_) => Bind::Const(value),
            Trust::Client | Trust::Superuser => Bind::Literal(slot),
        };
        Operand { scalar: Scalar::Bind(bind), nulls, visible_on: None }
    }

    fn path(&mut self, path: &Path) -> Result<Operand, ParseError> {
        let first = path.segments.first().map_or("", String::as_str);
        if let Some(name) = first.strip_prefix('@') {
            return match name {
                "request" => self.request_path(path),
                "collection" => self.every_path(path),
                _ => macro_operand(path),
            };
        }
        if path.segments.len() == 1 && path.modifier.is_none() && self.scope.collection.position(first).is_none() {
            let constant =
                |value, nulls| Ok(Operand { scalar: Scalar::Bind(Bind::Const(value)), nulls, visible_on: None });
            match first.to_ascii_lowercase().as_str() {
                "null" => return constant(SqlValue::Null, Nulls::Empty(EmptyLiteral::Null)),
                "true" => return constant(SqlValue::Integer(1), Nulls::Never),
                "false" => return constant(SqlValue::Integer(0), Nulls::Never),
                _ => {}
            }
        }
        self.walk(Walk {
            source: ROOT,
            segments: &path.segments,
            modifier: path.modifier.as_deref(),
            hops: 0,
            span: path.span.clone(),
            prefix: String::new(),
        })
    }

    /// `@collection.name[:alias].path`: rows of another collection, joined by nothing.
    fn every_path(&mut self, path: &Path) -> Result<Operand, ParseError> {
        let fault = |message: &str| Err(error(message, &path.span));
        if self.scope.trust == Trust::Client {
            return fault("`@collection` isn't available here");
        }
        let [_, name, rest @ ..] = path.segments.as_slice() else {
            return fault("`@collection` needs the name of a collection");
        };
        let bare = name.split(':').next().unwrap_or(name);
        let Some(collection) = self.find_collection(bare) else {
            return fault("there is no collection of this name");
        };
        if rest.is_empty() {
            return fault("`@collection` needs a field");
        }
        let prefix = format!("@collection.{}", name.to_lowercase());
        let source = self.source(&prefix, SourceKind::Every, collection, true, &path.span)?;
        let modifier = path.modifier.as_deref();
        self.walk(Walk { source, segments: rest, modifier, hops: 0, span: path.span.clone(), prefix })
    }

    /// Follows the segments of a path to its last one.
    fn walk(&mut self, mut walk: Walk<'_>) -> Result<Operand, ParseError> {
        loop {
            let [segment, rest @ ..] = walk.segments else {
                return Err(error("a path needs a field", &walk.span));
            };
            let collection = self.sources[walk.source].collection.clone();
            let Some(position) = collection.position(segment) else {
                walk = self.hop_back(walk, &collection, segment, rest)?;
                continue;
            };
            let field = &collection.fields[position];
            if !self.may_mention(field) {
                return Err(no_field(segment, &walk.span));
            }
            match &field.kind {
                _ if rest.is_empty() => return self.column(&walk, position),
                FieldKind::Relation(_) if rest == ["id"] && !field.is_multiple() && walk.modifier.is_none() => {
                    return self.column(&walk, position);
                }
                FieldKind::Relation(relation) => {
                    let Some(target) = self.find_by_id(&relation.collection_id) else {
                        return Err(error(&format!("the collection behind `{segment}` is gone"), &walk.span));
                    };
                    let column = Origin::Column(walk.source, position);
                    let prefix = format!("{}.{segment}", walk.prefix);
                    let origin = match field.is_multiple() {
                        true => Origin::Element(self.each(&prefix, column, &collection, &walk.span)?),
                        false => column,
                    };
                    let multi = field.is_multiple();
                    walk = self.hop(walk, segment, rest, SourceKind::Related(origin), target, multi)?;
                }
                FieldKind::Json(_) | FieldKind::GeoPoint(_) => {
                    let scalar = Scalar::JsonPath(walk.source, position, rest.to_vec());
                    return self.modified(&walk, scalar, Nulls::Strict);
                }
                _ => return Err(error(&format!("`{segment}` has no parts"), &walk.span)),
            }
        }
    }

    /// A back-relation `collection_via_field` as the next hop.
    fn hop_back<'p>(
        &mut self,
        walk: Walk<'p>,
        collection: &Arc<Collection>,
        segment: &str,
        rest: &'p [String],
    ) -> Result<Walk<'p>, ParseError> {
        let unknown = || no_field(segment, &walk.span);
        let (name, via) = segment.split_once("_via_").ok_or_else(unknown)?;
        let referring = self.find_collection(name).ok_or_else(unknown)?;
        let field = referring.position(via).ok_or_else(unknown)?;
        let points_here = referring.fields[field].as_relation().is_some_and(|r| r.collection_id == collection.id);
        if !points_here || !self.may_mention(&referring.fields[field]) || rest.is_empty() {
            return Err(unknown());
        }
        let list = referring.fields[field].is_multiple();
        let multi = list || !referring.has_unique_index_on(via);
        let origin = Origin::Column(walk.source, collection.position("id").unwrap_or_default());
        self.hop(walk, segment, rest, SourceKind::Referring { origin, field, list }, referring, multi)
    }

    fn hop<'p>(
        &mut self,
        walk: Walk<'p>,
        segment: &str,
        rest: &'p [String],
        kind: SourceKind,
        target: Arc<Collection>,
        multi: bool,
    ) -> Result<Walk<'p>, ParseError> {
        if walk.hops == FILTER_MAX_HOPS {
            return Err(error(&format!("a path may pass at most {FILTER_MAX_HOPS} relations"), &walk.span));
        }
        let prefix = format!("{}.{segment}", walk.prefix);
        let multi = multi || self.sources[walk.source].multi;
        // For a client a collection that can't be searched is as good as none.
        let source = match self.source(&prefix, kind, target, multi, &walk.span) {
            Err(_) if self.scope.trust == Trust::Client => return Err(no_field(segment, &walk.span)),
            other => other?,
        };
        Ok(Walk { source, segments: rest, hops: walk.hops + 1, prefix, ..walk })
    }

    /// Whether the field may be named: clients may only name what they could see.
    fn may_mention(&self, field: &Field) -> bool {
        self.scope.trust != Trust::Client || !(field.hidden || matches!(field.kind, FieldKind::Password(_)))
    }

    /// The source behind `prefix`, made if this is its first mention.
    fn source(
        &mut self,
        prefix: &str,
        kind: SourceKind,
        collection: Arc<Collection>,
        multi: bool,
        span: &Range<usize>,
    ) -> Result<SourceId, ParseError> {
        if let Some(id) = self.by_path.get(prefix) {
            return Ok(*id);
        }
        let guard = match self.scope.trust {
            Trust::Client if !matches!(kind, SourceKind::Each(_)) => self.guard(&collection, span)?,
            _ => None,
        };
        self.sources.push(Source { kind, collection, multi, guard });
        let id = self.sources.len() - 1;
        self.by_path.insert(prefix.to_owned(), id);
        Ok(id)
    }

    /// The elements of the list behind `prefix`. A path through a multiple relation hangs on them too, so that
    /// `tags:each` and `tags.name` speak of the same element.
    fn each(
        &mut self,
        prefix: &str,
        list: Origin,
        collection: &Arc<Collection>,
        span: &Range<usize>,
    ) -> Result<SourceId, ParseError> {
        self.source(&format!("{prefix}:each"), SourceKind::Each(list), collection.clone(), true, span)
    }

    /// The list rule that rows of `collection` must satisfy before a client's filter may look at them.
    fn guard(&self, collection: &Arc<Collection>, span: &Range<usize>) -> Result<Option<Arc<Plan>>, ParseError> {
        if let Some(key) = self.scope.key {
            if !key.allows(collection, Verb::List) {
                return Err(error("the API key's scope doesn't include this collection", span));
            }
            if self.scope.auth.is_some_and(|auth| auth.id == SUPERUSERS_ID) {
                return Ok(None);
            }
        }
        match collection.rules.list.as_deref() {
            None => Err(error("this collection can't be searched", span)),
            Some("") => Ok(None),
            Some(rule) => {
                let scope = Scope { collection, trust: Trust::Rule(RuleKind::List), ..self.scope };
                resolve(scope, &parse(rule)?).map(|plan| Some(Arc::new(plan)))
            }
        }
    }

    /// The last segment of a path: a column, possibly with a modifier.
    fn column(&mut self, walk: &Walk<'_>, position: usize) -> Result<Operand, ParseError> {
        let source = &self.sources[walk.source];
        let collection = source.collection.clone();
        let field = &collection.fields[position];
        let nulls = match &field.kind {
            FieldKind::Json(_) => Nulls::Strict,
            _ if field.nullable => Nulls::Strict,
            // A stored column is never NULL; a view's may be, and so may a joined row's.
            _ if walk.source == ROOT && !collection.is_view() => Nulls::Never,
            _ => Nulls::AsEmpty,
        };
        let listed = matches!(field.kind, FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_));
        match (walk.modifier, listed) {
            (Some("length"), true) if field.is_multiple() => {
                self.modified(walk, Scalar::ListLength(walk.source, position), Nulls::Never)
            }
            (Some("length"), true) => self.modified(walk, Scalar::SingleLength(walk.source, position), Nulls::Never),
            (Some("each"), true) if field.is_multiple() => {
                let prefix = format!("{}.{}", walk.prefix, field.name);
                let each = self.each(&prefix, Origin::Column(walk.source, position), &collection, &walk.span)?;
                self.modified(walk, Scalar::Element(each), Nulls::AsEmpty)
            }
            (Some("each"), true) => self.modified(walk, Scalar::OnlyElement(walk.source, position), nulls),
            _ => {
                let scalar = match &field.kind {
                    FieldKind::Json(_) => Scalar::JsonPath(walk.source, position, Vec::new()),
                    _ => Scalar::Column(walk.source, position),
                };
                let mut operand = self.modified(walk, scalar, nulls)?;
                if self.scope.trust == Trust::Client && collection.is_auth() && field.name == "email" {
                    operand.visible_on = Some(walk.source);
                }
                Ok(operand)
            }
        }
    }

    /// Applies what is left of the modifier: `:lower` wraps, known ones that don't apply are ignored.
    fn modified(&self, walk: &Walk<'_>, scalar: Scalar, nulls: Nulls) -> Result<Operand, ParseError> {
        let scalar = match walk.modifier {
            Some("lower") => Scalar::Lower(Box::new(scalar)),
            None | Some("length" | "each") => scalar,
            Some(_) => return Err(error("there is no such modifier here", &walk.span)),
        };
        Ok(Operand { scalar, nulls, visible_on: None })
    }

    fn function(&mut self, call: &Call) -> Result<Operand, ParseError> {
        match call.name.as_str() {
            "geoDistance" => self.geo_distance(call),
            "strftime" => self.strftime(call),
            _ => Err(error("there is no such function", &call.span)),
        }
    }

    fn geo_distance(&mut self, call: &Call) -> Result<Operand, ParseError> {
        let numeric = |term: &Term| matches!(term, Term::Path(_) | Term::Number(_));
        let [lon_a, lat_a, lon_b, lat_b] = call.args.as_slice() else {
            return Err(error("geoDistance takes four arguments: lonA, latA, lonB, latB", &call.span));
        };
        if !call.args.iter().all(numeric) {
            return Err(error("geoDistance takes fields and numbers", &call.span));
        }
        let mut scalar = |term| match self.operand(term)? {
            Operand { visible_on: None, scalar, .. } => Ok(scalar),
            _ => Err(error("an e-mail address isn't a place", &call.span)),
        };
        let args = [scalar(lon_a)?, scalar(lat_a)?, scalar(lon_b)?, scalar(lat_b)?];
        Ok(Operand { scalar: Scalar::GeoDistance(Box::new(args)), nulls: Nulls::Strict, visible_on: None })
    }

    fn strftime(&mut self, call: &Call) -> Result<Operand, ParseError> {
        let well_formed = match call.args.as_slice() {
            [Term::Text(_)] => true,
            [Term::Text(_), Term::Text(_) | Term::Number(_) | Term::Path(_), rest @ ..] => {
                rest.len() <= 8 && rest.iter().all(|term| matches!(term, Term::Text(_)))
            }
            _ => false,
        };
        if !well_formed {
            return Err(error("strftime takes a format, a time and modifiers", &call.span));
        }
        let mut args = Vec::with_capacity(call.args.len());
        let mut visible_on = None;
        for term in &call.args {
            let operand = self.operand(term)?;
            visible_on = visible_on.or(operand.visible_on);
            args.push(operand.scalar);
        }
        Ok(Operand { scalar: Scalar::Strftime(args), nulls: Nulls::AsEmpty, visible_on })
    }

    fn sort_by(&mut self, path: &Path) -> Result<SortBy, ParseError> {
        match path.segments.first().map_or("", String::as_str) {
            "@random" if path.segments.len() == 1 && path.modifier.is_none() => Ok(SortBy::Random),
            "@rowid" if path.segments.len() == 1 && path.modifier.is_none() && !self.scope.collection.is_view() => {
                Ok(SortBy::RowId)
            }
            _ => {
                let operand = self.path(path)?;
                match operand.scalar {
                    Scalar::Bind(_) => Err(error("only fields can be sorted by", &path.span)),
                    _ => Ok(SortBy::Value(operand)),
                }
            }
        }
    }

    fn find_by_id(&self, id: &str) -> Option<Arc<Collection>> {
        if self.scope.collection.id == id {
            return Some(self.scope.collection.clone());
        }
        self.scope.schema.by_id(id).cloned()
    }

    fn find_collection(&self, id_or_name: &str) -> Option<Arc<Collection>> {
        let own = self.scope.collection;
        if own.id == id_or_name || own.name.eq_ignore_ascii_case(id_or_name) {
            return Some(own.clone());
        }
        self.scope.schema.find(id_or_name).cloned()
    }
}

fn macro_operand(path: &Path) -> Result<Operand, ParseError> {
    let name = path.segments.join(".");
    match path.plain_name().and_then(macros::lookup) {
        Some(found) => Ok(Operand { scalar: Scalar::Bind(Bind::Macro(found)), nulls: Nulls::Never, visible_on: None }),
        _ => Err(error(&format!("there is no `{name}`"), &path.span)),
    }
}

fn no_field(name: &str, span: &Range<usize>) -> ParseError {
    error(&format!("there is no field `{name}`"), span)
}

fn error(message: &str, span: &Range<usize>) -> ParseError {
    ParseError { message: message.to_owned(), span: span.clone() }
}
