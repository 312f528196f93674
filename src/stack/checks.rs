//! What no single value can show: values that do not fit each other.

use std::collections::BTreeMap;

use super::Stack;
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{
    Document, Duration, Name, Severity, Url, UrlOrSecret, is_image_path, is_tag,
};
use crate::render::{dashboards, rules};
use crate::yaml::{Segment, Span};

/// Longest scrape interval: a 5-minute rate needs four samples to survive a missed one.
const LONGEST_INTERVAL: Duration = Duration::from_secs(75);
/// Loki's compactor works by the day.
const SHORTEST_LOG_RETENTION: Duration = Duration::from_secs(24 * 3600);

/// Runs every check.
pub fn run(document: &Document, catalog: &Catalog, stack: &Stack, found: &mut Vec<Diagnostic>) {
    let checks = Checks { document, catalog, stack };
    checks.services(found);
    checks.ports(found);
    checks.scrape(found);
    checks.collectors(found);
    checks.alerts(found);
    checks.receivers(found);
    checks.routes(found);
    checks.dashboards(found);
    checks.exposure(found);
    checks.names(found);
}

struct Checks<'a> {
    document: &'a Document,
    catalog: &'a Catalog,
    stack: &'a Stack,
}

#[allow(clippy::needless_pass_by_value)] // Paths are written where they are used.
impl Checks<'_> {
    fn at<const N: usize>(&self, path: [Segment; N]) -> Option<Span> {
        self.document.locate(&path)
    }
    fn key<const N: usize>(&self, path: [Segment; N]) -> Option<Span> {
        self.document.locate_key(&path)
    }

    fn services(&self, found: &mut Vec<Diagnostic>) {
        let mut seen: BTreeMap<String, &Name> = BTreeMap::new();
        for (name, service) in &self.document.manifest.services {
            let here = ["services".into(), name.as_str().into()];
            let demo = service.run.as_ref().is_some_and(|run| run.demo.is_some());
            if service.mcp.is_none() && service.metrics.is_none() && !demo {
                found.push(
                    Diagnostic::error(self.key(here.clone()), format!("there is nothing to monitor about `{name}`"))
                        .help(format!("give it `mcp: http://{name}:8080/mcp`, `metrics: http://{name}:8080/metrics` or both")),
                );
            }
            if service.run.is_some() && service.container.is_some() {
                found.push(
                    Diagnostic::error(self.key(["services".into(), name.as_str().into(), "container".into()]), "`container` names a container that mcpmon does not run, but `run` is here too")
                        .help("remove one of them"),
                );
            }
            for (field, endpoint) in [("mcp", &service.mcp), ("metrics", &service.metrics)] {
                let Some(endpoint) = endpoint else { continue };
                let place = || {
                    // Also where the URL is written as a map.
                    self.at(["services".into(), name.as_str().into(), field.into(), "url".into()])
                };
                container_itself(&endpoint.url, place, found);
                if field == "metrics"
                    && let Some(other) = seen.insert(endpoint.url.to_string(), name)
                {
                    found.push(
                            Diagnostic::error(place(), format!("`{other}` and `{name}` have the same metrics address"))
                                .help("each service needs an address of its own, or its series would be counted twice"),
                        );
                }
            }
            if service.metrics.is_some()
                && service.dialect.is_none()
                && self.document.manifest.defaults.dialect.is_none()
                && !demo
            {
                let known = self.catalog.assets.names("dialects", ".yaml");
                found.push(
                    Diagnostic::warning(
                        self.key(here),
                        format!("`{name}` names no dialect, so only its being up is watched"),
                    )
                    .help(format!("add `dialect:` with one of: {}", known.join(", "))),
                );
            }
            if let Some(run) = &service.run {
                for key in run.env.keys() {
                    secret_environment(
                        key.as_str(),
                        self.at(["services", name.as_str(), "run", "env", key.as_str()]
                            .map(Segment::from)),
                        "let the service read it from a file",
                        found,
                    );
                }
                if let Some(image) = &run.image {
                    image_of_a_service(
                        image,
                        self.at([
                            "services".into(),
                            name.as_str().into(),
                            "run".into(),
                            "image".into(),
                        ]),
                        found,
                    );
                }
            }
        }
        if self.document.manifest.services.is_empty() {
            found.push(
                Diagnostic::warning(self.key(["services".into()]), "no service is monitored yet")
                    .help("add one: `services: {search: {mcp: \"http://search:8080/mcp\", metrics: \"http://search:8080/metrics\", dialect: fastapi}}`"),
            );
        }
    }

    /// Every published port belongs to one container.
    fn ports(&self, found: &mut Vec<Diagnostic>) {
        let mut taken: BTreeMap<u16, String> = BTreeMap::new();
        let components = self.stack.components.values().filter_map(|part| {
            Some((
                part.host_port?,
                part.name.clone(),
                vec!["components".into(), (&part.name).into(), "port".into()],
                true,
            ))
        });
        let runs = self.stack.runs.iter().flat_map(|run| {
            run.ports.iter().enumerate().map(|(index, (host, _))| {
                let mut place: Vec<Segment> =
                    vec!["services".into(), (&run.name).into(), "run".into(), "ports".into()];
                place.push(index.into());
                (*host, run.name.clone(), place, false)
            })
        });
        for (port, owner, place, is_component) in components.chain(runs) {
            if let Some(other) = taken.insert(port, owner.clone()) {
                let message = if other == owner {
                    format!("`{owner}` is published on port {port} twice")
                } else {
                    format!("`{other}` and `{owner}` are both published on port {port}")
                };
                // Where both are silent, a component's folder chose the port.
                let place = self.document.locate(&place);
                let next = port.checked_add(1).unwrap_or(port - 1);
                let help = if is_component {
                    format!(
                        "give one of them another port: `components: {{{owner}: {{port: {next}}}}}`"
                    )
                } else {
                    format!("publish it on another port of the host: `ports: [\"{next}:…\"]`")
                };
                found.push(Diagnostic::error(place, message).help(help));
            }
        }
    }

    fn scrape(&self, found: &mut Vec<Diagnostic>) {
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
    fn collectors(&self, found: &mut Vec<Diagnostic>) {
        let has = |name: &str| self.stack.components.contains_key(name);
        if has("promtail") && has("alloy") {
            found.push(
                Diagnostic::error(self.key(["components".into(), "alloy".into()]), "two collectors would ship every line twice")
                    .help("choose one with `collector: promtail` or `collector: alloy`, and enable neither by hand"),
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
        if self.stack.jobs.iter().any(|job| job.probe) && !has("blackbox-exporter") {
            found.push(
                Diagnostic::error(self.at(["components".into(), "blackbox-exporter".into(), "enabled".into()]), "a service without `metrics` is watched through the blackbox exporter, which is switched off")
                    .help("remove `enabled: false`, or give every service `metrics:`"),
            );
        }
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

    fn alerts(&self, found: &mut Vec<Diagnostic>) {
        let facts = match rules::catalog(&self.catalog.assets) {
            Ok(facts) => facts,
            Err(error) => return found.push(Diagnostic::general(format!("{error:#}"))),
        };
        let alerts = &self.document.manifest.alerts;
        for (index, pack) in alerts.packs.iter().enumerate() {
            if !facts.packs.contains_key(pack) {
                let place = self.at(["alerts".into(), "packs".into(), index.into()]);
                found.push(
                    Diagnostic::error(place, format!("there is no rule pack `{pack}`"))
                        .help(suggest(pack, facts.packs.keys().map(String::as_str))),
                );
            }
        }
        let unknown = |name: &str, span: Option<Span>| {
            Diagnostic::error(span, format!("there is no alert `{name}`"))
                .help(suggest(name, facts.names()))
        };
        let not_in_use = |name: &str, pack: &str, span: Option<Span>| {
            Diagnostic::warning(
                span,
                format!("`{name}` is in the rule pack `{pack}`, which `packs` does not name"),
            )
            .help("remove it, or add the pack")
        };
        for (index, name) in alerts.disable.iter().enumerate() {
            let place = self.at(["alerts".into(), "disable".into(), index.into()]);
            match facts.alert(name) {
                None => found.push(unknown(name, place)),
                Some((pack, _)) if !alerts.packs.iter().any(|p| p == pack) => {
                    found.push(not_in_use(name, pack, place));
                }
                Some(_) => {}
            }
        }
        for (name, wanted) in &alerts.overrides {
            let place = self.key(["alerts".into(), "override".into(), name.into()]);
            let Some((pack, alert)) = facts.alert(name) else {
                found.push(unknown(name, place));
                continue;
            };
            if !alerts.packs.iter().any(|p| p == pack) {
                found.push(not_in_use(name, pack, place));
            }
            if wanted.threshold.is_some() && alert.threshold.is_none() {
                let place =
                    self.at(["alerts".into(), "override".into(), name.into(), "threshold".into()]);
                found.push(
                    Diagnostic::error(
                        place,
                        format!(
                            "`{name}` has no threshold: it is about something that is so or is not"
                        ),
                    )
                    .help("remove it; `for` and `severity` can be changed"),
                );
            }
            if alerts.disable.contains(name) {
                found.push(
                    Diagnostic::error(place, format!("`{name}` is both disabled and overridden"))
                        .help("remove one of them"),
                );
            }
        }
    }

    fn receivers(&self, found: &mut Vec<Diagnostic>) {
        let n = &self.document.manifest.notifications;
        for (name, receiver) in &n.receivers {
            let webhook = receiver.webhook.as_ref().map(|webhook| &webhook.url);
            if let Some(UrlOrSecret::Url(url)) = webhook {
                let place = || {
                    let at = ["notifications", "receivers", name.as_str(), "webhook", "url"];
                    self.at(at.map(Segment::from))
                };
                container_itself(url, place, found);
            }
        }
        if let Some(smtp) = &n.smtp {
            let port = smtp.host.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            if port.is_none_or(|(_, port)| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
                found.push(
                    Diagnostic::error(
                        self.at(["notifications", "smtp", "host"].map(Segment::from)),
                        format!("`{}` names no port", smtp.host),
                    )
                    .help("write host and port: `smtp.example.org:587`"),
                );
            }
        }
        let known = || n.receivers.keys().map(Name::as_str);
        let mut used: Vec<&Name> = Vec::new();
        let mut check = |name, place: Option<Span>, found: &mut Vec<Diagnostic>| {
            used.push(name);
            if !n.receivers.contains_key(name) {
                found.push(
                    Diagnostic::error(place, format!("there is no receiver `{name}`"))
                        .help(suggest(name.as_str(), known())),
                );
            }
        };
        for (index, route) in n.routes.iter().enumerate() {
            for (position, name) in route.to.iter().enumerate() {
                let place = self.at([
                    "notifications".into(),
                    "routes".into(),
                    index.into(),
                    "to".into(),
                    position.into(),
                ]);
                check(name, place, found);
            }
            if route.to.is_empty() {
                let place =
                    self.at(["notifications".into(), "routes".into(), index.into(), "to".into()]);
                found.push(
                    Diagnostic::error(place, "a route that leads to nobody")
                        .help("name a receiver under `to`"),
                );
            }
        }
        for (key, name) in [("default", &n.default), ("watchdog", &n.watchdog)] {
            if let Some(name) = name {
                check(name, self.at(["notifications".into(), key.into()]), found);
            }
        }
        for name in n.receivers.keys().filter(|name| !used.contains(name)) {
            found.push(
                Diagnostic::warning(
                    self.key(["notifications".into(), "receivers".into(), name.as_str().into()]),
                    format!("no route leads to the receiver `{name}`"),
                )
                .help("name it in a route's `to`, or as `default`"),
            );
        }
    }

    /// Every severity reaches somebody.
    fn routes(&self, found: &mut Vec<Diagnostic>) {
        let n = &self.document.manifest.notifications;
        let words = Severity::ALL.map(Severity::as_str);
        for (index, route) in n.routes.iter().enumerate() {
            let severities = route.matches.get("severity").into_iter().flat_map(|m| &m.0);
            for (position, value) in severities.enumerate() {
                if !words.contains(&value.as_str()) {
                    let place = self.at([
                        "notifications".into(),
                        "routes".into(),
                        index.into(),
                        "match".into(),
                        "severity".into(),
                        position.into(),
                    ]);
                    found.push(
                        Diagnostic::error(place, format!("there is no severity `{value}`"))
                            .help(suggest(value, words)),
                    );
                }
            }
        }
        if n.receivers.is_empty() {
            let place = self.key(["notifications".into()]);
            found.push(
                Diagnostic::warning(place, "alerts are shown in Alertmanager and Grafana, but nobody is told")
                    .help("add `notifications: {receivers: {chat: {slack: {webhook_url: {file: secrets/slack}}}}, default: chat}`"),
            );
            return;
        }
        if n.default.is_some() {
            return;
        }
        for severity in [Severity::Critical, Severity::High, Severity::Warning] {
            // A route that asks for more than the severity takes only some of its alerts.
            let taken = n.routes.iter().any(|route| {
                route.matches.is_empty()
                    || (route.matches.len() == 1
                        && route
                            .matches
                            .get("severity")
                            .is_some_and(|m| m.0.iter().any(|v| v == severity.as_str())))
            });
            if !taken {
                let place = self.key(["notifications".into(), "routes".into()]);
                found.push(
                    Diagnostic::error(
                        place,
                        format!("no route takes alerts of severity `{}`", severity.as_str()),
                    )
                    .help(
                        "name a `default` receiver, or add a route that matches just this severity",
                    ),
                );
            }
        }
    }

    fn dashboards(&self, found: &mut Vec<Diagnostic>) {
        let known = dashboards::names(&self.catalog.assets);
        for (index, name) in self.document.manifest.dashboards.iter().enumerate() {
            let place = self.at(["dashboards".into(), index.into()]);
            if !known.contains(name) {
                found.push(
                    Diagnostic::error(place, format!("there is no dashboard `{name}`"))
                        .help(suggest(name, known.iter().map(String::as_str))),
                );
            } else if self
                .document
                .manifest
                .dashboards
                .iter()
                .take(index)
                .any(|other| other == name)
            {
                found.push(
                    Diagnostic::error(place, format!("the dashboard `{name}` is named twice"))
                        .help("remove one"),
                );
            }
        }
    }

    /// Ports beyond the host itself are said so.
    fn exposure(&self, found: &mut Vec<Diagnostic>) {
        for part in self.stack.components.values() {
            let place = self.at(["components".into(), (&part.name).into(), "address".into()]);
            match part.host_address.parse::<std::net::IpAddr>() {
                Err(_) => found.push(
                    Diagnostic::error(place, format!("`{}` is not an address", part.host_address))
                        .help("write `127.0.0.1`, or an address of this host"),
                ),
                Ok(address) if !address.is_loopback() => found.push(
                    Diagnostic::warning(place, format!("`{}` is reachable from other machines at {address}", part.name))
                        .help("anyone who reaches it can read its data and change its configuration; put a proxy with authentication before it"),
                ),
                Ok(_) => {}
            }
            for key in part.env.keys() {
                secret_environment(
                    key,
                    self.at(["components".into(), (&part.name).into(), "env".into(), key.into()]),
                    "let the program read it from a file: `secrets: {NAME: {file: secrets/NAME}}` puts one into its container",
                    found,
                );
            }
        }
    }

    fn names(&self, found: &mut Vec<Diagnostic>) {
        let manifest = &self.document.manifest;
        for run in &self.stack.runs {
            if self.catalog.get(&run.name).is_some() {
                found.push(
                    Diagnostic::error(
                        self.key(["services".into(), (&run.name).into()]),
                        format!(
                            "`{}` is the name of a component, and both would be the container `{}`",
                            run.name,
                            self.stack.container(&run.name)
                        ),
                    )
                    .help("give the service another name"),
                );
            }
        }
        // A container's name is also its host name, which is a DNS label.
        let longest = self
            .stack
            .runs
            .iter()
            .map(|r| r.name.len())
            .chain(self.catalog.names().map(str::len))
            .max()
            .unwrap_or(0);
        if manifest.name.as_str().len() + 1 + longest > 63 {
            found.push(
                Diagnostic::error(self.at(["name".into()]), "the name is too long: container names `<name>-<component>` must fit into 63 characters")
                    .help(format!("use at most {} characters", 62 - longest)),
            );
        }
        if let Some(registry) = manifest.registry.as_ref().filter(|r| r.contains("://")) {
            found.push(
                Diagnostic::error(
                    self.at(["registry".into()]),
                    format!("`{registry}` has a scheme"),
                )
                .help("write the host and path alone: `registry.example.org/mirror`"),
            );
        }
        if let Some(registry) =
            manifest.registry.as_ref().filter(|r| !r.contains("://") && !is_registry(r))
        {
            found.push(
                Diagnostic::error(
                    self.at(["registry".into()]),
                    format!("`{registry}` is not a registry"),
                )
                .help("write the host and path alone: `registry.example.org/mirror`"),
            );
        }
        for (index, network) in manifest.networks.iter().enumerate() {
            if network.as_str() == self.stack.network() {
                found.push(
                    Diagnostic::error(
                        self.at(["networks".into(), index.into()]),
                        format!("`{network}` is the stack's own network"),
                    )
                    .help("remove it; `networks` names networks that exist already"),
                );
            }
        }
    }
}

/// Inside a container its own address leads nowhere else.
fn container_itself(url: &Url, place: impl FnOnce() -> Option<Span>, found: &mut Vec<Diagnostic>) {
    let host = url.host();
    if !matches!(host, "localhost" | "[::1]" | "0.0.0.0" | "[::]") && !host.starts_with("127.") {
        return;
    }
    let instead = url.to_string().replacen(host, "host.docker.internal", 1);
    found.push(
        Diagnostic::error(
            place(),
            format!("inside the stack's containers `{host}` is the container itself"),
        )
        .help(format!(
            "write `host.docker.internal` for something on the Docker host: `{instead}`"
        )),
    );
}

fn secret_environment(key: &str, place: Option<Span>, help: &str, found: &mut Vec<Diagnostic>) {
    if looks_secret(key) {
        let message = format!(
            "`{key}` looks like a secret, and `docker inspect` shows the environment to everyone"
        );
        let mut problem = Diagnostic::warning(place, message).help(help);
        problem.secret = true;
        found.push(problem);
    }
}

/// The image of a service has a tag, and is one that a registry would take.
fn image_of_a_service(image: &str, place: Option<Span>, found: &mut Vec<Diagnostic>) {
    let slash = image.rfind('/').map_or(0, |at| at + 1);
    let end = image.get(slash..).and_then(|last| last.find([':', '@'])).map(|at| slash + at);
    let (path, tag) = match end {
        Some(end) => (image.get(..end).unwrap_or(image), image.get(end + 1..)),
        None => (image, None),
    };
    // `name@sha256:…` has a digest alone, which is better than any tag.
    let tag_ok = tag.is_none_or(|tag| is_tag(tag) || is_tag(&format!("x@{tag}")));
    if !is_image_path(path) || !tag_ok {
        found.push(
            Diagnostic::error(place, format!("`{image}` is not the name of an image"))
                .help("write it like `acme/server:1.4`"),
        );
    } else if matches!(tag, None | Some("latest")) {
        found.push(
            Diagnostic::warning(place, format!("`{image}` is another program tomorrow"))
                .help("name a version: `acme/server:1.4`"),
        );
    }
}

fn is_registry(text: &str) -> bool {
    is_image_path(&format!("{}/x", text.trim_end_matches('/')))
}

/// Whether an environment variable's name says that its value is a secret.
fn looks_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    let whole =
        ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL"];
    whole.iter().any(|word| name.contains(word))
        && !name.ends_with("_FILE")
        && !name.ends_with("_PATH")
}
