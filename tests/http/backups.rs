//! Backups: who may do what with them, what they are called, one at a time, what the list says, how one is fetched and
//! how one comes back.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdall::backup::Folder;
use holdall::base::progress::Silent;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::files::{self, send, with_docs};
use crate::harness::{Answer, Principal, TestApp, segment, text, url};

const PATH: &str = "/api/backups";

/// A test that waits for longer than this fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn path(name: &str) -> String {
    format!("{PATH}/{}", segment(name))
}

#[track_caller]
fn make(app: &TestApp, name: &str) {
    app.as_superuser().post(PATH, json!({"name": name})).expect(204);
}

/// The names of all backups.
fn names(app: &TestApp) -> Vec<String> {
    let listed = app.as_superuser().get(PATH).expect(200);
    listed.as_array().expect("a list").iter().map(|item| text(&item["key"])).collect()
}

/// A backup in the list, once it was tested.
#[track_caller]
fn tested(app: &TestApp, name: &str) -> Json {
    let started = Instant::now();
    loop {
        let listed = app.as_superuser().get(PATH).expect(200);
        let found = listed.as_array().expect("a list").iter().find(|item| item["key"] == name);
        let item = found.unwrap_or_else(|| panic!("{name} isn't in {listed}")).clone();
        if !item["verified"].is_null() {
            return item;
        }
        assert!(started.elapsed() < PATIENCE, "{name} is never tested");
        std::thread::yield_now();
    }
}

fn token(who: &Principal<'_>) -> String {
    text(&who.post("/api/files/token", json!({})).expect(200)["token"])
}

/// Fetches a backup with a token in the address.
fn fetch(app: &TestApp, name: &str, token: &str) -> Answer {
    app.guest().get(&url(&path(name), &[("token", token)]))
}

fn upload(who: &Principal<'_>, name: &str, content: &[u8]) -> Answer {
    send(who, Method::Post, "/api/backups/upload", &[("file", Some(name), content)])
}

#[test]
fn only_superusers_look_after_backups_and_keys_only_make_and_list_them() {
    let app = TestApp::new();
    make(&app, "a.zip");
    let archive = fetch(&app, "a.zip", &token(&app.as_superuser())).body;
    let key = |scope: Json| {
        let made = app.as_superuser().post("/api/keys", json!({"name": "x", "scope": scope})).expect(200);
        text(&made["key"])
    };
    let (whole, scoped) = (key(Json::Null), key(json!({"*": ["list", "view", "create", "update", "delete"]})));
    let callers = [
        ("guest", app.guest(), [401; 5]),
        ("user", app.as_user("eve"), [403; 5]),
        ("key with a scope", app.with_token(&scoped), [403; 5]),
        ("key", app.with_token(&whole), [200, 204, 403, 403, 403]),
        ("superuser", app.as_superuser(), [200, 204, 204, 204, 204]),
    ];
    for (name, who, expect) in callers {
        let file = format!("{}.zip", name.replace(' ', "-"));
        let answers = [
            who.get(PATH).status,
            who.post(PATH, json!({"name": file})).status,
            upload(&who, "up.zip", &archive).status,
            who.delete(&path("up.zip")).status,
            // Last, because nothing else can be done meanwhile.
            who.post(&format!("{}/restore", path("a.zip")), json!({})).status,
        ];
        assert_eq!(answers, expect, "{name}");
        let made = names(&app).contains(&file);
        assert_eq!(made, expect[1] == 204, "{name}");
    }
}

