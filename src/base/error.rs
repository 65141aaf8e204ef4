//! The one error type of the program.
//!
//! An [`Error`] has a closed [`ErrorKind`] (which decides the HTTP status), a message that is fit for the client,
//! field errors with stable codes, and a private source that is logged once and never sent. Whatever isn't
//! recognised is [`ErrorKind::Internal`]: nothing becomes a 400 by default.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value as Json};

/// Shorthand for results with the program's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The code of an `If-Match` that doesn't hold; ours, as the interface has no such condition.
const PRECONDITION_FAILED: &str = "precondition_failed";

/// What kind of failure it is; closed, so that every edge can map it without a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request can't be carried out as it was sent (HTTP 400).
    Invalid,
    /// Nobody is signed in where somebody must be (401).
    Unauthenticated,
    /// Somebody is signed in, but not somebody who may (403).
    Forbidden,
    /// There is no such thing, or the caller may not know of it (404).
    NotFound,
    /// The statement ran into its deadline (408).
    Timeout,
    /// The thing is in another state than the caller takes it to be in, such as an upload that has come further (409).
    Conflict,
    /// The thing isn't any more what the caller took it for: a condition such as `If-Match` doesn't hold (412).
    PreconditionFailed,
    /// A body or a file is over its limit (413).
    TooLarge,
    /// The body is of a type that isn't taken here (415).
    UnsupportedType,
    /// Another request is at work on the same thing (423).
    Locked,
    /// The caller is over a rate limit (429).
    TooManyRequests,
    /// A fault of ours; details are only in the log (500).
    Internal,
    /// The server can't take the work at the moment: queues are full, the disk is full, it is shutting down (503).
    Unavailable,
}

impl ErrorKind {
    /// The HTTP status code that stands for this kind.
    pub fn status(self) -> u16 {
        match self {
            ErrorKind::Invalid => 400,
            ErrorKind::Unauthenticated => 401,
            ErrorKind::Forbidden => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::Timeout => 408,
            ErrorKind::Conflict => 409,
            ErrorKind::PreconditionFailed => 412,
            ErrorKind::TooLarge => 413,
            ErrorKind::UnsupportedType => 415,
            ErrorKind::Locked => 423,
            ErrorKind::TooManyRequests => 429,
            ErrorKind::Internal => 500,
            ErrorKind::Unavailable => 503,
        }
    }
}

/// Why one field, option or array element was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Stable machine code such as `validation_required`; part of the interface.
    pub code: &'static str,
    /// A sentence for people.
    pub message: Cow<'static, str>,
    /// Figures that belong to the code, such as `{"min": 5}`.
    pub params: Option<Map<String, Json>>,
    /// What a part of the request would have been answered by itself: an envelope.
    pub response: Option<Json>,
}

impl FieldError {
    /// An error without parameters.
    pub fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        FieldError { code, message: message.into(), params: None, response: None }
    }

    /// The same error with one more parameter.
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.params.get_or_insert_with(Map::new).insert(name.to_owned(), value.into());
        self
    }

    /// The same error with what a part of the request would have been answered by itself.
    pub fn with_response(mut self, error: &Error) -> Self {
        self.response = serde_json::to_value(error).ok();
        self
    }

    /// `validation_required`.
    pub fn required() -> Self {
        FieldError::new("validation_required", "This can't be empty.")
    }

    /// `validation_length_too_long`: there may be at most `max`, of what the message says.
    pub fn too_long(message: impl Into<Cow<'static, str>>, max: usize) -> Self {
        FieldError::new("validation_length_too_long", message).with("min", 0).with("max", max)
    }

    /// `validation_invalid_value`, the code for anything that has no better one.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        FieldError::new("validation_invalid_value", message)
    }
}

/// Field errors by name; they nest by field name or array index, as in `data.fields.3.name`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldErrors(BTreeMap<String, Node>);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Leaf(FieldError),
    Tree(FieldErrors),
}

