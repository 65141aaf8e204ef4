//! What every hosted page begins with: who visits which collection's pages, where they want to go afterwards, and
//! whether a form was sent by a page of ours.
//!
//! Called by all routes of `hosted`. Invariant: [`Visit::form`] is the only way to what was sent, and it refuses
//! whatever another site could have made a browser send. Two things must agree: the browser says that one of our pages
//! sent it, and the form carries a token that follows from a cookie, which other sites can't read.

use std::sync::Arc;

use rocket::Data;
use rocket::Request;
use rocket::http::{Cookie as HttpCookie, CookieJar, SameSite, Status};
use rocket::request::{FromRequest, Outcome};
use serde_json::{Map, Value as Json, json};

use crate::app::{App, Caller, Cookie, Site};
use crate::base::limits::PAGE_FORM_MAX_BYTES;
use crate::base::{Error, ErrorKind, Result, Secret, ids};
use crate::domain::Collection;
use crate::web::guards::SlashedCaller;
use crate::web::page::form::{self, Field, Form, Sent};
use crate::web::page::reply::Reply;
use crate::web::page::{Look, Page};
use crate::web::{body, redirects};

/// The cookie that a visitor's forms are tied to, where it may be sent over plain HTTP, and over HTTPS.
const FORM_COOKIES: [&str; 2] = ["holdall_form", "__Host-holdall_form"];

/// A request for a hosted page, before it is known whose pages these are.
pub struct Visitor {
    caller: Caller,
    look: Look,
    form_secret: Secret,
    app: App,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Visitor {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        Caller::from_request(request).await.and_then(|caller| Visitor::of(request, caller))
    }
}

/// A visitor of an address that may end with a slash.
pub struct Newcomer(pub Visitor);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Newcomer {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let caller = SlashedCaller::from_request(request).await;
        caller.and_then(|SlashedCaller(caller)| Visitor::of(request, caller)).map(Newcomer)
    }
}

/// The secret behind the tokens of a visitor's forms. Whoever has none yet gets one.
fn form_secret(app: &App, jar: &CookieJar<'_>) -> Secret {
    let secure = app.is_public_over_https();
    let name = FORM_COOKIES[usize::from(secure)];
    if let Some(cookie) = jar.get(name).filter(|cookie| !cookie.value().is_empty()) {
        return Secret::new(cookie.value());
    }
    let secret = ids::bearer();
    // Lax: whoever comes by a link of a mail keeps the one that other pages of theirs were made with.
    let cookie = HttpCookie::build((name, secret.expose().to_owned()))
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax);
    jar.add(cookie.build());
    secret
}

impl Visitor {
    fn of(request: &Request<'_>, caller: Caller) -> Outcome<Self, ()> {
        let Some(app) = request.rocket().state::<App>().cloned() else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        let look = Look::of(request);
        let form_secret = form_secret(&app, request.cookies());
        Outcome::Success(Visitor { caller, look, form_secret, app })
    }

    /// The visit to the pages of a collection.
    ///
    /// # Errors
    /// 404 if there is no such collection or nobody can sign in to it.
    pub fn at(self, collection: &str) -> Result<Visit> {
        let collection = self.app.auth_collection(collection).ok_or_else(Error::not_found)?;
        let wanted = self.caller.request.query("redirect").unwrap_or_default();
        let redirect = redirects::Allowed::of(&self.app).check(wanted);
        let said = |name: &str| self.caller.request.query(name).map(str::to_owned);
        let (done, failed) = (said("done"), said("problem"));
        let Visitor { mut caller, look, form_secret, app } = self;
        // An address of a page says nothing to the services: what they are asked for is in forms.
        caller.request.query.clear();
        Ok(Visit { caller, look, collection, redirect, done, failed, form_secret, app })
    }
}

/// A visit to the pages of a collection.
pub struct Visit {
    /// Who asks.
    pub caller: Caller,
    /// How pages look to them.
    pub look: Look,
    /// Whose pages these are.
    pub collection: Arc<Collection>,
    /// Where the visitor wants to go afterwards, if that is a place they may be sent to.
    redirect: Option<String>,
    /// What was done on the page before, as the address says.
    done: Option<String>,
    /// What didn't work on the page before.
    failed: Option<String>,
    form_secret: Secret,
    app: App,
}

