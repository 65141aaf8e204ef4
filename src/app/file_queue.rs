//! The removal of files that no record names any more, in the background.
//!
//! Woken by commits that doom files, and by time: what a transaction has doomed is removed soon after it, also by a
//! later run of the program. While a backup is being made, it waits. The files of resumable uploads that have ended go
//! here, too. Invariant: a row goes only after its object and its previews have gone.

use std::sync::{Mutex as StdMutex, PoisonError};

use tokio::sync::{Mutex, Notify};

use super::App;
use super::background::work_forever;
use crate::base::limits::FILES_REMOVED_AT_ONCE;
use crate::base::{Result, Timestamp};
use crate::domain::Event;
use crate::files::{StoredFile, ledger};

/// What wakes the worker, and whose turn it is.
pub(super) struct FileQueue {
    /// When the program started.
    started: Timestamp,
    woken: Notify,
    /// One round at a time, so that after a round everything is gone that was due when it began.
    turn: Mutex<()>,
    /// Resumable uploads that have ended, by id. What is lost of this with the program is found at the next start.
    ended: StdMutex<Vec<String>>,
}

impl FileQueue {
    /// For a program that starts now.
    pub fn new() -> FileQueue {
        FileQueue { started: Timestamp::now(), woken: Notify::new(), turn: Mutex::new(()), ended: StdMutex::default() }
    }
}

impl App {
    /// Does what an event asks of the files.
    pub(super) fn files_hear(&self, event: &Event) {
        let queue = &self.0.file_queue;
        match event {
            Event::FilesDoomed => queue.woken.notify_one(),
            Event::UploadEnded { id } => {
                queue.ended.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
                queue.woken.notify_one();
            }
            _ => {}
        }
    }

    /// Removes what is to be removed, for as long as the program runs. Files that were pending when the program ended
    /// last will never be a record's.
    pub(super) async fn remove_files_forever(self) {
        let (dialect, started) = (self.0.plans.dialect(), self.0.file_queue.started);
        if let Err(error) = self.commit(move |tx| ledger::give_up_older(tx, dialect, started)).await {
            tracing::warn!("files that were on their way can't be removed yet: {}", error.log_text());
        }
        if let Err(error) = self.sweep_uploads(started).await {
            tracing::warn!("what is left of uploads can't be removed yet: {}", error.log_text());
        }
        work_forever("removing files", &self.0.file_queue.woken, || self.clone().settle_files()).await;
    }

    /// Removes the files that are due, and says when the next ones are.
    ///
    /// # Errors
    /// What keeps the database from being read or written. What is wrong with the storage is logged, and tried again.
    pub async fn settle_files(self) -> Result<Option<Timestamp>> {
        let dialect = self.0.plans.dialect();
        let _turn = self.0.file_queue.turn.lock().await;
        self.remove_ended_uploads().await;
        // A backup that is being made needs the files that were named when it began.
        let _released = self.release_files().await?;
        loop {
            let claimed = self.commit(move |tx| ledger::claim(tx, dialect, FILES_REMOVED_AT_ONCE)).await?;
            if claimed.is_empty() {
                return self.0.store.read(move |tx| ledger::next_due(tx, dialect)).await;
            }
            let mut gone = Vec::with_capacity(claimed.len());
            for file in claimed {
                match self.remove_file(&file).await {
                    Ok(()) => gone.push(file),
                    Err(error) => {
                        tracing::warn!(key = file.key(), "a file can't be removed yet: {}", error.log_text());
                    }
                }
            }
            self.commit(move |tx| gone.iter().try_for_each(|file| ledger::forget(tx, dialect, file))).await?;
        }
    }

    async fn remove_ended_uploads(&self) {
        let ended = std::mem::take(&mut *self.0.file_queue.ended.lock().unwrap_or_else(PoisonError::into_inner));
        for id in ended {
            if let Err(error) = self.0.spool.remove_partial(&id).await {
                // It has no row, so it will be swept.
                tracing::warn!("the file of an upload can't be removed yet: {}", error.log_text());
            }
        }
    }

    async fn remove_file(&self, file: &StoredFile) -> Result<()> {
        // In this order: without the original no further previews are begun, and those in work go with the others. If
        // the program ends in between, the row is still there.
        self.live().storage.remove(&file.key()).await?;
        self.0.previews.settle(&file.thumbs_prefix()).await;
        self.live().storage.remove_below(&file.thumbs_prefix()).await
    }
}
