//! The access simulator says what the API then does: for rules of every kind, for everybody, for every action. And it
//! writes nothing, and tells nobody but superusers. The exposure report says of guests what guests then can do.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::access;
use crate::browser::Browser;
use crate::harness::{Answer, Principal, TestApp, id, record, records, text};

/// A superuser at the dashboard.
struct Dashboard<'a> {
    browser: Browser<'a>,
    token: String,
}

impl<'a> Dashboard<'a> {
    fn of(app: &'a TestApp) -> Dashboard<'a> {
        let browser = Browser::of(app, "root");
        let token = text(&browser.get("/api/session").expect(200)["csrfToken"]);
        Dashboard { browser, token }
    }

    fn send(&self, question: &Json) -> Answer {
        let call = self.browser.own(Method::Post, "/_/access/simulate").header("X-CSRF-Token", &self.token);
        self.browser.send(call.json(question))
    }

    #[track_caller]
    fn ask(&self, question: Json) -> Json {
        let told = self.send(&question).expect(200);
        check_tree(&told["clauses"], &told);
        told
    }

    #[track_caller]
    fn refuses(&self, question: Json, codes: &[&str]) {
        self.send(&question).expect_codes(codes);
    }

    fn report(&self) -> Json {
        self.browser.get("/_/access/report.json").expect(200)
    }
}

/// What is told of parts goes with what is told of the whole, and the places are those of the texts.
#[track_caller]
fn check_tree(clause: &Json, told: &Json) {
    if clause.is_null() {
        return;
    }
    let rule: Vec<u16> = text(&told["rule"]["text"]).encode_utf16().collect();
    let place = |name: &str| clause[name].as_u64().expect("a place") as usize;
    let part = String::from_utf16(&rule[place("from")..place("to")]).expect("places lie between characters");
    assert_eq!(clause["text"], json!(part), "{told:#}");
    let parts = clause["parts"].as_array().expect("a list");
    parts.iter().for_each(|part| check_tree(part, told));
    let holds = |clause: &Json| clause["holds"].as_bool().expect("a truth");
    if clause["holds"].is_null() || clause["apart"] == json!(true) {
        return;
    }
    match clause["join"].as_str() {
        None => assert!(parts.is_empty(), "{told:#}"),
        Some("&&") => assert_eq!(holds(clause), parts.iter().all(holds), "{told:#}"),
        Some(_) => assert_eq!(holds(clause), parts.iter().any(holds), "{told:#}"),
    }
    // What isn't needed stands behind a part that decides.
    let decides = clause["join"] == json!("||");
    let mut is_open = clause["needed"].as_bool().expect("a truth");
    for part in parts {
        assert_eq!(part["needed"], json!(is_open), "{told:#}");
        is_open = is_open && holds(part) != decides;
    }
}

/// Somebody, as the simulator is told of them and as themselves.
struct Somebody<'a> {
    name: &'static str,
    who: Json,
    real: Principal<'a>,
}

fn account(collection: &str, name: &str) -> Json {
    json!({"type": "record", "collection": collection, "id": id(name)})
}

/// Guests, accounts of two collections, and keys with and without a scope, of accounts and of superusers.
fn everybody(app: &TestApp) -> Vec<Somebody<'_>> {
    let root = app.as_superuser();
    let root_id = text(&root.items("_superusers", &[])[0]["id"]);
    let key = |owner: &Principal<'_>, name: &'static str, scope: Json| {
        let made = owner.post("/api/keys", json!({"name": name, "scope": scope})).expect(200);
        // By id or by name: both must do.
        let called = if scope.is_null() { made["id"].clone() } else { json!(name) };
        Somebody { name, who: json!({"type": "key", "key": called}), real: app.with_token(&text(&made["key"])) }
    };
    let person = |name| Somebody { name, who: account("people", name), real: app.as_user(name) };
    vec![
        Somebody { name: "guest", who: json!({"type": "guest"}), real: app.guest() },
        person("ada"),
        person("eve"),
        person("max"),
        Somebody { name: "sam", who: account("staff", "sam"), real: app.as_user("sam") },
        Somebody {
            name: "root",
            who: json!({"type": "record", "collection": "_superusers", "id": root_id}),
            real: app.as_superuser(),
        },
        key(&app.as_user("ada"), "ada's key", Json::Null),
        key(&app.as_user("ada"), "ada's key to look", json!({"*": ["list", "view"]})),
        key(&app.as_superuser(), "root's key", Json::Null),
        key(&app.as_superuser(), "root's key to change", json!({"*": ["update", "delete"]})),
    ]
}

