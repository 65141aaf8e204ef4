//! The start page, the one-time set-up of the first superuser, and static files.
//!
//! Called by Rocket; mounted by [`super::server`]. Not here: pages for people with accounts (`hosted`), the dashboard
//! (`admin`).

use std::path::PathBuf;

use rocket::http::{ContentType, Status};
use rocket::{Data, Route, State, get, post, routes};
use serde_json::json;

use crate::app::App;
use crate::base::limits::PAGE_FORM_MAX_BYTES;
use crate::base::{Error, ErrorKind, FieldError, Result, Secret};
use crate::web::assets::StaticFile;
use crate::web::body;
use crate::web::page::form::{Field, Form, Kind, Sent};
use crate::web::page::{Failure, Look, Page};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![start, setup_form, setup, static_file]
}

type Answer = Result<Page, Failure>;

#[get("/")]
fn start(look: Look) -> Answer {
    Ok(look.page("start.html", look.text("start.title"), json!({"version": env!("CARGO_PKG_VERSION")}))?)
}

#[get("/_/setup/<token>")]
async fn setup_form(app: &State<App>, look: Look, token: &str) -> Answer {
    if !app.setup_link_works(token).await? {
        return link_is_void(&look);
    }
    form_page(&look, empty_form(&look, token), None)
}

/// The token in the address is the proof that whoever sends the form may do so; a foreign site doesn't know it.
#[post("/_/setup/<token>", data = "<data>")]
async fn setup(
    app: &State<App>,
    look: Look,
    token: &str,
    content_type: Option<&ContentType>,
    data: Data<'_>,
) -> Answer {
    if !app.setup_link_works(token).await? {
        return link_is_void(&look);
    }
    let content_type = content_type.map(ToString::to_string);
    let sent = Sent(body::read_page_form(content_type.as_deref(), data, PAGE_FORM_MAX_BYTES).await?);
    let (email, password) = (sent.text("email").trim(), sent.text("password"));
    let result = if password == sent.text("passwordConfirm") {
        app.claim_server(token.to_owned(), email.to_owned(), Secret::new(password)).await
    } else {
        let differs = FieldError::new("validation_values_mismatch", "The two passwords differ.");
        Err(Error::field("passwordConfirm", differs))
    };
    match result {
        Ok(()) => {
            let links = json!([{"href": "/auth/_superusers/sign-in?redirect=/_/", "text": look.text("setup.sign_in")}]);
            let context = json!({"text": look.text("setup.done_text"), "links": links});
            Ok(look.page("message.html", look.text("setup.done"), context)?)
        }
        // Somebody else was faster, or the time was up in this moment.
        Err(error) if error.kind() == ErrorKind::NotFound => link_is_void(&look),
        Err(error) if error.kind() == ErrorKind::Invalid => {
            form_page(&look, empty_form(&look, token).filled(&sent), Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

fn link_is_void(look: &Look) -> Answer {
    Ok(look.message("page.not_found", look.text("setup.void"))?.with_status(Status::NotFound))
}

fn empty_form(look: &Look, token: &str) -> Form {
    let field = |name, label, kind, what| Field::new(name, look.text(label), kind).autocompleted(what);
    Form::new(format!("/_/setup/{token}"), look.text("setup.submit"))
        .with(field("email", "form.email", Kind::Email, "username"))
        .with(field("password", "form.password", Kind::Password, "new-password"))
        .with(field("passwordConfirm", "form.password_again", Kind::Password, "new-password"))
}

/// The form with what was wrong with it beside each field, or on top if it belongs to none of them.
fn form_page(look: &Look, mut form: Form, error: Option<&Error>) -> Answer {
    let problem = error.and_then(|error| form.explain(error, &look.strings));
    let context = json!({"form": form.focused(), "problem": problem});
    let page = look.page("setup.html", look.text("setup.title"), context)?;
    Ok(page.with_status(if error.is_some() { Status::BadRequest } else { Status::Ok }))
}

#[get("/static/<path..>?<v>")]
fn static_file(path: PathBuf, v: Option<&str>) -> Option<StaticFile> {
    // Rocket has refused everything that leads out of the folder or to hidden files.
    StaticFile::find(path.to_str()?, v)
}
