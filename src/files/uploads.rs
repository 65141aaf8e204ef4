//! What the database knows of resumable uploads: the rows of `_uploads`, from the request that begins one until a
//! record has taken it, somebody has ended it, or its time is up.
//!
//! Called by the app and, in the transactions of records, by `records`. Invariants: a row goes once, and whoever
//! removes it announces [`Event::UploadEnded`], so that its file goes after the commit; what counts for a quota is what
//! an upload will have, not what has arrived. Not here: how much has arrived (`partial`), whether somebody may upload
//! (`records`).

use crate::base::{Error, Result, SqlValueRef, Timestamp};
use crate::domain::{Event, Principal};
use crate::query::dialect::Dialect;
use crate::query::table::{Set, Table, Where};
use crate::store::{ReadTx, Row, WriteTx};

const UPLOADS: Table = Table::new("_uploads");

const COLUMNS: [&str; 12] = [
    "id",
    "collectionId",
    "fieldId",
    "recordId",
    "collectionRef",
    "recordRef",
    "address",
    "originalName",
    "metadata",
    "sizeBytes",
    "sha256",
    "expires",
];

/// The field that an upload is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Of its collection.
    pub collection_id: String,
    /// Its own.
    pub field_id: String,
    /// Of the record; empty if that is still to be created.
    pub record_id: String,
}

/// Who has begun an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Of the account; empty for guests.
    pub collection_id: String,
    /// The same.
    pub record_id: String,
    /// By which guests are counted; empty for accounts.
    pub address: String,
}

/// A resumable upload as its row describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Names it, and opens it for guests.
    pub id: String,
    /// Where it is to go.
    pub place: Place,
    /// Who has begun it.
    pub owner: Owner,
    /// What the client calls the file.
    pub original_name: String,
    /// What the client said of it, as it was sent.
    pub metadata: String,
    /// How large it will be.
    pub size_bytes: u64,
    /// SHA-256 of the whole in hexadecimal digits, once somebody has read it.
    pub sha256: Option<String>,
    /// When its time is up.
    pub expires: Timestamp,
}

/// What some uploads come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// How many there are.
    pub count: i64,
    /// How large they will be together.
    pub bytes: u64,
}

impl Owner {
    /// Whoever a principal is; a guest is counted by `address`.
    pub fn of(principal: &Principal, address: String) -> Owner {
        match principal.record() {
            Some(record) => Owner {
                collection_id: record.collection().id.clone(),
                record_id: record.id().to_owned(),
                address: String::new(),
            },
            None => Owner { collection_id: String::new(), record_id: String::new(), address },
        }
    }

    /// Whether a principal may go on with what this one has begun. A guest's upload is anybody's who knows its id.
    pub fn admits(&self, principal: &Principal) -> bool {
        self.record_id.is_empty() || principal.is(&self.collection_id, &self.record_id)
    }

    fn conditions(&self) -> Vec<Where> {
        vec![
            Where::Is("collectionRef", self.collection_id.as_str().into()),
            Where::Is("recordRef", self.record_id.as_str().into()),
            Where::Is("address", self.address.as_str().into()),
        ]
    }
}

/// Notes an upload that begins.
pub fn begin(tx: &mut WriteTx<'_>, dialect: Dialect, upload: &Unfinished) -> Result<()> {
    let row: Vec<Set> = vec![
        ("id", upload.id.as_str().into()),
        ("collectionId", upload.place.collection_id.as_str().into()),
        ("fieldId", upload.place.field_id.as_str().into()),
        ("recordId", upload.place.record_id.as_str().into()),
        ("collectionRef", upload.owner.collection_id.as_str().into()),
        ("recordRef", upload.owner.record_id.as_str().into()),
        ("address", upload.owner.address.as_str().into()),
        ("originalName", upload.original_name.as_str().into()),
        ("metadata", upload.metadata.as_str().into()),
        ("sizeBytes", i64::try_from(upload.size_bytes).unwrap_or(i64::MAX).into()),
        ("sha256", upload.sha256.as_deref().unwrap_or_default().into()),
        ("created", tx.now().to_string().into()),
        ("expires", upload.expires.to_string().into()),
    ];
    tx.execute(&UPLOADS.insert(dialect, row)).map(|_| ())
}

