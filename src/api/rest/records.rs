//! `/api/collections/{collection}/records`: list, view, create, update, delete.

use rocket::http::CookieJar;
use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, get, patch, post, routes};

use crate::api::rest::{expand, list};
use crate::app::{App, Caller, FileKeys};
use crate::base::{Error, Result};
use crate::domain::RuleKind;
use crate::files::Intake;
use crate::web::body::{self, FormText};
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, Tagged, no_content};
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
async fn view(app: &State<App>, caller: Caller, collection: &str, id: &str) -> Result<Tagged> {
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    let conditional = caller.request.header("if_none_match").is_some().then(|| caller.request.clone());
    let tagged = picker.tagged(app.view_record(caller, collection.to_owned(), id.to_owned(), expand).await)?;
    Ok(match conditional {
        Some(request) => tagged.unless_known(&request),
        None => tagged,
    })
}

#[post("/api/collections/<collection>/records", data = "<data>")]
async fn create(app: &State<App>, mut caller: Caller, collection: &str, data: Data<'_>) -> Result<Tagged> {
    read_record(app, &mut caller, collection, RuleKind::Create, data).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    picker.tagged(app.create_record(caller, collection.to_owned(), expand).await)
}

#[patch("/api/collections/<collection>/records/<id>", data = "<data>")]
async fn update(
    app: &State<App>,
    jar: &CookieJar<'_>,
    mut caller: Caller,
    collection: &str,
    id: &str,
    data: Data<'_>,
) -> Result<Tagged> {
    read_record(app, &mut caller, collection, RuleKind::Update, data).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    let (shown, session) = app.update_record(caller, collection.to_owned(), id.to_owned(), expand).await?;
    if let Some(session) = session {
        site::keep(app, jar, &session);
    }
    picker.tagged(Ok(shown))
}

#[delete("/api/collections/<collection>/records/<id>")]
async fn delete(app: &State<App>, caller: Caller, collection: &str, id: &str) -> Result<NoContent> {
    no_content(app.delete_record(caller, collection.to_owned(), id.to_owned()).await)
}

/// Reads a record's body, with its files. How large it may be depends on the collection, so one that doesn't exist is
/// told first; and so is that the caller may not write there at all, before any file is taken in.
async fn read_record(app: &App, caller: &mut Caller, collection: &str, kind: RuleKind, data: Data<'_>) -> Result<()> {
    let Some(limits) = app.body_limits(collection) else {
        body::discard(data).await;
        return Err(Error::not_found());
    };
    let mut keys = FileKeys::default();
    if body::is_multipart(&caller.request) {
        match app.file_keys(caller, collection, kind).await {
            Ok(found) => keys = found,
            Err(error) => {
                body::discard(data).await;
                return Err(error);
            }
        }
    }
    let intake = Intake { spool: app.spool(), accept: &|key| keys.max_bytes(key) };
    let content = body::read_with_files(&caller.request, data, limits, FormText::Inferred, Some(&intake)).await?;
    (caller.request.body, caller.request.uploads) = (content.object, content.uploads);
    Ok(())
}
