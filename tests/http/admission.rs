//! Who is let in: rate limits with their labels, audiences and headers; trusted proxies; from where superusers come.

use std::collections::BTreeSet;

use holdall::web::admission::TAGS;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::browser::Browser;
use crate::coverage::ROUTES;
use crate::fixture::PASSWORD;
use crate::harness::{Answer, Call, Principal, TestApp, id, item, record, records, text};
use crate::listening::{Listener, briefs};

const LIST: &str = "/api/collections/open/records";
const HEALTH: &str = "/api/health";

/// The fixture, with a collection that is open to everybody, and batches.
fn new() -> TestApp {
    let app = TestApp::configured(|config| config.batch_enabled = true, Vec::new());
    let body = json!({"name": "open", "type": "base", "listRule": "", "createRule": "", "fields": []});
    app.as_superuser().post("/api/collections", body).expect(200);
    app
}

/// Turns limits on, in the short form.
fn limit(app: &TestApp, limits: &[&str]) {
    let rules: Vec<Json> = limits
        .iter()
        .map(|text| {
            let limit: holdall::settings::RateLimit = text.parse().expect("a limit");
            json!(limit)
        })
        .collect();
    let body = json!({"rateLimits": {"enabled": true, "rules": rules}});
    app.as_superuser().patch("/api/settings", body).expect(200);
}

/// Asks `count` times and counts the answers that aren't 429.
fn let_in(count: usize, ask: impl Fn() -> Answer) -> usize {
    (0..count).filter(|_| ask().status != 429).count()
}

fn from<'a>(who: &Principal<'a>, ip: &str, path: &str) -> Call<'a> {
    who.call(Method::Get, path).from(ip)
}

#[test]
fn what_is_too_much_is_turned_away_and_said() {
    let app = new();
    limit(&app, &["/api/health 2/100"]);
    let ask = || app.guest().get(HEALTH);
    for left in [1, 0] {
        let answer = ask();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("RateLimit-Policy"), Some("\"/api/health\";q=2;w=100"));
        let shown = answer.header("RateLimit").expect("the header").to_owned();
        assert!(shown.starts_with(&format!("\"/api/health\";r={left};t=")), "{shown}");
        assert_eq!(answer.header("Retry-After"), None);
    }
    let refused = ask();
    assert!(refused.header("RateLimit").expect("the header").contains(";r=0;t="));
    let wait: u64 = refused.header("Retry-After").expect("the header").parse().expect("seconds");
    assert!((1..=100).contains(&wait), "{wait}");
    let body = refused.expect(429);
    assert_eq!((&body["status"], &body["data"]), (&json!(429), &json!({})));
    // Others aren't concerned, nor is another path.
    from(&app.guest(), "203.0.113.9", HEALTH).send().expect(200);
    app.guest().get(LIST).expect(200);
    assert_eq!(app.guest().get(LIST).header("RateLimit"), None);
}

#[test]
fn a_client_cannot_get_a_new_count() {
    let app = new();
    limit(&app, &["/api/ 3/100"]);
    let guest = app.guest();
    let forged = |n: usize| {
        let ip = format!("198.51.100.{n}");
        guest
            .call(Method::Get, &format!("{HEALTH}?n={n}"))
            .from("203.0.113.7")
            .header("X-Forwarded-For", &ip)
            .header("X-Real-IP", &ip)
            .header("Forwarded", &format!("for={ip}"))
            .header("User-Agent", &ip)
            .header("Cookie", &format!("holdall_session={n}"))
            .header("Authorization", &format!("rubbish{n}"))
            .send()
    };
    assert_eq!((0..9).filter(|&n| forged(n).status != 429).count(), 3, "headers");
    let suffix = |n: usize| from(&guest, &format!("2001:db8:1:2:{n}::{n}"), HEALTH).send();
    assert_eq!((0..9).filter(|&n| suffix(n).status != 429).count(), 3, "the rest of an IPv6 address");
    assert_eq!(from(&guest, "2001:db8:1:3::1", HEALTH).send().status, 200, "another network");
    let mapped =
        |n: usize| from(&guest, if n.is_multiple_of(2) { "192.0.2.1" } else { "::ffff:192.0.2.1" }, HEALTH).send();
    assert_eq!((0..9).filter(|&n| mapped(n).status != 429).count(), 3, "IPv4 written as IPv6");
}

