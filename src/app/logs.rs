//! The log of requests: from the queue to disk in batches, its bounds, and the doors for superusers.
//!
//! Edges hand over what they have answered with [`App::log_request`], which never waits. Everything else happens in the
//! background. Invariant: entries are written in the order in which they came, each once or never.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};

use super::{App, Caller};
use crate::base::limits::{LOG_FLUSH_ENTRIES, LOG_QUEUE_BYTES, LOG_QUEUE_ENTRIES};
use crate::base::{Error, Result, Timestamp, json};
use crate::domain::{Credential, ListRequest, Principal, RequestInfo, Schema};
use crate::logs::{self, Batch, Bounds, Entry, Happening, LOGS, ProgramLog, Pushed, Queue, RequestLog};
use crate::query::dialect::Dialect;
use crate::records::{self, Cx, access};
use crate::settings::Config;
use crate::store::{ReadTx, Store, StoreOptions, WriteTx};

/// How long entries wait for others at most.
const FLUSH_EVERY: Duration = Duration::from_secs(3);
/// Whatever else is kept in another database, the log is in this one.
pub(super) const DIALECT: Dialect = Dialect::Sqlite;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// The queue, the database behind it, and what is to be kept.
pub(super) struct Logs {
    store: Store,
    queue: Queue,
    /// What the program itself says, if somebody gathers that.
    program: OnceLock<ProgramLog>,
    /// The log may grow to this size.
    max_bytes: u64,
    /// There are enough entries to be written at once.
    enough: Notify,
    /// One batch at a time, so that after a flush everything is written that was queued before it.
    turn: Mutex<()>,
}

/// Figures of this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFigures {
    /// Entries that wait to be written.
    pub waiting: usize,
    /// Entries that were dropped, or could not be written, since the program started.
    pub dropped: u64,
}

impl Logs {
    /// Opens `logs.db` of the data folder.
    pub fn open(config: &Config) -> Result<Logs> {
        let bounds = Bounds {
            enough: LOG_FLUSH_ENTRIES,
            entries: LOG_QUEUE_ENTRIES,
            bytes: LOG_QUEUE_BYTES,
            per_second: config.logs_max_per_second,
        };
        let (store, queue) = (open_store(config)?, Queue::new(bounds));
        let max_bytes = config.logs_max_mb << 20;
        Ok(Logs { store, queue, program: OnceLock::new(), max_bytes, enough: Notify::new(), turn: Mutex::default() })
    }

    /// Writes what waits, ends the threads, and blocks until then.
    pub fn close(&self, config: &Config) {
        if let Some((entries, count)) = self.take(config) {
            self.note_outcome(&self.store.write_blocking(writing(entries, self.max_bytes)), count);
        }
        self.store.close();
    }

    /// What is to be written of that which waits, and how many entries are lost if it can't be; `None` if there is
    /// nothing.
    fn take(&self, config: &Config) -> Option<(Vec<Entry>, u64)> {
        let (mut said, unsaid) = self.program.get().map(ProgramLog::take).unwrap_or_default();
        said.retain(|said| config.logs_max_days > 0 && said.level() >= config.logs_min_level);
        if unsaid > 0 {
            self.queue.lost(unsaid);
        }
        let batch = self.queue.take();
        let count = (batch.entries.len() + said.len()) as u64 + batch.dropped;
        (count > 0).then(|| (entries_of(batch, said, Timestamp::now(), config.logs_max_data_bytes), count))
    }

    fn note_outcome(&self, written: &Result<()>, count: u64) {
        if let Err(error) = written {
            self.queue.lost(count);
            tracing::warn!(count, "entries of the request log were lost: {}", error.log_text());
        }
    }
}

/// The database of logs, without the app around it.
pub(super) fn open_store(config: &Config) -> Result<Store> {
    let options = StoreOptions {
        wait_timeout: Duration::from_millis(config.wait_timeout_ms),
        statement_timeout: Duration::from_millis(config.statement_timeout_ms),
        slow_statement: Duration::from_millis(config.slow_statement_ms),
        ..StoreOptions::for_logs(&config.data_dir)
    };
    Store::open(options, |_| Ok(Schema::new(Vec::new())))
}

impl App {
    /// Whether a request that was answered is to be noted: not if it is of too low a level, nothing is to be logged, or
    /// enough is in this second.
    pub fn wants_log(&self, failed: bool) -> bool {
        let config = &self.live().config;
        config.logs_max_days > 0
            && logs::request_level(failed) >= config.logs_min_level
            && self.0.logs.queue.admits(failed)
    }

