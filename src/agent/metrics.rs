//! A report as metrics, in names that people know from `blackbox_exporter` and `mcp_probe_…` beside them.

use crate::mcp::Reason;
use crate::mcp::report::{self, Report, Step, StepName, Transport};
use crate::telemetry::{Family, Gauge, Label};

/// Capabilities that are told one by one; a server without one shows 0.
const CAPABILITIES: [&str; 7] =
    ["tools", "resources", "prompts", "logging", "completions", "tasks", "extensions"];
/// Longest text of a label: a server says of itself what it likes.
const LONGEST: usize = 64;

/// The report in the text format. Each report is a registry of its own: what is not known is absent.
pub fn text(report: &Report) -> String {
    let mut out = Registry(String::new());
    let success = f64::from(u8::from(report.success));
    let seconds = report.duration.as_secs_f64();
    out.one("probe_success", "Whether the server did all that was asked.", success);
    out.one("probe_duration_seconds", "Time that the probe took.", seconds);
    out.one("mcp_probe_success", "Whether the server did all that was asked.", success);
    steps(report, &mut out);
    failure(report, &mut out);
    protocol(report, &mut out);
    tools(report, &mut out);
    if let Some(expiry) = report.certificate_expiry {
        #[allow(clippy::cast_precision_loss)] // Exact until long after any certificate's end.
        let expiry = expiry as f64;
        let help = "When the first certificate of the server's chain ends, in Unix time.";
        out.one("mcp_probe_tls_cert_expiry_timestamp_seconds", help, expiry);
        out.one("probe_ssl_earliest_cert_expiry", help, expiry);
    }
    out.0
}

struct Registry(String);

impl Registry {
    fn one(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.many(name, help, &[(vec![], value)]);
    }

    /// A family; none without series.
    fn many(&mut self, name: &'static str, help: &'static str, series: &[(Vec<Label<'_>>, f64)]) {
        if series.is_empty() {
            return;
        }
        let family = Family::new(name, help, Gauge::default());
        for (labels, value) in series {
            family.with(labels, |gauge| gauge.set(*value));
        }
        family.write(&mut self.0);
    }
}

fn steps(report: &Report, out: &mut Registry) {
    let mut phases: Vec<(StepName, f64)> = Vec::new();
    for step in &report.steps {
        let seconds = step.duration.as_secs_f64();
        // A name may be resolved and a connection opened more than once.
        match phases.iter_mut().find(|(name, _)| *name == step.name) {
            Some((_, sum)) => *sum += seconds,
            None => phases.push((step.name, seconds)),
        }
    }
    let series: Vec<_> =
        phases.iter().map(|(name, sum)| (vec![("phase", word(*name))], *sum)).collect();
    out.many("mcp_probe_duration_seconds", "Time that each phase of the probe took.", &series);

    // The last one of a kind counts: an era that a server does not speak is no failure of its own.
    let mut kinds: Vec<(&str, bool)> = Vec::new();
    for step in &report.steps {
        let kind = kind(step.name);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, success)) => *success = step.success,
            None => kinds.push((kind, step.success)),
        }
    }
    let series: Vec<_> = kinds
        .iter()
        .map(|(kind, success)| (vec![("step", *kind)], f64::from(u8::from(*success))))
        .collect();
    out.many("mcp_probe_step_success", "Whether each step worked.", &series);

    let over_http = report.protocol.as_ref().is_none_or(|p| p.transport != Transport::Stdio)
        && !report.steps.iter().any(|step| step.name == StepName::Spawn);
    let status = |step: &Step| match step.http_status {
        Some(status) => Some(f64::from(status)),
        None => (over_http && is_request(step.name) && !step.success).then_some(0.0),
    };
    let help = "HTTP status of the answer to each step; 0 without an answer.";
    out.many("mcp_probe_http_status_code", help, &last(report, status));
    #[allow(clippy::cast_precision_loss)] // Codes and sizes are far below 2⁵³.
    {
        let help = "Code of the JSON-RPC error that a step was answered with.";
        let code = |step: &Step| step.jsonrpc_error.map(|code| code as f64);
        out.many("mcp_probe_jsonrpc_error_code", help, &last(report, code));
        let help = "Size of the answer to each step.";
        let bytes = |step: &Step| step.bytes.map(|bytes| bytes as f64);
        out.many("mcp_probe_response_bytes", help, &last(report, bytes));
    }
}

