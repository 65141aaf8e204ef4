//! Comparing the storage with the database, both ways, for whoever runs the program.
//!
//! It may run beside a server. Everything is looked at in passing first, which may be out of date a moment later; what
//! seems wrong is looked at again by itself, and only then reported. That is exact, because a row is there before its
//! object and goes after it, and a key is never used twice. All keys are in memory meanwhile, some hundred bytes a
//! file.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use serde_json::Map;

use super::App;
use crate::base::limits::{FILES_CHECKED_AT_ONCE, UNFINISHED_COPY_SECONDS};
use crate::base::{Result, Timestamp};
use crate::files::{StoredFile, key, ledger};
use crate::records;
use crate::store::ReadTx;

/// Something that doesn't fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    /// An object that no row knows. Mended by deleting it.
    Orphan,
    /// A row whose record doesn't name the file. Mended by deleting it, with its object.
    Unnamed,
    /// An object that isn't there although a record names it.
    Missing,
    /// An object of another size than the file had.
    WrongSize,
    /// A name in a record that no row knows.
    Unknown,
}

impl Mismatch {
    /// What it is called in reports.
    pub fn name(self) -> &'static str {
        match self {
            Mismatch::Orphan => "orphan",
            Mismatch::Unnamed => "unnamed",
            Mismatch::Missing => "missing",
            Mismatch::WrongSize => "wrong-size",
            Mismatch::Unknown => "unknown",
        }
    }

    /// Whether it can be mended without touching anything that a record names.
    pub fn is_mendable(self) -> bool {
        matches!(self, Mismatch::Orphan | Mismatch::Unnamed)
    }
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesReport {
    /// Files that records name.
    pub files: usize,
    /// Objects in the storage, previews included.
    pub objects: usize,
    /// What doesn't fit, by the key of the object, in order.
    pub mismatches: Vec<(Mismatch, String)>,
}

/// A file's place: collection, record, name.
type Place = (String, String, String);

impl App {
    /// Compares the storage with the database. With `repair`, what nobody needs is deleted; what a record names is
    /// never touched.
    ///
    /// # Errors
    /// What keeps the storage or the database from being read, or changed.
    pub async fn check_files(&self, repair: bool) -> Result<FilesReport> {
        let objects = self.objects().await?;
        let rows = self.file_rows().await?;
        let named = self.named_files().await?;
        let mut report = FilesReport { files: named.len(), objects: objects.len(), ..FilesReport::default() };
        let mut known = HashSet::with_capacity(rows.len());
        for (file, is_live) in rows {
            let (name, place) = (file.key(), place(&file));
            let fits = !is_live || (objects.get(&name) == Some(&file.size_bytes) && named.contains(&place));
            if let (false, Some(found)) = (fits, self.look_at_row(file, repair).await?) {
                report.mismatches.push((found, name.clone()));
            }
            known.insert(name);
        }
        for place in named.into_iter().filter(|(c, r, n)| !known.contains(&key(c, r, n))) {
            let name = key(&place.0, &place.1, &place.2);
            if self.is_unknown(place).await? {
                report.mismatches.push((Mismatch::Unknown, name));
            }
        }
        for name in objects.into_keys() {
            let original = original(&name);
            let is_known = original.as_ref().is_some_and(|(c, r, n)| known.contains(&key(c, r, n)));
            if !is_known && self.is_orphan(&name, original, repair).await? {
                report.mismatches.push((Mismatch::Orphan, name));
            }
        }
        report.mismatches.sort();
        if repair {
            self.clone().settle_files().await?;
        }
        Ok(report)
    }

    /// All objects with their sizes, but for copies that may still be on their way.
    async fn objects(&self) -> Result<HashMap<String, u64>> {
        let young = Timestamp::now().plus_seconds(-UNFINISHED_COPY_SECONDS).unix_seconds();
        let mut objects = HashMap::new();
        let mut listed = self.live().storage.list(None)?;
        while let Some(object) = listed.try_next().await? {
            if !object.key.ends_with(".part") || object.modified_seconds < young {
                objects.insert(object.key, object.size_bytes);
            }
        }
        Ok(objects)
    }

