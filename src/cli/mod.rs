//! The command line: one file per command, all of them clients of the same services as the web.
//!
//! Called by `main`. Invariants: every failure ends with a status other than zero and a plain sentence on standard
//! error; standard output carries only what was asked for. Not here: what the commands do to data (that's in the
//! services) and how HTTP is answered (that's in `web`).

mod access;
mod backup;
mod bar;
mod collections;
mod config;
mod doctor;
mod export;
mod files;
mod health;
mod import;
mod key;
mod logging;
mod logs;
mod notify;
mod output;
mod restart;
mod restore;
mod rollback;
mod serve;
mod service;
mod superuser;
mod traces;
mod update;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::base::{Error, Result};
use crate::settings::{Config, Flags, Settings, Sources};
use traces::Traces;

/// A whole backend in one file: server, SQLite database, accounts, access rules and APIs.
#[derive(Debug, Parser)]
#[command(name = "holdall", version, about, after_help = EXAMPLES, disable_help_subcommand = true)]
struct Cli {
    /// Folder of everything that is kept (default: holdall_data).
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Configuration file (default: Rocket.toml here or beside the program).
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    serve: serve::Args,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  holdall                                     serve on 127.0.0.1:8090
  holdall serve --http 0.0.0.0:80             serve to everyone
  holdall serve --domain example.org          the same by HTTPS, with a certificate that it gets by itself
  holdall superuser create ada@example.com    make the first superuser; asks for the password
  holdall config show                         see every setting and where it comes from";

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer requests until stopped (the default command).
    Serve(serve::Args),
    /// Create, change, delete or list superusers.
    #[command(subcommand, after_help = superuser::EXAMPLES)]
    Superuser(superuser::Command),
    /// Make, list or revoke API keys of superusers.
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(key::Command),
    /// Write the collections' definitions to a file, or take them from one.
    #[command(subcommand, after_help = collections::EXAMPLES)]
    Collections(collections::Command),
    /// Make, list, test or restore backups.
    #[command(subcommand, after_help = backup::EXAMPLES)]
    Backup(backup::Command),
    /// Take over a data folder of PocketBase, or records from a CSV or JSON file.
    #[command(subcommand, after_help = import::EXAMPLES)]
    Import(import::Command),
    /// Write everything, or the records of one collection, as SQL, JSON or CSV.
    #[command(after_help = export::EXAMPLES)]
    Export(export::Args),
    /// Replace everything in the data folder by what it was at any moment that continuous backup has kept.
    ///
    /// No server may run on this data folder. What is restored is put together and checked first; if anything is wrong
    /// with it, nothing changes.
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::Args),
    /// Check the stored files.
    #[command(subcommand, after_help = files::EXAMPLES)]
    Files(files::Command),
    /// Look at the log of requests.
    #[command(subcommand, after_help = logs::EXAMPLES)]
    Logs(logs::Command),
    /// Return to the data as it was before an upgrade.
    Rollback(rollback::Args),
    /// Say whether there is a newer version.
    #[command(subcommand, after_help = update::EXAMPLES)]
    Update(update::Command),
    /// Run the server as a service of this machine, by systemd.
    #[command(subcommand, after_help = service::EXAMPLES)]
    Service(service::Command),
    /// Ask the running server whether it is well.
    Health(health::Args),
    /// Look at configuration, data, access and machine, and say what should be done.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Args),
    /// Report what stands open to guests and to accounts.
    #[command(subcommand, after_help = access::EXAMPLES)]
    Access(access::Command),
    /// Check or show the configuration.
    #[command(subcommand, after_help = config::EXAMPLES, after_long_help = config::long_help())]
    Config(config::Command),
    /// Print the program's version.
    #[command(after_help = "Example:\n  holdall version")]
    Version,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = cli.check() {
        error.exit();
    }
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            // Nothing more can be done when standard error is gone.
            let _ = writeln!(std::io::stderr().lock(), "{}", output::failure(&error));
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    /// Refuses flags of `serve` in front of another command, where they would do nothing.
    fn check(&self) -> std::result::Result<(), clap::Error> {
        if self.command.is_some() && self.serve != serve::Args::default() {
            let message =
                "--http, --domain and --demo belong to `serve`; write them behind it, as in `holdall serve --demo`";
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, message));
        }
        Ok(())
    }

    fn run(self) -> Result<ExitCode> {
        let mut flags = Flags { config: self.config, data: self.data, ..Flags::default() };
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Version => output::print(concat!("holdall ", env!("CARGO_PKG_VERSION"), "\n"))?,
            Command::Config(command) => config::run(command, flags)?,
            Command::Doctor(args) => return doctor::run(&args, flags),
            Command::Access(command) => return access::run(command, &start(flags)?.config),
            Command::Service(command) => service::run(command, &flags)?,
            Command::Rollback(args) => rollback::run(&args, &start(flags)?.config)?,
            Command::Serve(args) => {
                (flags.http, flags.domains) = (args.http, args.domain);
                let settings = Settings::load(&Sources::of_process(flags)?)?;
                let runtime = runtime(settings.workers(), settings.max_blocking())?;
                let traces = {
                    let _entered = runtime.enter();
                    Traces::start(&settings.config)?
                };
                let said = logging::start(&settings.config, traces.as_ref());
                let ended = runtime.block_on(serve::run(settings, said, args.demo));
                if let Some(traces) = traces {
                    traces.end();
                }
                // What is still being done, such as the test of a backup, may be broken off anywhere.
                runtime.shutdown_background();
                if ended? {
                    return Err(restart::restart());
                }
            }
            Command::Health(args) => {
                flags.http = args.http;
                short(flags, async |config| health::run(config).await)?;
            }
            // Its exit status says more than whether it worked.
            Command::Update(command) => return short(flags, async |config| update::run(command, config).await),
            Command::Superuser(command) => short(flags, async |config| superuser::run(command, config).await)?,
            Command::Key(command) => short(flags, async |config| key::run(command, config).await)?,
            Command::Import(command) => short(flags, async |config| import::run(command, config).await)?,
            Command::Export(args) => short(flags, async |config| export::run(args, config).await)?,
            Command::Files(command) => short(flags, async |config| files::run(command, config).await)?,
            Command::Logs(command) => short(flags, async |config| logs::run(command, config).await)?,
            Command::Restore(args) => short(flags, async |config| restore::run(args, config).await)?,
            Command::Backup(command) => short(flags, async |config| backup::run(command, config).await)?,
            Command::Collections(command) => short(flags, async |config| collections::run(command, config).await)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs a command that does one thing and ends, with the configuration.
fn short<T>(flags: Flags, job: impl AsyncFnOnce(&Config) -> Result<T>) -> Result<T> {
    let settings = start(flags)?;
    runtime(1, settings.max_blocking())?.block_on(job(&settings.config))
}

/// Loads the configuration and starts the log.
fn start(flags: Flags) -> Result<Settings> {
    let settings = Settings::load(&Sources::of_process(flags)?)?;
    logging::start(&settings.config, None);
    Ok(settings)
}

/// The runtime of a command. Built by hand, because its size is configuration.
fn runtime(workers: usize, max_blocking: usize) -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(max_blocking)
        .thread_name("holdall-worker")
        .enable_all()
        .build()
        .map_err(Error::internal)
}

#[cfg(test)]
mod tests;
