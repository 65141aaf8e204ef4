//! What the configuration says: whether it can be used, and whether it is meant for people.

use super::data::{open, schema};
use super::{Finding, Grade};
use crate::app::App;
use crate::base::{Error, is_this_machine};
use crate::domain::Collection;
use crate::settings::config::SmtpEncryption;
use crate::settings::{Config, LogLevel};
use crate::store::Database;

/// The sender that nobody has chosen.
const DEFAULT_SENDER: &str = "holdall@localhost";

/// Whether all parts of the configuration can be used.
pub fn configuration(config: &Config) -> Vec<Finding> {
    let checks = [
        App::check_mail(config),
        App::check_storage(config),
        App::check_backup_places(config),
        App::check_jobs(config),
    ];
    let problem = |error: Error| {
        let advice = "Change the key that it names; `holdall config show` says where it was set.";
        Finding::new("configuration", Grade::Problem, error.log_text(), advice)
    };
    let problems: Vec<Finding> = checks.into_iter().filter_map(|check| check.err().map(problem)).collect();
    match problems.is_empty() {
        true => vec![Finding::good("configuration", "The configuration can be used.")],
        false => problems,
    }
}

/// What doesn't fit a server that people reach.
pub fn settings(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(address(config));
    findings.extend(mails(config));
    findings.extend(logs(config));
    if findings.is_empty() {
        findings.push(Finding::good("settings", "Address, mails and log are set up for people."));
    }
    findings
}

fn address(config: &Config) -> Option<Finding> {
    let is_local = config.http.ip().is_loopback();
    match &config.public_url {
        None if !is_local => Some(Finding::new(
            "settings",
            Grade::Warning,
            format!("The server listens on {} for others, and doesn't know its own address.", config.http),
            "Set public_url: links in mails, cookies and passkeys depend on it.",
        )),
        Some(url) if url.starts_with("http://") && !is_loopback_url(url) => Some(Finding::new(
            "settings",
            Grade::Warning,
            format!("People reach the server by {url}, where everybody on the way can read along."),
            "Use HTTPS, and a public_url that begins with https://.",
        )),
        _ => None,
    }
}

fn is_loopback_url(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
    let name = if host.starts_with('[') { host.split(']').next() } else { host.split(':').next() };
    is_this_machine(name.unwrap_or_default().trim_start_matches('['))
}

fn mails(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut warn = |message: String, advice: &str| {
        findings.push(Finding::new("mails", Grade::Warning, message, advice));
    };
    if config.smtp_host.is_empty() {
        let waiting = mail_collections(config);
        if !waiting.is_empty() {
            warn(
                format!("There is no mail server, so that accounts of {} get no mail.", waiting.join(", ")),
                "Set smtp_host, or tell people that passwords can't be reset.",
            );
        }
        return findings;
    }
    if config.mail_from_address == DEFAULT_SENDER {
        warn(
            format!("Mails are sent as {DEFAULT_SENDER}, which most mail servers refuse."),
            "Set mail_from_address to an address of your domain.",
        );
    }
    if config.smtp_encryption == SmtpEncryption::None && !is_this_machine(&config.smtp_host) {
        warn(
            format!("Mails go to {} without encryption, with the links that open accounts.", config.smtp_host),
            "Set smtp_encryption to starttls or tls.",
        );
    }
    findings
}

/// The collections whose accounts may need mail. Superusers can be helped by the command line.
fn mail_collections(config: &Config) -> Vec<String> {
    let look = || -> Option<Vec<String>> {
        let schema = schema(&open(config, Database::Data)?.ok()?).ok()?;
        let wants = |collection: &Collection| {
            let options = collection.auth().filter(|_| !collection.system);
            options.is_some_and(|options| options.otp.enabled || options.password_auth.enabled)
        };
        Some(schema.collections().iter().filter(|c| wants(c)).map(|c| c.name.clone()).collect())
    };
    look().unwrap_or_default()
}

fn logs(config: &Config) -> Option<Finding> {
    let chatty = matches!(config.log_level, LogLevel::Debug | LogLevel::Trace);
    let silent = matches!(config.log_level, LogLevel::Off);
    match (chatty, silent) {
        (true, _) => Some(Finding::new(
            "log",
            Grade::Warning,
            "Everything is logged that helps to find mistakes, which is slow and may tell what people send.",
            "Set log_level to info.",
        )),
        (_, true) => Some(Finding::new(
            "log",
            Grade::Note,
            "Nothing is logged to the terminal; the log of requests has warnings and errors all the same.",
            "Set log_level to warn or info if somebody reads it.",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_need_no_encryption() {
        for (url, expect) in [
            ("http://localhost", true),
            ("http://localhost:8090/x", true),
            ("http://127.0.0.1:80", true),
            ("http://[::1]:80", true),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
            ("http://[fe80::1]", false),
        ] {
            assert_eq!(is_loopback_url(url), expect, "{url}");
        }
    }
}
