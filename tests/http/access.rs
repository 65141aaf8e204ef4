//! Who may do what: every principal × kind of collection × state of its rules × action, as one readable table.
//!
//! `access.golden.txt` holds it. `HOLDALL_TEST_BLESS=1 cargo test --test http access` writes it anew; a change of the
//! file is a change of who may do what, and is to be read line by line.

use std::fmt::Write as _;

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::{PASSWORD, auth_fields};
use crate::harness::{Answer, Principal, TestApp, collection, id, item, record, records, text, url};

const PRINCIPALS: [&str; 5] = ["guest", "stranger", "owner", "manager", "superuser"];
const KINDS: [&str; 3] = ["base", "auth", "view"];
/// What the rules of a collection are: null, empty, or [`RULE`].
const STATES: [&str; 3] = ["null", "open", "rule"];
const RULE: &str = "owner = @request.auth.id || @request.auth.role = 'manager'";

/// The actions of the table, in its order. Every collection has two records: `hers`, which is the owner's (Ada), and
/// `bobs`, which is somebody else's. Collection `links` has a relation to each collection, `people` is pointed to by
/// their `owner`; both may be read by everybody.
const READING: [&str; 12] = [
    "list",
    "view hers",
    "view bobs",
    "filter by title",
    "filter by hidden",
    "sort by hidden",
    "expand into",
    "filter through",
    "sort through",
    "expand back",
    "filter back",
    "sort back",
];
const WRITING: [&str; 7] =
    ["update hers", "update bobs", "update e-mail", "update hidden", "delete hers", "delete bobs", "create"];

/// By what a request that writes comes in.
#[derive(Clone, Copy)]
enum Door {
    Route,
    Batch,
}

#[test]
fn who_may_do_what_is_as_in_the_golden_table() {
    let table = table_by(Door::Route);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/access.golden.txt");
    if std::env::var_os("HOLDALL_TEST_BLESS").is_some() {
        std::fs::write(path, &table).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    for (at, (found, expect)) in table.lines().zip(golden.lines()).enumerate() {
        assert_eq!(found, expect, "line {} of access.golden.txt", at + 1);
    }
    assert_eq!(table.lines().count(), golden.lines().count(), "the length of access.golden.txt");
}

#[test]
fn batches_let_in_whom_the_routes_let_in() {
    let golden = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/access.golden.txt"));
    let golden = golden.expect("the golden file is there");
    for (at, (found, expect)) in table_by(Door::Batch).lines().zip(golden.lines()).enumerate() {
        assert_eq!(found, expect, "line {} of access.golden.txt, by batch", at + 1);
    }
}

fn table_by(door: Door) -> String {
    let app = TestApp::configured(|config| config.batch_enabled = true, Vec::new());
    make_collections(&app);
    let mut columns = Vec::new();
    for name in PRINCIPALS {
        fill(&app);
        columns.push(column(&principal(&app, name), door));
    }
    write_table(&columns)
}

fn principal<'a>(app: &'a TestApp, name: &str) -> Principal<'a> {
    match name {
        "guest" => app.guest(),
        "stranger" => app.as_user("eve"),
        "owner" => app.as_user("ada"),
        "manager" => app.as_user("max"),
        _ => app.as_superuser(),
    }
}

/// All pairs of kind and state, with the name of their collection.
pub fn collections() -> impl Iterator<Item = (&'static str, &'static str, String)> {
    KINDS.iter().flat_map(|kind| STATES.iter().map(move |state| (*kind, *state, format!("{kind}_{state}"))))
}

/// Records of different auth collections can't have the same id; a view's records have those of its source.
pub fn key(kind: &str, state: &str, whose: &str) -> String {
    id(&if kind == "view" { whose.to_owned() } else { format!("{whose}{kind}{state}") })
}

// ---------------------------------------------------------------------------------------------------------- the world

