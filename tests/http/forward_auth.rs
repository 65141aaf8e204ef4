//! What reverse proxies are answered: whose request it is, where to sign in, or no.

use holdall::settings::Config;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::browser::{Browser, SESSION, check_attributes, set_cookies};
use crate::fixture::PASSWORD;
use crate::harness::{Answer, Call, TestApp, collection, id, text};

const FORWARD: &str = "holdall_forward";
const PEOPLE: &str = "/api/forward-auth?collection=people";

/// A window of a browser asks a proxy for an address.
const WINDOW: [(&str, &str); 4] = [
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Host", "wiki.example.test"),
    ("X-Forwarded-Uri", "/page?a=1&b=%C3%B6"),
    ("Accept", "text/html,application/xhtml+xml"),
];

fn shared(config: &mut Config) {
    config.forward_auth_domain = "example.test".to_owned();
    config.public_url = Some("http://auth.example.test".to_owned());
}

fn with<'a>(call: Call<'a>, headers: &[(&str, &str)]) -> Call<'a> {
    headers.iter().fold(call, |call, (name, value)| call.header(name, value))
}

/// The three headers, if the request may pass.
fn identity(answer: &Answer) -> Option<(String, String, String)> {
    let header = |name| answer.header(name).map(str::to_owned);
    let identity = (header("X-Auth-Id")?, header("X-Auth-Collection")?, header("X-Auth-Email")?);
    (answer.status == 200).then_some(identity)
}

fn ada() -> Option<(String, String, String)> {
    Some((id("ada"), "people".to_owned(), "ada@holdall.test".to_owned()))
}

#[test]
fn whoever_is_signed_in_passes_with_their_name() {
    let app = TestApp::configured(shared, Vec::new());
    let browser = Browser::of(&app, "ada");
    let passed = browser.call(Method::Get, PEOPLE).send();
    assert_eq!(identity(&passed), ada(), "{}", passed.text());
    assert_eq!(passed.header("Cache-Control"), Some("no-store"));
    // Where the browser came from says nothing: the request is another service's.
    for site in ["same-origin", "same-site", "cross-site", "none"] {
        assert_eq!(identity(&browser.call(Method::Get, PEOPLE).header("Sec-Fetch-Site", site).send()), ada(), "{site}");
    }
    assert_eq!(identity(&app.as_user("ada").get(PEOPLE)), ada());
    let key = |scope: Json| {
        text(&app.as_user("ada").post("/api/keys", json!({"name": "x", "scope": scope})).expect(200)["key"])
    };
    assert_eq!(identity(&app.with_token(&key(Json::Null)).get(PEOPLE)), ada());
    app.with_token(&key(json!({"*": ["list"]}))).get(PEOPLE).expect(403);
    // A header that is meant for the service doesn't hide the cookie.
    for header in ["Basic YWRhOnNlY3JldA==", "Bearer of.the.service"] {
        assert_eq!(
            identity(&browser.call(Method::Get, PEOPLE).header("Authorization", header).send()),
            ada(),
            "{header}"
        );
    }
    for (collections, expect) in [
        ("people", 200),
        ("c_people", 200),
        ("staff,people", 200),
        ("staff, people", 200),
        ("staff", 403),
        ("_superusers", 403),
        ("", 400),
        ("tags", 400),
        ("nothing", 400),
        ("people,nothing", 400),
    ] {
        let path = format!("/api/forward-auth?collection={}", crate::harness::segment(collections));
        assert_eq!(browser.call(Method::Get, &path).send().status, expect, "{collections}");
    }
    browser.get("/api/forward-auth").expect(400);
    // Who may not sign in any more doesn't pass, even while a session is left.
    app.as_superuser().patch(&collection("staff"), json!({"authRule": "room = 'x'"})).expect(200);
    app.as_superuser().update("people", &id("ada"), json!({"banned": true}));
    assert_eq!(browser.call(Method::Get, PEOPLE).send().status, 401);
}

#[test]
fn services_learn_only_addresses_that_are_verified() {
    let app = TestApp::configured(shared, Vec::new());
    let email = |answer: &Answer| answer.header("X-Auth-Email").map(str::to_owned);
    let ask = || app.as_user("ada").get(PEOPLE);
    assert_eq!(email(&ask()).as_deref(), Some("ada@holdall.test"));
    app.as_superuser().update("people", &id("ada"), json!({"verified": false}));
    let answer = ask();
    // The header is there all the same, so that proxies overwrite what a client has sent under its name.
    assert_eq!((answer.status, email(&answer).as_deref()), (200, Some("")));
}

