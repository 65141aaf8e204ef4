//! Guessing passwords gets slower, whatever the client changes about its requests.

use holdall::settings::Config;
use rocket::http::Method;
use serde_json::json;

use crate::fixture::PASSWORD;
use crate::harness::{Answer, Call, TestApp, id, record, text};

const FREE: usize = 3;

fn app(configure: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::configured(configure, Vec::new())
}

fn sign_in<'a>(app: &'a TestApp, identity: &str, password: &str) -> Call<'a> {
    let body = json!({"identity": identity, "password": password});
    app.guest().call(Method::Post, "/api/collections/people/auth-with-password").json(&body)
}

/// Fails as often as is free.
fn use_up(app: &TestApp, identity: &str) {
    for _ in 0..FREE {
        sign_in(app, identity, "wrong").send().expect(400);
    }
}

#[track_caller]
fn expect_wait(answer: &Answer) {
    let body = answer.expect(429);
    assert_eq!(body["data"], json!({}));
    let seconds = answer.header("Retry-After").expect("it says how long to wait");
    assert!(seconds.parse::<u64>().is_ok_and(|seconds| (1..=300).contains(&seconds)), "{seconds}");
}

#[test]
fn too_many_failures_for_an_account_make_it_wait_even_with_the_right_password() {
    let app = app(|config| config.login_failures_per_account = FREE as u32);
    use_up(&app, "ada@holdall.test");
    expect_wait(&sign_in(&app, "ada@holdall.test", "wrong").send());
    expect_wait(&sign_in(&app, "ada@holdall.test", PASSWORD).send());
    sign_in(&app, "bob@holdall.test", PASSWORD).send().expect(200);
}

#[test]
fn unknown_accounts_wait_as_known_ones_do() {
    let app = app(|config| config.login_failures_per_account = FREE as u32);
    for identity in ["ada@holdall.test", "nobody@holdall.test", "ada", "nobody"] {
        use_up(&app, identity);
        let answer = sign_in(&app, identity, "wrong").send();
        expect_wait(&answer);
        // Written differently it is the same, whether there is such an account or not.
        expect_wait(&sign_in(&app, &identity.to_uppercase(), "wrong").send());
        expect_wait(&sign_in(&app, &format!(" {identity} "), "wrong").send());
    }
}

#[test]
fn nothing_that_the_client_chooses_gives_it_a_new_count() {
    let app = app(|config| config.login_failures_per_account = FREE as u32);
    use_up(&app, "ada@holdall.test");
    for (name, value) in [
        ("X-Forwarded-For", "198.51.100.1"),
        ("X-Real-IP", "198.51.100.1"),
        ("CF-Connecting-IP", "198.51.100.1"),
        ("Forwarded", "for=198.51.100.1"),
        ("Cookie", "holdall_session=another"),
        ("User-Agent", "another"),
        ("Authorization", app.token_of("bob")),
    ] {
        expect_wait(
            &sign_in(&app, "ada@holdall.test", PASSWORD)
                .header("Sec-Fetch-Site", "same-origin")
                .header(name, value)
                .send(),
        );
    }
    expect_wait(&sign_in(&app, "ada@holdall.test", PASSWORD).from("198.51.100.1").send());
    let named = json!({"identity": "ada@holdall.test", "password": PASSWORD, "identityField": "email"});
    expect_wait(&app.guest().post("/api/collections/c_people/auth-with-password", named));
}

#[test]
fn success_clears_the_count_of_the_account() {
    let app = app(|config| config.login_failures_per_account = FREE as u32);
    for _ in 0..3 {
        for _ in 1..FREE {
            sign_in(&app, "ada@holdall.test", "wrong").send().expect(400);
        }
        let body = sign_in(&app, "ada@holdall.test", PASSWORD).send().expect(200);
        assert!(!text(&body["token"]).is_empty());
    }
}

#[test]
fn an_address_that_tries_many_accounts_waits() {
    let app = app(|config| config.login_failures_per_address = FREE as u32);
    for (attacker, same, other) in [
        ("203.0.113.7", "::ffff:203.0.113.7", "203.0.113.8"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
    ] {
        for at in 0..FREE {
            sign_in(&app, &format!("{attacker}{at}"), "wrong").from(attacker).send().expect(400);
        }
        for from in [attacker, same] {
            let call = sign_in(&app, "ada@holdall.test", PASSWORD).from(from);
            expect_wait(&call.clone().send());
            expect_wait(&call.header("X-Forwarded-For", other).send());
        }
        sign_in(&app, "ada@holdall.test", PASSWORD).from(other).send().expect(200);
    }
}

#[test]
fn many_attempts_at_once_do_not_outrun_the_count() {
    let app = app(|config| config.login_failures_per_account = FREE as u32);
    let answers = app.at_once((0..20).map(|_| sign_in(&app, "ada@holdall.test", "wrong")));
    let tried = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!(tried, FREE, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[test]
fn right_passwords_at_the_same_moment_do_not_keep_each_other_out() {
    let app = app(|config| config.login_failures_per_account = FREE as u32);
    let answers = app.at_once((0..40).map(|_| sign_in(&app, "ada@holdall.test", PASSWORD)));
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

#[test]
fn the_old_password_cant_be_guessed_for_ever() {
    let app = app(|config| config.login_failures_per_account = FREE as u32);
    let change = |handle: &str, old: &str| {
        let body = json!({"oldPassword": old, "password": "another one", "passwordConfirm": "another one"});
        app.as_user(handle).patch(&record("people", &id(handle)), body)
    };
    let fail = || change("ada", "wrong").expect_codes(&["oldPassword validation_invalid_old_password"]);
    (0..FREE).for_each(|_| fail());
    expect_wait(&change("ada", "wrong"));
    expect_wait(&change("ada", PASSWORD));
    // Signing in is counted apart, and gives no new attempts.
    sign_in(&app, "ada@holdall.test", PASSWORD).send().expect(200);
    expect_wait(&change("ada", PASSWORD));
    change("bob", PASSWORD).expect(200);
    // What needs no old password doesn't wait.
    app.as_user("ada").patch(&record("people", &id("ada")), json!({"badge": "x"})).expect(200);
}
