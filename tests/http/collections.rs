//! Definitions of collections: their life, imports, and that a definition and its table are never apart, whoever
//! changes what at the same time.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::auth_fields;
use crate::harness::{Answer, TestApp, collection, id, open_collection, record, records, text};

#[test]
fn a_collection_lives_from_its_creation_to_its_deletion() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let fields = json!([{"name": "a", "type": "text"}, {"name": "b", "type": "number"}]);
    let made = root.post("/api/collections", open_collection("things", fields)).expect(200);
    assert_eq!(made["fields"][0]["name"], "id", "system fields come first");
    assert_eq!(root.get(&collection("things")).expect(200), made);
    assert_eq!(root.get(&collection(&text(&made["id"]))).expect(200), made, "by id as by name");
    let key = text(&app.guest().create("things", json!({"a": "x", "b": 1}))["id"]);
    // A field that isn't in the list any more goes, one that is new comes.
    let fields = json!([made["fields"][0], made["fields"][1], {"name": "c", "type": "bool"}]);
    let changed = root.patch(&collection("things"), json!({"fields": fields, "deleteRule": null})).expect(200);
    assert_eq!(changed["fields"][2]["name"], "c");
    let found = app.guest().view("things", &key);
    assert_eq!((found.get("b"), &found["a"], &found["c"]), (None, &json!("x"), &json!(false)));
    app.guest().delete(&record("things", &key)).expect(403);
    root.delete(&format!("{}/truncate", collection("things"))).expect(204);
    assert_eq!(root.items("things", &[]).len(), 0);
    root.delete(&collection("things")).expect(204);
    root.get(&collection("things")).expect(404);
    app.guest().list("things", &[]).expect(404);
    app.check_tables_fit_definitions();
}

#[test]
fn definitions_that_make_no_sense_are_refused_and_change_nothing() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let before = root.get("/api/collections?perPage=1000").text();
    let with = |name: &str, value: Json| {
        let mut body = open_collection("things", json!([{"name": "a", "type": "text"}]));
        body[name] = value;
        body
    };
    for (name, value, codes) in [
        ("name", json!(""), vec!["name validation_required"]),
        ("name", json!("TAGS"), vec!["name validation_collection_name_exists"]),
        ("type", json!("table"), vec!["type validation_in_invalid"]),
        ("listRule", json!("nothing = 1"), vec!["listRule validation_invalid_rule"]),
        ("listRule", json!("a = 'open"), vec!["listRule validation_invalid_rule"]),
        (
            "indexes",
            json!(["CREATE INDEX i ON things (nothing)"]),
            vec!["indexes.0 validation_invalid_index_expression"],
        ),
        ("indexes", json!(["DROP TABLE tags"]), vec!["indexes.0 validation_invalid_index_expression"]),
    ] {
        root.post("/api/collections", with(name, value)).expect_codes(&codes);
    }
    for path in ["/api/collections/tags", "/api/collections/people", "/api/collections/_superusers"] {
        root.delete(path).expect(400);
    }
    let view = json!({"name": "bad", "type": "view", "viewQuery": "SELECT title FROM articles"});
    root.post("/api/collections", view).expect(400);
    assert_eq!(root.get("/api/collections?perPage=1000").text(), before);
}

#[test]
fn a_change_that_the_rows_do_not_allow_happens_not_at_all() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    root.post("/api/collections", open_collection("twins", json!([{"name": "a", "type": "text"}]))).expect(200);
    root.create("twins", json!({"a": "same"}));
    root.create("twins", json!({"a": "same"}));
    let before = root.get(&collection("twins")).text();
    let mut fields = root.get(&collection("twins")).expect(200)["fields"].clone();
    fields.as_array_mut().expect("fields").push(json!({"name": "b", "type": "text"}));
    let change = json!({"fields": fields, "name": "others", "indexes": ["CREATE UNIQUE INDEX u ON others (a)"]});
    root.patch(&collection("twins"), change).expect(400);
    assert_eq!(root.get(&collection("twins")).text(), before);
    assert_eq!(root.find("twins", "", "a"), ["same", "same"]);
    // A field that a view needs can't go.
    let fields = root.get(&collection("articles")).expect(200)["fields"].clone();
    let kept: Vec<&Json> = fields.as_array().expect("fields").iter().filter(|field| field["name"] != "title").collect();
    root.patch(&collection("articles"), json!({ "fields": kept })).expect(400);
    assert_eq!(app.guest().find("headlines", "", "title"), ["first", "third"]);
    app.check_tables_fit_definitions();
}

