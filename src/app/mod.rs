//! The program as a value: it owns the services and gives edges one method per thing that can be asked.
//!
//! An edge (REST, command line, later GraphQL and gRPC) makes a [`Caller`] of its request and calls a method here; the
//! method opens a transaction, turns the caller's token into a principal inside of it, and calls the service. Nothing
//! is decided here. Invariant: no edge reaches the store but through this module.

mod accounts;
mod caller;
mod collections;
mod health;
mod owner;
mod records;
mod setup;
pub mod superusers;

use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Passwords, token};
use crate::base::Result;
use crate::collections as collections_service;
use crate::domain::{Principal, RequestInfo};
use crate::query::dialect::Dialect;
use crate::records::{Cx, Plans};
use crate::settings::Config;
use crate::store::{ReadTx, Store, StoreOptions, StoreStats, WriteTx};

pub use caller::Caller;

/// The running program. Clones share it.
#[derive(Clone)]
pub struct App(Arc<Services>);

struct Services {
    store: Store,
    plans: Plans,
    passwords: Passwords,
    setup: setup::SetupLink,
}

impl App {
    /// Opens the data folder (creating it if need be), brings it up to date and starts the store's threads.
    ///
    /// # Errors
    /// Whatever keeps the store from opening: a damaged or newer data folder, no permission, no room.
    pub fn open(config: &Config) -> Result<App> {
        let options = StoreOptions {
            readers: config.readers,
            queue_length: config.queue_length,
            wait_timeout: Duration::from_millis(config.wait_timeout_ms),
            statement_timeout: Duration::from_millis(config.statement_timeout_ms),
            wal_soft_limit_bytes: config.wal_soft_limit_mb << 20,
            wal_hard_limit_bytes: config.wal_hard_limit_mb << 20,
            ..StoreOptions::new(&config.data_dir)
        };
        let store = Store::open(options, collections_service::load_schema)?;
        store.write_blocking(collections_service::bootstrap)?;
        let app = App(Arc::new(Services {
            store,
            plans: Plans::new(Dialect::Sqlite),
            passwords: Passwords::new(config.bcrypt_max_parallel),
            setup: setup::SetupLink::default(),
        }));
        app.offer_setup()?;
        Ok(app)
    }

    /// Ends the store's threads once their queues are empty. Whatever comes later is refused.
    pub fn close(&self) {
        self.0.store.close();
    }

    /// Figures of the store.
    pub fn stats(&self) -> StoreStats {
        self.0.store.stats()
    }

    /// Runs `job` in a snapshot with the caller's principal.
    async fn read<T: Send + 'static>(
        &self,
        caller: Arc<Caller>,
        job: impl Fn(&ReadTx<'_>, &Cx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let services = self.0.clone();
        self.0
            .store
            .read(move |tx| {
                let principal = services.principal(tx, &caller)?;
                job(tx, &Cx { principal: &principal, request: &caller.request, plans: &services.plans })
            })
            .await
    }

    /// Runs `job` in a transaction with the caller's principal; the answer comes when it is on disk.
    async fn write<T: Send + 'static>(
        &self,
        caller: Arc<Caller>,
        job: impl FnOnce(&mut WriteTx<'_>, &Cx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let services = self.0.clone();
        self.0
            .store
            .write(move |tx| {
                let principal = services.principal(tx, &caller)?;
                job(tx, &Cx { principal: &principal, request: &caller.request, plans: &services.plans })
            })
            .await
    }
}

impl Services {
    /// Whom the caller's token names; a guest if it has none or an invalid one.
    fn principal(&self, tx: &ReadTx<'_>, caller: &Caller) -> Result<Principal> {
        match &caller.token {
            None => Ok(Principal::Guest),
            Some(text) => {
                let nobody = Cx { principal: &Principal::Guest, request: &RequestInfo::default(), plans: &self.plans };
                token::principal(tx, &nobody, text)
            }
        }
    }
}
