//! `holdall rollback`: back to the databases as they were before an upgrade.

use indicatif::HumanBytes;

use super::output;
use crate::app::{App, Rollback};
use crate::backup::snapshot::{Reason, Snapshot};
use crate::base::{Error, Result};
use crate::settings::Config;

/// Flags of `rollback`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  holdall rollback --list
  holdall rollback --yes
  holdall rollback 20261126-064318-v0.1.0 --yes")]
pub struct Args {
    /// The name of a snapshot; without this, the newest one from before an upgrade.
    pub name: Option<String>,
    /// Only print the snapshots: name, data version, size, time, and what they were made before.
    #[arg(long, conflicts_with_all = ["name", "yes"])]
    pub list: bool,
    /// Don't ask: the databases that are there now are kept as another snapshot.
    #[arg(long)]
    pub yes: bool,
}

/// Runs the command on the data folder of `config`.
pub fn run(args: &Args, config: &Config) -> Result<()> {
    if args.list {
        let lines: String = App::snapshots(config)?.iter().map(line).collect();
        return output::print(&lines);
    }
    let name = args.name.as_deref();
    if !args.yes {
        let found = App::find_snapshot(config, name)?;
        return Err(Error::invalid(format!(
            "The databases in {} would be those of Holdall {} again, as they were at {}, without anything that was \
             written since. To do that, stop the server and write --yes behind it.",
            config.data_dir.display(),
            found.manifest.program,
            found.manifest.created
        )));
    }
    output::print(&describe(&App::rollback(config, name)?))
}

fn line(snapshot: &Snapshot) -> String {
    let manifest = &snapshot.manifest;
    let before = match manifest.reason {
        Reason::Upgrade => format!("before the upgrade to {}", manifest.made_by),
        Reason::Rollback => "before a rollback".to_owned(),
    };
    let (version, size) = (manifest.data_version, HumanBytes(snapshot.size_bytes()));
    format!("{}\tdata version {version}\t{size}\t{}\t{before}\n", snapshot.name, manifest.created)
}

fn describe(done: &Rollback) -> String {
    let manifest = &done.to.manifest;
    let mut text = format!(
        "The databases are as they were at {}. What was there before is kept as the snapshot {}.\n",
        manifest.created, done.kept_as
    );
    match done.files {
        Some(files) if files.added + files.removed > 0 => text.push_str(&format!(
            "Files of records are as they were: {} that have come since aren't named by any record now, and {} that a \
             record names may be gone.\n`holdall files check` lists both.\n",
            files.added, files.removed
        )),
        Some(_) => {}
        None => {
            text.push_str("Files of records are as they were; `holdall files check` tells whether all are there.\n")
        }
    }
    if done.is_outdated {
        text.push_str(&format!(
            "Start the server with Holdall {} now: this one, {}, would bring the data up to date again.\n",
            manifest.program,
            env!("CARGO_PKG_VERSION")
        ));
    }
    text
}
