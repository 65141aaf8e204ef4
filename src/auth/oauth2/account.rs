//! Which account somebody gets whom a provider knows: the one that is linked, the one they are signed in to, the one
//! with their address, or a new one.
//!
//! Called by the app, first in a snapshot ([`plan`], which says what passwords have to be hashed) and then in the
//! transaction that signs them in ([`settle`]). Invariant: an account whose address nobody has proved may have been
//! made by somebody who waits for the address's owner. When that owner comes, whom only the address leads there,
//! everything goes by which others could get in. Whoever comes by a link that the account has already is no newcomer:
//! a provider is one way in, and must not remove the second factors that stand behind it.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::Identity;
use crate::base::{Error, FieldError, Result, Secret, SqlValue, ids};
use crate::domain::principal::{CREDENTIAL_TABLES, SUPERUSERS_ID};
use crate::domain::{Collection, Context, FieldKind, Principal, Record, RequestInfo, Value};
use crate::query::table::{Table, Where};
use crate::records::{self, Cx, Draft, Find, Proof};
use crate::store::{ReadTx, WriteTx};

/// The collection of links.
const LINKS: &str = "_externalAuths";
/// Characters of passwords that nobody knows.
const UNKNOWN_PASSWORD_CHARS: usize = 30;

/// Somebody at a provider, for one collection.
pub struct Arrival {
    /// The auth collection, by id or name.
    pub collection: String,
    /// The provider's name.
    pub provider: String,
    /// Who it is.
    pub identity: Identity,
    /// What a new account is to have.
    pub create_data: Map<String, Json>,
}

/// What led to an account that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FoundBy {
    /// It is linked to the person at the provider.
    Link,
    /// The caller is signed in to it.
    SignIn,
    /// It has the address that the provider vouches for.
    Email,
}

/// What has to be done outside of the transaction.
pub enum Work {
    /// Nothing.
    None,
    /// The account gets a password that nobody knows.
    Password(u32),
    /// A new account is made of this body.
    Create(Map<String, Json>, Box<Draft>),
}

/// What was done.
#[derive(Default)]
pub struct Done {
    /// The hash of the password that nobody knows.
    pub password_hash: Option<Secret>,
    /// The body of the new account, and the hashes of its passwords.
    pub create: Option<(Map<String, Json>, Proof)>,
}

/// A password that nobody knows.
pub fn unknown_password() -> Secret {
    Secret::new(ids::random_text(ids::SECRET_ALPHABET, UNKNOWN_PASSWORD_CHARS))
}

/// What has to be prepared for [`settle`].
///
/// # Errors
/// 404 for a collection that is gone; for a new account, what keeps it from being made.
pub fn plan(tx: &ReadTx<'_>, cx: &Cx<'_>, arrival: &Arrival) -> Result<Work> {
    let collection = crate::auth::sign_in::find_auth_collection(tx, &arrival.collection)?;
    if let Some((record, _)) = find(tx, cx, collection, arrival)? {
        return Ok(match loses_password(cx, &record) {
            true => Work::Password(password_cost(collection)),
            false => Work::None,
        });
    }
    if collection.id == SUPERUSERS_ID {
        return Err(Error::invalid("Superusers aren't made by signing in."));
    }
    let body = body(tx, cx, collection, arrival)?;
    let request = creation(cx, body.clone());
    let draft = records::draft_create(tx, &Cx { request: &request, ..*cx }, &collection.name)?;
    Ok(Work::Create(body, Box::new(draft)))
}

/// The account, linked to the provider; and whether it is new.
///
/// # Errors
/// As [`plan`]; 503 if somebody else changed the account since then, in which case trying again will do.
pub fn settle(tx: &mut WriteTx<'_>, cx: &Cx<'_>, arrival: &Arrival, done: Done) -> Result<(Record, bool)> {
    let collection = crate::auth::sign_in::find_auth_collection(tx, &arrival.collection)?.clone();
    let (record, is_new) = match find(tx, cx, &collection, arrival)? {
        Some((record, by)) => (take_over(tx, cx, record, by, arrival, done.password_hash)?, false),
        None => {
            let (body, proof) = done.create.ok_or_else(stale)?;
            let request = creation(cx, body);
            let record = records::create_record(tx, &Cx { request: &request, ..*cx }, &collection.name, proof)?;
            // Nobody has a way in yet, so the provider's word for the address is enough; of no address as well.
            let verified = record.text("email") == arrival.identity.verified_email();
            let changes = [("verified", Value::Bool(true))];
            (if verified { records::change(tx, cx, &record, &changes)? } else { record }, true)
        }
    };
    link(tx, cx, &record, arrival)?;
    Ok((record, is_new))
}

