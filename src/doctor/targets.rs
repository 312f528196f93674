//! Why a target is down: from what Prometheus was told to the container that should answer.

use std::collections::BTreeSet;

use super::{Finding, Patient};
use crate::check::proof::targets::{self, ActiveTarget};
use crate::check::subject::Subject;
use crate::engine::{Container, EngineError, Status};

/// More targets than people would read are told by number alone.
const MOST: usize = 10;

pub async fn look(patient: &Patient<'_>, prometheus: &Subject<'_>) -> Vec<Finding> {
    let all = match targets::all(prometheus).await {
        Ok(all) => all,
        Err(problem) => {
            return vec![Finding::problem(
                "targets",
                "Prometheus does not say what it scrapes",
                vec![problem],
            )];
        }
    };
    let down: Vec<&ActiveTarget> = all.iter().filter(|target| target.health == "down").collect();
    if down.is_empty() {
        return vec![Finding::fine("targets", format!("no target of {} is down", all.len()))];
    }
    let mut found = Vec::new();
    for target in down.iter().take(MOST) {
        found.push(cause(patient, target).await.unwrap_or_else(|error| {
            Finding::problem("target-down", name(target), vec![error.to_string()])
        }));
    }
    if down.len() > MOST {
        let more = format!("and {} more targets are down", down.len() - MOST);
        found.push(
            Finding::problem("targets", more, Vec::new())
                .mend("mcpmon health-check --only targets"),
        );
    }
    found
}

fn name(target: &ActiveTarget) -> String {
    let label =
        ["service", "probe", "component", "instance"].iter().find_map(|l| target.labels.get(*l));
    label.cloned().unwrap_or_else(|| target.scrape_url.clone())
}

async fn cause(patient: &Patient<'_>, target: &ActiveTarget) -> Result<Finding, EngineError> {
    let name = name(target);
    let error = target.last_error.rsplit("\": ").next().unwrap_or(&target.last_error).to_owned();
    let asked = reqwest::Url::parse(&target.scrape_url).ok();
    let host = asked.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    let port = asked.as_ref().and_then(reqwest::Url::port_or_known_default).unwrap_or_default();
    let stack = &patient.project.stack;
    let evidence = |more: &str| {
        let mut lines = vec![format!("Prometheus asks {}: {error}", target.scrape_url)];
        lines.extend((!more.is_empty()).then(|| more.to_owned()));
        lines
    };
    let problem = |what: String, more: &str| {
        Finding::problem("target-down", what, evidence(more))
            .why("nothing is known of it, and its alerts stay silent")
    };
    // The container that the name stands for: the stack's own, or anybody's.
    let own = patient.observed.containers.get(&stack.container(host));
    let own = own.or_else(|| patient.observed.containers.get(host));
    let other = match own {
        Some(_) => None,
        None => patient.reader.container(host).await?,
    };
    let container = own.or(other.as_ref());
    if let Some(container) = container.filter(|c| c.state.status != Status::Running) {
        let status = format!("{:?}", container.state.status).to_lowercase();
        let more = format!(
            "the container {} is {status} (exit code {})",
            container.name, container.state.exit_code
        );
        let mend = if own.is_some() {
            "mcpmon up".to_owned()
        } else {
            format!("docker start {}", container.name)
        };
        return Ok(problem(format!("{name} is down: its container does not run"), &more).mend(mend));
    }
    if let Some(other) = &other {
        let ours: BTreeSet<&String> = stack.networks.iter().collect();
        let shared = other.networks.keys().any(|n| ours.contains(n) || *n == stack.network());
        if !shared {
            let theirs: Vec<&str> = other.networks.keys().map(String::as_str).collect();
            let more =
                format!("the container {} is in the network {}", other.name, theirs.join(", "));
            let first = theirs.first().copied().unwrap_or("NETWORK");
            return Ok(problem(
                format!("{name} is down: its container is in another network"),
                &more,
            )
            .mend(format!("networks: [{first}] in the manifest, then mcpmon up")));
        }
    }
    Ok(by_error(patient, &name, &error, (host, port), container, problem))
}

/// What the error alone says.
fn by_error(
    patient: &Patient<'_>,
    name: &str,
    error: &str,
    (host, port): (&str, u16),
    container: Option<&Container>,
    problem: impl Fn(String, &str) -> Finding,
) -> Finding {
    let field = format!("services.{name}.metrics");
    let has = |texts: &[&str]| texts.iter().any(|text| error.contains(text));
    let logs = if patient.units.iter().any(|unit| unit.name == name) {
        format!("mcpmon logs {name}")
    } else {
        format!("docker logs {host}")
    };
    if has(&["no such host", "server misbehaving"]) {
        return problem(
            format!("{name} is down: nothing in the stack's network is called {host}"),
            "no container of that name is there",
        )
        .mend(format!("{field}: the name of a container, with its network under `networks:`; a program on the host is host.docker.internal"));
    }
    if has(&["connection refused"]) {
        let exposed: Vec<String> = container
            .map(|c| c.exposed.iter().map(ToString::to_string).collect())
            .unwrap_or_default();
        let more = if exposed.is_empty() {
            format!("nothing listens on port {port}")
        } else {
            format!("nothing listens on port {port}; its image names {}", exposed.join(", "))
        };
        return problem(format!("{name} is down: its port {port} does not answer"), &more)
            .mend(format!("{logs} (does it listen on 0.0.0.0?), or another port in {field}"));
    }
    if has(&["deadline exceeded", "timeout"]) {
        return problem(format!("{name} is down: it answers too late"), "").mend(format!(
            "{logs}; a longer time is defaults: {{scrape: {{timeout: …}}}} in the manifest"
        ));
    }
    if has(&["404"]) {
        return problem(format!("{name} is down: it has no metrics at that path"), "")
            .mend(format!("mcpmon metrics check {name}; the path stands in {field}"));
    }
    if has(&["401", "403"]) {
        return problem(format!("{name} is down: it does not take the credentials"), "")
            .mend(format!("{field}: {{auth: …}}, then mcpmon reload"));
    }
    if has(&["x509", "certificate", "tls:"]) {
        return problem(format!("{name} is down: its certificate is not trusted"), "")
            .mend(format!("{field}: {{tls: {{ca_file: …}}}} in the manifest"));
    }
    if has(&["Content-Type", "expected", "parse"]) {
        return problem(format!("{name} is down: what it answers is no exposition of metrics"), "")
            .mend(format!("mcpmon metrics check {name}"));
    }
    problem(format!("{name} is down"), "").mend(logs)
}
