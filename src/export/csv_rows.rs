//! Records as CSV (RFC 4180, but lines end with a line feed): a header with the names of fields, and what `import`
//! reads.
//!
//! A list, a place and JSON are JSON; NULL is an empty cell.

use std::io::Write;

use super::unwritten;
use crate::base::json::write_number;
use crate::base::{Error, Result};
use crate::domain::{Collection, Record, Value};

/// What a spreadsheet takes a text for a formula by.
const FORMULA_SIGNS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Where the rows go.
pub struct CsvRows<'o> {
    out: csv::Writer<&'o mut dyn Write>,
    cell: String,
    for_spreadsheets: bool,
}

impl<'o> CsvRows<'o> {
    /// Writes the header.
    ///
    /// # Errors
    /// 503 if it can't be written.
    pub fn begin(
        out: &'o mut dyn Write,
        collection: &Collection,
        shown: &[usize],
        for_spreadsheets: bool,
    ) -> Result<CsvRows<'o>> {
        let mut rows = CsvRows { out: csv::Writer::from_writer(out), cell: String::new(), for_spreadsheets };
        let names = shown.iter().map(|at| collection.fields[*at].name.as_str());
        rows.out.write_record(names).map_err(failed)?;
        Ok(rows)
    }

    /// Adds a record with the fields at `shown`.
    ///
    /// # Errors
    /// 503 if it can't be written.
    pub fn add(&mut self, record: &Record, shown: &[usize]) -> Result<()> {
        for at in shown {
            self.cell.clear();
            write_cell(&mut self.cell, record.at(*at), self.for_spreadsheets);
            self.out.write_field(&self.cell).map_err(failed)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(failed)
    }

    /// Ends.
    ///
    /// # Errors
    /// 503 if it can't be written.
    pub fn finish(mut self) -> Result<()> {
        self.out.flush().map_err(unwritten)
    }
}

fn write_cell(cell: &mut String, value: &Value, for_spreadsheets: bool) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => cell.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => write_number(cell, *number),
        Value::Text(text) => {
            if for_spreadsheets && text.starts_with(FORMULA_SIGNS) {
                cell.push('\'');
            }
            cell.push_str(text);
        }
        Value::Json(text) => {
            // JSON begins with none of the signs but that of a negative number.
            cell.push_str(text);
        }
        Value::List(items) if items.is_empty() => {}
        Value::List(_) | Value::Point { .. } => value.write_json(cell),
    }
}

fn failed(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => unwritten(error),
        other => Error::internal(format!("CSV can't be written: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_marked_only_where_that_is_wanted() {
        for (value, plain, marked) in [
            (Value::Text("=1+1".into()), "=1+1", "'=1+1"),
            (Value::Text("@x".into()), "@x", "'@x"),
            (Value::Text("\t=x".into()), "\t=x", "'\t=x"),
            (Value::Text("a=b".into()), "a=b", "a=b"),
            (Value::Number(-5.0), "-5", "-5"),
            (Value::List(vec!["=x".into()]), "[\"=x\"]", "[\"=x\"]"),
            (Value::List(Vec::new()), "", ""),
            (Value::Bool(false), "false", "false"),
            (Value::Null, "", ""),
            (Value::Json("{\"a\":1}".into()), "{\"a\":1}", "{\"a\":1}"),
            (Value::Point { lon: 1.5, lat: -2.0 }, "{\"lon\":1.5,\"lat\":-2}", "{\"lon\":1.5,\"lat\":-2}"),
        ] {
            for (for_spreadsheets, expect) in [(false, plain), (true, marked)] {
                let mut cell = String::new();
                write_cell(&mut cell, &value, for_spreadsheets);
                assert_eq!(cell, expect, "{value:?}");
            }
        }
    }
}
