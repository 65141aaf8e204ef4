//! What a file is, told by how it begins.
//!
//! Called by the spool. Invariant: whatever is in a file, this gives an answer: the detector is somebody else's code
//! and reads what strangers send, so a panic of it counts as "unknown".

use std::panic::catch_unwind;

use mimetype_detector::{MimeType, detect};

/// How much of a file's beginning is looked at, in bytes.
pub const HEAD_BYTES: usize = 3072;

/// What a file of unknown type is.
const UNKNOWN: &str = "application/octet-stream";
/// What text is, and what holds nothing.
const TEXT: &str = "text/plain; charset=utf-8";

/// A media type, its other names, and the extension that goes with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Sniffed {
    /// Perhaps with parameters.
    pub content_type: String,
    /// Without parameters.
    pub aliases: Vec<String>,
    /// With its dot; may be empty.
    pub extension: String,
}

/// The type of the file that begins with `head`.
pub fn sniff(head: &[u8]) -> Sniffed {
    let head = &head[..head.len().min(HEAD_BYTES)];
    if head.is_empty() {
        return Sniffed { content_type: TEXT.to_owned(), aliases: Vec::new(), extension: ".txt".to_owned() };
    }
    match catch_unwind(|| detect(head)) {
        Ok(found) => sniffed(found),
        Err(_) => Sniffed { content_type: UNKNOWN.to_owned(), aliases: Vec::new(), extension: String::new() },
    }
}

fn sniffed(found: &MimeType) -> Sniffed {
    Sniffed {
        content_type: found.mime().to_owned(),
        aliases: found.aliases().iter().map(|alias| (*alias).to_owned()).collect(),
        extension: found.extension().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_from_the_content() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
        let text = "text/plain";
        for (content, expect, extension) in [
            (&png[..], "image/png", ".png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg", ".jpg"),
            (b"GIF89a\x01\0\x01\0", "image/gif", ".gif"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp", ".webp"),
            (b"%PDF-1.7\n", "application/pdf", ".pdf"),
            (b"hello, world", text, ".txt"),
            ("größe".as_bytes(), text, ".txt"),
            (b"", text, ".txt"),
            (b"<!DOCTYPE html><html><script>alert(1)</script>", "text/html", ".html"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>", "image/svg+xml", ".svg"),
            (b"{\"a\": 1}", "application/json", ".json"),
            (b"\0\x01\x02\x03\xfe\xff\0\0", "application/octet-stream", ""),
        ] {
            let found = sniff(content);
            let plain = found.content_type.split(';').next().unwrap_or_default();
            assert_eq!((plain, found.extension.as_str()), (expect, extension), "{content:?}");
        }
    }
}
