//! The whole program behind Rocket's local client: no socket, but everything else is as in the real server.
//!
//! A test opens a [`TestApp`] on a data folder of its own, which is a copy of a template that is made once per process
//! (`fixture.rs`), takes a principal of it (`guest()`, `as_user("ada")`, `as_superuser()`) and sends requests:
//! `app.guest().get("/api/health").expect(200)`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdall::app::App;
use holdall::domain::Schema;
use holdall::settings::{Config, Settings, Sources};
use holdall::store::{Store, StoreOptions};
use holdall::web::server::{WebOptions, build};
use holdall::{admin, api, collections};
use rocket::futures::future::join_all;
use rocket::http::{Cookie, Header, Method};
use rocket::local::asynchronous::{Client, LocalRequest, LocalResponse};
use rocket::tokio::io::AsyncReadExt;
use rocket::{Build, Rocket, Route};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::fixture::{Template, template};

/// A running program on a data folder of its own.
pub struct TestApp {
    /// Taken out while the program is restarted.
    running: Option<Running>,
    folder: TempDir,
    template: Option<&'static Template>,
}

struct Running {
    app: App,
    client: Client,
    runtime: Runtime,
}

impl TestApp {
    /// With the collections and people of the fixture.
    pub fn new() -> TestApp {
        TestApp::configured(|_| {}, Vec::new())
    }

    /// The same, with a configuration of its own and more routes.
    pub fn configured(configure: impl FnOnce(&mut Config), routes: Vec<Route>) -> TestApp {
        let template = template();
        let folder = template.copy();
        let running = Running::start(folder.path(), configure, routes);
        TestApp { running: Some(running), folder, template: Some(template) }
    }

    /// A server that nobody has set up: no collections but the system's, no people.
    pub fn empty() -> TestApp {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        TestApp { running: Some(Running::start(folder.path(), |_| {}, Vec::new())), folder, template: None }
    }

    /// The program itself, for what the interface doesn't offer.
    pub fn app(&self) -> &App {
        &self.running().app
    }

    /// Where it keeps everything.
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The routes that are mounted.
    pub fn routes(&self) -> Vec<&Route> {
        self.running().client.rocket().routes().collect()
    }

