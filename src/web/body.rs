//! Request bodies: JSON, multipart and urlencoded, all read within explicit limits into one JSON object.
//!
//! Called by every route that takes a body. Invariant: a body over its limit is never held in memory, and whatever is
//! wrong with a body ends in 400 or 413. Not here: what the values mean (`records`, `collections`, `auth`).

use std::io;
use std::time::Duration;

use multer::{Constraints, Multipart, SizeLimit};
use rocket::Data;
use rocket::data::{DataStream, ToByteUnit};
use rocket::tokio::io::AsyncReadExt;
use rocket::tokio::time::timeout;
use serde_json::{Map, Value as Json};

use crate::base::limits::{
    BODY_READ_TIMEOUT_SECONDS, MULTIPART_MAX_PARTS, REFUSED_BODY_DRAIN_MAX_BYTES, REFUSED_BODY_DRAIN_TIMEOUT_SECONDS,
    REFUSED_BODY_PAUSE_MS, URLENCODED_MAX_BYTES,
};
use crate::base::{Error, ErrorKind, Result};
use crate::domain::RequestInfo;
use crate::web::form;
pub use crate::web::form::FormText;
use crate::web::json::parse_object;

/// Reads the body of `request` as an object; no body at all is an empty object, whatever its type is said to be.
///
/// The type is told by the beginning of `Content-Type`. Forms also take in the query's parameters, as the interface
/// has it.
pub async fn read(
    request: &RequestInfo,
    mut data: Data<'_>,
    limit_bytes: u64,
    text: FormText,
) -> Result<Map<String, Json>> {
    let declared_bytes = request.header("content_length").and_then(|length| length.trim().parse::<u64>().ok());
    if declared_bytes.is_some_and(|declared| declared > limit_bytes) {
        discard(data).await;
        return Err(too_large());
    }
    let reading = async {
        if breaks_off(&mut data).await {
            return Err(interrupted(io::ErrorKind::UnexpectedEof.into()));
        }
        if data.peek(1).await.is_empty() {
            return Ok(Map::new());
        }
        let mut stream = open(data, limit_bytes);
        let result = read_as_declared(request, &mut stream, limit_bytes, text).await;
        if result.is_err() {
            drain(stream).await;
        }
        result
    };
    timeout(Duration::from_secs(BODY_READ_TIMEOUT_SECONDS), reading)
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, "The body took too long to arrive.")))
}

/// Throws away the body of a request that is refused without it. Also if the client has asked whether to send it:
/// Rocket looks at the beginning of every body before it calls anybody, and so has told the client to go on.
pub async fn discard(data: Data<'_>) {
    drain(open(data, 0)).await;
}

async fn read_as_declared(
    request: &RequestInfo,
    stream: &mut DataStream<'_>,
    limit_bytes: u64,
    text: FormText,
) -> Result<Map<String, Json>> {
    let content_type = request.header("content_type").unwrap_or_default().trim_start();
    if starts_with(content_type, "application/json") {
        parse_object(&read_bytes(stream, limit_bytes).await?, false)
    } else if starts_with(content_type, "multipart/form-data") {
        // The order in which repeated names come is the interface's: query first here, last below.
        let mut pairs = request.query.clone();
        pairs.extend(read_multipart(stream, content_type, limit_bytes).await?);
        form::to_object(pairs, text)
    } else if starts_with(content_type, "application/x-www-form-urlencoded") {
        let mut pairs = read_urlencoded(stream, limit_bytes).await?;
        pairs.extend(request.query.iter().cloned());
        form::to_object(pairs, text)
    } else {
        Err(Error::invalid("The Content-Type isn't one that can be read here."))
    }
}

/// The pairs of an urlencoded body, for hosted pages; anything else is refused.
pub async fn read_page_form(
    content_type: Option<&str>,
    data: Data<'_>,
    limit_bytes: u64,
) -> Result<Vec<(String, String)>> {
    if !content_type.is_some_and(|kind| starts_with(kind, "application/x-www-form-urlencoded")) {
        return Err(Error::invalid("The Content-Type isn't one that can be read here."));
    }
    form::parse_urlencoded(&read_bytes(&mut open(data, limit_bytes), limit_bytes).await?)
}