    async fn file_rows(&self) -> Result<Vec<(StoredFile, bool)>> {
        let dialect = self.0.plans.dialect();
        let mut rows = Vec::new();
        loop {
            let offset = rows.len() as u64;
            let read = move |tx: &ReadTx<'_>| ledger::page(tx, dialect, offset, FILES_CHECKED_AT_ONCE);
            let page = self.0.store.read(read).await?;
            if page.is_empty() {
                return Ok(rows);
            }
            rows.extend(page);
        }
    }

    /// The files that records name.
    async fn named_files(&self) -> Result<HashSet<Place>> {
        let mut named = HashSet::new();
        let schema = self.0.store.schema();
        for collection in schema.collections().iter().filter(|collection| !collection.is_view()) {
            for field in collection.fields.iter().filter(|field| field.as_file().is_some()) {
                let mut after = String::new();
                loop {
                    let (owner, field, from) = (collection.clone(), field.clone(), after.clone());
                    let page = self.read_as_owner(Map::new(), move |tx, cx| {
                        records::holders(tx, cx, &owner, &field, &from, FILES_CHECKED_AT_ONCE)
                    });
                    let page = page.await?;
                    let Some((last, _)) = page.last() else { break };
                    after.clone_from(last);
                    for (id, names) in page {
                        named.extend(names.into_iter().map(|name| (collection.id.clone(), id.clone(), name)));
                    }
                }
            }
        }
        Ok(named)
    }

    /// What is wrong with a live file, if anything still is.
    async fn look_at_row(&self, file: StoredFile, repair: bool) -> Result<Option<Mismatch>> {
        let dialect = self.0.plans.dialect();
        let size_bytes = self.live().storage.size_bytes(&file.key()).await?;
        let looked_at = file.clone();
        let state = self.write_as_owner(Map::new(), move |tx, cx| {
            let (c, r, n) = place(&looked_at);
            let is_live = ledger::find(tx, dialect, &c, &r, &n)?.is_some();
            let is_named = records::holds_file(tx, cx, &c, &r, &n)?;
            if repair && is_live && !is_named {
                ledger::doom_file(tx, dialect, &looked_at)?;
            }
            Ok((is_live, is_named))
        });
        Ok(match (state.await?, size_bytes) {
            ((false, _), _) => None,
            ((true, false), _) => Some(Mismatch::Unnamed),
            ((true, true), None) => Some(Mismatch::Missing),
            ((true, true), Some(size_bytes)) if size_bytes != file.size_bytes => Some(Mismatch::WrongSize),
            ((true, true), Some(_)) => None,
        })
    }

    /// Whether a record still names a file that no row knows.
    async fn is_unknown(&self, (c, r, n): Place) -> Result<bool> {
        let look = move |tx: &ReadTx<'_>, cx: &records::Cx<'_>| {
            Ok(!ledger::is_known(tx, cx.plans.dialect(), &c, &r, &n)? && records::holds_file(tx, cx, &c, &r, &n)?)
        };
        self.read_as_owner(Map::new(), look).await
    }

    /// Whether an object is still there that no row knows and, to be sure, no record names.
    async fn is_orphan(&self, name: &str, original: Option<Place>, repair: bool) -> Result<bool> {
        if let Some((c, r, n)) = original {
            let look = move |tx: &ReadTx<'_>, cx: &records::Cx<'_>| {
                Ok(ledger::is_known(tx, cx.plans.dialect(), &c, &r, &n)? || records::holds_file(tx, cx, &c, &r, &n)?)
            };
            if self.read_as_owner(Map::new(), look).await? {
                return Ok(false);
            }
        }
        let is_there = self.live().storage.size_bytes(name).await?.is_some();
        if is_there && repair {
            self.live().storage.remove(name).await?;
        }
        Ok(is_there)
    }
}

fn place(file: &StoredFile) -> Place {
    (file.collection_id.clone(), file.record_id.clone(), file.name.clone())
}

/// The file that an object is, or is a preview of; `None` if it lies where no file would.
fn original(name: &str) -> Option<Place> {
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        [collection, record, name] => Some((collection.to_owned(), record.to_owned(), name.to_owned())),
        [collection, record, folder, _] => {
            Some((collection.to_owned(), record.to_owned(), folder.strip_prefix("thumbs_")?.to_owned()))
        }
        _ => None,
    }
}
