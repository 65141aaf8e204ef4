//! The `Range` header: which parts of a file are wanted (RFC 9110, section 14).
//!
//! Pure; called by `download`. What isn't understood, and what asks for more than the file in all, is answered with the
//! whole file, as the RFC lets a server do.

use std::ops::Range;

use crate::base::limits::RANGES_MAX;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// These parts, in the order asked for; at least one, none empty.
    Parts(Vec<Range<u64>>),
    /// Only what isn't there.
    Nothing,
}

/// What `header` wants of a file of `size_bytes`.
pub fn wanted(header: &str, size_bytes: u64) -> Wanted {
    // Of an empty file there is nothing but all of it.
    let Some(list) = header.trim().strip_prefix("bytes=").filter(|_| size_bytes > 0) else { return Wanted::Whole };
    let mut parts = Vec::new();
    let items: Vec<&str> = list.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    if items.is_empty() || items.len() > RANGES_MAX {
        return Wanted::Whole;
    }
    for item in items {
        match part(item, size_bytes) {
            Some(range) if range.is_empty() => {}
            Some(range) => parts.push(range),
            None => return Wanted::Whole,
        }
    }
    let total = parts.iter().map(|range| range.end - range.start).fold(0, u64::saturating_add);
    match parts.len() {
        0 => Wanted::Nothing,
        _ if total > size_bytes => Wanted::Whole,
        _ => Wanted::Parts(parts),
    }
}

/// One `first-last`, `first-` or `-length`; empty if nothing of it is there, `None` if it isn't one.
fn part(item: &str, size_bytes: u64) -> Option<Range<u64>> {
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that is too large for anything is larger than every file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (first, last) = item.split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", length) => Some(size_bytes.saturating_sub(number(length)?)..size_bytes),
        (first, "") => Some(number(first)?.min(size_bytes)..size_bytes),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first.min(size_bytes)..last.saturating_add(1).min(size_bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_understood_as_the_rfc_says() {
        let parts = |ranges: &[(u64, u64)]| Wanted::Parts(ranges.iter().map(|(from, to)| *from..*to).collect());
        for (header, expect) in [
            ("bytes=0-4", parts(&[(0, 5)])),
            ("bytes=5-", parts(&[(5, 11)])),
            ("bytes=-3", parts(&[(8, 11)])),
            ("bytes=-300", parts(&[(0, 11)])),
            ("bytes=5-99999999999999999999999", parts(&[(5, 11)])),
            ("bytes=0-0,-1", parts(&[(0, 1), (10, 11)])),
            ("bytes= 1-2 , 4-5 ,", parts(&[(1, 3), (4, 6)])),
            ("bytes=100-200,1-1", parts(&[(1, 2)])),
            ("bytes=100-200", Wanted::Nothing),
            ("bytes=11-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=0-10,0-10", Wanted::Whole),
            ("bytes=3-2", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 11), expect, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Whole);
        assert_eq!(wanted(&format!("bytes={}", "0-0,".repeat(RANGES_MAX + 1)), 1000), Wanted::Whole);
    }
}
