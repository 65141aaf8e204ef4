//! The way to another service's sign-in page and back, as browsers go it.
//!
//! Two kinds of people come back to `/api/oauth2-redirect`: those whom a page of ours has sent, who are signed in here
//! and led on; and those whom a client of the API has sent in another window, where the state is the id of the client's
//! stream and the client is told the code. Called by Rocket; mounted by [`super::server`]. Invariant: nobody is led to
//! a place that [`redirects`] doesn't allow, neither by what was asked for nor by what was kept.

use rocket::http::{Cookie as HttpCookie, CookieJar, SameSite, Status};
use rocket::response::{self, Responder, Response};
use rocket::time::Duration;
use rocket::{Data, Request, Route, State, get, post, routes};
use serde_json::Value as Json;

use crate::app::{App, Caller, Comeback, Completion, FLOW_LIFETIME, Outcome, REDIRECT_PATH, SignedIn};
use crate::base::limits::PAGE_FORM_MAX_BYTES;
use crate::base::{Result, Secret};
use crate::web::body::{self, FormText};
use crate::web::hosted::step::Step;
use crate::web::{redirects, site};

/// The cookie that ties a flow to the browser, where it may be sent over plain HTTP.
const PLAIN_NAME: &str = "holdall_oauth2";
/// The same over HTTPS.
const SECURE_NAME: &str = "__Host-holdall_oauth2";

/// Where the window goes that a client of the API has opened.
const SUCCESS: &str = "../_/#/auth/oauth2-redirect-success";
const FAILURE: &str = "../_/#/auth/oauth2-redirect-failure";

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![start, back_by_link, back_by_form]
}

/// The way somewhere else.
struct Way {
    status: Status,
    to: String,
}

impl<'r> Responder<'r, 'static> for Way {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .status(self.status)
            .raw_header("Location", self.to)
            // The address that is left has a code in it.
            .raw_header("Referrer-Policy", "no-referrer")
            .ok()
    }
}

fn see_other(to: impl Into<String>) -> Way {
    Way { status: Status::SeeOther, to: to.into() }
}

/// Sends the browser to a provider.
#[get("/auth/<collection>/oauth2/<provider>")]
async fn start(app: &State<App>, jar: &CookieJar<'_>, caller: Caller, collection: &str, provider: &str) -> Result<Way> {
    let wanted = caller.request.query("redirect").and_then(|target| redirects::Allowed::of(app).check(target));
    let departure = app.oauth2_start(caller, collection.to_owned(), provider.to_owned(), wanted).await?;
    jar.add(binding(app, departure.browser.expose().to_owned(), FLOW_LIFETIME.as_secs().cast_signed()));
    Ok(see_other(departure.url))
}

#[get("/api/oauth2-redirect")]
async fn back_by_link(app: &State<App>, jar: &CookieJar<'_>, caller: Caller) -> Result<Way> {
    let text = |name: &str| caller.request.query(name).unwrap_or_default().to_owned();
    let back = Comeback { state: text("state"), code: text("code"), error: text("error"), user: String::new() };
    if !app.oauth2_is_flow(&back.state) {
        return Ok(hand_on(app, &caller, &back, Status::TemporaryRedirect));
    }
    let browser = jar.get(name(app)).map(|cookie| Secret::new(cookie.value()));
    let completion = app.oauth2_complete(caller, back, browser.as_ref()).await?;
    jar.remove(binding(app, String::new(), 0));
    Ok(lead_on(app, jar, completion))
}

/// Apple sends the browser back with a form. Browsers keep our cookies out of what other sites post, so for a flow of
/// our pages this only leads to the same place by a link.
#[post("/api/oauth2-redirect", data = "<data>")]
async fn back_by_form(app: &State<App>, caller: Caller, data: Data<'_>) -> Result<Way> {
    let body = body::read(&caller.request, data, PAGE_FORM_MAX_BYTES, FormText::Verbatim).await?;
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let back = Comeback { state: text("state"), code: text("code"), error: text("error"), user: text("user") };
    if !app.oauth2_is_flow(&back.state) {
        return Ok(hand_on(app, &caller, &back, Status::SeeOther));
    }
    app.oauth2_keep_name(&back);
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("state", &back.state), ("code", &back.code), ("error", &back.error)])
        .finish();
    Ok(see_other(format!("{REDIRECT_PATH}?{query}")))
}

/// Tells the client of the API that waits for this.
fn hand_on(app: &App, caller: &Caller, back: &Comeback, status: Status) -> Way {
    let told = !back.state.is_empty() && app.oauth2_hand_on(caller, back);
    Way { status, to: if told { SUCCESS } else { FAILURE }.to_owned() }
}

/// Leads somebody on who has come back to a page of ours: to where they wanted, to the second step, or to the sign-in
/// page, which says that it didn't work.
fn lead_on(app: &App, jar: &CookieJar<'_>, completion: Completion) -> Way {
    let Completion { collection, redirect, outcome } = completion;
    // Once more: what was allowed when they left may not be any longer.
    let redirect = redirect.and_then(|target| redirects::Allowed::of(app).check(&target));
    let page = |name: &str, parameters: &[(&str, &str)]| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters).extend_pairs(redirect.iter().map(|redirect| ("redirect", redirect)));
        format!("/auth/{collection}/{name}?{}", query.finish()).trim_end_matches('?').to_owned()
    };
    see_other(match outcome {
        Ok(Outcome::Done(SignedIn { session, .. })) => {
            if let Some(session) = session {
                site::keep(app, jar, &session);
            }
            redirect.unwrap_or_else(|| format!("/auth/{collection}/account"))
        }
        Ok(Outcome::SecondFactor(body)) => {
            Step::of_demand(&body).keep(app, jar);
            page("second-factor", &[])
        }
        Err(_) => page("sign-in", &[("problem", "oauth2")]),
    })
}

fn name(app: &App) -> &'static str {
    if app.is_public_over_https() { SECURE_NAME } else { PLAIN_NAME }
}

/// Lax: it has to come along when the provider's page leads back here.
fn binding(app: &App, value: String, max_age_seconds: i64) -> HttpCookie<'static> {
    HttpCookie::build((name(app), value))
        .path("/")
        .http_only(true)
        .secure(app.is_public_over_https())
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(max_age_seconds))
        .build()
}
