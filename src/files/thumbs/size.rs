//! Sizes of previews: what `70x50t` means, and which part of a picture it shows.
//!
//! The syntax is section 6.4 of the data reference. The figures for odd ratios were compared with a PocketBase; the
//! table is in this module's tests.

/// The size that every picture has, declared or not.
pub const ALWAYS_OFFERED: &str = "100x100";

/// A longer text is no size.
const TEXT_MAX_BYTES: usize = 24;

/// A size as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// In pixels; 0 follows from the height.
    pub width: u32,
    /// In pixels; 0 follows from the width.
    pub height: u32,
    /// What is done if the picture has another ratio.
    pub mode: Mode,
}

/// What is done with a picture whose ratio isn't that of the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The middle is shown.
    Centre,
    /// The upper part is shown (the middle, if it is too wide).
    Top,
    /// The lower part is shown (the middle, if it is too wide).
    Bottom,
    /// All of it is shown, and never larger than it is.
    Fit,
}

/// A part of a picture, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Distance from the left side.
    pub left: f64,
    /// Distance from the upper side.
    pub top: f64,
    /// Greater than 0.
    pub width: f64,
    /// Greater than 0.
    pub height: f64,
}

/// How a preview is made of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The part of the picture that is shown.
    pub area: Area,
    /// Of the preview, in pixels; at least 1.
    pub width: u32,
    /// Of the preview, in pixels; at least 1.
    pub height: u32,
}

/// Whether a field that declares these sizes has previews of `size`.
pub fn is_offered(size: &str, declared: &[String]) -> bool {
    size == ALWAYS_OFFERED || (!size.is_empty() && declared.iter().any(|one| one == size))
}

impl Size {
    /// Reads `WxH` with `t`, `b`, `f` or nothing behind; one of the two may be 0.
    pub fn parse(text: &str) -> Option<Size> {
        if text.len() > TEXT_MAX_BYTES {
            return None;
        }
        let (figures, mode) = match text.as_bytes().last()? {
            b't' => (&text[..text.len() - 1], Mode::Top),
            b'b' => (&text[..text.len() - 1], Mode::Bottom),
            b'f' => (&text[..text.len() - 1], Mode::Fit),
            _ => (text, Mode::Centre),
        };
        let (width, height) = figures.split_once('x')?;
        let size = Size { width: number(width)?, height: number(height)?, mode };
        (size.width > 0 || size.height > 0).then_some(size)
    }

    /// What a preview of this size shows of a picture with these sides. Sides are at least 1.
    pub fn plan(self, source_width: u32, source_height: u32) -> Plan {
        let source = (f64::from(source_width), f64::from(source_height));
        match (self.width, self.height, self.mode) {
            (0, height, _) => whole(source, source.0 * f64::from(height) / source.1, f64::from(height)),
            (width, 0, _) => whole(source, f64::from(width), source.1 * f64::from(width) / source.0),
            (.., Mode::Fit) => self.fit(source),
            (width, height, mode) => Plan { area: self.crop(source, mode), width, height },
        }
    }

    fn fit(self, source: (f64, f64)) -> Plan {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        if source.0 <= width && source.1 <= height {
            whole(source, source.0, source.1)
        } else if source.0 / source.1 > width / height {
            whole(source, width, cut(width * source.1 / source.0))
        } else {
            whole(source, cut(height * source.0 / source.1), height)
        }
    }

    /// The largest part with the size's ratio.
    fn crop(self, source: (f64, f64), mode: Mode) -> Area {
        let ratio = f64::from(self.width) / f64::from(self.height);
        if source.0 / source.1 > ratio {
            let width = (source.1 * ratio).min(source.0);
            return Area { left: (source.0 - width) / 2.0, top: 0.0, width, height: source.1 };
        }
        let height = (source.0 / ratio).min(source.1);
        let spare = source.1 - height;
        let top = match mode {
            Mode::Top => 0.0,
            Mode::Bottom => spare,
            Mode::Centre | Mode::Fit => spare / 2.0,
        };
        Area { left: 0.0, top, width: source.0, height }
    }
}

/// Only digits: `parse` alone would take a plus sign.
fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// What fits into a box is cut to whole pixels, so that it never is larger than the box.
fn cut(length: f64) -> f64 {
    // A side that comes out as 29.999999999999996 is 30.
    (length + 1e-9).floor()
}

/// A plan that shows all of a picture.
fn whole(source: (f64, f64), width: f64, height: f64) -> Plan {
    let area = Area { left: 0.0, top: 0.0, width: source.0, height: source.1 };
    Plan { area, width: pixels(width), height: pixels(height) }
}

