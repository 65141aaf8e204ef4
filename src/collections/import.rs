//! Import: many collections at once, in any order, wholly or not at all.
//!
//! Names and fields of all are checked first, then tables change, then views are made, then rules and options are
//! checked against the result. Whatever fails, the caller's transaction fails with it.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::change::{Allow, check_free_name, followers, forget, generated_id};
use super::merge::{Body, malformed, merge};
use super::normalize::normalize;
use super::rename::Renames;
use super::tables::{self, TableChange};
use super::validate::{Site, check_structure, validate};
use super::view_strings::mend_texts;
use super::{blank, storage, views};
use crate::base::{Error, ErrorKind, FieldError, FieldErrors, Result};
use crate::domain::{Collection, CollectionKind, Field, Schema};
use crate::query::ddl::view::ViewQuery;
use crate::store::WriteTx;

/// One imported collection.
struct Draft {
    old: Option<Arc<Collection>>,
    new: Collection,
}

/// Imports `{"collections": […], "deleteMissing": bool}`.
///
/// # Errors
/// 400: `collections` is empty, or can't be imported (`validation_collections_import_failure`, reasons in its message);
/// what `allow` says of each.
pub fn import(tx: &mut WriteTx<'_>, body: &Map<String, Json>, allow: Allow<'_>) -> Result<()> {
    let body = Body::new(body);
    let items = match body.get("collections") {
        None | Some(Json::Null) => &[],
        Some(Json::Array(items)) => items.as_slice(),
        Some(_) => return Err(malformed("collections must be a list")),
    };
    let items: Vec<&Map<String, Json>> = items
        .iter()
        .map(|item| item.as_object().ok_or_else(|| malformed("a collection must be an object")))
        .collect::<Result<_>>()?;
    if items.is_empty() {
        return Err(Error::field("collections", FieldError::required()));
    }
    let delete_missing = match body.get("deleteMissing") {
        None | Some(Json::Null) => false,
        Some(Json::Bool(truth)) => *truth,
        Some(_) => return Err(malformed("deleteMissing must be true or false")),
    };
    run(tx, &items, delete_missing, allow).map_err(|error| match error.kind() {
        ErrorKind::Invalid => failure(&error),
        _ => error,
    })
}

/// The error that embeds another one as text.
fn failure(error: &Error) -> Error {
    let mut text = error.message();
    if !error.fields().is_empty() {
        text.push('\n');
        text.push_str(&serde_json::to_string_pretty(error.fields()).unwrap_or_default());
    }
    Error::field("collections", FieldError::new("validation_collections_import_failure", text))
}

fn run(tx: &mut WriteTx<'_>, items: &[&Map<String, Json>], delete_missing: bool, allow: Allow<'_>) -> Result<()> {
    let schema = tx.schema().clone();
    let mut drafts = Vec::with_capacity(items.len());
    for item in items {
        let draft = read(tx, &drafts, item, delete_missing)?;
        allow(draft.old.as_deref(), &draft.new)?;
        drafts.push(draft);
    }
    let renames = Renames::between(drafts.iter().filter_map(|d| Some((&**d.old.as_ref()?, &d.new))));
    for (draft, item) in drafts.iter_mut().zip(items) {
        let body = Body::new(item);
        if let Some(old) = &draft.old {
            renames.apply(&schema, old, &mut draft.new, |key| body.has(key));
        }
        normalize(&mut draft.new, draft.old.as_deref());
    }
    let imported = |id: &str| drafts.iter().any(|draft| draft.new.id == id);
    let removed: Vec<Arc<Collection>> = schema
        .collections()
        .iter()
        .filter(|collection| delete_missing && !collection.system && !imported(&collection.id))
        .cloned()
        .collect();
    let is_removed = |id: &str| removed.iter().any(|collection| collection.id == id);
    let followers = followers(tx, &renames, |id| !imported(id) && !is_removed(id));
    let mut kept: Vec<Arc<Collection>> = schema.collections().iter().filter(|c| !is_removed(&c.id)).cloned().collect();
    kept.extend(drafts.iter().filter(|draft| draft.old.is_none()).map(|draft| Arc::new(draft.new.clone())));
    let mut next = Schema::new(kept);
    for changed in followers.iter().cloned().chain(drafts.iter().map(|draft| Arc::new(draft.new.clone()))) {
        next = next.with(changed);
    }
    check_all(tx, &drafts, &next)?;
    change_database(tx, &mut drafts, &removed, &mut next)?;
    for draft in &drafts {
        let site = Site { old: draft.old.as_deref(), schema: &next, stored: &schema, refused_type: None };
        refuse(&draft.new, validate(&draft.new, site))?;
    }
    for collection in &removed {
        forget(tx, collection)?;
    }
    save_all(tx, &followers, &drafts)?;
    let refreshed = views::refresh(tx, next)?;
    tx.set_schema(Arc::new(refreshed));
    Ok(())
}

