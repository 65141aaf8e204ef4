//! The configuration of a running server: what can be set, where it is read from, and what is in force.
//!
//! Called by the command line, which hands a [`Config`] to the app. Sources, weakest first: built-in defaults,
//! the settings in the database, `Rocket.toml`, environment, flags. Invariants: a [`Config`] exists only after every
//! key of every source was known and valid; what is set outside of the database is never changed from within. Not here:
//! what a changed setting does to the running program (`app`).

pub mod config;
mod https;
pub mod keys;
pub mod layers;
mod links;
pub mod location;
pub mod model;
mod patch;
mod rate_limit;
mod seal;
pub mod show;
pub mod sources;
pub mod stored;
mod validate;

pub use config::{Config, LogFormat, LogLevel, S3Addressing, Settings};
pub use https::FrontUse;
pub use keys::{KEYS, Key};
pub use location::{Bucket, Location};
pub use model::Model;
pub use rate_limit::{Audience, RateLimit};
pub use show::Row;
pub use sources::{Flags, Sources};

#[cfg(test)]
mod tests;
