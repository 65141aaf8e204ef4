//! All open streams.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::client::{Association, Client, Listening};
use super::form::Subscription;
use super::queue::Message;
use crate::base::limits::{
    REALTIME_HEARTBEAT_SECONDS, REALTIME_IDLE_SECONDS, REALTIME_MAX_SECONDS, REALTIME_TOPICS_MAX_BYTES,
};
use crate::base::{Error, Result, ids};
use crate::domain::Event;

/// How many characters the id of a client has.
const CLIENT_ID_CHARS: usize = 40;

/// How long streams last.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Since the last message.
    pub idle: Duration,
    /// At most.
    pub max: Duration,
    /// How often a comment is sent, by which we and everything between notice that somebody has gone.
    pub heartbeat: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            idle: Duration::from_secs(REALTIME_IDLE_SECONDS),
            max: Duration::from_secs(REALTIME_MAX_SECONDS),
            heartbeat: Duration::from_secs(REALTIME_HEARTBEAT_SECONDS),
        }
    }
}

/// See the module. Clones share the clients.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    clients: Mutex<HashMap<String, Arc<Client>>>,
    max_clients: usize,
    timing: Timing,
    /// The size of the topics of all clients together.
    topics_bytes: AtomicUsize,
}

impl Hub {
    /// For so many clients at the same time.
    pub fn new(max_clients: usize, timing: Timing) -> Hub {
        let clients = Mutex::default();
        Hub(Arc::new(Shared { clients, max_clients, timing, topics_bytes: AtomicUsize::new(0) }))
    }

    /// Opens a stream for a client at this address.
    ///
    /// # Errors
    /// 503 if there are too many.
    pub fn connect(&self, client_ip: IpAddr) -> Result<Connection> {
        let client = Arc::new(Client::new(ids::random_text(ids::SECRET_ALPHABET, CLIENT_ID_CHARS), client_ip));
        let mut clients = self.clients();
        if clients.len() >= self.0.max_clients {
            return Err(Error::unavailable("Too many clients are listening."));
        }
        clients.insert(client.id.clone(), client.clone());
        drop(clients);
        let (now, hub) = (Instant::now(), self.clone());
        Ok(Connection { hub, client, has_greeted: false, last_message: now, end: now + self.0.timing.max })
    }

    /// Replaces what a client listens to, and as whom.
    ///
    /// # Errors
    /// 404 if there is no such client; 400 from another address than the stream's; 403 if the client is somebody
    /// else's; 503 if all clients' topics together are too much.
    pub fn subscribe(&self, to: Subscription, client_ip: IpAddr, association: Option<Association>) -> Result<()> {
        let client = self.find(&to.client_id).ok_or_else(Error::not_found)?;
        if client.ip != client_ip.to_canonical() {
            return Err(Error::invalid("The stream was opened from another address."));
        }
        let mut listening = client.listening();
        if listening.is_over {
            return Err(Error::not_found());
        }
        if !listening.may_become(association.as_ref()) {
            return Err(Error::forbidden("The stream belongs to somebody else."));
        }
        let (old, new) = (listening.topics_bytes(), to.topics.iter().map(|topic| topic.len()).sum::<usize>());
        let others = self.0.topics_bytes.fetch_sub(old, Ordering::Relaxed) - old;
        if others + new > REALTIME_TOPICS_MAX_BYTES {
            self.0.topics_bytes.fetch_add(old, Ordering::Relaxed);
            return Err(Error::unavailable("The clients together listen to too much."));
        }
        self.0.topics_bytes.fetch_add(new, Ordering::Relaxed);
        listening.association = association;
        listening.topics = to.topics;
        Ok(())
    }

    /// Makes a client a guest's.
    pub fn dissociate(&self, client_id: &str) {
        if let Some(client) = self.find(client_id) {
            client.listening().association = None;
        }
    }

    /// Makes guests of the clients whose sign-in ends by what has happened.
    pub fn note(&self, event: &Event) {
        for client in self.clients().values() {
            client.note(event);
        }
    }

    /// Tells one client something if it is at this address and listens to exactly this topic, which it doesn't any more
    /// afterwards. Whether it was told.
    pub fn tell_once(&self, client_id: &str, client_ip: IpAddr, topic: &str, data: &str) -> bool {
        let Some(client) = self.find(client_id).filter(|client| client.ip == client_ip.to_canonical()) else {
            return false;
        };
        let Some(told) = client.tell_once(topic, data) else { return false };
        self.0.topics_bytes.fetch_sub(topic.len(), Ordering::Relaxed);
        if !told {
            // It doesn't read. Its connection may hang until the network gives it up, but nobody waits for it any more.
            self.clients().remove(client_id);
        }
        told
    }

    /// How many clients there are.
    pub fn count(&self) -> usize {
        self.clients().len()
    }

    fn find(&self, client_id: &str) -> Option<Arc<Client>> {
        self.clients().get(client_id).cloned()
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<String, Arc<Client>>> {
        self.0.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reading end of a stream. Dropping it ends the stream.
pub struct Connection {
    hub: Hub,
    client: Arc<Client>,
    has_greeted: bool,
    last_message: Instant,
    end: Instant,
}

impl Connection {
    /// The client's id, which the first message also tells.
    pub fn client_id(&self) -> &str {
        &self.client.id
    }

    /// The next piece of the stream, as server-sent events have it; `None` at its end.
    pub async fn next(&mut self) -> Option<String> {
        if !self.has_greeted {
            self.has_greeted = true;
            let data = format!("{{\"clientId\":\"{}\"}}", self.client.id);
            return Some(self.frame(&Message { event: "PB_CONNECT".into(), data: data.into() }));
        }
        let timing = self.hub.0.timing;
        tokio::select! {
            message = self.client.queue.pop() => {
                self.last_message = Instant::now();
                message.map(|message| self.frame(&message))
            }
            () = sleep_until((self.last_message + timing.idle).min(self.end)) => None,
            // Not a blank line after it: that would be an empty event for clients that take the standard lightly.
            () = sleep_until(Instant::now() + timing.heartbeat) => Some(":\n".to_owned()),
        }
    }

    /// Clients rely on this very layout: no space after the colons, the client's id with each message.
    fn frame(&self, message: &Message) -> String {
        // The name is whatever the client has subscribed to; it must not be able to end the line.
        let event = message.event.replace(['\r', '\n'], " ");
        format!("id:{}\nevent:{event}\ndata:{}\n\n", self.client.id, message.data)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.hub.clients().remove(&self.client.id);
        let mut listening = self.client.listening();
        self.hub.0.topics_bytes.fetch_sub(listening.topics_bytes(), Ordering::Relaxed);
        *listening = Listening { is_over: true, ..Listening::default() };
    }
}
