//! Who a caller is: whatever they carry, turned into a principal inside of the transaction that needs it.

use std::sync::Arc;

use super::{App, Caller, Cookie};
use crate::auth::{sessions, token};
use crate::base::{Error, Result};
use crate::domain::{Credential, Principal, RequestInfo};
use crate::records::{Cx, Plans};
use crate::store::ReadTx;

/// A caller as services know them.
pub(super) struct Identity {
    pub principal: Principal,
    pub credential: Credential,
}

impl Identity {
    const GUEST: Identity = Identity { principal: Principal::Guest, credential: Credential::None };

    /// The context of services that act for this caller.
    pub fn cx<'a>(&'a self, request: &'a RequestInfo, plans: &'a Plans) -> Cx<'a> {
        Cx { principal: &self.principal, credential: &self.credential, request, plans }
    }
}

impl App {
    /// Whom the caller's token or session names; a guest if there is none or it isn't valid.
    ///
    /// # Errors
    /// 403 for a session's cookie with a request that changes something, unless one of our own pages sent it.
    pub(super) fn identify(&self, tx: &ReadTx<'_>, caller: &Caller) -> Result<Identity> {
        let request = RequestInfo::default();
        let nobody = Identity::GUEST;
        let cx = nobody.cx(&request, &self.0.plans);
        match (&caller.token, &caller.cookie) {
            (Some(text), _) => Ok(match token::principal(tx, &cx, text)? {
                Principal::Guest => nobody,
                principal => Identity { principal, credential: Credential::Token },
            }),
            (None, Cookie::None) => Ok(nobody),
            (None, Cookie::Unproven) => Err(Error::forbidden(
                "With a session's cookie, only this server's own pages may change something: \
                 the request needs Sec-Fetch-Site: same-origin or the right Origin.",
            )),
            (None, Cookie::Session(secret)) => match sessions::find(tx, &cx, secret)? {
                None => Ok(nobody),
                Some((session, record)) => {
                    self.session_was_used(tx.now(), &session, caller);
                    let (principal, credential) =
                        (Principal::Record(Arc::new(record)), Credential::Session(session.id));
                    Ok(Identity { principal, credential })
                }
            },
        }
    }
}
