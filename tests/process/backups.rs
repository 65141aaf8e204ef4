//! Backups of the real program: made under load, restored by a server and without one, and interrupted anywhere.
//!
//! What was there is compared record by record and file by file. Where the program dies, it dies at a named point
//! (`HOLDALL_TEST_DIE_AT`), without any clean-up.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::disk_full::{Disk, put_ballast, serve};
use super::http::Client;
use super::server::{Dice, EMAIL, PASSWORD, Server, claim, contents, holdall, open_collection, program, run};

const NOTES: &str = "/api/collections/notes/records";
const BACKUPS: &str = "/api/backups";
const DIE_AT: &str = "HOLDALL_TEST_DIE_AT";
/// Records that each writer keeps while it writes.
const KEPT: u64 = 10;
const WRITERS: u64 = 4;

/// A record with its file, by the record's text.
type Contents = BTreeMap<String, Vec<u8>>;

/// A folder with a superuser and an empty collection of records with files.
fn new_data(folder: &Path, name: &str) -> PathBuf {
    let data = folder.join(name);
    claim(&data);
    let server = Server::start(&data);
    let fields = json!([{"name": "text", "type": "text"}, {"name": "file", "type": "file", "maxSize": 100_000}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let (status, printed) = server.terminate();
    assert!(status.success(), "{printed}");
    data
}

/// What the file of a record with this text holds: some kilobytes, different for each.
fn file_of(text: &str) -> Vec<u8> {
    let mut dice = Dice(text.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)));
    (0..2000 + dice.roll(5000)).map(|_| dice.roll(256) as u8).collect()
}

/// Creates a record with a file; its id, or the error of the connection.
fn try_create(client: &mut Client, text: &str) -> io::Result<String> {
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n--b\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"a.bin\"\r\n\r\n"
    )
    .into_bytes();
    body.extend(file_of(text));
    body.extend(b"\r\n--b--\r\n");
    client.send("POST", NOTES, Some(("multipart/form-data; boundary=b", &body)))?;
    let made = client.read_reply(false)?.expect(200);
    Ok(made["id"].as_str().expect("an id is text").to_owned())
}

