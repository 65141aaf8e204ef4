//! Making a backup.
//!
//! The copy of the database comes first. It says which files belong into the archive, and each of them must be there
//! as it was when it came, or there is no backup. Files are removed only after the database says that they go, and not
//! while a backup is being made ([`super::Folder::keep_files`]); so those that the copy names stay until they are in
//! the archive, whatever becomes of their records meanwhile.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::folder::Busy;
use super::manifest::{Entry, Files, Manifest, file_entry_name};
use super::{DATA, LOGS, MANIFEST, PIECE_BYTES, Shelf, unread, unwritten};
use crate::base::limits::{BACKUP_MAX_ENTRIES, BACKUP_MAX_RATIO, BACKUP_RATIO_FREE_BYTES};
use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result, Timestamp, fault};
use crate::files::{Hash, Storage, StoredFile, ledger};
use crate::query::dialect::Dialect;
use crate::store::{DatabaseCopy, Store};

/// Entries of this size and more are written in the large form of archives. Packed, one may become a little larger.
const LARGE_BYTES: u64 = u32::MAX as u64 - (64 << 20);
/// The fastest packing: databases become a third of their size or less, and SD cards are slower than that.
const PACKING_LEVEL: i64 = 1;

/// What a backup is made of.
pub struct Source<'s> {
    /// The databases.
    pub store: &'s Store,
    /// The files of records.
    pub storage: &'s Storage,
}

/// Makes a backup and gives it its name.
///
/// # Errors
/// 400 for a name that is taken; 503 if the backup can't be written, or a file that it has to hold isn't there.
pub fn create(shelf: &Shelf, busy: &Busy, name: &str, source: &Source<'_>, progress: &dyn Progress) -> Result<()> {
    if shelf.has(name)? {
        return Err(super::names::taken("name"));
    }
    let work = shelf.work(busy)?;
    // Before the copy: from then on, what it names must stay.
    let _kept = if source.storage.is_local() { Some(shelf.folder().keep_files()?) } else { None };
    let (data, logs) = (work.path().join(DATA), work.path().join(LOGS));
    progress.begin("Copying", Unit::Bytes, 0);
    source.store.copy_to(&data, &mut |done, _| progress.reached(done))?;
    let has_logs = source.store.copy_logs_to(&logs, &mut |_, _| ())?;
    fault::point("backup copied");
    let contents = Contents::of(&data, has_logs.then_some(logs.as_path()), source.storage)?;
    let archive = work.path().join("archive");
    let mut packed_bytes = contents.pack(&archive, CompressionMethod::Deflated, progress)?;
    if contents.bytes > BACKUP_RATIO_FREE_BYTES.max(packed_bytes.saturating_mul(BACKUP_MAX_RATIO)) {
        // Packed so well, it would look like one that is made to fill a disk, and nobody could restore it.
        packed_bytes = contents.pack(&archive, CompressionMethod::Stored, progress)?;
    }
    tracing::debug!(name, packed_bytes, "a backup was written");
    fault::point("backup written");
    shelf.place(&archive, name, "name")?;
    fault::point("backup placed");
    Ok(())
}

/// What goes into an archive.
struct Contents<'c> {
    data: &'c Path,
    logs: Option<&'c Path>,
    copy: DatabaseCopy,
    storage: &'c Storage,
    files: u64,
    bytes: u64,
}

