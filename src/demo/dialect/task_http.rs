//! HTTP, tool and streaming metrics with a counter for each, as task servers name them:
//!
//! | metric | labels |
//! |---|---|
//! | `http_server_requests_total` counter | `method`, `route`, `status_code`, `status_class` (`2xx`, `5xx`) |
//! | `http_server_request_duration_seconds` histogram | `method`, `route` |
//! | `http_server_response_size_bytes` histogram, `http_server_active_requests` gauge | none |
//! | `tool_executions_total` counter | `tool`, `status` (`success`, `error`) |
//! | `tool_execution_duration_seconds` histogram, `tool_active_executions` gauge | `tool` |
//! | `streaming_active_connections` gauge, `streaming_bytes_transferred_bytes`, `streaming_connection_duration_seconds`, `streaming_first_message_duration_seconds` histograms | none |
//! | `streaming_messages_total` counter | `type` (`progress`, `result`, `error`) |
//! | `process_cpu_usage_percent`, `process_uptime_seconds` gauges | none |
//! | `process_memory_bytes` gauge | `type` (`rss`, `heap`, `limit`) |
//! | `health_check_status` gauge | `check_type` |
//! | `auth_attempts_total` counter | `result` (`success`, `failure`) |
//! | `rate_limit_hits_total` counter | `route` |
use std::time::Duration;

use super::Dialect;
use crate::demo::exchange::{Arrival, Exchange, OTHER, ROUTES, statuses};
use crate::demo::health::{CHECKS, Reading};
use crate::demo::{stream, tools};
use crate::telemetry::{Counter, Family, Gauge, Histogram};

/// With a bound at each of the usual objectives: 100, 200 and 500 ms, 2 s.
const SECONDS: [f64; 13] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
const BYTES: [f64; 6] = [100.0, 1e3, 1e4, 1e5, 1e6, 1e7];

/// The metrics of a task server.
pub struct TaskHttp {
    requests: Family<Counter>,
    duration: Family<Histogram>,
    response_size: Family<Histogram>,
    active: Family<Gauge>,
    executions: Family<Counter>,
    tool_duration: Family<Histogram>,
    tools_active: Family<Gauge>,
    streams_active: Family<Gauge>,
    stream_messages: Family<Counter>,
    stream_bytes: Family<Histogram>,
    stream_duration: Family<Histogram>,
    stream_first: Family<Histogram>,
    cpu: Family<Gauge>,
    memory: Family<Gauge>,
    uptime: Family<Gauge>,
    health: Family<Gauge>,
    auth: Family<Counter>,
    limit_hits: Family<Counter>,
}

impl TaskHttp {
    /// All metrics at zero.
    pub fn new() -> Self {
        let count = |name, help| Family::new(name, help, Counter::default());
        let gauge = |name, help| Family::new(name, help, Gauge::default());
        let time = |name, help| Family::new(name, help, Histogram::new(&SECONDS));
        let size = |name, help| Family::new(name, help, Histogram::new(&BYTES));
        let metrics = Self {
            requests: count("http_server_requests_total", "Requests by route and status."),
            duration: time("http_server_request_duration_seconds", "Time to the answer by route."),
            response_size: size("http_server_response_size_bytes", "Size of answers."),
            active: gauge("http_server_active_requests", "Requests being served."),
            executions: count("tool_executions_total", "Tool calls by outcome."),
            tool_duration: time("tool_execution_duration_seconds", "Time that tool calls take."),
            tools_active: gauge("tool_active_executions", "Tool calls at work."),
            streams_active: gauge("streaming_active_connections", "Open streams."),
            stream_messages: count("streaming_messages_total", "Messages sent by type."),
            stream_bytes: size("streaming_bytes_transferred_bytes", "Bytes sent in a stream."),
            stream_duration: time("streaming_connection_duration_seconds", "Length of streams."),
            stream_first: time(
                "streaming_first_message_duration_seconds",
                "Time from a stream's beginning to its first message.",
            ),
            cpu: gauge("process_cpu_usage_percent", "Percent of one processor."),
            memory: gauge("process_memory_bytes", "Memory in use, and its limit."),
            uptime: gauge("process_uptime_seconds", "Time since the start."),
            health: gauge("health_check_status", "Whether a check passes: 1 or 0."),
            auth: count("auth_attempts_total", "Credentials shown, by outcome."),
            limit_hits: count("rate_limit_hits_total", "Requests beyond the limit, by route."),
        };
        metrics.begin();
        metrics
    }

