//! A small fixed schema, for tests of resolution and of the statements made from plans.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::domain::field::text::TextOptions;
use crate::domain::{Collection, CollectionKind, Field, FieldKind, Rules, Schema};

/// Users who write messages in rooms; a vault that only superusers open; a view.
pub fn schema() -> Schema {
    let users = vec![
        field("email", "email", json!({})),
        field("emailVisibility", "bool", json!({})),
        field("password", "password", json!({"hidden": true})),
        field("tokenKey", "text", json!({"hidden": true})),
        field("name", "text", json!({})),
        field("age", "number", json!({})),
        field("prefs", "json", json!({})),
        field("secret", "text", json!({"hidden": true})),
        relation("home", "rooms", 1, false),
        relation("friends", "users", 9, false),
    ];
    let rooms = vec![
        field("name", "text", json!({})),
        relation("members", "users", 9, false),
        relation("owner", "users", 1, false),
        relation("parent", "rooms", 1, false),
        field("secret", "text", json!({"hidden": true})),
    ];
    let messages = vec![
        relation("room", "rooms", 1, false),
        relation("author", "users", 1, false),
        relation("cc", "users", 9, false),
        relation("hidden_rel", "users", 1, true),
        field("text", "text", json!({})),
        field("score", "number", json!({})),
        field("pinned", "bool", json!({})),
        field("meta", "json", json!({})),
        field("place", "geoPoint", json!({})),
        field("at", "date", json!({})),
        field("kinds", "select", json!({"values": ["a", "b"], "maxSelect": 2})),
        field("mood", "select", json!({"values": ["a", "b"], "maxSelect": 1})),
        field("pin", "password", json!({})),
        field("note", "text", json!({"nullable": true})),
        field("secret", "text", json!({"hidden": true})),
        field("created", "autodate", json!({"onCreate": true})),
    ];
    let profiles = vec![relation("user", "users", 1, false), field("bio", "text", json!({}))];
    let vault = vec![relation("message", "messages", 1, false), field("content", "text", json!({}))];
    let totals = vec![field("total", "number", json!({})), relation("cc", "users", 9, false)];
    let view = CollectionKind::View("SELECT id, score AS total, cc FROM messages".to_owned());
    let mut messages = collection("messages", CollectionKind::Base, messages, Some(""));
    messages.indexes = vec![
        "CREATE INDEX `by_room` ON `messages` (`room`, `created`)".to_owned(),
        "CREATE INDEX `by_author` ON `messages` (`author`)".to_owned(),
    ];
    let mut profiles = collection("profiles", CollectionKind::Base, profiles, Some(""));
    profiles.indexes = vec!["CREATE UNIQUE INDEX `one_each` ON `profiles` (`user`)".to_owned()];
    let rooms_rule = Some("members.id ?= @request.auth.id");
    Schema::new(vec![
        Arc::new(collection("users", CollectionKind::Auth(Box::default()), users, Some(""))),
        Arc::new(collection("rooms", CollectionKind::Base, rooms, rooms_rule)),
        Arc::new(messages),
        Arc::new(profiles),
        Arc::new(collection("vault", CollectionKind::Base, vault, None)),
        Arc::new(collection("totals", view, totals, Some(""))),
    ])
}

fn collection(name: &str, kind: CollectionKind, fields: Vec<Field>, list: Option<&str>) -> Collection {
    let options = TextOptions { primary_key: true, ..TextOptions::default() };
    let mut all = vec![Field::new("id", FieldKind::Text(options))];
    all.extend(fields);
    Collection {
        id: format!("id_{name}"),
        name: name.to_owned(),
        kind,
        system: false,
        rules: Rules { list: list.map(str::to_owned), ..Rules::default() },
        fields: all,
        indexes: Vec::new(),
        created: String::new(),
        updated: String::new(),
    }
}

fn relation(name: &str, target: &str, max: u32, hidden: bool) -> Field {
    field(name, "relation", json!({"collectionId": format!("id_{target}"), "maxSelect": max, "hidden": hidden}))
}

fn field(name: &str, kind: &str, options: Json) -> Field {
    let mut definition = json!({"name": name, "type": kind, "id": name});
    let definition = definition.as_object_mut().expect("an object");
    definition.extend(options.as_object().expect("options are an object").clone());
    Field::from_json(definition).expect("a valid definition")
}