#[test]
fn strangers_are_sent_to_the_sign_in_page_or_refused() {
    let app = TestApp::configured(shared, Vec::new());
    let page = "http://auth.example.test/auth/people/sign-in";
    let back = "redirect=http%3A%2F%2Fwiki.example.test%2Fpage%3Fa%3D1%26b%3D%25C3%25B6";
    let ask = |path: &str, headers: &[(&str, &str)]| with(app.guest().call(Method::Get, path), headers).send();
    let answer = ask(PEOPLE, &WINDOW);
    assert_eq!((answer.status, answer.header("Location")), (302, Some(&*format!("{page}?{back}"))));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let answer = ask(&format!("{PEOPLE}&answer=401"), &WINDOW);
    answer.expect(401);
    assert_eq!((answer.header("X-Auth-Redirect"), answer.header("Location")), (Some(&*format!("{page}?{back}")), None));
    // Programs, scripts and forms get an answer that they understand.
    for more in [
        [("Accept", "application/json"), ("X-Forwarded-Method", "GET")],
        [("Accept", "text/html"), ("X-Forwarded-Method", "POST")],
        [("Accept", "text/html"), ("Sec-Fetch-Mode", "cors")],
        [("Accept", "text/html"), ("Sec-Fetch-Mode", "no-cors")],
    ] {
        for path in [PEOPLE.to_owned(), format!("{PEOPLE}&answer=401")] {
            let answer = ask(&path, &[&WINDOW[..3], &more[..]].concat());
            answer.expect(401);
            assert_eq!(answer.header("X-Auth-Redirect"), None, "{more:?}");
        }
    }
    let answer = ask(PEOPLE, &[&WINDOW[..3], &[("Accept", "*/*"), ("Sec-Fetch-Mode", "navigate")]].concat());
    assert_eq!(answer.status, 302);
    // A cookie that is no good is as good as none.
    let browser = Browser::new(&app);
    browser.set_cookie(FORWARD, "rubbish");
    assert_eq!(with(browser.call(Method::Get, PEOPLE), &WINDOW).send().status, 302);
}

#[test]
fn the_way_back_leads_to_allowed_places_only() {
    let allow = vec!["https://app.example".to_owned(), "https://other.example/app/".to_owned()];
    let app = TestApp::configured(
        |config| {
            shared(config);
            config.redirect_allow = allow;
        },
        Vec::new(),
    );
    for (scheme, host, path, allowed) in [
        ("http", "wiki.example.test", "/", true),
        ("https", "wiki.example.test", "/x", true),
        ("http", "a.b.example.test:8080", "/", true),
        ("http", "example.test", "/", true),
        ("http", "auth.example.test", "/", true),
        ("https", "app.example", "/any/where?x", true),
        ("https", "other.example", "/app/x", true),
        ("https", "other.example", "/app/../x", false),
        ("https", "other.example", "/app/%2E%2e/x", false),
        ("https", "other.example", "/application", false),
        ("https", "other.example", "/", false),
        ("http", "app.example", "/", false),
        ("https", "app.example.evil.example", "/", false),
        ("http", "evilexample.test", "/", false),
        ("http", "example.test.evil.example", "/", false),
        ("http", "evil.example", "/?wiki.example.test", false),
        ("http", "evil.example#.example.test", "/", false),
        ("http", "evil.example\\.example.test", "/", false),
        ("http", "user@evil.example", "/", false),
        ("http", "evil.example, wiki.example.test", "/", false),
        ("javascript", "wiki.example.test", "/", false),
        ("http", "", "/", false),
    ] {
        let headers = [
            ("X-Forwarded-Proto", scheme),
            ("X-Forwarded-Host", host),
            ("X-Forwarded-Uri", path),
            ("Accept", "text/html"),
        ];
        let answer = with(app.guest().call(Method::Get, PEOPLE), &headers).send();
        let location = answer.header("Location").unwrap_or_default().to_owned();
        assert_eq!(answer.status, 302, "{}", answer.text());
        assert!(location.starts_with("http://auth.example.test/auth/people/sign-in"), "{location}");
        assert_eq!(location.contains("?redirect="), allowed, "{scheme}://{host}{path}");
    }
    // Over HTTPS nobody is led to plain HTTP, where the cookie wouldn't be sent anyway.
    let app = TestApp::configured(
        |config| {
            shared(config);
            config.public_url = Some("https://auth.example.test".to_owned());
        },
        Vec::new(),
    );
    for (scheme, allowed) in [("https", true), ("http", false)] {
        let headers =
            [("X-Forwarded-Proto", scheme), ("X-Forwarded-Host", "wiki.example.test"), ("Accept", "text/html")];
        let answer = with(app.guest().call(Method::Get, PEOPLE), &headers).send();
        assert_eq!(answer.header("Location").is_some_and(|to| to.contains("?redirect=")), allowed, "{scheme}");
    }
}

