//! Several requests as one: what they may be, in which order they count, and that all of them take effect or none. Who
//! may do what by a batch is compared with the routes in `access.rs`.

use holdall::settings::Config;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::browser::Browser;
use crate::fixture::PASSWORD;
use crate::harness::{Answer, Principal, TestApp, id, item, open_collection, record, records, text, url};

const NEW_PASSWORD: &str = "another one";

fn app(configure: impl FnOnce(&mut Config)) -> TestApp {
    let with_batches = |config: &mut Config| {
        config.batch_enabled = true;
        configure(config);
    };
    TestApp::configured(with_batches, Vec::new())
}

/// What is in all collections that the tests write to.
fn snapshot(app: &TestApp) -> Vec<String> {
    let root = app.as_superuser();
    ["people", "tags", "articles", "comments", "vault"].map(|name| root.list(name, &[("sort", "id")]).text()).into()
}

/// The failure of item `at`, and of no other: what it was answered.
#[track_caller]
fn failure(answer: &Answer, at: usize) -> Json {
    let body = answer.expect(400);
    let failed = body["data"]["requests"].as_object().expect("it is about requests");
    assert_eq!(failed.keys().collect::<Vec<_>>(), [&at.to_string()], "{body}");
    let item = &failed[&at.to_string()];
    assert_eq!(item["code"], "batch_request_failed", "{body}");
    item["response"].clone()
}

#[test]
fn items_are_carried_out_in_order_and_see_what_came_before() {
    let app = app(|_| {});
    let root = app.as_superuser();
    let tags = records("tags");
    let answer = root.batch(&[
        item("POST", &tags, json!({"id": id("new"), "name": "new"})),
        item("PATCH", &record("tags", &id("new")), json!({"name": "newer"})),
        item("PUT", &url(&tags, &[("fields", "name")]), json!({"id": id("new"), "name": "newest"})),
        item("PUT", &tags, json!({"id": id("other"), "name": "new"})),
        item("PUT", &url(&tags, &[("fields", "name,collectionName")]), json!({"id": "", "name": "made"})),
        item(
            "POST",
            &url(&records("articles"), &[("expand", "tags"), ("fields", "expand.tags.name")]),
            json!({
                "title": "x", "owner": id("ada"), "tags": [id("new"), id("other")],
            }),
        ),
        item("DELETE", &record("tags", &id("new")), Json::Null),
    ]);
    let record = |key: &str, name: &str| json!({"collectionId": "c_tags", "collectionName": "tags", "id": id(key), "name": name});
    assert_eq!(
        answer.expect(200),
        json!([
            {"body": record("new", "new"), "status": 200},
            {"body": record("new", "newer"), "status": 200},
            {"body": {"name": "newest"}, "status": 200},
            {"body": record("other", "new"), "status": 200},
            {"body": {"collectionName": "tags", "name": "made"}, "status": 200},
            {"body": {"expand": {"tags": [{"name": "newest"}, {"name": "new"}]}}, "status": 200},
            {"body": null, "status": 204},
        ])
    );
    assert_eq!(root.find("tags", "name ~ 'new' || name = 'made'", "name"), ["made", "new"]);
    // What the outer request wants is taken of the list.
    let answer = root.call(Method::Post, "/api/batch?fields=status,body.name");
    let answer = answer.json(&json!({"requests": [item("POST", &tags, json!({"name": "picked"}))]})).send();
    assert_eq!(answer.expect(200), json!([{"body": {"name": "picked"}, "status": 200}]));
}

