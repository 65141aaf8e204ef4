//! The caller's own second factors, under `/api/account`; superusers see and reset those of others.

use rocket::http::{CookieJar, Status};
use rocket::response::status::NoContent;
use rocket::{Data, Route, State, delete, get, post, routes};
use serde_json::json;

use super::auth::{SignInAnswer, signed_in};
use crate::api::rest::{expand, read_fixed};
use crate::app::{App, Caller, Lost};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker, no_content};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![overview, reset, start_totp, confirm_totp, remove_totp, renew_recovery_codes]
}

/// Keys by which a body proves that the account's owner is there.
pub(super) const PROOF_KEYS: &[&str] = &["code", "mfaId", "password", "recoveryCode"];

#[get("/api/account/factors")]
async fn overview(app: &State<App>, caller: Caller) -> Answer {
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.factors(caller).await)
}

#[delete("/api/account/factors")]
async fn reset(app: &State<App>, caller: Caller) -> Result<NoContent> {
    let named = |name: &str| caller.request.query(name).unwrap_or_default().to_owned();
    let (collection, record, lost) = (named("collection"), named("record"), Lost::read(&named("factor")));
    no_content(app.reset_factors(caller, collection, record, lost).await)
}

#[post("/api/account/totp", data = "<data>")]
async fn start_totp(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, PROOF_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    let setup = app.start_totp(caller).await;
    picker.answer(setup.map(|setup| json!({"secret": setup.secret.expose(), "url": setup.url.expose()}).to_string()))
}

#[post("/api/account/totp/confirm", data = "<data>")]
async fn confirm_totp(app: &State<App>, jar: &CookieJar<'_>, mut caller: Caller, data: Data<'_>) -> SignInAnswer {
    read_fixed(&mut caller, data, FormText::Verbatim, PROOF_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    if caller.mfa_id().is_some() {
        let expand = expand(&caller.request);
        return signed_in(app, jar, picker, app.confirm_totp_and_sign_in(caller, expand).await);
    }
    Ok((Status::Ok, picker.answer(app.confirm_totp(caller).await)?))
}

#[delete("/api/account/totp", data = "<data>")]
async fn remove_totp(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Result<NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, PROOF_KEYS).await?;
    no_content(app.remove_totp(caller).await)
}

#[post("/api/account/recovery-codes", data = "<data>")]
async fn renew_recovery_codes(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Answer {
    read_fixed(&mut caller, data, FormText::Verbatim, PROOF_KEYS).await?;
    let picker = Picker::of(&caller, Shape::Whole)?;
    picker.answer(app.renew_recovery_codes(caller).await)
}
