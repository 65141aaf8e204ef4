//! Handing mails to a mail server by SMTP (RFC 5321), with TLS by rustls.
//!
//! Called by the app's sender. Invariants: with STARTTLS nothing is said in plain text beyond the greeting; a name or a
//! subject can't begin another header line, because headers are encoded here and nowhere else. Not here: when to try
//! again (`outbox`).

use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Category;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::outbox::Mail;
use super::placeholders::one_line;
use crate::base::{Error, Result, is_this_machine};
use crate::settings::Config;
use crate::settings::config::{SmtpAuthMethod, SmtpEncryption};

/// How long one step of the conversation may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(30);

/// How a certificate begins in a PEM file (RFC 7468).
const PEM_BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A mail server. Each mail has a connection of its own: a pool of them would need a runtime from its making to its
/// end, and the command line has none.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail wasn't taken.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It may work another time.
    ForNow(String),
    /// It won't work another time either.
    ForGood(String),
}

impl Smtp {
    /// The configured mail server; `None` if none is. No connection is made yet.
    ///
    /// # Errors
    /// 400 for a sender that isn't an address and for a file of certificates that can't be used.
    pub fn new(config: &Config) -> Result<Option<Smtp>> {
        if config.smtp_host.is_empty() {
            return Ok(None);
        }
        let address: Address = config.mail_from_address.parse().map_err(|error| {
            Error::invalid(format!("mail_from_address: “{}” isn't an address: {error}", config.mail_from_address))
        })?;
        let tls = match config.smtp_encryption {
            SmtpEncryption::Auto if is_this_machine(&config.smtp_host) => Tls::Opportunistic(tls_parameters(config)?),
            SmtpEncryption::Auto | SmtpEncryption::StartTls => Tls::Required(tls_parameters(config)?),
            SmtpEncryption::Tls => Tls::Wrapper(tls_parameters(config)?),
            SmtpEncryption::None => Tls::None,
        };
        // "Dangerous" is that the encryption isn't chosen by lettre; it is by the configuration.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.smtp_host)
            .port(config.smtp_port)
            .tls(tls)
            .timeout(Some(STEP_TIMEOUT));
        if !config.smtp_username.is_empty() {
            let password = config.smtp_password.expose().to_owned();
            builder = builder.credentials(Credentials::new(config.smtp_username.clone(), password));
        }
        match config.smtp_auth_method {
            SmtpAuthMethod::Auto => {}
            SmtpAuthMethod::Plain => builder = builder.authentication(vec![Mechanism::Plain]),
            SmtpAuthMethod::Login => builder = builder.authentication(vec![Mechanism::Login]),
        }
        if !config.smtp_local_name.is_empty() {
            builder = builder.hello_name(ClientId::Domain(config.smtp_local_name.clone()));
        }
        let name = one_line(config.sender_name());
        Ok(Some(Smtp { transport: builder.build(), from: Mailbox::new(Some(name), address) }))
    }

    /// Hands a mail over. The limit of a step doesn't count while a server is waited for that takes the connection and
    /// says nothing: whoever calls has one of their own.
    ///
    /// # Errors
    /// Why it wasn't taken.
    pub async fn send(&self, mail: &Mail) -> Result<(), Failure> {
        let message = self.message(mail).map_err(Failure::ForGood)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // A refusal of the recipient or the content stays one. A refusal of ourselves is somebody's to mend.
            Err(error) if error.status().is_some_and(|code| code.category == Category::Unspecified3) => {
                Err(Failure::ForNow(error.to_string()))
            }
            Err(error) if error.is_permanent() => Err(Failure::ForGood(error.to_string())),
            Err(error) => Err(Failure::ForNow(error.to_string())),
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let to: Address = mail.recipient.parse().map_err(|error| format!("the recipient's address: {error}"))?;
        // The same at each attempt, so that a mail which came twice can be told.
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&mail.subject))
            .message_id(Some(id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|error| error.to_string())
    }
}

fn tls_parameters(config: &Config) -> Result<TlsParameters> {
    let mut builder = TlsParameters::builder(config.smtp_host.clone()).certificate_store(CertificateStore::WebpkiRoots);
    if !config.smtp_ca_file.is_empty() {
        let unusable = |error: &dyn std::fmt::Display| {
            Error::invalid(format!("smtp_ca_file: {} can't be used: {error}", config.smtp_ca_file))
        };
        let pem = std::fs::read(&config.smtp_ca_file).map_err(|error| unusable(&error))?;
        if !pem.windows(PEM_BEGIN.len()).any(|window| window == PEM_BEGIN) {
            return Err(unusable(&"there is no certificate in it"));
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| unusable(&error))?);
    }
    builder.build_rustls().map_err(|error| Error::invalid(format!("the connection to the mail server: {error}")))
}
