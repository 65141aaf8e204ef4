//! Certificates by ACME (RFC 8555): gets one, keeps it, and gets the next one in time.
//!
//! One task, which lives as long as the program: [`keep_certified`]. What it has is in [`store`]; how one is got, in
//! [`order`]; over which HTTP, in [`http`]. While it waits and asks, everything else goes on, with the certificate
//! that is there.
//!
//! Invariants: after an attempt that failed, the next one is made later each time, also if the program is started anew
//! in between; and what was got is on disk before it is shown to anybody.

mod http;
mod order;
mod store;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::tls::{Certificate, Keyring};
use crate::base::Timestamp;
use crate::base::limits::{ACME_RATE_LIMITED_SECONDS, ACME_RETRY_SECONDS};
use crate::settings::Config;
use order::Failure;
use store::{Attempts, Store};

/// Where the issuer asks for the proof that a name is ours.
pub(super) const CHALLENGE_PATH: &str = "/.well-known/acme-challenge/";
/// Of a certificate's life this part is left when the next one is got.
const RENEWED_AT_LEFT: i64 = 3;
/// What was made at the same time shouldn't be renewed at the same time: up to this part of a life is taken off.
const JITTER: i64 = 20;
/// The clock may be set meanwhile, so nobody sleeps for longer.
const REST_MAX: Duration = Duration::from_secs(3600);

/// Proofs that were promised, by their tokens. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Challenges(Arc<RwLock<HashMap<String, String>>>);

impl Challenges {
    pub(super) fn find(&self, token: &str) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    fn offer(&self, token: &str, proof: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), proof.to_owned());
    }

    fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Shows the stored certificate, if there is one that is still good for anything.
pub(super) fn take_stored(config: &Config, keyring: &Keyring) {
    if let Some(certificate) = stored(config) {
        keyring.install(certificate);
    }
}

/// The certificate that was obtained before, while it is valid.
pub(super) fn stored(config: &Config) -> Option<Certificate> {
    Store::of(config).certificate().filter(|certificate| !certificate.is_over())
}

/// Sees to it that there is a certificate, as long as the program runs.
pub(super) async fn keep_certified(config: Config, keyring: Arc<Keyring>, challenges: Challenges) {
    let store = Store::of(&config);
    tell(&config, &store);
    loop {
        let due = due(&config, &store);
        let wait = due.unix_millis() - Timestamp::now().unix_millis();
        if let Ok(wait @ 1..) = u64::try_from(wait) {
            tokio::time::sleep(Duration::from_millis(wait).min(REST_MAX)).await;
            continue;
        }
        tracing::info!("a certificate for {} is ordered", config.domains.join(", "));
        let ordered = order::certificate(&config, &store, &challenges).await;
        challenges.clear();
        match ordered {
            Ok(certificate) => {
                tracing::info!("the new certificate is good until {}", certificate.until);
                keyring.install(certificate);
            }
            Err(failure) => note(&config, &store, &failure),
        }
    }
}

/// When to order a certificate: now, if there is none that is good for what is configured; but never before the time
/// that was set after the last failure.
fn due(config: &Config, store: &Store) -> Timestamp {
    let fits = |found: &Certificate| found.covers(&config.domains) && store.issuer().as_ref() == Some(&issuer(config));
    let renewal = store.certificate().filter(fits).map_or(Timestamp::now(), |found| renewal(&found, jitter(&found)));
    match store.attempts() {
        Some(attempts) if attempts.is_for(config) => renewal.max(attempts.again()),
        _ => renewal,
    }
}

/// Logs at start what nobody would understand otherwise.
fn tell(config: &Config, store: &Store) {
    let attempts = store.attempts().filter(|attempts| attempts.is_for(config));
    if let Some(attempts) = attempts.filter(|attempts| attempts.again() > Timestamp::now()) {
        let (again, reason) = (attempts.again(), attempts.reason());
        tracing::warn!("no certificate is ordered before {again}, because the last attempt failed: {reason}");
    }
}

fn issuer(config: &Config) -> String {
    config.acme_directory_url.clone()
}

/// When to replace a certificate.
fn renewal(certificate: &Certificate, jitter_seconds: i64) -> Timestamp {
    let life = certificate.until.unix_seconds() - certificate.from.unix_seconds();
    certificate.until.plus_seconds(-(life / RENEWED_AT_LEFT) - jitter_seconds)
}

/// The same for each certificate, so that it is the same with each look; different for different ones.
fn jitter(certificate: &Certificate) -> i64 {
    let life = certificate.until.unix_seconds() - certificate.from.unix_seconds();
    certificate.spread() % (life / JITTER).max(1)
}

/// Sets the time of the next attempt after a failure, and then logs both: who reads of it finds it kept.
fn note(config: &Config, store: &Store, failure: &Failure) {
    let before = store.attempts().filter(|attempts| attempts.is_for(config)).map_or(0, |attempts| attempts.failures());
    let again = Timestamp::now().plus_seconds(wait_seconds(before, failure.is_rate_limited()));
    let kept = store.keep_attempts(&Attempts::new(config, before + 1, again, &failure.to_string()));
    tracing::error!("no certificate for {}: {failure} The next attempt is at {again}.", config.domains.join(", "));
    if let Err(error) = kept {
        tracing::error!("that can't be noted: {}", error.log_text());
    }
}

/// How long to wait after one more failure than these.
fn wait_seconds(failures: usize, is_rate_limited: bool) -> i64 {
    let wait = ACME_RETRY_SECONDS[failures.min(ACME_RETRY_SECONDS.len() - 1)];
    if is_rate_limited { wait.max(ACME_RATE_LIMITED_SECONDS) } else { wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_make_it_wait_longer() {
        let waits: Vec<i64> = (0..8).map(|failures| wait_seconds(failures, false)).collect();
        assert!(waits.is_sorted() && waits[0] == 60 && waits[7] == 12 * 3600);
        // Let's Encrypt turns those away who fail five times within an hour.
        assert!(waits[..4].iter().sum::<i64>() > 3600);
        assert_eq!(wait_seconds(0, true), ACME_RATE_LIMITED_SECONDS);
    }

    #[test]
    fn a_certificate_is_replaced_when_a_third_of_its_life_is_left() {
        let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).expect("a valid name");
        let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let mut certificate = Certificate::read(pem.as_bytes(), key.as_bytes()).expect("it is one");
        certificate.from = Timestamp::from_unix_seconds(0).expect("in range");
        certificate.until = Timestamp::from_unix_seconds(90 * 86_400).expect("in range");
        assert_eq!(renewal(&certificate, 0).unix_seconds(), 60 * 86_400);
        assert!((0..=90 * 86_400 / JITTER).contains(&jitter(&certificate)));
    }
}
