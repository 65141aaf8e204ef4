//! Create, update and delete of one collection. Each is part of the caller's transaction: it happens wholly or not.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::merge::{Body, free_id, merge};
use super::normalize::normalize;
use super::rename::Renames;
use super::tables::{self, TableChange};
use super::validate::{Site, validate};
use super::view_strings::mend_texts;
use super::{blank, storage, views};
use crate::base::{Error, FieldError, FieldErrors, Result, ids};
use crate::domain::principal::{CREDENTIAL_COLLECTIONS, CREDENTIAL_TABLES};
use crate::domain::{Collection, CollectionKind, Event, Field, Schema};
use crate::files::ledger;
use crate::query::ddl::catalog;
use crate::query::dialect::Dialect;
use crate::store::{ReadTx, WriteTx};

/// Whether a change may be made, asked with the collection as it is stored, if it is, and as the client wants it. Asked
/// before anything follows from that: not even a view's query has been tried.
pub type Allow<'a> = &'a dyn Fn(Option<&Collection>, &Collection) -> Result<()>;

/// Makes a collection from a client's JSON.
///
/// # Errors
/// 400, with field errors where the shape of the body is right; what `allow` says.
pub fn create(tx: &mut WriteTx<'_>, body: &Map<String, Json>, allow: Allow<'_>) -> Result<Arc<Collection>> {
    let body = Body::new(body);
    let type_name = body.text("type")?.unwrap_or_default();
    let mut draft = blank::collection(&type_name);
    merge(&mut draft, &body)?;
    allow(None, &draft)?;
    draft.id = body.text("id")?.unwrap_or_default();
    if draft.id.is_empty() {
        draft.id = generated_id(&draft, tx.schema());
    }
    draft.created = tx.now().to_string();
    let refused_type = (!matches!(type_name.as_str(), "" | "base" | "auth" | "view")).then_some(type_name);
    save(tx, None, draft, &body, refused_type.as_deref())
}

/// Lays a client's JSON over a stored collection, found by id or name.
///
/// # Errors
/// 404 if there is none; 400, with field errors where the shape of the body is right; what `allow` says.
pub fn update(
    tx: &mut WriteTx<'_>,
    id_or_name: &str,
    body: &Map<String, Json>,
    allow: Allow<'_>,
) -> Result<Arc<Collection>> {
    let old = tx.schema().find(id_or_name).cloned().ok_or_else(Error::not_found)?;
    let body = Body::new(body);
    let mut draft = (*old).clone();
    merge(&mut draft, &body)?;
    allow(Some(&old), &draft)?;
    if body.text("id")?.is_some_and(|id| id != old.id) {
        return Err(Error::invalid("The id of a collection can't change."));
    }
    if body.has("created") {
        // A date that can't be read is no date, as in records.
        let sent = Json::String(body.text("created")?.unwrap_or_default());
        let date = blank::field(serde_json::json!({"type": "date", "name": "created"}));
        draft.created = date.coerce(&sent).as_text().to_owned();
    }
    let refused_type = body.text("type")?.filter(|sent| !sent.is_empty() && *sent != old.kind.name());
    save(tx, Some(old), draft, &body, refused_type.as_deref())
}

/// `pbc_` and the checksum of type and name, or with a number behind it if that is taken.
pub fn generated_id(collection: &Collection, schema: &Schema) -> String {
    let checksum = ids::checksum(&format!("{}{}", collection.kind.name(), collection.name));
    free_id(&format!("pbc_{checksum}"), |id| schema.by_id(id).is_some())
}

