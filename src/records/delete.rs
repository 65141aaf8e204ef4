//! Deleting a record, with what refers to it: one transaction, wholly or not at all.

use std::sync::Arc;

use super::plans::{Find, ListShape};
use super::read::{self, find_reachable};
use super::{Cx, access, changes, condition, files, find_collection};
use crate::base::{Error, Result, SqlValue, SqlValueRef};
use crate::domain::field::autodate::AutodateOptions;
use crate::domain::principal::{CREDENTIAL_COLLECTIONS, CREDENTIAL_TABLES, SUPERUSERS_ID};
use crate::domain::{Action, Collection, Event, FieldKind, Record, RuleKind, Value, Verb};
use crate::files::uploads;
use crate::query::mutate;
use crate::store::{ReadTx, WriteTx};

/// Records that [`truncate`] looks up at a time.
const TRUNCATE_PAGE: i64 = 500;

/// Deletes a record.
///
/// # Errors
/// 404 unknown collection or record, or the delete rule doesn't hold; 403 only superusers may; 412 if `If-Match` names
/// another state of the record; 400 for a view, for the last superuser, and while a required relation points to the
/// record.
pub fn delete(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &str, id: &str) -> Result<()> {
    let record = deletable(tx, cx, collection, id)?;
    delete_with_references(tx, cx, record)
}

/// The record, if the caller may delete it. What refers to it, which may forbid that all the same, isn't looked at.
///
/// # Errors
/// As [`delete`], but for the last superuser and relations.
pub fn deletable(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, id: &str) -> Result<Record> {
    let collection = find_collection(tx.schema(), collection)?.clone();
    if collection.is_view() {
        return Err(Error::invalid("Records of a view can't be deleted."));
    }
    let access = access::decide(cx.principal, &collection, RuleKind::Delete)?;
    access::check_key(cx, &collection)?;
    let record = find_reachable(tx, cx, &collection, RuleKind::Delete, access, id, None)?;
    condition::check(tx, cx, &record)?;
    Ok(record)
}

/// Deletes a record, whatever the rules say. For what the program decides by itself.
///
/// # Errors
/// 400 as for [`delete`].
pub fn remove(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<()> {
    delete_with_references(tx, cx, record.clone())
}

/// Deletes every record of a collection, as [`delete`] would one by one, in one transaction. For superusers.
///
/// # Errors
/// 401, 403, 404; 400 for a view, for `_superusers`, and while a required relation points to one of the records.
pub fn truncate(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<()> {
    access::require_superuser(cx.principal)?;
    let collection = find_collection(tx.schema(), collection)?.clone();
    if collection.is_view() {
        return Err(Error::invalid("A view has no records of its own."));
    }
    access::check_key(cx, &collection)?;
    loop {
        // Always the first page: what was on it is gone the next time.
        let page = first_records(tx, cx, &collection)?;
        if page.is_empty() {
            return Ok(());
        }
        for id in page {
            // A record may have gone with an earlier one of the page.
            if let Some(record) = read::find(tx, cx, &collection, Find::Id, SqlValue::from(id))? {
                delete_with_references(tx, cx, record)?;
            }
        }
    }
}

/// Deletes `record` and follows the relations that point to it; an API key's scope must include all that follows. A
/// list of work rather than recursion, because chains of cascades can be as long as the table.
fn delete_with_references(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: Record) -> Result<()> {
    let mut doomed = vec![record];
    while let Some(record) = doomed.pop() {
        let collection = record.collection().clone();
        access::check_scope(cx.principal, &collection, Verb::Delete)?;
        if collection.id == SUPERUSERS_ID && super::count(tx, cx, &collection.id)? == 1 {
            return Err(Error::invalid("The last superuser can't be deleted."));
        }
        tx.execute(&mutate::delete(cx.plans.dialect(), &collection, record.id()))?;
        files::release(tx, cx, &collection, record.id())?;
        changes::announce(tx, Action::Delete, &record);
        if collection.is_auth() {
            for table in CREDENTIAL_COLLECTIONS.into_iter().chain(CREDENTIAL_TABLES) {
                changes::delete_references(tx, cx, table, &record)?;
            }
            uploads::end_of_account(tx, cx.plans.dialect(), &collection.id, record.id())?;
            let (collection_id, record_id) = (collection.id.clone(), record.id().to_owned());
            tx.announce(Event::IdentityEnded { collection_id, record_id });
        }
        let schema = tx.schema().clone();
        for (referring, field) in schema.references_to(&collection.id) {
            release(tx, cx, referring, field, record.id(), &mut doomed)?;
        }
    }
    Ok(())
}

/// Takes the id of a deleted record out of one relation field of all records that name it. Those that are left
/// without any are deleted in turn, or emptied, or forbid the whole.
fn release(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    referring: &Arc<Collection>,
    field: usize,
    id: &str,
    doomed: &mut Vec<Record>,
) -> Result<()> {
    let definition = &referring.fields[field];
    let Some(relation) = definition.as_relation() else { return Ok(()) };
    let by = if definition.is_multiple() { Find::Has(field) } else { Find::Equal(field) };
    for mut record in read::find_all(tx, cx, referring, by, SqlValue::from(id))? {
        let left: Vec<String> = record.at(field).elements().iter().filter(|other| *other != id).cloned().collect();
        if left.is_empty() && relation.cascade_delete {
            if !doomed.iter().any(|other| other.id() == record.id() && other.collection().id == referring.id) {
                doomed.push(record);
            }
            continue;
        }
        access::check_scope(cx.principal, referring, Verb::Update)?;
        if left.is_empty() && definition.required {
            return Err(Error::invalid("The record can't be deleted: another record needs it."));
        }
        let value = if definition.is_multiple() { Value::List(left) } else { definition.zero() };
        record.set_at(field, value);
        let mut changed = vec![field];
        for (at, other) in referring.fields.iter().enumerate() {
            if let FieldKind::Autodate(AutodateOptions { on_update: true, .. }) = &other.kind {
                record.set_at(at, Value::Text(tx.now().to_string()));
                changed.push(at);
            }
        }
        tx.execute(&mutate::update(cx.plans.dialect(), &record, &changed))?;
        changes::announce(tx, Action::Update, &record);
    }
    Ok(())
}

fn first_records(tx: &WriteTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>) -> Result<Vec<String>> {
    let plan = cx.plans.list(tx.schema(), collection, cx.principal, &ListShape::EVERYTHING)?;
    let id = plan.layout.columns.iter().position(|at| collection.fields[*at].name == "id").unwrap_or_default();
    let mut ids = Vec::new();
    tx.rows(&plan.rows.statement(&cx.env(tx, &[SqlValue::Integer(TRUNCATE_PAGE), SqlValue::Integer(0)])), |row| {
        if let SqlValueRef::Text(text) = row.get(id)? {
            ids.push(text.to_owned());
        }
        Ok(())
    })?;
    Ok(ids)
}
