//! Signing in with a password, renewing a token, and what ways a collection offers.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::oauth2::Offer;
use super::sessions::{self, Device, Lifetime, NewSession};
use super::throttle::identity_key;
use super::{factors, origins, second_factor, token};
use crate::base::{Error, ErrorKind, FieldError, FieldErrors, Result, Secret, SqlValue, json as json_text};
use crate::domain::field::email::is_email;
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Collection, Credential, FieldKind, Principal, Record, RuleKind, TokenKind};
use crate::records::{self, Cx, Find, access};
use crate::store::{ReadTx, WriteTx};

/// Keys of an auth record's body that are about passwords, besides the fields.
pub const FORM_KEYS: [&str; 2] = ["passwordConfirm", "oldPassword"];

/// Longest identity and password that the sign-in form takes, in characters.
const FORM_MAX_CHARS: usize = 255;

/// The body of auth-methods.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Methods<'a> {
    password: PasswordMethod<'a>,
    oauth2: OAuth2Method<'a>,
    mfa: TimedMethod,
    otp: TimedMethod,
    /// For clients of before 2024, as are the two after it.
    auth_providers: Vec<Offer>,
    username_password: bool,
    email_password: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PasswordMethod<'a> {
    identity_fields: &'a [String],
    enabled: bool,
}

#[derive(Serialize)]
struct OAuth2Method<'a> {
    providers: &'a [Offer],
    enabled: bool,
}

#[derive(Serialize)]
struct TimedMethod {
    enabled: bool,
    /// Seconds; 0 while it is off.
    duration: i64,
}

impl TimedMethod {
    fn new(enabled: bool, duration: i64) -> Self {
        TimedMethod { enabled, duration: if enabled { duration } else { 0 } }
    }
}

/// What was found for an identity before the password is checked.
pub struct Candidate {
    /// What failed attempts are counted by.
    pub account: String,
    /// The account, unless there is none.
    pub record: Option<Record>,
    /// The password that was sent.
    pub password: Secret,
    /// bcrypt's cost in this collection.
    pub cost: u32,
}

/// The auth collection with this id or name.
///
/// # Errors
/// 404 if there is none or its records can't sign in.
pub fn find_auth_collection<'t>(tx: &'t ReadTx<'_>, id_or_name: &str) -> Result<&'t Arc<Collection>> {
    tx.schema().find(id_or_name).filter(|collection| collection.is_auth()).ok_or_else(Error::not_found)
}

/// The ways to sign in that a collection offers, as JSON; `offers` are those by other services.
///
/// # Errors
/// 404.
pub fn methods(tx: &ReadTx<'_>, collection: &str, offers: &[Offer]) -> Result<String> {
    let collection = find_auth_collection(tx, collection)?;
    let options = collection.auth().ok_or_else(Error::not_found)?;
    let password = &options.password_auth;
    let identity_fields: &[String] = if password.enabled { &password.identity_fields } else { &[] };
    let with = |name: &str| password.enabled && identity_fields.iter().any(|field| field == name);
    let methods = Methods {
        password: PasswordMethod { identity_fields, enabled: password.enabled },
        oauth2: OAuth2Method { providers: offers, enabled: options.oauth2.enabled },
        mfa: TimedMethod::new(options.mfa.enabled, options.mfa.duration),
        otp: TimedMethod::new(options.otp.enabled, options.otp.duration),
        auth_providers: offers.iter().map(|offer| Offer { logo: String::new(), ..offer.clone() }).collect(),
        username_password: with("username"),
        email_password: with("email"),
    };
    serde_json::to_string(&methods).map_err(Error::internal)
}

/// Finds the account that a password sign-in is about.
///
/// # Errors
/// 403 if the collection has no password sign-in; 400 with the codes of `identity`, `password`, `identityField`.
pub fn find_candidate(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<Candidate> {
    let collection = find_auth_collection(tx, collection)?;
    let options = collection.auth().ok_or_else(Error::not_found)?;
    if !options.password_auth.enabled {
        return Err(Error::forbidden("This collection has no sign-in by password."));
    }
    let form = Form::read(&cx.request.body, &options.password_auth.identity_fields)?;
    let cost = match collection.field("password").map(|field| &field.kind) {
        Some(FieldKind::Password(password)) => password.effective_cost(),
        _ => bcrypt::DEFAULT_COST,
    };
    let mut record = None;
    for name in form.lookup_order(&options.password_auth.identity_fields) {
        let Some(position) = collection.position(name) else { continue };
        let Some(index) = collection.unique_index_on(name) else {
            return Err(Error::internal(format!("the identity field {name} has no unique index")));
        };
        let by = if index.nocase { Find::EqualNoCase(position) } else { Find::Equal(position) };
        record = records::find(tx, cx, collection, by, SqlValue::from(form.identity.as_str()))?;
        if record.is_some() {
            break;
        }
    }
    let account = identity_key(&collection.id, &form.identity);
    Ok(Candidate { account, record, password: form.password, cost })
}

/// The answer to a wrong identity and to a wrong password, which can't be told apart.
pub fn refused() -> Error {
    Error::invalid("The identity or the password is wrong.")
}

/// By what somebody has shown who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Password,
    OAuth2,
    Otp,
    Totp,
    RecoveryCode,
    Passkey,
}

