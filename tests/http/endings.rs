//! What ends what: a table of everything that ends a sign-in, and everything that somebody is signed in with.
//!
//! Whatever isn't named in a row of the table has ended. What a row leaves, it must leave: an ending that takes too
//! much is a mistake as well.

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
use crate::harness::{Answer, Call, TestApp, collection, id, record, records, text};
use crate::listening::Listener;

const SIGN_IN: &str = "/api/collections/people/auth-with-password";

/// What Ada is signed in with. By each of the first three she has subscribed with a stream, too.
struct Ada {
    cookie: String,
    token: String,
    key: String,
    key_id: String,
    file_token: String,
}

/// A way to be signed in, and how a request is sent with it.
type Way = (&'static str, for<'a> fn(&'a TestApp, &Ada, Method, &str) -> Call<'a>);

const WAYS: [Way; 3] = [("cookie", by_cookie), ("token", by_token), ("key", by_key)];

/// What has happened, how, and what is left after it.
type Row = (&'static str, fn(&TestApp, &Ada), &'static str);

const EVERYTHING: &str = "cookie, token, key, stream by cookie, stream by token, stream by key, token for files";
const FILES: &str = "token for files";
const ALL_BUT_FILES: &str = "cookie, token, key, stream by cookie, stream by token, stream by key";
const ALL_BUT_COOKIE: &str = "token, key, stream by token, stream by key, token for files";
const ALL_BUT_KEY: &str = "cookie, token, stream by cookie, stream by token, token for files";
const NOTHING: &str = "";

const TABLE: &[Row] = &[
    ("nothing", |_, _| (), EVERYTHING),
    ("another field", |app, _| set(app, "ada", json!({"badge": "new"})), EVERYTHING),
    ("the end of somebody else", |app, _| delete(app, "bob"), EVERYTHING),
    ("signing out", |app, ada| sign_out(app, ada, json!({})), ALL_BUT_COOKIE),
    ("signing out everywhere", |app, ada| sign_out(app, ada, json!({"everywhere": true})), NOTHING),
    ("the end of the session, from elsewhere", end_session, ALL_BUT_COOKIE),
    ("the end of everything else, from elsewhere", end_others, NOTHING),
    ("the end of the key", end_key, ALL_BUT_KEY),
    ("the password, by its owner", change_password, NOTHING),
    ("the password, by a superuser", |app, _| set(app, "ada", new_password()), NOTHING),
    ("the e-mail address", |app, _| set(app, "ada", json!({"email": "ada2@holdall.test"})), NOTHING),
    ("the role, where nobody has said that it matters", |app, _| change_role(app), EVERYTHING),
    ("the role, where the collection says so", |app, _| change_role_that_matters(app), NOTHING),
    ("a new token key", |app, _| set(app, "ada", json!({"tokenKey:autogenerate": ""})), NOTHING),
    ("an account that the auth rule shuts out", |app, _| set(app, "ada", json!({"banned": true})), NOTHING),
    ("the end of the account", |app, _| delete(app, "ada"), NOTHING),
    ("another auth rule", |app, _| configure(app, json!({"authRule": "banned != true"})), FILES),
    ("a new secret for tokens", |app, _| configure(app, new_secret("authToken")), FILES),
    ("a new secret for tokens for files", |app, _| configure(app, new_secret("fileToken")), ALL_BUT_FILES),
    ("the end of the collection", delete_collection, NOTHING),
];

#[test]
fn what_ends_what() {
    for (what, happens, left) in TABLE {
        let mut app = TestApp::new();
        let ada = enter(&app);
        let mut streams = listen(&app, &ada);
        assert_eq!(alive(&app, &ada, &mut streams), ALL_BUT_FILES, "before: {what}");
        happens(&app, &ada);
        let mut found = alive(&app, &ada, &mut streams);
        drop(streams);
        if app.while_stopped(|folder| opens_files(folder, &ada.file_token)) {
            found = if found.is_empty() { FILES.to_owned() } else { format!("{found}, {FILES}") };
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

fn sign_out(app: &TestApp, ada: &Ada, body: Json) {
    by_cookie(app, ada, Method::Post, "/api/session/logout").json(&body).send().expect(204);
}

fn end_session(app: &TestApp, ada: &Ada) {
    let somewhere_else = app.with_token(&ada.token);
    let sessions = somewhere_else.get("/api/sessions").expect(200);
    somewhere_else.delete(&format!("/api/sessions/{}", text(&sessions["items"][0]["id"]))).expect(204);
}

fn end_others(app: &TestApp, ada: &Ada) {
    app.with_token(&ada.token).delete("/api/sessions").expect(204);
}

fn end_key(app: &TestApp, ada: &Ada) {
    by_cookie(app, ada, Method::Delete, &format!("/api/keys/{}", ada.key_id)).send().expect(204);
}

fn change_role(app: &TestApp) {
    set(app, "ada", json!({"role": "manager"}));
    set(app, "ada", json!({"role": "reader"}));
}

fn change_role_that_matters(app: &TestApp) {
    configure(app, json!({"sessions": {"endOnChange": ["role"]}}));
    change_role(app);
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

// ------------------------------------------------------------------------------------------ what can be signed in with

fn enter(app: &TestApp) -> Ada {
    let form = json!({"identity": "ada", "password": PASSWORD});
    let token = text(&app.guest().post(SIGN_IN, form.clone()).expect(200)["token"]);
    let file_token = text(&app.with_token(&token).post("/api/files/token", json!({})).expect(200)["token"]);
    let answer = app.guest().call(Method::Post, &format!("{SIGN_IN}?session=cookie")).json(&form).send();
    answer.expect(200);
    let cookie = answer.header("Set-Cookie").and_then(|text| text.split(';').next()).expect("a cookie").to_owned();
    let key = app.with_token(&token).post("/api/keys", json!({"name": "all", "scope": null})).expect(200);
    Ada { cookie, token, key: text(&key["key"]), key_id: text(&key["id"]), file_token }
}

fn by_cookie<'a>(app: &'a TestApp, ada: &Ada, method: Method, path: &str) -> Call<'a> {
    app.guest().call(method, path).header("Cookie", &ada.cookie).header("Sec-Fetch-Site", "same-origin")
}

fn by_token<'a>(app: &'a TestApp, ada: &Ada, method: Method, path: &str) -> Call<'a> {
    app.with_token(&ada.token).call(method, path)
}

fn by_key<'a>(app: &'a TestApp, ada: &Ada, method: Method, path: &str) -> Call<'a> {
    app.with_token(&ada.key).call(method, path)
}

