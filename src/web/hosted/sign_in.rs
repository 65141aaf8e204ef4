//! Signing in with a password, and the ways from there to everything else.

use rocket::http::{CookieJar, Status};
use rocket::{Data, Route, State, get, post, routes};
use serde_json::{Value as Json, json};

use super::account::member;
use super::code::is_second;
use super::passkeys;
use super::step::Step;
use super::visit::{Newcomer, Visit, Visitor};
use crate::app::{App, Outcome, SignedIn};
use crate::base::{Error, ErrorKind};
use crate::domain::FieldKind;
use crate::domain::principal::SUPERUSERS;
use crate::web::page::form::{Field, Form, Kind};
use crate::web::page::reply::{Answer, Reply};
use crate::web::site;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![index, show, sign_in]
}

/// The shortest address leads to one's own account, and whoever isn't signed in to the sign-in page.
#[get("/auth/<collection>")]
async fn index(app: &State<App>, newcomer: Newcomer, collection: &str) -> Answer {
    let visit = newcomer.0.at(collection)?;
    let member = member(app, &visit, "account").await?.is_ok();
    Ok(Reply::GoTo(if member { visit.page_address("account") } else { visit.address("sign-in") }))
}

#[get("/auth/<collection>/sign-in")]
fn show(app: &State<App>, visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    page(app, &visit, password_form(&visit), None)
}

#[post("/auth/<collection>/sign-in", data = "<data>")]
async fn sign_in(app: &State<App>, jar: &CookieJar<'_>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    let sent = visit.form(data).await?;
    let mut body = sent.body(&["identity", "password"]);
    if is_second(&sent) {
        body.insert("mfaId".to_owned(), Step::kept(app, jar).mfa_id.into());
    }
    let caller = visit.signing_in(body);
    match app.auth_with_password(caller, visit.collection.name.clone(), None).await {
        Ok(outcome) => Ok(continue_with(app, jar, &visit, outcome)),
        Err(error) => page(app, &visit, password_form(&visit).map(|form| form.filled(&sent)), Some(error)),
    }
}

/// Where the browser goes after a step of signing in.
pub(super) fn continue_with(app: &App, jar: &CookieJar<'_>, visit: &Visit, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Done(SignedIn { session, .. }) => {
            if let Some(session) = session {
                site::keep(app, jar, &session);
            }
            Step::forget(app, jar);
            visit.destination()
        }
        Outcome::SecondFactor(body) => {
            Step::of_demand(&body).keep(app, jar);
            Reply::GoTo(visit.address("second-factor"))
        }
    }
}

/// The form, if the collection has passwords.
pub(super) fn password_form(visit: &Visit) -> Option<Form> {
    let options = visit.collection.auth().map(|options| &options.password_auth).filter(|options| options.enabled)?;
    let by_email = options.identity_fields.iter().all(|name| name == "email");
    let identity = match by_email {
        true => Field::new("identity", visit.text("form.email"), Kind::Email),
        false => Field::new("identity", visit.identity_label(&options.identity_fields), Kind::Text),
    };
    let password = Field::new("password", visit.text("form.password"), Kind::Password);
    let form = visit
        .new_form("sign-in", "sign_in.submit")
        .with(identity.autocompleted("username"))
        .with(password.autocompleted("current-password"));
    Some(form)
}

fn page(app: &App, visit: &Visit, mut form: Option<Form>, error: Option<Error>) -> Answer {
    let mut status = Status::Ok;
    let mut problem = visit.failure();
    if let Some(error) = error {
        status = Status::new(error.kind().status());
        problem = match error.kind() {
            // Field errors say only what is missing, never what is wrong.
            ErrorKind::Invalid if error.fields().is_empty() => Some(visit.text("sign_in.refused")),
            ErrorKind::Invalid => form.as_mut().and_then(|form| form.explain(&error, &visit.look.strings)),
            ErrorKind::Forbidden => Some(visit.text("sign_in.forbidden")),
            ErrorKind::TooManyRequests => Some(visit.text("sign_in.too_many")),
            _ => return Err(error.into()),
        };
    }
    let with_passkey = passkeys::offered(app);
    let context = json!({
        "form": form.map(Form::focused),
        "problem": problem,
        "notice": visit.notice(),
        "passkey": with_passkey.then(|| passkeys::login(visit, "")),
        "providers": providers(visit),
        "links": links(visit),
    });
    let page = visit.page("sign_in.html", "sign_in.title", context)?.with_status(status);
    Ok(if with_passkey { page.with_scripts() } else { page }.into())
}

/// Other services that people can sign in with.
fn providers(visit: &Visit) -> Vec<Json> {
    let Some(options) = visit.collection.auth().map(|options| &options.oauth2).filter(|options| options.enabled) else {
        return Vec::new();
    };
    let provider = |provider: &crate::domain::collection::OAuth2Provider| {
        let name = if provider.display_name.is_empty() { &provider.name } else { &provider.display_name };
        let text = visit.look.strings.filled("sign_in.with", [("provider", name.clone())]);
        json!({"href": visit.address(&format!("oauth2/{}", provider.name)), "text": text})
    };
    options.providers.iter().map(provider).collect()
}

fn links(visit: &Visit) -> Vec<Json> {
    let with_password = visit.collection.auth().is_some_and(|options| options.password_auth.enabled);
    [
        (with_password, "forgot", "sign_in.to_forgot"),
        (visit.offers_codes(), "code", "sign_in.to_code"),
        (visit.offers_sign_up(), "sign-up", "sign_in.to_sign_up"),
    ]
    .into_iter()
    .filter(|(offered, ..)| *offered)
    .map(|(_, page, text)| visit.link(page, text))
    .collect()
}

impl Visit {
    /// Whether strangers may make an account, as far as that can be told without asking the rule.
    pub fn offers_sign_up(&self) -> bool {
        let with_password = self.collection.auth().is_some_and(|options| options.password_auth.enabled);
        with_password && self.collection.rules.create.is_some() && self.collection.name != SUPERUSERS
    }

    /// Whether people can sign in with codes that come by mail.
    pub fn offers_codes(&self) -> bool {
        self.collection.auth().is_some_and(|options| options.otp.enabled)
    }

    /// What people sign in with: "E-mail address or handle".
    fn identity_label(&self, fields: &[String]) -> String {
        let names: Vec<String> = fields.iter().map(|name| self.field_label(name)).collect();
        match names.split_last() {
            Some((last, others)) if !others.is_empty() => {
                let others = others.join(", ");
                self.look.strings.filled("sign_in.either", [("first", others), ("last", last.clone())])
            }
            _ => names.join(""),
        }
    }

    /// How a field of the collection is called: as the strings say, or by its name made readable.
    pub fn field_label(&self, name: &str) -> String {
        if name == "email" {
            return self.text("form.email");
        }
        if let Some(label) = self.look.strings.find(&format!("field.{name}")) {
            return label.to_owned();
        }
        let words = name.replace('_', " ");
        let mut chars = words.trim().chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    }
}

/// Whether a field holds something that a plain form can ask for.
pub(super) fn form_kind(kind: &FieldKind) -> Option<Kind> {
    match kind {
        FieldKind::Text(_) => Some(Kind::Text),
        FieldKind::Email(_) => Some(Kind::Email),
        FieldKind::Url(_) => Some(Kind::Url),
        FieldKind::Number(_) => Some(Kind::Number),
        FieldKind::Bool(_) => Some(Kind::Checkbox),
        FieldKind::Date(_) => Some(Kind::Date),
        FieldKind::Select(options) if options.max_select <= 1 => Some(Kind::Select),
        _ => None,
    }
}
