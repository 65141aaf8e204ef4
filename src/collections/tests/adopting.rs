//! Taking over definitions of another program.

use super::*;
use crate::collections::{Remark, adopt};

/// A database without any collection.
fn empty() -> Install {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(StoreOptions::new(folder.path()), load_schema).expect("an empty folder can be opened");
    Install { store, _folder: folder }
}

impl Install {
    fn adopt(&self, items: Json) -> Vec<Remark> {
        let items: Vec<_> = items.as_array().expect("a list").iter().cloned().map(object).collect();
        let remarks = self.write(move |tx| {
            let remarks = adopt(tx, &items)?;
            bootstrap(tx)?;
            Ok(remarks)
        });
        remarks.unwrap_or_else(|error| panic!("{}", describe(&error)))
    }
}

/// `collection part`, with a `!` in front of losses.
fn told(remarks: &[Remark]) -> Vec<String> {
    let told = |r: &Remark| format!("{}{} {}", if r.is_loss { "!" } else { "" }, r.collection, r.part);
    remarks.iter().map(told).map(|text| text.trim_end().to_owned()).collect()
}

fn secrets(options: Json) -> Json {
    let mut options = options;
    for key in ["authToken", "passwordResetToken", "emailChangeToken", "verificationToken", "fileToken"] {
        if options[key].is_null() {
            options[key] = json!({"secret": format!("{key:x<40}"), "duration": 600});
        }
    }
    options
}

#[test]
fn what_is_right_stays_as_it_is() {
    let install = empty();
    let remarks = install.adopt(json!([
        {"id": "v2", "name": "second", "type": "view", "viewQuery": "SELECT id, n FROM first", "listRule": "n != ''", "fields": []},
        {"id": "v1", "name": "first", "type": "view", "viewQuery": "SELECT id, name AS n FROM things", "fields": []},
        {"id": "c1", "name": "things", "type": "base", "created": "2020-01-01 00:00:00.000Z", "updated": "2021-01-01 00:00:00.000Z",
            "listRule": "", "viewRule": "owner = @request.auth.id", "system": false,
            "fields": [{"id": "f1", "name": "name", "type": "text", "help": null}, {"id": "f2", "name": "owner", "type": "relation", "collectionId": "c2", "maxSelect": 1}],
            "indexes": ["CREATE INDEX `i` ON `things` (`name`)"]},
        secrets(json!({"id": "c2", "name": "people", "type": "auth", "authRule": "verified = true", "fields": [],
            "oauth2": {"enabled": true, "providers": [{"name": "github", "clientId": "a", "clientSecret": "b", "pkce": null}]}})),
    ]));
    assert_eq!(told(&remarks), [] as [&str; 0], "{remarks:?}");
    let things = install.get("things");
    assert_eq!((things.id.as_str(), things.created.as_str()), ("c1", "2020-01-01 00:00:00.000Z"));
    assert_eq!(things.updated, "2021-01-01 00:00:00.000Z");
    let ids: Vec<&str> = things.fields.iter().map(|field| field.id.as_str()).collect();
    assert!(ids.contains(&"f1") && ids.contains(&"f2"), "{ids:?}");
    let people = install.get("people");
    let auth = people.auth().expect("it is one");
    assert_eq!(auth.auth_token.secret.expose(), format!("{:x<40}", "authToken"));
    assert_eq!(auth.oauth2.providers[0].client_secret.expose(), "b");
    assert_eq!(install.get("second").fields.len(), 2);
    assert!(install.store.schema().find("users").is_none() && install.store.schema().find("_otps").is_some());
    assert!(install.column("SELECT n FROM second").is_empty());
    assert_eq!(install.column("SELECT name FROM sqlite_schema WHERE name = 'i'"), ["i"]);
}

