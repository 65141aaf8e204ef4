//! Settings: who sees and changes them, what a change does at once, what is locked, and what lies on disk.

use std::path::Path;

use holdall::base::Secret;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::harness::{Principal, TestApp, text};

/// What stands in the database for the settings.
fn stored(folder: &Path) -> String {
    let bytes: Vec<u8> = ["data.db", "data.db-wal"]
        .iter()
        .flat_map(|name| std::fs::read(folder.join(name)).unwrap_or_default())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn change(who: &Principal<'_>, body: Json) -> Json {
    who.patch("/api/settings", body).expect(200)
}

/// The codes of a refused change, under their paths.
#[track_caller]
fn refused(who: &Principal<'_>, body: Json, path: &str) -> Json {
    let answer = who.patch("/api/settings", body).expect(400);
    answer["data"].pointer(path).unwrap_or_else(|| panic!("{path}: {answer}"))["code"].clone()
}

#[test]
fn only_superusers_see_and_change_them() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let key = |scope: Json| text(&root.post("/api/keys", json!({"name": "k", "scope": scope})).expect(200)["key"]);
    let (whole, scoped) = (key(Json::Null), key(json!({"*": ["list", "view", "create", "update", "delete"]})));
    // A key sees them, and changes nothing: it would get at mails and backups, which are closed to it.
    for (who, view, status) in [
        (app.guest(), 401, 401),
        (app.as_user("ada"), 403, 403),
        (app.with_token(&scoped), 403, 403),
        (app.with_token(&whole), 200, 403),
        (root.clone(), 200, 200),
    ] {
        who.get("/api/settings").expect(view);
        who.patch("/api/settings", json!({"meta": {"appName": format!("by {status}")}})).expect(status);
        let expect = if status == 200 { 400 } else { status };
        who.post("/api/settings/test/s3", json!({"filesystem": "storage"})).expect(expect);
        who.post("/api/settings/test/email", json!({})).expect(expect);
        let expect = if view == 200 { 400 } else { view };
        who.post("/api/settings/apple/generate-client-secret", json!({})).expect(expect);
    }
    assert_eq!(root.get("/api/settings").expect(200)["meta"]["appName"], "by 200");
}

#[test]
fn a_change_is_merged_and_stays() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let before = root.get("/api/settings").expect(200);
    let after = change(&root, json!({"meta": {"appName": "Shed"}, "unknown": 1, "logs": {"maxDays": 9}}));
    let mut expect = before;
    expect["meta"]["appName"] = json!("Shed");
    // Nobody has said what the sender is called, so that is the server's name.
    expect["meta"]["senderName"] = json!("Shed");
    expect["logs"]["maxDays"] = json!(9);
    assert_eq!(after, expect);
    assert_eq!(root.get("/api/settings?fields=meta.appName").expect(200), json!({"meta": {"appName": "Shed"}}));
    // Nothing, or the same again, changes nothing.
    assert_eq!(change(&root, json!({})), expect);
    assert_eq!(change(&root, expect.clone()), expect);
    app.while_stopped(|_| ());
    assert_eq!(app.as_superuser().get("/api/settings").expect(200), expect);
}

#[test]
fn secrets_are_kept_and_never_shown() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let after = change(
        &root,
        json!({
            "smtp": {"password": "hush-1"}, "s3": {"secret": "hush-2"}, "backups": {"s3": {"secret": "hush-3"}},
        }),
    );
    assert!(!after.to_string().contains("hush") && !after.to_string().contains("\"secret\""), "{after}");
    assert!(after["smtp"].get("password").is_none());
    let secrets = |app: &TestApp| {
        let model = app.app().settings();
        [model.smtp.password, model.s3.secret, model.backups.s3.secret]
            .map(|secret| secret.unwrap_or_default().expose().to_owned())
    };
    // Left out, they stay; an empty text clears.
    change(&root, json!({"smtp": {"username": "ada"}, "s3": {"secret": ""}}));
    assert_eq!(secrets(&app), ["hush-1", "", "hush-3"]);
    app.while_stopped(|_| ());
    assert_eq!(secrets(&app), ["hush-1", "", "hush-3"]);
    let log = app.as_superuser().get("/api/logs?perPage=200").expect(200).to_string();
    assert!(!log.contains("hush"), "{log}");
}

