//! Encryption of the settings in the database, so that whoever gets hold of the file doesn't have the secrets in it.
//!
//! AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits for each time that they are stored. The key is made by
//! HKDF-SHA256 (RFC 5869) from the text that somebody has chosen, which must be long and random by itself: nothing slow
//! stands between it and the key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};

use crate::base::{Error, Result, Secret};

/// How a sealed text begins; the number is that of this form.
const PREFIX: &str = "sealed:1:";
/// Ties key and text to their use.
const PURPOSE: &[u8] = b"holdall settings";

/// Whether this is a sealed text.
pub(super) fn is_sealed(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Encrypts `text`.
pub(super) fn seal(text: &str, key: &Secret) -> Result<String> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| Error::internal("there is no randomness"))?;
    let mut bytes = text.as_bytes().to_vec();
    let sealed =
        key_of(key)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(PURPOSE), &mut bytes);
    sealed.map_err(|_| Error::internal("the settings can't be encrypted"))?;
    Ok(format!("{PREFIX}{}", STANDARD.encode([&nonce[..], &bytes].concat())))
}

/// What was sealed with this key; `None` if it was another key, or the text was changed.
pub(super) fn open(sealed: &str, key: &Secret) -> Option<String> {
    let mut bytes = STANDARD.decode(sealed.strip_prefix(PREFIX)?).ok()?;
    let (nonce, rest) = bytes.split_at_mut_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let text = key_of(key).ok()?.open_in_place(nonce, Aad::from(PURPOSE), rest).ok()?;
    String::from_utf8(text.to_vec()).ok()
}

fn key_of(key: &Secret) -> Result<LessSafeKey> {
    let derived = Salt::new(HKDF_SHA256, &[]).extract(key.expose().as_bytes());
    let unbound = derived.expand(&[PURPOSE], &AES_256_GCM).map(UnboundKey::from);
    unbound.map(LessSafeKey::new).map_err(|_| Error::internal("no key can be derived"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_key_opens_what_was_sealed() {
        let (key, other) = (Secret::new("a".repeat(32)), Secret::new("b".repeat(32)));
        let sealed = seal("{\"smtp\":1}", &key).expect("is sealed");
        assert!(is_sealed(&sealed) && !sealed.contains("smtp"), "{sealed}");
        assert_eq!(open(&sealed, &key).as_deref(), Some("{\"smtp\":1}"));
        assert_eq!(open(&sealed, &other), None);
        assert_ne!(sealed, seal("{\"smtp\":1}", &key).expect("is sealed"), "the same nonce twice");
    }

    #[test]
    fn what_was_altered_is_refused() {
        let key = Secret::new("a".repeat(32));
        let sealed = seal("settings", &key).expect("is sealed");
        for at in PREFIX.len()..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).expect("is text");
            assert!(altered == sealed || open(&altered, &key).is_none(), "{altered}");
        }
        for text in ["", "sealed:1:", "sealed:1:AAAA", "sealed:1:%%", "{}"] {
            assert_eq!(open(text, &key), None, "{text}");
        }
    }
}
