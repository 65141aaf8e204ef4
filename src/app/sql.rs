//! Statements that superusers type: see the store's console for what they can do.
//!
//! Called by the edge behind `/api/sql`. Nobody hears of what is changed this way, and no rule is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value as Json;

use super::{App, Caller};
use crate::base::limits::{SQL_MAX_CHARS, SQL_ROWS_MAX, SQL_WRITE_SECONDS};
use crate::base::{Error, FieldError, Result};
use crate::records::access::require_superuser;
use crate::store::SqlTable;

/// Statements are run as changes if the first one begins with one of these words.
const CHANGING: &[&str] = &["alter", "create", "delete", "detach", "drop", "insert", "replace", "update"];

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// In milliseconds.
    exec_time: f64,
    affected_rows: u64,
    columns: Vec<Column>,
    rows: Vec<Vec<Option<String>>>,
    /// Whether there are more rows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    limits: Limits,
}

/// What the statement was given at most.
#[derive(Serialize)]
struct Limits {
    rows: usize,
    seconds: u64,
}

#[derive(Serialize)]
struct Column {
    name: String,
    r#type: String,
    nullable: bool,
}

impl App {
    /// Runs the body's `query`, one or several statements. With `readOnly` it may only ask, whatever it begins with;
    /// with `explain`, the answer is how SQLite would go about it.
    ///
    /// # Errors
    /// 401 and 403 for all but superusers, and for API keys; 400 with what the database says; 503 if it takes too long.
    pub async fn run_sql(&self, caller: Caller) -> Result<String> {
        let (body, caller) = (caller.request.body.clone(), Arc::new(caller));
        // Strangers learn nothing of what they have typed.
        self.require_superuser_in_person(caller.clone()).await?;
        let sql = query(body.get("query"))?;
        let is_on = |name: &str| body.get(name).and_then(Json::as_bool).unwrap_or_default();
        let (explain, read_only) = (is_on("explain"), is_on("readOnly"));
        let begun = Instant::now();
        let changes = begins_with_change(&sql) && !explain && !read_only;
        let limit = if changes { Duration::from_secs(SQL_WRITE_SECONDS) } else { self.0.store.statement_timeout() };
        let (table, affected_rows) = if changes {
            let app = self.clone();
            let changing = self.commit_alone(limit, move |tx| {
                let identity = app.identify(tx, &caller)?;
                require_superuser(&identity.principal)?;
                tx.change_rows(&sql)
            });
            (SqlTable::default(), changing.await?)
        } else {
            (self.read(caller, move |tx, _| tx.ask(&sql, explain, SQL_ROWS_MAX)).await?, 0)
        };
        let answer = Answer {
            exec_time: begun.elapsed().as_secs_f64() * 1000.0,
            affected_rows,
            columns: table
                .columns
                .into_iter()
                .map(|column| Column { name: column.name, r#type: column.declared, nullable: true })
                .collect(),
            rows: table.rows,
            truncated: table.is_cut,
            limits: Limits { rows: SQL_ROWS_MAX, seconds: limit.as_secs() },
        };
        serde_json::to_string(&answer).map_err(Error::internal)
    }
}

fn query(sent: Option<&Json>) -> Result<String> {
    let sql = match sent {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(sql)) => sql.clone(),
        Some(_) => return Err(Error::invalid("`query` has to be a text.")),
    };
    if sql.is_empty() {
        return Err(Error::field("query", FieldError::required()));
    }
    if sql.chars().count() > SQL_MAX_CHARS {
        let error = FieldError::new("validation_length_too_long", format!("Use at most {SQL_MAX_CHARS} characters."));
        return Err(Error::field("query", error.with("min", 0).with("max", SQL_MAX_CHARS)));
    }
    if sql.trim().is_empty() {
        return Err(Error::invalid("There is no statement."));
    }
    Ok(sql)
}

fn begins_with_change(sql: &str) -> bool {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    CHANGING.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_known_by_their_first_word() {
        for (sql, expect) in [
            ("  UPDATE posts SET n = 1", true),
            ("delete from posts", true),
            ("select 1; delete from posts", false),
            ("updates", false),
            ("-- update\nselect 1", false),
            ("", false),
        ] {
            assert_eq!(begins_with_change(sql), expect, "{sql}");
        }
    }
}
