//! Whether there is a backup that can be restored, and whether there will be a next one.

use super::{Finding, Grade};
use crate::backup::{Item, Shelf};
use crate::base::Timestamp;
use crate::jobs::Expression;
use crate::settings::Config;
use crate::store::Database;

/// The age from which a backup is old when there is no schedule to go by, in days.
const OLD_DAYS: i64 = 7;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
/// How far back the schedule is looked at.
const LOOK_BACK_MINUTES: i64 = 62 * 24 * 60;

/// Looks at the backups, wherever they are; nothing while there is nothing to back up.
pub fn examine(config: &Config) -> Vec<Finding> {
    if !config.data_dir.join(Database::Data.file_name()).is_file() {
        return Vec::new();
    }
    match Shelf::open(config).and_then(|shelf| shelf.list()) {
        Ok(items) => {
            let mut findings = judged(&items, &config.backup_cron, Timestamp::now());
            if !items.is_empty() && config.backup_bucket().is_none() {
                // On the same disk, they are gone with it.
                let message = "Backups lie on the same disk as the data.";
                let advice = "Copy them to another machine now and then.";
                findings.push(Finding::new("backups", Grade::Note, message, advice));
            }
            findings
        }
        Err(error) => {
            let message = format!("The backups can't be listed: {}", error.log_text());
            let advice = match config.backup_bucket() {
                Some(_) => "See that the service answers, and what is said of it (backup_s3_…).",
                None => "Run this as the user who owns the data.",
            };
            vec![Finding::new("backups", Grade::Problem, message, advice)]
        }
    }
}

fn judged(items: &[Item], cron: &str, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for item in items {
        if let Some(check) = item.check.as_ref().filter(|check| !check.is_good) {
            let message = format!("The backup {} can't be restored: {}", item.key, check.reason);
            findings.push(Finding::new("backups", Grade::Warning, message, "Delete it, once another one is good."));
        }
    }
    let is_good = |item: &&Item| item.check.as_ref().is_some_and(|check| check.is_good);
    let newest = items.iter().filter(is_good).max_by_key(|item| item.modified);
    let due = Expression::parse(cron).ok().and_then(|expression| last_due_but_one(&expression, now));
    let oldest = due.unwrap_or_else(|| now.plus_seconds(-OLD_DAYS * SECONDS_PER_DAY));
    match newest {
        None if items.is_empty() => {
            let message = "There is no backup.";
            findings.push(Finding::new("backups", Grade::Warning, message, "Run `holdall backup create`."));
        }
        None => {
            let message = "There is no backup that is known to be good.";
            let advice = "Run `holdall backup verify NAME`, or make another one: `holdall backup create`.";
            findings.push(Finding::new("backups", Grade::Warning, message, advice));
        }
        Some(item) if item.modified < oldest => {
            let message = format!("The newest backup that is known to be good is of {}.", item.modified);
            let advice = "Run `holdall backup create`, and look in the log why there is no newer one.";
            findings.push(Finding::new("backups", Grade::Warning, message, advice));
        }
        Some(item) => {
            let message = format!("The newest backup that is known to be good is of {}.", item.modified);
            findings.push(Finding::good("backups", message));
        }
    }
    if cron.is_empty() {
        let message = "Backups aren't made by themselves.";
        let advice = "Set backup_cron, such as \"0 3 * * *\" for each night, unless something else makes them.";
        findings.push(Finding::new("backups", Grade::Warning, message, advice));
    }
    findings
}

/// The second to last moment at which a backup should have begun: the last one may still be on its way.
fn last_due_but_one(expression: &Expression, now: Timestamp) -> Option<Timestamp> {
    let minutes = (0..LOOK_BACK_MINUTES).map(|minutes| now.plus_seconds(-minutes * 60));
    minutes.filter(|minute| expression.is_due(*minute)).nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn the_schedule_says_how_old_a_backup_may_be() {
        let now = at("2026-01-15 12:30:10Z");
        let due = |cron: &str| last_due_but_one(&Expression::parse(cron).expect("an expression"), now);
        for (cron, expect) in [
            ("0 3 * * *", "2026-01-14 03:00:10Z"),
            ("@hourly", "2026-01-15 11:00:10Z"),
            ("0 0 * * 0", "2026-01-04 00:00:10Z"),
        ] {
            assert_eq!(due(cron), Some(at(expect)), "{cron}");
        }
        assert_eq!(due("@yearly"), None);
    }

    #[test]
    fn backups_are_judged_by_age_and_by_what_came_of_testing_them() {
        let now = at("2026-01-15 12:30:00Z");
        let item =
            |modified: &str| Item { key: "b.zip".to_owned(), size_bytes: 1, modified: at(modified), check: None };
        let grades = |items: &[Item], cron: &str| -> Vec<Grade> {
            judged(items, cron, now).iter().map(|finding| finding.grade).collect()
        };
        assert_eq!(grades(&[], "0 3 * * *"), [Grade::Warning]);
        assert_eq!(grades(&[], ""), [Grade::Warning, Grade::Warning]);
        assert_eq!(grades(&[item("2026-01-15 03:00:00Z")], "0 3 * * *"), [Grade::Warning], "nobody has tested it");
    }
}
