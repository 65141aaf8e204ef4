//! `/api/sql`: what superusers (which the app checks) type.

use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, post, routes};

use crate::api::rest::read_fixed;
use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![run, cancel]
}

#[post("/api/sql", data = "<data>")]
async fn run(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["query", "readOnly", "explain", "name"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.run_sql(caller).await)
}

#[delete("/api/sql/<name>")]
async fn cancel(app: &State<App>, caller: Caller, name: String) -> Result<NoContent> {
    no_content(app.cancel_sql(caller, name).await)
}
