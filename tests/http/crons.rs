//! Jobs: who sees and starts them, and that the program's own do what they say.

use serde_json::{Value as Json, json};

use crate::harness::{TestApp, text};
use crate::logs::{ago, messages, write_past};

const OWN: [(&str, &str); 5] = [
    ("__pbDBOptimize__", "0 0 * * *"),
    ("__pbMFACleanup__", "0 * * * *"),
    ("__pbOTPCleanup__", "0 * * * *"),
    ("__pbLogsCleanup__", "0 */6 * * *"),
    ("__holdallCleanup__", "0 * * * *"),
];

/// A job that hasn't run yet.
fn idle(id: &str, expression: &str) -> Json {
    json!({"id": id, "expression": expression, "isRunning": false, "runs": []})
}

#[test]
fn superusers_see_all_jobs() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let expect: Vec<Json> = OWN.iter().map(|(id, expression)| idle(id, expression)).collect();
    assert_eq!(root.get("/api/crons").expect(200), Json::from(expect));
    assert!(root.get("/api/crons").text().starts_with("[{\"id\":\"__pbDBOptimize__\",\"expression\":"));
    let ids = root.get("/api/crons?fields=id").expect(200);
    assert_eq!(ids[4], json!({"id": "__holdallCleanup__"}));
}

#[test]
fn backups_are_made_by_a_job_if_somebody_says_when() {
    let app = TestApp::configured(|config| config.backup_cron = "30 2 * * 0".to_owned(), Vec::new());
    let root = app.as_superuser();
    assert_eq!(root.get("/api/crons").expect(200)[0], idle("__pbAutoBackup__", "30 2 * * 0"));
    app.wait(app.app().run_job("__pbAutoBackup__")).expect("the job works");
    let backups = root.get("/api/backups").expect(200);
    assert!(text(&backups[0]["key"]).starts_with("@auto_"), "{backups}");
    assert_eq!((&backups[0]["verified"], &backups[0]["error"]), (&json!(true), &json!("")));
}

#[test]
fn superusers_see_how_the_last_runs_went() {
    let mut app = TestApp::configured(|config| config.backup_cron = "30 2 * * 0".to_owned(), Vec::new());
    let runs = |app: &TestApp| app.as_superuser().get("/api/crons").expect(200)[0]["runs"].clone();
    app.wait(app.app().run_job("__pbAutoBackup__")).expect("the job works");
    assert_eq!(runs(&app)[0]["error"], "");
    assert!(runs(&app)[0]["duration"].is_u64() && text(&runs(&app)[0]["started"]).ends_with('Z'), "{}", runs(&app));
    let busy = app.data_dir().join("backups");
    std::fs::remove_dir_all(&busy).expect("a folder");
    std::fs::write(&busy, "no folder").expect("a file in its place");
    app.wait(app.app().run_job("__pbAutoBackup__")).expect_err("there is no folder to write to");
    assert!(!text(&runs(&app)[0]["error"]).is_empty(), "{}", runs(&app));
    assert_eq!(runs(&app)[1]["error"], "", "the newest comes first");
    app.stop();
}

#[test]
fn only_superusers_see_and_start_them() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let key = |scope: Json| text(&root.post("/api/keys", json!({"name": "k", "scope": scope})).expect(200)["key"]);
    let (whole, scoped) = (key(Json::Null), key(json!({"*": ["list", "view", "create", "update", "delete"]})));
    for (who, list, start) in [
        (app.guest(), 401, 401),
        (app.as_user("ada"), 403, 403),
        (app.with_token(&scoped), 403, 403),
        (app.with_token(&whole), 200, 204),
        (root.clone(), 200, 204),
    ] {
        who.get("/api/crons").expect(list);
        who.post("/api/crons/__pbOTPCleanup__", json!({})).expect(start);
        // Whoever may not start jobs doesn't learn which there are.
        who.post("/api/crons/unknown", json!({})).expect(if start == 204 { 404 } else { start });
    }
}

#[test]
fn every_job_works() {
    let app = TestApp::new();
    for (id, _) in OWN {
        app.wait(app.app().run_job(id)).unwrap_or_else(|error| panic!("{id}: {}", error.log_text()));
    }
    // Twice, because the first run of some makes tables.
    for (id, _) in OWN {
        app.wait(app.app().run_job(id)).unwrap_or_else(|error| panic!("{id}: {}", error.log_text()));
    }
    app.wait(app.app().run_job("unknown")).expect_err("there is no such job");
}

#[test]
fn a_job_that_is_started_runs_behind_the_answer() {
    let app = TestApp::new();
    let root = app.as_superuser();
    // So that the clean-up of the start is over.
    app.wait(app.app().run_job("__pbLogsCleanup__")).expect("the job works");
    write_past(app.data_dir(), &[(ago(5 * 24 + 1), 0, "too old")]);
    assert_eq!(messages(&app), ["too old"]);
    root.post("/api/crons/__pbLogsCleanup__", json!({})).expect(204);
    let clean = (0..1000).any(|_| messages(&app) == ["POST /api/crons/__pbLogsCleanup__"]);
    assert!(clean, "{:?}", messages(&app));
}
