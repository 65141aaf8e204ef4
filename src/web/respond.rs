//! Answers: JSON text as the interface wants it, and errors as its envelope.
//!
//! Called by every API route through [`Answer`]. Invariant: an error is logged here, once, and what the log says of its
//! cause is never sent; the two are tied together by `X-Request-Id`.

use std::io::Cursor;

use rocket::http::{Header, Status};
use rocket::response::{Responder, Response, Result as Responded};
use rocket::{Request, response};

use crate::app::{Caller, Cookie, Site};
use crate::base::etag::Etag;
use crate::base::{Error, ErrorKind, Result, ids};
use crate::domain::RequestInfo;
use crate::records::Shown;
use crate::web::pick::{Fields, Shape};
use crate::web::{activity, gzip, site};

/// What an API route returns.
pub type Answer = Result<JsonText>;

/// Bodies up to this size leave in one piece. Rocket's default of 4 KiB would cut an ordinary list into several.
const CHUNK_MAX_BYTES: usize = 64 << 10;
/// Smaller bodies are sent to pages as they are: they fit into a few packets anyway.
const COMPRESSED_MIN_BYTES: usize = 4 << 10;
/// Larger ones too: compressing them would hold up others, some 10 milliseconds for each megabyte.
const COMPRESSED_MAX_BYTES: usize = 1 << 20;

/// A body that is JSON text already.
pub struct JsonText(String);

impl JsonText {
    /// Takes `text`, which is JSON.
    pub fn new(text: String) -> Self {
        JsonText(text)
    }
}

impl<'r> Responder<'r, 'static> for JsonText {
    fn respond_to(self, request: &'r Request<'_>) -> Responded<'static> {
        Ok(json_response(request, self.0))
    }
}

/// One record, with its entity tag.
pub struct Tagged {
    body: JsonText,
    etag: Etag,
    not_modified: bool,
}

impl Tagged {
    /// The same without a body (304) if `request` has the record already. What it was expanded with isn't in the tag,
    /// so a client that asks for an expansion always gets it.
    pub fn unless_known(mut self, request: &RequestInfo) -> Tagged {
        let expanded = request.query("expand").is_some_and(|expand| !expand.is_empty());
        let mut lists = request.headers.iter().filter(|(name, _)| name == "if_none_match");
        self.not_modified = !expanded && lists.any(|(_, list)| self.etag.is_named_in(list));
        self
    }
}

impl<'r> Responder<'r, 'static> for Tagged {
    fn respond_to(self, request: &'r Request<'_>) -> Responded<'static> {
        let mut response = match self.not_modified {
            true => Response::build().status(Status::NotModified).finalize(),
            false => json_response(request, self.body.0),
        };
        response.set_header(Header::new("ETag", self.etag.to_string()));
        Ok(response)
    }
}

fn json_response(request: &Request<'_>, text: String) -> Response<'static> {
    let compressed = if is_worth_compressing(request, &text) { gzip::fast(text.as_bytes()) } else { None };
    let encoding = compressed.as_ref().map(|_| Header::new("Content-Encoding", "gzip"));
    let body = compressed.unwrap_or_else(|| text.into_bytes());
    let size_bytes = body.len();
    let mut response = Response::build()
        .raw_header("Content-Type", "application/json")
        // One byte more than the body, or Rocket would allocate a second buffer only to learn that nothing follows.
        .max_chunk_size(CHUNK_MAX_BYTES.min(size_bytes + 1))
        .sized_body(size_bytes, Cursor::new(body))
        .finalize();
    if let Some(encoding) = encoding {
        response.set_header(encoding);
    }
    response
}

/// Pages of this server load much of the same kind, often from afar. Everybody else pays for speed: whoever counts
/// requests per second, and small machines.
fn is_worth_compressing(request: &Request<'_>, text: &str) -> bool {
    (COMPRESSED_MIN_BYTES..=COMPRESSED_MAX_BYTES).contains(&text.len())
        && gzip::is_taken(request)
        && site::of(request) == Site::Own
        && matches!(site::session_cookie(request, Site::Own), Cookie::Session(_))
}

/// The error envelope with the status of the error's kind.
impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> Responded<'static> {
        let request_id = log(&self, request);
        let status = Status::from_code(self.kind().status()).unwrap_or(Status::InternalServerError);
        let body = serde_json::to_string(&self).map_err(|_| Status::InternalServerError)?;
        let mut response = json_response(request, body);
        response.set_status(status);
        if let Some(seconds) = self.retry_after_seconds() {
            response.set_header(Header::new("Retry-After", seconds.to_string()));
        }
        if let Some(id) = request_id {
            response.set_header(Header::new("X-Request-Id", id));
        }
        Ok(response)
    }
}

