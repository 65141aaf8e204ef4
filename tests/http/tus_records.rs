//! How records take files that came by resumable uploads: once, as a whole, where they were begun for.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::files::{PNG, Part, check, file, send, stored, with_docs};
use crate::harness::{Answer, TestApp, collection, id, item, open_collection, record, records, text};
use crate::tus::{ONE, append, arriving, begin, change_fields, set, value, whole};

#[test]
fn a_write_that_is_refused_leaves_the_upload() {
    let app = with_docs();
    let root = app.as_superuser();
    let index = json!({"indexes": ["CREATE UNIQUE INDEX docs_title ON docs (title)"], "createRule": "title != 'no'"});
    root.patch(&collection("docs"), index).expect(200);
    let guest = app.guest();
    guest.create("docs", json!({"title": "same"}));
    let (upload, large) = (whole(&guest, b"hello", ONE), whole(&guest, PNG, ONE));
    for (body, codes) in [
        (json!({"title": "same", "one": upload}), &["title validation_not_unique"][..]),
        (json!({"one": upload, "picture": "made up"}), &["picture validation_invalid_file"]),
        (json!({"one": upload, "many": [upload]}), &["many validation_misplaced_upload"]),
        (json!({"title": "no", "one": upload}), &[]),
        (json!({"one": "upload:"}), &["one validation_unknown_upload"]),
        (json!({"one": "upload:../../data.db"}), &["one validation_unknown_upload"]),
        (
            json!({"many": ["upload:a", "upload:b"], "one": "upload:c"}),
            &["many validation_unknown_upload", "one validation_unknown_upload"],
        ),
    ] {
        guest.post(&records("docs"), body.clone()).expect_codes(codes);
        assert_eq!(stored(&app).len(), 0, "{body}");
    }
    assert_eq!(arriving(&app), 2, "nothing is left but the uploads themselves");
    // What it is is told by its content, as of files that come at once.
    change_fields(&app, |all| set(all, "mimeTypes", json!(["image/png"])));
    guest.post(&records("docs"), json!({"one": upload})).expect_codes(&["one validation_invalid_mime_type"]);
    let made = guest.create("docs", json!({"one": large}));
    assert_eq!(guest.get(&file(&made["id"], &made["one"])).header("Content-Type"), Some("image/png"));
    assert_eq!(arriving(&app), 1);
}

#[test]
fn an_upload_that_is_not_complete_cannot_be_used() {
    let app = with_docs();
    let guest = app.guest();
    let at = begin(&guest, 5, ONE);
    append(&guest, &at, 0, b"hell").expect(204);
    let refused = guest.post(&records("docs"), json!({"one": value(&at)}));
    refused.expect_codes(&["one validation_incomplete_upload"]);
    let message = text(&refused.json()["data"]["one"]["message"]);
    assert!(message.contains("4 of 5 bytes"), "{message}");
    append(&guest, &at, 4, b"o").expect(204);
    guest.create("docs", json!({"one": value(&at)}));
    check(&app, 1);
}

#[test]
fn uploads_go_where_they_were_begun_for() {
    let app = with_docs();
    let guest = app.guest();
    let [first, second] = ["first", "second"].map(|title| text(&guest.create("docs", json!({"title": title}))["id"]));
    let upload = whole(&guest, b"hello", &[ONE, &[("record", &first)]].concat());
    guest.post(&records("docs"), json!({"one": upload})).expect_codes(&["one validation_misplaced_upload"]);
    let patch = |id: &str, body: Json| guest.patch(&record("docs", id), body);
    patch(&second, json!({"one": upload})).expect_codes(&["one validation_misplaced_upload"]);
    let now = patch(&first, json!({"one": upload})).expect(200);
    assert_eq!(guest.get(&file(&now["id"], &now["one"])).text(), "hello");
    // One that was begun for a new record may go to one that is there.
    let now = patch(&second, json!({"one": whole(&guest, b"other", ONE)})).expect(200);
    assert_eq!(guest.get(&file(&now["id"], &now["one"])).text(), "other");
    // Fields that the caller can't set take nothing, and leave it to whoever can.
    let root = app.as_superuser();
    let hush = whole(&root, b"hush", &[("collection", "docs"), ("field", "hush"), ("filename", "x")]);
    patch(&second, json!({"hush": hush})).expect(200);
    root.patch(&record("docs", &second), json!({"hush": hush})).expect(200);
    check(&app, 3);
}

