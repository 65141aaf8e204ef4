//! What ends what: a table of everything that ends a sign-in, and everything that somebody is signed in with.
//!
//! Whatever isn't named in a row of the table has ended. What a row leaves, it must leave: an ending that takes too much
//! is a mistake as well.

use std::fmt::Write;
use std::path::Path;

use holdall::auth::token;
use holdall::collections::load_schema;
use holdall::domain::{Credential, Principal as Somebody, RequestInfo, TokenKind};
use holdall::query::dialect::Dialect;
use holdall::records::{Cx, Plans};
use holdall::store::{Store, StoreOptions};
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::PASSWORD;
use crate::harness::{Answer, Call, Stream, TestApp, collection, id, record, text};

const SIGN_IN: &str = "/api/collections/people/auth-with-password";

/// What Ada is signed in with. A stream is somebody's by whatever has subscribed with it.
struct Ada {
    cookie: String,
    token: String,
    file_token: String,
}

/// Her streams, which end with the app that they belong to.
struct Streams<'a> {
    by_cookie: (Stream<'a>, String),
    by_token: (Stream<'a>, String),
}

/// What has happened, how, and what is left after it.
type Row = (&'static str, fn(&TestApp, &Ada), &'static str);

const EVERYTHING: &str = "cookie, token, stream by cookie, stream by token, token for files";
const NOTHING: &str = "";

const TABLE: &[Row] = &[
    ("nothing", |_, _| (), EVERYTHING),
    ("another field", |app, _| set(app, "ada", json!({"badge": "new"})), EVERYTHING),
    ("the role, if nobody has said that it matters", |app, _| set(app, "ada", json!({"role": "reader"})), EVERYTHING),
    ("the end of somebody else", |app, _| delete(app, "bob"), EVERYTHING),
    ("the password, by its owner", change_password, NOTHING),
    ("the password, by a superuser", |app, _| set(app, "ada", new_password()), NOTHING),
    ("the e-mail address", |app, _| set(app, "ada", json!({"email": "ada2@holdall.test"})), NOTHING),
    ("a new token key", |app, _| set(app, "ada", json!({"tokenKey:autogenerate": ""})), NOTHING),
    ("an account that the auth rule shuts out", |app, _| set(app, "ada", json!({"banned": true})), NOTHING),
    ("the end of the account", |app, _| delete(app, "ada"), NOTHING),
    ("another auth rule", |app, _| configure(app, json!({"authRule": "banned != true"})), "token for files"),
    ("a new secret for tokens", |app, _| configure(app, new_secret("authToken")), "token for files"),
    (
        "a new secret for tokens for files",
        |app, _| configure(app, new_secret("fileToken")),
        "cookie, token, stream by cookie, stream by token",
    ),
    ("the end of the collection", delete_collection, NOTHING),
];

#[test]
fn what_ends_what() {
    for (what, happens, left) in TABLE {
        let mut app = TestApp::new();
        let ada = enter(&app);
        let streams = listen(&app, &ada);
        assert_eq!(alive(&app, &ada, &streams), "cookie, token, stream by cookie, stream by token", "before: {what}");
        happens(&app, &ada);
        let mut found = alive(&app, &ada, &streams);
        drop(streams);
        if app.while_stopped(|folder| opens_files(folder, &ada.file_token)) {
            add(&mut found, "token for files");
        }
        assert_eq!(found, *left, "{what}");
    }
}

// ---------------------------------------------------------------------------------------------------------- what ends

fn set(app: &TestApp, handle: &str, body: Json) {
    app.as_superuser().update("people", &id(handle), body);
}

fn delete(app: &TestApp, handle: &str) {
    app.as_superuser().delete(&record("people", &id(handle))).expect(204);
}

fn configure(app: &TestApp, body: Json) {
    app.as_superuser().patch(&collection("people"), body).expect(200);
}

fn delete_collection(app: &TestApp, _: &Ada) {
    let root = app.as_superuser();
    // What refers to it goes first.
    let all = root.get("/api/collections?perPage=200").expect(200);
    let names = |kind: &str| {
        let of_kind = |c: &&Json| c["type"] == kind && c["system"] == false && c["name"] != "people";
        all["items"].as_array().expect("items").iter().filter(of_kind).map(|c| text(&c["name"])).collect::<Vec<_>>()
    };
    let mut left = [names("view"), names("base")].concat();
    // In rounds, because they refer to each other, too.
    while !left.is_empty() {
        let before = left.len();
        left.retain(|name| root.delete(&collection(name)).status != 204);
        assert!(left.len() < before, "{left:?} can't be deleted");
    }
    root.delete(&collection("people")).expect(204);
}

fn new_password() -> Json {
    json!({"password": "new password", "passwordConfirm": "new password"})
}

fn change_password(app: &TestApp, ada: &Ada) {
    let mut body = new_password();
    body["oldPassword"] = json!(PASSWORD);
    app.with_token(&ada.token).update("people", &id("ada"), body);
}

fn new_secret(of: &str) -> Json {
    json!({of: {"secret": "s".repeat(50), "duration": 1000}})
}

// ------------------------------------------------------------------------------------------- what can be signed in with

fn enter(app: &TestApp) -> Ada {
    let form = json!({"identity": "ada", "password": PASSWORD});
    let token = text(&app.guest().post(SIGN_IN, form.clone()).expect(200)["token"]);
    let file_token = text(&app.with_token(&token).post("/api/files/token", json!({})).expect(200)["token"]);
    let answer = app.guest().call(Method::Post, &format!("{SIGN_IN}?session=cookie")).json(&form).send();
    answer.expect(200);
    let cookie = answer.header("Set-Cookie").and_then(|text| text.split(';').next()).expect("a cookie").to_owned();
    Ada { cookie, token, file_token }
}

fn by_cookie<'a>(app: &'a TestApp, ada: &Ada, method: Method, path: &str) -> Call<'a> {
    app.guest().call(method, path).header("Cookie", &ada.cookie).header("Sec-Fetch-Site", "same-origin")
}

