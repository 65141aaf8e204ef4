//! Signing in to an auth collection: `auth-methods`, `auth-with-password`, `auth-refresh`; and tokens for somebody who
//! is signed in already: `impersonate` and the token for files.

use rocket::http::{CookieJar, Status};
use rocket::{Data, Route, State, get, post, routes};

use crate::api::rest::{expand, read_fixed};
use crate::app::{App, Caller, Outcome, SignedIn};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, JsonText, Picker};
use crate::web::site;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![methods, with_password, with_totp, with_recovery_code, refresh, impersonate, file_token]
}

#[get("/api/collections/<collection>/auth-methods")]
async fn methods(app: &State<App>, caller: Caller, collection: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.auth_methods(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/auth-with-password", data = "<data>")]
async fn with_password(
    app: &State<App>,
    jar: &CookieJar<'_>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> SignInAnswer {
    const KEYS: &[&str] = &["identity", "identityField", "mfaId", "password"];
    read_fixed(&mut caller, data, FormText::Verbatim, KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    signed_in(app, jar, picker, app.auth_with_password(caller, collection.to_owned(), expand).await)
}

/// Keys of the second step's body.
const STEP_KEYS: &[&str] = &["code", "mfaId"];

#[post("/api/collections/<collection>/auth-with-totp", data = "<data>")]
async fn with_totp(
    app: &State<App>,
    jar: &CookieJar<'_>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> SignInAnswer {
    read_fixed(&mut caller, data, FormText::Verbatim, STEP_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    signed_in(app, jar, picker, app.auth_with_totp(caller, collection.to_owned(), expand).await)
}

#[post("/api/collections/<collection>/auth-with-recovery-code", data = "<data>")]
async fn with_recovery_code(
    app: &State<App>,
    jar: &CookieJar<'_>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> SignInAnswer {
    read_fixed(&mut caller, data, FormText::Verbatim, STEP_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    signed_in(app, jar, picker, app.auth_with_recovery_code(caller, collection.to_owned(), expand).await)
}

#[post("/api/collections/<collection>/auth-refresh")]
async fn refresh(app: &State<App>, caller: Caller, collection: &str) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    picker.answer(app.auth_refresh(caller, collection.to_owned(), expand).await)
}

#[post("/api/collections/<collection>/impersonate/<id>", data = "<data>")]
async fn impersonate(app: &State<App>, mut caller: Caller, collection: &str, id: &str, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["duration"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    picker.answer(app.impersonate(caller, collection.to_owned(), id.to_owned(), expand).await)
}

#[post("/api/files/token")]
async fn file_token(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.file_token(caller).await)
}

/// What every way to sign in answers: the account with a token or a cookie, or a 401 that asks for another factor.
pub(super) type SignInAnswer = Result<(Status, JsonText)>;

/// Turns the end of a sign-in into its answer.
pub(super) fn signed_in(app: &App, jar: &CookieJar<'_>, picker: Picker, outcome: Result<Outcome>) -> SignInAnswer {
    match outcome? {
        Outcome::SecondFactor(body) => Ok((Status::Unauthorized, JsonText::new(body))),
        Outcome::Done(SignedIn { body, session }) => {
            if let Some(session) = session {
                site::keep(app, jar, &session);
            }
            Ok((Status::Ok, picker.answer(Ok(body))?))
        }
    }
}
