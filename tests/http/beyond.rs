//! What goes beyond the reference: NULL next to absent and zero, defaults, cursors, capped totals; and renames, which
//! are carried through everything that names a field or a collection.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value as Json, json};

use crate::harness::{Answer, Principal, TestApp, collection, id, open_collection, record, records, text};

// -------------------------------------------------------------------------------------------------- NULL and defaults

/// A collection with a nullable field of every kind that stores a value.
fn make_nullables(app: &TestApp) {
    let field = |name: &str, kind: &str, more: Json| {
        let mut field = json!({"name": name, "type": kind, "nullable": true});
        field.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        field
    };
    let fields = json!([
        {"name": "name", "type": "text"},
        field("text", "text", json!({})),
        field("editor", "editor", json!({})),
        field("number", "number", json!({})),
        field("bool", "bool", json!({})),
        field("email", "email", json!({})),
        field("url", "url", json!({})),
        field("date", "date", json!({})),
        field("select", "select", json!({"values": ["a", "b"]})),
        field("several", "select", json!({"values": ["a", "b"], "maxSelect": 2})),
        field("relation", "relation", json!({"collectionId": "c_tags"})),
        field("point", "geoPoint", json!({})),
    ]);
    app.as_superuser().post("/api/collections", open_collection("nullables", fields)).expect(200);
}

/// Each nullable field with its zero value and another one.
fn nullable_values() -> Vec<(&'static str, Json, Json)> {
    vec![
        ("text", json!(""), json!("a")),
        ("editor", json!(""), json!("<p>a</p>")),
        ("number", json!(0), json!(1)),
        ("bool", json!(false), json!(true)),
        ("email", json!(""), json!("a@b.example")),
        ("url", json!(""), json!("https://b.example/")),
        ("date", json!(""), json!("2024-05-06 00:00:00.000Z")),
        ("select", json!(""), json!("a")),
        ("several", json!([]), json!(["a", "b"])),
        ("relation", json!(""), json!(id("red"))),
        ("point", json!({"lon": 0, "lat": 0}), json!({"lon": 1, "lat": 2})),
    ]
}

#[test]
fn null_absent_and_zero_are_three_things_on_input_and_output() {
    let app = TestApp::new();
    make_nullables(&app);
    let guest = app.guest();
    for (name, zero, value) in nullable_values() {
        let absent = guest.create("nullables", json!({"name": "absent"}));
        assert_eq!(absent[name], Json::Null, "{name} was never set");
        let key = text(&absent["id"]);
        for given in [&zero, &Json::Null, &value, &Json::Null, &zero] {
            let changed = guest.update("nullables", &key, json!({name: given}));
            assert_eq!(changed[name], *given, "{name} after an update");
            assert_eq!(guest.view("nullables", &key)[name], *given, "{name} as it is stored");
            // Absent leaves the field alone.
            assert_eq!(
                guest.update("nullables", &key, json!({"name": "x"}))[name],
                *given,
                "{name} after another field's"
            );
            assert_eq!(
                guest.create("nullables", json!({"name": "created", name: given}))[name],
                *given,
                "{name} on create"
            );
        }
    }
}

#[test]
fn filters_tell_null_from_zero_on_nullable_numbers_and_bools() {
    let app = TestApp::new();
    make_nullables(&app);
    let guest = app.guest();
    guest.create("nullables", json!({"name": "null"}));
    guest.create("nullables", json!({"name": "zero", "number": 0, "bool": false, "select": "", "date": ""}));
    guest.create("nullables", json!({"name": "one", "number": 1, "bool": true, "select": "a", "date": "2024-05-06"}));
    for (filter, expect) in [
        ("number = null", vec!["null"]),
        ("number != null", vec!["one", "zero"]),
        ("number = 0", vec!["zero"]),
        ("number != 0", vec!["null", "one"]),
        ("number < 1", vec!["zero"]),
        ("number >= 0", vec!["one", "zero"]),
        ("bool = null", vec!["null"]),
        ("bool != null", vec!["one", "zero"]),
        ("bool = false", vec!["zero"]),
        ("bool = true", vec!["one"]),
    ] {
        assert_eq!(guest.find("nullables", filter, "name"), expect, "{filter}");
    }
    // Fields that aren't nullable are never NULL, whatever is sent.
    let root = app.as_superuser();
    root.update("articles", &id("first"), json!({"stock": null, "title": "first"}));
    assert_eq!(root.view("articles", &id("first"))["stock"], 0);
    assert_eq!(root.find("articles", "stock = null", "title"), [""; 0]);
    assert_eq!(root.find("articles", "price = null", "title").len(), 4);
}