fn stale() -> Error {
    Error::unavailable("The account changed at the same moment; try again.")
}

/// The account that somebody has already.
///
/// # Errors
/// 400 `providerId: validation_required` for somebody whom even the provider doesn't know.
fn find(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    arrival: &Arrival,
) -> Result<Option<(Record, FoundBy)>> {
    let with = |id: &str, by| {
        records::find(tx, cx, collection, Find::Id, SqlValue::from(id)).map(|record| record.map(|record| (record, by)))
    };
    if arrival.identity.id.is_empty() {
        return Err(Error::field("providerId", FieldError::required()));
    }
    for link in links_of(tx, cx, "providerId", &arrival.identity.id)? {
        if link.text("provider") == arrival.provider && link.text("collectionRef") == collection.id {
            return with(link.text("recordRef"), FoundBy::Link);
        }
    }
    // A key that is limited to some collections isn't the person, so it can't be linked to another identity of theirs.
    if let Principal::Record(record) = cx.principal
        && record.collection().id == collection.id
    {
        return with(record.id(), FoundBy::SignIn);
    }
    let record = by_email(tx, cx, collection, arrival.identity.verified_email())?;
    Ok(record.map(|record| (record, FoundBy::Email)))
}

/// The account with this address, in any letter case if the collection doesn't tell them apart.
fn by_email(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>, email: &str) -> Result<Option<Record>> {
    let Some(position) = collection.position("email").filter(|_| !email.is_empty()) else { return Ok(None) };
    let by = if ignores_case(collection) { Find::EqualNoCase(position) } else { Find::Equal(position) };
    records::find(tx, cx, collection, by, SqlValue::from(email))
}

fn ignores_case(collection: &Collection) -> bool {
    collection.unique_index_on("email").is_some_and(|index| index.nocase)
}

fn same_email(collection: &Collection, a: &str, b: &str) -> bool {
    a == b || ignores_case(collection) && a.eq_ignore_ascii_case(b)
}

/// Whether the account gets another password, and with it another token key: nobody has proved that they own its
/// address, and whoever comes isn't signed in to it.
fn loses_password(cx: &Cx<'_>, record: &Record) -> bool {
    let signed_in =
        matches!(cx.principal, Principal::Record(_)) && cx.principal.is(&record.collection().id, record.id());
    !record.truth("verified") && !signed_in
}

fn password_cost(collection: &Collection) -> u32 {
    match collection.field("password").map(|field| &field.kind) {
        Some(FieldKind::Password(options)) => options.effective_cost(),
        _ => bcrypt::DEFAULT_COST,
    }
}

/// An existing account made that of the person who comes.
fn take_over(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    record: Record,
    by: FoundBy,
    arrival: &Arrival,
    password_hash: Option<Secret>,
) -> Result<Record> {
    if record.truth("verified") && !record.text("email").is_empty() {
        return Ok(record);
    }
    let collection = record.collection().clone();
    let mut changes: Vec<(&str, Value)> = Vec::new();
    if loses_password(cx, &record) {
        let hash = password_hash.ok_or_else(stale)?;
        changes.push(("password", Value::Text(hash.expose().to_owned())));
    }
    if by == FoundBy::Email {
        for table in CREDENTIAL_TABLES {
            let owner =
                [Where::Is("collectionRef", collection.id.as_str().into()), Where::Is("recordRef", record.id().into())];
            tx.execute(&Table::new(table).delete(cx.plans.dialect(), &owner))?;
        }
    }
    let (own, email) = (record.text("email"), arrival.identity.verified_email());
    if !record.truth("verified") {
        // Of an account that is linked already, the other links are of the same person.
        let others = if by == FoundBy::Link { Vec::new() } else { links_of(tx, cx, "recordRef", record.id())? };
        for link in others {
            if link.text("collectionRef") == collection.id {
                records::remove(tx, cx, &link)?;
            }
        }
        if own.is_empty() || same_email(&collection, own, email) {
            changes.push(("verified", Value::Bool(true)));
        }
    }
    // An address that another account has stays there.
    if own.is_empty() && !email.is_empty() && by_email(tx, cx, &collection, email)?.is_none() {
        changes.push(("email", Value::Text(email.to_owned())));
    }
    match by {
        _ if changes.is_empty() => Ok(record),
        FoundBy::Link => records::change_of_owner(tx, cx, &record, &changes),
        FoundBy::SignIn | FoundBy::Email => records::change(tx, cx, &record, &changes),
    }
}

