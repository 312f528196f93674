//! As MCP servers that were instrumented by hand name metrics; the names that the documents this project
//! began with agree on:
//!
//! | metric | labels |
//! |---|---|
//! | `mcp_requests_total` counter | `method` (the MCP method), `endpoint`, `status` (the HTTP status) |
//! | `mcp_request_duration_seconds` histogram | `method`, `endpoint` |
//! | `mcp_errors_total` counter | `error_type` (`tool_error`, `invalid_request`) |
//! | `mcp_active_connections` gauge | none |
//! | `mcp_tool_executions_total` counter | `tool_name`, `status` (`success`, `error`) |
//! | `mcp_tool_duration_seconds` histogram | `tool_name` |
//!
//! Only the MCP endpoint is counted. The server keeps no sessions, so a connection is a request being served.
use super::{COMMON_BUCKETS, Dialect};
use crate::demo::exchange::{Arrival, Exchange, METHODS, OTHER};
use crate::demo::health::Reading;
use crate::demo::tools;
use crate::telemetry::{Counter, Family, Gauge, Histogram};

const ENDPOINT: (&str, &str) = ("endpoint", "/mcp");
const TOOL_ERROR: &str = "tool_error";
const INVALID_REQUEST: &str = "invalid_request";

/// The metrics of a hand-instrumented MCP server.
pub struct Mcp {
    requests: Family<Counter>,
    duration: Family<Histogram>,
    errors: Family<Counter>,
    active: Family<Gauge>,
    tool_executions: Family<Counter>,
    tool_duration: Family<Histogram>,
}

impl Mcp {
    /// All metrics at zero.
    pub fn new() -> Self {
        let duration = Histogram::new(&COMMON_BUCKETS);
        let metrics = Self {
            requests: Family::new(
                "mcp_requests_total",
                "MCP requests by method and status.",
                Counter::default(),
            ),
            duration: Family::new(
                "mcp_request_duration_seconds",
                "Time to the answer by method.",
                duration.clone(),
            ),
            errors: Family::new(
                "mcp_errors_total",
                "MCP requests that failed, by reason.",
                Counter::default(),
            ),
            active: Family::new(
                "mcp_active_connections",
                "MCP requests being served.",
                Gauge::default(),
            ),
            tool_executions: Family::new(
                "mcp_tool_executions_total",
                "Tool calls by outcome.",
                Counter::default(),
            ),
            tool_duration: Family::new(
                "mcp_tool_duration_seconds",
                "Time that tool calls take.",
                duration,
            ),
        };
        for method in METHODS {
            let usual = if method.starts_with("notifications/") { "202" } else { "200" };
            for status in [usual, "400", "401", "500"] {
                metrics.requests.touch(&[("method", method), ENDPOINT, ("status", status)]);
            }
            metrics.duration.touch(&[("method", method), ENDPOINT]);
        }
        // Tool calls alone have a limit.
        metrics.requests.touch(&[("method", "tools/call"), ENDPOINT, ("status", "429")]);
        for tool in tools::NAMES {
            for status in ["success", "error"] {
                metrics.tool_executions.touch(&[("tool_name", tool), ("status", status)]);
            }
            metrics.tool_duration.touch(&[("tool_name", tool)]);
        }
        metrics.errors.touch(&[("error_type", TOOL_ERROR)]);
        metrics.errors.touch(&[("error_type", INVALID_REQUEST)]);
        metrics.active.touch(&[]);
        metrics
    }
}

impl Dialect for Mcp {
    fn entered(&self, arrival: &Arrival) {
        if arrival.is_mcp() {
            self.active.with(&[], |active| active.add(1.0));
        }
    }

    fn left(&self, arrival: &Arrival) {
        if arrival.is_mcp() {
            self.active.with(&[], |active| active.add(-1.0));
        }
    }

    fn answered(&self, exchange: &Exchange) {
        if !exchange.arrival.is_mcp() {
            return;
        }
        let method = ("method", exchange.call.map_or(OTHER, |call| call.method));
        let seconds = exchange.duration.as_secs_f64();
        let status = exchange.status.to_string();
        self.requests.with(&[method, ENDPOINT, ("status", &status)], Counter::increase);
        self.duration.with(&[method, ENDPOINT], |duration| duration.observe(seconds));
        if exchange.failed() {
            let reason = if exchange.status >= 500 { TOOL_ERROR } else { INVALID_REQUEST };
            self.errors.with(&[("error_type", reason)], Counter::increase);
        }
        if let Some(tool) = exchange.executed() {
            let status = if exchange.failed() { "error" } else { "success" };
            self.tool_executions
                .with(&[("tool_name", tool), ("status", status)], Counter::increase);
            self.tool_duration.with(&[("tool_name", tool)], |duration| duration.observe(seconds));
        }
    }

    fn write(&self, _: &Reading, out: &mut String) {
        self.requests.write(out);
        self.duration.write(out);
        self.errors.write(out);
        self.active.write(out);
        self.tool_executions.write(out);
        self.tool_duration.write(out);
    }
}
