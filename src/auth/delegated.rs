//! Tokens for somebody who is signed in already: short ones that may stand in the addresses of files, and ones with
//! which a superuser acts as somebody else.
//!
//! Called by the app. Not here: what a token for files opens (the files service), and tokens that are sent by mail.

use serde_json::{Map, Value as Json};

use super::{sign_in, token};
use crate::base::{Error, FieldError, Result, SqlValue};
use crate::domain::{Credential, Principal};
use crate::records::access::require_superuser_in_person;
use crate::records::{self, Cx, Find};
use crate::store::ReadTx;

/// A token for the caller's files, as `{"token":…}`. It stands in addresses, which end up in logs and histories, so it
/// is good for nothing else and not for long.
///
/// # Errors
/// 401 for guests; 403 for API keys with a scope, which is about records and would be left behind.
pub fn file_token(tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<String> {
    let record = match cx.principal {
        Principal::Guest => return Err(Error::unauthenticated()),
        Principal::Scoped(..) => return Err(Error::forbidden("This API key isn't good for files.")),
        Principal::Record(record) => record,
    };
    let by_key = matches!(cx.credential, Credential::Key(_));
    let token = token::issue_for_files(record, by_key, tx.now())?;
    serde_json::to_string(&serde_json::json!({ "token": token })).map_err(Error::internal)
}

/// Lets a superuser act as somebody else: `{"record":…,"token":…}` with a token that can't be renewed, for as many
/// seconds as `duration` of the body says. The auth rule isn't asked: superusers stand above it.
///
/// # Errors
/// 401 and 403 for anybody else, and with an API key, which the token would outlive; 404 if there is no such account;
/// 400 with the code of `duration`.
pub fn impersonate(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, id: &str, expand: Option<&str>) -> Result<String> {
    require_superuser_in_person(cx)?;
    let collection = sign_in::find_auth_collection(tx, collection)?;
    let record = records::find(tx, cx, collection, Find::Id, SqlValue::from(id))?.ok_or_else(Error::not_found)?;
    let token = token::issue_final(&record, duration_seconds(&cx.request.body)?, tx.now())?;
    sign_in::response(tx, cx, &record, Some(&token), None, expand)
}

/// `duration` of the body; 0 if there is none.
fn duration_seconds(body: &Map<String, Json>) -> Result<u32> {
    let malformed = || Error::invalid("The duration isn't a whole number of seconds.");
    let seconds = match body.get("duration") {
        None | Some(Json::Null) => 0,
        Some(Json::Number(number)) => number.as_i64().ok_or_else(malformed)?,
        // Forms have nothing but text.
        Some(Json::String(text)) => text.parse().map_err(|_| malformed())?,
        Some(_) => return Err(malformed()),
    };
    if seconds < 0 {
        let error = FieldError::new("validation_min_greater_equal_than_required", "This can't be negative.");
        return Err(Error::field("duration", error.with("threshold", 0)));
    }
    u32::try_from(seconds).map_err(|_| {
        let error = FieldError::new("validation_max_less_equal_than_required", "This is too long.");
        Error::field("duration", error.with("threshold", u32::MAX))
    })
}
