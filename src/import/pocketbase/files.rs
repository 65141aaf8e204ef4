//! The files that records name, from the source's folder or its bucket into our storage.
//!
//! A file is taken by its plain name, out of the folder of its record, out of the folder of its collection. Invariants:
//! a name that is a path leads nowhere; nothing is read by way of a link; what is stored is hashed on its way.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use serde_json::Value as Json;

use super::Target;
use super::report::{FileCounts, Kind, Report};
use crate::base::limits::{IMPORT_ATTRIBUTES_MAX_BYTES, IMPORT_FILE_NAME_MAX_BYTES};
use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result, Timestamp};
use crate::domain::{Record, Upload};
use crate::files::{Storage, StoredFile, key, ledger};

/// How much of a file is read at a time.
const PIECE_BYTES: usize = 128 << 10;
/// What the other program notes beside a file.
const ATTRIBUTES: &str = ".attrs";

/// Where the files of the source are.
pub enum Origin {
    /// In its folder.
    Folder(PathBuf),
    /// In a bucket; `stays` if that is the one that we use ourselves, so that they lie where they should already.
    Bucket {
        /// The bucket.
        storage: Storage,
        /// Whether it is ours.
        stays: bool,
    },
    /// In a bucket that nobody said to fetch them from.
    Elsewhere,
}

/// What became of one file.
enum Taken {
    Stored(StoredFile),
    Missing,
    Refused(&'static str),
}

/// Takes all files of a record.
pub(super) fn take(
    origin: &Origin,
    target: &Target<'_>,
    record: &Record,
    counts: &mut FileCounts,
    report: &mut Report,
) -> Result<Vec<StoredFile>> {
    let (collection, mut seen, mut stored) = (record.collection().clone(), HashSet::new(), Vec::new());
    for (at, field) in collection.fields.iter().enumerate().filter(|(_, field)| field.as_file().is_some()) {
        for name in record.at(at).elements() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let text = match take_one(origin, target, record, &field.id, name)? {
                Taken::Stored(file) => {
                    counts.taken += 1;
                    counts.bytes += file.size_bytes;
                    stored.push(file);
                    continue;
                }
                Taken::Missing => {
                    counts.missing += 1;
                    "The file isn't there; the record still names it"
                }
                Taken::Refused(why) => {
                    counts.refused += 1;
                    why
                }
            };
            let text = format!("{text}: {name:?}.");
            report.note(Kind::Lost, &collection.name, record.id(), &field.name, text);
        }
    }
    Ok(stored)
}

fn take_one(origin: &Origin, target: &Target<'_>, record: &Record, field_id: &str, name: &str) -> Result<Taken> {
    let collection_id = record.collection().id.as_str();
    if !is_plain(name) || !is_plain(record.id()) || !is_plain(collection_id) {
        return Ok(Taken::Refused("The name of the file or of its folder can't be that of a file"));
    }
    let key = key(collection_id, record.id(), name);
    let arrived = match origin {
        Origin::Folder(folder) => from_folder(&folder.join("storage"), target, [collection_id, record.id(), name])?,
        Origin::Bucket { storage, .. } => from_bucket(storage, target, &key, name)?,
        Origin::Elsewhere => return Ok(Taken::Missing),
    };
    let (mut upload, created) = match arrived {
        Arrived::File(upload, created) => (*upload, created),
        Arrived::Missing => return Ok(Taken::Missing),
        Arrived::Refused(why) => return Ok(Taken::Refused(why)),
    };
    name.clone_into(&mut upload.name);
    if !matches!(origin, Origin::Bucket { stays: true, .. }) {
        if target.storage.local_path(&key).is_err() {
            return Ok(Taken::Refused("The storage can't hold a file of this name"));
        }
        target.runtime.block_on(target.storage.take(&key, &upload))?;
    }
    Ok(Taken::Stored(StoredFile {
        collection_id: collection_id.to_owned(),
        record_id: record.id().to_owned(),
        name: name.to_owned(),
        field_id: field_id.to_owned(),
        content_type: upload.content_type.clone(),
        size_bytes: upload.size_bytes,
        sha256: upload.sha256.clone(),
        original_name: upload.original_name.clone(),
        created: created.to_string(),
    }))
}

/// Whether a name is that of something right in a folder, on whatever system.
fn is_plain(name: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    !name.is_empty() && name.len() <= IMPORT_FILE_NAME_MAX_BYTES && !name.starts_with('.') && !name.contains(odd)
}

