//! Files that come with a batch: they go to the request that they are for, and with a batch that fails they go.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::files::{Part, check_nothing_arrives, file, send, stored};
use crate::harness::{Answer, Principal, TestApp, id, open_collection, record, records, text};

fn app() -> TestApp {
    let app = TestApp::configured(|config| config.batch_enabled = true, Vec::new());
    let fields = json!([
        {"name": "title", "type": "text", "max": 5},
        {"name": "one", "type": "file", "maxSize": 20},
        {"name": "many", "type": "file", "maxSelect": 3},
    ]);
    app.as_superuser().post("/api/collections", open_collection("docs", fields)).expect(200);
    app
}

fn batch(who: &Principal<'_>, requests: Json, files: &[Part<'_>]) -> Answer {
    let payload = json!({ "requests": requests }).to_string();
    let mut parts = vec![("@jsonPayload", None, payload.as_bytes())];
    parts.extend(files);
    send(who, Method::Post, "/api/batch", &parts)
}

fn request(method: &str, url: &str, body: Json) -> Json {
    json!({"method": method, "url": url, "body": body})
}

#[test]
fn files_go_to_the_requests_that_they_are_for() {
    let app = app();
    let guest = app.guest();
    let docs = records("docs");
    let requests = json!([
        request("POST", &docs, json!({"id": id("first"), "title": "a"})),
        request("PUT", &docs, json!({"title": "b", "one": "what the file takes the place of"})),
        request("PATCH", &record("docs", &id("first")), json!({})),
    ]);
    let files: [Part<'_>; 6] = [
        ("requests.0.many", Some("x.txt"), b"x"),
        ("requests.0.many", Some("y.txt"), b"y"),
        ("requests[1].one", Some("z.txt"), b"zz"),
        ("requests.2.many+", Some("w.txt"), b"w"),
        ("requests.3.one", Some("beyond.txt"), b"n"),
        ("requests.0.nothing", Some("unknown.txt"), b"n"),
    ];
    let done = batch(&guest, requests, &files).expect(200);
    let (first, second) = (&done[2]["body"], &done[1]["body"]);
    assert_eq!(first["many"].as_array().map(Vec::len), Some(3), "{done}");
    let contents = |record: &Json, names: &Json| guest.get(&file(&record["id"], names)).text();
    let many: Vec<String> = (0..3).map(|at| contents(first, &first["many"][at])).collect();
    assert_eq!(many, ["x", "y", "w"]);
    assert_eq!(contents(second, &second["one"]), "zz");
    assert_eq!(stored(&app).len(), 4);
}

#[test]
fn nothing_stays_of_the_files_of_a_batch_that_fails() {
    let app = app();
    let good = |title: &str| request("POST", &records("docs"), json!({ "title": title }));
    let upload: Part<'_> = ("requests.0.one", Some("x.txt"), b"x");
    let large: Part<'_> = ("requests.1.one", Some("large.txt"), b"more than twenty bytes of it");
    for (requests, files, why) in [
        (json!([good("a"), good("much too long")]), vec![upload], "another request isn't acceptable"),
        (json!([good("a"), good("b")]), vec![upload, large], "a file is too large"),
        (json!([good("a"), request("DELETE", &record("docs", &id("nobody")), json!({}))]), vec![upload], "not found"),
    ] {
        batch(&app.guest(), requests, &files).expect(400);
        assert!(stored(&app).is_empty(), "{why}");
        check_nothing_arrives(&app);
    }
    assert_eq!(app.as_superuser().list("docs", &[]).json()["totalItems"], 0);
}

#[test]
fn a_file_may_be_put_before_those_that_are_there() {
    let app = app();
    let made = batch(
        &app.guest(),
        json!([
            request("POST", &records("docs"), json!({"id": id("first")})),
            request("PATCH", &record("docs", &id("first")), json!({}))
        ]),
        &[("requests.0.many", Some("last.txt"), b"last"), ("requests.1.+many", Some("first.txt"), b"first")],
    )
    .expect(200);
    let many = &made[1]["body"]["many"];
    let contents: Vec<String> =
        (0..2).map(|at| app.guest().get(&file(&made[1]["body"]["id"], &many[at])).text()).collect();
    assert_eq!(contents, ["first", "last"]);
}

#[test]
fn an_account_is_made_with_its_picture() {
    let app = app();
    let root = app.as_superuser();
    let picture = json!([{"name": "picture", "type": "file"}]);
    let people = json!({"name": "members", "type": "auth", "createRule": "", "viewRule": "", "fields": picture});
    root.post("/api/collections", people).expect(200);
    let member = |password: &str, again: &str| {
        json!([request(
            "POST",
            &records("members"),
            json!({
                "email": "kim@holdall.test", "password": password, "passwordConfirm": again,
            })
        )])
    };
    let files: [Part<'_>; 1] = [("requests.0.picture", Some("me.txt"), b"me")];
    batch(&app.guest(), member("long enough", "another one"), &files).expect(400);
    assert!(stored(&app).is_empty());
    let made = batch(&app.guest(), member("long enough", "long enough"), &files).expect(200);
    let body = &made[0]["body"];
    let path = format!("/api/files/members/{}/{}", text(&body["id"]), text(&body["picture"]));
    assert_eq!(app.guest().get(&path).text(), "me");
    let form = json!({"identity": "kim@holdall.test", "password": "long enough"});
    app.guest().post("/api/collections/members/auth-with-password", form).expect(200);
}

#[test]
fn no_file_is_stored_where_the_caller_may_not_write() {
    let app = app();
    let closed = json!({"name": "closed", "type": "base", "fields": [{"name": "one", "type": "file"}]});
    app.as_superuser().post("/api/collections", closed).expect(200);
    let requests =
        json!([request("POST", &records("docs"), json!({})), request("POST", &records("closed"), json!({}))]);
    let files: [Part<'_>; 2] = [("requests.0.one", Some("x.txt"), b"x"), ("requests.1.one", Some("y.txt"), b"y")];
    let refused = batch(&app.guest(), requests.clone(), &files).expect(400);
    assert_eq!(refused["data"]["requests"]["1"]["response"]["status"], 403, "{refused}");
    assert!(stored(&app).is_empty());
    check_nothing_arrives(&app);
    batch(&app.as_superuser(), requests, &files).expect(200);
    assert_eq!(stored(&app).len(), 2);
}
