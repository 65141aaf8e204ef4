//! Who a caller is: whatever they carry, turned into a principal inside of the transaction that needs it.

use std::sync::Arc;

use super::{App, Caller, Cookie};
use crate::auth::sessions::Session;
use crate::auth::{keys, sessions, token};
use crate::base::{Error, Result};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Credential, Principal, Record, RequestInfo};
use crate::records::{Cx, Plans, access};
use crate::store::ReadTx;

/// A caller as services know them.
pub(super) struct Identity {
    pub principal: Principal,
    pub credential: Credential,
}

impl Identity {
    pub const GUEST: Identity = Identity { principal: Principal::Guest, credential: Credential::None };

    /// The context of services that act for this caller.
    pub fn cx<'a>(&'a self, request: &'a RequestInfo, plans: &'a Plans) -> Cx<'a> {
        Cx { principal: &self.principal, credential: &self.credential, request, plans }
    }
}

impl App {
    /// Whom the caller's token, API key or session names; a guest if there is none or it isn't valid.
    ///
    /// # Errors
    /// 403 for a session's cookie with a request that changes something, unless one of our own pages sent it; for a
    /// superuser who comes from elsewhere than superusers may.
    pub(super) fn identify(&self, tx: &ReadTx<'_>, caller: &Caller) -> Result<Identity> {
        let identity = self.identity_of(tx, caller)?;
        // Keys with a scope, too: whose they are counts, not what they may do.
        if identity.principal.record().is_some_and(|record| record.collection().id == SUPERUSERS_ID) {
            self.check_superuser_ip(caller.client_ip)?;
        }
        caller.trace.note_principal(&identity.principal);
        Ok(identity)
    }

    /// Whether the caller is a superuser in person. No API key may do what asks for this: with another mail server or
    /// bucket, with a backup or a typed statement, it would get at what is closed to it.
    ///
    /// # Errors
    /// 401, 403.
    pub(super) async fn require_superuser_in_person(&self, caller: Arc<Caller>) -> Result<()> {
        self.read(caller, |_, cx| access::require_superuser_in_person(cx)).await
    }

    /// The same, with their id.
    pub(super) async fn superuser_in_person(&self, caller: Arc<Caller>) -> Result<String> {
        self.read(caller, |_, cx| {
            access::require_superuser_in_person(cx)?;
            Ok(cx.principal.record().map(|record| record.id().to_owned()).unwrap_or_default())
        })
        .await
    }

    fn identity_of(&self, tx: &ReadTx<'_>, caller: &Caller) -> Result<Identity> {
        let request = RequestInfo::default();
        let nobody = Identity::GUEST;
        let cx = nobody.cx(&request, &self.0.plans);
        match (&caller.token, &caller.cookie) {
            (Some(text), _) if text.starts_with(keys::PREFIX) => {
                Ok(self.identify_key(tx, &cx, text)?.unwrap_or(Identity::GUEST))
            }
            (Some(text), _) => Ok(match token::principal(tx, &cx, text)? {
                Principal::Guest => nobody,
                principal => Identity { principal, credential: Credential::Token },
            }),
            (None, Cookie::None) => Ok(nobody),
            (None, Cookie::Unproven) => Err(Error::forbidden(
                "With a session's cookie, only this server's own pages may change something: \
                 the request needs Sec-Fetch-Site: same-origin or the right Origin.",
            )),
            (None, Cookie::Session(secret)) => {
                let found = sessions::find(tx, &cx, secret)?;
                Ok(found.map_or(nobody, |(session, record)| self.with_session(tx, session, record, caller)))
            }
        }
    }

    /// The account that an API key acts for, if the key is good.
    pub(super) fn identify_key(&self, tx: &ReadTx<'_>, cx: &Cx<'_>, text: &str) -> Result<Option<Identity>> {
        let Some((key, record)) = keys::find(tx, cx, text)? else { return Ok(None) };
        self.key_was_used(tx.now(), &key, &record);
        let record = Arc::new(record);
        let principal = match key.scope {
            Some(scope) => Principal::Scoped(record, scope),
            None => Principal::Record(record),
        };
        Ok(Some(Identity { principal, credential: Credential::Key(key.id) }))
    }

    /// The account that a session belongs to; notes that the session is used.
    pub(super) fn with_session(&self, tx: &ReadTx<'_>, session: Session, record: Record, caller: &Caller) -> Identity {
        self.session_was_used(tx.now(), &session, &record, caller);
        Identity { principal: Principal::Record(Arc::new(record)), credential: Credential::Session(session.id) }
    }
}