enum Arrived {
    File(Box<Upload>, Timestamp),
    Missing,
    Refused(&'static str),
}

/// Reads a file of the folder `storage` into the spool.
fn from_folder(storage: &Path, target: &Target<'_>, parts: [&str; 3]) -> Result<Arrived> {
    let mut path = storage.to_owned();
    for part in std::iter::once(None).chain(parts.map(Some)) {
        path.extend(part);
        let known = match fs::symlink_metadata(&path) {
            Err(_) => return Ok(Arrived::Missing),
            Ok(known) => known,
        };
        let is_last = path.components().count() == storage.components().count() + parts.len();
        if (is_last && !known.is_file()) || (!is_last && !known.is_dir()) {
            return Ok(Arrived::Refused("A link, or no plain file, isn't followed"));
        }
    }
    let before = fs::symlink_metadata(&path).map_err(|error| unread(&path, error))?;
    let mut file = File::open(&path).map_err(|error| unread(&path, error))?;
    let opened = file.metadata().map_err(|error| unread(&path, error))?;
    if !is_same(&before, &opened) {
        return Ok(Arrived::Refused("The file was replaced while it was opened"));
    }
    let mut incoming = target.runtime.block_on(target.spool.begin(&original_name(&path, parts[2]), u64::MAX))?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece).map_err(|error| unread(&path, error))? {
            0 => break,
            count => target.runtime.block_on(incoming.write(&piece[..count]))?,
        }
    }
    let upload = target.runtime.block_on(incoming.finish())?;
    let modified = opened.modified().map_or_else(|_| Timestamp::now(), Timestamp::from_system_time);
    Ok(Arrived::File(Box::new(upload), modified))
}

/// Whether two looks saw the same file.
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (a.dev(), a.ino()) == (b.dev(), b.ino())
    }
    #[cfg(not(unix))]
    {
        a.len() == b.len() && b.is_file()
    }
}

/// What whoever sent the file called it: that is noted beside it.
fn original_name(path: &Path, name: &str) -> String {
    let beside = path.with_file_name(format!("{name}{ATTRIBUTES}"));
    let is_small = |known: &Metadata| known.is_file() && known.len() <= IMPORT_ATTRIBUTES_MAX_BYTES;
    let noted = fs::symlink_metadata(&beside).ok().filter(is_small).and_then(|_| fs::read(&beside).ok());
    let noted: Option<Json> = noted.and_then(|text| serde_json::from_slice(&text).ok());
    let original = noted.as_ref().and_then(|noted| noted["user.metadata"]["original-filename"].as_str());
    original.unwrap_or(name).to_owned()
}

/// Fetches a file of a bucket into the spool.
fn from_bucket(storage: &Storage, target: &Target<'_>, key: &str, name: &str) -> Result<Arrived> {
    target.runtime.block_on(async {
        let Some(mut content) = storage.read(key, None).await? else { return Ok(Arrived::Missing) };
        let mut incoming = target.spool.begin(name, u64::MAX).await?;
        while let Some(piece) = content.try_next().await? {
            incoming.write(&piece).await?;
        }
        Ok(Arrived::File(Box::new(incoming.finish().await?), Timestamp::now()))
    })
}

/// Counts the files that no record names. They aren't taken.
pub(super) fn count_orphans(
    origin: &Origin,
    target: &Target<'_>,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<()> {
    progress.begin("Files", Unit::Items, 0);
    let mut seen = 0;
    let mut look = |place: [&str; 3]| -> Result<()> {
        seen += 1;
        progress.reached(seen);
        let [collection, record, name] = place.map(str::to_owned);
        let dialect = target.dialect;
        let shown = key(&collection, &record, &name);
        let is_known =
            target.store.read_blocking(move |tx| ledger::is_known(tx, dialect, &collection, &record, &name))?;
        if !is_known {
            report.files.orphaned += 1;
            report.note(Kind::Info, "", "", "", format!("No record names the file {shown:?}; it isn't taken."));
        }
        Ok(())
    };
    match origin {
        Origin::Folder(folder) => {
            for (collection, at) in inner(&folder.join("storage"), true)? {
                for (record, at) in inner(&at, true)? {
                    for (name, _) in inner(&at, false)? {
                        if !name.ends_with(ATTRIBUTES) {
                            look([&collection, &record, &name])?;
                        }
                    }
                }
            }
        }
        Origin::Bucket { storage, .. } => {
            let mut listed = storage.list(None)?;
            while let Some(object) = target.runtime.block_on(listed.try_next())? {
                if let [collection, record, name] = object.key.split('/').collect::<Vec<_>>()[..] {
                    look([collection, record, name])?;
                }
            }
        }
        Origin::Elsewhere => {}
    }
    Ok(())
}

/// The folders, or the plain files, right in a folder; of links nothing is said.
fn inner(folder: &Path, folders: bool) -> Result<Vec<(String, PathBuf)>> {
    let entries = match fs::symlink_metadata(folder) {
        Ok(known) if known.is_dir() => fs::read_dir(folder).map_err(|error| unread(folder, error))?,
        _ => return Ok(Vec::new()),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unread(folder, error))?;
        let kind = entry.file_type().map_err(|error| unread(folder, error))?;
        if (folders && kind.is_dir()) || (!folders && kind.is_file()) {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    Ok(found)
}

fn unread(path: &Path, error: std::io::Error) -> Error {
    Error::unavailable(format!("{} can't be read: {error}.", path.display())).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for (name, expect) in [
            ("photo_abc.png", true),
            ("a+b=c#d*e.txt", true),
            ("größe.png", true),
            ("", false),
            (".", false),
            ("..", false),
            (".hidden", false),
            ("../evil", false),
            ("a/b", false),
            ("a\\b", false),
            ("c:evil", false),
            ("a\0b", false),
            ("a\nb", false),
        ] {
            assert_eq!(is_plain(name), expect, "{name:?}");
        }
        assert!(!is_plain(&"a".repeat(IMPORT_FILE_NAME_MAX_BYTES + 1)));
    }
}
