//! Views: fields from queries, and what they may reveal.

use super::*;
use crate::collections::dry_run_view;
use crate::domain::CollectionKind;

fn with_posts() -> Install {
    let install = install();
    install.create(json!({"name": "posts", "fields": [
        {"name": "title", "type": "text", "max": 70}, {"name": "n", "type": "number"}, {"name": "secret", "type": "text", "hidden": true},
        {"name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2}]}));
    install.run("insert into posts (id, title, n, tags) values ('p1', 'one', 1, '[\"a\"]'), ('p2', 'two', 2, '[]')");
    install
}

/// The fields as `name type` with `!` behind hidden ones.
fn check_fields(install: &Install, query: &str, expect: &[&str]) {
    let view = install
        .create(json!({"name": "v", "type": "view", "viewQuery": query, "fields": [{"garbage": 1, "type": "text"}]}));
    let found: Vec<String> = view
        .fields
        .iter()
        .map(|field| format!("{} {}{}", field.name, field.kind.type_name(), if field.hidden { "!" } else { "" }))
        .collect();
    assert_eq!(found, expect, "{query}");
    install.delete("v").expect("a view can be deleted");
}

#[test]
fn fields_follow_from_the_query() {
    let install = with_posts();
    check_fields(
        &install,
        "select id, title, tags as labels, n from posts;",
        &["id text", "title text", "labels select", "n number"],
    );
    check_fields(
        &install,
        "select p.id, sum(n) s, count(*) c, total(n) t, cast(n as int) i, cast(n as text) x, cast(n as bool) b, n + 1 m, 'x' l from posts p group by p.id",
        &["id text", "s json", "c number", "t number", "i number", "x text", "b bool", "m json", "l json"],
    );
    check_fields(
        &install,
        "select p.id as id, q.id as other from posts p, posts q where p.id = q.id",
        &["id text", "other relation"],
    );
    check_fields(
        &install,
        "with x as (select id, title from posts) select id, title from x",
        &["id text", "title text"],
    );
    check_fields(&install, "select (row_number() over ()) as id, title from posts", &["id text", "title text"]);
    let view = install.create(json!({"name": "v", "type": "view", "viewQuery": "select id, title from posts"}));
    assert_eq!(view.fields[1].to_json()["max"], 70);
    assert!(view.fields[1].id.starts_with("_clone_"));
}

#[test]
fn what_is_hidden_stays_hidden() {
    let install = with_posts();
    install.run("insert into users (id, email, tokenKey, password) values ('u1', 'a@b.co', 'k', 'h')");
    for (query, expect) in [
        ("select id, secret from posts", "secret text!"),
        ("select id, secret as s from posts", "s text!"),
        ("select id, lower(SECRET) as s from posts", "s json!"),
        ("select id, lower([secret]) as s from posts", "s json!"),
        ("select id, password as p from users", "p password!"),
        ("select id, (select tokenKey from users) as p from posts", "p text!"),
        ("select id, p from (select id, password as p from users)", "p password!"),
        ("with x as (select id, substr(password, 1) as p from users) select id, p from x", "p json!"),
        (
            "with x (a, b, c, d, e, f, g, h, i, j) as (select * from users) select a as id, lower(b) as p from x",
            "p json!",
        ),
        ("select u.id, j.value as p from users u, json_each(json_array(u.password)) j", "p json!"),
    ] {
        check_fields(&install, query, &["id text", expect]);
    }
    for query in [
        "select password as id from users",
        "select lower(tokenKey) as id from users",
        // Nobody can tell which of the two an id or a value comes from.
        "select id, p from (select id, title as p from posts union select id, password as p from users)",
    ] {
        expect_errors(
            install.try_create(json!({"name": "v", "type": "view", "viewQuery": query})),
            &["fields validation_required", "viewQuery validation_invalid_view_query"],
        );
    }
    install.create(json!({"name": "v1", "type": "view", "viewQuery": "select id, lower(secret) as s from posts"}));
    check_fields(&install, "select id, s || 'x' as t from v1", &["id text", "t json!"]);
}

#[test]
fn unusable_queries_are_refused() {
    let install = with_posts();
    for query in [
        "select title from posts",
        "select * from posts",
        "select id from posts; select 1",
        "select id, zz from posts",
        "select id from zzz",
        "select '' as id",
        "select 'a' as id, title from posts",
        "select null as id",
        "values ('a')",
        "delete from posts returning id",
        "select id, title from posts union select id, title from posts",
        "select id, title as \"a b\" from posts",
        "select id from posts) union select (1",
        "pragma user_version",
        "select max(n) as id from posts where n > 5",
    ] {
        let error = install.try_create(json!({"name": "v", "type": "view", "viewQuery": query})).expect_err(query);
        let code = error.fields().code("viewQuery").or(error.fields().code("fields.1.name"));
        assert!(code.is_some(), "{query}: {}", describe(&error));
    }
    expect_errors(
        install.try_create(json!({"name": "v", "type": "view", "viewQuery": ""})),
        &["fields validation_required", "viewQuery validation_required"],
    );
    expect_errors(
        install.try_create(json!({"name": "v", "type": "view", "viewQuery": "select id from posts", "createRule": "", "indexes": ["x"]})),
        &["createRule validation_nil", "indexes validation_indexes_not_supported"],
    );
}

#[test]
fn the_tables_of_the_program_are_its_own() {
    let install = with_posts();
    let tables = install.column("select name from sqlite_master where type = 'table'");
    let own: Vec<String> = tables.into_iter().filter(|name| install.store.schema().find(name).is_none()).collect();
    assert!(own.len() >= 9 && own.iter().any(|name| name == "_mails"), "{own:?}");
    for name in own.iter().map(String::as_str).chain(["sqlite_schema"]) {
        let error = install.try_create(json!({"name": name})).expect_err(name);
        assert_eq!(error.fields().code("name"), Some("validation_collection_name_invalid"), "{name}");
        for query in [
            format!("select id from {name}"),
            format!("select p.id, s.rowid as r from posts p, \"{}\" s", name.to_uppercase()),
            format!("select id, title from posts where exists (select 1 from main.'{name}')"),
            format!("with x as (select 1 from [{name}]) select posts.id from posts, x"),
        ] {
            let error = install.try_create(json!({"name": "v", "type": "view", "viewQuery": query}));
            let error = error.expect_err(&query);
            assert_eq!(error.fields().code("viewQuery"), Some("validation_invalid_view_query"), "{query}");
            assert!(describe(&error).contains("belongs to the server"), "{query}: {}", describe(&error));
        }
    }
}

#[test]
fn views_follow_their_collections() {
    let install = with_posts();
    install.create(json!({"name": "v", "type": "view", "viewQuery": "select id, title from posts"}));
    install.create(json!({"name": "w", "type": "view", "viewQuery": "select id, title as t from v"}));
    expect_errors(install.delete("v"), &[]);
    expect_errors(install.delete("posts"), &[]);
    let fields: Vec<Json> = install
        .get("posts")
        .fields
        .iter()
        .map(|field| {
            let mut definition = field.to_json();
            if field.name == "title" {
                definition["max"] = 5.into();
            }
            definition
        })
        .collect();
    install.update("posts", json!({ "fields": fields }));
    assert_eq!(install.get("w").fields[1].to_json()["max"], 5);
    install.update("v", json!({"viewQuery": "select id, title, n from posts", "listRule": "n > 1"}));
    assert_eq!(install.get("v").fields.len(), 3);
    assert_eq!(install.column("select t from w order by id"), ["one", "two"]);
    expect_errors(install.try_update("posts", json!({"fields": []})), &[]);
    assert_eq!(install.get("posts").fields.len(), 5, "what a view needs can't be dropped");
    install.delete("w").expect("nothing needs it");
    install.delete("v").expect("nothing needs it any more");
    install.update("posts", json!({"fields": []}));
}

#[test]
fn texts_in_double_quotes_become_texts() {
    let install = with_posts();
    let query = "select id, \"title\" as t, \"x\" || \"it's\" as x from posts where \"title\" = \"one\"";
    let view = install.create(json!({"name": "v", "type": "view", "viewQuery": query}));
    let mended = "select id, \"title\" as t, 'x' || 'it''s' as x from posts where \"title\" = 'one'";
    assert_eq!(view.kind, CollectionKind::View(mended.to_owned()));
    assert_eq!(install.column("select t || x from v"), ["onexit's"]);
    expect_errors(
        install
            .try_create(json!({"name": "w", "type": "view", "viewQuery": "select id, posts.\"zz\" as z from posts"})),
        &["fields validation_required", "viewQuery validation_invalid_view_query"],
    );
}

#[test]
fn a_dry_run_shows_fields_and_a_sample() {
    let install = with_posts();
    let try_body = |body: Json| {
        let body = object(body);
        install.store.read_blocking(move |tx| dry_run_view(tx, &body))
    };
    let run = |query: &str| try_body(json!({ "query": query }));
    let shown: Json =
        serde_json::from_str(&run("select id, tags, secret from posts order by id").expect("a query")).expect("JSON");
    assert_eq!(shown["fields"].as_array().map(Vec::len), Some(3));
    assert_eq!((&shown["sample"][0]["id"], &shown["sample"][0]["tags"]), (&json!("p1"), &json!(["a"])));
    assert!(shown["sample"][0].get("secret").is_none());
    expect_errors(run(""), &["query validation_required"]);
    expect_errors(run("select 1 as x"), &[]);
    expect_errors(try_body(json!({"query": 5})), &[]);
    expect_errors(run(&"x".repeat(5001)), &["query validation_length_too_long"]);
}
