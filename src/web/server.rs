//! Puts the Rocket server together and runs it.
//!
//! Called by the `serve` command and by the HTTP tests, who give it the application, the configuration and the routes
//! of the APIs. Rocket ends by itself on SIGINT and SIGTERM (unless configured otherwise) and lets requests finish;
//! closing the application after that is the caller's business.

use rocket::error::ErrorKind as LaunchErrorKind;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::shield::Shield;
use rocket::tokio::spawn;
use rocket::{Build, Rocket, Route, options, routes};

use crate::app::App;
use crate::base::{Error, Result};
use crate::web::activity::Activity;
use crate::web::headers::Headers;
use crate::web::page::templates::Theme;
use crate::web::{catchers, hosted, oauth2, pages};

/// What is decided outside of Rocket's own configuration.
pub struct WebOptions {
    /// Origins whose pages may read answers; `*` stands for every one.
    pub cors_origins: Vec<String>,
    /// The routes of the APIs, with full paths.
    pub routes: Vec<Route>,
    /// Called once, when the server listens.
    pub on_ready: Box<dyn FnOnce() + Send + Sync>,
}

/// The server, not started yet.
///
/// Of Rocket's configuration (`config`) these are set here: its log and colours are off (we have our own log), it
/// doesn't name itself in answers, and it believes no header about the client's address.
pub fn build(app: App, config: Figment, options: WebOptions) -> Rocket<Build> {
    let config = Figment::from(rocket::Config::default())
        .merge(("log_level", "off"))
        .merge(("cli_colors", false))
        .merge(("ident", false))
        .merge(("ip_header", false))
        .merge(config);
    let on_ready = options.on_ready;
    let theme = Theme::open(&app.theme_dir());
    rocket::custom(config)
        .manage(app)
        .manage(theme)
        .mount("/", options.routes)
        .mount("/", routes![preflight])
        .mount("/", pages::routes())
        .mount("/", hosted::routes())
        .mount("/", oauth2::routes())
        .register("/", catchers::catchers())
        // Rocket's shield would be attached with headers of its own choice otherwise.
        .attach(Shield::new())
        .attach(Headers::new(options.cors_origins))
        // Behind the headers, which have the last word on method and status.
        .attach(Activity)
        .attach(AdHoc::on_liftoff("on_ready", |_| {
            Box::pin(async move {
                on_ready();
            })
        }))
}

/// Serves until the process is asked to stop, or the program has to start anew.
pub async fn run(app: App, config: Figment, options: WebOptions) -> Result<()> {
    // Rocket panics when an error of its launch is dropped without having been looked at, so every kind is.
    let Err(error) = launch(app, config, options).await else { return Ok(()) };
    match error.kind() {
        LaunchErrorKind::Bind(cause) | LaunchErrorKind::Io(cause) => {
            Err(Error::unavailable(format!("The server can't listen: {cause}")))
        }
        LaunchErrorKind::Config(cause) => {
            Err(Error::invalid(format!("The server's configuration isn't usable: {cause}")))
        }
        LaunchErrorKind::Shutdown(_, None) => {
            tracing::warn!("some connections were still open when the server stopped");
            Ok(())
        }
        other => Err(Error::internal(format!("the server failed: {other}"))),
    }
}

async fn launch(app: App, config: Figment, options: WebOptions) -> Result<(), rocket::Error> {
    let rocket = build(app.clone(), config, options).ignite().await?;
    let shutdown = rocket.shutdown();
    let watching = spawn(async move {
        app.restart_wanted().await;
        shutdown.notify();
    });
    let ended = rocket.launch().await;
    watching.abort();
    ended.map(|_| ())
}

/// Every OPTIONS request; the headers come from [`Headers`].
#[options("/<_..>")]
fn preflight() -> Status {
    Status::NoContent
}
