//! The dashboard over HTTP: who gets its pages, and what these ask besides the REST API. What pages look like and do is
//! for a browser to see (`tests/browser`).

use std::io::Read as _;

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::files::check_nothing_arrives;
use crate::fixture::{PASSWORD, ROOT};
use crate::harness::{Answer, Call, TestApp, open_collection};

/// A superuser's browser with a session.
struct Browser<'a> {
    app: &'a TestApp,
    cookie: String,
    token: String,
}

impl<'a> Browser<'a> {
    fn of(app: &'a TestApp, collection: &str, identity: &str) -> Browser<'a> {
        let path = format!("/api/collections/{collection}/auth-with-password?session=cookie");
        let call = app.guest().call(Method::Post, &path).header("Sec-Fetch-Site", "same-origin");
        let answer = call.json(&json!({"identity": identity, "password": PASSWORD})).send();
        answer.expect(200);
        let cookie = answer.header("Set-Cookie").and_then(|set| set.split(';').next()).expect("a cookie").to_owned();
        let browser = Browser { app, cookie, token: String::new() };
        let session = browser.call(Method::Get, "/api/session").send().expect(200);
        Browser { token: session["csrfToken"].as_str().unwrap_or_default().to_owned(), ..browser }
    }

    fn call(&self, method: Method, path: &str) -> Call<'a> {
        self.app.guest().call(method, path).header("Cookie", &self.cookie).header("Sec-Fetch-Site", "same-origin")
    }

    fn open(&self, path: &str) -> Answer {
        self.call(Method::Get, path).send()
    }

    fn post(&self, path: &str, body: &Json) -> Answer {
        self.call(Method::Post, path).header("X-CSRF-Token", &self.token).json(body).send()
    }
}

const PAGES: &[&str] = &[
    "/_/",
    "/_/collections",
    "/_/new-collection",
    "/_/transfer",
    "/_/access",
    "/_/people",
    "/_/sql",
    "/_/logs",
    "/_/backups",
    "/_/jobs",
    "/_/mail",
    "/_/settings",
    "/_/collections/people",
    "/_/collections/people/edit",
    "/_/collections/people/api",
];

#[test]
fn superusers_with_a_session_get_pages_and_others_are_led_to_the_sign_in() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    let ada = Browser::of(&app, "people", "ada@holdall.test");
    for path in PAGES {
        let page = root.open(path);
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        let policy = page.header("Content-Security-Policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'; style-src 'self';") && policy.contains("script-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("Cache-Control"), Some("no-store"));
        // A token in a header is no session: whoever has one has no cookie that a page could use.
        for stranger in [app.guest().get(path), ada.open(path), app.as_superuser().get(path)] {
            assert_eq!(stranger.status, 303, "{path}: {}", stranger.text());
            let location = stranger.header("Location").unwrap_or_default();
            assert!(location.contains("auth/_superusers/sign-in?redirect=%2F_%2F"), "{location}");
        }
    }
    for missing in ["/_/nothing", "/_/nothing/at/all", "/_/collections/nothing", "/_/collections/nothing/edit"] {
        assert_eq!(root.open(missing).status, 404, "{missing}");
        assert_eq!(app.guest().get(missing).status, 303, "{missing}");
    }
}

#[test]
fn parts_of_pages_are_refused_and_not_replaced_by_the_sign_in() {
    let app = TestApp::new();
    assert_eq!(app.guest().call(Method::Get, "/_/logs").header("HX-Request", "true").send().status, 401);
}

#[test]
fn superusers_learn_by_their_cookie_how_the_server_sees_them() {
    let app = TestApp::new();
    let health = |browser: &Browser<'_>| browser.open("/api/health").expect(200)["data"]["realIP"].clone();
    assert!(health(&Browser::of(&app, "_superusers", ROOT)).is_string());
    assert_eq!(health(&Browser::of(&app, "people", "ada@holdall.test")), Json::Null);
}

#[test]
fn before_there_is_a_superuser_pages_say_what_to_do() {
    let app = TestApp::empty();
    let page = app.guest().get("/_/");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("holdall superuser create"), "{}", page.text());
}

#[test]
fn pages_name_everything_from_where_they_are() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    for path in PAGES {
        let page = root.open(path).text();
        for absolute in ["href=\"/", "src=\"/", "action=\"/"] {
            assert!(!page.contains(absolute), "{path} has {absolute}");
        }
    }
}

