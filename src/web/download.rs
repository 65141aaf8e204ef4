//! A stored file as an answer: conditions, ranges, and headers under which nothing of it can run in our origin.
//!
//! Called by the routes for files and for backups. Invariants: the content leaves piece by piece, however large it is;
//! whatever browsers could run (pages, vector graphics, scripts) is an attachment, and would run without an origin,
//! scripts or forms even if somebody opened it.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use rocket::futures::stream::{self, StreamExt, TryStreamExt};
use rocket::http::{Header, Status};
use rocket::response::{Responder, Response};
use rocket::tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use rocket::{Request, response};

use crate::app::{App, BackupFile, ContentSource};
use crate::base::{Error, Result, Timestamp, ids};
use crate::domain::RequestInfo;
use crate::files::{Content, Preview, StoredFile};
use crate::web::headers::{Framing, header_text};
use crate::web::ranges::{Wanted, wanted};

/// Nothing is loaded, nothing runs, and it has no origin.
const SANDBOX: &str = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox";
/// Names of stored files are never used twice.
const CACHED: &str = "max-age=2592000, stale-while-revalidate=86400";
/// The same for files that not everybody may see.
const CACHED_PRIVATELY: &str = "private, max-age=2592000, stale-while-revalidate=86400";
/// How much of a body is handed on at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// Media types that browsers show and don't run.
#[rustfmt::skip]
const INLINE: &[&str] = &[
    "image/png", "image/jpg", "image/jpeg", "image/gif", "image/webp", "image/x-icon", "image/bmp",
    "video/webm", "video/mp4", "video/3gpp", "video/quicktime", "video/x-ms-wmv",
    "audio/basic", "audio/aiff", "audio/mpeg", "audio/midi", "audio/mp3", "audio/wave", "audio/wav", "audio/x-wav",
    "audio/x-mpeg", "audio/x-m4a", "audio/aac",
    "application/pdf", "application/x-pdf",
];

