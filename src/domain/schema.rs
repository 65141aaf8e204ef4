//! All collections at one moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::{Collection, CollectionKind};

static NEXT_GENERATION: AtomicU64 = AtomicU64::new(1);

/// An immutable snapshot of all collections. Each snapshot has a generation of its own, so whatever was compiled
/// against one can be told from what was compiled against another.
#[derive(Debug)]
pub struct Schema {
    generation: u64,
    collections: Vec<Arc<Collection>>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

impl Schema {
    /// A snapshot of `collections`, kept in the given order.
    pub fn new(collections: Vec<Arc<Collection>>) -> Schema {
        let by_id = collections.iter().enumerate().map(|(at, c)| (c.id.clone(), at)).collect();
        let by_name = collections.iter().enumerate().map(|(at, c)| (c.name.to_lowercase(), at)).collect();
        Schema { generation: NEXT_GENERATION.fetch_add(1, Ordering::Relaxed), collections, by_id, by_name }
    }

    /// Distinguishes this snapshot from every other one made by this process.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// All collections.
    pub fn collections(&self) -> &[Arc<Collection>] {
        &self.collections
    }

    /// The collection with this id.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Collection>> {
        self.by_id.get(id).map(|at| &self.collections[*at])
    }

    /// The collection with this id, or else with this name in any letter case.
    pub fn find(&self, id_or_name: &str) -> Option<&Arc<Collection>> {
        self.by_id(id_or_name).or_else(|| {
            let at = match self.by_name.get(id_or_name) {
                Some(at) => at,
                None => self.by_name.get(&id_or_name.to_lowercase())?,
            };
            Some(&self.collections[*at])
        })
    }

    /// All `(collection, position of a relation field)` that point to the collection with this id; views left out.
    pub fn references_to<'a>(&'a self, collection_id: &'a str) -> impl Iterator<Item = (&'a Arc<Collection>, usize)> {
        self.collections.iter().filter(|collection| !matches!(collection.kind, CollectionKind::View(_))).flat_map(
            move |collection| {
                collection
                    .fields
                    .iter()
                    .enumerate()
                    .filter(move |(_, field)| field.as_relation().is_some_and(|r| r.collection_id == collection_id))
                    .map(move |(at, _)| (collection, at))
            },
        )
    }

    /// A snapshot with `changed` in place of the collection of the same id, or added if there is none.
    pub fn with(&self, changed: Arc<Collection>) -> Schema {
        let mut collections = self.collections.clone();
        match self.by_id.get(&changed.id) {
            Some(at) => collections[*at] = changed,
            None => collections.push(changed),
        }
        Schema::new(collections)
    }

    /// A snapshot without the collection of this id.
    pub fn without(&self, collection_id: &str) -> Schema {
        Schema::new(self.collections.iter().filter(|c| c.id != collection_id).cloned().collect())
    }
}
