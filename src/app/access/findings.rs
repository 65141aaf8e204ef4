//! What of the openings is worth knowing, in sentences, with what to do about it.

use super::action_name;
use super::exposure::{Exposed, Level, level_in};
use crate::domain::RuleKind;

/// What kind of opening it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Guests can create, update or delete.
    OpenWrites,
    /// Guests can list or view.
    OpenReads,
    /// Guests can make an account.
    OpenSignUp,
    /// Files of records that guests can't view can be fetched by address.
    OpenFiles,
    /// Every account can do what looks as if it were for some.
    OpenToAccounts,
}

impl Class {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Class::OpenWrites => "open-writes",
            Class::OpenReads => "open-reads",
            Class::OpenSignUp => "open-sign-up",
            Class::OpenFiles => "open-files",
            Class::OpenToAccounts => "open-to-accounts",
        }
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Severity {
    Low,
    Medium,
    High,
}

impl Severity {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

/// Something that stands open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of opening it is.
    pub class: Class,
    /// How grave it is.
    pub severity: Severity,
    /// The name of the collection.
    pub collection: String,
    /// What there is, in a sentence.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

const CLOSE_WRITES: &str = "Give the rules a condition, such as @request.auth.id != \"\".";

/// The findings about all collections, the gravest first.
pub fn findings(all: &[Exposed]) -> Vec<Finding> {
    let mut found: Vec<Finding> = all.iter().flat_map(|exposed| of_collection(exposed, all)).collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

fn of_collection(exposed: &Exposed, all: &[Exposed]) -> Vec<Finding> {
    let parts = [sign_up(exposed), writes(exposed), reached(exposed), reads(exposed), files(exposed)];
    parts.into_iter().flatten().chain(to_accounts(exposed, all)).collect()
}

fn finding(
    exposed: &Exposed,
    (class, severity): (Class, Severity),
    message: impl Into<String>,
    advice: impl Into<String>,
) -> Finding {
    let collection = exposed.collection.name.clone();
    Finding { class, severity, collection, message: message.into(), advice: advice.into() }
}

fn sign_up(exposed: &Exposed) -> Option<Finding> {
    let message = format!("Everybody can make an account in {}.", exposed.collection.name);
    let advice = "Nothing, if people are to sign up by themselves.";
    exposed.has_open_sign_up().then(|| finding(exposed, (Class::OpenSignUp, Severity::Low), message, advice))
}

fn writes(exposed: &Exposed) -> Option<Finding> {
    let mut kinds = vec![RuleKind::Update, RuleKind::Delete];
    if !exposed.collection.is_auth() {
        kinds.insert(0, RuleKind::Create);
    }
    kinds.retain(|kind| exposed.to_guests(*kind) == Level::Open);
    let message =
        format!("Everybody can {} records of {}, without signing in.", actions(&kinds)?, exposed.collection.name);
    Some(match kinds.as_slice() {
        [RuleKind::Create] => {
            let advice = "Nothing, if everybody is to send something in, as with a form.";
            finding(exposed, (Class::OpenWrites, Severity::Medium), message, advice)
        }
        _ => finding(exposed, (Class::OpenWrites, Severity::High), message, CLOSE_WRITES),
    })
}

/// Conditions under which guests change records that are there, such as a relation to an account that is empty.
fn reached(exposed: &Exposed) -> Option<Finding> {
    let reached = |kind| {
        let opening = exposed.guests.iter().find(|opening| opening.kind == kind)?;
        opening.reach.filter(|reach| *reach > 0).map(|reach| (kind, reach))
    };
    let found: Vec<(RuleKind, i64)> = [RuleKind::Update, RuleKind::Delete].into_iter().filter_map(reached).collect();
    let kinds: Vec<RuleKind> = found.iter().map(|(kind, _)| *kind).collect();
    let count = found.iter().map(|(_, reach)| *reach).max()?;
    let (what, name) = (actions(&kinds)?, &exposed.collection.name);
    let records = if count == 1 { "one record".to_owned() } else { format!("{count} records") };
    let message = format!("The rules let everybody {what} {records} of {name}, without signing in.");
    let advice = "Add @request.auth.id != \"\" to the rules: an empty field equals the id of nobody.";
    Some(finding(exposed, (Class::OpenWrites, Severity::High), message, advice))
}

fn reads(exposed: &Exposed) -> Option<Finding> {
    let mut kinds = vec![RuleKind::List, RuleKind::View];
    kinds.retain(|kind| exposed.to_guests(*kind) == Level::Open);
    let message =
        format!("Everybody can {} records of {}, without signing in.", actions(&kinds)?, exposed.collection.name);
    Some(match exposed.collection.is_auth() {
        true => {
            let advice = "Give the rules for list and view a condition, unless all accounts are public.";
            finding(exposed, (Class::OpenReads, Severity::High), message, advice)
        }
        false => finding(exposed, (Class::OpenReads, Severity::Low), message, "Nothing, if these are public."),
    })
}

fn files(exposed: &Exposed) -> Option<Finding> {
    if exposed.open_files.is_empty() || exposed.to_guests(RuleKind::View) == Level::Open {
        return None;
    }
    let (fields, name) = (listed(&exposed.open_files), &exposed.collection.name);
    let message =
        format!("Whoever knows its address gets a file of {name} ({fields}), also who may not view its record.");
    let advice = "Make the field protected, unless its files are for everybody.";
    Some(finding(exposed, (Class::OpenFiles, Severity::Low), message, advice))
}

/// What every account may change, and manage. Where everybody can sign up, these are everybody.
fn to_accounts(exposed: &Exposed, all: &[Exposed]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (accounts, openings) in &exposed.accounts {
        let is_everybody = all.iter().any(|one| one.collection.name == *accounts && one.has_open_sign_up());
        let who = match is_everybody {
            true => format!("Everybody who signs up in {accounts}"),
            false => format!("Every account of {accounts}"),
        };
        let name = &exposed.collection.name;
        if level_in(openings, RuleKind::Manage) == Level::Open {
            let message = format!("{who} can take over every account of {name}: the manage rule is true for them.");
            let advice = "Give the manage rule a condition that only some accounts fulfil.";
            found.push(finding(exposed, (Class::OpenToAccounts, Severity::High), message, advice));
        }
        let kinds = [RuleKind::Update, RuleKind::Delete].into_iter();
        let kinds: Vec<RuleKind> = kinds
            .filter(|kind| level_in(openings, *kind) == Level::Open && exposed.to_guests(*kind) != Level::Open)
            .collect();
        if let Some(what) = actions(&kinds) {
            let message = format!("{who} can {what} every record of {name}.");
            let advice = "Say in the rules whose records these are, such as author = @request.auth.id.";
            let severity = if is_everybody { Severity::High } else { Severity::Medium };
            found.push(finding(exposed, (Class::OpenToAccounts, severity), message, advice));
        }
    }
    found
}

/// `list, view and delete`; `None` of nothing.
fn actions(kinds: &[RuleKind]) -> Option<String> {
    let names: Vec<String> = kinds.iter().map(|kind| action_name(*kind).to_owned()).collect();
    (!names.is_empty()).then(|| listed(&names))
}

/// `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sentences() {
        let check = |words: &[&str], expect: &str| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(listed(&words), expect);
        };
        check(&["list"], "list");
        check(&["list", "view", "delete"], "list, view and delete");
    }
}
