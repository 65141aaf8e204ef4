//! Second factors: two methods of a collection, authenticator apps, recovery codes, and who may change them.

use holdall::base::{Statement, Timestamp};
use holdall::collections;
use holdall::settings::config::Requirement;
use holdall::store::{Store, StoreOptions};
use rocket::http::Method;
use serde_json::{Value as Json, json};
use totp_rs::{Builder, Secret};

use crate::fixture::{PASSWORD, ROOT};
use crate::harness::{Answer, Principal, TestApp, collection, id, record, text, url};

// ------------------------------------------------------------------------------------------------------------- helpers

fn with_password(who: &Principal<'_>, collection: &str, identity: &str) -> Answer {
    let path = format!("/api/collections/{collection}/auth-with-password");
    who.post(&path, json!({"identity": identity, "password": PASSWORD}))
}

fn with_code(app: &TestApp, collection: &str, mfa_id: &str, code: &str) -> Answer {
    app.guest().post(&format!("/api/collections/{collection}/auth-with-totp"), json!({"mfaId": mfa_id, "code": code}))
}

fn with_recovery_code(app: &TestApp, mfa_id: &str, code: &str) -> Answer {
    let body = json!({"mfaId": mfa_id, "code": code});
    app.guest().post("/api/collections/people/auth-with-recovery-code", body)
}

/// An authenticator app, as far ahead of the present as it has shown codes: each step's code works once.
struct Authenticator {
    secret: String,
    last_step: u64,
}

impl Authenticator {
    /// A code that wasn't shown yet and that the server takes: of the present step, or else of a neighbour. The steps
    /// of the past come first, so that there are three codes to be had without waiting.
    fn code(&mut self) -> String {
        loop {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
            // Not at the very end of a step, when the oldest code could be over before it arrives.
            let present = (now + 2) / 30;
            if let Some(step) = (present.saturating_sub(1)..=present + 1).find(|step| *step > self.last_step)
                && (now / 30 + 1 >= step)
            {
                self.last_step = step;
                return self.code_at(step);
            }
            std::thread::yield_now();
        }
    }

    fn code_at(&self, step: u64) -> String {
        let key = Secret::try_from_base32(&self.secret).expect("a key in Base32");
        let totp = Builder::new().with_secret(key).build().expect("a usable key");
        totp.generate(step * 30).to_string()
    }

    /// A code that is wrong for sure.
    fn wrong(&self) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
        let right: Vec<String> = (now / 30 - 3..=now / 30 + 3).map(|step| self.code_at(step)).collect();
        (0..).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).expect("most codes are wrong")
    }
}

/// Gives somebody an authenticator app; the app and the recovery codes.
#[track_caller]
fn set_up(who: &Principal<'_>) -> (Authenticator, Vec<String>) {
    let setup = who.post("/api/account/totp", json!({"password": PASSWORD})).expect(200);
    let mut totp = Authenticator { secret: text(&setup["secret"]), last_step: 0 };
    let answer = who.post("/api/account/totp/confirm", json!({"code": totp.code()})).expect(200);
    let codes = answer["recoveryCodes"].as_array().expect("a list").iter().map(text).collect();
    (totp, codes)
}

/// What the 401 asks for.
#[track_caller]
fn demand(answer: &Answer) -> (String, Json) {
    assert_eq!(answer.status, 401, "{}: {}", answer.what, answer.text());
    let body = answer.json();
    (text(&body["mfaId"]), body["factors"].clone())
}

fn mfas(app: &TestApp) -> Vec<Json> {
    app.as_superuser().items("_mfas", &[("fields", "id,recordRef,method")])
}

// --------------------------------------------------------------------------------------------------------------- tests

