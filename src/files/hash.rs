//! The checksum by which files are told apart and found damaged: SHA-256, as rows of `_files` and backups have it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

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

    /// That of a file.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn of_file(path: &Path) -> io::Result<String> {
        let (mut file, mut hash, mut piece) = (File::open(path)?, Hash::new(), vec![0; 128 << 10]);
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(hash.hex()),
                Ok(count) => hash.update(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The checksum of all of it, in hexadecimal digits.
    pub fn hex(self) -> String {
        self.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
