//! The file of the rows that couldn't be imported: as they were, with the line and the reason, so that they can be put
//! right and imported by themselves.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use super::{Entry, Format};
use crate::base::json::write_str;
use crate::base::{Error, Result, private};

/// The file.
pub enum Rejects {
    /// CSV with the same columns and two more.
    Csv(Box<csv::Writer<File>>),
    /// One JSON object per line.
    Json(BufWriter<File>),
}

impl Rejects {
    /// Makes the file, which must not be there yet.
    ///
    /// # Errors
    /// 400 if it can't be made.
    pub fn create(path: &Path, format: Format, header: &[String]) -> Result<Rejects> {
        let file = private::create_file(path)
            .map_err(|error| Error::invalid(format!("The file {} can't be made: {error}.", path.display())))?;
        match format {
            Format::Csv { delimiter } => {
                let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(file);
                let header = header.iter().map(String::as_str).chain(["line", "error"]);
                writer.write_record(header).map_err(unwritten)?;
                Ok(Rejects::Csv(Box::new(writer)))
            }
            Format::Json => Ok(Rejects::Json(BufWriter::new(file))),
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// 503 if it can't be written.
    pub fn add(&mut self, entry: &Entry, why: &str) -> Result<()> {
        match self {
            Rejects::Csv(writer) => {
                let line = entry.line.to_string();
                let cells = entry.original.iter().map(String::as_str).chain([line.as_str(), why]);
                writer.write_record(cells).map_err(unwritten)
            }
            Rejects::Json(writer) => {
                let mut text = format!("{{\"line\":{},\"error\":", entry.line);
                write_str(&mut text, why);
                text.push_str(",\"row\":");
                let original = entry.original.concat();
                match serde_json::from_str::<serde::de::IgnoredAny>(&original) {
                    Ok(_) => crate::base::json::write_raw(&mut text, &original),
                    Err(_) => write_str(&mut text, &original),
                }
                text.push_str("}\n");
                writer.write_all(text.as_bytes()).map_err(unwritten)
            }
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// 503 if it can't be written.
    pub fn finish(self) -> Result<()> {
        match self {
            Rejects::Csv(mut writer) => writer.flush().map_err(unwritten),
            Rejects::Json(mut writer) => writer.flush().map_err(unwritten),
        }
    }
}

fn unwritten(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::unavailable("The file of errors can't be written.").caused_by(error)
}
