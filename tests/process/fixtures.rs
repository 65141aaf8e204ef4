//! Data folders of earlier versions: each is opened, brought up to date, used, and returned to what it was.
//!
//! The archives in `tests/fixtures/data` are made by `scripts/make-fixture`, one for each version, by that version.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdall::store::{Database, newest_version};
use rusqlite::Connection;
use serde_json::{Value as Json, json};

use super::http::Client;
use super::server::{Ended, Following, Server, contents, holdall, program, run};

/// A data folder as an earlier version has left it.
struct Fixture {
    name: String,
    data: PathBuf,
    expect: Json,
    _folder: tempfile::TempDir,
}

impl Fixture {
    fn open(archive: &Path) -> Fixture {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut zip = zip::ZipArchive::new(File::open(archive).expect("it is there")).expect("it is an archive");
        zip.extract(folder.path()).expect("it can be unpacked");
        let text = fs::read_to_string(folder.path().join("expect.json")).expect("it is in it");
        let name = archive.file_stem().expect("it has a name").display().to_string();
        let expect = serde_json::from_str(&text).expect("it is JSON");
        Fixture { name, data: folder.path().join("data"), expect, _folder: folder }
    }

    /// All of them, oldest first.
    fn all() -> Vec<Fixture> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data");
        let entries = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it can be read").path());
        let mut archives: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|end| end == "zip")).collect();
        archives.sort();
        archives.iter().map(|archive| Fixture::open(archive)).collect()
    }

    /// The oldest one.
    fn oldest() -> Fixture {
        Fixture::all().into_iter().next().expect("there is one")
    }

    fn version(&self) -> i64 {
        version(&self.data.join("data.db"))
    }

    fn text(&self, pointer: &str) -> &str {
        self.expect.pointer(pointer).and_then(Json::as_str).expect(pointer)
    }

    fn superuser(&self, server: &Server) -> Client {
        let token = server.token(self.text("/superuser/email"), self.text("/superuser/password"));
        server.client().with_token(&token.expect("the superuser can sign in"))
    }

    /// Everything that was in it is there and is what it was.
    fn check_contents(&self, server: &Server) {
        let mut client = self.superuser(server);
        let known = client.get("/api/collections?perPage=100&sort=name").expect(200);
        let names: Vec<&Json> = known["items"].as_array().expect("a list").iter().map(|item| &item["name"]).collect();
        assert_eq!(names, self.expect["collections"].as_array().expect("a list").iter().collect::<Vec<_>>());
        for (name, expect) in self.expect["records"].as_object().expect("an object") {
            let path = format!("/api/collections/{name}/records?perPage=100&sort=id");
            let found = client.get(&path).expect(200);
            assert_eq!(&found["items"], expect, "{}: {name}", self.name);
        }
        for (path, expect) in self.expect["files"].as_object().expect("an object") {
            let reply = server.client().get(path);
            assert_eq!(reply.status, 200, "{path}");
            assert_eq!(STANDARD.encode(&reply.body), expect.as_str().expect("text"), "{path}");
        }
    }
}

fn version(file: &Path) -> i64 {
    let connection = Connection::open(file).expect("it can be opened");
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("it has one")
}

