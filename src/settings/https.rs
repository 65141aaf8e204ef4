//! What the keys about HTTPS and about clients mean together: where the server listens, and what goes with what.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::config::Config;

/// Whether the front stands before the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum FrontUse {
    Auto,
    Always,
    Never,
}

impl Config {
    /// Whether the server speaks HTTPS by itself.
    pub fn is_https(&self) -> bool {
        !self.domains.is_empty() || !self.tls_cert_file.is_empty()
    }

    /// Where plain HTTP is spoken: instead of HTTPS, or beside it to lead there.
    pub fn plain_socket(&self) -> Option<SocketAddr> {
        match self.is_https() {
            true if self.is_http_set => Some(self.http),
            true if self.https.port() == 443 => Some(SocketAddr::new(self.https.ip(), 80)),
            true => None,
            false => Some(self.http),
        }
    }

    /// Whether the front stands before the server. It costs a hop, so it doesn't where a proxy on the same machine, or
    /// nobody else, connects.
    pub fn has_front(&self) -> bool {
        match self.front {
            FrontUse::Always => true,
            FrontUse::Never => false,
            FrontUse::Auto => self.is_https() || !self.http.ip().is_loopback(),
        }
    }

    /// Checks what keys about HTTPS and clients mean together.
    pub(super) fn check_https(&self, problems: &mut Vec<&str>) {
        if self.tls_cert_file.is_empty() != self.tls_key_file.is_empty() {
            problems.push("tls_cert_file and tls_key_file need each other.");
        }
        if !self.domains.iter().all(|domain| is_domain(domain)) {
            problems.push("domains must be full names in small letters, such as example.org, without * in them.");
        }
        if !self.is_https() {
            return;
        }
        if self.front == FrontUse::Never {
            problems.push("HTTPS needs the front: it can't be switched off with `front`.");
        }
        if self.domains.is_empty() && self.public_url.is_none() {
            problems.push("tls_cert_file needs public_url beside it, such as https://api.example.com.");
        }
        if self.public_url.as_ref().is_some_and(|url| !url.starts_with("https://")) {
            problems.push("public_url must begin with https:// where this server speaks HTTPS.");
        }
        if self.tls_cert_file.is_empty() && self.plain_socket().is_none() {
            problems.push("domains need `http` beside an `https` with another port than 443: ACME asks there.");
        }
        if !self.tls_cert_file.is_empty() && !self.domains.is_empty() {
            problems.push("tls_cert_file and domains exclude each other: a certificate is your own or comes by ACME.");
        }
    }
}

/// Whether a certificate can be had for this name over HTTP.
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=63).contains(&label.len()) && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label) && name.parse::<IpAddr>().is_err()
}