    /// Makes every series exist, so that its first increase is seen as one.
    fn begin(&self) {
        for (route, method) in ROUTES {
            for status in statuses(route) {
                self.requests.touch(&request(method, route, status, &class(status)));
            }
            self.duration.touch(&[("method", method), ("route", route)]);
        }
        for tool in tools::NAMES {
            let tool = ("tool", tool);
            for status in ["success", "error"] {
                self.executions.touch(&[tool, ("status", status)]);
            }
            self.tool_duration.touch(&[tool]);
            self.tools_active.touch(&[tool]);
        }
        for kind in stream::EVENTS {
            self.stream_messages.touch(&[("type", kind)]);
        }
        for family in [&self.stream_duration, &self.stream_first] {
            family.touch(&[]);
        }
        for family in [&self.response_size, &self.stream_bytes] {
            family.touch(&[]);
        }
        for family in [&self.active, &self.streams_active, &self.cpu, &self.uptime] {
            family.touch(&[]);
        }
        for check in CHECKS {
            self.health.touch(&[("check_type", check)]);
        }
        for result in ["success", "failure"] {
            self.auth.touch(&[("result", result)]);
        }
        self.limit_hits.touch(&[("route", "/mcp")]);
    }
}

impl Dialect for TaskHttp {
    fn entered(&self, _arrival: &Arrival) {
        self.active.with(&[], |active| active.add(1.0));
    }

    fn left(&self, _arrival: &Arrival) {
        self.active.with(&[], |active| active.add(-1.0));
    }

    fn answered(&self, exchange: &Exchange) {
        let route = exchange.arrival.route.unwrap_or(OTHER);
        let method = exchange.arrival.http_method;
        let seconds = exchange.duration.as_secs_f64();
        let status = exchange.status.to_string();
        self.requests.with(&request(method, route, &status, &class(&status)), Counter::increase);
        self.duration.with(&[("method", method), ("route", route)], |time| time.observe(seconds));
        self.response_size.with(&[], |size| size.observe_bytes(exchange.response_bytes));
        if let Some(authentic) = exchange.authentic {
            let result = if authentic { "success" } else { "failure" };
            self.auth.with(&[("result", result)], Counter::increase);
        }
        if exchange.limited == Some(true) {
            self.limit_hits.with(&[("route", route)], Counter::increase);
        }
        if let Some(tool) = exchange.executed() {
            let tool = ("tool", tool);
            let status = if exchange.failed() { "error" } else { "success" };
            self.executions.with(&[tool, ("status", status)], Counter::increase);
            self.tool_duration.with(&[tool], |time| time.observe(seconds));
        }
    }

    fn tool_began(&self, tool: &'static str) {
        self.tools_active.with(&[("tool", tool)], |active| active.add(1.0));
    }

    fn tool_ended(&self, tool: &'static str) {
        self.tools_active.with(&[("tool", tool)], |active| active.add(-1.0));
    }

    fn stream_opened(&self) {
        self.streams_active.with(&[], |active| active.add(1.0));
    }

    fn stream_sent(&self, kind: &'static str, first: Option<Duration>) {
        self.stream_messages.with(&[("type", kind)], Counter::increase);
        if let Some(first) = first {
            self.stream_first.with(&[], |time| time.observe(first.as_secs_f64()));
        }
    }

    fn stream_closed(&self, bytes: usize, duration: Duration) {
        self.streams_active.with(&[], |active| active.add(-1.0));
        self.stream_bytes.with(&[], |size| size.observe_bytes(bytes));
        self.stream_duration.with(&[], |time| time.observe(duration.as_secs_f64()));
    }

    fn write(&self, reading: &Reading, out: &mut String) {
        let vitals = reading.vitals;
        self.cpu.with(&[], |cpu| cpu.set(vitals.cpu_percent));
        self.uptime.with(&[], |uptime| uptime.set(vitals.uptime));
        for (kind, bytes) in
            [("rss", vitals.resident), ("heap", vitals.heap), ("limit", vitals.limit)]
        {
            self.memory.with(&[("type", kind)], |memory| memory.set(bytes));
        }
        for checked in &reading.checks {
            let check = [("check_type", checked.check)];
            self.health.with(&check, |status| status.set(f64::from(u8::from(checked.passes))));
        }
        self.requests.write(out);
        self.duration.write(out);
        self.response_size.write(out);
        self.active.write(out);
        self.executions.write(out);
        self.tool_duration.write(out);
        self.tools_active.write(out);
        self.streams_active.write(out);
        self.stream_messages.write(out);
        self.stream_bytes.write(out);
        self.stream_duration.write(out);
        self.stream_first.write(out);
        self.cpu.write(out);
        self.memory.write(out);
        self.uptime.write(out);
        self.health.write(out);
        self.auth.write(out);
        self.limit_hits.write(out);
    }
}

fn request<'a>(
    method: &'a str,
    route: &'a str,
    status: &'a str,
    class: &'a str,
) -> [(&'static str, &'a str); 4] {
    [("method", method), ("route", route), ("status_code", status), ("status_class", class)]
}

/// `2xx` of `204`.
fn class(status: &str) -> String {
    format!("{}xx", status.get(..1).unwrap_or_default())
}
