//! Realtime over WebSocket, spoken byte by byte: who a socket belongs to, what it is told, and how it ends.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use serde_json::{Value as Json, json};

use super::http::{ANSWER_TIMEOUT, Client, read_reply};
use super::server::{Server, claim, open_collection};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A socket after its handshake.
struct Socket(BufReader<TcpStream>);

impl Socket {
    /// Shakes hands; the status if the server doesn't want to.
    fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Socket, u16> {
        let mut stream = TcpStream::connect(address).expect("the server takes connections");
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).expect("a socket has a timeout");
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).expect("the server takes requests");
        let mut stream = BufReader::new(stream);
        let reply = read_reply(&mut stream, false).expect("the server answers");
        if reply.status != 101 {
            return Err(reply.status);
        }
        assert_eq!(reply.header("Sec-WebSocket-Accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        Ok(Socket(stream))
    }

    /// One that was greeted, and the greeting.
    fn greeted(server: &Server, path: &str, headers: &[(&str, &str)]) -> (Socket, Json) {
        let mut socket = Socket::open(server.address, path, headers).expect("the server shakes hands");
        let greeting = socket.next();
        assert_eq!(greeting["event"], "PB_CONNECT");
        assert_eq!(greeting["data"]["clientId"].as_str().map(str::len), Some(40));
        (socket, greeting)
    }

    /// Sends a frame. Clients must mask what they send; this mask changes nothing.
    fn send_frame(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            size @ ..126 => frame.push(0x80 | size as u8),
            size @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((size as u16).to_be_bytes());
            }
            size => {
                frame.push(0x80 | 127);
                frame.extend((size as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        // Whoever is refused may find the connection closed while still sending.
        let _ = self.0.get_mut().write_all(&frame);
    }

    fn send(&mut self, message: Json) {
        self.send_frame(TEXT, message.to_string().as_bytes());
    }

    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).ok()?;
        assert_eq!(head[0] & 0x80, 0x80, "messages come in one frame");
        assert_eq!(head[1] & 0x80, 0, "a server doesn't mask");
        let mut size = u64::from(head[1]);
        let extended = match size {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if extended > 0 {
            let mut bytes = [0; 8];
            self.0.read_exact(&mut bytes[8 - extended..]).ok()?;
            size = u64::from_be_bytes(bytes);
        }
        let mut payload = vec![0; usize::try_from(size).expect("it fits")];
        self.0.read_exact(&mut payload).ok()?;
        Some((head[0] & 0x0f, payload))
    }

    /// The next message.
    fn next(&mut self) -> Json {
        loop {
            match self.frame().expect("the socket stays open") {
                (TEXT, payload) => return serde_json::from_slice(&payload).expect("messages are JSON"),
                (PING, payload) => self.send_frame(PONG, &payload),
                (opcode, payload) => panic!("frame {opcode}: {}", String::from_utf8_lossy(&payload)),
            }
        }
    }

    /// Sends a message and gives the data of the answer to it.
    fn ask(&mut self, mut message: Json) -> Json {
        message["ref"] = json!({"n": 7});
        self.send(message);
        let reply = self.next();
        assert_eq!(reply["event"], "@reply", "{reply}");
        assert_eq!(reply["data"]["ref"], json!({"n": 7}), "{reply}");
        reply["data"].clone()
    }

    fn subscribe(&mut self, topics: &[&str]) {
        let reply = self.ask(json!({"type": "subscribe", "subscriptions": topics}));
        assert_eq!(reply["status"], 204, "{reply}");
    }

    /// The code with which the server closes; `None` if it only cuts the connection.
    fn closed(&mut self) -> Option<u16> {
        loop {
            match self.frame()? {
                (CLOSE, payload) => return Some(u16::from_be_bytes([payload[0], payload[1]])),
                _ => continue,
            }
        }
    }
}

/// A server with notes that belong to users, and one user.
fn start(data: &Path) -> Server {
    claim(data);
    let server = Server::start(data);
    let mut root = server.superuser();
    let mut notes = open_collection(
        "notes",
        json!([
            {"name": "title", "type": "text"},
            {"name": "owner", "type": "text"},
        ]),
    );
    notes["listRule"] = json!("owner = '' || owner = @request.auth.email");
    root.post("/api/collections", &notes).expect(200);
    let user = json!({"email": "ada@example.com", "password": "password-1", "passwordConfirm": "password-1"});
    root.post("/api/collections/users/records", &user).expect(200);
    server
}

fn note(client: &mut Client, title: &str, owner: &str) {
    client.post("/api/collections/notes/records", &json!({"title": title, "owner": owner})).expect(200);
}

const SIGN_IN: &str = "/api/collections/users/auth-with-password";

fn form() -> Json {
    json!({"identity": "ada@example.com", "password": "password-1"})
}

#[test]
fn a_socket_is_told_what_its_owner_may_see() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = start(&folder.path().join("data"));
    let mut client = server.client();
    let token = client.post(SIGN_IN, &form()).expect(200)["token"].as_str().expect("a token").to_owned();

    // As a guest, and then by a message with a token.
    let (mut socket, _) = Socket::greeted(&server, "/api/realtime/ws", &[]);
    socket.subscribe(&["notes/*"]);
    note(&mut client, "hidden", "ada@example.com");
    note(&mut client, "for all", "");
    let told = socket.next();
    assert_eq!(told["event"], "notes/*");
    assert_eq!(told["data"]["action"], "create");
    assert_eq!(told["data"]["record"]["title"], "for all");
    assert_eq!(socket.ask(json!({"type": "auth", "token": "nonsense"}))["status"], 401);
    assert_eq!(socket.ask(json!({"type": "auth", "token": token}))["status"], 204);
    note(&mut client, "for ada", "ada@example.com");
    assert_eq!(socket.next()["data"]["record"]["title"], "for ada", "what it listens to has stayed");
    assert_eq!(socket.ask(json!({"type": "auth", "token": ""}))["status"], 403, "it stays hers");
    assert_eq!(socket.ask(json!({"type": "ping"}))["status"], 204);

    // By the header, from the beginning.
    let (mut socket, _) = Socket::greeted(&server, "/api/realtime/ws", &[("Authorization", &token)]);
    socket.subscribe(&["notes/*"]);
    note(&mut client, "hers again", "ada@example.com");
    assert_eq!(socket.next()["data"]["record"]["title"], "hers again");
}

