//! Sessions of browsers: what their owners see of them, what ends them, and what lets them go on.

use std::time::{Duration, Instant};

use holdall::base::{Statement, Timestamp};
use holdall::collections;
use holdall::store::{Store, StoreOptions};
use rocket::http::Method;
use rocket::tokio;
use serde_json::{Value as Json, json};

use crate::browser::{Browser, SESSION, check_attributes, set_cookies};
use crate::fixture::PASSWORD;
use crate::harness::{TestApp, collection, id, record, text};

const NEW_PASSWORD: &str = "another one";

fn own_record(handle: &str) -> String {
    record("people", &id(handle))
}

/// What is ended by a new token key: a session, a token and an API key of Ada's, besides the session that is looked at.
struct Others<'a> {
    app: &'a TestApp,
    browser: Browser<'a>,
    token: String,
    key: String,
}

impl<'a> Others<'a> {
    fn of_ada(app: &'a TestApp) -> Others<'a> {
        let browser = Browser::of(app, "ada");
        let form = json!({"identity": "ada", "password": PASSWORD});
        let token = text(&app.guest().post("/api/collections/people/auth-with-password", form).expect(200)["token"]);
        let key = browser.post("/api/keys", json!({"name": "all", "scope": null})).expect(200);
        Others { app, browser, token, key: text(&key["key"]) }
    }

    /// How many of the three are still good.
    fn alive(&self) -> usize {
        let by = |token: &str| self.app.with_token(token).get("/api/session").expect(200)["record"] != Json::Null;
        [self.browser.is_signed_in(), by(&self.token), by(&self.key)].into_iter().filter(|good| *good).count()
    }
}

#[test]
fn signing_in_for_a_session_sets_a_cookie_instead_of_giving_a_token() {
    let app = TestApp::new();
    let form = json!({"identity": "ada", "password": PASSWORD});
    let path = "/api/collections/people/auth-with-password";
    let by_query = app.guest().post(&format!("{path}?session=cookie"), form.clone());
    let by_header = app.guest().call(Method::Post, path).header("X-Session", "cookie").json(&form).send();
    for answer in [by_query, by_header] {
        let body = answer.expect(200);
        assert_eq!((&body["record"]["id"], &body["token"]), (&json!(id("ada")), &Json::Null));
        let cookies = set_cookies(&answer);
        assert_eq!(cookies.iter().map(|cookie| cookie.name()).collect::<Vec<_>>(), [SESSION]);
        check_attributes(&cookies[0], false, None);
        assert!(!answer.text().contains(cookies[0].value()), "the body tells scripts what is in the cookie");
    }
    assert!(set_cookies(&app.guest().post(path, form)).is_empty());
}

#[test]
fn over_https_the_cookie_belongs_to_the_host_alone() {
    let app = TestApp::configured(|config| config.public_url = Some("https://a.example".to_owned()), Vec::new());
    let browser = Browser::new(&app);
    let cookies = set_cookies(&browser.sign_in("ada"));
    assert_eq!(cookies.len(), 1);
    assert_eq!(cookies[0].name(), "__Host-holdall_session");
    check_attributes(&cookies[0], true, None);
    assert!(browser.is_signed_in());
    // The plain name can be set by any host of the domain, so it doesn't count here, alone or beside the other.
    let tossed = Browser::new(&app);
    tossed.set_cookie(SESSION, cookies[0].value());
    assert!(!tossed.is_signed_in());
    tossed.sign_in("bob").expect(200);
    assert_eq!(tossed.get("/api/session").expect(200)["record"]["id"], json!(id("bob")));
}

#[test]
fn everybody_is_told_who_they_are() {
    let app = TestApp::new();
    let guest = app.guest().get("/api/session").expect(200);
    assert_eq!(guest, json!({"credential": "none", "record": null}));
    assert_eq!(app.with_token("rubbish").get("/api/session").expect(200), guest);
    let token = app.as_user("ada").get("/api/session").expect(200);
    assert_eq!((&token["credential"], &token["record"]["email"]), (&json!("token"), &json!("ada@holdall.test")));
    assert!(text(&token["expires"]).ends_with('Z') && token["csrfToken"] == Json::Null);
    let browser = Browser::of(&app, "ada");
    let session = browser.get("/api/session").expect(200);
    assert_eq!((&session["credential"], &session["record"]["id"]), (&json!("session"), &json!(id("ada"))));
    for name in ["sessionId", "expires", "idleUntil", "csrfToken"] {
        assert!(text(&session[name]).len() > 10, "{name}: {session}");
    }
    assert!(text(&session["idleUntil"]) < text(&session["expires"]));
    assert!(session["record"]["tokenKey"] == Json::Null && session["record"]["password"] == Json::Null);
    let other = Browser::of(&app, "ada").get("/api/session").expect(200);
    assert_ne!(session["csrfToken"], other["csrfToken"], "each session has its own");
    assert_eq!(browser.get("/api/session").expect(200)["csrfToken"], session["csrfToken"]);
    assert_eq!(browser.get("/api/session?fields=credential").expect(200), json!({"credential": "session"}));
}

#[test]
fn sessions_are_the_same_principals_as_tokens() {
    let app = TestApp::new();
    let (browser, token) = (Browser::of(&app, "ada"), app.as_user("ada"));
    let (by_cookie, by_token) = (browser.get("/api/collections/articles/records"), token.list("articles", &[]));
    assert_eq!(by_cookie.expect(200), by_token.expect(200));
    browser.get("/api/collections").expect(403);
    Browser::of(&app, "root").get("/api/collections").expect(200);
    let article = json!({"title": "mine", "owner": id("ada")});
    browser.post("/api/collections/articles/records", article).expect(200);
    // A token beside the cookie is what counts, also if it is no good.
    let call = browser.own(Method::Get, "/api/session").header("Authorization", app.token_of("bob"));
    assert_eq!(call.send().expect(200)["record"]["id"], json!(id("bob")));
    let call = browser.own(Method::Get, "/api/session").header("Authorization", "rubbish");
    assert_eq!(call.send().expect(200)["credential"], "none");
}

#[test]
fn people_see_their_sessions_and_end_one() {
    let app = TestApp::new();
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let browser = Browser::new(&app);
    let form = json!({"identity": "ada", "password": PASSWORD});
    let call = browser.own(Method::Post, "/api/collections/people/auth-with-password?session=cookie").json(&form);
    browser.send(call.header("User-Agent", firefox)).expect(200);
    let (phone, stranger) = (Browser::of(&app, "ada"), Browser::of(&app, "bob"));
    let list = browser.get("/api/sessions").expect(200);
    let items = list["items"].as_array().expect("a list").clone();
    assert_eq!(items.len(), 2, "{list}");
    let own = items.iter().find(|item| item["current"] == true).expect("one is the current one").clone();
    let other = items.iter().find(|item| item["current"] == false).expect("one is another").clone();
    assert_eq!((&own["device"], &own["userAgent"]), (&json!("Firefox on Linux"), &json!(firefox)));
    assert_eq!(other["device"], "Unknown device");
    for name in ["id", "ip", "created", "lastUsed", "idleUntil", "expires"] {
        assert!(!text(&own[name]).is_empty(), "{name}");
    }
    for secret in [browser.cookie(SESSION), phone.cookie(SESSION)] {
        assert!(!list.to_string().contains(&secret.expect("a cookie")), "the list shows a secret");
    }
    // A token sees the same, and none of the sessions is the current one.
    let by_token = app.as_user("ada").get("/api/sessions").expect(200);
    assert!(by_token["items"].as_array().expect("a list").iter().all(|item| item["current"] == false));
    let path = format!("/api/sessions/{}", text(&other["id"]));
    stranger.delete(&path).expect(404);
    app.guest().delete(&path).expect(401);
    assert!(phone.is_signed_in());
    browser.delete(&path).expect(204);
    browser.delete(&path).expect(404);
    assert!(browser.is_signed_in() && !phone.is_signed_in() && stranger.is_signed_in());
    // Whoever ends their own is signed out.
    let answer = browser.delete(&format!("/api/sessions/{}", text(&own["id"])));
    answer.expect(204);
    assert_eq!(browser.cookie(SESSION), None);
}

#[test]
fn sessions_that_have_ended_hide_none_that_go_on() {
    let mut app = TestApp::new();
    Browser::of(&app, "ada");
    // More than are listed, which have ended with a former token key and were used later than the one that goes on.
    app.while_stopped(|folder| {
        let store = Store::open(StoreOptions::new(folder), collections::load_schema).expect("the data folder opens");
        let later = Timestamp::now().plus_seconds(600).to_string();
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 501) \
                   INSERT INTO _sessions SELECT id || i, collectionRef, recordRef, tokenHash || i, forwardHash || i, \
                   'former', ip, userAgent, created, ?, idleUntil, expires FROM _sessions, n";
        let added = store.write_blocking(move |tx| tx.execute(&Statement::new(sql, vec![later.as_str().into()])));
        assert_eq!(added.expect("the rows can be added"), 501);
        store.close();
    });
    let listed = app.as_user("ada").get("/api/sessions").expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn superusers_look_after_the_sessions_of_others() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let (ada, bob) = (Browser::of(&app, "ada"), Browser::of(&app, "bob"));
    let of_ada = format!("?collection=people&record={}", id("ada"));
    let list = root.get(&format!("/api/sessions{of_ada}")).expect(200);
    let session = text(&list["items"][0]["id"]);
    for who in [app.as_user("bob"), app.as_user("max")] {
        who.get(&format!("/api/sessions{of_ada}")).expect(403);
        who.delete(&format!("/api/sessions{of_ada}")).expect(403);
        who.delete(&format!("/api/sessions/{session}{of_ada}")).expect(403);
    }
    // Naming oneself is fine; half a name, or nobody, isn't.
    app.as_user("ada").get(&format!("/api/sessions{of_ada}")).expect(200);
    root.get("/api/sessions?collection=people").expect_codes(&["record validation_required"]);
    root.get("/api/sessions?record=x").expect_codes(&["collection validation_required"]);
    for nobody in ["collection=people&record=nobody", "collection=tags&record=red", "collection=none&record=x"] {
        root.get(&format!("/api/sessions?{nobody}")).expect(404);
    }
    root.delete(&format!("/api/sessions/{session}")).expect(404);
    root.delete(&format!("/api/sessions/{session}{of_ada}")).expect(204);
    assert!(!ada.is_signed_in() && bob.is_signed_in());
    ada.sign_in("ada").expect(200);
    let answer = root.delete(&format!("/api/sessions{of_ada}"));
    answer.expect(204);
    assert!(set_cookies(&answer).is_empty());
    assert!(!ada.is_signed_in() && bob.is_signed_in());
    root.get("/api/collections").expect(200);
}

