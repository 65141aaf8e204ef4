//! The statements as text.

use serde_json::{Value as Json, json};

use super::*;
use crate::domain::{CollectionKind, Rules};

fn collection(name: &str, fields: Json) -> Collection {
    let fields = fields.as_array().expect("a list").iter().map(|definition| {
        let map = definition.as_object().expect("an object");
        let mut field = Field::from_json(map).expect("a field");
        if field.id.is_empty() {
            field.id.clone_from(&field.name);
        }
        field
    });
    Collection {
        id: "c".into(),
        name: name.into(),
        kind: CollectionKind::Base,
        system: false,
        rules: Rules::default(),
        fields: fields.collect(),
        indexes: Vec::new(),
        created: String::new(),
        updated: String::new(),
    }
}

#[test]
fn a_table_has_one_plain_column_per_field() {
    let made = collection(
        "posts",
        json!([
            {"name": "id", "type": "text", "primaryKey": true}, {"name": "t", "type": "text"}, {"name": "n", "type": "number"},
            {"name": "b", "type": "bool"}, {"name": "m", "type": "select", "values": ["a"], "maxSelect": 2}, {"name": "j", "type": "json"},
            {"name": "p", "type": "geoPoint"}, {"name": "order", "type": "text", "nullable": true},
        ]),
    );
    assert_eq!(
        &*create_table(&made).sql,
        "CREATE TABLE \"posts\" ( \"id\" TEXT NOT NULL DEFAULT ('r'||lower(hex(randomblob(7)))) PRIMARY KEY, \
         \"t\" TEXT NOT NULL DEFAULT '', \"n\" REAL NOT NULL DEFAULT 0, \"b\" INTEGER NOT NULL DEFAULT 0, \
         \"m\" TEXT NOT NULL DEFAULT '[]', \"j\" TEXT, \
         \"p\" TEXT NOT NULL DEFAULT '{\"lon\":0,\"lat\":0}', \"order\" TEXT ) STRICT"
    );
    assert_eq!(&*drop_table(&made).sql, "DROP TABLE \"posts\"");
}

fn check(old: Json, new: Json, expect: &[&str]) {
    let steps = alter_columns(&collection("t", old), &collection("other", new));
    let found: Vec<&str> = steps.iter().map(|step| &*step.sql).collect();
    assert_eq!(found, expect);
}

#[test]
fn columns_are_added_and_dropped() {
    check(json!([{"name": "a", "type": "text"}]), json!([{"name": "a", "type": "text", "max": 5}]), &[]);
    check(
        json!([{"name": "a", "type": "text"}]),
        json!([{"name": "b", "type": "number"}]),
        &["ALTER TABLE \"t\" DROP COLUMN \"a\"", "ALTER TABLE \"t\" ADD COLUMN \"b\" REAL NOT NULL DEFAULT 0"],
    );
}

#[test]
fn names_are_swapped_through_scratch_names() {
    check(
        json!([{"name": "a", "type": "text", "id": "1"}, {"name": "b", "type": "text", "id": "2"}]),
        json!([{"name": "b", "type": "text", "id": "1"}, {"name": "a", "type": "text", "id": "2"}]),
        &[
            "ALTER TABLE \"t\" RENAME COLUMN \"a\" TO \"_renamed_0\"",
            "ALTER TABLE \"t\" RENAME COLUMN \"b\" TO \"_renamed_1\"",
            "ALTER TABLE \"t\" RENAME COLUMN \"_renamed_0\" TO \"b\"",
            "ALTER TABLE \"t\" RENAME COLUMN \"_renamed_1\" TO \"a\"",
        ],
    );
}

#[test]
fn values_are_converted() {
    let single = json!([{"name": "a", "type": "select", "values": ["x"]}]);
    let multiple = json!([{"name": "a", "type": "select", "values": ["x"], "maxSelect": 2}]);
    check(
        single.clone(),
        multiple.clone(),
        &[
            "ALTER TABLE \"t\" ADD COLUMN \"_converted_0\" TEXT NOT NULL DEFAULT '[]'",
            "UPDATE \"t\" SET \"_converted_0\" = COALESCE(CASE WHEN \"a\" IS NULL THEN NULL WHEN \"a\" = '' THEN '[]' ELSE json_array(\"a\") END, '[]')",
            "ALTER TABLE \"t\" DROP COLUMN \"a\"",
            "ALTER TABLE \"t\" RENAME COLUMN \"_converted_0\" TO \"a\"",
        ],
    );
    let steps = alter_columns(&collection("t", multiple), &collection("t", single));
    assert!(steps[1].sql.contains("json_extract(\"a\", '$[#-1]')"), "{}", steps[1].sql);
    let text = |nullable: bool| json!([{"name": "a", "type": "text", "nullable": nullable}]);
    let steps = alter_columns(&collection("t", text(true)), &collection("t", text(false)));
    assert_eq!(&*steps[1].sql, "UPDATE \"t\" SET \"_converted_0\" = COALESCE(\"a\", '')");
    let steps = alter_columns(&collection("t", text(false)), &collection("t", text(true)));
    assert_eq!(&*steps[0].sql, "ALTER TABLE \"t\" ADD COLUMN \"_converted_0\" TEXT");
    assert_eq!(&*steps[1].sql, "UPDATE \"t\" SET \"_converted_0\" = \"a\"");
}

#[test]
fn views_wrap_their_query() {
    let made =
        collection("v", json!([{"name": "id", "type": "text", "primaryKey": true}, {"name": "t", "type": "text"}]));
    let query = view::ViewQuery::parse("select id, t from a;").expect("a query");
    assert_eq!(&*query.create(&made, false).sql, "CREATE VIEW `v` AS SELECT * FROM (select id, t from a\n)");
    assert_eq!(
        &*query.create(&made, true).sql,
        "CREATE VIEW `v` AS SELECT CAST(\"id\" AS TEXT) AS \"id\", \"t\" FROM (select id, t from a\n)"
    );
}
