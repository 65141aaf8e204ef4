//! `If-Match`: a change that is meant for one state of a record or a collection, and must not overwrite another.
//!
//! Called by update and delete, inside of their transaction and after access was decided: whoever may not know of a
//! record learns nothing here. A condition names the record's entity tag, which is made of what the caller sees of it,
//! or its `updated`, if the caller sees that; so what is hidden can't be guessed by conditions either.

use super::{Cx, read};
use crate::base::etag::{self, Etag};
use crate::base::{Error, Result};
use crate::domain::field::autodate::AutodateOptions;
use crate::domain::{Collection, FieldKind, Record};
use crate::store::ReadTx;

/// A record as the caller sees it.
#[derive(Debug)]
pub struct Shown {
    /// JSON, with what the record is expanded with.
    pub json: String,
    /// Names this state of the record, whatever it is expanded with.
    pub etag: Etag,
}

/// A record as the caller sees it, with its entity tag.
pub fn show(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record, expand: Option<&str>) -> Result<Shown> {
    let json = read::body_of(tx, cx, record, None)?;
    let etag = Etag::of(&json);
    match expand {
        None => Ok(Shown { json, etag }),
        expand => Ok(Shown { json: read::body_of(tx, cx, record, expand)?, etag }),
    }
}

/// Holds the stored record against the request's `If-Match`, if it has one.
///
/// # Errors
/// 412 if none of the names in it is the record's. A header without any name names nothing.
pub fn check(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<()> {
    let Some(lists) = conditions(cx) else { return Ok(()) };
    if is_named_by(&lists, visible_update(cx, record)) {
        return Ok(());
    }
    let own = Etag::of(&read::body_of(tx, cx, record, None)?);
    match lists.iter().any(|list| own.is_named_in(list)) {
        true => Ok(()),
        false => Err(Error::precondition_failed()),
    }
}

/// Holds a record that doesn't exist yet against the request's `If-Match`: nothing names it.
///
/// # Errors
/// 412 if there is a condition.
pub fn check_absent(cx: &Cx<'_>) -> Result<()> {
    if conditions(cx).is_some() { Err(Error::precondition_failed()) } else { Ok(()) }
}

/// The same for a stored collection, which has no name but its `updated`.
///
/// # Errors
/// 412 if none of the names in the header is the collection's.
pub fn check_collection(cx: &Cx<'_>, collection: &Collection) -> Result<()> {
    match conditions(cx) {
        Some(lists) if !is_named_by(&lists, Some(&collection.updated)) => Err(Error::precondition_failed()),
        _ => Ok(()),
    }
}

/// Whether one of the lists names anything, or what was changed then.
fn is_named_by(lists: &[&str], updated: Option<&str>) -> bool {
    lists.iter().any(|list| etag::names(list).any(|name| name.is_any() || updated == Some(name.text)))
}

fn conditions<'a>(cx: &Cx<'a>) -> Option<Vec<&'a str>> {
    let headers = cx.request.headers.iter().filter(|(name, _)| name == "if_match");
    let lists: Vec<&str> = headers.map(|(_, list)| list.as_str()).collect();
    (!lists.is_empty()).then_some(lists)
}

/// When the record was changed, if it says so by itself and the caller may see it.
fn visible_update<'r>(cx: &Cx<'_>, record: &'r Record) -> Option<&'r str> {
    let field = record.collection().field("updated")?;
    let tells = matches!(field.kind, FieldKind::Autodate(AutodateOptions { on_update: true, .. }));
    let visible = !field.hidden || cx.principal.is_superuser();
    Some(record.text("updated")).filter(|text| tells && visible && !text.is_empty())
}
