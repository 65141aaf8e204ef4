//! Passkeys: registering, naming and removing one's own, and signing in with one.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{App, Caller};
use crate::auth::sign_in::{self, Method, Outcome, SignIn};
use crate::auth::{factors, passkeys, second_factor};
use crate::base::limits::PASSKEY_NAME_MAX_CHARS;
use crate::base::{Error, FieldError, Result};
use crate::domain::Record;
use crate::records::Cx;
use crate::store::{ReadTx, WriteTx};

impl App {
    /// Whether browsers offer passkeys at the server's address: it needs a host name and HTTPS, or to be this machine.
    pub fn passkeys_work(&self) -> bool {
        self.live().relying_party.works()
    }

    /// Begins to register a passkey: `{"ceremony":…,"publicKey":…}`, which the browser's
    /// `navigator.credentials.create` takes.
    ///
    /// # Errors
    /// 401, 403 for API keys; 400 without or with a wrong proof, and where there can't be passkeys; 429 after too many
    /// wrong proofs.
    pub async fn start_passkey(&self, caller: Caller) -> Result<String> {
        let record = self.enrolling_or_proven(Arc::new(caller.clone())).await?;
        let app = self.clone();
        let read = move |tx: &ReadTx<'_>, cx: &Cx<'_>| {
            passkeys::begin_registration(tx, cx, &app.live().relying_party, &record)
        };
        self.read(Arc::new(caller), read).await
    }

    /// Registers the passkey that the browser has made: `{"passkey":…,"recoveryCodes":[…]}`. With `secondFactor` the
    /// account asks for a second step from now on; recovery codes come with that unless it has some.
    ///
    /// # Errors
    /// 401, 403 for API keys; 400 if it isn't what the browser was asked for.
    pub async fn finish_passkey(&self, caller: Caller) -> Result<String> {
        let app = self.clone();
        self.write(Arc::new(caller), move |tx, cx| {
            let record = factors::account(cx)?;
            let second_factor = cx.request.body.get("secondFactor") == Some(&Json::Bool(true));
            register(tx, cx, &app, record, second_factor).map(|answer| answer.to_string())
        })
        .await
    }

    /// The same in the middle of a sign-in, which is complete then. The passkey is a second factor, and the answer's
    /// `meta` is what [`App::finish_passkey`] answers.
    ///
    /// # Errors
    /// As [`App::finish_passkey`].
    pub async fn finish_passkey_and_sign_in(&self, caller: Caller, expand: Option<String>) -> Result<Outcome> {
        let session = self.session_for(&caller)?;
        let (app, caller) = (self.clone(), Arc::new(caller));
        self.write(caller.clone(), move |tx, cx| {
            let pending = second_factor::enrolling(tx, cx, caller.mfa_id().unwrap_or_default())?;
            let meta = register(tx, cx, &app, &pending.account, true)?.to_string();
            let step = SignIn {
                record: pending.account,
                method: Method::Passkey,
                mfa_id: Some(&pending.id),
                device: &caller.device(),
                session,
                expand: expand.as_deref(),
                meta: Some(&meta),
                superusers: app.superuser_terms(&caller),
            };
            sign_in::finish(tx, cx, step)
        })
        .await
    }

    /// Changes the `name` of one of the caller's passkeys, which needs no proof, or whether it is a `secondFactor`,
    /// which does: `{"passkey":…,"recoveryCodes":[…]}`.
    ///
    /// # Errors
    /// 404 if there is no such passkey, otherwise as [`App::start_passkey`].
    pub async fn edit_passkey(&self, caller: Caller, id: String) -> Result<String> {
        let (caller, need) = (Arc::new(caller), self.superusers_need_factor());
        match caller.request.body.contains_key("secondFactor") {
            true => self.with_proof(caller, move |tx, cx, record| edit(tx, cx, record, &id, need)).await,
            false => self.write(caller, move |tx, cx| edit(tx, cx, factors::account(cx)?, &id, need)).await,
        }
    }

    /// Removes one of the caller's passkeys.
    ///
    /// # Errors
    /// As [`App::edit_passkey`].
    pub async fn remove_passkey(&self, caller: Caller, id: String) -> Result<()> {
        let need = self.superusers_need_factor();
        self.with_proof(Arc::new(caller), move |tx, cx, record| match passkeys::remove(tx, cx, record, &id)? {
            true => factors::settle(tx, cx, record, need),
            false => Err(Error::not_found()),
        })
        .await
    }