pub fn make_collections(app: &TestApp) {
    let own_fields = json!([
        {"name": "title", "type": "text"},
        {"name": "owner", "type": "relation", "collectionId": "c_people"},
        {"name": "note", "type": "text", "hidden": true},
    ]);
    let root = app.as_superuser();
    let made = json!({"name": "source", "type": "base", "fields": own_fields});
    root.post("/api/collections", made).expect(200);
    let mut links = vec![json!({"name": "title", "type": "text"})];
    for (kind, state, name) in collections() {
        let rule = match state {
            "null" => Json::Null,
            "open" => json!(""),
            _ => json!(RULE),
        };
        let mut body = json!({"name": name, "type": kind, "listRule": rule, "viewRule": rule});
        if kind == "view" {
            body["viewQuery"] = json!("SELECT id, title, owner, note FROM source");
        } else {
            body["fields"] = if kind == "auth" { auth_fields(own_fields.clone()) } else { own_fields.clone() };
            for key in ["createRule", "updateRule", "deleteRule"] {
                body[key] = rule.clone();
            }
        }
        if kind == "auth" {
            // An empty manage rule is refused; "everybody who is signed in" comes closest.
            body["manageRule"] = if state == "open" { json!("@request.auth.id != ''") } else { rule };
        }
        let made = root.post("/api/collections", body).expect(200);
        if kind != "view" {
            links.push(json!({"name": name, "type": "relation", "collectionId": made["id"]}));
        }
    }
    let made = json!({"name": "links", "type": "base", "listRule": "", "viewRule": "", "fields": links});
    root.post("/api/collections", made).expect(200);
}

/// Brings the records back to what every principal is to find.
pub fn fill(app: &TestApp) {
    let root = app.as_superuser();
    let writable: Vec<_> = collections().filter(|(kind, ..)| *kind != "view").collect();
    let sources = [("view", "", "source".to_owned())];
    for (kind, state, name) in writable.iter().chain(&sources) {
        root.delete(&format!("{}/truncate", collection(name))).expect(204);
        for (whose, owner) in [("hers", "ada"), ("bobs", "bob")] {
            let key = key(kind, state, whose);
            let mut body = json!({"id": key, "title": whose, "owner": id(owner), "note": "x"});
            if *kind == "auth" {
                add_account(&mut body, &key);
            }
            root.create(name, body);
        }
    }
    root.delete(&format!("{}/truncate", collection("links"))).expect(204);
    for whose in ["hers", "bobs"] {
        let mut body = json!({"id": id(whose), "title": whose});
        for (kind, state, name) in &writable {
            body[name] = json!(key(kind, state, whose));
        }
        root.create("links", body);
    }
}

pub fn add_account(body: &mut Json, name: &str) {
    body["email"] = json!(format!("{name}@holdall.test"));
    body["password"] = json!(PASSWORD);
    body["passwordConfirm"] = json!(PASSWORD);
}

// -------------------------------------------------------------------------------------------------------- the actions

/// What a principal gets for every action on every collection, in the order of the table.
fn column(who: &Principal<'_>, door: Door) -> Vec<String> {
    let rows = |actions: &[&'static str]| {
        let all = collections().flat_map(|of| actions.iter().map(move |action| (of.clone(), *action)));
        all.map(|(of, action)| ((of.2.clone(), action), act(who, door, of, action))).collect::<Vec<_>>()
    };
    // What is written must not change what is read.
    let found: Vec<_> = rows(&READING).into_iter().chain(rows(&WRITING)).collect();
    let cell = |name: &str, action| found.iter().find(|((of, what), _)| of == name && *what == action);
    table_rows().filter_map(|(name, action)| cell(&name, action)).map(|(_, cell)| cell.clone()).collect()
}

fn table_rows() -> impl Iterator<Item = (String, &'static str)> {
    collections().flat_map(|(kind, _, name)| {
        READING
            .iter()
            .chain(&WRITING)
            .filter(move |action| applies(kind, action))
            .map(move |action| (name.clone(), *action))
    })
}

/// Relations can't point to views, and only accounts have an address.
fn applies(kind: &str, action: &str) -> bool {
    match action {
        "expand into" | "filter through" | "sort through" => kind != "view",
        "update e-mail" => kind == "auth",
        _ => true,
    }
}

