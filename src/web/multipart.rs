//! Multipart forms: text parts go into memory within their limit, file parts into the spool while they arrive.
//!
//! Called by `body`. Invariants: no more than the text limit and a few pieces are in memory, however large the form is;
//! a file that nobody asked for is never written anywhere. Not here: what the parts mean.

use std::sync::Arc;

use multer::{Constraints, Field, Multipart, SizeLimit};
use rocket::tokio::io::AsyncRead;

use crate::base::limits::MULTIPART_MAX_PARTS;
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
    let mut form = Multipart::with_reader_with_constraints(stream, boundary, constraints);
    let mut parts = Parts::default();
    let (mut count, mut text_left_bytes) = (0, limits.text_bytes);
    while let Some(part) = form.next_field().await.map_err(multipart_error)? {
        count += 1;
        if count > MULTIPART_MAX_PARTS {
            return Err(Error::invalid("The form in the body has too many parts."));
        }
        let name = part.name().filter(|name| !name.is_empty()).map(str::to_owned).map(form::checked).transpose()?;
        match (part.file_name().filter(|file| !file.is_empty()).map(str::to_owned), name) {
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

async fn read_file(mut part: Field<'_>, name: &str, file: &str, intake: Option<&Intake<'_>>) -> Result<Option<Upload>> {
    let accepted = intake.and_then(|intake| Some((intake.spool, (intake.accept)(name)?)));
    let Some((spool, max_bytes)) = accepted else {
        pass(part).await?;
        return Ok(None);
    };
    let mut incoming = spool.begin(file, max_bytes).await?;
    while let Some(piece) = part.chunk().await.map_err(multipart_error)? {
        incoming.write(&piece).await?;
    }
    incoming.finish().await.map(Some)
}

async fn read_text(mut part: Field<'_>, left_bytes: &mut u64) -> Result<String> {
    let mut value = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(multipart_error)? {
        *left_bytes = left_bytes.checked_sub(piece.len() as u64).ok_or_else(too_large)?;
        value.extend_from_slice(&piece);
    }
    form::checked(String::from_utf8(value).map_err(|_| Error::invalid("A part of the form isn't UTF-8."))?)
}

/// Lets a part go by.
async fn pass(mut part: Field<'_>) -> Result<()> {
    while part.chunk().await.map_err(multipart_error)?.is_some() {}
    Ok(())
}

pub(super) fn too_large() -> Error {
    Error::new(ErrorKind::TooLarge, "The body is too large.")
}

fn multipart_error(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamSizeExceeded { .. } => too_large(),
        other => Error::invalid("The multipart form in the body isn't well-formed.").caused_by(other),
    }
}
