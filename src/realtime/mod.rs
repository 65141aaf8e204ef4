//! Who listens: open streams, what they have subscribed to, and as whom.
//!
//! Called by the app. A [`Connection`] is the reading end of a stream, which an edge turns into server-sent events; the
//! [`Hub`] knows all of them. Invariants: everything is bounded, in number and in bytes, and a client that doesn't read
//! is dropped rather than waited for; whoever loses what they were signed in with is a guest here from then on. Not
//! here: whether a message may be seen by somebody (whoever sends it decides that), and the wire format's place in an
//! HTTP answer (`web`, `api`).

mod client;
mod form;
mod hub;
mod queue;
#[cfg(test)]
mod tests;

pub use client::Association;
pub use form::Subscription;
pub use hub::{Connection, Hub, Timing};
