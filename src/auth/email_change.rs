//! Another address for an account: a link goes to the new one, and whoever follows it gives the account's password.
//!
//! Confirming is done in two steps, because checking a password takes long: [`check`] in a snapshot, then the password,
//! then [`confirm`], which checks everything else again.

use std::sync::Arc;

use super::forms::Form;
use super::letters::{self, Audience, Written};
use super::token;
use super::verification::{bearer, collection_of_people};
use crate::base::{Error, FieldError, Result, Secret};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Collection, Credential, Principal, Record, TokenKind, Value};
use crate::mail::Letterhead;
use crate::records::{self, Cx};
use crate::store::{ReadTx, WriteTx};

/// Longest password that the form takes, in characters.
const PASSWORD_MAX_CHARS: usize = 100;

/// The mail to the new address.
///
/// # Errors
/// 401 for guests; 403 for accounts of other collections and for API keys; 404; 400 for superusers and with the code
/// of `newEmail`.
pub fn request(tx: &ReadTx<'_>, cx: &Cx<'_>, letterhead: &Letterhead, collection: &str) -> Result<Written> {
    let collection = records::find_collection(tx.schema(), collection)?.clone();
    let record = match cx.principal {
        Principal::Guest => return Err(Error::unauthenticated()),
        Principal::Record(record) if record.collection().id == collection.id => record,
        Principal::Record(_) => return Err(Error::forbidden("The token belongs to another collection.")),
        Principal::Scoped(..) => return Err(Error::forbidden("API keys can't change addresses.")),
    };
    if matches!(cx.credential, Credential::Key(_)) {
        return Err(Error::forbidden("API keys can't change addresses."));
    }
    if collection.id == SUPERUSERS_ID {
        return Err(Error::invalid("Superusers' addresses are set by superusers."));
    }
    let mut form = Form::new(&cx.request.body);
    let new_email = form.email("newEmail")?;
    if form.is_good("newEmail") {
        if new_email == record.text("email") {
            form.refuse("newEmail", FieldError::new("validation_not_in_invalid", "This is the address already."));
        } else if letters::find_by_email(tx, cx, &collection, &new_email)?.is_some() {
            form.refuse("newEmail", FieldError::new("validation_invalid_new_email", "This address can't be used."));
        }
    }
    form.finish()?;
    let mail = letters::link(tx, letterhead, record, TokenKind::EmailChange, Some(&new_email))?;
    Ok(Written::new(mail, Audience::Recipient, &collection, record.id()))
}

/// A change that only waits for the password to be checked.
pub struct Change {
    /// The account as it is.
    pub record: Record,
    /// The password that was sent.
    pub password: Secret,
    new_email: String,
}

/// Checks the form of the body but for the password.
///
/// # Errors
/// 404; 400 with the codes of `token` and `password`.
pub fn check(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<Change> {
    let collection = collection_of_people(tx, collection)?;
    let mut form = Form::new(&cx.request.body);
    let text = form.required("token", usize::MAX)?;
    let password = form.required("password", PASSWORD_MAX_CHARS)?;
    let found = match form.is_good("token") {
        true => find(tx, cx, &collection, &text)?,
        false => Err(FieldError::required()),
    };
    match found {
        Ok((record, new_email)) => {
            form.finish()?;
            Ok(Change { record, password: Secret::new(password), new_email })
        }
        Err(error) => {
            form.refuse("token", error);
            form.refuse("password", not_the_password());
            form.finish()?;
            Err(wrong_password())
        }
    }
}

/// The account that a token is for and the address that it is to have, or what is wrong with the token. Only of a token
/// that is ours it is told whether the address is taken.
fn find(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    text: &str,
) -> Result<Result<(Record, String), FieldError>> {
    let new_email = token::unverified_claims(text).and_then(|claims| claims.new_email).unwrap_or_default();
    if new_email.is_empty() {
        let message = "The token isn't one for this.";
        return Ok(Err(FieldError::new("validation_invalid_token_payload", message)));
    }
    let record = match bearer(tx, cx, collection, text, TokenKind::EmailChange)? {
        Ok((record, _)) => record,
        Err(error) => return Ok(Err(error)),
    };
    if letters::find_by_email(tx, cx, collection, &new_email)?.is_some() {
        let message = "The address has been taken meanwhile.";
        return Ok(Err(FieldError::new("validation_invalid_token_email", message)));
    }
    Ok(Ok((record, new_email)))
}

/// The answer to a wrong password.
pub fn wrong_password() -> Error {
    Error::field("password", not_the_password())
}

fn not_the_password() -> FieldError {
    FieldError::new("validation_invalid_password", "This isn't the account's password.")
}

/// Gives the account its new address, which whoever followed the link has shown to be theirs.
///
/// # Errors
/// As [`check`]; as [`wrong_password`] if the account has another password than the one that was checked.
pub fn confirm(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &str, checked: &Change) -> Result<()> {
    let change = check(tx, cx, collection)?;
    if change.record.text("password") != checked.record.text("password") {
        return Err(wrong_password());
    }
    let changes = [("email", Value::Text(change.new_email)), ("verified", Value::Bool(true))];
    records::change(tx, cx, &change.record, &changes).map(|_| ())
}
