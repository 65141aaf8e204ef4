//! The folder `backups`: the archives, what is known of them, and who works in it.
//!
//! Beside the archives it holds `.checks` (what came of testing each), `.partial` (what isn't finished), and two files
//! that are locked: `.lock` by whoever makes or restores a backup, `.files` by whoever removes files of records,
//! together, or keeps them from being removed. The locks hold between processes, and end with the process that
//! holds them. Invariant: an archive has its name only when it is complete and on disk.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::names::{is_safe, taken};
use super::{remove_folder, unread, unwritten};
use crate::base::{Error, Result, Timestamp, ids, private};
use crate::files::sync_folder;

/// The folder within that of all data.
const FOLDER: &str = "backups";
const CHECKS: &str = ".checks";
const PARTIAL: &str = ".partial";
const LOCK: &str = ".lock";
const FILES: &str = ".files";

/// The folder. Clones share it.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// Between looking for a name and taking it.
    placing: Arc<Mutex<()>>,
    /// Whether this program makes or restores a backup.
    is_busy: Arc<AtomicBool>,
}

/// A backup as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub key: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it was written.
    pub modified: Timestamp,
    /// What came of testing it, if it was tested.
    pub check: Option<Check>,
}

/// What came of testing a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Whether it could be restored.
    pub is_good: bool,
    /// When it was tested, in the interface's date form.
    pub at: String,
    /// What is wrong with it; empty if nothing is.
    pub reason: String,
    /// The size and the time of the archive that was tested, by which another one of the same name is told apart.
    size_bytes: u64,
    modified: String,
}

impl Check {
    /// What came of testing this one: why it is no good, if it isn't.
    pub(super) fn of(tested: &Item, reason: Option<String>) -> Check {
        Check {
            is_good: reason.is_none(),
            at: Timestamp::now().to_string(),
            reason: reason.unwrap_or_default(),
            size_bytes: tested.size_bytes,
            modified: tested.modified.to_string(),
        }
    }

    /// Whether it is about this one.
    pub(super) fn is_of(&self, item: &Item) -> bool {
        self.size_bytes == item.size_bytes && self.modified == item.modified.to_string()
    }
}

/// The right to make or restore a backup, which only one has at a time.
#[derive(Debug)]
pub struct Busy {
    is_busy: Arc<AtomicBool>,
    #[expect(dead_code, reason = "the lock is held as long as the file is open")]
    lock: File,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.is_busy.store(false, Ordering::Release);
    }
}

/// Keeps files of records where they are, or others from keeping them.
#[derive(Debug)]
pub struct FilesLock(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

/// A folder for what isn't finished, which goes when it is dropped.
#[derive(Debug)]
pub struct Work(PathBuf);

impl Work {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "what is left of a backup goes later");
        }
    }
}

impl Folder {
    /// The folder of backups in this data folder. It is made when it is needed.
    pub fn new(data_dir: &Path) -> Folder {
        Folder { path: data_dir.join(FOLDER), placing: Arc::default(), is_busy: Arc::default() }
    }

