//! Services: there is something to monitor, at an address that leads there.

use std::collections::BTreeMap;

use super::Checks;
use super::suspects::{container_itself, image_of_a_service, secret_environment};
use crate::diagnostic::Diagnostic;
use crate::manifest::Name;
use crate::yaml::Segment;

impl Checks<'_> {
    pub(super) fn services(&self, found: &mut Vec<Diagnostic>) {
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
            for (field, url, _) in service.addresses() {
                let place = || {
                    // Also where the URL is written as a map.
                    self.at(["services".into(), name.as_str().into(), field.into(), "url".into()])
                };
                container_itself(url, place, found);
                if field == "metrics"
                    && let Some(other) = seen.insert(url.to_string(), name)
                {
                    found.push(
                            Diagnostic::error(place(), format!("`{other}` and `{name}` have the same metrics address"))
                                .help("each service needs an address of its own, or its series would be counted twice"),
                        );
                }
            }
            let paced = service.scrape.interval.is_some() || service.scrape.timeout.is_some();
            if paced && service.metrics.is_none() && !demo {
                found.push(
                    Diagnostic::warning(
                        self.key(["services".into(), name.as_str().into(), "scrape".into()]),
                        format!("`scrape` is about metrics, and `{name}` has none"),
                    )
                    .help("write `interval` and `timeout` under `mcp`"),
                );
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
}
