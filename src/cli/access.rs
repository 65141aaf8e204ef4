//! `holdall access report`: what stands open to guests and to accounts.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::output;
use crate::app::access::{Class, Report, Severity};
use crate::base::Result;
use crate::settings::Config;

pub const EXAMPLES: &str = "\
Examples:
  holdall access report
  holdall access report --json
  holdall access report --fail-on open-writes --except contact_forms

A server may run meanwhile. Nothing is changed, and nothing is asked of the network.";

/// The exit status if something is found that `--fail-on` names. Not that of failures, so that scripts can tell them
/// from each other.
const FOUND: u8 = 2;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what guests and accounts can do to each collection, and what of it should be looked at.
    ///
    /// The exit status is 0, unless --fail-on names something that is found: then it is 2. It is 1 if there is no
    /// report, because the data can't be read.
    #[command(after_help = EXAMPLES)]
    Report(Args),
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// End with status 2 if something of this kind is found; may be given several times.
    #[arg(long, value_name = "KIND", value_enum)]
    fail_on: Vec<FailOn>,
    /// A collection that is meant to stand open and doesn't count for --fail-on; may be given several times.
    #[arg(long, value_name = "COLLECTION", requires = "fail_on")]
    except: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Guests can create, update or delete records.
    OpenWrites,
    /// Guests can list or view records.
    OpenReads,
    /// Anything the report finds.
    Any,
}

impl FailOn {
    fn classes(self) -> &'static [Class] {
        match self {
            FailOn::OpenWrites => &[Class::OpenWrites],
            FailOn::OpenReads => &[Class::OpenReads],
            FailOn::Any => {
                &[Class::OpenWrites, Class::OpenReads, Class::OpenSignUp, Class::OpenFiles, Class::OpenToAccounts]
            }
        }
    }
}

/// Prints the report; gives the exit status.
pub fn run(command: Command, config: &Config) -> Result<ExitCode> {
    let Command::Report(args) = command;
    let report = Report::examine(config)?;
    output::print(&if args.json { format!("{:#}\n", report.to_json()) } else { as_text(&report) })?;
    let classes: Vec<Class> = args.fail_on.iter().flat_map(|kind| kind.classes()).copied().collect();
    Ok(match report.has(&classes, &args.except) {
        true => ExitCode::from(FOUND),
        false => ExitCode::SUCCESS,
    })
}

/// A table of what guests may do, and a line for each finding, with what to do on the next.
fn as_text(report: &Report) -> String {
    let head = ["Guests may", "type", "list", "view", "create", "update", "delete"].map(str::to_owned);
    let rows: Vec<Vec<String>> = [head.to_vec()].into_iter().chain(report.rows()).collect();
    let mut out = output::table(&rows);
    out.push('\n');
    for finding in &report.findings {
        let severity = finding.severity.name();
        out.push_str(&format!("{severity:6}  {:16}  {}\n", finding.class.name(), output::one_line(&finding.message)));
        out.push_str(&format!("{:6}  {:16}  -> {}\n", "", "", finding.advice));
    }
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let (high, medium, low) = (count(Severity::High), count(Severity::Medium), count(Severity::Low));
    out.push_str(&format!("\nFindings: {high} high, {medium} medium, {low} low.\n"));
    out
}