    /// Whether there is a backup with this name.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The archive with this name.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let path = self.path.join(name);
        (is_safe(name) && fs::symlink_metadata(&path).is_ok_and(|known| known.is_file())).then_some(path)
    }

    /// All backups by name.
    ///
    /// # Errors
    /// 503 if the folder can't be read.
    pub fn list(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(items),
            entries => entries.map_err(unread)?,
        };
        for entry in entries {
            let name = entry.map_err(unread)?.file_name();
            // One that goes at this moment isn't there any more.
            items.extend(name.to_str().and_then(|name| self.item(name)));
        }
        items.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(items)
    }

    /// One backup.
    pub fn item(&self, name: &str) -> Option<Item> {
        let known = fs::metadata(self.find(name)?).ok()?;
        let modified = known.modified().map_or_else(|_| Timestamp::now(), Timestamp::from_system_time);
        let size_bytes = known.len();
        let mut item = Item { key: name.to_owned(), size_bytes, modified, check: None };
        item.check = self.check(name).filter(|check| check.is_of(&item));
        Some(item)
    }

    fn check(&self, name: &str) -> Option<Check> {
        serde_json::from_slice(&fs::read(self.check_path(name)).ok()?).ok()
    }

    fn check_path(&self, name: &str) -> PathBuf {
        self.path.join(CHECKS).join(format!("{name}.json"))
    }

    /// Notes what came of testing a backup; nothing if it is gone, or another one has its name.
    ///
    /// # Errors
    /// 503 if it can't be noted.
    pub fn note(&self, tested: &Item, reason: Option<String>) -> Result<()> {
        if self
            .item(&tested.key)
            .is_none_or(|now| (now.size_bytes, now.modified) != (tested.size_bytes, tested.modified))
        {
            return Ok(());
        }
        let check = Check::of(tested, reason);
        let checks = self.path.join(CHECKS);
        make(&checks)?;
        let text = serde_json::to_vec(&check).map_err(Error::internal)?;
        let part = checks.join(format!("{}.part", ids::record_id()));
        let noted = fs::write(&part, text).and_then(|()| fs::rename(&part, self.check_path(&tested.key)));
        if noted.is_err() {
            // What is left of it is a few bytes, and nobody takes it for a note.
            let _ = fs::remove_file(&part);
        }
        noted.map_err(unwritten)
    }

    /// Removes a backup, and what is known of it.
    ///
    /// # Errors
    /// 400 if there is none with this name.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.find(name).ok_or_else(missing)?;
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
            removed => removed.map_err(unwritten)?,
        }
        // A note of an archive that isn't there says nothing.
        let _ = fs::remove_file(self.check_path(name));
        Ok(())
    }

    /// Gives a finished archive its name, so that neither can be lost. `field` is what the name is called in an error.
    ///
    /// # Errors
    /// 400 for a name that is taken; 503 if it can't be moved.
    pub fn place(&self, archive: &Path, name: &str, field: &str) -> Result<()> {
        let _turn = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        let to = self.path.join(name);
        if fs::symlink_metadata(&to).is_ok() {
            return Err(taken(field));
        }
        let moved = fs::rename(archive, &to).and_then(|()| sync_folder(&self.path));
        moved.map_err(unwritten)
    }

    /// Takes over an archive that lies elsewhere, and syncs it.
    ///
    /// # Errors
    /// 400 with the code of `file` for a name that is taken; 503 if it can't be taken over.
    pub fn take(&self, file: &Path, name: &str) -> Result<()> {
        if self.has(name) {
            return Err(taken("file"));
        }
        let work = self.new_work()?;
        let archive = work.path().join("archive");
        // The folder of what arrives may be on another disk.
        let moved = match fs::rename(file, &archive) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => fs::copy(file, &archive).map(|_| ()),
            moved => moved,
        };
        moved.and_then(|()| File::open(&archive)?.sync_all()).map_err(unwritten)?;
        self.place(&archive, name, "file")
    }

    /// A new folder for what isn't finished.
    ///
    /// # Errors
    /// 503 if it can't be made.
    pub fn work(&self, _: &Busy) -> Result<Work> {
        self.new_work()
    }

    /// The same for whoever only tests, or takes in what is sent.
    ///
    /// # Errors
    /// 503 if it can't be made.
    pub fn new_work(&self) -> Result<Work> {
        let path = self.path.join(PARTIAL).join(ids::record_id());
        make(&path)?;
        Ok(Work(path))
    }

    /// The right to make or restore a backup.
    ///
    /// # Errors
    /// 400 if somebody has it already.
    pub fn busy(&self) -> Result<Busy> {
        let file = self.lock_file(LOCK)?;
        match file.try_lock() {
            Ok(()) => {
                self.is_busy.store(true, Ordering::Release);
                Ok(Busy { is_busy: self.is_busy.clone(), lock: file })
            }
            Err(TryLockError::WouldBlock) => {
                Err(Error::invalid("Another backup is being made or restored; try again later."))
            }
            Err(TryLockError::Error(error)) => Err(unwritten(error)),
        }
    }

    /// Whether this program makes or restores a backup at this moment.
    pub fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Acquire)
    }

    /// Keeps all files of records where they are. Waits until those are removed that are about to be.
    ///
    /// # Errors
    /// 503 if that can't be had.
    pub fn keep_files(&self) -> Result<FilesLock> {
        let file = self.lock_file(FILES)?;
        file.lock().map_err(unwritten)?;
        Ok(FilesLock(file))
    }

    /// Lets files be removed. Waits until no backup needs them.
    ///
    /// # Errors
    /// 503 if that can't be had.
    pub fn release_files(&self) -> Result<FilesLock> {
        let file = self.lock_file(FILES)?;
        file.lock_shared().map_err(unwritten)?;
        Ok(FilesLock(file))
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        make(&self.path)?;
        File::options().create(true).truncate(false).write(true).open(self.path.join(name)).map_err(unwritten)
    }

    /// Removes what earlier runs of the program haven't finished. For the server at its start; does nothing while
    /// somebody makes or restores a backup.
    ///
    /// # Errors
    /// 503 if it can't be removed.
    pub fn remove_leftovers(&self) -> Result<()> {
        let Ok(_busy) = self.busy() else { return Ok(()) };
        remove_folder(&self.path.join(PARTIAL)).map_err(unwritten)
    }
}