#[test]
fn the_form_of_a_batch_is_checked_before_anything_is_done() {
    let app = app(|config| config.batch_max_requests = 3);
    let root = app.as_superuser();
    let before = snapshot(&app);
    let good = item("POST", &records("tags"), json!({"name": "good"}));
    for (body, codes) in [
        (json!({}), &["requests validation_required"][..]),
        (json!({"requests": []}), &["requests validation_required"]),
        (json!({"requests": null}), &["requests validation_required"]),
        (json!({"requests": [good, good, good, good]}), &["requests validation_length_too_long"]),
        (
            json!({"requests": [good, {}]}),
            &["requests.1.method validation_required", "requests.1.url validation_required"],
        ),
        (json!({"requests": [good, {"method": "post", "url": "/"}]}), &["requests.1.method validation_in_invalid"]),
        (json!({"requests": [{"method": "HEAD", "url": "/"}]}), &["requests.0.method validation_in_invalid"]),
        (
            json!({"requests": [good, {"method": "POST", "url": "é".repeat(1001)}]}),
            &["requests.1.url validation_length_too_long"],
        ),
        (json!({"requests": "x"}), &[]),
        (json!({"requests": {"0": good}}), &[]),
        (json!({"requests": [good, null]}), &[]),
        (json!({"requests": [good, "x"]}), &[]),
        (json!({"requests": [good, {"method": 1, "url": "/"}]}), &[]),
        (json!({"requests": [good, {"method": "POST", "url": ["/"]}]}), &[]),
        (json!({"requests": [good, item("POST", &records("tags"), json!([1]))]}), &[]),
        (json!({"requests": [good, item("POST", &records("tags"), json!("x"))]}), &[]),
        (json!({"requests": [{"method": "POST", "url": records("tags"), "headers": {"X-A": 1}}]}), &[]),
        (json!({"requests": [{"method": "POST", "url": records("tags"), "headers": ["X-A"]}]}), &[]),
    ] {
        root.post("/api/batch", body).expect_codes(codes);
    }
    for (kind, raw) in [
        ("application/json", "["),
        ("application/json", "[]"),
        ("text/plain", "x"),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"requests\"\r\n\r\n[]\r\n--x--\r\n",
        ),
    ] {
        root.call(Method::Post, "/api/batch").raw(kind, raw).send().expect_codes(&[]);
    }
    assert_eq!(snapshot(&app), before);
    // Names of the form count in any letter case, and what may be left out may be null.
    let body =
        json!({"Requests": [{"METHOD": "POST", "Url": records("tags"), "Body": {"name": "x"}, "headers": null}]});
    root.post("/api/batch", body).expect(200);
}

#[test]
fn batches_come_as_multipart_forms_too() {
    let app = app(|_| {});
    let payload = json!({"requests": [item("POST", &records("tags"), json!({"name": "12"}))]});
    let part =
        |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let form = format!("{}{}--x--\r\n", part("@jsonPayload", &payload.to_string()), part("requests.0.name", "ignored"));
    let answer = app.guest().call(Method::Post, "/api/batch").raw("multipart/form-data; boundary=x", form).send();
    assert_eq!(answer.expect(200)[0]["body"]["name"], "12");
}

#[test]
fn the_first_failure_undoes_everything() {
    let app = app(|_| {});
    let before = snapshot(&app);
    let ada = app.as_user("ada");
    let tag = |name: &str| item("POST", &records("tags"), json!({"name": name}));
    let article = |owner: &str| item("POST", &records("articles"), json!({"title": "x", "owner": id(owner)}));
    for (failing, status, data) in [
        (tag(""), 400, json!({"name": {"code": "validation_required", "message": "This can't be empty."}})),
        (
            tag("red"),
            400,
            json!({"name": {"code": "validation_not_unique", "message": "Another record has this value."}}),
        ),
        (article("bob"), 400, json!({})),
        (item("POST", &records("vault"), json!({})), 403, json!({})),
        (item("POST", &records("nothing"), json!({})), 404, json!({})),
        (item("POST", &records("headlines"), json!({})), 400, json!({})),
        (item("PATCH", &record("articles", &id("third")), json!({"title": "mine"})), 404, json!({})),
        (item("PATCH", &record("tags", "missing"), json!({})), 404, json!({})),
        (item("PUT", &records("articles"), json!({"id": id("third"), "title": "mine"})), 404, json!({})),
        (item("DELETE", &record("comments", &id("hello")), json!({})), 403, json!({})),
        (item("DELETE", &record("articles", &id("fourth")), json!({})), 404, json!({})),
        (item("GET", &records("tags"), json!({})), 400, json!({})),
        (item("GET", "/api/health", json!({})), 400, json!({})),
        (item("POST", "/api/batch", json!({})), 400, json!({})),
        (item("POST", "/api/collections", json!({})), 400, json!({})),
        (item("PUT", &record("tags", &id("red")), json!({"name": "x"})), 400, json!({})),
        (item("POST", &record("tags", &id("red")), json!({"name": "x"})), 400, json!({})),
        (item("PATCH", &records("tags"), json!({"name": "x"})), 400, json!({})),
        (item("POST", &format!("{}/", records("tags")), json!({"name": "x"})), 400, json!({})),
        (item("POST", &format!("http://127.0.0.1:8090{}", records("tags")), json!({"name": "x"})), 400, json!({})),
        (item("POST", &url(&records("tags"), &[("fields", "a:b(")]), json!({"name": "x"})), 400, json!({})),
    ] {
        let what = failing.to_string();
        // What follows a failure isn't looked at, and what is wrong with it isn't told.
        let answer = ada.batch(&[tag("one"), article("ada"), failing, tag("two"), item("GET", "/", Json::Null)]);
        let response = failure(&answer, 2);
        assert_eq!((&response["status"], &response["data"]), (&json!(status), &data), "{what}: {response}");
        assert!(response["message"].as_str().is_some_and(|message| message.ends_with('.')), "{what}: {response}");
    }
    assert_eq!(snapshot(&app), before);
}

