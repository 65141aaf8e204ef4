//! Why a rule holds for a record, or doesn't: the rule taken apart, and each of its parts tested by itself.
//!
//! Called by the app for superusers who ask about access. Invariants: nothing is interpreted here. Each part, chains
//! included, is a rule of its own that the database tests in the same snapshot, on the same record and as the same
//! principal as it would test the whole; what is worked out here is only which parts were needed. Nothing is written.
//! Not here: who may do something (`access`).

use std::sync::Arc;

use super::create::proposed;
use super::plans::{Find, PartOn};
use super::{Cx, input, read};
use crate::base::{Error, Result, SqlValue, SqlValueRef};
use crate::domain::{Collection, FieldKind, Principal, Record, RuleKind};
use crate::query::compiled::Compiled;
use crate::rules::plan::{Condition, EmptyLiteral, Nulls, Operand, Plan, ROOT, Scalar};
use crate::rules::{self, Bind, Env, Expr, Places, Span, Submitted};
use crate::store::ReadTx;

/// Parts of `@request` that are as its sender likes.
const SENT: [&str; 3] = ["body", "query", "headers"];

/// What a rule is tested on.
#[derive(Clone, Copy, Debug)]
pub enum Tested<'a> {
    /// The stored record with this id.
    Stored(&'a str),
    /// The same, with the request's body as what is to be changed of it.
    Changed(&'a str),
    /// The record that the request's body makes.
    New,
    /// Every record.
    Every,
}

/// How the parts of a clause belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It has none: a comparison.
    None,
    /// All must hold.
    All,
    /// One must hold.
    Any,
}

/// What was found for a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Whether it holds for the record.
    Holds(bool),
    /// For how many records it holds.
    Matches(i64),
}

/// A part of a rule, or the whole of it.
#[derive(Clone, Debug)]
pub struct Clause {
    /// Its place in the rule.
    pub span: Span,
    /// How its parts belong together.
    pub join: Join,
    /// What was found.
    pub told: Told,
    /// Whether it counted for the whole: what stands behind a part that has decided doesn't.
    pub needed: bool,
    /// Whether each part holds for some related record, but no single one for all of them, so that the clause doesn't.
    pub apart: bool,
    /// The values of the two sides of a comparison, as far as they are those of the record or the request.
    pub values: [Option<SqlValue>; 2],
    /// Its parts.
    pub parts: Vec<Clause>,
}

/// What is known of a rule.
pub enum Explained {
    /// It can be tested.
    Clause(Clause),
    /// It can't: why and where.
    Unusable(String),
}

/// Tests a rule and each of its parts.
///
/// # Errors
/// Those of the store; 404 if there is no such record.
pub fn explain(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    (kind, rule): (RuleKind, &str),
    tested: Tested<'_>,
) -> Result<Explained> {
    let expr = match rules::parse(rule) {
        Ok(expr) => expr,
        Err(error) => return Ok(Explained::Unusable(error.render(rule))),
    };
    let stored = |id: &str| {
        let found = read::find(tx, cx, collection, Find::Id, SqlValue::from(id))?;
        found.ok_or_else(Error::not_found)
    };
    let (on, record, submitted) = match tested {
        Tested::Every => (PartOn::Every, None, None),
        Tested::Stored(id) => (PartOn::Stored, Some(stored(id)?), None),
        Tested::Changed(id) => {
            let old = stored(id)?;
            let submitted = input::submitted(collection, &old, cx.request, cx.principal);
            (PartOn::Stored, Some(old), Some(submitted))
        }
        Tested::New => {
            let proposed = proposed(cx, collection, None);
            (PartOn::Candidate, Some(proposed.tested), Some(proposed.submitted))
        }
    };
    let places = Places::of(rule);
    let subject = Subject { tx, cx, collection, kind, places, on, record: record.as_ref(), submitted };
    match subject.clause(&expr) {
        Ok(mut clause) => {
            if on != PartOn::Every {
                mark(&mut clause, true);
            }
            Ok(Explained::Clause(clause))
        }
        Err(Fault::Rule(error)) => Ok(Explained::Unusable(error.render(rule))),
        Err(Fault::Other(error)) => Err(error),
    }
}

enum Fault {
    Rule(rules::ParseError),
    Other(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Other(error)
    }
}

struct Subject<'a> {
    tx: &'a ReadTx<'a>,
    cx: &'a Cx<'a>,
    collection: &'a Arc<Collection>,
    kind: RuleKind,
    places: Places,
    on: PartOn,
    record: Option<&'a Record>,
    submitted: Option<Submitted<'a>>,
}

