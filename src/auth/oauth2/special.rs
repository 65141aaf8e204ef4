//! What the table of providers can't say: whose e-mail addresses Microsoft vouches for.
//!
//! `mail` and `userPrincipalName` of Microsoft's directory are whatever an administrator has typed there, and anybody
//! can be administrator of a directory. So an address of the common sign-in is shown but opens no account, unless the
//! collection names a claim that says more. A single directory is another matter: whoever configures one trusts it.

use serde_json::Value as Json;

use super::exchange::Tokens;
use super::person::{is_set, text_at};
use super::{Client, Endpoints, Failure, Return};

/// The extra option that says which claim of the id_token has the address.
pub(super) const MICROSOFT_CLAIM: &str = "idTokenEmailClaim";

/// How Microsoft's token addresses end.
const TOKEN_PATH: &str = "/oauth2/v2.0/token";
/// Where the keys are instead.
const KEYS_PATH: &str = "/discovery/v2.0/keys";
/// Names for all directories, or all of a kind, in the place where that of one would be.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

impl Client {
    /// The address, and whether it is certain that it is the person's.
    pub(super) async fn microsoft_email(
        &self,
        endpoints: &Endpoints,
        tokens: &Tokens,
        back: &Return,
        graph: &Json,
    ) -> Result<(String, bool), Failure> {
        let claim = endpoints.extra_text(MICROSOFT_CLAIM);
        let own_tenant = names_one_tenant(&endpoints.token_url);
        if claim.is_empty() {
            return Ok((text_at(graph, "/mail"), own_tenant));
        }
        let token = tokens.rest["id_token"].as_str().unwrap_or_default();
        let claims = self.id_token(&with_keys(endpoints), token, back).await?;
        let issuer = format!("/{}/v2.0", text_at(&claims, "/tid"));
        if endpoints.issuers.is_empty() && !text_at(&claims, "/iss").ends_with(&issuer) {
            return Err(Failure::new("the id_token was made by another directory than it says"));
        }
        if claims.get("oid").is_some() && claims["oid"] != graph["id"] {
            return Err(Failure::new("the id_token is about somebody else"));
        }
        Ok(email_of(claim, &claims, own_tenant))
    }
}

/// The address that a claim leads to.
fn email_of(claim: &str, claims: &Json, own_tenant: bool) -> (String, bool) {
    let primary = text_at(claims, "/verified_primary_email/0");
    let email = text_at(claims, "/email");
    let owned = is_set(claims, "/xms_edov");
    match claim {
        "verified_primary_email" => (primary, true),
        "any_verified" if !primary.is_empty() => (primary, true),
        "any_verified" | "email_and_xms_edov" if owned => (email, true),
        "email" => (email, own_tenant || owned),
        _ => (String::new(), false),
    }
}

/// Whether a token address is that of one directory.
fn names_one_tenant(token_url: &str) -> bool {
    let start = token_url.strip_suffix(TOKEN_PATH).unwrap_or_default();
    start.rsplit('/').next().is_some_and(|tenant| !tenant.is_empty() && !SHARED_TENANTS.contains(&tenant))
}

/// The provider with the address of its keys, which follows from that of its tokens.
fn with_keys(endpoints: &Endpoints) -> Endpoints {
    let keys = endpoints.token_url.strip_suffix(TOKEN_PATH).map(|start| format!("{start}{KEYS_PATH}"));
    Endpoints { jwks_url: endpoints.jwks_url.clone().or(keys), ..endpoints.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_microsoft_vouches_for_is_certain() {
        let primary = json!({"email": "typed@x.example", "verified_primary_email": ["real@x.example"]});
        let owned = json!({"email": "owned@x.example", "xms_edov": "1"});
        let typed = json!({"email": "typed@x.example", "upn": "victim@x.example", "xms_edov": false});
        for (claim, claims, expect) in [
            ("any_verified", &primary, ("real@x.example", true)),
            ("any_verified", &owned, ("owned@x.example", true)),
            ("any_verified", &typed, ("", false)),
            ("verified_primary_email", &primary, ("real@x.example", true)),
            ("verified_primary_email", &owned, ("", true)),
            ("email_and_xms_edov", &owned, ("owned@x.example", true)),
            ("email_and_xms_edov", &typed, ("", false)),
            ("email", &typed, ("typed@x.example", false)),
            ("email", &owned, ("owned@x.example", true)),
            ("upn", &typed, ("", false)),
        ] {
            let (email, certain) = email_of(claim, claims, false);
            assert_eq!((email.as_str(), certain), expect, "{claim} of {claims}");
        }
        assert_eq!(email_of("email", &typed, true), ("typed@x.example".to_owned(), true));
    }

    #[test]
    fn one_directory_is_told_from_all_of_them() {
        for (url, expect) in [
            ("https://login.microsoftonline.com/common/oauth2/v2.0/token", false),
            ("https://login.microsoftonline.com/organizations/oauth2/v2.0/token", false),
            ("https://login.microsoftonline.com/consumers/oauth2/v2.0/token", false),
            ("https://login.microsoftonline.com/7c3e/oauth2/v2.0/token", true),
            ("https://login.example.com/token", false),
        ] {
            assert_eq!(names_one_tenant(url), expect, "{url}");
        }
    }
}
