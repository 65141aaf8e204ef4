//! Files of records: how they arrive, where they are kept, and what the database knows of them.
//!
//! Called by the app and, for the rows in their own transactions, by `records` and `collections`. The way of a file:
//! [`spool`] takes it in while it arrives; [`ledger`] notes that it is about to be stored; [`storage`] stores it; the
//! transaction that makes a record name it makes its row live. Whatever fails on the way leaves a row by which the
//! app's worker cleans up. A file that comes in several requests has its row in [`uploads`] and its bytes in a
//! [`partial`] file until a record takes it; [`turns`] keep two requests from writing to it at once. Of pictures,
//! [`previews`] are made when somebody asks for them. Not here: who may write or
//! read a file (`records`), when files are removed (`app`).

mod hash;
pub mod ledger;
pub mod partial;
pub mod previews;
mod s3;
mod sniff;
pub mod spool;
pub mod storage;
pub mod thumbs;
pub mod turns;
pub mod uploads;

pub use hash::Hash;
pub use ledger::{NewFile, StoredFile};
pub use partial::Appending;
pub use previews::{Preview, Previews};
pub use spool::{Intake, Spool};
pub use storage::{Content, Storage, sync_folder};
pub use turns::{Patience, Turns};

/// Where a file of a record lies in the storage.
pub fn key(collection_id: &str, record_id: &str, name: &str) -> String {
    format!("{collection_id}/{record_id}/{name}")
}

/// Below what the previews of a file lie; each is called `<size>_<name>` there.
pub fn thumbs_prefix(collection_id: &str, record_id: &str, name: &str) -> String {
    format!("{collection_id}/{record_id}/thumbs_{name}")
}
