//! `/livez` and `/readyz`: what they say when all is well, and when it isn't.

use serde_json::json;

use crate::harness::TestApp;
use crate::logs::messages;

#[test]
fn a_server_that_is_well_says_so_to_everybody() {
    let app = TestApp::new();
    for who in [app.guest(), app.as_user("ada"), app.as_superuser(), app.with_token("nonsense")] {
        let live = who.get("/livez");
        assert_eq!((live.status, live.text().as_str()), (200, "ok\n"));
        let checks = json!({"database_read": "ok", "database_write": "ok", "disk": "ok", "shutdown": "ok"});
        assert_eq!(who.get("/readyz").expect(200), json!({"status": "ready", "checks": checks}));
    }
    assert_eq!(messages(&app), Vec::<String>::new(), "what comes every few seconds isn't logged");
}

#[test]
fn a_full_disk_is_told_and_only_superusers_learn_how_full() {
    let app = TestApp::configured(|config| config.disk_reserve_mb = u64::MAX >> 21, Vec::new());
    for (who, expect) in [(app.guest(), "not ok"), (app.as_user("ada"), "not ok"), (app.as_superuser(), "not ok: ")] {
        let answer = who.get("/readyz");
        assert_eq!(answer.status, 503, "{}", answer.text());
        let body = answer.json();
        assert_eq!((&body["status"], &body["checks"]["database_write"]), (&json!("not ready"), &json!("ok")));
        let disk = body["checks"]["disk"].as_str().expect("a text");
        assert!(disk.starts_with(expect) && (disk.contains("MB") == (expect != "not ok")), "{disk}");
        // It lives all the same: nothing would be better after a restart.
        assert_eq!(who.get("/livez").status, 200);
    }
    assert_eq!(messages(&app), Vec::<String>::new(), "and not when it fails");
}

#[test]
fn a_server_that_ends_is_not_ready() {
    let app = TestApp::new();
    app.guest().get("/readyz").expect(200);
    app.app().note_ending();
    let answer = app.guest().get("/readyz");
    assert_eq!((answer.status, &answer.json()["checks"]), (503, &json!({"shutdown": "not ok"})));
    app.guest().get("/api/health").expect(200);
}

#[test]
fn a_database_that_does_not_answer_is_told() {
    let app = TestApp::new();
    app.app().close();
    let answer = app.as_superuser().get("/readyz");
    let body = answer.json();
    let checks = json!({"database_read": "not ok", "database_write": "not ok", "disk": "ok", "shutdown": "ok"});
    assert_eq!((answer.status, &body["checks"]), (503, &checks), "nobody can be told from anybody else: {body}");
    assert_eq!(app.guest().get("/livez").status, 200);
}
