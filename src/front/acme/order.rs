//! One order for a certificate, from the account to the file: each step of RFC 8555, section 7, with what can go wrong.
//!
//! That a name is ours is proven over HTTP (`http-01`): the issuer asks at port 80 of each name for what it was
//! promised.

use std::fmt;
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error as AcmeError, Identifier, NewAccount,
    NewOrder, Order, OrderStatus, RetryPolicy,
};

use super::http::Client;
use super::store::{self, Store};
use super::{CHALLENGE_PATH, Challenges};
use crate::base::limits::ACME_ORDER_SECONDS;
use crate::front::tls::Certificate;
use crate::settings::Config;

/// Problems that mean that too much was asked for.
const RATE_LIMITED: &str = "urn:ietf:params:acme:error:rateLimited";
/// Longest reason in the log, in characters.
const REASON_MAX_CHARS: usize = 1000;

/// Why there is no certificate: sentences for the log.
#[derive(Debug)]
pub(super) struct Failure {
    reason: String,
    pub(super) is_rate_limited: bool,
}

impl Failure {
    pub(super) fn new(reason: impl AsRef<str>) -> Failure {
        // Parts of it may be what somebody else's server has answered.
        let reason = reason.as_ref().chars().filter(|c| !c.is_control()).take(REASON_MAX_CHARS).collect();
        Failure { reason, is_rate_limited: false }
    }

    /// What the library says of a step.
    fn of(step: &str, error: &AcmeError) -> Failure {
        let mut text = error.to_string();
        let mut next = std::error::Error::source(error);
        while let Some(cause) = next {
            if !text.contains(&cause.to_string()) {
                text = format!("{text}: {cause}");
            }
            next = cause.source();
        }
        let is_rate_limited =
            matches!(error, AcmeError::Api(problem) if problem.r#type.as_deref() == Some(RATE_LIMITED));
        Failure { is_rate_limited, ..Failure::new(format!("{step}: {}.", text.trim_end_matches('.'))) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Makes a step's error a failure.
fn at(step: &str) -> impl FnOnce(AcmeError) -> Failure + '_ {
    move |error| Failure::of(step, &error)
}

/// Gets a certificate for all configured names, and stores it.
pub(super) async fn certificate(
    config: &Config,
    store: &Store,
    challenges: &Challenges,
) -> Result<Certificate, Failure> {
    let account = account(config, store).await?;
    let names: Vec<Identifier> = config.domains.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await.map_err(at("the order wasn't taken"))?;
    promise(&mut order, challenges).await?;
    let policy = RetryPolicy::new().timeout(Duration::from_secs(ACME_ORDER_SECONDS)).backoff(1.5);
    match order.poll_ready(&policy).await {
        Ok(OrderStatus::Ready) => {}
        Ok(_) => return Err(refused(&mut order).await),
        Err(AcmeError::Api(_)) => return Err(refused(&mut order).await),
        Err(error) => return Err(Failure::of("the issuer didn't decide", &error)),
    }
    let key = order.finalize().await.map_err(at("the certificate wasn't made"))?;
    let chain = order.poll_certificate(&policy).await.map_err(at("the certificate wasn't handed out"))?;
    let kept = store.keep_certificate(&config.acme_directory_url, &chain, &key);
    let certificate = kept.map_err(|error| Failure::new(format!("It can't be kept: {}", error.log_text())))?;
    match certificate.covers(&config.domains) {
        true => Ok(certificate),
        false => Err(Failure::new("The certificate that was handed out isn't for these names.")),
    }
}

/// The account at the issuer: the stored one, or a new one.
async fn account(config: &Config, store: &Store) -> Result<Account, Failure> {
    let issuer = &config.acme_directory_url;
    let contact = format!("mailto:{}", config.acme_email);
    let contacts: &[&str] = if config.acme_email.is_empty() { &[] } else { &[&contact] };
    let http = || Client::new(config).map(|client| Account::builder_with_http(Box::new(client)));
    if let Some(stored) = store.account::<AccountCredentials>(issuer) {
        let known = http()?.from_credentials(stored.credentials).await.map_err(at("the issuer can't be reached"))?;
        if stored.email == config.acme_email {
            return Ok(known);
        }
        known.update_contacts(contacts).await.map_err(at("the issuer didn't take acme_email"))?;
        // Told again next time, if it can't be noted: the credentials can't be had from the account.
        if let Some(again) = store.account::<AccountCredentials>(issuer) {
            keep(store, store::Account { email: config.acme_email.clone(), ..again })?;
        }
        return Ok(known);
    }
    let new = NewAccount { contact: contacts, terms_of_service_agreed: true, only_return_existing: false };
    let made = http()?.create(&new, issuer.clone(), None).await;
    let (account, credentials) = made.map_err(at("there is no account at the issuer"))?;
    keep(store, store::Account { issuer: issuer.clone(), email: config.acme_email.clone(), credentials })?;
    Ok(account)
}

fn keep(store: &Store, account: store::Account<AccountCredentials>) -> Result<(), Failure> {
    let kept = store.keep_account(&account);
    kept.map_err(|error| Failure::new(format!("The account can't be kept: {}", error.log_text())))
}

/// Offers the proof for each name that isn't proven yet, and says so.
async fn promise(order: &mut Order, challenges: &Challenges) -> Result<(), Failure> {
    let mut authorizations = order.authorizations();
    while let Some(found) = authorizations.next().await {
        let mut authorization = found.map_err(at("the issuer doesn't say what it wants"))?;
        if authorization.status != AuthorizationStatus::Pending {
            continue;
        }
        let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else {
            return Err(Failure::new("The issuer doesn't offer http-01."));
        };
        challenges.offer(&challenge.token, challenge.key_authorization().as_str());
        challenge.set_ready().await.map_err(at("the issuer doesn't want the proof"))?;
    }
    Ok(())
}

/// Why an order wasn't granted, name by name.
async fn refused(order: &mut Order) -> Failure {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let name = state.identifier().to_string();
        for problem in state.challenges.iter().filter_map(|challenge| challenge.error.as_ref()) {
            let detail = problem.detail.clone().unwrap_or_else(|| problem.to_string());
            reasons.push(format!("{name}: {}.", detail.trim_end_matches('.')));
        }
    }
    if reasons.is_empty() {
        return Failure::new("the issuer didn't grant the order, and doesn't say why.");
    }
    let asks = format!("It asks for http://NAME{CHALLENGE_PATH}, so NAME must lead here and port 80 be open.");
    Failure::new(format!("the issuer found no proof that the names are ours. {} {asks}", reasons.join(" ")))
}
