//! A bucket of an S3-compatible service.
//!
//! Called when a storage is opened, whatever for. Its HTTP client is made like that for services that people sign in
//! with: one TLS, no redirects, no proxies of the environment.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, RetryConfig};
use reqwest::redirect::Policy;

use crate::base::limits::{S3_CONNECT_TIMEOUT_SECONDS, S3_READ_TIMEOUT_SECONDS, S3_RETRIES, S3_RETRY_SECONDS};
use crate::base::{Error, Result, tls};
use crate::settings::{Bucket, S3Addressing};

/// The bucket.
///
/// # Errors
/// 400 if what is said of it can't be used.
pub fn open(bucket: &Bucket) -> Result<AmazonS3> {
    let retry = RetryConfig {
        max_retries: S3_RETRIES,
        retry_timeout: Duration::from_secs(S3_RETRY_SECONDS),
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        .with_access_key_id(&bucket.access_key)
        .with_secret_access_key(bucket.secret_key.expose())
        .with_virtual_hosted_style_request(bucket.addressing == S3Addressing::Host)
        // Many services don't have the request that removes several objects at once.
        .with_disable_bulk_delete(true)
        .with_retry(retry)
        .with_http_connector(Connector);
    if let Some(endpoint) = &bucket.endpoint {
        let endpoint = match bucket.addressing {
            S3Addressing::Path => endpoint.clone(),
            S3Addressing::Host => with_bucket(endpoint, &bucket.name),
        };
        builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
    }
    builder.build().map_err(|error| Error::invalid(format!("The S3 storage can't be used: {error}")))
}

/// The endpoint with the bucket before its host, unless it is there already.
fn with_bucket(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) if !host.starts_with(&format!("{bucket}.")) => format!("{scheme}://{bucket}.{host}"),
        _ => endpoint.to_owned(),
    }
}

/// Makes the HTTP client.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failure =
            |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic { store: "S3", source };
        let tls = tls::client_config().ok_or_else(|| failure("TLS can't be set up".into()))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("holdall/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(S3_CONNECT_TIMEOUT_SECONDS))
            .read_timeout(Duration::from_secs(S3_READ_TIMEOUT_SECONDS))
            .build()
            .map_err(|error| failure(error.into()))?;
        Ok(HttpClient::new(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_comes_before_the_host_once() {
        assert_eq!(with_bucket("https://s3.example.com", "pics"), "https://pics.s3.example.com");
        assert_eq!(with_bucket("https://pics.s3.example.com", "pics"), "https://pics.s3.example.com");
        assert_eq!(with_bucket("http://127.0.0.1:9000", "a"), "http://a.127.0.0.1:9000");
    }
}
