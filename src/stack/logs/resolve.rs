//! The manifest's `logs` → [`Model`].

use super::stages::{Level, Maker};
use super::{Model, Origin, Pipeline, Port, Source, Stage, redact, sources};
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{Document, LogPath, Name, ServiceLogs, Syslog};

/// Where the journal is, and what says whose it is.
const JOURNAL: [&str; 2] = ["/var/log/journal", "/etc/machine-id"];

/// Makes the model.
pub fn resolve(document: &Document, catalog: &Catalog, found: &mut Vec<Diagnostic>) -> Model {
    let manifest = &document.manifest;
    let shipped = redact::shipped(&catalog.assets).unwrap_or_else(|error| {
        found.push(Diagnostic::general(format!("{error:#}")));
        Vec::new()
    });
    let general = ServiceLogs::from(&manifest.logs);
    let maker = Maker {
        document,
        shipped: &shipped,
        general: Level { logs: &general, place: vec!["logs".into()] },
    };
    let rest = maker.stages(None, found);
    let mut special: Vec<(String, Vec<Stage>)> = Vec::new();
    for (name, service) in &manifest.services {
        if service.logs == ServiceLogs::default() {
            continue;
        }
        let place = vec!["services".into(), name.as_str().into(), "logs".into()];
        let logged = service.run.is_some()
            || service.container.is_some()
            || manifest.logs.files.iter().any(|file| file.service.as_ref() == Some(name));
        if !logged {
            found.push(
                Diagnostic::warning(document.locate_key(&place), format!("no line of `{name}` is collected"))
                    .help("name its container (`container: NAME`) or its files (`logs: {files: [{path: …, service: NAME}]}` at the top)"),
            );
        }
        let stages = maker.stages(Some(&Level { logs: &service.logs, place }), found);
        if stages != rest {
            special.push((name.to_string(), stages));
        }
    }
    files(document, found);
    let publish =
        manifest.logs.syslog.as_ref().and_then(|syslog| publish(document, catalog, syslog, found));
    let sources = sources::all(document)
        .into_iter()
        .map(|source| Source {
            name: source.name.to_owned(),
            job: source.job.to_owned(),
            pipelines: pipelines(&source.services, &special, &rest),
            origin: source.origin,
        })
        .collect();
    Model { mounts: mounts(document), publish, sources }
}

/// One pipeline for all services whose lines are treated alike, and one for the rest.
fn pipelines(
    services: &[String],
    special: &[(String, Vec<Stage>)],
    rest: &[Stage],
) -> Vec<Pipeline> {
    let mut pipelines: Vec<Pipeline> = Vec::new();
    for (name, stages) in special.iter().filter(|(name, _)| services.contains(name)) {
        if let Some(same) = pipelines.iter_mut().find(|pipeline| pipeline.stages == *stages) {
            same.services.get_or_insert_default().push(name.clone());
        } else {
            pipelines.push(Pipeline {
                services: Some(vec![name.clone()]),
                selector: None,
                stages: stages.clone(),
            });
        }
    }
    // Names of services hold nothing that means something in a regular expression.
    let mut others = Vec::new();
    for pipeline in &mut pipelines {
        let names = pipeline.services.clone().unwrap_or_default();
        pipeline.selector = Some(format!("{{service=~\"{}\"}}", names.join("|")));
        others.extend(names);
    }
    let selector = (!others.is_empty()).then(|| format!("{{service!~\"{}\"}}", others.join("|")));
    pipelines.push(Pipeline { services: None, selector, stages: rest.to_vec() });
    pipelines
}

/// Services that files belong to exist.
fn files(document: &Document, found: &mut Vec<Diagnostic>) {
    let services = &document.manifest.services;
    for (index, file) in document.manifest.logs.files.iter().enumerate() {
        let Some(service) = &file.service else { continue };
        if !services.contains_key(service) {
            let place = ["logs".into(), "files".into(), index.into(), "service".into()];
            found.push(
                Diagnostic::error(
                    document.locate(&place),
                    format!("there is no service `{service}`"),
                )
                .help(suggest(service.as_str(), services.keys().map(Name::as_str))),
            );
        }
    }
}

/// Folders of the host, none of them within another.
fn mounts(document: &Document) -> Vec<String> {
    let logs = &document.manifest.logs;
    let mut folders: Vec<String> =
        logs.files.iter().map(|file| &file.path).map(LogPath::folder).map(Into::into).collect();
    if logs.journal {
        folders.extend(JOURNAL.map(str::to_owned));
    }
    folders.sort();
    folders.dedup();
    let within = |folder: &str, other: &str| {
        folder.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
    };
    let all = folders.clone();
    folders.retain(|folder| !all.iter().any(|other| within(folder, other)));
    folders
}

/// The port of the host that syslog messages are taken on.
fn publish(
    document: &Document,
    catalog: &Catalog,
    syslog: &Syslog,
    found: &mut Vec<Diagnostic>,
) -> Option<Port> {
    let at = |key: &str| document.locate(&["logs".into(), "syslog".into(), key.into()]);
    let collector = document.manifest.collector.component();
    let own = catalog.get(collector).map(|spec| spec.port);
    if syslog.port == 0 || own == Some(syslog.port) {
        let problem =
            if syslog.port == 0 { "is not a port" } else { "is the collector's own port" };
        found.push(
            Diagnostic::error(at("port"), format!("{} {problem}", syslog.port))
                .help("write another, such as 1514"),
        );
    }
    let address = syslog.address.clone().unwrap_or_else(|| "127.0.0.1".to_owned());
    match address.parse::<std::net::IpAddr>() {
        Err(_) => found.push(
            Diagnostic::error(at("address"), format!("`{address}` is not an address"))
                .help("write `127.0.0.1`, or an address of this host"),
        ),
        Ok(ip) if !ip.is_loopback() && syslog.publish.is_some() => found.push(
            Diagnostic::warning(
                at("address"),
                format!("syslog is taken from other machines at {ip}"),
            )
            .help("anyone who reaches it can write log lines; let a firewall say who may"),
        ),
        Ok(_) => {}
    }
    if syslog.address.is_some() && syslog.publish.is_none() {
        found.push(
            Diagnostic::error(
                at("address"),
                "there is no port on the host to bind to this address",
            )
            .help("add `publish: 1514`, or remove `address`"),
        );
    }
    let host_port = syslog.publish?;
    Some(Port { address, host_port, container_port: syslog.port })
}

impl Origin {
    /// Whether lines of this service come from it, as far as the manifest knows.
    pub fn has(&self, service: &str) -> bool {
        match self {
            Self::Docker { containers, .. } => containers.iter().any(|c| c.service == service),
            Self::Files { targets } => {
                targets.iter().any(|t| t.labels.get("service").is_some_and(|s| s == service))
            }
            Self::Journal { .. } | Self::Syslog { .. } => false,
        }
    }
}
