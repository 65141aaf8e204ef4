//! `holdall restore`: any moment of what continuous backup has kept, for whoever runs the program.

use std::fmt::Write;

use clap::Args as ClapArgs;

use super::bar::Bar;
use super::output;
use crate::app::{App, Restored, Stretch, Wanted};
use crate::base::{Error, Result, Timestamp};
use crate::settings::Config;

pub const EXAMPLES: &str = "\
Examples:
  holdall restore --list
  holdall restore --at latest --yes
  holdall restore --at 2026-11-26T09:30:00Z --yes
  holdall --data /srv/new restore --at latest --from /media/usb/holdall";

/// Files that are listed before the rest is only counted.
const FILES_LISTED: usize = 20;

#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The moment: a time such as 2026-11-26T09:30:00Z, or `latest`.
    #[arg(long, value_name = "TIME", required_unless_present = "list")]
    at: Option<String>,
    /// Only print which moments there are.
    #[arg(long, conflicts_with = "at")]
    list: bool,
    /// Where from: a folder, or s3://BUCKET/PREFIX (default: the key `ship_to` of the configuration).
    #[arg(long, value_name = "PLACE")]
    from: Option<String>,
    /// If something is missing or damaged, restore the last moment before it.
    #[arg(long)]
    up_to_gap: bool,
    /// Don't ask: what is in the data folder now will be gone.
    #[arg(long)]
    yes: bool,
}

/// Runs the command on the data folder of `config`.
pub async fn run(args: Args, config: &Config) -> Result<()> {
    let from = args.from.as_deref();
    let Some(at) = args.at.as_deref().filter(|_| !args.list) else {
        let moments = App::moments(config, from).await?;
        return output::print(&moments.iter().map(line).collect::<String>());
    };
    let wanted = wanted(at)?;
    if !args.yes && config.data_dir.join("data.db").exists() {
        return Err(Error::invalid(format!(
            "Everything in {} would be replaced. To do that, write --yes behind it.",
            config.data_dir.display()
        )));
    }
    let bar = Bar::new();
    let restored = App::restore_moment(config, from, wanted, args.up_to_gap, &bar).await;
    bar.clear();
    let (app, restored) = restored?;
    app.close();
    output::print(&report(&restored, &config.data_dir.display().to_string()))
}

fn wanted(text: &str) -> Result<Wanted> {
    if text == "latest" {
        return Ok(Wanted::Latest);
    }
    let at = Timestamp::parse(text).ok_or_else(|| {
        Error::invalid(format!("{text} is no time; write it as in 2026-11-26T09:30:00Z, or write latest."))
    })?;
    Ok(Wanted::At(at.unix_millis()))
}

/// From when to when.
fn line(stretch: &Stretch) -> String {
    let time = |at_ms| Timestamp::from_unix_millis(at_ms).map_or_else(String::new, |at| at.to_string());
    format!("{}\t{}\n", time(stretch.from), time(stretch.to))
}

fn report(restored: &Restored, folder: &str) -> String {
    let mut text = format!("The state of {} was restored to {folder}.\n", restored.at);
    // Writing to a text can't fail.
    if let Some(gap) = &restored.gap {
        let _ = writeln!(text, "It ends there because of this: {gap}");
    }
    if let Some(until) = restored.unknown_until {
        let _ = writeln!(text, "Nothing is known of the time from then to {until}.");
    }
    if !restored.has_files {
        let _ = writeln!(text, "Files of records are in a bucket of their own, and are as they are there.");
    }
    if !restored.missing_files.is_empty() {
        let count = restored.missing_files.len();
        let _ = writeln!(text, "Files that records name and that weren't copied yet: {count}");
        for key in restored.missing_files.iter().take(FILES_LISTED) {
            let _ = writeln!(text, "  {key}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_any_form_of_the_standard() {
        for text in ["2026-11-26T09:30:00Z", "2026-11-26T10:30:00+01:00", "2026-11-26 09:30:00.000Z"] {
            assert_eq!(wanted(text).expect(text), Wanted::At(1_795_685_400_000), "{text}");
        }
        assert_eq!(wanted("latest").expect("a word"), Wanted::Latest);
        for text in ["", "yesterday", "2026-11-26", "2026-11-26T09:30:00"] {
            wanted(text).expect_err(text);
        }
    }

    #[test]
    fn the_report_says_what_is_missing() {
        let at = Timestamp::parse("2026-11-26T09:30:00Z").expect("a time");
        let whole = Restored { at, gap: None, unknown_until: None, missing_files: Vec::new(), has_files: true };
        assert_eq!(report(&whole, "d"), "The state of 2026-11-26 09:30:00.000Z was restored to d.\n");
        let gap = Some("x is missing.".to_owned());
        let part =
            Restored { gap, unknown_until: Some(at), missing_files: vec!["a/b/c".into()], has_files: false, ..whole };
        let text = report(&part, "d");
        for expect in ["because of this: x is missing.", "Nothing is known", "a bucket", "yet: 1\n  a/b/c"] {
            assert!(text.contains(expect), "{text}");
        }
    }
}
