//! Nobody learns by the clock whether an account exists: whatever is asked about it costs the same.
//!
//! What is counted is work, in rounds of bcrypt, because times can't be asserted. `benches/login_timing.mjs` measures.

use serde_json::{Value as Json, json};

use crate::fixture::{PASSWORD, ROOT};
use crate::harness::{Answer, TestApp, id};

/// The work of a request, and its answer.
fn work(app: &TestApp, path: &str, body: &Json) -> (u64, Answer) {
    let before = app.app().password_work_rounds();
    let answer = app.guest().post(path, body.clone());
    (app.app().password_work_rounds() - before, answer)
}

#[test]
fn wrong_passwords_and_unknown_identities_cost_the_same() {
    let app = TestApp::new();
    app.as_superuser().update("people", &id("eve"), json!({"banned": true}));
    // The fixture's people have the lowest cost, its superusers the default one.
    for (collection, rounds, known, unknown) in [
        ("people", 1 << 4, vec!["ada@holdall.test", "ada", "eve@holdall.test"], vec!["y@holdall.test", "y", "@"]),
        ("_superusers", 1 << 10, vec![ROOT], vec!["x@holdall.test"]),
    ] {
        let path = format!("/api/collections/{collection}/auth-with-password");
        let mut answers = Vec::new();
        for identity in known.iter().chain(&unknown) {
            for password in ["wrong", " ", &"x".repeat(100)] {
                let (cost, answer) = work(&app, &path, &json!({"identity": identity, "password": password}));
                assert_eq!(cost, rounds, "{identity} {password}");
                answer.expect(400);
                answers.push((answer.body, answer.headers));
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "the answers are the same, too");
    }
}

#[test]
fn a_named_field_costs_the_same_whatever_is_in_it() {
    let app = TestApp::new();
    for (identity, field) in [("ada", "handle"), ("nobody", "handle"), ("ada", "email"), ("ada@holdall.test", "handle")]
    {
        let body = json!({"identity": identity, "identityField": field, "password": "wrong"});
        let (cost, answer) = work(&app, "/api/collections/people/auth-with-password", &body);
        answer.expect(400);
        assert_eq!(cost, 1 << 4, "{identity} {field}");
    }
}

#[test]
fn a_right_password_costs_what_a_wrong_one_does() {
    let app = TestApp::new();
    for (password, status) in [(PASSWORD, 200), ("wrong", 400)] {
        let body = json!({"identity": "ada", "password": password});
        let (cost, answer) = work(&app, "/api/collections/people/auth-with-password", &body);
        answer.expect(status);
        assert_eq!(cost, 1 << 4);
    }
}

#[test]
fn whoever_has_to_wait_costs_nothing() {
    let app = TestApp::configured(|config| config.login_failures_per_account = 1, Vec::new());
    for identity in ["ada", "nobody"] {
        let body = json!({"identity": identity, "password": "wrong"});
        let path = "/api/collections/people/auth-with-password";
        work(&app, path, &body).1.expect(400);
        let (cost, answer) = work(&app, path, &body);
        answer.expect(429);
        assert_eq!(cost, 0);
    }
}

#[test]
fn asking_for_mail_costs_the_same_whether_or_not_anybody_gets_it() {
    let app = TestApp::new();
    let otp = json!({"otp": {"enabled": true, "duration": 300, "length": 8}});
    app.as_superuser().patch("/api/collections/people", otp).expect(200);
    for (action, rounds) in [("request-password-reset", 0), ("request-verification", 0), ("request-otp", 1 << 8)] {
        let path = format!("/api/collections/people/{action}");
        let mut answers = Vec::new();
        for email in ["ada@holdall.test", "nobody@holdall.test", "eve@holdall.test", "ADA@holdall.test"] {
            let (cost, answer) = work(&app, &path, &json!({"email": email}));
            assert_eq!(cost, rounds, "{action} {email}");
            answers.push((answer.status, answer.body.len(), answer.headers));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{action}: the answers look the same, too");
    }
}

#[test]
fn wrong_codes_cost_the_same_whether_or_not_there_is_one() {
    let app = TestApp::new();
    let otp = json!({"otp": {"enabled": true, "duration": 300, "length": 8}});
    app.as_superuser().patch("/api/collections/people", otp).expect(200);
    let ask =
        |email: &str| app.guest().post("/api/collections/people/request-otp", json!({"email": email})).expect(200);
    let (known, unknown) = (ask("ada@holdall.test"), ask("nobody@holdall.test"));
    for otp in [known["otpId"].clone(), unknown["otpId"].clone(), json!("neverseenbefore")] {
        let body = json!({"otpId": otp, "password": "no code"});
        let (cost, answer) = work(&app, "/api/collections/people/auth-with-otp", &body);
        answer.expect(400);
        assert_eq!(cost, 1 << 8, "{otp}");
    }
}
