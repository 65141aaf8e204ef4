//! Continuous backup of the real program: it is killed at random, and what was shipped is brought back at random
//! moments.
//!
//! Clients write down when they have sent each record and when it was acknowledged. What a moment brings back is
//! compared with that. `HOLDALL_TEST_SHIP_ROUNDS` sets the number of rounds, `HOLDALL_TEST_SHIP_SEED` repeats a run's
//! choices.

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use holdall::base::Timestamp;
use serde_json::{Value as Json, json};

use super::disk_full::Disk;
use super::http::{ANSWER_TIMEOUT, Client};
use super::server::{
    Dice, Ended, Server, claim, contents, free_address, holdall, open_collection, program, run, test_number,
};

const NOTES: &str = "/api/collections/notes/records";
const DIE_AT: &str = "HOLDALL_TEST_DIE_AT";
const CLIENTS: u64 = 8;
const ROUNDS: u64 = 6;
/// Moments that are brought back after each round.
const MOMENTS: u64 = 3;

/// A record that somebody has sent.
#[derive(Clone, Debug)]
struct Sent {
    id: String,
    sent_ms: i64,
    /// `None` if there was no answer.
    acknowledged_ms: Option<i64>,
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
    i64::try_from(since.as_millis()).expect("it fits")
}

fn time(at_ms: i64) -> String {
    Timestamp::from_unix_millis(at_ms).expect("it is in range").to_string()
}

/// A folder with a superuser and an empty collection.
fn new_data(folder: &Path, fields: Json) -> PathBuf {
    let data = folder.join("data");
    claim(&data);
    let server = Server::start(&data);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let (status, printed) = server.terminate();
    assert!(status.success(), "{printed}");
    data
}

pub fn shipped(data: &Path, target: &Path) -> Server {
    // A small log, so that it starts over again and again.
    Server::start_with(data, |command| {
        command.env("HOLDALL_SHIP_TO", target).env("HOLDALL_SHIP_INTERVAL_MS", "50");
        command.env("HOLDALL_WAL_SOFT_LIMIT_MB", "1").env("HOLDALL_WAL_HARD_LIMIT_MB", "2");
    })
}

fn restore(to: &Path, target: &Path, arguments: &[&str]) -> Ended {
    let target = target.to_str().expect("it is text");
    run(program(to).args(["restore", "--yes", "--from", target]).args(arguments))
}

/// The ids in a restored folder.
fn ids(data: &Path) -> HashSet<String> {
    let file = rusqlite::Connection::open(data.join("data.db")).expect("the file can be opened");
    let verdict: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be checked");
    assert_eq!(verdict, "ok");
    let mut query = file.prepare("SELECT id FROM notes").expect("the table is there");
    query.query_map([], |row| row.get(0)).expect("it can be read").map(|id| id.expect("it is text")).collect()
}

/// The moment that `restore` says it has brought back, in milliseconds.
fn restored_moment(printed: &str) -> i64 {
    let text = printed.split("The state of ").nth(1).and_then(|rest| rest.split(" was restored").next());
    let text = text.unwrap_or_else(|| panic!("{printed}"));
    Timestamp::parse(text).expect("it is a time").unix_millis()
}

