//! Telling those who listen what has changed.
//!
//! One task takes change after change from the hub, in the order of their commits, and has each shown to its audiences
//! on the reader threads, in a snapshot from after the commit: rules are asked at the time of sending. So a writer
//! never waits for those who listen, and who listens never hears of an old state after a new one.
//!
//! A deletion is different: a rule that looks at other records may depend on some that go with the same cascade. Where
//! that can be, the store keeps a snapshot from just before the commit (the writer only opens it), and the deletion is
//! shown in that. It counts only if the record is the same there as when it was deleted; one that was also changed by
//! the same commit is judged by the state after it, like every other change. If it couldn't be kept, the hub ends the
//! streams of those for whom it matters. If a commit fails, nobody hears of any of it.
//!
//! Nothing is lost in silence: streams that can't be told of a change are ended, and their clients come back.

use std::ops::Range;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Identity;
use crate::app::App;
use crate::base::limits::REALTIME_AUDIENCES_PER_READ;
use crate::base::{ErrorKind, Result};
use crate::domain::RequestInfo;
use crate::realtime::{Due, Message, Position, Replay, Wanted};
use crate::records::{Cx, Plans, Showing, View, is_unchanged};
use crate::store::ReadTx;

/// The event that says that something may be missing.
const GAP_EVENT: &str = "@gap";
/// While the store takes no reads, a change is tried again so many times, so far apart.
const RETRIES: usize = 50;
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// A message for each audience; `None` for those who don't see the change.
type Messages = Vec<Option<Arc<str>>>;

impl App {
    /// Tells those who listen what changes, for as long as the program runs.
    pub(in crate::app) async fn tell_forever(self) {
        loop {
            self.0.hub.changed().await;
            loop {
                let due: Vec<Arc<Due>> = self.0.hub.next_due().into_iter().map(Arc::new).collect();
                let Some(last) = due.last().map(|due| due.change.number) else { break };
                // A task of its own, so that a panic is the end of it alone.
                let telling = tokio::spawn(self.clone().tell_all(due.clone()));
                if let Err(error) = telling.await {
                    tracing::error!(%error, "changes weren't told to those who listen");
                    due.iter().flat_map(|due| &due.audiences).for_each(|audience| self.0.hub.fail(audience));
                }
                self.0.hub.complete(last);
            }
        }
    }

    async fn tell_all(self, due: Vec<Arc<Due>>) {
        for due in due {
            let mut from = 0;
            while from < due.audiences.len() {
                let range = from..due.audiences.len().min(from + REALTIME_AUDIENCES_PER_READ);
                from = range.end;
                self.tell_some(&due, range).await;
            }
        }
    }

    async fn tell_some(&self, due: &Arc<Due>, range: Range<usize>) {
        let audiences = &due.audiences[range.clone()];
        match self.show(due, range).await {
            Ok(messages) => {
                for (audience, message) in audiences.iter().zip(messages) {
                    if let Some(message) = message {
                        self.0.hub.deliver(audience, due.change.number, &message);
                    }
                }
            }
            Err(error) => {
                tracing::error!("a change couldn't be shown to those who listen: {}", error.log_text());
                audiences.iter().for_each(|audience| self.0.hub.fail(audience));
            }
        }
    }

    /// Tells a client that has come back what it has missed, and then what has happened meanwhile.
    pub(super) async fn tell_missed(self, replay: Replay) {
        let (app, client) = (self.clone(), replay.client.clone());
        if let Err(error) = tokio::spawn(async move { app.replay(replay).await }).await {
            tracing::error!(%error, "a client that has come back wasn't told what it has missed");
            self.0.hub.give_up(&client);
        }
    }

