//! The spool: where files lie that have arrived, until a record takes them.
//!
//! Called while a body is read. What arrives is written, hashed and looked at piece by piece, so that a file takes the
//! same memory however large it is. Invariants: a spool file is known to nobody but the [`Upload`] that it becomes, and
//! goes with it; names of spool files have nothing of what a client sent in them; at most 256 KiB of a file are
//! in memory. Not here: whether somebody may send a file at all, which is asked before;
//! files that arrive in several requests (`partial`), which have another suffix.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::hash::Hash;
use super::sniff::{self, Sniffed};
use crate::base::{Error, Result, ids, private};
use crate::domain::Upload;
use crate::domain::file_name::{stored_name, without_folders};
use crate::domain::upload::SpoolFile;

/// How much of a file is collected before it is written.
pub(super) const FILL_BYTES: usize = 256 << 10;
/// How many random characters stored names have.
const RANDOM_CHARS: usize = 10;
/// The spool's folder within that of all data.
pub(super) const FOLDER: &str = "uploads";
/// What names of spool files end with; the rest of them is random.
pub(super) const SUFFIX: &str = ".part";

/// The folder of the spool.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
}

/// Which parts of a form may be files, and how large each may be: for whoever reads a body.
pub struct Intake<'a> {
    /// Where files go.
    pub spool: &'a Spool,
    /// The most bytes of a file under this key; `None` lets it pass unread, as the interface has it for keys that take
    /// no files.
    pub accept: &'a (dyn Fn(&str) -> Option<u64> + Send + Sync),
}