#[test]
fn rules_see_each_item_as_a_request_of_its_own() {
    let app = app(|_| {});
    let root = app.as_superuser();
    let mut made = open_collection("looks", json!([{"name": "t", "type": "text"}]));
    made["updateRule"] = json!("@request.method = 'PATCH' && @request.context = 'batch' && t != @request.body.t");
    let path = "/api/collections/looks";
    root.post("/api/collections", made).expect(200);
    let looks = records("looks");
    let by = |rule: &str, request: Json, outer: &[(&str, &str)]| {
        root.patch(path, json!({"createRule": rule})).expect(200);
        let call = app.guest().call(Method::Post, "/api/batch").json(&json!({"requests": [request]}));
        outer.iter().fold(call, |call, (name, value)| call.header(name, value)).send().status
    };
    let with = |headers: Json| json!({"method": "POST", "url": looks, "headers": headers, "body": {"t": "x"}});
    let plain = || item("POST", &looks, json!({"t": "x"}));
    let upsert = || item("PUT", &looks, json!({"t": "x"}));
    for (rule, request, outer, status) in [
        ("@request.context = 'batch'", plain(), &[][..], 200),
        ("@request.method = 'POST'", plain(), &[], 200),
        ("@request.method = 'POST'", upsert(), &[], 200),
        ("@request.body.t = 'x' && @request.body.u:isset = false", plain(), &[], 200),
        ("@request.query.a = 'b'", item("POST", &url(&looks, &[("a", "b")]), json!({})), &[], 200),
        ("@request.headers.x_a = '1'", with(json!({"X-A": "1"})), &[], 200),
        ("@request.headers.x_a = '1'", with(json!({"x-a": "1"})), &[("X-A", "2")], 200),
        ("@request.headers.x_a = '2'", with(json!({"x-a": "1"})), &[("X-A", "2")], 400),
        ("@request.headers.x_a = '2'", plain(), &[("X-A", "2")], 200),
        ("@request.headers.authorization = ''", with(json!({"Authorization": "x"})), &[], 200),
        ("@request.headers.authorization = 'y'", with(json!({"Authorization": "x"})), &[("Authorization", "y")], 200),
        ("@request.headers.content_type ~ 'multipart/form-data%'", plain(), &[], 200),
        ("@request.headers.content_type ~ 'multipart/%'", with(json!({"Content-Type": "text/plain"})), &[], 200),
    ] {
        let what = format!("{rule} {request} {outer:?}");
        assert_eq!(by(rule, request, outer), status, "{what}");
    }
    // An upsert that comes to an update is one for rules, too.
    let key = text(&root.create("looks", json!({"t": "old"}))["id"]);
    let batch = |t: &str| app.guest().batch(&[item("PUT", &looks, json!({"id": key, "t": t}))]);
    assert_eq!(failure(&batch("old"), 0)["status"], 404);
    assert_eq!(batch("new").expect(200)[0]["body"]["t"], "new");
}

