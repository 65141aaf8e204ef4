//! What begins with a mail: another password, a verified address, a changed address.
//!
//! The links in mails only show a form. What they are for happens when it is sent, because programs that look through
//! mails open every link in them. Invariant: nothing tells whether an address has an account.

use rocket::http::Status;
use rocket::{Data, Route, State, get, post, routes};
use serde_json::json;

use super::visit::{Visit, Visitor, unless_internal};
use crate::app::App;
use crate::base::Error;
use crate::web::page::form::{Field, Form, Kind};
use crate::web::page::reply::{Answer, Reply};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![forgot, send_reset, forgot_done, show_reset, reset, show_verify, verify, show_change_email, change_email]
}

#[get("/auth/<collection>/forgot")]
fn forgot(visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    step(&visit, "forgot.title", "forgot.intro", forgot_form(&visit), None)
}

#[post("/auth/<collection>/forgot", data = "<data>")]
async fn send_reset(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    let name = visit.collection.name.clone();
    let asked = app.request_password_reset(visit.calling(sent.body(&["email"])), name).await;
    match unless_internal(asked)? {
        Some(error) => step(&visit, "forgot.title", "forgot.intro", forgot_form(&visit).filled(&sent), Some(&error)),
        None => Ok(Reply::GoTo(visit.address("forgot/done"))),
    }
}

#[get("/auth/<collection>/forgot/done")]
fn forgot_done(visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    let context = json!({"text": visit.text("forgot.done_text"), "links": [visit.link("sign-in", "link.sign_in")]});
    Ok(visit.page("message.html", "forgot.done", context)?.into())
}

fn forgot_form(visit: &Visit) -> Form {
    let email = Field::new("email", visit.text("form.email"), Kind::Email).autocompleted("username");
    visit.new_form("forgot", "forgot.submit").with(email)
}

#[get("/auth/<collection>/reset?<token>")]
fn show_reset(visitor: Visitor, collection: &str, token: Option<&str>) -> Answer {
    let visit = visitor.at(collection)?;
    step(&visit, "reset.title", "reset.intro", reset_form(&visit, token.unwrap_or_default()), None)
}

#[post("/auth/<collection>/reset", data = "<data>")]
async fn reset(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    let body = sent.body(&["token", "password", "passwordConfirm"]);
    let done = app.confirm_password_reset(visit.calling(body), visit.collection.name.clone()).await;
    match unless_internal(done)? {
        Some(error) => step(&visit, "reset.title", "reset.intro", reset_form(&visit, sent.text("token")), Some(&error)),
        None => Ok(Reply::GoTo(visit.done("sign-in", "reset"))),
    }
}

fn reset_form(visit: &Visit, token: &str) -> Form {
    let form = visit.new_form("reset", "reset.submit").with_hidden("token", token);
    form.with_all(visit.new_password("form.new_password"))
}

#[get("/auth/<collection>/verify?<token>")]
fn show_verify(visitor: Visitor, collection: &str, token: Option<&str>) -> Answer {
    let visit = visitor.at(collection)?;
    step(&visit, "verify.title", "verify.intro", verify_form(&visit, token.unwrap_or_default()), None)
}

#[post("/auth/<collection>/verify", data = "<data>")]
async fn verify(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    let done = app.confirm_verification(visit.calling(sent.body(&["token"])), visit.collection.name.clone()).await;
    match unless_internal(done)? {
        Some(error) => {
            step(&visit, "verify.title", "verify.intro", verify_form(&visit, sent.text("token")), Some(&error))
        }
        None => Ok(Reply::GoTo(visit.done("sign-in", "verified"))),
    }
}

fn verify_form(visit: &Visit, token: &str) -> Form {
    visit.new_form("verify", "verify.submit").with_hidden("token", token)
}

#[get("/auth/<collection>/change-email?<token>")]
fn show_change_email(visitor: Visitor, collection: &str, token: Option<&str>) -> Answer {
    let visit = visitor.at(collection)?;
    step(&visit, "change_email.title", "change_email.intro", change_form(&visit, token.unwrap_or_default()), None)
}

#[post("/auth/<collection>/change-email", data = "<data>")]
async fn change_email(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    let body = sent.body(&["token", "password"]);
    let done = app.confirm_email_change(visit.calling(body), visit.collection.name.clone()).await;
    match unless_internal(done)? {
        Some(error) => {
            let form = change_form(&visit, sent.text("token"));
            step(&visit, "change_email.title", "change_email.intro", form, Some(&error))
        }
        None => Ok(Reply::GoTo(visit.done("sign-in", "email_changed"))),
    }
}

fn change_form(visit: &Visit, token: &str) -> Form {
    let password = Field::new("password", visit.text("form.password"), Kind::Password);
    visit
        .new_form("change-email", "change_email.submit")
        .with_hidden("token", token)
        .with(password.autocompleted("current-password"))
}

/// A page with one form. Whatever is wrong with a link is said in one sentence: what exactly is nobody's business.
fn step(visit: &Visit, title: &str, intro: &str, mut form: Form, error: Option<&Error>) -> Answer {
    let problem = error.and_then(|error| {
        let unplaced = form.explain(error, &visit.look.strings)?;
        Some(if error.fields().code("token").is_some() { visit.text("form.void_link") } else { unplaced })
    });
    let links = [visit.link("sign-in", "link.sign_in")];
    let context = json!({"intro": visit.text(intro), "form": form.focused(), "problem": problem, "links": links});
    let status = error.map_or(Status::Ok, |error| Status::new(error.kind().status()));
    Ok(visit.page("form_page.html", title, context)?.with_status(status).into())
}
