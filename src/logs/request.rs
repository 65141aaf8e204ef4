//! What is noted of one request, and how it looks in the log.

use std::net::IpAddr;

use super::mask::{decoded, masked_text, masked_url};
use super::{Entry, level};
use crate::base::Timestamp;
use crate::base::json::{write_number, write_str};

/// How much of an address, of what a client says of itself, and of an explanation is kept, in characters.
const URL_MAX_CHARS: usize = 3000;
const CLIENT_TEXT_MAX_CHARS: usize = 2000;
const DETAILS_MAX_CHARS: usize = 1000;

/// A request with its answer, as it was noted on the spot. Nothing in it is masked yet.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// When it was answered.
    pub created: Timestamp,
    /// Its method.
    pub method: &'static str,
    /// Path and query as they were sent.
    pub url: String,
    /// The status of the answer.
    pub status: u16,
    /// How long it took until the answer began, in milliseconds.
    pub exec_time_ms: f64,
    /// The name of the collection of the account that asked; empty for guests.
    pub auth: String,
    /// The id of that account, if it is to be noted.
    pub auth_id: Option<String>,
    /// The address that the request came from, and the one that the connection did, if they are to be noted.
    pub user_ip: Option<IpAddr>,
    /// See `user_ip`.
    pub remote_ip: Option<IpAddr>,
    /// The page that it came from.
    pub referer: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// What went wrong; also where the answer doesn't tell.
    pub failure: Option<Failure>,
}

/// The level of a request that failed or went well.
pub fn request_level(failed: bool) -> i64 {
    if failed { level::ERROR } else { level::INFO }
}

/// What went wrong with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// In a sentence.
    pub message: String,
    /// What isn't told to clients.
    pub details: Option<String>,
    /// The id under which the terminal's log has it.
    pub request_id: Option<String>,
}

impl RequestLog {
    /// A request of a guest that went well, just now.
    pub fn new(method: &'static str, url: &str) -> RequestLog {
        RequestLog {
            created: Timestamp::now(),
            method,
            url: cut(url, URL_MAX_CHARS),
            status: 200,
            exec_time_ms: 0.0,
            auth: String::new(),
            auth_id: None,
            user_ip: None,
            remote_ip: None,
            referer: String::new(),
            user_agent: String::new(),
            failure: None,
        }
    }

    /// The same with what the client says of itself.
    pub fn from_client(mut self, referer: &str, user_agent: &str) -> RequestLog {
        self.referer = cut(referer, CLIENT_TEXT_MAX_CHARS);
        self.user_agent = cut(user_agent, CLIENT_TEXT_MAX_CHARS);
        self
    }

    /// The level that it is logged with.
    pub fn level(&self) -> i64 {
        request_level(self.failure.is_some() || self.status >= 400)
    }

    /// About how much memory it takes.
    pub(super) fn size_bytes(&self) -> usize {
        let failure = self
            .failure
            .as_ref()
            .map_or(0, |failure| failure.message.len() + failure.details.as_ref().map_or(0, String::len));
        size_of::<RequestLog>() + self.url.len() + self.referer.len() + self.user_agent.len() + failure
    }

    /// As it is written, with secrets masked and keys in the order of their names. Of more than `max_data_bytes` only
    /// the first keys are kept, and that some are missing; 0 keeps all.
    pub fn into_entry(self, max_data_bytes: usize) -> Entry {
        let level = self.level();
        let url = masked_url(&self.url);
        let message = masked_text(&format!("{} {}", self.method, decoded(&url)));
        let mut data = Object::new(max_data_bytes);
        data.text("auth", &self.auth);
        if let Some(id) = self.auth_id.filter(|id| !id.is_empty()) {
            data.text("authId", &id);
        }
        if let Some(failure) = &self.failure {
            match &failure.details {
                Some(details) => data.text("details", &masked_text(&cut(details, DETAILS_MAX_CHARS))),
                None => data.raw("details", "null"),
            }
            data.text("error", &masked_text(&failure.message));
        }
        data.number("execTime", (self.exec_time_ms * 1000.0).round() / 1000.0);
        data.text("method", self.method);
        data.text("referer", &masked_url(&self.referer));
        if let Some(ip) = self.remote_ip {
            data.text("remoteIP", &ip.to_string());
        }
        if let Some(id) = self.failure.as_ref().and_then(|failure| failure.request_id.as_ref()) {
            data.text("requestId", id);
        }
        data.number("status", f64::from(self.status));
        data.text("type", "request");
        data.text("url", &url);
        data.text("userAgent", &masked_text(&self.user_agent));
        if let Some(ip) = self.user_ip {
            data.text("userIP", &ip.to_string());
        }
        Entry { created: self.created, level, message, data: data.finish() }
    }
}