/// Links the account to the provider, unless it is.
fn link(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, arrival: &Arrival) -> Result<()> {
    let collection_id = record.collection().id.as_str();
    let values = [
        ("collectionRef", collection_id),
        ("recordRef", record.id()),
        ("provider", arrival.provider.as_str()),
        ("providerId", arrival.identity.id.as_str()),
    ];
    let known = links_of(tx, cx, "providerId", &arrival.identity.id)?;
    if known.iter().any(|link| values.iter().all(|(name, value)| link.text(name) == *value)) {
        return Ok(());
    }
    let values = values.map(|(name, value)| (name, Value::Text(value.to_owned())));
    records::insert(tx, cx, LINKS, &values).map(|_| ())
}

fn links_of(tx: &ReadTx<'_>, cx: &Cx<'_>, field: &str, value: &str) -> Result<Vec<Record>> {
    let links = records::find_collection(tx.schema(), LINKS)?.clone();
    let position = links.position(field).ok_or_else(|| Error::internal(format!("{LINKS} has no field {field}")))?;
    records::find_all(tx, cx, &links, Find::Equal(position), SqlValue::from(value))
}

/// The request that makes the new account, as rules see it.
fn creation(cx: &Cx<'_>, body: Map<String, Json>) -> RequestInfo {
    RequestInfo { method: "POST".to_owned(), context: Context::OAuth2, body, ..cx.request.clone() }
}

/// The body of a new account: what the client sent, and what the provider says where the client said nothing.
fn body(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>, arrival: &Arrival) -> Result<Map<String, Json>> {
    let identity = &arrival.identity;
    let mapped = collection.auth().map(|options| options.oauth2.mapped_fields.clone()).unwrap_or_default();
    let mut body = arrival.create_data.clone();
    let blank = |json: &Json| json.is_null() || json.as_str() == Some("");
    if body.get("email").is_none_or(blank) && !identity.email.is_empty() {
        body.insert("email".to_owned(), Json::from(identity.email.as_str()));
    }
    for (field, text) in
        [(&mapped.id, &identity.id), (&mapped.name, &identity.name), (&mapped.avatar_url, &identity.avatar_url)]
    {
        // A picture can't be stored in a field for files yet; its address would be no valid name there.
        let takes_text = collection.field(field).is_some_and(|field| !matches!(field.kind, FieldKind::File(_)));
        if takes_text && !text.is_empty() && !body.contains_key(field) {
            body.insert(field.clone(), Json::from(text.as_str()));
        }
    }
    if !body.contains_key(&mapped.username) && is_free(tx, cx, collection, &mapped.username, &identity.username)? {
        body.insert(mapped.username.clone(), Json::from(identity.username.as_str()));
    }
    if !body.contains_key("password") {
        let password = unknown_password();
        for key in ["password", "passwordConfirm"] {
            body.insert(key.to_owned(), Json::from(password.expose()));
        }
    }
    Ok(body)
}

/// Whether a name is good for a field and nobody has it.
fn is_free(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    field_name: &str,
    username: &str,
) -> Result<bool> {
    let Some(position) = collection.position(field_name).filter(|_| !username.is_empty()) else { return Ok(false) };
    let field = &collection.fields[position];
    if field.check(&field.coerce(&Json::from(username))).is_err() {
        return Ok(false);
    }
    let Some(index) = collection.unique_index_on(field_name) else { return Ok(true) };
    let by = if index.nocase { Find::EqualNoCase(position) } else { Find::Equal(position) };
    Ok(records::find(tx, cx, collection, by, SqlValue::from(username))?.is_none())
}
