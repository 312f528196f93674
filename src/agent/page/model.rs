//! Answers → what the page shows, in the order in which it shows it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Settings;
use super::ask::{Alert, Answers, Series};
use super::chart;
use crate::agent::fleet::Fleet;

/// The page.
#[derive(Debug, Serialize)]
pub struct Model {
    /// The stack's name.
    pub stack: String,
    /// When it was made, in UTC.
    pub made: String,
    /// Services that answer.
    pub answering: usize,
    /// Services that do not.
    pub failing: usize,
    /// Services of which nothing is known yet.
    pub unknown: usize,
    /// The services: what needs someone first.
    pub services: Vec<Row>,
    /// Alerts of no one service.
    pub alerts: Vec<Firing>,
    /// Why little is known.
    pub problem: Option<String>,
}

/// One service.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its address.
    pub instance: String,
    /// Whether it answers.
    pub state: State,
    /// Why it does not, in words.
    pub reason: Option<String>,
    /// Who it says that it is.
    pub server: String,
    /// The version of the protocol.
    pub version: String,
    /// Its era and transport, in words.
    pub spoken: String,
    /// How many tools it lists.
    pub tools: Option<String>,
    /// When its tools changed.
    pub changed: Option<String>,
    /// The chart's path.
    pub line: String,
    /// The newest time of an answer.
    pub latency: Option<String>,
    /// The chart in words.
    pub summary: String,
    /// Its dashboard.
    pub dashboard: Option<String>,
    /// Its alerts.
    pub alerts: Vec<Firing>,
}

/// Whether a service answers. The order is the order on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It does not.
    Failing,
    /// It does, and an alert says that something is wrong with it.
    Alerting,
    /// Nothing is known.
    Unknown,
    /// It does.
    Answering,
}

/// An alert that fires.
#[derive(Clone, Debug, Serialize)]
pub struct Firing {
    /// Its name.
    pub name: String,
    /// Its severity.
    pub severity: String,
    /// What it says.
    pub summary: String,
    /// Where its runbook is.
    pub runbook: Option<String>,
}

impl Model {
    /// What is shown of a fleet at a moment in Unix time.
    pub fn of(settings: &Settings, fleet: &Fleet, answers: &Answers, now: i64) -> Self {
        let known = Known::of(answers);
        let mut services: Vec<Row> = fleet
            .services()
            .map(|service| known.row(settings, &service.name, &service.instance, now))
            .collect();
        services.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
        let count = |wanted: &[State]| {
            services.iter().filter(|service| wanted.contains(&service.state)).count()
        };
        Self {
            stack: settings.stack.clone().unwrap_or_else(|| "MCP".to_owned()),
            made: jiff::Timestamp::from_second(now)
                .map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
                .unwrap_or_default(),
            answering: count(&[State::Answering, State::Alerting]),
            failing: count(&[State::Failing]),
            unknown: count(&[State::Unknown]),
            alerts: known.alerts.get("").cloned().unwrap_or_default(),
            services,
            problem: answers.problem.clone(),
        }
    }
}

/// The answers by service.
struct Known<'a> {
    success: BTreeMap<&'a str, &'a Series>,
    failure: BTreeMap<&'a str, &'a Series>,
    protocol: BTreeMap<&'a str, &'a Series>,
    server: BTreeMap<&'a str, &'a Series>,
    tools: BTreeMap<&'a str, &'a Series>,
    changed: BTreeMap<&'a str, &'a Series>,
    latency: BTreeMap<&'a str, &'a Series>,
    alerts: BTreeMap<&'a str, Vec<Firing>>,
}

impl<'a> Known<'a> {
    fn of(answers: &'a Answers) -> Self {
        let by = |series: &'a [Series]| series.iter().map(|s| (s.label("service"), s)).collect();
        let mut alerts: BTreeMap<&str, Vec<Firing>> = BTreeMap::new();
        for alert in answers.alerts.iter().filter(|alert| alert.state == "firing") {
            let service = alert.labels.get("service").map_or("", String::as_str);
            alerts.entry(service).or_default().extend(firing(alert));
        }
        Self {
            success: by(&answers.success),
            failure: by(&answers.failure),
            protocol: by(&answers.protocol),
            server: by(&answers.server),
            tools: by(&answers.tools),
            changed: by(&answers.changed),
            latency: by(&answers.latency),
            alerts,
        }
    }

    fn row(&self, settings: &Settings, name: &str, instance: &str, now: i64) -> Row {
        let alerts = self.alerts.get(name).cloned().unwrap_or_default();
        let state = match self.success.get(name).and_then(|series| series.newest()) {
            None => State::Unknown,
            Some(success) if success < 1.0 => State::Failing,
            Some(_) if !alerts.is_empty() => State::Alerting,
            Some(_) => State::Answering,
        };
        let reason = self.failure.get(name).filter(|_| state == State::Failing);
        let server = self.server.get(name);
        let protocol = self.protocol.get(name);
        let points: Vec<(i64, f64)> =
            self.latency.get(name).map(|series| series.points().collect()).unwrap_or_default();
        Row {
            name: name.to_owned(),
            instance: instance.to_owned(),
            state,
            reason: reason.map(|series| series.label("reason").replace('_', " ")),
            server: server
                .map(|s| format!("{} {}", s.label("name"), s.label("version")).trim().to_owned())
                .unwrap_or_default(),
            version: protocol.map_or("", |series| series.label("version")).to_owned(),
            spoken: protocol.map(|series| spoken(series)).unwrap_or_default(),
            tools: self.tools.get(name).and_then(|s| s.newest()).map(|n| format!("{n:.0}")),
            #[allow(clippy::cast_possible_truncation)] // Unix time in seconds.
            changed: self
                .changed
                .get(name)
                .and_then(|series| series.newest())
                .map(|at| chart::ago(now - at as i64)),
            line: chart::line(&points, now),
            latency: points.last().map(|(_, value)| chart::duration(*value)),
            summary: summary(&points),
            dashboard: settings.dashboard.as_ref().map(|url| format!("{url}{}", encoded(name))),
            alerts,
        }
    }
}

fn spoken(series: &Series) -> String {
    let transport = match series.label("transport") {
        "streamable_http" => "Streamable HTTP",
        "sse" => "HTTP+SSE",
        other => other,
    };
    format!("{}, {transport}", series.label("era"))
}

/// What the chart shows, for who does not see it.
fn summary(points: &[(i64, f64)]) -> String {
    let values = || points.iter().map(|(_, value)| *value);
    let Some((_, newest)) = points.last() else {
        return "no answer within the last hour".to_owned();
    };
    format!(
        "time of an answer within the last hour: {} to {}, now {}",
        chart::duration(values().fold(f64::INFINITY, f64::min)),
        chart::duration(values().fold(0.0, f64::max)),
        chart::duration(*newest)
    )
}

/// An alert for readers. The watchdog fires always and tells nobody anything.
fn firing(alert: &Alert) -> Option<Firing> {
    let label = |name: &str| alert.labels.get(name).cloned().unwrap_or_default();
    let name = label("alertname");
    if name == "Watchdog" {
        return None;
    }
    // Only what a browser follows without doing something else.
    let runbook = alert.annotations.get("runbook_url");
    let runbook = runbook.filter(|url| url.starts_with("http://") || url.starts_with("https://"));
    Some(Firing {
        name,
        severity: label("severity"),
        summary: alert.annotations.get("summary").cloned().unwrap_or_default(),
        runbook: runbook.cloned(),
    })
}

fn encoded(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect()
}
