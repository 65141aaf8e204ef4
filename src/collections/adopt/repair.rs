//! Putting a definition right by what a check says of it: the part that is complained of gives way.

use serde_json::{Map, Value as Json};

use super::{Remarks, options_json};
use crate::base::{Error, FieldErrors, Result, ids};
use crate::domain::{AuthOptions, Collection, CollectionKind, Field, FieldKind};

/// Dotted paths of all errors, each with what is said there.
fn complaints(errors: &FieldErrors) -> Vec<(Vec<String>, String)> {
    fn collect(node: &Json, path: &[String], out: &mut Vec<(Vec<String>, String)>) {
        let Some(map) = node.as_object() else { return };
        if let (Some(_), Some(message)) = (map.get("code").and_then(Json::as_str), map.get("message")) {
            out.push((path.to_vec(), message.as_str().unwrap_or_default().to_owned()));
            return;
        }
        for (name, inner) in map {
            collect(inner, &[path, std::slice::from_ref(name)].concat(), out);
        }
    }
    let mut found = Vec::new();
    collect(&serde_json::to_value(errors).unwrap_or_default(), &[], &mut found);
    found
}

/// Puts the first thing right that is complained of, as others may follow from it; false if the collection has to go.
pub(super) fn structure(draft: &mut Collection, errors: &FieldErrors, remarks: &mut Remarks) -> bool {
    let name = draft.name.clone();
    let Some((path, message)) = complaints(errors).into_iter().next() else { return false };
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match parts[..] {
        ["fields", at, ref rest @ ..] => match at.parse::<usize>() {
            Ok(at) if at < draft.fields.len() => field(draft, at, rest, &message, remarks),
            _ => {
                remarks.lost(&name, "", message);
                false
            }
        },
        ["indexes", ..] => {
            indexes(draft, errors, remarks);
            true
        }
        _ => {
            remarks.lost(&name, "", format!("{}: {message}", path.join(".")));
            false
        }
    }
}

/// Gives an option of a field its default, or else gives up the field.
fn field(draft: &mut Collection, at: usize, option: &[&str], message: &str, remarks: &mut Remarks) -> bool {
    let field = draft.fields[at].clone();
    let is_key = matches!(&field.kind, FieldKind::Text(text) if text.primary_key);
    if let Some(key) = option.first().filter(|key| !matches!(**key, "name" | "id" | "type")) {
        let mut definition = match field.to_json() {
            Json::Object(map) => map,
            _ => Map::new(),
        };
        definition.remove(*key);
        if let Ok(mended) = Field::from_json(&definition)
            && mended != field
        {
            let text = format!("The option has its default now: {message}");
            remarks.changed(&draft.name, &format!("{}.{key}", field.name), text);
            draft.fields[at] = mended;
            return true;
        }
    }
    if is_key || field.system {
        remarks.lost(&draft.name, "", format!("Its field {} can't be as it is: {message}", field.name));
        return false;
    }
    remarks.lost(&draft.name, &field.name, format!("The field is left out, with its values: {message}"));
    draft.fields.remove(at);
    true
}

/// Drops the indexes that are complained of.
pub(super) fn indexes(draft: &mut Collection, errors: &FieldErrors, remarks: &mut Remarks) {
    let mut dropped: Vec<(usize, String)> = Vec::new();
    for (path, message) in complaints(errors) {
        match (path.first().map(String::as_str), path.get(1).and_then(|at| at.parse().ok())) {
            (Some("indexes"), Some(at)) => dropped.push((at, message)),
            (Some("indexes"), None) => dropped.extend((0..draft.indexes.len()).map(|at| (at, message.clone()))),
            _ => {}
        }
    }
    dropped.sort();
    dropped.dedup_by_key(|(at, _)| *at);
    dropped.retain(|(at, _)| *at < draft.indexes.len());
    for (at, message) in dropped.into_iter().rev() {
        let statement = draft.indexes.remove(at);
        remarks.changed(&draft.name, "indexes", format!("The index is left out: {message} ({statement})"));
    }
}