#[test]
fn names_follow_the_rule_and_are_used_once() {
    let app = TestApp::new();
    let root = app.as_superuser();
    make(&app, "a-1_b.zip");
    for (name, code) in [
        (json!("a-1_b.zip"), &["name validation_backup_name_exists"][..]),
        (json!("A.zip"), &["name validation_match_invalid"]),
        (json!("a.txt"), &["name validation_match_invalid"]),
        (json!("../a.zip"), &["name validation_match_invalid"]),
        (json!("@auto_a.zip"), &["name validation_match_invalid"]),
        (json!(format!("{}.zip", "a".repeat(147))), &["name validation_length_out_of_range"]),
        (json!(5), &[]),
    ] {
        root.post(PATH, json!({ "name": name })).expect_codes(code);
    }
    for body in [json!({"name": Json::Null}), json!({})] {
        let before = names(&app);
        root.post(PATH, body).expect(204);
        let made: Vec<String> = names(&app).into_iter().filter(|name| !before.contains(name)).collect();
        assert!(made[0].starts_with("holdall_backup_holdall_") && made[0].ends_with(".zip"), "{made:?}");
        root.delete(&path(&made[0])).expect(204);
    }
    let again = root.delete(&path("a-1_b.zip"));
    again.expect(204);
    root.delete(&path("a-1_b.zip")).expect(400);
    assert!(names(&app).is_empty());
    root.delete(&path("../data.db")).expect(400);
    root.post(&format!("{}/restore", path("a-1_b.zip")), json!({})).expect(400);
}

#[test]
fn the_list_says_what_was_tested_and_how_it_went() {
    let app = with_docs();
    assert_eq!(app.as_superuser().get(PATH).expect(200), json!([]));
    files::create(&app.guest(), &[("one", Some("a.txt"), b"hello")]).expect(200);
    make(&app, "a.zip");
    let item = tested(&app, "a.zip");
    assert_eq!(item["verified"], true, "{item}");
    assert!(text(&item["verifiedAt"]).ends_with('Z') && item["size"].as_u64() > Some(1000), "{item}");
    let picked = app.as_superuser().get(&format!("{PATH}?fields=key")).expect(200);
    assert_eq!(picked, json!([{"key": "a.zip"}]));

    // A byte in the middle is another one.
    let mut archive = fetch(&app, "a.zip", &token(&app.as_superuser())).body;
    let middle = archive.len() / 2;
    archive[middle] ^= 0x55;
    upload(&app.as_superuser(), "damaged.zip", &archive).expect(204);
    assert_eq!(tested(&app, "damaged.zip")["verified"], false);
    // What it was called has nothing to do with it.
    let file = app.data_dir().join("backups/a.zip");
    fs::write(&file, &archive).expect("it is ours");
    let listed = app.wait(app.app().verify_backup("a.zip", Arc::new(Silent))).expect("it can be tested");
    assert_eq!(listed.verified, Some(false));
    assert!(listed.reason.contains("damaged"), "{}", listed.reason);
}

#[test]
fn one_at_a_time() {
    let app = TestApp::new();
    make(&app, "a.zip");
    let root = app.as_superuser();
    let can_backup = || root.get("/api/health").expect(200)["data"]["canBackup"].clone();
    assert_eq!(can_backup(), true);
    // As another program on the same data folder.
    let busy = Folder::new(app.data_dir()).busy().expect("nobody else is");
    root.post(PATH, json!({"name": "b.zip"})).expect_codes(&[]);
    root.post(&format!("{}/restore", path("a.zip")), json!({})).expect_codes(&[]);
    assert_eq!(names(&app), ["a.zip"]);
    drop(busy);
    make(&app, "b.zip");
    let both = app.at_once([
        root.call(Method::Post, PATH).json(&json!({"name": "c.zip"})),
        root.call(Method::Post, PATH).json(&json!({"name": "d.zip"})),
    ]);
    let mut statuses: Vec<u16> = both.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert!(statuses == [204, 400] || statuses == [204, 204], "{statuses:?}");
    assert_eq!(names(&app).len(), 2 + statuses.iter().filter(|status| **status == 204).count());
}

