//! `/metrics`: who sees it, what is in it, and that it never tells of anybody.

use std::collections::BTreeMap;

use holdall::monitor::{Family, Value};
use rocket::http::Method;
use serde_json::json;

use crate::harness::{Answer, Principal, TestApp, records, text};

/// The figures by name and labels, as far as they are numbers.
fn figures(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let split = |line: &str| line.rsplit_once(' ').map(|(name, number)| (name.to_owned(), number.parse()));
    let pairs = lines.map(|line| split(line).unwrap_or_else(|| panic!("{line:?} has no number")));
    pairs.map(|(name, number)| (name.clone(), number.unwrap_or_else(|_| panic!("{name} is no number")))).collect()
}

#[track_caller]
fn scrape(who: &Principal<'_>) -> BTreeMap<String, f64> {
    let answer = who.get("/metrics");
    assert_eq!(answer.status, 200, "{}", answer.text());
    figures(&answer.text())
}

#[track_caller]
fn figure(figures: &BTreeMap<String, f64>, name: &str) -> f64 {
    *figures.get(name).unwrap_or_else(|| panic!("there is no {name}: {:#?}", figures.keys()))
}

#[test]
fn what_is_switched_on_has_figures_too() {
    let target = tempfile::tempdir().expect("a temporary folder");
    let place = target.path().to_str().expect("a path in UTF-8").to_owned();
    let app = TestApp::configured(|config| config.ship_to = place, Vec::new());
    app.app().add_figures(|| vec![Family::new("an_edge", "Of an edge").with(&[], Value::Gauge(7.0))]);
    let seen = scrape(&app.as_superuser());
    assert_eq!(figure(&seen, "an_edge"), 7.0);
    for name in ["holdall_shipping_lag_seconds", "holdall_shipping_segments_total", "holdall_shipping_failing"] {
        assert!(figure(&seen, name) >= 0.0, "{name}");
    }
    assert_eq!(figure(&seen, "holdall_shipping_gaps_total"), 0.0);
    let without = scrape(&TestApp::new().as_superuser());
    assert!(!without.keys().any(|name| name.starts_with("holdall_shipping")));
}

#[test]
fn superusers_see_figures_of_everything() {
    let app = TestApp::new();
    app.guest().get("/api/health").expect(200);
    app.guest().get("/api/collections/unknown/records?filter=secret").expect(404);
    app.guest().get("/api/collections/vault/records").expect(403);
    app.guest().get("/no-such-page");
    app.as_superuser().create("articles", json!({"title": "counted"}));
    app.wait(app.app().run_job("__holdallCleanup__")).expect("the job works");
    let seen = scrape(&app.as_superuser());
    let count = |name: &str| figure(&seen, name);
    for (name, expect) in [
        ("holdall_http_requests_total{method=\"GET\",route=\"/api/health\",status=\"200\"}", 1.0),
        (
            "holdall_http_requests_total{method=\"GET\",route=\"/api/collections/<collection>/records\",status=\"404\"}",
            1.0,
        ),
        (
            "holdall_http_requests_total{method=\"GET\",route=\"/api/collections/<collection>/records\",status=\"403\"}",
            1.0,
        ),
        ("holdall_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}", 1.0),
        ("holdall_http_request_duration_seconds_count{route=\"/api/collections/<collection>/records\"}", 3.0),
        ("holdall_job_runs_total{job=\"__holdallCleanup__\",outcome=\"done\"}", 1.0),
        ("holdall_job_runs_total{job=\"__holdallCleanup__\",outcome=\"failed\"}", 0.0),
        ("holdall_store_readers", 2.0),
        ("holdall_store_lost_groups_total", 0.0),
        ("holdall_realtime_clients", 0.0),
        ("holdall_backups", 0.0),
        ("holdall_mails_queued", 0.0),
        ("holdall_files_to_remove", 0.0),
        ("holdall_uploads_unfinished", 0.0),
        ("holdall_sign_in_refused_total", 0.0),
    ] {
        assert_eq!(count(name), expect, "{name}");
    }
    for name in [
        "holdall_store_commits_total",
        "holdall_store_commit_seconds_count",
        "holdall_store_commit_seconds_sum",
        "holdall_store_group_size_count",
        "holdall_store_wait_seconds_count{queue=\"read\"}",
        "holdall_store_wait_seconds_count{queue=\"write\"}",
        "holdall_store_read_seconds_bucket{le=\"+Inf\"}",
        "holdall_store_wal_bytes",
        "holdall_plan_cache_misses_total",
        "holdall_database_size_bytes{file=\"data.db\"}",
        "holdall_disk_free_bytes",
        "holdall_job_last_success_timestamp_seconds{job=\"__holdallCleanup__\"}",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        assert!(count(name) > 0.0, "{name} is {}", count(name));
    }
    assert!(seen.keys().any(|name| name.starts_with("holdall_build_info{version=\"")), "{:?}", seen.keys());
    assert_eq!(count("holdall_store_commits_total"), count("holdall_store_group_size_count"));
    // As often as it was counted: the figures of one look fit together.
    let more = scrape(&app.as_superuser());
    let own = "holdall_http_requests_total{method=\"GET\",route=\"/metrics\",status=\"200\"}";
    assert_eq!((seen.get(own), figure(&more, own)), (None, 1.0));
}