#[test]
fn what_isnt_right_is_said_all_at_once_and_nothing_changes() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let before = root.get("/api/settings").expect(200);
    let answer = root.patch(
        "/api/settings",
        json!({
            "meta": {"appName": "", "appURL": "ftp://x", "senderAddress": "a", "accentColor": "#12345g"},
            "backups": {"cron": "* * *", "cronMaxKeep": 0},
            "batch": {"enabled": true, "maxRequests": 0, "timeout": 601},
            "superuserIPs": ["10.0.0.0/8", "x"],
        }),
    );
    let data = answer.expect(400)["data"].clone();
    for (path, code) in [
        ("/meta/appName", "validation_required"),
        ("/meta/appURL", "validation_is_url"),
        ("/meta/senderAddress", "validation_is_email"),
        ("/meta/accentColor", "validation_is_hex_color"),
        ("/backups/cron", "validation_invalid_cron"),
        ("/backups/cronMaxKeep", "validation_required"),
        ("/batch/maxRequests", "validation_required"),
        ("/batch/timeout", "validation_max_less_equal_than_required"),
        ("/superuserIPs/1", "validation_invlaid_ip_or_subnet"),
    ] {
        assert_eq!(data.pointer(path).map(|error| &error["code"]), Some(&json!(code)), "{path}: {data}");
    }
    for body in [json!([]), json!({"meta": "x"}), json!({"meta": {"appName": 5}}), json!({"smtp": {"port": 2.5}})] {
        root.patch("/api/settings", body).expect(400);
    }
    assert_eq!(root.get("/api/settings").expect(200), before);
}

#[test]
fn what_the_configuration_allows_stands_in_nobodys_way() {
    // A bucket of Amazon's needs no endpoint in a file; here it would.
    let configure = |config: &mut holdall::settings::Config| {
        config.backup_s3_bucket = "b".to_owned();
        config.backup_s3_access_key = "a".to_owned();
        config.backup_s3_secret_key = Secret::new("s");
        config.accent_color = "teal".to_owned();
    };
    let app = TestApp::configured(configure, Vec::new());
    let root = app.as_superuser();
    change(&root, json!({}));
    change(&root, json!({"superuserIPs": ["127.0.0.0/8", "0.0.0.0/0"]}));
    change(&root, json!({"backups": {"cron": "0 3 * * *"}}));
    assert_eq!(refused(&root, json!({"meta": {"appName": "x"}}), "/meta/accentColor"), "validation_length_invalid");
}

#[test]
fn what_is_asked_for_is_what_is_in_force() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let s3 = json!({
        "enabled": true, "bucket": "b", "region": "r", "endpoint": "https://s3.example.com", "accessKey": "a",
        "secret": "s", "forcePathStyle": false,
    });
    assert_eq!(change(&root, json!({"backups": {"s3": s3}}))["backups"]["s3"]["forcePathStyle"], false);
    // Sent along as it was, the sender's name stays when the server's changes.
    let mut all = root.get("/api/settings").expect(200);
    all["meta"]["appName"] = json!("Other");
    let meta = change(&root, all)["meta"].clone();
    assert_eq!((&meta["appName"], &meta["senderName"]), (&json!("Other"), &json!("Holdall")));
}

#[test]
fn changes_are_in_force_at_once() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let item = json!({"method": "GET", "url": "/api/collections/open/records"});
    app.guest().post("/api/batch", json!({"requests": [item]})).expect(403);
    change(&root, json!({"batch": {"enabled": true, "maxRequests": 1}}));
    let answer = app.guest().post("/api/batch", json!({"requests": [item, item]})).expect(400);
    assert_eq!(answer["data"]["requests"]["code"], "validation_length_too_long");

    let scheduled = || {
        let jobs = root.get("/api/crons").expect(200);
        let mut jobs = jobs.as_array().expect("a list").iter();
        jobs.find(|job| job["id"] == "__pbAutoBackup__").map(|job| text(&job["expression"]))
    };
    assert_eq!(scheduled(), None);
    for cron in ["5 4 * * *", "6 4 * * *"] {
        change(&root, json!({"backups": {"cron": cron}}));
        assert_eq!(scheduled().as_deref(), Some(cron));
    }
    change(&root, json!({"backups": {"cron": ""}}));
    assert_eq!(scheduled(), None);

    change(&root, json!({"meta": {"appURL": "https://tools.example.com/"}}));
    assert_eq!(&*app.app().public_origin(), "https://tools.example.com");
    assert!(app.app().is_public_over_https());
}

#[test]
fn what_is_kept_in_the_log_follows_at_once() {
    let app = TestApp::new();
    let root = app.as_superuser();
    app.guest().get("/api/nothing-here").expect(404);
    let logged = || root.get("/api/logs?filter=message~'nothing'").expect(200)["totalItems"].clone();
    assert_eq!(logged(), 1);
    change(&root, json!({"logs": {"minLevel": 9}}));
    assert_eq!(logged(), 0, "what is of too low a level goes");
    app.guest().get("/api/nothing-here").expect(404);
    assert_eq!(logged(), 0, "and isn't kept any more");
    change(&root, json!({"logs": {"minLevel": 0, "maxDataSize": 60}}));
    app.guest().get("/api/nothing-here").expect(404);
    let entry = root.get("/api/logs?filter=message~'nothing'").expect(200)["items"][0].clone();
    assert!(entry["data"].to_string().len() <= 60 + "\"__pb_truncated__\":true,".len(), "{entry}");
    assert_eq!(entry["data"]["__pb_truncated__"], true);
    change(&root, json!({"logs": {"maxDays": 0}}));
    assert_eq!(root.get("/api/logs").expect(200)["totalItems"], 0);
}

