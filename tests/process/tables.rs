//! Tables of records in and out: `holdall import csv|json` and `holdall export`, alone and beside a running server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::server::{Ended, Server, claim, contents, holdall, open_collection, program, run, run_with_input};

/// A data folder with a superuser and the collection `people`, and the folder that it lies in.
struct Place {
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        claim(&data);
        let mut people = open_collection(
            "people",
            json!([
                {"name": "email", "type": "email", "required": true}, {"name": "name", "type": "text", "default": "nobody"},
                {"name": "age", "type": "number", "min": 0}, {"name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2},
                {"name": "more", "type": "json"}, {"name": "born", "type": "date", "nullable": true},
                {"name": "created", "type": "autodate", "onCreate": true},
            ]),
        );
        people["indexes"] = json!(["CREATE UNIQUE INDEX people_email ON people (email)"]);
        let file = folder.path().join("collections.json");
        fs::write(&file, json!([people]).to_string()).expect("it can be written");
        holdall(&data, &["collections", "import", &file.display().to_string()]).ok();
        Place { folder, data }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).expect("it can be written");
        self.path(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it is there")
    }

    fn import(&self, kind: &str, file: &str, more: &[&str]) -> Ended {
        holdall(&self.data, &[&["import", kind, file, "--collection", "people"], more].concat())
    }

    /// The people by their addresses, as the server has them.
    fn people(&self) -> BTreeMap<String, Json> {
        let text = holdall(&self.data, &["export", "-", "--collection", "people", "--format", "json"]).ok();
        let person = |line: &str| serde_json::from_str::<Json>(line).expect("every line is JSON");
        text.lines().map(person).map(|one| (one["email"].as_str().expect("a text").to_owned(), one)).collect()
    }
}

const PEOPLE: &str = "email,name,age,tags,more,born\n\
    ada@example.com,\"Ada, the first\",36,\"[\"\"a\"\",\"\"b\"\"]\",\"{\"\"x\"\": 1}\",1815-12-10\n\
    bob@example.com,,,,,\n";

#[test]
fn rows_become_records_and_come_back_the_same() {
    let place = Place::new();
    let file = place.write("people.csv", PEOPLE);
    assert_eq!(place.import("csv", &file, &[]).ok(), "2 created, 0 changed, 0 not acceptable.\n");
    let people = place.people();
    let (ada, bob) = (&people["ada@example.com"], &people["bob@example.com"]);
    assert_eq!((&ada["name"], &ada["age"], &ada["tags"]), (&json!("Ada, the first"), &json!(36), &json!(["a", "b"])));
    assert_eq!((&ada["more"], &ada["born"]), (&json!({"x": 1}), &json!("1815-12-10 00:00:00.000Z")));
    assert_eq!((&bob["name"], &bob["age"], &bob["born"]), (&json!("nobody"), &json!(0), &Json::Null), "the defaults");
    let forms = [("csv", "out.csv"), ("json", "out.jsonl")];
    for (_, name) in forms {
        let to = place.path(name).display().to_string();
        holdall(&place.data, &["export", &to, "--collection", "people"]).ok();
        assert!(holdall(&place.data, &["export", &to, "--collection", "people"]).failed().contains("there already"));
    }
    assert!(
        place.read("out.csv").starts_with("id,email,name,age,tags,more,born,created\n"),
        "{}",
        place.read("out.csv")
    );
    for (kind, name) in forms {
        let other = Place::new();
        let file = other.write(name, &place.read(name));
        assert_eq!(other.import(kind, &file, &[]).ok(), "2 created, 0 changed, 0 not acceptable.\n");
        let without_dates = |mut people: BTreeMap<String, Json>| {
            people.values_mut().for_each(|one| drop(one.as_object_mut().expect("an object").remove("created")));
            people
        };
        assert_eq!(without_dates(other.people()), without_dates(place.people()), "{kind}");
    }
}

#[test]
fn rows_that_are_not_acceptable_are_written_down_and_the_others_go_in() {
    let place = Place::new();
    let file = place.write(
        "people.csv",
        "email,age\nada@example.com,1\nno address,2\nbob@example.com,-5\nada@example.com,3\neve@example.com,many\nsue@example.com,4\n",
    );
    let rejected = place.path("rejected.csv").display().to_string();
    let ended = place.import("csv", &file, &["--errors", &rejected]);
    assert!(!ended.status.success());
    assert_eq!(ended.stdout, "2 created, 0 changed, 4 not acceptable.\n");
    for line in ["line 3: email", "line 4: age", "line 5: email", "line 6: age: \"many\" isn't a number"] {
        assert!(ended.stderr.contains(line), "{line} in {}", ended.stderr);
    }
    let lines: Vec<String> = place.read("rejected.csv").lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "email,age,line,error");
    assert!(lines[1].starts_with("no address,2,3,") && lines[4].starts_with("eve@example.com,many,6,"), "{lines:?}");
    assert_eq!(place.people().into_keys().collect::<Vec<_>>(), ["ada@example.com", "sue@example.com"]);
    // Put right, the rejected rows go in by themselves; what is there isn't written over.
    assert!(place.import("csv", &file, &["--errors", &rejected]).failed().contains("can't be made"));
    let file =
        place.write("people.jsonl", "{\"email\":\"x\"}\n{broken\n{\"nope\":1}\n{\"email\":\"zoe@example.com\"}\n");
    let rejected = place.path("rejected.jsonl").display().to_string();
    let ended = place.import("json", &file, &["--errors", &rejected]);
    assert_eq!(ended.stdout, "1 created, 0 changed, 3 not acceptable.\n");
    let lines: Vec<Json> =
        place.read("rejected.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let about: Vec<_> = lines.iter().map(|line| (line["line"].clone(), line["row"].clone())).collect();
    let expect = [(json!(1), json!({"email": "x"})), (json!(2), json!("{broken")), (json!(3), json!({"nope": 1}))];
    assert_eq!(about, expect);
}