fn starts_with(content_type: &str, prefix: &str) -> bool {
    content_type.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

async fn read_urlencoded(stream: &mut DataStream<'_>, limit_bytes: u64) -> Result<Vec<(String, String)>> {
    let bytes = match read_bytes(stream, limit_bytes.min(URLENCODED_MAX_BYTES)).await {
        // Over its own lower ceiling such a body counts as malformed, not as too large.
        Err(error) if error.kind() == ErrorKind::TooLarge && limit_bytes > URLENCODED_MAX_BYTES => {
            return Err(Error::invalid("The form in the body is too long."));
        }
        bytes => bytes?,
    };
    form::parse_urlencoded(&bytes)
}

/// A body as a stream that goes on somewhat behind its limit, so that what is too much can be recognised and drained.
fn open(data: Data<'_>, limit_bytes: u64) -> DataStream<'_> {
    data.open((limit_bytes + REFUSED_BODY_DRAIN_MAX_BYTES).bytes())
}

/// Whether the connection broke within the first bytes. Rocket looks at these by itself, for a form's `_method`, and
/// drops an error that it meets there, so that the body would look as if it had ended. Later errors reach the reader.
async fn breaks_off(data: &mut Data<'_>) -> bool {
    const ROCKET_LOOKS_AT: usize = "_method=delete".len();
    !data.peek_complete() && data.peek(ROCKET_LOOKS_AT).await.len() < ROCKET_LOOKS_AT
}

/// All bytes of a body of at most `limit_bytes`.
async fn read_bytes(stream: &mut DataStream<'_>, limit_bytes: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(limit_bytes + 1).read_to_end(&mut bytes).await.map_err(interrupted)?;
    if bytes.len() as u64 > limit_bytes { Err(too_large()) } else { Ok(bytes) }
}

/// The text parts of a multipart body, in order.
async fn read_multipart(
    stream: &mut DataStream<'_>,
    content_type: &str,
    limit_bytes: u64,
) -> Result<Vec<(String, String)>> {
    let boundary = multer::parse_boundary(content_type).map_err(multipart_error)?;
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(limit_bytes));
    let mut parts = Multipart::with_reader_with_constraints(stream, boundary, limits);
    let mut pairs = Vec::new();
    let mut count = 0;
    while let Some(mut part) = parts.next_field().await.map_err(multipart_error)? {
        count += 1;
        if count > MULTIPART_MAX_PARTS {
            return Err(Error::invalid("The form in the body has too many parts."));
        }
        if part.file_name().is_some_and(|name| !name.is_empty()) {
            // Files are let through unread: fields of type `file` come with the files issue, which stages them here.
            while part.chunk().await.map_err(multipart_error)?.is_some() {}
            continue;
        }
        let Some(name) = part.name().map(str::to_owned).filter(|name| !name.is_empty()) else { continue };
        let value = part.bytes().await.map_err(multipart_error)?;
        let value = String::from_utf8(value.into()).map_err(|_| Error::invalid("A part of the form isn't UTF-8."))?;
        pairs.push((form::checked(name)?, form::checked(value)?));
    }
    Ok(pairs)
}

/// Throws away what still comes of a body that is refused, within bounds: answering and closing at once would reset
/// the connection under a client that is still sending, and it would never see the answer. A client that sends nothing
/// for a moment isn't kept waiting.
async fn drain(mut stream: DataStream<'_>) {
    let pause = Duration::from_millis(REFUSED_BODY_PAUSE_MS);
    let mut buffer = vec![0; 64 << 10];
    let reading = async { while let Ok(Ok(1..)) = timeout(pause, stream.read(&mut buffer)).await {} };
    // Nothing depends on how it ends: the answer is the same.
    let _ = timeout(Duration::from_secs(REFUSED_BODY_DRAIN_TIMEOUT_SECONDS), reading).await;
}

fn too_large() -> Error {
    Error::new(ErrorKind::TooLarge, "The body is too large.")
}

fn interrupted(error: io::Error) -> Error {
    Error::invalid("The body ended before it was complete.").caused_by(error)
}

fn multipart_error(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamSizeExceeded { .. } => too_large(),
        other => Error::invalid("The multipart form in the body isn't well-formed.").caused_by(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_told_by_their_beginning() {
        assert!(starts_with("application/json; charset=utf-8", "application/json"));
        assert!(starts_with("Application/JSON", "application/json"));
        assert!(!starts_with("text/plain", "application/json"));
        assert!(!starts_with("ü", "application/json"));
    }
}
