//! How a record gets a file that came by a resumable upload: its field's value is `upload:<id>`.
//!
//! Called before a record is created or updated, and for each item of a batch. From then on the file is an [`Upload`]
//! of the request, as if it had come with it, and goes through the same checks. It lies in a spool file of its own
//! (mostly a second name of the same bytes), so that a write that is refused leaves the upload as it was; the record's
//! own transaction uses it up. Not here: whether the record may be written.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{App, Caller};
use crate::base::{Error, ErrorKind, FieldErrors, Result};
use crate::domain::field::elements;
use crate::domain::{Collection, Field, RequestInfo, Upload};
use crate::files::Patience;
use crate::files::uploads::{self, Unfinished};
use crate::records::{self, Cx};
use crate::store::ReadTx;

/// What values begin with that name an upload.
const PREFIX: &str = "upload:";

/// The values of a body in which uploads have become files.
#[derive(Default)]
pub(super) struct TakenUploads {
    values: Vec<(String, Json)>,
    uploads: Vec<(String, Arc<Upload>)>,
}

impl TakenUploads {
    /// Puts them in place of what was sent.
    pub fn put_into(self, request: &mut RequestInfo) {
        request.body.extend(self.values);
        request.uploads.extend(self.uploads);
    }
}

/// A value of a body that names uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    /// The field's name, perhaps with a `+` on one side.
    key: String,
    /// The field's name.
    field: String,
    /// What the value consists of.
    elements: Vec<String>,
}

impl Wanted {
    fn upload_ids(&self) -> impl Iterator<Item = &str> {
        self.elements.iter().filter_map(|element| element.strip_prefix(PREFIX))
    }
}

impl App {
    /// The uploads that a request's body names, made files of the request. `record_id` is that of the record that is to
    /// be updated, if there is one.
    ///
    /// # Errors
    /// 400 with the code of each field whose upload can't be used: it isn't there, isn't complete, or was begun for
    /// another field, another record, or by somebody else.
    pub(super) async fn take_uploads(
        &self,
        caller: &Caller,
        request: &RequestInfo,
        collection: &str,
        record_id: Option<&str>,
    ) -> Result<TakenUploads> {
        let schema = self.0.store.schema();
        let wanted = schema.find(collection).map(|collection| wanted(request, collection)).unwrap_or_default();
        if wanted.is_empty() {
            return Ok(TakenUploads::default());
        }
        let (name, record_id) = (collection.to_owned(), record_id.map(str::to_owned));
        let find = move |tx: &ReadTx<'_>, cx: &Cx<'_>| find_all(tx, cx, &name, record_id.as_deref(), wanted.clone());
        let (wanted, found, mut errors) = self.read(Arc::new(caller.clone()), find).await?;
        for (field, upload) in found.values() {
            let arrived_bytes = self.0.spool.partial_bytes(&upload.id).await?.unwrap_or(0);
            if arrived_bytes != upload.size_bytes {
                errors.add(field, records::incomplete_upload(&upload.id, arrived_bytes, upload.size_bytes));
            }
        }
        errors.into_result("The record isn't acceptable as it is.")?;
        let mut files = BTreeMap::new();
        for (id, (field, upload)) in found {
            files.insert(id, self.take_upload(&field, upload).await?);
        }
        Ok(in_place(wanted, &files))
    }

    /// A complete upload as a file of a request, for a field. Another request may have used it meanwhile.
    async fn take_upload(&self, field: &str, upload: Unfinished) -> Result<Arc<Upload>> {
        let gone = |error: Error| match error.kind() {
            ErrorKind::NotFound => Error::field(field, records::unknown_upload(&upload.id)),
            _ => error,
        };
        // One request at a time reads the whole of a large file; those that wait then know what it has found.
        let _turn = self.0.turns.take(&upload.id, Patience::Wait).await?;
        let (dialect, id) = (self.0.plans.dialect(), upload.id.clone());
        let known = self.0.store.read(move |tx| uploads::find(tx, dialect, &id)).await?;
        let known = known.and_then(|upload| upload.sha256);
        let (is_known, file) = (known.is_some(), self.0.spool.link_partial(&upload.id).await.map_err(gone)?);
        let mut taken = self.0.spool.adopt(file, &upload.original_name, known).await?;
        if !is_known {
            let (id, sha256) = (upload.id.clone(), taken.sha256.clone());
            self.commit(move |tx| uploads::note_digest(tx, dialect, &id, &sha256)).await?;
        }
        taken.resumed = Some(upload.id);
        Ok(Arc::new(taken))
    }
}

/// The values of a body that name uploads, for fields of this collection that take files.
fn wanted(request: &RequestInfo, collection: &Collection) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for field in collection.fields.iter().filter(|field| field.as_file().is_some()) {
        for key in keys(field) {
            let Some(elements) = request.body.get(&key).map(elements) else { continue };
            let wants = Wanted { key, field: field.name.clone(), elements };
            if wants.upload_ids().next().is_some() {
                wanted.push(wants);
            }
        }
    }
    wanted
}

/// Under what a field's files may be sent.
fn keys(field: &Field) -> [String; 3] {
    let name = &field.name;
    [name.clone(), format!("{name}+"), format!("+{name}")]
}

/// Uploads by id, each with the name of the field that it is for.
type Found = BTreeMap<String, (String, Unfinished)>;

/// The uploads that are wanted for fields that the caller may set, and what is wrong with others of them.
fn find_all(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &str,
    record_id: Option<&str>,
    mut wanted: Vec<Wanted>,
) -> Result<(Vec<Wanted>, Found, FieldErrors)> {
    let collection = records::find_collection(tx.schema(), collection)?;
    let settable = |name: &str| {
        let field = collection.field(name);
        field.filter(|field| records::takes_uploads(cx, collection, field))
    };
    wanted.retain(|wants| settable(&wants.field).is_some());
    let (mut found, mut errors) = (Found::new(), FieldErrors::new());
    for wants in &wanted {
        let Some(field) = settable(&wants.field) else { continue };
        for id in wants.upload_ids() {
            match records::find_upload(tx, cx, collection, field, record_id, id)? {
                Ok(upload) => drop(found.insert(id.to_owned(), (field.name.clone(), upload))),
                Err(error) => errors.add(&field.name, error),
            }
        }
    }
    Ok((wanted, found, errors))
}

/// The values with the names of files in the places of uploads, and the files under the keys that they were sent by.
fn in_place(wanted: Vec<Wanted>, files: &BTreeMap<String, Arc<Upload>>) -> TakenUploads {
    let mut taken = TakenUploads::default();
    for Wanted { key, elements, .. } in wanted {
        let mut names = Vec::with_capacity(elements.len());
        for element in elements {
            match element.strip_prefix(PREFIX).and_then(|id| files.get(id)) {
                Some(file) => {
                    names.push(Json::from(file.name.as_str()));
                    taken.uploads.push((key.clone(), file.clone()));
                }
                None => names.push(Json::from(element)),
            }
        }
        taken.values.push((key, Json::Array(names)));
    }
    taken
}
