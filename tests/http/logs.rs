//! The log of requests: what is in it and what isn't, who may look, and what keeps it within its bounds.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use holdall::base::limits::LOG_QUEUE_ENTRIES;
use holdall::base::{Result, Timestamp};
use holdall::domain::Schema;
use holdall::logs::{Entry, RequestLog, insert};
use holdall::query::dialect::Dialect;
use holdall::settings::Config;
use holdall::store::{Store, StoreOptions, WriteTx};
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::PASSWORD;
use crate::harness::{Principal, TestApp, item, records, text, url};

/// All entries, the oldest first.
#[track_caller]
fn entries(app: &TestApp) -> Vec<Json> {
    page(&app.as_superuser(), &[("sort", "@rowid"), ("perPage", "1000")])["items"].as_array().expect("items").clone()
}

#[track_caller]
fn page(who: &Principal<'_>, query: &[(&str, &str)]) -> Json {
    who.get(&url("/api/logs", query)).expect(200)
}

/// What the entries say.
#[track_caller]
pub fn messages(app: &TestApp) -> Vec<String> {
    entries(app).iter().map(|entry| text(&entry["message"])).collect()
}

/// The only entry.
#[track_caller]
fn only(app: &TestApp) -> Json {
    let entries = entries(app);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries[0].clone()
}

fn configured(configure: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::configured(configure, Vec::new())
}

/// The log as another process opens it.
fn open(folder: &Path) -> Store {
    let store = Store::open(StoreOptions::for_logs(folder), |_| Ok(Schema::new(Vec::new())));
    store.expect("the log opens")
}

/// The time so many hours ago.
pub fn ago(hours: i64) -> Timestamp {
    Timestamp::now().plus_seconds(-hours * 3600)
}

