//! A dialect file to start from: the metrics that look like the roles, each with a proof of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Exposition;

/// Labels that hold an answer's status, and those that name a route or a tool.
const STATUS: [&str; 5] = ["status", "status_code", "code", "http_status", "result"];
const ROUTES: [&str; 5] = ["handler", "path", "route", "endpoint", "http_route"];
const TOOLS: [&str; 3] = ["tool", "tool_name", "gen_ai_tool_name"];

/// The text of a dialect file for what is served.
///
/// # Errors
/// That nothing there looks like requests with a status.
pub fn draft(served: &Exposition) -> Result<String, String> {
    let counters = named(served, "counter");
    let calls = |name: &&String| name.contains("request") || name.contains("call");
    let with = |name: &str, wanted: &[&'static str]| {
        let labels: BTreeSet<&str> = served
            .named(name)
            .flat_map(|sample| sample.labels.iter().map(|(label, _)| label.as_str()))
            .collect();
        wanted.iter().copied().find(|label| labels.contains(label))
    };
    let requests = counters
        .iter()
        .filter(calls)
        .filter(|name| with(name, &TOOLS).is_none())
        .find_map(|name| Some((name, with(name, &STATUS)?)));
    let Some((requests, status)) = requests else {
        return Err(format!(
            "no counter here looks like requests: one needs `request` in its name and a label such as `{}`",
            STATUS.join("`, `")
        ));
    };
    let (good, bad) = statuses(served, requests, status);
    let mut text =
        String::from("# A draft: read it, and prove it with `mcpmon validate --in-images`.\n");
    let failed = if bad == "5.." { "500" } else { bad };
    let route = with(requests, &ROUTES);
    let out = |route: Option<&str>| {
        route.map(|label| format!("{label}!~\"/metrics|/health.*\"")).unwrap_or_default()
    };
    let errors = [out(route), format!("{status}=~\"{bad}\"")].into_iter().filter(|m| !m.is_empty());
    let errors = errors.collect::<Vec<_>>().join(",");
    let excluded = match route {
        Some(label) => format!("      where: {}\n", out(Some(label))),
        None => String::new(),
    };
    let _ = write!(
        text,
        "description: The metrics of NAME\ndetect: [{requests}]\nroles:\n  requests:\n    - counter: {requests}\n{excluded}      test:\n        series: {{'{requests}{{{status}=\"{good}\"}}': 0+600x20}}\n        value: 10\n  errors:\n    - counter: {requests}\n      where: {errors}\n      test:\n        series: {{'{requests}{{{status}=\"{good}\"}}': 0+540x20, '{requests}{{{status}=\"{failed}\"}}': 0+60x20}}\n        value: {{rate: 1, share: 0.1}}\n"
    );
    let time = |name: &&String| {
        ["duration", "latency", "seconds", "_ms"].iter().any(|word| name.contains(word))
    };
    let histograms = named(served, "histogram");
    let latency = histograms
        .iter()
        .filter(time)
        .find(|name| with(&format!("{name}_bucket"), &TOOLS).is_none());
    if let Some(name) = latency {
        let milliseconds = name.ends_with("_ms") || name.contains("millisecond");
        let (unit, bounds, p) = if milliseconds {
            ("ms", ["200.0", "400.0"], "{p50: 0.2, p95: 0.38, p99: 0.396}")
        } else {
            ("s", ["0.2", "0.4"], "{p50: 0.2, p95: 0.38, p99: 0.396}")
        };
        let excluded = match with(&format!("{name}_bucket"), &ROUTES) {
            Some(label) => format!("      where: {}\n", out(Some(label))),
            None => String::new(),
        };
        let _ = write!(
            text,
            "  latency:\n    - histogram: {name}\n{excluded}      unit: {unit}\n      test:\n        series:\n          '{name}_bucket{{le=\"{}\"}}': 0+60x20\n          '{name}_bucket{{le=\"{}\"}}': 0+120x20\n          '{name}_bucket{{le=\"+Inf\"}}': 0+120x20\n        value: {p}\n",
            bounds[0], bounds[1]
        );
    }
    let busy = |name: &&String| {
        ["active", "inprogress", "in_progress", "in_flight", "inflight"]
            .iter()
            .any(|word| name.contains(word))
    };
    if let Some(name) = named(served, "gauge").iter().find(busy) {
        let _ = write!(
            text,
            "  in_flight:\n    - gauge: {name}\n      test:\n        series: {{'{name}': 3x20}}\n        value: 3\n"
        );
    }
    let tools =
        counters.iter().find_map(|name| Some((name, with(name, &TOOLS)?, with(name, &STATUS)?)));
    if let Some((name, tool, status)) = tools {
        let latency =
            histograms.iter().find(|name| with(&format!("{name}_bucket"), &[tool]).is_some());
        let unit = |name: &str| if name.ends_with("_ms") { "ms" } else { "s" };
        let latency = latency
            .map(|name| format!("      latency: {{histogram: {name}, unit: {}}}\n", unit(name)))
            .unwrap_or_default();
        let _ = write!(
            text,
            "  tools:\n    - label: {tool}\n      counter: {name}\n      failed: {status}=~\"error|failure|failed|5..\"\n{latency}      test:\n        series: {{'{name}{{{tool}=\"search\",{status}=\"ok\"}}': 0+540x20, '{name}{{{tool}=\"search\",{status}=\"error\"}}': 0+60x20}}\n        value: {{search: {{calls: 10, errors: 1}}}}\n"
        );
    }
    Ok(text)
}

/// Metrics of a kind by their series' names, the shortest first: the plainest is the likeliest.
fn named(served: &Exposition, kind: &str) -> Vec<String> {
    let of_kind = served.families.iter().filter(|(_, family)| family.kind == kind);
    let mut names: Vec<String> = of_kind
        .map(|(name, _)| {
            let total = format!("{name}_total");
            if served.named(&total).next().is_some() { total } else { name.clone() }
        })
        .collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    names
}

/// How this status says that all is well, and that the server failed.
fn statuses(served: &Exposition, metric: &str, label: &str) -> (&'static str, &'static str) {
    let values: Vec<&str> = served.named(metric).filter_map(|sample| sample.label(label)).collect();
    if values.iter().any(|value| value.ends_with("xx")) {
        ("2xx", "5xx")
    } else if values.iter().all(|value| value.bytes().all(|b| b.is_ascii_digit())) {
        ("200", "5..")
    } else {
        ("success", "error|failure|failed|5..")
    }
}