impl Method {
    /// The method's name in the rows of `_mfas`.
    pub fn name(self) -> &'static str {
        match self {
            Method::Password => "password",
            Method::OAuth2 => "oauth2",
            Method::Otp => "otp",
            Method::Totp => "totp",
            Method::RecoveryCode => "recoveryCode",
            Method::Passkey => "passkey",
        }
    }

    /// Whether it is a second factor that an account has set up by itself.
    pub fn is_factor(self) -> bool {
        matches!(self, Method::Totp | Method::RecoveryCode | Method::Passkey)
    }
}

/// A sign-in whose first part is done: it is known whose account it is.
pub struct SignIn<'a> {
    /// The account.
    pub record: Record,
    /// How that was shown.
    pub method: Method,
    /// The first step that this is the second of.
    pub mfa_id: Option<&'a str>,
    /// Where from.
    pub device: &'a Device,
    /// Whether a session is to begin, and how long such a session lasts; otherwise there will be a token.
    pub session: Option<Lifetime>,
    /// Relations to expand in the record of the answer.
    pub expand: Option<&'a str>,
    /// What the answer carries as `meta`, as JSON.
    pub meta: Option<&'a str>,
    /// What superusers need.
    pub superusers: SuperuserTerms,
}

/// What superusers need to be let in.
#[derive(Clone, Copy, Debug)]
pub struct SuperuserTerms {
    /// Whether they have to set up a second factor before.
    pub need_factor: bool,
    /// Whether they may come from where this sign-in comes.
    pub may_come_from_here: bool,
}

/// How a sign-in ends.
pub enum Outcome {
    /// Somebody is signed in.
    Done(SignedIn),
    /// Another factor is needed: the body of the 401, see [`Demand`](second_factor::Demand).
    SecondFactor(String),
}

/// The answer to somebody who is signed in now.
pub struct SignedIn {
    /// `{"record":…,"token":…,"meta":…}`; with a session there is no token in it.
    pub body: String,
    /// What the browser is to keep.
    pub session: Option<NewSession>,
}

/// Completes a sign-in: auth rule, second factor, known devices, and then a token or a session. Every way to sign in
/// ends here.
///
/// # Errors
/// 403 if the auth rule doesn't hold, or superusers may not come from there; 400 for a second step that doesn't fit
/// the first.
pub fn finish(tx: &mut WriteTx<'_>, cx: &Cx<'_>, sign_in: SignIn<'_>) -> Result<Outcome> {
    access::refuse_key(cx)?;
    check_auth_rule(tx, cx, &sign_in.record)?;
    if sign_in.record.collection().id == SUPERUSERS_ID && !sign_in.superusers.may_come_from_here {
        return Err(Error::forbidden("Superusers are not let in from your address."));
    }
    if let Some(demand) = second_factor::demand(tx, cx, &sign_in)? {
        return Ok(Outcome::SecondFactor(demand.body()?));
    }
    enter(tx, cx, sign_in).map(Outcome::Done)
}

/// Lets somebody in for whom everything has been checked.
fn enter(tx: &mut WriteTx<'_>, cx: &Cx<'_>, sign_in: SignIn<'_>) -> Result<SignedIn> {
    origins::note(tx, cx, &sign_in.record, sign_in.device)?;
    // Whoever was signed in with this browser before isn't any more: no session outlives a sign-in.
    if let (Some(_), Credential::Session(former), Some(owner)) = (sign_in.session, cx.credential, cx.principal.record())
    {
        sessions::end(tx, cx, owner, former)?;
    }
    let session = match sign_in.session {
        Some(lifetime) => Some(sessions::start(tx, cx, &sign_in.record, sign_in.device, lifetime)?),
        None => None,
    };
    let token = match session {
        Some(_) => None,
        None => Some(token::issue(&sign_in.record, TokenKind::Auth, tx.now())?),
    };
    let body = response(tx, cx, &sign_in.record, token.as_deref(), sign_in.meta, sign_in.expand)?;
    Ok(SignedIn { body, session })
}

/// The account as it is now, if it still has the password that was checked.
///
/// # Errors
/// As [`refused`].
pub fn still(tx: &ReadTx<'_>, cx: &Cx<'_>, checked: &Record) -> Result<Record> {
    let collection = tx.schema().by_id(&checked.collection().id).ok_or_else(refused)?;
    records::find(tx, cx, collection, Find::Id, SqlValue::from(checked.id()))?
        .filter(|record| record.text("password") == checked.text("password"))
        .ok_or_else(refused)
}

