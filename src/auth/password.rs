//! bcrypt, off the threads that answer requests and with a bound on how many run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bcrypt::Version;
use tokio::sync::Semaphore;

use crate::base::{Error, FieldError, Result, Secret, ids};
use crate::domain::{Collection, FieldKind, Value};
use crate::records::{Draft, Proof};

/// bcrypt reads no more than this many bytes of a password.
const BCRYPT_MAX_BYTES: usize = 72;

/// The digits that bcrypt writes hashes with.
const BCRYPT_DIGITS: &[u8] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Hashes and checks passwords. Clones share the bound.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    work: Arc<AtomicU64>,
}

impl Passwords {
    /// At most `parallel` hashes are computed at the same time; the rest waits in order.
    pub fn new(parallel: usize) -> Passwords {
        Passwords { permits: Arc::new(Semaphore::new(parallel.max(1))), work: Arc::default() }
    }

    /// The bcrypt hash of `plain`, with prefix `$2a$`.
    ///
    /// # Errors
    /// 400 for text longer than 72 bytes or with NUL in it.
    pub async fn hash(&self, plain: Secret, cost: u32) -> Result<Secret> {
        if plain.expose().len() > BCRYPT_MAX_BYTES || plain.expose().contains('\0') {
            return Err(Error::field("password", FieldError::invalid("This can't be used as a password.")));
        }
        self.run(cost, move || {
            let parts = bcrypt::hash_with_result(plain.expose(), cost).map_err(Error::internal)?;
            Ok(Secret::new(parts.format_for_version(Version::TwoA)))
        })
        .await
    }

    /// Whether `plain` fits `hash`. What isn't a bcrypt hash fits nothing.
    pub async fn verify(&self, plain: Secret, hash: Secret) -> Result<bool> {
        let cost = hash.expose().split('$').nth(2).and_then(|cost| cost.parse().ok()).unwrap_or(0);
        self.run(cost, move || Ok(bcrypt::verify(plain.expose(), hash.expose()).unwrap_or(false))).await
    }

    /// Takes as long as [`Passwords::verify`] would for an account with passwords of this cost, so that an unknown
    /// account can't be told from a wrong password by the clock.
    pub async fn verify_nothing(&self, plain: Secret, cost: u32) -> Result<()> {
        let hash = format!("$2a${cost:02}$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ0123u");
        self.verify(plain, Secret::new(hash)).await.map(|_| ())
    }

    /// Does the work that a draft asks for.
    ///
    /// # Errors
    /// 400 `oldPassword: validation_invalid_old_password` if that is wrong.
    pub async fn prove(&self, draft: Draft) -> Result<Proof> {
        let mut proof = Proof::default();
        if let Some(old) = draft.old_password {
            if !self.verify(old.plain, old.hash.clone()).await? {
                let wrong = FieldError::new("validation_invalid_old_password", "This isn't the current password.");
                return Err(Error::field("oldPassword", wrong));
            }
            proof.verified_hash = Some(old.hash);
        }
        for password in draft.passwords {
            proof.hashes.push((password.position, self.hash(password.plain, password.cost).await?));
        }
        Ok(proof)
    }

    /// How much was computed since the start, in rounds of bcrypt: a hash of cost 10 has 1024. Answers that must not
    /// tell anything by the time that they take have to cost the same here.
    pub fn work_rounds(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, cost: u32, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        self.work.fetch_add(1_u64.checked_shl(cost).unwrap_or_default(), Ordering::Relaxed);
        let permit = self.permits.clone().acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(Error::internal)?
    }
}

/// The hash of a password that nobody knows, at no cost: 184 random bits in the form of a hash, as the password field
/// of `collection` would store it.
pub fn unusable_hash(collection: &Collection) -> Value {
    let cost = match collection.field("password").map(|field| &field.kind) {
        Some(FieldKind::Password(options)) => options.effective_cost(),
        _ => bcrypt::DEFAULT_COST,
    };
    // The last digit of the salt stands for two bits, that of the hash for four.
    let parts = [(BCRYPT_DIGITS, 21), (b".Oeu", 1), (BCRYPT_DIGITS, 30), (b".CGKOSWaeimquy26", 1)];
    let digits: String = parts.into_iter().map(|(digits, count)| ids::random_text(digits, count)).collect();
    Value::Text(format!("$2a${cost:02}${digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::password::PasswordOptions;
    use crate::domain::{CollectionKind, Field, Rules};

    #[tokio::test]
    async fn hashes_fit_their_password_only() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash(Secret::new("geheim"), 4).await.expect("a plain password");
        assert!(hash.expose().starts_with("$2a$04$"));
        assert!(passwords.verify(Secret::new("geheim"), hash.clone()).await.expect("bcrypt runs"));
        assert!(!passwords.verify(Secret::new("Geheim"), hash).await.expect("bcrypt runs"));
    }

    #[tokio::test]
    async fn what_bcrypt_would_cut_off_is_refused() {
        let passwords = Passwords::new(1);
        for plain in ["x".repeat(73), "a\0b".to_owned()] {
            let error = passwords.hash(Secret::new(plain), 4).await.expect_err("too long or with NUL");
            assert_eq!(error.fields().code("password"), Some("validation_invalid_value"));
        }
    }

    #[test]
    fn hashes_of_nothing_are_well_formed() {
        let cheap = PasswordOptions { cost: 4, ..PasswordOptions::default() };
        let collection = Collection {
            id: String::new(),
            name: String::new(),
            kind: CollectionKind::Base,
            system: false,
            rules: Rules::default(),
            fields: vec![Field::new("password", FieldKind::Password(cheap))],
            indexes: Vec::new(),
            created: String::new(),
            updated: String::new(),
        };
        for _ in 0..32 {
            let hash = unusable_hash(&collection);
            assert!(hash.as_text().starts_with("$2a$04$"));
            assert!(!bcrypt::verify("x", hash.as_text()).expect("well-formed"), "{hash:?}");
        }
    }

    #[test]
    fn the_stand_in_hash_costs_what_a_real_one_does() {
        // A malformed hash would be refused at once and give the game away.
        let hash = "$2a$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ0123u";
        assert!(!bcrypt::verify("x", hash).expect("well-formed"));
    }
}
