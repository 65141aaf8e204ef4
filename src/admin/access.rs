//! What the page about access asks for: simulations, and the exposure report.

use rocket::{Data, Route, State, get, post, routes};

use super::visit::Visit;
use crate::app::App;
use crate::web::respond::{Answer, JsonText};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![simulate, report]
}

#[post("/_/access/simulate", data = "<data>")]
async fn simulate(app: &State<App>, visit: Visit, data: Data<'_>) -> Answer {
    let caller = visit.with_json(data).await?;
    app.simulate_access(caller).await.map(JsonText::new)
}

#[get("/_/access/report.json")]
async fn report(app: &State<App>, visit: Visit) -> Answer {
    app.exposure(visit.caller).await.map(JsonText::new)
}
