//! `holdall logs tail`: the log of requests, while a server writes it.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Subcommand;
use serde_json::Value as Json;

use super::output;
use crate::app::LogTail;
use crate::base::Result;
use crate::logs::{Stored, level, level_name};
use crate::settings::Config;

/// How often new entries are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub const EXAMPLES: &str = "\
Examples:
  holdall logs tail
  holdall logs tail --level error --lines 50
  holdall logs tail --no-follow --lines 1000 --json > requests.jsonl";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the latest requests, and further ones as they come.
    ///
    /// The server writes them every three seconds, or sooner when there are many.
    #[command(after_help = "Example:\n  holdall logs tail --level warn --data /srv/holdall")]
    Tail {
        /// The lowest level that is shown: debug, info, warn, error, or a number.
        #[arg(long, value_name = "LEVEL", default_value = "debug")]
        #[arg(value_parser = parse_level, allow_hyphen_values = true)]
        level: i64,
        /// How many of the latest entries to begin with.
        #[arg(long, value_name = "N", default_value_t = 10)]
        lines: u64,
        /// Print each entry as a JSON object, as the API has it.
        #[arg(long)]
        json: bool,
        /// End after the latest entries instead of waiting for further ones.
        #[arg(long)]
        no_follow: bool,
    },
}

fn parse_level(text: &str) -> std::result::Result<i64, String> {
    match text {
        // Whatever is below it as well.
        "debug" => Ok(i64::MIN),
        "info" => Ok(level::INFO),
        "warn" => Ok(level::WARN),
        "error" => Ok(level::ERROR),
        number => number.parse().map_err(|_| "it is debug, info, warn, error, or a number".to_owned()),
    }
}

/// Runs the command on the data folder of `config`, until it is stopped.
pub async fn run(command: Command, config: &Config) -> Result<()> {
    let Command::Tail { level, lines, json, no_follow } = command;
    let mut tail = LogTail::open(config, level)?;
    let result = follow(&mut tail, lines, json, no_follow).await;
    tail.close();
    result
}

async fn follow(tail: &mut LogTail, lines: u64, json: bool, no_follow: bool) -> Result<()> {
    let mut entries = tail.latest(lines).await?;
    loop {
        let text: String =
            entries.iter().map(|entry| if json { entry.to_json() + "\n" } else { line(entry) }).collect();
        // Whoever has read enough closes the pipe, which is no failure.
        if (!text.is_empty() && output::print(&text).is_err()) || no_follow {
            return Ok(());
        }
        entries = tail.new_entries().await?;
        if entries.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// One entry in one line: time, level, status, request, duration, account, address, and what went wrong.
fn line(entry: &Stored) -> String {
    let data: Json = serde_json::from_str(&entry.data).unwrap_or_default();
    let text = |name: &str| data[name].as_str().unwrap_or_default();
    let mut line = format!("{} {:<5}", entry.created, level_name(entry.level));
    if let Some(status) = data["status"].as_u64() {
        let _ = write!(line, " {status}");
    }
    let _ = write!(line, " {}", entry.message);
    if let Some(millis) = data["execTime"].as_f64() {
        let _ = write!(line, " {millis:.1}ms");
    }
    let account = match (text("auth"), text("authId")) {
        ("", _) => String::new(),
        (collection, "") => collection.to_owned(),
        (collection, id) => format!("{collection}/{id}"),
    };
    for part in [account.as_str(), text("userIP"), text("error"), text("details")] {
        if !part.is_empty() {
            let _ = write!(line, " {part}");
        }
    }
    // No client may write lines, or commands for terminals, into somebody's log.
    let mut safe: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    safe.push('\n');
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(message: &str, data: &str) -> Stored {
        Stored {
            id: "a".into(),
            created: "2026-01-02 03:04:05.678Z".into(),
            data: data.into(),
            message: message.into(),
            level: 8,
            seq: 1,
        }
    }

    #[test]
    fn a_request_is_a_line() {
        let data = r#"{"auth":"people","authId":"ada","details":null,"error":"Not here.","execTime":1.26,"status":404,
            "userIP":"10.0.0.1"}"#;
        let expect = "2026-01-02 03:04:05.678Z ERROR 404 GET /api/x 1.3ms people/ada 10.0.0.1 Not here.\n";
        assert_eq!(line(&stored("GET /api/x", data)), expect);
        assert_eq!(line(&stored("something", "{}")), "2026-01-02 03:04:05.678Z ERROR something\n");
    }

    #[test]
    fn no_request_forges_a_line() {
        let line = line(&stored("GET /\n2026 ERROR \u{1b}[31mfire\u{9b}x", r#"{"error":"a\r\nb\u007f"}"#));
        assert_eq!(line, "2026-01-02 03:04:05.678Z ERROR GET / 2026 ERROR  [31mfire x a  b \n");
    }

    #[test]
    fn levels_have_names_or_numbers() {
        for (text, expect) in
            [("info", Some(0)), ("error", Some(8)), ("-4", Some(-4)), ("debug", Some(i64::MIN)), ("loud", None)]
        {
            assert_eq!(parse_level(text).ok(), expect, "{text}");
        }
    }
}
