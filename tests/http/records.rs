//! Records: list, view, create, update, delete, and what their parameters do.

use serde_json::{Value as Json, json};

use crate::fixture::PASSWORD;
use crate::harness::{TestApp, id, open_collection, record, records, text, url};

#[test]
fn a_record_lives_from_its_creation_to_its_deletion() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let made = ada.create("articles", json!({"title": "new", "owner": id("ada"), "tags": [id("red")]}));
    let key = text(&made["id"]);
    assert_eq!(key.len(), 15);
    assert_eq!((&made["collectionId"], &made["collectionName"]), (&json!("c_articles"), &json!("articles")));
    assert_eq!(ada.view("articles", &key), made);
    let changed = ada.update("articles", &key, json!({"title": "newer", "tags+": id("blue")}));
    assert_eq!((&changed["title"], &changed["tags"]), (&json!("newer"), &json!([id("red"), id("blue")])));
    assert_eq!(changed["created"], made["created"]);
    ada.delete(&record("articles", &key)).expect(204);
    ada.get(&record("articles", &key)).expect(404);
    ada.delete(&record("articles", &key)).expect(404);
}

#[test]
fn a_refused_write_leaves_nothing_behind() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let before = root.list("articles", &[]).text();
    for (body, codes) in [
        (json!({}), vec!["title validation_required"]),
        (json!({"title": "x", "owner": "nobody"}), vec!["owner validation_missing_rel_records"]),
        (json!({"title": "x", "state": "lost"}), vec!["state validation_invalid_value"]),
        (
            json!({"title": "x", "id": "short", "tags": [id("red"), "nothing"]}),
            vec!["id validation_min_text_constraint", "tags validation_missing_rel_records"],
        ),
    ] {
        root.post(&records("articles"), body.clone()).expect_codes(&codes);
        if body.get("id").is_none() {
            let mut body = body;
            body["title"] = body.get("title").cloned().unwrap_or_else(|| json!(""));
            root.patch(&record("articles", &id("first")), body).expect_codes(&codes);
        }
    }
    root.post(&records("tags"), json!({"name": "red"})).expect_codes(&["name validation_not_unique"]);
    root.patch(&record("tags", &id("blue")), json!({"name": "red"})).expect_codes(&["name validation_not_unique"]);
    root.patch(&record("tags", &id("blue")), json!({"id": id("green")})).expect_codes(&["id validation_pk_change"]);
    root.post(&records("headlines"), json!({"title": "x"})).expect(400);
    assert_eq!(root.list("articles", &[]).text(), before);
    assert_eq!(root.find("tags", "", "name"), ["blue", "red"]);
}

#[test]
fn lists_are_sorted_filtered_and_cut_into_pages() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let titles = |query: &[(&str, &str)]| -> Vec<String> {
        root.items("articles", query).iter().map(|item| text(&item["title"])).collect()
    };
    assert_eq!(titles(&[]), ["first", "second", "third", "fourth"], "insertion order");
    assert_eq!(titles(&[("sort", "title")]), ["first", "fourth", "second", "third"]);
    assert_eq!(titles(&[("sort", "-owner.handle,+title")]), ["fourth", "third", "first", "second"]);
    assert_eq!(titles(&[("filter", "state = 'draft'")]), ["second", "fourth"]);
    assert_eq!(titles(&[("filter", "owner.handle = 'ada' && tags.name ?= 'blue'")]), ["first"]);
    assert_eq!(titles(&[("filter", "comments_via_article.text ?= 'hello'")]), ["first"]);
    assert_eq!(titles(&[("filter", "tags:length = 1")]), ["second", "fourth"]);
    assert_eq!(titles(&[("perPage", "3"), ("page", "2")]), ["fourth"]);
    let page = root.list("articles", &[("perPage", "3"), ("page", "2")]).expect(200);
    assert_eq!(without_items(page), json!({"page": 2, "perPage": 3, "totalItems": 4, "totalPages": 2}));
    let page = root.list("articles", &[("page", "9")]).expect(200);
    assert_eq!(without_items(page), json!({"page": 9, "perPage": 30, "totalItems": 4, "totalPages": 1}));
    let page = root.list("articles", &[("skipTotal", "true")]).expect(200);
    assert_eq!(without_items(page), json!({"page": 1, "perPage": 30, "totalItems": -1, "totalPages": -1}));
    for (name, value) in [
        ("page", "one"),
        ("perPage", "1.5"),
        ("page", "99999999999999999999"),
        ("skipTotal", "perhaps"),
        ("sort", "nothing"),
        ("sort", "title,"),
        ("filter", "title ="),
        ("filter", "nothing = 1"),
        ("fields", "title:excerpt("),
    ] {
        root.list("articles", &[(name, value)]).expect(400);
    }
    // The largest page number there is names an empty page.
    assert_eq!(titles(&[("page", "9223372036854775807"), ("perPage", "1000")]), [""; 0]);
}