impl Spool {
    /// The spool of a data folder, which is there already.
    ///
    /// # Errors
    /// What keeps its folder from being made.
    pub fn open(data_dir: &Path) -> Result<Spool> {
        let folder = data_dir.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|error| {
            Error::unavailable(format!("The folder {} can't be made.", folder.display())).caused_by(error)
        })?;
        Ok(Spool { folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes what an earlier run has left. For the server at its start, before anything arrives.
    pub fn remove_leftovers(&self) -> Result<()> {
        for entry in fs::read_dir(&self.folder).map_err(Error::internal)? {
            let path = entry.map_err(Error::internal)?.path();
            if path.is_file() && path.to_string_lossy().ends_with(SUFFIX) {
                fs::remove_file(path).map_err(Error::internal)?;
            }
        }
        Ok(())
    }

    /// Begins to take in a file. What comes after `max_bytes` of it is counted and not kept.
    ///
    /// # Errors
    /// 503 if the spool can't be written.
    pub async fn begin(&self, original_name: &str, max_bytes: u64) -> Result<Incoming> {
        let spool = self.new_file();
        let original_name = without_folders(original_name);
        let sink = blocking(move || Sink::create(spool)).await?;
        Ok(Incoming { sink: Some(sink), filled: Vec::new(), original_name, size_bytes: 0, max_bytes })
    }

    /// Makes an upload of a file that has arrived completely in some other way, and takes it over. Where its SHA-256 is
    /// known already, only the beginning of the file is read.
    ///
    /// # Errors
    /// 503 if it can't be read.
    pub async fn adopt(&self, file: SpoolFile, original_name: &str, sha256: Option<String>) -> Result<Upload> {
        let original_name = without_folders(original_name);
        let summary = blocking(move || match sha256 {
            Some(sha256) => Summary::of_known(file, sha256),
            None => Summary::of_file(file),
        });
        Ok(upload(summary.await?, original_name))
    }

    /// Where a spool file with a new name goes.
    pub fn new_file(&self) -> SpoolFile {
        SpoolFile::new(self.folder.join(format!("{}{SUFFIX}", ids::record_id())))
    }
}

/// A file that is arriving. Dropped before its end, it leaves nothing behind.
pub struct Incoming {
    /// Elsewhere only while something is written.
    sink: Option<Sink>,
    filled: Vec<u8>,
    original_name: String,
    size_bytes: u64,
    max_bytes: u64,
}

impl Incoming {
    /// Takes in what comes next.
    ///
    /// # Errors
    /// 503 if it can't be written, such as for want of room.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.size_bytes += bytes.len() as u64;
        if self.size_bytes > self.max_bytes {
            // Too large for its field: nothing of it will be needed.
            self.filled = Vec::new();
            return Ok(());
        }
        while fill(&mut self.filled, &mut bytes) {
            self.flush().await?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// As [`Incoming::write`].
    pub async fn finish(mut self) -> Result<Upload> {
        self.flush().await?;
        let sink = self.sink.take().ok_or_else(lost)?;
        let mut upload = upload(sink.finish(), self.original_name);
        upload.cut_off = self.size_bytes > self.max_bytes;
        upload.size_bytes = self.size_bytes;
        Ok(upload)
    }

    async fn flush(&mut self) -> Result<()> {
        let mut sink = self.sink.take().ok_or_else(lost)?;
        let mut filled = std::mem::take(&mut self.filled);
        let (sink, filled) = blocking(move || {
            sink.write(&filled)?;
            filled.clear();
            Ok((sink, filled))
        })
        .await?;
        (self.sink, self.filled) = (Some(sink), filled);
        Ok(())
    }
}

/// Moves as much to what is collected as still fits; whether that is enough to be written.
pub(super) fn fill(filled: &mut Vec<u8>, bytes: &mut &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    if filled.capacity() == 0 {
        filled.reserve_exact(FILL_BYTES);
    }
    let (now, later) = bytes.split_at(bytes.len().min(FILL_BYTES - filled.len()));
    filled.extend_from_slice(now);
    *bytes = later;
    filled.len() == FILL_BYTES
}

/// What becomes of a file's bytes.
struct Sink {
    file: File,
    seen: Seen,
    spool: SpoolFile,
}

/// What is learned of a file while its bytes pass.
struct Seen {
    hash: Hash,
    head: Vec<u8>,
    size_bytes: u64,
}

/// A file that is complete.
struct Summary {
    sha256: String,
    sniffed: Sniffed,
    size_bytes: u64,
    spool: SpoolFile,
}

impl Seen {
    fn new() -> Seen {
        Seen { hash: Hash::new(), head: Vec::new(), size_bytes: 0 }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size_bytes += bytes.len() as u64;
        let missing = sniff::HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
    }

    fn summary(self, spool: SpoolFile) -> Summary {
        Summary { sha256: self.hash.hex(), sniffed: sniff::sniff(&self.head), size_bytes: self.size_bytes, spool }
    }
}

impl Sink {
    fn create(spool: SpoolFile) -> io::Result<Sink> {
        let file = private::create_file(spool.path())?;
        Ok(Sink { file, seen: Seen::new(), spool })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.seen.note(bytes);
        Ok(())
    }

    fn finish(self) -> Summary {
        self.seen.summary(self.spool)
    }
}

impl Summary {
    fn of_known(spool: SpoolFile, sha256: String) -> io::Result<Summary> {
        let file = File::open(spool.path())?;
        let (size_bytes, mut head) = (file.metadata()?.len(), Vec::new());
        file.take(sniff::HEAD_BYTES as u64).read_to_end(&mut head)?;
        Ok(Summary { sha256, sniffed: sniff::sniff(&head), size_bytes, spool })
    }

    fn of_file(spool: SpoolFile) -> io::Result<Summary> {
        let mut file = File::open(spool.path())?;
        let (mut seen, mut piece) = (Seen::new(), vec![0; FILL_BYTES]);
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(seen.summary(spool)),
                count => seen.note(&piece[..count]),
            }
        }
    }
}

fn upload(summary: Summary, original_name: String) -> Upload {
    let random = || ids::random_text(ids::ID_ALPHABET, RANDOM_CHARS);
    Upload {
        name: stored_name(&original_name, &summary.sniffed.extension, random),
        original_name,
        size_bytes: summary.size_bytes,
        content_type: summary.sniffed.content_type,
        type_aliases: summary.sniffed.aliases,
        sha256: summary.sha256,
        cut_off: false,
        resumed: None,
        spool: summary.spool,
    }
}

/// Runs what waits for the disk where that holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(job: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    match spawn_blocking(job).await {
        Ok(result) => result
            .map_err(|error| Error::unavailable("The file couldn't be stored: the disk may be full.").caused_by(error)),
        Err(panic) => Err(Error::internal(panic)),
    }
}

