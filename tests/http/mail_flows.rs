//! What accounts do by mail: verification, new passwords, new addresses, one-time codes, word of new places.
//!
//! There is no mail server here; mails are read in the outbox, as a superuser would. How they travel is tested with a
//! real conversation in `tests/sdk`.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::{PASSWORD, auth_fields};
use crate::harness::{Answer, Principal, TestApp, collection, id};

const ADA: &str = "ada@holdall.test";
const LINK: &str = "http://127.0.0.1:8090/auth/people/";

/// The mails in the outbox, the newest first.
#[track_caller]
fn mails(app: &TestApp) -> Vec<Json> {
    app.as_superuser().get("/api/mails").expect(200)["items"].as_array().expect("a list has items").clone()
}

/// The only mail of its kind, with its text.
#[track_caller]
fn the_mail(app: &TestApp, kind: &str) -> Json {
    let mails = mails(app);
    let found: Vec<&Json> = mails.iter().filter(|mail| mail["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "mails of kind {kind}: {mails:?}");
    let id = found[0]["id"].as_str().expect("an id");
    app.as_superuser().get(&format!("/api/mails/{id}")).expect(200)
}

/// The token of the link in a mail.
#[track_caller]
fn token_in(mail: &Json) -> String {
    let text = mail["text"].as_str().expect("a text");
    let (_, token) = text.split_once("?token=").unwrap_or_else(|| panic!("no link in {text}"));
    token.split_whitespace().next().expect("a token").to_owned()
}

fn call(who: &Principal<'_>, target: &str, action: &str, body: Json) -> Answer {
    who.post(&format!("{}/{action}", collection(target)), body)
}

fn people(app: &TestApp, action: &str, body: Json) -> Answer {
    call(&app.guest(), "people", action, body)
}

fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    people(app, "auth-with-password", json!({"identity": email, "password": password}))
}

fn is_verified(app: &TestApp, handle: &str) -> bool {
    app.as_superuser().view("people", &id(handle))["verified"] == true
}

fn unverify(app: &TestApp, handle: &str) {
    app.as_superuser().update("people", &id(handle), json!({"verified": false}));
}

#[test]
fn a_link_verifies_an_address_once() {
    let app = TestApp::new();
    unverify(&app, "ada");
    for _ in 0..3 {
        people(&app, "request-verification", json!({"email": ADA})).expect(204);
    }
    let mail = the_mail(&app, "verification");
    assert_eq!(mail["to"], ADA);
    assert_eq!(mail["subject"], "Confirm your e-mail address for Holdall");
    assert!(mail["html"].as_str().is_some_and(|html| html.contains(&format!("{LINK}verify?token="))), "{mail}");
    let token = token_in(&mail);
    call(&app.guest(), "staff", "confirm-verification", json!({"token": token}))
        .expect_codes(&["token validation_token_collection_mismatch"]);
    people(
        &app,
        "confirm-password-reset",
        json!({"token": token, "password": "new password", "passwordConfirm": "new password"}),
    )
    .expect_codes(&["token validation_invalid_token"]);
    assert!(!is_verified(&app, "ada"));
    people(&app, "confirm-verification", json!({"token": token})).expect(204);
    assert!(is_verified(&app, "ada"));
    people(&app, "confirm-verification", json!({"token": token})).expect(204);
    people(&app, "request-verification", json!({"email": ADA})).expect(204);
    assert_eq!(mails(&app).len(), 1, "nothing is sent to who is verified");
}

#[test]
fn a_link_is_for_the_address_that_it_was_sent_to() {
    let app = TestApp::new();
    unverify(&app, "ada");
    people(&app, "request-verification", json!({"email": ADA})).expect(204);
    let token = token_in(&the_mail(&app, "verification"));
    app.as_superuser().update("people", &id("ada"), json!({"email": "other@holdall.test"}));
    // The new address has ended the token; with the old token key it would be another address still.
    people(&app, "confirm-verification", json!({"token": token})).expect_codes(&["token validation_invalid_token"]);
    assert!(!is_verified(&app, "ada"));
}

#[test]
fn verification_takes_away_what_was_linked_before() {
    let app = TestApp::new();
    let root = app.as_superuser();
    unverify(&app, "ada");
    let token = app.token_of("ada").to_owned();
    let link = json!({"collectionRef": "c_people", "recordRef": id("ada"), "provider": "github", "providerId": "1"});
    people(&app, "request-verification", json!({"email": ADA})).expect(204);
    root.create("_externalAuths", link);
    let mailed = token_in(&the_mail(&app, "verification"));
    people(&app, "confirm-verification", json!({"token": mailed})).expect(204);
    assert_eq!(root.items("_externalAuths", &[]).len(), 0);
    call(&app.with_token(&token), "people", "auth-refresh", json!({})).expect(401);
}

#[test]
fn a_link_sets_a_new_password_and_ends_everything_else() {
    let app = TestApp::new();
    unverify(&app, "ada");
    people(&app, "request-password-reset", json!({"email": ADA})).expect(204);
    people(&app, "request-password-reset", json!({"email": ADA})).expect(204);
    let mail = the_mail(&app, "passwordReset");
    assert!(mail["text"].as_str().is_some_and(|text| text.contains(&format!("{LINK}reset?token="))), "{mail}");
    let token = token_in(&mail);
    let form = |password: &str| json!({"token": token, "password": password, "passwordConfirm": password});
    people(&app, "confirm-password-reset", form("short")).expect_codes(&["password validation_length_out_of_range"]);
    people(&app, "confirm-password-reset", form(&"ä".repeat(40))).expect_codes(&["password validation_invalid_value"]);
    sign_in(&app, ADA, PASSWORD).expect(200);
    people(&app, "confirm-password-reset", form("another horse")).expect(204);
    sign_in(&app, ADA, PASSWORD).expect(400);
    sign_in(&app, ADA, "another horse").expect(200);
    call(&app.as_user("ada"), "people", "auth-refresh", json!({})).expect(401);
    assert!(is_verified(&app, "ada"), "whoever got the mail has the address");
    people(&app, "confirm-password-reset", form("a third horse")).expect_codes(&["token validation_invalid_token"]);
}

#[test]
fn superusers_get_their_passwords_back_too() {
    let app = TestApp::new();
    call(&app.guest(), "_superusers", "request-password-reset", json!({"email": crate::fixture::ROOT})).expect(204);
    let mail = the_mail(&app, "passwordReset");
    let form = json!({"token": token_in(&mail), "password": "another horse", "passwordConfirm": "another horse"});
    call(&app.guest(), "_superusers", "confirm-password-reset", form).expect(204);
    app.as_superuser().get("/api/mails").expect(401);
}

#[test]
fn a_link_to_the_new_address_changes_it() {
    let app = TestApp::new();
    let ada = app.as_user("ada");
    call(&ada, "people", "request-email-change", json!({"newEmail": "new@holdall.test"})).expect(204);
    let mail = the_mail(&app, "emailChange");
    assert_eq!(mail["to"], "new@holdall.test");
    assert!(mail["text"].as_str().is_some_and(|text| text.contains(&format!("{LINK}change-email?token="))), "{mail}");
    let token = token_in(&mail);
    people(&app, "confirm-email-change", json!({"token": token, "password": "wrong"}))
        .expect_codes(&["password validation_invalid_password"]);
    people(&app, "confirm-email-change", json!({"token": token, "password": PASSWORD})).expect(204);
    assert_eq!(app.as_superuser().view("people", &id("ada"))["email"], "new@holdall.test");
    call(&ada, "people", "auth-refresh", json!({})).expect(401);
    people(&app, "confirm-email-change", json!({"token": token, "password": PASSWORD}))
        .expect_codes(&["password validation_invalid_password", "token validation_invalid_token"]);
}

#[test]
fn an_address_that_was_taken_meanwhile_is_not_given() {
    let app = TestApp::new();
    call(&app.as_user("ada"), "people", "request-email-change", json!({"newEmail": "new@holdall.test"})).expect(204);
    let token = token_in(&the_mail(&app, "emailChange"));
    app.as_superuser().update("people", &id("bob"), json!({"email": "new@holdall.test"}));
    people(&app, "confirm-email-change", json!({"token": token, "password": PASSWORD}))
        .expect_codes(&["password validation_invalid_password", "token validation_invalid_token_email"]);
}

/// A collection whose people sign in with codes, with one of them.
fn coded(app: &TestApp, more: Json) -> String {
    let mut definition = json!({
        "id": "c_coded", "name": "coded", "type": "auth", "fields": auth_fields(json!([])), "createRule": "",
        "otp": {"enabled": true, "duration": 300, "length": 6},
    });
    for (key, value) in more.as_object().expect("options") {
        definition[key] = value.clone();
    }
    app.as_superuser().post("/api/collections", definition).expect(200);
    let body = json!({"email": "cyd@holdall.test", "password": PASSWORD, "passwordConfirm": PASSWORD});
    app.as_superuser().create("coded", body)["id"].as_str().expect("an id").to_owned()
}

fn request_code(app: &TestApp, email: &str) -> String {
    let answer = call(&app.guest(), "coded", "request-otp", json!({"email": email})).expect(200);
    answer["otpId"].as_str().expect("an id").to_owned()
}

fn enter_code(app: &TestApp, otp_id: &str, code: &str) -> Answer {
    call(&app.guest(), "coded", "auth-with-otp", json!({"otpId": otp_id, "password": code}))
}

fn code_in(mail: &Json) -> String {
    let text = mail["text"].as_str().expect("a text");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits.len(), 6, "{text}");
    digits
}

