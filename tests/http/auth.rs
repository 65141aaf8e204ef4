//! Signing in, tokens and what ends them, and the one-time set-up link.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::{PASSWORD, ROOT};
use crate::harness::{Answer, Principal, TestApp, collection, id, record, text};

fn sign_in(who: &Principal<'_>, collection: &str, identity: &str, password: &str) -> Answer {
    let path = format!("/api/collections/{collection}/auth-with-password");
    who.post(&path, json!({"identity": identity, "password": password}))
}

fn refresh(who: &Principal<'_>, collection: &str) -> Answer {
    who.call(Method::Post, &format!("/api/collections/{collection}/auth-refresh")).send()
}

/// Whether a token opens anything: `people` may refresh, everybody else is a guest.
fn is_valid(app: &TestApp, token: &str) -> bool {
    match refresh(&app.with_token(token), "people").status {
        200 => true,
        401 => false,
        other => panic!("refresh answers {other}"),
    }
}

/// The claims of a token.
fn claims(token: &str) -> Json {
    let part = token.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&BASE64.decode(part).expect("base64")).expect("JSON")
}

/// A token of these parts, signed with `key`.
fn forge(header: &Json, claims: &Json, key: &str) -> String {
    let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(tag))
}

/// Gives Ada and her collection secrets that the test knows, and returns the key that her tokens are signed with.
fn know_the_key(app: &TestApp) -> String {
    let root = app.as_superuser();
    let (own, shared) = ("k".repeat(50), "s".repeat(50));
    root.patch(&collection("people"), json!({"authToken": {"secret": shared, "duration": 1000}})).expect(200);
    root.update("people", &id("ada"), json!({"tokenKey": own}));
    own + &shared
}

#[test]
fn a_password_opens_an_account() {
    let app = TestApp::new();
    let guest = app.guest();
    for identity in ["ada@holdall.test", "ada"] {
        let body = sign_in(&guest, "people", identity, PASSWORD).expect(200);
        assert_eq!((&body["record"]["id"], &body["record"]["email"]), (&json!(id("ada")), &json!("ada@holdall.test")));
        let claims = claims(&text(&body["token"]));
        assert_eq!(
            (&claims["type"], &claims["id"], &claims["collectionId"]),
            (&json!("auth"), &json!(id("ada")), &json!("c_people"))
        );
        assert!(is_valid(&app, &text(&body["token"])));
    }
    // Addresses are the same in any letter case only where their index says so.
    sign_in(&guest, "people", "ADA@holdall.test", PASSWORD).expect_codes(&[]);
    sign_in(&guest, "people", "ada", "wrong password").expect_codes(&[]);
    sign_in(&guest, "people", "", "").expect_codes(&["identity validation_required", "password validation_required"]);
    sign_in(&guest, "tags", "ada", PASSWORD).expect(404);
    sign_in(&guest, "nothing", "ada", PASSWORD).expect(404);
    let body = sign_in(&guest, "_superusers", ROOT, PASSWORD).expect(200);
    app.with_token(&text(&body["token"])).get("/api/collections").expect(200);
    let form = "identity=ada&password=correct+horse";
    let call = guest.call(Method::Post, "/api/collections/people/auth-with-password");
    call.raw("application/x-www-form-urlencoded", form).send().expect(200);
}

#[test]
fn the_auth_rule_decides_who_may_come_in() {
    let app = TestApp::new();
    let root = app.as_superuser();
    root.update("people", &id("eve"), json!({"banned": true}));
    sign_in(&app.guest(), "people", "eve", PASSWORD).expect(403);
    refresh(&app.as_user("eve"), "people").expect(401);
    sign_in(&app.guest(), "people", "eve", "wrong password").expect_codes(&[]);
    root.patch(&collection("people"), json!({"authRule": null})).expect(200);
    sign_in(&app.guest(), "people", "ada", PASSWORD).expect(403);
    root.patch(&collection("people"), json!({"authRule": "", "passwordAuth": {"enabled": false}})).expect(200);
    sign_in(&app.guest(), "people", "ada", PASSWORD).expect(403);
    let methods = app.guest().get("/api/collections/people/auth-methods").expect(200);
    assert_eq!(methods["password"], json!({"enabled": false, "identityFields": []}));
}

