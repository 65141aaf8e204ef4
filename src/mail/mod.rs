//! Mail: queued in the transaction that it belongs to, sent in the background.
//!
//! Called by `auth`, which decides what is sent to whom, and by the app, which runs the sender. Invariant: a mail is
//! sent only if the transaction that queued it was committed. Not here: who may get which mail (`auth`).

use crate::base::{Result, ids};
use crate::domain::Event;
use crate::query::dialect::Dialect;
use crate::query::table::Table;
use crate::store::WriteTx;

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
    /// The id of what the mail delivers, such as a one-time code; may be empty.
    pub reference: String,
}

/// Queues a mail; it is sent once the transaction is on disk.
pub fn queue(tx: &mut WriteTx<'_>, dialect: Dialect, mail: &Outgoing) -> Result<()> {
    let now = tx.now().to_string();
    let row = vec![
        ("id", ids::record_id().into()),
        ("kind", mail.kind.name().into()),
        ("recipient", mail.to.as_str().into()),
        ("subject", mail.subject.as_str().into()),
        ("text", mail.text.as_str().into()),
        ("html", mail.html.as_str().into()),
        ("reference", mail.reference.as_str().into()),
        ("state", "queued".into()),
        ("attempts", 0.into()),
        ("nextAttempt", now.as_str().into()),
        ("error", "".into()),
        ("created", now.as_str().into()),
        ("updated", now.as_str().into()),
    ];
    tx.execute(&MAILS.insert(dialect, row))?;
    tx.announce(Event::MailQueued);
    Ok(())
}
