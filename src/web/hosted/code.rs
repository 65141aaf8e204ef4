//! Signing in with a one-time code that comes by mail: asking for it, and typing it in.

use rocket::http::{CookieJar, Status};
use rocket::{Data, Route, State, get, post, routes};
use serde_json::{Value as Json, json};

use super::sign_in::continue_with;
use super::step::Step;
use super::visit::{Visit, Visitor, unless_internal};
use crate::app::App;
use crate::base::{Error, ErrorKind, Result};
use crate::web::page::form::{Field, Form, Kind, Sent};
use crate::web::page::reply::{Answer, Reply};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![show, ask, show_enter, enter]
}

#[get("/auth/<collection>/code")]
fn show(visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    offered(&visit)?;
    ask_page(&visit, ask_form(&visit), None)
}

#[post("/auth/<collection>/code", data = "<data>")]
async fn ask(app: &State<App>, jar: &CookieJar<'_>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    offered(&visit)?;
    let sent = visit.form(data).await?;
    match app.request_otp(visit.calling(sent.body(&["email"])), visit.collection.name.clone()).await {
        Ok(body) => {
            let body: Json = serde_json::from_str(&body).map_err(Error::internal)?;
            let otp_id = body["otpId"].as_str().unwrap_or_default().to_owned();
            // The second step of a sign-in, or the first of a new one.
            let step = if is_second(&sent) { Step::kept(app, jar) } else { Step::default() };
            Step { otp_id, ..step }.keep(app, jar);
            Ok(Reply::GoTo(visit.address("code/enter")))
        }
        Err(error) => match unless_internal::<()>(Err(error))? {
            Some(error) => ask_page(&visit, ask_form(&visit).filled(&sent), Some(&error)),
            None => Ok(Reply::GoTo(visit.address("code"))),
        },
    }
}

#[get("/auth/<collection>/code/enter")]
fn show_enter(app: &State<App>, jar: &CookieJar<'_>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    offered(&visit)?;
    if Step::kept(app, jar).otp_id.is_empty() {
        return Ok(Reply::GoTo(visit.address("code")));
    }
    enter_page(&visit, None)
}

#[post("/auth/<collection>/code/enter", data = "<data>")]
async fn enter(app: &State<App>, jar: &CookieJar<'_>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    offered(&visit)?;
    let sent = visit.form(data).await?;
    let step = Step::kept(app, jar);
    let mut body = sent.body(&["password"]);
    body.insert("otpId".to_owned(), step.otp_id.into());
    if !step.mfa_id.is_empty() {
        body.insert("mfaId".to_owned(), step.mfa_id.into());
    }
    match app.auth_with_otp(visit.signing_in(body), visit.collection.name.clone(), None).await {
        Ok(outcome) => Ok(continue_with(app, jar, &visit, outcome)),
        Err(error) if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) => Err(error.into()),
        Err(error) => enter_page(&visit, Some(&error)),
    }
}

/// Whether a form belongs to the second step of a sign-in that is waiting.
pub(super) fn is_second(sent: &Sent) -> bool {
    sent.text("second") == "1"
}

/// # Errors
/// 404 if the collection has no one-time codes.
fn offered(visit: &Visit) -> Result<()> {
    if visit.offers_codes() { Ok(()) } else { Err(Error::not_found()) }
}

pub(super) fn ask_form(visit: &Visit) -> Form {
    let email = Field::new("email", visit.text("form.email"), Kind::Email).autocompleted("username");
    visit.new_form("code", "code.submit").with(email)
}

fn ask_page(visit: &Visit, mut form: Form, error: Option<&Error>) -> Answer {
    let problem = error.and_then(|error| form.explain(error, &visit.look.strings));
    let links = [visit.link("sign-in", "link.sign_in")];
    let context =
        json!({"intro": visit.text("code.intro"), "form": form.focused(), "problem": problem, "links": links});
    let status = error.map_or(Status::Ok, |error| Status::new(error.kind().status()));
    Ok(visit.page("form_page.html", "code.title", context)?.with_status(status).into())
}

fn enter_page(visit: &Visit, error: Option<&Error>) -> Answer {
    let code = Field::new("password", visit.text("form.code"), Kind::Code).autocompleted("one-time-code");
    let mut form = visit.new_form("code/enter", "sign_in.submit").with(code);
    let mut problem = None;
    if let Some(error) = error {
        let text = match error.kind() {
            ErrorKind::TooManyRequests => visit.text("sign_in.too_many"),
            ErrorKind::Forbidden => visit.text("sign_in.forbidden"),
            _ => visit.text("code.refused"),
        };
        match error.kind() {
            ErrorKind::Invalid => form.mark("password", text),
            _ => problem = Some(text),
        }
    }
    let links = [visit.link("code", "code.again"), visit.link("sign-in", "link.sign_in")];
    let context = json!({"intro": visit.text("code.sent"), "form": form.focused(), "problem": problem, "links": links});
    let status = error.map_or(Status::Ok, |error| Status::new(error.kind().status()));
    Ok(visit.page("form_page.html", "code.enter_title", context)?.with_status(status).into())
}
