//! What the program stands on: disk, clock, open files, and what earlier runs have left behind.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::data::open;
use super::{Finding, Grade};
use crate::app::logs::DIALECT;
use crate::app::readiness::little_room;
use crate::base::Timestamp;
use crate::base::limits::UNFINISHED_COPY_SECONDS;
use crate::logs;
use crate::monitor::machine;
use crate::settings::Config;
use crate::store::Database;

/// How far ahead something may be dated without the clock being wrong, in seconds.
const AHEAD_SECONDS: i64 = 120;
/// When this was written: no clock that is right shows less.
const BUILT_AFTER_SECONDS: i64 = 1_760_000_000;
/// Open files that the program needs for itself.
const OWN_FILES: u64 = 256;
/// Fewer open files than this are less than nearly every system lets a program have.
const FILES_MIN: u64 = 1024;

/// Looks at all of it.
pub fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![disk(config), clock(config, Timestamp::now())];
    findings.extend(open_files(config));
    findings.extend(leftovers(&config.data_dir));
    findings
}

fn disk(config: &Config) -> Finding {
    let folder = config.data_dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    if let Some(message) = little_room(folder, config.disk_reserve_mb) {
        let message = format!("Only {message}, and the server says that it isn't ready.");
        return Finding::new(
            "disk",
            Grade::Problem,
            message,
            "Make room: old backups and the log are the first to go.",
        );
    }
    let Some(room) = machine::room(folder) else {
        return Finding::new("disk", Grade::Note, "This system doesn't tell how much room there is.", "");
    };
    let size = |name: &str| fs::metadata(config.data_dir.join(name)).map_or(0, |found| found.len());
    let needed = ["data.db", "data.db-wal", "logs.db"].map(size).iter().sum::<u64>();
    let free_mb = room.free >> 20;
    match room.free > needed.saturating_mul(2) {
        true => Finding::good("disk", format!("{free_mb} MB are free on the data folder's disk.")),
        false => {
            let message = format!(
                "{free_mb} MB are free on the data folder's disk, which is little beside {} MB of databases.",
                needed >> 20
            );
            Finding::new("disk", Grade::Warning, message, "Make room: a backup needs as much, and its test again.")
        }
    }
}

fn clock(config: &Config, now: Timestamp) -> Finding {
    let newest = newest_mark(config);
    let advice = "Set the clock, best by NTP: tokens, codes and schedules depend on it.";
    if now.unix_seconds() < BUILT_AFTER_SECONDS {
        return Finding::new("clock", Grade::Problem, format!("The clock says {now}, which is long past."), advice);
    }
    match newest.filter(|newest| newest.unix_seconds() > now.unix_seconds() + AHEAD_SECONDS) {
        Some(newest) => {
            let message = format!("The clock says {now}, but something was written at {newest} already.");
            Finding::new("clock", Grade::Problem, message, advice)
        }
        None => Finding::good("clock", format!("The clock says {now}, and nothing is dated later.")),
    }
}

/// The latest moment at which something was written, as far as files and log tell.
fn newest_mark(config: &Config) -> Option<Timestamp> {
    let written = |name: &str| fs::metadata(config.data_dir.join(name)).and_then(|found| found.modified()).ok();
    let files = ["data.db", "data.db-wal", "logs.db", "logs.db-wal"].into_iter().filter_map(written);
    let logged = open(config, Database::Logs).and_then(Result::ok).and_then(|copy| {
        let latest = copy.read(|tx| logs::latest(tx, DIALECT, i64::MIN, 1)).ok()?;
        Timestamp::parse(&latest.first()?.created)
    });
    files.map(Timestamp::from_system_time).chain(logged).max()
}

fn open_files(config: &Config) -> Option<Finding> {
    let max = machine::open_files_max()?;
    let wanted = config.realtime_max_clients as u64 + OWN_FILES;
    let advice = "Raise the limit: LimitNOFILE= in a systemd unit, `ulimit -n` in a shell.";
    let message = format!(
        "{} realtime clients may listen (realtime_max_clients), but only {max} files and sockets can be open.",
        config.realtime_max_clients
    );
    Some(match (max < FILES_MIN, max < wanted) {
        (true, _) => Finding::new("open_files", Grade::Warning, message, advice),
        (_, true) => Finding::new("open_files", Grade::Note, message, advice),
        _ => Finding::good("open_files", format!("{max} files and sockets can be open.")),
    })
}

/// What was left behind by something that broke off.
fn leftovers(folder: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    if folder.join(".restore").is_dir() {
        let message = "A restoration has begun and isn't finished.";
        let advice = "If no server runs, start one: it finishes what was ordered, or takes it back.";
        findings.push(Finding::new("leftovers", Grade::Warning, message, advice));
    }
    let old = old_parts(&folder.join("uploads"));
    if old > 0 {
        let message = format!("{old} files that arrived long ago have become nobody's.");
        let advice = "Nothing: the next start removes them. `holdall files check` looks at all other files.";
        findings.push(Finding::new("leftovers", Grade::Note, message, advice));
    }
    if findings.is_empty() && folder.is_dir() {
        findings.push(Finding::good("leftovers", "Nothing was left behind; `holdall files check` looks at the files."));
    }
    findings
}

/// Files of single requests that no request can be at work on any more.
fn old_parts(uploads: &Path) -> usize {
    let Ok(entries) = fs::read_dir(uploads) else { return 0 };
    let now = SystemTime::now();
    let is_old = |entry: &fs::DirEntry| {
        let age = entry.metadata().and_then(|found| found.modified()).ok().and_then(|at| now.duration_since(at).ok());
        entry.file_name().to_string_lossy().ends_with(".part")
            && age.is_some_and(|age| age.as_secs() > UNFINISHED_COPY_SECONDS.unsigned_abs())
    };
    entries.flatten().filter(is_old).count()
}
