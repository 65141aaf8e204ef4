//! CSV: a header with names of fields, then one record per row.

use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::reading::{Allowance, BUFFER_BYTES, Reading};
use super::{Entry, Values, cell, confirm_password, is_left_out};
use crate::base::{Error, Result};
use crate::domain::Collection;

/// A CSV file that is being read.
pub struct CsvTable {
    rows: csv::Reader<Reading>,
    allowance: Allowance,
    header: Vec<String>,
    collection: Arc<Collection>,
    /// Whether lines end with a return before the line feed.
    has_returns: bool,
    row: ByteRecord,
}

impl CsvTable {
    /// Reads the header.
    ///
    /// # Errors
    /// 400 if there is none, or it names what isn't a field, or something twice.
    pub fn open(reading: Reading, delimiter: u8, collection: Arc<Collection>) -> Result<CsvTable> {
        let allowance = reading.allowance();
        let mut rows = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            // Rows end at line feeds only, so that lines are counted as people count them.
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(reading);
        let mut row = ByteRecord::new();
        if !rows.read_byte_record(&mut row).map_err(|error| unreadable(1, &error))? {
            return Err(Error::invalid("The file is empty; its first line must name the fields."));
        }
        let has_returns = row.iter().next_back().is_some_and(|cell| cell.ends_with(b"\r"));
        let mut header =
            cells(&row, has_returns).map_err(|why| Error::invalid(format!("The header can't be read: {why}")))?;
        if let Some(first) = header.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        check_header(&collection, &header)?;
        Ok(CsvTable { rows, allowance, header, collection, has_returns, row })
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The next row.
    ///
    /// # Errors
    /// 400 if the rest can't be read.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        let before = self.rows.position().line();
        loop {
            self.allowance.renew();
            if !self.rows.read_byte_record(&mut self.row).map_err(|error| unreadable(before, &error))? {
                return Ok(None);
            }
            // A line with nothing on it but its end.
            if !(self.has_returns && self.row.len() == 1 && self.row[0] == *b"\r") {
                break;
            }
        }
        let line = self.row.position().map_or(before, csv::Position::line);
        Ok(Some(match cells(&self.row, self.has_returns) {
            Ok(original) => Entry { line, values: self.values(&original), original },
            Err(why) => {
                let original = self.row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
                Entry { line, original, values: Err(why) }
            }
        }))
    }

    fn values(&self, cells: &[String]) -> Result<Values, String> {
        if cells.len() != self.header.len() {
            return Err(format!("There are {} cells where the header has {}.", cells.len(), self.header.len()));
        }
        let mut values = Values::default();
        for (name, text) in self.header.iter().zip(cells) {
            if is_left_out(&self.collection, name) {
                continue;
            }
            let Some(field) = self.collection.field(name) else { continue };
            match text.is_empty() {
                true => values.empty.push(name.clone()),
                false => {
                    let value = cell::read(field, text).map_err(|why| format!("{name}: {why}"))?;
                    values.body.insert(name.clone(), value);
                }
            }
        }
        confirm_password(&mut values.body);
        Ok(values)
    }
}

fn cells(row: &ByteRecord, has_returns: bool) -> Result<Vec<String>, String> {
    let text = |cell: &[u8]| std::str::from_utf8(cell).map(str::to_owned);
    let cells: Result<Vec<String>, _> = row.iter().map(text).collect();
    let mut cells = cells.map_err(|_| "It isn't UTF-8.".to_owned())?;
    if let Some(last) = cells.last_mut().filter(|last| has_returns && last.ends_with('\r')) {
        last.pop();
    }
    Ok(cells)
}

fn check_header(collection: &Collection, header: &[String]) -> Result<()> {
    for (at, name) in header.iter().enumerate() {
        if header[..at].contains(name) {
            return Err(Error::invalid(format!("The header names {name:?} twice.")));
        }
        if collection.field(name).is_none() && !is_left_out(collection, name) {
            let known: Vec<&str> = collection.fields.iter().map(|field| field.name.as_str()).collect();
            return Err(Error::invalid(format!(
                "The header names {name:?}, which is no field of {}. Its fields are: {}.",
                collection.name,
                known.join(", ")
            )));
        }
    }
    Ok(())
}

fn unreadable(line: u64, error: &csv::Error) -> Error {
    Error::invalid(format!("From line {line} on the file can't be read: {error}."))
}