#[test]
fn what_is_set_elsewhere_is_shown_as_locked() {
    let app = TestApp::configured(
        |config| {
            config.app_name = "Fixed".to_owned();
            config.smtp_host = "mail.example.com".to_owned();
            for key in ["app_name", "smtp_host"] {
                config.set_by.insert(key, "HOLDALL_X".to_owned());
            }
        },
        Vec::new(),
    );
    let root = app.as_superuser();
    let shown = root.get("/api/settings").expect(200);
    assert_eq!(
        shown["locked"],
        json!({
            "meta.appName": "HOLDALL_X", "smtp.enabled": "HOLDALL_X", "smtp.host": "HOLDALL_X",
        })
    );
    assert_eq!((&shown["meta"]["appName"], &shown["smtp"]["enabled"]), (&json!("Fixed"), &json!(true)));
    assert_eq!(refused(&root, json!({"meta": {"appName": "Other"}}), "/meta/appName"), "validation_locked_setting");
    assert_eq!(refused(&root, json!({"smtp": {"enabled": false}}), "/smtp/enabled"), "validation_locked_setting");
    // A client that sends everything back, with one thing changed, changes that.
    let mut all = shown;
    all["meta"]["senderName"] = json!("Ada");
    assert_eq!(change(&root, all.clone()), all);
}

fn password(app: &TestApp) -> String {
    app.app().settings().smtp.password.unwrap_or_default().expose().to_owned()
}

#[test]
fn with_a_key_the_row_is_encrypted() {
    let key = |text: &str| Secret::new(text.repeat(32));
    let mut app = TestApp::new();
    change(&app.as_superuser(), json!({"smtp": {"password": "hush-hush"}}));
    let folder = app.data_dir().to_owned();
    assert!(app.while_stopped(stored).contains("hush-hush"), "without a key it is in plain text");

    // At the next start with a key it is encrypted.
    app.restart(|config| config.encryption_key = key("a"));
    assert_eq!(password(&app), "hush-hush");
    change(&app.as_superuser(), json!({"smtp": {"username": "visible-name"}}));
    app.stop();
    assert!(!stored(&folder).contains("visible-name"), "nothing of it is in plain text");

    // Without the key, or with another one, the program says so and changes nothing.
    let opened = |configure: &dyn Fn(&mut holdall::settings::Config)| app.try_open(configure);
    assert!(opened(&|_| ()).is_some_and(|error| error.contains("encryption_key")));
    assert!(opened(&|config| config.encryption_key = key("b")).is_some_and(|error| error.contains("another")));
    app.restart(|config| (config.encryption_key, config.encryption_key_before) = (key("b"), key("a")));
    assert_eq!(app.app().settings().smtp.username, "visible-name");
    app.restart(|config| config.encryption_key = key("b"));
    assert_eq!(password(&app), "hush-hush");
}

#[test]
fn storage_and_mail_can_be_tried() {
    let app = TestApp::new();
    let root = app.as_superuser();
    for (body, path, code) in [
        (json!({}), "/filesystem", "validation_required"),
        (json!({"filesystem": "x"}), "/filesystem", "validation_in_invalid"),
    ] {
        let answer = root.post("/api/settings/test/s3", body).expect(400);
        assert_eq!(answer["data"].pointer(path).expect("an error")["code"], code);
    }
    for (body, path, code) in [
        (json!({"template": "otp"}), "/email", "validation_required"),
        (json!({"email": "x", "template": "y"}), "/email", "validation_is_email"),
        (json!({"email": "a@b.co", "template": "y"}), "/template", "validation_in_invalid"),
        (
            json!({"email": "a@b.co", "template": "otp", "collection": "open"}),
            "/collection",
            "validation_invalid_auth_collection",
        ),
    ] {
        let answer = root.post("/api/settings/test/email", body.clone()).expect(400);
        assert_eq!(answer["data"].pointer(path).expect("an error")["code"], code, "{body}: {answer}");
    }
    let answer = root.post("/api/settings/test/email", json!({"email": "a@b.co", "template": "otp"})).expect(400);
    assert!(text(&answer["message"]).contains("no mail server"), "{answer}");
}

#[test]
fn another_process_may_change_them() {
    let app = TestApp::new();
    let config = app.config();
    let other = holdall::app::App::open(&config).expect("opens beside the server");
    let patch = json!({"meta": {"appName": "From outside"}});
    app.wait(other.change_settings(patch.as_object().expect("an object"))).expect("is changed");
    other.close();
    app.wait(async {
        while app.app().settings().meta.app_name != "From outside" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn a_form_changes_settings_too() {
    let app = TestApp::new();
    let call = app.as_superuser().call(Method::Patch, "/api/settings");
    let body = "--b\r\nContent-Disposition: form-data; name=\"@jsonPayload\"\r\n\r\n\
                {\"meta\":{\"appName\":\"Form\"}}\r\n--b--\r\n";
    let answer = call.raw("multipart/form-data; boundary=b", body).send().expect(200);
    assert_eq!(answer["meta"]["appName"], "Form");
}
