//! `/api/mails`: the outbox, for superusers (which the app checks).

use rocket::response::status::NoContent;
use rocket::{Route, State, get, post, routes};

use crate::api::rest::list;
use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![list_mails, view, retry]
}

#[get("/api/mails")]
async fn list_mails(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::List)?;
    let request = list::parse(&caller.request)?;
    picker.answer(app.list_mails(caller, request).await)
}

#[get("/api/mails/<id>")]
async fn view(app: &State<App>, caller: Caller, id: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.view_mail(caller, id.to_owned()).await)
}

/// Answers when the mail is queued, not when it is sent.
#[post("/api/mails/<id>/retry")]
async fn retry(app: &State<App>, caller: Caller, id: &str) -> Result<NoContent> {
    no_content(app.send_mail_again(caller, id.to_owned()).await)
}
