//! Passkeys, with an authenticator in software: registering, signing in, second steps, and what is refused.

use holdall::settings::config::Requirement;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::authenticator::Passkey;
use crate::fixture::{PASSWORD, ROOT};
use crate::harness::{Answer, Principal, TestApp, collection, id, text};

/// Where browsers open a server that listens on this machine only.
const ORIGIN: &str = "http://localhost:8090";
const OPTIONS: &str = "/api/account/passkeys/options";
const PASSKEYS: &str = "/api/account/passkeys";

// ------------------------------------------------------------------------------------------------------------- helpers

/// Registers a passkey for somebody who is signed in.
#[track_caller]
fn register(who: &Principal<'_>, more: Json) -> (Passkey, Json) {
    let asked = who.post(OPTIONS, json!({"password": PASSWORD})).expect(200);
    let (passkey, credential) = Passkey::create(&asked["publicKey"], ORIGIN);
    let mut body = json!({"ceremony": asked["ceremony"], "credential": credential});
    merge(&mut body, more);
    (passkey, who.post(PASSKEYS, body).expect(200))
}

fn merge(body: &mut Json, more: Json) {
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
}

fn asked(app: &TestApp, collection: &str, body: Json) -> Json {
    app.guest().post(&format!("/api/collections/{collection}/passkey-options"), body).expect(200)
}

fn send(app: &TestApp, collection: &str, ceremony: &Json, credential: &Json) -> Answer {
    let path = format!("/api/collections/{collection}/auth-with-passkey");
    app.guest().post(&path, json!({"ceremony": ceremony, "credential": credential}))
}

/// Signs in with nothing but a passkey.
fn sign_in(app: &TestApp, collection: &str, passkey: &mut Passkey) -> Answer {
    let asked = asked(app, collection, json!({}));
    send(app, collection, &asked["ceremony"], &passkey.assertion(&asked["publicKey"]))
}

fn with_password(app: &TestApp, collection: &str, identity: &str) -> Answer {
    let path = format!("/api/collections/{collection}/auth-with-password");
    app.guest().post(&path, json!({"identity": identity, "password": PASSWORD}))
}

// --------------------------------------------------------------------------------------------------------------- tests

#[test]
fn a_passkey_opens_an_account_without_a_password() {
    let app = TestApp::new();
    let (mut passkey, answer) = register(&app.as_user("ada"), json!({"name": " Laptop "}));
    assert_eq!((&answer["passkey"]["name"], &answer["recoveryCodes"]), (&json!("Laptop"), &json!([])));
    let body = sign_in(&app, "people", &mut passkey).expect(200);
    assert_eq!(body["record"]["id"], id("ada"));
    let ada = app.with_token(&text(&body["token"]));
    let listed = ada.get("/api/account/factors").expect(200);
    assert_eq!(listed["passkeys"][0]["name"], "Laptop");
    assert_ne!(listed["passkeys"][0]["lastUsed"], "");
    // It is two factors by itself, so nothing more is asked for; and it isn't asked for, as nobody said so.
    with_password(&app, "people", "ada").expect(200);
    app.as_superuser()
        .patch(&collection("people"), json!({"mfa": {"enabled": true, "duration": 60}, "otp": {"enabled": true}}))
        .expect(200);
    sign_in(&app, "people", &mut passkey).expect(200);
}

#[test]
fn superusers_may_have_passkeys_too() {
    let app = TestApp::new();
    let (mut passkey, _) = register(&app.as_superuser(), json!({}));
    let body = sign_in(&app, "_superusers", &mut passkey).expect(200);
    app.with_token(&text(&body["token"])).get("/api/collections").expect(200);
    sign_in(&app, "people", &mut passkey).expect_codes(&[]);
}

#[test]
fn what_a_passkey_knows_tells_nobody_whose_it_is() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let (one, _) = register(&ada, json!({}));
    let (two, _) = register(&ada, json!({}));
    let (other, _) = register(&app.as_user("bob"), json!({}));
    assert_eq!(one.user_handle, two.user_handle, "an authenticator keeps one passkey for each account");
    assert_ne!(one.user_handle, other.user_handle);
    let asked = ada.post(OPTIONS, json!({"password": PASSWORD})).expect(200);
    let known: Vec<&str> = asked["publicKey"]["excludeCredentials"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_eq!(known, [one.id(), two.id()]);
    assert_eq!(asked["publicKey"]["authenticatorSelection"]["userVerification"], "required");
}

