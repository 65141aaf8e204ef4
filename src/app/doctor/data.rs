//! The data folder: who may look into it, and whether its databases are whole.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Finding, Grade};
use crate::app::logs::DIALECT;
use crate::base::Result;
use crate::collections;
use crate::domain::Schema;
use crate::monitor::machine;
use crate::settings::Config;
use crate::settings::stored::Stored;
use crate::store::{self, Database, DatabaseCopy, Quick};

/// How long the check of one database may take.
const CHECK_MAX: Duration = Duration::from_secs(20);
/// The oldest SQLite without a fault that could damage the write-ahead log.
const SQLITE_MIN: [u32; 3] = [3, 51, 3];
/// The bits of a file's mode that let strangers read, write and enter.
const OTHERS: u32 = 0o007;
const GROUP: u32 = 0o070;

/// One of the databases, if it is there.
pub fn open(config: &Config, database: Database) -> Option<Result<DatabaseCopy>> {
    let file = config.data_dir.join(database.file_name());
    file.is_file().then(|| DatabaseCopy::look(&file))
}

/// The collections in a database.
pub fn schema(copy: &DatabaseCopy) -> Result<Arc<Schema>> {
    copy.schema(collections::load_schema)
}

/// The configuration with what the settings in the database say; `None` if they can't be read, which other checks tell
/// of.
pub fn with_settings(config: &Config) -> Option<Config> {
    let copy = open(config, Database::Data)?.ok()?;
    let stored = copy.read(|tx| Stored::load(tx, DIALECT, config)).ok()?;
    stored.in_force(config).ok().map(|in_force| in_force.config)
}

/// Who may look into the data folder, and at secrets in the configuration file.
pub fn folder(config: &Config, secrets_file: Option<&Path>) -> Vec<Finding> {
    let folder = &config.data_dir;
    let name = folder.display();
    let mut findings = Vec::new();
    if !folder.exists() {
        let message = format!("There is no data folder {name} yet.");
        findings.push(Finding::new("folder", Grade::Note, message, "Nothing: `holdall serve` makes it."));
    } else if !folder.is_dir() {
        let message = format!("{name} is no folder.");
        findings.push(Finding::new("folder", Grade::Problem, message, "Set data_dir to a folder."));
    } else {
        findings.extend(strangers(folder));
    }
    if let Some(file) = secrets_file
        && machine::permissions(file).is_some_and(|permissions| permissions.mode & OTHERS != 0)
    {
        findings.push(Finding::new(
            "folder",
            Grade::Warning,
            format!("{} has secrets in it, and everybody on this machine can read it.", file.display()),
            format!("Run `chmod o-rwx {}`, or give secrets by variables that end in _FILE.", file.display()),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good("folder", format!("Only its owner can look into the data folder {name}.")));
    }
    findings
}

fn strangers(folder: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = folder.display();
    let Some(found) = machine::permissions(folder) else { return findings };
    if machine::user().is_some_and(|user| user != found.owner && user != 0) {
        let message = format!("The data folder {name} belongs to another user than the one who asks.");
        findings.push(Finding::new("folder", Grade::Warning, message, "Run the server, and this, as its owner."));
    }
    if found.mode & OTHERS != 0 {
        let readable = readable_files(folder);
        let (grade, what) = match readable.is_empty() {
            true => (Grade::Warning, "look into".to_owned()),
            false => (Grade::Problem, format!("read {} in", readable.join(", "))),
        };
        let message = format!("Everybody on this machine can {what} the data folder {name}.");
        findings.push(Finding::new("folder", grade, message, format!("Run `chmod 700 {name}`.")));
    } else if found.mode & GROUP != 0 {
        let message = format!("The group of the data folder {name} can look into it.");
        findings.push(Finding::new(
            "folder",
            Grade::Note,
            message,
            format!("Unless that is meant, `chmod 700 {name}`."),
        ));
    }
    findings
}

/// Databases that strangers can read once they are in the folder.
fn readable_files(folder: &Path) -> Vec<&'static str> {
    let names = ["data.db", "data.db-wal", "logs.db", "logs.db-wal"];
    let is_open = |name: &&str| machine::permissions(&folder.join(name)).is_some_and(|found| found.mode & OTHERS != 0);
    names.into_iter().filter(is_open).collect()
}

/// Whether the databases are whole, and of this program's version.
pub fn databases(config: &Config) -> Vec<Finding> {
    let mut findings = vec![sqlite()];
    for database in [Database::Data, Database::Logs] {
        let Some(opened) = open(config, database) else { continue };
        let name = database.file_name();
        let looked = opened.and_then(|copy| look(&copy, database));
        findings.push(looked.unwrap_or_else(|error| {
            let message = format!("{name} can't be read: {}", error.log_text());
            let advice = "Run this as the user who owns the data; if the file is damaged, restore a backup.";
            Finding::new("database", Grade::Problem, message, advice)
        }));
    }
    findings
}

fn look(copy: &DatabaseCopy, database: Database) -> Result<Finding> {
    let name = database.file_name();
    let (version, newest) = (copy.version()?, DatabaseCopy::newest_version(database));
    if version > newest {
        let message = format!("{name} has the data version {version}, and this program knows only {newest}.");
        return Ok(Finding::new(
            "database",
            Grade::Problem,
            message,
            "Use the version that has written it, or a newer one.",
        ));
    }
    Ok(match copy.quick_complaint(CHECK_MAX)? {
        Quick::Unsound(complaint) => {
            let message = format!("{name} is damaged: {complaint}.");
            let advice = "Stop the server, keep a copy of the file, and restore a backup: `holdall backup list`.";
            Finding::new("database", Grade::Problem, message, advice)
        }
        Quick::Unfinished => {
            let message = format!("{name} is so large that its check was broken off after {} s.", CHECK_MAX.as_secs());
            let advice = "A backup that was verified has been checked as a whole: `holdall backup create`.";
            Finding::new("database", Grade::Note, message, advice)
        }
        Quick::Sound if version < newest => {
            let message = format!("{name} is whole; it will be brought from data version {version} to {newest}.");
            let advice = "Make a backup with the version that has written it before `holdall serve`.";
            Finding::new("database", Grade::Note, message, advice)
        }
        Quick::Sound => Finding::good("database", format!("{name} is whole (data version {version}).")),
    })
}

fn sqlite() -> Finding {
    let version = store::sqlite_version();
    let numbers: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    match numbers.as_slice() >= SQLITE_MIN.as_slice() {
        true => Finding::good("database", format!("SQLite {version} is built in.")),
        false => {
            let message = format!("SQLite {version} is built in, which can damage the write-ahead log.");
            Finding::new("database", Grade::Problem, message, "Build the program with a newer one.")
        }
    }
}