/// Extensions that say more than the content does.
const BY_EXTENSION: &[(&str, &str)] = &[
    (".svg", "image/svg+xml"),
    (".css", "text/css"),
    (".js", "text/javascript"),
    (".mjs", "text/javascript"),
    (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

/// What is sent: a file of a record, or a preview of one.
#[derive(Clone, Debug)]
pub struct Served {
    source: ContentSource,
    /// What clients are to call it.
    name: String,
    content_type: String,
    size_bytes: u64,
    etag: String,
    created: String,
    /// It is what will be sent another time, too, and may be kept by whoever gets it.
    is_lasting: bool,
}

impl Served {
    /// A file itself.
    pub fn original(file: StoredFile) -> Served {
        let lower = file.name.to_ascii_lowercase();
        let known = BY_EXTENSION.iter().find(|(extension, _)| lower.ends_with(extension));
        Served {
            source: ContentSource::Stored(file.key()),
            etag: format!("\"{}\"", file.sha256),
            content_type: known.map_or(file.content_type, |(_, content_type)| (*content_type).to_owned()),
            name: file.name,
            size_bytes: file.size_bytes,
            created: file.created,
            is_lasting: true,
        }
    }

    /// A file in the place of its preview, which somebody who asks later may get.
    pub fn for_now(file: StoredFile) -> Served {
        Served { is_lasting: false, ..Served::original(file) }
    }

    /// A backup. It has everything in it, so nothing on the way may keep it.
    pub fn backup(backup: BackupFile) -> Served {
        Served {
            etag: format!("\"{}-{}\"", backup.modified.unix_millis(), backup.size_bytes),
            source: backup.source,
            name: header_text(&backup.name),
            content_type: "application/zip".to_owned(),
            size_bytes: backup.size_bytes,
            created: backup.modified.to_string(),
            is_lasting: false,
        }
    }

    fn is_of_record(&self) -> bool {
        matches!(self.source, ContentSource::Stored(_))
    }

    /// A preview of a file.
    pub fn preview(file: &StoredFile, preview: Preview) -> Served {
        Served {
            // Made anew, it may have other bytes; the size tells most of these apart.
            etag: format!("\"{}-{}-{}\"", file.sha256, preview.variant, preview.size_bytes),
            source: ContentSource::Stored(preview.key),
            name: preview.name,
            content_type: preview.content_type.to_owned(),
            size_bytes: preview.size_bytes,
            created: file.created.clone(),
            is_lasting: true,
        }
    }
}

/// How a file is to be shown.
pub struct Presentation {
    /// As an attachment, whatever it is.
    pub download: bool,
    /// It isn't for everybody, so no cache between may keep it.
    pub protected: bool,
}

/// A file on its way to a client.
pub struct Download {
    framing: Framing,
    status: Status,
    headers: Vec<Header<'static>>,
    size_bytes: u64,
    body: Option<Reader>,
}

impl Download {
    /// Answers `request` with `file`.
    ///
    /// # Errors
    /// 404 if the storage doesn't have it; 503 if it can't be read.
    pub async fn of(app: &App, request: &RequestInfo, file: Served, shown: Presentation) -> Result<Download> {
        // Pictures and documents may be shown in other pages.
        let framing = if file.is_of_record() { Framing::Anywhere } else { Framing::Own };
        let headers = headers(&file, &shown);
        let mut answer = Download { framing, status: Status::Ok, headers, size_bytes: 0, body: None };
        if is_another(request, &file) {
            answer.status = Status::PreconditionFailed;
            answer.remove("Accept-Ranges");
            return Ok(answer);
        }
        if is_unchanged(request, &file) {
            answer.status = Status::NotModified;
            answer.remove("Accept-Ranges");
            answer.remove("Content-Type");
            return Ok(answer);
        }
        let range = request.header("range").filter(|_| is_same_as_before(request, &file));
        match range.map_or(Wanted::Whole, |range| wanted(range, file.size_bytes)) {
            Wanted::Whole => answer.send(app, &file, None).await,
            Wanted::Parts(parts) if parts.len() == 1 => answer.send(app, &file, parts.into_iter().next()).await,
            Wanted::Parts(parts) => answer.send_parts(app.clone(), file, parts).await,
            Wanted::Nothing => Ok(answer.refuse_range(&file)),
        }
    }

    async fn send(mut self, app: &App, file: &Served, part: Option<Range<u64>>) -> Result<Download> {
        self.size_bytes = file.size_bytes;
        if let Some(part) = &part {
            self.status = Status::PartialContent;
            self.set("Content-Range", content_range(part, file.size_bytes));
            self.size_bytes = part.end - part.start;
        }
        let content = app.content(&file.source, part).await?.ok_or_else(Error::not_found)?;
        self.body = Some(Reader::new(content));
        Ok(self)
    }

    /// Several parts in one body (RFC 9110, section 14.6).
    async fn send_parts(mut self, app: App, file: Served, parts: Vec<Range<u64>>) -> Result<Download> {
        let boundary = ids::secret();
        let content_type = file.content_type.clone();
        let head = |part: &Range<u64>| {
            let range = content_range(part, file.size_bytes);
            Bytes::from(format!("\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {range}\r\n\r\n"))
        };
        let pieces: Vec<(Bytes, Option<Range<u64>>)> =
            parts.iter().map(|part| (head(part), Some(part.clone()))).collect();
        let end = (Bytes::from(format!("\r\n--{boundary}--\r\n")), None);
        let pieces: Vec<_> = pieces.into_iter().chain([end]).collect();
        let size = |(text, part): &(Bytes, Option<Range<u64>>)| {
            text.len() as u64 + part.as_ref().map_or(0, |part| part.end - part.start)
        };
        self.size_bytes = pieces.iter().map(size).sum();
        self.status = Status::PartialContent;
        self.set("Content-Type", format!("multipart/byteranges; boundary={boundary}"));
        let open = move |(text, part): (Bytes, Option<Range<u64>>)| {
            let (app, file) = (app.clone(), file.clone());
            async move {
                let content = match part {
                    Some(part) => app.content(&file.source, Some(part)).await?.ok_or_else(Error::not_found)?,
                    None => stream::empty().boxed(),
                };
                Ok::<_, Error>(stream::iter([Ok(text)]).chain(content))
            }
        };
        self.body = Some(Reader::new(stream::iter(pieces).then(open).try_flatten().boxed()));
        Ok(self)
    }

    fn refuse_range(mut self, file: &Served) -> Download {
        const TEXT: &str = "The file has nothing in this range.\n";
        self.status = Status::RangeNotSatisfiable;
        self.set("Content-Range", format!("bytes */{}", file.size_bytes));
        self.set("Content-Type", "text/plain; charset=utf-8");
        self.set("Cache-Control", "no-store");
        self.size_bytes = TEXT.len() as u64;
        self.body = Some(Reader::new(stream::iter([Ok(Bytes::from_static(TEXT.as_bytes()))]).boxed()));
        self
    }

    /// Sets a header in place of what it was.
    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.remove(name);
        self.headers.push(Header::new(name, value.into()));
    }

    fn remove(&mut self, name: &str) {
        self.headers.retain(|header| header.name() != name);
    }
}

impl<'r> Responder<'r, 'static> for Download {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        request.local_cache(|| self.framing);
        let mut response = Response::build();
        response.status(self.status);
        for header in self.headers {
            response.header(header);
        }
        if let Some(body) = self.body {
            match usize::try_from(self.size_bytes) {
                Ok(size_bytes) => response.sized_body(size_bytes, body),
                // 4 GiB and more, on a processor with 32 bits: Rocket can't name the length then.
                Err(_) => response.streamed_body(body),
            };
            // Rocket forgets the size of chunks when it gets a body, so it comes after that.
            response.max_chunk_size(CHUNK_BYTES);
        }
        response.ok()
    }
}

