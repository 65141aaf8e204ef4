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
/// Problems that mean nothing but that the request should be sent anew (RFC 8555, section 6.5).
const BAD_NONCE: &str = "urn:ietf:params:acme:error:badNonce";
/// So many orders are made when nonces are refused. The library sends each request of an order only three times.
const ORDERS_MAX: usize = 3;
/// Longest reason in the log, in characters.
const REASON_MAX_CHARS: usize = 1000;

/// Why there is no certificate: sentences for the log.
#[derive(Debug)]
pub(super) struct Failure {
    reason: String,
    problem: Option<String>,
}

impl Failure {
    pub(super) fn new(reason: impl AsRef<str>) -> Failure {
        // Parts of it may be what somebody else's server has answered.
        let reason = reason.as_ref().chars().filter(|c| !c.is_control()).take(REASON_MAX_CHARS).collect();
        Failure { reason, problem: None }
    }

    pub(super) fn is_rate_limited(&self) -> bool {
        self.problem.as_deref() == Some(RATE_LIMITED)
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
        let problem = match error {
            AcmeError::Api(problem) => problem.r#type.clone(),
            _ => None,
        };
        Failure { problem, ..Failure::new(format!("{step}: {}.", text.trim_end_matches('.'))) }
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
    despite_refused_nonces(|| one(config, store, challenges)).await
}

/// Orders anew, at once, where an order failed of nonces only.
async fn despite_refused_nonces<T, F>(mut order: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    for _ in 1..ORDERS_MAX {
        match order().await {
            Err(failure) if failure.problem.as_deref() == Some(BAD_NONCE) => tracing::info!("ordered anew: {failure}"),
            ended => return ended,
        }
    }
    order().await
}

/// Makes one order.
async fn one(config: &Config, store: &Store, challenges: &Challenges) -> Result<Certificate, Failure> {
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

#[cfg(test)]
mod tests {
    use instant_acme::Problem;

    use super::*;

    fn problem(kind: &str) -> Failure {
        let text = format!("{{\"type\": \"{kind}\", \"detail\": \"no\", \"status\": 400}}");
        let problem: Problem = serde_json::from_str(&text).expect("it is one");
        Failure::of("a step", &AcmeError::Api(problem))
    }

    /// How many orders were made, and how the last one ended, if each before it failed in this way.
    async fn orders(failing: usize, kind: &str) -> (usize, bool) {
        let mut made = 0;
        let ended = despite_refused_nonces(|| {
            made += 1;
            std::future::ready(if made > failing { Ok(()) } else { Err(problem(kind)) })
        });
        let is_ok = ended.await.is_ok();
        (made, is_ok)
    }

    #[tokio::test]
    async fn only_refused_nonces_make_it_order_anew_and_not_forever() {
        assert_eq!(orders(0, BAD_NONCE).await, (1, true));
        assert_eq!(orders(2, BAD_NONCE).await, (3, true));
        assert_eq!(orders(9, BAD_NONCE).await, (ORDERS_MAX, false));
        assert_eq!(orders(9, RATE_LIMITED).await, (1, false));
    }

    #[test]
    fn too_many_requests_are_known_as_such() {
        assert!(problem(RATE_LIMITED).is_rate_limited());
        assert!(!problem(BAD_NONCE).is_rate_limited() && !Failure::new("the disk is full").is_rate_limited());
    }
}
