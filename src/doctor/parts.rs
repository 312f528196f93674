//! What a stack is made of: names, ports, images.

use std::net::TcpListener;

use super::{Finding, Patient};
use crate::engine::{EngineError, image_self};
use crate::plan::{self, Unit};

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, EngineError> {
    let mut found = Vec::new();
    if !patient.observed.foreign.is_empty() {
        let names = patient.observed.foreign.iter();
        found.push(
            Finding::problem(
                "names",
                "containers of others have names that the stack needs",
                names.map(|(name, what)| format!("{name}: {what}")).collect(),
            )
            .why("the engine gives a name once")
            .mend("docker rename NAME OTHER, or another `name` in the manifest"),
        );
    }
    found.push(ports(patient).await?);
    found.extend(images(patient));
    Ok(found)
}

async fn ports(patient: &Patient<'_>) -> Result<Finding, EngineError> {
    let publishing = patient.reader.containers_publishing().await?;
    let ours: Vec<u16> = patient
        .observed
        .containers
        .values()
        .flat_map(|container| container.ports.iter().map(|port| port.host_port))
        .collect();
    let free = |address: &str, port: u16| {
        let bound = TcpListener::bind((address, port));
        let taken = matches!(&bound, Err(error) if error.kind() == std::io::ErrorKind::AddrInUse);
        ours.contains(&port) || !taken
    };
    let units: Vec<&Unit> = patient.units.iter().collect();
    let taken = plan::taken_ports(&patient.project.stack.name, &units, &publishing, &free);
    if taken.is_empty() {
        return Ok(Finding::fine("ports", "every port is free, or the stack's own"));
    }
    let first = taken.first().and_then(|line| line.split(' ').next()).unwrap_or("PORT").to_owned();
    Ok(Finding::problem("ports", "ports are taken", taken)
        .why("`mcpmon up` makes nothing while they are")
        .mend(format!("ss -ltnp 'sport = :{first}' shows who listens; components: {{NAME: {{port: …}}}} in the manifest takes another")))
}

fn images(patient: &Patient<'_>) -> Vec<Finding> {
    let arch = &patient.reader.facts().arch;
    let images = &patient.observed.images;
    let mut references: Vec<&str> =
        patient.units.iter().map(|unit| unit.spec.image.as_str()).collect();
    references.sort_unstable();
    references.dedup();
    references.retain(|reference| !image_self::is_self(reference));
    let missing: Vec<String> =
        references.iter().filter(|r| !images.contains_key(**r)).map(|r| (*r).to_owned()).collect();
    let others =
        images.iter().filter(|(_, i)| !i.architecture.is_empty() && i.architecture != *arch);
    let others: Vec<String> =
        others.map(|(reference, i)| format!("{reference} is for {}", i.architecture)).collect();
    let mut found = Vec::new();
    if !others.is_empty() {
        found.push(
            Finding::problem("platform", "images are for another processor", others)
                .why(format!("the engine's host is {arch}: they run slowly, or not at all"))
                .mend(format!("docker pull --platform linux/{arch} IMAGE")),
        );
    }
    if missing.is_empty() {
        found.push(Finding::fine("images", format!("all {} images are there", references.len())));
    } else {
        let first = missing.first().cloned().unwrap_or_default();
        found.push(
            Finding::warning("images", "images are not there yet", missing)
                .why("`mcpmon up` pulls them, and makes nothing while one cannot be had")
                .mend(format!("docker pull {first}; without a way to the registry: `registry:` in the manifest")),
        );
    }
    found
}
