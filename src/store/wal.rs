//! The write-ahead log as a file: what stands in it, read without SQLite and without a lock.
//!
//! Called by [`Tail`](super::Tail), which knows when there is something to read. A log begins with a header; behind it
//! stand frames, each a page with its number. The last frame of a transaction says how many pages the database has from
//! then on. Checksums run on from the header through all frames, and header and frames have the same two random
//! numbers, the salts; so frames of an earlier use of the same file, and those that are being written, are never taken
//! for what was committed. (SQLite's file format, section 4.) Invariant: only whole transactions are seen. Not here:
//! when the log starts over.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

const HEADER_BYTES: usize = 32;
/// What stands before the page in each frame.
const FRAME_HEAD_BYTES: usize = 24;
/// The last bit says in which order of bytes the checksums are computed.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;
/// How much is read at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// A place in a log: behind so many frames of it, with the checksum so far, by which it is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    salts: [u32; 2],
    sum: [u32; 2],
    page_bytes: u32,
    is_big_endian: bool,
    /// Frames before it.
    pub frames: u64,
}

/// The end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The place behind its last frame.
    pub place: Place,
    /// How many pages the database has from then on.
    pub db_pages: u32,
}

impl Place {
    /// The size of a page.
    pub fn page_bytes(&self) -> u32 {
        self.page_bytes
    }

    /// What tells its log from others.
    pub fn salt_bytes(&self) -> [u8; 8] {
        let [one, two] = self.salts.map(u32::to_le_bytes);
        [one[0], one[1], one[2], one[3], two[0], two[1], two[2], two[3]]
    }

    /// Whether both are in the same log.
    pub fn is_in_log_of(&self, other: &Place) -> bool {
        self.salts == other.salts
    }

    /// Reads what [`Place`] is printed as.
    pub fn parse(text: &str) -> Option<Place> {
        let (head, tail) = text.split_once('.')?;
        let numbers: Vec<u32> =
            tail.split('.').map(|part| u32::from_str_radix(part, 16)).collect::<Result<_, _>>().ok()?;
        let [salt1, salt2, sum1, sum2, page_bytes, order] = numbers[..] else { return None };
        let frames = head.parse().ok()?;
        let is_sound = is_page_size(page_bytes) && order < 2;
        let place = Place { salts: [salt1, salt2], sum: [sum1, sum2], page_bytes, is_big_endian: order == 1, frames };
        is_sound.then_some(place)
    }

    fn offset(&self) -> u64 {
        HEADER_BYTES as u64 + self.frames * self.frame_bytes() as u64
    }

    fn frame_bytes(&self) -> usize {
        FRAME_HEAD_BYTES + self.page_bytes as usize
    }

    /// The place behind the next frame, if `frame` is the next one; and how many pages the database has if a
    /// transaction ends with it.
    fn after(&self, frame: &[u8]) -> Option<(Place, Option<u32>)> {
        let (head, page) = frame.split_at_checked(FRAME_HEAD_BYTES)?;
        let sum = checksum(checksum(self.sum, &head[..8], self.is_big_endian), page, self.is_big_endian);
        let is_next = [u32_at(head, 8), u32_at(head, 12)] == self.salts
            && [u32_at(head, 16), u32_at(head, 20)] == sum
            && u32_at(head, 0) != 0;
        let db_pages = Some(u32_at(head, 4)).filter(|pages| *pages != 0);
        is_next.then_some((Place { sum, frames: self.frames + 1, ..*self }, db_pages))
    }
}

/// Frames and five numbers: what is needed to find the place again.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([salt1, salt2], [sum1, sum2]) = (self.salts, self.sum);
        let order = u8::from(self.is_big_endian);
        write!(f, "{}.{salt1:08x}.{salt2:08x}.{sum1:08x}.{sum2:08x}.{:x}.{order}", self.frames, self.page_bytes)
    }
}

