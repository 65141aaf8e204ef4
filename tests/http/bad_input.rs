//! What no client would send: headers, bodies, filters and addresses that are odd, deep, huge or many. The incident
//! class "header and entity parsing" of `incidents.rs`.

use rocket::http::Method;
use serde_json::json;

use crate::harness::{TestApp, collection, id, record, records, segment};

#[test]
fn repeated_headers_are_one_header() {
    let app = TestApp::new();
    let call = |first: &str, second: &str| {
        let call = app.guest().call(Method::Get, "/api/collections");
        call.header("Authorization", first).header("Authorization", second).send().status
    };
    let (ada, root) = (app.token_of("ada").to_owned(), app.token_of("root").to_owned());
    // Whichever counts, it is the same one for every part of the program.
    assert_eq!(call(&ada, &root), 403);
    assert_eq!(call("nonsense", &root), 401);
    assert_eq!(call(&format!("{ada}, {root}"), &ada), 401);
    // Many, long and odd ones.
    let mut many = app.guest().call(Method::Get, "/api/health");
    for at in 0..500 {
        many = many.header(&format!("X-Many-{at}"), &"v".repeat(100)).header("X-Same", "v");
    }
    many.send().expect(200);
    let long = app.guest().call(Method::Get, "/api/collections").header("Authorization", &"x".repeat(100_000)).send();
    long.expect(401);
}

#[test]
fn deep_json_and_huge_numbers_are_answered() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let send = |body: String| ada.call(Method::Post, &records("articles")).raw("application/json", body).send();
    for depth in [200, 10_000, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for body in [deep.clone(), format!("{{\"title\":\"x\",\"extra\":{deep}}}"), open.repeat(depth)] {
                send(body).expect(400);
            }
        }
    }
    // JSON inside of text is JSON only if it isn't too deep.
    let nested = serde_json::to_string(&"[".repeat(100_000)).expect("text");
    let body = format!("{{\"title\":\"x\",\"owner\":\"{}\",\"extra\":{nested}}}", id("ada"));
    let answer = send(body);
    assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
    for number in [
        "1e400",
        "-1e400",
        "1e-400",
        &"9".repeat(400),
        "123456789012345678901234567890",
        "0.1e1e1",
        "0x10",
        "NaN",
        "Infinity",
        "--1",
    ] {
        for name in ["stock", "price", "extra", "title", "state", "owner", "tags"] {
            let answer = send(format!("{{\"title\":\"x\",\"owner\":\"{}\",\"{name}\":{number}}}", id("ada")));
            assert!(matches!(answer.status, 200 | 400), "{name} {number}: {}", answer.text());
            // What was stored can be read again by any JSON parser.
            answer.json();
        }
        let answer = ada.list("articles", &[("filter", &format!("stock = {number}")), ("perPage", number)]);
        assert!(matches!(answer.status, 200 | 400), "{number}: {}", answer.text());
    }
    // Keys by the thousand, repeated keys, keys of all shapes.
    let many: String = (0..20_000).map(|at| format!("\"k{at}\":1,")).collect();
    let owner = id("ada");
    send(format!("{{{many}\"title\":\"many\",\"owner\":\"{owner}\"}}")).expect(200);
    // Programs differ in which of two equal names counts, so a check before us may have seen the other one.
    send(format!("{{\"title\":\"one\",\"title\":\"two\",\"owner\":\"{owner}\"}}")).expect(400);
    for body in [
        "",
        "null",
        "1",
        "[]",
        "\"x\"",
        "{",
        "{\"title\"",
        "{\"title\":\"x\"} x",
        "\u{feff}{}",
        "{\"title\":\"\\ud800\"}",
        "{'title':1}",
    ] {
        let answer = send(body.to_owned());
        assert!(matches!(answer.status, 200 | 400), "{body:?}: {}", answer.text());
    }
    ada.call(Method::Post, &records("articles"))
        .raw("application/json", vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}'])
        .send()
        .expect(400);
    // The relation field takes as many ids as it may hold, and no query is built from more.
    let ids: Vec<String> = (0..50_000).map(|at| format!("{at:015}")).collect();
    ada.post(&records("articles"), json!({"title": "x", "owner": owner, "tags": ids})).expect(400);
}

