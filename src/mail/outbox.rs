//! The outbox: mails on their way, and what became of those before.
//!
//! Called by the app's sender and by the API for superusers. Invariants: a mail is counted as tried before it is
//! handed to the mail server, so neither a crash nor a panic makes the same mail be tried for ever; text and links of
//! a mail are gone from here once it was sent.

use std::time::Duration;

use super::placeholders::one_line;
use super::{MAILS, MailKind, Outgoing};
use crate::base::{Result, Timestamp, ids, json};
use crate::domain::Event;
use crate::query::dialect::Dialect;
use crate::query::table::{Direction, Set, Where};
use crate::store::{ReadTx, Row, WriteTx};

/// How long a mail waits after its first, second, … attempt that failed. After the last of these it is tried once
/// more, and then no more.
const WAITS: [Duration; 6] = [
    Duration::from_secs(2),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(6 * 60 * 60),
];
/// How often a mail is tried.
const ATTEMPTS_MAX: i64 = WAITS.len() as i64 + 1;
/// Mails are kept this long, for superusers to look at.
const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;
/// The same account gets the same kind of mail no more often than this.
const SAME_MAIL_SECONDS: i64 = 2 * 60;

const COLUMNS: [&str; 13] = [
    "id",
    "kind",
    "recipient",
    "subject",
    "text",
    "html",
    "reference",
    "state",
    "attempts",
    "nextAttempt",
    "error",
    "created",
    "updated",
];

/// What has become of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is still to be sent.
    Queued,
    /// The mail server has it.
    Sent,
    /// It can't be sent.
    Failed,
    /// It stays here, because there is no mail server.
    Kept,
}

impl State {
    /// Its name in the outbox.
    pub fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Sent => "sent",
            State::Failed => "failed",
            State::Kept => "kept",
        }
    }
}

/// A mail as it is stored.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Mail {
    pub id: String,
    pub kind: String,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub reference: String,
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    pub next_attempt: String,
    /// Why the last attempt failed.
    pub error: String,
    pub created: String,
    pub updated: String,
}

impl Mail {
    /// A mail that is sent at once and isn't stored.
    pub fn unstored(outgoing: Outgoing) -> Mail {
        Mail {
            id: ids::record_id(),
            kind: outgoing.kind.name().to_owned(),
            recipient: outgoing.to,
            subject: outgoing.subject,
            text: outgoing.text,
            html: outgoing.html,
            reference: outgoing.reference,
            state: String::new(),
            attempts: 0,
            next_attempt: String::new(),
            error: String::new(),
            created: String::new(),
            updated: String::new(),
        }
    }

    /// Whether it was handed to the mail server less than `seconds` ago, and nobody knows yet what came of that.
    pub fn is_on_its_way(&self, seconds: i64, now: Timestamp) -> bool {
        self.attempts > 0 && self.error.is_empty() && self.updated > now.plus_seconds(-seconds).to_string()
    }

    /// Whether this was the last attempt.
    pub fn is_last_attempt(&self) -> bool {
        self.attempts >= ATTEMPTS_MAX
    }

    /// The text as it may stand in a log: each line marked, so that none of them passes for one of the log's own.
    pub fn marked_text(&self) -> String {
        self.text.lines().map(|line| format!("  | {}\n", one_line(line))).collect()
    }

    /// As JSON; `whole` with text and HTML.
    pub fn write_json(&self, out: &mut String, whole: bool) {
        let texts = [
            ("id", &self.id),
            ("kind", &self.kind),
            ("to", &self.recipient),
            ("subject", &self.subject),
            ("state", &self.state),
            ("error", &self.error),
            ("nextAttempt", &self.next_attempt),
            ("created", &self.created),
            ("updated", &self.updated),
        ];
        let bodies = [("text", &self.text), ("html", &self.html)];
        out.push('{');
        for (name, value) in texts.iter().chain(bodies.iter().filter(|_| whole)) {
            json::write_str(out, name);
            out.push(':');
            json::write_str(out, value);
            out.push(',');
        }
        out.push_str("\"attempts\":");
        out.push_str(&self.attempts.to_string());
        out.push('}');
    }
}

/// Takes mails that are due, the longest first, no more than `limit`. They count as tried, and have no reason for a
/// failure until [`note`] gives one.
pub fn claim(tx: &mut WriteTx<'_>, dialect: Dialect, limit: u64) -> Result<Vec<Mail>> {
    let now = tx.now();
    let due = [Where::Is("state", State::Queued.name().into()), Where::UpTo("nextAttempt", now.to_string().into())];
    let order = Some(("nextAttempt", Direction::Ascending));
    let mut mails = Vec::new();
    tx.rows(&MAILS.page(dialect, &COLUMNS, &due, order, Some(limit)), |row| {
        mails.push(mail(row)?);
        Ok(())
    })?;
    for mail in &mut mails {
        mail.attempts += 1;
        let wait = usize::try_from(mail.attempts - 1).ok().and_then(|at| WAITS.get(at)).or(WAITS.last());
        let next = now.plus_seconds(wait.map_or(0, |wait| wait.as_secs().cast_signed()));
        change(
            tx,
            dialect,
            &mail.id,
            vec![("attempts", mail.attempts.into()), ("nextAttempt", next.to_string().into()), ("error", "".into())],
        )?;
    }
    Ok(mails)
}

