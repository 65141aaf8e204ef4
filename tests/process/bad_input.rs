//! What no client would send: the server answers, or closes the connection, and stays up.
//!
//! Errors of the server's own are always the envelope. Errors of the HTTP parser below it, which has understood
//! nothing of the request, have no body.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::json;

use super::http::{ANSWER_TIMEOUT, Reply, escape, read_reply};
use super::server::{Dice, Server, claim, is_behind_front, open_collection};

const RECORDS: &str = "/api/collections/notes/records";
/// More than any body may have here.
const TOO_MANY_BYTES: usize = 33 << 20;

/// A server with a collection `notes` that everybody may write to.
fn serve() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let server = Server::start(&data);
    let fields = json!([{"name": "text", "type": "text"}, {"name": "number", "type": "number"}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    (folder, server)
}

/// Sends bytes and reads all that comes back until the server closes the connection. `ended` tells the server that
/// nothing more will come.
fn exchange(server: &Server, bytes: &[u8], ended: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).expect("the server takes connections");
    stream.set_read_timeout(Some(ANSWER_TIMEOUT)).expect("it is our socket");
    // The server may close the connection while we are still sending: that is an answer, too.
    let _ = stream.write_all(bytes);
    if ended {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut received = Vec::new();
    match stream.read_to_end(&mut received) {
        Ok(_) => received,
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => received,
        Err(error) => panic!("neither an answer nor the end of {:?}: {error}", excerpt(bytes)),
    }
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned()
}

/// The answers in what was received; each must be well-formed, and every error of the server's the envelope.
#[track_caller]
fn replies(received: &[u8], to: &[u8]) -> Vec<Reply> {
    let mut rest = received;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let reply = read_reply(&mut rest, to.starts_with(b"HEAD ")).unwrap_or_else(|error: io::Error| {
            panic!("{error} in the answer {:?} to {:?}", excerpt(received), excerpt(to))
        });
        if reply.status >= 400 && !reply.body.is_empty() {
            reply.expect_envelope(reply.status);
        }
        found.push(reply);
    }
    found
}

/// The statuses of the answers to some bytes.
#[track_caller]
fn statuses(server: &Server, bytes: &[u8]) -> Vec<u16> {
    replies(&exchange(server, bytes, true), bytes).iter().map(|reply| reply.status).collect()
}

/// A whole request that ends the connection.
fn request(method: &str, target: &[u8], headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(" HTTP/1.1\r\nHost: holdall.test\r\nConnection: close\r\n{headers}\r\n");
    [method.as_bytes(), b" ", target, head.as_bytes(), body].concat()
}

/// The one answer to a whole request.
#[track_caller]
fn answer(server: &Server, bytes: &[u8]) -> Reply {
    let mut found = replies(&exchange(server, bytes, false), bytes);
    assert_eq!(found.len(), 1, "{:?}", excerpt(bytes));
    found.remove(0)
}

#[test]
fn what_is_not_http_is_refused() {
    let (_folder, mut server) = serve();
    for bytes in [
        b"".as_slice(),
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\0T / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad name: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nname: \0\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
        b"GET /\x7f HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: nonsense\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"<html>hello</html>\r\n\r\n",
    ] {
        let found = statuses(&server, bytes);
        assert!(found.is_empty() || found == [400] || found == [505], "{found:?} to {:?}", excerpt(bytes));
    }
    server.expect_alive();
}

