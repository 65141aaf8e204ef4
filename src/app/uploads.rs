//! Resumable uploads: files that arrive in several requests, for a record that takes them afterwards (`upload_use`).
//!
//! Called by the edge behind `/api/uploads`. Each request is decided by itself: the caller must be whoever began the
//! upload, and may still write where it is to go. What is nobody's business looks as if it weren't there. Invariant: a
//! row comes before its file and goes before it, so a file without a row is a leftover, whatever fails.

use std::sync::Arc;
use std::time::Duration;

use super::{App, Caller};
use crate::auth::throttle::address_key;
use crate::base::limits::{
    UPLOAD_CHECKED_EVERY_BYTES, UPLOAD_LEFTOVER_SECONDS, UPLOAD_STALLED_SECONDS, UPLOAD_TURN_SECONDS, UPLOADS_MAX,
    UPLOADS_PER_OWNER_MAX,
};
use crate::base::{Error, ErrorKind, Result, Timestamp};
use crate::files::uploads::{self, Owner, Total, Unfinished};
use crate::files::{Appending, Patience, Turns, partial, turns};
use crate::records::{self, Cx, UploadTarget};
use crate::store::{ReadTx, WriteTx};

/// An upload that somebody wants to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload {
    /// Where it is to go.
    pub target: UploadTarget,
    /// What the client calls the file.
    pub original_name: String,
    /// What the client says of it, as it was sent.
    pub metadata: String,
    /// How large it will be.
    pub size_bytes: u64,
}

/// How an upload stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadState {
    /// Names it.
    pub id: String,
    /// How much of it has arrived.
    pub offset_bytes: u64,
    /// How large it will be.
    pub size_bytes: u64,
    /// What the client said of it.
    pub metadata: String,
    /// When its time is up.
    pub expires: Timestamp,
}

/// How large unfinished uploads may be together.
#[derive(Clone, Copy, Debug)]
struct Quota {
    per_owner_bytes: u64,
    all_bytes: u64,
}

/// Turns that nobody has yet.
pub(super) fn new_turns() -> Turns {
    Turns::new(Duration::from_secs(UPLOAD_STALLED_SECONDS), Duration::from_secs(UPLOAD_TURN_SECONDS))
}

impl App {
    /// The most bytes that an upload could have anywhere; 0 if they are switched off. A field may allow less.
    pub fn upload_max_bytes(&self) -> u64 {
        let quota = self.upload_quota();
        quota.per_owner_bytes.min(quota.all_bytes)
    }

