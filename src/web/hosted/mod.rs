//! Pages for people with accounts, below `/auth/{collection}/`: sign in, sign up, the links of mails, the own account.
//!
//! Called by Rocket; mounted by [`super::server`]. The pages call the same methods of [`crate::app::App`] as the REST
//! API and decide nothing by themselves. They need no scripts (but for passkeys): forms are sent as they are, and what
//! succeeded answers with a redirect. Invariants: a form is taken only from our own pages (`visit`); a page never
//! tells whether there is an account.

mod account;
mod authenticator;
mod code;
mod mail_links;
mod passkeys;
mod password;
mod second_factor;
mod sign_in;
mod sign_up;
pub mod step;
mod visit;

use rocket::Route;

/// The routes of these pages.
pub fn routes() -> Vec<Route> {
    [
        sign_in::routes(),
        sign_up::routes(),
        mail_links::routes(),
        code::routes(),
        second_factor::routes(),
        account::routes(),
        password::routes(),
        authenticator::routes(),
        passkeys::routes(),
    ]
    .concat()
}
