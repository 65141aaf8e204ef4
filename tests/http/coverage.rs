//! No route escapes: every route that is mounted is called as guest and as stranger, and has its line here.
//!
//! A new route fails this test until somebody has written down what strangers get from it.

use std::collections::BTreeSet;

use rocket::http::Method;
use serde_json::json;

use crate::fixture::PASSWORD;
use crate::harness::TestApp;

/// Method and address of a route as it is mounted; an address to call it by, which names what only superusers may
/// reach (collection `vault`, record `gold`) wherever a route takes a name; what guests and strangers get.
pub const ROUTES: &[(&str, &str, u16, u16)] = &[
    ("GET /", "/", 200, 200),
    ("GET /_", "/_/", 303, 303),
    ("GET /_/<name>", "/_/logs", 303, 303),
    ("GET /_/<_..>", "/_/nothing/at/all", 303, 303),
    ("POST /_/<_..>", "/_/nothing", 403, 403),
    ("GET /_/session", "/_/session", 401, 401),
    ("GET /_/accent/<name>", "/_/accent/red.css", 404, 404),
    ("GET /_/findings", "/_/findings", 303, 303),
    ("POST /_/demo", "/_/demo", 403, 403),
    ("POST /_/preview-mail", "/_/preview-mail", 403, 403),
    ("POST /_/check-rule", "/_/check-rule", 403, 403),
    ("POST /_/collections/<collection>/import?<format>&<key>", "/_/collections/vault/import?format=csv", 403, 403),
    ("POST /_/access/simulate", "/_/access/simulate", 403, 403),
    ("GET /_/access/report.json", "/_/access/report.json", 303, 303),
    ("GET /_/collections/<collection>", "/_/collections/vault", 303, 303),
    ("GET /_/collections/<collection>/edit", "/_/collections/vault/edit", 303, 303),
    ("GET /_/collections/<collection>/api", "/_/collections/vault/api", 303, 303),
    ("GET /_/setup/<token>", "/_/setup/guess", 404, 404),
    ("POST /_/setup/<token>", "/_/setup/guess", 404, 404),
    ("GET /_/setup/<token>/backup", "/_/setup/guess/backup", 404, 404),
    ("POST /_/setup/<token>/backup", "/_/setup/guess/backup", 404, 404),
    ("GET /static/<path..>?<v>", "/static/missing.css", 404, 404),
    ("GET /auth/<collection>", "/auth/vault", 404, 404),
    ("GET /auth/<collection>/sign-in", "/auth/vault/sign-in", 404, 404),
    ("POST /auth/<collection>/sign-in", "/auth/vault/sign-in", 404, 404),
    ("GET /auth/<collection>/sign-up", "/auth/vault/sign-up", 404, 404),
    ("POST /auth/<collection>/sign-up", "/auth/vault/sign-up", 404, 404),
    ("GET /auth/<collection>/sign-up/done", "/auth/vault/sign-up/done", 404, 404),
    ("GET /auth/<collection>/forgot", "/auth/vault/forgot", 404, 404),
    ("POST /auth/<collection>/forgot", "/auth/vault/forgot", 404, 404),
    ("GET /auth/<collection>/forgot/done", "/auth/vault/forgot/done", 404, 404),
    ("GET /auth/<collection>/reset?<token>", "/auth/vault/reset", 404, 404),
    ("POST /auth/<collection>/reset", "/auth/vault/reset", 404, 404),
    ("GET /auth/<collection>/verify?<token>", "/auth/vault/verify", 404, 404),
    ("POST /auth/<collection>/verify", "/auth/vault/verify", 404, 404),
    ("GET /auth/<collection>/change-email?<token>", "/auth/vault/change-email", 404, 404),
    ("POST /auth/<collection>/change-email", "/auth/vault/change-email", 404, 404),
    ("GET /auth/<collection>/code", "/auth/vault/code", 404, 404),
    ("POST /auth/<collection>/code", "/auth/vault/code", 404, 404),
    ("GET /auth/<collection>/code/enter", "/auth/vault/code/enter", 404, 404),
    ("POST /auth/<collection>/code/enter", "/auth/vault/code/enter", 404, 404),
    ("GET /auth/<collection>/second-factor", "/auth/vault/second-factor", 404, 404),
    ("POST /auth/<collection>/second-factor", "/auth/vault/second-factor", 404, 404),
    ("POST /auth/<collection>/second-factor/app", "/auth/vault/second-factor/app", 404, 404),
    ("POST /auth/<collection>/second-factor/app/confirm", "/auth/vault/second-factor/app/confirm", 404, 404),
    ("GET /auth/<collection>/account", "/auth/vault/account", 404, 404),
    ("POST /auth/<collection>/account/end", "/auth/vault/account/end", 404, 404),
    ("POST /auth/<collection>/account/end-others", "/auth/vault/account/end-others", 404, 404),
    ("POST /auth/<collection>/sign-out", "/auth/vault/sign-out", 404, 404),
    ("POST /auth/<collection>/account/verify", "/auth/vault/account/verify", 404, 404),
    ("GET /auth/<collection>/account/email", "/auth/vault/account/email", 404, 404),
    ("POST /auth/<collection>/account/email", "/auth/vault/account/email", 404, 404),
    ("GET /auth/<collection>/account/password", "/auth/vault/account/password", 404, 404),
    ("POST /auth/<collection>/account/password", "/auth/vault/account/password", 404, 404),
    ("GET /auth/<collection>/account/app", "/auth/vault/account/app", 404, 404),
    ("POST /auth/<collection>/account/app", "/auth/vault/account/app", 404, 404),
    ("POST /auth/<collection>/account/app/confirm", "/auth/vault/account/app/confirm", 404, 404),
    ("POST /auth/<collection>/account/app/remove", "/auth/vault/account/app/remove", 404, 404),
    ("GET /auth/<collection>/account/recovery-codes", "/auth/vault/account/recovery-codes", 404, 404),
    ("POST /auth/<collection>/account/recovery-codes", "/auth/vault/account/recovery-codes", 404, 404),
    ("GET /auth/<collection>/account/passkeys", "/auth/vault/account/passkeys", 404, 404),
    ("POST /auth/<collection>/account/passkeys", "/auth/vault/account/passkeys", 404, 404),
    ("GET /livez", "/livez", 200, 200),
    ("GET /readyz", "/readyz", 200, 200),
    ("GET /metrics", "/metrics", 401, 403),
    ("OPTIONS /<_..>", "/api/collections/vault", 204, 204),
    ("GET /api/health", "/api/health", 200, 200),
    ("POST /api/batch", "/api/batch", 403, 403),
    ("POST /api/sql", "/api/sql", 401, 403),
    ("DELETE /api/sql/<name>", "/api/sql/mine", 401, 403),
    ("GET /api/collections", "/api/collections", 401, 403),
    ("POST /api/collections", "/api/collections", 401, 403),
    ("GET /api/collections/<collection>", "/api/collections/vault", 401, 403),
    ("PATCH /api/collections/<collection>", "/api/collections/vault", 401, 403),
    ("DELETE /api/collections/<collection>", "/api/collections/vault", 401, 403),
    ("DELETE /api/collections/<collection>/truncate", "/api/collections/vault/truncate", 401, 403),
    ("PUT /api/collections/import", "/api/collections/import", 401, 403),
    ("GET /api/collections/meta/scaffolds", "/api/collections/meta/scaffolds", 401, 403),
    ("GET /api/collections/meta/oauth2-providers", "/api/collections/meta/oauth2-providers", 401, 403),
    ("POST /api/collections/meta/dry-run-view", "/api/collections/meta/dry-run-view", 401, 403),
    ("GET /api/collections/<collection>/records", "/api/collections/vault/records", 403, 403),
    ("POST /api/collections/<collection>/records", "/api/collections/vault/records", 403, 403),
    ("GET /api/collections/<collection>/records/<id>", "/api/collections/vault/records/gold00000000000", 403, 403),
    ("PATCH /api/collections/<collection>/records/<id>", "/api/collections/vault/records/gold00000000000", 403, 403),
    ("DELETE /api/collections/<collection>/records/<id>", "/api/collections/vault/records/gold00000000000", 403, 403),
    ("GET /api/collections/<collection>/auth-methods", "/api/collections/vault/auth-methods", 404, 404),
    ("POST /api/collections/<collection>/auth-with-password", "/api/collections/vault/auth-with-password", 404, 404),
    ("POST /api/collections/<collection>/auth-with-oauth2", "/api/collections/vault/auth-with-oauth2", 404, 404),
    ("GET /auth/<collection>/oauth2/<provider>", "/auth/vault/oauth2/google", 404, 404),
    ("GET /api/oauth2-redirect", "/api/oauth2-redirect?state=guess&code=gold", 307, 307),
    ("POST /api/oauth2-redirect", "/api/oauth2-redirect", 303, 303),
    ("POST /api/collections/<collection>/auth-with-totp", "/api/collections/vault/auth-with-totp", 404, 404),
    (
        "POST /api/collections/<collection>/auth-with-recovery-code",
        "/api/collections/vault/auth-with-recovery-code",
        404,
        404,
    ),
    ("POST /api/collections/<collection>/passkey-options", "/api/collections/vault/passkey-options", 404, 404),
    ("POST /api/collections/<collection>/auth-with-passkey", "/api/collections/vault/auth-with-passkey", 404, 404),
    ("GET /api/account/factors", "/api/account/factors", 401, 200),
    ("DELETE /api/account/factors", "/api/account/factors?collection=people&record=ada000000000000", 401, 403),
    ("POST /api/account/totp", "/api/account/totp", 401, 200),
    ("POST /api/account/totp/confirm", "/api/account/totp/confirm", 401, 400),
    ("DELETE /api/account/totp", "/api/account/totp", 401, 404),
    ("POST /api/account/recovery-codes", "/api/account/recovery-codes", 401, 400),
    ("POST /api/account/passkeys/options", "/api/account/passkeys/options", 401, 200),
    ("POST /api/account/passkeys", "/api/account/passkeys", 401, 400),
    ("PATCH /api/account/passkeys/<id>", "/api/account/passkeys/gold00000000000", 401, 404),
    ("DELETE /api/account/passkeys/<id>", "/api/account/passkeys/gold00000000000", 401, 404),
    ("GET /api/session", "/api/session", 200, 200),
    ("POST /api/session/logout", "/api/session/logout", 204, 400),
    ("GET /api/sessions", "/api/sessions?collection=people&record=ada000000000000", 401, 403),
    ("DELETE /api/sessions", "/api/sessions?collection=people&record=ada000000000000", 401, 403),
    ("DELETE /api/sessions/<id>", "/api/sessions/unknown", 401, 404),
    ("GET /api/keys", "/api/keys?collection=people&record=ada000000000000", 401, 403),
    ("POST /api/keys", "/api/keys?collection=people&record=ada000000000000", 401, 403),
    ("PATCH /api/keys/<id>", "/api/keys/unknown", 401, 404),
    ("DELETE /api/keys/<id>", "/api/keys/unknown", 401, 404),
    ("GET /api/forward-auth", "/api/forward-auth?collection=staff", 401, 403),
    ("POST /api/collections/<collection>/auth-refresh", "/api/collections/_superusers/auth-refresh", 401, 403),
    ("POST /api/collections/<collection>/impersonate/<id>", "/api/collections/people/impersonate/gold", 401, 403),
    ("POST /api/files/token", "/api/files/token", 401, 200),
    ("GET /api/files/<collection>/<id>/<name>", "/api/files/vault/gold00000000000/gold.txt", 404, 404),
    ("POST /api/uploads", "/api/uploads", 412, 412),
    ("HEAD /api/uploads/<id>", "/api/uploads/gold", 412, 412),
    ("PATCH /api/uploads/<id>", "/api/uploads/gold", 412, 412),
    ("DELETE /api/uploads/<id>", "/api/uploads/gold", 412, 412),
    ("GET /api/realtime", "/api/realtime", 200, 200),
    ("GET /api/realtime/ws", "/api/realtime/ws", 400, 400),
    ("POST /api/realtime", "/api/realtime", 400, 400),
    ("POST /api/collections/<collection>/request-otp", "/api/collections/vault/request-otp", 404, 404),
    ("POST /api/collections/<collection>/auth-with-otp", "/api/collections/vault/auth-with-otp", 404, 404),
    (
        "POST /api/collections/<collection>/request-verification",
        "/api/collections/vault/request-verification",
        404,
        404,
    ),
    (
        "POST /api/collections/<collection>/confirm-verification",
        "/api/collections/vault/confirm-verification",
        404,
        404,
    ),
    (
        "POST /api/collections/<collection>/request-password-reset",
        "/api/collections/vault/request-password-reset",
        404,
        404,
    ),
    (
        "POST /api/collections/<collection>/confirm-password-reset",
        "/api/collections/vault/confirm-password-reset",
        404,
        404,
    ),
    (
        "POST /api/collections/<collection>/request-email-change",
        "/api/collections/vault/request-email-change",
        401,
        403,
    ),
    (
        "POST /api/collections/<collection>/confirm-email-change",
        "/api/collections/vault/confirm-email-change",
        404,
        404,
    ),
    ("GET /api/backups", "/api/backups", 401, 403),
    ("POST /api/backups", "/api/backups", 401, 403),
    ("POST /api/backups/upload", "/api/backups/upload", 401, 403),
    ("GET /api/backups/<key>", "/api/backups/gold.zip", 403, 403),
    ("DELETE /api/backups/<key>", "/api/backups/gold.zip", 401, 403),
    ("POST /api/backups/<key>/restore", "/api/backups/gold.zip/restore", 401, 403),
    ("GET /api/mails", "/api/mails", 401, 403),
    ("GET /api/mails/<id>", "/api/mails/gold00000000000", 401, 403),
    ("POST /api/mails/<id>/retry", "/api/mails/gold00000000000/retry", 401, 403),
    ("GET /api/logs", "/api/logs", 401, 403),
    ("GET /api/logs/stats", "/api/logs/stats", 401, 403),
    ("GET /api/logs/<id>", "/api/logs/gold00000000000", 401, 403),
    ("DELETE /api/logs", "/api/logs", 401, 403),
    ("GET /api/settings", "/api/settings", 401, 403),
    ("PATCH /api/settings", "/api/settings", 401, 403),
    ("POST /api/settings/test/s3", "/api/settings/test/s3", 401, 403),
    ("POST /api/settings/test/email", "/api/settings/test/email", 401, 403),
    ("POST /api/settings/apple/generate-client-secret", "/api/settings/apple/generate-client-secret", 401, 403),
    ("GET /api/crons", "/api/crons", 401, 403),
    ("POST /api/crons/<id>", "/api/crons/__pbLogsCleanup__", 401, 403),
];

