//! `holdall files check`: whether what is stored and what the records say are the same.

use clap::Subcommand;

use super::output;
use crate::app::{App, FilesReport, Mismatch};
use crate::base::{Error, Result};
use crate::settings::Config;

pub const EXAMPLES: &str = "\
Examples:
  holdall files check
  holdall files check --repair";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare the stored files with the records, both ways, and say what doesn't fit.
    ///
    /// It may run beside a server. Each line is one file: `orphan` is stored and nobody's, `unnamed` is kept for a
    /// record that doesn't name it, `missing` is named by a record and not stored, `wrong-size` is stored with another
    /// size than it had, `unknown` is named by a record and was never stored here. The exit status is 0 only if nothing
    /// is left that doesn't fit.
    #[command(after_help = "Example:\n  holdall files check --repair")]
    Check {
        /// Delete what is `orphan` or `unnamed`. What a record names is never touched.
        #[arg(long)]
        repair: bool,
    },
}

/// Runs the command on the data folder of `config`.
pub async fn run(command: Command, config: &Config) -> Result<()> {
    let Command::Check { repair } = command;
    let app = App::open(config)?;
    let result = app.check_files(repair).await;
    app.close();
    let report = result?;
    output::print(&text(&report, repair))?;
    match report.mismatches.iter().filter(|(what, _)| !(repair && what.is_mendable())).count() {
        0 => Ok(()),
        1 => Err(Error::invalid("One file doesn't fit.")),
        left => Err(Error::invalid(format!("{left} files don't fit."))),
    }
}

fn text(report: &FilesReport, repair: bool) -> String {
    let line = |(what, key): &(Mismatch, String)| {
        let done = if repair && what.is_mendable() { "\tdeleted" } else { "" };
        format!("{}\t{key}{done}\n", what.name())
    };
    let lines: String = report.mismatches.iter().map(line).collect();
    format!("{lines}{} files in records, {} objects stored.\n", report.files, report.objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_a_line_for_each_file() {
        let report = FilesReport {
            files: 2,
            objects: 3,
            mismatches: vec![(Mismatch::Orphan, "c/r/a".into()), (Mismatch::Missing, "c/r/b".into())],
        };
        let end = "2 files in records, 3 objects stored.\n";
        assert_eq!(text(&report, false), format!("orphan\tc/r/a\nmissing\tc/r/b\n{end}"));
        assert_eq!(text(&report, true), format!("orphan\tc/r/a\tdeleted\nmissing\tc/r/b\n{end}"));
    }
}
