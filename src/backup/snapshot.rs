//! Snapshots: the databases as they were before an upgrade changed them, or before somebody returned to such a state.
//!
//! Called by the app before it opens a data folder that an earlier version has left, and by `holdall rollback`. Each is
//! a folder of its own below `snapshots`, with the databases and a manifest that names them with size and SHA-256. It
//! has its name only once it is complete, checked and on disk. Files of records are no part of it: migrations don't
//! touch them, and they may be many. Invariant: nobody else uses the data folder meanwhile ([`swap::alone`]).
//!
//! [`swap::alone`]: super::swap::alone

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::Entry;
use super::{DATA, LOGS, MANIFEST, remove_folder};
use crate::base::{Error, Result, Timestamp, fault, private};
use crate::files::{Hash, sync_folder};
use crate::store::{Database, DatabaseCopy, copy_closed};

/// The folder within that of all data.
const FOLDER: &str = "snapshots";
/// What isn't complete begins with this.
const PARTIAL: &str = ".partial";
/// What a manifest of ours says it is.
const FORMAT: &str = "holdall-snapshot";
const FORMAT_VERSION: u32 = 1;
/// No manifest of a snapshot is larger.
const MANIFEST_MAX_BYTES: u64 = 64 << 10;
/// The files that may be in one. A state that is kept as it stands may have a write-ahead log beside a database.
const FILES: [&str; 4] = [DATA, "data.db-wal", LOGS, "logs.db-wal"];

/// Why a snapshot was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// An upgrade was about to change the databases.
    Upgrade,
    /// Somebody was about to return to another state.
    Rollback,
}

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    format: String,
    format_version: u32,
    /// Why it was made.
    pub reason: Reason,
    /// The version of the program that wrote the databases last.
    pub program: String,
    /// The number of the newest migration of `data.db`.
    pub data_version: i64,
    /// The version of the program that has made the snapshot.
    pub made_by: String,
    /// When, in the interface's date form.
    pub created: String,
    files: Vec<Entry>,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub manifest: Manifest,
}

impl Snapshot {
    /// The size of what is in it.
    pub fn size_bytes(&self) -> u64 {
        self.manifest.files.iter().map(|file| file.size_bytes).sum()
    }
}

/// What the databases are that a snapshot is made of.
#[derive(Clone, Debug)]
pub struct State {
    /// The version of the program that wrote them last.
    pub program: String,
    /// The number of the newest migration of `data.db`.
    pub data_version: i64,
}

/// Makes a snapshot before an upgrade: copies of the databases, each of which is read through.
///
/// # Errors
/// 503 if it can't be written, or if what was written is no good.
pub fn before_upgrade(data_dir: &Path, state: &State) -> Result<Snapshot> {
    make(data_dir, Reason::Upgrade, state, &|partial| {
        for (database, name) in [(Database::Data, DATA), (Database::Logs, LOGS)] {
            let copy = partial.join(name);
            if copy_closed(data_dir, database, &copy)? {
                check(&copy, database)?;
            }
        }
        Ok(())
    })
}

/// Makes a snapshot before the databases are replaced: of the files as they stand, whatever is in them.
///
/// # Errors
/// 503 if it can't be written.
pub fn before_rollback(data_dir: &Path, state: &State) -> Result<Snapshot> {
    make(data_dir, Reason::Rollback, state, &|partial| {
        for name in FILES {
            match fs::copy(data_dir.join(name), partial.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                copied => drop(copied.map_err(unwritten)?),
            }
        }
        Ok(())
    })
}

fn make(data_dir: &Path, reason: Reason, state: &State, fill: &dyn Fn(&Path) -> Result<()>) -> Result<Snapshot> {
    let root = data_dir.join(FOLDER);
    private::make_folder(&root).map_err(unwritten)?;
    let partial = root.join(PARTIAL);
    remove_folder(&partial).and_then(|()| private::make_folder(&partial)).map_err(unwritten)?;
    let now = Timestamp::now();
    let written = fill(&partial).and_then(|()| {
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            reason,
            program: state.program.clone(),
            data_version: state.data_version,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            created: now.to_string(),
            files: sum_up(&partial)?,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(Error::internal)?;
        fs::write(partial.join(MANIFEST), text).map_err(unwritten)?;
        sync_all(&partial).map_err(unwritten)?;
        Ok(manifest)
    });
    let manifest = match written {
        Ok(manifest) => manifest,
        Err(error) => {
            // What stays behind goes with the next one.
            let _ = remove_folder(&partial);
            return Err(error);
        }
    };
    fault::point("snapshot written");
    let name = free_name(&root, &state.program, now);
    fs::rename(&partial, root.join(&name)).and_then(|()| sync_folder(&root)).map_err(unwritten)?;
    sync_folder(data_dir).map_err(unwritten)?;
    fault::point("snapshot placed");
    Ok(Snapshot { name, manifest })
}