    /// Notes a request, after [`App::wants_log`].
    pub fn log_request(&self, mut request: RequestLog) {
        let (Logs { queue, enough, .. }, config) = (&self.0.logs, &self.live().config);
        if !config.logs_log_ip {
            (request.user_ip, request.remote_ip) = (None, None);
        }
        if !config.logs_log_auth_id {
            request.auth_id = None;
        }
        if queue.push(request) == Pushed::Enough {
            enough.notify_one();
        }
    }

    /// Takes what the program itself says into the log from now on. There is one source; a second one is ignored.
    pub fn keep_program_log(&self, said: ProgramLog) {
        // The first one stays.
        let _ = self.0.logs.program.set(said);
    }

    /// How much waits, and how much was lost.
    pub fn log_figures(&self) -> LogFigures {
        let queue = &self.0.logs.queue;
        LogFigures { waiting: queue.len(), dropped: queue.dropped_ever() }
    }

    /// Writes what waits, for as long as the program runs.
    pub(super) async fn write_logs_forever(self) {
        loop {
            tokio::select! {
                () = self.0.logs.enough.notified() => {}
                () = tokio::time::sleep(FLUSH_EVERY) => {}
            }
            self.flush_logs().await;
        }
    }

    /// Writes what waits. What can't be written is counted and gone: the log isn't worth that anybody waits for it.
    pub async fn flush_logs(&self) {
        let logs = &self.0.logs;
        let _turn = logs.turn.lock().await;
        if let Some((entries, count)) = logs.take(&self.live().config) {
            let written = logs.store.write(writing(entries, logs.max_bytes)).await;
            logs.note_outcome(&written, count);
        }
    }

    /// Deletes what is older than it may be, or of too low a level.
    ///
    /// # Errors
    /// What keeps the database from being written.
    pub(super) async fn clean_up_logs(self) -> Result<()> {
        let (live, max_bytes) = (self.live(), self.0.logs.max_bytes);
        let (max_days, min_level) = (live.config.logs_max_days, live.config.logs_min_level);
        let clean = move |tx: &mut WriteTx<'_>| {
            if max_days == 0 {
                return logs::delete_all(tx, DIALECT).map(|_| ());
            }
            let bound = tx.now().plus_seconds(-max_days * SECONDS_PER_DAY);
            logs::delete_older(tx, DIALECT, bound)?;
            logs::delete_below(tx, DIALECT, min_level)?;
            logs::shrink(tx, DIALECT, max_bytes).map(|_| ())
        };
        self.0.logs.store.write(clean).await
    }

    /// Has the database of logs look at its tables: see [`WriteTx::optimize`].
    pub(super) async fn optimize_logs(&self, limit: Duration) -> Result<()> {
        self.0.logs.store.write_alone(limit, |tx| tx.optimize()).await
    }

    /// A page of the log. For superusers, as everything below. What was queued before is in it.
    ///
    /// # Errors
    /// 401, 403; 400 as [`records::list_rows`].
    pub async fn list_logs(&self, caller: Caller, request: ListRequest) -> Result<String> {
        self.read_logs(caller, move |tx, cx| records::list_rows(tx, cx, &LOGS, &request, logs::write_row)).await
    }

    /// One entry of the log.
    ///
    /// # Errors
    /// 401, 403, 404.
    pub async fn view_log(&self, caller: Caller, id: String) -> Result<String> {
        let view = move |tx: &ReadTx<'_>, _: &Cx<'_>| {
            let found = logs::find(tx, DIALECT, &id)?;
            found.map(|entry| entry.to_json()).ok_or_else(Error::not_found)
        };
        self.read_logs(caller, view).await
    }

    /// How many entries each hour has.
    ///
    /// # Errors
    /// 401, 403; 400 for a filter that isn't valid.
    pub async fn log_stats(&self, caller: Caller, filter: Option<String>) -> Result<String> {
        let count = move |tx: &ReadTx<'_>, cx: &Cx<'_>| {
            let hours = records::count_by_hour(tx, cx, &LOGS, filter.as_deref(), "created")?;
            let mut body = String::from("[");
            for (at, (hour, total)) in hours.iter().enumerate() {
                body.push_str(if at > 0 { ",{\"date\":" } else { "{\"date\":" });
                json::write_str(&mut body, hour);
                body.push_str(&format!(",\"total\":{total}}}"));
            }
            body.push(']');
            Ok(body)
        };
        self.read_logs(caller, count).await
    }

    /// Deletes all entries. Not for API keys: whoever has stolen one must not be able to wipe their tracks.
    ///
    /// # Errors
    /// 401, 403.
    pub async fn truncate_logs(&self, caller: Caller) -> Result<()> {
        let id = self.superuser_in_person(Arc::new(caller)).await?;
        self.flush_logs().await;
        // What is emptied can't say by whom.
        tracing::info!(superuser = %id, "the log of requests is emptied");
        self.0.logs.store.write(move |tx| logs::delete_all(tx, DIALECT).map(|_| ())).await
    }

    /// Runs `job` in a snapshot of the log for a superuser. Who they are stands in the other database.
    async fn read_logs(
        &self,
        caller: Caller,
        job: impl Fn(&ReadTx<'_>, &Cx<'_>) -> Result<String> + Send + 'static,
    ) -> Result<String> {
        let superuser: Principal = self
            .read(Arc::new(caller), |_, cx| {
                access::require_superuser(cx.principal)?;
                Ok(cx.principal.clone())
            })
            .await?;
        self.flush_logs().await;
        let services = self.0.clone();
        let run = move |tx: &ReadTx<'_>| {
            let (credential, request) = (Credential::None, RequestInfo::default());
            job(tx, &Cx { principal: &superuser, credential: &credential, request: &request, plans: &services.plans })
        };
        self.0.logs.store.read(run).await
    }
}

