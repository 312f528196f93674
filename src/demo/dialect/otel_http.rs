//! As the OpenTelemetry conventions for HTTP and MCP name metrics, in the form its Prometheus exporter gives them:
//!
//! | metric | labels |
//! |---|---|
//! | `http_server_request_duration_seconds` histogram | `http_request_method`, `http_response_status_code`, `http_route`, `url_scheme` |
//! | `http_server_active_requests` gauge | `http_request_method`, `url_scheme` |
//! | `mcp_server_operation_duration_seconds` histogram | `mcp_method_name`, `network_transport`, and where they apply `gen_ai_tool_name`, `error_type`, `mcp_protocol_version` |
//! | `target_info` gauge, always 1 | `service_name`, `service_version` |
//!
//! What does not apply is no label: no `http_route` without a route, no `error_type` without an error.
use super::{COMMON_BUCKETS, Dialect};
use crate::demo::exchange::{
    Arrival, Call, Exchange, INTERNAL_ERROR, LEGACY, METHODS, MODERN, ROUTES, VERSIONS, statuses,
};
use crate::demo::health::Reading;
use crate::demo::tools;
use crate::telemetry::{Family, Gauge, Histogram};

/// The buckets that the MCP conventions ask for.
const MCP_BUCKETS: [f64; 14] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
const SCHEME: (&str, &str) = ("url_scheme", "http");

/// The metrics of a service with OpenTelemetry.
pub struct OtelHttp {
    requests: Family<Histogram>,
    active: Family<Gauge>,
    operations: Family<Histogram>,
    target: Family<Gauge>,
}

impl OtelHttp {
    /// All metrics at zero.
    pub fn new(service: &str) -> Self {
        let metrics = Self {
            requests: Family::new(
                "http_server_request_duration_seconds",
                "Duration of HTTP server requests.",
                Histogram::new(&COMMON_BUCKETS),
            ),
            active: Family::new(
                "http_server_active_requests",
                "Number of HTTP server requests being served.",
                Gauge::default(),
            ),
            operations: Family::new(
                "mcp_server_operation_duration_seconds",
                "Duration of MCP requests as the server sees them.",
                Histogram::new(&MCP_BUCKETS),
            ),
            target: Family::new("target_info", "What this target is.", Gauge::default()),
        };
        for (route, method) in ROUTES {
            for status in statuses(route) {
                metrics.requests.touch(&request(method, status, route));
            }
            metrics.active.touch(&[("http_request_method", method), SCHEME]);
        }
        for method in METHODS {
            for version in VERSIONS.into_iter().filter(|version| is_spoken(method, version)) {
                let call = Call { method, tool: None, version: Some(version) };
                if method != "tools/call" {
                    metrics.operations.touch(&operation(call, ""));
                    continue;
                }
                for tool in tools::NAMES {
                    let call = Call { tool: Some(tool), ..call };
                    metrics.operations.touch(&operation(call, ""));
                    metrics.operations.touch(&operation(call, &INTERNAL_ERROR.to_string()));
                }
            }
        }
        let version = ("service_version", env!("CARGO_PKG_VERSION"));
        metrics.target.with(&[("service_name", service), version], |target| {
            target.set(1.0);
        });
        metrics
    }
}

impl Dialect for OtelHttp {
    fn entered(&self, arrival: &Arrival) {
        self.active.with(&[("http_request_method", arrival.http_method), SCHEME], |active| {
            active.add(1.0);
        });
    }

    fn left(&self, arrival: &Arrival) {
        self.active.with(&[("http_request_method", arrival.http_method), SCHEME], |active| {
            active.add(-1.0);
        });
    }

    fn answered(&self, exchange: &Exchange) {
        let seconds = exchange.duration.as_secs_f64();
        let (arrival, status) = (exchange.arrival, exchange.status.to_string());
        let labels = request(arrival.http_method, &status, arrival.route.unwrap_or_default());
        self.requests.with(&labels, |duration| duration.observe(seconds));
        if let Some(call) = exchange.call {
            let error = match &exchange.failure {
                Some(failure) => failure.code.to_string(),
                // Refused before JSON-RPC had a say.
                None if exchange.failed() => status,
                None => String::new(),
            };
            self.operations.with(&operation(call, &error), |duration| {
                duration.observe(seconds);
            });
        }
    }

    fn write(&self, _: &Reading, out: &mut String) {
        self.requests.write(out);
        self.active.write(out);
        self.operations.write(out);
        self.target.write(out);
    }
}

fn request<'a>(method: &'a str, status: &'a str, route: &'a str) -> [(&'static str, &'a str); 4] {
    [
        ("http_request_method", method),
        ("http_response_status_code", status),
        ("http_route", route),
        SCHEME,
    ]
}

fn operation(call: Call, error: &str) -> [(&'static str, &str); 5] {
    [
        ("mcp_method_name", call.method),
        ("gen_ai_tool_name", call.tool.unwrap_or_default()),
        ("error_type", error),
        ("network_transport", "tcp"),
        ("mcp_protocol_version", call.version.unwrap_or_default()),
    ]
}

/// Whether a method exists in a protocol version.
fn is_spoken(method: &str, version: &str) -> bool {
    match method {
        "server/discover" => version == MODERN,
        "tools/list" | "tools/call" => true,
        _ => version == LEGACY,
    }
}
