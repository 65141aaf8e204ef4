//! What programs that watch the server see of it, on sockets of their own: `metrics_http`, signals, a full disk.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::http::Client;
use super::server::{Server, claim, free_address};

/// How long a request may take to arrive. Nothing here takes a tenth of that.
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);

/// A server with an address for whoever watches it.
fn watched(data: &Path) -> (Server, SocketAddr) {
    claim(data);
    // Another one for each try, or a port that is taken would stay so.
    let address = std::cell::Cell::new(free_address());
    let server = Server::start_with(data, |command| {
        address.set(free_address());
        command.env("HOLDALL_METRICS_HTTP", address.get().to_string());
    });
    (server, address.get())
}

/// Waits until a folder has an entry.
fn wait_until_something_is_in(folder: &Path) {
    let begun = Instant::now();
    while !std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        assert!(begun.elapsed() < ARRIVES_WITHIN, "nothing is in {}", folder.display());
        std::thread::yield_now();
    }
}

fn client(address: SocketAddr) -> Client {
    Client::new(address).expect("the address is listened on")
}

#[test]
fn an_address_of_its_own_answers_everybody_in_full_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut server, address) = watched(&folder.path().join("data"));
    server.client().get("/metrics").expect_envelope(401);
    let metrics = client(address).get("/metrics");
    assert_eq!(metrics.status, 200, "{}", metrics.text());
    let expect = "holdall_http_requests_total{method=\"GET\",route=\"/metrics\",status=\"401\"} 1\n";
    assert!(metrics.text().contains(expect), "{}", metrics.text());
    assert_eq!(client(address).get("/livez").text(), "ok\n");
    assert_eq!(client(address).get("/readyz").expect(200)["status"], "ready");
    for path in ["/", "/_/", "/api/health", "/api/collections", "/api/logs", "/auth/users/sign-in", "/static/page.css"]
    {
        assert_eq!(client(address).get(path).status, 404, "{path}");
    }
    assert_eq!(client(address).post("/metrics", &json!({})).status, 404);
    server.expect_alive();
    let (status, text) = server.terminate();
    assert!(status.success(), "{text}");
    assert!(Client::new(address).is_err(), "both end");
}

#[test]
fn an_address_that_is_taken_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address");
    let mut command = super::server::program(&data);
    command.args(["serve", "--http", &free_address().to_string()]).env("HOLDALL_METRICS_HTTP", address.to_string());
    let complaint = super::server::run(&mut command).failed();
    assert!(complaint.contains("can't listen"), "{complaint}");
}

#[test]
fn who_waits_for_the_end_is_told_that_it_comes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (server, address) = watched(&folder.path().join("data"));
    // A file whose rest doesn't come: the server waits a moment for it.
    let mut slow = server.client();
    let head = "POST /api/collections/users/records HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\
                Content-Type: multipart/form-data; boundary=b\r\n\r\n\
                --b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a.png\"\r\n\r\nthe beginning";
    std::io::Write::write_all(slow.socket(), head.as_bytes()).expect("the server is there");
    // Before it has arrived, the server would end at once.
    wait_until_something_is_in(&folder.path().join("data/uploads"));
    let watch = std::thread::spawn(move || {
        let mut seen = Vec::new();
        while let Ok(mut client) = Client::new(address) {
            let Ok(reply) = client.try_request("GET", "/readyz", None) else { break };
            seen.push((reply.status, reply.json()));
        }
        seen
    });
    let (status, text) = server.terminate();
    assert!(status.success(), "{text}");
    let seen: Vec<(u16, Json)> = watch.join().expect("the watcher ends");
    let last = seen.last().expect("it saw something");
    assert_eq!((last.0, &last.1["status"]), (503, &json!("not ready")), "{seen:?}");
    assert!(last.1["checks"]["shutdown"].as_str().is_some_and(|said| said.contains("shutting down")), "{last:?}");
}