    /// Begins to sign in with a passkey: `{"ceremony":…,"publicKey":…}`, which the browser's
    /// `navigator.credentials.get` takes. With `mfaId` it is the second step of that sign-in.
    ///
    /// # Errors
    /// 404 for a collection without accounts; 400 for an unknown `mfaId`, and where there can't be passkeys.
    pub async fn passkey_options(&self, caller: Caller, collection: String) -> Result<String> {
        let (app, mfa_id) = (self.clone(), caller.mfa_id().map(str::to_owned));
        self.read(Arc::new(caller), move |tx, cx| {
            let collection = sign_in::find_auth_collection(tx, &collection)?;
            let pending = match &mfa_id {
                Some(id) => Some(second_factor::pending(tx, cx, &collection.id, id)?),
                None => None,
            };
            let step = pending.as_ref().map(|pending| (pending.id.clone(), &pending.account));
            passkeys::begin_login(tx, cx, &app.live().relying_party, collection, step)
        })
        .await
    }

    /// Signs in with the `credential` that the browser has made for a `ceremony`.
    ///
    /// # Errors
    /// 404 for a collection without accounts; 400 if the passkey can't be used, whatever the reason; 403 if the account
    /// may not sign in.
    pub async fn auth_with_passkey(
        &self,
        caller: Caller,
        collection: String,
        expand: Option<String>,
    ) -> Result<Outcome> {
        let session = self.session_for(&caller)?;
        let (app, caller) = (self.clone(), Arc::new(caller));
        self.write(caller.clone(), move |tx, cx| {
            let collection_id = sign_in::find_auth_collection(tx, &collection)?.id.clone();
            let (ceremony, credential) = sent(cx)?;
            let party = &app.live().relying_party;
            let login = party.end_login(ceremony)?;
            let mfa_id = login.mfa_id.clone();
            let record = passkeys::end_login(tx, cx, party, &collection_id, login, credential)?;
            let step = SignIn {
                record,
                method: Method::Passkey,
                mfa_id: mfa_id.as_deref(),
                device: &caller.device(),
                session,
                expand: expand.as_deref(),
                meta: None,
                superusers: app.superuser_terms(&caller),
            };
            sign_in::finish(tx, cx, step)
        })
        .await
    }
}

fn register(tx: &mut WriteTx<'_>, cx: &Cx<'_>, app: &App, record: &Record, second_factor: bool) -> Result<Json> {
    let sent = sent(cx)?;
    let name = name(cx)?.unwrap_or("Passkey");
    let party = &app.live().relying_party;
    let row = passkeys::end_registration(tx, cx, party, record, sent, (name, second_factor))?;
    answer(tx, cx, record, &row)
}

fn edit(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, id: &str, need_factor: bool) -> Result<String> {
    let mut row = passkeys::find(tx, cx, record, id)?.ok_or_else(Error::not_found)?;
    let was_factor = row.second_factor;
    if let Some(name) = name(cx)? {
        row.name = name.to_owned();
    }
    if let Some(second_factor) = cx.request.body.get("secondFactor").and_then(Json::as_bool) {
        row.second_factor = second_factor;
    }
    passkeys::edit(tx, cx, record, id, &row.name, row.second_factor)?;
    if was_factor && !row.second_factor {
        factors::settle(tx, cx, record, need_factor)?;
    }
    answer(tx, cx, record, &row).map(|answer| answer.to_string())
}

/// The passkey, and the recovery codes that an account gets with its first second factor.
fn answer(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, row: &passkeys::Row) -> Result<Json> {
    let codes = match row.second_factor {
        true => factors::first_recovery_codes(tx, cx, record)?,
        false => Vec::new(),
    };
    Ok(json!({"passkey": passkeys::shown(row), "recoveryCodes": codes}))
}

/// The id of the ceremony, and what the browser has made.
fn sent<'a>(cx: &Cx<'a>) -> Result<(&'a str, &'a Json)> {
    let body = &cx.request.body;
    let ceremony = body.get("ceremony").and_then(Json::as_str).filter(|id| !id.is_empty());
    let ceremony = ceremony.ok_or_else(|| Error::field("ceremony", FieldError::required()))?;
    let credential = body.get("credential").ok_or_else(|| Error::field("credential", FieldError::required()))?;
    Ok((ceremony, credential))
}

/// What the passkey is to be called, if the body says so.
fn name<'a>(cx: &Cx<'a>) -> Result<Option<&'a str>> {
    let name = match cx.request.body.get("name") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::String(name)) => name.trim(),
        Some(_) => return Err(Error::field("name", FieldError::invalid("This must be text."))),
    };
    match name.chars().count() {
        0 => Err(Error::field("name", FieldError::required())),
        1..=PASSKEY_NAME_MAX_CHARS => Ok(Some(name)),
        _ => Err(Error::field(
            "name",
            FieldError::new("validation_length_too_long", "This is too long.").with("max", PASSKEY_NAME_MAX_CHARS),
        )),
    }
}
