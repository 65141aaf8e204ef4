//! Records: the one door to the data, for every edge.
//!
//! Each function takes a transaction, a [`Cx`] (who asks, with what request) and a request value, and is the same for
//! REST, the command line and every surface to come. Access is decided in [`access`], before anything is read.
//! Not here: hashing passwords and checking tokens (`auth`), parsing HTTP (`web`).

pub mod access;
mod auth_form;
mod body;
mod changes;
mod condition;
mod create;
mod cursor;
mod delete;
mod draft;
mod expand;
mod explain;
mod files;
mod input;
mod list;
mod plans;
mod read;
mod references;
mod update;
mod uploads;
mod validate;
mod whole;

use std::sync::Arc;

use crate::base::{Error, Result, SqlValue};
use crate::domain::{Collection, Credential, Principal, RequestInfo, Schema};
use crate::rules::Env;
use crate::store::ReadTx;

pub use body::{EmailAccess, Layout};
pub use changes::{Showing, View, is_unchanged};
pub use condition::{Shown, check_absent, check_collection, show};
pub use create::{create, create_record, draft as draft_create, draft_with_id, insert, store as store_created};
pub use delete::{deletable, delete, remove, truncate};
pub use draft::{Draft, Proof};
pub use explain::{Clause, Explained, Join, Tested, Told, explain, foregone, reach};
pub use files::{FileChanges, FileKeys, VisibleFile, all_file_keys, file_keys, find_file, holders, holds_file};
pub use list::{count, count_by_hour, every, list, list_rows};
pub use plans::{Find, PlanFigures, Plans};
pub use read::{body_of, exists, find, find_all, matches_rule, satisfies_auth_rule, view};
pub use update::{change, change_of_owner, draft as draft_update, is_manager, store as store_updated, update};
pub use uploads::{
    UploadTarget, check_upload, check_upload_size, find_upload, incomplete_upload, takes_uploads, unknown_upload,
    upload_place,
};
pub use whole::{adopt, each, total};

/// What every function of this service needs besides a transaction.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// By what that is known.
    pub credential: &'a Credential,
    /// The request, for rules.
    pub request: &'a RequestInfo,
    /// The compiled statements.
    pub plans: &'a Plans,
}

impl<'a> Cx<'a> {
    /// The values that plans may ask for, without a body or a candidate.
    pub(crate) fn env(&self, tx: &ReadTx<'_>, arguments: &'a [SqlValue]) -> Env<'a> {
        Env {
            literals: &[],
            arguments,
            request: self.request,
            principal: self.principal,
            submitted: None,
            candidate: None,
            now: tx.now(),
        }
    }
}

/// The collection with this id or name.
///
/// # Errors
/// 404.
pub fn find_collection<'s>(schema: &'s Schema, id_or_name: &str) -> Result<&'s Arc<Collection>> {
    schema.find(id_or_name).ok_or_else(Error::not_found)
}
