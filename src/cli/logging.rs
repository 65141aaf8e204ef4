//! The program's log: one subscriber on standard error, set up once before anything is logged.

use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::settings::{LogFormat, LogLevel};

/// Starts the log. Records of libraries that use the `log` crate, such as Rocket, end up in it, too.
pub fn start(level: LogLevel, format: LogFormat) {
    let colors = match format {
        LogFormat::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        LogFormat::Color => true,
        LogFormat::Plain | LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(colors).with_target(false).with_writer(std::io::stderr);
    // A layer of another type for JSON, so that exactly one of the two is there.
    let (lines, objects) = match format {
        LogFormat::Json => (None, Some(objects(std::io::stderr))),
        _ => (Some(lines), None),
    };
    tracing_subscriber::registry().with(lines).with(objects).with(filter(level)).init();
}

/// Each record as a JSON object on a line of its own, with its fields beside `message`.
fn objects<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(writer)
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
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written so far.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no holder of the lock panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn json_lines_have_the_fields_beside_the_message() {
        let written = Written::default();
        let target = written.clone();
        let subscriber = tracing_subscriber::registry().with(objects(move || target.clone()));
        tracing::subscriber::with_default(subscriber, || tracing::warn!(path = "/a\nb", "something\nhappened"));
        let text = String::from_utf8(written.0.lock().expect("no holder of the lock panics").clone());
        let text = text.expect("it is text");
        assert_eq!(text.lines().count(), 1, "{text}");
        let object: serde_json::Value = serde_json::from_str(&text).expect("a line is JSON");
        assert_eq!(object["level"], "WARN");
        assert_eq!(object["message"], "something\nhappened");
        assert_eq!(object["path"], "/a\nb");
        assert!(object["timestamp"].is_string() && object["target"].is_string(), "{object}");
    }

    #[test]
    fn rocket_is_heard_only_while_debugging() {
        let lets = |level, target: &str| filter(level).would_enable(target, &tracing::Level::ERROR);
        assert!(lets(LogLevel::Info, "holdall::store") && !lets(LogLevel::Info, "rocket::launch"));
        assert!(lets(LogLevel::Debug, "rocket::launch"));
        assert!(!lets(LogLevel::Off, "holdall"));
    }
}
