//! `holdall backup create|list|verify|restore`: backups, for whoever runs the program.

use std::sync::Arc;

use clap::Subcommand;
use indicatif::HumanBytes;

use super::bar::Bar;
use super::output;
use crate::app::{App, BackupItem};
use crate::base::{Error, Result};
use crate::settings::Config;

pub const EXAMPLES: &str = "\
Examples:
  holdall backup create
  holdall backup list
  holdall backup verify nightly.zip
  holdall backup restore nightly.zip --yes
  holdall --data /srv/new backup restore /media/usb/nightly.zip";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a backup and test it.
    ///
    /// It may run beside a server, which goes on to answer. The backup is in the folder `backups` of the data folder.
    #[command(after_help = "Example:\n  holdall backup create before-the-move.zip")]
    Create {
        /// What to call it: small letters, digits, _ and -, and .zip; without this, a name with the time in it.
        name: Option<String>,
    },
    /// Print all backups: name, size, time, whether it could be restored, what is wrong.
    #[command(after_help = "Example:\n  holdall backup list")]
    List,
    /// Test backups: unpack them to a temporary folder and check everything in them.
    #[command(after_help = "Example:\n  holdall backup verify nightly.zip")]
    Verify {
        /// The name of one; without this, all are tested.
        name: Option<String>,
    },
    /// Replace everything in the data folder by what is in a backup.
    ///
    /// No server may run on this data folder. The backup is unpacked and checked first; if anything is wrong with it,
    /// nothing changes.
    #[command(after_help = "Example:\n  holdall --data /srv/new backup restore /media/usb/nightly.zip")]
    Restore {
        /// The name of a backup of this data folder, or any file.
        archive: String,
        /// Don't ask: what is in the data folder now will be gone.
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the command on the data folder of `config`.
pub async fn run(command: Command, config: &Config) -> Result<()> {
    let bar = Arc::new(Bar::new());
    if let Command::Restore { archive, yes } = command {
        let config = config.clone();
        // It may have to wait for the service that has the backup.
        let restoring = tokio::task::spawn_blocking(move || restore(&config, &archive, yes, &bar));
        return restoring.await.map_err(Error::internal)?;
    }
    let app = App::open(config)?;
    let result = apply(&app, command, bar).await;
    app.close();
    let (text, bad) = result?;
    output::print(&text)?;
    match bad {
        0 => Ok(()),
        1 => Err(Error::invalid("One backup can't be restored.")),
        bad => Err(Error::invalid(format!("{bad} backups can't be restored."))),
    }
}

/// Does it, and says what to print and how many of the backups that it was about are no good.
async fn apply(app: &App, command: Command, bar: Arc<Bar>) -> Result<(String, usize)> {
    let items = match command {
        Command::Create { name } => vec![app.create_backup_as_owner(&name.unwrap_or_default(), bar.clone()).await?],
        Command::Verify { name: Some(name) } => vec![app.verify_backup(&name, bar.clone()).await?],
        Command::Verify { name: None } => {
            let mut items = Vec::new();
            for item in app.backups().await? {
                items.push(app.verify_backup(&item.key, bar.clone()).await?);
            }
            items
        }
        // Only listing them is no judgement.
        Command::List | Command::Restore { .. } => {
            return Ok((app.backups().await?.iter().map(line).collect(), 0));
        }
    };
    bar.clear();
    let bad = items.iter().filter(|item| item.verified == Some(false)).count();
    Ok((items.iter().map(line).collect(), bad))
}

fn restore(config: &Config, archive: &str, yes: bool, bar: &Bar) -> Result<()> {
    if !yes && config.data_dir.join("data.db").exists() {
        return Err(Error::invalid(format!(
            "Everything in {} would be replaced. To do that, write --yes behind it.",
            config.data_dir.display()
        )));
    }
    let restored = App::restore_offline(config, archive, bar);
    bar.clear();
    restored?.close();
    output::print(&format!("{archive} was restored to {}.\n", config.data_dir.display()))
}

fn line(item: &BackupItem) -> String {
    let verdict = match item.verified {
        Some(true) => "good",
        Some(false) => "can't be restored",
        None => "not tested",
    };
    let reason = if item.reason.is_empty() { String::new() } else { format!("\t{}", item.reason.replace('\n', " ")) };
    format!("{}\t{}\t{}\t{verdict}{reason}\n", item.key, HumanBytes(item.size), item.modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_whether_it_could_be_restored() {
        let item = |verified, reason: &str| BackupItem {
            key: "a.zip".into(),
            size: 2048,
            modified: "2026-01-01 00:00:00.000Z".into(),
            verified,
            verified_at: String::new(),
            reason: reason.into(),
        };
        let start = "a.zip\t2.00 KiB\t2026-01-01 00:00:00.000Z\t";
        assert_eq!(line(&item(Some(true), "")), format!("{start}good\n"));
        assert_eq!(line(&item(None, "")), format!("{start}not tested\n"));
        assert_eq!(line(&item(Some(false), "no\nmanifest")), format!("{start}can't be restored\tno manifest\n"));
    }
}
