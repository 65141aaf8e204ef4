//! Changes of records as others hear of them: announced by whoever writes, and shown to those who listen.
//!
//! Every function of this service that writes a row calls [`announce`]; those who deliver realtime messages make a
//! [`Showing`] per change and ask it once per listener. Invariants: the rule is tested on the very values that are
//! shown, as a candidate row, never on what is stored by then, so that no version of a record is shown because another
//! one satisfies the rule; a filter obeys what filters of lists obey; whatever can't be evaluated shows nothing.
//! Not here: who listens, and when the snapshot is taken in which this runs (`realtime`, `app`).

use std::collections::HashMap;
use std::sync::Arc;

use super::body::EmailAccess;
use super::expand::{self, ExpandTree};
use super::list::check_client_text;
use super::plans::Find;
use super::{Cx, access, read};
use crate::base::json::write_str;
use crate::base::pick::{Fields, Shape};
use crate::base::{Error, ErrorKind, Result, SqlValue};
use crate::domain::principal::CREDENTIAL_COLLECTIONS;
use crate::domain::{Action, Event, Record, RuleKind};
use crate::query::compiled::Compiled;
use crate::query::{Ident, mutate};
use crate::rules;
use crate::store::{ReadTx, WriteTx};

/// Announces a change if somebody wants to hear of it.
pub(super) fn announce(tx: &mut WriteTx<'_>, action: Action, record: &Record) {
    if tx.wants_records() {
        tx.announce(Event::RecordChanged { action, record: Arc::new(record.clone()) });
    }
}

/// Deletes the rows of one of the program's tables that belong to an account, and says how many there were.
pub(super) fn delete_references(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    table: &'static str,
    account: &Record,
) -> Result<usize> {
    let owners = account.collection();
    let schema = tx.schema().clone();
    if tx.wants_records()
        && CREDENTIAL_COLLECTIONS.contains(&table)
        && let Some(collection) = schema.find(table)
        && let Some(at) = collection.position("recordRef")
    {
        for record in read::find_all(tx, cx, collection, Find::Equal(at), SqlValue::from(account.id()))? {
            if record.text("collectionRef") == owners.id {
                announce(tx, Action::Delete, &record);
            }
        }
    }
    tx.execute(&mutate::delete_references(cx.plans.dialect(), Ident::fixed(table), &owners.id, account.id()))
}

/// What somebody who listens wants to see of a change.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The rule that decides: `List` for whoever listens to a collection, `View` for a single record.
    pub kind: RuleKind,
    /// A filter that the record must match as well.
    pub filter: Option<&'a str>,
    /// Nothing is ordered here, but what a sort expression may not contain is refused as everywhere.
    pub sort: Option<&'a str>,
    /// Relations to expand.
    pub expand: Option<&'a str>,
    /// The wanted parts of the record.
    pub fields: Option<&'a Fields>,
}

/// A change that is shown to many, in one snapshot. What comes out the same for several of them is done once.
pub struct Showing {
    action: Action,
    record: Record,
    /// Whether a statement with these values yields a row.
    outcomes: HashMap<(Arc<str>, String), bool>,
    /// Messages that don't depend on who gets them, but for being a superuser and for the wanted parts.
    messages: HashMap<(bool, usize), Arc<str>>,
}

impl Showing {
    /// A change of this record, as the schema of `tx` has it; `None` if its collection is gone.
    pub fn new(tx: &ReadTx<'_>, action: Action, record: &Record) -> Option<Showing> {
        let collection = tx.schema().by_id(&record.collection().id)?;
        let record = record.in_form_of(collection);
        Some(Showing { action, record, outcomes: HashMap::new(), messages: HashMap::new() })
    }