/// Stores the rows. Names are unique there too, so what is renamed gives up its old name first.
fn save_all(tx: &mut WriteTx<'_>, followers: &[Arc<Collection>], drafts: &[Draft]) -> Result<()> {
    for (number, draft) in drafts.iter().enumerate() {
        if draft.old.as_ref().is_some_and(|old| old.name != draft.new.name) {
            let parked = Collection { name: format!("_parked_{number}"), ..draft.new.clone() };
            storage::save(tx, &parked)?;
        }
    }
    for collection in followers.iter().map(|follower| &**follower).chain(drafts.iter().map(|draft| &draft.new)) {
        storage::save(tx, collection)?;
    }
    Ok(())
}

/// Lays one imported model over what it will replace.
fn read(tx: &WriteTx<'_>, earlier: &[Draft], item: &Map<String, Json>, delete_missing: bool) -> Result<Draft> {
    let body = Body::new(item);
    let (id, name) = (body.text("id")?.unwrap_or_default(), body.text("name")?.unwrap_or_default());
    let type_name = body.text("type")?.unwrap_or_default();
    let schema = tx.schema();
    let old = match id.is_empty() {
        false => schema.by_id(&id),
        true => schema.collections().iter().find(|collection| collection.name.eq_ignore_ascii_case(&name)),
    };
    let old = old.filter(|old| earlier.iter().all(|draft| draft.new.id != old.id)).cloned();
    if let Some(old) = &old
        && !type_name.is_empty()
        && type_name != old.kind.name()
    {
        return Err(Error::invalid(format!("The type of {} can't change.", old.name)));
    }
    if old.is_none() && !matches!(type_name.as_str(), "" | "base" | "auth" | "view") {
        return Err(Error::invalid(format!("There is no type {type_name} for {name}.")));
    }
    let mut new = old.as_deref().cloned().unwrap_or_else(|| blank::collection(&type_name));
    match &old {
        None => merge(&mut new, &body)?,
        Some(old) => merge_existing(&mut new, old, item, delete_missing)?,
    }
    if old.is_none() {
        let others = earlier
            .iter()
            .fold(Schema::new(schema.collections().to_vec()), |schema, draft| schema.with(Arc::new(draft.new.clone())));
        new.id = if id.is_empty() { generated_id(&new, &others) } else { id };
        new.created = tx.now().to_string();
    }
    new.updated = tx.now().to_string();
    Ok(Draft { old, new })
}

/// As an update, but fields find their stored selves by name and type too, and stored fields stay unless
/// `delete_missing`.
fn merge_existing(
    new: &mut Collection,
    old: &Collection,
    item: &Map<String, Json>,
    delete_missing: bool,
) -> Result<()> {
    let mut item = item.clone();
    for (_, value) in item.iter_mut().filter(|(key, _)| key.eq_ignore_ascii_case("fields")) {
        let definitions = value.as_array_mut().into_iter().flatten();
        definitions.filter_map(Json::as_object_mut).for_each(|definition| adopt_id(definition, old));
    }
    let body = Body::new(&item);
    merge(new, &body)?;
    if !old.is_view() {
        let listed = if body.has("fields") { std::mem::take(&mut new.fields) } else { Vec::new() };
        let missing = old.fields.iter().filter(|field| !listed.iter().any(|own| own.id == field.id));
        let kept: Vec<Field> = missing.filter(|field| !delete_missing || field.system).cloned().collect();
        new.fields = listed.into_iter().chain(kept).collect();
    }
    Ok(())
}

