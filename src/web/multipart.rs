//! Multipart forms: text parts go into memory within their limit, file parts into the spool while they arrive.
//!
//! Called by `body`. Invariants: no more than the text limit and a few pieces are in memory, however large the form is;
//! a file that nobody asked for is never written anywhere. Not here: what the parts mean.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use multer::{Constraints, Field, Multipart, SizeLimit};
use rocket::tokio::io::{AsyncRead, ReadBuf};

use crate::base::limits::{MULTIPART_HEAD_MAX_BYTES, MULTIPART_MAX_PARTS};
use crate::base::{Error, ErrorKind, Result};
use crate::domain::{BodyLimits, Upload};
use crate::files::Intake;
use crate::web::form;

/// What a form holds, in the order in which it came.
#[derive(Default)]
pub struct Parts {
    /// Names and values of text parts.
    pub pairs: Vec<(String, String)>,
    /// Names of file parts, and the files.
    pub uploads: Vec<(String, Arc<Upload>)>,
}

/// Reads a whole form. Without an `intake` all files are let through unread.
pub async fn read<R: AsyncRead + Unpin + Send>(
    stream: R,
    content_type: &str,
    limits: BodyLimits,
    intake: Option<&Intake<'_>>,
) -> Result<Parts> {
    let boundary = multer::parse_boundary(content_type).map_err(multipart_error)?;
    let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(limits.whole_bytes));
    let claimed = Claimed::default();
    let stream = Leashed { reader: stream, claimed: claimed.clone() };
    let mut form = Multipart::with_reader_with_constraints(stream, boundary, constraints);
    let mut parts = Parts::default();
    let (mut count, mut text_left_bytes) = (0, limits.text_bytes);
    while let Some(part) = form.next_field().await.map_err(multipart_error)? {
        claimed.reset();
        let part = Part { field: part, claimed: &claimed };
        count += 1;
        if count > MULTIPART_MAX_PARTS {
            return Err(Error::invalid("The form in the body has too many parts."));
        }
        check_names(&part.field)?;
        let name =
            part.field.name().filter(|name| !name.is_empty()).map(str::to_owned).map(form::checked).transpose()?;
        match (part.field.file_name().filter(|file| !file.is_empty()).map(str::to_owned), name) {
            (Some(file), Some(name)) => {
                let upload = read_file(part, &name, &file, intake).await?;
                parts.uploads.extend(upload.map(|upload| (name, Arc::new(upload))));
            }
            (None, Some(name)) => {
                let value = read_text(part, &mut text_left_bytes).await?;
                parts.pairs.push((name, value));
            }
            (_, None) => pass(part).await?,
        }
    }
    Ok(parts)
}

/// Refuses names that aren't UTF-8. Otherwise a file with such a name would pass for text, and its field for empty.
fn check_names(field: &Field<'_>) -> Result<()> {
    match field.headers().get("content-disposition").map(|names| std::str::from_utf8(names.as_bytes())) {
        Some(Err(_)) => Err(Error::invalid("A part of the form, or its file, has a name that isn't UTF-8.")),
        _ => Ok(()),
    }
}

async fn read_file(
    mut part: Part<'_, '_>,
    name: &str,
    file: &str,
    intake: Option<&Intake<'_>>,
) -> Result<Option<Upload>> {
    let accepted = intake.and_then(|intake| Some((intake.spool, (intake.accept)(name)?)));
    let Some((spool, max_bytes)) = accepted else {
        pass(part).await?;
        return Ok(None);
    };
    let mut incoming = spool.begin(file, max_bytes).await?;
    while let Some(piece) = part.chunk().await? {
        incoming.write(&piece).await?;
    }
    incoming.finish().await.map(Some)
}

async fn read_text(mut part: Part<'_, '_>, left_bytes: &mut u64) -> Result<String> {
    // Put together at the end: what grows is copied again and again, and each copy takes memory of its own for a while.
    let mut pieces = Vec::new();
    while let Some(piece) = part.chunk().await? {
        *left_bytes = left_bytes.checked_sub(piece.len() as u64).ok_or_else(too_large)?;
        pieces.push(piece);
    }
    form::checked(String::from_utf8(pieces.concat()).map_err(|_| Error::invalid("A part of the form isn't UTF-8."))?)
}

/// Lets a part go by.
async fn pass(mut part: Part<'_, '_>) -> Result<()> {
    while part.chunk().await?.is_some() {}
    Ok(())
}

/// A part whose content is read piece by piece.
struct Part<'r, 'a> {
    field: Field<'r>,
    claimed: &'a Claimed,
}

impl Part<'_, '_> {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let chunk = self.field.chunk().await.map_err(multipart_error)?;
        self.claimed.reset();
        Ok(chunk)
    }
}

/// How much has been read since something came of it. The reader of forms keeps what it reads until it finds what it
/// looks for, the end of the head of a part say, which somebody may never send.
#[derive(Clone, Default)]
struct Claimed(Arc<AtomicUsize>);

impl Claimed {
    fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A stream that fails when too much is read from it in vain.
struct Leashed<R> {
    reader: R,
    claimed: Claimed,
}

impl<R: AsyncRead + Unpin> AsyncRead for Leashed<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.reader).poll_read(cx, into);
        let read = into.filled().len() - before;
        if self.claimed.0.fetch_add(read, Ordering::Relaxed) + read > MULTIPART_HEAD_MAX_BYTES {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the head of a part has no end")));
        }
        polled
    }
}

pub(super) fn too_large() -> Error {
    Error::new(ErrorKind::TooLarge, "The body is too large.")
}

/// Whether this is the error of [`Leashed`].
fn is_leash(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData)
}

fn multipart_error(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamSizeExceeded { .. } => too_large(),
        multer::Error::StreamReadFailed(cause) if is_leash(&*cause) => too_large(),
        other => Error::invalid("The multipart form in the body isn't well-formed.").caused_by(other),
    }
}

#[cfg(test)]
mod tests {
    use rocket::tokio;
    use rocket::tokio::io::{AsyncReadExt, repeat};

    use super::*;
    use crate::web::pace::Pace;

    const LIMITS: BodyLimits = BodyLimits { whole_bytes: u64::MAX, text_bytes: 1 << 20 };

    /// Reads a form that begins so and never ends.
    async fn read_endless(head: &'static str) -> Error {
        let stream = Pace::new().count(head.as_bytes().chain(repeat(b'a')));
        let read = read(stream, "multipart/form-data; boundary=b", LIMITS, None).await;
        read.err().expect("it can't be read to its end")
    }

    #[tokio::test]
    async fn what_has_no_end_is_given_up() {
        for head in [
            "",
            "--b\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"",
            "--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n",
        ] {
            assert_eq!(read_endless(head).await.kind(), ErrorKind::TooLarge, "{head}");
        }
    }
}
