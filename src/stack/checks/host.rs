//! What the stack takes of its host: ports, addresses, names.

use std::collections::BTreeMap;

use super::Checks;
use super::suspects::{is_registry, secret_environment};
use crate::diagnostic::Diagnostic;
use crate::yaml::Segment;

impl Checks<'_> {
    /// Every published port belongs to one container.
    pub(super) fn ports(&self, found: &mut Vec<Diagnostic>) {
        let mut taken: BTreeMap<u16, String> = BTreeMap::new();
        let components = self.stack.components.values().filter_map(|part| {
            Some((
                part.host_port?,
                part.key.clone(),
                vec!["components".into(), (&part.key).into(), "port".into()],
                true,
            ))
        });
        let extra = self.stack.components.values().flat_map(|part| {
            part.extra_ports().map(|(setting, host, _)| {
                let place: Vec<Segment> =
                    vec!["components".into(), (&part.name).into(), setting.into()];
                (host, part.name.clone(), place, true)
            })
        });
        let runs = self.stack.runs.iter().flat_map(|run| {
            run.ports.iter().enumerate().map(|(index, (host, _))| {
                let mut place: Vec<Segment> =
                    vec!["services".into(), (&run.name).into(), "run".into(), "ports".into()];
                place.push(index.into());
                (*host, run.name.clone(), place, false)
            })
        });
        let syslog = self.stack.logs.publish.as_ref().map(|port| {
            let place = ["logs", "syslog", "publish"].map(Segment::from).to_vec();
            (port.host_port, "syslog".to_owned(), place, false)
        });
        for (port, owner, place, is_component) in components.chain(extra).chain(runs).chain(syslog)
        {
            if let Some(other) = taken.insert(port, owner.clone()) {
                let message = if other == owner {
                    format!("`{owner}` is published on port {port} twice")
                } else {
                    format!("`{other}` and `{owner}` are both published on port {port}")
                };
                let key = match place.last() {
                    Some(Segment::Key(key)) => key.clone(),
                    _ => "port".to_owned(),
                };
                // Where both are silent, a component's folder chose the port.
                let place = self.document.locate(&place);
                let next = port.checked_add(1).unwrap_or(port - 1);
                let help = if owner == "syslog" {
                    format!("publish it on another port of the host: `publish: {next}`")
                } else if is_component {
                    format!(
                        "give one of them another port: `components: {{{owner}: {{{key}: {next}}}}}`"
                    )
                } else {
                    format!("publish it on another port of the host: `ports: [\"{next}:…\"]`")
                };
                found.push(Diagnostic::error(place, message).help(help));
            }
        }
    }

    /// Ports beyond the host itself are said so.
    pub(super) fn exposure(&self, found: &mut Vec<Diagnostic>) {
        for part in self.stack.components.values() {
            let place = self.at(["components".into(), (&part.key).into(), "address".into()]);
            match part.host_address.parse::<std::net::IpAddr>() {
                Err(_) => found.push(
                    Diagnostic::error(place, format!("`{}` is not an address", part.host_address))
                        .help("write `127.0.0.1`, or an address of this host"),
                ),
                Ok(address) if !address.is_loopback() => found.push(
                    Diagnostic::warning(place, format!("`{}` is reachable from other machines at {address}", part.key))
                        .help("anyone who reaches it can read its data and change its configuration; put a proxy with authentication before it"),
                ),
                Ok(_) => {}
            }
            for key in part.env.keys() {
                secret_environment(
                    key,
                    self.at(["components".into(), (&part.key).into(), "env".into(), key.into()]),
                    "let the program read it from a file: `secrets: {NAME: {file: secrets/NAME}}` puts one into its container",
                    found,
                );
            }
        }
    }

    pub(super) fn names(&self, found: &mut Vec<Diagnostic>) {
        let manifest = &self.document.manifest;
        for run in &self.stack.runs {
            if self.catalog.get(&run.name).is_some()
                || self.stack.components.contains_key(&run.name)
            {
                found.push(
                    Diagnostic::error(
                        self.key(["services".into(), (&run.name).into()]),
                        format!(
                            "`{}` is the name of a component, and both would be the container `{}`",
                            run.name,
                            self.stack.container(&run.name)
                        ),
                    )
                    .help("give the service another name"),
                );
            }
        }
        // A container's name is also its host name, which is a DNS label.
        let longest = self
            .stack
            .runs
            .iter()
            .map(|r| r.name.len())
            .chain(self.catalog.names().map(str::len))
            .chain(self.stack.components.keys().map(String::len))
            .max()
            .unwrap_or(0);
        if manifest.name.as_str().len() + 1 + longest > 63 {
            found.push(
                Diagnostic::error(self.at(["name".into()]), "the name is too long: container names `<name>-<component>` must fit into 63 characters")
                    .help(format!("use at most {} characters", 62 - longest)),
            );
        }
        if let Some(registry) = manifest.registry.as_ref().filter(|r| r.contains("://")) {
            found.push(
                Diagnostic::error(
                    self.at(["registry".into()]),
                    format!("`{registry}` has a scheme"),
                )
                .help("write the host and path alone: `registry.example.org/mirror`"),
            );
        }
        if let Some(registry) =
            manifest.registry.as_ref().filter(|r| !r.contains("://") && !is_registry(r))
        {
            found.push(
                Diagnostic::error(
                    self.at(["registry".into()]),
                    format!("`{registry}` is not a registry"),
                )
                .help("write the host and path alone: `registry.example.org/mirror`"),
            );
        }
        for (index, network) in manifest.networks.iter().enumerate() {
            if network.as_str() == self.stack.network() {
                found.push(
                    Diagnostic::error(
                        self.at(["networks".into(), index.into()]),
                        format!("`{network}` is the stack's own network"),
                    )
                    .help("remove it; `networks` names networks that exist already"),
                );
            }
        }
    }
}