#[test]
fn a_backup_is_fetched_by_a_superusers_file_token_only() {
    let app = TestApp::new();
    make(&app, "a.zip");
    let root = app.as_superuser();
    let key = text(&root.post("/api/keys", json!({"name": "x", "scope": null})).expect(200)["key"]);
    for (who, token) in [
        ("nobody", String::new()),
        ("nonsense", "nonsense".to_owned()),
        ("a user", token(&app.as_user("ada"))),
        ("a token that isn't for files", app.token_of("root").to_owned()),
        ("a key", key.clone()),
        ("a token that a key has got", token(&app.with_token(&key))),
    ] {
        assert_eq!(fetch(&app, "a.zip", &token).status, 403, "{who}");
        assert_eq!(fetch(&app, "missing.zip", &token).status, 403, "{who}");
    }
    assert_eq!(root.get(&path("a.zip")).status, 403, "the header doesn't count");
    let token = token(&root);
    for name in ["missing.zip", "../data.db", ".lock", ".checks"] {
        assert_eq!(fetch(&app, name, &token).status, 404, "{name}");
    }
    let whole = fetch(&app, "a.zip", &token);
    assert_eq!(whole.status, 200);
    assert!(whole.body.starts_with(b"PK\x03\x04"));
    for (name, expect) in [
        ("Content-Type", "application/zip"),
        ("Content-Disposition", "attachment; filename=\"a.zip\""),
        ("Cache-Control", "no-store"),
        ("X-Frame-Options", "SAMEORIGIN"),
    ] {
        assert_eq!(whole.header(name), Some(expect), "{name}");
    }
    let part = app.guest().call(Method::Get, &url(&path("a.zip"), &[("token", &token)])).header("Range", "bytes=2-3");
    let part = part.send();
    assert_eq!((part.status, part.body.as_slice()), (206, &b"\x03\x04"[..]));
}

#[test]
fn a_backup_that_is_being_fetched_can_be_deleted() {
    let app = TestApp::new();
    make(&app, "a.zip");
    let address = url(&path("a.zip"), &[("token", &token(&app.as_superuser()))]);
    let whole = app.guest().get(&address).body;
    let rest = app.guest().call(Method::Get, &address).send_and(|| {
        app.as_superuser().delete(&path("a.zip")).expect(204);
    });
    assert_eq!(rest.body, whole);
    assert_eq!(app.guest().get(&address).status, 404);
}

#[test]
fn what_is_sent_must_be_an_archive_with_a_name_of_its_own() {
    let app = TestApp::new();
    let root = app.as_superuser();
    make(&app, "a.zip");
    let archive = fetch(&app, "a.zip", &token(&root)).body;
    for name in ["Ä b.zip", "x.txt", "@auto_x.zip", "folder/inner.zip"] {
        upload(&root, name, &archive).expect(204);
    }
    assert_eq!(names(&app), ["@auto_x.zip", "a.zip", "inner.zip", "x.txt", "Ä b.zip"]);
    assert_eq!(tested(&app, "Ä b.zip")["verified"], true);
    root.delete(&path("@auto_x.zip")).expect(204);
    upload(&root, "a.zip", &archive).expect_codes(&["file validation_backup_name_exists"]);
    upload(&root, ".hidden.zip", &archive).expect_codes(&["file validation_invalid_value"]);
    upload(&root, "b.zip", b"not an archive").expect_codes(&["file validation_invalid_mime_type"]);
    let other = send(&root, Method::Post, "/api/backups/upload", &[("other", Some("b.zip"), &archive)]);
    other.expect_codes(&["file validation_required"]);
    root.post("/api/backups/upload", json!({})).expect_codes(&["file validation_required"]);
    files::check_nothing_arrives(&app);
}

