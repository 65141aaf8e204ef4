//! The program as a value: it owns the services and gives edges one method per thing that can be asked.
//!
//! An edge (REST, command line, later GraphQL and gRPC) makes a [`Caller`] of its request and calls a method here; the
//! method opens a transaction, turns the caller's token into a principal inside of it, and calls the service. Nothing
//! is decided here. Invariant: no edge reaches the store but through this module.

pub mod access;
mod accounts;
mod admission;
mod background;
mod backup_work;
mod backups;
mod batch;
mod caller;
mod codes;
mod collections;
pub mod doctor;
mod downloads;
mod export;
mod factors;
mod file_queue;
mod files;
mod files_check;
mod forward_auth;
mod health;
mod identity;
mod import_pocketbase;
mod import_table;
mod jobs;
mod keys;
mod live;
mod log_tail;
mod logs;
mod mail_flows;
mod mails;
mod metrics;
mod oauth2;
mod owner;
mod pages;
mod passkeys;
mod readiness;
mod realtime;
mod records;
mod second_steps;
mod sessions;
mod settings;
mod settings_trial;
mod setup;
mod shipping;
mod sql;
pub mod superusers;
mod touch;
mod upgrade;
mod upload_use;
mod uploads;

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tracing::Instrument;

use crate::auth::attempts::Attempts;
use crate::auth::throttle::Throttle;
use crate::auth::{Passwords, totp};
use crate::backup::swap::{self, InUse, Settled};
use crate::base::{Result, Timestamp};
use crate::collections as collections_service;
use crate::domain::Event;
use crate::files::previews::Options as PreviewOptions;
use crate::files::{Previews, Spool, Storage, Turns};
use crate::jobs::Jobs;
use crate::monitor::Requests;
use crate::query::dialect::Dialect;
use crate::realtime::{Bounds, Hub, Timing};
use crate::records::{Cx, Plans};
use crate::settings::Config;
use crate::store::{Before, ReadTx, Store, StoreOptions, StoreStats, Witness, WriteTx};

use live::Live;

pub use crate::auth::factors::Lost;
pub use crate::auth::sessions::NewSession;
pub use crate::auth::sign_in::{Outcome, SignedIn};
pub use crate::backup::ship::{Restored, ShippingState, Stretch, Wanted};
pub use crate::rates::Quota;
pub use crate::realtime::{Connection, EventStream, Piece, Subscription, Told};
pub use crate::records::{FileKeys, UploadTarget, VisibleFile};
pub use admission::{Admission, TrustedProxy};
pub use backups::{BackupFile, BackupItem};
pub use batch::{BatchAction, BatchAnswer, BatchItem, BatchLimits};
pub use caller::{Caller, Cookie, Site, Trace};
pub use downloads::ContentSource;
pub use export::{Export, Exported};
pub use files_check::{FilesReport, Mismatch};
pub use forward_auth::{Asked, Verdict};
pub use import_pocketbase::PocketBaseImport;
pub use import_table::{TableImport, TableOutcome, TableUpload};
pub use keys::OwnedKey;
pub use log_tail::LogTail;
pub use logs::LogFigures;
pub use oauth2::{Comeback, Completion, Departure, FLOW_LIFETIME, REDIRECT_PATH};
pub use readiness::Readiness;
pub use upgrade::{FilesSince, Rollback};
pub use uploads::{NewUpload, Receiving, UploadState};

/// The running program. Clones share it.
#[derive(Clone)]
pub struct App(Arc<Services>);

struct Services {
    store: Store,
    plans: Plans,
    passwords: Passwords,
    /// Who listens.
    hub: Hub,
    /// Failed attempts to get in.
    throttle: Throttle,
    oauth2: oauth2::OAuth2,
    setup: setup::SetupLink,
    /// Sessions and API keys whose use was noted within the last minute.
    touched: touch::Touched,
    /// What was tried in vain in second steps.
    attempts: Attempts,
    /// Authenticator apps that are being set up.
    totp_setups: totp::Setups,
    background: background::Background,
    /// Files that are arriving.
    spool: Spool,
    previews: Previews,
    file_queue: file_queue::FileQueue,
    /// Who writes to which resumable upload.
    turns: Turns,
    backups: backups::Backups,
    shipping: shipping::Shipping,
    /// Keeps the data where it is while the program runs.
    _in_use: InUse,
    sender: mails::Sender,
    codes: codes::Codes,
    /// Requests that were answered.
    logs: logs::Logs,
    /// What is done at certain times.
    jobs: Jobs,
    /// Requests that were answered, by route.
    requests: Requests,
    /// Looks at whether the server is ready.
    looks: readiness::Looks,
    started: Timestamp,
    /// Figures of others.
    figures: metrics::Others,
    /// What the settings say, and what is made of it.
    live: live::Current,
    settings: settings::Settings,
    /// Statements that superusers have typed.
    running: sql::Running,
}

