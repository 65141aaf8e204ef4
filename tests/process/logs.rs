//! The log of requests beside a running server and after its end: `holdall logs tail`, and what is on disk.

use serde_json::{Value as Json, json};

use super::http::{Client, escape};
use super::server::{EMAIL, Following, PASSWORD, Server, claim, contents, holdall, open_collection};

/// The latest entries as JSON.
fn latest(data: &std::path::Path, arguments: &[&str]) -> Vec<Json> {
    let all = [&["logs", "tail", "--no-follow", "--json"], arguments].concat();
    let text = holdall(data, &all).ok();
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn messages(entries: &[Json]) -> Vec<&str> {
    entries.iter().filter_map(|entry| entry["message"].as_str()).collect()
}

#[test]
fn tail_follows_a_running_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    server.client().get("/api/health?mark=first").expect(200);
    let everything = Following::start(&data, &["logs", "tail"]);
    let errors = Following::start(&data, &["logs", "tail", "--level", "error"]);
    let seen = everything.wait_for("mark=first");
    let line = seen.lines().find(|line| line.contains("mark=first")).expect("it is there");
    assert!(line.contains(" INFO  200 GET /api/health?mark=first ") && line.contains(" 127.0.0.1"), "{line}");
    server.client().get("/api/health?mark=second&token=abc").expect(200);
    server.client().get("/api/missing?mark=third").expect_envelope(404);
    let seen = everything.wait_for("mark=third");
    assert!(seen.contains("mark=second&token=***"), "{seen}");
    let seen = errors.wait_for("mark=third");
    assert!(seen.contains(" ERROR 404 GET /api/missing?mark=third ") && !seen.contains("mark=second"), "{seen}");
    server.expect_alive();
}

#[test]
fn what_waits_is_written_at_the_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let server = Server::start(&data);
    for at in 0..20 {
        server.client().get(&format!("/api/health?at={at}")).expect(200);
    }
    let (status, text) = server.terminate();
    assert!(status.success(), "{text}");
    assert!(!data.join("logs.db-wal").exists(), "the log is one file when nobody has it open");
    let entries = latest(&data, &["--lines", "2"]);
    assert_eq!(messages(&entries), ["GET /api/health?at=18", "GET /api/health?at=19"]);
    // Every server is asked for its health when it starts.
    assert_eq!(latest(&data, &["--lines", "100"]).len(), 21);
    assert_eq!(latest(&data, &["--lines", "100", "--level", "error"]).len(), 0);
    assert_eq!(latest(&data, &["--lines", "0"]).len(), 0);
}

#[test]
fn a_kill_costs_no_more_than_what_waited() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let server = Server::start(&data);
    server.client().get("/api/health?mark=written").expect(200);
    let tail = Following::start(&data, &["logs", "tail"]);
    tail.wait_for("mark=written");
    // Enough to be in the middle of something.
    for at in 0..500 {
        server.client().get(&format!("/api/health?at={at}")).expect(200);
    }
    server.kill();
    drop(tail);
    let mut again = Server::start(&data);
    again.client().get("/api/health?mark=after").expect(200);
    let tail = Following::start(&data, &["logs", "tail", "--lines", "1000"]);
    let seen = tail.wait_for("mark=after");
    assert!(seen.contains("mark=written"), "{seen}");
    // What is there is whole and in order.
    let numbers: Vec<usize> =
        seen.split("?at=").skip(1).filter_map(|rest| rest.split(' ').next()?.parse().ok()).collect();
    assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>());
    again.expect_alive();
}

#[test]
fn tail_makes_nothing_where_nothing_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let complaint = holdall(&folder.path().join("nothing"), &["logs", "tail"]).failed();
    assert!(complaint.contains("There is no data folder"), "{complaint}");
    assert!(contents(folder.path()).is_empty());
    let complaint = holdall(folder.path(), &["logs", "tail", "--level", "loud"]).failed();
    assert!(complaint.contains("debug, info, warn, error"), "{complaint}");
}

