//! The vocabularies of metrics: one file each.
mod customer_success;
mod fastapi;
mod mcp;
mod otel_http;
mod task_http;

use std::time::Duration;

use super::args::DialectName;
use super::exchange::{Arrival, Exchange};
use super::health::Reading;

/// Metrics in one vocabulary.
pub trait Dialect: Send + Sync {
    /// A request has come in.
    fn entered(&self, arrival: &Arrival);
    /// A request is no longer being served, answered or not.
    fn left(&self, arrival: &Arrival);
    /// A request has been answered.
    fn answered(&self, exchange: &Exchange);
    /// A tool begins to work. Most vocabularies have no word for it.
    fn tool_began(&self, _tool: &'static str) {}
    /// A tool has ended, well or not.
    fn tool_ended(&self, _tool: &'static str) {}
    /// A stream has begun. Most vocabularies have no word for streams.
    fn stream_opened(&self) {}
    /// A stream sends an event; the first comes with the time since the stream began.
    fn stream_sent(&self, _kind: &'static str, _first: Option<Duration>) {}
    /// A stream has ended, well or not.
    fn stream_closed(&self, _bytes: usize, _duration: Duration) {}
    /// Appends all metrics in the text format.
    fn write(&self, reading: &Reading, out: &mut String);
}

/// The metrics that belong to a name, all at zero.
pub fn new(name: DialectName, service: &str) -> Box<dyn Dialect> {
    match name {
        DialectName::Fastapi => Box::new(fastapi::Fastapi::new()),
        DialectName::Mcp => Box::new(mcp::Mcp::new()),
        DialectName::OtelHttp => Box::new(otel_http::OtelHttp::new(service)),
        DialectName::TaskHttp => Box::new(task_http::TaskHttp::new()),
        DialectName::CustomerSuccess => Box::new(customer_success::CustomerSuccess::new()),
    }
}

/// The buckets that the OpenTelemetry conventions advise for HTTP and most client libraries begin with.
const COMMON_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