impl App {
    /// Opens the data folder (creating it if need be), brings it up to date and starts the store's threads. If a
    /// restoration is ordered, that comes first; a restored state that can't be opened makes room for the one before.
    ///
    /// # Errors
    /// Whatever keeps the store from opening: a damaged or newer data folder, no permission, no room. 400 for what the
    /// configuration says of mail, storage and jobs, if it can't be used.
    pub fn open(config: &Config) -> Result<App> {
        App::open_settled(config).map(|(app, _)| app)
    }

    /// The same, with whether a restored state was put in place.
    fn open_settled(config: &Config) -> Result<(App, bool)> {
        // Before the data folder is touched.
        Storage::check(config)?;
        App::check_mail(config)?;
        App::check_jobs(config)?;
        App::check_backup_places(config)?;
        let restored = swap::settle(&config.data_dir)?;
        match (App::open_data(config), restored) {
            (Ok(app), Settled::Swapped) => {
                swap::finish(&config.data_dir);
                tracing::info!("the restored state is in place");
                Ok((app, true))
            }
            (Err(error), Settled::Swapped) => {
                tracing::error!("the restored state can't be opened, and the one before is back: {}", error.log_text());
                swap::undo(&config.data_dir)?;
                App::open_data(config).map(|app| (app, false))
            }
            (opened, _) => opened.map(|app| (app, false)),
        }
    }

    /// Opens the data. If an earlier version has left it, its state is kept first, and nobody else uses it until it is
    /// up to date.
    fn open_data(config: &Config) -> Result<App> {
        let Some(upgrade) = upgrade::Upgrade::prepare(config)? else {
            let known = swap::in_use(&config.data_dir, false);
            let (store, logs) = App::open_stores(config)?;
            let in_use = if known.is_held() { known } else { swap::in_use(&config.data_dir, true) };
            return App::assemble(config, store, logs, in_use);
        };
        match App::open_stores(config) {
            Ok((store, logs)) => App::assemble(config, store, logs, upgrade.finish(config)?),
            Err(error) => {
                upgrade.give_up(config);
                Err(error)
            }
        }
    }

    /// Opens the databases and brings them up to date.
    fn open_stores(config: &Config) -> Result<(Store, logs::Logs)> {
        let options = StoreOptions {
            readers: config.readers,
            queue_length: config.queue_length,
            wait_timeout: Duration::from_millis(config.wait_timeout_ms),
            statement_timeout: Duration::from_millis(config.statement_timeout_ms),
            slow_statement: Duration::from_millis(config.slow_statement_ms),
            keeps_log: !config.ship_to.is_empty(),
            wal_soft_limit_bytes: config.wal_soft_limit_mb << 20,
            wal_hard_limit_bytes: config.wal_hard_limit_mb << 20,
            ..StoreOptions::new(&config.data_dir)
        };
        let store = Store::open(options, collections_service::load_schema)?;
        store.write_blocking(collections_service::bootstrap)?;
        let logs = logs::Logs::open(config)?;
        Ok((store, logs))
    }

    fn assemble(config: &Config, store: Store, logs: logs::Logs, in_use: InUse) -> Result<App> {
        let spool = Spool::open(&config.data_dir)?;
        let (settings, in_force) = settings::Settings::open(&store, config)?;
        let live = Live::new(in_force)?;
        let app = App(Arc::new(Services {
            store,
            plans: Plans::new(Dialect::Sqlite),
            passwords: Passwords::new(config.bcrypt_max_parallel),
            hub: Hub::new(realtime_bounds(config), Timing::default()),
            throttle: Throttle::new(config.login_failures_per_account, config.login_failures_per_address),
            oauth2: oauth2::OAuth2::new(),
            setup: setup::SetupLink::default(),
            touched: touch::Touched::new(),
            attempts: Attempts::new(),
            totp_setups: totp::Setups::new(),
            background: background::Background::default(),
            spool,
            previews: Previews::new(PreviewOptions::new(config.thumb_workers, config.thumb_max_megapixels)),
            file_queue: file_queue::FileQueue::new(),
            turns: uploads::new_turns(),
            backups: backups::Backups::default(),
            shipping: shipping::Shipping::default(),
            _in_use: in_use,
            sender: mails::Sender::new(),
            codes: codes::Codes::new(),
            logs,
            jobs: Jobs::default(),
            requests: Requests::default(),
            looks: readiness::Looks::default(),
            started: Timestamp::now(),
            figures: metrics::Others::default(),
            live: live::Current::new(live),
            settings,
            running: sql::Running::default(),
        }));
        app.0.store.set_witness(Box::new(Ears(Arc::downgrade(&app.0))));
        app.register_jobs()?;
        app.offer_setup()?;
        Ok(app)
    }

