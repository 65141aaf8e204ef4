//! Traces as a collector gets them: OTLP over HTTP, decoded, from a server that was built with the feature `otlp`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use prost::Message;
use serde_json::json;

use super::http::Client;
use super::server::{EMAIL, PASSWORD, Server, claim, holdall, open_collection, program, run};

/// How long a test waits for spans before it fails: they are sent every five seconds.
const WAIT: Duration = Duration::from_secs(60);

/// As much of `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest` as is looked at.
#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    begun: u64,
    #[prost(fixed64, tag = "8")]
    ended: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
    #[prost(int64, optional, tag = "3")]
    number: Option<i64>,
}

impl Span {
    fn attribute(&self, key: &str) -> String {
        text(&self.attributes, key)
    }
}

fn text(attributes: &[Attribute], key: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == key).and_then(|found| found.value.clone());
    value.map_or(String::new(), |value| value.text.or(value.number.map(|n| n.to_string())).unwrap_or_default())
}

/// A collector: takes what is sent to it and answers that all is well.
struct Collector {
    address: SocketAddr,
    sent: Receiver<Export>,
    seen: Vec<(String, Span)>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (sender, sent) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || serve(stream, &sender));
            }
        });
        Collector { address, sent, seen: Vec::new() }
    }

    /// The spans that fit, as soon as there are so many.
    fn wait_for(&mut self, count: usize, fits: impl Fn(&Span) -> bool) -> Vec<Span> {
        loop {
            let found: Vec<Span> = self.seen.iter().map(|(_, span)| span).filter(|span| fits(span)).cloned().collect();
            if found.len() >= count {
                return found;
            }
            let export = self.sent.recv_timeout(WAIT);
            self.take(export.unwrap_or_else(|_| panic!("only {found:#?} of {:#?}", self.seen)));
        }
    }

    /// Everything that comes until the server has ended.
    fn rest(&mut self) -> &[(String, Span)] {
        while let Ok(export) = self.sent.try_recv() {
            self.take(export);
        }
        &self.seen
    }

    fn take(&mut self, export: Export) {
        for resource in export.resources {
            let service = resource.resource.map_or(String::new(), |found| text(&found.attributes, "service.name"));
            let spans = resource.scopes.into_iter().flat_map(|scope| scope.spans);
            self.seen.extend(spans.map(|span| (service.clone(), span)));
        }
    }
}

/// Answers requests on one connection.
fn serve(stream: TcpStream, sender: &Sender<Export>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = number.trim().parse().expect("a length");
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: application/x-protobuf"), "{head}");
        let sent = sender.send(Export::decode(body.as_slice()).expect("it is what OTLP sends"));
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        if sent.is_err() || reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn traced(data: &std::path::Path, collector: &Collector, percent: &str) -> Server {
    let endpoint = format!("http://{}", collector.address);
    Server::start_with(data, move |command| {
        command.env("HOLDALL_OTLP_ENDPOINT", &endpoint).env("HOLDALL_OTLP_SERVICE_NAME", "tested");
        command.env("HOLDALL_OTLP_SAMPLE_PERCENT", percent);
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_request_is_a_span_with_what_the_database_did_for_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let mut collector = Collector::start();
    let server = traced(&data, &collector, "100");
    let token = server.token(EMAIL, PASSWORD).expect("a superuser can sign in");
    let mut root = server.client().with_token(&token);
    let notes = open_collection("notes", json!([{"name": "text", "type": "text"}]));
    root.post("/api/collections", &notes).expect(200);
    root.post("/api/collections/notes/records", &json!({"text": "personal"})).expect(200);
    root.get("/api/collections/notes/records?filter=text%3D%22personal%22").expect(200);
    root.get("/api/collections/missing/records").expect_envelope(404);

    let routed = |route: &'static str| move |span: &Span| span.attribute("http.route") == route;
    let records = collector.wait_for(3, routed("/api/collections/<collection>/records"));
    let mut seen: Vec<(String, String)> =
        records.iter().map(|span| (span.name.clone(), span.attribute("http.response.status_code"))).collect();
    seen.sort();
    let route = "/api/collections/<collection>/records";
    let expect = [("GET", "200"), ("GET", "404"), ("POST", "200")];
    assert_eq!(seen, expect.map(|(method, status)| (format!("{method} {route}"), status.to_owned())));
    for request in &records {
        assert_eq!(request.kind, 2, "a server's");
        assert!(request.parent_id.is_empty() && request.ended > request.begun, "{request:?}");
        let method = request.attribute("http.request.method");
        let name = if method == "POST" { "database write" } else { "database read" };
        let below = |span: &Span| span.parent_id == request.span_id && span.name == name;
        let inner = collector.wait_for(1, below);
        assert_eq!(inner[0].trace_id, request.trace_id);
        assert!(inner[0].attribute("waited_us").parse::<u64>().is_ok(), "{inner:?}");
        assert!(inner[0].begun >= request.begun && inner[0].ended <= request.ended, "{inner:?} {request:?}");
    }
    let (status, text) = server.terminate();
    assert!(status.success(), "{text}");
    assert!(!text.contains("request{"), "spans aren't for the terminal: {text}");
    let all = collector.rest();
    assert!(all.iter().all(|(service, _)| service == "tested"), "{all:?}");
    assert!(!format!("{all:?}").contains("personal"), "{all:?}");
}

#[test]
fn a_callers_trace_goes_on_here_and_the_end_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let mut collector = Collector::start();
    // Nobody's request is sampled, unless they say so.
    let server = traced(&data, &collector, "0");
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let ask = |path: &str, traceparent: &str| {
        let mut client: Client = server.client();
        let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\ntraceparent: {traceparent}\r\n\r\n");
        client.socket().write_all(head.as_bytes()).expect("the server is there");
        assert_eq!(client.read_reply(false).expect("an answer").status, 200);
    };
    ask("/api/health?asked=1", &format!("00-{trace}-{parent}-01"));
    ask("/livez", &format!("00-{trace}-{parent}-00"));
    ask("/api/session", "nonsense");
    let (status, text) = server.terminate();
    assert!(status.success(), "{text}");
    let sent = collector.wait_for(1, |span| span.attribute("http.route") == "/api/health");
    assert_eq!((hex(&sent[0].trace_id), hex(&sent[0].parent_id)), (trace.to_owned(), parent.to_owned()));
    let all = collector.rest();
    assert_eq!(all.len(), 1, "others weren't to be sampled: {all:?}");
}

#[test]
fn a_collector_that_is_not_there_harms_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
    let mut server = Server::start_with(&data, |command| {
        command.env("HOLDALL_OTLP_ENDPOINT", format!("http://{gone}"));
    });
    for _ in 0..200 {
        server.client().get("/api/health").expect(200);
    }
    server.expect_alive();
    let (status, text) = server.terminate();
    assert!(status.success(), "{text}");
    let mut check = program(&data);
    check.args(["config", "check"]).env("HOLDALL_OTLP_ENDPOINT", "no address");
    assert!(run(&mut check).failed().contains("http://"));
    holdall(&data, &["superuser", "list"]).ok();
}
