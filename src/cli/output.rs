//! What commands print: results on standard output, failures as sentences on standard error.

use std::io::Write as _;

use serde_json::Value as Json;

use crate::base::{Error, Result};

/// Writes `text` to standard output.
///
/// # Errors
/// When it can't be written, as with a full disk behind a redirection.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Error::invalid(format!("The result can't be written: {error}.")))
}

/// A failure as the operator of the program should see it: unlike a client, they may know the cause.
pub fn failure(error: &Error) -> String {
    let mut lines: Vec<String> = error.log_text().lines().map(str::to_owned).collect();
    if let Ok(fields) = serde_json::to_value(error.fields()) {
        add_field_errors(&mut lines, "", &fields);
    }
    lines.iter().map(|line| format!("error: {line}")).collect::<Vec<_>>().join("\n")
}

/// One line per field error, under its dotted path.
fn add_field_errors(lines: &mut Vec<String>, path: &str, node: &Json) {
    let Some(map) = node.as_object() else { return };
    if let Some(message) = map.get("message").and_then(Json::as_str) {
        lines.push(format!("{path}: {message}"));
        return;
    }
    for (name, inner) in map {
        let inner_path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        add_field_errors(lines, &inner_path, inner);
    }
}

/// Lines of `label  value`, the values under each other.
pub fn aligned(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(label, value)| format!("{label:width$}  {value}\n")).collect()
}

/// A table: columns under each other, the first two to the left, numbers to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (cell, width))| if at < 2 { format!("{cell:width$}") } else { format!("{cell:>width$}") })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Text of whatever origin in one line that does nothing to a terminal.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FieldError, FieldErrors};

    #[test]
    fn failures_name_their_cause_and_their_fields() {
        let mut fields = FieldErrors::new();
        fields.add("fields.2.name", FieldError::required());
        let error = Error::invalid("Nothing was imported.").with_fields(fields).caused_by("disk full");
        let expect = "error: Nothing was imported.: disk full\nerror: fields.2.name: This can't be empty.";
        assert_eq!(failure(&error), expect);
        assert_eq!(failure(&Error::invalid("one\ntwo")), "error: one\nerror: two");
    }

    #[test]
    fn tables_have_names_left_and_numbers_right() {
        let rows = [["name", "type", "count"], ["a", "base", "7"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "name  type  count\na     base      7\n");
        assert_eq!(one_line("a\nb\u{1b}c"), "a b c");
    }

    #[test]
    fn columns_line_up() {
        assert_eq!(aligned(&[("a", "1".into()), ("long", "2".into())]), "a     1\nlong  2\n");
    }
}
