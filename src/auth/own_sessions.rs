//! What people see of the sessions of their account, and how they end them.
//!
//! Called by the app for `/api/session`, `/api/sessions` and the hosted pages. Not here: how sessions are kept
//! (`sessions`), the cookie (`web`).

use serde::Serialize;

use super::account::{self, Named};
use super::sessions::{self, NewSession, Session};
use super::{devices, key_form, keys, token};
use crate::base::json::write_str;
use crate::base::{Error, FieldError, Result, Secret, Timestamp};
use crate::domain::{Credential, Principal, TokenKind};
use crate::records::{self, Cx, access};
use crate::store::{ReadTx, WriteTx};

/// The answer to whoever nobody knows.
const NOBODY: &str = "{\"credential\":\"none\",\"record\":null}";

/// By what a request was signed, as far as it takes that to describe it.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Signed<'a> {
    pub token: Option<&'a str>,
    pub cookie: Option<&'a Secret>,
}

/// A session as its owner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: &'a str,
    /// The name of the device.
    device: String,
    user_agent: &'a str,
    ip: &'a str,
    created: &'a str,
    last_used: &'a str,
    idle_until: &'a str,
    expires: &'a str,
    /// Whether it is the one that the request was made with.
    current: bool,
}

/// Who the caller is and by what, as JSON. Guests get an answer, too: a page that starts has to ask, and to ask isn't
/// wrong.
pub fn info(tx: &ReadTx<'_>, cx: &Cx<'_>, signed: Signed<'_>) -> Result<String> {
    let Some(record) = cx.principal.record() else { return Ok(NOBODY.to_owned()) };
    let mut out = String::from("{");
    match cx.credential {
        Credential::Session(id) => {
            let session = sessions::by_id(tx, cx, id)?.ok_or_else(Error::unauthenticated)?;
            let csrf = signed.cookie.map(sessions::csrf_token).unwrap_or_default();
            members(
                &mut out,
                &[
                    ("credential", "session"),
                    ("sessionId", &session.id),
                    ("expires", &session.expires),
                    ("idleUntil", &session.idle_until),
                    ("csrfToken", &csrf),
                ],
            );
        }
        Credential::Key(id) => {
            let key = keys::by_id(tx, cx, id)?.ok_or_else(Error::unauthenticated)?;
            members(&mut out, &[("credential", "key"), ("keyId", &key.id), ("expires", &key.expires)]);
            out.push_str(",\"scope\":");
            out.push_str(&key_form::scope_json(tx, key.scope.as_deref())?);
        }
        Credential::Token | Credential::None | Credential::Owner => {
            let claims = signed.token.map(|text| token::bearer(tx, cx, text, TokenKind::Auth)).transpose()?.flatten();
            let expires = claims.and_then(|(_, claims)| Timestamp::from_unix_seconds(claims.exp));
            let expires = expires.map(|at| at.to_string()).unwrap_or_default();
            members(&mut out, &[("credential", "token"), ("expires", &expires)]);
        }
    }
    out.push_str(",\"record\":");
    match cx.principal {
        // A key sees of its owner what its scope says, which may be nothing: that there is one isn't a secret.
        Principal::Scoped(..) => {
            out.push('{');
            let collection = record.collection();
            members(
                &mut out,
                &[("collectionId", &collection.id), ("collectionName", &collection.name), ("id", record.id())],
            );
            out.push('}');
        }
        Principal::Record(_) | Principal::Guest => out.push_str(&records::body_of(tx, cx, record, None)?),
    }
    out.push('}');
    Ok(out)
}

/// The sessions of an account as JSON, the one used last first.
///
/// # Errors
/// As [`account::find`].
pub fn list(tx: &ReadTx<'_>, cx: &Cx<'_>, named: Option<&Named>) -> Result<String> {
    let record = account::find(tx, cx, named)?;
    let sessions = sessions::list(tx, cx, &record)?;
    let items: Vec<Shown<'_>> = sessions.iter().map(|session| shown(session, cx)).collect();
    let items = serde_json::to_string(&items).map_err(Error::internal)?;
    Ok(format!("{{\"items\":{items}}}"))
}

fn shown<'s>(session: &'s Session, cx: &Cx<'_>) -> Shown<'s> {
    Shown {
        id: &session.id,
        device: devices::name(&session.device.user_agent),
        user_agent: &session.device.user_agent,
        ip: &session.device.ip,
        created: &session.created,
        last_used: &session.last_used,
        idle_until: &session.idle_until,
        expires: &session.expires,
        current: is_current(cx, &session.id),
    }
}

/// Whether the caller's request was made with this session.
pub fn is_current(cx: &Cx<'_>, id: &str) -> bool {
    matches!(cx.credential, Credential::Session(current) if current == id)
}

/// Ends the caller's session, or all that their account is signed in with. Guests are signed out already.
///
/// # Errors
/// 400 for a token that is to end alone, which tokens can't; 403 with an API key.
pub fn logout(tx: &mut WriteTx<'_>, cx: &Cx<'_>, everywhere: bool) -> Result<()> {
    let Some(record) = cx.principal.record().cloned() else { return Ok(()) };
    access::refuse_key(cx)?;
    if everywhere {
        let record = account::end_everything(tx, cx, &record)?;
        return sessions::forget_ended(tx, cx, &record);
    }
    match cx.credential {
        Credential::Session(id) => sessions::end(tx, cx, &record, id).map(|_| ()),
        _ => {
            let message = "A token can't end alone: forget it, or end everything with {\"everywhere\": true}.";
            Err(Error::field("everywhere", FieldError::invalid(message)))
        }
    }
}

/// Ends one session of an account.
///
/// # Errors
/// As [`account::find`]; 404 if the account has no such session.
pub fn end(tx: &mut WriteTx<'_>, cx: &Cx<'_>, named: Option<&Named>, id: &str) -> Result<()> {
    let record = account::find(tx, cx, named)?;
    if sessions::end(tx, cx, &record, id)? { Ok(()) } else { Err(Error::not_found()) }
}

/// Ends all sessions, tokens and API keys of an account but the session that the request was made with, which goes on
/// with new secrets.
///
/// # Errors
/// As [`account::find`].
pub fn end_others(tx: &mut WriteTx<'_>, cx: &Cx<'_>, named: Option<&Named>) -> Result<Option<NewSession>> {
    let record = account::find(tx, cx, named)?;
    let own = cx.principal.is(&record.collection().id, record.id());
    let record = account::end_everything(tx, cx, &record)?;
    let renewed = if own { sessions::follow(tx, cx)? } else { None };
    sessions::forget_ended(tx, cx, &record)?;
    Ok(renewed)
}

/// Writes members of an object, all of them texts.
fn members(out: &mut String, members: &[(&str, &str)]) {
    for (at, (name, text)) in members.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_str(out, name);
        out.push(':');
        write_str(out, text);
    }
}