#[test]
fn only_what_was_asked_for_is_taken() {
    let app = TestApp::new();
    let (mut passkey, _) = register(&app.as_user("ada"), json!({}));
    sign_in(&app, "people", &mut passkey).expect(200);
    let refused = |what: &str, answer: Answer| {
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        answer.expect_codes(&[]);
    };
    // A ceremony ends once, whether well or not, and its answer fits no other.
    let first = asked(&app, "people", json!({}));
    let assertion = passkey.assertion(&first["publicKey"]);
    send(&app, "people", &first["ceremony"], &assertion).expect(200);
    refused("again", send(&app, "people", &first["ceremony"], &assertion));
    let second = asked(&app, "people", json!({}));
    refused("replay", send(&app, "people", &second["ceremony"], &assertion));
    refused("after a failure", send(&app, "people", &second["ceremony"], &passkey.assertion(&second["publicKey"])));
    // Of another collection.
    let staff = asked(&app, "staff", json!({}));
    refused("elsewhere", send(&app, "people", &staff["ceremony"], &passkey.assertion(&staff["publicKey"])));
    send(&app, "tags", &staff["ceremony"], &json!({})).expect(404);
    // From another page, for another server, or without a look at who is there.
    passkey.origin = "http://evil.example".to_owned();
    refused("origin", sign_in(&app, "people", &mut passkey));
    passkey.origin = "http://localhost:9999".to_owned();
    refused("port", sign_in(&app, "people", &mut passkey));
    passkey.origin = ORIGIN.to_owned();
    passkey.rp_id = "evil.example".to_owned();
    refused("bound to another name", sign_in(&app, "people", &mut passkey));
    passkey.rp_id = "localhost".to_owned();
    passkey.verifies = false;
    refused("user not verified", sign_in(&app, "people", &mut passkey));
    passkey.verifies = true;
    // With the handle of somebody else, or none.
    let handle = passkey.user_handle.replace("AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    refused("handle", sign_in(&app, "people", &mut passkey));
    passkey.user_handle = None;
    refused("no handle", sign_in(&app, "people", &mut passkey));
    passkey.user_handle = handle;
    // A counter that doesn't grow: there is a copy of it somewhere.
    passkey.counter = 0;
    refused("a copy", sign_in(&app, "people", &mut passkey));
    passkey.counter = 100;
    sign_in(&app, "people", &mut passkey).expect(200);
    // One that nobody has registered looks the same.
    let (mut stranger, _) =
        Passkey::create(&json!({"rp": {"id": "localhost"}, "user": {"id": passkey.user_handle}}), ORIGIN);
    let (unknown, known) = (sign_in(&app, "people", &mut stranger), {
        passkey.counter = 0;
        sign_in(&app, "people", &mut passkey)
    });
    assert_eq!((unknown.status, unknown.text()), (known.status, known.text()));
    for junk in
        [json!(null), json!("x"), json!({}), json!({"id": "x", "rawId": "x", "type": "public-key", "response": {}})]
    {
        let asked = asked(&app, "people", json!({}));
        refused("junk", send(&app, "people", &asked["ceremony"], &junk));
    }
    send(&app, "people", &json!(""), &json!({})).expect_codes(&["ceremony validation_required"]);
}

#[test]
fn a_passkey_may_be_the_second_step() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let (mut passkey, answer) = register(&ada, json!({"secondFactor": true}));
    assert_eq!(answer["recoveryCodes"].as_array().map(Vec::len), Some(10));
    let (mut bobs, _) = register(&app.as_user("bob"), json!({}));
    let first = with_password(&app, "people", "ada");
    assert_eq!((first.status, &first.json()["factors"]), (401, &json!(["recoveryCode", "passkey"])));
    let step = json!({"mfaId": first.json()["mfaId"]});
    let mine = asked(&app, "people", step.clone());
    let allowed = json!([{"type": "public-key", "id": passkey.id()}]);
    assert_eq!(mine["publicKey"]["allowCredentials"], allowed);
    send(&app, "people", &mine["ceremony"], &bobs.assertion(&mine["publicKey"])).expect_codes(&[]);
    // An authenticator that was told which passkey to use may leave out whose it is.
    passkey.user_handle = None;
    let mine = asked(&app, "people", step.clone());
    let body = send(&app, "people", &mine["ceremony"], &passkey.assertion(&mine["publicKey"])).expect(200);
    assert_eq!(body["record"]["id"], id("ada"));
    let path = "/api/collections/people/passkey-options";
    app.guest().post(path, step).expect_codes(&[]);
    // Somebody whose sign-in waits for nothing has no second step to make.
    with_password(&app, "people", "bob").expect(200);
}

