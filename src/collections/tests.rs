//! The collections service over a real store.

mod adopting;
mod fields;
mod importing;
mod lifecycle;
mod renaming;
mod rule_checking;
mod viewing;

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use super::{bootstrap, create, delete, import, load_schema, update};
use crate::base::{Error, Result, SqlValue, Statement};
use crate::domain::{Collection, Schema};
use crate::store::{Store, StoreOptions, WriteTx};

/// A fresh install in a folder of its own.
struct Install {
    store: Store,
    _folder: TempDir,
}

fn install() -> Install {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(StoreOptions::new(folder.path()), load_schema).expect("an empty folder can be opened");
    store.write_blocking(bootstrap).expect("system collections can be made");
    Install { store, _folder: folder }
}

fn object(body: Json) -> Map<String, Json> {
    match body {
        Json::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

impl Install {
    fn write<T: Send + 'static>(&self, job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let done = self.store.write_blocking(job);
        self.check_agreement();
        done
    }

    fn try_create(&self, body: Json) -> Result<Arc<Collection>> {
        self.write(move |tx| create(tx, &object(body), &|_, _| Ok(())))
    }

    fn create(&self, body: Json) -> Arc<Collection> {
        let shown = body.to_string();
        self.try_create(body).unwrap_or_else(|error| panic!("{shown}: {}", describe(&error)))
    }

    fn try_update(&self, name: &'static str, body: Json) -> Result<Arc<Collection>> {
        self.write(move |tx| update(tx, name, &object(body), &|_, _| Ok(())))
    }

    fn update(&self, name: &'static str, body: Json) -> Arc<Collection> {
        let shown = body.to_string();
        self.try_update(name, body).unwrap_or_else(|error| panic!("{shown}: {}", describe(&error)))
    }

    fn delete(&self, name: &'static str) -> Result<()> {
        self.write(move |tx| delete(tx, name))
    }

    fn import(&self, body: Json) -> Result<()> {
        self.write(move |tx| import(tx, &object(body), &|_, _| Ok(())))
    }

    fn get(&self, name: &str) -> Arc<Collection> {
        self.store.schema().find(name).expect(name).clone()
    }

    fn run(&self, sql: &'static str) {
        self.store.write_blocking(move |tx| tx.execute(&Statement::new(sql, Vec::new()))).expect(sql);
    }

    /// The first column of all rows, as text; `NULL` for NULL.
    fn column(&self, sql: &'static str) -> Vec<String> {
        self.store
            .read_blocking(move |tx| {
                let mut found = Vec::new();
                tx.rows(&Statement::new(sql, Vec::new()), |row| {
                    found.push(match row.get(0)?.to_owned() {
                        SqlValue::Null => "NULL".to_owned(),
                        SqlValue::Integer(number) => number.to_string(),
                        SqlValue::Real(number) => number.to_string(),
                        SqlValue::Text(text) => text,
                    });
                    Ok(())
                })?;
                Ok(found)
            })
            .expect(sql)
    }

    /// The stored rows say the same as the schema in memory.
    fn check_agreement(&self) {
        let stored = self.store.read_blocking(load_schema).expect("the stored schema can be read");
        assert_eq!(sorted(&stored), sorted(&self.store.schema()));
    }
}

fn sorted(schema: &Schema) -> Vec<Arc<Collection>> {
    let mut collections = schema.collections().to_vec();
    collections.sort_by(|a, b| a.id.cmp(&b.id));
    collections
}

fn describe(error: &Error) -> String {
    format!("{} {}", error.log_text(), json!(error.fields()))
}

/// Expects exactly these errors, each as `path code`; none means a 400 with empty `data`.
fn expect_errors<T: std::fmt::Debug>(result: Result<T>, expect: &[&str]) {
    let error = result.expect_err("should be refused");
    assert_eq!(error.kind().status(), 400, "{}", describe(&error));
    let mut found = Vec::new();
    flatten(&json!(error.fields()), String::new(), &mut found);
    found.sort();
    let mut expect: Vec<String> = expect.iter().map(|text| (*text).to_owned()).collect();
    expect.sort();
    assert_eq!(found, expect, "{}", describe(&error));
}

fn flatten(node: &Json, path: String, out: &mut Vec<String>) {
    if let Some(code) = node.get("code").and_then(Json::as_str) {
        out.push(format!("{path} {code}"));
        return;
    }
    for (name, child) in node.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        flatten(child, path, out);
    }
}
