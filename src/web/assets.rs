//! Static files and page templates, which are part of the program.
//!
//! Release builds hold them inside the binary; debug builds read them from the source tree at every use, so that a
//! page can be edited without a rebuild. Called by `pages`. Invariant: a file is served under a fingerprint of its
//! content, so that browsers may keep it for ever and still never show an old one.

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use rocket::http::{ContentType, Header, Status};
use rocket::response::{Responder, Response};
use rocket::{Request, response};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;

use crate::base::{Error, Result};

#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticFiles;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

/// How many hexadecimal digits of a file's SHA-256 stand for its content.
const FINGERPRINT_CHARS: usize = 16;

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
        let file = StaticFiles::get(path)?;
        let fingerprint = fingerprint(&file);
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        Some(StaticFile {
            content_type: ContentType::from_extension(extension).unwrap_or(ContentType::Binary),
            fingerprinted: version == Some(fingerprint.as_str()),
            etag: format!("\"{fingerprint}\""),
            file,
        })
    }
}

impl<'r> Responder<'r, 'static> for StaticFile {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let cache = if self.fingerprinted { "public, max-age=31536000, immutable" } else { "no-cache" };
        let known = request.headers().get("If-None-Match").flat_map(|tags| tags.split(','));
        let unchanged = known.map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == self.etag || tag == "*");
        let mut response = Response::build();
        response.header(Header::new("ETag", self.etag)).raw_header("Cache-Control", cache);
        if unchanged {
            return response.status(Status::NotModified).ok();
        }
        let content = self.file.data;
        response.header(self.content_type).sized_body(content.len(), std::io::Cursor::new(content)).ok()
    }
}

/// The page with this title whose content is made of the template `name` and `context`.
///
/// Templates are read anew for each page: there are few of them and their pages are opened by people, not programs.
pub fn render(title: &str, name: &str, context: &impl Serialize) -> Result<String> {
    let content = fill(name, context)?;
    fill("layout.html", &serde_json::json!({"title": title, "content": content}))
}

fn fill(name: &str, context: &impl Serialize) -> Result<String> {
    let file = Templates::get(name).ok_or_else(|| Error::internal(format!("there is no template {name}")))?;
    let source = std::str::from_utf8(&file.data).map_err(Error::internal)?;
    let mut environment = Environment::new();
    environment.add_function("asset", asset);
    // The name decides that values are escaped for HTML.
    environment.render_named_str(name, source, Serde(context)).map_err(Error::internal)
}

/// In templates: the address of a static file, with its fingerprint.
fn asset(path: &str) -> Value {
    let version = StaticFiles::get(path).map(|file| fingerprint(&file)).unwrap_or_default();
    // Nothing in it needs escaping.
    Value::from_safe_string(format!("/static/{path}?v={version}"))
}

fn fingerprint(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let mut text: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(FINGERPRINT_CHARS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_with_the_fingerprint_that_templates_print() {
        let address = asset("page.css").to_string();
        let (_, version) = address.split_once("?v=").expect("the file exists");
        assert!(StaticFile::find("page.css", Some(version)).expect("the file exists").fingerprinted);
        assert!(!StaticFile::find("page.css", Some("0")).expect("the file exists").fingerprinted);
        assert!(StaticFile::find("../Cargo.toml", None).is_none());
        assert!(StaticFile::find("missing.css", None).is_none());
    }

    #[test]
    fn templates_escape_what_they_are_given() {
        let context = serde_json::json!({"text": "\"><script>"});
        let page = render("<b>", "message.html", &context).expect("the template is valid");
        assert!(page.contains("&quot;&gt;&lt;script&gt;") && page.contains("<h1>&lt;b&gt;</h1>"), "{page}");
    }

    #[test]
    fn every_template_is_valid() {
        for name in Templates::iter() {
            fill(&name, &serde_json::json!({})).unwrap_or_else(|error| panic!("{}", error.log_text()));
        }
    }
}