#[test]
fn a_token_that_is_not_exactly_right_is_no_token() {
    let app = TestApp::new();
    let key = know_the_key(&app);
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs()).expect("a sane clock");
    let good = json!({
        "collectionId": "c_people", "exp": now + 500, "id": id("ada"), "refreshable": true, "type": "auth",
    });
    let with = |name: &str, value: Json| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let valid = forge(&header, &good, &key);
    assert!(is_valid(&app, &valid), "the forgery itself is in order");
    let none = |alg: &str| {
        let header = BASE64.encode(json!({"alg": alg, "typ": "JWT"}).to_string());
        format!("{header}.{}.", BASE64.encode(good.to_string()))
    };
    let parts: Vec<&str> = valid.split('.').collect();
    let other_payload = BASE64.encode(with("id", json!(id("bob"))).to_string());
    for (what, token) in [
        ("tampered payload", format!("{}.{other_payload}.{}", parts[0], parts[2])),
        (
            "tampered header",
            format!("{}.{}.{}", BASE64.encode(json!({"alg": "HS256"}).to_string()), parts[1], parts[2]),
        ),
        ("cut signature", valid[..valid.len() - 2].to_owned()),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("alg none", none("none")),
        ("alg None", none("None")),
        ("alg NONE, signed", forge(&json!({"alg": "NONE", "typ": "JWT"}), &good, &key)),
        ("no alg", forge(&json!({"typ": "JWT"}), &good, &key)),
        ("alg HS384", forge(&json!({"alg": "HS384", "typ": "JWT"}), &good, &key)),
        ("alg HS512", forge(&json!({"alg": "HS512", "typ": "JWT"}), &good, &key)),
        ("alg RS256", forge(&json!({"alg": "RS256", "typ": "JWT"}), &good, &key)),
        ("expired", forge(&header, &with("exp", json!(now - 1)), &key)),
        ("expired now", forge(&header, &with("exp", json!(0)), &key)),
        ("no expiry", forge(&header, &with("exp", Json::Null), &key)),
        ("expiry as text", forge(&header, &with("exp", json!("9999999999")), &key)),
        ("not yet valid", forge(&header, &with("nbf", json!(now + 400)), &key)),
        ("type file", forge(&header, &with("type", json!("file")), &key)),
        ("type passwordReset", forge(&header, &with("type", json!("passwordReset")), &key)),
        ("no type", forge(&header, &with("type", json!("")), &key)),
        ("other record", forge(&header, &with("id", json!(id("bob"))), &key)),
        ("no record", forge(&header, &with("id", json!("")), &key)),
        ("id as list", forge(&header, &with("id", json!([id("ada")])), &key)),
        ("other collection", forge(&header, &with("collectionId", json!("c_staff")), &key)),
        ("collection by name", forge(&header, &with("collectionId", json!("people")), &key)),
        ("superusers", forge(&header, &with("collectionId", json!("pbc_3142635823")), &key)),
        ("base collection", forge(&header, &with("collectionId", json!("c_tags")), &key)),
        ("empty key", forge(&header, &good, "")),
        ("only the record's key", forge(&header, &good, &key[..50])),
        ("only the collection's secret", forge(&header, &good, &key[50..])),
        ("the other way round", forge(&header, &good, &format!("{}{}", &key[50..], &key[..50]))),
        ("rubbish", "rubbish".to_owned()),
        ("dots", "..".to_owned()),
        ("SQL", "' OR 1=1 --".to_owned()),
    ] {
        assert!(!is_valid(&app, &token), "{what}");
        // Nothing else is wrong with the request: its sender is a guest.
        assert_eq!(app.with_token(&token).items("articles", &[]).len(), 2, "{what}");
        app.with_token(&token).get("/api/collections").expect(401);
    }
    // A static token: valid, and refreshing it gives itself.
    let fixed = forge(&header, &with("refreshable", json!(false)), &key);
    assert_eq!(refresh(&app.with_token(&fixed), "people").expect(200)["token"], json!(fixed));
}

#[test]
fn the_header_may_say_bearer() {
    let app = TestApp::new();
    let token = app.token_of("ada").to_owned();
    for header in [token.clone(), format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER  {token} ")] {
        assert!(is_valid(&app, &header), "{header}");
    }
    for header in
        [format!("Basic {token}"), format!("Bearer Bearer {token}"), format!("{token} x"), "Bearer".to_owned()]
    {
        assert!(!is_valid(&app, &header), "{header}");
    }
    // Only the header counts.
    app.guest().call(Method::Get, &format!("/api/collections?token={}", app.token_of("root"))).send().expect(401);
    let cookie = format!("pb_auth={0}; token={0}", app.token_of("root"));
    app.guest().call(Method::Get, "/api/collections").header("Cookie", &cookie).send().expect(401);
}