impl Visit {
    /// A text in the visitor's language.
    pub fn text(&self, key: &str) -> String {
        self.look.text(key)
    }

    /// The address of another page of the collection's.
    pub fn page_address(&self, page: &str) -> String {
        format!("/auth/{}/{page}", self.collection.name)
    }

    /// The same, which knows where the visitor wants to go.
    pub fn address(&self, page: &str) -> String {
        let address = self.page_address(page);
        match &self.redirect {
            Some(redirect) => {
                let query = form_urlencoded::Serializer::new(String::new()).append_pair("redirect", redirect).finish();
                format!("{address}?{query}")
            }
            None => address,
        }
    }

    /// The address of a page that says that something was done: `done.{what}` of the strings.
    pub fn done(&self, page: &str, what: &str) -> String {
        format!("{}?done={what}", self.page_address(page))
    }

    /// What was done on the page before; nothing else than what the strings know.
    pub fn notice(&self) -> Option<String> {
        let key = format!("done.{}", self.done.as_deref()?);
        self.look.strings.find(&key).map(str::to_owned)
    }

    /// What didn't work on the page before, in the same way: `failed.{what}`.
    pub fn failure(&self) -> Option<String> {
        let key = format!("failed.{}", self.failed.as_deref()?);
        self.look.strings.find(&key).map(str::to_owned)
    }

    /// Where somebody goes who is signed in now.
    pub fn destination(&self) -> Reply {
        Reply::GoTo(self.redirect.clone().unwrap_or_else(|| self.page_address("account")))
    }

    /// A link for a template's list of links.
    pub fn link(&self, page: &str, text: &str) -> Json {
        json!({"href": self.address(page), "text": self.text(text)})
    }

    /// A form of one of these pages, with what has to go along with it.
    pub fn new_form(&self, page: &str, submit: &str) -> Form {
        let form = Form::new(self.page_address(page), self.text(submit)).with_hidden("csrf", &self.form_token());
        match &self.redirect {
            Some(redirect) => form.with_hidden("redirect", redirect),
            None => form,
        }
    }

    /// The two fields in which a new password is chosen.
    pub fn new_password(&self, label: &str) -> [Field; 2] {
        form::new_password(&self.look.strings, &self.collection, label)
    }

    /// The page with this title that is made of a template.
    pub fn page(&self, template: &str, title: &str, context: Json) -> Result<Page> {
        let page = self.look.page(template, self.text(title), context)?;
        Ok(page.leading_to(self.redirect.as_deref()))
    }

    /// What was sent, if one of our own pages sent it.
    ///
    /// # Errors
    /// 403 if not; 400 or 413 for what isn't a form.
    pub async fn form(&mut self, data: Data<'_>) -> Result<Sent> {
        let refused = || Error::forbidden("Only this server's own pages may send this form.");
        if self.caller.site != Site::Own {
            body::discard(data).await;
            return Err(refused());
        }
        let content_type = self.caller.request.header("content_type");
        let sent = Sent(body::read_page_form(content_type, data, PAGE_FORM_MAX_BYTES).await?);
        if !self.app.same_secret(&self.form_token(), sent.text("csrf")) {
            return Err(refused());
        }
        self.redirect = redirects::Allowed::of(&self.app).check(sent.text("redirect"));
        Ok(sent)
    }

    /// The caller, with this body.
    pub fn calling(&self, body: Map<String, Json>) -> Caller {
        let mut caller = self.caller.clone();
        caller.request.body = body;
        caller
    }

    /// The caller of a step that ends in a session, with this body.
    pub fn signing_in(&self, body: Map<String, Json>) -> Caller {
        let mut caller = self.calling(body);
        caller.request.query.push(("session".to_owned(), "cookie".to_owned()));
        caller
    }

    /// The token of this visitor's forms: of the session, or of whoever isn't signed in.
    fn form_token(&self) -> String {
        match &self.caller.cookie {
            Cookie::Session(secret) => self.app.csrf_token(secret),
            Cookie::None | Cookie::Unproven => self.app.csrf_token(&self.form_secret),
        }
    }
}

/// What kept somebody from something: what can be told beside a form. Everything else is a page of its own.
pub fn unless_internal<T>(result: Result<T>) -> Result<Option<Error>> {
    match result {
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::Invalid => Ok(Some(error)),
        Err(error) => Err(error),
    }
}
