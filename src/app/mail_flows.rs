//! Everything that an account does by mail: verification, password reset, change of address, one-time codes.
//!
//! The form is the body of the caller's request. Mails are queued before the answer is given and sent afterwards.
//! bcrypt runs between two transactions, never in one.

use std::sync::Arc;

use super::{App, Caller};
use crate::auth::letters::Written;
use crate::auth::sign_in::{self, Method, Outcome, SignIn};
use crate::auth::throttle::{Step, identity_key};
use crate::auth::{email_change, one_time_code, password_reset, verification};
use crate::base::{Result, Secret, Timestamp};
use crate::domain::Context;
use crate::logs::Failure;

impl App {
    /// Sends the account with the address `email` of the body a link that verifies it.
    ///
    /// # Errors
    /// As [`verification::request`]; not for an unknown address.
    pub async fn request_verification(&self, caller: Caller, collection: String) -> Result<()> {
        let (caller, services) = (Arc::new(caller), self.0.clone());
        let written = self
            .read(caller.clone(), move |tx, cx| {
                verification::request(tx, cx, &services.live.get().letterhead, &collection)
            })
            .await?;
        self.queue(caller, written).await
    }

    /// Verifies the address that the `token` of the body was sent to.
    ///
    /// # Errors
    /// As [`verification::confirm`].
    pub async fn confirm_verification(&self, caller: Caller, collection: String) -> Result<()> {
        self.write(Arc::new(caller), move |tx, cx| verification::confirm(tx, cx, &collection)).await
    }

    /// Sends the account with the address `email` of the body a link to choose another password.
    ///
    /// # Errors
    /// As [`password_reset::request`]; not for an unknown address.
    pub async fn request_password_reset(&self, caller: Caller, collection: String) -> Result<()> {
        let (caller, services) = (Arc::new(caller), self.0.clone());
        let written = self
            .read(caller.clone(), move |tx, cx| {
                password_reset::request(tx, cx, &services.live.get().letterhead, &collection)
            })
            .await?;
        self.queue(caller, written).await
    }

    /// Sets the `password` of the body (`passwordConfirm` is the same) for the account that `token` is for.
    ///
    /// # Errors
    /// As [`password_reset::check`].
    pub async fn confirm_password_reset(&self, caller: Caller, collection: String) -> Result<()> {
        let (caller, name) = (Arc::new(caller), collection.clone());
        let new = self.read(caller.clone(), move |tx, cx| password_reset::check(tx, cx, &name)).await?;
        let hash = self.0.passwords.hash(new.plain, new.cost).await?;
        self.write(caller, move |tx, cx| password_reset::confirm(tx, cx, &collection, &hash)).await
    }

    /// Sends a link to the address `newEmail` of the body with which the caller's account gets this address.
    ///
    /// # Errors
    /// As [`email_change::request`].
    pub async fn request_email_change(&self, caller: Caller, collection: String) -> Result<()> {
        let (caller, services) = (Arc::new(caller), self.0.clone());
        let written = self
            .read(caller.clone(), move |tx, cx| {
                email_change::request(tx, cx, &services.live.get().letterhead, &collection)
            })
            .await?;
        self.queue(caller, written).await
    }

    /// Gives the account that the `token` of the body is for its new address, if `password` is the account's.
    ///
    /// # Errors
    /// As [`email_change::check`]; 429 after too many wrong passwords.
    pub async fn confirm_email_change(&self, caller: Caller, collection: String) -> Result<()> {
        let (caller, name) = (Arc::new(caller), collection.clone());
        let change = self.read(caller.clone(), move |tx, cx| email_change::check(tx, cx, &name)).await?;
        let (owner, hash) = (change.record.collection(), Secret::new(change.record.text("password")));
        let account = identity_key(&owner.id, change.record.text("email"));
        let guess = self.0.throttle.attempt(Step::Password, &account, caller.client_ip)?;
        if !self.0.passwords.verify(change.password.clone(), hash).await? {
            return Err(email_change::wrong_password());
        }
        guess.succeeded();
        self.write(caller, move |tx, cx| email_change::confirm(tx, cx, &collection, &change)).await
    }