#[test]
fn an_authenticator_app_becomes_the_second_step() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    with_password(&app.guest(), "people", "ada").expect(200);
    let (mut totp, codes) = set_up(&ada);
    assert_eq!(codes.len(), 10);
    let overview = ada.get("/api/account/factors").expect(200);
    assert_eq!((&overview["required"], &overview["recoveryCodes"]), (&json!(true), &json!(10)));
    let (mfa_id, factors) = demand(&with_password(&app.guest(), "people", "ada"));
    assert_eq!(factors, json!(["totp", "recoveryCode"]));
    let body = with_code(&app, "people", &mfa_id, &totp.code()).expect(200);
    assert_eq!(body["record"]["id"], id("ada"));
    app.with_token(&text(&body["token"])).get("/api/account/factors").expect(200);
    assert!(mfas(&app).is_empty(), "a sign-in that is complete is forgotten");
    // Others aren't asked.
    with_password(&app.guest(), "people", "bob").expect(200);
}

#[test]
fn the_second_step_may_begin_a_session() {
    let app = TestApp::new();
    let (mut totp, _) = set_up(&app.as_user("ada"));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    let path = format!("/api/collections/people/auth-with-totp?session=cookie&mfaId={mfa_id}");
    let answer = app.guest().post(&path, json!({"code": totp.code()}));
    assert_eq!(answer.expect(200)["token"], Json::Null);
    assert!(answer.header("Set-Cookie").is_some_and(|cookie| cookie.starts_with("holdall_session=")));
}

#[test]
fn no_code_works_twice() {
    let app = TestApp::new();
    let (mut totp, codes) = set_up(&app.as_user("ada"));
    let code = totp.code();
    let (first, _) = demand(&with_password(&app.guest(), "people", "ada"));
    with_code(&app, "people", &first, &code).expect(200);
    // The sign-in is over, so nothing can be added to it.
    with_code(&app, "people", &first, &totp.code()).expect_codes(&[]);
    let (second, _) = demand(&with_password(&app.guest(), "people", "ada"));
    with_code(&app, "people", &second, &code).expect_codes(&["code validation_invalid_proof"]);
    // Nor do those of earlier steps, whether somebody used them or not.
    let earlier = totp.code_at(totp.last_step - 1);
    with_code(&app, "people", &second, &earlier).expect_codes(&["code validation_invalid_proof"]);
    with_recovery_code(&app, &second, &codes[3].to_uppercase()).expect(200);
    let (third, _) = demand(&with_password(&app.guest(), "people", "ada"));
    with_recovery_code(&app, &third, &codes[3]).expect_codes(&["code validation_invalid_proof"]);
    with_recovery_code(&app, &third, &codes[4]).expect(200);
    assert_eq!(app.as_user("ada").get("/api/account/factors").expect(200)["recoveryCodes"], 8);
}

#[test]
fn a_sign_in_belongs_to_one_account_of_one_collection() {
    let app = TestApp::new();
    let (mut ada, codes) = set_up(&app.as_user("ada"));
    let (mut bob, _) = set_up(&app.as_user("bob"));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    with_code(&app, "people", &mfa_id, &bob.code()).expect_codes(&["code validation_invalid_proof"]);
    with_code(&app, "staff", &mfa_id, &ada.code()).expect_codes(&[]);
    with_code(&app, "people", "nothing00000000", &bob.code()).expect_codes(&[]);
    with_code(&app, "people", "", "").expect_codes(&["code validation_required", "mfaId validation_required"]);
    with_code(&app, "tags", &mfa_id, "123456").expect(404);
    // Bob's password isn't Ada's second step, and neither is Ada's own once more.
    for who in ["bob", "ada"] {
        let path = url("/api/collections/people/auth-with-password", &[("mfaId", &mfa_id)]);
        app.guest().post(&path, json!({"identity": who, "password": PASSWORD})).expect_codes(&[]);
    }
    with_recovery_code(&app, &mfa_id, &codes[0]).expect(200);
}

