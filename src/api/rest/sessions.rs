//! `/api/session`: who is signed in, and signing out. `/api/sessions`: everything that an account is signed in with.

use rocket::http::CookieJar;
use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, get, post, routes};
use serde_json::Value as Json;

use crate::api::rest::read_fixed;
use crate::app::{App, Caller};
use crate::base::{Error, FieldError, Result};
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker};
use crate::web::site;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![session, logout, list_sessions, end, end_others]
}

#[get("/api/session")]
async fn session(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.session_info(caller).await)
}

/// The browser forgets its cookies whoever they belonged to, unless it was a token that signed the request.
#[post("/api/session/logout", data = "<data>")]
async fn logout(app: &State<App>, jar: &CookieJar<'_>, mut caller: Caller, data: Data<'_>) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Inferred, &["everywhere"]).await?;
    let everywhere = match caller.request.body.get("everywhere") {
        None | Some(Json::Null) => false,
        Some(Json::Bool(everywhere)) => *everywhere,
        Some(_) => return Err(Error::field("everywhere", FieldError::invalid("This must be true or false."))),
    };
    let by_token = caller.token.is_some();
    app.logout(caller, everywhere).await?;
    if !by_token {
        site::forget(app, jar);
    }
    Ok(NoContent)
}

#[get("/api/sessions")]
async fn list_sessions(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::List)?;
    picker.answer(app.list_sessions(caller).await)
}

#[delete("/api/sessions/<id>")]
async fn end(app: &State<App>, jar: &CookieJar<'_>, caller: Caller, id: &str) -> Result<NoContent> {
    if app.end_session(caller, id.to_owned()).await? {
        site::forget(app, jar);
    }
    Ok(NoContent)
}

#[delete("/api/sessions")]
async fn end_others(app: &State<App>, jar: &CookieJar<'_>, caller: Caller) -> Result<NoContent> {
    if let Some(session) = app.end_other_sessions(caller).await? {
        site::keep(app, jar, &session);
    }
    Ok(NoContent)
}
