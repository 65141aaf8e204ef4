//! What the database knows of files: the rows of `_files`, which are also the queue of what is to be removed.
//!
//! Called by `records` and `collections` in the transactions that make or change records, and by the app's worker. A
//! row is there before its object is and goes after it, so that nothing in the storage is ever unknown: `pending` from
//! before the object is stored, `live` from the transaction on that makes a record name it, `doomed` from the one on
//! that no longer does. Invariants: only a pending row becomes live, and it does so in its record's transaction; a live
//! or doomed row never becomes pending; nothing here touches the storage.

use std::sync::Arc;

use crate::base::limits::{FILE_PENDING_SECONDS, FILE_RETRY_MAX_SECONDS};
use crate::base::{Error, Result, SqlValue, Timestamp};
use crate::domain::{Collection, Event, Field, Record, Upload};
use crate::query::dialect::Dialect;
use crate::query::files::doom_unnamed;
use crate::query::table::{Direction, Set, Table, Where};
use crate::store::{ReadTx, Row, WriteTx};

const FILES: Table = Table::new("_files");

const COLUMNS: [&str; 10] = [
    "collectionId",
    "recordId",
    "name",
    "fieldId",
    "contentType",
    "sizeBytes",
    "sha256",
    "originalName",
    "created",
    "attempts",
];

const PENDING: &str = "pending";
const LIVE: &str = "live";
const DOOMED: &str = "doomed";

/// A file that is about to be stored.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Of the record that is to name it.
    pub collection_id: String,
    /// The same.
    pub record_id: String,
    /// The field that is to hold its name.
    pub field_id: String,
    /// The file.
    pub upload: Arc<Upload>,
}

impl NewFile {
    /// Where it goes.
    pub fn key(&self) -> String {
        super::key(&self.collection_id, &self.record_id, &self.upload.name)
    }
}

/// A file as its row describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Of its record.
    pub collection_id: String,
    /// Of its record.
    pub record_id: String,
    /// What the record calls it.
    pub name: String,
    /// Of the field that holds the name.
    pub field_id: String,
    /// What its content looked like when it came.
    pub content_type: String,
    /// How large it is.
    pub size_bytes: u64,
    /// SHA-256 of its content in hexadecimal digits.
    pub sha256: String,
    /// What the client called it.
    pub original_name: String,
    /// When it came, in the interface's date form.
    pub created: String,
}

impl StoredFile {
    /// Where it lies.
    pub fn key(&self) -> String {
        super::key(&self.collection_id, &self.record_id, &self.name)
    }

    /// Below what its previews lie.
    pub fn thumbs_prefix(&self) -> String {
        super::thumbs_prefix(&self.collection_id, &self.record_id, &self.name)
    }

    /// The condition that finds its row.
    fn is_this(&self) -> [Where; 3] {
        is_file(&self.collection_id, &self.record_id, &self.name)
    }
}

/// Notes files that were stored together with the records that name them, of which nobody knew before.
pub fn adopt(tx: &mut WriteTx<'_>, dialect: Dialect, files: &[StoredFile]) -> Result<()> {
    for file in files {
        let row: Vec<Set> = vec![
            ("collectionId", file.collection_id.as_str().into()),
            ("recordId", file.record_id.as_str().into()),
            ("name", file.name.as_str().into()),
            ("fieldId", file.field_id.as_str().into()),
            ("state", LIVE.into()),
            ("contentType", file.content_type.as_str().into()),
            ("sizeBytes", i64::try_from(file.size_bytes).unwrap_or(i64::MAX).into()),
            ("sha256", file.sha256.as_str().into()),
            ("originalName", file.original_name.as_str().into()),
            ("attempts", 0.into()),
            ("due", "".into()),
            ("created", file.created.as_str().into()),
        ];
        tx.execute(&FILES.insert(dialect, row))?;
    }
    Ok(())
}

/// Notes files that are about to be stored. They stay if their record is written before they are given up.
pub fn reserve(tx: &mut WriteTx<'_>, dialect: Dialect, files: &[NewFile]) -> Result<()> {
    let (now, due) = (tx.now().to_string(), tx.now().plus_seconds(FILE_PENDING_SECONDS).to_string());
    for file in files {
        let upload = &file.upload;
        let row: Vec<Set> = vec![
            ("collectionId", file.collection_id.as_str().into()),
            ("recordId", file.record_id.as_str().into()),
            ("name", upload.name.as_str().into()),
            ("fieldId", file.field_id.as_str().into()),
            ("state", PENDING.into()),
            ("contentType", upload.content_type.as_str().into()),
            ("sizeBytes", i64::try_from(upload.size_bytes).unwrap_or(i64::MAX).into()),
            ("sha256", upload.sha256.as_str().into()),
            ("originalName", upload.original_name.as_str().into()),
            ("attempts", 0.into()),
            ("due", due.as_str().into()),
            ("created", now.as_str().into()),
        ];
        tx.execute(&FILES.insert(dialect, row))?;
    }
    Ok(())
}

