//! Random identifiers and checksummed ids.

use rand::RngExt;

use crate::base::Secret;

/// Characters of record ids.
pub const ID_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// Characters of secrets and token keys.
pub const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// How many characters a record id has by default.
pub const RECORD_ID_CHARS: usize = 15;
/// How many characters a signing secret or token key has by default.
pub const SECRET_CHARS: usize = 50;
/// How many characters the secret of a session or key has: at least 256 bits of 6 each.
const BEARER_CHARS: usize = 43;

/// `count` characters drawn uniformly from `alphabet` by the thread's cryptographically secure generator.
pub fn random_text(alphabet: &[u8], count: usize) -> String {
    let mut rng = rand::rng();
    (0..count).map(|_| alphabet[rng.random_range(0..alphabet.len())] as char).collect()
}

/// A new record id: 15 characters of `a-z0-9`.
pub fn record_id() -> String {
    random_text(ID_ALPHABET, RECORD_ID_CHARS)
}

/// A new signing secret or token key: 50 letters and digits (about 297 bits).
pub fn secret() -> String {
    random_text(SECRET_ALPHABET, SECRET_CHARS)
}

/// A new secret for a bearer, such as the value of a session's cookie: 43 characters of `A-Z a-z 0-9 - _` (258 bits).
pub fn bearer() -> Secret {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    Secret::new(random_text(ALPHABET, BEARER_CHARS))
}

/// The IEEE CRC-32 of `text` in decimal: the stable part of generated collection and field ids.
pub fn checksum(text: &str) -> String {
    crc32fast::hash(text.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_ids_follow_from_the_checksum() {
        assert_eq!(format!("pbc_{}", checksum("auth_superusers")), "pbc_3142635823");
        assert_eq!(format!("text{}", checksum("id")), "text3208210256");
    }

    #[test]
    fn record_ids_have_the_documented_shape() {
        let id = record_id();
        assert_eq!(id.len(), RECORD_ID_CHARS);
        assert!(id.bytes().all(|b| ID_ALPHABET.contains(&b)));
        assert_ne!(id, record_id());
    }
}
