//! What whoever runs the program should know of its state: configuration, data, access, backups, machine.
//!
//! Called by `holdall doctor` ([`examine`], also where no server can be started) and by edges of a running server
//! ([`App::findings`]). Invariants: nothing is changed and nothing is made, and databases are only read; nothing is
//! asked of the network but what lies in buckets of backups; no secret is in a finding. Each check is a function of a
//! file of its own kind here, and says in a sentence what it has found and what to do about it. Not here: whether the
//! server can work at this moment (`readiness`), files that are missing (`files_check`), certificates (`cli`, which
//! knows the front).

mod access;
mod backups;
pub(super) mod data;
mod machine;
mod setup;
mod shipping;

use std::path::PathBuf;

use super::App;
use super::backup_work::blocking;
use crate::base::{Result, json};
use crate::settings::Config;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Good,
    /// Worth knowing, and perhaps meant so.
    Note,
    /// Should be changed.
    Warning,
    /// Must be changed: something doesn't work, or is lost, or stands open.
    Problem,
}

impl Grade {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Grade::Good => "ok",
            Grade::Note => "note",
            Grade::Warning => "warning",
            Grade::Problem => "problem",
        }
    }
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: &'static str,
    /// How grave it is.
    pub grade: Grade,
    /// What there is, in a sentence.
    pub message: String,
    /// What to do about it, in a sentence; empty if nothing has to be done.
    pub advice: String,
}

impl Finding {
    /// All is well.
    pub fn good(check: &'static str, message: impl Into<String>) -> Finding {
        Finding { check, grade: Grade::Good, message: message.into(), advice: String::new() }
    }

    /// Something isn't.
    pub fn new(check: &'static str, grade: Grade, message: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { check, grade, message: message.into(), advice: advice.into() }
    }

    /// As JSON.
    pub fn write_json(&self, out: &mut String) {
        let parts = [
            ("check", self.check),
            ("grade", self.grade.name()),
            ("message", self.message.as_str()),
            ("advice", self.advice.as_str()),
        ];
        for (at, (name, value)) in parts.into_iter().enumerate() {
            out.push(if at > 0 { ',' } else { '{' });
            json::write_str(out, name);
            out.push(':');
            json::write_str(out, value);
        }
        out.push('}');
    }
}

/// The gravest grade among findings.
pub fn worst(findings: &[Finding]) -> Grade {
    findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Good)
}

/// Looks at everything. `secrets_file` is the configuration file, if there are secrets in it.
///
/// # Errors
/// None that is known.
pub async fn examine(config: &Config, secrets_file: Option<PathBuf>) -> Result<Vec<Finding>> {
    let config = config.clone();
    let look = move || {
        let config = data::with_settings(&config).unwrap_or(config);
        let findings = examine_here(&config, secrets_file);
        Ok((config, findings))
    };
    let (config, mut findings) = blocking(look).await?;
    findings.extend(shipping::examine(&config).await);
    Ok(findings)
}

/// What can be seen without waiting for anybody but disks and the bucket of backups.
fn examine_here(config: &Config, secrets_file: Option<PathBuf>) -> Vec<Finding> {
    let mut findings = setup::configuration(config);
    findings.extend(data::folder(config, secrets_file.as_deref()));
    findings.extend(data::databases(config));
    findings.extend(access::examine(config));
    findings.extend(setup::settings(config));
    findings.extend(backups::examine(config));
    findings.extend(machine::examine(config));
    findings
}

impl App {
    /// What should be known of this program's state: see [`examine`]. It takes some seconds with large databases.
    ///
    /// # Errors
    /// None that is known.
    pub async fn findings(&self) -> Result<Vec<Finding>> {
        examine(&self.live().config, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_finding_decides() {
        let finding = |grade| Finding::new("x", grade, "", "");
        assert_eq!(worst(&[]), Grade::Good);
        assert_eq!(worst(&[finding(Grade::Note), finding(Grade::Problem), finding(Grade::Warning)]), Grade::Problem);
    }

    #[test]
    fn findings_are_json() {
        let mut out = String::new();
        Finding::new("disk", Grade::Warning, "Little \"room\".", "Make some.").write_json(&mut out);
        let expect = "{\"check\":\"disk\",\"grade\":\"warning\",\"message\":\"Little \\\"room\\\".\",\
                      \"advice\":\"Make some.\"}";
        assert_eq!(out, expect);
    }
}