/// Puts right rules and options, all at once; false if there is nothing to be put right.
pub(super) fn behaviour(draft: &mut Collection, errors: &FieldErrors, remarks: &mut Remarks) -> Result<bool> {
    let mut is_changed = false;
    let mut found = complaints(errors);
    // Of a provider that goes one complaint is enough; the numbers of those before it stay.
    found.dedup_by(|(a, _), (b, _)| a.starts_with(&["oauth2".into(), "providers".into()]) && a.get(..3) == b.get(..3));
    for (path, message) in found.into_iter().rev() {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let name = draft.name.clone();
        is_changed |= match parts[..] {
            ["listRule"] => close(&mut draft.rules.list, (&name, "listRule"), &message, remarks),
            ["viewRule"] => close(&mut draft.rules.view, (&name, "viewRule"), &message, remarks),
            ["createRule"] => close(&mut draft.rules.create, (&name, "createRule"), &message, remarks),
            ["updateRule"] => close(&mut draft.rules.update, (&name, "updateRule"), &message, remarks),
            ["deleteRule"] => close(&mut draft.rules.delete, (&name, "deleteRule"), &message, remarks),
            _ => match &mut draft.kind {
                CollectionKind::Auth(options) => {
                    let identities = unique_fields(&draft.fields, &draft.indexes);
                    option(options, &parts, &message, &name, &identities, remarks)?
                }
                _ => false,
            },
        };
    }
    Ok(is_changed)
}

/// A rule that isn't understood lets only superusers in.
fn close(rule: &mut Option<String>, place: (&str, &str), message: &str, remarks: &mut Remarks) -> bool {
    let old = rule.take();
    let text = old.clone().unwrap_or_default();
    let why = format!("The rule is for superusers only now, because it can't be used: {message} The rule was: {text}");
    remarks.lost(place.0, place.1, why);
    old.is_some()
}

fn unique_fields(fields: &[Field], indexes: &[String]) -> Vec<String> {
    let parsed = indexes.iter().filter_map(|statement| crate::domain::index::parse(statement));
    let unique: Vec<String> =
        parsed.filter(|index| index.unique).filter_map(|i| Some(i.single_column()?.name.to_lowercase())).collect();
    fields.iter().map(|f| f.name.clone()).filter(|name| unique.contains(&name.to_lowercase())).collect()
}

/// Gives an option of an auth collection its default, but for what that would open.
fn option(
    options: &mut AuthOptions,
    path: &[&str],
    message: &str,
    collection: &str,
    identities: &[String],
    remarks: &mut Remarks,
) -> Result<bool> {
    let part = path.join(".");
    match path {
        ["authRule"] => return Ok(close(&mut options.auth_rule, (collection, "authRule"), message, remarks)),
        ["manageRule"] => return Ok(close(&mut options.manage_rule, (collection, "manageRule"), message, remarks)),
        ["passwordAuth", "identityFields"] => {
            options.password_auth.identity_fields.retain(|name| identities.contains(name));
            options.password_auth.enabled = !options.password_auth.identity_fields.is_empty();
            remarks.lost(collection, &part, format!("Not all of these fields can be used for signing in: {message}"));
            return Ok(true);
        }
        ["oauth2", "providers", at, ..] => {
            let at: usize = at.parse().map_err(Error::internal)?;
            if at >= options.oauth2.providers.len() {
                return Ok(false);
            }
            let provider = options.oauth2.providers.remove(at);
            let text = format!("The provider {} is left out: {message}", provider.name);
            remarks.lost(collection, &part, text);
            return Ok(true);
        }
        _ => {}
    }
    let (mut mended, defaults) = (options_json(options), options_json(&AuthOptions::default()));
    let pointer = format!("/{}", path.join("/"));
    let is_secret = path.last() == Some(&"secret");
    let default = if is_secret { Some(Json::from(ids::secret())) } else { defaults.pointer(&pointer).cloned() };
    let (Some(place), Some(default)) = (mended.pointer_mut(&pointer), default) else { return Ok(false) };
    let is_changed = *place != default;
    *place = default;
    match is_secret {
        true => remarks.lost(collection, &part, format!("There is a new secret: {message}")),
        false => remarks.changed(collection, &part, format!("The option has its default now: {message}")),
    }
    *options = serde_json::from_value(mended).map_err(Error::internal)?;
    Ok(is_changed)
}
