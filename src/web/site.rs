//! Cookies of sessions, and whether a request that carries one comes from this server's own pages.
//!
//! Browsers send cookies along whoever's page made them send a request. So a cookie counts only if the browser says
//! that the page is ours, by Sec-Fetch-Site or, where that is missing, by Origin; and for requests that change nothing
//! also if neither is there, or if somebody follows a link. What CORS allows doesn't matter here. Called by the guards
//! and by everything that begins or ends a session.

use rocket::Request;
use rocket::http::{Cookie as HttpCookie, CookieJar, Method, SameSite};
use rocket::time::Duration;

use crate::app::{App, Cookie, NewSession, Site};
use crate::base::Secret;

/// The cookie of a session, where it may be sent over plain HTTP.
const PLAIN_NAME: &str = "holdall_session";
/// The same over HTTPS: browsers take a name with this prefix only from the host itself, over HTTPS.
const SECURE_NAME: &str = "__Host-holdall_session";

/// Whose page made the browser send this.
pub fn of(request: &Request<'_>) -> Site {
    match request.headers().get_one("Sec-Fetch-Site") {
        Some("same-origin") => return Site::Own,
        // Somebody typed the address, or opened a bookmark.
        Some("none") => return Site::Unknown,
        Some(_) => return Site::Other,
        None => {}
    }
    match request.headers().get_one("Origin") {
        Some(origin) if is_own(request, origin) => Site::Own,
        Some(_) => Site::Other,
        None => Site::Unknown,
    }
}

/// Whether an origin is this server's: the public one, or that of the address that the request was sent to.
fn is_own(request: &Request<'_>, origin: &str) -> bool {
    let app: Option<&App> = request.rocket().state();
    let public = app.is_some_and(|app| app.public_origin().eq_ignore_ascii_case(origin));
    let host = request.headers().get_one("Host").unwrap_or_default();
    let here = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    public || here.is_some_and(|here| !host.is_empty() && here.eq_ignore_ascii_case(host))
}

/// The session's cookie, as far as it counts.
pub fn session_cookie(request: &Request<'_>, site: Site) -> Cookie {
    let jar = request.cookies();
    let Some(cookie) = jar.get(SECURE_NAME).or_else(|| jar.get(PLAIN_NAME)) else { return Cookie::None };
    let safe = matches!(request.method(), Method::Get | Method::Head | Method::Options);
    let follows_link = request.headers().get_one("Sec-Fetch-Mode") == Some("navigate");
    match site {
        Site::Own => Cookie::Session(Secret::new(cookie.value())),
        Site::Unknown if safe => Cookie::Session(Secret::new(cookie.value())),
        Site::Other if safe && follows_link => Cookie::Session(Secret::new(cookie.value())),
        _ if safe => Cookie::None,
        _ => Cookie::Unproven,
    }
}

/// Has the browser keep a session.
pub fn keep(app: &App, jar: &CookieJar<'_>, session: &NewSession) {
    jar.add(made(app, session.token.expose().to_owned(), Duration::seconds(session.max_age_seconds)));
}

/// Has the browser forget its session.
pub fn forget(app: &App, jar: &CookieJar<'_>) {
    jar.remove(made(app, String::new(), Duration::ZERO));
}

fn made(app: &App, value: String, max_age: Duration) -> HttpCookie<'static> {
    let secure = app.is_public_over_https();
    HttpCookie::build((if secure { SECURE_NAME } else { PLAIN_NAME }, value))
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .build()
}
