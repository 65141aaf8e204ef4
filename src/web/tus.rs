//! The tus protocol for resumable uploads (<https://tus.io/protocols/resumable-upload>), version 1.0: what its headers
//! say, and how answers are made of what the app says.
//!
//! Pure but for [`add_headers`], which `headers` calls for every answer below [`PATH`], also for those that no route
//! gives. Not here: the routes (`api`), who may upload (`records`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rocket::Request;
use rocket::http::{Header, Method, Status};
use rocket::response::{Responder, Response, Result as Responded};

use crate::app::{App, NewUpload, UploadState, UploadTarget};
use crate::base::limits::{SAFE_INTEGER_MAX, UPLOAD_METADATA_MAX_BYTES};
use crate::base::{Error, ErrorKind, FieldError, FieldErrors, Result};
use crate::domain::RequestInfo;
use crate::web::form;

/// Where uploads are made; each lies below by its id.
pub const PATH: &str = "/api/uploads";
/// What is spoken here.
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination,expiration";
/// The type of a body that is a part of a file.
const CONTENT_TYPE: &str = "application/offset+octet-stream";
/// What scripts of other origins have to read.
pub const EXPOSED: &str = "Location, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Expires, \
                           Upload-Length, Upload-Metadata, Upload-Offset";

/// Whether a path belongs to the protocol.
pub fn is_below(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Adds what every answer of the protocol says.
pub fn add_headers(request: &Request<'_>, response: &mut Response<'_>) {
    response.set_raw_header("Tus-Resumable", VERSION);
    // A moment later it may be otherwise.
    response.set_raw_header("Cache-Control", "no-store");
    let asks = request.method() == Method::Options;
    if asks || response.status() == Status::PreconditionFailed {
        response.set_raw_header("Tus-Version", VERSION);
    }
    if asks {
        response.set_raw_header("Tus-Extension", EXTENSIONS);
        let max_bytes = request.rocket().state().map(App::upload_max_bytes).unwrap_or_default();
        response.set_header(Header::new("Tus-Max-Size", max_bytes.to_string()));
    }
}

/// Whether the client speaks the version of this server.
///
/// # Errors
/// 412.
pub fn check_version(request: &RequestInfo) -> Result<()> {
    match request.header("tus_resumable") {
        Some(VERSION) => Ok(()),
        _ => {
            let message = format!("This takes version {VERSION} of the tus protocol, named by Tus-Resumable.");
            Err(Error::new(ErrorKind::PreconditionFailed, message))
        }
    }
}

/// Whether the body is a part of a file.
pub fn has_part(request: &RequestInfo) -> bool {
    request.header("content_type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case(CONTENT_TYPE))
}

/// Where the part of a file in the body goes on.
///
/// # Errors
/// 415 if the body is none; 400 if it isn't said.
pub fn offset_bytes(request: &RequestInfo) -> Result<u64> {
    if !has_part(request) {
        return Err(Error::new(ErrorKind::UnsupportedType, format!("The Content-Type must be {CONTENT_TYPE}.")));
    }
    number(request, "upload_offset").ok_or_else(|| Error::invalid("Upload-Offset must say where the part begins."))
}

/// The upload that a request wants to begin.
///
/// # Errors
/// 400 if it doesn't say how large it is, or what of it must be known.
pub fn new_upload(request: &RequestInfo) -> Result<NewUpload> {
    let size_bytes = number(request, "upload_length")
        .ok_or_else(|| Error::invalid("Upload-Length must say how many bytes the file has; it can't be deferred."))?;
    let metadata = request.header("upload_metadata").unwrap_or_default();
    let mut pairs = parse_metadata(metadata)?;
    let mut take = |name: &str| {
        let at = pairs.iter().position(|(key, _)| key == name);
        at.map(|at| pairs.swap_remove(at).1).filter(|value| !value.is_empty())
    };
    let (collection, field, original_name, record) =
        (take("collection"), take("field"), take("filename"), take("record"));
    let mut errors = FieldErrors::new();
    for (name, value) in [("collection", &collection), ("field", &field), ("filename", &original_name)] {
        if value.is_none() {
            errors.add(name, FieldError::required());
        }
    }
    errors.into_result("Something in Upload-Metadata is missing.")?;
    let target = UploadTarget { collection: collection.unwrap_or_default(), field: field.unwrap_or_default(), record };
    let original_name = original_name.unwrap_or_default();
    Ok(NewUpload { target, original_name, metadata: metadata.to_owned(), size_bytes })
}

/// Names with values: `filename cGxhbi5wbmc=,public`. A value that is left out is empty.
fn parse_metadata(text: &str) -> Result<Vec<(String, String)>> {
    let malformed =
        || Error::invalid("Upload-Metadata isn't well-formed: names with values in Base64, and commas between.");
    if text.len() > UPLOAD_METADATA_MAX_BYTES {
        return Err(Error::invalid(format!("Upload-Metadata is longer than {UPLOAD_METADATA_MAX_BYTES} bytes.")));
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let value = form::checked(value.ok_or_else(malformed)?)?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name || pairs.iter().any(|(other, _)| other == name) {
            return Err(malformed());
        }
        pairs.push((name.to_owned(), value));
    }
    Ok(pairs)
}

/// A header that is a whole number, and nothing but digits.
fn number(request: &RequestInfo, name: &str) -> Option<u64> {
    let text = request.header(name)?;
    let number: u64 = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    (number <= SAFE_INTEGER_MAX.unsigned_abs()).then_some(number)
}

/// What a request of the protocol is answered.
pub struct Tus {
    status: Status,
    headers: Vec<Header<'static>>,
}

impl Tus {
    /// An upload has begun; with `offset`, some of it has come with the same request.
    pub fn created(state: &UploadState, with_offset: bool) -> Tus {
        let mut headers = vec![Header::new("Location", format!("{PATH}/{}", state.id)), expires(state)];
        if with_offset {
            headers.push(offset(state));
        }
        Tus { status: Status::Created, headers }
    }

    /// More of an upload has arrived.
    pub fn received(state: &UploadState) -> Tus {
        Tus { status: Status::NoContent, headers: vec![offset(state), expires(state)] }
    }

    /// How an upload stands.
    pub fn standing(state: &UploadState) -> Tus {
        let mut headers =
            vec![offset(state), Header::new("Upload-Length", state.size_bytes.to_string()), expires(state)];
        if !state.metadata.is_empty() {
            headers.push(Header::new("Upload-Metadata", state.metadata.clone()));
        }
        Tus { status: Status::Ok, headers }
    }
}

fn offset(state: &UploadState) -> Header<'static> {
    Header::new("Upload-Offset", state.offset_bytes.to_string())
}

fn expires(state: &UploadState) -> Header<'static> {
    Header::new("Upload-Expires", state.expires.http_date())
}

