//! The commands besides `serve`: their results, exit statuses and messages, alone and beside a running server.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::server::{EMAIL, PASSWORD, Server, claim, holdall, open_collection, program, run, run_with_input};

fn new_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    (folder, data)
}

#[test]
fn superusers_are_managed() {
    let (folder, data) = new_folder();
    let run = |arguments: &[&str]| holdall(&data, &[&["superuser"], arguments].concat());
    assert_eq!(run(&["list"]).ok(), "");
    assert!(run(&["create", EMAIL, PASSWORD]).ok().contains(EMAIL));
    assert!(run(&["create", EMAIL, PASSWORD]).failed().contains("email"));
    assert!(run(&["create", "no address", PASSWORD]).failed().contains("email"));
    assert!(run(&["create", "ada@example.com", "short"]).failed().contains("password"));
    assert!(run(&["create", "ada@example.com", ""]).failed().contains("password"));
    assert!(run(&["delete", EMAIL]).failed().contains("last"), "the last one stays");
    run(&["upsert", "ada@example.com", PASSWORD]).ok();
    run(&["upsert", "ada@example.com", "another password"]).ok();
    run(&["update", EMAIL, "yet another one"]).ok();
    assert!(run(&["update", "eve@example.com", PASSWORD]).failed().contains("eve@example.com"));
    assert!(run(&["delete", "eve@example.com"]).failed().contains("eve@example.com"));
    assert!(run(&["reset-factors", EMAIL]).ok().contains("had no second factors"));
    assert!(run(&["reset-factors", "eve@example.com"]).failed().contains("eve@example.com"));
    assert_eq!(run(&["list"]).ok(), format!("ada@example.com\n{EMAIL}\n"));

    let server = Server::start(&data);
    assert!(server.token("ada@example.com", "another password").is_some());
    assert!(server.token("ada@example.com", PASSWORD).is_none());
    assert!(server.token(EMAIL, "yet another one").is_some());
    server.kill();
    run(&["delete", EMAIL]).ok();
    assert_eq!(run(&["list"]).ok(), "ada@example.com\n");
    drop(folder);
}

#[test]
fn api_keys_are_managed() {
    let (_folder, data) = new_folder();
    holdall(&data, &["superuser", "create", EMAIL, PASSWORD]).ok();
    let run = |arguments: &[&str]| holdall(&data, &[&["key"], arguments].concat());
    assert_eq!(run(&["list"]).ok(), "");
    assert!(run(&["create", "eve@example.com", "x", "--all"]).failed().contains("eve@example.com"));
    assert!(run(&["create", EMAIL, "x", "--scope", "nothing=list"]).failed().contains("scope.nothing"));
    assert!(run(&["create", EMAIL, "x", "--scope", "users=read"]).failed().contains("scope.users"));
    assert!(run(&["create", EMAIL, "x", "--all", "--expires", "soon"]).failed().contains("expires"));
    let narrow = run(&["create", EMAIL, "Nightly export", "--scope", "users=list,view", "--scope", "*=list"]).ok();
    let wide = run(&["create", EMAIL, "Everything", "--all", "--expires", "2999-01-01T00:00:00Z"]).ok();
    let list = run(&["list"]).ok();
    assert!(list.contains("Nightly export") && list.contains("2999-01-01") && list.lines().count() == 2, "{list}");

    let server = Server::start(&data);
    let by_key = |key: &str| server.client().with_token(key.trim());
    by_key(&narrow).get("/api/collections/users/records").expect(200);
    by_key(&narrow).get("/api/collections").expect_envelope(403);
    by_key(&wide).get("/api/collections").expect(200);
    // Beside the running server, and seen at once.
    let id = wide.split('_').nth(1).expect("a key has an id");
    run(&["revoke", id]).ok();
    assert!(run(&["revoke", id]).failed().contains("no API key"));
    by_key(&wide).get("/api/collections").expect_envelope(401);
}

