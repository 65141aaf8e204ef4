//! Several requests about records as one transaction: all of them take effect, or none.
//!
//! Called by the edge behind `/api/batch`. Each item goes through the same functions of `records` as a request of its
//! own would, with its own request and the principal of the whole; so it is decided, counted and refused in the same
//! way. The batch has a group of its own, so that it costs others no more than the time that it may take.
//!
//! Passwords are hashed and files stored outside of transactions, and later items may need what earlier ones have
//! written. So a batch with passwords or files runs twice: in a rehearsal, which is undone and in which stand-ins take
//! the place of hashes, it shows that everything else is right and what it needs; then as it is meant. Rate limits
//! count its items in the first of the two.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::admission::Sender;
use super::files::{Stored, new_files};
use super::identity::Identity;
use super::{Admission, App, Caller, NewSession};
use crate::auth::sessions;
use crate::auth::throttle::Attempt;
use crate::base::{Error, ErrorKind, FieldError, FieldErrors, Result, Secret};
use crate::domain::{Record, RequestInfo, Value};
use crate::files::{NewFile, ledger};
use crate::records::{self, Cx, Draft, Proof};
use crate::store::WriteTx;

/// One request of a batch.
#[derive(Clone, Debug)]
pub struct BatchItem {
    /// What it asks for.
    pub action: BatchAction,
    /// The request as rules see it.
    pub request: RequestInfo,
    /// Relations to expand in the answer.
    pub expand: Option<String>,
}

/// What a request of a batch asks for; collections by id or name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BatchAction {
    Create {
        collection: String,
    },
    Update {
        collection: String,
        id: String,
    },
    /// An update if the body has the id of a record that exists, else a create.
    Upsert {
        collection: String,
    },
    Delete {
        collection: String,
        id: String,
    },
}

/// What batches may be.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// Requests in one batch.
    pub max_requests: usize,
    /// Time that passwords may take, and the transaction as well.
    pub timeout: Duration,
    /// The body of one batch with its files.
    pub max_body_bytes: u64,
}

/// What a batch was answered.
pub struct BatchAnswer {
    /// A record as JSON, or nothing, for each item.
    pub bodies: Vec<Option<String>>,
    /// See [`App::update_record`].
    pub session: Option<NewSession>,
}

/// An item, or why it can't be understood; that is told when its turn comes.
type Understood = Result<BatchItem>;

/// What a batch is written with.
struct Prepared {
    items: Vec<Understood>,
    /// One for each item.
    proofs: Vec<Proof>,
    is_rehearsed: bool,
}

/// What has to be done for an item outside of the transaction.
struct Need {
    /// The item's place.
    at: usize,
    /// What needs to have proven.
    draft: Draft,
    /// The id of the record, which the files are stored by.
    record_id: String,
    files: Vec<NewFile>,
}

impl App {
    /// What batches may be.
    ///
    /// # Errors
    /// 403 while they are switched off.
    pub fn batch_limits(&self) -> Result<BatchLimits> {
        let live = self.live();
        let config = &live.config;
        if !config.batch_enabled || config.batch_max_requests == 0 {
            return Err(Error::forbidden("Batches are switched off on this server."));
        }
        Ok(BatchLimits {
            max_requests: config.batch_max_requests,
            timeout: Duration::from_millis(config.batch_timeout_ms),
            max_body_bytes: config.batch_max_body_bytes,
        })
    }

    /// Carries out all items in their order, or none.
    ///
    /// # Errors
    /// 400 with `requests.N`, `batch_request_failed` and what item N would have been answered by itself, for the first
    /// that fails; 400 without fields if it took too long.
    pub async fn batch(&self, caller: Caller, items: Vec<Result<BatchItem>>) -> Result<BatchAnswer> {
        let limits = self.batch_limits()?;
        let caller = Arc::new(caller);
        let items = self.take_batch_uploads(&caller, items).await;
        let answer = async {
            let (prepared, stored) = self.prepare_batch(&caller, items, limits.timeout).await?;
            stored.kept_if(self.write_batch(&caller, prepared, limits.timeout)).await
        };
        answer.await.map_err(|error| match error.kind() {
            ErrorKind::Timeout => too_slow().caused_by(error),
            _ => error,
        })
    }

    /// The items with the uploads that their bodies name. Where one can't be used, that is told when the item's turn
    /// comes.
    async fn take_batch_uploads(&self, caller: &Caller, items: Vec<Understood>) -> Vec<Understood> {
        let mut taken = Vec::with_capacity(items.len());
        for item in items {
            taken.push(match item {
                Ok(mut item) => {
                    let uploads = self.take_uploads(caller, &item.request, item.action.collection(), item.record_id());
                    uploads.await.map(|uploads| {
                        uploads.put_into(&mut item.request);
                        item
                    })
                }
                Err(error) => Err(error),
            });
        }
        taken
    }

