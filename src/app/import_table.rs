//! Records from a table in CSV or JSON, as whoever runs the program or a superuser at the dashboard: each row is an
//! ordinary request to create a record, or to change the one that it names.
//!
//! It may run beside a server: rows are written in transactions that hold up nobody for long. A trial runs on a copy of
//! the database, so that it finds what the real thing would, and changes nothing.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value as Json, json};

use super::backup_work::blocking;
use super::owner::owner;
use super::{App, Caller};
use crate::backup::swap;
use crate::base::limits::{
    IMPORT_BATCH_BYTES, IMPORT_BATCH_ROWS, IMPORT_FAILURES_TOLD, IMPORT_TRANSACTION_SECONDS, IMPORT_WHOLE_MAX_BYTES,
    IMPORT_WHOLE_MAX_ROWS,
};
use crate::base::progress::{Progress, Silent, Unit};
use crate::base::{Error, ErrorKind, Result, ids};
use crate::domain::upload::SpoolFile;
use crate::domain::{Collection, FieldKind, RequestInfo};
use crate::import::table::{Entry, Format, Rejects, Table, Values};
use crate::records::{self, Cx, Find, Proof};
use crate::settings::Config;
use crate::store::{Database, ReadTx, WriteTx};

/// What the folders of trials are called.
const TRIAL: &str = ".trial-";

/// What is to be imported, and how.
#[derive(Clone, Debug)]
pub struct TableImport {
    /// The file; `-` is standard input.
    pub file: PathBuf,
    /// How it is written.
    pub format: Format,
    /// Where its rows go, by name or id.
    pub collection: String,
    /// The field by whose value a row names a record that is there.
    pub upsert: Option<String>,
    /// Changes nothing.
    pub dry_run: bool,
    /// All rows go in, or none does.
    pub all_or_nothing: bool,
    /// Where rows go that fail.
    pub errors: Option<PathBuf>,
    /// Of so many rows that failed it is told why.
    pub failures_told: usize,
}

/// The same for a table that a superuser has sent.
#[derive(Clone, Debug)]
pub struct TableUpload {
    /// Where its rows go, by name or id.
    pub collection: String,
    /// How it is written.
    pub format: Format,
    /// The field by whose value a row names a record that is there.
    pub key: Option<String>,
    /// Changes nothing.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOutcome {
    /// Records that were made.
    pub created: u64,
    /// Records that were changed.
    pub updated: u64,
    /// Rows that failed.
    pub failed: u64,
    /// The first of them: line and reason.
    pub failures: Vec<(u64, String)>,
}

/// What became of one row.
enum Done {
    Created,
    Updated,
}

impl App {
    /// Imports a table into the data folder of `config`.
    ///
    /// # Errors
    /// 400 if the file, the collection or the key can't be used, or if there are too many rows for all or none; 503 if
    /// rows can't be written. Rows before that are in then, unless all or none were to be. A row that fails by
    /// itself is no error.
    pub async fn import_table(
        config: &Config,
        request: TableImport,
        progress: Arc<dyn Progress>,
    ) -> Result<TableOutcome> {
        // Before the database is opened, so that a wrong name leaves no empty data folder behind.
        open(&request.file)?;
        let app = App::open(config)?;
        let (own, runtime) = (app.clone(), tokio::runtime::Handle::current());
        let outcome = blocking(move || import_into(&own, &request, &runtime, &progress)).await;
        app.close();
        outcome
    }

    /// Where a table goes that arrives; what is there goes with the value.
    pub fn table_file(&self) -> SpoolFile {
        self.spool().new_file()
    }

    /// Imports a table that has arrived, as superusers may. Rows go in one by one; the answer says how many were
    /// created, updated and refused, and of the first of the latter why: `{"created", "updated", "failed", "errors":
    /// [{"row", "message"}]}`, where a row is the line on which it begins.
    ///
    /// # Errors
    /// 401 and 403 for all but superusers, and for API keys; as [`App::import_table`].
    pub async fn import_uploaded(&self, caller: Caller, upload: TableUpload, file: SpoolFile) -> Result<String> {
        self.require_superuser_in_person(Arc::new(caller)).await?;
        let request = TableImport {
            file: file.path().to_owned(),
            format: upload.format,
            collection: upload.collection,
            upsert: upload.key,
            dry_run: upload.dry_run,
            all_or_nothing: false,
            errors: None,
            failures_told: IMPORT_FAILURES_TOLD,
        };
        let (app, runtime) = (self.clone(), tokio::runtime::Handle::current());
        let run = move || import_into(&app, &request, &runtime, &(Arc::new(Silent) as Arc<dyn Progress>));
        let outcome = blocking(run).await?;
        drop(file);
        let told = |(row, message): &(u64, String)| json!({"row": row, "message": message});
        let errors: Vec<Json> = outcome.failures.iter().map(told).collect();
        let TableOutcome { created, updated, failed, .. } = outcome;
        Ok(json!({"created": created, "updated": updated, "failed": failed, "errors": errors}).to_string())
    }
}

