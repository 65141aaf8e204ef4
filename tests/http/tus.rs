//! Resumable uploads: the protocol, who may go on with one, and when one ends. How records take them is in
//! `tus_records.rs`.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdall::settings::Config;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::browser::Browser;
use crate::files::{check, file, files_below, stored, with_docs};
use crate::harness::{Answer, Call, Principal, TestApp, collection, id, open_collection, record, records, text};

const UPLOADS: &str = "/api/uploads";
/// For the field `one`.
pub const ONE: &[(&str, &str)] = &[("collection", "docs"), ("field", "one"), ("filename", "Plan.txt")];

/// A request as clients of the protocol send it.
fn call<'a>(who: &Principal<'a>, method: Method, path: &str) -> Call<'a> {
    who.call(method, path).header("Tus-Resumable", "1.0.0")
}

fn metadata(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name} {}", STANDARD.encode(value))).collect();
    pairs.join(",")
}

/// The request that begins an upload.
fn beginning<'a>(who: &Principal<'a>, size: u64, pairs: &[(&str, &str)]) -> Call<'a> {
    let call = call(who, Method::Post, UPLOADS).header("Upload-Length", &size.to_string());
    call.header("Upload-Metadata", &metadata(pairs))
}

/// Begins an upload, which must be possible, and returns its address.
#[track_caller]
pub fn begin(who: &Principal<'_>, size: u64, pairs: &[(&str, &str)]) -> String {
    let answer = beginning(who, size, pairs).send();
    answer.expect(201);
    answer.header("Location").expect("it lies somewhere").to_owned()
}

/// A part of a file.
fn part<'a>(who: &Principal<'a>, at: &str, offset: u64, bytes: &[u8]) -> Call<'a> {
    let call = call(who, Method::Patch, at).header("Upload-Offset", &offset.to_string());
    call.raw("application/offset+octet-stream", bytes)
}

pub fn append(who: &Principal<'_>, at: &str, offset: u64, bytes: &[u8]) -> Answer {
    part(who, at, offset, bytes).send()
}

/// Uploads a whole file and returns the value by which a record takes it.
#[track_caller]
pub fn whole(who: &Principal<'_>, bytes: &[u8], pairs: &[(&str, &str)]) -> String {
    let at = begin(who, bytes.len() as u64, pairs);
    append(who, &at, 0, bytes).expect(204);
    value(&at)
}

pub fn value(at: &str) -> String {
    format!("upload:{}", at.rsplit('/').next().expect("it has an id"))
}

/// How far an upload has come; otherwise the status.
fn offset(who: &Principal<'_>, at: &str) -> Result<u64, u16> {
    let answer = call(who, Method::Head, at).send();
    match answer.status {
        200 => Ok(answer.header("Upload-Offset").and_then(|offset| offset.parse().ok()).expect("a number")),
        status => Err(status),
    }
}

/// What is there of files that are arriving.
pub fn arriving(app: &TestApp) -> usize {
    stored(app);
    files_below(&app.data_dir().join("uploads")).len()
}

