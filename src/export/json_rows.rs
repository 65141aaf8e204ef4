//! Records as JSON, one object per line, as superusers get them.

use std::io::{BufWriter, Write};

use super::unwritten;
use crate::base::Result;
use crate::base::json::write_str;
use crate::domain::Record;

/// Where the lines go.
pub struct JsonRows<'o> {
    out: BufWriter<&'o mut dyn Write>,
    line: String,
}

impl<'o> JsonRows<'o> {
    /// Begins.
    pub fn new(out: &'o mut dyn Write) -> JsonRows<'o> {
        JsonRows { out: BufWriter::new(out), line: String::new() }
    }

    /// Adds a record with the fields at `shown`.
    ///
    /// # Errors
    /// 503 if it can't be written.
    pub fn add(&mut self, record: &Record, shown: &[usize]) -> Result<()> {
        let (line, collection) = (&mut self.line, record.collection());
        line.clear();
        line.push_str("{\"collectionId\":");
        write_str(line, &collection.id);
        line.push_str(",\"collectionName\":");
        write_str(line, &collection.name);
        for at in shown {
            line.push(',');
            write_str(line, &collection.fields[*at].name);
            line.push(':');
            record.at(*at).write_json(line);
        }
        line.push_str("}\n");
        self.out.write_all(line.as_bytes()).map_err(unwritten)
    }

    /// Ends.
    ///
    /// # Errors
    /// 503 if it can't be written.
    pub fn finish(mut self) -> Result<()> {
        self.out.flush().map_err(unwritten)
    }
}