#[test]
fn codes_cant_be_tried_for_ever() {
    let app = TestApp::new();
    let (mut totp, codes) = set_up(&app.as_user("ada"));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    let wrong = totp.wrong();
    let statuses = |mfa_id: &str, count: usize| -> Vec<u16> {
        (0..count).map(|_| with_code(&app, "people", mfa_id, &wrong).status).collect()
    };
    assert_eq!(statuses(&mfa_id, 7), [400, 400, 400, 400, 400, 429, 400]);
    assert!(mfas(&app).is_empty(), "after five wrong codes the sign-in begins again");
    // And after ten the account has to wait, whatever it is tried with and however often the sign-in begins again.
    let (second, _) = demand(&with_password(&app.guest(), "people", "ada"));
    assert_eq!(statuses(&second, 5), [400, 400, 400, 400, 400]);
    let (third, _) = demand(&with_password(&app.guest(), "people", "ada"));
    assert_eq!(with_code(&app, "people", &third, &totp.code()).status, 429);
    assert_eq!(with_recovery_code(&app, &third, &codes[0]).status, 429);
    let proof = json!({"password": PASSWORD});
    assert_eq!(app.as_user("ada").post("/api/account/recovery-codes", proof).status, 429);
    // Nobody else has to.
    let (mut bob, _) = set_up(&app.as_user("bob"));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "bob"));
    with_code(&app, "people", &mfa_id, &bob.code()).expect(200);
}

#[test]
fn many_at_once_dont_get_past_the_bound() {
    let app = TestApp::new();
    let (totp, _) = set_up(&app.as_user("ada"));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    let body = json!({"mfaId": mfa_id, "code": totp.wrong()});
    let call = || app.guest().call(Method::Post, "/api/collections/people/auth-with-totp").json(&body);
    let answers = app.at_once((0..20).map(|_| call()));
    let looked_at = answers.iter().filter(|answer| answer.text().contains("validation_invalid_proof")).count();
    assert!(looked_at <= 5, "{looked_at} codes were looked at");
}

#[test]
fn changing_factors_needs_a_proof() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let changes = [
        (Method::Post, "/api/account/totp"),
        (Method::Post, "/api/account/passkeys/options"),
        (Method::Post, "/api/account/recovery-codes"),
        (Method::Delete, "/api/account/totp"),
        (Method::Delete, "/api/account/passkeys/nothing"),
    ];
    let refused = |proof: &Json, code: &str| {
        for (method, path) in changes {
            ada.call(method, path).json(proof).send().expect_codes(&[code]);
        }
    };
    refused(&json!({}), "password validation_required");
    refused(&json!({"password": "wrong password"}), "password validation_invalid_proof");
    let app = TestApp::new();
    let ada = app.as_user("ada");
    let (mut totp, codes) = set_up(&ada);
    let remove = |proof: Json| ada.call(Method::Delete, "/api/account/totp").json(&proof).send();
    remove(json!({})).expect_codes(&["password validation_required"]);
    remove(json!({"code": totp.wrong()})).expect_codes(&["code validation_invalid_proof"]);
    remove(json!({"recoveryCode": "abcd"})).expect_codes(&["recoveryCode validation_invalid_proof"]);
    let renewed = ada.post("/api/account/recovery-codes", json!({"recoveryCode": codes[0]})).expect(200);
    assert_eq!(renewed["recoveryCodes"].as_array().map(Vec::len), Some(10));
    remove(json!({"recoveryCode": codes[1]})).expect_codes(&["recoveryCode validation_invalid_proof"]);
    assert_eq!(remove(json!({"code": totp.code()})).status, 204);
    let overview = ada.get("/api/account/factors").expect(200);
    assert_eq!((&overview["required"], &overview["recoveryCodes"]), (&json!(false), &json!(0)));
    with_password(&app.guest(), "people", "ada").expect(200);
    remove(json!({"password": PASSWORD})).expect(404);
    ada.post("/api/account/recovery-codes", json!({"password": PASSWORD})).expect_codes(&[]);
}

