//! `OpenSLO` v1: objectives written so that other tools read them, and theirs read.
//!
//! What `OpenSLO` has no word for (tiers, `min_events`, single services) is said in annotations on the
//! way out, and named as lost on the way in.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use serde_json::{Value as Json, json};

use super::{Events, Failed, Slo, days, percent};
use crate::decimal::Decimal;
use crate::manifest::Name;
use crate::selector::Selector;
use crate::yaml;

/// What every document begins with.
const VERSION: &str = "openslo/v1";

/// The objectives as YAML documents, one after the other.
pub fn export(stack: &str, slos: &[&Slo]) -> anyhow::Result<String> {
    let mut out = String::new();
    for slo in slos {
        for (objective, services) in
            [(slo.objective, Vec::new())].into_iter().chain(slo.others.clone())
        {
            let _ =
                write!(out, "---\n{}", yaml::emit(&document(stack, slo, objective, &services))?);
        }
    }
    Ok(out)
}

fn document(stack: &str, slo: &Slo, objective: Decimal, services: &[String]) -> Json {
    let name = match services {
        [] => slo.id.clone(),
        some => format!("{}-{}", slo.id, some.join("-")),
    };
    let query =
        |text: &str| json!({"metricSource": {"type": "Prometheus", "spec": {"query": text}}});
    let (counter, total) = cumulative(&slo.events.total);
    let mut ratio = serde_json::Map::new();
    ratio.insert("counter".to_owned(), counter.into());
    if let Some(state) = &slo.events.state {
        // The state is 1 while all is well, so that its sum is the good part of its count.
        ratio.insert("counter".to_owned(), false.into());
        ratio.insert("good".to_owned(), query(&format!("sum by (service) ({state})")));
        ratio.insert("total".to_owned(), query(&format!("count by (service) ({state})")));
    } else {
        let (kind, text) = match &slo.events.failed {
            Failed::Bad(text) => ("bad", text),
            Failed::Good(text) | Failed::Within(text) => ("good", text),
        };
        ratio.insert(kind.to_owned(), query(&cumulative(text).1));
        ratio.insert("total".to_owned(), query(&total));
    }
    let mut target = serde_json::Map::new();
    target.insert("displayName".to_owned(), percent(objective).into());
    target.insert("target".to_owned(), number(objective));
    if let Some(slices) = slo.slices {
        target.insert("timeSliceTarget".to_owned(), number(slices.target));
        target.insert("timeSliceWindow".to_owned(), days(slices.length).into());
    }
    let mut annotations = serde_json::Map::new();
    let mut annotate = |key: &str, value: String| {
        annotations.insert(format!("mcpmon.dev/{key}"), value.into());
    };
    annotate("indicator", slo.indicator.as_str().to_owned());
    let tiers: Vec<String> = slo
        .tiers
        .iter()
        .map(|t| format!("{} {} {}", t.window.name, percent(t.share), t.severity.as_str()))
        .collect();
    annotate("tiers", tiers.join(", "));
    if let Some(least) = slo.min_events {
        annotate("min-events", least.to_string());
    }
    for (key, value) in [("owner", &slo.owner), ("review", &slo.review)] {
        if let Some(value) = value {
            annotate(key, value.clone());
        }
    }
    if !services.is_empty() {
        annotate("services", services.join(", "));
    }
    let service = match (services, slo.subjects.as_slice()) {
        ([one], _) => one.clone(),
        ([], [one]) => one.service.clone(),
        _ => stack.to_owned(),
    };
    json!({
        "apiVersion": VERSION,
        "kind": "SLO",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {
            "description": slo.description.clone().unwrap_or_default(),
            "service": service,
            "indicator": {
                "metadata": {"name": format!("{name}-{}", slo.indicator.as_str())},
                "spec": {"ratioMetric": ratio},
            },
            "timeWindow": [{"duration": slo.window_text(), "isRolling": true}],
            "budgetingMethod": if slo.slices.is_some() { "Timeslices" } else { "Occurrences" },
            "objectives": [target],
        },
    })
}

