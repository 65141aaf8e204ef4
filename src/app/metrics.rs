//! The figures of all services, for programs that gather them.
//!
//! Called by the edges for whoever may look; [`App::metrics`] asks. To gather them costs a look at the store's
//! counters, one read and a look at the folder of backups. What can't be found out is left out: figures must be there
//! when something is wrong, too. Not here: how figures are counted (each service), how they are written (`monitor`).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{App, Caller, ShippingState};
use crate::base::{Result, Timestamp};
use crate::files::{ledger, uploads};
use crate::mail::outbox;
use crate::monitor::{Family, Format, Value, exposition, machine};
use crate::records::access;
use crate::store::{Database, ReadTx, sqlite_version};

/// How long the database may keep figures waiting.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// Figures of others: see [`App::add_figures`].
pub(super) type Others = Mutex<Vec<Box<dyn Fn() -> Vec<Family> + Send + Sync>>>;

/// What only the database knows.
struct Stored {
    mails_queued: u64,
    mails_failed: u64,
    files_to_remove: u64,
    uploads: uploads::Total,
}

impl App {
    /// Notes that a request was answered: by which route, and how.
    pub fn note_answer(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        self.0.requests.note(route, method, status, took);
    }

    /// The figures, for superusers and for API keys that may see them.
    ///
    /// # Errors
    /// 401, 403.
    pub async fn metrics(&self, caller: Caller, format: Format) -> Result<String> {
        self.read(Arc::new(caller), |_, cx| access::require_metrics(cx.principal)).await?;
        self.metrics_of_owner(format).await
    }

    /// The figures, for whoever is let in without being asked.
    ///
    /// # Errors
    /// None that is known.
    pub async fn metrics_of_owner(&self, format: Format) -> Result<String> {
        let mut families = self.program_families();
        families.extend(self.request_families());
        families.extend(self.store_families());
        families.extend(self.disk_families());
        families.extend(self.service_families());
        if let Ok(Ok(stored)) = tokio::time::timeout(LOOK_MAX, self.stored_figures()).await {
            families.extend(stored_families(&stored));
        }
        // They may be in a bucket.
        if let Ok(Ok(backups)) = tokio::time::timeout(LOOK_MAX, self.backup_families()).await {
            families.extend(backups);
        }
        families.extend(self.shipping_state().as_ref().map(shipping_families).into_iter().flatten());
        if let Ok(others) = self.0.figures.lock() {
            families.extend(others.iter().flat_map(|figures| figures()));
        }
        exposition(families, format)
    }

    /// Has figures of something that the program doesn't know, such as an edge, shown with its own.
    pub fn add_figures(&self, figures: impl Fn() -> Vec<Family> + Send + Sync + 'static) {
        if let Ok(mut others) = self.0.figures.lock() {
            others.push(Box::new(figures));
        }
    }