fn lost() -> Error {
    Error::internal("a file that is arriving was given up before")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(spool: &Spool) -> usize {
        fs::read_dir(spool.folder()).expect("it is there").count()
    }

    #[tokio::test]
    async fn what_arrives_is_kept_hashed_and_looked_at() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let spool = Spool::open(folder.path()).expect("it can be made");
        for size in [0, 1, FILL_BYTES - 1, FILL_BYTES, FILL_BYTES + 1, 3 * FILL_BYTES + 7] {
            let content: Vec<u8> = (0..size).map(|at| b'a' + (at % 26) as u8).collect();
            let mut incoming = spool.begin("dir/A.txt", u64::MAX).await.expect("it can be written");
            for piece in content.chunks(1000) {
                incoming.write(piece).await.expect("it can be written");
            }
            let upload = incoming.finish().await.expect("it can be written");
            assert_eq!(fs::read(upload.spool.path()).expect("it is there"), content);
            assert_eq!((upload.size_bytes, upload.cut_off), (size as u64, false));
            let kind = if size == 0 { "text/plain" } else { "text/plain; charset=utf-8" };
            assert_eq!(upload.content_type, kind);
            assert_eq!(upload.original_name, "A.txt");
            let copy = folder.path().join("copy");
            for known in [None, Some(upload.sha256.clone())] {
                fs::copy(upload.spool.path(), &copy).expect("it can be copied");
                let adopted = spool.adopt(SpoolFile::new(copy.clone()), "A.txt", known).await.expect("it can be read");
                assert_eq!((adopted.sha256.as_str(), adopted.size_bytes), (upload.sha256.as_str(), upload.size_bytes));
                assert_eq!(adopted.content_type, upload.content_type);
            }
            drop(upload);
            assert_eq!((count(&spool), copy.exists()), (0, false), "nothing is left of uploads that nobody took");
        }
        let mut abc = spool.begin("abc", 9).await.expect("it can be written");
        abc.write(b"abc").await.expect("it can be written");
        // The test vector of FIPS 180-2, appendix B.1.
        let expect = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(abc.finish().await.expect("it can be written").sha256, expect);
    }

    #[tokio::test]
    async fn what_is_too_large_is_counted_and_not_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let spool = Spool::open(folder.path()).expect("it can be made");
        let mut incoming = spool.begin("big.txt", 10).await.expect("it can be written");
        for _ in 0..3 {
            incoming.write(&[b'a'; FILL_BYTES]).await.expect("it can be written");
        }
        let upload = incoming.finish().await.expect("it can be written");
        assert_eq!((upload.size_bytes, upload.cut_off), (3 * FILL_BYTES as u64, true));
        assert_eq!(fs::metadata(upload.spool.path()).expect("it is there").len(), 0);
    }

    #[tokio::test]
    async fn leftovers_go_at_the_start() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let spool = Spool::open(folder.path()).expect("it can be made");
        let incoming = spool.begin("x", 10).await.expect("it can be written");
        std::mem::forget(incoming);
        fs::write(spool.folder().join("other"), "").expect("it can be written");
        assert_eq!(count(&spool), 2);
        spool.remove_leftovers().expect("they can be removed");
        assert!(count(&spool) == 1 && spool.folder().join("other").exists());
    }
}