#[test]
fn files_that_go_while_a_backup_is_made_are_in_it() {
    let app = with_docs();
    let made = files::create(&app.guest(), &[("one", Some("a.txt"), b"hello")]).expect(200);
    // A backup that is being made has this lock, from before it copies the database.
    // (The program's own worker may be at work at just this moment, and goes on only while somebody waits here.)
    let folder = Folder::new(app.data_dir());
    let keeping = app.wait(async { tokio::task::spawn_blocking(move || folder.keep_files()).await });
    let kept = keeping.expect("it doesn't panic").expect("nobody removes any");
    app.guest().delete(&crate::harness::record("docs", &text(&made["id"]))).expect(204);
    let storage = app.data_dir().join("storage");
    let settling = app.app().clone().settle_files();
    app.wait(async {
        tokio::select! {
            biased;
            _ = settling => panic!("files are removed that a backup needs"),
            () = std::future::ready(()) => {}
        }
    });
    assert_eq!(files::files_below(&storage).len(), 1);
    drop(kept);
    assert!(files::stored(&app).is_empty());
}

#[test]
fn a_backup_has_every_file_or_there_is_none() {
    let app = with_docs();
    files::create(&app.guest(), &[("one", Some("a.txt"), b"hello")]).expect(200);
    let file = files::stored(&app).pop().expect("it is stored");
    fs::write(&file, "hallo").expect("it is ours");
    let answer = app.as_superuser().post(PATH, json!({"name": "a.zip"}));
    assert!(text(&answer.expect(503)["message"]).contains("isn't what it was"), "{}", answer.text());
    fs::remove_file(&file).expect("it is ours");
    let answer = app.as_superuser().post(PATH, json!({"name": "a.zip"}));
    assert!(text(&answer.expect(503)["message"]).contains("isn't there"), "{}", answer.text());
    assert!(names(&app).is_empty());
    assert!(files::files_below(&app.data_dir().join("backups/.partial")).is_empty());
    fs::write(&file, "hello").expect("it is ours");
    make(&app, "a.zip");
}

#[test]
fn what_is_restored_is_what_was_there_at_the_next_start() {
    let mut app = with_docs();
    let before = files::create(&app.guest(), &[("title", None, b"before"), ("one", Some("a.txt"), b"1")]).expect(200);
    make(&app, "a.zip");
    let after = files::create(&app.guest(), &[("title", None, b"after"), ("one", Some("b.txt"), b"2")]).expect(200);
    app.guest().delete(&crate::harness::record("docs", &text(&before["id"]))).expect(204);
    files::check(&app, 1);

    app.as_superuser().post(&format!("{}/restore", path("a.zip")), json!({})).expect(204);
    app.as_superuser().delete(&path("a.zip")).expect(400);
    app.as_superuser().post(PATH, json!({})).expect(400);
    app.wait(async { tokio::time::timeout(PATIENCE, app.app().restart_wanted()).await }).expect("it is unpacked");
    assert_eq!(app.guest().get(&files::file(&after["id"], &after["one"])).body, b"2", "until then, all is as it was");

    app.while_stopped(|_| ());
    assert_eq!(app.guest().items("docs", &[]), std::slice::from_ref(&before));
    assert_eq!(app.guest().get(&files::file(&before["id"], &before["one"])).body, b"1");
    files::check(&app, 1);
    assert!(!app.data_dir().join(".restore").exists());
    app.as_superuser().delete(&path("a.zip")).expect(204);
}

#[test]
fn scheduled_backups_are_tested_and_the_newest_kept() {
    let app = TestApp::configured(|config| config.backup_keep = 2, Vec::new());
    make(&app, "mine.zip");
    let folder = app.data_dir().join("backups");
    let old = |hour: u8| format!("@auto_holdall_backup_holdall_202001010{hour}0000.zip");
    for hour in 0..3 {
        fs::copy(folder.join("mine.zip"), folder.join(old(hour))).expect("it can be copied");
    }
    fs::write(folder.join("@auto_pb_backup_x_20200101000000.zip"), "of another program").expect("it can be written");
    app.wait(app.app().auto_backup()).expect("it can be made");
    let left = names(&app);
    let ours: Vec<&String> = left.iter().filter(|name| name.starts_with("@auto_holdall_backup_")).collect();
    assert_eq!(ours.len(), 2, "{left:?}");
    assert!(left.contains(&"mine.zip".to_owned()) && left.iter().any(|name| name.contains("pb_backup")), "{left:?}");
    let made = ours.iter().find(|name| !name.contains("_2020")).expect("the new one stays");
    assert_eq!(tested(&app, made)["verified"], true);
}

