//! A full disk: writes are refused with 503, nothing acknowledged is lost, and with room again all goes on.
//!
//! The disk is a real one, a file system in memory of a few megabytes, so these tests must be allowed to mount.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use super::http::{Client, Reply};
use super::server::{Server, claim, open_collection};

const PATH: &str = "/api/collections/notes/records";
const DISK_BYTES: usize = 8 << 20;
const BALLAST_BYTES: usize = 3 << 20;
/// Refusals after which the disk counts as full: a smaller record may still have fitted after the first.
const REFUSALS: usize = 20;

/// A small disk, unmounted when dropped.
pub struct Disk {
    pub place: PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    pub fn mount() -> Disk {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = folder.path().join("disk");
        fs::create_dir(&place).expect("the folder is ours");
        let options = format!("size={DISK_BYTES},mode=0755");
        let outcome = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&place).output();
        let outcome = outcome.expect("this test needs the command `mount`");
        assert!(
            outcome.status.success(),
            "This test needs a small disk and may not mount one; run it as root, with CAP_SYS_ADMIN in a container: {}",
            String::from_utf8_lossy(&outcome.stderr)
        );
        Disk { place, _folder: folder }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, so that it works even if a process still holds a file. There is nobody to tell if it doesn't.
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}

/// Takes room away.
pub fn put_ballast(disk: &Disk) -> PathBuf {
    let file = disk.place.join("ballast");
    fs::write(&file, vec![1; BALLAST_BYTES]).expect("the disk has room for it");
    file
}

fn body(number: usize) -> Json {
    json!({"id": format!("n{number:014}"), "text": text(number)})
}

/// What the record of a number holds: some kilobytes, different for each.
fn text(number: usize) -> String {
    format!("{number} ").repeat(2000 + number % 500)
}

/// Creates records from `number` on until the disk is full; gives the numbers that were acknowledged.
fn fill(client: &mut Client, number: &mut usize) -> BTreeSet<usize> {
    let mut acknowledged = BTreeSet::new();
    let mut refusals = 0;
    while refusals < REFUSALS {
        assert!(*number < 10_000, "the disk never becomes full");
        let reply = client.post(PATH, &body(*number));
        if reply.status == 200 {
            acknowledged.insert(*number);
        } else {
            reply.expect_envelope(503);
            refusals += 1;
        }
        *number += 1;
    }
    acknowledged
}

/// Makes sure that exactly these records are there, whole.
#[track_caller]
fn expect_records(client: &mut Client, numbers: &BTreeSet<usize>) {
    let mut found = BTreeSet::new();
    for page in 1.. {
        let list = client.get(&format!("{PATH}?perPage=50&sort=id&page={page}")).expect(200);
        let items = list["items"].as_array().expect("a list has items").clone();
        if items.is_empty() {
            break;
        }
        for item in items {
            let number = item["id"].as_str().and_then(|id| id[1..].parse().ok()).expect("ids are ours");
            assert_eq!(item["text"].as_str(), Some(text(number).as_str()), "the record {number}");
            found.insert(number);
        }
    }
    assert_eq!(&found, numbers);
}

