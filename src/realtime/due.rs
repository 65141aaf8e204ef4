//! What is to be told to whom: one change with its audiences.
//!
//! Clients that listen to the same topic as the same account are one audience, for which a change is shown once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::client::Client;
use super::log::{Change, Gap, Position};
use super::queue::Message;
use super::topic::Topic;
use crate::domain::{Credential, Principal};
use crate::store::Past;

/// A change that is due to be told.
pub struct Due {
    /// What has happened.
    pub change: Change,
    /// The state before its commit, if it is a deletion for which that may matter.
    pub past: Option<Arc<Mutex<Past>>>,
    /// Who listens.
    pub audiences: Vec<Audience>,
}

/// Clients that see the same.
pub struct Audience {
    /// What they listen to.
    pub topic: Arc<Topic>,
    /// As whom.
    pub principal: Principal,
    /// By what they have shown that.
    pub credential: Credential,
    /// See [`Association::key`](super::Association::key); `None` for guests.
    pub key: Option<Arc<str>>,
    /// The clients, with the part that the message is of all that they are told of the change.
    pub clients: Vec<(Arc<Client>, u32)>,
}

/// What a client that has come back has missed.
pub struct Replay {
    /// The client, for which everything else is held back.
    pub client: Arc<Client>,
    /// Where it was.
    pub from: Result<Position, Gap>,
    /// The last change that it isn't told by the dispatcher.
    pub until: u64,
}

impl Replay {
    /// The client's topics that are about a change, as audiences with nobody else, without those that it was told of.
    pub fn audiences(&self, change: &Change) -> Vec<Audience> {
        let (association, mut topics) = self.client.listens();
        let collection = change.record.collection();
        let targets = super::topic::Target::of(&collection.id, &collection.name, change.record.id());
        topics.retain(|topic| targets.contains(&topic.target));
        topics.sort_by(|a, b| a.text.cmp(&b.text));
        let all = topics.len();
        let told = match self.from {
            Ok(Position { number, part }) if number == change.number => part as usize,
            _ => 0,
        };
        let audience = |(at, topic)| Audience {
            topic,
            principal: association.as_ref().map_or(Principal::Guest, |found| found.principal.clone()),
            credential: association.as_ref().map_or(Credential::None, |found| found.credential.clone()),
            key: association.as_ref().map(|found| found.key.clone()),
            clients: vec![(self.client.clone(), part(at, all))],
        };
        topics.into_iter().enumerate().skip(told).map(audience).collect()
    }

    /// Tells that something is missing.
    pub fn gap(&self, event: &str, gap: Gap) -> Message {
        let data = format!("{{\"reason\":\"{}\"}}", gap.name());
        Message { event: event.into(), data: data.into(), position: Some(Position::after(self.until)) }
    }
}

/// The number of the topic at a place among all topics of a client that are about a change. The last one is 0: with it,
/// everything has been told.
fn part(at: usize, all: usize) -> u32 {
    if at + 1 == all { 0 } else { u32::try_from(at + 1).unwrap_or(u32::MAX) }
}

/// Groups the clients of each topic by as whom they listen. The topics are in the order of their texts.
pub(super) fn audiences(topics: Vec<(Arc<Topic>, Vec<Arc<Client>>)>) -> Vec<Audience> {
    // How many of the topics each client listens to, and how many have come; not needed where there is one.
    let mut counts: HashMap<u64, (usize, usize)> = HashMap::new();
    if topics.len() > 1 {
        topics
            .iter()
            .flat_map(|(_, clients)| clients)
            .for_each(|client| counts.entry(client.number).or_default().0 += 1);
    }
    let mut audiences = Vec::new();
    for (topic, clients) in topics {
        let first = audiences.len();
        let mut by_key: HashMap<Option<Arc<str>>, usize> = HashMap::new();
        for client in clients {
            let part = counts.get_mut(&client.number).map_or(0, |(all, come)| {
                *come += 1;
                part(*come - 1, *all)
            });
            let association = client.listening().association.clone();
            let key = association.as_ref().map(|association| association.key.clone());
            let at = *by_key.entry(key.clone()).or_insert(audiences.len() - first) + first;
            if at == audiences.len() {
                let (principal, credential) = association
                    .map_or((Principal::Guest, Credential::None), |found| (found.principal, found.credential));
                audiences.push(Audience { topic: topic.clone(), principal, credential, key, clients: Vec::new() });
            }
            audiences[at].clients.push((client, part));
        }
    }
    audiences
}
