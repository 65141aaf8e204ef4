//! The HTTP edge's toolkit: the Rocket server, what every route takes in (caller, body) and gives out (JSON, errors,
//! picked fields), headers, catchers, hosted pages and static files.
//!
//! Called by the program's `serve` command (which hands the routes of `api` to [`server::build`]) and by `api`, which
//! is written with these tools. Invariant: nothing in here decides what a caller may see or do; that is the business
//! of the services behind [`crate::app::App`].

mod activity;
pub mod address;
pub mod admission;
pub mod assets;
pub mod body;
pub mod catchers;
pub mod download;
mod form;
pub mod guards;
mod gzip;
pub mod headers;
pub mod hosted;
mod json;
mod multipart;
pub mod oauth2;
mod pace;
pub mod page;
pub mod pages;
pub mod peer;
pub mod probes;
mod proxy;
mod ranges;
pub mod redirects;
pub mod respond;
pub mod server;
pub mod setup;
pub mod site;
pub mod tus;

pub use crate::base::pick;
