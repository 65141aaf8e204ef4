//! All open streams, and what they are told.
//!
//! Three kinds of callers meet here. The writer of the store tells what was committed ([`Hub::hear`]): it adds to the
//! log and goes on. Edges open streams and say what these listen to. One dispatcher takes change after change
//! ([`Hub::next_due`]), has each shown to whoever listens, and hands the messages back ([`Hub::deliver`]).
//! Invariant: a change is matched with a client's topics either by the dispatcher or, if it came before the client had
//! said what it listens to, by the client's [`Replay`]; the line between the two is drawn under one lock.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::client::{Association, Client, Listening};
use super::connection::Connection;
use super::due::{Audience, Due, Replay, audiences};
use super::form::Subscription;
use super::index::Index;
use super::log::{Change, Gap, Log, Position};
use super::queue::Message;
use super::topic::Topic;
use crate::base::limits::{
    REALTIME_HEARTBEAT_SECONDS, REALTIME_IDLE_SECONDS, REALTIME_LINGER_SECONDS, REALTIME_MAX_SECONDS, REALTIME_REPLAYS,
    REALTIME_TOPICS_MAX_BYTES,
};
use crate::base::{Error, Result, ids};
use crate::domain::{Action, Event};
use crate::store::{Before, Past};

/// How many characters the id of a client has.
const CLIENT_ID_CHARS: usize = 40;
/// How many changes the dispatcher takes at a time.
const DUE_MAX: usize = 16;

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

/// What a hub may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Streams at the same time.
    pub clients: usize,
    /// Changes that are kept for clients that come back.
    pub log_changes: usize,
    /// The same in bytes.
    pub log_bytes: usize,
}

/// See the module. Clones share the clients.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Never held while anything else is waited for: the writer takes it.
    log: Mutex<Log>,
    bounds: Bounds,
    timing: Timing,
    /// Clients that listen to something, and those that are told how far they have come.
    attentive: AtomicUsize,
    resuming: AtomicUsize,
    /// Since the hub was made, in milliseconds: how long changes are kept although nobody listens.
    linger_until_ms: AtomicU64,
    begun: Instant,
    /// Whether changes are announced at the moment.
    is_recording: AtomicBool,
    /// Every change up to this number was told to whoever listens.
    completed: AtomicU64,
    changed: Notify,
    replays: Semaphore,
    /// Clients that were given up.
    given_up: AtomicU64,
}

/// Figures of this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubFigures {
    /// Clients that listen or may begin to.
    pub clients: usize,
    /// Topics that they listen to, each counted for each of them.
    pub subscriptions: usize,
    /// Clients that were given up since the program started, because they didn't read or changes came too fast.
    pub given_up: u64,
}

#[derive(Default)]
struct State {
    clients: HashMap<String, Arc<Client>>,
    /// Open streams, with those of clients that were given up.
    open: usize,
    opened: u64,
    index: Index,
    /// The size of the topics of all clients together.
    topics_bytes: usize,
    /// How many there are.
    topics: usize,
    /// Every change up to this number has been matched with what clients listen to.
    matched: u64,
    /// States of the database before commits, by the number of the last change of each; `None` for one that is lost.
    pasts: VecDeque<(u64, Option<Arc<Mutex<Past>>>)>,
    /// Whether every transaction that is under way knows that somebody listens.
    is_settled: bool,
}

/// What follows from a subscription.
#[must_use]
pub struct Subscribed {
    /// Whether transactions may be under way that don't know yet that somebody listens.
    pub is_unsettled: bool,
    /// What the client has missed, to be told before anything else.
    pub replay: Option<Replay>,
}

impl Hub {
    /// With these bounds.
    pub fn new(bounds: Bounds, timing: Timing) -> Hub {
        Hub(Arc::new(Shared {
            state: Mutex::default(),
            log: Mutex::new(Log::new(bounds.log_changes, bounds.log_bytes)),
            bounds,
            timing,
            attentive: AtomicUsize::new(0),
            resuming: AtomicUsize::new(0),
            linger_until_ms: AtomicU64::new(0),
            begun: Instant::now(),
            is_recording: AtomicBool::new(false),
            completed: AtomicU64::new(0),
            changed: Notify::new(),
            replays: Semaphore::new(REALTIME_REPLAYS),
            given_up: AtomicU64::new(0),
        }))
    }

    // ---------------------------------------------------------------------------------------------------- for the
    // writer

    /// Whether changes of records are to be announced: somebody listens, or has listened a moment ago and may come
    /// back.
    pub fn wants_records(&self) -> bool {
        let shared = &self.0;
        if shared.attentive.load(Ordering::SeqCst) > 0 || self.keeps_log() {
            shared.is_recording.store(true, Ordering::SeqCst);
            return true;
        }
        if shared.is_recording.swap(false, Ordering::SeqCst) {
            self.log().interrupt();
        }
        false
    }

