//! What a browser keeps between the steps of a sign-in: which code was asked for, and which second step is due.
//!
//! Called by the routes of `hosted`, and by whoever else ends a first step in a browser. The cookie holds names of
//! things whose codes only the right person has, with one exception: where an account has to set up a factor, the name
//! of the sign-in that waits is all that is needed to do that. So it is neither in addresses, which are kept in
//! histories, nor where scripts or other hosts could read or set it.

use percent_encoding::percent_decode_str;
use rocket::http::{Cookie as HttpCookie, CookieJar, SameSite};
use rocket::time::Duration;
use serde_json::Value as Json;

use crate::app::App;

/// The cookie, where it may be sent over plain HTTP, and over HTTPS.
const NAMES: [&str; 2] = ["holdall_step", "__Host-holdall_step"];
/// How long a browser keeps a step. How long the step itself lasts is the collection's to say.
const MINUTES: i64 = 30;

/// A step that is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The sign-in that is waiting; empty if none is.
    pub mfa_id: String,
    /// The account's own factors, one of which is needed; `None` if another method of the collection will do.
    pub factors: Option<Vec<String>>,
    /// Whether the account has to set up a factor.
    pub enroll: bool,
    /// The one-time code that was sent; empty if none was.
    pub otp_id: String,
}

impl Step {
    /// The step that the browser has kept.
    pub fn kept(app: &App, jar: &CookieJar<'_>) -> Step {
        let value = jar.get(name(app)).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
        // The jar writes `=` and `&` in escapes and doesn't always read them. Nothing that is kept has a percent sign.
        let text = percent_decode_str(&value).decode_utf8_lossy();
        let mut step = Step::default();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*key {
                "mfa" => step.mfa_id = value.into_owned(),
                "factor" => step.factors.get_or_insert_default().push(value.into_owned()),
                "enroll" => step.enroll = true,
                "otp" => step.otp_id = value.into_owned(),
                _ => {}
            }
        }
        step
    }

    /// The second step that the body of a 401 asks for.
    pub fn of_demand(body: &str) -> Step {
        let body: Json = serde_json::from_str(body).unwrap_or_default();
        let texts = |list: &Vec<Json>| list.iter().filter_map(Json::as_str).map(str::to_owned).collect();
        Step {
            mfa_id: body["mfaId"].as_str().unwrap_or_default().to_owned(),
            factors: body["factors"].as_array().map(texts),
            enroll: body["enroll"] == true,
            otp_id: String::new(),
        }
    }

    /// Whether one of the account's factors is this one.
    pub fn has(&self, factor: &str) -> bool {
        self.factors.iter().flatten().any(|has| has == factor)
    }

    /// Has the browser keep this step.
    pub fn keep(&self, app: &App, jar: &CookieJar<'_>) {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [("mfa", &self.mfa_id), ("otp", &self.otp_id)] {
            if !value.is_empty() {
                text.append_pair(key, value);
            }
        }
        for factor in self.factors.iter().flatten() {
            text.append_pair("factor", factor);
        }
        if self.enroll {
            text.append_pair("enroll", "1");
        }
        jar.add(made(app, text.finish(), Duration::minutes(MINUTES)));
    }

    /// Has the browser forget it.
    pub fn forget(app: &App, jar: &CookieJar<'_>) {
        jar.remove(made(app, String::new(), Duration::ZERO));
    }
}

fn name(app: &App) -> &'static str {
    NAMES[usize::from(app.is_public_over_https())]
}

fn made(app: &App, value: String, max_age: Duration) -> HttpCookie<'static> {
    HttpCookie::build((name(app), value))
        // Names that begin with `__Host-` are taken for this path only.
        .path("/")
        .http_only(true)
        .secure(app.is_public_over_https())
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_is_read() {
        let step = Step::of_demand(r#"{"mfaId": "a.b", "factors": ["totp", "passkey"], "enroll": true}"#);
        assert!(step.mfa_id == "a.b" && step.enroll && step.has("totp") && !step.has("recoveryCode"));
        let other_method = Step::of_demand(r#"{"mfaId": "a"}"#);
        assert_eq!((other_method.factors, other_method.enroll), (None, false));
        assert_eq!(Step::of_demand("nonsense"), Step::default());
    }
}
