//! `ETag`, `If-Match` and `If-None-Match`: changes that are meant for one state of a record or a collection, and answers
//! that a client has already.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::PASSWORD;
use crate::harness::{Answer, Principal, TestApp, id, item, open_collection, record, records, text, url};

const OTHER_TAG: &str = "W/\"0123456789abcdef\"";

/// With a collection of notes that say when they were changed, one of them, and a hidden field in it.
fn app() -> TestApp {
    let app = TestApp::configured(|config| config.batch_enabled = true, Vec::new());
    let fields = json!([
        {"name": "text", "type": "text"},
        {"name": "secret", "type": "text", "hidden": true},
        {"name": "about", "type": "relation", "collectionId": "c_tags"},
        {"name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true},
    ]);
    app.as_superuser().post("/api/collections", open_collection("notes", fields)).expect(200);
    app.as_superuser().create("notes", json!({"id": id("note"), "text": "old", "about": id("red")}));
    app
}

fn note() -> String {
    record("notes", &id("note"))
}

#[track_caller]
fn etag(answer: &Answer) -> String {
    assert!(answer.status < 400, "{}: {}", answer.what, answer.text());
    answer.header("ETag").expect("a record has a tag").to_owned()
}

fn change(who: &Principal<'_>, path: &str, condition: &str, body: Json) -> Answer {
    who.call(Method::Patch, path).header("If-Match", condition).json(&body).send()
}

#[track_caller]
fn expect_mismatch(answer: &Answer) {
    let body = answer.expect(412);
    assert_eq!(body["data"]["ifMatch"]["code"], "precondition_failed", "{body}");
}

#[test]
fn a_record_keeps_its_tag_until_somebody_changes_it() {
    let app = app();
    let guest = app.guest();
    let made = guest.post(&records("notes"), json!({"text": "x"}));
    let path = record("notes", &text(&made.expect(200)["id"]));
    let first = etag(&made);
    assert!(first.starts_with("W/\""), "{first}");
    assert_eq!(etag(&guest.get(&path)), first);
    assert_eq!(etag(&guest.call(Method::Head, &path).send()), first);
    // Neither what the client picks of the record nor what it is expanded with is the record.
    assert_eq!(etag(&guest.get(&url(&path, &[("fields", "text")]))), first);
    assert_eq!(etag(&guest.get(&url(&path, &[("expand", "about")]))), first);
    let changed = guest.patch(&path, json!({"text": "y", "about": id("red")}));
    assert_ne!(etag(&changed), first);
    assert_eq!(etag(&guest.get(&url(&path, &[("expand", "about")]))), etag(&changed));
    assert_eq!(guest.list("notes", &[]).header("ETag"), None);
}

#[test]
fn every_kind_of_field_comes_back_as_it_was_answered() {
    let app = app();
    let fields = json!([
        {"name": "t", "type": "text"}, {"name": "n", "type": "number"}, {"name": "b", "type": "bool"},
        {"name": "m", "type": "number", "nullable": true}, {"name": "j", "type": "json"},
        {"name": "d", "type": "date"}, {"name": "u", "type": "url"}, {"name": "e", "type": "email"},
        {"name": "s", "type": "select", "values": ["a", "b"], "maxSelect": 2},
        {"name": "r", "type": "relation", "collectionId": "c_tags", "maxSelect": 3},
        {"name": "h", "type": "editor"}, {"name": "g", "type": "geoPoint"}, {"name": "p", "type": "password"},
        {"name": "a", "type": "autodate", "onCreate": true},
    ]);
    let root = app.as_superuser();
    root.post("/api/collections", open_collection("kinds", fields)).expect(200);
    for body in [
        json!({}),
        json!({
            "t": "ä\"\\\n", "n": 1e21, "b": true, "m": -0.0,
            "j": {"z": [1.0, 1e-7, null], "a": "12345678901234567890"}, "d": "2024-02-29 12:00", "u": "https://a.example/ä", "e": "a@b.example", "s": ["b", "a"],
            "r": [id("red"), id("blue")], "h": "<p>x</p>", "g": {"lon": 12.5, "lat": -3}, "p": PASSWORD,
        }),
        json!({"n": "12.50", "m": "", "j": "[1, 2 ]", "d": 1700000000, "s": "a", "r": [], "b": "true"}),
    ] {
        let made = root.post(&records("kinds"), body.clone());
        let path = record("kinds", &text(&made.expect(200)["id"]));
        assert_eq!(etag(&root.get(&path)), etag(&made), "{body}");
        assert_eq!(etag(&root.patch(&path, json!({}))), etag(&made), "{body}");
    }
}

#[test]
fn a_change_is_made_only_to_the_record_that_is_named() {
    let app = app();
    let guest = app.guest();
    let read = guest.get(&note());
    let (tag, updated) = (etag(&read), text(&read.expect(200)["updated"]));
    let strong = tag.trim_start_matches("W/").to_owned();
    for wrong in [
        OTHER_TAG,
        "\"x\"",
        "x",
        "",
        ",",
        "\"*\"",
        "W/\"\"",
        &updated[..10],
        &format!("{OTHER_TAG}, \"x\""),
        &tag.to_uppercase(),
        "1970-01-01 00:00:00.000Z",
    ] {
        expect_mismatch(&change(&guest, &note(), wrong, json!({"text": "new"})));
        expect_mismatch(&guest.call(Method::Delete, &note()).header("If-Match", wrong).send());
        assert_eq!(guest.get(&note()).text(), read.text(), "{wrong}");
    }
    let quoted = format!("\"{updated}\"");
    for right in [&tag, &strong, &updated, &quoted, "*", &format!("{OTHER_TAG}, {tag}"), &format!("x,{quoted}")] {
        // Each time the record is again what it was.
        let again = json!({"id": id("note"), "text": "old", "about": id("red")});
        let (tag_now, updated_now) = {
            guest.delete(&note());
            let made = guest.post(&records("notes"), again);
            (etag(&made), text(&made.expect(200)["updated"]))
        };
        let right = right.replace(tag.trim_start_matches("W/"), tag_now.trim_start_matches("W/"));
        let right = right.replace(&updated, &updated_now);
        let answer = change(&guest, &note(), &right, json!({"text": "new"}));
        assert_eq!(answer.expect(200)["text"], "new", "{right}");
        // What has named the former state doesn't name this one.
        if right != "*" {
            expect_mismatch(&change(&guest, &note(), &tag_now, json!({"text": "newer"})));
        }
    }
    let call = guest.call(Method::Delete, &note()).header("If-Match", "\"x\"");
    call.header("If-Match", &etag(&guest.get(&note()))).send().expect(204);
    expect_missing(&guest, "*");
}

#[track_caller]
fn expect_missing(who: &Principal<'_>, condition: &str) {
    change(who, &note(), condition, json!({})).expect(404);
    who.call(Method::Delete, &note()).header("If-Match", condition).send().expect(404);
}

#[test]
fn of_two_who_have_read_the_same_only_the_first_changes_it() {
    let app = app();
    let tag = etag(&app.guest().get(&note()));
    let call =
        |text: &str| app.guest().call(Method::Patch, &note()).header("If-Match", &tag).json(&json!({"text": text}));
    let mut statuses: Vec<u16> =
        app.at_once((0..8).map(|at| call(&format!("by {at}")))).iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[test]
fn of_two_who_have_read_the_same_collection_only_the_first_changes_it() {
    let app = app();
    let root = app.as_superuser();
    let path = "/api/collections/notes";
    let updated = || text(&root.get(path).expect(200)["updated"]);
    let call = |condition: &str, rule: &str| change(&root, path, condition, json!({"listRule": rule}));
    let first = updated();
    call(&format!("\"{first}\""), "text = 'one'").expect(200);
    // What doesn't hold comes before what is wrong with the change.
    for (condition, rule) in [(first.as_str(), "text = 'two'"), (&first, "nothing = 1"), ("\"x\"", ""), ("", "")] {
        expect_mismatch(&call(condition, rule));
        expect_mismatch(&root.call(Method::Delete, path).header("If-Match", condition).send());
    }
    assert_eq!(root.get(path).expect(200)["listRule"], "text = 'one'");
    call(&updated(), "text = 'two'").expect(200);
    call("*", "text = 'three'").expect(200);
    for (who, status) in [(app.guest(), 401), (app.as_user("ada"), 403)] {
        change(&who, path, &first, json!({})).expect(status);
    }
    change(&root, "/api/collections/nothing", "*", json!({})).expect(404);
    root.call(Method::Delete, path).header("If-Match", &updated()).send().expect(204);
    root.call(Method::Delete, path).header("If-Match", "*").send().expect(404);
}

#[test]
fn a_collection_whose_rule_follows_a_new_name_has_changed() {
    let app = app();
    let root = app.as_superuser();
    let [notes, users] = ["/api/collections/notes", "/api/collections/users"];
    let rule = "@collection.articles.title = text";
    root.patch(notes, json!({ "listRule": rule })).expect(200);
    let [followed, left] = [notes, users].map(|path| text(&root.get(path).expect(200)["updated"]));
    // Dates are exact to the millisecond.
    std::thread::sleep(std::time::Duration::from_millis(2));
    root.patch("/api/collections/articles", json!({"name": "texts"})).expect(200);
    expect_mismatch(&change(&root, notes, &followed, json!({ "listRule": rule })));
    assert_eq!(root.get(notes).expect(200)["listRule"], "@collection.texts.title = text");
    // Nothing there mentions it.
    change(&root, users, &left, json!({})).expect(200);
}

#[test]
fn conditions_tell_nothing_to_whoever_may_not_know_of_the_record() {
    let app = app();
    let article = record("articles", &id("second"));
    let tag = etag(&app.as_user("ada").get(&article));
    for condition in [tag.as_str(), OTHER_TAG, "*", ""] {
        for (who, path, status) in [
            (app.as_user("eve"), &article, 404),
            (app.guest(), &article, 404),
            (app.as_user("eve"), &record("articles", "missing"), 404),
            (app.as_user("eve"), &record("vault", &id("gold")), 403),
            (app.as_user("eve"), &record("headlines", &id("first")), 400),
        ] {
            change(&who, path, condition, json!({"title": "x"})).expect(status);
            who.call(Method::Delete, path).header("If-Match", condition).send().expect(status);
        }
    }
    change(&app.as_user("ada"), &article, OTHER_TAG, json!({"title": ""})).expect(412);
}

#[test]
fn what_is_hidden_is_in_no_condition() {
    let app = app();
    let (guest, root) = (app.guest(), app.as_superuser());
    // A hidden field is in the tag of those only who see it.
    let no_date = json!([{"name": "text", "type": "text"}, {"name": "secret", "type": "text", "hidden": true}]);
    root.post("/api/collections", open_collection("plain", no_date)).expect(200);
    root.create("plain", json!({"id": id("one"), "text": "x", "secret": "a"}));
    let path = record("plain", &id("one"));
    let before = (etag(&guest.get(&path)), etag(&root.get(&path)));
    let changed = etag(&root.patch(&path, json!({"secret": "b"})));
    assert_eq!(etag(&guest.get(&path)), before.0);
    assert_eq!(etag(&root.get(&path)), changed);
    assert_ne!(changed, before.1);
    change(&root, &path, &before.1, json!({"text": "y"})).expect(412);
    change(&guest, &path, &before.0, json!({"text": "y"})).expect(200);
    // Nor can a time that is hidden be guessed.
    let updated = text(&root.view("notes", &id("note"))["updated"]);
    let mut fields = root.get("/api/collections/notes").expect(200)["fields"].clone();
    for field in fields.as_array_mut().expect("a list") {
        field["hidden"] = json!(field["hidden"] == true || field["name"] == "updated");
    }
    root.patch("/api/collections/notes", json!({"fields": fields})).expect(200);
    change(&guest, &note(), &updated, json!({"text": "guessed"})).expect(412);
    change(&root, &note(), &updated, json!({"text": "seen"})).expect(200);
    // An address that isn't shown is in the tag of those only who see it.
    let ada = record("people", &id("ada"));
    let (by_bob, by_ada) = (etag(&app.as_user("bob").get(&ada)), etag(&app.as_user("ada").get(&ada)));
    assert_ne!(by_bob, by_ada);
    root.patch(&ada, json!({"email": "other@holdall.test"})).expect(200);
    assert_eq!(etag(&app.as_user("bob").get(&ada)), by_bob);
    // A date that nobody sets when the record changes says nothing of its state.
    let fields = json!([{"name": "updated", "type": "autodate", "onCreate": true}, {"name": "t", "type": "text"}]);
    root.post("/api/collections", open_collection("dated", fields)).expect(200);
    let made = root.create("dated", json!({}));
    change(&root, &record("dated", &text(&made["id"])), &text(&made["updated"]), json!({"t": "x"})).expect(412);
}

#[test]
fn a_password_that_comes_too_late_is_not_hashed() {
    let app = app();
    let path = record("people", &id("ada"));
    let before = app.app().password_work_rounds();
    let body = json!({"oldPassword": PASSWORD, "password": "another one", "passwordConfirm": "another one"});
    change(&app.as_user("ada"), &path, OTHER_TAG, body.clone()).expect(412);
    assert_eq!(app.app().password_work_rounds(), before);
    let tag = etag(&app.as_user("ada").get(&path));
    change(&app.as_user("ada"), &path, &tag, body).expect(200);
}

#[test]
fn what_a_client_has_already_is_not_sent_again() {
    let app = app();
    let guest = app.guest();
    let tag = etag(&guest.get(&note()));
    let known = |path: &str, list: &str| guest.call(Method::Get, path).header("If-None-Match", list).send();
    for list in [tag.as_str(), tag.trim_start_matches("W/"), "*", &format!("{OTHER_TAG}, {tag}")] {
        let answer = known(&note(), list);
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{list}");
        assert_eq!(answer.header("ETag"), Some(tag.as_str()), "{list}");
        assert_eq!(known(&url(&note(), &[("fields", "text")]), list).status, 304, "{list}");
        // What it is expanded with may have changed, which the tag doesn't tell.
        known(&url(&note(), &[("expand", "about")]), list).expect(200);
        known(&record("notes", "missing"), list).expect(404);
        known(&record("vault", &id("gold")), list).expect(403);
    }
    for list in [OTHER_TAG, "", "x"] {
        known(&note(), list).expect(200);
    }
    guest.update("notes", &id("note"), json!({"text": "new"}));
    known(&note(), &tag).expect(200);
    // A condition of the other kind says nothing about reading.
    guest.call(Method::Get, &note()).header("If-Match", OTHER_TAG).send().expect(200);
}

#[test]
fn items_of_a_batch_have_conditions_of_their_own() {
    let app = app();
    let guest = app.guest();
    let read = guest.get(&note());
    let (tag, updated) = (etag(&read), text(&read.expect(200)["updated"]));
    let with = |method: &str, url: String, body: Json, condition: &str| {
        let mut request = item(method, &url, body);
        request["headers"] = json!({"If-Match": condition});
        request
    };
    let mismatch = |requests: &[Json], at: &str| {
        let body = guest.batch(requests).expect(400);
        assert_eq!(body["data"]["requests"][at]["response"]["status"], 412, "{body}");
        let code = &body["data"]["requests"][at]["response"]["data"]["ifMatch"]["code"];
        assert_eq!(code, "precondition_failed", "{body}");
        assert_eq!(guest.get(&note()).text(), read.text());
    };
    let first = || item("POST", &records("notes"), json!({"text": "first"}));
    mismatch(&[first(), with("PATCH", note(), json!({"text": "x"}), OTHER_TAG)], "1");
    mismatch(&[with("DELETE", note(), Json::Null, OTHER_TAG)], "0");
    mismatch(&[with("PUT", records("notes"), json!({"id": id("note"), "text": "x"}), OTHER_TAG)], "0");
    // What isn't there yet is nothing that could be named.
    mismatch(&[with("PUT", records("notes"), json!({"id": id("none"), "text": "x"}), "*")], "0");
    // The second item finds what the first has left.
    mismatch(&[item("PATCH", &note(), json!({"text": "x"})), with("PATCH", note(), json!({"text": "y"}), &tag)], "1");
    assert_eq!(guest.find("notes", "text = 'first'", "text"), [""; 0]);
    // What the outer request says is about the batch, which has no state.
    let requests = json!({"requests": [
        with("PATCH", note(), json!({"text": "x"}), &updated),
        item("DELETE", &note(), Json::Null),
        with("POST", records("notes"), json!({"text": "made"}), OTHER_TAG),
    ]});
    let call = guest.call(Method::Post, "/api/batch").header("If-Match", OTHER_TAG).header("If-None-Match", "*");
    call.json(&requests).send().expect(200);
}

#[test]
fn pages_of_other_origins_may_read_tags() {
    let app = TestApp::configured(|config| config.cors_origins = vec!["https://a.example".to_owned()], Vec::new());
    let from = |origin: &str, path: &str| app.guest().call(Method::Get, path).header("Origin", origin).send();
    let tag = record("tags", &id("red"));
    assert_eq!(from("https://a.example", &tag).header("Access-Control-Expose-Headers"), Some("ETag"));
    assert_eq!(from("https://b.example", &tag).header("Access-Control-Expose-Headers"), None);
    assert_eq!(from("https://a.example", &records("tags")).header("Access-Control-Expose-Headers"), None);
}
