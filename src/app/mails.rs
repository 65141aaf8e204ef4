//! The sender of mails, which works in the background, and the outbox for superusers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::background::work_forever;
use super::owner::owner;
use super::{App, Caller};
use crate::auth::{letters, one_time_code};
use crate::base::{Error, Result, Timestamp};
use crate::domain::{Event, ListRequest, RequestInfo};
use crate::mail::outbox::{self, Mail, State};
use crate::mail::{Failure, Letterhead, MailKind, Smtp};
use crate::records::{Cx, access};
use crate::settings::Config;
use crate::store::{ReadTx, WriteTx};

/// Mails that are sent at the same time.
const AT_ONCE: u64 = 8;
/// How long one mail may take, with all steps of the conversation.
const SEND_TIMEOUT: Duration = Duration::from_secs(120);

/// Wakes the sender.
pub(super) struct Sender {
    woken: Notify,
}

impl Sender {
    pub fn new() -> Sender {
        Sender { woken: Notify::new() }
    }

    /// Has it look at the outbox.
    pub fn wake(&self) {
        self.woken.notify_one();
    }
}

/// What all mails of this server have in common.
pub(super) fn letterhead(config: &Config) -> Result<Letterhead> {
    Letterhead::new(&config.app_name, &config.base_url(), &config.theme_dir)
}

impl App {
    /// Whether what the configuration says of mail can be used.
    ///
    /// # Errors
    /// 400 for a sender that isn't an address, for certificates and for a theme that can't be used.
    pub fn check_mail(config: &Config) -> Result<()> {
        Smtp::new(config)?;
        letterhead(config).map(|_| ())
    }

    /// Does what an event asks of the mails.
    pub(super) fn mails_hear(&self, event: &Event) {
        match event {
            Event::MailQueued => self.0.sender.wake(),
            Event::NewPlace { collection_id, record_id, ip, user_agent } => {
                let place = letters::Place { ip: ip.clone(), user_agent: user_agent.clone() };
                self.spawn(self.clone().send_alert(collection_id.clone(), record_id.clone(), place));
            }
            _ => {}
        }
    }

    /// Tells somebody by mail of a sign-in from a new place.
    async fn send_alert(self, collection_id: String, record_id: String, place: letters::Place) {
        let app = self.clone();
        let queueing = self.commit(move |tx| {
            let (owner, request) = (owner(tx)?, RequestInfo::default());
            let cx = owner.cx(&request, &app.0.plans);
            letters::queue_alert(tx, &cx, &app.live().letterhead, &collection_id, &record_id, &place)
        });
        if let Err(error) = queueing.await {
            tracing::warn!("a mail about a new place wasn't queued: {}", error.log_text());
        }
    }

    /// Sends what is in the outbox, for as long as the program runs.
    pub(super) async fn deliver_forever(self) {
        work_forever("sending mail", &self.0.sender.woken, || self.clone().deliver_due()).await;
    }

    /// Sends mails until none is due, and says when the next one is.
    async fn deliver_due(self) -> Result<Option<Timestamp>> {
        let dialect = self.0.plans.dialect();
        loop {
            let (next, now) = self.0.store.read(move |tx| Ok((outbox::next_due(tx, dialect)?, tx.now()))).await?;
            if next.is_none_or(|due| due > now) {
                return Ok(next);
            }
            let batch = self.commit(move |tx| outbox::claim(tx, dialect, AT_ONCE)).await?;
            let mut sending = JoinSet::new();
            for mail in batch {
                sending.spawn(self.clone().deliver(mail));
            }
            while let Some(sent) = sending.join_next().await {
                if let Err(panic) = sent {
                    tracing::error!("sending a mail failed: {panic}");
                }
            }
        }
    }

    /// Makes one attempt at sending a mail and notes how it went.
    async fn deliver(self, mail: Mail) {
        let (id, kind) = (mail.id.clone(), mail.kind.clone());
        let result = self.attempt(&mail).await;
        let app = self.clone();
        let noting = self.commit(move |tx| {
            let (owner, request) = (owner(tx)?, RequestInfo::default());
            note(tx, &owner.cx(&request, &app.0.plans), &mail, result)
        });
        match noting.await {
            Ok((State::Sent | State::Kept, _)) => {}
            Ok((State::Queued, error)) => tracing::warn!(%id, %kind, "a mail couldn't be sent yet: {error}"),
            Ok((State::Failed, error)) => tracing::error!(%id, %kind, "a mail can't be sent: {error}"),
            Err(error) => tracing::warn!(%id, %kind, "what became of a mail wasn't noted: {}", error.log_text()),
        }
    }

    /// Hands a mail to the mail server; without one, the log is where it can be read.
    async fn attempt(&self, mail: &Mail) -> Result<State, Failure> {
        let live = self.live();
        let Some(server) = &live.smtp else {
            let (id, kind, to, text) = (&mail.id, &mail.kind, &mail.recipient, mail.marked_text());
            tracing::info!(%id, %kind, %to, "there is no mail server; this mail stays here: {}\n{text}", mail.subject);
            return Ok(State::Kept);
        };
        hand_over(server, mail, SEND_TIMEOUT).await.map(|()| State::Sent)
    }

