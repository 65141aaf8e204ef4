//! Statements that superusers type: see the store's console for what they can do.
//!
//! Called by the edge behind `/api/sql`. Nobody hears of what is changed this way, and no rule is asked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{App, Caller};
use crate::base::limits::{SQL_MAX_CHARS, SQL_NAME_MAX_CHARS, SQL_ROWS_MAX, SQL_WRITE_SECONDS};
use crate::base::{Error, FieldError, Result};
use crate::records::access::require_superuser;
use crate::store::{Cancel, SqlTable};

/// Statements are run as changes if the first one begins with one of these words.
const CHANGING: &[&str] = &["alter", "create", "delete", "detach", "drop", "insert", "replace", "update"];

/// The id of a superuser, and the name that they run statements under.
type Name = (String, String);

/// What runs under a name, so that whoever runs it can cancel it.
#[derive(Default)]
pub(super) struct Running(Mutex<HashMap<Name, Cancel>>);

/// Statements under a name, until it goes.
struct Run<'r> {
    running: &'r Running,
    name: Name,
}

impl Running {
    /// Begins with what `cancel` is to end.
    ///
    /// # Errors
    /// 400 if something runs under this name.
    fn begin(&self, name: Name, cancel: Cancel) -> Result<Run<'_>> {
        match self.lock().entry(name.clone()) {
            Entry::Occupied(_) => {
                let taken = FieldError::new("validation_not_unique", "Something runs under this name.");
                return Err(Error::field("name", taken));
            }
            Entry::Vacant(free) => free.insert(cancel),
        };
        Ok(Run { running: self, name })
    }

    /// Ends what runs under this name; whether there was anything.
    fn cancel(&self, name: &Name) -> bool {
        self.lock().get(name).map(Cancel::cancel).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Cancel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.running.lock().remove(&self.name);
    }
}

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
    /// with `explain`, the answer is how SQLite would go about it. Under its `name` it can be cancelled.
    ///
    /// # Errors
    /// 401 and 403 for all but superusers, and for API keys; 400 with what the database says, or if it was cancelled;
    /// 408 if it takes too long.
    pub async fn run_sql(&self, caller: Caller) -> Result<String> {
        let (body, caller) = (caller.request.body.clone(), Arc::new(caller));
        // Strangers learn nothing of what they have typed.
        let superuser = self.superuser_in_person(caller.clone()).await?;
        let sql = query(&body)?;
        let cancel = Cancel::default();
        let _run = match text(&body, "name", SQL_NAME_MAX_CHARS)? {
            "" => None,
            name => Some(self.0.running.begin((superuser, name.to_owned()), cancel.clone())?),
        };
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
                tx.change_rows(&sql, &cancel)
            });
            (SqlTable::default(), changing.await?)
        } else {
            (self.read(caller, move |tx, _| tx.ask(&sql, explain, SQL_ROWS_MAX, &cancel)).await?, 0)
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

    /// Ends what the caller runs under this name; the answer to that says whether it was in time.
    ///
    /// # Errors
    /// 401 and 403 as for running it; 404 if nothing runs under this name.
    pub async fn cancel_sql(&self, caller: Caller, name: String) -> Result<()> {
        let superuser = self.superuser_in_person(Arc::new(caller)).await?;
        if self.0.running.cancel(&(superuser, name)) { Ok(()) } else { Err(Error::not_found()) }
    }
}

fn query(body: &Map<String, Json>) -> Result<String> {
    let sql = text(body, "query", SQL_MAX_CHARS)?;
    if sql.is_empty() {
        return Err(Error::field("query", FieldError::required()));
    }
    if sql.trim().is_empty() {
        return Err(Error::invalid("There is no statement."));
    }
    Ok(sql.to_owned())
}

/// The text under a key, which is empty where there is none.
fn text<'b>(body: &'b Map<String, Json>, key: &str, max_chars: usize) -> Result<&'b str> {
    let text = match body.get(key) {
        None | Some(Json::Null) => "",
        Some(Json::String(text)) => text,
        Some(_) => return Err(Error::invalid(format!("`{key}` has to be a text."))),
    };
    if text.chars().count() > max_chars {
        let message = format!("Use at most {max_chars} characters.");
        return Err(Error::field(key, FieldError::too_long(message, max_chars)));
    }
    Ok(text)
}

fn begins_with_change(sql: &str) -> bool {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    CHANGING.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_free_again_once_its_run_has_gone() {
        let (running, name) = (Running::default(), |who: &str| (who.to_owned(), "mine".to_owned()));
        let (cancel, other) = (Cancel::default(), Cancel::default());
        let run = running.begin(name("a"), cancel.clone()).expect("nothing runs");
        assert!(running.begin(name("a"), Cancel::default()).is_err());
        let _other = running.begin(name("b"), other.clone()).expect("names of others aren't taken");
        assert!(running.cancel(&name("a")) && cancel.is_cancelled() && !other.is_cancelled());
        drop(run);
        assert!(!running.cancel(&name("a")));
        assert!(running.begin(name("a"), Cancel::default()).is_ok());
    }

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
