//! One open stream as the hub knows it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::log::{Gap, Position};
use super::queue::{Message, Queue};
use super::topic::Topic;
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Credential, Event, Principal, Record};

/// As whom a client listens, and by what it has shown that.
#[derive(Clone, Debug)]
pub struct Association {
    /// The account, as it is stored.
    pub principal: Principal,
    /// What has to stay valid.
    pub credential: Credential,
    /// Names account and scope: clients with equal keys see the same.
    pub key: Arc<str>,
}

impl Association {
    /// Of somebody who isn't a guest.
    pub fn new(principal: Principal, credential: Credential) -> Association {
        let account = principal.record().map_or(String::new(), |record| {
            // Rules see the account; by what it was shown matters only as far as it narrows what the account may do.
            format!("{}/{}", record.collection().id, record.id())
        });
        let key = match &principal {
            Principal::Scoped(_, scope) => format!("{account} {scope:?}"),
            _ => account,
        };
        Association { principal, credential, key: key.into() }
    }

    /// Whether this is the same account.
    fn is_of(&self, other: &Association) -> bool {
        other.principal.record().is_some_and(|record| self.principal.is(&record.collection().id, record.id()))
    }

    /// Whether this is a superuser, or a key of one.
    fn is_superuser(&self) -> bool {
        self.principal.record().is_some_and(|record| record.collection().id == SUPERUSERS_ID)
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
            Event::FilesDoomed
            | Event::UploadEnded { .. }
            | Event::MailQueued
            | Event::NewPlace { .. }
            | Event::RecordChanged { .. } => false,
        }
    }
}

/// See the module.
pub struct Client {
    pub(super) id: String,
    /// A shorter name for it, of which there is one for each stream ever opened.
    pub(super) number: u64,
    /// The address that the stream was opened from.
    pub(super) ip: IpAddr,
    /// Whether it is told how far it has come, so that it can go on from there.
    pub(super) resumes: bool,
    pub(super) queue: Queue,
    listening: Mutex<Listening>,
}

/// What a client listens to, and as whom; nobody is a guest.
#[derive(Default)]
pub(super) struct Listening {
    pub association: Option<Association>,
    pub topics: Vec<Arc<Topic>>,
    /// Where it was when it was here last, until it has said what it listens to.
    pub resume: Option<Result<Position, Gap>>,
    /// Whether it has ever listened to anything.
    pub is_attentive: bool,
    /// Whether the stream has ended, and nothing may be added any more.
    pub is_over: bool,
}

impl Client {
    pub(super) fn new(id: String, number: u64, ip: IpAddr, resumes: bool) -> Client {
        let (queue, listening) = (Queue::default(), Mutex::default());
        Client { id, number, ip: ip.to_canonical(), resumes, queue, listening }
    }

    pub(super) fn listening(&self) -> MutexGuard<'_, Listening> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As whom it listens, and to what.
    pub fn listens(&self) -> (Option<Association>, Vec<Arc<Topic>>) {
        let listening = self.listening();
        (listening.association.clone(), listening.topics.clone())
    }

    /// Makes it a guest if what has happened ends what it was signed in with.
    pub(super) fn note(&self, event: &Event) {
        self.listening().association.take_if(|association| association.is_ended_by(event));
    }

    /// Makes it a guest if it is a superuser.
    pub(super) fn end_superuser(&self) {
        self.listening().association.take_if(|association| association.is_superuser());
    }

    /// Takes over what is stored of an account now, if it is this client's.
    pub(super) fn refresh(&self, account: &Arc<Record>) {
        if let Some(association) = &mut self.listening().association
            && association.principal.is(&account.collection().id, account.id())
        {
            association.principal = match &association.principal {
                Principal::Scoped(_, scope) => Principal::Scoped(account.clone(), scope.clone()),
                _ => Principal::Record(account.clone()),
            };
        }
    }

    /// Queues a message that whoever `key` names may see; nobody is a guest. Whoever has lost what they were signed in
    /// with meanwhile isn't told. `false` if it doesn't read.
    pub(super) fn tell(&self, key: Option<&Arc<str>>, message: Message) -> bool {
        self.may_be_told(key).is_none_or(|_guard| self.queue.push(message))
    }

    /// The same for what it has missed.
    pub async fn tell_missed(&self, key: Option<&Arc<str>>, message: Message) -> bool {
        let may_be_told = self.may_be_told(key).is_some();
        !may_be_told || self.queue.push_missed(message).await
    }

    /// Lets what has happened meanwhile follow what it had missed.
    pub fn release(&self) {
        self.queue.release();
    }

    fn may_be_told(&self, key: Option<&Arc<str>>) -> Option<MutexGuard<'_, Listening>> {
        let listening = self.listening();
        let own = listening.association.as_ref().map(|association| &association.key);
        (key.is_none() || key == own).then_some(listening)
    }

    /// Whether it has been told everything that was to be told.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.listening().resume.is_none() && self.queue.is_read()
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
        self.topics.iter().map(|topic| Topic::size_bytes(&topic.text)).sum()
    }
}
