//! Previews of pictures that are made here: every mode and format, turned pictures, and files that mean harm.

use std::time::{Duration, Instant};

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, Frame, GrayImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

const ALL: [Format; 4] = [Format::Jpeg, Format::Png, Format::Gif, Format::WebP];
const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255, 255, 255];

/// Four colours: red, green / blue, white, from the upper left.
fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    })
}

/// The file of a picture, with little loss.
fn file(picture: impl Into<DynamicImage>, format: Format) -> Vec<u8> {
    let (picture, mut bytes) = (picture.into(), Vec::new());
    match format {
        Format::Jpeg => picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 100)),
        Format::WebP => picture.write_with_encoder(WebPEncoder::new_lossless(&mut bytes)),
        Format::Png | Format::Gif => picture.write_to(&mut std::io::Cursor::new(&mut bytes), format.into()),
    }
    .expect("a sound picture");
    bytes
}

fn caps() -> Caps {
    Caps::new(50_000_000, Duration::from_secs(60))
}

fn make_size(bytes: &[u8], format: Format, size: &str, preview: Format) -> Result<Vec<u8>, Problem> {
    make(bytes, format, Size::parse(size).expect("a size"), preview, &caps())
}

/// A preview, decoded again; it must be in the format that was asked for.
fn preview(bytes: &[u8], format: Format, size: &str, preview: Format) -> DynamicImage {
    let made = make_size(bytes, format, size, preview).expect("a preview");
    assert_eq!(image::guess_format(&made).expect("a known format"), ImageFormat::from(preview));
    image::load_from_memory(&made).expect("a sound preview")
}

/// Formats with loss don't keep colours exactly.
#[track_caller]
fn assert_colour(picture: &DynamicImage, x: u32, y: u32, expect: [u8; 3]) {
    let pixel = picture.to_rgb8().get_pixel(x, y).0;
    let is_near = pixel.iter().zip(expect).all(|(one, other)| one.abs_diff(other) <= 16);
    assert!(is_near, "at {x},{y}: {pixel:?} instead of {expect:?}");
}

#[track_caller]
fn assert_quarters(picture: &DynamicImage, colours: [[u8; 3]; 4], name: &str) {
    let (width, height) = (picture.width(), picture.height());
    let (left, right, top, bottom) = (width / 8, width - 1 - width / 8, height / 8, height - 1 - height / 8);
    let pixels = picture.to_rgb8();
    let spots = [(left, top), (right, top), (left, bottom), (right, bottom)];
    for ((x, y), expect) in spots.into_iter().zip(colours) {
        let pixel = pixels.get_pixel(x, y).0;
        let is_near = pixel.iter().zip(expect).all(|(one, other)| one.abs_diff(other) <= 16);
        assert!(is_near, "{name} at {x},{y}: {pixel:?} instead of {expect:?}");
    }
}

#[test]
fn every_mode_works_in_every_format() {
    for source in ALL {
        let bytes = file(quarters(200, 100), source);
        for output in [source.of_preview(), Format::WebP] {
            for (size, width, height) in [
                ("40x40", 40, 40),
                ("40x40t", 40, 40),
                ("40x40b", 40, 40),
                ("40x40f", 40, 20),
                ("500x500f", 200, 100),
                ("0x50", 100, 50),
                ("50x0", 50, 25),
                ("300x300", 300, 300),
            ] {
                let made = preview(&bytes, source, size, output);
                let name = format!("{source:?} to {output:?} {size}");
                assert_eq!((made.width(), made.height()), (width, height), "{name}");
                assert_quarters(&made, [RED, GREEN, BLUE, WHITE], &name);
            }
        }
    }
}

#[test]
fn crops_come_from_where_they_say() {
    // Stripes from top to bottom: red, green, blue.
    let tall = RgbImage::from_fn(60, 180, |_, y| Rgb([RED, GREEN, BLUE][(y / 60) as usize]));
    let wide = RgbImage::from_fn(180, 60, |x, _| Rgb([RED, GREEN, BLUE][(x / 60) as usize]));
    let (tall, wide) = (file(tall, Format::Png), file(wide, Format::Png));
    for (size, colour) in [("30x30t", RED), ("30x30", GREEN), ("30x30b", BLUE)] {
        let made = preview(&tall, Format::Png, size, Format::Png);
        assert_colour(&made, 15, 1, colour);
        assert_colour(&made, 15, 28, colour);
        assert_colour(&preview(&wide, Format::Png, size, Format::Png), 15, 15, GREEN);
    }
}

