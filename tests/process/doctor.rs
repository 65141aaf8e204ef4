//! `holdall doctor`: what it finds, its exit status, and that it changes nothing, with a server and without.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value as Json, json};

use super::server::{EMAIL, Ended, Server, claim, contents, holdall, open_collection, program, run};
use super::shipping::{shipped, wait_until_good};

/// What the doctor finds with these variables, and its exit status.
fn doctor(data: &Path, change: impl FnOnce(&mut Command)) -> (i32, Json) {
    let mut command = program(data);
    command.args(["doctor", "--json"]);
    change(&mut command);
    let Ended { status, stdout, stderr } = run(&mut command);
    let body = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
    (status.code().expect("it ends by itself"), body)
}

/// The findings of one check, as `grade: message`.
fn found(body: &Json, check: &str) -> Vec<String> {
    let findings = body["findings"].as_array().expect("a list").iter().filter(|finding| finding["check"] == check);
    let text = |finding: &Json, name: &str| finding[name].as_str().expect("a text").to_owned();
    findings.map(|finding| format!("{}: {}", text(finding, "grade"), text(finding, "message"))).collect()
}

#[track_caller]
fn expect(body: &Json, check: &str, grade: &str, part: &str) {
    let found = found(body, check);
    let fits = |finding: &String| finding.starts_with(&format!("{grade}: ")) && finding.contains(part);
    assert!(found.iter().any(fits), "{grade} {part:?} isn't in {found:#?}");
}

fn new_folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    (folder, data)
}

#[test]
fn where_nothing_is_nothing_is_made() {
    let (folder, data) = new_folder();
    let (status, body) = doctor(&data, |_| {});
    assert_eq!(status, 0, "{body}");
    expect(&body, "folder", "note", "There is no data folder");
    expect(&body, "configuration", "ok", "can be used");
    expect(&body, "database", "ok", "SQLite 3.");
    assert!(found(&body, "backups").is_empty() && found(&body, "access").is_empty(), "{body}");
    assert!(contents(folder.path()).is_empty() && !data.exists());
}

#[test]
fn what_should_be_changed_is_told_with_what_to_do_and_nothing_is_changed() {
    let (folder, data) = new_folder();
    claim(&data);
    let notes = folder.path().join("notes.json");
    let fields = json!([{"name": "text", "type": "text"}]);
    let mut guarded = open_collection("guarded", fields.clone());
    for rule in ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"] {
        guarded[rule] = json!("@request.auth.id != ''");
    }
    let mut public = open_collection("public", fields.clone());
    for rule in ["createRule", "updateRule", "deleteRule"] {
        public[rule] = Json::Null;
    }
    let all = json!([open_collection("notes", fields), guarded, public]);
    fs::write(&notes, all.to_string()).expect("the folder is ours");
    holdall(&data, &["collections", "import", notes.to_str().expect("UTF-8")]).ok();
    let before = contents(&data);
    let (status, body) = doctor(&data, |_| {});
    assert_eq!((status, &body["status"]), (1, &json!("warning")), "{body}");
    expect(&body, "access", "warning", "Everybody can create, update and delete records of notes");
    expect(&body, "access", "note", "Everybody can list and view records of notes");
    expect(&body, "access", "note", "Everybody can list and view records of public");
    expect(&body, "access", "note", "Everybody can make an account in users");
    assert!(!body.to_string().contains("guarded"), "{body}");
    expect(&body, "superusers", "warning", &format!("A password is all that it takes to be {EMAIL}"));
    expect(&body, "backups", "warning", "There is no backup.");
    expect(&body, "backups", "warning", "aren't made by themselves");
    expect(&body, "mails", "warning", "users get no mail");
    expect(&body, "database", "ok", "data.db is whole");
    expect(&body, "folder", "ok", "Only its owner");
    expect(&body, "clock", "ok", "nothing is dated later");
    expect(&body, "leftovers", "ok", "Nothing was left behind");
    assert!(contents(&data) == before, "something was changed");

    // As text, and only what counts.
    let text = holdall(&data, &["doctor"]).stdout;
    assert!(text.contains("warning  backups") && text.contains("-> Run `holdall backup create`."), "{text}");
    assert!(text.contains("\nProblems: 0, warnings: "), "{text}");
    let quiet = holdall(&data, &["doctor", "--quiet"]).stdout;
    assert!(!quiet.contains("ok  ") && !quiet.contains("note  ") && quiet.contains("warning  "), "{quiet}");
}

#[test]
fn it_looks_beside_a_running_server_too() {
    let (_folder, data) = new_folder();
    claim(&data);
    let mut server = Server::start(&data);
    server.client().get("/api/health").expect(200);
    let (status, body) = doctor(&data, |_| {});
    assert_eq!(status, 1, "{body}");
    expect(&body, "database", "ok", "data.db is whole");
    expect(&body, "database", "ok", "logs.db is whole");
    server.client().get("/api/health").expect(200);
    server.expect_alive();
    // After a kill, the write-ahead log stays what it was.
    server.kill();
    let log = fs::read(data.join("data.db-wal")).expect("a killed server leaves its log");
    let (_, body) = doctor(&data, |_| {});
    expect(&body, "database", "ok", "data.db is whole");
    assert!(fs::read(data.join("data.db-wal")).expect("it is still there") == log);
}