#[test]
fn superusers_are_told_of_a_scheduled_backup_that_fails() {
    let app = TestApp::new();
    let busy = Folder::new(app.data_dir()).busy().expect("nobody is");
    let error = app.wait(app.app().auto_backup()).expect_err("another one is being made");
    drop(busy);
    let mails = app.as_superuser().get("/api/mails").expect(200);
    assert_eq!((&mails["totalItems"], &mails["items"][0]["kind"]), (&json!(1), &json!("backupFailure")));
    assert_eq!(mails["items"][0]["to"], "root@holdall.test");
    let id = text(&mails["items"][0]["id"]);
    let mail = app.as_superuser().get(&format!("/api/mails/{id}")).expect(200);
    assert!(text(&mail["text"]).contains("Another backup is being made"), "{mail}; {error}");
    assert!(names(&app).is_empty());
}

#[test]
fn they_go_to_a_bucket_and_back_while_the_server_runs() {
    let app = TestApp::new();
    make(&app, "a.zip");
    // Nobody listens there.
    let bucket = json!({
        "enabled": true, "bucket": "somewhere", "region": "us-east-1", "endpoint": "http://127.0.0.1:9",
        "accessKey": "key", "secret": "secret",
    });
    app.as_superuser().patch("/api/settings", json!({"backups": {"s3": bucket}})).expect(200);
    app.as_superuser().get(PATH).expect(503);
    app.as_superuser().patch("/api/settings", json!({"backups": {"s3": {"enabled": false}}})).expect(200);
    assert_eq!(names(&app), ["a.zip"]);
}

#[test]
fn a_new_server_begins_with_the_backup_of_another() {
    let old = with_docs();
    files::create(&old.guest(), &[("one", Some("a.txt"), b"hello")]).expect(200);
    make(&old, "a.zip");
    let archive = fetch(&old, "a.zip", &token(&old.as_superuser())).body;
    let mut app = TestApp::empty();
    let link = format!("/_/setup/{}", app.app().setup_link_token().expect("nobody has set up this server"));
    assert!(app.guest().get(&link).text().contains("Begin with a backup"), "the way there is on the page");
    let take = |app: &TestApp, page: &str, file: &[u8]| {
        send(&app.guest(), Method::Post, page, &[("file", Some("a.zip"), file)])
    };
    let page = format!("{link}/backup");
    assert_eq!(app.guest().get(&page).status, 200);
    assert_eq!(take(&app, "/_/setup/guess/backup", &archive).status, 404);
    assert_eq!(send(&app.guest(), Method::Post, &page, &[]).status, 400);
    // One that can't be restored isn't kept, and changes nothing.
    let refused = take(&app, &page, &archive[..archive.len() / 2]);
    assert_eq!((refused.status, app.app().wants_restart()), (400, false), "{}", refused.text());
    assert!(refused.text().contains("role=\"alert\""), "{}", refused.text());
    let kept = || {
        fs::read_dir(app.data_dir().join("backups")).map_or(0, |found| {
            found.flatten().filter(|entry| entry.path().extension().is_some_and(|kind| kind == "zip")).count()
        })
    };
    assert_eq!(kept(), 0);
    let restored = take(&app, &page, &archive);
    assert_eq!((restored.status, restored.header("Refresh")), (200, Some("4; url=../../../_/")), "{}", restored.text());
    assert!(app.app().wants_restart());
    assert_eq!(take(&app, &page, &archive).status, 404, "the link works once");
    app.restart(|_| ());
    assert_eq!(app.guest().items("docs", &[]).len(), 1);
    assert_eq!(app.app().setup_link_token(), None, "the superusers are those of the backup");
}
