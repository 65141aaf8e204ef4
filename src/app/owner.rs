//! What whoever runs the program may do without signing in: the command line, the configuration, the set-up link.
//! No edge that strangers reach calls anything here but [`App::claim_server`].

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::App;
use super::identity::Identity;
use crate::base::{Error, Result, Secret};
use crate::domain::principal::SUPERUSERS;
use crate::domain::{Credential, Principal, Record, RequestInfo};
use crate::records::{self, Cx, Proof};
use crate::store::{ReadTx, WriteTx};

/// A superuser without an account.
pub(super) fn owner(tx: &ReadTx<'_>) -> Result<Identity> {
    let superusers =
        tx.schema().find(SUPERUSERS).ok_or_else(|| Error::internal("there is no collection of superusers"))?;
    let principal = Principal::Record(Arc::new(Record::blank(superusers.clone())));
    Ok(Identity { principal, credential: Credential::Owner })
}

impl App {
    /// Runs `job` in a snapshot as the owner.
    pub(super) async fn read_as_owner<T: Send + 'static>(
        &self,
        body: Map<String, Json>,
        job: impl Fn(&ReadTx<'_>, &Cx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let services = self.0.clone();
        let request = RequestInfo { body, ..RequestInfo::default() };
        let run = move |tx: &ReadTx<'_>| job(tx, &owner(tx)?.cx(&request, &services.plans));
        self.0.store.read(run).await
    }

    /// Runs `job` in a transaction as the owner.
    pub(super) async fn write_as_owner<T: Send + 'static>(
        &self,
        body: Map<String, Json>,
        job: impl FnOnce(&mut WriteTx<'_>, &Cx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let services = self.0.clone();
        let request = RequestInfo { body, ..RequestInfo::default() };
        self.commit(move |tx| job(tx, &owner(tx)?.cx(&request, &services.plans))).await
    }

    /// Creates a record as the owner.
    pub(super) async fn create_as_owner(&self, collection: &'static str, body: Map<String, Json>) -> Result<()> {
        let proof = self.prove_create(collection.to_owned(), body.clone()).await?;
        self.write_as_owner(body, move |tx, cx| records::create(tx, cx, collection, None, proof)).await.map(|_| ())
    }

    async fn prove_create(&self, collection: String, body: Map<String, Json>) -> Result<Proof> {
        let draft = self.read_as_owner(body, move |tx, cx| records::draft_create(tx, cx, &collection)).await?;
        self.0.passwords.prove(draft).await
    }

    /// The first superuser, and only the first: whether there is one already is asked in the same transaction.
    pub(super) async fn create_first_superuser(&self, email: String, password: Secret) -> Result<()> {
        let body = super::superusers::body(&email, &password);
        let proof = self.prove_create(SUPERUSERS.to_owned(), body.clone()).await?;
        self.write_as_owner(body, move |tx, cx| {
            if records::count(tx, cx, SUPERUSERS)? > 0 {
                return Err(Error::not_found());
            }
            records::create(tx, cx, SUPERUSERS, None, proof)
        })
        .await
        .map(|_| ())
    }

    pub(super) fn count_superusers_blocking(&self) -> Result<i64> {
        let services = self.0.clone();
        self.0.store.read_blocking(move |tx| {
            let request = RequestInfo::default();
            records::count(tx, &owner(tx)?.cx(&request, &services.plans), SUPERUSERS)
        })
    }

    /// Loads collections and records into a server that has no records of these collections yet; afterwards a call
    /// changes nothing. The records are written in one transaction, so they are all there or none is.
    ///
    /// # Errors
    /// 400 if a collection or record isn't acceptable.
    pub async fn seed(&self, collections: &Json, seeds: Vec<(String, Map<String, Json>)>) -> Result<()> {
        let names: BTreeSet<String> = seeds.iter().map(|(collection, _)| collection.clone()).collect();
        if self.read_as_owner(Map::new(), move |tx, cx| has_records(tx, cx, &names)).await? {
            return Ok(());
        }
        self.import_collections_json(&collections.to_string(), false).await?;
        let mut proven = Vec::with_capacity(seeds.len());
        for (collection, body) in seeds {
            let proof = match body.contains_key("password") {
                true => self.prove_create(collection.clone(), body.clone()).await?,
                false => Proof::default(),
            };
            proven.push((collection, body, proof));
        }
        let services = self.0.clone();
        self.commit(move |tx| {
            let owner = owner(tx)?;
            for (collection, body, proof) in proven {
                let request = RequestInfo { body, ..RequestInfo::default() };
                records::create(tx, &owner.cx(&request, &services.plans), &collection, None, proof)?;
            }
            Ok(())
        })
        .await
    }
}

/// Whether one of the collections exists and has a record.
fn has_records(tx: &ReadTx<'_>, cx: &Cx<'_>, names: &BTreeSet<String>) -> Result<bool> {
    for name in names {
        if tx.schema().find(name).is_some() && records::count(tx, cx, name)? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
