//! Files of records: who may send and who may see them, and what a change of a record means for them.

use std::collections::HashMap;
use std::sync::Arc;

use super::plans::Find;
use super::{Cx, access, find_collection, input, read, uploads};
use crate::base::{Error, Result, SqlValue, SqlValueRef};
use crate::domain::field::file::FileOptions;
use crate::domain::{Collection, CollectionKind, Field, Record, RuleKind, Value};
use crate::files::{StoredFile, ledger};
use crate::query::files::held_names;
use crate::store::{ReadTx, WriteTx};

/// The keys under which a caller may send files, each with the most bytes that one of them may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileKeys(Vec<(String, u64)>);

impl FileKeys {
    /// The most bytes of a file under this key: `f`, `f+` or `+f`. `None` if the key takes no files.
    pub fn max_bytes(&self, key: &str) -> Option<u64> {
        let name = key.strip_suffix('+').or_else(|| key.strip_prefix('+'));
        let is = |(field, _): &&(String, u64)| field == key || name == Some(field.as_str());
        self.0.iter().find(is).map(|(_, max_bytes)| *max_bytes)
    }
}

/// Where a caller may send files for a record of this collection; asked before any file is taken in, so only what
/// depends on neither the record nor the body is decided here.
///
/// # Errors
/// 404 unknown collection; 403 only superusers may, or the API key doesn't allow it; 400 for a view.
pub fn file_keys(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, kind: RuleKind) -> Result<FileKeys> {
    let collection = find_collection(tx.schema(), collection)?;
    if collection.is_view() {
        return Err(Error::invalid("Records of a view can't be written."));
    }
    access::decide(cx.principal, collection, kind)?;
    access::check_key(cx, collection)?;
    let keys = collection.fields.iter().filter(|field| input::is_settable(collection, field, cx.principal));
    let keys = keys.filter_map(|field| Some((field.name.clone(), field.as_file()?.max_size_bytes().unsigned_abs())));
    Ok(FileKeys(keys.collect()))
}

/// The same for a caller whose files come with several requests, of which it isn't known yet what they ask for: what
/// any collection takes from them. Each request is decided by itself afterwards.
pub fn all_file_keys(tx: &ReadTx<'_>, cx: &Cx<'_>) -> FileKeys {
    let mut keys: HashMap<String, u64> = HashMap::new();
    for collection in tx.schema().collections() {
        for kind in [RuleKind::Create, RuleKind::Update] {
            // What isn't open to the caller adds nothing.
            let open = file_keys(tx, cx, &collection.id, kind).unwrap_or_default();
            for (key, max_bytes) in open.0 {
                let most = keys.entry(key).or_default();
                *most = max_bytes.max(*most);
            }
        }
    }
    FileKeys(keys.into_iter().collect())
}

/// A file that somebody may see.
#[derive(Clone, Debug)]
pub struct VisibleFile {
    /// The file.
    pub file: StoredFile,
    /// The options of the field by which it was found.
    pub options: FileOptions,
}

/// The files that a change makes a record name, and those that it no longer does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileChanges {
    /// Each with the id of its field.
    pub added: Vec<(String, String)>,
    /// By name.
    pub removed: Vec<String>,
}

impl FileChanges {
    /// What turns `old` (`None` if there was no record) into `new`.
    pub fn between(old: Option<&Record>, new: &Record) -> FileChanges {
        let mut changes = FileChanges::default();
        for (at, field) in new.collection().fields.iter().enumerate().filter(|(_, field)| field.as_file().is_some()) {
            let (before, after) = (old.map_or(&[][..], |old| old.at(at).elements()), new.at(at).elements());
            let added = after.iter().filter(|name| !before.contains(name));
            changes.added.extend(added.map(|name| (field.id.clone(), name.clone())));
            changes.removed.extend(before.iter().filter(|name| !after.contains(name)).cloned());
        }
        changes
    }
}

/// Makes the files of a record that has just been written follow it.
///
/// # Errors
/// 503 if a file that is to stay was given up meanwhile; 400 if the upload that it came by was used by another record.
pub(super) fn follow(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, changes: &FileChanges) -> Result<()> {
    for (field_id, name) in &changes.added {
        ledger::make_live(tx, cx.plans.dialect(), record, name)?;
        if let Some(id) = cx.request.upload(name).and_then(|upload| upload.resumed.as_deref()) {
            let field = record.collection().fields.iter().find(|field| field.id == *field_id);
            uploads::use_up(tx, cx, field.map(|field| field.name.as_str()).unwrap_or_default(), id)?;
        }
    }
    ledger::doom(tx, cx.plans.dialect(), record, &changes.removed)
}