    /// Waits for a future on the test's own runtime.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.running().runtime.block_on(future)
    }

    /// Asks again until `found`. The program's background work goes on only while its runtime runs.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut found: impl FnMut() -> bool) {
        const PATIENCE: Duration = Duration::from_secs(60);
        let begun = Instant::now();
        while !found() {
            assert!(begun.elapsed() < PATIENCE, "{what} never came");
            // Made inside of the runtime, where there is a clock to sleep by.
            self.wait(async { tokio::time::sleep(Duration::from_millis(5)).await });
        }
    }

    /// Nobody in particular.
    pub fn guest(&self) -> Principal<'_> {
        Principal { app: self, token: None }
    }

    /// Somebody of the fixture's collection `people`, by the handle.
    pub fn as_user(&self, handle: &str) -> Principal<'_> {
        self.with_token(self.token_of(handle))
    }

    /// The fixture's superuser.
    pub fn as_superuser(&self) -> Principal<'_> {
        self.with_token(self.token_of("root"))
    }

    /// Whoever this token names.
    pub fn with_token(&self, token: &str) -> Principal<'_> {
        Principal { app: self, token: Some(token.to_owned()) }
    }

    /// A token that somebody of the fixture has got by signing in; `root` is the superuser.
    pub fn token_of(&self, handle: &str) -> &str {
        let template = self.template.expect("an empty server has no people");
        template.tokens.get(handle).unwrap_or_else(|| panic!("nobody in the fixture is called {handle}"))
    }

    /// Sends all requests at once; the answers come in their order.
    pub fn at_once<'a>(&'a self, calls: impl IntoIterator<Item = Call<'a>>) -> Vec<Answer> {
        let calls: Vec<Call<'_>> = calls.into_iter().collect();
        self.wait(join_all(calls.into_iter().map(Call::dispatch)))
    }

    /// The configuration that it runs with, but for what a test has configured.
    pub fn config(&self) -> Config {
        configuration(self.folder.path(), |_| {}).config
    }

    /// Stops the program.
    pub fn stop(&mut self) {
        drop(self.running.take());
    }

    /// Stops the program if it runs, and starts it with another configuration.
    pub fn restart(&mut self, configure: impl FnOnce(&mut Config)) {
        self.stop();
        self.running = Some(Running::start(self.folder.path(), configure, Vec::new()));
    }

    /// Why the program, which is stopped, can't be started with a configuration; `None` if it can.
    pub fn try_open(&self, configure: &dyn Fn(&mut Config)) -> Option<String> {
        match App::open(&configuration(self.folder.path(), configure).config) {
            Ok(app) => {
                app.close();
                None
            }
            Err(error) => Some(error.message()),
        }
    }

    /// Stops the program, looks at its data folder, and starts it again.
    pub fn while_stopped<T>(&mut self, look: impl FnOnce(&Path) -> T) -> T {
        drop(self.running.take());
        let seen = look(self.folder.path());
        self.running = Some(Running::start(self.folder.path(), |_| {}, Vec::new()));
        seen
    }

    /// The definitions and the tables behind them say the same: every collection's fields are its columns, in order.
    #[track_caller]
    pub fn check_tables_fit_definitions(&mut self) {
        // What is asked of the file can't be answered from memory.
        let pairs = self.while_stopped(|folder| {
            let store = Store::open(StoreOptions::new(folder), collections::load_schema);
            let store = store.expect("the data folder opens again");
            let schema: Arc<Schema> = store.schema();
            let named = |name: &String| format!("SELECT * FROM \"{name}\"");
            let pair = |collection: &Arc<holdall::domain::Collection>| {
                let fields: Vec<String> = collection.fields.iter().map(|field| field.name.clone()).collect();
                let sql = named(&collection.name);
                let columns = store.read_blocking(move |tx| tx.columns(&sql));
                let columns = columns.map(|columns| columns.into_iter().map(|column| column.name).collect::<Vec<_>>());
                (collection.name.clone(), fields, columns)
            };
            schema.collections().iter().map(pair).collect::<Vec<_>>()
        });
        for (name, mut fields, columns) in pairs {
            let mut columns = columns.unwrap_or_else(|error| panic!("{name}: {}", error.log_text()));
            fields.sort();
            columns.sort();
            assert_eq!(columns, fields, "the table of {name} and its definition");
        }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the program runs")
    }
}

impl Running {
    fn start(data_dir: &Path, configure: impl FnOnce(&mut Config), more: Vec<Route>) -> Running {
        let settings = configuration(data_dir, configure);
        let (rocket_settings, config) = (settings.rocket(), settings.config);
        let app = App::open(&config).expect("the data folder opens");
        let routes = [api::routes(), admin::routes(), more].concat();
        let options = WebOptions {
            cors_origins: config.cors_origins,
            routes,
            peers: None,
            on_ready: Box::new(|_| ()),
            on_shutdown: Box::new(|| ()),
        };
        let rocket: Rocket<Build> = build(app.clone(), rocket_settings, options);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        runtime.block_on(async { app.start_background() });
        let client = runtime.block_on(Client::untracked(rocket)).expect("the server can be built");
        Running { app, client, runtime }
    }
}

/// As `serve` loads it, with an empty environment.
fn configuration(data_dir: &Path, configure: impl FnOnce(&mut Config)) -> Settings {
    let mut settings = Settings::load(&Sources::default()).expect("the defaults are a configuration");
    settings.config.data_dir = data_dir.to_owned();
    settings.config.readers = 2;
    configure(&mut settings.config);
    settings
}

impl Drop for Running {
    fn drop(&mut self) {
        self.app.close();
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Principal<'a> {
    app: &'a TestApp,
    token: Option<String>,
}

impl<'a> Principal<'a> {
    pub fn get(&self, path: &str) -> Answer {
        self.call(Method::Get, path).send()
    }

