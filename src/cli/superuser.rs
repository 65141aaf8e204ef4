//! `holdall superuser create|upsert|update|delete|reset-factors|list|ips`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::{Args, Subcommand};

use super::output;
use crate::app::{App, superusers};
use crate::base::{Error, IpRange, Result, Secret};
use crate::settings::Config;

pub const EXAMPLES: &str = "\
Examples:
  holdall superuser create ada@example.com
  holdall superuser upsert ada@example.com - < password.txt
  holdall superuser reset-factors ada@example.com
  holdall superuser list
  holdall superuser ips 203.0.113.7";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a superuser.
    #[command(after_help = "Example:\n  holdall superuser create ada@example.com")]
    Create(Account),
    /// Create a superuser, or set the password of the one with this address.
    #[command(after_help = "Example:\n  holdall superuser upsert ada@example.com - < password.txt")]
    Upsert(Account),
    /// Set a superuser's password and sign them out everywhere.
    #[command(after_help = "Example:\n  holdall superuser update ada@example.com")]
    Update(Account),
    /// Delete a superuser; the last one can't be deleted.
    #[command(after_help = "Example:\n  holdall superuser delete ada@example.com")]
    Delete {
        /// The superuser's e-mail address.
        email: String,
    },
    /// Remove all second factors of a superuser who has lost them.
    #[command(after_help = "Example:\n  holdall superuser reset-factors ada@example.com")]
    ResetFactors {
        /// The superuser's e-mail address.
        email: String,
    },
    /// Print the superusers' addresses, one per line.
    #[command(after_help = "Example:\n  holdall superuser list")]
    List,
    /// Say from which IP addresses and networks superusers are let in; without any, from everywhere.
    ///
    /// A server that runs on the same data folder follows within seconds.
    #[command(after_help = "Examples:\n  holdall superuser ips 203.0.113.7 10.0.0.0/8\n  holdall superuser ips")]
    Ips {
        /// Addresses and networks; they take the place of those before.
        ranges: Vec<IpRange>,
    },
}

/// Whom to create or change.
#[derive(Args)]
pub struct Account {
    /// The superuser's e-mail address.
    email: String,
    /// The password; `-` reads a line from standard input. Without it, superuser_password of the configuration is
    /// taken (HOLDALL_SUPERUSER_PASSWORD or HOLDALL_SUPERUSER_PASSWORD_FILE), or else you are asked.
    password: Option<String>,
}

/// Written by hand so that no password can end up in a log or a message.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Runs the command on the data folder of `config`.
pub async fn run(command: Command, config: &Config) -> Result<()> {
    // Ask first: nobody should wait at a prompt while the database is open.
    let password = match &command {
        Command::Create(account) | Command::Upsert(account) | Command::Update(account) => password(account, config)?,
        Command::Delete { .. } | Command::ResetFactors { .. } | Command::List | Command::Ips { .. } => {
            Secret::default()
        }
    };
    let app = App::open(config)?;
    let result = apply(&app, command, password).await;
    app.close();
    output::print(&result?)
}

/// Does it and says what was done.
async fn apply(app: &App, command: Command, password: Secret) -> Result<String> {
    match command {
        Command::Create(Account { email, .. }) => {
            superusers::create(app, &email, password).await?;
            Ok(format!("The superuser {email} was created.\n"))
        }
        Command::Upsert(Account { email, .. }) => {
            superusers::upsert(app, &email, password).await?;
            Ok(format!("The superuser {email} was saved.\n"))
        }
        Command::Update(Account { email, .. }) => {
            superusers::update(app, &email, password).await?;
            Ok(format!("The password of the superuser {email} was changed.\n"))
        }
        Command::Delete { email } => {
            superusers::delete(app, &email).await?;
            Ok(format!("The superuser {email} was deleted.\n"))
        }
        Command::ResetFactors { email } => Ok(match superusers::reset_factors(app, &email).await? {
            true => format!("The superuser {email} has no second factors any more.\n"),
            false => format!("The superuser {email} had no second factors.\n"),
        }),
        Command::Ips { ranges } => {
            let texts: Vec<&str> = ranges.iter().map(IpRange::as_str).collect();
            let patch = serde_json::Map::from_iter([("superuserIPs".to_owned(), texts.clone().into())]);
            app.change_settings(&patch).await?;
            Ok(match texts.as_slice() {
                [] => "Superusers are let in from everywhere.\n".to_owned(),
                texts => format!("Superusers are let in from {} only.\n", texts.join(", ")),
            })
        }
        Command::List => Ok(superusers::list(app).await?.iter().map(|email| format!("{email}\n")).collect()),
    }
}

fn password(account: &Account, config: &Config) -> Result<Secret> {
    let password = match account.password.as_deref() {
        Some("-") => read_line()?,
        Some(text) => Secret::new(text),
        None if !config.superuser_password.is_empty() => config.superuser_password.clone(),
        None if std::io::stdin().is_terminal() => ask(&account.email)?,
        None => read_line()?,
    };
    if password.is_empty() { Err(Error::invalid("The password can't be empty.")) } else { Ok(password) }
}

fn read_line() -> Result<Secret> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Error::invalid(format!("The password can't be read from standard input: {error}.")))?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

/// Asks on the terminal, on standard error so that a redirected standard output stays clean.
fn ask(email: &str) -> Result<Secret> {
    let mut screen = std::io::stderr().lock();
    let _ = write!(screen, "Password for {email}: ");
    let _ = screen.flush();
    let quiet = Quiet::start();
    let line = read_line();
    if quiet.0 {
        let _ = writeln!(screen);
    }
    line
}

/// While it lives, the terminal doesn't show what is typed, as far as `stty` can be had.
struct Quiet(bool);

impl Quiet {
    fn start() -> Quiet {
        Quiet(stty("-echo"))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if self.0 {
            stty("echo");
        }
    }
}

fn stty(setting: &str) -> bool {
    std::process::Command::new("stty").arg(setting).status().is_ok_and(|status| status.success())
}
