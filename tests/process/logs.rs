//! The log of requests beside a running server and after its end: `holdall logs tail`, and what is on disk.

use serde_json::Value as Json;

use super::server::{Following, Server, claim, contents, holdall};

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
