//! What runs, with which rights.

use super::{Hit, Rule, Severity, Subject};
use crate::stack::AGENT;
use crate::yaml::Span;

/// An image that is another one tomorrow.
pub const LATEST: Rule = Rule {
    id: "image-latest",
    severity: Severity::Error,
    what: "An image has the tag `latest` or none",
    frameworks: "SOC 2 CC8.1",
    look: |s| {
        images(s)
            .into_iter()
            .filter(|(_, image, _)| {
                let last = image.rsplit('/').next().unwrap_or(image);
                !last.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
            })
            .map(|(name, image, span)| {
                Hit::new(
                    name,
                    span,
                    format!("{image} is another program tomorrow"),
                    "name a version",
                )
            })
            .collect()
    },
};

/// Images that a registry may exchange.
pub const WITHOUT_DIGEST: Rule = Rule {
    id: "image-without-digest",
    severity: Severity::Warning,
    what: "Images are named by tag alone, so that a registry may hand out others",
    frameworks: "SOC 2 CC8.1",
    look: |s| {
        let all = images(s);
        let loose: Vec<_> =
            all.iter().filter(|(_, image, _)| !image.contains("@sha256:")).collect();
        // One finding for all of them: they are mended in one go.
        let names: Vec<&str> = loose.iter().map(|(name, _, _)| *name).collect();
        if names.is_empty() {
            return Vec::new();
        }
        let evidence = format!("{} of {} images: {}", names.len(), all.len(), names.join(", "));
        vec![Hit::new(
            "images",
            s.at(["components"]),
            evidence,
            "write the digest after the version: `version: v3.13.5@sha256:…`",
        )]
    },
};

/// Folders of the host in which the socket usually is.
const AROUND_THE_SOCKET: [&str; 4] = ["/", "/run", "/var", "/var/run"];

/// A key to the host.
pub const DOCKER_SOCKET: Rule = Rule {
    id: "docker-socket",
    severity: Severity::Warning,
    what: "A container has the Docker socket, which is the key to the host",
    frameworks: "SOC 2 CC6.1",
    look: |s| {
        let mut found = Vec::new();
        for (name, process) in &s.bundle.processes {
            let root = s.stack.components.get(name).is_some_and(|p| p.spec.user.starts_with("0:"));
            for (source, _) in &process.host_mounts {
                let evidence = if source.ends_with(".sock") {
                    format!("it mounts {source}")
                } else if root && AROUND_THE_SOCKET.contains(&source.as_str()) {
                    format!("it runs as root and mounts {source}, in which the socket is")
                } else {
                    continue;
                };
                let help = if name == AGENT {
                    "others see a part of it through the agent, and nothing else has it; do without container logs and figures (`components: {agent: {containers: none}}`), or accept it".to_owned()
                } else {
                    format!(
                        "do without it (`components: {{{name}: {{enabled: false}}}}`), or accept it"
                    )
                };
                found.push(Hit::new(name, s.component(name), evidence, help));
            }
        }
        found
    },
};

/// Rights beyond the usual ones.
pub const EXCEPTION: Rule = Rule {
    id: "component-exception",
    severity: Severity::Info,
    what: "A component needs a right that others do not have; its reason is given",
    frameworks: "SOC 2 CC6.3",
    look: |s| {
        let mut found = Vec::new();
        for part in s.stack.components.values() {
            let e = &part.spec.exceptions;
            let mut say = |what: String, reason: &str| {
                found.push(Hit::new(
                    &part.name,
                    part.span,
                    format!("{what}: {reason}"),
                    "nothing, where the reason holds",
                ));
            };
            if let Some(reason) = &e.root {
                say("it runs as root".to_owned(), reason);
            }
            let programs = s.stack.fleet.iter().any(|service| service.is_program);
            let more = e.capabilities_with_programs.iter().filter(|_| programs);
            for (capability, reason) in e.capabilities.iter().chain(more) {
                say(format!("it keeps {capability}"), reason);
            }
            if let Some(reason) = &e.writable_rootfs {
                say("it writes to its root file system".to_owned(), reason);
            }
            if let Some(reason) = &e.host_mounts {
                say("it sees paths of the host".to_owned(), reason);
            }
        }
        found
    },
};

/// Every image with its owner.
fn images<'a>(s: &'a Subject<'_>) -> Vec<(&'a str, &'a str, Option<Span>)> {
    let components = s.stack.components.values().filter_map(|part| {
        let span = s.at(["components", &part.key, "version"]).or(part.span);
        Some((part.name.as_str(), part.image.as_deref()?, span))
    });
    let runs = s.stack.runs.iter().filter_map(|run| {
        let span = s.at(["services", &run.name, "run", "image"]);
        Some((run.name.as_str(), run.image.as_deref()?, span))
    });
    components.chain(runs).collect()
}
