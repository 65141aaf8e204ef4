//! Figures as text: OpenMetrics for those who ask for it, else the older format of Prometheus.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::base::histogram::Distribution;
use crate::base::{Error, Result};

/// Microseconds of a second.
const MICROS: f64 = 1_000_000.0;

/// Figures of one kind.
#[derive(Clone, Debug)]
pub struct Family {
    /// Without unit and without the ending of counters.
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    samples: Vec<Sample>,
}

#[derive(Clone, Debug)]
struct Sample {
    labels: Vec<(&'static str, String)>,
    value: Value,
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// What only ever grows while the program runs.
    Counter(u64),
    /// The same, of seconds.
    Seconds(f64),
    /// What goes up and down.
    Gauge(f64),
    /// Durations.
    Durations(Distribution),
    /// Numbers of things.
    Sizes(Distribution),
}

/// How the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As OpenMetrics 1.0 has it.
    OpenMetrics,
    /// As Prometheus had it before, version 0.0.4.
    Plain,
}

impl Format {
    /// What a client gets whose `Accept` header says this.
    pub fn accepted(accept: &str) -> Format {
        if accept.contains("application/openmetrics-text") { Format::OpenMetrics } else { Format::Plain }
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

impl Family {
    /// Without a figure yet. The help text is a sentence without its full stop.
    pub fn new(name: &'static str, help: &'static str) -> Family {
        Family { name, help, unit: None, samples: Vec::new() }
    }

    /// The same for seconds.
    pub fn in_seconds(self) -> Family {
        Family { unit: Some(Unit::Seconds), ..self }
    }

    /// The same for bytes.
    pub fn in_bytes(self) -> Family {
        Family { unit: Some(Unit::Bytes), ..self }
    }

    /// The same with one figure more.
    pub fn with(mut self, labels: &[(&'static str, &str)], value: Value) -> Family {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.samples.push(Sample { labels, value });
        self
    }

    fn kind(&self) -> MetricType {
        match self.samples.first().map(|sample| &sample.value) {
            Some(Value::Counter(_) | Value::Seconds(_)) => MetricType::Counter,
            Some(Value::Durations(_) | Value::Sizes(_)) => MetricType::Histogram,
            Some(Value::Gauge(_)) | None => MetricType::Gauge,
        }
    }
}

/// The text of these figures.
///
/// # Errors
/// None that is known.
pub fn exposition(families: Vec<Family>, format: Format) -> Result<String> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Gathered(families)));
    let mut text = String::with_capacity(64 << 10);
    encode(&mut text, &registry).map_err(Error::internal)?;
    Ok(match format {
        Format::OpenMetrics => text,
        Format::Plain => plain(&text),
    })
}

#[derive(Debug)]
struct Gathered(Vec<Family>);

impl Collector for Gathered {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.iter().filter(|family| !family.samples.is_empty()) {
            let mut metric =
                encoder.encode_descriptor(family.name, family.help, family.unit.as_ref(), family.kind())?;
            for sample in &family.samples {
                match sample.labels.is_empty() {
                    true => sample.value.encode(&mut metric)?,
                    false => sample.value.encode(&mut metric.encode_family(&sample.labels)?)?,
                }
            }
        }
        Ok(())
    }
}

impl Value {
    fn encode(&self, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        match self {
            Value::Counter(count) => encoder.encode_counter::<NoLabelSet, u64, u64>(count, None),
            Value::Seconds(seconds) => encoder.encode_counter::<NoLabelSet, f64, u64>(seconds, None),
            Value::Gauge(number) => encoder.encode_gauge(number),
            Value::Durations(distribution) => encode_histogram(encoder, distribution, MICROS),
            Value::Sizes(distribution) => encode_histogram(encoder, distribution, 1.0),
        }
    }
}

fn encode_histogram(encoder: &mut MetricEncoder<'_>, counted: &Distribution, scale: f64) -> fmt::Result {
    let mut buckets: Vec<(f64, u64)> =
        counted.buckets.iter().map(|(bound, count)| (*bound as f64 / scale, *count)).collect();
    buckets.push((f64::INFINITY, counted.above));
    encoder.encode_histogram::<NoLabelSet>(counted.sum as f64 / scale, counted.count(), &buckets, None)
}

/// The older format: there, what is said of a counter names it as its samples do, and there are neither units nor an
/// end.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // What was said of a family before its type is known.
    let mut help: Option<(&str, &str)> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
            continue;
        }
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let total = if kind == "counter" { "_total" } else { "" };
            if let Some((_, said)) = help.take() {
                out.push_str(&format!("# HELP {name}{total} {said}\n"));
            }
            out.push_str(&format!("# TYPE {name}{total} {kind}\n"));
            continue;
        }
        if !line.starts_with('#') {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families() -> Vec<Family> {
        let counted = Distribution { buckets: vec![(500, 2), (1_000_000, 1)], above: 1, sum: 3_500_000 };
        vec![
            Family::new("a_requests", "Requests")
                .with(&[("route", "/x/<id>"), ("status", "200")], Value::Counter(7))
                .with(&[("route", "a\"b\\c\nd"), ("status", "404")], Value::Counter(1)),
            Family::new("a_wait", "Waiting").in_seconds().with(&[("queue", "read")], Value::Durations(counted)),
            Family::new("a_size", "Size").in_bytes().with(&[], Value::Gauge(1.5)),
            Family::new("a_cpu", "Work").in_seconds().with(&[], Value::Seconds(0.25)),
            Family::new("a_nothing", "Nobody knows"),
        ]
    }

    #[test]
    fn figures_are_written_as_openmetrics() {
        let expect = "\
# HELP a_requests Requests
# TYPE a_requests counter
a_requests_total{route=\"/x/<id>\",status=\"200\"} 7
a_requests_total{route=\"a\\\"b\\\\c\\nd\",status=\"404\"} 1
# HELP a_wait_seconds Waiting
# TYPE a_wait_seconds histogram
# UNIT a_wait_seconds seconds
a_wait_seconds_sum{queue=\"read\"} 3.5
a_wait_seconds_count{queue=\"read\"} 4
a_wait_seconds_bucket{le=\"0.0005\",queue=\"read\"} 2
a_wait_seconds_bucket{le=\"1.0\",queue=\"read\"} 3
a_wait_seconds_bucket{le=\"+Inf\",queue=\"read\"} 4
# HELP a_size_bytes Size
# TYPE a_size_bytes gauge
# UNIT a_size_bytes bytes
a_size_bytes 1.5
# HELP a_cpu_seconds Work
# TYPE a_cpu_seconds counter
# UNIT a_cpu_seconds seconds
a_cpu_seconds_total 0.25
# EOF
";
        assert_eq!(exposition(families(), Format::OpenMetrics).expect("it can be written"), expect);
    }

    #[test]
    fn and_in_the_older_format() {
        let text = exposition(families(), Format::Plain).expect("it can be written");
        let begin = "# HELP a_requests_total Requests\n# TYPE a_requests_total counter\na_requests_total{route=";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.contains("# TYPE a_wait_seconds histogram\na_wait_seconds_sum{queue=\"read\"} 3.5\n"), "{text}");
        assert!(!text.contains("UNIT") && !text.contains("EOF") && !text.contains("nothing"), "{text}");
    }

    #[test]
    fn clients_say_what_they_read() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        for other in ["", "*/*", "text/plain"] {
            assert_eq!(Format::accepted(other), Format::Plain, "{other}");
        }
    }
}
