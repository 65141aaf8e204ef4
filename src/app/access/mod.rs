//! Questions about access: what would happen if somebody asked for something (`simulate`), and what stands open to
//! whom (`exposure`).
//!
//! Called by the dashboard, by `holdall access` and by the doctor; the answers are for superusers and for whoever runs
//! the program. Nothing is decided here and nothing is changed: what is told comes from the same functions of `records`
//! that real requests go through.

pub mod exposure;
mod findings;
mod report;
mod simulate;
mod who;

use crate::domain::RuleKind;

pub use findings::{Class, Finding, Severity, findings};
pub use report::Report;

/// What rules are called in definitions of collections.
fn rule_name(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::List => "listRule",
        RuleKind::View => "viewRule",
        RuleKind::Create => "createRule",
        RuleKind::Update => "updateRule",
        RuleKind::Delete => "deleteRule",
        RuleKind::Auth => "authRule",
        RuleKind::Manage => "manageRule",
        RuleKind::Mfa => "mfa.rule",
    }
}

/// What the rule of this kind is about.
fn action_name(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::List => "list",
        RuleKind::View => "view",
        RuleKind::Create => "create",
        RuleKind::Update => "update",
        RuleKind::Delete => "delete",
        RuleKind::Auth => "auth",
        RuleKind::Manage => "manage",
        RuleKind::Mfa => "mfa",
    }
}

/// By which method the API is asked for it.
fn method(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::List | RuleKind::View => "GET",
        RuleKind::Create | RuleKind::Auth | RuleKind::Mfa => "POST",
        RuleKind::Update | RuleKind::Manage => "PATCH",
        RuleKind::Delete => "DELETE",
    }
}
