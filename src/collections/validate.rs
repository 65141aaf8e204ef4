//! Whether a collection may be saved: name, type, fields, rules. All errors are collected, with the interface's codes.
//!
//! Called before the database is touched; so nothing hostile in a name ever reaches SQL. Pure. Not here: indexes
//! ([`super::indexes`]) and the options of auth collections ([`super::validate_auth`]), which are called from here.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{indexes, validate_auth};
use crate::base::{FieldError, FieldErrors};
use crate::domain::field::OptionSite;
use crate::domain::field::checks::{check_auth_reserved, check_common};
use crate::domain::principal::CREDENTIAL_TABLES;
use crate::domain::{Collection, CollectionKind, Field, FieldKind, Rules, Schema};
use crate::rules;

const NAME_MAX_CHARS: usize = 255;
const ID_MAX_CHARS: usize = 100;

/// What a collection is checked against.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The collection as it is stored, if it is.
    pub old: Option<&'a Collection>,
    /// All collections as they will be, the checked one included.
    pub schema: &'a Schema,
    /// All collections as they are stored.
    pub stored: &'a Schema,
    /// The type that the client named, if it isn't one that can be had.
    pub refused_type: Option<&'a str>,
}

/// Checks everything that needs no database.
pub fn validate(collection: &Collection, site: Site<'_>) -> FieldErrors {
    let mut errors = check_structure(collection, site);
    errors.merge(check_behaviour(collection, site));
    errors
}

/// Checks what becomes SQL: identity, fields and indexes.
pub fn check_structure(collection: &Collection, site: Site<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if site.old.is_none_or(|old| old.id != collection.id) {
        errors.check("id", check_id(collection, site.stored));
    }
    errors.check("name", check_name(collection, site));
    if let Some(sent) = site.refused_type {
        errors.add("type", refused_type(sent, site.old));
    }
    if site.old.is_some_and(|old| old.system != collection.system) {
        let message = "Whether a collection is a system collection can't change.";
        errors.add("system", FieldError::new("validation_collection_system_flag_change", message));
    }
    errors.merge(check_fields(collection, site));
    errors.merge(indexes::check(collection, site.old, site.schema));
    errors
}

/// Checks what is only interpreted: rules and options.
pub fn check_behaviour(collection: &Collection, site: Site<'_>) -> FieldErrors {
    let mut errors = check_rules(collection, site);
    match &collection.kind {
        CollectionKind::Base => {}
        CollectionKind::Auth(options) => errors.merge(validate_auth::check(collection, options, site)),
        CollectionKind::View(query) => {
            if query.trim().is_empty() {
                errors.add("viewQuery", FieldError::required());
            }
        }
    }
    errors
}

fn refused_type(sent: &str, old: Option<&Collection>) -> FieldError {
    match old {
        Some(_) if matches!(sent, "base" | "auth" | "view") => {
            FieldError::new("validation_collection_type_change", "The type of a collection can't change.")
        }
        _ => FieldError::new("validation_in_invalid", "The type must be base, auth or view."),
    }
}

fn check_word(text: &str, max_chars: usize) -> Result<(), FieldError> {
    if text.is_empty() {
        return Err(FieldError::required());
    }
    if text.chars().count() > max_chars {
        let message = format!("Use 1 to {max_chars} characters.");
        return Err(FieldError::new("validation_length_out_of_range", message).with("min", 1).with("max", max_chars));
    }
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(FieldError::new("validation_match_invalid", "Use letters, digits and underscores only."));
    }
    Ok(())
}

/// An id may be neither the id nor the name of another collection, because paths accept either.
fn check_id(collection: &Collection, stored: &Schema) -> Result<(), FieldError> {
    check_word(&collection.id, ID_MAX_CHARS)?;
    let taken = |other: &&Arc<Collection>| other.id == collection.id || other.name.eq_ignore_ascii_case(&collection.id);
    match stored.collections().iter().find(taken) {
        Some(_) => Err(FieldError::new("validation_invalid_or_existing_id", "Another collection has this id.")),
        None => Ok(()),
    }
}

