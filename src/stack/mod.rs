//! The manifest resolved: profile merged, defaults applied, checked. What can be serialized here
//! is all that templates may read.

mod checks;
mod components;
mod fleet;
mod gate;
pub mod logs;
mod notifications;
mod probes;
mod remote_write;
mod resolve;
mod runs;
mod secrets;
mod settings;
mod slos;
mod targets;

pub use checks::looks_secret;
pub use fleet::{AGENT, Probed};
pub use gate::{Gate, NAME as ENGINE, engine_network};
pub use notifications::{
    Inhibit, Interval, Matcher, NOBODY, Notifications, Origin, Receiver, Route, Span as TimeSpan,
    Timing,
};
pub use resolve::{Failure, Resolved, resolve};
pub use secrets::{
    Secrets, Surroundings, check as check_secrets, is_placeholder, peek, read as read_secrets,
    read_or as read_secrets_or, value as read_secret,
};
pub use targets::{JobAuth, JobPace, OwnJob, OwnTarget, ScrapeJob, Target};

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value as Json;

use crate::catalog::{Generate, Spec};
use crate::manifest::{Collector, Contact, Link, LinkTitle, Name, Override, SecretRef, SentryBy};
use crate::yaml::{Node, Span};

/// A stack: everything that is rendered and run.
#[derive(Clone, Debug, Serialize)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Which collector ships logs.
    pub collector: Collector,
    /// Default scrape interval and timeout, as durations.
    pub scrape: Scrape,
    /// Jobs of the services: one per class of credentials.
    pub jobs: Vec<ScrapeJob>,
    /// Jobs of the stack's own components.
    pub own_jobs: Vec<OwnJob>,
    /// Modules of the blackbox exporter that the probes need, by name.
    pub probe_modules: BTreeMap<String, Json>,
    /// Services that the agent asks.
    #[serde(skip)]
    pub fleet: Vec<Probed>,
    /// What the agent shows of the engine; nothing where nobody would look at it.
    pub gate: Option<Gate>,
    /// Who is told, with secrets as paths.
    pub notifications: Notifications,
    /// Where log lines come from and what is done to them.
    pub logs: logs::Model,
    /// The components, in the order in which they start.
    #[serde(skip)]
    pub components: IndexMap<String, Component>,
    /// Containers of services that mcpmon runs.
    #[serde(skip)]
    pub runs: Vec<RunService>,
    /// Names of the services.
    #[serde(skip)]
    pub services: Vec<ServiceInfo>,
    /// Dialects in use.
    #[serde(skip)]
    pub dialects: BTreeSet<String>,
    /// Alerts.
    #[serde(skip)]
    pub alerts: Alerts,
    /// Objectives.
    #[serde(skip)]
    pub slos: Vec<crate::slo::Slo>,
    /// Dashboards by name.
    #[serde(skip)]
    pub dashboards: Vec<String>,
    /// Whom to ask.
    #[serde(skip)]
    pub contacts: IndexMap<Name, Contact>,
    /// Where to read on.
    #[serde(skip)]
    pub links: IndexMap<LinkTitle, Link>,
    /// Docker networks beside its own that it joins.
    #[serde(skip)]
    pub networks: Vec<String>,
    /// Secrets, by the component that reads them.
    #[serde(skip)]
    pub secrets: Vec<SecretFile>,
}

/// Default scrape interval and timeout.
#[derive(Clone, Debug, Serialize)]
pub struct Scrape {
    /// Time between two scrapes, as a Prometheus duration.
    pub interval: String,
    /// Longest time of one, as a Prometheus duration.
    pub timeout: String,
    /// The interval in seconds.
    pub interval_seconds: f64,
}