fn by_token<'a>(app: &'a TestApp, ada: &Ada, method: Method, path: &str) -> Call<'a> {
    app.with_token(&ada.token).call(method, path)
}

fn listen<'a>(app: &'a TestApp, ada: &Ada) -> Streams<'a> {
    let open = |who: fn(&'a TestApp, &Ada, Method, &str) -> Call<'a>| {
        let mut stream = app.guest().call(Method::Get, "/api/realtime").open();
        let greeting = stream.event().expect("a stream begins with an event");
        let client = greeting[3..43].to_owned();
        who(app, ada, Method::Post, "/api/realtime").json(&subscription(&client)).send().expect(204);
        (stream, client)
    };
    Streams { by_cookie: open(by_cookie), by_token: open(by_token) }
}

fn subscription(client: &str) -> Json {
    json!({"clientId": client, "subscriptions": ["x"]})
}

/// What is still good. Looking changes nothing about it.
fn alive(app: &TestApp, ada: &Ada, streams: &Streams<'_>) -> String {
    let mut found = String::new();
    // Only Ada herself sees her address.
    let sees_address = |answer: Answer| answer.status == 200 && answer.json()["email"].is_string();
    let path = record("people", &id("ada"));
    if sees_address(by_cookie(app, ada, Method::Get, &path).send()) {
        add(&mut found, "cookie");
    }
    if sees_address(by_token(app, ada, Method::Get, &path).send()) {
        add(&mut found, "token");
    }
    for (client, name) in [(&streams.by_cookie.1, "stream by cookie"), (&streams.by_token.1, "stream by token")] {
        // A guest may subscribe for nobody's stream, but not for hers.
        match app.guest().post("/api/realtime", subscription(client)).status {
            403 => add(&mut found, name),
            204 => {}
            other => panic!("subscribing answers {other}"),
        }
    }
    found
}

fn add(found: &mut String, name: &str) {
    let comma = if found.is_empty() { "" } else { ", " };
    write!(found, "{comma}{name}").expect("text takes text");
}

/// Whether a token for files is good. There are no files yet, so the program is asked that would serve them.
fn opens_files(folder: &Path, file_token: &str) -> bool {
    let store = Store::open(StoreOptions::new(folder), load_schema).expect("the data folder opens again");
    let file_token = file_token.to_owned();
    let good = store.read_blocking(move |tx| {
        let (plans, request) = (Plans::new(Dialect::Sqlite), RequestInfo::default());
        let cx = Cx { principal: &Somebody::Guest, credential: &Credential::None, request: &request, plans: &plans };
        Ok(token::bearer(tx, &cx, &file_token, TokenKind::File)?.is_some())
    });
    good.expect("the store answers")
}