/// The routes above that answer a stranger with a success, each with the reason. This list may only shrink.
const OPEN: &[(&str, &str)] = &[
    ("GET /", "says that the server runs"),
    ("GET /livez", "for what watches the server; says that it answers"),
    ("GET /readyz", "the same; says whether each part works, and not why it doesn't"),
    ("OPTIONS /<_..>", "browsers ask before they send; the answer doesn't depend on the address"),
    ("GET /api/health", "for load balancers"),
    ("GET /api/oauth2-redirect", "leads on; without a sign-in that somebody has begun, nothing comes of it"),
    ("POST /api/oauth2-redirect", "the same"),
    ("GET /api/account/factors", "the caller's own"),
    ("POST /api/account/totp", "the caller's own, with their password"),
    ("POST /api/account/passkeys/options", "the caller's own, with their password"),
    ("GET /api/session", "tells everybody who they are, and nothing else"),
    ("POST /api/files/token", "a token for one's own files; what it opens is decided when it is used"),
    ("GET /api/realtime", "an empty stream, which doesn't end by itself; who may hear what is decided by topic"),
];
const OPEN_MAX: usize = 13;

/// The route whose answer has no end.
const STREAM: &str = "GET /api/realtime";

#[test]
fn every_route_is_in_the_table_and_every_line_is_a_route() {
    let app = TestApp::new();
    let mounted: Vec<String> = app.routes().iter().map(|route| format!("{} {}", route.method, route.uri)).collect();
    let listed: Vec<String> = ROUTES.iter().map(|(route, ..)| (*route).to_owned()).collect();
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(set(&mounted), set(&listed));
    assert_eq!(mounted.len(), listed.len(), "a route is mounted or listed twice");
}

