//! Cookies of sessions, and whether a request that carries one comes from this server's own pages.
//!
//! Browsers send cookies along whoever's page made them send a request. So a cookie counts only if the browser says
//! that the page is ours, by Sec-Fetch-Site or, where that is missing, by Origin; and for requests that change nothing
//! also if neither is there, or if somebody follows a link (which showing a frame isn't). What CORS allows doesn't
//! matter here. Called by the guards and by everything that begins or ends a session.

use rocket::Request;
use rocket::http::{Cookie as HttpCookie, CookieJar, Method, SameSite};
use rocket::time::Duration;

use crate::app::{App, Cookie, NewSession, Site};
use crate::base::Secret;

/// The names of the cookies.
struct Names {
    session: &'static str,
    forward: &'static str,
}

/// Where they may be sent over plain HTTP.
const PLAIN: Names = Names { session: "holdall_session", forward: "holdall_forward" };
/// Over HTTPS: browsers take names with these prefixes only over HTTPS, the first only from the host itself.
const SECURE: Names = Names { session: "__Host-holdall_session", forward: "__Secure-holdall_forward" };

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

/// Whether an origin is this server's: the public one, or that of the address that the request was sent to. The latter
/// may be plain HTTP only if the public one is: a page that somebody on the way has put in place of ours isn't ours.
fn is_own(request: &Request<'_>, origin: &str) -> bool {
    let app: Option<&App> = request.rocket().state();
    let public = app.is_some_and(|app| app.public_origin().eq_ignore_ascii_case(origin));
    let encrypted = app.is_some_and(App::is_public_over_https);
    let host = request.headers().get_one("Host").unwrap_or_default();
    let plain = || origin.strip_prefix("http://").filter(|_| !encrypted);
    let here = origin.strip_prefix("https://").or_else(plain);
    public || here.is_some_and(|here| !host.is_empty() && here.eq_ignore_ascii_case(host))
}

/// The session's cookie, as far as it counts. Over HTTPS only the one with the prefix does: the other could have been
/// set by any host of the same domain.
pub fn session_cookie(request: &Request<'_>, site: Site) -> Cookie {
    let app: Option<&App> = request.rocket().state();
    let name = names(app.is_some_and(App::is_public_over_https)).session;
    let Some(cookie) = request.cookies().get(name) else { return Cookie::None };
    let safe = matches!(request.method(), Method::Get | Method::Head | Method::Options);
    match site {
        Site::Own => Cookie::Session(Secret::new(cookie.value())),
        Site::Unknown if safe => Cookie::Session(Secret::new(cookie.value())),
        Site::Other if safe && follows_link(request) => Cookie::Session(Secret::new(cookie.value())),
        _ if safe => Cookie::None,
        _ => Cookie::Unproven,
    }
}

/// Whether there is a session's cookie, whatever it is worth.
pub fn carries_session(request: &Request<'_>) -> bool {
    let app: Option<&App> = request.rocket().state();
    request.cookies().get(names(app.is_some_and(App::is_public_over_https)).session).is_some()
}

/// Whether the answer goes to a window of its own, where the site that led there can't read it; not into a frame.
fn follows_link(request: &Request<'_>) -> bool {
    let header = |name| request.headers().get_one(name);
    header("Sec-Fetch-Mode") == Some("navigate") && header("Sec-Fetch-Dest").is_none_or(|into| into == "document")
}

/// The values of the session's own cookie and of that for other hosts, whoever's page sent them. For forward-auth only,
/// where the request is another service's: it says who somebody is and changes nothing here.
pub fn forward_cookies(app: &App, jar: &CookieJar<'_>) -> (Option<Secret>, Option<Secret>) {
    let names = names(app.is_public_over_https());
    let value = |name| jar.get(name).map(|cookie| Secret::new(cookie.value()));
    (value(names.session), value(names.forward))
}

/// Has the browser keep a session.
pub fn keep(app: &App, jar: &CookieJar<'_>, session: &NewSession) {
    let max_age = Duration::seconds(session.max_age_seconds);
    jar.add(own(app, session.token.expose().to_owned(), max_age));
    if let Some(domain) = app.forward_auth_domain() {
        jar.add(shared(app, &domain, session.forward_token.expose().to_owned(), max_age));
    }
}

/// Has the browser forget its session.
pub fn forget(app: &App, jar: &CookieJar<'_>) {
    jar.remove(own(app, String::new(), Duration::ZERO));
    if let Some(domain) = app.forward_auth_domain() {
        jar.remove(shared(app, &domain, String::new(), Duration::ZERO));
    }
}

/// The cookie that opens this server, and which no other host gets.
fn own(app: &App, value: String, max_age: Duration) -> HttpCookie<'static> {
    made(app, names(app.is_public_over_https()).session, value, max_age)
}

/// The cookie that all hosts of the domain get, and which is good for forward-auth only.
fn shared(app: &App, domain: &str, value: String, max_age: Duration) -> HttpCookie<'static> {
    let mut cookie = made(app, names(app.is_public_over_https()).forward, value, max_age);
    cookie.set_domain(domain.to_owned());
    cookie
}

fn names(encrypted: bool) -> &'static Names {
    if encrypted { &SECURE } else { &PLAIN }
}

fn made(app: &App, name: &'static str, value: String, max_age: Duration) -> HttpCookie<'static> {
    HttpCookie::build((name, value))
        .path("/")
        .http_only(true)
        .secure(app.is_public_over_https())
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .build()
}