#[test]
fn an_import_happens_wholly_or_not_at_all() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let before = root.get("/api/collections?perPage=1000").text();
    let good = |name: &str| open_collection(name, json!([{"name": "a", "type": "text"}]));
    let broken = json!({"name": "broken", "type": "base", "listRule": "nothing = 1"});
    root.put("/api/collections/import", json!({"collections": [good("one"), broken, good("two")]})).expect(400);
    assert_eq!(root.get("/api/collections?perPage=1000").text(), before);
    root.put("/api/collections/import", json!({"collections": [good("one"), good("two")]})).expect(204);
    root.put("/api/collections/import", json!({"collections": [good("one")]})).expect(204);
    for name in ["one", "two", "tags"] {
        root.get(&collection(name)).expect(200);
    }
    app.check_tables_fit_definitions();
}

#[test]
fn an_export_can_be_imported_and_changes_nothing() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let definitions = |app: &TestApp| {
        let mut page = app.as_superuser().get("/api/collections?perPage=1000").expect(200);
        for definition in page["items"].as_array_mut().expect("items") {
            definition.as_object_mut().expect("an object").remove("updated");
        }
        page
    };
    let before = definitions(&app);
    let all = root.get("/api/collections?perPage=1000").expect(200)["items"].clone();
    root.put("/api/collections/import", json!({"collections": all, "deleteMissing": true})).expect(204);
    assert_eq!(definitions(&app), before);
    assert_eq!(root.find("articles", "", "title"), ["first", "fourth", "second", "third"]);
    // Secrets were kept, although no export holds them.
    app.as_user("ada").post("/api/collections/people/auth-refresh", json!({})).expect(200);
}

#[test]
fn a_dry_run_of_a_view_leaves_nothing_behind() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let before = root.get("/api/collections?perPage=1000").text();
    let answer = root.post("/api/collections/meta/dry-run-view", json!({"query": "SELECT id, title FROM articles"}));
    assert!(answer.expect(200).to_string().contains("first"));
    for query in
        ["", "SELECT", "DELETE FROM articles", "SELECT id FROM articles; DROP TABLE articles", "SELECT * FROM nothing"]
    {
        root.post("/api/collections/meta/dry-run-view", json!({ "query": query })).expect(400);
    }
    assert_eq!(root.get("/api/collections?perPage=1000").text(), before);
    assert_eq!(root.items("articles", &[]).len(), 4);
    app.check_tables_fit_definitions();
}

// --------------------------------------------------------------------------------------------------- at the same time

#[track_caller]
fn check_statuses(answers: &[Answer], allowed: &[u16]) {
    for answer in answers {
        assert!(allowed.contains(&answer.status), "{}: {} {}", answer.what, answer.status, answer.text());
    }
}

/// A definition of the collection `things` with these fields next to its own.
fn with_fields(app: &TestApp, names: &[&str]) -> Json {
    let mut fields = app.as_superuser().get(&collection("things")).expect(200)["fields"].clone();
    let all = fields.as_array_mut().expect("fields");
    all.extend(names.iter().map(|name| json!({"name": name, "type": "text"})));
    json!({ "fields": fields })
}

#[test]
fn conflicting_changes_of_a_collection_leave_definition_and_table_together() {
    let mut app = TestApp::new();
    let made = open_collection("things", json!([{"name": "a", "type": "text"}]));
    app.as_superuser().post("/api/collections", made).expect(200);
    for round in 0..5 {
        let root = app.as_superuser();
        let name = |letter: &str| format!("{letter}{round}");
        let mut renamed = with_fields(&app, &[]);
        let last = renamed["fields"].as_array_mut().expect("fields").last_mut().expect("a field");
        last["name"] = json!(name("renamed"));
        let patch = |body: &Json| root.call(Method::Patch, &collection("things")).json(body);
        let create = |body: Json| app.guest().call(Method::Post, &records("things")).json(&body);
        let answers = app.at_once([
            patch(&with_fields(&app, &[&name("x")])),
            create(json!({"a": "1", name("x"): "x"})),
            patch(&with_fields(&app, &[&name("y"), &name("z")])),
            create(json!({"a": "2", name("y"): "y"})),
            patch(&renamed),
            create(json!({"a": "3", name("renamed"): "r"})),
            patch(&json!({"name": "Things"})),
            patch(&json!({"indexes": ["CREATE INDEX by_a ON things (a)"]})),
            patch(&json!({"indexes": []})),
            create(json!({"a": "4"})),
        ]);
        check_statuses(&answers, &[200, 400]);
        let written = answers.iter().filter(|answer| answer.what.ends_with("/records"));
        written.for_each(|answer| assert_eq!(answer.status, 200, "{}", answer.text()));
    }
    app.check_tables_fit_definitions();
    assert_eq!(app.as_superuser().items("things", &[("perPage", "100")]).len(), 20, "every record was kept");
}

