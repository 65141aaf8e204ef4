//! What goes wrong with files, in the peers and by malice: nothing is left behind, nothing gets out, nobody is harmed.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::files::{PNG, Part, check, create, file, files_below, form, send, stored, with_docs};
use crate::harness::{TestApp, collection, open_collection, record, records, text};

#[test]
fn names_of_files_lead_nowhere() {
    let app = with_docs();
    let guest = app.guest();
    let before = files_below(app.data_dir()).len();
    let names = [
        "../../../../tmp/evil",
        "/etc/passwd",
        "..\\..\\evil.exe",
        "C:\\evil.txt",
        ".htaccess",
        "..",
        ".",
        "con",
        "nul.txt",
        "a/b/c.txt",
        "%2e%2e%2fevil",
        "ünïcödé.txt",
        "x.%00.png",
        "a;b=c.txt",
        "thumbs_x.png",
        "sp ace.txt",
        "🦀",
    ];
    for name in names {
        let made = create(&guest, &[("one", Some(name), b"evil")]).expect(200);
        let kept = text(&made["one"]);
        assert!(kept.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-+=".contains(&b)), "{name}: {kept}");
        assert!(!kept.starts_with('.') && !kept.contains(".."), "{name}: {kept}");
        assert_eq!(guest.get(&file(&made["id"], &made["one"])).text(), "evil", "{name}");
    }
    let long = "n".repeat(5000);
    assert!(text(&create(&guest, &[("one", Some(&long), b"x")]).expect(200)["one"]).len() < 150);
    let all = stored(&app).len();
    assert_eq!(all, names.len() + 1);
    check(&app, all);
    assert_eq!(files_below(app.data_dir()).len(), before + all, "nothing was written anywhere else");
}

#[test]
fn malformed_forms_are_refused_and_leave_nothing() {
    let app = with_docs();
    let guest = app.guest();
    let whole = form(&[("one", Some("a.txt"), b"hello world")]);
    let good = "multipart/form-data; boundary=holdallholdallholdall";
    let mut bodies: Vec<(&str, Vec<u8>)> = vec![
        ("multipart/form-data", whole.clone()),
        ("multipart/form-data; boundary=", whole.clone()),
        ("multipart/form-data; boundary=other", whole.clone()),
        (good, b"--holdallholdallholdall\r\nContent-Disposition: form-data; name=\"one\"; filename=\"a".to_vec()),
        (good, b"\0\xff\xfe".to_vec()),
    ];
    // Cut off anywhere before the end.
    bodies.extend((1..whole.len() - 4).step_by(7).map(|end| (good, whole[..end].to_vec())));
    for (kind, body) in bodies {
        let answer = guest.call(Method::Post, &records("docs")).raw(kind, body.clone()).send();
        assert_eq!(answer.status, 400, "{kind}: {:?}: {}", String::from_utf8_lossy(&body), answer.text());
        answer.expect(400);
    }
    let many: Vec<Part<'_>> = vec![("many", Some("a"), b""); 1001];
    create(&guest, &many).expect(400);
    check(&app, 0);
    assert_eq!(guest.items("docs", &[]), Vec::<Json>::new());
}

#[test]
fn bodies_have_limits_whatever_they_are_made_of() {
    let app = TestApp::new();
    let root = app.as_superuser();
    // Files may be huge here, and still no text may.
    let fields = json!([{"name": "f", "type": "file", "maxSize": 1_u64 << 40}, {"name": "t", "type": "text"}]);
    root.post("/api/collections", open_collection("docs", fields)).expect(200);
    let guest = app.guest();
    let large = vec![b'a'; (32 << 20) + 1];
    create(&guest, &[("t", None, &large)]).expect(413);
    create(&guest, &[("t", None, &large[..20 << 20]), ("t", None, &large[..20 << 20])]).expect(413);
    let json = [br#"{"t": ""#, large.as_slice(), br#""}"#].concat();
    guest.call(Method::Post, &records("docs")).raw("application/json", json).send().expect(413);
    create(&guest, &[("f", Some("a.txt"), &large)]).expect(200);
    check(&app, 1);
    // A body that says beforehand that it is larger than everything together.
    let call = guest.call(Method::Post, &records("docs")).raw("multipart/form-data; boundary=x", "--x--");
    call.header("Content-Length", "99999999999999").send().expect(413);
}

#[test]
fn whoever_may_not_write_at_all_sends_in_vain() {
    let app = with_docs();
    let root = app.as_superuser();
    root.patch(&collection("docs"), json!({"createRule": null, "updateRule": null})).expect(200);
    let made = create(&root, &[("one", Some("a.txt"), b"a")]).expect(200);
    let path = record("docs", &text(&made["id"]));
    for who in [app.guest(), app.as_user("eve")] {
        create(&who, &[("one", Some("b.txt"), b"b")]).expect(403);
        send(&who, Method::Patch, &path, &[("one", Some("b.txt"), b"b")]).expect(403);
        send(&who, Method::Post, &records("missing"), &[("one", Some("b.txt"), b"b")]).expect(404);
    }
    // Before a broken form is even looked at: nothing of it was taken in.
    let broken = "multipart/form-data; boundary=";
    app.guest().call(Method::Post, &records("docs")).raw(broken, "x").send().expect(403);
    check(&app, 1);
    let rule = json!({"createRule": "title = 'may'", "updateRule": "title = 'may'"});
    root.patch(&collection("docs"), rule).expect(200);
    create(&app.guest(), &[("one", Some("b.txt"), b"b"), ("title", None, b"may not")]).expect(400);
    send(&app.guest(), Method::Patch, &path, &[("one", Some("b.txt"), b"b")]).expect(404);
    check(&app, 1);
}

#[test]
fn an_api_key_sends_files_within_its_scope_only() {
    let app = with_docs();
    let key = |scope: Json| {
        let body = json!({"name": "k", "scope": scope});
        let made = app.as_superuser().post("/api/keys", body);
        text(&made.json()["key"])
    };
    let (reads, writes) = (key(json!({"docs": ["view"]})), key(json!({"docs": ["create"]})));
    create(&app.with_token(&reads), &[("one", Some("a.txt"), b"a")]).expect(403);
    check(&app, 0);
    create(&app.with_token(&writes), &[("one", Some("a.txt"), b"a")]).expect(200);
    check(&app, 1);
}

#[test]
fn a_write_that_fails_at_the_end_leaves_no_file() {
    let app = with_docs();
    let root = app.as_superuser();
    let index = json!({"indexes": ["CREATE UNIQUE INDEX docs_title ON docs (title)"]});
    root.patch(&collection("docs"), index).expect(200);
    let guest = app.guest();
    let parts: &[Part<'_>] = &[("title", None, b"same"), ("one", Some("a.txt"), b"a"), ("picture", Some("b.png"), PNG)];
    let made = create(&guest, parts).expect(200);
    create(&guest, parts).expect_codes(&["title validation_not_unique"]);
    check(&app, 2);
    let other = create(&guest, &[("title", None, b"other"), ("one", Some("c.txt"), b"c")]).expect(200);
    let path = record("docs", &text(&other["id"]));
    send(&guest, Method::Patch, &path, parts).expect_codes(&["title validation_not_unique"]);
    check(&app, 3);
    assert_eq!(guest.get(&file(&other["id"], &other["one"])).text(), "c", "the old file is untouched");
    assert_eq!(guest.get(&file(&made["id"], &made["one"])).text(), "a");
}

#[test]
fn what_was_to_be_removed_is_removed_after_a_restart() {
    let mut app = with_docs();
    let made = create(&app.guest(), &[("one", Some("a.txt"), b"a"), ("picture", Some("b.png"), PNG)]).expect(200);
    let path = record("docs", &text(&made["id"]));
    // The storage can't be changed for a while: a folder lies where a file was.
    let key = |app: &TestApp, name: &Json| {
        let found = stored(app).into_iter().find(|path| path.ends_with(text(name)));
        found.expect("it is stored")
    };
    let (one, picture) = (key(&app, &made["one"]), key(&app, &made["picture"]));
    std::fs::remove_file(&one).expect("it can be removed");
    std::fs::create_dir_all(one.join("inside")).expect("it can be made");
    app.guest().patch(&path, json!({"one": "", "picture": ""})).expect(200);
    assert!(stored(&app).is_empty() && !picture.exists(), "one that fails doesn't hold up others");
    app.while_stopped(|folder| {
        std::fs::remove_dir_all(&one).expect("it can be removed");
        std::fs::write(&one, "a").expect("it can be written");
        // As if a crash had come while files arrived.
        std::fs::write(folder.join("uploads/abc.part"), "half").expect("it can be written");
    });
    // It is due again a moment later.
    let wait = async {
        while one.exists() {
            app.app().clone().settle_files().await.expect("files can be removed");
            tokio::task::yield_now().await;
        }
    };
    app.wait(wait);
    check(&app, 0);
}

#[test]
fn two_that_change_a_field_at_once_leave_what_the_record_says() {
    let app = with_docs();
    let made = create(&app.guest(), &[("many", Some("first.txt"), b"1")]).expect(200);
    let path = record("docs", &text(&made["id"]));
    let kind = "multipart/form-data; boundary=holdallholdallholdall";
    let guest = app.guest();
    let calls = (0..6).map(|at| {
        let key = if at % 2 == 0 { "many" } else { "one" };
        guest.call(Method::Patch, &path).raw(kind, form(&[(key, Some("next.txt"), b"2")]))
    });
    for answer in app.at_once(calls.collect::<Vec<_>>()) {
        answer.expect(200);
    }
    check(&app, 2);
    // Deleted while something is on its way: whoever loses, nothing stays.
    let patch = guest.call(Method::Patch, &path).raw(kind, form(&[("one", Some("late.txt"), b"3")]));
    let answers = app.at_once([patch, guest.call(Method::Delete, &path)]);
    assert_eq!(answers[1].status, 204);
    assert!(matches!(answers[0].status, 200 | 404 | 503), "{}", answers[0].text());
    check(&app, 0);
}