/// A definition without a stored id takes the id of the stored field of the same name and type.
fn adopt_id(definition: &mut Map<String, Json>, old: &Collection) {
    let text = |key: &str| definition.get(key).and_then(Json::as_str).unwrap_or_default();
    if old.fields.iter().any(|field| field.id == text("id")) {
        return;
    }
    let same = |field: &&Field| field.name == text("name") && field.kind.type_name() == text("type");
    if let Some(field) = old.fields.iter().find(same) {
        definition.insert("id".to_owned(), field.id.clone().into());
    }
}

/// Checks whatever becomes SQL, before any of it does.
fn check_all(tx: &WriteTx<'_>, drafts: &[Draft], next: &Schema) -> Result<()> {
    for (at, draft) in drafts.iter().enumerate() {
        if drafts[..at].iter().any(|earlier| earlier.new.id == draft.new.id) {
            return Err(Error::invalid(format!("The id {} is there twice.", draft.new.id)));
        }
        let mut checked = draft.new.clone();
        if checked.is_view() {
            checked.fields = vec![blank::id_field()];
        }
        let site = Site { old: draft.old.as_deref(), schema: next, stored: tx.schema(), refused_type: None };
        let mut errors = check_structure(&checked, site);
        errors.check("name", check_free_name(tx, draft.old.as_deref(), &checked, &errors)?);
        refuse(&draft.new, errors)?;
    }
    Ok(())
}

fn refuse(collection: &Collection, errors: FieldErrors) -> Result<()> {
    errors.into_result(format!("The collection {} ({}) can't be imported.", collection.name, collection.id))
}

/// Changes all tables, then makes all views, each after those that it builds on.
fn change_database(
    tx: &mut WriteTx<'_>,
    drafts: &mut [Draft],
    removed: &[Arc<Collection>],
    next: &mut Schema,
) -> Result<()> {
    let before = tx.schema().clone();
    let changes: Vec<TableChange> = drafts
        .iter()
        .filter(|draft| !draft.new.is_view())
        .map(|draft| TableChange { old: draft.old.clone(), new: Arc::new(draft.new.clone()) })
        .collect();
    views::drop_all(tx, &before)?;
    tables::apply_without_views(tx, &changes, removed)?;
    make_imported_views(tx, drafts, next)?;
    // The views that were not imported may build on those that were; made last, they find everything in place.
    views::drop_all(tx, next)?;
    views::create_all(tx, next)
}

/// Derives the fields of imported views, in as many rounds as they build on each other.
fn make_imported_views(tx: &mut WriteTx<'_>, drafts: &mut [Draft], next: &mut Schema) -> Result<()> {
    views::create_all(tx, &Schema::new(untouched_views(drafts, next)))?;
    let mut waiting: Vec<&mut Draft> = drafts.iter_mut().filter(|draft| draft.new.is_view()).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut left = Vec::new();
        let mut reason = None;
        for draft in waiting {
            let CollectionKind::View(query) = &mut draft.new.kind else { continue };
            *query = mend_texts(tx, query)?;
            match views::try_query(tx, next, query, &draft.new.fields)? {
                Ok(derived) => {
                    let parsed = ViewQuery::parse(query).map_err(Error::invalid)?;
                    draft.new.fields = derived.fields;
                    views::create(tx, &draft.new, &parsed, derived.casts_id)?;
                    *next = next.with(Arc::new(draft.new.clone()));
                }
                Err(refusal) => {
                    reason.get_or_insert_with(|| format!("The view {}: {}", draft.new.name, refusal.reason));
                    left.push(draft);
                }
            }
        }
        if left.len() == before {
            return Err(Error::invalid(reason.unwrap_or_default()));
        }
        waiting = left;
    }
    Ok(())
}

fn untouched_views(drafts: &[Draft], next: &Schema) -> Vec<Arc<Collection>> {
    let untouched = |c: &&Arc<Collection>| c.is_view() && drafts.iter().all(|draft| draft.new.id != c.id);
    next.collections().iter().filter(untouched).cloned().collect()
}