#[test]
fn filters_that_are_too_long_too_deep_or_unclosed_are_refused() {
    let app = TestApp::new();
    for who in [app.guest(), app.as_superuser()] {
        for filter in [
            format!("title = '{}'", "x".repeat(4000)),
            format!("{}title = 'x'{}", "(".repeat(500), ")".repeat(500)),
            "(".repeat(3000),
            "title = 'x' && ".repeat(220) + "title = 'x'",
            "title = 'x".to_owned(),
            "title = \"x".to_owned(),
            "(title = 'x'".to_owned(),
            "title = 'x')".to_owned(),
            "title".to_owned(),
            "= 1".to_owned(),
            "title = 1 &&".to_owned(),
            "title & 1".to_owned(),
            "title = 'x' -- y".to_owned(),
            format!("owner.{}handle = 'x'", "friend.".repeat(20)),
            format!("{}1{} = 1", "strftime(".repeat(50), ")".repeat(50)),
            "nothing = 1".to_owned(),
            "owner.nothing = 1".to_owned(),
        ] {
            who.list("articles", &[("filter", &filter)]).expect(400);
        }
        who.list("articles", &[("sort", &"title,".repeat(9))]).expect(400);
        who.list("articles", &[("sort", &"x".repeat(300))]).expect(400);
        let answer = who.list("articles", &[("expand", &"owner.friend.".repeat(300))]);
        answer.expect(200);
        let answer = who.list("articles", &[("fields", &"expand.".repeat(1000))]);
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
    }
}

#[test]
fn odd_ids_and_names_in_addresses_find_nothing() {
    let app = TestApp::new();
    let root = app.as_superuser();
    for odd in [
        "a/b",
        "..",
        ".",
        "%2e%2e",
        "\u{0}",
        "first000000000\u{0}",
        " ",
        "first0000000000 ",
        "FIRST0000000000",
        "*",
        "_",
        "%",
        "\u{ff0e}\u{ff0e}",
        "\u{202e}x",
        &"x".repeat(5000),
        "first0000000000'",
        "@me",
        "meta",
        "import",
    ] {
        for path in [record("articles", odd), record(odd, &id("first")), collection(odd)] {
            let answer = root.get(&path);
            assert!(matches!(answer.status, 307 | 400 | 404), "{path}: {} {}", answer.status, answer.text());
        }
        root.patch(&record("articles", odd), json!({"title": "x"}));
        root.delete(&record("articles", odd));
    }
    // Bytes that aren't UTF-8, twice encoded and half encoded.
    for path in [
        "/api/collections/articles/records/%ff%fe",
        "/api/collections/%c3%28/records",
        "/api/collections/articles/records/%2566irst0000000000",
        "/api/collections/articles/records/%",
        "/api/collections/articles/records?filter=%ff",
        "/api/collections/articles/records?filter=%",
    ] {
        let answer = root.get(path);
        assert!(matches!(answer.status, 200 | 400 | 404), "{path}: {}", answer.status);
        assert!(answer.status != 200 || path.contains('?'), "{path}");
    }
    assert_eq!(root.find("articles", "", "title"), ["first", "fourth", "second", "third"]);
    // An id with a slash can't be made, so none can be asked for.
    for bad in ["a/b", "../..", "with space", "\u{0}\u{0}\u{0}", "ABCDEFGHIJKLMNO", "ääääääääääääääa"] {
        let answer = root.post(&records("articles"), json!({"title": "x", "id": bad}));
        assert!(answer.status == 400, "{bad:?}: {}", answer.text());
    }
    assert_eq!(segment("a/b"), "a%2Fb");
}
