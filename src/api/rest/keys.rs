//! `/api/keys`: API keys for programs.

use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, get, patch, post, routes};

use crate::api::rest::read_fixed;
use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![list_keys, create, rename, end]
}

#[get("/api/keys")]
async fn list_keys(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::List)?;
    picker.answer(app.list_keys(caller).await)
}

#[post("/api/keys", data = "<data>")]
async fn create(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Inferred, &["collection", "expires", "name", "record", "scope"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.create_key(caller).await)
}

#[patch("/api/keys/<id>", data = "<data>")]
async fn rename(app: &State<App>, mut caller: Caller, id: &str, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["name"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.rename_key(caller, id.to_owned()).await)
}

#[delete("/api/keys/<id>")]
async fn end(app: &State<App>, caller: Caller, id: &str) -> Result<NoContent> {
    no_content(app.end_key(caller, id.to_owned()).await)
}
