//! The hub by itself: bounds, ends, and who may tell whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Bounds, Connection, EventStream, Hub, Subscription, Timing};
use crate::base::limits::{
    REALTIME_QUEUE_MAX_BYTES, REALTIME_QUEUE_MAX_MESSAGES, REALTIME_TOPIC_COST_BYTES, REALTIME_TOPIC_MAX_BYTES,
    REALTIME_TOPICS_MAX, REALTIME_TOPICS_MAX_BYTES,
};
use crate::domain::{Action, Event, Record};
use crate::rules::resolve::testing::schema;
use crate::store::Before;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 8));
const NEVER: Duration = Duration::from_secs(3600);
const AT_ONCE: Duration = Duration::from_millis(1);

fn hub() -> Hub {
    of(10, Timing { idle: NEVER, max: NEVER, heartbeat: NEVER })
}

fn of(clients: usize, timing: Timing) -> Hub {
    Hub::new(Bounds { clients, log_changes: 100, log_bytes: 1 << 20 }, timing)
}

fn connect(hub: &Hub) -> Connection {
    hub.connect(HERE, None).expect("there is room")
}

/// The next piece of a stream that isn't read otherwise.
async fn next(stream: &mut EventStream) -> Option<String> {
    stream.next().await.map(|piece| piece.as_ref().to_owned())
}

fn listen(hub: &Hub, to: &Connection, topics: &[&str]) {
    subscribe(hub, to, json!(topics)).expect("it is the client's own");
}

fn subscribe(hub: &Hub, to: &Connection, topics: Json) -> crate::base::Result<()> {
    let body = json!({"clientId": to.client_id(), "subscriptions": topics});
    hub.subscribe(Subscription::read(body.as_object().expect("an object"))?, HERE, None).map(|_| ())
}

#[tokio::test]
async fn a_stream_begins_with_its_id_in_the_layout_that_clients_rely_on() {
    let hub = hub();
    let stream = connect(&hub);
    let id = stream.client_id().to_owned();
    assert_eq!(id.len(), 40);
    listen(&hub, &stream, &["@oauth2", "a\nb", "large"]);
    let mut stream = EventStream::new(stream);
    let greeting = format!("id:{id}\nevent:PB_CONNECT\ndata:{{\"clientId\":\"{id}\"}}\n\n");
    assert_eq!(next(&mut stream).await, Some(greeting));
    assert!(hub.tell_once(&id, HERE, "@oauth2", "{}"));
    assert_eq!(next(&mut stream).await, Some(format!("id:{id}\nevent:@oauth2\ndata:{{}}\n\n")));
    assert!(hub.tell_once(&id, HERE, "a\nb", "{}"));
    assert_eq!(next(&mut stream).await, Some(format!("id:{id}\nevent:a b\ndata:{{}}\n\n")), "a name can't add lines");
    let large = "x".repeat(1 << 20);
    assert!(hub.tell_once(&id, HERE, "large", &large));
    let mut pieces = String::new();
    while !pieces.ends_with("\n\n") {
        pieces.push_str(&next(&mut stream).await.expect("the stream goes on"));
    }
    assert_eq!(pieces, format!("id:{id}\nevent:large\ndata:{large}\n\n"));
}