#[test]
fn a_filter_of_blanks_is_refused_whatever_was_asked_before() {
    let app = TestApp::new();
    let blank = [" ", "\t\n", "// nothing", " // nothing\n "];
    for filter in blank {
        app.guest().list("tags", &[("filter", filter)]).expect(400);
    }
    // Compiled statements are kept; that of the list without a filter must not answer for one that isn't valid.
    app.guest().list("tags", &[]).expect(200);
    for filter in blank {
        app.guest().list("tags", &[("filter", filter)]).expect(400);
    }
}

fn without_items(mut page: Json) -> Json {
    page.as_object_mut().expect("a page").remove("items");
    page
}

#[test]
fn expand_follows_relations_both_ways() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let expanded = |expand: &str, path: &str| -> Json {
        let found = ada.get(&url(&record("articles", &id("first")), &[("expand", expand)])).expect(200);
        found.pointer(&format!("/expand{path}")).cloned().unwrap_or(Json::Null)
    };
    assert_eq!(expanded("owner", "/owner/handle"), "ada");
    assert_eq!(expanded("tags", "/tags/1/name"), "blue", "in stored order");
    assert_eq!(expanded("comments_via_article", "/comments_via_article/0/text"), "hello");
    assert_eq!(
        expanded("comments_via_article.article.tags", "/comments_via_article/0/expand/article/expand/tags/0/name"),
        "red"
    );
    assert_eq!(expanded("nothing,owner.nothing", "/owner/handle"), "ada", "a bad segment costs only itself");
    assert_eq!(expanded("nothing", ""), Json::Null);
    assert_eq!(expanded("vault_via_owner", ""), Json::Null);
    // Comments are for everybody, the article of this one isn't.
    let secret = ada.get(&url(&record("comments", &id("secret")), &[("expand", "article")])).expect(200);
    assert_eq!(secret["expand"], json!({}));
    let made = ada.post(&url(&records("comments"), &[("expand", "article.owner")]), json!({"article": id("first")}));
    assert_eq!(made.expect(200)["expand"]["article"]["expand"]["owner"]["handle"], "ada");
}

#[test]
fn fields_picks_what_is_sent() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let path = record("articles", &id("first"));
    let picked = |fields: &str| root.get(&url(&path, &[("fields", fields), ("expand", "owner")])).expect(200);
    assert_eq!(picked("title,nothing"), json!({"title": "first"}));
    assert_eq!(
        picked("title:excerpt(2,true),expand.owner.handle"),
        json!({"title": "fi...", "expand": {"owner": {"handle": "ada"}}})
    );
    let page = root.list("articles", &[("fields", "id"), ("perPage", "1")]).expect(200);
    assert_eq!(page["items"], json!([{"id": id("first")}]));
    assert_eq!(page["totalItems"], 4);
}

#[test]
fn hidden_fields_are_neither_shown_nor_taken() {
    let app = TestApp::new();
    let path = record("articles", &id("first"));
    for who in [app.guest(), app.as_user("ada"), app.as_user("max")] {
        assert_eq!(who.view("articles", &id("first")).get("note"), None);
        assert_eq!(who.get(&url(&path, &[("fields", "note")])).expect(200), json!({}));
    }
    app.as_user("ada").update("articles", &id("first"), json!({"note": "taken", "title": "new"}));
    let seen = app.as_superuser().view("articles", &id("first"));
    assert_eq!((&seen["note"], &seen["title"]), (&json!("note on first"), &json!("new")));
}