#[test]
fn signing_out_ends_one_session_or_everything() {
    let app = TestApp::new();
    let others = Others::of_ada(&app);
    let browser = Browser::of(&app, "ada");
    let stolen = browser.cookie(SESSION).expect("a cookie");
    browser.post("/api/session/logout", json!({})).expect(204);
    assert_eq!(browser.cookie(SESSION), None);
    browser.set_cookie(SESSION, &stolen);
    assert!(!browser.is_signed_in(), "the session has ended, not only the cookie");
    assert_eq!(others.alive(), 3);
    // Nobody is signed out twice, and a cookie that is no good goes, too.
    browser.post("/api/session/logout", json!({})).expect(204);
    assert_eq!(browser.cookie(SESSION), None);
    app.guest().call(Method::Post, "/api/session/logout").send().expect(204);
    browser.sign_in("ada").expect(200);
    browser
        .post("/api/session/logout", json!({"everywhere": "yes"}))
        .expect_codes(&["everywhere validation_invalid_value"]);
    browser.post("/api/session/logout", json!({"everywhere": true})).expect(204);
    assert!(!browser.is_signed_in());
    assert_eq!(others.alive(), 0);
}

#[test]
fn tokens_end_together_only() {
    let app = TestApp::new();
    let others = Others::of_ada(&app);
    let who = app.with_token(&others.token);
    who.post("/api/session/logout", json!({})).expect_codes(&["everywhere validation_invalid_value"]);
    assert_eq!(others.alive(), 3);
    who.post("/api/session/logout", json!({"everywhere": true})).expect(204);
    assert_eq!(others.alive(), 0);
    // The same by ending all other sessions: a token can't be told from the others.
    let others = Others::of_ada(&app);
    app.with_token(&others.token).delete("/api/sessions").expect(204);
    assert_eq!(others.alive(), 0);
}

