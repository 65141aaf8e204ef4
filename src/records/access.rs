//! The one place where it is decided whether a principal may do something to a collection.
//!
//! Every function of `records` asks here before it reads; so does everything that offers records in another form. The
//! decision is either "no", "everything", or a rule that must hold row by row and becomes part of the statement.

use super::Cx;
use crate::base::{Error, Result};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Collection, CollectionKind, Credential, Principal, RuleKind, Verb};

/// What a principal may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access<'c> {
    /// Every record.
    All,
    /// Records for which this rule holds.
    Where(&'c str),
}

impl<'c> Access<'c> {
    /// The rule, if one applies.
    pub fn rule(self) -> Option<&'c str> {
        match self {
            Access::All => None,
            Access::Where(rule) => Some(rule),
        }
    }
}

/// Decides by the collection's rule of this kind.
///
/// # Errors
/// 403 if only superusers may and the principal isn't one.
pub fn decide<'c>(principal: &Principal, collection: &'c Collection, kind: RuleKind) -> Result<Access<'c>> {
    if let Principal::Scoped(owner, scope) = principal {
        if !verb(kind).is_some_and(|verb| scope.allows(collection, verb)) {
            return Err(out_of_scope());
        }
        if owner.collection().id == SUPERUSERS_ID {
            return Ok(Access::All);
        }
    }
    if principal.is_superuser() {
        return Ok(Access::All);
    }
    match collection.rule(kind) {
        None => Err(Error::forbidden("Only superusers may do this.")),
        Some("") => Ok(Access::All),
        Some(rule) => Ok(Access::Where(rule)),
    }
}

/// Whether an API key's scope, if there is one, includes what follows from a change without being asked for, such as
/// a cascade.
///
/// # Errors
/// 403.
pub fn check_scope(principal: &Principal, collection: &Collection, verb: Verb) -> Result<()> {
    match principal {
        Principal::Scoped(_, scope) if !scope.allows(collection, verb) => Err(out_of_scope()),
        _ => Ok(()),
    }
}

/// Whether the caller may write to the collection as far as it depends on how it has shown who it is: an API key, also
/// one without a scope, makes no superusers and doesn't touch what accounts sign in with.
///
/// # Errors
/// 403.
pub fn check_key(cx: &Cx<'_>, collection: &Collection) -> Result<()> {
    if collection.system { refuse_key(cx) } else { Ok(()) }
}

/// For what no API key may do, whatever its owner may: everything by which a key could outlive itself.
///
/// # Errors
/// 403 for callers with an API key.
pub fn refuse_key(cx: &Cx<'_>) -> Result<()> {
    match cx.credential {
        Credential::Key(_) => Err(Error::forbidden("API keys can't do this.")),
        _ => Ok(()),
    }
}

/// Whether the caller may give a collection this form, `old` being the stored one: an API key also of a superuser
/// changes tables, and nothing by which accounts are entered or seen into. So it leaves alone the system collections,
/// the options of auth collections (with their secrets, providers and mails), and views, whose queries read any table.
///
/// # Errors
/// 403 for callers with an API key.
pub fn check_key_schema(cx: &Cx<'_>, old: Option<&Collection>, new: &Collection) -> Result<()> {
    let Credential::Key(_) = cx.credential else { return Ok(()) };
    // What is sent back as it was, as part of an export that is imported again, is no change.
    let is_same = old.is_some_and(|old| Collection { updated: old.updated.clone(), ..new.clone() } == *old);
    let has_same_options = matches!(new.kind, CollectionKind::Base) || old.is_some_and(|old| old.kind == new.kind);
    let is_system = new.system || old.is_some_and(|old| old.system);
    if is_same || (has_same_options && !is_system) {
        return Ok(());
    }
    let message = "API keys can't change system collections, views, or the options of auth collections.";
    Err(Error::forbidden(message))
}

fn out_of_scope() -> Error {
    Error::forbidden("The API key's scope doesn't include this.")
}

/// The principal, if it is a superuser.
///
/// # Errors
/// 401 for guests, 403 for everybody else.
pub fn require_superuser(principal: &Principal) -> Result<()> {
    match principal {
        Principal::Guest => Err(Error::unauthenticated()),
        Principal::Record(_) if principal.is_superuser() => Ok(()),
        Principal::Record(_) | Principal::Scoped(..) => Err(Error::forbidden("Only superusers may do this.")),
    }
}

/// The same for what nobody else does in a superuser's name.
///
/// # Errors
/// 401 for guests, 403 for everybody else, superusers with an API key among them.
pub fn require_superuser_in_person(cx: &Cx<'_>) -> Result<()> {
    require_superuser(cx.principal)?;
    refuse_key(cx)
}

/// The principal, if it may see the program's figures: a superuser, or a superuser's API key for nothing but that.
///
/// # Errors
/// 401 for guests, 403 for everybody else.
pub fn require_metrics(principal: &Principal) -> Result<()> {
    match principal {
        Principal::Scoped(owner, scope) if owner.collection().id == SUPERUSERS_ID && scope.allows_metrics() => Ok(()),
        _ => require_superuser(principal),
    }
}

/// What an API key needs for a rule of this kind; `None` for what no scope can name, such as signing in.
fn verb(kind: RuleKind) -> Option<Verb> {
    match kind {
        RuleKind::List => Some(Verb::List),
        RuleKind::View => Some(Verb::View),
        RuleKind::Create => Some(Verb::Create),
        RuleKind::Update => Some(Verb::Update),
        RuleKind::Delete => Some(Verb::Delete),
        RuleKind::Auth | RuleKind::Manage | RuleKind::Mfa => None,
    }
}
