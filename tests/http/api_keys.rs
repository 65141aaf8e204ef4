//! API keys: what they look like, what they open, what ends them; and that a scope holds on every route.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::browser::Browser;
use crate::coverage::ROUTES;
use crate::fixture::PASSWORD;
use crate::harness::{Answer, Principal, TestApp, collection, id, item, record, records, text, url};

/// Makes a key and returns its text.
#[track_caller]
fn key(who: &Principal<'_>, scope: Json) -> String {
    text(&who.post("/api/keys", json!({"name": "a key", "scope": scope})).expect(200)["key"])
}

#[test]
fn a_key_is_shown_once_and_opens_what_its_owner_may() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let made = ada.post("/api/keys", json!({"name": " Backup script ", "scope": null})).expect(200);
    let secret = text(&made["key"]);
    assert!(secret.starts_with(&format!("holdall_{}_", text(&made["id"]))), "{secret}");
    assert_eq!((&made["name"], &made["scope"], &made["expires"]), (&json!("Backup script"), &Json::Null, &json!("")));
    let listed = ada.get("/api/keys").expect(200);
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["key"]), (&made["id"], &Json::Null));
    assert!(!listed.to_string().contains(&secret[24..]));
    for header in [secret.clone(), format!("Bearer {secret}")] {
        let by_key = app.guest().call(Method::Get, "/api/session").header("Authorization", &header).send().expect(200);
        assert_eq!((&by_key["credential"], &by_key["keyId"]), (&json!("key"), &made["id"]));
        assert_eq!(by_key["record"]["email"], "ada@holdall.test");
    }
    let by_key = app.with_token(&secret);
    assert_eq!(by_key.items("articles", &[]), ada.items("articles", &[]));
    by_key.get("/api/collections").expect(403);
    by_key.create("comments", json!({"text": "by a program"}));
    // The secret in other places, or not quite right, is nothing.
    for wrong in [&secret[..secret.len() - 1], &secret.replace("holdall_", "holdall-"), &text(&made["id"])] {
        assert_eq!(app.with_token(wrong).get("/api/session").expect(200)["credential"], "none", "{wrong}");
    }
    let root = key(&app.as_superuser(), Json::Null);
    app.with_token(&root).get("/api/collections").expect(200);
}

#[test]
fn forms_for_keys_are_checked() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let long = "x".repeat(101);
    for (body, codes) in [
        (json!({}), &["name validation_required", "scope validation_required"][..]),
        (json!({"name": " ", "scope": null}), &["name validation_required"]),
        (json!({"name": 5, "scope": null}), &["name validation_required"]),
        (json!({"name": long, "scope": null}), &["name validation_length_out_of_range"]),
        (json!({"name": "x", "scope": {}}), &["scope validation_required"]),
        (json!({"name": "x", "scope": "all"}), &["scope validation_invalid_value"]),
        (json!({"name": "x", "scope": []}), &["scope validation_invalid_value"]),
        (json!({"name": "x", "scope": {"nothing": ["list"]}}), &["scope.nothing validation_invalid_value"]),
        (json!({"name": "x", "scope": {"tags": ["read"]}}), &["scope.tags validation_invalid_value"]),
        (json!({"name": "x", "scope": {"tags": "list"}}), &["scope.tags validation_invalid_value"]),
        (json!({"name": "x", "scope": {"tags": []}}), &["scope.tags validation_required"]),
        (json!({"name": "x", "scope": {"tags": ["LIST"]}}), &["scope.tags validation_invalid_value"]),
        (json!({"name": "x", "scope": null, "expires": "soon"}), &["expires validation_invalid_value"]),
        (json!({"name": "x", "scope": null, "expires": 5}), &["expires validation_invalid_value"]),
        (json!({"name": "x", "scope": null, "expires": "2020-01-01 00:00:00Z"}), &["expires validation_invalid_value"]),
        (json!({"name": "x", "scope": null, "collection": "people"}), &["record validation_required"]),
        (json!({"name": "x", "scope": null, "collection": 5}), &["collection validation_invalid_value"]),
    ] {
        ada.post("/api/keys", body).expect_codes(codes);
    }
    let good =
        json!({"name": "x", "scope": {"c_tags": ["view", "list"], "*": ["list"]}, "expires": "2999-01-01T00:00:00Z"});
    let made = ada.post("/api/keys", good).expect(200);
    assert_eq!(made["scope"], json!({"tags": ["list", "view"], "*": ["list"]}));
    assert_eq!(made["expires"], "2999-01-01 00:00:00.000Z");
    app.guest().post("/api/keys", json!({"name": "x", "scope": null})).expect(401);
    for number in 1..100 {
        ada.post("/api/keys", json!({"name": format!("{number}"), "scope": null})).expect(200);
    }
    ada.post("/api/keys", json!({"name": "one too many", "scope": null})).expect_codes(&[]);
    app.as_user("bob").post("/api/keys", json!({"name": "x", "scope": null})).expect(200);
}

