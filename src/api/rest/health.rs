//! `GET /api/health`.

use rocket::{Route, State, get, routes};

use crate::app::{App, Caller};
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker};

/// The route of this module.
pub fn routes() -> Vec<Route> {
    routes![health]
}

#[get("/api/health")]
async fn health(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.health(caller).await)
}
