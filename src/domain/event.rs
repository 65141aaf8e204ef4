//! What the rest of the program learns of a transaction, once it is on disk.
//!
//! Services announce events while they write ([`WriteTx::announce`](crate::store::WriteTx::announce)); the store hands
//! them on after the commit, in the order in which transactions ran, and never if the transaction failed.

use std::sync::Arc;

use super::Record;

/// Something that has happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A record changed. Announced only while somebody wants to hear of it.
    RecordChanged {
        /// What was done to it.
        action: Action,
        /// The record as it is now; one that was deleted, as it was.
        record: Arc<Record>,
    },
    /// Everything that an account was signed in with has ended: its token key changed or it was deleted.
    IdentityEnded {
        /// Of the account.
        collection_id: String,
        /// Of the account.
        record_id: String,
    },
    /// The same for all accounts of a collection: its secret for auth tokens changed or it was deleted.
    IdentitiesEnded {
        /// Of the accounts.
        collection_id: String,
    },
    /// One session ended.
    SessionEnded {
        /// The session's.
        id: String,
    },
    /// One API key ended.
    KeyEnded {
        /// The key's.
        id: String,
    },
    /// There are files to be removed.
    FilesDoomed,
    /// A resumable upload is over: a record has taken it, somebody has ended it, or its time was up.
    UploadEnded {
        /// The upload's.
        id: String,
    },
    /// There is mail to be sent.
    MailQueued,
    /// Somebody signed in from a place that wasn't known before, and is to be told by mail.
    NewPlace {
        /// Of the account.
        collection_id: String,
        /// Of the account.
        record_id: String,
        /// The address of the client.
        ip: String,
        /// What the client calls itself.
        user_agent: String,
    },
}

/// What may be done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        }
    }
}