#[test]
fn a_file_comes_in_parts_and_a_record_takes_it() {
    let app = with_docs();
    let ada = app.as_user("ada");
    let begun = beginning(&ada, 11, ONE).send();
    begun.expect(201);
    let at = begun.header("Location").expect("it lies somewhere").to_owned();
    let expires = begun.header("Upload-Expires").expect("its time is limited").to_owned();
    assert!(expires.ends_with(" GMT") && begun.header("Upload-Offset").is_none());
    assert!(at.strip_prefix("/api/uploads/").is_some_and(|id| id.len() >= 32), "{at}");
    for (sent, bytes, expect) in [(0, &b"hello"[..], "5"), (5, b"", "5"), (5, b" world", "11"), (11, b"", "11")] {
        let answer = append(&ada, &at, sent, bytes);
        assert_eq!((answer.status, answer.header("Upload-Offset")), (204, Some(expect)), "{}", answer.text());
        assert_eq!(answer.header("Upload-Expires"), Some(&*expires));
        let head = call(&ada, Method::Head, &at).send();
        for (name, value) in [
            ("Upload-Offset", expect),
            ("Upload-Length", "11"),
            ("Upload-Metadata", &*metadata(ONE)),
            ("Upload-Expires", &expires),
            ("Tus-Resumable", "1.0.0"),
            ("Cache-Control", "no-store"),
        ] {
            assert_eq!(head.header(name), Some(value), "{name}");
        }
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
    let made = ada.create("docs", json!({"title": "x", "one": value(&at)}));
    let name = text(&made["one"]);
    assert!(name.starts_with("plan_") && name.ends_with(".txt"), "{name}");
    let answer = ada.get(&file(&made["id"], &made["one"]));
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello world"));
    let hash = "\"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9\"";
    assert_eq!((answer.header("ETag"), answer.header("Content-Type")), (Some(hash), Some("text/plain; charset=utf-8")));
    assert_eq!(offset(&ada, &at), Err(404), "it was used up");
    append(&ada, &at, 11, b"").expect(404);
    ada.post(&records("docs"), json!({"one": value(&at)})).expect_codes(&["one validation_unknown_upload"]);
    check(&app, 1);
}

#[test]
fn files_may_be_empty_and_may_come_with_the_first_request() {
    let app = with_docs();
    let guest = app.guest();
    let empty = begin(&guest, 0, ONE);
    let with_creation =
        |size: u64, bytes: &[u8]| beginning(&guest, size, ONE).raw("application/offset+octet-stream", bytes).send();
    let some = with_creation(11, b"hello");
    some.expect(201);
    assert_eq!(some.header("Upload-Offset"), Some("5"));
    let some = some.header("Location").expect("it lies somewhere").to_owned();
    append(&guest, &some, 5, b" world").expect(204);
    for (at, content) in [(empty, ""), (some, "hello world")] {
        let made = guest.create("docs", json!({"one": value(&at)}));
        assert_eq!(guest.get(&file(&made["id"], &made["one"])).text(), content);
    }
    with_creation(3, b"more").expect(413);
    check(&app, 2);
}

#[test]
fn what_is_not_the_protocol_is_refused() {
    let app = with_docs();
    let guest = app.guest();
    let at = begin(&guest, 10, ONE);
    for (method, path) in [(Method::Post, UPLOADS), (Method::Head, &*at), (Method::Patch, &*at), (Method::Delete, &*at)]
    {
        for version in [None, Some("0.2.2"), Some("1.0.0, 0.2.2")] {
            let call = guest.call(method, path);
            let call = version.into_iter().fold(call, |call, version| call.header("Tus-Resumable", version));
            let answer = call.send();
            assert_eq!((answer.status, answer.header("Tus-Version")), (412, Some("1.0.0")), "{method} {version:?}");
        }
    }
    let plain = |kind: &str| call(&guest, Method::Patch, &at).header("Upload-Offset", "0").raw(kind, "x").send();
    plain("application/octet-stream").expect(415);
    plain("application/x-www-form-urlencoded").expect(415);
    call(&guest, Method::Patch, &at).raw("application/offset+octet-stream", "x").send().expect(400);
    append(&guest, &at, 1, b"x").expect(409);
    // More than it was to have, said beforehand or not; what belongs to it stays.
    part(&guest, &at, 0, b"").header("Content-Length", "11").send().expect(413);
    assert_eq!(offset(&guest, &at), Ok(0));
    append(&guest, &at, 0, b"0123456789 and more").expect(413);
    assert_eq!(offset(&guest, &at), Ok(10));
    append(&guest, &at, 10, b"more").expect(413);
    append(&guest, &at, 0, b"0").expect(409);
    assert_eq!(app.guest().create("docs", json!({"one": value(&at)}))["title"], "");
    for other in ["/api/uploads/unknown", "/api/uploads/..%2f..%2fdata.db", "/api/uploads/x/y", "/api/uploads/"] {
        let answer = append(&guest, other, 0, b"x");
        answer.expect(404);
        assert_eq!(answer.header("Tus-Resumable"), Some("1.0.0"), "{other}");
        assert_eq!(offset(&guest, other), Err(404));
    }
    for (length, more) in [(None, None), (Some("x"), None), (None, Some(("Upload-Defer-Length", "1")))] {
        let mut call = call(&guest, Method::Post, UPLOADS).header("Upload-Metadata", &metadata(ONE));
        for (name, value) in length.map(|length| ("Upload-Length", length)).into_iter().chain(more) {
            call = call.header(name, value);
        }
        call.send().expect(400);
    }
    let call = call(&guest, Method::Post, UPLOADS).header("Upload-Length", "1");
    call.clone().header("Upload-Metadata", "collection !").send().expect(400);
    let required = ["collection", "field", "filename"].map(|name| format!("{name} validation_required"));
    call.send().expect_codes(&required.each_ref().map(String::as_str));
    check(&app, 1);
}

#[test]
fn browsers_of_other_origins_learn_what_they_need() {
    let app = with_docs();
    let guest = app.guest();
    let asked = guest.call(Method::Options, UPLOADS).send();
    for (name, value) in [
        ("Tus-Resumable", "1.0.0"),
        ("Tus-Version", "1.0.0"),
        ("Tus-Extension", "creation,creation-with-upload,termination,expiration"),
        ("Tus-Max-Size", "2147483648"),
    ] {
        assert_eq!((asked.status, asked.header(name)), (204, Some(value)), "{name}");
    }
    let origin = "https://app.example";
    let wanted = "authorization, tus-resumable, upload-length, upload-metadata, upload-offset, content-type";
    for path in [UPLOADS, "/api/uploads/x"] {
        let call = guest.call(Method::Options, path).header("Origin", origin);
        let call = call.header("Access-Control-Request-Method", "PATCH");
        let preflight = call.header("Access-Control-Request-Headers", wanted).send();
        assert_eq!((preflight.status, preflight.header("Access-Control-Allow-Headers")), (204, Some(wanted)));
        let methods = preflight.header("Access-Control-Allow-Methods").expect("methods are named");
        for method in ["POST", "PATCH", "HEAD", "DELETE"] {
            assert!(methods.split(',').any(|allowed| allowed == method), "{methods}");
        }
    }
    let begun = beginning(&guest, 1, ONE).header("Origin", origin).send();
    let exposed = begun.header("Access-Control-Expose-Headers").expect("scripts may read them").to_owned();
    for name in ["Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Tus-Resumable", "Tus-Version"] {
        assert!(exposed.split(", ").any(|other| other == name), "{name}: {exposed}");
    }
    let health = guest.call(Method::Get, "/api/health").header("Origin", origin).send();
    assert_eq!((health.header("Tus-Resumable"), health.header("Access-Control-Expose-Headers")), (None, None));
}

#[test]
fn nothing_is_taken_of_what_would_be_refused() {
    let app = with_docs();
    let root = app.as_superuser();
    let made = root.create("docs", json!({"title": "open"}));
    let record = text(&made["id"]);
    let rules = json!({"updateRule": "title = 'open' && @request.method = 'PATCH'"});
    root.patch(&collection("docs"), rules).expect(200);
    let closed = text(&root.create("docs", json!({"title": "closed"}))["id"]);
    let with = |who: &Principal<'_>, size: u64, place: [&str; 3]| {
        let [collection, field, record] = place;
        let mut pairs = vec![("collection", collection), ("field", field), ("filename", "a.txt")];
        pairs.extend(Some(("record", record)).filter(|(_, record)| !record.is_empty()));
        beginning(who, size, &pairs).send()
    };
    let guest = app.guest();
    for (place, expect) in [
        (["missing", "one", ""], 404),
        (["docs", "missing", ""], 400),
        (["docs", "title", ""], 400),
        (["docs", "hush", ""], 400),
        (["headlines", "title", ""], 400),
        (["vault", "content", ""], 403),
        (["_superusers", "x", ""], 403),
        (["docs", "one", &*id("missing")], 404),
        (["docs", "one", &*closed], 404),
        (["articles", "title", &*id("first")], 404),
    ] {
        with(&guest, 1, place).expect(expect);
    }
    with(&guest, 2001, ["docs", "one", ""]).expect(413);
    with(&guest, 2001, ["docs", "one", &record]).expect(413);
    assert_eq!(arriving(&app), 0);
    with(&guest, 2000, ["docs", "one", &record]).expect(201);
    with(&root, 2000, ["docs", "one", &closed]).expect(201);
    with(&root, 2000, ["docs", "hush", ""]).expect(201);
    assert_eq!(arriving(&app), 3);
}

