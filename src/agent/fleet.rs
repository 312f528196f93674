//! The services that are asked. Nothing else ever is: whoever reaches the agent could have it ask
//! any address that it reaches, and start any program.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::config;
use super::limits::Turn;
use crate::diagnostic::suggest;
use crate::manifest::{McpServer, Pace, is_metadata};
use crate::mcp::Target;
use crate::mcp::target::At;

/// One service.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its URL, or `stdio:` and its name.
    pub instance: String,
    /// What is known of it.
    pub server: McpServer,
    /// How long and how deep it is asked.
    pub pace: Pace,
    /// Whose turn it is to ask it.
    pub turn: Arc<Turn>,
    dir: PathBuf,
}

impl Service {
    pub(super) fn new(name: String, server: McpServer, pace: Pace, dir: PathBuf) -> Self {
        let instance = server.instance(&name);
        Self { name, instance, server, pace, turn: Arc::default(), dir }
    }

    /// As the probing client takes it. Secrets are read anew: one that was changed holds at once.
    ///
    /// # Errors
    /// A secret that cannot be read.
    pub fn target(&self) -> Result<Target, String> {
        let mut target =
            self.server.target(&self.name, &|source| config::secret(source, &self.dir))?;
        if let At::Stdio(command) = &mut target.at {
            // What the agent has, the engine's socket and secrets, is not for programs beside it.
            command.as_nobody = rustix::process::geteuid().is_root();
        }
        Ok(target)
    }
}

/// All services, by name and by address.
#[derive(Debug)]
pub struct Fleet {
    services: IndexMap<String, Arc<Service>>,
    by_instance: HashMap<String, usize>,
    /// Two probes of a service are at least that far apart.
    pub apart: Duration,
}

/// Why something is not asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The question itself is wrong.
    Wrong(String),
    /// It must never be asked.
    Forbidden(String),
    /// It is none of the fleet.
    Unknown(String),
}

impl Fleet {
    /// A fleet without services.
    pub fn new(apart: Duration) -> Self {
        Self { services: IndexMap::new(), by_instance: HashMap::new(), apart }
    }

    /// Adds a service.
    ///
    /// # Errors
    /// What is there already under its name.
    pub fn add(&mut self, service: Service) -> Result<(), String> {
        if let Some(other) = self.services.get(&service.name) {
            return Err(other.instance.clone());
        }
        let index = self.services.len();
        // Of several services behind one address the first answers to it; all do to their names.
        self.by_instance.entry(service.instance.clone()).or_insert(index);
        self.services.insert(service.name.clone(), Arc::new(service));
        Ok(())
    }

    /// All services, in the order of their files.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// Takes over whose turn it is from the fleet before, so that a reload lets nobody in twice.
    pub fn succeed(&mut self, before: &Self) {
        for (name, old) in &before.services {
            if let Some(service) = self.services.get_mut(name).and_then(Arc::get_mut) {
                service.turn = Arc::clone(&old.turn);
            }
        }
    }

    /// The service that a question means: by its name, or by its exact address.
    ///
    /// # Errors
    /// Why nothing is asked. Credentials are not repeated.
    pub fn find(&self, asked: &str) -> Result<&Arc<Service>, Refusal> {
        if let Some(service) = self.services.get(asked) {
            return Ok(service);
        }
        let url = url::Url::parse(asked).ok();
        if let Some(url) = url.as_ref().filter(|url| url.has_host()) {
            if !url.username().is_empty() || url.password().is_some() {
                return Err(Refusal::Wrong(
                    "the target holds credentials, which everybody between could read: they belong to `auth` of the service".to_owned(),
                ));
            }
            if url.host_str().is_some_and(is_metadata) {
                return Err(Refusal::Forbidden(
                    "the target is a link-local address, where clouds hand out credentials: it is never asked".to_owned(),
                ));
            }
        }
        let exact = url.as_ref().map_or(asked, url::Url::as_str);
        let index = self.by_instance.get(exact).or_else(|| self.by_instance.get(asked));
        if let Some((_, service)) = index.and_then(|index| self.services.get_index(*index)) {
            return Ok(service);
        }
        Err(self.refused(asked, url.as_ref()))
    }

    fn refused(&self, asked: &str, url: Option<&url::Url>) -> Refusal {
        let http = url.is_some_and(|url| matches!(url.scheme(), "http" | "https"));
        if asked.chars().any(|c| c.is_whitespace() || c.is_control()) || asked.starts_with('/') {
            return Refusal::Wrong(
                "the target is no name: a program is started by the name of its service alone"
                    .to_owned(),
            );
        }
        if let Some(url) = url.filter(|url| !http && url.scheme() != "stdio") {
            return Refusal::Forbidden(format!(
                "`{}:` is never asked: a target is the name of a service, or its http:// or https:// address",
                url.scheme()
            ));
        }
        if http {
            return Refusal::Unknown(
                "that address is none of the fleet: only what the configuration names is asked"
                    .to_owned(),
            );
        }
        let shown: String = asked.chars().take(63).collect();
        let help = suggest(&shown, self.services.keys().map(String::as_str).take(100));
        Refusal::Unknown(format!("there is no service `{shown}` in the fleet: {help}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{ProbeDefaults, Url};

    fn fleet() -> Fleet {
        let mut fleet = Fleet::new(Duration::ZERO);
        let server = McpServer::at(Url::parse("http://search:8080/mcp").unwrap());
        let pace = server.pace(&ProbeDefaults::default());
        fleet.add(Service::new("search".into(), server.clone(), pace, PathBuf::new())).unwrap();
        let program = McpServer { url: None, command: vec!["server".into()], ..server };
        fleet.add(Service::new("local".into(), program, pace, PathBuf::new())).unwrap();
        fleet
    }

    #[test]
    fn a_service_answers_to_its_name_and_its_exact_address() {
        let fleet = fleet();
        for asked in ["search", "http://search:8080/mcp", "HTTP://search:8080/mcp"] {
            assert_eq!(fleet.find(asked).map(|s| s.name.as_str()).ok(), Some("search"), "{asked}");
        }
        for asked in ["local", "stdio:local"] {
            assert_eq!(fleet.find(asked).map(|s| s.name.as_str()).ok(), Some("local"), "{asked}");
        }
    }

    #[test]
    fn nothing_else_is_asked() {
        let fleet = fleet();
        let wrong =
            ["http://me:hunter2@search:8080/mcp", "http://hunter2@x/", "sh -c id", "/bin/sh", ""];
        for asked in wrong {
            match fleet.find(asked) {
                Err(Refusal::Wrong(text)) => assert!(!text.contains("hunter2"), "{text}"),
                Err(Refusal::Unknown(_)) if asked.is_empty() => {}
                other => panic!("{asked}: {other:?}"),
            }
        }
        for asked in [
            "file:///etc/passwd",
            "ftp://search/",
            "http://169.254.169.254/latest/meta-data",
            "http://[fe80::1]/",
            "http://2852039166/",
            "http://metadata.google.internal/",
        ] {
            let found = fleet.find(asked);
            assert!(matches!(found, Err(Refusal::Forbidden(_))), "{asked}: {found:?}");
        }
        for asked in
            ["serach", "http://search:8080/", "http://search:8081/mcp", "stdio:search", "stdio:id"]
        {
            let found = fleet.find(asked);
            assert!(matches!(found, Err(Refusal::Unknown(_))), "{asked}: {found:?}");
        }
    }
}
