//! What accounts do by mail: `request-…` sends one, `confirm-…` and `auth-with-otp` use what it brought.

use rocket::http::CookieJar;
use rocket::response::status::NoContent;
use rocket::{Data, Route, State, post, routes};

use crate::api::rest::auth::{SignInAnswer, signed_in};
use crate::api::rest::{expand, read_fixed};
use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![
        request_otp,
        with_otp,
        request_verification,
        confirm_verification,
        request_password_reset,
        confirm_password_reset,
        request_email_change,
        confirm_email_change
    ]
}

#[post("/api/collections/<collection>/request-otp", data = "<data>")]
async fn request_otp(app: &State<App>, mut caller: Caller, collection: &str, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["email"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.request_otp(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/auth-with-otp", data = "<data>")]
async fn with_otp(
    app: &State<App>,
    jar: &CookieJar<'_>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> SignInAnswer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["mfaId", "otpId", "password"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    signed_in(app, jar, picker, app.auth_with_otp(caller, collection.to_owned(), expand).await)
}

#[post("/api/collections/<collection>/request-verification", data = "<data>")]
async fn request_verification(
    app: &State<App>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["email"]).await?;
    no_content(app.request_verification(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/confirm-verification", data = "<data>")]
async fn confirm_verification(
    app: &State<App>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["token"]).await?;
    no_content(app.confirm_verification(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/request-password-reset", data = "<data>")]
async fn request_password_reset(
    app: &State<App>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["email"]).await?;
    no_content(app.request_password_reset(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/confirm-password-reset", data = "<data>")]
async fn confirm_password_reset(
    app: &State<App>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["password", "passwordConfirm", "token"]).await?;
    no_content(app.confirm_password_reset(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/request-email-change", data = "<data>")]
async fn request_email_change(
    app: &State<App>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["newEmail"]).await?;
    no_content(app.request_email_change(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/confirm-email-change", data = "<data>")]
async fn confirm_email_change(
    app: &State<App>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["password", "token"]).await?;
    no_content(app.confirm_email_change(caller, collection.to_owned()).await)
}