    fn upload_quota(&self) -> Quota {
        let live = self.live();
        let config = &live.config;
        Quota { per_owner_bytes: config.uploads_per_owner_max_mb << 20, all_bytes: config.uploads_max_mb << 20 }
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// What [`records::upload_place`] refuses; 403 while uploads are switched off; 413 if the file is larger than its
    /// field takes, or its owner has too much that is unfinished; 503 if everybody together has.
    pub async fn begin_upload(&self, caller: &Caller, new: NewUpload) -> Result<UploadState> {
        let quota = self.upload_quota();
        if self.upload_max_bytes() == 0 {
            return Err(Error::forbidden("Resumable uploads are switched off on this server."));
        }
        let (hours, address) = (self.live().config.upload_hours, address_key(caller.client_ip));
        let begin = move |tx: &mut WriteTx<'_>, cx: &Cx<'_>| {
            let (place, max_bytes) = records::upload_place(tx, cx, &new.target)?;
            records::check_upload_size(new.size_bytes, max_bytes)?;
            let (dialect, owner) = (cx.plans.dialect(), Owner::of(cx.principal, address));
            uploads::end_expired(tx, dialect)?;
            let (own, all) = (uploads::total(tx, dialect, Some(&owner))?, uploads::total(tx, dialect, None)?);
            quota.admit(new.size_bytes, own, all)?;
            let upload = Unfinished {
                id: partial::new_id(),
                place,
                owner,
                original_name: new.original_name,
                metadata: new.metadata,
                size_bytes: new.size_bytes,
                sha256: None,
                expires: tx.now().plus_seconds(hours * 3600),
            };
            uploads::begin(tx, dialect, &upload)?;
            Ok(upload)
        };
        let upload = self.write(Arc::new(caller.clone()), begin).await?;
        if let Err(error) = self.0.spool.create_partial(&upload.id).await {
            self.forget_upload(&upload.id).await;
            return Err(error);
        }
        Ok(state(upload, 0))
    }

    /// How an upload stands.
    ///
    /// # Errors
    /// 404 if there is none that is the caller's, and what [`records::check_upload`] refuses.
    pub async fn find_upload(&self, caller: &Caller, id: &str) -> Result<UploadState> {
        let upload = self.check_upload(caller, id).await?;
        let offset_bytes = self.0.spool.partial_bytes(id).await?.ok_or_else(Error::not_found)?;
        Ok(state(upload, offset_bytes))
    }

    /// Goes on with an upload of which `offset_bytes` are there.
    ///
    /// # Errors
    /// As [`App::find_upload`]; 409 if more or less of it is there; 423 if another request is at work on it.
    pub async fn continue_upload(&self, caller: &Caller, id: &str, offset_bytes: u64) -> Result<Receiving> {
        let upload = self.check_upload(caller, id).await?;
        let turn = self.0.turns.take(id, Patience::Yield).await?;
        let appending = self.0.spool.append(id, offset_bytes, turn).await?;
        let (app, caller) = (self.clone(), caller.clone());
        Ok(Receiving { app, caller, upload, appending, unchecked_bytes: 0 })
    }

    /// Ends an upload, whoever is writing to it.
    ///
    /// # Errors
    /// As [`App::find_upload`].
    pub async fn end_upload(&self, caller: &Caller, id: &str) -> Result<()> {
        self.check_upload(caller, id).await?;
        let _turn = self.0.turns.take(id, Patience::Stop).await?;
        let id = id.to_owned();
        self.write(Arc::new(caller.clone()), move |tx, cx| {
            // Once more: time has passed.
            checked(tx, cx, &id)?;
            uploads::end(tx, cx.plans.dialect(), &id)
        })
        .await
    }

    async fn check_upload(&self, caller: &Caller, id: &str) -> Result<Unfinished> {
        let id = id.to_owned();
        self.read(Arc::new(caller.clone()), move |tx, cx| checked(tx, cx, &id)).await
    }

    async fn forget_upload(&self, id: &str) {
        let (dialect, forgotten) = (self.0.plans.dialect(), id.to_owned());
        if let Err(error) = self.commit(move |tx| uploads::end(tx, dialect, &forgotten)).await {
            tracing::warn!("an upload that couldn't begin is forgotten later: {}", error.log_text());
        }
    }

    /// Ends the uploads whose time is up, and removes files without a row and rows without a file that are older than
    /// `moment`: a crash came between the two.
    ///
    /// # Errors
    /// What keeps the database or the spool from being read or changed.
    pub(super) async fn sweep_uploads(&self, moment: Timestamp) -> Result<()> {
        let dialect = self.0.plans.dialect();
        self.commit(move |tx| uploads::end_expired(tx, dialect)).await?;
        // Files first: one that comes later has its row already.
        let files = self.0.spool.partials_before(moment).await?;
        let (all, old) = self
            .0
            .store
            .read(move |tx| {
                Ok((uploads::ids_before(tx, dialect, None)?, uploads::ids_before(tx, dialect, Some(moment))?))
            })
            .await?;
        for id in files.iter().filter(|id| !all.contains(id)) {
            self.0.spool.remove_partial(id).await?;
        }
        for id in old {
            if self.0.spool.partial_bytes(&id).await?.is_none() {
                self.commit(move |tx| uploads::end(tx, dialect, &id)).await?;
            }
        }
        Ok(())
    }

    /// The same once in a while, sparing what may be on its way.
    pub(super) async fn sweep_old_uploads(&self) -> Result<()> {
        self.sweep_uploads(Timestamp::now().plus_seconds(-UPLOAD_LEFTOVER_SECONDS)).await
    }
}

/// The upload with this id, if it is the caller's and they may still write where it is to go.
fn checked(tx: &ReadTx<'_>, cx: &Cx<'_>, id: &str) -> Result<Unfinished> {
    let found = uploads::find(tx, cx.plans.dialect(), id)?.filter(|upload| upload.owner.admits(cx.principal));
    let upload = found.ok_or_else(Error::not_found)?;
    records::check_upload(tx, cx, &upload)?;
    Ok(upload)
}

fn state(upload: Unfinished, offset_bytes: u64) -> UploadState {
    let Unfinished { id, size_bytes, metadata, expires, .. } = upload;
    UploadState { id, offset_bytes, size_bytes, metadata, expires }
}

impl Quota {
    /// Whether one more upload of this size fits to those that are there.
    fn admit(self, size_bytes: u64, own: Total, all: Total) -> Result<()> {
        let fits = |total: Total, bytes: u64, count: i64| {
            total.bytes.saturating_add(size_bytes) <= bytes && total.count < count
        };
        if !fits(own, self.per_owner_bytes, UPLOADS_PER_OWNER_MAX) {
            let message = "Too much that you have begun to upload is unfinished; finish or end some of it first.";
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        if !fits(all, self.all_bytes, UPLOADS_MAX) {
            return Err(Error::unavailable("Too many uploads are unfinished at the moment; try again later."));
        }
        Ok(())
    }
}

/// The part of an upload that one request brings.
pub struct Receiving {
    app: App,
    caller: Caller,
    upload: Unfinished,
    appending: Appending,
    /// What has arrived since it was asked last whether the caller may.
    unchecked_bytes: u64,
}

impl Receiving {
    /// How much is missing.
    pub fn left_bytes(&self) -> u64 {
        self.upload.size_bytes.saturating_sub(self.appending.offset_bytes())
    }

