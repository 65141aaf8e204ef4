//! Files that arrive in several requests: what is there already lies in the spool's folder under the upload's id.
//!
//! Called by the app, which asks first whether somebody may. Invariants: the length of the file is how far the upload
//! has come, and nothing else is; what [`Appending::finish`] has reported is on disk; a partial file goes only when
//! somebody removes it, so it outlives the program (its suffix is not the one that is swept at start). Not here: whose
//! upload it is and when its time is up (`uploads`).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::spool::{Spool, blocking, fill};
use super::storage::sync_folder;
use super::turns::{Hold, Turn};
use crate::base::{Error, ErrorKind, Result, Timestamp, ids, private};
use crate::domain::upload::SpoolFile;

/// What names of partial files end with; before it is the upload's id.
const SUFFIX: &str = ".upload";
/// How many characters ids have: 165 bits, as for guests the id is all that it takes to go on with an upload.
const ID_CHARS: usize = 32;

/// An id that nobody can guess.
pub fn new_id() -> String {
    ids::random_text(ids::ID_ALPHABET, ID_CHARS)
}

/// Whether a text could be the id of an upload. What is not is never made part of a path.
fn is_id(text: &str) -> bool {
    text.len() == ID_CHARS && text.bytes().all(|byte| ids::ID_ALPHABET.contains(&byte))
}

impl Spool {
    fn partial(&self, id: &str) -> Result<PathBuf> {
        if is_id(id) { Ok(self.folder().join(format!("{id}{SUFFIX}"))) } else { Err(Error::not_found()) }
    }

    /// Makes an empty partial file whose name can't be lost.
    ///
    /// # Errors
    /// 503 if it can't be made.
    pub async fn create_partial(&self, id: &str) -> Result<()> {
        let (path, folder) = (self.partial(id)?, self.folder().to_owned());
        blocking(move || {
            private::create_file(&path)?.sync_all()?;
            sync_folder(&folder)
        })
        .await
    }

