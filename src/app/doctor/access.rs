//! Who gets in: rules that are open to guests, and superusers without a second factor.

use super::data::{open, schema};
use super::{Finding, Grade};
use crate::app::access::exposure::{self, Exposed};
use crate::app::access::{Class, Severity, findings};
use crate::app::owner::owner;
use crate::auth::factors;
use crate::base::Result;
use crate::domain::RequestInfo;
use crate::domain::principal::SUPERUSERS;
use crate::query::dialect::Dialect;
use crate::records::{self, Find, Plans};
use crate::settings::Config;
use crate::settings::config::Requirement;
use crate::store::{Database, DatabaseCopy, ReadTx};

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
    let mut findings = Vec::new();
    match copy.read_with(schema.clone(), |tx| exposure::look(tx, &Plans::new(Dialect::Sqlite), false)) {
        Ok(exposed) => findings.extend(open_rules(&exposed)),
        Err(error) => {
            let message = format!("The rules can't be tested: {}", error.log_text());
            findings.push(Finding::new("access", if is_older { Grade::Note } else { Grade::Problem }, message, ""));
        }
    }
    let looked = copy.read_with(schema.clone(), |tx| superusers(tx, config));
    findings.extend(looked.unwrap_or_else(|error| {
        let message = format!("The superusers can't be read: {}", error.log_text());
        vec![Finding::new("superusers", if is_older { Grade::Note } else { Grade::Problem }, message, "")]
    }));
    findings
}

/// What the exposure report finds that everybody may do. Left to it is what takes counting, and what only accounts may.
fn open_rules(exposed: &[Exposed]) -> Vec<Finding> {
    let of_guests = [Class::OpenWrites, Class::OpenReads, Class::OpenSignUp];
    let found = findings(exposed).into_iter().filter(|finding| of_guests.contains(&finding.class)).map(|finding| {
        let grade = if finding.severity == Severity::High { Grade::Warning } else { Grade::Note };
        Finding::new("access", grade, finding.message, finding.advice)
    });
    let found: Vec<Finding> = found.collect();
    match found.is_empty() {
        true => vec![Finding::good("access", "No rule is open to everybody.")],
        false => found,
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