#[test]
fn passkeys_are_registered_by_their_owner_only() {
    let app = TestApp::new();
    let (ada, bob) = (app.as_user("ada"), app.as_user("bob"));
    let asked = ada.post(OPTIONS, json!({"password": PASSWORD})).expect(200);
    let (passkey, credential) = Passkey::create(&asked["publicKey"], ORIGIN);
    let body = json!({"ceremony": asked["ceremony"], "credential": credential});
    bob.post(PASSKEYS, body.clone()).expect_codes(&[]);
    ada.post(PASSKEYS, body).expect_codes(&[]);
    // A passkey belongs to one account, whoever presents it.
    let (taken, _) = register(&ada, json!({}));
    let asked = bob.post(OPTIONS, json!({"password": PASSWORD})).expect(200);
    let body = json!({"ceremony": asked["ceremony"], "credential": taken.attestation(&asked["publicKey"])});
    bob.post(PASSKEYS, body).expect_codes(&[]);
    for (name, code) in [
        (json!(""), "name validation_required"),
        (json!(7), "name validation_invalid_value"),
        (json!("x".repeat(101)), "name validation_length_too_long"),
    ] {
        let asked = bob.post(OPTIONS, json!({"password": PASSWORD})).expect(200);
        let credential = passkey.attestation(&asked["publicKey"]);
        let body = json!({"ceremony": asked["ceremony"], "credential": credential, "name": name});
        bob.post(PASSKEYS, body).expect_codes(&[code]);
    }
    app.guest().post(OPTIONS, json!({"password": PASSWORD})).expect(401);
}

#[test]
fn superusers_remove_the_one_passkey_that_somebody_has_lost() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let (mut phone, _) = register(&ada, json!({"name": "Phone", "secondFactor": true}));
    let (mut laptop, answer) = register(&ada, json!({"name": "Laptop", "secondFactor": true}));
    let laptop_id = text(&answer["passkey"]["id"]);
    let path = |factor: &str| format!("/api/account/factors?collection=people&record={}&factor={factor}", id("ada"));
    let remove = |who: &Principal<'_>, factor: &str| who.call(Method::Delete, &path(factor)).send();
    let root = app.as_superuser();
    remove(&app.as_user("bob"), &laptop_id).expect(403);
    remove(&ada, &laptop_id).expect(403);
    for missing in ["totp", "nothing00000000"] {
        remove(&root, missing).expect(404);
    }
    assert_eq!(remove(&root, &laptop_id).status, 204);
    sign_in(&app, "people", &mut laptop).expect_codes(&[]);
    sign_in(&app, "people", &mut phone).expect(200);
    let left = root.get(&path("")).expect(200);
    assert_eq!((&left["passkeys"][0]["name"], left["passkeys"].as_array().map(Vec::len)), (&json!("Phone"), Some(1)));
    assert_eq!(left["recoveryCodes"], 10);
    // With the last factor go the codes that would stand in for it.
    assert_eq!(remove(&root, &text(&left["passkeys"][0]["id"])).status, 204);
    assert_eq!(root.get(&path("")).expect(200)["recoveryCodes"], 0);
    with_password(&app, "people", "ada").expect(200);
}

