//! JSON: an array of objects, or one object per line.
//!
//! An array is taken apart by its brackets, so that only one object of it is in memory.

use std::io::{BufRead as _, BufReader, Read as _};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::reading::{Allowance, BUFFER_BYTES, Reading};
use super::{Entry, Values, cell, confirm_password, is_left_out};
use crate::base::{Error, Result};
use crate::domain::{Collection, FieldKind};

/// How the objects follow each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Unknown,
    Lines,
    Array { is_first: bool },
    Ended,
}

/// A JSON file that is being read.
pub struct JsonTable {
    input: BufReader<Reading>,
    allowance: Allowance,
    collection: Arc<Collection>,
    layout: Layout,
    line: u64,
}

impl JsonTable {
    /// From its beginning.
    pub fn new(reading: Reading, collection: Arc<Collection>) -> JsonTable {
        let allowance = reading.allowance();
        let input = BufReader::with_capacity(BUFFER_BYTES, reading);
        JsonTable { input, allowance, collection, layout: Layout::Unknown, line: 1 }
    }

    /// The next object.
    ///
    /// # Errors
    /// 400 if the rest can't be read.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        self.allowance.renew();
        if self.layout == Layout::Unknown {
            let mark = self.peek()?;
            self.layout = match mark {
                Some(b'[') => {
                    self.take()?;
                    Layout::Array { is_first: true }
                }
                _ => Layout::Lines,
            };
        }
        let raw = match self.layout {
            Layout::Array { is_first } => self.element(is_first)?,
            Layout::Lines => self.text_line()?,
            Layout::Unknown | Layout::Ended => None,
        };
        Ok(raw.map(|(line, raw)| {
            let values = self.values(&raw);
            Entry { line, original: vec![String::from_utf8_lossy(&raw).into_owned()], values }
        }))
    }

    /// The next line that isn't empty.
    fn text_line(&mut self) -> Result<Option<(u64, Vec<u8>)>> {
        loop {
            let (line, mut text) = (self.line, Vec::new());
            self.input.read_until(b'\n', &mut text).map_err(|error| unreadable(line, &error))?;
            if text.is_empty() {
                self.layout = Layout::Ended;
                return Ok(None);
            }
            self.line += 1;
            let text = text.trim_ascii();
            if !text.is_empty() {
                return Ok(Some((line, text.to_vec())));
            }
            self.allowance.renew();
        }
    }

    /// The next element of the array.
    fn element(&mut self, is_first: bool) -> Result<Option<(u64, Vec<u8>)>> {
        let broken = |line: u64, what: &str| Error::invalid(format!("Line {line}: {what} was expected in the array."));
        match self.peek()? {
            Some(b']') => {
                self.take()?;
                self.layout = Layout::Ended;
                return match self.peek()? {
                    None => Ok(None),
                    Some(_) => Err(broken(self.line, "nothing more")),
                };
            }
            Some(b',') if !is_first => drop(self.take()?),
            Some(_) if is_first => {}
            Some(_) => return Err(broken(self.line, "a comma")),
            None => return Err(broken(self.line, "its end")),
        }
        self.layout = Layout::Array { is_first: false };
        let mark = self.peek()?;
        let line = self.line;
        let mut text = Vec::new();
        let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
        if !matches!(mark, Some(b'{' | b'[')) {
            return Err(broken(line, "an object"));
        }
        loop {
            let Some(byte) = self.take()? else { return Err(broken(self.line, "the end of an object")) };
            text.push(byte);
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_text => is_escaped = true,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => depth += 1,
                b'}' | b']' if !in_text => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(Some((line, text)));
                    }
                }
                _ => {}
            }
        }
    }

    /// The next byte that isn't white space, which stays.
    fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            let line = self.line;
            let buffer = self.input.fill_buf().map_err(|error| unreadable(line, &error))?;
            match buffer.first().copied() {
                None => return Ok(None),
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.take()?;
                    self.allowance.renew();
                }
                Some(byte) => return Ok(Some(byte)),
            }
        }
    }

    fn take(&mut self) -> Result<Option<u8>> {
        let mut byte = [0];
        let line = self.line;
        match self.input.read(&mut byte).map_err(|error| unreadable(line, &error))? {
            0 => Ok(None),
            _ => {
                self.line += u64::from(byte[0] == b'\n');
                Ok(Some(byte[0]))
            }
        }
    }

    fn values(&self, raw: &[u8]) -> Result<Values, String> {
        let object: Json = serde_json::from_slice(raw).map_err(|error| format!("It isn't JSON: {error}."))?;
        let Json::Object(object) = object else { return Err("It isn't an object.".to_owned()) };
        let mut body = Map::new();
        for (key, value) in object {
            if is_left_out(&self.collection, &key) {
                continue;
            }
            let name = key.trim_start_matches('+').trim_end_matches(['+', '-']);
            let field = self.collection.field(&key).or_else(|| self.collection.field(name));
            let field = field.ok_or_else(|| format!("There is no field {key:?}."))?;
            cell::check_json(field, &value).map_err(|why| format!("{key}: {why}"))?;
            let value = match (&field.kind, value) {
                // As the interface takes it, a text would be read as JSON once more.
                (FieldKind::Json(_), Json::String(text)) => Json::String(Json::String(text).to_string()),
                (_, value) => value,
            };
            body.insert(key, value);
        }
        confirm_password(&mut body);
        Ok(Values { body, empty: Vec::new() })
    }
}

fn unreadable(line: u64, error: &std::io::Error) -> Error {
    Error::invalid(format!("From line {line} on the file can't be read: {error}."))
}