#[test]
fn only_whoever_began_an_upload_goes_on_with_it() {
    let app = with_docs();
    let ada = app.as_user("ada");
    let at = begin(&ada, 5, ONE);
    for who in [app.as_user("bob"), app.guest(), app.as_superuser(), app.with_token("nonsense")] {
        assert_eq!(offset(&who, &at), Err(404));
        let (refused, unknown) = (append(&who, &at, 0, b"x"), append(&who, "/api/uploads/unknown", 0, b"x"));
        assert_eq!((refused.status, refused.text()), (404, unknown.text()));
        append(&who, &at, 3, b"x").expect(404);
        call(&who, Method::Delete, &at).send().expect(404);
        who.post(&records("docs"), json!({"one": value(&at)})).expect_codes(&["one validation_unknown_upload"]);
    }
    append(&ada, &at, 0, b"hello").expect(204);
    app.guest().post(&records("docs"), json!({"one": value(&at)})).expect_codes(&["one validation_unknown_upload"]);
    // By another sign-in of the same account, too.
    let browser = Browser::of(&app, "ada");
    let own = browser.own(Method::Head, &at).header("Tus-Resumable", "1.0.0");
    assert_eq!(own.send().header("Upload-Offset"), Some("5"));
    // A guest's is that of whoever knows its address, such as the same person after signing in.
    let at = begin(&app.guest(), 5, ONE);
    append(&app.guest(), &at, 0, b"hel").expect(204);
    append(&ada, &at, 3, b"lo").expect(204);
    ada.create("docs", json!({"one": value(&at)}));
}

