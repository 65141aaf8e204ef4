//! Updating a record.

use super::auth_form::{AuthForm, Who};
use super::condition::{self, Shown, show};
use super::create::take_passwords;
use super::draft::{Draft, Proof};
use super::files::{self, FileChanges};
use super::plans::Find;
use super::{Cx, access, changes, find_collection, input, read, validate};
use crate::base::{Error, Result, SqlValue, ids};
use crate::domain::field::autodate::AutodateOptions;
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Action, Credential, Event, FieldKind, Record, RuleKind, Value};
use crate::query::mutate;
use crate::query::table::{Table, Where};
use crate::store::{ReadTx, WriteTx};

/// Fields by which an account is entered.
const OWN_CREDENTIALS: [&str; 3] = ["password", "email", "tokenKey"];

/// Decides everything about a change: access by the stored record, values, validity. Writes nothing.
///
/// # Errors
/// 404 unknown collection or record, or the update rule doesn't hold; 403 only superusers may; 412 if `If-Match` names
/// another state of the record; 400 for a view and with the code of each field that isn't acceptable.
pub fn draft(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, id: &str) -> Result<Draft> {
    let collection = find_collection(tx.schema(), collection)?;
    if collection.is_view() {
        return Err(Error::invalid("Records of a view can't be written."));
    }
    let access = access::decide(cx.principal, collection, RuleKind::Update)?;
    access::check_key(cx, collection)?;
    let old = read::find(tx, cx, collection, Find::Id, SqlValue::from(id))?.ok_or_else(Error::not_found)?;
    let submitted = input::submitted(collection, &old, cx.request, cx.principal);
    if access.rule().is_some() {
        read::find_reachable(tx, cx, collection, RuleKind::Update, access, id, Some(&submitted))?;
    }
    condition::check(tx, cx, &old)?;
    let mut old_password = None;
    if collection.is_auth() {
        let who = Who { manager: is_manager(tx, cx, &old)?, guarded: is_guarded(tx, cx, &old)? };
        old_password = AuthForm::new(&submitted, who).check_update(&old)?;
    }
    let mut record = old.clone();
    for (at, value) in submitted.values.into_iter().enumerate() {
        if let Some(value) = value {
            record.set_at(at, value);
        }
    }
    validate::check_record(tx, cx, &record, Some(&old))?;
    settle(&mut record, &old, tx);
    let changed: Vec<usize> = (0..collection.fields.len()).filter(|at| record.at(*at) != old.at(*at)).collect();
    check_own_credentials(cx, &record, &changed)?;
    let passwords = take_passwords(&mut record, |at| changed.contains(&at));
    let files = FileChanges::between(Some(&old), &record);
    Ok(Draft { record, changed, passwords, old_password, files })
}

/// Updates a record and returns it as the caller sees it.
///
/// # Errors
/// As [`draft`]; `validation_not_unique` if a unique index says no.
pub fn update(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    collection: &str,
    id: &str,
    expand: Option<&str>,
    proof: Proof,
) -> Result<Shown> {
    let mut draft = draft(tx, cx, collection, id)?;
    draft.apply(proof)?;
    let record = store(tx, cx, draft)?;
    show(tx, cx, &record, expand)
}

/// Gives fields of a stored record other values, whatever the rules say, and returns the record as it is then. For
/// what the program decides by itself; all that follows from such a change, such as a new token key after a new
/// password, follows here too.
///
/// # Errors
/// `validation_not_unique` if a unique index says no.
pub fn change(tx: &mut WriteTx<'_>, cx: &Cx<'_>, old: &Record, changes: &[(&str, Value)]) -> Result<Record> {
    let draft = changed(tx, old, changes);
    store(tx, cx, draft)
}

/// The same for an account that is already known to be that of whoever comes: if its address is verified now, links and
/// second factors stay, because they are theirs.
///
/// # Errors
/// As [`change`].
pub fn change_of_owner(tx: &mut WriteTx<'_>, cx: &Cx<'_>, old: &Record, changes: &[(&str, Value)]) -> Result<Record> {
    let draft = changed(tx, old, changes);
    write(tx, cx, draft)
}

fn changed(tx: &ReadTx<'_>, old: &Record, changes: &[(&str, Value)]) -> Draft {
    let mut record = old.clone();
    for (name, value) in changes {
        record.set(name, value.clone());
    }
    settle(&mut record, old, tx);
    let changed = (0..record.values().len()).filter(|at| record.at(*at) != old.at(*at)).collect();
    let files = FileChanges::between(Some(old), &record);
    Draft { record, changed, passwords: Vec::new(), old_password: None, files }
}

/// Writes what a draft changes that needs no proof any more, and what follows from it; returns the record as it is
/// then.
///
/// # Errors
/// `validation_not_unique` if a unique index says no.
pub fn store(tx: &mut WriteTx<'_>, cx: &Cx<'_>, mut draft: Draft) -> Result<Record> {
    draft.check_proven()?;
    unlink_when_verified(tx, cx, &mut draft)?;
    write(tx, cx, draft)
}