/// A name that says when it was made, and of which version the databases are.
fn free_name(root: &Path, program: &str, now: Timestamp) -> String {
    let at = now.utc();
    let day = format!("{:04}{:02}{:02}", at.year(), at.month(), at.day());
    let time = format!("{:02}{:02}{:02}", at.hour(), at.minute(), at.second());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let program: String = program.chars().filter(|c| plain(*c)).take(30).collect();
    let name = format!("{day}-{time}-v{program}");
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !root.join(name).exists()).unwrap_or(name)
}

/// The files in a folder, as the manifest has them.
fn sum_up(folder: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for name in FILES {
        let file = match File::open(folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened.map_err(unwritten)?,
        };
        let (size_bytes, sha256) = Hash::of(file).map_err(unwritten)?;
        entries.push(Entry { name: name.to_owned(), size_bytes, sha256 });
    }
    Ok(entries)
}

fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
    }
    sync_folder(folder)
}

/// All snapshots, oldest first. What isn't complete isn't one.
///
/// # Errors
/// 503 if the folder can't be read.
pub fn list(data_dir: &Path) -> Result<Vec<Snapshot>> {
    let root = data_dir.join(FOLDER);
    let entries = match fs::read_dir(&root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unread)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(unread)?.file_name();
        if let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) {
            found.extend(read(&root.join(name)).map(|manifest| Snapshot { name: name.to_owned(), manifest }));
        }
    }
    found.sort_by(|a, b| (&a.manifest.created, &a.name).cmp(&(&b.manifest.created, &b.name)));
    Ok(found)
}

fn read(folder: &Path) -> Option<Manifest> {
    let text = File::open(folder.join(MANIFEST)).ok()?.take(MANIFEST_MAX_BYTES);
    let manifest: Manifest = serde_json::from_reader(text).ok()?;
    let is_ours = manifest.format == FORMAT && manifest.format_version <= FORMAT_VERSION;
    // Names lead nowhere else, whoever has written the manifest.
    let is_plain = manifest.files.iter().all(|file| FILES.contains(&file.name.as_str()));
    (is_ours && is_plain).then_some(manifest)
}

/// Copies what is in a snapshot into an empty folder, and checks that it is what was once kept and can be used.
///
/// # Errors
/// 400 if the snapshot is damaged; 503 if it can't be read, or the copy not be written.
pub fn unpack(data_dir: &Path, snapshot: &Snapshot, to: &Path) -> Result<()> {
    let from = data_dir.join(FOLDER).join(&snapshot.name);
    for file in &snapshot.manifest.files {
        fs::copy(from.join(&file.name), to.join(&file.name)).map_err(unread)?;
    }
    if sum_up(to)? != snapshot.manifest.files {
        return Err(Error::invalid(format!("The snapshot {} is damaged: a file isn't what it was.", snapshot.name)));
    }
    for (database, name) in [(Database::Data, DATA), (Database::Logs, LOGS)] {
        let file = to.join(name);
        if file.exists() {
            check(&file, database)?;
        }
    }
    sync_all(to).map_err(unwritten)
}

/// Reads a database through.
fn check(file: &Path, database: Database) -> Result<()> {
    let complaint = DatabaseCopy::open(file)?.complaint(database)?;
    complaint.map_or(Ok(()), |complaint| {
        let name = database.file_name();
        Err(Error::unavailable(format!("The snapshot of {name} can't be used: {complaint}. Nothing was changed.")))
    })
}

/// Removes a snapshot.
///
/// # Errors
/// 503 if it can't be removed.
pub fn remove(data_dir: &Path, name: &str) -> Result<()> {
    remove_folder(&data_dir.join(FOLDER).join(name))
        .map_err(|error| Error::unavailable("A snapshot can't be removed.").caused_by(error))
}

