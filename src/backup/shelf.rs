//! Where finished backups are: in the folder `backups`, or in a bucket of an S3-compatible service.
//!
//! Called by the app. Whatever isn't finished, and every lock, is in the folder in either case. Into a bucket an
//! archive is sent once it is complete; it is fetched from there as a whole to be tested or restored, and piece by
//! piece for whoever wants it. What came of testing one lies beside it, below `.checks`. Invariant: the functions that
//! block may only be called on a thread that may wait, of a runtime that goes on.

use std::ops::Range;
use std::path::{Path, PathBuf};

use tokio::runtime::Handle;

use super::folder::{Busy, Check, Folder, Item, Work, missing};
use super::names::{is_safe, taken};
use crate::base::{Error, Result, Timestamp};
use crate::files::{Content, Storage};
use crate::settings::Config;

const CHECKS: &str = ".checks";
/// A note of a test has no more bytes than this.
const CHECK_MAX_BYTES: usize = 64 << 10;

/// See the module. Clones share it.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: Folder,
    bucket: Option<Storage>,
}

/// An archive that can be read as a file, as long as this lives.
pub struct AtHand {
    /// Where it is.
    pub path: PathBuf,
    _work: Option<Work>,
}

impl Shelf {
    /// As the configuration says.
    ///
    /// # Errors
    /// 400 if what it says of a bucket can't be used.
    pub fn open(config: &Config) -> Result<Shelf> {
        Shelf::of(Folder::new(&config.data_dir), config)
    }

    /// With this folder, and what the configuration says of a bucket.
    ///
    /// # Errors
    /// As [`Shelf::open`].
    pub fn of(folder: Folder, config: &Config) -> Result<Shelf> {
        let bucket = config.backup_bucket().map(|bucket| Storage::bucket(&bucket)).transpose()?;
        Ok(Shelf { folder, bucket })
    }

    /// The folder, for locks and for what isn't finished.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// All backups by name.
    ///
    /// # Errors
    /// 503 if they can't be read.
    pub fn list(&self) -> Result<Vec<Item>> {
        let Some(bucket) = &self.bucket else { return self.folder.list() };
        wait(async {
            let mut items = Vec::new();
            for object in bucket.list_top().await? {
                if is_safe(&object.key) {
                    items.push(with_check(bucket, item(object.key, object.size_bytes, object.modified_seconds)).await?);
                }
            }
            items.sort_by(|a: &Item, b| a.key.cmp(&b.key));
            Ok(items)
        })?
    }

    /// One backup.
    ///
    /// # Errors
    /// 503 if that can't be known.
    pub fn item(&self, name: &str) -> Result<Option<Item>> {
        let Some(bucket) = &self.bucket else { return Ok(self.folder.item(name)) };
        if !is_safe(name) {
            return Ok(None);
        }
        wait(async {
            match bucket.object(name).await? {
                Some(object) => {
                    let item = item(object.key, object.size_bytes, object.modified_seconds);
                    with_check(bucket, item).await.map(Some)
                }
                None => Ok(None),
            }
        })?
    }

    /// An archive as a file; one in a bucket is fetched for that. `None` if there is none.
    ///
    /// # Errors
    /// 503 if it can't be fetched.
    pub fn at_hand(&self, name: &str) -> Result<Option<AtHand>> {
        let Some(bucket) = &self.bucket else {
            return Ok(self.folder.find(name).map(|path| AtHand { path, _work: None }));
        };
        if !is_safe(name) {
            return Ok(None);
        }
        let work = self.folder.new_work()?;
        let path = work.path().join("archive");
        let fetched: Result<bool> = wait(async {
            match bucket.read(name, None).await? {
                Some(content) => super::ship::write_to(content, &path).await.map(|()| true),
                None => Ok(false),
            }
        })?;
        Ok(fetched?.then_some(AtHand { path, _work: Some(work) }))
    }

