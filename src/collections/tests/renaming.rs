//! New names reach everything that mentions the old ones.

use super::*;

#[test]
fn renames_are_carried_through() {
    let install = install();
    let posts = install
        .create(json!({"name": "posts", "listRule": "title != ''", "indexes": ["create index it on posts (title)"],
        "fields": [{"name": "title", "type": "text", "id": "ft"}]}));
    install.create(
        json!({"name": "comments", "fields": [{"name": "post", "type": "relation", "collectionId": posts.id.clone()}]}),
    );
    install.update("comments", json!({"listRule": "post.title = 'a' && @collection.posts.title != ''"}));
    install.create(json!({"name": "v", "type": "view", "viewQuery": "select id, title from posts"}));
    install.run("insert into posts (id, title) values ('1', 'hello')");
    install.update("posts", json!({"name": "articles", "fields": [{"name": "headline", "type": "text", "id": "ft"}]}));
    let articles = install.get("articles");
    assert_eq!(articles.rules.list.as_deref(), Some("headline != ''"));
    assert_eq!(articles.indexes, ["CREATE INDEX `it` ON `articles` (`headline`)"]);
    assert_eq!(
        install.get("comments").rules.list.as_deref(),
        Some("post.headline = 'a' && @collection.articles.headline != ''")
    );
    assert_eq!(install.column("select title from v"), ["hello"]);
    assert_eq!(install.column("select sql from sqlite_master where name = 'it'"), articles.indexes);
    install.update("articles", json!({"name": "ARTICLES"}));
    assert_eq!(install.column("select title from v"), ["hello"]);
    assert_eq!(
        install.column("select name from sqlite_master where name like 'articles' and type = 'table'"),
        ["ARTICLES"]
    );
}

#[test]
fn what_the_client_updated_itself_wins() {
    let install = install();
    install.create(json!({"name": "a", "listRule": "t != ''", "fields": [{"name": "t", "type": "text", "id": "ft"}]}));
    install.update("a", json!({"listRule": "u = 'mine'", "fields": [{"name": "u", "type": "text", "id": "ft"}]}));
    assert_eq!(install.get("a").rules.list.as_deref(), Some("u = 'mine'"));
    expect_errors(
        install.try_update("a", json!({"listRule": "u = 'x'", "fields": [{"name": "w", "type": "text", "id": "ft"}]})),
        &["listRule validation_invalid_rule"],
    );
    expect_errors(
        install.try_update("a", json!({"fields": [{"name": "other", "type": "text"}]})),
        &["listRule validation_invalid_rule"],
    );
}

#[test]
fn identity_fields_and_mapped_fields_follow() {
    let install = install();
    let indexes = json!(["create unique index un on users (name)"]);
    install.update("users", json!({"indexes": indexes, "passwordAuth": {"identityFields": ["email", "name"]}}));
    let fields: Vec<Json> = install
        .get("users")
        .fields
        .iter()
        .map(|field| {
            let mut definition = field.to_json();
            if field.name == "name" {
                definition["name"] = "nick".into();
            }
            definition
        })
        .collect();
    let users = install.update("users", json!({ "fields": fields }));
    let auth = users.auth().expect("auth");
    assert_eq!(auth.password_auth.identity_fields, ["email", "nick"]);
    assert_eq!(auth.oauth2.mapped_fields.name, "nick");
}
