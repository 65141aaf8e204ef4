//! Tables of records in CSV and JSON, read row by row.
//!
//! Called by the app on a thread that may wait. `Table::next` gives one [`Entry`] after the other: where it stands,
//! how it was written, and the body of a request made of it, or why none can be. Invariants: of a file no more is in
//! memory than one row, which has a limit; what a value means is decided here only as far as a cell of CSV can't say
//! it itself, the rest is validated as every request is.

mod cell;
mod csv_table;
mod json_table;
mod reading;
mod rejects;

use std::io::Read;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

pub use rejects::Rejects;

use crate::base::{Error, Result};
use crate::domain::{Collection, FieldKind};

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header.
    Csv {
        /// What stands between cells.
        delimiter: u8,
    },
    /// A JSON array of objects, or one object per line.
    Json,
}

impl FromStr for Format {
    type Err = Error;

    /// `csv`, with commas, or `json`.
    fn from_str(name: &str) -> Result<Format> {
        match name {
            "csv" => Ok(Format::Csv { delimiter: b',' }),
            "json" => Ok(Format::Json),
            _ => Err(Error::invalid("A table is csv or json.")),
        }
    }
}

/// A row.
#[derive(Debug)]
pub struct Entry {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// As it was written: cells, or one JSON text.
    pub original: Vec<String>,
    /// What it is to a record, or why it can't be anything.
    pub values: Result<Values, String>,
}

/// What a row says of a record.
#[derive(Debug, Default, PartialEq)]
pub struct Values {
    /// The body of a request.
    pub body: Map<String, Json>,
    /// Fields whose cells are empty: not given for a new record, emptied for one that is there.
    pub empty: Vec<String>,
}

impl Entry {
    /// About how many bytes it takes in memory.
    pub fn size_bytes(&self) -> usize {
        // The body is about as large as what it was made of.
        2 * self.original.iter().map(|cell| cell.len() + size_of::<String>()).sum::<usize>()
    }
}

/// A table that is being read.
pub enum Table {
    /// CSV.
    Csv(csv_table::CsvTable),
    /// JSON.
    Json(json_table::JsonTable),
}

impl Table {
    /// Begins to read; `told` hears how many bytes were read so far.
    ///
    /// # Errors
    /// 400 if it can't be a table for this collection: without a header, or with columns that aren't fields.
    pub fn open(
        input: Box<dyn Read + Send>,
        format: Format,
        collection: Arc<Collection>,
        told: Box<dyn Fn(u64) + Send>,
    ) -> Result<Table> {
        if collection.is_view() {
            return Err(Error::invalid(format!("{} is a view; its records can't be written.", collection.name)));
        }
        let reading = reading::Reading::new(input, told);
        match format {
            Format::Csv { delimiter } => csv_table::CsvTable::open(reading, delimiter, collection).map(Table::Csv),
            Format::Json => Ok(Table::Json(json_table::JsonTable::new(reading, collection))),
        }
    }

    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// 400 if the rest can't be read at all.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        match self {
            Table::Csv(table) => table.next_entry(),
            Table::Json(table) => table.next_entry(),
        }
    }

    /// The names of the columns; none for JSON.
    pub fn header(&self) -> &[String] {
        match self {
            Table::Csv(table) => table.header(),
            Table::Json(_) => &[],
        }
    }
}

/// Keys that exports have and that aren't fields.
const SHOWN_ONLY: [&str; 4] = ["collectionId", "collectionName", "expand", "passwordConfirm"];

/// Whether what stands under this name is left out: it is only for show, or the server sets it.
fn is_left_out(collection: &Collection, name: &str) -> bool {
    let is_autodate = |name: &str| matches!(collection.field(name).map(|f| &f.kind), Some(FieldKind::Autodate(_)));
    SHOWN_ONLY.contains(&name) && collection.field(name).is_none() || is_autodate(name)
}

/// Whoever imports accounts means the passwords that they write.
fn confirm_password(body: &mut Map<String, Json>) {
    if let Some(password) = body.get("password").cloned() {
        body.insert("passwordConfirm".to_owned(), password);
    }
}

#[cfg(test)]
mod tests;