/// A decimal as a JSON number with the very digits.
fn number(value: Decimal) -> Json {
    serde_json::from_str(&value.to_string()).unwrap_or_default()
}

/// An expression over a window as a counter that only grows, where it is a sum of rates; else over five
/// minutes.
fn cumulative(expr: &str) -> (bool, String) {
    let mut out = String::new();
    let mut rest = expr;
    while let Some((before, inside)) = rest.split_once("rate(") {
        let Some((series, after)) = inside.split_once("[$window])") else {
            return (false, Events::over(expr, 300));
        };
        out.push_str(before);
        out.push_str(series);
        rest = after;
    }
    out.push_str(rest);
    if out.contains("$window") { (false, Events::over(expr, 300)) } else { (true, out) }
}

/// What was read: the part of a manifest, and what could not be taken over.
#[derive(Debug)]
pub struct Imported {
    /// `slos:` as YAML.
    pub manifest: String,
    /// What is lost, with the objective's name.
    pub lost: Vec<String>,
}

/// Reads `OpenSLO` documents. Those of other kinds are used where an objective refers to them.
///
/// # Errors
/// What cannot be read, with the name of the objective.
pub fn import(text: &str) -> anyhow::Result<Imported> {
    let mut documents = Vec::new();
    for (index, part) in split(text).into_iter().enumerate() {
        let node = yaml::document(&format!("document {}", index + 1), &part)?;
        documents.push(node.to_json());
    }
    let slos: Vec<&Json> = documents.iter().filter(|d| d["kind"] == "SLO").collect();
    if slos.is_empty() {
        bail!("there is no document of the kind `SLO`");
    }
    let mut all = serde_json::Map::new();
    let mut lost = Vec::new();
    for slo in slos {
        let name = slo["metadata"]["name"].as_str().context("an SLO has no `metadata.name`")?;
        if slo["apiVersion"] != VERSION {
            bail!("`{name}`: its `apiVersion` is {}, not {VERSION}", slo["apiVersion"]);
        }
        let one = objective(slo, &documents, name, &mut lost)
            .with_context(|| format!("`{name}` cannot be taken over"))?;
        let id = Name::from_any(name).to_string();
        if all.insert(id.clone(), one).is_some() {
            bail!("two objectives would be called `{id}`");
        }
    }
    Ok(Imported { manifest: yaml::emit(&json!({"slos": all}))?, lost })
}

/// The YAML documents of a text.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        if line.trim_end() == "---" {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    let content = |part: &String| {
        part.lines().any(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'))
    };
    parts.into_iter().filter(content).collect()
}

