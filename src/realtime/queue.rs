//! Messages that wait until a client reads them: a bounded queue with one reader.
//!
//! While a client that has come back is told what it has missed, what happens meanwhile is held back, so that it comes
//! after that. Invariants: messages leave in the order of what they tell; a queue that is full is closed and emptied,
//! because nobody waits for a client that doesn't read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::log::Position;
use crate::base::limits::{REALTIME_QUEUE_MAX_BYTES, REALTIME_QUEUE_MAX_MESSAGES};

/// A message to one client.
#[derive(Clone, Debug)]
pub struct Message {
    /// The topic as the client has subscribed to it.
    pub event: Arc<str>,
    /// JSON on one line. Clients that are told the same share it.
    pub data: Arc<str>,
    /// How far the client has come with it, if it tells of a change.
    pub position: Option<Position>,
}

impl Message {
    fn size_bytes(&self) -> usize {
        self.event.len() + self.data.len()
    }
}

/// See the module.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Notify,
    room: Notify,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    /// What happened while the client is told what it has missed.
    held: Option<VecDeque<Message>>,
    size_bytes: usize,
    is_closed: bool,
}

impl State {
    /// Whether there is no place for one more of this size among `count`. A single message may be of any size, or the
    /// largest records could never be told of.
    fn is_full(&self, message: &Message, share: usize) -> bool {
        let count = self.messages.len() + self.held.as_ref().map_or(0, VecDeque::len);
        let size_bytes = self.size_bytes + message.size_bytes();
        count > 0 && (count >= REALTIME_QUEUE_MAX_MESSAGES / share || size_bytes > REALTIME_QUEUE_MAX_BYTES / share)
    }

    fn close(&mut self) {
        *self = State { is_closed: true, ..State::default() };
    }
}

impl Queue {
    /// Appends a message; `false` if the queue is closed. One that is full is closed by that, and emptied.
    pub fn push(&self, message: Message) -> bool {
        let mut state = self.lock();
        if state.is_closed || state.is_full(&message, 1) {
            state.close();
        } else {
            state.size_bytes += message.size_bytes();
            match &mut state.held {
                Some(held) => held.push_back(message),
                None => state.messages.push_back(message),
            }
        }
        let is_open = !state.is_closed;
        drop(state);
        self.wake();
        is_open
    }

    /// Appends a message before those that are held back, as soon as the client has read enough; `false` if the queue
    /// is closed.
    pub async fn push_missed(&self, message: Message) -> bool {
        loop {
            {
                let mut state = self.lock();
                if state.is_closed {
                    return false;
                }
                // What happens meanwhile needs the other half.
                if state.messages.is_empty() || !state.is_full(&message, 2) {
                    state.size_bytes += message.size_bytes();
                    state.messages.push_back(message);
                    drop(state);
                    self.changed.notify_one();
                    return true;
                }
            }
            self.room.notified().await;
        }
    }

    /// From now on, holds back what [`Queue::push`] appends.
    pub fn hold(&self) {
        self.lock().held.get_or_insert_default();
    }

    /// Lets go of what was held back.
    pub fn release(&self) {
        let mut state = self.lock();
        let held = state.held.take().unwrap_or_default();
        state.messages.extend(held);
        drop(state);
        self.wake();
    }

    /// Whether everything was read, and nothing is held back.
    pub fn is_read(&self) -> bool {
        let state = self.lock();
        state.messages.is_empty() && state.held.is_none()
    }

    /// Empties the queue and ends it.
    pub fn close(&self) {
        self.lock().close();
        self.wake();
    }

    /// The next message, as soon as there is one; `None` once the queue is closed.
    pub async fn pop(&self) -> Option<Message> {
        loop {
            {
                let mut state = self.lock();
                if let Some(message) = state.messages.pop_front() {
                    state.size_bytes -= message.size_bytes();
                    if state.messages.is_empty() && state.messages.capacity() > 32 {
                        state.messages = VecDeque::new();
                    }
                    let is_held = state.held.is_some();
                    drop(state);
                    if is_held {
                        self.room.notify_one();
                    }
                    return Some(message);
                }
                if state.is_closed {
                    return None;
                }
            }
            // A notification that came since the lock was let go is kept for this.
            self.changed.notified().await;
        }
    }

    fn wake(&self) {
        self.changed.notify_one();
        self.room.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
