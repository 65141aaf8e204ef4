//! One's own account: what it is signed in with, and ending that.

use rocket::http::{CookieJar, Status};
use rocket::{Data, Route, State, get, post, routes};
use serde_json::{Map, Value as Json, json};

use super::passkeys::day;
use super::visit::{Visit, Visitor};
use crate::app::App;
use crate::base::{Error, ErrorKind, Result};
use crate::domain::principal::SUPERUSERS;
use crate::web::page::form::{Field, Form, Kind};
use crate::web::page::reply::{Answer, Reply};
use crate::web::site;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![show, end_session, end_others, sign_out, send_verification, show_email, ask_email]
}

/// Somebody who is signed in to the collection whose pages they visit.
pub(super) struct Member {
    /// The id of the account.
    pub id: String,
    /// Its address; empty if it has none.
    pub email: String,
    verified: bool,
}

/// Who visits, if it is somebody of the collection; everybody else is shown the way to the sign-in page, and from there
/// back to `page`.
pub(super) async fn member(app: &App, visit: &Visit, page: &str) -> Result<std::result::Result<Member, Reply>> {
    let info = parsed(&app.session_info(visit.calling(Map::new())).await?)?;
    let record = &info["record"];
    if info["credential"] != "session" || record["collectionName"] != visit.collection.name.as_str() {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("redirect", &visit.page_address(page)).finish();
        return Ok(Err(Reply::GoTo(format!("{}?{query}", visit.page_address("sign-in")))));
    }
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    Ok(Ok(Member { id: text("id"), email: text("email"), verified: record["verified"] == true }))
}

#[get("/auth/<collection>/account")]
async fn show(app: &State<App>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    let member = match member(app, &visit, "account").await? {
        Ok(member) => member,
        Err(reply) => return Ok(reply),
    };
    let sessions = parsed(&app.list_sessions(visit.calling(Map::new())).await?)?;
    let sessions: Vec<Json> =
        sessions["items"].as_array().into_iter().flatten().map(|one| session(&visit, one)).collect();
    let factors = parsed(&app.factors(visit.calling(Map::new())).await?)?;
    let people = visit.collection.name != SUPERUSERS;
    let others = sessions.len() > 1;
    let button = |page, submit, style| visit.new_form(page, submit).styled(style);
    let context = json!({
        "notice": visit.notice(),
        "name": if member.email.is_empty() { &member.id } else { &member.email },
        "sessions": sessions,
        "factors": factors_shown(&visit, &factors),
        "end_others": others.then(|| button("account/end-others", "account.end_others", "quiet")),
        "unverified": (people && !member.verified && !member.email.is_empty())
            .then(|| button("account/verify", "account.send_verification", "quiet")),
        "sign_out": button("sign-out", "account.sign_out", "quiet"),
        "links": links(&visit, people),
    });
    Ok(visit.page("account.html", "account.title", context)?.into())
}

fn links(visit: &Visit, people: bool) -> Vec<Json> {
    let with_password = visit.collection.auth().is_some_and(|options| options.password_auth.enabled);
    [(with_password, "account/password", "account.to_password"), (people, "account/email", "account.to_email")]
        .into_iter()
        .filter(|(offered, ..)| *offered)
        .map(|(_, page, text)| visit.link(page, text))
        .collect()
}

/// What the account has set up, and where it is changed.
fn factors_shown(visit: &Visit, factors: &Json) -> Json {
    let codes = factors["required"] == true;
    let page = |page: &str| visit.page_address(&format!("account/{page}"));
    json!({
        "totp": day(&factors["totp"]["created"]),
        "app_href": page("app"),
        "passkeys": factors["passkeys"].as_array().map_or(0, Vec::len),
        "passkeys_href": (factors["passkeysAvailable"] == true).then(|| page("passkeys")),
        "codes": factors["recoveryCodes"],
        "codes_href": codes.then(|| page("recovery-codes")),
    })
}

/// A session as the page lists it.
fn session(visit: &Visit, session: &Json) -> Json {
    let id = session["id"].as_str().unwrap_or_default();
    let current = session["current"] == true;
    let end = visit.new_form("account/end", "account.end").with_hidden("id", id).styled("quiet").named(id);
    json!({
        "device": session["device"],
        "user_agent": session["userAgent"],
        "ip": session["ip"],
        "created": minute(&session["created"]),
        "last_used": minute(&session["lastUsed"]),
        "current": current,
        "end": (!current).then_some(end),
    })
}