#[test]
fn uploads_stand_beside_names_and_files() {
    let app = with_docs();
    let guest = app.guest();
    let many =
        |name: &str| whole(&guest, name.as_bytes(), &[("collection", "docs"), ("field", "many"), ("filename", name)]);
    let stems = |answer: Answer| {
        let names = answer.expect(200)["many"].as_array().expect("a list").clone();
        names.iter().map(|name| text(name)[..3].to_owned()).collect::<Vec<_>>()
    };
    let (a, b) = (many("aaa.txt"), many("bbb.txt"));
    let made = guest.post(&records("docs"), json!({"many": [b, a, b]}));
    let path = record("docs", &text(&made.json()["id"]));
    let first = text(&made.json()["many"][0]);
    assert_eq!(stems(made), ["bbb", "aaa"], "in the order of the value, each once");
    let patch = |body: Json| guest.patch(&path, body);
    assert_eq!(stems(patch(json!({"many+": many("ccc.txt")}))), ["bbb", "aaa", "ccc"]);
    patch(json!({"many+": many("ddd.txt")})).expect_codes(&["many validation_too_many_files"]);
    assert_eq!(stems(patch(json!({"+many": [many("eee.txt")], "many-": [first]}))), ["eee", "aaa", "ccc"]);
    let kept = text(&patch(json!({})).json()["many"][2]);
    assert_eq!(stems(patch(json!({"many": [many("fff.txt"), kept]}))), ["fff", "ccc"]);
    // In a form: as texts, as JSON in a text, beside a file.
    let form = |parts: &[Part<'_>]| send(&guest, Method::Patch, &path, parts);
    let (g, h) = (many("ggg.txt"), many("hhh.txt"));
    assert_eq!(stems(form(&[("many", None, g.as_bytes()), ("many", None, h.as_bytes())])), ["ggg", "hhh"]);
    let list = json!([many("iii.txt"), many("jjj.txt")]).to_string();
    assert_eq!(stems(form(&[("many", None, list.as_bytes())])), ["iii", "jjj"]);
    let k = many("kkk.txt");
    assert_eq!(stems(form(&[("many", None, k.as_bytes()), ("many", Some("lll.txt"), b"l")])), ["kkk", "lll"]);
    let single = [whole(&guest, b"m", ONE), whole(&guest, b"n", ONE)];
    let now = patch(json!({"one": single})).expect(200);
    assert_eq!(guest.get(&file(&now["id"], &now["one"])).text(), "n", "a single-valued field keeps the last");
    let other = guest.create("docs", json!({"one": single[0]}));
    assert_eq!(guest.get(&file(&other["id"], &other["one"])).text(), "m", "what wasn't kept wasn't used");
}

#[test]
fn rules_see_uploads_as_files() {
    let app = with_docs();
    let rule =
        "@request.body.one:isset = true && @request.body.one.size < 10 && @request.body.one.originalName = 'Plan.txt'";
    app.as_superuser().patch(&collection("docs"), json!({"createRule": rule})).expect(200);
    let guest = app.guest();
    guest.post(&records("docs"), json!({"one": whole(&guest, b"not so short", ONE)})).expect(400);
    guest.create("docs", json!({"one": whole(&guest, b"short", ONE)}));
}

#[test]
fn an_upload_is_used_once() {
    let app = with_docs();
    let guest = app.guest();
    let upload = whole(&guest, b"hello", ONE);
    let create = || guest.call(Method::Post, &records("docs")).json(&json!({"one": upload}));
    let statuses: Vec<u16> = app.at_once((0..4).map(|_| create())).iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 3, "{statuses:?}");
    check(&app, 1);
}

#[test]
fn batches_take_uploads() {
    let app = TestApp::configured(|config| config.batch_enabled = true, Vec::new());
    let fields = json!([{"name": "title", "type": "text", "max": 5}, {"name": "one", "type": "file"}]);
    app.as_superuser().post("/api/collections", open_collection("docs", fields)).expect(200);
    let guest = app.guest();
    let (docs, there) = (records("docs"), text(&guest.create("docs", json!({}))["id"]));
    let [a, b, c] = [b"a", b"b", b"c"].map(|content| whole(&guest, content, ONE));
    let bound = whole(&guest, b"d", &[ONE, &[("record", &there)]].concat());
    let failed = |answer: &Answer, at: &str| answer.expect(400)["data"]["requests"][at]["response"]["data"].clone();
    let answer =
        guest.batch(&[item("POST", &docs, json!({"one": a})), item("POST", &docs, json!({"title": "too long"}))]);
    assert_eq!(failed(&answer, "1")["title"]["code"], "validation_max_text_constraint");
    let answer = guest.batch(&[item("POST", &docs, json!({"one": a})), item("POST", &docs, json!({"one": a}))]);
    assert_eq!(failed(&answer, "1")["one"]["code"], "validation_unknown_upload", "an upload is used once");
    let answer = guest.batch(&[item("POST", &docs, json!({"one": a})), item("POST", &docs, json!({"one": bound}))]);
    assert_eq!(failed(&answer, "1")["one"]["code"], "validation_misplaced_upload");
    assert_eq!((stored(&app).len(), arriving(&app)), (0, 4), "with a batch that fails nothing is used");
    let done = guest.batch(&[
        item("POST", &docs, json!({"one": a})),
        item("PUT", &docs, json!({"id": there, "one": bound})),
        item("PUT", &docs, json!({"id": id("new"), "one": b})),
        item("PATCH", &record("docs", &id("new")), json!({"title": "x", "one": c})),
    ]);
    let done = done.expect(200);
    let contents: Vec<String> =
        [0, 1, 3].map(|at| guest.get(&file(&done[at]["body"]["id"], &done[at]["body"]["one"])).text()).to_vec();
    assert_eq!(contents, ["a", "d", "c"]);
    check(&app, 3);
}