    /// Whether what somebody sees of a deleted record may depend on others that may go with it.
    pub fn needs_past(&self, event: &Event) -> bool {
        match event {
            Event::RecordChanged { action: Action::Delete, record } => self.state().index.looks_elsewhere(record),
            _ => false,
        }
    }

    /// Takes note of what was committed: ends what has ended at once, and leaves the rest to the dispatcher.
    pub fn hear(&self, events: Vec<Event>, before: Before) {
        for event in &events {
            match event {
                Event::RecordChanged { action: Action::Update, record } if record.collection().is_auth() => {
                    self.state().clients.values().for_each(|client| client.refresh(record));
                }
                event => self.note(event),
            }
        }
        // A change and the state before it appear together.
        let mut past = match before {
            Before::Unasked => None,
            Before::Kept(past) => Some((self.state(), Some(Arc::new(Mutex::new(*past))))),
            Before::Lost => Some((self.state(), None)),
        };
        let mut log = self.log();
        for event in events {
            if let Event::RecordChanged { action, record } = event {
                log.push(action, record);
            }
        }
        if let Some((mut state, past)) = past.take() {
            state.pasts.push_back((log.last(), past));
        }
        drop(log);
        self.0.changed.notify_one();
    }

    /// Makes guests of the clients whose sign-in ends by what has happened.
    pub fn note(&self, event: &Event) {
        let ends = !matches!(
            event,
            Event::RecordChanged { .. } | Event::UploadEnded { .. } | Event::MailQueued | Event::NewPlace { .. }
        );
        if ends {
            self.state().clients.values().for_each(|client| client.note(event));
        }
    }

    // ------------------------------------------------------------------------------------------------------- for the
    // edges

    /// Opens a stream for a client at this address. `resume` is there if it wants to be told how far it has come; it
    /// holds where the client was when it was here last, if it was.
    ///
    /// # Errors
    /// 503 if there are too many.
    pub fn connect(&self, client_ip: IpAddr, resume: Option<Option<&str>>) -> Result<Connection> {
        let id = ids::random_text(ids::SECRET_ALPHABET, CLIENT_ID_CHARS);
        let former = resume.flatten().map(|text| self.log().read(text).ok_or(Gap::Restart));
        let mut state = self.state();
        if state.open >= self.0.bounds.clients {
            return Err(Error::unavailable("Too many clients are listening."));
        }
        state.open += 1;
        state.opened += 1;
        let client = Arc::new(Client::new(id, state.opened, client_ip, resume.is_some()));
        // Where it begins, unless it says where it was: that must stay as it is until it has been told of the rest.
        let start = (client.resumes && former.is_none()).then(|| self.current(&state));
        client.listening().resume = former;
        if client.resumes {
            self.0.resuming.fetch_add(1, Ordering::SeqCst);
        }
        state.clients.insert(client.id.clone(), client.clone());
        drop(state);
        let start = start.map(|number| self.position_text(Position::after(number)));
        Ok(Connection::new(self.clone(), client, start, self.0.timing))
    }

    /// Replaces what a client listens to (unless it only says who it is), and as whom.
    ///
    /// # Errors
    /// 404 if there is no such client; 400 from another address than the stream's; 403 if the client is somebody
    /// else's; 503 if all clients' topics together are too much.
    pub fn subscribe(
        &self,
        to: Subscription,
        client_ip: IpAddr,
        association: Option<Association>,
    ) -> Result<Subscribed> {
        let mut state = self.state();
        let client = state.clients.get(&to.client_id).cloned().ok_or_else(Error::not_found)?;
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
        if let Some(topics) = to.topics {
            state.replace_topics(&client, &mut listening, topics)?;
        }
        listening.association = association;
        let listens = !listening.topics.is_empty();
        if (listens || listening.association.is_some()) && !listening.is_attentive {
            listening.is_attentive = true;
            self.0.attentive.fetch_add(1, Ordering::SeqCst);
        }
        let former = if listens { listening.resume.take() } else { None };
        drop(listening);
        let until = state.matched;
        let replay = former.filter(|from| *from != Ok(Position::after(until))).map(|from| {
            client.queue.hold();
            Replay { client: client.clone(), from, until }
        });
        Ok(Subscribed { is_unsettled: !state.is_settled, replay })
    }

    /// Notes that every transaction that is under way by now knows that somebody listens.
    pub fn settle(&self) {
        let mut state = self.state();
        state.is_settled = self.0.attentive.load(Ordering::SeqCst) > 0;
    }

