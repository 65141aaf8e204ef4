//! Where a provider is and what it is known by: the table, what it publishes about itself, and what the collection
//! says, each over the one before.

use serde_json::{Map, Value as Json};

use super::{Client, Failure};
use crate::base::Secret;
use crate::domain::collection::OAuth2Provider;
use crate::domain::oauth2::{self, Asked, Provider};

/// A provider that is ready to be used.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Its entry in the table.
    pub provider: &'static Provider,
    /// Its name for people.
    pub display_name: String,
    /// Our name there.
    pub client_id: String,
    /// Our password there.
    pub client_secret: Secret,
    /// Where people are sent to.
    pub auth_url: String,
    /// What turns their code into tokens.
    pub token_url: String,
    /// What says who they are; empty if only the id_token does.
    pub user_info_url: String,
    /// Where the keys are that sign id_tokens.
    pub jwks_url: Option<String>,
    /// Who may sign them; nobody in particular if this is empty.
    pub issuers: Vec<String>,
    /// Whether PKCE is used.
    pub pkce: bool,
    /// Options that only some providers have.
    pub extra: Map<String, Json>,
}

/// What a provider publishes about itself (OpenID Connect Discovery 1.0).
#[derive(Default)]
struct Discovered {
    auth_url: String,
    token_url: String,
    user_info_url: String,
    jwks_url: String,
    issuer: String,
}

impl Endpoints {
    /// A text among the extra options.
    pub fn extra_text(&self, name: &str) -> &str {
        self.extra.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    /// Whether people are signed in with OpenID Connect, so that a nonce makes sense.
    pub fn is_open_id(&self) -> bool {
        matches!(self.provider.asked, Asked::OpenId)
    }
}

impl Client {
    /// Puts together what is known about a configured provider, asking it if need be.
    ///
    /// # Errors
    /// An unknown name, a missing address, a provider that can't be asked.
    pub async fn resolve(&self, configured: &OAuth2Provider) -> Result<Endpoints, Failure> {
        let provider =
            oauth2::find_provider(&configured.name).ok_or_else(|| Failure::new("there is no such provider"))?;
        let extra = configured.extra.clone().unwrap_or_default();
        let issuer = extra.get("issuer").and_then(Json::as_str).unwrap_or_default();
        let found = match provider.asked {
            Asked::OpenId if !issuer.is_empty() => self.discover(issuer).await?,
            Asked::IdToken(keys) => Discovered {
                jwks_url: keys.jwks_url.to_owned(),
                issuer: keys.issuer.to_owned(),
                ..Discovered::default()
            },
            _ => Discovered::default(),
        };
        let pick = |texts: [&str; 3]| texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned();
        let jwks_url = pick([text(&extra, "jwksURL"), &found.jwks_url, ""]);
        let mut issuers: Vec<String> = match extra.get("issuers") {
            Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        if issuers.is_empty() && !found.issuer.is_empty() {
            issuers.push(found.issuer.clone());
        }
        let endpoints = Endpoints {
            provider,
            display_name: pick([&configured.display_name, provider.display_name, ""]),
            client_id: configured.client_id.clone(),
            client_secret: configured.client_secret.clone(),
            auth_url: pick([&configured.auth_url, &found.auth_url, provider.auth_url]),
            token_url: pick([&configured.token_url, &found.token_url, provider.token_url]),
            user_info_url: pick([&configured.user_info_url, &found.user_info_url, provider.user_info_url]),
            jwks_url: (!jwks_url.is_empty()).then_some(jwks_url),
            issuers,
            pkce: configured.pkce.unwrap_or(provider.pkce),
            extra,
        };
        if endpoints.auth_url.is_empty() || endpoints.token_url.is_empty() {
            return Err(Failure::new("the provider needs an authURL and a tokenURL"));
        }
        Ok(endpoints)
    }

    async fn discover(&self, issuer: &str) -> Result<Discovered, Failure> {
        let issuer = issuer.trim_end_matches('/');
        let document = self.document(&format!("{issuer}/.well-known/openid-configuration"), false).await?;
        let named = document["issuer"].as_str().unwrap_or_default();
        // Whoever answers there must be who was configured, or one provider could speak for another.
        if named.trim_end_matches('/') != issuer {
            return Err(Failure::new("the provider describes itself as another issuer"));
        }
        let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        Ok(Discovered {
            auth_url: text("authorization_endpoint"),
            token_url: text("token_endpoint"),
            user_info_url: text("userinfo_endpoint"),
            jwks_url: text("jwks_uri"),
            issuer: named.to_owned(),
        })
    }
}

fn text<'a>(extra: &'a Map<String, Json>, name: &str) -> &'a str {
    extra.get(name).and_then(Json::as_str).unwrap_or_default()
}
