//! Hosted pages over HTTP: who may send their forms, what they answer, and that nothing tells who has an account. What
//! they look like and how they work together is for a browser to see (`tests/browser`).

use std::collections::BTreeMap;

use holdall::settings::Config;
use holdall::settings::config::Requirement;
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::fixture::{PASSWORD, ROOT};
use crate::harness::{Answer, Call, TestApp};

/// The pages of the fixture's collection with people.
const PAGES: &str = "/auth/people";

/// A browser: it keeps cookies and says where forms come from.
struct Browser<'a> {
    app: &'a TestApp,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Browser { app, cookies: BTreeMap::new() }
    }

    fn call(&self, method: Method, path: &str) -> Call<'a> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = self.app.guest().call(method, path);
        if cookies.is_empty() { call } else { call.header("Cookie", &cookies.join("; ")) }
    }

    fn kept(&mut self, answer: Answer) -> Answer {
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie")) {
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    fn open(&mut self, path: &str) -> Answer {
        let answer = self.call(Method::Get, path).header("Sec-Fetch-Site", "none").send();
        self.kept(answer)
    }

    /// Opens a page and sends a form with its hidden fields.
    fn submit(&mut self, page: &str, fields: &[(&str, &str)]) -> Answer {
        let token = csrf(&self.open(page).text());
        self.send(page, &token, fields)
    }

    fn send(&mut self, path: &str, token: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.form(path, token, fields).header("Sec-Fetch-Site", "same-origin").send();
        self.kept(answer)
    }

    fn form(&self, path: &str, token: &str, fields: &[(&str, &str)]) -> Call<'a> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", token).extend_pairs(fields);
        let path = path.split('?').next().expect("a path");
        self.call(Method::Post, path).raw("application/x-www-form-urlencoded", body.finish())
    }

    fn sign_in(&mut self, identity: &str, password: &str) -> Answer {
        self.submit(&format!("{PAGES}/sign-in"), &[("identity", identity), ("password", password)])
    }
}

fn csrf(page: &str) -> String {
    let rest = page.split("name=\"csrf\" value=\"").nth(1).unwrap_or_else(|| panic!("no form: {page}"));
    rest.split('"').next().expect("a value").to_owned()
}

/// Where an answer leads.
#[track_caller]
fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}: {}", answer.what, answer.text());
    from_root(answer.header("Location").expect("a redirect has a location"))
}

/// An address of this server that pages write as it is seen from them.
fn from_root(address: &str) -> String {
    match address.trim_start_matches("../") {
        rest if rest.len() < address.len() => format!("/{rest}"),
        _ => address.to_owned(),
    }
}

/// A page without what differs each time.
fn stable(answer: &Answer) -> String {
    let text = answer.text();
    if text.contains("name=\"csrf\"") { text.replace(&csrf(&text), "") } else { text }
}

#[test]
fn only_auth_collections_have_pages() {
    let app = TestApp::new();
    for page in ["", "/sign-in", "/sign-up", "/forgot", "/reset", "/verify", "/account", "/account/app", "/nothing"] {
        for collection in ["vault", "headlines", "missing", "%2e%2e", "%00"] {
            let answer = app.guest().get(&format!("/auth/{collection}{page}"));
            assert!(matches!(answer.status, 400 | 404), "{collection}{page}: {}", answer.status);
        }
    }
    for (path, status) in [
        ("/auth/people/sign-in", 200),
        ("/auth/c_people/sign-in", 200),
        ("/auth/_superusers/sign-in", 200),
        ("/auth/_superusers/sign-up", 404),
        ("/auth/staff/sign-up", 404),
        ("/auth/people/sign-up", 200),
        ("/auth/people/code", 404),
        ("/auth/people", 303),
    ] {
        assert_eq!(app.guest().get(path).status, status, "{path}");
    }
}

