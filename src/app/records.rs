//! Records.

use std::sync::Arc;

use super::files::{Stored, new_files};
use super::{App, Caller, NewSession};
use crate::auth::throttle::{Attempt, Step};
use crate::auth::{sessions, sign_in};
use crate::base::Result;
use crate::domain::{FieldKind, ListRequest, Record, RequestInfo};
use crate::records::{self, Proof, Shown};

impl App {
    /// A page of records: see [`records::list`].
    pub async fn list_records(&self, caller: Caller, collection: String, request: ListRequest) -> Result<String> {
        self.read(Arc::new(caller), move |tx, cx| records::list(tx, cx, &collection, &request)).await
    }

    /// One record: see [`records::view`].
    pub async fn view_record(
        &self,
        caller: Caller,
        collection: String,
        id: String,
        expand: Option<String>,
    ) -> Result<Shown> {
        self.read(Arc::new(caller), move |tx, cx| records::view(tx, cx, &collection, &id, expand.as_deref())).await
    }

    /// Creates a record from the caller's body: see [`records::create`].
    pub async fn create_record(&self, mut caller: Caller, collection: String, expand: Option<String>) -> Result<Shown> {
        self.take_uploads(&caller, &caller.request, &collection, None).await?.put_into(&mut caller.request);
        let caller = Arc::new(caller);
        let (mut proof, mut stored) = (Proof::default(), Stored::nothing());
        if self.has_work_before(&caller.request, &collection) {
            let name = collection.clone();
            let draft = self.read(caller.clone(), move |tx, cx| records::draft_create(tx, cx, &name)).await?;
            let files = new_files(&draft, &caller.request);
            let id = draft.record.id().to_owned();
            proof = Proof { record_id: Some(id), ..self.0.passwords.prove(draft).await? };
            stored = self.store_files(files).await?;
        }
        let writing = self.write(caller, move |tx, cx| records::create(tx, cx, &collection, expand.as_deref(), proof));
        stored.kept_if(writing).await
    }

    /// Updates a record from the caller's body: see [`records::update`]. If that ends everything that the caller is
    /// signed in with, such as a new password does, the session that they did it with goes on with new secrets. The old
    /// password can't be guessed at will: too many wrong ones are answered with 429.
    pub async fn update_record(
        &self,
        mut caller: Caller,
        collection: String,
        id: String,
        expand: Option<String>,
    ) -> Result<(Shown, Option<NewSession>)> {
        self.take_uploads(&caller, &caller.request, &collection, Some(&id)).await?.put_into(&mut caller.request);
        let caller = Arc::new(caller);
        let (mut proof, mut stored) = (Proof::default(), Stored::nothing());
        if self.has_work_before(&caller.request, &collection) {
            let (name, key) = (collection.clone(), id.clone());
            let draft = self.read(caller.clone(), move |tx, cx| records::draft_update(tx, cx, &name, &key)).await?;
            let attempt = match draft.old_password {
                Some(_) => Some(self.allow_old_password(&draft.record, &caller)?),
                None => None,
            };
            let files = new_files(&draft, &caller.request);
            proof = self.0.passwords.prove(draft).await?;
            attempt.into_iter().for_each(Attempt::succeeded);
            stored = self.store_files(files).await?;
        }
        let writing = self.write(caller, move |tx, cx| {
            let shown = records::update(tx, cx, &collection, &id, expand.as_deref(), proof)?;
            Ok((shown, sessions::follow(tx, cx)?))
        });
        stored.kept_if(writing).await
    }

    /// Deletes a record: see [`records::delete`].
    pub async fn delete_record(&self, caller: Caller, collection: String, id: String) -> Result<()> {
        self.write(Arc::new(caller), move |tx, cx| records::delete(tx, cx, &collection, &id)).await
    }

    /// Counts an attempt to show the present password of an account. The slash keeps its key apart from those of
    /// sign-ins: no collection has an id that begins so.
    pub(super) fn allow_old_password(&self, account: &Record, caller: &Caller) -> Result<Attempt> {
        let key = format!("/{}/{}", account.collection().id, account.id());
        self.0.throttle.attempt(Step::Password, &key, caller.client_ip)
    }

    /// Whether a write needs something that must be done outside of the transaction: bcrypt, or the storing of files.
    pub(super) fn has_work_before(&self, request: &RequestInfo, collection: &str) -> bool {
        !request.uploads.is_empty() || self.has_password_work(request, collection)
    }

    fn has_password_work(&self, request: &RequestInfo, collection: &str) -> bool {
        let schema = self.0.store.schema();
        let Some(collection) = schema.find(collection) else { return false };
        let body = &request.body;
        collection
            .fields
            .iter()
            .filter(|field| matches!(field.kind, FieldKind::Password(_)))
            .any(|field| body.contains_key(&field.name) || field.default.is_some())
            || (collection.is_auth() && sign_in::FORM_KEYS.iter().any(|key| body.contains_key(*key)))
    }
}