/// What is in a target at this moment, while it changes.
fn names(target: &Path) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![target.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            found.push(path.strip_prefix(target).expect("it is below it").display().to_string());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// The time of the newest commit that is in a target, or of the newest copy of the database.
fn newest_commit(target: &Path) -> Option<i64> {
    let time = |name: &String| {
        let stem = name.strip_suffix(".seg").or_else(|| name.strip_suffix(".json"))?;
        stem.rsplit('-').next()?.parse().ok()
    };
    names(target).iter().filter_map(time).max()
}

/// Waits until there is a copy of the database that could be restored.
pub fn wait_until_good(target: &Path, count: usize) {
    let started = Instant::now();
    while names(target).iter().filter(|name| name.ends_with(".good")).count() < count {
        assert!(started.elapsed() < ANSWER_TIMEOUT, "there is no good copy in {}", target.display());
        thread::yield_now();
    }
}

/// Waits until what is shipped at present could be restored: there is a copy of the database in the newest generation.
fn wait_until_restorable(target: &Path) {
    let started = Instant::now();
    loop {
        let names = names(target);
        let newest = names.iter().filter(|name| name.starts_with('g') && !name.contains('/')).max();
        if newest.is_some_and(|newest| names.iter().any(|name| name.starts_with(newest) && name.ends_with(".json"))) {
            return;
        }
        assert!(started.elapsed() < ANSWER_TIMEOUT, "there is no copy in {}", target.display());
        thread::yield_now();
    }
}

/// Creates records until the connection breaks.
fn write(server: SocketAddr, number: u64, seed: u64, first: &mpsc::Sender<()>) -> Vec<Sent> {
    let (mut dice, mut sent) = (Dice(seed.wrapping_mul(31).wrapping_add(number)), Vec::new());
    let Ok(mut client) = Client::new(server) else { return sent };
    loop {
        let id = format!("{:015x}", dice.roll(1 << 60));
        let body = json!({"id": id, "text": "x".repeat(dice.roll(3000) as usize)});
        sent.push(Sent { id, sent_ms: now_ms(), acknowledged_ms: None });
        let Ok(reply) = client.try_request("POST", NOTES, Some(&body)) else { return sent };
        reply.expect(200);
        let last = sent.last_mut().expect("it was pushed");
        last.acknowledged_ms = Some(now_ms());
        // The test may have stopped to listen, which is fine.
        let _ = first.send(());
    }
}

/// Lets clients write for a while and kills the server; what they have sent.
fn write_and_kill(server: Server, seed: u64, pause: Duration) -> (Vec<Sent>, i64) {
    let (first, has_begun) = mpsc::channel();
    let address = server.address;
    let threads: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let first = first.clone();
            thread::spawn(move || write(address, number, seed, &first))
        })
        .collect();
    drop(first);
    has_begun.recv().expect("a write is acknowledged");
    // Nothing is waited for here: this is the random moment.
    thread::sleep(pause);
    let killed_ms = now_ms();
    server.kill();
    (threads.into_iter().flat_map(|thread| thread.join().expect("no write is refused")).collect(), killed_ms)
}

/// Compares what a moment has brought back with what clients know. What was acknowledged by then is there, what was
/// sent later isn't.
#[track_caller]
fn compare(found: &HashSet<String>, sent: &[Sent], at_ms: i64, what: &str) {
    let known: HashSet<&str> = sent.iter().map(|sent| sent.id.as_str()).collect();
    assert!(found.iter().all(|id| known.contains(id.as_str())), "{what}: there are records that nobody has sent");
    for sent in sent {
        if sent.acknowledged_ms.is_some_and(|acknowledged| acknowledged < at_ms) {
            assert!(found.contains(&sent.id), "{what}: {sent:?} isn't in the state of {at_ms}");
        }
        if sent.sent_ms > at_ms {
            assert!(!found.contains(&sent.id), "{what}: {sent:?} is in the state of {at_ms}");
        }
    }
}

/// Says how to repeat a run that fails.
struct Hint(u64, u64);

impl Drop for Hint {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("failed in round {}; to repeat: HOLDALL_TEST_SHIP_SEED={}", self.1, self.0);
        }
    }
}

