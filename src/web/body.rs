//! Request bodies: JSON, multipart and urlencoded, all read within explicit limits into one JSON object.
//!
//! Called by every route that takes a body. Invariant: a body over its limit is never held in memory, and whatever is
//! wrong with a body ends in 400 or 413. Not here: what the values mean (`records`, `collections`, `auth`).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rocket::Data;
use rocket::data::{DataStream, ToByteUnit};
use rocket::tokio::io::{AsyncRead, AsyncReadExt};
use rocket::tokio::time::timeout;
use serde_json::{Map, Value as Json};

use crate::base::limits::{
    REFUSED_BODY_DRAIN_MAX_BYTES, REFUSED_BODY_DRAIN_TIMEOUT_SECONDS, REFUSED_BODY_PAUSE_MS, URLENCODED_MAX_BYTES,
};
use crate::base::{Error, ErrorKind, Result};
use crate::domain::{BodyLimits, RequestInfo, Upload};
use crate::files::{Intake, Spool};
use crate::web::form;
pub use crate::web::form::FormText;
use crate::web::json::parse_object;
use crate::web::multipart::{self, Parts, too_large};
use crate::web::pace::{Counted, Pace};

/// What a body holds.
#[derive(Default)]
pub struct Content {
    /// Its values.
    pub object: Map<String, Json>,
    /// Its files, by their keys.
    pub uploads: Vec<(String, Arc<Upload>)>,
}

/// Reads the body of `request` as an object; no body at all is an empty object, whatever its type is said to be.
///
/// The type is told by the beginning of `Content-Type`. Forms also take in the query's parameters, as the interface
/// has it.
pub async fn read(
    request: &RequestInfo,
    data: Data<'_>,
    limit_bytes: u64,
    text: FormText,
) -> Result<Map<String, Json>> {
    let limits = BodyLimits { whole_bytes: limit_bytes, text_bytes: limit_bytes };
    Ok(read_with_files(request, data, limits, text, None).await?.object)
}

/// The same, with the files of a form.
pub async fn read_with_files(
    request: &RequestInfo,
    mut data: Data<'_>,
    limits: BodyLimits,
    text: FormText,
    intake: Option<&Intake<'_>>,
) -> Result<Content> {
    if declared_bytes(request).is_some_and(|declared| declared > limits.whole_bytes) {
        discard(data).await;
        return Err(too_large());
    }
    let pace = Pace::new();
    let reading = async {
        if breaks_off(&mut data).await {
            return Err(interrupted(io::ErrorKind::UnexpectedEof.into()));
        }
        if data.peek(1).await.is_empty() {
            return Ok(Content::default());
        }
        let mut stream = open(data, limits.whole_bytes);
        let result = read_as_declared(request, &mut pace.count(&mut stream), limits, text, intake).await;
        if result.is_err() {
            drain(stream).await;
        }
        result
    };
    pace.keep(reading).await
}

/// Reads a form for the file under `key`, of any size within the whole; `None` if it has none. Other files pass unread.
///
/// # Errors
/// 400 if the body can't be read as what it says it is or breaks off, 408 if it takes too long, 413 if it is too large.
pub async fn read_one_file(
    request: &RequestInfo,
    data: Data<'_>,
    limits: BodyLimits,
    spool: &Spool,
    key: &str,
) -> Result<Option<Arc<Upload>>> {
    let accept = |name: &str| (name == key).then_some(u64::MAX);
    let intake = Intake { spool, accept: &accept };
    let content = read_with_files(request, data, limits, FormText::Verbatim, Some(&intake)).await?;
    Ok(content.uploads.into_iter().find(|(name, _)| name == key).map(|(_, upload)| upload))
}

/// How large the body is said to be.
fn declared_bytes(request: &RequestInfo) -> Option<u64> {
    request.header("content_length").and_then(|length| length.trim().parse().ok())
}

/// Whether the body is said to be a form that may have files in it.
pub fn is_multipart(request: &RequestInfo) -> bool {
    starts_with(content_type(request), "multipart/form-data")
}

fn content_type(request: &RequestInfo) -> &str {
    request.header("content_type").unwrap_or_default().trim_start()
}

