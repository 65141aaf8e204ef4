//! `holdall access report`: what it prints, its exit status, and that it changes nothing, beside a server too.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::server::{Ended, Server, claim, contents, open_collection, program, run};

fn report(data: &Path, flags: &[&str]) -> (i32, Ended) {
    let mut command = program(data);
    let ended = run(command.args(["access", "report"]).args(flags));
    (ended.status.code().expect("it ends by itself"), ended)
}

/// A folder with collections: `form` takes what guests send in, `public` is read by guests, `closed` is nobody's.
fn filled() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let fields = json!([{"name": "text", "type": "text"}]);
    let only = |name: &str, open: &[&str]| {
        let mut made = open_collection(name, fields.clone());
        for rule in ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"] {
            if !open.contains(&rule) {
                made[rule] = Json::Null;
            }
        }
        made
    };
    let all = json!([only("form", &["createRule"]), only("public", &["listRule", "viewRule"]), only("closed", &[])]);
    let file = folder.path().join("all.json");
    fs::write(&file, all.to_string()).expect("the folder is ours");
    super::server::holdall(&data, &["collections", "import", file.to_str().expect("UTF-8")]).ok();
    (folder, data)
}

#[test]
fn the_exit_status_says_whether_something_is_found_that_should_not_be() {
    let (_folder, data) = filled();
    let before = contents(&data);
    for (flags, status) in [
        (&[][..], 0),
        (&["--fail-on", "open-writes"], 2),
        (&["--fail-on", "open-writes", "--except", "form"], 0),
        (&["--fail-on", "open-writes", "--except", "FORM", "--fail-on", "open-reads"], 2),
        (&["--fail-on", "open-reads", "--except", "public"], 0),
        (&["--fail-on", "open-reads"], 2),
        // Everybody can sign up in `users`, which comes with every folder.
        (&["--fail-on", "any", "--except", "form", "--except", "public"], 2),
        (&["--fail-on", "any", "--except", "form", "--except", "public", "--except", "users"], 0),
        (&["--json", "--fail-on", "open-writes"], 2),
        // A mistake in the command line is told by clap.
        (&["--fail-on", "everything"], 2),
        (&["--except", "form"], 2),
    ] {
        let (found, ended) = report(&data, flags);
        assert_eq!(found, status, "{flags:?}: {}{}", ended.stdout, ended.stderr);
    }
    assert!(contents(&data) == before, "something was changed");
}

#[test]
fn it_is_a_table_with_findings_or_json() {
    let (_folder, data) = filled();
    let mut server = Server::start(&data);
    let (_, text) = report(&data, &[]);
    for line in [
        "Guests may",
        "medium  open-writes       Everybody can create records of form, without signing in.",
        "low     open-reads        Everybody can list and view records of public, without signing in.",
        "low     open-sign-up      Everybody can make an account in users.",
        "low     open-files        Whoever knows its address gets a file of users (avatar), also who may not view its record.",
        "Findings: 0 high, 1 medium, 3 low.",
    ] {
        assert!(text.stdout.contains(line), "{line:?} isn't in {}", text.stdout);
    }
    let cells = |name: &str| {
        let line = text.stdout.lines().find(|line| line.starts_with(&format!("{name} "))).expect("a line");
        line.split_whitespace().skip(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(cells("form"), ["closed", "closed", "open", "closed", "closed"]);
    assert_eq!(cells("public"), ["open", "open", "closed", "closed", "closed"]);
    assert!(!text.stdout.contains("_superusers"), "system collections that are closed aren't told");
    let (_, ended) = report(&data, &["--json"]);
    let body: Json = serde_json::from_str(&ended.stdout).expect("it is JSON");
    assert_eq!(body["summary"], json!({"high": 0, "medium": 1, "low": 3}));
    let system = body["collections"].as_array().expect("a list").iter().any(|one| one["name"] == "_superusers");
    assert!(system, "in JSON there are all collections");
    server.expect_alive();
}

#[test]
fn where_nothing_is_there_is_no_report() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let (status, ended) = report(&data, &["--fail-on", "any"]);
    assert_eq!(status, 1, "{}", ended.stdout);
    assert!(ended.stderr.starts_with("error: There is no database in "), "{}", ended.stderr);
    assert!(!data.exists(), "nothing is made");
}
