//! Listening: streams, and what is sent to a single one.

use std::net::IpAddr;
use std::sync::Arc;

use super::identity::Identity;
use super::{App, Caller};
use crate::base::{Error, Result};
use crate::domain::Principal;
use crate::realtime::{Association, Connection, Subscription};

/// The topic of clients that wait for another service to send somebody back.
const OAUTH2_TOPIC: &str = "@oauth2";

impl App {
    /// Opens a stream, which is a guest's.
    ///
    /// # Errors
    /// 503 if there are too many.
    pub fn realtime_connect(&self, caller: &Caller) -> Result<Connection> {
        self.0.hub.connect(caller.client_ip)
    }

    /// Makes the stream named in the body the caller's, and says what it listens to.
    ///
    /// # Errors
    /// As [`Subscription::read`] and [`Hub::subscribe`](crate::realtime::Hub::subscribe); 401 if what the caller is
    /// signed in with ends at this very moment.
    pub async fn realtime_subscribe(&self, caller: Caller) -> Result<()> {
        let to = Subscription::read(&caller.request.body)?;
        let caller = Arc::new(caller);
        let association = self.realtime_identity(&caller).await?;
        let (id, was_somebody) = (to.client_id.clone(), association.is_some());
        self.0.hub.subscribe(to, caller.client_ip, association)?;
        // What has ended since it was looked up, before the hub knew of it, ends nothing there: so it is looked up once
        // more. Whatever ends from here on is told to the hub.
        if was_somebody && self.realtime_identity(&caller).await?.is_none() {
            self.0.hub.dissociate(&id);
            return Err(Error::unauthenticated());
        }
        Ok(())
    }

    async fn realtime_identity(&self, caller: &Arc<Caller>) -> Result<Option<Association>> {
        let (app, caller) = (self.clone(), caller.clone());
        let Identity { principal, credential } = self.0.store.read(move |tx| app.identify(tx, &caller)).await?;
        Ok(match principal {
            Principal::Guest => None,
            principal => Some(Association { principal, credential }),
        })
    }

    /// Tells the client with this id how the sign-in at another service went, if it has opened its stream from this
    /// address and waits for that. It waits no more afterwards. Whether it was told.
    pub fn realtime_deliver_oauth2(&self, client_id: &str, client_ip: IpAddr, json: &str) -> bool {
        self.0.hub.tell_once(client_id, client_ip, OAUTH2_TOPIC, json)
    }

    /// How many streams are open.
    pub fn realtime_clients(&self) -> usize {
        self.0.hub.count()
    }
}
