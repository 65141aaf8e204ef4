//! Whom outbound connections trust, and the one TLS of the program.
//!
//! Used by the HTTP clients of `base`, `files` and `front`. The provider is named here, so nothing has to be installed
//! for the process.

use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The TLS of a client. It trusts the authorities that browsers trust, which are part of the program, so that it works
/// on machines without any; and those of the machine (or of `SSL_CERT_FILE`), so that it works with authorities of
/// one's own. Reading those takes a moment.
pub fn client_config() -> Option<ClientConfig> {
    client_config_with(None)
}

/// The same, which also trusts an authority of one's own.
pub fn client_config_with(authority: Option<CertificateDer<'static>>) -> Option<ClientConfig> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    // What can't be read or understood there isn't trusted; that is all that has to be said about it.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(authority);
    let config =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    Some(config.ok()?.with_root_certificates(roots).with_no_client_auth())
}

/// The private key of a PEM text (RFC 7468) in PKCS #8, as DER.
pub fn pkcs8_of_pem(pem: &str) -> Option<Vec<u8>> {
    PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok().map(|key| key.secret_pkcs8_der().to_vec())
}