fn act(who: &Principal<'_>, door: Door, (kind, state, name): (&str, &str, String), action: &str) -> String {
    if !applies(kind, action) {
        return String::new();
    }
    let back = format!("{name}_via_owner");
    let list = |of: &str, query: &[(&str, &str)], field: &str| titles(&who.list(of, query), field);
    let at = |whose: &str| record(&name, &key(kind, state, whose));
    let write = |method: Method, url: &str, body: Json| match door {
        Door::Route if method == Method::Delete => who.delete(url),
        Door::Route => who.call(method, url).json(&body).send(),
        Door::Batch => who.alone_in_batch(item(method.as_str(), url, body)),
    };
    match action {
        "list" => list(&name, &[("sort", "-title")], "title"),
        "filter by title" => list(&name, &[("filter", "title = 'bobs'")], "title"),
        "filter by hidden" => list(&name, &[("filter", "note = 'x'"), ("sort", "-title")], "title"),
        "sort by hidden" => list(&name, &[("sort", "note,-title")], "title"),
        "view hers" | "view bobs" => who.get(&at(&action[5..])).status.to_string(),
        "expand into" => expanded(&who.list("links", &[("expand", &name), ("sort", "-title")]), &name),
        "filter through" => list("links", &[("filter", &format!("{name}.title != ''")), ("sort", "-title")], "title"),
        "sort through" => list("links", &[("sort", &format!("{name}.title"))], "title"),
        "expand back" => expanded(&who.list("people", &[("expand", &back), ("sort", "handle")]), &back),
        "filter back" => list("people", &[("filter", &format!("{back}.title ?!= ''")), ("sort", "handle")], "handle"),
        "sort back" => list("people", &[("sort", &format!("{back}.title"))], "handle"),
        "update hers" | "update bobs" => {
            write(Method::Patch, &at(&action[7..]), json!({"title": &action[7..]})).status.to_string()
        }
        "update e-mail" => {
            let body = json!({"email": format!("new-{}@holdall.test", key(kind, state, "hers"))});
            write(Method::Patch, &at("hers"), body).status.to_string()
        }
        "update hidden" => {
            // Whoever may not write the field is answered as if it had not been sent.
            let answer = write(Method::Patch, &url(&at("hers"), &[("fields", "note")]), json!({"note": "y"}));
            format!("{} {}", answer.status, answer.json()["note"].as_str().unwrap_or_default()).trim_end().to_owned()
        }
        "delete hers" | "delete bobs" => write(Method::Delete, &at(&action[7..]), Json::Null).status.to_string(),
        "create" => {
            let mut body = json!({"title": "new", "owner": id("ada")});
            if kind == "auth" {
                add_account(&mut body, &format!("{name}-new"));
            }
            write(Method::Post, &records(&name), body).status.to_string()
        }
        other => panic!("no such action: {other}"),
    }
}

/// The status of a list, and one field of each of its items.
fn titles(answer: &Answer, field: &str) -> String {
    let mut out = answer.status.to_string();
    for (at, item) in answer.json()["items"].as_array().into_iter().flatten().enumerate() {
        let _ = write!(out, "{}{}", if at == 0 { " " } else { "," }, text(&item[field]));
    }
    out
}

/// The status of a list, and the titles of what its items are expanded with.
fn expanded(answer: &Answer, name: &str) -> String {
    let items = answer.json()["items"].as_array().cloned().unwrap_or_default();
    let of_item = |item: &Json| match &item["expand"][name] {
        Json::Array(all) => all.clone(),
        Json::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let found: Vec<String> = items.iter().flat_map(of_item).map(|record| text(&record["title"])).collect();
    format!("{} {}", answer.status, found.join(",")).trim_end().to_owned()
}

// ---------------------------------------------------------------------------------------------------------- the table

fn write_table(columns: &[Vec<String>]) -> String {
    let mut out = String::from("# Who may do what. See access.rs; written by HOLDALL_TEST_BLESS=1.\n");
    let mut heading = String::new();
    for (at, (name, action)) in table_rows().enumerate() {
        if name != heading {
            heading = name.clone();
            out.push('\n');
            line(&mut out, &name.replace('_', ", rules "), PRINCIPALS.iter());
        }
        line(&mut out, &format!("  {action}"), columns.iter().map(|column| &column[at]));
    }
    out
}

fn line(out: &mut String, head: &str, cells: impl Iterator<Item = impl std::fmt::Display>) {
    let mut line = format!("{head:<20}");
    for cell in cells {
        let _ = write!(line, "{:<22}", cell.to_string());
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
