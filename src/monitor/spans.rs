//! The span of a request: the part of a trace that this program adds to what others tell of the same request.
//!
//! Made by `web::activity`. Spans of what the store does for a request are below it, because whoever asks the store
//! does so within it. Without somebody who gathers traces, a span is nothing and costs next to that.

use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::base::spans::TARGET;

/// Begins the span of a request. `parent` is what its `traceparent` header says, as W3C Trace Context has it.
pub fn request(method: &'static str, parent: Option<&str>) -> Span {
    let span = info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    if let Some(parent) = parent.filter(|_| !span.is_disabled()) {
        follow(&span, parent);
    }
    span
}

/// Notes how a request was answered: by which route as it is mounted, and how.
pub fn answered(span: &Span, method: &str, route: &str, status: u16) {
    if span.is_disabled() {
        return;
    }
    rename(span, format!("{method} {route}"));
    span.record("http.route", route);
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// Gives a span another name. A field for that would come too late once there are spans below it.
#[cfg(feature = "otlp")]
fn rename(span: &Span, name: String) {
    use opentelemetry::trace::TraceContextExt;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    span.context().span().update_name(name);
}

#[cfg(not(feature = "otlp"))]
fn rename(_: &Span, _: String) {}

/// Makes a span part of somebody else's trace.
#[cfg(feature = "otlp")]
fn follow(span: &Span, traceparent: &str) {
    use std::collections::HashMap;

    use opentelemetry::propagation::TextMapPropagator;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    // What isn't one begins a trace of its own.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}

#[cfg(not(feature = "otlp"))]
fn follow(_: &Span, _: &str) {}