#[test]
fn passwords_come_from_standard_input_or_the_configuration() {
    let (folder, data) = new_folder();
    let create = |email: &str| {
        let mut command = program(&data);
        command.args(["superuser", "create", email]);
        command
    };
    run_with_input(create("a@example.com").arg("-"), "from the pipe\n").ok();
    run_with_input(&mut create("b@example.com"), "from the pipe, too").ok();
    let file = folder.path().join("secret");
    fs::write(&file, "from a file\n").expect("the folder is ours");
    run(create("c@example.com").env("HOLDALL_SUPERUSER_PASSWORD_FILE", &file)).ok();
    assert!(run(&mut create("d@example.com")).failed().contains("password"));
    let server = Server::start(&data);
    for (email, password) in
        [("a@example.com", "from the pipe"), ("b@example.com", "from the pipe, too"), ("c@example.com", "from a file")]
    {
        assert!(server.token(email, password).is_some(), "{email}");
    }
}

#[test]
fn what_commands_do_beside_a_running_server_is_seen_at_once() {
    let (folder, data) = new_folder();
    let mut server = Server::start(&data);
    claim(&data);
    let token = server.token(EMAIL, PASSWORD).expect("a superuser made by a command can sign in");
    let mut root = server.client().with_token(&token);
    root.get("/api/collections").expect(200);

    let definitions = folder.path().join("notes.json");
    let notes = json!([open_collection("notes", json!([{"name": "text", "type": "text"}]))]);
    fs::write(&definitions, notes.to_string()).expect("the folder is ours");
    holdall(&data, &["collections", "import", definitions.to_str().expect("UTF-8")]).ok();
    let mut client = server.client();
    // The server looks for changes of others four times a second.
    let mut tries = 0;
    while client.get("/api/collections/notes/records").status != 200 {
        tries += 1;
        assert!(tries < 200_000, "the server never sees the new collection");
    }
    client.post("/api/collections/notes/records", &json!({"text": "a"})).expect(200);
    root.get("/api/collections/notes").expect(200);

    // A new password ends the tokens of the old one.
    holdall(&data, &["superuser", "update", EMAIL, "another password"]).ok();
    root.get("/api/collections").expect_envelope(401);
    assert!(server.token(EMAIL, "another password").is_some());
    server.expect_alive();
}

/// The definition of a collection without what is made anew by every import.
fn lasting(list: &[Json], name: &str) -> Json {
    let mut found = list.iter().find(|collection| collection["name"] == name).expect("it is there").clone();
    for time in ["created", "updated"] {
        found.as_object_mut().expect("an object").remove(time);
    }
    // The fields of a view follow from its query.
    if found["type"] == "view" {
        let fields = found["fields"].as_array_mut().expect("a list");
        fields.iter_mut().for_each(|field| field["id"] = Json::Null);
    }
    found
}

#[test]
fn collections_are_exported_and_imported() {
    let (folder, data) = new_folder();
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let fields = json!([
        {"name": "text", "type": "text", "max": 50, "required": true},
        {"name": "author", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1},
    ]);
    let mut notes = open_collection("notes", fields);
    notes["indexes"] = json!(["CREATE INDEX `idx_notes_text` ON `notes` (`text`)"]);
    let view = json!({"name": "seen", "type": "view", "viewQuery": "SELECT id, text FROM notes", "listRule": ""});
    fs::write(path("made.json"), json!([notes, view]).to_string()).expect("the folder is ours");
    holdall(&data, &["collections", "import", &path("made.json")]).ok();
    assert_eq!(holdall(&data, &["collections", "export", &path("first.json")]).ok(), "");
    let first = fs::read_to_string(path("first.json")).expect("it was written");
    assert_eq!(holdall(&data, &["collections", "export", "-"]).ok(), first);
    let exported: Vec<Json> = serde_json::from_str(&first).expect("it is JSON");
    assert!(exported.iter().any(|collection| collection["name"] == "notes"));
    assert!(!first.contains("\"secret\""), "secrets of tokens don't belong in a file: {first}");

    // Into another server, and back out: the same.
    let other = folder.path().join("other");
    run_with_input(program(&other).args(["collections", "import", "-"]), &first).ok();
    let again: Vec<Json> =
        serde_json::from_str(&holdall(&other, &["collections", "export", "-"]).ok()).expect("it is JSON");
    for name in ["notes", "seen", "users"] {
        assert_eq!(lasting(&again, name), lasting(&exported, name));
    }
    // Importing the same once more changes nothing, and `--delete-missing` deletes what isn't in the file.
    holdall(&data, &["collections", "import", &path("first.json")]).ok();
    let again: Vec<Json> =
        serde_json::from_str(&holdall(&data, &["collections", "export", "-"]).ok()).expect("it is JSON");
    assert_eq!(again.len(), exported.len());
    for name in ["notes", "seen", "users"] {
        assert_eq!(lasting(&again, name), lasting(&exported, name));
    }
    let without: Vec<&Json> = exported.iter().filter(|collection| collection["name"] != "seen").collect();
    fs::write(path("made.json"), json!(without).to_string()).expect("the folder is ours");
    holdall(&data, &["collections", "import", &path("made.json")]).ok();
    assert!(holdall(&data, &["collections", "export", "-"]).ok().contains("\"seen\""));
    holdall(&data, &["collections", "import", "--delete-missing", &path("made.json")]).ok();
    assert!(!holdall(&data, &["collections", "export", "-"]).ok().contains("\"seen\""));
}