/// Logs what an operator should know of and returns the id under which it is in the log. The query isn't logged: it
/// may hold what the caller searches for.
pub(super) fn log(error: &Error, request: &Request<'_>) -> Option<String> {
    let request_id = log_as(error, request.method().as_str(), request.uri().path().as_str());
    activity::note_failure(request, error, request_id.as_deref());
    request_id
}

/// The same for what is answered within a stream.
pub fn log_stream(error: &Error, path: &str) {
    // Under another name than below: nothing else tells of these in the log of requests.
    const TARGET: &str = "holdall::web::stream";
    match is_grave(error) {
        Some(true) => tracing::error!(target: TARGET, %path, "{}", error.log_text()),
        Some(false) => tracing::warn!(target: TARGET, %path, "{}", error.log_text()),
        None => {}
    }
}

/// Whether an error is one of the program's own, or only a matter of the moment; `None` if it is the caller's.
fn is_grave(error: &Error) -> Option<bool> {
    match error.kind() {
        ErrorKind::Internal => Some(true),
        ErrorKind::Timeout | ErrorKind::Unavailable => Some(false),
        _ => None,
    }
}

fn log_as(error: &Error, method: &str, path: &str) -> Option<String> {
    let grave = is_grave(error)?;
    let request_id = ids::record_id();
    let cause = error.log_text();
    if grave {
        tracing::error!(%request_id, %method, %path, "{cause}");
    } else {
        tracing::warn!(%request_id, %method, %path, "{cause}");
    }
    Some(request_id)
}

/// How a result becomes an answer: whole, or only the fields named by `?fields=`.
///
/// Made before the work is done, so that a request with an unusable `fields` changes nothing.
pub struct Picker {
    fields: Option<Fields>,
    shape: Shape,
}

impl Picker {
    /// What `caller` wants of a body of this shape.
    pub fn of(caller: &Caller, shape: Shape) -> Result<Self> {
        Picker::of_request(&caller.request, shape)
    }

    /// What a request, also one inside of another, wants of a body of this shape.
    pub fn of_request(request: &RequestInfo, shape: Shape) -> Result<Self> {
        let fields = match request.query("fields") {
            Some(text) => Fields::parse(text)?,
            None => None,
        };
        Ok(Picker { fields, shape })
    }

    /// The answer made of a service's result.
    pub fn answer(self, result: Result<String>) -> Answer {
        self.pick(result?).map(JsonText)
    }

    /// The same for one record.
    pub fn tagged(self, result: Result<Shown>) -> Result<Tagged> {
        let Shown { json, etag } = result?;
        Ok(Tagged { body: JsonText(self.pick(json)?), etag, not_modified: false })
    }

    /// What is wanted of a body.
    pub fn pick(self, body: String) -> Result<String> {
        match self.fields {
            None => Ok(body),
            Some(fields) => fields.pick(&body, self.shape),
        }
    }
}

/// A result that has no body: 204.
pub fn no_content(result: Result<()>) -> Result<response::status::NoContent> {
    result.map(|()| response::status::NoContent)
}