fn create(client: &mut Client, text: &str) -> String {
    try_create(client, text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// All records with their files.
fn read_all(client: &mut Client) -> Contents {
    let mut found = Contents::new();
    for page in 1.. {
        let list = client.get(&format!("{NOTES}?perPage=200&sort=id&page={page}")).expect(200);
        let items = list["items"].as_array().expect("a list has items").clone();
        if items.is_empty() {
            break;
        }
        for item in items {
            let part = |name: &str| item[name].as_str().expect("it is text").to_owned();
            let reply = client.get(&format!("/api/files/notes/{}/{}", part("id"), part("file")));
            assert_eq!(reply.status, 200, "the file of {item}");
            found.insert(part("text"), reply.body);
        }
    }
    found
}

/// What records with these texts are with their files.
fn expected(texts: impl IntoIterator<Item = String>) -> Contents {
    texts.into_iter().map(|text| (text.clone(), file_of(&text))).collect()
}

/// What a data folder has, as a server shows it; and the folder agrees with itself.
#[track_caller]
fn serve_and_read(data: &Path) -> Contents {
    let server = Server::start(data);
    let found = read_all(&mut server.client());
    let (status, printed) = server.terminate();
    assert!(status.success(), "{printed}");
    holdall(data, &["files", "check"]).ok();
    found
}

/// The item of a backup in the list, once it was tested.
#[track_caller]
fn tested(client: &mut Client, name: &str) -> Json {
    let started = Instant::now();
    loop {
        let listed = client.get(BACKUPS).expect(200);
        let item = listed.as_array().expect("a list").iter().find(|item| item["key"] == name).cloned();
        match item {
            Some(item) if !item["verified"].is_null() => return item,
            _ => assert!(started.elapsed() < Duration::from_secs(60), "{name} is never tested: {listed}"),
        }
        thread::yield_now();
    }
}

/// Writes records one after the other and deletes those before the latest ones, until it is told to stop. `acknowledged`
/// counts those that were created.
fn write(
    address: SocketAddr,
    number: u64,
    acknowledged: &AtomicU64,
    stop: &AtomicBool,
    begun: &mpsc::Sender<()>,
) -> u64 {
    let mut client = Client::new(address).expect("the server takes connections");
    let mut ids = Vec::new();
    let mut made = 0;
    while !stop.load(Ordering::Acquire) {
        ids.push(create(&mut client, &text(number, made)));
        made += 1;
        acknowledged.store(made, Ordering::Release);
        if made > KEPT {
            let id = &ids[(made - KEPT - 1) as usize];
            assert_eq!(client.request("DELETE", &format!("{NOTES}/{id}"), None).status, 204);
            // Nobody may listen any more, which is fine.
            let _ = begun.send(());
        }
    }
    made
}

fn text(writer: u64, number: u64) -> String {
    format!("{writer}-{number:06}")
}

#[test]
fn a_backup_under_load_is_one_moment_of_the_data_with_all_its_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = new_data(folder.path(), "data");
    let server = Server::start(&data);
    let stop = Arc::new(AtomicBool::new(false));
    let (begun, has_begun) = mpsc::channel();
    let counts: Vec<Arc<AtomicU64>> = (0..WRITERS).map(|_| Arc::default()).collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let (stop, begun, count) = (stop.clone(), begun.clone(), counts[number as usize].clone());
            let address = server.address;
            thread::spawn(move || write(address, number, &count, &stop, &begun))
        })
        .collect();
    for _ in 0..WRITERS * 5 {
        has_begun.recv().expect("the writers write");
    }
    let mut root = server.superuser();
    let before: Vec<u64> = counts.iter().map(|count| count.load(Ordering::Acquire)).collect();
    assert_eq!(root.post(BACKUPS, &json!({"name": "load.zip"})).status, 204);
    let after: Vec<u64> = counts.iter().map(|count| count.load(Ordering::Acquire)).collect();
    stop.store(true, Ordering::Release);
    let made: Vec<u64> = writers.into_iter().map(|writer| writer.join().expect("writers succeed")).collect();
    assert_eq!(tested(&mut root, "load.zip")["verified"], true);

    // To another machine: by the address with a token, to another folder, without a server.
    let token = root.post("/api/files/token", &json!({})).expect(200)["token"].clone();
    let token = token.as_str().expect("a token is text");
    let archive = folder.path().join("elsewhere.zip");
    let fetched = server.client().get(&format!("{BACKUPS}/load.zip?token={token}"));
    assert_eq!(fetched.status, 200);
    fs::write(&archive, fetched.body).expect("it can be written");
    let other = folder.path().join("other");
    holdall(&other, &["backup", "restore", archive.to_str().expect("UTF-8")]).ok();
    let found = serve_and_read(&other);

    // Of each writer, the records from some number up to some number, which lie where the backup was made.
    let mut expect = Contents::new();
    for writer in 0..WRITERS {
        let own: Vec<&String> = found.keys().filter(|text| text.starts_with(&format!("{writer}-"))).collect();
        let number = |text: &str| text[2..].parse::<u64>().expect("texts are ours");
        let (first, last) = (number(own[0]), number(own[own.len() - 1]));
        let at = writer as usize;
        assert!(last + 1 >= before[at] && last <= after[at] && last < made[at], "{writer}: {last}");
        assert!((KEPT..=KEPT + 1).contains(&(last + 1 - first)), "{writer}: from {first} to {last}");
        expect.extend(expected((first..=last).map(|number| text(writer, number))));
    }
    assert!(found == expect, "records or files aren't what they were");
}

#[test]
fn a_server_restores_a_backup_and_starts_anew_with_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = new_data(folder.path(), "data");
    let server = Server::start(&data);
    let mut client = server.client();
    let old: Vec<String> = (0..20).map(|number| text(0, number)).collect();
    let ids: Vec<String> = old.iter().map(|text| create(&mut client, text)).collect();
    let token = server.token(EMAIL, PASSWORD).expect("the superuser can sign in");
    let mut root = server.client().with_token(&token);
    assert_eq!(root.post(BACKUPS, &json!({"name": "a.zip"})).status, 204);
    create(&mut client, "later");
    assert_eq!(client.request("DELETE", &format!("{NOTES}/{}", ids[0]), None).status, 204);
    assert_eq!(root.post(&format!("{BACKUPS}/a.zip/restore"), &json!({})).status, 204);
    server.wait_for_start(2);
    assert!(read_all(&mut server.client()) == expected(old.clone()));
    // It goes on as if nothing had happened, with the sign-ins of the backup.
    assert_eq!(server.client().with_token(&token).get(BACKUPS).status, 200);
    create(&mut server.client(), "after");
    let (status, printed) = server.terminate();
    assert!(status.success(), "{printed}");
    let all = expected(old.into_iter().chain(["after".to_owned()]));
    assert!(serve_and_read(&data) == all);
    assert!(!data.join(".restore").exists());
}

