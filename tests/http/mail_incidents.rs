//! What has gone wrong with mails elsewhere: links to a place of the attacker's choice, headers smuggled in by names,
//! templates that run what a user wrote, hidden values in texts, answers that tell who has an account.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::PASSWORD;
use crate::harness::{TestApp, collection, id};

const ADA: &str = "ada@holdall.test";

/// The newest mail, with its text.
#[track_caller]
fn newest(app: &TestApp) -> Json {
    let page = app.as_superuser().get("/api/mails?perPage=1").expect(200);
    let id = page["items"][0]["id"].as_str().unwrap_or_else(|| panic!("there is no mail: {page}")).to_owned();
    app.as_superuser().get(&format!("/api/mails/{id}")).expect(200)
}

fn set_template(app: &TestApp, subject: &str, body: &str) {
    let template = json!({"resetPasswordTemplate": {"subject": subject, "body": body}});
    app.as_superuser().patch(&collection("people"), template).expect(200);
}

fn request_reset(app: &TestApp, email: &str) -> u16 {
    app.guest().post("/api/collections/people/request-password-reset", json!({"email": email})).status
}

#[test]
fn links_lead_to_the_configured_address_whatever_a_request_says() {
    let configure = |config: &mut holdall::settings::Config| {
        config.public_url = Some("https://app.example.com/base".to_owned());
    };
    let app = TestApp::configured(configure, Vec::new());
    let mut call = app.guest().call(Method::Post, "/api/collections/people/request-password-reset");
    for name in ["Host", "X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Original-Host", "Origin"] {
        call = call.header(name, "evil.example");
    }
    for name in ["Forwarded", "Referer", "X-Original-URL", "X-Rewrite-URL"] {
        call = call.header(name, "host=evil.example;proto=http");
    }
    call.json(&json!({"email": ADA})).send().expect(204);
    let mail = newest(&app).to_string();
    assert!(mail.contains("https://app.example.com/base/auth/people/reset?token="), "{mail}");
    assert!(!mail.contains("evil.example"), "{mail}");
}

#[test]
fn names_begin_no_headers_and_no_markup() {
    let app = TestApp::new();
    let handle = "ada\r\nBcc: eve@evil.example\n\n<script>alert(1)</script>\u{2028}";
    app.as_superuser().update("people", &id("ada"), json!({"handle": handle}));
    set_template(&app, "Hello {RECORD:handle}", "<p>{RECORD:handle} {TOKEN}</p>");
    assert_eq!(request_reset(&app, ADA), 204);
    let mail = newest(&app);
    assert_eq!(mail["subject"], "Hello ada  Bcc: eve@evil.example  <script>alert(1)</script>");
    let html = mail["html"].as_str().expect("a body");
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
}

#[test]
fn neither_values_nor_templates_are_run() {
    let app = TestApp::new();
    let code = "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}{TOKEN}{OTP}{RECORD:badge}";
    app.as_superuser().update("people", &id("ada"), json!({"handle": code}));
    set_template(&app, "{{ 7 * 7 }}", &format!("<p>[{{RECORD:handle}}]</p><p>{code}</p>"));
    assert_eq!(request_reset(&app, ADA), 204);
    let mail = newest(&app);
    assert_eq!(mail["subject"], "{{ 7 * 7 }}");
    let html = mail["html"].as_str().expect("a body");
    assert!(html.contains(&format!("[{code}]")), "a value is put in as it is: {html}");
    assert!(
        html.contains("<p>{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}ey"),
        "of a template, only its own: {html}"
    );
}

#[test]
fn hidden_values_are_in_no_mail() {
    let app = TestApp::new();
    let names = ["badge", "banned", "password", "tokenKey", "missing"];
    let body: String = names.iter().map(|name| format!("<p>{name}={{RECORD:{name}}}</p>")).collect();
    set_template(&app, "{RECORD:badge}", &body);
    assert_eq!(request_reset(&app, ADA), 204);
    let mail = newest(&app);
    for name in names {
        let html = mail["html"].as_str().expect("a body");
        assert!(html.contains(&format!("{name}={{RECORD:{name}}}")), "{html}");
    }
    assert!(!mail.to_string().contains("badge of ada") && !mail.to_string().contains("$2a$"), "{mail}");
}

#[test]
fn answers_do_not_tell_who_has_an_account() {
    let app = TestApp::new();
    let options = json!({"otp": {"enabled": true, "duration": 300, "length": 6}});
    app.as_superuser().patch(&collection("people"), options).expect(200);
    for action in ["request-verification", "request-password-reset", "request-otp"] {
        let answers = [ADA, "bob@holdall.test", "nobody@holdall.test"].map(|email| {
            let answer = app.guest().post(&format!("/api/collections/people/{action}"), json!({"email": email}));
            let names: Vec<String> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
            (answer.status, answer.body.len(), names)
        });
        assert_eq!(answers[0], answers[1], "{action}");
        assert_eq!(answers[0], answers[2], "{action}");
    }
}

#[test]
fn links_of_one_kind_open_nothing_else() {
    let app = TestApp::new();
    assert_eq!(request_reset(&app, ADA), 204);
    let mail = newest(&app);
    let text = mail["text"].as_str().expect("a text");
    let token = text.split_once("?token=").and_then(|(_, rest)| rest.split_whitespace().next()).expect("a link");
    let with_link = app.with_token(token);
    with_link.post("/api/collections/people/auth-refresh", json!({})).expect(401);
    with_link.get("/api/mails").expect(401);
    for (action, code) in [
        ("confirm-verification", "token validation_invalid_token"),
        ("confirm-email-change", "token validation_invalid_token_payload"),
    ] {
        let form = json!({"token": token, "password": PASSWORD});
        let answer = app.guest().post(&format!("/api/collections/people/{action}"), form).expect(400);
        let (name, code) = code.split_once(' ').expect("name and code");
        assert_eq!(answer["data"][name]["code"], code, "{action}");
    }
}
