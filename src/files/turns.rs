//! Whose turn it is at an upload: of the requests that want to write to one, one does at a time.
//!
//! Called by the app before it touches a partial file. A line that has gone silent may keep its request waiting for
//! hours, so one that sends nothing makes room for another. Invariant: whoever holds a turn is alone with the file
//! until it is dropped, also if it was asked to stop. Not here: how far an upload has come (`partial`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::base::{Error, ErrorKind, Result};

/// What to do about a request that is at work already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Leave it alone, unless it has come to a standstill.
    Yield,
    /// Stop it.
    Stop,
    /// Wait until it is done.
    Wait,
}

/// All turns. Clones share them.
#[derive(Clone)]
pub struct Turns(Arc<Shared>);

struct Shared {
    held: Mutex<HashMap<String, Arc<Hold>>>,
    released: Notify,
    /// Who has sent nothing for so long has come to a standstill.
    stalled_after: Duration,
    /// How long one waits for another's turn to end.
    wait: Duration,
}

/// What is known of a turn that somebody has.
pub struct Hold {
    stopped: Notify,
    progressed: Mutex<Instant>,
}

/// The turn at one upload, until it is dropped.
pub struct Turn {
    turns: Turns,
    id: String,
    hold: Arc<Hold>,
}

impl Turns {
    /// None is taken.
    pub fn new(stalled_after: Duration, wait: Duration) -> Turns {
        Turns(Arc::new(Shared { held: Mutex::default(), released: Notify::new(), stalled_after, wait }))
    }

    /// Waits for the turn at an upload as long as `patience` says.
    ///
    /// # Errors
    /// 423 if somebody else keeps it.
    pub async fn take(&self, id: &str, patience: Patience) -> Result<Turn> {
        let deadline = Instant::now() + self.0.wait;
        loop {
            // Before it is looked who has it, so that no end of a turn is missed.
            let mut released = std::pin::pin!(self.0.released.notified());
            released.as_mut().enable();
            if let Some(turn) = self.try_take(id, patience)? {
                return Ok(turn);
            }
            if timeout_at(deadline, released).await.is_err() {
                return Err(locked());
            }
        }
    }

    fn try_take(&self, id: &str, patience: Patience) -> Result<Option<Turn>> {
        let mut held = lock(&self.0.held);
        let Some(other) = held.get(id) else {
            let hold = Arc::new(Hold { stopped: Notify::new(), progressed: Mutex::new(Instant::now()) });
            held.insert(id.to_owned(), hold.clone());
            return Ok(Some(Turn { turns: self.clone(), id: id.to_owned(), hold }));
        };
        match patience {
            Patience::Wait => {}
            Patience::Yield if other.rested() < self.0.stalled_after => return Err(locked()),
            Patience::Yield | Patience::Stop => other.stopped.notify_one(),
        }
        Ok(None)
    }
}

impl Turn {
    /// What is known of it, for whoever has it.
    pub fn hold(&self) -> Arc<Hold> {
        self.hold.clone()
    }
}

impl Hold {
    /// Notes that something has arrived.
    pub fn progress(&self) {
        *lock(&self.progressed) = Instant::now();
    }

    /// Ends when somebody else is to have the turn.
    pub async fn stopped(&self) {
        self.stopped.notified().await;
    }

    fn rested(&self) -> Duration {
        lock(&self.progressed).elapsed()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.turns.0.held).remove(&self.id);
        self.turns.0.released.notify_waiters();
    }
}

/// What whoever comes second is told, and whoever had to stop.
pub fn locked() -> Error {
    Error::new(ErrorKind::Locked, "Another request is at work on this upload; try again in a moment.")
}

/// Nothing that is done under these locks can panic halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn status<T>(result: &Result<T>) -> u16 {
        result.as_ref().map_or_else(|error| error.kind().status(), |_| 200)
    }

    #[tokio::test]
    async fn one_at_a_time() {
        let turns = Turns::new(LONG, LONG);
        let first = turns.take("a", Patience::Yield).await.expect("nobody has it");
        assert_eq!(status(&turns.take("a", Patience::Yield).await), 423);
        assert_eq!(status(&turns.take("b", Patience::Yield).await), 200, "another upload is another turn");
        let (hold, second) = (first.hold(), turns.take("a", Patience::Stop));
        let first_stops = async {
            hold.stopped().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(second, first_stops);
        assert_eq!(status(&second), 200);
        let (third, ()) = tokio::join!(turns.take("a", Patience::Wait), async { drop(second) });
        assert_eq!(status(&third), 200);
        drop(third);
        assert!(lock(&turns.0.held).is_empty(), "nothing is remembered of turns that are over");
    }

    #[tokio::test]
    async fn who_stands_still_makes_room_and_who_gets_on_does_not() {
        let turns = Turns::new(Duration::ZERO, LONG);
        let first = turns.take("a", Patience::Yield).await.expect("nobody has it");
        let hold = first.hold();
        let first_stops = async {
            hold.stopped().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(turns.take("a", Patience::Yield), first_stops);
        assert_eq!(status(&second), 200);
        let busy = Turns::new(LONG, LONG);
        let first = busy.take("a", Patience::Yield).await.expect("nobody has it");
        *lock(&first.hold.progressed) = Instant::now() - 2 * LONG;
        first.hold.progress();
        assert_eq!(status(&busy.take("a", Patience::Yield).await), 423);
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let turns = Turns::new(Duration::ZERO, Duration::ZERO);
        let _first = turns.take("a", Patience::Yield).await.expect("nobody has it");
        for patience in [Patience::Yield, Patience::Stop, Patience::Wait] {
            assert_eq!(status(&turns.take("a", patience).await), 423, "{patience:?}");
        }
    }
}