/// A value of each step that has one; the last one where a step was taken twice.
fn last(report: &Report, value: impl Fn(&Step) -> Option<f64>) -> Vec<(Vec<Label<'static>>, f64)> {
    let steps = report.steps.iter();
    steps.filter_map(|step| Some((vec![("step", word(step.name))], value(step)?))).collect()
}

fn failure(report: &Report, out: &mut Registry) {
    let reason = report.failure.as_ref().map(|failure| failure.reason);
    if let Some(reason) = reason {
        let reason = report::word(&reason);
        let help = "Why the probe failed.";
        out.many("mcp_probe_failure", help, &[(vec![("reason", reason.as_str())], 1.0)]);
    }
    let auth = report.challenge.is_some() || reason == Some(Reason::AuthRequired);
    let help = "Whether the server asked for credentials.";
    out.one("mcp_probe_auth_required", help, f64::from(u8::from(auth)));
}

fn protocol(report: &Report, out: &mut Registry) {
    if let Some(spoken) = &report.protocol {
        let (era, transport) = (report::word(&spoken.era), report::word(&spoken.transport));
        let version = short(&spoken.version);
        let labels =
            vec![("version", version), ("era", era.as_str()), ("transport", transport.as_str())];
        out.many("mcp_probe_protocol_info", "What is spoken with the server.", &[(labels, 1.0)]);
        let flag = |value: bool| f64::from(u8::from(value));
        out.one(
            "mcp_probe_session_issued",
            "Whether the server began a session.",
            flag(report.session_issued),
        );
        out.one(
            "mcp_probe_sse_response",
            "Whether the server answered as a stream.",
            flag(report.sse_response),
        );
        let offered = |name: &str| report.capabilities.iter().any(|offered| offered == name);
        let series: Vec<_> = CAPABILITIES
            .iter()
            .map(|name| (vec![("capability", *name)], flag(offered(name))))
            .collect();
        out.many("mcp_probe_capability", "What the server offers.", &series);
    }
    if let Some(server) = &report.server {
        let labels = vec![("name", short(&server.name)), ("version", short(&server.version))];
        out.many("mcp_probe_server_info", "Who the server says that it is.", &[(labels, 1.0)]);
    }
}

fn tools(report: &Report, out: &mut Registry) {
    let Some(tools) = &report.tools else { return };
    let count = |number: usize| u32::try_from(number).map_or(f64::INFINITY, f64::from);
    out.one("mcp_probe_tools", "Tools that the server lists.", count(tools.len()));
    let help = "Expected tools that the server does not list.";
    out.one("mcp_probe_tools_missing", help, count(report.tools_missing.len()));
    if let Some(fingerprint) = report.tools_fingerprint {
        #[allow(clippy::cast_precision_loss)] // 52 bits.
        let fingerprint = fingerprint as f64;
        let help = "52 bits of SHA-256 over the server's tools; another number means other tools.";
        out.one("mcp_probe_tools_fingerprint", help, fingerprint);
    }
}

/// The text's beginning.
fn short(text: &str) -> &str {
    text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Whether a step is a question over HTTP.
const fn is_request(name: StepName) -> bool {
    !matches!(name, StepName::Resolve | StepName::Connect | StepName::Tls | StepName::Spawn)
}

/// What people tell apart: did it connect, shake hands, answer?
const fn kind(name: StepName) -> &'static str {
    match name {
        StepName::Resolve | StepName::Connect | StepName::Tls | StepName::Spawn => "connect",
        StepName::Discover | StepName::Endpoint | StepName::Initialize | StepName::Initialized => {
            "handshake"
        }
        other => word(other),
    }
}

/// The word of a step, as labels have it.
pub const fn word(name: StepName) -> &'static str {
    match name {
        StepName::Resolve => "resolve",
        StepName::Connect => "connect",
        StepName::Tls => "tls",
        StepName::Spawn => "spawn",
        StepName::Discover => "discover",
        StepName::Endpoint => "endpoint",
        StepName::Initialize => "initialize",
        StepName::Initialized => "initialized",
        StepName::Ping => "ping",
        StepName::ToolsList => "tools_list",
        StepName::ToolsCall => "tools_call",
        StepName::Close => "close",
    }
}
