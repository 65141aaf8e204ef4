//! The data folder that every test starts from: a small magazine with people, articles, tags, comments, a view and
//! something that only superusers see.
//!
//! It is made once per process, by the program itself, and kept in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use holdall::app::{App, superusers};
use holdall::base::Secret;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::harness::{TestApp, id};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse";
/// The superuser's address.
pub const ROOT: &str = "root@holdall.test";

/// A data folder and tokens that are valid in every copy of it.
pub struct Template {
    files: Vec<(PathBuf, Vec<u8>)>,
    /// By handle.
    pub tokens: BTreeMap<String, String>,
}

impl Template {
    /// The folder, once more.
    pub fn copy(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, bytes) in &self.files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
            std::fs::write(path, bytes).expect("files can be written");
        }
        folder
    }
}

/// The template of this process.
pub fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let mut app = TestApp::empty();
        app.wait(fill(app.app()));
        let tokens: BTreeMap<String, String> = sign_everybody_in(&app).into_iter().collect();
        // Tests begin with an empty log.
        app.with_token(&tokens["root"]).delete("/api/logs").expect(204);
        let mut files = Vec::new();
        app.while_stopped(|folder| read_files(folder, Path::new(""), &mut files));
        Template { files, tokens }
    })
}

fn read_files(root: &Path, below: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(root.join(below)).expect("the data folder can be read") {
        let entry = entry.expect("the data folder can be read");
        let path = below.join(entry.file_name());
        match entry.file_type().expect("files have a type").is_dir() {
            true => read_files(root, &path, files),
            false => files.push((path.clone(), std::fs::read(root.join(&path)).expect("files can be read"))),
        }
    }
}

/// Makes the collections, the records and one superuser.
async fn fill(app: &App) {
    superusers::create(app, ROOT, Secret::new(PASSWORD)).await.expect("the superuser can be made");
    let rows = rows().into_iter().map(|(collection, body)| match body {
        Json::Object(body) => (collection.to_owned(), body),
        other => panic!("{other} is no record"),
    });
    app.seed(&collections(), rows.collect()).await.expect("the fixture is valid");
}

fn sign_everybody_in(app: &TestApp) -> Vec<(String, String)> {
    let sign_in = |(handle, collection, identity): (&str, &str, &str)| {
        let path = format!("/api/collections/{collection}/auth-with-password");
        let answer = app.guest().post(&path, json!({"identity": identity, "password": PASSWORD})).expect(200);
        (handle.to_owned(), answer["token"].as_str().expect("a token").to_owned())
    };
    [
        ("ada", "people", "ada@holdall.test"),
        ("bob", "people", "bob@holdall.test"),
        ("eve", "people", "eve@holdall.test"),
        ("max", "people", "max@holdall.test"),
        ("sam", "staff", "sam@holdall.test"),
        ("root", "_superusers", ROOT),
    ]
    .map(sign_in)
    .into()
}

/// What auth collections begin with; hashing at the lowest cost.
pub fn auth_fields(more: Json) -> Json {
    let mut fields = vec![json!({
        "name": "password", "type": "password", "system": true, "hidden": true, "required": true, "min": 8, "cost": 4,
    })];
    fields.extend(more.as_array().cloned().unwrap_or_default());
    Json::from(fields)
}

const OWN: &str = "id = @request.auth.id || @request.auth.role = 'manager'";
const OWNER: &str = "owner = @request.auth.id || @request.auth.role = 'manager'";