impl FieldErrors {
    /// No errors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is no error at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an error under a dotted path such as `fields.3.name`. The first error of a path wins.
    pub fn add(&mut self, path: &str, error: FieldError) {
        match path.split_once('.') {
            None => {
                self.0.entry(path.to_owned()).or_insert(Node::Leaf(error));
            }
            Some((head, rest)) => {
                if let Node::Tree(tree) =
                    self.0.entry(head.to_owned()).or_insert_with(|| Node::Tree(FieldErrors::new()))
                {
                    tree.add(rest, error);
                }
            }
        }
    }

    /// Adds all errors of `other` under `prefix`; an empty `other` adds nothing.
    pub fn add_all(&mut self, prefix: &str, other: FieldErrors) {
        if other.is_empty() {
            return;
        }
        match self.0.get_mut(prefix) {
            Some(Node::Tree(tree)) => tree.merge(other),
            Some(Node::Leaf(_)) => {}
            None => {
                self.0.insert(prefix.to_owned(), Node::Tree(other));
            }
        }
    }

    /// Takes over all errors of `other`; errors already here win.
    pub fn merge(&mut self, other: FieldErrors) {
        for (name, node) in other.0 {
            match (self.0.get_mut(&name), node) {
                (None, node) => {
                    self.0.insert(name, node);
                }
                (Some(Node::Tree(mine)), Node::Tree(theirs)) => mine.merge(theirs),
                (Some(_), _) => {}
            }
        }
    }

    /// Records `result`'s error under `path`, if it is one.
    pub fn check(&mut self, path: &str, result: std::result::Result<(), FieldError>) {
        if let Err(error) = result {
            self.add(path, error);
        }
    }

    /// `Ok` when there are none, otherwise an [`ErrorKind::Invalid`] error that carries them.
    pub fn into_result(self, message: impl Into<Cow<'static, str>>) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(Error::invalid(message).with_fields(self)) }
    }

    /// The code found under a dotted path, for tests and callers that must tell errors apart.
    pub fn code(&self, path: &str) -> Option<&'static str> {
        let (head, rest) = match path.split_once('.') {
            None => (path, None),
            Some((head, rest)) => (head, Some(rest)),
        };
        match (self.0.get(head)?, rest) {
            (Node::Leaf(error), None) => Some(error.code),
            (Node::Tree(tree), Some(rest)) => tree.code(rest),
            _ => None,
        }
    }

    /// The names at the top level, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, node) in &self.0 {
            match node {
                Node::Leaf(error) => map.serialize_entry(name, error)?,
                Node::Tree(tree) => map.serialize_entry(name, tree)?,
            }
        }
        map.end()
    }
}

impl Serialize for FieldError {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("message", &sentence(&self.message))?;
        if let Some(params) = &self.params {
            map.serialize_entry("params", params)?;
        }
        if let Some(response) = &self.response {
            map.serialize_entry("response", response)?;
        }
        map.end()
    }
}

