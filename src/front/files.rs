//! Own certificate files: read at start, and again when they change.
//!
//! They are looked at every few seconds and at SIGHUP, so that whatever renews them needs to know nothing of this
//! program. What can't be used is logged once, and the certificate before stays.

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use super::tls::{Certificate, Keyring};
use crate::base::limits::{TLS_FILE_MAX_BYTES, TLS_FILES_SECONDS};
use crate::base::{Error, Result};
use crate::settings::Config;

/// Contents of both files.
type Pair = (Vec<u8>, Vec<u8>);

/// Reads the files that the configuration names.
///
/// # Errors
/// 400 if they can't be used.
pub(super) fn read(config: &Config) -> Result<Certificate> {
    let pair = contents(config).map_err(Error::invalid)?;
    let certificate = certificate(config, &pair).map_err(Error::invalid)?;
    if certificate.is_over() {
        tracing::warn!("the certificate of tls_cert_file is over since {}", certificate.until);
    }
    Ok(certificate)
}

/// Looks for changes as long as the program runs.
pub(super) async fn watch(config: Config, keyring: Arc<Keyring>) {
    let mut known = contents(&config);
    let mut asked = Asked::new();
    loop {
        let by_signal = asked.wait().await;
        let (again, config) = (config.clone(), config.clone());
        let Ok(found) = tokio::task::spawn_blocking(move || contents(&again)).await else { continue };
        if found == known && !by_signal {
            continue;
        }
        let read = found.clone().and_then(|pair| certificate(&config, &pair));
        known = found;
        match read {
            Ok(certificate) => {
                tracing::info!(
                    "the certificate of tls_cert_file is read again; it is good until {}",
                    certificate.until
                );
                keyring.install(certificate);
            }
            Err(error) => tracing::error!("{error} The certificate from before stays."),
        }
    }
}

fn contents(config: &Config) -> Result<Pair, String> {
    let read = |key: &str, path: &str| {
        let mut bytes = Vec::new();
        let file = File::open(path).and_then(|file| file.take(TLS_FILE_MAX_BYTES).read_to_end(&mut bytes));
        file.map(|_| bytes).map_err(|error| format!("{key}: {path} can't be read: {error}."))
    };
    Ok((read("tls_cert_file", &config.tls_cert_file)?, read("tls_key_file", &config.tls_key_file)?))
}

fn certificate(config: &Config, (certificates, key): &Pair) -> Result<Certificate, String> {
    Certificate::read(certificates, key)
        .map_err(|error| format!("{} and {} can't be used: {error}.", config.tls_cert_file, config.tls_key_file))
}

/// When to look.
struct Asked {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Asked {
    #[cfg(unix)]
    fn new() -> Asked {
        use tokio::signal::unix::{SignalKind, signal};

        let signal = signal(SignalKind::hangup()).map_err(|error| tracing::warn!("SIGHUP isn't heard: {error}"));
        Asked { signal: signal.ok() }
    }

    #[cfg(not(unix))]
    fn new() -> Asked {
        Asked {}
    }

    /// Waits for a few seconds or a signal; whether it was a signal.
    async fn wait(&mut self) -> bool {
        let rest = tokio::time::sleep(Duration::from_secs(TLS_FILES_SECONDS));
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            return tokio::select! {
                heard = signal.recv() => heard.is_some(),
                () = rest => false,
            };
        }
        rest.await;
        false
    }
}
