//! A cookie counts for this server's own pages only: origin × method × credential, with and without CORS.

use holdall::settings::Config;
use rocket::http::Method;
use serde_json::json;

use crate::browser::{Browser, SESSION, set_cookies};
use crate::fixture::PASSWORD;
use crate::harness::{Answer, Call, TestApp, id, item, record, text};

/// Headers by which a browser says where a request comes from.
type Origin = &'static [(&'static str, &'static str)];

/// What a request with nothing but a cookie counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    /// For whoever has the session.
    Ada,
    /// For a guest: the cookie is left out of account.
    Guest,
    /// For nothing: it is refused.
    Refused,
}
use Counts::{Ada, Guest, Refused};

const OWN: &str = "http://127.0.0.1:8090";

/// Where a request comes from; what its cookie counts as when it reads, and when it changes something.
const ORIGINS: &[(&str, Origin, Counts, Counts)] = &[
    ("own page", &[("Sec-Fetch-Site", "same-origin"), ("Origin", OWN)], Ada, Ada),
    ("own page, without Origin", &[("Sec-Fetch-Site", "same-origin")], Ada, Ada),
    ("own page in an old browser", &[("Origin", OWN)], Ada, Ada),
    ("own page by another name of ours", &[("Origin", "http://box.lan"), ("Host", "box.lan")], Ada, Ada),
    ("own page behind a proxy with TLS", &[("Origin", "https://box.lan"), ("Host", "box.lan")], Ada, Ada),
    ("no headers at all", &[], Ada, Refused),
    ("typed address", &[("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")], Ada, Refused),
    ("typed, with an Origin that claims to be ours", &[("Sec-Fetch-Site", "none"), ("Origin", OWN)], Ada, Refused),
    ("other site", &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")], Guest, Refused),
    ("other site in an old browser", &[("Origin", "https://evil.example")], Guest, Refused),
    (
        "sub-domain or other port",
        &[("Sec-Fetch-Site", "same-site"), ("Origin", "http://127.0.0.1:3000")],
        Guest,
        Refused,
    ),
    ("the same in an old browser", &[("Origin", "http://127.0.0.1:3000")], Guest, Refused),
    ("sandboxed frame", &[("Origin", "null")], Guest, Refused),
    ("sandboxed frame, told by the browser", &[("Sec-Fetch-Site", "cross-site"), ("Origin", "null")], Guest, Refused),
    ("link on another site", &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], Ada, Refused),
    (
        "form on another site",
        &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Origin", "https://evil.example")],
        Ada,
        Refused,
    ),
    (
        "frame on another site",
        &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")],
        Guest,
        Refused,
    ),
    ("other site that claims to be ours", &[("Sec-Fetch-Site", "cross-site"), ("Origin", OWN)], Guest, Refused),
    ("our name as the beginning of another", &[("Origin", "http://127.0.0.1:8090.evil.example")], Guest, Refused),
    ("our name as a user's", &[("Origin", "http://127.0.0.1:8090@evil.example")], Guest, Refused),
    ("our name with another scheme", &[("Origin", "ftp://127.0.0.1:8090")], Guest, Refused),
    ("empty Origin", &[("Origin", "")], Guest, Refused),
    ("host in a header for proxies", &[("Origin", "http://x.lan"), ("X-Forwarded-Host", "x.lan")], Guest, Refused),
    ("another name of ours, by another host", &[("Origin", "http://x.lan"), ("Host", "box.lan")], Guest, Refused),
    ("rubbish", &[("Sec-Fetch-Site", "Same-Origin "), ("Origin", OWN)], Guest, Refused),
];

/// A request of every method, what it is answered for Ada, and what for guests.
fn requests(app: &TestApp) -> Vec<(Method, String, serde_json::Value, u16, u16)> {
    let article = app.as_superuser().create("articles", json!({"title": "doomed", "owner": id("ada")}));
    vec![
        (Method::Get, record("articles", &id("second")), json!(null), 200, 404),
        (Method::Head, record("articles", &id("second")), json!(null), 200, 404),
        (Method::Post, "/api/collections/comments/records".to_owned(), json!({"text": "x"}), 200, 400),
        (Method::Patch, record("people", &id("ada")), json!({"friend": ""}), 200, 404),
        (Method::Delete, record("articles", &text(&article["id"])), json!(null), 204, 404),
        (
            Method::Post,
            "/api/batch".to_owned(),
            json!({"requests": [item("POST", "/api/collections/comments/records", json!({"text": "x"}))]}),
            200,
            400,
        ),
    ]
}

fn with<'a>(call: Call<'a>, origin: Origin) -> Call<'a> {
    origin.iter().fold(call, |call, (name, value)| call.header(name, value))
}

fn send(call: Call<'_>, body: &serde_json::Value, origin: Origin) -> Answer {
    let call = if body.is_null() { call } else { call.json(body) };
    with(call, origin).send()
}