    pub fn post(&self, path: &str, body: Json) -> Answer {
        self.call(Method::Post, path).json(&body).send()
    }

    pub fn patch(&self, path: &str, body: Json) -> Answer {
        self.call(Method::Patch, path).json(&body).send()
    }

    pub fn put(&self, path: &str, body: Json) -> Answer {
        self.call(Method::Put, path).json(&body).send()
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.call(Method::Delete, path).send()
    }

    /// Several requests as one; see [`item`].
    pub fn batch(&self, requests: &[Json]) -> Answer {
        self.post("/api/batch", json!({"requests": requests}))
    }

    /// A request as the only one of a batch, with the answer that it gets there.
    #[track_caller]
    pub fn alone_in_batch(&self, request: Json) -> Answer {
        let answer = self.batch(&[request]);
        let body = answer.json();
        let (status, body) = match answer.status {
            200 => (&body[0]["status"], body[0]["body"].clone()),
            _ => (
                &body["data"]["requests"]["0"]["response"]["status"],
                body["data"]["requests"]["0"]["response"].clone(),
            ),
        };
        let status = status.as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.unwrap_or_else(|| panic!("{}: {}", answer.what, answer.text()));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Answer { status, body, ..answer }
    }

    /// A page of records; `query` is not encoded yet.
    pub fn list(&self, collection: &str, query: &[(&str, &str)]) -> Answer {
        self.get(&url(&records(collection), query))
    }

    /// The items of a page, which must be there.
    #[track_caller]
    pub fn items(&self, collection: &str, query: &[(&str, &str)]) -> Vec<Json> {
        let page = self.list(collection, query).expect(200);
        page["items"].as_array().expect("a list has items").clone()
    }

    /// One field of every record that a filter finds, in the order of `sort`.
    #[track_caller]
    pub fn find(&self, collection: &str, filter: &str, field: &str) -> Vec<String> {
        let query = [("filter", filter), ("sort", field), ("perPage", "1000")];
        self.items(collection, &query).iter().map(|item| text(&item[field])).collect()
    }

    #[track_caller]
    pub fn view(&self, collection: &str, id: &str) -> Json {
        self.get(&record(collection, id)).expect(200)
    }

    /// Creates a record, which must be possible.
    #[track_caller]
    pub fn create(&self, collection: &str, body: Json) -> Json {
        self.post(&records(collection), body).expect(200)
    }

    /// Changes a record, which must be possible.
    #[track_caller]
    pub fn update(&self, collection: &str, id: &str, body: Json) -> Json {
        self.patch(&record(collection, id), body).expect(200)
    }

    /// A request to be sent later, or with more to it.
    pub fn call(&self, method: Method, path: &str) -> Call<'a> {
        let mut headers = Vec::new();
        if let Some(token) = &self.token {
            headers.push(("Authorization".to_owned(), token.clone()));
        }
        Call { app: self.app, method, path: path.to_owned(), headers, body: Vec::new(), address: None }
    }
}

/// A request.
#[derive(Clone)]
pub struct Call<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    address: Option<SocketAddr>,
}

impl<'a> Call<'a> {
    /// The address that the connection comes from.
    pub fn from(mut self, ip: &str) -> Self {
        self.address = Some(SocketAddr::new(ip.parse().expect("an address"), 40_000));
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn json(self, body: &Json) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub fn raw(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    pub fn send(self) -> Answer {
        let app = self.app;
        app.wait(self.dispatch())
    }

    /// Sends the request, does something else while its body is on the way, and reads that.
    pub fn send_and(self, meanwhile: impl FnOnce()) -> Answer {
        let app = self.app;
        let what = format!("{} {}", self.method, self.path);
        let response = app.wait(self.request().dispatch());
        meanwhile();
        let status = response.status().code;
        Answer { what, status, headers: Vec::new(), body: app.wait(response.into_bytes()).unwrap_or_default() }
    }

    /// Sends the request and leaves the body to be read piece by piece.
    pub fn open(self) -> Stream<'a> {
        let app = self.app;
        Stream { app, response: app.wait(self.request().dispatch()), read: String::new() }
    }

    fn request(self) -> LocalRequest<'a> {
        let mut request = self.app.running().client.req(self.method, self.path).body(self.body);
        if let Some(address) = self.address {
            request.set_remote(address);
        }
        for (name, value) in self.headers {
            if name.eq_ignore_ascii_case("Cookie") {
                // A local client keeps cookies apart from headers.
                request = request.cookies(value.split("; ").filter_map(|pair| Cookie::parse(pair.to_owned()).ok()));
            }
            request.add_header(Header::new(name, value));
        }
        request
    }

