//! Reading single records.

use std::sync::Arc;

use super::access::{self, Access};
use super::body::EmailAccess;
use super::condition::{Shown, show};
use super::expand::{self, ExpandTree};
use super::plans::Find;
use super::{Cx, find_collection};
use crate::base::{Error, Result, SqlValue, Statement};
use crate::domain::{Collection, Principal, Record, RequestInfo, RuleKind, Value};
use crate::rules::Submitted;
use crate::store::{ReadTx, Row};

/// One record as JSON.
///
/// # Errors
/// 403 if only superusers may view, 404 if there is no such record or the view rule doesn't hold for it.
pub fn view(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, id: &str, expand: Option<&str>) -> Result<Shown> {
    let collection = find_collection(tx.schema(), collection)?;
    let access = access::decide(cx.principal, collection, RuleKind::View)?;
    let record = find_reachable(tx, cx, collection, RuleKind::View, access, id, None)?;
    show(tx, cx, &record, expand)
}

/// A record as the principal sees it, with what it is expanded with.
pub fn body_of(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record, expand: Option<&str>) -> Result<String> {
    let collection = record.collection();
    let expanded = match expand.map(ExpandTree::parse) {
        Some(tree) if !tree.is_empty() => expand::expand(tx, cx, std::slice::from_ref(record), &tree, 0)?.pop(),
        _ => None,
    };
    let managed = managed_ids(tx, cx, std::slice::from_ref(record))?;
    let layout = cx.plans.layout(tx.schema(), collection, cx.principal);
    let mut out = String::with_capacity(512);
    let access = EmailAccess { principal: cx.principal, managed: &managed };
    layout.write_record(&mut out, record, expanded.flatten().as_deref(), &access);
    Ok(out)
}

/// The record with this id, whatever the rules say. Only for callers that have decided about access themselves.
pub fn find(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    by: Find,
    key: SqlValue,
) -> Result<Option<Record>> {
    let found = cx.plans.find(tx.schema(), collection, &Principal::Guest, by, None)?;
    first(tx, collection, &found.statement(&cx.env(tx, &[key])))
}

/// Whether there is a record with this id, whatever the rules say.
pub fn exists(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>, id: &str) -> Result<bool> {
    let found = cx.plans.find(tx.schema(), collection, &Principal::Guest, Find::Id, None)?;
    tx.exists(&found.statement(&cx.env(tx, &[SqlValue::from(id)])))
}

/// All records that `by` and `key` find, whatever the rules say.
pub fn find_all(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    by: Find,
    key: SqlValue,
) -> Result<Vec<Record>> {
    let found = cx.plans.find(tx.schema(), collection, &Principal::Guest, by, None)?;
    all(tx, collection, &found.statement(&cx.env(tx, &[key])))
}

/// Whether `rule` holds for a stored record. The empty rule always holds.
pub fn matches_rule(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record, kind: RuleKind, rule: &str) -> Result<bool> {
    if rule.is_empty() {
        return Ok(true);
    }
    let collection = record.collection();
    let found = cx.plans.find(tx.schema(), collection, cx.principal, Find::Id, Some((kind, rule)))?;
    tx.exists(&found.statement(&cx.env(tx, &[SqlValue::from(record.id())])))
}

/// Whether an account satisfies its collection's auth rule. Of the request the rule sees nothing: it is about the
/// account, whoever asks. Where there is no rule, because only superusers sign accounts in, none can be broken.
pub fn satisfies_auth_rule(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<bool> {
    let Some(rule) = record.collection().rule(RuleKind::Auth) else { return Ok(true) };
    let request = RequestInfo::default();
    matches_rule(tx, &Cx { principal: &Principal::Guest, request: &request, ..*cx }, record, RuleKind::Auth, rule)
}

/// The record with this id if `access` reaches it. A rule that can't be resolved reaches nothing.
pub(super) fn find_reachable(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    kind: RuleKind,
    access: Access<'_>,
    id: &str,
    submitted: Option<&Submitted<'_>>,
) -> Result<Record> {
    let rule = access.rule().map(|rule| (kind, rule));
    let found = cx.plans.find(tx.schema(), collection, cx.principal, Find::Id, rule).map_err(|_| Error::not_found())?;
    let key = [SqlValue::from(id)];
    let mut env = cx.env(tx, &key);
    env.submitted = submitted;
    first(tx, collection, &found.statement(&env))?.ok_or_else(Error::not_found)
}

/// The ids of those auth records whose e-mail only the manage rule opens to the principal.
pub(super) fn managed_ids(tx: &ReadTx<'_>, cx: &Cx<'_>, records: &[Record]) -> Result<Vec<String>> {
    let Some(collection) = records.first().map(Record::collection) else { return Ok(Vec::new()) };
    let hidden = || records.iter().filter(|r| !r.truth("emailVisibility") && !cx.principal.is(&collection.id, r.id()));
    match collection.rule(RuleKind::Manage) {
        Some(rule) if !rule.is_empty() && cx.principal.record().is_some() && !cx.principal.is_superuser() => {
            let ids: Vec<String> = hidden().map(|record| record.id().to_owned()).collect();
            if ids.is_empty() {
                return Ok(ids);
            }
            let kind = (RuleKind::Manage, rule);
            let found = cx.plans.find(tx.schema(), collection, cx.principal, Find::Ids, Some(kind))?;
            let key = [SqlValue::Text(Value::List(ids).to_json_text())];
            let records = all(tx, collection, &found.statement(&cx.env(tx, &key)))?;
            Ok(records.iter().map(|record| record.id().to_owned()).collect())
        }
        _ => Ok(Vec::new()),
    }
}

pub(super) fn first(tx: &ReadTx<'_>, collection: &Arc<Collection>, statement: &Statement) -> Result<Option<Record>> {
    tx.first(statement, |row| record_of(collection, row))
}

pub(super) fn all(tx: &ReadTx<'_>, collection: &Arc<Collection>, statement: &Statement) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    tx.rows(statement, |row| {
        records.push(record_of(collection, row)?);
        Ok(())
    })?;
    Ok(records)
}

/// A row with all columns in field order.
fn record_of(collection: &Arc<Collection>, row: &Row<'_>) -> Result<Record> {
    let mut values = Vec::with_capacity(collection.fields.len());
    for (at, field) in collection.fields.iter().enumerate() {
        values.push(Value::from_sql(field.storage(), field.nullable, row.get(at)?));
    }
    Ok(Record::new(collection.clone(), values))
}