#[test]
fn routes_of_collections_are_counted_apart_by_their_tags() {
    let app = new();
    limit(&app, &["*:auth 1/100", "open:list 2/100", "*:create 1/100"]);
    let guest = app.guest();
    assert_eq!(let_in(4, || guest.get(LIST)), 2);
    let id = text(&app.as_superuser().get("/api/collections/open").expect(200)["id"]);
    let by_id = format!("/api/collections/{id}/records");
    assert_eq!(let_in(4, || guest.get(&by_id)), 0, "the id is the same collection");
    assert_eq!(let_in(4, || guest.get("/api/collections/people/records")), 4, "no limit for others");
    let sign_in = |collection: &str| {
        let path = format!("/api/collections/{collection}/auth-with-password");
        guest.post(&path, json!({"identity": "x", "password": "y"}))
    };
    assert_eq!(let_in(3, || sign_in("people")), 1);
    assert_eq!(let_in(3, || sign_in("_superusers")), 1, "each collection apart");
    let code = || guest.post("/api/collections/people/auth-with-otp", json!({"otpId": "x", "password": "y"}));
    assert_eq!(let_in(3, code), 1, "each route apart");
    assert_eq!(let_in(3, || guest.post("/api/collections/nope/records", json!({}))), 3, "what there isn't is a 404");
}

#[test]
fn a_path_is_the_same_however_it_is_escaped() {
    let app = new();
    limit(&app, &["/api/health 1/100", "POST /api/collections/open/records 1/100"]);
    let guest = app.guest();
    assert_eq!(let_in(2, || guest.get("/api/h%65alth")), 1);
    assert_eq!(let_in(2, || guest.get("/%61pi/he%61lth")), 0);
    assert_eq!(let_in(1, || guest.post("/api/collections/%6fpen/records", json!({}))), 1);
    assert_eq!(let_in(1, || guest.post(LIST, json!({}))), 0);
}

#[test]
fn audiences() {
    let app = new();
    limit(&app, &["/api/ @guest 1/100", "*:list @auth 2/100"]);
    let ada = app.as_user("ada");
    assert_eq!(let_in(3, || app.guest().get(HEALTH)), 1);
    assert_eq!(let_in(3, || ada.get(HEALTH)), 3);
    assert_eq!(let_in(4, || ada.get(LIST)), 2);
    // A token that is worth nothing makes nobody somebody.
    let nobody = app.with_token("rubbish");
    assert_eq!(let_in(3, || nobody.get(HEALTH)), 0);
}

#[test]
fn superusers_and_excluded_addresses_are_not_counted() {
    let app = new();
    let root = app.as_superuser();
    limit(&app, &["/api/ 1/100"]);
    assert_eq!(let_in(3, || root.get(HEALTH)), 3);
    root.patch("/api/settings", json!({"rateLimits": {"excludedIPs": ["203.0.113.0/24"]}})).expect(200);
    assert_eq!(let_in(3, || from(&app.guest(), "203.0.113.5", HEALTH).send()), 3);
    assert_eq!(let_in(3, || from(&app.guest(), "203.0.114.5", HEALTH).send()), 1);
    root.patch("/api/settings", json!({"rateLimits": {"enabled": false}})).expect(200);
    assert_eq!(let_in(3, || from(&app.guest(), "203.0.114.5", HEALTH).send()), 3);
}

/// Which item of a batch is told that it is one too many; `None` if the batch was carried out.
fn too_many_at(answer: &Answer) -> Option<String> {
    if answer.status == 200 {
        return None;
    }
    let body = answer.expect(400);
    let (at, failure) = body["data"]["requests"].as_object()?.iter().next()?;
    assert_eq!(
        (&failure["code"], &failure["response"]["status"]),
        (&json!("batch_request_failed"), &json!(429)),
        "{body}"
    );
    Some(at.clone())
}

