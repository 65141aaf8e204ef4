//! Streams over real sockets: they don't keep the server from ending.

use std::io::Read;

use super::server::{Server, claim};

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

fn contains(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}
