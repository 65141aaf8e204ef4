//! The program's log: one subscriber on standard error, set up once before anything is logged.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::settings::{LogFormat, LogLevel};

/// Starts the log. Records of libraries that use the `log` crate, such as Rocket, end up in it, too.
pub fn start(level: LogLevel, format: LogFormat) {
    let colors = match format {
        LogFormat::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        LogFormat::Color => true,
        LogFormat::Plain => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(colors).with_target(false).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(filter(level)).init();
}

/// What is let through. Rocket tells of its set-up, of every request and of every 404; that helps only while debugging.
fn filter(level: LogLevel) -> Targets {
    let (ours, rockets) = match level {
        LogLevel::Off => (LevelFilter::OFF, LevelFilter::OFF),
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::OFF),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::OFF),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::OFF),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::DEBUG),
        LogLevel::Trace => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    Targets::new().with_default(ours).with_target("rocket", rockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rocket_is_heard_only_while_debugging() {
        let lets = |level, target: &str| filter(level).would_enable(target, &tracing::Level::ERROR);
        assert!(lets(LogLevel::Info, "holdall::store") && !lets(LogLevel::Info, "rocket::launch"));
        assert!(lets(LogLevel::Debug, "rocket::launch"));
        assert!(!lets(LogLevel::Off, "holdall"));
    }
}
