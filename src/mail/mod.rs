//! Mail: queued in the transaction that it belongs to, sent in the background.
//!
//! Called by `auth`, which decides what is sent to whom, and by the app, which runs the sender. Invariant: a mail is
//! sent only if the transaction that queued it was committed. Not here: who may get which mail (`auth`), when mail is
//! sent (`app`).

pub mod letterhead;
pub mod outbox;
mod placeholders;
pub mod smtp;

use crate::base::{Result, ids};
use crate::domain::Event;
use crate::query::dialect::Dialect;
use crate::query::table::{Table, Where};
use crate::store::WriteTx;

pub use letterhead::{Letter, Letterhead};
pub use outbox::{Mail, State};
pub use smtp::{Failure, Smtp};

const MAILS: Table = Table::new("_mails");

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MailKind {
    Verification,
    PasswordReset,
    EmailChange,
    Otp,
    LoginAlert,
    BackupFailure,
}

impl MailKind {
    /// Its name in the outbox.
    pub fn name(self) -> &'static str {
        match self {
            MailKind::Verification => "verification",
            MailKind::PasswordReset => "passwordReset",
            MailKind::EmailChange => "emailChange",
            MailKind::Otp => "otp",
            MailKind::LoginAlert => "loginAlert",
            MailKind::BackupFailure => "backupFailure",
        }
    }
}

/// A mail that is to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What it is about.
    pub kind: MailKind,
    /// The recipient's address.
    pub to: String,
    /// One line of plain text.
    pub subject: String,
    /// The body in HTML.
    pub html: String,
    /// The same in plain text.
    pub text: String,
    /// The id of the one-time code that the mail delivers; of other mails the account, as `{collection id}/{id}`.
    pub reference: String,
}

/// Queues a mail; it is sent once the transaction is on disk.
pub fn queue(tx: &mut WriteTx<'_>, dialect: Dialect, mail: &Outgoing) -> Result<()> {
    insert(tx, dialect, mail).map(|_| ())
}

/// Takes as long as [`queue`] and leaves nothing behind: for answers that must not tell whether somebody gets a mail.
pub fn pretend_to_queue(tx: &mut WriteTx<'_>, dialect: Dialect, mail: &Outgoing) -> Result<()> {
    let id = insert(tx, dialect, mail)?;
    tx.execute(&MAILS.delete(dialect, &[Where::Is("id", id.into())])).map(|_| ())
}

fn insert(tx: &mut WriteTx<'_>, dialect: Dialect, mail: &Outgoing) -> Result<String> {
    let (id, now) = (ids::record_id(), tx.now().to_string());
    let row = vec![
        ("id", id.as_str().into()),
        ("kind", mail.kind.name().into()),
        ("recipient", mail.to.as_str().into()),
        ("subject", mail.subject.as_str().into()),
        ("text", mail.text.as_str().into()),
        ("html", mail.html.as_str().into()),
        ("reference", mail.reference.as_str().into()),
        ("state", State::Queued.name().into()),
        ("attempts", 0.into()),
        ("nextAttempt", now.as_str().into()),
        ("error", "".into()),
        ("created", now.as_str().into()),
        ("updated", now.as_str().into()),
    ];
    tx.execute(&MAILS.insert(dialect, row))?;
    tx.announce(Event::MailQueued);
    Ok(id)
}
