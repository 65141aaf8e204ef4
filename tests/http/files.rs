//! Files of records: how they come in, what a record says of them, who gets them and how, and when they go.

use std::path::{Path, PathBuf};

use holdall::app::FilesReport;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::PASSWORD;
use crate::harness::{Answer, Principal, TestApp, collection, id, open_collection, record, records, text, url};

/// The smallest PNG.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\xa75\x81\x84\0\0\0\0IEND\xaeB`\x82";

const BOUNDARY: &str = "holdallholdallholdall";

/// A part of a form: its name, the name of its file if it is one, its content.
pub type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// A form as browsers send it.
pub fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"\r\nContent-Type: evil/type")).unwrap_or_default();
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// Sends a form.
pub fn send(who: &Principal<'_>, method: Method, path: &str, parts: &[Part<'_>]) -> Answer {
    who.call(method, path).raw(&format!("multipart/form-data; boundary={BOUNDARY}"), form(parts)).send()
}

/// Creates a record of `docs` by a form.
pub fn create(who: &Principal<'_>, parts: &[Part<'_>]) -> Answer {
    send(who, Method::Post, &records("docs"), parts)
}

/// The fields of `docs`.
fn fields() -> Json {
    json!([
        {"name": "title", "type": "text"},
        {"name": "one", "type": "file", "maxSize": 2000},
        {"name": "many", "type": "file", "maxSelect": 3, "maxSize": 1000},
        {"name": "picture", "type": "file", "mimeTypes": ["image/png"]},
        {"name": "locked", "type": "file", "protected": true},
        {"name": "hush", "type": "file", "hidden": true},
    ])
}

/// The fixture with a collection `docs` that everybody may write.
pub fn with_docs() -> TestApp {
    let app = TestApp::new();
    app.as_superuser().post("/api/collections", open_collection("docs", fields())).expect(200);
    app
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("it can be read").path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

/// What is in the storage, once everything is removed that is to be.
pub fn stored(app: &TestApp) -> Vec<PathBuf> {
    app.wait(app.app().clone().settle_files()).expect("files can be removed");
    files_below(&app.data_dir().join("storage"))
}

/// Storage and records agree, and nothing is left of what arrived.
#[track_caller]
pub fn check(app: &TestApp, files: usize) {
    assert_eq!(stored(app).len(), files);
    let report = app.wait(app.app().check_files(false)).expect("files can be checked");
    assert_eq!(report, FilesReport { files, objects: files, mismatches: Vec::new() });
    check_nothing_arrives(app);
}

/// Nothing is left of what arrived. What was refused goes while its sender reads why.
#[track_caller]
pub fn check_nothing_arrives(app: &TestApp) {
    app.wait_until("the end of what arrived", || files_below(&app.data_dir().join("uploads")).is_empty());
}

/// The address of a file of `docs`.
pub fn file(id: &Json, name: &Json) -> String {
    format!("/api/files/docs/{}/{}", text(id), text(name))
}

fn names(value: &Json) -> Vec<String> {
    value.as_array().expect("a list").iter().map(text).collect()
}

/// A stored name without its random part.
fn plain(name: &str) -> String {
    let (base, extension) = name.split_once('.').unwrap_or((name, ""));
    let (base, random) = base.rsplit_once('_').expect("it has a random part");
    assert!(random.len() == 10 && random.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()), "{name}");
    format!("{base}.{extension}")
}

#[test]
fn a_file_comes_in_and_goes_out_as_it_was() {
    let app = with_docs();
    let guest = app.guest();
    let made = create(&guest, &[("title", None, b"x"), ("one", Some("My File (1).TXT"), b"hello world")]).expect(200);
    assert_eq!(plain(&text(&made["one"])), "my_file_1.TXT");
    assert_eq!((&made["title"], &made["many"]), (&json!("x"), &json!([])));
    let answer = guest.get(&file(&made["id"], &made["one"]));
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"hello world"[..]));
    let disposition = format!("attachment; filename=\"{}\"", text(&made["one"]));
    let hash = "\"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9\"";
    for (name, expect) in [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Disposition", disposition.as_str()),
        ("Content-Security-Policy", "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"),
        ("Cache-Control", "max-age=2592000, stale-while-revalidate=86400"),
        ("Accept-Ranges", "bytes"),
        ("X-Content-Type-Options", "nosniff"),
        ("ETag", hash),
    ] {
        assert_eq!(answer.header(name), Some(expect), "{name}");
    }
    assert_eq!(answer.header("X-Frame-Options"), None);
    assert!(answer.header("Last-Modified").is_some_and(|date| date.ends_with(" GMT")));
    let head = guest.call(Method::Head, &file(&made["id"], &made["one"])).send();
    assert_eq!((head.status, head.body.len(), head.header("ETag")), (200, 0, Some(hash)));
    check(&app, 1);
    let path = format!("{}/{}", text(&made["id"]), text(&made["one"]));
    assert!(stored(&app)[0].ends_with(path), "the storage has the interface's keys");
}

