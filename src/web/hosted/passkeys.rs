//! One's own passkeys, and what pages tell `static/passkeys.js` about signing in with one.
//!
//! The ceremonies themselves go from that script to the REST API, with the session's cookie; a page only says whose
//! they are and where to go on.

use rocket::http::Status;
use rocket::{Data, Route, State, get, post, routes};
use serde_json::{Map, Value as Json, json};

use super::account::{member, parsed};
use super::authenticator::proven;
use super::visit::{Visit, Visitor};
use crate::app::App;
use crate::base::{Error, ErrorKind};
use crate::web::page::form::{Field, Form, Kind};
use crate::web::page::reply::{Answer, Reply};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![show, remove]
}

/// Whether passkeys can be used at this server's address.
pub(super) fn offered(app: &App) -> bool {
    app.passkeys_work()
}

/// Signing in with a passkey; as the second step of a sign-in if that is named.
pub(super) fn login(visit: &Visit, mfa_id: &str) -> Json {
    let form = Form::new("", visit.text("passkeys.sign_in")).styled("quiet");
    ceremony(visit, "sign-in", form, mfa_id, &next(visit))
}

/// Making one in the middle of a sign-in, for an account that must have a second factor.
pub(super) fn enrolling(visit: &Visit, mfa_id: &str) -> Json {
    let name = Field::new("name", visit.text("passkeys.name"), Kind::Text);
    let form = Form::new("", visit.text("passkeys.add")).styled("quiet").with(name);
    ceremony(visit, "register", form, mfa_id, &next(visit))
}

/// A form of `static/passkeys.js`.
fn ceremony(visit: &Visit, kind: &str, form: Form, mfa_id: &str, next: &str) -> Json {
    json!({"kind": kind, "collection": visit.collection.name, "mfa_id": mfa_id, "next": next, "form": form})
}

fn next(visit: &Visit) -> String {
    match visit.destination() {
        Reply::GoTo(address) => address,
        Reply::Page(_) => visit.page_address("account"),
    }
}

#[get("/auth/<collection>/account/passkeys")]
async fn show(app: &State<App>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    match member(app, &visit, "account/passkeys").await? {
        Ok(_) => page(app, &visit, None).await,
        Err(reply) => Ok(reply),
    }
}

#[post("/auth/<collection>/account/passkeys", data = "<data>")]
async fn remove(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    match app.remove_passkey(visit.calling(sent.body(&["password"])), sent.text("id").to_owned()).await {
        Ok(()) => Ok(Reply::GoTo(visit.done("account/passkeys", "passkey_removed"))),
        // It is gone already.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Reply::GoTo(visit.page_address("account/passkeys"))),
        Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::TooManyRequests) => {
            page(app, &visit, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(app: &App, visit: &Visit, error: Option<&Error>) -> Answer {
    let factors = parsed(&app.factors(visit.calling(Map::new())).await?)?;
    let shown: Vec<Json> =
        factors["passkeys"].as_array().into_iter().flatten().map(|passkey| shown(visit, passkey)).collect();
    let password = Field::new("password", visit.text("form.password"), Kind::Password);
    let fields = [
        Field::new("name", visit.text("passkeys.name"), Kind::Text),
        Field::new("secondFactor", visit.text("passkeys.second_factor"), Kind::Checkbox).optional(),
        password.autocompleted("current-password"),
    ];
    let form = Form::new("", visit.text("passkeys.add")).with_all(fields);
    let adding = ceremony(visit, "register", form, "", &visit.done("account/passkeys", "passkey_added"));
    let refused = error.map(|error| match error.fields().is_empty() {
        true => error.message(),
        false => visit.text("error.invalid_proof"),
    });
    let context = json!({
        "notice": visit.notice(),
        "problem": refused,
        "passkeys": shown,
        "adding": offered(app).then_some(adding),
        "links": [visit.link("account", "link.account")],
    });
    let status = error.map_or(Status::Ok, |error| Status::new(error.kind().status()));
    Ok(visit.page("passkeys.html", "passkeys.title", context)?.with_status(status).with_scripts().into())
}

/// A passkey as the page lists it.
fn shown(visit: &Visit, passkey: &Json) -> Json {
    let id = passkey["id"].as_str().unwrap_or_default();
    let form = proven(visit, "account/passkeys", "passkeys.remove").named(id).with_hidden("id", id).styled("danger");
    json!({
        "name": passkey["name"], "second_factor": passkey["secondFactor"],
        "created": day(&passkey["created"]), "last_used": day(&passkey["lastUsed"]), "form": form,
    })
}

/// The day of a date; empty if there is none.
pub(super) fn day(date: &Json) -> String {
    date.as_str().unwrap_or_default().chars().take("2026-11-22".len()).collect()
}
