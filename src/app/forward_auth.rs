//! Signing in on behalf of other services: whether a reverse proxy may let a request through, and whose it is.
//!
//! Called by `GET /api/forward-auth`. The proxy asks with the headers of the request that it has got, so they are a
//! stranger's: they say who is signed in only by a secret. Invariant: the cookie that other hosts see opens this and
//! nothing else. Not here: where the sign-in page leads back to (`web::redirects`).

use std::sync::Arc;

use super::identity::Identity;
use super::{App, Caller};
use crate::auth::{keys, sessions, sign_in, token};
use crate::base::{Error, ErrorKind, FieldError, Result, Secret};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Collection, Credential, Principal, Record, RequestInfo};
use crate::records::Cx;
use crate::store::ReadTx;

/// What a proxy asks.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The value of the session's own cookie, which is there if Holdall and the service share a host.
    pub session: Option<Secret>,
    /// The value of the cookie that is good for this only.
    pub forward: Option<Secret>,
    /// The collections whose accounts may pass, by id or name.
    pub collections: Vec<String>,
    /// Whether somebody looks at a browser's window, so that a sign-in page makes sense.
    pub navigates: bool,
}

/// What a proxy is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let the request of this account through.
    #[allow(missing_docs)]
    Pass { id: String, collection: String, email: String },
    /// Send the browser to this page, where somebody can sign in.
    SignIn(String),
    /// Refuse it.
    Refuse,
}

impl App {
    /// Whether the request that a proxy has got may pass.
    ///
    /// # Errors
    /// 400 if no auth collection is named; 403 for accounts of other collections and for API keys with a scope, which
    /// says nothing about other services.
    pub async fn forward_auth(&self, caller: Caller, asked: Asked) -> Result<Verdict> {
        let app = self.clone();
        let (caller, asked) = (Arc::new(caller), Arc::new(asked));
        let ask = asked.clone();
        let passing = self
            .0
            .store
            .read(move |tx| {
                let request = RequestInfo::default();
                let nobody = Identity { principal: Principal::Guest, credential: Credential::None };
                let cx = nobody.cx(&request, &app.0.plans);
                let wanted = wanted(tx, &ask.collections)?;
                let first = wanted.first().map(|collection| collection.name.clone()).unwrap_or_default();
                let Some(record) = app.signed_in(tx, &cx, &caller, &ask)? else { return Ok((None, first)) };
                if record.collection().id == SUPERUSERS_ID {
                    app.check_superuser_ip(caller.client_ip)?;
                }
                if !wanted.iter().any(|collection| collection.id == record.collection().id) {
                    return Err(Error::forbidden("This account may not use this service."));
                }
                let principal = Principal::Record(record.clone());
                sign_in::check_auth_rule(tx, &Cx { principal: &principal, ..cx }, &record)?;
                Ok((Some(record), first))
            })
            .await?;
        Ok(match passing {
            (Some(record), _) => Verdict::Pass {
                id: record.id().to_owned(),
                collection: record.collection().name.clone(),
                // Services take the address for who somebody is, and anybody may sign up with anybody's.
                email: if record.truth("verified") { record.text("email").to_owned() } else { String::new() },
            },
            (None, collection) if asked.navigates => {
                Verdict::SignIn(format!("{}/auth/{collection}/sign-in", self.live().config.base_url()))
            }
            (None, _) => Verdict::Refuse,
        })
    }

    /// Whoever the request shows by a token, an API key or one of the cookies. What an `Authorization` header says may
    /// be meant for the service, so one that we don't know doesn't hide the cookies.
    fn signed_in(&self, tx: &ReadTx<'_>, cx: &Cx<'_>, caller: &Caller, asked: &Asked) -> Result<Option<Arc<Record>>> {
        if let Some(text) = caller.token.as_deref() {
            let found = match text.starts_with(keys::PREFIX) {
                true => self.identify_key(tx, cx, text)?.map(|identity| identity.principal),
                false => Some(token::principal(tx, cx, text)?),
            };
            match found {
                Some(Principal::Record(record)) => return Ok(Some(record)),
                Some(Principal::Scoped(..)) => {
                    return Err(Error::forbidden("An API key with a scope opens no other services."));
                }
                Some(Principal::Guest) | None => {}
            }
        }
        let by_session = asked.session.as_ref().map(|secret| sessions::find(tx, cx, secret)).transpose()?.flatten();
        let found = match by_session {
            Some(found) => Some(found),
            None => asked.forward.as_ref().map(|secret| sessions::find_forward(tx, cx, secret)).transpose()?.flatten(),
        };
        Ok(found
            .and_then(|(session, record)| self.with_session(tx, session, record, caller).principal.record().cloned()))
    }

    /// The domain whose hosts share a login by forward-auth.
    pub fn forward_auth_domain(&self) -> Option<String> {
        let live = self.live();
        let domain = live.config.forward_auth_domain.trim_start_matches('.');
        (!domain.is_empty()).then(|| domain.to_owned())
    }
}

/// The auth collections with these ids or names.
fn wanted<'t>(tx: &'t ReadTx<'_>, names: &[String]) -> Result<Vec<&'t Arc<Collection>>> {
    if names.is_empty() {
        return Err(Error::field("collection", FieldError::required()));
    }
    let find = |name: &String| {
        sign_in::find_auth_collection(tx, name).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                Error::field("collection", FieldError::invalid("There is no auth collection of this name."))
            }
            _ => error,
        })
    };
    names.iter().map(find).collect()
}
