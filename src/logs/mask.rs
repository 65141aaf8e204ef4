//! What must not stand in a log: tokens, keys, codes, passwords.
//!
//! Two nets, because neither is enough: by the name under which something is sent, and by how it looks wherever it
//! stands. Pure. Called when entries are written, off the way of the request.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What stands in the place of what is masked.
const MASK: &str = "***";
/// Parts of names of query parameters whose values are secrets, in lower case without `_` and `-`.
const SECRET_PARTS: &[&str] = &[
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "authorization",
    "apikey",
    "accesskey",
    "signature",
    "credential",
    "cookie",
    "verifier",
];
/// Whole names of such parameters, likewise.
const SECRET_NAMES: &[&str] =
    &["code", "state", "otp", "otpid", "mfaid", "jwt", "key", "sig", "sessionid", "auth", "pass", "pwd"];
/// How our API keys begin.
const KEY_PREFIX: &str = "holdall_";
/// How signed tokens begin: the start of a JSON object in base64.
const TOKEN_PREFIX: &str = "eyJ";
/// What begins so and is at least so long is one, or a piece of one that was cut off.
const SECRET_MIN_CHARS: usize = 20;
/// The address of the page that makes the first superuser; what follows opens it.
const SETUP_PATH: &str = "/_/setup/";

/// An address (a path, or a whole URL) without what is secret in it. A parameter in whose value a secret is found is
/// masked as a whole.
pub fn masked_url(url: &str) -> String {
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    let mut out = masked_path(path);
    if let Some(query) = query {
        out.push('?');
        let pairs: Vec<Cow<'_, str>> = query.split('&').map(masked_pair).collect();
        out.push_str(&pairs.join("&"));
    }
    out
}

fn masked_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            out.push('/');
        }
        let is_setup = out.ends_with(SETUP_PATH) && !segment.is_empty();
        // `user:password@host` of a URL that is the address of a page.
        let is_login = out.ends_with("://") && segment.contains('@');
        match is_setup || is_login || holds_secret(&decoded(segment)) {
            true if is_login => {
                out.push_str(MASK);
                out.push_str(&segment[segment.rfind('@').unwrap_or(0)..]);
            }
            true => out.push_str(MASK),
            false => out.push_str(segment),
        }
    }
    out
}

fn masked_pair(pair: &str) -> Cow<'_, str> {
    let Some((name, value)) = pair.split_once('=') else {
        return if holds_secret(&decoded(pair)) { Cow::Borrowed(MASK) } else { Cow::Borrowed(pair) };
    };
    if holds_secret(&decoded(name)) {
        return Cow::Borrowed(MASK);
    }
    match !value.is_empty() && (names_secret(&decoded(name)) || holds_secret(&decoded(value))) {
        true => Cow::Owned(format!("{name}={MASK}")),
        false => Cow::Borrowed(pair),
    }
}

/// A text without what looks like a secret in it, or is assigned to a name that says so.
pub fn masked_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len()).max(first.len_utf8())];
        rest = &rest[word.len()..];
        if is_secret_word(word) {
            out.push_str(MASK);
            continue;
        }
        out.push_str(word);
        if has_secret_part(&plain(word))
            && let Some((sign, value)) = assigned(rest)
        {
            out.push_str(sign);
            out.push_str(MASK);
            rest = &rest[sign.len() + value.len()..];
        }
    }
    out
}

/// What follows a name as `=value`, split into sign and value.
fn assigned(text: &str) -> Option<(&str, &str)> {
    let after = text.strip_prefix('=')?;
    let quoted = after.len() - after.trim_start_matches(['=', '\'', '"', ' ']).len();
    let (sign, rest) = text.split_at(1 + quoted);
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '&' | '\'' | '"' | ')' | ',' | ';'));
    let value = &rest[..end.unwrap_or(rest.len())];
    (!value.is_empty()).then_some((sign, value))
}

fn holds_secret(text: &str) -> bool {
    // Most texts hold none, and this tells it without a copy.
    let suspicious = text.contains(TOKEN_PREFIX) || text.contains(KEY_PREFIX) || text.contains('=');
    suspicious && masked_text(text) != text
}

/// Whether the value of a query parameter with this name is a secret.
fn names_secret(name: &str) -> bool {
    let name = plain(name);
    SECRET_NAMES.contains(&name.as_str()) || has_secret_part(&name)
}