/// Renews the caller's token; whoever has a session needs none, and gets the record only.
///
/// # Errors
/// 403 for accounts of other collections, with an API key, and if the auth rule doesn't hold; for guests 401, or 404 if
/// there is no such collection; 401 for superusers who must set up a second factor first.
pub fn refresh(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &str,
    token: Option<&str>,
    expand: Option<&str>,
    superusers_need_factor: bool,
) -> Result<String> {
    let Some(record) = cx.principal.record() else {
        records::find_collection(tx.schema(), collection)?;
        return Err(Error::unauthenticated());
    };
    // Whoever signed in elsewhere isn't told whether the collection exists.
    let collection = tx.schema().find(collection).filter(|collection| collection.id == record.collection().id);
    if collection.is_none() {
        return Err(Error::forbidden("The token belongs to another collection."));
    }
    access::refuse_key(cx)?;
    check_auth_rule(tx, cx, record)?;
    if factors::is_required(record, superusers_need_factor) && factors::demanded(tx, cx, record)?.is_empty() {
        // What was signed in before there was this requirement isn't prolonged for ever.
        let message = "Superusers need a second factor on this server. Sign in again to set one up.";
        return Err(Error::new(ErrorKind::Unauthenticated, message));
    }
    let Some(token) = token else { return response(tx, cx, record, None, None, expand) };
    let claims = token::bearer(tx, cx, token, TokenKind::Auth)?.ok_or_else(Error::unauthenticated)?.1;
    let token = match claims.refreshable {
        Some(true) => token::issue(record, TokenKind::Auth, tx.now())?,
        _ => token.to_owned(),
    };
    response(tx, cx, record, Some(&token), None, expand)
}

/// Whether the account may sign in at all.
///
/// # Errors
/// 403 if the auth rule doesn't hold.
pub fn check_auth_rule(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<()> {
    let refused = || Error::forbidden("This account may not sign in.");
    match access::decide(cx.principal, record.collection(), RuleKind::Auth).map_err(|_| refused())?.rule() {
        Some(rule) if !records::matches_rule(tx, cx, record, RuleKind::Auth, rule)? => Err(refused()),
        _ => Ok(()),
    }
}

/// `{"record":…,"token":…,"meta":…}`, the record as its owner sees it.
pub fn response(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    record: &Record,
    token: Option<&str>,
    meta: Option<&str>,
    expand: Option<&str>,
) -> Result<String> {
    let owner = Principal::Record(Arc::new(record.clone()));
    let body = records::body_of(tx, &Cx { principal: &owner, ..*cx }, record, expand)?;
    let mut out = String::with_capacity(body.len() + 256);
    out.push_str("{\"record\":");
    out.push_str(&body);
    if let Some(token) = token {
        out.push_str(",\"token\":");
        json_text::write_str(&mut out, token);
    }
    if let Some(meta) = meta {
        out.push_str(",\"meta\":");
        out.push_str(meta);
    }
    out.push('}');
    Ok(out)
}

/// The sign-in form; keys match in any letter case.
struct Form {
    identity: String,
    password: Secret,
    identity_field: String,
}

impl Form {
    fn read(body: &Map<String, Json>, identity_fields: &[String]) -> Result<Form> {
        let text = |name: &str| {
            let found = body.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            match found {
                None | Some(Json::Null) => Ok(String::new()),
                Some(Json::String(text)) => Ok(text.clone()),
                Some(Json::Number(number)) => Ok(number.to_string()),
                Some(_) => Err(Error::invalid("The sign-in form isn't valid.")),
            }
        };
        let form = Form {
            identity: text("identity")?,
            password: Secret::new(text("password")?),
            identity_field: text("identityField")?,
        };
        let mut errors = FieldErrors::new();
        for (name, value) in [("identity", form.identity.as_str()), ("password", form.password.expose())] {
            if value.is_empty() {
                errors.add(name, FieldError::required());
            } else if value.chars().count() > FORM_MAX_CHARS {
                errors.add(name, too_long());
            }
        }
        if !form.identity_field.is_empty() && !identity_fields.contains(&form.identity_field) {
            let message = "This isn't a field that accounts sign in with.";
            errors.add("identityField", FieldError::new("validation_in_invalid", message));
        }
        errors.into_result("The sign-in form isn't valid.")?;
        Ok(form)
    }

    /// The fields to look in: the one that was named, or all of them with `email` first if the identity looks like one.
    fn lookup_order<'a>(&'a self, identity_fields: &'a [String]) -> Vec<&'a str> {
        if !self.identity_field.is_empty() {
            return vec![&self.identity_field];
        }
        let mut names: Vec<&str> = identity_fields.iter().map(String::as_str).collect();
        names.sort_by_key(|name| *name != "email");
        names.retain(|name| *name != "email" || is_email(&self.identity));
        names
    }
}

fn too_long() -> FieldError {
    FieldError::new("validation_length_out_of_range", "This is too long.").with("min", 1).with("max", FORM_MAX_CHARS)
}