#[test]
fn each_item_of_a_batch_counts() {
    let app = new();
    let root = app.as_superuser();
    limit(&app, &["*:create 3/100"]);
    let open = |count: usize| vec![item("POST", LIST, json!({})); count];
    assert_eq!(too_many_at(&root.batch(&open(9))), None);
    let stored = || root.list("open", &[]).expect(200)["totalItems"].clone();
    let before = stored();
    let guest = app.guest();
    assert_eq!(too_many_at(&guest.batch(&open(2))), None);
    assert_eq!(too_many_at(&guest.batch(&open(9))).as_deref(), Some("1"));
    assert_eq!(stored(), json!(before.as_i64().expect("a number") + 2), "nothing of a batch that failed stays");
    assert_eq!(let_in(5, || guest.post(LIST, json!({}))), 3, "by themselves they are counted apart");
    root.patch("/api/settings", json!({"rateLimits": {"excludedIPs": ["203.0.113.5"]}})).expect(200);
    let batch = json!({"requests": open(9)});
    let excluded = guest.call(Method::Post, "/api/batch").from("203.0.113.5").json(&batch).send();
    assert_eq!(too_many_at(&excluded), None);
}

#[test]
fn an_item_of_a_batch_that_is_rehearsed_counts_once() {
    let app = new();
    app.as_superuser()
        .post("/api/collections", json!({"name": "clients", "type": "auth", "createRule": ""}))
        .expect(200);
    limit(&app, &["*:create 3/100"]);
    let account = |name: &str| {
        let body = json!({"email": format!("{name}@x.test"), "password": PASSWORD, "passwordConfirm": PASSWORD});
        item("POST", &records("clients"), body)
    };
    let guest = app.guest();
    assert_eq!(too_many_at(&guest.batch(&[account("a"), account("b"), account("c")])), None);
    assert_eq!(too_many_at(&guest.batch(&[account("d")])).as_deref(), Some("0"));
}

#[test]
fn limits_follow_a_renamed_collection() {
    let app = new();
    let root = app.as_superuser();
    limit(&app, &["open:list 1/100", "open 9/100"]);
    root.patch("/api/collections/open", json!({"name": "wide"})).expect(200);
    let rules = root.get("/api/settings").expect(200)["rateLimits"]["rules"].clone();
    assert_eq!((&rules[0]["label"], &rules[1]["label"]), (&json!("wide:list"), &json!("wide")));
    assert_eq!(let_in(3, || app.guest().get("/api/collections/wide/records")), 1);
}

#[test]
fn a_request_is_turned_away_before_its_body_is_read() {
    let app = new();
    limit(&app, &["*:create 1/100"]);
    let send = |body: &str| app.guest().call(Method::Post, LIST).raw("application/json", body).send();
    assert_eq!(send("{}").status, 200);
    assert_eq!(send("this is no JSON").status, 429);
}

#[test]
fn every_route_with_a_tag_is_there() {
    let mounted: BTreeSet<&str> = ROUTES.iter().map(|(route, ..)| *route).collect();
    for (route, tags) in TAGS {
        assert!(mounted.contains(route) && !tags.is_empty(), "{route}");
    }
}

/// The address that the server sees, as superusers are told it.
fn seen(app: &TestApp, peer: &str, headers: &[(&str, &str)]) -> String {
    let call = app.as_superuser().call(Method::Get, HEALTH).from(peer);
    let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
    text(&call.send().expect(200)["data"]["realIP"])
}

