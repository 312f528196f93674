//! Scrapes, collectors and retention fit each other.

use super::Checks;
use crate::diagnostic::Diagnostic;
use crate::manifest::Duration;
use crate::stack::AGENT;
use crate::yaml::Segment;

/// Longest scrape interval: a 5-minute rate needs four samples to survive a missed one.
const LONGEST_INTERVAL: Duration = Duration::from_secs(75);
/// Loki's compactor works by the day.
const SHORTEST_LOG_RETENTION: Duration = Duration::from_secs(24 * 3600);

impl Checks<'_> {
    pub(super) fn scrape(&self, found: &mut Vec<Diagnostic>) {
        let defaults = &self.document.manifest.defaults.scrape;
        self.one_scrape(
            defaults.interval,
            defaults.timeout,
            &["defaults".into(), "scrape".into()],
            found,
        );
        for (name, service) in &self.document.manifest.services {
            let place = ["services".into(), name.as_str().into(), "scrape".into()];
            self.one_scrape(service.scrape.interval, service.scrape.timeout, &place, found);
        }
        for (name, probe) in &self.document.manifest.probes {
            let place = ["probes".into(), name.as_str().into(), "scrape".into()];
            self.one_scrape(probe.scrape.interval, probe.scrape.timeout, &place, found);
        }
    }

    fn one_scrape(
        &self,
        interval: Option<Duration>,
        timeout: Option<Duration>,
        place: &[Segment],
        found: &mut Vec<Diagnostic>,
    ) {
        let at = |key: &str| {
            let mut path = place.to_vec();
            path.push(key.into());
            self.document.locate(&path)
        };
        if let Some(interval) = interval.filter(|i| *i > LONGEST_INTERVAL) {
            found.push(
                Diagnostic::error(at("interval"), format!("{interval} between scrapes is too long: rates are taken over 5m and need four samples"))
                    .help(format!("write at most {LONGEST_INTERVAL}")),
            );
        }
        let default =
            self.document.manifest.defaults.scrape.interval.unwrap_or(Duration::from_secs(15));
        let interval = interval.unwrap_or(default);
        if let Some(timeout) = timeout.filter(|t| *t > interval) {
            found.push(
                Diagnostic::error(at("timeout"), format!("a scrape may not take longer ({timeout}) than the time between two ({interval})"))
                    .help(format!("write at most {interval}")),
            );
        }
    }

    /// Collectors, probes and retention fit what is enabled.
    pub(super) fn collectors(&self, found: &mut Vec<Diagnostic>) {
        let has = |name: &str| self.stack.components.contains_key(name);
        let chosen = self.stack.collector.component();
        let other = ["promtail", "alloy", "fluentd"].into_iter().find(|c| *c != chosen && has(c));
        if let Some(other) = other.filter(|_| has(chosen)) {
            found.push(
                Diagnostic::error(
                    self.key(["components".into(), other.into()]),
                    "two collectors would ship every line twice",
                )
                .help(format!("choose one, such as `collector: {other}`, and enable none by hand")),
            );
        }
        if !has("prometheus") {
            found.push(
                Diagnostic::error(
                    self.at(["components".into(), "prometheus".into(), "enabled".into()]),
                    "without Prometheus there is nothing to run",
                )
                .help("remove `enabled: false`"),
            );
        }
        if !self.document.manifest.probes.is_empty() && !has("blackbox-exporter") {
            found.push(
                Diagnostic::error(
                    self.at(["components".into(), "blackbox-exporter".into(), "enabled".into()]),
                    "`probes` are made by the blackbox exporter, which is switched off",
                )
                .help("remove `enabled: false`, or `probes`"),
            );
        }
        self.probed(found);
        if let Some(loki) = self.stack.components.get("loki") {
            let retention = loki
                .settings
                .get("retention")
                .and_then(|r| r.as_str())
                .and_then(|r| Duration::parse(r).ok());
            if let Some(retention) = retention.filter(|r| *r < SHORTEST_LOG_RETENTION) {
                found.push(
                    Diagnostic::error(
                        self.at(["components".into(), "loki".into(), "retention".into()]),
                        format!("Loki keeps logs by the day; {retention} is too short"),
                    )
                    .help("write at least `1d`"),
                );
            }
        }
    }

    /// Who asks the services is part of the stack, and can start what it must.
    fn probed(&self, found: &mut Vec<Diagnostic>) {
        let Some(agent) = self.stack.components.get(AGENT) else {
            let services = &self.document.manifest.services;
            let alone = services.iter().find(|(_, service)| {
                service.mcp.is_some() && service.metrics.is_none() && !service.is_demo()
            });
            if let Some((name, _)) = alone {
                found.push(
                    Diagnostic::error(
                        self.at(["components".into(), AGENT.into(), "enabled".into()]),
                        format!("`{name}` has no `metrics`: it is watched through the agent, which is switched off"),
                    )
                    .help("remove `enabled: false`, or give every service `metrics:`"),
                );
            }
            return;
        };
        if agent.image.is_some() {
            return;
        }
        for service in self.stack.fleet.iter().filter(|service| service.is_program) {
            let name = service.name.as_str();
            found.push(
                Diagnostic::error(
                    self.key(["services".into(), name.into(), "mcp".into(), "command".into()]),
                    format!("the agent starts `{name}` in its container, whose image holds mcpmon and nothing else"),
                )
                .help("name an image with mcpmon and the program in it: `components: {agent: {image: registry.example.org/mcpmon-tools, version: \"1\"}}`"),
            );
        }
    }
}
