//! News of versions: what a release's manifest says, whether it is signed, and whether it is newer than this program.
//!
//! Called by `holdall update check`. Invariant: nothing of a manifest is believed before its signature was checked, if
//! the configuration names a key. Not here: fetching it, and putting a new file in the place of the program, which is
//! the business of whoever runs it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use semver::Version;
use serde::Deserialize;

use crate::base::{Error, Result};

/// What a manifest of ours says it is.
const FORMAT: &str = "holdall-release";
/// What the file of a signature is called: as the manifest, with this behind it.
pub const SIGNATURE_SUFFIX: &str = ".sig";

/// A release, as its manifest describes it. Further keys are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Release {
    format: String,
    /// The version.
    pub version: Version,
    /// The day of the release.
    #[serde(default)]
    pub date: String,
    /// Where to read what has changed.
    #[serde(default)]
    pub notes: String,
    /// The program by platform.
    #[serde(default)]
    pub files: BTreeMap<String, ReleaseFile>,
}

/// The program for one platform.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReleaseFile {
    /// What the file is called.
    pub name: String,
    /// Where it is; may be empty.
    #[serde(default)]
    pub url: String,
    /// SHA-256 of its content in hexadecimal digits.
    pub sha256: String,
}

impl Release {
    /// Reads a manifest.
    ///
    /// # Errors
    /// 400 that says what is wrong with it.
    pub fn read(text: &[u8]) -> Result<Release> {
        let release: Release = serde_json::from_slice(text)
            .map_err(|error| Error::invalid("The news of versions can't be read").caused_by(error))?;
        if release.format != FORMAT {
            return Err(Error::invalid("The news of versions aren't about Holdall."));
        }
        Ok(release)
    }

    /// Whether it is newer than the program that asks. A version that isn't final comes before the final one.
    pub fn is_newer_than(&self, version: &Version) -> bool {
        self.version.cmp_precedence(version).is_gt()
    }

    /// The file for this machine.
    pub fn file(&self) -> Option<&ReleaseFile> {
        self.files.get(&platform())
    }
}

/// The version of this program.
///
/// # Errors
/// None: the manifest of the package has a version of this form.
pub fn current() -> Result<Version> {
    Version::parse(env!("CARGO_PKG_VERSION")).map_err(Error::internal)
}

/// What the files of releases call this machine, such as `linux-x86_64`.
pub fn platform() -> String {
    // There is one kind of 32 bit ARM that the program is built for.
    let processor = if std::env::consts::ARCH == "arm" { "armv7" } else { std::env::consts::ARCH };
    format!("{}-{processor}", std::env::consts::OS)
}

/// Checks that `text` was signed by the owner of a key: both the key and the signature are in base64.
///
/// # Errors
/// 400 if the key isn't one, or the signature isn't right.
pub fn check_signature(text: &[u8], signature: &[u8], key: &str) -> Result<()> {
    let key = STANDARD.decode(key.trim()).ok().filter(|key| key.len() == 32);
    let key = key.ok_or_else(|| Error::invalid("update_key has to be the 32 bytes of an Ed25519 key in base64."))?;
    let wrong = || Error::invalid("The news of versions aren't signed by the key that the configuration names.");
    let signature = STANDARD.decode(signature.trim_ascii()).map_err(|_| wrong())?;
    UnparsedPublicKey::new(&ED25519, key).verify(text, &signature).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    fn release(version: &str) -> Release {
        let text = format!(r#"{{"format":"holdall-release","version":"{version}","more":1}}"#);
        Release::read(text.as_bytes()).expect("it is right")
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for (theirs, ours, expect) in [
            ("0.10.0", "0.9.0", true),
            ("0.9.0", "0.10.0", false),
            ("1.0.0", "1.0.0", false),
            ("1.0.0", "1.0.0-rc.2", true),
            ("1.0.0-rc.2", "1.0.0", false),
            ("1.0.0-rc.10", "1.0.0-rc.9", true),
            ("1.0.0+build.2", "1.0.0+build.1", false),
        ] {
            let ours = Version::parse(ours).expect("a version");
            assert_eq!(release(theirs).is_newer_than(&ours), expect, "{theirs} and {ours}");
        }
        current().expect("ours is one");
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"format":"holdall-release"}"#,
            r#"{"format":"holdall-release","version":"1.0"}"#,
            r#"{"format":"other","version":"1.0.0"}"#,
            r#"{"format":"holdall-release","version":"1.0.0","files":{"linux-x86_64":{"name":"x"}}}"#,
        ] {
            assert!(Release::read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_signature_is_of_this_text_by_this_key() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
        let key = STANDARD.encode(pair.public_key().as_ref());
        let signature = STANDARD.encode(pair.sign(b"text").as_ref()) + "\n";
        check_signature(b"text", signature.as_bytes(), &key).expect("it is right");
        let other = STANDARD.encode([8; 32]);
        for (text, signature, key) in [
            (&b"texts"[..], signature.as_bytes(), key.as_str()),
            (b"text", b"", &key),
            (b"text", b"not base64!", &key),
            (b"text", signature.as_bytes(), &other),
            (b"text", signature.as_bytes(), "short"),
        ] {
            assert!(check_signature(text, signature, key).is_err(), "{key}");
        }
    }
}