fn objective(
    slo: &Json,
    documents: &[Json],
    name: &str,
    lost: &mut Vec<String>,
) -> anyhow::Result<Json> {
    let spec = &slo["spec"];
    let mut out = serde_json::Map::new();
    if let Some(text) = spec["description"].as_str().filter(|text| !text.is_empty()) {
        out.insert("description".to_owned(), text.trim().into());
    }
    let indicator = match spec["indicatorRef"].as_str() {
        None => &spec["indicator"]["spec"],
        Some(wanted) => {
            let named = |d: &&Json| d["kind"] == "SLI" && d["metadata"]["name"] == *wanted;
            &documents.iter().find(named).with_context(|| format!("there is no SLI `{wanted}`"))?["spec"]
        }
    };
    let ratio = &indicator["ratioMetric"];
    if !ratio.is_object() {
        bail!("its indicator is no `ratioMetric`: mcpmon counts good and bad events");
    }
    let query = |key: &str| {
        ratio[key]["metricSource"]["spec"]["query"]
            .as_str()
            .map(|query| counted(query, &ratio["counter"]))
    };
    let total = query("total").context("its `ratioMetric` has no `total`")??;
    let mut custom = json!({"total": total});
    for key in ["good", "bad"] {
        if let Some(text) = query(key) {
            custom[key] = text?.into();
        }
    }
    out.insert("indicator".to_owned(), json!({"custom": custom}));
    let [objective] = spec["objectives"].as_array().map_or(&[][..], Vec::as_slice) else {
        bail!("it has not exactly one entry in `objectives`: make one objective of each");
    };
    let target = match (&objective["target"], &objective["targetPercent"]) {
        (Json::Number(share), _) => hundredfold(&share.to_string())?,
        (_, Json::Number(target)) => format!("{target}%"),
        _ => bail!("its objective has no `target`"),
    };
    out.insert("objective".to_owned(), target.into());
    let window = &spec["timeWindow"][0];
    if window["isRolling"] != true {
        lost.push(format!("`{name}`: a window that follows the calendar slides here"));
    }
    let duration = window["duration"].as_str().context("it has no `timeWindow`")?;
    // OpenSLO's month and quarter have no fixed length.
    let duration = match duration {
        "1M" => "30d".to_owned(),
        "1Q" | "3M" => "90d".to_owned(),
        other => other.to_owned(),
    };
    out.insert("window".to_owned(), duration.into());
    match spec["budgetingMethod"].as_str() {
        Some("Occurrences") | None => {}
        Some("Timeslices") => {
            let share = objective["timeSliceTarget"]
                .as_f64()
                .map(|_| objective["timeSliceTarget"].to_string());
            let share = hundredfold(&share.context("it has no `timeSliceTarget`")?)?;
            let length = objective["timeSliceWindow"].as_str().unwrap_or("5m");
            out.insert(
                "budgeting".to_owned(),
                json!({"timeslices": {"length": length, "target": share}}),
            );
        }
        Some(other) => bail!("it budgets by {other}, which mcpmon does not"),
    }
    let annotations = &slo["metadata"]["annotations"];
    for (key, of) in [("owner", "owner"), ("review", "review")] {
        if let Some(value) = annotations[format!("mcpmon.dev/{key}")].as_str() {
            out.insert(of.to_owned(), value.into());
        }
    }
    if let Some(least) =
        annotations["mcpmon.dev/min-events"].as_str().and_then(|t| t.parse::<u32>().ok())
    {
        out.insert("min_events".to_owned(), least.into());
    }
    if spec["alertPolicies"].as_array().is_some_and(|policies| !policies.is_empty()) {
        lost.push(format!("`{name}`: its alert policies; the tiers of mcpmon take their place"));
    }
    Ok(Json::Object(out))
}

/// `0.999` → `99.9%`.
fn hundredfold(share: &str) -> anyhow::Result<String> {
    let digits = share.trim();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{fraction:0<2}");
    let (two, rest) = padded.split_at_checked(2).unwrap_or((&padded, ""));
    let text = format!("{whole}{two}.{rest}");
    let text = text.trim_start_matches('0').trim_end_matches('0').trim_end_matches('.');
    let text =
        if text.is_empty() || text.starts_with('.') { format!("0{text}") } else { text.to_owned() };
    Decimal::parse(&text).with_context(|| format!("`{share}` is no share"))?;
    Ok(format!("{text}%"))
}

/// A query as the manifest takes it: a counter, or an expression over `$window`.
fn counted(query: &str, counter: &Json) -> anyhow::Result<String> {
    let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut inside = query.as_str();
    for head in ["sum by (service) (", "sum by(service)(", "sum("] {
        if let Some(rest) = inside.strip_prefix(head).and_then(|rest| rest.strip_suffix(')')) {
            inside = rest.trim();
        }
    }
    if Selector::parse(inside).is_ok() && *counter != Json::Bool(false) {
        return Ok(inside.to_owned());
    }
    if let Some(rates) = rates(&query).filter(|_| *counter != Json::Bool(false)) {
        return Ok(rates);
    }
    // A rate over a fixed window becomes one over any window.
    let windows = regex::Regex::new(r"\[[0-9]+[smhdwy]\]")?;
    if windows.is_match(&query) {
        return Ok(windows.replace_all(&query, "[$$window]").into_owned());
    }
    bail!(
        "`{query}` is neither a counter nor a rate over a window: write it as a counter such as `jobs_total{{result=\"error\"}}`"
    )
}

