//! The mails that accounts get, and how often.
//!
//! Called by the flows that mail takes part in. Whether an account exists must not show in answers and their times, so
//! where there is nobody to write to, a mail is written all the same, to a stand-in, and thrown away where others are
//! queued. Not here: how mails look and travel (`mail`).

use std::sync::Arc;

use super::throttle::identity_key;
use super::token;
use crate::base::{Error, Result, SqlValue, ids};
use crate::domain::collection::EmailTemplate;
use crate::domain::principal::SUPERUSERS;
use crate::domain::{Collection, FieldKind, Record, TokenKind, Value};
use crate::mail::outbox;
use crate::mail::{self, Letter, Letterhead, MailKind, Outgoing};
use crate::records::{self, Cx, Find};
use crate::store::{ReadTx, WriteTx};

/// The code in a sample of a mail with one.
const SAMPLE_CODE: &str = "123456";

/// A mail that is ready to be queued.
pub struct Written {
    /// What requests for such mails are counted by.
    pub account: String,
    mail: Outgoing,
    audience: Audience,
}

/// Who is to get a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Its recipient.
    Recipient,
    /// Its recipient, unless they got one of the same kind just now.
    RecipientNowAndThen,
    /// Nobody.
    Nobody,
}

/// Where somebody signed in from.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Place {
    pub ip: String,
    pub user_agent: String,
}

/// The account that a mail is about, or a stand-in for it.
pub struct Addressee {
    /// The account.
    pub record: Record,
    /// Whether there is no such account.
    pub is_stand_in: bool,
}

impl Addressee {
    /// The account now and then, the stand-in never.
    pub fn audience(&self) -> Audience {
        if self.is_stand_in { Audience::Nobody } else { Audience::RecipientNowAndThen }
    }
}

/// The account with this address.
pub fn find_by_email(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    email: &str,
) -> Result<Option<Record>> {
    let Some(position) = collection.position("email") else { return Ok(None) };
    let nocase = collection.unique_index_on("email").is_some_and(|index| index.nocase);
    let by = if nocase { Find::EqualNoCase(position) } else { Find::Equal(position) };
    records::find(tx, cx, collection, by, SqlValue::from(email))
}

/// The account with this address, or a stand-in for it.
pub fn addressee(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>, email: &str) -> Result<Addressee> {
    if let Some(record) = find_by_email(tx, cx, collection, email)? {
        return Ok(Addressee { record, is_stand_in: false });
    }
    let mut record = Record::blank(collection.clone());
    for (name, value) in [("id", ids::record_id()), ("tokenKey", ids::secret()), ("email", email.to_owned())] {
        record.set(name, Value::Text(value));
    }
    Ok(Addressee { record, is_stand_in: true })
}

/// The mail with a link of this kind.
///
/// # Errors
/// 500 for a kind of token that isn't sent by mail.
pub fn link(
    tx: &ReadTx<'_>,
    letterhead: &Letterhead,
    record: &Record,
    kind: TokenKind,
    new_email: Option<&str>,
) -> Result<Outgoing> {
    let options = record.collection().auth().ok_or_else(Error::not_found)?;
    let (kind_of_mail, template) = match kind {
        TokenKind::Verification => (MailKind::Verification, &options.verification_template),
        TokenKind::PasswordReset => (MailKind::PasswordReset, &options.reset_password_template),
        TokenKind::EmailChange => (MailKind::EmailChange, &options.confirm_email_change_template),
        TokenKind::Auth | TokenKind::File => return Err(Error::internal("this kind of token isn't mailed")),
    };
    let token = token::issue_for_mail(record, kind, new_email, tx.now())?;
    letterhead.write(&Letter {
        kind: kind_of_mail,
        to: new_email.unwrap_or_else(|| record.text("email")),
        template,
        record,
        facts: &[("TOKEN", &token)],
        reference: &account_reference(record),
    })
}

/// What mails about an account are known by. Two collections may have records with the same id.
fn account_reference(record: &Record) -> String {
    format!("{}/{}", record.collection().id, record.id())
}

/// The mail with a one-time code.
pub fn code(letterhead: &Letterhead, record: &Record, id: &str, code: &str) -> Result<Outgoing> {
    let options = record.collection().auth().ok_or_else(Error::not_found)?;
    letterhead.write(&Letter {
        kind: MailKind::Otp,
        to: record.text("email"),
        template: &options.otp.email_template,
        record,
        facts: &[("OTP", code), ("OTP_ID", id)],
        reference: id,
    })
}

impl Written {
    /// A mail to `audience`; requests for it are counted by `identity`, which is what somebody typed or a record's id.
    pub fn new(mail: Outgoing, audience: Audience, collection: &Collection, identity: &str) -> Written {
        Written { account: identity_key(&collection.id, identity), mail, audience }
    }

