//! Taking over the definitions of another program: all at once, into a database that has no collections yet.
//!
//! Called by `import` only. Unlike `super::import`, what can't be kept doesn't keep the rest from being taken: it is
//! put right in the direction that opens nothing, and noted. A rule that isn't understood lets only superusers in, a
//! view that can't be made is left out, an index that can't be made is dropped. Invariants: ids, secrets and dates stay
//! as they are; what becomes SQL has passed the same checks as any other definition; system collections have our rules
//! and our system fields, whatever the other program says of them. Not here: the records.

mod repair;
mod system;

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::change::check_free_name;
use super::merge::{Body, merge};
use super::normalize::normalize;
use super::tables::{self, TableChange};
use super::validate::{Site, check_behaviour, check_structure};
use super::view_strings::mend_texts;
use super::{blank, storage, views};
use crate::base::{Error, ErrorKind, FieldErrors, Result};
use crate::domain::principal::{SUPERUSERS, SUPERUSERS_ID};
use crate::domain::{AuthOptions, Collection, CollectionKind, Field, Schema};
use crate::query::ddl::view::ViewQuery;
use crate::store::WriteTx;

/// How often a definition is put right before it is given up.
const ROUNDS_MAX: usize = 1000;

/// Something of a definition that isn't as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The name of the collection.
    pub collection: String,
    /// Which part of it; empty for the whole.
    pub part: String,
    /// What became of it, and why.
    pub text: String,
    /// Whether something isn't there any more that was.
    pub is_loss: bool,
}

/// The remarks so far.
#[derive(Default)]
struct Remarks(Vec<Remark>);

impl Remarks {
    fn changed(&mut self, collection: &str, part: &str, text: impl Into<String>) {
        let (collection, part) = (collection.to_owned(), part.to_owned());
        self.0.push(Remark { collection, part, text: text.into(), is_loss: false });
    }

    fn lost(&mut self, collection: &str, part: &str, text: impl Into<String>) {
        let (collection, part) = (collection.to_owned(), part.to_owned());
        self.0.push(Remark { collection, part, text: text.into(), is_loss: true });
    }
}

/// Makes the collections that `items` define, each in the form in which clients get one, with its secrets. The order is
/// kept where views allow it.
///
/// # Errors
/// What keeps the database from being changed. What is wrong with a definition is no error but a remark.
pub fn adopt(tx: &mut WriteTx<'_>, items: &[Map<String, Json>]) -> Result<Vec<Remark>> {
    if !tx.schema().collections().is_empty() {
        return Err(Error::internal("collections can only be taken over where there are none"));
    }
    let mut remarks = Remarks::default();
    let mut drafts: Vec<Collection> = Vec::with_capacity(items.len());
    for item in items {
        if let Some(mut draft) = read(item, &mut remarks) {
            system::settle(&mut draft, &mut remarks);
            normalize(&mut draft, None);
            note_new_secrets(item, &draft, &mut remarks);
            drafts.push(draft);
        }
    }
    drop_doubles(&mut drafts, &mut remarks);
    settle_structure(&mut drafts, &mut remarks)?;
    let schema = make_tables(tx, drafts, &mut remarks)?;
    let schema = make_views(tx, schema, &mut remarks)?;
    let schema = settle_behaviour(schema, &mut remarks)?;
    for collection in schema.collections() {
        storage::save(tx, collection)?;
    }
    tx.set_schema(Arc::new(schema));
    Ok(remarks.0)
}

/// Reads one definition, key by key, so that one that isn't understood costs only itself.
fn read(item: &Map<String, Json>, remarks: &mut Remarks) -> Option<Collection> {
    let text = |key: &str| item.get(key).and_then(Json::as_str).unwrap_or_default();
    let (name, type_name) = (text("name"), text("type"));
    if !matches!(type_name, "base" | "auth" | "view") {
        remarks.lost(name, "", format!("There is no type {type_name:?} of collections."));
        return None;
    }
    let mut made = blank::collection(type_name);
    for (key, value) in item {
        let value = if key == "fields" { readable_fields(name, value, remarks) } else { value.clone() };
        let mut merged = made.clone();
        match merge(&mut merged, &Body::new(&Map::from_iter([(key.clone(), value)]))) {
            Ok(()) => made = merged,
            Err(error) => remarks.changed(name, key, format!("It isn't understood: {}", error.message())),
        }
    }
    if made.is_view() {
        // They follow from the query; these only lend their ids.
        made.fields = fields_of(item);
    }
    (made.id, made.created, made.updated) = (text("id").to_owned(), text("created").to_owned(), text("updated").into());
    Some(made)
}