/// Makes a stored file one that its record names.
///
/// # Errors
/// 503 if it was given up meanwhile: whoever sent it may try again.
pub fn make_live(tx: &mut WriteTx<'_>, dialect: Dialect, record: &Record, name: &str) -> Result<()> {
    let [collection, id, name] = is_file(&record.collection().id, record.id(), name);
    let pending = [collection, id, name, Where::Is("state", PENDING.into())];
    let changes = vec![("state", LIVE.into()), ("due", "".into())];
    match tx.execute(&FILES.update(dialect, changes, &pending))? {
        1 => Ok(()),
        _ => Err(Error::unavailable("The file couldn't be kept; try again.")),
    }
}

/// Lets files go that a record no longer names.
pub fn doom(tx: &mut WriteTx<'_>, dialect: Dialect, record: &Record, names: &[String]) -> Result<()> {
    for name in names {
        doom_where(tx, dialect, is_file(&record.collection().id, record.id(), name).to_vec())?;
    }
    Ok(())
}

/// Lets all files of a record go.
pub fn doom_record(tx: &mut WriteTx<'_>, dialect: Dialect, collection_id: &str, record_id: &str) -> Result<()> {
    let rows = vec![Where::Is("collectionId", collection_id.into()), Where::Is("recordId", record_id.into())];
    doom_where(tx, dialect, rows)
}

/// Lets all files of a collection go.
pub fn doom_collection(tx: &mut WriteTx<'_>, dialect: Dialect, collection_id: &str) -> Result<()> {
    doom_where(tx, dialect, vec![Where::Is("collectionId", collection_id.into())])
}

/// Lets all files of a field go that is no more.
pub fn doom_field(tx: &mut WriteTx<'_>, dialect: Dialect, collection_id: &str, field_id: &str) -> Result<()> {
    let rows = vec![Where::Is("collectionId", collection_id.into()), Where::Is("fieldId", field_id.into())];
    doom_where(tx, dialect, rows)
}

/// Lets the files of a field go that no record names any more, after its values were changed all at once.
pub fn doom_lost(tx: &mut WriteTx<'_>, dialect: Dialect, collection: &Collection, field: &Field) -> Result<()> {
    let now = tx.now().to_string();
    if tx.execute(&doom_unnamed(dialect, collection, field, [LIVE, DOOMED], &now))? > 0 {
        tx.announce(Event::FilesDoomed);
    }
    Ok(())
}

fn doom_where(tx: &mut WriteTx<'_>, dialect: Dialect, mut rows: Vec<Where>) -> Result<()> {
    rows.push(Where::IsNot("state", DOOMED.into()));
    let changes = vec![("state", DOOMED.into()), ("due", tx.now().to_string().into())];
    if tx.execute(&FILES.update(dialect, changes, &rows))? > 0 {
        tx.announce(Event::FilesDoomed);
    }
    Ok(())
}

/// Gives up files that no record came to name. What has become live meanwhile stays.
pub fn give_up(tx: &mut WriteTx<'_>, dialect: Dialect, files: &[NewFile]) -> Result<()> {
    for file in files {
        let mut rows = is_file(&file.collection_id, &file.record_id, &file.upload.name).to_vec();
        rows.push(Where::Is("state", PENDING.into()));
        doom_where(tx, dialect, rows)?;
    }
    Ok(())
}

/// Gives up the files that were pending before a moment: when the server started, nobody was left who could make them
/// live.
pub fn give_up_older(tx: &mut WriteTx<'_>, dialect: Dialect, than: Timestamp) -> Result<()> {
    let rows = vec![Where::Is("state", PENDING.into()), Where::Below("created", than.to_string().into())];
    doom_where(tx, dialect, rows)
}

/// Takes files that are to be removed now, those due longest first, no more than `limit`; until they are
/// [forgotten](forget) they come again later and later. Pending ones that nobody made live in time are among them.
pub fn claim(tx: &mut WriteTx<'_>, dialect: Dialect, limit: u64) -> Result<Vec<StoredFile>> {
    let now = tx.now();
    let late = vec![Where::Is("state", PENDING.into()), Where::UpTo("due", now.to_string().into())];
    doom_where(tx, dialect, late)?;
    let due = [Where::Is("state", DOOMED.into()), Where::UpTo("due", now.to_string().into())];
    let order = Some(("due", Direction::Ascending));
    let mut claimed = Vec::new();
    tx.rows(&FILES.page(dialect, &COLUMNS, &due, order, Some(limit)), |row| {
        claimed.push((stored(row)?, row.integer(9)?));
        Ok(())
    })?;
    for (file, attempts) in &claimed {
        let wait = 2_i64.saturating_pow(u32::try_from(*attempts).unwrap_or(0).min(20)).min(FILE_RETRY_MAX_SECONDS);
        let changes = vec![("attempts", (attempts + 1).into()), ("due", now.plus_seconds(wait).to_string().into())];
        tx.execute(&FILES.update(dialect, changes, &file.is_this()))?;
    }
    Ok(claimed.into_iter().map(|(file, _)| file).collect())
}

