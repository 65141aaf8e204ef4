//! What the rest of the program learns of a transaction, once it is on disk.
//!
//! Services announce events while they write ([`WriteTx::announce`](crate::store::WriteTx::announce)); the app hands
//! them on after the commit and never if the transaction failed.

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
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