/// Lets the files of a record go that has just been deleted.
pub(super) fn release(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &Collection, record_id: &str) -> Result<()> {
    if !collection.fields.iter().any(|field| field.as_file().is_some()) {
        return Ok(());
    }
    ledger::doom_record(tx, cx.plans.dialect(), &collection.id, record_id)
}

/// The file that a record names, if the caller may see it: files of protected fields only under the view rule, others
/// by whoever knows their names. A view shows files of the records that it is made of.
///
/// # Errors
/// 404, whatever the reason is.
pub fn find_file(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, id: &str, name: &str) -> Result<VisibleFile> {
    let collection = find_collection(tx.schema(), collection)?;
    let record = read::find(tx, cx, collection, Find::Id, SqlValue::from(id))?.ok_or_else(Error::not_found)?;
    let names = |at: usize| record.at(at).elements().iter().any(|held| held == name);
    let fields = collection.fields.iter().enumerate();
    let (field, options) = fields
        .filter(|(at, _)| names(*at))
        .find_map(|(_, field)| Some((field, field.as_file()?)))
        .ok_or_else(Error::not_found)?;
    if options.protected {
        let access = access::decide(cx.principal, collection, RuleKind::View).map_err(|_| Error::not_found())?;
        read::find_reachable(tx, cx, collection, RuleKind::View, access, id, None)?;
    }
    let dialect = cx.plans.dialect();
    let file = match &collection.kind {
        CollectionKind::View(query) => match origin(tx, query, field)? {
            Some((owner, origin)) => ledger::find_in_field(tx, dialect, &owner.id, &origin.id, name)?,
            None => None,
        },
        _ => ledger::find(tx, dialect, &collection.id, id, name)?,
    };
    let (file, options) = (file.ok_or_else(Error::not_found)?, options.clone());
    Ok(VisibleFile { file, options })
}

/// The collection and the field that a view's field shows; the database looks through views of views by itself.
fn origin<'t>(tx: &'t ReadTx<'_>, query: &str, field: &Field) -> Result<Option<(&'t Arc<Collection>, &'t Field)>> {
    let columns = tx.columns(query)?;
    let Some(column) = columns.iter().find(|column| column.name == field.name) else { return Ok(None) };
    let (Some(table), Some(name)) = (&column.origin_table, &column.origin_column) else { return Ok(None) };
    let owner = tx.schema().find(table).filter(|owner| !owner.is_view());
    Ok(owner.and_then(|owner| Some((owner, owner.field(name).filter(|field| field.as_file().is_some())?))))
}

/// A record, by id, with the names of the files that one of its fields holds.
pub type Holder = (String, Vec<String>);

/// The records of a collection that hold files in a field, in the order of their ids from behind `after`, no more than
/// `limit`. For comparing with the storage, as the owner.
pub fn holders(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Collection,
    field: &Field,
    after: &str,
    limit: u64,
) -> Result<Vec<Holder>> {
    let mut holders = Vec::new();
    tx.rows(&held_names(cx.plans.dialect(), collection, field, after, limit), |row| {
        let SqlValueRef::Text(id) = row.get(0)? else { return Ok(()) };
        let value = Value::from_sql(field.storage(), field.nullable, row.get(1)?);
        holders.push((id.to_owned(), value.elements().to_vec()));
        Ok(())
    })?;
    Ok(holders)
}

/// Whether a record holds a file of this name in some field.
pub fn holds_file(tx: &ReadTx<'_>, cx: &Cx<'_>, collection_id: &str, id: &str, name: &str) -> Result<bool> {
    let Some(collection) = tx.schema().by_id(collection_id) else { return Ok(false) };
    let Some(record) = read::find(tx, cx, collection, Find::Id, SqlValue::from(id))? else { return Ok(false) };
    let fields = collection.fields.iter().enumerate().filter(|(_, field)| field.as_file().is_some());
    Ok(fields.into_iter().any(|(at, _)| record.at(at).elements().iter().any(|held| held == name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_may_have_a_plus_on_one_side() {
        let keys = FileKeys(vec![("f".into(), 7)]);
        for (key, expect) in [("f", Some(7)), ("f+", Some(7)), ("+f", Some(7)), ("+f+", None), ("f-", None), ("", None)]
        {
            assert_eq!(keys.max_bytes(key), expect, "{key}");
        }
    }
}
