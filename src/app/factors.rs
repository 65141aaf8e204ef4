//! Second factors of the caller's account: seeing, setting up and removing them.
//!
//! Whoever changes something here has just shown that the account is theirs: by a proof in the body, or by being in the
//! middle of a sign-in that waits for exactly this.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::{App, Caller};
use crate::auth::account::{self, Named};
use crate::auth::factors::{self, Claim, Lost};
use crate::auth::sign_in::{self, Method, Outcome, SignIn};
use crate::auth::throttle::Attempt;
use crate::auth::{recovery, second_factor, totp};
use crate::base::{Error, FieldError, Result, Secret, SqlValue};
use crate::domain::Record;
use crate::records::{self, Cx, Find, access};
use crate::store::WriteTx;

/// An authenticator app that is being set up.
pub struct TotpSetup {
    /// The key, for people who type it.
    pub secret: Secret,
    /// The address with the key in it, for a QR code.
    pub url: Secret,
}

impl App {
    /// What the caller's account has set up, or the one that the query names: see [`factors::overview`].
    ///
    /// # Errors
    /// As [`account::find`].
    pub async fn factors(&self, caller: Caller) -> Result<String> {
        let (named, passkeys_work) = (Named::of(&caller.request)?, self.passkeys_work());
        self.read(Arc::new(caller), move |tx, cx| {
            let record = account::find(tx, cx, named.as_ref())?;
            factors::overview(tx, cx, &record, passkeys_work)
        })
        .await
    }

    /// Begins to set up an authenticator app. It takes the place of another one when it has shown a code.
    ///
    /// # Errors
    /// 401, 403 for API keys; 400 without or with a wrong proof; 429 after too many wrong ones.
    pub async fn start_totp(&self, caller: Caller) -> Result<TotpSetup> {
        let record = self.enrolling_or_proven(Arc::new(caller)).await?;
        let secret = self.0.totp_setups.begin(&record);
        let name = [record.text("email"), record.id()].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let url = Secret::new(totp::url(&secret, &self.live().config.app_name, name)?);
        Ok(TotpSetup { secret, url })
    }

    /// Ends setting up an authenticator app with a `code` of it. `{"recoveryCodes":[…]}`; there are none if the account
    /// has some already.
    ///
    /// # Errors
    /// As [`App::start_totp`]; 400 if no app is being set up.
    pub async fn confirm_totp(&self, caller: Caller) -> Result<String> {
        let caller = Arc::new(caller);
        let record = self.read(caller.clone(), |_, cx| Ok(factors::account(cx)?.as_ref().clone())).await?;
        let (secret, code, attempt) = self.totp_setup(&record, &caller)?;
        let codes = self
            .write(caller, move |tx, cx| factors::confirm_totp(tx, cx, factors::account(cx)?, &secret, &code))
            .await?;
        self.0.totp_setups.end(&record);
        attempt.succeeded();
        Ok(json!({"recoveryCodes": codes}).to_string())
    }

    /// The same in the middle of a sign-in, which is complete then. The answer has the recovery codes in its `meta`.
    ///
    /// # Errors
    /// As [`App::confirm_totp`].
    pub async fn confirm_totp_and_sign_in(&self, caller: Caller, expand: Option<String>) -> Result<Outcome> {
        let session = self.session_for(&caller)?;
        let caller = Arc::new(caller);
        let record = self.enrolling(caller.clone()).await?;
        let (secret, code, attempt) = self.totp_setup(&record, &caller)?;
        let superusers = self.superuser_terms(&caller);
        let writer = caller.clone();
        let job = move |tx: &mut WriteTx<'_>, cx: &Cx<'_>| {
            let pending = second_factor::enrolling(tx, cx, caller.mfa_id().unwrap_or_default())?;
            let codes = factors::confirm_totp(tx, cx, &pending.account, &secret, &code)?;
            let step = SignIn {
                record: pending.account,
                method: Method::Totp,
                mfa_id: Some(&pending.id),
                device: &caller.device(),
                session,
                expand: expand.as_deref(),
                meta: Some(&json!({"recoveryCodes": codes}).to_string()),
                superusers,
            };
            sign_in::finish(tx, cx, step)
        };
        let outcome = self.write(writer, job).await?;
        self.0.totp_setups.end(&record);
        attempt.succeeded();
        Ok(outcome)
    }

    /// Removes the caller's authenticator app.
    ///
    /// # Errors
    /// As [`App::start_totp`]; 404 if there is none; 400 if it is the last factor of a superuser who needs one.
    pub async fn remove_totp(&self, caller: Caller) -> Result<()> {
        let need = self.superusers_need_factor();
        self.with_proof(Arc::new(caller), move |tx, cx, record| match totp::remove(tx, cx, record)? {
            true => factors::settle(tx, cx, record, need),
            false => Err(Error::not_found()),
        })
        .await
    }

