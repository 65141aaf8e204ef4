//! Creating a record.

use std::sync::Arc;

use super::auth_form::{AuthForm, Who};
use super::condition::{Shown, show};
use super::draft::{Draft, PlainPassword, Proof};
use super::files::{self, FileChanges};
use super::{Cx, access, changes, find_collection, input, validate};
use crate::base::{Error, Result, Secret, ids};
use crate::domain::field::autodate::AutodateOptions;
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Action, Collection, FieldKind, Record, RuleKind, Value};
use crate::query::mutate;
use crate::rules::Submitted;
use crate::store::{ReadTx, WriteTx};

/// Decides everything about a new record: access, values, validity. Writes nothing.
///
/// # Errors
/// 404 unknown collection; 403 only superusers may; 400 for a view, for a create rule that doesn't hold (empty
/// `data`), and with the code of each field that isn't acceptable.
pub fn draft(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<Draft> {
    draft_with_id(tx, cx, collection, None)
}

/// The same, with the id that the record gets unless it brings one.
pub fn draft_with_id(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, id: Option<&str>) -> Result<Draft> {
    let collection = find_collection(tx.schema(), collection)?;
    if collection.is_view() {
        return Err(Error::invalid("Records of a view can't be written."));
    }
    let access = access::decide(cx.principal, collection, RuleKind::Create)?;
    access::check_key(cx, collection)?;
    let Proposed { mut record, tested, submitted } = proposed(cx, collection, id);
    if let Some(rule) = access.rule()
        && !holds(tx, cx, &tested, &submitted, RuleKind::Create, rule)?
    {
        return Err(Error::invalid("The record can't be created."));
    }
    if collection.is_auth() {
        let manager = is_manager(tx, cx, &tested, &submitted)?;
        AuthForm::new(&submitted, Who { manager, guarded: false }).check_create()?;
    }
    fill(&mut record, tx);
    validate::check_record(tx, cx, &record, None)?;
    let passwords = take_passwords(&mut record, |_| true);
    let changed = (0..collection.fields.len()).collect();
    let files = FileChanges::between(None, &record);
    Ok(Draft { record, changed, passwords, old_password: None, files })
}

/// The record that a body makes, before anything else is decided about it.
pub(super) struct Proposed<'a> {
    /// With an id.
    record: Record,
    /// As rules see it.
    pub tested: Record,
    pub submitted: Submitted<'a>,
}

/// What the body of the request proposes, with this id unless it brings one.
pub(super) fn proposed<'a>(cx: &Cx<'a>, collection: &'a Arc<Collection>, id: Option<&str>) -> Proposed<'a> {
    let mut record = initial(collection);
    let submitted = input::submitted(collection, &record, cx.request, cx.principal);
    for (at, value) in submitted.values.iter().enumerate() {
        if let Some(value) = value {
            record.set_at(at, value.clone());
        }
    }
    if let Some(id) = id.filter(|_| record.id().is_empty()) {
        record.set("id", Value::Text(id.to_owned()));
    }
    fill_id(&mut record);
    let tested = candidate_of(&record);
    Proposed { record, tested, submitted }
}

/// Creates a record and returns it as the caller sees it.
///
/// # Errors
/// As [`draft`]; `validation_not_unique` if a unique index says no.
pub fn create(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    collection: &str,
    expand: Option<&str>,
    proof: Proof,
) -> Result<Shown> {
    let record = create_record(tx, cx, collection, proof)?;
    show(tx, cx, &record, expand)
}

/// Creates a record and returns it as it is stored.
///
/// # Errors
/// As [`create`].
pub fn create_record(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &str, proof: Proof) -> Result<Record> {
    let mut draft = draft_with_id(tx, cx, collection, proof.record_id.as_deref())?;
    draft.apply(proof)?;
    store(tx, cx, draft)
}

/// Stores the record of a draft that needs no proof any more, and returns it.
///
/// # Errors
/// `validation_not_unique` if a unique index says no.
pub fn store(tx: &mut WriteTx<'_>, cx: &Cx<'_>, draft: Draft) -> Result<Record> {
    draft.check_proven()?;
    let insert = mutate::insert(cx.plans.dialect(), &draft.record);
    tx.execute(&insert).map_err(validate::unique_fault)?;
    files::follow(tx, cx, &draft.record, &draft.files)?;
    changes::announce(tx, Action::Create, &draft.record);
    Ok(draft.record)
}

