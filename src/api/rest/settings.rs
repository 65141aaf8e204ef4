//! `/api/settings`: what superusers (which the app checks) change while the server runs, and trying it out.

use rocket::response::status::NoContent;
use rocket::{Data, Route, State, get, patch, post, routes};

use crate::api::rest::read_fixed;
use crate::app::{App, Caller};
use crate::auth::oauth2::apple;
use crate::base::limits::BODY_MAX_BYTES;
use crate::base::{Result, json};
use crate::web::body::{self, FormText};
use crate::web::pick::Shape;
use crate::web::respond::{Answer, JsonText, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![view, update, test_s3, test_email, apple_client_secret]
}

#[get("/api/settings")]
async fn view(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.view_settings(caller).await)
}

#[patch("/api/settings", data = "<data>")]
async fn update(app: &State<App>, caller: Caller, data: Data<'_>) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    let patch = body::read(&caller.request, data, BODY_MAX_BYTES, FormText::Verbatim).await?;
    picker.answer(app.update_settings(caller, patch).await)
}

#[post("/api/settings/test/s3", data = "<data>")]
async fn test_s3(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["filesystem"]).await?;
    let body = std::mem::take(&mut caller.request.body);
    no_content(app.test_storage(caller, &body).await)
}

#[post("/api/settings/test/email", data = "<data>")]
async fn test_email(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["email", "template", "collection"]).await?;
    let body = std::mem::take(&mut caller.request.body);
    no_content(app.test_mail(caller, &body).await)
}

#[post("/api/settings/apple/generate-client-secret", data = "<data>")]
async fn apple_client_secret(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, &apple::KEYS).await?;
    let mut answer = String::from("{\"secret\":");
    json::write_str(&mut answer, &app.apple_client_secret(caller).await?);
    answer.push('}');
    Ok(JsonText::new(answer))
}
