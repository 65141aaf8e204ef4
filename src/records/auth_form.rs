//! What creating and updating an auth record asks beyond its fields: passwords come twice, and only those who manage
//! a record change its e-mail or verification. These checks come first; if one fails, only they are reported.

use serde_json::{Map, Value as Json};

use super::draft::OldPassword;
use crate::base::{FieldError, FieldErrors, Result, Secret};
use crate::domain::{Record, Value};
use crate::rules::Submitted;

/// The parts of a body that aren't fields.
pub struct AuthForm<'a> {
    body: &'a Map<String, Json>,
    submitted: &'a Submitted<'a>,
    who: Who,
}

/// What matters about who sends the form.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// A superuser, or somebody who satisfies the manage rule.
    pub manager: bool,
    /// Somebody who changes their own account, which has second factors. As these are changed with a proof only, of
    /// which the password is one, not even a manager gives it a new one, or does what removes factors, without proof.
    pub guarded: bool,
}

impl<'a> AuthForm<'a> {
    /// The form in `submitted`.
    pub fn new(submitted: &'a Submitted<'a>, who: Who) -> Self {
        AuthForm { body: submitted.raw, submitted, who }
    }

    /// Checks a new record.
    ///
    /// # Errors
    /// 400 with `password`, `passwordConfirm`, `verified`.
    pub fn check_create(&self) -> Result<()> {
        let mut errors = FieldErrors::new();
        self.check_password(true, &mut errors);
        if !self.who.manager && matches!(self.value("verified"), Some(Value::Bool(true))) {
            errors.add("verified", mismatch());
        }
        errors.into_result("The record can't be created.")
    }

    /// Checks a change of `old`; yields the old password if it has to be verified.
    ///
    /// # Errors
    /// 400 with `password`, `passwordConfirm`, `oldPassword`, `email`, `verified`.
    pub fn check_update(&self, old: &Record) -> Result<Option<OldPassword>> {
        let mut errors = FieldErrors::new();
        let changing = self.given("password") || self.given("passwordConfirm") || self.given("oldPassword");
        self.check_password(changing, &mut errors);
        for name in ["email", "verified"] {
            let may = self.who.manager && !(self.who.guarded && name == "verified");
            if !may && self.value(name).is_some_and(|value| Some(value) != old.get(name)) {
                errors.add(name, mismatch());
            }
        }
        let mut old_password = None;
        if (!self.who.manager || self.who.guarded) && (self.given("password") || self.given("passwordConfirm")) {
            match self.text("oldPassword").as_str() {
                "" => errors.add("oldPassword", FieldError::required()),
                plain => {
                    let hash = Secret::new(old.text("password"));
                    old_password = Some(OldPassword { plain: Secret::new(plain), hash });
                }
            }
        }
        errors.into_result("The record can't be updated.")?;
        Ok(old_password)
    }

    fn check_password(&self, required: bool, errors: &mut FieldErrors) {
        let password = self.value("password").map_or("", Value::as_text);
        let cleared = self.submitted.raw.contains_key("password") && password.is_empty();
        if (required || cleared) && password.is_empty() {
            errors.add("password", FieldError::required());
        }
        let confirm = self.text("passwordConfirm");
        let confirm = confirm.as_str();
        if (required || !password.is_empty()) && confirm.is_empty() {
            errors.add("passwordConfirm", FieldError::required());
        } else if !confirm.is_empty() && confirm != password {
            errors.add("passwordConfirm", mismatch());
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.submitted.values[self.submitted.collection.position(name)?].as_ref()
    }

    /// The text of a key that isn't a field; numbers count as their digits, as they do for the password itself.
    fn text(&self, key: &str) -> String {
        match self.body.get(key) {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    fn given(&self, key: &str) -> bool {
        !self.text(key).is_empty()
    }
}

fn mismatch() -> FieldError {
    FieldError::new("validation_values_mismatch", "The values don't match.")
}