fn snapshots(data: &Path) -> Vec<String> {
    let listed = holdall(data, &["rollback", "--list"]).ok();
    listed.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

/// The databases of a data folder, and nothing else of it.
fn databases(data: &Path) -> BTreeMap<String, Vec<u8>> {
    contents(data).into_iter().filter(|(name, _)| name.ends_with(".db")).collect()
}

/// The version of the newest tables of `data.db`.
fn newest() -> i64 {
    newest_version(Database::Data)
}

#[test]
fn every_version_is_brought_up_to_date_and_is_what_it_was() {
    let all = Fixture::all();
    assert!(all.iter().any(|fixture| fixture.version() < newest()), "one of them has to be older");
    for fixture in all {
        let is_old = fixture.version() < newest();
        let server = Server::start(&fixture.data);
        fixture.check_contents(&server);

        // An account of then signs in now, and may do now what it might then.
        let mut guest = server.client();
        let body = json!({"identity": fixture.text("/user/email"), "password": fixture.text("/user/password")});
        let signed_in = guest.post("/api/collections/people/auth-with-password", &body).expect(200);
        let mut user = server.client().with_token(signed_in["token"].as_str().expect("text"));
        let everything = "/api/collections/everything/records";
        let made = user.post(everything, &json!({"title": "new"})).expect(200);
        let own = &fixture.expect["records"]["everything"].as_array().expect("a list");
        let own = own.iter().find(|record| record["owner"] == signed_in["record"]["id"]).expect("one is theirs");
        let path = format!("{everything}/{}", own["id"].as_str().expect("text"));
        let changed = user.request("PATCH", &path, Some(&json!({"count": 3}))).expect(200);
        assert_eq!(changed["count"], 3);
        let found = guest.get(&format!("{everything}?filter=(title='new')")).expect(200);
        assert_eq!(found["items"][0]["id"], made["id"], "{}", fixture.name);
        assert_eq!(server.terminate().0.code(), Some(0));

        assert_eq!(fixture.version(), newest());
        assert_eq!(snapshots(&fixture.data).len(), usize::from(is_old), "{}", fixture.name);
        // A backup is only called good when everything in it was checked.
        assert!(holdall(&fixture.data, &["backup", "create"]).ok().contains("\tgood"));
    }
}

#[test]
fn a_rollback_returns_to_the_state_before_the_upgrade() {
    let fixture = Fixture::oldest();
    let before = databases(&fixture.data);
    let server = Server::start(&fixture.data);
    let mut client = fixture.superuser(&server);
    let note = json!({"title": "after the upgrade"});
    client.post("/api/collections/everything/records", &note).expect(200);
    let refused = holdall(&fixture.data, &["rollback", "--yes"]).failed();
    assert!(refused.contains("uses this data folder"), "{refused}");
    server.terminate();

    let asked = holdall(&fixture.data, &["rollback"]).failed();
    assert!(asked.contains("--yes"), "{asked}");
    assert_eq!(fixture.version(), newest(), "asking changes nothing");
    let newer = databases(&fixture.data);
    let kept = snapshots(&fixture.data);
    let done = holdall(&fixture.data, &["rollback", "--yes"]).ok();
    assert!(done.contains("would bring the data up to date again"), "{done}");
    let old_version = fixture.version();
    assert!(old_version < newest());
    for (name, bytes) in &before {
        // A copy has the same pages; its header counts changes of its own.
        let back = &databases(&fixture.data)[name];
        assert_eq!((back.len(), &back[200..]), (bytes.len(), &bytes[200..]), "{name}");
    }

    // The newer state is kept, and is returned to in the same way.
    let all = snapshots(&fixture.data);
    assert_eq!((all.len(), &all[..1]), (2, &kept[..]));
    holdall(&fixture.data, &["rollback", &all[1], "--yes"]).ok();
    assert_eq!(databases(&fixture.data)["data.db"], newer["data.db"]);

    // And once more to the old one, after which the upgrade is made again.
    holdall(&fixture.data, &["rollback", "--yes"]).ok();
    assert_eq!(fixture.version(), old_version);
    let server = Server::start(&fixture.data);
    fixture.check_contents(&server);
}

#[test]
fn an_upgrade_that_dies_anywhere_is_made_again() {
    for point in ["snapshot written", "snapshot placed"] {
        let fixture = Fixture::oldest();
        let old = fixture.version();
        let ended = run(program(&fixture.data).args(["superuser", "list"]).env("HOLDALL_TEST_DIE_AT", point));
        assert!(!ended.status.success(), "{point}: {ended:?}");
        assert_eq!(fixture.version(), old, "{point}");
        let server = Server::start(&fixture.data);
        fixture.check_contents(&server);
        server.terminate();
        assert!(!snapshots(&fixture.data).is_empty(), "{point}");
    }
}

#[test]
fn a_rollback_that_dies_midway_is_finished_by_the_next_start() {
    for point in ["restore aside", "restore moved data.db", "restore in", "restore try"] {
        let fixture = Fixture::oldest();
        holdall(&fixture.data, &["superuser", "list"]).ok();
        let ended = run(program(&fixture.data).args(["rollback", "--yes"]).env("HOLDALL_TEST_DIE_AT", point));
        assert!(!ended.status.success(), "{point}: {ended:?}");
        let server = Server::start(&fixture.data);
        fixture.check_contents(&server);
        server.terminate();
        assert_eq!(fixture.version(), newest(), "{point}: this version has brought it up to date again");
    }
}

#[test]
fn an_upgrade_that_fails_changes_nothing_and_leaves_nothing() {
    let fixture = Fixture::oldest();
    let old = fixture.version();
    let connection = Connection::open(fixture.data.join("data.db")).expect("it can be opened");
    connection.execute_batch("CREATE TABLE _uploads (other)").expect("it can be made");
    drop(connection);
    let before = databases(&fixture.data);
    let refused = holdall(&fixture.data, &["superuser", "list"]).failed();
    assert!(refused.contains("data.db"), "{refused}");
    assert_eq!((fixture.version(), databases(&fixture.data)), (old, before));
    assert_eq!(snapshots(&fixture.data), [""; 0], "a server that is started again and again would fill the disk");
}

#[test]
fn nobody_is_upgraded_while_they_work() {
    let fixture = Fixture::oldest();
    let old = fixture.version();
    let lock = File::create(fixture.data.join(".lock")).expect("it can be made");
    lock.lock_shared().expect("nobody else has it");
    let refused = holdall(&fixture.data, &["superuser", "list"]).failed();
    assert!(refused.contains("another program uses it"), "{refused}");
    assert_eq!((fixture.version(), snapshots(&fixture.data).len()), (old, 0));

    // Whoever comes while the old program is about to end waits for that.
    let waiting = Following::start(&fixture.data, &["superuser", "list"]);
    waiting.wait_for_complaint("waiting");
    drop(lock);
    waiting.wait_for("root@example.com");
    assert_eq!(fixture.version(), newest());
}

#[test]
fn so_many_snapshots_stay_as_the_configuration_says() {
    let fixture = Fixture::oldest();
    let upgrade = |keep: &str| -> Ended {
        run(program(&fixture.data).args(["superuser", "list"]).env("HOLDALL_SNAPSHOT_KEEP", keep))
    };
    upgrade("0").ok();
    assert_eq!((fixture.version(), snapshots(&fixture.data).len()), (newest(), 0), "none was asked for");
    let refused = holdall(&fixture.data, &["rollback", "--yes"]).failed();
    assert!(refused.contains("There is no snapshot"), "{refused}");

    let fixture = Fixture::oldest();
    holdall(&fixture.data, &["superuser", "list"]).ok();
    holdall(&fixture.data, &["rollback", "--yes"]).ok();
    let three = snapshots(&fixture.data);
    run(program(&fixture.data).args(["superuser", "list"]).env("HOLDALL_SNAPSHOT_KEEP", "2")).ok();
    let left = snapshots(&fixture.data);
    assert_eq!((left.len(), &left[..1]), (2, &three[1..]), "the oldest has gone");
}

#[test]
fn data_of_a_newer_version_is_left_alone_and_its_snapshot_can_be_returned_to() {
    let fixture = Fixture::oldest();
    holdall(&fixture.data, &["superuser", "list"]).ok();
    // As the next version would leave it, whatever that has changed.
    let connection = Connection::open(fixture.data.join("data.db")).expect("it can be opened");
    connection
        .execute_batch(
            "PRAGMA user_version = 99; UPDATE _holdall_meta SET value = '9.0.0' WHERE key = 'program_version'",
        )
        .expect("it can be changed");
    drop(connection);
    let before = databases(&fixture.data);
    let refused = holdall(&fixture.data, &["superuser", "list"]).failed();
    assert!(refused.contains("Holdall 9.0.0") && refused.contains("holdall rollback"), "{refused}");
    assert_eq!(databases(&fixture.data), before);

    holdall(&fixture.data, &["rollback", "--yes"]).ok();
    let kept = snapshots(&fixture.data);
    assert!(kept[1].contains("v9.0.0"), "{kept:?}");
    let refused = holdall(&fixture.data, &["rollback", &kept[1], "--yes"]).failed();
    assert!(refused.contains("99"), "{refused}");
    let server = Server::start(&fixture.data);
    fixture.check_contents(&server);
}