#[test]
fn keys_belong_to_their_owner_and_to_superusers() {
    let app = TestApp::new();
    let (ada, bob, root) = (app.as_user("ada"), app.as_user("bob"), app.as_superuser());
    let made = ada.post("/api/keys", json!({"name": "x", "scope": null})).expect(200);
    let path = format!("/api/keys/{}", text(&made["id"]));
    bob.patch(&path, json!({"name": "mine"})).expect(404);
    bob.delete(&path).expect(404);
    app.guest().delete(&path).expect(401);
    ada.patch(&path, json!({"name": ""})).expect_codes(&["name validation_required"]);
    let renamed = ada.patch(&path, json!({"name": "y", "scope": {"tags": ["list"]}})).expect(200);
    assert_eq!((&renamed["name"], &renamed["scope"]), (&json!("y"), &Json::Null), "a scope never changes");
    let of_ada = url("/api/keys", &[("collection", "people"), ("record", &id("ada"))]);
    assert_eq!(root.get(&of_ada).expect(200)["items"][0]["name"], "y");
    bob.get(&of_ada).expect(403);
    assert_eq!(root.get("/api/keys").expect(200)["items"], json!([]));
    root.delete(&path).expect(204);
    assert!(is_dead(&app, &text(&made["key"])));
    // A superuser makes one for somebody else, which may what that one may.
    let form = json!({"name": "for bob", "scope": null, "collection": "people", "record": id("bob")});
    ada.post("/api/keys", form.clone()).expect(403);
    let made = root.post("/api/keys", form).expect(200);
    assert_eq!((&made["collectionId"], &made["recordId"]), (&json!("c_people"), &json!(id("bob"))));
    let by_key = app.with_token(&text(&made["key"]));
    assert_eq!(by_key.get("/api/session").expect(200)["record"]["id"], json!(id("bob")));
    by_key.get("/api/collections").expect(403);
}

fn is_dead(app: &TestApp, key: &str) -> bool {
    app.with_token(key).get("/api/session").expect(200)["credential"] == "none"
}

#[test]
fn keys_end_with_what_their_owner_is_signed_in_with() {
    let new_password = json!({"password": "another one", "passwordConfirm": "another one"});
    let app = TestApp::new();
    let root = app.as_superuser();
    for (what, body) in [
        ("password", new_password),
        ("e-mail", json!({"email": "new@holdall.test"})),
        ("disabled", json!({"banned": true})),
        ("token key", json!({"tokenKey": "t".repeat(50)})),
    ] {
        root.update("people", &id("ada"), json!({"banned": false, "email": "ada@holdall.test"}));
        let form = json!({"name": what, "scope": null, "collection": "people", "record": id("ada")});
        let secret = text(&root.post("/api/keys", form).expect(200)["key"]);
        root.update("people", &id("ada"), json!({"badge": "other"}));
        assert!(!is_dead(&app, &secret), "{what}");
        root.update("people", &id("ada"), body);
        assert!(is_dead(&app, &secret), "{what}");
        let listed = root.get(&url("/api/keys", &[("collection", "people"), ("record", &id("ada"))])).expect(200);
        assert_eq!(listed["items"], json!([]), "{what}: what has ended isn't listed");
    }
    let secret = key(&app.as_user("bob"), Json::Null);
    root.delete(&record("people", &id("bob"))).expect(204);
    assert!(is_dead(&app, &secret));
    let secret = key(&app.as_user("sam"), Json::Null);
    root.patch(&collection("staff"), json!({"authToken": {"secret": "s".repeat(50), "duration": 1000}})).expect(200);
    assert!(is_dead(&app, &secret));
}

#[test]
fn keys_end_at_their_date() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let soon = holdall::base::Timestamp::now().plus_seconds(1).to_string();
    let made = ada.post("/api/keys", json!({"name": "x", "scope": null, "expires": soon})).expect(200);
    let secret = text(&made["key"]);
    assert!((0..1_000_000).any(|_| is_dead(&app, &secret)), "the key never ends");
    // It is still listed, so that people see why it doesn't work, until it is cleaned away.
    let listed = || ada.get("/api/keys").expect(200)["items"].as_array().map_or(0, Vec::len);
    assert_eq!(listed(), 1);
    app.wait(app.app().run_job("__holdallCleanup__")).expect("the clean-up works");
    assert_eq!(listed(), 0);
}