/// Entries as if the program had written them then: time, level, message.
pub fn write_past(folder: &Path, past: &[(Timestamp, i64, &'static str)]) {
    let entry = |&(created, level, message): &(Timestamp, i64, &str)| Entry {
        created,
        level,
        message: message.to_owned(),
        data: "{\"type\":\"past\"}".to_owned(),
    };
    let past: Vec<Entry> = past.iter().map(entry).collect();
    let store = open(folder);
    let write = move |tx: &mut WriteTx<'_>| -> Result<()> { insert(tx, Dialect::Sqlite, &past) };
    store.write_blocking(write).expect("entries can be written");
    store.close();
}

#[test]
fn a_request_is_logged_with_what_is_known_of_it() {
    let app = TestApp::new();
    let call =
        app.as_user("ada").call(Method::Get, "/api/collections/articles/records?perPage=1&filter=title%20!=%20%22%22");
    call.header("User-Agent", "a test")
        .header("Referer", "http://page.example/?q=1")
        .from("10.1.2.3")
        .send()
        .expect(200);
    let entry = only(&app);
    let keys: Vec<&String> = entry.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["created", "data", "id", "level", "message"], "as serde_json sorts them");
    assert_eq!(entry["level"], 0);
    assert_eq!(entry["message"], "GET /api/collections/articles/records?perPage=1&filter=title != \"\"");
    let mut data = entry["data"].clone();
    assert!(data["execTime"].as_f64().is_some_and(|millis| millis > 0.0), "{data}");
    data["execTime"] = Json::Null;
    assert_eq!(
        data,
        json!({
            "auth": "people", "execTime": null, "method": "GET", "referer": "http://page.example/?q=1",
            "remoteIP": "10.1.2.3", "status": 200, "type": "request",
            "url": "/api/collections/articles/records?perPage=1&filter=title%20!=%20%22%22", "userAgent": "a test",
            "userIP": "10.1.2.3",
        })
    );
    let raw = app.as_superuser().get("/api/logs").text();
    assert!(raw.starts_with("{\"items\":[{\"id\":"), "the keys in the interface's order: {raw}");
    let single = app.as_superuser().get(&format!("/api/logs/{}", text(&entry["id"]))).expect(200);
    assert_eq!(single, entry);
    app.as_superuser().get("/api/logs/unknown").expect(404);
}

#[test]
fn failures_are_errors_and_say_why() {
    let app = TestApp::new();
    app.guest().get("/api/nothing").expect(404);
    app.guest().list("articles", &[("filter", "nonsense")]).expect(400);
    app.guest()
        .post(&records("people"), json!({"email": "no address", "password": PASSWORD, "passwordConfirm": PASSWORD}));
    app.as_user("ada").get("/api/logs").expect(403);
    let entries = entries(&app);
    let found: Vec<(i64, &str, i64)> = entries
        .iter()
        .map(|entry| {
            let data = &entry["data"];
            (
                data["status"].as_i64().unwrap_or(0),
                data["error"].as_str().unwrap_or(""),
                entry["level"].as_i64().unwrap_or(0),
            )
        })
        .collect();
    assert_eq!(found.iter().map(|(status, ..)| *status).collect::<Vec<_>>(), [404, 400, 400, 403]);
    assert!(found.iter().all(|(_, error, level)| error.ends_with('.') && *level == 8), "{found:?}");
    assert_eq!(entries[0]["data"]["details"], Json::Null);
    let details = text(&entries[2]["data"]["details"]);
    assert!(details.contains("email: validation_is_email"), "{details}");
    assert!(!details.contains("no address"), "what was sent isn't repeated: {details}");
    assert_eq!(entries[3]["data"]["auth"], "people");
}

#[test]
fn what_the_answer_hides_is_told_here() {
    let app = TestApp::new();
    let ask = |email: &str| {
        let body = json!({"email": email});
        app.guest().post("/api/collections/people/request-password-reset", body).expect(204);
    };
    ask("ada@holdall.test");
    ask("nobody@holdall.test");
    let entries = entries(&app);
    assert_eq!((&entries[0]["level"], &entries[0]["data"]["error"]), (&json!(0), &Json::Null));
    assert_eq!((&entries[1]["level"], &entries[1]["data"]["status"]), (&json!(8), &json!(204)));
    assert!(text(&entries[1]["data"]["error"]).starts_with("No mail was sent"), "{}", entries[1]);
    assert!(!entries[1].to_string().contains("nobody@"), "{}", entries[1]);
}

#[test]
fn what_is_not_worth_an_entry_has_none() {
    let app = TestApp::new();
    let root = app.as_superuser();
    app.guest().call(Method::Options, "/api/health").send().expect(204);
    for path in ["/", "/static/page.css", "/auth/people/sign-in"] {
        assert_eq!(app.guest().get(path).status, 200, "{path}");
    }
    assert_eq!(app.guest().get("/_/").status, 303);
    assert_eq!(app.guest().get("/api//health").status, 307);
    assert_eq!(app.guest().call(Method::Get, "/api/realtime").open().status(), 200);
    for path in ["/api/logs", "/api/logs/stats", "/api/logs?filter=level%3D0"] {
        root.get(path).expect(200);
    }
    assert_eq!(messages(&app), [""; 0]);
    // Of these the failures have one, and what changes something.
    app.guest().get("/missing").expect(404);
    app.guest().get("/api/logs").expect(401);
    root.get("/api/logs?filter=x").expect(400);
    app.guest().call(Method::Head, "/api/health").send().expect(200);
    app.guest().post("/api/batch", json!({"requests": [item("POST", &records("comments"), json!({}))]})).expect(403);
    let expect = ["GET /missing", "GET /api/logs", "GET /api/logs?filter=x", "HEAD /api/health", "POST /api/batch"];
    assert_eq!(messages(&app), expect);
}

#[test]
fn no_secret_gets_into_the_file() {
    let mut app = TestApp::new();
    let (token, file_token) = {
        let ada = app.as_user("ada");
        (app.token_of("ada").to_owned(), text(&ada.post("/api/files/token", json!({})).expect(200)["token"]))
    };
    let key = text(&app.as_user("ada").post("/api/keys", json!({"name": "k", "scope": null})).expect(200)["key"]);
    let guest = app.guest();
    for secret in [&token, &file_token, &key] {
        for address in [
            format!("/api/files/people/x/y.png?token={secret}"),
            format!("/api/health?anything={secret}"),
            format!("/api/health?{secret}"),
            format!("/api/nothing/{secret}"),
            format!("/api/nothing?a=1&filter=x%3D%27{secret}%27"),
        ] {
            guest.get(&address);
        }
        let referer = format!("http://page.example/x?token={secret}");
        guest.call(Method::Get, "/api/health").header("Referer", &referer).header("User-Agent", secret).send();
        guest.call(Method::Get, "/api/session").header("Authorization", secret).send();
        let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        guest.get(&format!("/api/health?token={encoded}"));
    }
    for address in [
        "/api/health?password=open-sesame-1",
        "/api/health?passwordConfirm=open-sesame-1",
        "/api/oauth2-redirect?state=open-sesame-1&code=open-sesame-1",
        "/_/setup/open-sesame-1",
        "/auth/people/reset?token=open-sesame-1",
        "/api/health?%70assword=open%2Dsesame%2D1",
    ] {
        guest.get(address);
    }
    let sign_in = json!({"identity": "ada@holdall.test", "password": "open-sesame-1"});
    guest.post("/api/collections/people/auth-with-password", sign_in).expect(400);
    let right = json!({"identity": "ada@holdall.test", "password": PASSWORD});
    let fresh = text(&guest.post("/api/collections/people/auth-with-password", right).expect(200)["token"]);
    let answer = app.as_superuser().get("/api/logs?perPage=1000").text();
    assert!(answer.contains("***"), "{answer}");
    let mut seen = app.while_stopped(|folder| std::fs::read(folder.join("logs.db")).expect("the file is there"));
    seen.extend(answer.bytes());
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("/api/health?anything=***"), "the entries are in what was looked at");
    let hex: Vec<String> =
        [&token, &key].map(|secret| secret.bytes().map(|byte| format!("%{byte:02X}")).collect()).into();
    // Of tokens the signature, which nobody else has.
    let end = |secret: &str| secret[secret.len() - 20..].to_owned();
    let secrets = [end(&token), end(&file_token), end(&key), end(&fresh), PASSWORD.to_owned(), "sesame".to_owned()];
    for secret in secrets.iter().chain(&hex) {
        assert!(!seen.contains(secret.as_str()), "{secret} is in the log");
    }
}