fn check_name(collection: &Collection, site: Site<'_>) -> Result<(), FieldError> {
    let name = collection.name.as_str();
    if let Some(old) = site.old
        && old.system
        && old.name != name
    {
        let message = "System collections can't be renamed.";
        return Err(FieldError::new("validation_collection_system_name_change", message));
    }
    check_word(name, NAME_MAX_CHARS)?;
    let lower = name.to_ascii_lowercase();
    if lower.contains("_via_") {
        return Err(FieldError::new("validation_found_via", "Names can't contain _via_, which marks back-relations."));
    }
    if is_internal_name(&lower) {
        return Err(FieldError::new("validation_collection_name_invalid", "The server needs this name for itself."));
    }
    let mut others = site.schema.collections().iter().filter(|other| other.id != collection.id);
    let taken = |other: &Arc<Collection>| other.name.eq_ignore_ascii_case(name);
    if others.clone().any(taken) {
        return Err(FieldError::new("validation_collection_name_exists", "Another collection has this name."));
    }
    if others.any(|other| other.id == name) {
        let message = "Another collection has this as its id.";
        return Err(FieldError::new("validation_collection_name_id_duplicate", message));
    }
    Ok(())
}

/// Names of the program's and SQLite's own tables, given in lower case.
pub fn is_internal_name(lower: &str) -> bool {
    let is = |name: &&str| name.eq_ignore_ascii_case(lower);
    ["_collections", "_params", "_migrations", "_mails", "_files", "_uploads"].iter().any(is)
        || CREDENTIAL_TABLES.iter().any(is)
        || ["sqlite_", "_parked_", "_holdall_"].iter().any(|prefix| lower.starts_with(prefix))
}

fn check_fields(collection: &Collection, site: Site<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if collection.fields.is_empty() {
        errors.add("fields", FieldError::required());
        return errors;
    }
    let lost = |old: &&Field| {
        old.system && !collection.fields.iter().any(|field| field.id == old.id && field.name == old.name)
    };
    let has_key = collection.fields.iter().any(|field| field.name == "id" && is_primary_key(field));
    let several_keys = collection.fields.iter().filter(|field| is_primary_key(field)).count() > 1;
    if !collection.is_view() && site.old.is_some_and(|old| old.fields.iter().any(|field| lost(&field))) {
        errors.add("fields", if has_key { system_field_change() } else { missing_primary_key() });
        return errors;
    }
    if !has_key {
        errors.add("fields", missing_primary_key());
        return errors;
    }
    if let Some((at, field)) = first_duplicate(&collection.fields) {
        let error = FieldError::new("validation_duplicated_field_name", "Another field has this name.");
        errors.add(&format!("fields.{at}.name"), error.with("fieldName", field.name.clone()));
        return errors;
    }
    for (at, field) in collection.fields.iter().enumerate() {
        match check_field(collection, field, site, several_keys) {
            Err(error) => errors.add(&format!("fields.{at}"), error),
            Ok(found) => {
                let mut list = FieldErrors::new();
                list.add_all(&at.to_string(), found);
                errors.add_all("fields", list);
            }
        }
    }
    errors
}

fn missing_primary_key() -> FieldError {
    FieldError::new("validation_missing_primary_key", "A collection needs its field id.")
}

fn system_field_change() -> FieldError {
    FieldError::new("validation_system_field_change", "System fields can't be removed or renamed.")
}

fn is_primary_key(field: &Field) -> bool {
    matches!(&field.kind, FieldKind::Text(text) if text.primary_key)
}

fn first_duplicate(fields: &[Field]) -> Option<(usize, &Field)> {
    let mut seen = HashSet::new();
    fields.iter().enumerate().find(|(_, field)| !field.name.is_empty() && !seen.insert(field.name.to_lowercase()))
}

