//! `/api/logs`: the log of requests, for superusers (which the app checks).

use rocket::response::status::NoContent;
use rocket::{Route, State, delete, get, routes};

use crate::api::rest::list;
use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![list_logs, stats, view, truncate]
}

#[get("/api/logs")]
async fn list_logs(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::List)?;
    let request = list::parse(&caller.request)?;
    picker.answer(app.list_logs(caller, request).await)
}

#[get("/api/logs/stats")]
async fn stats(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    let filter = caller.request.query("filter").map(str::to_owned);
    picker.answer(app.log_stats(caller, filter).await)
}

#[get("/api/logs/<id>")]
async fn view(app: &State<App>, caller: Caller, id: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.view_log(caller, id.to_owned()).await)
}

#[delete("/api/logs")]
async fn truncate(app: &State<App>, caller: Caller) -> Result<NoContent> {
    no_content(app.truncate_logs(caller).await)
}
