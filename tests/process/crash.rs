//! What was acknowledged survives SIGKILL at any moment.
//!
//! Each round 64 clients create, update and delete; then the process is killed, started again, and every record is
//! compared with what was acknowledged. `HOLDALL_TEST_CRASH_ROUNDS` sets the number of rounds,
//! `HOLDALL_TEST_CRASH_SEED` repeats a run's choices.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::server::{Dice, Server, claim, open_collection, test_number};

const CLIENTS: u64 = 64;
const ROUNDS: u64 = 25;
const PATH: &str = "/api/collections/notes/records";

/// What a record holds; `None` if there is none.
type Content = Option<(String, u64)>;

/// What is known of a record: what was acknowledged last, and what was asked for since without an answer.
#[derive(Clone, Debug, Default)]
struct Known {
    acknowledged: Content,
    unanswered: Option<Content>,
}

/// One client's records. No two clients write the same one.
struct Writer {
    number: u64,
    dice: Dice,
    records: HashMap<String, Known>,
    /// Ids of records that exist, to choose from.
    living: Vec<String>,
    made: u64,
}

/// A change that is about to be sent.
struct Step {
    method: &'static str,
    id: String,
    content: Content,
}

impl Writer {
    fn choose(&mut self) -> Step {
        let kind = if self.living.is_empty() { 0 } else { self.dice.roll(10) };
        let text = "x".repeat(self.dice.roll(400) as usize);
        let content = Some((text, self.dice.roll(1 << 50)));
        if kind < 5 {
            self.made += 1;
            return Step { method: "POST", id: format!("r{:03}x{:010}", self.number, self.made), content };
        }
        let at = self.dice.roll(self.living.len() as u64) as usize;
        match kind {
            9 => Step { method: "DELETE", id: self.living.swap_remove(at), content: None },
            _ => Step { method: "PATCH", id: self.living[at].clone(), content },
        }
    }

    /// Writes until the connection breaks. An answer that refuses is a failure: nothing here is wrong.
    fn write(&mut self, server: std::net::SocketAddr, acknowledged: &AtomicU64, first: &mpsc::Sender<()>) {
        let Ok(mut client) = super::http::Client::new(server) else { return };
        loop {
            let step = self.choose();
            let (path, body) = match &step.content {
                Some((text, number)) if step.method == "POST" => {
                    (PATH.to_owned(), Some(json!({"id": step.id, "text": text, "number": number})))
                }
                Some((text, number)) => (format!("{PATH}/{}", step.id), Some(json!({"text": text, "number": number}))),
                None => (format!("{PATH}/{}", step.id), None),
            };
            self.records.entry(step.id.clone()).or_default().unanswered = Some(step.content.clone());
            let Ok(reply) = client.try_request(step.method, &path, body.as_ref()) else { return };
            assert!(matches!(reply.status, 200 | 204), "{} {path}: {}", step.method, reply.text());
            if step.method == "POST" {
                self.living.push(step.id.clone());
            }
            self.records.insert(step.id, Known { acknowledged: step.content, unanswered: None });
            acknowledged.fetch_add(1, Ordering::Relaxed);
            // The test may have stopped to listen, which is fine.
            let _ = first.send(());
        }
    }

    /// Compares with what is stored and goes on from there.
    fn settle(&mut self, stored: &mut HashMap<String, (String, u64)>) {
        self.living.clear();
        self.records.retain(|id, known| {
            let found = stored.remove(id);
            let expected = found == known.acknowledged || known.unanswered.as_ref() == Some(&found);
            assert!(expected, "the record {id} is {found:?} after the restart, but known is {known:?}");
            if found.is_some() {
                self.living.push(id.clone());
            }
            *known = Known { acknowledged: found, unanswered: None };
            known.acknowledged.is_some()
        });
    }
}

/// Says how to repeat a run that fails.
struct Hint(u64, u64);

