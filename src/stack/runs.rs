//! Services that mcpmon runs itself.

use super::{Limits, RunService, components, targets::DEMO_PORT};
use crate::diagnostic::Diagnostic;
use crate::manifest::{ByteSize, Document, Name, Run};

/// Memory limit of a service that names none.
const MEMORY: u64 = 512 << 20;
/// Process limit of a service that names none.
const PIDS: i64 = 256;

/// Resolves every service with `run:`.
pub fn resolve(document: &Document, found: &mut Vec<Diagnostic>) -> Vec<RunService> {
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
                let arguments = [
                    "demo-service".to_owned(),
                    format!("--name={name}"),
                    format!("--listen=0.0.0.0:{DEMO_PORT}"),
                    format!("--dialect={}", demo.dialect.as_str()),
                    format!("--rate={}", demo.rate),
                    format!("--latency={}", demo.latency),
                    format!("--errors={}", demo.errors),
                ];
                (None, arguments.to_vec())
            }
            None => {
                (run.image.as_deref().map(|i| components::rehome(registry, i)), run.command.clone())
            }
        };
        services.push(RunService {
            name: name.to_string(),
            image,
            command,
            env: run.env.iter().map(|(k, v)| (k.to_string(), v.clone())).collect(),
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

/// Nobody, unless the manifest says otherwise or the image is not ours to know.
fn user(run: &Run) -> Option<String> {
    run.user.clone().or_else(|| run.demo.as_ref().map(|_| "65534:65534".to_owned()))
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