#[test]
fn values_follow_what_is_sent() {
    let app = with_docs();
    let guest = app.guest();
    let made = create(&guest, &[("many", Some("aaa.txt"), b"a"), ("many", Some("bbb.txt"), b"b")]).expect(200);
    let path = record("docs", &text(&made["id"]));
    let [a, b] = &names(&made["many"])[..] else { panic!("two files: {made}") };
    let patch = |parts: &[Part<'_>]| send(&guest, Method::Patch, &path, parts);
    let listed = |answer: Answer| names(&answer.expect(200)["many"]).iter().map(|n| plain(n)).collect::<Vec<_>>();
    // Appended, with the name of one that is there, and prepended.
    assert_eq!(listed(patch(&[("many+", Some("ccc.txt"), b"c")])), ["aaa.txt", "bbb.txt", "ccc.txt"]);
    assert_eq!(
        listed(patch(&[("many-", None, a.as_bytes()), ("+many", Some("ddd.txt"), b"d")])),
        ["ddd.txt", "bbb.txt", "ccc.txt"]
    );
    // A subset, in its own order, and then everything after it.
    assert_eq!(names(&guest.patch(&path, json!({"many": [b]})).expect(200)["many"]), [b.as_str()]);
    assert_eq!(listed(patch(&[("many", None, b.as_bytes()), ("many", Some("eee.txt"), b"e")])), ["bbb.txt", "eee.txt"]);
    // Files alone take the place of all.
    assert_eq!(listed(patch(&[("many", Some("fff.txt"), b"f")])), ["fff.txt"]);
    // One that is single-valued keeps the last, and what it can't keep is nowhere.
    let one = |answer: Answer| plain(&text(&answer.expect(200)["one"]));
    assert_eq!(one(patch(&[("one", Some("ggg.txt"), b"g"), ("one", Some("hhh.txt"), b"h")])), "hhh.txt");
    assert_eq!(one(patch(&[("+one", Some("iii.txt"), b"i")])), "hhh.txt");
    assert_eq!(one(patch(&[("one+", Some("jjj.txt"), b"j")])), "jjj.txt");
    check(&app, 2);
    for nothing in [json!({"one": "", "many": []}), json!({"one": null, "many": null})] {
        let emptied = guest.patch(&path, nothing).expect(200);
        assert_eq!((&emptied["one"], &emptied["many"]), (&json!(""), &json!([])));
    }
    check(&app, 0);
}

#[test]
fn what_a_field_does_not_take_is_refused_by_code() {
    let app = with_docs();
    let guest = app.guest();
    let big = vec![b'a'; 2001];
    create(&guest, &[("one", Some("a.txt"), &big)]).expect_codes(&["one validation_file_size_limit"]);
    let body = create(&guest, &[("one", Some("dir/a.txt"), &big)]).json();
    assert_eq!(body["data"]["one"]["params"], json!({"file": "a.txt", "maxSize": 2000}));
    create(&guest, &[("one", Some("a.txt"), &big[..2000])]).expect(200);
    create(&guest, &[("picture", Some("a.png"), b"text")]).expect_codes(&["picture validation_invalid_mime_type"]);
    create(&guest, &[("picture", Some("a.txt"), PNG)]).expect(200);
    let four: Vec<Part<'_>> = vec![("many", Some("a.txt"), b"a"); 4];
    create(&guest, &four).expect_codes(&["many validation_too_many_files"]);
    create(&guest, &[("one", None, b"made_up.txt")]).expect_codes(&["one validation_invalid_file"]);
    let body = guest.post(&records("docs"), json!({"many": ["a.txt"]})).json();
    assert_eq!(body["data"]["many"]["params"], json!({"invalidFiles": ["a.txt"]}));
    // All errors together, and nothing of the good file is kept.
    create(&guest, &[("one", Some("ok.txt"), b"ok"), ("picture", Some("a.png"), b"x"), ("many", None, b"y")])
        .expect_codes(&["many validation_invalid_file", "picture validation_invalid_mime_type"]);
    check(&app, 2);
    let required = json!([{"name": "need", "type": "file", "required": true}]);
    app.as_superuser().post("/api/collections", open_collection("strict", required)).expect(200);
    guest.post(&records("strict"), json!({})).expect_codes(&["need validation_required"]);
    send(&guest, Method::Post, &records("strict"), &[("need", Some("zero.bin"), b"")]).expect(200);
}

#[test]
fn only_fields_that_the_caller_may_set_take_files() {
    let app = with_docs();
    let parts: &[Part<'_>] =
        &[("hush", Some("aaa.txt"), b"a"), ("title", Some("b.txt"), b"b"), ("zzz", Some("c"), b"c")];
    let made = create(&app.guest(), parts).expect(200);
    assert_eq!(made["title"], "");
    check(&app, 0);
    let made = create(&app.as_superuser(), parts).expect(200);
    assert_eq!(plain(&text(&made["hush"])), "aaa.txt");
    check(&app, 1);
    assert!(app.guest().view("docs", &text(&made["id"])).get("hush").is_none());
}

#[test]
fn rules_see_what_is_uploaded() {
    let app = with_docs();
    let rule = "@request.body.one:isset = true && @request.body.one.size < 10 && \
                @request.body.one.originalName = 'Plan.txt' && @request.body.many:length = 2 && \
                @request.body.many.1.size = 3 && @request.body.one.name ~ 'plan_'";
    app.as_superuser().patch(&collection("docs"), json!({"createRule": rule})).expect(200);
    let guest = app.guest();
    let two: [Part<'_>; 2] = [("many", Some("a"), b"a"), ("many", Some("b"), b"bbb")];
    create(&guest, &[&two[..], &[("one", Some("Plan.txt"), b"short")]].concat()).expect(200);
    create(&guest, &[&two[..], &[("one", Some("Plan.txt"), b"not so short")]].concat()).expect(400);
    create(&guest, &[&two[..], &[("one", Some("Other.txt"), b"short")]].concat()).expect(400);
    create(&guest, &[&two[..1], &[("one", Some("Plan.txt"), b"short")]].concat()).expect(400);
    create(&guest, &two).expect(400);
    check(&app, 3);
}

#[test]
fn parts_of_files_and_conditions() {
    let app = with_docs();
    let guest = app.guest();
    let made = create(&guest, &[("one", Some("a.txt"), b"hello world")]).expect(200);
    let path = file(&made["id"], &made["one"]);
    let with = |headers: &[(&str, &str)]| {
        headers.iter().fold(guest.call(Method::Get, &path), |call, (name, value)| call.header(name, value)).send()
    };
    let part = with(&[("Range", "bytes=0-4")]);
    assert_eq!((part.status, part.text().as_str(), part.header("Content-Range")), (206, "hello", Some("bytes 0-4/11")));
    assert_eq!(
        (with(&[("Range", "bytes=-5")]).text(), with(&[("Range", "bytes=9-")]).text()),
        ("world".into(), "ld".into())
    );
    let several = with(&[("Range", "bytes=0-0,-2")]);
    let kind = several.header("Content-Type").expect("a type").to_owned();
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("several parts");
    let expect = format!(
        "\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-0/11\r\n\r\nh\
         \r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 9-10/11\r\n\r\nld\
         \r\n--{boundary}--\r\n"
    );
    assert_eq!((several.status, several.text()), (206, expect));
    let beyond = with(&[("Range", "bytes=100-200")]);
    assert_eq!((beyond.status, beyond.header("Content-Range")), (416, Some("bytes */11")));
    assert_eq!(with(&[("Range", "nonsense")]).status, 200);

    let whole = with(&[]);
    let (etag, date) =
        (whole.header("ETag").expect("it is there"), whole.header("Last-Modified").expect("it is there"));
    let (weak, early) = (format!("\"x\", W/{etag}"), "Sun, 06 Nov 1994 08:49:37 GMT");
    for (headers, expect) in [
        (vec![("If-None-Match", etag)], 304),
        (vec![("If-None-Match", &*weak)], 304),
        (vec![("If-None-Match", "*")], 304),
        (vec![("If-None-Match", "\"other\"")], 200),
        (vec![("If-None-Match", "\"other\""), ("If-Modified-Since", date)], 200),
        (vec![("If-Modified-Since", date)], 304),
        (vec![("If-Modified-Since", early)], 200),
        (vec![("If-Modified-Since", "yesterday")], 200),
        (vec![("If-Match", etag)], 200),
        (vec![("If-Match", "\"other\", *")], 200),
        (vec![("If-Match", "\"other\"")], 412),
        (vec![("If-Match", &*weak)], 412),
        (vec![("If-Match", etag), ("If-Unmodified-Since", early)], 200),
        (vec![("If-Unmodified-Since", date)], 200),
        (vec![("If-Unmodified-Since", early)], 412),
        (vec![("If-Unmodified-Since", "yesterday")], 200),
        (vec![("Range", "bytes=0-1"), ("If-Range", etag)], 206),
        (vec![("Range", "bytes=0-1"), ("If-Range", date)], 206),
        (vec![("Range", "bytes=0-1"), ("If-Range", "\"other\"")], 200),
        (vec![("Range", "bytes=0-1"), ("If-Range", early)], 200),
        (vec![("Range", "bytes=0-1"), ("If-None-Match", etag)], 304),
    ] {
        let answer = with(&headers);
        assert_eq!(answer.status, expect, "{headers:?}");
        assert_eq!(matches!(answer.status, 304 | 412), answer.body.is_empty(), "{headers:?}");
        assert_eq!(answer.header("ETag"), Some(etag), "{headers:?}");
    }
}

#[test]
fn what_could_run_is_an_attachment_whatever_it_is_called() {
    let app = with_docs();
    let guest = app.guest();
    let html = b"<!DOCTYPE html><html><script>alert(1)</script></html>";
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"></svg>";
    let pdf = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n";
    for (name, content, kind, disposition) in [
        ("page.html", &html[..], "text/html", "attachment"),
        ("page.png", html, "text/html", "attachment"),
        ("image.svg", svg, "image/svg+xml", "attachment"),
        ("image.png", svg, "image/svg+xml", "attachment"),
        ("data.xml", b"<?xml version=\"1.0\"?><a/>", "text/xml", "attachment"),
        ("code.js", b"alert(1)", "text/javascript", "attachment"),
        ("note.png", b"just text", "text/plain", "attachment"),
        ("real.png", PNG, "image/png", "inline"),
        ("real.pdf", pdf, "application/pdf", "inline"),
    ] {
        let made = create(&guest, &[("one", Some(name), content)]).expect(200);
        let path = file(&made["id"], &made["one"]);
        for (query, expect) in [("", disposition), ("?download=1", "attachment"), ("?download=yes", disposition)] {
            let answer = guest.get(&format!("{path}{query}"));
            let found = answer.header("Content-Type").expect("a type").split(';').next().unwrap_or_default();
            assert_eq!(found, kind, "{name}");
            let shown = answer.header("Content-Disposition").expect("a disposition");
            assert!(shown.starts_with(&format!("{expect}; filename=")), "{name}{query}: {shown}");
            assert!(answer.header("Content-Security-Policy").is_some_and(|policy| policy.ends_with("; sandbox")));
            assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        }
    }
}

fn file_token(who: &Principal<'_>) -> String {
    text(&who.post("/api/files/token", json!({})).expect(200)["token"])
}

#[test]
fn protected_files_open_by_a_token_for_files_under_the_view_rule() {
    let app = with_docs();
    let root = app.as_superuser();
    let made = create(&root, &[("locked", Some("a.txt"), b"secret"), ("one", Some("b.txt"), b"open")]).expect(200);
    let path = file(&made["id"], &made["locked"]);
    let (ada, eve, boss) = (file_token(&app.as_user("ada")), file_token(&app.as_user("eve")), file_token(&root));
    let ada_only = format!("@request.auth.id = '{}' && @request.context = 'protectedFile'", id("ada"));
    let set = |rule: Json| root.patch(&collection("docs"), json!({"viewRule": rule})).expect(200);
    let auth_token = app.token_of("root").to_owned();
    for (rule, guest, ada_gets, eve_gets, boss_gets) in [
        (json!(""), 200, 200, 200, 200),
        (json!(ada_only), 404, 200, 404, 200),
        (json!("@request.auth.id != ''"), 404, 200, 200, 200),
        (json!(null), 404, 404, 404, 200),
    ] {
        set(rule.clone());
        let with = |token: &str| app.guest().get(&url(&path, &[("token", token)])).status;
        let got = (app.guest().get(&path).status, with(&ada), with(&eve), with(&boss));
        assert_eq!(got, (guest, ada_gets, eve_gets, boss_gets), "{rule}");
        // Neither what a browser sends along by itself nor a token for something else counts.
        assert_eq!((root.get(&path).status, with(&auth_token), with("nonsense")), (guest, guest, guest), "{rule}");
        assert_eq!(app.guest().get(&file(&made["id"], &made["one"])).status, 200, "others need nothing");
    }
    let answer = app.guest().get(&url(&path, &[("token", &boss)]));
    assert!(answer.header("Cache-Control").is_some_and(|cache| cache.starts_with("private, ")));
    app.guest().get(&path).expect(404);
    // The token ends with everything that its account is signed in with.
    set(json!(ada_only));
    let body = json!({"password": "another horse", "passwordConfirm": "another horse", "oldPassword": PASSWORD});
    app.as_user("ada").patch(&record("people", &id("ada")), body).expect(200);
    assert_eq!(app.guest().get(&url(&path, &[("token", &ada)])).status, 404);
}

#[test]
fn views_show_files_of_what_they_are_made_of() {
    let app = with_docs();
    let root = app.as_superuser();
    let made = create(&root, &[("one", Some("a.txt"), b"open"), ("locked", Some("b.txt"), b"secret")]).expect(200);
    let view = |name: &str, query: &str, rule: Json| {
        root.post("/api/collections", json!({"name": name, "type": "view", "viewQuery": query, "viewRule": rule}))
            .expect(200);
    };
    view("v1", "select id, one as file, locked from docs", json!(""));
    view("v2", "select id, file as again, locked from v1", json!(null));
    let at = |view: &str, name: &Json| format!("/api/files/{view}/{}/{}", text(&made["id"]), text(name));
    assert_eq!(app.guest().get(&at("v1", &made["one"])).text(), "open");
    assert_eq!(app.guest().get(&at("v2", &made["one"])).text(), "open");
    // It is the view's rule that counts, not the table's.
    root.patch(&collection("docs"), json!({"viewRule": null})).expect(200);
    assert_eq!(app.guest().get(&at("v1", &made["locked"])).text(), "secret");
    assert_eq!(app.guest().get(&at("v2", &made["locked"])).status, 404);
    let token = file_token(&root);
    assert_eq!(app.guest().get(&url(&at("v2", &made["locked"]), &[("token", &token)])).text(), "secret");
    // A record that the view doesn't show has no files there.
    root.patch(&collection("v1"), json!({"viewQuery": "select id, one as file from docs where id = 'x'"}));
    app.guest().get(&at("v1", &json!("x.txt"))).expect(404);
}

#[test]
fn what_is_not_there_is_not_found() {
    let app = with_docs();
    let guest = app.guest();
    let made = create(&guest, &[("one", Some("a.txt"), b"a"), ("title", None, b"title.txt")]).expect(200);
    let (id, name) = (text(&made["id"]), text(&made["one"]));
    for path in [
        format!("/api/files/missing/{id}/{name}"),
        format!("/api/files/docs/missing/{name}"),
        format!("/api/files/docs/{id}/missing.txt"),
        format!("/api/files/docs/{id}/title.txt"),
        format!("/api/files/docs/{id}/..%2F{id}%2F{name}"),
        format!("/api/files/docs/{id}%2F{name}/x"),
        format!("/api/files/docs/..%2F..%2Fdata.db/{name}"),
        format!("/api/files/articles/{id}/{name}"),
    ] {
        guest.get(&path).expect(404);
    }
    // The collection's id will do, and its name in any case.
    assert_eq!(guest.get(&format!("/api/files/DOCS/{id}/{name}")).status, 200);
    std::fs::remove_file(&stored(&app)[0]).expect("it can be removed");
    guest.get(&format!("/api/files/docs/{id}/{name}")).expect(404);
}

#[test]
fn files_go_with_whatever_named_them() {
    let app = with_docs();
    let root = app.as_superuser();
    let child = json!([
        {"name": "doc", "type": "relation", "collectionId": root.get(&collection("docs")).expect(200)["id"],
         "cascadeDelete": true},
        {"name": "f", "type": "file", "maxSelect": 3},
    ]);
    root.post("/api/collections", open_collection("children", child)).expect(200);
    let fill = || {
        let made = create(&root, &[("one", Some("a.txt"), b"a"), ("many", Some("b.txt"), b"b")]).expect(200);
        let doc = text(&made["id"]);
        let parts: &[Part<'_>] = &[("doc", None, doc.as_bytes()), ("f", Some("c"), b"c"), ("f", Some("d"), b"d")];
        send(&root, Method::Post, &records("children"), parts).expect(200);
        doc
    };
    let doc = fill();
    check(&app, 4);
    root.patch(&record("docs", &doc), json!({"one": ""})).expect(200);
    check(&app, 3);
    assert_eq!(root.delete(&record("docs", &doc)).status, 204);
    check(&app, 0);
    fill();
    assert_eq!(root.delete(&format!("{}/truncate", collection("docs"))).status, 204);
    check(&app, 0);
    fill();
    // Made single, a field keeps the last of its files; gone, none.
    let mut fields = root.get(&collection("children")).expect(200)["fields"].clone();
    fields[2]["maxSelect"] = json!(1);
    root.patch(&collection("children"), json!({"fields": fields})).expect(200);
    check(&app, 3);
    let kept: Vec<Json> =
        fields.as_array().expect("a list").iter().filter(|field| field["name"] != "f").cloned().collect();
    root.patch(&collection("children"), json!({"fields": kept})).expect(200);
    check(&app, 2);
    assert_eq!(root.delete(&collection("children")).status, 204);
    assert_eq!(root.delete(&collection("docs")).status, 204);
    check(&app, 0);
    assert!(
        std::fs::read_dir(app.data_dir().join("storage")).expect("it is there").next().is_none(),
        "no empty folders"
    );
}

#[test]
fn a_check_finds_what_does_not_fit_and_mends_what_nobody_needs() {
    let app = with_docs();
    let guest = app.guest();
    let made = create(&guest, &[("one", Some("a.txt"), b"a"), ("picture", Some("b.png"), PNG)]).expect(200);
    let folder = app.data_dir().join("storage");
    let docs = text(&app.as_superuser().get(&collection("docs")).expect(200)["id"]);
    let (id, one, picture) = (text(&made["id"]), text(&made["one"]), text(&made["picture"]));
    let key = |name: &str| format!("{docs}/{id}/{name}");
    let write = |key: &str| {
        let path = folder.join(key);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it can be made");
        std::fs::write(path, "stray").expect("it can be written");
    };
    let orphans = [key("stray.txt"), key("thumbs_gone.png/100x100_gone.png"), "other/x".to_owned()];
    orphans.iter().for_each(|orphan| write(orphan));
    write(&key(&format!("thumbs_{picture}/100x100_{picture}")));
    let report = |repair: bool| {
        let report = app.wait(app.app().check_files(repair)).expect("files can be checked");
        report.mismatches.into_iter().map(|(what, key)| format!("{} {key}", what.name())).collect::<Vec<_>>()
    };
    let mut expect: Vec<String> = orphans.iter().map(|key| format!("orphan {key}")).collect();
    expect.sort();
    assert_eq!(report(false), expect);
    assert_eq!(report(true), expect, "what is mended is reported once more");
    assert_eq!(report(false), Vec::<String>::new());
    std::fs::remove_file(folder.join(key(&one))).expect("it is there");
    write(&key(&picture));
    let expect = [format!("missing {}", key(&one)), format!("wrong-size {}", key(&picture))];
    assert_eq!(report(true), expect);
    assert_eq!(report(true), expect, "what a record names is never touched");
    assert!(folder.join(key(&picture)).exists());
}