#[test]
fn what_is_wrong_gives_way_to_the_side_that_opens_nothing() {
    let install = empty();
    let remarks = install.adopt(json!([
        {"id": "c1", "name": "things", "type": "base", "listRule": "nope = 1", "viewRule": "((", "createRule": "",
            "fields": [{"name": "a", "type": "text", "pattern": "(?<x"}, {"name": "b", "type": "relation", "collectionId": "gone"},
                {"name": "c d", "type": "text"}, {"name": "e", "type": "nonsense"}],
            "indexes": ["CREATE INDEX `i` ON `things` (`nope`)", "DROP TABLE things", "CREATE INDEX `j` ON `things` (`a`)"]},
        {"id": "c2", "name": "Things", "type": "base"},
        {"id": "c3", "name": "_files", "type": "base"},
        {"id": "../c4", "name": "c4", "type": "base"},
        {"id": "c5", "name": "odd", "type": "nonsense"},
        {"id": "v1", "name": "v1", "type": "view", "viewQuery": "SELECT id FROM _sessions"},
        {"id": "v2", "name": "v2", "type": "view", "viewQuery": "SELECT id FROM v1"},
        secrets(json!({"id": "c6", "name": "people", "type": "auth", "fields": [], "authRule": "nope = 1", "manageRule": "nope = 1",
            "passwordAuth": {"enabled": true, "identityFields": ["email", "nope"]}, "authToken": {"secret": "short", "duration": 1},
            "oauth2": {"enabled": true, "providers": [{"name": "unheard-of", "clientId": "a", "clientSecret": "b"}]}})),
    ]));
    let told = told(&remarks);
    for expect in [
        "!things listRule",
        "!things viewRule",
        "things a.pattern",
        "!things b",
        "!things c d",
        "!things e",
        "things indexes",
        "!Things",
        "!_files",
        "!c4",
        "!odd",
        "!v1 viewQuery",
        "!v2 viewQuery",
        "!people authRule",
        "!people manageRule",
        "!people passwordAuth.identityFields",
        "!people authToken.secret",
        "people authToken.duration",
        "!people oauth2.providers.0.name",
    ] {
        assert!(told.iter().any(|text| text == expect), "{expect} in {told:#?}");
    }
    let things = install.get("things");
    assert_eq!((&things.rules.list, &things.rules.view, things.rules.create.as_deref()), (&None, &None, Some("")));
    assert_eq!(things.indexes, ["CREATE INDEX `j` ON `things` (`a`)"]);
    assert_eq!(things.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["id", "a"]);
    let people = install.get("people");
    let auth = people.auth().expect("it is one");
    assert_eq!((&auth.auth_rule, &auth.manage_rule), (&None, &None));
    assert_eq!(auth.password_auth.identity_fields, ["email"]);
    assert!(auth.oauth2.providers.is_empty() && auth.auth_token.secret.expose().len() >= 30);
    assert!(install.store.schema().find("v1").is_none());
}

#[test]
fn nobody_becomes_a_superuser() {
    let install = empty();
    let remarks = install.adopt(json!([
        secrets(json!({"id": "pbc_3142635823", "name": "people", "type": "auth", "createRule": "", "fields": []})),
        secrets(json!({"id": "mine", "name": "_Superusers", "type": "auth", "createRule": "", "listRule": "", "authRule": null, "manageRule": "id != ''",
            "fields": [{"name": "password", "type": "password", "hidden": false}, {"name": "tokenKey", "type": "text", "hidden": false}, {"name": "extra", "type": "text"}]})),
        {"id": "x", "name": "_externalAuths", "type": "base", "createRule": "", "listRule": "", "fields": [{"name": "provider", "type": "number"}]},
    ]));
    let superusers = install.get("_superusers");
    assert_eq!(superusers.id, "pbc_3142635823");
    assert_eq!(superusers.rules, Default::default());
    let auth = superusers.auth().expect("it is one");
    assert_eq!((auth.auth_rule.as_deref(), &auth.manage_rule), (Some(""), &None));
    assert!(superusers.system && superusers.field("extra").is_some());
    for name in ["password", "tokenKey"] {
        assert!(superusers.field(name).is_some_and(|field| field.hidden && field.system), "{name}");
    }
    assert!(install.store.schema().find("people").is_none(), "{remarks:?}");
    let links = install.get("_externalAuths");
    assert!(links.rules.create.is_none() && links.field("provider").is_some_and(|f| f.kind.type_name() == "text"));
    assert_eq!(links.indexes.len(), 2);
}

#[test]
fn it_is_only_for_empty_databases() {
    let install = install();
    assert!(install.write(|tx| adopt(tx, &[])).is_err());
}