#[test]
fn any_moment_comes_back_as_it_was_however_often_the_server_is_killed() {
    let rounds = test_number("HOLDALL_TEST_SHIP_ROUNDS").unwrap_or(ROUNDS);
    let seed = test_number("HOLDALL_TEST_SHIP_SEED").unwrap_or(now_ms().unsigned_abs());
    let (mut hint, mut dice) = (Hint(seed, 0), Dice(seed));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = new_data(folder.path(), json!([{"name": "text", "type": "text"}]));
    let (target, to) = (folder.path().join("target"), folder.path().join("restored"));
    let (mut sent, mut begun_ms, mut largest_lag) = (Vec::new(), 0, 0);
    for round in 1..=rounds {
        hint.1 = round;
        let server = shipped(&data, &target);
        if round == 1 {
            wait_until_good(&target, 1);
            begun_ms = now_ms();
        }
        match dice.roll(3) {
            0 => drop(server.superuser().get("/api/health")),
            1 => drop(run(program(&data).env("HOLDALL_SHIP_TO", &target).args(["superuser", "list"])).ok()),
            _ => {}
        }
        let pause = Duration::from_micros(200_000 + dice.roll(1_500_000));
        let (new, killed_ms) = write_and_kill(server, seed.wrapping_add(round), pause);
        sent.extend(new);

        // What was shipped last.
        let latest = restored_moment(&restore(&to, &target, &["--at", "latest"]).ok());
        compare(&ids(&to), &sent, latest, "latest");
        largest_lag = largest_lag.max(killed_ms - latest);
        for _ in 0..MOMENTS {
            let at_ms = begun_ms + dice.roll((latest - begun_ms).max(1).unsigned_abs()) as i64;
            let printed = restore(&to, &target, &["--at", &time(at_ms)]).ok();
            let moment = restored_moment(&printed);
            assert!(moment <= at_ms, "{printed}");
            // What wasn't shipped when the server was killed may be no moment of its own; then it is said.
            let at_ms = if printed.contains("Nothing is known") { moment } else { at_ms };
            compare(&ids(&to), &sent, at_ms, &printed);
        }
        if dice.roll(3) == 0 {
            // It is started and stopped, and writes something in between; without it knowing that it is shipped, once.
            let mut command = program(&data);
            if dice.roll(2) == 0 {
                command.env("HOLDALL_SHIP_TO", &target);
            }
            run(command.args(["superuser", "create", &format!("r{round}@example.com"), "a password for tests"])).ok();
        }
    }
    // What wasn't shipped before a kill was shipped after the next start.
    let server = shipped(&data, &target);
    let before = now_ms();
    server.client().post(NOTES, &json!({"id": "zzzzzzzzzzzzzzz", "text": ""})).expect(200);
    let started = Instant::now();
    while newest_commit(&target).is_none_or(|at_ms| at_ms < before) {
        assert!(started.elapsed() < ANSWER_TIMEOUT, "the last record isn't shipped");
        thread::yield_now();
    }
    sent.push(Sent { id: "zzzzzzzzzzzzzzz".into(), sent_ms: before, acknowledged_ms: Some(now_ms()) });
    wait_until_restorable(&target);
    let (status, printed) = server.terminate();
    assert!(status.success(), "{printed}");
    restore(&to, &target, &["--at", "latest"]).ok();
    let acknowledged = sent.iter().filter(|sent| sent.acknowledged_ms.is_some());
    let found = ids(&to);
    let missing: Vec<_> = acknowledged.filter(|sent| !found.contains(&sent.id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    println!("seed {seed}: {} records, at most {largest_lag} ms behind when killed", sent.len());
}

#[test]
fn a_stop_ships_everything_and_the_next_start_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = new_data(folder.path(), json!([{"name": "text", "type": "text"}]));
    let (target, to) = (folder.path().join("target"), folder.path().join("restored"));
    let mut expected = HashSet::new();
    for start in 0..3 {
        let server = shipped(&data, &target);
        if start == 0 {
            wait_until_good(&target, 1);
        }
        for at in 0..20 {
            let id = format!("r{start:07}x{at:06}");
            server.client().post(NOTES, &json!({"id": id, "text": "x"})).expect(200);
            expected.insert(id);
        }
        let (status, printed) = server.terminate();
        assert!(status.success(), "{printed}");
        restore(&to, &target, &["--at", "latest"]).ok();
        assert_eq!(ids(&to), expected);
    }
    let generations: Vec<String> =
        names(&target).into_iter().filter(|name| name.starts_with('g') && !name.contains('/')).collect();
    assert_eq!(generations.len(), 1, "{generations:?}");
    let listed = run(program(&to).args(["restore", "--list", "--from"]).arg(&target)).ok();
    assert_eq!(listed.lines().count(), 1, "{listed}");
    // The restored folder is one like any other.
    let server = Server::start(&to);
    assert_eq!(server.superuser().get(&format!("{NOTES}?perPage=1")).expect(200)["totalItems"], json!(60));
}

#[test]
fn files_of_records_come_back_with_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = new_data(folder.path(), json!([{"name": "file", "type": "file", "maxSize": 100_000}]));
    let (target, to) = (folder.path().join("target"), folder.path().join("restored"));
    let mut server = shipped(&data, &target);
    wait_until_good(&target, 1);
    let mut client = server.client();
    let upload = |client: &mut Client, content: &str| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n{content}\r\n--b--\r\n"
        );
        client.send("POST", NOTES, Some(("multipart/form-data; boundary=b", body.as_bytes()))).expect("it is sent");
        let made = client.read_reply(false).expect("it is answered").expect(200);
        let text = |name: &str| made[name].as_str().expect("it is text").to_owned();
        (text("id"), text("file"))
    };
    let (kept, kept_file) = upload(&mut client, "kept");
    let (gone, gone_file) = upload(&mut client, "gone");
    let (both_ms, started) = (now_ms(), Instant::now());
    // One that is removed before it was copied can't be.
    let files = |target: &Path| {
        let of_records = |name: &&String| name.starts_with("files/") && name.ends_with(".txt");
        names(target).iter().filter(of_records).count()
    };
    while files(&target) != 2 || now_ms() == both_ms {
        assert!(started.elapsed() < ANSWER_TIMEOUT, "the files aren't shipped");
        thread::yield_now();
    }
    assert_eq!(client.request("DELETE", &format!("{NOTES}/{gone}"), None).status, 204);
    while newest_commit(&target).is_none_or(|at_ms| at_ms <= both_ms) {
        assert!(started.elapsed() < ANSWER_TIMEOUT, "the deletion isn't shipped");
        thread::yield_now();
    }
    server.expect_alive();
    server.kill();
    let printed = restore(&to, &target, &["--at", &time(both_ms)]).ok();
    assert!(!printed.contains("weren't copied"), "{printed}");
    holdall(&to, &["files", "check"]).ok();
    let restored = Server::start(&to);
    for (id, name, content) in [(&kept, &kept_file, "kept"), (&gone, &gone_file, "gone")] {
        let reply = restored.client().get(&format!("/api/files/notes/{id}/{name}"));
        assert_eq!((reply.status, reply.text().as_str()), (200, content));
    }
    drop(restored);
    // Later, only one of them is named.
    restore(&to, &target, &["--at", "latest"]).ok();
    holdall(&to, &["files", "check"]).ok();
    let names: Vec<String> = contents(&to.join("storage")).into_keys().filter(|name| name.ends_with(".txt")).collect();
    assert!(names.len() == 1 && names[0].contains(&kept), "{names:?}");
    // A file that isn't there is named, and everything else comes back.
    fs::remove_dir_all(target.join("files")).expect("they are there");
    let printed = restore(&to, &target, &["--at", "latest"]).ok();
    assert!(printed.contains("weren't copied yet: 1") && printed.contains(&kept_file), "{printed}");
}

