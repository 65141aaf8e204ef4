//! The APIs: thin routes that read a request, call [`crate::app::App`] and answer with what it returns.
//!
//! Called by Rocket; mounted by the `serve` command, which passes [`routes`] to `web::server::build`. Not here: rules,
//! checks of who may do what, anything about tables.

pub mod rest;

/// All routes of all APIs, with full paths.
pub fn routes() -> Vec<rocket::Route> {
    rest::routes()
}