    async fn stored_figures(&self) -> Result<Stored> {
        let dialect = self.0.plans.dialect();
        let count = move |tx: &ReadTx<'_>| {
            Ok(Stored {
                mails_queued: outbox::count(tx, dialect, outbox::State::Queued)?,
                mails_failed: outbox::count(tx, dialect, outbox::State::Failed)?,
                files_to_remove: ledger::count_doomed(tx, dialect)?,
                uploads: uploads::total(tx, dialect, None)?,
            })
        };
        self.0.store.read(count).await
    }

    fn program_families(&self) -> Vec<Family> {
        let build = [("version", env!("CARGO_PKG_VERSION")), ("sqlite", sqlite_version())];
        let started = self.0.started.unix_millis() as f64 / 1000.0;
        let mut families = vec![
            Family::new("holdall_build_info", "The program that runs").with(&build, Value::Gauge(1.0)),
            one("process_start_time", "When the program began, since 1970", Value::Gauge(started)).in_seconds(),
        ];
        if let Some(process) = machine::process() {
            let (resident, addressed) = (process.resident_bytes as f64, process.virtual_bytes as f64);
            families.extend([
                one("process_resident_memory", "Memory in RAM", Value::Gauge(resident)).in_bytes(),
                one("process_virtual_memory", "Memory that is addressed", Value::Gauge(addressed)).in_bytes(),
                one("process_cpu", "Time on processors", Value::Seconds(process.cpu_seconds)).in_seconds(),
                one("process_open_fds", "Files and sockets that are open", Value::Gauge(process.open_files as f64)),
                one("process_threads", "Threads", Value::Gauge(process.threads as f64)),
            ]);
        }
        if let Some(max) = machine::open_files_max() {
            families.push(one("process_max_fds", "Files and sockets that may be open", Value::Gauge(max as f64)));
        }
        families
    }

    fn request_families(&self) -> Vec<Family> {
        let mut requests = Family::new("holdall_http_requests", "Requests that were answered");
        let mut time = Family::new("holdall_http_request_duration", "How long it took until an answer began");
        time = time.in_seconds();
        for figures in self.0.requests.figures() {
            for answered in figures.answers {
                let status = answered.status.to_string();
                let labels = [("method", answered.method), ("route", &figures.route), ("status", &status)];
                requests = requests.with(&labels, Value::Counter(answered.count));
            }
            time = time.with(&[("route", &figures.route)], Value::Durations(figures.time));
        }
        vec![requests, time]
    }

    fn store_families(&self) -> Vec<Family> {
        let (stats, times, plans) = (self.0.store.stats(), self.0.store.times(), self.0.plans.figures());
        let by_queue = |name, help, read, write| {
            Family::new(name, help).with(&[("queue", "read")], read).with(&[("queue", "write")], write)
        };
        let gauge = |number: usize| Value::Gauge(number as f64);
        vec![
            by_queue(
                "holdall_store_queue_length",
                "Reads and writes that wait for their turn at the database",
                gauge(stats.reads_waiting),
                gauge(stats.writes_waiting),
            ),
            by_queue(
                "holdall_store_wait",
                "How long they waited",
                Value::Durations(times.read_wait),
                Value::Durations(times.write_wait),
            )
            .in_seconds(),
            by_queue(
                "holdall_store_refused",
                "Those that were refused because too many waited, or they had waited too long",
                Value::Counter(stats.reads_refused),
                Value::Counter(stats.writes_refused),
            ),
            one("holdall_store_read", "How long reads ran", Value::Durations(times.read_run)).in_seconds(),
            one("holdall_store_commit", "How long commits took", Value::Durations(times.commit)).in_seconds(),
            one("holdall_store_group_size", "Writes that shared a commit", Value::Sizes(times.group_size)),
            one("holdall_store_commits", "Commits", Value::Counter(stats.commits)),
            one("holdall_store_lost_groups", "Commits that failed", Value::Counter(stats.lost_groups)),
            one("holdall_store_writes", "Writes that were committed", Value::Counter(stats.writes)),
            one("holdall_store_readers", "Threads that read", gauge(stats.readers)),
            one("holdall_store_readers_busy", "Those that have something to do", gauge(stats.readers_busy)),
            one("holdall_store_wal", "The write-ahead log in use", Value::Gauge(stats.wal_bytes as f64)).in_bytes(),
            Family::new("holdall_store_checkpoints", "Copies of the write-ahead log into the database")
                .with(&[("outcome", "done")], Value::Counter(stats.checkpoints))
                .with(&[("outcome", "failed")], Value::Counter(stats.failed_checkpoints)),
            one(
                "holdall_store_slow_statements",
                "Statements that took longer than slow_statement_ms",
                Value::Counter(stats.slow_statements),
            ),
            one("holdall_plan_cache_hits", "Statements that were compiled already", Value::Counter(plans.hits)),
            one("holdall_plan_cache_misses", "Statements that had to be compiled", Value::Counter(plans.misses)),
            one("holdall_plan_cache_entries", "Statements that are kept", Value::Gauge(plans.kept as f64)),
        ]
    }

    fn disk_families(&self) -> Vec<Family> {
        let live = self.live();
        let folder = &live.config.data_dir;
        let mut sizes = Family::new("holdall_database_size", "The databases on disk").in_bytes();
        for name in [Database::Data, Database::Logs].map(Database::file_name) {
            if let Ok(found) = std::fs::metadata(folder.join(name)) {
                sizes = sizes.with(&[("file", name)], Value::Gauge(found.len() as f64));
            }
        }
        let mut families = vec![sizes];
        if let Some(room) = machine::room(folder) {
            families.extend([
                one("holdall_disk_free", "Room on the data folder's disk", Value::Gauge(room.free as f64)).in_bytes(),
                one("holdall_disk_size", "The data folder's disk", Value::Gauge(room.total as f64)).in_bytes(),
            ]);
        }
        families
    }

    fn service_families(&self) -> Vec<Family> {
        let (hub, logs) = (self.0.hub.figures(), self.log_figures());
        let mut runs = Family::new("holdall_job_runs", "Runs of jobs");
        let mut running = Family::new("holdall_job_running", "Whether a job runs");
        let mut last = Family::new("holdall_job_last_success_timestamp", "When a job last went well, since 1970");
        last = last.in_seconds();
        for job in self.0.jobs.list() {
            let id = job.id.as_str();
            runs = runs
                .with(&[("job", id), ("outcome", "done")], Value::Counter(job.successes))
                .with(&[("job", id), ("outcome", "failed")], Value::Counter(job.failures));
            running = running.with(&[("job", id)], Value::Gauge(f64::from(u8::from(job.is_running))));
            if let Some(at) = job.last_success {
                last = last.with(&[("job", id)], Value::Gauge(at.unix_seconds() as f64));
            }
        }
        vec![
            one("holdall_realtime_clients", "Realtime clients", Value::Gauge(hub.clients as f64)),
            one("holdall_realtime_subscriptions", "What they listen to", Value::Gauge(hub.subscriptions as f64)),
            one("holdall_realtime_dropped_clients", "Those that were given up", Value::Counter(hub.given_up)),
            one("holdall_log_waiting", "Log entries that wait to be written", Value::Gauge(logs.waiting as f64)),
            one("holdall_log_dropped", "Log entries that were dropped", Value::Counter(logs.dropped)),
            one("holdall_sign_in_refused", "Attempts that had to wait", Value::Counter(self.0.throttle.refused())),
            runs,
            running,
            last,
        ]
    }

    async fn backup_families(&self) -> Result<Vec<Family>> {
        let backups = self.backups().await?;
        let newest = |times: &mut dyn Iterator<Item = &str>| times.max().and_then(Timestamp::parse);
        let made = newest(&mut backups.iter().map(|backup| backup.modified.as_str()));
        let good = backups.iter().filter(|backup| backup.verified == Some(true));
        let verified = newest(&mut good.map(|backup| backup.modified.as_str()));
        let bad = backups.iter().filter(|backup| backup.verified == Some(false)).count();
        let time = |name, help, at: Option<Timestamp>| {
            let family = Family::new(name, help).in_seconds();
            at.map_or(family.clone(), |at| family.with(&[], Value::Gauge(at.unix_seconds() as f64)))
        };
        Ok(vec![
            one("holdall_backups", "Backups in the data folder", Value::Gauge(backups.len() as f64)),
            one("holdall_backups_bad", "Those that can't be restored", Value::Gauge(bad as f64)),
            time("holdall_backup_last_timestamp", "When the newest was made, since 1970", made),
            time("holdall_backup_last_verified_timestamp", "When the newest that is known to be good was", verified),
        ])
    }
}