#[test]
fn what_dies_while_it_ships_goes_on_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = new_data(folder.path(), json!([{"name": "text", "type": "text"}]));
    let (target, to) = (folder.path().join("target"), folder.path().join("restored"));
    let mut expected = HashSet::new();
    for (at, point) in ["snapshot shipped", "snapshot noted", "segment begun", "segment shipped"].iter().enumerate() {
        let address = free_address();
        let mut command = program(&data);
        command.args(["serve", "--http", &address.to_string()]).env("HOLDALL_SHIP_TO", &target).env(DIE_AT, point);
        let mut server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it can be started");
        // It may die before it answers, or only once there is something to ship.
        let started = Instant::now();
        let mut number = 0;
        while server.try_wait().expect("it is our child").is_none() {
            if started.elapsed() > ANSWER_TIMEOUT {
                server.kill().expect("it is our child");
                panic!("it never died at {point}");
            }
            let id = format!("r{at:04}x{number:09}");
            let body = json!({"id": id, "text": "x"});
            let reply = Client::new(address).and_then(|mut client| client.try_request("POST", NOTES, Some(&body)));
            if reply.is_ok_and(|reply| reply.status == 200) {
                expected.insert(id);
                number += 1;
            }
        }
    }
    let server = shipped(&data, &target);
    server.client().post(NOTES, &json!({"id": "zzzzzzzzzzzzzzz", "text": ""})).expect(200);
    expected.insert("zzzzzzzzzzzzzzz".to_owned());
    let (status, printed) = server.terminate();
    assert!(status.success(), "{printed}");
    let server = shipped(&data, &target);
    wait_until_restorable(&target);
    server.kill();
    restore(&to, &target, &["--at", "latest"]).ok();
    assert!(expected.is_subset(&ids(&to)));
    // A restoration that dies leaves what was there, or all of the new.
    for point in ["moment unpacked", "moment ordered", "restore aside", "restore in", "restore try"] {
        fs::remove_dir_all(&to).expect("it is ours");
        claim(&to);
        let place = target.to_str().expect("it is text");
        let mut command = program(&to);
        let ended = run(command.args(["restore", "--yes", "--at", "latest", "--from", place]).env(DIE_AT, point));
        assert!(!ended.status.success(), "it died at {point}");
        holdall(&to, &["superuser", "list"]).ok();
        let file = rusqlite::Connection::open(to.join("data.db")).expect("the file can be opened");
        let tables: i64 = file
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'notes'", [], |row| row.get(0))
            .expect("it can be read");
        assert_eq!(tables == 0, point == "moment unpacked", "{point}");
    }
}

