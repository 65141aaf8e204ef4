//! The server as passkeys know it, and the ceremonies that are under way: what a browser was asked to sign.
//!
//! Invariants: the name that passkeys are bound to, and the origin that they may be used on, come from the configured
//! address and never from a request; every ceremony can be ended once, within minutes, and asks for user verification.

use std::net::IpAddr;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use serde_json::{Value as Json, json};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url,
    Uuid, Webauthn, WebauthnBuilder,
};

use super::encoded;
use crate::base::limits::{CEREMONIES_REMEMBERED, PASSKEY_CEREMONY_SECONDS};
use crate::base::{Error, Result, ids};

/// The server as passkeys know it.
pub struct RelyingParty {
    webauthn: Option<Webauthn>,
    registrations: Cache<String, Registration>,
    logins: Cache<String, Login>,
}

/// A passkey that is being registered.
#[derive(Clone)]
pub struct Registration {
    state: PasskeyRegistration,
    /// Whose it will be: collection and record.
    pub account: (String, String),
    /// What its authenticator knows the account by.
    pub user_handle: Uuid,
}

/// A sign-in with a passkey.
#[derive(Clone)]
pub struct Login {
    state: DiscoverableAuthentication,
    /// To which collection.
    pub collection_id: String,
    /// The sign-in that this is the second step of.
    pub mfa_id: Option<String>,
}

impl RelyingParty {
    /// The server that people reach at `origin` and know as `name`.
    pub fn new(origin: &str, name: &str) -> RelyingParty {
        RelyingParty { webauthn: webauthn(origin, name), registrations: cache(), logins: cache() }
    }

    /// Whether browsers offer passkeys at the server's address.
    pub fn works(&self) -> bool {
        self.webauthn.is_some()
    }

    /// Asks a browser to make a passkey; `existing` are those that it mustn't make again.
    ///
    /// # Errors
    /// 400 if there can't be passkeys at this server's address.
    pub fn begin_registration(
        &self,
        account: (String, String),
        user_handle: Uuid,
        name: &str,
        existing: &[Passkey],
    ) -> Result<Json> {
        let exclude = existing.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let (challenge, state) = self
            .webauthn()?
            .start_passkey_registration(user_handle, name, name, Some(exclude))
            .map_err(Error::internal)?;
        let mut options = public_key(serde_json::to_value(challenge).map_err(Error::internal)?);
        // The library asks authenticators not to keep the account's name; without it nobody could sign in with nothing
        // but a passkey. One that has no room for it makes a passkey that is good as a second factor.
        options["authenticatorSelection"]["residentKey"] = Json::from("preferred");
        let id = new_id();
        self.registrations.insert(id.clone(), Registration { state, account, user_handle });
        Ok(json!({"ceremony": id, "publicKey": options}))
    }

    /// The passkey that a browser has made, and whose it is to be.
    ///
    /// # Errors
    /// 400 if it isn't what this ceremony asked for.
    pub fn end_registration(&self, ceremony: &str, credential: &Json) -> Result<(Registration, Passkey)> {
        let registration = self.registrations.remove(ceremony).ok_or_else(over)?;
        let credential: RegisterPublicKeyCredential =
            serde_json::from_value(credential.clone()).map_err(|_| refused())?;
        let made = self.webauthn()?.finish_passkey_registration(&credential, &registration.state);
        Ok((registration, made.map_err(|_| refused())?))
    }

    /// Asks a browser to sign in with a passkey: any one, or one of those in `allowed`.
    ///
    /// # Errors
    /// 400 if there can't be passkeys at this server's address.
    pub fn begin_login(&self, collection_id: String, mfa_id: Option<String>, allowed: &[Passkey]) -> Result<Json> {
        let (challenge, state) = self.webauthn()?.start_discoverable_authentication().map_err(Error::internal)?;
        let mut options = public_key(serde_json::to_value(challenge).map_err(Error::internal)?);
        if !allowed.is_empty() {
            let named = |passkey: &Passkey| json!({"type": "public-key", "id": encoded(passkey.cred_id())});
            options["allowCredentials"] = allowed.iter().map(named).collect();
        }
        let id = new_id();
        self.logins.insert(id.clone(), Login { state, collection_id, mfa_id });
        Ok(json!({"ceremony": id, "publicKey": options}))
    }

