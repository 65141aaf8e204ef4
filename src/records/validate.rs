//! Checks of a whole record before it is written: the fields' own, and those that need the database.

use super::Cx;
use super::plans::Find;
use super::{read, references};
use crate::base::{Error, FieldError, FieldErrors, Result, SqlValue};
use crate::domain::field::file::FileOptions;
use crate::domain::{Field, FieldKind, Record, Value};
use crate::store::{ReadTx, UniqueViolation};

/// Checks every field; errors of all of them are reported together. `old` is the stored record on update.
///
/// # Errors
/// 400 with the code of each field that isn't acceptable.
pub fn check_record(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record, old: Option<&Record>) -> Result<()> {
    let mut errors = FieldErrors::new();
    if old.is_some_and(|old| old.id() != record.id()) {
        errors.add("id", FieldError::new("validation_pk_change", "The id of a record can't change."));
    }
    for (at, field) in record.collection().fields.iter().enumerate() {
        let value = record.at(at);
        let unchanged = old.is_some_and(|old| old.at(at) == value);
        // A stored password is a hash, to which the rules for plain passwords don't apply.
        if unchanged && matches!(field.kind, FieldKind::Password(_)) {
            continue;
        }
        let mut result = field.check(value);
        if result.is_ok() && !unchanged {
            result = match &field.kind {
                FieldKind::Relation(_) => check_related(tx, cx, field, value)?,
                FieldKind::File(options) => check_files(options, cx, value, old.map(|old| old.at(at))),
                _ => Ok(()),
            };
        }
        errors.check(&field.name, result);
    }
    references::check(tx, cx, record, &mut errors)?;
    if old.is_none() {
        errors.check("id", check_new_id(tx, cx, record)?);
    }
    errors.into_result("The record isn't acceptable as it is.")
}

/// Every id that a relation names must exist; the rules of the target collection aren't asked.
fn check_related(tx: &ReadTx<'_>, cx: &Cx<'_>, field: &Field, value: &Value) -> Result<Result<(), FieldError>> {
    let Some(relation) = field.as_relation().filter(|_| !value.elements().is_empty()) else { return Ok(Ok(())) };
    let Some(target) = tx.schema().by_id(&relation.collection_id) else {
        let message = "The collection that this points to is gone.";
        return Ok(Err(FieldError::new("validation_missing_rel_collection", message)));
    };
    let ids = value.elements();
    let found = match ids {
        [id] => usize::from(read::exists(tx, cx, target, id)?),
        _ => {
            let list = Value::List(ids.to_vec()).to_json_text();
            read::find_all(tx, cx, target, Find::Ids, SqlValue::Text(list))?.len()
        }
    };
    if found == ids.len() {
        return Ok(Ok(()));
    }
    Ok(Err(FieldError::new("validation_missing_rel_records", "Some of the records that this points to don't exist.")))
}

/// Files come as uploads; a name that is sent as text can only keep a file that is there.
fn check_files(options: &FileOptions, cx: &Cx<'_>, value: &Value, old: Option<&Value>) -> Result<(), FieldError> {
    let kept = old.map_or(&[][..], Value::elements);
    let is_new = |name: &&String| !kept.contains(name);
    let unknown: Vec<String> =
        value.elements().iter().filter(is_new).filter(|name| cx.request.upload(name).is_none()).cloned().collect();
    if !unknown.is_empty() {
        let message = "Files are added by uploading them; these names aren't known.";
        return Err(FieldError::new("validation_invalid_file", message).with("invalidFiles", unknown));
    }
    value
        .elements()
        .iter()
        .filter(is_new)
        .filter_map(|name| cx.request.upload(name))
        .try_for_each(|upload| options.check_upload(upload))
}

/// Ids are unique among all auth collections, because tokens and references name them.
fn check_new_id(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Result<(), FieldError>> {
    let collection = record.collection();
    if collection.is_auth() {
        for other in tx.schema().collections().iter().filter(|c| c.is_auth() && c.id != collection.id) {
            if read::exists(tx, cx, other, record.id())? {
                let message = "Another account has this id.";
                return Ok(Err(FieldError::new("validation_invalid_auth_id", message)));
            }
        }
    }
    check_custom_id(tx, cx, record)
}

/// With a pattern of its own an id may differ from another only by case, which some file systems can't tell apart.
fn check_custom_id(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Result<(), FieldError>> {
    let collection = record.collection();
    let position = collection.position("id").unwrap_or_default();
    let FieldKind::Text(options) = &collection.fields[position].kind else { return Ok(Ok(())) };
    if options.has_default_id_pattern() {
        return Ok(Ok(()));
    }
    match read::find(tx, cx, collection, Find::EqualNoCase(position), SqlValue::from(record.id()))? {
        Some(_) => Ok(Err(FieldError::new("validation_pk_invalid", "Another record has this id."))),
        None => Ok(Ok(())),
    }
}

/// A violated unique index as field errors, one for each of its columns.
pub fn unique_fault(error: Error) -> Error {
    let Some(violation) = error.cause::<UniqueViolation>() else { return error };
    let mut fields = FieldErrors::new();
    for column in &violation.columns {
        fields.add(column, FieldError::new("validation_not_unique", "Another record has this value."));
    }
    Error::invalid("The record isn't acceptable as it is.").with_fields(fields)
}