fn has_secret_part(name: &str) -> bool {
    SECRET_PARTS.iter().any(|part| name.contains(part))
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | '.')).flat_map(char::to_lowercase).collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn is_secret_word(word: &str) -> bool {
    let begins = word.starts_with(TOKEN_PREFIX) || word.starts_with(KEY_PREFIX);
    begins && word.len() >= SECRET_MIN_CHARS
}

/// A text without percent-encoding; bytes that aren't UTF-8 become `�`.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IngifQ.c2lnbmF0dXJl";
    const KEY: &str = "holdall_a0b1c2d3e4f5g6h_ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    #[test]
    fn parameters_with_secret_names_are_masked() {
        for (url, expect) in [
            ("/api/files/a/b/c.png?token=abc&thumb=1x1", "/api/files/a/b/c.png?token=***&thumb=1x1"),
            ("/x?%74oken=abc", "/x?%74oken=***"),
            ("/x?TOKEN=a&Access_Token=b&fileToken=c", "/x?TOKEN=***&Access_Token=***&fileToken=***"),
            ("/api/oauth2-redirect?state=s&code=c&error=no", "/api/oauth2-redirect?state=***&code=***&error=no"),
            ("/x?password=p&passwordConfirm=p&old-password=o", "/x?password=***&passwordConfirm=***&old-password=***"),
            ("/x?mfaId=abc&otpId=def", "/x?mfaId=***&otpId=***"),
            ("/x?token=a=b", "/x?token=***"),
            ("/x?token=", "/x?token="),
            ("/x?token", "/x?token"),
            ("/x?token=a&token=b", "/x?token=***&token=***"),
            ("/x?page=2&filter=a%3D1&sort=-created", "/x?page=2&filter=a%3D1&sort=-created"),
            ("/x?fields=token,key", "/x?fields=token,key"),
            ("/x", "/x"),
            ("/x?", "/x?"),
            ("", ""),
        ] {
            assert_eq!(masked_url(url), expect);
        }
    }

    #[test]
    fn what_looks_like_a_secret_is_masked_wherever_it_stands() {
        let encoded = JWT.replace('e', "%65");
        for (url, expect) in [
            (format!("/x?q={JWT}"), "/x?q=***"),
            (format!("/x?q={encoded}"), "/x?q=***"),
            (format!("/x?q={KEY}"), "/x?q=***"),
            (format!("/x?{JWT}"), "/x?***"),
            (format!("/x?{JWT}=1"), "/x?***"),
            (format!("/a/{JWT}/b"), "/a/***/b"),
            (format!("/a/{encoded}"), "/a/***"),
            (format!("/x?q={}", &JWT[..30]), "/x?q=***"),
            ("/x?filter=token%3D'abc'".to_owned(), "/x?filter=***"),
            ("/_/setup/AbCdEf".to_owned(), "/_/setup/***"),
            ("http://h/_/setup/AbCdEf?x=1".to_owned(), "http://h/_/setup/***?x=1"),
            ("https://ada:pw@example.com/a?token=t".to_owned(), "https://***@example.com/a?token=***"),
        ] {
            assert_eq!(masked_url(&url), expect, "{url}");
        }
    }

    #[test]
    fn texts_are_masked_in_place() {
        for (text, expect) in [
            (format!("the token {JWT} is old"), "the token *** is old"),
            (
                "error for url (https://x/t?client_secret=abc&a=1)".to_owned(),
                "error for url (https://x/t?client_secret=***&a=1)",
            ),
            ("filter=tokenKey='abc' && a='b'".to_owned(), "filter=tokenKey='***' && a='b'"),
            ("password = 'x'".to_owned(), "password = 'x'"),
            ("no such column: token".to_owned(), "no such column: token"),
            ("größe=1 ünï".to_owned(), "größe=1 ünï"),
        ] {
            assert_eq!(masked_text(&text), expect);
        }
    }

    #[test]
    fn percent_encoding_is_undone_as_far_as_it_is_one() {
        for (text, expect) in
            [("a%20b", "a b"), ("%zz%4", "%zz%4"), ("%C3%BC", "ü"), ("%ff", "\u{fffd}"), ("100%", "100%"), ("", "")]
        {
            assert_eq!(decoded(text), expect);
        }
    }
}
