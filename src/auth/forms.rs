//! Forms of endpoints with fixed keys: what must be there, how long it may be.
//!
//! Called by the flows that mail takes part in. Keys have been brought to their letter case by the edge.

use serde_json::{Map, Value as Json};

use crate::base::{Error, FieldError, FieldErrors, Result};
use crate::domain::field::email::is_email;

/// Longest text that these forms take, in characters, unless they say otherwise.
pub const TEXT_MAX_CHARS: usize = 255;

/// A form that is being read, with what is wrong with it so far.
pub struct Form<'a> {
    body: &'a Map<String, Json>,
    errors: FieldErrors,
}

impl<'a> Form<'a> {
    /// The form in `body`.
    pub fn new(body: &'a Map<String, Json>) -> Form<'a> {
        Form { body, errors: FieldErrors::new() }
    }

    /// The text of `name`; empty if it is missing.
    ///
    /// # Errors
    /// 400 with empty `data` for what isn't text.
    pub fn text(&self, name: &str) -> Result<String> {
        match self.body.get(name) {
            None | Some(Json::Null) => Ok(String::new()),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(_) => Err(Error::invalid("The form isn't valid.")),
        }
    }

    /// As [`Form::text`], for what must be there and may have `max` characters.
    pub fn required(&mut self, name: &str, max: usize) -> Result<String> {
        let text = self.text(name)?;
        if text.is_empty() {
            self.errors.add(name, FieldError::required());
        } else if text.chars().count() > max {
            self.errors.add(name, length_out_of_range(1, max));
        }
        Ok(text)
    }

    /// As [`Form::required`], for an address.
    pub fn email(&mut self, name: &str) -> Result<String> {
        let text = self.required(name, TEXT_MAX_CHARS)?;
        if !text.is_empty() && !is_email(&text) {
            self.errors.add(name, FieldError::new("validation_is_email", "This isn't an email address."));
        }
        Ok(text)
    }

    /// Whether nothing is wrong with `name` so far.
    pub fn is_good(&self, name: &str) -> bool {
        self.errors.code(name).is_none()
    }

    /// Notes that something is wrong with `name`; the first mistake counts.
    pub fn refuse(&mut self, name: &str, error: FieldError) {
        self.errors.add(name, error);
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 400 with everything that is wrong.
    pub fn finish(self) -> Result<()> {
        self.errors.into_result("The form isn't valid.")
    }
}

/// `validation_length_out_of_range`.
pub fn length_out_of_range(min: usize, max: usize) -> FieldError {
    let message = format!("Use {min} to {max} characters.");
    FieldError::new("validation_length_out_of_range", message).with("min", min).with("max", max)
}
