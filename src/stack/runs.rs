//! Services that mcpmon runs itself.

use super::{LIVE, Limits, RunService, SENTRY_DSN, SecretFile, components};
use crate::diagnostic::Diagnostic;
use crate::manifest::{ByteSize, Demo, Document, Name, Run, SentryBy, Service};

/// Memory limit of a service that names none.
const MEMORY: u64 = 512 << 20;
/// Process limit of a service that names none.
const PIDS: i64 = 256;

/// Resolves every service with `run:`.
pub fn resolve(
    document: &Document,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Vec<RunService> {
    let registry = document.manifest.registry.as_deref();
    let mut services = Vec::new();
    for (name, service) in &document.manifest.services {
        let Some(run) = &service.run else { continue };
        let place = document.locate_key(&["services".into(), name.as_str().into(), "run".into()]);
        if run.image.is_some() == run.demo.is_some() {
            found.push(
                Diagnostic::error(place, format!("`services.{name}.run` needs exactly one of `image` and `demo`"))
                    .help("write `run: {image: acme/server:1.4}`, or `run: {demo: {dialect: fastapi}}` for mcpmon's demo server"),
            );
        }
        let ports = ports(document, name, run, found);
        let (image, command) = match &run.demo {
            Some(demo) => {
                demo_ports(document, name, service, demo, found);
                let mut arguments = vec![
                    "demo-service".to_owned(),
                    format!("--name={name}"),
                    format!("--listen=0.0.0.0:{}", demo.port),
                    format!("--dialect={}", demo.dialect.as_str()),
                    format!("--rate={}", demo.rate),
                    format!("--latency={}", demo.latency),
                    format!("--errors={}", demo.errors),
                ];
                arguments.extend(
                    demo.metrics_port.map(|port| format!("--metrics-listen=0.0.0.0:{port}")),
                );
                (None, arguments)
            }
            None => {
                (run.image.as_deref().map(|i| components::rehome(registry, i)), run.command.clone())
            }
        };
        services.push(RunService {
            name: name.to_string(),
            image,
            command,
            env: sentry(document, name, run, secrets, found)
                .into_iter()
                .chain(run.env.iter().map(|(k, v)| (k.to_string(), v.clone())))
                .collect(),
            sentry: run.sentry,
            ports,
            user: user(run),
            writable: run.writable,
            resources: Limits {
                memory: run.resources.memory.map_or(MEMORY, ByteSize::bytes),
                cpus: run.resources.cpus,
                pids: run.resources.pids.unwrap_or(PIDS),
            },
        });
    }
    services
}

/// What a service that reports to Sentry finds in its environment, but for a DSN that it wants there.
fn sentry(
    document: &Document,
    name: &Name,
    run: &Run,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Vec<(String, String)> {
    let Some(by) = run.sentry else { return Vec::new() };
    let place = ["services".into(), name.as_str().into(), "run".into(), "sentry".into()];
    let span = document.locate_key(&place);
    let Some(sentry) = &document.manifest.sentry else {
        found.push(
            Diagnostic::error(span, "the manifest names no Sentry project")
                .help("write `sentry: {dsn: {file: secrets/sentry-dsn}}` at the top"),
        );
        return Vec::new();
    };
    let numbers = |user: &str| user.split(':').all(|part| part.parse::<u32>().is_ok());
    if by == SentryBy::File && !user(run).is_some_and(|user| numbers(&user)) {
        found.push(
            Diagnostic::error(
                span,
                format!(
                    "only its owner can read the DSN's file, and who runs `{name}` is not known"
                ),
            )
            .help("write the image's user in numbers, such as `user: \"1000:1000\"`"),
        );
    }
    secrets.push(SecretFile {
        component: name.to_string(),
        path: SENTRY_DSN.to_owned(),
        source: sentry.dsn.clone(),
        span: document.locate_key(&["sentry".into(), "dsn".into()]),
    });
    let mut env = vec![
        ("SENTRY_ENVIRONMENT", sentry.environment.clone()),
        ("SENTRY_TRACES_SAMPLE_RATE", sentry.traces_sample_rate.to_string()),
    ];
    if by == SentryBy::File {
        env.push(("SENTRY_DSN_FILE", format!("{LIVE}{SENTRY_DSN}")));
    }
    env.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Nobody, unless the manifest says otherwise or the image is not ours to know.
fn user(run: &Run) -> Option<String> {
    run.user.clone().or_else(|| run.demo.as_ref().map(|_| "65534:65534".to_owned()))
}

/// The demo server's ports are ports, differ, and are those that the service's addresses name.
fn demo_ports(
    document: &Document,
    name: &Name,
    service: &Service,
    demo: &Demo,
    found: &mut Vec<Diagnostic>,
) {
    let setting = |key: &str| {
        let path = ["services", name.as_str(), "run", "demo", key];
        document.locate(&path.map(Into::into))
    };
    for (key, port) in [("port", Some(demo.port)), ("metrics_port", demo.metrics_port)] {
        if port == Some(0) {
            found.push(
                Diagnostic::error(setting(key), "0 is not a port")
                    .help("write a number from 1 to 65535, such as `7001`"),
            );
        }
    }
    if demo.metrics_port == Some(demo.port) {
        found.push(
            Diagnostic::error(setting("metrics_port"), "metrics are served on `port` already")
                .help("leave `metrics_port` out, or give it another number"),
        );
    }
    for (field, url, _) in service.addresses() {
        let port = if field == "mcp" { demo.port } else { demo.scraped_port() };
        let named = url.address();
        if url.host() == name.as_str() && named != format!("{name}:{port}") {
            let path = ["services", name.as_str(), field, "url"];
            found.push(
                Diagnostic::error(
                    document.locate(&path.map(Into::into)),
                    format!("the demo server of `{name}` does not serve this on {named}"),
                )
                .help(format!(
                    "its address is {name}:{port}; `run.demo.port` and `metrics_port` change that"
                )),
            );
        }
    }
}

/// `8080` or `18080:8080` → host and container port.
fn ports(
    document: &Document,
    name: &Name,
    run: &Run,
    found: &mut Vec<Diagnostic>,
) -> Vec<(u16, u16)> {
    let mut ports = Vec::new();
    for (index, text) in run.ports.iter().enumerate() {
        let (host, container) = text.split_once(':').unwrap_or((text, text));
        match (host.parse::<u16>(), container.parse::<u16>()) {
            (Ok(host), Ok(container)) if host > 0 && container > 0 => ports.push((host, container)),
            _ => found.push(
                Diagnostic::error(
                    document.locate(&[
                        "services".into(),
                        name.as_str().into(),
                        "run".into(),
                        "ports".into(),
                        index.into(),
                    ]),
                    format!("`{text}` is not a port"),
                )
                .help("write `8080`, or `\"18080:8080\"` for another port on the host"),
            ),
        }
    }
    ports
}
