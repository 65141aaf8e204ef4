//! Where files are kept: the folder `storage` of the data folder, or a bucket of an S3-compatible service.
//!
//! Both are reached through the same functions and have the same keys. Invariants: what [`Storage::take`] and
//! [`Storage::put`] have acknowledged is on disk, with its name (locally; a service is believed); an object is there as
//! a whole or not at all; a large one never is in memory as a whole. Not here: which objects there should be
//! (`ledger`).

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::io::AsyncReadExt;
use tokio::task::spawn_blocking;

use super::{s3, spool};
use crate::base::{Error, Result, ids, private};
use crate::domain::Upload;
use crate::settings::{Bucket, Config, Location};

/// Larger files are sent to a service in parts of at least this size, the least that S3 takes; so much of a file is in
/// memory.
const PART_MIN_BYTES: u64 = 5 << 20;
/// Parts that a file may be sent in.
const PARTS_MAX: u64 = 10_000;
/// How much of a local file is read at a time.
const PIECE_BYTES: usize = 128 << 10;
/// How often a file is moved into a folder that goes away meanwhile, because what else was in it has been removed.
const MOVES_MAX: usize = 10;

/// What is written to try a place out: no name of a file that is stored begins so.
const TRIAL_FOLDER: &str = "holdall_settings_test_";
const TRIAL_TEXT: &[u8] = b"Written to see whether this place can be used.";
/// Where files are written before they are moved to their place, in a folder that isn't the data folder's.
const STAGING: &str = ".unfinished";

/// The content of an object, piece by piece.
pub type Content = BoxStream<'static, Result<Bytes>>;

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where it lies.
    pub key: String,
    /// How large it is.
    pub size_bytes: u64,
    /// When it was written, in seconds since the Unix epoch.
    pub modified_seconds: i64,
}

/// The storage. Clones share it.
#[derive(Clone, Debug)]
pub struct Storage {
    objects: Arc<dyn ObjectStore>,
    /// The same once more, if it is the local folder.
    local: Option<Local>,
}

/// The local folder.
#[derive(Clone, Debug)]
struct Local {
    files: Arc<LocalFileSystem>,
    /// Where files are written before they are moved to their place: the spool's folder, which is swept at start, so
    /// that nothing half-written stays when the program is killed.
    staging: PathBuf,
}

impl Storage {
    /// The storage that the configuration names: the local folder, unless there is a bucket.
    ///
    /// # Errors
    /// 400 if a service can't be used as it is configured; 503 if the folder can't.
    pub fn open(config: &Config) -> Result<Storage> {
        match config.files_bucket() {
            None => Storage::local(&config.data_dir.join("storage"), &config.data_dir.join(spool::FOLDER)),
            Some(bucket) => Storage::bucket(&bucket),
        }
    }

    /// What is kept at a place that has nothing to do with the data folder.
    ///
    /// # Errors
    /// As [`Storage::open`].
    pub fn at(location: &Location) -> Result<Storage> {
        match location {
            Location::Folder(folder) => {
                private::make_folder(folder).map_err(|error| unusable(folder, error.into()))?;
                Storage::local(folder, &folder.join(STAGING))
            }
            Location::Bucket(bucket) => Storage::bucket(bucket),
        }
    }

    /// Whether what the configuration says of a service can be used; whether it answers shows later.
    ///
    /// # Errors
    /// 400 if it can't.
    pub fn check(config: &Config) -> Result<()> {
        config.files_bucket().map_or(Ok(()), |bucket| Storage::bucket(&bucket).map(|_| ()))
    }

    /// The storage in a bucket.
    ///
    /// # Errors
    /// 400 if what is said of it can't be used; whether it answers shows later.
    pub fn bucket(bucket: &Bucket) -> Result<Storage> {
        let objects = s3::open(bucket)?;
        let objects: Arc<dyn ObjectStore> = match bucket.prefix.as_str() {
            "" => Arc::new(objects),
            prefix => Arc::new(PrefixStore::new(objects, path(prefix)?)),
        };
        Ok(Storage { objects, local: None })
    }

    /// The storage in this folder, which is made if it isn't there, by way of another one, which is the spool's.
    ///
    /// # Errors
    /// 503 if it can't be used.
    pub fn local(folder: &Path, staging: &Path) -> Result<Storage> {
        fs::create_dir_all(folder).map_err(|error| unusable(folder, error.into()))?;
        let local = LocalFileSystem::new_with_prefix(folder).map_err(|error| unusable(folder, error.into()))?;
        // Folders go with the last file in them.
        let files = Arc::new(local.with_fsync(true).with_automatic_cleanup(true));
        Ok(Storage { objects: files.clone(), local: Some(Local { files, staging: staging.to_owned() }) })
    }