#[test]
fn imports_that_cannot_be_are_refused_wholly() {
    let (folder, data) = new_folder();
    claim(&data);
    let before = holdall(&data, &["collections", "export", "-"]).ok();
    let file = folder.path().join("bad.json");
    let name = file.to_str().expect("UTF-8");
    let good = open_collection("good", json!([{"name": "text", "type": "text"}]));
    let bad = open_collection("bad", json!([{"name": "text", "type": "no such type"}]));
    for text in
        ["", "{", "7", "[7]", "\u{0}", &json!([good, bad]).to_string(), &json!([good, {"name": "a b"}]).to_string()]
    {
        fs::write(&file, text).expect("the folder is ours");
        holdall(&data, &["collections", "import", name]).failed();
    }
    fs::write(&file, [0xff, 0xfe]).expect("the folder is ours");
    assert!(holdall(&data, &["collections", "import", name]).failed().contains("bad.json"));
    assert!(holdall(&data, &["collections", "import", "missing.json"]).failed().contains("missing.json"));
    assert!(holdall(&data, &["collections", "export", "no/such/folder.json"]).failed().contains("no/such"));
    assert_eq!(holdall(&data, &["collections", "export", "-"]).ok(), before);
}

#[test]
fn the_configuration_is_shown_and_checked() {
    let (folder, data) = new_folder();
    let file = folder.path().join("Rocket.toml");
    fs::write(&file, "[holdall]\nreaders = 7\nsuperuser_password = \"a secret\"\n").expect("the folder is ours");
    assert!(holdall(&data, &["config", "check"]).ok().contains("valid"));
    let mut command = program(&data);
    command.args(["config", "show"]).env("HOLDALL_WAIT_TIMEOUT_MS", "77");
    let shown = run(&mut command).ok();
    let row = |key: &str| {
        let line = shown.lines().find(|line| line.split_whitespace().next() == Some(key)).expect("every key is there");
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("readers"), ["7", file.to_str().expect("UTF-8")]);
    assert_eq!(row("wait_timeout_ms"), ["77", "HOLDALL_WAIT_TIMEOUT_MS"]);
    assert_eq!(row("queue_length").last().map(String::as_str), Some("default"));
    assert!(!shown.contains("a secret") && row("superuser_password")[0].starts_with("***"), "{shown}");
    assert!(!data.exists(), "looking at the configuration makes no data folder");

    let elsewhere = folder.path().join("other.toml");
    for (text, variable, parts) in [
        ("[holdall]\nreeders = 7\n", None, ["reeders", "readers"].as_slice()),
        ("[holdall]\nreaders = \"many\"\n", None, &["readers", "number"]),
        ("[holdal]\n", None, &["holdal", "holdall"]),
        ("[default]\nprot = 1\n", None, &["prot", "port"]),
        ("[default\n", None, &["TOML"]),
        ("", Some(("HOLDALL_READRES", "1")), &["HOLDALL_READRES", "HOLDALL_READERS"]),
        ("", Some(("ROCKET_PROT", "1")), &["ROCKET_PROT", "ROCKET_PORT"]),
    ] {
        fs::write(&elsewhere, text).expect("the folder is ours");
        for arguments in [["config", "check"].as_slice(), &["config", "show"], &["superuser", "list"], &["serve"]] {
            let mut command = program(&data);
            command.args(arguments).arg("--config").arg(&elsewhere).envs(variable);
            let message = run(&mut command).failed();
            for part in parts {
                assert!(message.contains(part), "{part} is missing: {message}");
            }
        }
    }
    assert!(!data.exists());
    assert!(holdall(&data, &["config", "check", "--config", "missing.toml"]).failed().contains("missing.toml"));
}

