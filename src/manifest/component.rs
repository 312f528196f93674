//! What may be said about any component, whatever it is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{ByteSize, Name, SecretRef};
use super::words::EnvName;
use crate::yaml::Node;

/// Keys that every component takes; what else one takes stands in its `component.yaml`.
pub const COMMON_SETTINGS: [&str; 10] = [
    "enabled",
    "image",
    "version",
    "port",
    "address",
    "resources",
    "args",
    "env",
    "secrets",
    "config",
];

/// What may be said about any component.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// Whether it is part of the stack.
    pub enabled: Option<bool>,
    /// Another image, without its tag.
    pub image: Option<String>,
    /// Another version: the image's tag.
    pub version: Option<String>,
    /// Port on the host; one that is free is taken where none is given.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// Address on the host that the port is bound to: 127.0.0.1 where none is given.
    pub address: Option<String>,
    /// Limits.
    #[serde(default)]
    pub resources: Resources,
    /// More arguments for its command line.
    #[serde(default)]
    pub args: Vec<String>,
    /// More environment. Secrets do not belong here: `docker inspect` shows it to everyone.
    #[serde(default)]
    pub env: BTreeMap<EnvName, String>,
    /// Secrets that `config:` or a setting refers to: `secrets: {store: {file: secrets/store}}` is
    /// the file `/etc/mcpmon/live/secrets/store` in the container.
    #[serde(default)]
    pub secrets: BTreeMap<Name, SecretRef>,
    /// Laid over its main configuration file: maps merge, lists replace, `null` removes.
    #[serde(skip)]
    pub config: Option<Node>,
}

/// Limits of a container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Memory that it may use; beyond it the kernel ends it.
    pub memory: Option<ByteSize>,
    /// Processor cores that it may use.
    pub cpus: Option<f64>,
    /// Processes and threads that it may have.
    pub pids: Option<i64>,
}
