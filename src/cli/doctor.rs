//! `holdall doctor`: what whoever runs the program should know of its state.

use std::process::ExitCode;

use super::output;
use crate::app::doctor::{self, Finding, Grade};
use crate::base::{Result, Timestamp};
use crate::front;
use crate::settings::{Config, Flags, Settings, Sources};

pub const EXAMPLES: &str = "\
Examples:
  holdall doctor
  holdall doctor --json
  holdall doctor --quiet && echo fine

The exit status is 0 if there is nothing to do, 1 if there are warnings, and 2 if there are problems. Notes, which may
be meant so, don't count. Nothing is changed, and nothing is asked of the network but what lies in buckets of backups.";

/// A certificate that ends within this time is worth a warning: two weeks.
const WARNED_BEFORE_SECONDS: i64 = 14 * 24 * 60 * 60;

#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
pub struct Args {
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
    /// Print only warnings and problems.
    #[arg(long, conflicts_with = "json")]
    quiet: bool,
}

/// Looks at everything that the configuration names and prints what was found; gives the exit status.
pub fn run(args: &Args, flags: Flags) -> Result<ExitCode> {
    let findings = match Sources::of_process(flags).and_then(|sources| Settings::load(&sources)) {
        Ok(settings) => {
            let examine = doctor::examine(&settings.config, settings.file_with_secrets());
            let mut findings = super::runtime(1, settings.max_blocking())?.block_on(examine)?;
            findings.extend(certificate(&settings.config));
            findings
        }
        Err(error) => {
            let advice = "Correct it; `holdall config --help` lists every key.";
            vec![Finding::new("configuration", Grade::Problem, error.log_text(), advice)]
        }
    };
    let worst = doctor::worst(&findings);
    output::print(&if args.json { as_json(&findings, worst) } else { as_text(&findings, args.quiet) })?;
    Ok(ExitCode::from(match worst {
        Grade::Good | Grade::Note => 0,
        Grade::Warning => 1,
        Grade::Problem => 2,
    }))
}

/// Whether the certificate will last, if the server speaks HTTPS by itself.
fn certificate(config: &Config) -> Option<Finding> {
    const CHECK: &str = "certificate";
    if !config.is_https() {
        return None;
    }
    let renews = config.tls_cert_file.is_empty();
    Some(match front::certified_until(config) {
        Err(error) => Finding::new(CHECK, Grade::Problem, error.log_text(), "Correct tls_cert_file and tls_key_file."),
        Ok(None) => Finding::new(
            CHECK,
            Grade::Warning,
            "There is no certificate yet.",
            "Start the server, which gets one, and look into its log.",
        ),
        Ok(Some(until)) if until > Timestamp::now().plus_seconds(WARNED_BEFORE_SECONDS) => {
            Finding::good(CHECK, format!("The certificate is valid until {until}."))
        }
        Ok(Some(until)) if until > Timestamp::now() => {
            let advice = if renews { "The server should have renewed it: see its log." } else { "Replace the files." };
            Finding::new(CHECK, Grade::Warning, format!("The certificate is valid until {until} only."), advice)
        }
        Ok(Some(until)) => {
            let message = format!("The certificate was valid until {until}.");
            Finding::new(CHECK, Grade::Problem, message, "Replace it; browsers refuse to connect.")
        }
    })
}

fn as_json(findings: &[Finding], worst: Grade) -> String {
    let mut out = format!("{{\"status\":\"{}\",\"findings\":[", worst.name());
    for (at, finding) in findings.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        finding.write_json(&mut out);
    }
    out.push_str("]}\n");
    out
}

/// A line for each finding, with what to do on the next, and how many there are of each kind.
fn as_text(findings: &[Finding], quiet: bool) -> String {
    let shown = findings.iter().filter(|finding| !quiet || finding.grade >= Grade::Warning);
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let mut out = String::new();
    for finding in shown {
        out.push_str(&format!("{:7}  {:width$}  {}\n", finding.grade.name(), finding.check, finding.message));
        if !finding.advice.is_empty() {
            out.push_str(&format!("{:7}  {:width$}  -> {}\n", "", "", finding.advice));
        }
    }
    let count = |grade| findings.iter().filter(|finding| finding.grade == grade).count();
    if !quiet {
        let (problems, warnings, notes) = (count(Grade::Problem), count(Grade::Warning), count(Grade::Note));
        out.push_str(&format!("\nProblems: {problems}, warnings: {warnings}, notes: {notes}.\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_lines_with_what_to_do() {
        let findings =
            [Finding::good("disk", "There is room."), Finding::new("clock", Grade::Problem, "It is late.", "Set it.")];
        let bad = "problem  clock  It is late.\n                -> Set it.\n";
        assert_eq!(
            as_text(&findings, false),
            format!("ok       disk   There is room.\n{bad}\nProblems: 1, warnings: 0, notes: 0.\n")
        );
        assert_eq!(as_text(&findings, true), bad);
        let json = as_json(&findings, Grade::Problem);
        let body: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!((&body["status"], &body["findings"][1]["check"]), (&"problem".into(), &"clock".into()));
    }
}
