//! What routes of pages answer: a page, the way to another one, or what went wrong.

use rocket::http::Status;
use rocket::response::{Responder, Response};
use rocket::{Request, response};

use super::{Failure, Page, Root};

/// What a route of a page answers.
pub type Answer = Result<Reply, Failure>;

/// A page, or the way to another one.
pub enum Reply {
    /// This page.
    Page(Page),
    /// The browser is to open this address.
    GoTo(String),
}

impl From<Page> for Reply {
    fn from(page: Page) -> Reply {
        Reply::Page(page)
    }
}

impl<'r> Responder<'r, 'static> for Reply {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Reply::Page(page) => page.respond_to(request),
            Reply::GoTo(address) => Response::build()
                .status(Status::SeeOther)
                .raw_header("Location", Root::of(request).to(&address))
                .raw_header("Cache-Control", "no-store")
                .raw_header("Referrer-Policy", "same-origin")
                .ok(),
        }
    }
}