#[test]
fn entries_are_found_sorted_and_paged_as_records_are() {
    let app = TestApp::new();
    let (guest, root) = (app.guest(), app.as_superuser());
    for path in ["/api/health", "/api/health?a=1", "/api/nothing", "/api/collections"] {
        guest.get(path);
    }
    let found = |filter: &str| -> Vec<String> {
        let page = page(&root, &[("filter", filter), ("sort", "@rowid")]);
        page["items"].as_array().expect("items").iter().map(|entry| text(&entry["message"])).collect()
    };
    let all = ["GET /api/health", "GET /api/health?a=1", "GET /api/nothing", "GET /api/collections"];
    for (filter, expect) in [
        ("", &all[..]),
        ("level = 8", &all[2..]),
        ("level < 8 && data.status = 200", &all[..2]),
        ("data.status >= 400", &all[2..]),
        ("data.status = 401", &all[3..]),
        ("message ~ 'health'", &all[..2]),
        ("data.url = '/api/nothing'", &all[2..3]),
        ("data.error != null", &all[2..]),
        ("data.nothing = null", &all),
        ("data ~ 'nothing'", &all[2..3]),
        ("created > '2020-01-01' && created <= @now", &all),
        ("created < '2020-01-01'", &[]),
        ("data.method = 'GET' && (data.status = 404 || data.status = 401)", &all[2..]),
        ("id = 'unknown'", &[]),
    ] {
        assert_eq!(found(filter), expect, "{filter}");
    }
    for (query, expect) in [
        (&[("sort", "-level,message"), ("perPage", "2")][..], &["GET /api/collections", "GET /api/nothing"][..]),
        (&[("sort", "-@rowid"), ("perPage", "1")], &["GET /api/collections"]),
        (&[("sort", "data.status,-message"), ("perPage", "3"), ("page", "2")], &["GET /api/nothing"]),
        (&[("sort", "created,@rowid"), ("perPage", "1"), ("page", "9")], &[]),
    ] {
        let page = page(&root, query);
        let found: Vec<String> =
            page["items"].as_array().expect("items").iter().map(|one| text(&one["message"])).collect();
        assert_eq!(found, expect, "{query:?}");
        assert_eq!(page["totalItems"], 4);
    }
    let short = page(&root, &[("skipTotal", "1"), ("fields", "data.status"), ("sort", "@rowid"), ("perPage", "1")]);
    assert_eq!(
        short,
        json!({"items": [{"data": {"status": 200}}], "page": 1, "perPage": 1, "totalItems": -1, "totalPages": -1})
    );
    for (name, value) in [
        ("filter", "nonsense"),
        ("filter", "updated > ''"),
        ("filter", "seq > 0"),
        ("filter", "rowid > 0"),
        ("filter", "@collection.people.email != ''"),
        ("filter", "level ="),
        ("sort", "seq"),
        ("sort", "nothing"),
        ("sort", "message; DROP TABLE _logs"),
        ("page", "x"),
        ("skipTotal", "maybe"),
    ] {
        root.get(&url("/api/logs", &[(name, value)])).expect(400);
    }
}

