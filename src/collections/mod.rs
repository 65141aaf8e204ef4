//! Collections: what is stored about them, and every way to change them.
//!
//! Called by the app for the collection endpoints and by the command line. All changes run on the one writer inside
//! one transaction of the caller's, so each happens wholly or not at all; after a change the transaction carries the
//! new schema. Invariants: names reach SQL only after validation; the schema, the rows of `_collections`, and the
//! tables, indexes and views of SQLite always agree. Not here: records, truncating, the list endpoint, who may call.

mod adopt;
mod blank;
mod change;
mod import;
mod indexes;
mod merge;
mod normalize;
mod providers;
mod rename;
mod rule_check;
mod storage;
mod tables;
mod validate;
mod validate_auth;
mod view_rename;
mod view_secrets;
mod view_strings;
mod views;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use adopt::{Remark, adopt};
pub use blank::{USERS_ID, scaffolds};
pub use change::{Allow, create, delete, update};
pub use import::import;
pub use providers::oauth2_providers;
pub use rule_check::{rule_problems, with_draft};
pub use storage::load_schema;
pub use views::dry_run_view;
pub use wire::{export, to_json};

use crate::base::Result;
use crate::domain::Collection;
use crate::store::WriteTx;

/// Makes the system collections that are missing, and in an empty database also `users`. Does nothing where all is
/// there, so it runs at every start.
///
/// # Errors
/// Only internal ones.
pub fn bootstrap(tx: &mut WriteTx<'_>) -> Result<()> {
    let is_fresh = tx.schema().collections().is_empty();
    for collection in blank::system_collections() {
        if tx.schema().find(&collection.name).is_none() {
            install(tx, collection)?;
        }
    }
    if is_fresh {
        install(tx, blank::users())?;
    }
    Ok(())
}

/// Stores a collection of the program's own making.
fn install(tx: &mut WriteTx<'_>, mut collection: Collection) -> Result<()> {
    if collection.id.is_empty() {
        collection.id = change::generated_id(&collection, tx.schema());
    }
    normalize::normalize(&mut collection, None);
    collection.created = tx.now().to_string();
    collection.updated.clone_from(&collection.created);
    let collection = Arc::new(collection);
    let next = tx.schema().with(collection.clone());
    let change = tables::TableChange { old: None, new: collection.clone() };
    tables::apply(tx, &[change], &[], &next, false)?;
    storage::save(tx, &collection)?;
    tx.set_schema(Arc::new(next));
    Ok(())
}
