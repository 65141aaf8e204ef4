//! `holdall config check` and `holdall config show`.

use clap::Subcommand;

use super::output;
use crate::app::App;
use crate::base::Result;
use crate::front;
use crate::settings::{Flags, KEYS, Row, Settings, Sources};

pub const EXAMPLES: &str = "\
Examples:
  holdall config check
  holdall config show
  HOLDALL_READERS=4 holdall config show

`holdall config --help` lists every key.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether the configuration is valid, and what isn't.
    #[command(after_help = "Example:\n  holdall config check --config /etc/holdall/Rocket.toml")]
    Check,
    /// Print every key with its value and the place where it was set. Secrets are masked.
    #[command(after_help = "Example:\n  holdall config show --data /srv/holdall")]
    Show,
}

/// Runs one of the two; neither touches the data folder.
pub fn run(command: Command, flags: Flags) -> Result<()> {
    let settings = Settings::load(&Sources::of_process(flags)?)?;
    match command {
        Command::Check => {
            App::check_mail(&settings.config)?;
            App::check_storage(&settings.config)?;
            App::check_backup_places(&settings.config)?;
            App::check_jobs(&settings.config)?;
            front::check(&settings.config)?;
            match &settings.file {
                Some(file) => output::print(&format!("The configuration is valid (file: {}).\n", file.display())),
                None => output::print("The configuration is valid (no file).\n"),
            }
        }
        Command::Show => output::print(&table(&settings.rows())),
    }
}

fn table(rows: &[Row]) -> String {
    let width = |column: fn(&Row) -> &str, head: &str| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0).max(head.len())
    };
    let (key, value) = (width(|row| &row.key, "KEY"), width(|row| &row.value, "VALUE"));
    let mut out = format!("{:key$}  {:value$}  FROM\n", "KEY", "VALUE");
    for row in rows {
        out.push_str(&format!("{:key$}  {:value$}  {}\n", row.key, row.value, row.origin));
    }
    out
}

/// The examples followed by every key with its default, from the table of keys.
pub fn long_help() -> String {
    let mut out = format!(
        "{EXAMPLES}\n\nKeys (under [holdall] in Rocket.toml; in the environment HOLDALL_ and the name in capitals, or \
         with _FILE\nbehind it the name of a file that holds the value):\n"
    );
    for key in KEYS {
        let default = if key.default.is_empty() { "empty" } else { key.default };
        let (name, doc, takes) = (key.name, key.doc, key.kind.takes());
        out.push_str(&format!("\n  {name}\n      {doc}\n      Takes {takes}. Default: {default}\n"));
    }
    out.push_str("\nRocket's own keys stand under [default] in Rocket.toml, or as ROCKET_ and the name in capitals.\n");
    out
}