    /// Gives the caller's account new recovery codes in place of all others.
    ///
    /// # Errors
    /// As [`App::start_totp`]; 400 for an account without a second factor.
    pub async fn renew_recovery_codes(&self, caller: Caller) -> Result<String> {
        self.with_proof(Arc::new(caller), |tx, cx, record| {
            if factors::demanded(tx, cx, record)?.is_empty() {
                return Err(Error::invalid("Recovery codes come with a second factor, and this account has none."));
            }
            Ok(json!({"recoveryCodes": recovery::renew(tx, cx, record)?}).to_string())
        })
        .await
    }

    /// Removes the factors of another account that its owner has lost.
    ///
    /// # Errors
    /// 401 and 403 for all but superusers and for API keys; 404 if there is no such account or it has no such factors;
    /// 400 for the caller's own account, whose factors need a proof.
    pub async fn reset_factors(&self, caller: Caller, collection: String, record: String, lost: Lost) -> Result<()> {
        self.write(Arc::new(caller), move |tx, cx| {
            access::require_superuser(cx.principal)?;
            factors::account(cx)?;
            let collection = sign_in::find_auth_collection(tx, &collection)?.clone();
            if cx.principal.is(&collection.id, &record) {
                return Err(Error::invalid("Your own factors are removed one by one, each with a proof."));
            }
            let account = records::find(tx, cx, &collection, Find::Id, SqlValue::from(record))?;
            let account = account.ok_or_else(Error::not_found)?;
            match factors::remove_lost(tx, cx, &account, &lost)? {
                true => Ok(()),
                false => Err(Error::not_found()),
            }
        })
        .await
    }

    /// Runs `job` for the caller's account if the body proves that its owner is there.
    pub(super) async fn with_proof<T: Send + 'static>(
        &self,
        caller: Arc<Caller>,
        job: impl FnOnce(&mut WriteTx<'_>, &Cx<'_>, &Record) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let read = self.read(caller.clone(), |_, cx| {
            let record = factors::account(cx)?.as_ref().clone();
            Ok((record, Claim::read(&cx.request.body)?))
        });
        let (record, claim) = read.await?;
        let attempt = self.allow_proof(&record, &caller)?;
        let hash = match &claim {
            Claim::Password(password) => self.checked_hash(&record, password.clone()).await?,
            Claim::Code(_) | Claim::RecoveryCode(_) => Secret::default(),
        };
        let done = self
            .write(caller, move |tx, cx| {
                let record = factors::account(cx)?;
                match claim.holds(tx, cx, record, &hash)? {
                    true => job(tx, cx, record),
                    false => Err(claim.refused()),
                }
            })
            .await?;
        attempt.succeeded();
        Ok(done)
    }

    /// The account's hash if this is its password, otherwise nothing.
    async fn checked_hash(&self, record: &Record, password: Secret) -> Result<Secret> {
        let hash = Secret::new(record.text("password"));
        let fits = self.0.passwords.verify(password, hash.clone()).await?;
        Ok(if fits { hash } else { Secret::default() })
    }

    /// The account that may set up a factor: that of the sign-in which `mfaId` names, or else the caller's, with a
    /// proof.
    pub(super) async fn enrolling_or_proven(&self, caller: Arc<Caller>) -> Result<Record> {
        match caller.mfa_id() {
            Some(_) => self.enrolling(caller).await,
            None => self.with_proof(caller, |_, _, record| Ok(record.clone())).await,
        }
    }

    /// The account whose sign-in waits for it to set up a factor.
    pub(super) async fn enrolling(&self, caller: Arc<Caller>) -> Result<Record> {
        let sealed = caller.mfa_id().unwrap_or_default().to_owned();
        self.read(caller, move |tx, cx| Ok(second_factor::enrolling(tx, cx, &sealed)?.account)).await
    }

    /// The key of the app that an account sets up, and the code that the caller sends; this counts as an attempt.
    fn totp_setup(&self, record: &Record, caller: &Caller) -> Result<(Secret, String, Attempt)> {
        let code = caller.request.body.get("code").and_then(Json::as_str).unwrap_or_default();
        if code.is_empty() {
            return Err(Error::field("code", FieldError::required()));
        }
        let secret = self.0.totp_setups.find(record).ok_or_else(|| {
            Error::invalid("No authenticator app is being set up, or that took too long. Begin again.")
        })?;
        Ok((secret, code.to_owned(), self.allow_proof(record, caller)?))
    }
}

/// Removes all second factors of a superuser who has lost them; whether there were any. For the command line.
///
/// # Errors
/// 404 if there is no superuser with this address.
pub(super) async fn reset_as_owner(app: &App, collection: &'static str, id: String) -> Result<bool> {
    app.write_as_owner(Map::new(), move |tx, cx| {
        let collection = records::find_collection(tx.schema(), collection)?.clone();
        let account = records::find(tx, cx, &collection, Find::Id, SqlValue::from(id))?;
        factors::remove_all(tx, cx, &account.ok_or_else(Error::not_found)?)
    })
    .await
}