#[test]
fn an_app_counts_only_after_it_has_shown_a_code() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    ada.post("/api/account/totp/confirm", json!({"code": "123456"})).expect_codes(&[]);
    let setup = ada.post("/api/account/totp", json!({"password": PASSWORD})).expect(200);
    let mut totp = Authenticator { secret: text(&setup["secret"]), last_step: 0 };
    assert!(text(&setup["url"]).starts_with("otpauth://totp/Holdall:ada%40holdall.test?"), "{setup}");
    with_password(&app.guest(), "people", "ada").expect(200);
    ada.post("/api/account/totp/confirm", json!({"code": totp.wrong()}))
        .expect_codes(&["code validation_invalid_proof"]);
    ada.post("/api/account/totp/confirm", json!({})).expect_codes(&["code validation_required"]);
    // What somebody else sets up is theirs.
    app.as_user("bob").post("/api/account/totp/confirm", json!({"code": totp.code()})).expect_codes(&[]);
    ada.post("/api/account/totp/confirm", json!({"code": totp.code()})).expect(200);
    // A second one takes the place of the first, when it has shown a code, and the recovery codes stay.
    let setup = ada.post("/api/account/totp", json!({"password": PASSWORD})).expect(200);
    let mut other = Authenticator { secret: text(&setup["secret"]), last_step: 0 };
    let confirmed = ada.post("/api/account/totp/confirm", json!({"code": other.code()})).expect(200);
    assert_eq!(confirmed, json!({"recoveryCodes": []}));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    let old = totp.code_at(other.last_step);
    with_code(&app, "people", &mfa_id, &old).expect_codes(&["code validation_invalid_proof"]);
    with_code(&app, "people", &mfa_id, &other.code()).expect(200);
}

#[test]
fn superusers_may_help_others_who_have_lost_their_factors() {
    let app = TestApp::new();
    set_up(&app.as_user("ada"));
    let reset = |who: &Principal<'_>, collection: &str, name: &str| {
        let path = url("/api/account/factors", &[("collection", collection), ("record", name)]);
        who.call(Method::Delete, &path).send()
    };
    let root = app.as_superuser();
    reset(&app.guest(), "people", &id("ada")).expect(401);
    for who in ["ada", "bob", "max"] {
        reset(&app.as_user(who), "people", &id("ada")).expect(403);
    }
    let own = app.as_superuser().items("_superusers", &[]);
    reset(&root, "_superusers", &text(&own[0]["id"])).expect_codes(&[]);
    reset(&root, "staff", &id("ada")).expect(404);
    reset(&root, "tags", &id("red")).expect(404);
    reset(&root, "people", &id("bob")).expect(404);
    assert_eq!(reset(&root, "people", &id("ada")).status, 204);
    with_password(&app.guest(), "people", "ada").expect(200);
}

#[test]
fn a_new_password_and_the_end_of_an_account_end_what_waits() {
    let app = TestApp::new();
    let (mut totp, _) = set_up(&app.as_user("ada"));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    let body = json!({"password": "another horse", "passwordConfirm": "another horse"});
    app.as_superuser().update("people", &id("ada"), body);
    with_code(&app, "people", &mfa_id, &totp.code()).expect_codes(&[]);
    let path = "/api/collections/people/auth-with-password";
    let again = app.guest().post(path, json!({"identity": "ada", "password": "another horse"}));
    let (mfa_id, _) = demand(&again);
    assert_eq!(app.as_superuser().delete(&format!("/api/collections/people/records/{}", id("ada"))).status, 204);
    with_code(&app, "people", &mfa_id, &totp.code()).expect_codes(&[]);
}

#[test]
fn the_auth_rule_holds_in_the_second_step_too() {
    let app = TestApp::new();
    let (mut totp, _) = set_up(&app.as_user("ada"));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    app.as_superuser().update("people", &id("ada"), json!({"banned": true}));
    with_code(&app, "people", &mfa_id, &totp.code()).expect(403);
}