#[test]
fn a_cookie_counts_for_own_pages_only() {
    let app = with_docs();
    let browser = Browser::of(&app, "ada");
    let pairs = metadata(ONE);
    let with = |call: Call<'_>| -> Answer {
        let call = call.header("Tus-Resumable", "1.0.0").header("Upload-Length", "5").header("Upload-Offset", "0");
        call.header("Upload-Metadata", &pairs).send()
    };
    let evil = |method: Method, path: &str| {
        browser.call(method, path).header("Sec-Fetch-Site", "cross-site").header("Origin", "https://evil.example")
    };
    with(evil(Method::Post, UPLOADS)).expect(403);
    with(browser.call(Method::Post, UPLOADS)).expect(403);
    let begun = with(browser.own(Method::Post, UPLOADS));
    begun.expect(201);
    let at = begun.header("Location").expect("it lies somewhere").to_owned();
    for call in [evil(Method::Patch, &at), browser.call(Method::Patch, &at)] {
        with(call.raw("application/offset+octet-stream", "hello")).expect(403);
    }
    assert_eq!(with(evil(Method::Head, &at)).status, 404, "as a guest");
    with(evil(Method::Delete, &at)).expect(403);
    with(browser.own(Method::Patch, &at).raw("application/offset+octet-stream", "hello")).expect(204);
    browser.post(&records("docs"), json!({"one": value(&at)})).expect(200);
    check(&app, 1);
}

/// Changes the definition of `docs`.
fn change_docs(app: &TestApp, change: Json) {
    app.as_superuser().patch(&collection("docs"), change).expect(200);
}

/// Changes the fields of `docs`.
pub fn change_fields(app: &TestApp, change: impl Fn(&mut Vec<Json>)) {
    let docs = app.as_superuser().get(&collection("docs")).expect(200);
    let mut fields = docs["fields"].as_array().expect("a collection has fields").clone();
    change(&mut fields);
    change_docs(app, json!({ "fields": fields }));
}

#[track_caller]
fn delete(app: &TestApp, path: &str) {
    assert_eq!(app.as_superuser().delete(path).status, 204);
}