/// When the next mail is due, if one is queued.
pub fn next_due(tx: &ReadTx<'_>, dialect: Dialect) -> Result<Option<Timestamp>> {
    let queued = [Where::Is("state", State::Queued.name().into())];
    let order = Some(("nextAttempt", Direction::Ascending));
    let due = tx
        .first(&MAILS.page(dialect, &["nextAttempt"], &queued, order, Some(1)), |row| row.text(0).map(str::to_owned))?;
    Ok(due.and_then(|due| Timestamp::parse(&due)))
}

/// Notes what has become of a mail, with the reason if it couldn't be sent. [`State::Queued`] is for one more attempt.
pub fn note(tx: &mut WriteTx<'_>, dialect: Dialect, id: &str, state: State, error: &str) -> Result<()> {
    let mut changes: Vec<Set> = vec![("state", state.name().into()), ("error", error.into())];
    if state == State::Sent {
        changes.extend([("text", "".into()), ("html", "".into())]);
    }
    change(tx, dialect, id, changes)
}

/// Has a mail sent again from the start, at once.
pub fn requeue(tx: &mut WriteTx<'_>, dialect: Dialect, id: &str) -> Result<()> {
    let now = tx.now().to_string();
    let anew: Vec<Set> = vec![
        ("state", State::Queued.name().into()),
        ("attempts", 0.into()),
        ("nextAttempt", now.into()),
        ("error", "".into()),
    ];
    change(tx, dialect, id, anew)?;
    tx.announce(Event::MailQueued);
    Ok(())
}

/// Whether an account was sent this kind of mail just now. What couldn't be sent doesn't count.
pub fn was_sent_lately(tx: &ReadTx<'_>, dialect: Dialect, kind: MailKind, reference: &str) -> Result<bool> {
    let same = [
        Where::Is("reference", reference.into()),
        Where::Is("kind", kind.name().into()),
        Where::IsNot("state", State::Failed.name().into()),
    ];
    let order = Some(("created", Direction::Descending));
    let last =
        tx.first(&MAILS.page(dialect, &["created"], &same, order, Some(1)), |row| row.text(0).map(str::to_owned))?;
    Ok(last.is_some_and(|last| last > tx.now().plus_seconds(-SAME_MAIL_SECONDS).to_string()))
}

/// One mail.
pub fn find(tx: &ReadTx<'_>, dialect: Dialect, id: &str) -> Result<Option<Mail>> {
    tx.first(&MAILS.select(dialect, &COLUMNS, &[Where::Is("id", id.into())]), mail)
}

/// A page of mails, the newest first, and how many there are in all.
pub fn list(tx: &ReadTx<'_>, dialect: Dialect, limit: u64, offset: u64) -> Result<(Vec<Mail>, u64)> {
    let mut mails = Vec::new();
    let newest_first = [("created", Direction::Descending), ("id", Direction::Ascending)];
    tx.rows(&MAILS.slice(dialect, &COLUMNS, &newest_first, limit, offset), |row| {
        mails.push(mail(row)?);
        Ok(())
    })?;
    let total = tx.first(&MAILS.count(dialect, &[]), |row| row.integer(0))?.unwrap_or_default();
    Ok((mails, total.unsigned_abs()))
}

/// How many mails are in this state.
pub fn count(tx: &ReadTx<'_>, dialect: Dialect, state: State) -> Result<u64> {
    let counted = tx.first(&MAILS.count(dialect, &[Where::Is("state", state.name().into())]), |row| row.integer(0))?;
    Ok(counted.unwrap_or_default().unsigned_abs())
}

/// Deletes mails that have been here long enough, whatever has become of them.
pub fn forget_old(tx: &mut WriteTx<'_>, dialect: Dialect) -> Result<()> {
    let bound = tx.now().plus_seconds(-KEPT_SECONDS).to_string();
    tx.execute(&MAILS.delete(dialect, &[Where::Below("created", bound.into())])).map(|_| ())
}

fn change(tx: &mut WriteTx<'_>, dialect: Dialect, id: &str, mut changes: Vec<Set>) -> Result<()> {
    changes.push(("updated", tx.now().to_string().into()));
    tx.execute(&MAILS.update(dialect, changes, &[Where::Is("id", id.into())])).map(|_| ())
}

fn mail(row: &Row<'_>) -> Result<Mail> {
    Ok(Mail {
        id: row.text(0)?.to_owned(),
        kind: row.text(1)?.to_owned(),
        recipient: row.text(2)?.to_owned(),
        subject: row.text(3)?.to_owned(),
        text: row.text(4)?.to_owned(),
        html: row.text(5)?.to_owned(),
        reference: row.text(6)?.to_owned(),
        state: row.text(7)?.to_owned(),
        attempts: row.integer(8)?,
        next_attempt: row.text(9)?.to_owned(),
        error: row.text(10)?.to_owned(),
        created: row.text(11)?.to_owned(),
        updated: row.text(12)?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_forges_no_log_lines() {
        let mail = Mail::unstored(Outgoing {
            kind: MailKind::Otp,
            to: String::new(),
            subject: String::new(),
            html: String::new(),
            text: "Hello\n\n2026-01-01 ERROR \u{1b}[31mfire\r\nbye".to_owned(),
            reference: String::new(),
        });
        assert_eq!(mail.marked_text(), "  | Hello\n  | \n  | 2026-01-01 ERROR  [31mfire\n  | bye\n");
    }
}