/// 400 for a backup that isn't there.
pub fn missing() -> Error {
    Error::invalid("There is no backup with this name.")
}

/// Makes a folder that only its owner may read.
pub(super) fn make(folder: &Path) -> Result<()> {
    private::make_folder(folder).map_err(unwritten)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(names: &[&str]) -> (Folder, tempfile::TempDir) {
        let data = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::new(data.path());
        make(&folder.path).expect("it can be made");
        for name in names {
            fs::write(folder.path.join(name), name).expect("it can be written");
        }
        (folder, data)
    }

    fn keys(folder: &Folder) -> Vec<String> {
        folder.list().expect("it can be read").into_iter().map(|item| item.key).collect()
    }

    #[test]
    fn archives_are_listed_and_nothing_else() {
        let (folder, data) = with(&["b.zip", "a.zip", ".hidden.zip"]);
        drop(folder.busy().expect("nobody is"));
        fs::create_dir(data.path().join("backups/c.zip")).expect("it can be made");
        #[cfg(unix)]
        std::os::unix::fs::symlink("a.zip", data.path().join("backups/d.zip")).expect("it can be made");
        assert_eq!(keys(&folder), ["a.zip", "b.zip"]);
        for name in ["c.zip", "d.zip", ".hidden.zip", "../data.db", "", ".", "x.zip"] {
            assert!(!folder.has(name), "{name}");
            assert!(folder.remove(name).is_err(), "{name}");
        }
        folder.remove("a.zip").expect("it is there");
        assert_eq!(keys(&folder), ["b.zip"]);
        assert_eq!(keys(&Folder::new(&data.path().join("nowhere"))), Vec::<String>::new());
    }

    #[test]
    fn a_check_is_one_of_the_archive_that_was_tested() {
        let (folder, _data) = with(&["a.zip"]);
        let tested = folder.item("a.zip").expect("it is there");
        assert_eq!(tested.check, None);
        folder.note(&tested, Some("no".to_owned())).expect("it can be noted");
        let check = folder.item("a.zip").and_then(|item| item.check).expect("it was noted");
        assert_eq!((check.is_good, check.reason.as_str()), (false, "no"));
        fs::write(folder.path.join("a.zip"), "another one").expect("it can be written");
        assert_eq!(folder.item("a.zip").expect("it is there").check, None);
        folder.note(&tested, None).expect("there is nothing to note");
        assert_eq!(folder.item("a.zip").expect("it is there").check, None);
    }

    #[test]
    fn one_at_a_time_and_no_name_twice() {
        let (folder, data) = with(&["a.zip"]);
        let busy = folder.busy().expect("nobody is");
        assert!(Folder::new(data.path()).busy().is_err());
        let work = folder.work(&busy).expect("it can be made");
        let archive = work.path().join("archive");
        fs::write(&archive, "x").expect("it can be written");
        let error = folder.place(&archive, "a.zip", "file").expect_err("it is taken");
        assert_eq!(error.fields().code("file"), Some("validation_backup_name_exists"));
        folder.place(&archive, "b.zip", "file").expect("it is free");
        assert_eq!(keys(&folder), ["a.zip", "b.zip"]);
        let path = work.path().to_owned();
        folder.remove_leftovers().expect("it does nothing now");
        assert!(path.exists());
        std::mem::forget(work);
        drop(busy);
        folder.remove_leftovers().expect("they can be removed");
        assert!(!path.exists());
    }

    #[test]
    fn files_are_kept_or_removed_and_never_both() {
        let (folder, data) = with(&[]);
        let other = |folder: &Folder| folder.lock_file(FILES).expect("it can be opened");
        let kept = folder.keep_files().expect("nobody removes any");
        assert!(other(&folder).try_lock_shared().is_err());
        drop(kept);
        let removing = folder.release_files().expect("nobody keeps any");
        let second = Folder::new(data.path()).release_files().expect("two may remove");
        assert!(other(&folder).try_lock().is_err());
        drop((removing, second));
        assert!(other(&folder).try_lock().is_ok());
    }
}
