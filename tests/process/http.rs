//! An HTTP/1.1 client over a bare socket, so that tests can also send what no client would.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value as Json;

/// No answer takes this long; a test that waits for longer fails instead of hanging.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection that is kept open from request to request.
pub struct Client {
    stream: BufReader<TcpStream>,
    token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The JSON of an answer that has this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Json::Null } else { self.json() }
    }

    /// Makes sure that this is the error envelope, and nothing but it.
    #[track_caller]
    pub fn expect_envelope(&self, status: u16) {
        let json = self.expect(status);
        let keys: Vec<&String> = json.as_object().expect("the envelope is an object").keys().collect();
        assert_eq!(keys, ["data", "message", "status"], "{json}");
        assert_eq!(json["status"], status);
        assert!(json["message"].as_str().is_some_and(|text| !text.is_empty()), "{json}");
        assert!(json["data"].is_object(), "{json}");
        assert_eq!(self.header("Content-Type"), Some("application/json"));
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Client { stream: BufReader::new(stream), token: None })
    }

    /// The same client with a token, sent with each request.
    pub fn with_token(mut self, token: &str) -> Client {
        self.token = Some(token.to_owned());
        self
    }

    /// The socket, for what isn't a request.
    pub fn socket(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }

    /// Sends a request without waiting for its answer.
    pub fn send(&mut self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> io::Result<()> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: holdall.test\r\n");
        if let Some(token) = &self.token {
            head.push_str(&format!("Authorization: {token}\r\n"));
        }
        if let Some((content_type, body)) = body {
            head.push_str(&format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.map_or(b"".as_slice(), |(_, body)| body));
        self.socket().write_all(&bytes)
    }

    /// Reads one answer. One to HEAD has no body, whatever its head says.
    pub fn read_reply(&mut self, to_head: bool) -> io::Result<Reply> {
        read_reply(&mut self.stream, to_head)
    }

    /// A request and its answer; fails if the connection does.
    pub fn try_request(&mut self, method: &str, path: &str, body: Option<&Json>) -> io::Result<Reply> {
        let body = body.map(Json::to_string);
        self.send(method, path, body.as_deref().map(|body| ("application/json", body.as_bytes())))?;
        self.read_reply(method == "HEAD")
    }

    #[track_caller]
    pub fn request(&mut self, method: &str, path: &str, body: Option<&Json>) -> Reply {
        self.try_request(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    #[track_caller]
    pub fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, None)
    }

    #[track_caller]
    pub fn post(&mut self, path: &str, body: &Json) -> Reply {
        self.request("POST", path, Some(body))
    }
}

/// Reads one answer from whatever holds it.
pub fn read_reply(stream: &mut impl BufRead, to_head: bool) -> io::Result<Reply> {
    let status_line = read_line(stream)?;
    let status = status_line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    let status: u16 = status.ok_or_else(|| invalid(format!("not a status line: {status_line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid(format!("not a header: {line:?}")))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut reply = Reply { status, headers, body: Vec::new() };
    if to_head || matches!(status, 100..=199 | 204 | 304) {
        return Ok(reply);
    }
    if reply.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        read_chunks(stream, &mut reply.body)?;
    } else {
        let length = reply.header("Content-Length").and_then(|text| text.parse().ok());
        reply.body = vec![0; length.ok_or_else(|| invalid("a body without length".to_owned()))?];
        stream.read_exact(&mut reply.body)?;
    }
    Ok(reply)
}

fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(stream)?;
        let size = usize::from_str_radix(line.trim(), 16).map_err(|_| invalid(format!("no chunk size: {line:?}")))?;
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..])?;
        read_line(stream)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8(line).map_err(|_| invalid("a head that isn't UTF-8".to_owned()))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Text as it stands in a query string.
pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}
