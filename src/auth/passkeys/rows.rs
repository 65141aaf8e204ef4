//! The passkeys of accounts as they are stored.

use crate::auth::sessions::owned_by;
use crate::base::{Error, Result, SqlValueRef};
use crate::domain::Record;
use crate::query::table::{Direction, Set, Table, Where};
use crate::records::Cx;
use crate::store::{ReadTx, Row as Found, WriteTx};

const PASSKEYS: Table = Table::new("_passkeys");
const COLUMNS: [&str; 9] =
    ["id", "collectionRef", "recordRef", "userHandle", "credential", "name", "secondFactor", "created", "lastUsed"];

/// A passkey as it is stored.
#[allow(missing_docs)]
pub struct Row {
    pub id: String,
    pub collection_id: String,
    pub record_id: String,
    /// What the authenticator knows the account by.
    pub user_handle: String,
    /// What the library keeps, as JSON.
    pub credential: String,
    /// What its owner calls it.
    pub name: String,
    /// Whether the account needs a second step because of it.
    pub second_factor: bool,
    pub created: String,
    /// Empty if it wasn't used yet.
    pub last_used: String,
}

/// All passkeys of an account, the oldest first.
pub fn all(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    let order = Some(("created", Direction::Ascending));
    tx.rows(&PASSKEYS.page(cx.plans.dialect(), &COLUMNS, &owned_by(record), order, None), |row| {
        found.push(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// One passkey of an account.
pub fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record, id: &str) -> Result<Option<Row>> {
    let [collection, owner] = owned_by(record);
    tx.first(&PASSKEYS.select(cx.plans.dialect(), &COLUMNS, &[collection, owner, Where::Is("id", id.into())]), read)
}

/// Whosever passkey this is, by the id that its authenticator gave it, in Base64url.
pub fn of_credential(tx: &ReadTx<'_>, cx: &Cx<'_>, credential_id: &str) -> Result<Option<Row>> {
    let conditions = [Where::Is("credentialId", credential_id.into())];
    tx.first(&PASSKEYS.select(cx.plans.dialect(), &COLUMNS, &conditions), read)
}

/// Stores a new passkey.
///
/// # Errors
/// 400 if it is registered already, whoever it belongs to.
pub(super) fn insert(tx: &mut WriteTx<'_>, cx: &Cx<'_>, passkey: &Row, credential_id: &str) -> Result<()> {
    if of_credential(tx, cx, credential_id)?.is_some() {
        return Err(Error::invalid("This passkey is registered already."));
    }
    let row: Vec<Set> = vec![
        ("id", passkey.id.as_str().into()),
        ("collectionRef", passkey.collection_id.as_str().into()),
        ("recordRef", passkey.record_id.as_str().into()),
        ("credentialId", credential_id.into()),
        ("name", passkey.name.as_str().into()),
        ("userHandle", passkey.user_handle.as_str().into()),
        ("credential", passkey.credential.as_str().into()),
        ("secondFactor", passkey.second_factor.into()),
        ("created", passkey.created.as_str().into()),
        ("lastUsed", passkey.last_used.as_str().into()),
    ];
    tx.execute(&PASSKEYS.insert(cx.plans.dialect(), row)).map(|_| ())
}

/// Notes that a passkey was used, with what its authenticator said then.
pub(super) fn used(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str, credential: String) -> Result<()> {
    let changes = vec![("credential", credential.into()), ("lastUsed", tx.now().to_string().into())];
    update(tx, cx, changes, &[Where::Is("id", id.into())]).map(|_| ())
}

/// Changes what a passkey is called and whether it is a second factor; whether there is such a passkey.
pub fn edit(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    record: &Record,
    id: &str,
    name: &str,
    second_factor: bool,
) -> Result<bool> {
    let [collection, owner] = owned_by(record);
    let changes: Vec<Set> = vec![("name", name.into()), ("secondFactor", second_factor.into())];
    Ok(update(tx, cx, changes, &[collection, owner, Where::Is("id", id.into())])? > 0)
}

/// Deletes one passkey of an account; whether there was one.
pub fn remove(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, id: &str) -> Result<bool> {
    let [collection, owner] = owned_by(record);
    Ok(tx.execute(&PASSKEYS.delete(cx.plans.dialect(), &[collection, owner, Where::Is("id", id.into())]))? > 0)
}

/// Deletes all passkeys of an account; whether there were any.
pub fn remove_all(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<bool> {
    Ok(tx.execute(&PASSKEYS.delete(cx.plans.dialect(), &owned_by(record)))? > 0)
}

fn update(tx: &mut WriteTx<'_>, cx: &Cx<'_>, changes: Vec<Set>, conditions: &[Where]) -> Result<usize> {
    tx.execute(&PASSKEYS.update(cx.plans.dialect(), changes, conditions))
}

fn read(row: &Found<'_>) -> Result<Row> {
    let text = |at: usize| row.text(at).map(str::to_owned);
    Ok(Row {
        id: text(0)?,
        collection_id: text(1)?,
        record_id: text(2)?,
        user_handle: text(3)?,
        credential: text(4)?,
        name: text(5)?,
        second_factor: row.get(6)? == SqlValueRef::Integer(1),
        created: text(7)?,
        last_used: text(8)?,
    })
}
