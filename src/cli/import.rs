//! `holdall import pocketbase|csv|json`: taking in what another program has, and tables of records.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::HumanBytes;

use super::bar::Bar;
use super::output;
use crate::app::{App, PocketBaseImport, TableImport, TableOutcome};
use crate::base::{Error, Result, Secret};
use crate::import::pocketbase::{Kind, Note, Report};
use crate::import::table::Format;
use crate::settings::Config;

/// So many notes are printed; all of them are in the file of `--report`.
const NOTES_SHOWN: usize = 50;
/// Of so many rows of a table that failed it is told why.
const FAILURES_TOLD: usize = 20;

pub const EXAMPLES: &str = "\
Examples:
  holdall import pocketbase /srv/pocketbase/pb_data --data /srv/holdall
  holdall import csv people.csv --collection people --dry-run
  holdall import json people.jsonl --collection people --upsert email --errors rejected.jsonl";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take over a data folder of PocketBase 0.23 to 0.40, as a whole or not at all.
    ///
    /// PocketBase must be stopped; its folder isn't changed. Ours must be empty. Ids, passwords and secrets stay as
    /// they are, so that people stay signed in. The exit status is 0 only if nothing was lost; what was is in the
    /// report.
    #[command(
        name = "pocketbase",
        after_help = "Example:\n  holdall import pocketbase pb_data --data holdall_data --report report.json"
    )]
    PocketBase(PocketBaseArgs),
    /// Create records from a CSV file, or change those that it names.
    ///
    /// The first line names the fields. It may run beside a server. Rows are written piece by piece; those that aren't
    /// acceptable are left out and told.
    #[command(after_help = "Example:\n  holdall import csv people.csv --collection people --errors rejected.csv")]
    Csv {
        #[command(flatten)]
        table: TableArgs,
        /// What stands between cells.
        #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
        delimiter: u8,
    },
    /// The same from a JSON array of objects, or from one object per line.
    #[command(after_help = "Example:\n  holdall import json people.json --collection people --dry-run")]
    Json(TableArgs),
}

/// A folder of PocketBase.
#[derive(Args, Debug)]
pub struct PocketBaseArgs {
    /// The folder, which is called pb_data unless somebody has named it otherwise.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The environment variable that holds the key of encrypted settings, as PocketBase was given it.
    #[arg(long, value_name = "NAME")]
    encryption_env: Option<String>,
    /// Leave the settings out, such as encrypted ones whose key is lost.
    #[arg(long, conflicts_with = "encryption_env")]
    without_settings: bool,
    /// Fetch files from the S3 bucket that the settings name.
    #[arg(long, conflicts_with = "without_settings")]
    fetch_files: bool,
    /// Write the whole report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// A table of records.
#[derive(Args, Debug)]
pub struct TableArgs {
    /// The file to read; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The collection that the rows are records of.
    #[arg(long, value_name = "NAME")]
    collection: String,
    /// A field with unique values: a row with the value of a record changes that record.
    #[arg(long, value_name = "FIELD")]
    upsert: Option<String>,
    /// Change nothing, and say what would come of it. It works on a copy of the database.
    #[arg(long)]
    dry_run: bool,
    /// Write all rows in one transaction, or none if one isn't acceptable. Only for files that aren't large.
    #[arg(long)]
    all_or_nothing: bool,
    /// Write the rows that aren't acceptable to this new file, each with its line and the reason.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
}

fn delimiter(text: &str) -> std::result::Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ => Err("write one character, such as ; or \\t".to_owned()),
    }
}

/// Runs one of them on the data folder of `config`.
pub async fn run(command: Command, config: &Config) -> Result<()> {
    match command {
        Command::PocketBase(args) => pocketbase(args, config).await,
        Command::Csv { table, delimiter } => import(table, Format::Csv { delimiter }, config).await,
        Command::Json(table) => import(table, Format::Json, config).await,
    }
}

async fn pocketbase(args: PocketBaseArgs, config: &Config) -> Result<()> {
    let key = args.encryption_env.as_deref().map(key_of).transpose()?;
    let PocketBaseArgs { folder, without_settings, fetch_files, .. } = args;
    let bar = Arc::new(Bar::new());
    let request = PocketBaseImport { folder, key, without_settings, fetch_files };
    let imported = App::import_pocketbase(config, request, bar.clone()).await;
    bar.clear();
    let report = imported?;
    if let Some(file) = &args.report {
        let text = serde_json::to_string_pretty(&report).map_err(Error::internal)?;
        write(file, &text)?;
    }
    output::print(&text_of(&report, config))?;
    match report.losses {
        0 => Ok(()),
        1 => Err(Error::invalid("One thing couldn't be taken over as it was; everything else is there.")),
        losses => Err(Error::invalid(format!(
            "{losses} things couldn't be taken over as they were; everything else is there."
        ))),
    }
}