/// A date to the minute: `2026-11-22 23:12`.
fn minute(date: &Json) -> String {
    date.as_str().unwrap_or_default().chars().take("2026-11-22 23:12".len()).collect()
}

#[post("/auth/<collection>/account/end", data = "<data>")]
async fn end_session(
    app: &State<App>,
    jar: &CookieJar<'_>,
    visitor: Visitor,
    collection: &str,
    data: Data<'_>,
) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    match app.end_session(visit.calling(Map::new()), sent.text("id").to_owned()).await {
        Ok(true) => site::forget(app, jar),
        Ok(false) => {}
        // It has ended meanwhile, which is what was wanted.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Reply::GoTo(visit.done("account", "session_ended")))
}

#[post("/auth/<collection>/account/end-others", data = "<data>")]
async fn end_others(
    app: &State<App>,
    jar: &CookieJar<'_>,
    visitor: Visitor,
    collection: &str,
    data: Data<'_>,
) -> Answer {
    let mut visit = visitor.at(collection)?;
    visit.form(data).await?;
    if let Some(session) = app.end_other_sessions(visit.calling(Map::new())).await? {
        site::keep(app, jar, &session);
    }
    Ok(Reply::GoTo(visit.done("account", "others_ended")))
}

#[post("/auth/<collection>/sign-out", data = "<data>")]
async fn sign_out(app: &State<App>, jar: &CookieJar<'_>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    visit.form(data).await?;
    app.logout(visit.calling(Map::new()), false).await?;
    site::forget(app, jar);
    Ok(Reply::GoTo(visit.done("sign-in", "signed_out")))
}

/// Sends the link that verifies the account's address once more.
#[post("/auth/<collection>/account/verify", data = "<data>")]
async fn send_verification(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    visit.form(data).await?;
    let member = match member(app, &visit, "account").await? {
        Ok(member) => member,
        Err(reply) => return Ok(reply),
    };
    let body = Map::from_iter([("email".to_owned(), Json::from(member.email))]);
    app.request_verification(visit.calling(body), visit.collection.name.clone()).await?;
    Ok(Reply::GoTo(visit.done("account", "verification_sent")))
}

#[get("/auth/<collection>/account/email")]
async fn show_email(app: &State<App>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    match member(app, &visit, "account/email").await? {
        Ok(_) => email_page(&visit, email_form(&visit), None),
        Err(reply) => Ok(reply),
    }
}

#[post("/auth/<collection>/account/email", data = "<data>")]
async fn ask_email(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    match app.request_email_change(visit.calling(sent.body(&["newEmail"])), visit.collection.name.clone()).await {
        Ok(()) => Ok(Reply::GoTo(visit.done("account", "email_asked"))),
        Err(error) if error.kind() == ErrorKind::Invalid => {
            email_page(&visit, email_form(&visit).filled(&sent), Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

fn email_form(visit: &Visit) -> Form {
    let email = Field::new("newEmail", visit.text("form.new_email"), Kind::Email).autocompleted("email");
    visit.new_form("account/email", "email.submit").with(email)
}

fn email_page(visit: &Visit, form: Form, error: Option<&Error>) -> Answer {
    own_page(visit, "email.title", Some("email.intro"), form, error)
}

/// A page with one form about the account, and the way back to it.
pub(super) fn own_page(
    visit: &Visit,
    title: &str,
    intro: Option<&str>,
    mut form: Form,
    error: Option<&Error>,
) -> Answer {
    let problem = error.and_then(|error| form.explain(error, &visit.look.strings));
    let context = json!({
        "intro": intro.map(|intro| visit.text(intro)),
        "form": form.focused(),
        "problem": problem,
        "links": [visit.link("account", "link.account")],
    });
    let status = error.map_or(Status::Ok, |error| Status::new(error.kind().status()));
    Ok(visit.page("form_page.html", title, context)?.with_status(status).into())
}

/// An answer of the app, which is JSON.
pub(super) fn parsed(json: &str) -> Result<Json> {
    serde_json::from_str(json).map_err(Error::internal)
}
