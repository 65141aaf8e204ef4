//! `/api/collections/{collection}/records`: list, view, create, update, delete.

use rocket::http::CookieJar;
use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, get, patch, post, routes};

use crate::api::rest::{expand, list};
use crate::app::{App, Caller};
use crate::base::{Error, Result};
use crate::web::body::{self, FormText};
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};
use crate::web::site;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![list_records, view, create, update, delete]
}

#[get("/api/collections/<collection>/records")]
async fn list_records(app: &State<App>, caller: Caller, collection: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::List)?;
    let request = list::parse(&caller.request)?;
    picker.answer(app.list_records(caller, collection.to_owned(), request).await)
}

#[get("/api/collections/<collection>/records/<id>")]
async fn view(app: &State<App>, caller: Caller, collection: &str, id: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller);
    picker.answer(app.view_record(caller, collection.to_owned(), id.to_owned(), expand).await)
}

#[post("/api/collections/<collection>/records", data = "<data>")]
async fn create(app: &State<App>, mut caller: Caller, collection: &str, data: Data<'_>) -> Answer {
    read_record(app, &mut caller, collection, data).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller);
    picker.answer(app.create_record(caller, collection.to_owned(), expand).await)
}

#[patch("/api/collections/<collection>/records/<id>", data = "<data>")]
async fn update(
    app: &State<App>,
    jar: &CookieJar<'_>,
    mut caller: Caller,
    collection: &str,
    id: &str,
    data: Data<'_>,
) -> Answer {
    read_record(app, &mut caller, collection, data).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller);
    let (body, session) = app.update_record(caller, collection.to_owned(), id.to_owned(), expand).await?;
    if let Some(session) = session {
        site::keep(app, jar, &session);
    }
    picker.answer(Ok(body))
}

#[delete("/api/collections/<collection>/records/<id>")]
async fn delete(app: &State<App>, caller: Caller, collection: &str, id: &str) -> Result<NoContent> {
    no_content(app.delete_record(caller, collection.to_owned(), id.to_owned()).await)
}

/// Reads a record's body. How large it may be depends on the collection, so one that doesn't exist is told first.
async fn read_record(app: &App, caller: &mut Caller, collection: &str, data: Data<'_>) -> Result<()> {
    let Some(limit_bytes) = app.body_limit_bytes(collection) else {
        body::discard(data).await;
        return Err(Error::not_found());
    };
    caller.request.body = body::read(&caller.request, data, limit_bytes, FormText::Inferred).await?;
    Ok(())
}