#[test]
fn a_code_signs_in_once_and_verifies() {
    let app = TestApp::new();
    let cyd = coded(&app, json!({}));
    let otp_id = request_code(&app, "cyd@holdall.test");
    let code = code_in(&the_mail(&app, "otp"));
    let stored = || app.as_superuser().view("_otps", &otp_id);
    app.wait_until("the note of where the code went", || stored()["sentTo"] == "cyd@holdall.test");
    assert_eq!(stored()["password"], "", "not even the hash is shown");
    assert_eq!(the_mail(&app, "otp")["state"], "kept");
    enter_code(&app, &otp_id, "000000").expect(400);
    let entered = enter_code(&app, &otp_id, &code).expect(200);
    assert_eq!(entered["record"]["id"], cyd.as_str());
    assert_eq!(entered["record"]["verified"], true);
    call(&app.with_token(entered["token"].as_str().expect("a token")), "coded", "auth-refresh", json!({})).expect(200);
    enter_code(&app, &otp_id, &code).expect(400);
    // The password may be of somebody who had signed up with another's address.
    let old = json!({"identity": "cyd@holdall.test", "password": PASSWORD});
    call(&app.guest(), "coded", "auth-with-password", old).expect(400);
}

#[test]
fn guesses_are_few_and_tell_nothing() {
    let app = TestApp::new();
    coded(&app, json!({}));
    // Somebody and nobody get the same answers all the way.
    for email in ["cyd@holdall.test", "nobody@holdall.test"] {
        let (one, two) = (request_code(&app, email), request_code(&app, email));
        assert_eq!((one.len(), two.len()), (15, 15));
        let statuses: Vec<u16> =
            [&one, &two, &one, &two, &one, &two].map(|id| enter_code(&app, id, "none").status).into();
        assert_eq!(statuses, [400, 400, 400, 400, 400, 429], "{email}");
    }
    enter_code(&app, "missingmissing1", "none").expect(400);
    assert_eq!(mails(&app).len(), 2, "nobody gets no mail");
}

