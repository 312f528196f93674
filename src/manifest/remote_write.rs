//! Well-known receivers of `remote_write`.

use serde::Deserialize;

use super::types::{SecretRef, Url};
use crate::yaml::{self, Node};

/// What `preset:` takes.
pub const PRESETS: [&str; 4] = ["amp", "grafana-cloud", "mimir", "thanos"];

/// One of the well-known receivers.
#[derive(Clone, Debug)]
pub enum Preset {
    /// Amazon Managed Service for Prometheus.
    Amp(Amp),
    /// Grafana Cloud.
    GrafanaCloud(GrafanaCloud),
    /// Grafana Mimir.
    Mimir(Mimir),
    /// Thanos Receive.
    Thanos(Thanos),
}

/// Amazon Managed Service for Prometheus; requests are signed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amp {
    /// The workspace's address, ending in `/api/v1/remote_write`.
    pub url: Url,
    /// The region that requests are signed for.
    pub region: String,
    /// A role to assume.
    pub role_arn: Option<String>,
    /// A profile of the credentials file.
    pub profile: Option<String>,
}

/// Grafana Cloud; the user is the number of the stack's Prometheus, the password a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrafanaCloud {
    /// The address that the cloud portal shows, ending in `/api/prom/push`.
    pub url: Url,
    /// The user.
    pub username: String,
    /// The token.
    pub password: SecretRef,
}

/// Grafana Mimir.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mimir {
    /// The address, ending in `/api/v1/push`.
    pub url: Url,
    /// The tenant, where it serves several.
    pub tenant: Option<String>,
    /// A user, where a proxy asks for one.
    pub username: Option<String>,
    /// That user's password.
    pub password: Option<SecretRef>,
}

/// Thanos Receive.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thanos {
    /// The address, ending in `/api/v1/receive`.
    pub url: Url,
    /// The tenant, where it serves several.
    pub tenant: Option<String>,
}

impl Preset {
    /// Reads what stands beside `preset:`; nothing if there is no preset of that name.
    ///
    /// # Errors
    /// What does not fit.
    pub fn read(name: &str, node: &Node) -> Option<Result<Self, yaml::Error>> {
        Some(match name {
            "amp" => yaml::from_node(node).map(Self::Amp),
            "grafana-cloud" => yaml::from_node(node).map(Self::GrafanaCloud),
            "mimir" => yaml::from_node(node).map(Self::Mimir),
            "thanos" => yaml::from_node(node).map(Self::Thanos),
            _ => return None,
        })
    }
    /// The receiver's address.
    pub const fn url(&self) -> &Url {
        match self {
            Self::Amp(amp) => &amp.url,
            Self::GrafanaCloud(cloud) => &cloud.url,
            Self::Mimir(mimir) => &mimir.url,
            Self::Thanos(thanos) => &thanos.url,
        }
    }
    /// What every address of such a receiver ends in.
    pub const fn path(&self) -> &'static str {
        match self {
            Self::Amp(_) => "/api/v1/remote_write",
            Self::GrafanaCloud(_) => "/api/prom/push",
            Self::Mimir(_) => "/api/v1/push",
            Self::Thanos(_) => "/api/v1/receive",
        }
    }
}