/// A failure, with what the client may know kept apart from what only the log may.
///
/// `Display` prints the public message only; the source chain is for the log.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    fields: FieldErrors,
    retry_after_seconds: Option<u64>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` whose message is fit for the client.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Error(Box::new(Inner { kind, message, fields: FieldErrors::new(), retry_after_seconds: None, source: None }))
    }

    /// 400 with an empty `data`.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Invalid, message)
    }

    /// 400 with one field error.
    pub fn field(path: &str, error: FieldError) -> Self {
        let mut fields = FieldErrors::new();
        fields.add(path, error);
        Error::invalid("Something in the request isn't acceptable.").with_fields(fields)
    }

    /// 401.
    pub fn unauthenticated() -> Self {
        Error::new(ErrorKind::Unauthenticated, "This needs a valid authorization token.")
    }

    /// 403.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Forbidden, message)
    }

    /// 404.
    pub fn not_found() -> Self {
        Error::new(ErrorKind::NotFound, "There is nothing here.")
    }

    /// 412.
    pub fn precondition_failed() -> Self {
        let changed = FieldError::new(PRECONDITION_FAILED, "What is stored isn't what the condition names.");
        let mut fields = FieldErrors::new();
        fields.add("ifMatch", changed);
        Error::new(ErrorKind::PreconditionFailed, "It has changed in the meantime.").with_fields(fields)
    }

    /// 429; the client may try again after `wait`.
    pub fn too_many_requests(message: impl Into<Cow<'static, str>>, wait: Duration) -> Self {
        let mut error = Error::new(ErrorKind::TooManyRequests, message);
        error.0.retry_after_seconds = Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        error
    }

    /// 503.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Unavailable, message)
    }

    /// 500; `source` says what happened and is only logged.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error::new(ErrorKind::Internal, "Something went wrong on our side.").caused_by(source)
    }

    /// The same error with field errors.
    pub fn with_fields(mut self, fields: FieldErrors) -> Self {
        self.0.fields = fields;
        self
    }

    /// The same error with a private cause.
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The public message, made a sentence.
    pub fn message(&self) -> String {
        sentence(&self.0.message)
    }

    /// In how many seconds the client may try again, if that is known.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.0.retry_after_seconds
    }

    /// The field errors; empty for most kinds.
    pub fn fields(&self) -> &FieldErrors {
        &self.0.fields
    }

    /// The private cause, if it is a `T`.
    pub fn cause<T: std::error::Error + 'static>(&self) -> Option<&T> {
        self.0.source.as_deref().and_then(|source| source.downcast_ref::<T>())
    }

    /// The public message followed by the private causes, for the log.
    pub fn log_text(&self) -> String {
        match self.cause_text() {
            causes if causes.is_empty() => self.0.message.to_string(),
            causes => format!("{}: {causes}", self.0.message),
        }
    }

    /// The private causes alone; empty if there are none.
    pub fn cause_text(&self) -> String {
        let mut causes = Vec::new();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes.join(": ")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// The error envelope of the interface: `{"data": …, "message": …, "status": …}`.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("data", &self.0.fields)?;
        map.serialize_entry("message", &self.message())?;
        map.serialize_entry("status", &self.0.kind.status())?;
        map.end()
    }
}

/// Upper-case start and a closing mark, as the interface wants messages.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let mut out: String = match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => return String::new(),
    };
    if !out.ends_with(['.', '?', '!']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_nests_by_path() {
        let mut fields = FieldErrors::new();
        fields.add("fields.3.name", FieldError::required());
        fields.add("name", FieldError::new("x", "too short").with("min", 5));
        let error = Error::invalid("bad collection").with_fields(fields);
        assert_eq!(
            serde_json::to_value(&error).expect("errors serialise"),
            serde_json::json!({
                "status": 400, "message": "Bad collection.",
                "data": {
                    "fields": {"3": {"name": {"code": "validation_required", "message": "This can't be empty."}}},
                    "name": {"code": "x", "message": "Too short.", "params": {"min": 5}}
                }
            })
        );
        assert_eq!(error.fields().code("fields.3.name"), Some("validation_required"));
    }

    #[test]
    fn a_part_of_a_request_keeps_its_own_envelope() {
        let part = Error::not_found();
        let mut fields = FieldErrors::new();
        fields.add("requests.2", FieldError::new("batch_request_failed", "no").with_response(&part));
        assert_eq!(
            serde_json::to_value(&fields).expect("errors serialise"),
            serde_json::json!({"requests": {"2": {
                "code": "batch_request_failed", "message": "No.",
                "response": {"data": {}, "message": "There is nothing here.", "status": 404},
            }}})
        );
    }

    #[test]
    fn the_source_is_logged_but_never_sent() {
        let error = Error::internal("disk on fire");
        assert!(!serde_json::to_string(&error).expect("errors serialise").contains("fire"));
        assert!(error.log_text().contains("fire"));
    }

    #[test]
    fn the_first_error_of_a_path_wins() {
        let mut fields = FieldErrors::new();
        fields.add("a", FieldError::new("first", ""));
        fields.add("a", FieldError::new("second", ""));
        fields.add("a.b", FieldError::new("third", ""));
        assert_eq!(fields.code("a"), Some("first"));
    }
}
