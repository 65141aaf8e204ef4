//! Who sent a request and what its head says: the [`Caller`] that every API route takes in.
//!
//! Runs on every API request, so it does no more than copy. Not here: whether the token is worth anything (`auth`).

use std::net::IpAddr;

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use crate::app::Caller;
use crate::domain::{Context, RequestInfo};
use crate::web::peer::peer;
use crate::web::{activity, admission, proxy, site};

/// Succeeds for clean paths only: Rocket ignores empty segments when it looks for a route, but `/api//health` and
/// `/api/health/` are not the route `/api/health`. They fall through to the 404 catcher, which redirects the first. NUL
/// in a parameter is refused with 400 as it is in bodies: it cuts text short in databases and the tools around them.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for Caller {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let path = request.uri().path().as_str();
        if path.ends_with('/') || clean_path(path).is_some() {
            return Outcome::Forward(Status::NotFound);
        }
        caller_of(request).await
    }
}

/// The same, for the few addresses that people type, where a slash at the end does no harm.
pub struct SlashedCaller(pub Caller);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SlashedCaller {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match clean_path(request.uri().path().as_str()) {
            Some(_) => Outcome::Forward(Status::NotFound),
            None => caller_of(request).await.map(SlashedCaller),
        }
    }
}

async fn caller_of(request: &Request<'_>) -> Outcome<Caller, ()> {
    let query = request.uri().query().map(|query| query_pairs(query.as_str())).unwrap_or_default();
    if query.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Outcome::Error((Status::BadRequest, ()));
    }
    let site = site::of(request);
    let caller = Caller {
        token: request.headers().get_one("Authorization").and_then(token),
        cookie: site::session_cookie(request, site),
        site,
        request: RequestInfo {
            method: request.method().as_str().to_owned(),
            context: Context::Default,
            query,
            headers: request
                .headers()
                .iter()
                .map(|header| (header_key(header.name.as_str()), header.value.into_owned()))
                .collect(),
            body: serde_json::Map::new(),
            uploads: Vec::new(),
        },
        client_ip: client_ip(request),
        trace: activity::trace(request),
    };
    match admission::admit(request, &caller).await {
        Ok(()) => Outcome::Success(caller),
        Err(status) => Outcome::Error((status, ())),
    }
}

/// Where a request comes from: the other end of its connection, or what a proxy says that is trusted.
pub(super) fn client_ip(request: &Request<'_>) -> IpAddr {
    proxy::client_ip(request, peer(request))
}

/// The token of an `Authorization` header: all of it, without an optional `Bearer ` in any case.
fn token(header: &str) -> Option<String> {
    const PREFIX: &str = "bearer ";
    let token = match header.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => &header[PREFIX.len()..],
        _ => header,
    };
    let token = token.trim();
    (!token.is_empty()).then(|| token.to_owned())
}

/// Decoded pairs of a query string. What isn't valid (stray `%`, bytes that aren't UTF-8) is kept as well as possible:
/// dropping a pair could silently drop a filter.
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

/// `X-Some-Header` as rules know it: `x_some_header`.
pub fn header_key(name: &str) -> String {
    name.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// The path without empty, `.` and `..` segments, if it has any; `None` if it is clean. A slash at the end stays.
pub(super) fn clean_path(path: &str) -> Option<String> {
    // The common case is decided by one pass over the bytes: only after a slash can an odd segment begin.
    let odd = path.as_bytes().windows(2).any(|pair| matches!(pair, b"//" | b"/."));
    if !odd {
        return None;
    }
    let mut clean: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                clean.pop();
            }
            segment => clean.push(segment),
        }
    }
    let mut result = String::with_capacity(path.len());
    for segment in &clean {
        result.push('/');
        result.push_str(segment);
    }
    if result.is_empty() || path.ends_with('/') {
        result.push('/');
    }
    (result != path).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_with_or_without_bearer() {
        for (header, expect) in [
            ("abc", Some("abc")),
            ("Bearer abc", Some("abc")),
            ("bEaReR  abc ", Some("abc")),
            ("bearer", Some("bearer")),
            ("Bearer ", None),
            ("", None),
            ("ünï-bear", Some("ünï-bear")),
        ] {
            assert_eq!(token(header).as_deref(), expect, "{header:?}");
        }
    }

    #[test]
    fn query_pairs_survive_anything() {
        for (query, expect) in [
            ("a=1&a=2", vec![("a", "1"), ("a", "2")]),
            ("a=x%20y+z&b", vec![("a", "x y z"), ("b", "")]),
            ("f=50%&g=%zz", vec![("f", "50%"), ("g", "%zz")]),
            ("f=%ff", vec![("f", "\u{fffd}")]),
            ("&&=", vec![("", "")]),
        ] {
            let pairs = query_pairs(query);
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            assert_eq!(pairs, expect, "{query:?}");
        }
    }

    #[test]
    fn headers_are_known_to_rules_in_snake_case() {
        assert_eq!(header_key("X-Some-Header"), "x_some_header");
    }

    #[test]
    fn only_unclean_paths_are_cleaned() {
        for (path, expect) in [
            ("/", None),
            ("/api/health", None),
            ("/api/health/", None),
            ("/.well-known/x", None),
            ("/a/..b/...", None),
            ("//", Some("/")),
            ("//api//health", Some("/api/health")),
            ("/api/./health", Some("/api/health")),
            ("/api/../api/health", Some("/api/health")),
            ("/../../x/", Some("/x/")),
            ("/api/health/..", Some("/api")),
            ("//evil.example/x", Some("/evil.example/x")),
        ] {
            assert_eq!(clean_path(path).as_deref(), expect, "{path:?}");
        }
    }
}
