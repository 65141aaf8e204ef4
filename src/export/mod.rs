//! Everything in forms that other programs read: SQL, JSON, CSV, and the files as they are.
//!
//! Called by the app for the command line, with a copy of the database that shows one moment and belongs to nobody
//! else. Invariants: rows and files pass piece by piece, so that their number and size cost no memory; password hashes
//! and token keys are only in what says so. Not here: the making of the copy, and where the result goes (`app`).

mod csv_rows;
mod json_rows;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt as _;

use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result};
use crate::domain::{Collection, Field, FieldKind};
use crate::files::{Storage, ledger};
use crate::query::dialect::Dialect;
use crate::records;
use crate::store::DatabaseCopy;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Json,
    /// Comma-separated values with a header.
    Csv {
        /// Whether texts that spreadsheets would take for formulas get a `'` in front.
        for_spreadsheets: bool,
    },
}

impl Format {
    /// What names of such files end with.
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Json => "jsonl",
            Format::Csv { .. } => "csv",
        }
    }
}

/// Writes the records of a collection; how many there were.
///
/// # Errors
/// 503 if they can't be read or written.
pub fn records(
    copy: &DatabaseCopy,
    collection: &Arc<Collection>,
    format: Format,
    with_secrets: bool,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<u64> {
    let dialect = Dialect::Sqlite;
    let shown: Vec<usize> = (0..collection.fields.len())
        .filter(|at| with_secrets || !is_secret(collection, &collection.fields[*at]))
        .collect();
    copy.read(|tx| {
        progress.begin(&collection.name, Unit::Items, records::total(tx, dialect, collection)?);
        let mut writer = match format {
            Format::Json => Rows::Json(json_rows::JsonRows::new(out)),
            Format::Csv { for_spreadsheets } => {
                Rows::Csv(Box::new(csv_rows::CsvRows::begin(out, collection, &shown, for_spreadsheets)?))
            }
        };
        let mut count = 0;
        records::each(tx, dialect, collection, |record| {
            count += 1;
            progress.reached(count);
            match &mut writer {
                Rows::Json(rows) => rows.add(record, &shown),
                Rows::Csv(rows) => rows.add(record, &shown),
            }
        })?;
        match writer {
            Rows::Json(rows) => rows.finish()?,
            Rows::Csv(rows) => rows.finish()?,
        }
        Ok(count)
    })
}

enum Rows<'o> {
    Json(json_rows::JsonRows<'o>),
    Csv(Box<csv_rows::CsvRows<'o>>),
}

/// What opens an account: its password's hash and the key of its tokens.
fn is_secret(collection: &Collection, field: &Field) -> bool {
    matches!(field.kind, FieldKind::Password(_)) || collection.is_auth() && field.name == "tokenKey"
}

/// What was copied of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesCopied {
    /// Files that are there now.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Keys of files that the database names and the storage doesn't have.
    pub missing: Vec<String>,
}

/// Copies every file that a record names into `folder`, under its key.
///
/// # Errors
/// 503 if one can't be read or written.
pub fn files(
    copy: &DatabaseCopy,
    storage: &Storage,
    folder: &Path,
    runtime: &tokio::runtime::Handle,
    progress: &dyn Progress,
) -> Result<FilesCopied> {
    let mut copied = FilesCopied::default();
    progress.begin("Files", Unit::Bytes, 0);
    copy.read(|tx| {
        ledger::each_live(tx, Dialect::Sqlite, |file| {
            let key = file.key();
            let path = folder.join(&key);
            runtime.block_on(async {
                let Some(mut content) = storage.read(&key, None).await? else {
                    copied.missing.push(key);
                    return Ok(());
                };
                std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(unwritten)?;
                let mut out = io::BufWriter::new(std::fs::File::create_new(&path).map_err(unwritten)?);
                while let Some(piece) = content.try_next().await? {
                    out.write_all(&piece).map_err(unwritten)?;
                    copied.bytes += piece.len() as u64;
                    progress.reached(copied.bytes);
                }
                copied.files += 1;
                out.flush().map_err(unwritten)
            })
        })
    })?;
    Ok(copied)
}

/// 503 for what can't be written.
pub fn unwritten(error: io::Error) -> Error {
    Error::unavailable("The export can't be written: the disk may be full.").caused_by(error)
}