#[test]
fn ending_all_others_renews_the_own_session() {
    let app = TestApp::new();
    let (others, browser, stranger) = (Others::of_ada(&app), Browser::of(&app, "ada"), Browser::of(&app, "bob"));
    let before = browser.cookie(SESSION).expect("a cookie");
    browser.delete("/api/sessions").expect(204);
    assert_ne!(browser.cookie(SESSION).expect("a cookie"), before, "the secret is another one");
    assert!(browser.is_signed_in() && stranger.is_signed_in());
    assert_eq!(others.alive(), 0);
    assert_eq!(browser.get("/api/sessions").expect(200)["items"].as_array().map(Vec::len), Some(1));
    browser.set_cookie(SESSION, &before);
    assert!(!browser.is_signed_in(), "the former secret opens nothing");
}

#[test]
fn changed_credentials_end_everything_but_the_session_that_changed_them() {
    let own_password = json!({"oldPassword": PASSWORD, "password": NEW_PASSWORD, "passwordConfirm": NEW_PASSWORD});
    for (what, handle, body) in [
        ("password", "ada", own_password),
        ("e-mail", "max", json!({"email": "new@holdall.test"})),
        ("role, which the collection names", "ada", json!({"role": "manager"})),
    ] {
        let app = TestApp::new();
        app.as_superuser().patch(&collection("people"), json!({"sessions": {"endOnChange": ["role"]}})).expect(200);
        let (browser, other) = (Browser::of(&app, handle), Browser::of(&app, handle));
        let before = browser.cookie(SESSION).expect("a cookie");
        // What isn't a change of credentials leaves everything as it is.
        let answer = browser.patch(&own_record(handle), json!({"badge": "x", "handle": handle}));
        answer.expect(200);
        assert!(set_cookies(&answer).is_empty() && other.is_signed_in(), "{what}");
        let answer = browser.patch(&own_record(handle), body);
        answer.expect(200);
        assert_ne!(browser.cookie(SESSION).expect("a cookie"), before, "{what}");
        assert!(browser.is_signed_in() && !other.is_signed_in(), "{what}");
        assert!(app.as_user(handle).get("/api/sessions").status == 401, "{what}: tokens end, too");
    }
}