fn is_page_size(bytes: u32) -> bool {
    bytes.is_power_of_two() && (512..=65_536).contains(&bytes)
}

/// The beginning of a log; `None` while there is none, or it is just being written.
pub fn beginning(log: &mut File) -> io::Result<Option<Place>> {
    let mut header = [0; HEADER_BYTES];
    log.seek(SeekFrom::Start(0))?;
    match log.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (magic, page_bytes) = (u32_at(&header, 0), u32_at(&header, 8));
    let is_big_endian = magic & 1 == 1;
    let sum = checksum([0, 0], &header[..24], is_big_endian);
    let is_sound = magic & !1 == MAGIC
        && u32_at(&header, 4) == VERSION
        && is_page_size(page_bytes)
        && sum == [u32_at(&header, 24), u32_at(&header, 28)];
    let salts = [u32_at(&header, 16), u32_at(&header, 20)];
    Ok(is_sound.then_some(Place { salts, sum, page_bytes, is_big_endian, frames: 0 }))
}

/// Whether a place is in a log: the frame before it is there, with this checksum.
pub fn has(log: &mut File, place: &Place) -> io::Result<bool> {
    let Some(begin) = beginning(log)? else { return Ok(false) };
    if !begin.is_in_log_of(place) || begin.page_bytes != place.page_bytes {
        return Ok(false);
    }
    if place.frames == 0 {
        return Ok(begin == *place);
    }
    let mut head = [0; FRAME_HEAD_BYTES];
    log.seek(SeekFrom::Start(place.offset() - place.frame_bytes() as u64))?;
    match log.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        read => read?,
    }
    Ok([u32_at(&head, 8), u32_at(&head, 12)] == place.salts && [u32_at(&head, 16), u32_at(&head, 20)] == place.sum)
}

/// Looks for transactions behind a place: `each` gets the ends of all that are whole.
pub fn scan(log: &mut File, from: Place, mut each: impl FnMut(End)) -> io::Result<()> {
    log.seek(SeekFrom::Start(from.offset()))?;
    let mut log = BufReader::with_capacity(BUFFER_BYTES, log);
    let mut frame = vec![0; from.frame_bytes()];
    let mut at = from;
    loop {
        match log.read_exact(&mut frame) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let Some((next, db_pages)) = at.after(&frame) else { return Ok(()) };
        at = next;
        if let Some(db_pages) = db_pages {
            each(End { place: at, db_pages });
        }
    }
}

/// The pages of the next `count` frames, each with its number before it, and the place behind them; `None` if these
/// frames aren't there.
pub fn pages(log: &mut File, from: Place, count: u64) -> io::Result<Option<(Vec<u8>, Place)>> {
    log.seek(SeekFrom::Start(from.offset()))?;
    let mut log = BufReader::with_capacity(BUFFER_BYTES, log);
    let mut frame = vec![0; from.frame_bytes()];
    let mut pages = Vec::with_capacity(usize::try_from(count).unwrap_or(0) * (4 + from.page_bytes as usize));
    let mut at = from;
    for _ in 0..count {
        match log.read_exact(&mut frame) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let Some((next, _)) = at.after(&frame) else { return Ok(None) };
        at = next;
        pages.extend_from_slice(&frame[..4]);
        pages.extend_from_slice(&frame[FRAME_HEAD_BYTES..]);
    }
    Ok(Some((pages, at)))
}

/// SQLite's checksum, going on from `sum`. `bytes` come in eights.
fn checksum(mut sum: [u32; 2], bytes: &[u8], is_big_endian: bool) -> [u32; 2] {
    let word = |bytes: &[u8]| {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    for pair in bytes.chunks_exact(8) {
        sum[0] = sum[0].wrapping_add(word(&pair[..4])).wrapping_add(sum[1]);
        sum[1] = sum[1].wrapping_add(word(&pair[4..])).wrapping_add(sum[0]);
    }
    sum
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
