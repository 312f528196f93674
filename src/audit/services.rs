//! The services that are monitored, and those that mcpmon runs.

use super::{Hit, Rule, Severity, Subject};
use crate::manifest::{Name, Run};

/// An MCP server that answers everybody.
pub const WITHOUT_AUTH: Rule = Rule {
    id: "service-without-auth",
    severity: Severity::Warning,
    what: "An MCP server beyond the host is asked without a credential",
    frameworks: "SOC 2 CC6.1",
    look: |s| {
        let services = s.document.manifest.services.iter().filter_map(|(name, service)| {
            let mcp = service.mcp.as_ref().map(|mcp| &mcp.0).filter(|mcp| mcp.auth.is_none())?;
            // A name without a dot is that of a container beside the stack.
            Some((name.as_str(), mcp.url.as_ref().filter(|url| url.host().contains('.'))?))
        });
        let services = services.filter(|(_, url)| url.host() != "host.docker.internal");
        services
            .map(|(name, url)| {
                Hit::new(
                    name,
                    s.at(["services", name, "mcp", "url"]),
                    format!("{url} is asked without a credential"),
                    "let the server ask for one, and name it: `mcp: {url: …, auth: {bearer: {file: secrets/NAME}}}`",
                )
            })
            .collect()
    },
};

/// A service whose limits nobody chose.
pub const WITHOUT_LIMITS: Rule = Rule {
    id: "service-without-limits",
    severity: Severity::Warning,
    what: "A service that mcpmon runs has the default limits: nobody has said what it needs",
    frameworks: "SOC 2 A1.1",
    look: |s| {
        runs(s)
            .filter(|(_, run)| run.resources.memory.is_none())
            .map(|(name, _)| {
                Hit::new(
                    name.as_str(),
                    s.at(["services", name.as_str(), "run"]),
                    "it names no memory limit",
                    "add `resources: {memory: 512MiB, cpus: 1}` to its `run`",
                )
            })
            .collect()
    },
};

/// A service that may run as root.
pub const UNKNOWN_USER: Rule = Rule {
    id: "service-user",
    severity: Severity::Warning,
    what: "A service that mcpmon runs is root in its container, or may be",
    frameworks: "SOC 2 CC6.3",
    look: |s| {
        runs(s)
            .filter_map(|(name, run)| {
                let root = |user: &String| matches!(user.split(':').next(), Some("0" | "root"));
                let evidence = match &run.user {
                    None => "it runs as whatever user its image names, which may be root",
                    Some(user) if root(user) => "it runs as root",
                    Some(_) => return None,
                };
                let span = s.at(["services", name.as_str(), "run", "user"]);
                Some(Hit::new(
                    name.as_str(),
                    span,
                    evidence,
                    "add `user: \"65534:65534\"` to its `run`, or the user of its image",
                ))
            })
            .collect()
    },
};

/// A service that may change its programs.
pub const WRITABLE: Rule = Rule {
    id: "service-writable",
    severity: Severity::Info,
    what: "A service that mcpmon runs may write to its root file system",
    frameworks: "SOC 2 CC6.8",
    look: |s| {
        runs(s)
            .filter(|(_, run)| run.writable)
            .map(|(name, _)| {
                Hit::new(
                    name.as_str(),
                    s.at(["services", name.as_str(), "run", "writable"]),
                    "`writable` is on",
                    "remove it where the service can do without",
                )
            })
            .collect()
    },
};

/// A service that belongs to nobody.
pub const WITHOUT_GROUP: Rule = Rule {
    id: "service-without-group",
    severity: Severity::Info,
    what: "A service has no group, so its alerts cannot be routed to a team",
    frameworks: "SOC 2 CC7.3",
    look: |s| {
        let without = s.document.manifest.services.keys().filter(|name| {
            let group = ["services".into(), name.as_str().into(), "group".into()];
            s.stack.services.iter().any(|i| i.name == name.as_str() && i.group == "default")
                && s.document.locate(&group) == s.at(["services", name.as_str()])
        });
        without
            .map(|name| {
                Hit::new(
                    name.as_str(),
                    s.at(["services", name.as_str()]),
                    "it names no `group`",
                    "add `group: …`",
                )
            })
            .collect()
    },
};

/// Services that mcpmon runs from an image; its own demo is known.
fn runs<'a>(s: &'a Subject<'_>) -> impl Iterator<Item = (&'a Name, &'a Run)> {
    let services = s.document.manifest.services.iter();
    services.filter_map(|(name, service)| {
        Some((name, service.run.as_ref().filter(|run| run.image.is_some())?))
    })
}
