//! The system collections that belong to auth records name their owner by two texts, `collectionRef` and `recordRef`,
//! because a relation can only point to one collection. What a relation would check is checked here.

use super::{Cx, read};
use crate::base::{FieldError, FieldErrors, Result};
use crate::domain::principal::CREDENTIAL_COLLECTIONS;
use crate::domain::{Record, oauth2};
use crate::store::ReadTx;

/// Refuses a credential of nobody: the owner's collection must be an auth collection and the owner exist.
pub fn check(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record, errors: &mut FieldErrors) -> Result<()> {
    if !CREDENTIAL_COLLECTIONS.contains(&record.collection().name.as_str()) {
        return Ok(());
    }
    if let Some(provider) = record.get("provider").filter(|provider| !provider.is_zero())
        && !oauth2::is_known_provider(provider.as_text())
    {
        errors.add("provider", FieldError::new("validation_in_invalid", "There is no such provider."));
    }
    let (collection_ref, record_ref) = (record.text("collectionRef"), record.text("recordRef"));
    if collection_ref.is_empty() {
        return Ok(());
    }
    let Some(owners) = tx.schema().by_id(collection_ref) else {
        let message = "There is no collection with this id.";
        errors.add("collectionRef", FieldError::new("validation_invalid_collection_id", message));
        return Ok(());
    };
    if !owners.is_auth() {
        let message = "Records of this collection can't sign in.";
        errors.add("collectionRef", FieldError::new("validation_invalid_collection_type", message));
        return Ok(());
    }
    if !record_ref.is_empty() && !read::exists(tx, cx, owners, record_ref)? {
        errors.add("recordRef", FieldError::new("validation_invalid_record", "There is no record with this id."));
    }
    Ok(())
}
