//! Realtime with many who listen: `cargo bench --bench realtime -- NAME=http://ADDRESS[@PID] …`.
//!
//! Each server must hold the superuser of `bench.py`. One after the other gets a collection of its own, 2,000 streams
//! of server-sent events that listen to it, and one writer that creates 20 records a second for 20 seconds: first with
//! guests, then with as many different accounts and a rule that asks who listens. A record holds the time at which its
//! request was sent, and each stream notes when it arrived. With the server's process id, its resident memory is
//! measured before the streams are opened and when all listen. `SUBSCRIBERS`, `SECONDS` and `RATE` change the numbers.
//!
//! The client is one thread, and needs `ulimit -n` above the number of streams, as does the server.

#![allow(clippy::print_stdout, reason = "this is what a benchmark is for")]

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "bench-password-1";
/// How many requests prepare a run at the same time.
const AT_ONCE: usize = 32;
/// How long is waited for what hasn't arrived when the writer is done.
const PATIENCE: Duration = Duration::from_secs(10);

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone)]
struct Target {
    name: String,
    address: String,
    pid: Option<u32>,
}

struct Numbers {
    subscribers: usize,
    seconds: usize,
    rate: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    // Cargo adds `--bench` to the arguments.
    let arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let targets = arguments.map(|argument| target(&argument)).collect::<Option<Vec<_>>>();
    let targets = targets.filter(|targets| !targets.is_empty()).ok_or("NAME=http://ADDRESS[@PID] …")?;
    let number = |name: &str, usual| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let numbers =
        Numbers { subscribers: number("SUBSCRIBERS", 2000), seconds: number("SECONDS", 20), rate: number("RATE", 20) };
    println!("| server | who listens | delivered | p50 ms | p99 ms | max ms | KB per stream | open s |");
    println!("|--|--|--:|--:|--:|--:|--:|--:|");
    for accounts in [false, true] {
        for target in &targets {
            println!("{}", run(target, accounts, &numbers).await?);
        }
    }
    Ok(())
}

fn target(argument: &str) -> Option<Target> {
    let (name, url) = argument.split_once('=')?;
    let (url, pid) = url.split_once('@').map_or((url, None), |(url, pid)| (url, pid.parse().ok()));
    let address = url.strip_prefix("http://")?.trim_end_matches('/').to_owned();
    Some(Target { name: name.to_owned(), address, pid })
}

/// One run, as a row of the table.
async fn run(target: &Target, accounts: bool, numbers: &Numbers) -> Outcome<String> {
    let mut root = Http::connect(target).await?;
    root.sign_in().await?;
    let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis();
    let collection = format!("rt_{run:x}_{}", u8::from(accounts));
    let people = format!("{collection}_people");
    let tokens = match accounts {
        true => make_accounts(target, &root, &people, numbers.subscribers).await?,
        false => vec![String::new(); numbers.subscribers],
    };
    // With accounts, whom the rule is about differs from stream to stream.
    let rule = if accounts { "owner != @request.auth.id && @request.auth.id != ''" } else { "" };
    let fields = json!([{"name": "title", "type": "text"}, {"name": "owner", "type": "text"}]);
    let body = json!({"name": collection, "type": "base", "fields": fields, "listRule": rule, "viewRule": rule});
    root.expect("POST", "/api/collections", Some(&body)).await?;

    let before = resident_kb(target);
    let started = Instant::now();
    let delays: Arc<Mutex<Vec<u32>>> = Arc::default();
    let clock = Instant::now();
    let mut streams = open(target, &tokens, &format!("{collection}/*"), &delays, clock).await?;
    let open_seconds = started.elapsed().as_secs_f64();
    let after = resident_kb(target);

    let writes = numbers.seconds * numbers.rate;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / numbers.rate as u32);
    let path = format!("/api/collections/{collection}/records");
    for _ in 0..writes {
        ticks.tick().await;
        let body = json!({"title": format!("t{}", clock.elapsed().as_micros()), "owner": "nobody"});
        root.expect("POST", &path, Some(&body)).await?;
    }
    let expected = writes * numbers.subscribers;
    let end = Instant::now() + PATIENCE;
    while delays.lock().expect("no holder panics").len() < expected && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    streams.abort_all();
    root.expect("DELETE", &format!("/api/collections/{collection}"), None).await?;
    if accounts {
        root.expect("DELETE", &format!("/api/collections/{people}"), None).await?;
    }

    let mut delays = std::mem::take(&mut *delays.lock().expect("no holder panics"));
    delays.sort_unstable();
    let at = |share: f64| {
        let at = ((delays.len() as f64 * share) as usize).min(delays.len().saturating_sub(1));
        delays.get(at).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    };
    let memory = match (before, after) {
        (Some(before), Some(after)) => format!("{:.1}", (after as f64 - before as f64) / numbers.subscribers as f64),
        _ => "–".to_owned(),
    };
    Ok(format!(
        "| {} | {} {} | {}/{expected} | {:.1} | {:.1} | {:.1} | {memory} | {open_seconds:.1} |",
        target.name,
        numbers.subscribers,
        if accounts { "accounts" } else { "guests" },
        delays.len(),
        at(0.5),
        at(0.99),
        at(1.0),
    ))
}