#[test]
fn what_is_said_of_mail_and_jobs_is_checked_before_anything_is_made() {
    let (folder, data) = new_folder();
    let no_certificate = folder.path().join("ca.pem");
    fs::write(&no_certificate, "nothing").expect("the folder is ours");
    let theme = folder.path().join("theme");
    fs::create_dir_all(theme.join("mail")).expect("the folder is ours");
    fs::write(theme.join("mail/layout.html"), "{% if").expect("the folder is ours");
    let text = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();
    for (variables, part) in [
        ([("HOLDALL_BACKUP_CRON", "at noon".to_owned()), ("HOLDALL_BACKUP_KEEP", "2".to_owned())], "backup_cron"),
        (
            [("HOLDALL_SMTP_HOST", "x".to_owned()), ("HOLDALL_MAIL_FROM_ADDRESS", "nope".to_owned())],
            "mail_from_address",
        ),
        ([("HOLDALL_SMTP_HOST", "x".to_owned()), ("HOLDALL_SMTP_CA_FILE", text(&no_certificate))], "smtp_ca_file"),
        ([("HOLDALL_SMTP_HOST", "x".to_owned()), ("HOLDALL_SMTP_CA_FILE", text(&data))], "smtp_ca_file"),
        ([("HOLDALL_APP_NAME", "x".to_owned()), ("HOLDALL_THEME_DIR", text(&theme))], "layout.html"),
    ] {
        for arguments in [["config", "check"].as_slice(), &["superuser", "list"], &["serve"]] {
            let message = run(program(&data).args(arguments).envs(variables.clone())).failed();
            assert!(message.contains(part), "{part} is missing: {message}");
        }
    }
    assert!(!data.exists());
    // No connection is made, so the server needn't be there.
    let mut command = program(&data);
    command
        .args(["superuser", "create", "ada@example.com", "correct horse"])
        .env("HOLDALL_SMTP_HOST", "missing.example");
    run(&mut command).ok();
}

#[test]
fn what_the_command_line_does_not_know_is_an_error() {
    let (_folder, data) = new_folder();
    for arguments in [
        ["--htpp", "127.0.0.1:0"].as_slice(),
        &["serve", "--http", "nowhere"],
        &["serve", "extra"],
        &["srve"],
        &["superuser"],
        &["superuser", "create"],
        &["superuser", "remove", EMAIL],
        &["collections", "export"],
        &["--demo", "version"],
        &["config"],
    ] {
        holdall(&data, arguments).failed();
    }
    assert!(
        holdall(&data, &["serve", "--htpp", "127.0.0.1:0"]).failed().contains("--http"),
        "it names the nearest flag"
    );
    assert!(!data.exists(), "nothing was made");
}

#[test]
fn help_and_version_succeed() {
    let (_folder, data) = new_folder();
    assert_eq!(holdall(&data, &["version"]).ok(), format!("holdall {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(holdall(&data, &["--version"]).ok(), format!("holdall {}\n", env!("CARGO_PKG_VERSION")));
    for arguments in [
        [].as_slice(),
        &["serve"],
        &["superuser"],
        &["superuser", "create"],
        &["superuser", "upsert"],
        &["superuser", "update"],
        &["superuser", "delete"],
        &["superuser", "reset-factors"],
        &["superuser", "list"],
        &["collections"],
        &["collections", "export"],
        &["collections", "import"],
        &["config"],
        &["config", "check"],
        &["config", "show"],
        &["version"],
    ] {
        let help = holdall(&data, &[arguments, &["--help"]].concat()).ok();
        assert!(help.contains("Example") && help.contains("holdall"), "{arguments:?}: {help}");
    }
    assert!(!data.exists(), "nothing was made");
}
