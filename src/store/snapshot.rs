//! The schema that new transactions get, kept in step with the database without locks on the way of readers.
//!
//! Called by the reader threads and the writer. It is a sequence lock: the generation is even while the published
//! schema is that of the latest commit, and odd from just before a commit that changes it until the new schema is
//! published. A reader notes the generation, takes the schema, runs its job in one snapshot of the database and
//! compares. If the generation was even and is the same, no schema change was committed in between, so that schema
//! and snapshot belong together. Otherwise the job runs once more under [`PublishedSchema::hold`], which keeps
//! publications away only until the snapshot is taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::domain::Schema;

/// The published schema with its generation.
pub(super) struct PublishedSchema {
    generation: AtomicU64,
    current: ArcSwap<Schema>,
    gate: Mutex<()>,
}

impl PublishedSchema {
    /// Starts with `schema`.
    pub fn new(schema: Arc<Schema>) -> PublishedSchema {
        PublishedSchema { generation: AtomicU64::new(0), current: ArcSwap::new(schema), gate: Mutex::new(()) }
    }

    /// The schema published last.
    pub fn load(&self) -> Arc<Schema> {
        self.current.load_full()
    }

    /// The generation to be noted before [`PublishedSchema::load`]; `None` while a publication is under way.
    pub fn mark(&self) -> Option<u64> {
        let generation = self.generation.load(Ordering::SeqCst);
        generation.is_multiple_of(2).then_some(generation)
    }

    /// Whether nothing was published, or begun to be, since `mark`.
    pub fn unchanged_since(&self, mark: u64) -> bool {
        self.generation.load(Ordering::SeqCst) == mark
    }

    /// Waits for a publication that is under way and keeps the next ones off until the guard is dropped.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called before a commit that changes the schema. Dropping the publication ends it with the old schema.
    pub fn begin(&self) -> Publication<'_> {
        let gate = self.hold();
        self.generation.fetch_add(1, Ordering::SeqCst);
        Publication { published: self, _gate: gate }
    }
}

/// A schema change between the start of its commit and its end.
pub(super) struct Publication<'p> {
    published: &'p PublishedSchema,
    _gate: MutexGuard<'p, ()>,
}

impl Publication<'_> {
    /// To be called when the commit is through.
    pub fn finish(self, schema: Arc<Schema>) {
        self.published.current.store(schema);
    }
}

impl Drop for Publication<'_> {
    fn drop(&mut self) {
        self.published.generation.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_is_noticed_from_its_start_to_its_end() {
        let published = PublishedSchema::new(Arc::new(Schema::new(vec![])));
        let mark = published.mark().expect("nothing is under way");
        assert!(published.unchanged_since(mark));
        let publication = published.begin();
        assert!(!published.unchanged_since(mark));
        assert_eq!(published.mark(), None);
        let next = Arc::new(Schema::new(vec![]));
        publication.finish(next.clone());
        assert!(!published.unchanged_since(mark));
        assert!(published.mark().is_some());
        assert!(Arc::ptr_eq(&published.load(), &next));
    }

    #[test]
    fn an_abandoned_publication_keeps_the_old_schema() {
        let old = Arc::new(Schema::new(vec![]));
        let published = PublishedSchema::new(old.clone());
        drop(published.begin());
        assert!(published.mark().is_some());
        assert!(Arc::ptr_eq(&published.load(), &old));
    }
}