#[test]
fn changed_credentials_end_every_token() {
    let own_password = json!({"oldPassword": PASSWORD, "password": "another one", "passwordConfirm": "another one"});
    let changes: [(&str, &str, Json); 6] = [
        ("password by its owner", "ada", own_password.clone()),
        ("password by a manager", "max", json!({"password": "another one", "passwordConfirm": "another one"})),
        ("password by a superuser", "root", json!({"password": "another one", "passwordConfirm": "another one"})),
        ("e-mail by a manager", "max", json!({"email": "new@holdall.test"})),
        ("e-mail by a superuser", "root", json!({"email": "new@holdall.test"})),
        ("token key", "root", json!({"tokenKey": "t".repeat(50)})),
    ];
    let app = TestApp::new();
    for (what, who, body) in changes {
        // Each change begins with the password that everybody knows.
        let root = app.as_superuser();
        let reset = json!({"password": PASSWORD, "passwordConfirm": PASSWORD, "email": "ada@holdall.test"});
        root.update("people", &id("ada"), reset);
        let token = text(&sign_in(&app.guest(), "people", "ada", PASSWORD).expect(200)["token"]);
        let renewed = text(&refresh(&app.with_token(&token), "people").expect(200)["token"]);
        let changer = if who == "ada" { app.with_token(&token) } else { app.with_token(app.token_of(who)) };
        changer.update("people", &id("ada"), body);
        assert!(!is_valid(&app, &token) && !is_valid(&app, &renewed), "{what}");
        assert!(is_valid(&app, app.token_of("bob")), "{what} is nobody else's business");
    }
    sign_in(&app.guest(), "people", "ada", PASSWORD).expect(200);
}

#[test]
fn a_new_secret_ends_the_tokens_of_its_collection_and_of_no_other() {
    let app = TestApp::new();
    let root = app.as_superuser();
    // Other changes of the collection, and of other secrets, end nothing.
    root.patch(&collection("people"), json!({"authToken": {"duration": 1000}})).expect(200);
    root.patch(&collection("people"), json!({"fileToken": {"secret": "f".repeat(50), "duration": 100}})).expect(200);
    assert!(is_valid(&app, app.token_of("ada")));
    root.patch(&collection("people"), json!({"authToken": {"secret": "s".repeat(50), "duration": 1000}})).expect(200);
    for handle in ["ada", "bob", "eve", "max"] {
        assert!(!is_valid(&app, app.token_of(handle)), "{handle}");
    }
    refresh(&app.with_token(app.token_of("sam")), "staff").expect(200);
    refresh(&root, "_superusers").expect(200);
    // Secrets can be set and never read.
    for who in [&root, &app.guest()] {
        assert!(!who.get(&collection("people")).text().contains(&"s".repeat(50)));
    }
}

