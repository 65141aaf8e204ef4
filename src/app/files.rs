//! Files of records on their way in: what may come, and the storing of what a record is about to name.

use std::sync::Arc;

use super::{App, Caller};
use crate::base::{Result, limits};
use crate::domain::{BodyLimits, Collection, FieldKind, RequestInfo, RuleKind};
use crate::files::{NewFile, Spool, Storage, ledger};
use crate::records::{self, Draft, FileKeys};
use crate::settings::Config;

/// Files that are in the storage and belong to a record that isn't written yet. They are given up unless that happens,
/// also if nobody waits for it any more.
pub(super) struct Stored {
    /// Empty if there is nothing to be given up (any more).
    files: Vec<NewFile>,
    app: Option<App>,
}

impl Stored {
    /// No files.
    pub fn nothing() -> Stored {
        Stored { files: Vec::new(), app: None }
    }

    /// Waits for the write that makes the files a record's; if it fails, they are given up.
    pub async fn kept_if<T>(mut self, writing: impl Future<Output = Result<T>>) -> Result<T> {
        let result = writing.await;
        match &result {
            Ok(_) => self.files.clear(),
            Err(_) => self.give_up().await,
        }
        result
    }

    async fn give_up(&mut self) {
        if let (Some(app), false) = (self.app.clone(), self.files.is_empty()) {
            app.give_up(std::mem::take(&mut self.files)).await;
        }
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        // Whoever waited has gone. The write may still happen, but before this, which then finds nothing to give up.
        if let (Some(app), false) = (self.app.take(), self.files.is_empty()) {
            let files = std::mem::take(&mut self.files);
            app.spawn(app.clone().give_up(files));
        }
    }
}

/// The files that a draft takes of those that came with its request.
pub(super) fn new_files(draft: &Draft, request: &RequestInfo) -> Vec<NewFile> {
    let owner = &draft.record;
    let file = |(field_id, name): &(String, String)| {
        Some(NewFile {
            collection_id: owner.collection().id.clone(),
            record_id: owner.id().to_owned(),
            field_id: field_id.clone(),
            upload: request.upload(name)?.clone(),
        })
    };
    draft.files.added.iter().filter_map(file).collect()
}

impl App {
    /// Whether what the configuration says of the storage can be used.
    ///
    /// # Errors
    /// 400 if it can't.
    pub fn check_storage(config: &Config) -> Result<()> {
        Storage::check(config)
    }

    /// Where files go while they arrive.
    pub fn spool(&self) -> &Spool {
        &self.0.spool
    }

    /// Under which keys a caller may send files for a record of this collection, to be created or updated. Asked before
    /// any of them is taken in.
    ///
    /// # Errors
    /// 404, 403, and 400 for a view, as long as that depends on the caller and the collection only.
    pub async fn file_keys(&self, caller: &Caller, collection: &str, kind: RuleKind) -> Result<FileKeys> {
        let takes_files =
            |collection: &Arc<Collection>| collection.fields.iter().any(|field| field.as_file().is_some());
        if !self.0.store.schema().find(collection).is_some_and(takes_files) {
            return Ok(FileKeys::default());
        }
        let (caller, collection) = (Arc::new(caller.clone()), collection.to_owned());
        self.read(caller, move |tx, cx| records::file_keys(tx, cx, &collection, kind)).await
    }

    /// The same for a batch, of which it isn't known yet what it asks for.
    ///
    /// # Errors
    /// What keeps the store from answering.
    pub async fn batch_file_keys(&self, caller: &Caller) -> Result<FileKeys> {
        self.read(Arc::new(caller.clone()), |tx, cx| Ok(records::all_file_keys(tx, cx))).await
    }

    /// Stores files for records that are about to be written. First they are noted as pending, so that whatever happens
    /// nothing is left behind.
    pub(super) async fn store_files(&self, files: Vec<NewFile>) -> Result<Stored> {
        if files.is_empty() {
            return Ok(Stored::nothing());
        }
        let (dialect, reserved) = (self.0.plans.dialect(), files.clone());
        self.commit(move |tx| ledger::reserve(tx, dialect, &reserved)).await?;
        let mut stored = Stored { files, app: Some(self.clone()) };
        for at in 0..stored.files.len() {
            let file = &stored.files[at];
            if let Err(error) = self.live().storage.take(&file.key(), &file.upload).await {
                stored.give_up().await;
                return Err(error);
            }
            self.ship_file(file.key());
        }
        Ok(stored)
    }

    /// Lets files go that no record came to name. If even that fails, they go when their time is over.
    async fn give_up(self, files: Vec<NewFile>) {
        let dialect = self.0.plans.dialect();
        if let Err(error) = self.commit(move |tx| ledger::give_up(tx, dialect, &files)).await {
            tracing::warn!("files that nobody needs can't be removed yet: {}", error.log_text());
        }
    }

    /// How large a body may be that creates or updates a record of this collection; `None` if there is no such
    /// collection.
    pub fn body_limits(&self, collection: &str) -> Option<BodyLimits> {
        let schema = self.0.store.schema();
        let fields = &schema.find(collection)?.fields;
        let sum = |bytes: fn(&FieldKind) -> i64| {
            let sizes = fields.iter().map(|field| u64::try_from(bytes(&field.kind)).unwrap_or(0));
            sizes.fold(0, u64::saturating_add)
        };
        let text_bytes = limits::BODY_MAX_BYTES.saturating_add(sum(text_bytes));
        Some(BodyLimits { whole_bytes: text_bytes.saturating_add(sum(file_bytes)), text_bytes })
    }
}

/// What a field's text may have beyond the general limit of a body.
fn text_bytes(kind: &FieldKind) -> i64 {
    match kind {
        FieldKind::Editor(editor) => editor.max_size_bytes(),
        FieldKind::Json(json) => json.max_size_bytes(),
        _ => 0,
    }
}

/// The same for its files.
fn file_bytes(kind: &FieldKind) -> i64 {
    match kind {
        FieldKind::File(file) => file.max_size_bytes().saturating_mul(file.max_select.max(1)),
        _ => 0,
    }
}
