//! A request, as edges hand it to the app.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use tracing::Span;

use crate::auth::sessions::Device;
use crate::base::{Error, Result, Secret};
use crate::domain::{Principal, RequestInfo};
use crate::logs::Failure;

/// Who calls, and with what.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token or API key that was sent, without a `Bearer` prefix. If there is one, cookies don't count.
    pub token: Option<String>,
    /// The cookie of a session.
    pub cookie: Cookie,
    /// What is known of the page that made a browser send this.
    pub site: Site,
    /// The request as rules see it; its body carries what is to be written.
    pub request: RequestInfo,
    /// The address that the connection came from.
    pub client_ip: IpAddr,
    /// What the log of requests learns of it.
    pub trace: Trace,
}

/// What becomes known of a request on its way, for the log. Clones share it; what was noted first stays.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Collection and id of the account that asks.
    account: OnceLock<(String, String)>,
    failure: OnceLock<Failure>,
    span: OnceLock<Span>,
}

impl Trace {
    /// Notes who asks.
    pub fn note_principal(&self, principal: &Principal) {
        if let Some(record) = principal.record() {
            self.0.account.get_or_init(|| (record.collection().name.clone(), record.id().to_owned()));
        }
    }

    /// Notes the span that everything about this request belongs into.
    pub fn set_span(&self, span: Span) {
        self.0.span.get_or_init(|| span);
    }

    /// The span of this request; one that is nothing if traces aren't gathered.
    pub fn span(&self) -> Span {
        self.0.span.get().cloned().unwrap_or_else(Span::none)
    }

    /// Notes what went wrong.
    pub fn note_failure(&self, failure: Failure) {
        self.0.failure.get_or_init(|| failure);
    }

    /// Name of the collection and id of the account that asks, if somebody wanted to know.
    pub fn account(&self) -> Option<(&str, &str)> {
        self.0.account.get().map(|(collection, id)| (collection.as_str(), id.as_str()))
    }

    /// What went wrong.
    pub fn failure(&self) -> Option<&Failure> {
        self.0.failure.get()
    }
}

/// A session's cookie, as far as it may be believed: browsers send it along whoever made them send the request.
#[derive(Clone, Debug, Default)]
pub enum Cookie {
    /// There is none, or it doesn't count because another site asks to read something.
    #[default]
    None,
    /// It counts.
    Session(Secret),
    /// It would change something, and nothing shows that it was one of our own pages that asked for that.
    Unproven,
}

/// Whose page made a browser send a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Site {
    /// One of this server's own, as the browser says.
    Own,
    /// Another site's.
    Other,
    /// Nothing is said: not a browser, or nobody's page.
    #[default]
    Unknown,
}

impl Caller {
    /// The device as sessions remember it.
    pub fn device(&self) -> Device {
        let user_agent = self.request.header("user_agent").unwrap_or_default().to_owned();
        Device { ip: self.client_ip.to_string(), user_agent }
    }

    /// The first step of a sign-in that this request is the second of: `mfaId`, of the query or else of the body.
    pub fn mfa_id(&self) -> Option<&str> {
        let body = || self.request.body.get("mfaId").and_then(serde_json::Value::as_str);
        self.request.query("mfaId").or_else(body).filter(|id| !id.is_empty())
    }

    /// Whether a sign-in is to begin a session instead of giving a token: `?session=cookie` or `X-Session: cookie`.
    ///
    /// # Errors
    /// 403 if another site's page asks for that: it could sign its visitors in to an account of its choice.
    pub fn wants_session(&self) -> Result<bool> {
        let asked = self.request.query("session").or_else(|| self.request.header("x_session")) == Some("cookie");
        if asked && self.site == Site::Other {
            return Err(Error::forbidden("Only this server's own pages may begin a session."));
        }
        Ok(asked)
    }
}