/// The same without what follows from a step to verified.
fn write(tx: &mut WriteTx<'_>, cx: &Cx<'_>, mut draft: Draft) -> Result<Record> {
    if draft.changed.is_empty() {
        // Whoever has asked for this may wait to hear of it.
        changes::announce(tx, Action::Update, &draft.record);
        return Ok(draft.record);
    }
    let key = draft.record.collection().position("tokenKey").filter(|at| !draft.changed.contains(at));
    let was_enabled = key.is_some() && read::satisfies_auth_rule(tx, cx, &draft.record)?;
    let update = mutate::update(cx.plans.dialect(), &draft.record, &draft.changed);
    tx.execute(&update).map_err(validate::unique_fault)?;
    files::follow(tx, cx, &draft.record, &draft.files)?;
    // An account that satisfied the auth rule and doesn't any more is disabled: whatever it is signed in with ends now,
    // not only when it has to be renewed.
    if let Some(at) = key
        && was_enabled
        && !read::satisfies_auth_rule(tx, cx, &draft.record)?
    {
        draft.record.set_at(at, Value::Text(ids::secret()));
        draft.changed.push(at);
        tx.execute(&mutate::update(cx.plans.dialect(), &draft.record, &[at]))?;
    }
    forget_credentials(tx, cx, &draft)?;
    changes::announce(tx, Action::Update, &draft.record);
    Ok(draft.record)
}

/// Whether the caller may do to this account what else only its owner may, and more: the manage rule.
pub fn is_manager(tx: &ReadTx<'_>, cx: &Cx<'_>, old: &Record) -> Result<bool> {
    if cx.principal.is_superuser() {
        return Ok(true);
    }
    match old.collection().rule(RuleKind::Manage) {
        Some(rule) if !rule.is_empty() && cx.principal.record().is_some() => {
            read::matches_rule(tx, cx, old, RuleKind::Manage, rule)
        }
        _ => Ok(false),
    }
}

/// Whether the caller changes their own account, and it has second factors.
fn is_guarded(tx: &ReadTx<'_>, cx: &Cx<'_>, old: &Record) -> Result<bool> {
    let (collection_id, record_id) = (old.collection().id.as_str(), old.id());
    if !cx.principal.is(collection_id, record_id) {
        return Ok(false);
    }
    let rows = [Where::Is("collectionRef", collection_id.into()), Where::Is("recordRef", record_id.into())];
    for table in ["_totps", "_passkeys"] {
        let select = Table::new(table).select(cx.plans.dialect(), &["recordRef"], &rows);
        if tx.first(&select, |_| Ok(()))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An API key doesn't change what its owner signs in with: whoever finds one must not get the account.
fn check_own_credentials(cx: &Cx<'_>, record: &Record, changed: &[usize]) -> Result<()> {
    let collection = record.collection();
    let by_own_key = matches!(cx.credential, Credential::Key(_)) && cx.principal.is(&collection.id, record.id());
    let touches = |name: &&str| collection.position(name).is_some_and(|at| changed.contains(&at));
    if by_own_key && OWN_CREDENTIALS.iter().any(touches) {
        return Err(Error::forbidden("An API key can't change what its owner signs in with."));
    }
    Ok(())
}

/// What the server sets by itself: dates, a new token key after a new password or e-mail, or whatever else the
/// collection names as a change that sessions must not outlive.
fn settle(record: &mut Record, old: &Record, tx: &ReadTx<'_>) {
    let collection = record.collection().clone();
    for (at, field) in collection.fields.iter().enumerate() {
        if let FieldKind::Autodate(AutodateOptions { on_update: true, .. }) = &field.kind {
            record.set_at(at, Value::Text(tx.now().to_string()));
        }
    }
    if collection.id == SUPERUSERS_ID {
        record.set("verified", Value::Bool(true));
    }
    let differs = |name: &str| record.get(name) != old.get(name);
    let Some(options) = collection.auth() else { return };
    let ends = ["password", "email"].into_iter().chain(options.sessions.end_on_change.iter().map(String::as_str));
    if ends.into_iter().any(differs) && !differs("tokenKey") {
        record.set("tokenKey", Value::Text(ids::secret()));
    }
}

/// What was linked or set up before the address was verified may be somebody else's, who signed up with an address that
/// isn't theirs: it goes with the step to verified, and the tokens that it gave with it.
fn unlink_when_verified(tx: &mut WriteTx<'_>, cx: &Cx<'_>, draft: &mut Draft) -> Result<()> {
    let collection = draft.record.collection().clone();
    let changed = |name: &str| collection.position(name).filter(|at| draft.changed.contains(at));
    if !collection.is_auth() || changed("verified").is_none() || !draft.record.truth("verified") {
        return Ok(());
    }
    let mut removed = 0;
    for table in ["_externalAuths", "_passkeys", "_totps", "_recoveryCodes"] {
        removed += changes::delete_references(tx, cx, table, &draft.record)?;
    }
    if removed > 0
        && changed("tokenKey").is_none()
        && let Some(at) = collection.position("tokenKey")
    {
        draft.record.set_at(at, Value::Text(ids::secret()));
        draft.changed.push(at);
    }
    Ok(())
}

/// Ends what a changed credential must not outlive: second factors and known devices with the password, one-time
/// codes with the token key.
fn forget_credentials(tx: &mut WriteTx<'_>, cx: &Cx<'_>, draft: &Draft) -> Result<()> {
    let collection = draft.record.collection();
    if !collection.is_auth() {
        return Ok(());
    }
    let changed = |name: &str| collection.position(name).is_some_and(|at| draft.changed.contains(&at));
    let mut tables = Vec::new();
    if changed("password") {
        tables.extend(["_mfas", "_authOrigins"]);
    }
    if changed("tokenKey") {
        tables.push("_otps");
        let (collection_id, record_id) = (collection.id.clone(), draft.record.id().to_owned());
        tx.announce(Event::IdentityEnded { collection_id, record_id });
    }
    for table in tables {
        changes::delete_references(tx, cx, table, &draft.record)?;
    }
    Ok(())
}