fn save(
    tx: &mut WriteTx<'_>,
    old: Option<Arc<Collection>>,
    mut draft: Collection,
    body: &Body<'_>,
    refused_type: Option<&str>,
) -> Result<Arc<Collection>> {
    let schema = tx.schema().clone();
    let renames = Renames::between(old.as_deref().map(|old| (old, &draft)));
    if let Some(old) = &old {
        renames.apply(&schema, old, &mut draft, |key| body.has(key));
    }
    normalize(&mut draft, old.as_deref());
    draft.updated = tx.now().to_string();
    let mut errors = derive_view(tx, &schema, old.as_deref(), &mut draft)?;
    let draft = Arc::new(draft);
    let followers = followers(tx, &renames, |id| id != draft.id);
    let next = followers.iter().cloned().chain([draft.clone()]).fold(schema.clone(), |s, c| Arc::new(s.with(c)));
    errors.merge(validate(&draft, Site { old: old.as_deref(), schema: &next, stored: &schema, refused_type }));
    errors.check("name", check_free_name(tx, old.as_deref(), &draft, &errors)?);
    if draft.is_view() && errors.names().any(|name| name == "fields") && errors.code("viewQuery").is_none() {
        // Whoever writes a view writes its query, so that is where the mistake is to be found.
        errors.add("viewQuery", views::invalid_query("some of its columns can't be fields"));
    }
    errors.into_result("The collection couldn't be saved.")?;
    let worked = if drops_fields(old.as_deref(), &draft) { views::working(tx, &schema)? } else { Vec::new() };
    store_change(tx, old.clone(), draft.clone(), &followers, &next)?;
    check_still_work(tx, &next, &worked, "has fields from what is to be dropped")?;
    let refreshed = views::refresh(tx, Schema::new(next.collections().to_vec()))?;
    let saved = refreshed.by_id(&draft.id).cloned().unwrap_or(draft);
    let secret =
        |collection: Option<&Collection>| collection.and_then(Collection::auth).map(|o| o.auth_token.secret.clone());
    if old.is_some() && secret(old.as_deref()) != secret(Some(&saved)) {
        tx.announce(Event::IdentitiesEnded { collection_id: saved.id.clone() });
    }
    tx.set_schema(Arc::new(refreshed));
    Ok(saved)
}

/// Other collections that mention what got a new name, rewritten, which is a change of theirs; `concerns` picks by id.
pub fn followers(tx: &WriteTx<'_>, renames: &Renames, concerns: impl Fn(&str) -> bool) -> Vec<Arc<Collection>> {
    if renames.is_empty() {
        return Vec::new();
    }
    let (schema, now) = (tx.schema(), tx.now().to_string());
    let others = schema.collections().iter().filter(|collection| concerns(&collection.id));
    others
        .filter_map(|collection| {
            let mut changed = (**collection).clone();
            renames.apply(schema, collection, &mut changed, |_| false);
            (changed != **collection).then(|| Arc::new(Collection { updated: now.clone(), ..changed }))
        })
        .collect()
}

/// The fields of a view follow from its query. A query that can't be used leaves no fields.
fn derive_view(
    tx: &ReadTx<'_>,
    schema: &Schema,
    old: Option<&Collection>,
    draft: &mut Collection,
) -> Result<FieldErrors> {
    let mut errors = FieldErrors::new();
    let is_known = old.is_some_and(|old| old.kind == draft.kind);
    let CollectionKind::View(query) = &mut draft.kind else { return Ok(errors) };
    if is_known || query.trim().is_empty() {
        return Ok(errors);
    }
    *query = mend_texts(tx, query)?;
    let known = std::mem::take(&mut draft.fields);
    match views::try_query(tx, schema, query, &known)? {
        Ok(derived) => draft.fields = derived.fields,
        Err(refusal) => {
            draft.fields = refusal.fields;
            errors.add("viewQuery", views::invalid_query(&refusal.reason));
        }
    }
    Ok(errors)
}

/// Tables share their names with indexes and with the program's own tables.
pub fn check_free_name(
    tx: &ReadTx<'_>,
    old: Option<&Collection>,
    draft: &Collection,
    errors: &FieldErrors,
) -> Result<Result<(), FieldError>> {
    let keeps = old.is_some_and(|old| old.name.eq_ignore_ascii_case(&draft.name));
    let owned = tx.schema().collections().iter().any(|c| c.name.eq_ignore_ascii_case(&draft.name));
    if keeps || owned || errors.code("name").is_some() || !tx.exists(&catalog::name_exists(&draft.name))? {
        return Ok(Ok(()));
    }
    let message = "The database uses this name for something else.";
    Ok(Err(FieldError::new("validation_collection_name_invalid", message)))
}