    /// Writes an object, lists it and removes it, to see whether all of that can be done.
    ///
    /// # Errors
    /// 503 with the cause.
    pub async fn try_out(&self) -> Result<()> {
        let folder = format!("{TRIAL_FOLDER}{}/", ids::record_id());
        self.put(&format!("{folder}test.txt"), Bytes::from_static(TRIAL_TEXT)).await?;
        self.remove_below(&folder).await
    }

    /// Whether files are in the local folder.
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Where an object lies in the local folder; `None` if files are in a bucket.
    ///
    /// # Errors
    /// 500 if this isn't a key.
    pub fn local_path(&self, key: &str) -> Result<Option<PathBuf>> {
        let Some(local) = &self.local else { return Ok(None) };
        local.files.path_to_filesystem(&path(key)?).map(Some).map_err(failure)
    }

    /// Stores a file that has arrived. If it is moved into place, nothing of it is left in the spool.
    ///
    /// # Errors
    /// 503 if it can't be stored.
    pub async fn take(&self, key: &str, upload: &Upload) -> Result<()> {
        let path = path(key)?;
        if let Some(local) = &self.local {
            let (from, to) = (upload.spool.path().to_owned(), local.files.path_to_filesystem(&path).map_err(failure)?);
            return blocking(move || move_in(&from, &to)).await;
        }
        self.send(&path, upload.spool.path(), upload.size_bytes).await
    }

    /// Stores a copy of a file, over what is there.
    ///
    /// # Errors
    /// 503 if it can't be read or stored.
    pub async fn put_copy(&self, key: &str, file: &Path) -> Result<()> {
        let path = path(key)?;
        let Some(local) = &self.local else {
            let size_bytes = tokio::fs::metadata(file).await.map_err(unstored)?.len();
            return self.send(&path, file, size_bytes).await;
        };
        let to = local.files.path_to_filesystem(&path).map_err(failure)?;
        let file = file.to_owned();
        self.stage(local, to, move |staged| fs::copy(file, staged).map(|_| ())).await
    }

    /// Sends a file to a service.
    async fn send(&self, path: &ObjectPath, file: &Path, size_bytes: u64) -> Result<()> {
        let mut file = tokio::fs::File::open(file).await.map_err(unstored)?;
        let mut left_bytes = size_bytes;
        let part_bytes = PART_MIN_BYTES.max(left_bytes.div_ceil(PARTS_MAX));
        if left_bytes <= part_bytes {
            let bytes = next_part(&mut file, left_bytes).await?;
            return self.objects.put(path, bytes).await.map(|_| ()).map_err(failure);
        }
        let mut parts = self.objects.put_multipart(path).await.map_err(failure)?;
        let sent = async {
            while left_bytes > 0 {
                let part = next_part(&mut file, left_bytes.min(part_bytes)).await?;
                left_bytes -= part.content_length() as u64;
                parts.put_part(part).await.map_err(failure)?;
            }
            Ok(())
        };
        match sent.await {
            Ok(()) => parts.complete().await.map(|_| ()).map_err(failure),
            Err(error) => {
                // The service forgets parts that belong to nothing sooner or later; this is the polite way.
                let _ = parts.abort().await;
                Err(error)
            }
        }
    }

