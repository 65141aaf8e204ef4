//! Listening: streams, and what is sent to a single one. What is sent to all who listen is in `tell`.

mod tell;

use std::net::IpAddr;
use std::sync::Arc;

use crate::app::identity::Identity;
use crate::app::{App, Caller};
use crate::base::{Error, Result};
use crate::domain::Principal;
use crate::realtime::{Association, Connection, Subscription};

/// The topic of clients that wait for another service to send somebody back.
const OAUTH2_TOPIC: &str = "@oauth2";

impl App {
    /// Opens a stream, which is a guest's. `resume` is there if the client wants to be told how far it has come, and
    /// holds where it was when it was here last, if it was.
    ///
    /// # Errors
    /// 503 if there are too many.
    pub fn realtime_connect(&self, caller: &Caller, resume: Option<Option<&str>>) -> Result<Connection> {
        self.0.hub.connect(caller.client_ip, resume)
    }

    /// Makes the stream named in the body the caller's, and says what it listens to.
    ///
    /// # Errors
    /// As [`Subscription::read`] and [`App::realtime_listen`].
    pub async fn realtime_subscribe(&self, caller: Caller) -> Result<()> {
        let to = Subscription::read(&caller.request.body)?;
        self.realtime_listen(Arc::new(caller), to).await.map(|_| ())
    }

    /// The same for a subscription that was read already. Whatever is committed after this has been answered is told.
    /// Whether the stream is somebody's then.
    ///
    /// # Errors
    /// As [`Hub::subscribe`](crate::realtime::Hub::subscribe); 401 or 403 if what the caller is signed in with ends at
    /// this very moment.
    pub async fn realtime_listen(&self, caller: Arc<Caller>, to: Subscription) -> Result<bool> {
        let hub = &self.0.hub;
        let association = self.realtime_identity(&caller).await?;
        let (id, was_somebody) = (to.client_id.clone(), association.is_some());
        let subscribed = hub.subscribe(to, caller.client_ip, association)?;
        if let Some(replay) = subscribed.replay {
            self.spawn(self.clone().tell_missed(replay));
        }
        // What has ended since it was looked up, before the hub knew of it, ends nothing there: so it is looked up once
        // more. Whatever ends from here on is told to the hub.
        if was_somebody {
            match self.realtime_identity(&caller).await.and_then(|found| found.ok_or_else(Error::unauthenticated)) {
                Ok(association) => hub.refresh(&id, &association),
                Err(error) => {
                    hub.dissociate(&id);
                    return Err(error);
                }
            }
        }
        if subscribed.is_unsettled {
            // Transactions that began when nobody listened announce nothing. When this one is through, so are they.
            self.commit(|_| Ok(())).await?;
            hub.settle();
        }
        Ok(was_somebody)
    }

    async fn realtime_identity(&self, caller: &Arc<Caller>) -> Result<Option<Association>> {
        let (app, caller) = (self.clone(), caller.clone());
        let Identity { principal, credential } = self.0.store.read(move |tx| app.identify(tx, &caller)).await?;
        Ok(match principal {
            Principal::Guest => None,
            principal => Some(Association::new(principal, credential)),
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