#[test]
fn only_our_own_pages_send_something() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    let body = json!({"collection": {"type": "base", "name": "x"}, "rule": "nothing = 1"});
    let call = || root.call(Method::Post, "/_/check-rule").json(&body);
    assert_eq!(call().send().status, 403, "without a token");
    assert_eq!(call().header("X-CSRF-Token", "x").send().status, 403);
    let foreign = app.guest().call(Method::Post, "/_/check-rule").header("Cookie", &root.cookie);
    let foreign = foreign.header("Sec-Fetch-Site", "cross-site").header("X-CSRF-Token", &root.token);
    assert_eq!(foreign.json(&body).send().status, 403);
    assert_eq!(root.post("/_/check-rule", &body).status, 200);
}

#[test]
fn rules_are_checked_while_somebody_types() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    let field = json!({"name": "title", "type": "text"});
    let check = |rule: &str| {
        let collection = json!({"type": "base", "name": "drafts", "fields": [field]});
        root.post("/_/check-rule", &json!({"collection": collection, "rule": rule})).expect(200)
    };
    assert_eq!(check("title != '' && @request.auth.id != ''"), json!({"problems": []}));
    let problem = check("title != '' && titel = 1")["problems"][0].clone();
    assert_eq!((&problem["from"], &problem["to"]), (&json!(15), &json!(20)), "{problem}");
}

#[test]
fn tables_are_tried_and_then_imported() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    let owner = app.as_superuser();
    let fields =
        json!([{"name": "title", "type": "text", "required": true}, {"name": "n", "type": "number", "max": 9}]);
    let mut definition = open_collection("rows", fields);
    definition["indexes"] = json!(["CREATE UNIQUE INDEX rows_title ON rows (title)"]);
    owner.post("/api/collections", definition).expect(200);
    owner.create("rows", json!({"title": "old", "n": 1}));
    let send = |query: &str, body: &str| {
        let call = root.call(Method::Post, &format!("/_/collections/rows/import?{query}"));
        call.header("X-CSRF-Token", &root.token).raw("text/csv", body.to_owned()).send()
    };
    let table = "title,n\nnew,2\n,3\nold,4\nlarge,10\n";
    let outcome = send("format=csv&key=title&dryRun=1", table).expect(200);
    let counts = |outcome: &Json| (outcome["created"].clone(), outcome["updated"].clone(), outcome["failed"].clone());
    assert_eq!(counts(&outcome), (json!(1), json!(1), json!(2)), "{outcome}");
    assert_eq!(outcome["errors"][1]["row"], 5);
    assert!(outcome["errors"][1]["message"].as_str().is_some_and(|said| said.starts_with("n: ")), "{outcome}");
    assert_eq!(owner.items("rows", &[]).len(), 1, "a trial changes nothing");
    assert_eq!(counts(&send("format=csv&key=title", table).expect(200)), counts(&outcome));
    assert_eq!(owner.find("rows", "title = 'old' && n = 4", "title"), ["old"]);
    assert_eq!(send("format=json", "[{\"title\": \"json\"}]").expect(200)["created"], 1);
    assert_eq!(send("format=xml", "").status, 400);
    assert_eq!(send("format=csv&key=n", "n\n1\n").status, 400, "a key names one record");
    check_nothing_arrives(&app);
}

#[test]
fn superusers_see_the_factors_of_others_and_nobody_else_does() {
    let app = TestApp::new();
    let ada = app.as_superuser().find("people", "email = 'ada@holdall.test'", "id").remove(0);
    let path = format!("/api/account/factors?collection=people&record={ada}");
    assert_eq!(app.as_superuser().get(&path).expect(200)["totp"]["enabled"], false);
    app.as_user("ada").get(&path).expect(200);
    app.as_user("bob").get(&path).expect(403);
    app.guest().get(&path).expect(401);
}

#[test]
fn texts_go_out_compressed_to_whoever_takes_them_so() {
    let app = TestApp::new();
    let address = "/static/@0/vendor/htmx.js";
    let plain = app.guest().get(address);
    assert_eq!((plain.header("Content-Encoding"), plain.header("Vary")), (None, Some("Origin")));
    let call = || app.guest().call(Method::Get, address).header("Accept-Encoding", "br, gzip;q=0.9");
    let compressed = call().send();
    assert_eq!(compressed.header("Content-Encoding"), Some("gzip"));
    assert_eq!(compressed.header("Vary"), Some("Origin, Accept-Encoding"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*compressed.body).read_to_string(&mut text).expect("it is gzip");
    assert_eq!(text, plain.text());
    assert!(compressed.body.len() * 2 < plain.body.len());
    let tag = compressed.header("ETag").expect("files have one");
    assert_eq!(call().header("If-None-Match", tag).send().status, 304);
    assert_eq!(app.guest().call(Method::Get, "/static/icon.svg").header("Accept-Encoding", "gzip").send().status, 200);
}

#[test]
fn pages_that_are_open_learn_whose_session_it_is() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    let told = root.open("/_/session").expect(200);
    assert_eq!((&told["email"], &told["csrf"]), (&json!(ROOT), &json!(root.token)));
    app.guest().get("/_/session").expect(401);
    Browser::of(&app, "people", "ada").open("/_/session").expect(401);
}

