//! One open stream as the hub knows it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::queue::{Message, Queue};
use crate::domain::{Credential, Event, Principal};

/// As whom a client listens, and by what it has shown that.
#[derive(Clone, Debug)]
pub struct Association {
    /// The account, as it was when the client last subscribed.
    pub principal: Principal,
    /// What has to stay valid.
    pub credential: Credential,
}

impl Association {
    /// Whether this is the same account.
    fn is_of(&self, other: &Association) -> bool {
        other.principal.record().is_some_and(|record| self.principal.is(&record.collection().id, record.id()))
    }

    /// Whether what has happened ends it.
    fn is_ended_by(&self, event: &Event) -> bool {
        match event {
            Event::IdentityEnded { collection_id, record_id } => self.principal.is(collection_id, record_id),
            Event::IdentitiesEnded { collection_id } => {
                self.principal.record().is_some_and(|record| record.collection().id == *collection_id)
            }
            Event::SessionEnded { id } => self.credential == Credential::Session(id.clone()),
            Event::KeyEnded { id } => self.credential == Credential::Key(id.clone()),
            Event::FilesDoomed | Event::MailQueued | Event::NewPlace { .. } => false,
        }
    }
}

/// See the module.
pub(super) struct Client {
    pub id: String,
    /// The address that the stream was opened from.
    pub ip: IpAddr,
    pub queue: Queue,
    listening: Mutex<Listening>,
}

/// What a client listens to, and as whom; nobody is a guest.
#[derive(Default)]
pub(super) struct Listening {
    pub association: Option<Association>,
    pub topics: Vec<Arc<str>>,
    /// Whether the stream has ended, and nothing may be added any more.
    pub is_over: bool,
}

impl Client {
    pub fn new(id: String, ip: IpAddr) -> Client {
        Client { id, ip: ip.to_canonical(), queue: Queue::default(), listening: Mutex::default() }
    }

    pub fn listening(&self) -> MutexGuard<'_, Listening> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes it a guest if what has happened ends what it was signed in with.
    pub fn note(&self, event: &Event) {
        let mut listening = self.listening();
        if listening.association.as_ref().is_some_and(|association| association.is_ended_by(event)) {
            listening.association = None;
        }
    }

    /// Tells it something if it listens to exactly this topic, which it doesn't any more afterwards. `None` if it
    /// doesn't listen, otherwise whether the message could be queued.
    pub fn tell_once(&self, topic: &str, data: &str) -> Option<bool> {
        let mut listening = self.listening();
        let at = listening.topics.iter().position(|listened| &**listened == topic)?;
        let event = listening.topics.swap_remove(at);
        Some(self.queue.push(Message { event, data: data.into() }))
    }
}

impl Listening {
    /// Whether somebody may subscribe for this client: a guest's becomes whose it is then, anybody else's stays theirs.
    pub fn may_become(&self, new: Option<&Association>) -> bool {
        match (&self.association, new) {
            (None, _) => true,
            (Some(old), Some(new)) => old.is_of(new),
            (Some(_), None) => false,
        }
    }

    pub fn topics_bytes(&self) -> usize {
        self.topics.iter().map(|topic| topic.len()).sum()
    }
}
