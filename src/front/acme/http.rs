//! The HTTP client for issuers of certificates: that of the program, and an authority of one's own if one is named.

use std::fs;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use hyper::Request;
use hyper::body::{Body as _, Bytes};
use instant_acme::{BodyWrapper, BytesResponse, Error as AcmeError, HttpClient};
use reqwest::redirect::Policy;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::order::Failure;
use crate::base::limits::{OUTBOUND_BODY_MAX_BYTES, OUTBOUND_TIMEOUT_SECONDS};
use crate::base::tls;
use crate::settings::Config;

/// See the module.
pub(super) struct Client(reqwest::Client);

impl Client {
    /// Reads what the machine trusts, which takes a moment.
    pub(super) fn new(config: &Config) -> Result<Client, Failure> {
        let authority = match config.acme_ca_file.as_str() {
            "" => None,
            path => {
                let unusable = |error: String| Failure::new(format!("acme_ca_file: {path} can't be used: {error}."));
                let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
                Some(CertificateDer::from_pem_slice(&pem).map_err(|error| unusable(error.to_string()))?)
            }
        };
        let tls = tls::client_config_with(authority).ok_or_else(|| Failure::new("TLS can't be set up."))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(OUTBOUND_TIMEOUT_SECONDS))
            .build();
        client.map(Client).map_err(|error| Failure::new(format!("The HTTP client can't be set up: {error}.")))
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, AcmeError>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move { send(client, request).await.map_err(AcmeError::Other) })
    }
}

async fn send(
    client: reqwest::Client,
    request: Request<BodyWrapper<Bytes>>,
) -> Result<BytesResponse, Box<dyn std::error::Error + Send + Sync>> {
    let (head, mut whole) = request.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut whole).poll_frame(cx)).await {
        body.extend(frame?.into_data().unwrap_or_default());
    }
    let mut answer = client.request(head.method, head.uri.to_string()).headers(head.headers).body(body).send().await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > OUTBOUND_BODY_MAX_BYTES {
            return Err("the answer is too large".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    let mut response = hyper::Response::new(());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    let (parts, ()) = response.into_parts();
    Ok(BytesResponse { parts, body: Box::new(Bytes::from(bytes)) })
}
