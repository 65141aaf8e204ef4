//! A file that has arrived and belongs to no record yet.
//!
//! Made by `files::spool`, carried by [`RequestInfo`](crate::domain::RequestInfo), taken by the storage once a record
//! is about to name it. Invariant: the bytes lie in a file of their own until the storage has taken them or the upload
//! is dropped, and nothing is ever written to them any more. (Those of a resumable upload have another name besides, by
//! which they stay for another try if the record isn't written.)

use std::path::{Path, PathBuf};

/// A file on its way into a record.
#[derive(Debug)]
pub struct Upload {
    /// What the client calls it, without folders; never used as the name of anything.
    pub original_name: String,
    /// What the record and the storage call it: see [`stored_name`](crate::domain::file_name::stored_name).
    pub name: String,
    /// How many bytes arrived. If it is [`cut_off`](Upload::cut_off), not all of them were kept.
    pub size_bytes: u64,
    /// The media type that the content looks like, perhaps with parameters; nothing that a client said takes part.
    pub content_type: String,
    /// Other names of the same media type.
    pub type_aliases: Vec<String>,
    /// SHA-256 of the content in hexadecimal digits.
    pub sha256: String,
    /// Whether it was larger than its field allows, so that the rest wasn't kept. Never to be stored.
    pub cut_off: bool,
    /// The id of the resumable upload that it came by, which the record's transaction uses up.
    pub resumed: Option<String>,
    /// Where the bytes are.
    pub spool: SpoolFile,
}

impl Upload {
    /// Whether the content is of this media type, parameters aside.
    pub fn is_of_type(&self, media_type: &str) -> bool {
        let plain = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let wanted = plain(media_type);
        plain(&self.content_type) == wanted || self.type_aliases.iter().any(|alias| plain(alias) == wanted)
    }
}

/// A file that goes when nobody needs it any more. Where it was moved away in time, nothing is left to remove.
#[derive(Debug)]
pub struct SpoolFile(PathBuf);

impl SpoolFile {
    /// Takes the file over, whether or not it exists yet.
    pub fn new(path: PathBuf) -> SpoolFile {
        SpoolFile(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        // It may have been moved into the storage; and what can't be removed now goes at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compared_without_parameters_and_by_any_of_their_names() {
        let upload = Upload {
            original_name: String::new(),
            name: String::new(),
            size_bytes: 0,
            content_type: "text/xml; charset=utf-8".into(),
            type_aliases: vec!["application/xml".into()],
            sha256: String::new(),
            cut_off: false,
            resumed: None,
            spool: SpoolFile::new(PathBuf::new()),
        };
        for (media_type, expect) in [
            ("text/xml", true),
            ("Text/XML; charset=x", true),
            ("application/xml", true),
            ("text/plain", false),
            ("", false),
        ] {
            assert_eq!(upload.is_of_type(media_type), expect, "{media_type}");
        }
    }

    #[test]
    fn a_spool_file_that_nobody_took_is_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x");
        std::fs::write(&path, "bytes").expect("it can be written");
        drop(SpoolFile::new(path.clone()));
        assert!(!path.exists());
    }
}