#[test]
fn a_dry_run_tells_everything_and_changes_nothing() {
    let place = Place::new();
    let first = place.write("first.csv", "email\nada@example.com\n");
    place.import("csv", &first, &[]).ok();
    let before = place.people();
    let folder = contents(&place.data.join("storage"));
    // The second bob is found only by whoever really writes the first one.
    let file = place.write("people.csv", "email\nbob@example.com\nbob@example.com\nada@example.com\n");
    let ended = place.import("csv", &file, &["--dry-run"]);
    assert_eq!(ended.stdout, "Dry run, nothing was changed: 1 created, 0 changed, 2 not acceptable.\n");
    assert!(ended.stderr.contains("line 3: email") && ended.stderr.contains("line 4: email"), "{}", ended.stderr);
    assert_eq!(place.people(), before);
    assert_eq!(contents(&place.data.join("storage")), folder);
    let left: Vec<_> = contents(&place.data).into_keys().filter(|name| name.starts_with(".trial")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_upsert_changes_what_is_there_and_creates_the_rest() {
    let place = Place::new();
    place.import("csv", &place.write("people.csv", PEOPLE), &[]).ok();
    let id = place.people()["ada@example.com"]["id"].clone();
    let file = place.write("changes.csv", "email,name,born\nada@example.com,Ada L.,\neve@example.com,Eve,\n");
    assert_eq!(place.import("csv", &file, &["--upsert", "email"]).ok(), "1 created, 1 changed, 0 not acceptable.\n");
    let people = place.people();
    let ada = &people["ada@example.com"];
    assert_eq!((&ada["id"], &ada["name"], &ada["born"], &ada["age"]), (&id, &json!("Ada L."), &Json::Null, &json!(36)));
    let file = place.write("by_id.json", &json!([{"id": id, "tags+": "b", "tags-": "a"}]).to_string());
    assert_eq!(place.import("json", &file, &["--upsert", "id"]).ok(), "0 created, 1 changed, 0 not acceptable.\n");
    assert_eq!(place.people()["ada@example.com"]["tags"], json!(["b"]));
    // A row that somebody has added to what was exported.
    let more = format!("id,email,name\n{},ada@example.com,Ada\n,dora@example.com,Dora\n", id.as_str().expect("a text"));
    let file = place.write("more.csv", &more);
    assert_eq!(place.import("csv", &file, &["--upsert", "id"]).ok(), "1 created, 1 changed, 0 not acceptable.\n");
    assert_eq!(place.people()["dora@example.com"]["name"], "Dora");
    assert!(place.import("csv", &file, &["--upsert", "name"]).failed().contains("no unique index"));
    assert!(place.import("csv", &file, &["--upsert", "nope"]).failed().contains("no field"));
    let file = place.write("keyless.csv", "email,age\n,5\n");
    assert!(place.import("csv", &file, &["--upsert", "email"]).stderr.contains("which is the key"));
}

#[test]
fn all_or_nothing_is_all_or_nothing() {
    let place = Place::new();
    let file = place.write("people.csv", "email\nada@example.com\nbob@example.com\nno address\n");
    let ended = place.import("csv", &file, &["--all-or-nothing"]);
    assert_eq!(ended.stdout, "0 created, 0 changed, 1 not acceptable.\n");
    assert!(
        ended.stderr.contains("Nothing was written.") && ended.stderr.contains("line 4: email"),
        "{}",
        ended.stderr
    );
    assert!(place.people().is_empty());
    let file = place.write("bad_cell.csv", "email,age\nada@example.com,1\nbob@example.com,x\n");
    assert!(!place.import("csv", &file, &["--all-or-nothing"]).status.success());
    assert!(place.people().is_empty());
    let file = place.write("right.csv", "email\nada@example.com\nbob@example.com\n");
    assert_eq!(place.import("csv", &file, &["--all-or-nothing"]).ok(), "2 created, 0 changed, 0 not acceptable.\n");
    let mut many = String::from("email\n");
    (0..20_001).for_each(|at| many.push_str(&format!("p{at}@example.com\n")));
    assert!(place.import("csv", &place.write("many.csv", &many), &["--all-or-nothing"]).failed().contains("--dry-run"));
    assert_eq!(place.people().len(), 2);
}

#[test]
fn it_works_beside_a_server_and_accounts_can_sign_in() {
    let place = Place::new();
    let mut server = Server::start(&place.data);
    let file = place.write(
        "users.csv",
        "email,name,password,verified\nada@example.com,Ada,first-password,yes\nbob@example.com,Bob,short,no\n",
    );
    let import = |more: &[&str]| {
        run(program(&place.data).args([&["import", "csv", &file, "--collection", "users"], more].concat()))
    };
    let ended = import(&[]);
    assert_eq!(ended.stdout, "1 created, 0 changed, 1 not acceptable.\n");
    assert!(ended.stderr.contains("line 3: password"), "{}", ended.stderr);
    let sign_in = |password: &str| {
        let body = json!({"identity": "ada@example.com", "password": password});
        server.client().post("/api/collections/users/auth-with-password", &body).status
    };
    assert_eq!((sign_in("first-password"), sign_in("another-one")), (200, 400));
    let secrets = |more: &[&str]| {
        holdall(&place.data, &[&["export", "-", "--collection", "users", "--format", "csv"], more].concat()).ok()
    };
    assert!(!secrets(&[]).contains("$2a$") && !secrets(&[]).contains("tokenKey"), "{}", secrets(&[]));
    assert!(secrets(&["--with-secrets"]).contains("$2a$") && secrets(&["--with-secrets"]).contains("tokenKey"));
    server.expect_alive();
}

#[test]
fn standard_input_and_other_mistakes() {
    let place = Place::new();
    let mut command = program(&place.data);
    command.args(["import", "csv", "-", "--collection", "people", "--delimiter", ";"]);
    assert!(run_with_input(&mut command, "email;age\nada@example.com;5\n").ok().starts_with("1 created"));
    let file = place.write("x.csv", "email,nope\n");
    assert!(place.import("csv", &file, &[]).failed().contains("no field"));
    assert!(place.import("csv", "missing.csv", &[]).failed().contains("missing.csv"));
    assert!(holdall(&place.data, &["import", "csv", &file, "--collection", "nope"]).failed().contains("nope"));
    for arguments in [
        &["export", "-"][..],
        &["export", "x.sql", "--collection", "people", "--format", "sql"],
        &["export", "x", "--collection", "nope"],
    ] {
        holdall(&place.data, arguments).failed();
    }
    let nowhere = place.path("nowhere");
    assert!(holdall(&nowhere, &["export", "out"]).failed().contains("no data"));
    assert!(!nowhere.exists());
}

#[test]
fn formulas_can_be_marked() {
    let place = Place::new();
    place.import("csv", &place.write("people.csv", "email,name,age\nada@example.com,=1+1,7\n"), &[]).ok();
    let csv = |more: &[&str]| {
        holdall(&place.data, &[&["export", "-", "--collection", "people", "--format", "csv"], more].concat()).ok()
    };
    assert!(csv(&[]).contains(",=1+1,7,"));
    assert!(csv(&["--for-spreadsheets"]).contains(",'=1+1,7,"));
}

/// The most memory that a command took, in KiB.
fn peak_kib(data: &Path, arguments: &[&str]) -> u64 {
    let script = "\"$@\" >/dev/null & pid=$!; while kill -0 $pid 2>/dev/null; do \
        m=$(sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status 2>/dev/null); [ -n \"$m\" ] && p=$m; done; \
        wait $pid || exit 1; echo ${p:-0}";
    let holdall = program(data);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(holdall.get_program()).args(arguments).env("HOLDALL_DATA_DIR", data);
    shell.current_dir(data.parent().expect("a folder"));
    run(&mut shell).ok().trim().parse().expect("a number")
}

#[test]
fn ten_times_the_rows_take_the_same_memory() {
    let place = Place::new();
    let rows = |from: usize, to: usize| {
        let mut text = String::from("email,name,age\n");
        (from..to).for_each(|at| text.push_str(&format!("p{at}@example.com,\"{}\",{at}\n", "x".repeat(400))));
        text
    };
    let (few, many) = (place.write("few.csv", &rows(0, 2_000)), place.write("many.csv", &rows(2_000, 22_000)));
    let import = |file: &str| peak_kib(&place.data, &["import", "csv", file, "--collection", "people"]);
    let (small, large) = (import(&few), import(&many));
    assert_eq!(place.people().len(), 22_000);
    // 20,000 rows are 9 MB of text, and several times as much as values.
    assert!(large < small + 16 * 1024, "{small} KiB for few rows, {large} KiB for many");
    let csv = |name: &str| {
        peak_kib(&place.data, &["export", &place.path(name).display().to_string(), "--collection", "people"])
    };
    assert!(csv("out.csv") < small + 16 * 1024);
}
