//! How log lines are found and what is done to them: one [`Model`] for whichever collector runs. Templates read
//! it as `stack.logs`, and `mcpmon logs test` evaluates it.
//!
//! A line comes from a [`Source`] and goes through exactly one of its [`Pipeline`]s, whose [`Stage`]s stand in
//! the order in which they act: multiline → parse → timestamp → labels → drop → redact → labels.

pub mod evaluate;
mod redact;
mod resolve;
mod sources;
mod stages;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use crate::manifest::SyslogFormat;

pub use redact::{Shipped, shipped};
pub use resolve::resolve;

/// Where log lines come from and what is done to them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Model {
    /// Where lines come from.
    pub sources: Vec<Source>,
    /// Paths of the host that the collector must see, at the same path, read-only.
    pub mounts: Vec<String>,
    /// The port of the host on which syslog messages are taken.
    pub publish: Option<Port>,
}

/// A port of the host and the collector's port behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Address on the host.
    pub address: String,
    /// Port on the host.
    pub host_port: u16,
    /// Port in the container.
    pub container_port: u16,
}

/// One place that lines come from.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// A word that no other source has.
    pub name: String,
    /// Label `job` of its lines, where no rule of `relabel` sets another.
    pub job: String,
    /// What kind of place it is.
    #[serde(flatten)]
    pub origin: Origin,
    /// What is done to its lines. The first whose services hold a line's `service` takes it; the last one takes
    /// the rest.
    pub pipelines: Vec<Pipeline>,
}

/// The kinds of places.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    /// Containers, found through the Docker API.
    Docker {
        /// What the API is asked for.
        filters: Vec<Filter>,
        /// How a container's description becomes labels.
        relabel: Vec<Relabel>,
        /// The services' containers, for collectors that cannot look for them.
        containers: Vec<Container>,
    },
    /// Files on the host.
    Files {
        /// The files.
        targets: Vec<Files>,
    },
    /// The systemd journal.
    Journal {
        /// How an entry's fields become labels.
        relabel: Vec<Relabel>,
    },
    /// Messages that are sent to the collector.
    Syslog {
        /// TCP port in the container.
        port: u16,
        /// How messages are written.
        format: SyslogFormat,
        /// How a message's fields become labels.
        relabel: Vec<Relabel>,
    },
}

impl Origin {
    /// The word for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Docker { .. } => "docker",
            Self::Files { .. } => "files",
            Self::Journal { .. } => "journal",
            Self::Syslog { .. } => "syslog",
        }
    }
}

/// A filter of the Docker API.
#[derive(Clone, Debug, Serialize)]
pub struct Filter {
    /// What is looked at: `label` or `name`.
    pub name: &'static str,
    /// What it may be.
    pub values: Vec<String>,
}

/// A rule of Prometheus' relabelling; what is absent has the default there.
#[derive(Clone, Debug, Serialize)]
pub struct Relabel {
    /// Labels that are read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_labels: Vec<&'static str>,
    /// What their values must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// What is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// Label that is written.
    pub target_label: &'static str,
}

/// A service's container.
#[derive(Clone, Debug, Serialize)]
pub struct Container {
    /// Its name.
    pub container: String,
    /// The service.
    pub service: String,
    /// The service's group.
    pub group: String,
}

/// Files on the host.
#[derive(Clone, Debug, Serialize)]
pub struct Files {
    /// Their path.
    pub path: String,
    /// Labels of their lines.
    pub labels: BTreeMap<String, String>,
}

/// What is done to some of a source's lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pipeline {
    /// Services whose lines it takes; nothing for the one that takes the rest.
    pub services: Option<Vec<String>>,
    /// The same as a selector of LogQL; nothing when there is just one pipeline.
    pub selector: Option<String>,
    /// What is done, in order.
    pub stages: Vec<Stage>,
}

/// One thing that is done to lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "stage", rename_all = "lowercase")]
pub enum Stage {
    /// Lines become one entry.
    Multiline {
        /// Matches an entry's first line.
        first_line: String,
        /// Lines of an entry at most.
        max_lines: u32,
        /// How long further lines are waited for.
        max_wait: String,
    },
    /// Fields are read from a JSON object.
    Json {
        /// Name → field, with dots into objects.
        fields: IndexMap<String, String>,
        /// Name → the field as an expression of `JMESPath`.
        jmespath: IndexMap<String, String>,
    },
    /// Fields are read from `key=value` pairs.
    Logfmt {
        /// Name → key.
        fields: IndexMap<String, String>,
    },
    /// Fields are read by a regular expression.
    Regex {
        /// The expression.
        expression: String,
        /// The names of its groups.
        fields: Vec<String>,
    },
    /// The entry's time is read from a field. Where that fails the time of reading stays.
    Timestamp {
        /// The field's name.
        field: String,
        /// A word, or letters of `strftime`.
        format: String,
        /// The same in Go's way.
        layout: String,
    },
    /// Fields become labels.
    Labels {
        /// Label → field's name.
        labels: IndexMap<String, String>,
    },
    /// Matching entries are not kept.
    Drop {
        /// The expression.
        expression: String,
    },
    /// What the groups of the expression match is covered.
    Redact {
        /// The pattern's name.
        name: String,
        /// The expression; it has at least one group.
        expression: String,
        /// What is shown instead.
        replacement: String,
        /// The fields in which it is covered; the line where there are none.
        fields: Vec<String>,
        /// A line that holds none of these texts does not match; where there are none each line is tried.
        hints: Vec<String>,
    },
}

impl Model {
    /// Whether any line may be left out on purpose.
    pub fn drops(&self) -> bool {
        let stages = self.sources.iter().flat_map(|s| &s.pipelines).flat_map(|p| &p.stages);
        stages.into_iter().any(|stage| matches!(stage, Stage::Drop { .. }))
    }

    /// Containers of services that mcpmon does not run.
    pub fn outside(&self) -> impl Iterator<Item = &Container> {
        let services = self.sources.iter().filter(|source| source.name == "services");
        services.flat_map(|source| match &source.origin {
            Origin::Docker { containers, .. } => containers.as_slice(),
            _ => &[],
        })
    }
}

impl Source {
    /// The pipeline that takes a service's lines, or those of no service.
    pub fn pipeline(&self, service: Option<&str>) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| match (&pipeline.services, service) {
            (None, _) => true,
            (Some(services), Some(service)) => services.iter().any(|name| name == service),
            (Some(_), None) => false,
        })
    }
}
