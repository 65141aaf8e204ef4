//! Answers made smaller on their way, for browsers that take gzip.
//!
//! Called by `assets` and `respond`, which decide what is worth it. What an attacker can have repeated must not be
//! compressed together with a secret, or its size tells the secret (BREACH): so pages, which hold the token of their
//! forms, go out as they are.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use rocket::Request;

/// Whether whoever asks takes gzip: it is named, and not with a weight of zero (RFC 9110, section 12.5.3).
pub fn is_taken(request: &Request<'_>) -> bool {
    is_named(request.headers().get_one("Accept-Encoding").unwrap_or_default())
}

fn is_named(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse::<f32>() != Ok(0.0)
    })
}

/// The content as gzip, as small as can be, for what is made once; `None` if that can't be had.
pub fn best(content: &[u8]) -> Option<Vec<u8>> {
    compress(content, Compression::best())
}

/// The content as gzip, as quickly as can be, for what is made for one answer; `None` if that can't be had.
pub fn fast(content: &[u8]) -> Option<Vec<u8>> {
    compress(content, Compression::fast())
}

fn compress(content: &[u8], how: Compression) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 2), how);
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_name_it() {
        for (accepted, expect) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("", false),
            ("br", false),
            ("gzip;q=0", false),
            ("gzip; q=0.0, br", false),
            ("x-gzip", false),
        ] {
            assert_eq!(is_named(accepted), expect, "{accepted}");
        }
    }
}