/// The upload with this id, if its time isn't up.
pub fn find(tx: &ReadTx<'_>, dialect: Dialect, id: &str) -> Result<Option<Unfinished>> {
    let rows = [Where::Is("id", id.into())];
    let found = tx.first(&UPLOADS.select(dialect, &COLUMNS, &rows), unfinished)?;
    Ok(found.filter(|upload| upload.expires > tx.now()))
}

/// What the uploads of an owner come to, or those of everybody.
pub fn total(tx: &ReadTx<'_>, dialect: Dialect, owner: Option<&Owner>) -> Result<Total> {
    let rows = owner.map(Owner::conditions).unwrap_or_default();
    let count = tx.first(&UPLOADS.count(dialect, &rows), |row| row.integer(0))?.unwrap_or_default();
    let bytes = tx.first(&UPLOADS.sum(dialect, "sizeBytes", &rows), |row| match row.get(0)? {
        // The sum of no rows.
        SqlValueRef::Null => Ok(0),
        _ => row.integer(0),
    })?;
    Ok(Total { count, bytes: bytes.unwrap_or_default().unsigned_abs() })
}

/// Notes the SHA-256 of an upload that is complete, so that it need not be read as a whole again.
pub fn note_digest(tx: &mut WriteTx<'_>, dialect: Dialect, id: &str, sha256: &str) -> Result<()> {
    let rows = [Where::Is("id", id.into())];
    tx.execute(&UPLOADS.update(dialect, vec![("sha256", sha256.into())], &rows)).map(|_| ())
}

/// Ends an upload, if it is still there.
pub fn end(tx: &mut WriteTx<'_>, dialect: Dialect, id: &str) -> Result<()> {
    end_where(tx, dialect, &[Where::Is("id", id.into())])
}

/// Ends what an account has begun that is no more: another one may get its id.
pub fn end_of_account(tx: &mut WriteTx<'_>, dialect: Dialect, collection_id: &str, record_id: &str) -> Result<()> {
    let rows = [Where::Is("collectionRef", collection_id.into()), Where::Is("recordRef", record_id.into())];
    end_where(tx, dialect, &rows)
}

/// Ends the uploads whose time is up.
pub fn end_expired(tx: &mut WriteTx<'_>, dialect: Dialect) -> Result<()> {
    let now = tx.now().to_string();
    end_where(tx, dialect, &[Where::UpTo("expires", now.into())])
}

fn end_where(tx: &mut WriteTx<'_>, dialect: Dialect, rows: &[Where]) -> Result<()> {
    let ids = ids(tx, dialect, rows)?;
    if !ids.is_empty() {
        tx.execute(&UPLOADS.delete(dialect, rows))?;
    }
    for id in ids {
        tx.announce(Event::UploadEnded { id });
    }
    Ok(())
}

/// The ids of all uploads, or of those that were begun before a moment.
pub fn ids_before(tx: &ReadTx<'_>, dialect: Dialect, moment: Option<Timestamp>) -> Result<Vec<String>> {
    let rows = moment.map(|moment| Where::Below("created", moment.to_string().into()));
    ids(tx, dialect, rows.as_slice())
}

fn ids(tx: &ReadTx<'_>, dialect: Dialect, rows: &[Where]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    tx.rows(&UPLOADS.select(dialect, &["id"], rows), |row| {
        ids.push(row.text(0)?.to_owned());
        Ok(())
    })?;
    Ok(ids)
}

fn unfinished(row: &Row<'_>) -> Result<Unfinished> {
    let expires = Timestamp::parse(row.text(11)?);
    Ok(Unfinished {
        id: row.text(0)?.to_owned(),
        place: Place {
            collection_id: row.text(1)?.to_owned(),
            field_id: row.text(2)?.to_owned(),
            record_id: row.text(3)?.to_owned(),
        },
        owner: Owner {
            collection_id: row.text(4)?.to_owned(),
            record_id: row.text(5)?.to_owned(),
            address: row.text(6)?.to_owned(),
        },
        original_name: row.text(7)?.to_owned(),
        metadata: row.text(8)?.to_owned(),
        size_bytes: row.integer(9)?.unsigned_abs(),
        sha256: Some(row.text(10)?.to_owned()).filter(|sha256| !sha256.is_empty()),
        expires: expires.ok_or_else(|| Error::internal("a date of _uploads can't be read"))?,
    })
}
