//! `/api/sql`: what superusers (which the app checks) type.

use rocket::{Data, Route, State, post, routes};

use crate::api::rest::read_fixed;
use crate::app::{App, Caller};
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![run]
}

#[post("/api/sql", data = "<data>")]
async fn run(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["query", "readOnly", "explain"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.run_sql(caller).await)
}
