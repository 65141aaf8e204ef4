//! Continuous backup: what the program does of it by itself, and restoring a moment without a server.
//!
//! Not here: the work itself (`backup::ship`).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::App;
use crate::backup::ship::files::FileLine;
use crate::backup::ship::restore::Restoration;
use crate::backup::ship::{Options, Restored, Shipper, ShippingState, Stretch, Target, Wanted, stretches};
use crate::backup::{Folder, Shelf, swap};
use crate::base::limits::SHIP_END_SECONDS;
use crate::base::progress::Progress;
use crate::base::{Error, Result};
use crate::collections::load_schema;
use crate::settings::{Config, Location};

/// How long to wait before a target that can't be opened is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// What the program knows of continuous backup while it runs.
#[derive(Default)]
pub(super) struct Shipping {
    /// Once the target could be opened.
    shipper: OnceLock<Shipper>,
    files: Arc<FileLine>,
}

impl App {
    /// Whether what the configuration says of the places of backups and continuous backup can be used; whether they
    /// answer shows later.
    ///
    /// # Errors
    /// 400 if it can't.
    pub fn check_backup_places(config: &Config) -> Result<()> {
        if let Some(location @ Location::Bucket(_)) = config.ship_location() {
            Target::open(&location)?;
        }
        Shelf::open(config).map(|_| ())
    }

    /// Ships what is committed, for as long as the program runs, if the configuration says where to.
    pub(super) async fn ship_forever(self) {
        let live = self.live();
        let config = &live.config;
        let Some(location) = config.ship_location() else { return };
        let target = loop {
            match Target::open(&location) {
                Ok(target) => break target,
                Err(error) => tracing::warn!("changes can't be shipped yet: {}", error.log_text()),
            }
            tokio::time::sleep(AGAIN).await;
        };
        let (retention_hours, snapshot_hours) = (config.ship_retention_hours, config.ship_snapshot_hours);
        let has_files = self.live().storage.is_local();
        let options = Options { target: target.clone(), retention_hours, snapshot_hours, has_files, load: load_schema };
        let shipper = match Shipper::new(options, &self.0.store, &config.data_dir) {
            Ok(shipper) => self.0.shipping.shipper.get_or_init(|| shipper).clone(),
            Err(error) => return tracing::error!("changes aren't shipped: {}", error.log_text()),
        };
        shipper.remove_leftovers();
        let interval = Duration::from_millis(config.ship_interval_ms);
        if has_files {
            let (app, storage) = (self.clone(), live.storage.clone());
            self.spawn(async move {
                let (files, services) = (app.0.shipping.files.clone(), &app.0);
                files.run_forever(&target, &services.store, &storage, retention_hours).await;
            });
        }
        drop(self);
        shipper.run_forever(interval).await;
    }

    /// A file has come that has to be shipped, too.
    pub(super) fn ship_file(&self, key: String) {
        if !self.live().config.ship_to.is_empty() && self.live().storage.is_local() {
            self.0.shipping.files.add(key);
        }
    }

    /// Ships what is left before the program ends, as far as that is possible in a few seconds. What isn't shipped then
    /// will be at the next start.
    pub async fn finish_shipping(&self) {
        let Some(shipper) = self.0.shipping.shipper.get() else { return };
        let limit = Duration::from_secs(SHIP_END_SECONDS);
        let ended = tokio::time::timeout(limit, shipper.finish()).await;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("the last changes aren't shipped yet: {}", error.log_text()),
            Err(_) => tracing::warn!("the last changes aren't shipped yet: it takes too long"),
        }
    }

    /// How continuous backup fares; `None` if there is none.
    pub fn shipping_state(&self) -> Option<ShippingState> {
        if self.live().config.ship_to.is_empty() {
            return None;
        }
        Some(self.0.shipping.shipper.get().map_or_else(ShippingState::default, Shipper::state))
    }

    /// The moments that can be restored, the oldest first; from another place than that of the configuration with
    /// `from`.
    ///
    /// # Errors
    /// 400 if no place is named; 503 if it can't be read.
    pub async fn moments(config: &Config, from: Option<&str>) -> Result<Vec<Stretch>> {
        let target = ship_target(config, from)?;
        Ok(stretches(&target.generations().await?))
    }

    /// Restores a moment without a server. Nobody else may use the data folder. The app is the restored one.
    ///
    /// # Errors
    /// 400 if there is no such moment, or no place is named; 503 if what makes it up is missing or damaged, or somebody
    /// uses the data folder.
    pub async fn restore_moment(
        config: &Config,
        from: Option<&str>,
        wanted: Wanted,
        up_to_gap: bool,
        progress: &dyn Progress,
    ) -> Result<(App, Restored)> {
        let target = ship_target(config, from)?;
        let alone = swap::alone(&config.data_dir)?;
        let busy = Folder::new(&config.data_dir).busy()?;
        let restoration = Restoration { target: &target, wanted, up_to_gap, progress };
        let restored = restoration.prepare(&config.data_dir, load_schema).await?;
        drop((alone, busy));
        match App::open_settled(config)? {
            (app, true) => Ok((app, restored)),
            (app, false) => {
                app.close();
                Err(Error::unavailable("The moment couldn't be put in place, and the state before is back."))
            }
        }
    }
}

fn ship_target(config: &Config, from: Option<&str>) -> Result<Target> {
    let location = match from {
        Some(from) => Some(config.ship_location_at(from)),
        None => config.ship_location(),
    };
    let Some(location) = location else {
        return Err(Error::invalid("Say where from: with --from, or by the key `ship_to` of the configuration."));
    };
    Target::find(&location)?.ok_or_else(|| Error::invalid(format!("There is no {location}.")))
}