/// Asks the simulator and then does it, and compares what came of both.
#[track_caller]
fn compare(dashboard: &Dashboard<'_>, who: &Somebody<'_>, action: &str, (of, key): (&str, &str), body: &Json) -> u16 {
    let told = dashboard.ask(json!({
        "who": who.who, "action": action, "collection": of, "record": key, "body": body,
    }));
    let what = format!("{} {action}s {of}/{key} with {body}: {told:#}", who.name);
    let (allowed, status) = match action {
        "list" => {
            let page = who.real.list(of, &[("filter", &format!("id = '{key}'"))]);
            let found = page.json()["items"].as_array().is_some_and(|items| !items.is_empty());
            if found {
                assert_eq!(told["shown"], page.json()["items"][0], "{what}");
            }
            (found, page.status)
        }
        "view" => {
            let answer = who.real.get(&record(of, key));
            if answer.status == 200 {
                assert_eq!(told["shown"], answer.json(), "{what}");
            }
            (answer.status == 200, answer.status)
        }
        "create" => outcome(who.real.post(&records(of), body.clone()), &told, &what),
        "update" => outcome(who.real.patch(&record(of, key), body.clone()), &told, &what),
        "delete" => outcome(who.real.delete(&record(of, key)), &told, &what),
        other => panic!("no such action: {other}"),
    };
    assert_eq!((told["allowed"].clone(), told["status"].clone()), (json!(allowed), json!(status)), "{what}");
    assert!(text(&told["reason"]).len() > 10, "{what}");
    status
}

#[track_caller]
fn outcome(answer: Answer, told: &Json, what: &str) -> (bool, u16) {
    if answer.status >= 400 {
        assert_eq!(told["answer"], answer.json(), "{what}");
    }
    (answer.status < 300, answer.status)
}

// ------------------------------------------------------------------------------------------------- rules of every kind

/// What stands in every rule of a collection, in turn. `null` is no rule.
const RULES: &[&str] = &[
    "null",
    "",
    "owner = @request.auth.id",
    "@request.auth.id != '' && owner = @request.auth.id",
    "owner = @request.auth.id || @request.auth.role = 'manager'",
    "@request.auth.id != '' && (title = 'hers' || title ~ 'new' || owner.handle = 'bob')",
    "tags.name ?= 'red' && tags.name ?= 'blue'",
    "tags.name ?= 'red' || owner = @request.auth.id // either will do\n",
    "tags:length > 1 && n > 1",
    "@request.body.title:isset = false || @request.body.title != 'forbidden'",
    "@request.body.owner:changed = false && @request.auth.id != ''",
    "@request.auth.collectionName = 'staff' || @request.method = 'DELETE'",
    "@collection.people.handle ?= title || n = 3",
    "@request.context = 'default' && note = '' && @now > '2020-01-01 00:00:00Z'",
    "(((n >= 2 && n <= 3) || owner = '') && @request.auth.verified != false)",
];

const RECORDS: [&str; 3] = ["hers", "bobs", "nobodys"];

fn make_things(app: &TestApp, rule: &str) {
    let rule = if rule == "null" { Json::Null } else { json!(rule) };
    let root = app.as_superuser();
    if root.get("/api/collections/things").status == 200 {
        root.delete("/api/collections/things").expect(204);
    }
    root.post(
        "/api/collections",
        json!({
            "id": "c_things", "name": "things", "type": "base", "listRule": rule, "viewRule": rule,
            "createRule": rule, "updateRule": rule, "deleteRule": rule,
            "fields": [
                {"name": "title", "type": "text", "required": true},
                {"name": "owner", "type": "relation", "collectionId": "c_people"},
                {"name": "tags", "type": "relation", "collectionId": "c_tags", "maxSelect": 9},
                {"name": "n", "type": "number"},
                {"name": "note", "type": "text", "hidden": true},
            ],
        }),
    )
    .expect(200);
    RECORDS.iter().for_each(|name| make_thing(app, name));
}

fn make_thing(app: &TestApp, name: &str) {
    let (owner, tags, n) = match name {
        "hers" => (id("ada"), vec![id("red"), id("blue")], 3),
        "bobs" => (id("bob"), vec![id("red")], 2),
        _ => (String::new(), vec![], 1),
    };
    let body = json!({"id": id(name), "title": name, "owner": owner, "tags": tags, "n": n});
    app.as_superuser().create("things", body);
}