#[test]
fn proxies_are_believed_only_if_somebody_says_so() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let headers = [("X-Forwarded-For", "198.51.100.1, 198.51.100.2"), ("X-Real-IP", "198.51.100.3")];
    assert_eq!(seen(&app, "203.0.113.7", &headers), "203.0.113.7", "off by default");
    let trust = |settings: Json| root.patch("/api/settings", json!({"trustedProxy": settings})).expect(200);
    trust(json!({"headers": ["X-Forwarded-For"]}));
    assert_eq!(seen(&app, "203.0.113.7", &headers), "198.51.100.2");
    trust(json!({"useLeftmostIP": true}));
    assert_eq!(seen(&app, "203.0.113.7", &headers), "198.51.100.1");
    trust(json!({"headers": ["X-Other", "x-real-ip"]}));
    assert_eq!(seen(&app, "203.0.113.7", &headers), "198.51.100.3");
    assert_eq!(seen(&app, "203.0.113.7", &[("X-Real-IP", "rubbish")]), "203.0.113.7");
    trust(json!({"headers": []}));
    assert_eq!(seen(&app, "203.0.113.7", &headers), "203.0.113.7");
}

#[test]
fn only_known_proxies_are_believed_if_they_are_named() {
    let configure = |config: &mut holdall::settings::Config| {
        config.trusted_proxy_headers = vec!["X-Real-IP".to_owned()];
        config.trusted_proxy_ips = vec!["10.0.0.0/8".parse().expect("a network")];
    };
    let app = TestApp::configured(configure, Vec::new());
    assert_eq!(seen(&app, "10.1.2.3", &[("X-Real-IP", "198.51.100.3")]), "198.51.100.3");
    assert_eq!(seen(&app, "203.0.113.7", &[("X-Real-IP", "198.51.100.3")]), "203.0.113.7");
}

#[test]
fn limits_count_clients_behind_a_trusted_proxy_apart() {
    let app = TestApp::new();
    let trust = json!({"trustedProxy": {"headers": ["X-Forwarded-For"]}});
    app.as_superuser().patch("/api/settings", trust).expect(200);
    limit(&app, &["/api/ 1/100"]);
    let ask = |client: &str| from(&app.guest(), "10.0.0.1", HEALTH).header("X-Forwarded-For", client).send().status;
    assert_eq!((ask("198.51.100.1"), ask("198.51.100.2")), (200, 200));
    // What a client writes before what the proxy adds changes nothing.
    assert_eq!(ask("192.0.2.99, 198.51.100.1"), 429);
}

#[test]
fn superusers_come_only_from_where_they_may() {
    let app = new();
    let root = app.as_superuser();
    let key = text(&root.post("/api/keys", json!({"name": "k", "scope": null})).expect(200)["key"]);
    let scoped = json!({"name": "s", "scope": {"*": ["list"]}});
    let scoped = text(&root.post("/api/keys", scoped).expect(200)["key"]);
    let file_token = |who: &Principal<'_>| text(&who.post("/api/files/token", json!({})).expect(200)["token"]);
    let token = file_token(&root);
    root.patch("/api/settings", json!({"superuserIPs": ["10.0.0.0/8"]})).expect(200);
    let sign_in = |ip: &str| {
        let body = json!({"identity": crate::fixture::ROOT, "password": PASSWORD});
        let path = "/api/collections/_superusers/auth-with-password";
        app.guest().call(Method::Post, path).from(ip).json(&body).send().status
    };
    let download = format!("/api/backups/none.zip?token={token}");
    for (ip, expect) in [("10.1.1.1", true), ("203.0.113.7", false)] {
        let status = |who: &Principal<'_>, path: &str| from(who, ip, path).send().status;
        let (ok, missing) = if expect { (200, 404) } else { (403, 403) };
        for path in [HEALTH, LIST, "/api/settings", "/api/session"] {
            assert_eq!(status(&root, path), ok, "{ip} {path}");
        }
        assert_eq!(status(&app.with_token(&key), HEALTH), ok, "a key of theirs, {ip}");
        assert_eq!(status(&app.with_token(&scoped), LIST), ok, "a key with a scope, {ip}");
        assert_eq!(sign_in(ip), ok, "{ip}");
        assert_eq!(status(&app.guest(), &download), missing, "{ip}");
        let forward = app.guest().call(Method::Get, "/api/forward-auth?collection=_superusers").from(ip);
        let forward = forward.header("Authorization", app.token_of("root"));
        assert_eq!(forward.send().status, ok, "forward-auth, {ip}");
        // Nobody else is concerned.
        assert_eq!(status(&app.guest(), LIST), 200);
        assert_eq!(status(&app.as_user("ada"), HEALTH), 200);
    }
}

