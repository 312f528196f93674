//! What is kept, and how much of it.

use super::{Hit, Rule, Severity};
use crate::manifest::{Builtin, Collector, Redact, Switch};

/// A disk that fills up.
pub const NO_RETENTION_SIZE: Rule = Rule {
    id: "no-retention-size",
    severity: Severity::Warning,
    what: "Nothing keeps samples from filling the disk",
    frameworks: "SOC 2 A1.1",
    look: |s| {
        let parts = s.stack.components.values().filter(|part| {
            part.spec.settings.contains_key("retention_size")
                && part.settings.get("retention_size").is_none_or(serde_json::Value::is_null)
        });
        parts
            .map(|part| {
                Hit::new(
                    &part.name,
                    s.at(["components", &part.key, "retention"]).or(part.span),
                    "it keeps samples for a time, however much space they take",
                    format!("write `components: {{{}: {{retention_size: 20GB}}}}`, under 80 % of the disk", part.name),
                )
            })
            .collect()
    },
};

/// Secrets of users in logs.
pub const NOT_REDACTED: Rule = Rule {
    id: "logs-not-redacted",
    severity: Severity::Warning,
    what: "Log lines are kept with the tokens and addresses that stand in them",
    frameworks: "SOC 2 CC6.7, P4.2; GDPR 5(1)(c), 25",
    look: |s| {
        let manifest = &s.document.manifest;
        let is_off = |redact: Option<&Switch<Redact>>| match redact {
            None => false,
            Some(Switch::Off) => true,
            Some(Switch::On(redact)) => redact.builtin == Builtin::None,
        };
        let hit = |of: &str, span| {
            let instead = "remove it: tokens, keys and addresses are covered by default";
            Hit::new(of, span, "`redact` covers nothing that mcpmon knows", instead)
        };
        let all = is_off(manifest.logs.redact.as_ref());
        let all = all.then(|| hit("logs", s.at(["logs", "redact"])));
        let services =
            manifest.services.iter().filter(|(_, service)| is_off(service.logs.redact.as_ref()));
        let services = services.map(|(name, _)| {
            hit(name.as_str(), s.at(["services", name.as_str(), "logs", "redact"]))
        });
        all.into_iter().chain(services).collect()
    },
};

/// A collector that nobody mends.
pub const END_OF_LIFE: Rule = Rule {
    id: "end-of-life",
    severity: Severity::Warning,
    what: "A component's makers have ended its life: no mistake in it is mended any more",
    frameworks: "SOC 2 CC7.1",
    look: |s| {
        let promtail = Collector::Promtail.component();
        s.stack
            .components
            .get(promtail)
            .map(|_| {
                Hit::new(
                    promtail,
                    s.at(["collector"]),
                    "Promtail ended in March 2026",
                    "write `collector: alloy`",
                )
            })
            .into_iter()
            .collect()
    },
};