fn readable_fields(collection: &str, value: &Json, remarks: &mut Remarks) -> Json {
    let mut readable = Vec::new();
    for definition in value.as_array().into_iter().flatten() {
        match definition.as_object().map_or(Err("it isn't an object".to_owned()), Field::from_json) {
            Ok(_) => readable.push(definition.clone()),
            Err(reason) => {
                let name = definition["name"].as_str().unwrap_or("?");
                remarks.lost(collection, name, format!("The field isn't understood: {reason}."));
            }
        }
    }
    Json::from(readable)
}

fn fields_of(item: &Map<String, Json>) -> Vec<Field> {
    let definitions = item.get("fields").and_then(Json::as_array).into_iter().flatten();
    definitions.filter_map(Json::as_object).filter_map(|definition| Field::from_json(definition).ok()).collect()
}

/// A secret that wasn't there signs everybody out.
fn note_new_secrets(item: &Map<String, Json>, made: &Collection, remarks: &mut Remarks) {
    if !made.is_auth() {
        return;
    }
    for key in ["authToken", "passwordResetToken", "emailChangeToken", "verificationToken", "fileToken"] {
        if item.get(key).is_none_or(|token| token["secret"].as_str().is_none_or(str::is_empty)) {
            remarks.lost(&made.name, key, "It has no secret, so that what was signed with it isn't valid any more.");
        }
    }
}

/// Of collections with one id or name the first counts. The superusers' id makes superusers, so it is nobody else's.
fn drop_doubles(drafts: &mut Vec<Collection>, remarks: &mut Remarks) {
    let mut kept: Vec<Collection> = Vec::with_capacity(drafts.len());
    for draft in drafts.drain(..) {
        let same = |other: &&Collection| other.id == draft.id || other.name.eq_ignore_ascii_case(&draft.name);
        if draft.id == SUPERUSERS_ID && draft.name != SUPERUSERS {
            remarks.lost(&draft.name, "", "It has the id of the superusers.");
        } else if let Some(other) = kept.iter().find(same) {
            remarks.lost(&draft.name, "", format!("It has the id or the name of {}.", other.name));
        } else {
            kept.push(draft);
        }
    }
    *drafts = kept;
}

fn site<'a>(schema: &'a Schema, stored: &'a Schema) -> Site<'a> {
    Site { old: None, schema, stored, refused_type: None }
}

fn schema_of(collections: &[Collection]) -> Schema {
    Schema::new(collections.iter().cloned().map(Arc::new).collect())
}

/// Puts right what becomes SQL, until nothing is wrong with it: what one collection loses another may have needed.
fn settle_structure(drafts: &mut Vec<Collection>, remarks: &mut Remarks) -> Result<()> {
    for _ in 0..ROUNDS_MAX {
        let schema = schema_of(drafts);
        let mut is_settled = true;
        let mut kept = Vec::with_capacity(drafts.len());
        for mut draft in drafts.drain(..) {
            let errors = structure_errors(&draft, &schema);
            let is_kept = errors.is_empty() || repair::structure(&mut draft, &errors, remarks);
            is_settled &= errors.is_empty();
            if is_kept {
                if !errors.is_empty() {
                    normalize(&mut draft, None);
                }
                kept.push(draft);
            }
        }
        *drafts = kept;
        if is_settled {
            return Ok(());
        }
    }
    Err(Error::invalid("The definitions of the collections contradict each other."))
}