    /// The message `{"record":{…},"action":"…"}` as the principal of `cx` sees it; `None` if they may not see it or
    /// don't want to.
    ///
    /// # Errors
    /// What keeps the store from answering.
    pub fn to(&mut self, tx: &ReadTx<'_>, cx: &Cx<'_>, view: &View<'_>) -> Result<Option<Arc<str>>> {
        match self.message(tx, cx, view) {
            Ok(message) => Ok(message),
            // A broken rule, a filter that isn't valid or mentions what it may not: silence.
            Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Forbidden) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn message(&mut self, tx: &ReadTx<'_>, cx: &Cx<'_>, view: &View<'_>) -> Result<Option<Arc<str>>> {
        let collection = self.record.collection().clone();
        let access = access::decide(cx.principal, &collection, view.kind)?;
        if let Some(rule) = access.rule() {
            let plan = cx.plans.candidate(tx.schema(), &collection, cx.principal, (view.kind, rule))?;
            if !self.holds(tx, cx, &plan, &[])? {
                return Ok(None);
            }
        }
        check_client_text(cx, view.filter, view.sort)?;
        if let Some(filter) = view.filter.filter(|filter| !filter.is_empty()) {
            let shape = rules::shape(filter).map_err(|error| Error::invalid(error.message))?;
            let key = (shape.key.as_str(), filter);
            let plan = cx.plans.candidate_filter(tx.schema(), &collection, cx.principal, key)?;
            if !self.holds(tx, cx, &plan, &shape.literals)? {
                return Ok(None);
            }
        }
        self.written(tx, cx, view).map(Some)
    }

    /// Whether a statement holds for the record with what is known of the principal.
    fn holds(
        &mut self,
        tx: &ReadTx<'_>,
        cx: &Cx<'_>,
        plan: &Compiled,
        literals: &[rules::LiteralValue],
    ) -> Result<bool> {
        let mut env = cx.env(tx, &[]);
        (env.candidate, env.literals) = (Some(&self.record), literals);
        let statement = plan.statement(&env);
        let key = (statement.sql.clone(), format!("{:?}", statement.params));
        if let Some(known) = self.outcomes.get(&key) {
            return Ok(*known);
        }
        let holds = tx.exists(&statement)?;
        self.outcomes.insert(key, holds);
        Ok(holds)
    }

    fn written(&mut self, tx: &ReadTx<'_>, cx: &Cx<'_>, view: &View<'_>) -> Result<Arc<str>> {
        let tree = view.expand.map(ExpandTree::parse).filter(|tree| !tree.is_empty());
        let parts = view.fields.map_or(0, |fields| std::ptr::from_ref(fields) as usize);
        // What is expanded, and an e-mail, depend on who looks.
        let shared = tree.is_none() && !self.record.collection().is_auth();
        let key = (cx.principal.is_superuser(), parts);
        if let Some(known) = self.messages.get(&key).filter(|_| shared) {
            return Ok(known.clone());
        }
        let body = self.body(tx, cx, tree.as_ref())?;
        let body = match view.fields {
            Some(fields) => fields.pick(&body, Shape::Whole)?,
            None => body,
        };
        let mut message = String::with_capacity(body.len() + 40);
        message.push_str("{\"record\":");
        message.push_str(&body);
        message.push_str(",\"action\":");
        write_str(&mut message, self.action.name());
        message.push('}');
        let message: Arc<str> = message.into();
        if shared {
            self.messages.insert(key, message.clone());
        }
        Ok(message)
    }

    fn body(&mut self, tx: &ReadTx<'_>, cx: &Cx<'_>, tree: Option<&ExpandTree>) -> Result<String> {
        let expanded = match tree {
            Some(tree) => expand::expand(tx, cx, std::slice::from_ref(&self.record), tree, 0)?.pop().flatten(),
            None => None,
        };
        let managed = self.managed(tx, cx)?;
        let layout = cx.plans.layout(tx.schema(), self.record.collection(), cx.principal);
        let mut body = String::with_capacity(512);
        let access = EmailAccess { principal: cx.principal, managed: &managed };
        layout.write_record(&mut body, &self.record, expanded.as_deref(), &access);
        Ok(body)
    }

    /// The record's id if only the manage rule opens its e-mail to the principal.
    fn managed(&mut self, tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<Vec<String>> {
        let collection = self.record.collection().clone();
        let hidden = !self.record.truth("emailVisibility") && !cx.principal.is(&collection.id, self.record.id());
        match collection.rule(RuleKind::Manage) {
            Some(rule)
                if collection.is_auth()
                    && hidden
                    && !rule.is_empty()
                    && cx.principal.record().is_some()
                    && !cx.principal.is_superuser() =>
            {
                let plan = cx.plans.candidate(tx.schema(), &collection, cx.principal, (RuleKind::Manage, rule))?;
                let manages = self.holds(tx, cx, &plan, &[])?;
                Ok(if manages { vec![self.record.id().to_owned()] } else { Vec::new() })
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// Whether the row in `tx` holds the very values of `record`.
pub fn is_unchanged(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<bool> {
    let Some(collection) = tx.schema().by_id(&record.collection().id) else { return Ok(false) };
    let found = read::find(tx, cx, collection, Find::Id, SqlValue::from(record.id()))?;
    Ok(found.is_some_and(|found| found.values() == record.values()))
}
