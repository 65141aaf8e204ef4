//! Setting up an authenticator app, removing it, and recovery codes.
//!
//! Every change takes the account's password. What is shown here once, a key or codes, is the answer to a form, not a
//! page with an address, so that it can't be opened again.

use qrcode::{Color, QrCode};
use rocket::http::Status;
use rocket::{Data, Route, State, get, post, routes};
use serde_json::{Map, Value as Json, json};

use super::account::{member, own_page, parsed};
use super::visit::{Visit, Visitor};
use crate::app::App;
use crate::base::{Error, ErrorKind, Result};
use crate::web::page::form::{Field, Form, Kind};
use crate::web::page::reply::{Answer, Reply};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![show, begin, confirm, remove, show_codes, renew_codes]
}

/// What is offered depends on whether there is an app: to set one up, or to remove it.
#[get("/auth/<collection>/account/app")]
async fn show(app: &State<App>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    match member(app, &visit, "account/app").await? {
        Ok(_) => page(app, &visit, None).await,
        Err(reply) => Ok(reply),
    }
}

async fn page(app: &App, visit: &Visit, error: Option<&Error>) -> Answer {
    let factors = parsed(&app.factors(visit.calling(Map::new())).await?)?;
    match factors["totp"]["enabled"] == true {
        true => own_page(visit, "app.title", Some("app.remove_intro"), remove_form(visit), error),
        false => own_page(visit, "app.title", Some("app.intro"), begin_form(visit), error),
    }
}

#[post("/auth/<collection>/account/app", data = "<data>")]
async fn begin(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    match app.start_totp(visit.calling(sent.body(&["password"]))).await {
        Ok(setup) => setup_page(&visit, "account/app/confirm", (setup.url.expose(), setup.secret.expose()), None),
        Err(error) if can_be_told(&error) => page(app, &visit, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

#[post("/auth/<collection>/account/app/confirm", data = "<data>")]
async fn confirm(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    match app.confirm_totp(visit.calling(sent.body(&["code"]))).await {
        Ok(body) => codes_page(&visit, &parsed(&body)?, &visit.done("account", "app_set_up")),
        Err(error) if can_be_told(&error) => {
            setup_page(&visit, "account/app/confirm", (sent.text("url"), sent.text("secret")), Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

#[post("/auth/<collection>/account/app/remove", data = "<data>")]
async fn remove(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    match app.remove_totp(visit.calling(sent.body(&["password"]))).await {
        Ok(()) => Ok(Reply::GoTo(visit.done("account", "app_removed"))),
        Err(error) if can_be_told(&error) => page(app, &visit, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

#[get("/auth/<collection>/account/recovery-codes")]
async fn show_codes(app: &State<App>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    match member(app, &visit, "account/recovery-codes").await? {
        Ok(_) => own_page(&visit, "codes.title", Some("codes.renew_intro"), codes_form(&visit), None),
        Err(reply) => Ok(reply),
    }
}

#[post("/auth/<collection>/account/recovery-codes", data = "<data>")]
async fn renew_codes(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    match app.renew_recovery_codes(visit.calling(sent.body(&["password"]))).await {
        Ok(body) => codes_page(&visit, &parsed(&body)?, &visit.page_address("account")),
        Err(error) if can_be_told(&error) => {
            own_page(&visit, "codes.title", Some("codes.renew_intro"), codes_form(&visit), Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

fn can_be_told(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Invalid | ErrorKind::TooManyRequests)
}

/// A form that takes the password as the proof that the account's owner is there.
pub(super) fn proven(visit: &Visit, page: &str, submit: &str) -> Form {
    let password = Field::new("password", visit.text("form.password"), Kind::Password);
    visit.new_form(page, submit).with(password.autocompleted("current-password"))
}

fn begin_form(visit: &Visit) -> Form {
    proven(visit, "account/app", "app.begin")
}

fn remove_form(visit: &Visit) -> Form {
    proven(visit, "account/app/remove", "app.remove").styled("danger")
}

fn codes_form(visit: &Visit) -> Form {
    proven(visit, "account/recovery-codes", "codes.renew")
}

/// The page with the key of an app, as `url` for its camera and as `secret` for typing. They come back with the form,
/// for the page to be shown once more after a wrong code; which key it is that counts is known without.
pub(super) fn setup_page(visit: &Visit, page: &str, (url, secret): (&str, &str), error: Option<&Error>) -> Answer {
    let code = Field::new("code", visit.text("second.app_code"), Kind::Code).autocompleted("one-time-code");
    let mut form = visit.new_form(page, "app.confirm").with_hidden("url", url).with_hidden("secret", secret).with(code);
    let problem = error.and_then(|error| form.explain(error, &visit.look.strings));
    let context = json!({
        "qr": qr_path(url)?,
        "secret": grouped(secret),
        "form": form.focused(),
        "problem": problem,
        "links": [visit.link("account", "link.account")],
    });
    let status = error.map_or(Status::Ok, |error| Status::new(error.kind().status()));
    Ok(visit.page("app_setup.html", "app.title", context)?.with_status(status).into())
}

/// The page with recovery codes, if there are new ones, and the way on.
pub(super) fn codes_page(visit: &Visit, answer: &Json, next: &str) -> Answer {
    let codes = &answer["recoveryCodes"];
    if codes.as_array().is_none_or(Vec::is_empty) {
        return Ok(Reply::GoTo(next.to_owned()));
    }
    let context = json!({"codes": codes, "next": next});
    Ok(visit.page("recovery_codes.html", "codes.title", context)?.into())
}

/// A QR code as the outline of its dark modules: `{"size": …, "path": …}`, with the quiet border that readers need.
fn qr_path(text: &str) -> Result<Json> {
    const BORDER: usize = 4;
    let code = QrCode::new(text).map_err(|_| Error::invalid("This is too long for a QR code."))?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + BORDER, at / width + BORDER));
        }
    }
    Ok(json!({"size": width + 2 * BORDER, "path": path}))
}

/// A key in groups of four, which are easier to type.
fn grouped(secret: &str) -> String {
    let chars: Vec<char> = secret.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_has_its_finder_pattern_behind_the_border() {
        let code = qr_path("otpauth://totp/x?secret=ABC").expect("short enough");
        let path = code["path"].as_str().expect("a path");
        assert!(path.starts_with("M4 4h1v1h-1zM5 4h1v1h-1z"), "{path}");
        assert!(!path.contains("M5 5h"), "the ring around the first corner is light");
        assert!(qr_path(&"x".repeat(5000)).is_err());
    }

    #[test]
    fn keys_are_shown_in_groups() {
        assert_eq!(grouped("ABCDEFGHIJ"), "ABCD EFGH IJ");
        assert_eq!(grouped(""), "");
    }
}
