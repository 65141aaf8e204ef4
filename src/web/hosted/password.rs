//! Another password for one's own account.

use rocket::http::CookieJar;
use rocket::{Data, Route, State, get, post, routes};

use super::account::{member, own_page};
use super::visit::{Visit, Visitor};
use crate::app::App;
use crate::base::ErrorKind;
use crate::web::page::form::{Field, Form, Kind};
use crate::web::page::reply::{Answer, Reply};
use crate::web::site;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![show, change]
}

#[get("/auth/<collection>/account/password")]
async fn show(app: &State<App>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    match member(app, &visit, "account/password").await? {
        Ok(_) => own_page(&visit, "password.title", Some("password.intro"), form(&visit), None),
        Err(reply) => Ok(reply),
    }
}

#[post("/auth/<collection>/account/password", data = "<data>")]
async fn change(app: &State<App>, jar: &CookieJar<'_>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    let member = match member(app, &visit, "account/password").await? {
        Ok(member) => member,
        Err(reply) => return Ok(reply),
    };
    let body = sent.body(&["oldPassword", "password", "passwordConfirm"]);
    let name = visit.collection.name.clone();
    match app.update_record(visit.calling(body), name, member.id, None).await {
        Ok((_, session)) => {
            if let Some(session) = session {
                site::keep(app, jar, &session);
            }
            Ok(Reply::GoTo(visit.done("account", "password_changed")))
        }
        Err(error) if error.kind() == ErrorKind::Invalid => {
            own_page(&visit, "password.title", Some("password.intro"), form(&visit), Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

fn form(visit: &Visit) -> Form {
    let old = Field::new("oldPassword", visit.text("form.old_password"), Kind::Password);
    visit
        .new_form("account/password", "password.submit")
        .with(old.autocompleted("current-password"))
        .with_all(visit.new_password("form.new_password"))
}