    /// How much of an upload is there; `None` if there is no such file.
    ///
    /// # Errors
    /// 503 if that can't be seen.
    pub async fn partial_bytes(&self, id: &str) -> Result<Option<u64>> {
        let path = self.partial(id)?;
        blocking(move || match fs::metadata(path) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Goes on with a partial file of which `offset_bytes` are there.
    ///
    /// # Errors
    /// 409 if it has another length; 404 if it is gone.
    pub async fn append(&self, id: &str, offset_bytes: u64, turn: Turn) -> Result<Appending> {
        let (path, hold) = (self.partial(id)?, turn.hold());
        let opened = blocking(move || match File::options().append(true).open(&path) {
            Ok(file) => Ok(Some((file.metadata()?.len(), Open { file, path, _turn: turn }))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        let (length, open) = opened.await?.ok_or_else(Error::not_found)?;
        if length != offset_bytes {
            let message = format!("The upload goes on at byte {length}, not at byte {offset_bytes}.");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        Ok(Appending { open: Some(open), filled: Vec::new(), written_bytes: length, hold })
    }

    /// A spool file of its own with the content of a partial one, which stays. It costs no room where the file system
    /// can give a file two names.
    ///
    /// # Errors
    /// 404 if it is gone; 503 if there is no room for a copy.
    pub async fn link_partial(&self, id: &str) -> Result<SpoolFile> {
        let (from, to) = (self.partial(id)?, self.new_file());
        let linked = blocking(move || match fs::hard_link(&from, to.path()) {
            Ok(()) => Ok(Some(to)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(_) => fs::copy(&from, to.path()).map(|_| Some(to)),
        });
        linked.await?.ok_or_else(Error::not_found)
    }

    /// Removes a partial file, if it is there.
    ///
    /// # Errors
    /// 503 if it can't be removed.
    pub async fn remove_partial(&self, id: &str) -> Result<()> {
        let path = self.partial(id)?;
        blocking(move || match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    /// The ids of all partial files that were written to last before a moment.
    ///
    /// # Errors
    /// 503 if the folder can't be read.
    pub async fn partials_before(&self, moment: Timestamp) -> Result<Vec<String>> {
        let folder = self.folder().to_owned();
        blocking(move || {
            let mut found = Vec::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let Some(id) = name.strip_suffix(SUFFIX).filter(|id| is_id(id)) else { continue };
                // One that has gone meanwhile is none.
                let Ok(modified) = entry.metadata().and_then(|found| found.modified()) else { continue };
                if Timestamp::from_system_time(modified).unix_millis() < moment.unix_millis() {
                    found.push(id.to_owned());
                }
            }
            Ok(found)
        })
        .await
    }
}

/// A partial file that is written to. Dropped before its end, it keeps what was written so far.
pub struct Appending {
    /// Elsewhere only while something is written: then the turn stays with whatever still writes, even if nobody waits.
    open: Option<Open>,
    filled: Vec<u8>,
    written_bytes: u64,
    hold: Arc<Hold>,
}

struct Open {
    file: File,
    path: PathBuf,
    _turn: Turn,
}

impl Appending {
    /// How far the upload has come, with what isn't written yet.
    pub fn offset_bytes(&self) -> u64 {
        self.written_bytes + self.filled.len() as u64
    }

    /// What is known of the turn.
    pub fn hold(&self) -> Arc<Hold> {
        self.hold.clone()
    }

    /// Takes in what comes next.
    ///
    /// # Errors
    /// 503 if it can't be written, such as for want of room.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.hold.progress();
        while fill(&mut self.filled, &mut bytes) {
            self.flush(false).await?;
        }
        Ok(())
    }

    /// Ends the request's part of the file, and says how far the upload has come.
    ///
    /// # Errors
    /// 503 if it can't be written; 404 if the upload was ended meanwhile.
    pub async fn finish(mut self) -> Result<u64> {
        self.flush(true).await?;
        let open = self.open.take().ok_or_else(lost)?;
        if !blocking(move || Ok(open.path.exists())).await? {
            return Err(Error::not_found());
        }
        Ok(self.written_bytes)
    }

    async fn flush(&mut self, sync: bool) -> Result<()> {
        let mut open = self.open.take().ok_or_else(lost)?;
        let mut filled = std::mem::take(&mut self.filled);
        let count = filled.len() as u64;
        let (open, filled) = blocking(move || {
            open.file.write_all(&filled)?;
            if sync {
                open.file.sync_all()?;
            }
            filled.clear();
            Ok((open, filled))
        })
        .await?;
        (self.open, self.filled) = (Some(open), filled);
        self.written_bytes += count;
        Ok(())
    }
}

fn lost() -> Error {
    Error::internal("a file that is appended to was given up before")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::spool::FILL_BYTES;
    use super::super::turns::{Patience, Turns};
    use super::*;

    /// A spool in a folder of its own with the upload `id`.
    async fn begun() -> (tempfile::TempDir, Spool, Turns, String) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let spool = Spool::open(folder.path()).expect("it can be made");
        let id = new_id();
        spool.create_partial(&id).await.expect("it can be made");
        (folder, spool, Turns::new(Duration::MAX, Duration::from_secs(5)), id)
    }

    async fn append(spool: &Spool, turns: &Turns, id: &str, offset: u64, bytes: &[u8]) -> Result<u64> {
        let turn = turns.take(id, Patience::Yield).await?;
        let mut appending = spool.append(id, offset, turn).await?;
        for piece in bytes.chunks(100_000) {
            appending.write(piece).await?;
        }
        assert_eq!(appending.offset_bytes(), offset + bytes.len() as u64);
        appending.finish().await
    }

    #[tokio::test]
    async fn requests_add_up_to_a_file() {
        let (_folder, spool, turns, id) = begun().await;
        let content: Vec<u8> = (0..3 * FILL_BYTES + 7).map(|at| (at % 251) as u8).collect();
        let mut offset = 0;
        for end in [0, 1, FILL_BYTES, 2 * FILL_BYTES + 1, content.len()] {
            offset = append(&spool, &turns, &id, offset, &content[offset as usize..end]).await.expect("it is the next");
            assert_eq!((offset, spool.partial_bytes(&id).await.ok()), (end as u64, Some(Some(end as u64))));
        }
        for wrong in [0, offset - 1, offset + 1] {
            let refused = append(&spool, &turns, &id, wrong, b"x").await.err().map(|error| error.kind());
            assert_eq!(refused, Some(ErrorKind::Conflict), "{wrong}");
        }
        let link = spool.link_partial(&id).await.expect("it is there");
        assert_eq!(fs::read(link.path()).expect("it can be read"), content);
        drop(link);
        assert_eq!(spool.partial_bytes(&id).await.ok(), Some(Some(offset)), "it outlives what was linked to it");
    }

    #[tokio::test]
    async fn what_was_written_stays_when_a_request_breaks_off() {
        let (_folder, spool, turns, id) = begun().await;
        let turn = turns.take(&id, Patience::Yield).await.expect("nobody has it");
        let mut appending = spool.append(&id, 0, turn).await.expect("it is empty");
        appending.write(&vec![1; FILL_BYTES + 1]).await.expect("it can be written");
        drop(appending);
        assert_eq!(spool.partial_bytes(&id).await.ok(), Some(Some(FILL_BYTES as u64)));
        append(&spool, &turns, &id, FILL_BYTES as u64, b"more").await.expect("the turn is free again");
    }

    #[tokio::test]
    async fn an_upload_that_is_ended_meanwhile_is_not_acknowledged() {
        let (_folder, spool, turns, id) = begun().await;
        let turn = turns.take(&id, Patience::Yield).await.expect("nobody has it");
        let mut appending = spool.append(&id, 0, turn).await.expect("it is empty");
        appending.write(b"abc").await.expect("it can be written");
        spool.remove_partial(&id).await.expect("it can be removed");
        spool.remove_partial(&id).await.expect("once more is no error");
        assert_eq!(appending.finish().await.err().map(|error| error.kind()), Some(ErrorKind::NotFound));
        assert_eq!(spool.partial_bytes(&id).await.ok(), Some(None));
    }

    #[tokio::test]
    async fn partial_files_outlive_the_start_and_are_found_by_their_age() {
        let (_folder, spool, _, id) = begun().await;
        fs::write(spool.folder().join("x.upload"), "").expect("it can be written");
        spool.remove_leftovers().expect("they can be removed");
        let now = Timestamp::now();
        assert_eq!(spool.partials_before(now.plus_seconds(10)).await.expect("it can be read"), [id]);
        assert!(spool.partials_before(now.plus_seconds(-10)).await.expect("it can be read").is_empty());
    }

    #[tokio::test]
    async fn ids_lead_nowhere_else() {
        let (_folder, spool, _, id) = begun().await;
        for wrong in ["", "..", "../data.db", "/etc/passwd", &id[1..], &format!("{id}a"), &id.to_uppercase()] {
            let found = spool.partial_bytes(wrong).await.err().map(|error| error.kind());
            assert_eq!(found, Some(ErrorKind::NotFound), "{wrong}");
        }
    }
}