#[test]
fn forms_come_from_our_own_pages_only() {
    let app = TestApp::new();
    let mut browser = Browser::new(&app);
    let path = format!("{PAGES}/sign-in");
    let token = csrf(&browser.open(&path).text());
    let fields = [("identity", "ada"), ("password", PASSWORD)];
    for (header, value, token, expect) in [
        ("Sec-Fetch-Site", "same-origin", token.as_str(), 303),
        ("Origin", "http://127.0.0.1:8090", token.as_str(), 303),
        ("Sec-Fetch-Site", "cross-site", token.as_str(), 403),
        ("Sec-Fetch-Site", "same-site", token.as_str(), 403),
        ("Origin", "http://evil.example", token.as_str(), 403),
        ("Origin", "null", token.as_str(), 403),
        ("X-Nothing", "said", token.as_str(), 403),
        ("Sec-Fetch-Site", "same-origin", "", 403),
        ("Sec-Fetch-Site", "same-origin", "0123456789abcdef", 403),
    ] {
        let answer = browser.form(&path, token, &fields).header(header, value).send();
        assert_eq!(answer.status, expect, "{header}: {value}, {token}");
        let signed_in = answer.headers.iter().any(|(_, value)| value.starts_with("holdall_session="));
        assert_eq!(signed_in, expect == 303, "{header}: {value}, {token}");
    }
    // Somebody else's token is no use without their cookie.
    let other = Browser::new(&app);
    let answer = other.form(&path, &token, &fields).header("Sec-Fetch-Site", "same-origin").send();
    assert_eq!(answer.status, 403);
}

#[test]
fn forms_of_members_need_the_token_of_their_session() {
    let app = TestApp::new();
    let mut ada = Browser::new(&app);
    let guests_token = csrf(&ada.open(&format!("{PAGES}/sign-in")).text());
    assert_eq!(location(&ada.sign_in("ada@holdall.test", PASSWORD)), "/auth/people/account");
    let mut bob = Browser::new(&app);
    bob.sign_in("bob", PASSWORD);
    let bobs_token = csrf(&bob.open(&format!("{PAGES}/account")).text());
    for path in ["sign-out", "account/end", "account/end-others", "account/password", "account/email", "account/app"] {
        for token in ["", guests_token.as_str(), bobs_token.as_str()] {
            assert_eq!(ada.send(&format!("{PAGES}/{path}"), token, &[("id", "x")]).status, 403, "{path}");
        }
    }
    let token = csrf(&ada.open(&format!("{PAGES}/account")).text());
    assert_eq!(location(&ada.send(&format!("{PAGES}/sign-out"), &token, &[])), "/auth/people/sign-in?done=signed_out");
    assert!(location(&ada.open(&format!("{PAGES}/account"))).starts_with("/auth/people/sign-in?redirect="));
}

#[test]
fn a_form_that_cannot_be_read_is_refused() {
    let app = TestApp::new();
    let browser = Browser::new(&app);
    for (content_type, body, expect) in [
        ("application/json", "{}".to_owned(), 400),
        ("text/plain", "csrf=x".to_owned(), 400),
        ("application/x-www-form-urlencoded", "csrf=%zz".to_owned(), 400),
        ("application/x-www-form-urlencoded", "csrf=%00".to_owned(), 400),
        ("application/x-www-form-urlencoded", "a=".repeat(20_000), 413),
        ("application/x-www-form-urlencoded", String::new(), 403),
    ] {
        let call = browser.call(Method::Post, "/auth/people/sign-in").raw(content_type, body);
        let answer = call.header("Sec-Fetch-Site", "same-origin").send();
        assert_eq!(answer.status, expect, "{content_type}");
        assert!(answer.text().contains("<h1>"), "people get a page: {}", answer.text());
    }
}

#[test]
fn pages_do_not_tell_who_has_an_account() {
    let app = TestApp::new();
    let answers = |page: &str, fields: &dyn Fn(&str) -> Vec<(&'static str, String)>| {
        ["ada@holdall.test", "nobody@holdall.test"].map(|email| {
            let fields = fields(email);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = Browser::new(&app).submit(&format!("{PAGES}/{page}"), &fields);
            let text = stable(&answer).replace(email, "");
            (answer.status, answer.header("Location").map(str::to_owned), text)
        })
    };
    let [known, unknown] = answers("forgot", &|email| vec![("email", email.to_owned())]);
    assert_eq!((known.0, &known), (303, &unknown));
    let wrong = |email: &str| vec![("identity", email.to_owned()), ("password", "not the password".to_owned())];
    let [known, unknown] = answers("sign-in", &wrong);
    assert_eq!((known.0, &known), (400, &unknown));
    let sign_up = |email: &str| {
        let password = || "a good password".to_owned();
        let handle = format!("h{}", email.len());
        vec![("email", email.to_owned()), ("handle", handle), ("password", password()), ("passwordConfirm", password())]
    };
    let [known, unknown] = answers("sign-up", &sign_up);
    assert_eq!((known.0, &known), (303, &unknown));
    // And of the two only one was made.
    assert_eq!(app.as_superuser().find("people", "handle ~ 'h1%'", "email"), ["nobody@holdall.test"]);
}

