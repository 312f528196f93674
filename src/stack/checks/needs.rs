//! Components that cannot do without others.

use super::Checks;
use crate::diagnostic::Diagnostic;
use crate::manifest::Collector;
use crate::stack::AGENT;
use crate::stack::logs::{Origin, Stage};

impl Checks<'_> {
    /// What a component needs is part of the stack.
    pub(super) fn needs(&self, found: &mut Vec<Diagnostic>) {
        for part in self.stack.components.values() {
            let parts = &self.stack.components;
            for other in part.spec.needs.iter().filter(|name| !parts.contains_key(*name)) {
                let name = &part.name;
                let by_collector = *name == self.stack.collector.component();
                let place = if by_collector {
                    self.at(["collector".into()])
                } else {
                    self.key(["components".into(), name.into()])
                };
                found.push(
                    Diagnostic::error(
                        place,
                        format!("`{name}` needs `{other}`, which is no part of the stack"),
                    )
                    .help(format!("write `components: {{{other}: {{}}}}`")),
                );
            }
        }
    }

    /// The agent shows containers to those that read them through it.
    pub(super) fn engine(&self, found: &mut Vec<Diagnostic>) {
        if self.stack.gate.is_some() || !self.stack.components.contains_key(AGENT) {
            return;
        }
        for part in self.stack.components.values().filter(|part| part.spec.reads_engine) {
            let place = self.at(["components".into(), AGENT.into(), "containers".into()]);
            let name = &part.name;
            found.push(
                Diagnostic::error(place, format!("`{name}` reads containers through the agent, which shows none"))
                    .help(format!("write `containers: fleet`, or do without container logs: `{name}: {{enabled: false}}`")),
            );
        }
    }

    /// Fluentd reads what the engine sends it, line by line.
    pub(super) fn fluentd(&self, found: &mut Vec<Diagnostic>) {
        if self.stack.collector != Collector::Fluentd {
            return;
        }
        for source in &self.stack.logs.sources {
            if !matches!(source.origin, Origin::Docker { .. }) {
                let kind = source.origin.kind();
                let place = self.key(["logs".into(), kind.into()]);
                found.push(
                    Diagnostic::error(place, format!("with `collector: fluentd` container logs are collected, and no {kind}"))
                        .help(format!("remove `logs.{kind}`, send them to Logstash with Filebeat, or use `collector: alloy`")),
                );
            }
        }
        let stages = self.stack.logs.sources.iter().flat_map(|source| &source.pipelines);
        let joined = stages.flat_map(|p| &p.stages).any(|s| matches!(s, Stage::Multiline { .. }));
        if joined {
            let place = self.key(["logs".into(), "multiline".into()]);
            found.push(
                Diagnostic::warning(
                    place,
                    "with `collector: fluentd` lines are not joined: each is an entry of its own",
                )
                .help("write entries as JSON, one a line, or use `collector: alloy`"),
            );
        }
    }
}
