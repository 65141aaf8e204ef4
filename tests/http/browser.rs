//! A browser as far as cookies go: it keeps what it is given, sends it along with every request, and says which site
//! asked.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rocket::http::{Cookie, Method, SameSite};
use serde_json::{Value as Json, json};

use crate::fixture::PASSWORD;
use crate::harness::{Answer, Call, TestApp};

/// The name of the session's cookie where the server isn't public over HTTPS.
pub const SESSION: &str = "holdall_session";

/// Somebody's browser.
pub struct Browser<'a> {
    app: &'a TestApp,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Browser<'a> {
        Browser { app, cookies: RefCell::default() }
    }

    /// A browser in which somebody of the fixture has signed in.
    #[track_caller]
    pub fn of(app: &'a TestApp, handle: &str) -> Browser<'a> {
        let browser = Browser::new(app);
        browser.sign_in(handle).expect(200);
        browser
    }

    /// Signs in for a session; `root` is the superuser, `sam` of the staff.
    pub fn sign_in(&self, handle: &str) -> Answer {
        let collection = match handle {
            "root" => "_superusers",
            "sam" => "staff",
            _ => "people",
        };
        let body = json!({"identity": format!("{handle}@holdall.test"), "password": PASSWORD});
        self.post(&format!("/api/collections/{collection}/auth-with-password?session=cookie"), body)
    }

    /// Whether the server knows whoever sits here by a session.
    pub fn is_signed_in(&self) -> bool {
        self.get("/api/session").expect(200)["credential"] == "session"
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(self.own(Method::Get, path))
    }

    pub fn post(&self, path: &str, body: Json) -> Answer {
        self.send(self.own(Method::Post, path).json(&body))
    }

    pub fn patch(&self, path: &str, body: Json) -> Answer {
        self.send(self.own(Method::Patch, path).json(&body))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send(self.own(Method::Delete, path))
    }

    /// A request of one of the server's own pages.
    pub fn own(&self, method: Method, path: &str) -> Call<'a> {
        self.call(method, path).header("Sec-Fetch-Site", "same-origin")
    }

    /// A request with the cookies and nothing else.
    pub fn call(&self, method: Method, path: &str) -> Call<'a> {
        let call = self.app.guest().call(method, path);
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { call } else { call.header("Cookie", &cookies.join("; ")) }
    }

    /// Sends a request and keeps the cookies of the answer.
    pub fn send(&self, call: Call<'a>) -> Answer {
        let answer = call.send();
        for cookie in set_cookies(&answer) {
            match cookie.max_age().is_some_and(|age| age.is_zero()) {
                true => self.cookies.borrow_mut().remove(cookie.name()),
                false => self.cookies.borrow_mut().insert(cookie.name().to_owned(), cookie.value().to_owned()),
            };
        }
        answer
    }
}

/// The cookies that an answer sets.
pub fn set_cookies(answer: &Answer) -> Vec<Cookie<'static>> {
    let texts = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie"));
    texts.map(|(_, text)| Cookie::parse(text.clone()).expect("a well-formed cookie")).collect()
}

/// What every cookie of ours has in common.
#[track_caller]
pub fn check_attributes(cookie: &Cookie<'_>, secure: bool, domain: Option<&str>) {
    assert_eq!(cookie.http_only(), Some(true), "{cookie}");
    assert_eq!(cookie.secure().unwrap_or(false), secure, "{cookie}");
    assert_eq!(cookie.same_site(), Some(SameSite::Lax), "{cookie}");
    assert_eq!(cookie.path(), Some("/"), "{cookie}");
    assert_eq!(cookie.domain(), domain, "{cookie}");
    assert!(cookie.max_age().is_some(), "{cookie}");
}
