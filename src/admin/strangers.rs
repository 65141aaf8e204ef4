//! Whoever opens a page of the dashboard and is no superuser in a session: the way to the sign-in, and back.
//!
//! Its routes have the lowest rank, so that only what no page has taken arrives here.

use rocket::{Route, State, get, post, routes};
use serde_json::json;

use crate::app::App;
use crate::base::Error;
use crate::web::guards::SlashedCaller;
use crate::web::page::Look;
use crate::web::page::reply::{Answer, Reply};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![look_in, send]
}

#[get("/_/<_..>", rank = 20)]
async fn look_in(
    app: &State<App>,
    look: Look,
    caller: SlashedCaller,
    address: &rocket::http::uri::Origin<'_>,
) -> Answer {
    if app.superuser_in_session(&caller.0).await?.is_some() {
        return Err(Error::not_found().into());
    }
    // Parts of pages are put into those that asked for them; a sign-in has to take the place of the whole page.
    if caller.0.request.header("hx_request").is_some() {
        return Err(Error::unauthenticated().into());
    }
    if let Some(token) = app.setup_link_token()
        && app.setup_link_works(&token).await?
    {
        let context = json!({"text": look.text("setup.needed"), "command": "holdall superuser create"});
        return Ok(look.page("first_run.html", look.text("setup.needed_title"), context)?.into());
    }
    let back = form_urlencoded::Serializer::new(String::new()).append_pair("redirect", &address.to_string()).finish();
    Ok(Reply::GoTo(format!("/auth/_superusers/sign-in?{back}")))
}

#[post("/_/<_..>", rank = 20)]
async fn send(app: &State<App>, caller: SlashedCaller) -> Answer {
    Err(match app.superuser_in_session(&caller.0).await? {
        Some(_) => Error::not_found(),
        None => Error::forbidden("Sign in again."),
    }
    .into())
}