impl Subject<'_> {
    fn clause(&self, expr: &Expr) -> Result<Clause, Fault> {
        let principal = self.cx.principal;
        let part = self.cx.plans.part(self.tx.schema(), self.collection, principal, (self.kind, expr), self.on);
        let (plan, compiled) = part.map_err(Fault::Rule)?;
        let key = [SqlValue::from(self.record.map_or("", Record::id))];
        let env = Env { submitted: self.submitted.as_ref(), candidate: self.record, ..self.cx.env(self.tx, &key) };
        let told = match self.on {
            PartOn::Every | PartOn::Some => Told::Matches(count(self.tx, &compiled, &env)?),
            PartOn::Stored | PartOn::Candidate => Told::Holds(self.tx.exists(&compiled.statement(&env))?),
        };
        let (join, items) = match expr {
            Expr::Compare(_) => (Join::None, &[][..]),
            Expr::All(items) => (Join::All, items.as_slice()),
            Expr::Any(items) => (Join::Any, items.as_slice()),
        };
        let parts = items.iter().map(|item| self.clause(item)).collect::<Result<Vec<_>, _>>()?;
        let apart = join == Join::All && told == Told::Holds(false) && !parts.is_empty() && parts.iter().all(holds);
        let values = if join == Join::None { self.values(&plan, &env) } else { [None, None] };
        Ok(Clause { span: self.places.place(expr), join, told, needed: true, apart, values, parts })
    }

    /// What the two sides of a comparison are, where that can be said without asking the database.
    fn values(&self, plan: &Plan, env: &Env<'_>) -> [Option<SqlValue>; 2] {
        let [Condition::Compare(comparison)] = plan.conditions.as_slice() else { return [None, None] };
        [&comparison.left, &comparison.right].map(|side| match &side.scalar {
            Scalar::Bind(Bind::Const(_)) => None,
            Scalar::Bind(bind) => (!self.is_secret(bind)).then(|| env.value(bind)),
            Scalar::Column(ROOT, at) if !is_secret_field(self.collection, *at) => {
                self.record.map(|record| record.at(*at).to_sql())
            }
            _ => None,
        })
    }

    fn is_secret(&self, bind: &Bind) -> bool {
        match bind {
            Bind::Auth(at, _) => {
                self.cx.principal.record().is_some_and(|record| is_secret_field(record.collection(), *at))
            }
            Bind::Submitted(at) => is_secret_field(self.collection, *at),
            Bind::Body(key, _) => self.collection.position(key).is_some_and(|at| is_secret_field(self.collection, at)),
            Bind::Lower(inner) | Bind::Pattern(inner) | Bind::OrEmpty(inner) => self.is_secret(inner),
            _ => false,
        }
    }
}

/// What nobody is shown, not even superusers.
fn is_secret_field(collection: &Collection, at: usize) -> bool {
    let field = &collection.fields[at];
    matches!(field.kind, FieldKind::Password(_)) || collection.is_auth() && field.name == "tokenKey"
}

fn holds(clause: &Clause) -> bool {
    clause.told == Told::Holds(true)
}

/// Notes which parts were needed, in the order in which they stand: the first that decides is the last.
fn mark(clause: &mut Clause, needed: bool) {
    clause.needed = needed;
    let decides = clause.join == Join::Any;
    let mut open = needed;
    for part in &mut clause.parts {
        mark(part, open);
        open = open && holds(part) != decides;
    }
}

fn count(tx: &ReadTx<'_>, compiled: &Compiled, env: &Env<'_>) -> Result<i64> {
    let counted = tx.first(&compiled.statement(env), |row| match row.get(0)? {
        SqlValueRef::Integer(count) => Ok(count),
        _ => Err(Error::internal("COUNT gave no integer")),
    })?;
    counted.ok_or_else(|| Error::internal("COUNT gave no row"))
}

/// For how many records a rule holds as things are if whoever asks sends whatever it takes, counted no further than
/// `cap`; `None` if it can't be used.
///
/// # Errors
/// Those of the store.
pub fn reach(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    (kind, rule): (RuleKind, &str),
    cap: u64,
) -> Result<Option<i64>> {
    let Ok(expr) = rules::parse(rule) else { return Ok(None) };
    let Some(expr) = beyond_what_is_sent(expr) else {
        return super::count(tx, cx, &collection.id).map(|all| Some(all.min(cap as i64)));
    };
    match cx.plans.part(tx.schema(), collection, cx.principal, (kind, &expr), PartOn::Some) {
        Ok((_, compiled)) => count(tx, &compiled, &cx.env(tx, &[SqlValue::Integer(cap as i64)])).map(Some),
        Err(_) => Ok(None),
    }
}