/// Changes Ada's account.
fn change_ada(app: &TestApp, change: Json) {
    app.as_superuser().update("people", &id("ada"), change);
}

fn new_password() -> Json {
    json!({"password": "another one", "passwordConfirm": "another one"})
}

/// What is done between two parts of Ada's upload for a record, and what the next part is answered.
type Change = (&'static str, fn(&TestApp, &str), u16);

const CHANGES: &[Change] = &[
    ("nothing", |_, _| {}, 204),
    ("another rule", |app, _| change_docs(app, json!({"createRule": null, "deleteRule": null})), 204),
    ("only superusers may", |app, _| change_docs(app, json!({"updateRule": null})), 403),
    ("the rule", |app, _| change_docs(app, json!({"updateRule": "title = 'x'"})), 404),
    ("the record", |app, id| drop(app.as_superuser().update("docs", id, json!({"title": "closed"}))), 404),
    ("the record is gone", |app, id| delete(app, &record("docs", id)), 404),
    ("all records are gone", |app, _| delete(app, "/api/collections/docs/truncate"), 404),
    ("the collection is gone", |app, _| delete(app, &collection("docs")), 404),
    ("the field is gone", |app, _| change_fields(app, |all| all.retain(|field| field["name"] != "one")), 404),
    ("the field takes less", |app, _| change_fields(app, |all| set(all, "maxSize", json!(9))), 413),
    ("the field is hidden", |app, _| change_fields(app, |all| set(all, "hidden", json!(true))), 404),
    ("the password", |app, _| change_ada(app, new_password()), 404),
    ("the account is banned", |app, _| change_ada(app, json!({"banned": true})), 404),
    ("the account is gone", |app, _| delete(app, &record("people", &id("ada"))), 404),
];

/// Gives the field `one` another option.
pub fn set(fields: &mut [Json], option: &str, value: Json) {
    fields.iter_mut().filter(|field| field["name"] == "one").for_each(|field| field[option] = value.clone());
}

#[test]
fn every_part_is_asked_for() {
    for (what, change, expect) in CHANGES {
        let app = with_docs();
        change_docs(&app, json!({"updateRule": "title != 'closed' && @request.auth.id != ''"}));
        let ada = app.as_user("ada");
        let record_id = text(&ada.create("docs", json!({"title": "open"}))["id"]);
        let at = begin(&ada, 10, &[ONE, &[("record", &record_id)]].concat());
        append(&ada, &at, 0, b"hello").expect(204);
        change(&app, &record_id);
        let answer = append(&ada, &at, 5, b"world");
        assert_eq!(answer.status, *expect, "{what}: {}", answer.text());
        if *expect != 204 {
            assert_eq!(offset(&ada, &at), Err(*expect), "{what}");
            call(&ada, Method::Delete, &at).send().expect(*expect);
        }
    }
}

#[test]
fn what_is_to_be_created_is_asked_for_with_every_part() {
    let app = with_docs();
    let ada = app.as_user("ada");
    let root = app.as_superuser();
    let at = begin(&ada, 10, ONE);
    let by_root = begin(&root, 10, ONE);
    root.patch(&collection("docs"), json!({"createRule": null})).expect(200);
    append(&ada, &at, 0, b"hello").expect(403);
    assert_eq!(offset(&ada, &at), Err(403));
    append(&root, &by_root, 0, b"hello").expect(204);
    root.patch(&collection("docs"), json!({"createRule": "title = 'may'"})).expect(200);
    append(&ada, &at, 0, b"hello").expect(204);
    // Signed out, and in again.
    change_ada(&app, new_password());
    append(&ada, &at, 5, b"world").expect(404);
    let sign_in = json!({"identity": "ada@holdall.test", "password": "another one"});
    let again = app.guest().post("/api/collections/people/auth-with-password", sign_in).expect(200);
    let ada = app.with_token(&text(&again["token"]));
    append(&ada, &at, 5, b"world").expect(204);
    ada.post(&records("docs"), json!({"title": "may not", "one": value(&at)})).expect(400);
    ada.create("docs", json!({"title": "may", "one": value(&at)}));
}

#[test]
fn api_keys_upload_within_their_scope_only() {
    let app = with_docs();
    let ada = app.as_user("ada");
    let key = |scope: Json| {
        let made = ada.post("/api/keys", json!({"name": "k", "scope": scope})).expect(200);
        (text(&made["id"]), text(&made["key"]))
    };
    let (_, reads) = key(json!({"docs": ["view", "update"]}));
    let (created_by, creates) = key(json!({"docs": ["create"]}));
    let (reads, creates) = (app.with_token(&reads), app.with_token(&creates));
    beginning(&reads, 5, ONE).send().expect(403);
    let at = begin(&creates, 5, ONE);
    append(&creates, &at, 0, b"he").expect(204);
    append(&reads, &at, 2, b"l").expect(403);
    append(&ada, &at, 2, b"l").expect(204);
    assert_eq!(ada.delete(&format!("/api/keys/{created_by}")).status, 204);
    append(&creates, &at, 3, b"lo").expect(404);
    append(&ada, &at, 3, b"lo").expect(204);
    reads.post(&records("docs"), json!({"one": value(&at)})).expect(403);
    ada.create("docs", json!({"one": value(&at)}));
}

#[test]
fn what_is_unfinished_has_limits() {
    let configure = |config: &mut Config| (config.uploads_per_owner_max_mb, config.uploads_max_mb) = (1, 2);
    let app = TestApp::configured(configure, Vec::new());
    let fields = json!([{"name": "one", "type": "file", "maxSize": 1_u64 << 30}]);
    app.as_superuser().post("/api/collections", open_collection("docs", fields)).expect(200);
    let (mb, guest) = (1_u64 << 20, app.guest());
    let from = |ip: &str, size: u64| beginning(&guest, size, ONE).from(ip).send();
    beginning(&app.as_user("ada"), mb + 1, ONE).send().expect(413);
    let first = begin(&app.as_user("ada"), mb - 1, ONE);
    beginning(&app.as_user("ada"), 2, ONE).send().expect(413);
    begin(&app.as_user("ada"), 1, ONE);
    // Guests are counted by their address, and of IPv6 by what one customer has.
    from("192.0.2.1", mb / 2).expect(201);
    from("192.0.2.1", mb / 2 + 1).expect(413);
    from("2001:db8::1", mb / 2).expect(201);
    from("2001:db8::2", mb / 2 + 1).expect(413);
    // All together.
    beginning(&app.as_user("bob"), 1, ONE).send().expect(503);
    assert_eq!(call(&app.as_user("ada"), Method::Delete, &first).send().status, 204);
    begin(&app.as_user("bob"), 1, ONE);
    let off = TestApp::configured(|config| config.uploads_max_mb = 0, Vec::new());
    beginning(&off.as_superuser(), 0, ONE).send().expect(403);
    assert_eq!(off.guest().call(Method::Options, UPLOADS).send().header("Tus-Max-Size"), Some("0"));
}

#[test]
fn one_owner_has_so_many_unfinished_uploads() {
    let app = with_docs();
    for _ in 0..100 {
        begin(&app.guest(), 0, ONE);
    }
    beginning(&app.guest(), 0, ONE).send().expect(413);
    begin(&app.as_user("ada"), 0, ONE);
    assert_eq!(arriving(&app), 101);
}

#[test]
fn two_that_write_at_once_spoil_nothing() {
    let app = with_docs();
    let guest = app.guest();
    let at = begin(&guest, 10, ONE);
    let answers = app.at_once([part(&guest, &at, 0, b"01234"), part(&guest, &at, 0, b"01234")]);
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.contains(&204) && statuses.iter().any(|status| matches!(status, 409 | 423)), "{statuses:?}");
    append(&guest, &at, 5, b"56789").expect(204);
    let made = guest.create("docs", json!({"one": value(&at)}));
    assert_eq!(guest.get(&file(&made["id"], &made["one"])).text(), "0123456789");
}

