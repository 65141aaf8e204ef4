//! Resumable uploads: who may send one for a field, and what it takes for a record to get it.
//!
//! Called by the app with every request of an upload, because what somebody may can change between two of them.
//! Nothing is known of the record's other values while a file arrives, so a create rule isn't asked until the record is
//! written, and an update rule is asked with an empty body. Not here: whose upload it is (`files::uploads`).

use std::sync::Arc;

use super::access::{self, Access};
use super::plans::Find;
use super::{Cx, find_collection, input, read};
use crate::base::{Error, ErrorKind, FieldError, Result, SqlValue};
use crate::domain::{Collection, Field, RequestInfo, RuleKind};
use crate::files::uploads::{self, Place, Unfinished};
use crate::store::{ReadTx, WriteTx};

/// The field that somebody wants to upload to: collection and field by id or name; no record if it is to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadTarget {
    /// Id or name.
    pub collection: String,
    /// Name.
    pub field: String,
    /// Id.
    pub record: Option<String>,
}

/// The place of a target, if the caller may upload there, and the most bytes that a file may have there.
///
/// # Errors
/// 404 unknown collection or record, or the update rule doesn't hold; 403 only superusers may, or the API key doesn't
/// allow it; 400 for a view, and for a field that takes no files from the caller.
pub fn upload_place(tx: &ReadTx<'_>, cx: &Cx<'_>, target: &UploadTarget) -> Result<(Place, u64)> {
    let collection = find_collection(tx.schema(), &target.collection)?;
    let field = collection.field(&target.field);
    let place = Place {
        collection_id: collection.id.clone(),
        field_id: field.map(|field| field.id.clone()).unwrap_or_default(),
        record_id: target.record.clone().unwrap_or_default(),
    };
    let max_bytes = check_place(tx, cx, &place)?;
    let unknown = || FieldError::invalid("The collection has no field of this name that takes files.");
    Ok((place, max_bytes.ok_or_else(|| Error::field("field", unknown()))?))
}

/// Whether the caller may go on with an upload.
///
/// # Errors
/// As [`upload_place`]; 404 if the field is gone, 413 if it takes no files of this size any more.
pub fn check_upload(tx: &ReadTx<'_>, cx: &Cx<'_>, upload: &Unfinished) -> Result<()> {
    let max_bytes = check_place(tx, cx, &upload.place)?.ok_or_else(Error::not_found)?;
    check_upload_size(upload.size_bytes, max_bytes)
}

/// Whether a file may have this size.
///
/// # Errors
/// 413.
pub fn check_upload_size(size_bytes: u64, max_bytes: u64) -> Result<()> {
    if size_bytes <= max_bytes {
        return Ok(());
    }
    let message = format!("The file has more than the {max_bytes} bytes that it may have in this field.");
    Err(Error::new(ErrorKind::TooLarge, message))
}

/// The most bytes of a file in this place; `None` if no field there takes files from the caller.
fn check_place(tx: &ReadTx<'_>, cx: &Cx<'_>, place: &Place) -> Result<Option<u64>> {
    let collection = tx.schema().by_id(&place.collection_id).ok_or_else(Error::not_found)?;
    if collection.is_view() {
        return Err(Error::invalid("Records of a view can't be written."));
    }
    let kind = if place.record_id.is_empty() { RuleKind::Create } else { RuleKind::Update };
    let access = access::decide(cx.principal, collection, kind)?;
    access::check_key(cx, collection)?;
    if kind == RuleKind::Update {
        check_record(tx, cx, collection, access, &place.record_id)?;
    }
    let field = collection.fields.iter().find(|field| field.id == place.field_id);
    let field = field.filter(|field| takes_uploads(cx, collection, field));
    Ok(field.and_then(Field::as_file).map(|options| options.max_size_bytes().unsigned_abs()))
}

/// Whether the caller may update a record, as far as that can be told before it is known to what.
fn check_record(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    access: Access<'_>,
    id: &str,
) -> Result<()> {
    // Rules see the request that the upload is for.
    let request = RequestInfo { method: "PATCH".to_owned(), ..cx.request.clone() };
    let cx = Cx { request: &request, ..*cx };
    let old = read::find(tx, &cx, collection, Find::Id, SqlValue::from(id))?.ok_or_else(Error::not_found)?;
    if access.rule().is_some() {
        let submitted = input::submitted(collection, &old, &request, cx.principal);
        read::find_reachable(tx, &cx, collection, RuleKind::Update, access, id, Some(&submitted))?;
    }
    Ok(())
}

/// Whether what a caller sends for a field counts, and it takes files.
pub fn takes_uploads(cx: &Cx<'_>, collection: &Collection, field: &Field) -> bool {
    field.as_file().is_some() && input::is_settable(collection, field, cx.principal)
}

/// The upload with this id, if the caller may give it to this field of a record: `record_id` is `None` for one that is
/// about to be created. What belongs to somebody else is as unknown as what doesn't exist.
///
/// # Errors
/// What keeps the database from answering; inside, what is wrong with the field.
pub fn find_upload(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Collection,
    field: &Field,
    record_id: Option<&str>,
    id: &str,
) -> Result<Result<Unfinished, FieldError>> {
    let found = uploads::find(tx, cx.plans.dialect(), id)?.filter(|upload| upload.owner.admits(cx.principal));
    let Some(upload) = found else { return Ok(Err(unknown_upload(id))) };
    let Place { collection_id, field_id, record_id: planned } = &upload.place;
    if *collection_id != collection.id || *field_id != field.id {
        return Ok(Err(misplaced(id, "another field")));
    }
    if !planned.is_empty() && record_id != Some(planned.as_str()) {
        return Ok(Err(misplaced(id, "another record")));
    }
    Ok(Ok(upload))
}

/// Makes a record's transaction use up the upload that one of its files came by, so that no other one can.
pub(super) fn use_up(tx: &mut WriteTx<'_>, cx: &Cx<'_>, field: &str, id: &str) -> Result<()> {
    let dialect = cx.plans.dialect();
    if !uploads::find(tx, dialect, id)?.is_some_and(|upload| upload.owner.admits(cx.principal)) {
        return Err(Error::field(field, unknown_upload(id)));
    }
    uploads::end(tx, dialect, id)
}

/// There is no such upload, or not any more, or it is somebody else's.
pub fn unknown_upload(id: &str) -> FieldError {
    let message = "There is no upload with this id; it may have been used already, or its time is up.";
    FieldError::new("validation_unknown_upload", message).with("upload", id)
}

fn misplaced(id: &str, of: &str) -> FieldError {
    let message = format!("This upload was begun for {of}.");
    FieldError::new("validation_misplaced_upload", message).with("upload", id)
}

/// An upload that isn't complete yet.
pub fn incomplete_upload(id: &str, offset_bytes: u64, size_bytes: u64) -> FieldError {
    let message = format!("Of this upload only {offset_bytes} of {size_bytes} bytes have arrived.");
    FieldError::new("validation_incomplete_upload", message).with("upload", id)
}
