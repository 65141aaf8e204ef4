//! The configuration of a running server: what can be set, where it is read from, and what is in force.
//!
//! Called by the command line, which hands a [`Config`] to the app. Sources, weakest first: built-in defaults,
//! `Rocket.toml`, environment, flags. Invariant: a [`Config`] exists only after every key of every source was known
//! and valid. Not here: settings that live in the database and are changed while the server runs.

pub mod config;
pub mod keys;
pub mod layers;
pub mod show;
pub mod sources;

pub use config::{Config, LogFormat, LogLevel, S3Addressing, Settings};
pub use keys::{KEYS, Key};
pub use show::Row;
pub use sources::{Flags, Sources};

#[cfg(test)]
mod tests;