#[test]
fn uploads_are_ended_by_whoever_began_them() {
    let app = with_docs();
    let ada = app.as_user("ada");
    let at = begin(&ada, 5, ONE);
    append(&ada, &at, 0, b"hel").expect(204);
    assert_eq!(arriving(&app), 1);
    let answer = call(&ada, Method::Delete, &at).send();
    assert_eq!((answer.status, answer.header("Tus-Resumable")), (204, Some("1.0.0")));
    assert_eq!(arriving(&app), 0);
    call(&ada, Method::Delete, &at).send().expect(404);
    append(&ada, &at, 3, b"lo").expect(404);
    // With the account goes what it has begun.
    begin(&ada, 5, ONE);
    begin(&app.as_user("bob"), 5, ONE);
    assert_eq!(app.as_superuser().delete(&record("people", &id("ada"))).status, 204);
    assert_eq!(arriving(&app), 1);
}

/// Changes something in the table of uploads, while the program is stopped.
fn change_rows(app: &mut TestApp, sql: &str) -> usize {
    app.while_stopped(|folder| {
        let database = rusqlite::Connection::open(folder.join("data.db")).expect("the database opens");
        database.execute(sql, []).expect("it can be changed")
    })
}

#[test]
fn uploads_outlive_a_restart_and_end_in_time() {
    let mut app = with_docs();
    let at = begin(&app.guest(), 10, ONE);
    append(&app.guest(), &at, 0, b"hello").expect(204);
    let report = app.wait(app.app().check_files(true)).expect("files can be checked");
    assert_eq!(report.mismatches, []);
    app.while_stopped(|_| ());
    assert_eq!(offset(&app.guest(), &at), Ok(5));
    append(&app.guest(), &at, 5, b"world").expect(204);
    let made = app.guest().create("docs", json!({"one": value(&at)}));
    assert_eq!(app.guest().get(&file(&made["id"], &made["one"])).text(), "helloworld");

    let [complete, begun] = [b"hello".as_slice(), b"hel"].map(|bytes| {
        let at = begin(&app.guest(), 5, ONE);
        append(&app.guest(), &at, 0, bytes).expect(204);
        at
    });
    assert_eq!(change_rows(&mut app, "UPDATE _uploads SET expires = '2020-01-01 00:00:00.000Z'"), 2);
    for at in [&complete, &begun] {
        assert_eq!(offset(&app.guest(), at), Err(404));
        append(&app.guest(), at, 3, b"lo").expect(404);
        app.guest().post(&records("docs"), json!({"one": value(at)})).expect_codes(&["one validation_unknown_upload"]);
    }
    app.wait(app.app().run_job("__holdallCleanup__")).expect("it can be cleaned up");
    check(&app, 1);
    assert_eq!(change_rows(&mut app, "DELETE FROM _uploads"), 0, "rows go, too");
}

