//! What is said over plain HTTP where there is HTTPS: go there. Also, what the certificate's issuer asks for.
//!
//! Where to is taken from the configuration. What the request says of the host only chooses among the names that are
//! configured.

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};

use super::acme::{CHALLENGE_PATH, Challenges};
use super::body::Answer;
use super::tls::Keyring;
use crate::settings::Config;
use std::sync::Arc;

/// How long those wait who come before there is a certificate, in seconds.
const CERTIFICATE_EXPECTED_SECONDS: &str = "5";

/// See the module.
pub(super) struct Plain {
    /// Scheme, host and port of the public address.
    origin: String,
    domains: Vec<String>,
    /// With a colon, if it isn't the usual one.
    port: String,
    keyring: Arc<Keyring>,
    challenges: Challenges,
}

impl Plain {
    pub(super) fn new(config: &Config, keyring: Arc<Keyring>, challenges: Challenges) -> Plain {
        let port = match config.https.port() {
            443 => String::new(),
            port => format!(":{port}"),
        };
        Plain { origin: config.origin(), domains: config.domains.clone(), port, keyring, challenges }
    }

    pub(super) fn answer(&self, request: &Request<Incoming>) -> Response<Answer> {
        let path = request.uri().path();
        if let Some(token) = path.strip_prefix(CHALLENGE_PATH) {
            return match self.challenges.find(token) {
                Some(proof) => text(StatusCode::OK, proof),
                None => text(StatusCode::NOT_FOUND, "There is no such token.\n".to_owned()),
            };
        }
        if !self.keyring.has_key() {
            let message = "The certificate for HTTPS isn't there yet. Try again in a moment.\n";
            let mut response = text(StatusCode::SERVICE_UNAVAILABLE, message.to_owned());
            let wait = HeaderValue::from_static(CERTIFICATE_EXPECTED_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, wait);
            return response;
        }
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let target = self.target(host, path);
        let mut response = text(StatusCode::PERMANENT_REDIRECT, format!("This is at {target}\n"));
        match HeaderValue::from_str(&target) {
            Ok(location) => response.headers_mut().insert(header::LOCATION, location),
            Err(_) => return text(StatusCode::BAD_REQUEST, "The address isn't valid.\n".to_owned()),
        };
        response
    }

    /// The same page by HTTPS, at the name that was asked for if it is one of ours.
    fn target(&self, host: &str, path: &str) -> String {
        let path = if path.starts_with('/') { path } else { "/" };
        let name = host.split(':').next().unwrap_or_default();
        match self.domains.iter().find(|domain| domain.eq_ignore_ascii_case(name)) {
            Some(domain) => format!("https://{domain}{}{path}", self.port),
            None => format!("{}{path}", self.origin),
        }
    }
}

fn text(status: StatusCode, text: String) -> Response<Answer> {
    let mut response = Response::new(Answer::own(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_to_configured_hosts_only() {
        let plain = Plain {
            origin: "https://example.org:8443".to_owned(),
            domains: vec!["example.org".to_owned(), "www.example.org".to_owned()],
            port: ":8443".to_owned(),
            keyring: Arc::new(Keyring::default()),
            challenges: Challenges::default(),
        };
        for (host, path, expect) in [
            ("example.org", "/a?b=c%20d", "https://example.org:8443/a?b=c%20d"),
            ("WWW.example.org:80", "/", "https://www.example.org:8443/"),
            ("evil.example", "/a", "https://example.org:8443/a"),
            ("example.org.evil.example", "/a", "https://example.org:8443/a"),
            ("", "/a", "https://example.org:8443/a"),
            ("example.org", "//evil.example/", "https://example.org:8443//evil.example/"),
            ("example.org", "*", "https://example.org:8443/"),
        ] {
            assert_eq!(plain.target(host, path), expect, "{host} {path}");
        }
    }
}