    /// Takes over what an account looks like by now, for a client that is theirs.
    pub fn refresh(&self, client_id: &str, association: &Association) {
        if let (Some(client), Some(account)) = (self.find(client_id), association.principal.record()) {
            client.refresh(account);
        }
    }

    /// Makes guests of superusers at addresses that they are not let in from.
    pub fn end_superusers(&self, lets_in: impl Fn(IpAddr) -> bool) {
        for client in self.state().clients.values().filter(|client| !lets_in(client.ip)) {
            client.end_superuser();
        }
    }

    /// Makes a client a guest's.
    pub fn dissociate(&self, client_id: &str) {
        if let Some(client) = self.find(client_id) {
            client.listening().association = None;
        }
    }

    /// Tells one client something if it is at this address and listens to exactly this topic, which it doesn't any more
    /// afterwards. Whether it was told.
    pub fn tell_once(&self, client_id: &str, client_ip: IpAddr, topic: &str, data: &str) -> bool {
        let mut state = self.state();
        let found = state.clients.get(client_id).filter(|client| client.ip == client_ip.to_canonical());
        let Some(client) = found.cloned() else { return false };
        let mut listening = client.listening();
        let Some(at) = listening.topics.iter().position(|listened| &*listened.text == topic) else { return false };
        let topic = listening.topics.swap_remove(at);
        drop(listening);
        state.index.remove(&client, &topic);
        state.topics_bytes -= Topic::size_bytes(&topic.text);
        state.topics -= 1;
        let message = Message { event: topic.text.clone(), data: data.into(), position: None };
        let told = client.queue.push(message);
        drop(state);
        if !told {
            self.give_up(&client);
        }
        told
    }

    /// Who listens to how much, and how many were given up.
    pub fn figures(&self) -> HubFigures {
        let state = self.state();
        let given_up = self.0.given_up.load(Ordering::Relaxed);
        HubFigures { clients: state.clients.len(), subscriptions: state.topics, given_up }
    }

    /// How many clients there are.
    pub fn count(&self) -> usize {
        self.state().clients.len()
    }

    // -------------------------------------------------------------------------------------------------- for the
    // dispatcher

    /// Waits until something has changed since it was last asked for.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// The next changes with those who listen to them, in their order; empty if there are none.
    pub fn next_due(&self) -> Vec<Due> {
        let mut state = self.state();
        let (changes, is_incomplete, last) = {
            let log = self.log();
            let (changes, is_incomplete) = log.after(state.matched, DUE_MAX);
            (changes, is_incomplete, log.last())
        };
        if is_incomplete {
            self.0.given_up.fetch_add(state.give_up_listeners(), Ordering::Relaxed);
        }
        let Some(newest) = changes.last().map(|change| change.number) else {
            state.matched = last;
            state.pasts.clear();
            drop(state);
            self.complete(last);
            return Vec::new();
        };
        state.matched = newest;
        let matched: Vec<_> = changes
            .into_iter()
            .map(|change| {
                while state.pasts.front().is_some_and(|(until, _)| *until < change.number) {
                    state.pasts.pop_front();
                }
                let past = state.pasts.front().filter(|_| change.action == Action::Delete);
                let past = past.map(|(_, past)| past.clone());
                let topics = state.index.about(&change.record);
                (change, past, topics)
            })
            .collect();
        drop(state);
        let due = |(change, past, topics): (Change, Option<_>, _)| {
            let mut audiences = audiences(topics);
            if let Some(None) = past {
                self.fail_unjudged(&change, &mut audiences);
            }
            Due { change, past: past.flatten(), audiences }
        };
        matched.into_iter().map(due).collect()
    }

    /// Ends the streams of the audiences that the state before a deletion matters for, which is lost: nobody can say
    /// whether they may hear of it.
    fn fail_unjudged(&self, deletion: &Change, audiences: &mut Vec<Audience>) {
        for audience in audiences.extract_if(.., |audience| audience.topic.looks_elsewhere(&deletion.record)) {
            tracing::warn!(streams = audience.clients.len(), "deletions came faster than they could be judged");
            self.fail(&audience);
        }
    }

    /// Tells an audience of a change.
    pub fn deliver(&self, audience: &Audience, change: u64, data: &Arc<str>) {
        for (client, part) in &audience.clients {
            let position = Some(Position { number: change, part: *part });
            let message = Message { event: audience.topic.text.clone(), data: data.clone(), position };
            if !client.tell(audience.key.as_ref(), message) {
                self.give_up(client);
            }
        }
    }

    /// Ends the streams of an audience that couldn't be told of a change: they come back and look for themselves.
    pub fn fail(&self, audience: &Audience) {
        audience.clients.iter().for_each(|(client, _)| self.give_up(client));
    }

