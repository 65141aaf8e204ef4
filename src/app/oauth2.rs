//! Signing in with other services: by the clients of the API, and by pages that send the browser there and back.
//!
//! The second kind is a flow of two requests of one browser. What belongs to it is kept here in between, for
//! [`FLOW_LIFETIME`]; a cookie ties it to the browser, or somebody could have others sign in to an account of his.

use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use serde_json::{Map, Value as Json, json};

use super::{App, Caller, Cookie, Outcome};
use crate::auth::oauth2::account::{self, Arrival, Done, Work};
use crate::auth::oauth2::form::Form;
use crate::auth::oauth2::{Client, Offer, Return};
use crate::auth::sessions::Lifetime;
use crate::auth::sign_in::{self, Method, SignIn};
use crate::auth::{digest, token};
use crate::base::limits::OAUTH2_FLOWS_MAX;
use crate::base::{Error, Result, Secret, ids};
use crate::domain::Context;
use crate::domain::collection::{OAuth2Options, OAuth2Provider};

/// Where providers send people back to.
pub const REDIRECT_PATH: &str = "/api/oauth2-redirect";

/// How long somebody may take at the provider.
pub const FLOW_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How long a name is kept that comes with a code and is needed when the code is.
const NAME_LIFETIME: Duration = Duration::from_secs(60);
/// Codes longer than this have no name kept for them, in bytes.
const NAME_KEY_MAX_BYTES: usize = 1000;
/// What is kept of such a name, in characters.
const NAME_MAX_CHARS: usize = 150;

/// What the program knows of people who are at a provider at the moment.
pub(super) struct OAuth2 {
    client: Client,
    flows: Cache<String, Arc<Flow>>,
    names: Cache<String, String>,
}

/// Somebody whom a page of ours has sent to a provider.
struct Flow {
    collection: String,
    provider: String,
    code_verifier: Secret,
    browser_hash: String,
    redirect: Option<String>,
    /// The first step of a sign-in that this is the second of.
    mfa_id: Option<String>,
}

/// A flow that begins.
pub struct Departure {
    /// Where to send the browser.
    pub url: String,
    /// What the browser has to bring back besides; for a cookie.
    pub browser: Secret,
}

/// What a provider sends somebody back with.
#[derive(Default)]
pub struct Comeback {
    /// What was sent along.
    pub state: String,
    /// What the provider turns into tokens.
    pub code: String,
    /// What went wrong there.
    pub error: String,
    /// JSON in which Apple says what somebody is called, the first time only.
    pub user: String,
}

/// A flow at its end.
pub struct Completion {
    /// The name of the collection.
    pub collection: String,
    /// Where the page wanted to lead to.
    pub redirect: Option<String>,
    /// How signing in went.
    pub outcome: Result<Outcome>,
}

impl OAuth2 {
    pub fn new() -> OAuth2 {
        OAuth2::with_room_for(OAUTH2_FLOWS_MAX)
    }

    fn with_room_for(count: u64) -> OAuth2 {
        OAuth2 { client: Client::default(), flows: cache(count, FLOW_LIFETIME), names: cache(count, NAME_LIFETIME) }
    }
}

/// What is new always gets in and the oldest goes. The cache's usual policy keeps out what wasn't asked for often, and
/// everything here is asked for once: whoever filled it would keep everybody else from signing in.
fn cache<T: Clone + Send + Sync + 'static>(count: u64, lifetime: Duration) -> Cache<String, T> {
    Cache::builder().max_capacity(count).eviction_policy(EvictionPolicy::lru()).time_to_live(lifetime).build()
}

impl App {
    /// What clients need to send people to the providers of a collection. Those that can't be used are left out.
    pub(super) async fn oauth2_offers(&self, caller: Arc<Caller>, collection: String) -> Result<Vec<Offer>> {
        let options = self.read(caller, move |tx, _| oauth2_options(tx, &collection)).await?;
        let mut offers = Vec::new();
        for provider in options.iter().flat_map(|options| &options.providers) {
            match self.0.oauth2.client.offer(provider).await {
                Ok(offer) => offers.push(offer),
                Err(failure) => tracing::warn!(provider = %provider.name, "a provider can't be offered: {failure}"),
            }
        }
        Ok(offers)
    }

    /// Signs in whoever comes back from a provider, by the code in the caller's body.
    ///
    /// # Errors
    /// 403 if the collection has no such sign-in; 400 with the codes of `provider` and `code`, with empty `data` if the
    /// provider doesn't say who it is, and with those of the fields of an account that can't be made; 503 if the
    /// account changes at the same moment.
    pub async fn auth_with_oauth2(
        &self,
        mut caller: Caller,
        collection: String,
        expand: Option<String>,
    ) -> Result<Outcome> {
        caller.request.context = Context::OAuth2;
        let session = self.session_for(&caller)?;
        let caller = Arc::new(caller);
        let name = collection.clone();
        let form = self.read(caller.clone(), move |tx, cx| {
            let options = oauth2_options(tx, &name)?.ok_or_else(switched_off)?;
            Form::read(&cx.request.body, &options)
        });
        let Form { provider, back, create_data } = form.await?;
        self.oauth2_sign_in(caller, Step { collection, provider, back, create_data, expand, session }).await
    }

