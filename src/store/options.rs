//! What a store can be told at start.

use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::base::Timestamp;

/// The databases of a data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// Everything that has to last: an acknowledged write is on disk.
    Data,
    /// The logs, of which the last seconds may be lost with the power. Writing them wears a memory card as little as
    /// can be: nothing is synchronised at a commit, and the write-ahead log is copied when it is full.
    Logs,
}

impl Database {
    /// The name of its file.
    pub const fn file_name(self) -> &'static str {
        match self {
            Database::Data => "data.db",
            Database::Logs => "logs.db",
        }
    }

    /// What the names of its threads begin with.
    pub(super) const fn thread_prefix(self) -> &'static str {
        match self {
            Database::Data => "holdall",
            Database::Logs => "holdall-logs",
        }
    }
}

/// How a store is opened. [`StoreOptions::new`] gives what fits a small server.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The data folder; it is created if it isn't there.
    pub data_dir: PathBuf,
    /// Which database of the folder it is.
    pub database: Database,
    /// How many threads read, each with a connection of its own.
    pub readers: usize,
    /// How many reads, and as many writes, may wait. Whatever comes on top is refused at once (503).
    pub queue_length: usize,
    /// How long a job may wait for its turn before it is refused (503).
    pub wait_timeout: Duration,
    /// How long a job may run before it is interrupted (408).
    pub statement_timeout: Duration,
    /// A statement that takes at least this long is logged with its plan; zero for none.
    pub slow_statement: Duration,
    /// How many writes may share one commit.
    pub group_max: usize,
    /// How long the writer goes on taking waiting jobs into a group before it commits.
    pub group_time: Duration,
    /// Whether the write-ahead log stays when the database is closed, and starts over only when [`Tail`](super::Tail)
    /// has read it: for continuous backup, and for all who use the folder beside it.
    pub keeps_log: bool,
    /// By which clock commits are noted then.
    pub clock: fn() -> Timestamp,
    /// Above this size the write-ahead log is copied into the database file as far as readers allow.
    pub wal_soft_limit_bytes: u64,
    /// Above this size the writer waits a moment for readers, so that the log can start over; above twice this size
    /// it waits as long as a reader may run.
    pub wal_hard_limit_bytes: u64,
}

impl StoreOptions {
    /// The defaults, for the data folder `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> StoreOptions {
        StoreOptions {
            data_dir: data_dir.into(),
            database: Database::Data,
            // More than there are cores, so that a few slow reads don't keep all others waiting.
            readers: available_parallelism().map_or(4, |cores| (cores.get() * 2).clamp(4, 16)),
            queue_length: 2048,
            wait_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
            slow_statement: Duration::from_millis(500),
            group_max: 512,
            group_time: Duration::from_millis(5),
            keeps_log: false,
            clock: Timestamp::now,
            wal_soft_limit_bytes: 16 << 20,
            wal_hard_limit_bytes: 64 << 20,
        }
    }

    /// The defaults for the logs of the data folder `data_dir`.
    pub fn for_logs(data_dir: impl Into<PathBuf>) -> StoreOptions {
        StoreOptions {
            database: Database::Logs,
            // One that goes through all logs for a filter, and one for everybody else meanwhile.
            readers: 2,
            wal_soft_limit_bytes: 4 << 20,
            wal_hard_limit_bytes: 16 << 20,
            ..StoreOptions::new(data_dir)
        }
    }
}
