//! Files of records: how they arrive, where they are kept, and what the database knows of them.
//!
//! Called by the app and, for the rows in its own transactions, by `records` and `collections`. The way of a file:
//! [`spool`] takes it in while it arrives; [`ledger`] notes that it is about to be stored; [`storage`] stores it; the
//! transaction that makes a record name it makes its row live. Whatever fails on the way leaves a row that the app's
//! worker cleans up by. Not here: who may write or read a file (`records`), when files are removed (`app`).

mod sniff;
pub mod spool;

pub use spool::{Intake, Spool};