fn key_of(name: &str) -> Result<Secret> {
    match std::env::var(name) {
        Ok(key) if key.len() == 32 => Ok(Secret::new(key)),
        Ok(_) => Err(Error::invalid(format!("The variable {name} must hold the 32 characters of the key."))),
        Err(_) => Err(Error::invalid(format!("There is no variable called {name} in the environment."))),
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).map_err(|error| Error::invalid(format!("{} can't be written: {error}.", file.display())))
}

/// The report as people read it: a table of the collections, then what is worth knowing.
fn text_of(report: &Report, config: &Config) -> String {
    let heads = ["collection", "type", "found", "taken", "lost", "changed values", "files", "missing files"];
    let mut rows: Vec<Vec<String>> = vec![heads.map(str::to_owned).to_vec()];
    for one in &report.collections {
        let counts = [one.found, one.taken, one.lost, one.changed, one.files.taken, one.files.missing];
        let mut row = vec![one.name.clone(), one.kind.clone()];
        row.extend(counts.map(|count| count.to_string()));
        rows.push(row);
    }
    let mut text = output::table(&rows);
    let files = &report.files;
    text.push_str(&format!(
        "\nfiles: {} taken ({}), {} missing, {} refused, {} that no record names\n",
        files.taken,
        HumanBytes(files.bytes),
        files.missing,
        files.refused,
        files.orphaned
    ));
    if !report.settings.is_empty() {
        text.push_str("\nsettings:\n");
        for (path, value) in &report.settings {
            text.push_str(&format!("  {path} = {}\n", output::one_line(value)));
        }
    }
    if !report.notes.is_empty() {
        text.push_str("\nnotes:\n");
    }
    // What was lost comes first.
    let by_kind = [Kind::Lost, Kind::Changed, Kind::Info];
    let sorted = by_kind.iter().flat_map(|kind| report.notes.iter().filter(move |note| note.kind == *kind));
    for note in sorted.take(NOTES_SHOWN) {
        text.push_str(&format!("  {}\n", line_of(note)));
    }
    let more = (report.notes.len() as u64 + report.more_notes).saturating_sub(NOTES_SHOWN as u64);
    if more > 0 {
        text.push_str(&format!("  and {more} more; --report FILE has up to 10000 of them.\n"));
    }
    text.push_str(&format!("\n{} was imported to {}.\n", report.source, config.data_dir.display()));
    text
}

fn line_of(note: &Note) -> String {
    let word = match note.kind {
        Kind::Lost => "lost",
        Kind::Changed => "changed",
        Kind::Info => "note",
    };
    let place: Vec<&str> = [&note.collection, &note.record, &note.part]
        .into_iter()
        .map(String::as_str)
        .filter(|p| !p.is_empty())
        .collect();
    let place = if place.is_empty() { String::new() } else { format!("{}: ", place.join(" ")) };
    output::one_line(&format!("{word}: {place}{}", note.text))
}

async fn import(args: TableArgs, format: Format, config: &Config) -> Result<()> {
    let bar = Arc::new(Bar::new());
    let dry_run = args.dry_run;
    let request = TableImport {
        file: args.file,
        format,
        collection: args.collection,
        upsert: args.upsert,
        dry_run,
        all_or_nothing: args.all_or_nothing,
        errors: args.errors,
        failures_told: FAILURES_TOLD,
    };
    let whole = request.all_or_nothing;
    let imported = App::import_table(config, request, bar.clone()).await;
    bar.clear();
    let outcome = imported?;
    output::print(&summary(&outcome, dry_run))?;
    if outcome.failed == 0 {
        return Ok(());
    }
    let rows = if outcome.failed == 1 { "One row isn't" } else { "Some rows aren't" };
    let rest = if whole { "Nothing was written." } else { "The others were taken." };
    let mut text = format!("{rows} acceptable. {rest}");
    for (line, why) in &outcome.failures {
        text.push_str(&format!("\nline {line}: {}", output::one_line(why)));
    }
    let more = outcome.failed - outcome.failures.len() as u64;
    if more > 0 {
        text.push_str(&format!("\nand {more} more; --errors FILE writes all of them down."));
    }
    Err(Error::invalid(text))
}

fn summary(outcome: &TableOutcome, dry_run: bool) -> String {
    let TableOutcome { created, updated, failed, .. } = outcome;
    let trial = if dry_run { "Dry run, nothing was changed: " } else { "" };
    format!("{trial}{created} created, {updated} changed, {failed} not acceptable.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_one_character() {
        for (text, expect) in [
            (",", Some(b',')),
            (";", Some(b';')),
            ("\\t", Some(b'\t')),
            ("", None),
            ("ab", None),
            ("\"", None),
            ("é", None),
        ] {
            assert_eq!(delimiter(text).ok(), expect, "{text}");
        }
    }

    #[test]
    fn notes_are_one_line_each() {
        let note = Note {
            kind: Kind::Lost,
            collection: "posts".into(),
            record: String::new(),
            part: "listRule".into(),
            text: "two\nlines\u{1b}[31m".into(),
        };
        assert_eq!(line_of(&note), "lost: posts listRule: two lines [31m");
    }
}
