//! As hand-written middleware names HTTP metrics by path, with tools, rate limits, checks and a connection pool:
//!
//! | metric | labels |
//! |---|---|
//! | `http_requests_total` counter | `method`, `path`, `status` (`200`, `503` …) |
//! | `http_request_duration_seconds` histogram | `method`, `path` |
//! | `mcp_tool_executions_total` counter | `tool_name`, `status` (`success`, `error`) |
//! | `mcp_tool_duration_seconds` histogram | `tool_name` |
//! | `rate_limit_checks_total` counter | `tool_name` |
//! | `rate_limit_rejections_total` counter | `tool_name`, `limit_type` |
//! | `health_check_status`, `health_check_response_time_ms` gauges | `check_type` |
//! | `database_connection_pool_size`, `database_connection_pool_active` gauges | none |
//! | `mcp_active_connections` gauge | none |
//!
//! No label names a client: each would be a series for ever, and some are personal data.
use super::Dialect;
use crate::demo::exchange::{Arrival, Exchange, OTHER, ROUTES, statuses};
use crate::demo::health::{CHECKS, Reading};
use crate::demo::tools;
use crate::telemetry::{Counter, Family, Gauge, Histogram};

const BUCKETS: [f64; 13] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0];
const LIMIT: (&str, &str) = ("limit_type", "per_minute");

/// The metrics of a service with hand-written middleware.
pub struct CustomerSuccess {
    requests: Family<Counter>,
    duration: Family<Histogram>,
    executions: Family<Counter>,
    tool_duration: Family<Histogram>,
    limit_checks: Family<Counter>,
    limit_rejections: Family<Counter>,
    health: Family<Gauge>,
    health_time: Family<Gauge>,
    pool_size: Family<Gauge>,
    pool_active: Family<Gauge>,
    active: Family<Gauge>,
}

impl CustomerSuccess {
    /// All metrics at zero.
    pub fn new() -> Self {
        let count = |name, help| Family::new(name, help, Counter::default());
        let gauge = |name, help| Family::new(name, help, Gauge::default());
        let time = |name, help| Family::new(name, help, Histogram::new(&BUCKETS));
        let metrics = Self {
            requests: count("http_requests_total", "Requests by method, path and status."),
            duration: time("http_request_duration_seconds", "Time to the answer by path."),
            executions: count("mcp_tool_executions_total", "Tool calls by outcome."),
            tool_duration: time("mcp_tool_duration_seconds", "Time that tool calls take."),
            limit_checks: count("rate_limit_checks_total", "Calls held against the limit."),
            limit_rejections: count("rate_limit_rejections_total", "Calls beyond the limit."),
            health: gauge("health_check_status", "Whether a check passes: 1 or 0."),
            health_time: gauge("health_check_response_time_ms", "Time that a check takes."),
            pool_size: gauge("database_connection_pool_size", "Connections there are."),
            pool_active: gauge("database_connection_pool_active", "Connections in use."),
            active: gauge("mcp_active_connections", "MCP requests being served."),
        };
        for (path, method) in ROUTES {
            let (path, method) = (("path", path), ("method", method));
            for status in statuses(path.1) {
                metrics.requests.touch(&[method, path, ("status", status)]);
            }
            metrics.duration.touch(&[method, path]);
        }
        for tool in tools::NAMES {
            let tool = ("tool_name", tool);
            for status in ["success", "error"] {
                metrics.executions.touch(&[tool, ("status", status)]);
            }
            metrics.tool_duration.touch(&[tool]);
            metrics.limit_checks.touch(&[tool]);
            metrics.limit_rejections.touch(&[tool, LIMIT]);
        }
        for check in CHECKS {
            metrics.health.touch(&[("check_type", check)]);
            metrics.health_time.touch(&[("check_type", check)]);
        }
        metrics.active.touch(&[]);
        metrics
    }
}

impl Dialect for CustomerSuccess {
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
        let path = ("path", exchange.arrival.route.unwrap_or(OTHER));
        let method = ("method", exchange.arrival.http_method);
        let seconds = exchange.duration.as_secs_f64();
        let status = exchange.status.to_string();
        self.requests.with(&[method, path, ("status", &status)], Counter::increase);
        self.duration.with(&[method, path], |duration| duration.observe(seconds));
        if let (Some(limited), Some(tool)) =
            (exchange.limited, exchange.call.and_then(|call| call.tool))
        {
            let tool = ("tool_name", tool);
            self.limit_checks.with(&[tool], Counter::increase);
            if limited {
                self.limit_rejections.with(&[tool, LIMIT], Counter::increase);
            }
        }
        if let Some(tool) = exchange.executed() {
            let tool = ("tool_name", tool);
            let status = if exchange.failed() { "error" } else { "success" };
            self.executions.with(&[tool, ("status", status)], Counter::increase);
            self.tool_duration.with(&[tool], |duration| duration.observe(seconds));
        }
    }

    fn write(&self, reading: &Reading, out: &mut String) {
        for checked in &reading.checks {
            let check = [("check_type", checked.check)];
            self.health.with(&check, |status| status.set(f64::from(u8::from(checked.passes))));
            let milliseconds = checked.took.as_secs_f64() * 1000.0;
            self.health_time.with(&check, |time| time.set(milliseconds));
        }
        self.pool_size.with(&[], |size| size.set(reading.pool_size.into()));
        self.pool_active.with(&[], |active| active.set(reading.pool_active.into()));
        self.requests.write(out);
        self.duration.write(out);
        self.executions.write(out);
        self.tool_duration.write(out);
        self.limit_checks.write(out);
        self.limit_rejections.write(out);
        self.health.write(out);
        self.health_time.write(out);
        self.pool_size.write(out);
        self.pool_active.write(out);
        self.active.write(out);
    }
}
