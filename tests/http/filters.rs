//! A filter means the same in SQL as in the slow evaluator: random worlds, random filters, every row.
//!
//! `HOLDALL_TEST_CASES` sets how many worlds are tried.

use std::collections::BTreeSet;
use std::sync::Arc;

use holdall::domain::{CollectionKind, Field, ListRequest, Record, Schema};
use holdall::rules::parse;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use crate::support::database::{Database, collection, field, id_of, record, superuser, superusers};
use crate::support::evaluate::matches;
use crate::support::generate::{filters, worlds};
use crate::support::world::{MemCollection, MemKind, MemRow, World};

/// Most filters tried on a world.
const FILTERS: usize = 24;

#[test]
fn a_filter_means_the_same_in_sql_and_in_memory() {
    let names = ["authors", "posts", "tags"];
    let cases = std::env::var("HOLDALL_TEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(256);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let mut database: Option<(Database, Arc<Schema>)> = None;
    let database = std::cell::RefCell::new(&mut database);
    let asked = vec(select(names.to_vec()).prop_flat_map(|name| (Just(name), filters(name))), 1..=FILTERS);
    let outcome = runner.run(&(worlds(), asked), |(world, asked)| {
        let mut database = database.borrow_mut();
        let (database, schema) = database.get_or_insert_with(|| {
            let schema = Arc::new(schema_of(&world));
            (Database::new(schema.clone()), schema)
        });
        check(database, schema, &world, asked)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn check(
    database: &Database,
    schema: &Arc<Schema>,
    world: &World,
    filters: Vec<(&'static str, String)>,
) -> Result<(), TestCaseError> {
    let asked = filters.clone();
    let found = database.with(records_of(schema, world), move |asking| {
        let superuser = superuser(asking.schema());
        asked
            .iter()
            .map(|(name, filter)| {
                let request =
                    ListRequest { page: 1, per_page: 1000, filter: Some(filter.clone()), ..ListRequest::default() };
                asking.list(&superuser, name, &request)
            })
            .collect::<Vec<_>>()
    });
    for ((name, filter), answer) in filters.iter().zip(found) {
        prop_assert_eq!(answer.status, 200, "{}: {}", filter, answer.body);
        let body: Json = serde_json::from_str(&answer.body).expect("JSON");
        let items = body["items"].as_array().expect("items");
        let ids: BTreeSet<&str> = items.iter().map(|item| item["id"].as_str().expect("an id")).collect();
        prop_assert_eq!(ids.len(), items.len(), "{} gives a record twice", filter);
        prop_assert_eq!(&body["totalItems"], &json!(ids.len()), "{}", filter);
        let expr = parse(filter).expect("generated filters are valid");
        for row in &world.find(name).expect("the collection exists").rows {
            let id = text(row, "id");
            let expect = matches(world, name, row, &expr).expect("generated filters name what exists");
            prop_assert_eq!(ids.contains(id.as_str()), expect, "{} on {} {:?}", filter, name, row);
        }
    }
    Ok(())
}

fn text(row: &MemRow, name: &str) -> String {
    row[name].to_json().as_str().expect("text").to_owned()
}

fn schema_of(world: &World) -> Schema {
    let mut collections = vec![Arc::new(superusers())];
    collections.extend(
        world
            .collections
            .iter()
            .map(|of| Arc::new(collection(&of.name, CollectionKind::Base, of.fields.iter().map(field_of).collect()))),
    );
    Schema::new(collections)
}

fn field_of((name, kind): &(String, MemKind)) -> Field {
    let several = |multi: bool| if multi { 99 } else { 1 };
    match kind {
        MemKind::Text => field(name, "text", json!({})),
        MemKind::Number => field(name, "number", json!({})),
        MemKind::Bool => field(name, "bool", json!({})),
        MemKind::Date => field(name, "date", json!({})),
        MemKind::Json => field(name, "json", json!({})),
        MemKind::Select { multi } => {
            field(name, "select", json!({"values": ["a", "b", "c"], "maxSelect": several(*multi)}))
        }
        MemKind::Relation { target, multi } => {
            field(name, "relation", json!({"collectionId": id_of(target), "maxSelect": several(*multi)}))
        }
    }
}

fn records_of(schema: &Schema, world: &World) -> Vec<Record> {
    let of_collection = |of: &MemCollection| {
        let name = of.name.clone();
        of.rows
            .iter()
            .map(move |row| {
                let values: serde_json::Map<String, Json> =
                    row.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
                record(schema, &name, Json::Object(values))
            })
            .collect::<Vec<_>>()
    };
    world.collections.iter().flat_map(of_collection).collect()
}
