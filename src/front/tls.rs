//! The certificate in use, which can be replaced while connections are served, and the one TLS of the front.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{DEFAULT_VERSIONS, ServerConfig};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::base::{Result, Timestamp};

/// HTTP/2, as client and server agree on it.
pub(super) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// The certificate that clients are shown, once there is one.
#[derive(Debug, Default)]
pub(super) struct Keyring(ArcSwapOption<CertifiedKey>);

impl Keyring {
    /// Whether there is one.
    pub(super) fn has_key(&self) -> bool {
        self.0.load().is_some()
    }

    /// Shows this one from now on.
    pub(super) fn install(&self, certificate: Certificate) {
        self.0.store(Some(certificate.key));
    }
}

impl ResolvesServerCert for Keyring {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

/// What the front agrees on with clients.
pub(super) fn server_config(keyring: Arc<Keyring>) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(DEFAULT_VERSIONS)
        .expect("the provider has suites for the versions that it comes with")
        .with_no_client_auth()
        .with_cert_resolver(keyring);
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
    // Without them, clients that come back have to begin anew, which works as well.
    if let Ok(ticketer) = ring::Ticketer::new() {
        config.ticketer = ticketer;
    }
    config
}

/// A certificate with its key, and what is to be known of it.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    key: Arc<CertifiedKey>,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    names: Vec<String>,
}

impl Certificate {
    /// Reads a certificate with those behind it, and its key.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub(super) fn read(certificates: &[u8], key: &[u8]) -> Result<Certificate, String> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("the certificates can't be read: {error}"))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("the key can't be read: {error}"))?;
        let Some(own) = chain.first().cloned() else { return Err("there is no certificate in it".to_owned()) };
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| format!("certificate and key can't be used together: {error}"))?;
        let (_, own) = X509Certificate::from_der(&own).map_err(|_| "the certificate can't be read".to_owned())?;
        let time = |seconds| Timestamp::from_unix_seconds(seconds).ok_or("its time isn't one".to_owned());
        let validity = own.validity();
        Ok(Certificate {
            key: Arc::new(key),
            from: time(validity.not_before.timestamp())?,
            until: time(validity.not_after.timestamp())?,
            names: names(&own),
        })
    }

    /// Whether it is good for all of these names.
    pub(super) fn covers(&self, domains: &[String]) -> bool {
        domains.iter().all(|domain| self.names.iter().any(|name| name.eq_ignore_ascii_case(domain)))
    }

    /// A number that differs from certificate to certificate.
    pub(super) fn spread(&self) -> i64 {
        let end = self.key.cert.first().map_or(&[][..], |own| &own[own.len().saturating_sub(7)..]);
        end.iter().fold(0, |number, byte| (number << 8) | i64::from(*byte))
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.until <= Timestamp::now()
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).expect("names are valid");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_certificate_is_read_with_its_key_only() {
        let (certificate, key) = made(&["example.org", "www.example.org"]);
        let read = Certificate::read(certificate.as_bytes(), key.as_bytes()).expect("they belong together");
        assert!(read.covers(&["www.example.org".to_owned(), "EXAMPLE.org".to_owned()]));
        assert!(!read.covers(&["api.example.org".to_owned()]));
        assert!(read.from < Timestamp::now() && !read.is_over());
        let (other, _) = made(&["example.org"]);
        for (certificate, key, part) in [
            (other.as_str(), key.as_str(), "together"),
            ("", key.as_str(), "no certificate"),
            (certificate.as_str(), "", "key can't be read"),
            (certificate.as_str(), certificate.as_str(), "key can't be read"),
        ] {
            let error = Certificate::read(certificate.as_bytes(), key.as_bytes()).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_keyring_shows_what_was_installed_last() {
        let keyring = Keyring::default();
        assert!(!keyring.has_key());
        let (certificate, key) = made(&["example.org"]);
        keyring.install(Certificate::read(certificate.as_bytes(), key.as_bytes()).expect("it is one"));
        assert!(keyring.has_key());
        assert!(!server_config(Arc::new(keyring)).alpn_protocols.is_empty());
    }
}
