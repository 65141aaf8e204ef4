//! Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, which is what all apps
//! understand.
//!
//! Called by everything that asks for a second factor. Invariants: a code is taken one step early or late, and no step
//! is taken twice. The secret is stored as it is, because codes can't be checked without it.

use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use totp_rs::{Algorithm, Builder, Secret as Key, Totp};

use super::sessions::owned_by;
use crate::base::limits::{CEREMONIES_REMEMBERED, TOTP_SETUP_SECONDS};
use crate::base::{Error, Result, Secret, SqlValueRef, Timestamp};
use crate::domain::Record;
use crate::query::table::Table;
use crate::records::Cx;
use crate::store::{ReadTx, WriteTx};

const TOTPS: Table = Table::new("_totps");

const DIGITS: u8 = 6;
const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one whose codes are taken, because clocks differ and people type slowly.
const SKEW_STEPS: u16 = 1;

/// An account's authenticator app.
pub struct Stored {
    /// The key in Base32.
    pub secret: Secret,
    /// The step of the last code that was taken.
    pub last_step: i64,
    /// Since when it is set up.
    pub created: String,
}

/// Keys of apps that haven't shown a code yet, one per account. In memory only: until then nothing changes.
pub struct Setups(Cache<(String, String), Secret>);

impl Setups {
    /// None yet.
    pub fn new() -> Setups {
        let cache = Cache::builder()
            .max_capacity(CEREMONIES_REMEMBERED)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(Duration::from_secs(TOTP_SETUP_SECONDS));
        Setups(cache.build())
    }

    /// Begins to set up an app; an earlier beginning is void.
    pub fn begin(&self, account: &Record) -> Secret {
        let secret = new_secret();
        self.0.insert(Self::key(account), secret.clone());
        secret
    }

    /// The key of the app that is being set up.
    pub fn find(&self, account: &Record) -> Option<Secret> {
        self.0.get(&Self::key(account))
    }

    /// The app is set up.
    pub fn end(&self, account: &Record) {
        self.0.invalidate(&Self::key(account));
    }

    fn key(account: &Record) -> (String, String) {
        (account.collection().id.clone(), account.id().to_owned())
    }
}

impl Default for Setups {
    fn default() -> Self {
        Setups::new()
    }
}

/// A new key in Base32, as long as SHA-1 hashes are.
fn new_secret() -> Secret {
    Secret::new(Key::generate().to_base32())
}

/// The address that apps read from a QR code. What the form of the address has no room for is left out of the names.
///
/// # Errors
/// 500 if the key isn't one.
pub fn url(secret: &Secret, issuer: &str, account: &str) -> Result<String> {
    let plain = |text: &str| text.replace(':', " ");
    let totp = builder(secret)?.with_issuer(Some(plain(issuer))).with_account_name(plain(account));
    totp.build().map_err(Error::internal)?.to_url().map_err(Error::internal)
}

/// The time step that a code belongs to, if it is one of those that are taken at this time.
///
/// # Errors
/// 500 if the key isn't one.
pub fn step_of(secret: &Secret, code: &str, now: Timestamp) -> Result<Option<i64>> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now.unix_seconds()).map_err(Error::internal)?;
    let totp: Totp = builder(secret)?.build().map_err(Error::internal)?;
    Ok(totp.check(&code, seconds).and_then(|step| i64::try_from(step).ok()))
}

/// The account's app.
pub fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Option<Stored>> {
    let columns = ["secret", "lastStep", "created"];
    tx.first(&TOTPS.select(cx.plans.dialect(), &columns, &owned_by(record)), |row| {
        match (row.get(0)?, row.get(1)?, row.get(2)?) {
            (SqlValueRef::Text(secret), SqlValueRef::Integer(last_step), SqlValueRef::Text(created)) => {
                Ok(Stored { secret: Secret::new(secret), last_step, created: created.to_owned() })
            }
            _ => Err(Error::internal("a column of _totps isn't what it should be")),
        }
    })
}

/// Makes this the account's app, in place of any other; `step` is that of the code which has shown that it works.
pub fn store(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, secret: &Secret, step: i64) -> Result<()> {
    let row = vec![
        ("collectionRef", record.collection().id.as_str().into()),
        ("recordRef", record.id().into()),
        ("secret", secret.expose().into()),
        ("lastStep", step.into()),
        ("created", tx.now().to_string().into()),
    ];
    tx.execute(&TOTPS.insert_or_replace(cx.plans.dialect(), row, &["collectionRef", "recordRef"])).map(|_| ())
}

/// Whether this is a code of the account's app that wasn't taken yet; from now on it is.
pub fn take(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, code: &str) -> Result<bool> {
    let Some(stored) = find(tx, cx, record)? else { return Ok(false) };
    let Some(step) = step_of(&stored.secret, code, tx.now())?.filter(|step| *step > stored.last_step) else {
        return Ok(false);
    };
    tx.execute(&TOTPS.update(cx.plans.dialect(), vec![("lastStep", step.into())], &owned_by(record)))?;
    Ok(true)
}

/// Forgets the account's app; whether there was one.
pub fn remove(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<bool> {
    Ok(tx.execute(&TOTPS.delete(cx.plans.dialect(), &owned_by(record)))? > 0)
}

fn builder(secret: &Secret) -> Result<Builder> {
    let key = Key::try_from_base32(secret.expose()).map_err(Error::internal)?;
    Ok(Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_step_duration(STEP_SECONDS)
        .with_skew(SKEW_STEPS)
        .with_secret(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B: the ASCII text 12345678901234567890.
    const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn step(code: &str, seconds: i64) -> Option<i64> {
        let now = Timestamp::from_unix_seconds(seconds).expect("in range");
        step_of(&Secret::new(KEY), code, now).expect("the key is one")
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // The last six of the eight digits in the appendix.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step(code, seconds), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late() {
        let (code, at) = ("081804", 1_111_111_109);
        for (seconds, taken) in [(-61, false), (-30, true), (0, true), (30, true), (61, false)] {
            assert_eq!(step(code, at + seconds).is_some(), taken, "{seconds} seconds off");
        }
    }

    #[test]
    fn only_six_digits_are_a_code() {
        for (code, taken) in [
            ("287 082", true),
            (" 287082 ", true),
            ("94287082", false),
            ("87082", false),
            ("+87082", false),
            ("", false),
            ("２８７０８２", false),
        ] {
            assert_eq!(step(code, 59).is_some(), taken, "{code:?}");
        }
    }

    #[test]
    fn addresses_name_issuer_and_account() {
        let url = url(&Secret::new(KEY), "My: App", "ada@a.test").expect("an address");
        assert!(url.starts_with("otpauth://totp/My%20%20App:ada%40a.test?"), "{url}");
        assert!(url.contains(&format!("secret={KEY}")) && url.contains("issuer=My%20%20App"), "{url}");
    }

    #[test]
    fn new_keys_are_long_and_different() {
        let (one, other) = (new_secret(), new_secret());
        assert!(one != other && one.expose().trim_end_matches('=').len() == 32);
    }
}
