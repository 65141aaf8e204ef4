//! Who listens to what: from a record to the topics that are about it, and from a topic to its clients.
//!
//! Called by the hub, which keeps it in step with what each client listens to.

use std::collections::HashMap;
use std::sync::Arc;

use super::client::Client;
use super::topic::{Target, Topic};
use crate::domain::{Record, RuleKind};

/// See the module.
#[derive(Default)]
pub(super) struct Index {
    topics: HashMap<Arc<str>, Listeners>,
    targets: HashMap<Target, Vec<Arc<Topic>>>,
}

struct Listeners {
    topic: Arc<Topic>,
    /// By their numbers.
    clients: HashMap<u64, Arc<Client>>,
}

impl Index {
    /// Notes that a client listens to a topic.
    pub fn add(&mut self, client: &Arc<Client>, text: Arc<str>) -> Arc<Topic> {
        if let Some(listeners) = self.topics.get_mut(&text) {
            listeners.clients.insert(client.number, client.clone());
            return listeners.topic.clone();
        }
        let topic = Arc::new(Topic::read(text));
        self.targets.entry(topic.target.clone()).or_default().push(topic.clone());
        let clients = HashMap::from([(client.number, client.clone())]);
        self.topics.insert(topic.text.clone(), Listeners { topic: topic.clone(), clients });
        topic
    }

    /// Notes that it doesn't any more.
    pub fn remove(&mut self, client: &Client, topic: &Topic) {
        let Some(listeners) = self.topics.get_mut(&topic.text) else { return };
        listeners.clients.remove(&client.number);
        if !listeners.clients.is_empty() {
            return;
        }
        self.topics.remove(&topic.text);
        if let Some(topics) = self.targets.get_mut(&topic.target) {
            topics.retain(|other| other.text != topic.text);
            if topics.is_empty() {
                self.targets.remove(&topic.target);
            }
        }
    }

    /// The topics that are about a record, in the order of their texts, with who listens.
    pub fn about(&self, record: &Record) -> Vec<(Arc<Topic>, Vec<Arc<Client>>)> {
        let mut topics: Vec<_> = self.topics_about(record).collect();
        topics.sort_by(|a, b| a.text.cmp(&b.text));
        let clients = |topic: &Arc<Topic>| -> Vec<Arc<Client>> {
            self.topics.get(&topic.text).map_or_else(Vec::new, |found| found.clients.values().cloned().collect())
        };
        topics.into_iter().map(|topic| (topic.clone(), clients(topic))).collect()
    }

    /// Whether what somebody sees of a record may depend on other records.
    pub fn looks_elsewhere(&self, record: &Record) -> bool {
        self.topics_about(record).any(|topic| topic.looks_elsewhere(record))
    }

    fn topics_about(&self, record: &Record) -> impl Iterator<Item = &Arc<Topic>> {
        let collection = record.collection();
        let targets = Target::of(&collection.id, &collection.name, record.id());
        targets.into_iter().filter_map(move |target| self.targets.get(&target)).flatten()
    }
}

impl Topic {
    /// The rule that decides who may listen to it.
    pub fn kind(&self) -> RuleKind {
        if self.target.record.is_some() { RuleKind::View } else { RuleKind::List }
    }

    /// Whether what its listeners see of a record may depend on other records.
    pub fn looks_elsewhere(&self, record: &Record) -> bool {
        let collection = record.collection();
        let depends = |rule: Option<&str>| rule.is_some_and(looks_elsewhere);
        depends(collection.rule(self.kind()))
            || depends(self.request.query("filter"))
            || collection.is_auth() && depends(collection.rule(RuleKind::Manage))
            || self.request.query("expand").is_some_and(|expand| !expand.is_empty())
    }
}

/// Whether a rule may look at other records than the one that it is asked about: too often rather than too seldom,
/// because it only decides whether the state before a deletion is kept for it.
fn looks_elsewhere(rule: &str) -> bool {
    let is_part_of_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | ':');
    rule.split(|c| !is_part_of_path(c)).any(|path| match path.strip_prefix("@request.") {
        Some(rest) => rest.matches('.').count() > 1,
        None => path.starts_with("@collection") || path.contains('.') && path.parse::<f64>().is_err(),
    })
}

#[cfg(test)]
mod tests {
    use super::looks_elsewhere;

    #[test]
    fn rules_that_follow_relations_look_elsewhere() {
        for rule in
            ["owner.name = 'a'", "a=1&&posts_via_author.id?=@request.auth.id", "@collection.a.b = c", "x.y:each=1"]
        {
            assert!(looks_elsewhere(rule), "{rule}");
        }
        assert!(looks_elsewhere("@request.auth.team.lead = id"));
        for rule in ["", "owner = @request.auth.id", "open = true && n > 1.5", "@request.headers.x_token = 't'"] {
            assert!(!looks_elsewhere(rule), "{rule}");
        }
    }
}