#[test]
fn the_cookie_that_other_hosts_see_opens_nothing_else() {
    let app = TestApp::configured(shared, Vec::new());
    let browser = Browser::new(&app);
    let answer = browser.sign_in("ada");
    let cookies = set_cookies(&answer);
    let find = |name: &str| cookies.iter().find(|cookie| cookie.name() == name).expect("the cookie is set");
    check_attributes(find(SESSION), false, None);
    check_attributes(find(FORWARD), false, Some("example.test"));
    assert_ne!(find(SESSION).value(), find(FORWARD).value());
    let elsewhere = Browser::new(&app);
    elsewhere.set_cookie(FORWARD, find(FORWARD).value());
    assert_eq!(identity(&elsewhere.call(Method::Get, PEOPLE).send()), ada());
    assert!(!elsewhere.is_signed_in());
    for name in [SESSION, "__Host-holdall_session"] {
        let forged = Browser::new(&app);
        forged.set_cookie(name, find(FORWARD).value());
        assert!(!forged.is_signed_in(), "the value in another cookie");
    }
    app.with_token(find(FORWARD).value()).get("/api/sessions").expect(401);
    // It is renewed and ends with its session.
    let before = find(FORWARD).value().to_owned();
    browser.delete("/api/sessions").expect(204);
    assert_ne!(browser.cookie(FORWARD), Some(before));
    assert_eq!(elsewhere.call(Method::Get, PEOPLE).send().status, 401);
    elsewhere.set_cookie(FORWARD, &browser.cookie(FORWARD).expect("a cookie"));
    assert_eq!(elsewhere.call(Method::Get, PEOPLE).send().status, 200);
    browser.post("/api/session/logout", json!({})).expect(204);
    assert_eq!((browser.cookie(SESSION), browser.cookie(FORWARD)), (None, None));
    assert_eq!(elsewhere.call(Method::Get, PEOPLE).send().status, 401);
}

#[test]
fn over_https_both_cookies_are_secure() {
    let app = TestApp::configured(
        |config| {
            shared(config);
            config.public_url = Some("https://auth.example.test".to_owned());
        },
        Vec::new(),
    );
    let cookies = set_cookies(&Browser::new(&app).sign_in("ada"));
    let mut names: Vec<&str> = cookies.iter().map(|cookie| cookie.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["__Host-holdall_session", "__Secure-holdall_forward"]);
    for cookie in &cookies {
        check_attributes(cookie, true, cookie.name().starts_with("__Secure").then_some("example.test"));
    }
}

#[test]
fn names_that_headers_cannot_carry_are_written_otherwise() {
    let app = TestApp::new();
    app.as_superuser().update("people", &id("ada"), json!({"email": "a%b@holdall.test"}));
    let form = json!({"identity": "ada", "password": PASSWORD});
    let token = text(&app.guest().post("/api/collections/people/auth-with-password", form).expect(200)["token"]);
    let answer = app.with_token(&token).get(PEOPLE);
    assert_eq!(answer.header("X-Auth-Email"), Some("a%25b@holdall.test"), "{}", answer.text());
    // A header that is empty is still there: without it a proxy would let the client's own through.
    let key = json!({"name": "x", "scope": null});
    let key = text(&app.as_superuser().post("/api/keys", key).expect(200)["key"]);
    let answer = app.with_token(&key).get("/api/forward-auth?collection=_superusers");
    assert_eq!(answer.header("X-Auth-Email"), Some("root@holdall.test"));
}