    /// The items with the proofs that they need, and their files in the storage.
    async fn prepare_batch(
        &self,
        caller: &Arc<Caller>,
        items: Vec<Understood>,
        limit: Duration,
    ) -> Result<(Prepared, Stored)> {
        let mut proofs: Vec<Proof> = items.iter().map(|_| Proof::default()).collect();
        let has_work = |item: &Understood| {
            item.as_ref().is_ok_and(|item| self.has_work_before(&item.request, item.action.collection()))
        };
        if !items.iter().any(has_work) {
            return Ok((Prepared { items, proofs, is_rehearsed: false }, Stored::nothing()));
        }
        let (app, asking) = (self.clone(), caller.clone());
        let rehearsal = move |tx: &mut WriteTx<'_>| {
            let identity = app.identify(tx, &asking)?;
            let runner = Runner::new(&app, &identity).counting_for(Sender::new(&identity, asking.client_ip));
            tx.rehearse(|tx| runner.rehearse(tx, items))
        };
        let (items, mut needs) = self.commit_alone(limit, rehearsal).await?;
        let files = needs.iter_mut().flat_map(|need| std::mem::take(&mut need.files)).collect();
        let proving = self.prove_needs(caller, needs, &mut proofs);
        tokio::time::timeout(limit, proving).await.map_err(|_| too_slow())??;
        let stored = self.store_files(files).await?;
        Ok((Prepared { items, proofs, is_rehearsed: true }, stored))
    }

    /// Hashes and checks what the items need, one after the other: a batch takes no more of the machine than a request.
    async fn prove_needs(&self, caller: &Caller, needs: Vec<Need>, proofs: &mut [Proof]) -> Result<()> {
        let mut hashes: HashMap<String, Secret> = HashMap::new();
        for Need { at, mut draft, record_id, .. } in needs {
            let mut attempt = None;
            if let Some(old) = &mut draft.old_password {
                attempt = Some(self.allow_old_password(&draft.record, caller).map_err(|error| failed(at, error))?);
                // It may be the password that an earlier item gives.
                if let Some(hash) = hashes.get(old.hash.expose()) {
                    old.hash = hash.clone();
                }
            }
            let proof = self.0.passwords.prove(draft).await.map_err(|error| failed(at, error))?;
            attempt.into_iter().for_each(Attempt::succeeded);
            hashes.extend(proof.hashes.iter().map(|(position, hash)| (stand_in(at, *position), hash.clone())));
            proofs[at] = Proof { record_id: Some(record_id), ..proof };
        }
        Ok(())
    }

    async fn write_batch(
        &self,
        caller: &Arc<Caller>,
        Prepared { items, proofs, is_rehearsed }: Prepared,
        limit: Duration,
    ) -> Result<BatchAnswer> {
        let (app, caller) = (self.clone(), caller.clone());
        self.commit_alone(limit, move |tx| {
            let identity = app.identify(tx, &caller)?;
            let mut runner = Runner::new(&app, &identity);
            if !is_rehearsed {
                runner = runner.counting_for(Sender::new(&identity, caller.client_ip));
            }
            let mut bodies = Vec::with_capacity(items.len());
            for (at, (item, proof)) in items.into_iter().zip(proofs).enumerate() {
                let written = item.and_then(|mut item| {
                    let id = proof.record_id.clone();
                    let settle = |_: &mut WriteTx<'_>, draft: &mut Draft, _: &RequestInfo| draft.apply(proof);
                    let record = runner.run(tx, &mut item, id.as_deref(), settle)?;
                    let cx = identity.cx(&item.request, &app.0.plans);
                    record.map(|record| records::body_of(tx, &cx, &record, item.expand.as_deref())).transpose()
                });
                bodies.push(written.map_err(|error| failed(at, error))?);
            }
            let session = sessions::follow(tx, &identity.cx(&caller.request, &app.0.plans))?;
            Ok(BatchAnswer { bodies, session })
        })
        .await
    }
}

impl BatchItem {
    /// The id of the record that it is about, if it says so.
    fn record_id(&self) -> Option<&str> {
        match &self.action {
            BatchAction::Update { id, .. } | BatchAction::Delete { id, .. } => Some(id),
            BatchAction::Upsert { .. } => self.request.body.get("id").and_then(Json::as_str),
            BatchAction::Create { .. } => None,
        }
    }
}

impl BatchAction {
    fn collection(&self) -> &str {
        match self {
            BatchAction::Create { collection }
            | BatchAction::Update { collection, .. }
            | BatchAction::Upsert { collection }
            | BatchAction::Delete { collection, .. } => collection,
        }
    }
}

/// What carries out items.
struct Runner<'a> {
    app: &'a App,
    identity: &'a Identity,
    /// Whose requests they count as; `None` if they have been counted.
    counted_for: Option<Sender>,
}

