//! What the process was given: environment, flags, and where a `Rocket.toml` may lie.
//!
//! Gathered once at start, so that everything behind it is a function of its arguments and can be tested without
//! changing the real environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::base::{Error, Result};

/// The name of the configuration file.
pub const FILE_NAME: &str = "Rocket.toml";

/// The flags of the command line that take part in the configuration.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`: the configuration file.
    pub config: Option<PathBuf>,
    /// `--data`: the data folder.
    pub data: Option<PathBuf>,
    /// `serve --http`: where to listen.
    pub http: Option<SocketAddr>,
    /// `serve --domain`: the names to have certificates for.
    pub domains: Vec<String>,
}

/// Everything that the configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The environment's variables whose names start with `HOLDALL_` or `ROCKET_`.
    pub variables: Vec<(String, String)>,
    /// The folders in which a `Rocket.toml` is looked for, in this order; the first one found is used.
    pub folders: Vec<PathBuf>,
    /// The flags.
    pub flags: Flags,
}

impl Sources {
    /// The sources of this process.
    ///
    /// # Errors
    /// When a variable that concerns us isn't UTF-8.
    pub fn of_process(flags: Flags) -> Result<Sources> {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("HOLDALL_") || name.starts_with("ROCKET_"))
            else {
                continue;
            };
            let value = value.into_string().map_err(|_| Error::invalid(format!("{name} isn't valid UTF-8.")))?;
            variables.push((name.to_owned(), value));
        }
        // A fixed order makes messages and precedence the same on every machine.
        variables.sort();
        let program = std::env::current_exe().ok();
        let beside_program = program.as_deref().and_then(|path| path.parent()).map(PathBuf::from);
        let folders = std::env::current_dir().ok().into_iter().chain(beside_program).collect();
        Ok(Sources { variables, folders, flags })
    }

    /// The value of one variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The configuration file: named by `--config` or Rocket's `ROCKET_CONFIG`, else the first that is found.
    pub fn file(&self) -> Option<PathBuf> {
        let named = self.flags.config.clone().or_else(|| self.variable("ROCKET_CONFIG").map(PathBuf::from));
        named.or_else(|| self.folders.iter().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file()))
    }
}
