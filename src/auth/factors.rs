//! The second factors of an account: what it has, and the proofs that changing them needs.
//!
//! Called by sign-in and by the endpoints under `/api/account`. Invariants: nobody's factors change without a proof
//! that the account's owner is there just now, so a stolen session can't exchange them; an API key is no proof of
//! anything here; recovery codes go with the last factor.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::{passkeys, recovery, totp};
use crate::base::{Error, FieldError, Result, Secret};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Credential, Principal, Record};
use crate::records::Cx;
use crate::store::{ReadTx, WriteTx};

/// A way to make the second step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Factor {
    Totp,
    RecoveryCode,
    Passkey,
}

/// The second steps that an account can make; none if it needs no second step of its own accord.
pub fn demanded(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Vec<Factor>> {
    let totp = totp::find(tx, cx, record)?.is_some();
    let passkeys = passkeys::all(tx, cx, record)?;
    let mut factors = Vec::new();
    if !totp && !passkeys.iter().any(|passkey| passkey.second_factor) {
        return Ok(factors);
    }
    if totp {
        factors.push(Factor::Totp);
    }
    if recovery::count(tx, cx, record)? > 0 {
        factors.push(Factor::RecoveryCode);
    }
    // A passkey that isn't marked as second factor isn't asked for, but it is as good a proof as one that is.
    if !passkeys.is_empty() {
        factors.push(Factor::Passkey);
    }
    Ok(factors)
}

/// What an account has set up, as JSON.
pub fn overview(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record, passkeys_work: bool) -> Result<String> {
    let passkeys: Vec<Json> = passkeys::all(tx, cx, record)?.iter().map(passkeys::shown).collect();
    let totp = totp::find(tx, cx, record)?;
    let overview = json!({
        "required": !demanded(tx, cx, record)?.is_empty(),
        "totp": {"enabled": totp.is_some(), "created": totp.map(|totp| totp.created).unwrap_or_default()},
        "recoveryCodes": recovery::count(tx, cx, record)?,
        "passkeysAvailable": passkeys_work,
        "passkeys": passkeys,
    });
    Ok(overview.to_string())
}

/// The account that changes its own factors.
///
/// # Errors
/// 401 for guests, 403 for API keys.
pub fn account<'a>(cx: &Cx<'a>) -> Result<&'a Arc<Record>> {
    match (cx.principal, cx.credential) {
        (Principal::Guest, _) => Err(Error::unauthenticated()),
        (Principal::Record(record), Credential::Token | Credential::Session(_)) => Ok(record),
        _ => Err(Error::forbidden("An API key can't see or change how its owner signs in.")),
    }
}

/// What somebody sends to show that the account is theirs.
#[derive(Clone, Debug)]
pub enum Claim {
    /// The account's password.
    Password(Secret),
    /// A code of its authenticator app.
    Code(Secret),
    /// One of its recovery codes.
    RecoveryCode(Secret),
}

impl Claim {
    /// Reads `password`, `code` or `recoveryCode`, the first of them that is there.
    ///
    /// # Errors
    /// 400 `password: validation_required` if none is.
    pub fn read(body: &Map<String, Json>) -> Result<Claim> {
        let text = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        for (name, make) in [
            ("password", Claim::Password as fn(Secret) -> Claim),
            ("code", Claim::Code),
            ("recoveryCode", Claim::RecoveryCode),
        ] {
            if let Some(text) = text(name) {
                return Ok(make(Secret::new(text)));
            }
        }
        let message = "Send the account's password, or as code or recoveryCode one of its second factors.";
        Err(Error::field("password", FieldError::new("validation_required", message)))
    }

    /// The name of what was sent.
    pub fn name(&self) -> &'static str {
        match self {
            Claim::Password(_) => "password",
            Claim::Code(_) => "code",
            Claim::RecoveryCode(_) => "recoveryCode",
        }
    }

    /// Whether it is the account's. A code is used up by that; of a password it has been checked already that it fits
    /// `checked_hash`, which must still be the account's.
    pub fn holds(&self, tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, checked_hash: &Secret) -> Result<bool> {
        match self {
            Claim::Password(_) => Ok(!checked_hash.is_empty() && record.text("password") == checked_hash.expose()),
            Claim::Code(code) => totp::take(tx, cx, record, code.expose()),
            Claim::RecoveryCode(code) => recovery::take(tx, cx, record, code.expose()),
        }
    }

    /// The error of one that isn't.
    pub fn refused(&self) -> Error {
        wrong(self.name())
    }
}

/// The error of a proof that isn't the account's, under the name by which it was sent.
pub fn wrong(name: &str) -> Error {
    Error::field(name, FieldError::new("validation_invalid_proof", "This is wrong, or it was used already."))
}

/// Gives an account recovery codes if it has none: with its first second factor.
pub fn first_recovery_codes(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Vec<String>> {
    match recovery::count(tx, cx, record)? {
        0 => recovery::renew(tx, cx, record),
        _ => Ok(Vec::new()),
    }
}

/// Makes the app with this key the account's, if `code` is one of it, and returns the recovery codes that are new.
///
/// # Errors
/// 400 for a wrong code.
pub fn confirm_totp(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    record: &Record,
    secret: &Secret,
    code: &str,
) -> Result<Vec<String>> {
    let step = totp::step_of(secret, code, tx.now())?.ok_or_else(|| wrong("code"))?;
    totp::store(tx, cx, record, secret, step)?;
    first_recovery_codes(tx, cx, record)
}

/// After a factor was removed: without any that is demanded there is nothing to recover.
///
/// # Errors
/// 400 for superusers where they need a factor, so that they keep the last one.
pub fn settle(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, superusers_need_factor: bool) -> Result<()> {
    let factors = demanded(tx, cx, record)?;
    if is_required(record, superusers_need_factor) && factors.is_empty() {
        return Err(Error::invalid("Superusers need a second factor on this server. Set up another one first."));
    }
    match factors.is_empty() {
        true => recovery::remove(tx, cx, record),
        false => Ok(()),
    }
}

/// What somebody has lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Everything.
    All,
    /// The authenticator app.
    Totp,
    /// The passkey with this id.
    Passkey(String),
}

impl Lost {
    /// Reads the query's `factor`: `totp`, the id of a passkey, or nothing for everything.
    pub fn read(factor: &str) -> Lost {
        match factor {
            "" => Lost::All,
            "totp" => Lost::Totp,
            id => Lost::Passkey(id.to_owned()),
        }
    }
}

/// Removes what somebody has lost; whether it was there.
pub fn remove_lost(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, lost: &Lost) -> Result<bool> {
    let found = match lost {
        Lost::All => return remove_all(tx, cx, record),
        Lost::Totp => totp::remove(tx, cx, record)?,
        Lost::Passkey(id) => passkeys::remove(tx, cx, record, id)?,
    };
    // A superuser without the factor that they need has to set one up at the next sign-in.
    settle(tx, cx, record, false)?;
    Ok(found)
}

/// Removes everything, for somebody who has lost it; whether there was anything.
pub fn remove_all(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<bool> {
    let totp = totp::remove(tx, cx, record)?;
    let passkeys = passkeys::remove_all(tx, cx, record)?;
    recovery::remove(tx, cx, record)?;
    Ok(totp || passkeys)
}

/// Whether an account may not be without a second factor.
pub fn is_required(record: &Record, superusers_need_factor: bool) -> bool {
    superusers_need_factor && record.collection().id == SUPERUSERS_ID
}