#[test]
fn an_items_authorization_counts_for_nothing() {
    let app = app(|_| {});
    let root = app.token_of("root");
    let mut request = item("POST", &records("vault"), json!({"content": "x"}));
    request["headers"] = json!({"Authorization": root, "authorization": root});
    assert_eq!(failure(&app.guest().batch(&[request.clone()]), 0)["status"], 403);
    request["headers"] = json!({"Authorization": app.token_of("eve")});
    app.as_superuser().batch(&[request]).expect(200);
}

#[test]
fn nothing_is_assigned_by_a_batch_that_a_request_could_not() {
    let app = app(|_| {});
    let ada = app.as_user("ada");
    let before = ada.view("people", &id("ada"));
    let answer = ada.batch(&[
        item(
            "POST",
            &records("articles"),
            json!({"title": "x", "owner": id("ada"), "note": "set", "created": "2001-01-01 00:00:00.000Z"}),
        ),
        item(
            "PATCH",
            &record("people", &id("ada")),
            json!({"badge": "set", "banned": true, "tokenKey": "x".repeat(40)}),
        ),
        item("PUT", &records("people"), json!({"id": id("ada"), "badge": "set again"})),
    ]);
    let body = answer.expect(200);
    let root = app.as_superuser();
    let article = root.view("articles", &text(&body[0]["body"]["id"]));
    assert_eq!((&article["note"], &body[0]["body"]["note"]), (&json!(""), &Json::Null));
    assert!(!text(&article["created"]).starts_with("2001"));
    let person = root.view("people", &id("ada"));
    assert_eq!((&person["badge"], &person["banned"]), (&json!("badge of ada"), &json!(false)));
    assert_eq!(ada.view("people", &id("ada")), before, "the token is still good");
    for body in [json!({"verified": false}), json!({"email": "new@holdall.test"})] {
        let response = failure(&ada.batch(&[item("PATCH", &record("people", &id("ada")), body)]), 0);
        assert_eq!(response["status"], 400, "{response}");
    }
}

// ---------------------------------------------------------------------------------------------------------- passwords

fn person(key: &str, password: &str) -> Json {
    json!({
        "id": id(key), "handle": key, "email": format!("{key}@holdall.test"),
        "password": password, "passwordConfirm": password,
    })
}

fn new_password(old: &str, new: &str) -> Json {
    json!({"oldPassword": old, "password": new, "passwordConfirm": new})
}

fn signs_in(app: &TestApp, who: &str, password: &str) -> bool {
    let form = json!({"identity": who, "password": password});
    app.guest().post("/api/collections/people/auth-with-password", form).status == 200
}

#[test]
fn accounts_are_made_and_changed_in_one_batch() {
    let app = app(|_| {});
    let root = app.as_superuser();
    let people = records("people");
    let answer = root.batch(&[
        item("POST", &people, person("kim", PASSWORD)),
        item("PUT", &people, person("lou", PASSWORD)),
        item("PUT", &people, json!({"id": id("kim"), "password": NEW_PASSWORD, "passwordConfirm": NEW_PASSWORD})),
        item("POST", &records("articles"), json!({"title": "of kim", "owner": id("kim")})),
        item("PATCH", &record("people", &id("bob")), new_password("", NEW_PASSWORD)),
    ]);
    answer.expect(200);
    assert!(!answer.text().contains("password "), "a stand-in shows: {}", answer.text());
    for (who, password, expect) in [
        ("kim", NEW_PASSWORD, true),
        ("kim", PASSWORD, false),
        ("lou", PASSWORD, true),
        ("bob", NEW_PASSWORD, true),
        ("bob", PASSWORD, false),
    ] {
        assert_eq!(signs_in(&app, who, password), expect, "{who} with {password}");
    }
    assert_eq!(root.find("articles", "title = 'of kim'", "owner"), [id("kim")]);
}