    async fn oauth2_sign_in(&self, caller: Arc<Caller>, step: Step) -> Result<Outcome> {
        let Step { collection, provider, mut back, create_data, expand, session } = step;
        if provider.name == "apple" {
            back.name = self.0.oauth2.names.remove(&back.code).unwrap_or_default();
        }
        let identity = self.0.oauth2.client.identify(&provider, &back).await.map_err(|failure| {
            tracing::warn!(provider = %provider.name, "nobody was signed in: {failure}");
            Error::invalid("Signing in with this provider didn't work.").caused_by(failure)
        })?;
        let arrival = Arc::new(Arrival { collection, provider: provider.name, identity, create_data });
        let planned = arrival.clone();
        let work = self.read(caller.clone(), move |tx, cx| account::plan(tx, cx, &planned)).await?;
        let done = match work {
            Work::None => Done::default(),
            Work::Password(cost) => {
                let hash = self.0.passwords.hash(account::unknown_password(), cost).await?;
                Done { password_hash: Some(hash), create: None }
            }
            Work::Create(body, draft) => {
                Done { create: Some((body, self.0.passwords.prove(*draft).await?)), password_hash: None }
            }
        };
        let superusers = self.superuser_terms(&caller);
        self.write(caller.clone(), move |tx, cx| {
            let (record, is_new) = account::settle(tx, cx, &arrival, done)?;
            let step = SignIn {
                record,
                method: Method::OAuth2,
                mfa_id: caller.mfa_id(),
                device: &caller.device(),
                session,
                expand: expand.as_deref(),
                meta: Some(&arrival.identity.meta(is_new)),
                superusers,
            };
            sign_in::finish(tx, cx, step)
        })
        .await
    }

    /// Sends somebody to a provider from a page of ours. `redirect` is where they want to go in the end; whether they
    /// may is for the page to decide, now and then. A caller with an `mfaId` makes this their second step.
    ///
    /// # Errors
    /// 404 if there is no such way to sign in; 400 if the provider can't be used at the moment.
    pub async fn oauth2_start(
        &self,
        caller: Caller,
        collection: String,
        provider: String,
        redirect: Option<String>,
    ) -> Result<Departure> {
        let mfa_id = caller.mfa_id().map(str::to_owned);
        let (name, wanted) = (collection.clone(), provider.clone());
        let find = move |tx: &crate::store::ReadTx<'_>, _: &crate::records::Cx<'_>| {
            let options = oauth2_options(tx, &name)?.ok_or_else(Error::not_found)?;
            options.providers.into_iter().find(|provider| provider.name == wanted).ok_or_else(Error::not_found)
        };
        let configured = self.read(Arc::new(caller), find).await?;
        let offer = self.0.oauth2.client.offer(&configured).await.map_err(|failure| {
            tracing::warn!(%provider, "a provider can't be used: {failure}");
            Error::invalid("This provider can't be used at the moment.").caused_by(failure)
        })?;
        let browser = ids::bearer();
        let flow = Flow {
            collection,
            provider,
            code_verifier: Secret::new(offer.code_verifier),
            browser_hash: digest::sha256(browser.expose()),
            redirect,
            mfa_id,
        };
        self.0.oauth2.flows.insert(offer.state, Arc::new(flow));
        let back: String = form_urlencoded::byte_serialize(self.oauth2_redirect_url().as_bytes()).collect();
        Ok(Departure { url: format!("{}{back}", offer.auth_url), browser })
    }

    /// Whether a state belongs to somebody whom a page of ours has sent away, and not to a client of the API.
    pub fn oauth2_is_flow(&self, state: &str) -> bool {
        self.0.oauth2.flows.contains_key(state)
    }

    /// Signs in somebody whom a page of ours had sent to a provider, with a session. It is always the provider's person
    /// who is signed in: to link a provider to the account that one is signed in to is something to ask for.
    ///
    /// # Errors
    /// 403 if another browser comes back than the one that was sent; 404 if none was, or too long ago.
    pub async fn oauth2_complete(
        &self,
        mut caller: Caller,
        back: Comeback,
        browser: Option<&Secret>,
    ) -> Result<Completion> {
        let flow = self.0.oauth2.flows.remove(&back.state).ok_or_else(Error::not_found)?;
        if !browser.is_some_and(|browser| token::same(&digest::sha256(browser.expose()), &flow.browser_hash)) {
            return Err(Error::forbidden("This sign-in was begun in another browser."));
        }
        caller.token = None;
        let former = caller.clone();
        caller.cookie = Cookie::None;
        // Rules see nothing of how the browser came here.
        caller.request.query = flow.mfa_id.iter().map(|id| ("mfaId".to_owned(), id.clone())).collect();
        caller.request.body = Map::new();
        caller.request.context = Context::OAuth2;
        let outcome = self.finish_flow(Arc::new(caller), &flow, back).await;
        // The session that the browser had until now outlives no sign-in. Where a second step is due, that ends it.
        if matches!(outcome, Ok(Outcome::Done(_))) {
            self.logout(former, false).await?;
        }
        Ok(Completion { collection: flow.collection.clone(), redirect: flow.redirect.clone(), outcome })
    }

