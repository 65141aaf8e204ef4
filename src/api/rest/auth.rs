//! Signing in to an auth collection: `auth-methods`, `auth-with-password`, `auth-refresh`.

use rocket::{Data, Route, State, get, post, routes};

use crate::api::rest::{expand, read_fixed};
use crate::app::{App, Caller};
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![methods, with_password, refresh]
}

#[get("/api/collections/<collection>/auth-methods")]
async fn methods(app: &State<App>, caller: Caller, collection: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.auth_methods(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/auth-with-password", data = "<data>")]
async fn with_password(app: &State<App>, mut caller: Caller, collection: &str, data: Data<'_>) -> Answer {
    const KEYS: &[&str] = &["identity", "identityField", "mfaId", "password"];
    read_fixed(&mut caller, data, FormText::Verbatim, KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller);
    picker.answer(app.auth_with_password(caller, collection.to_owned(), expand).await)
}

#[post("/api/collections/<collection>/auth-refresh")]
async fn refresh(app: &State<App>, caller: Caller, collection: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller);
    picker.answer(app.auth_refresh(caller, collection.to_owned(), expand).await)
}