#[test]
fn the_last_use_is_noted() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let secret = key(&ada, json!({"tags": ["list"]}));
    let last_used = || text(&ada.get("/api/keys").expect(200)["items"][0]["lastUsed"]);
    assert_eq!(last_used(), "");
    app.with_token(&secret).items("tags", &[]);
    // The note is made in the background: each request gives it a turn.
    assert!((0..100_000).any(|_| !last_used().is_empty()), "the use wasn't noted");
}

/// What no key may do, whatever its scope: all by which it could outlive itself.
#[test]
fn keys_make_nothing_that_outlives_them() {
    let app = TestApp::new();
    let (root_record, root) = (text(&app.as_superuser().items("_superusers", &[])[0]["id"]), app.as_superuser());
    let everything = json!(["list", "view", "create", "update", "delete"]);
    let all = json!({"*": everything, "_superusers": everything, "_externalAuths": everything, "_otps": everything});
    let secret = json!({"password": "another one", "passwordConfirm": "another one", "oldPassword": PASSWORD});
    for (owner, path_of_owner) in
        [(app.as_user("ada"), record("people", &id("ada"))), (root, record("_superusers", &root_record))]
    {
        let other = text(&owner.post("/api/keys", json!({"name": "other", "scope": null})).expect(200)["id"]);
        for scope in [Json::Null, all.clone()] {
            let by_key = app.with_token(&key(&owner, scope.clone()));
            let superuser = json!({
                "email": "new@holdall.test", "password": "another one", "passwordConfirm": "another one",
            });
            let link =
                json!({"collectionRef": "c_people", "recordRef": id("ada"), "provider": "google", "providerId": "x"});
            let login = json!({"identity": "bob", "password": PASSWORD});
            for answer in [
                by_key.get("/api/keys"),
                by_key.post("/api/keys", json!({"name": "child", "scope": null})),
                by_key.patch(&format!("/api/keys/{other}"), json!({"name": "x"})),
                by_key.delete(&format!("/api/keys/{other}")),
                by_key.get("/api/sessions"),
                by_key.delete("/api/sessions"),
                by_key.delete("/api/sessions/x"),
                by_key.post("/api/session/logout", json!({"everywhere": true})),
                by_key.post("/api/session/logout", json!({})),
                by_key.post("/api/collections/people/auth-refresh", json!({})),
                by_key.post("/api/collections/_superusers/auth-refresh", json!({})),
                by_key.post("/api/collections/people/auth-with-password", login),
                by_key.post(&format!("/api/collections/people/impersonate/{}", id("bob")), json!({})),
                by_key.post("/api/collections/people/request-email-change", json!({"newEmail": "new@holdall.test"})),
                by_key.get("/api/account/factors"),
                by_key.post("/api/account/totp", json!({"password": PASSWORD})),
                by_key.post("/api/account/recovery-codes", json!({"password": PASSWORD})),
                by_key.post(&records("_superusers"), superuser),
                by_key.post(&records("_externalAuths"), link),
                by_key.patch(&path_of_owner, secret.clone()),
                by_key.patch(&path_of_owner, json!({"email": "new@holdall.test"})),
                by_key.delete(&record("_superusers", &root_record)),
                by_key.delete(&format!("{}/truncate", collection("_superusers"))),
                by_key.delete(&format!("{}/truncate", collection("_externalAuths"))),
            ] {
                // Where a rule speaks first, a key learns as little as its owner would.
                assert!(matches!(answer.status, 400..=404), "{scope} {}: {}", answer.what, answer.text());
                assert!(answer.status != 401, "{}: a key isn't nobody", answer.what);
            }
            assert!(!is_dead(&app, &key(&owner, Json::Null)), "the owner's token key is as it was");
        }
    }
    assert_eq!(app.as_superuser().items("_superusers", &[]).len(), 1);
    assert_eq!(app.as_superuser().items("_externalAuths", &[]).len(), 0);
}

