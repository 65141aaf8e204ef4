//! What is kept of ACME, in the folder `certificates` of the data folder: the account, the certificate with its key,
//! and what was tried in vain.
//!
//! Only the program's own user may read it. Each file is replaced as a whole, by one that is on disk already. Backups
//! don't have it: keys that lie around in archives are worth less than an order for new ones costs.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::tls::Certificate;
use crate::base::{Error, Result, Timestamp, private};
use crate::settings::Config;

const FOLDER: &str = "certificates";
/// The account at the issuer, with its key.
const ACCOUNT: &str = "account.json";
/// The key, the certificate, and those behind it.
const CERTIFICATE: &str = "certificate.pem";
/// Where that is from.
const ISSUER: &str = "issuer.txt";
/// Vain attempts since the last certificate.
const ATTEMPTS: &str = "attempts.json";

/// The folder.
pub(super) struct Store(PathBuf);

/// Vain attempts, and when to try again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Attempts {
    /// What was tried: something else may be tried at once.
    issuer: String,
    domains: Vec<String>,
    failures: usize,
    again: String,
    reason: String,
}

impl Attempts {
    pub(super) fn new(config: &Config, failures: usize, again: Timestamp, reason: &str) -> Attempts {
        let (issuer, domains) = (config.acme_directory_url.clone(), config.domains.clone());
        Attempts { issuer, domains, failures, again: again.to_string(), reason: reason.to_owned() }
    }

    /// Whether they were attempts to get what is configured now.
    pub(super) fn is_for(&self, config: &Config) -> bool {
        self.issuer == config.acme_directory_url && self.domains == config.domains
    }

    pub(super) fn failures(&self) -> usize {
        self.failures
    }

    /// Why the last one failed, in words.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    pub(super) fn again(&self) -> Timestamp {
        Timestamp::parse(&self.again).unwrap_or_else(Timestamp::now)
    }
}

/// An account at an issuer.
#[derive(Serialize, Deserialize)]
pub(super) struct Account<C> {
    pub(super) issuer: String,
    pub(super) email: String,
    /// As the client library keeps it.
    pub(super) credentials: C,
}

impl Store {
    pub(super) fn of(config: &Config) -> Store {
        Store(config.data_dir.join(FOLDER))
    }

    /// The certificate, if there is one that can be used.
    pub(super) fn certificate(&self) -> Option<Certificate> {
        let pem = fs::read(self.0.join(CERTIFICATE)).ok()?;
        match Certificate::read(&pem, &pem) {
            Ok(certificate) => Some(certificate),
            Err(error) => {
                tracing::warn!("the stored certificate is of no use: {error}.");
                None
            }
        }
    }

    /// Who has issued it.
    pub(super) fn issuer(&self) -> Option<String> {
        fs::read_to_string(self.0.join(ISSUER)).ok()
    }

    /// Keeps a certificate; what was tried in vain before is forgotten.
    ///
    /// # Errors
    /// 400 if it can't be used, 503 if it can't be written.
    pub(super) fn keep_certificate(&self, issuer: &str, chain: &str, key: &str) -> Result<Certificate> {
        let pem = format!("{key}\n{chain}");
        let certificate = Certificate::read(pem.as_bytes(), pem.as_bytes()).map_err(Error::invalid)?;
        self.write(CERTIFICATE, pem.as_bytes())?;
        self.write(ISSUER, issuer.as_bytes())?;
        match fs::remove_file(self.0.join(ATTEMPTS)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritten(error)),
            _ => Ok(certificate),
        }
    }

    pub(super) fn attempts(&self) -> Option<Attempts> {
        self.read_json(ATTEMPTS)
    }

    pub(super) fn keep_attempts(&self, attempts: &Attempts) -> Result<()> {
        self.write_json(ATTEMPTS, attempts)
    }

    /// The account at an issuer.
    pub(super) fn account<C: DeserializeOwned>(&self, issuer: &str) -> Option<Account<C>> {
        self.read_json::<Account<C>>(ACCOUNT).filter(|account| account.issuer == issuer)
    }

    pub(super) fn keep_account<C: Serialize>(&self, account: &Account<C>) -> Result<()> {
        self.write_json(ACCOUNT, account)
    }

    fn read_json<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.0.join(name)).ok()?).ok()
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        self.write(name, &serde_json::to_vec_pretty(value).map_err(Error::internal)?)
    }

    /// Replaces a file.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write(&self.0, name, bytes).map_err(unwritten)
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    private::make_folder(folder)?;
    let beside = folder.join(format!("{name}.new"));
    // It may be left from a run that was killed, with whatever rights.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private::create_file(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))?;
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

fn unwritten(error: io::Error) -> Error {
    Error::unavailable("The folder `certificates` can't be written.").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_what_is_kept() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store(folder.path().join(FOLDER));
        let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).expect("a valid name");
        for _ in 0..2 {
            store
                .keep_certificate("https://issuer.example/", &made.cert.pem(), &made.signing_key.serialize_pem())
                .expect("it can be kept");
        }
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&store.0), 0o700);
        for entry in fs::read_dir(&store.0).expect("it can be read") {
            assert_eq!(mode(&entry.expect("an entry").path()), 0o600);
        }
        assert!(store.certificate().is_some());
        assert_eq!(store.issuer().as_deref(), Some("https://issuer.example/"));
    }

    #[test]
    fn what_was_tried_is_forgotten_with_the_next_certificate() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store(folder.path().join(FOLDER));
        let again = Timestamp::now().plus_seconds(60);
        let attempts = Attempts {
            issuer: String::new(),
            domains: Vec::new(),
            failures: 3,
            again: again.to_string(),
            reason: "no".to_owned(),
        };
        store.keep_attempts(&attempts).expect("it can be kept");
        let kept = store.attempts().expect("it is kept");
        assert_eq!((kept.failures(), kept.again()), (3, again));
        assert!(store.keep_certificate("", "nonsense", "nonsense").is_err() && store.attempts().is_some());
        let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).expect("a valid name");
        store.keep_certificate("", &made.cert.pem(), &made.signing_key.serialize_pem()).expect("it can be kept");
        assert!(store.attempts().is_none());
    }
}
