//! Sessions of browsers: rows in the database, known by a secret in a cookie of which only the hash is stored.
//!
//! Called by the app for every request with a cookie and by everything that signs somebody in. Invariants: a session is
//! tied to its account's token key and to its collection's secret for auth tokens, so whatever ends tokens ends
//! sessions, even if a row is left; it ends when it wasn't used for a while, and at a fixed time at the latest. Not
//! here: the cookie itself (`web`), who may look at whose sessions (`app`).

use std::sync::Arc;

use super::{digest, sign_in, token};
use crate::base::limits::SESSIONS_LISTED_MAX;
use crate::base::{Error, ErrorKind, Result, Secret, SqlValue, Timestamp, ids};
use crate::domain::{Credential, Event, Record, TokenKind};
use crate::query::table::{Direction, Set, Table, Where};
use crate::records::{self, Cx, Find};
use crate::store::{ReadTx, Row, WriteTx};

const SESSIONS: Table = Table::new("_sessions");
const COLUMNS: [&str; 10] =
    ["id", "collectionRef", "recordRef", "keyHash", "ip", "userAgent", "created", "lastUsed", "idleUntil", "expires"];

/// Longest user agent that is kept, in characters.
const USER_AGENT_MAX_CHARS: usize = 255;

/// How long sessions last, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// Without being used.
    pub idle_seconds: i64,
    /// At most.
    pub max_seconds: i64,
}

impl Lifetime {
    /// The same as the account's collection has it.
    pub fn of(self, record: &Record) -> Lifetime {
        let Some(options) = record.collection().auth().map(|auth| &auth.sessions) else { return self };
        let own = |seconds: i64, general: i64| if seconds > 0 { seconds } else { general };
        Lifetime {
            idle_seconds: own(options.idle_duration, self.idle_seconds),
            max_seconds: own(options.max_duration, self.max_seconds),
        }
    }
}

/// Where a request came from, as people recognise their devices.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// The address of the client.
    pub ip: String,
    /// What the client calls itself.
    pub user_agent: String,
}

/// A session as it is stored.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Session {
    pub id: String,
    pub collection_id: String,
    pub record_id: String,
    pub device: Device,
    pub created: String,
    pub last_used: String,
    /// Until when it lasts if it isn't used again.
    pub idle_until: String,
    /// Until when it lasts at most.
    pub expires: String,
    key_hash: String,
}

/// What a browser gets when a session begins or is renewed.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session's id.
    pub id: String,
    /// The value of the cookie.
    pub token: Secret,
    /// The value of the cookie that is good for forward-auth only.
    pub forward_token: Secret,
    /// How long the browser has to keep them, in seconds.
    pub max_age_seconds: i64,
}

/// Begins a session, which lasts as long as the account's collection says, or else `lifetime`.
pub fn start(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    record: &Record,
    device: &Device,
    lifetime: Lifetime,
) -> Result<NewSession> {
    let (now, lifetime) = (tx.now(), lifetime.of(record));
    let session = NewSession {
        id: ids::record_id(),
        token: ids::bearer(),
        forward_token: ids::bearer(),
        max_age_seconds: lifetime.max_seconds,
    };
    let user_agent: String = device.user_agent.chars().take(USER_AGENT_MAX_CHARS).collect();
    let mut row: Vec<Set> = vec![
        ("id", session.id.as_str().into()),
        ("collectionRef", record.collection().id.as_str().into()),
        ("recordRef", record.id().into()),
        ("ip", device.ip.as_str().into()),
        ("userAgent", user_agent.into()),
        ("created", now.to_string().into()),
        ("expires", now.plus_seconds(lifetime.max_seconds).to_string().into()),
    ];
    row.extend(secrets(record, &session)?);
    row.extend(used(now, lifetime));
    tx.execute(&SESSIONS.insert(cx.plans.dialect(), row))?;
    Ok(session)
}

/// Gives a session new secrets and ties it to what the account's key is now: after a change of privileges, so that
/// the session which made it goes on while all others end.
pub fn rotate(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str, record: &Record) -> Result<Option<NewSession>> {
    let Some(old) = by_id(tx, cx, id)? else { return Ok(None) };
    let end = Timestamp::parse(&old.expires).ok_or_else(|| Error::internal("a session's end isn't a date"))?;
    let session = NewSession {
        id: old.id,
        token: ids::bearer(),
        forward_token: ids::bearer(),
        max_age_seconds: (end.unix_seconds() - tx.now().unix_seconds()).max(0),
    };
    let changes = secrets(record, &session)?;
    tx.execute(&SESSIONS.update(cx.plans.dialect(), changes, &[Where::Is("id", id.into())]))?;
    Ok(Some(session))
}

