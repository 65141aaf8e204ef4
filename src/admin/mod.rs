//! The dashboard: everything that who owns a server does with it, below `/_/`.
//!
//! Called by Rocket; mounted by `serve`. A page is a template that is filled here with what is there at the moment;
//! what is interactive on it is a module of its own in `static/admin`, which talks to the REST API like everybody else,
//! with the cookie of the session. So pages decide nothing by themselves and have no door of their own to the data.
//! Invariants: every page takes a `visit::Visit`, which only superusers with a session have; every form is read
//! through it. Not here: signing in (`web::hosted`), the first superuser (`web::pages`).

mod accent;
mod access;
mod actions;
mod screens;
mod strangers;
mod visit;

use rocket::Route;

/// The routes of the dashboard.
pub fn routes() -> Vec<Route> {
    [screens::routes(), actions::routes(), access::routes(), accent::routes(), strangers::routes()].concat()
}
