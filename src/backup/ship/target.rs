//! Where changes are shipped to, as far as all who use it need it.

use std::path::Path;

use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio::io::AsyncWriteExt;

use super::names::{self, Name, SegmentName, SnapshotName};
use super::segment::Segment;
use crate::backup::unwritten;
use crate::base::limits::SHIP_SEGMENT_MAX_BYTES;
use crate::base::{Error, Result};
use crate::files::{Content, Storage};
use crate::settings::Location;

/// See the module.
#[derive(Clone, Debug)]
pub struct Target {
    storage: Storage,
}

/// What belongs together, in order of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generation {
    /// Its name.
    pub name: String,
    /// Snapshots that are there as a whole.
    pub snapshots: Vec<SnapshotName>,
    /// Those of them that could be restored.
    pub good: Vec<SnapshotName>,
    /// Segments.
    pub segments: Vec<SegmentName>,
}

impl Target {
    /// Opens a target.
    ///
    /// # Errors
    /// 400 for one that can't be used; 503 for a folder that can't be.
    pub fn open(location: &Location) -> Result<Target> {
        Ok(Target { storage: Storage::at(location)? })
    }

    /// Opens a target that is there; `None` for a folder that isn't, which opening it would make.
    ///
    /// # Errors
    /// As [`Target::open`].
    pub fn find(location: &Location) -> Result<Option<Target>> {
        match location {
            Location::Folder(folder) if !folder.is_dir() => Ok(None),
            location => Target::open(location).map(Some),
        }
    }

    /// What it is made of.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// All generations, the oldest first.
    ///
    /// # Errors
    /// 503 if it can't be read.
    pub async fn generations(&self) -> Result<Vec<Generation>> {
        let mut found = std::collections::BTreeMap::<(u64, String), Generation>::new();
        let mut objects = self.storage.list(None)?;
        while let Some(object) = objects.try_next().await? {
            let Some((generation, name)) = names::parse(&object.key) else { continue };
            let number = names::generation_number(generation).unwrap_or(0);
            let entry = found.entry((number, generation.to_owned())).or_default();
            match name {
                Name::Segment(name) => entry.segments.push(name),
                Name::Snapshot(name) => entry.snapshots.push(name),
                Name::Good(name) => entry.good.push(name),
                // The generation was begun.
                Name::Data(_) => {}
            }
        }
        let sorted = found.into_iter().map(|((_, name), mut generation)| {
            generation.name = name;
            generation.segments.sort_by_key(|segment| segment.number);
            generation.snapshots.sort_by_key(|snapshot| snapshot.number);
            generation
        });
        Ok(sorted.collect())
    }

    /// Stores a small object.
    ///
    /// # Errors
    /// 503 if that isn't possible.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        self.storage.put(key, Bytes::from(bytes)).await
    }

    /// A segment.
    ///
    /// # Errors
    /// 400 if it isn't what it was, or isn't there; 503 if it can't be read.
    pub async fn segment(&self, generation: &str, name: SegmentName) -> Result<Segment> {
        let key = name.key(generation);
        let max = usize::try_from(SHIP_SEGMENT_MAX_BYTES).unwrap_or(usize::MAX);
        let bytes = self.storage.bytes(&key, max).await?;
        let bytes = bytes.ok_or_else(|| Error::invalid(format!("The copy is incomplete: {key} is missing.")))?;
        Segment::decode(&key, name.number, &bytes)
    }

    /// Writes an object into a new file; whether there is one.
    ///
    /// # Errors
    /// 503 if it can't be read, or the file not be written.
    pub async fn fetch(&self, key: &str, file: &Path) -> Result<bool> {
        match self.storage.read(key, None).await? {
            Some(content) => write_to(content, file).await.map(|()| true),
            None => Ok(false),
        }
    }
}

/// Writes what comes into a new file.
///
/// # Errors
/// 503 if it can't be read, or the file not be written.
pub async fn write_to(mut content: Content, file: &Path) -> Result<()> {
    let mut file = tokio::fs::File::create_new(file).await.map_err(unwritten)?;
    while let Some(piece) = content.try_next().await? {
        file.write_all(&piece).await.map_err(unwritten)?;
    }
    file.sync_all().await.map_err(unwritten)
}
