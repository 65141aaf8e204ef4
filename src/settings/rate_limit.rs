//! How many requests clients may send: one limit, as a text of the configuration and as the interface has it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// One limit: so many requests within so many seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// What it is about: `METHOD /path`, `/path` (with everything below it if it ends in a slash), `collection:tag`,
    /// `*:tag` for all collections, or `collection` for all that is asked of one.
    pub label: String,
    /// For whom.
    pub audience: Audience,
    /// Seconds.
    pub duration: i64,
    /// Requests.
    pub max_requests: i64,
}

/// For whom a limit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Audience {
    /// Everybody.
    #[default]
    #[serde(rename = "")]
    All,
    /// Those who aren't signed in.
    #[serde(rename = "@guest")]
    Guests,
    /// Those who are.
    #[serde(rename = "@auth")]
    SignedIn,
}

impl Audience {
    /// Whether two limits of these audiences would count the same request.
    pub fn overlaps(self, other: Audience) -> bool {
        self == other || self == Audience::All || other == Audience::All
    }

    /// Whether somebody is meant who is signed in, or isn't.
    pub fn includes(self, signed_in: bool) -> bool {
        match self {
            Audience::All => true,
            Audience::Guests => !signed_in,
            Audience::SignedIn => signed_in,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Audience::All => "",
            Audience::Guests => "@guest",
            Audience::SignedIn => "@auth",
        }
    }

    /// The audience that is written so.
    pub(super) fn parse(text: &str) -> Option<Audience> {
        [Audience::All, Audience::Guests, Audience::SignedIn].into_iter().find(|audience| audience.as_str() == text)
    }
}

/// Whether a text may be a label.
pub(super) fn is_label(text: &str) -> bool {
    let with_method = || text.split_once(' ').is_some_and(|(method, path)| is_method(method) && is_path(path));
    let with_tag = || text.split_once(':').is_some_and(|(name, tag)| (name == "*" || is_name(name)) && is_name(tag));
    is_path(text) || is_name(text) || with_method() || with_tag()
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
}

fn is_method(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The short form: `LABEL [AUDIENCE] REQUESTS/SECONDS`.
impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<RateLimit, String> {
        let wrong = || format!("“{text}” isn't a limit such as `*:auth 2/3` or `POST /api/x @guest 20/5`");
        let (rest, numbers) = text.trim().rsplit_once(' ').ok_or_else(wrong)?;
        let (requests, seconds) = numbers.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.parse().ok().filter(|number| *number >= 1).ok_or_else(wrong);
        let (label, audience) = match rest.trim().rsplit_once(' ') {
            Some((label, word)) if word.starts_with('@') => (label, Audience::parse(word).ok_or_else(wrong)?),
            _ => (rest, Audience::All),
        };
        let label = label.trim();
        if !is_label(label) {
            return Err(wrong());
        }
        Ok(RateLimit { label: label.to_owned(), audience, duration: number(seconds)?, max_requests: number(requests)? })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)?;
        if self.audience != Audience::All {
            write!(f, " {}", self.audience.as_str())?;
        }
        write!(f, " {}/{}", self.max_requests, self.duration)
    }
}

/// From the short form; the interface's form is [`super::model::RateRule`], which may be wrong in many ways.
impl<'de> Deserialize<'de> for RateLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RateLimit, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_written() {
        for text in ["*:auth 2/3", "/api/ 300/10", "POST /api/x @guest 20/5", "users:list @auth 1/1", "users 5/60"] {
            assert_eq!(text.parse::<RateLimit>().expect("a limit").to_string(), text);
        }
        let limit: RateLimit = "POST /api/x  @guest  20/5".parse().expect("a limit");
        assert_eq!((limit.label.as_str(), limit.audience), ("POST /api/x", Audience::Guests));
        assert_eq!((limit.max_requests, limit.duration), (20, 5));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for text in ["", "/api/", "2/3", "/api/ 2", "/api/ 0/3", "/api/ 2/-1", "/api/ @all 2/3", "a b 2/3", "*:a b 2/3"]
        {
            assert!(text.parse::<RateLimit>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn labels() {
        for (text, expect) in [
            ("/", true),
            ("/api/x-y.z/", true),
            ("GET /x", true),
            ("users", true),
            ("users:list", true),
            ("*:list", true),
            ("*", false),
            ("", false),
            ("a b", false),
            ("GET  /x", false),
            ("us-ers:x", false),
            ("/é", false),
            ("/a\"b", false),
        ] {
            assert_eq!(is_label(text), expect, "{text:?}");
        }
    }
}