#[test]
fn stats_count_by_hour() {
    let app = TestApp::new();
    let (earlier, later) = (ago(3), ago(1));
    write_past(app.data_dir(), &[(earlier, 0, "a"), (earlier, 8, "b"), (later, 0, "c"), (earlier, 0, "d")]);
    let root = app.as_superuser();
    let hour = |at: Timestamp| format!("{}:00:00.000Z", &at.to_string()[..13]);
    let stats = |filter: &str| root.get(&url("/api/logs/stats", &[("filter", filter)])).expect(200);
    let past = "data.type = 'past'";
    assert_eq!(stats(past), json!([{"date": hour(earlier), "total": 3}, {"date": hour(later), "total": 1}]));
    assert_eq!(stats("level = 8"), json!([{"date": hour(earlier), "total": 1}]));
    assert_eq!(stats("level = 5"), json!([]));
    assert_eq!(root.get("/api/logs/stats?fields=total&filter=level%3D8").expect(200), json!([{"total": 1}]));
    root.get("/api/logs/stats?filter=nonsense").expect(400);
}

#[test]
fn only_superusers_may_look_and_no_key_may_wipe() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let key = |scope: Json| text(&root.post("/api/keys", json!({"name": "k", "scope": scope})).expect(200)["key"]);
    let (whole, scoped) = (key(Json::Null), key(json!({"*": ["list", "view", "delete"]})));
    let (whole, scoped) = (app.with_token(&whole), app.with_token(&scoped));
    for (who, reading, wiping) in [
        (app.guest(), 401, 401),
        (app.as_user("ada"), 403, 403),
        (scoped, 403, 403),
        (whole, 200, 403),
        (root, 200, 204),
    ] {
        for path in ["/api/logs", "/api/logs/stats"] {
            who.get(path).expect(reading);
        }
        let view = if reading == 200 { 404 } else { reading };
        who.get("/api/logs/unknown").expect(view);
        who.delete("/api/logs").expect(wiping);
    }
    assert_eq!(messages(&app), [""; 0]);
}

#[test]
fn emptying_the_log_takes_what_waits_too() {
    let app = TestApp::new();
    app.guest().get("/api/health").expect(200);
    app.as_superuser().delete("/api/logs").expect(204);
    assert_eq!(messages(&app), [""; 0]);
    app.guest().get("/api/health").expect(200);
    assert_eq!(messages(&app), ["GET /api/health"]);
}

#[test]
fn settings_say_what_is_kept() {
    let ask = |app: &TestApp| {
        app.as_user("ada").get("/api/collections/articles/records").expect(200);
        app.guest().get("/api/nothing").expect(404);
    };
    let off = configured(|config| config.logs_max_days = 0);
    ask(&off);
    assert_eq!(messages(&off), [""; 0]);
    let errors = configured(|config| config.logs_min_level = 5);
    ask(&errors);
    assert_eq!(messages(&errors), ["GET /api/nothing"]);
    let anonymous = configured(|config| config.logs_log_ip = false);
    ask(&anonymous);
    for entry in entries(&anonymous) {
        let data = entry["data"].as_object().expect("an object");
        assert!(!data.contains_key("userIP") && !data.contains_key("remoteIP"), "{data:?}");
    }
    let by_name = configured(|config| config.logs_log_auth_id = true);
    ask(&by_name);
    let found = entries(&by_name);
    assert_eq!(found[0]["data"]["authId"], crate::harness::id("ada"));
    assert!(!found[1]["data"].as_object().expect("an object").contains_key("authId"), "{}", found[1]);
}

#[test]
fn what_is_old_goes_by_the_job() {
    let app = TestApp::new();
    // So that the clean-up of the start is over.
    app.wait(app.app().run_job("__pbLogsCleanup__")).expect("the job works");
    write_past(app.data_dir(), &[(ago(5 * 24 + 1), 0, "too old"), (ago(5 * 24 - 1), 0, "just young enough")]);
    assert_eq!(messages(&app), ["too old", "just young enough"]);
    app.wait(app.app().run_job("__pbLogsCleanup__")).expect("the job works");
    assert_eq!(messages(&app), ["just young enough"]);
}