/// A stream for each way.
fn listen<'a>(app: &'a TestApp, ada: &Ada) -> Vec<Listener<'a>> {
    let open = |(_, who): Way| {
        let listener = Listener::open(app);
        who(app, ada, Method::Post, "/api/realtime").json(&subscription(&listener.client)).send().expect(204);
        listener
    };
    WAYS.map(open).into()
}

/// To Ada's drafts, which only she sees, and to what everybody sees.
fn subscription(client: &str) -> Json {
    json!({"clientId": client, "subscriptions": ["articles/*", "tags/*"]})
}

/// Whether each stream is told of what only Ada may see.
fn told(app: &TestApp, listeners: &mut [Listener<'_>]) -> Vec<bool> {
    let draft = json!({"title": "a draft", "state": "draft", "owner": id("ada")});
    // Where she or the collections are gone, there is nothing of hers to be told of.
    let made = app.as_superuser().post(&records("articles"), draft).status == 200;
    listeners.iter_mut().map(|listener| made && !listener.heard().is_empty()).collect()
}

/// What is still good, but for the token for files. Looking changes nothing about it.
fn alive(app: &TestApp, ada: &Ada, streams: &mut [Listener<'_>]) -> String {
    // Only Ada herself sees her address.
    let sees_address = |answer: Answer| answer.status == 200 && answer.json()["email"].is_string();
    let path = record("people", &id("ada"));
    let mut found: Vec<String> = Vec::new();
    for (name, way) in WAYS {
        if sees_address(way(app, ada, Method::Get, &path).send()) {
            found.push(name.to_owned());
        }
    }
    let told = told(app, streams);
    for (((name, _), listener), told) in WAYS.iter().zip(streams).zip(told) {
        // A guest may subscribe for nobody's stream, but not for hers.
        let is_hers = match app.guest().post("/api/realtime", subscription(&listener.client)).status {
            403 => true,
            204 => false,
            other => panic!("subscribing answers {other}"),
        };
        assert_eq!(told, is_hers, "what a stream by {name} is told fits whose it is");
        if is_hers {
            found.push(format!("stream by {name}"));
        }
    }
    found.join(", ")
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
