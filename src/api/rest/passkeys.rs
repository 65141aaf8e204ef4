//! Passkeys: one's own under `/api/account/passkeys`, and signing in with one.

use rocket::http::{CookieJar, Status};
use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, patch, post, routes};

use super::auth::{SignInAnswer, signed_in};
use super::factors::PROOF_KEYS;
use crate::api::rest::{expand, read_fixed};
use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![start, finish, edit, remove, login_options, login]
}

const MADE_KEYS: &[&str] = &["ceremony", "credential", "mfaId", "name", "secondFactor"];
const EDIT_KEYS: &[&str] = &["code", "name", "password", "recoveryCode", "secondFactor"];

#[post("/api/account/passkeys/options", data = "<data>")]
async fn start(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, PROOF_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.start_passkey(caller).await)
}

#[post("/api/account/passkeys", data = "<data>")]
async fn finish(app: &State<App>, jar: &CookieJar<'_>, mut caller: Caller, data: Data<'_>) -> SignInAnswer {
    read_fixed(&mut caller, data, FormText::Verbatim, MADE_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    if caller.mfa_id().is_some() {
        let expand = expand(&caller.request);
        return signed_in(app, jar, picker, app.finish_passkey_and_sign_in(caller, expand).await);
    }
    Ok((Status::Ok, picker.answer(app.finish_passkey(caller).await)?))
}

#[patch("/api/account/passkeys/<id>", data = "<data>")]
async fn edit(app: &State<App>, mut caller: Caller, id: &str, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, EDIT_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.edit_passkey(caller, id.to_owned()).await)
}

#[delete("/api/account/passkeys/<id>", data = "<data>")]
async fn remove(app: &State<App>, mut caller: Caller, id: &str, data: Data<'_>) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, PROOF_KEYS).await?;
    no_content(app.remove_passkey(caller, id.to_owned()).await)
}

#[post("/api/collections/<collection>/passkey-options", data = "<data>")]
async fn login_options(app: &State<App>, mut caller: Caller, collection: &str, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["mfaId"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.passkey_options(caller, collection.to_owned()).await)
}

#[post("/api/collections/<collection>/auth-with-passkey", data = "<data>")]
async fn login(
    app: &State<App>,
    jar: &CookieJar<'_>,
    mut caller: Caller,
    collection: &str,
    data: Data<'_>,
) -> SignInAnswer {
    read_fixed(&mut caller, data, FormText::Verbatim, &["ceremony", "credential"]).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let expand = expand(&caller.request);
    signed_in(app, jar, picker, app.auth_with_passkey(caller, collection.to_owned(), expand).await)
}
