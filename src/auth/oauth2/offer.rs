//! What a client needs to send somebody to a provider: the address, a state and a PKCE pair.
//!
//! Nothing of it is kept here: the client sends the secret half back when it signs in. For OpenID Connect the nonce is
//! made of that half, so it can be checked then as well.

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use serde::Serialize;

use super::{Client, Endpoints, Failure};
use crate::auth::digest;
use crate::base::ids;
use crate::domain::collection::OAuth2Provider;

/// Characters of states, as many as clients have always got.
const STATE_CHARS: usize = 30;
/// Characters of PKCE verifiers: the least that RFC 7636 allows, which is 256 bits.
const VERIFIER_CHARS: usize = 43;

/// A provider as `auth-methods` lists it.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// Its name in the configuration.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// SVG.
    pub logo: String,
    /// What comes back from the provider unchanged.
    pub state: String,
    /// Where to send people; the address to come back to is put at its end.
    #[serde(rename = "authURL")]
    pub auth_url: String,
    /// The same for older clients.
    #[serde(rename = "authUrl")]
    pub auth_url_alias: String,
    /// The secret half of the PKCE pair; empty without PKCE.
    pub code_verifier: String,
    /// The public half.
    pub code_challenge: String,
    /// How one is made of the other.
    pub code_challenge_method: String,
}

impl Client {
    /// What a client needs to send somebody to the provider.
    ///
    /// # Errors
    /// A provider that isn't configured well enough.
    pub async fn offer(&self, configured: &OAuth2Provider) -> Result<Offer, Failure> {
        let endpoints = self.resolve(configured).await?;
        Ok(Offer::new(&endpoints, ids::random_text(ids::SECRET_ALPHABET, STATE_CHARS)))
    }
}

impl Offer {
    /// An offer with this state.
    pub fn new(endpoints: &Endpoints, state: String) -> Offer {
        let (mut verifier, mut challenge, mut method) = (String::new(), String::new(), String::new());
        if endpoints.pkce {
            verifier = ids::random_text(ids::SECRET_ALPHABET, VERIFIER_CHARS);
            let secret = PkceCodeVerifier::new(verifier.clone());
            let made = PkceCodeChallenge::from_code_verifier_sha256(&secret);
            (challenge, method) = (made.as_str().to_owned(), made.method().as_str().to_owned());
        }
        let auth_url = auth_url(endpoints, &state, &verifier, &challenge);
        Offer {
            name: endpoints.provider.name.to_owned(),
            display_name: endpoints.display_name.clone(),
            logo: endpoints.provider.badge(),
            state,
            auth_url_alias: auth_url.clone(),
            auth_url,
            code_verifier: verifier,
            code_challenge: challenge,
            code_challenge_method: method,
        }
    }
}

/// The nonce that belongs to a verifier.
pub(super) fn nonce(verifier: &str) -> String {
    digest::sha256(&format!("nonce {verifier}"))
}

/// The configured address with our parameters, in the order of their names, and an empty `redirect_uri` at the end.
fn auth_url(endpoints: &Endpoints, state: &str, verifier: &str, challenge: &str) -> String {
    let mut scopes = endpoints.provider.scopes.to_vec();
    if !endpoints.extra_text(super::special::MICROSOFT_CLAIM).is_empty() && endpoints.provider.name == "microsoft" {
        scopes.push("openid");
    }
    let scope = scopes.join(" ");
    let nonce = if verifier.is_empty() || !endpoints.is_open_id() { String::new() } else { nonce(verifier) };
    let mut ours = vec![("client_id", endpoints.client_id.as_str()), ("response_type", "code"), ("state", state)];
    ours.extend(endpoints.provider.auth_params);
    let optional = [("scope", scope.as_str()), ("code_challenge", challenge), ("nonce", nonce.as_str())];
    ours.extend(optional.into_iter().filter(|(_, value)| !value.is_empty()));
    if !challenge.is_empty() {
        ours.push(("code_challenge_method", "S256"));
    }
    ours.sort_unstable();
    // What the collection adds to the address stays in front, unless it is something that only we can know.
    let (base, configured) = endpoints.auth_url.split_once('?').unwrap_or((&endpoints.auth_url, ""));
    let is_ours = |name: &str| name == "redirect_uri" || ours.iter().any(|(own, _)| *own == name);
    let theirs = form_urlencoded::parse(configured.as_bytes()).filter(|(name, _)| !is_ours(name));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(theirs).extend_pairs(&ours).finish();
    format!("{base}?{query}&redirect_uri=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use crate::domain::oauth2;

    #[test]
    fn addresses_are_sorted_and_end_where_clients_go_on() {
        let endpoints = |name: &str, auth_url: &str, pkce: bool| Endpoints {
            provider: oauth2::find_provider(name).expect("it is in the table"),
            display_name: name.to_owned(),
            client_id: "me & you".to_owned(),
            client_secret: Secret::default(),
            auth_url: auth_url.to_owned(),
            token_url: String::new(),
            user_info_url: String::new(),
            jwks_url: None,
            issuers: Vec::new(),
            pkce,
            extra: serde_json::Map::new(),
        };
        for (made, expect) in [
            (
                auth_url(&endpoints("google", "https://a.example/x?z=1&hd=b&state=theirs", true), "s", "", ""),
                "https://a.example/x?z=1&hd=b&client_id=me+%26+you&response_type=code&scope=https%3A%2F%2F\
                 www.googleapis.com%2Fauth%2Fuserinfo.profile+https%3A%2F%2Fwww.googleapis.com%2Fauth%2F\
                 userinfo.email&state=s&redirect_uri=",
            ),
            (
                auth_url(&endpoints("notion", "https://a.example", true), "s", "v", "c"),
                "https://a.example?client_id=me+%26+you&code_challenge=c&code_challenge_method=S256&\
                 response_type=code&state=s&redirect_uri=",
            ),
        ] {
            assert_eq!(made, expect);
        }
        assert!(Offer::new(&endpoints("oidc", "https://a.example", true), "s".into()).auth_url.contains("&nonce="));
        let plain = Offer::new(&endpoints("oidc", "https://a.example", false), "s".into());
        assert!(!plain.auth_url.contains("nonce") && plain.code_verifier.is_empty() && plain.code_challenge.is_empty());
        assert!(Offer::new(&endpoints("apple", "https://a.example", true), "s".into()).auth_url.contains("form_post"));
    }
}
