//! Who is asking.

use std::sync::Arc;

use crate::domain::Record;

/// The identity of a `_superusers` collection, known to clients.
pub const SUPERUSERS_ID: &str = "pbc_3142635823";
/// The name of the collection of superusers.
pub const SUPERUSERS: &str = "_superusers";

/// Who a request comes from.
#[derive(Clone, Debug, Default)]
pub enum Principal {
    /// Nobody in particular.
    #[default]
    Guest,
    /// A record of an auth collection; a superuser if that is `_superusers`.
    Record(Arc<Record>),
}

impl Principal {
    /// The record, unless it is a guest.
    pub fn record(&self) -> Option<&Arc<Record>> {
        match self {
            Principal::Guest => None,
            Principal::Record(record) => Some(record),
        }
    }

    /// Whether rules don't bind this principal.
    pub fn is_superuser(&self) -> bool {
        self.record().is_some_and(|record| record.collection().id == SUPERUSERS_ID)
    }

    /// Whether this is the given record.
    pub fn is(&self, collection_id: &str, record_id: &str) -> bool {
        self.record().is_some_and(|record| record.collection().id == collection_id && record.id() == record_id)
    }
}
