//! Signing in with another service: `auth-with-oauth2`. Where the service sends browsers back to is in `web::oauth2`.

use rocket::http::CookieJar;
use rocket::{Data, Route, State, post, routes};

use crate::api::rest::auth::{SignInAnswer, signed_in};
use crate::api::rest::{expand, read_fixed};
use crate::app::{App, Caller};
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::Picker;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![with_oauth2]
}

#[post("/api/collections/<collection>/auth-with-oauth2", data = "<data>")]
async fn with_oauth2(
    app: &State<App>,
    jar: &CookieJar<'_>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> SignInAnswer {
    const KEYS: &[&str] = &["code", "codeVerifier", "createData", "mfaId", "provider", "redirectURL", "redirectUrl"];
    read_fixed(&mut caller, data, FormText::Verbatim, KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    signed_in(app, jar, picker, app.auth_with_oauth2(caller, collection.to_owned(), expand).await)
}