impl<'r> Responder<'r, 'static> for Tus {
    fn respond_to(self, _: &'r Request<'_>) -> Responded<'static> {
        let mut response = Response::build().status(self.status).finalize();
        for header in self.headers {
            response.set_header(header);
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> RequestInfo {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        RequestInfo { headers, ..RequestInfo::default() }
    }

    fn status<T>(result: &Result<T>) -> u16 {
        result.as_ref().map_or_else(|error| error.kind().status(), |_| 200)
    }

    #[test]
    fn metadata_is_names_with_values_in_base64() {
        for (text, expect) in [
            ("", Some(vec![])),
            (" ", Some(vec![])),
            ("filename cGxhbi5wbmc=", Some(vec![("filename", "plan.png")])),
            ("a YQ==,b w7w=, c", Some(vec![("a", "a"), ("b", "ü"), ("c", "")])),
            ("a  YQ==", Some(vec![("a", "a")])),
            ("a YQ", None),
            ("a YQ=", None),
            ("a Y!==", None),
            ("a YQ== YQ==", None),
            ("a /w==", None),
            ("a AA==", None),
            ("a YQ==,a Yg==", None),
            ("a YQ==,", None),
            (",", None),
            (" YQ==", Some(vec![("YQ==", "")])),
            ("ä YQ==", None),
        ] {
            let found = parse_metadata(text).ok();
            let found: Option<Vec<(&str, &str)>> =
                found.as_ref().map(|pairs| pairs.iter().map(|(name, value)| (&**name, &**value)).collect());
            assert_eq!(found, expect, "{text:?}");
        }
        let long = format!("a {}", "YWFh".repeat(UPLOAD_METADATA_MAX_BYTES / 4));
        assert_eq!(status(&parse_metadata(&long)), 400);
    }

    #[test]
    fn what_must_be_known_of_an_upload_is_asked_for() {
        let all = "collection ZG9jcw==,field b25l,filename YQ==";
        for (length, metadata, expect) in [
            ("0", all, Ok("")),
            ("9007199254740991", all, Ok("")),
            ("9007199254740992", all, Err("")),
            ("-1", all, Err("")),
            ("+1", all, Err("")),
            ("1.5", all, Err("")),
            ("", all, Err("")),
            ("1", "", Err("collection field filename")),
            ("1", "collection ZG9jcw==,field,filename YQ==", Err("field")),
            ("1", "collection ZG9jcw==,field b25l,filename YQ==,record eA==", Ok("x")),
            ("1", "collection ZG9jcw==,field b25l,filename YQ==,record", Ok("")),
        ] {
            let made = new_upload(&request(&[("upload_length", length), ("upload_metadata", metadata)]));
            let made = made.map(|new| new.target.record.unwrap_or_default());
            let made = made.map_err(|error| error.fields().names().collect::<Vec<_>>().join(" "));
            assert_eq!(made, expect.map(str::to_owned).map_err(str::to_owned), "{length} {metadata}");
        }
        assert_eq!(status(&new_upload(&request(&[("upload_metadata", all), ("upload_defer_length", "1")]))), 400);
    }

    #[test]
    fn parts_say_what_they_are_and_where_they_begin() {
        for (kind, offset, expect) in [
            ("application/offset+octet-stream", "5", 200),
            ("Application/Offset+Octet-Stream", "0", 200),
            ("application/octet-stream", "5", 415),
            ("", "5", 415),
            ("application/offset+octet-stream", "x", 400),
            ("application/offset+octet-stream", "-1", 400),
            ("application/offset+octet-stream", "0x1", 400),
        ] {
            let found = offset_bytes(&request(&[("content_type", kind), ("upload_offset", offset)]));
            assert_eq!(status(&found), expect, "{kind:?} {offset:?}");
        }
    }

    #[test]
    fn only_this_version_is_spoken() {
        for (headers, expect) in
            [(vec![("tus_resumable", "1.0.0")], 200), (vec![("tus_resumable", "0.2.2")], 412), (vec![], 412)]
        {
            assert_eq!(status(&check_version(&request(&headers))), expect, "{headers:?}");
        }
    }

    #[test]
    fn only_what_is_below_belongs_to_the_protocol() {
        for (path, expect) in
            [("/api/uploads", true), ("/api/uploads/x", true), ("/api/uploadsx", false), ("/api/files", false)]
        {
            assert_eq!(is_below(path), expect, "{path}");
        }
    }
}