#[test]
fn changed_by_others_everything_ends() {
    let app = TestApp::new();
    app.as_superuser().patch(&collection("people"), json!({"sessions": {"endOnChange": ["role"]}})).expect(200);
    let new_password = json!({"password": NEW_PASSWORD, "passwordConfirm": NEW_PASSWORD});
    for (what, body) in [
        ("role", json!({"role": "manager"})),
        ("disabled", json!({"banned": true})),
        ("e-mail", json!({"email": "new@holdall.test"})),
        ("password", new_password),
    ] {
        let root = app.as_superuser();
        root.update("people", &id("ada"), json!({"role": "reader", "banned": false, "email": "ada@holdall.test"}));
        let (others, bob, boss) = (Others::of_ada(&app), Browser::of(&app, "bob"), Browser::of(&app, "root"));
        let before = boss.cookie(SESSION);
        boss.patch(&own_record("ada"), body).expect(200);
        assert_eq!(others.alive(), 0, "{what}");
        assert!(bob.is_signed_in() && boss.cookie(SESSION) == before, "{what} is nobody else's business");
    }
    let app = TestApp::new();
    let others = Others::of_ada(&app);
    app.as_superuser().delete(&own_record("ada")).expect(204);
    assert_eq!(others.alive(), 0);
}

#[test]
fn whoever_locks_themselves_out_is_out() {
    let app = TestApp::new();
    let root = app.as_superuser();
    // In this collection people may disable their own accounts.
    root.patch(&collection("people"), json!({"authRule": "role != 'manager'"})).expect(200);
    let browser = Browser::of(&app, "ada");
    browser.patch(&own_record("ada"), json!({"role": "manager"})).expect(200);
    assert!(!browser.is_signed_in());
}

#[test]
fn a_sign_in_ends_the_session_before_it() {
    let app = TestApp::new();
    let browser = Browser::of(&app, "ada");
    let before = browser.cookie(SESSION).expect("a cookie");
    for handle in ["ada", "bob", "sam"] {
        browser.sign_in(handle).expect(200);
        let left = Browser::new(&app);
        left.set_cookie(SESSION, &before);
        assert!(!left.is_signed_in() && browser.is_signed_in(), "{handle}");
    }
    assert_eq!(app.as_user("ada").get("/api/sessions").expect(200)["items"], json!([]));
    // One that fails, or gives a token, ends nothing.
    let wrong = json!({"identity": "ada", "password": "wrong password"});
    browser.post("/api/collections/people/auth-with-password?session=cookie", wrong).expect(400);
    let right = json!({"identity": "ada", "password": PASSWORD});
    browser.post("/api/collections/people/auth-with-password", right).expect(200);
    assert_eq!(browser.get("/api/session").expect(200)["record"]["id"], json!(id("sam")));
}

#[test]
fn a_session_that_has_had_its_time_is_none() {
    for (idle_hours, max_hours) in [(0, 1), (1, 0), (-1, 1)] {
        let configure = |config: &mut holdall::settings::Config| {
            (config.session_idle_hours, config.session_max_hours) = (idle_hours, max_hours);
        };
        let app = TestApp::configured(configure, Vec::new());
        let answer = Browser::new(&app).sign_in("ada");
        answer.expect(200);
        let browser = Browser::new(&app);
        browser.set_cookie(SESSION, set_cookies(&answer)[0].value());
        assert!(!browser.is_signed_in(), "{idle_hours} {max_hours}");
        assert_eq!(app.as_user("ada").get("/api/sessions").expect(200)["items"], json!([]));
    }
}