    /// Whether nobody is to get it.
    pub fn is_for_nobody(&self) -> bool {
        self.audience == Audience::Nobody
    }

    /// Queues the mail if somebody is to get it; takes as long if not.
    pub fn queue(&self, tx: &mut WriteTx<'_>, cx: &Cx<'_>) -> Result<()> {
        let dialect = cx.plans.dialect();
        let repeated = outbox::was_sent_lately(tx, dialect, self.mail.kind, &self.mail.reference)?;
        match self.audience {
            Audience::Nobody => mail::pretend_to_queue(tx, dialect, &self.mail),
            Audience::RecipientNowAndThen if repeated => mail::pretend_to_queue(tx, dialect, &self.mail),
            Audience::Recipient | Audience::RecipientNowAndThen => mail::queue(tx, dialect, &self.mail),
        }
    }
}

/// The kinds of mail that [`sample`] writes, as the interface names them.
pub const SAMPLES: [&str; 5] = ["verification", "password-reset", "email-change", "otp", "login-alert"];

/// A mail of one of the kinds of [`SAMPLES`] as accounts of a collection would get it, about an account that there
/// isn't: its fields say what they are.
///
/// # Errors
/// 404 if the collection's records can't sign in, or for another kind.
pub fn sample(
    tx: &ReadTx<'_>,
    letterhead: &Letterhead,
    collection: &Arc<Collection>,
    kind: &str,
    email: &str,
) -> Result<Outgoing> {
    let mut record = Record::blank(collection.clone());
    for field in collection.fields.iter().filter(|field| !field.hidden && matches!(field.kind, FieldKind::Text(_))) {
        record.set(&field.name, Value::Text(format!("[{}]", field.name)));
    }
    for (name, value) in [("id", ids::record_id()), ("tokenKey", ids::secret()), ("email", email.to_owned())] {
        record.set(name, Value::Text(value));
    }
    match kind {
        "verification" => link(tx, letterhead, &record, TokenKind::Verification, None),
        "password-reset" => link(tx, letterhead, &record, TokenKind::PasswordReset, None),
        "email-change" => link(tx, letterhead, &record, TokenKind::EmailChange, Some(email)),
        "otp" => code(letterhead, &record, record.id(), SAMPLE_CODE),
        "login-alert" => {
            let place = Place { ip: "203.0.113.7".to_owned(), user_agent: "[user agent]".to_owned() };
            alert(tx, letterhead, &record, &place)
        }
        _ => Err(Error::not_found()),
    }
}

/// Queues the mail about a sign-in from a new place, if the account is still there and has an address.
pub fn queue_alert(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    letterhead: &Letterhead,
    collection_id: &str,
    record_id: &str,
    place: &Place,
) -> Result<()> {
    let Some(collection) = tx.schema().by_id(collection_id).cloned() else { return Ok(()) };
    let record = records::find(tx, cx, &collection, Find::Id, SqlValue::from(record_id))?;
    let Some(record) = record.filter(|record| !record.text("email").is_empty()) else { return Ok(()) };
    if !collection.auth().is_some_and(|options| options.auth_alert.enabled) {
        return Ok(());
    }
    let mail = alert(tx, letterhead, &record, place)?;
    mail::queue(tx, cx.plans.dialect(), &mail)
}

/// The mail about a sign-in from a new place.
fn alert(tx: &ReadTx<'_>, letterhead: &Letterhead, record: &Record, place: &Place) -> Result<Outgoing> {
    let options = record.collection().auth().ok_or_else(Error::not_found)?;
    let info = format!("{} · {} · {}", tx.now(), place.ip, place.user_agent);
    letterhead.write(&Letter {
        kind: MailKind::LoginAlert,
        to: record.text("email"),
        template: &options.auth_alert.email_template,
        record,
        facts: &[("ALERT_INFO", &info)],
        reference: &account_reference(record),
    })
}

/// Queues mails to all superusers about a scheduled backup that came to nothing.
pub fn queue_backup_failure(tx: &mut WriteTx<'_>, cx: &Cx<'_>, letterhead: &Letterhead, reason: &str) -> Result<()> {
    let template = EmailTemplate {
        subject: "A backup of {APP_NAME} has failed".to_owned(),
        body: "<p>The scheduled backup of {APP_NAME} ({APP_URL}) has failed:</p><p>{REASON}</p>".to_owned(),
    };
    let superusers = records::find_collection(tx.schema(), SUPERUSERS)?.clone();
    for record in records::every(tx, cx, &superusers)? {
        let mail = letterhead.write(&Letter {
            kind: MailKind::BackupFailure,
            to: record.text("email"),
            template: &template,
            record: &record,
            facts: &[("REASON", reason)],
            reference: &account_reference(&record),
        })?;
        mail::queue(tx, cx.plans.dialect(), &mail)?;
    }
    Ok(())
}
