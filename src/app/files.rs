//! Files of records: what may come in.

use std::sync::Arc;

use super::{App, Caller};
use crate::base::{Result, limits};
use crate::domain::{BodyLimits, Collection, FieldKind, RuleKind};
use crate::files::Spool;
use crate::records::{self, FileKeys};

impl App {
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