#[test]
fn an_auth_rule_about_other_records_is_looked_at_again_while_a_session_is_used() {
    let mut app = TestApp::new();
    let root = app.as_superuser();
    root.update("people", &id("ada"), json!({"friend": id("bob")}));
    root.patch(&collection("people"), json!({"authRule": "friend = '' || friend.banned = false"})).expect(200);
    let browser = Browser::of(&app, "ada");
    let cookie = browser.cookie(SESSION).expect("a cookie");
    // Only superusers change this, and nothing in Ada's record changes.
    app.as_superuser().update("people", &id("bob"), json!({"banned": true}));
    // As if the session had been used last two minutes ago.
    app.while_stopped(|folder| {
        let store = Store::open(StoreOptions::new(folder), collections::load_schema).expect("the data folder opens");
        let past = Timestamp::now().plus_seconds(-120).to_string();
        let moved = store.write_blocking(move |tx| {
            tx.execute(&Statement::new("UPDATE _sessions SET lastUsed = ?", vec![past.as_str().into()]))
        });
        assert_eq!(moved.expect("the row can be changed"), 1);
        store.close();
    });
    let browser = Browser::new(&app);
    browser.set_cookie(SESSION, &cookie);
    let patience = Instant::now() + Duration::from_secs(60);
    while browser.is_signed_in() {
        assert!(Instant::now() < patience, "the session goes on");
        app.wait(async { tokio::time::sleep(Duration::from_millis(5)).await });
    }
}

#[test]
fn what_a_cookie_opened_is_not_for_caches() {
    let app = TestApp::new();
    let browser = Browser::of(&app, "ada");
    for path in ["/api/session", "/api/collections/articles/records", "/api/nothing"] {
        assert_eq!(browser.get(path).header("Cache-Control"), Some("no-store"), "{path}");
        assert_eq!(app.as_user("ada").get(path).header("Cache-Control"), None, "{path}");
    }
}

#[test]
fn refreshing_a_session_answers_with_the_record() {
    let app = TestApp::new();
    let browser = Browser::of(&app, "ada");
    let answer = browser.post("/api/collections/people/auth-refresh", json!({})).expect(200);
    assert_eq!((&answer["record"]["id"], &answer["token"]), (&json!(id("ada")), &Json::Null));
    browser.post("/api/collections/staff/auth-refresh", json!({})).expect(403);
}

#[test]
fn a_collection_may_have_sessions_of_its_own_length() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let people = collection("people");
    assert_eq!(root.get(&people).expect(200)["sessions"], Json::Null, "clients of the reference don't know it");
    let sessions = json!({"idleDuration": 600, "maxDuration": 3600, "endOnChange": ["role", "badge"]});
    let saved = root.patch(&people, json!({"sessions": sessions})).expect(200);
    assert_eq!(saved["sessions"], sessions);
    let cookies = set_cookies(&Browser::new(&app).sign_in("ada"));
    assert_eq!(cookies[0].max_age().map(|age| age.whole_seconds()), Some(3600));
    let staff = set_cookies(&Browser::new(&app).sign_in("sam"));
    assert_eq!(staff[0].max_age().map(|age| age.whole_seconds()), Some(720 * 3600));
    // A field that is renamed is followed.
    let mut fields = root.get(&people).expect(200)["fields"].as_array().expect("fields").clone();
    for field in &mut fields {
        if field["name"] == "badge" {
            field["name"] = json!("sign");
        }
    }
    let saved = root.patch(&people, json!({"fields": fields})).expect(200);
    assert_eq!(saved["sessions"]["endOnChange"], json!(["role", "sign"]));
    for (sessions, codes) in [
        (json!({"idleDuration": 5}), ["sessions.idleDuration validation_min_greater_equal_than_required"]),
        (json!({"maxDuration": -1}), ["sessions.maxDuration validation_min_greater_equal_than_required"]),
        (json!({"maxDuration": 1e9 as i64}), ["sessions.maxDuration validation_max_less_equal_than_required"]),
        (json!({"endOnChange": ["nothing"]}), ["sessions.endOnChange validation_missing_field"]),
    ] {
        root.patch(&people, json!({"sessions": sessions})).expect_codes(&codes);
    }
    let back = root.patch(&people, json!({"sessions": null})).expect(200);
    assert_eq!(back["sessions"], Json::Null);
}