/// A superuser's key without a scope may migrate tables, and can't make them a way into accounts.
#[test]
fn keys_change_tables_and_nothing_that_opens_accounts() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let form = json!({"name": "v", "type": "view", "viewQuery": "SELECT id, title FROM articles"});
    root.post("/api/collections", form.clone()).expect(200);
    let by_key = app.with_token(&key(&root, Json::Null));
    let secret = "s".repeat(50);
    let providers = json!([{"name": "google", "clientId": "x", "clientSecret": "y"}]);
    let template = json!({"subject": "x", "body": "{TOKEN}"});
    let other_view = json!({"name": "w", "type": "view", "viewQuery": "SELECT id, email FROM _superusers"});
    let import = |item: Json| by_key.put("/api/collections/import", json!({"collections": [item]}));
    let before = root.get("/api/collections").text();
    for answer in [
        by_key.get("/api/mails"),
        by_key.get("/api/mails/x"),
        by_key.post("/api/collections", other_view.clone()),
        // Before the query is tried: from what is wrong with it one could learn what it has read.
        by_key.post("/api/collections", json!({"name": "w", "type": "view", "viewQuery": "SELECT 1"})),
        by_key.post("/api/collections/meta/dry-run-view", json!({"query": "SELECT id FROM articles"})),
        by_key.post("/api/collections", json!({"name": "w", "type": "auth"})),
        by_key.patch(&collection("v"), json!({"viewQuery": "SELECT id, email AS title FROM _superusers"})),
        by_key.patch(&collection("people"), json!({"authToken": {"secret": secret}})),
        by_key.patch(&collection("people"), json!({"passwordResetToken": {"secret": secret}})),
        by_key.patch(&collection("people"), json!({"oauth2": {"enabled": true, "providers": providers}})),
        by_key.patch(&collection("people"), json!({"resetPasswordTemplate": template})),
        by_key.patch(&collection("people"), json!({"manageRule": "id != ''"})),
        by_key.patch(&collection("_superusers"), json!({"authToken": {"secret": secret}})),
        by_key.patch(&collection("_otps"), json!({"fields": []})),
        import(other_view),
        import(json!({"name": "_superusers", "authToken": {"secret": secret}})),
        import(json!({"name": "people", "type": "auth", "authToken": {"secret": secret}})),
        import(json!({"name": "v", "type": "view", "viewQuery": "SELECT id, email AS title FROM _superusers"})),
        import(json!({"name": "w", "type": "auth"})),
    ] {
        answer.expect(403);
    }
    assert_eq!(root.get("/api/collections").text(), before);
    // Sent back as it was, nothing of this is a change.
    let exported = app.wait(app.app().export_collections()).expect("it can be exported");
    let exported: Json = serde_json::from_str(&exported).expect("JSON");
    by_key.put("/api/collections/import", json!({"collections": exported})).expect(204);
    let made = json!({"name": "new", "type": "base", "fields": [{"name": "title", "type": "text"}]});
    by_key.post("/api/collections", made).expect(200);
    by_key.patch(&collection("new"), json!({"listRule": "", "name": "newer"})).expect(200);
    by_key.patch(&collection("people"), json!({"listRule": null})).expect(200);
    import(json!({"name": "newer", "type": "base", "viewRule": ""})).expect(204);
    by_key.delete(&collection("newer")).expect(204);
}

// --------------------------------------------------------------------------------------------------------------- scopes

/// Requests that change something if they are let through, besides those of the table of all routes, which name what
/// only superusers may reach.
const CHANGES: &[(Method, &str)] = &[
    (Method::Patch, "/api/collections/tags"),
    (Method::Delete, "/api/collections/comments"),
    (Method::Delete, "/api/collections/comments/truncate"),
    (Method::Post, "/api/collections/people/auth-with-password"),
    (Method::Post, "/api/collections/people/auth-refresh"),
    (Method::Post, "/api/collections/people/impersonate/bob000000000000"),
    (Method::Post, "/api/collections/people/request-email-change"),
    (Method::Delete, "/api/sessions"),
    (Method::Post, "/api/keys"),
    (Method::Delete, "/api/account/factors"),
];

