//! Before a request is handled: whether it is admitted, and the headers that say how many more will be.
//!
//! Called by the guards that every route of the API and of the hosted pages has, so before a body is read. The headers
//! are those of the IETF's draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10), with
//! `Retry-After` (RFC 9110) for those who are turned away. Not here: who is admitted (`app`).

use std::sync::Mutex;

use rocket::http::Status;
use rocket::{Request, Response};

use crate::app::{Admission, App, Caller, Quota};
use crate::base::{Error, Result};
use crate::web::form;
use crate::web::probes::FREQUENT;

/// What routes do, as rate limits name it; the most precise first.
#[rustfmt::skip]
pub const TAGS: &[(&str, &[&str])] = &[
    ("GET /api/collections/<collection>/records", &["list"]),
    ("GET /api/collections/<collection>/records/<id>", &["view"]),
    ("POST /api/collections/<collection>/records", &["create"]),
    ("PATCH /api/collections/<collection>/records/<id>", &["update"]),
    ("DELETE /api/collections/<collection>/records/<id>", &["delete"]),
    ("GET /api/files/<collection>/<id>/<name>", &["file"]),
    ("GET /api/collections/<collection>/auth-methods", &["listAuthMethods"]),
    ("POST /api/collections/<collection>/auth-refresh", &["authRefresh"]),
    ("POST /api/collections/<collection>/auth-with-password", &["authWithPassword", "auth"]),
    ("POST /api/collections/<collection>/auth-with-oauth2", &["authWithOAuth2", "auth"]),
    ("POST /api/collections/<collection>/auth-with-otp", &["authWithOTP", "auth"]),
    ("POST /api/collections/<collection>/auth-with-totp", &["authWithTOTP", "auth"]),
    ("POST /api/collections/<collection>/auth-with-recovery-code", &["authWithRecoveryCode", "auth"]),
    ("POST /api/collections/<collection>/auth-with-passkey", &["authWithPasskey", "auth"]),
    ("POST /auth/<collection>/sign-in", &["authWithPassword", "auth"]),
    ("POST /auth/<collection>/code/enter", &["authWithOTP", "auth"]),
    ("POST /auth/<collection>/sign-up", &["create"]),
    ("POST /auth/<collection>/code", &["requestOTP"]),
    ("POST /auth/<collection>/second-factor", &["authWithTOTP", "auth"]),
    ("POST /auth/<collection>/second-factor/app/confirm", &["authWithTOTP", "auth"]),
    ("POST /auth/<collection>/forgot", &["requestPasswordReset"]),
    ("POST /auth/<collection>/reset", &["confirmPasswordReset"]),
    ("POST /auth/<collection>/verify", &["confirmVerification"]),
    ("POST /auth/<collection>/change-email", &["confirmEmailChange"]),
    ("POST /auth/<collection>/account/verify", &["requestVerification"]),
    ("POST /auth/<collection>/account/email", &["requestEmailChange"]),
    ("POST /api/collections/<collection>/request-otp", &["requestOTP"]),
    ("POST /api/collections/<collection>/request-password-reset", &["requestPasswordReset"]),
    ("POST /api/collections/<collection>/confirm-password-reset", &["confirmPasswordReset"]),
    ("POST /api/collections/<collection>/request-verification", &["requestVerification"]),
    ("POST /api/collections/<collection>/confirm-verification", &["confirmVerification"]),
    ("POST /api/collections/<collection>/request-email-change", &["requestEmailChange"]),
    ("POST /api/collections/<collection>/confirm-email-change", &["confirmEmailChange"]),
];

/// What became of a request's admission; kept with the request, as it is asked for more than once.
#[derive(Default)]
struct Outcome {
    quota: Option<Quota>,
    refusal: Mutex<Option<Error>>,
    status: Option<Status>,
}

/// Admits a request once.
///
/// # Errors
/// The status of the refusal, which [`refusal`] has for whoever writes the answer.
pub(super) async fn admit(request: &Request<'_>, caller: &Caller) -> Result<(), Status> {
    let outcome = request.local_cache_async(decide(request, caller)).await;
    outcome.status.map_or(Ok(()), Err)
}

async fn decide(request: &Request<'_>, caller: &Caller) -> Outcome {
    // As routes read it: otherwise each way to escape a letter would be another path.
    let path = request.uri().path();
    let path = path.percent_decode_lossy();
    let Some(app) = request.rocket().state::<App>().filter(|app| app.has_admission()) else {
        return Outcome::default();
    };
    // Whoever watches the server must hear of its state, not of limits.
    if FREQUENT.contains(&path.as_ref()) {
        return Outcome::default();
    }
    let route = request.route().map(|route| format!("{} {}", route.method, route.uri)).unwrap_or_default();
    let collection = request.route().and_then(|route| {
        let at = route.uri.path().trim_start_matches('/').split('/').position(|segment| segment == "<collection>")?;
        form::decode_percent(request.routed_segment(at)?).ok()
    });
    let tags = TAGS.iter().find(|(known, _)| *known == route).map_or(&[][..], |(_, tags)| tags);
    let method = &caller.request.method;
    let asked = Admission { method, path: &path, collection: collection.as_deref(), route: &route, tags };
    let (quota, admitted) = app.admit(caller, &asked).await;
    match admitted {
        Ok(()) => Outcome { quota, ..Outcome::default() },
        Err(error) => {
            let status = Status::from_code(error.kind().status()).unwrap_or(Status::InternalServerError);
            Outcome { quota, refusal: Mutex::new(Some(error)), status: Some(status) }
        }
    }
}

/// Why a request wasn't admitted, for the one answer to it.
pub(super) fn refusal(request: &Request<'_>) -> Option<Error> {
    let outcome = request.local_cache(Outcome::default);
    outcome.refusal.lock().ok()?.take()
}

/// Says in an answer what is left.
pub(super) fn add_headers(request: &Request<'_>, response: &mut Response<'_>) {
    let Some(quota) = &request.local_cache(Outcome::default).quota else { return };
    let Quota { label, limit, window, left, resets_in } = quota;
    response.set_raw_header("RateLimit-Policy", format!("\"{label}\";q={limit};w={}", window.as_secs()));
    let seconds = resets_in.as_secs() + u64::from(resets_in.subsec_nanos() > 0);
    response.set_raw_header("RateLimit", format!("\"{label}\";r={};t={seconds}", left.unwrap_or_default()));
}
