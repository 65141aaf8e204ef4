//! Sessions, as the people who have them see and end them.

use std::sync::Arc;

use super::{App, Caller, Cookie, NewSession};
use crate::auth::account::Named;
use crate::auth::own_sessions::{self, Signed};
use crate::base::Result;

impl App {
    /// Who the caller is and by what, as JSON: see [`own_sessions::info`].
    pub async fn session_info(&self, caller: Caller) -> Result<String> {
        let caller = Arc::new(caller);
        let signed = caller.clone();
        self.read(caller, move |tx, cx| {
            let cookie = match &signed.cookie {
                Cookie::Session(secret) => Some(secret),
                Cookie::None | Cookie::Unproven => None,
            };
            own_sessions::info(tx, cx, Signed { token: signed.token.as_deref(), cookie })
        })
        .await
    }

    /// Ends the caller's session, or with `everywhere` all that their account is signed in with: see
    /// [`own_sessions::logout`]. The browser has to forget its cookies, too.
    pub async fn logout(&self, caller: Caller, everywhere: bool) -> Result<()> {
        self.write(Arc::new(caller), move |tx, cx| own_sessions::logout(tx, cx, everywhere)).await
    }

    /// The sessions of the caller, or of the account that the query names: see [`own_sessions::list`].
    pub async fn list_sessions(&self, caller: Caller) -> Result<String> {
        let named = Named::of(&caller.request)?;
        self.read(Arc::new(caller), move |tx, cx| own_sessions::list(tx, cx, named.as_ref())).await
    }

    /// Ends one session of the caller, or of the account that the query names: see [`own_sessions::end`]. Whether it
    /// was the one that the request was made with.
    pub async fn end_session(&self, caller: Caller, id: String) -> Result<bool> {
        let named = Named::of(&caller.request)?;
        self.write(Arc::new(caller), move |tx, cx| {
            own_sessions::end(tx, cx, named.as_ref(), &id)?;
            Ok(own_sessions::is_current(cx, &id))
        })
        .await
    }

    /// Ends everything else that the caller, or the account that the query names, is signed in with: see
    /// [`own_sessions::end_others`].
    pub async fn end_other_sessions(&self, caller: Caller) -> Result<Option<NewSession>> {
        let named = Named::of(&caller.request)?;
        self.write(Arc::new(caller), move |tx, cx| own_sessions::end_others(tx, cx, named.as_ref())).await
    }
}
