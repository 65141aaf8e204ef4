//! Who is asking.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{Collection, Record};

/// The identity of a `_superusers` collection, known to clients.
pub const SUPERUSERS_ID: &str = "pbc_3142635823";
/// The name of the collection of superusers.
pub const SUPERUSERS: &str = "_superusers";

/// The system collections whose records belong to an account, by `collectionRef` and `recordRef`.
pub const CREDENTIAL_COLLECTIONS: [&str; 4] = ["_externalAuths", "_mfas", "_otps", "_authOrigins"];
/// The program's own tables whose rows belong to an account, by the same two columns.
pub const CREDENTIAL_TABLES: [&str; 5] = ["_sessions", "_apiKeys", "_passkeys", "_totps", "_recoveryCodes"];

/// Who a request comes from.
#[derive(Clone, Debug, Default)]
pub enum Principal {
    /// Nobody in particular.
    #[default]
    Guest,
    /// A record of an auth collection; a superuser if that is `_superusers`.
    Record(Arc<Record>),
    /// An API key that may do less than its owner: only what its scope names, and of that only what the owner may. One
    /// of a superuser isn't a superuser itself; rules don't bind it within its scope, and that is all.
    Scoped(Arc<Record>, Arc<KeyScope>),
}

/// What an API key may do: verbs by the id of a collection, or by `*` for every collection but the system's own, which
/// must be named; and `view` by `@metrics`, of which the first holds as little as of the system's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyScope(pub BTreeMap<String, BTreeSet<Verb>>);

/// Something that an API key may be allowed to do to the records of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Verb {
    List,
    View,
    Create,
    Update,
    Delete,
}

impl KeyScope {
    /// The name that stands for every collection.
    pub const EVERY: &str = "*";
    /// The name that stands for the program's figures, which can be viewed.
    pub const METRICS: &str = "@metrics";

    /// Whether the scope names this verb for this collection.
    pub fn allows(&self, collection: &Collection, verb: Verb) -> bool {
        let named = |name: &str| self.0.get(name).is_some_and(|verbs| verbs.contains(&verb));
        named(&collection.id) || !collection.system && named(KeyScope::EVERY)
    }

    /// Whether the scope names the program's figures.
    pub fn allows_metrics(&self) -> bool {
        self.0.get(KeyScope::METRICS).is_some_and(|verbs| verbs.contains(&Verb::View))
    }
}

/// By what a request has shown who it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// By nothing that is valid.
    #[default]
    None,
    /// By a signed token.
    Token,
    /// By the cookie of the session with this id.
    Session(String),
    /// By the API key with this id.
    Key(String),
    /// By sitting at the machine: the command line, the configuration, the set-up link.
    Owner,
}

impl Principal {
    /// The record, unless it is a guest.
    pub fn record(&self) -> Option<&Arc<Record>> {
        match self {
            Principal::Guest => None,
            Principal::Record(record) | Principal::Scoped(record, _) => Some(record),
        }
    }

    /// Whether rules don't bind this principal, wherever it goes.
    pub fn is_superuser(&self) -> bool {
        matches!(self, Principal::Record(record) if record.collection().id == SUPERUSERS_ID)
    }

    /// Whether this is the given record.
    pub fn is(&self, collection_id: &str, record_id: &str) -> bool {
        self.record().is_some_and(|record| record.collection().id == collection_id && record.id() == record_id)
    }
}