/// What is left of a rule where all that depends on what its sender puts into the request holds; `None` if nothing is.
fn beyond_what_is_sent(expr: Expr) -> Option<Expr> {
    match expr {
        Expr::Compare(compare) => {
            let is_up_to_the_sender = is_sent(&compare.left) || is_sent(&compare.right);
            (!is_up_to_the_sender).then_some(Expr::Compare(compare))
        }
        Expr::All(items) => {
            let left: Vec<Expr> = items.into_iter().filter_map(beyond_what_is_sent).collect();
            (!left.is_empty()).then_some(Expr::All(left))
        }
        Expr::Any(items) => items.into_iter().map(beyond_what_is_sent).collect::<Option<_>>().map(Expr::Any),
    }
}

/// Whether a side of a comparison is made of the request's body, query or headers.
fn is_sent(side: &rules::Operand) -> bool {
    match side {
        rules::Operand::Path(path) => {
            matches!(path.segments.as_slice(), [root, part, ..] if root == "@request" && SENT.contains(&part.as_str()))
        }
        rules::Operand::Function(call) => call.args.iter().any(is_sent),
        rules::Operand::Text(_) | rules::Operand::Number(_) => false,
    }
}

/// What a rule says of a principal whatever the record and the request: `None` if it depends on these. Of an account
/// only counts that it is one, and of which collection, so that the answer holds for all of them. Comparisons of what
/// is known are made by the database, as always.
///
/// # Errors
/// Those of the store.
pub fn foregone(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    (kind, rule): (RuleKind, &str),
) -> Result<Option<bool>> {
    match rules::parse(rule) {
        Ok(expr) => foregone_part(tx, cx, collection, kind, &expr),
        Err(_) => Ok(None),
    }
}

fn foregone_part(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    kind: RuleKind,
    expr: &Expr,
) -> Result<Option<bool>> {
    let (items, decides) = match expr {
        Expr::Compare(_) => {
            let part = cx.plans.part(tx.schema(), collection, cx.principal, (kind, expr), PartOn::Candidate);
            let Ok((plan, compiled)) = part else { return Ok(None) };
            return match is_foregone(&plan, cx.principal) {
                true => tx.exists(&compiled.statement(&cx.env(tx, &[]))).map(Some),
                false => Ok(None),
            };
        }
        Expr::All(items) => (items, false),
        Expr::Any(items) => (items, true),
    };
    let mut all_known = true;
    for item in items {
        match foregone_part(tx, cx, collection, kind, item)? {
            Some(holds) if holds == decides => return Ok(Some(decides)),
            Some(_) => {}
            None => all_known = false,
        }
    }
    Ok(all_known.then_some(!decides))
}

/// Whether nothing in a comparison can differ from record to record, request to request or account to account.
fn is_foregone(plan: &Plan, principal: &Principal) -> bool {
    let [Condition::Compare(comparison)] = plan.conditions.as_slice() else { return false };
    let (left, right) = (&comparison.left, &comparison.right);
    let fixed = |side: &Operand| matches!(&side.scalar, Scalar::Bind(bind) if is_fixed(bind, principal));
    // Every account has an id: whether there is one is known, and which isn't.
    let is_empty = |side: &Operand| matches!(side.nulls, Nulls::Empty(EmptyLiteral::Text | EmptyLiteral::Null));
    let is_id = |side: &Operand| matches!(&side.scalar, Scalar::Bind(bind) if is_own_id(bind, principal));
    fixed(left) && fixed(right) || is_id(left) && is_empty(right) || is_empty(left) && is_id(right)
}

fn is_fixed(bind: &Bind, principal: &Principal) -> bool {
    match bind {
        Bind::Const(_) | Bind::AuthCollectionId | Bind::AuthCollectionName => true,
        Bind::Auth(..) => principal.record().is_none(),
        Bind::Length(inner) | Bind::Lower(inner) | Bind::Pattern(inner) | Bind::OrEmpty(inner) => {
            is_fixed(inner, principal)
        }
        _ => false,
    }
}

fn is_own_id(bind: &Bind, principal: &Principal) -> bool {
    match bind {
        Bind::Auth(at, path) => {
            path.is_empty() && principal.record().is_some_and(|own| own.collection().position("id") == Some(*at))
        }
        Bind::OrEmpty(inner) => is_own_id(inner, principal),
        _ => false,
    }
}