#[test]
fn strangers_get_from_every_route_what_the_table_says() {
    let app = TestApp::new();
    // Whoever may call these routes could do it with this body.
    let body = json!({
        "name": "new", "type": "base", "collections": [], "query": "SELECT id FROM vault", "content": "x",
        "identity": "ada@holdall.test", "password": PASSWORD,
    });
    let before = snapshot(&app);
    for (route, address, guest, stranger) in ROUTES {
        let method: Method = route.split(' ').next().and_then(|method| method.parse().ok()).expect("a method");
        for (who, expect) in [(app.guest(), *guest), (app.as_user("eve"), *stranger)] {
            let call = who.call(method, address);
            let call = if matches!(method, Method::Get | Method::Options) { call } else { call.json(&body) };
            if *route == STREAM {
                assert_eq!(call.open().status(), expect, "{route}");
                continue;
            }
            let answer = call.send();
            assert_eq!(answer.status, expect, "{route}: {}", answer.text());
            if route.contains("/api/") && expect >= 400 && method != Method::Head {
                answer.expect(expect);
            }
            assert!(!answer.text().contains("gold"), "{route} shows what is in the vault: {}", answer.text());
        }
    }
    assert_eq!(snapshot(&app), before, "somebody who may do nothing has changed something");
}

#[test]
fn the_list_of_open_routes_may_only_shrink() {
    // Pages of the dashboard lead strangers to the sign-in (303), and show nothing.
    let is_open = |route: &str, status: u16| status < 400 && !(status == 303 && route.contains(" /_"));
    let open: Vec<&str> =
        ROUTES.iter().filter(|(route, .., stranger)| is_open(route, *stranger)).map(|(route, ..)| *route).collect();
    let listed: Vec<&str> = OPEN.iter().map(|(route, _)| *route).collect();
    assert_eq!(open, listed);
    assert!(listed.len() <= OPEN_MAX, "there are {} exceptions, and there were {OPEN_MAX}", listed.len());
}

/// All collections and what is in the vault.
fn snapshot(app: &TestApp) -> (String, String) {
    let root = app.as_superuser();
    (root.get("/api/collections").text(), root.list("vault", &[]).text())
}
