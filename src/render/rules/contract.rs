//! What the rules of a dialect read: the metrics and labels that an endpoint must have for each role.

use super::dialect::{Dialect, TimeUnit};

/// One role and what can play it.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// The role, as it is called in the dialect's file.
    pub role: &'static str,
    /// Whether alerts and dashboards are blind without it.
    pub required: bool,
    /// What plays it, the preferred one first.
    pub sources: Vec<Source>,
}

/// One metric that can play a role.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The metric's name; a histogram's without `_bucket`.
    pub metric: String,
    /// What kind of metric it is.
    pub shape: Shape,
    /// Labels without which nothing is ever selected.
    pub labels: Vec<String>,
    /// Labels by which scrapes and health checks are left out; the first that is there will do.
    pub excluding: Vec<String>,
}

/// The kinds of metrics that play roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// Buckets of seconds.
    Seconds,
    /// Buckets of milliseconds.
    Milliseconds,
}

impl Dialect {
    /// Every role of the dialect and what can play it.
    pub fn needs(&self) -> Vec<Need> {
        let roles = &self.roles;
        let requests = roles.requests.iter();
        let requests =
            requests.map(|role| source(&role.counter, Shape::Counter, &[&role.matchers]));
        let errors = roles.errors.iter();
        let errors = errors.map(|role| source(&role.counter, Shape::Counter, &[&role.matchers]));
        let latency = roles.latency.iter();
        let latency =
            latency.map(|role| source(&role.histogram, shape(role.unit), &[&role.matchers]));
        let in_flight = roles.in_flight.iter();
        let in_flight = in_flight.map(|role| source(&role.gauge, Shape::Gauge, &[&role.matchers]));
        let tools = roles.tools.iter().map(|role| {
            let failed = role.failed.as_deref().unwrap_or_default();
            let matchers = [role.matchers.as_str(), failed];
            with_label(source(&role.counter, Shape::Counter, &matchers), &role.label)
        });
        let tool_errors = roles.tools.iter().filter_map(|role| {
            let own = role.errors.as_ref()?;
            let own = source(&own.counter, Shape::Counter, &[&own.matchers]);
            Some(with_label(own, &role.label))
        });
        let tool_latency = roles.tools.iter().filter_map(|role| {
            let time = role.latency.as_ref()?;
            let time = source(&time.histogram, shape(time.unit), &[&time.matchers]);
            Some(with_label(time, &role.label))
        });
        let gauge = |metric, matchers: &String| source(metric, Shape::Gauge, &[matchers]);
        let answers = roles.probes.iter().map(|role| gauge(&role.success, &role.matchers));
        let durations = roles.probes.iter().map(|role| gauge(&role.duration, &role.matchers));
        [
            need("requests", true, requests.collect()),
            need("errors", true, errors.collect()),
            need("latency", true, latency.collect()),
            need("in_flight", false, in_flight.collect()),
            need("tools", false, tools.collect()),
            need("tool errors", false, tool_errors.collect()),
            need("tool latency", false, tool_latency.collect()),
            need("answers", true, answers.collect()),
            need("duration", true, durations.collect()),
        ]
        .into_iter()
        .filter(|need| !need.sources.is_empty())
        .collect()
    }
}

fn need(role: &'static str, required: bool, sources: Vec<Source>) -> Need {
    Need { role, required, sources }
}

fn shape(unit: TimeUnit) -> Shape {
    match unit {
        TimeUnit::S => Shape::Seconds,
        TimeUnit::Ms => Shape::Milliseconds,
    }
}

fn with_label(mut source: Source, label: &str) -> Source {
    source.labels.push(label.to_owned());
    source
}

fn source(metric: &str, shape: Shape, matchers: &[&str]) -> Source {
    let (mut labels, mut excluding) = (Vec::new(), Vec::new());
    for (label, negative) in matchers.iter().flat_map(|text| matched(text)) {
        let list = if negative { &mut excluding } else { &mut labels };
        if !list.contains(&label) {
            list.push(label);
        }
    }
    Source { metric: metric.to_owned(), shape, labels, excluding }
}

/// The labels that matchers name, each with whether it is about what is left out. `error_type!=""` asks
/// for a label that successful series lack, so nothing is said about it.
fn matched(matchers: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = matchers;
    while let Some(end) = rest.find(['=', '!']) {
        let (label, after) = rest.split_at(end);
        let Some((operator, after)) = after.split_once('"') else { break };
        let mut escaped = false;
        let close = after.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some((value, after)) = close.and_then(|close| after.split_at_checked(close)) else {
            break;
        };
        if !value.is_empty() {
            found.push((label.trim_matches([',', ' ']).to_owned(), operator.starts_with('!')));
        }
        rest = after.get(1..).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_give_their_labels() {
        let labels = |text: &str| matched(text);
        let of = |label: &str, negative| (label.to_owned(), negative);
        assert_eq!(
            labels(r#"handler!~"/metrics|/health.*", status=~"5..",error_type!="",x="a\"b,c=""#),
            [of("handler", true), of("status", false), of("x", false)]
        );
        assert_eq!(labels(""), []);
    }
}