#[test]
fn transparency_is_kept_where_the_format_has_it() {
    let picture = RgbaImage::from_fn(100, 100, |x, _| Rgba(if x < 50 { [255, 0, 0, 255] } else { [0, 0, 255, 0] }));
    for (source, output) in [
        (Format::Png, Format::Png),
        (Format::Png, Format::WebP),
        (Format::WebP, Format::Png),
        (Format::WebP, Format::WebP),
        (Format::Gif, Format::Gif),
        (Format::Gif, Format::WebP),
    ] {
        let made = preview(&file(picture.clone(), source), source, "40x40", output).to_rgba8();
        assert_eq!(made.get_pixel(5, 20)[3], 255, "{source:?} to {output:?}");
        assert_eq!(made.get_pixel(35, 20)[3], 0, "{source:?} to {output:?}");
        assert!(made.get_pixel(5, 20)[0] > 230, "{source:?} to {output:?}");
    }
}

#[test]
fn other_kinds_of_pixels_work_too() {
    let grey: DynamicImage = GrayImage::from_fn(80, 80, |x, _| Luma([if x < 40 { 0 } else { 255 }])).into();
    let deep: DynamicImage =
        ImageBuffer::from_fn(80, 80, |x, _| Rgb([if x < 40 { 0_u16 } else { u16::MAX }; 3])).into();
    let deep_grey_alpha: DynamicImage = DynamicImage::ImageLumaA16(grey.to_luma_alpha16());
    for picture in [grey, deep, deep_grey_alpha] {
        let kind = picture.color();
        let bytes = file(picture, Format::Png);
        for output in [Format::Png, Format::WebP] {
            let made = preview(&bytes, Format::Png, "20x20", output);
            assert_eq!((made.width(), made.height()), (20, 20), "{kind:?}");
            assert_colour(&made, 2, 10, [0; 3]);
            assert_colour(&made, 17, 10, WHITE);
        }
    }
}

/// A JPEG whose EXIF says how it is to be turned, and where it was taken.
fn jpeg_with_exif(picture: RgbImage, orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    // The name of the camera's maker: 9 bytes that lie behind the directory.
    exif.extend([0x01, 0x0f, 0, 2, 0, 0, 0, 9, 0, 0, 0, 38]);
    exif.extend(*b"\0\0\0\0SECRETCAM");
    let plain = file(picture, Format::Jpeg);
    let length = u16::try_from(exif.len() + 2).expect("a short text").to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
}

#[test]
fn pictures_are_turned_as_their_camera_was_held() {
    // What is seen in the corners after turning, from the upper left; 5 to 8 exchange the sides.
    let seen = [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ];
    for (orientation, colours) in seen {
        let bytes = jpeg_with_exif(quarters(160, 80), orientation);
        let (width, height) = if orientation < 5 { (160, 80) } else { (80, 160) };
        for (size, side) in [("80x80", None), ("80x80f", Some((width / 2, height / 2)))] {
            let made = preview(&bytes, Format::Jpeg, size, Format::Jpeg);
            assert_eq!((made.width(), made.height()), side.unwrap_or((80, 80)), "{orientation}");
            assert_quarters(&made, colours, &format!("orientation {orientation}, {size}"));
        }
        // Top and bottom are those of what is seen.
        if orientation >= 5 {
            let top = preview(&bytes, Format::Jpeg, "80x40t", Format::Png);
            assert_colour(&top, 10, 20, colours[0]);
            assert_colour(&top, 70, 20, colours[1]);
            let bottom = preview(&bytes, Format::Jpeg, "80x40b", Format::Png);
            assert_colour(&bottom, 10, 20, colours[2]);
            assert_colour(&bottom, 70, 20, colours[3]);
        }
    }
}

#[test]
fn previews_tell_nothing_of_the_camera() {
    let bytes = jpeg_with_exif(quarters(64, 64), 6);
    assert!(bytes.windows(9).any(|part| part == b"SECRETCAM"));
    for output in ALL {
        let made = make_size(&bytes, Format::Jpeg, "64x64", output).expect("a preview");
        assert!(!made.windows(9).any(|part| part == b"SECRETCAM"), "{output:?}");
        assert!(!made.windows(4).any(|part| part == b"Exif" || part == b"EXIF"), "{output:?}");
    }
}

#[test]
fn animations_show_their_first_frame() {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for colour in [RED, GREEN, BLUE] {
        let [r, g, b] = colour;
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(50, 50, Rgba([r, g, b, 255])))).expect("a frame");
    }
    drop(encoder);
    for output in [Format::Gif, Format::WebP] {
        assert_colour(&preview(&bytes, Format::Gif, "20x20", output), 10, 10, RED);
    }
}

/// The first bytes of a PNG that claims these sides, with a body of a few bytes.
fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = file(quarters(8, 8), Format::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32fast::hash(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&sum);
    bytes
}

