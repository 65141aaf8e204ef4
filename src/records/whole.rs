//! Records in bulk, whatever the rules say: all that there are on their way out, and those of another program on their
//! way in.
//!
//! Called by `export` and `import`, for whoever runs the program. Invariants: rows pass one by one, so that their
//! number costs no memory; what is adopted keeps its id, its dates and its secrets, isn't validated and is announced to
//! nobody. Not here: the files of records (`files::ledger`).

use std::sync::Arc;

use super::validate::unique_fault;
use crate::base::{Error, Result};
use crate::domain::{Collection, Field, Record, Value};
use crate::query::dialect::Dialect;
use crate::query::{mutate, whole};
use crate::store::{ReadTx, WriteTx};

/// Calls `each` with every record of a collection, in the order in which they were made, until it fails.
///
/// # Errors
/// Those of `each`, and what keeps the rows from being read: a view may be out of order.
pub fn each(
    tx: &ReadTx<'_>,
    dialect: Dialect,
    collection: &Arc<Collection>,
    mut each: impl FnMut(&Record) -> Result<()>,
) -> Result<()> {
    let fields: Vec<&Field> = collection.fields.iter().collect();
    let mut record = Record::blank(collection.clone());
    tx.rows(&whole::rows(dialect, collection, &fields), |row| {
        for (at, field) in collection.fields.iter().enumerate() {
            record.set_at(at, Value::from_sql(field.storage(), field.nullable, row.get(at)?));
        }
        each(&record)
    })
}

/// How many records a collection has.
///
/// # Errors
/// What keeps them from being counted.
pub fn total(tx: &ReadTx<'_>, dialect: Dialect, collection: &Collection) -> Result<u64> {
    let count = tx.first(&whole::count(dialect, collection), |row| row.integer(0))?;
    count.map(i64::unsigned_abs).ok_or_else(|| Error::internal("count(*) gave no row"))
}

/// Stores a record of another program as it is.
///
/// # Errors
/// `validation_not_unique` if a unique index says no.
pub fn adopt(tx: &mut WriteTx<'_>, dialect: Dialect, record: &Record) -> Result<()> {
    tx.execute(&mutate::insert(dialect, record)).map_err(unique_fault).map(|_| ())
}