impl Drop for Hint {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("failed in round {}; to repeat: HOLDALL_TEST_CRASH_SEED={}", self.1, self.0);
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_sigkill() {
    let rounds = test_number("HOLDALL_TEST_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let seed = test_number("HOLDALL_TEST_CRASH_SEED").unwrap_or(clock);
    let mut hint = Hint(seed, 0);
    let mut dice = Dice(seed);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let mut server = Server::start(&data);
    let fields = json!([{"name": "text", "type": "text"}, {"name": "number", "type": "number"}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);

    let new_writer = |number| Writer {
        number,
        dice: Dice(seed.wrapping_add(number + 1)),
        records: HashMap::new(),
        living: Vec::new(),
        made: 0,
    };
    let mut writers: Vec<Writer> = (0..CLIENTS).map(new_writer).collect();
    let acknowledged = Arc::new(AtomicU64::new(0));
    for round in 1..=rounds {
        hint.1 = round;
        let pause = Duration::from_micros(100_000 + dice.roll(500_000));
        writers = write_and_kill(server, writers, &acknowledged, pause);
        // The server itself has to recover the file, so it is started before anybody else looks.
        server = Server::start(&data);
        let mut stored = stored_records(&data);
        writers.iter_mut().for_each(|writer| writer.settle(&mut stored));
        assert!(stored.is_empty(), "records that nobody has written: {stored:?}");
    }
    let expected: HashMap<String, (String, u64)> = writers
        .iter()
        .flat_map(|writer| &writer.records)
        .filter_map(|(id, known)| Some((id.clone(), known.acknowledged.clone()?)))
        .collect();
    assert!(!expected.is_empty());
    assert!(listed_records(&server) == expected, "the API doesn't show what is stored");
}

/// Lets all writers write, kills the server `pause` after the first acknowledgement, and gives the writers back.
fn write_and_kill(server: Server, writers: Vec<Writer>, acknowledged: &Arc<AtomicU64>, pause: Duration) -> Vec<Writer> {
    let (first, has_begun) = mpsc::channel();
    let address = server.address;
    let threads: Vec<_> = writers
        .into_iter()
        .map(|mut writer| {
            let (acknowledged, first) = (acknowledged.clone(), first.clone());
            thread::spawn(move || {
                writer.write(address, &acknowledged, &first);
                writer
            })
        })
        .collect();
    drop(first);
    has_begun.recv().expect("a write is acknowledged");
    // Nothing is waited for here: this is the random moment.
    thread::sleep(pause);
    server.kill();
    threads.into_iter().map(|thread| thread.join().expect("no write is refused")).collect()
}

/// The records in the file, which must be sound.
fn stored_records(data: &std::path::Path) -> HashMap<String, (String, u64)> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = rusqlite::Connection::open_with_flags(data.join("data.db"), flags).expect("the file can be opened");
    let verdict: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("the check can be run");
    assert_eq!(verdict, "ok");
    let mut query = file.prepare("SELECT id, text, number FROM notes").expect("the table is there");
    let read = |row: &rusqlite::Row<'_>| {
        let number: f64 = row.get(2)?;
        Ok((row.get(0)?, (row.get(1)?, number as u64)))
    };
    query.query_map([], read).expect("the table can be read").map(|row| row.expect("rows can be read")).collect()
}

/// The records as the API lists them.
fn listed_records(server: &Server) -> HashMap<String, (String, u64)> {
    let mut client = server.client();
    let mut found = HashMap::new();
    for page in 1.. {
        let list = client.get(&format!("{PATH}?perPage=1000&skipTotal=1&sort=id&page={page}")).expect(200);
        let items = list["items"].as_array().expect("a list has items");
        if items.is_empty() {
            break;
        }
        found.extend(items.iter().map(|item| {
            let text = |name: &str| item[name].as_str().map(str::to_owned).expect("it is text");
            (text("id"), (text("text"), item["number"].as_u64().expect("it is a number")))
        }));
    }
    found
}

#[test]
fn the_comparison_notices_losses() {
    let stored = |text: &str| HashMap::from([("a".to_owned(), (text.to_owned(), 1))]);
    let settles = |known: Known, mut stored: HashMap<String, (String, u64)>| {
        let records = HashMap::from([("a".to_owned(), known)]);
        let mut writer = Writer { number: 0, dice: Dice(0), records, living: Vec::new(), made: 0 };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || writer.settle(&mut stored))).is_ok()
    };
    let content = |text: &str| Some((text.to_owned(), 1));
    let known = |acknowledged: Content, unanswered: Option<Content>| Known { acknowledged, unanswered };
    assert!(settles(known(content("x"), None), stored("x")));
    assert!(!settles(known(content("x"), None), stored("old")));
    assert!(!settles(known(content("x"), None), HashMap::new()));
    assert!(!settles(known(None, None), stored("x")));
    assert!(settles(known(content("x"), Some(content("y"))), stored("y")));
    assert!(!settles(known(content("x"), Some(content("y"))), stored("z")));
    assert!(settles(known(content("x"), Some(None)), HashMap::new()));
}