impl<'c> Contents<'c> {
    fn of(data: &'c Path, logs: Option<&'c Path>, storage: &'c Storage) -> Result<Contents<'c>> {
        let copy = DatabaseCopy::open(data)?;
        let size = |file: &Path| fs::metadata(file).map(|known| known.len()).map_err(unread);
        let (mut files, mut bytes) = (0, size(data)? + logs.map_or(Ok(0), size)?);
        if storage.is_local() {
            copy.read(|tx| {
                ledger::each_live(tx, Dialect::Sqlite, |file| {
                    files += 1;
                    bytes += file.size_bytes;
                    Ok(())
                })
            })?;
        }
        // The databases and the manifest are entries, too.
        if files + 3 > BACKUP_MAX_ENTRIES {
            return Err(Error::unavailable(format!("A backup holds no more than {BACKUP_MAX_ENTRIES} files.")));
        }
        Ok(Contents { data, logs, copy, storage, files, bytes })
    }

    /// Writes an archive, over what is there, and syncs it; how large it has become.
    fn pack(&self, archive: &Path, method: CompressionMethod, progress: &dyn Progress) -> Result<u64> {
        progress.begin("Packing", Unit::Bytes, self.bytes);
        let files = if self.storage.is_local() { Files::Included } else { Files::Bucket };
        let mut manifest = Manifest::new(self.copy.version()?, Timestamp::now().to_string(), files);
        manifest.entries.reserve(usize::try_from(self.files).unwrap_or(0) + 2);
        let zip = ZipWriter::new(BufWriter::with_capacity(PIECE_BYTES, File::create(archive).map_err(unwritten)?));
        let mut packer = Packer { zip, method, manifest, done_bytes: 0, progress };
        packer.add_database(DATA, self.data)?;
        if let Some(logs) = self.logs {
            packer.add_database(LOGS, logs)?;
        }
        if self.storage.is_local() {
            self.copy.read(|tx| ledger::each_live(tx, Dialect::Sqlite, |file| packer.add_file(self.storage, &file)))?;
        }
        packer.finish()
    }
}

/// An archive that is being written.
struct Packer<'p> {
    zip: ZipWriter<BufWriter<File>>,
    method: CompressionMethod,
    manifest: Manifest,
    done_bytes: u64,
    progress: &'p dyn Progress,
}

impl Packer<'_> {
    fn add_database(&mut self, name: &str, file: &Path) -> Result<()> {
        let mut file = File::open(file).map_err(unread)?;
        let size_bytes = file.metadata().map_err(unread)?.len();
        self.add(name.to_owned(), size_bytes, self.method, &mut file).map(|_| ())
    }

    fn add_file(&mut self, storage: &Storage, file: &StoredFile) -> Result<()> {
        let key = file.key();
        let path = storage.local_path(&key)?.ok_or_else(|| Error::internal("files moved to a bucket meanwhile"))?;
        let mut opened = File::open(path).map_err(|error| lost(&key, "it isn't there").caused_by(error))?;
        let method = if packs_well(&file.content_type) { self.method } else { CompressionMethod::Stored };
        let entry = self.add(file_entry_name(&key), file.size_bytes, method, &mut opened)?;
        match (entry.size_bytes, entry.sha256.as_str()) == (file.size_bytes, file.sha256.as_str()) {
            true => Ok(()),
            false => Err(lost(&key, "it isn't what it was when it came")),
        }
    }

    fn add(&mut self, name: String, expected: u64, method: CompressionMethod, file: &mut File) -> Result<&Entry> {
        self.begin(&name, expected >= LARGE_BYTES, method)?;
        let (mut hash, mut size_bytes, mut piece) = (Hash::new(), 0, vec![0; PIECE_BYTES]);
        loop {
            let count = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unread(error)),
            };
            hash.update(&piece[..count]);
            self.zip.write_all(&piece[..count]).map_err(unwritten)?;
            size_bytes += count as u64;
            self.progress.reached(self.done_bytes + size_bytes);
        }
        self.done_bytes += size_bytes;
        self.manifest.entries.push(Entry { name, size_bytes, sha256: hash.hex() });
        self.manifest.entries.last().ok_or_else(|| Error::internal("a list is empty that was added to"))
    }

    fn begin(&mut self, name: &str, is_large: bool, method: CompressionMethod) -> Result<()> {
        let level = (method == CompressionMethod::Deflated).then_some(PACKING_LEVEL);
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .compression_level(level)
            .unix_permissions(0o600)
            .large_file(is_large);
        self.zip.start_file(name, options).map_err(unpacked)
    }

    /// Writes the manifest and the end, and makes sure that all of it is on disk.
    fn finish(mut self) -> Result<u64> {
        self.begin(MANIFEST, false, self.method)?;
        let mut text = BufWriter::with_capacity(PIECE_BYTES, &mut self.zip);
        serde_json::to_writer(&mut text, &self.manifest).map_err(|error| unwritten(error.into()))?;
        text.flush().map_err(unwritten)?;
        drop(text);
        let file = self.zip.finish().map_err(unpacked)?.into_inner().map_err(|error| unwritten(error.into_error()))?;
        file.sync_all().map_err(unwritten)?;
        file.metadata().map(|known| known.len()).map_err(unread)
    }
}