/// How many files are still to be removed.
pub fn count_doomed(tx: &ReadTx<'_>, dialect: Dialect) -> Result<u64> {
    let counted = tx.first(&FILES.count(dialect, &[Where::Is("state", DOOMED.into())]), |row| row.integer(0))?;
    Ok(counted.unwrap_or_default().unsigned_abs())
}

/// When the worker has something to do next, if ever.
pub fn next_due(tx: &ReadTx<'_>, dialect: Dialect) -> Result<Option<Timestamp>> {
    let order = Some(("due", Direction::Ascending));
    let mut next: Option<String> = None;
    for state in [PENDING, DOOMED] {
        let rows = [Where::Is("state", state.into())];
        let due =
            tx.first(&FILES.page(dialect, &["due"], &rows, order, Some(1)), |row| row.text(0).map(str::to_owned))?;
        next = [next, due].into_iter().flatten().min();
    }
    Ok(next.and_then(|due| Timestamp::parse(&due)))
}

/// Drops the row of a file whose object is gone.
pub fn forget(tx: &mut WriteTx<'_>, dialect: Dialect, file: &StoredFile) -> Result<()> {
    let mut rows = file.is_this().to_vec();
    rows.push(Where::Is("state", DOOMED.into()));
    tx.execute(&FILES.delete(dialect, &rows)).map(|_| ())
}

/// The file that a record names.
pub fn find(
    tx: &ReadTx<'_>,
    dialect: Dialect,
    collection_id: &str,
    record_id: &str,
    name: &str,
) -> Result<Option<StoredFile>> {
    let mut rows = is_file(collection_id, record_id, name).to_vec();
    rows.push(Where::Is("state", LIVE.into()));
    tx.first(&FILES.select(dialect, &COLUMNS, &rows), stored)
}

/// The file of this name that some record holds in this field.
pub fn find_in_field(
    tx: &ReadTx<'_>,
    dialect: Dialect,
    collection_id: &str,
    field_id: &str,
    name: &str,
) -> Result<Option<StoredFile>> {
    let rows = [
        Where::Is("name", name.into()),
        Where::Is("collectionId", collection_id.into()),
        Where::Is("fieldId", field_id.into()),
        Where::Is("state", LIVE.into()),
    ];
    tx.first(&FILES.select(dialect, &COLUMNS, &rows), stored)
}

/// Files in the order of their keys from number `offset` on, no more than `limit`, each with whether it is live. For
/// comparing with the storage.
pub fn page(tx: &ReadTx<'_>, dialect: Dialect, offset: u64, limit: u64) -> Result<Vec<(StoredFile, bool)>> {
    let mut columns = COLUMNS.to_vec();
    columns.push("state");
    let order =
        [("collectionId", Direction::Ascending), ("recordId", Direction::Ascending), ("name", Direction::Ascending)];
    let mut files = Vec::new();
    tx.rows(&FILES.slice(dialect, &columns, &order, limit, offset), |row| {
        files.push((stored(row)?, row.text(10)? == LIVE));
        Ok(())
    })?;
    Ok(files)
}

/// Calls `each` with every file that a record names, until it fails.
pub fn each_live(tx: &ReadTx<'_>, dialect: Dialect, mut each: impl FnMut(StoredFile) -> Result<()>) -> Result<()> {
    let live = [Where::Is("state", LIVE.into())];
    tx.rows(&FILES.select(dialect, &COLUMNS, &live), |row| each(stored(row)?))
}

/// Whether there is a row for a file, in whatever state.
pub fn is_known(tx: &ReadTx<'_>, dialect: Dialect, collection_id: &str, record_id: &str, name: &str) -> Result<bool> {
    tx.exists(&FILES.select(dialect, &["name"], &is_file(collection_id, record_id, name)))
}

/// Lets a file go that no record names.
pub fn doom_file(tx: &mut WriteTx<'_>, dialect: Dialect, file: &StoredFile) -> Result<()> {
    doom_where(tx, dialect, file.is_this().to_vec())
}

fn is_file(collection_id: &str, record_id: &str, name: &str) -> [Where; 3] {
    let is = |column: &'static str, value: &str| Where::Is(column, SqlValue::from(value));
    [is("collectionId", collection_id), is("recordId", record_id), is("name", name)]
}

fn stored(row: &Row<'_>) -> Result<StoredFile> {
    Ok(StoredFile {
        collection_id: row.text(0)?.to_owned(),
        record_id: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        field_id: row.text(3)?.to_owned(),
        content_type: row.text(4)?.to_owned(),
        size_bytes: row.integer(5)?.unsigned_abs(),
        sha256: row.text(6)?.to_owned(),
        original_name: row.text(7)?.to_owned(),
        created: row.text(8)?.to_owned(),
    })
}
