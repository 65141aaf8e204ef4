//! The accent colour that an owner has chosen, made into what the dashboard paints with it.
//!
//! `layout.html` links the style sheet behind the dashboard's own, whose custom properties it sets anew. The colour is
//! in the address and nowhere else, so the answer is the same for everybody and for ever. Invariant: whatever the
//! colour, texts in it and on it keep a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3), in the light and in the dark.

use rocket::http::{ContentType, Header};
use rocket::{Responder, Route, get, routes};

use crate::base::Error;
use crate::web::page::Failure;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![style_sheet]
}

/// What every server begins with; it stands for the dashboard's own colour.
const UNCHOSEN: &str = "#1055c9";
/// The least contrast of text and what is behind it.
const CONTRAST_MIN: f64 = 4.5;
/// Behind texts in the accent colour, the darkest in the light and the lightest in the dark: `--hover` of app.css.
const LIGHT_GROUND: Color = Color([0xea, 0xf0, 0xee]);
const DARK_GROUND: Color = Color([0x26, 0x30, 0x2d]);
const WHITE: Color = Color([0xff; 3]);
const BLACK: Color = Color([0; 3]);
/// How far a colour that is hard to read goes towards black or white at a time.
const STEP: f64 = 0.04;

/// The name in the address of a colour's style sheet; nothing if the dashboard's own colour is to stay.
pub fn name(setting: &str) -> Option<String> {
    let chosen = setting.to_ascii_lowercase();
    Color::parse(chosen.strip_prefix('#')?).filter(|_| chosen != UNCHOSEN)?;
    Some(chosen.trim_start_matches('#').to_owned())
}

/// Red, green and blue of sRGB.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Color([u8; 3]);

impl Color {
    /// Of six hexadecimal digits.
    fn parse(digits: &str) -> Option<Color> {
        let is_hex = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        if is_hex { Some(Color([part(0)?, part(2)?, part(4)?])) } else { None }
    }

    fn css(self) -> String {
        let Color([red, green, blue]) = self;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// This colour with `share` (0 to 1) of another one.
    fn with(self, share: f64, other: Color) -> Color {
        let mix = |at: usize| f64::from(self.0[at]) * (1.0 - share) + f64::from(other.0[at]) * share;
        Color([0, 1, 2].map(|at| mix(at).round() as u8))
    }

    /// How bright it is, 0 to 1: the relative luminance of WCAG 2.2.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let Color([red, green, blue]) = self;
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// The contrast of two colours, 1 to 21, as WCAG 2.2 defines it.
    fn contrast(self, other: Color) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }
}

/// What is painted with the accent colour, on light pages or on dark ones.
struct Paint {
    accent: Color,
    strong: Color,
    ground: Color,
    on_accent: Color,
}

impl Paint {
    fn light(chosen: Color) -> Paint {
        Paint::readable(
            chosen,
            BLACK,
            |accent| Paint {
                accent,
                strong: accent.with(0.25, BLACK),
                ground: WHITE.with(0.12, chosen),
                on_accent: WHITE,
            },
            LIGHT_GROUND,
        )
    }

    fn dark(chosen: Color) -> Paint {
        Paint::readable(
            chosen,
            WHITE,
            |accent| Paint {
                accent,
                strong: accent.with(0.25, WHITE),
                ground: DARK_GROUND.with(0.14, chosen).with(0.35, BLACK),
                on_accent: BLACK.with(0.1, chosen),
            },
            DARK_GROUND,
        )
    }

    /// What `paint` makes of the chosen colour, or of the first one on the way to `end` that can be read.
    fn readable(chosen: Color, end: Color, paint: impl Fn(Color) -> Paint, page: Color) -> Paint {
        let steps = (1.0 / STEP) as u32;
        let ways = (0..=steps).map(|step| paint(chosen.with(f64::from(step) * STEP, end)));
        ways.into_iter().find(|paint| paint.worst(page) >= CONTRAST_MIN).unwrap_or_else(|| paint(end))
    }

    /// The least contrast of what stands on one another, on a page of this colour.
    fn worst(&self, page: Color) -> f64 {
        let pairs = [
            (self.accent, page),
            (self.accent, self.ground),
            (self.on_accent, self.accent),
            (self.on_accent, self.strong),
            (self.strong, page),
        ];
        pairs.into_iter().map(|(one, two)| one.contrast(two)).fold(f64::INFINITY, f64::min)
    }

    fn css(&self) -> String {
        format!(
            "{{--accent:{};--accent-strong:{};--accent-ground:{};--on-accent:{}}}",
            self.accent.css(),
            self.strong.css(),
            self.ground.css(),
            self.on_accent.css()
        )
    }
}

/// The style sheet of a colour.
fn css(chosen: Color) -> String {
    let (light, dark) = (Paint::light(chosen).css(), Paint::dark(chosen).css());
    format!(
        ":root{light}\n:root[data-theme=\"dark\"]{dark}\n\
         @media (prefers-color-scheme: dark){{:root[data-theme=\"system\"]{dark}}}\n"
    )
}

#[derive(Responder)]
struct StyleSheet {
    css: String,
    content_type: ContentType,
    cache: Header<'static>,
}

#[get("/_/accent/<name>", rank = 1)]
fn style_sheet(name: &str) -> Result<StyleSheet, Failure> {
    let chosen = name.strip_suffix(".css").and_then(Color::parse).ok_or_else(Error::not_found)?;
    let cache = Header::new("Cache-Control", "public, max-age=31536000, immutable");
    Ok(StyleSheet { css: css(chosen), content_type: ContentType::CSS, cache })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_chosen_can_be_read() {
        const PARTS: [u8; 7] = [0, 51, 102, 128, 153, 204, 255];
        for at in 0..PARTS.len().pow(3) {
            let chosen = Color([PARTS[at % 7], PARTS[at / 7 % 7], PARTS[at / 49]]);
            let (light, dark) = (Paint::light(chosen).worst(LIGHT_GROUND), Paint::dark(chosen).worst(DARK_GROUND));
            assert!(light >= CONTRAST_MIN && dark >= CONTRAST_MIN, "{chosen:?}: {light} and {dark}");
        }
    }

    #[test]
    fn what_can_be_read_stays_as_it_was_chosen() {
        let chosen = Color::parse("7a1fa2").expect("a colour");
        assert_eq!(Paint::light(chosen).accent, chosen);
        let pale = Color::parse("e1bee7").expect("a colour");
        assert_eq!(Paint::dark(pale).accent, pale);
    }

    #[test]
    fn the_colour_of_new_servers_is_the_dashboards_own() {
        assert_eq!(name("#1055c9"), None);
        assert_eq!(name("#1055C9"), None);
        assert_eq!(name(""), None);
        assert_eq!(name("red"), None);
        assert_eq!(name("#7A1FA2"), Some("7a1fa2".to_owned()));
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        let gray = Color::parse("767676").expect("a colour");
        assert!((gray.contrast(WHITE) - 4.54).abs() < 0.01);
    }
}