    /// Stores bytes, over what is there.
    ///
    /// # Errors
    /// 503 if they can't be stored.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        let path = path(key)?;
        if let Some(local) = &self.local {
            let to = local.files.path_to_filesystem(&path).map_err(failure)?;
            return self.stage(local, to, move |staged| fs::write(staged, &bytes)).await;
        }
        self.objects.put(&path, PutPayload::from(bytes)).await.map(|_| ()).map_err(failure)
    }

    /// Has a file written aside, and moves it to its place.
    async fn stage(
        &self,
        local: &Local,
        to: PathBuf,
        write: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
    ) -> Result<()> {
        let from = local.staging.join(format!("{}{}", ids::secret(), spool::SUFFIX));
        blocking(move || {
            fs::create_dir_all(from.parent().unwrap_or(&from))?;
            let moved = write(&from).and_then(|()| move_in(&from, &to));
            if moved.is_err() {
                // Should even this fail, it goes at the next start.
                let _ = fs::remove_file(&from);
            }
            moved
        })
        .await
    }

    /// Removes what was never moved to its place, because the program was killed. Nobody else may be at work.
    pub fn remove_leftovers(&self) {
        if let Some(local) = &self.local
            && let Err(error) = fs::remove_dir_all(&local.staging)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "what wasn't stored to its end can't be removed yet");
        }
    }

    /// The size of an object; `None` if there is none.
    ///
    /// # Errors
    /// 503 if the storage can't be read.
    pub async fn size_bytes(&self, key: &str) -> Result<Option<u64>> {
        Ok(self.object(key).await?.map(|object| object.size_bytes))
    }

    /// What is known of an object; `None` if there is none.
    ///
    /// # Errors
    /// 503 if the storage can't be read.
    pub async fn object(&self, key: &str) -> Result<Option<Object>> {
        match self.objects.head(&path(key)?).await {
            Ok(meta) => Ok(Some(known(meta))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failure(error)),
        }
    }

    /// All objects whose keys have no slash in them.
    ///
    /// # Errors
    /// 503 if the storage can't be read.
    pub async fn list_top(&self) -> Result<Vec<Object>> {
        let listed = self.objects.list_with_delimiter(None).await.map_err(failure)?;
        Ok(listed.objects.into_iter().map(known).collect())
    }

    /// A part of an object, or all of it; `None` if there is no such object. A range must lie within the object.
    ///
    /// # Errors
    /// 503 if the storage can't be read.
    pub async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<Content>> {
        let options = GetOptions::new().with_range(range.filter(|range| !range.is_empty()).map(GetRange::Bounded));
        let got = match self.objects.get_opts(&path(key)?, options).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failure(error)),
        };
        let range = got.range.clone();
        Ok(Some(match got.payload {
            GetResultPayload::File(file, _) => pieces(file, range),
            GetResultPayload::Stream(stream) => stream.map_err(failure).boxed(),
        }))
    }

    /// A whole object that has at most `max_bytes`; `None` if there is none, or it is larger.
    ///
    /// # Errors
    /// As [`Storage::read`].
    pub async fn bytes(&self, key: &str, max_bytes: usize) -> Result<Option<Vec<u8>>> {
        let Some(mut content) = self.read(key, None).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        while let Some(piece) = content.try_next().await? {
            if bytes.len() + piece.len() > max_bytes {
                return Ok(None);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(bytes))
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// 503 if the storage can't be changed.
    pub async fn remove(&self, key: &str) -> Result<()> {
        match self.objects.delete(&path(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failure(error)),
        }
    }

    /// Removes all objects whose keys begin with `prefix` and a slash.
    ///
    /// # Errors
    /// As [`Storage::remove`].
    pub async fn remove_below(&self, prefix: &str) -> Result<()> {
        let found: Vec<Object> = self.list(Some(prefix))?.try_collect().await?;
        for object in found {
            self.remove(&object.key).await?;
        }
        Ok(())
    }

    /// All objects, or those whose keys begin with `prefix` and a slash.
    ///
    /// # Errors
    /// 503 if the storage can't be read, here or in the stream.
    pub fn list(&self, prefix: Option<&str>) -> Result<BoxStream<'static, Result<Object>>> {
        let prefix = prefix.map(path).transpose()?;
        Ok(self.objects.list(prefix.as_ref()).map_err(failure).map_ok(known).boxed())
    }
}

fn known(meta: ObjectMeta) -> Object {
    let (key, modified_seconds) = (meta.location.to_string(), meta.last_modified.timestamp());
    Object { key, size_bytes: meta.size, modified_seconds }
}

/// A key as the storage takes it. Keys are made of ids and stored names, so one that isn't a path is a mistake of ours.
fn path(key: &str) -> Result<ObjectPath> {
    ObjectPath::parse(key).map_err(Error::internal)
}

fn unusable(folder: &Path, error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::unavailable(format!("The folder {} can't be used.", folder.display())).caused_by(error)
}

/// The next bytes of a file, in pieces whose memory the next part finds again.
async fn next_part(file: &mut tokio::fs::File, size_bytes: u64) -> Result<PutPayload> {
    let mut left = usize::try_from(size_bytes).map_err(Error::internal)?;
    let mut pieces = Vec::with_capacity(left.div_ceil(PIECE_BYTES));
    while left > 0 {
        let mut piece = vec![0; left.min(PIECE_BYTES)];
        file.read_exact(&mut piece).await.map_err(unstored)?;
        left -= piece.len();
        pieces.push(Bytes::from(piece));
    }
    Ok(pieces.into_iter().collect())
}

/// Moves a file to its place so that neither it nor its name can be lost.
fn move_in(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    let folder = to.parent().unwrap_or(to);
    for attempt in 1.. {
        let made = missing_folders(folder);
        fs::create_dir_all(folder)?;
        match rename_or_copy(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < MOVES_MAX && from.exists() => continue,
            moved => moved?,
        }
        // The name of the file is in its folder, that of a new folder in the one above.
        return made.iter().filter_map(|made| made.parent()).chain([folder]).try_for_each(sync_folder);
    }
    Ok(())
}

fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect()
}

/// The storage may lie on another disk than the spool.
fn rename_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        renamed => return renamed,
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let beside = to.with_file_name(name);
    let copied = fs::copy(from, &beside).and_then(|_| File::open(&beside)?.sync_all());
    if copied.is_err() {
        // What is left of the copy is reported by `files check`, should even that fail.
        let _ = fs::remove_file(&beside);
    }
    copied.and_then(|()| fs::rename(&beside, to))
}