/// Changes tables and views and stores the rows.
fn store_change(
    tx: &mut WriteTx<'_>,
    old: Option<Arc<Collection>>,
    draft: Arc<Collection>,
    followers: &[Arc<Collection>],
    next: &Schema,
) -> Result<()> {
    let view_changes =
        draft.is_view() && old.as_ref().is_none_or(|old| old.name != draft.name || old.kind != draft.kind);
    let views_change = view_changes || followers.iter().any(|follower| follower.is_view());
    let change = TableChange { old, new: draft.clone() };
    let changes = if draft.is_view() { Vec::new() } else { vec![change] };
    tables::apply(tx, &changes, &[], next, views_change)?;
    for collection in followers.iter().chain([&draft]) {
        storage::save(tx, collection)?;
    }
    Ok(())
}

/// Deletes a collection, found by id or name, with its records and with what other parts noted about them.
///
/// # Errors
/// 404 if there is none; 400 for a system collection, or if relations or views still need it.
pub fn delete(tx: &mut WriteTx<'_>, id_or_name: &str) -> Result<()> {
    let collection = tx.schema().find(id_or_name).cloned().ok_or_else(Error::not_found)?;
    if collection.system {
        return Err(Error::invalid("System collections can't be deleted."));
    }
    let schema = tx.schema().clone();
    let mut needing: Vec<&str> = schema
        .references_to(&collection.id)
        .filter(|(other, _)| other.id != collection.id)
        .map(|(other, _)| other.name.as_str())
        .collect();
    needing.dedup();
    if !needing.is_empty() {
        return Err(Error::invalid(format!("The collection is still referred to by {}.", needing.join(", "))));
    }
    let worked = views::working(tx, &schema)?;
    let next = schema.without(&collection.id);
    tables::apply(tx, &[], std::slice::from_ref(&collection), &next, true)?;
    let needed: Vec<String> = worked.into_iter().filter(|name| *name != collection.name).collect();
    check_still_work(tx, &next, &needed, "still needs the collection")?;
    forget(tx, &collection)?;
    let refreshed = views::refresh(tx, next)?;
    tx.set_schema(Arc::new(refreshed));
    Ok(())
}

/// Whether a table loses columns.
fn drops_fields(old: Option<&Collection>, new: &Collection) -> bool {
    let is_kept = |field: &Field| new.fields.iter().any(|kept| kept.id == field.id);
    !new.is_view() && old.is_some_and(|old| !old.fields.iter().all(is_kept))
}

/// Refuses a change after which one of the views that `worked` doesn't; `why` follows its name.
fn check_still_work(tx: &ReadTx<'_>, next: &Schema, worked: &[String], why: &str) -> Result<()> {
    if worked.is_empty() {
        return Ok(());
    }
    let works = views::working(tx, next)?;
    match worked.iter().find(|name| !works.contains(name)) {
        Some(view) => Err(Error::invalid(format!("The view {view} {why}."))),
        None => Ok(()),
    }
}

/// Removes the row of a collection and the rows about its records.
pub fn forget(tx: &mut WriteTx<'_>, collection: &Collection) -> Result<()> {
    tx.execute(&catalog::delete(&collection.id))?;
    ledger::doom_collection(tx, Dialect::Sqlite, &collection.id)?;
    if collection.is_auth() {
        for table in CREDENTIAL_COLLECTIONS.into_iter().chain(CREDENTIAL_TABLES) {
            tx.execute(&catalog::delete_references(table, &collection.id))?;
        }
        tx.announce(Event::IdentitiesEnded { collection_id: collection.id.clone() });
    }
    Ok(())
}