#[test]
fn a_cookie_opens_sockets_of_our_own_pages_only() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = start(&folder.path().join("data"));
    let mut client = server.client();
    let reply = client.post(&format!("{SIGN_IN}?session=cookie"), &form());
    reply.expect(200);
    let cookie = reply.header("Set-Cookie").and_then(|text| text.split(';').next()).expect("a cookie").to_owned();
    let own = format!("http://{}", server.address);
    for (headers, is_hers) in [
        (vec![("Origin", own.as_str())], true),
        (vec![("Sec-Fetch-Site", "same-origin"), ("Origin", own.as_str())], true),
        (vec![("Origin", "http://evil.example")], false),
        (vec![("Origin", "null")], false),
        (vec![("Sec-Fetch-Site", "cross-site"), ("Origin", own.as_str())], false),
        (vec![("Sec-Fetch-Site", "same-site"), ("Origin", "http://evil.example")], false),
        (vec![], false),
        (vec![("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], false),
    ] {
        let with_cookie: Vec<_> = headers.iter().copied().chain([("Cookie", cookie.as_str())]).collect();
        let (mut socket, _) = Socket::greeted(&server, "/api/realtime/ws", &with_cookie);
        socket.subscribe(&["notes/*"]);
        note(&mut client, "for ada", "ada@example.com");
        note(&mut client, "for all", "");
        let first = socket.next()["data"]["record"]["title"].clone();
        assert_eq!(first, if is_hers { "for ada" } else { "for all" }, "{headers:?}");
    }
}

#[test]
fn a_socket_goes_on_where_another_one_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = start(&folder.path().join("data"));
    let mut client = server.client();
    let (mut socket, greeting) = Socket::greeted(&server, "/api/realtime/ws", &[]);
    let start = greeting["id"].as_str().expect("a position").to_owned();
    socket.subscribe(&["notes/*"]);
    note(&mut client, "one", "");
    let last = socket.next()["id"].as_str().expect("a position").to_owned();
    drop(socket);
    note(&mut client, "two", "");
    for (from, expect) in [(start, vec!["one", "two"]), (last, vec!["two"])] {
        let path = format!("/api/realtime/ws?lastEventId={from}");
        let (mut socket, greeting) = Socket::greeted(&server, &path, &[]);
        assert_eq!(greeting.get("id"), None, "it is still where it was");
        socket.subscribe(&["notes/*"]);
        for title in expect {
            assert_eq!(socket.next()["data"]["record"]["title"], title);
        }
    }
    let (mut socket, _) = Socket::greeted(&server, "/api/realtime/ws?lastEventId=x-1", &[]);
    socket.subscribe(&["notes/*"]);
    let gap = socket.next();
    assert_eq!((&gap["event"], &gap["data"]), (&json!("@gap"), &json!({"reason": "restart"})));
}

#[test]
fn what_cannot_be_understood_harms_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = start(&folder.path().join("data"));
    let (mut socket, _) = Socket::greeted(&server, "/api/realtime/ws", &[]);
    for (message, status, codes) in [
        (json!({}), 400, json!({})),
        (json!({"type": "nonsense"}), 400, json!({})),
        (json!({"type": "subscribe", "subscriptions": [1]}), 400, json!({})),
        (json!({"type": "auth"}), 401, json!({})),
    ] {
        let reply = socket.ask(message.clone());
        assert_eq!((&reply["status"], &reply["data"]), (&json!(status), &codes), "{message}: {reply}");
        assert!(reply["message"].as_str().is_some_and(|text| !text.is_empty()), "{reply}");
    }
    let reply = socket.ask(json!({"type": "subscribe", "subscriptions": vec!["x"; 1001]}));
    assert_eq!(reply["data"]["subscriptions"]["code"], "validation_length_too_long", "{reply}");
    for text in ["", "x", "[]", "{\"type\":", "null"] {
        socket.send_frame(TEXT, text.as_bytes());
        assert_eq!(socket.next()["data"]["status"], 400, "{text}");
    }
    socket.send_frame(TEXT, format!("{{\"ref\":\"{}\"}}", "x".repeat(1000)).as_bytes());
    assert_eq!(socket.next()["data"]["ref"], Json::Null, "what is long isn't repeated");
    socket.send_frame(PING, b"hello");
    assert_eq!(socket.frame(), Some((PONG, b"hello".to_vec())));

    // These end the socket.
    socket.send_frame(BINARY, b"x");
    assert_eq!(socket.closed(), Some(1003));
    for frame in [vec![b' '; 5 << 20], vec![0xff]] {
        let (mut socket, _) = Socket::greeted(&server, "/api/realtime/ws", &[]);
        socket.send_frame(TEXT, &frame);
        socket.closed();
        assert_eq!(socket.frame(), None, "it is cut off");
    }
    let (mut unmasked, _) = Socket::greeted(&server, "/api/realtime/ws", &[]);
    unmasked.0.get_mut().write_all(&[0x81, 1, b'x']).expect("the socket is open");
    unmasked.closed();
    server.client().get("/api/realtime/ws").expect_envelope(400);
    server.expect_alive();
}

#[test]
fn sockets_end_with_the_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = start(&folder.path().join("data"));
    let mut sockets: Vec<_> = (0..5).map(|_| Socket::greeted(&server, "/api/realtime/ws", &[]).0).collect();
    let (status, text) = server.terminate();
    assert!(status.success(), "{status}: {text}");
    assert!(!text.contains("still open"), "{text}");
    for socket in &mut sockets {
        assert_eq!(socket.closed(), Some(1001));
    }
}
