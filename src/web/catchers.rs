//! What is answered when no route takes a request, or when one breaks: the same error envelope as everywhere.
//!
//! Registered by [`super::server`] for every status, so that none of Rocket's own pages is ever seen.

use rocket::http::{Header, Status};
use rocket::response::{Responder, Response};
use rocket::{Catcher, Request, catch, catchers};

use crate::base::{Error, ErrorKind};
use crate::web::admission;
use crate::web::guards::clean_path;
use crate::web::page::Failure;

/// Where pages are; everything else speaks JSON.
const PAGES: [&str; 2] = ["/_/", "/auth/"];

/// All catchers.
pub fn catchers() -> Vec<Catcher> {
    catchers![any]
}

/// The envelope, the same for people, or the way to the clean path.
enum Caught {
    Failed(Error),
    Shown(Failure),
    Moved(String),
}

impl<'r> Responder<'r, 'static> for Caught {
    fn respond_to(self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        match self {
            Caught::Failed(error) => error.respond_to(request),
            Caught::Shown(failure) => failure.respond_to(request),
            // 307 keeps method and body.
            Caught::Moved(to) => {
                Response::build().status(Status::TemporaryRedirect).header(Header::new("Location", to)).ok()
            }
        }
    }
}

#[catch(default)]
fn any(status: Status, request: &Request<'_>) -> Caught {
    if let Some(refused) = admission::refusal(request) {
        return match is_for_a_page(request) {
            true => Caught::Shown(Failure::of_admission(refused)),
            false => Caught::Failed(refused),
        };
    }
    match status.code {
        404 => match clean_path(request.uri().path().as_str()) {
            Some(path) => Caught::Moved(location(&path, request)),
            None => Caught::Failed(Error::not_found()),
        },
        413 => Caught::Failed(Error::new(ErrorKind::TooLarge, "The body is too large.")),
        400..=499 => Caught::Failed(Error::invalid("The request can't be understood.")),
        // A route never answers so itself (an `Error` responds as it is), so this is a panic. The hook that the
        // program has set for panics has already logged where it happened.
        code => Caught::Failed(Error::internal(format!("a handler panicked (status {code})"))),
    }
}

/// Whether a browser opens a page, or sends a form of one. Scripts of pages don't ask for HTML.
fn is_for_a_page(request: &Request<'_>) -> bool {
    let path = request.uri().path();
    let wants_html = request.headers().get("Accept").any(|accept| accept.contains("text/html"));
    wants_html && PAGES.iter().any(|pages| path.starts_with(pages))
}

/// Where the clean path is. Browsers read `/\\host` as another server, so no backslash may get through.
fn location(path: &str, request: &Request<'_>) -> String {
    let path = path.replace('\\', "%5C");
    match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    }
}
