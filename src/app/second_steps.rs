//! The second step of signing in, by a code of an authenticator app or a recovery code.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{App, Caller};
use crate::auth::second_factor::{self, Pending};
use crate::auth::sign_in::{self, Method, Outcome, SignIn};
use crate::auth::throttle::{Attempt, Step};
use crate::auth::{factors, recovery, totp};
use crate::base::{Error, ErrorKind, FieldError, FieldErrors, Result};
use crate::domain::Record;
use crate::records::Cx;
use crate::store::{ReadTx, WriteTx};

impl App {
    /// Completes a sign-in with the `code` of an authenticator app; `mfaId` names the sign-in.
    ///
    /// # Errors
    /// 400 if one of them is missing, wrong, used or expired; 429 after too many wrong ones.
    pub async fn auth_with_totp(&self, caller: Caller, collection: String, expand: Option<String>) -> Result<Outcome> {
        self.second_step(caller, collection, expand, Method::Totp).await
    }

    /// The same with one of the account's recovery codes, which is used up by that.
    ///
    /// # Errors
    /// As [`App::auth_with_totp`].
    pub async fn auth_with_recovery_code(
        &self,
        caller: Caller,
        collection: String,
        expand: Option<String>,
    ) -> Result<Outcome> {
        self.second_step(caller, collection, expand, Method::RecoveryCode).await
    }

    async fn second_step(
        &self,
        caller: Caller,
        collection: String,
        expand: Option<String>,
        method: Method,
    ) -> Result<Outcome> {
        let session = self.session_for(&caller)?;
        let caller = Arc::new(caller);
        let sent = caller.clone();
        let (pending, code) = self.read(caller.clone(), move |tx, cx| named_by(tx, cx, &collection, &sent)).await?;
        let attempt = self.allow_second_step(&pending, &caller).await?;
        let writer = caller.clone();
        let superusers = self.superuser_terms(&caller);
        let (collection, mfa_id) = (pending.account.collection().id.clone(), pending.id.clone());
        let job = move |tx: &mut WriteTx<'_>, cx: &Cx<'_>| {
            let record = second_factor::pending(tx, cx, &collection, &mfa_id)?.account;
            let is_right = match method {
                Method::RecoveryCode => recovery::take(tx, cx, &record, &code)?,
                _ => totp::take(tx, cx, &record, &code)?,
            };
            if !is_right {
                return Err(factors::wrong("code"));
            }
            let step = SignIn {
                record,
                method,
                mfa_id: Some(&mfa_id),
                device: &caller.device(),
                session,
                expand: expand.as_deref(),
                meta: None,
                superusers,
            };
            sign_in::finish(tx, cx, step)
        };
        let outcome = self.write(writer, job).await?;
        self.0.attempts.forget(&pending.id);
        attempt.succeeded();
        Ok(outcome)
    }

    /// Counts an attempt at a sign-in's second step. One that was attempted too often has to begin again.
    ///
    /// # Errors
    /// 429.
    async fn allow_second_step(&self, pending: &Pending, caller: &Caller) -> Result<Attempt> {
        if !self.0.attempts.allow(&pending.id) {
            let id = pending.id.clone();
            self.write_as_owner(Map::new(), move |tx, cx| second_factor::give_up(tx, cx, &id)).await?;
            let message = "There were too many wrong codes. Begin again with the first step.";
            return Err(Error::new(ErrorKind::TooManyRequests, message));
        }
        self.allow_proof(&pending.account, caller)
    }

    /// Counts an attempt to show a factor or the password of an account.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(super) fn allow_proof(&self, account: &Record, caller: &Caller) -> Result<Attempt> {
        let key = format!("{}/{}", account.collection().id, account.id());
        self.0.throttle.attempt(Step::SecondFactor, &key, caller.client_ip)
    }
}

/// The sign-in that a request is the second step of, and the code that it brings.
fn named_by(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, caller: &Caller) -> Result<(Pending, String)> {
    let collection = sign_in::find_auth_collection(tx, collection)?;
    let code = caller.request.body.get("code").and_then(Json::as_str).unwrap_or_default();
    let mfa_id = caller.mfa_id().unwrap_or_default();
    let mut errors = FieldErrors::new();
    for (name, value) in [("code", code), ("mfaId", mfa_id)] {
        if value.is_empty() {
            errors.add(name, FieldError::required());
        }
    }
    errors.into_result("The second step needs a code and the mfaId of the first.")?;
    Ok((second_factor::pending(tx, cx, &collection.id, mfa_id)?, code.to_owned()))
}