/// The first `max_chars` characters, with dots if there were more.
pub(super) fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A JSON object while it is written.
pub(super) struct Object {
    json: String,
    max_bytes: usize,
    /// From the first key on that there was no room for, there is none.
    is_full: bool,
}

impl Object {
    pub fn new(max_bytes: usize) -> Object {
        let max_bytes = if max_bytes == 0 { usize::MAX } else { max_bytes };
        Object { json: String::with_capacity(512), max_bytes, is_full: false }
    }

    fn add(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        if self.is_full {
            return;
        }
        let before = self.json.len();
        self.json.push(if self.json.is_empty() { '{' } else { ',' });
        write_str(&mut self.json, name);
        self.json.push(':');
        write(&mut self.json);
        if self.json.len() + 1 > self.max_bytes {
            self.json.truncate(before);
            self.is_full = true;
        }
    }

    pub fn text(&mut self, name: &str, value: &str) {
        self.add(name, |json| write_str(json, value));
    }

    pub fn number(&mut self, name: &str, value: f64) {
        self.add(name, |json| write_number(json, value));
    }

    pub fn raw(&mut self, name: &str, value: &str) {
        self.add(name, |json| json.push_str(value));
    }

    pub fn finish(self) -> String {
        let kept = self.json.strip_prefix('{').unwrap_or_default();
        match (self.is_full, kept) {
            (false, kept) => format!("{{{kept}}}"),
            // The name is the interface's.
            (true, "") => "{\"__pb_truncated__\":true}".to_owned(),
            (true, kept) => format!("{{\"__pb_truncated__\":true,{kept}}}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_keys_of_the_interface_in_their_order() {
        let ip = Some(IpAddr::from([127, 0, 0, 1]));
        let failure = Failure { message: "Not here.".into(), ..Failure::default() };
        let request = RequestLog {
            status: 404,
            exec_time_ms: 1.23456,
            auth: "people".into(),
            auth_id: Some("ada".into()),
            user_ip: ip,
            remote_ip: ip,
            failure: Some(failure),
            ..RequestLog::new("GET", "/api/x?filter=a%3D1&token=secret").from_client("http://p/?token=s", "curl")
        };
        let entry = request.into_entry(0);
        assert_eq!(entry.message, "GET /api/x?filter=a=1&token=***");
        assert_eq!(entry.level, 8);
        assert_eq!(
            entry.data,
            "{\"auth\":\"people\",\"authId\":\"ada\",\"details\":null,\"error\":\"Not here.\",\"execTime\":1.235,\
             \"method\":\"GET\",\"referer\":\"http://p/?token=***\",\"remoteIP\":\"127.0.0.1\",\"status\":404,\
             \"type\":\"request\",\"url\":\"/api/x?filter=a%3D1&token=***\",\"userAgent\":\"curl\",\
             \"userIP\":\"127.0.0.1\"}"
        );
    }

    #[test]
    fn what_is_not_to_be_noted_is_absent() {
        let entry = RequestLog::new("POST", "/api/x").into_entry(0);
        assert_eq!(entry.level, 0);
        for absent in ["authId", "userIP", "remoteIP", "error", "details", "requestId"] {
            assert!(!entry.data.contains(absent), "{absent}: {}", entry.data);
        }
    }

    #[test]
    fn what_there_is_no_room_for_is_left_out_and_said() {
        let data = |max| RequestLog::new("POST", "/api/x").into_entry(max).data;
        assert_eq!(data(5), "{\"__pb_truncated__\":true}");
        assert_eq!(data(11), "{\"__pb_truncated__\":true,\"auth\":\"\"}");
        let whole = data(0);
        assert_eq!(data(whole.len()), whole);
        assert!(data(whole.len() - 1).contains("truncated"));
    }

    #[test]
    fn failures_that_the_status_does_not_tell_count() {
        let failure = Some(Failure { message: "Nobody has this address.".into(), ..Failure::default() });
        assert_eq!(RequestLog { status: 204, failure, ..RequestLog::new("POST", "/") }.level(), level::ERROR);
        assert_eq!(RequestLog { status: 304, ..RequestLog::new("GET", "/") }.level(), level::INFO);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = "ü".repeat(4000);
        let request = RequestLog::new("GET", &long).from_client(&long, &long);
        assert_eq!(request.url, format!("{}...", "ü".repeat(3000)));
        assert_eq!(request.user_agent.chars().count(), 2003);
        assert_eq!(cut("abc", 3), "abc");
    }
}
