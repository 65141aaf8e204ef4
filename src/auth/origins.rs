//! The places that an account is known to sign in from: rows of `_authOrigins`.
//!
//! Called at every sign-in of collections that want their people told of new places. Not here: the mail itself
//! (`letters`), which is written after the sign-in is on disk.

use super::digest;
use super::sessions::Device;
use crate::base::{Result, SqlValue, SqlValueRef};
use crate::domain::{Event, Record, Value};
use crate::query::table::{Direction, Table, Where};
use crate::records::{self, Cx, Find};
use crate::store::WriteTx;

const ORIGINS: &str = "_authOrigins";
/// An account has no more known places than this; the oldest is forgotten first.
const KEPT_MAX: usize = 5;
/// So much of what a client calls itself tells it from others, in characters.
const USER_AGENT_MAX_CHARS: usize = 200;
/// Hexadecimal digits of a fingerprint.
const FINGERPRINT_CHARS: usize = 32;

/// Notes where somebody signs in from. The first place of an account is taken as theirs; of later new ones they are
/// to be told.
pub fn note(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, device: &Device) -> Result<()> {
    if record.collection().auth().is_none_or(|options| !options.auth_alert.enabled) {
        return Ok(());
    }
    let user_agent = shortened(&device.user_agent);
    let fingerprint = fingerprint(&device.ip, &user_agent);
    let known = known(tx, cx, record)?;
    let origins = records::find_collection(tx.schema(), ORIGINS)?.clone();
    if let Some((id, _)) = known.iter().find(|(_, other)| *other == fingerprint) {
        if let Some(origin) = records::find(tx, cx, &origins, Find::Id, SqlValue::from(id.as_str()))? {
            records::change(tx, cx, &origin, &[])?;
        }
        return Ok(());
    }
    for (id, _) in known.iter().skip(KEPT_MAX - 1) {
        if let Some(origin) = records::find(tx, cx, &origins, Find::Id, SqlValue::from(id.as_str()))? {
            records::remove(tx, cx, &origin)?;
        }
    }
    let values = [
        ("collectionRef", Value::Text(record.collection().id.clone())),
        ("recordRef", Value::Text(record.id().to_owned())),
        ("fingerprint", Value::Text(fingerprint)),
    ];
    records::insert(tx, cx, ORIGINS, &values)?;
    if !known.is_empty() && !record.text("email").is_empty() {
        tx.announce(Event::NewPlace {
            collection_id: record.collection().id.clone(),
            record_id: record.id().to_owned(),
            ip: device.ip.clone(),
            user_agent,
        });
    }
    Ok(())
}

/// Ids and fingerprints of an account's known places, the newest first.
fn known(tx: &WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Vec<(String, String)>> {
    let own = [
        Where::Is("collectionRef", record.collection().id.as_str().into()),
        Where::Is("recordRef", record.id().into()),
    ];
    let order = Some(("created", Direction::Descending));
    let mut known = Vec::new();
    tx.rows(&Table::new(ORIGINS).page(cx.plans.dialect(), &["id", "fingerprint"], &own, order, None), |row| {
        if let (SqlValueRef::Text(id), SqlValueRef::Text(fingerprint)) = (row.get(0)?, row.get(1)?) {
            known.push((id.to_owned(), fingerprint.to_owned()));
        }
        Ok(())
    })?;
    Ok(known)
}

fn shortened(user_agent: &str) -> String {
    let mut short: String = user_agent.chars().take(USER_AGENT_MAX_CHARS).collect();
    if short.len() < user_agent.len() {
        short.push_str("...");
    }
    short
}

fn fingerprint(ip: &str, user_agent: &str) -> String {
    let mut hash = digest::sha256(&format!("{ip}{user_agent}"));
    hash.truncate(FINGERPRINT_CHARS);
    hash
}
