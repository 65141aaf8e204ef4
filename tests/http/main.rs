//! The program over HTTP, in one binary: the whole server without its socket, see `harness.rs`.
//!
//! The filter language and the promise that nothing unreadable can be learned are tested by property, in `filters.rs`
//! and `two_worlds.rs`. Not here: what needs a process or a socket (`tests/process`), and the official SDK and
//! PocketBase as peers (`tests/sdk`, `tests/parity`).

mod access;
mod access_simulator;
mod admission;
mod api_keys;
mod auth;
mod authenticator;
mod backups;
mod bad_input;
mod batch;
mod batch_files;
mod beyond;
mod browser;
mod collections;
mod coverage;
mod crons;
mod csrf;
mod dashboard;
mod endings;
mod equal_work;
mod files;
mod files_incidents;
mod filters;
mod fixture;
mod forward_auth;
mod harness;
mod hosted;
mod incidents;
mod listening;
mod logs;
mod mail_flows;
mod mail_incidents;
mod metrics;
mod passkeys;
mod preconditions;
mod previews;
mod probes;
mod realtime;
mod realtime_records;
mod realtime_resume;
mod records;
mod second_factors;
mod sessions;
mod settings;
mod sql;
#[path = "../support/mod.rs"]
mod support;
mod throttle;
mod tus;
mod tus_records;
mod two_worlds;
