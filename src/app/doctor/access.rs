//! Who gets in: rules that are open to guests, and superusers without a second factor.

use super::data::{open, schema};
use super::{Finding, Grade};
use crate::app::owner::owner;
use crate::auth::factors;
use crate::base::Result;
use crate::domain::principal::SUPERUSERS;
use crate::domain::{Collection, RequestInfo, RuleKind, Schema};
use crate::query::dialect::Dialect;
use crate::records::{self, Find, Plans};
use crate::settings::Config;
use crate::settings::config::Requirement;
use crate::store::{Database, DatabaseCopy, ReadTx};

/// The rules that let guests do something, with what it is called.
const ACTIONS: [(RuleKind, &str); 5] = [
    (RuleKind::List, "list"),
    (RuleKind::View, "view"),
    (RuleKind::Create, "create"),
    (RuleKind::Update, "update"),
    (RuleKind::Delete, "delete"),
];

/// Looks at rules and superusers; nothing while there is no database, or none that this program can read.
pub fn examine(config: &Config) -> Vec<Finding> {
    let Some(Ok(copy)) = open(config, Database::Data) else { return Vec::new() };
    let is_older = copy.version().is_ok_and(|version| version < DatabaseCopy::newest_version(Database::Data));
    let Ok(schema) = schema(&copy) else {
        return match is_older {
            true => Vec::new(),
            false => {
                let message = "The collections can't be read, so that nothing is known of their rules.";
                vec![Finding::new("access", Grade::Problem, message, "See what is said of the database.")]
            }
        };
    };
    let mut findings = open_rules(&schema);
    let looked = copy.read_with(schema.clone(), |tx| superusers(tx, config));
    findings.extend(looked.unwrap_or_else(|error| {
        let message = format!("The superusers can't be read: {}", error.log_text());
        vec![Finding::new("superusers", if is_older { Grade::Note } else { Grade::Problem }, message, "")]
    }));
    findings
}

/// One finding for each collection in which guests may do something.
fn open_rules(schema: &Schema) -> Vec<Finding> {
    let collections = schema.collections().iter().filter(|collection| !collection.system);
    let findings: Vec<Finding> = collections.filter_map(|collection| opened(collection)).collect();
    match findings.is_empty() {
        true => vec![Finding::good("access", "No rule is open to everybody.")],
        false => findings,
    }
}

fn opened(collection: &Collection) -> Option<Finding> {
    let open = |kind: RuleKind| collection.rule(kind).is_some_and(|rule| rule.trim().is_empty());
    let actions: Vec<&str> = ACTIONS.iter().filter(|(kind, _)| open(*kind)).map(|(_, name)| *name).collect();
    if actions.is_empty() {
        return None;
    }
    let changes = open(RuleKind::Update) || open(RuleKind::Delete);
    let shows_people = collection.is_auth() && (open(RuleKind::List) || open(RuleKind::View));
    let name = &collection.name;
    if actions == ["create"] && collection.is_auth() {
        let message = format!("Everybody can make an account in {name}.");
        return Some(Finding::new("access", Grade::Note, message, "Nothing, if people are to sign up by themselves."));
    }
    let message = format!("Everybody can {} records of {name}, without signing in.", listed(&actions));
    let (grade, advice) = match (changes, shows_people) {
        (true, _) => {
            (Grade::Warning, "Give the rules for update and delete a condition, such as @request.auth.id != \"\".")
        }
        (_, true) => (Grade::Warning, "Give the rules for list and view a condition, unless all accounts are public."),
        _ => (Grade::Note, "Nothing, if these are public."),
    };
    Some(Finding::new("access", grade, message, advice))
}

/// `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn superusers(tx: &ReadTx<'_>, config: &Config) -> Result<Vec<Finding>> {
    let (plans, request) = (Plans::new(Dialect::Sqlite), RequestInfo::default());
    let identity = owner(tx)?;
    let cx = identity.cx(&request, &plans);
    let collection = records::find_collection(tx.schema(), SUPERUSERS)?;
    let (mut count, mut without) = (0, Vec::new());
    for seen in records::every(tx, &cx, collection)? {
        count += 1;
        // What is seen of a record lacks the token key, which live factors are told from others by.
        let found = records::find(tx, &cx, collection, Find::Id, seen.id().into())?;
        if let Some(record) = found
            && factors::demanded(tx, &cx, &record)?.is_empty()
        {
            without.push(record.text("email").to_owned());
        }
    }
    Ok(vec![judged(count, &without, config.superuser_second_factor)])
}

fn judged(count: usize, without: &[String], requirement: Requirement) -> Finding {
    if count == 0 {
        let message = "There is no superuser: whoever has the set-up link that is printed at start becomes the first.";
        let advice = "Open the link, or run `holdall superuser create EMAIL`.";
        return Finding::new("superusers", Grade::Warning, message, advice);
    }
    if without.is_empty() {
        return Finding::good("superusers", format!("Superusers: {count}, each with a second factor."));
    }
    if requirement == Requirement::Required {
        let message = format!("Superusers who set up a second factor when they sign in next: {}.", without.join(", "));
        return Finding::new("superusers", Grade::Note, message, "Nothing: superuser_second_factor is required.");
    }
    let message = format!("A password is all that it takes to be {}.", without.join(", "));
    let advice = "Have them set up a second factor, or set superuser_second_factor to required.";
    Finding::new("superusers", Grade::Warning, message, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sentences() {
        assert_eq!(listed(&["list"]), "list");
        assert_eq!(listed(&["list", "view", "delete"]), "list, view and delete");
    }

    #[test]
    fn superusers_are_judged_by_how_they_sign_in() {
        let grade = |count, without: &[&str], requirement| {
            let without: Vec<String> = without.iter().map(|email| (*email).to_owned()).collect();
            judged(count, &without, requirement).grade
        };
        assert_eq!(grade(0, &[], Requirement::Required), Grade::Warning);
        assert_eq!(grade(2, &[], Requirement::Optional), Grade::Good);
        assert_eq!(grade(2, &["a@b.c"], Requirement::Optional), Grade::Warning);
        assert_eq!(grade(2, &["a@b.c"], Requirement::Required), Grade::Note);
    }
}
