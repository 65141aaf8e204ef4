//! The log of requests, and of what the program itself warns of: what is noted of each, the queues on the way to disk,
//! and the table `_logs` of `logs.db`.
//!
//! Called by the app, which owns the queue and the store. Invariants: whoever notes something never waits; what opens
//! an account is masked before it gets to disk (`mask`); queue and table are bounded. Not here: who may look (`app`),
//! which requests are noted (`web::activity`), the terminal's log (`tracing`).

mod allowance;
mod mask;
mod program;
mod queue;
mod request;
mod table;

use crate::base::{Timestamp, json};

pub use mask::{masked_text, masked_url};
pub use program::{Detail, Happening, ProgramLog, WRITER_THREAD};
pub use queue::{Batch, Bounds, Pushed, Queue};
pub use request::{Failure, RequestLog, request_level};
pub use table::{
    LOGS, Stored, count, delete_all, delete_below, delete_older, find, insert, latest, shrink, since, write_row,
};

/// The levels that have names; others are allowed.
pub mod level {
    /// What helps to find mistakes.
    pub const DEBUG: i64 = -4;
    /// What goes as it should.
    pub const INFO: i64 = 0;
    /// What somebody should know of.
    pub const WARN: i64 = 4;
    /// What failed.
    pub const ERROR: i64 = 8;
}

/// The name of a level for people: that of the nearest one below it.
pub fn level_name(level: i64) -> &'static str {
    match level {
        ..level::INFO => "DEBUG",
        level::INFO..level::WARN => "INFO",
        level::WARN..level::ERROR => "WARN",
        level::ERROR.. => "ERROR",
    }
}

/// Something to be written to the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it happened.
    pub created: Timestamp,
    /// See [`level`].
    pub level: i64,
    /// What happened, in one line.
    pub message: String,
    /// What is known of it: a JSON object.
    pub data: String,
}

impl Entry {
    /// What is written in place of `count` entries that got lost.
    pub fn of_dropped(count: u64, created: Timestamp) -> Entry {
        let mut data = String::from("{\"dropped\":");
        data.push_str(&count.to_string());
        data.push_str(",\"type\":");
        json::write_str(&mut data, "logs");
        data.push('}');
        let message = format!("{count} entries are missing here: more came than are kept, or could be written");
        Entry { created, level: level::WARN, message, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_between_the_named_ones_have_names_too() {
        for (level, name) in [
            (i64::MIN, "DEBUG"),
            (-4, "DEBUG"),
            (-1, "DEBUG"),
            (0, "INFO"),
            (3, "INFO"),
            (4, "WARN"),
            (8, "ERROR"),
            (i64::MAX, "ERROR"),
        ] {
            assert_eq!(level_name(level), name, "{level}");
        }
    }

    #[test]
    fn what_got_lost_is_told() {
        let entry = Entry::of_dropped(7, Timestamp::now());
        assert_eq!(entry.data, "{\"dropped\":7,\"type\":\"logs\"}");
        assert!(entry.level == level::WARN && entry.message.starts_with("7 entries"), "{entry:?}");
    }
}
