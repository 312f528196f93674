//! A report as text, for people who ask why.

use std::fmt::Write as _;

use super::fleet::Service;
use super::metrics::{self, word};
use super::own::module;
use crate::mcp::target::Depth;
use crate::mcp::{Report, report};

/// The probe step by step, and the metrics that it makes.
pub fn text(service: &Service, depth: Depth, report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{} ({}), as far as {}\n", service.name, service.instance, module(depth));
    for step in &report.steps {
        let mut about = Vec::new();
        about.extend(step.http_status.map(|status| format!("HTTP {status}")));
        about.extend(step.jsonrpc_error.map(|code| format!("JSON-RPC error {code}")));
        about.extend(step.bytes.map(|bytes| format!("{bytes} bytes")));
        let verdict = if step.success { "ok" } else { "failed" };
        let _ = writeln!(
            out,
            "{:>11.6} s  {:<12} {verdict:<6} {}",
            step.duration.as_secs_f64(),
            word(step.name),
            about.join(", ")
        );
    }
    let _ = writeln!(
        out,
        "{:>11.6} s  {}\n",
        report.duration.as_secs_f64(),
        if report.success { "all of it: success" } else { "all of it: failure" }
    );
    if let Some(failure) = &report.failure {
        let (reason, message) = (report::word(&failure.reason), &failure.message);
        let _ = writeln!(out, "{reason}: {message}\n{}\n", failure.advice);
    }
    if let Some(names) = tools(report) {
        let _ = writeln!(out, "tools: {names}");
    }
    if !report.tools_missing.is_empty() {
        let _ = writeln!(out, "expected and not there: {}", report.tools_missing.join(", "));
    }
    let _ = writeln!(out, "\nmetrics:\n{}", metrics::text(report));
    out
}

fn tools(report: &Report) -> Option<String> {
    let tools = report.tools.as_ref()?;
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    Some(names.join(", "))
}