/// `as` keeps what is too large at the largest number, which the caps then refuse.
fn pixels(length: f64) -> u32 {
    length.round().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, expect) in [
            ("100x50", Some((100, 50, Mode::Centre))),
            ("100x50t", Some((100, 50, Mode::Top))),
            ("100x50b", Some((100, 50, Mode::Bottom))),
            ("100x50f", Some((100, 50, Mode::Fit))),
            ("0x50", Some((0, 50, Mode::Centre))),
            ("50x0t", Some((50, 0, Mode::Top))),
            ("0070x0050", Some((70, 50, Mode::Centre))),
            ("4294967295x1", Some((u32::MAX, 1, Mode::Centre))),
            ("4294967296x1", None),
            ("0000000000000000000001x1", Some((1, 1, Mode::Centre))),
            ("00000000000000000000001x1", None),
            ("0x0", None),
            ("00x00f", None),
            ("", None),
            ("t", None),
            ("x", None),
            ("1x", None),
            ("x1", None),
            ("+1x1", None),
            ("1x-1", None),
            ("1x1tt", None),
            ("1x1T", None),
            ("1X1", None),
            ("1x1x1", None),
            ("1x1é", None),
            (" 1x1", None),
        ] {
            let expect = expect.map(|(width, height, mode)| Size { width, height, mode });
            assert_eq!(Size::parse(text), expect, "{text:?}");
        }
    }

    /// What PocketBase 0.40.6 makes of PNGs with these sides, in the order of [`ODD_SIZES`].
    const POCKETBASE: &[(u32, u32, &str)] = &[
        (200, 100, "70x35 100x50 70x35 33x16 200x100 14x7 7x4 1x1 2x1"),
        (100, 200, "25x50 25x50 70x140 33x66 100x200 4x7 7x14 1x2 1x1"),
        (101, 67, "70x46 75x50 70x46 33x21 101x67 11x7 7x5 1x1 1x1"),
        (67, 101, "33x50 33x50 70x106 33x49 67x101 5x7 7x11 1x1 1x1"),
        (1, 1, "1x1 50x50 70x70 1x1 1x1 7x7 7x7 1x1 1x1"),
        (1, 300, "1x50 1x50 70x21000 1x77 1x300 1x7 7x2100 1x300 1x1"),
        (300, 1, "70x1 15000x50 70x1 33x1 300x1 2100x7 7x1 1x1 300x1"),
        (3, 2, "3x2 75x50 70x47 3x2 3x2 11x7 7x5 1x1 1x1"),
        (70, 50, "70x50 70x50 70x50 33x23 70x50 10x7 7x5 1x1 1x1"),
        (7, 1000, "1x50 1x50 70x10000 1x77 3x500 1x7 7x1000 1x142 1x1"),
        (1000, 7, "70x1 7143x50 70x1 33x1 500x3 1000x7 7x1 1x1 142x1"),
        (90, 30, "70x23 150x50 70x23 33x11 90x30 21x7 7x2 1x1 3x1"),
        (640, 427, "70x46 75x50 70x47 33x22 500x333 10x7 7x5 1x1 1x1"),
        (427, 640, "33x50 33x50 70x105 33x49 333x500 5x7 7x10 1x1 1x1"),
    ];

    const ODD_SIZES: &str = "70x50f 0x50 70x0 33x77f 500x500f 0x7 7x0 1x500f 500x1f";

    #[test]
    fn odd_ratios_come_out_as_with_pocketbase() {
        let sides = |size: &str, width, height| {
            let plan = Size::parse(size).expect("a size").plan(width, height);
            format!("{}x{}", plan.width, plan.height)
        };
        for &(width, height, expect) in POCKETBASE {
            let made: Vec<String> = ODD_SIZES.split(' ').map(|size| sides(size, width, height)).collect();
            assert_eq!(made.join(" "), expect, "{width}x{height}");
            for size in ["70x50", "70x50t", "70x50b", "333x77", "1x1"] {
                assert_eq!(sides(size, width, height), size.trim_end_matches(['t', 'b']), "{width}x{height}");
            }
            assert_eq!(sides("0x50f", width, height), sides("0x50", width, height));
            assert_eq!(sides("70x0t", width, height), sides("70x0", width, height));
        }
    }

    #[test]
    fn only_declared_sizes_are_offered() {
        let declared = ["70x50".to_owned(), String::new()];
        for (size, expect) in [("70x50", true), ("100x100", true), ("", false), ("70x50t", false), ("070x50", false)] {
            assert_eq!(is_offered(size, &declared), expect, "{size:?}");
        }
    }

    #[test]
    fn crops_show_the_part_that_is_named() {
        let area = |text: &str, width, height| {
            let plan = Size::parse(text).expect("a size").plan(width, height);
            (plan.area.left, plan.area.top, plan.area.width, plan.area.height)
        };
        assert_eq!(area("10x10", 200, 100), (50.0, 0.0, 100.0, 100.0));
        assert_eq!(area("10x10t", 200, 100), (50.0, 0.0, 100.0, 100.0));
        assert_eq!(area("10x10", 100, 200), (0.0, 50.0, 100.0, 100.0));
        assert_eq!(area("10x10t", 100, 200), (0.0, 0.0, 100.0, 100.0));
        assert_eq!(area("10x10b", 100, 200), (0.0, 100.0, 100.0, 100.0));
        assert_eq!(area("10x10f", 100, 200), (0.0, 0.0, 100.0, 200.0));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[0-9x tbf+é-]{0,30}") {
            let _ = Size::parse(&text);
        }

        /// The part that is shown lies in the picture, and what fits is no larger than the box or the picture.
        #[test]
        fn plans_stay_inside(
            width in 0u32.., height in 0u32.., source in (1u32..=70_000, 1u32..=70_000),
            mode in prop::sample::select(vec![Mode::Centre, Mode::Top, Mode::Bottom, Mode::Fit]),
        ) {
            prop_assume!(width > 0 || height > 0);
            let plan = Size { width, height, mode }.plan(source.0, source.1);
            prop_assert!(plan.width >= 1 && plan.height >= 1);
            prop_assert!(plan.area.width > 0.0 && plan.area.height > 0.0);
            prop_assert!(plan.area.left >= 0.0 && plan.area.top >= 0.0);
            prop_assert!(plan.area.left + plan.area.width <= f64::from(source.0) + 1e-6);
            prop_assert!(plan.area.top + plan.area.height <= f64::from(source.1) + 1e-6);
            if mode == Mode::Fit && width > 0 && height > 0 {
                prop_assert!(plan.width <= width && plan.height <= height);
                prop_assert!(plan.width <= source.0 && plan.height <= source.1);
            }
        }
    }
}