#[test]
fn a_collection_may_ask_for_two_of_its_methods() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let mfa = |rule: &str| json!({"mfa": {"enabled": true, "duration": 300, "rule": rule}, "otp": {"enabled": true}});
    root.patch(&collection("people"), mfa("role = 'manager'")).expect(200);
    // Only of those whom its rule names.
    with_password(&app.guest(), "people", "bob").expect(200);
    let answer = with_password(&app.guest(), "people", "max");
    let mfa_id = text(&answer.json()["mfaId"]);
    assert_eq!((answer.status, answer.json()), (401, json!({"mfaId": mfa_id})), "nothing but the id");
    assert_eq!(mfas(&app), [json!({"id": mfa_id, "recordRef": id("max"), "method": "password"})]);
    // The same method once more isn't another one, and the row stays for one that is.
    let path = url("/api/collections/people/auth-with-password", &[("mfaId", &mfa_id)]);
    app.guest().post(&path, json!({"identity": "max", "password": PASSWORD})).expect_codes(&[]);
    assert_eq!(mfas(&app).len(), 1);
    // Whoever isn't asked for a second step may send an id all the same.
    app.guest().post(&path, json!({"identity": "bob", "password": PASSWORD})).expect(200);
    // A row that names another method: what superusers may make, other ways to sign in make by themselves.
    let row = |who: &str| {
        let body = json!({"collectionRef": "c_people", "recordRef": id(who), "method": "otp"});
        text(&root.create("_mfas", body)["id"])
    };
    let (own, other) = (row("max"), row("ada"));
    let second = |mfa_id: &str| {
        app.guest().post(
            "/api/collections/people/auth-with-password",
            json!({"identity": "max", "password": PASSWORD, "mfaId": mfa_id}),
        )
    };
    second(&other).expect_codes(&[]);
    second("unknown00000000").expect_codes(&[]);
    second(&own).expect(200);
    second(&own).expect_codes(&[]);
}

#[test]
fn an_app_is_the_other_method_of_its_collection() {
    let app = TestApp::new();
    let options = json!({"mfa": {"enabled": true, "duration": 300, "rule": ""}, "otp": {"enabled": true}});
    app.as_superuser().patch(&collection("people"), options).expect(200);
    let (mut totp, _) = set_up(&app.as_user("ada"));
    let (mfa_id, factors) = demand(&with_password(&app.guest(), "people", "ada"));
    assert_eq!(factors, json!(["totp", "recoveryCode"]));
    with_code(&app, "people", &mfa_id, &totp.code()).expect(200);
    // But no other method is the account's app.
    let row = json!({"collectionRef": "c_people", "recordRef": id("ada"), "method": "otp"});
    let mfa_id = text(&app.as_superuser().create("_mfas", row)["id"]);
    let path = url("/api/collections/people/auth-with-password", &[("mfaId", &mfa_id)]);
    let answer = app.guest().post(&path, json!({"identity": "ada", "password": PASSWORD}));
    assert_eq!(demand(&answer), (mfa_id, json!(["totp", "recoveryCode"])));
}

#[test]
fn the_second_step_has_its_time() {
    let mut app = TestApp::new();
    let (mut totp, _) = set_up(&app.as_user("ada"));
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    // As if the first step had been made eleven minutes ago.
    app.while_stopped(|folder| {
        let store = Store::open(StoreOptions::new(folder), collections::load_schema).expect("the data folder opens");
        let past = Timestamp::now().plus_seconds(-660).to_string();
        let moved = store.write_blocking(move |tx| {
            tx.execute(&Statement::new("UPDATE _mfas SET created = ?", vec![past.as_str().into()]))
        });
        assert_eq!(moved.expect("the row can be changed"), 1);
        store.close();
    });
    with_code(&app, "people", &mfa_id, &totp.code()).expect_codes(&[]);
    let (live, _) = demand(&with_password(&app.guest(), "people", "ada"));
    app.wait(app.app().run_job("__pbMFACleanup__")).expect("the clean-up works");
    assert_eq!(mfas(&app), [json!({"id": live, "recordRef": id("ada"), "method": "password"})]);
    with_code(&app, "people", &live, &totp.code()).expect(200);
}

