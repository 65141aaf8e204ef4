//! Small pictures made into files. Nothing but pixels gets into them: no camera, no place, no colour profile.

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder};

use super::{Format, Problem};
use crate::base::limits::{PREVIEW_JPEG_QUALITY, PREVIEW_WEBP_QUALITY};

/// How thoroughly colours of a GIF are chosen, from 1 (slowly) to 30.
const GIF_SPEED: i32 = 10;

/// The file of a picture. It has at most 8 bits for each channel afterwards.
pub fn encode(picture: DynamicImage, format: Format) -> Result<Vec<u8>, Problem> {
    let mut file = Vec::new();
    match format {
        Format::Jpeg => {
            let picture = picture.into_rgb8();
            let (width, height) = picture.dimensions();
            JpegEncoder::new_with_quality(&mut file, PREVIEW_JPEG_QUALITY).write_image(
                &picture,
                width,
                height,
                ExtendedColorType::Rgb8,
            )
        }
        Format::Gif => {
            let picture = picture.into_rgba8();
            let (width, height) = picture.dimensions();
            let mut encoder = GifEncoder::new_with_speed(&mut file, GIF_SPEED);
            encoder.encode(&picture, width, height, ExtendedColorType::Rgba8)
        }
        Format::Png => {
            let picture = flatten(picture);
            let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive);
            picture.write_with_encoder(encoder)
        }
        Format::WebP => return encode_webp(&flatten(picture)),
    }
    .map_err(|error| Problem::Unwritable(error.to_string()))?;
    Ok(file)
}

/// With 8 bits for each of three or four channels.
fn flatten(picture: DynamicImage) -> DynamicImage {
    if picture.color().has_alpha() { picture.into_rgba8().into() } else { picture.into_rgb8().into() }
}

fn encode_webp(picture: &DynamicImage) -> Result<Vec<u8>, Problem> {
    let (bytes, width, height) = (picture.as_bytes(), picture.width(), picture.height());
    let encoder = if picture.color().has_alpha() {
        webp::Encoder::from_rgba(bytes, width, height)
    } else {
        webp::Encoder::from_rgb(bytes, width, height)
    };
    match encoder.encode_simple(false, PREVIEW_WEBP_QUALITY) {
        Ok(memory) => Ok(memory.to_vec()),
        Err(error) => Err(Problem::Unwritable(format!("{error:?}"))),
    }
}