#[test]
fn the_old_password_may_be_one_of_the_same_batch() {
    let app = app(|_| {});
    let ada = app.as_user("ada");
    let own = record("people", &id("ada"));
    let answer = ada.batch(&[
        item("PATCH", &own, new_password(PASSWORD, NEW_PASSWORD)),
        item("PATCH", &own, new_password(NEW_PASSWORD, "a third one")),
    ]);
    answer.expect(200);
    assert!(signs_in(&app, "ada", "a third one") && !signs_in(&app, "ada", NEW_PASSWORD));
    // The same with one that is none any more.
    let bob = app.as_user("bob");
    let own = record("people", &id("bob"));
    let answer = bob.batch(&[
        item("PATCH", &own, new_password(PASSWORD, NEW_PASSWORD)),
        item("PATCH", &own, new_password(PASSWORD, "a third one")),
    ]);
    assert_eq!(failure(&answer, 1)["data"]["oldPassword"]["code"], "validation_invalid_old_password");
    assert!(signs_in(&app, "bob", PASSWORD));
    // A stand-in is no password: who knows how they are written gets nothing by it.
    let answer = bob.batch(&[
        item("PATCH", &own, new_password(PASSWORD, NEW_PASSWORD)),
        item("PATCH", &own, new_password("password 6 of item 0", "a third one")),
    ]);
    assert_eq!(failure(&answer, 1)["data"]["oldPassword"]["code"], "validation_invalid_old_password");
}

#[test]
fn guesses_at_old_passwords_are_slowed_down_in_batches_too() {
    let app = app(|config| config.login_failures_per_account = 3);
    let ada = app.as_user("ada");
    let own = record("people", &id("ada"));
    for _ in 0..3 {
        let answer = ada.batch(&[item("PATCH", &own, new_password("wrong", NEW_PASSWORD))]);
        assert_eq!(failure(&answer, 0)["data"]["oldPassword"]["code"], "validation_invalid_old_password");
    }
    let answer = ada.batch(&[item("PATCH", &own, new_password(PASSWORD, NEW_PASSWORD))]);
    assert_eq!(failure(&answer, 0)["status"], 429);
    ada.patch(&own, new_password(PASSWORD, NEW_PASSWORD)).expect(429);
}

#[test]
fn nothing_is_hashed_for_a_batch_that_fails() {
    let app = app(|_| {});
    let before = (snapshot(&app), app.app().password_work_rounds());
    let sign_up = || item("POST", &records("people"), person("kim", PASSWORD));
    let mut short = person("kim", "short");
    short["passwordConfirm"] = json!("other");
    for (who, requests, at) in [
        (
            app.as_user("eve"),
            vec![item("PATCH", &record("people", &id("ada")), new_password(PASSWORD, NEW_PASSWORD))],
            0,
        ),
        (app.guest(), vec![item("POST", &records("staff"), person("kim", PASSWORD))], 0),
        (app.guest(), vec![sign_up(), item("POST", &records("vault"), json!({}))], 1),
        (app.guest(), vec![sign_up(), sign_up()], 1),
        (app.guest(), vec![item("POST", &records("people"), short)], 0),
    ] {
        failure(&who.batch(&requests), at);
    }
    assert_eq!((snapshot(&app), app.app().password_work_rounds()), before);
}

#[test]
fn a_session_goes_on_after_a_new_password_by_batch() {
    let app = app(|_| {});
    let (browser, other) = (Browser::of(&app, "ada"), Browser::of(&app, "ada"));
    let body = json!({"requests": [
        item("POST", &records("comments"), json!({"text": "x"})),
        item("PATCH", &record("people", &id("ada")), new_password(PASSWORD, NEW_PASSWORD)),
    ]});
    browser.post("/api/batch", body.clone()).expect(200);
    assert!(browser.is_signed_in() && !other.is_signed_in());
    // A cookie without proof of where the request comes from counts for nothing.
    browser.call(Method::Post, "/api/batch").json(&body).send().expect(403);
}

// ------------------------------------------------------------------------------------------------------------- limits

#[test]
fn batches_are_off_unless_somebody_switches_them_on() {
    for app in [TestApp::new(), app(|config| config.batch_max_requests = 0)] {
        let before = snapshot(&app);
        for who in [app.guest(), app.as_superuser()] {
            let answer = who.batch(&[item("POST", &records("tags"), json!({"name": "x"}))]);
            assert_eq!(answer.expect(403)["data"], json!({}));
            who.post("/api/batch", json!({})).expect(403);
        }
        assert_eq!(snapshot(&app), before);
    }
}

