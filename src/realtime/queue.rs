//! Messages that wait until a client reads them: a bounded queue with one reader.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::base::limits::{REALTIME_QUEUE_MAX_BYTES, REALTIME_QUEUE_MAX_MESSAGES};

/// Something to tell a client. The texts are shared by all who get them.
#[derive(Clone, Debug)]
pub struct Message {
    /// The name of the event.
    pub event: Arc<str>,
    /// JSON on one line.
    pub data: Arc<str>,
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
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    size_bytes: usize,
    is_closed: bool,
}

impl Queue {
    /// Appends a message; `false` if the queue is closed. One that is full is closed by that, and emptied.
    pub fn push(&self, message: Message) -> bool {
        let mut state = self.lock();
        let size_bytes = state.size_bytes + message.size_bytes();
        // A single message may be of any size, or the largest records could never be told of.
        let is_full = !state.messages.is_empty()
            && (state.messages.len() >= REALTIME_QUEUE_MAX_MESSAGES || size_bytes > REALTIME_QUEUE_MAX_BYTES);
        if is_full || state.is_closed {
            *state = State { is_closed: true, ..State::default() };
        } else {
            state.size_bytes = size_bytes;
            state.messages.push_back(message);
        }
        let is_open = !state.is_closed;
        drop(state);
        self.changed.notify_one();
        is_open
    }

    /// The next message, as soon as there is one; `None` once the queue is closed.
    pub async fn pop(&self) -> Option<Message> {
        loop {
            {
                let mut state = self.lock();
                if let Some(message) = state.messages.pop_front() {
                    state.size_bytes -= message.size_bytes();
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
