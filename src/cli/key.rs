//! `holdall key create|list|revoke`: API keys of superusers, for programs that look after the server.

use clap::{Args, Subcommand};
use serde_json::{Map, Value as Json};

use super::output;
use crate::app::{App, OwnedKey};
use crate::base::Result;
use crate::settings::Config;

pub const EXAMPLES: &str = "\
Examples:
  holdall key create ada@example.com 'Nightly export' --scope articles=list,view
  holdall key list
  holdall key revoke 2sa1p2d8fha0x9q";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an API key and print it, this once.
    #[command(
        after_help = "Example:\n  holdall key create ada@example.com 'Nightly export' --scope articles=list,view"
    )]
    Create(Form),
    /// Print the keys of all superusers: id, owner, last use, end, name.
    #[command(after_help = "Example:\n  holdall key list")]
    List,
    /// End a key.
    #[command(after_help = "Example:\n  holdall key revoke 2sa1p2d8fha0x9q")]
    Revoke {
        /// The key's id, which `list` prints and which is the part of the key after `holdall_`.
        id: String,
    },
}

/// What the key is to be.
#[derive(Args, Debug)]
pub struct Form {
    /// The superuser's e-mail address.
    email: String,
    /// What to call the key.
    name: String,
    /// What it may do to a collection, or to `*`: list, view, create, update, delete. May be given several times.
    #[arg(long, value_name = "COLLECTION=VERB,...", value_parser = entry, required_unless_present = "all")]
    scope: Vec<(String, Vec<String>)>,
    /// Let it do whatever the superuser may.
    #[arg(long, conflicts_with = "scope")]
    all: bool,
    /// When it ends, such as 2030-01-31T12:00:00Z; without this, never.
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
}

/// One `COLLECTION=VERB,VERB`.
fn entry(text: &str) -> std::result::Result<(String, Vec<String>), String> {
    let (collection, verbs) = text.split_once('=').ok_or("write COLLECTION=VERB,VERB, such as articles=list,view")?;
    Ok((collection.to_owned(), verbs.split(',').map(|verb| verb.trim().to_owned()).collect()))
}

impl Form {
    /// The form as the interface takes it.
    fn body(self) -> Map<String, Json> {
        let scope = match self.all {
            true => Json::Null,
            false => self.scope.into_iter().map(|(collection, verbs)| (collection, Json::from(verbs))).collect(),
        };
        Map::from_iter([
            ("name".to_owned(), Json::from(self.name)),
            ("scope".to_owned(), scope),
            ("expires".to_owned(), Json::from(self.expires)),
        ])
    }
}

/// Runs the command on the data folder of `config`.
pub async fn run(command: Command, config: &Config) -> Result<()> {
    let app = App::open(config)?;
    let result = apply(&app, command).await;
    app.close();
    output::print(&result?)
}

/// Does it and says what was done. A new key is all that is printed, so that scripts can keep it.
async fn apply(app: &App, command: Command) -> Result<String> {
    match command {
        Command::Create(form) => {
            let email = form.email.clone();
            Ok(format!("{}\n", app.create_superuser_key(&email, form.body()).await?.expose()))
        }
        Command::List => Ok(app.superuser_keys().await?.iter().map(line).collect()),
        Command::Revoke { id } => {
            app.revoke_key(id.clone()).await?;
            Ok(format!("The API key {id} was revoked.\n"))
        }
    }
}

fn line(OwnedKey { email, key }: &OwnedKey) -> String {
    let or = |text: &str, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text.to_owned() };
    let (used, ends) = (or(&key.last_used, "never used"), or(&key.expires, "no end"));
    format!("{}\t{email}\t{used}\t{ends}\t{}\n", key.id, key.name)
}
