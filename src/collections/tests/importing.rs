//! Import and export.

use super::*;
use crate::collections::export;

const FAILURE: &[&str] = &["collections validation_collections_import_failure"];

#[test]
fn order_does_not_matter() {
    let install = install();
    install
        .import(json!({"collections": [
            {"name": "w", "type": "view", "viewQuery": "select id, t from v"},
            {"name": "v", "type": "view", "viewQuery": "select id, t from b"},
            {"name": "a", "fields": [{"name": "r", "type": "relation", "collectionId": "idb"}], "listRule": "r.t != '' && @collection.w.t != ''"},
            {"id": "idb", "name": "b", "fields": [{"name": "t", "type": "text"}]},
            {"name": "m", "type": "auth"}]}))
        .unwrap_or_else(|error| panic!("{}", describe(&error)));
    assert_eq!(install.get("w").fields[1].name, "t");
    assert!(install.get("m").is_auth());
    assert!(install.column("select t from w").is_empty());
}

#[test]
fn stored_fields_stay_unless_missing_ones_are_deleted() {
    let install = install();
    let a = install.create(
        json!({"name": "a", "fields": [{"name": "t", "type": "text", "id": "custom"}, {"name": "u", "type": "text"}]}),
    );
    install.create(json!({"name": "other"}));
    install.run("insert into a (id, t, u) values ('1', 'T', 'U')");
    install.import(json!({"collections": [{"id": a.id.clone(), "fields": [{"name": "t", "type": "text", "max": 9}, {"name": "n", "type": "number"}]}]})).expect("import");
    let names: Vec<_> = install.get("a").fields.iter().map(|f| format!("{} {}", f.id, f.name)).collect();
    assert_eq!(names.len(), 4);
    assert!(names.contains(&"custom t".to_owned()), "{names:?}");
    assert_eq!(install.column("select t || u from a"), ["TU"]);
    install
        .import(
            json!({"collections": [{"name": "a", "fields": [{"name": "u", "type": "text"}]}], "deleteMissing": true}),
        )
        .expect("import");
    assert_eq!(install.get("a").fields.len(), 2);
    assert_eq!(install.column("select u from a"), ["U"]);
    let left: Vec<_> =
        install.store.schema().collections().iter().filter(|c| !c.system).map(|c| c.name.clone()).collect();
    assert_eq!(left, ["a"]);
}

#[test]
fn a_failure_leaves_nothing() {
    let install = install();
    let before = sorted(&install.store.schema());
    for (body, expect) in [
        (json!({}), &["collections validation_required"][..]),
        (json!({"collections": []}), &["collections validation_required"]),
        (json!({"collections": 5}), &[]),
        (json!({"collections": [5]}), &[]),
        (json!({"collections": [{"name": "a"}, {"name": "b", "fields": [{"name": "", "type": "text"}]}]}), FAILURE),
        (json!({"collections": [{"name": "a"}, {"name": "b", "fields": [{"name": "x", "type": "foo"}]}]}), FAILURE),
        (json!({"collections": [{"name": "a"}, {"name": "b", "listRule": "zz = 1"}]}), FAILURE),
        (json!({"collections": [{"name": "a"}, {"name": "A"}]}), FAILURE),
        (json!({"collections": [{"name": "a"}, {"name": "a"}]}), FAILURE),
        (json!({"collections": [{"id": "x", "name": "a"}, {"id": "y", "name": "a"}]}), FAILURE),
        (json!({"collections": [{"name": "a", "id": "q", }, {"name": "a\" (x); --"}]}), FAILURE),
        (json!({"collections": [{"name": ""}]}), FAILURE),
        (json!({"collections": [{"id": "x", "name": "a"}, {"id": "x", "name": "b"}]}), FAILURE),
        (json!({"collections": [{"id": "_pb_users_auth_"}, {"id": "_pb_users_auth_", "name": "b"}]}), FAILURE),
        (json!({"collections": [{"name": "a"}, {"name": "v", "type": "view", "viewQuery": "select 1"}]}), FAILURE),
        (json!({"collections": [{"name": "users", "type": "base"}]}), FAILURE),
        (json!({"collections": [{"name": "a", "type": "nope"}]}), FAILURE),
        (json!({"collections": [{"name": "a", "indexes": ["create index i on a (nope)"]}]}), FAILURE),
        (
            json!({"collections": [{"name": "a", "fields": [{"name": "r", "type": "relation", "collectionId": "nope"}]}]}),
            FAILURE,
        ),
    ] {
        let shown = body.to_string();
        expect_errors(install.import(body), expect);
        assert_eq!(sorted(&install.store.schema()), before, "{shown}");
    }
    assert!(install.column("select name from sqlite_master where name in ('a', 'b', 'v')").is_empty());
}

#[test]
fn an_export_can_be_imported_elsewhere() {
    let first = install();
    first.create(json!({"name": "a", "fields": [{"name": "t", "type": "text", "nullable": true, "default": "x"}]}));
    first.create(json!({"name": "v", "type": "view", "viewQuery": "select id, t from a"}));
    let text = export(&first.store.schema());
    assert!(!text.contains("\"secret\""));
    let second = install();
    let collections: Json = serde_json::from_str(&text).expect("JSON");
    second
        .import(json!({"collections": collections, "deleteMissing": true}))
        .unwrap_or_else(|e| panic!("{}", describe(&e)));
    assert_eq!(second.get("a").fields, first.get("a").fields);
    assert_eq!(second.get("users").id, first.get("users").id);
    assert_ne!(
        second.get("users").auth().expect("auth").auth_token.secret,
        first.get("users").auth().expect("auth").auth_token.secret,
        "secrets never travel"
    );
}

#[test]
fn names_can_be_swapped() {
    let install = install();
    let (a, b) = (install.create(json!({"name": "a"})), install.create(json!({"name": "b"})));
    install.run("insert into a (id) values ('in_a')");
    install
        .import(json!({"collections": [{"id": a.id.clone(), "name": "b"}, {"id": b.id.clone(), "name": "a"}]}))
        .unwrap_or_else(|e| panic!("{}", describe(&e)));
    assert_eq!(install.column("select id from b"), ["in_a"]);
    assert_eq!(install.get("b").id, a.id);
}