#[test]
fn superusers_can_be_made_to_have_a_second_factor() {
    let app = TestApp::configured(|config| config.superuser_second_factor = Requirement::Required, Vec::new());
    let guest = app.guest();
    let answer = with_password(&guest, "_superusers", ROOT);
    let (ticket, factors) = demand(&answer);
    assert_eq!((factors, &answer.json()["enroll"]), (json!([]), &json!(true)));
    // The id of the row alone doesn't open anything: more people can read it.
    let row = ticket.split('.').next().unwrap_or_default();
    for forged in [row.to_owned(), format!("{row}."), format!("{ticket}0"), format!("{row}.{}", "0".repeat(64))] {
        guest.post("/api/account/totp", json!({"mfaId": forged})).expect_codes(&[]);
    }
    let setup = guest.post("/api/account/totp", json!({"mfaId": ticket})).expect(200);
    let mut totp = Authenticator { secret: text(&setup["secret"]), last_step: 0 };
    let confirm = |code: &str| guest.post("/api/account/totp/confirm", json!({"mfaId": ticket, "code": code}));
    confirm(&totp.wrong()).expect_codes(&["code validation_invalid_proof"]);
    let body = confirm(&totp.code()).expect(200);
    assert_eq!(body["meta"]["recoveryCodes"].as_array().map(Vec::len), Some(10));
    app.with_token(&text(&body["token"])).get("/api/collections").expect(200);
    // What let them set up a factor is used up, also for those who have read it meanwhile.
    confirm(&totp.code()).expect_codes(&[]);
    guest.post("/api/account/totp", json!({"mfaId": ticket})).expect_codes(&[]);
    let (mfa_id, factors) = demand(&with_password(&guest, "_superusers", ROOT));
    assert_eq!(factors, json!(["totp", "recoveryCode"]));
    with_code(&app, "_superusers", &mfa_id, &totp.code()).expect(200);
    // Everybody else is asked for nothing.
    with_password(&guest, "people", "ada").expect(200);
    // The command line is the way out.
    app.wait(holdall::app::superusers::reset_factors(app.app(), ROOT)).expect("there is such a superuser");
    assert_eq!(with_password(&guest, "_superusers", ROOT).json()["enroll"], true);
}

#[test]
fn superusers_who_must_have_a_factor_keep_the_last_one() {
    let app = TestApp::configured(|config| config.superuser_second_factor = Requirement::Required, Vec::new());
    // Signed in since before the setting was changed.
    let root = app.as_superuser();
    let refresh = || root.post("/api/collections/_superusers/auth-refresh", json!({}));
    refresh().expect(401);
    app.as_user("ada").post("/api/collections/people/auth-refresh", json!({})).expect(200);
    let (_, codes) = set_up(&root);
    refresh().expect(200);
    let remove = |who: &Principal<'_>, proof: Json| who.call(Method::Delete, "/api/account/totp").json(&proof).send();
    remove(&root, json!({"recoveryCode": codes[0]})).expect_codes(&[]);
    remove(&root, json!({"password": PASSWORD})).expect_codes(&[]);
    let overview = root.get("/api/account/factors").expect(200);
    assert_eq!((&overview["totp"]["enabled"], &overview["recoveryCodes"]), (&json!(true), &json!(10)));
    let ada = app.as_user("ada");
    set_up(&ada);
    assert_eq!(remove(&ada, json!({"password": PASSWORD})).status, 204, "it is about superusers");
}

/// The password is a proof for changing factors, so a stolen session of theirs must not get to choose it.
#[test]
fn managers_with_factors_change_their_own_password_with_the_old_one() {
    let app = TestApp::new();
    let root_path = record("_superusers", &text(&app.as_superuser().items("_superusers", &[])[0]["id"]));
    let new = json!({"password": "another horse", "passwordConfirm": "another horse"});
    let with_old = |old: &str| {
        let mut body = new.clone();
        body["oldPassword"] = json!(old);
        body
    };
    let max_path = record("people", &id("max"));
    // The other is somebody whose password is theirs to set.
    for (who, path, other) in [(app.as_user("max"), &max_path, "bob"), (app.as_superuser(), &root_path, "max")] {
        let (_, codes) = set_up(&who);
        who.patch(path, new.clone()).expect_codes(&["oldPassword validation_required"]);
        who.patch(path, with_old("wrong")).expect_codes(&["oldPassword validation_invalid_old_password"]);
        // To become verified again would remove what was set up before.
        if path == &max_path {
            let verified = who.get(path).expect(200)["verified"] == true;
            who.patch(path, json!({"verified": !verified})).expect_codes(&["verified validation_values_mismatch"]);
        }
        who.patch(&record("people", &id(other)), new.clone()).expect(200);
        who.post("/api/account/recovery-codes", json!({"recoveryCode": codes[0]})).expect(200);
        who.patch(path, with_old(PASSWORD)).expect(200);
    }
    // Without factors nothing is asked of them.
    let app = TestApp::new();
    app.as_user("max").patch(&max_path, new).expect(200);
}

