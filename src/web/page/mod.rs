//! Pages: how they look and in what language, what they may do in a browser, and how they say that something failed.
//!
//! Called by `pages` and `hosted`, which say what is on a page. Invariants: pages load nothing from elsewhere, and run
//! scripts only if a page asks for our own; they can't be shown inside of others; their addresses are told to nobody
//! else, and browsers don't keep them. Not here: who may see what.

pub mod form;
pub mod reply;
pub mod strings;
pub mod templates;

use std::convert::Infallible;

use rocket::http::{ContentType, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::response::{Responder, Response};
use rocket::{Request, response};
use serde_json::{Value as Json, json};

use self::strings::Strings;
use self::templates::Theme;
use crate::app::App;
use crate::base::{Error, ErrorKind, Result};
use crate::web::respond;

/// The way from a page to the server's root, as browsers read it: `../` for each folder that the page is in.
///
/// A proxy may show the server below any path of its own. So pages name each other from where they are: everything in
/// the program is a path from the root, and becomes such a name when it is written into a page or a redirect.
#[derive(Clone, Debug)]
pub struct Root(String);

impl Root {
    /// For the page that was asked for.
    pub fn of(request: &Request<'_>) -> Root {
        Root::from(request.uri().path().as_str())
    }

    fn from(path: &str) -> Root {
        let folders = path.bytes().filter(|&byte| byte == b'/').count().saturating_sub(1);
        Root(if folders == 0 { "./".to_owned() } else { "../".repeat(folders) })
    }

    /// A path of this server, as the page names it. Whole addresses stay as they are.
    pub fn to(&self, address: &str) -> String {
        match address.strip_prefix('/').filter(|rest| !rest.starts_with('/')) {
            Some(rest) => format!("{}{rest}", self.0),
            None => address.to_owned(),
        }
    }
}

/// How pages look to whoever asks: the theme, the language, the server's name.
pub struct Look {
    /// The texts in the visitor's language.
    pub strings: Strings,
    theme: Theme,
    app_name: String,
    root: Root,
}

impl Look {
    /// For whoever sent a request.
    pub fn of(request: &Request<'_>) -> Look {
        let theme: Theme = request.rocket().state().cloned().unwrap_or_default();
        let languages = request.headers().get_one("Accept-Language").unwrap_or_default();
        let app: Option<&App> = request.rocket().state();
        Look {
            strings: theme.catalogue().choose(languages),
            app_name: app.map(|app| app.app_name()).unwrap_or_default(),
            root: Root::of(request),
            theme,
        }
    }

    /// A text in the visitor's language.
    pub fn text(&self, key: &str) -> String {
        self.strings.text(key)
    }

    /// The page with this title that is made of a template and `context`.
    pub fn page(&self, template: &str, title: String, mut context: Json) -> Result<Page> {
        if let Json::Object(context) = &mut context {
            context.insert("title".to_owned(), title.into());
            context.insert("lang".to_owned(), self.strings.code().into());
            context.insert("app_name".to_owned(), self.app_name.as_str().into());
        }
        let html = self.theme.render(template, &self.strings, &self.root, &context)?;
        Ok(Page { status: Status::Ok, html, form_targets: Vec::new(), goes_on: None, may: May::Nothing })
    }

    /// A page of the dashboard, which no theme changes; `frame` is what is around it.
    ///
    /// # Errors
    /// 500 if the template can't be filled.
    pub fn dashboard(&self, template: &str, title: &str, frame: Json, mut context: Json) -> Result<Page> {
        if let Json::Object(context) = &mut context {
            context.insert("title".to_owned(), title.into());
            context.insert("app_name".to_owned(), self.app_name.as_str().into());
            context.insert("frame".to_owned(), frame);
        }
        let html = Theme::default().render(template, &self.strings, &self.root, &context)?;
        Ok(Page { status: Status::Ok, html, form_targets: Vec::new(), goes_on: None, may: May::Dashboard })
    }

    /// A page that says one thing.
    pub fn message(&self, title: &str, text: String) -> Result<Page> {
        self.page("message.html", self.text(title), json!({"text": text}))
    }

    /// The page that says what went wrong; `forbidden` is the text for what may not be.
    fn failure(&self, Failure { error, forbidden }: &Failure) -> Result<Page> {
        let (title, text) = match error.kind() {
            ErrorKind::NotFound => ("page.not_found", self.text("page.not_found_text")),
            ErrorKind::Forbidden | ErrorKind::Unauthenticated => ("page.forbidden", self.text(forbidden)),
            ErrorKind::TooManyRequests => ("page.too_many", self.text("page.too_many_text")),
            ErrorKind::Unavailable | ErrorKind::Timeout => ("page.busy", self.text("page.busy_text")),
            ErrorKind::Internal => ("page.broken", self.text("page.broken_text")),
            ErrorKind::Invalid
            | ErrorKind::Conflict
            | ErrorKind::PreconditionFailed
            | ErrorKind::TooLarge
            | ErrorKind::UnsupportedType
            | ErrorKind::Locked => ("page.invalid", error.message()),
        };
        Ok(self.message(title, text)?.with_status(Status::new(error.kind().status())))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Look {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Look::of(request))
    }
}

/// A page on its way to a browser.
pub struct Page {
    status: Status,
    html: String,
    /// Other origins that a form's answer may lead on to.
    form_targets: Vec<String>,
    /// After how many seconds the browser is to go on, and where to.
    goes_on: Option<(u32, String)>,
    may: May,
}

/// What a page needs of a browser besides showing itself.
#[derive(Clone, Copy)]
enum May {
    Nothing,
    /// Our own scripts.
    Scripts,
    /// The same, files that are about to be sent shown as pictures, and our own documents in frames.
    Dashboard,
}

impl Page {
    /// The same with another status.
    pub fn with_status(mut self, status: Status) -> Page {
        self.status = status;
        self
    }

    /// The same, whose forms may lead to this address in the end: browsers apply the policy to redirects, too.
    pub fn leading_to(mut self, address: Option<&str>) -> Page {
        self.form_targets.extend(address.and_then(origin_of));
        self
    }

    /// The same, from which the browser goes on to an address by itself.
    pub fn going_on_to(mut self, address: &str, seconds: u32) -> Page {
        self.goes_on = Some((seconds, address.to_owned()));
        self
    }

    /// The same, which may run our own scripts.
    pub fn with_scripts(mut self) -> Page {
        self.may = May::Scripts;
        self
    }

    /// What the page may do in a browser.
    fn policy(&self) -> String {
        let targets: String = self.form_targets.iter().map(|origin| format!(" {origin}")).collect();
        let more = match self.may {
            May::Nothing => "img-src 'self'; ",
            May::Scripts => "img-src 'self'; script-src 'self'; connect-src 'self'; ",
            May::Dashboard => "img-src 'self' blob: data:; frame-src 'self'; script-src 'self'; connect-src 'self'; ",
        };
        format!(
            "default-src 'none'; style-src 'self'; {more}form-action 'self'{targets}; \
             base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

/// Scheme, host and port of an absolute address that can stand in a policy.
fn origin_of(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let usable = matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(plain);
    usable.then(|| format!("{scheme}://{host}"))
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        if let Some((seconds, address)) = &self.goes_on {
            response.raw_header("Refresh", format!("{seconds}; url={}", Root::of(request).to(address)));
        }
        response
            .status(self.status)
            .header(ContentType::HTML)
            .raw_header("Content-Security-Policy", self.policy())
            // Addresses of these pages may hold secrets, and what they show changes. Not `no-referrer`: with it,
            // browsers hide even from ourselves whose page a form was sent from, and over plain HTTP nothing else
            // tells.
            .raw_header("Referrer-Policy", "same-origin")
            .raw_header("Cache-Control", "no-store")
            .sized_body(self.html.len(), std::io::Cursor::new(self.html))
            .ok()
    }
}

/// An error that is shown to people.
pub struct Failure {
    error: Error,
    /// The name of the text for what may not be.
    forbidden: &'static str,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, forbidden: "page.forbidden_text" }
    }
}

impl Failure {
    /// Why a request wasn't even looked at: nobody but superusers is turned away for where they come from.
    pub fn of_admission(error: Error) -> Failure {
        Failure { error, forbidden: "page.address_text" }
    }
}

impl<'r> Responder<'r, 'static> for Failure {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let request_id = respond::log(&self.error, request);
        let page = match Look::of(request).failure(&self) {
            Ok(page) => page,
            Err(error) => return error.respond_to(request),
        };
        let mut response = page.respond_to(request)?;
        if let Some(id) = request_id {
            response.set_raw_header("X-Request-Id", id);
        }
        if let Some(seconds) = self.error.retry_after_seconds() {
            response.set_raw_header("Retry-After", seconds.to_string());
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_name_each_other_from_where_they_are() {
        for (page, address, expect) in [
            ("/", "/static/page.css?v=1", "./static/page.css?v=1"),
            ("/", "/", "./"),
            ("/_/", "/_/logs", "../_/logs"),
            ("/auth/users/sign-in", "/auth/users/account?done=x", "../../auth/users/account?done=x"),
            ("/auth/users/sign-in", "https://app.example.com/", "https://app.example.com/"),
            ("/auth/users/sign-in", "//evil.example", "//evil.example"),
            ("", "/x", "./x"),
        ] {
            assert_eq!(Root::from(page).to(address), expect, "{page} {address}");
        }
    }

    #[test]
    fn only_plain_origins_get_into_the_policy() {
        for (address, expect) in [
            ("https://app.example.com/a?b#c", Some("https://app.example.com")),
            ("http://[::1]:3000/", Some("http://[::1]:3000")),
            ("https://a b/", None),
            ("https://a;script-src *", None),
            ("https://user@host/", None),
            ("javascript://x/", None),
            ("/path", None),
            ("https:///x", None),
        ] {
            assert_eq!(origin_of(address).as_deref(), expect, "{address}");
        }
    }
}