#[test]
fn who_has_ten_codes_gets_no_more() {
    let app = TestApp::new();
    coded(&app, json!({}));
    for email in ["cyd@holdall.test", "nobody@holdall.test"] {
        let ids: Vec<String> = (0..12).map(|_| request_code(&app, email)).collect();
        let different: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), 10, "{email}");
        assert_eq!(ids[9..], [ids[9].as_str(); 3], "{email}");
    }
    assert_eq!(mails(&app).len(), 10);
    assert_eq!(app.as_superuser().items("_otps", &[]).len(), 10, "nothing is stored for nobody");
}

#[test]
fn requests_for_mail_are_bounded_whether_or_not_anybody_gets_it() {
    let app = TestApp::configured(|config| config.login_failures_per_account = 3, Vec::new());
    for email in [ADA, "nobody@holdall.test"] {
        for action in ["request-verification", "request-password-reset"] {
            let statuses: Vec<u16> = (0..4).map(|_| people(&app, action, json!({"email": email})).status).collect();
            let expect: &[u16] = if action == "request-verification" { &[204, 204, 204, 429] } else { &[429; 4] };
            assert_eq!(statuses, expect, "{action} {email}");
        }
    }
}

#[test]
fn accounts_with_the_same_id_in_two_collections_get_their_own_mail() {
    let app = TestApp::new();
    let root = app.as_superuser();
    let account = |email: &str| {
        json!({
            "id": id("twin"), "handle": "twin", "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD,
        })
    };
    root.create("people", account("first@holdall.test"));
    call(&app.guest(), "people", "request-password-reset", json!({"email": "first@holdall.test"})).expect(204);
    // An id is taken in all collections of accounts only as long as one of them has it.
    root.delete(&format!("{}/records/{}", collection("people"), id("twin"))).expect(204);
    root.create("staff", account("second@holdall.test"));
    // Twice: the second request comes too soon for another mail.
    for _ in 0..2 {
        call(&app.guest(), "staff", "request-password-reset", json!({"email": "second@holdall.test"})).expect(204);
    }
    let mails = mails(&app);
    let to: Vec<Option<&str>> = mails.iter().map(|mail| mail["to"].as_str()).collect();
    assert_eq!(to, [Some("second@holdall.test"), Some("first@holdall.test")]);
}

