//! `holdall export`: everything in forms that other programs read.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};
use indicatif::HumanBytes;

use super::bar::Bar;
use super::output;
use crate::app::{App, Export, Exported};
use crate::base::{Error, Result};
use crate::export::Format as RecordsFormat;
use crate::settings::Config;

/// So many missing files are named.
const MISSING_SHOWN: usize = 20;

pub const EXAMPLES: &str = "\
Examples:
  holdall export everything
  holdall export everything --format csv --without-files
  holdall export people.csv --collection people
  holdall export - --collection people --format json | wc -l";

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The whole database as SQL that the sqlite3 shell loads.
    Sql,
    /// Records as JSON, one per line, and the definitions of collections.
    Json,
    /// Records as CSV, and the definitions of collections.
    Csv,
}

/// What is to be exported.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// A folder that isn't there yet, or is empty; with --collection a file that isn't there yet, or `-` for standard
    /// output.
    #[arg(value_name = "DIR|FILE")]
    to: PathBuf,
    /// One form only; may be given several times. Without it, all three; for one collection what the file's name ends
    /// with says, or CSV.
    #[arg(long, value_name = "FORM")]
    format: Vec<Format>,
    /// Only the records of this collection, which may be a view.
    #[arg(long, value_name = "NAME")]
    collection: Option<String>,
    /// Leave the files of records out.
    #[arg(long)]
    without_files: bool,
    /// Write password hashes and token keys to JSON and CSV, too. SQL always has them.
    #[arg(long)]
    with_secrets: bool,
    /// Put a ' in front of texts that spreadsheets would take for formulas. Such a file isn't exact any more.
    #[arg(long)]
    for_spreadsheets: bool,
}

/// Exports the data folder of `config`, beside a server or not.
pub async fn run(args: Args, config: &Config) -> Result<()> {
    // Not to make a data folder where there is none.
    if !config.data_dir.join("data.db").exists() {
        return Err(Error::invalid(format!("There is no data in {}.", config.data_dir.display())));
    }
    let request = request(&args)?;
    let (sql, to_standard_output) = (request.sql, request.to.as_os_str() == "-");
    let app = App::open(config)?;
    let bar = Arc::new(Bar::new());
    let exported = app.export(request, Box::new(std::io::stdout()), bar.clone()).await;
    bar.clear();
    app.close();
    let exported = exported?;
    if !to_standard_output {
        output::print(&text_of(&exported, sql, &args))?;
    }
    let missing = &exported.files.missing;
    match missing.len() {
        0 => Ok(()),
        count => {
            let mut text = format!("{count} files are missing that records name:");
            missing.iter().take(MISSING_SHOWN).for_each(|key| text.push_str(&format!("\n{key}")));
            Err(Error::invalid(text))
        }
    }
}

fn request(args: &Args) -> Result<Export> {
    let mut forms = args.format.clone();
    if forms.is_empty() {
        forms = match &args.collection {
            None => vec![Format::Sql, Format::Json, Format::Csv],
            Some(_) => {
                let end = args.to.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
                vec![if matches!(end.as_str(), "json" | "jsonl" | "ndjson") { Format::Json } else { Format::Csv }]
            }
        };
    }
    if args.collection.is_some() && (forms.len() != 1 || forms[0] == Format::Sql) {
        return Err(Error::invalid("The records of one collection are written as either json or csv."));
    }
    let has = |form| forms.contains(&form);
    let csv = RecordsFormat::Csv { for_spreadsheets: args.for_spreadsheets };
    let records = [(Format::Json, RecordsFormat::Json), (Format::Csv, csv)];
    Ok(Export {
        to: args.to.clone(),
        sql: has(Format::Sql),
        formats: records.into_iter().filter(|(form, _)| has(*form)).map(|(_, format)| format).collect(),
        collection: args.collection.clone(),
        files: args.collection.is_none() && !args.without_files,
        with_secrets: args.with_secrets,
    })
}

fn text_of(exported: &Exported, sql: bool, args: &Args) -> String {
    let mut text = String::new();
    let rows: Vec<(&str, String)> =
        exported.records.iter().map(|(name, count)| (name.as_str(), count.to_string())).collect();
    text.push_str(&output::aligned(&rows));
    let files = &exported.files;
    if args.collection.is_none() && !args.without_files {
        text.push_str(&format!("files: {} ({})\n", files.files, HumanBytes(files.bytes)));
    }
    if sql {
        text.push_str(
            "data.sql is a full copy, with password hashes and the secrets of tokens and providers: keep it as safe \
             as the data folder.\n",
        );
    }
    if args.with_secrets {
        text.push_str(
            "The records have password hashes and token keys in them: keep them as safe as the data folder.\n",
        );
    }
    text.push_str(&format!("Exported to {}.\n", args.to.display()));
    text
}
