//! `/api/crons`: the jobs of the program, for superusers (which the app checks).

use rocket::response::status::NoContent;
use rocket::{Route, State, get, post, routes};

use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![list_jobs, start]
}

#[get("/api/crons")]
async fn list_jobs(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.list_jobs(caller).await)
}

/// Answers when the job has started, not when it has ended.
#[post("/api/crons/<id>")]
async fn start(app: &State<App>, caller: Caller, id: &str) -> Result<NoContent> {
    no_content(app.start_job(caller, id.to_owned()).await)
}
