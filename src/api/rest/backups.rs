//! `/api/backups`: backups, for superusers (which the app checks).

use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, get, post, routes};

use crate::api::rest::read_fixed;
use crate::app::{App, Caller};
use crate::base::Result;
use crate::base::limits::{BACKUP_UPLOAD_MAX_BYTES, BODY_MAX_BYTES};
use crate::domain::BodyLimits;
use crate::web::body::{self, FormText};
use crate::web::download::{Download, Presentation, Served};
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The key of the file in a form that sends one.
const FILE: &str = "file";
const LIMITS: BodyLimits = BodyLimits { whole_bytes: BACKUP_UPLOAD_MAX_BYTES, text_bytes: BODY_MAX_BYTES };

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![list_backups, create, upload, download, remove, restore]
}

#[get("/api/backups")]
async fn list_backups(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    app.require_backups(&caller, true).await?;
    picker.answer(app.list_backups().await)
}

#[post("/api/backups", data = "<data>")]
async fn create(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Result<NoContent> {
    app.require_backups(&caller, true).await?;
    read_fixed(&mut caller, data, FormText::Verbatim, &["name"]).await?;
    no_content(app.create_backup(&caller.request.body).await)
}

#[post("/api/backups/upload", data = "<data>")]
async fn upload(app: &State<App>, caller: Caller, data: Data<'_>) -> Result<NoContent> {
    if let Err(error) = app.require_backups(&caller, false).await {
        body::discard(data).await;
        return Err(error);
    }
    let file = body::read_one_file(&caller.request, data, LIMITS, app.spool(), FILE).await?;
    no_content(app.take_backup(file).await)
}

#[get("/api/backups/<key>")]
async fn download(app: &State<App>, caller: Caller, key: &str) -> Result<Download> {
    let request = caller.request;
    let backup = app.find_backup(caller.client_ip, request.clone(), key).await?;
    Download::of(app, &request, Served::backup(backup), Presentation { download: true, protected: true }).await
}

#[delete("/api/backups/<key>")]
async fn remove(app: &State<App>, caller: Caller, key: &str) -> Result<NoContent> {
    app.require_backups(&caller, false).await?;
    no_content(app.delete_backup(key.to_owned()).await)
}

#[post("/api/backups/<key>/restore")]
async fn restore(app: &State<App>, caller: Caller, key: &str) -> Result<NoContent> {
    app.require_backups(&caller, false).await?;
    no_content(app.restore_backup(key.to_owned()).await)
}
