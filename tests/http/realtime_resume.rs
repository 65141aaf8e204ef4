//! Clients that come back: what they have missed is told, once and in order, or they are told that it can't be.

use holdall::settings::Config;
use serde_json::json;

use crate::harness::{TestApp, id, record};
use crate::listening::{Heard, Listener, briefs};

fn create(app: &TestApp, title: &str) {
    app.as_superuser().create("articles", json!({"title": title, "state": "public", "owner": id("ada")}));
}

/// A stream that was told everything, and is closed; the `id` of its last event.
fn leave_off(app: &TestApp, topics: &[&str]) -> String {
    let mut listener = Listener::resuming(app, None);
    listener.subscribe(&app.guest(), topics);
    create(app, "seen");
    assert_eq!(briefs(&listener.heard(), "title"), ["create seen"]);
    listener.last_id
}

fn titles(heard: &[Heard]) -> Vec<String> {
    briefs(heard, "title")
}

#[test]
fn what_was_missed_is_told_in_order_and_before_anything_new() {
    let app = TestApp::new();
    let last = leave_off(&app, &["articles/*"]);
    for title in ["one", "two", "three"] {
        create(&app, title);
    }
    app.as_superuser().update("articles", &id("first"), json!({"title": "four"}));
    let mut listener = Listener::resuming(&app, Some(&last));
    create(&app, "before it says what it listens to");
    listener.subscribe(&app.guest(), &["articles/*"]);
    create(&app, "after that");
    let heard = listener.heard();
    let before = "create before it says what it listens to";
    assert_eq!(
        titles(&heard),
        ["create one", "create two", "create three", "update four", before, "create after that"]
    );
    let mut ids: Vec<_> = heard.iter().map(|heard| heard.id.clone().expect("a position")).collect();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "each is a position of its own");
    assert_eq!(listener.heard(), [], "nothing twice");
}

#[test]
fn one_can_go_on_from_every_event() {
    let app = TestApp::new();
    let first = format!("articles/{}", id("first"));
    let topics = ["articles", "articles/*", first.as_str()];
    let mut listener = Listener::resuming(&app, None);
    listener.subscribe(&app.guest(), &topics);
    let start = listener.last_id.clone();
    app.as_superuser().update("articles", &id("first"), json!({"title": "one"}));
    app.as_superuser().update("articles", &id("first"), json!({"title": "two"}));
    let all = listener.heard();
    assert_eq!(all.len(), 6);
    for (told, last) in std::iter::once(start).chain(all.iter().filter_map(|heard| heard.id.clone())).enumerate() {
        let mut again = Listener::resuming(&app, Some(&last));
        // In another order: that must not matter.
        again.subscribe(&app.guest(), &[first.as_str(), "articles/*", "articles"]);
        assert_eq!(again.heard(), all[told..], "after {told}");
    }
}

#[test]
fn what_was_missed_is_judged_by_who_comes_back() {
    let app = TestApp::new();
    let last = leave_off(&app, &["articles/*"]);
    let body = json!({"title": "draft", "state": "draft", "owner": id("ada"), "note": "hidden"});
    app.as_superuser().create("articles", body);
    app.as_superuser().delete(&record("articles", &id("third"))).expect(204);
    for (who, expect) in [
        (app.guest(), vec!["delete third"]),
        (app.as_user("bob"), vec!["delete third"]),
        (app.as_user("ada"), vec!["create draft", "delete third"]),
    ] {
        let mut listener = Listener::resuming(&app, Some(&last));
        listener.subscribe(&who, &["articles/*"]);
        let heard = listener.heard();
        assert_eq!(titles(&heard), expect);
        assert!(heard.iter().all(|heard| heard.data["record"].get("note").is_none()));
    }
}

#[test]
fn where_something_may_be_missing_that_is_said() {
    let mut app = TestApp::configured(|config: &mut Config| config.realtime_log_changes = 3, Vec::new());
    let last = leave_off(&app, &["articles/*"]);
    for title in ["one", "two", "three", "four", "five"] {
        create(&app, title);
    }
    let gap = |app: &TestApp, last: &str| {
        // Until all that was made before has been told, or the last of it would come as something new.
        Listener::of(app, &app.guest(), &[]).heard();
        let mut listener = Listener::resuming(app, Some(last));
        assert_eq!(listener.last_id, last, "until it was told, it is where it was");
        listener.subscribe(&app.guest(), &["articles/*"]);
        let heard = listener.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(heard[0].event, "@gap");
        let mut again = Listener::resuming(app, heard[0].id.as_deref());
        again.subscribe(&app.guest(), &["articles/*"]);
        create(app, "new");
        assert_eq!(titles(&again.heard()), ["create new"], "from there it goes on");
        heard[0].data["reason"].clone()
    };
    assert_eq!(gap(&app, &last), "expired");
    for nonsense in ["x", "-", "a-1", "99999999999999999999", &"x".repeat(5000)] {
        assert_eq!(gap(&app, nonsense), "restart", "{nonsense}");
    }
    app.while_stopped(|_| ());
    assert_eq!(gap(&app, &last), "restart");
}

#[test]
fn more_may_have_been_missed_than_a_queue_holds() {
    let app = TestApp::new();
    let last = leave_off(&app, &["articles/*"]);
    let many = 600;
    for at in 0..many {
        create(&app, &format!("{at}"));
    }
    let mut listener = Listener::resuming(&app, Some(&last));
    listener.subscribe(&app.guest(), &["articles/*"]);
    let expect: Vec<String> = (0..many).map(|at| format!("create {at}")).collect();
    assert_eq!(titles(&listener.heard()), expect);
}

#[test]
fn who_does_not_ask_is_told_nothing_of_it() {
    let app = TestApp::new();
    leave_off(&app, &["articles/*"]);
    let mut listener = Listener::of(&app, &app.guest(), &["articles/*"]);
    create(&app, "new");
    let heard = listener.heard();
    assert_eq!(titles(&heard), ["create new"]);
    assert_eq!(heard[0].id.as_deref(), Some(listener.client.as_str()));
}