#[test]
fn defaults_fill_what_is_absent_and_nothing_else() {
    let app = TestApp::new();
    let root = app.as_superuser();
    for (given, expect) in [
        (json!({"title": "x"}), json!(5)),
        (json!({"title": "x", "stock": 0}), json!(0)),
        (json!({"title": "x", "stock": null}), json!(0)),
        (json!({"title": "x", "stock": 7}), json!(7)),
        (json!({"title": "x", "stock+": 2}), json!(7)),
    ] {
        assert_eq!(root.create("articles", given.clone())["stock"], expect, "{given}");
    }
    assert_eq!(root.create("articles", json!({"title": "x"}))["state"], "draft");
    assert_eq!(root.create("articles", json!({"title": "x", "state": ""}))["state"], "");
    let key = id("first");
    assert_eq!(root.update("articles", &key, json!({"stock": 0}))["stock"], 0);
    assert_eq!(root.update("articles", &key, json!({"title": "y"}))["stock"], 0, "an update fills nothing in");
    // Nullable and default together: absent is the default, null is NULL.
    let fields = json!([{"name": "n", "type": "number", "nullable": true, "default": 3}]);
    root.post("/api/collections", open_collection("both", fields)).expect(200);
    for (given, expect) in [(json!({}), json!(3)), (json!({"n": null}), Json::Null), (json!({"n": 0}), json!(0))] {
        assert_eq!(root.create("both", given.clone())["n"], expect, "{given}");
    }
}

#[test]
fn a_field_may_become_nullable_and_back() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let define = |nullable: bool| {
        let fields = json!([
            {"name": "id", "type": "text", "id": "text3208210256", "system": true, "primaryKey": true, "required": true,
             "min": 15, "max": 15, "pattern": "^[a-z0-9]+$", "autogeneratePattern": "[a-z0-9]{15}"},
            {"name": "n", "type": "number", "id": "number_n", "nullable": nullable},
        ]);
        open_collection("turning", fields)
    };
    root.post("/api/collections", define(true)).expect(200);
    let key = text(&root.create("turning", json!({"n": null}))["id"]);
    root.patch(&collection("turning"), define(false)).expect(200);
    assert_eq!(root.view("turning", &key)["n"], 0, "there is no NULL any more");
    root.patch(&collection("turning"), define(true)).expect(200);
    assert_eq!(root.view("turning", &key)["n"], 0);
}

// ------------------------------------------------------------------------------------------------------------ cursors

/// Follows cursors from the start to the end; `between` runs after every page.
fn follow(who: &Principal<'_>, query: &[(&str, &str)], mut between: impl FnMut(usize)) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let query = [query, &[("cursor", &cursor)]].concat();
        let answer = who.list("tags", &query).expect(200);
        names.extend(answer["items"].as_array().expect("items").iter().map(|item| text(&item["name"])));
        cursor = text(&answer["nextCursor"]);
        if cursor.is_empty() {
            break;
        }
        between(page);
    }
    names
}

fn fill_tags(app: &TestApp, names: impl IntoIterator<Item = String>) {
    for name in names {
        app.as_superuser().create("tags", json!({"name": name}));
    }
}