#[test]
fn a_backup_that_is_interrupted_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = new_data(folder.path(), "data");
    for (number, (point, remains)) in
        [("backup copied", false), ("backup written", false), ("backup placed", true)].into_iter().enumerate()
    {
        let server = Server::start_with(&data, |command| {
            command.env(DIE_AT, point);
        });
        create(&mut server.client(), &text(0, number as u64));
        let name = format!("{number}.zip");
        let answer = server.superuser().try_request("POST", BACKUPS, Some(&json!({ "name": name })));
        assert!(answer.is_err(), "{point}: it goes on");
        assert!(!server.wait_for_end().success());
        assert!(data.join("backups/.partial").exists(), "{point}");

        let server = Server::start(&data);
        let listed = server.superuser().get(BACKUPS).expect(200);
        assert_eq!(listed.as_array().map(Vec::len), Some(usize::from(remains)), "{point}: {listed}");
        if remains {
            assert_eq!(tested(&mut server.superuser(), &name)["verified"], true);
        }
        let left = contents(&data.join("backups"));
        let partial = left.keys().filter(|name| name.starts_with(".partial/") && name.len() > ".partial/".len());
        assert_eq!(partial.count(), 0, "{point}: {:?}", left.keys());
        let texts = (0..=number as u64).map(|number| text(0, number));
        assert!(read_all(&mut server.client()) == expected(texts), "{point}");
        assert_eq!(server.superuser().post(BACKUPS, &json!({"name": "again.zip"})).status, 204);
        assert_eq!(server.superuser().request("DELETE", &format!("{BACKUPS}/again.zip"), None).status, 204);
        server.kill();
    }
}

/// A data folder with the records `old`, and an archive beside it with the records `new`.
fn old_and_new(folder: &Path) -> (PathBuf, PathBuf, Contents, Contents) {
    let (old, new) = (new_data(folder, "old"), new_data(folder, "new"));
    let texts = |word: &str| (0..5).map(|number| format!("{word} {number}")).collect::<Vec<_>>();
    for (data, word) in [(&old, "old"), (&new, "new")] {
        let server = Server::start(data);
        for text in texts(word) {
            create(&mut server.client(), &text);
        }
        server.kill();
    }
    holdall(&new, &["backup", "create", "new.zip"]).ok();
    (old, new.join("backups/new.zip"), expected(texts("old")), expected(texts("new")))
}

/// A copy of a folder, as a crash has left it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it can be made");
    for (name, bytes) in contents(from) {
        match name.ends_with('/') {
            true => fs::create_dir_all(to.join(name)).expect("it can be made"),
            false => {
                let file = to.join(name);
                fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
                fs::write(file, bytes).expect("it can be written");
            }
        }
    }
}

#[test]
fn a_restoration_that_is_interrupted_leaves_the_old_state_or_the_new_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (old, archive, was, is) = old_and_new(folder.path());
    let archive = archive.to_str().expect("UTF-8");
    // Each point is passed once with what is moved aside and once with what is moved in; `deaths` says how often.
    for (point, deaths, expect) in [
        ("restore half unpacked", 1, &was),
        ("restore unpacked", 1, &was),
        ("restore aside", 1, &is),
        ("restore moved data.db", 1, &is),
        ("restore moved data.db", 2, &is),
        ("restore moved storage", 1, &is),
        ("restore moved storage", 2, &is),
        ("restore in", 1, &is),
        ("restore try", 1, &is),
        ("restore finished", 1, &is),
    ] {
        let data = folder.path().join(format!("{} {deaths}", point.replace(' ', "-")));
        copy(&old, &data);
        let died = run(program(&data).args(["backup", "restore", archive, "--yes"]).env(DIE_AT, point));
        assert!(died.status.code().is_none(), "{point}: it goes on: {died:?}");
        for _ in 1..deaths {
            let died = run(program(&data).args(["superuser", "list"]).env(DIE_AT, point));
            assert!(died.status.code().is_none(), "{point}: it goes on: {died:?}");
        }
        assert!(&serve_and_read(&data) == expect, "{point}, after {deaths}");
        assert!(!data.join(".restore").exists(), "{point}: something is left behind");
    }
}

#[test]
fn a_restored_state_that_cannot_be_opened_makes_room_for_the_one_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (data, archive, was, _) = old_and_new(folder.path());
    let mut restore = program(&data);
    restore.args(["backup", "restore", archive.to_str().expect("UTF-8"), "--yes"]);
    let died = run(restore.env(DIE_AT, "restore try"));
    assert!(died.status.code().is_none(), "{died:?}");
    // It was right when it was checked; the disk has lost it since.
    fs::write(data.join("data.db"), "nothing that could be opened").expect("it is ours");
    assert!(serve_and_read(&data) == was);
    assert!(!data.join(".restore").exists());
}

