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
/// What text is.
const TEXT: &str = "text/plain; charset=utf-8";
/// What holds nothing.
const EMPTY: &str = "text/plain";

/// Kinds of text that the detector is believed. It also tells programs, tables and more by words that letters, too, may
/// have; a field that takes plain text would refuse them.
const TEXTS_WITH_A_MARK: &[&str] =
    &["text/html", "text/xml", "text/rtf", "text/vtt", "text/vcard", "text/calendar", "text/x-php"];

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
        return plain(EMPTY, ".txt");
    }
    let found = catch_unwind(|| detect(head)).map_or_else(|_| plain(UNKNOWN, ""), sniffed);
    if is_text(head) && is_doubtful(&found, head) { sniff_text(head) } else { found }
}

fn plain(content_type: &str, extension: &str) -> Sniffed {
    Sniffed { content_type: content_type.to_owned(), aliases: Vec::new(), extension: extension.to_owned() }
}

/// Whether there are none of the control characters that no text has, whatever its character set.
fn is_text(head: &[u8]) -> bool {
    !head.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f))
}

/// Whether the detector has called a text something that it may not be.
fn is_doubtful(found: &Sniffed, head: &[u8]) -> bool {
    let kind = found.content_type.split(';').next().unwrap_or_default();
    match kind {
        "application/json" => {
            // It takes the first line of a configuration file, `[section]`, for a list.
            let list = head.trim_ascii_start().strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
            let item = list.and_then(<[u8]>::first);
            item.is_some_and(|byte| {
                !matches!(byte, b'"' | b'[' | b']' | b'{' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
            })
        }
        UNKNOWN => true,
        _ => kind.starts_with("text/") && !TEXTS_WITH_A_MARK.contains(&kind) && !head.starts_with(b"#!"),
    }
}

/// What a text without a mark is: a table if all its lines have equally many columns.
fn sniff_text(head: &[u8]) -> Sniffed {
    // The last line may be cut off.
    let whole = if head.len() < HEAD_BYTES { head.len() } else { head.iter().rposition(|b| *b == b'\n').unwrap_or(0) };
    let lines = head.strip_prefix(b"\xef\xbb\xbf").map_or(&head[..whole], |rest| &rest[..whole.saturating_sub(3)]);
    if is_table(lines, b',') {
        plain("text/csv", ".csv")
    } else if is_table(lines, b'\t') {
        plain("text/tab-separated-values", ".tsv")
    } else {
        plain(TEXT, ".txt")
    }
}

/// Whether there are two lines or more, all with the same number of columns and with more than one. Empty lines and
/// those that begin with `#` don't count; what is quoted separates nothing (RFC 4180).
fn is_table(text: &[u8], separator: u8) -> bool {
    let (mut lines, mut columns, mut expected) = (0, 1, None);
    let (mut is_quoted, mut is_empty, mut is_comment) = (false, true, false);
    for byte in text.iter().copied().chain([b'\n']) {
        match byte {
            b'\n' if is_quoted => {}
            b'\n' => {
                if !is_empty && !is_comment {
                    lines += 1;
                    if *expected.get_or_insert(columns) != columns {
                        return false;
                    }
                }
                (columns, is_empty, is_comment) = (1, true, false);
            }
            b'\r' => {}
            _ => {
                is_comment |= is_empty && byte == b'#';
                is_empty = false;
                is_quoted ^= byte == b'"' && !is_comment;
                columns += usize::from(byte == separator && !is_quoted);
            }
        }
    }
    lines > 1 && !is_quoted && expected.is_some_and(|columns| columns > 1)
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
    fn texts_are_told_apart_by_marks_and_columns_only() {
        let csv = ("text/csv", ".csv");
        let text = (TEXT, ".txt");
        let whole = "a,b\n".repeat(HEAD_BYTES / 4) + "a,b";
        for (content, expect) in [
            ("a,b\n1,2", csv),
            ("a,b\r\n1,2\r\n3,4\r\n", csv),
            ("\u{feff}a,b\n1,2\n", csv),
            ("\"a,b\",c\n\"x \"\"y\"\"\",d\n", csv),
            ("#c\na,b\n\n1,2\n", csv),
            ("\"a\nb\",c\nd,e\n", csv),
            (&whole, csv),
            ("a\tb\n1\t2\n", ("text/tab-separated-values", ".tsv")),
            ("a,b\n", text),
            ("a,b\n1,2,3\n", text),
            ("x,\"unclosed\ny,z\n", text),
            ("a\n1\n2\n", text),
            ("a;b;c\n1;2;3\n", text),
            ("class Foo\nend\n", text),
            ("Sub x\nEnd Sub\n", text),
            ("function f() {}\n", text),
            ("[section]\nkey=value\n", text),
            ("[1,2]", ("application/json", ".json")),
            ("#!/bin/sh\nls a,b\nls c,d\n", ("text/x-shellscript", ".sh")),
            ("<?php echo 1;", ("text/x-php", ".php")),
        ] {
            let found = sniff(content.as_bytes());
            assert_eq!((found.content_type.as_str(), found.extension.as_str()), expect, "{content:?}");
        }
        assert_eq!(sniff(b"caf\xe9").content_type, TEXT);
        assert_eq!(sniff(b"a\x07b").content_type, UNKNOWN);
        assert_eq!(sniff(b"").content_type, EMPTY);
    }

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