#[test]
fn creating_and_deleting_a_collection_while_records_are_written_leaves_no_trace() {
    let mut app = TestApp::new();
    for _ in 0..5 {
        let root = app.as_superuser();
        let made = open_collection("things", json!([{"name": "a", "type": "text"}, {"name": "b", "type": "number"}]));
        let create = || root.call(Method::Post, "/api/collections").json(&made);
        let delete = || root.call(Method::Delete, &collection("things"));
        let write = || app.guest().call(Method::Post, &records("things")).json(&json!({"a": "x", "b": 1}));
        let read = || app.guest().call(Method::Get, &records("things"));
        let answers = app.at_once([
            create(),
            write(),
            read(),
            write(),
            delete(),
            write(),
            create(),
            create(),
            write(),
            read(),
            delete(),
            read(),
            delete(),
            write(),
            create(),
            write(),
        ]);
        check_statuses(&answers, &[200, 204, 400, 404]);
        // Whatever came first: the collection that is there now is empty but for what was written to it.
        let definition = root.get(&collection("things"));
        if definition.status == 200 {
            let items = root.items("things", &[]);
            assert!(items.iter().all(|item| item["collectionId"] == definition.json()["id"] && item["a"] == "x"));
            root.delete(&collection("things")).expect(204);
        }
        app.guest().list("things", &[]).expect(404);
    }
    app.check_tables_fit_definitions();
}

#[test]
fn changes_of_different_collections_at_once_all_happen() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let names: Vec<String> = (0..8).map(|number| format!("things{number}")).collect();
    let define = |name: &String| {
        let fields = json!([{"name": "tag", "type": "relation", "collectionId": "c_tags"}]);
        root.call(Method::Post, "/api/collections").json(&open_collection(name, fields))
    };
    check_statuses(&app.at_once(names.iter().map(define)), &[200]);
    let rename = root.call(Method::Patch, &collection("tags")).json(&json!({"name": "labels"}));
    let rule =
        |name: &String| root.call(Method::Patch, &collection(name)).json(&json!({"listRule": "tag.name = 'red'"}));
    check_statuses(&app.at_once(names.iter().map(rule).chain([rename])), &[200]);
    for name in &names {
        root.create(name, json!({"tag": id("red")}));
        assert_eq!(app.guest().items(name, &[]).len(), 1, "{name}");
    }
    app.check_tables_fit_definitions();
}

#[test]
fn a_relation_can_not_be_made_to_what_is_deleted_at_the_same_time() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    for round in 0..5 {
        let target = root.post("/api/collections", open_collection("target", json!([]))).expect(200);
        let fields = json!([{"name": "to", "type": "relation", "collectionId": target["id"]}]);
        let name = format!("source{round}");
        let answers = app.at_once([
            root.call(Method::Post, "/api/collections").json(&open_collection(&name, fields)),
            root.call(Method::Delete, &collection("target")),
        ]);
        // One of the two comes second and is told no.
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert!(statuses == [200, 400] || statuses == [400, 204], "{statuses:?}");
        if statuses[0] == 200 {
            root.delete(&collection(&name)).expect(204);
            root.delete(&collection("target")).expect(204);
        }
    }
    app.check_tables_fit_definitions();
}

#[test]
fn a_type_of_collection_has_what_it_needs() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let made = json!({"name": "members", "type": "auth", "fields": auth_fields(json!([]))});
    let members = root.post("/api/collections", made).expect(200);
    let names: Vec<String> =
        members["fields"].as_array().expect("fields").iter().map(|field| text(&field["name"])).collect();
    for name in ["id", "email", "emailVisibility", "verified", "password", "tokenKey"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
    root.patch(&collection("members"), json!({"type": "base"}))
        .expect_codes(&["type validation_collection_type_change"]);
    let scaffolds = root.get("/api/collections/meta/scaffolds").expect(200);
    assert_eq!(
        scaffolds.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>()),
        Some(vec!["auth".into(), "base".into(), "view".into()])
    );
    app.check_tables_fit_definitions();
}