#[test]
fn cookies_count_for_own_pages_only() {
    for cors in [&["*"][..], &["https://evil.example", "http://127.0.0.1:3000"], &[]] {
        let cors: Vec<String> = cors.iter().map(|&origin| origin.to_owned()).collect();
        let configure = |config: &mut Config| {
            config.cors_origins = cors.clone();
            config.batch_enabled = true;
        };
        let app = TestApp::configured(configure, Vec::new());
        let browser = Browser::of(&app, "ada");
        let key = browser.post("/api/keys", json!({"name": "all", "scope": null})).expect(200);
        let (token, key) = (app.token_of("ada").to_owned(), text(&key["key"]));
        for &(place, origin, reads, writes) in ORIGINS {
            let requests = requests(&app);
            for (method, path, body, ada, guest) in &requests {
                let what = format!("{method}, {place}, CORS for {cors:?}");
                let safe = matches!(method, Method::Get | Method::Head);
                let expect = match if safe { reads } else { writes } {
                    Ada => *ada,
                    Guest => *guest,
                    Refused => 403,
                };
                // Without anything, everybody is a guest, and nobody is refused for where they come from.
                assert_eq!(send(app.guest().call(*method, path), body, origin).status, *guest, "none: {what}");
                let answer = send(browser.call(*method, path), body, origin);
                assert_eq!(answer.status, expect, "cookie: {what}: {}", answer.text());
                assert_eq!(answer.header("Access-Control-Allow-Credentials"), None, "{what}");
                assert!(set_cookies(&answer).is_empty(), "{what}");
            }
        }
        // Whoever has a token or a key has it from us and not from the browser: it counts from everywhere.
        for &(place, origin, ..) in ORIGINS {
            for (credential, value) in [("token", &token), ("API key", &key)] {
                for beside in ["alone", "beside a cookie"] {
                    for (method, path, body, ada, _) in requests(&app) {
                        let call = match beside {
                            "alone" => app.guest().call(method, &path),
                            _ => browser.call(method, &path),
                        };
                        let answer = send(call.header("Authorization", &format!("Bearer {value}")), &body, origin);
                        assert_eq!(answer.status, ada, "{credential} {beside}: {method}, {place}: {}", answer.text());
                    }
                }
            }
        }
    }
}

#[test]
fn other_sites_begin_and_end_no_sessions() {
    let app = TestApp::new();
    let form = json!({"identity": "ada", "password": PASSWORD});
    let path = "/api/collections/people/auth-with-password";
    let ours = |place: &str| {
        ["own page", "no headers", "typed"].iter().any(|start| place.starts_with(start)) || place == "our own"
    };
    for &(place, origin, ..) in ORIGINS {
        for (address, header) in [(format!("{path}?session=cookie"), None), (path.to_owned(), Some("cookie"))] {
            let call = app.guest().call(Method::Post, &address).json(&form);
            let call = header.into_iter().fold(call, |call, value| call.header("X-Session", value));
            let answer = with(call, origin).send();
            assert_eq!(answer.status, if ours(place) { 200 } else { 403 }, "{place}: {}", answer.text());
            assert_eq!(set_cookies(&answer).is_empty(), !ours(place), "{place}");
        }
        // A token is for whoever gets the answer, which CORS decides about.
        with(app.guest().call(Method::Post, path).json(&form), origin).send().expect(200);
    }
    let browser = Browser::of(&app, "ada");
    for &(place, origin, _, writes) in ORIGINS.iter().filter(|(.., writes)| *writes == Refused) {
        for (method, path) in [
            (Method::Post, "/api/session/logout"),
            (Method::Delete, "/api/sessions"),
            (Method::Post, "/api/keys"),
            (Method::Post, "/api/collections/people/auth-refresh"),
            (Method::Post, "/api/collections/people/auth-with-password"),
        ] {
            let answer = with(browser.call(method, path).json(&json!({"name": "x", "scope": null})), origin).send();
            assert_eq!((answer.status, writes), (403, Refused), "{method} {path}, {place}: {}", answer.text());
            assert!(set_cookies(&answer).is_empty(), "{place}");
        }
    }
    assert!(browser.is_signed_in());
    // Who is signed in, and the token that forms carry, isn't told to other sites.
    let call = browser.call(Method::Get, "/api/session").header("Origin", "https://evil.example");
    assert_eq!(call.send().expect(200), json!({"credential": "none", "record": null}));
}

#[test]
fn over_https_a_page_of_plain_http_is_not_ours() {
    let app = TestApp::configured(|config| config.public_url = Some("https://a.example/base".to_owned()), Vec::new());
    let browser = Browser::of(&app, "ada");
    for (origin, host, expect) in [
        ("https://a.example", "a.example", 200),
        ("https://A.example", "127.0.0.1:8090", 200),
        ("https://box.lan", "box.lan", 200),
        ("http://a.example", "a.example", 403),
        ("http://box.lan", "box.lan", 403),
        ("https://a.example:444", "a.example", 403),
    ] {
        let call = browser.call(Method::Post, "/api/collections/comments/records").json(&json!({"text": "x"}));
        let answer = call.header("Origin", origin).header("Host", host).send();
        assert_eq!(answer.status, expect, "{origin} at {host}: {}", answer.text());
    }
}

#[test]
fn a_foreign_cookie_is_no_session() {
    let app = TestApp::new();
    let browser = Browser::of(&app, "ada");
    let good = browser.cookie(SESSION).expect("a cookie");
    let list = browser.get("/api/sessions").expect(200);
    let session = text(&list["items"][0]["id"]);
    for value in ["", "x", &good[1..], &format!("{good}x"), &good.to_uppercase(), &session, app.token_of("ada")] {
        let other = Browser::new(&app);
        other.set_cookie(SESSION, value);
        assert!(!other.is_signed_in(), "{value}");
    }
    for name in ["holdall_forward", "__Host-holdall_session", "session", "HOLDALL_SESSION"] {
        let other = Browser::new(&app);
        other.set_cookie(name, &good);
        assert!(!other.is_signed_in(), "{name}");
    }
}