/// Every record of `things`, and of who could have been changed with them.
fn snapshot(app: &TestApp) -> Vec<String> {
    let root = app.as_superuser();
    ["things", "people", "tags"].iter().map(|name| root.list(name, &[("sort", "id")]).text()).collect()
}

#[test]
fn the_simulator_says_what_the_api_then_does_for_every_rule_and_everybody() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    let everybody = everybody(&app);
    let (mut reached, mut asked) = (0, 0);
    for rule in RULES {
        make_things(&app, rule);
        for who in &everybody {
            let mut compare = |action: &str, name: &str, body: Json| {
                let status = compare(&dashboard, who, action, ("things", &id(name)), &body);
                (reached, asked) = (reached + u32::from(status < 300), asked + 1);
                status < 300
            };
            for name in RECORDS.into_iter().chain(["missing"]) {
                compare("list", name, Json::Null);
                compare("view", name, Json::Null);
                compare("update", name, json!({"n": 2}));
                compare("update", name, json!({"title": "forbidden"}));
                compare("update", name, json!({"owner": id("eve"), "note": "hidden", "title": ""}));
                if compare("delete", name, Json::Null) || name == "missing" {
                    continue;
                }
                app.as_superuser().delete(&record("things", &id(name))).expect(204);
            }
            compare("create", "", json!({"title": "new", "owner": id("ada"), "tags": [id("red"), id("blue")], "n": 3}));
            compare("create", "", json!({"title": "forbidden", "owner": ""}));
            compare("create", "", json!({"owner": id("missing")}));
            app.as_superuser().delete("/api/collections/things/truncate").expect(204);
            RECORDS.iter().for_each(|name| make_thing(&app, name));
        }
    }
    // The table is worth something only if both happen.
    assert!(reached > asked / 5 && reached < asked * 4 / 5, "{reached} of {asked}");
}

#[test]
fn the_simulator_says_what_the_access_matrix_says() {
    let app = TestApp::new();
    access::make_collections(&app);
    let dashboard = Dashboard::of(&app);
    for who in everybody(&app) {
        access::fill(&app);
        for (kind, state, name) in access::collections() {
            let key = |whose| access::key(kind, state, whose);
            for whose in ["hers", "bobs"] {
                for action in ["list", "view"] {
                    compare(&dashboard, &who, action, (&name, &key(whose)), &Json::Null);
                }
            }
            for whose in ["hers", "bobs"] {
                compare(&dashboard, &who, "update", (&name, &key(whose)), &json!({"title": whose, "note": "y"}));
                if kind == "auth" {
                    let email = json!({"email": format!("new-{}@holdall.test", key(whose))});
                    compare(&dashboard, &who, "update", (&name, &key(whose)), &email);
                    // Whether they manage the account is what decides about its address.
                    let manage = dashboard.ask(json!({
                        "who": who.who, "action": "manage", "collection": name, "record": key(whose),
                    }));
                    let verify = json!({"verified": true});
                    let told = compare(&dashboard, &who, "update", (&name, &key(whose)), &verify);
                    if told != 403 && told != 404 {
                        assert_eq!(manage["allowed"], json!(told == 200), "{} {name}: {manage:#}", who.name);
                    }
                }
                compare(&dashboard, &who, "delete", (&name, &key(whose)), &Json::Null);
            }
            let mut body = json!({"title": "new", "owner": id("ada")});
            if kind == "auth" {
                access::add_account(&mut body, &format!("{name}-new"));
            }
            compare(&dashboard, &who, "create", (&name, ""), &body);
        }
    }
}

#[test]
fn lists_are_told_by_how_many_records_each_clause_lets_through() {
    let app = TestApp::new();
    make_things(&app, "n > 1 && (owner = @request.auth.id || title = 'bobs')");
    let dashboard = Dashboard::of(&app);
    for (who, matches) in [(account("people", "ada"), 2), (json!({"type": "guest"}), 1)] {
        let told = dashboard.ask(json!({"who": who, "action": "list", "collection": "things"}));
        assert_eq!((&told["allowed"], &told["status"]), (&json!(true), &json!(200)));
        assert_eq!(told["counts"], json!({"matches": matches, "total": 3}));
        assert_eq!(told["reason"], json!(format!("The rule lets through {matches} of 3 records of things.")));
        assert_eq!(told["clauses"]["parts"][0]["matches"], json!(2));
    }
}

