//! Statements that never end by themselves: they are interrupted with the usual envelope, and hold up nobody else.

use std::io::ErrorKind;

use serde_json::json;

use super::http::{Client, escape};
use super::server::{Server, claim, open_collection};

/// A view that would count for hours. Its rows come one by one, so that it can be made and looked at quickly.
const ENDLESS: &str = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000000) \
                       SELECT CAST(x AS TEXT) AS id, x AS n FROM c";
const READERS: usize = 4;
/// Longer than any test.
const FOR_EVER_MS: &str = "600000";

/// A server with a view that never ends and two collections: `notes`, and `guarded`, whose rule needs the whole view.
fn serve(data: &std::path::Path, statement_timeout_ms: &str) -> Server {
    claim(data);
    let server = Server::start_with(data, |command| {
        command.env("HOLDALL_STATEMENT_TIMEOUT_MS", statement_timeout_ms).env("HOLDALL_READERS", READERS.to_string());
    });
    let mut root = server.superuser();
    let view = json!({"name": "endless", "type": "view", "viewQuery": ENDLESS, "listRule": "", "viewRule": ""});
    root.post("/api/collections", &view).expect(200);
    let fields = json!([{"name": "text", "type": "text"}]);
    root.post("/api/collections", &open_collection("notes", fields.clone())).expect(200);
    let mut guarded = open_collection("guarded", fields);
    guarded["createRule"] = json!("@collection.endless.n ?= -1");
    root.post("/api/collections", &guarded).expect(200);
    server
}

/// A request of a guest that reads the whole view.
fn slow_path() -> String {
    format!("/api/collections/endless/records?skipTotal=1&filter={}", escape("n = -1"))
}

#[track_caller]
fn expect_interrupted(client: &mut Client, method: &str, path: &str, body: Option<&serde_json::Value>) {
    let reply = client.request(method, path, body);
    assert!(matches!(reply.status, 408 | 503), "{path}: {}", reply.text());
    reply.expect_envelope(reply.status);
}

#[test]
fn what_runs_too_long_is_interrupted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = serve(&folder.path().join("data"), "300");
    let mut client = server.client();
    let mut root = server.superuser();
    // More of each kind than there are threads: an interrupted one must not take its thread with it.
    for _ in 0..READERS + 1 {
        expect_interrupted(&mut client, "GET", &slow_path(), None);
    }
    expect_interrupted(&mut client, "GET", "/api/collections/endless/records", None);
    expect_interrupted(&mut client, "GET", "/api/collections/endless/records/missing", None);
    expect_interrupted(&mut root, "GET", &slow_path(), None);
    let sorted = json!({"query": format!("{ENDLESS} ORDER BY n DESC")});
    let reply = root.post("/api/collections/meta/dry-run-view", &sorted);
    assert!(matches!(reply.status, 400 | 408 | 503), "{}", reply.text());
    reply.expect_envelope(reply.status);
    // A write is stopped, too, and stores nothing.
    let body = json!({"text": "a"});
    expect_interrupted(&mut client, "POST", "/api/collections/guarded/records", Some(&body));
    let list = root.get("/api/collections/guarded/records").expect(200);
    assert_eq!(list["totalItems"], 0);
    for _ in 0..10 {
        client.post("/api/collections/notes/records", &body).expect(200);
    }
    let list = client.get("/api/collections/notes/records").expect(200);
    assert_eq!(list["totalItems"], 10);
    server.expect_alive();
}

#[test]
fn the_others_are_answered_meanwhile() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = serve(&folder.path().join("data"), FOR_EVER_MS);
    // All reader threads but one are kept busy for as long as the test runs.
    let mut stuck: Vec<Client> = (1..READERS).map(|_| server.client()).collect();
    for client in &mut stuck {
        client.send("GET", &slow_path(), None).expect("the server takes requests");
    }
    let mut client = server.client();
    for number in 0..50 {
        let body = json!({"text": number.to_string()});
        let made = client.post("/api/collections/notes/records", &body).expect(200);
        let id = made["id"].as_str().expect("a record has an id");
        let seen = client.get(&format!("/api/collections/notes/records/{id}")).expect(200);
        assert_eq!(seen["text"], body["text"]);
    }
    server.superuser().get("/api/collections").expect(200);
    server.expect_alive();
    for client in &mut stuck {
        client.socket().set_nonblocking(true).expect("it is our socket");
        let waits = client.socket().peek(&mut [0]).map_err(|error| error.kind());
        assert_eq!(waits, Err(ErrorKind::WouldBlock), "it was answered, so nothing was going on meanwhile");
    }
}
