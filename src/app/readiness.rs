//! Whether the server can do its work at this moment, for whatever sends requests its way.
//!
//! A look costs a read and a write that changes nothing; it is shared by all who ask within a second, so that nobody
//! can keep the database busy with the question. Only after a commit has failed is something really written: as long as
//! that fails, the server isn't ready. Not here: whether it should be tuned or mended (`doctor`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::{App, Caller};
use crate::base::{Error, Result, Timestamp, json};
use crate::monitor::machine;
use crate::query::table::{Table, Where};
use crate::store::WriteTx;

/// How long what was found is good for others who ask.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How long the database may take to answer.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// What the program notes about the data folder.
const NOTES: Table = Table::new("_holdall_meta");
/// The note that is written to see whether that can be done again.
const NOTE: &str = "write_tried";

/// What is remembered between two looks.
#[derive(Default)]
pub(super) struct Looks {
    latest: Mutex<Option<(Instant, Readiness)>>,
    /// Failed commits after which writing was seen to work.
    forgiven: AtomicU64,
    is_ending: AtomicBool,
}

/// What was looked at, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness(Vec<(&'static str, Option<String>)>);

impl Readiness {
    /// Whether nothing is wrong.
    pub fn is_ready(&self) -> bool {
        self.0.iter().all(|(_, trouble)| trouble.is_none())
    }

    /// As JSON. What exactly is wrong isn't everybody's business.
    pub fn to_json(&self, with_reasons: bool) -> String {
        let status = if self.is_ready() { "ready" } else { "not ready" };
        let mut body = format!("{{\"status\":\"{status}\",\"checks\":{{");
        for (at, (name, trouble)) in self.0.iter().enumerate() {
            body.push_str(if at > 0 { ",\"" } else { "\"" });
            body.push_str(name);
            body.push_str("\":");
            match trouble {
                None => body.push_str("\"ok\""),
                Some(reason) if with_reasons => json::write_str(&mut body, &format!("not ok: {reason}")),
                Some(_) => body.push_str("\"not ok\""),
            }
        }
        body.push_str("}}");
        body
    }
}

impl App {
    /// Notes that the server doesn't take new requests any more.
    pub fn note_ending(&self) {
        self.0.looks.is_ending.store(true, Ordering::Relaxed);
    }

    /// Whether the server can do its work.
    pub async fn readiness(&self) -> Readiness {
        if self.0.looks.is_ending.load(Ordering::Relaxed) {
            return Readiness(vec![("shutdown", Some("the server is shutting down".to_owned()))]);
        }
        let mut latest = self.0.looks.latest.lock().await;
        if let Some((at, found)) = &*latest
            && at.elapsed() < GOOD_FOR
        {
            return found.clone();
        }
        let found = self.look().await;
        *latest = Some((Instant::now(), found.clone()));
        found
    }

    /// Whether a caller may know what exactly is wrong: superusers may. While the database doesn't answer, nobody can
    /// be told from anybody else.
    pub async fn may_know_reasons(&self, caller: Caller) -> bool {
        if caller.token.is_none() && matches!(caller.cookie, super::Cookie::None) {
            return false;
        }
        let ask = self.read(Arc::new(caller), |_, cx| Ok(cx.principal.is_superuser()));
        matches!(tokio::time::timeout(LOOK_MAX, ask).await, Ok(Ok(true)))
    }

    async fn look(&self) -> Readiness {
        let dialect = self.0.plans.dialect();
        let any = NOTES.select(dialect, &["key"], &[Where::Is("key", NOTE.into())]);
        let read = in_time(self.0.store.read(move |tx| tx.exists(&any).map(|_| ()))).await;
        let write = in_time(self.try_writing()).await;
        let live = self.live();
        let config = &live.config;
        let disk = little_room(&config.data_dir, config.disk_reserve_mb);
        Readiness(vec![("database_read", read), ("database_write", write), ("disk", disk), ("shutdown", None)])
    }

    async fn try_writing(&self) -> Result<()> {
        let lost = self.0.store.stats().lost_groups;
        let is_in_doubt = lost > self.0.looks.forgiven.load(Ordering::Relaxed);
        let dialect = self.0.plans.dialect();
        let write = move |tx: &mut WriteTx<'_>| {
            if is_in_doubt {
                let row = vec![("key", NOTE.into()), ("value", Timestamp::now().to_string().into())];
                tx.execute(&NOTES.insert_or_replace(dialect, row, &["key"]))?;
            }
            Ok(())
        };
        self.0.store.write(write).await?;
        self.0.looks.forgiven.fetch_max(lost, Ordering::Relaxed);
        Ok(())
    }
}

/// What is wrong with the outcome of a look.
async fn in_time(look: impl Future<Output = Result<()>>) -> Option<String> {
    let outcome = tokio::time::timeout(LOOK_MAX, look).await;
    let error = outcome.unwrap_or_else(|_| Err(Error::unavailable("It takes too long."))).err()?;
    Some(error.log_text())
}

/// Says so if there is less than a reserve on the disk of a folder.
pub(super) fn little_room(folder: &Path, reserve_mb: u64) -> Option<String> {
    let room = machine::room(folder)?;
    let free_mb = room.free >> 20;
    (free_mb < reserve_mb).then(|| format!("{free_mb} MB are left on the data folder's disk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_to_some_only() {
        let found = Readiness(vec![("database_read", None), ("disk", Some("3 MB are \"left\"".to_owned()))]);
        assert!(!found.is_ready());
        let expect = "{\"status\":\"not ready\",\"checks\":{\"database_read\":\"ok\",\"disk\":\"not ok\"}}";
        assert_eq!(found.to_json(false), expect);
        assert!(found.to_json(true).contains("\"disk\":\"not ok: 3 MB are \\\"left\\\"\""));
        let found = Readiness(vec![("disk", None)]);
        assert!(found.is_ready());
        assert_eq!(found.to_json(true), "{\"status\":\"ready\",\"checks\":{\"disk\":\"ok\"}}");
    }
}