/// An error about the field as a whole, or errors about its keys.
fn check_field(
    collection: &Collection,
    field: &Field,
    site: Site<'_>,
    several_keys: bool,
) -> Result<FieldErrors, FieldError> {
    let old = site.old.and_then(|old| old.fields.iter().find(|before| before.id == field.id));
    if let Some(old) = old.filter(|old| old.kind.type_name() != field.kind.type_name())
        && !collection.is_view()
    {
        let message = format!("The type of a field can't change; it is {}.", old.kind.type_name());
        return Err(FieldError::new("validation_field_type_change", message));
    }
    let mut errors = check_common(field);
    if collection.is_auth() {
        errors.check("name", check_auth_reserved(&field.name));
    }
    if several_keys && is_primary_key(field) {
        let message = "Only one field can be the primary key.";
        errors.add("primaryKey", FieldError::new("validation_unsupported_composite_pk", message));
    }
    if !collection.is_view() {
        let options = OptionSite { collection, old, schema: site.schema };
        errors.merge(field.kind.behaviour().check_options(field, &options));
        errors.merge(check_null_and_default(collection, field));
    }
    Ok(errors)
}

/// NULL and default values are for fields whose values clients choose freely.
fn check_null_and_default(collection: &Collection, field: &Field) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let is_fixed = is_primary_key(field)
        || matches!(field.kind, FieldKind::Autodate(_) | FieldKind::Password(_))
        || collection.is_auth() && field.system;
    if field.nullable && is_fixed {
        errors.add("nullable", FieldError::invalid("This field can't be NULL."));
    }
    if let Some(default) = &field.default {
        let fits = !is_fixed && !matches!(field.kind, FieldKind::File(_)) && default_fits(field, default);
        if !fits {
            errors.add("default", FieldError::invalid("This isn't a value that the field can have."));
        }
    }
    errors
}

/// Coercion turns what it can't understand into the zero value, so a zero that doesn't look like one is refused.
fn default_fits(field: &Field, default: &Json) -> bool {
    let value = field.coerce(default);
    let looks_zero = match default {
        Json::Null => true,
        Json::Bool(truth) => !truth,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty() || text == "0",
        Json::Array(items) => items.is_empty(),
        Json::Object(_) => value.to_json() == *default,
    };
    (looks_zero || !value.is_zero()) && field.check(&value).is_ok()
}

fn check_rules(collection: &Collection, site: Site<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let Rules { list, view, create, update, delete } = &collection.rules;
    let old = site.old.map(|old| &old.rules);
    let changed = |pick: fn(&Rules) -> &Option<String>| old.is_some_and(|old| pick(old) != pick(&collection.rules));
    for (key, rule, changed, writes) in [
        ("listRule", list, changed(|r| &r.list), false),
        ("viewRule", view, changed(|r| &r.view), false),
        ("createRule", create, changed(|r| &r.create), true),
        ("updateRule", update, changed(|r| &r.update), true),
        ("deleteRule", delete, changed(|r| &r.delete), true),
    ] {
        if collection.is_view() && writes {
            if rule.is_some() {
                errors.add(key, FieldError::new("validation_nil", "Views can't be written, so this must be null."));
            }
        } else if changed && site.old.is_some_and(|old| old.system) {
            errors.add(key, system_rule_change());
        } else {
            errors.check(key, check_rule(collection, rule.as_deref(), site.schema));
        }
    }
    errors
}

/// The error for a changed rule of a system collection.
pub fn system_rule_change() -> FieldError {
    FieldError::new("validation_collection_system_rule_change", "Rules of system collections can't change.")
}

/// Checks the syntax of a rule and the names in it.
///
/// # Errors
/// `validation_invalid_rule`, with the place in the message.
pub fn check_rule(collection: &Collection, rule: Option<&str>, schema: &Schema) -> Result<(), FieldError> {
    let Some(text) = rule.filter(|text| !text.is_empty()) else { return Ok(()) };
    rules::check_rule(schema, collection, text)
        .map_err(|error| FieldError::new("validation_invalid_rule", error.render(text)))
}