#[test]
fn browsers_are_shown_pages_where_they_are_turned_away() {
    let app = new();
    let limit = json!({"label": "/auth/", "maxRequests": 1, "duration": 60});
    let limits = json!({"rateLimits": {"enabled": true, "rules": [limit]}});
    app.as_superuser().patch("/api/settings", limits).expect(200);
    let open = || {
        let call = app.guest().call(Method::Get, "/auth/people/sign-in").from("203.0.113.8");
        call.header("Accept", "text/html").send()
    };
    assert_eq!(open().status, 200);
    let refused = open();
    assert_eq!((refused.status, refused.header("Content-Type")), (429, Some("text/html; charset=utf-8")));
    assert!(refused.text().contains("Too many attempts") && refused.header("Retry-After").is_some());

    let root = Browser::of(&app, "root");
    let places = json!({"rateLimits": {"enabled": false}, "superuserIPs": ["10.0.0.0/8"]});
    app.as_superuser().patch("/api/settings", places).expect(200);
    for page in ["/_/", "/_/logs", "/auth/_superusers/account", "/auth/people/sign-in"] {
        let call = || root.call(Method::Get, page).from("203.0.113.7");
        let shown = root.send(call().header("Accept", "text/html,*/*;q=0.8"));
        assert_eq!((shown.status, shown.header("Content-Type")), (403, Some("text/html; charset=utf-8")), "{page}");
        assert!(shown.text().contains("Superusers are let in from certain addresses only"), "{}", shown.text());
        // Scripts want to read why.
        let told = root.send(call().header("Accept", "*/*"));
        assert_eq!(told.expect(403)["message"], "Superusers are not let in from your address.");
    }
}

#[test]
fn open_streams_of_superusers_become_guests_where_they_may_not_come_from() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let key = |scope: Json| text(&root.post("/api/keys", json!({"name": "k", "scope": scope})).expect(200)["key"]);
    let (whole, scoped) = (key(Json::Null), key(json!({"*": ["list", "view"]})));
    let topics = ["vault/*", "articles/*"];
    let mut theirs: Vec<_> = [root.clone(), app.with_token(&whole), app.with_token(&scoped)]
        .iter()
        .map(|who| Listener::of(&app, who, &topics))
        .collect();
    let mut user = Listener::of(&app, &app.as_user("ada"), &["people/*"]);
    // Streams of tests come from nowhere.
    let (elsewhere, here) = ("10.1.1.1", "0.0.0.0");
    let let_in = |ips: &[&str]| {
        let call = root.call(Method::Patch, "/api/settings").from(elsewhere);
        call.json(&json!({"superuserIPs": ips})).send().expect(200);
    };
    let write = |collection: &str, body: Json| {
        root.call(Method::Post, &records(collection)).from(elsewhere).json(&body).send().expect(200);
    };
    let secret = |content: &str| write("vault", json!({"content": content}));
    let rename = |handle: &str| {
        let path = record("people", &id("ada"));
        root.call(Method::Patch, &path).from(elsewhere).json(&json!({"handle": handle})).send().expect(200);
    };

    let_in(&[elsewhere, here]);
    secret("while it is let in");
    let_in(&[elsewhere]);
    secret("while it isn't");
    rename("lovelace");
    let_in(&[]);
    secret("when it would be again");
    for stream in &mut theirs {
        assert_eq!(briefs(&stream.heard(), "content"), ["create while it is let in"]);
        stream.subscribe(&root, &topics);
    }
    secret("when they have said who they are");
    for stream in &mut theirs {
        assert_eq!(briefs(&stream.heard(), "content"), ["create when they have said who they are"]);
    }
    assert_eq!(briefs(&user.heard(), "email"), ["update ada@holdall.test"], "hers is hers");
}
