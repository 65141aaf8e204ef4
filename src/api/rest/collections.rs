//! `/api/collections`: definitions of collections, for superusers (which the services check).

use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, get, patch, post, put, routes};

use crate::api::rest::{list, read_fixed};
use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The keys of a collection's definition, which match in any letter case.
const COLLECTION_KEYS: &[&str] = &[
    "authAlert",
    "authRule",
    "authToken",
    "confirmEmailChangeTemplate",
    "created",
    "createRule",
    "deleteRule",
    "emailChangeToken",
    "fields",
    "fileToken",
    "id",
    "indexes",
    "listRule",
    "manageRule",
    "mfa",
    "name",
    "oauth2",
    "otp",
    "passwordAuth",
    "passwordResetToken",
    "resetPasswordTemplate",
    "sessions",
    "system",
    "type",
    "updated",
    "updateRule",
    "verificationTemplate",
    "verificationToken",
    "viewQuery",
    "viewRule",
];

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![list_collections, view, create, update, delete, truncate, import, scaffolds, oauth2_providers, dry_run_view]
}

#[get("/api/collections")]
async fn list_collections(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::List)?;
    let request = list::parse(&caller.request)?;
    picker.answer(app.list_collections(caller, request).await)
}

#[get("/api/collections/<collection>")]
async fn view(app: &State<App>, caller: Caller, collection: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.view_collection(caller, collection.to_owned()).await)
}

#[post("/api/collections", data = "<data>")]
async fn create(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Inferred, COLLECTION_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.create_collection(caller).await)
}

#[patch("/api/collections/<collection>", data = "<data>")]
async fn update(app: &State<App>, mut caller: Caller, collection: &str, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Inferred, COLLECTION_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.update_collection(caller, collection.to_owned()).await)
}

#[delete("/api/collections/<collection>")]
async fn delete(app: &State<App>, caller: Caller, collection: &str) -> Result<NoContent> {
    no_content(app.delete_collection(caller, collection.to_owned()).await)
}

#[delete("/api/collections/<collection>/truncate")]
async fn truncate(app: &State<App>, caller: Caller, collection: &str) -> Result<NoContent> {
    no_content(app.truncate_collection(caller, collection.to_owned()).await)
}

#[put("/api/collections/import", data = "<data>")]
async fn import(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Inferred, &["collections", "deleteMissing"]).await?;
    no_content(app.import_collections(caller).await)
}

#[get("/api/collections/meta/scaffolds")]
async fn scaffolds(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.collection_scaffolds(caller).await)
}

#[get("/api/collections/meta/oauth2-providers")]
async fn oauth2_providers(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.oauth2_providers(caller).await)
}

#[post("/api/collections/meta/dry-run-view", data = "<data>")]
async fn dry_run_view(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["query"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.dry_run_view(caller).await)
}
