//! What the log of requests is told of each, and what is counted of it: a fairing that notes begin and end, and where
//! others note the rest.
//!
//! Attached by [`super::server`] behind [`super::headers`]. Counted is every request, by the route as it is mounted.
//! Logged is every request to the API, whatever changes something, and whatever failed; not what browsers ask before
//! they send, the streams of realtime, looks at the log itself, and the questions of programs that watch whether the
//! server is up, which come every few seconds. Nothing of a body is ever noted. Not here: what becomes of an entry
//! (`logs`), the terminal's log (`respond`).

use std::time::Instant;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::{Data, Request, Response};
use serde_json::Value as Json;

use crate::app::{App, Trace};
use crate::base::Error;
use crate::logs::{Failure, RequestLog};
use crate::monitor::spans;
use crate::web::guards::{clean_path, client_ip};
use crate::web::peer::peer;
use crate::web::probes::FREQUENT;

/// The log itself, and the routes below it.
const LOGS: &str = "/api/logs";
/// The streams of realtime, which end when their clients like.
const STREAMS: [&str; 2] = ["/api/realtime", "/api/realtime/ws"];

/// How requests are counted that no route has taken.
const NO_ROUTE: &str = "none";

/// See the module.
pub struct Activity;

/// What is known of a request from its begin on.
struct Begun {
    at: Instant,
    /// As it was sent: Rocket makes GET of HEAD on the way to a route.
    method: Method,
    trace: Trace,
}

fn begun<'r>(request: &'r Request<'_>) -> &'r Begun {
    request.local_cache(|| Begun { at: Instant::now(), method: request.method(), trace: Trace::default() })
}

/// Where whoever handles this request notes what becomes known of it.
pub(super) fn trace(request: &Request<'_>) -> Trace {
    begun(request).trace.clone()
}

/// Notes that the request is answered with an error.
pub(super) fn note_failure(request: &Request<'_>, error: &Error, request_id: Option<&str>) {
    let details = [field_codes(error), error.cause_text()];
    let details: Vec<String> = details.into_iter().filter(|text| !text.is_empty()).collect();
    begun(request).trace.note_failure(Failure {
        message: error.message(),
        details: (!details.is_empty()).then(|| details.join("; ")),
        request_id: request_id.map(str::to_owned),
    });
}

/// The codes of field errors under their dotted paths: `email: validation_required`. Not the messages, which may say
/// what was sent.
fn field_codes(error: &Error) -> String {
    fn add(codes: &mut Vec<String>, path: &str, node: &Json) {
        let Some(map) = node.as_object() else { return };
        if let Some(code) = map.get("code").and_then(Json::as_str) {
            codes.push(format!("{path}: {code}"));
            return;
        }
        for (name, inner) in map {
            add(codes, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, inner);
        }
    }
    let mut codes = Vec::new();
    if !error.fields().is_empty()
        && let Ok(fields) = serde_json::to_value(error.fields())
    {
        add(&mut codes, "", &fields);
    }
    codes.join(", ")
}

#[rocket::async_trait]
impl Fairing for Activity {
    fn info(&self) -> Info {
        Info { name: "activity", kind: Kind::Request | Kind::Response | Kind::Singleton }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let Begun { method, trace, .. } = begun(request);
        trace.set_span(spans::request(method.as_str(), request.headers().get_one("traceparent")));
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Begun { at, method, trace } = begun(request);
        if let Some(app) = request.rocket().state::<App>() {
            let route = request.route().map_or(NO_ROUTE, |route| mounted(route.uri.as_str()));
            app.note_answer(route, method.as_str(), response.status().code, at.elapsed());
            spans::answered(&trace.span(), method.as_str(), route, response.status().code);
        }
        let (path, status) = (request.uri().path().as_str(), response.status().code);
        let failed = trace.failure().is_some() || status >= 400;
        let Some(app) = request.rocket().state::<App>() else { return };
        if !is_logged(*method, path, status, failed) || !app.wants_log(failed) {
            return;
        }
        let header = |name| request.headers().get_one(name).unwrap_or_default();
        let account = trace.account();
        app.log_request(RequestLog {
            status,
            exec_time_ms: at.elapsed().as_secs_f64() * 1000.0,
            auth: account.map_or(String::new(), |(collection, _)| collection.to_owned()),
            auth_id: account.map(|(_, id)| id.to_owned()),
            user_ip: Some(client_ip(request)),
            remote_ip: Some(peer(request)),
            failure: trace.failure().cloned(),
            ..RequestLog::new(method.as_str(), &request.uri().to_string())
                .from_client(header("Referer"), header("User-Agent"))
        });
    }
}

/// The path of a route, without what it says of queries.
fn mounted(route: &str) -> &str {
    route.split('?').next().unwrap_or(route)
}

/// Whether a request is worth an entry.
fn is_logged(method: Method, path: &str, status: u16, failed: bool) -> bool {
    if method == Method::Options || FREQUENT.contains(&path) {
        return false;
    }
    if failed {
        return true;
    }
    let reads = matches!(method, Method::Get | Method::Head);
    if !path.starts_with("/api/") {
        return !reads;
    }
    let is_log = path.strip_prefix(LOGS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_stream = reads && STREAMS.contains(&path);
    // On the way to the clean path, where the request comes again.
    let is_moved = (300..400).contains(&status) && clean_path(path).is_some();
    !(is_log || is_stream || is_moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FieldError, FieldErrors};

    #[test]
    fn what_is_logged() {
        use Method::{Delete, Get, Head, Options, Post, Put};
        for (method, path, status, failed, expect) in [
            (Get, "/api/health", 200, false, true),
            (Head, "/api/health", 200, false, true),
            (Options, "/api/health", 204, false, false),
            (Get, "/api/collections/a/records", 304, false, true),
            (Get, "/api//health", 307, false, false),
            (Get, "/api/oauth2-redirect", 307, false, true),
            (Get, "/api/logs", 200, false, false),
            (Get, "/api/logs/stats", 200, false, false),
            (Delete, "/api/logs", 204, false, false),
            (Get, "/api/logs", 401, true, true),
            (Get, "/api/logsx", 200, false, true),
            (Get, "/api/realtime", 200, false, false),
            (Post, "/api/realtime", 204, false, true),
            (Get, "/api/realtime/ws", 101, false, false),
            (Get, "/api/realtime", 503, true, true),
            (Get, "/", 200, false, false),
            (Get, "/livez", 200, false, false),
            (Get, "/readyz", 503, true, false),
            (Get, "/metrics", 200, false, false),
            (Get, "/metrics", 403, true, true),
            (Get, "/static/page.css", 200, false, false),
            (Get, "/missing", 404, true, true),
            (Post, "/auth/users/sign-in", 303, false, true),
            (Post, "/auth/users/sign-in", 200, true, true),
            (Put, "/", 200, false, true),
        ] {
            assert_eq!(is_logged(method, path, status, failed), expect, "{method} {path} {status} {failed}");
        }
    }

    #[test]
    fn fields_are_named_by_their_codes_only() {
        let mut fields = FieldErrors::new();
        fields.add("email", FieldError::new("validation_is_email", "secret is no address."));
        fields.add("a.b", FieldError::required());
        let error = Error::invalid("No.").with_fields(fields);
        assert_eq!(field_codes(&error), "a.b: validation_required, email: validation_is_email");
        assert_eq!(field_codes(&Error::not_found()), "");
    }
}
