//! Traces by OTLP: spans of requests and of what the store does for them, sent to whatever gathers traces.
//!
//! Only in programs that were built with the feature `otlp`. Sent is in batches, from a bounded queue that nobody waits
//! for, by protobuf over HTTP and the one TLS that the program has. Invariant: a span says by which route, how long and
//! how a request was answered, and nothing of what was sent. Not here: where spans begin (`monitor::spans`, the store).

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::runtime::Tokio;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use reqwest::redirect::Policy;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

use crate::base::{Error, Result, spans, tls};
use crate::settings::Config;

/// How long one batch may take on its way.
const SEND_MAX: Duration = Duration::from_secs(10);
/// Where traces are taken below an endpoint.
const PATH: &str = "/v1/traces";

/// Traces that are being sent.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Begins to send, on the runtime that is entered, if the configuration says where to.
    ///
    /// # Errors
    /// 400 if the endpoint can't be used.
    pub fn start(config: &Config) -> Result<Option<Traces>> {
        let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
        let unusable = |error: String| Error::invalid(format!("otlp_endpoint can't be used: {error}."));
        let client = tls::client_config().and_then(|tls| {
            let client = reqwest::Client::builder().tls_backend_preconfigured(tls);
            client.redirect(Policy::none()).no_proxy().referer(false).timeout(SEND_MAX).build().ok()
        });
        let client = client.ok_or_else(|| unusable("there is no TLS for it".to_owned()))?;
        let address = if endpoint.ends_with(PATH) { endpoint.clone() } else { format!("{endpoint}{PATH}") };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(address)
            .with_timeout(SEND_MAX)
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder_empty().with_service_name(config.otlp_service_name.clone());
        let share = config.otlp_sample_percent as f64 / 100.0;
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter, Tokio).build())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
            .with_resource(resource.with_attribute(version).build())
            .build();
        let tracer = provider.tracer("holdall");
        Ok(Some(Traces { provider, tracer }))
    }

    /// What makes spans of what the program tells; warnings within a span become part of it.
    pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> impl Layer<S> + use<S> {
        let heard = Targets::new().with_default(LevelFilter::WARN).with_target(spans::TARGET, LevelFilter::INFO);
        let layer = tracing_opentelemetry::layer().with_tracer(self.tracer.clone());
        layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_filter(heard)
    }

    /// Sends what waits, and blocks until then. Not from within the runtime.
    pub fn end(self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!("the last traces were lost: {error}");
        }
    }
}