/// Makes accounts and gives a token for each.
async fn make_accounts(target: &Target, root: &Http, collection: &str, count: usize) -> Outcome<Vec<String>> {
    let token = root.token.clone();
    let mut first = Http::connect(target).await?;
    first.token.clone_from(&token);
    let password = json!({
        "name": "password", "type": "password", "system": true, "hidden": true, "required": true, "min": 8, "cost": 4,
    });
    let body = json!({"name": collection, "type": "auth", "fields": [password]});
    first.expect("POST", "/api/collections", Some(&body)).await?;
    let mut workers = JoinSet::new();
    for worker in 0..AT_ONCE {
        let (target, token, collection) = (target.clone(), token.clone(), collection.to_owned());
        workers.spawn(async move {
            let mut http = Http::connect(&target).await?;
            http.token = token;
            let mut tokens = Vec::new();
            for at in (worker..count).step_by(AT_ONCE) {
                let email = format!("listener{at}@example.com");
                let body = json!({"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD});
                let path = format!("/api/collections/{collection}/records");
                let made = http.expect("POST", &path, Some(&body)).await?;
                let id = made["id"].as_str().ok_or("a record has an id")?;
                let path = format!("/api/collections/{collection}/impersonate/{id}");
                let signed_in = http.expect("POST", &path, Some(&json!({"duration": 3600}))).await?;
                tokens.push(signed_in["token"].as_str().ok_or("a sign-in gives a token")?.to_owned());
            }
            Outcome::Ok(tokens)
        });
    }
    let mut tokens = Vec::new();
    while let Some(made) = workers.join_next().await {
        tokens.extend(made??);
    }
    Ok(tokens)
}

/// Opens a stream for each token, all of which listen to `topic` and note how long records took.
async fn open(
    target: &Target,
    tokens: &[String],
    topic: &str,
    delays: &Arc<Mutex<Vec<u32>>>,
    clock: Instant,
) -> Outcome<JoinSet<()>> {
    let mut streams = JoinSet::new();
    let mut openers = JoinSet::new();
    for worker in 0..AT_ONCE {
        let tokens: Vec<String> = tokens.iter().skip(worker).step_by(AT_ONCE).cloned().collect();
        let (target, topic) = (target.clone(), topic.to_owned());
        openers.spawn(async move {
            let mut http = Http::connect(&target).await?;
            let mut opened = Vec::new();
            for token in tokens {
                let mut stream = Events::open(&target).await?;
                let client = stream.next_after(b"\"clientId\":\"").await?;
                http.token = token;
                let body = json!({"clientId": client, "subscriptions": [topic]});
                http.expect("POST", "/api/realtime", Some(&body)).await?;
                opened.push(stream);
            }
            Outcome::Ok(opened)
        });
    }
    while let Some(opened) = openers.join_next().await {
        for stream in opened?? {
            streams.spawn(listen(stream, delays.clone(), clock));
        }
    }
    Ok(streams)
}

/// Notes the delay of everything that arrives, until the stream ends.
async fn listen(mut stream: Events, delays: Arc<Mutex<Vec<u32>>>, clock: Instant) {
    while let Ok(sent) = stream.next_after(b"\"title\":\"t").await {
        let sent: u128 = sent.parse().expect("the title of every record is a time");
        let delay = clock.elapsed().as_micros() - sent;
        delays.lock().expect("no holder panics").push(u32::try_from(delay).unwrap_or(u32::MAX));
    }
}

/// A stream of server-sent events, whose body comes in chunks.
struct Events {
    http: Http,
    /// How much of a chunk is still to come, with the end of its line.
    left: usize,
    /// What has come of the body and wasn't looked at yet.
    text: Vec<u8>,
}

impl Events {
    async fn open(target: &Target) -> Outcome<Events> {
        let mut http = Http::connect(target).await?;
        http.send("GET", "/api/realtime", None).await?;
        let head_end = http.read_until(b"\r\n\r\n").await?;
        http.buffer.drain(..head_end);
        Ok(Events { http, left: 0, text: Vec::new() })
    }

    /// The text between the next `mark` and the quote that follows.
    async fn next_after(&mut self, mark: &[u8]) -> Outcome<String> {
        loop {
            if let Some(at) = find(&self.text, mark).map(|at| at + mark.len())
                && let Some(size) = find(&self.text[at..], b"\"")
            {
                let found = String::from_utf8_lossy(&self.text[at..at + size]).into_owned();
                self.text.drain(..at + size);
                return Ok(found);
            }
            self.fill().await?;
        }
    }

    /// Takes in the next piece of the body.
    async fn fill(&mut self) -> Outcome<()> {
        if self.left == 0 {
            let end = self.http.read_until(b"\r\n").await?;
            let size = usize::from_str_radix(String::from_utf8_lossy(&self.http.buffer[..end - 2]).trim(), 16)?;
            self.http.buffer.drain(..end);
            self.left = size + 2;
        }
        if self.http.buffer.is_empty() {
            self.http.fill().await?;
        }
        let come = self.left.min(self.http.buffer.len());
        let of_body = come.min(self.left.saturating_sub(2));
        self.text.extend(self.http.buffer.drain(..come).take(of_body));
        self.left -= come;
        Ok(())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn resident_kb(target: &Target) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", target.pid?)).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").parse().ok()
}

/// A connection that speaks as much HTTP as is needed.
struct Http {
    stream: TcpStream,
    host: String,
    token: String,
    buffer: Vec<u8>,
}

impl Http {
    async fn connect(target: &Target) -> Outcome<Http> {
        let stream = TcpStream::connect(&target.address).await?;
        stream.set_nodelay(true)?;
        Ok(Http { stream, host: target.address.clone(), token: String::new(), buffer: Vec::new() })
    }

    async fn sign_in(&mut self) -> Outcome<()> {
        let body = json!({"identity": EMAIL, "password": PASSWORD});
        let answer = self.expect("POST", "/api/collections/_superusers/auth-with-password", Some(&body)).await?;
        self.token = answer["token"].as_str().ok_or("a sign-in gives a token")?.to_owned();
        Ok(())
    }

    async fn send(&mut self, method: &str, path: &str, body: Option<&Json>) -> io::Result<()> {
        let body = body.map(Json::to_string).unwrap_or_default();
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        if !self.token.is_empty() {
            let _ = write!(text, "Authorization: {}\r\n", self.token);
        }
        if !body.is_empty() {
            let _ = write!(text, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        text.push_str("\r\n");
        text.push_str(&body);
        self.stream.write_all(text.as_bytes()).await
    }

    /// Sends a request and gives the JSON of its answer, which must be a success.
    async fn expect(&mut self, method: &str, path: &str, body: Option<&Json>) -> Outcome<Json> {
        self.send(method, path, body).await?;
        let head_end = self.read_until(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&self.buffer[..head_end]).to_ascii_lowercase();
        self.buffer.drain(..head_end);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).map(|text| text.trim().parse());
        let mut answer = Vec::new();
        if let Some(length) = length {
            let length: usize = length?;
            while self.buffer.len() < length {
                self.fill().await?;
            }
            answer = self.buffer.drain(..length).collect();
        } else if head.contains("transfer-encoding: chunked") {
            loop {
                let end = self.read_until(b"\r\n").await?;
                let size = usize::from_str_radix(String::from_utf8_lossy(&self.buffer[..end - 2]).trim(), 16)?;
                while self.buffer.len() < end + size + 2 {
                    self.fill().await?;
                }
                answer.extend(&self.buffer[end..end + size]);
                self.buffer.drain(..end + size + 2);
                if size == 0 {
                    break;
                }
            }
        }
        if !head.starts_with("http/1.1 2") {
            return Err(format!("{method} {path}: {head}{}", String::from_utf8_lossy(&answer)).into());
        }
        Ok(if answer.is_empty() { Json::Null } else { serde_json::from_slice(&answer)? })
    }

    /// Reads on until the buffer has `what`, and gives the place after it.
    async fn read_until(&mut self, what: &[u8]) -> io::Result<usize> {
        loop {
            if let Some(at) = find(&self.buffer, what) {
                return Ok(at + what.len());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