/// Stores a record with these values, whatever the rules say. For rows of system collections, whose values the program
/// makes by itself: they aren't validated, and passwords among them must be hashes.
///
/// # Errors
/// `validation_not_unique` if a unique index says no; 404 if there is no such collection.
pub fn insert(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &str, values: &[(&str, Value)]) -> Result<Record> {
    let mut record = initial(find_collection(tx.schema(), collection)?);
    for (name, value) in values {
        record.set(name, value.clone());
    }
    fill_id(&mut record);
    fill(&mut record, tx);
    tx.execute(&mutate::insert(cx.plans.dialect(), &record)).map_err(validate::unique_fault)?;
    changes::announce(tx, Action::Create, &record);
    Ok(record)
}

/// What the fields of a new record hold before the body is looked at.
fn initial(collection: &Arc<Collection>) -> Record {
    let values = collection.fields.iter().map(|field| field.initial()).collect();
    Record::new(collection.clone(), values)
}

fn fill_id(record: &mut Record) {
    let id = record.collection().field("id").map(|field| &field.kind);
    if record.id().is_empty() {
        let generated = match id {
            Some(FieldKind::Text(options)) => options.autogenerate(),
            _ => None,
        };
        record.set("id", Value::Text(generated.unwrap_or_default()));
    }
}

/// The record as the create rule sees it: with an id, not verified, its password nobody's to read.
fn candidate_of(record: &Record) -> Record {
    let mut candidate = record.clone();
    if candidate.id().is_empty() {
        candidate.set("id", Value::Text(ids::record_id()));
    }
    if record.collection().is_auth() {
        candidate.set("verified", Value::Bool(false));
        candidate.set("password", Value::Text(String::new()));
    }
    candidate
}

/// Whether a rule holds for a record that isn't stored yet. A rule that can't be used doesn't hold.
fn holds(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    candidate: &Record,
    submitted: &Submitted<'_>,
    kind: RuleKind,
    rule: &str,
) -> Result<bool> {
    let plan = cx.plans.candidate(tx.schema(), candidate.collection(), cx.principal, (kind, rule))?;
    let mut env = cx.env(tx, &[]);
    (env.submitted, env.candidate) = (Some(submitted), Some(candidate));
    tx.exists(&plan.statement(&env))
}

fn is_manager(tx: &ReadTx<'_>, cx: &Cx<'_>, candidate: &Record, submitted: &Submitted<'_>) -> Result<bool> {
    if cx.principal.is_superuser() {
        return Ok(true);
    }
    match candidate.collection().rule(RuleKind::Manage) {
        Some(rule) if !rule.is_empty() && cx.principal.record().is_some() => {
            holds(tx, cx, candidate, submitted, RuleKind::Manage, rule)
        }
        _ => Ok(false),
    }
}

/// What the server sets by itself: dates, generated texts, a superuser's verification.
fn fill(record: &mut Record, tx: &ReadTx<'_>) {
    let collection = record.collection().clone();
    for (at, field) in collection.fields.iter().enumerate() {
        match &field.kind {
            FieldKind::Autodate(AutodateOptions { on_create: true, .. }) => {
                record.set_at(at, Value::Text(tx.now().to_string()));
            }
            FieldKind::Text(options) if record.at(at).is_zero() && !record.at(at).is_null() => {
                if let Some(text) = options.autogenerate() {
                    record.set_at(at, Value::Text(text));
                }
            }
            _ => {}
        }
    }
    if collection.id == SUPERUSERS_ID {
        record.set("verified", Value::Bool(true));
    }
}

/// Takes the plain passwords out of a record; their hashes come in their place later.
pub(super) fn take_passwords(record: &mut Record, wanted: impl Fn(usize) -> bool) -> Vec<PlainPassword> {
    let collection = record.collection().clone();
    let mut passwords = Vec::new();
    for (position, field) in collection.fields.iter().enumerate() {
        if let FieldKind::Password(options) = &field.kind
            && wanted(position)
            && !record.at(position).is_zero()
        {
            let plain = Secret::new(record.at(position).as_text());
            record.set_at(position, Value::Text(String::new()));
            passwords.push(PlainPassword { position, plain, cost: options.effective_cost() });
        }
    }
    passwords
}