#[test]
fn a_server_that_is_looked_after_has_nothing_to_do() {
    let (_folder, data) = new_folder();
    claim(&data);
    holdall(&data, &["backup", "create"]).ok();
    let (status, body) = doctor(&data, |command| {
        command.env("HOLDALL_BACKUP_CRON", "0 3 * * *").env("HOLDALL_SUPERUSER_SECOND_FACTOR", "required");
        command.env("HOLDALL_SMTP_HOST", "127.0.0.1").env("HOLDALL_MAIL_FROM_ADDRESS", "a@example.com");
        command.env("HOLDALL_PUBLIC_URL", "https://example.com");
    });
    assert_eq!(status, 0, "{body:#}");
    expect(&body, "backups", "ok", "known to be good");
    expect(&body, "backups", "note", "same disk");
    expect(&body, "superusers", "note", "when they sign in next");
}

#[test]
fn continuous_backup_is_looked_at_where_it_goes() {
    let (folder, data) = new_folder();
    let target = folder.path().join("elsewhere");
    let look = |data: &Path| {
        let (_, body) = doctor(data, |command| {
            command.env("HOLDALL_SHIP_TO", &target);
        });
        body
    };
    assert!(found(&look(&data), "shipping").is_empty(), "there is nothing to ship yet");
    claim(&data);
    expect(&look(&data), "shipping", "problem", "There is no folder");
    assert!(!target.exists(), "looking made it");
    fs::create_dir(&target).expect("the folder is ours");
    expect(&look(&data), "shipping", "warning", "Nothing that could be restored");

    let server = shipped(&data, &target);
    wait_until_good(&target, 1);
    let before = contents(&target);
    expect(&look(&data), "shipping", "ok", "Changes up to");
    assert!(contents(&target) == before, "something was changed");
    server.terminate();
    let (_, body) = doctor(&data, |_| {});
    assert!(found(&body, "shipping").is_empty(), "nobody wants it: {body}");

    let (status, body) = doctor(&data, |command| {
        command.env("HOLDALL_SHIP_TO", "s3://nobody/there").env("HOLDALL_SHIP_S3_ENDPOINT", "http://127.0.0.1:1");
        command.env("HOLDALL_SHIP_S3_ACCESS_KEY", "key").env("HOLDALL_SHIP_S3_SECRET_KEY", "a secret");
        command.env("HOLDALL_BACKUP_S3_BUCKET", "nobody").env("HOLDALL_BACKUP_S3_ENDPOINT", "http://127.0.0.1:1");
        command.env("HOLDALL_BACKUP_S3_ACCESS_KEY", "key").env("HOLDALL_BACKUP_S3_SECRET_KEY", "a secret");
    });
    assert_eq!(status, 2);
    expect(&body, "shipping", "problem", "It can't be seen what was shipped");
    expect(&body, "backups", "problem", "can't be listed");
    assert!(!body.to_string().contains("a secret"), "{body}");
}

#[test]
fn what_must_be_changed_is_a_problem() {
    let (folder, data) = new_folder();
    claim(&data);
    let (status, body) = doctor(&data, |command| {
        command.env("HOLDALL_READERS", "many");
    });
    assert_eq!(status, 2);
    expect(&body, "configuration", "problem", "HOLDALL_READERS must be a whole number");
    let (status, body) = doctor(&data, |command| {
        command.env("HOLDALL_BACKUP_CRON", "every day");
    });
    assert_eq!(status, 2);
    expect(&body, "configuration", "problem", "backup_cron");
    let (status, body) = doctor(&data, |command| {
        command.env("HOLDALL_DISK_RESERVE_MB", "1000000");
    });
    assert_eq!(status, 2);
    expect(&body, "disk", "problem", "MB are left");
    let (status, body) = doctor(&data, |command| {
        command.env("HOLDALL_HTTP", "0.0.0.0:8090").env("HOLDALL_LOG_LEVEL", "debug");
    });
    assert_eq!(status, 1);
    expect(&body, "settings", "warning", "doesn't know its own address");
    expect(&body, "log", "warning", "slow");

    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the folder is ours");
    };
    mode(&data, 0o755);
    mode(&data.join("data.db"), 0o644);
    let (status, body) = doctor(&data, |_| {});
    assert_eq!(status, 2);
    expect(&body, "folder", "problem", "read data.db");
    mode(&data, 0o700);
    let secrets = folder.path().join("Rocket.toml");
    fs::write(&secrets, "[holdall]\nsmtp_password = 'a secret'\n").expect("the folder is ours");
    mode(&secrets, 0o644);
    let (_, body) = doctor(&data, |_| {});
    expect(&body, "folder", "warning", "has secrets in it");
    assert!(!body.to_string().contains("a secret"), "{body}");
    mode(&secrets, 0o600);
    let (_, body) = doctor(&data, |_| {});
    expect(&body, "folder", "ok", "Only its owner");

    let later = SystemTime::now() + Duration::from_secs(3600);
    let file = File::options().append(true).open(data.join("data.db")).expect("it is there");
    file.set_modified(later).expect("the file is ours");
    let (status, body) = doctor(&data, |_| {});
    assert_eq!(status, 2);
    expect(&body, "clock", "problem", "was written at");
    file.set_modified(SystemTime::now()).expect("the file is ours");

    // In the middle of the file, so that it opens all the same.
    let mut bytes = fs::read(data.join("data.db")).expect("it is there");
    let middle = bytes.len() / 2;
    let end = bytes.len() - 1024;
    bytes[middle..end].fill(0xa5);
    fs::write(data.join("data.db"), bytes).expect("the file is ours");
    let (status, body) = doctor(&data, |_| {});
    assert_eq!((status, &body["status"]), (2, &json!("problem")));
    assert!(found(&body, "database").iter().any(|finding| finding.starts_with("problem: ")), "{body}");
}