/// Sums of counters as sums of rates; nothing where there is none.
fn rates(query: &str) -> Option<String> {
    const HEAD: &str = "sum by (service) (";
    let mut out = String::new();
    let mut rest = query;
    while let Some((before, after)) = rest.split_once(HEAD) {
        // A regular expression may hold parentheses of its own.
        let (inside, tail) = after
            .match_indices(')')
            .filter_map(|(at, _)| Some((after.get(..at)?, after.get(at..)?)))
            .find(|(inside, _)| Selector::parse(inside).is_ok())?;
        let _ = write!(out, "{before}{HEAD}rate({inside}[$window])");
        rest = tail;
    }
    (!out.is_empty()).then(|| out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
apiVersion: openslo/v1
kind: SLO
metadata: {name: Web Availability}
spec:
  service: web
  description: Pages load
  indicatorRef: pages
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Timeslices
  objectives: [{target: 0.9995, timeSliceTarget: 0.95, timeSliceWindow: 5m}]
  alertPolicies: [page]
---
# The indicator.
apiVersion: openslo/v1
kind: SLI
metadata: {name: pages}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {type: Prometheus, spec: {query: 'sum(http_requests_total{code=~"5.."})'}}}
    total: {metricSource: {type: Prometheus, spec: {query: sum(http_requests_total)}}}
"#;

    #[test]
    fn a_foreign_objective_is_read() {
        let imported = import(ONE).unwrap();
        assert_eq!(
            imported.manifest,
            "slos:\n  web-availability:\n    description: Pages load\n    indicator:\n      custom:\n        total: http_requests_total\n        bad: http_requests_total{code=~\"5..\"}\n    objective: 99.95%\n    window: 28d\n    budgeting:\n      timeslices:\n        length: 5m\n        target: 95%\n"
        );
        assert_eq!(
            imported.lost,
            ["`Web Availability`: its alert policies; the tiers of mcpmon take their place"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (from, to, problem) in [
            (
                "openslo/v1\nkind: SLO",
                "openslo/v2\nkind: SLO",
                "`Web Availability`: its `apiVersion` is \"openslo/v2\", not openslo/v1",
            ),
            (
                "indicatorRef: pages",
                "indicatorRef: page",
                "`Web Availability` cannot be taken over: there is no SLI `page`",
            ),
            (
                "sum(http_requests_total)}",
                "http_requests_total / 2}",
                "`Web Availability` cannot be taken over: `http_requests_total / 2` is neither a counter nor a rate over a window: write it as a counter such as `jobs_total{result=\"error\"}`",
            ),
            (
                "Timeslices",
                "RatioTimeslices",
                "`Web Availability` cannot be taken over: it budgets by RatioTimeslices, which mcpmon does not",
            ),
        ] {
            assert_eq!(format!("{:#}", import(&ONE.replace(from, to)).unwrap_err()), problem);
        }
    }

    #[test]
    fn shares_keep_their_digits() {
        for (share, percent) in [
            ("0.999", "99.9%"),
            ("0.9995", "99.95%"),
            ("0.9", "90%"),
            ("1", "100%"),
            ("0.05", "5%"),
            ("0.005", "0.5%"),
        ] {
            assert_eq!(hundredfold(share).unwrap(), percent);
        }
        assert!(hundredfold("most").is_err());
    }

    #[test]
    fn rates_become_counters() {
        assert_eq!(
            cumulative(
                "sum by (service) (rate(a{x=\"y\"}[$window])) or on (service) sum by (service) (rate(b[$window]))"
            ),
            (true, "sum by (service) (a{x=\"y\"}) or on (service) sum by (service) (b)".to_owned())
        );
        assert!(!cumulative("sum by (service) (count_over_time(g[$window])) / $seconds").0);
    }
}