#[test]
fn odd_paths_are_answered() {
    let (_folder, mut server) = serve();
    let long = [b"/api/".as_slice(), &b"a".repeat(60_000)].concat();
    let longer = b"/".repeat(70_000);
    for (target, expect) in [
        (b"/api/health".as_slice(), [200].as_slice()),
        (b"/api//health", &[307]),
        (b"//api/health", &[307]),
        (b"/api/./health", &[307]),
        (b"/api/x/../health", &[307]),
        (b"/..", &[307]),
        (b"//", &[200, 307]),
        (b"//evil.example/api", &[307, 404]),
        (b"/api/health/", &[404]),
        (b"/api/%", &[400, 404]),
        (b"/api/%zz", &[400, 404]),
        (b"/api/%f", &[400, 404]),
        (b"/api/%ff", &[400, 404]),
        (b"/api/%00", &[400, 404]),
        (b"/api/\xff\xfe", &[400, 404]),
        (b"/api/h\xc3\xa4", &[400, 404]),
        (b"/api/{a}|b^`\\", &[400, 404]),
        (b"/api/collections/%2e%2e/records", &[400, 404]),
        (b"/api/collections/%2e%2e%2fnotes/records", &[400, 404]),
        (b"/api/collections/a%2Fb/records", &[404]),
        (b"/api/collections/notes/records/%00", &[400, 404]),
        (b"/api/collections/notes/records/a%00b", &[400, 404]),
        (b"/api/collections/notes/records/%ff", &[400, 404]),
        (b"/api/collections/notes/records/a%2Fb", &[404]),
        (b"/api/collections/notes/records/'%22%60%3B--", &[404]),
        (b"/static/../../../etc/passwd", &[307, 404]),
        (b"/static/%2e%2e/%2e%2e/etc/passwd", &[400, 404]),
        (b"/static/..%2f..%2fetc/passwd", &[400, 404]),
        (b"/static/page.css%00", &[400, 404]),
        (b"http://holdall.test/api/health", &[200, 400, 404]),
        (b"*", &[400, 404]),
        (b"?", &[400, 404]),
        (b"api/health", &[400, 404]),
        (&long, &[404, 414]),
        (&longer, &[400, 414]),
    ] {
        let reply = answer(&server, &request("GET", target, "", b""));
        assert!(expect.contains(&reply.status), "{} to {}", reply.status, excerpt(target));
        // Nobody is sent to another server.
        let location = reply.header("Location").unwrap_or("/");
        assert!(location.starts_with('/') && !location.starts_with("//"), "{location} for {}", excerpt(target));
    }
    server.expect_alive();
}

#[test]
fn odd_queries_are_answered() {
    let (_folder, mut server) = serve();
    let nested = format!("filter={}", "(".repeat(3000));
    let chain = format!("filter={}", escape(&vec!["a=1"; 1000].join("&&")));
    let fields = format!("fields={}", "a.".repeat(20_000));
    let expand = format!("expand={}", "a.".repeat(20_000));
    for (query, expect) in [
        ("", [200].as_slice()),
        ("?", &[200]),
        ("&&&=&=", &[200]),
        ("filter=%zz", &[400]),
        ("filter=%ff", &[400]),
        ("filter=%00", &[400]),
        ("filter=text='%00'", &[200, 400]),
        ("filter=%", &[400]),
        ("filter=text=\"", &[400]),
        ("filter=1;DROP%20TABLE%20notes", &[400]),
        ("sort=%27%3B--", &[200, 400]),
        ("sort=%00", &[200, 400]),
        ("page=%00", &[400]),
        ("page=99999999999999999999", &[400]),
        ("page=9223372036854775807&perPage=1000", &[200, 400]),
        ("perPage=-1", &[200]),
        ("perPage=1e3", &[400]),
        ("skipTotal=%ff", &[400]),
        ("cursor=%ff%00", &[400]),
        ("fields=%ff,%00", &[200, 400]),
        ("fields=(((((", &[400]),
        ("expand=%ff,%00", &[200, 400]),
        (&nested, &[400]),
        (&chain, &[400]),
        (&fields, &[200, 400, 414]),
        (&expand, &[200, 400, 414]),
    ] {
        let target = format!("{RECORDS}?{query}");
        let reply = answer(&server, &request("GET", target.as_bytes(), "", b""));
        assert!(expect.contains(&reply.status), "{} to {}: {}", reply.status, excerpt(target.as_bytes()), reply.text());
    }
    server.expect_alive();
}

