//! What is asked by programs that watch the server: `/livez`, `/readyz` and `/metrics`.
//!
//! Mounted by [`super::server`] twice: beside everything else, where the app decides who sees what, and, if the
//! configuration names an address for it, alone on that address for whoever reaches it ([`private`]).

use rocket::figment::Figment;
use rocket::http::{Accept, ContentType, Status};
use rocket::{Build, Rocket, Route, State, get, routes};

use crate::app::{App, Caller};
use crate::base::Result;
use crate::monitor::Format;
use crate::web::catchers;

/// Those of these that come every few seconds: what they find is told elsewhere.
pub const FREQUENT: [&str; 2] = ["/livez", "/readyz"];

/// The routes beside all others.
pub fn routes() -> Vec<Route> {
    routes![livez, readyz, metrics]
}

/// A server that answers these questions only, and everybody in full.
pub fn private(app: App, config: Figment) -> Rocket<Build> {
    rocket::custom(config)
        .manage(app)
        .mount("/", routes![livez, readyz_private, metrics_private])
        .register("/", catchers::catchers())
}

type Text = (ContentType, String);

/// Says that the process answers, and nothing else.
#[get("/livez")]
fn livez() -> Text {
    (ContentType::Plain, "ok\n".to_owned())
}

#[get("/readyz")]
async fn readyz(app: &State<App>, caller: Caller) -> (Status, Text) {
    let with_reasons = app.may_know_reasons(caller).await;
    ready(app, with_reasons).await
}

#[get("/readyz")]
async fn readyz_private(app: &State<App>) -> (Status, Text) {
    ready(app, true).await
}

async fn ready(app: &App, with_reasons: bool) -> (Status, Text) {
    let found = app.readiness().await;
    let status = if found.is_ready() { Status::Ok } else { Status::ServiceUnavailable };
    (status, (ContentType::JSON, found.to_json(with_reasons)))
}

#[get("/metrics")]
async fn metrics(app: &State<App>, caller: Caller) -> Result<Text> {
    let format = Format::accepted(caller.request.header("accept").unwrap_or_default());
    app.metrics(caller, format).await.map(|text| answer(text, format))
}

#[get("/metrics")]
async fn metrics_private(app: &State<App>, accept: Option<&Accept>) -> Result<Text> {
    let format = Format::accepted(&accept.map(ToString::to_string).unwrap_or_default());
    app.metrics_of_owner(format).await.map(|text| answer(text, format))
}

fn answer(text: String, format: Format) -> Text {
    (ContentType::parse_flexible(format.content_type()).unwrap_or(ContentType::Plain), text)
}