/// The transaction that writes entries.
fn writing(entries: Vec<Entry>, max_bytes: u64) -> impl FnOnce(&mut WriteTx<'_>) -> Result<()> + Send + 'static {
    move |tx| {
        logs::insert(tx, DIALECT, &entries)?;
        logs::shrink(tx, DIALECT, max_bytes).map(|_| ())
    }
}

/// What is written for a batch: its entries and what the program said meanwhile, each in their order, and how many are
/// missing.
fn entries_of(batch: Batch, said: Vec<Happening>, now: Timestamp, max_data_bytes: usize) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(batch.entries.len() + said.len() + 1);
    let (mut requests, mut said) = (batch.entries.into_iter().peekable(), said.into_iter().peekable());
    loop {
        let said_first = match (requests.peek(), said.peek()) {
            (Some(request), Some(said)) => said.created < request.created,
            (request, _) => request.is_none(),
        };
        let next = match said_first {
            true => said.next().map(|said| said.into_entry(max_data_bytes)),
            false => requests.next().map(|request| request.into_entry(max_data_bytes)),
        };
        match next {
            Some(entry) => entries.push(entry),
            None => break,
        }
    }
    if batch.dropped > 0 {
        entries.push(Entry::of_dropped(batch.dropped, now));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_with_what_is_missing() {
        let entries = vec![RequestLog::new("GET", "/a"), RequestLog::new("GET", "/b")];
        let now = Timestamp::now();
        let messages =
            |batch| entries_of(batch, Vec::new(), now, 0).into_iter().map(|entry| entry.message).collect::<Vec<_>>();
        assert_eq!(messages(Batch { entries: entries.clone(), dropped: 0 }), ["GET /a", "GET /b"]);
        let with_loss = messages(Batch { entries, dropped: 9 });
        assert!(with_loss.len() == 3 && with_loss[2].starts_with("9 entries"), "{with_loss:?}");
    }
    #[test]
    fn what_the_program_says_stands_where_it_happened() {
        let now = Timestamp::now();
        let request = |url, seconds| RequestLog { created: now.plus_seconds(seconds), ..RequestLog::new("GET", url) };
        let said = |message: &str, seconds| Happening {
            created: now.plus_seconds(seconds),
            is_error: false,
            target: String::new(),
            message: message.to_owned(),
            fields: Vec::new(),
        };
        let batch = Batch { entries: vec![request("/b", 2), request("/d", 4)], dropped: 0 };
        let entries = entries_of(batch, vec![said("a", 1), said("c", 3), said("e", 5)], now, 0);
        let messages: Vec<&str> = entries.iter().map(|entry| entry.message.as_str()).collect();
        assert_eq!(messages, ["a", "GET /b", "c", "GET /d", "e"]);
    }
}