#[test]
fn other_settings_count_from_the_next_start_on() {
    let mut app = TestApp::new();
    app.while_stopped(|folder| {
        write_past(folder, &[(ago(5 * 24 + 1), 0, "too old"), (ago(1), -4, "too low"), (ago(1), 0, "stays")]);
    });
    // The clean-up runs in the background of the start.
    let clean = (0..1000).any(|_| messages(&app) == ["stays"]);
    assert!(clean, "{:?}", messages(&app));
}

#[test]
fn the_log_stays_within_its_size() {
    let app = configured(|config| config.logs_max_mb = 1);
    let long = "x".repeat(2500);
    for at in 0..1000 {
        app.app().log_request(RequestLog::new("GET", &format!("/{at}/{long}")));
        if at % 100 == 99 {
            app.wait(app.app().flush_logs());
        }
    }
    let page = page(&app.as_superuser(), &[("sort", "-@rowid"), ("perPage", "1")]);
    let total = page["totalItems"].as_i64().expect("a number");
    assert!((100..400).contains(&total), "{total} entries of five kilobytes are in a megabyte");
    assert!(text(&page["items"][0]["message"]).starts_with("GET /999/"), "the latest are there");
    assert_eq!(app.app().log_figures().dropped, 0, "making room is no loss");
}

#[test]
fn a_full_queue_loses_entries_and_tells_how_many() {
    let app = TestApp::new();
    let before = app.app().log_figures();
    assert_eq!((before.waiting, before.dropped), (0, 0));
    // Nothing is written meanwhile: the background runs only while this test waits for something.
    for at in 0..LOG_QUEUE_ENTRIES + 25 {
        app.app().log_request(RequestLog::new("GET", &format!("/{at}")));
    }
    let full = app.app().log_figures();
    assert_eq!((full.waiting, full.dropped), (LOG_QUEUE_ENTRIES, 25));
    let warned = page(&app.as_superuser(), &[("filter", "level = 4"), ("fields", "data,message")]);
    assert_eq!(warned["totalItems"], 1);
    assert_eq!(warned["items"][0]["data"], json!({"dropped": 25, "type": "logs"}));
    assert_eq!(page(&app.as_superuser(), &[("perPage", "1")])["totalItems"], LOG_QUEUE_ENTRIES + 1);
    app.guest().get("/api/health").expect(200);
    assert_eq!(page(&app.as_superuser(), &[("perPage", "1")])["totalItems"], LOG_QUEUE_ENTRIES + 2);
}

#[test]
fn of_a_busy_second_some_is_noted_and_the_rest_is_counted() {
    let app = configured(|config| config.logs_max_per_second = 1);
    for _ in 0..50 {
        app.guest().get("/api/health").expect(200);
    }
    app.guest().get("/api/missing").expect(404);
    let entries = entries(&app);
    let noted = entries.iter().filter(|entry| entry["message"] == "GET /api/health").count();
    let dropped: u64 = entries.iter().filter_map(|entry| entry["data"]["dropped"].as_u64()).sum();
    assert!(noted > 0 && dropped > 0, "{noted} {dropped}");
    assert_eq!(noted as u64 + dropped, 50);
    assert!(entries.iter().any(|entry| entry["message"] == "GET /api/missing"), "what fails has a share of its own");
}

#[test]
fn nobody_waits_for_a_log_that_cannot_be_written() {
    let app = TestApp::new();
    let other = open(app.data_dir());
    let (holds, held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let holder = thread::spawn(move || {
        let hold = move |_: &mut WriteTx<'_>| {
            holds.send(()).expect("the test waits");
            released.recv().expect("the test releases");
            Ok(())
        };
        other.write_blocking(hold).expect("it is released");
        other.close();
    });
    held.recv().expect("the other process has begun a transaction");
    for _ in 0..300 {
        app.guest().get("/api/health").expect(200);
    }
    let created = app.as_user("ada").create("comments", json!({"text": "x"}));
    assert!(created["id"].is_string());
    release.send(()).expect("the holder waits");
    holder.join().expect("the holder ends well");
    assert_eq!(page(&app.as_superuser(), &[("perPage", "1")])["totalItems"], 301);
    assert_eq!(app.app().log_figures().dropped, 0);
}
