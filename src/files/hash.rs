//! The checksum by which files are told apart and found damaged: SHA-256, as rows of `_files` and backups have it.

use ring::digest::{Context, SHA256};

/// SHA-256 of what passes.
pub struct Hash(Context);

impl Hash {
    /// Of nothing yet.
    #[allow(clippy::new_without_default, reason = "there is no hash by default")]
    pub fn new() -> Hash {
        Hash(Context::new(&SHA256))
    }

    /// Takes in what comes next.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all of it, in hexadecimal digits.
    pub fn hex(self) -> String {
        self.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
