//! What every page of the dashboard begins with: which superuser it is, and what the frame around the page shows.
//!
//! Called by all routes of `admin`. Invariants: nobody but a superuser with a session gets a [`Visit`]: for everybody
//! else Rocket goes on to `strangers`. [`Visit::proven`] is the only way to a body that was sent, and it refuses
//! whatever another site could have made a browser send: two things must agree, what the browser says of the sender and
//! a token that follows from the session.

use rocket::Data;
use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::accent;
use crate::app::{App, Caller, Cookie, Site};
use crate::base::limits::BODY_MAX_BYTES;
use crate::base::{Error, Result, Secret};
use crate::domain::Collection;
use crate::domain::collection::AuthOptions;
use crate::web::body::{self, FormText};
use crate::web::guards::SlashedCaller;
use crate::web::page::{Look, Page};

/// The cookie in which a browser keeps whether it wants light or dark pages.
const THEME_COOKIE: &str = "holdall_theme";
/// The header in which pages send the token of their session, htmx included.
const TOKEN_HEADER: &str = "x_csrf_token";

/// A superuser's visit.
pub struct Visit {
    /// Who asks.
    pub caller: Caller,
    /// How pages look to them.
    pub look: Look,
    app: App,
    email: String,
    session: Secret,
    theme: &'static str,
}

/// A collection in the frame's list.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'static str,
    system: bool,
    /// What keeps people from signing in to it as it is set.
    problem: &'static str,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Visit {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let Some(app) = request.rocket().state::<App>().cloned() else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        let caller = match SlashedCaller::from_request(request).await {
            Outcome::Success(SlashedCaller(caller)) => caller,
            Outcome::Error(error) => return Outcome::Error(error),
            Outcome::Forward(status) => return Outcome::Forward(status),
        };
        let Cookie::Session(session) = caller.cookie.clone() else { return Outcome::Forward(Status::Unauthorized) };
        match app.superuser_in_session(&caller).await {
            Ok(Some(email)) => {
                let (look, theme) = (Look::of(request), theme(request));
                Outcome::Success(Visit { caller, look, app, email, session, theme })
            }
            // Whoever comes from elsewhere than superusers may learns that there.
            Ok(None) | Err(_) => Outcome::Forward(Status::Unauthorized),
        }
    }
}

fn theme(request: &Request<'_>) -> &'static str {
    match request.cookies().get(THEME_COOKIE).map(|cookie| cookie.value()) {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "system",
    }
}

impl Visit {
    /// The page with this title that is made of a template; `section` is its place in the frame's list of pages.
    ///
    /// # Errors
    /// 500 if the template can't be filled.
    pub fn page(&self, section: &str, title: &str, template: &str, context: Json) -> Result<Page> {
        let schema = self.app.schema();
        let mut collections: Vec<Listed<'_>> = schema.collections().iter().map(|found| listed(found)).collect();
        collections.sort_by_key(|listed| (listed.system, listed.name.to_lowercase()));
        let frame = json!({
            "section": section,
            "in_system": collections.iter().any(|one| one.system && section.ends_with(one.id)),
            "email": self.email,
            "csrf": self.form_token(),
            "theme": self.theme,
            "accent": accent::name(&self.app.accent_color()),
            "hide_controls": self.app.hides_controls(),
            "version": env!("CARGO_PKG_VERSION"),
            "debug": cfg!(debug_assertions),
            "collections": collections,
        });
        self.look.dashboard(template, title, frame, context)
    }

    /// Whose session it is, and its token for forms.
    pub fn told(&self) -> Json {
        json!({"email": self.email, "csrf": self.form_token()})
    }

    /// A part of a page, made of a template, that htmx puts into a page that is there.
    ///
    /// # Errors
    /// 500 if the template can't be filled.
    pub fn part(&self, template: &str, context: Json) -> Result<Page> {
        self.look.dashboard(template, "", json!({}), context)
    }

    /// The caller with the JSON that was sent, if one of our own pages sent it.
    ///
    /// # Errors
    /// 403 if not; 400 or 413 for what isn't a JSON object.
    pub async fn with_json(self, data: Data<'_>) -> Result<Caller> {
        let data = self.proven(data).await?;
        let mut caller = self.caller;
        caller.request.body = body::read(&caller.request, data, BODY_MAX_BYTES, FormText::Verbatim).await?;
        Ok(caller)
    }

    /// The body, unread, if one of our own pages sends it.
    ///
    /// # Errors
    /// 403 if not.
    pub async fn proven<'d>(&self, data: Data<'d>) -> Result<Data<'d>> {
        let token = self.caller.request.header(TOKEN_HEADER).unwrap_or_default();
        if self.caller.site == Site::Own && self.app.same_secret(&self.form_token(), token) {
            return Ok(data);
        }
        body::discard(data).await;
        Err(Error::forbidden("Only this server's own pages may send this."))
    }

    fn form_token(&self) -> String {
        self.app.csrf_token(&self.session)
    }
}

fn listed(collection: &Collection) -> Listed<'_> {
    Listed {
        id: &collection.id,
        name: &collection.name,
        kind: collection.kind.name(),
        system: collection.system,
        problem: collection.auth().map(sign_in_problem).unwrap_or_default(),
    }
}

/// What keeps people from signing in; nothing if they can.
fn sign_in_problem(auth: &AuthOptions) -> &'static str {
    let by_service = auth.oauth2.enabled;
    if by_service && auth.oauth2.providers.is_empty() {
        return "Sign-in by other services is on, and none is set up.";
    }
    if !(by_service || auth.password_auth.enabled || auth.otp.enabled) {
        return "Sign-in by password, code and other services is off.";
    }
    ""
}