    /// Sends a one-time code to the address `email` of the body and answers `{"otpId":…}`. For an unknown address the
    /// answer looks the same.
    ///
    /// # Errors
    /// As [`one_time_code::request`].
    pub async fn request_otp(&self, caller: Caller, collection: String) -> Result<String> {
        let (caller, services) = (Arc::new(caller), self.0.clone());
        let asked = self
            .read(caller.clone(), move |tx, cx| {
                one_time_code::request(tx, cx, &services.live.get().letterhead, &collection)
            })
            .await?;
        let collection_id = asked.addressee.record.collection().id.clone();
        let account = identity_key(&collection_id, &asked.email);
        let (now, life) = (Timestamp::now(), asked.duration_seconds);
        let live = match asked.addressee.is_stand_in {
            true => self.0.codes.live_of_nobody(&account, life, now),
            false => asked.live,
        };
        if asked.addressee.is_stand_in {
            note_no_mail(&caller);
        }
        // Whoever has enough codes gets no more mail, so there is nothing to count.
        if live < one_time_code::LIVE_MAX {
            let _counted = self.0.throttle.attempt(Step::MailRequest, &account, caller.client_ip)?;
        }
        let hash = self.0.passwords.hash(asked.code.clone(), one_time_code::COST).await?;
        let is_stand_in = asked.addressee.is_stand_in;
        let stored = self.write(caller, move |tx, cx| one_time_code::store(tx, cx, &asked, &hash)).await?;
        let id = if is_stand_in { self.0.codes.give_to_nobody(&account, stored, life, now) } else { stored };
        Ok(format!("{{\"otpId\":\"{id}\"}}"))
    }

    /// Signs in with the one-time code `password` whose id is `otpId` of the body.
    ///
    /// # Errors
    /// As [`one_time_code::find`] and [`sign_in::finish`]; 400 for whatever is wrong with the code; 429 after too many
    /// attempts.
    pub async fn auth_with_otp(
        &self,
        mut caller: Caller,
        collection: String,
        expand: Option<String>,
    ) -> Result<Outcome> {
        caller.request.context = Context::Otp;
        let session = self.session_for(&caller)?;
        let (caller, name) = (Arc::new(caller), collection.clone());
        let attempt = self.read(caller.clone(), move |tx, cx| one_time_code::find(tx, cx, &name)).await?;
        let account = match &attempt.found {
            Some((_, owner)) => Some(identity_key(&owner.collection().id, owner.id())),
            None => self.0.codes.account_of_nobody(&attempt.id, attempt.duration_seconds, Timestamp::now()),
        };
        if let Some(account) = &account {
            self.0.codes.count_guess(account, caller.client_ip)?;
        }
        let account = account.unwrap_or(attempt.id);
        let guess = self.0.throttle.attempt(Step::OneTimeCode, &account, caller.client_ip)?;
        let Some((otp, _)) = attempt.found else {
            self.0.passwords.verify_nothing(attempt.code, one_time_code::COST).await?;
            return Err(one_time_code::refused());
        };
        if !self.0.passwords.verify(attempt.code, Secret::new(otp.text("password"))).await? {
            return Err(one_time_code::refused());
        }
        guess.succeeded();
        let superusers = self.superuser_terms(&caller);
        self.write(caller.clone(), move |tx, cx| {
            let step = SignIn {
                record: one_time_code::redeem(tx, cx, &collection, &otp)?,
                method: Method::Otp,
                mfa_id: caller.mfa_id(),
                device: &caller.device(),
                session,
                expand: expand.as_deref(),
                meta: None,
                superusers,
            };
            sign_in::finish(tx, cx, step)
        })
        .await
    }

    async fn queue(&self, caller: Arc<Caller>, written: Written) -> Result<()> {
        let _counted = self.0.throttle.attempt(Step::MailRequest, &written.account, caller.client_ip)?;
        if written.is_for_nobody() {
            note_no_mail(&caller);
        }
        self.write(caller, move |tx, cx| written.queue(tx, cx)).await
    }
}

/// The answer doesn't tell that nobody gets a mail; the log, which only superusers see, does.
fn note_no_mail(caller: &Caller) {
    let message = "No mail was sent: nobody has this address, or they have no use for it.".to_owned();
    caller.trace.note_failure(Failure { message, ..Failure::default() });
}
