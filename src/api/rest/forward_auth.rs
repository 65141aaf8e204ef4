//! `GET /api/forward-auth`: a reverse proxy asks whether a request may pass, and whose it is.
//!
//! Answers 200 with the headers `X-Auth-Id`, `X-Auth-Collection` and `X-Auth-Email`, which are always all there, so
//! that a proxy which copies them overwrites whatever the client sent under these names; or 302 to the sign-in page for
//! browsers' windows; or 401. With `?answer=401` it is never 302: the sign-in page is in `X-Auth-Redirect` then,
//! because nginx can't pass on a redirect. docs/forward-auth.md has the proxies' side.

use rocket::http::{CookieJar, Header, Status};
use rocket::response::{Responder, Response};
use rocket::{Request, Route, State, get, response, routes};

use crate::app::{App, Asked, Caller, Verdict};
use crate::base::{Error, Result};
use crate::domain::RequestInfo;
use crate::web::headers::header_text;
use crate::web::redirects::Allowed;
use crate::web::site;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![forward_auth]
}

/// An answer for a proxy.
enum Forwarded {
    Passed { id: String, collection: String, email: String },
    SignIn { address: String, redirects: bool },
    Refused,
}

impl<'r> Responder<'r, 'static> for Forwarded {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = match self {
            Forwarded::Passed { id, collection, email } => Response::build()
                .header(Header::new("X-Auth-Id", header_text(&id)))
                .header(Header::new("X-Auth-Collection", header_text(&collection)))
                .header(Header::new("X-Auth-Email", header_text(&email)))
                .finalize(),
            Forwarded::SignIn { address, redirects: true } => {
                Response::build().status(Status::Found).header(Header::new("Location", address)).finalize()
            }
            Forwarded::SignIn { address, redirects: false } => {
                let mut response = Error::unauthenticated().respond_to(request)?;
                response.set_header(Header::new("X-Auth-Redirect", address));
                response
            }
            Forwarded::Refused => Error::unauthenticated().respond_to(request)?,
        };
        // Who is signed in is true for this moment and this browser only.
        response.set_header(Header::new("Cache-Control", "no-store"));
        Ok(response)
    }
}

#[get("/api/forward-auth")]
async fn forward_auth(app: &State<App>, jar: &CookieJar<'_>, caller: Caller) -> Result<Forwarded> {
    let (session, forward) = site::forward_cookies(app, jar);
    let list = caller.request.query("collection").unwrap_or_default();
    let collections = list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let (original, navigates) = (original(&caller.request), navigates(&caller.request));
    let back = original.and_then(|address| Allowed::of(app).check(&address));
    let redirects = caller.request.query("answer") != Some("401");
    let asked = Asked { session, forward, collections, navigates };
    Ok(match app.forward_auth(caller, asked).await? {
        Verdict::Pass { id, collection, email } => Forwarded::Passed { id, collection, email },
        Verdict::SignIn(page) => {
            let address = match back {
                None => page,
                Some(back) => {
                    let mut query = form_urlencoded::Serializer::new(String::new());
                    format!("{page}?{}", query.append_pair("redirect", &back).finish())
                }
            };
            Forwarded::SignIn { address, redirects }
        }
        Verdict::Refuse => Forwarded::Refused,
    })
}

/// The address that the browser asked the proxy for, as the proxy says.
fn original(request: &RequestInfo) -> Option<String> {
    let host = request.header("x_forwarded_host").filter(|host| !host.is_empty())?;
    let scheme = request.header("x_forwarded_proto").unwrap_or("https");
    let path = request.header("x_forwarded_uri").filter(|path| path.starts_with('/')).unwrap_or("/");
    Some(format!("{scheme}://{host}{path}"))
}

/// Whether the request comes from a browser's window and not from a script, an image or a program.
fn navigates(request: &RequestInfo) -> bool {
    let reads = matches!(request.header("x_forwarded_method").unwrap_or("GET"), "GET" | "HEAD");
    let window = match request.header("sec_fetch_mode") {
        Some(mode) => mode == "navigate",
        None => request.header("accept").is_some_and(|types| types.contains("text/html")),
    };
    reads && window
}