#[test]
fn sign_in_is_told_by_the_auth_rule() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    let ask = || dashboard.ask(json!({"action": "auth", "collection": "people", "record": id("bob")}));
    assert_eq!(ask()["allowed"], json!(true));
    app.as_superuser().update("people", &id("bob"), json!({"banned": true}));
    let told = ask();
    let real = app.guest().post(
        "/api/collections/people/auth-with-password",
        json!({"identity": "bob@holdall.test", "password": crate::fixture::PASSWORD}),
    );
    assert_eq!((told["allowed"].clone(), told["status"].clone()), (json!(false), json!(real.status)));
    assert_eq!(told["reason"], json!("Clause `banned = false` is false for this record."));
    assert_eq!(told["clauses"]["left"], json!({"value": 1}));
}

#[test]
fn reasons_are_sentences_that_name_what_decides() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    let everybody = everybody(&app);
    let who = |name: &str| everybody.iter().find(|one| one.name == name).expect("somebody").who.clone();
    for (rule, name, action, key, expect) in [
        ("null", "guest", "view", "hers", "There is no viewRule, so only superusers may do this."),
        ("null", "root", "view", "hers", "Superusers may do everything."),
        ("", "guest", "view", "hers", "The rule is empty, which lets everybody do this."),
        ("", "guest", "view", "missing", "There is no record with this id."),
        ("", "ada's key to look", "delete", "hers", "The key's scope does not allow delete in things."),
        (
            "",
            "root's key to change",
            "delete",
            "hers",
            "The key's scope allows this, and its owner is a superuser, whom no rule binds.",
        ),
        (
            "owner = @request.auth.id",
            "eve",
            "update",
            "hers",
            "Clause `owner = @request.auth.id` is false for this record.",
        ),
        (
            "owner = @request.auth.id",
            "ada",
            "update",
            "hers",
            "Clause `owner = @request.auth.id` is true for this record.",
        ),
        ("n = 9 || title = 'x'", "eve", "view", "hers", "Clauses `n = 9` and `title = 'x'` are false for this record."),
        ("n = 9 || title = 'hers'", "eve", "view", "hers", "Clause `title = 'hers'` is true for this record."),
        (
            "@request.auth.id != '' && (n = 3 || n = 4)",
            "eve",
            "view",
            "hers",
            "Clauses `@request.auth.id != ''` and `n = 3` are true for this record.",
        ),
        (
            "tags.name ?= 'red' && tags.name ?= 'blue'",
            "eve",
            "view",
            "hers",
            "In `tags.name ?= 'red' && tags.name ?= 'blue'` each part holds for some related record, but no single one for \
             all of them.",
        ),
        (
            "n = 3",
            "eve",
            "update",
            "hers",
            "Clause `n = 3` is true for this record. But the request would be refused: ",
        ),
    ] {
        make_things(&app, rule);
        let told = dashboard.ask(json!({
            "who": who(name), "action": action, "collection": "things", "record": id(key), "body": {"title": ""},
        }));
        assert!(text(&told["reason"]).starts_with(expect), "{rule}: {expect}: {told:#}");
    }
}

#[test]
fn what_a_request_says_is_what_the_rule_sees() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    make_things(&app, "@request.query.code = 'x' && @request.headers.x_team = 'é' && @request.context = 'realtime'");
    let ask = |extra: Json| {
        let mut question = json!({"action": "view", "collection": "things", "record": id("hers")});
        extra.as_object().expect("an object").iter().for_each(|(name, value)| question[name] = value.clone());
        dashboard.ask(question)
    };
    let all = json!({"query": {"code": "x"}, "headers": {"X-Team": "é"}, "context": "realtime"});
    assert_eq!(ask(all)["allowed"], json!(true));
    let told = ask(json!({"query": {"code": "x"}, "headers": {"X-Team": "é"}}));
    assert_eq!((&told["allowed"], &told["status"]), (&json!(false), &json!(404)));
    assert_eq!(told["reason"], json!("Clause `@request.context = 'realtime'` is false for this record."));
    assert_eq!(told["clauses"]["parts"][2]["left"], json!({"value": "default"}));
}

#[test]
fn secrets_are_no_values() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    let rule = json!({"viewRule": "tokenKey = @request.auth.tokenKey && password != @request.auth.password"});
    app.as_superuser().patch("/api/collections/people", rule).expect(200);
    let who = account("people", "ada");
    let told = dashboard.ask(json!({"who": who, "action": "view", "collection": "people", "record": id("ada")}));
    for part in told["clauses"]["parts"].as_array().expect("two clauses") {
        assert_eq!((&part["left"], &part["right"]), (&Json::Null, &Json::Null), "{told:#}");
    }
    assert!(!told.to_string().contains("$2"), "no hash is told: {told:#}");
}