#[test]
fn a_key_that_may_only_read_writes_nothing_anywhere() {
    let app = TestApp::configured(|config| config.batch_enabled = true, Vec::new());
    let body = json!({
        "name": "new", "type": "base", "collections": [], "query": "SELECT id FROM tags", "content": "x", "scope": null,
        "identity": "ada@holdall.test", "password": PASSWORD, "everywhere": true,
    });
    let safe = |method: &Method| matches!(method, Method::Get | Method::Options);
    let every = ROUTES.iter().map(|(route, address, ..)| {
        (route.split(' ').next().and_then(|method| method.parse().ok()).expect("a method"), *address)
    });
    let requests: Vec<(Method, &str)> =
        every.filter(|(method, _)| !safe(method)).chain(CHANGES.iter().copied()).collect();
    let before = everything(&app);
    for owner in [app.as_user("ada"), app.as_user("max"), app.as_superuser()] {
        let scope = json!({"*": ["list", "view"], "_superusers": ["list", "view"]});
        let by_key = app.with_token(&key(&owner, scope));
        assert!(!by_key.items("tags", &[]).is_empty());
        for (method, address) in &requests {
            let answer = by_key.call(*method, address).json(&body).send();
            // Without a sign-in that somebody has begun, the way back from a provider only leads on.
            let leads_on = *address == "/api/oauth2-redirect" && answer.status == 303;
            let refused = (400..500).contains(&answer.status) || leads_on;
            assert!(refused, "{}: {} {}", answer.what, answer.status, answer.text());
            assert!(!answer.text().contains("token\":"), "{}", answer.what);
        }
        for (method, address) in CHANGES {
            by_key.call(*method, address).json(&body).send().expect(403);
        }
        for name in ["tags", "articles", "comments", "people", "staff", "vault", "_superusers", "_otps"] {
            for (method, path) in [
                (Method::Post, records(name)),
                (Method::Patch, record(name, &id("ada"))),
                (Method::Delete, record(name, &id("ada"))),
            ] {
                let answer = by_key.call(method, &path).json(&body).send();
                assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
                let answer = by_key.alone_in_batch(item(method.as_str(), &path, body.clone()));
                assert_eq!(answer.status, 403, "{method} {path} in a batch: {}", answer.text());
            }
        }
    }
    assert_eq!(everything(&app), before);
}

/// All that a key could have changed.
fn everything(app: &TestApp) -> Vec<String> {
    let root = app.as_superuser();
    let names = ["tags", "articles", "comments", "people", "staff", "vault", "_superusers", "_externalAuths"];
    let mut all: Vec<String> = names.iter().map(|name| root.list(name, &[]).text()).collect();
    all.push(root.get("/api/collections").text());
    all
}

#[test]
fn each_verb_opens_its_own_action_and_no_other() {
    const VERBS: [&str; 5] = ["list", "view", "create", "update", "delete"];
    for (owner, superuser) in [("ada", false), ("root", true)] {
        for verb in VERBS {
            let app = TestApp::new();
            let root = app.as_superuser();
            let spare = text(&root.create("tags", json!({"name": "spare"}))["id"]);
            let by_key = app.with_token(&key(&app.with_token(app.token_of(owner)), json!({"tags": [verb]})));
            let act = |name: &str, key: &str| -> [(&str, Answer); 5] {
                [
                    ("list", by_key.list(name, &[])),
                    ("view", by_key.get(&record(name, key))),
                    ("create", by_key.post(&records(name), json!({"name": "new", "content": "new"}))),
                    ("update", by_key.patch(&record(name, key), json!({"name": "other"}))),
                    ("delete", by_key.delete(&record(name, key))),
                ]
            };
            for (action, answer) in act("tags", &spare) {
                match action == verb {
                    true => assert!(answer.status < 300, "{owner}: {verb} opens {}: {}", answer.what, answer.text()),
                    false => assert_eq!(answer.status, 403, "{owner}: {verb} opens {}", answer.what),
                }
            }
            for (_, answer) in act("vault", &id("gold")) {
                assert_eq!(answer.status, 403, "{owner}: {verb} opens {}", answer.what);
            }
            by_key.get("/api/collections").expect(403);
            by_key.get("/api/collections/tags").expect(403);
            // A key is no superuser, whoever made it: what only superusers learn isn't told.
            assert_eq!(by_key.get("/api/health").expect(200)["data"], json!({}), "{superuser}");
        }
    }
}

