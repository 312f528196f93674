//! One thing that is monitored.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::types::{Duration, LabelName, Name, SecretRef, Share, Url};
use super::words::{DockerName, EnvName, HeaderName};
use super::{Mcp, Resources, Scrape, SentryBy, ServiceLogs};

/// An MCP server, or an application beside it.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What it does, in one line.
    pub description: Option<String>,
    /// Services that belong together share a group; a label on every series.
    #[serde(default = "default_group")]
    pub group: Name,
    /// The MCP endpoint: a URL, or a map with `url` or `command` and more.
    pub mcp: Option<Mcp>,
    /// The Prometheus metrics endpoint: a URL, or a map with `url` and more.
    pub metrics: Option<Endpoint>,
    /// The metric names it speaks: a file under `templates/dialects/`.
    pub dialect: Option<String>,
    /// Name of the container whose logs are collected, when mcpmon does not run the service.
    pub container: Option<DockerName>,
    /// What is done to its log lines, where it differs from `logs`.
    #[serde(default)]
    pub logs: ServiceLogs,
    /// Let mcpmon run it as part of the stack.
    pub run: Option<Run>,
    /// More labels on its targets.
    #[serde(default)]
    pub labels: BTreeMap<LabelName, String>,
    /// How often and how long it is asked, where it differs from `defaults.scrape`.
    #[serde(default)]
    pub scrape: Scrape,
}

impl Service {
    /// Its addresses and their credentials, each with the key under which it is written.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, &Url, Option<&Auth>)> {
        let mcp = self.mcp.as_ref().map(|mcp| &mcp.0);
        let mcp = mcp.and_then(|mcp| Some(("mcp", mcp.url.as_ref()?, mcp.auth.as_ref())));
        let metrics = self.metrics.as_ref();
        let metrics = metrics.map(|metrics| ("metrics", &metrics.url, metrics.auth.as_ref()));
        mcp.into_iter().chain(metrics)
    }
    /// Whether it is mcpmon's own demo server, which has metrics without saying so.
    pub fn is_demo(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.demo.is_some())
    }
}

pub(super) fn default_group() -> Name {
    Name::from_any("default")
}

/// Where a service's metrics are, and with what credentials they are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The address.
    pub url: Url,
    /// The credentials it asks for.
    pub auth: Option<Auth>,
    /// How its certificate is checked.
    pub tls: Option<Tls>,
}

#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EndpointMap {
    /// The address.
    url: Url,
    /// The credentials it asks for.
    auth: Option<Auth>,
    /// How its certificate is checked.
    tls: Option<Tls>,
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UrlOrMap;
        impl<'de> Visitor<'de> for UrlOrMap {
            type Value = Endpoint;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL, or a map with `url`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Endpoint, E> {
                let url = Url::parse(text).map_err(E::custom)?;
                Ok(Endpoint { url, auth: None, tls: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Endpoint, A::Error> {
                let EndpointMap { url, auth, tls } =
                    EndpointMap::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Endpoint { url, auth, tls })
            }
        }
        deserializer.deserialize_any(UrlOrMap)
    }
}

impl JsonSchema for Endpoint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Endpoint".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let url = generator.subschema_for::<Url>();
        let map = generator.subschema_for::<EndpointMap>();
        json_schema!({"anyOf": [url, map]})
    }
}

/// Credentials for a scrape. Targets with the same credentials share one scrape job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer(SecretRef),
    /// User name and password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: SecretRef,
    },
    /// A header of its own, such as `X-Api-Key`.
    Header {
        /// The header's name.
        name: HeaderName,
        /// Its value.
        value: SecretRef,
    },
}

/// How a server's certificate is checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate authority, where it is not a public one.
    pub ca: Option<SecretRef>,
    /// Name in the certificate, where it differs from the host.
    pub server_name: Option<String>,
    /// Take any certificate. Whoever sits between can then read the credentials.
    #[serde(default)]
    pub insecure_skip_verify: bool,
}

/// A container that mcpmon runs as part of the stack.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The image, with its tag.
    pub image: Option<String>,
    /// mcpmon's own demo MCP server instead of an image: alive metrics, logs and alerts at once.
    pub demo: Option<Demo>,
    /// Arguments of the image's entry point.
    #[serde(default)]
    pub command: Vec<String>,
    /// Environment. Secrets do not belong here: `docker inspect` shows it to everyone.
    #[serde(default)]
    pub env: BTreeMap<EnvName, String>,
    /// How it is handed the DSN of `sentry:`, where it reports errors there.
    pub sentry: Option<SentryBy>,
    /// Ports published on 127.0.0.1 under the same number: `8080`; or `"18080:8080"`.
    #[serde(default)]
    #[schemars(with = "Vec<PublishedPort>")]
    pub ports: Vec<String>,
    /// User that it runs as, where the image names none or root: `65534:65534`.
    pub user: Option<String>,
    /// Whether its root file system may be written to.
    #[serde(default)]
    pub writable: bool,
    /// Limits.
    #[serde(default)]
    pub resources: Resources,
}

/// How a port is written, for the schema.
struct PublishedPort;

impl JsonSchema for PublishedPort {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PublishedPort".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A port, or `\"host:container\"`.",
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "pattern": "^[1-9][0-9]{0,4}(:[1-9][0-9]{0,4})?$"},
            ],
        })
    }
}

/// mcpmon's own demo MCP server, with traffic that it makes itself.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// The metric names that it speaks.
    pub dialect: Dialect,
    /// Port that it listens on.
    #[serde(default = "default_port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Port that it serves metrics on, where they have one of their own.
    #[schemars(range(min = 1))]
    pub metrics_port: Option<u16>,
    /// Requests per second.
    #[serde(default = "default_rate")]
    pub rate: f64,
    /// Typical time of a request.
    #[serde(default = "default_latency")]
    pub latency: Duration,
    /// Share of requests that fail.
    #[serde(default = "default_errors")]
    pub errors: Share,
}

impl Demo {
    /// The port that its metrics are read from.
    pub fn scraped_port(&self) -> u16 {
        self.metrics_port.unwrap_or(self.port)
    }
}

fn default_port() -> u16 {
    8080
}
fn default_rate() -> f64 {
    5.0
}
fn default_latency() -> Duration {
    Duration::from_millis(80)
}
fn default_errors() -> Share {
    // The share of errors that a healthy service shows; parsing a constant cannot fail.
    Share::parse("0.5%").unwrap_or_else(|_| unreachable!())
}

/// The metric names that the demo service can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// FastAPI with prometheus-fastapi-instrumentator.
    Fastapi,
    /// `mcp_requests_total` and its family.
    Mcp,
    /// OpenTelemetry's HTTP server conventions.
    OtelHttp,
    /// `http_server_requests_total`, `tool_executions_total` and their family.
    TaskHttp,
    /// `http_requests_total` by path, rate limits, health checks and a database pool.
    CustomerSuccess,
}

impl Dialect {
    /// The word in the manifest and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fastapi => "fastapi",
            Self::Mcp => "mcp",
            Self::OtelHttp => "otel-http",
            Self::TaskHttp => "task-http",
            Self::CustomerSuccess => "customer-success",
        }
    }
}
