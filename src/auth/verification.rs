//! Showing that an address is one's own, by a link in a mail.

use std::sync::Arc;

use super::forms::Form;
use super::letters::{self, Audience, Written};
use super::password;
use super::sign_in::find_auth_collection;
use super::token::{self, Claims};
use crate::base::{Error, FieldError, Result};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Collection, Record, TokenKind, Value};
use crate::mail::Letterhead;
use crate::records::{self, Cx};
use crate::store::{ReadTx, WriteTx};

/// The mail to the account with the address of the body, or to nobody if there is nothing to verify.
///
/// # Errors
/// 404; 400 for superusers, whose addresses need no proof, and with the code of `email`.
pub fn request(tx: &ReadTx<'_>, cx: &Cx<'_>, letterhead: &Letterhead, collection: &str) -> Result<Written> {
    let collection = collection_of_people(tx, collection)?;
    let mut form = Form::new(&cx.request.body);
    let email = form.email("email")?;
    form.finish()?;
    let addressee = letters::addressee(tx, cx, &collection, &email)?;
    let mail = letters::link(tx, letterhead, &addressee.record, TokenKind::Verification, None)?;
    let audience = if addressee.record.truth("verified") { Audience::Nobody } else { addressee.audience() };
    Ok(Written::new(mail, audience, &collection, &email))
}

/// Marks the account as verified that the token of the body is for.
///
/// # Errors
/// 404; 400 for superusers and with the code of `token`.
pub fn confirm(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<()> {
    let collection = collection_of_people(tx, collection)?;
    let mut form = Form::new(&cx.request.body);
    let text = form.required("token", usize::MAX)?;
    form.finish()?;
    let email = token::unverified_claims(&text).and_then(|claims| claims.email).filter(|email| !email.is_empty());
    let bad_token = |code, message| Error::field("token", FieldError::new(code, message));
    let Some(email) = email else {
        return Err(bad_token("validation_invalid_token_claims", "The token isn't one for this."));
    };
    let found = bearer(tx, cx, &collection, &text, TokenKind::Verification)?;
    let (record, _) = found.map_err(|error| Error::field("token", error))?;
    if record.text("email") != email {
        return Err(bad_token("validation_token_email_mismatch", "The account has another address by now."));
    }
    if record.truth("verified") {
        return Ok(());
    }
    let mut changes = vec![("verified", Value::Bool(true))];
    // Where nobody signs in by password, one that was set before the address was proven is not to be of use later.
    if collection.auth().is_some_and(|options| !options.password_auth.enabled) {
        changes.push(("password", password::unusable_hash(&collection)));
    }
    records::change(tx, cx, &record, &changes).map(|_| ())
}

/// The auth collection with this id or name, if it isn't that of superusers.
pub(super) fn collection_of_people(tx: &ReadTx<'_>, id_or_name: &str) -> Result<Arc<Collection>> {
    let collection = find_auth_collection(tx, id_or_name)?;
    if collection.id == SUPERUSERS_ID {
        return Err(Error::invalid("Superusers' addresses are set by superusers."));
    }
    Ok(collection.clone())
}

/// The account that a token of this kind is for and what the token says, or what is wrong with it.
pub(super) fn bearer(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Collection,
    text: &str,
    kind: TokenKind,
) -> Result<Result<(Record, Claims), FieldError>> {
    let Some((record, claims)) = token::bearer(tx, cx, text, kind)? else {
        return Ok(Err(FieldError::new("validation_invalid_token", "The token isn't valid any more.")));
    };
    if record.collection().id != collection.id {
        let message = "The token is for another collection.";
        return Ok(Err(FieldError::new("validation_token_collection_mismatch", message)));
    }
    Ok(Ok((record, claims)))
}