#[test]
fn a_batch_that_takes_too_long_is_undone_and_the_next_one_goes_on() {
    let app = app(|config| (config.batch_timeout_ms, config.batch_max_requests) = (1, 2000));
    let root = app.as_superuser();
    let before = snapshot(&app);
    let requests: Vec<Json> =
        (0..2000).map(|at| item("POST", &records("tags"), json!({"name": format!("t{at}")}))).collect();
    assert_eq!(root.batch(&requests).expect(400)["data"], json!({}));
    assert_eq!(snapshot(&app), before);
    root.create("tags", json!({"name": "after"}));
}

#[test]
fn the_body_of_a_batch_has_a_limit_of_its_own() {
    let app = app(|config| config.batch_max_body_bytes = 1 << 20);
    let before = snapshot(&app);
    let large = item("POST", &records("articles"), json!({"title": "x".repeat(1 << 20)}));
    app.as_superuser().batch(&[large]).expect(413);
    assert_eq!(snapshot(&app), before);
}

// ---------------------------------------------------------------------------------------------------- the same answers

/// A server with somebody who asks.
struct World {
    app: TestApp,
    token: Option<String>,
}

impl World {
    fn new(who: &str) -> World {
        let app = app(|_| {});
        let key = |scope: Json| {
            text(&app.as_user("ada").post("/api/keys", json!({"name": "k", "scope": scope})).expect(200)["key"])
        };
        let token = match who {
            "guest" => None,
            "key" => Some(key(Json::Null)),
            "key for tags" => Some(key(json!({"tags": ["create", "update"]}))),
            handle => Some(app.token_of(handle).to_owned()),
        };
        World { app, token }
    }

    fn who(&self) -> Principal<'_> {
        self.token.as_ref().map_or_else(|| self.app.guest(), |token| self.app.with_token(token))
    }
}

#[test]
fn an_item_fails_as_its_route_would() {
    let always_fails = item("GET", "/", Json::Null);
    for who in ["guest", "ada", "eve", "max", "sam", "root", "key", "key for tags"] {
        let mut world = World::new(who);
        let before = snapshot(&world.app);
        for (method, path, body) in requests() {
            let what = format!("{who}: {method} {path} {body}");
            // The second item undoes the first, so that the route finds what the batch has found.
            let tried = world.who().batch(&[item(method.as_str(), &path, body.clone()), always_fails.clone()]);
            assert_eq!(snapshot(&world.app), before, "{what}");
            let by_batch = tried.expect(400)["data"]["requests"]["0"]["response"].clone();
            let call = world.who().call(method, &path);
            let alone = if body.is_null() { call.send() } else { call.json(&body).send() };
            if alone.status < 300 {
                assert_eq!(by_batch, Json::Null, "{what}");
                world = World::new(who);
            } else {
                assert_eq!(by_batch, alone.json(), "{what}");
            }
        }
    }
}

/// Requests of all kinds, of which most fail for most.
fn requests() -> Vec<(Method, String, Json)> {
    let mut all = Vec::new();
    for (collection, key) in [
        ("tags", "red"),
        ("articles", "second"),
        ("comments", "hello"),
        ("vault", "gold"),
        ("people", "bob"),
        ("staff", "sam"),
        ("headlines", "first"),
    ] {
        let at = record(collection, &id(key));
        all.push((Method::Delete, at.clone(), Json::Null));
        all.push((Method::Delete, record(collection, "missing"), Json::Null));
        for body in
            [json!({}), json!({"title": "", "name": "", "text": "x", "content": "x", "owner": id("ada"), "room": "x"})]
        {
            all.push((Method::Patch, at.clone(), body.clone()));
            all.push((Method::Post, records(collection), body));
        }
        all.push((Method::Patch, at, json!({"email": "new@holdall.test", "verified": false, "password": "x"})));
        all.push((
            Method::Post,
            records(collection),
            json!({"id": "short", "owner": "missing", "article": id("none")}),
        ));
    }
    all.push((Method::Post, records("_superusers"), json!({"email": "x@holdall.test"})));
    all.push((Method::Delete, record("_superusers", "missing"), Json::Null));
    all.push((Method::Post, records("missing"), json!({})));
    all
}