#[test]
fn signing_up_takes_nothing_but_what_the_form_asks_for() {
    let app = TestApp::new();
    let fields = [
        ("email", "new@holdall.test"),
        ("handle", "new"),
        ("password", PASSWORD),
        ("passwordConfirm", PASSWORD),
        ("verified", "true"),
        ("role", "manager"),
        ("badge", "gold"),
        ("banned", "true"),
        ("id", "chosen000000000"),
        ("tokenKey", "x"),
        ("@jsonPayload", "{\"role\": \"manager\"}"),
    ];
    let answer = Browser::new(&app).submit(&format!("{PAGES}/sign-up"), &fields);
    assert_eq!(location(&answer), "/auth/people/sign-up/done");
    let found = app.as_superuser().items("people", &[("filter", "handle = 'new'")]);
    let [person] = found.as_slice() else { panic!("{found:?}") };
    for (name, expect) in
        [("verified", json!(false)), ("role", json!("")), ("badge", json!("")), ("banned", json!(false))]
    {
        assert_eq!(person[name], expect, "{name}");
    }
    assert_ne!(person["id"], "chosen000000000");
}

#[test]
fn values_come_back_escaped_and_passwords_not_at_all() {
    let app = TestApp::new();
    let attack = "\"><script>alert(1)</script>{{ 'zzy' ~ 'zx' }}";
    let fields = [("email", attack), ("handle", attack), ("password", "pass<word>1"), ("passwordConfirm", "other")];
    let answer = Browser::new(&app).submit(&format!("{PAGES}/sign-up"), &fields);
    let page = answer.text();
    assert_eq!(answer.status, 400);
    assert!(page.contains("&quot;&gt;&lt;script&gt;alert(1)"), "{page}");
    assert!(!page.contains("<script>") && !page.contains("zzyzx") && !page.contains("pass&lt;word"), "{page}");
    for path in ["reset", "verify", "change-email"] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("token", attack).finish();
        let page = app.guest().get(&format!("{PAGES}/{path}?{query}")).text();
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{path}: {page}");
    }
}

#[test]
fn people_go_only_where_they_may_be_sent() {
    let allow = |config: &mut Config| config.redirect_allow = vec!["https://app.example.com".to_owned()];
    let app = TestApp::configured(allow, Vec::new());
    for (target, expect) in [
        ("/todo?list=1", Some("/todo?list=1")),
        ("https://app.example.com/in", Some("https://app.example.com/in")),
        ("https://evil.example/", None),
        ("//evil.example", None),
        ("/\\evil.example", None),
        ("https://app.example.com@evil.example/", None),
        ("javascript:alert(1)", None),
        ("", None),
    ] {
        let mut browser = Browser::new(&app);
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("redirect", target).finish();
        let page = browser.open(&format!("{PAGES}/sign-in?{query}"));
        let policy = page.header("Content-Security-Policy").expect("a policy");
        let leads_away = policy.contains("form-action 'self' https://app.example.com;");
        assert_eq!(leads_away, expect.is_some_and(|to| to.starts_with("https:")), "{target}: {policy}");
        assert_eq!(page.text().contains("name=\"redirect\""), expect.is_some(), "{target}");
        // What comes with the form is checked anew.
        let fields = [("identity", "ada"), ("password", PASSWORD), ("redirect", target)];
        let answer = browser.send(&format!("{PAGES}/sign-in"), &csrf(&page.text()), &fields);
        assert_eq!(location(&answer), expect.unwrap_or("/auth/people/account"), "{target}");
    }
}