    /// Sends the request, beside others that are sent meanwhile.
    pub async fn dispatch(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        let response = self.request().dispatch().await;
        let headers = response.headers().iter();
        let headers = headers.map(|header| (header.name().as_str().to_owned(), header.value().to_owned())).collect();
        let status = response.status().code;
        let body = response.into_bytes().await.unwrap_or_default();
        Answer { what, status, headers, body }
    }
}

/// An answer that is still being sent: server-sent events.
pub struct Stream<'a> {
    app: &'a TestApp,
    response: LocalResponse<'a>,
    read: String,
}

impl Stream<'_> {
    pub fn status(&self) -> u16 {
        self.response.status().code
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get_one(name).map(str::to_owned)
    }

    /// The next event as it was sent, without the blank line after it; `None` at the end of the stream.
    pub fn event(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let event = event.to_owned();
                self.read = rest.to_owned();
                return Some(event);
            }
            let mut piece = [0; 4096];
            let size = self.app.wait(self.response.read(&mut piece)).expect("the stream can be read");
            if size == 0 {
                return None;
            }
            self.read.push_str(std::str::from_utf8(&piece[..size]).expect("events are text"));
        }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request, for messages of failing tests.
    pub what: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON (`null` if it is empty), if the status is the expected one. Errors must be the envelope.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        let body = self.json();
        if status >= 400 {
            assert_eq!(body["status"], status, "{}: {body}", self.what);
            assert!(body["message"].is_string() && body["data"].is_object(), "{}: {body}", self.what);
        }
        body
    }

    /// A 400 with exactly these field errors, written `name code`, sorted.
    #[track_caller]
    pub fn expect_codes(&self, expect: &[&str]) {
        let body = self.expect(400);
        let mut found = Vec::new();
        collect_codes("", &body["data"], &mut found);
        assert_eq!(found, expect, "{}: {body}", self.what);
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        if self.body.is_empty() {
            return Json::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.text()))
    }
}

fn collect_codes(path: &str, data: &Json, found: &mut Vec<String>) {
    for (name, error) in data.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match error["code"].as_str() {
            Some(code) => found.push(format!("{path} {code}")),
            None => collect_codes(&path, error, found),
        }
    }
}

// ---------------------------------------------------------------------------------------------------------- addresses

/// The address of a collection's records.
pub fn records(collection: &str) -> String {
    format!("/api/collections/{}/records", segment(collection))
}

/// The address of a record.
pub fn record(collection: &str, id: &str) -> String {
    format!("{}/{}", records(collection), segment(id))
}

/// The address of a collection's definition.
pub fn collection(name: &str) -> String {
    format!("/api/collections/{}", segment(name))
}

/// One segment of a path, whatever it holds.
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// An address with a query.
pub fn url(path: &str, query: &[(&str, &str)]) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{query}")
}

// --------------------------------------------------------------------------------------------------------------- JSON

/// Text as it is, everything else as its JSON.
pub fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A request of a batch.
pub fn item(method: &str, url: &str, body: Json) -> Json {
    json!({"method": method, "url": url, "body": body})
}

/// A base collection that everybody may do everything with.
pub fn open_collection(name: &str, fields: Json) -> Json {
    json!({
        "name": name, "type": "base", "fields": fields,
        "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
    })
}

/// An id as long as ids are: `id("ada")` is `ada000000000000`.
pub fn id(name: &str) -> String {
    format!("{name:0<15}")
}