/// A body that is taken as it comes, piece by piece, at the pace that bodies have to keep.
pub struct Pieces<'r> {
    stream: Counted<DataStream<'r>>,
    pace: Pace,
}

impl<'r> Pieces<'r> {
    /// The body of a request, which should have no more than `limit_bytes`.
    ///
    /// # Errors
    /// 413 if it says that it has more; 400 if it broke off before anything could be read; 408 if it takes too long.
    pub async fn open(request: &RequestInfo, mut data: Data<'r>, limit_bytes: u64) -> Result<Pieces<'r>> {
        if declared_bytes(request).is_some_and(|declared| declared > limit_bytes) {
            discard(data).await;
            return Err(too_large());
        }
        let pace = Pace::new();
        if pace.keep(async { Ok(breaks_off(&mut data).await) }).await? {
            return Err(interrupted(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(Pieces { stream: pace.count(open(data, limit_bytes)), pace })
    }

    /// The next piece; of no bytes at the end. A body that is larger than it should be goes on somewhat behind that.
    ///
    /// # Errors
    /// 400 if the body breaks off, 408 if it takes too long.
    pub async fn next(&mut self, into: &mut [u8]) -> Result<usize> {
        let stream = &mut self.stream;
        self.pace.keep(async { stream.read(into).await.map_err(interrupted) }).await
    }

    /// Throws away what still comes: see [`discard`].
    pub async fn discard(self) {
        drain(self.stream).await;
    }
}

/// Throws away the body of a request that is refused without it. Also if the client has asked whether to send it:
/// Rocket looks at the beginning of every body before it calls anybody, and so has told the client to go on.
pub async fn discard(data: Data<'_>) {
    drain(open(data, 0)).await;
}

async fn read_as_declared<R: AsyncRead + Unpin + Send>(
    request: &RequestInfo,
    stream: &mut R,
    limits: BodyLimits,
    text: FormText,
    intake: Option<&Intake<'_>>,
) -> Result<Content> {
    let content_type = content_type(request);
    let mut uploads = Vec::new();
    let object = if starts_with(content_type, "application/json") {
        parse_object(&read_bytes(stream, limits.text_bytes).await?, false)?
    } else if starts_with(content_type, "multipart/form-data") {
        let parts: Parts = multipart::read(stream, content_type, limits, intake).await?;
        uploads = parts.uploads;
        // The order in which repeated names come is the interface's: query first here, last below.
        form::to_object(request.query.iter().cloned().chain(parts.pairs).collect(), text)?
    } else if starts_with(content_type, "application/x-www-form-urlencoded") {
        let mut pairs = read_urlencoded(stream, limits.text_bytes).await?;
        pairs.extend(request.query.iter().cloned());
        form::to_object(pairs, text)?
    } else {
        return Err(Error::invalid("The Content-Type isn't one that can be read here."));
    };
    Ok(Content { object, uploads })
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

async fn read_urlencoded<R: AsyncRead + Unpin>(stream: &mut R, limit_bytes: u64) -> Result<Vec<(String, String)>> {
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
async fn read_bytes<R: AsyncRead + Unpin>(stream: &mut R, limit_bytes: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(limit_bytes + 1).read_to_end(&mut bytes).await.map_err(interrupted)?;
    if bytes.len() as u64 > limit_bytes { Err(too_large()) } else { Ok(bytes) }
}

/// Throws away what still comes of a body that is refused, within bounds: answering and closing at once would reset
/// the connection under a client that is still sending, and it would never see the answer. A client that sends nothing
/// for a moment isn't kept waiting.
async fn drain<R: AsyncRead + Unpin>(mut stream: R) {
    let pause = Duration::from_millis(REFUSED_BODY_PAUSE_MS);
    let mut buffer = vec![0; 64 << 10];
    let reading = async { while let Ok(Ok(1..)) = timeout(pause, stream.read(&mut buffer)).await {} };
    // Nothing depends on how it ends: the answer is the same.
    let _ = timeout(Duration::from_secs(REFUSED_BODY_DRAIN_TIMEOUT_SECONDS), reading).await;
}

fn interrupted(error: io::Error) -> Error {
    Error::invalid("The body ended before it was complete.").caused_by(error)
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
