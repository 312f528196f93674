//! The vocabularies of metrics: one file each.
mod fastapi;
mod mcp;
mod otel_http;

use super::args::DialectName;
use super::exchange::{Arrival, Exchange};

/// Metrics in one vocabulary.
pub trait Dialect: Send + Sync {
    /// A request has come in.
    fn entered(&self, arrival: &Arrival);
    /// A request is no longer being served, answered or not.
    fn left(&self, arrival: &Arrival);
    /// A request has been answered.
    fn answered(&self, exchange: &Exchange);
    /// Appends all metrics in the text format.
    fn write(&self, out: &mut String);
}

/// The metrics that belong to a name, all at zero.
pub fn new(name: DialectName, service: &str) -> Box<dyn Dialect> {
    match name {
        DialectName::Fastapi => Box::new(fastapi::Fastapi::new()),
        DialectName::Mcp => Box::new(mcp::Mcp::new()),
        DialectName::OtelHttp => Box::new(otel_http::OtelHttp::new(service)),
    }
}

/// The buckets that the OpenTelemetry conventions advise for HTTP and most client libraries begin with.
const COMMON_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
