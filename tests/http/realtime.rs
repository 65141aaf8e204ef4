//! Streams: how they begin, who may say what they carry, and when a stream stops being somebody's.

use holdall::settings::Config;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::PASSWORD;
use crate::harness::{Answer, Principal, Stream, TestApp, id, text};

/// An open stream and the id of its client.
fn connect(app: &TestApp) -> (Stream<'_>, String) {
    let mut stream = app.guest().call(Method::Get, "/api/realtime").open();
    let greeting = stream.event().expect("a stream begins with an event");
    let client = greeting.strip_prefix("id:").and_then(|rest| rest.split('\n').next()).expect("an id").to_owned();
    (stream, client)
}

fn subscribe(who: &Principal<'_>, client: &str, topics: Json) -> Answer {
    who.post("/api/realtime", json!({"clientId": client, "subscriptions": topics}))
}

/// Whether a stream is somebody's: a guest may not subscribe for it then.
fn is_somebodys(app: &TestApp, client: &str) -> bool {
    match subscribe(&app.guest(), client, json!(["x"])).status {
        403 => true,
        204 => false,
        other => panic!("subscribing answers {other}"),
    }
}

#[test]
fn a_stream_tells_its_id_and_is_not_kept_back_or_stored() {
    let app = TestApp::new();
    let mut stream = app.guest().call(Method::Get, "/api/realtime").open();
    assert_eq!(stream.status(), 200);
    for (name, value) in
        [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
    {
        assert_eq!(stream.header(name).as_deref(), Some(value));
    }
    let greeting = stream.event().expect("an event");
    let client = greeting.strip_prefix("id:").and_then(|rest| rest.get(..40)).expect("40 characters");
    assert_eq!(greeting, format!("id:{client}\nevent:PB_CONNECT\ndata:{{\"clientId\":\"{client}\"}}"));
    assert_eq!(app.app().realtime_clients(), 1);
    drop(stream);
    assert_eq!(app.app().realtime_clients(), 0, "who has gone isn't kept");
}

#[test]
fn what_a_subscription_may_look_like() {
    let app = TestApp::new();
    let (_stream, client) = connect(&app);
    let guest = app.guest();
    let long = "x".repeat(2501);
    for (body, codes) in [
        (json!({}), &["clientId validation_required"][..]),
        (json!({"clientId": "", "subscriptions": ["a"]}), &["clientId validation_required"]),
        (json!({"clientId": client, "subscriptions": vec!["a"; 1001]}), &["subscriptions validation_length_too_long"]),
        (json!({"clientId": client, "subscriptions": ["a", long]}), &["subscriptions.1 validation_length_too_long"]),
        (
            json!({"subscriptions": [long]}),
            &["clientId validation_required", "subscriptions.0 validation_length_too_long"],
        ),
        (json!({"clientId": client, "subscriptions": [1]}), &[]),
        (json!({"clientId": client, "subscriptions": {"a": 1}}), &[]),
        (json!({"clientId": 1}), &[]),
    ] {
        guest.post("/api/realtime", body).expect_codes(codes);
    }
    subscribe(&guest, "nobody", json!([])).expect(404);
    for topics in [json!(vec!["x".repeat(2500); 1000]), json!(["", "a"]), json!([]), Json::Null] {
        subscribe(&guest, &client, topics).expect(204);
    }
    guest.post("/api/realtime", json!({"clientId": client})).expect(204);
    guest.post("/api/realtime", json!({"CLIENTID": client})).expect(204);
}

#[test]
fn a_stream_listens_from_the_address_that_opened_it() {
    let app = TestApp::new();
    let mut stream = app.guest().call(Method::Get, "/api/realtime").from("203.0.113.7").open();
    let greeting = stream.event().expect("an event");
    let client = greeting[3..43].to_owned();
    let body = json!({"clientId": client, "subscriptions": ["@oauth2"]});
    let call = || app.guest().call(Method::Post, "/api/realtime").json(&body);
    for other in ["203.0.113.8", "2001:db8::1"] {
        call().from(other).header("X-Forwarded-For", "203.0.113.7").send().expect_codes(&[]);
    }
    call().from("::ffff:203.0.113.7").send().expect(204);
}

#[test]
fn subscriptions_replace_those_before() {
    let app = TestApp::new();
    let (mut stream, client) = connect(&app);
    let ip = "0.0.0.0".parse().expect("an address");
    let deliver = || app.app().realtime_deliver_oauth2(&client, ip, "{\"state\":\"s\"}");
    assert!(!deliver(), "it doesn't listen yet");
    subscribe(&app.guest(), &client, json!(["@oauth2"])).expect(204);
    subscribe(&app.guest(), &client, json!(["other"])).expect(204);
    assert!(!deliver(), "it doesn't listen any more");
    subscribe(&app.guest(), &client, json!(["@oauth2"])).expect(204);
    assert!(!app.app().realtime_deliver_oauth2(&client, "203.0.113.9".parse().expect("an address"), "{}"));
    assert!(deliver());
    assert_eq!(stream.event().as_deref(), Some(&*format!("id:{client}\nevent:@oauth2\ndata:{{\"state\":\"s\"}}")));
    assert!(!deliver(), "it was told");
}

#[test]
fn a_stream_becomes_somebodys_and_stays_theirs() {
    let app = TestApp::new();
    let (_stream, client) = connect(&app);
    subscribe(&app.guest(), &client, json!(["a"])).expect(204);
    subscribe(&app.with_token("nonsense"), &client, json!(["a"])).expect(204);
    subscribe(&app.as_user("ada"), &client, json!(["a"])).expect(204);
    subscribe(&app.as_user("ada"), &client, json!(["b"])).expect(204);
    for other in [app.guest(), app.as_user("bob"), app.as_user("sam"), app.as_superuser()] {
        subscribe(&other, &client, json!(["a"])).expect(403);
    }
}

#[test]
fn what_ends_a_sign_in_makes_its_streams_a_guests() {
    type Ending = fn(&TestApp);
    let endings: [(&str, bool, Ending); 7] = [
        ("nothing", true, |_| ()),
        ("a change of something else", true, |app| {
            app.as_user("ada").update("people", &id("ada"), json!({"role": "reader"}));
        }),
        ("somebody else's end", true, |app| {
            app.as_superuser().delete(&crate::harness::record("people", &id("bob"))).expect(204);
        }),
        ("a new password", false, |app| {
            let body = json!({"oldPassword": PASSWORD, "password": "new password", "passwordConfirm": "new password"});
            app.as_user("ada").update("people", &id("ada"), body);
        }),
        ("a new token key", false, |app| {
            app.as_superuser().update("people", &id("ada"), json!({"tokenKey:autogenerate": ""}));
        }),
        ("a new secret for the collection", false, |app| {
            let secret = json!({"authToken": {"secret": "s".repeat(50), "duration": 1000}});
            app.as_superuser().patch(&crate::harness::collection("people"), secret).expect(200);
        }),
        ("deletion", false, |app| {
            app.as_superuser().delete(&crate::harness::record("people", &id("ada"))).expect(204);
        }),
    ];
    for (what, stays, end) in endings {
        let app = TestApp::new();
        let (_stream, client) = connect(&app);
        subscribe(&app.as_user("ada"), &client, json!(["a"])).expect(204);
        end(&app);
        assert_eq!(is_somebodys(&app, &client), stays, "{what}");
    }
}

#[test]
fn a_stream_that_is_a_guests_again_may_become_somebodys() {
    let app = TestApp::new();
    let (_stream, client) = connect(&app);
    subscribe(&app.as_user("ada"), &client, json!(["a"])).expect(204);
    app.as_superuser().update("people", &id("ada"), json!({"tokenKey:autogenerate": ""}));
    let body = json!({"identity": "ada", "password": PASSWORD});
    let body = app.guest().post("/api/collections/people/auth-with-password", body).expect(200);
    subscribe(&app.with_token(&text(&body["token"])), &client, json!(["a"])).expect(204);
    assert!(is_somebodys(&app, &client));
}

#[test]
fn there_is_an_end_to_how_many_may_listen() {
    let app = TestApp::configured(|config: &mut Config| config.realtime_max_clients = 2, Vec::new());
    let open = || app.guest().call(Method::Get, "/api/realtime").open();
    let (first, _second) = (open(), open());
    assert_eq!(open().status(), 503);
    drop(first);
    assert_eq!(open().status(), 200);
}
