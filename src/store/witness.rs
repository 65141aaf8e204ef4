//! Who is told of what transactions announce.
//!
//! Called by the writer's thread, so nothing here may wait for anything: neither for the store nor for anybody else.
//! A panic is logged and costs nobody their answer.

use crate::domain::Event;
use crate::store::Past;

/// The state before a commit, as far as the witness wanted it.
pub enum Before {
    /// It wasn't wanted.
    Unasked,
    /// Here it is.
    Kept(Box<Past>),
    /// It was wanted and couldn't be kept: too many others are being looked at.
    Lost,
}

/// Somebody who wants to know what is committed.
pub trait Witness: Send + Sync {
    /// Whether a transaction that begins now is to announce the records that it changes.
    fn wants_records(&self) -> bool;

    /// Whether the state before a commit is of interest, `events` being what its transactions have announced.
    fn wants_past(&self, events: &[Event]) -> bool;

    /// What the transactions of one commit have announced, in the order in which they ran; it is on disk. Transactions
    /// that follow haven't begun, and nobody was answered yet.
    fn committed(&self, events: Vec<Event>, before: Before);
}
