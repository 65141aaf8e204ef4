//! `url`: one web address, loosely checked, kept as it was sent.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::is_present;
use super::{Field, Kind, OptionSite, Storage, coerce, domains};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// The schemes that addresses may have, in lower case only.
const SCHEMES: [&str; 7] = ["http", "https", "ftp", "ws", "wss", "tcp", "udp"];

/// The shortest and the longest address, in characters.
const MIN_CHARS: usize = 4;
const MAX_CHARS: usize = 2082;

/// Options of a `url` field. At most one of the lists is in use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct UrlOptions {
    /// Hosts that addresses must not have.
    pub except_domains: Vec<String>,
    /// The only hosts that addresses may have; empty is any.
    pub only_domains: Vec<String>,
}

impl Kind for UrlOptions {
    fn storage(&self) -> Storage {
        Storage::Text
    }

    fn zero(&self) -> Value {
        Value::Text(String::new())
    }

    fn coerce(&self, input: &Json) -> Value {
        Value::Text(coerce::text(input))
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        if !is_present(field, value)? {
            return Ok(());
        }
        let parts = parse(value.as_text())
            .ok_or_else(|| FieldError::new("validation_invalid_url", "This isn't a web address."))?;
        // Without a scheme it isn't sure what the host is, so such addresses are on no list.
        let listed = if parts.scheme.is_some() { parts.host } else { "" };
        if !domains::allow(listed, &self.only_domains, &self.except_domains) {
            return Err(FieldError::new("validation_url_domain_not_allowed", "Addresses of this host aren't allowed."));
        }
        Ok(())
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        domains::check_lists(&self.only_domains, &self.except_domains)
    }
}

/// Whether `text` is an address on the web, or of one of the other known kinds.
pub(crate) fn is_url(text: &str) -> bool {
    parse(text).is_some()
}

struct Parts<'a> {
    scheme: Option<&'a str>,
    /// With the port, without the user.
    host: &'a str,
}

fn parse(text: &str) -> Option<Parts<'_>> {
    if !(MIN_CHARS..=MAX_CHARS).contains(&text.chars().count()) || text.contains(char::is_whitespace) {
        return None;
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if SCHEMES.contains(&scheme) => (Some(scheme), rest),
        Some(_) => return None,
        None => (None, text),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // A bare word is no address, unless something marks it as one: a scheme, a port, a user, a dot.
    let is_marked = scheme.is_some() || authority.contains([':', '@', '.']);
    (is_marked && is_host_with_port(host) && escapes_are_sound(path)).then_some(Parts { scheme, host })
}

fn is_host_with_port(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    is_host(host) && port.is_none_or(is_port)
}

/// A name of one label or more, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_edge = |c: char| c.is_ascii_alphanumeric() || matches!(c, '\u{a1}'..='\u{ffff}');
    let is_label = |label: &str| {
        label.starts_with(is_edge)
            && label.ends_with(is_edge)
            && label.chars().all(|c| is_edge(c) || c == '-' || c == '_')
    };
    host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

/// Every `%` is followed by two hexadecimal digits.
fn escapes_are_sound(path: &str) -> bool {
    path.split('%')
        .skip(1)
        .all(|after| after.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values};
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_are_told_from_other_text() {
        for text in [
            "example.com",
            "http://a",
            "http://localhost:80/x",
            "ftp://a.b",
            "ws://a.b",
            "wss://a.b",
            "tcp://a.b",
            "udp://a.b",
            "mailto:a@b.c",
            "mailto:a@b",
            "http://u:p@h.co",
            "u:p@h.co",
            "localhost:80",
            "abc:80",
            "tel:123",
            "1.2.3.4",
            "http://[::1]",
            "http://[::1]:80/",
            "http://é.com",
            "http://☺.ws",
            "http://a.b?x=1",
            "http://a.b#x",
            "a.b?x",
            "a.b/",
            "http://a.b.",
            "http://a.b:99999",
            "http://u:p:q@a.b",
            "http://a@b@c.d",
            "http://my_host.com",
            "http://a.b/é",
            "http://a.b/<x>\"\\|",
            "http://a.b/%20",
            "www.a",
            "http://sub.a.b",
            "http://12",
        ] {
            assert!(is_url(text), "{text}");
        }
        for text in [
            "abc",
            "a.b",
            "1.2",
            "//a.b",
            "javascript:alert(1)",
            "http://a b",
            "http://a.b/c d",
            "localhost",
            "https://",
            "http://",
            "http:///x",
            "x://a.b",
            "data:text/plain,x",
            "file:///x",
            "git://a.b",
            "HTTP://A.B",
            "http://a-.b",
            "http://-a.b",
            "http://.a.b",
            "http://a..b",
            "http://a.b:",
            "http://a.b:80a",
            "http://a.b:123456",
            "http://a%20b.c",
            "http://a.b/%zz",
            "http://a.b/%2",
            "mailto:",
            "mailto:abc",
            "http:a.b",
            "http:/a.b",
            "ht tp://a.b",
            " http://a.b",
            "http://a.b ",
            "http://a.b/x\n",
            "a/b.c",
            "/abc",
            "http://?",
            "http://#x",
            "http://a.b&c",
            "http://a,b.c",
            "http://(a).b",
            "http://_a.b",
            "http://[::1",
            "http://[x]",
        ] {
            assert!(!is_url(text), "{text}");
        }
        assert!(is_url(&format!("http://a.b/{}", "x".repeat(2071))));
        assert!(!is_url(&format!("http://a.b/{}", "x".repeat(2072))));
    }

    #[test]
    fn hosts_are_listed_with_their_port() {
        let refused = || Some(("validation_url_domain_not_allowed", json!(null)));
        check_values(
            json!({"type": "url", "onlyDomains": ["a.b", "c.d"]}),
            &[
                (json!("http://a.b"), None),
                (json!("http://u@a.b/x"), None),
                (json!("http://c.d?x"), None),
                (json!(""), None),
                (json!("http://a.b:80"), refused()),
                (json!("http://A.B"), refused()),
                (json!("http://www.a.b"), refused()),
                (json!("mailto:x@a.b"), refused()),
                (json!("a.b/"), refused()),
            ],
        );
        check_values(
            json!({"type": "url", "exceptDomains": ["a.b"]}),
            &[(json!("http://a.b"), refused()), (json!("http://a.b:80"), None), (json!("mailto:x@a.b"), None)],
        );
    }

    #[test]
    fn other_text_is_refused() {
        check_values(
            json!({"type": "url", "required": true}),
            &[
                (json!(1), Some(("validation_invalid_url", json!(null)))),
                (json!(""), Some(("validation_required", json!(null)))),
            ],
        );
        check_options(&[
            (json!({"type": "url", "exceptDomains": ["x"]}), json!({"exceptDomains": {"0": "validation_is_domain"}})),
            (json!({"type": "url"}), json!({})),
        ]);
    }
}
