//! What a client listens to, read from the text in which it has said so.
//!
//! `<collection>/*`, `<collection>` and `<collection>/<record id>` are about records; every topic may be about
//! something else as well, because names aren't checked. `?options=` with URL-encoded JSON
//! (`{"query":{…},"headers":{…}}`) says what rules see of a request and what is wanted. Nothing here is an error:
//! options that can't be read count as none.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::base::limits::REALTIME_TOPIC_COST_BYTES;
use crate::base::pick::Fields;
use crate::domain::{Context, RequestInfo};

/// A topic. Clients that listen to the same text share one.
#[derive(Debug)]
pub struct Topic {
    /// As it was sent; also the name of the events.
    pub text: Arc<str>,
    /// The records that it is about.
    pub target: Target,
    /// What rules see, with the options `expand`, `filter`, `fields` and `sort` in its query.
    pub request: RequestInfo,
    /// The wanted parts of records.
    pub fields: Wanted,
}

/// Records, as a topic names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The collection's id or name.
    pub collection: Box<str>,
    /// The record's id; `None` stands for all.
    pub record: Option<Box<str>>,
}

/// What is wanted of a record.
#[derive(Debug)]
pub enum Wanted {
    /// Everything.
    All,
    /// Parts of it.
    Some(Fields),
    /// What can't be meant: nothing is delivered.
    Unclear,
}

impl Topic {
    /// Reads a topic.
    pub fn read(text: Arc<str>) -> Topic {
        let (path, query) = text.split_once('?').map_or((&*text, None), |(path, query)| (path, Some(query)));
        let (collection, record) = match path.split_once('/') {
            None | Some((_, "*")) => (path.trim_end_matches("/*"), None),
            Some((collection, record)) => (collection, Some(record.into())),
        };
        let target = Target { collection: collection.into(), record };
        let mut request = query.and_then(options).unwrap_or_default();
        request.method = "GET".to_owned();
        request.context = Context::Realtime;
        let fields = match request.query("fields").map(Fields::parse) {
            None | Some(Ok(None)) => Wanted::All,
            Some(Ok(Some(fields))) => Wanted::Some(fields),
            Some(Err(_)) => Wanted::Unclear,
        };
        Topic { target, request, fields, text }
    }

    /// About how many bytes it takes in memory: the text, and what is read from it.
    pub fn size_bytes(text: &str) -> usize {
        let times = if text.contains('?') { 3 } else { 2 };
        text.len() * times + REALTIME_TOPIC_COST_BYTES
    }
}

impl Target {
    /// All targets that name a record.
    pub fn of(collection_id: &str, collection_name: &str, record_id: &str) -> Vec<Target> {
        let mut names = vec![collection_id];
        if collection_name != collection_id {
            names.push(collection_name);
        }
        let targets = names.into_iter().flat_map(|name| {
            [None, Some(record_id)].map(|id| Target { collection: name.into(), record: id.map(Box::from) })
        });
        targets.collect()
    }
}

/// The request that the options describe, if there are any.
fn options(query: &str) -> Option<RequestInfo> {
    let (_, json) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "options")?;
    let options: Map<String, Json> = serde_json::from_str(&json).ok()?;
    let part = |name: &str, key: fn(&str) -> String| match options.get(name) {
        Some(Json::Object(pairs)) => pairs.iter().map(|(name, value)| (key(name), text_of(value))).collect(),
        _ => Vec::new(),
    };
    let headers = part("headers", |name| name.to_ascii_lowercase().replace('-', "_"));
    Some(RequestInfo { query: part("query", str::to_owned), headers, ..RequestInfo::default() })
}

/// Values of options become text.
fn text_of(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, collection: &str, record: Option<&str>) -> Topic {
        let topic = Topic::read(text.into());
        let target = Target { collection: collection.into(), record: record.map(Box::from) };
        assert_eq!(topic.target, target, "{text}");
        assert_eq!((topic.request.context, topic.request.method.as_str()), (Context::Realtime, "GET"));
        topic
    }

    #[test]
    fn topics_name_records() {
        check("posts", "posts", None);
        check("posts/*", "posts", None);
        check("posts/abc", "posts", Some("abc"));
        check("posts/abc/def", "posts", Some("abc/def"));
        check("posts/", "posts", Some(""));
        check("@oauth2", "@oauth2", None);
    }

    #[test]
    fn options_are_what_rules_see() {
        let json = r#"{"query":{"expand":"a","n":1,"none":null},"headers":{"X-Token":"t"}}"#;
        let encoded: String = form_urlencoded::byte_serialize(json.as_bytes()).collect();
        let topic = check(&format!("posts/*?options={encoded}"), "posts", None);
        assert_eq!(topic.request.query("expand"), Some("a"));
        assert_eq!(topic.request.query("n"), Some("1"));
        assert_eq!(topic.request.query("none"), Some(""));
        assert_eq!(topic.request.header("x_token"), Some("t"));
        for unreadable in ["posts?options=%7B", "posts?options=[]", "posts?other=1", "posts?"] {
            assert!(check(unreadable, "posts", None).request.query.is_empty());
        }
    }

    #[test]
    fn parts_that_cannot_be_meant_are_noted() {
        let topic = |fields: &str| {
            let json = serde_json::json!({"query": {"fields": fields}}).to_string();
            let encoded: String = form_urlencoded::byte_serialize(json.as_bytes()).collect();
            Topic::read(format!("posts/*?options={encoded}").into())
        };
        assert!(matches!(topic("id,title").fields, Wanted::Some(_)));
        assert!(matches!(topic("").fields, Wanted::All));
        assert!(matches!(topic("a:foo").fields, Wanted::Unclear));
    }
}
