//! Whether signing in takes a second step, and the rows of `_mfas` that stand between the two steps.
//!
//! A second step is asked for by the collection (two of its methods, in any order), by the account (which has an
//! authenticator app, or a passkey marked for this) or, for superusers, by the configuration. A factor of the account
//! counts as the other method; but where the account has factors, no other method counts as one. Called by
//! [`sign_in::finish`](super::sign_in::finish) for every way to sign in. Not here: what is right or wrong about a code
//! (`totp`, `recovery`, `passkeys`), and how often it may be tried (`attempts`).

use std::sync::Arc;

use serde::Serialize;

use super::factors::{self, Factor};
use super::sign_in::{Method, SignIn};
use super::token;
use crate::base::limits::SECOND_STEP_SECONDS;
use crate::base::{Error, Result, SqlValue, Timestamp};
use crate::domain::{Record, RuleKind, TokenKind, Value};
use crate::query::table::{Table, Where};
use crate::records::{self, Cx, Find};
use crate::store::{ReadTx, WriteTx};

const MFAS: &str = "_mfas";

/// What is still to be shown, as the body of the 401 says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Demand {
    /// What names this sign-in in its second step.
    pub mfa_id: String,
    /// The account's own factors, one of which is needed; `None` if it has none and another method of the collection
    /// will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factors: Option<Vec<Factor>>,
    /// Whether the account has to set up a factor now. `mfa_id` opens the endpoints for that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enroll: bool,
}

impl Demand {
    /// The body of the answer.
    pub fn body(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }
}

/// A sign-in whose first step was made.
pub struct Pending {
    /// The id of its row.
    pub id: String,
    /// Whose it is.
    pub account: Record,
    /// What the first step was.
    method: String,
}

/// What has to be shown besides what this step has shown; `None` if that is enough.
///
/// # Errors
/// 400 for a second step that doesn't fit the first.
pub fn demand(tx: &mut WriteTx<'_>, cx: &Cx<'_>, step: &SignIn<'_>) -> Result<Option<Demand>> {
    let record = &step.record;
    if step.method.is_factor() {
        // A passkey by itself is two factors: something that somebody has, opened by something they know or are.
        return match step.mfa_id {
            Some(id) => take(tx, cx, step, id).map(|()| None),
            None if step.method == Method::Passkey => Ok(None),
            None => Err(unknown()),
        };
    }
    let factors = factors::demanded(tx, cx, record)?;
    if !factors.is_empty() {
        let mfa_id = match step.mfa_id {
            Some(id) => fitting(tx, cx, step, id)?.id,
            None => begin(tx, cx, record, step.method)?,
        };
        return Ok(Some(Demand { mfa_id, factors: Some(factors), enroll: false }));
    }
    if collection_wants(tx, cx, record)? {
        match step.mfa_id {
            Some(id) => take(tx, cx, step, id)?,
            None => {
                let mfa_id = begin(tx, cx, record, step.method)?;
                return Ok(Some(Demand { mfa_id, factors: None, enroll: false }));
            }
        }
    }
    if factors::is_required(record, step.superusers.need_factor) {
        let id = begin(tx, cx, record, step.method)?;
        return Ok(Some(Demand { mfa_id: ticket(record, &id)?, factors: Some(factors), enroll: true }));
    }
    Ok(None)
}

/// The sign-in that a second step names.
///
/// # Errors
/// 400 if there is none, or it has expired, or it is of another collection.
pub fn pending(tx: &ReadTx<'_>, cx: &Cx<'_>, collection_id: &str, id: &str) -> Result<Pending> {
    find(tx, cx, id)?.filter(|pending| pending.account.collection().id == collection_id).ok_or_else(unknown)
}

/// The sign-in that waits for its account to set up a factor. What names it carries a seal, because ids of rows can be
/// read through the interface by more people than should be able to do this.
///
/// # Errors
/// 400 if there is none, or it has expired, or meanwhile the account has a factor.
pub fn enrolling(tx: &ReadTx<'_>, cx: &Cx<'_>, sealed: &str) -> Result<Pending> {
    let id = sealed.split('.').next().unwrap_or_default();
    let pending = find(tx, cx, id)?.ok_or_else(unknown)?;
    let is_sealed = token::same(&ticket(&pending.account, &pending.id)?, sealed);
    if !is_sealed || !factors::demanded(tx, cx, &pending.account)?.is_empty() {
        return Err(unknown());
    }
    Ok(pending)
}

