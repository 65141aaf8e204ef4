//! `holdall update check`: whether there is a newer version, by a file or an address that the configuration names.

use std::fs::File;
use std::io::Read as _;
use std::process::ExitCode;

use clap::Subcommand;

use super::output;
use crate::base::http::{Call, Http};
use crate::base::limits::OUTBOUND_BODY_MAX_BYTES;
use crate::base::{Error, Result};
use crate::settings::Config;
use crate::update::{self, Release, SIGNATURE_SUFFIX};

pub const EXAMPLES: &str = "\
Example:
  HOLDALL_UPDATE_MANIFEST=https://example.com/holdall/release.json holdall update check";

/// The exit status for "there is a newer one".
const NEWER: u8 = 3;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether there is a newer version. Nothing is downloaded or changed.
    ///
    /// The key `update_manifest` names the file or the address to ask; without it, nobody is asked. The exit status is
    /// 0 if this is the newest version, 3 if there is a newer one, and 1 if that couldn't be found out.
    #[command(after_help = "Example:\n  holdall update check || echo \"time for an upgrade\"")]
    Check,
}

/// Runs the command.
pub async fn run(command: Command, config: &Config) -> Result<ExitCode> {
    let Command::Check = command;
    if config.update_manifest.is_empty() {
        return Err(Error::invalid(
            "Nobody is asked: set update_manifest to a file or an https address that names the newest version.",
        ));
    }
    let text = fetch(&config.update_manifest).await?;
    if !config.update_key.is_empty() {
        let signature = fetch(&format!("{}{SIGNATURE_SUFFIX}", config.update_manifest)).await?;
        update::check_signature(&text, &signature, &config.update_key)?;
    }
    let (release, current) = (Release::read(&text)?, update::current()?);
    if release.is_newer_than(&current) {
        output::print(&describe(&release, &current.to_string()))?;
        return Ok(ExitCode::from(NEWER));
    }
    output::print(&format!("Holdall {current} is up to date (the newest version is {}).\n", release.version))?;
    Ok(ExitCode::SUCCESS)
}

async fn fetch(from: &str) -> Result<Vec<u8>> {
    if from.starts_with("http://") || from.starts_with("https://") {
        let call = Call { url: from.to_owned(), headers: Vec::new(), body: None };
        let reply = Http::default().send(call).await;
        return match reply {
            Ok(reply) if reply.is_success() => Ok(reply.body),
            Ok(reply) => Err(Error::unavailable(format!("{from} answers with the status {}.", reply.status))),
            Err(failure) => Err(Error::unavailable(format!("{from} can't be asked")).caused_by(failure)),
        };
    }
    let mut text = Vec::new();
    let read = File::open(from).and_then(|file| file.take(OUTBOUND_BODY_MAX_BYTES as u64).read_to_end(&mut text));
    read.map(|_| text).map_err(|error| Error::unavailable(format!("The file {from} can't be read")).caused_by(error))
}

/// What somebody has to know who has an older version.
fn describe(release: &Release, current: &str) -> String {
    let mut text = format!("Holdall {} is there; this is {current}.\n", printable(&release.version.to_string()));
    let mut rows = Vec::new();
    if !release.date.is_empty() {
        rows.push(("Date", printable(&release.date)));
    }
    if !release.notes.is_empty() {
        rows.push(("Changes", printable(&release.notes)));
    }
    match release.file() {
        Some(file) => {
            rows.push(("File", printable(if file.url.is_empty() { &file.name } else { &file.url })));
            rows.push(("SHA-256", printable(&file.sha256)));
        }
        None => rows.push(("File", format!("none for {}", update::platform()))),
    }
    text.push_str(&output::aligned(&rows));
    text.push_str("To upgrade, put the new file in the place of the old one and restart the server.\n");
    text
}

/// A text of somebody else without what could play tricks with a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_names_the_file_for_this_machine() {
        let text = |platform: &str| {
            format!(
                r#"{{"format":"holdall-release","version":"9.0.0","date":"2030-01-01","notes":"https://x/\u001b[31m",
                    "files":{{"{platform}":{{"name":"holdall-9","sha256":"abc"}}}}}}"#
            )
        };
        let of = |platform: &str| describe(&Release::read(text(platform).as_bytes()).expect("it is right"), "0.1.0");
        let known = of(&update::platform());
        assert!(known.starts_with("Holdall 9.0.0 is there; this is 0.1.0.\n"), "{known}");
        assert!(known.contains("Changes  https://x/[31m\n") && known.contains("SHA-256  abc\n"), "{known}");
        assert!(of("other").contains(&format!("none for {}", update::platform())));
    }
}
