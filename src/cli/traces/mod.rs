//! Traces of requests, for programs that were built with the feature `otlp`; others have none.

#[cfg(feature = "otlp")]
mod otlp;

#[cfg(feature = "otlp")]
pub use otlp::Traces;

/// Traces, which this program doesn't know.
#[cfg(not(feature = "otlp"))]
pub enum Traces {}

#[cfg(not(feature = "otlp"))]
impl Traces {
    /// There are none; a configuration that asks for them isn't valid.
    pub fn start(_: &crate::settings::Config) -> crate::base::Result<Option<Traces>> {
        Ok(None)
    }

    /// There is none that could end.
    pub fn end(self) {
        match self {}
    }
}
