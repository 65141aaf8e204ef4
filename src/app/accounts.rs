//! Signing in.

use std::sync::Arc;

use super::{App, Caller};
use crate::auth::delegated;
use crate::auth::sessions::Lifetime;
use crate::auth::sign_in::{self, Method, Outcome, SignIn, SuperuserTerms};
use crate::auth::throttle::Step;
use crate::base::Result;
use crate::domain::Context;
use crate::settings::config::Requirement;

impl App {
    /// The ways to sign in that a collection offers: see [`sign_in::methods`].
    pub async fn auth_methods(&self, caller: Caller, collection: String) -> Result<String> {
        let caller = Arc::new(caller);
        let offers = self.oauth2_offers(caller.clone(), collection.clone()).await?;
        self.read(caller, move |tx, _| sign_in::methods(tx, &collection, &offers)).await
    }

    /// Signs in with identity and password of the caller's body.
    ///
    /// The account is found in one snapshot, the password checked outside of any, and the sign-in completed in a
    /// transaction, which makes sure that the password is still the account's.
    ///
    /// # Errors
    /// 400 for a wrong identity or password, which can't be told apart by text or time; 403 if the account may not
    /// sign in; 429 after too many failures.
    pub async fn auth_with_password(
        &self,
        mut caller: Caller,
        collection: String,
        expand: Option<String>,
    ) -> Result<Outcome> {
        caller.request.context = Context::Password;
        let session = self.session_for(&caller)?;
        let caller = Arc::new(caller);
        let candidate = self.read(caller.clone(), move |tx, cx| sign_in::find_candidate(tx, cx, &collection)).await?;
        let turn = self.0.throttle.turn(&candidate.account).await?;
        // Before bcrypt runs: whoever has to wait costs no work either.
        let attempt = self.0.throttle.attempt(Step::Password, &candidate.account, caller.client_ip)?;
        let Some(checked) = candidate.record else {
            self.0.passwords.verify_nothing(candidate.password, candidate.cost).await?;
            return Err(sign_in::refused());
        };
        let hash = crate::base::Secret::new(checked.text("password"));
        if !self.0.passwords.verify(candidate.password, hash).await? {
            return Err(sign_in::refused());
        }
        attempt.succeeded();
        drop(turn);
        let superusers = self.superuser_terms(&caller);
        self.write(caller.clone(), move |tx, cx| {
            let step = SignIn {
                record: sign_in::still(tx, cx, &checked)?,
                method: Method::Password,
                mfa_id: caller.mfa_id(),
                device: &caller.device(),
                session,
                expand: expand.as_deref(),
                meta: None,
                superusers,
            };
            sign_in::finish(tx, cx, step)
        })
        .await
    }

    /// How long the session lasts that the caller wants instead of a token, if they do.
    pub(super) fn session_for(&self, caller: &Caller) -> Result<Option<Lifetime>> {
        Ok(caller.wants_session()?.then(|| self.session_lifetime()))
    }

    /// What superusers need to be let in who sign in with this request.
    pub(super) fn superuser_terms(&self, caller: &Caller) -> SuperuserTerms {
        SuperuserTerms {
            need_factor: self.superusers_need_factor(),
            may_come_from_here: self.lets_superusers_in(caller.client_ip),
        }
    }

    /// Whether superusers have to set up a second factor before they are let in.
    pub(super) fn superusers_need_factor(&self) -> bool {
        self.live().config.superuser_second_factor == Requirement::Required
    }

    /// Renews the caller's token: see [`sign_in::refresh`].
    pub async fn auth_refresh(&self, caller: Caller, collection: String, expand: Option<String>) -> Result<String> {
        let (token, need_factor) = (caller.token.clone(), self.superusers_need_factor());
        self.read(Arc::new(caller), move |tx, cx| {
            sign_in::refresh(tx, cx, &collection, token.as_deref(), expand.as_deref(), need_factor)
        })
        .await
    }

    /// A token for the caller's files: see [`delegated::file_token`].
    pub async fn file_token(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), delegated::file_token).await
    }

    /// Lets a superuser act as somebody else: see [`delegated::impersonate`].
    pub async fn impersonate(
        &self,
        caller: Caller,
        collection: String,
        id: String,
        expand: Option<String>,
    ) -> Result<String> {
        self.read(Arc::new(caller), move |tx, cx| delegated::impersonate(tx, cx, &collection, &id, expand.as_deref()))
            .await
    }
}
