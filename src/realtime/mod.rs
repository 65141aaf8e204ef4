//! Who listens: open streams, what they have subscribed to, and as whom; and which of them is told what.
//!
//! Called by the app. A [`Connection`] is the reading end of a stream, which an edge turns into server-sent events or
//! another form; the [`Hub`] knows all of them, and the latest changes. Invariants: everything is bounded, in number
//! and in bytes; a client that doesn't read is given up rather than waited for; whoever loses what they were signed in
//! with is a guest here from then on; changes are told in the order in which they were committed, and each at most once
//! to each subscription, also to those who come back. Not here: whether a change may be seen by somebody
//! (`records::Showing`, asked by the app), and the stream's place in an HTTP answer (`web`, `api`).

mod client;
mod connection;
mod due;
mod form;
mod hub;
mod index;
mod log;
mod queue;
#[cfg(test)]
mod tests;
mod topic;

pub use client::{Association, Client};
pub use connection::{Connection, EventStream, Piece, Told};
pub use due::{Audience, Due, Replay};
pub use form::Subscription;
pub use hub::{Bounds, Hub, HubFigures, Subscribed, Timing};
pub use log::{Change, Gap, Position};
pub use queue::Message;
pub use topic::{Target, Topic, Wanted};
