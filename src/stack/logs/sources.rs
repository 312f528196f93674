//! Where log lines come from.

use std::collections::BTreeMap;

use super::{Container, Files, Filter, Origin, Relabel};
use crate::manifest::{Document, LogFile, Manifest, SyslogFormat};

const CONTAINER_NAME: &str = "__meta_docker_container_name";

/// A source's name, its label `job`, its origin, and the services whose lines come from it.
pub struct Found {
    /// Its name.
    pub name: &'static str,
    /// Its label `job`.
    pub job: &'static str,
    /// What kind of place it is.
    pub origin: Origin,
    /// Services whose lines come from it.
    pub services: Vec<String>,
}

/// Every source that the manifest asks for.
pub fn all(document: &Document) -> Vec<Found> {
    let manifest = &document.manifest;
    let mut found = vec![stack(manifest)];
    found.extend(services(manifest));
    if !manifest.logs.files.is_empty() {
        let services = manifest.logs.files.iter().filter_map(|file| file.service.as_ref());
        let services = services.map(ToString::to_string).collect();
        let targets = manifest.logs.files.iter().map(|file| files(manifest, file)).collect();
        found.push(Found {
            name: "files",
            job: "files",
            origin: Origin::Files { targets },
            services,
        });
    }
    if manifest.logs.journal {
        let relabel = vec![
            set("job", "journal"),
            copy("__journal__systemd_unit", "unit"),
            copy("__journal__hostname", "host"),
            copy("__journal_priority_keyword", "level"),
        ];
        found.push(Found {
            name: "journal",
            job: "journal",
            origin: Origin::Journal { relabel },
            services: vec![],
        });
    }
    if let Some(syslog) = &manifest.logs.syslog {
        found.push(Found {
            name: "syslog",
            job: "syslog",
            origin: syslog_origin(syslog.port, syslog.format),
            services: vec![],
        });
    }
    found
}

fn syslog_origin(port: u16, format: SyslogFormat) -> Origin {
    let relabel = vec![
        set("job", "syslog"),
        copy("__syslog_message_hostname", "host"),
        copy("__syslog_message_app_name", "app"),
        copy("__syslog_message_severity", "level"),
    ];
    Origin::Syslog { port, format, relabel }
}

/// The stack's own containers and those of services that mcpmon runs. Both carry labels that say what they are.
fn stack(manifest: &Manifest) -> Found {
    let run = manifest.services.iter().filter(|(_, service)| service.run.is_some());
    let containers: Vec<Container> = run
        .map(|(name, service)| Container {
            container: format!("{}-{name}", manifest.name),
            service: name.to_string(),
            group: service.group.to_string(),
        })
        .collect();
    let services = containers.iter().map(|c| c.service.clone()).collect();
    let mut relabel = common();
    relabel.extend([
        copy("__meta_docker_container_label_dev_mcpmon_service", "service"),
        copy("__meta_docker_container_label_dev_mcpmon_group", "group"),
        copy("__meta_docker_container_label_dev_mcpmon_component", "component"),
        set("job", "stack"),
        Relabel {
            source_labels: vec!["service"],
            regex: Some(".+".to_owned()),
            replacement: Some("services".to_owned()),
            target_label: "job",
        },
        copy("group", "service_group"),
    ]);
    let filters =
        vec![Filter { name: "label", values: vec![format!("dev.mcpmon.stack={}", manifest.name)] }];
    Found {
        name: "stack",
        job: "stack",
        origin: Origin::Docker { filters, relabel, containers },
        services,
    }
}

/// Containers of services that run elsewhere on the same engine.
fn services(manifest: &Manifest) -> Option<Found> {
    let containers: Vec<Container> = manifest
        .services
        .iter()
        .filter(|(_, service)| service.run.is_none())
        .filter_map(|(name, service)| {
            Some(Container {
                container: service.container.as_ref()?.to_string(),
                service: name.to_string(),
                group: service.group.to_string(),
            })
        })
        .collect();
    if containers.is_empty() {
        return None;
    }
    // The engine takes a name filter as a regular expression over `/name`. One for all of them keeps the question short.
    let names: Vec<String> = containers.iter().map(|c| escape(&c.container)).collect();
    let names = vec![format!("^/({})$", names.join("|"))];
    let mut relabel = common();
    relabel.push(Relabel { regex: Some("/(.*)".to_owned()), ..copy(CONTAINER_NAME, "service") });
    for c in containers.iter().filter(|c| c.service != c.container) {
        relabel.push(named(&escape(&c.container), &c.service, "service"));
    }
    // One rule per group, not per service: every rule is tried on every container.
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for c in containers.iter().filter(|c| c.group != "default") {
        groups.entry(&c.group).or_default().push(escape(&c.container));
    }
    for (group, containers) in groups {
        relabel.push(named(&format!("({})", containers.join("|")), group, "group"));
    }
    relabel.extend([set("job", "services"), copy("group", "service_group")]);
    let services = containers.iter().map(|c| c.service.clone()).collect();
    let filters = vec![Filter { name: "name", values: names }];
    let origin = Origin::Docker { filters, relabel, containers };
    Some(Found { name: "services", job: "services", origin, services })
}

/// Files with the labels of their service.
fn files(manifest: &Manifest, file: &LogFile) -> Files {
    let mut labels: BTreeMap<String, String> =
        file.labels.iter().map(|(label, value)| (label.to_string(), value.clone())).collect();
    labels.insert("job".to_owned(), "files".to_owned());
    if let Some((name, service)) =
        file.service.as_ref().and_then(|name| manifest.services.get_key_value(name))
    {
        labels.insert("service".to_owned(), name.to_string());
        labels.insert("group".to_owned(), service.group.to_string());
        labels.insert("service_group".to_owned(), service.group.to_string());
    }
    Files { path: file.path.to_string(), labels }
}

/// Labels of every container's lines.
fn common() -> Vec<Relabel> {
    vec![
        Relabel { regex: Some("/(.*)".to_owned()), ..copy(CONTAINER_NAME, "container") },
        copy("__meta_docker_container_log_stream", "stream"),
    ]
}

fn copy(from: &'static str, to: &'static str) -> Relabel {
    Relabel { source_labels: vec![from], regex: None, replacement: None, target_label: to }
}

fn set(label: &'static str, value: &str) -> Relabel {
    let replacement = Some(value.to_owned());
    Relabel { source_labels: Vec::new(), regex: None, replacement, target_label: label }
}

fn named(container: &str, value: &str, label: &'static str) -> Relabel {
    let (regex, replacement) = (Some(format!("/{container}")), Some(value.to_owned()));
    Relabel { source_labels: vec![CONTAINER_NAME], regex, replacement, target_label: label }
}

/// Text as a regular expression that matches just it. Container names hold nothing but letters,
/// digits, `_`, `.` and `-`.
fn escape(text: &str) -> String {
    text.replace('.', "\\.")
}