#[test]
fn nothing_leads_out_of_a_scope() {
    let app = TestApp::new();
    for owner in [app.as_user("ada"), app.as_superuser()] {
        let scope = json!({"articles": ["list", "view"]});
        let by_key = app.with_token(&key(&owner, scope));
        let articles = by_key.items("articles", &[("expand", "owner,tags,comments_via_article,owner.friend")]);
        assert!(!articles.is_empty());
        for article in &articles {
            let expanded = article["expand"].as_object().map_or(0, serde_json::Map::len);
            assert_eq!(expanded, 0, "expanded beyond the scope: {article}");
        }
        for (name, text) in [
            ("filter", "owner.handle = 'ada'"),
            ("filter", "owner.handle ?~ 'a'"),
            ("filter", "tags.name ?= 'red'"),
            ("filter", "comments_via_article.text ?= 'hello'"),
            ("filter", "owner.friend.handle = ''"),
            ("filter", "note = 'note on first'"),
            ("filter", "owner.password != ''"),
            ("filter", "owner.badge != ''"),
            ("sort", "owner.handle"),
            ("sort", "note"),
        ] {
            by_key.list("articles", &[(name, text)]).expect(400);
            // The plans of the owner and of other keys of theirs aren't this key's.
            owner.list("articles", &[(name, text)]);
            by_key.list("articles", &[(name, text)]).expect(400);
        }
        for (name, text) in [("filter", "@collection.vault.content ?= 'gold'"), ("filter", "@request.auth.id != ''")] {
            by_key.list("articles", &[(name, text)]).expect(403);
        }
        // The relation itself is a value of the article.
        by_key.list("articles", &[("filter", &format!("owner = '{}'", id("ada")))]).expect(200);
        let wider = app.with_token(&key(&owner, json!({"articles": ["list"], "people": ["list"], "tags": ["view"]})));
        assert_eq!(wider.list("articles", &[("filter", "owner.handle = 'ada'")]).status, 200);
        wider.list("articles", &[("filter", "tags.name ?= 'red'")]).expect(400);
        let expanded = wider.items("articles", &[("expand", "owner,tags"), ("filter", "title = 'first'")]);
        assert_eq!(expanded[0]["expand"]["owner"], Json::Null, "to see a record takes the verb view");
        assert_eq!(expanded[0]["expand"]["tags"][0]["name"], "red");
        // Hidden fields are for superusers, which a key with a scope isn't.
        assert!(articles.iter().all(|article| article["note"] == Json::Null));
    }
    // Every collection isn't the system's: those have to be named.
    let by_key = app.with_token(&key(&app.as_superuser(), json!({"*": ["list", "view"]})));
    assert_eq!(by_key.items("vault", &[]).len(), 1);
    for system in ["_superusers", "_otps", "_mfas", "_externalAuths", "_authOrigins"] {
        by_key.list(system, &[]).expect(403);
    }
    let named = app.with_token(&key(&app.as_superuser(), json!({"_superusers": ["list"]})));
    assert_eq!(named.items("_superusers", &[]).len(), 1);
}

#[test]
fn cascades_stay_within_the_scope() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let first = record("articles", &id("first"));
    // The article takes its comments with it, and a tag is taken out of articles.
    let narrow = app.with_token(&key(&ada, json!({"articles": ["delete"], "tags": ["delete"]})));
    narrow.delete(&first).expect(403);
    narrow.delete(&record("tags", &id("red"))).expect(403);
    assert_eq!(app.as_superuser().items("comments", &[]).len(), 2);
    assert_eq!(app.as_superuser().view("articles", &id("first"))["tags"].as_array().map(Vec::len), Some(2));
    let scope = json!({"articles": ["delete", "update"], "tags": ["delete"], "comments": ["delete"]});
    let wide = app.with_token(&key(&ada, scope));
    wide.delete(&record("tags", &id("red"))).expect(204);
    wide.delete(&first).expect(204);
    assert_eq!(app.as_superuser().items("comments", &[]).len(), 1);
}

#[test]
fn rules_bind_the_keys_of_people_and_not_those_of_superusers() {
    let app = TestApp::new();
    let every = json!({"*": ["list", "view", "create", "update", "delete"]});
    let by_key = app.with_token(&key(&app.as_user("ada"), every.clone()));
    assert_eq!(by_key.items("articles", &[]), app.as_user("ada").items("articles", &[]));
    by_key.list("vault", &[]).expect(403);
    by_key.get(&record("articles", &id("fourth"))).expect(404);
    let by_root = app.with_token(&key(&app.as_superuser(), every));
    assert_eq!(by_root.items("articles", &[]).len(), 4);
    by_root.create("vault", json!({"content": "silver"}));
    // Who they are is what rules see.
    let session = Browser::of(&app, "root");
    assert_eq!(session.get("/api/session").expect(200)["credential"], "session");
    let info = by_root.get("/api/session").expect(200);
    assert_eq!((&info["credential"], &info["record"]["email"]), (&json!("key"), &Json::Null));
    assert_eq!(info["scope"]["*"].as_array().map(Vec::len), Some(5));
}
