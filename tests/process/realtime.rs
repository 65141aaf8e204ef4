//! Streams over real sockets: they don't keep the server from ending, and who doesn't read keeps nobody waiting.

use std::io::Read;

use serde_json::json;

use super::server::{Server, claim, open_collection};

#[test]
fn open_streams_end_with_the_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let server = Server::start(&data);
    let mut streams: Vec<_> = (0..20).map(|_| server.client()).collect();
    for stream in &mut streams {
        stream.send("GET", "/api/realtime", None).expect("the server takes requests");
        let mut seen = Vec::new();
        while !contains(&seen, "PB_CONNECT") {
            let mut piece = [0; 1024];
            let size = stream.socket().read(&mut piece).expect("the stream goes on");
            assert!(size > 0, "the stream ended");
            seen.extend_from_slice(&piece[..size]);
        }
    }
    let (status, text) = server.terminate();
    assert!(status.success(), "{status}: {text}");
    assert!(!text.contains("still open"), "{text}");
    for stream in &mut streams {
        let mut rest = Vec::new();
        stream.socket().read_to_end(&mut rest).expect("the server says goodbye");
        // The last chunk: not cut off, but ended.
        assert!(contains(&rest, "0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
    }
}

#[test]
fn a_stream_that_is_not_read_ends_and_holds_nobody_up() {
    const SIZE_BYTES: usize = 256 << 10;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let mut server = Server::start(&data);
    let fields = json!([{"name": "text", "type": "text", "max": SIZE_BYTES}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let mut stalled = server.client();
    stalled.send("GET", "/api/realtime", None).expect("the server takes requests");
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).ends_with("\n\n\r\n") {
        let mut piece = [0; 1024];
        let size = stalled.socket().read(&mut piece).expect("the stream goes on");
        assert!(size > 0, "the stream ended");
        seen.extend_from_slice(&piece[..size]);
    }
    let text = String::from_utf8_lossy(&seen).into_owned();
    let id = text.split("id:").nth(1).and_then(|rest| rest.get(..40)).expect("the client's id");
    let body = json!({"clientId": id, "subscriptions": ["notes/*"]});
    let mut writer = server.client();
    writer.post("/api/realtime", &body).expect(204);
    // More than the sockets on the way and the queue hold together.
    let note = json!({"text": "x".repeat(SIZE_BYTES)});
    let mut written = 0;
    while writer.post("/api/realtime", &body).status == 204 {
        writer.post("/api/collections/notes/records", &note).expect(200);
        written += 1;
        assert!(written < 1000, "a client that doesn't read is given up some time");
    }
    // It learns of it when it reads on: the stream ends, and isn't cut off. The connection may serve another request.
    let (mut rest, mut piece) = (Vec::new(), vec![0; SIZE_BYTES]);
    while !rest.ends_with(b"\r\n0\r\n\r\n") {
        let size = stalled.socket().read(&mut piece).expect("the server says goodbye");
        assert!(size > 0, "the stream was cut off");
        rest.extend_from_slice(&piece[..size]);
    }
    assert!(rest.len() < written * SIZE_BYTES, "some of it was thrown away");
    server.expect_alive();
}

fn contains(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}