#[test]
fn odd_methods_and_headers_are_answered() {
    let (_folder, mut server) = serve();
    for method in ["BREW", "TRACE", "CONNECT", "get", "PROPFIND", "OPTIONS", "PUT", "DELETE"] {
        let reply = answer(&server, &request(method, b"/api/health", "", b""));
        assert!(matches!(reply.status, 204 | 400 | 404 | 405 | 501), "{} to {method}", reply.status);
    }
    let many: String = (0..99).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let too_many: String = (0..2000).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let huge = format!("X: {}\r\n", "x".repeat(2 << 20));
    let long_token = format!("Authorization: {}\r\n", "a.b.c".repeat(10_000));
    for (headers, expect) in [
        ("Authorization: x\r\nAuthorization: y\r\n", [200].as_slice()),
        ("Authorization: Bearer \r\n", &[200]),
        ("Authorization: a.b.c\r\n", &[200]),
        ("Authorization: \"ü\"\r\n", &[200]),
        ("Cookie: \0\r\n", &[400]),
        ("Content-Type: \"\r\n", &[200]),
        ("Content-Type: a/b; c=\"d\r\n", &[200]),
        ("Accept: nonsense;;;\r\n", &[200]),
        ("Host: a\r\nHost: b\r\n", &[200, 400]),
        ("Host: ../\r\n", &[200, 400]),
        ("X-Forwarded-For: '\"--\r\nX-Real-IP: ::::\r\n", &[200]),
        ("Range: bytes=9-1\r\nIf-Modified-Since: x\r\n", &[200]),
        ("Origin: \r\n", &[200]),
        ("Upgrade: h2c\r\nConnection: Upgrade\r\n", &[200]),
        (&long_token, &[200, 431]),
        (&many, &[200, 431]),
        (&too_many, &[431]),
        (&huge, &[431]),
    ] {
        let bytes = request("GET", b"/api/health", headers, b"");
        let found = statuses_of_whole(&server, &bytes);
        // While it still receives, the server may close without the client seeing why.
        let fits = found.iter().all(|status| expect.contains(status)) && (bytes.len() > 10_000 || !found.is_empty());
        assert!(fits, "{found:?} to {:?}", excerpt(headers.as_bytes()));
    }
    server.expect_alive();
}

#[track_caller]
fn statuses_of_whole(server: &Server, bytes: &[u8]) -> Vec<u16> {
    replies(&exchange(server, bytes, false), bytes).iter().map(|reply| reply.status).collect()
}

