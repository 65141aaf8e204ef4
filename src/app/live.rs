//! What changes with the settings while the program runs.
//!
//! Everything that is made of settings is in one value, [`Live`], which is replaced as a whole: whoever works with it
//! keeps the one that it began with. Parts that what has changed doesn't concern are taken over. Not here: when it
//! changes (`settings`).

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::mails;
use crate::auth::passkeys::RelyingParty;
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
    /// 400 if mail or storage can't be used as they are configured; 503 if the storage's folder can't.
    pub fn new(in_force: InForce) -> Result<Live> {
        let InForce { model, config } = in_force;
        let public_origin: Arc<str> = config.origin().into();
        Ok(Live {
            letterhead: mails::letterhead(&config)?,
            smtp: Smtp::new(&config)?,
            storage: Storage::open(&config)?,
            relying_party: Arc::new(RelyingParty::new(&public_origin, &config.app_name)),
            limiter: config.rate_limits_enabled.then(|| Limiter::new(&config.rate_limits)),
            public_origin,
            config,
            model,
        })
    }

    /// What comes after this one.
    ///
    /// # Errors
    /// As [`Live::new`].
    pub fn next(&self, in_force: InForce) -> Result<Live> {
        let mut next = Live::new(in_force)?;
        if storage_settings(&next.config) == storage_settings(&self.config) {
            next.storage = self.storage.clone();
        }
        let (party, before) =
            ((&next.public_origin, &next.config.app_name), (&self.public_origin, &self.config.app_name));
        if party == before {
            // It knows the ceremonies that have begun.
            next.relying_party = self.relying_party.clone();
        }
        Ok(next)
    }
}

/// What says where files are.
fn storage_settings(config: &Config) -> impl PartialEq + '_ {
    let bucket = (&config.s3_bucket, &config.s3_endpoint, &config.s3_region, config.s3_addressing);
    (bucket, &config.s3_access_key, &config.s3_secret_key)
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