    async fn replay(&self, replay: Replay) {
        let mut from = replay.from;
        loop {
            // A few at a time: what is in the log isn't kept alive by somebody who reads slowly.
            let changes = match self.0.hub.missed(from, replay.until) {
                Ok(changes) => changes,
                Err(gap) => {
                    replay.client.tell_missed(None, replay.gap(GAP_EVENT, gap)).await;
                    break;
                }
            };
            let Some(last) = changes.last() else { break };
            from = Ok(Position::after(last.number));
            for change in changes {
                let audiences = replay.audiences(&change);
                if !audiences.is_empty() && !self.replay_one(Due { change, past: None, audiences }).await {
                    return self.0.hub.give_up(&replay.client);
                }
            }
        }
        replay.client.release();
    }

    /// Whether the client could be told.
    async fn replay_one(&self, due: Due) -> bool {
        let due = Arc::new(due);
        let shown = {
            let _turn = self.0.hub.replay_turn().await;
            self.show(&due, 0..due.audiences.len()).await
        };
        let messages = match shown {
            Ok(messages) => messages,
            Err(error) => {
                tracing::error!("a missed change couldn't be shown: {}", error.log_text());
                return false;
            }
        };
        for (audience, data) in due.audiences.iter().zip(messages) {
            let (Some(data), Some((client, part))) = (data, audience.clients.first()) else { continue };
            let position = Some(Position { number: due.change.number, part: *part });
            let message = Message { event: audience.topic.text.clone(), data, position };
            if !client.tell_missed(audience.key.as_ref(), message).await {
                return false;
            }
        }
        true
    }

    /// What some audiences see of a change.
    async fn show(&self, due: &Arc<Due>, range: Range<usize>) -> Result<Messages> {
        if let Some(messages) = self.show_past(due, range.clone()).await {
            return Ok(messages);
        }
        let mut tries = 0;
        loop {
            let (services, due, range) = (self.0.clone(), due.clone(), range.clone());
            match self.0.store.read(move |tx| show(tx, &services.plans, &due, range.clone())).await {
                Err(error) if error.kind() == ErrorKind::Unavailable && tries < RETRIES => {
                    tries += 1;
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// The same for a deletion, by the state before it, if that was kept and is the one to judge by.
    async fn show_past(&self, due: &Arc<Due>, range: Range<usize>) -> Option<Messages> {
        let past = due.past.clone()?;
        let (services, due) = (self.0.clone(), due.clone());
        let look = move || {
            let past = past.lock().unwrap_or_else(PoisonError::into_inner);
            past.read(|tx| {
                let (nobody, request) = (Identity::GUEST, RequestInfo::default());
                let is_same = is_unchanged(tx, &nobody.cx(&request, &services.plans), &due.change.record)?;
                if is_same { show(tx, &services.plans, &due, range).map(Some) } else { Ok(None) }
            })
        };
        match tokio::task::spawn_blocking(look).await {
            Ok(Ok(messages)) => messages,
            Ok(Err(error)) => {
                tracing::warn!("a deletion can't be shown by the state before it: {}", error.log_text());
                None
            }
            Err(error) => {
                tracing::error!(%error, "a deletion can't be shown by the state before it");
                None
            }
        }
    }
}

/// What the audiences in `range` see of a change, in one snapshot.
fn show(tx: &ReadTx<'_>, plans: &Plans, due: &Due, range: Range<usize>) -> Result<Messages> {
    let audiences = &due.audiences[range];
    let Some(mut showing) = Showing::new(tx, due.change.action, &due.change.record) else {
        return Ok(vec![None; audiences.len()]);
    };
    let mut messages = Vec::with_capacity(audiences.len());
    for audience in audiences {
        let (topic, request) = (&audience.topic, &audience.topic.request);
        let fields = match &topic.fields {
            Wanted::All => None,
            Wanted::Some(fields) => Some(fields),
            Wanted::Unclear => {
                messages.push(None);
                continue;
            }
        };
        let cx = Cx { principal: &audience.principal, credential: &audience.credential, request, plans };
        let option = |name| request.query(name);
        let (filter, sort, expand) = (option("filter"), option("sort"), option("expand"));
        messages.push(showing.to(tx, &cx, &View { kind: topic.kind(), filter, sort, expand, fields })?);
    }
    Ok(messages)
}