impl<'a> Runner<'a> {
    fn new(app: &'a App, identity: &'a Identity) -> Runner<'a> {
        Runner { app, identity, counted_for: None }
    }

    fn counting_for(self, sender: Sender) -> Runner<'a> {
        Runner { counted_for: Some(sender), ..self }
    }

    fn cx<'b>(&'b self, request: &'b RequestInfo) -> Cx<'b> {
        self.identity.cx(request, &self.app.0.plans)
    }

    /// Runs all items with stand-ins for hashes, and gives them back with what they need to have proven.
    fn rehearse(&self, tx: &mut WriteTx<'_>, items: Vec<Understood>) -> Result<(Vec<Understood>, Vec<Need>)> {
        let dialect = self.app.0.plans.dialect();
        let (mut rehearsed, mut needs) = (Vec::with_capacity(items.len()), Vec::new());
        for (at, item) in items.into_iter().enumerate() {
            let settle = |tx: &mut WriteTx<'_>, draft: &mut Draft, request: &RequestInfo| {
                let (files, record_id) = (new_files(draft, request), draft.record.id().to_owned());
                if draft.needs_proof() || !files.is_empty() {
                    ledger::reserve(tx, dialect, &files)?;
                    needs.push(Need { at, draft: draft.rehearse(|position| stand_in(at, position)), record_id, files });
                }
                Ok(())
            };
            let done = item.and_then(|mut item| self.run(tx, &mut item, None, settle).map(|_| item));
            rehearsed.push(Ok(done.map_err(|error| failed(at, error))?));
        }
        Ok((rehearsed, needs))
    }

    /// Carries out one item and returns the record that it has written, if there is one. `new_id` is what a new record
    /// that doesn't bring an id is called; `settle` deals with what its draft needs to have proven.
    fn run(
        &self,
        tx: &mut WriteTx<'_>,
        item: &mut BatchItem,
        new_id: Option<&str>,
        settle: impl FnOnce(&mut WriteTx<'_>, &mut Draft, &RequestInfo) -> Result<()>,
    ) -> Result<Option<Record>> {
        let BatchItem { action, request, .. } = item;
        let id = match &*action {
            BatchAction::Create { .. } => None,
            BatchAction::Update { id, .. } | BatchAction::Delete { id, .. } => Some(id.clone()),
            BatchAction::Upsert { collection } => {
                let existing = existing_id(tx, &self.cx(request), collection)?;
                // Rules and limits see what it comes to.
                request.method = if existing.is_some() { "PATCH" } else { "POST" }.to_owned();
                existing
            }
        };
        let collection = action.collection();
        self.count(tx, &request.method, collection, id.as_deref())?;
        let cx = self.cx(request);
        match (&*action, id) {
            (BatchAction::Delete { id, .. }, _) => records::delete(tx, &cx, collection, id).map(|()| None),
            (_, Some(id)) => {
                let mut draft = records::draft_update(tx, &cx, collection, &id)?;
                settle(tx, &mut draft, request)?;
                records::store_updated(tx, &cx, draft).map(Some)
            }
            (action, None) => {
                let mut draft = records::draft_with_id(tx, &cx, collection, new_id)?;
                if matches!(action, BatchAction::Upsert { .. }) {
                    records::check_absent(&cx)?;
                }
                settle(tx, &mut draft, request)?;
                records::store_created(tx, &cx, draft).map(Some)
            }
        }
    }

    /// Counts an item as a request that does what it comes to, but apart from those that come by themselves.
    ///
    /// # Errors
    /// 429 for too many requests.
    fn count(&self, tx: &WriteTx<'_>, method: &str, collection: &str, id: Option<&str>) -> Result<()> {
        let Some(sender) = &self.counted_for else { return Ok(()) };
        let (tag, route) = match method {
            "DELETE" => ("delete", "DELETE in a batch"),
            "PATCH" => ("update", "PATCH in a batch"),
            _ => ("create", "POST in a batch"),
        };
        let below = id.map(|id| format!("/{id}")).unwrap_or_default();
        let path = format!("/api/collections/{collection}/records{below}");
        let asked = Admission { method, path: &path, collection: Some(collection), route, tags: &[tag] };
        self.app.count(sender, tx.schema(), &asked).1
    }
}

/// The id in the body of an upsert, if there is a record with it.
fn existing_id(tx: &WriteTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<Option<String>> {
    let collection = records::find_collection(tx.schema(), collection)?;
    let id = collection.field("id").zip(cx.request.body.get("id")).map(|(field, json)| field.coerce(json));
    match id {
        Some(Value::Text(id)) if !id.is_empty() && records::exists(tx, cx, collection, &id)? => Ok(Some(id)),
        _ => Ok(None),
    }
}

/// What stands for the hash of a password until there is one: no two in a batch are the same, and none is a hash.
fn stand_in(at: usize, position: usize) -> String {
    format!("password {position} of item {at}")
}

/// The failure of a batch by that of an item. What isn't the item's fault is the whole's.
fn failed(at: usize, error: Error) -> Error {
    match error.kind() {
        ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::Timeout => error,
        _ => {
            let message = "This request failed, and so nothing of the batch was carried out.";
            let mut fields = FieldErrors::new();
            fields
                .add(&format!("requests.{at}"), FieldError::new("batch_request_failed", message).with_response(&error));
            Error::invalid("A request of the batch failed.").with_fields(fields).caused_by(error)
        }
    }
}

fn too_slow() -> Error {
    Error::invalid("The batch took too long, and nothing of it was carried out.")
}
