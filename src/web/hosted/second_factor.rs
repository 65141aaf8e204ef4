//! The second step of signing in: a code of an app, a recovery code, a passkey, or another method of the collection;
//! and, for accounts that must have a second factor, setting one up in the middle of signing in.

use rocket::http::{CookieJar, Status};
use rocket::{Data, Route, State, get, post, routes};
use serde_json::{Map, Value as Json, json};

use super::account::parsed;
use super::authenticator::{codes_page, setup_page};
use super::sign_in::{continue_with, password_form};
use super::step::Step;
use super::visit::{Visit, Visitor};
use super::{code, passkeys};
use crate::app::{App, Outcome};
use crate::base::{Error, ErrorKind};
use crate::web::page::form::{Field, Form, Kind, Sent};
use crate::web::page::reply::{Answer, Reply};
use crate::web::site;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![show, check, begin_app, confirm_app]
}

#[get("/auth/<collection>/second-factor")]
fn show(app: &State<App>, jar: &CookieJar<'_>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    page(app, &visit, &Step::kept(app, jar), None)
}

#[post("/auth/<collection>/second-factor", data = "<data>")]
async fn check(app: &State<App>, jar: &CookieJar<'_>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    let step = Step::kept(app, jar);
    let recovery = sent.text("kind") == "recovery";
    let caller = visit.signing_in(named(&step, &sent));
    let name = visit.collection.name.clone();
    let outcome = match recovery {
        true => app.auth_with_recovery_code(caller, name, None).await,
        false => app.auth_with_totp(caller, name, None).await,
    };
    match outcome {
        Ok(outcome) => Ok(continue_with(app, jar, &visit, outcome)),
        Err(error) if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) => Err(error.into()),
        Err(error) => page(app, &visit, &step, Some(&error)),
    }
}

/// Begins to set up an app for an account that may not sign in without.
#[post("/auth/<collection>/second-factor/app", data = "<data>")]
async fn begin_app(
    app: &State<App>,
    jar: &CookieJar<'_>,
    visitor: Visitor,
    collection: &str,
    data: Data<'_>,
) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    let setup = app.start_totp(visit.calling(named(&Step::kept(app, jar), &sent))).await?;
    setup_page(&visit, "second-factor/app/confirm", (setup.url.expose(), setup.secret.expose()), None)
}

/// Ends that, and with it the sign-in.
#[post("/auth/<collection>/second-factor/app/confirm", data = "<data>")]
async fn confirm_app(
    app: &State<App>,
    jar: &CookieJar<'_>,
    visitor: Visitor,
    collection: &str,
    data: Data<'_>,
) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    match app.confirm_totp_and_sign_in(visit.signing_in(named(&Step::kept(app, jar), &sent)), None).await {
        Ok(Outcome::Done(signed_in)) => {
            if let Some(session) = &signed_in.session {
                site::keep(app, jar, session);
            }
            Step::forget(app, jar);
            let Reply::GoTo(next) = visit.destination() else { return Err(Error::not_found().into()) };
            codes_page(&visit, &parsed(&signed_in.body)?["meta"], &next)
        }
        Ok(outcome) => Ok(continue_with(app, jar, &visit, outcome)),
        Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::TooManyRequests) => {
            let shown = (sent.text("url"), sent.text("secret"));
            setup_page(&visit, "second-factor/app/confirm", shown, Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

/// A body with the code that was sent, and the sign-in that it is for.
fn named(step: &Step, sent: &Sent) -> Map<String, Json> {
    let mut body = Map::from_iter([("mfaId".to_owned(), Json::from(step.mfa_id.as_str()))]);
    let code = sent.text("code");
    if !code.is_empty() {
        body.insert("code".to_owned(), code.into());
    }
    body
}

/// What can be done to make the step that is due.
fn page(app: &App, visit: &Visit, step: &Step, error: Option<&Error>) -> Answer {
    if step.mfa_id.is_empty() {
        return Ok(Reply::GoTo(visit.address("sign-in")));
    }
    let problem = error.map(|error| match error.kind() {
        ErrorKind::TooManyRequests => visit.text("sign_in.too_many"),
        ErrorKind::Forbidden => visit.text("sign_in.forbidden"),
        _ => visit.text("second.refused"),
    });
    let with_passkey = passkeys::offered(app) && (step.enroll || step.has("passkey"));
    let passkey = match step.enroll {
        true => passkeys::enrolling(visit, &step.mfa_id),
        false => passkeys::login(visit, &step.mfa_id),
    };
    let context = json!({
        "problem": problem,
        "intro": visit.text(if step.enroll { "second.must_enroll" } else { "second.intro" }),
        "form": app_form(visit, step).map(Form::focused),
        "recovery": step.has("recoveryCode").then(|| recovery_form(visit)),
        "passkey": with_passkey.then_some(passkey),
        "others": other_methods(visit, step),
        "links": [visit.link("sign-in", "second.again")],
    });
    let status = error.map_or(Status::Ok, |error| Status::new(error.kind().status()));
    let page = visit.page("second_factor.html", "second.title", context)?.with_status(status);
    Ok(if with_passkey { page.with_scripts() } else { page }.into())
}

fn app_form(visit: &Visit, step: &Step) -> Option<Form> {
    if step.enroll {
        return Some(visit.new_form("second-factor/app", "second.set_up_app"));
    }
    let code = Field::new("code", visit.text("second.app_code"), Kind::Code).autocompleted("one-time-code");
    step.has("totp").then(|| visit.new_form("second-factor", "sign_in.submit").with(code))
}

fn recovery_form(visit: &Visit) -> Form {
    let code = Field::new("code", visit.text("second.recovery_code"), Kind::Text);
    visit
        .new_form("second-factor", "sign_in.submit")
        .named("recovery")
        .styled("quiet")
        .with_hidden("kind", "recovery")
        .with(code)
}

/// The collection's own methods, where the account has no factors and another one of them will do.
fn other_methods(visit: &Visit, step: &Step) -> Vec<Form> {
    if step.factors.is_some() || step.enroll {
        return Vec::new();
    }
    let codes = visit.offers_codes().then(|| code::ask_form(visit).named("code"));
    let forms = [codes, password_form(visit).map(|form| form.named("password"))];
    forms.into_iter().flatten().map(|form| form.with_hidden("second", "1")).collect()
}