#[test]
fn pictures_that_claim_too_much_are_refused_by_their_header() {
    let gif = {
        let mut bytes = file(quarters(8, 8), Format::Gif);
        bytes[6..10].copy_from_slice(&[0xff; 4]);
        bytes
    };
    let jpeg = {
        let mut bytes = file(quarters(8, 8), Format::Jpeg);
        let at = bytes.windows(2).position(|part| part == [0xff, 0xc0]).expect("a start of frame");
        bytes[at + 5..at + 9].copy_from_slice(&[0xff; 4]);
        bytes
    };
    for (name, bytes, format) in [
        ("65k PNG", png_that_claims(65_000, 65_000), Format::Png),
        ("largest PNG", png_that_claims(i32::MAX as u32, i32::MAX as u32), Format::Png),
        ("flat PNG", png_that_claims(i32::MAX as u32, 1), Format::Png),
        ("GIF", gif, Format::Gif),
        ("JPEG", jpeg, Format::Jpeg),
    ] {
        let begun = Instant::now();
        assert_eq!(make_size(&bytes, format, "100x100", Format::Png), Err(Problem::TooLarge), "{name}");
        // Not a measurement: decoding four gigapixels takes minutes.
        assert!(begun.elapsed() < Duration::from_secs(20), "{name} was decoded");
    }
    // As many pixels as may be, and none of them there.
    let claims = png_that_claims(7_000, 7_000);
    assert!(matches!(make_size(&claims, Format::Png, "10x10", Format::Png), Err(Problem::Unreadable(_))));
}

#[test]
fn every_cap_is_kept() {
    let bytes = file(quarters(100, 100), Format::Png);
    let size = Size::parse("50x50").expect("a size");
    let with = |change: &dyn Fn(&mut Caps)| {
        let mut caps = caps();
        change(&mut caps);
        make(&bytes, Format::Png, size, Format::Png, &caps).map(|_| ())
    };
    assert_eq!(with(&|_| ()), Ok(()));
    assert_eq!(with(&|caps| caps.source_pixels = 10_000), Ok(()));
    assert_eq!(with(&|caps| caps.source_pixels = 9_999), Err(Problem::TooLarge));
    assert_eq!(with(&|caps| caps.decoded_bytes = 29_999), Err(Problem::TooLarge));
    assert_eq!(with(&|caps| caps.source_bytes = bytes.len() as u64 - 1), Err(Problem::TooLarge));
    assert_eq!(with(&|caps| caps.preview_pixels = 2_499), Err(Problem::TooLargeAsked));
    assert_eq!(with(&|caps| caps.preview_side = 49), Err(Problem::TooLargeAsked));
    assert_eq!(with(&|caps| caps.deadline = Instant::now()), Err(Problem::TooSlow));
    for size in ["20000x20000", "4294967295x4294967295", "0x4294967295", "4294967295x0"] {
        assert_eq!(make_size(&bytes, Format::Png, size, Format::Png), Err(Problem::TooLargeAsked), "{size}");
    }
    // WebP has smaller sides than all others.
    let line = file(quarters(100, 2), Format::Png);
    assert!(make_size(&line, Format::Png, "20000x10", Format::Png).is_ok());
    assert!(matches!(make_size(&line, Format::Png, "20000x10", Format::WebP), Err(Problem::Unwritable(_))));
}

#[test]
fn what_is_no_picture_has_no_preview() {
    for source in ALL {
        let whole = file(quarters(64, 64), source);
        for (name, bytes) in [
            ("nothing", Vec::new()),
            ("text", b"This is no picture at all.".to_vec()),
            ("a start", whole[..24].to_vec()),
            ("another kind", file(quarters(8, 8), if source == Format::Png { Format::Gif } else { Format::Png })),
        ] {
            let made = make_size(&bytes, source, "10x10", Format::Png);
            assert!(matches!(made, Err(Problem::Unreadable(_) | Problem::TooLarge)), "{source:?} {name}: {made:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damaged in any place, cut anywhere: an answer, and no panic.
    #[test]
    fn damage_is_survived(
        source in prop::sample::select(ALL.to_vec()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in any::<prop::sample::Index>(),
        size in prop::sample::select(vec!["10x10", "10x10t", "0x9", "9x0", "33x7f"]),
    ) {
        let mut bytes = file(quarters(24, 16), source);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len()) + 1);
        let mut caps = caps();
        caps.source_pixels = 1_000_000;
        let _ = make(&bytes, source, Size::parse(size).expect("a size"), Format::WebP, &caps);
    }

    #[test]
    fn any_bytes_are_survived(
        source in prop::sample::select(ALL.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = make(&bytes, source, Size::parse("10x10").expect("a size"), Format::Png, &caps());
    }
}