#[test]
fn keys_that_have_ended_count_for_nothing() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    let ada = app.as_user("ada");
    let key = text(&ada.post("/api/keys", json!({"name": "k", "scope": null})).expect(200)["id"]);
    make_things(&app, "owner = @request.auth.id && @request.auth.id != ''");
    let ask = || {
        let who = json!({"type": "key", "key": key});
        dashboard.ask(json!({"who": who, "action": "view", "collection": "things", "record": id("hers")}))
    };
    let told = ask();
    assert_eq!((&told["allowed"], &told["who"]["email"]), (&json!(true), &json!("ada@holdall.test")));
    let password = json!({"password": "another horse", "passwordConfirm": "another horse"});
    app.as_superuser().update("people", &id("ada"), password);
    let told = ask();
    assert_eq!(told["allowed"], json!(false));
    assert!(text(&told["notes"][0]).contains("has ended"), "{told:#}");
}

#[test]
fn nothing_is_written() {
    let app = TestApp::new();
    make_things(&app, "");
    let dashboard = Dashboard::of(&app);
    let before = snapshot(&app);
    let body = json!({"title": "new", "n": 7, "owner": id("eve")});
    for who in everybody(&app) {
        for action in ["list", "view", "create", "update", "delete"] {
            dashboard.ask(json!({
                "who": who.who, "action": action, "collection": "things", "record": id("hers"), "body": body,
            }));
        }
    }
    assert_eq!(snapshot(&app), before);
}

#[test]
fn what_can_not_be_asked_is_refused_by_field() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    let question = || json!({"action": "view", "collection": "vault", "record": id("gold")});
    let with = |name: &str, value: Json| {
        let mut question = question();
        question[name] = value;
        question
    };
    dashboard.refuses(json!({}), &["action validation_invalid_value", "collection validation_invalid_value"]);
    for (name, value) in [
        ("action", json!("drop")),
        ("action", json!("auth")),
        ("collection", json!("missing")),
        ("record", json!("")),
        ("body", json!([])),
        ("query", json!({"a": 1})),
        ("headers", json!("x")),
        ("context", json!("weather")),
        ("who", json!("ada")),
        ("who", json!({"type": "robot"})),
        ("who", json!({"type": "record", "collection": "vault", "id": id("gold")})),
        ("who", account("people", "nobody")),
        ("who", json!({"type": "key", "key": "missing"})),
    ] {
        dashboard.refuses(with(name, value), &[&format!("{name} validation_invalid_value")]);
    }
}

#[test]
fn only_superusers_on_our_own_pages_ask() {
    let app = TestApp::new();
    let question = json!({"action": "view", "collection": "vault", "record": id("gold")});
    let path = "/_/access/simulate";
    // A token is no session: programs ask the API, and what they ask for is what they get.
    for who in [app.guest(), app.as_user("ada"), app.as_superuser()] {
        assert_eq!(who.post(path, question.clone()).status, 403);
        assert_eq!(who.get("/_/access/report.json").status, if who.get("/_/").status == 303 { 303 } else { 200 });
    }
    let ada = Browser::of(&app, "ada");
    let hers = text(&ada.get("/api/session").expect(200)["csrfToken"]);
    let call = ada.own(Method::Post, path).header("X-CSRF-Token", &hers).json(&question);
    assert_eq!(ada.send(call).status, 403);
    assert_eq!(ada.get("/_/access/report.json").status, 303);
    let root = Dashboard::of(&app);
    let without = root.browser.own(Method::Post, path).json(&question);
    assert_eq!(root.browser.send(without).status, 403);
    let other = root.browser.call(Method::Post, path).header("Sec-Fetch-Site", "cross-site");
    assert_eq!(root.browser.send(other.header("X-CSRF-Token", &root.token).json(&question)).status, 403);
    assert_eq!(root.send(&question).status, 200);
}

// ------------------------------------------------------------------------------------------------------------ exposure