#[test]
fn nobody_writes_factors_through_the_records_interface() {
    let app = TestApp::new();
    let (totp, codes) = set_up(&app.as_user("ada"));
    for table in ["_totps", "_recoveryCodes", "_passkeys"] {
        app.as_superuser().list(table, &[]).expect(404);
    }
    let body =
        json!({"totp": {"enabled": false}, "required": false, "recoveryCodes": 0, "secret": "A", "passkeys": []});
    app.as_user("ada").update("people", &id("ada"), body);
    demand(&with_password(&app.guest(), "people", "ada"));
    let record = app.as_superuser().view("people", &id("ada")).to_string();
    assert!(!record.contains(&totp.secret) && codes.iter().all(|code| !record.contains(code)));
}

#[test]
fn no_key_of_a_program_sees_or_changes_factors() {
    let app = TestApp::new();
    let (mut totp, codes) = set_up(&app.as_user("ada"));
    let everything = json!({"*": ["list", "view", "create", "update", "delete"]});
    for (owner, scope) in [("ada", Json::Null), ("ada", everything.clone()), ("root", Json::Null), ("root", everything)]
    {
        let made = app.with_token(app.token_of(owner)).post("/api/keys", json!({"name": "key", "scope": scope}));
        let by_key = app.with_token(&text(&made.expect(200)["key"]));
        for (method, path) in [
            (Method::Get, "/api/account/factors"),
            (Method::Delete, "/api/account/factors?collection=people&record=ada000000000000"),
            (Method::Post, "/api/account/totp"),
            (Method::Post, "/api/account/totp/confirm"),
            (Method::Delete, "/api/account/totp"),
            (Method::Post, "/api/account/recovery-codes"),
            (Method::Post, "/api/account/passkeys/options"),
            (Method::Patch, "/api/account/passkeys/x"),
            (Method::Delete, "/api/account/passkeys/x"),
        ] {
            let call = by_key.call(method, path);
            // Not even with a proof: whoever has one can sign in.
            let body = json!({"password": PASSWORD, "code": "123456", "recoveryCode": codes[0]});
            let call = if method == Method::Get { call } else { call.json(&body) };
            call.send().expect(403);
        }
    }
    let (mfa_id, _) = demand(&with_password(&app.guest(), "people", "ada"));
    with_code(&app, "people", &mfa_id, &totp.code()).expect(200);
}

#[test]
fn what_was_set_up_before_the_address_was_confirmed_goes_when_it_is() {
    let app = TestApp::new();
    let root = app.as_superuser();
    // Somebody signs up with an address that isn't theirs, and leaves themselves a way back in.
    let body = json!({
        "id": id("mia"), "handle": "mia", "email": "mia@holdall.test",
        "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    app.guest().create("people", body);
    let token = text(&with_password(&app.guest(), "people", "mia").expect(200)["token"]);
    set_up(&app.with_token(&token));
    root.update("people", &id("mia"), json!({"handle": "mia2"}));
    demand(&with_password(&app.guest(), "people", "mia2"));
    root.update("people", &id("mia"), json!({"verified": true}));
    let fresh = text(&with_password(&app.guest(), "people", "mia2").expect(200)["token"]);
    assert_eq!(app.with_token(&fresh).get("/api/account/factors").expect(200)["recoveryCodes"], 0);
    app.with_token(&token).get("/api/account/factors").expect(401);
    // What is set up afterwards stays.
    set_up(&app.with_token(&fresh));
    root.update("people", &id("mia"), json!({"verified": false}));
    demand(&with_password(&app.guest(), "people", "mia2"));
}
