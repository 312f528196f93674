//! What the user writes: the types of `mcpmon.yaml`. Their doc comments are the descriptions in
//! the JSON Schema that editors show.

mod alerts;
mod audit;
mod component;
mod contacts;
mod generations;
mod load;
mod log_words;
mod logs;
mod mcp;
mod mute;
mod notifications;
mod probe;
mod query;
mod receivers;
mod remote_write;
mod routes;
mod schema;
mod sentry;
mod service;
mod slo;
mod typed;
mod types;
mod words;

pub use alerts::{Alerts, Override, Severity, TierOverride};
pub use audit::{Accept, Audit};
pub use component::{COMMON_SETTINGS, Common, Resources};
pub use contacts::{Contact, Link, LinkTitle, MailAddress};
pub use generations::Generations;
pub use load::{Document, LoadError, io_reason, load, load_text};
pub use log_words::{Builtin, FieldName, LabelFields, LogPath, Pattern, Switch, TimeFormat};
pub use logs::{
    LogFile, Logs, Multiline, Parse, Redact, ServiceLogs, Syslog, SyslogFormat, Timestamp,
};
pub use mcp::{EnvValue, HostHeader, LONGEST_INTERVAL, Mcp, McpServer, Mistake, Pace, is_metadata};
pub use mute::{DaysOfMonth, Location, MONTHS, MuteTime, TimeSpan, WEEKDAYS};
pub use notifications::{Notifications, Smtp, Timing};
pub use probe::{DnsProbe, HttpAnswer, HttpProbe, Method, Probe, Record, TlsAnswer, TlsProbe};
pub use query::{Language, Query};
pub use receivers::{
    Discord, Email, Opsgenie, PagerDuty, Receiver, Slack, Teams, Telegram, Webhook,
};
pub use remote_write::{Amp, GrafanaCloud, Mimir, PRESETS, Preset, Thanos};
pub use routes::{Matcher, Route, RouteTiming};
pub use schema::schema;
pub use sentry::{Sentry, SentryBy};
pub use service::{Auth, Demo, Dialect as DemoDialect, Endpoint, Run, Service, Tls};
pub use slo::{
    Budgeting, Custom, Freshness, HistogramKind, Indicator, Latency, Select, Slo, SloOverride,
    Slos, Streaming, Tier, Tiers, Timeslices, Tools,
};
pub use types::{
    Address, ByteSize, Day, Duration, Host, LabelName, Name, Percent, SecretRef, Share, Url,
    UrlOrSecret,
};
pub use words::{
    AlertLabel, AlertName, Counted, DockerName, EnvName, HeaderName, LabelText, MessageLine,
    is_image_path, is_tag,
};

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::mcp::target::Depth;
use crate::yaml::Node;

/// One team's MCP services and the stack that monitors them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Names every container, network and volume of the stack: `<name>-<component>`.
    pub name: Name,
    /// What this stack is for, in one line.
    pub description: Option<String>,
    /// A shipped profile (`quickstart`) or the path of another manifest to build on. Maps merge,
    /// lists replace, `null` removes.
    pub extends: Option<String>,
    /// Registry that every image is taken from instead of its own: `registry.example.org/mirror`.
    pub registry: Option<String>,
    /// Folder with component folders of your own: each adds a component or replaces files of a
    /// shipped one. A relative path starts at the manifest's folder.
    pub components_dir: Option<String>,
    /// Which collector ships container logs: to Loki, or with Fluentd to Elasticsearch.
    #[serde(default)]
    pub collector: Collector,
    /// Docker networks that exist already and in which services can be reached by name.
    #[serde(default)]
    pub networks: Vec<DockerName>,
    /// What holds for every service that does not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// The parts of the monitoring stack, by the name of their folder under `templates/`.
    #[serde(skip)]
    pub components: IndexMap<String, Node>,
    /// What is monitored, by name.
    #[serde(default)]
    pub services: IndexMap<Name, Service>,
    /// What is asked from outside beside the services, by name.
    #[serde(default)]
    pub probes: IndexMap<Name, Probe>,
    /// Which alerts there are.
    #[serde(default)]
    pub alerts: Alerts,
    /// What services promise, by name: objectives with error budgets and the alerts about them.
    #[serde(default)]
    pub slos: Slos,
    /// Who is told about them.
    #[serde(default)]
    pub notifications: Notifications,
    /// Whom to ask about these services, by name: shown with the runbooks and above the dashboards.
    #[serde(default)]
    pub contacts: IndexMap<Name, Contact>,
    /// Pages of your own to read on, by title: shown with the runbooks and above the dashboards.
    #[serde(default)]
    pub links: IndexMap<LinkTitle, Link>,
    /// Where log lines come from and what is done to them before they are stored.
    #[serde(default)]
    pub logs: Logs,
    /// What `mcpmon audit` is told.
    #[serde(default)]
    pub audit: Audit,
    /// How many generations are kept on the engine, and for how long.
    #[serde(default)]
    pub generations: Generations,
    /// Queries of your own for `mcpmon query`, by name; one of a shipped name takes its place.
    #[serde(default)]
    pub queries: IndexMap<Name, Query>,
    /// Where services report their errors to, for those that ask for it with `run: {sentry: file}`.
    pub sentry: Option<Sentry>,
    /// Which dashboards Grafana shows, by the name of their file.
    #[serde(default = "default_dashboards")]
    pub dashboards: Vec<String>,
}

/// The four dashboards that fit every stack.
fn default_dashboards() -> Vec<String> {
    ["fleet", "service", "mcp-service", "logs", "stack"].map(str::to_owned).to_vec()
}

/// Which collector ships container logs: to Loki, or with Fluentd to Elasticsearch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Collector {
    /// Grafana Promtail: small; its makers ended its life in 2026-03.
    #[default]
    Promtail,
    /// Grafana Alloy, Promtail's successor.
    Alloy,
    /// Fluentd; it ships through Logstash to Elasticsearch rather than to Loki.
    Fluentd,
}

impl Collector {
    /// The component's name.
    pub const fn component(self) -> &'static str {
        match self {
            Self::Promtail => "promtail",
            Self::Alloy => "alloy",
            Self::Fluentd => "fluentd",
        }
    }
}

/// What holds for every service that does not say otherwise.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// How often and how long each target is asked.
    #[serde(default)]
    pub scrape: Scrape,
    /// How often, how long and how deep each service's `mcp` is probed.
    #[serde(default)]
    pub probe: ProbeDefaults,
    /// Labels on every target, beside `service`, `group` and `dialect`.
    #[serde(default)]
    pub labels: BTreeMap<LabelName, String>,
    /// Dialect of services that name none.
    pub dialect: Option<String>,
}

/// How the MCP endpoints of services are probed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeDefaults {
    /// Time between two probes of a service: 15s where nothing is said, and at most 2m.
    pub interval: Option<Duration>,
    /// Longest time of one probe: 10s where nothing is said, and at most the interval.
    pub timeout: Option<Duration>,
    /// How far a probe goes: `tools` where nothing is said.
    pub depth: Option<Depth>,
}

/// How often and how long a target is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scrape {
    /// Time between two scrapes; at most 75s, so that 5-minute rates always see enough samples.
    pub interval: Option<Duration>,
    /// Longest time one scrape may take; at most the interval.
    pub timeout: Option<Duration>,
}