    /// Ends the store's threads once their queues are empty. Whatever comes later is refused.
    pub fn close(&self) {
        self.0.store.close();
        self.0.logs.close(&self.live().config);
    }

    /// Scheme, host and port under which people reach this server, as browsers write it in `Origin`.
    pub fn public_origin(&self) -> Arc<str> {
        self.live().public_origin.clone()
    }

    /// Whether people reach this server over HTTPS.
    pub fn is_public_over_https(&self) -> bool {
        self.live().public_origin.starts_with("https://")
    }

    /// Where pages may lead back to besides this server: see `web::redirects`.
    pub fn redirect_allow(&self) -> Vec<String> {
        self.live().config.redirect_allow.clone()
    }

    /// What the settings say now, and what is made of it.
    fn live(&self) -> Arc<Live> {
        self.0.live.get()
    }

    /// Where programs that watch this one get their answers without signing in, if anywhere.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.live().config.metrics_http
    }

    /// Figures of the store.
    pub fn stats(&self) -> StoreStats {
        self.0.store.stats()
    }

    /// How much bcrypt has computed: see [`Passwords::work_rounds`].
    pub fn password_work_rounds(&self) -> u64 {
        self.0.passwords.work_rounds()
    }

    /// Runs `job` in a snapshot with the caller's principal.
    async fn read<T: Send + 'static>(
        &self,
        caller: Arc<Caller>,
        job: impl Fn(&ReadTx<'_>, &Cx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (app, span) = (self.clone(), caller.trace.span());
        self.0
            .store
            .read(move |tx| {
                let identity = app.identify(tx, &caller)?;
                job(tx, &identity.cx(&caller.request, &app.0.plans))
            })
            .instrument(span)
            .await
    }

    /// Runs `job` in a transaction with the caller's principal; the answer comes when it is on disk, and then the rest
    /// of the program learns what has happened.
    async fn write<T: Send + 'static>(
        &self,
        caller: Arc<Caller>,
        job: impl FnOnce(&mut WriteTx<'_>, &Cx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (app, span) = (self.clone(), caller.trace.span());
        self.commit(move |tx| {
            let identity = app.identify(tx, &caller)?;
            job(tx, &identity.cx(&caller.request, &app.0.plans))
        })
        .instrument(span)
        .await
    }

    /// Runs `job` in a transaction. What it announced is handed on by [`Ears`] once that is on disk, before the answer.
    async fn commit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.store.write(job).await
    }

    /// The same in a group of its own, for a job that may take longer than others, but no longer than `limit`.
    async fn commit_alone<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.store.write_alone(limit, job).await
    }
}

fn realtime_bounds(config: &Config) -> Bounds {
    Bounds {
        clients: config.realtime_max_clients,
        log_changes: config.realtime_log_changes,
        log_bytes: config.realtime_log_mb << 20,
    }
}

/// Hands on what transactions have announced. It knows the program only as long as that exists: the program owns the
/// store, and the store owns this.
struct Ears(Weak<Services>);

impl Witness for Ears {
    fn wants_records(&self) -> bool {
        self.0.upgrade().is_some_and(|services| services.hub.wants_records())
    }

    fn wants_past(&self, events: &[Event]) -> bool {
        self.0.upgrade().is_some_and(|services| events.iter().any(|event| services.hub.needs_past(event)))
    }

    fn committed(&self, events: Vec<Event>, before: Before) {
        let Some(app) = self.0.upgrade().map(App) else { return };
        for event in &events {
            app.mails_hear(event);
            app.files_hear(event);
        }
        app.0.hub.hear(events, before);
    }
}
