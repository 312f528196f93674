//! What is kept, and how much of it.

use super::{Hit, Rule, Severity};
use crate::manifest::Collector;
use crate::yaml::{Node, Value};

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
                    s.at(["components", &part.name, "retention"]).or(part.span),
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
        let redact = s.document.root.get("logs").and_then(|logs| logs.get("redact"));
        let is_off = |node: &Node| match &node.value {
            Value::Bool(on) => !on,
            Value::String(text) => matches!(text.as_str(), "off" | "none"),
            Value::Map(map) => {
                map.get("enabled").is_some_and(|e| e.node.value == Value::Bool(false))
            }
            _ => false,
        };
        redact
            .filter(|node| is_off(node))
            .map(|_| {
                Hit::new(
                    "logs",
                    s.at(["logs", "redact"]),
                    "`redact` is off",
                    "remove it: tokens, keys and addresses are covered by default",
                )
            })
            .into_iter()
            .collect()
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
