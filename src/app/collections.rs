//! Collections. All of it is for superusers.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value as Json, json};

use super::{App, Caller};
use crate::base::{Error, Result, SqlValueRef};
use crate::collections as service;
use crate::domain::field::{bool::BoolOptions, text::TextOptions};
use crate::domain::{Collection, CollectionKind, Field, FieldKind, ListRequest, Rules};
use crate::records;
use crate::records::Cx;
use crate::records::access::{check_key_schema, require_superuser, require_superuser_in_person};
use crate::store::WriteTx;

impl App {
    /// A page of collections; filter and sort know their `id`, `name`, `type`, `system`, `created` and `updated`.
    pub async fn list_collections(&self, caller: Caller, request: ListRequest) -> Result<String> {
        self.read(Arc::new(caller), move |tx, cx| {
            require_superuser(cx.principal)?;
            let schema = tx.schema();
            records::list_rows(tx, cx, &COLLECTIONS, &request, |out, row| {
                let SqlValueRef::Text(id) = row.get(0)? else { return Err(Error::internal("a collection without id")) };
                let found =
                    schema.by_id(id).ok_or_else(|| Error::internal("a stored collection isn't in the schema"))?;
                out.push_str(&service::to_json(found));
                Ok(())
            })
        })
        .await
    }

    /// One collection.
    pub async fn view_collection(&self, caller: Caller, id_or_name: String) -> Result<String> {
        self.read(Arc::new(caller), move |tx, cx| {
            require_superuser(cx.principal)?;
            Ok(service::to_json(records::find_collection(tx.schema(), &id_or_name)?))
        })
        .await
    }

    /// Creates a collection from the caller's body: see [`service::create`].
    pub async fn create_collection(&self, caller: Caller) -> Result<String> {
        self.write(Arc::new(caller), |tx, cx| {
            require_superuser(cx.principal)?;
            Ok(service::to_json(&*service::create(tx, &cx.request.body, &|old, new| check_key_schema(cx, old, new))?))
        })
        .await
    }

    /// Changes a collection by the caller's body: see [`service::update`]. 412 if `If-Match` names another state of it.
    pub async fn update_collection(&self, caller: Caller, id_or_name: String) -> Result<String> {
        let app = self.clone();
        let change = move |tx: &mut WriteTx<'_>, cx: &Cx<'_>| {
            require_superuser(cx.principal)?;
            let before = tx.schema().clone();
            let check = |old: Option<&Collection>, new: &Collection| {
                check_key_schema(cx, old, new)?;
                old.map_or(Ok(()), |old| records::check_collection(cx, old))
            };
            let body = service::to_json(&*service::update(tx, &id_or_name, &cx.request.body, &check)?);
            app.rename_in_limits(tx, &before)?;
            Ok(body)
        };
        let body = self.write(Arc::new(caller), change).await?;
        self.follow_settings().await;
        Ok(body)
    }

    /// Deletes a collection with its records: see [`service::delete`]. 412 if `If-Match` names another state of it.
    pub async fn delete_collection(&self, caller: Caller, id_or_name: String) -> Result<()> {
        self.write(Arc::new(caller), move |tx, cx| {
            require_superuser(cx.principal)?;
            records::check_collection(cx, records::find_collection(tx.schema(), &id_or_name)?)?;
            service::delete(tx, &id_or_name)
        })
        .await
    }

    /// Deletes the records of a collection: see [`records::truncate`].
    pub async fn truncate_collection(&self, caller: Caller, id_or_name: String) -> Result<()> {
        self.write(Arc::new(caller), move |tx, cx| records::truncate(tx, cx, &id_or_name)).await
    }

    /// Creates and changes many collections at once: see [`service::import`].
    pub async fn import_collections(&self, caller: Caller) -> Result<()> {
        let app = self.clone();
        let change = move |tx: &mut WriteTx<'_>, cx: &Cx<'_>| {
            require_superuser(cx.principal)?;
            let before = tx.schema().clone();
            service::import(tx, &cx.request.body, &|old, new| check_key_schema(cx, old, new))?;
            app.rename_in_limits(tx, &before)
        };
        self.write(Arc::new(caller), change).await?;
        self.follow_settings().await;
        Ok(())
    }

    /// Blank collections of each type.
    pub async fn collection_scaffolds(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), |_, cx| {
            require_superuser(cx.principal)?;
            Ok(service::scaffolds())
        })
        .await
    }

    /// The OAuth2 providers that can be configured.
    pub async fn oauth2_providers(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), |_, cx| {
            require_superuser(cx.principal)?;
            Ok(service::oauth2_providers())
        })
        .await
    }

    /// Fields and sample rows of a view's query: see [`service::dry_run_view`]. Not for API keys: a query reads any
    /// table.
    pub async fn dry_run_view(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), |tx, cx| {
            require_superuser_in_person(cx)?;
            service::dry_run_view(tx, &cx.request.body)
        })
        .await
    }

    /// What is wrong with the body's `rule` in the `collection` that it describes, as JSON: `{"problems": [{"from",
    /// "to", "message"}]}`.
    ///
    /// # Errors
    /// 401 and 403 for all but superusers, 400 for a definition of the wrong shape.
    pub async fn check_rule(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), |tx, cx| {
            require_superuser(cx.principal)?;
            let (body, nothing) = (&cx.request.body, Map::new());
            let definition = body.get("collection").and_then(Json::as_object).unwrap_or(&nothing);
            let rule = body.get("rule").and_then(Json::as_str).unwrap_or_default();
            let problems = service::rule_problems(tx, definition, rule)?;
            serde_json::to_string(&json!({"problems": problems})).map_err(Error::internal)
        })
        .await
    }

    /// All collections as JSON that [`App::import_collections_json`] takes. For whoever runs the program.
    pub async fn export_collections(&self) -> Result<String> {
        Ok(service::export(&self.0.store.schema()))
    }

    /// Creates and changes collections from a JSON array. For whoever runs the program.
    ///
    /// # Errors
    /// 400 if the text isn't a JSON array, or as [`service::import`].
    pub async fn import_collections_json(&self, text: &str, delete_missing: bool) -> Result<()> {
        let collections: Vec<Json> = serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("This isn't a JSON array of collections: {error}")))?;
        let body = Map::from_iter([
            ("collections".to_owned(), Json::from(collections)),
            ("deleteMissing".to_owned(), Json::from(delete_missing)),
        ]);
        let app = self.clone();
        let change = move |tx: &mut WriteTx<'_>, cx: &Cx<'_>| {
            let before = tx.schema().clone();
            service::import(tx, &cx.request.body, &|_, _| Ok(()))?;
            app.rename_in_limits(tx, &before)
        };
        self.write_as_owner(body, change).await?;
        self.follow_settings().await;
        Ok(())
    }
}

/// The table of collections, described as if it were one itself.
static COLLECTIONS: LazyLock<Arc<Collection>> = LazyLock::new(|| {
    let text = |name| Field::new(name, FieldKind::Text(TextOptions::default()));
    let system = Field::new("system", FieldKind::Bool(BoolOptions::default()));
    Arc::new(Collection {
        id: "_collections".into(),
        name: "_collections".into(),
        kind: CollectionKind::Base,
        system: true,
        rules: Rules::default(),
        fields: vec![text("id"), text("name"), text("type"), system, text("created"), text("updated")],
        indexes: Vec::new(),
        created: String::new(),
        updated: String::new(),
    })
});