/// Imports into the data of `app`, or tries that out.
fn import_into(
    app: &App,
    request: &TableImport,
    runtime: &tokio::runtime::Handle,
    progress: &Arc<dyn Progress>,
) -> Result<TableOutcome> {
    if !request.dry_run {
        return Import::run(app, request, runtime, progress);
    }
    let trial = Trial::begin(app, &**progress)?;
    Import::run(&trial.app, request, runtime, progress)
}

/// An import on its way.
struct Import<'i> {
    app: &'i App,
    runtime: &'i tokio::runtime::Handle,
    collection: Arc<Collection>,
    upsert: Option<usize>,
    rejects: Option<Rejects>,
    outcome: TableOutcome,
    failures_told: usize,
}

impl<'i> Import<'i> {
    fn run(
        app: &'i App,
        request: &TableImport,
        runtime: &'i tokio::runtime::Handle,
        progress: &Arc<dyn Progress>,
    ) -> Result<TableOutcome> {
        let schema = app.0.store.schema();
        let collection = schema.find(&request.collection).cloned();
        let collection = collection
            .ok_or_else(|| Error::invalid(format!("There is no collection called {}.", request.collection)))?;
        let upsert = request.upsert.as_deref().map(|name| key_position(&collection, name)).transpose()?;
        let (input, total) = open(&request.file)?;
        progress.begin("Importing", Unit::Bytes, total);
        let told = progress.clone();
        let told = Box::new(move |bytes| told.reached(bytes));
        let mut table = Table::open(input, request.format, collection.clone(), told)?;
        let create = |path: &PathBuf| Rejects::create(path, request.format, table.header());
        let rejects = request.errors.as_ref().map(create).transpose()?;
        let failures_told = request.failures_told;
        let outcome = TableOutcome::default();
        let mut import = Import { app, runtime, collection, upsert, rejects, outcome, failures_told };
        match request.all_or_nothing {
            true => import.all(&mut table)?,
            false => import.piece_by_piece(&mut table)?,
        }
        if let Some(rejects) = import.rejects.take() {
            rejects.finish()?;
        }
        Ok(import.outcome)
    }

    fn piece_by_piece(&mut self, table: &mut Table) -> Result<()> {
        loop {
            let (entries, is_last) = read(table, IMPORT_BATCH_ROWS, IMPORT_BATCH_BYTES)?;
            self.put(entries, false)?;
            if is_last {
                return Ok(());
            }
        }
    }

    fn all(&mut self, table: &mut Table) -> Result<()> {
        let (entries, is_last) = read(table, IMPORT_WHOLE_MAX_ROWS, IMPORT_WHOLE_MAX_BYTES)?;
        if !is_last {
            return Err(Error::invalid(format!(
                "Only {IMPORT_WHOLE_MAX_ROWS} rows, or {} MB, can go in all or none. Try the file with --dry-run \
                 first, and import it without --all-or-nothing then.",
                IMPORT_WHOLE_MAX_BYTES >> 20
            )));
        }
        self.put(entries, true)
    }

    /// Writes rows in one transaction.
    fn put(&mut self, mut entries: Vec<Entry>, all_or_nothing: bool) -> Result<()> {
        let mut rows = Vec::with_capacity(entries.len());
        let mut outcomes: Vec<Result<Option<Done>, String>> = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter_mut().enumerate() {
            match std::mem::replace(&mut entry.values, Ok(Values::default())) {
                Ok(values) => {
                    rows.push((at, values));
                    outcomes.push(Ok(None));
                }
                Err(why) => outcomes.push(Err(why)),
            }
        }
        let (proven, refused) = self.runtime.block_on(self.prove(rows))?;
        for (at, why) in refused {
            outcomes[at] = Err(why);
        }
        let is_hopeless = all_or_nothing && outcomes.iter().any(Result::is_err);
        let written = self.runtime.block_on(self.write(proven, all_or_nothing, is_hopeless))?;
        for (at, outcome) in written {
            outcomes[at] = outcome.map(Some);
        }
        let failed = outcomes.iter().any(Result::is_err);
        for (entry, outcome) in entries.iter().zip(outcomes) {
            match outcome {
                Err(why) => self.reject(entry, why)?,
                Ok(_) if all_or_nothing && failed => {}
                Ok(Some(Done::Updated)) => self.outcome.updated += 1,
                Ok(_) => self.outcome.created += 1,
            }
        }
        Ok(())
    }

