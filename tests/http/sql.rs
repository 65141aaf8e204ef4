//! Statements that superusers type: who may, what they may do, and that nothing else gets through.

use std::cell::Cell;
use std::time::Duration;

use rocket::futures::future::join;
use rocket::http::Method;
use rocket::tokio::time::sleep;
use serde_json::{Value as Json, json};

use crate::harness::{Answer, Principal, TestApp, id, open_collection, text};

fn run(who: &Principal<'_>, query: &str) -> Answer {
    who.post("/api/sql", json!({"query": query}))
}

fn rows(who: &Principal<'_>, query: &str) -> Json {
    run(who, query).expect(200)["rows"].clone()
}

/// A table without end.
const ENDLESS: &str = "(WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c)";

/// What `who` is told of a statement that they run under the name "mine". `is_done` becomes true with it.
async fn run_as_mine(who: &Principal<'_>, query: &str, is_done: &Cell<bool>) -> Answer {
    let answer = who.call(Method::Post, "/api/sql").json(&json!({"query": query, "name": "mine"})).dispatch().await;
    is_done.set(true);
    answer
}

/// What `who` is told of a statement that they cancel while it runs.
fn cancelled(app: &TestApp, who: &Principal<'_>, query: &str) -> Answer {
    let is_done = Cell::new(false);
    let cancelling = async {
        let cancel = || who.call(Method::Delete, "/api/sql/mine").dispatch();
        while !is_done.get() && cancel().await.status != 204 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    app.wait(join(run_as_mine(who, query, &is_done), cancelling)).0
}

/// A superuser with a collection of three notes.
fn with_notes(app: &TestApp) -> Principal<'_> {
    let root = app.as_superuser();
    let fields = json!([{"name": "title", "type": "text"}, {"name": "n", "type": "number"}]);
    root.post("/api/collections", open_collection("notes", fields)).expect(200);
    for n in 1..=3 {
        root.create("notes", json!({"id": id(&format!("note{n}")), "title": format!("No. {n}"), "n": n}));
    }
    root
}

#[test]
fn only_superusers_type_statements_and_no_keys_do() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let key = text(&root.post("/api/keys", json!({"name": "k", "scope": null})).expect(200)["key"]);
    for (who, status) in
        [(app.guest(), 401), (app.as_user("ada"), 403), (app.with_token(&key), 403), (root.clone(), 200)]
    {
        run(&who, "SELECT 1").expect(status);
        // What is wrong with a statement isn't told before.
        run(&who, "").expect(if status == 200 { 400 } else { status });
    }
}

