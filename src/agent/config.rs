//! The files that say what is asked: the words of a manifest's `mcp:`, by the service's name.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;

use super::fleet::{Fleet, Service};
use super::page;
use crate::diagnostic::{Diagnostic, Sources};
use crate::gate;
use crate::manifest::{
    Duration, LONGEST_INTERVAL, Mcp, Name, Pace, ProbeDefaults, SecretRef, io_reason,
};
use crate::mcp::target::Depth;
use crate::stack::{Surroundings, peek};
use crate::yaml::{self, Node};

/// Probes that are made at the same time where nothing is said.
const SIDE_BY_SIDE: usize = 200;
/// Two probes of a service are at least that far apart where nothing is said.
const APART: Duration = Duration::from_secs(1);

/// A configuration file, and each that it includes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What is asked, by name.
    #[serde(default)]
    services: IndexMap<Name, Mcp>,
    /// More files with `services`; a relative path starts at this file's folder.
    #[serde(default)]
    include: Vec<String>,
    /// Longest time of a probe of a service that does not say it.
    timeout: Option<Duration>,
    /// How far a probe goes of a service that does not say it.
    depth: Option<Depth>,
    /// Probes that are made at the same time.
    side_by_side: Option<usize>,
    /// Time between two probes of one service; whoever asks sooner gets the last answer again.
    apart: Option<Duration>,
    /// The engine that collectors read through the agent.
    engine: Option<gate::Settings>,
    /// Where the page's figures and links come from.
    #[serde(default)]
    page: page::Settings,
}

/// A configuration file that is included.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Included {
    #[serde(default)]
    services: IndexMap<Name, Mcp>,
}

/// What an agent is told.
#[derive(Debug)]
pub struct Config {
    /// What is asked.
    pub fleet: Fleet,
    /// Probes that are made at the same time.
    pub side_by_side: usize,
    /// The engine that collectors read through the agent.
    pub engine: Option<gate::Settings>,
    /// Where the page's figures and links come from.
    pub page: page::Settings,
}

/// What is wrong with the files, with their texts.
#[derive(Debug)]
pub struct Wrong {
    /// What is wrong.
    pub found: Vec<Diagnostic>,
    /// The texts.
    pub sources: Sources,
}

impl Wrong {
    /// All of it in lines of plain text.
    pub fn lines(&self) -> Vec<String> {
        let line = |problem: &Diagnostic| {
            let place = problem.span.map(|span| self.sources.place(span) + ": ");
            let help = problem.help.as_ref().map(|help| format!(" ({help})"));
            format!("{}{}{}", place.unwrap_or_default(), problem.message, help.unwrap_or_default())
        };
        self.found.iter().map(line).collect()
    }
}

/// Reads the file and those that it includes, and looks whether every secret is there.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load(path: &Path) -> Result<Config, Wrong> {
    let mut reading = Reading::default();
    let config = reading.all(path);
    match config {
        Some(config) if reading.found.is_empty() => Ok(config),
        _ => Err(Wrong { found: reading.found, sources: reading.sources }),
    }
}

#[derive(Default)]
struct Reading {
    sources: Sources,
    found: Vec<Diagnostic>,
}

impl Reading {
    fn all(&mut self, path: &Path) -> Option<Config> {
        let dir = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let (root, file) = self.one::<File>(path)?;
        if file.side_by_side == Some(0) {
            let span = root.locate(&["side_by_side".into()]);
            self.found.push(
                Diagnostic::error(span, "with no probe at a time nothing would be asked")
                    .help("write a number from 1, such as `200`"),
            );
        }
        // Who asks the agent decides how often: only the longest time that makes sense is known here.
        let defaults = ProbeDefaults {
            interval: Some(LONGEST_INTERVAL),
            timeout: file.timeout,
            depth: file.depth,
        };
        for mistake in Pace::usual(&defaults).mistakes() {
            let span = root.locate(&[mistake.path.concat().as_str().into()]);
            self.found.push(Diagnostic::error(span, mistake.message).help(mistake.help));
        }
        let apart = file.apart.unwrap_or(APART).std();
        let mut fleet = Fleet::new(apart);
        self.services(&root, file.services, &defaults, &dir, &mut fleet);
        for name in &file.include {
            let path = dir.join(name);
            let Some((root, file)) = self.one::<Included>(&path) else { continue };
            self.services(&root, file.services, &defaults, &dir, &mut fleet);
        }
        let side_by_side = file.side_by_side.unwrap_or(SIDE_BY_SIDE);
        Some(Config { fleet, side_by_side, engine: file.engine, page: file.page })
    }

    fn one<T: serde::de::DeserializeOwned>(&mut self, path: &Path) -> Option<(Node, T)> {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read {name}: {}", io_reason(&error));
                self.found.push(Diagnostic::general(message));
                return None;
            }
        };
        let source = self.sources.add(name, text.as_str());
        let read = yaml::parse(source, &text)
            .map_err(Diagnostic::from)
            .and_then(|root| Ok((yaml::from_node(&root)?, root)));
        match read {
            Ok((file, root)) => Some((root, file)),
            Err(problem) => {
                self.found.push(problem);
                None
            }
        }
    }

    fn services(
        &mut self,
        root: &Node,
        services: IndexMap<Name, Mcp>,
        defaults: &ProbeDefaults,
        dir: &Path,
        fleet: &mut Fleet,
    ) {
        for (name, Mcp(server)) in services {
            let at = |keys: &[String]| {
                let mut path = vec!["services".into(), name.as_str().into()];
                path.extend(keys.iter().map(|key| key.as_str().into()));
                root.locate(&path)
            };
            for mistake in server.mistakes(defaults) {
                let problem = Diagnostic::error(at(&mistake.path), mistake.message);
                self.found
                    .push(Diagnostic { secret: mistake.secret, ..problem.help(mistake.help) });
            }
            for source in server.secrets() {
                if let Err(problem) = secret(source, dir) {
                    self.found.push(Diagnostic::error(at(&[]), problem));
                }
            }
            let pace = server.pace(defaults);
            let service = Service::new(name.to_string(), server, pace, PathBuf::from(dir));
            if let Err(other) = fleet.add(service) {
                self.found.push(
                    Diagnostic::error(at(&[]), format!("`{name}` is there already: {other}"))
                        .help("give each service a name and an address of its own"),
                );
            }
        }
    }
}

/// Reads a secret; a relative path starts at `dir`.
pub fn secret(source: &SecretRef, dir: &Path) -> Result<Vec<u8>, String> {
    let surroundings =
        Surroundings { env: &|name| std::env::var(name).ok(), file: &|path| std::fs::read(path) };
    peek(source, dir, &surroundings).map_err(|(problem, help)| format!("{problem}: {help}"))
}
