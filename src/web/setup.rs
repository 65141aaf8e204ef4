//! The one-time set-up of a new server: its first superuser, or all that another server had.
//!
//! Called by Rocket; mounted by [`super::server`]. Invariant: nobody gets here without the token of the link that the
//! program has printed, which is the proof of whoever sends a form; a foreign site doesn't know it.

use rocket::http::{ContentType, CookieJar, Status};
use rocket::{Data, Route, State, get, post, routes};
use serde_json::json;

use crate::app::{App, Caller, Outcome, SignedIn};
use crate::base::limits::{BACKUP_UPLOAD_MAX_BYTES, PAGE_FORM_MAX_BYTES};
use crate::base::{Error, ErrorKind, FieldError, Secret};
use crate::domain::BodyLimits;
use crate::domain::principal::SUPERUSERS;
use crate::web::body;
use crate::web::guards::SlashedCaller;
use crate::web::page::Look;
use crate::web::page::form::{Field, Form, Kind, Sent, new_password};
use crate::web::page::reply::{Answer, Reply};
use crate::web::site;

const ARCHIVE_LIMITS: BodyLimits = BodyLimits { whole_bytes: BACKUP_UPLOAD_MAX_BYTES, text_bytes: PAGE_FORM_MAX_BYTES };
/// How long a browser waits before it asks the server that has started anew.
const RESTART_SECONDS: u32 = 4;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![form, create, backup_form, restore]
}

#[get("/_/setup/<token>")]
async fn form(app: &State<App>, look: Look, token: &str) -> Answer {
    if !app.setup_link_works(token).await? {
        return link_is_void(&look);
    }
    form_page(&look, token, empty_form(app, &look, token), None)
}

#[post("/_/setup/<token>", data = "<data>")]
async fn create(
    app: &State<App>,
    jar: &CookieJar<'_>,
    look: Look,
    caller: SlashedCaller,
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
        Ok(()) => enter(app, jar, &look, caller.0, (email, password)).await,
        // Somebody else was faster, or the time was up in this moment.
        Err(error) if error.kind() == ErrorKind::NotFound => link_is_void(&look),
        Err(error) if error.kind() == ErrorKind::Invalid => {
            form_page(&look, token, empty_form(app, &look, token).filled(&sent), Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

#[get("/_/setup/<token>/backup")]
async fn backup_form(app: &State<App>, look: Look, token: &str) -> Answer {
    if !app.setup_link_works(token).await? {
        return link_is_void(&look);
    }
    backup_page(&look, token, None)
}

/// The answer comes when the archive is certain to be restored.
#[post("/_/setup/<token>/backup", data = "<data>")]
async fn restore(app: &State<App>, look: Look, caller: SlashedCaller, token: &str, data: Data<'_>) -> Answer {
    if !app.setup_link_works(token).await? {
        body::discard(data).await;
        return link_is_void(&look);
    }
    let archive = body::read_one_file(&caller.0.request, data, ARCHIVE_LIMITS, app.spool(), "file").await?;
    match app.start_from_backup(token, archive).await {
        Ok(()) => {
            let links = json!([{"href": "/_/", "text": look.text("setup.sign_in")}]);
            let context = json!({"text": look.text("setup.restored_text"), "links": links});
            let page = look.page("message.html", look.text("setup.restored"), context)?;
            Ok(page.going_on_to("/_/", RESTART_SECONDS).into())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => link_is_void(&look),
        Err(error) if error.kind() == ErrorKind::Invalid => backup_page(&look, token, Some(&error)),
        Err(error) => Err(error.into()),
    }
}

/// Lets the new superuser in. Where more is asked for than a password, they sign in as always.
async fn enter(
    app: &App,
    jar: &CookieJar<'_>,
    look: &Look,
    mut caller: Caller,
    (email, password): (&str, &str),
) -> Answer {
    caller.request.body = [("identity", email), ("password", password)]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.into()))
        .collect();
    caller.request.query.push(("session".to_owned(), "cookie".to_owned()));
    let outcome = app.auth_with_password(caller, SUPERUSERS.to_owned(), None).await;
    if let Ok(Outcome::Done(SignedIn { session: Some(session), .. })) = outcome {
        site::keep(app, jar, &session);
        return Ok(Reply::GoTo("/_/".to_owned()));
    }
    let links = json!([{"href": "/auth/_superusers/sign-in?redirect=/_/", "text": look.text("setup.sign_in")}]);
    let context = json!({"text": look.text("setup.done_text"), "links": links});
    Ok(look.page("message.html", look.text("setup.done"), context)?.into())
}

fn link_is_void(look: &Look) -> Answer {
    Ok(look.message("page.not_found", look.text("setup.void"))?.with_status(Status::NotFound).into())
}

fn empty_form(app: &App, look: &Look, token: &str) -> Form {
    let email = Field::new("email", look.text("form.email"), Kind::Email).autocompleted("username");
    let form = Form::new(format!("/_/setup/{token}"), look.text("setup.submit")).with(email);
    match app.auth_collection(SUPERUSERS) {
        Some(superusers) => form.with_all(new_password(&look.strings, &superusers, "form.password")),
        None => form,
    }
}

/// The form with what was wrong with it beside each field, or on top if it belongs to none of them.
fn form_page(look: &Look, token: &str, mut form: Form, error: Option<&Error>) -> Answer {
    let problem = error.and_then(|error| form.explain(error, &look.strings));
    let links = json!([{"href": format!("/_/setup/{token}/backup"), "text": look.text("setup.to_backup")}]);
    let context = json!({"form": form.focused(), "problem": problem, "links": links});
    let page = look.page("setup.html", look.text("setup.title"), context)?;
    Ok(page.with_status(if error.is_some() { Status::BadRequest } else { Status::Ok }).into())
}

/// The form for an archive, with what was wrong with the one before.
fn backup_page(look: &Look, token: &str, error: Option<&Error>) -> Answer {
    let mut form = Form::new(format!("/_/setup/{token}/backup"), look.text("setup.backup_submit")).with(Field::new(
        "file",
        look.text("setup.backup_file"),
        Kind::File,
    ));
    let problem = error.and_then(|error| form.explain(error, &look.strings));
    let links = json!([{"href": format!("/_/setup/{token}"), "text": look.text("setup.to_first")}]);
    let context = json!({"intro": look.text("setup.backup_intro"), "form": form, "problem": problem, "links": links});
    let page = look.page("form_page.html", look.text("setup.backup"), context)?;
    Ok(page.with_status(if error.is_some() { Status::BadRequest } else { Status::Ok }).into())
}