#[test]
fn mails_are_looked_at_before_they_are_saved() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    let people = app.as_superuser().get("/api/collections/people").expect(200);
    let template = json!({"subject": "{APP_NAME} & you", "body": "<p>{RECORD:handle} at {TOKEN} {NOTHING}</p>"});
    let draft = json!({"id": people["id"], "verificationTemplate": template});
    let shown = root.post("/_/preview-mail", &json!({"collection": draft, "template": "verification"})).expect(200);
    let html = shown["html"].as_str().expect("a document");
    assert!(html.contains("[handle] at ey") && html.contains("{NOTHING}"), "{html}");
    assert!(shown["subject"].as_str().expect("a text").ends_with(" & you"), "{shown}");
    assert!(shown["text"].as_str().expect("a text").contains("[handle]"), "{shown}");
    // Nothing of it is kept, and nothing was sent.
    assert_eq!(app.as_superuser().get("/api/collections/people").expect(200), people);
    assert_eq!(app.as_superuser().get("/api/mails").expect(200)["totalItems"], 0);
    for (body, codes) in [
        (json!({"collection": draft, "template": "postcard"}), ["template validation_in_invalid"]),
        (json!({"collection": {"type": "base"}, "template": "otp"}), ["collection validation_invalid_auth_collection"]),
        (json!({"collection": draft, "template": "otp", "send": true}), ["email validation_required"]),
    ] {
        root.post("/_/preview-mail", &body).expect_codes(&codes);
    }
    let sent = json!({"collection": draft, "template": "otp", "send": true, "email": ROOT});
    assert!(root.post("/_/preview-mail", &sent).text().contains("no mail server"), "there is none to send by");
}

#[test]
fn the_frame_says_where_nobody_can_sign_in() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    let problem = "Sign-in by password, code and other services is off.";
    assert!(!root.open("/_/logs").text().contains(problem));
    let off = json!({"passwordAuth": {"enabled": false}, "otp": {"enabled": false}, "oauth2": {"enabled": false},
        "mfa": {"enabled": false}});
    app.as_superuser().patch("/api/collections/people", off).expect(200);
    assert!(root.open("/_/logs").text().contains(problem));
}

#[test]
fn the_accent_colour_of_the_settings_is_in_the_page() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    assert!(!root.open("/_/logs").text().contains("1055c9.css"));
    let meta = json!({"meta": {"accentColor": "#7A1FA2", "hideControls": true}});
    app.as_superuser().patch("/api/settings", meta).expect(200);
    let page = root.open("/_/logs").text();
    assert!(page.contains("7a1fa2.css") && page.contains("data-hide-controls"), "{page}");
    let sheet = app.guest().get("/_/accent/7a1fa2.css");
    assert!(sheet.text().contains("--accent:#7a1fa2"), "{}", sheet.text());
    for bad in ["7a1fa.css", "7a1fa2", "..css", "zzzzzz.css", "%7Bx%7D.css"] {
        assert_eq!(app.guest().get(&format!("/_/accent/{bad}")).status, 404, "{bad}");
    }
}

#[test]
fn what_pages_load_is_compressed_for_them_and_for_nobody_else() {
    let app = TestApp::new();
    let root = Browser::of(&app, "_superusers", ROOT);
    let asks = |call: Call<'_>| call.header("Accept-Encoding", "gzip, br").send();
    let path = "/api/collections";
    let plain = root.open(path);
    let compressed = asks(root.call(Method::Get, path));
    assert_eq!(compressed.header("Content-Encoding"), Some("gzip"));
    assert!(compressed.header("Vary").is_some_and(|vary| vary.contains("Accept-Encoding")));
    assert!(compressed.body.len() * 2 < plain.body.len(), "{} of {}", compressed.body.len(), plain.body.len());
    let mut text = String::new();
    flate2::read::GzDecoder::new(&compressed.body[..]).read_to_string(&mut text).expect("gzip");
    assert_eq!(text, plain.text());
    // Whoever sends a token, another site's page, or a page with the token of its forms in it.
    let token = app.as_superuser();
    assert_eq!(asks(token.call(Method::Get, path)).header("Content-Encoding"), None);
    let page = asks(root.call(Method::Get, "/_/collections/people/edit"));
    assert!(page.text().contains(&root.token));
    assert_eq!(page.header("Content-Encoding"), None);
}
