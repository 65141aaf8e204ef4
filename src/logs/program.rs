//! What the program itself has to say: its warnings and errors, on their way into the log beside the requests.
//!
//! Filled by the subscriber on the terminal (`cli::logging`), from whatever thread something happens on; emptied by the
//! app when it writes the log. Invariants: whoever notes something never waits; what is noted is bounded by number,
//! size and second; trouble with the log itself isn't noted in it, or it would never end; secrets are masked like those
//! of requests. Not here: what the terminal shows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::allowance::Allowance;
use super::mask::masked_text;
use super::request::{Object, cut};
use super::{Entry, level};
use crate::base::Timestamp;
use crate::base::limits::{LOG_PROGRAM_ENTRIES, LOG_PROGRAM_PER_SECOND};

/// How much is kept of a message, and of each of its fields, in characters.
const MESSAGE_MAX_CHARS: usize = 2000;
const FIELD_MAX_CHARS: usize = 3000;
const FIELDS_MAX: usize = 20;

/// Parts of the program that aren't heard: answers with errors are in the entries of their requests already, and the
/// writing of the log has no place to complain in.
const UNHEARD: &[&str] = &["holdall::web::respond", "holdall::app::logs"];
/// The thread that writes the log.
pub const WRITER_THREAD: &str = "holdall-logs-write";

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub created: Timestamp,
    /// Whether it is an error, rather than a warning.
    pub is_error: bool,
    /// The part of the program that says so.
    pub target: String,
    /// In one line.
    pub message: String,
    /// What is known of it, by names.
    pub fields: Vec<(String, Detail)>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A number or a truth value, as JSON writes it.
    Plain(String),
    /// Anything else.
    Text(String),
}

/// See the module. Clones share what waits.
#[derive(Clone)]
pub struct ProgramLog(Arc<Inner>);

struct Inner {
    waiting: Mutex<Vec<Happening>>,
    allowance: Allowance,
    dropped: AtomicU64,
}

impl Default for ProgramLog {
    fn default() -> Self {
        let allowance = Allowance::new(LOG_PROGRAM_PER_SECOND);
        ProgramLog(Arc::new(Inner { waiting: Mutex::default(), allowance, dropped: AtomicU64::new(0) }))
    }
}

impl ProgramLog {
    /// Whether anybody wants to know what this part of the program says on this thread.
    pub fn hears(target: &str, thread: Option<&str>) -> bool {
        thread != Some(WRITER_THREAD) && !UNHEARD.contains(&target)
    }

    /// Notes something, or counts it as dropped.
    pub fn note(&self, happening: Happening) {
        let Inner { waiting, allowance, dropped } = &*self.0;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < LOG_PROGRAM_ENTRIES && allowance.take() {
            waiting.push(happening);
        } else {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes out what waits, in the order in which it came, and how much was dropped since the last time.
    pub fn take(&self) -> (Vec<Happening>, u64) {
        let waiting = std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        (waiting, self.0.dropped.swap(0, Ordering::Relaxed))
    }
}

impl Happening {
    /// The level that it is logged with.
    pub fn level(&self) -> i64 {
        if self.is_error { level::ERROR } else { level::WARN }
    }

    /// As it is written, with secrets masked, as [`RequestLog::into_entry`](super::RequestLog::into_entry) does it.
    pub fn into_entry(self, max_data_bytes: usize) -> Entry {
        let level = self.level();
        let message = masked_text(&cut(&self.message, MESSAGE_MAX_CHARS));
        let mut fields = self.fields;
        fields.truncate(FIELDS_MAX);
        fields.retain(|(name, _)| name != "target" && name != "type");
        fields.push(("target".to_owned(), Detail::Text(self.target)));
        fields.push(("type".to_owned(), Detail::Text("program".to_owned())));
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        fields.dedup_by(|(a, _), (b, _)| a == b);
        let mut data = Object::new(max_data_bytes);
        for (name, value) in fields {
            match value {
                Detail::Plain(json) => data.raw(&name, &json),
                Detail::Text(text) => data.text(&name, &masked_text(&cut(&text, FIELD_MAX_CHARS))),
            }
        }
        Entry { created: self.created, level, message, data: data.finish() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happening(message: &str, fields: &[(&str, Detail)]) -> Happening {
        Happening {
            created: Timestamp::now(),
            is_error: false,
            target: "holdall::store".to_owned(),
            message: message.to_owned(),
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }

    #[test]
    fn an_entry_has_the_fields_by_their_names_and_no_secrets() {
        let text = |text: &str| Detail::Text(text.to_owned());
        let fields = [
            ("url", text("https://a.example/?token=abc")),
            ("millis", Detail::Plain("812".to_owned())),
            ("type", text("forged")),
        ];
        let entry = happening("it said password=secret", &fields).into_entry(0);
        assert_eq!((entry.level, entry.message.as_str()), (4, "it said password=***"));
        let expect = "{\"millis\":812,\"target\":\"holdall::store\",\"type\":\"program\",\
                      \"url\":\"https://a.example/?token=***\"}";
        assert_eq!(entry.data, expect);
        assert_eq!(Happening { is_error: true, ..happening("", &[]) }.level(), 8);
    }

    #[test]
    fn what_waits_is_bounded() {
        let log = ProgramLog::default();
        (0..LOG_PROGRAM_ENTRIES * 2).for_each(|at| log.note(happening(&at.to_string(), &[])));
        let (waiting, dropped) = log.take();
        assert!(!waiting.is_empty() && waiting.len() <= LOG_PROGRAM_ENTRIES, "{}", waiting.len());
        assert_eq!(waiting.len() as u64 + dropped, LOG_PROGRAM_ENTRIES as u64 * 2);
        assert!(waiting.iter().enumerate().all(|(at, happening)| happening.message == at.to_string()));
        assert_eq!(log.take(), (Vec::new(), 0));
    }

    #[test]
    fn the_log_does_not_hear_of_itself() {
        assert!(ProgramLog::hears("holdall::store::sqlite::writer", Some("holdall-write")));
        assert!(!ProgramLog::hears("holdall::store::sqlite::writer", Some(WRITER_THREAD)));
        assert!(!ProgramLog::hears("holdall::app::logs", None));
        assert!(!ProgramLog::hears("holdall::web::respond", None));
    }
}
