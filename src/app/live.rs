//! What changes with the settings while the program runs.
//!
//! Everything that is made of settings is in one value, [`Live`], which is replaced as a whole: whoever works with it
//! keeps the one that it began with. Parts that what has changed doesn't concern are taken over. Not here: when it
//! changes (`settings`).

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::mails;
use crate::auth::passkeys::RelyingParty;
use crate::backup::Shelf;
use crate::base::Result;
use crate::files::Storage;
use crate::mail::{Letterhead, Smtp};
use crate::rates::Limiter;
use crate::settings::stored::InForce;
use crate::settings::{Config, Model};

/// See the module.
pub(super) struct Live {
    /// The whole configuration, with what the settings say.
    pub config: Config,
    /// The settings as the interface has them.
    pub model: Model,
    /// Scheme, host and port under which people reach this server, as browsers write it in `Origin`.
    pub public_origin: Arc<str>,
    pub letterhead: Letterhead,
    /// The mail server; `None` keeps all mail here.
    pub smtp: Option<Smtp>,
    /// Files that have arrived.
    pub storage: Storage,
    /// Backups. What is being made or tested stays where it was begun.
    pub shelf: Shelf,
    pub relying_party: Arc<RelyingParty>,
    /// Counts requests; `None` while they aren't limited.
    pub limiter: Option<Limiter>,
}

/// The one that is in force.
pub(super) struct Current(ArcSwap<Live>);

impl Live {
    /// Makes it all.
    ///
    /// # Errors
    /// 400 if mail, storage or the place of backups can't be used as they are configured; 503 if the storage's folder
    /// can't.
    pub fn new(in_force: InForce) -> Result<Live> {
        Live::after(None, in_force)
    }

    /// What comes after this one.
    ///
    /// # Errors
    /// As [`Live::new`].
    pub fn next(&self, in_force: InForce) -> Result<Live> {
        Live::after(Some(self), in_force)
    }

    fn after(before: Option<&Live>, in_force: InForce) -> Result<Live> {
        let InForce { model, config } = in_force;
        let public_origin: Arc<str> = config.origin().into();
        let same_files = before.filter(|before| before.config.files_bucket() == config.files_bucket());
        let same_backups = before.filter(|before| before.config.backup_bucket() == config.backup_bucket());
        // It knows the ceremonies that have begun.
        let same_party = before
            .filter(|before| (&before.public_origin, &before.config.app_name) == (&public_origin, &config.app_name));
        Ok(Live {
            letterhead: mails::letterhead(&config)?,
            smtp: Smtp::new(&config)?,
            storage: same_files.map_or_else(|| Storage::open(&config), |before| Ok(before.storage.clone()))?,
            shelf: match (same_backups, before) {
                (Some(before), _) => before.shelf.clone(),
                // Its folder knows who is at work.
                (None, Some(before)) => Shelf::of(before.shelf.folder().clone(), &config)?,
                (None, None) => Shelf::open(&config)?,
            },
            relying_party: same_party.map_or_else(
                || Arc::new(RelyingParty::new(&public_origin, &config.app_name)),
                |before| before.relying_party.clone(),
            ),
            limiter: config.rate_limits_enabled.then(|| Limiter::new(&config.rate_limits)),
            public_origin,
            config,
            model,
        })
    }
}

impl Current {
    pub fn new(live: Live) -> Current {
        Current(ArcSwap::from_pointee(live))
    }

    pub fn get(&self) -> Arc<Live> {
        self.0.load_full()
    }

    pub fn set(&self, live: Live) {
        self.0.store(Arc::new(live));
    }
}