fn headers(file: &Served, shown: &Presentation) -> Vec<Header<'static>> {
    let plain = file.content_type.split(';').next().unwrap_or_default().trim();
    let disposition = if INLINE.contains(&plain) && !shown.download { "inline" } else { "attachment" };
    let cached = match (file.is_lasting, shown.protected) {
        (false, _) => "no-store",
        (true, true) => CACHED_PRIVATELY,
        (true, false) => CACHED,
    };
    vec![
        Header::new("Content-Disposition", format!("{disposition}; filename=\"{}\"", file.name)),
        Header::new("Content-Type", file.content_type.clone()),
        Header::new("Content-Security-Policy", SANDBOX),
        Header::new("Cache-Control", cached),
        Header::new("Last-Modified", modified(file).http_date()),
        Header::new("Accept-Ranges", "bytes"),
        Header::new("ETag", file.etag.clone()),
    ]
}

fn content_range(part: &Range<u64>, size_bytes: u64) -> String {
    format!("bytes {}-{}/{size_bytes}", part.start, part.end.saturating_sub(1))
}

fn modified(file: &Served) -> Timestamp {
    Timestamp::parse(&file.created).unwrap_or_else(Timestamp::now)
}

/// Whether the client wants another file than this one (RFC 9110, sections 13.1.1 and 13.1.4).
fn is_another(request: &RequestInfo, file: &Served) -> bool {
    match request.header("if_match") {
        Some(tags) => !tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == file.etag),
        None => {
            let since = request.header("if_unmodified_since").and_then(Timestamp::parse_http_date);
            since.is_some_and(|since| modified(file).unix_seconds() > since.unix_seconds())
        }
    }
}

/// Whether the client has the file already (RFC 9110, section 13.2.2).
fn is_unchanged(request: &RequestInfo, file: &Served) -> bool {
    match request.header("if_none_match") {
        Some(tags) => {
            tags.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == file.etag)
        }
        None => {
            let since = request.header("if_modified_since").and_then(Timestamp::parse_http_date);
            since.is_some_and(|since| modified(file).unix_seconds() <= since.unix_seconds())
        }
    }
}

/// Whether a range may be answered: `If-Range`, if there is one, still names this file.
fn is_same_as_before(request: &RequestInfo, file: &Served) -> bool {
    match request.header("if_range").map(str::trim) {
        None => true,
        Some(tag) if tag.contains('"') => tag == file.etag,
        Some(date) => {
            let date = Timestamp::parse_http_date(date);
            date.is_some_and(|date| date.unix_seconds() == modified(file).unix_seconds())
        }
    }
}

/// Content as Rocket reads bodies.
struct Reader {
    content: Content,
    piece: Bytes,
}

impl Reader {
    fn new(content: Content) -> Reader {
        Reader { content, piece: Bytes::new() }
    }
}

impl AsyncRead for Reader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.piece.is_empty() {
            match self.content.poll_next_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Ok(piece))) => self.piece = piece,
                Poll::Ready(Some(Err(error))) => {
                    // The answer has begun: all that can be done is to break it off.
                    tracing::warn!("a file broke off while it was sent: {}", error.log_text());
                    return Poll::Ready(Err(io::Error::other(error)));
                }
            }
        }
        let count = self.piece.len().min(into.remaining());
        into.put_slice(&self.piece[..count]);
        self.piece.advance(count);
        Poll::Ready(Ok(()))
    }
}

/// Rocket asks for this to learn a body's size, which is always given here.
impl AsyncSeek for Reader {
    fn start_seek(self: Pin<&mut Self>, _: io::SeekFrom) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_is_never_shown() {
        for (name, content_type, download, expect) in [
            ("a.png", "image/png", false, "inline; filename=\"a.png\""),
            ("a.png", "image/png", true, "attachment; filename=\"a.png\""),
            ("a.svg", "image/svg+xml", false, "attachment; filename=\"a.svg\""),
            ("a.svg", "image/png", false, "attachment; filename=\"a.svg\""),
            ("a.SVG", "image/png", false, "attachment; filename=\"a.SVG\""),
            ("a.png", "text/html; charset=utf-8", false, "attachment; filename=\"a.png\""),
            ("a.pdf", "application/pdf", false, "inline; filename=\"a.pdf\""),
            ("a.txt", "text/plain; charset=utf-8", false, "attachment; filename=\"a.txt\""),
            ("a.xml", "text/xml; charset=utf-8", false, "attachment; filename=\"a.xml\""),
        ] {
            let file = StoredFile {
                collection_id: String::new(),
                record_id: String::new(),
                name: name.into(),
                field_id: String::new(),
                content_type: content_type.into(),
                size_bytes: 0,
                sha256: String::new(),
                original_name: String::new(),
                created: String::new(),
            };
            let headers = headers(&Served::original(file), &Presentation { download, protected: false });
            let disposition = headers.iter().find(|header| header.name() == "Content-Disposition").expect("is there");
            assert_eq!(disposition.value(), expect);
        }
    }
}
