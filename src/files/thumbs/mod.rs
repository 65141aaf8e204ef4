//! Previews of pictures: bytes and a size in, the bytes of a smaller picture out. Pure, under caps.
//!
//! Called by [`super::previews`] on threads of their own: a decoder may still panic, and takes as long as it takes.
//! Invariants: no more pixels are decoded or made than [`Caps`] allows, whatever a file claims; what is known of the
//! camera, the place and the time doesn't get into a preview. Not here: where files are kept, and who may see them.

mod decode;
mod encode;
mod orient;
pub mod size;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageFormat};

use crate::base::limits::{PREVIEW_DECODED_MAX_BYTES, PREVIEW_MAX_PIXELS, PREVIEW_MAX_SIDE, PREVIEW_SOURCE_MAX_BYTES};
pub use size::{Plan, Size, is_offered};

/// What kind of file a picture is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG, also animated ones.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    WebP,
}

impl Format {
    /// The format of files that there are previews of, by the media type of what they contain.
    pub fn of_source(content_type: &str) -> Option<Format> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            "image/jpeg" | "image/jpg" => Some(Format::Jpeg),
            "image/png" | "image/vnd.mozilla.apng" | "image/apng" => Some(Format::Png),
            "image/gif" => Some(Format::Gif),
            "image/webp" => Some(Format::WebP),
            _ => None,
        }
    }

    /// The format of a file's previews if no other is asked for: WebP isn't shown by old programs.
    pub fn of_preview(self) -> Format {
        if self == Format::WebP { Format::Png } else { self }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::Gif => "image/gif",
            Format::WebP => "image/webp",
        }
    }
}

impl From<Format> for ImageFormat {
    fn from(format: Format) -> ImageFormat {
        match format {
            Format::Jpeg => ImageFormat::Jpeg,
            Format::Png => ImageFormat::Png,
            Format::Gif => ImageFormat::Gif,
            Format::WebP => ImageFormat::WebP,
        }
    }
}

/// How much work a picture may be.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Most bytes of the file.
    pub source_bytes: u64,
    /// Most pixels that it may say it has.
    pub source_pixels: u64,
    /// Most bytes that it may need when decoded.
    pub decoded_bytes: u64,
    /// Most pixels of a preview.
    pub preview_pixels: u64,
    /// Most pixels of one side of a preview.
    pub preview_side: u32,
    /// No further step begins after this moment.
    pub deadline: Instant,
}

impl Caps {
    /// The fixed caps, with so many pixels for the source, and so much time from now on.
    pub fn new(source_pixels: u64, time: Duration) -> Caps {
        Caps {
            source_bytes: PREVIEW_SOURCE_MAX_BYTES,
            source_pixels,
            decoded_bytes: PREVIEW_DECODED_MAX_BYTES,
            preview_pixels: PREVIEW_MAX_PIXELS,
            preview_side: PREVIEW_MAX_SIDE,
            deadline: Instant::now() + time,
        }
    }
}

/// Why there is no preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The file is no picture of the kind that it is taken for, or damaged. With the decoder's words.
    Unreadable(String),
    /// The file has, or claims, more than the caps allow.
    TooLarge,
    /// The preview would be larger than the caps allow.
    TooLargeAsked,
    /// The time is over.
    TooSlow,
    /// The preview can't be written. With the encoder's words.
    Unwritable(String),
    /// There is no thread to make it on. With the system's words.
    NoThread(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unreadable(why) => write!(f, "the picture can't be read: {why}"),
            Problem::TooLarge => f.write_str("the picture is too large"),
            Problem::TooLargeAsked => f.write_str("the preview would be too large"),
            Problem::TooSlow => f.write_str("it took too long"),
            Problem::Unwritable(why) => write!(f, "the preview can't be written: {why}"),
            Problem::NoThread(why) => write!(f, "there is no thread for it: {why}"),
        }
    }
}

/// The preview of a picture.
///
/// # Errors
/// The [`Problem`], which will be the same every time but for [`Problem::TooSlow`].
pub fn make(bytes: &[u8], source: Format, size: Size, preview: Format, caps: &Caps) -> Result<Vec<u8>, Problem> {
    let (picture, orientation) = decode::decode(bytes, source, caps)?;
    let (width, height) = orient::seen(orientation, picture.width(), picture.height());
    let plan = size.plan(width, height);
    let side = plan.width.max(plan.height);
    if side > caps.preview_side || u64::from(plan.width) * u64::from(plan.height) > caps.preview_pixels {
        return Err(Problem::TooLargeAsked);
    }
    let plan = orient::stored(plan, orientation, picture.width(), picture.height());
    in_time(caps)?;
    let mut small = scale(&picture, plan)?;
    drop(picture);
    small.apply_orientation(orientation);
    in_time(caps)?;
    encode::encode(small, preview)
}

fn in_time(caps: &Caps) -> Result<(), Problem> {
    if Instant::now() < caps.deadline { Ok(()) } else { Err(Problem::TooSlow) }
}

/// A part of a picture in another size.
fn scale(picture: &DynamicImage, plan: Plan) -> Result<DynamicImage, Problem> {
    let mut small = DynamicImage::new(plan.width, plan.height, picture.color());
    let area = plan.area;
    // Lanczos keeps small pictures crisp; it rings at edges that are drawn larger.
    let enlarges = f64::from(plan.width) > area.width || f64::from(plan.height) > area.height;
    let filter = if enlarges { FilterType::CatmullRom } else { FilterType::Lanczos3 };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(
        area.left,
        area.top,
        area.width,
        area.height,
    );
    Resizer::new().resize(picture, &mut small, &options).map_err(|error| Problem::Unwritable(error.to_string()))?;
    Ok(small)
}
