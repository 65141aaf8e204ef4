//! Segments: a run of frames of the write-ahead log as an object.
//!
//! A segment begins with [`MAGIC`] and the length of its head (four bytes, the highest first); then come the head,
//! which is JSON, and the pages, packed. At the end stands the SHA-256 of all of it in hexadecimal digits. Invariant:
//! what [`Segment::decode`] gives is what was encoded under this number, or nothing is.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use super::altered;
use super::names::SegmentName;
use crate::base::limits::{SHIP_PIECE_MAX_BYTES, SHIP_SEGMENT_MAX_BYTES};
use crate::base::{Error, Result};
use crate::files::Hash;
use crate::store::{Commit, Piece, Place};

const MAGIC: &[u8; 8] = b"holdseg1";
const SUM_BYTES: usize = 64;
/// The number of a page stands before it.
const NUMBER_BYTES: usize = 4;

/// A segment.
#[derive(Debug)]
pub struct Segment {
    head: Head,
    pages: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    number: u64,
    page_bytes: u32,
    /// Where it ends in the log, as [`Place`] is printed.
    end: String,
    commits: Vec<CommitNote>,
}

/// Pages up to its end, pages of the database from then on, and its time.
#[derive(Debug, Serialize, Deserialize)]
struct CommitNote(u32, u32, i64);

impl Segment {
    /// Makes an object of a piece.
    ///
    /// # Errors
    /// None in practice.
    pub fn encode(number: u64, piece: &Piece) -> Result<(SegmentName, Vec<u8>)> {
        let note = |commit: &Commit| CommitNote(commit.pages, commit.db_pages, commit.at_ms);
        let commits: Vec<CommitNote> = piece.commits.iter().map(note).collect();
        let times = || piece.commits.iter().map(|commit| commit.at_ms);
        let name = SegmentName { number, span: times().min().zip(times().max()) };
        let head = Head { number, page_bytes: piece.end.page_bytes(), end: piece.end.to_string(), commits };
        let head = serde_json::to_vec(&head).map_err(Error::internal)?;
        let length = u32::try_from(head.len()).map_err(Error::internal)?;
        let mut bytes = [&MAGIC[..], &length.to_be_bytes(), &head].concat();
        let mut packer = DeflateEncoder::new(&mut bytes, Compression::fast());
        packer.write_all(&piece.pages).and_then(|()| packer.finish().map(|_| ())).map_err(Error::internal)?;
        let sum = sum(&bytes);
        bytes.extend(sum.as_bytes());
        Ok((name, bytes))
    }

    /// Reads an object.
    ///
    /// # Errors
    /// 400 if it isn't what it was.
    pub fn decode(key: &str, number: u64, bytes: &[u8]) -> Result<Segment> {
        Segment::read(number, bytes).ok_or_else(|| altered(key))
    }

    fn read(number: u64, bytes: &[u8]) -> Option<Segment> {
        let (content, expected) = bytes.split_at_checked(bytes.len().checked_sub(SUM_BYTES)?)?;
        if sum(content).as_bytes() != expected {
            return None;
        }
        let (length, rest) = content.strip_prefix(MAGIC)?.split_at_checked(4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let (head, packed) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let mut pages = Vec::with_capacity(SHIP_PIECE_MAX_BYTES);
        DeflateDecoder::new(packed).take(SHIP_SEGMENT_MAX_BYTES).read_to_end(&mut pages).ok()?;
        let segment = Segment { head, pages };
        let whole = segment.pages.len().is_multiple_of(segment.stride());
        (whole && segment.head.number == number && segment.end().is_some()).then_some(segment)
    }

    /// Where it ends in the log.
    pub fn end(&self) -> Option<Place> {
        Place::parse(&self.head.end)
    }

    /// The size of a page.
    pub fn page_bytes(&self) -> u32 {
        self.head.page_bytes
    }

    /// The last of its commits that isn't after `until_ms`.
    pub fn last_commit(&self, until_ms: i64) -> Option<Commit> {
        let CommitNote(pages, db_pages, at_ms) = self.head.commits.iter().rev().find(|note| note.2 <= until_ms)?;
        Some(Commit { pages: *pages, db_pages: *db_pages, at_ms: *at_ms })
    }

    /// Its first pages, or all of them, with their numbers.
    pub fn pages(&self, count: Option<u32>) -> impl Iterator<Item = (u32, &[u8])> {
        let count = count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
        self.pages.chunks_exact(self.stride()).take(count).map(|entry| {
            let (number, page) = entry.split_at(NUMBER_BYTES);
            (u32::from_be_bytes([number[0], number[1], number[2], number[3]]), page)
        })
    }

    fn stride(&self) -> usize {
        NUMBER_BYTES + usize::try_from(self.head.page_bytes).unwrap_or(usize::MAX - NUMBER_BYTES)
    }
}

fn sum(bytes: &[u8]) -> String {
    let mut hash = Hash::new();
    hash.update(bytes);
    hash.hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece() -> Piece {
        let end = Place::parse("2.00000001.00000002.00000003.00000004.200.0").expect("a place");
        let page = |number: u32, fill: u8| [&number.to_be_bytes()[..], &[fill; 512]].concat();
        let commit = |pages, at_ms| Commit { pages, db_pages: 9, at_ms };
        Piece { pages: [page(7, 1), page(8, 2)].concat(), commits: vec![commit(1, 50), commit(2, 40)], end }
    }

    #[test]
    fn a_segment_is_read_as_it_was_written() {
        let (name, bytes) = Segment::encode(5, &piece()).expect("it can be encoded");
        assert_eq!(name, SegmentName { number: 5, span: Some((40, 50)) });
        let read = Segment::decode("k", 5, &bytes).expect("it is whole");
        assert_eq!(read.end(), Some(piece().end));
        let pages: Vec<(u32, u8)> = read.pages(None).map(|(number, page)| (number, page[511])).collect();
        assert_eq!(pages, [(7, 1), (8, 2)]);
        assert_eq!(read.pages(Some(1)).count(), 1);
        // The last one in their order counts, also if the clock was set back before it.
        assert_eq!(read.last_commit(45).map(|commit| commit.pages), Some(2));
        assert_eq!(read.last_commit(50).map(|commit| commit.pages), Some(2));
        assert_eq!(read.last_commit(39), None);
    }

    #[test]
    fn nothing_may_be_altered_or_missing() {
        let (_, bytes) = Segment::encode(5, &piece()).expect("it can be encoded");
        Segment::decode("k", 6, &bytes).expect_err("it has another number");
        for length in 0..bytes.len() {
            Segment::decode("k", 5, &bytes[..length]).expect_err("it is cut off");
        }
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            Segment::decode("k", 5, &other).expect_err("a bit is another one");
        }
    }
}
