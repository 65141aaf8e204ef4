//! A client that listens, for tests of what it hears and doesn't hear.
//!
//! That nothing came is shown by what came after it: [`Listener::heard`] changes something that everybody may hear of
//! and gives all that came before.

use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::harness::{Principal, Stream, TestApp, text, url};

/// What everybody may hear of, and no test is about.
const MARKERS: &str = "tags/*";

/// An open stream.
pub struct Listener<'a> {
    app: &'a TestApp,
    pub stream: Stream<'a>,
    pub client: String,
    /// The `id` of the latest event that had one.
    pub last_id: String,
    markers: usize,
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub id: Option<String>,
    pub event: String,
    pub data: Json,
}

impl Heard {
    /// `action title` or whatever field is asked for.
    pub fn brief(&self, field: &str) -> String {
        format!("{} {}", text(&self.data["action"]), text(&self.data["record"][field]))
    }
}

/// What was heard, in short.
pub fn briefs(heard: &[Heard], field: &str) -> Vec<String> {
    heard.iter().map(|heard| heard.brief(field)).collect()
}

impl<'a> Listener<'a> {
    /// As SDKs open it.
    pub fn open(app: &'a TestApp) -> Listener<'a> {
        Listener::open_at(app, "/api/realtime", None)
    }

    /// One that is told how far it has come.
    pub fn resuming(app: &'a TestApp, last_id: Option<&str>) -> Listener<'a> {
        Listener::open_at(app, "/api/realtime?resume=1", last_id)
    }

    fn open_at(app: &'a TestApp, path: &str, last_id: Option<&str>) -> Listener<'a> {
        let mut call = app.guest().call(Method::Get, path);
        if let Some(last_id) = last_id {
            call = call.header("Last-Event-ID", last_id);
        }
        let stream = call.open();
        assert_eq!(stream.status(), 200);
        let last_id = last_id.unwrap_or_default().to_owned();
        let mut listener = Listener { app, stream, client: String::new(), last_id, markers: 0 };
        let greeting = listener.next().expect("a stream begins with an event");
        assert_eq!(greeting.event, "PB_CONNECT");
        listener.client = text(&greeting.data["clientId"]);
        listener
    }

    /// Says what it listens to, besides what [`Listener::heard`] needs.
    #[track_caller]
    pub fn subscribe(&self, who: &Principal<'_>, topics: &[&str]) {
        let topics: Vec<&str> = topics.iter().copied().chain([MARKERS]).collect();
        who.post("/api/realtime", json!({"clientId": self.client, "subscriptions": topics})).expect(204);
    }

    /// Opens one that listens as somebody.
    #[track_caller]
    pub fn of(app: &'a TestApp, who: &Principal<'_>, topics: &[&str]) -> Listener<'a> {
        let listener = Listener::open(app);
        listener.subscribe(who, topics);
        listener
    }

    /// The next event; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<Heard> {
        loop {
            let event = self.stream.event()?;
            let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            let id = line("id:");
            if let Some(id) = &id {
                self.last_id.clone_from(id);
            }
            // One without data only says how far the client has come.
            let Some(data) = line("data:") else { continue };
            let data = serde_json::from_str(&data).expect("data is JSON");
            return Some(Heard { id, event: line("event:").expect("an event has a name"), data });
        }
    }

    /// Everything that has come by now.
    #[track_caller]
    pub fn heard(&mut self) -> Vec<Heard> {
        self.markers += 1;
        let name = format!("marker {} of {}", self.markers, self.client);
        self.app.as_superuser().create("tags", json!({"name": name}));
        let mut heard = Vec::new();
        loop {
            let next = self.next().expect("the stream goes on");
            if next.event != MARKERS {
                heard.push(next);
            } else if next.data["record"]["name"] == name.as_str() {
                return heard;
            }
        }
    }
}

/// A topic with options.
pub fn with_options(topic: &str, options: Json) -> String {
    url(topic, &[("options", &options.to_string())])
}