#[test]
fn word_is_sent_of_a_new_place_but_not_of_the_first() {
    let app = TestApp::new();
    let from = |agent: &str| {
        let form = json!({"identity": ADA, "password": PASSWORD});
        let path = "/api/collections/people/auth-with-password";
        app.guest().call(Method::Post, path).header("User-Agent", agent).json(&form).send().expect(200);
    };
    // The fixture's own sign-in was the first.
    from("Tester <script>");
    app.wait_until("the mail about a new place", || !mails(&app).is_empty());
    let mail = the_mail(&app, "loginAlert");
    assert_eq!(mail["to"], ADA);
    let html = mail["html"].as_str().expect("a body");
    assert!(html.contains("Tester &lt;script&gt;") && !html.contains("<script>"), "{html}");
    from("Tester <script>");
    let places = || app.as_superuser().find("_authOrigins", &format!("recordRef = '{}'", id("ada")), "fingerprint");
    assert_eq!(places().len(), 2);
    for agent in ["a", "b", "c", "d", "e"] {
        from(agent);
    }
    assert_eq!(places().len(), 5, "no more than five places are known");
    app.wait_until("the mails about new places", || mails(&app).len() == 6);
    app.as_superuser().patch(&collection("people"), json!({"authAlert": {"enabled": false}})).expect(200);
    from("f");
    assert_eq!(places().len(), 5);
    assert_eq!(mails(&app).len(), 6);
}

#[test]
fn only_superusers_see_the_outbox() {
    let app = TestApp::new();
    people(&app, "request-password-reset", json!({"email": ADA})).expect(204);
    people(&app, "request-password-reset", json!({"email": "bob@holdall.test"})).expect(204);
    let page = app.as_superuser().get("/api/mails?page=2&perPage=1").expect(200);
    assert_eq!((&page["page"], &page["perPage"], &page["totalItems"]), (&json!(2), &json!(1), &json!(2)));
    let mail = &page["items"][0];
    assert_eq!(mail["to"], ADA, "the newest come first: {page}");
    assert!(mail.get("text").is_none() && mail.get("html").is_none(), "a list has no texts: {mail}");
    let path = format!("/api/mails/{}", mail["id"].as_str().expect("an id"));
    for (who, status) in [(app.guest(), 401), (app.as_user("ada"), 403), (app.as_superuser(), 200)] {
        who.get("/api/mails").expect(status);
        who.get(&path).expect(status);
    }
    app.as_superuser().get("/api/mails/missing").expect(404);
    app.as_superuser().get("/api/mails?page=9223372036854775807&perPage=1000").expect(200);
}

#[test]
fn mail_waits_in_the_outbox_over_a_restart() {
    let mut app = TestApp::new();
    people(&app, "request-password-reset", json!({"email": ADA})).expect(204);
    app.while_stopped(|_| ());
    let mail = the_mail(&app, "passwordReset");
    app.wait_until("the end of its way", || mails(&app)[0]["state"] == "kept");
    let form = json!({"token": token_in(&mail), "password": "another horse", "passwordConfirm": "another horse"});
    people(&app, "confirm-password-reset", form).expect(204);
}

#[test]
fn a_mail_that_stayed_here_is_sent_again_once_there_is_a_server() {
    let mut app = TestApp::new();
    people(&app, "request-password-reset", json!({"email": ADA})).expect(204);
    app.wait_until("the mail to be kept", || mails(&app)[0]["state"] == "kept");
    let retry = |app: &TestApp, id: &str| app.as_superuser().post(&format!("/api/mails/{id}/retry"), json!({}));
    let id = mails(&app)[0]["id"].as_str().expect("an id").to_owned();
    retry(&app, &id).expect(400);
    retry(&app, "missing").expect(404);
    app.as_user("ada").post(&format!("/api/mails/{id}/retry"), json!({})).expect(403);
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    server.set_nonblocking(true).expect("it is a socket");
    let port = server.local_addr().expect("an address").port();
    app.restart(|config| {
        config.smtp_host = "127.0.0.1".to_owned();
        config.smtp_port = port;
    });
    assert_eq!(retry(&app, &id).status, 204);
    // The mail server is called; what it says there is tested with the mails themselves.
    let mut connection = None;
    app.wait_until("a connection", || {
        connection = server.accept().ok();
        connection.is_some()
    });
    assert_eq!(mails(&app)[0]["state"], "queued");
    retry(&app, &id).expect(400);
    // Once it is known that it couldn't be sent, nobody has to wait for the next attempt.
    drop(connection);
    app.wait_until("the reason", || mails(&app)[0]["error"] != "");
    assert_eq!(retry(&app, &id).status, 204);
    app.stop();
}
