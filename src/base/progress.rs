//! How far a long piece of work has come, for whoever waits for it.

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Of a file or a database.
    Bytes,
    /// Rows, records or whatever else comes one by one.
    Items,
}

/// Somebody who wants to know.
pub trait Progress: Send + Sync {
    /// A step begins, called by what is done, of which so much is known; 0 if nothing is.
    fn begin(&self, step: &str, unit: Unit, total: u64);

    /// So much of it is done altogether.
    fn reached(&self, done: u64);
}

/// Nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: Unit, _: u64) {}

    fn reached(&self, _: u64) {}
}
