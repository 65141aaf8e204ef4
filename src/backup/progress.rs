//! How far a long piece of work has come, for whoever waits for it.

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The databases are copied.
    Copying,
    /// The archive is written.
    Packing,
    /// An archive is unpacked, or read through.
    Unpacking,
    /// Changes are made again.
    Replaying,
    /// What was unpacked is checked.
    Checking,
}

/// Somebody who wants to know.
pub trait Progress: Sync {
    /// A step begins, of which so many bytes are known; 0 if nothing is.
    fn begin(&self, step: Step, total_bytes: u64);

    /// So many bytes of it are done altogether.
    fn reached(&self, bytes: u64);
}

/// Nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Step, _: u64) {}

    fn reached(&self, _: u64) {}
}