    fn reject(&mut self, entry: &Entry, why: String) -> Result<()> {
        if let Some(rejects) = &mut self.rejects {
            rejects.add(entry, &why)?;
        }
        self.outcome.failed += 1;
        if self.outcome.failures.len() < self.failures_told {
            self.outcome.failures.push((entry.line, why));
        }
        Ok(())
    }

    /// Hashes the passwords of rows that have some, several at a time; rows that aren't acceptable are refused already.
    async fn prove(&self, rows: Vec<(usize, Values)>) -> Result<(Vec<Row>, Vec<(usize, String)>)> {
        let passwords: Vec<&str> = self
            .collection
            .fields
            .iter()
            .filter(|field| matches!(field.kind, FieldKind::Password(_)))
            .map(|field| field.name.as_str())
            .collect();
        let needs = |values: &Values| passwords.iter().any(|name| values.body.contains_key(*name));
        let at_once = self.app.live().config.bcrypt_max_parallel.max(1);
        let proofs: Vec<Result<Proof>> =
            stream::iter(rows.iter())
                .map(|(_, values)| async move {
                    if needs(values) { self.proof(values).await } else { Ok(Proof::default()) }
                })
                .buffered(at_once)
                .collect()
                .await;
        let (mut proven, mut refused) = (Vec::with_capacity(rows.len()), Vec::new());
        for ((at, values), proof) in rows.into_iter().zip(proofs) {
            match proof {
                Ok(proof) => proven.push(Row { at, values, proof }),
                Err(error) => refused.push((at, rows_fault(error)?)),
            }
        }
        Ok((proven, refused))
    }

    async fn proof(&self, values: &Values) -> Result<Proof> {
        let (collection, upsert) = (self.collection.clone(), self.upsert);
        let body = values.body.clone();
        let draft = self.app.read_as_owner(values.body.clone(), move |tx, cx| {
            match named(tx, cx, &collection, upsert, &body)? {
                Some(id) => records::draft_update(tx, cx, &collection.id, &id),
                None => records::draft_create(tx, cx, &collection.id),
            }
        });
        self.app.0.passwords.prove(draft.await?).await
    }

    async fn write(
        &self,
        rows: Vec<Row>,
        all_or_nothing: bool,
        is_hopeless: bool,
    ) -> Result<Vec<(usize, Result<Done, String>)>> {
        let (services, collection, upsert) = (self.app.0.clone(), self.collection.clone(), self.upsert);
        let limit = Duration::from_secs(IMPORT_TRANSACTION_SECONDS);
        self.app
            .commit_alone(limit, move |tx| {
                let owner = owner(tx)?;
                let mut outcomes = Vec::with_capacity(rows.len());
                let whole = tx.nested(|tx| {
                    for Row { at, values, proof } in rows {
                        let request = RequestInfo { body: values.body, ..RequestInfo::default() };
                        let cx = owner.cx(&request, &services.plans);
                        let done = tx.nested(|tx| put_one(tx, &cx, &collection, upsert, &values.empty, proof));
                        outcomes.push((at, done.map(Ok).or_else(|error| rows_fault(error).map(Err))?));
                    }
                    let has_failed = is_hopeless || outcomes.iter().any(|(_, outcome)| outcome.is_err());
                    match all_or_nothing && has_failed {
                        true => Err(Error::invalid("Not all rows are acceptable.")),
                        false => Ok(()),
                    }
                });
                match whole {
                    Err(error) if !all_or_nothing || error.kind() != ErrorKind::Invalid => Err(error),
                    _ => Ok(outcomes),
                }
            })
            .await
    }
}

/// A row that is ready to be written.
struct Row {
    at: usize,
    values: Values,
    proof: Proof,
}

fn read(table: &mut Table, rows_max: usize, bytes_max: usize) -> Result<(Vec<Entry>, bool)> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while let Some(entry) = table.next_entry()? {
        bytes += entry.size_bytes();
        entries.push(entry);
        if entries.len() >= rows_max || bytes >= bytes_max {
            return Ok((entries, false));
        }
    }
    Ok((entries, true))
}

