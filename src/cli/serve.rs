//! `holdall serve`: opens the app, prepares what a first start needs, and answers requests until it is stopped.

use std::net::SocketAddr;

use super::{notify, output};
use crate::app::{App, superusers};
use crate::base::Result;
use crate::demo;
use crate::front::{self, Front};
use crate::logs::ProgramLog;
use crate::settings::{Config, Settings};
use crate::web::server::{self, WebOptions};
use crate::{admin, api};

/// Flags of `serve`, which may also stand without it.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
#[command(after_help = "\
Examples:
  holdall serve
  holdall serve --demo
  holdall serve --http 0.0.0.0:8090 --data /srv/holdall
  holdall serve --domain example.org --domain www.example.org")]
pub struct Args {
    /// Where to listen (default: 127.0.0.1:8090).
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub http: Option<SocketAddr>,
    /// A name that this server is reached by: it gets a certificate for it and speaks HTTPS. May be given again.
    #[arg(long, value_name = "NAME")]
    pub domain: Vec<String>,
    /// Fill an empty server with a small example: a neighbourhood's tool library.
    #[arg(long)]
    pub demo: bool,
}

/// Serves until the process is asked to stop, then closes the app; whether the program has to start anew.
/// The warnings and errors in `said` go to the log of requests.
pub async fn run(settings: Settings, said: ProgramLog, with_demo: bool) -> Result<bool> {
    let app = App::open(&settings.config)?;
    app.keep_program_log(said);
    let result = prepare_and_serve(&app, &settings, with_demo).await;
    app.finish_shipping().await;
    if !app.wants_restart() {
        notify::stopping();
    }
    app.close();
    result.map(|()| app.wants_restart())
}

async fn prepare_and_serve(app: &App, settings: &Settings, with_demo: bool) -> Result<()> {
    let config = &settings.config;
    let is_claimed = ensure_superuser(app, config).await?;
    if with_demo {
        let records = demo::records().into_iter().map(|record| (record.collection.to_owned(), record.body)).collect();
        app.seed(&demo::collections(), records).await?;
    }
    let setup_token = if is_claimed { None } else { app.setup_link_token() };
    let welcome = welcome(config, setup_token.as_deref(), with_demo);
    // Each connection, with the front even more than one, is an open file.
    front::raise_open_files();
    let front = match config.has_front() {
        true => Some(Front::bind(config).await?),
        false => None,
    };
    if let Some(front) = &front {
        app.add_figures(front.figures());
    }
    let (peers, stopper) = (front.as_ref().map(Front::peers), front.as_ref().map(Front::stopper));
    let stops = stopper.clone();
    let options = WebOptions {
        cors_origins: config.cors_origins.clone(),
        routes: [api::routes(), admin::routes()].concat(),
        peers,
        on_ready: Box::new(move |inner| {
            if let Some(front) = front {
                front.start(inner);
            }
            // Printed only once the port is ours, so that nobody is sent to an address where another program answers.
            // When nobody reads the output, the server is no worse for it.
            drop(output::print(&welcome));
            notify::ready();
        }),
        on_shutdown: Box::new(move || {
            if let Some(stopper) = stops {
                stopper.stop();
            }
        }),
    };
    app.start_background();
    let ended = server::run(app.clone(), settings.rocket(), options).await;
    if let Some(stopper) = stopper {
        stopper.finish().await;
    }
    ended
}

/// Whether there is a superuser. Unattended installs name the first one in the configuration, and it is made here;
/// later starts leave everything as it is.
async fn ensure_superuser(app: &App, config: &Config) -> Result<bool> {
    if !superusers::list(app).await?.is_empty() {
        return Ok(true);
    }
    let Some((email, password)) = config.first_superuser() else { return Ok(false) };
    superusers::create(app, email, password.clone()).await?;
    Ok(true)
}

/// What is printed once the server answers.
fn welcome(config: &Config, setup_token: Option<&str>, with_demo: bool) -> String {
    let url = config.base_url();
    let data_dir = std::path::absolute(&config.data_dir).unwrap_or_else(|_| config.data_dir.clone());
    let mut rows =
        vec![("API", format!("{url}/api/")), ("Pages", format!("{url}/")), ("Data", data_dir.display().to_string())];
    if with_demo {
        rows.push(("Demo", format!("sign in as {} with the password {}", demo::MEMBER_EMAIL, demo::PASSWORD)));
    }
    if let Some(token) = setup_token {
        rows.push(("Set-up", format!("{url}/_/setup/{token}")));
        rows.push(("", "Open this link within 30 minutes to make the first superuser. It works once.".to_owned()));
    }
    format!("Holdall {}\n\n{}", env!("CARGO_PKG_VERSION"), output::aligned(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Sources;

    #[test]
    fn the_welcome_shows_the_link_only_while_it_works() {
        let settings = Settings::load(&Sources::default()).expect("the defaults are valid");
        let without = welcome(&settings.config, None, false);
        assert!(without.contains("API    http://127.0.0.1:8090/api/\nPages  http://127.0.0.1:8090/\n"), "{without}");
        assert!(!without.contains("setup"));
        let with = welcome(&settings.config, Some("abc"), true);
        assert!(with.contains("http://127.0.0.1:8090/_/setup/abc"), "{with}");
        assert!(with.contains(demo::MEMBER_EMAIL), "{with}");
    }
}