#[test]
fn the_report_says_what_guests_then_can_do() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    for rule in RULES {
        make_things(&app, rule);
        let report = dashboard.report();
        let things = report["collections"].as_array().expect("a list").iter().find(|one| one["name"] == "things");
        let guests = things.expect("it is there")["guests"].clone();
        let guest = app.guest();
        // Before anything is changed.
        if guests["list"]["level"] == json!("conditional") {
            let counted = guest.list("things", &[]).expect(200)["totalItems"].clone();
            assert_eq!(guests["list"]["reach"], counted, "{rule}");
        }
        for name in RECORDS {
            let told = |action: &str| text(&guests[action]["level"]);
            let is_listed = guest.list("things", &[("filter", &format!("id = '{}'", id(name)))]);
            let is_listed = is_listed.json()["items"].as_array().is_some_and(|items| !items.is_empty());
            agrees(&told("list"), is_listed, rule);
            agrees(&told("view"), guest.get(&record("things", &id(name))).status == 200, rule);
            agrees(&told("update"), guest.patch(&record("things", &id(name)), json!({"n": 2})).status == 200, rule);
        }
    }
}

#[test]
fn what_is_up_to_the_sender_keeps_nobody_out() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    for (rule, reach) in [
        ("@request.body.n:isset = true", 3),
        ("@request.body.n > 1 && n > 1", 2),
        ("@request.headers.x_team = title || n = 1", 3),
        ("@request.query.who != '' && (@request.body.n != 4 || n = 9) && owner != ''", 2),
        ("@request.method = 'PATCH'", 3),
        ("@request.method = 'DELETE' || n = 1", 1),
    ] {
        make_things(&app, rule);
        let report = dashboard.report();
        let things = report["collections"].as_array().expect("a list").iter().find(|one| one["name"] == "things");
        let update = &things.expect("it is there")["guests"]["update"];
        assert_eq!(*update, json!({"level": "conditional", "reach": reach}), "{rule}");
        let found = report["findings"].as_array().expect("a list").iter();
        let is_found = found.clone().any(|one| one["collection"] == "things" && one["class"] == "open-writes");
        assert!(is_found, "{rule}: {report}");
    }
}

#[track_caller]
fn agrees(level: &str, happens: bool, rule: &str) {
    match level {
        "open" => assert!(happens, "{rule} was said to be open"),
        "closed" => assert!(!happens, "{rule} was said to be closed"),
        other => assert_eq!(other, "conditional", "{rule}"),
    }
}

#[test]
fn the_report_finds_what_should_be_looked_at() {
    let app = TestApp::new();
    let dashboard = Dashboard::of(&app);
    let finds = |class: &str, severity: &str, message: &str| {
        let report = dashboard.report();
        let found = report["findings"].as_array().expect("a list").iter().any(|finding| {
            (&finding["class"], &finding["severity"]) == (&json!(class), &json!(severity))
                && text(&finding["message"]).contains(message)
        });
        assert!(found, "{class} {severity} {message}: {:#}", report["findings"]);
    };
    finds("open-writes", "high", "Everybody can create, update and delete records of tags, without signing in.");
    finds("open-reads", "high", "Everybody can list and view records of people, without signing in.");
    finds("open-reads", "low", "Everybody can list and view records of headlines, without signing in.");
    finds("open-sign-up", "low", "Everybody can make an account in people.");
    make_things(&app, "owner = @request.auth.id");
    finds("open-writes", "high", "The rules let everybody update and delete one record of things, without signing in.");
    make_things(&app, "@request.auth.id != ''");
    finds("open-to-accounts", "high", "Everybody who signs up in people can update and delete every record of things.");
    finds("open-to-accounts", "medium", "Every account of staff can update and delete every record of things.");
    let manage = json!({"manageRule": "@request.auth.id != ''"});
    app.as_superuser().patch("/api/collections/staff", manage).expect(200);
    finds("open-to-accounts", "high", "Everybody who signs up in people can take over every account of staff");
    let files = json!({"name": "papers", "type": "base", "fields": [{"name": "scan", "type": "file"}]});
    app.as_superuser().post("/api/collections", files).expect(200);
    finds("open-files", "low", "gets a file of papers (scan)");
    let report = dashboard.report();
    let people = report["collections"].as_array().expect("a list").iter().find(|one| one["name"] == "people");
    let people = people.expect("it is there");
    let fields: Vec<String> = people["fields"].as_array().expect("a list").iter().map(text).collect();
    for (field, is_shown) in [("handle", true), ("email", true), ("badge", false), ("tokenKey", false)] {
        assert_eq!(fields.iter().any(|one| one == field), is_shown, "{field}: {fields:?}");
    }
    assert_eq!(people["signIn"]["password"], json!(["email", "handle"]));
    assert!(!report.to_string().contains("ecret\":"), "no secret is told");
}
