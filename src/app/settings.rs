//! The settings in the database: at start, when superusers change them, and when another process has.
//!
//! Invariants: a change is on disk before it is in force; what can't be used (a certificate that isn't there, say) is
//! refused before it is stored; one change at a time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::live::Live;
use super::logs::DIALECT;
use super::{App, Caller};
use crate::base::{Error, FieldError, Result};
use crate::domain::Schema;
use crate::jobs::Expression;
use crate::records::access;
use crate::settings::stored::{InForce, Stored, locked};
use crate::settings::{Config, Model};
use crate::store::{Store, WriteTx};

/// How often the program looks whether another process, such as `holdall superuser ips`, has changed the settings.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The parts whose change concerns what is in the log.
const LOGS: &str = "logs.";
/// When backups are made.
const CRON: &str = "backups.cron";

/// What settings are made of.
pub(super) struct Settings {
    /// The configuration without the database.
    base: Config,
    /// What is stored, as it was last read or written. Whoever changes it holds the lock meanwhile.
    stored: Mutex<Stored>,
}

impl Settings {
    /// Reads what is stored, and encrypts it if it isn't as it should be.
    ///
    /// # Errors
    /// 400 if it is encrypted and the key isn't there.
    pub fn open(store: &Store, base: &Config) -> Result<(Settings, InForce)> {
        let config = base.clone();
        let mut stored = store.read_blocking(move |tx| Stored::load(tx, DIALECT, &config))?;
        if stored.needs_sealing(base) {
            let (config, before) = (base.clone(), stored);
            stored = store.write_blocking(move |tx| before.save(tx, DIALECT, &config, &before))?;
            tracing::info!("the settings in the database are encrypted now");
        }
        let in_force = stored.in_force(base)?;
        Ok((Settings { base: base.clone(), stored: Mutex::new(stored) }, in_force))
    }
}

impl App {
    /// The settings, without secrets. For superusers.
    ///
    /// # Errors
    /// 401, 403.
    pub async fn view_settings(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), |_, cx| access::require_superuser(cx.principal)).await?;
        self.settings_json()
    }

    /// Changes settings, and yields them all. For superusers, and for no API key.
    ///
    /// # Errors
    /// 401, 403; 400 for what isn't right, each problem under its path; 409 if another process was faster.
    pub async fn update_settings(&self, caller: Caller, patch: Map<String, Json>) -> Result<String> {
        self.require_superuser_in_person(Arc::new(caller)).await?;
        self.change_settings(&patch).await?;
        self.settings_json()
    }

    /// As the interface has them, with what is locked.
    fn settings_json(&self) -> Result<String> {
        self.live().model.to_json(&locked(&self.0.settings.base))
    }

    /// The settings with the secrets, for whoever runs the program.
    pub fn settings(&self) -> Model {
        self.live().model.clone()
    }

    /// Changes settings. For whoever runs the program.
    ///
    /// # Errors
    /// As [`App::update_settings`].
    pub async fn change_settings(&self, patch: &Map<String, Json>) -> Result<()> {
        let Settings { base, stored } = &self.0.settings;
        let mut stored = stored.lock().await;
        let before = self.load_stored().await?;
        let mut change = before.change(base, patch)?;
        let cron = &change.after.model.backups.cron;
        let is_changed = change.paths.iter().any(|path| path == CRON);
        if let (true, false, Err(message)) = (is_changed, cron.is_empty(), Expression::parse(cron)) {
            change.errors.add(CRON, FieldError::new("validation_invalid_cron", message));
        }
        let paths = std::mem::take(&mut change.paths);
        let (next, in_force) = change.accept()?;
        if paths.is_empty() {
            return Ok(());
        }
        let live = self.made_of(in_force).await?;
        let config = base.clone();
        *stored = self.commit(move |tx| next.save(tx, DIALECT, &config, &before)).await?;
        self.0.live.set(live);
        tracing::info!(settings = paths.join(", "), "settings have changed");
        self.take_effect(paths.iter().any(|path| path.starts_with(LOGS))).await;
        Ok(())
    }

    /// What is made of settings; nothing has changed yet.
    async fn made_of(&self, in_force: InForce) -> Result<Live> {
        let live = self.live();
        spawn_blocking(move || live.next(in_force)).await.map_err(Error::internal)?
    }

    async fn load_stored(&self) -> Result<Stored> {
        let base = self.0.settings.base.clone();
        self.0.store.read(move |tx| Stored::load(tx, DIALECT, &base)).await
    }

    /// Does what follows from settings that have changed.
    async fn take_effect(&self, with_logs: bool) {
        self.0.hub.end_superusers(|ip| self.lets_superusers_in(ip));
        if let Err(error) = self.register_backup_job() {
            tracing::error!("backups aren't scheduled: {}", error.log_text());
        }
        self.0.sender.wake();
        if !with_logs {
            return;
        }
        if let Err(error) = self.clone().clean_up_logs().await {
            tracing::warn!("the log of requests couldn't be cleaned up: {}", error.log_text());
        }
    }

    /// Has the labels of rate limits follow collections that have another name than in `before`, in the transaction
    /// that renames them.
    pub(super) fn rename_in_limits(&self, tx: &mut WriteTx<'_>, before: &Schema) -> Result<()> {
        let now = tx.schema().clone();
        let renamed: Vec<(&str, &str)> = before
            .collections()
            .iter()
            .filter_map(|old| Some((old.name.as_str(), now.by_id(&old.id)?.name.as_str())))
            .filter(|(old, new)| old != new)
            .collect();
        if renamed.is_empty() {
            return Ok(());
        }
        let base = &self.0.settings.base;
        let stored = Stored::load(tx, DIALECT, base)?;
        match stored.with_renamed(&renamed) {
            Some(next) => next.save(tx, DIALECT, base, &stored).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Puts into force what a transaction has changed of the settings, if it has.
    pub(super) async fn follow_settings(&self) {
        if let Err(error) = self.reload_settings().await {
            tracing::warn!("changed settings can't be used: {}", error.log_text());
        }
    }

    /// Looks now and then whether another process has changed the settings, for as long as the program runs.
    pub(super) async fn watch_settings(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.follow_settings().await;
        }
    }

    async fn reload_settings(&self) -> Result<()> {
        let Settings { base, stored } = &self.0.settings;
        let mut stored = stored.lock().await;
        let now = self.load_stored().await?;
        if now == *stored {
            return Ok(());
        }
        // Whether or not it can be used: it is looked at once.
        *stored = now;
        let live = self.made_of(stored.in_force(base)?).await?;
        self.0.live.set(live);
        tracing::info!("settings have changed beside the settings' own door");
        self.take_effect(true).await;
        Ok(())
    }
}