#[test]
fn bodies_that_are_too_large_get_413() {
    let (_folder, mut server) = serve();
    let json = "Content-Type: application/json\r\n";
    // Announced, and then nothing comes.
    let bytes = request("POST", RECORDS.as_bytes(), &format!("{json}Content-Length: {}\r\n", 1_u64 << 40), b"{");
    let found = replies(&exchange(&server, &bytes, true), &bytes);
    // The front doesn't go on with a request whose client has hung up, whatever it would have come to.
    let expect = if is_behind_front() { 400 } else { 413 };
    found.last().expect("it is answered").expect_envelope(expect);
    // Announced and sent.
    let body = [b"{\"text\":\"".as_slice(), &b"x".repeat(TOO_MANY_BYTES), b"\"}"].concat();
    let headers = format!("{json}Content-Length: {}\r\n", body.len());
    answer(&server, &request("POST", RECORDS.as_bytes(), &headers, &body)).expect_envelope(413);
    // As before, by a client that asks whether to send it. Rocket looks at the beginning of every body before anybody
    // can decide, so it is told to go on.
    let mut client = server.client();
    let head = request("POST", RECORDS.as_bytes(), &format!("{headers}Expect: 100-continue\r\n"), b"");
    client.socket().write_all(&head).expect("it can be sent");
    assert_eq!(client.read_reply(false).expect("it is answered").status, 100);
    client.socket().write_all(&body).expect("the server takes what it has asked for");
    client.read_reply(false).expect("it is answered").expect_envelope(413);
    // Not announced, but sent in chunks. A megabyte each.
    let headers = format!("{json}Transfer-Encoding: chunked\r\n");
    let mut chunks = Vec::new();
    for chunk in body.chunks(1 << 20) {
        chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    answer(&server, &request("POST", RECORDS.as_bytes(), &headers, &chunks)).expect_envelope(413);
    let form = "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n";
    answer(&server, &request("POST", RECORDS.as_bytes(), form, &chunks)).expect_envelope(413);
    // Where there is no such collection, its size doesn't matter.
    let headers = format!("{json}Content-Length: 2\r\n");
    answer(&server, &request("POST", b"/api/collections/none/records", &headers, b"{}")).expect_envelope(404);
    assert_eq!(server.client().get(RECORDS).expect(200)["totalItems"], 0);
    server.expect_alive();
}

#[test]
fn bodies_that_end_early_store_nothing() {
    let (_folder, mut server) = serve();
    let whole = br#"{"text":"aaaaaaaa"}"#;
    let json = "Content-Type: application/json\r\n";
    for (headers, body) in [
        (format!("{json}Content-Length: 100\r\n"), whole.as_slice()),
        // Shorter than what Rocket looks at by itself.
        (format!("{json}Content-Length: 100\r\n"), b"{\"text\":1}"),
        (format!("{json}Content-Length: 19\r\n"), &whole[..7]),
        (format!("{json}Transfer-Encoding: chunked\r\n"), b"13\r\n{\"text\":\"aaaaaaaa\"}"),
        (format!("{json}Transfer-Encoding: chunked\r\n"), b"13\r\n{\"text\":\"aaaaaaaa\"}\r\n"),
        (format!("{json}Transfer-Encoding: chunked\r\n"), b"zz\r\n{}\r\n0\r\n\r\n"),
        (format!("{json}Transfer-Encoding: chunked\r\n"), b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        (format!("{json}Transfer-Encoding: chunked\r\n"), b"fffff\r\n{\"text\":\"aaaaaaaa\"}\r\n0\r\n\r\n"),
        (format!("{json}Transfer-Encoding: chunked\r\n"), b"-1\r\n{}\r\n0\r\n\r\n"),
        (
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 400\r\n".to_owned(),
            b"--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na\r\n--b",
        ),
    ] {
        let found = statuses(&server, &request("POST", RECORDS.as_bytes(), &headers, body));
        assert!(found.is_empty() || found == [400], "{found:?} to {headers}{:?}", excerpt(body));
    }
    assert_eq!(server.client().get(RECORDS).expect(200)["totalItems"], 0);
    server.expect_alive();
}

#[test]
fn bodies_that_mean_nothing_get_400() {
    let (_folder, mut server) = serve();
    let deep = format!("{{\"text\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let part = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n";
    let long_name =
        format!("--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\na\r\n--b--", "x".repeat(100_000));
    let many = format!("{}--b--", format!("{part}a\r\n").repeat(2000));
    for (content_type, body) in [
        ("application/json", b"{".as_slice()),
        ("application/json", b"[]"),
        ("application/json", b"\xef\xbb\xbf{}"),
        ("application/json", b"{\"text\":\"\xff\"}"),
        ("application/json", b"{\"text\":\"\\u0000\"}"),
        ("application/json", b"{\"text\":\"\\ud800\"}"),
        ("application/json", b"\0"),
        ("application/json", deep.as_bytes()),
        ("application/x-www-form-urlencoded", b"text=%ff"),
        ("application/x-www-form-urlencoded", b"text=%00"),
        ("application/x-www-form-urlencoded", b"text=%zz"),
        ("application/x-www-form-urlencoded", b"text=\xff"),
        ("application/x-www-form-urlencoded", b"@jsonPayload={"),
        ("multipart/form-data", b"--b--"),
        ("multipart/form-data; boundary=", b"--b--"),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data; boundary=b", part.as_bytes()),
        ("multipart/form-data; boundary=b", many.as_bytes()),
        ("text/plain", b"hello"),
        ("", b"{}"),
        ("\"", b"{}"),
    ] {
        let headers = format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
        for (method, target) in [
            ("POST", RECORDS),
            ("POST", "/api/collections/_superusers/auth-with-password"),
            ("POST", "/api/collections"),
        ] {
            let reply = answer(&server, &request(method, target.as_bytes(), &headers, body));
            let refused = reply.status == 400 || (reply.status == 401 && target == "/api/collections");
            assert!(refused, "{} for {content_type} {:?}: {}", reply.status, excerpt(body), reply.text());
            reply.expect_envelope(reply.status);
        }
    }
    let headers = format!("Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n", long_name.len());
    let reply = answer(&server, &request("POST", RECORDS.as_bytes(), &headers, long_name.as_bytes()));
    assert!(matches!(reply.status, 200 | 400), "{}", reply.status);
    server.expect_alive();
}

#[test]
fn a_client_that_asks_first_may_go_on() {
    let (_folder, server) = serve();
    let mut client = server.client();
    let body = br#"{"text":"asked"}"#;
    let head = format!(
        "POST {RECORDS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    client.socket().write_all(head.as_bytes()).expect("it can be sent");
    assert_eq!(client.read_reply(false).expect("it is answered").status, 100);
    client.socket().write_all(body).expect("it can be sent");
    let record = client.read_reply(false).expect("it is answered").expect(200);
    assert_eq!(record["text"], "asked");
    // The connection is as good as before.
    client.get(RECORDS).expect(200);
}

#[test]
fn head_tells_the_length_and_sends_nothing() {
    let (_folder, server) = serve();
    let mut client = server.client();
    client.post(RECORDS, &json!({"text": "a"})).expect(200);
    for path in ["/api/health", RECORDS, "/", "/static/page.css", "/api/nowhere", &format!("{RECORDS}/missing")] {
        let head = client.request("HEAD", path, None);
        // If a body had been sent all the same, this answer could not be read.
        let get = client.get(path);
        assert_eq!(head.status, get.status, "{path}");
        let length = get.body.len().to_string();
        if get.status == 200 {
            assert_eq!(head.header("Content-Length"), Some(length.as_str()), "{path}");
        }
        assert_eq!(head.header("Content-Type"), get.header("Content-Type"), "{path}");
    }
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let (_folder, server) = serve();
    let mut client = server.client();
    let mut bytes = Vec::new();
    for number in 0..50 {
        let body = format!("{{\"number\":{number}}}");
        let length = body.len();
        bytes.extend_from_slice(
            format!(
                "POST {RECORDS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n\
                 {body}GET /api/n{number} HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            .as_bytes(),
        );
    }
    client.socket().write_all(&bytes).expect("it can be sent");
    for number in 0..50 {
        let made = client.read_reply(false).expect("it is answered").expect(200);
        assert_eq!(made["number"], number);
        client.read_reply(false).expect("it is answered").expect_envelope(404);
    }
}

#[test]
fn a_thousand_random_requests_are_survived() {
    let (_folder, mut server) = serve();
    let seed = 20_260_725;
    let mut dice = Dice(seed);
    let body = br#"{"text":"a","number":1}"#;
    let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let valid = [
        request("POST", RECORDS.as_bytes(), &headers, body),
        request("GET", format!("{RECORDS}?filter=text%3D%27a%27&sort=-number&page=1").as_bytes(), "", b""),
        request("PATCH", format!("{RECORDS}/aaaaaaaaaaaaaaa").as_bytes(), &headers, body),
    ];
    for round in 0..1000 {
        let mut bytes: Vec<u8>;
        if round % 2 == 0 {
            bytes = (0..dice.roll(300)).map(|_| dice.roll(256) as u8).collect();
        } else {
            // A valid request with a few bytes changed, put in or taken out.
            bytes = valid[dice.roll(valid.len() as u64) as usize].clone();
            for _ in 0..1 + dice.roll(4) {
                let at = dice.roll(bytes.len() as u64) as usize;
                match dice.roll(3) {
                    0 => bytes[at] = dice.roll(256) as u8,
                    1 => bytes.insert(at, dice.roll(256) as u8),
                    _ => drop(bytes.remove(at)),
                }
            }
        }
        let found = statuses(&server, &bytes);
        assert!(found.iter().all(|status| (200..500).contains(status)), "{found:?} to {:?}", excerpt(&bytes));
    }
    server.expect_alive();
}