/// Makes a view that compares each record with each pair of others, and gives it as the superuser.
fn with_slow_view(server: &Server) -> Client {
    let token = server.token(EMAIL, PASSWORD).expect("a superuser can sign in");
    let mut root = server.client().with_token(&token);
    let numbers = open_collection("numbers", json!([{"name": "text", "type": "text"}]));
    root.post("/api/collections", &numbers).expect(200);
    let create = json!({"method": "POST", "url": "/api/collections/numbers/records", "body": {"text": "personal"}});
    root.post("/api/batch", &json!({"requests": vec![create; 50]})).expect(200);
    let cube = "SELECT a.id AS id, count(*) AS n FROM numbers a, numbers b, numbers c GROUP BY a.id";
    root.post("/api/collections", &json!({"name": "cube", "type": "view", "viewQuery": cube})).expect(200);
    root
}

/// What the log has of the view's statements.
fn told(root: &mut Client) -> Vec<Json> {
    let entries = root.get(&format!("/api/logs?perPage=500&filter={}", escape("data.type = 'program'"))).expect(200);
    let mut entries = entries["items"].as_array().expect("items").clone();
    entries.retain(|entry| entry["data"]["sql"].as_str().is_some_and(|sql| sql.contains("\"cube\"")));
    entries
}

/// Has the view look through all it has.
fn look_slowly(root: &mut Client) {
    let filter = escape("id != 'a-very-personal-value'");
    root.get(&format!("/api/collections/cube/records?filter={filter}")).expect(200);
}

#[test]
fn slow_statements_are_told_with_their_plan_on_the_terminal_and_in_the_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let server = Server::start_with(&data, |command| {
        command.env("HOLDALL_SLOW_STATEMENT_MS", "1").env("HOLDALL_BATCH_ENABLED", "true");
    });
    let mut root = with_slow_view(&server);
    look_slowly(&mut root);
    let entries = told(&mut root);
    let entry = entries.last().expect("the view takes longer than a millisecond");
    assert_eq!((&entry["message"], &entry["level"]), (&json!("a statement took long"), &json!(4)));
    assert_eq!(entry["data"]["target"], "holdall::store::sqlite::connection");
    assert!(entry["data"]["millis"].as_u64().is_some_and(|millis| millis >= 1), "{entry}");
    let plan = entry["data"]["plan"].as_str().expect("a text");
    assert!(plan.contains("SCAN") && plan.contains("; "), "{plan}");
    assert!(!entry.to_string().contains("personal"), "values are nobody's business: {entry}");
    let count = entries.len();
    look_slowly(&mut root);
    assert_eq!(told(&mut root).len(), count, "what was told a moment ago isn't told again");

    let (status, text) = server.terminate();
    assert!(status.success(), "{text}");
    assert!(text.contains("WARN") && text.contains("a statement took long") && text.contains("plan="), "{text}");
    assert!(!text.contains("personal"), "{text}");
}

#[test]
fn the_programs_own_warnings_are_kept_from_their_level_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let server = Server::start_with(&data, |command| {
        command.env("HOLDALL_BATCH_ENABLED", "true");
    });
    assert_eq!(told(&mut with_slow_view(&server)), Vec::<Json>::new(), "half a second is long enough for them");
    drop(server);
    for (slow_ms, min_level, terminal, is_kept) in
        [("1", "0", "off", true), ("1", "4", "warn", true), ("1", "5", "warn", false), ("0", "0", "warn", false)]
    {
        let server = Server::start_with(&data, |command| {
            command.env("HOLDALL_SLOW_STATEMENT_MS", slow_ms).env("HOLDALL_LOGS_MIN_LEVEL", min_level);
            command.env("HOLDALL_LOG_LEVEL", terminal);
        });
        let token = server.token(EMAIL, PASSWORD).expect("a superuser can sign in");
        let mut root = server.client().with_token(&token);
        let before = told(&mut root).len();
        look_slowly(&mut root);
        assert_eq!(told(&mut root).len() > before, is_kept, "{slow_ms} {min_level} {terminal}");
        let (status, text) = server.terminate();
        assert!(status.success(), "{text}");
        assert_eq!(text.contains("a statement took long"), slow_ms == "1" && terminal == "warn", "{text}");
    }
}
