//! Signed tokens: JWT with HS256 (RFC 7519, RFC 7518 section 3.2).
//!
//! The key is the record's `tokenKey` followed by the collection's secret for that kind of token, so a new token key
//! ends all tokens of a record and a new secret all tokens of that kind. There is no list of issued tokens.

pub(super) mod provider;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::digest;
use crate::base::{Error, Result, SqlValue, Timestamp, ids};
use crate::domain::collection::AuthOptions;
use crate::domain::{Principal, Record, TokenKind};
use crate::records::{self, Cx, Find};
use crate::store::ReadTx;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The id of the collection.
    pub collection_id: String,
    /// The account's address when the token was made; only of kinds that go by mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When it ends, in seconds since the Unix epoch.
    pub exp: i64,
    /// The id of the record.
    pub id: String,
    /// The address that the account is to have; only of kind `emailChange`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<String>,
    /// Whether auth-refresh gives a new token; only of kind `auth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshable: Option<bool>,
    /// Whether an API key has asked for it, which may do less than its owner; only of kind `file`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_key: bool,
    /// The kind of token.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A token of `kind` for `record`, for the time that its collection sets.
///
/// # Errors
/// 500 if the record isn't of an auth collection.
pub fn issue(record: &Record, kind: TokenKind, now: Timestamp) -> Result<String> {
    sign(record, kind, &claims(record, kind, now)?)
}

/// A token for files, which knows whether an API key has asked for it.
///
/// # Errors
/// As [`issue`].
pub fn issue_for_files(record: &Record, by_key: bool, now: Timestamp) -> Result<String> {
    sign(record, TokenKind::File, &Claims { by_key, ..claims(record, TokenKind::File, now)? })
}

/// An auth token for `record` that ends after `seconds` (0 stands for what its collection sets) and can't be renewed.
///
/// # Errors
/// As [`issue`].
pub fn issue_final(record: &Record, seconds: u32, now: Timestamp) -> Result<String> {
    let usual = claims(record, TokenKind::Auth, now)?;
    let exp = if seconds == 0 { usual.exp } else { now.unix_seconds() + i64::from(seconds) };
    sign(record, TokenKind::Auth, &Claims { exp, refreshable: Some(false), ..usual })
}

/// A token that goes by mail: it says to which address, and what address the account is to have if that is to change.
///
/// # Errors
/// As [`issue`].
pub fn issue_for_mail(record: &Record, kind: TokenKind, new_email: Option<&str>, now: Timestamp) -> Result<String> {
    let email = Some(record.text("email").to_owned());
    let new_email = new_email.map(str::to_owned);
    sign(record, kind, &Claims { email, new_email, ..claims(record, kind, now)? })
}

fn claims(record: &Record, kind: TokenKind, now: Timestamp) -> Result<Claims> {
    Ok(Claims {
        collection_id: record.collection().id.clone(),
        by_key: false,
        email: None,
        exp: now.unix_seconds() + auth_options(record)?.token(kind).duration,
        id: record.id().to_owned(),
        new_email: None,
        refreshable: (kind == TokenKind::Auth).then_some(true),
        kind: kind.claim().to_owned(),
    })
}

fn sign(record: &Record, kind: TokenKind, claims: &Claims) -> Result<String> {
    provider::install();
    let key = EncodingKey::from_secret(&signing_key(record, kind)?);
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).map_err(Error::internal)
}

/// What a token says about itself, whether or not that is true: for telling kinds of tokens apart.
pub fn unverified_claims(token: &str) -> Option<Claims> {
    provider::install();
    jsonwebtoken::dangerous::insecure_decode_claims::<Claims>(token).ok()
}

fn auth_options(record: &Record) -> Result<&AuthOptions> {
    record.collection().auth().ok_or_else(|| Error::internal("a token for a record that can't sign in"))
}

/// Whom an auth token names. Whatever is wrong with it, its bearer is a guest: never an error.
pub fn principal(tx: &ReadTx<'_>, cx: &Cx<'_>, token: &str) -> Result<Principal> {
    Ok(match bearer(tx, cx, token, TokenKind::Auth)? {
        Some((record, _)) => Principal::Record(record.into()),
        None => Principal::Guest,
    })
}

/// The account whose token for files the address of a request has, if that is valid. Nothing else in the request
/// counts: such addresses stand in pages, and what a browser sends along by itself must not open them.
pub fn file_bearer(tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<Option<(Record, Claims)>> {
    match cx.request.query("token").filter(|token| !token.is_empty()) {
        Some(token) => bearer(tx, cx, token, TokenKind::File),
        None => Ok(None),
    }
}

/// The record and the claims of a valid token of `kind`.
pub fn bearer(tx: &ReadTx<'_>, cx: &Cx<'_>, token: &str, kind: TokenKind) -> Result<Option<(Record, Claims)>> {
    let Some(claims) = unverified_claims(token) else { return Ok(None) };
    if claims.kind != kind.claim() || claims.exp <= tx.now().unix_seconds() {
        return Ok(None);
    }
    let Some(collection) = tx.schema().by_id(&claims.collection_id).filter(|collection| collection.is_auth()) else {
        return Ok(None);
    };
    let Some(record) = records::find(tx, cx, collection, Find::Id, SqlValue::from(claims.id.as_str()))? else {
        return Ok(None);
    };
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.validate_nbf = true;
    let key = DecodingKey::from_secret(&signing_key(&record, kind)?);
    match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
        Ok(checked) => Ok(Some((record, checked.claims))),
        Err(_) => Ok(None),
    }
}

/// A hash of what signs an account's tokens of `kind`: it changes whenever they end.
///
/// # Errors
/// 500 if the record isn't of an auth collection.
pub fn key_hash(record: &Record, kind: TokenKind) -> Result<String> {
    seal(record, kind, "key")
}

/// What only this program can make of `text` for an account, for as long as its tokens of `kind` are good.
///
/// # Errors
/// 500 if the record isn't of an auth collection.
pub fn seal(record: &Record, kind: TokenKind, text: &str) -> Result<String> {
    Ok(digest::hmac_sha256(&String::from_utf8_lossy(&signing_key(record, kind)?), text))
}

/// Whether two secrets are the same, compared in a time that doesn't tell where they differ.
pub fn same(a: &str, b: &str) -> bool {
    use ring::hmac::{HMAC_SHA256, Key, sign, verify};
    // A key made for this comparison hides the length and content of both sides from the clock.
    let key = Key::new(HMAC_SHA256, ids::secret().as_bytes());
    verify(&key, b.as_bytes(), sign(&key, a.as_bytes()).as_ref()).is_ok()
}

fn signing_key(record: &Record, kind: TokenKind) -> Result<Vec<u8>> {
    let (own, shared) = (record.text("tokenKey"), auth_options(record)?.token(kind).secret.expose());
    if own.is_empty() || shared.is_empty() {
        return Err(Error::internal("a token key or token secret is empty"));
    }
    Ok([own.as_bytes(), shared.as_bytes()].concat())
}