    /// The sign-in that a browser was asked for, which can't be ended again.
    ///
    /// # Errors
    /// 400 if there is none.
    pub fn end_login(&self, ceremony: &str) -> Result<Login> {
        self.logins.remove(ceremony).ok_or_else(over)
    }

    /// Whether `credential` signs what `login` asked for with this passkey; the passkey as it is afterwards. A counter
    /// that didn't grow is refused: there may be a copy of the passkey.
    ///
    /// # Errors
    /// 400 if it doesn't.
    pub fn check(&self, login: Login, credential: &PublicKeyCredential, mut passkey: Passkey) -> Result<Passkey> {
        let checked = self
            .webauthn()?
            .finish_discoverable_authentication_v2(credential, login.state, &passkey)
            .map_err(|_| refused())?;
        if !checked.user_verified() {
            return Err(refused());
        }
        passkey.update_credential(&checked);
        Ok(passkey)
    }

    fn webauthn(&self) -> Result<&Webauthn> {
        self.webauthn.as_ref().ok_or_else(|| {
            Error::invalid("Passkeys need an https address with a host name: set public_url in the configuration.")
        })
    }
}

/// The answer to a passkey that can't be used, whatever is wrong with it.
pub fn refused() -> Error {
    Error::invalid("This passkey can't be used here.")
}

fn over() -> Error {
    Error::invalid("What the passkey was asked for isn't known, or it took too long. Begin again.")
}

/// Browsers bind passkeys to host names and offer them over HTTPS only; of plain HTTP and addresses in figures they
/// allow what is on the same machine, under the name localhost.
fn webauthn(origin: &str, name: &str) -> Option<Webauthn> {
    let mut url = Url::parse(origin).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    if let Ok(address) = host.parse::<IpAddr>() {
        if !address.is_loopback() {
            return None;
        }
        url.set_host(Some("localhost")).ok()?;
    }
    let domain = url.domain()?.to_owned();
    let is_here = domain == "localhost" || domain.ends_with(".localhost");
    if url.scheme() != "https" && !is_here {
        return None;
    }
    WebauthnBuilder::new(&domain, &url)
        .ok()?
        .rp_name(name)
        .timeout(Duration::from_secs(PASSKEY_CEREMONY_SECONDS))
        .build()
        .ok()
}

fn public_key(mut challenge: Json) -> Json {
    challenge["publicKey"].take()
}

fn new_id() -> String {
    ids::bearer().expose().to_owned()
}

/// The oldest make room for new ones: whoever floods the server with beginnings can delay others but not fill it.
fn cache<T: Clone + Send + Sync + 'static>() -> Cache<String, T> {
    Cache::builder()
        .max_capacity(CEREMONIES_REMEMBERED)
        .eviction_policy(EvictionPolicy::lru())
        .time_to_live(Duration::from_secs(PASSKEY_CEREMONY_SECONDS))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_an_address_that_browsers_take() {
        for (origin, expect) in [
            ("https://app.example.com", Some("app.example.com")),
            ("https://app.example.com:8443", Some("app.example.com")),
            ("http://localhost:8090", Some("localhost")),
            ("http://127.0.0.1:8090", Some("localhost")),
            ("http://[::1]:8090", Some("localhost")),
            ("http://app.localhost", Some("app.localhost")),
            ("http://app.example.com", None),
            ("http://192.168.1.5:8090", None),
            ("https://192.168.1.5", None),
            ("nonsense", None),
        ] {
            let party = RelyingParty::new(origin, "Test");
            assert_eq!(party.works(), expect.is_some(), "{origin}");
            let options = party.begin_login("c".to_owned(), None, &[]);
            let id = options.ok().map(|options| options["publicKey"]["rpId"].as_str().map(str::to_owned));
            assert_eq!(id.flatten().as_deref(), expect, "{origin}");
        }
    }

    #[test]
    fn a_ceremony_ends_once() {
        let party = RelyingParty::new("http://localhost", "Test");
        let options = party.begin_login("c".to_owned(), None, &[]).expect("localhost works");
        let id = options["ceremony"].as_str().expect("an id");
        assert!(party.end_login(id).is_ok());
        assert!(party.end_login(id).is_err());
        assert!(party.end_registration(id, &Json::Null).is_err());
    }
}
