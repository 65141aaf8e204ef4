//! The database as it was just before a commit, for those who have to judge by what is gone now.
//!
//! The writer opens a snapshot on a connection of its own just before it commits, which takes some microseconds,
//! and hands it on; whoever gets it reads at their leisure, on a thread of theirs. Invariant: there are never more than
//! [`CONNECTIONS_MAX`] of them, because each keeps the write-ahead log from starting over; a commit that comes while
//! all are in use loses its past, and the writer doesn't wait for one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::connection::{Connection, Role, configure, flags, keep_log};
use super::error;
use super::slow::SlowStatements;
use crate::base::Result;
use crate::domain::Schema;
use crate::store::{ReadTx, StoreOptions};

/// How many pasts may be looked at at the same time.
const CONNECTIONS_MAX: usize = 4;

/// The writer's store of connections for pasts.
pub(super) struct Pasts {
    file: PathBuf,
    wait: Duration,
    limit: Duration,
    slow: Arc<SlowStatements>,
    keeps_log: bool,
    opened: usize,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Pasts {
    /// For this database file. Connections are opened when they are needed.
    pub fn new(file: &Path, options: &StoreOptions, slow: &Arc<SlowStatements>) -> Pasts {
        let (wait, limit) = (options.wait_timeout, options.statement_timeout);
        let (slow, keeps_log) = (slow.clone(), options.keeps_log);
        Pasts { file: file.to_owned(), wait, limit, slow, keeps_log, opened: 0, idle: Arc::default() }
    }

    /// What every new reader would see at this moment, `schema` being the one that belongs to it. `None` if all
    /// connections are in use or none can be opened.
    pub fn take(&mut self, schema: Arc<Schema>) -> Option<Past> {
        let begun = self.connection().and_then(|connection| match connection {
            None => Ok(None),
            Some(connection) => {
                connection.begin_read()?;
                connection.take_snapshot().map(|()| Some(connection))
            }
        });
        match begun {
            Ok(connection) => {
                let idle = self.idle.clone();
                connection.map(|connection| Past { connection: Some(connection), schema, limit: self.limit, idle })
            }
            Err(error) => {
                // What failed was dropped with its connection.
                self.opened = self.opened.saturating_sub(1);
                tracing::warn!(error = %error.log_text(), "the state before a commit can't be read");
                None
            }
        }
    }

    fn connection(&mut self) -> Result<Option<Connection>> {
        if let Some(connection) = lock(&self.idle).pop() {
            return Ok(Some(connection));
        }
        if self.opened == CONNECTIONS_MAX {
            return Ok(None);
        }
        self.opened += 1;
        let open = || {
            let inner = rusqlite::Connection::open_with_flags(&self.file, flags())?;
            configure(&inner, Role::Reader, self.wait)?;
            if self.keeps_log {
                keep_log(&inner)?;
            }
            Ok(Connection::new(inner)?.telling(&self.slow))
        };
        open().map(Some).map_err(|error| error::translate(&error))
    }
}

/// See the module. Dropping it lets the write-ahead log start over.
pub struct Past {
    connection: Option<Connection>,
    schema: Arc<Schema>,
    limit: Duration,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Past {
    /// Runs `job` in the snapshot, on the calling thread.
    ///
    /// # Errors
    /// Those of `job`; 408 if it runs longer than a read may.
    pub fn read<T>(&self, job: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        let connection = self.connection.as_ref().expect("it is taken out when this is dropped");
        connection.set_deadline(self.limit);
        let outcome = job(&ReadTx::new(connection, self.schema.clone()));
        connection.lift_deadline();
        outcome
    }
}

impl Drop for Past {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // One that can't be used any more is kept as well: the next one to take it finds out, and throws it away.
        if let Err(error) = connection.end_read() {
            tracing::warn!(error = %error.log_text(), "a snapshot of the past didn't end as it should");
        }
        lock(&self.idle).push(connection);
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