/// Removes all but the newest `keep`.
///
/// # Errors
/// 503 if they can't be listed or removed.
pub fn rotate(data_dir: &Path, keep: usize) -> Result<()> {
    let all = list(data_dir)?;
    let surplus = all.len().saturating_sub(keep);
    all[..surplus].iter().try_for_each(|snapshot| remove(data_dir, &snapshot.name))
}

/// Where a snapshot lies.
pub fn path(data_dir: &Path, name: &str) -> PathBuf {
    data_dir.join(FOLDER).join(name)
}

fn unwritten(error: io::Error) -> Error {
    Error::unavailable("The snapshot of the databases can't be written: the disk may be full. Nothing was changed.")
        .caused_by(error)
}

fn unread(error: io::Error) -> Error {
    Error::unavailable("The snapshot can't be read at the moment. Nothing was changed.").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn data() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for options in [StoreOptions::new(folder.path()), StoreOptions::for_logs(folder.path())] {
            let load = |_: &crate::store::ReadTx<'_>| Ok(crate::domain::Schema::new(Vec::new()));
            Store::open(options, load).expect("it can be made").close();
        }
        folder
    }

    fn state() -> State {
        State { program: "0.1.0/..".to_owned(), data_version: 1 }
    }

    #[test]
    fn a_snapshot_is_complete_and_comes_back_as_it_was() {
        let data = data();
        let made = before_upgrade(data.path(), &state()).expect("it can be made");
        assert!(made.name.ends_with("-v0.1.0.."), "{}", made.name);
        let names: Vec<&str> = made.manifest.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, [DATA, LOGS]);
        let second = before_rollback(data.path(), &state()).expect("it can be made");
        assert_ne!(second.name, made.name);
        assert_eq!(list(data.path()).expect("they can be read").len(), 2);

        let to = tempfile::tempdir().expect("a temporary folder");
        unpack(data.path(), &made, to.path()).expect("it is right");
        assert_eq!(sum_up(to.path()).expect("it can be read"), made.manifest.files);
        fs::write(path(data.path(), &second.name).join(DATA), "altered").expect("it can be written");
        let to = tempfile::tempdir().expect("a temporary folder");
        let error = unpack(data.path(), &second, to.path()).expect_err("it isn't what it was");
        assert!(error.message().contains("is damaged"), "{}", error.message());
    }

    #[test]
    fn what_is_incomplete_or_strange_is_no_snapshot() {
        let data = data();
        let made = before_upgrade(data.path(), &state()).expect("it can be made");
        let file = path(data.path(), &made.name).join(MANIFEST);
        let text = fs::read_to_string(&file).expect("it can be read");
        for changed in [
            text.replace("data.db", "../data.db"),
            text.replace(FORMAT, "other"),
            text.replace("\"formatVersion\": 1", "\"formatVersion\": 2"),
            "{".to_owned(),
        ] {
            assert_ne!(changed, text);
            fs::write(&file, changed).expect("it can be written");
            assert_eq!(list(data.path()).expect("they can be read"), []);
        }
        fs::create_dir(data.path().join(FOLDER).join(PARTIAL)).expect("it can be made");
        assert_eq!(list(data.path()).expect("they can be read"), []);
        before_upgrade(data.path(), &state()).expect("what is left of another doesn't matter");
        assert!(!data.path().join(FOLDER).join(PARTIAL).exists());
    }

    #[test]
    fn the_oldest_go() {
        let data = data();
        let made: Vec<String> =
            (0..3).map(|_| before_rollback(data.path(), &state()).expect("it can be made").name).collect();
        rotate(data.path(), 2).expect("they can be removed");
        let left: Vec<String> = list(data.path()).expect("they can be read").into_iter().map(|s| s.name).collect();
        assert_eq!(left, made[1..]);
    }

    #[test]
    fn a_damaged_database_is_kept_as_it_stands_but_not_upgraded() {
        let data = data();
        let file = data.path().join(DATA);
        let mut bytes = fs::read(&file).expect("it can be read");
        bytes[4096..8192].fill(7);
        fs::write(&file, bytes).expect("it can be written");
        before_upgrade(data.path(), &state()).expect_err("it can't be used");
        assert_eq!(list(data.path()).expect("they can be read"), []);
        before_rollback(data.path(), &state()).expect("its bytes can be kept");
    }
}
