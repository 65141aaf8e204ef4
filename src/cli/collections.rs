//! `holdall collections export` and `holdall collections import`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::output;
use crate::app::App;
use crate::base::{Error, Result};
use crate::settings::Config;

pub const EXAMPLES: &str = "\
Examples:
  holdall collections export collections.json
  holdall collections import collections.json
  holdall collections export - --data old | holdall collections import - --data new";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the definitions of all collections as JSON.
    #[command(after_help = "Example:\n  holdall collections export collections.json")]
    Export {
        /// The file to write; `-` is standard output.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Create and change collections as a file says, wholly or not at all.
    #[command(after_help = "Example:\n  holdall collections import collections.json --delete-missing")]
    Import {
        /// The file to read; `-` is standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Delete the collections and fields that the file doesn't mention, with all that they hold.
        #[arg(long)]
        delete_missing: bool,
    },
}

/// Runs one of the two on the data folder of `config`.
pub async fn run(command: Command, config: &Config) -> Result<()> {
    match command {
        Command::Export { file } => {
            let app = App::open(config)?;
            let result = export(&app, &file).await;
            app.close();
            result
        }
        Command::Import { file, delete_missing } => {
            // Before the database is opened, so that a wrong name leaves no empty data folder behind.
            let text = read(&file)?;
            let app = App::open(config)?;
            let result = app.import_collections_json(&text, delete_missing).await;
            app.close();
            result
        }
    }
}

async fn export(app: &App, file: &Path) -> Result<()> {
    let mut text = app.export_collections().await?;
    text.push('\n');
    if is_standard_stream(file) {
        return output::print(&text);
    }
    std::fs::write(file, text).map_err(|error| Error::invalid(format!("{} can't be written: {error}.", file.display())))
}

fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let result = if is_standard_stream(file) {
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    result.map_err(|error| Error::invalid(format!("{} can't be read: {error}.", file.display())))
}

fn is_standard_stream(file: &Path) -> bool {
    file.as_os_str() == "-"
}