pub fn serve(data: &Path) -> Server {
    // A small log, so that it is copied into the file, which then has to grow, while the disk fills.
    Server::start_with(data, |command| {
        command.env("HOLDALL_WAL_SOFT_LIMIT_MB", "1").env("HOLDALL_WAL_HARD_LIMIT_MB", "2");
    })
}

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let disk = Disk::mount();
    let data = disk.place.join("data");
    claim(&data);
    let mut server = serve(&data);
    let fields = json!([{"name": "text", "type": "text", "max": 100_000}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let ballast = put_ballast(&disk);

    let mut client = server.client();
    let mut number = 0;
    let mut acknowledged = fill(&mut client, &mut number);
    assert!(!acknowledged.is_empty());

    // Reading goes on, and so does what fails for reasons of its own.
    expect_records(&mut client, &acknowledged);
    client.post(PATH, &json!({"id": "?"})).expect_envelope(400);
    client.get(&format!("{PATH}/missing")).expect_envelope(404);
    server.expect_alive();

    fs::remove_file(ballast).expect("the ballast is ours");
    let mut tries = 0;
    loop {
        let reply = client.post(PATH, &body(number));
        number += 1;
        if reply.status == 200 {
            acknowledged.insert(number - 1);
            break;
        }
        reply.expect_envelope(503);
        tries += 1;
        assert!(tries < 1000, "there is room again, but nothing can be written");
    }
    for _ in 0..20 {
        client.post(PATH, &body(number)).expect(200);
        acknowledged.insert(number);
        number += 1;
    }
    expect_records(&mut client, &acknowledged);

    server.kill();
    let server = serve(&data);
    expect_records(&mut server.client(), &acknowledged);
    let file = rusqlite::Connection::open(data.join("data.db")).expect("the file can be opened");
    let verdict: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be checked");
    assert_eq!(verdict, "ok");
}

#[test]
fn many_writers_meet_the_end_of_the_disk_together() {
    let disk = Disk::mount();
    let data = disk.place.join("data");
    claim(&data);
    let server = serve(&data);
    let fields = json!([{"name": "text", "type": "text", "max": 100_000}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let ballast = put_ballast(&disk);

    // Groups of writes share a commit, so one that finds no room takes its neighbours with it: none may be told 200.
    let threads: Vec<_> = (0..16)
        .map(|thread| {
            let mut client = server.client();
            std::thread::spawn(move || {
                let mut number = thread * 10_000;
                let mut acknowledged = BTreeSet::new();
                let mut refusals = 0;
                while refusals < REFUSALS {
                    let reply = client.post(PATH, &body(number));
                    match reply.status {
                        200 => drop(acknowledged.insert(number)),
                        _ => {
                            reply.expect_envelope(503);
                            refusals += 1;
                        }
                    }
                    number += 1;
                }
                acknowledged
            })
        })
        .collect();
    let acknowledged: BTreeSet<usize> =
        threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect();
    expect_records(&mut server.client(), &acknowledged);
    server.kill();
    fs::remove_file(ballast).expect("the ballast is ours");
    expect_records(&mut serve(&data).client(), &acknowledged);
}

/// A request of a guest by the tus protocol.
fn tus(client: &mut Client, method: &str, path: &str, headers: &str, body: &[u8]) -> Reply {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: holdall.test\r\nTus-Resumable: 1.0.0\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    client.socket().write_all(&[head.as_bytes(), body].concat()).expect("it is taken in");
    client.read_reply(method == "HEAD").expect("it is answered")
}

#[test]
fn an_upload_goes_on_when_there_is_room_again() {
    let disk = Disk::mount();
    let data = disk.place.join("data");
    claim(&data);
    let mut server = serve(&data);
    let fields = json!([{"name": "f", "type": "file"}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let ballast = put_ballast(&disk);

    let content: Vec<u8> = (0..5_000_000_u32).map(|at| (at % 251) as u8).collect();
    let mut client = server.client();
    let begin = format!(
        "Upload-Length: {}\r\nUpload-Metadata: collection bm90ZXM=,field Zg==,filename eA==\r\n",
        content.len()
    );
    let begun = tus(&mut client, "POST", "/api/uploads", &begin, b"");
    let at = begun.header("Location").expect("it lies somewhere").to_owned();
    let part = |client: &mut Client, from: usize| {
        let headers = format!("Upload-Offset: {from}\r\nContent-Type: application/offset+octet-stream\r\n");
        tus(client, "PATCH", &at, &headers, &content[from..])
    };
    part(&mut client, 0).expect_envelope(503);
    server.expect_alive();
    let there = tus(&mut client, "HEAD", &at, "", b"");
    let there: usize = there.header("Upload-Offset").and_then(|offset| offset.parse().ok()).expect("a number");
    assert!(there > 0 && there < content.len(), "{there} bytes fitted");

    fs::remove_file(ballast).expect("the ballast is ours");
    part(&mut client, there).expect(204);
    let id = at.rsplit('/').next().expect("it has an id");
    let made = client.post(PATH, &json!({"f": format!("upload:{id}")})).expect(200);
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    let file = client.get(&format!("/api/files/notes/{}/{}", text("id"), text("f")));
    assert!(file.body == content, "the file is what was sent");
}
