//! Making an account: e-mail address, password, and what else the collection needs and a plain form can ask for.
//!
//! Invariant: whether there is an account with this address already isn't told. Either way the answer is that a mail
//! tells how to go on.

use rocket::http::Status;
use rocket::{Data, Route, State, get, post, routes};
use serde_json::{Map, Value as Json, json};

use super::sign_in::form_kind;
use super::visit::{Visit, Visitor, unless_internal};
use crate::app::App;
use crate::base::{Error, Result};
use crate::domain::{Field as CollectionField, FieldKind};
use crate::web::page::form::{Field, Form, Kind, Sent};
use crate::web::page::reply::{Answer, Reply};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![show, sign_up, done]
}

#[get("/auth/<collection>/sign-up")]
fn show(visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    offered(&visit)?;
    page(&visit, form(&visit), None)
}

#[post("/auth/<collection>/sign-up", data = "<data>")]
async fn sign_up(app: &State<App>, visitor: Visitor, collection: &str, data: Data<'_>) -> Answer {
    let mut visit = visitor.at(collection)?;
    offered(&visit)?;
    let sent = visit.form(data).await?;
    let name = visit.collection.name.clone();
    let created = unless_internal(app.create_record(visit.calling(body(&visit, &sent)), name.clone(), None).await)?;
    if let Some(error) = created.filter(|error| !only_says_that_the_address_is_known(error)) {
        return page(&visit, form(&visit).filled(&sent), Some(&error));
    }
    // To an account that was there this is a reminder, unless its address is verified; then nothing is sent. That the
    // mail can't be sent is no reason to deny the account, which can ask for another one.
    unless_internal(app.request_verification(visit.calling(sent.body(&["email"])), name).await)?;
    Ok(Reply::GoTo(visit.address("sign-up/done")))
}

/// The same for new accounts and for those that were there.
#[get("/auth/<collection>/sign-up/done")]
fn done(visitor: Visitor, collection: &str) -> Answer {
    let visit = visitor.at(collection)?;
    offered(&visit)?;
    let links = [visit.link("sign-in", "link.sign_in")];
    let context = json!({"text": visit.text("sign_up.done_text"), "links": links});
    Ok(visit.page("message.html", "sign_up.done", context)?.into())
}

/// # Errors
/// 404 if nobody can sign up to this collection.
fn offered(visit: &Visit) -> Result<()> {
    if visit.offers_sign_up() { Ok(()) } else { Err(Error::not_found()) }
}

/// The fields that are asked for besides address and password: what must be filled in, and what people sign in with.
/// Fields that only superusers write, that the server fills in, or that take more than a line are left out; if the
/// collection needs one of these, its accounts are made elsewhere.
fn asked(visit: &Visit) -> impl Iterator<Item = (&CollectionField, Kind)> {
    let identities = visit.collection.auth().map(|options| options.password_auth.identity_fields.as_slice());
    let identities = identities.unwrap_or_default();
    visit.collection.fields.iter().filter_map(move |field| {
        let generated = matches!(&field.kind, FieldKind::Text(options) if !options.autogenerate_pattern.is_empty());
        let wanted = field.required || identities.contains(&field.name);
        let ours = field.system || field.hidden || generated || field.default.is_some() || field.name == "email";
        form_kind(&field.kind).filter(|_| wanted && !ours).map(|kind| (field, kind))
    })
}

fn form(visit: &Visit) -> Form {
    let mut form = visit
        .new_form("sign-up", "sign_up.submit")
        .with(Field::new("email", visit.text("form.email"), Kind::Email).autocompleted("username"));
    for (field, kind) in asked(visit) {
        let options = match &field.kind {
            FieldKind::Select(options) => options.values.as_slice(),
            _ => &[],
        };
        let what = match field.name.as_str() {
            "name" => "name",
            "username" => "nickname",
            _ => "off",
        };
        let field = Field::new(&field.name, visit.field_label(&field.name), kind)
            .hinted(Some(field.help.clone()))
            .choosing(options)
            .autocompleted(what);
        form = form.with(field);
    }
    form.with_all(visit.new_password("form.password"))
}

/// The record that the form describes: nothing gets in but what the form asks for.
fn body(visit: &Visit, sent: &Sent) -> Map<String, Json> {
    let mut body = sent.body(&["email", "password", "passwordConfirm"]);
    for (field, kind) in asked(visit) {
        let text = sent.text(&field.name);
        let value = match kind {
            Kind::Checkbox => Json::from(text == "true"),
            Kind::Number => text.trim().parse::<f64>().map_or_else(|_| Json::from(text), Json::from),
            _ => Json::from(text),
        };
        body.insert(field.name.clone(), value);
    }
    body
}

fn only_says_that_the_address_is_known(error: &Error) -> bool {
    let fields = error.fields();
    fields.names().eq(["email"]) && fields.code("email") == Some("validation_not_unique")
}

fn page(visit: &Visit, mut form: Form, error: Option<&Error>) -> Answer {
    let problem = error.and_then(|error| {
        let unplaced = form.explain(error, &visit.look.strings)?;
        // Without field errors it is the rule that says no, which isn't for strangers to understand.
        Some(if error.fields().is_empty() { visit.text("sign_up.refused") } else { unplaced })
    });
    let links = [visit.link("sign-in", "link.sign_in")];
    let context = json!({"form": form.focused(), "problem": problem, "links": links});
    let status = error.map_or(Status::Ok, |error| Status::new(error.kind().status()));
    Ok(visit.page("form_page.html", "sign_up.title", context)?.with_status(status).into())
}