    /// Notes that everything up to this number was told.
    pub fn complete(&self, number: u64) {
        self.0.completed.fetch_max(number, Ordering::SeqCst);
        if !self.keeps_log() {
            self.log().forget(number);
        }
    }

    /// The first changes after a position, none later than `until`; empty at the end.
    ///
    /// # Errors
    /// Why that can't be said.
    pub fn missed(
        &self,
        from: std::result::Result<Position, Gap>,
        until: u64,
    ) -> std::result::Result<Vec<Change>, Gap> {
        self.log().missed(from?, until, DUE_MAX)
    }

    /// Waits for the turn of a replay; dropping it gives the turn to the next one.
    pub async fn replay_turn(&self) -> SemaphorePermit<'_> {
        self.0.replays.acquire().await.expect("it is never closed")
    }

    // --------------------------------------------------------------------------------------------------- for its own
    // parts

    /// Ends a client that doesn't read. Its connection may hang until the network gives it up, and counts as long.
    pub fn give_up(&self, client: &Client) {
        client.queue.close();
        let mut state = self.state();
        if state.clients.remove(&client.id).is_some() {
            self.0.given_up.fetch_add(1, Ordering::Relaxed);
        }
        state.forget_topics(client, &mut client.listening());
    }

    /// The number up to which clients have been told everything.
    pub(super) fn completed(&self) -> u64 {
        // Numbers that are gone stand for nothing that anybody is still to be told.
        self.0.completed.load(Ordering::SeqCst).max(self.log().gone())
    }

    /// A position as clients keep it.
    pub(super) fn position_text(&self, position: Position) -> String {
        self.log().write(position)
    }

    /// A stream has ended.
    pub(super) fn leave(&self, client: &Client) {
        let mut state = self.state();
        state.clients.remove(&client.id);
        state.open -= 1;
        let mut listening = client.listening();
        state.forget_topics(client, &mut listening);
        let was_attentive = listening.is_attentive;
        *listening = Listening { is_over: true, ..Listening::default() };
        drop(listening);
        client.queue.close();
        if client.resumes {
            let until = self.0.begun.elapsed() + Duration::from_secs(REALTIME_LINGER_SECONDS);
            let until_ms = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
            self.0.linger_until_ms.store(until_ms, Ordering::SeqCst);
            self.0.resuming.fetch_sub(1, Ordering::SeqCst);
        }
        if was_attentive && self.0.attentive.fetch_sub(1, Ordering::SeqCst) == 1 {
            state.is_settled = false;
        }
    }

    /// Whether somebody may come back for what they have missed.
    fn keeps_log(&self) -> bool {
        let until_ms = self.0.linger_until_ms.load(Ordering::SeqCst);
        self.0.resuming.load(Ordering::SeqCst) > 0
            || until_ms > 0 && self.0.begun.elapsed() < Duration::from_millis(until_ms)
    }

    /// The number from which on a client that comes now is told of changes.
    fn current(&self, state: &State) -> u64 {
        state.matched.max(self.log().gone())
    }

    fn find(&self, client_id: &str) -> Option<Arc<Client>> {
        self.state().clients.get(client_id).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn replace_topics(
        &mut self,
        client: &Arc<Client>,
        listening: &mut Listening,
        mut new: Vec<Arc<str>>,
    ) -> Result<()> {
        let mut seen = std::collections::HashSet::new();
        new.retain(|text| seen.insert(text.clone()));
        let others = self.topics_bytes - listening.topics_bytes();
        let new_bytes: usize = new.iter().map(|text| Topic::size_bytes(text)).sum();
        if others + new_bytes > REALTIME_TOPICS_MAX_BYTES {
            return Err(Error::unavailable("The clients together listen to too much."));
        }
        self.forget_topics(client, listening);
        self.topics_bytes = others + new_bytes;
        self.topics += new.len();
        listening.topics = new.into_iter().map(|text| self.index.add(client, text)).collect();
        Ok(())
    }

    fn forget_topics(&mut self, client: &Client, listening: &mut Listening) {
        self.topics_bytes -= listening.topics_bytes();
        self.topics -= listening.topics.len();
        for topic in std::mem::take(&mut listening.topics) {
            self.index.remove(client, &topic);
        }
    }

    /// Ends the streams of all who listen to anything: changes are gone of which they weren't told. How many that are.
    fn give_up_listeners(&mut self) -> u64 {
        let clients: Vec<Arc<Client>> = self.clients.values().cloned().collect();
        let mut given_up = 0;
        for client in clients {
            let mut listening = client.listening();
            if !listening.topics.is_empty() {
                self.forget_topics(&client, &mut listening);
                self.clients.remove(&client.id);
                client.queue.close();
                given_up += 1;
            }
        }
        tracing::error!(streams = given_up, "changes came faster than they could be told; streams were ended");
        given_up
    }
}