/// Ends a sign-in before its second step.
pub fn give_up(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str) -> Result<()> {
    tx.execute(&Table::new(MFAS).delete(cx.plans.dialect(), &[Where::Is("id", id.into())])).map(|_| ())
}

/// Deletes the rows of sign-ins that have waited too long for their second step.
pub fn forget_expired(tx: &mut WriteTx<'_>, cx: &Cx<'_>) -> Result<()> {
    let schema = tx.schema().clone();
    for collection in schema.collections().iter().filter(|collection| collection.is_auth()) {
        let oldest = tx.now().plus_seconds(-seconds(&Record::blank(collection.clone()))).to_string();
        let conditions =
            [Where::Is("collectionRef", collection.id.as_str().into()), Where::Below("created", oldest.into())];
        tx.execute(&Table::new(MFAS).delete(cx.plans.dialect(), &conditions))?;
    }
    Ok(())
}

/// Whether the collection asks this account for two of its methods.
fn collection_wants(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<bool> {
    match record.collection().auth().filter(|options| options.mfa.enabled) {
        Some(options) => records::matches_rule(tx, cx, record, RuleKind::Mfa, &options.mfa.rule),
        None => Ok(false),
    }
}

fn begin(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, method: Method) -> Result<String> {
    let text = |text: &str| Value::Text(text.to_owned());
    let row = [
        ("collectionRef", text(&record.collection().id)),
        ("recordRef", text(record.id())),
        ("method", text(method.name())),
    ];
    Ok(records::insert(tx, cx, MFAS, &row)?.id().to_owned())
}

/// Ends a sign-in by its second step.
fn take(tx: &mut WriteTx<'_>, cx: &Cx<'_>, step: &SignIn<'_>, id: &str) -> Result<()> {
    let pending = fitting(tx, cx, step, id)?;
    give_up(tx, cx, &pending.id)
}

/// The sign-in that a step is the second of.
fn fitting(tx: &ReadTx<'_>, cx: &Cx<'_>, step: &SignIn<'_>, id: &str) -> Result<Pending> {
    let (collection, record) = (&step.record.collection().id, step.record.id());
    let pending = pending(tx, cx, collection, id)?;
    if pending.account.id() != record {
        return Err(unknown());
    }
    if pending.method == step.method.name() {
        return Err(Error::invalid("The second step must be made by another method than the first."));
    }
    Ok(pending)
}

fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, id: &str) -> Result<Option<Pending>> {
    let mfas = records::find_collection(tx.schema(), MFAS)?;
    let Some(row) = records::find(tx, cx, mfas, Find::Id, SqlValue::from(id))? else { return Ok(None) };
    let Some(collection) = tx.schema().by_id(row.text("collectionRef")).filter(|collection| collection.is_auth())
    else {
        return Ok(None);
    };
    let collection = Arc::clone(collection);
    let Some(account) = records::find(tx, cx, &collection, Find::Id, SqlValue::from(row.text("recordRef")))? else {
        return Ok(None);
    };
    let ends = Timestamp::parse(row.text("created")).map(|created| created.plus_seconds(seconds(&account)));
    let is_live = ends.is_some_and(|ends| ends > tx.now());
    Ok(is_live.then(|| Pending { id: row.id().to_owned(), account, method: row.text("method").to_owned() }))
}

/// How long a sign-in waits for its second step.
fn seconds(record: &Record) -> i64 {
    match record.collection().auth() {
        Some(options) if options.mfa.enabled => options.mfa.duration,
        _ => SECOND_STEP_SECONDS,
    }
}

fn ticket(account: &Record, id: &str) -> Result<String> {
    Ok(format!("{id}.{}", token::seal(account, TokenKind::Auth, &format!("enroll {id}"))?))
}

fn unknown() -> Error {
    Error::invalid("There is no such sign-in, or it took too long. Begin again.")
}
