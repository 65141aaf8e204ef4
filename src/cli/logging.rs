//! The program's log: one subscriber, set up once before anything is logged. Lines go to standard error; warnings and
//! errors are also gathered for the log that superusers can search, whatever the terminal is to show.

use std::fmt::{Debug, Write as _};
use std::io::IsTerminal as _;
use std::thread;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::traces::Traces;
use crate::base::{Timestamp, spans};
use crate::logs::{Detail, Happening, ProgramLog};
use crate::settings::{Config, LogFormat, LogLevel};

/// Starts the log, and gives what is gathered of it. Records of libraries that use the `log` crate, such as Rocket, end
/// up in it, too.
pub fn start(config: &Config, traces: Option<&Traces>) -> ProgramLog {
    let (level, format) = (config.log_level, config.log_format);
    let colors = match format {
        LogFormat::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        LogFormat::Color => true,
        LogFormat::Plain | LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(colors).with_target(false).with_writer(std::io::stderr);
    // A layer of another type for JSON, so that exactly one of the two is there.
    let (lines, objects) = match format {
        LogFormat::Json => (None, Some(objects(std::io::stderr).with_filter(filter(level)))),
        _ => (Some(lines.with_filter(filter(level))), None),
    };
    let gathered = ProgramLog::default();
    let gathering = Gathering(gathered.clone()).with_filter(filter(LogLevel::Warn));
    let subscriber = tracing_subscriber::registry().with(lines).with(objects).with(gathering);
    #[cfg(feature = "otlp")]
    let subscriber = subscriber.with(traces.map(Traces::layer));
    #[cfg(not(feature = "otlp"))]
    let _ = traces;
    subscriber.init();
    gathered
}

/// Gathers what is let through.
struct Gathering(ProgramLog);

impl<S: Subscriber> Layer<S> for Gathering {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let about = event.metadata();
        if !ProgramLog::hears(about.target(), thread::current().name()) {
            return;
        }
        let mut seen = Seen::default();
        event.record(&mut seen);
        self.0.note(Happening {
            created: Timestamp::now(),
            is_error: *about.level() == Level::ERROR,
            target: about.target().to_owned(),
            message: seen.message,
            fields: seen.fields,
        });
    }
}

/// What an event says.
#[derive(Default)]
struct Seen {
    message: String,
    fields: Vec<(String, Detail)>,
}

impl Seen {
    fn add(&mut self, field: &Field, detail: Detail) {
        // How records of the `log` crate say where they come from.
        if !field.name().starts_with("log.") {
            self.fields.push((field.name().to_owned(), detail));
        }
    }
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a text doesn't fail.
            let _ = write!(self.message, "{value:?}");
            return;
        }
        self.add(field, Detail::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Detail::Text(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Detail::Plain(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Detail::Plain(value.to_string()));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(field, Detail::Plain(value.to_string()));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(field, Detail::Plain(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Detail::Plain(value.to_string()));
    }
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
fn filter<S>(level: LogLevel) -> impl Filter<S> {
    let (ours, rockets) = match level {
        LogLevel::Off => (LevelFilter::OFF, LevelFilter::OFF),
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::OFF),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::OFF),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::OFF),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::DEBUG),
        LogLevel::Trace => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    // Spans are for those who gather traces.
    let targets =
        Targets::new().with_default(ours).with_target("rocket", rockets).with_target(spans::TARGET, LevelFilter::OFF);
    targets.and(filter_fn(move |about| !is_of_rockets_macros(about.target()) || *about.level() <= rockets))
}

/// What Rocket's macros have to say stands under the name of the module that they are in, with this at its end: that a
/// guard passes a request on to the next route, for one, which is how several of our routes share an address.
fn is_of_rockets_macros(target: &str) -> bool {
    target.ends_with("::_")
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
    fn warnings_and_errors_are_gathered_with_their_fields() {
        let gathered = ProgramLog::default();
        let gathering = Gathering(gathered.clone()).with_filter(filter(LogLevel::Warn));
        let subscriber = tracing_subscriber::registry().with(gathering);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("nothing to worry about");
            tracing::warn!(count = 3, took = ?std::time::Duration::from_millis(7), path = "/a", "it {}", "happened");
            tracing::error!(target: "holdall::web::respond", "stands with its request");
            tracing::error!(is_new = true, "it failed");
        });
        let (happenings, dropped) = gathered.take();
        let seen: Vec<(bool, &str)> =
            happenings.iter().map(|happening| (happening.is_error, happening.message.as_str())).collect();
        assert_eq!((seen, dropped), (vec![(false, "it happened"), (true, "it failed")], 0));
        assert_eq!(happenings[0].target, "holdall::cli::logging::tests");
        let (plain, text) = (|text: &str| Detail::Plain(text.to_owned()), |text: &str| Detail::Text(text.to_owned()));
        let expect = [("count", plain("3")), ("took", text("7ms")), ("path", text("/a"))];
        assert_eq!(happenings[0].fields, expect.map(|(name, detail)| (name.to_owned(), detail)));
        assert_eq!(happenings[1].fields, [("is_new".to_owned(), plain("true"))]);
    }

    #[test]
    fn rocket_is_heard_only_while_debugging() {
        let heard = |level| {
            let gathered = ProgramLog::default();
            let gathering = Gathering(gathered.clone()).with_filter(filter(level));
            tracing::subscriber::with_default(tracing_subscriber::registry().with(gathering), || {
                tracing::error!(target: "holdall::store", "ours");
                tracing::error!(target: "rocket::launch", "Rocket's");
                tracing::error!(target: "holdall::admin::screens::_", "Rocket's in one of our modules");
            });
            gathered.take().0.len()
        };
        assert_eq!((heard(LogLevel::Off), heard(LogLevel::Info), heard(LogLevel::Debug)), (0, 1, 3));
    }
}
