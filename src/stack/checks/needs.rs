//! Components that cannot do without others.

use super::Checks;
use crate::diagnostic::Diagnostic;
use crate::manifest::Collector;
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