    /// Takes in what comes next.
    ///
    /// # Errors
    /// 413 for what is more than the upload was to have; what refuses the caller, if they may no longer; 503 if it
    /// can't be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let fits = bytes.len().min(usize::try_from(self.left_bytes()).unwrap_or(usize::MAX));
        self.appending.write(&bytes[..fits]).await?;
        if fits < bytes.len() {
            return Err(Error::new(ErrorKind::TooLarge, "More was sent than the upload was to have."));
        }
        self.unchecked_bytes += fits as u64;
        if self.unchecked_bytes >= UPLOAD_CHECKED_EVERY_BYTES {
            self.unchecked_bytes = 0;
            self.app.check_upload(&self.caller, &self.upload.id).await?;
        }
        Ok(())
    }

    /// What ends, with 423, when another request is to go on with the upload.
    pub fn stopped(&self) -> impl Future<Output = Error> + Send + use<> {
        let hold = self.appending.hold();
        async move {
            hold.stopped().await;
            turns::locked()
        }
    }

    /// Puts on disk what has arrived, and says how the upload stands.
    ///
    /// # Errors
    /// 503 if it can't be written; 404 if the upload was ended meanwhile.
    pub async fn finish(self) -> Result<UploadState> {
        let offset_bytes = self.appending.finish().await?;
        Ok(state(self.upload, offset_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_count_sizes_and_uploads() {
        let quota = Quota { per_owner_bytes: 100, all_bytes: 1000 };
        let total = |count, bytes| Total { count, bytes };
        for (size, own, all, expect) in [
            (100, total(0, 0), total(0, 0), 200),
            (101, total(0, 0), total(0, 0), 413),
            (50, total(1, 50), total(9, 950), 200),
            (51, total(1, 50), total(1, 50), 413),
            (50, total(1, 50), total(9, 951), 503),
            (u64::MAX, total(1, 1), total(1, 1), 413),
            (0, total(UPLOADS_PER_OWNER_MAX - 1, 0), total(UPLOADS_MAX - 1, 0), 200),
            (0, total(UPLOADS_PER_OWNER_MAX, 0), total(UPLOADS_PER_OWNER_MAX, 0), 413),
            (0, total(0, 0), total(UPLOADS_MAX, 0), 503),
        ] {
            let status = quota.admit(size, own, all).map_or_else(|error| error.kind().status(), |()| 200);
            assert_eq!(status, expect, "{size} {own:?} {all:?}");
        }
    }
}