/// Whether packing makes files of a media type smaller.
fn packs_well(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml") || kind == "image/bmp"
}

/// 503 for a file that has to be in a backup and can't be.
fn lost(key: &str, why: &str) -> Error {
    Error::unavailable(format!(
        "There is no backup without the file {key}, which a record names: {why}. Put it back, or take its name out of \
         the record; `holdall files check` lists all such files."
    ))
}

fn unpacked(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => unwritten(error),
        error => Error::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::{Archive, Folder};
    use crate::base::Statement;
    use crate::base::progress::Silent;
    use crate::domain::Schema;
    use crate::settings::{Settings, Sources};
    use crate::store::{ReadTx, StoreOptions};

    fn load(_: &ReadTx<'_>) -> Result<Schema> {
        Ok(Schema::new(Vec::new()))
    }

    /// More than the first form of archives can count.
    const MANY: u64 = 66_000;

    #[test]
    fn more_entries_than_the_first_form_of_archives_counts() {
        let data = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(StoreOptions::new(data.path()), load).expect("it can be opened");
        let rows = Statement::new(
            "WITH RECURSIVE c (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x + 1 < ?1) INSERT INTO _files \
             SELECT 'c', 'r' || (x / 1000), 'f' || x, 'f', 'live', '', 1, ?2, '', 0, '', '' FROM c",
            vec![i64::try_from(MANY).expect("it fits").into(), {
                let mut hash = Hash::new();
                hash.update(b"x");
                hash.hex().into()
            }],
        );
        store.write_blocking(move |tx| tx.execute(&rows)).expect("they are written");
        let (folder, staging) = (data.path().join("storage"), data.path().join("uploads"));
        for at in 0..MANY {
            let record = folder.join(format!("c/r{}", at / 1000));
            fs::create_dir_all(&record).and_then(|()| fs::write(record.join(format!("f{at}")), "x")).expect("written");
        }
        let storage = Storage::local(&folder, &staging).expect("it can be opened");
        let config = Settings::load(&Sources::default()).expect("the defaults are valid").config;
        let shelf = Shelf::of(Folder::new(data.path()), &config).expect("it needs no bucket");
        let busy = shelf.folder().busy().expect("nobody is");
        let source = Source { store: &store, storage: &storage };
        create(&shelf, &busy, "many.zip", &source, &Silent).expect("it can be made");
        let path = shelf.local_path("many.zip").expect("it is there");
        assert_eq!(Archive::open(&path).expect("it is right").manifest.entries.len() as u64, MANY + 1);
        let work = shelf.work(&busy).expect("it can be made");
        crate::backup::test::test(&path, work.path(), load, &Silent).expect("it could be restored");
        store.close();
    }

    #[test]
    fn only_what_becomes_smaller_is_packed() {
        for (content_type, expect) in [
            ("text/plain; charset=utf-8", true),
            ("application/json", true),
            ("image/svg+xml", true),
            ("image/png", false),
            ("video/mp4", false),
            ("application/zip", false),
            ("", false),
        ] {
            assert_eq!(packs_well(content_type), expect, "{content_type}");
        }
    }
}
