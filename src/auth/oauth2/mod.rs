//! Signing in with other services: OAuth 2.0 (RFC 6749) with PKCE (RFC 7636) and OpenID Connect.
//!
//! Two halves that never meet: [`Client`] talks to providers and runs outside of any transaction; [`account`] decides
//! which account a person gets and runs inside of one. The app calls the first, then the second. Which providers there
//! are, and how to read their answers, is data in `domain::oauth2`. Invariants: a person is known by provider and id,
//! never by e-mail; an e-mail address leads to an account only if the provider vouches for it; what an id_token says
//! counts only if it was made for this client.

pub mod account;
pub mod apple;
mod endpoints;
mod exchange;
pub mod form;
mod id_token;
mod offer;
mod person;
mod special;

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use serde_json::Value as Json;

use crate::base::Secret;
use crate::base::http::{Call, Http};
use crate::base::limits::OUTBOUND_TIMEOUT_SECONDS;
use crate::domain::collection::OAuth2Provider;

pub use crate::base::http::Failure;
pub use endpoints::Endpoints;
pub use offer::Offer;

/// How long a provider's own description and its keys are kept.
const DOCUMENTS_KEPT: Duration = Duration::from_secs(3600);
/// How long a provider isn't asked again that couldn't be. Everybody who wants to know how to sign in makes us ask.
const FAILURES_KEPT: Duration = Duration::from_secs(30);
/// How many of them.
const DOCUMENTS_MAX: u64 = 200;

/// Talks to providers and remembers what they have published.
pub struct Client {
    http: Http,
    /// Descriptions and sets of keys, by address.
    documents: Cache<String, Arc<Json>>,
    /// Addresses of documents that couldn't be fetched a moment ago.
    unreachable: Cache<String, ()>,
    /// Token addresses that want the client's credentials in the body.
    credentials_in_body: Cache<String, ()>,
}

/// What the person who comes back from a provider brings along.
pub struct Return {
    /// What the provider turns into tokens.
    pub code: String,
    /// The secret half of the PKCE pair; empty if there is none.
    pub code_verifier: Secret,
    /// The address that the provider sent them to.
    pub redirect_url: String,
    /// What they are called, where that comes with the code.
    pub name: String,
    /// Whether the id_token must have our nonce in it. Where a client makes the address by itself, it may have none.
    pub nonce_required: bool,
}

/// Somebody, as a provider knows them.
#[derive(Clone, Debug)]
pub struct Identity {
    /// By what the provider tells people apart; empty if it doesn't say who it is, and then nobody is signed in.
    pub id: String,
    /// The person's.
    pub name: String,
    /// The name that they chose there.
    pub username: String,
    /// Their address; empty if the provider has none or doesn't vouch for it. See [`Identity::email_verified`].
    pub email: String,
    /// Whether the provider has made sure that the address is theirs. If not, it may be anybody's.
    pub email_verified: bool,
    /// Where their picture is.
    pub avatar_url: String,
    /// For calls to the provider in their name.
    pub access_token: Secret,
    /// For a new access token.
    pub refresh_token: Secret,
    /// When the access token ends, in the interface's date form; empty if that isn't known.
    pub expiry: String,
    /// The provider's answer as it was.
    pub raw: Json,
}

impl Identity {
    /// The address, if it may lead to an account.
    pub fn verified_email(&self) -> &str {
        if self.email_verified { &self.email } else { "" }
    }

    /// The body's `meta`.
    pub fn meta(&self, is_new: bool) -> String {
        serde_json::json!({
            "id": self.id, "name": self.name, "username": self.username, "email": self.email,
            "avatarURL": self.avatar_url, "avatarUrl": self.avatar_url, "accessToken": self.access_token.expose(),
            "refreshToken": self.refresh_token.expose(), "expiry": self.expiry, "rawUser": self.raw, "isNew": is_new,
        })
        .to_string()
    }
}

impl Default for Client {
    fn default() -> Client {
        Client {
            http: Http::default(),
            documents: Cache::builder().max_capacity(DOCUMENTS_MAX).time_to_live(DOCUMENTS_KEPT).build(),
            unreachable: Cache::builder().max_capacity(DOCUMENTS_MAX).time_to_live(FAILURES_KEPT).build(),
            credentials_in_body: Cache::builder().max_capacity(DOCUMENTS_MAX).time_to_live(DOCUMENTS_KEPT).build(),
        }
    }
}

impl Client {
    /// Who somebody is that comes back from a provider.
    ///
    /// # Errors
    /// Whatever keeps that from being known; for the log.
    pub async fn identify(&self, configured: &OAuth2Provider, back: &Return) -> Result<Identity, Failure> {
        let work = async {
            let endpoints = self.resolve(configured).await?;
            let tokens = self.exchange(&endpoints, back).await?;
            self.person(&endpoints, &tokens, back).await
        };
        let limit = Duration::from_secs(OUTBOUND_TIMEOUT_SECONDS);
        tokio::time::timeout(limit, work).await.map_err(|_| Failure::new("the provider took too long"))?
    }

    /// A JSON document that is published at an address; one that was fetched before, unless `fresh`.
    async fn document(&self, url: &str, fresh: bool) -> Result<Arc<Json>, Failure> {
        if !fresh && let Some(known) = self.documents.get(url) {
            return Ok(known);
        }
        if self.unreachable.contains_key(url) {
            return Err(Failure::new("the provider couldn't be reached a moment ago"));
        }
        match self.get_json(url, Vec::new()).await {
            Ok(document) => {
                let document = Arc::new(document);
                self.documents.insert(url.to_owned(), document.clone());
                Ok(document)
            }
            Err(failure) => {
                self.unreachable.insert(url.to_owned(), ());
                Err(failure)
            }
        }
    }

    async fn get_json(&self, url: &str, headers: Vec<(String, String)>) -> Result<Json, Failure> {
        self.call_json(Call { url: url.to_owned(), headers, body: None }).await
    }

    async fn call_json(&self, mut call: Call) -> Result<Json, Failure> {
        call.headers.push(("Accept".to_owned(), "application/json".to_owned()));
        let reply = self.http.send(call).await?;
        if !reply.is_success() {
            return Err(Failure::new(format!("the provider answered with status {}", reply.status)));
        }
        serde_json::from_slice(&reply.body).map_err(|_| Failure::new("the provider's answer isn't JSON"))
    }
}
