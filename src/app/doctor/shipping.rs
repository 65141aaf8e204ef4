//! Whether continuous backup has everything, as far as it is switched on.

use std::time::Duration;

use super::{Finding, Grade};
use crate::backup::ship::{Generation, Target, stretches, time};
use crate::base::{Error, Result, Timestamp};
use crate::settings::Config;
use crate::store::{self, Database};

/// What these findings are called.
const CHECK: &str = "shipping";
/// How long it may take to see what is in the place.
const LOOK_MAX: Duration = Duration::from_secs(20);
/// How old a commit may be before it should have been shipped, beside the interval.
const BEHIND_MS: i64 = 60_000;

/// Looks into the place that changes are shipped to; nothing while there is nothing to ship, or nobody wants it.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let Some(location) = config.ship_location() else { return Vec::new() };
    if !config.data_dir.join(Database::Data.file_name()).is_file() {
        return Vec::new();
    }
    let look = async {
        match Target::find(&location)? {
            Some(target) => target.generations().await.map(Some),
            None => Ok(None),
        }
    };
    let found: Result<_> = tokio::time::timeout(LOOK_MAX, look)
        .await
        .unwrap_or_else(|_| Err(Error::unavailable(format!("It takes more than {} seconds.", LOOK_MAX.as_secs()))));
    let place = config.ship_to.as_str();
    match found {
        Err(error) => {
            let message = format!("It can't be seen what was shipped to {place}: {}", error.log_text());
            let advice = "See that it can be reached, and read by this user.";
            vec![Finding::new(CHECK, Grade::Problem, message, advice)]
        }
        Ok(None) => {
            let message = format!("There is no {location}, where changes are to be shipped.");
            let advice = "If it was there before, see whether its disk is mounted; the server makes a new one.";
            vec![Finding::new(CHECK, Grade::Problem, message, advice)]
        }
        Ok(Some(generations)) => {
            let allowed_ms = BEHIND_MS.saturating_add_unsigned(config.ship_interval_ms);
            let first_after = |at_ms| store::first_commit_after(&config.data_dir, at_ms);
            judged(place, &generations, first_after, Timestamp::now().unix_millis() - allowed_ms)
        }
    }
}

/// What is said of what is in a place. `first_after` tells of the first commit after a time, and what was committed
/// before `due_ms` should be there.
fn judged(
    place: &str,
    generations: &[Generation],
    first_after: impl Fn(i64) -> Option<i64>,
    due_ms: i64,
) -> Vec<Finding> {
    let text = |at_ms| time(at_ms).map_or_else(String::new, |at| at.to_string());
    let Some(shipped) = stretches(generations).last().map(|stretch| stretch.to) else {
        let message = format!("Nothing that could be restored was shipped to {place}.");
        let advice = "Start the server with ship_to; if it runs, its log says what is in the way.";
        return vec![Finding::new(CHECK, Grade::Warning, message, advice)];
    };
    let mut findings = Vec::new();
    match first_after(shipped).filter(|missing| *missing < due_ms) {
        Some(missing) => {
            let (shipped, missing) = (text(shipped), text(missing));
            let message = format!("What was changed since {missing} isn't in {place}, where all is up to {shipped}.");
            let advice = "Start the server, which ships the rest; if it runs, its log says what is in the way.";
            findings.push(Finding::new(CHECK, Grade::Warning, message, advice));
        }
        None => {
            findings.push(Finding::good(CHECK, format!("Changes up to {} are in {place}.", text(shipped))));
        }
    }
    if generations.iter().all(|generation| generation.good.is_empty()) {
        let message = format!("No copy of the database in {place} is known to be good.");
        let advice = "The server tries each out once it is there; if it runs for long, its log says what came of it.";
        findings.push(Finding::new(CHECK, Grade::Warning, message, advice));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::ship::SnapshotName;

    /// A generation with one snapshot, taken at `at_ms`.
    fn generation(at_ms: i64, is_good: bool) -> Generation {
        let snapshot = SnapshotName { number: 0, at_ms };
        let good = if is_good { vec![snapshot] } else { Vec::new() };
        Generation { name: "g1".to_owned(), snapshots: vec![snapshot], good, segments: Vec::new() }
    }

    #[track_caller]
    fn check(generations: &[Generation], commits: &[i64], expect: &[(Grade, &str)]) {
        let first_after = |at_ms| commits.iter().copied().find(|commit| *commit > at_ms);
        let found = judged("there", generations, first_after, 5000);
        let fits = |(finding, (grade, part)): (&Finding, &(Grade, &str))| {
            finding.grade == *grade && finding.message.contains(part)
        };
        assert!(found.len() == expect.len() && found.iter().zip(expect).all(fits), "{found:?}");
    }

    #[test]
    fn what_should_be_there_by_now_is_missed() {
        let shipped = [generation(2000, true)];
        check(&[], &[], &[(Grade::Warning, "Nothing that could be restored")]);
        check(&shipped, &[1000, 2000], &[(Grade::Good, "Changes up to 1970-01-01 00:00:02.000Z")]);
        check(&shipped, &[2000, 6000], &[(Grade::Good, "Changes up to")]);
        check(&shipped, &[2000, 4000, 6000], &[(Grade::Warning, "since 1970-01-01 00:00:04.000Z")]);
    }

    #[test]
    fn a_copy_that_nobody_could_restore_is_worth_a_warning() {
        let good = (Grade::Good, "Changes up to");
        check(&[generation(1000, false)], &[], &[good, (Grade::Warning, "is known to be good")]);
        check(&[generation(1000, true), generation(2000, false)], &[], &[good]);
    }
}