#[test]
fn addresses_are_shown_to_whom_they_belong() {
    let app = TestApp::new();
    let shown = |who: &str, whose: &str| app.as_user(who).view("people", &id(whose)).get("email").is_some();
    assert_eq!([shown("ada", "ada"), shown("ada", "bob"), shown("max", "bob")], [true, false, true]);
    let root = app.as_superuser();
    assert!(root.view("people", &id("bob")).get("email").is_some());
    assert_eq!(app.guest().find("people", "email = 'bob@holdall.test'", "handle"), [""; 0]);
    assert_eq!(root.find("people", "email = 'bob@holdall.test'", "handle"), ["bob"]);
    app.as_user("bob").update("people", &id("bob"), json!({"emailVisibility": true}));
    assert!(shown("ada", "bob"));
    assert_eq!(app.guest().find("people", "email = 'bob@holdall.test'", "handle"), ["bob"]);
    for person in root.items("people", &[]) {
        assert!(person.get("password").is_none() && person.get("tokenKey").is_none(), "{person}");
    }
}

#[test]
fn deleting_cascades_or_clears_relations() {
    let app = TestApp::new();
    let root = app.as_superuser();
    root.delete(&record("articles", &id("first"))).expect(204);
    root.get(&record("comments", &id("hello"))).expect(404);
    root.delete(&record("tags", &id("red"))).expect(204);
    assert_eq!(root.view("articles", &id("second"))["tags"], json!([]));
    root.delete(&record("people", &id("ada"))).expect(204);
    assert_eq!(root.view("articles", &id("second"))["owner"], "");
    assert_eq!(root.view("vault", &id("gold"))["owner"], "");
    // A relation that must be set keeps what it points to.
    let fields = json!([{"name": "tag", "type": "relation", "collectionId": "c_tags", "required": true}]);
    root.post("/api/collections", open_collection("keepers", fields)).expect(200);
    root.create("keepers", json!({"tag": id("blue")}));
    root.delete(&record("tags", &id("blue"))).expect(400);
    assert_eq!(root.view("articles", &id("fourth"))["tags"], json!([id("blue")]), "nothing of it was done");
}

#[test]
fn update_rules_see_the_stored_record_and_create_rules_the_new_one() {
    let app = TestApp::new();
    let eve = app.as_user("eve");
    eve.patch(&record("articles", &id("first")), json!({"owner": id("eve")})).expect(404);
    eve.post(&records("articles"), json!({"title": "x", "owner": id("ada")})).expect_codes(&[]);
    app.guest().post(&records("articles"), json!({"title": "x"})).expect_codes(&[]);
    // The rule is asked first: who may not write isn't told what would be wrong with it.
    eve.post(&records("articles"), json!({"owner": id("ada")})).expect_codes(&[]);
    // Giving away what is one's own is up to the owner.
    app.as_user("ada").update("articles", &id("first"), json!({"owner": id("eve")}));
    app.as_user("ada").patch(&record("articles", &id("first")), json!({"title": "mine"})).expect(404);
}

#[test]
fn views_show_what_their_query_finds() {
    let app = TestApp::new();
    let guest = app.guest();
    assert_eq!(guest.find("headlines", "", "title"), ["first", "third"]);
    assert_eq!(guest.find("headlines", "owner.handle = 'bob'", "title"), ["third"]);
    assert_eq!(guest.view("headlines", &id("first"))["title"], "first");
    guest.get(&record("headlines", &id("second"))).expect(404);
    app.as_user("ada").update("articles", &id("second"), json!({"state": "public"}));
    assert_eq!(guest.find("headlines", "", "title"), ["first", "second", "third"]);
}