#[test]
fn nothing_is_restored_under_a_server_or_from_nowhere() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = new_data(folder.path(), json!([]));
    let target = folder.path().join("target");
    let server = shipped(&data, &target);
    wait_until_good(&target, 1);
    let complaint = restore(&data, &target, &["--at", "latest"]).failed();
    assert!(complaint.contains("uses this data folder"), "{complaint}");
    server.kill();
    let complaint = restore(&data, &folder.path().join("nowhere"), &["--at", "latest"]).failed();
    assert!(complaint.contains("There is no folder"), "{complaint}");
    assert!(!folder.path().join("nowhere").exists());
    let complaint = holdall(&data, &["restore", "--at", "latest", "--yes"]).failed();
    assert!(complaint.contains("--from"), "{complaint}");
    let complaint = run(program(&data).args(["restore", "--at", "latest", "--from"]).arg(&target)).failed();
    assert!(complaint.contains("--yes"), "{complaint}");
    let complaint = restore(&data, &target, &["--at", "2001-01-01T00:00:00Z"]).failed();
    assert!(complaint.contains("The earliest moment"), "{complaint}");
    let complaint = restore(&data, &target, &["--at", "soon"]).failed();
    assert!(complaint.contains("is no time"), "{complaint}");
}

#[test]
fn a_full_target_keeps_nobody_from_writing_and_loses_nothing_once_there_is_room() {
    let (disk, folder) = (Disk::mount(), tempfile::tempdir().expect("a temporary folder"));
    let data = new_data(folder.path(), json!([{"name": "text", "type": "text"}]));
    let (target, to) = (disk.place.join("target"), folder.path().join("restored"));
    let mut server = shipped(&data, &target);
    wait_until_good(&target, 1);
    let ballast = disk.place.join("ballast");
    let mut file = fs::File::create(&ballast).expect("the disk has room for it");
    // As much as there is room for.
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    drop(file);
    let (mut client, mut expected) = (server.client(), HashSet::new());
    for at in 0..50 {
        let id = format!("r{at:014}");
        client.post(NOTES, &json!({"id": id, "text": "x".repeat(1000)})).expect(200);
        expected.insert(id);
    }
    server.expect_alive();
    let before = now_ms();
    fs::remove_file(&ballast).expect("the ballast is ours");
    client.post(NOTES, &json!({"id": "zzzzzzzzzzzzzzz", "text": ""})).expect(200);
    expected.insert("zzzzzzzzzzzzzzz".to_owned());
    let started = Instant::now();
    while newest_commit(&target).is_none_or(|at_ms| at_ms < before) {
        assert!(started.elapsed() < ANSWER_TIMEOUT, "there is room again, but nothing is shipped");
        thread::yield_now();
    }
    server.kill();
    restore(&to, &target, &["--at", "latest"]).ok();
    assert_eq!(ids(&to), expected);
}