fn structure_errors(draft: &Collection, schema: &Schema) -> FieldErrors {
    let mut checked = draft.clone();
    if checked.is_view() {
        checked.fields = vec![blank::id_field()];
        checked.indexes.clear();
    }
    check_structure(&checked, site(schema, &schema.without(&draft.id)))
}

/// Makes the tables with their indexes. The schema has the views, too, which aren't made yet.
fn make_tables(tx: &mut WriteTx<'_>, drafts: Vec<Collection>, remarks: &mut Remarks) -> Result<Schema> {
    let mut schema = schema_of(&drafts);
    for mut draft in drafts {
        let free = check_free_name(tx, None, &draft, &FieldErrors::new())?;
        if let Err(taken) = free {
            remarks.lost(&draft.name, "", taken.message.into_owned());
            schema = schema.without(&draft.id);
            continue;
        }
        while !draft.is_view() {
            let change = TableChange { old: None, new: Arc::new(draft.clone()) };
            match tx.nested(|tx| tables::apply_without_views(tx, &[change], &[])) {
                Ok(()) => break,
                Err(error) if error.kind() == ErrorKind::Invalid && !error.fields().is_empty() => {
                    repair::indexes(&mut draft, error.fields(), remarks);
                }
                Err(error) => return Err(error),
            }
        }
        schema = schema.with(Arc::new(draft));
    }
    Ok(schema)
}

/// Makes the views in as many rounds as they build on each other; those that can't be made are left out.
fn make_views(tx: &mut WriteTx<'_>, mut schema: Schema, remarks: &mut Remarks) -> Result<Schema> {
    let mut waiting: Vec<Arc<Collection>> = schema.collections().iter().filter(|c| c.is_view()).cloned().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let (mut left, mut reasons) = (Vec::new(), Vec::new());
        for view in waiting {
            match make_view(tx, &schema, &view)? {
                Ok(made) => schema = schema.with(Arc::new(made)),
                Err(reason) => {
                    left.push(view);
                    reasons.push(reason);
                }
            }
        }
        if left.len() == before {
            for (view, reason) in left.iter().zip(reasons) {
                remarks.lost(&view.name, "viewQuery", format!("The view can't be made: {reason}."));
                schema = schema.without(&view.id);
            }
            return Ok(schema);
        }
        waiting = left;
    }
    Ok(schema)
}

fn make_view(tx: &mut WriteTx<'_>, schema: &Schema, view: &Collection) -> Result<Result<Collection, String>> {
    let CollectionKind::View(query) = &view.kind else { return Err(Error::internal("a view that is none")) };
    let query = mend_texts(tx, query)?;
    let derived = match views::try_query(tx, schema, &query, &view.fields)? {
        Ok(derived) => derived,
        Err(refusal) => return Ok(Err(refusal.reason)),
    };
    let made = Collection {
        fields: derived.fields,
        indexes: Vec::new(),
        kind: CollectionKind::View(query.clone()),
        ..view.clone()
    };
    if !check_structure(&made, site(schema, &schema.without(&view.id))).is_empty() {
        return Ok(Err("some of its columns can't be fields".to_owned()));
    }
    let parsed = ViewQuery::parse(&query).map_err(Error::invalid)?;
    views::create(tx, &made, &parsed, derived.casts_id)?;
    Ok(Ok(made))
}

/// Puts right what is only interpreted: rules and options.
fn settle_behaviour(mut schema: Schema, remarks: &mut Remarks) -> Result<Schema> {
    for collection in schema.collections().to_vec() {
        let mut draft = (*collection).clone();
        let mut rounds = 0;
        loop {
            let errors = check_behaviour(&draft, site(&schema, &schema));
            if errors.is_empty() {
                break;
            }
            rounds += 1;
            if rounds > ROUNDS_MAX || !repair::behaviour(&mut draft, &errors, remarks)? {
                return Err(Error::internal(format!("the options of {} can't be put right: {errors:?}", draft.name)));
            }
        }
        schema = schema.with(Arc::new(draft));
    }
    Ok(schema)
}

/// The options of auth collections as JSON, for putting single ones right.
fn options_json(options: &AuthOptions) -> Json {
    blank::auth_options_json(options)
}
