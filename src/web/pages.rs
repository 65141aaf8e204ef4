//! Hosted pages: the start page, the one-time set-up of the first superuser, and static files.
//!
//! Called by Rocket; mounted by [`super::server`]. Pages load nothing from elsewhere and run no scripts, and their
//! policy headers say so. Not here: the dashboard.

use std::path::PathBuf;

use rocket::http::uri::Origin;
use rocket::http::{ContentType, Status};
use rocket::response::{Redirect, Responder, Response};
use rocket::{Data, Either, Request, Route, State, get, post, response, routes};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::base::limits::PAGE_FORM_MAX_BYTES;
use crate::base::{Error, ErrorKind, FieldError, Result, Secret};
use crate::web::assets::{self, StaticFile};
use crate::web::body;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![start, dashboard, setup_form, setup, static_file]
}

/// What pages may do in a browser.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page made of a template.
struct Page {
    status: Status,
    title: &'static str,
    template: &'static str,
    context: Json,
}

impl Page {
    fn message(status: Status, title: &'static str, text: &str) -> Self {
        Page { status, title, template: "message.html", context: json!({"text": text}) }
    }

    fn link_is_void() -> Self {
        let text = "This set-up link doesn't work any more: it works once, for 30 minutes. \
                    Restart the server for a new one, or run “holdall superuser create”.";
        Page::message(Status::NotFound, "Nothing here", text)
    }
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let html = match assets::render(self.title, self.template, &self.context) {
            Ok(html) => html,
            Err(error) => return error.respond_to(request),
        };
        Response::build()
            .status(self.status)
            .header(ContentType::HTML)
            .raw_header("Content-Security-Policy", POLICY)
            // Addresses of these pages may hold secrets, and what they show changes.
            .raw_header("Referrer-Policy", "no-referrer")
            .raw_header("Cache-Control", "no-store")
            .sized_body(html.len(), std::io::Cursor::new(html))
            .ok()
    }
}

#[get("/")]
fn start() -> Page {
    let context = json!({"version": env!("CARGO_PKG_VERSION")});
    Page { status: Status::Ok, title: "The server is running", template: "start.html", context }
}

/// The dashboard's address; until there is one, the start page. Rocket takes `/_` and `/_/` for the same route, but
/// the second is the one to bookmark.
#[get("/_")]
fn dashboard(address: &Origin<'_>) -> Either<Page, Redirect> {
    if address.path().ends_with('/') { Either::Left(start()) } else { Either::Right(Redirect::temporary("/_/")) }
}

#[get("/_/setup/<token>")]
async fn setup_form(app: &State<App>, token: &str) -> Result<Page> {
    Ok(if app.setup_link_works(token).await? { form_page(Status::Ok, "", None) } else { Page::link_is_void() })
}

/// The token in the address is the proof that whoever sends the form may do so; a foreign site doesn't know it.
#[post("/_/setup/<token>", data = "<data>")]
async fn setup(app: &State<App>, token: &str, content_type: Option<&ContentType>, data: Data<'_>) -> Result<Page> {
    if !app.setup_link_works(token).await? {
        return Ok(Page::link_is_void());
    }
    let content_type = content_type.map(ToString::to_string);
    let pairs = body::read_page_form(content_type.as_deref(), data, PAGE_FORM_MAX_BYTES).await?;
    let field = |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
    let (email, password) = (field("email").trim(), field("password"));
    let result = if password == field("passwordConfirm") {
        app.claim_server(token.to_owned(), email.to_owned(), Secret::new(password)).await
    } else {
        Err(Error::field("passwordConfirm", FieldError::invalid("The two passwords differ.")))
    };
    match result {
        Ok(()) => Ok(Page::message(Status::Ok, "Done", "The first superuser is set up. This page can be closed.")),
        // Somebody else was faster, or the time was up in this moment.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Page::link_is_void()),
        Err(error) if error.kind() == ErrorKind::Invalid => Ok(form_page(Status::BadRequest, email, Some(&error))),
        Err(error) => Err(error),
    }
}

/// The form, which is sent to the page's own address, with what was wrong with it beside each field, or on top if it
/// belongs to none of them.
fn form_page(status: Status, email: &str, error: Option<&Error>) -> Page {
    let problems = error.and_then(|error| serde_json::to_value(error.fields()).ok()).unwrap_or_default();
    let field = |name: &str, label: &str, kind: &str, autocomplete: &str, value: &str| {
        let problem = problems.get(name).and_then(|problem| problem.get("message"));
        json!({
            "name": name, "label": label, "type": kind, "autocomplete": autocomplete, "value": value,
            "problem": problem,
        })
    };
    let fields = [
        field("email", "E-mail address", "email", "username", email),
        field("password", "Password", "password", "new-password", ""),
        field("passwordConfirm", "Password, once more", "password", "new-password", ""),
    ];
    let explained = fields.iter().any(|field| !field["problem"].is_null());
    let problem = error.filter(|_| !explained).map(Error::message);
    let context = json!({"fields": fields, "problem": problem});
    Page { status, title: "Set up this server", template: "setup.html", context }
}

#[get("/static/<path..>?<v>")]
fn static_file(path: PathBuf, v: Option<&str>) -> Option<StaticFile> {
    // Rocket has refused everything that leads out of the folder or to hidden files.
    StaticFile::find(path.to_str()?, v)
}
