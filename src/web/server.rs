//! Puts the Rocket server together and runs it.
//!
//! Called by the `serve` command and by the HTTP tests, who give it the application, the configuration and the routes
//! of the APIs. Rocket ends by itself on SIGINT and SIGTERM (unless configured otherwise) and lets requests finish;
//! closing the application after that is the caller's business.

use std::net::SocketAddr;

use rocket::error::ErrorKind as LaunchErrorKind;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::figment::providers::Serialized;
use rocket::http::Status;
use rocket::shield::Shield;
use rocket::tokio::sync::oneshot;
use rocket::tokio::task::JoinHandle;
use rocket::tokio::{select, spawn};
use rocket::{Build, Rocket, Route, Shutdown, options, routes};

use crate::app::App;
use crate::base::{Error, Result};
use crate::web::activity::Activity;
use crate::web::assets::Compressed;
use crate::web::headers::Headers;
use crate::web::page::templates::Theme;
use crate::web::peer::{self, Peers};
use crate::web::{catchers, hosted, oauth2, pages, probes, setup};

/// What is decided outside of Rocket's own configuration.
pub struct WebOptions {
    /// Origins whose pages may read answers; `*` stands for every one.
    pub cors_origins: Vec<String>,
    /// The routes of the APIs, with full paths.
    pub routes: Vec<Route>,
    /// Where the front stands before the server: whom its connections speak for. The server then listens on a port of
    /// this machine that the system chooses, whatever the configuration says.
    pub peers: Option<Peers>,
    /// Called once, when the server listens, with its address.
    pub on_ready: Box<dyn FnOnce(SocketAddr) + Send + Sync>,
    /// Called once, when the server is about to stop.
    pub on_shutdown: Box<dyn FnOnce() + Send + Sync>,
}

/// The server, not started yet.
///
/// Of Rocket's configuration (`config`) these are set here: its log and colours are off (we have our own log), it
/// doesn't name itself in answers, and it believes no header about the client's address.
pub fn build(app: App, config: Figment, options: WebOptions) -> Rocket<Build> {
    let config = quiet().merge(config);
    let config = match options.peers {
        Some(_) => config.merge(Serialized::global("address", "127.0.0.1")).merge(Serialized::global("port", 0)),
        None => config,
    };
    let (on_ready, on_shutdown) = (options.on_ready, options.on_shutdown);
    let theme = Theme::open(&app.theme_dir());
    let rocket = match options.peers {
        // The first thing that happens to a request.
        Some(peers) => rocket::custom(config).manage(peers).attach(peer::Door).mount("/", peer::routes()),
        None => rocket::custom(config),
    };
    rocket
        .manage(app)
        .manage(theme)
        .manage(Compressed::default())
        .mount("/", options.routes)
        .mount("/", routes![preflight])
        .mount("/", pages::routes())
        .mount("/", setup::routes())
        .mount("/", probes::routes())
        .mount("/", hosted::routes())
        .mount("/", oauth2::routes())
        .register("/", catchers::catchers())
        // Rocket's shield would be attached with headers of its own choice otherwise.
        .attach(Shield::new())
        .attach(Headers::new(options.cors_origins))
        // Behind the headers, which have the last word on method and status.
        .attach(Activity)
        .attach(AdHoc::on_shutdown("ending", |rocket| {
            Box::pin(async move {
                if let Some(app) = rocket.state::<App>() {
                    app.note_ending();
                }
            })
        }))
        .attach(AdHoc::on_liftoff("on_ready", |rocket| {
            let listens = SocketAddr::new(rocket.config().address, rocket.config().port);
            Box::pin(async move { on_ready(listens) })
        }))
        .attach(AdHoc::on_shutdown("on_shutdown", |_| Box::pin(async move { on_shutdown() })))
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

/// Rocket's own defaults but for what would speak or believe too much.
fn quiet() -> Figment {
    Figment::from(rocket::Config::default())
        .merge(("log_level", "off"))
        .merge(("cli_colors", false))
        .merge(("ident", false))
        .merge(("ip_header", false))
}

/// The server for programs that watch this one, if there is to be one. It ends after the other one.
struct Watchers {
    shutdown: Shutdown,
    ended: JoinHandle<Result<(), rocket::Error>>,
}

impl Watchers {
    /// Returns when it listens.
    async fn start(app: &App, address: SocketAddr) -> Result<Watchers, rocket::Error> {
        // The signals are the other server's: while it answers what is under way, this one says that it is ending.
        let config = quiet()
            .merge(("address", address.ip()))
            .merge(("port", address.port()))
            .merge(("shutdown.ctrlc", false))
            .merge(("shutdown.signals", Vec::<String>::new()));
        let (listens, listening) = oneshot::channel();
        let on_liftoff = AdHoc::on_liftoff("listens", |_| {
            Box::pin(async move {
                // If nobody waits for it any more, the program is about to end.
                let _ = listens.send(());
            })
        });
        let rocket = probes::private(app.clone(), config).attach(on_liftoff).ignite().await?;
        let shutdown = rocket.shutdown();
        let mut ended = spawn(async move { rocket.launch().await.map(|_| ()) });
        select! {
            Ok(()) = listening => Ok(Watchers { shutdown, ended }),
            failed = &mut ended => match failed {
                Ok(Err(error)) => Err(error),
                _ => Ok(Watchers { shutdown, ended: spawn(async { Ok(()) }) }),
            },
        }
    }

    async fn end(self) {
        self.shutdown.notify();
        // Whoever watches comes again, so that an open connection of theirs is no loss.
        if let Ok(Err(error)) = self.ended.await {
            // Looked at here and not within the macro, which may leave it out: Rocket panics over unseen errors.
            let why = error.kind().to_string();
            tracing::debug!("the server for metrics ended: {why}");
        }
    }
}

async fn launch(app: App, config: Figment, options: WebOptions) -> Result<(), rocket::Error> {
    let watchers = match app.metrics_address() {
        Some(address) => Some(Watchers::start(&app, address).await?),
        None => None,
    };
    let ended = launch_main(app, config, options).await;
    if let Some(watchers) = watchers {
        watchers.end().await;
    }
    ended
}

async fn launch_main(app: App, config: Figment, options: WebOptions) -> Result<(), rocket::Error> {
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
