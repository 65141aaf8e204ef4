//! Headers that every answer carries: protection for browsers, CORS, and nothing for caches of what a cookie opened.
//!
//! A fairing, attached by [`super::server`]. It also undoes Rocket's habit of taking the method from a form's
//! `_method` field, which the interface doesn't have.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Header, Method, Status};
use rocket::{Data, Request, Response};

use crate::web::{admission, site, tus};

const METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";

/// What keeps browsers from misreading an answer, or from showing it in somebody else's page.
const PROTECTION: [(&str, &str); 4] = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-XSS-Protection", "1; mode=block"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
];

/// Where an answer may be framed, as its responder has noted in the request's cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// In our own pages.
    Own,
    /// In everybody's.
    Anywhere,
}

/// Adds the headers; knows which origins may read answers.
pub struct Headers {
    allowed_origins: Vec<String>,
}

impl Headers {
    /// For these origins; entries may hold `*` (any text) and `?` (any one character), `*` alone means everybody.
    pub fn new(allowed_origins: Vec<String>) -> Self {
        Headers { allowed_origins }
    }

    /// What `Access-Control-Allow-Origin` says to a page of this origin; `None` if it may not read the answer.
    fn allow(&self, origin: &str) -> Option<String> {
        if self.allowed_origins.iter().any(|allowed| allowed == "*") {
            return Some("*".to_owned());
        }
        let allowed = self.allowed_origins.iter().any(|pattern| wildcard_match(pattern, origin));
        allowed.then(|| origin.to_owned())
    }
}

#[rocket::async_trait]
impl Fairing for Headers {
    fn info(&self) -> Info {
        Info { name: "headers", kind: Kind::Request | Kind::Response | Kind::Singleton }
    }

    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        if request.method() == Method::Post || !is_form(request) {
            return;
        }
        // A form whose first field is `_method` was a POST before Rocket looked at it.
        const FIELD: &[u8] = b"_method=";
        if data.peek(FIELD.len()).await == FIELD {
            request.set_method(Method::Post);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let preflight = request.method() == Method::Options;
        if preflight {
            // Whatever the path is, and whether or not it exists. There is no body that would need protection.
            response.set_status(Status::NoContent);
            response.remove_header("Content-Type");
        } else {
            let framing = *request.local_cache(|| Framing::Own);
            for (name, value) in PROTECTION {
                if name != "X-Frame-Options" || framing == Framing::Own {
                    response.set_raw_header(name, value);
                }
            }
        }
        admission::add_headers(request, response);
        let is_upload = tus::is_below(request.uri().path().as_str());
        if is_upload {
            tus::add_headers(request, response);
        }
        if site::carries_session(request) && response.headers().get_one("Cache-Control").is_none() {
            // What somebody sees by their cookie is theirs; caches on the way go by the address alone.
            response.set_raw_header("Cache-Control", "no-store");
        }
        let is_encoded = response.headers().contains("Content-Encoding");
        response.set_raw_header("Vary", if is_encoded { "Origin, Accept-Encoding" } else { "Origin" });
        let Some(origin) = request.headers().get_one("Origin") else { return };
        let Some(allowed) = self.allow(origin) else { return };
        response.set_header(Header::new("Access-Control-Allow-Origin", allowed));
        if is_upload {
            response.set_raw_header("Access-Control-Expose-Headers", tus::EXPOSED);
        } else if response.headers().contains("ETag") {
            // Scripts of other origins couldn't read it otherwise, and so couldn't name it in `If-Match`.
            response.set_raw_header("Access-Control-Expose-Headers", "ETag");
        }
        if preflight {
            response.set_raw_header("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
            response.set_raw_header("Access-Control-Allow-Methods", METHODS);
            if let Some(names) = request.headers().get_one("Access-Control-Request-Headers") {
                response.set_header(Header::new("Access-Control-Allow-Headers", names.to_owned()));
            }
        }
    }
}

/// A text as the value of a header: everything but visible ASCII is written as `%` and two digits, so that nothing in
/// it can end the header or be read in two ways.
pub fn header_text(text: &str) -> String {
    const HIDDEN: &AsciiSet = &CONTROLS.add(b' ').add(b'%');
    utf8_percent_encode(text, HIDDEN).to_string()
}

fn is_form(request: &Request<'_>) -> bool {
    request.headers().get_one("Content-Type").is_some_and(|kind| kind.contains("form-urlencoded"))
}

/// Whether `text` fits `pattern`, where `*` stands for any text and `?` for any one character. Case is ignored, as
/// scheme and host of an origin have none.
fn wildcard_match(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when a guess of how much the last `*` swallows turns out too short.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c.eq_ignore_ascii_case(&text[t]) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_match_patterns() {
        for (pattern, origin, expect) in [
            ("https://a.example", "https://a.example", true),
            ("https://a.example", "HTTPS://A.example", true),
            ("https://a.example", "https://a.example.evil", false),
            ("https://*.example", "https://a.b.example", true),
            ("https://*.example", "https://example", false),
            ("http://localhost:????", "http://localhost:5173", true),
            ("http://localhost:????", "http://localhost:80", false),
            ("*://x*y", "https://xaayby", true),
            ("", "https://a", false),
            ("", "", true),
        ] {
            assert_eq!(wildcard_match(pattern, origin), expect, "{pattern} {origin}");
        }
    }

    #[test]
    fn values_of_headers_are_visible_ascii() {
        for (text, expect) in [
            ("ada@holdall.test", "ada@holdall.test"),
            ("a b\r\nX-Evil: 1", "a%20b%0D%0AX-Evil:%201"),
            ("ö%\u{7f}", "%C3%B6%25%7F"),
            ("", ""),
        ] {
            assert_eq!(header_text(text), expect);
        }
    }

    #[test]
    fn a_star_alone_is_answered_with_a_star_and_a_pattern_with_the_origin() {
        let headers = |allowed: &[&str]| Headers::new(allowed.iter().map(|&origin| origin.to_owned()).collect());
        assert_eq!(headers(&["*"]).allow("https://x").as_deref(), Some("*"));
        assert_eq!(headers(&["https://x", "https://*.y"]).allow("https://a.y").as_deref(), Some("https://a.y"));
        assert_eq!(headers(&["https://x"]).allow("https://z"), None);
        assert_eq!(headers(&[]).allow("https://z"), None);
    }
}
