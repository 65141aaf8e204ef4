//! A record on its way into the store: everything decided, nothing written.
//!
//! Passwords are why this is a step of its own. bcrypt takes tens of milliseconds and must hold neither the writer nor
//! a reader, so a write that needs it runs twice: once on a reader up to the draft, which names the passwords to be
//! hashed and checked; then, with the [`Proof`] of that work, as a whole on the writer. So does a write that brings
//! files: they are stored in between, by then known to be wanted.

use super::files::FileChanges;
use crate::base::{Error, Result, Secret};
use crate::domain::{Record, Value};

/// What is about to be written.
pub struct Draft {
    /// The record as it will be.
    pub record: Record,
    /// Positions of the fields that change; all of them on create.
    pub changed: Vec<usize>,
    /// Passwords that still have to be hashed.
    pub passwords: Vec<PlainPassword>,
    /// The old password that was given as proof, and the hash that it must fit.
    pub old_password: Option<OldPassword>,
    /// What it means for files.
    pub files: FileChanges,
}

/// A password in plain text on its way to bcrypt.
pub struct PlainPassword {
    /// Position of its field.
    pub position: usize,
    /// The text.
    pub plain: Secret,
    /// bcrypt's cost, 4–31.
    pub cost: u32,
}

/// An `oldPassword` to be checked.
pub struct OldPassword {
    /// What was sent.
    pub plain: Secret,
    /// The stored hash.
    pub hash: Secret,
}

/// Work that was done outside of the transaction: passwords, and the files that are stored already.
#[derive(Default)]
pub struct Proof {
    /// The id that a new record gets, unless it brings one: its files lie under it.
    pub record_id: Option<String>,
    /// Hashes by position of the field.
    pub hashes: Vec<(usize, Secret)>,
    /// The stored hash for which the old password was right.
    pub verified_hash: Option<Secret>,
}

impl Draft {
    /// Whether something has to be done by bcrypt before this can be written.
    pub fn needs_proof(&self) -> bool {
        !self.passwords.is_empty() || self.old_password.is_some()
    }

    /// Lets the draft pass for a proven one in a rehearsal, which isn't kept: what still has to be proven is taken out
    /// and returned, with `stand_in` in the place of each hash.
    pub fn rehearse(&mut self, stand_in: impl Fn(usize) -> String) -> Draft {
        let needs = Draft {
            record: self.record.clone(),
            changed: Vec::new(),
            passwords: std::mem::take(&mut self.passwords),
            old_password: self.old_password.take(),
            files: FileChanges::default(),
        };
        for password in &needs.passwords {
            self.record.set_at(password.position, Value::Text(stand_in(password.position)));
        }
        needs
    }

    /// Refuses a draft whose passwords are neither hashed nor checked, which is a mistake of ours.
    pub(super) fn check_proven(&self) -> Result<()> {
        match self.needs_proof() {
            true => Err(Error::internal("a draft was to be stored without its proof")),
            false => Ok(()),
        }
    }

    /// Puts the hashes in place.
    ///
    /// # Errors
    /// 503 if the record or its collection changed since the proof was made; trying again will do.
    pub fn apply(&mut self, proof: Proof) -> Result<()> {
        let stale = || Error::unavailable("The record changed at the same moment; try again.");
        let hashed = |at: usize| proof.hashes.iter().find(|(position, _)| *position == at);
        for password in self.passwords.drain(..) {
            let (position, hash) = hashed(password.position).ok_or_else(stale)?;
            self.record.set_at(*position, Value::Text(hash.expose().to_owned()));
        }
        match self.old_password.take() {
            Some(old) if proof.verified_hash.as_ref() != Some(&old.hash) => Err(stale()),
            _ => Ok(()),
        }
    }
}