#[test]
fn only_superusers_and_keys_for_it_see_them() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let make = |who: &Principal<'_>, scope| who.post("/api/keys", json!({"name": "watcher", "scope": scope}));
    let key = |scope| text(&make(&root, scope).expect(200)["key"]);
    let narrow = key(json!({"@metrics": ["view"]}));
    let whole = key(json!(null));
    let other = key(json!({"*": ["list", "view", "create", "update", "delete"]}));
    let status = |token: &str| app.with_token(token).get("/metrics").status;
    assert_eq!([status(&narrow), status(&whole), status(&other)], [200, 200, 403]);
    app.guest().get("/metrics").expect(401);
    app.as_user("ada").get("/metrics").expect(403);
    // It opens nothing else.
    let watcher = app.with_token(&narrow);
    for (path, expect) in [
        ("/api/collections", 403),
        ("/api/logs", 403),
        ("/api/collections/articles/records", 403),
        ("/api/collections/vault/records", 403),
        ("/api/backups", 403),
        ("/api/crons", 403),
    ] {
        watcher.get(path).expect(expect);
    }
    watcher.post(&records("articles"), json!({"title": "no"})).expect(403);
    watcher.post("/api/keys", json!({"name": "more", "scope": null})).expect(403);
    let listed = root.get("/api/keys").expect(200);
    assert!(listed.to_string().contains("{\"@metrics\":[\"view\"]}"), "{listed}");
    // What it can't be, and for whom.
    make(&root, json!({"@metrics": ["list"]})).expect_codes(&["scope.@metrics validation_invalid_value"]);
    make(&root, json!({"@metrics": []})).expect_codes(&["scope.@metrics validation_required"]);
    make(&app.as_user("ada"), json!({"@metrics": ["view"]})).expect_codes(&["scope.@metrics validation_invalid_value"]);
}

#[test]
fn they_come_as_clients_read_them() {
    let app = TestApp::new();
    let ask = |accept: &str| -> Answer {
        let call = app.as_superuser().call(Method::Get, "/metrics");
        if accept.is_empty() { call.send() } else { call.header("Accept", accept).send() }
    };
    let plain = ask("");
    assert_eq!(plain.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(plain.text().contains("# TYPE holdall_store_commits_total counter\n"), "{}", plain.text());
    let open = ask("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5");
    let expect = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open.header("Content-Type"), Some(expect));
    assert!(open.text().contains("# TYPE holdall_store_commits counter\n") && open.text().ends_with("# EOF\n"));
    let head = app.as_superuser().call(Method::Head, "/metrics").send();
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn nothing_that_clients_send_becomes_a_figure() {
    let app = TestApp::new();
    for at in 0..50 {
        app.guest().get(&format!("/api/collections/mark{at}/records/mark{at}?mark{at}=mark{at}"));
        app.guest().get(&format!("/mark{at}"));
        app.guest().get(&format!("/static/mark{at}.css"));
        app.guest().post(&format!("/auth/mark{at}/sign-in"), json!({"mark": at}));
    }
    let text = app.as_superuser().get("/metrics").text();
    assert!(!text.contains("mark"), "{text}");
    let families = text.lines().filter(|line| line.starts_with("holdall_http_requests_total")).count();
    assert!(families < 12, "{text}");
}