/// Makes sure that the names in a folder are on disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// A part of a file that isn't in the storage, or all of it; `None` if there is no such file.
///
/// # Errors
/// 503 if it can't be read.
pub async fn local_content(path: PathBuf, range: Option<Range<u64>>) -> Result<Option<Content>> {
    blocking_read(move || match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => {
            let file = opened?;
            let range = range.unwrap_or(0..file.metadata()?.len());
            Ok(Some(pieces(file, range)))
        }
    })
    .await
}

/// A range of an open file, read where it holds nobody up.
fn pieces(file: File, range: Range<u64>) -> Content {
    let read = |(mut file, range): (File, Range<u64>)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        blocking_read(move || {
            let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let mut piece = vec![0; left.min(PIECE_BYTES)];
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut piece)?;
            let next = range.start + piece.len() as u64..range.end;
            Ok(Some((Bytes::from(piece), (file, next))))
        })
        .await
    };
    stream::try_unfold((file, range), read).boxed()
}

async fn blocking_read<T: Send + 'static>(job: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    let unread = |error: io::Error| Error::unavailable("The file can't be read at the moment.").caused_by(error);
    spawn_blocking(job).await.map_err(Error::internal)?.map_err(unread)
}

async fn blocking<T: Send + 'static>(job: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(job).await.map_err(Error::internal)?.map_err(unstored)
}

fn unstored(error: io::Error) -> Error {
    Error::unavailable("The file couldn't be stored: the disk may be full.").caused_by(error)
}

fn failure(error: object_store::Error) -> Error {
    Error::unavailable("The storage of files can't be used at the moment.").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::upload::SpoolFile;

    fn upload(folder: &Path, content: &[u8]) -> Upload {
        let path = folder.join("arrived.part");
        fs::write(&path, content).expect("it can be written");
        Upload {
            original_name: String::new(),
            name: String::new(),
            size_bytes: content.len() as u64,
            content_type: String::new(),
            type_aliases: Vec::new(),
            sha256: String::new(),
            cut_off: false,
            resumed: None,
            spool: SpoolFile::new(path),
        }
    }

    async fn content(storage: &Storage, key: &str, range: Option<Range<u64>>) -> Option<Vec<u8>> {
        let content = storage.read(key, range).await.expect("it can be read")?;
        let pieces: Vec<Bytes> = content.try_collect().await.expect("it can be read");
        Some(pieces.concat())
    }

    #[tokio::test]
    async fn what_is_taken_is_there_as_a_whole_and_goes_with_its_folders() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let storage =
            Storage::local(&folder.path().join("storage"), &folder.path().join("uploads")).expect("it can be made");
        let bytes: Vec<u8> = (0..3 * PIECE_BYTES + 5).map(|at| (at % 251) as u8).collect();
        let arrived = upload(folder.path(), &bytes);
        storage.take("c/r/a.bin", &arrived).await.expect("it can be stored");
        assert!(!arrived.spool.path().exists(), "it was moved");
        storage.put("c/r/thumbs_a.bin/1x1_a.bin", Bytes::from_static(b"small")).await.expect("it can be stored");
        assert_eq!(content(&storage, "c/r/a.bin", None).await.as_deref(), Some(&bytes[..]));
        let (from, to) = (PIECE_BYTES - 1, 2 * PIECE_BYTES + 1);
        let part = content(&storage, "c/r/a.bin", Some(from as u64..to as u64)).await;
        assert_eq!(part.as_deref(), Some(&bytes[from..to]));
        assert_eq!(storage.size_bytes("c/r/a.bin").await.expect("it can be read"), Some(bytes.len() as u64));
        assert_eq!(storage.bytes("c/r/a.bin", 10).await.expect("it can be read"), None, "too large");
        assert_eq!(content(&storage, "c/r/missing", None).await, None);
        storage.remove("c/r/a.bin").await.expect("it can be removed");
        storage.remove("c/r/a.bin").await.expect("once more is no error");
        storage.remove_below("c/r/thumbs_a.bin").await.expect("they can be removed");
        storage.remove_below("c/r/thumbs_a.bin").await.expect("once more is no error");
        assert!(fs::read_dir(folder.path().join("storage")).expect("it is there").next().is_none());
    }

    #[tokio::test]
    async fn keys_lead_nowhere_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let storage =
            Storage::local(&folder.path().join("storage"), &folder.path().join("uploads")).expect("it can be made");
        for key in ["../evil", "c/../../evil", "c//evil", "c/./evil", "c/\0", ""] {
            assert!(storage.put(key, Bytes::new()).await.is_err(), "{key:?}");
        }
        assert!(!folder.path().join("evil").exists());
    }
}