#[test]
fn a_cursor_shows_every_record_once_in_every_order() {
    let app = TestApp::new();
    fill_tags(&app, (0..11).map(|number| format!("t{number:02}")));
    let mut all = app.guest().find("tags", "", "name");
    for size in ["1", "3", "13", "14", "1000"] {
        assert_eq!(follow(&app.guest(), &[("perPage", size), ("sort", "name")], |_| ()), all, "{size}");
    }
    all.reverse();
    assert_eq!(follow(&app.guest(), &[("perPage", "4"), ("sort", "-name")], |_| ()), all);
    // Without a sort expression the order is that of the ids, which is as good as any and tells nothing.
    let by_id: Vec<String> =
        app.guest().items("tags", &[("sort", "id")]).iter().map(|tag| text(&tag["name"])).collect();
    assert_eq!(follow(&app.guest(), &[("perPage", "4")], |_| ()), by_id);
    let filtered = follow(&app.guest(), &[("perPage", "2"), ("sort", "name"), ("filter", "name ~ 't0'")], |_| ());
    assert_eq!(filtered.len(), 10);
}

#[test]
fn superusers_follow_the_order_of_creation_by_cursor() {
    let app = TestApp::new();
    fill_tags(&app, (0..9).map(|number| format!("t{number}")));
    let root = app.as_superuser();
    let query = [("perPage", "2"), ("sort", "-@rowid"), ("filter", "name ~ 't'")];
    let seen = follow(&root, &query, |page| {
        root.create("tags", json!({"name": format!("t new {page}")}));
    });
    assert_eq!(seen, ["t8", "t7", "t6", "t5", "t4", "t3", "t2", "t1", "t0"]);
    let oldest_first =
        follow(&root, &[("perPage", "4"), ("sort", "@rowid"), ("filter", "name ~ 't' && name !~ 'new'")], |_| ());
    assert_eq!(oldest_first, ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"]);
    // The number of a row tells how many there are that somebody else can't see.
    app.guest().list("tags", &[("sort", "-@rowid"), ("cursor", "")]).expect(400);
    root.list("headlines", &[("sort", "-@rowid"), ("cursor", "")]).expect(400);
}

#[test]
fn a_cursor_is_stable_under_inserts_and_deletes() {
    let app = TestApp::new();
    fill_tags(&app, (0..9).map(|number| format!("t{number}")));
    let root = app.as_superuser();
    let seen = follow(&app.guest(), &[("perPage", "2"), ("sort", "name"), ("filter", "name ~ 't'")], |page| {
        // Before the position: would push everything on by one if pages were numbers.
        root.create("tags", json!({"name": format!("t0 {page}")}));
        if page == 1 {
            // The very record that the cursor stands on, and one that has been shown.
            for name in ["t3", "t0"] {
                let found = root.find("tags", &format!("name = '{name}'"), "id");
                root.delete(&record("tags", &found[0])).expect(204);
            }
        }
    });
    assert_eq!(seen, ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"]);
}

#[test]
fn cursors_pass_equal_values_and_nulls() {
    let app = TestApp::new();
    make_nullables(&app);
    let guest = app.guest();
    for number in [Json::Null, json!(1), json!(0), Json::Null, json!(1), json!(-1.5), json!(0), Json::Null] {
        guest.create("nullables", json!({"number": number}));
    }
    for sort in ["number", "-number", "number,-name", "bool,number", "-date,-number"] {
        let (mut cursor, mut keys, mut numbers) = (String::new(), Vec::new(), Vec::new());
        loop {
            let page = guest.list("nullables", &[("sort", sort), ("perPage", "3"), ("cursor", &cursor)]).expect(200);
            for item in page["items"].as_array().expect("items") {
                keys.push(text(&item["id"]));
                numbers.push(item["number"].clone());
            }
            cursor = text(&page["nextCursor"]);
            if cursor.is_empty() {
                break;
            }
        }
        let plain = guest.items("nullables", &[("sort", sort)]);
        assert_eq!(numbers, plain.iter().map(|item| item["number"].clone()).collect::<Vec<_>>(), "{sort}");
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 8, "{sort}");
    }
}

#[test]
fn tampered_cursors_are_refused() {
    let app = TestApp::new();
    fill_tags(&app, (0..5).map(|number| format!("t{number}")));
    let guest = app.guest();
    let ask = |sort: &str, cursor: &str| guest.list("tags", &[("sort", sort), ("perPage", "2"), ("cursor", cursor)]);
    let good = text(&ask("name", "").expect(200)["nextCursor"]);
    ask("name", &good).expect(200);
    for bad in
        ["x", "%", "null", "W10", "bnVsbA", "eyJhIjoxfQ", &good[1..], &good[..good.len() - 3], &format!("{good}{good}")]
    {
        ask("name", bad).expect(400);
    }
    // One that is good, but for another list.
    ask("-name", &good).expect(400);
    ask("", &good).expect(400);
    guest.list("articles", &[("sort", "title"), ("cursor", &good)]).expect(400);
    // What has no position has no cursor.
    ask("@random", "").expect(400);
    guest.list("articles", &[("sort", "owner.handle"), ("cursor", "")]).expect(400);
    // A made-up position is just another position: it can't be used to see more.
    let position = |values: Json| {
        let mut parts: Vec<Json> = serde_json::from_slice(&BASE64.decode(&good).expect("base64")).expect("JSON");
        parts.truncate(1);
        parts.extend(values.as_array().expect("an array").iter().cloned());
        BASE64.encode(Json::from(parts).to_string())
    };
    assert_eq!(ask("name", &position(json!(["", "0"]))).expect(200)["items"][0]["name"], "blue");
    assert_eq!(ask("name", &position(json!(["' OR 1=1 --", "' OR 1=1 --"]))).expect(200)["items"][0]["name"], "blue");
    assert_eq!(ask("name", &position(json!(["zzz", "0"]))).expect(200)["items"], json!([]));
    for odd in [json!([]), json!(["a"]), json!(["a", 1, 2]), json!(["a", {}]), json!([["a"], "x"]), json!(["a", true])]
    {
        ask("name", &position(odd)).expect(400);
    }
    for odd in [json!([1, "x"]), json!([null, null]), json!(["a", 1e300]), json!([-1.5, -1])] {
        let answer: Answer = ask("name", &position(odd));
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
    }
}

#[test]
fn a_cursor_tells_nothing_that_the_page_does_not_show() {
    let app = TestApp::new();
    let mut seen = 0;
    for (of, sort) in [("people", "email"), ("people", "-email,handle"), ("articles", "-title"), ("headlines", "price")]
    {
        let answer = app.guest().list(of, &[("sort", sort), ("perPage", "1"), ("cursor", "")]);
        let page = answer.expect(200);
        let token = text(&page["nextCursor"]);
        let said = String::from_utf8_lossy(&BASE64.decode(&token).expect("base64")).into_owned();
        let parts: Vec<Json> = serde_json::from_str(&said).expect("JSON");
        for part in &parts[1..] {
            let shown = page["items"][0].as_object().expect("a record").values().any(|value| value == part);
            assert!(shown, "{part} of the cursor isn't shown by the page: {page}");
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn a_capped_total_stops_counting() {
    let app = TestApp::new();
    fill_tags(&app, (0..38).map(|number| format!("t{number:02}")));
    let root = app.as_superuser();
    let view = json!({"name": "pairs", "type": "view", "viewQuery": "SELECT (a.id || b.id) id FROM tags a, tags b"});
    root.post("/api/collections", view).expect(200);
    let totals = |query: &[(&str, &str)]| {
        let page = root.list("pairs", query).expect(200);
        (page["totalItems"].clone(), page["totalPages"].clone())
    };
    assert_eq!(totals(&[]), (json!(1600), json!(54)));
    assert_eq!(totals(&[("total", "capped")]), (json!(1000), json!(34)));
    assert_eq!(totals(&[("total", "exact")]), (json!(1600), json!(54)));
    // Below the cap both say the same.
    let page = root.list("tags", &[("total", "capped"), ("perPage", "10")]).expect(200);
    assert_eq!((&page["totalItems"], &page["totalPages"]), (&json!(40), &json!(4)));
    let page = root.list("tags", &[("total", "capped"), ("filter", "name ~ 't1'"), ("perPage", "10")]).expect(200);
    assert_eq!(page["totalItems"], 10);
}

// ------------------------------------------------------------------------------------------------------------ renames

/// The definition of a collection with one field renamed.
fn renamed(root: &Principal<'_>, name: &str, from: &str, to: &str) -> Json {
    let mut fields = root.get(&collection(name)).expect(200)["fields"].clone();
    let field = fields.as_array_mut().expect("fields").iter_mut().find(|field| field["name"] == from).expect(from);
    field["name"] = json!(to);
    json!({ "fields": fields })
}

#[test]
fn a_renamed_field_is_carried_through_rules_indexes_and_views() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    root.patch(&collection("articles"), json!({"indexes": ["CREATE INDEX by_owner ON articles (owner, title)"]}))
        .expect(200);
    root.patch(&collection("comments"), json!({"listRule": "article.owner = @request.auth.id"})).expect(200);
    root.patch(&collection("articles"), renamed(&root, "articles", "owner", "author")).expect(200);
    let articles = root.get(&collection("articles")).expect(200);
    assert_eq!(articles["updateRule"], "author = @request.auth.id || @request.auth.role = 'manager'");
    assert_eq!(articles["createRule"], "@request.auth.id != '' && author = @request.auth.id");
    assert_eq!(
        articles["indexes"][0].as_str().map(|index| index.contains("author") && !index.contains("owner, ")),
        Some(true)
    );
    assert_eq!(root.get(&collection("comments")).expect(200)["listRule"], "article.author = @request.auth.id");
    // All of it works, and nothing goes by the old name.
    let ada = app.as_user("ada");
    ada.update("articles", &id("first"), json!({"title": "new"}));
    app.as_user("eve").patch(&record("articles", &id("first")), json!({"title": "x"})).expect(404);
    assert_eq!(ada.find("comments", "", "text"), ["hello"]);
    assert_eq!(ada.find("articles", "author.handle = 'ada'", "title"), ["new", "second"]);
    ada.list("articles", &[("filter", "owner.handle = 'ada'")]).expect(400);
    // The view still finds the column, whatever it calls it.
    assert_eq!(app.guest().find("headlines", "", "title"), ["new", "third"]);
    app.check_tables_fit_definitions();
}

#[test]
fn a_renamed_collection_is_carried_through_relations_back_relations_and_views() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let rule = "@collection.articles.owner ?= @request.auth.id && comments_via_article.text ?= 'hello'";
    root.patch(&collection("articles"), json!({"deleteRule": rule})).expect(200);
    root.patch(&collection("articles"), json!({"name": "posts"})).expect(200);
    root.patch(&collection("comments"), json!({"name": "replies"})).expect(200);
    root.get(&collection("articles")).expect(404);
    let expect = "@collection.posts.owner ?= @request.auth.id && replies_via_article.text ?= 'hello'";
    assert_eq!(root.get(&collection("posts")).expect(200)["deleteRule"], expect);
    assert_eq!(app.guest().find("headlines", "", "title"), ["first", "third"]);
    assert_eq!(root.find("posts", "replies_via_article.text ?= 'hello'", "title"), ["first"]);
    assert_eq!(root.find("replies", "article.title = 'first'", "text"), ["hello"]);
    let ada = app.as_user("ada");
    ada.delete(&record("posts", &id("second"))).expect(404);
    ada.delete(&record("posts", &id("first"))).expect(204);
    // A new collection by the old name has nothing to do with the old one.
    root.post("/api/collections", open_collection("articles", json!([]))).expect(200);
    assert_eq!(root.items("articles", &[]).len(), 0);
    app.check_tables_fit_definitions();
}

#[test]
fn swapped_names_swap_no_values() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    let fields = json!([{"name": "a", "type": "text"}, {"name": "b", "type": "text"}]);
    root.post("/api/collections", open_collection("swapped", fields)).expect(200);
    let key = text(&root.create("swapped", json!({"a": "was a", "b": "was b"}))["id"]);
    let mut body = renamed(&root, "swapped", "a", "c");
    for field in body["fields"].as_array_mut().expect("fields") {
        match field["name"].as_str() {
            Some("c") => field["name"] = json!("b"),
            Some("b") => field["name"] = json!("a"),
            _ => {}
        }
    }
    root.patch(&collection("swapped"), body).expect(200);
    let found = root.view("swapped", &key);
    assert_eq!((&found["a"], &found["b"]), (&json!("was b"), &json!("was a")));
    root.post(&records("swapped"), json!({"a": "x"})).expect(200);
    app.check_tables_fit_definitions();
}
