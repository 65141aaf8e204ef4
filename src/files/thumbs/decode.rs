//! Files made into pictures, under caps.
//!
//! What a header claims is compared with the caps before anything is decoded. The decoders allocate no more than they
//! may and get no more bytes once the time is over; so each that still reads its file ends soon after.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};
use std::time::Instant;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

use super::{Caps, Format, Problem};

/// The first frame of a file, as it is stored, and how it is to be turned.
pub fn decode(bytes: &[u8], format: Format, caps: &Caps) -> Result<(DynamicImage, Orientation), Problem> {
    if bytes.len() as u64 > caps.source_bytes {
        return Err(Problem::TooLarge);
    }
    let unreadable = |error: ImageError| {
        if Instant::now() >= caps.deadline { Problem::TooSlow } else { Problem::from(error) }
    };
    let mut reader = ImageReader::with_format(Timed { inner: Cursor::new(bytes), until: caps.deadline }, format.into());
    let mut limits = Limits::default();
    limits.max_alloc = Some(caps.decoded_bytes);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Problem::Unreadable("it has no pixels".to_owned()));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > caps.source_pixels || decoder.total_bytes() > caps.decoded_bytes {
        return Err(Problem::TooLarge);
    }
    // What can't be read of how it was held is no reason to show nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(unreadable)?, orientation))
}

impl From<ImageError> for Problem {
    fn from(error: ImageError) -> Problem {
        match error {
            ImageError::Limits(_) => Problem::TooLarge,
            other => Problem::Unreadable(other.to_string()),
        }
    }
}

/// Bytes that can be read until a moment.
struct Timed<R> {
    inner: R,
    until: Instant,
}

impl<R> Timed<R> {
    fn check(&self) -> io::Result<()> {
        if Instant::now() < self.until { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

impl<R: Read> Read for Timed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.inner.read(buffer)
    }
}

impl<R: BufRead> BufRead for Timed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}

impl<R: Seek> Seek for Timed<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