    async fn finish_flow(&self, caller: Arc<Caller>, flow: &Flow, back: Comeback) -> Result<Outcome> {
        if !back.error.is_empty() || back.code.is_empty() {
            return Err(Error::invalid("The provider didn't let anybody in."));
        }
        let (name, wanted) = (flow.collection.clone(), flow.provider.clone());
        let provider = self.read(caller.clone(), move |tx, _| {
            let options = oauth2_options(tx, &name)?.ok_or_else(switched_off)?;
            options.providers.into_iter().find(|provider| provider.name == wanted).ok_or_else(switched_off)
        });
        let step = Step {
            collection: flow.collection.clone(),
            provider: provider.await?,
            back: Return {
                code: back.code,
                code_verifier: flow.code_verifier.clone(),
                redirect_url: self.oauth2_redirect_url(),
                name: String::new(),
                nonce_required: !flow.code_verifier.is_empty(),
            },
            create_data: Map::new(),
            expand: None,
            session: Some(self.session_lifetime()),
        };
        self.oauth2_sign_in(caller, step).await
    }

    /// Hands on what a provider has sent back to the client of the API that waits for it. Whether it can sign in now.
    pub fn oauth2_hand_on(&self, caller: &Caller, back: &Comeback) -> bool {
        self.oauth2_keep_name(back);
        let mut message = json!({"state": back.state, "code": back.code});
        if !back.error.is_empty() {
            message["error"] = Json::from(back.error.as_str());
        }
        let told = self.realtime_deliver_oauth2(&back.state, caller.client_ip, &message.to_string());
        told && back.error.is_empty() && !back.code.is_empty()
    }

    /// Keeps the name that comes with a code until the code is used.
    pub fn oauth2_keep_name(&self, back: &Comeback) {
        let user: Json = serde_json::from_str(&back.user).unwrap_or_default();
        let parts = ["/name/firstName", "/name/lastName"].map(|at| user.pointer(at).and_then(Json::as_str));
        let words: Vec<&str> = parts.into_iter().flatten().map(str::trim).filter(|word| !word.is_empty()).collect();
        let name: String = words.join(" ").chars().take(NAME_MAX_CHARS).collect();
        if !name.is_empty() && !back.code.is_empty() && back.code.len() <= NAME_KEY_MAX_BYTES {
            self.0.oauth2.names.insert(back.code.clone(), name);
        }
    }

    fn oauth2_redirect_url(&self) -> String {
        format!("{}{REDIRECT_PATH}", self.live().config.base_url())
    }
}

/// One sign-in, up to the code.
struct Step {
    collection: String,
    provider: OAuth2Provider,
    back: Return,
    create_data: Map<String, Json>,
    expand: Option<String>,
    session: Option<Lifetime>,
}

/// A collection's options, if this way to sign in is on.
///
/// # Errors
/// 404.
fn oauth2_options(tx: &crate::store::ReadTx<'_>, collection: &str) -> Result<Option<OAuth2Options>> {
    let collection = sign_in::find_auth_collection(tx, collection)?;
    Ok(collection.auth().map(|options| options.oauth2.clone()).filter(|options| options.enabled))
}

fn switched_off() -> Error {
    Error::forbidden("This collection has no sign-in by other services.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_flows_and_names_are_kept_however_many_there_are() {
        let oauth2 = OAuth2::with_room_for(8);
        let flow = |at: usize| Flow {
            collection: String::new(),
            provider: at.to_string(),
            code_verifier: Secret::new(""),
            browser_hash: String::new(),
            redirect: None,
            mfa_id: None,
        };
        for at in 0..100 {
            let key = at.to_string();
            oauth2.flows.insert(key.clone(), Arc::new(flow(at)));
            oauth2.names.insert(key.clone(), key.clone());
            oauth2.flows.run_pending_tasks();
            oauth2.names.run_pending_tasks();
            assert!(oauth2.flows.contains_key(&key) && oauth2.names.contains_key(&key), "{at}");
            assert!(oauth2.flows.entry_count() <= 8 && oauth2.names.entry_count() <= 8, "{at}");
        }
    }
}