#[test]
fn passkeys_are_named_marked_and_removed() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let (mut passkey, answer) = register(&ada, json!({"name": "Phone"}));
    let path = format!("{PASSKEYS}/{}", text(&answer["passkey"]["id"]));
    ada.patch(&path, json!({"name": "Old phone"})).expect(200);
    app.as_user("bob").patch(&path, json!({"name": "Mine"})).expect(404);
    ada.patch(&path, json!({"secondFactor": true})).expect_codes(&["password validation_required"]);
    let marked = ada.patch(&path, json!({"secondFactor": true, "password": PASSWORD})).expect(200);
    assert_eq!((&marked["passkey"]["name"], &marked["passkey"]["secondFactor"]), (&json!("Old phone"), &json!(true)));
    assert_eq!(marked["recoveryCodes"].as_array().map(Vec::len), Some(10));
    assert_eq!(with_password(&app, "people", "ada").status, 401);
    ada.patch(&path, json!({"secondFactor": false, "password": PASSWORD})).expect(200);
    with_password(&app, "people", "ada").expect(200);
    assert_eq!(ada.get("/api/account/factors").expect(200)["recoveryCodes"], 0);
    let remove = |who: &Principal<'_>, proof: Json| who.call(Method::Delete, &path).json(&proof).send();
    remove(&ada, json!({})).expect_codes(&["password validation_required"]);
    remove(&app.as_user("bob"), json!({"password": PASSWORD})).expect(404);
    sign_in(&app, "people", &mut passkey).expect(200);
    assert_eq!(remove(&ada, json!({"password": PASSWORD})).status, 204);
    sign_in(&app, "people", &mut passkey).expect_codes(&[]);
}

#[test]
fn a_passkey_ends_with_its_account_and_its_right_to_come_in() {
    let app = TestApp::new();
    let (mut passkey, _) = register(&app.as_user("ada"), json!({}));
    app.as_superuser().update("people", &id("ada"), json!({"banned": true}));
    sign_in(&app, "people", &mut passkey).expect(403);
    app.as_superuser().update("people", &id("ada"), json!({"banned": false}));
    sign_in(&app, "people", &mut passkey).expect(200);
    assert_eq!(app.as_superuser().delete(&format!("/api/collections/people/records/{}", id("ada"))).status, 204);
    sign_in(&app, "people", &mut passkey).expect_codes(&[]);
}

#[test]
fn a_superuser_may_be_let_in_by_a_first_passkey() {
    let app = TestApp::configured(|config| config.superuser_second_factor = Requirement::Required, Vec::new());
    let ticket = text(&with_password(&app, "_superusers", ROOT).json()["mfaId"]);
    let guest = app.guest();
    let asked = guest.post(OPTIONS, json!({"mfaId": ticket})).expect(200);
    let (mut passkey, credential) = Passkey::create(&asked["publicKey"], ORIGIN);
    let body = json!({"ceremony": asked["ceremony"], "credential": credential, "mfaId": ticket});
    guest.post(PASSKEYS, json!({"ceremony": asked["ceremony"], "credential": credential})).expect(401);
    let answer = guest.post(PASSKEYS, body.clone()).expect(200);
    assert_eq!(answer["meta"]["recoveryCodes"].as_array().map(Vec::len), Some(10));
    app.with_token(&text(&answer["token"])).get("/api/collections").expect(200);
    guest.post(PASSKEYS, body).expect_codes(&[]);
    assert_eq!(with_password(&app, "_superusers", ROOT).json()["factors"], json!(["recoveryCode", "passkey"]));
    sign_in(&app, "_superusers", &mut passkey).expect(200);
}

#[test]
fn there_are_no_passkeys_where_browsers_would_not_offer_any() {
    let app = TestApp::configured(|config| config.public_url = Some("http://192.168.1.5:8090".to_owned()), Vec::new());
    let ada = app.as_user("ada");
    assert_eq!(ada.get("/api/account/factors").expect(200)["passkeysAvailable"], false);
    ada.post(OPTIONS, json!({"password": PASSWORD})).expect_codes(&[]);
    app.guest().post("/api/collections/people/passkey-options", json!({})).expect_codes(&[]);
}
