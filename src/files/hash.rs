//! The checksum by which files are told apart and found damaged: SHA-256, as rows of `_files` and backups have it.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use ring::digest::{Context, SHA256};

/// How much is read at a time.
const PIECE_BYTES: usize = 128 << 10;

/// SHA-256 of what passes, or of what is written into it.
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
        Hash::of(File::open(path)?).map(|(_, hex)| hex)
    }

    /// Of all that is left to be read: how many bytes that were, and theirs.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn of(from: impl Read) -> io::Result<(u64, String)> {
        let mut hash = Hash::new();
        let size_bytes = io::copy(&mut BufReader::with_capacity(PIECE_BYTES, from), &mut hash)?;
        Ok((size_bytes, hash.hex()))
    }

    /// The checksum of all of it, in hexadecimal digits.
    pub fn hex(self) -> String {
        self.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_than_a_piece_has_the_hash_of_the_whole() {
        let bytes = vec![7; 2 * PIECE_BYTES + 1];
        let mut whole = Hash::new();
        whole.update(&bytes);
        assert_eq!(Hash::of(bytes.as_slice()).expect("it can be read"), (bytes.len() as u64, whole.hex()));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hash::of(io::empty()).expect("it can be read"), (0, empty.to_owned()));
    }
}