/// Creates the record of a row, or changes the one that it names.
fn put_one(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    upsert: Option<usize>,
    empty: &[String],
    proof: Proof,
) -> Result<Done> {
    let Some(id) = named(tx, cx, collection, upsert, &cx.request.body)? else {
        return records::create_record(tx, cx, &collection.id, proof).map(|_| Done::Created);
    };
    let mut request = cx.request.clone();
    // An empty cell empties the field, but never takes a password away.
    for name in empty {
        if collection.field(name).is_some_and(|field| !matches!(field.kind, FieldKind::Password(_))) {
            request.body.insert(name.clone(), Json::Null);
        }
    }
    let cx = Cx { request: &request, ..*cx };
    let mut draft = records::draft_update(tx, &cx, &collection.id, &id)?;
    draft.apply(proof)?;
    records::store_updated(tx, &cx, draft).map(|_| Done::Updated)
}

/// The record that a row names by its key; `None` if there is none, or rows name none.
fn named(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    upsert: Option<usize>,
    body: &Map<String, Json>,
) -> Result<Option<String>> {
    let Some(at) = upsert else { return Ok(None) };
    let field = &collection.fields[at];
    let key = body.get(&field.name).map(|json| field.coerce(json)).filter(|value| !value.is_zero());
    let key = match key {
        Some(key) => key,
        // Somebody has added a row to what was exported: a new record gets its id by itself.
        None if field.name == "id" => return Ok(None),
        None => return Err(Error::invalid(format!("There is no value for {}, which is the key.", field.name))),
    };
    let find = match collection.unique_index_on(&field.name) {
        _ if field.name == "id" => Find::Id,
        Some(index) if index.nocase => Find::EqualNoCase(at),
        _ => Find::Equal(at),
    };
    Ok(records::find(tx, cx, collection, find, key.to_sql())?.map(|record| record.id().to_owned()))
}

fn key_position(collection: &Collection, name: &str) -> Result<usize> {
    let at = collection.position(name);
    let at = at.ok_or_else(|| Error::invalid(format!("{} has no field {name}.", collection.name)))?;
    match name == "id" || collection.has_unique_index_on(name) {
        true => Ok(at),
        false => Err(Error::invalid(format!(
            "{name} can't be the key: it has no unique index of its own, so it may name several records."
        ))),
    }
}

/// Why a row isn't acceptable; an error if it isn't the row's fault.
fn rows_fault(error: Error) -> Result<String> {
    if !matches!(error.kind(), ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::TooLarge) {
        return Err(error);
    }
    let fields = serde_json::to_value(error.fields()).unwrap_or_default();
    let told: Vec<String> = fields
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, field)| format!("{name}: {}", field["message"].as_str().unwrap_or("It isn't acceptable.")))
        .collect();
    Ok(if told.is_empty() { error.message() } else { told.join(" ") })
}

/// The file, and how large it is if that is known.
fn open(path: &Path) -> Result<(Box<dyn Read + Send>, u64)> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(std::io::stdin()), 0));
    }
    let unreadable = |error| Error::invalid(format!("{} can't be read: {error}.", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    let known = file.metadata().map_err(unreadable)?;
    Ok((Box::new(file), if known.is_file() { known.len() } else { 0 }))
}

/// A copy of the database in a folder of its own, which goes when this does.
struct Trial {
    app: App,
    folder: PathBuf,
}

impl Trial {
    fn begin(app: &App, progress: &dyn Progress) -> Result<Trial> {
        let live = app.live();
        let data_dir = &live.config.data_dir;
        remove_trials(data_dir);
        let folder = data_dir.join(format!("{TRIAL}{}", ids::record_id()));
        // From the beginning on, so that nobody takes it for a leftover.
        let alone = swap::alone(&folder)?;
        progress.begin("Copying", Unit::Bytes, 0);
        let copied =
            app.0.store.copy_to(&folder.join(Database::Data.file_name()), &mut |done, _| progress.reached(done));
        drop(alone);
        let config = Config { data_dir: folder.clone(), ..live.config.clone() };
        match copied.and_then(|()| App::open(&config)) {
            Ok(app) => Ok(Trial { app, folder }),
            Err(error) => {
                remove(&folder);
                Err(error)
            }
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.app.close();
        remove(&self.folder);
    }
}

/// Removes what trials have left that were killed.
fn remove_trials(data_dir: &Path) {
    for entry in fs::read_dir(data_dir).into_iter().flatten().flatten() {
        let is_trial = entry.file_name().to_string_lossy().starts_with(TRIAL);
        if is_trial && entry.file_type().is_ok_and(|kind| kind.is_dir()) && swap::alone(&entry.path()).is_ok() {
            remove(&entry.path());
        }
    }
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!(%error, "what is left of a trial goes later");
    }
}