#[test]
fn what_a_crash_leaves_of_uploads_goes_at_the_start() {
    let mut app = with_docs();
    let [without_row, without_file, good] = [0; 3].map(|_| begin(&app.guest(), 5, ONE));
    let path = |app: &TestApp, at: &str| {
        app.data_dir().join("uploads").join(format!("{}.upload", at.rsplit('/').next().expect("it has an id")))
    };
    let doomed = path(&app, &without_file);
    std::fs::remove_file(&doomed).expect("it can be removed");
    assert_eq!(offset(&app.guest(), &without_file), Err(404));
    let id = without_row.rsplit('/').next().expect("it has an id").to_owned();
    assert_eq!(change_rows(&mut app, &format!("DELETE FROM _uploads WHERE id = '{id}'")), 1);
    // The start goes on in the background.
    let leftover = path(&app, &without_row);
    let gone = async {
        while leftover.exists() {
            tokio::task::yield_now().await;
        }
    };
    let gone = app.wait(async { tokio::time::timeout(Duration::from_secs(30), gone).await });
    gone.expect("the start removes what has no row");
    app.wait(app.app().run_job("__holdallCleanup__")).expect("it can be cleaned up");
    assert_eq!(offset(&app.guest(), &good), Ok(0));
    assert_eq!(change_rows(&mut app, "DELETE FROM _uploads"), 1, "the row without a file is gone");
}