    /// A part of an archive in a bucket, or all of it; `None` if there is none, or backups are in the folder.
    ///
    /// # Errors
    /// 503 if it can't be read.
    pub async fn content(&self, name: &str, range: Option<Range<u64>>) -> Result<Option<Content>> {
        match &self.bucket {
            Some(bucket) if is_safe(name) => bucket.read(name, range).await,
            _ => Ok(None),
        }
    }

    /// Where an archive lies, if backups are in the folder.
    pub fn local_path(&self, name: &str) -> Option<PathBuf> {
        if self.bucket.is_some() { None } else { self.folder.find(name) }
    }

    /// Notes what came of testing a backup; nothing if it is gone, or another one has its name.
    ///
    /// # Errors
    /// 503 if it can't be noted.
    pub fn note(&self, tested: &Item, reason: Option<String>) -> Result<()> {
        let Some(bucket) = &self.bucket else { return self.folder.note(tested, reason) };
        let now = self.item(&tested.key)?;
        if now.is_none_or(|now| (now.size_bytes, now.modified) != (tested.size_bytes, tested.modified)) {
            return Ok(());
        }
        let text = serde_json::to_vec(&Check::of(tested, reason)).map_err(Error::internal)?;
        wait(bucket.put(&check_key(&tested.key), text.into()))?
    }

    /// Removes a backup, and what is known of it.
    ///
    /// # Errors
    /// 400 if there is none with this name; 503 if it can't be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        let Some(bucket) = &self.bucket else { return self.folder.remove(name) };
        if !self.has(name)? {
            return Err(missing());
        }
        wait(async {
            bucket.remove(name).await?;
            // A note of an archive that isn't there says nothing.
            bucket.remove(&check_key(name)).await
        })?
    }

    /// Whether there is a backup with this name.
    ///
    /// # Errors
    /// 503 if that can't be known.
    pub fn has(&self, name: &str) -> Result<bool> {
        let Some(bucket) = &self.bucket else { return Ok(self.folder.has(name)) };
        Ok(is_safe(name) && wait(bucket.size_bytes(name))??.is_some())
    }

    /// Gives a finished archive its name, so that neither can be lost. `field` is what the name is called in an error.
    ///
    /// # Errors
    /// 400 for a name that is taken; 503 if it can't be moved or sent.
    pub fn place(&self, archive: &Path, name: &str, field: &str) -> Result<()> {
        let Some(bucket) = &self.bucket else { return self.folder.place(archive, name, field) };
        if self.has(name)? {
            return Err(taken(field));
        }
        wait(bucket.put_copy(name, archive))?
    }

    /// Takes over an archive that lies elsewhere.
    ///
    /// # Errors
    /// 400 with the code of `file` for a name that is taken; 503 if it can't be taken over.
    pub fn take(&self, file: &Path, name: &str) -> Result<()> {
        match &self.bucket {
            Some(_) => self.place(file, name, "file"),
            None => self.folder.take(file, name),
        }
    }

    /// A new folder for what isn't finished.
    ///
    /// # Errors
    /// 503 if it can't be made.
    pub fn work(&self, busy: &Busy) -> Result<Work> {
        self.folder.work(busy)
    }
}

/// Waits for a service, on a thread that may.
fn wait<T>(work: impl Future<Output = T>) -> Result<T> {
    Ok(Handle::try_current().map_err(Error::internal)?.block_on(work))
}

fn check_key(name: &str) -> String {
    format!("{CHECKS}/{name}.json")
}

fn item(key: String, size_bytes: u64, modified_seconds: i64) -> Item {
    let modified = Timestamp::from_unix_seconds(modified_seconds).unwrap_or_else(Timestamp::now);
    Item { key, size_bytes, modified, check: None }
}

async fn with_check(bucket: &Storage, mut item: Item) -> Result<Item> {
    let note = bucket.bytes(&check_key(&item.key), CHECK_MAX_BYTES).await?;
    let check: Option<Check> = note.and_then(|note| serde_json::from_slice(&note).ok());
    item.check = check.filter(|check| check.is_of(&item));
    Ok(item)
}
