//! A store in a temporary folder, with tables for collections that a test makes by hand. Everything that is written to
//! it is undone, so that hundreds of small worlds can pass through one store.

use std::sync::Arc;

use holdall::base::{Error, Result};
use holdall::domain::field::text::TextOptions;
use holdall::domain::principal::{SUPERUSERS, SUPERUSERS_ID};
use holdall::domain::{
    Collection, CollectionKind, Credential, Field, FieldKind, ListRequest, Principal, Record, RequestInfo, Schema,
};
use holdall::query::ddl;
use holdall::query::dialect::Dialect;
use holdall::query::mutate;
use holdall::records::{self, Cx, Plans};
use holdall::store::{ReadTx, Store, StoreOptions, WriteTx};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A database with the tables of its schema and no rows.
pub struct Database {
    store: Store,
    plans: Arc<Plans>,
    _folder: TempDir,
}

/// An answer: the body of a success, or whatever an error says to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Database {
    /// Opens a store and makes the tables of `schema`.
    pub fn new(schema: Arc<Schema>) -> Database {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(StoreOptions::new(folder.path()), no_collections).expect("an empty store opens");
        let made = store.write_blocking(move |tx| {
            for collection in schema.collections() {
                tx.execute(&ddl::create_table(collection))?;
                for index in &collection.indexes {
                    tx.execute_batch(index)?;
                }
            }
            tx.set_schema(schema);
            Ok(())
        });
        made.expect("the tables can be made");
        Database { store, plans: Arc::new(Plans::new(Dialect::Sqlite)), _folder: folder }
    }

    /// Stores `records`, asks `ask` whatever it wants to know, and takes the records away again.
    pub fn with<T: Send + 'static>(
        &self,
        records: Vec<Record>,
        ask: impl FnOnce(&Asking<'_, '_>) -> T + Send + 'static,
    ) -> T {
        let plans = self.plans.clone();
        let asked = self.store.write_blocking(move |tx| {
            let mut answer = None;
            let undone = tx.nested(|tx: &mut WriteTx<'_>| -> Result<()> {
                for record in &records {
                    tx.execute(&mutate::insert(Dialect::Sqlite, record))?;
                }
                answer = Some(ask(&Asking { tx, plans: &plans }));
                Err(Error::internal("this is undone on purpose"))
            });
            answer.ok_or_else(|| undone.expect_err("only a failure leaves no answer"))
        });
        asked.expect("the records can be stored")
    }
}

fn no_collections(_: &ReadTx<'_>) -> Result<Schema> {
    Ok(Schema::new(Vec::new()))
}

/// A moment in which the records of a test are there.
pub struct Asking<'a, 'c> {
    tx: &'a ReadTx<'c>,
    plans: &'a Plans,
}

impl Asking<'_, '_> {
    /// The schema.
    pub fn schema(&self) -> &Arc<Schema> {
        self.tx.schema()
    }

    /// Lists a collection.
    pub fn list(&self, principal: &Principal, collection: &str, request: &ListRequest) -> Answer {
        let request_info = RequestInfo { method: "GET".to_owned(), ..RequestInfo::default() };
        let cx = Cx { principal, credential: &Credential::None, request: &request_info, plans: self.plans };
        answer(records::list(self.tx, &cx, collection, request))
    }

    /// Views a record.
    pub fn view(&self, principal: &Principal, collection: &str, id: &str, expand: Option<&str>) -> Answer {
        let request_info = RequestInfo { method: "GET".to_owned(), ..RequestInfo::default() };
        let cx = Cx { principal, credential: &Credential::None, request: &request_info, plans: self.plans };
        answer(records::view(self.tx, &cx, collection, id, expand).map(|shown| shown.json))
    }
}

fn answer(result: Result<String>) -> Answer {
    match result {
        Ok(body) => Answer { status: 200, body },
        Err(error) => {
            let status = error.kind().status();
            assert!(status < 500, "{}", error.log_text());
            Answer { status, body: format!("{}{:?} {}", error.message(), error.fields(), error.log_text()) }
        }
    }
}

/// A collection of which only names and fields matter; its id is that of [`id_of`]. The field `id` is added.
pub fn collection(name: &str, kind: CollectionKind, fields: Vec<Field>) -> Collection {
    let options = TextOptions { primary_key: true, ..TextOptions::default() };
    let mut all = vec![Field::new("id", FieldKind::Text(options))];
    all.extend(fields);
    Collection {
        id: id_of(name),
        name: name.to_owned(),
        kind,
        system: false,
        rules: Default::default(),
        fields: all,
        indexes: Vec::new(),
        created: String::new(),
        updated: String::new(),
    }
}

/// The id of a collection made by [`collection`].
pub fn id_of(name: &str) -> String {
    if name == SUPERUSERS { SUPERUSERS_ID.to_owned() } else { format!("id_{name}") }
}

/// A field from its definition in JSON.
pub fn field(name: &str, kind: &str, options: Json) -> Field {
    let mut definition = json!({"name": name, "type": kind, "id": name});
    let definition = definition.as_object_mut().expect("an object");
    definition.extend(options.as_object().expect("options are an object").clone());
    Field::from_json(definition).expect("a valid definition")
}

/// The collection of superusers.
pub fn superusers() -> Collection {
    collection(SUPERUSERS, CollectionKind::Auth(Box::default()), Vec::new())
}

/// Somebody whom rules don't bind; `schema` has the collection of [`superusers`].
pub fn superuser(schema: &Schema) -> Principal {
    principal(schema, SUPERUSERS, json!({"id": "superuser000001"}))
}

/// Whoever has this record of an auth collection.
pub fn principal(schema: &Schema, collection: &str, values: Json) -> Principal {
    Principal::Record(Arc::new(record(schema, collection, values)))
}

/// A record from its values in JSON, as a client would send them.
pub fn record(schema: &Schema, collection: &str, values: Json) -> Record {
    let collection = schema.find(collection).expect("the collection exists");
    let mut record = Record::blank(collection.clone());
    for (name, value) in values.as_object().expect("values are an object") {
        let field = collection.field(name).expect("the field exists");
        record.set(name, field.coerce(value));
    }
    record
}
