//! Who is let in before anything else is looked at: from where superusers may come, and how many requests clients may
//! send.
//!
//! Asked by the edges for each request, before its body is read, and by batches for each of their items. While neither
//! is set up, it is one look at the settings.

use std::net::IpAddr;
use std::sync::Arc;

use super::identity::Identity;
use super::{App, Caller, Cookie};
use crate::auth::throttle::address_key;
use crate::base::{Error, IpRange, Result};
use crate::domain::Schema;
use crate::domain::principal::SUPERUSERS_ID;
use crate::rates::{Asked, Quota, Target};

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'a> {
    /// In capitals.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The collection that is named in it, by id or name.
    pub collection: Option<&'a str>,
    /// The route that takes it.
    pub route: &'a str,
    /// What the route does: see [`Asked::tags`].
    pub tags: &'a [&'a str],
}

/// What is believed of a proxy.
#[derive(Clone, Debug)]
pub struct TrustedProxy {
    /// The headers, in their order.
    pub headers: Vec<String>,
    /// Whether the first address in one counts.
    pub leftmost: bool,
}

/// Who sends a request, as limits look at it.
pub(super) struct Sender {
    ip: IpAddr,
    is_superuser: bool,
    is_signed_in: bool,
}

impl Sender {
    pub fn new(identity: &Identity, ip: IpAddr) -> Sender {
        let account = identity.principal.record();
        // A key with a scope is its owner's, wherever it is used.
        let is_superuser = account.is_some_and(|record| record.collection().id == SUPERUSERS_ID);
        Sender { ip, is_superuser, is_signed_in: account.is_some() }
    }
}

impl App {
    /// What is believed of whoever has connected from this address; `None` if nothing is.
    pub fn trusted_proxy(&self, peer: IpAddr) -> Option<TrustedProxy> {
        let config = &self.live().config;
        let ranges = &config.trusted_proxy_ips;
        let is_trusted = ranges.is_empty() || IpRange::any_contains(ranges, peer);
        (is_trusted && !config.trusted_proxy_headers.is_empty()).then(|| TrustedProxy {
            headers: config.trusted_proxy_headers.clone(),
            leftmost: config.trusted_proxy_leftmost,
        })
    }

    /// Whether requests have to be admitted at all.
    pub fn has_admission(&self) -> bool {
        let live = self.live();
        live.limiter.is_some() || !live.config.superuser_ips.is_empty()
    }

    /// Admits a request, and tells what is left to its sender if that is limited.
    ///
    /// # Errors
    /// 403 for a superuser who comes from elsewhere than superusers may; 429 for too many requests.
    pub async fn admit(&self, caller: &Caller, request: &Admission<'_>) -> (Option<Quota>, Result<()>) {
        let sender = match self.sender(caller).await {
            Ok(sender) => sender,
            Err(error) => return (None, Err(error)),
        };
        self.count(&sender, &self.0.store.schema(), request)
    }

    /// Counts a request if one of the limits is about it, and tells what is left to its sender.
    ///
    /// # Errors
    /// 429 for too many requests.
    pub(super) fn count(
        &self,
        sender: &Sender,
        schema: &Schema,
        request: &Admission<'_>,
    ) -> (Option<Quota>, Result<()>) {
        let live = self.live();
        let is_exempt = sender.is_superuser || IpRange::any_contains(&live.config.rate_limits_excluded_ips, sender.ip);
        let Some(limiter) = live.limiter.as_ref().filter(|_| !is_exempt) else { return (None, Ok(())) };
        let collection = match request.collection.map(|name| schema.find(name)) {
            // Whoever asks for what there isn't learns just that.
            Some(None) => return (None, Ok(())),
            Some(found) => found,
            None => None,
        };
        let quota = limiter.count(
            &address_key(sender.ip),
            &Asked {
                method: request.method,
                path: request.path,
                collection: collection.map(|found| Target { id: &found.id, name: &found.name, route: request.route }),
                tags: request.tags,
                signed_in: sender.is_signed_in,
            },
        );
        let admitted = match &quota {
            Some(Quota { left: None, resets_in, .. }) => {
                Err(Error::too_many_requests("Too many requests have come from your address.", *resets_in))
            }
            _ => Ok(()),
        };
        (quota, admitted)
    }

    /// Whether superusers may come from this address.
    pub(super) fn lets_superusers_in(&self, ip: IpAddr) -> bool {
        let ranges = &self.live().config.superuser_ips;
        ranges.is_empty() || IpRange::any_contains(ranges, ip)
    }

    /// # Errors
    /// 403 if not.
    pub(super) fn check_superuser_ip(&self, ip: IpAddr) -> Result<()> {
        match self.lets_superusers_in(ip) {
            true => Ok(()),
            false => Err(Error::forbidden("Superusers are not let in from your address.")),
        }
    }

    /// Who a caller is. What they carry that is worth nothing is looked at again by whoever handles the request.
    async fn sender(&self, caller: &Caller) -> Result<Sender> {
        let ip = caller.client_ip;
        if caller.token.is_none() && !matches!(caller.cookie, Cookie::Session(_)) {
            return Ok(Sender::new(&Identity::GUEST, ip));
        }
        let (app, caller) = (self.clone(), Arc::new(caller.clone()));
        self.0.store.read(move |tx| Ok(Sender::new(&app.identify(tx, &caller)?, ip))).await
    }
}