#[test]
fn every_kind_of_field_refuses_what_it_is_not() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let fields = json!([
        {"name": "text", "type": "text", "max": 3, "pattern": "^[a-z]*$"},
        {"name": "number", "type": "number", "min": 1, "max": 5, "onlyInt": true},
        {"name": "bool", "type": "bool", "required": true},
        {"name": "email", "type": "email", "exceptDomains": ["holdall.test"]},
        {"name": "url", "type": "url"},
        {"name": "date", "type": "date", "min": "2024-01-01 00:00:00.000Z"},
        {"name": "select", "type": "select", "values": ["a", "b"], "maxSelect": 1, "required": true},
        {"name": "json", "type": "json", "maxSize": 5},
        {"name": "point", "type": "geoPoint"},
        {"name": "pin", "type": "password", "min": 4, "cost": 4},
    ]);
    root.post("/api/collections", open_collection("kinds", fields)).expect(200);
    let good = json!({
        "text": "abc", "number": 3, "bool": true, "email": "a@b.example", "url": "https://b.example/",
        "date": "2024-05-06",
        "select": "a", "json": [1], "point": {"lon": 1.5, "lat": -2}, "pin": "1234",
    });
    let made = root.create("kinds", good.clone());
    assert_eq!((&made["date"], &made["pin"]), (&json!("2024-05-06 00:00:00.000Z"), &json!("")));
    for (name, value, code) in [
        ("text", json!("abcd"), "validation_max_text_constraint"),
        ("text", json!("ABC"), "validation_invalid_format"),
        ("number", json!(6), "validation_max_number_constraint"),
        ("number", json!(1.5), "validation_only_int_constraint"),
        ("bool", json!(false), "validation_required"),
        ("email", json!("nobody"), "validation_is_email"),
        ("email", json!("a@holdall.test"), "validation_email_domain_not_allowed"),
        ("url", json!("no address"), "validation_invalid_url"),
        ("date", json!("2023-01-01"), "validation_min_greater_equal_than_required"),
        ("select", json!("c"), "validation_invalid_value"),
        ("select", json!(""), "validation_required"),
        ("json", json!([1, 2, 3, 4]), "validation_json_size_limit"),
        ("point", json!({"lon": 0, "lat": 91}), "validation_invalid_latitude"),
        ("pin", json!("1"), "validation_min_text_constraint"),
    ] {
        let mut body = good.clone();
        body[name] = value.clone();
        let expect = format!("{name} {code}");
        let answer = app.guest().post(&records("kinds"), body);
        assert_eq!(answer.status, 400, "{name} {value}: {}", answer.text());
        answer.expect_codes(&[&expect]);
        app.guest()
            .patch(&record("kinds", made["id"].as_str().expect("an id")), json!({name: value}))
            .expect_codes(&[&expect]);
    }
}

#[test]
fn people_sign_up_and_manage_their_accounts() {
    let app = TestApp::new();
    let guest = app.guest();
    let form = |more: Json| {
        let mut body =
            json!({"handle": "new", "email": "new@holdall.test", "password": PASSWORD, "passwordConfirm": PASSWORD});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    for (more, codes) in [
        (json!({"passwordConfirm": "other"}), vec!["passwordConfirm validation_values_mismatch"]),
        (json!({"password": ""}), vec!["password validation_required", "passwordConfirm validation_values_mismatch"]),
        (json!({"verified": true}), vec!["verified validation_values_mismatch"]),
        (json!({"email": "ada@holdall.test"}), vec!["email validation_not_unique"]),
        (json!({"handle": "ada"}), vec!["handle validation_not_unique"]),
        (json!({"id": id("sam")}), vec!["id validation_invalid_auth_id"]),
    ] {
        guest.post(&records("people"), form(more)).expect_codes(&codes);
    }
    guest.create("people", form(json!({"id": id("new")})));
    let sign_in = json!({"identity": "new", "password": PASSWORD});
    let token = guest.post("/api/collections/people/auth-with-password", sign_in).expect(200);
    let new = app.with_token(token["token"].as_str().expect("a token"));
    let own = record("people", &id("new"));
    for (body, codes) in [
        (json!({"email": "x@holdall.test"}), vec!["email validation_values_mismatch"]),
        (json!({"password": "another one", "passwordConfirm": "another one"}), vec!["oldPassword validation_required"]),
        (
            json!({"password": "another one", "passwordConfirm": "another one", "oldPassword": "wrong"}),
            vec!["oldPassword validation_invalid_old_password"],
        ),
    ] {
        new.patch(&own, body).expect_codes(&codes);
    }
    new.update("people", &id("new"), json!({"role": "reader"}));
    app.as_user("max").update("people", &id("new"), json!({"email": "x@holdall.test", "verified": true}));
}