/// Lets the session that a change was made with go on, if that change has ended everything else that its account was
/// signed in with: with new secrets. An account that may not sign in any more has no session to go on with.
pub fn follow(tx: &mut WriteTx<'_>, cx: &Cx<'_>) -> Result<Option<NewSession>> {
    let (Credential::Session(id), Some(before)) = (cx.credential, cx.principal.record()) else { return Ok(None) };
    let Some(collection) = tx.schema().by_id(&before.collection().id).cloned() else { return Ok(None) };
    let Some(now) = records::find(tx, cx, &collection, Find::Id, SqlValue::from(before.id()))? else { return Ok(None) };
    if token::key_hash(&now, TokenKind::Auth)? == token::key_hash(before, TokenKind::Auth)? {
        return Ok(None);
    }
    match sign_in::check_auth_rule(tx, cx, &now) {
        Ok(()) => rotate(tx, cx, id, &now),
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

/// The session that a cookie's value belongs to, with its account, if both are still good.
pub fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, token: &Secret) -> Result<Option<(Session, Record)>> {
    live(tx, cx, first(tx, cx, &[Where::Is("tokenHash", digest::sha256(token.expose()).into())])?)
}

/// The session with this id, without looking whether it is still good.
pub fn by_id(tx: &ReadTx<'_>, cx: &Cx<'_>, id: &str) -> Result<Option<Session>> {
    first(tx, cx, &[Where::Is("id", id.into())])
}

/// The same as [`find`] for the cookie of forward-auth.
pub fn find_forward(tx: &ReadTx<'_>, cx: &Cx<'_>, token: &Secret) -> Result<Option<(Session, Record)>> {
    live(tx, cx, first(tx, cx, &[Where::Is("forwardHash", digest::sha256(token.expose()).into())])?)
}

/// The sessions of an account that are still good, the one used last first.
pub fn list(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Vec<Session>> {
    // What has ended with a former token key must not use up the bound, or it would hide what goes on.
    let [collection, owner] = owned_by(record);
    let conditions = [collection, owner, Where::Is("keyHash", token::key_hash(record, TokenKind::Auth)?.into())];
    let order = Some(("lastUsed", Direction::Descending));
    let mut sessions = Vec::new();
    let page = SESSIONS.page(cx.plans.dialect(), &COLUMNS, &conditions, order, Some(SESSIONS_LISTED_MAX));
    tx.rows(&page, |row| {
        sessions.push(session(row)?);
        Ok(())
    })?;
    let now = tx.now().to_string();
    sessions.retain(|session| session.is_live(&now));
    Ok(sessions)
}

/// Ends one session of an account; whether there was one.
pub fn end(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, id: &str) -> Result<bool> {
    let [collection, owner] = owned_by(record);
    let ended = tx.execute(&SESSIONS.delete(cx.plans.dialect(), &[collection, owner, Where::Is("id", id.into())]))? > 0;
    if ended {
        tx.announce(Event::SessionEnded { id: id.to_owned() });
    }
    Ok(ended)
}

/// Deletes the rows of an account's sessions that have ended with its former token key.
pub fn forget_ended(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<()> {
    let [collection, owner] = owned_by(record);
    let former = Where::IsNot("keyHash", token::key_hash(record, TokenKind::Auth)?.into());
    tx.execute(&SESSIONS.delete(cx.plans.dialect(), &[collection, owner, former])).map(|_| ())
}

/// Notes that a session is used, which lets it go on.
pub fn touch(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str, device: &Device, lifetime: Lifetime) -> Result<()> {
    let mut changes = used(tx.now(), lifetime);
    changes.push(("ip", device.ip.as_str().into()));
    tx.execute(&SESSIONS.update(cx.plans.dialect(), changes, &[Where::Is("id", id.into())])).map(|_| ())
}

/// Deletes the rows of sessions that are over.
pub fn forget_expired(tx: &mut WriteTx<'_>, cx: &Cx<'_>) -> Result<()> {
    let now = tx.now().to_string();
    for column in ["idleUntil", "expires"] {
        tx.execute(&SESSIONS.delete(cx.plans.dialect(), &[Where::UpTo(column, now.as_str().into())]))?;
    }
    Ok(())
}

/// The token that forms of a session's pages carry. It follows from the cookie, which other sites can't read.
pub fn csrf_token(token: &Secret) -> String {
    digest::hmac_sha256(token.expose(), "csrf")
}

impl Session {
    fn is_live(&self, now: &str) -> bool {
        self.idle_until.as_str() > now && self.expires.as_str() > now
    }
}

/// The rows that belong to an account, in any of the program's tables.
pub(super) fn owned_by(record: &Record) -> [Where; 2] {
    [Where::Is("collectionRef", record.collection().id.as_str().into()), Where::Is("recordRef", record.id().into())]
}

fn secrets(record: &Record, session: &NewSession) -> Result<Vec<Set>> {
    Ok(vec![
        ("tokenHash", digest::sha256(session.token.expose()).into()),
        ("forwardHash", digest::sha256(session.forward_token.expose()).into()),
        ("keyHash", token::key_hash(record, TokenKind::Auth)?.into()),
    ])
}

fn used(now: Timestamp, lifetime: Lifetime) -> Vec<Set> {
    let idle_until = now.plus_seconds(lifetime.idle_seconds);
    vec![("lastUsed", now.to_string().into()), ("idleUntil", idle_until.to_string().into())]
}

fn live(tx: &ReadTx<'_>, cx: &Cx<'_>, found: Option<Session>) -> Result<Option<(Session, Record)>> {
    let Some(session) = found.filter(|session| session.is_live(&tx.now().to_string())) else { return Ok(None) };
    let Some(collection) = tx.schema().by_id(&session.collection_id).filter(|collection| collection.is_auth()) else {
        return Ok(None);
    };
    let collection = Arc::clone(collection);
    match records::find(tx, cx, &collection, Find::Id, SqlValue::from(session.record_id.as_str()))? {
        Some(record) if token::key_hash(&record, TokenKind::Auth)? == session.key_hash => Ok(Some((session, record))),
        _ => Ok(None),
    }
}

fn first(tx: &ReadTx<'_>, cx: &Cx<'_>, conditions: &[Where]) -> Result<Option<Session>> {
    tx.first(&SESSIONS.select(cx.plans.dialect(), &COLUMNS, conditions), session)
}

fn session(row: &Row<'_>) -> Result<Session> {
    let text = |at: usize| row.text(at).map(str::to_owned);
    Ok(Session {
        id: text(0)?,
        collection_id: text(1)?,
        record_id: text(2)?,
        key_hash: text(3)?,
        device: Device { ip: text(4)?, user_agent: text(5)? },
        created: text(6)?,
        last_used: text(7)?,
        idle_until: text(8)?,
        expires: text(9)?,
    })
}
