//! A new password for somebody who has lost theirs, by a link in a mail.
//!
//! Confirming is done in two steps, because hashing takes long: [`check`] in a snapshot, then the hash, then
//! [`confirm`], which checks everything again.

use super::forms::{self, Form, TEXT_MAX_CHARS};
use super::letters::{self, Written};
use super::sign_in::find_auth_collection;
use super::verification::bearer;
use crate::base::{Error, FieldError, Result, Secret};
use crate::domain::{FieldKind, Record, TokenKind, Value};
use crate::mail::Letterhead;
use crate::records::{self, Cx};
use crate::store::{ReadTx, WriteTx};

/// The mail to the account with the address of the body, or to nobody.
///
/// # Errors
/// 404; 400 if nobody signs in by password, and with the code of `email`.
pub fn request(tx: &ReadTx<'_>, cx: &Cx<'_>, letterhead: &Letterhead, collection: &str) -> Result<Written> {
    let collection = find_auth_collection(tx, collection)?.clone();
    if collection.auth().is_none_or(|options| !options.password_auth.enabled) {
        return Err(Error::invalid("This collection has no sign-in by password."));
    }
    let mut form = Form::new(&cx.request.body);
    let email = form.email("email")?;
    form.finish()?;
    let addressee = letters::addressee(tx, cx, &collection, &email)?;
    let mail = letters::link(tx, letterhead, &addressee.record, TokenKind::PasswordReset, None)?;
    Ok(Written::new(mail, addressee.audience(), &collection, &email))
}

/// A password that is to be set.
pub struct NewPassword {
    /// In plain text.
    pub plain: Secret,
    /// bcrypt's cost, 4–31.
    pub cost: u32,
}

/// Checks the form of the body and yields the password that is to be hashed.
///
/// # Errors
/// 404; 400 with the codes of `token`, `password`, `passwordConfirm`.
pub fn check(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<NewPassword> {
    read(tx, cx, collection).map(|(_, _, password)| password)
}

/// Sets the password whose hash is given, with all that follows: other sessions, tokens and codes end. Whoever got the
/// mail has shown that its address is theirs.
///
/// # Errors
/// As [`check`].
pub fn confirm(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &str, hash: &Secret) -> Result<()> {
    let (record, email, _) = read(tx, cx, collection)?;
    let mut changes = vec![("password", Value::Text(hash.expose().to_owned()))];
    if !email.is_empty() && record.text("email") == email {
        changes.push(("verified", Value::Bool(true)));
    }
    records::change(tx, cx, &record, &changes).map(|_| ())
}

/// The account, the address that the mail went to, and the new password.
fn read(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<(Record, String, NewPassword)> {
    let collection = find_auth_collection(tx, collection)?;
    let mut form = Form::new(&cx.request.body);
    let token = form.required("token", usize::MAX)?;
    let plain = form.text("password")?;
    let confirm = form.required("passwordConfirm", usize::MAX)?;
    let field = collection.field("password");
    let options = match field.map(|field| &field.kind) {
        Some(FieldKind::Password(options)) => options,
        _ => return Err(Error::internal("an auth collection without passwords")),
    };
    let min = usize::try_from(options.min).unwrap_or_default();
    let length = plain.chars().count();
    if plain.is_empty() {
        form.refuse("password", FieldError::required());
    } else if length < min || length > TEXT_MAX_CHARS {
        form.refuse("password", forms::length_out_of_range(min, TEXT_MAX_CHARS));
    }
    if confirm != plain {
        let message = "The two passwords differ.";
        form.refuse("passwordConfirm", FieldError::new("validation_values_mismatch", message));
    }
    let found = match form.is_good("token") {
        true => bearer(tx, cx, collection, &token, TokenKind::PasswordReset)?
            .map_err(|error| form.refuse("token", error))
            .ok(),
        false => None,
    };
    form.finish()?;
    let (record, claims) = found.ok_or_else(|| Error::internal("a form without a token passed"))?;
    if let Some(field) = field {
        let wrong = |error| Error::field("password", error);
        field.check(&Value::Text(plain.clone())).map_err(wrong)?;
    }
    let password = NewPassword { plain: Secret::new(plain), cost: options.effective_cost() };
    Ok((record, claims.email.unwrap_or_default(), password))
}