fn shipping_families(state: &ShippingState) -> Vec<Family> {
    let lag = Value::Gauge(state.lag_ms as f64 / 1000.0);
    let is_failing = !state.error.is_empty() || !state.snapshot_error.is_empty();
    vec![
        one("holdall_shipping_lag", "How far continuous backup is behind", lag).in_seconds(),
        one("holdall_shipping_segments", "Segments that were shipped", Value::Counter(state.segments)),
        one("holdall_shipping_gaps", "How often changes were lost for it", Value::Counter(state.gaps)),
        one("holdall_shipping_failing", "Whether it fails at present", Value::Gauge(f64::from(u8::from(is_failing)))),
    ]
}

fn stored_families(stored: &Stored) -> Vec<Family> {
    let gauge = |number: u64| Value::Gauge(number as f64);
    let uploads = stored.uploads;
    vec![
        one("holdall_mails_queued", "Mails that are still to be sent", gauge(stored.mails_queued)),
        one("holdall_mails_failed", "Mails that couldn't be sent, of the last 30 days", gauge(stored.mails_failed)),
        one("holdall_files_to_remove", "Files that are still to be removed", gauge(stored.files_to_remove)),
        one("holdall_uploads_unfinished", "Resumable uploads on their way", gauge(uploads.count.unsigned_abs())),
        one("holdall_uploads_unfinished_size", "What they will take", gauge(uploads.bytes)).in_bytes(),
    ]
}

/// A family with one figure.
fn one(name: &'static str, help: &'static str, value: Value) -> Family {
    Family::new(name, help).with(&[], value)
}
