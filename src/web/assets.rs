//! Static files, which are part of the program.
//!
//! Release builds hold them inside the binary; debug builds read them from the source tree at every use, so that a
//! page can be edited without a rebuild. Called by `pages` and, for addresses, by `templates`. Invariant: a file is
//! served under a fingerprint of its content, so that browsers may keep it for ever and still never show an old one.
//! Modules name each other from where they are, without a fingerprint; so those of the dashboard lie below one folder
//! that is named after all of them: `/static/@FINGERPRINT/admin/app.js`.
//!
//! Texts go out compressed to browsers that take them so. Each is compressed once, when it is first asked for.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rocket::http::{ContentType, Header, Status};
use rocket::response::{Responder, Response};
use rocket::{Request, response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::web::gzip;

#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticFiles;

/// How many hexadecimal digits of a file's SHA-256 stand for its content.
const FINGERPRINT_CHARS: usize = 16;

/// Files that are smaller are sent as they are.
const COMPRESSED_MIN_BYTES: usize = 1024;
/// So many compressed files are kept.
const COMPRESSED_MAX: usize = 500;
/// Folders whose files have one fingerprint together.
const TOGETHER: [&str; 2] = ["admin/", "vendor/"];

/// A static file on its way to a browser.
pub struct StaticFile {
    file: EmbeddedFile,
    content_type: ContentType,
    etag: String,
    /// Whether the address names this very content.
    fingerprinted: bool,
}

impl StaticFile {
    /// The file at `path` below `static/`; `version` is the fingerprint in the address, if there is one.
    pub fn find(path: &str, version: Option<&str>) -> Option<Self> {
        let (together, path) = match path.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
            Some((version, path)) if is_together(path) => (Some(version), path),
            Some(_) => return None,
            None => (None, path),
        };
        let file = StaticFiles::get(path)?;
        let fingerprint = fingerprint(&file);
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        Some(StaticFile {
            content_type: ContentType::from_extension(extension).unwrap_or(ContentType::Binary),
            fingerprinted: match together {
                Some(version) => version == fingerprint_of_all(),
                None => version == Some(fingerprint.as_str()),
            },
            etag: format!("\"{fingerprint}\""),
            file,
        })
    }
}

/// Compressed files by their fingerprints. There are no more than the program has files.
#[derive(Default)]
pub struct Compressed(Mutex<HashMap<String, Arc<[u8]>>>);

impl Compressed {
    /// The content of a file as gzip; `None` if that can't be had.
    fn get(&self, etag: &str, content: &[u8]) -> Option<Arc<[u8]>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(etag) {
            return Some(found.clone());
        }
        let made: Arc<[u8]> = gzip::best(content)?.into();
        // While pages are edited, contents come and go.
        if known.len() >= COMPRESSED_MAX {
            known.clear();
        }
        known.insert(etag.to_owned(), made.clone());
        Some(made)
    }
}

impl<'r> Responder<'r, 'static> for StaticFile {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let cache = if self.fingerprinted { "public, max-age=31536000, immutable" } else { "no-cache" };
        let known = request.headers().get("If-None-Match").flat_map(|tags| tags.split(','));
        let unchanged = known.map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == self.etag || tag == "*");
        let is_text = self.content_type.is_css()
            || self.content_type.is_javascript()
            || self.content_type.is_svg()
            || self.content_type.is_json()
            || self.content_type.is_plain();
        let wanted = is_text && self.file.data.len() >= COMPRESSED_MIN_BYTES && gzip::is_taken(request);
        let kept: Option<&Compressed> = request.rocket().state().filter(|_| wanted && !unchanged);
        let compressed = kept.and_then(|kept| kept.get(&self.etag, &self.file.data));
        let mut response = Response::build();
        response.header(Header::new("ETag", self.etag)).raw_header("Cache-Control", cache);
        if unchanged {
            return response.status(Status::NotModified).ok();
        }
        if let Some(content) = compressed {
            response.raw_header("Content-Encoding", "gzip").header(self.content_type);
            return response.sized_body(content.len(), std::io::Cursor::new(content)).ok();
        }
        let content = self.file.data;
        response.header(self.content_type).sized_body(content.len(), std::io::Cursor::new(content)).ok()
    }
}

/// The address of a static file, with its fingerprint. Nothing in it needs escaping.
pub fn address(path: &str) -> String {
    if is_together(path) {
        return format!("/static/@{}/{path}", fingerprint_of_all());
    }
    let version = StaticFiles::get(path).map(|file| fingerprint(&file)).unwrap_or_default();
    format!("/static/{path}?v={version}")
}

fn is_together(path: &str) -> bool {
    TOGETHER.iter().any(|folder| path.starts_with(folder))
}

fn fingerprint(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let mut text: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(FINGERPRINT_CHARS);
    text
}

/// The fingerprint of all files that have one together.
fn fingerprint_of_all() -> String {
    static BUILT_IN: LazyLock<String> = LazyLock::new(hash_of_all);
    // Debug builds read the files anew, and so must look at them anew.
    if cfg!(debug_assertions) { hash_of_all() } else { BUILT_IN.clone() }
}

fn hash_of_all() -> String {
    let mut hash = DefaultHasher::new();
    for path in StaticFiles::iter().filter(|path| is_together(path)) {
        path.hash(&mut hash);
        StaticFiles::get(&path).map(|file| file.metadata.sha256_hash()).hash(&mut hash);
    }
    format!("{:0FINGERPRINT_CHARS$x}", hash.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_with_the_fingerprint_that_templates_print() {
        let address = address("page.css");
        let (_, version) = address.split_once("?v=").expect("the file exists");
        assert!(StaticFile::find("page.css", Some(version)).expect("the file exists").fingerprinted);
        assert!(!StaticFile::find("page.css", Some("0")).expect("the file exists").fingerprinted);
        assert!(StaticFile::find("../Cargo.toml", None).is_none());
        assert!(StaticFile::find("missing.css", None).is_none());
    }

    #[test]
    fn a_file_is_compressed_once() {
        let kept = Compressed::default();
        let first = kept.get("\"1\"", &[b'a'; 5000]).expect("it can be compressed");
        assert!(first.len() < 100 && first.starts_with(&[0x1f, 0x8b]));
        assert!(Arc::ptr_eq(&first, &kept.get("\"1\"", b"").expect("it is kept")));
    }

    #[test]
    fn modules_are_found_below_one_fingerprint() {
        let address = address("admin/app.js");
        let path = address.strip_prefix("/static/").expect("it is a static file");
        assert!(StaticFile::find(path, None).expect("the file exists").fingerprinted);
        assert!(!StaticFile::find("@0/admin/app.js", None).expect("the file exists").fingerprinted);
        assert!(StaticFile::find("@0/page.css", None).is_none());
        assert!(StaticFile::find("@0/../Cargo.toml", None).is_none());
    }
}
