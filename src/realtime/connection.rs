//! The reading end of a stream, and its form as server-sent events.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::client::Client;
use super::hub::{Hub, Timing};
use super::log::Position;
use super::queue::Message;

/// Data up to this size is copied into the frame of its event. Larger data, which many clients may share, isn't.
const COPY_MAX_BYTES: usize = 16 << 10;

/// What is to be sent.
#[derive(Clone, Debug)]
pub enum Told {
    /// A message.
    Message {
        /// How far the client has come with it, if it is to know that.
        position: Option<String>,
        /// The name of the event.
        event: Arc<str>,
        /// JSON on one line.
        data: Arc<str>,
    },
    /// Nothing but that the stream goes on.
    Beat {
        /// How far the client has come, if that is known and it is to know.
        position: Option<String>,
    },
}

/// The reading end of a stream. Dropping it ends the stream.
pub struct Connection {
    hub: Hub,
    client: Arc<Client>,
    /// The greeting, until it is sent.
    greeting: Option<Told>,
    timing: Timing,
    last_message: Instant,
    end: Instant,
}

impl Connection {
    pub(super) fn new(hub: Hub, client: Arc<Client>, start: Option<String>, timing: Timing) -> Connection {
        let data = format!("{{\"clientId\":\"{}\"}}", client.id).into();
        let greeting = Some(Told::Message { position: start, event: "PB_CONNECT".into(), data });
        let now = Instant::now();
        Connection { hub, client, greeting, timing, last_message: now, end: now + timing.max }
    }

    /// The client's id, which the first message also tells.
    pub fn client_id(&self) -> &str {
        &self.client.id
    }

    /// What is to be sent next; `None` at the end of the stream. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Told> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        tokio::select! {
            biased;
            message = self.client.queue.pop() => {
                self.last_message = Instant::now();
                message.map(|message| self.told(message))
            }
            () = sleep_until((self.last_message + self.timing.idle).min(self.end)) => None,
            () = sleep_until(Instant::now() + self.timing.heartbeat) => Some(Told::Beat { position: self.beat() }),
        }
    }

    fn told(&self, message: Message) -> Told {
        let position = message.position.filter(|_| self.client.resumes);
        let position = position.map(|position| self.hub.position_text(position));
        Told::Message { position, event: message.event, data: message.data }
    }

    /// Where a client is that has read everything: otherwise one that is seldom told anything could, when it comes
    /// back, be told only that the log doesn't reach back to the last message that it got.
    fn beat(&self) -> Option<String> {
        // In this order: what is completed now was queued before, so if nothing waits it was read.
        let completed = self.hub.completed();
        let is_known = self.client.resumes && self.client.is_up_to_date();
        is_known.then(|| self.hub.position_text(Position::after(completed)))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.hub.leave(&self.client);
    }
}

/// A stream as server-sent events. The `id` of each is the client's, because the SDKs read it there, unless the client
/// has asked to be told how far it has come.
pub struct EventStream {
    connection: Connection,
    rest: VecDeque<Piece>,
}

/// A piece of a body.
#[derive(Debug)]
pub enum Piece {
    /// Of this stream only.
    Own(String),
    /// Of several streams.
    Shared(Arc<str>),
}

impl AsRef<str> for Piece {
    fn as_ref(&self) -> &str {
        match self {
            Piece::Own(text) => text,
            Piece::Shared(text) => text,
        }
    }
}

impl EventStream {
    /// Of this connection.
    pub fn new(connection: Connection) -> EventStream {
        EventStream { connection, rest: VecDeque::new() }
    }

    /// The next piece of the stream; `None` at its end. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Piece> {
        if let Some(piece) = self.rest.pop_front() {
            return Some(piece);
        }
        match self.connection.next().await? {
            Told::Beat { position: Some(position) } => Some(Piece::Own(format!("id:{position}\n\n"))),
            // Not a blank line after it: that would be an empty event for clients that take the standard lightly.
            Told::Beat { position: None } => Some(Piece::Own(":\n".to_owned())),
            Told::Message { position, event, data } => Some(self.frame(position, &event, data)),
        }
    }

    /// Clients rely on this very layout: no space after the colons.
    fn frame(&mut self, position: Option<String>, event: &str, data: Arc<str>) -> Piece {
        let mut frame = String::with_capacity(96 + event.len() + data.len().min(COPY_MAX_BYTES));
        let id = match &position {
            Some(position) => Some(position.as_str()),
            None => (!self.connection.client.resumes).then_some(self.connection.client_id()),
        };
        if let Some(id) = id {
            frame.extend(["id:", id, "\n"]);
        }
        // The name is whatever the client has subscribed to; it must not be able to end the line.
        frame.extend(["event:", &event.replace(['\r', '\n'], " "), "\ndata:"]);
        if data.len() <= COPY_MAX_BYTES {
            frame.extend([&*data, "\n\n"]);
        } else {
            self.rest.extend([Piece::Shared(data), Piece::Own("\n\n".to_owned())]);
        }
        Piece::Own(frame)
    }
}
