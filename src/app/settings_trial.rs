//! Trying settings out: whether the bucket can be used, whether mail is sent; and the client secret for Apple.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::mails::hand_over;
use super::{App, Caller};
use crate::auth::letters;
use crate::auth::oauth2::apple;
use crate::base::{Error, FieldError, FieldErrors, Result, Timestamp};
use crate::collections;
use crate::domain::field::email::is_email;
use crate::domain::principal::SUPERUSERS;
use crate::files::Storage;
use crate::mail::{Failure, Mail, Outgoing};
use crate::records::access;

/// Who mails are to that are only looked at.
const SAMPLE_EMAIL: &str = "somebody@example.com";
/// How long sending one at once may take, while somebody waits for it.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(30);

impl App {
    /// Puts an object into the bucket for files or for backups (`filesystem` of the body) and removes it. For
    /// superusers, and for no API key.
    ///
    /// # Errors
    /// 401, 403; 400 if `filesystem` is neither `storage` nor `backups`, or the bucket can't be used, with the cause.
    pub async fn test_storage(&self, caller: Caller, body: &Map<String, Json>) -> Result<()> {
        self.require_superuser_in_person(Arc::new(caller)).await?;
        let live = self.live();
        let bucket = match body.get("filesystem").and_then(Json::as_str).unwrap_or_default() {
            "" => return Err(refused("filesystem", FieldError::required())),
            "storage" => live.config.files_bucket(),
            "backups" => live.config.backup_bucket(),
            _ => {
                let message = "This must be one of storage and backups.";
                return Err(refused("filesystem", FieldError::new("validation_in_invalid", message)));
            }
        };
        let Some(bucket) = bucket else {
            return Err(Error::invalid("There is no bucket to be tested: S3 isn't enabled."));
        };
        let tried = Storage::bucket(&bucket)?.try_out().await;
        tried.map_err(|error| Error::invalid(format!("The bucket can't be used: {}", error.log_text())))
    }

    /// Sends a sample of a mail at once. For superusers, and for no API key.
    ///
    /// # Errors
    /// 401, 403; 400 for what the body says, or with the reason why the mail can't be sent.
    pub async fn test_mail(&self, caller: Caller, body: &Map<String, Json>) -> Result<()> {
        let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (email, kind, mut collection) = (text("email"), text("template"), text("collection"));
        if collection.is_empty() {
            collection = SUPERUSERS.to_owned();
        }
        let live = self.live();
        let mail = self
            .read(Arc::new(caller), move |tx, cx| {
                access::require_superuser_in_person(cx)?;
                let found = tx.schema().find(&collection).filter(|collection| collection.is_auth());
                check_sample(&email, &kind, found.is_some()).into_result("The mail can't be sent like this.")?;
                let found = found.ok_or_else(Error::not_found)?;
                letters::sample(tx, &live.letterhead, found, &kind, &email)
            })
            .await?;
        self.send_at_once(mail).await
    }

    /// What a mail looks like that accounts would get by the definition in the body's `collection`, which needn't be
    /// saved: `{"subject":…,"html":…,"text":…}`. With `send`, it is also sent to `email`. For superusers, and for no
    /// API key.
    ///
    /// # Errors
    /// As [`App::test_mail`], and 400 for a definition of the wrong shape.
    pub async fn preview_mail(&self, caller: Caller) -> Result<String> {
        let (body, live) = (caller.request.body.clone(), self.live());
        let is_sent = body.get("send").and_then(Json::as_bool).unwrap_or_default();
        let mail = self
            .read(Arc::new(caller), move |tx, cx| {
                access::require_superuser_in_person(cx)?;
                let (body, nothing) = (&cx.request.body, Map::new());
                let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default();
                let email = if is_sent { text("email") } else { SAMPLE_EMAIL };
                let definition = body.get("collection").and_then(Json::as_object).unwrap_or(&nothing);
                let (_, draft) = collections::with_draft(tx, definition)?;
                let refused = "There is no such mail.";
                check_sample(email, text("template"), draft.is_auth()).into_result(refused)?;
                letters::sample(tx, &live.letterhead, &draft, text("template"), email)
            })
            .await?;
        let shown = json!({"subject": mail.subject, "html": mail.html, "text": mail.text}).to_string();
        if is_sent {
            self.send_at_once(mail).await?;
        }
        Ok(shown)
    }

    async fn send_at_once(&self, mail: Outgoing) -> Result<()> {
        let live = self.live();
        let Some(server) = &live.smtp else {
            return Err(Error::invalid("The mail can't be sent: there is no mail server in the settings."));
        };
        hand_over(server, &Mail::unstored(mail), TRIAL_TIMEOUT).await.map_err(|failure| {
            let (Failure::ForNow(reason) | Failure::ForGood(reason)) = failure;
            Error::invalid(format!("The mail can't be sent: {reason}"))
        })
    }

    /// The client secret for Apple: see [`apple::client_secret`]. For superusers.
    ///
    /// # Errors
    /// 401, 403; 400 as there.
    pub async fn apple_client_secret(&self, caller: Caller) -> Result<String> {
        let body = caller.request.body.clone();
        self.read(Arc::new(caller), |_, cx| access::require_superuser(cx.principal)).await?;
        apple::client_secret(&body, Timestamp::now())
    }
}

fn check_sample(email: &str, kind: &str, is_auth: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if email.is_empty() {
        errors.add("email", FieldError::required());
    } else if !is_email(email) {
        errors.add("email", FieldError::new("validation_is_email", "This isn't an email address."));
    }
    if kind.is_empty() {
        errors.add("template", FieldError::required());
    } else if !letters::SAMPLES.contains(&kind) {
        let message = format!("This must be one of {}.", letters::SAMPLES.join(", "));
        errors.add("template", FieldError::new("validation_in_invalid", message));
    }
    if !is_auth {
        let message = "There is no auth collection with this id or name.";
        errors.add("collection", FieldError::new("validation_invalid_auth_collection", message));
    }
    errors
}

fn refused(path: &str, error: FieldError) -> Error {
    let mut fields = FieldErrors::new();
    fields.add(path, error);
    Error::invalid("The storage can't be tested like this.").with_fields(fields)
}
