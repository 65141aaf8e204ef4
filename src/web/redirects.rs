//! Where pages may lead people once they are done: this server, the hosts that share its login, and what
//! `redirect_allow` names.
//!
//! Called by every page that takes a `redirect`, when it takes it and again right before the browser is sent there, and
//! by forward-auth.
//! Invariant: what [`Allowed::check`] returns can't be read by a browser as anything but the address that was compared;
//! texts that two parsers could understand differently are refused, not mended.

use url::{Origin, Url};

use crate::app::App;
use crate::base::limits::REDIRECT_MAX_CHARS;

/// The places that are allowed.
pub struct Allowed {
    own: Option<Origin>,
    others: Vec<Place>,
}

/// One entry of `redirect_allow`.
enum Place {
    /// Everything that has this scheme, host and port.
    Site(Origin),
    /// Everything whose address begins like this; ends with a slash.
    Below(Url),
    /// Every host of this domain and those below it; over plain HTTP only if this server is.
    Domain { name: String, encrypted: bool },
}

impl Allowed {
    /// What this server allows.
    pub fn of(app: &App) -> Allowed {
        let mut allowed = Allowed::new(&app.public_origin(), &app.redirect_allow());
        allowed.others.extend(
            app.forward_auth_domain().map(|domain| Place::Domain {
                name: domain.to_ascii_lowercase(),
                encrypted: app.is_public_over_https(),
            }),
        );
        allowed
    }

    fn new(own: &str, entries: &[String]) -> Allowed {
        Allowed { own: web_url(own).map(|url| url.origin()), others: entries.iter().filter_map(|e| place(e)).collect() }
    }

    /// The address to send a browser to, if `target` is allowed: a path of this server, as it was given, or a whole
    /// address, in its standard form.
    pub fn check(&self, target: &str) -> Option<String> {
        // Browsers drop tabs and line ends, take `\` for `/`, and write hosts with other letters in their own way.
        // Addresses that mean no mischief come without, in percent escapes or as `xn--`.
        let plain = target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !plain || target.len() > REDIRECT_MAX_CHARS {
            return None;
        }
        if target.starts_with('/') {
            return (!target.starts_with("//")).then(|| target.to_owned());
        }
        let url = web_url(target)?;
        let allowed = self.own.as_ref() == Some(&url.origin()) || self.others.iter().any(|place| place.contains(&url));
        allowed.then(|| url.to_string())
    }
}

impl Place {
    fn contains(&self, url: &Url) -> bool {
        match self {
            Place::Site(origin) => *origin == url.origin(),
            Place::Domain { name, encrypted } => {
                let host = url.host_str().unwrap_or_default();
                let within =
                    host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                within && (url.scheme() == "https" || !encrypted)
            }
            Place::Below(start) => {
                // `/app/..%2fadmin` is below `/app/` for us, and may not be for the server over there.
                let path = url.path().to_ascii_lowercase();
                let clear = !["%2f", "%5c", "%2e"].iter().any(|escape| path.contains(escape));
                clear && start.origin() == url.origin() && url.path().starts_with(start.path())
            }
        }
    }
}

/// An entry of the configuration; `None` for one that isn't an address, which allows nothing.
fn place(entry: &str) -> Option<Place> {
    let url = web_url(entry)?;
    match (url.path(), entry.ends_with('/')) {
        ("/", false) => Some(Place::Site(url.origin())),
        (_, true) => Some(Place::Below(url)),
        (_, false) => None,
    }
}

/// An address of the web, written in full and without a user's name.
fn web_url(text: &str) -> Option<Url> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    Url::parse(text).ok().filter(|url| url.has_host() && url.username().is_empty() && url.password().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_places_are_allowed() {
        let entries = [
            "https://app.example.com",
            "https://shop.example.com:8443",
            "https://pages.example.com/team/",
            "https://no-slash.example.com/team",
            "not an address",
        ];
        let allowed = Allowed::new("https://api.example.com", &entries.map(str::to_owned));
        for (target, expect) in [
            ("/", Some("/")),
            ("/todo?list=1#top", Some("/todo?list=1#top")),
            ("/a//b", Some("/a//b")),
            ("https://api.example.com/x", Some("https://api.example.com/x")),
            ("https://api.example.com:443/x", Some("https://api.example.com/x")),
            ("https://app.example.com", Some("https://app.example.com/")),
            ("https://app.example.com/any/where?x=%2f", Some("https://app.example.com/any/where?x=%2f")),
            ("https://APP.example.com/", Some("https://app.example.com/")),
            ("https://shop.example.com:8443/", Some("https://shop.example.com:8443/")),
            ("https://pages.example.com/team/a", Some("https://pages.example.com/team/a")),
            ("https://pages.example.com/team/a?up=..%2f", Some("https://pages.example.com/team/a?up=..%2f")),
            // Other ports, schemes, hosts and paths.
            ("http://api.example.com/x", None),
            ("https://api.example.com:8443/", None),
            ("https://shop.example.com/", None),
            ("https://app.example.com.evil.example/", None),
            ("https://evil-app.example.com/", None),
            ("https://pages.example.com/", None),
            ("https://pages.example.com/team", None),
            ("https://pages.example.com/teams/", None),
            ("https://no-slash.example.com/team", None),
            // Ways out of a folder.
            ("https://pages.example.com/team/../admin", None),
            ("https://pages.example.com/team/%2e%2e/admin", None),
            ("https://pages.example.com/team/..%2fadmin", None),
            ("https://pages.example.com/team/..%5cadmin", None),
            // What browsers read differently.
            ("//evil.example", None),
            ("///evil.example", None),
            ("/\\evil.example", None),
            ("\\\\evil.example", None),
            ("/\t/evil.example", None),
            ("/\n/evil.example", None),
            ("https:evil.example", None),
            ("https:/evil.example", None),
            ("https:///evil.example", None),
            ("https://app.example.com@evil.example/", None),
            ("https://app.example.com\\@evil.example/", None),
            ("https://user:pass@app.example.com/", None),
            ("https://@app.example.com/", None),
            ("https://app.example.com\u{2044}evil.example/", None),
            ("https://app.example\u{3002}com/", None),
            ("https://ａpp.example.com/", None),
            (" https://app.example.com/", None),
            ("https://app.example.com/\r\nSet-Cookie: a=b", None),
            ("/x\0", None),
            // No places at all.
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("app.example.com", None),
            ("todo", None),
            ("", None),
            ("https://", None),
        ] {
            assert_eq!(allowed.check(target).as_deref(), expect, "{target:?}");
        }
        assert_eq!(allowed.check(&format!("/{}", "a".repeat(REDIRECT_MAX_CHARS))), None);
    }
}