/// One component that is part of the stack.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name among all containers of the stack: `postgres-exporter-orders`.
    pub name: String,
    /// Its folder's name: `postgres-exporter`.
    pub kind: String,
    /// Its key in the manifest: `postgres-exporter@orders`.
    pub key: String,
    /// What its folder says.
    pub spec: Spec,
    /// The image with its tag, re-homed where the manifest says so; mcpmon's own one without it.
    pub image: Option<String>,
    /// The version that its files are made for: the image's, or the folder's where the image's tag
    /// says none. Empty for mcpmon's own.
    pub version: String,
    /// Port on the host; the engine chooses where there is none.
    pub host_port: Option<u16>,
    /// Address on the host.
    pub host_address: String,
    /// Settings with defaults applied; secrets are paths under the configuration folder.
    pub settings: serde_json::Map<String, Json>,
    /// Limits with defaults applied.
    pub resources: Limits,
    /// More arguments.
    pub args: Vec<String>,
    /// More environment.
    pub env: BTreeMap<String, String>,
    /// What is laid over its main file.
    pub config: Option<Node>,
    /// Where the manifest speaks of it.
    pub span: Option<Span>,
}

impl Component {
    /// Ports beside the one that answers HTTP that are published: setting, port on the host, port
    /// in the container.
    pub fn extra_ports(&self) -> impl Iterator<Item = (&str, u16, u16)> {
        self.spec.ports.iter().filter_map(|extra| {
            let host = self.settings.get(&extra.setting)?.as_u64()?;
            Some((extra.setting.as_str(), u16::try_from(host).ok()?, extra.port))
        })
    }
}

/// Limits of a container.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// Processor cores; all of them without a limit.
    pub cpus: Option<f64>,
    /// Processes and threads.
    pub pids: i64,
}

/// A service as checks and messages need it.
#[derive(Clone, Debug)]
pub struct ServiceInfo {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: String,
    /// Whether it has a metrics endpoint.
    pub scraped: bool,
    /// Whether its log lines are collected.
    pub logged: bool,
    /// The host it is reached under.
    pub host: Option<String>,
}

/// A service's container that mcpmon runs.
#[derive(Clone, Debug)]
pub struct RunService {
    /// The service's name; also its name on the stack's network.
    pub name: String,
    /// The image; mcpmon's own one without it.
    pub image: Option<String>,
    /// Arguments.
    pub command: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Published ports on 127.0.0.1: host → container.
    pub ports: Vec<(u16, u16)>,
    /// User.
    pub user: Option<String>,
    /// How it is handed Sentry's DSN.
    pub sentry: Option<SentryBy>,
    /// Whether its root file system may be written to.
    pub writable: bool,
    /// Limits.
    pub resources: Limits,
}

/// Which alerts there are.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    /// Rule packs.
    pub packs: Vec<String>,
    /// Alerts that are not wanted.
    pub disable: BTreeSet<String>,
    /// Alerts that are wanted otherwise.
    pub overrides: BTreeMap<String, Override>,
    /// The team's own rule files: name → parsed content.
    pub own: BTreeMap<String, OwnRules>,
}

/// One of the team's own rule files.
#[derive(Clone, Debug)]
pub struct OwnRules {
    /// Path as the user knows it.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its content.
    pub content: Json,
}

/// A secret that a component reads from a file.
#[derive(Clone, Debug)]
pub struct SecretFile {
    /// The component.
    pub component: String,
    /// Path under its configuration folder.
    pub path: String,
    /// Where its value comes from.
    pub source: SecretRef,
    /// Where the manifest speaks of it.
    pub span: Option<Span>,
}

/// Where the DSN of Sentry stands for a service that is handed it as a file.
pub const SENTRY_DSN: &str = "secrets/sentry-dsn";

/// The folder, in every container, with the files that its process reads.
pub const LIVE: &str = "/etc/mcpmon/live/";

impl Stack {
    /// Name of a container: `<stack>-<component or service>`.
    pub fn container(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }
    /// Name of the stack's network.
    pub fn network(&self) -> String {
        self.name.clone()
    }
    /// What is made for a secret that is not there.
    pub fn generated(&self, secret: &SecretFile) -> Option<Generate> {
        let settings = &self.components.get(&secret.component)?.spec.settings;
        settings.get(secret.path.strip_prefix("secrets/")?)?.generate
    }
    /// Whether a component of that folder is part of the stack.
    pub fn has(&self, kind: &str) -> bool {
        self.components.values().any(|part| part.kind == kind)
    }
    /// `host:port` of a component on the stack's network.
    pub fn address(&self, component: &Component) -> String {
        format!("{}:{}", self.container(&component.name), component.spec.port)
    }
}