#[test]
fn a_running_server_is_not_restored_under_its_feet() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (data, archive, was, is) = old_and_new(folder.path());
    let archive = archive.to_str().expect("UTF-8");
    let server = Server::start(&data);
    let complaint = holdall(&data, &["backup", "restore", archive, "--yes"]).failed();
    assert!(complaint.contains("Stop it first"), "{complaint}");
    // Beside it, backups are made and tested as ever.
    let made = holdall(&data, &["backup", "create", "beside.zip"]).ok();
    assert!(made.contains("beside.zip") && made.contains("good"), "{made}");
    assert!(holdall(&data, &["backup", "list"]).ok().contains("beside.zip"));
    assert!(read_all(&mut server.client()) == was);
    server.kill();
    let complaint = holdall(&data, &["backup", "restore", archive]).failed();
    assert!(complaint.contains("--yes"), "{complaint}");
    holdall(&data, &["backup", "restore", archive, "--yes"]).ok();
    assert!(serve_and_read(&data) == is);
}

#[test]
fn archives_that_are_cut_off_or_altered_are_refused_or_right() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (data, archive, was, is) = old_and_new(folder.path());
    let whole = fs::read(&archive).expect("it is there");
    let file = folder.path().join("changed.zip");
    let path = file.to_str().expect("UTF-8");
    let before = fs::read(data.join("data.db")).expect("it is there");
    for length in [0, 1, 21, 22, whole.len() / 3, whole.len() / 2, whole.len() - 22, whole.len() - 1] {
        fs::write(&file, &whole[..length]).expect("it can be written");
        let ended = holdall(&data, &["backup", "restore", path, "--yes"]);
        assert!(!ended.status.success(), "{length} bytes of {}", whole.len());
    }
    let mut dice = Dice(5);
    for _ in 0..40 {
        let at = dice.roll(whole.len() as u64) as usize;
        let mut changed = whole.clone();
        changed[at] ^= 1 << dice.roll(8);
        fs::write(&file, &changed).expect("it can be written");
        let target = folder.path().join(format!("target-{at}"));
        let ended = holdall(&target, &["backup", "restore", path]);
        // A few bytes mean nothing, such as the time of an entry. Then what comes out is right.
        match ended.status.success() {
            true => assert!(serve_and_read(&target) == is, "byte {at} was changed"),
            false => assert!(!target.join("data.db").exists(), "byte {at} was changed: {ended:?}"),
        }
    }
    assert!(fs::read(data.join("data.db")).expect("it is there") == before, "somebody has changed the database");
    assert!(serve_and_read(&data) == was);
}

#[test]
fn a_full_disk_costs_the_backup_and_nothing_else() {
    let disk = Disk::mount();
    let data = disk.place.join("data");
    claim(&data);
    let server = serve(&data);
    let fields = json!([{"name": "text", "type": "text"}, {"name": "file", "type": "file", "maxSize": 2_000_000}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let mut client = server.client();
    let texts: Vec<String> = (0..150).map(|number| text(0, number)).collect();
    for text in &texts {
        create(&mut client, text);
    }
    let ballast = put_ballast(&disk);
    let mut number = 0;
    let mut root = server.superuser();
    // Backups fill the disk until there is no room for another one.
    let refused = loop {
        let reply = root.post(BACKUPS, &json!({"name": format!("{number}.zip")}));
        if reply.status != 204 {
            break reply;
        }
        number += 1;
        assert!(number < 100, "the disk never becomes full");
    };
    refused.expect_envelope(503);
    let listed = root.get(BACKUPS).expect(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(number), "{listed}");
    assert!(read_all(&mut client) == expected(texts.clone()));
    fs::remove_file(ballast).expect("the ballast is ours");
    assert_eq!(root.post(BACKUPS, &json!({"name": "room.zip"})).status, 204);
    assert_eq!(tested(&mut root, "room.zip")["verified"], true);

    // The same for a restoration: it needs room for all of it beside what is there.
    server.kill();
    let ballast = put_all_ballast(&disk);
    let ended = holdall(&data, &["backup", "restore", "room.zip", "--yes"]);
    assert!(!ended.status.success(), "{ended:?}");
    fs::remove_file(ballast).expect("the ballast is ours");
    assert!(serve_and_read(&data) == expected(texts.clone()));
    holdall(&data, &["backup", "restore", "room.zip", "--yes"]).ok();
    assert!(serve_and_read(&data) == expected(texts));
}

/// Takes all room but a little away.
fn put_all_ballast(disk: &Disk) -> PathBuf {
    let file = disk.place.join("all");
    let piece = vec![1; 100 << 10];
    let mut ballast = fs::File::create(&file).expect("it can be made");
    while io::Write::write_all(&mut ballast, &piece).is_ok() {}
    let size = ballast.metadata().expect("it is there").len();
    ballast.set_len(size.saturating_sub(300 << 10)).expect("it can be cut");
    file
}