fn collections() -> Json {
    let readable = format!("state = 'public' || {OWNER}");
    json!([
        {
            "id": "c_people", "name": "people", "type": "auth",
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": OWN, "deleteRule": OWN,
            "manageRule": "@request.auth.role = 'manager'", "authRule": "banned = false",
            "passwordAuth": {"enabled": true, "identityFields": ["email", "handle"]},
            "fields": auth_fields(json!([
                {"name": "handle", "type": "text", "required": true},
                {"name": "role", "type": "select", "values": ["reader", "manager"], "hidden": false},
                {"name": "badge", "type": "text", "hidden": true},
                {"name": "banned", "type": "bool", "hidden": true},
                {"name": "friend", "type": "relation", "collectionId": "c_people"},
            ])),
            "indexes": ["CREATE UNIQUE INDEX people_handle ON people (handle)"],
        },
        {
            "id": "c_staff", "name": "staff", "type": "auth",
            "listRule": "", "viewRule": "", "createRule": null, "updateRule": null, "deleteRule": null,
            "fields": auth_fields(json!([{"name": "room", "type": "text"}])),
        },
        {
            "id": "c_tags", "name": "tags", "type": "base",
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
            "fields": [{"name": "name", "type": "text", "required": true}],
            "indexes": ["CREATE UNIQUE INDEX tags_name ON tags (name)"],
        },
        {
            "id": "c_articles", "name": "articles", "type": "base",
            "listRule": readable, "viewRule": readable,
            "createRule": "@request.auth.id != '' && owner = @request.auth.id",
            "updateRule": OWNER, "deleteRule": OWNER,
            "fields": [
                {"name": "title", "type": "text", "required": true},
                {"name": "state", "type": "select", "values": ["draft", "public"], "default": "draft"},
                {"name": "owner", "type": "relation", "collectionId": "c_people"},
                {"name": "tags", "type": "relation", "collectionId": "c_tags", "maxSelect": 9},
                {"name": "note", "type": "text", "hidden": true},
                {"name": "price", "type": "number", "nullable": true},
                {"name": "stock", "type": "number", "default": 5},
                {"name": "extra", "type": "json"},
                {"name": "created", "type": "autodate", "onCreate": true},
            ],
        },
        {
            "id": "c_comments", "name": "comments", "type": "base",
            "listRule": "", "viewRule": "", "createRule": "@request.auth.id != ''",
            "updateRule": null, "deleteRule": null,
            "fields": [
                {"name": "text", "type": "text"},
                {"name": "article", "type": "relation", "collectionId": "c_articles", "cascadeDelete": true},
            ],
        },
        {
            "id": "c_vault", "name": "vault", "type": "base",
            "fields": [
                {"name": "content", "type": "text"},
                {"name": "owner", "type": "relation", "collectionId": "c_people"},
            ],
        },
        {
            "id": "c_headlines", "name": "headlines", "type": "view", "listRule": "", "viewRule": "",
            "viewQuery": "SELECT id, title, owner, price FROM articles WHERE state = 'public'",
        },
    ])
}

fn rows() -> Vec<(&'static str, Json)> {
    let person = |handle: &str, role: &str| {
        json!({
            "id": id(handle), "handle": handle, "email": format!("{handle}@holdall.test"), "role": role,
            "badge": format!("badge of {handle}"), "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": true,
        })
    };
    let article = |name: &str, owner: &str, state: &str, tags: &[&str]| {
        let tags: Vec<String> = tags.iter().map(|tag| id(tag)).collect();
        json!({
            "id": id(name), "title": name, "owner": id(owner), "state": state, "tags": tags,
            "note": format!("note on {name}"),
        })
    };
    vec![
        ("people", person("ada", "reader")),
        ("people", person("bob", "reader")),
        ("people", person("eve", "reader")),
        ("people", person("max", "manager")),
        (
            "staff",
            json!({"id": id("sam"), "email": "sam@holdall.test", "password": PASSWORD, "passwordConfirm": PASSWORD}),
        ),
        ("tags", json!({"id": id("red"), "name": "red"})),
        ("tags", json!({"id": id("blue"), "name": "blue"})),
        ("articles", article("first", "ada", "public", &["red", "blue"])),
        ("articles", article("second", "ada", "draft", &["red"])),
        ("articles", article("third", "bob", "public", &[])),
        ("articles", article("fourth", "bob", "draft", &["blue"])),
        ("comments", json!({"id": id("hello"), "text": "hello", "article": id("first")})),
        ("comments", json!({"id": id("secret"), "text": "secret", "article": id("fourth")})),
        ("vault", json!({"id": id("gold"), "content": "gold", "owner": id("ada")})),
    ]
}