#[test]
fn a_client_is_told_once_at_its_address_and_only_what_it_listens_to() {
    let hub = hub();
    let stream = connect(&hub);
    let id = stream.client_id();
    assert!(!hub.tell_once(id, HERE, "@oauth2", "{}"), "it doesn't listen");
    listen(&hub, &stream, &["@oauth2"]);
    assert!(!hub.tell_once(id, ELSEWHERE, "@oauth2", "{}"), "somebody else's address");
    assert!(!hub.tell_once(id, HERE, "@oauth", "{}"), "another topic");
    assert!(!hub.tell_once("nobody", HERE, "@oauth2", "{}"), "nobody");
    let same = IpAddr::V6(Ipv4Addr::new(203, 0, 113, 7).to_ipv6_mapped());
    assert!(hub.tell_once(id, same, "@oauth2", "{}"), "the same address in other words");
    assert!(!hub.tell_once(id, HERE, "@oauth2", "{}"), "it was told");
    assert_ne!(IpAddr::V6(Ipv6Addr::LOCALHOST).to_canonical(), HERE);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped() {
    for (size_bytes, fit) in [(1, REALTIME_QUEUE_MAX_MESSAGES), (REALTIME_QUEUE_MAX_BYTES / 4, 3)] {
        let hub = hub();
        let mut stream = connect(&hub);
        let id = stream.client_id().to_owned();
        stream.next().await.expect("the greeting");
        let data = "x".repeat(size_bytes);
        let tell = || {
            listen(&hub, &stream, &["t"]);
            hub.tell_once(&id, HERE, "t", &data)
        };
        assert_eq!((0..1000).take_while(|_| tell()).count(), fit, "{size_bytes}");
        assert_eq!(hub.count(), 0);
        assert!(subscribe(&hub, &stream, json!(["t"])).is_err(), "there is no way back");
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test]
async fn one_message_may_be_larger_than_the_queue() {
    let hub = hub();
    let mut stream = connect(&hub);
    stream.next().await.expect("the greeting");
    listen(&hub, &stream, &["t"]);
    assert!(hub.tell_once(stream.client_id(), HERE, "t", &"x".repeat(REALTIME_QUEUE_MAX_BYTES + 1)));
    assert!(stream.next().await.is_some());
}

#[tokio::test]
async fn streams_end_when_idle_and_at_last_in_any_case() {
    for timing in
        [Timing { idle: AT_ONCE, max: NEVER, heartbeat: NEVER }, Timing { idle: NEVER, max: AT_ONCE, heartbeat: NEVER }]
    {
        let hub = of(10, timing);
        let mut stream = EventStream::new(connect(&hub));
        next(&mut stream).await.expect("the greeting");
        assert_eq!(next(&mut stream).await, None);
    }
    let hub = of(10, Timing { idle: NEVER, max: NEVER, heartbeat: AT_ONCE });
    let mut stream = EventStream::new(connect(&hub));
    next(&mut stream).await.expect("the greeting");
    assert_eq!(next(&mut stream).await.as_deref(), Some(":\n"));
}

#[tokio::test]
async fn who_may_hear_of_a_deletion_is_not_guessed() {
    let hub = hub();
    let (by_itself, by_others) = (connect(&hub), connect(&hub));
    listen(&hub, &by_itself, &["users/*"]);
    listen(&hub, &by_others, &[r#"users/*?options={"query":{"filter":"home.name='a'"}}"#]);
    let deletion = || {
        let record = Arc::new(Record::blank(schema().find("users").expect("there are users").clone()));
        vec![Event::RecordChanged { action: Action::Delete, record }]
    };
    let audiences = |before| {
        hub.hear(deletion(), before);
        hub.next_due().iter().map(|due| due.audiences.len()).collect::<Vec<_>>()
    };
    assert!(hub.needs_past(&deletion()[0]));
    assert_eq!(audiences(Before::Unasked), [2]);
    assert_eq!(audiences(Before::Lost), [1], "only the one for which it makes no difference");
    assert_eq!((hub.count(), audiences(Before::Unasked)), (1, vec![1]));
    let mut ended = EventStream::new(by_others);
    while next(&mut ended).await.is_some() {}
}

#[test]
fn there_is_room_for_so_many_clients_and_so_much_that_they_listen_to() {
    let hub = hub();
    let mut streams: Vec<Connection> = (0..10).map(|_| connect(&hub)).collect();
    assert_eq!(hub.connect(HERE, None).err().map(|error| error.kind().status()), Some(503));
    drop(streams.pop());
    streams.push(hub.connect(HERE, None).expect("one has gone"));
    assert_eq!(hub.count(), 10);

    let hub = of(1000, Timing::default());
    let topic = |at| format!("{at:x>REALTIME_TOPIC_MAX_BYTES$}");
    let largest = json!((0..REALTIME_TOPICS_MAX).map(topic).collect::<Vec<_>>());
    let each = 2 * REALTIME_TOPIC_MAX_BYTES + REALTIME_TOPIC_COST_BYTES;
    let fit = REALTIME_TOPICS_MAX_BYTES / (each * REALTIME_TOPICS_MAX);
    let mut streams: Vec<Connection> = (0..=fit).map(|_| connect(&hub)).collect();
    let last = streams.pop().expect("there is one");
    for stream in &streams {
        subscribe(&hub, stream, largest.clone()).expect("there is room");
        subscribe(&hub, stream, largest.clone()).expect("it takes the place of what was there");
    }
    let refused = subscribe(&hub, &last, largest.clone()).expect_err("there is no room");
    assert_eq!(refused.kind().status(), 503);
    streams.pop();
    subscribe(&hub, &last, largest).expect("one has gone");
}