#[test]
fn a_deleted_account_has_no_token() {
    let app = TestApp::new();
    let root = app.as_superuser();
    root.delete(&record("people", &id("ada"))).expect(204);
    assert!(!is_valid(&app, app.token_of("ada")));
    // Not even if somebody else gets the id.
    let body = json!({
        "id": id("ada"), "handle": "new", "email": "n@holdall.test", "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    root.create("people", body);
    assert!(!is_valid(&app, app.token_of("ada")));
    root.delete(&format!("{}/truncate", collection("staff"))).expect(204);
    refresh(&app.with_token(app.token_of("sam")), "staff").expect(401);
}

#[test]
fn tokens_are_renewed_by_the_collection_that_they_belong_to() {
    let app = TestApp::new();
    let answer = refresh(&app.as_user("ada"), "people").expect(200);
    assert_eq!(answer["record"]["id"], json!(id("ada")));
    assert!(is_valid(&app, &text(&answer["token"])));
    refresh(&app.guest(), "people").expect(401);
    for other in ["staff", "tags", "_superusers", "nothing"] {
        refresh(&app.as_user("ada"), other).expect(403);
    }
}

#[test]
fn the_last_superuser_stays() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let own = text(&root.items("_superusers", &[])[0]["id"]);
    root.delete(&record("_superusers", &own)).expect(400);
    let truncate = root.delete(&format!("{}/truncate", collection("_superusers")));
    assert!(truncate.status >= 400, "{}", truncate.text());
    root.get("/api/collections").expect(200);
}

// ---------------------------------------------------------------------------------------------------- the set-up link

fn claim(app: &TestApp, token: &str, email: &str, password: &str, confirm: &str) -> Answer {
    let form: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", email), ("password", password), ("passwordConfirm", confirm)])
        .finish();
    let call = app.guest().call(Method::Post, &format!("/_/setup/{token}"));
    call.raw("application/x-www-form-urlencoded", form).send()
}

#[test]
fn the_set_up_link_works_once() {
    let app = TestApp::empty();
    let token = app.app().setup_link_token().expect("nobody has set up this server");
    let page = format!("/_/setup/{token}");
    assert_eq!(app.guest().get(&page).status, 200);
    for wrong in ["guess", &token[1..], &format!("{token}x")] {
        assert_eq!(claim(&app, wrong, ROOT, PASSWORD, PASSWORD).status, 404, "{wrong}");
        assert_eq!(app.guest().get(&format!("/_/setup/{wrong}")).status, 404, "{wrong}");
    }
    for (email, password, confirm) in
        [("nobody", PASSWORD, PASSWORD), (ROOT, "short", "short"), (ROOT, PASSWORD, "other")]
    {
        assert_eq!(claim(&app, &token, email, password, confirm).status, 400);
    }
    let claimed = claim(&app, &token, ROOT, PASSWORD, PASSWORD);
    assert_eq!((claimed.status, claimed.header("Location")), (303, Some("../../_/")));
    // Who has set up the server is in it.
    let cookie = claimed.header("Set-Cookie").expect("a session");
    let session = cookie.split(';').next().expect("a cookie").to_owned();
    let inside = app.guest().call(Method::Get, "/_/").header("Cookie", &session).send();
    assert_eq!(inside.status, 200, "{}", inside.text());
    assert_eq!(claim(&app, &token, "second@holdall.test", PASSWORD, PASSWORD).status, 404);
    assert_eq!(app.guest().get(&page).status, 404);
    assert_eq!(app.app().setup_link_token(), None);
    let body = sign_in(&app.guest(), "_superusers", ROOT, PASSWORD).expect(200);
    let root = app.with_token(&text(&body["token"]));
    assert_eq!(root.items("_superusers", &[]).len(), 1);
}

#[test]
fn the_set_up_link_makes_one_superuser_however_many_come_at_once() {
    let app = TestApp::empty();
    let token = app.app().setup_link_token().expect("nobody has set up this server");
    let guest = app.guest();
    let calls = (0..5).map(|number| {
        let form = format!("email=root{number}%40holdall.test&password=correct+horse&passwordConfirm=correct+horse");
        guest.call(Method::Post, &format!("/_/setup/{token}")).raw("application/x-www-form-urlencoded", form)
    });
    let mut statuses: Vec<u16> = app.at_once(calls).iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404, 404, 404, 404]);
}

#[test]
fn there_is_no_set_up_link_while_there_is_a_superuser() {
    let mut app = TestApp::new();
    assert_eq!(app.app().setup_link_token(), None);
    app.while_stopped(|_| ());
    assert_eq!(app.app().setup_link_token(), None);
    // A link that was made before ends when a superuser comes from elsewhere.
    let empty = TestApp::empty();
    let token = empty.app().setup_link_token().expect("nobody has set up this server");
    let password = holdall::base::Secret::new(PASSWORD);
    empty.wait(holdall::app::superusers::create(empty.app(), ROOT, password)).expect("a superuser");
    assert_eq!(claim(&empty, &token, "second@holdall.test", PASSWORD, PASSWORD).status, 404);
}

#[test]
fn a_key_with_a_scope_is_no_way_to_other_tokens() {
    let app = TestApp::new();
    let scope = json!({"name": "k", "scope": {"people": ["list", "view"], "_superusers": ["list", "view"]}});
    for (who, status) in [(app.as_user("ada"), 403), (app.as_superuser(), 403), (app.guest(), 401)] {
        let key = who.post("/api/keys", scope.clone());
        let key = if key.status == 200 { text(&key.json()["key"]) } else { "none".to_owned() };
        app.with_token(&key).post("/api/files/token", json!({})).expect(status);
        let path = format!("/api/collections/people/impersonate/{}", id("bob"));
        app.with_token(&key).post(&path, json!({})).expect(status);
    }
}

#[test]
fn who_acts_as_somebody_else_is_exactly_them_and_not_for_ever() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let path = format!("/api/collections/people/impersonate/{}", id("ada"));
    let body = root.post(&path, json!({"duration": 100})).expect(200);
    assert_eq!((&body["record"]["id"], &body["record"]["badge"]), (&json!(id("ada")), &Json::Null));
    let token = text(&body["token"]);
    let as_ada = app.with_token(&token);
    assert_eq!(refresh(&as_ada, "people").expect(200)["token"], body["token"]);
    as_ada.get("/api/collections").expect(403);
    as_ada.post(&path, json!({})).expect(403);
    // It ends with whatever ends her own.
    root.update("people", &id("ada"), json!({"tokenKey:autogenerate": ""}));
    assert!(!is_valid(&app, &token));
    root.post(&path, json!({"duration": i64::from(u32::MAX) + 1}))
        .expect_codes(&["duration validation_max_less_equal_than_required"]);
}