#[test]
fn an_account_belongs_to_one_collection() {
    let app = TestApp::new();
    let mut browser = Browser::new(&app);
    browser.sign_in("ada", PASSWORD);
    for page in ["account", "account/password", "account/email", "account/app", "account/recovery-codes"] {
        assert_eq!(browser.open(&format!("{PAGES}/{page}")).status, 200, "{page}");
        for other in ["staff", "_superusers"] {
            let answer = browser.open(&format!("/auth/{other}/{page}"));
            assert!(location(&answer).starts_with(&format!("/auth/{other}/sign-in")), "{other}/{page}");
        }
    }
    let mut root = Browser::new(&app);
    let fields = [("identity", ROOT), ("password", PASSWORD)];
    assert_eq!(location(&root.submit("/auth/_superusers/sign-in", &fields)), "/auth/_superusers/account");
}

#[test]
fn pages_speak_the_visitors_language_and_forbid_what_they_do_not_need() {
    let app = TestApp::new();
    for (language, expect) in [("de-AT,en;q=0.5", "Anmelden"), ("en", "Sign in"), ("xx", "Sign in")] {
        let answer = app.guest().call(Method::Get, "/auth/people/sign-in").header("Accept-Language", language).send();
        assert!(answer.text().contains(&format!("<h1>{expect}</h1>")), "{language}");
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        let policy = answer.header("Content-Security-Policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
    let guest_page = app.guest().get("/auth/people/forgot");
    assert!(!guest_page.header("Content-Security-Policy").expect("a policy").contains("script-src"));
}

#[test]
fn themes_change_pages_and_broken_ones_do_not() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("files can be written");
    write("strings.json", r#"{"en": {"sign_in.title": "Come <in>"}}"#);
    write("form_page.html", "{% if %}");
    let theme = folder.path().to_str().expect("its name is text").to_owned();
    let app = TestApp::configured(|config| config.theme_dir = theme, Vec::new());
    assert!(app.guest().get("/auth/people/sign-in").text().contains("<h1>Come &lt;in&gt;</h1>"));
    assert_eq!(app.guest().get("/auth/people/forgot").status, 200);
    write("form_page.html", "<p>Ours: {{ title }}</p>");
    assert_eq!(app.guest().get("/auth/people/forgot").text(), "<p>Ours: Forgot your password?</p>");
}

#[test]
fn cookies_over_https_are_for_this_host_only() {
    let public = |config: &mut Config| config.public_url = Some("https://api.example.com".to_owned());
    let app = TestApp::configured(public, Vec::new());
    let mut browser = Browser::new(&app);
    let page = browser.open("/auth/people/sign-in");
    let fields = [("identity", "ada"), ("password", PASSWORD)];
    let signed_in = browser.send("/auth/people/sign-in", &csrf(&page.text()), &fields);
    let cookies: Vec<&String> = [&page, &signed_in]
        .into_iter()
        .flat_map(|answer| &answer.headers)
        .filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie"))
        .map(|(_, value)| value)
        .collect();
    for name in ["__Host-holdall_form=", "__Host-holdall_session="] {
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap_or_else(|| panic!("{cookies:?}"));
        for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[test]
fn a_step_that_is_due_is_kept_for_this_host_only() {
    for (address, expect) in
        [("https://api.example.com", "__Host-holdall_step="), ("http://127.0.0.1:8090", "holdall_step=")]
    {
        let careful = |config: &mut Config| {
            config.public_url = Some(address.to_owned());
            config.superuser_second_factor = Requirement::Required;
        };
        let app = TestApp::configured(careful, Vec::new());
        let mut root = Browser::new(&app);
        let fields = [("identity", ROOT), ("password", PASSWORD)];
        let first = root.submit("/auth/_superusers/sign-in", &fields);
        let mut cookies = first.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie"));
        let cookie = cookies.find(|(_, value)| value.starts_with(expect)).map(|(_, value)| value.as_str());
        let cookie = cookie.unwrap_or_else(|| panic!("{:?}", first.headers));
        for part in ["HttpOnly", "SameSite=Lax", "Path=/;"] {
            assert!(format!("{cookie};").contains(part), "{cookie}");
        }
        assert_eq!(cookie.contains("Secure"), address.starts_with("https:"), "{cookie}");
        let page = root.open("/auth/_superusers/second-factor");
        assert_eq!(page.status, 200, "the page finds the step: {}", page.text());
    }
}

#[test]
fn the_shortest_address_leads_in() {
    let app = TestApp::new();
    let mut ada = Browser::new(&app);
    ada.sign_in("ada@holdall.test", PASSWORD);
    let mut guest = Browser::new(&app);
    for (path, expect) in [
        ("/auth/people", "/auth/people/sign-in"),
        ("/auth/people/", "/auth/people/sign-in"),
        ("/auth/people?redirect=/todo%3Fx", "/auth/people/sign-in?redirect=%2Ftodo%3Fx"),
        ("/auth/people/?redirect=/todo", "/auth/people/sign-in?redirect=%2Ftodo"),
        ("/auth/people/?redirect=https://evil.example/", "/auth/people/sign-in"),
    ] {
        assert_eq!(location(&guest.open(path)), expect, "{path}");
        assert_eq!(location(&ada.open(path)), "/auth/people/account", "{path}");
    }
    assert_eq!(guest.open("/auth/missing/").status, 404);
}

#[test]
fn the_account_page_lists_and_ends_sessions() {
    let app = TestApp::new();
    let (mut here, mut there) = (Browser::new(&app), Browser::new(&app));
    here.sign_in("ada", PASSWORD);
    there.sign_in("ada", PASSWORD);
    let page = here.open(&format!("{PAGES}/account")).text();
    assert_eq!(page.matches("last used").count(), 2, "{page}");
    let id =
        page.split("name=\"id\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("one can be ended");
    let mut eve = Browser::new(&app);
    eve.sign_in("eve", PASSWORD);
    let eves_token = csrf(&eve.open(&format!("{PAGES}/account")).text());
    eve.send(&format!("{PAGES}/account/end"), &eves_token, &[("id", id)]);
    assert_eq!(there.open(&format!("{PAGES}/account")).status, 200, "it isn't Eve's to end");
    here.send(&format!("{PAGES}/account/end"), &csrf(&page), &[("id", id)]);
    assert!(location(&there.open(&format!("{PAGES}/account"))).contains("/sign-in"));
}

/// A JSON answer would tell more than a page does.
#[test]
fn failures_are_pages() {
    let app = TestApp::new();
    for path in ["/auth/missing/sign-in", "/auth/people/code", "/_/setup/guess"] {
        let answer = app.guest().get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("<h1>Nothing here</h1>"), "{path}: {}", answer.text());
        assert!(serde_json::from_slice::<Json>(&answer.body).is_err(), "{path}");
    }
}

#[test]
fn a_superuser_without_a_second_factor_is_made_to_set_one_up() {
    let required = |config: &mut Config| config.superuser_second_factor = Requirement::Required;
    let app = TestApp::configured(required, Vec::new());
    let mut root = Browser::new(&app);
    let fields = [("identity", ROOT), ("password", PASSWORD)];
    assert_eq!(location(&root.submit("/auth/_superusers/sign-in", &fields)), "/auth/_superusers/second-factor");
    assert!(!root.cookies.contains_key("holdall_session"));
    let page = root.open("/auth/_superusers/second-factor").text();
    let setup = root.send("/auth/_superusers/second-factor/app", &csrf(&page), &[]);
    assert_eq!(setup.status, 200, "{}", setup.text());
    assert!(setup.text().contains("<svg class=\"qr\""), "{}", setup.text());
    let wrong = root.send("/auth/_superusers/second-factor/app/confirm", &csrf(&setup.text()), &[("code", "000000x")]);
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    assert!(!root.cookies.contains_key("holdall_session"));
}

#[test]
fn a_second_step_without_a_first_leads_back() {
    let app = TestApp::new();
    assert_eq!(location(&Browser::new(&app).open("/auth/people/second-factor")), "/auth/people/sign-in");
    let page = Browser::new(&app).open("/auth/people/sign-in?problem=oauth2").text();
    assert!(page.contains("Signing in with the other service"), "{page}");
    let page = Browser::new(&app).open("/auth/people/sign-in?problem=nonsense&done=nonsense").text();
    assert!(!page.contains("nonsense"), "{page}");
}