#[test]
fn questions_are_answered_as_texts() {
    let app = TestApp::new();
    let root = with_notes(&app);
    let answer = run(&root, "SELECT title, n, n + 0.5 AS half, NULL AS none, x'00ff' AS bytes FROM notes ORDER BY n");
    let answer = answer.expect(200);
    assert_eq!(answer["rows"][0], json!(["No. 1", "1", "1.5", null, "00ff"]));
    let names: Vec<&str> =
        answer["columns"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(names, ["title", "n", "half", "none", "bytes"]);
    assert_eq!(answer["columns"][0]["type"], "TEXT");
    assert!(
        answer["execTime"].as_f64().is_some_and(|took| took > 0.0) && answer.get("truncated").is_none(),
        "{answer}"
    );
    assert_eq!(rows(&root, "SELECT 1; SELECT 2 AS two"), json!([["2"]]), "the last one counts");
    let many = "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c WHERE x < 5000) SELECT x FROM c";
    let many = run(&root, many).expect(200);
    assert_eq!((many["rows"].as_array().map(Vec::len), &many["truncated"]), (Some(1000), &json!(true)));
}

#[test]
fn what_is_wrong_is_told_as_the_database_says_it() {
    let app = TestApp::new();
    let root = with_notes(&app);
    run(&root, "").expect_codes(&["query validation_required"]);
    run(&root, &"x".repeat(5001)).expect_codes(&["query validation_length_too_long"]);
    root.post("/api/sql", json!({"query": 5})).expect(400);
    for (query, part) in [
        ("SELEC 1", "near \"SELEC\": syntax error"),
        ("SELECT * FROM missing", "no such table: missing"),
        ("   ", "no statement"),
        ("UPDATE notes SET missing = 1", "no such column: missing"),
    ] {
        let said = text(&run(&root, query).expect(400)["message"]);
        assert!(said.contains(part), "{query}: {said}");
    }
}

#[test]
fn changes_are_all_made_or_none() {
    let app = TestApp::new();
    let root = with_notes(&app);
    let changed = run(&root, "UPDATE notes SET n = n * 10; DELETE FROM notes WHERE n = 30").expect(200);
    assert_eq!((&changed["affectedRows"], &changed["rows"]), (&json!(4), &json!([])));
    assert_eq!(rows(&root, "SELECT n FROM notes ORDER BY n"), json!([["10"], ["20"]]));
    run(&root, "DELETE FROM notes; DELETE FROM missing").expect(400);
    assert_eq!(rows(&root, "SELECT count(*) FROM notes"), json!([["2"]]));
    let read_only = json!({"query": "DELETE FROM notes", "readOnly": true});
    root.post("/api/sql", read_only).expect(400);
    assert_eq!(rows(&root, "SELECT count(*) FROM notes"), json!([["2"]]));
    assert_eq!(root.items("notes", &[]).len(), 2);
}

#[test]
fn how_a_question_would_be_answered_is_told_without_answering_it() {
    let app = TestApp::new();
    let root = with_notes(&app);
    let plan = root.post("/api/sql", json!({"query": "SELECT * FROM notes WHERE n = 1", "explain": true})).expect(200);
    assert!(plan["rows"].to_string().contains("SCAN notes"), "{plan}");
    root.post("/api/sql", json!({"query": "DELETE FROM notes", "explain": true})).expect(400);
    assert_eq!(root.items("notes", &[]).len(), 3);
}

#[test]
fn nothing_but_questions_and_changes_of_rows_gets_through() {
    let app = TestApp::new();
    let root = with_notes(&app);
    let elsewhere = app.data_dir().join("elsewhere.db");
    let at = elsewhere.display();
    for query in [
        // Beginnings and ends of transactions, which belong to others as well.
        "COMMIT",
        "BEGIN",
        "ROLLBACK",
        "SAVEPOINT a",
        "DELETE FROM notes; COMMIT",
        // Settings of connections that others use afterwards.
        "PRAGMA query_only = OFF",
        "PRAGMA query_only = OFF; DELETE FROM notes",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = ON",
        "SELECT * FROM pragma_wal_checkpoint",
        // Other files.
        &format!("ATTACH '{at}' AS other"),
        &format!("VACUUM INTO '{at}'"),
        "VACUUM",
        "SELECT load_extension('x')",
        // Definitions, which belong to collections.
        "CREATE TABLE mine (a)",
        "CREATE TEMP TABLE mine (a)",
        "DROP TABLE notes",
        "ALTER TABLE notes ADD COLUMN a",
        "CREATE INDEX i ON notes (n)",
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END",
        // The program's own tables.
        "UPDATE _collections SET listRule = ''",
        "DELETE FROM _superusers",
        "INSERT INTO _files (id) VALUES ('x')",
        "UPDATE sqlite_schema SET sql = ''",
        "DELETE FROM SQLITE_SCHEMA",
        // A change behind a question.
        "SELECT 1; DELETE FROM notes",
        "WITH a AS (SELECT 1) DELETE FROM notes",
    ] {
        run(&root, query).expect(400);
    }
    assert!(!elsewhere.exists());
    // Everybody goes on as before.
    assert_eq!(root.items("notes", &[]).len(), 3);
    root.create("notes", json!({"title": "after"}));
    assert_eq!(rows(&root, "PRAGMA table_info(notes)").as_array().map(Vec::len), Some(3));
}

#[test]
fn what_is_cancelled_ends_and_changes_nothing() {
    let app = TestApp::new();
    let root = with_notes(&app);
    for query in [
        format!("SELECT {ENDLESS}"),
        format!("UPDATE notes SET n = 7; UPDATE notes SET n = {ENDLESS}"),
        format!("DELETE FROM notes WHERE n < {ENDLESS}"),
    ] {
        let said = text(&cancelled(&app, &root, &query).expect(400)["message"]);
        assert_eq!(said, "The statement was cancelled.", "{query}");
        root.call(Method::Delete, "/api/sql/mine").send().expect(404);
    }
    // Connections and names can be used again.
    assert_eq!(rows(&root, "SELECT n FROM notes ORDER BY n"), json!([["1"], ["2"], ["3"]]));
    let again = json!({"query": "UPDATE notes SET n = n + 1", "name": "mine"});
    assert_eq!(root.post("/api/sql", again).expect(200)["affectedRows"], 3);
}

#[test]
fn only_who_runs_a_statement_cancels_it() {
    let app = TestApp::configured(|config| config.statement_timeout_ms = 500, Vec::new());
    let (root, ada) = (with_notes(&app), app.as_user("ada"));
    let other = {
        let (email, password) = ("other@example.com", "other-password-1");
        let account = json!({"email": email, "password": password, "passwordConfirm": password});
        root.create("_superusers", account);
        let login = json!({"identity": email, "password": password});
        let path = "/api/collections/_superusers/auth-with-password";
        app.with_token(&text(&app.guest().post(path, login).expect(200)["token"]))
    };
    let is_done = Cell::new(false);
    let meddling = async {
        while !is_done.get() {
            for (who, status) in [(&other, 404), (&ada, 403), (&app.guest(), 401)] {
                who.call(Method::Delete, "/api/sql/mine").dispatch().await.expect(status);
            }
        }
    };
    app.wait(join(run_as_mine(&root, &format!("SELECT {ENDLESS}"), &is_done), meddling)).0.expect(408);
    root.post("/api/sql", json!({"query": "SELECT 1", "name": "x".repeat(65)}))
        .expect_codes(&["name validation_length_too_long"]);
    root.post("/api/sql", json!({"query": "SELECT 1", "name": 5})).expect(400);
}
