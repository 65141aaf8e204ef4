//! Fields and their columns.

use super::*;

#[test]
fn field_errors() {
    let install = install();
    for (fields, expect) in [
        (json!([{"name": "collectionId", "type": "text"}]), "fields.1.name validation_not_in_invalid"),
        (json!([{"name": "a_via_b", "type": "text"}]), "fields.1.name validation_found_via"),
        (json!([{"name": "a\"b", "type": "text"}]), "fields.1.name validation_match_invalid"),
        (json!([{"name": "a\u{0}", "type": "text"}]), "fields.1.name validation_match_invalid"),
        (json!([{"name": "a'; drop table users", "type": "text"}]), "fields.1.name validation_match_invalid"),
        (json!([{"name": "ä", "type": "text"}]), "fields.1.name validation_match_invalid"),
        (json!([{"name": "a".repeat(101), "type": "text"}]), "fields.1.name validation_length_out_of_range"),
        (
            json!([{"name": "x", "type": "text"}, {"name": "X", "type": "text"}]),
            "fields.2.name validation_duplicated_field_name",
        ),
        (json!([{"name": "id", "type": "number"}]), "fields.1.name validation_duplicated_field_name"),
        (
            json!([{"name": "r", "type": "relation", "collectionId": "nope"}]),
            "fields.1.collectionId validation_field_relation_missing_collection",
        ),
        (json!([{"name": "n", "type": "number", "default": "abc"}]), "fields.1.default validation_invalid_value"),
        (json!([{"name": "n", "type": "number", "max": 5, "default": 6}]), "fields.1.default validation_invalid_value"),
        (
            json!([{"name": "d", "type": "autodate", "onCreate": true, "nullable": true}]),
            "fields.1.nullable validation_invalid_value",
        ),
        (json!([{"name": "p", "type": "password", "nullable": true}]), "fields.1.nullable validation_invalid_value"),
    ] {
        expect_errors(install.try_create(json!({"name": "a", "fields": fields})), &[expect]);
    }
    install.create(json!({"name": "a", "fields": [{"name": "n", "type": "number", "default": "12"}, {"name": "m", "type": "number", "default": 0}]}));
    expect_errors(
        install.try_create(json!({"name": "b", "type": "auth", "fields": [{"name": "oldPassword", "type": "text"}]})),
        &["fields.1.name validation_reserved_field_name"],
    );
}

#[test]
fn system_fields_stay() {
    let install = install();
    install.create(json!({"name": "a", "fields": [{"name": "s", "type": "text", "system": true}, {"name": "t", "type": "text", "id": "ft"}]}));
    for (fields, expect) in [
        (json!([]), "fields validation_system_field_change"),
        (
            json!([{"name": "z", "type": "text", "id": install.get("a").fields[1].id}]),
            "fields validation_system_field_change",
        ),
        (
            json!([{"name": "s", "type": "text"}, {"name": "id", "type": "text", "id": "zzz"}]),
            "fields validation_system_field_change",
        ),
        (
            json!([{"name": "s", "type": "text"}, {"name": "idx", "type": "text", "id": "text3208210256"}]),
            "fields validation_missing_primary_key",
        ),
        (
            json!([{"name": "s", "type": "text"}, {"name": "t", "type": "number", "id": "ft"}]),
            "fields.2 validation_field_type_change",
        ),
    ] {
        expect_errors(install.try_update("a", json!({ "fields": fields })), &[expect]);
    }
}

#[test]
fn columns_follow_the_fields() {
    let install = install();
    install.create(json!({"name": "a", "fields": [
        {"name": "x", "type": "text", "id": "fx"}, {"name": "y", "type": "text", "id": "fy"}, {"name": "gone", "type": "number"},
        {"name": "s", "type": "select", "id": "fs", "values": ["a", "b"]}, {"name": "m", "type": "select", "id": "fm", "values": ["a", "b"], "maxSelect": 2}]}));
    install.run("insert into a (id, x, y, s, m) values ('1', 'X', 'Y', 'a', '[\"a\",\"b\"]'), ('2', '', '', '', '[]')");
    install.update("a", json!({"fields": [
        {"name": "y", "type": "text", "id": "fx"}, {"name": "x", "type": "text", "id": "fy"}, {"name": "n", "type": "number"},
        {"name": "s", "type": "select", "id": "fs", "values": ["a", "b"], "maxSelect": 2}, {"name": "m", "type": "select", "id": "fm", "values": ["a", "b"]}]}));
    for (sql, expect) in [
        ("select x from a order by id", ["Y", ""]),
        ("select y from a order by id", ["X", ""]),
        ("select s from a order by id", ["[\"a\"]", "[]"]),
        ("select m from a order by id", ["b", ""]),
        ("select n from a order by id", ["0", "0"]),
    ] {
        assert_eq!(install.column(sql), expect, "{sql}");
    }
    assert!(
        install
            .column("select name from pragma_table_info('a') where name not in ('id','x','y','s','m','n')")
            .is_empty()
    );
}

#[test]
fn null_comes_and_goes() {
    let install = install();
    let fields = |nullable: bool| {
        json!({"fields": [
        {"name": "t", "type": "text", "id": "ft", "nullable": nullable}, {"name": "n", "type": "number", "id": "fn", "nullable": nullable},
        {"name": "m", "type": "select", "id": "fm", "values": ["a", "b"], "maxSelect": 2, "nullable": nullable}]})
    };
    let mut body = fields(false);
    body["name"] = "a".into();
    install.create(body);
    install.run("insert into a (id, t) values ('1', 'x')");
    install.update("a", fields(true));
    install.run("insert into a (id) values ('2')");
    assert_eq!(install.column("select t from a order by id"), ["x", "NULL"]);
    assert_eq!(install.column("select n from a order by id"), ["0", "NULL"]);
    install.update("a", fields(false));
    assert_eq!(install.column("select t from a order by id"), ["x", ""]);
    assert_eq!(install.column("select n from a order by id"), ["0", "0"]);
    assert_eq!(install.column("select m from a order by id"), ["[]", "[]"]);
}