    /// A page of the outbox, the newest first, without the texts. For superusers, and for no API key: mails
    /// have links and codes in them that open accounts.
    ///
    /// # Errors
    /// 401, 403.
    pub async fn list_mails(&self, caller: Caller, request: ListRequest) -> Result<String> {
        self.read(Arc::new(caller), move |tx, cx| {
            access::require_superuser_in_person(cx)?;
            let offset = (request.page - 1).saturating_mul(request.per_page).min(i64::MAX.unsigned_abs());
            let (mails, total) = outbox::list(tx, cx.plans.dialect(), request.per_page, offset)?;
            let mut body = String::from("{\"items\":[");
            for (at, mail) in mails.iter().enumerate() {
                if at > 0 {
                    body.push(',');
                }
                mail.write_json(&mut body, false);
            }
            let (page, per_page, pages) = (request.page, request.per_page, total.div_ceil(request.per_page.max(1)));
            body.push_str(&format!(
                "],\"page\":{page},\"perPage\":{per_page},\"totalItems\":{total},\"totalPages\":{pages}}}"
            ));
            Ok(body)
        })
        .await
    }

    /// One mail of the outbox, with its text. For superusers, as [`App::list_mails`].
    ///
    /// # Errors
    /// 401, 403, 404.
    pub async fn view_mail(&self, caller: Caller, id: String) -> Result<String> {
        self.read(Arc::new(caller), move |tx, cx| {
            access::require_superuser_in_person(cx)?;
            let mail = outbox::find(tx, cx.plans.dialect(), &id)?.ok_or_else(Error::not_found)?;
            let mut body = String::new();
            mail.write_json(&mut body, true);
            Ok(body)
        })
        .await
    }

    /// Sends a mail again that couldn't be sent, or that stayed here because there was no mail server. For superusers,
    /// as [`App::list_mails`].
    ///
    /// # Errors
    /// 401, 403, 404; 400 with the reason for one that can't be sent again.
    pub async fn send_mail_again(&self, caller: Caller, id: String) -> Result<()> {
        let has_server = self.live().smtp.is_some();
        self.write(Arc::new(caller), move |tx, cx| {
            access::require_superuser_in_person(cx)?;
            let dialect = cx.plans.dialect();
            let mail = outbox::find(tx, dialect, &id)?.ok_or_else(Error::not_found)?;
            match sending_again_problem(tx, cx, &mail, has_server)? {
                Some(problem) => Err(Error::invalid(problem)),
                None => outbox::requeue(tx, dialect, &id),
            }
        })
        .await
    }
}

/// Why a mail can't be sent again; nothing if it can.
fn sending_again_problem(tx: &ReadTx<'_>, cx: &Cx<'_>, mail: &Mail, has_server: bool) -> Result<Option<&'static str>> {
    let is = |state: State| mail.state == state.name();
    let is_code = mail.kind == MailKind::Otp.name();
    Ok(if is(State::Sent) {
        Some("This mail was sent, and its text is gone.")
    } else if !has_server {
        Some("No mail server is set up.")
    } else if is(State::Queued) && mail.is_on_its_way(SEND_TIMEOUT.as_secs().cast_signed(), tx.now()) {
        Some("This mail is being sent just now.")
    } else if is_code && !one_time_code::is_live(tx, cx, &mail.reference)? {
        Some("The code in this mail has ended; ask for a new one.")
    } else {
        None
    })
}

/// Notes how an attempt at sending a mail went, and what that means for the code in it; yields the mail's state and
/// the reason for it.
fn note(tx: &mut WriteTx<'_>, cx: &Cx<'_>, mail: &Mail, result: Result<State, Failure>) -> Result<(State, String)> {
    let is_code = mail.kind == MailKind::Otp.name();
    let (state, error) = match result {
        Ok(state) => (state, String::new()),
        Err(Failure::ForGood(error)) => (State::Failed, error),
        Err(Failure::ForNow(error)) => {
            // A code that has had its time needn't be sent any more.
            let hopeless = mail.is_last_attempt() || (is_code && !one_time_code::is_live(tx, cx, &mail.reference)?);
            (if hopeless { State::Failed } else { State::Queued }, error)
        }
    };
    match state {
        State::Sent | State::Kept if is_code => {
            one_time_code::was_sent(tx, cx, &mail.reference, &mail.recipient)?;
        }
        State::Failed if is_code => one_time_code::forget(tx, cx, &mail.reference)?,
        _ => {}
    }
    outbox::note(tx, cx.plans.dialect(), &mail.id, state, &error)?;
    Ok((state, error))
}

/// Hands a mail over, all steps of which may take so long.
///
/// # Errors
/// Why it wasn't taken.
pub(super) async fn hand_over(server: &Smtp, mail: &Mail, limit: Duration) -> Result<(), Failure> {
    let sent = tokio::time::timeout(limit, server.send(mail)).await;
    sent.unwrap_or_else(|_| Err(Failure::ForNow("the mail server took too long".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Outgoing;
    use crate::settings::{Settings, Sources};

    #[tokio::test]
    async fn a_server_that_never_greets_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let config = Config {
            smtp_host: "127.0.0.1".to_owned(),
            smtp_port: silent.local_addr().expect("it is bound").port(),
            mail_from_address: "shed@example.com".to_owned(),
            ..Settings::load(&Sources::default()).expect("the defaults are a configuration").config
        };
        let server = Smtp::new(&config).expect("acceptable").expect("one is configured");
        let mail = Mail::unstored(Outgoing {
            kind: MailKind::Otp,
            to: "ada@example.com".to_owned(),
            subject: String::new(),
            html: String::new(),
            text: String::new(),
            reference: String::new(),
        });
        match hand_over(&server, &mail, Duration::from_millis(50)).await {
            Err(Failure::ForNow(reason)) => assert_eq!(reason, "the mail server took too long"),
            other => panic!("{other:?}"),
        }
    }
}
